"""The Ultralytics formats, read back line by line, `data.yaml` by PyYAML."""

from __future__ import annotations

import json

import pytest

import archives
import framehaul
from backups import Job, Task, keyframe, label, shape, track, triangle

yaml = pytest.importorskip("yaml")

TASK = Task(
    labels=[label("yes"), triangle("pose"), label("caf\u00e9: #1")],
    images=[("day/a.JPG", 100, 80), ("b.png", 200, 50), ("c.png", 10, 10)],
    jobs=[
        Job(
            0,
            2,
            shapes=[
                shape("rectangle", "caf\u00e9: #1", 0, [10, 20, 30, 60]),
                shape("rectangle", "yes", 0, [0, 0, 10, 10], rotation=90.0),
                shape("polygon", "yes", 1, [0, 0, 100, 0, 100, 25]),
            ],
            tracks=[
                track(
                    "yes",
                    keyframe("rectangle", 0, [0, 0, 20, 20]),
                    keyframe("rectangle", 1, [0, 0, 20, 20], outside=True),
                )
            ],
        )
    ],
)


@pytest.fixture
def export(written, tmp_path):
    source = written(TASK)

    def run(slug: str) -> dict[str, str]:
        framehaul.export(source, slug, tmp_path / f"{slug}.zip")
        return archives.texts(tmp_path / f"{slug}.zip")

    return run


LISTED = [f"data/images/train/{name}" for name in ("day/a.jpg", "b.png", "c.png")]


@pytest.mark.parametrize("slug", ["yolo-detect", "yolo-track", "yolo-seg", "yolo-obb"])
def test_data_yaml_names_classes_and_lists(export, slug):
    members = export(slug)
    data = yaml.safe_load(members["data.yaml"])
    assert data == {"names": {0: "yes", 1: "pose", 2: "caf\u00e9: #1"}, "path": ".", "train": "train.txt"}
    assert '  1: pose\n  2: "caf\\xE9: #1"\n' in members["data.yaml"]
    assert members["train.txt"].splitlines() == LISTED


def test_only_frames_with_lines_have_label_files(export):
    assert sorted(export("yolo-detect")) == ["data.yaml", "labels/train/day/a.txt", "train.txt"]
    assert sorted(export("yolo-seg")) == ["data.yaml", "labels/train/b.txt", "train.txt"]


def test_detection_writes_upright_boxes_and_track_their_ids(export):
    boxes = ["2 0.200000 0.500000 0.200000 0.500000", "0 0.100000 0.125000 0.200000 0.250000"]
    assert export("yolo-detect")["labels/train/day/a.txt"].splitlines() == boxes
    assert export("yolo-track")["labels/train/day/a.txt"].splitlines() == [boxes[0], f"{boxes[1]} 0"]


def test_a_turned_box_is_written_by_its_corners(export):
    turned = export("yolo-obb")["labels/train/day/a.txt"].splitlines()[1].split()
    # A square turned by a right angle has the same corners, one place on.
    assert [float(value) for value in turned] == pytest.approx([0, 0.1, 0, 0.1, 0.125, 0, 0.125, 0, 0], abs=1e-6)


def test_a_polygon_is_written_as_shares_of_the_picture(export):
    line = export("yolo-seg")["labels/train/b.txt"]
    assert line == "0 0.000000 0.000000 0.500000 0.000000 0.500000 0.500000\n"


def test_poses_count_skeletons_as_classes_only(export):
    data = yaml.safe_load(export("yolo-pose")["data.yaml"])
    assert data == {"kpt_shape": [3, 3], "names": {0: "pose"}, "path": ".", "train": "train.txt"}


def test_frames_without_tags_have_no_label(export):
    listed = json.loads(export("yolo-cls")["train/labels.json"])
    assert listed == {
        "day/a": {"labels": [], "path": "no_label/a.jpg"},
        "b": {"labels": [], "path": "no_label/b.png"},
        "c": {"labels": [], "path": "no_label/c.png"},
    }


def test_a_reserved_subset_is_refused(tmp_path):
    source = Task(labels=TASK.labels, jobs=[Job(0, 0)], subset="path").backup(tmp_path / "task.zip")
    with pytest.raises(framehaul.Error) as caught:
        framehaul.export(source, "yolo-detect", tmp_path / "out.zip")
    assert caught.value.code == "reserved-name"
