"""A frame whose files are larger than what a worker keeps: they are written before all of them are made."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from PIL import Image

import framehaul
from framehaul import mask
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


@pytest.mark.parametrize("compression", ["none", "fast"])
def test_a_file_that_is_larger_than_that_is_whole_too(tmp_path, compression):
    task = Task(frames=2, polygons=5, images=True, width=5000, height=4000)
    source = backup(task, tmp_path / "task.zip")
    framehaul.export(source, "ICDAR Segmentation 1.0", tmp_path / "out.zip", compression=compression)
    framehaul.export(source, "ICDAR Segmentation 1.0", f"{tmp_path / 'out'}/", threads=1)
    shapes = framehaul.open(source)
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        names = archive.namelist()
        assert [name.rsplit("_GT.", 1)[1] for name in names] == ["txt", "bmp"] * 2
        for frame, name in enumerate(names[1::2]):
            content = archive.read(name)
            assert content == (tmp_path / "out" / name).read_bytes()
            image = np.asarray(Image.open(io.BytesIO(content)))
            assert image.shape == (4000, 5000, 3)
            polygons = [shape.points for shape in shapes.frame(0, frame).annotations]
            painted = mask.decode(mask.merge([mask.from_polygons(p, height=4000, width=5000) for p in polygons]))
            assert np.array_equal((image != 255).any(axis=2), painted.astype(bool))


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
