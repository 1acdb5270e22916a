"""A frame whose files are larger than what a worker keeps: they are written before all of them are made."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile

import pytest

import framehaul
from generate import Task, backup

MASKS = 400
# A PNG of so many pixels of one colour has a quarter of a megabyte, since deflate cannot make it smaller: 100 MB.
TASK = Task(frames=2, polygons=MASKS, images=True, width=16384, height=16384)

RUN = """
import re, sys
import framehaul
framehaul.export(sys.argv[1], "Open Images V6 1.0", sys.argv[2], threads=2)
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return backup(TASK, tmp_path_factory.mktemp("large") / "task.zip")


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is Linux's")
def test_memory_does_not_grow_with_the_files_of_a_frame(source, tmp_path):
    out = tmp_path / "out.zip"
    command = [sys.executable, "-c", RUN, source, out]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert out.stat().st_size > 190 << 20
    assert int(printed) < 150 << 10


def test_files_of_a_frame_are_whole_and_in_order_whatever_the_threads(source, tmp_path):
    written = {}
    for threads in (1, 3):
        out = tmp_path / f"{threads}.zip"
        report = framehaul.export(source, "Open Images V6 1.0", out, threads=threads)
        with zipfile.ZipFile(out) as archive:
            assert archive.testzip() is None
            written[threads] = [(member.filename, member.CRC, member.file_size) for member in archive.infolist()]
        assert (report.frames, report.annotations) == (2, 2 * MASKS)
    masks = [re.fullmatch(r"masks/default/(.*)\.png", name) for name, _, _ in written[1]]
    assert sum(mask is not None for mask in masks) == 2 * MASKS
    assert written[1] == written[3]


def test_an_export_that_is_stopped_in_the_middle_of_a_frame_leaves_nothing(source, tmp_path):
    calls = []

    def stop(progress):
        calls.append(progress)
        if len(calls) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        framehaul.export(source, "Open Images V6 1.0", tmp_path / "out.zip", progress=stop)
    assert calls[-1].chunks < 2
    assert list(tmp_path.iterdir()) == []
