"""Previews of images, to compare Pillow with Pillow-SIMD: run it in an environment with each.

pytest benches/test_preview.py --benchmark-enable
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from PIL import Image

import framehaul
from framehaul import preview
from generate import Task, backup

if TYPE_CHECKING:
    from pathlib import Path

FRAMES = 12
WIDTH, HEIGHT = 1920, 1080


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> framehaul.Dataset:
    """12 frames of 1920 x 1080 with 5 boxes and 5 polygons each."""
    task = Task(frames=FRAMES, tracks=0, boxes=5, polygons=5, images=True, width=WIDTH, height=HEIGHT)
    return framehaul.open(backup(task, tmp_path_factory.mktemp("preview") / "task.zip"))


@pytest.fixture(scope="module")
def media(dataset: framehaul.Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A JPEG for each frame."""
    folder = tmp_path_factory.mktemp("media")
    for frame in dataset.frames(0, range(FRAMES)):
        small = Image.frombytes("RGB", (96, 54), random.Random(frame.frame).randbytes(96 * 54 * 3))
        path = folder / frame.name
        path.parent.mkdir(parents=True, exist_ok=True)
        small.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC).save(path, "jpeg", quality=90)
    return folder


@pytest.mark.parametrize("draw", [preview.sheet, preview.draw])
def test_preview(benchmark, dataset, media, draw):
    benchmark.extra_info["pillow"] = Image.__version__
    image = benchmark.pedantic(draw, (dataset,), {"media": media}, rounds=20, warmup_rounds=1)
    assert len(image.getcolors(1 << 24)) > 1000  # the images, not grey
