"""The Python API: what it returns, what it raises."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import framehaul
from backups import Job, Task, attribute, keyframe, label, shape, tag, track, triangle
from framehaul import errors

BOX = shape("rectangle", "car", 0, [10, 20, 30, 60], colour="red")
MOVING = track(
    "car",
    keyframe("rectangle", 2, [0, 0, 10, 10], colour="red"),
    keyframe("rectangle", 6, [40, 0, 50, 10], colour="blue", outside=True),
)
BONES = [shape("points", name, 3, [1, 2]) for name in "abc"]
TASK = Task(
    name="street",
    subset="Train",
    labels=[label("car", attribute("colour", mutable=True)), triangle("pose")],
    jobs=[Job(0, 9, tags=[tag("car", 1)], shapes=[BOX, shape("skeleton", "pose", 3, elements=BONES)], tracks=[MOVING])],
    deleted=[8],
    start=100,
    step=2,
)


def test_a_dataset_tells_what_it_holds(written):
    found = framehaul.open(written(TASK)).inspect()
    (task,) = found["tasks"]
    (job,) = task.pop("jobs")
    assert task.pop("number") in (0, 1)  # the place in a backup, the server's id
    assert task == {
        "name": "street",
        "subset": "Train",
        "media": "video",
        "dimension": "2d",
        "frames": 10,
        "deleted_frames": 1,
        "start_frame": 100,
        "step": 2,
    }
    assert (job["type"], job["start_frame"], job["stop_frame"]) == ("annotation", 0, 9)
    assert job["id"] in (None, 1)
    assert [(each["name"], each["type"], each["attributes"]) for each in found["labels"]] == [
        ("car", "any", ["colour"]),
        ("pose", "skeleton", []),
        ("pose/a", "points", []),
        ("pose/b", "points", []),
        ("pose/c", "points", []),
    ]
    assert [tuple(count.values()) for count in found["counts"]] == [
        ("car", "rectangle", 1, 1, 2),
        ("car", "tag", 1, 0, 0),
        ("pose", "skeleton", 1, 0, 0),
    ]


def test_the_report_counts_annotations_of_tracks_once_per_frame(written, tmp_path):
    report = framehaul.export(framehaul.open(written(TASK)), "MOT 1.1", tmp_path / "mot.zip")
    assert isinstance(report, framehaul.Report)
    # 9 frames are not deleted; the track is in sight on the frames 2 to 5.
    assert (report.format, report.frames, report.annotations) == ("MOT 1.1", 9, 5)
    assert (report.written, report.converted, report.dropped) == (5, 0, 2)
    rows = {(row.label, row.shape): (row.outcome, row.annotations) for row in report.rows}
    assert rows == {
        ("car", "rectangle"): ("written", 5),
        ("car", "tag"): ("dropped", 1),
        ("pose", "skeleton"): ("dropped", 1),
    }
    assert report.size == (tmp_path / "mot.zip").stat().st_size
    assert report.members == len(zipfile.ZipFile(tmp_path / "mot.zip").namelist())
    assert str(report).startswith("MOT 1.1: 9 frames, 5 annotations written, 0 converted, 2 dropped\n")
    again = framehaul.Report.from_json(report.to_json())
    assert (again.rows, again.notes, str(again)) == (report.rows, report.notes, str(report))


def test_several_formats_return_a_report_each(tmp_path):
    source = TASK.backup(tmp_path / "task.zip")
    reports = framehaul.export(source, ["coco", "YOLO 1.1"], tmp_path / "out")
    assert list(reports) == ["COCO 1.0", "YOLO 1.1"]
    assert sorted(os.listdir(tmp_path / "out")) == ["COCO 1.0.zip", "YOLO 1.1.zip"]


def test_the_formats_that_fail_are_told_with_those_that_were_written(tmp_path):
    (tmp_path / "COCO 1.0.zip").touch()
    with pytest.raises(framehaul.PartialExportError) as caught:
        framehaul.export(TASK.backup(tmp_path / "task.zip"), ["coco", "yolo"], tmp_path)
    assert list(caught.value.reports) == ["YOLO 1.1"]
    (error,) = caught.value.errors.values()
    assert isinstance(error, FileExistsError)


@pytest.mark.parametrize(
    ("call", "code", "kinds"),
    [
        (lambda tmp: framehaul.open(tmp / "none.zip"), "not-found", (errors.SourceNotFoundError, FileNotFoundError)),
        (
            lambda tmp: framehaul.export(tmp / "task.zip", "coco", tmp / "there.zip"),
            "output-exists",
            (FileExistsError,),
        ),
        (lambda tmp: framehaul.export(tmp / "task.zip", "coco", tmp / "task.zip"), "bad-option", (ValueError,)),
        (lambda tmp: framehaul.export(tmp / "task.zip", "nonsense", tmp / "o.zip"), "unknown-format", (ValueError,)),
        (lambda tmp: framehaul.export(tmp / "task.zip", [], tmp / "o"), "bad-option", (ValueError,)),
        (lambda tmp: framehaul.export(tmp / "task.zip", "coco", tmp / "o.tar"), "bad-option", (ValueError,)),
        (lambda tmp: framehaul.export(tmp / "task.zip", "coco", tmp / "o.zip", strict=True), "dropped", (ValueError,)),
        (
            lambda tmp: framehaul.export(tmp / "task.zip", "coco", tmp / "o.zip", jobs=3),
            "not-found",
            (FileNotFoundError,),
        ),
    ],
)
def test_errors_have_codes_and_built_in_types_where_they_fit(tmp_path, call, code, kinds):
    TASK.backup(tmp_path / "task.zip")
    TASK.backup(tmp_path / "there.zip")
    with pytest.raises(framehaul.Error) as caught:
        call(tmp_path)
    assert caught.value.code == code
    for kind in kinds:
        assert isinstance(caught.value, kind)
    assert "\n" not in str(caught.value)
    assert sorted(os.listdir(tmp_path)) == ["task.zip", "there.zip"]


def test_errors_and_reports_pass_between_processes(tmp_path):
    (tmp_path / "COCO 1.0.zip").touch()
    with pytest.raises(framehaul.PartialExportError) as caught:
        framehaul.export(TASK.backup(tmp_path / "task.zip"), ["coco", "yolo"], tmp_path)
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
    assert again.reports["YOLO 1.1"].rows == caught.value.reports["YOLO 1.1"].rows
    assert again.errors["COCO 1.0"].code == "output-exists"
    assert again.errors["COCO 1.0"].place == caught.value.errors["COCO 1.0"].place


def test_progress_is_told_and_ends_at_the_last_frame(tmp_path):
    seen: list[framehaul.Progress] = []
    framehaul.export(TASK.backup(tmp_path / "task.zip"), "coco", tmp_path / "o.zip", progress=seen.append)
    assert all(isinstance(each, framehaul.Progress) for each in seen)
    assert seen[-1].frames == seen[-1].total_frames == 9
    assert seen[-1].chunks == seen[-1].total_chunks > 0
    assert [each.chunks for each in seen] == sorted(each.chunks for each in seen)


def test_what_progress_raises_stops_the_export_and_leaves_nothing(tmp_path):
    class StopError(Exception):
        pass

    def stop(_progress):
        raise StopError

    with pytest.raises(StopError):
        framehaul.export(TASK.backup(tmp_path / "task.zip"), "coco", tmp_path / "o.zip", progress=stop)
    assert os.listdir(tmp_path) == ["task.zip"]


def test_a_saved_dataset_opens_as_the_same(tmp_path):
    dataset = framehaul.open(TASK.backup(tmp_path / "task.zip"))
    dataset.save(tmp_path / "saved")
    again = framehaul.open(tmp_path / "saved")
    assert again.inspect() == dataset.inspect()
    with pytest.raises(FileExistsError):
        dataset.save(tmp_path / "saved")
    dataset.save(tmp_path / "saved", overwrite=True)
    for name, source in (("a", dataset), ("b", again)):
        framehaul.export(source, "coco", tmp_path / f"{name}.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_a_dataset_opens_from_text_and_from_a_path(tmp_path):
    source = TASK.backup(tmp_path / "task.zip")
    assert repr(framehaul.open(str(source))) == repr(framehaul.open(source))
    assert repr(framehaul.open(source)) == "<framehaul.Dataset: 1 tasks, 10 frames, 5 labels>"


def test_every_format_has_a_name_a_slug_and_a_page():
    infos = framehaul.formats()
    assert len({info.name for info in infos} | {info.slug for info in infos}) == 2 * len(infos)
    for info in infos:
        assert info.summary
        assert info.page.startswith("# ")


def test_importing_framehaul_loads_nothing_that_is_not_used():
    heavy = ["numpy", "orjson", "json", "lxml", "rich", "typer"]
    code = f"import sys, framehaul; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_command_line_loads_neither_rich_nor_numpy(tmp_path):
    TASK.backup(tmp_path / "task.zip")
    heavy = ["rich", "numpy", "lxml"]
    code = (
        "import sys\nfrom framehaul.cli import main\n"
        "try: main(['export', 'task.zip', '-f', 'coco', '-o', 'o.zip', '-q'])\n"
        f"except SystemExit as exit: print(exit.code, [name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout == "0 []\n"


def test_the_package_is_typed():
    assert (Path(framehaul.__file__).parent / "py.typed").exists()
