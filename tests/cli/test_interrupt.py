"""Ctrl-C and a polite request to end: exit code 130, one line, nothing left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import framehaul
from generate import Task, backup
from program import PROGRAM


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    folder = tmp_path_factory.mktemp("large")
    framehaul.open(backup(Task(frames=200_000, tracks=20, every=100), folder / "task.zip")).save(folder / "saved")
    return folder / "saved"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("out", ["out.zip", "out/"])
def test_a_signal_in_the_middle_stops_the_export_and_leaves_nothing(large, tmp_path, number, out):
    command = [PROGRAM, "export", large, "-f", "cvat-images", "-o", f"{tmp_path}/{out}", "--compression", "best"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not os.listdir(tmp_path):  # until the temporary output is there
        assert child.poll() is None, child.communicate()
        time.sleep(0.005)
    child.send_signal(number)
    sent = time.monotonic()
    stdout, stderr = child.communicate(timeout=30)
    assert (child.returncode, stdout) == (130, "")
    assert stderr == "error[interrupted]: stopped by the user; nothing half-written is left\n"
    assert time.monotonic() - sent < 5
    assert os.listdir(tmp_path) == []


def open_files(pid: int) -> list[str]:
    found = []
    for number in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):  # closed in the meantime
            found.append(str(Path(f"/proc/{pid}/fd/{number}").readlink()))
    return found


def test_a_signal_while_the_source_is_read_stops_too(tmp_path):
    source = backup(Task(frames=100_000, tracks=20, every=4), tmp_path / "task.zip")
    child = subprocess.Popen([PROGRAM, "inspect", source], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while str(source) not in open_files(child.pid):
        assert child.poll() is None, child.communicate()
        time.sleep(0.005)
    child.send_signal(signal.SIGINT)
    sent = time.monotonic()
    _, stderr = child.communicate(timeout=30)
    assert (child.returncode, stderr.count("\n")) == (130, 1), stderr
    assert time.monotonic() - sent < 5


# A clock from outside meets the worst moments by chance only; from inside they are met each time.
FROM_INSIDE = """
import signal, sys
from framehaul import _core
from framehaul.cli import main

whole = _core.export
def export(*arguments, **options):
    {before}
    made = whole(*arguments, **options)
    {behind}
    return made
_core.export = export
{first}
main(sys.argv[1:])
"""


def interrupted_from_inside(out, *arguments, before="pass", behind="pass", first="pass"):
    code = FROM_INSIDE.format(before=before, behind=behind, first=first)
    command = [sys.executable, "-c", code, "export", "sample", "-f", "coco", "-o", out, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("out", ["out.zip", "out/"])
def test_a_signal_behind_the_export_changes_nothing(tmp_path, number, out):
    report = tmp_path / "report.json"
    done = interrupted_from_inside(f"{tmp_path}/{out}", "--report", report, behind=f"signal.raise_signal({number:d})")
    assert (done.returncode, done.stderr) == (0, "")
    assert framehaul.Report.from_json(report.read_bytes()).text() == done.stdout[: done.stdout.index("\nwrote ")]
    assert sorted(os.listdir(tmp_path)) == [out.removesuffix("/"), "report.json"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("formats", [(), ("-f", "yolo")])
def test_a_signal_just_before_the_export_stops_it(tmp_path, number, formats):
    out = tmp_path / ("out" if formats else "out.zip")
    done = interrupted_from_inside(out, *formats, before=f"signal.raise_signal({number:d})")
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "error[interrupted]: stopped by the user; nothing half-written is left\n"
    assert os.listdir(tmp_path) == []


def test_ctrl_c_that_is_ignored_stays_ignored(tmp_path):
    # As a shell starts its jobs in the background.
    done = interrupted_from_inside(
        tmp_path / "out.zip",
        first="signal.signal(signal.SIGINT, signal.SIG_IGN)",
        before="signal.raise_signal(signal.SIGINT)",
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert os.listdir(tmp_path) == ["out.zip"]


@pytest.mark.parametrize(
    "module", ["dataclasses", "datetime", "json", "json.decoder", "orjson", "orjson.orjson", "uuid"]
)
def test_ctrl_c_while_a_report_loads_what_it_needs_is_no_crash(tmp_path, module):
    # A module that is compiled may not expect that importing another one is interrupted: orjson does not.
    code = """
import signal, sys, framehaul

class Interrupting:
    def find_spec(name, path=None, target=None):
        if name == sys.argv[2]:
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Interrupting)
try:
    framehaul.export("sample", "coco", sys.argv[1])
except KeyboardInterrupt:
    print("interrupted")
"""
    command = [sys.executable, "-c", code, tmp_path / "out.zip", module]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "interrupted\n", "")
