"""Whole exports by the command line, beside the least that any exporter must do.

    pytest benches/test_export.py --benchmark-enable

*Floor* compresses and writes bytes that exist already, with the same library, level, threads and archive, and does
nothing else: no exporter with this compression can be faster.
"""

from __future__ import annotations

import subprocess
import sysconfig
import zipfile
from typing import TYPE_CHECKING

import pytest

import framehaul
from framehaul import _core

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = f"{sysconfig.get_path('scripts')}/framehaul"
FORMATS = [info.name for info in framehaul.formats()]
BOXES = 1_000_000


def export(source: Path, name: str, out: Path) -> Path:
    subprocess.run([PROGRAM, "export", source, "-f", name, "-o", out, "--quiet", "--overwrite"], check=True)
    return out


def members(path: Path) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


@pytest.mark.parametrize("name", FORMATS)
def test_framehaul_exports_video(benchmark, video, tmp_path, name):
    benchmark.group = f"100 000 frames, {BOXES:,} boxes: {name}"
    out = benchmark.pedantic(export, (video, name, tmp_path / "out.zip"), rounds=3, warmup_rounds=1)
    assert framehaul.export(video, name, tmp_path / "again.zip").frames == 100_000
    benchmark.extra_info["bytes"] = out.stat().st_size


@pytest.mark.parametrize("name", FORMATS)
def test_floor_of_video(benchmark, video, tmp_path, name):
    benchmark.group = f"100 000 frames, {BOXES:,} boxes: {name}"
    content = members(export(video, name, tmp_path / "out.zip"))
    out = tmp_path / "floor.zip"
    benchmark.pedantic(lambda: _core.pack(content, out), rounds=3, warmup_rounds=1)
    assert dict(members(out)) == dict(content)


@pytest.mark.parametrize("name", ["COCO 1.0", "CVAT for images 1.1"])
def test_framehaul_exports_polygons(benchmark, polygons, tmp_path, name):
    benchmark.group = f"10 000 pictures, 100,000 polygons: {name}"
    benchmark.pedantic(export, (polygons, name, tmp_path / "out.zip"), rounds=3, warmup_rounds=1)
