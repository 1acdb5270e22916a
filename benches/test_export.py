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
FRAMES = 100_000
ANNOTATIONS = 1_000_000


def export(source: Path, name: str, out: Path) -> Path:
    subprocess.run([PROGRAM, "export", source, "-f", name, "-o", out, "--quiet", "--overwrite"], check=True)
    return out


def members(path: Path) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


@pytest.fixture(params=["video", "mixed"])
def source(request):
    """The two tasks of 100 000 frames, one after the other."""
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("name", FORMATS)
def test_framehaul_exports(benchmark, source, tmp_path, name):
    report = framehaul.export(source, name, tmp_path / "again.zip")
    counts = (report.frames, report.written + report.converted + report.dropped)
    assert counts == (FRAMES, ANNOTATIONS)
    benchmark.group = f"{source.parent.name}: {name}"
    out = benchmark.pedantic(export, (source, name, tmp_path / "out.zip"), rounds=3, warmup_rounds=1)
    assert out.read_bytes() == (tmp_path / "again.zip").read_bytes()
    benchmark.extra_info["bytes"] = out.stat().st_size


@pytest.mark.parametrize("name", FORMATS)
def test_floor(benchmark, source, tmp_path, name):
    content = members(export(source, name, tmp_path / "out.zip"))
    out = tmp_path / "floor.zip"
    _core.pack(content, out)
    assert dict(members(out)) == dict(content)
    benchmark.group = f"{source.parent.name}: {name}"
    benchmark.pedantic(lambda: _core.pack(content, out), rounds=3, warmup_rounds=1)


@pytest.mark.parametrize("name", ["COCO 1.0", "CVAT for images 1.1"])
def test_framehaul_exports_polygons(benchmark, polygons, tmp_path, name):
    benchmark.group = f"10 000 pictures, 100,000 polygons: {name}"
    benchmark.pedantic(export, (polygons, name, tmp_path / "out.zip"), rounds=3, warmup_rounds=1)
