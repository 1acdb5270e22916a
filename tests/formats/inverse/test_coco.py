"""COCO 1.0, read back with pycocotools."""

from __future__ import annotations

import numpy as np
import pytest

import archives
from backups import Job, Task, attribute, keyframe, label, shape, tag, track, triangle

# A 3x2 crop at column 10, row 20: 0 1 1 / 1 1 0.
MASK = [1, 4, 1, 10, 20, 12, 21]
BONES = [shape("points", name, 0, [1, 2]) for name in "abc"]
TASK = Task(
    subset="Validation",
    labels=[
        label("car", attribute("colour", "select", "red", ["red", "blue"]), attribute("parked", "checkbox", "false")),
        triangle("pose"),
        label("road", attribute("lanes", "number", "2", ["0", "9", "1"])),
    ],
    images=[("day/a.JPG", 100, 80), ("b.png", 60, 40)],
    jobs=[
        Job(
            0,
            1,
            tags=[tag("road", 0)],
            shapes=[
                shape("rectangle", "car", 0, [10, 20, 40.5, 60.25], colour="blue", parked="true", rotation=30.0),
                shape("polygon", "road", 0, [0, 0, 20, 0, 20, 10, 0, 10], occluded=True, lanes="3"),
                shape("mask", "road", 0, MASK, lanes="2"),
                shape("skeleton", "pose", 0, elements=BONES),
                shape("polyline", "road", 1, [0, 0, 5, 5]),
            ],
            tracks=[track("car", keyframe("rectangle", 0, [0, 0, 10, 10]), keyframe("rectangle", 1, [4, 4, 20, 20]))],
        )
    ],
)


@pytest.fixture
def coco(exported):
    return archives.coco(exported("COCO 1.0", TASK), "annotations/instances_Validation.json")


def test_categories_are_the_labels_with_sublabels(coco):
    found = [(each["id"], each["name"], each["supercategory"]) for each in coco.loadCats(coco.getCatIds())]
    assert found == [
        (1, "car", ""),
        (2, "pose", ""),
        (3, "a", "pose"),
        (4, "b", "pose"),
        (5, "c", "pose"),
        (6, "road", ""),
    ]


def test_images_keep_their_folder_and_size(coco):
    found = [(each["id"], each["file_name"], each["width"], each["height"]) for each in coco.loadImgs([1, 2])]
    assert found == [(1, "day/a.jpg", 100, 80), (2, "b.png", 60, 40)]


def test_annotations_mean_what_was_drawn(coco):
    first = coco.loadAnns(coco.getAnnIds(imgIds=[1]))
    assert [(each["category_id"], each["bbox"], each["iscrowd"]) for each in first] == [
        (1, [10.0, 20.0, 30.5, 40.25], 0),
        (6, [0.0, 0.0, 20.0, 10.0], 0),
        (6, [10.0, 20.0, 3.0, 2.0], 1),
        (1, [0.0, 0.0, 10.0, 10.0], 0),
    ]
    assert [each["area"] for each in first] == [30.5 * 40.25, 200.0, 4.0, 100.0]
    assert first[0]["segmentation"] == []
    assert first[1]["segmentation"] == [[0.0, 0.0, 20.0, 0.0, 20.0, 10.0, 0.0, 10.0]]
    assert first[0]["attributes"] == {"colour": "blue", "parked": True, "occluded": False, "rotation": 30.0}
    assert first[1]["attributes"] == {"lanes": 3.0, "occluded": True}
    (second,) = coco.loadAnns(coco.getAnnIds(imgIds=[2]))
    assert second["bbox"] == [4.0, 4.0, 16.0, 16.0]
    assert second["attributes"]["track_id"] == 0
    assert second["attributes"]["keyframe"] is True


def test_masks_have_the_pixels_that_were_painted(coco):
    mask, polygon = (coco.loadAnns(coco.getAnnIds(imgIds=[1]))[place] for place in (2, 1))
    expected = np.zeros((80, 100), np.uint8)
    expected[20, 11:13] = expected[21, 10:12] = 1
    assert np.array_equal(coco.annToMask(mask), expected)
    expected[:] = 0
    expected[0:10, 0:20] = 1
    assert np.array_equal(coco.annToMask(polygon), expected)
