"""What every pull request is measured by: each format's export, and the memory of large ones (see compare.py).

    pytest benches -m gate --benchmark-enable --benchmark-timer=time.process_time

Exports run on one thread and store their members, so that the time is that of the encoders. It is CPU time: that of a
busy machine is hardly longer than that of an idle one. What only a clock on the wall shows, all cores at work, is a
figure of its own with a wider limit.
"""

from __future__ import annotations

import functools
import random
import time
import zlib
from typing import TYPE_CHECKING

import pytest

import framehaul
import scale
from generate import Task, backup

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.gate

IMAGES = ["segmentation-mask", "camvid", "icdar-segmentation", "cityscapes", "kitti", "mots", "open-images"]
TEXTS = [info.slug for info in framehaul.formats() if info.slug not in IMAGES]
TASKS = {
    "video": Task(frames=5_000, tracks=10),
    "mixed": Task(frames=2_500, boxes=5, polygons=4, tags=1, images=True),
    "masks": Task(frames=100, tracks=5, polygons=3, masks=2, width=640, height=360),
}
BUDGET = 0.2
"""Seconds for each benchmark: short ones run more often, since a few milliseconds waver."""


def measure(benchmark, call: Callable[[], object]) -> None:
    start = time.process_time()
    call()
    rounds = int(BUDGET / max(time.process_time() - start, 1e-3))
    benchmark.pedantic(call, rounds=min(max(rounds, 5), 50))


@pytest.fixture(scope="module")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, framehaul.Dataset]:
    folder = tmp_path_factory.mktemp("gate")
    return {name: framehaul.open(backup(task, folder / f"{name}.zip")) for name, task in TASKS.items()}


@pytest.mark.parametrize(
    ("task", "name"),
    [(task, name) for task in ("video", "mixed") for name in TEXTS] + [("masks", name) for name in IMAGES],
)
def test_export(benchmark, datasets, tmp_path, task, name):
    def export() -> framehaul.Report:
        out = tmp_path / "out.zip"
        return framehaul.export(datasets[task], name, out, threads=1, compression="none", overwrite=True)

    assert export().frames == TASKS[task].frames
    measure(benchmark, export)


@pytest.mark.parametrize("name", ["coco", "cvat-images", "yolo"])
def test_all_cores(benchmark, datasets, tmp_path, name):
    seconds = []

    def export() -> None:
        start = time.perf_counter()
        framehaul.export(datasets["video"], name, tmp_path / "out.zip", overwrite=True)
        seconds.append(time.perf_counter() - start)

    measure(benchmark, export)
    benchmark.extra_info["wall ms"] = 1000 * min(seconds)


def test_memory(benchmark, tmp_path):
    """The peak of a process that exports a million boxes."""
    path = backup(Task(frames=100_000, tracks=10), tmp_path / "task.zip")
    ran = benchmark.pedantic(scale.run, ("coco", path, tmp_path / "out.zip"), rounds=1)
    assert ran.annotations == 1_000_000
    benchmark.extra_info["peak MiB"] = ran.peak


def test_the_same_work_on_both_sides(benchmark):
    """Work of the standard library alone: its ratio is the noise of the comparison."""
    data = bytes(random.Random(0).choices(range(64), k=500_000))
    measure(benchmark, functools.partial(zlib.compress, data, 6))
