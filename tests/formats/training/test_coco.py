"""COCO for training: the truth, given to the official evaluator as a prediction, scores 1.0 for every class."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import replace

import numpy as np
import pytest

import framehaul
from backups import Job, Task, attribute, keyframe, label, project, shape, tag, track, triangle

pytest.importorskip("pycocotools")

from pycocotools import coco as pycoco
from pycocotools import cocoeval as pyeval

CROWD = attribute("is_crowd", "checkbox", "false")
MASK = [0, 4, 2, 6, 20, 10, 23, 12]  # ten pixels of a box of four by three
RING = [30.0, 30, 50, 30, 50, 45]


def shapes_of_all_kinds() -> Task:
    kinds = ["cell", "scratch", "blob", "leaf", "car"]
    return Task(
        labels=[
            *(label(name, attribute("note")) for name in kinds),
            label("herd", CROWD, kind="mask"),
            label("weather", kind="tag"),
            label("lane", kind="polyline"),
            triangle("person"),
        ],
        images=[("a.jpg", 100, 80), ("b/a.jpg", 100, 80), ("a.png", 90, 70)],
        jobs=[
            Job(
                0,
                2,
                tags=[tag("weather", 0)],
                shapes=[
                    shape("mask", "cell", 0, MASK),
                    shape("mask", "cell", 2, MASK),
                    shape("rectangle", "scratch", 0, [5, 5, 15, 25]),
                    shape("rectangle", "scratch", 1, [60, 50, 20, 10]),
                    shape("rectangle", "scratch", 2, [20, 20, 60, 40], rotation=30.0),
                    shape("polygon", "leaf", 0, RING),
                    shape("polygon", "leaf", 1, [-20, 10, 40, 10, 40, 60]),
                    shape("ellipse", "blob", 1, [40, 40, 60, 30]),
                    shape("polyline", "lane", 1, RING),
                    shape("rectangle", "car", 0, [40, 60, 70, 75], group=3),
                    shape("mask", "car", 0, MASK, group=3),
                ],
                tracks=[
                    track(
                        "car",
                        keyframe("rectangle", 0, [0, 0, 30, 20]),
                        keyframe("rectangle", 2, [60, 40, 90, 60]),
                    )
                ],
            )
        ],
    )


def skeleton(frame: int, *points: tuple[str, float, float], label="person", group=0, **flags):
    elements = [shape("points", name, frame, [x, y], **flags.get(name, {})) for name, x, y in points]
    return shape("skeleton", label, frame, elements=elements, group=group)


def people() -> Task:
    pose = [("a", 10, 10), ("b", 90, 12), ("c", 50, 70)]
    return Task(
        labels=[label("box"), triangle("person"), triangle("dog"), label("lane", kind="polyline")],
        images=[("a.jpg", 100, 80), ("b.jpg", 100, 80)],
        jobs=[
            Job(
                0,
                1,
                shapes=[
                    skeleton(0, *pose),
                    skeleton(0, *pose, label="dog", a={"outside": True}, b={"occluded": True}),
                    # One point in sight has an area too, and one outside the image is not labelled.
                    skeleton(1, ("a", 20, 20), ("b", 130, 20), ("c", 4, 4), c={"outside": True}),
                    skeleton(1, *((name, x / 2, y / 2) for name, x, y in pose), group=4),
                    shape("rectangle", "box", 1, [2, 2, 60, 60], group=4),
                    skeleton(1, ("a", -9, 20), ("b", 130, 20), ("c", 4, 4), label="dog", c={"outside": True}),
                ],
            )
        ],
    )


@pytest.fixture(params=["pycocotools", "faster-coco-eval"])
def evaluators(request):
    """The loader and the evaluator of a library."""
    if request.param == "pycocotools":
        return pycoco.COCO, pyeval.COCOeval
    faster = pytest.importorskip("faster_coco_eval")
    return faster.COCO, faster.COCOeval_faster


def score(loader, evaluator, path, kind: str) -> dict[str, float]:
    """Average precision of each class, with the truth as the prediction; none of the annotations may be ignored."""
    with contextlib.redirect_stdout(io.StringIO()):
        truth = loader(str(path))
        annotations = [one for one in truth.dataset["annotations"] if not one["iscrowd"]]
        predictions = []
        for one in annotations:
            predicted = {"image_id": one["image_id"], "category_id": one["category_id"], "score": 0.9}
            if kind == "segm":
                predicted["segmentation"] = truth.annToRLE(one)
            elif kind == "keypoints":
                predicted["keypoints"] = one["keypoints"]
            else:
                predicted["bbox"] = one["bbox"]
            predictions.append(predicted)
        scores = {}
        for category in sorted({one["category_id"] for one in annotations}):
            evaluation = evaluator(truth, truth.loadRes([dict(one) for one in predictions]), kind)
            evaluation.params.catIds = [category]
            if kind == "keypoints":
                evaluation.params.kpt_oks_sigmas = np.full(len(truth.cats[category]["keypoints"]), 0.05)
            evaluation.evaluate()
            evaluation.accumulate()
            precision = evaluation.eval["precision"][:, :, 0, 0, -1]
            scores[truth.cats[category]["name"]] = float(precision.mean())
    return scores


@pytest.mark.parametrize("kind", ["bbox", "segm"])
def test_the_truth_scores_one_for_every_class_of_shapes(evaluators, kind, written, unpacked):
    path = unpacked(written(shapes_of_all_kinds()), "coco") / "annotations/instances_default.json"
    scores = score(*evaluators, path, kind)
    assert scores == dict.fromkeys(["cell", "scratch", "blob", "leaf", "car"], pytest.approx(1.0))


@pytest.mark.parametrize("kind", ["bbox", "segm", "keypoints"])
def test_the_truth_scores_one_for_every_class_of_skeletons(evaluators, kind, written, unpacked):
    path = unpacked(written(people()), "coco-keypoints") / "annotations/person_keypoints_default.json"
    assert score(*evaluators, path, kind) == {"person": pytest.approx(1.0), "dog": pytest.approx(1.0)}


def read(folder, name="instances_default"):
    return json.loads((folder / f"annotations/{name}.json").read_text())


def test_masks_are_instances_unless_is_crowd_says_otherwise(written, unpacked):
    task = Task(
        labels=[label("cell"), label("herd", CROWD)],
        images=[("a.jpg", 60, 50)],
        jobs=[
            Job(
                0,
                0,
                shapes=[
                    shape("mask", "cell", 0, MASK),
                    shape("ellipse", "cell", 0, [40, 40, 45, 35]),
                    shape("mask", "herd", 0, MASK, is_crowd="true"),
                    shape("rectangle", "herd", 0, [5, 5, 15, 25], is_crowd="true"),
                    shape("mask", "herd", 0, [0, 12, 10, 10, 13, 12], is_crowd="false"),
                ],
            )
        ],
    )
    folder = unpacked(written(task), "coco")
    annotations = read(folder)["annotations"]
    forms = ["runs" if isinstance(one["segmentation"], dict) else "polygons" for one in annotations]
    assert [one["iscrowd"] for one in annotations] == [0, 0, 1, 1, 0]
    assert forms == ["runs", "runs", "runs", "runs", "polygons"]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = pycoco.COCO(str(folder / "annotations/instances_default.json"))
    pixels = [int(truth.annToMask(one).sum()) for one in annotations]
    assert pixels[0] == pixels[2] == 10
    assert pixels[3] == 10 * 20


def test_a_box_has_the_outline_of_its_corners(written, unpacked):
    task = Task(
        labels=[label("car")],
        images=[("a.jpg", 60, 50)],
        jobs=[
            Job(
                0,
                0,
                shapes=[
                    shape("rectangle", "car", 0, [5, 6, 15, 26]),
                    shape("rectangle", "car", 0, [20, 20, 40, 30], rotation=90.0),
                ],
            )
        ],
    )
    upright, turned = read(unpacked(written(task), "coco"))["annotations"]
    assert (upright["segmentation"], upright["bbox"], upright["area"]) == (
        [[5, 6, 15, 6, 15, 26, 5, 26]],
        [5, 6, 10, 20],
        200,
    )
    # Its middle is 30, 25; the box is the one around the turned corners.
    assert (turned["segmentation"], turned["bbox"]) == ([[35, 15, 35, 35, 25, 35, 25, 15]], [25, 15, 10, 20])


def test_boxes_drawn_from_any_corner_are_in_order_and_inside_the_image(written, unpacked, tmp_path):
    drawn = [[30, 25, 10, 5], [30, 5, 10, 25], [-20, 40, 15, 90], [10, 5, 30, 25], [70, 5, 90, 25], [5, 5, 5, 9]]
    task = Task(
        labels=[label("car")],
        images=[("a.jpg", 60, 50)],
        jobs=[Job(0, 0, shapes=[shape("rectangle", "car", 0, corners) for corners in reversed(drawn)])],
    )
    source = written(task)
    annotations = read(unpacked(source, "coco"))["annotations"]
    assert [one["bbox"] for one in reversed(annotations)] == [
        [10, 5, 20, 20],
        [10, 5, 20, 20],
        [0, 40, 15, 10],
        [10, 5, 20, 20],
    ]
    # The first two that are written come behind two that are not: numbers go on without a gap.
    assert [one["id"] for one in annotations] == [1, 2, 3, 4]
    report = framehaul.export(source, "coco", tmp_path / "report.zip", profile="training")
    assert {(row.outcome, row.detail): row.annotations for row in report.rows} == {
        ("written", ""): 1,
        ("converted", "a box with its corners in order"): 2,
        ("converted", "the part inside the image"): 1,
        ("dropped", "no area of it lies inside the image"): 2,
    }


def test_categories_are_the_labels_that_the_file_can_hold(written, unpacked):
    folder = unpacked(written(shapes_of_all_kinds()), "coco")
    names = [(one["id"], one["name"]) for one in read(folder)["categories"]]
    assert names == list(enumerate(["cell", "scratch", "blob", "leaf", "car", "herd"], 1))
    folder = unpacked(written(people()), "coco-keypoints")
    categories = read(folder, "person_keypoints_default")["categories"]
    assert [(one["id"], one["name"], one["keypoints"]) for one in categories] == [
        (1, "person", ["a", "b", "c"]),
        (2, "dog", ["a", "b", "c"]),
    ]


def test_images_have_ids_of_their_own_and_no_empty_addresses(tmp_path, unpacked):
    task = shapes_of_all_kinds()
    source = project(tmp_path / "project.zip", *[replace(task, subset=name) for name in ("train", "val")])
    folder = unpacked(source, "coco")
    images = [one for name in ("train", "val") for one in read(folder, f"instances_{name}")["images"]]
    assert [one["id"] for one in images] == [1, 2, 3, 4, 5, 6]
    assert [one["file_name"] for one in images] == ["a.jpg", "b/a.jpg", "a_1.png"] * 2
    assert all(set(one) == {"id", "width", "height", "file_name", "license"} for one in images)
    for name in ("train", "val"):
        content = read(folder, f"instances_{name}")
        ids = [one["id"] for one in content["annotations"]]
        assert len(set(ids)) == len(ids) > 0
        assert {one["image_id"] for one in content["annotations"]} <= {one["id"] for one in content["images"]}


def test_keypoints_are_counted_as_coco_defines_them(written, unpacked, tmp_path):
    source = written(people())
    annotations = read(unpacked(source, "coco-keypoints"), "person_keypoints_default")["annotations"]
    assert [(one["category_id"], one["keypoints"], one["num_keypoints"], one["bbox"]) for one in annotations] == [
        (1, [10, 10, 2, 90, 12, 2, 50, 70, 2], 3, [10, 10, 80, 60]),
        (2, [0, 0, 0, 90, 12, 1, 50, 70, 2], 2, [50, 12, 40, 58]),
        (1, [20, 20, 2, 0, 0, 0, 0, 0, 0], 1, [19.5, 19.5, 1, 1]),
        (1, [5, 5, 2, 45, 6, 2, 25, 35, 2], 3, [2, 2, 58, 58]),
    ]
    assert [one["area"] for one in annotations] == [80 * 60, 40 * 58, 1, 58 * 58]
    report = framehaul.export(source, "coco-keypoints", tmp_path / "report.zip", profile="training")
    assert ("dog", "dropped", "no point of it is in sight", 1) in [
        (row.label, row.outcome, row.detail, row.annotations) for row in report.rows
    ]
    assert [(note.message, note.times) for note in report.notes] == [
        ("a point outside the image counts as not labelled", 1)
    ]
