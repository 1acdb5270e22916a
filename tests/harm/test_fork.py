"""A forked child can use everything, whatever its parent and the threads of its parent were doing."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

import framehaul
from framehaul import mask, raster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork") or sys.platform == "darwin", reason="the system does not fork"),
    # Python warns of just what these tests do.
    pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning"),
]

PATIENCE = 20
"""Seconds after which a child hangs: each takes some hundredths of one."""
SQUARE = [1.0, 1.0, 10.0, 1.0, 10.0, 10.0, 1.0, 10.0]
SIZE = {"height": 64, "width": 64}
MANY = 500
"""Items of which several threads take a share."""


def use_all_threads() -> None:
    mask.area(mask.from_polygons([SQUARE] * MANY, **SIZE))


def children(work: Callable[[], None], count: int = 1) -> list[int | None]:
    """Runs `work` in forked children and gives back their exit codes; of one that hangs it is negative."""
    made = [multiprocessing.get_context("fork").Process(target=work) for _ in range(count)]
    for child in made:
        child.start()
    for child in made:
        child.join(PATIENCE)
        child.kill()
        child.join()
    return [child.exitcode for child in made]


@pytest.fixture(autouse=True)
def _parent_has_threads() -> None:
    use_all_threads()


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fork") / "saved"
    framehaul.open("sample").save(path)
    return path


def test_masks_are_computed_in_a_child() -> None:
    rles = mask.from_polygons([SQUARE] * MANY, **SIZE)

    def work() -> None:
        again = mask.from_polygons([SQUARE] * MANY, **SIZE)
        assert again == rles
        assert mask.area(again).tolist() == mask.area(rles[:1]).tolist() * MANY
        assert mask.bbox(rles).shape == (MANY, 4)
        assert mask.decode(rles).shape == (64, 64, MANY)
        assert mask.iou(rles, rles[:3]).min() == 1
        assert len(mask.to_cvat(rles)) == MANY
        assert mask.encode(mask.decode(rles)) == rles
        assert mask.merge(rles) == rles[0]

    assert children(work) == [0]


def test_label_images_are_made_in_a_child() -> None:
    labels = [np.eye(64, dtype=np.uint8)] * MANY
    expected = raster.label_png(labels)

    def work() -> None:
        assert raster.label_png(labels) == expected

    assert children(work) == [0]


def test_frames_are_read_in_a_child_from_the_dataset_of_the_parent() -> None:
    dataset = framehaul.open("sample")
    expected = dataset.frame(0, 3)

    def work() -> None:
        assert dataset.frame(0, 3) == expected
        assert [frame.frame for frame in dataset.frames(0, [1, 2])] == [1, 2]

    assert children(work, 2) == [0, 0]


def test_a_dataset_is_saved_and_opened_in_a_child(saved: Path, tmp_path: Path) -> None:
    def work() -> None:
        dataset = framehaul.open(saved)
        assert dataset.frame(0, 3) == framehaul.open("sample").frame(0, 3)
        dataset.save(tmp_path / "again")

    assert children(work) == [0]
    assert framehaul.open(tmp_path / "again").frame(0, 3) == framehaul.open(saved).frame(0, 3)


def test_a_child_exports_the_same_bytes(tmp_path: Path) -> None:
    def work() -> None:
        framehaul.export("sample", "COCO 1.0", tmp_path / "child.zip")

    framehaul.export("sample", "COCO 1.0", tmp_path / "parent.zip")
    assert children(work) == [0]
    assert (tmp_path / "child.zip").read_bytes() == (tmp_path / "parent.zip").read_bytes()


def test_a_child_of_a_child_works_and_so_does_the_parent_after_them() -> None:
    def work() -> None:
        use_all_threads()
        assert children(use_all_threads) == [0]
        use_all_threads()

    assert children(work) == [0]
    use_all_threads()


@pytest.fixture
def _busy() -> Iterator[None]:
    """Other threads of the parent are inside the pool while it forks."""
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            use_all_threads()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    yield
    stop.set()
    for thread in threads:
        thread.join()


@pytest.mark.usefixtures("_busy")
def test_children_work_that_were_forked_while_other_threads_used_the_pool(saved: Path) -> None:
    def work() -> None:
        use_all_threads()
        framehaul.open(saved).frame(0, 3)

    for _ in range(5):
        assert children(work, 4) == [0] * 4


def test_a_child_forked_during_an_export_works(tmp_path: Path) -> None:
    codes = []

    def fork(_: object) -> None:
        if not codes:
            codes.extend(children(use_all_threads))

    framehaul.export("sample", "COCO 1.0", tmp_path / "out.zip", progress=fork)
    assert codes == [0]


def test_the_workers_of_a_data_loader_read_frames_and_make_masks(saved: Path) -> None:
    # As `DataLoader(..., num_workers=2)` of PyTorch does on Linux: workers inherit the dataset and are sent numbers.
    dataset = framehaul.open(saved)

    def item(frame: int) -> tuple[int, list[int]]:
        masks = mask.from_polygons([SQUARE] * MANY, **SIZE)
        return len(dataset.frame(0, frame).annotations), mask.area(masks).tolist()

    context = multiprocessing.get_context("fork")
    wanted, items = context.SimpleQueue(), context.SimpleQueue()

    def work() -> None:
        for frame in iter(wanted.get, None):
            items.put((frame, item(frame)))

    for frame in [*range(6), None, None]:
        wanted.put(frame)
    assert children(work, 2) == [0, 0]
    assert dict(items.get() for _ in range(6)) == {frame: item(frame) for frame in range(6)}
