"""Chunks are made by other processes, in any order, and put together to the archive of one process."""

from __future__ import annotations

import multiprocessing
import os
import random
from concurrent.futures import ProcessPoolExecutor

import pytest

import framehaul
from framehaul import _core
from generate import Task as Large
from generate import backup
from workers import OPTIONS, make, opened, plan

FORMATS = [info.slug for info in framehaul.formats()]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A saved dataset with enough frames for several chunks in every format."""
    task = Large(frames=2500, tracks=4, polygons=1, masks=1, width=128, height=96)
    folder = tmp_path_factory.mktemp("shards")
    framehaul.open(backup(task, folder / "task.zip")).save(folder / "saved")
    return str(folder / "saved")


@pytest.fixture(scope="module")
def processes():
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


@pytest.mark.parametrize("profile", ["cvat", "training"])
@pytest.mark.parametrize("slug", FORMATS)
def test_shards_of_other_processes_in_random_order_make_the_archive_of_one(slug, profile, saved, processes, tmp_path):
    options = {**OPTIONS, "profile": profile}
    planned, chunks = _core.plan(opened(saved), slug, options)
    process, again = processes.submit(plan, saved, slug, profile).result()
    assert process != os.getpid()
    assert again == planned, "the plan is the same in another process"

    step = max(1, chunks // 4)
    ranges = [(first, min(first + step, chunks)) for first in range(0, chunks, step)]
    random.Random(slug).shuffle(ranges)
    made = {each: processes.submit(make, saved, slug, profile, planned, each) for each in ranges}
    shards = [made[each].result() for each in sorted(ranges)]

    report = _core.assemble(opened(saved), slug, options, planned, shards, str(tmp_path / "shards.zip"))
    alone = framehaul.export(saved, slug, tmp_path / "alone.zip", profile=profile)
    assert (tmp_path / "shards.zip").read_bytes() == (tmp_path / "alone.zip").read_bytes()
    assert framehaul.Report.from_json(report).to_dict() == alone.to_dict()


def test_a_missing_shard_is_an_error_and_nothing_is_left(saved, tmp_path):
    planned, chunks = _core.plan(opened(saved), "coco", OPTIONS)
    shards = [_core.make_shard(opened(saved), "coco", OPTIONS, planned, (0, chunks - 1))]
    with pytest.raises(framehaul.Error, match=f"{chunks - 1} chunks were made of {chunks}"):
        _core.assemble(opened(saved), "coco", OPTIONS, planned, shards, str(tmp_path / "out.zip"))
    assert not list(tmp_path.iterdir())


def test_bytes_that_are_not_a_shard_are_refused(saved, tmp_path):
    planned, _ = _core.plan(opened(saved), "coco", OPTIONS)
    with pytest.raises(framehaul.Error, match="not a plan or shard"):
        _core.assemble(opened(saved), "coco", OPTIONS, planned, [b"\xff" * 20], str(tmp_path / "out.zip"))
    with pytest.raises(framehaul.Error, match="not a plan or shard"):
        _core.make_shard(opened(saved), "coco", OPTIONS, b"", (0, 1))
