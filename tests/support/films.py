"""Videos whose frames show their numbers."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np

from backups import Job, Task, label

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    import framehaul

WIDTH, HEIGHT, BITS = 96, 48, 10


def drawn(number: int) -> np.ndarray:
    """A picture that shows its number: bits as white blocks in the upper half; below, something that moves."""
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for bit in range(BITS):
        picture[: HEIGHT // 2, 8 * bit : 8 * bit + 8] = 255 * (number >> bit & 1)
    picture[HEIGHT // 2 :, number % WIDTH :] = (200, 30, 90)
    return picture


def shown(picture: np.ndarray) -> int:
    return sum(int(picture[HEIGHT // 4, 8 * bit + 4].mean() > 127) << bit for bit in range(BITS))


def film(path: Path, frames: int, codec="libx264", **options: str) -> Path:
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=25, options={"g": "50", **options})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(frames):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(drawn(number), format="rgb24")))
        out.mux(stream.encode())
    return path


def code_of(raised: pytest.ExceptionInfo[framehaul.Error]) -> tuple[str, str]:
    return raised.value.code, str(raised.value)


def damaged(path: Path, place: int, *, whole: bool = False) -> Path:
    """The second half of a packet is lost, or all of it."""
    with av.open(str(path)) as container:
        packet = [packet for packet in container.demux(video=0) if packet.size][place]
    data = bytearray(path.read_bytes())
    start, end = packet.pos + (0 if whole else packet.size // 2), packet.pos + packet.size
    data[start:end] = b"\xaa" * (end - start)
    path.write_bytes(data)
    return path


def backup(path: Path, video: bytes, **frames) -> Path:
    return Task([label("car")], [Job(0, 4)], video=(WIDTH, HEIGHT), files={"video.mp4": video}, **frames).backup(path)


def pictures_of(path: Path) -> dict[str, int]:
    with zipfile.ZipFile(path) as made:
        names = [name for name in made.namelist() if name.startswith("images/")]
        return {name: shown(cv2.imdecode(np.frombuffer(made.read(name), np.uint8), cv2.IMREAD_COLOR)) for name in names}
