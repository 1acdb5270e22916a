"""YOLO 1.1, read back line by line."""

from __future__ import annotations

import zipfile

import pytest

import framehaul
from backups import Job, Task, keyframe, label, shape, track, triangle

TASK = Task(
    labels=[label("car"), triangle("pose"), label("face")],
    images=[("day/a.JPG", 100, 80), ("b.png", 200, 50), ("c.png", 10, 10)],
    jobs=[
        Job(
            0,
            2,
            shapes=[
                shape("rectangle", "face", 0, [10, 20, 30, 60]),
                shape("rectangle", "car", 0, [0, 0, 10, 10], rotation=5.0),
                shape("rectangle", "car", 1, [-10, 0, 10, 20.5], rotation=360.0),
                shape("polygon", "car", 1, [0, 0, 1, 0, 1, 1]),
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
def archive(exported):
    return zipfile.ZipFile(exported("YOLO 1.1", TASK))


def test_every_frame_has_a_label_file(archive):
    expected = ["obj.data", "obj.names", "train.txt", *(f"obj_train_data/{name}.txt" for name in ("day/a", "b", "c"))]
    assert sorted(archive.namelist()) == sorted(expected)


def test_lists_name_classes_and_pictures(archive):
    data = dict(line.split(" = ") for line in archive.read("obj.data").decode().splitlines())
    assert data == {"classes": "6", "train": "data/train.txt", "names": "data/obj.names", "backup": "backup/"}
    assert archive.read("obj.names").decode().splitlines() == ["car", "pose", "a", "b", "c", "face"]
    pictures = [line.rsplit(".", 1)[0] for line in archive.read("train.txt").decode().splitlines()]
    assert pictures == ["data/obj_train_data/day/a", "data/obj_train_data/b", "data/obj_train_data/c"]


def test_boxes_are_centres_and_sizes_in_parts_of_the_picture(archive):
    read = {name: archive.read(f"obj_train_data/{name}.txt").decode().splitlines() for name in ("day/a", "b", "c")}
    # Classes count top-level labels only; the rotated box and the polygon have no place here.
    assert read == {
        "day/a": ["2 0.200000 0.500000 0.200000 0.500000", "0 0.100000 0.125000 0.200000 0.250000"],
        "b": ["0 0.000000 0.205000 0.100000 0.410000", "0 0.037500 0.150000 0.075000 0.300000"],
        "c": [],
    }


def test_what_has_no_place_is_reported(written, tmp_path):
    report = framehaul.export(written(TASK), "YOLO 1.1", tmp_path / "out.zip")
    dropped = {(row.label, row.shape): row.annotations for row in report.rows if row.outcome == "dropped"}
    assert dropped == {("car", "rectangle"): 1, ("car", "polygon"): 1}
    assert (report.written, report.frames) == (4, 3)


def test_a_reserved_subset_is_refused(tmp_path):
    source = Task(labels=TASK.labels, jobs=[Job(0, 0)], subset="backup").backup(tmp_path / "task.zip")
    with pytest.raises(framehaul.Error) as caught:
        framehaul.export(source, "yolo", tmp_path / "out.zip")
    assert caught.value.code == "reserved-name"
