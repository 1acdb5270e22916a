"""ImageNet, LFW, Market-1501, VGGFace2 and WiderFace without pictures, read back by line and by table."""

from __future__ import annotations

import csv
import io
import shlex

import pytest

import archives
import framehaul
from backups import Job, Task, attribute, keyframe, label, shape, tag, track

FIVE = [1, 2, 3.5, 4, 5, 6, 7, 8, 9, 10.25]

TASK = Task(
    labels=[
        label("car"),
        label("face", attribute("blur", "number", "0"), attribute("pose")),
        label("market-1501", attribute("person_id"), attribute("camera_id", "number", "0"), attribute("query")),
    ],
    images=[("sub dir/a.JPG", 100, 80), ("b.png", 100, 80), ("c.png", 100, 80)],
    jobs=[
        Job(
            0,
            2,
            tags=[
                tag("face", 0),
                tag("car", 0),
                tag("face", 0),
                tag("market-1501", 1, person_id="0012", camera_id="2", query="yes"),
                tag("market-1501", 0, person_id="", camera_id="2", query="no"),
            ],
            shapes=[
                shape("points", "car", 1, FIVE),
                shape("rectangle", "face", 0, [1, 2, 4.3, 6], blur="2", pose="a b", occluded=True),
                shape("polygon", "car", 2, [0, 0, 1, 0, 1, 1]),
            ],
            tracks=[
                track(
                    "car",
                    keyframe("rectangle", 0, [0, 0, 20, 20]),
                    keyframe("rectangle", 2, [0, 0, 10, 10], outside=True),
                )
            ],
        )
    ],
)


@pytest.fixture
def members(exported):
    def read(name: str) -> dict[str, str]:
        return archives.texts(exported(name, TASK))

    return read


def test_imagenet_lists_the_labels_of_each_picture(members):
    read = members("ImageNet 1.0")
    labels = read["synsets.txt"].splitlines()
    lines = map(shlex.split, read["default.txt"].splitlines())
    pictures = {name: {labels[int(number)] for number in numbers} for name, *numbers in lines}
    assert pictures == {"sub dir/a.jpg": {"face", "car", "market-1501"}, "b.png": {"market-1501"}, "c.png": set()}


def test_lfw_lists_persons_and_landmarks(members):
    read = members("LFW 1.0")
    assert sorted(read) == [f"default/annotations/{name}.txt" for name in ("landmarks", "pairs", "people")]
    people = dict(line.split("\t") for line in read["default/annotations/people.txt"].splitlines())
    assert people == {"car": "0", "face": "1", "market-1501": "1"}
    assert read["default/annotations/pairs.txt"].splitlines() == ["face/sub dir/a", "market-1501/b", "c"]
    [[picture, *coordinates]] = csv.reader(io.StringIO(read["default/annotations/landmarks.txt"]), delimiter="\t")
    assert (picture, [float(value) for value in coordinates]) == ("b.jpg", FIVE)


def test_market1501_names_pictures_by_person_and_camera(members):
    read = members("Market-1501 1.0")
    assert read == {
        "images_default.txt": "bounding_box_default/sub dir/a.jpg\n"
        "query/0012_c3s1_000000_00.png\n"
        "bounding_box_default/c.png\n"
    }


def test_vggface2_has_a_row_for_each_face(members):
    read = members("VGGFace2 1.0")
    boxes = list(csv.DictReader(io.StringIO(read["bb_landmark/loose_bb_default.csv"], newline="")))
    assert [(row["NAME_ID"], *(float(row[key]) for key in "XYWH")) for row in boxes] == [
        ("face/sub dir/a", 1.0, 2.0, 4.3 - 1.0, 4.0),
        ("car/sub dir/a", 0.0, 0.0, 20.0, 20.0),
        ("car/b", 0.0, 0.0, 15.0, 15.0),
    ]
    rows = list(csv.reader(io.StringIO(read["bb_landmark/loose_landmark_default.csv"], newline="")))[1:]
    points = {(name, tuple(float(value) for value in values if value)) for name, *values in rows}
    # Rows of tags repeat the first tag's label.
    assert points == {("face/sub dir/a", ()), ("car/b", tuple(FIVE)), ("market-1501/b", ()), ("no_label/c", ())}
    assert len(rows) == 7


def test_widerface_has_the_boxes_of_each_picture(members):
    read = members("WiderFace 1.0")
    assert read["labels.txt"] == "car\nface\nmarket-1501"
    assert read["wider_face_split/wider_face_default_bbx_gt.txt"].splitlines() == [
        "1--face/sub dir/a.jpg",
        "2",
        "1.0 2.0 3.3 4.0 2.0 - - True a b - ",
        "0.0 0.0 20.0 20.0 - - - False - - car",
        "2--market-1501/b.png",
        "1",
        "0.0 0.0 15.0 15.0 - - - False - - car",
        "no_label/c.png",
    ]


@pytest.mark.parametrize(
    ("name", "written_shapes"),
    [("imagenet", 0), ("lfw", 1), ("market1501", 0), ("vggface2", 4), ("widerface", 3)],
)
def test_every_annotation_is_in_the_report(written, tmp_path, name, written_shapes):
    report = framehaul.export(written(TASK), name, tmp_path / "out.zip")
    assert sum(row.annotations for row in report.rows) == 5 + 1 + 1 + 1 + 2
    shapes = [row for row in report.rows if row.shape != "tag" and row.outcome != "dropped"]
    assert (sum(row.annotations for row in shapes), report.frames) == (written_shapes, 3)


def test_two_faces_of_one_label_leave_the_second_in_the_report(written, tmp_path):
    two = TASK.with_job(shapes=[shape("rectangle", "car", 2, [0, 0, 1, 1]), shape("rectangle", "car", 2, [5, 5, 6, 6])])
    report = framehaul.export(written(two), "vggface2", tmp_path / "out.zip")
    dropped = {(row.label, row.shape): row.annotations for row in report.rows if row.outcome == "dropped"}
    assert dropped == {("car", "rectangle"): 1}


@pytest.mark.parametrize("name", ["lfw", "vggface2"])
def test_two_pictures_with_one_stem_are_refused(written, tmp_path, name):
    twins = Task(labels=TASK.labels, images=[("a.jpg", 9, 9), ("a.png", 9, 9)], jobs=[Job(0, 1)])
    with pytest.raises(framehaul.Error) as caught:
        framehaul.export(written(twins), name, tmp_path / "out.zip")
    assert caught.value.code == "name-collision"


def test_imagenet_refuses_the_subset_that_its_labels_are_called(tmp_path):
    source = Task(labels=TASK.labels, jobs=[Job(0, 0)], subset="synsets").backup(tmp_path / "task.zip")
    with pytest.raises(framehaul.Error) as caught:
        framehaul.export(source, "imagenet", tmp_path / "out.zip")
    assert caught.value.code == "reserved-name"
