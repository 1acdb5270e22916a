"""COCO Keypoints 1.0, read back with pycocotools."""

from __future__ import annotations

import pytest

import archives
import framehaul
from backups import Job, Task, attribute, label, shape, tag, triangle


def bones(points, **flags) -> list:
    return [
        shape("points", name, 0, at, outside=flags.get("outside") == name, occluded=flags.get("occluded") == name)
        for name, at in points.items()
    ]


SECOND = bones({"a": [1, 2], "b": [3, 4], "c": [5, 6]}, outside="b")
TASK = Task(
    labels=[triangle("pose", attribute("speed", "number", "2")), label("car")],
    images=[("day/a.JPG", 100, 80), ("b.png", 60, 40)],
    jobs=[
        Job(
            0,
            1,
            tags=[tag("car", 0)],
            shapes=[
                # The elements of a skeleton may come in any order, and one may be missing.
                shape("skeleton", "pose", 0, elements=bones({"c": [30, 60], "a": [10, 20.5]}, occluded="c"), speed="5"),
                shape(
                    "skeleton", "pose", 0, elements=bones({"a": [1, 2], "b": [3, 4], "c": [5, 6]}, outside="b"), group=7
                ),
                shape("rectangle", "car", 0, [0, 0, 50, 40], group=7),
                shape("rectangle", "car", 0, [0, 0, 9, 9]),
            ],
        )
    ],
)


@pytest.fixture
def coco(exported):
    return archives.coco(exported("COCO Keypoints 1.0", TASK), "annotations/person_keypoints_default.json")


def test_categories_have_their_points_and_edges(coco):
    pose, car = coco.loadCats(coco.getCatIds())
    assert (pose["name"], pose["keypoints"], sorted(pose["skeleton"])) == ("pose", ["a", "b", "c"], [[1, 2], [2, 3]])
    assert (car["name"], car["keypoints"], car["skeleton"]) == ("car", [], [])


def test_points_stand_in_the_order_of_the_category(coco):
    [alone] = coco.loadAnns(coco.getAnnIds(catIds=coco.getCatIds(catNms=["pose"])))
    assert alone["keypoints"] == [10.0, 20.5, 2, 0, 0, 0, 30.0, 60.0, 1]
    assert alone["num_keypoints"] == 2
    assert (alone["bbox"], alone["area"]) == ([10.0, 20.5, 20.0, 39.5], 20.0 * 39.5)
    assert alone["attributes"] == {"speed": 5.0, "occluded": False, "keyframe": False}


def test_the_box_of_a_group_has_the_points_of_its_skeleton(coco):
    [box] = coco.loadAnns(coco.getAnnIds(catIds=coco.getCatIds(catNms=["car"])))
    assert (box["bbox"], box["image_id"]) == ([0.0, 0.0, 50.0, 40.0], 1)
    # A point out of sight keeps its place, and does not count.
    assert (box["keypoints"], box["num_keypoints"]) == ([1.0, 2.0, 2, 3.0, 4.0, 0, 5.0, 6.0, 2], 2)


def test_every_annotation_is_in_the_report(written, tmp_path):
    report = framehaul.export(written(TASK), "COCO Keypoints 1.0", tmp_path / "out.zip")
    found = {(row.label, row.shape, row.outcome): row.annotations for row in report.rows}
    assert found == {
        ("pose", "skeleton", "written"): 1,
        ("pose", "skeleton", "converted"): 1,
        ("car", "rectangle", "written"): 1,
        ("car", "rectangle", "dropped"): 1,
        ("car", "tag", "dropped"): 1,
    }
