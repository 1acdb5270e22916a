"""The images behind the annotations."""

from __future__ import annotations

import io
import warnings
from contextlib import ExitStack
from typing import TYPE_CHECKING

from PIL import Image, UnidentifiedImageError

from framehaul import _core
from framehaul.errors import Error, Place, SourceError

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

    from framehaul.dataset import Dataset
    from framehaul.frame import Frame
    from framehaul.media.video import Video

GREY = (96, 96, 96)
UNKNOWN_SIZE = (640, 480)
# Pillow's own limit. Drawing takes some ten bytes for each pixel.
MAX_PIXELS = 89_478_485


class Backdrop:
    """Reads the images of a task. Frames of a video should ascend."""

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
        """The image of a frame and an empty note; or grey of its size, and why.

        Raises:
            SourceError: With the code `too-large` if the image, or the size that the source states, is too large.
        """
        self._check(frame.frame, (frame.width, frame.height))
        try:
            is_video = self._about["media"] == "video"
            image = self._from_video(frame.frame) if is_video else self._from_file(frame.frame)
        except Error as error:
            if error.code == "too-large":
                raise
            why = "the source has no image" if error.code == "missing-file" else f"no image ({error.code})"
        except (UnidentifiedImageError, OSError):
            why = "the image cannot be read"
        except ModuleNotFoundError as error:
            why = f"no image ({error.name} is not installed)"
        else:
            return image, ""
        size = (frame.width, frame.height) if frame.width and frame.height else UNKNOWN_SIZE
        return Image.new("RGB", size, GREY), why

    def _check(self, frame: int, size: tuple[int, int]) -> None:
        if size[0] * size[1] > MAX_PIXELS:
            raise self._too_large(frame, f"an image of {size[0]} x {size[1]} pixels")

    def _too_large(self, frame: int, what: str) -> SourceError:
        task = self._about["name"]
        text = f'{what} is too large to draw: more than {MAX_PIXELS:,} pixels (task "{task}", frame {frame})'
        return SourceError(text, code="too-large", place=Place(task=task, frame=frame))

    def _from_file(self, frame: int) -> Image.Image:
        data = _core.picture_file(self._core, self._task, frame, self._media)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # this module has a limit of its own
            try:
                image = Image.open(io.BytesIO(data))
            except Image.DecompressionBombError as error:
                raise self._too_large(frame, "the image") from error
            self._check(frame, image.size)
            return image.convert("RGB")

    def _from_video(self, frame: int) -> Image.Image:
        from framehaul.media import encode, files
        from framehaul.media.video import Video

        if self._video is None:
            path, member = _core.media_file(self._core, self._task, self._media)
            self._video = Video(files.url(path, member, self._open))
            self._open.callback(self._video.close)
        number = self._about["start_frame"] + frame * self._about["step"]
        return Image.fromarray(encode.pixels(self._video.frame(number)))
