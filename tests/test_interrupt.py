"""Ctrl-C and a polite request to end: exit code 130, one line, nothing left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
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
