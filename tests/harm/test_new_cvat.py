"""Sources of later versions of CVAT: a word that is not known never refuses a source, and the report names it."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

import framehaul
from backups import Job, Task, attribute, keyframe, label, project, shape, tag, track

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BOX = [10.0, 10.0, 50.0, 40.0]
WORD = "something-new"
TASK = Task(
    [label("car", attribute("colour"))],
    [
        Job(
            0, 3, tags=[tag("car", 0)], shapes=[shape("rectangle", "car", 0, BOX), shape("polygon", "car", 1, BOX * 2)]
        ),
        Job(4, 7, shapes=[shape("rectangle", "car", 5, BOX)], tracks=[track("car", keyframe("rectangle", 4, BOX))]),
    ],
)

Edit = "Callable[[Any], object]"


def edited(source: Path, name: str, edit: Callable[[Any], object]) -> Path:
    """Changes a JSON file of a backup or a folder."""
    if source.is_dir():
        content = json.loads((source / name).read_bytes())
        edit(content)
        (source / name).write_text(json.dumps(content))
        return source
    with zipfile.ZipFile(source) as archive:
        members = {each: archive.read(each) for each in archive.namelist()}
    content = json.loads(members[name])
    edit(content)
    members[name] = json.dumps(content).encode()
    with zipfile.ZipFile(source, "w") as archive:
        for each, text in members.items():
            archive.writestr(each, text)
    return source


def put(*path: str | int, value: object = WORD) -> Callable[[Any], object]:
    """Sets a value deep in a JSON document."""

    def edit(content: Any) -> None:
        for key in path[:-1]:
            content = content[key]
        content[path[-1]] = value

    return edit


def exported(source: Path, tmp_path: Path, **options: Any) -> framehaul.Report:
    return framehaul.export(source, "cvat-images", tmp_path / "out.zip", overwrite=True, **options)


def notes(report: framehaul.Report) -> dict[str, str]:
    return {note.message: note.place for note in report.notes if WORD in note.message}


@pytest.mark.parametrize(
    ("name", "edit", "what", "place", "written"),
    [
        ("task.json", put("jobs", 0, "status"), "job status", 'task "task", job 0', 5 + 3),
        ("task.json", put("data", "chunk_type"), "chunk type", 'task "task"', 5 + 3),
        ("task.json", put("data", "sorting_method"), "sorting method", 'task "task"', 5 + 3),
        ("task.json", put("data", "storage"), None, "", 5 + 3),
        ("task.json", put("data", "storage_method"), None, "", 5 + 3),
        ("task.json", put("status"), None, "", 5 + 3),
        ("task.json", put("data", "validation_layout", value={"mode": WORD}), "validation mode", 'task "task"', 5 + 3),
        ("task.json", put("labels", 0, "type"), "label type", 'label "car"', 5 + 3),
        ("task.json", put("labels", 0, "attributes", 0, "input_type"), "input type", 'label "car"', 5 + 3),
        ("task.json", put("jobs", 1, "type"), "a job of the type", 'task "task", job 1', 3),
        ("annotations.json", put(0, "shapes", 0, "type"), "shapes of the type", 'task "task", job 0, frame 0', 5 + 2),
        ("annotations.json", put(0, "shapes", 0, "source"), None, "", 5 + 3),
        ("annotations.json", put(1, "tracks", 0, "shapes", 0, "type"), "tracks of the type", 'task "task", job 1', 4),
    ],
)
def test_an_unknown_word_in_a_backup_is_noted_and_the_rest_is_exported(
    name: str, edit: Any, what: str | None, place: str, written: int, tmp_path: Path
) -> None:
    source = edited(TASK.backup(tmp_path / "task.zip"), name, edit)
    report = exported(source, tmp_path)
    assert report.annotations == written
    found = notes(report)
    assert [what in message and at.startswith(place) for message, at in found.items()] == [True] * (what is not None)
    listed = framehaul.open(source).inspect()["notes"]
    assert [note["message"] for note in listed] == list(found)


@pytest.mark.parametrize(
    ("name", "edit", "what"),
    [
        ("jobs.json", put("results", 0, "state"), "job state"),
        ("jobs.json", put("results", 0, "stage"), None),
        ("jobs.json", put("results", 1, "type"), "a job of the type"),
        ("task.json", put("validation_mode"), "validation mode"),
        ("task.json", put("status"), None),
        ("task.json", put("data_compressed_chunk_type"), None),
        ("labels.json", put("results", 0, "type"), "label type"),
        ("labels.json", put("results", 0, "attributes", 0, "input_type"), "input type"),
        ("job_1/annotations.json", put("shapes", 0, "type"), "shapes of the type"),
        ("job_2/annotations.json", put("tracks", 0, "shapes", 0, "type"), "tracks of the type"),
    ],
)
def test_an_unknown_word_of_a_server_is_noted(name: str, edit: Any, what: str | None, tmp_path: Path) -> None:
    source = edited(TASK.server(tmp_path / "server"), name, edit)
    found = notes(exported(source, tmp_path))
    assert [what in message for message in found] == [True] * (what is not None)


@pytest.mark.parametrize("field", ["mode", "dimension", "media_type"])
def test_a_single_task_of_an_unknown_kind_is_one_error_that_names_the_word(field: str, tmp_path: Path) -> None:
    source = edited(TASK.server(tmp_path / "server"), "task.json", put(field))
    with pytest.raises(framehaul.Error, match=WORD) as caught:
        framehaul.open(source)
    assert caught.value.code == "unsupported"


def test_null_stands_for_a_missing_word(tmp_path: Path) -> None:
    source = TASK.server(tmp_path / "server")
    for field in ("mode", "dimension", "media_type", "validation_mode"):
        edited(source, "task.json", put(field, value=None))
    with pytest.raises(framehaul.Error, match="pictures are listed"):
        framehaul.open(source)  # a video needs its mode
    edited(source, "task.json", put("mode", value="interpolation"))
    for field in ("state", "type", "parent_job_id"):
        edited(source, "jobs.json", put("results", 0, field, value=None))
    edited(source, "labels.json", put("results", 0, "type", value=None))
    assert exported(source, tmp_path).annotations == 5 + 3


@pytest.mark.parametrize("word", ["replica", "consensus_replica"])
def test_a_replica_is_left_out_by_both_of_its_names(word: str, written: Callable[[Task], Path], tmp_path: Path) -> None:
    source = written(TASK)
    jobs = put("jobs", 1, "type", value=word) if source.is_file() else put("results", 1, "type", value=word)
    edited(source, "task.json" if source.is_file() else "jobs.json", jobs)
    report = exported(source, tmp_path)
    assert (report.annotations, notes(report)) == (3, {})
    assert [job["type"] for job in framehaul.open(source).inspect()["tasks"][0]["jobs"]] == ["annotation", "replica"]


def test_a_job_with_a_parent_is_a_replica_whatever_its_type(tmp_path: Path) -> None:
    source = edited(TASK.server(tmp_path / "server"), "jobs.json", put("results", 1, "parent_job_id", value=1))
    assert exported(source, tmp_path).annotations == 3


def test_a_job_of_unknown_type_that_is_asked_for_is_an_error(cli: Any, tmp_path: Path) -> None:
    source = edited(TASK.backup(tmp_path / "task.zip"), "task.json", put("jobs", 1, "type"))
    done = cli("export", source, "-f", "coco", "-o", tmp_path / "out.zip", "--job", 1)
    assert done.returncode == 1
    assert done.stderr.startswith("error[unsupported]")
    assert WORD in done.stderr
    assert not (tmp_path / "out.zip").exists()


def test_strict_counts_what_was_left_out_when_the_source_was_read(cli: Any, tmp_path: Path) -> None:
    source = edited(TASK.backup(tmp_path / "task.zip"), "annotations.json", put(0, "shapes", 0, "type"))
    done = cli("export", source, "-f", "cvat-images", "-o", tmp_path / "out.zip", "--strict")
    assert (done.returncode, (tmp_path / "out.zip").exists()) == (1, False)
    assert done.stderr.startswith("error[dropped]")


def test_a_saved_dataset_keeps_its_notes(tmp_path: Path) -> None:
    source = edited(TASK.backup(tmp_path / "task.zip"), "task.json", put("jobs", 1, "type"))
    dataset = framehaul.open(source)
    dataset.save(tmp_path / "saved")
    saved = framehaul.open(tmp_path / "saved")
    assert saved.inspect() == dataset.inspect()
    assert notes(exported(tmp_path / "saved", tmp_path)) == notes(exported(source, tmp_path)) != {}


def test_inspect_shows_the_notes(cli: Any, tmp_path: Path) -> None:
    source = edited(TASK.backup(tmp_path / "task.zip"), "task.json", put("jobs", 1, "type"))
    assert f'note: a job of the type "{WORD}", which is not known, is left out' in cli("inspect", source).stdout


AUDIO = put("data", "chunk_type", value="audio_mp3")


def test_an_audio_task_says_that_it_is_one(cli: Any, tmp_path: Path) -> None:
    backup = edited(TASK.backup(tmp_path / "task.zip"), "task.json", AUDIO)
    server = TASK.server(tmp_path / "server")
    edited(server, "task.json", put("media_type", value="audio"))
    older = TASK.server(tmp_path / "older")
    edited(older, "task.json", put("dimension", value="1d"))
    bare = Task([label("event", kind="interval")], [Job(0, 3)]).backup(tmp_path / "bare.zip", manifest=None)
    for source in (backup, server, older, bare):
        done = cli("export", source, "-f", "coco", "-o", tmp_path / "out.zip")
        assert done.returncode == 1
        assert done.stderr.startswith("error[unsupported]: this is an audio task"), done.stderr
        assert done.stderr.count("\n") == 1
        assert not (tmp_path / "out.zip").exists()


def test_a_project_leaves_out_its_audio_tasks_unless_it_has_no_others(tmp_path: Path) -> None:
    source = project(tmp_path / "project.zip", TASK, TASK)
    edited(source, "task_0/task.json", AUDIO)
    report = exported(source, tmp_path)
    assert report.annotations == 5 + 3
    assert [(note.message[:19], note.place) for note in report.notes] == [("a task is left out:", 'task "task"')]
    edited(source, "task_1/task.json", AUDIO)
    with pytest.raises(framehaul.Error, match="audio task"):
        framehaul.open(source)


def test_a_manifest_of_an_unknown_type_is_an_error_that_names_it(tmp_path: Path) -> None:
    source = tmp_path / "task.zip"
    TASK.backup(source, manifest=b'{"version":"1.1"}\n{"type":"%s"}\n' % WORD.encode())
    with pytest.raises(framehaul.Error, match=WORD):
        framehaul.open(source)
