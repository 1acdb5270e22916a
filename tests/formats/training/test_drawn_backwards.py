"""Boxes whose first corner is any of the four, and those that reach out of the image, in every format with boxes."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
import zipfile

import pytest

import framehaul
from backups import Job, Task, attribute, label, shape

WIDTH, HEIGHT = 640, 480
# The same box from each of its corners, one that reaches out, and two that cover no area of the image.
DRAWN = [[10, 5, 30, 25], [30, 25, 10, 5], [30, 5, 10, 25], [10, 25, 30, 5]]
OUT = [600, 400, 700, 490]
NOTHING = [[700, 10, 720, 30], [10, 10, 10, 30]]
EXPECTED = [(10, 5, 30, 25)] * 4 + [(600, 400, 640, 480)]


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", text)]


def of_size(left: float, top: float, width: float, height: float) -> tuple[float, ...]:
    return (left, top, left + width, top + height)


def around(points: list[float]) -> tuple[float, ...]:
    return (min(points[::2]), min(points[1::2]), max(points[::2]), max(points[1::2]))


def of_centre(line: str) -> tuple[float, ...]:
    x, y, width, height = (share * side for share, side in zip(numbers(line)[1:5], [WIDTH, HEIGHT] * 2, strict=True))
    return tuple(round(value, 2) for value in (x - width / 2, y - height / 2, x + width / 2, y + height / 2))


def of_json(key: str, name: str):
    def read(folder) -> list[tuple[float, ...]]:
        content = json.loads((folder / name).read_text())
        items = content[key] if key == "annotations" else content[key][0]["annotations"]
        return [of_size(*each["bbox"]) for each in items]

    return read


def of_lines(name: str, box):
    def read(folder) -> list[tuple[float, ...]]:
        return [box(line) for line in (folder / name).read_text().splitlines()]

    return read


def of_voc(folder) -> list[tuple[float, ...]]:
    boxes = ET.parse(folder / "Annotations/a.xml").iter("bndbox")
    corners = [[int(box.find(name).text) for name in ("xmin", "ymin", "xmax", "ymax")] for box in boxes]
    return [(left - 1, top - 1, right, bottom) for left, top, right, bottom in corners]


def of_labelme(folder) -> list[tuple[float, ...]]:
    polygons = ET.parse(folder / "Annotations/default/a.xml").iter("polygon")
    return [around([float(each.text) for point in ring.iter("pt") for each in point]) for ring in polygons]


def of_wider_face(folder) -> list[tuple[float, ...]]:
    _, count, *lines = (folder / "wider_face_split/wider_face_train_bbx_gt.txt").read_text().splitlines()
    assert int(count) == len(lines)
    return [of_size(*numbers(line)[:4]) for line in lines]


def of_open_images(folder) -> list[tuple[float, ...]]:
    rows = (folder / "annotations/default-annotations-bbox.csv").read_text().splitlines()[1:]
    shares = [[float(share) for share in row.split(",")[4:8]] for row in rows]
    return [
        tuple(round(value, 2) for value in (left * WIDTH, top * HEIGHT, right * WIDTH, bottom * HEIGHT))
        for left, right, top, bottom in shares
    ]


def of_vggface(folder) -> list[tuple[float, ...]]:
    rows = (folder / "bb_landmark/loose_bb_train.csv").read_text().splitlines()[1:]
    return [of_size(*map(float, row.split(",")[1:])) for row in rows]


READERS = {
    "coco": of_json("annotations", "annotations/instances_default.json"),
    "datumaro": of_json("items", "annotations/default.json"),
    "voc": of_voc,
    "labelme": of_labelme,
    "mot": of_lines("default/task/gt/gt.txt", lambda line: of_size(*numbers(line)[2:6])),
    "kitti": of_lines("default/label_2/a.txt", lambda line: tuple(numbers(line)[3:7])),
    "icdar-localization": of_lines("default/gt_a.txt", lambda line: around(numbers(line)[:8])),
    "widerface": of_wider_face,
    "open-images": of_open_images,
    "vggface2": of_vggface,
    "yolo": of_lines("obj_train_data/a.txt", of_centre),
    "yolo-detect": of_lines("labels/train/a.txt", of_centre),
    "yolo-track": of_lines("labels/train/a.txt", of_centre),
}


def task(*boxes: list[float]) -> Task:
    return Task(
        labels=[label("face", attribute("text"))],
        images=[("a.jpg", WIDTH, HEIGHT)],
        jobs=[Job(0, 0, shapes=[shape("rectangle", "face", 0, corners) for corners in boxes])],
    )


@pytest.mark.parametrize("name", READERS)
def test_corners_are_in_order_and_inside_the_image(name, written, unpacked, tmp_path):
    source = written(task(*NOTHING, *DRAWN, OUT))
    assert READERS[name](unpacked(source, name)) == EXPECTED
    report = framehaul.export(source, name, tmp_path / "report.zip", profile="training")
    assert {(row.outcome, row.detail): row.annotations for row in report.rows} == {
        ("written", ""): 1,
        ("converted", "a box with its corners in order"): 3,
        ("converted", "the part inside the image"): 1,
        ("dropped", "no area of it lies inside the image"): 2,
    }


@pytest.mark.parametrize("name", ["coco", "datumaro", "voc", "labelme", "mot", "kitti", "icdar-localization"])
def test_a_file_whose_boxes_all_lie_outside_has_none(name, written, unpacked):
    assert READERS[name](unpacked(written(task(*NOTHING)), name)) == []


def test_tables_of_boxes_without_any_are_those_of_an_image_without_boxes(written, unpacked):
    source = written(task(*NOTHING))
    lines = (unpacked(source, "widerface") / "wider_face_split/wider_face_train_bbx_gt.txt").read_text().splitlines()
    assert lines[1:] == ["0", "0 0 0 0 0 0 0 0 0 0"]
    assert not list(unpacked(source, "open-images").glob("annotations/*bbox.csv"))


def test_the_default_profile_keeps_the_negative_sizes_of_cvat(exported):
    with zipfile.ZipFile(exported("coco", task(DRAWN[1]))) as archive:
        content = json.loads(archive.read("annotations/instances_default.json"))
    assert [each["bbox"] for each in content["annotations"]] == [[30, 25, -20, -20]]
