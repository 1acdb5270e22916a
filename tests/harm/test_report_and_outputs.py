"""Reports and outputs that cannot be written are refused before the work, in plain words."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from program import PROGRAM


def one_line(done: subprocess.CompletedProcess[str], code: str, exit_code: int) -> str:
    assert (done.returncode, done.stdout) == (exit_code, ""), done
    assert done.stderr.startswith(f"error[{code}]: "), done.stderr
    assert done.stderr.count("\n") == 1
    for raw in ("os error", "Errno", "No such file", "Traceback"):
        assert raw not in done.stderr, done.stderr
    return done.stderr


def test_a_report_into_a_missing_folder_is_refused_before_the_export(cli, tmp_path):
    done = cli("export", "sample", "-f", "coco", "-o", tmp_path / "o.zip", "--report", tmp_path / "none/report.json")
    assert "report.json" in one_line(done, "not-writable", 1)
    assert os.listdir(tmp_path) == []


def test_only_a_report_is_replaced_by_a_report(cli, tmp_path):
    report = tmp_path / "report.json"
    arguments = ("export", "sample", "-f", "coco", "-q", "-o", tmp_path / "o.zip", "--report", report)
    assert cli(*arguments).returncode == 0
    one_line(cli(*arguments), "output-exists", 1)
    assert cli(*arguments, "--overwrite").returncode == 0
    for mine in ('{"images": [], "annotations": []}', "# notes", '["format"]'):
        report.write_text(mine)
        assert "report.json" in one_line(cli(*arguments, "--overwrite"), "output-exists", 1)
        assert report.read_text() == mine


def test_the_report_of_several_formats_is_replaced_too(cli, tmp_path):
    report = tmp_path / "report.json"
    arguments = ("export", "sample", "-f", "coco", "-f", "mot", "-q", "-o", tmp_path / "o", "--report", report)
    for _ in range(2):
        assert cli(*arguments, "--overwrite").returncode == 0
    assert [each["format"] for each in json.loads(report.read_text())] == ["COCO 1.0", "MOT 1.1"]


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="a device of Unix")
def test_a_device_is_not_replaced_by_a_report(cli, tmp_path):
    done = cli("export", "sample", "-f", "coco", "-o", tmp_path / "o.zip", "--report", "/dev/null", "--overwrite")
    one_line(done, "not-writable", 1)
    assert os.listdir(tmp_path) == []


def test_several_formats_do_not_go_into_an_archive(cli, tmp_path):
    done = cli("export", "sample", "-f", "coco", "-f", "mot", "-o", tmp_path / "x.zip")
    assert "folder" in one_line(done, "bad-option", 2)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("out", ["none/o.zip", "none/o/", "file/o.zip", "file/o/", "file/"])
def test_an_output_that_has_no_place_is_told_in_plain_words(cli, tmp_path, out):
    (tmp_path / "file").write_text("")
    done = cli("export", "sample", "-f", "coco", "-o", f"{tmp_path}/{out}", "--overwrite")
    one_line(done, "not-writable", 1)


@pytest.mark.parametrize("out", ["file", "file/below"])
def test_a_folder_for_several_formats_that_cannot_be_made_is_told_in_plain_words(cli, tmp_path, out):
    (tmp_path / "file").write_text("")
    one_line(cli("export", "sample", "-f", "coco", "-f", "mot", "-o", tmp_path / out), "not-writable", 1)


@pytest.mark.parametrize(
    "arguments",
    [["export", "sample", "-f", "coco", "-o", "o.zip"], ["formats"], ["formats", "coco"], ["inspect", "sample"]],
)
def test_without_a_standard_output_the_work_is_done(tmp_path, arguments):
    script = 'exec "$0" "$@" >&-'
    done = subprocess.run(
        ["sh", "-c", script, PROGRAM, *arguments], stderr=subprocess.PIPE, text=True, cwd=tmp_path, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
