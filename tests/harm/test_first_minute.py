"""What a new user sees first: help, a last line that says what was written, and errors that say what to do."""

from __future__ import annotations

import json
import os
import re

import pytest

import framehaul
from backups import Job, Task, label, shape
from program import one_line

LINE = shape("polyline", "car", 1, [0, 0, 5, 5])
TASK = Task(labels=[label("car")], jobs=[Job(0, 2, shapes=[shape("rectangle", "car", 0, [1, 2, 3, 4]), LINE])])


@pytest.fixture
def task(tmp_path):
    return TASK.backup(tmp_path / "task.zip")


def test_without_arguments_the_help_is_printed(cli):
    done = cli()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == cli("--help").stdout
    assert "Usage: framehaul" in done.stdout


def test_an_export_ends_with_what_was_written(cli, task, tmp_path):
    out = tmp_path / "out.zip"
    last = cli("export", task, "-f", "coco", "-o", out).stdout.splitlines()[-1]
    assert re.fullmatch(rf"wrote {re.escape(str(out))} \({out.stat().st_size} bytes, 1 file, \d+\.\d\d s\)", last)
    last = cli("export", task, "-f", "yolo", "-o", f"{tmp_path}/folder/").stdout.splitlines()[-1]
    files = sum(len(set(names) - {".framehaul"}) for _, _, names in os.walk(tmp_path / "folder"))
    assert re.match(rf"wrote {tmp_path}/folder/ \([\d.]+ \w+, {files} files, ", last)
    last = cli("export", task, "-f", "coco,mot", "-o", tmp_path / "several").stdout.splitlines()[-1]
    assert last.startswith(f"wrote {tmp_path / 'several'} (2 archives, ")


def test_quiet_prints_nothing_at_all(cli, task, tmp_path):
    done = cli("export", task, "-f", "coco", "-o", tmp_path / "out.zip", "-q")
    assert (done.stdout, done.stderr) == ("", "")


def test_strict_lists_what_would_be_dropped_and_writes_the_report(cli, task, tmp_path):
    out, report = tmp_path / "out.zip", tmp_path / "report.json"
    done = cli("export", task, "-f", "coco", "-o", out, "--strict", "--report", report)
    one_line(done, "dropped", 1)
    assert re.search(r"car +polyline +1 +dropped", done.stdout)
    assert "wrote" not in done.stdout
    assert json.loads(report.read_text())["dropped"] == 1
    assert not out.exists()


def test_strict_with_several_formats_lists_what_each_would_drop(cli, task, tmp_path):
    report = tmp_path / "report.json"
    done = cli("export", task, "-f", "coco,cvat-images,mot", "-o", tmp_path / "o", "--strict", "--report", report)
    assert done.returncode == 1
    assert [line.split(":")[1].strip() for line in done.stderr.splitlines()] == ["COCO 1.0", "MOT 1.1"]
    assert {each["format"]: each["dropped"] for each in json.loads(report.read_text())} == {
        "CVAT for images 1.1": 0,
        "COCO 1.0": 1,
        "MOT 1.1": 1,
    }
    assert [path.name for path in (tmp_path / "o").iterdir()] == ["CVAT for images 1.1.zip"]


def test_in_python_the_error_has_the_report(task, tmp_path):
    with pytest.raises(framehaul.DroppedError) as raised:
        framehaul.export(task, "coco", tmp_path / "o.zip", strict=True)
    assert raised.value.report is not None
    assert (raised.value.report.dropped, raised.value.report.written) == (1, 1)


def test_words_of_the_operating_system_are_ours(cli, task, tmp_path):
    locked = tmp_path / "locked.zip"
    locked.write_bytes(task.read_bytes())
    locked.chmod(0)
    cases = [
        ([tmp_path / "none.zip"], "there is no such file or folder"),
        ([task / "inside"], "a part of the path is a file, not a folder"),
        ([tmp_path / ("x" * 300)], "the file system does not take this name"),
    ]
    if os.access(locked, os.R_OK):  # the superuser may read everything
        locked.chmod(0o600)
    else:
        cases.append(([locked], "the file system does not allow this"))
    for arguments, words in cases:
        done = cli("inspect", *arguments)
        assert done.returncode == 1
        assert words in done.stderr
        assert "os error" not in done.stderr
        assert "Errno" not in done.stderr
        assert done.stderr.count("\n") == 1
