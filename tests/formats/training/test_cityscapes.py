"""What cityscapesScripts loads, and torchvision and mmsegmentation by their rules."""

from __future__ import annotations

import csv
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

import framehaul
from backups import Job, Task, attribute, label, png, project, shape, tag

if TYPE_CHECKING:
    from pathlib import Path

Image = pytest.importorskip("PIL.Image")

# Warnings of the tools are not ours.
pytestmark = pytest.mark.filterwarnings("ignore")


def box(name: str, frame: int, left: int, **more):
    """A box of 8 by 8 pixels."""
    return shape("rectangle", name, frame, [left, 2, left + 8, 10], **more)


PICTURES = ["a b/x.png", "a b/x.PNG", "y.png"]
STREET = Task(
    labels=[
        label("Car", attribute("is_crowd", "checkbox", "false"), color="#123456"),
        label("cargroup"),
        label("road"),
        label("traffic_light"),
        label("license plate"),
        label("zebra, crossing", color="#0a0b0c"),
    ],
    images=[(name, 60, 20) for name in PICTURES],
    files={name: png(60, 20) for name in PICTURES},
    jobs=[
        Job(
            0,
            2,
            tags=[tag("road", 2)],
            shapes=[
                shape("rectangle", "road", 0, [0, 0, 60, 20]),
                box("Car", 0, 2),
                box("traffic_light", 0, 12),
                box("Car", 0, 22),
                box("Car", 0, 32, is_crowd="true"),
                box("cargroup", 0, 42),
                shape("rectangle", "license plate", 0, [4, 4, 6, 6]),
                box("zebra, crossing", 1, 2),
                box("zebra, crossing", 1, 12),
            ],
        )
    ],
    name="main street_1",
)


def targets(folder: Path, split: str) -> dict[str, dict[str, np.ndarray]]:
    """The targets of a split by the rule of torchvision: for each picture in the folder of a city, its name up to
    `_leftImg8bit` and then the kind.
    """
    found = {}
    for picture in sorted((folder / "leftImg8bit" / split).glob("*/*")):
        stem = picture.name.split("_leftImg8bit")[0]
        found[stem] = {}
        for kind in ("labelIds", "labelTrainIds", "instanceIds", "color"):
            with Image.open(folder / "gtFine" / split / picture.parent.name / f"{stem}_gtFine_{kind}.png") as image:
                found[stem][kind] = np.array(image)
    return found


@pytest.fixture
def street(tmp_path, unpacked):
    return unpacked(STREET.backup(tmp_path / "task.zip"), "cityscapes", save_images=True)


def test_every_picture_of_a_city_has_its_targets(street):
    found = targets(street, "train")
    assert list(found) == [f"main-street-1_000000_{number:06}" for number in range(3)]
    first = found["main-street-1_000000_000000"]
    # Road, two cars with a plate that is not drawn, and two groups of cars; the light is no thing.
    line = first["instanceIds"][5, [0, 3, 5, 13, 23, 33, 43]]
    assert line.tolist() == [7, 26000, 26000, 19, 26001, 26, 26]
    assert first["labelIds"][5, [0, 3, 13, 43]].tolist() == [7, 26, 19, 26]
    assert first["labelTrainIds"][5, [0, 3, 13, 43]].tolist() == [0, 13, 6, 13]
    assert first["color"][5, 3].tolist() == [0, 0, 142]
    empty = found["main-street-1_000000_000002"]
    assert [np.unique(empty[kind]).tolist() for kind in ("labelIds", "labelTrainIds", "instanceIds")] == [
        [0],
        [255],
        [0],
    ]


def test_labels_that_cityscapes_does_not_have_keep_numbers_of_their_own(street, tmp_path):
    second = targets(street, "train")["main-street-1_000000_000001"]
    assert [second[kind][5, 3] for kind in ("labelIds", "labelTrainIds", "instanceIds")] == [34, 19, 34000]
    assert second["instanceIds"][5, 13] == 34001
    with (street / "classes.csv").open(newline="") as file:
        classes = list(csv.DictReader(file))
    assert [int(row["id"]) for row in classes] == list(range(35))
    assert list(classes[26].values()) == ["26", "13", "car", "0", "0", "142"]
    assert list(classes[34].values()) == ["34", "19", "zebra, crossing", "10", "11", "12"]
    report = framehaul.export(tmp_path / "task.zip", "cityscapes", tmp_path / "out.zip", profile="training")
    assert {note.message.split(":")[0]: note.times for note in report.notes} == {
        "Cityscapes does not have the label": 2,
        "license plates are not drawn, as in Cityscapes": 1,
    }


def test_names_of_two_subsets_and_of_two_tasks_do_not_meet(tmp_path, unpacked):
    tasks = [replace(STREET, subset=subset, name="a_b") for subset in ("Train", "Validation", "Validation")]
    official = ["leftImg8bit/bonn/bonn_000001_000019_leftImg8bit.png"]
    job = Job(0, 0, shapes=[box("Car", 0, 2)])
    tasks.append(replace(STREET, images=[(official[0], 60, 20)], files={official[0]: png(60, 20)}, jobs=[job]))
    tasks[-1] = replace(tasks[-1], subset="val")
    folder = unpacked(project(tmp_path / "project.zip", *tasks), "cityscapes", save_images=True)
    train, val = (sorted(targets(folder, split)) for split in ("train", "val"))
    assert train == [f"a-b_000000_{number:06}" for number in range(3)]
    numbered = [f"{city}_000000_{number:06}" for city in ("a-b-2", "a-b-3") for number in range(3)]
    assert val == [*numbered, "bonn_000001_000019"]


# The official scripts


def test_every_class_of_cityscapes_has_its_numbers_and_its_colour(tmp_path, unpacked):
    table = pytest.importorskip("cityscapesscripts.helpers.labels").labels
    drawn = [entry for entry in table if entry.id >= 0]
    task = Task(
        labels=[label(entry.name) for entry in reversed(table)],
        images=[(f"{entry.id}.png", 20, 20) for entry in drawn],
        jobs=[Job(0, len(drawn) - 1, shapes=[box(entry.name, frame, 2) for frame, entry in enumerate(drawn)])],
        name="city",
        files={f"{entry.id}.png": png(20, 20) for entry in drawn},
    )
    found = targets(unpacked(task.backup(tmp_path / "task.zip"), "cityscapes", save_images=True), "train")
    for entry, target in zip(drawn, found.values(), strict=True):
        at = {kind: image[5, 5].tolist() for kind, image in target.items()}
        assert at == {
            "labelIds": entry.id,
            "labelTrainIds": entry.trainId,
            "instanceIds": entry.id * 1000 if entry.hasInstances else entry.id,
            "color": list(entry.color),
        }, entry.name


def test_the_official_scripts_evaluate_the_ground_truth_as_perfect(street):
    helpers = pytest.importorskip("cityscapesscripts.helpers.csHelpers")
    pixel_level = pytest.importorskip("cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling")
    instance_level = pytest.importorskip("cityscapesscripts.evaluation.instances2dict")
    # As its scripts search; the second frame shows a label that they do not know.
    files = sorted(map(str, (street / "gtFine").glob("*/*/*_gtFine_labelIds.png")))
    assert [helpers.getCsFileInfo(name)[:5] for name in files] == [
        ("main-street-1", "000000", f"{number:06}", "gtFine", "labelIds") for number in range(3)
    ]
    known = [files[0], files[2]]
    arguments = pixel_level.args
    # NumPy 2.4 lacks what its scores of instances call.
    arguments.evalInstLevelScore = arguments.JSONOutput = False
    arguments.quiet = True
    result = pixel_level.evaluateImgLists(known, known, arguments)
    scores = {name: score for name, score in result["classScores"].items() if not np.isnan(score)}
    assert scores == {"road": 1.0, "car": 1.0, "traffic light": 1.0}
    # A prediction that misses everything is not perfect.
    missed = pixel_level.evaluateImgLists([files[2]], [files[0]], arguments)
    assert missed["classScores"]["car"] == 0.0
    [read] = instance_level.instances2dict(files[0].replace("labelIds", "instanceIds"), verbose=False).values()
    assert [(each["instID"], each["pixelCount"]) for each in read["car"]] == [(26, 128), (26000, 64), (26001, 64)]
