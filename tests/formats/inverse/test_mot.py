"""MOT 1.1, read back as CSV."""

from __future__ import annotations

import csv
import io
import zipfile

import pytest

from backups import Job, Task, attribute, keyframe, label, shape, track

TASK = Task(
    labels=[
        label("car"),
        label("person", attribute("visibility", "number", "1"), attribute("ignored", "checkbox", "false")),
    ],
    jobs=[
        Job(
            0,
            5,
            shapes=[
                shape("rectangle", "car", 1, [1, 2, 11, 22], occluded=True),
                shape("polygon", "car", 1, [0, 0, 1, 0, 1, 1]),
            ],
            tracks=[
                track(
                    "person", keyframe("rectangle", 2, [0, 0, 9, 9], occluded=True), visibility="0.25", ignored="true"
                ),
                track(
                    "car",
                    keyframe("rectangle", 0, [100.1, 50, 110.3, 60]),
                    keyframe("rectangle", 4, [100.1, 50, 110.3, 80], outside=True),
                ),
            ],
        )
    ],
    deleted=[3],
)


@pytest.fixture
def archive(exported):
    return zipfile.ZipFile(exported("MOT 1.1", TASK))


def test_labels_are_listed_in_order(archive):
    assert sorted(archive.namelist()) == ["gt/gt.txt", "gt/labels.txt"]
    assert archive.read("gt/labels.txt") == b"car\nperson"


def test_rows_are_boxes_with_their_track(archive):
    text = archive.read("gt/gt.txt").decode()
    assert text.count("\r\n") == text.count("\n")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    width = f"{110.3 - 100.1!r}"
    # Frames count from 1 over those that are left; track numbers from 1 as they come; -1 is no track.
    assert rows == [
        ["1", "1", "100.1", "50.0", width, "10.0", "1", "1", "1.0"],
        ["2", "-1", "1.0", "2.0", "10.0", "20.0", "1", "1", "0.0"],
        ["2", "1", "100.1", "50.0", width, "15.0", "1", "1", "1.0"],
        ["3", "2", "0.0", "0.0", "9.0", "9.0", "0", "2", "0.25"],
        ["3", "1", "100.1", "50.0", width, "20.0", "1", "1", "1.0"],
        ["4", "2", "0.0", "0.0", "9.0", "9.0", "0", "2", "0.25"],
        ["5", "2", "0.0", "0.0", "9.0", "9.0", "0", "2", "0.25"],
    ]
