"""Tasks of point clouds in formats of images: an error before anything is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import framehaul
from backups import Job, Task, label, project, shape

if TYPE_CHECKING:
    from pathlib import Path

CUBOID = shape("cuboid", "car", 0, [1.0] * 9 + [0.0] * 7)
CLOUDS = Task([label("car")], [Job(0, 0, shapes=[CUBOID])], images=[("a.pcd", 0, 0)], name="clouds", subset="train")
IMAGES = Task([label("car")], [Job(0, 0)], images=[("a.png", 4, 4)], name="images", subset="test")


CVAT = ("cvat-images", "cvat-video")  # what CVAT itself exports of such a task


@pytest.mark.parametrize("name", [info.slug for info in framehaul.formats() if info.slug not in CVAT])
def test_no_format_of_images_takes_point_clouds(name: str, tmp_path: Path) -> None:
    source = CLOUDS.backup(tmp_path / "task.zip")
    for out in ("out.zip", "out/"):
        with pytest.raises(framehaul.Error, match="point clouds") as caught:
            framehaul.export(source, name, f"{tmp_path}/{out}")
        assert caught.value.code == "unsupported"
        assert 'task "clouds"' in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["task.zip"]


def test_the_error_is_one_line_and_nothing_is_written(cli: Any, tmp_path: Path) -> None:
    source = CLOUDS.backup(tmp_path / "task.zip")
    done = cli("export", source, "-f", "coco", "-o", tmp_path / "out.zip")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("error[unsupported]: the task has point clouds")
    assert not (tmp_path / "out.zip").exists()


@pytest.mark.parametrize("name", CVAT)
def test_cvats_own_formats_take_point_clouds(name: str, tmp_path: Path) -> None:
    assert framehaul.export(CLOUDS.backup(tmp_path / "task.zip"), name, tmp_path / "out.zip").annotations == 1


def test_a_project_exports_without_its_point_clouds(tmp_path: Path) -> None:
    source = project(tmp_path / "project.zip", CLOUDS, IMAGES)
    with pytest.raises(framehaul.Error, match="point clouds"):
        framehaul.export(source, "coco", tmp_path / "out.zip")
    assert framehaul.export(source, "coco", tmp_path / "out.zip", subset=["test"]).frames == 1
