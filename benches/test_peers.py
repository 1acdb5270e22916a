"""Whole exports beside other tools that turn CVAT's annotations into training data.

    pytest benches/test_peers.py --benchmark-enable

framehaul reads the backup; the other tools cannot, and get the same boxes as CVAT XML. framehaul is run as a command,
the other tools inside a running Python. Each result is compared with framehaul's before its time counts.
"""

from __future__ import annotations

import json
import subprocess
import sysconfig
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest

from generate import CAR, PERSON, ROAD, Task, backup

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

PROGRAM = f"{sysconfig.get_path('scripts')}/framehaul"
PICTURES = 10_000
TO_COCO, TO_YOLO = f"{PICTURES:,} pictures, {10 * PICTURES:,} boxes to COCO", "the same to YOLO"


def export(source: Path, name: str, out: Path) -> dict[str, bytes]:
    subprocess.run([PROGRAM, "export", source, "-f", name, "-o", out, "--quiet", "--overwrite"], check=True)
    with zipfile.ZipFile(out) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every frame is a keyframe, so that no box depends on how interpolated coordinates are rounded."""
    task = Task(frames=PICTURES, tracks=10, every=1, images=True)
    return backup(task, tmp_path_factory.mktemp("peers") / "task.zip")


@pytest.fixture(scope="module")
def xml(source: Path) -> Path:
    [content] = export(source, "CVAT for images 1.1", source.with_name("cvat.zip")).values()
    # labelformat refuses XML that says how it is encoded.
    path = source.with_name("annotations.xml")
    path.write_bytes(content.removeprefix(b'<?xml version="1.0" encoding="utf-8"?>\n'))
    return path


def coco_boxes(content: bytes) -> set[tuple]:
    """What a COCO file says, whatever its numbers for images and categories."""
    coco = json.loads(content)
    names = {each["id"]: each["name"] for each in coco["categories"]}
    images = {each["id"]: each["file_name"].rsplit(".", 1)[0] for each in coco["images"]}
    return {
        (images[each["image_id"]], names[each["category_id"]], *(round(side, 2) for side in each["bbox"]))
        for each in coco["annotations"]
    }


def yolo_boxes(files: Iterable[tuple[str, bytes]]) -> dict[str, np.ndarray]:
    """Sorted rows of class and box for each picture."""
    rows = {
        name.rsplit("/", 1)[-1]: [[*map(float, line.split())] for line in text.splitlines()] for name, text in files
    }
    return {name: np.array(sorted(rows[name])) for name in rows}


def same_yolo(source: Path, labels: Path, tmp_path: Path, first_class: int = 0) -> bool:
    made = export(source, "YOLO 1.1", tmp_path / "expected.zip").items()
    expected = yolo_boxes((name, text) for name, text in made if "_data/" in name)
    found = yolo_boxes((str(path), path.read_bytes()) for path in labels.rglob("*.txt"))
    for rows in found.values():
        rows[:, 0] -= first_class
    return found.keys() == expected.keys() and all(
        np.allclose(found[name], expected[name], atol=2e-6) for name in found
    )


@pytest.mark.parametrize(("name", "group"), [("COCO 1.0", TO_COCO), ("YOLO 1.1", TO_YOLO)])
def test_framehaul(benchmark, source, tmp_path, name, group):
    benchmark.group = group
    command = [PROGRAM, "export", source, "-f", name, "-o", tmp_path / "out.zip", "--quiet", "--overwrite"]
    benchmark.pedantic(subprocess.run, (command,), {"check": True}, rounds=5, warmup_rounds=1)


def test_globox_to_coco(benchmark, source, xml, tmp_path):
    globox = pytest.importorskip("globox")
    benchmark.group = TO_COCO
    out = tmp_path / "globox.json"

    def convert() -> None:
        globox.AnnotationSet.from_cvat(xml).save_coco(out, auto_ids=True)

    benchmark.pedantic(convert, rounds=2)
    [expected] = export(source, "COCO 1.0", tmp_path / "expected.zip").values()
    assert coco_boxes(out.read_bytes()) == coco_boxes(expected)


def test_globox_to_yolo(benchmark, source, xml, tmp_path):
    globox = pytest.importorskip("globox")
    benchmark.group = TO_YOLO
    out = tmp_path / "globox"
    for number in range(PICTURES // 1000):  # globox makes no folders for pictures that are in some
        (out / f"set_{number:03}").mkdir(parents=True)
    numbers = {label[1]: number for number, label in enumerate((CAR, PERSON, ROAD))}

    def convert() -> None:
        globox.AnnotationSet.from_cvat(xml).save_yolo_darknet(out, label_to_id=numbers)

    benchmark.pedantic(convert, rounds=2)
    assert same_yolo(source, out, tmp_path)


def test_labelformat_to_coco(benchmark, source, xml, tmp_path):
    cvat = pytest.importorskip("labelformat.formats.cvat")
    coco = pytest.importorskip("labelformat.formats.coco")
    benchmark.group = TO_COCO
    out = tmp_path / "labelformat.json"

    def convert() -> None:
        coco.COCOObjectDetectionOutput(out).save(cvat.CVATObjectDetectionInput(xml))

    benchmark.pedantic(convert, rounds=2)
    [expected] = export(source, "COCO 1.0", tmp_path / "expected.zip").values()
    assert coco_boxes(out.read_bytes()) == coco_boxes(expected)


def test_labelformat_to_yolo(benchmark, source, xml, tmp_path):
    cvat = pytest.importorskip("labelformat.formats.cvat")
    yolo = pytest.importorskip("labelformat.formats.yolov8")
    benchmark.group = TO_YOLO
    out = tmp_path / "labelformat" / "data.yaml"

    def convert() -> None:
        yolo.YOLOv8ObjectDetectionOutput(out, "train").save(cvat.CVATObjectDetectionInput(xml))

    benchmark.pedantic(convert, rounds=2)
    assert same_yolo(source, out.parent / "labels", tmp_path, first_class=1)  # as the data.yaml beside them says
