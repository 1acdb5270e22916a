"""The same bytes, whatever the number of threads and the kind of source."""

from __future__ import annotations

import hashlib

import pytest

import framehaul
from generate import Task as Large
from generate import backup
from sample import SAMPLE

FORMATS = [info.name for info in framehaul.formats()]


@pytest.fixture(autouse=True)
def fixed_clock(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Enough frames for many chunks, and small ones: a format of bitmaps writes every pixel."""
    task = Large(frames=3000, tracks=6, polygons=1, masks=1, width=128, height=96)
    return framehaul.open(backup(task, tmp_path_factory.mktemp("large") / "task.zip"))


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("compression", ["none", "fast", "best"])
def test_the_bytes_do_not_depend_on_the_number_of_threads(large, tmp_path, name, compression):
    made = set()
    for threads in (1, 2, 8):
        out = tmp_path / f"{threads}.zip"
        framehaul.export(large, name, out, threads=threads, compression=compression)
        made.add(hashlib.sha256(out.read_bytes()).digest())
        out.unlink()
    assert len(made) == 1


@pytest.mark.parametrize("name", FORMATS)
def test_a_saved_dataset_gives_the_same_bytes(large, tmp_path, name):
    large.save(tmp_path / "saved")
    framehaul.export(large, name, tmp_path / "a.zip")
    framehaul.export(tmp_path / "saved", name, tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


@pytest.mark.parametrize("name", [name for name in FORMATS if not name.startswith("CVAT")])
def test_a_backup_and_server_answers_give_the_same_bytes(tmp_path, name):
    # CVAT XML also prints ids, dates and people, of which a backup knows nothing.
    framehaul.export(SAMPLE.backup(tmp_path / "task.zip"), name, tmp_path / "a.zip")
    framehaul.export(SAMPLE.server(tmp_path / "server"), name, tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
