"""An export with pictures, beside what a user does without one: unpack the backup and pack the pictures again.

pytest benches/test_pictures.py --benchmark-enable
"""

from __future__ import annotations

import json
import random
import shutil
import zipfile
from typing import TYPE_CHECKING

import pytest

import framehaul

if TYPE_CHECKING:
    from pathlib import Path

PICTURES = 20_000
SIZE = 25_000
"""Bytes of a picture: half a gigabyte together."""


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A task of pictures without annotations. All begin like a PNG of 640 x 480; what follows no compressor shrinks."""
    head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (640).to_bytes(4, "big") + (480).to_bytes(4, "big") + b"\x08\x02\0\0\0"
    noise = random.Random(1).randbytes(2 * SIZE)
    frames = range(PICTURES)
    data = {"start_frame": 0, "stop_frame": PICTURES - 1, "frame_filter": "", "sorting_method": "lexicographical"}
    job = {"type": "annotation", "start_frame": 0, "stop_frame": PICTURES - 1}
    task = {"name": "pictures", "subset": "", "labels": [], "version": "1.0", "data": data, "jobs": [job]}
    lines = [{"version": "1.1"}, {"type": "images"}]
    lines += [{"name": f"{frame:06}", "extension": ".png", "width": 640, "height": 480} for frame in frames]
    path = tmp_path_factory.mktemp("pictures") / "task.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("task.json", json.dumps(task))
        archive.writestr("annotations.json", json.dumps([{"version": 0, "tags": [], "shapes": [], "tracks": []}]))
        archive.writestr("data/manifest.jsonl", "\n".join(map(json.dumps, lines)))
        for frame in frames:
            archive.writestr(f"data/{frame:06}.png", head + noise[frame : frame + SIZE])
    return path


def test_framehaul_copies_pictures(benchmark, backup, tmp_path):
    def export() -> None:
        framehaul.export(backup, "COCO 1.0", tmp_path / "out.zip", save_images=True, overwrite=True)

    benchmark.pedantic(export, rounds=3, warmup_rounds=1)
    with zipfile.ZipFile(tmp_path / "out.zip") as made:
        assert len(made.namelist()) == PICTURES + 1


def test_unpack_and_pack_again(benchmark, backup, tmp_path):
    def copy() -> None:
        shutil.rmtree(tmp_path / "unpacked", ignore_errors=True)
        with zipfile.ZipFile(backup) as archive:
            archive.extractall(tmp_path / "unpacked")
        with zipfile.ZipFile(tmp_path / "out.zip", "w") as archive:
            for path in sorted((tmp_path / "unpacked/data").glob("*.png")):
                archive.write(path, f"images/default/{path.name}")

    benchmark.pedantic(copy, rounds=1)
