"""Media that cannot be read, or that would never end: one line, and nothing is left behind."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

import framehaul
from backups import Job, Task, label

pytest.importorskip("av")

from films import backup, film

if TYPE_CHECKING:
    from pathlib import Path


def without_codec(path: Path) -> bytes:
    """A video whose table of samples cannot be found, so that nothing says what it is encoded with."""
    data = path.read_bytes()
    assert data.count(b"stbl") == 1
    return data.replace(b"stbl", b"stbm")


def test_a_video_whose_codec_is_unknown_is_named(cli, tmp_path):
    source = backup(tmp_path / "task.zip", without_codec(film(tmp_path / "v.mp4", 3, "mpeg4")))
    ran = cli("export", source, "-f", "coco", "-o", tmp_path / "o.zip", "--save-images")
    assert (ran.returncode, ran.stderr.count("\n")) == (1, 1)
    assert ran.stderr.startswith("error[bad-picture]: the video has a codec that PyAV does not know")
    assert 'file "video.mp4"' in ran.stderr
    assert not (tmp_path / "o.zip").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_a_fifo_in_place_of_an_image_is_no_image(cli, tmp_path):
    media = tmp_path / "media"
    media.mkdir()
    os.mkfifo(media / "a.png")
    source = Task([label("car")], [Job(0, 0)], images=[("a.png", 8, 8)]).backup(tmp_path / "t.zip")
    ran = cli("export", source, "-f", "coco", "-o", tmp_path / "o.zip", "--save-images", "--media", media)
    assert (ran.returncode, ran.stderr.count("\n")) == (1, 1)
    assert ran.stderr.startswith("error[missing-file]: ")
    assert not (tmp_path / "o.zip").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_a_fifo_in_place_of_the_folder_of_media_is_refused(tmp_path):
    os.mkfifo(tmp_path / "media")
    source = Task([label("car")], [Job(0, 0)], images=[("a.png", 8, 8)]).backup(tmp_path / "t.zip")
    with pytest.raises(framehaul.Error, match="neither a file nor a folder"):
        framehaul.export(source, "COCO 1.0", tmp_path / "o.zip", save_images=True, media=tmp_path / "media")
