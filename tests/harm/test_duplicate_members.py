"""No output has two members of one name: what unpacks it would keep only the last, and its annotations."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

import framehaul
from backups import Job, Task, label, png, project, shape

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from subprocess import CompletedProcess

SLUGS = [info.slug for info in framehaul.formats()]
COLLIDING = [
    "yolo-detect",
    "yolo-track",
    "yolo-obb",
    "icdar-localization",
    "icdar-segmentation",
    "labelme",
    "cityscapes",
]
"""Formats that put a file of a frame into a folder of its subset."""


def task(subset: str, image: str) -> Task:
    box = shape("rectangle", "car", 0, [1, 2, 30, 40])
    return Task([label("car")], [Job(0, 0, shapes=[box])], [(image, 100, 80)], name=f"task {subset}", subset=subset)


@pytest.fixture(scope="module")
def nested(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two tasks whose frames meet in one folder: `1.jpg` of the subset `a/b`, and `b/1.jpg` of `a`."""
    folder = tmp_path_factory.mktemp("nested")
    return project(folder / "project.zip", task("a", "b/1.jpg"), task("a/b", "1.jpg"))


@pytest.mark.parametrize("profile", ["cvat", "training"])
@pytest.mark.parametrize("slug", SLUGS)
def test_no_format_writes_two_members_of_one_name(slug: str, profile: str, nested: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.zip"
    try:
        framehaul.export(nested, slug, out, profile=profile)
    except framehaul.Error as error:
        refused = error.code
    else:
        refused = ""
    names = zipfile.ZipFile(out).namelist() if out.exists() else []
    assert refused in {"", "name-collision", "unsupported"}
    assert bool(names) == (not refused)
    assert len(names) == len(set(names))


@pytest.mark.parametrize("slug", COLLIDING)
def test_the_error_names_both_frames_and_says_what_to_do(slug: str, nested: Path, tmp_path: Path) -> None:
    with pytest.raises(framehaul.Error, match=r"^two files would both be ") as caught:
        framehaul.export(nested, slug, tmp_path / "out.zip")
    assert caught.value.code == "name-collision"
    message = str(caught.value)
    assert '"b/1.jpg" (task "task a", frame 0)' in message
    assert '"1.jpg" (task "task a/b", frame 0)' in message
    assert "--name-template" in message


@pytest.mark.parametrize("slug", COLLIDING)
def test_a_name_template_resolves_it(slug: str, nested: Path, tmp_path: Path) -> None:
    framehaul.export(nested, slug, tmp_path / "out.zip", name_template="{task}_{frame}")
    names = zipfile.ZipFile(tmp_path / "out.zip").namelist()
    assert len(names) == len(set(names))


@pytest.mark.parametrize("out", ["out.zip", "out/"])
def test_the_command_line_refuses_in_one_line_and_leaves_nothing(
    out: str, nested: Path, tmp_path: Path, cli: Callable[..., CompletedProcess[str]]
) -> None:
    done = cli("export", nested, "-f", "yolo-detect", "-o", f"{tmp_path}/{out}")
    assert done.returncode == 1
    assert done.stderr.startswith("error[name-collision]: two files would both be ")
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_subsets_that_nest_without_meeting_are_exported(tmp_path: Path) -> None:
    source = project(tmp_path / "project.zip", task("a", "b/1.jpg"), task("a/b", "2.jpg"))
    framehaul.export(source, "yolo-detect", tmp_path / "out.zip")
    names = zipfile.ZipFile(tmp_path / "out.zip").namelist()
    assert {name for name in names if name.startswith("labels/")} == {"labels/a/b/1.txt", "labels/a/b/2.txt"}


def test_an_image_and_a_mask_of_one_name_are_refused(tmp_path: Path) -> None:
    # CamVid keeps the masks of a subset `x` in the folder `xannot`, where the images of a subset of that name lie.
    square = shape("polygon", "car", 0, [1, 2, 30, 2, 30, 40])

    def painted(subset: str) -> Task:
        one, files = [("1.png", 100, 80)], {"1.png": png(100, 80)}
        return Task([label("car")], [Job(0, 0, shapes=[square])], one, name=subset, subset=subset, files=files)

    source = project(tmp_path / "project.zip", painted("x"), painted("xannot"))
    with pytest.raises(framehaul.Error, match=r'^two files would both be "xannot/1\.png": ') as caught:
        framehaul.export(source, "camvid", tmp_path / "out.zip", save_images=True)
    assert caught.value.code == "name-collision"
    assert '(task "x", frame 0)' in str(caught.value)
    assert '(task "xannot", frame 0)' in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["project.zip"]
    framehaul.export(source, "camvid", tmp_path / "out.zip")
