"""Fixtures: the command line as a child process, and the two ways in which a hand-made task can be read."""

from __future__ import annotations

import os
import subprocess
import zipfile
from typing import TYPE_CHECKING

import pytest

import framehaul
from program import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from backups import Task


@pytest.fixture
def cli() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `framehaul` with these arguments."""

    def run(*arguments: object, **more) -> subprocess.CompletedProcess[str]:
        environment = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "SOURCE_DATE_EPOCH")}
        environment |= more.pop("env", {})
        command = [str(PROGRAM), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False, **more)

    return run


@pytest.fixture(params=["backup", "server"])
def written(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Task], Path]:
    """Writes a task as a backup, and once more as server answers."""

    def write(task: Task) -> Path:
        if request.param == "backup":
            return task.backup(tmp_path / "task.zip")
        return task.server(tmp_path / "server")

    return write


@pytest.fixture
def exported(written: Callable[[Task], Path], tmp_path: Path) -> Callable[[str, Task], Path]:
    """Exports a task in a format, and tells where the archive is."""

    def run(name: str, task: Task) -> Path:
        framehaul.export(written(task), name, tmp_path / "out.zip", overwrite=True)
        return tmp_path / "out.zip"

    return run


@pytest.fixture
def unpacked(tmp_path: Path) -> Callable[..., Path]:
    """Exports a source for training and unpacks the archive."""

    def run(source: Path, name: str, **options) -> Path:
        folder = tmp_path / "unpacked" / name
        archive = tmp_path / "training.zip"
        framehaul.export(source, name, archive, profile="training", overwrite=True, **options)
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(folder)
        return folder

    return run
