"""The pictures behind the annotations."""

from __future__ import annotations

import io
from contextlib import ExitStack
from typing import TYPE_CHECKING

from PIL import Image, UnidentifiedImageError

from framehaul import _core
from framehaul.errors import Error

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

    from framehaul.dataset import Dataset
    from framehaul.frame import Frame
    from framehaul.media.video import Video

GREY = (96, 96, 96)
UNKNOWN_SIZE = (640, 480)


class Backdrop:
    """Reads the pictures of a task; of a video frame after frame, which should ascend."""

    def __init__(self, dataset: Dataset, task: int, media: Path | None) -> None:
        self._core = dataset._core  # noqa: SLF001 - the halves of one package
        self._task = task
        self._about = dataset.inspect()["tasks"][task]
        self._media = media
        self._video: Video | None = None
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()

    def of(self, frame: Frame) -> tuple[Image.Image, str]:
        """The picture of a frame and an empty note; or grey of its size, and why."""
        try:
            return (
                self._from_video(frame.frame) if self._about["media"] == "video" else self._from_file(frame.frame)
            ), ""
        except Error as error:
            why = "the source has no picture" if error.code == "missing-file" else f"no picture ({error.code})"
        except (UnidentifiedImageError, OSError):
            why = "the picture cannot be read"
        except ModuleNotFoundError as error:
            why = f"no picture ({error.name} is not installed)"
        size = (frame.width, frame.height) if frame.width and frame.height else UNKNOWN_SIZE
        return Image.new("RGB", size, GREY), why

    def _from_file(self, frame: int) -> Image.Image:
        picture = _core.picture_file(self._core, self._task, frame, self._media)
        return Image.open(io.BytesIO(picture)).convert("RGB")

    def _from_video(self, frame: int) -> Image.Image:
        from framehaul.media import encode, files
        from framehaul.media.video import Video

        if self._video is None:
            path, member = _core.media_file(self._core, self._task, self._media)
            self._video = Video(files.url(path, member, self._open))
            self._open.callback(self._video.close)
        number = self._about["start_frame"] + frame * self._about["step"]
        return Image.fromarray(encode.pixels(self._video.frame(number)))
