"""Each extra does what it is for, and without it one line says what to install.

`.ci/run extras` runs this file with the wheel alone, with `images` and with `simd`, each in an environment of its own.
Tests of a package that is not installed are skipped there; `.ci/run` itself checks which packages are installed.
"""

from __future__ import annotations

import importlib.util
import os
import zipfile
from typing import TYPE_CHECKING

import pytest

from backups import Job, Task, label, png, shape

if TYPE_CHECKING:
    from pathlib import Path

PACKAGES = ("av", "PIL", "simplejpeg")
HAS_IMAGES = all(importlib.util.find_spec(package) for package in PACKAGES)
needs_images = pytest.mark.skipif(not HAS_IMAGES, reason="needs the extra images")
MAGIC = {"png": b"\x89PNG", "jpg": b"\xff\xd8\xff", "webp": b"RIFF"}
BOX = shape("rectangle", "car", 0, [1, 1, 9, 9])


def has_webp() -> bool:
    if not HAS_IMAGES:
        return False
    from PIL import features

    return bool(features.check("webp"))


def images(path: Path) -> Path:
    """A backup of a task with one image."""
    task = Task([label("car")], [Job(0, 0, shapes=[BOX])], images=[("a.png", 16, 16)], files={"a.png": png(16, 16)})
    return task.backup(path)


def video(path: Path) -> Path:
    """A backup of a task with a video of three frames."""
    import av
    import numpy as np

    film = path.with_suffix(".mp4")
    with av.open(str(film), "w") as out:
        stream = out.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 16
        for shade in (0, 100, 200):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((16, 16, 3), shade, np.uint8), format="rgb24")))
        out.mux(stream.encode())
    jobs = [Job(0, 2, shapes=[BOX])]
    return Task([label("car")], jobs, video=(16, 16), files={"video.mp4": film.read_bytes()}).backup(path)


def hide(folder: Path, *packages: str) -> dict[str, str]:
    """The environment of a Python that does not find these packages."""
    (folder / "sitecustomize.py").write_text(f"import sys\nsys.modules.update(dict.fromkeys({packages!r}))\n")
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))}


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_images_of_image_tasks_are_copied_without_any_extra(cli, tmp_path):
    environment = hide(tmp_path, *PACKAGES)
    ran = cli(
        "export", images(tmp_path / "t.zip"), "-f", "coco", "-o", tmp_path / "o.zip", "--save-images", env=environment
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert members(tmp_path / "o.zip")["images/default/a.png"] == png(16, 16)


@needs_images
@pytest.mark.parametrize(
    ("image_format", "extension"),
    [
        ("png", "png"),
        ("jpeg", "jpg"),
        pytest.param(
            "webp", "webp", marks=pytest.mark.skipif(not has_webp(), reason="this Pillow was built without WebP")
        ),
    ],
)
def test_frames_of_a_video_are_encoded_in_each_image_format(cli, tmp_path, image_format, extension):
    source, out = video(tmp_path / "t.zip"), tmp_path / "o.zip"
    ran = cli("export", source, "-f", "coco", "-o", out, "--save-images", "--image-format", image_format)
    assert (ran.returncode, ran.stderr) == (0, "")
    encoded = {name: content for name, content in members(out).items() if name.startswith("images/")}
    assert list(encoded) == [f"images/default/frame_{number:06}.{extension}" for number in range(3)]
    assert all(content.startswith(MAGIC[extension]) for content in encoded.values())


@needs_images
def test_a_video_is_exported_as_it_is(cli, tmp_path):
    source, out = video(tmp_path / "t.zip"), tmp_path / "o.zip"
    ran = cli("export", source, "-f", "coco", "-o", out, "--save-images", "--image-format", "source")
    assert (ran.returncode, ran.stderr) == (0, "")
    made = members(out)
    assert made["videos/task/video.mp4"] == (tmp_path / "t.mp4").read_bytes()
    assert len(made["frames.csv"].splitlines()) == 1 + 3


@needs_images
@pytest.mark.parametrize("make", [images, video])
@pytest.mark.parametrize(("name", "begins"), [("p.png", b"\x89PNG"), ("p.html", b"<!doctype html>")])
def test_previews_are_drawn(cli, tmp_path, make, name, begins):
    ran = cli("preview", make(tmp_path / "t.zip"), "-o", tmp_path / name)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert (tmp_path / name).read_bytes().startswith(begins)


@pytest.mark.parametrize(
    ("missing", "image_format"), [("av", "png"), ("av", "source"), ("simplejpeg", "jpeg"), ("PIL", "webp")]
)
def test_a_missing_package_is_one_line_that_says_what_to_install(cli, tmp_path, missing, image_format):
    source = Task([label("car")], [Job(0, 2)], video=(16, 16)).backup(tmp_path / "t.zip")
    ran = cli(
        *("export", source, "-f", "coco", "-o", "new/o.zip", "--save-images", "--image-format", image_format),
        env=hide(tmp_path, missing),
        cwd=tmp_path,
    )
    assert (ran.returncode, ran.stderr.count("\n")) == (1, 1)
    assert ran.stderr.startswith("error[missing-package]: ")
    assert "pip install 'framehaul[images]'" in ran.stderr
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["p.png", "p.html"])
def test_a_preview_without_pillow_is_one_line_that_says_what_to_install(cli, tmp_path, name):
    ran = cli("preview", images(tmp_path / "t.zip"), "-o", tmp_path / name, env=hide(tmp_path, "PIL"))
    assert (ran.returncode, ran.stderr.count("\n")) == (1, 1)
    assert ran.stderr.startswith("error[missing-package]: ")
    assert "pip install 'framehaul[images]'" in ran.stderr
    assert not (tmp_path / name).exists()


@needs_images
def test_a_pillow_without_webp_is_found_before_anything_is_written(cli, tmp_path):
    source = video(tmp_path / "t.zip")
    blind = "import PIL.features as f\nknown = f.check\nf.check = lambda name: name != 'webp' and known(name)\n"
    (tmp_path / "sitecustomize.py").write_text(blind)
    ran = cli(
        *("export", source, "-f", "coco", "-o", "new/", "--save-images", "--image-format", "webp"),
        env={"PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
    )
    assert (ran.returncode, ran.stderr.count("\n")) == (1, 1)
    assert ran.stderr.startswith("error[missing-package]: the installed Pillow was built without WebP")
    assert "pip install" in ran.stderr
    assert not (tmp_path / "new").exists()
