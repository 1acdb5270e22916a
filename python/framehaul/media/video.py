"""Frames of videos by their numbers. A frame's number is its place in the order in which a decoder gives the frames."""

from __future__ import annotations

import errno
import os
from array import array
from contextlib import suppress
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import av
import av.error
import numpy as np

from framehaul.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from numpy.typing import NDArray

# Frames skipped before the packets are listed: listing reads the whole file, which only pays if many are skipped.
_PATIENCE = 256
# The packets are trusted once this many frames have the times that they state.
_PROOF = 16
# A key frame nearer than this is not worth a jump, which throws away what the decoder's threads have begun.
_NEAR = 16
# More than cores, for a thread often waits for what another has not yet decoded of the frame before. With four for each
# of two cores, 118 frames a second become JPEG (1080p, H.264); 94 with three threads, and 122 if each core has a
# decoder of its own for every other part between key frames: then pictures would pile up, waiting for those of the part
# before, and key frames would have to be true. FFmpeg advises against more than 16.
_THREADS = min(4 * (os.cpu_count() or 1), 16)


class _Index(NamedTuple):
    """What a jump needs to know of a video."""

    pts: NDArray[np.int64]
    """The time of each frame."""
    keys: NDArray[np.int64]
    """The numbers of the key frames."""

    @classmethod
    def of(cls, url: str) -> _Index | None:
        """Lists the packets; None if they do not say which frame each is."""
        times, keys = array("q"), array("q")
        with _open(url) as container:
            for packet in container.demux(container.streams.video[0]):
                if not packet.size:  # the end, or an empty packet, which shows nothing
                    continue
                if packet.pts is None or packet.is_corrupt:
                    return None
                if packet.is_discard:  # in front of the edit's beginning: decoded, but not shown
                    continue
                times.append(packet.pts)
                if packet.is_keyframe:
                    keys.append(packet.pts)
        pts = np.sort(np.frombuffer(times, np.int64))
        if np.any(pts[1:] == pts[:-1]):
            return None
        return cls(pts, np.searchsorted(pts, np.sort(np.frombuffer(keys, np.int64))))

    def key(self, number: int) -> int:
        """The last key frame that is not behind this frame; -1 if there is none."""
        place = int(np.searchsorted(self.keys, number, side="right")) - 1
        return int(self.keys[place]) if place >= 0 else -1


class Video:
    """A video that is read forward.

    Frames are decoded one after another. Where many are skipped, decoding jumps to key frames, provided that the
    packets say which frame each is, and that they were right about the first frames; if they prove wrong later,
    everything is decoded from the start again. The frames are the same in any case.

    Where decoding fails, the frames up to the next key frame are errors, and so are those built on a damaged one.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._may_jump = True
        self._index: _Index | None = None
        self._first = array("q")  # the times of the first frames, which the index must have too
        self._skipped = 0
        self._frames: Iterator[VideoFrame] = iter(())
        self._open()

    def close(self) -> None:
        """Closes the file."""
        self._container.close()
        # What it iterates over holds this video, and a ring of these two would keep the decoder's frames for long.
        self._frames = iter(())

    def frame(self, number: int) -> VideoFrame:
        """The frame of this number. Numbers that ascend from call to call cost one pass over the video."""
        self._show(number)
        if self._damaged is not None:
            raise _bad(f"the video is damaged at frame {self._damaged}, and so are the frames that depend on it")
        return self._shown

    def time(self, number: int) -> float | None:
        """The time of this frame in seconds. No frames are decoded but the first few if the packets tell the times."""
        if self._times is None:
            self._show(number)
            return self._shown.time
        if number >= len(self._times):
            raise _bad(f"the video has only {len(self._times)} frames, but frame {number} is needed")
        return float(self._times[number])

    @cached_property
    def _times(self) -> NDArray[np.float64] | None:
        """The times of all frames, if the packets tell them."""
        with suppress(av.error.FFmpegError, OSError, SourceError):
            index = _Index.of(self._url)
            if index and all(self.frame(place).pts == pts for place, pts in enumerate(index.pts[:_PROOF])):
                base = self._stream.time_base or Fraction(1)
                return np.multiply(index.pts, float(base.numerator), dtype=np.float64) / float(base.denominator)
        return None

    def _show(self, number: int) -> None:
        if number == self._shown_number:
            return
        if number < self._next:
            self._reopen()
        while self._next <= number:
            self._advance(number)

    def _open(self) -> None:
        try:
            self._container = _open(self._url)
        except (av.error.FFmpegError, OSError) as error:
            raise _bad(f"the video cannot be opened: {error.strerror}") from error
        if not self._container.streams.video:
            self._container.close()
            raise _bad("the file has no video stream")
        self._stream = self._container.streams.video[0]
        if self._stream.codec_context is None:
            self._container.close()
            raise _bad("the video has a codec that PyAV does not know")
        self._stream.thread_type = "AUTO"  # for frames where the codec can, else for slices
        self._stream.codec_context.thread_count = _THREADS
        self._is_lost = False  # behind what cannot be decoded, where only the packets tell which frame is which
        self._start(0)

    def _reopen(self) -> None:
        self.close()
        self._open()

    def _start(self, number: int) -> None:
        """Decodes from where the container is; that is this frame."""
        self._next, self._shown_number = number, -1
        self._damaged: int | None = None
        self._failure: str | None = None
        self._frames = self._decoded()

    def _decoded(self) -> Iterator[VideoFrame]:
        for packet in self._container.demux(self._stream):
            if packet.is_corrupt:
                raise OSError(errno.EIO, "the data ends too early")
            yield from packet.decode()

    def _advance(self, wanted: int) -> None:
        """Takes the next frame, or makes another one the next."""
        if self._next < wanted and self._jump(wanted):
            return
        frame = self._decode()
        if self._index and not self._is_next(self._index, frame):
            if not self._is_lost:
                # Jumping may be what broke it; reading from the start tells.
                self._index, self._may_jump = None, False
                self._reopen()
                return
            self._failure = self._failure or "the next frame does not match the index of the file"
        if self._failure:
            if self._next < wanted and self._jump(wanted):
                return
            raise _bad(f"the video cannot be decoded after frame {self._next - 1}: {self._failure}")
        if frame is None:
            raise _bad(f"the video has only {self._next} frames, but frame {wanted} is needed")
        if self._next == len(self._first) < _PATIENCE:
            self._may_jump &= frame.pts is not None
            self._first.append(frame.pts or 0)
        # What a decoder makes up for lost data depends on its threads.
        if frame.is_corrupt:
            self._damaged = self._next if self._damaged is None else self._damaged
        elif frame.key_frame:
            self._damaged = None
        self._skipped += self._next < wanted
        self._shown, self._shown_number = frame, self._next
        self._next += 1

    def _decode(self) -> VideoFrame | None:
        """The next frame; None at the end, and where decoding fails."""
        try:
            return next(self._frames, None)
        except (av.error.FFmpegError, OSError) as error:
            self._failure = error.strerror
            return None

    def _is_next(self, index: _Index, frame: VideoFrame | None) -> bool:
        if frame is None or self._next >= len(index.pts) or (frame.is_corrupt and not self._is_lost):
            return False
        return bool(index.pts[self._next] == frame.pts)

    def _jump(self, wanted: int) -> bool:
        """Makes a key frame on the way to a frame the next one, if that is worth it, or the only way."""
        if not self._failure and not (self._may_jump and self._skipped >= _PATIENCE):
            return False
        index = self._told
        if not index or not self._is_right(index):
            return False
        key = index.key(wanted)
        if key < self._next + (1 if self._failure else _NEAR):
            return False
        self._index = index
        self._is_lost |= self._failure is not None
        # Where the container really lands shows when the next frame is not the expected one.
        with suppress(av.error.FFmpegError, OSError):
            self._container.seek(int(self._index.pts[key]), stream=self._stream)
        self._start(key)
        return True

    @cached_property
    def _told(self) -> _Index | None:
        """What the packets tell, if they are right about the first frames."""
        with suppress(av.error.FFmpegError, OSError):
            index = _Index.of(self._url)
            if index and np.array_equal(index.pts[: len(self._first)], np.frombuffer(self._first, np.int64)):
                return index
        return None

    def _is_right(self, index: _Index) -> bool:
        """Whether no frame has been missed so far."""
        place = self._shown_number
        return self._is_lost or bool(0 <= place < len(index.pts) and index.pts[place] == self._shown.pts)


def _open(url: str) -> InputContainer:
    # A file that is a playlist must not lead anywhere.
    return av.open(url, options={"protocol_whitelist": "file,subfile"})


def _bad(text: str) -> SourceError:
    return SourceError(text, code="bad-picture")
