"""Exports of 100 000 frames beside the least that any exporter must do.

    pytest benches/test_export.py --benchmark-enable --benchmark-sort=name [-k "video and coco"]

Of each format that writes text, all in this process and warm:

* *floor* compresses and writes the bytes of the export, which exist already, with the same library, level, threads and
  archive: no exporter with this compression can be faster;
* *export* makes them too, from a dataset that is open;
* *open-and-export* reads the backup first, as a user does who exports once.

Floor and export take turns, and only one of them counts: the machine has its states, and bytes that were packed a
moment ago lie in the processor's caches, as those of an export never do.

The table of a group shows behind each time how many times the least of its group it is: of *export* that is its ratio
to the floor. Formats that hold none of these shapes, such as the lists of ImageNet, count them without a visit to each
frame and have floors of a few milliseconds: as much as merging the jobs and starting the threads take.

*command* is the whole command in a process of its own, the start of Python included, for five formats; `start` is a
command that does nothing. Formats that write an image for each frame or mask are timed on fewer and smaller frames and
have no floor: their bytes are packed as they are made. `test_raster.py` has what they are made of.

It takes about a quarter of an hour and 2 GB of memory on 2 cores; `-k "video and coco"` takes half a minute.
"""

from __future__ import annotations

import functools
import subprocess
import sysconfig
import time
import zipfile
from typing import TYPE_CHECKING

import pytest

import framehaul
from framehaul import _core
from generate import Task, backup

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PROGRAM = f"{sysconfig.get_path('scripts')}/framehaul"
IMAGES = ["segmentation-mask", "camvid", "icdar-segmentation", "cityscapes", "kitti", "mots", "open-images"]
TEXTS = [info.slug for info in framehaul.formats() if info.slug not in IMAGES]
COMMANDS = ["cvat-video", "cvat-images", "coco", "yolo", "mot"]
FRAMES = 100_000
ANNOTATIONS = 1_000_000


def counts(report: framehaul.Report) -> tuple[int, int]:
    return report.frames, report.written + report.converted + report.dropped


def members(path: Path) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def measure(benchmark, call: Callable[[], object], before: Callable[[], object] | None = None) -> None:
    """Five rounds of what takes long, up to a hundred in half a second of what does not: a few milliseconds waver.

    `before` runs in front of each round and does not count.
    """
    start = time.perf_counter()
    call()
    rounds = int(0.5 / (time.perf_counter() - start))

    def setup() -> None:
        if before:
            before()

    benchmark.pedantic(call, setup=setup, rounds=min(max(rounds, 5), 100))


# By format, so that what is compared is measured one after the other.
@pytest.mark.parametrize(
    ("task", "name", "side"),
    [
        pytest.param(task, name, side, id=f"{task}-{name}-{side}")
        for task in ("video", "mixed")
        for name in TEXTS
        for side in ("floor", "export", "open-and-export")
    ],
)
def test_text(benchmark, request, tmp_path, task, name, side):
    source = request.getfixturevalue(task)
    dataset = framehaul.open(source)
    out = tmp_path / "out.zip"
    assert counts(framehaul.export(dataset, name, out)) == (FRAMES, ANNOTATIONS)
    benchmark.group = f"{task}: {name}"
    benchmark.extra_info["bytes"] = out.stat().st_size
    content = members(out)
    assert not [member for member, _ in content if member.endswith((".png", ".bmp"))]
    packed = tmp_path / "floor.zip"
    floor = functools.partial(_core.pack, content, packed)
    export = functools.partial(framehaul.export, dataset, name, out, overwrite=True)
    open_and_export = functools.partial(framehaul.export, source, name, out, overwrite=True)
    call, before = {"floor": (floor, export), "export": (export, floor), "open-and-export": (open_and_export, floor)}[
        side
    ]
    floor()
    is_same = dict(members(packed)) == dict(content)
    assert is_same  # megabytes of difference would help nobody
    measure(benchmark, call, before)


@pytest.mark.parametrize("name", COMMANDS)
def test_command(benchmark, monkeypatch, video, tmp_path, name):
    benchmark.group = "video: commands"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    out = tmp_path / "out.zip"
    command = [PROGRAM, "export", video, "-f", name, "-o", out, "--quiet", "--overwrite"]
    benchmark.pedantic(subprocess.run, (command,), {"check": True}, rounds=5, warmup_rounds=1)
    framehaul.export(video, name, tmp_path / "again.zip")
    assert out.read_bytes() == (tmp_path / "again.zip").read_bytes()


def test_command_start(benchmark):
    benchmark.group = "video: commands"
    command = [PROGRAM, "--version"]
    benchmark.pedantic(subprocess.run, (command,), {"check": True, "capture_output": True}, rounds=5, warmup_rounds=1)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> framehaul.Dataset:
    """1 000 frames of 640 x 360 with 10 tracks of boxes."""
    task = Task(frames=1_000, tracks=10, width=640, height=360)
    return framehaul.open(backup(task, tmp_path_factory.mktemp("small") / "task.zip"))


@pytest.mark.parametrize("name", IMAGES)
def test_images(benchmark, small, tmp_path, name):
    benchmark.group = "1 000 frames of 640 x 360, images"
    arguments = (small, name, tmp_path / "out.zip")
    report = benchmark.pedantic(framehaul.export, arguments, {"overwrite": True}, rounds=3, warmup_rounds=1)
    assert counts(report) == (1_000, 10_000)


@pytest.mark.parametrize("jobs", [1, 1_000])
def test_jobs(benchmark, tmp_path, jobs):
    """A large task is cut into many jobs, and merging them must not take longer for that."""
    benchmark.group = "100 000 pictures with a box and a tag each, in one job and in 1000: imagenet"
    task = Task(frames=FRAMES, boxes=1, tags=1, images=True, jobs=jobs)
    dataset = framehaul.open(backup(task, tmp_path / "task.zip"))
    out = tmp_path / "out.zip"
    assert counts(framehaul.export(dataset, "imagenet", out)) == (FRAMES, 2 * FRAMES)
    measure(benchmark, functools.partial(framehaul.export, dataset, "imagenet", out, overwrite=True))


@pytest.mark.parametrize("name", ["COCO 1.0", "CVAT for images 1.1"])
def test_polygons(benchmark, polygons, tmp_path, name):
    benchmark.group = f"10 000 pictures, 100 000 polygons: {name}"
    arguments = (polygons, name, tmp_path / "out.zip")
    report = benchmark.pedantic(framehaul.export, arguments, {"overwrite": True}, rounds=3, warmup_rounds=1)
    assert counts(report) == (10_000, 100_000)
