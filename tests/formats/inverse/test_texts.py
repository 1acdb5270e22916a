"""Datumaro and the ICDAR formats, read back as JSON and line by line."""

from __future__ import annotations

import json
import re

import pytest
from pycocotools import mask as coco_mask

import archives
import framehaul
from backups import Job, Task, attribute, keyframe, label, shape, tag, track, triangle

# A 3x2 crop at column 10, row 20: 0 1 1 / 1 1 0.
MASK = [1, 4, 1, 10, 20, 12, 21]
BONES = [
    shape("points", name, 0, at, occluded=name == "b") for name, at in zip("abc", ([1, 2], [3, 4], [5, 6]), strict=True)
]
TASK = Task(
    subset="Test",
    labels=[
        label("wörd", attribute("text"), attribute("size", "number", "1.5"), attribute("bold", "checkbox", "false")),
        triangle("pose"),
        label("road"),
    ],
    images=[("day/a.JPG", 100, 80), ("b.png", 60, 40)],
    jobs=[
        Job(
            0,
            1,
            tags=[tag("wörd", 0, text="seen")],
            shapes=[
                shape(
                    "rectangle", "wörd", 0, [10, 20, 40.5, 60.25], text='a "b", 😀', bold="true", rotation=30.0, group=4
                ),
                shape("polygon", "wörd", 0, [0, 0, 20, 0.125, 20, 10], occluded=True, z_order=2),
                shape("mask", "road", 0, MASK),
                shape("ellipse", "road", 0, [30, 30, 40, 25]),
                shape("skeleton", "pose", 0, elements=BONES),
                shape("cuboid", "road", 1, range(16)),
            ],
            tracks=[track("road", keyframe("rectangle", 0, [0, 0, 10, 10]), keyframe("rectangle", 1, [4, 4, 20, 20]))],
        )
    ],
)


@pytest.fixture
def members(exported):
    def read(name: str, task: Task = TASK) -> dict[str, str]:
        return archives.texts(exported(name, task))

    return read


@pytest.fixture
def datumaro(members):
    read = members("Datumaro 1.0")
    assert list(read) == ["annotations/Test.json"]
    return json.loads(read["annotations/Test.json"])


def test_datumaro_names_labels_and_the_drawing_of_skeletons(datumaro):
    labels = datumaro["categories"]["label"]
    assert [(each["name"], each["parent"]) for each in labels["labels"]] == [
        ("wörd", ""),
        ("pose", ""),
        *((name, "pose") for name in "abc"),
        ("road", ""),
    ]
    assert labels["attributes"] == ["bold", "occluded", "size", "text"]
    [drawing] = datumaro["categories"]["points"]["items"]
    assert (drawing["label_id"], drawing["labels"]) == (1, ["a", "b", "c"])
    assert sorted(drawing["joints"]) == [[1, 2], [2, 3]]


def test_datumaro_has_an_item_for_each_frame(datumaro):
    assert [(each["id"], each["attr"]["frame"], each["image"]) for each in datumaro["items"]] == [
        ("day/a", 0, {"path": "day/a.JPG", "size": [80, 100]}),
        ("b", 1, {"path": "b.png", "size": [40, 60]}),
    ]


def test_datumaro_annotations_mean_what_was_drawn(datumaro):
    first, second = (each["annotations"] for each in datumaro["items"])
    word = {"text": "seen", "size": 1.5, "bold": False}
    # By layer: the polygon comes last.
    assert [each["type"] for each in first] == ["label", "bbox", "mask", "ellipse", "skeleton", "bbox", "polygon"]
    tag_, box, mask, ellipse, skeleton, tracked, polygon = first
    assert tag_["attributes"] == word
    assert box["bbox"] == [10.0, 20.0, 30.5, 40.25]
    assert box["attributes"] == {"text": 'a "b", 😀', "size": 1.5, "bold": True, "occluded": False, "rotation": 30.0}
    assert (box["group"], box["label_id"]) == (4, 0)
    decoded = coco_mask.decode({"size": mask["rle"]["size"], "counts": mask["rle"]["counts"].encode()})
    assert {(x, y) for y, x in zip(*decoded.nonzero(), strict=True)} == {(11, 20), (12, 20), (10, 21), (11, 21)}
    assert ellipse["points"] == [20.0, 25.0, 40.0, 35.0]
    assert skeleton["points"] == [1.0, 2.0, 2, 3.0, 4.0, 1, 5.0, 6.0, 2]
    assert skeleton["points_attributes"] == [{}, {}, {}]
    assert tracked["attributes"] == {"occluded": False, "rotation": 0.0, "track_id": 0, "keyframe": True}
    assert (polygon["points"], polygon["z_order"]) == ([0.0, 0.0, 20.0, 0.12, 20.0, 10.0], 2)
    assert [each["bbox"] for each in second] == [[4.0, 4.0, 16.0, 16.0]]


def test_icdar_recognition_lists_the_texts_of_each_picture(members):
    read = members("ICDAR Recognition 1.0")
    assert read == {"Test/gt.txt": 'day/a.jpg, "seen""a "b", 😀"""\nb.png, \n'}


def test_icdar_localization_says_where_the_texts_are(members):
    read = members("ICDAR Localization 1.0")
    assert set(read) == {"Test/day/gt_a.txt", "Test/gt_b.txt"}
    lines = read["Test/day/gt_a.txt"].split("\n")
    # Tag, mask, ellipse and skeleton are empty lines, and the last line ends.
    assert [bool(line) for line in lines] == [False, True, False, False, False, True, True, False]
    fields = [re.fullmatch(r'([-\d., ]+?)(?:[ ,]"(.*)")?', line) for line in lines if line]
    assert [([float(number) for number in re.split("[ ,]", found[1])], found[2]) for found in fields if found] == [
        ([10.0, 20.0, 40.5, 60.25], 'a "b", 😀'),
        ([0.0, 0.0, 10.0, 10.0], None),
        ([0.0, 0.0, 20.0, 0.12, 20.0, 10.0], ""),
    ]
    assert read["Test/gt_b.txt"] == "4.0 4.0 20.0 20.0\n"


NAMES = ["datumaro", "icdar-recognition", "icdar-localization"]


@pytest.mark.parametrize("name", NAMES)
def test_every_annotation_is_in_the_report(written, tmp_path, name):
    report = framehaul.export(written(TASK), name, tmp_path / "out.zip")
    assert (sum(row.annotations for row in report.rows), report.frames) == (1 + 6 + 2, 2)


@pytest.mark.parametrize("name", NAMES)
def test_a_task_without_annotations_has_its_frames(members, name):
    bare = Task(labels=[], jobs=[Job(0, 1)])
    read = members(name, bare)
    assert sum(text.count("frame_00000") for text in (*read, *read.values())) >= 2


@pytest.mark.parametrize("name", ["", "a", 'a"b\\', "two\nlines", "ü, 😀", "a/b"])
def test_datumaro_holds_labels_of_any_name(members, name):
    named = Task(labels=[label(name, attribute(name, default=name)), label("a")], jobs=[Job(0, 0, tags=[tag(name, 0)])])
    if name == "a":
        named = Task(labels=[label(name)], jobs=[Job(0, 0, tags=[tag(name, 0)])])
    read = json.loads(members("datumaro", named)["annotations/default.json"])
    assert read["categories"]["label"]["labels"][0]["name"] == name
    [annotation] = read["items"][0]["annotations"]
    assert annotation["attributes"] == ({} if name == "a" else {name: name})


@pytest.mark.parametrize("name", NAMES[1:])
def test_icdar_refuses_a_text_of_two_lines_and_says_where(written, tmp_path, name):
    broken = TASK.with_job(shapes=[shape("rectangle", "wörd", 1, [0, 0, 1, 1], text="a\nb")])
    with pytest.raises(framehaul.Error) as caught:
        framehaul.export(written(broken), name, tmp_path / "out.zip")
    assert caught.value.code == "bad-attribute-value"
    assert (caught.value.place.frame, caught.value.place.label) == (1, "wörd")


def test_two_pictures_with_one_stem(members):
    twins = Task(labels=TASK.labels, images=[("a.jpg", 9, 9), ("a.png", 9, 9)], jobs=[Job(0, 1, tags=[tag("road", 0)])])
    assert members("icdar-recognition", twins) == {"default/gt.txt": "a.jpg, \na.png, \n"}
    assert members("icdar-localization", twins) == {"default/gt_a.txt": ""}
    items = json.loads(members("datumaro", twins)["annotations/default.json"])["items"]
    assert [each["image"]["path"] for each in items] == ["a.jpg", "a.png"]


@pytest.mark.parametrize("name", NAMES)
def test_a_number_that_is_none_is_named(written, tmp_path, name):
    broken = TASK.with_job(shapes=[shape("rectangle", "wörd", 1, [0, 0, 1, 1], size="large")])
    with pytest.raises(framehaul.Error) as caught:
        framehaul.export(written(broken), name, tmp_path / "out.zip")
    assert (caught.value.code, caught.value.place.frame) == ("bad-attribute-value", 1)
