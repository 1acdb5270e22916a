"""The tasks that are measured, made once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generate import Task, backup

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """100 000 frames, 10 tracks of rectangles, a keyframe every 10 frames: a million boxes."""
    return backup(Task(frames=100_000, tracks=10), tmp_path_factory.mktemp("video") / "task.zip")


@pytest.fixture(scope="session")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """100 000 pictures with 5 boxes, 4 polygons of 12 points and a tag each: a million annotations."""
    task = Task(frames=100_000, boxes=5, polygons=4, tags=1, images=True)
    return backup(task, tmp_path_factory.mktemp("mixed") / "task.zip")


@pytest.fixture(scope="session")
def polygons(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """10 000 pictures with 10 polygons of 12 points each."""
    task = Task(frames=10_000, polygons=10, images=True)
    return backup(task, tmp_path_factory.mktemp("polygons") / "task.zip")
