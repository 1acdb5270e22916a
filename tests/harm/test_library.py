"""What one expects of the library without reading its documentation."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import framehaul
from backups import Job, Task, keyframe, label, project, shape, tag, track


def task(name: str, **more) -> Task:
    job = Job(
        0,
        4,
        tags=[tag("car", 1)],
        shapes=[shape("rectangle", "car", 0, [1, 2, 3, 4]), shape("rectangle", "car", 3, [1, 2, 3, 4])],
        tracks=[track("car", keyframe("rectangle", 0, [0, 0, 1, 1]), keyframe("rectangle", 2, [1, 1, 2, 2]))],
    )
    return Task(name=name, labels=[label("car")], jobs=[job], **more)


@pytest.fixture
def source(tmp_path):
    return project(tmp_path / "project.zip", task("day", deleted=[1, 2]), task("night"))


@pytest.fixture
def dataset(source):
    return framehaul.open(source)


def test_a_folder_can_be_a_path(source, tmp_path):
    framehaul.export(source, "coco", tmp_path / "new", folder=True)
    assert (tmp_path / "new" / "annotations").is_dir()
    framehaul.export(source, "coco", Path(f"{tmp_path}/odd.zip"), folder=True)
    assert (tmp_path / "odd.zip" / "annotations").is_dir()
    (tmp_path / "there").mkdir()
    framehaul.export(source, "coco", tmp_path / "there")
    assert (tmp_path / "there" / "annotations").is_dir()
    with pytest.raises(framehaul.UsageError, match="nor a folder"):
        framehaul.export(source, "coco", tmp_path / "missing")


def test_a_format_info_is_a_format(source, tmp_path):
    coco, mot = (info for info in framehaul.formats() if info.slug in ("coco", "mot"))
    assert framehaul.export(source, coco, tmp_path / "coco.zip").format == "COCO 1.0"
    assert list(framehaul.export(source, [mot, "coco"], tmp_path / "out")) == ["MOT 1.1", "COCO 1.0"]


@pytest.mark.parametrize(
    ("name", "rows"), [("tags", [1, 1]), ("shapes", [2, 2]), ("tracks", [1, 1]), ("keyframes", [2, 2])]
)
def test_each_table_says_which_task_a_row_belongs_to(dataset, name, rows):
    table = getattr(dataset.tables, name)
    assert pl.DataFrame(table)["task"].to_list() == ["day"] * rows[0] + ["night"] * rows[1]
    np.testing.assert_array_equal(table.column("task").indices, [0] * rows[0] + [1] * rows[1])


def test_the_images_of_a_project_say_their_task_too(tmp_path):
    images = {"images": [(f"{number}.jpg", 10, 10) for number in range(5)]}
    dataset = framehaul.open(project(tmp_path / "p.zip", task("day", **images), task("night", **images)))
    assert pl.DataFrame(dataset.tables.images)["task"].to_list() == ["day"] * 5 + ["night"] * 5


def test_a_saved_dataset_has_the_same_tables(dataset, tmp_path):
    dataset.save(tmp_path / "saved")
    saved = framehaul.open(tmp_path / "saved")
    assert pl.DataFrame(saved.tables.shapes).equals(pl.DataFrame(dataset.tables.shapes))


def test_frames_can_be_iterated_whatever_is_deleted(dataset):
    day, night = dataset.tasks
    assert day.deleted_frames == [1, 2]
    assert day.frame_numbers == [0, 3, 4]
    assert [frame.frame for frame in day] == [0, 3, 4]
    assert [frame.frame for frame in night.frames([4, 0])] == [4, 0]
    assert [len(frame.annotations) for frame in day] == [2, 2, 1]
    with pytest.raises(framehaul.SourceNotFoundError):
        day.frame(1)


def test_tasks_say_what_inspect_says(dataset):
    for task, found in zip(dataset.tasks, dataset.inspect()["tasks"], strict=True):
        assert (task.number, task.name, task.size) == (found["number"], found["name"], found["frames"])
        assert (task.subset, task.media, task.dimension) == (found["subset"], found["media"], found["dimension"])
        assert len(task.deleted_frames) == found["deleted_frames"]
        assert [job._asdict() for job in task.jobs] == found["jobs"]


def test_every_error_can_be_imported_from_the_top():
    from framehaul import errors

    for name, each in vars(errors).items():
        if isinstance(each, type) and issubclass(each, framehaul.Error):
            assert getattr(framehaul, name) is each
            assert name in framehaul.__all__


def test_the_error_of_strict_survives_pickling_with_its_report(source, tmp_path):
    with pytest.raises(framehaul.DroppedError) as raised:
        framehaul.export(source, "mot", tmp_path / "o.zip", strict=True)
    again = pickle.loads(pickle.dumps(raised.value))
    assert str(again) == str(raised.value)
    assert again.report.dropped == raised.value.report.dropped > 0


def test_tables_and_tasks_show_what_they_are(dataset):
    assert repr(dataset.tables).startswith("<framehaul.Tables: images (0 rows), tags (2 rows), shapes (4 rows)")
    assert repr(dataset.tables.tags).startswith("<framehaul.Table tags: 2 rows; task, frame, label")
    assert repr(dataset.tasks[1]) == "<framehaul.Task 1 'night': 5 frames, 1 jobs>"
