"""A saved dataset that changes while it is open: what was opened stays what it was, and the process survives."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import framehaul

if TYPE_CHECKING:
    from pathlib import Path

# Runs in a process of its own: on a mapped file each of these ends with SIGBUS or SIGABRT.
SCRIPT = """
import os, sys, framehaul
folder, change = sys.argv[1:]
dataset = framehaul.open(folder)
for name in sorted(os.listdir(folder)):
    path = os.path.join(folder, name)
    if change == "truncate":
        os.truncate(path, 10)
    elif change == "remove":
        os.remove(path)
    else:
        with open(path, "r+b") as file:
            size = os.path.getsize(path)
            file.write(bytes([int(change)]) * size)
framehaul.export(dataset, "coco", folder + ".zip")
"""


@pytest.mark.parametrize("change", ["truncate", "remove", "0", "127", "255"])
def test_an_open_dataset_does_not_see_what_happens_to_its_files(change: str, tmp_path: Path) -> None:
    framehaul.open("sample").save(tmp_path / "saved")
    framehaul.export(tmp_path / "saved", "coco", tmp_path / "before.zip")
    run = [sys.executable, "-c", SCRIPT, str(tmp_path / "saved"), change]
    done = subprocess.run(run, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "saved.zip").read_bytes() == (tmp_path / "before.zip").read_bytes()


@pytest.mark.skipif(sys.platform != "linux", reason="needs sparse files")
def test_a_file_that_claims_more_than_the_memory_is_one_error(cli, tmp_path: Path) -> None:
    framehaul.open("sample").save(tmp_path / "saved")
    os.truncate(tmp_path / "saved" / "shapes.arrow", 1 << 43)
    done = cli("inspect", tmp_path / "saved")
    assert done.returncode == 1
    assert done.stderr.startswith("error[too-large]: the file is larger than the memory"), done.stderr
    assert done.stderr.count("\n") == 1
