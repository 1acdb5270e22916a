"""Frames of a 1080p video: exports against loops of the usual tools, and against the decoder alone.

    FRAMES=3000 pytest benches/test_video.py --benchmark-enable --benchmark-only

The loops do what scripts do: PyAV decodes (with its threads), Pillow or OpenCV encodes and writes, frame by frame. The
decoder alone is the floor: in each table it is the fastest, and the number in brackets behind another's time says how
many times the floor that is. The video has 10 Mbit/s, as cameras write 1080p; MBIT=20 makes one with more noise.
"""

from __future__ import annotations

import os
import zipfile
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

import framehaul
from backups import Job, Task, label

pytest.importorskip("av")

import av

if TYPE_CHECKING:
    from pathlib import Path

FRAMES = int(os.environ.get("FRAMES", "60"))
MBIT = int(os.environ.get("MBIT", "10"))
WIDTH, HEIGHT = 1920, 1080
QUALITY = 90


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Moving blots, a texture and the noise of a sensor, as H.264 of the bit rate of a camera."""
    random = np.random.default_rng(0)

    def blots(rows: int, columns: int) -> np.ndarray:
        small = random.integers(0, 255, (rows, columns, 3), dtype=np.uint8)
        return cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC).astype(np.float32)

    large, fine = blots(34, 60), blots(270, 480)
    noise = [random.normal(0, 2, (HEIGHT, WIDTH, 1)).astype(np.float32) for _ in range(20)]
    path = tmp_path_factory.mktemp("video") / "video.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"preset": "veryfast"})
        stream.bit_rate = MBIT * 1_000_000
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(FRAMES):
            picture = np.roll(large, 4 * number, 1) * 0.7 + fine * 0.15 + noise[number % len(noise)]
            picture = picture.clip(0, 255).astype(np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def task(clip: Path) -> Path:
    content = clip.read_bytes()
    made = Task([label("car")], [Job(0, FRAMES - 1)], video=(WIDTH, HEIGHT), files={"video.mp4": content})
    return made.backup(clip.with_name("task.zip"))


def decoded(clip: Path):
    with av.open(str(clip)) as container:
        container.streams.video[0].thread_type = "AUTO"
        yield from container.decode(video=0)


def name(number: int, extension: str) -> str:
    return f"frame_{number:06}.{extension}"


def pillow_loop(clip: Path, out: Path) -> None:
    out.mkdir(exist_ok=True)
    for number, frame in enumerate(decoded(clip)):
        frame.to_image().save(out / name(number, "jpg"), quality=QUALITY)


def opencv_loop(clip: Path, out: Path) -> None:
    out.mkdir(exist_ok=True)
    for number, frame in enumerate(decoded(clip)):
        cv2.imwrite(str(out / name(number, "png")), frame.to_ndarray(format="bgr24"))


def exported(task: Path, out: Path, image_format: str) -> None:
    framehaul.export(
        task, "COCO 1.0", out, save_images=True, image_format=image_format, quality=QUALITY, overwrite=True
    )


def difference(archive: Path, folder: Path, extension: str) -> float:
    """The largest mean difference of a picture in the archive from that in the folder."""
    with zipfile.ZipFile(archive) as made:
        names = [each for each in made.namelist() if each.startswith("images/")]
        assert len(names) == FRAMES
        return max(
            np.abs(
                cv2.imdecode(np.frombuffer(made.read(f"images/default/{name(number, extension)}"), np.uint8), 1)
                - cv2.imread(str(folder / name(number, extension))).astype(float)
            ).mean()
            for number in range(0, FRAMES, 7)
        )


PAIRS = {"jpeg": (pillow_loop, "jpg", 2), "png": (opencv_loop, "png", 0)}
"""The loop that does the same, the extension, and how much pixels may differ in the mean: JPEG is encoded otherwise."""


@pytest.mark.parametrize("image_format", PAIRS)
def test_frames_by_framehaul(benchmark, task, clip, tmp_path, image_format):
    benchmark.group = image_format
    loop, extension, loss = PAIRS[image_format]
    exported(task, tmp_path / "out.zip", image_format)
    loop(clip, tmp_path / "loop")
    assert difference(tmp_path / "out.zip", tmp_path / "loop", extension) <= loss
    benchmark.pedantic(exported, (task, tmp_path / "out.zip", image_format), rounds=3)


@pytest.mark.parametrize("image_format", PAIRS)
def test_frames_by_a_loop(benchmark, clip, tmp_path, image_format):
    benchmark.group = image_format
    benchmark.pedantic(PAIRS[image_format][0], (clip, tmp_path / "loop"), rounds=3)


@pytest.mark.parametrize("group", PAIRS)
def test_the_decoder_alone(benchmark, clip, group):
    benchmark.group = group
    assert benchmark.pedantic(lambda: sum(1 for _ in decoded(clip)), rounds=3) == FRAMES
