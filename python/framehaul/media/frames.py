"""The frames of a dataset's videos, as the compiled core asks for them."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, TypeVar

from framehaul.errors import Error
from framehaul.media import files
from framehaul.media.video import Video

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    from av.video.frame import VideoFrame
    from typing_extensions import Self

    from framehaul.media.encode import Encoder

T = TypeVar("T")


class _Videos:
    """The video that was asked for last is open, until another one is asked for."""

    def __init__(self) -> None:
        self._file: tuple[Path, str | None] | None = None
        self._video: Video | Error
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()

    def _read(
        self, path: Path, member: str | None, numbers: Sequence[int], what: Callable[[Video, int], T]
    ) -> list[T | Error]:
        """What these frames have, or the errors in their places."""
        if self._file != (path, member):
            self._open.close()
            self._video = self._opened(path, member)
            self._file = path, member
        return [self._one(number, what) for number in numbers]

    def _one(self, number: int, what: Callable[[Video, int], T]) -> T | Error:
        if isinstance(self._video, Error):
            return self._video
        try:
            return what(self._video, number)
        except Error as error:
            return error

    def _opened(self, path: Path, member: str | None) -> Video | Error:
        try:
            video = Video(files.url(path, member, self._open))
        except Error as error:
            return error
        self._open.callback(video.close)
        return video


class Frames(_Videos):
    """Decodes when it is called, and encodes when what it returns is read.

    Calls come one at a time, and what they return is read on all cores. A call holds its few frames as the decoder made
    them, half as large as their pixels, so that memory is bounded by the number of calls that are under way.
    """

    def __init__(self, encode: Encoder) -> None:
        super().__init__()
        self._encode = encode

    def __call__(self, path: Path, member: str | None, numbers: Sequence[int]) -> Iterator[tuple[bytes, float | None]]:
        """The frames of these numbers, encoded, each with its time in seconds; errors stand in their places."""
        # A `map` goes on behind what it raised, a generator would not.
        return map(self._encoded, self._read(path, member, numbers, Video.frame))

    def _encoded(self, frame: VideoFrame | Error) -> tuple[bytes, float | None]:
        if isinstance(frame, Error):
            raise frame
        return self._encode(frame), frame.time


class Times(_Videos):
    """Tells the times of frames, and makes no pictures."""

    def __call__(self, path: Path, member: str | None, numbers: Sequence[int]) -> Iterator[tuple[bytes, float | None]]:
        """Nothing, with the time of each frame in seconds; errors stand in their places."""
        return map(self._timed, self._read(path, member, numbers, Video.time))

    def _timed(self, time: float | Error | None) -> tuple[bytes, float | None]:
        if isinstance(time, Error):
            raise time
        return b"", time
