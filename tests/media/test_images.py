"""Pictures in exports: copied as they are, under the names of the format, or a clear error and nothing left behind."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
import zlib
from typing import TYPE_CHECKING

import pytest

import framehaul
from archives import members
from backups import Job, Task, label, png
from framehaul import errors

if TYPE_CHECKING:
    from pathlib import Path

PICTURES = {"a.png": png(6, 4, 10), "sub/b.PNG": png(5, 3, 20), "c.png": png(4, 4, 30)}
SIZES = [("a.png", 6, 4), ("sub/b.PNG", 5, 3), ("c.png", 4, 4)]
TASK = Task(labels=[label("car")], jobs=[Job(0, 2)], images=SIZES, files=PICTURES)


def write(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_pictures_of_a_backup_are_copied_byte_for_byte_and_stored(tmp_path, packing):
    backup = tmp_path / "task.zip"
    with zipfile.ZipFile(backup, "w", packing) as archive:
        for name, content in TASK.members().items():
            archive.writestr(name, content)
    framehaul.export(backup, "COCO 1.0", tmp_path / "out.zip", save_images=True)
    with zipfile.ZipFile(tmp_path / "out.zip") as made:
        assert made.testzip() is None
        pictures = {info.filename: info for info in made.infolist() if info.filename.startswith("images/")}
        expected = {"a.png": "a.png", "sub/b.PNG": "sub/b.png", "c.png": "c.png"}
        assert {name: made.read(name) for name in pictures} == {
            f"images/default/{stored}": PICTURES[name] for name, stored in expected.items()
        }
        assert {info.compress_type for info in pictures.values()} == {zipfile.ZIP_STORED}


def test_pictures_of_an_unpacked_backup_go_into_a_folder(tmp_path):
    source = write(tmp_path / "unpacked", TASK.members())
    framehaul.export(source, "COCO 1.0", f"{tmp_path}/out/", save_images=True)
    assert (tmp_path / "out/images/default/sub/b.png").read_bytes() == PICTURES["sub/b.PNG"]


def test_without_the_option_no_picture_is_written(tmp_path):
    framehaul.export(TASK.backup(tmp_path / "task.zip"), "COCO 1.0", tmp_path / "out.zip")
    assert list(members(tmp_path / "out.zip")) == ["annotations/instances_default.json"]


def test_a_saved_dataset_remembers_where_its_pictures_are(tmp_path):
    framehaul.open(TASK.backup(tmp_path / "task.zip")).save(tmp_path / "saved")
    framehaul.export(tmp_path / "saved", "COCO 1.0", tmp_path / "out.zip", save_images=True)
    assert members(tmp_path / "out.zip")["images/default/a.png"] == PICTURES["a.png"]


@pytest.mark.parametrize("below", ["", "data", "task"])
def test_pictures_for_the_answers_of_a_server_come_from_the_folder_named(tmp_path, below):
    source = TASK.server(tmp_path / "server")
    media = write(tmp_path / "media" / below, PICTURES)
    if below:
        media = media.parent
    framehaul.export(source, "COCO 1.0", tmp_path / "out.zip", save_images=True, media=media)
    assert members(tmp_path / "out.zip")["images/default/sub/b.png"] == PICTURES["sub/b.PNG"]


def test_the_answers_of_a_server_alone_have_no_pictures(tmp_path):
    source = TASK.server(tmp_path / "server")
    with pytest.raises(errors.SourceError, match="--media DIR") as caught:
        framehaul.export(source, "COCO 1.0", tmp_path / "out.zip", save_images=True)
    assert caught.value.code == "missing-file"
    assert list(tmp_path.iterdir()) == [source]


WRONG = {
    "missing-file": {key: value for key, value in PICTURES.items() if key != "sub/b.PNG"},
    "bad-picture": {**PICTURES, "sub/b.PNG": b"no picture at all"},
}


@pytest.mark.parametrize("code", WRONG)
def test_a_picture_that_cannot_be_had_is_named_and_nothing_is_left_behind(tmp_path, code):
    source = write(tmp_path / "source", Task(TASK.labels, TASK.jobs, SIZES, files=WRONG[code]).members())
    with pytest.raises(errors.SourceError) as caught:
        framehaul.export(source, "COCO 1.0", tmp_path / "out.zip", save_images=True)
    place = caught.value.place
    assert (caught.value.code, place.task, place.frame) == (code, "task", 1)
    assert place.file in ("sub/b.PNG", "data/sub/b.PNG")
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize("code", WRONG)
def test_a_picture_that_cannot_be_had_may_be_left_out_and_the_report_says_so(tmp_path, code):
    backup = Task(TASK.labels, TASK.jobs, SIZES, files=WRONG[code]).backup(tmp_path / "task.zip")
    report = framehaul.export(backup, "COCO 1.0", tmp_path / "out.zip", save_images=True, on_error="skip")
    names = [name for name in members(tmp_path / "out.zip") if name.startswith("images/")]
    assert names == ["images/default/a.png", "images/default/c.png"]
    [note] = report.notes
    assert (note.times, "left out" in note.message) == (1, True)
    assert "frame 1" in note.place
    [left_out] = report.left_out
    assert (left_out.task, left_out.frame, left_out.file) == ("task", 1, "sub/b.PNG")
    images = json.loads(members(tmp_path / "out.zip")["annotations/instances_default.json"])["images"]
    assert [image["file_name"] for image in images] == ["a.png", "sub/b.png", "c.png"]


def test_a_picture_that_is_damaged_in_the_archive_is_named(tmp_path):
    backup = TASK.backup(tmp_path / "task.zip")
    data = bytearray(backup.read_bytes())
    data[data.index(PICTURES["sub/b.PNG"]) + len(PICTURES["sub/b.PNG"]) - 20] ^= 1
    backup.write_bytes(data)
    with pytest.raises(errors.SourceError, match="checksum") as caught:
        framehaul.export(backup, "COCO 1.0", tmp_path / "out.zip", save_images=True)
    place = caught.value.place
    assert (caught.value.code, place.task, place.frame, place.file) == ("bad-picture", "task", 1, "data/sub/b.PNG")


def test_a_picture_of_another_size_than_the_source_states_is_refused(tmp_path):
    sizes = [("a.png", 60, 4), *SIZES[1:]]
    backup = Task(TASK.labels, TASK.jobs, sizes, files=PICTURES).backup(tmp_path / "task.zip")
    with pytest.raises(errors.SourceError, match="6 x 4 pixels, and the source states 60 x 4"):
        framehaul.export(backup, "COCO 1.0", tmp_path / "out.zip", save_images=True)


def test_a_photograph_that_is_to_be_turned_has_the_size_of_the_turned_one(tmp_path):
    sizes = [("a.png", 4, 6), *SIZES[1:]]
    backup = Task(TASK.labels, TASK.jobs, sizes, files=PICTURES).backup(tmp_path / "task.zip")
    framehaul.export(backup, "COCO 1.0", tmp_path / "out.zip", save_images=True)


def test_a_name_that_climbs_out_is_refused(tmp_path):
    source = Task(TASK.labels, [Job(0, 0)], [("../secret.png", 6, 4)]).server(tmp_path / "server")
    (tmp_path / "secret.png").write_bytes(PICTURES["a.png"])
    with pytest.raises(errors.SourceError) as caught:
        framehaul.export(source, "COCO 1.0", tmp_path / "out.zip", save_images=True, media=source)
    assert caught.value.code == "unsafe-name"
    assert not (tmp_path / "out.zip").exists()


def test_two_pictures_of_one_name_are_an_error_that_names_both(tmp_path):
    sizes = [("a.png", 6, 4), ("a.PNG", 6, 4)]
    files = {"a.png": png(6, 4, 1), "a.PNG": png(6, 4, 2)}
    backup = Task(TASK.labels, [Job(0, 1)], sizes, files=files).backup(tmp_path / "task.zip")
    with pytest.raises(errors.UnsupportedError) as caught:
        framehaul.export(backup, "COCO 1.0", tmp_path / "out.zip", save_images=True)
    assert caught.value.code == "name-collision"
    assert '"a.png" (task "task", frame 0)' in str(caught.value)
    assert '"a.PNG" (task "task", frame 1)' in str(caught.value)
    assert not (tmp_path / "out.zip").exists()


def test_sizes_that_the_source_does_not_tell_are_read_from_the_files(tmp_path):
    sizes = [(name, 0, 0) for name, _, _ in SIZES]
    backup = Task(TASK.labels, TASK.jobs, sizes, files=PICTURES).backup(tmp_path / "task.zip")
    framehaul.export(backup, "COCO 1.0", tmp_path / "out.zip", save_images=True)
    images = json.loads(members(tmp_path / "out.zip")["annotations/instances_default.json"])["images"]
    assert [(image["width"], image["height"]) for image in images] == [(6, 4), (5, 3), (4, 4)]


@pytest.mark.parametrize("format", [info.name for info in framehaul.formats()])
def test_every_format_stores_every_picture(tmp_path, format):  # noqa: A002 - as in the API
    backup = TASK.backup(tmp_path / "task.zip")
    framehaul.export(backup, format, tmp_path / "out.zip", save_images=True)
    content = members(tmp_path / "out.zip")
    pictures = {name: data for name, data in content.items() if data in PICTURES.values()}
    assert sorted(pictures.values()) == sorted(PICTURES.values())
    assert all(name.lower().endswith(".png") for name in pictures)


def test_a_template_names_frames_in_pictures_and_texts_alike(tmp_path):
    backup = TASK.backup(tmp_path / "task.zip")
    reports = framehaul.export(
        backup,
        ["coco", "yolo", "cvat-images"],
        tmp_path / "out",
        save_images=True,
        name_template="{task}-{subset}/{frame}_{stem}",
    )
    assert len(reports) == 3
    coco = members(tmp_path / "out/COCO 1.0.zip")
    assert coco["images/default/task-default/000001_sub/b.png"] == PICTURES["sub/b.PNG"]
    [_, second, _] = json.loads(coco["annotations/instances_default.json"])["images"]
    assert second["file_name"] == "task-default/000001_sub/b.png"
    yolo = members(tmp_path / "out/YOLO 1.1.zip")
    assert yolo["obj_train_data/task-default/000000_a.png"] == PICTURES["a.png"]
    assert b"data/obj_train_data/task-default/000000_a.png\n" in yolo["train.txt"]
    cvat = members(tmp_path / "out/CVAT for images 1.1.zip")
    assert cvat["images/task-default/000001_sub/b.PNG"] == PICTURES["sub/b.PNG"]
    assert b'name="task-default/000001_sub/b.PNG"' in cvat["annotations.xml"]


def test_a_template_names_the_frames_of_a_video_too(tmp_path):
    backup = Task(TASK.labels, [Job(0, 1)], start=3).backup(tmp_path / "task.zip")
    framehaul.export(backup, "COCO 1.0", tmp_path / "out.zip", name_template="{task}/{stem}.{ext}")
    images = json.loads(members(tmp_path / "out.zip")["annotations/instances_default.json"])["images"]
    assert [image["file_name"] for image in images] == ["task/frame_000003.png", "task/frame_000004.png"]


def test_a_template_sorts_frames_by_the_first_job_that_has_them(tmp_path):
    backup = Task(TASK.labels, [Job(0, 1), Job(1, 2)], SIZES).backup(tmp_path / "task.zip")
    framehaul.export(backup, "COCO 1.0", tmp_path / "out.zip", name_template="{job}/{frame}")
    images = json.loads(members(tmp_path / "out.zip")["annotations/instances_default.json"])["images"]
    assert [image["file_name"] for image in images] == ["0/000000.png", "0/000001.png", "1/000002.png"]


@pytest.mark.parametrize(
    ("template", "code", "text"),
    [
        ("{task}", "name-collision", '"a.png" (task "task", frame 0) and "sub/b.PNG" (task "task", frame 1)'),
        ("../{stem}", "unsafe-name", "frame 0"),
        ("{name}", "bad-option", "unknown field"),
        ("{project}/{stem}", "bad-option", "the export is of no project"),
    ],
)
def test_a_template_that_gives_no_good_names_is_refused_before_anything_is_written(tmp_path, template, code, text):
    backup = TASK.backup(tmp_path / "task.zip")
    with pytest.raises(errors.Error) as caught:
        framehaul.export(backup, "COCO 1.0", tmp_path / "out.zip", name_template=template)
    assert caught.value.code == code
    assert text in str(caught.value)
    assert list(tmp_path.iterdir()) == [backup]


def test_provenance_tells_where_each_picture_comes_from(tmp_path):
    task = Task(TASK.labels, [Job(0, 0), Job(1, 1)], SIZES, files=PICTURES, start=1)
    framehaul.export(task.backup(tmp_path / "task.zip"), "COCO 1.0", tmp_path / "out.zip", **PROVENANCE)
    lines = members(tmp_path / "out.zip")["provenance.jsonl"].splitlines()
    common = {"project": None, "task": "task", "task_id": None, "time": None}
    expected = [("images/default/sub/b.png", "sub/b.PNG", 0, 0, 1), ("images/default/c.png", "c.png", 1, 1, 2)]
    assert [json.loads(line) for line in lines] == [
        {
            **common,
            "name": name,
            "file": file,
            "job": job,
            "frame": frame,
            "number": number,
            "size": len(PICTURES[file]),
            "crc32": f"{zlib.crc32(PICTURES[file]):08x}",
        }
        for name, file, job, frame, number in expected
    ]


def test_provenance_of_no_pictures_is_refused(tmp_path):
    with pytest.raises(errors.UsageError, match="--save-images"):
        framehaul.export(TASK.backup(tmp_path / "task.zip"), "COCO 1.0", tmp_path / "out.zip", provenance=True)


PROVENANCE = {"save_images": True, "provenance": True}


PEAK = """
import sys, framehaul
framehaul.export(sys.argv[1], "COCO 1.0", sys.argv[2], save_images=True, threads=2)
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(status["VmHWM"].split()[0])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of the memory from /proc")
def test_memory_does_not_grow_with_the_number_of_pictures(tmp_path):
    def peak(count: int) -> int:
        """In megabytes, with pictures of one megabyte."""
        content = png(6, 4) + bytes(1_000_000)
        files = {f"{place:03}.png": content for place in range(count)}
        sizes = [(name, 6, 4) for name in files]
        source = Task(TASK.labels, [Job(0, count - 1)], sizes, files=files).backup(tmp_path / f"{count}.zip")
        command = [sys.executable, "-c", PEAK, source, tmp_path / f"{count}-out.zip"]
        return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout) // 1024

    assert peak(150) - peak(30) < 40


# Types of images that the core does not know

RARE = ["jp2", "j2k", "pcx", "sgi", "dib", "xbm"]


def rare(tmp_path: Path, extension: str) -> tuple[str, bytes]:
    """The name and content of an image of 40 by 30 pixels."""
    image = pytest.importorskip("PIL.Image")
    if extension in ("jp2", "j2k") and not pytest.importorskip("PIL.features").check("jpg_2000"):
        pytest.skip("this Pillow writes no JPEG 2000")
    path = tmp_path / f"a.{extension}"
    image.new("1" if extension == "xbm" else "RGB", (40, 30)).save(path)
    content = path.read_bytes()
    path.unlink()
    return path.name, content


@pytest.mark.parametrize("extension", RARE)
@pytest.mark.parametrize("stated", [(40, 30), (0, 0)], ids=["stated", "unstated"])
def test_an_image_of_a_type_that_the_core_does_not_know_is_copied_like_others(tmp_path, extension, stated):
    name, content = rare(tmp_path, extension)
    task = Task(TASK.labels, [Job(0, 0)], [(name, *stated)], files={name: content})
    backup = task.backup(tmp_path / "task.zip")
    report = framehaul.export(backup, "COCO 1.0", tmp_path / "out.zip", save_images=True)
    assert report.left_out == ()
    found = members(tmp_path / "out.zip")
    assert found[f"images/default/{name}"] == content
    [image] = json.loads(found["annotations/instances_default.json"])["images"]
    assert (image["width"], image["height"]) == (40, 30)


def test_an_image_of_such_a_type_is_compared_with_the_size_that_the_source_states(tmp_path):
    name, content = rare(tmp_path, "pcx")
    task = Task(TASK.labels, [Job(0, 0)], [(name, 30, 41)], files={name: content})
    with pytest.raises(errors.SourceError, match="40 x 30 pixels, and the source states 30 x 41"):
        framehaul.export(task.backup(tmp_path / "task.zip"), "COCO 1.0", tmp_path / "out.zip", save_images=True)


@pytest.mark.parametrize("name", ["a.jp2", "a.pcx", "a"])
def test_a_page_of_an_error_is_not_an_image_whatever_it_is_called(tmp_path, name):
    pytest.importorskip("PIL")
    task = Task(TASK.labels, [Job(0, 0)], [(name, 40, 30)], files={name: b"<html>404</html>"})
    with pytest.raises(errors.SourceError, match="not an image") as caught:
        framehaul.export(task.backup(tmp_path / "task.zip"), "COCO 1.0", tmp_path / "out.zip", save_images=True)
    assert caught.value.code == "bad-picture"
