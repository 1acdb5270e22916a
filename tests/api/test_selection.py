"""Selections: which frames, labels and subsets an export takes, through the API and the command line."""

from __future__ import annotations

import json
import re
import zipfile
from dataclasses import replace

import pytest

import archives
import framehaul
from backups import Job, Task, keyframe, label, shape, tag, track, triangle

# Ten frames. A car is in sight from 1 to 4 with keyframes on 1 and 3; a person stands on 6, a tag on 7. The second
# job, from 5 on, is done, so that 5, 8 and 9 are known to show nothing; nobody knows of 0.
TASK = Task(
    name="street",
    labels=[label("car"), label("person"), label("night", kind="tag")],
    jobs=[
        Job(
            0,
            4,
            tracks=[
                track(
                    "car",
                    keyframe("rectangle", 1, [0, 0, 10, 10]),
                    keyframe("rectangle", 3, [20, 0, 30, 10]),
                    keyframe("rectangle", 5, [40, 0, 50, 10], outside=True),
                )
            ],
        ),
        Job(5, 9, shapes=[shape("rectangle", "person", 6, [1, 1, 5, 5])], tags=[tag("night", 7)], completed=True),
    ],
)

FRAMES = [
    ({}, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
    ({"frames": "annotated"}, [1, 2, 3, 4, 5, 6, 7, 8, 9]),
    ({"frames": "annotated", "negatives": "drop"}, [1, 2, 3, 4, 6, 7]),
    ({"frames": "annotated", "negatives": 0.0}, [1, 2, 3, 4, 6, 7]),
    ({"frames": "all", "negatives": "drop"}, [0, 1, 2, 3, 4, 6, 7]),
    ({"frames": "keyframes"}, [1, 3, 6, 7]),
    ({"frames": "keyframes", "negatives": "keep"}, [1, 3, 5, 6, 7, 8, 9]),
    ({"frames": "every:4"}, [0, 4, 8]),
    ({"frames": "annotated", "labels": ["car"]}, [1, 2, 3, 4, 5, 6, 7, 8, 9]),
    ({"frames": "annotated", "labels": ["car"], "negatives": "drop"}, [1, 2, 3, 4]),
    ({"frames": "annotated", "labels": ["person", "night"], "negatives": "drop"}, [6, 7]),
]


def frames_of(path):
    """The frames that an archive of each format names."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if "annotations/instances_default.json" in names:
            images = json.loads(archive.read("annotations/instances_default.json"))["images"]
            return [int(image["file_name"].removeprefix("frame_").removesuffix(".png")) for image in images]
        if "annotations.xml" in names:
            lines = archive.read("annotations.xml").decode().splitlines()
            return [int(line.split('"')[1]) for line in lines if line.startswith("  <image id=")]
        return sorted(int(name[-10:-4]) for name in names if "frame_" in name)


def options(selection):
    """A selection as the command line takes it."""
    text = {name: ",".join(value) if isinstance(value, list) else str(value) for name, value in selection.items()}
    return [word for name, value in text.items() for word in (f"--{name}", value)]


@pytest.mark.parametrize("name", ["coco", "cvat-images", "yolo"])
@pytest.mark.parametrize(("selection", "frames"), FRAMES)
def test_only_the_frames_that_are_selected_are_in_the_archive(written, tmp_path, name, selection, frames):
    report = framehaul.export(written(TASK), name, tmp_path / "out.zip", **selection)
    assert report.frames == len(frames)
    assert frames_of(tmp_path / "out.zip") == frames


@pytest.mark.parametrize(("selection", "frames"), FRAMES)
def test_the_command_line_selects_as_the_library_does(cli, tmp_path, selection, frames):
    source = TASK.backup(tmp_path / "task.zip")
    ran = cli("export", source, "-f", "coco", "-o", tmp_path / "out.zip", *options(selection))
    assert (ran.returncode, ran.stderr) == (0, "")
    assert frames_of(tmp_path / "out.zip") == frames


def test_a_share_of_the_negatives_is_the_same_in_every_format_and_every_time(tmp_path):
    done = Task(labels=[label("car")], jobs=[Job(0, 999, completed=True)])
    dataset = framehaul.open(done.backup(tmp_path / "task.zip"))
    for name in ("coco", "cvat-images", "yolo"):
        framehaul.export(dataset, name, tmp_path / f"{name}.zip", frames="annotated", negatives=0.1)
    taken = frames_of(tmp_path / "coco.zip")
    # Within five standard deviations: 5 * sqrt(1000 * 0.1 * 0.9) = 47.
    assert 53 <= len(taken) <= 147
    assert taken == frames_of(tmp_path / "cvat-images.zip") == frames_of(tmp_path / "yolo.zip")


def test_tracks_are_interpolated_as_ever_and_keep_their_ids(tmp_path):
    both = TASK.with_job(tracks=[track("person", keyframe("rectangle", 0, [0, 0, 9, 9])), *TASK.jobs[0].tracks])
    framehaul.export(
        both.backup(tmp_path / "task.zip"), "yolo-track", tmp_path / "out.zip", frames="every:2", labels="car"
    )
    made = archives.texts(tmp_path / "out.zip")
    lines = {name[-10:-4]: text.split() for name, text in made.items() if "frame_" in name}
    assert list(lines) == ["000002", "000004"]
    # Frames 2 and 4 lie half-way between keyframes: boxes around 15 and 35 of 640, the car the second track.
    class_, middle, *_, track_id = lines["000002"]
    assert (class_, middle, track_id) == ("0", "0.023438", "1")
    assert lines["000004"][1] == "0.054688"


def test_what_is_left_out_is_not_dropped_and_the_report_says_what_was_taken(tmp_path):
    source = TASK.backup(tmp_path / "task.zip")
    report = framehaul.export(
        source, "coco", tmp_path / "out.zip", frames="annotated", labels=["car", "person"], negatives=0.5, strict=True
    )
    assert report.selection == "frames annotated; labels car, person; negatives 0.5"
    assert {(row.label, row.annotations) for row in report.rows} == {("car", 4), ("person", 1)}
    assert report.dropped == 0
    assert "\nselection: frames annotated; labels car, person; negatives 0.5\n" in str(report)


def test_cvat_for_video_counts_and_prints_the_selected_frames_only(tmp_path):
    source = TASK.backup(tmp_path / "task.zip")
    report = framehaul.export(source, "cvat-video", tmp_path / "out.zip", frames="keyframes")
    text = archives.texts(tmp_path / "out.zip")["annotations.xml"]
    printed = [(line.split('"')[1], line.split('"')[5]) for line in text.splitlines() if line.startswith("    <box")]
    # The car on its keyframes 1 and 3, and where it is told to be gone; the person as a track of one frame.
    assert printed == [("1", "0"), ("3", "0"), ("6", "1"), ("6", "0"), ("7", "1")]
    assert (report.frames, report.annotations) == (4, 3)


def test_only_tasks_of_the_subset_are_exported(tmp_path):
    source = replace(TASK, subset="Train").backup(tmp_path / "task.zip")
    assert framehaul.export(source, "coco", tmp_path / "out.zip", subset="Train").frames == 10
    with pytest.raises(framehaul.Error, match=r'no subset "train".*Train') as caught:
        framehaul.export(source, "coco", tmp_path / "no.zip", subset=["train"])
    assert (caught.value.code, (tmp_path / "no.zip").exists()) == ("bad-option", False)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (["--labels", "car,Person"], 'no label "Person"; it has these: car, person, night'),
        (["--subset", "val"], 'no subset "val"; it has these: default'),
        (["--frames", "every:0"], "none of all, annotated, keyframes, every:N"),
        (["--frames", "some"], "none of all, annotated, keyframes, every:N"),
        (["--negatives", "1.5"], "none of keep, drop, a share from 0 to 1"),
    ],
)
def test_a_selection_that_cannot_be_is_wrong_usage_and_told_in_one_line(cli, tmp_path, wrong, says):
    source = TASK.backup(tmp_path / "task.zip")
    ran = cli("export", source, "-f", "coco", "-o", tmp_path / "out.zip", *wrong)
    assert ran.returncode == 2
    assert says in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert not (tmp_path / "out.zip").exists()


def test_inspect_tells_which_jobs_are_done(written):
    jobs = framehaul.open(written(TASK)).inspect()["tasks"][0]["jobs"]
    assert [job["completed"] for job in jobs] == [False, True]


def test_a_saved_dataset_remembers_which_jobs_are_done(tmp_path):
    framehaul.open(TASK.backup(tmp_path / "task.zip")).save(tmp_path / "saved")
    jobs = framehaul.open(tmp_path / "saved").inspect()["tasks"][0]["jobs"]
    assert [job["completed"] for job in jobs] == [False, True]


def account(report, label=None):
    """What became of annotations, of one label or of all."""
    return sorted(tuple(row) for row in report.rows if label in (None, row.label))


@pytest.mark.parametrize("name", [info.name for info in framehaul.formats()])
def test_in_every_format_what_is_selected_fares_as_in_the_whole_export(tmp_path, name):
    dataset = framehaul.open("sample")
    whole = framehaul.export(dataset, name, tmp_path / "whole.zip")
    # The frames that are left out show nothing: no annotation is missing.
    annotated = framehaul.export(dataset, name, tmp_path / "annotated.zip", frames="annotated")
    assert account(annotated) == account(whole)
    cars = framehaul.export(dataset, name, tmp_path / "cars.zip", labels="car")
    assert account(cars) == account(cars, "car") == account(whole, "car")
    assert cars.frames == whole.frames


def test_where_a_skeleton_ends_an_element_that_ended_before_is_not_printed_again(tmp_path):
    ends = {"a": 4, "b": 2, "c": 4}
    bones = [
        track(name, keyframe("points", 0, [1, 2]), keyframe("points", end, [3, 4], outside=True))
        for name, end in ends.items()
    ]
    pose = track("pose", keyframe("skeleton", 0, []), keyframe("skeleton", 4, [], outside=True), elements=bones)
    source = Task(labels=[triangle("pose")], jobs=[Job(0, 5, tracks=[pose])]).backup(tmp_path / "task.zip")

    def last(**selection):
        framehaul.export(source, "cvat-video", tmp_path / "out.zip", overwrite=True, **selection)
        text = archives.texts(tmp_path / "out.zip")["annotations.xml"]
        frame, points = re.findall(r'<skeleton frame="(\d+)".*?>(.*?)</skeleton>', text, re.DOTALL)[-1]
        return frame, re.findall(r'<points label="(\w)"', points)

    assert last() == ("4", ["a", "c"])
    # Frame 4 is left out: that all of it is gone is told on the next one that is not.
    assert last(frames="every:5") == ("5", ["a", "b", "c"])
