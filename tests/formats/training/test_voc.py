"""PASCAL VOC for training, read and scored by the rules of the development kit of VOC2012."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

import framehaul
from backups import Job, Task, attribute, keyframe, label, shape, track

VOID = 255
CORNERS = ["xmin", "ymin", "xmax", "ymax"]
OF_AN_OBJECT = ["name", "pose", "truncated", "occluded", "difficult", "bndbox"]


def objects(path, width: int, height: int) -> list[dict]:
    """The objects of a file as ports of `voc_eval` read them; corners are whole pixels, the first of which is 1."""
    root = ET.parse(path).getroot()
    assert [int(root.find("size").find(name).text) for name in ("width", "height", "depth")] == [width, height, 3]
    read = []
    for each in root.findall("object"):
        assert [part.tag for part in each][: len(OF_AN_OBJECT)] == OF_AN_OBJECT
        left, top, right, bottom = (int(each.find("bndbox").find(name).text) for name in CORNERS)
        assert 1 <= left <= right <= width
        assert 1 <= top <= bottom <= height
        read.append(
            {
                "name": each.find("name").text,
                "pose": each.find("pose").text,
                "truncated": int(each.find("truncated").text),
                "difficult": int(each.find("difficult").text),
                "box": [left, top, right, bottom],
            }
        )
    return read


def overlap(a: list[int], b: list[int]) -> float:
    """Intersection over union; the last pixels belong to a box."""
    width = min(a[2], b[2]) - max(a[0], b[0]) + 1
    height = min(a[3], b[3]) - max(a[1], b[1]) + 1
    shared = max(width, 0) * max(height, 0)
    area = sum((box[2] - box[0] + 1) * (box[3] - box[1] + 1) for box in (a, b))
    return shared / (area - shared)


def average_precision(truth: dict[str, list[dict]], found: list[tuple[str, list[int]]], name: str) -> float:
    """The area under precision over recall, as the development kit has had it since VOC2010. Difficult objects do not
    count, and neither do those that are found of them."""
    wanted = {image: [each for each in boxes if each["name"] == name] for image, boxes in truth.items()}
    taken, hits, misses = set(), [], []
    for image, box in found:
        overlaps = [overlap(box, each["box"]) for each in wanted[image]]
        best = int(np.argmax(overlaps)) if overlaps else -1
        is_found = best >= 0 and overlaps[best] >= 0.5
        if is_found and wanted[image][best]["difficult"]:
            continue
        is_hit = is_found and (image, best) not in taken
        taken.add((image, best))
        hits.append(is_hit)
        misses.append(not is_hit)
    count = sum(not each["difficult"] for boxes in wanted.values() for each in boxes)
    recall = np.concatenate([[0], np.cumsum(hits) / count, [1]])
    precision = np.concatenate([[0], np.cumsum(hits) / (np.cumsum(hits) + np.cumsum(misses)), [0]])
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(recall) * precision[1:]))


CAR = label(
    "car",
    attribute("truncated", "number", "0", ["0", "1", "0.1"]),
    attribute("difficult", "checkbox", "false"),
    attribute("pose"),
    attribute("plate"),
)


def test_the_truth_scores_one_for_every_class(written, unpacked):
    task = Task(
        labels=[CAR, label("traffic light")],
        images=[("a.jpg", 800, 600), ("b/c.png", 320, 240)],
        jobs=[
            Job(
                0,
                1,
                shapes=[
                    shape("rectangle", "car", 0, [757.361328125, 1.5, 790.25, 12], truncated="0.1", difficult="true"),
                    shape("rectangle", "car", 0, [0, 0, 800, 600]),
                    shape("rectangle", "car", 1, [-20, -5, 900, 700], pose="Left", truncated="1"),
                    shape("rectangle", "traffic light", 0, [30, 25, 10, 5]),
                    shape("rectangle", "traffic light", 1, [319.9, 239.9, 320, 240]),
                    shape("rectangle", "traffic light", 1, [400, 10, 410, 20]),
                ],
                tracks=[
                    track(
                        "traffic light",
                        keyframe("rectangle", 0, [5.5, 40, 9.25, 80]),
                        keyframe("rectangle", 1, [10, 40.5, 20, 80], outside=True),
                    )
                ],
            )
        ],
    )
    folder = unpacked(written(task), "voc")
    names = (folder / "ImageSets/Main/train.txt").read_text().split()
    sizes = {"a": (800, 600), "b/c": (320, 240)}
    truth = {name: objects(folder / f"Annotations/{name}.xml", *sizes[name]) for name in names}
    assert {name: [each["box"] for each in boxes] for name, boxes in truth.items()} == {
        "a": [[758, 2, 791, 12], [1, 1, 800, 600], [11, 6, 30, 25], [6, 41, 10, 80]],
        "b/c": [[1, 1, 320, 240], [320, 240, 320, 240]],
    }
    flags = [(each["pose"], each["truncated"], each["difficult"]) for each in truth["a"] + truth["b/c"]]
    assert flags[:2] == [("Unspecified", 0, 1), ("Unspecified", 0, 0)]
    assert ("Left", 1, 0) in flags
    for name in ("car", "traffic light"):
        found = [(image, each["box"]) for image, boxes in truth.items() for each in boxes if each["name"] == name]
        assert average_precision(truth, found, name) == 1.0


def pixels(path) -> np.ndarray:
    with Image.open(path) as image:
        assert image.mode == "P"
        return np.array(image)


@pytest.mark.parametrize("name", ["voc", "segmentation-mask"])
def test_no_object_has_the_number_of_the_background_or_of_void(name, written, unpacked, tmp_path):
    task = Task(
        labels=[label("cell")],
        images=[("a.png", 60, 60)],
        jobs=[
            Job(
                0,
                0,
                shapes=[shape("mask", "cell", 0, [0, 1, x, y, x, y]) for y in range(0, 60, 3) for x in range(0, 60, 4)],
            )
        ],
    )
    source = written(task)
    folder = unpacked(source, name)
    classes, numbers = (pixels(folder / f"Segmentation{kind}/a.png") for kind in ("Class", "Object"))
    cell = classes == classes[0, 0]
    assert cell.sum() == 300
    assert sorted(set(numbers[cell].tolist())) == list(range(1, VOID))
    assert (numbers[~cell] == 0).all()
    report = framehaul.export(source, name, tmp_path / "report.zip", profile="training")
    assert [note.message for note in report.notes] == [
        "an image of objects tells 254 of them apart: those from the 254th on share its number"
    ]


def test_a_class_that_a_byte_does_not_hold_is_void_and_not_another_class(written, unpacked, tmp_path):
    names = [f"kind {number:03}" for number in range(300)]
    task = Task(
        labels=[label(name, color="#010203") for name in names],
        images=[("a.png", 10, 10)],
        jobs=[
            Job(0, 0, shapes=[shape("mask", names[place], 0, [0, 1, x, 0, x, 0]) for x, place in enumerate([0, 299])])
        ],
    )
    source = written(task)
    assert pixels(unpacked(source, "voc") / "SegmentationClass/a.png")[0].tolist() == [1, VOID] + [0] * 8
    report = framehaul.export(source, "voc", tmp_path / "report.zip", profile="training")
    assert [(note.message, note.times) for note in report.notes] == [
        ("an image of classes holds 255 of them: the pixels of others are void", 1)
    ]
