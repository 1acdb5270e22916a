"""Whole exports by the command line, beside the least that any exporter must do, and beside other tools.

    pytest benches/test_export.py --benchmark-enable

*Floor* compresses and writes bytes that exist already, with the same library, level, threads and archive, and does
nothing else: no exporter with this compression can be faster. The other tools read the same annotations from CVAT XML.
Each run is checked for its result before it counts.
"""

from __future__ import annotations

import json
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
    assert members(out) == content


@pytest.mark.parametrize("name", ["COCO 1.0", "CVAT for images 1.1"])
def test_framehaul_exports_polygons(benchmark, polygons, tmp_path, name):
    benchmark.group = f"10 000 pictures, 100,000 polygons: {name}"
    benchmark.pedantic(export, (polygons, name, tmp_path / "out.zip"), rounds=3, warmup_rounds=1)


def coco_boxes(content: dict) -> set[tuple]:
    """What a COCO file says, whatever its numbers for images and categories."""
    names = {each["id"]: each["name"] for each in content["categories"]}
    images = {each["id"]: each["file_name"].rsplit(".", 1)[0] for each in content["images"]}
    return {
        (images[each["image_id"]], names[each["category_id"]], *(round(side, 2) for side in each["bbox"]))
        for each in content["annotations"]
    }


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """2 000 pictures with 10 boxes each: as a backup, and as the CVAT XML that the other tools read."""
    from generate import Task, backup

    folder = tmp_path_factory.mktemp("small")
    source = backup(Task(frames=2_000, tracks=10, every=1, images=True), folder / "task.zip")
    with zipfile.ZipFile(export(source, "CVAT for images 1.1", folder / "cvat.zip")) as archive:
        archive.extract("annotations.xml", folder)
    return source, folder / "annotations.xml"


PEERS = "2 000 pictures, 20,000 boxes to COCO"


def expected(source: Path, folder: Path) -> set[tuple]:
    return coco_boxes(json.loads(members(export(source, "COCO 1.0", folder / "expected.zip"))[0][1]))


def test_framehaul_to_coco(benchmark, small, tmp_path):
    benchmark.group = PEERS
    out = benchmark.pedantic(export, (small[0], "COCO 1.0", tmp_path / "out.zip"), rounds=5, warmup_rounds=1)
    assert len(json.loads(members(out)[0][1])["annotations"]) == 20_000


def test_globox_to_coco(benchmark, small, tmp_path):
    globox = pytest.importorskip("globox")
    benchmark.group = PEERS
    out = tmp_path / "globox.json"

    def convert() -> None:
        globox.AnnotationSet.from_cvat(small[1]).save_coco(out, auto_ids=True)

    benchmark.pedantic(convert, rounds=3, warmup_rounds=1)
    assert coco_boxes(json.loads(out.read_text())) == expected(small[0], tmp_path)


def test_labelformat_to_coco(benchmark, small, tmp_path):
    cvat = pytest.importorskip("labelformat.formats.cvat")
    coco = pytest.importorskip("labelformat.formats.coco")
    benchmark.group = PEERS
    out = tmp_path / "labelformat.json"

    def convert() -> None:
        coco.COCOObjectDetectionOutput(out).save(cvat.CVATObjectDetectionInput(small[1]))

    benchmark.pedantic(convert, rounds=3, warmup_rounds=1)
    assert coco_boxes(json.loads(out.read_text())) == expected(small[0], tmp_path)
