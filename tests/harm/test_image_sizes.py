"""Sizes of images that the source does not state: the labels are the same with and without images."""

from __future__ import annotations

import json
import struct
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

import framehaul
from backups import Job, Task, label, png, shape

if TYPE_CHECKING:
    from pathlib import Path

BOX = shape("rectangle", "car", 0, [10.0, 20.0, 30.0, 40.0])
NAMES = ("a.png", "b.png")


def task(**files: bytes) -> Task:
    images = [(name, 0, 0) for name in NAMES]
    return Task(
        [label("car")], [Job(0, 1, shapes=[BOX])], images=images, files={f"{k}.png": v for k, v in files.items()}
    )


def texts(source: Path | framehaul.Dataset, name: str, tmp_path: Path, **options: Any) -> dict[str, bytes]:
    """The text files of an export."""
    framehaul.export(source, name, tmp_path / "out.zip", overwrite=True, **options)
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        return {each: archive.read(each) for each in archive.namelist() if not each.endswith(".png")}


def sizes(source: Path | framehaul.Dataset, tmp_path: Path, **options: Any) -> list[tuple[int, int]]:
    """The sizes in COCO."""
    made = texts(source, "coco", tmp_path, **options)
    return [(each["width"], each["height"]) for each in json.loads(next(iter(made.values())))["images"]]


@pytest.mark.parametrize("name", ["coco", "yolo-detect", "yolo", "voc", "cvat-images", "mot", "open-images", "kitti"])
def test_labels_are_the_same_with_and_without_images(name: str, tmp_path: Path) -> None:
    source = task(a=png(100, 80), b=png(60, 50)).backup(tmp_path / "task.zip")
    dataset = framehaul.open(source)
    without, with_images = (texts(dataset, name, tmp_path, save_images=save) for save in (False, True))
    if name == "cvat-images":
        without, with_images = (
            {key: text.split(b"dumped")[2] for key, text in each.items()} for each in (without, with_images)
        )
    assert without == with_images


def test_sizes_are_read_when_the_source_is_opened_and_saved_with_it(tmp_path: Path) -> None:
    source = task(a=png(100, 80), b=png(60, 50)).backup(tmp_path / "task.zip")
    assert sizes(source, tmp_path) == [(100, 80), (60, 50)]
    dataset = framehaul.open(source)
    dataset.save(tmp_path / "saved")
    source.unlink()
    assert sizes(tmp_path / "saved", tmp_path) == [(100, 80), (60, 50)]


def test_an_unpacked_backup_is_measured_too(tmp_path: Path) -> None:
    with zipfile.ZipFile(task(a=png(100, 80), b=png(60, 50)).backup(tmp_path / "task.zip")) as archive:
        archive.extractall(tmp_path / "unpacked")
    assert sizes(tmp_path / "unpacked", tmp_path) == [(100, 80), (60, 50)]


def test_images_that_only_the_media_folder_has_are_measured_there_with_and_without_images(tmp_path: Path) -> None:
    source = task().backup(tmp_path / "task.zip")
    media = tmp_path / "media"
    media.mkdir()
    (media / "a.png").write_bytes(png(100, 80))
    (media / "b.png").write_bytes(png(60, 50))
    assert sizes(source, tmp_path) == [(0, 0), (0, 0)]
    for save in (False, True):
        assert sizes(source, tmp_path, media=media, save_images=save) == [(100, 80), (60, 50)]


def test_a_stated_size_is_not_looked_up(tmp_path: Path) -> None:
    images = [("a.png", 30, 20), ("b.png", 0, 0)]
    stated = Task([label("car")], [Job(0, 1)], images=images, files={"a.png": b"no image", "b.png": png(60, 50)})
    assert sizes(stated.backup(tmp_path / "task.zip"), tmp_path) == [(30, 20), (60, 50)]


def test_a_photograph_on_its_side_counts_by_the_size_it_has_when_turned(tmp_path: Path) -> None:
    from io import BytesIO

    from PIL import Image

    file, exif = BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (100, 80)).save(file, "jpeg", exif=exif)
    turned = Task([label("car")], [Job(0, 0)], images=[("a.jpg", 0, 0)], files={"a.jpg": file.getvalue()})
    assert sizes(turned.backup(tmp_path / "task.zip"), tmp_path) == [(80, 100)]


@pytest.mark.parametrize("content", [b"", b"no image", png(100, 80)[:20]])
def test_a_file_that_is_not_understood_has_no_size_and_is_refused_only_as_an_image(
    content: bytes, tmp_path: Path
) -> None:
    source = task(a=content, b=png(60, 50)).backup(tmp_path / "task.zip")
    assert sizes(source, tmp_path) == [(0, 0), (60, 50)]
    with pytest.raises(framehaul.Error) as caught:
        sizes(source, tmp_path, save_images=True)
    assert caught.value.code == "bad-picture"


def test_a_header_that_claims_a_huge_image_is_refused(tmp_path: Path) -> None:
    huge = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">II", 1 << 31, 1 << 31) + bytes(9)
    with pytest.raises(framehaul.Error, match="2147483648 x 2147483648") as caught:
        framehaul.open(task(a=huge, b=png(1, 1)).backup(tmp_path / "task.zip"))
    assert caught.value.code == "too-large"


def bitmap(side: int) -> bytes:
    """A black bitmap, which packs a thousand times smaller."""
    size = side * ((side * 3 + 3) // 4 * 4)
    head = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 24, 0, size, 2835, 2835, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + size, 0, 0, 54) + head + bytes(size)


def test_max_ratio_holds_for_images_too(cli: Any, tmp_path: Path) -> None:
    source = tmp_path / "task.zip"
    wide = Task([label("car")], [Job(0, 0)], images=[("a.bmp", 2400, 2400)])
    with zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in wide.members().items():
            archive.writestr(name, content)
        archive.writestr("data/a.bmp", bitmap(2400))
    command = ["export", source, "-f", "coco", "-o", tmp_path / "out.zip", "--save-images"]
    refused = cli(*command)
    assert (refused.returncode, (tmp_path / "out.zip").exists()) == (1, False)
    assert refused.stderr.startswith("error[zip-bomb]")
    assert cli(*command, "--max-ratio", 2000).returncode == 0
    framehaul.open(source).save(tmp_path / "saved")
    for ratio, code in ((300, 1), (2000, 0)):
        done = cli("export", tmp_path / "saved", *command[2:], "--overwrite", "--max-ratio", ratio)
        assert done.returncode == code, done.stderr


def test_an_image_that_is_larger_than_the_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    media = tmp_path / "media"
    media.mkdir()
    with (media / "a.png").open("wb") as file:
        file.write(png(30, 20))
        file.truncate((1 << 30) + 1)
    source = Task([label("car")], [Job(0, 0)], images=[("a.png", 30, 20)]).backup(tmp_path / "task.zip")
    with pytest.raises(framehaul.Error, match="1073741825 bytes") as caught:
        framehaul.export(source, "coco", tmp_path / "out.zip", media=media, save_images=True)
    assert caught.value.code == "too-large"
    report = framehaul.export(source, "coco", tmp_path / "out.zip", media=media, save_images=True, on_error="skip")
    assert [each.file for each in report.left_out] == ["a.png"]
