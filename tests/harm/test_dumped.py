"""The <dumped> of CVAT XML comes from the source, so that the same source gives the same bytes at any time."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import time
import zipfile

import pytest

import framehaul
from backups import Job, Task, label, project, shape

TASK = Task(labels=[label("car")], jobs=[Job(0, 1, shapes=[shape("rectangle", "car", 0, [1, 2, 3, 4])])])


@pytest.fixture
def dumped(tmp_path, monkeypatch):
    """What an export of a source has as <dumped>."""
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)

    def read(source, name="cvat-images", **options) -> str:
        framehaul.export(source, name, tmp_path / "out.zip", overwrite=True, **options)
        xml = zipfile.ZipFile(tmp_path / "out.zip").read("annotations.xml").decode()
        return re.search("<dumped>(.*)</dumped>", xml)[1]

    return read


def dated(path, *times):
    """The backup with these times for its members, one after another."""
    members = {}
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for place, (name, content) in enumerate(members.items()):
            archive.writestr(zipfile.ZipInfo(name, times[place % len(times)]), content)
    return path


@pytest.mark.parametrize("name", ["cvat-images", "cvat-video"])
def test_of_a_backup_it_is_the_newest_time_among_its_members(dumped, tmp_path, name):
    source = dated(TASK.backup(tmp_path / "task.zip"), (2024, 5, 1, 10, 0, 0), (2024, 5, 3, 9, 59, 58))
    assert dumped(source, name) == "2024-05-03 09:59:58+00:00"


def test_of_a_project_too(dumped, tmp_path):
    source = dated(project(tmp_path / "project.zip", TASK, TASK), (2024, 5, 1, 10, 0, 0), (2023, 5, 3, 9, 59, 58))
    assert dumped(source) == "2024-05-01 10:00:00+00:00"


def test_of_answers_of_a_server_it_is_the_date_of_the_last_change(dumped, tmp_path):
    folder = TASK.server(tmp_path / "server")
    task = json.loads((folder / "task.json").read_text())
    task["updated_date"] = "2024-03-21T20:50:05.694000Z"
    (folder / "task.json").write_text(json.dumps(task))
    assert dumped(folder) == "2024-03-21 20:50:05.694000+00:00"


def test_of_an_unpacked_backup_it_is_the_newest_time_among_its_files(dumped, tmp_path):
    with zipfile.ZipFile(TASK.backup(tmp_path / "task.zip")) as archive:
        archive.extractall(tmp_path / "task")
    for place, path in enumerate(sorted((tmp_path / "task").rglob("*.json*"))):
        os.utime(path, (1_000_000_000 + place, 1_000_000_000 - place))
    assert dumped(tmp_path / "task") == "2001-09-09 01:46:40+00:00"


def test_a_saved_dataset_keeps_it(dumped, tmp_path):
    source = dated(TASK.backup(tmp_path / "task.zip"), (2024, 5, 1, 10, 0, 0))
    framehaul.open(source).save(tmp_path / "saved")
    assert dumped(tmp_path / "saved") == "2024-05-01 10:00:00+00:00"


def test_two_exports_at_different_times_are_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    source = TASK.backup(tmp_path / "task.zip")
    framehaul.export(source, "cvat-video", tmp_path / "a.zip")
    time.sleep(0.01)
    framehaul.export(source, "cvat-video", tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_source_date_epoch_goes_before_the_source_and_dumped_now_before_both(dumped, tmp_path, monkeypatch, cli):
    source = dated(TASK.backup(tmp_path / "task.zip"), (2024, 5, 1, 10, 0, 0))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert dumped(source) == "1970-01-02 00:00:00+00:00"
    before = dt.datetime.now(dt.timezone.utc)
    assert before <= dt.datetime.fromisoformat(dumped(source, dumped="now"))
    assert cli("export", source, "-f", "cvat-video", "-o", tmp_path / "n.zip", "--dumped", "now").returncode == 0
    xml = zipfile.ZipFile(tmp_path / "n.zip").read("annotations.xml").decode()
    assert f"<dumped>{before.year}" in xml
    with pytest.raises(framehaul.UsageError, match="expected source or now"):
        dumped(source, dumped="then")
