"""Exports of videos: frames as pictures, or each video whole with a table of its frames."""

from __future__ import annotations

import csv
import json
import sys
import zipfile
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import framehaul
from backups import Job, Task, label, png, project

pytest.importorskip("av")

import av

from films import HEIGHT, WIDTH, backup, damaged, film, pictures_of
from framehaul.media.frames import Times
from framehaul.media.video import Video

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("image_format", ["png", "jpeg"])
def test_an_export_of_a_video_has_the_same_bytes_with_any_number_of_threads(tmp_path, monkeypatch, image_format):
    content = film(tmp_path / "v.mp4", 120, g="20", bf="2").read_bytes()
    made = Task([label("car")], [Job(0, 119)], video=(WIDTH, HEIGHT), files={"video.mp4": content})
    source = made.backup(tmp_path / "task.zip")
    archives = set()
    for threads in (1, 2, 4, 8):
        monkeypatch.setattr("framehaul.media.video._THREADS", threads)
        out = tmp_path / f"{threads}.zip"
        framehaul.export(source, "COCO 1.0", out, save_images=True, image_format=image_format, threads=threads)
        archives.add(out.read_bytes())
    assert len(archives) == 1


def test_damage_names_the_frame_and_the_file_and_frames_that_it_touches_can_be_left_out(tmp_path):
    content = damaged(film(tmp_path / "v.mp4", 90, g="30", bf="0", sc_threshold="0"), 47).read_bytes()
    made = Task([label("car")], [Job(0, 89)], video=(WIDTH, HEIGHT), files={"video.mp4": content})
    source = made.backup(tmp_path / "task.zip")
    with pytest.raises(framehaul.Error, match="damaged at frame 47") as raised:
        framehaul.export(source, "COCO 1.0", tmp_path / "out.zip", save_images=True)
    assert (raised.value.place.frame, raised.value.place.file) == (47, "video.mp4")
    assert not (tmp_path / "out.zip").exists()
    framehaul.export(source, "COCO 1.0", tmp_path / "out.zip", save_images=True, on_error="skip")
    assert list(pictures_of(tmp_path / "out.zip").values()) == [*range(47), *range(60, 90)]


@pytest.mark.parametrize("threads", [1, 4])
def test_an_export_has_the_frames_of_the_task_that_are_not_deleted_as_png(tmp_path, threads):
    content = film(tmp_path / "v.mp4", 40).read_bytes()
    source = backup(tmp_path / "task.zip", content, start=3, step=7, deleted=[1])
    framehaul.export(source, "COCO 1.0", tmp_path / "out.zip", save_images=True, threads=threads)
    assert pictures_of(tmp_path / "out.zip") == {
        f"images/default/frame_{number:06}.png": number for number in (3, 17, 24, 31)
    }


def test_the_video_may_lie_in_a_folder_of_its_own(tmp_path):
    (tmp_path / "media").mkdir()
    film(tmp_path / "media" / "video.mp4", 10)
    source = Task([label("car")], [Job(0, 4)]).server(tmp_path / "server")
    framehaul.export(source, "COCO 1.0", tmp_path / "out.zip", save_images=True, media=tmp_path / "media")
    assert list(pictures_of(tmp_path / "out.zip").values()) == [0, 1, 2, 3, 4]


def test_a_video_that_ends_early_is_an_error_that_names_task_frame_and_file(tmp_path):
    source = backup(tmp_path / "task.zip", film(tmp_path / "v.mp4", 3).read_bytes())
    with pytest.raises(framehaul.Error, match="only 3 frames") as raised:
        framehaul.export(source, "COCO 1.0", tmp_path / "out.zip", save_images=True)
    assert raised.value.code == "bad-picture"
    place = raised.value.place
    assert (place.task, place.frame, place.file) == ("task", 3, "video.mp4")
    assert not (tmp_path / "out.zip").exists()


def test_the_frames_that_a_video_lacks_can_be_left_out_and_reported(tmp_path):
    source = backup(tmp_path / "task.zip", film(tmp_path / "v.mp4", 3).read_bytes())
    report = framehaul.export(source, "COCO 1.0", tmp_path / "out.zip", save_images=True, on_error="skip")
    assert list(pictures_of(tmp_path / "out.zip").values()) == [0, 1, 2]
    assert "left out" in str(report)


@pytest.mark.parametrize(
    ("package", "image_format"), [("av", "png"), ("av", "source"), ("simplejpeg", "jpeg"), ("PIL", "webp")]
)
def test_without_the_extra_a_video_exports_its_labels_and_pictures_say_what_to_install(
    tmp_path, monkeypatch, package, image_format
):
    source = backup(tmp_path / "task.zip", b"")
    for module in [name for name in sys.modules if name.split(".")[0] == "av" or name.startswith("framehaul.media.")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, package, None)
    framehaul.export(source, "COCO 1.0", tmp_path / "out.zip")
    with pytest.raises(framehaul.Error, match=r"pip install 'framehaul\[images\]'") as raised:
        framehaul.export(source, "COCO 1.0", tmp_path / "pictures.zip", save_images=True, image_format=image_format)
    assert raised.value.code == "missing-package"
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(("image_format", "extension"), [("jpeg", "jpg"), ("webp", "webp")])
def test_frames_can_be_stored_with_loss_and_every_name_says_so(tmp_path, image_format, extension):
    source = backup(tmp_path / "task.zip", film(tmp_path / "v.mp4", 5).read_bytes())
    framehaul.export(source, "COCO 1.0", tmp_path / "out.zip", save_images=True, image_format=image_format, quality=95)
    names = [f"frame_{number:06}.{extension}" for number in range(5)]
    assert pictures_of(tmp_path / "out.zip") == {f"images/default/{name}": place for place, name in enumerate(names)}
    with zipfile.ZipFile(tmp_path / "out.zip") as made:
        images = json.loads(made.read("annotations/instances_default.json"))["images"]
    assert [image["file_name"] for image in images] == names


@pytest.mark.parametrize("quality", [0, 101])
def test_a_quality_that_is_none_is_refused(tmp_path, quality):
    source = backup(tmp_path / "task.zip", b"")
    with pytest.raises(framehaul.Error, match="from 1 to 100") as raised:
        framehaul.export(source, "COCO 1.0", tmp_path / "out.zip", save_images=True, quality=quality)
    assert raised.value.code == "bad-option"


def table_of(path: Path) -> list[dict[str, str]]:
    with zipfile.ZipFile(path) as made:
        return list(csv.DictReader(made.read("frames.csv").decode().splitlines()))


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("compression", ["none", "fast"])
def test_a_video_can_be_kept_whole_with_a_table_of_its_frames(tmp_path, packing, compression):
    content = film(tmp_path / "v.mp4", 40).read_bytes()
    unpacked = Task([label("car")], [Job(0, 4)], video=(WIDTH, HEIGHT), files={"video.mp4": content}, start=3, step=7)
    with zipfile.ZipFile(tmp_path / "task.zip", "w", packing) as archive:
        for name, data in replace(unpacked, deleted=[1]).members().items():
            archive.writestr(name, data)
    framehaul.export(
        tmp_path / "task.zip", "COCO 1.0", tmp_path / "out.zip", image_format="source", compression=compression, **KEPT
    )
    with zipfile.ZipFile(tmp_path / "out.zip") as made:
        assert made.testzip() is None
        assert made.read("videos/task/video.mp4") == content
        assert made.getinfo("videos/task/video.mp4").compress_type == zipfile.ZIP_STORED
        names = ["annotations/instances_default.json", "frames.csv", "videos/task/video.mp4"]
        assert sorted(made.namelist()) == names
        images = json.loads(made.read("annotations/instances_default.json"))["images"]
    rows = table_of(tmp_path / "out.zip")
    assert [(row["number"], float(row["time"])) for row in rows] == [(str(at), at / 25) for at in (3, 17, 24, 31)]
    assert [row["name"] for row in rows] == [f"images/default/{image['file_name']}" for image in images]
    assert {(row["task"], row["video"]) for row in rows} == {("task", "videos/task/video.mp4")}


KEPT = {"save_images": True}


def test_provenance_has_a_line_for_a_video_that_is_kept_whole(tmp_path):
    content = film(tmp_path / "v.mp4", 5).read_bytes()
    source = backup(tmp_path / "task.zip", content)
    framehaul.export(source, "YOLO 1.1", f"{tmp_path}/out/", image_format="source", provenance=True, **KEPT)
    assert (tmp_path / "out/videos/task/video.mp4").read_bytes() == content
    [line] = (tmp_path / "out/provenance.jsonl").read_text().splitlines()
    expected = {"name": "videos/task/video.mp4", "file": "video.mp4", "frame": None, "number": None, "time": None}
    expected |= {"size": len(content), "crc32": f"{zlib.crc32(content):08x}"}
    assert {key: value for key, value in json.loads(line).items() if key in expected} == expected


def test_videos_of_tasks_of_one_name_do_not_replace_each_other_and_pictures_are_copied_as_ever(tmp_path):
    clips = [film(tmp_path / f"{count}.mp4", count).read_bytes() for count in (5, 6)]
    tasks = [
        Task([label("car")], [Job(0, 4)], video=(WIDTH, HEIGHT), files={"video.mp4": clip}, name='same, "so"')
        for clip in clips
    ]
    tasks.append(Task([label("car")], [Job(0, 0)], [("a.png", 6, 4)], files={"a.png": png(6, 4)}, name="pictures"))
    source = project(tmp_path / "project.zip", *tasks)
    framehaul.export(source, "CVAT for images 1.1", tmp_path / "out.zip", image_format="source", **KEPT)
    with zipfile.ZipFile(tmp_path / "out.zip") as made:
        assert made.read('videos/same, "so"/video.mp4') == clips[0]
        assert made.read('videos/same, "so"_1/video.mp4') == clips[1]
        assert made.read("images/default/a.png") == png(6, 4)
    rows = table_of(tmp_path / "out.zip")
    assert [row["video"] for row in rows] == ['videos/same, "so"/video.mp4'] * 5 + ['videos/same, "so"_1/video.mp4'] * 5
    assert {row["task"] for row in rows} == {'same, "so"'}


@pytest.mark.parametrize(("name", "codec"), [("v.mp4", "libx264"), ("v.ts", "libx264"), ("v.avi", "mpeg4")])
def test_times_of_frames_are_those_that_the_decoder_tells(tmp_path, name, codec):
    path = film(tmp_path / name, 60, codec, bf="2")
    with av.open(str(path)) as container:
        expected = [frame.time for frame in container.decode(video=0)]
    with Times() as times:
        assert [time for _, time in times(path, None, range(60))] == expected
        with pytest.raises(framehaul.Error, match="only 60 frames"):
            next(times(path, None, [60]))


def test_times_need_no_decoding_where_the_packets_tell_them(tmp_path):
    video = Video(str(film(tmp_path / "v.mp4", 200)))
    decoded = []
    decode = video._decode
    video._decode = lambda: decoded.append(1) or decode()
    assert [video.time(number) for number in (0, 7, 199)] == [0, 7 / 25, 199 / 25]
    assert len(decoded) < 20


@pytest.mark.parametrize("content", [b"", b"no video" * 100])
def test_a_video_that_is_none_is_not_kept_and_can_be_left_out(tmp_path, content):
    source = backup(tmp_path / "task.zip", content)
    with pytest.raises(framehaul.Error) as raised:
        framehaul.export(source, "COCO 1.0", tmp_path / "out.zip", image_format="source", **KEPT)
    assert (raised.value.code, raised.value.place.file) == ("bad-picture", "video.mp4")
    report = framehaul.export(source, "COCO 1.0", tmp_path / "out.zip", image_format="source", on_error="skip", **KEPT)
    assert [note.times for note in report.notes] == [5]
    with zipfile.ZipFile(tmp_path / "out.zip") as made:
        assert made.namelist() == ["annotations/instances_default.json"]


def test_a_video_that_is_missing_is_not_kept_and_can_be_left_out(tmp_path):
    source = Task([label("car")], [Job(0, 4)], video=(WIDTH, HEIGHT)).backup(tmp_path / "task.zip")
    with pytest.raises(framehaul.Error) as raised:
        framehaul.export(source, "COCO 1.0", tmp_path / "out.zip", image_format="source", **KEPT)
    assert (raised.value.code, raised.value.place.file) == ("missing-file", "video.mp4")
    report = framehaul.export(source, "COCO 1.0", tmp_path / "out.zip", image_format="source", on_error="skip", **KEPT)
    assert [note.times for note in report.notes] == [5]


def test_a_video_whose_name_climbs_out_is_refused(tmp_path):
    (tmp_path / "v.mp4").write_bytes(film(tmp_path / "film.mp4", 5).read_bytes())
    video = {"name": "../v.mp4", "resolution": [WIDTH, HEIGHT], "length": 5}
    manifest = "\n".join(map(json.dumps, [{"version": "1.1"}, {"type": "video"}, {"properties": video}]))
    members = Task([label("car")], [Job(0, 4)], video=(WIDTH, HEIGHT)).members()
    for name, content in {**members, "data/manifest.jsonl": manifest.encode()}.items():
        (tmp_path / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "source" / name).write_bytes(content)
    with pytest.raises(framehaul.Error) as raised:
        framehaul.export(tmp_path / "source", "COCO 1.0", tmp_path / "out.zip", image_format="source", **KEPT)
    assert raised.value.code == "unsafe-name"


def test_damage_to_a_video_is_noticed_when_it_is_copied(tmp_path):
    content = film(tmp_path / "v.mp4", 40).read_bytes()
    source = backup(tmp_path / "task.zip", content)
    data = bytearray(source.read_bytes())
    data[data.index(b"mdat") + len(content) // 2] ^= 1
    source.write_bytes(data)
    with pytest.raises(framehaul.Error, match="checksum") as raised:
        framehaul.export(source, "COCO 1.0", tmp_path / "out.zip", image_format="source", **KEPT)
    assert (raised.value.code, raised.value.place.task, raised.value.place.file) == (
        "bad-picture",
        "task",
        "data/video.mp4",
    )
    assert not (tmp_path / "out.zip").exists()
    report = framehaul.export(source, "COCO 1.0", tmp_path / "out.zip", image_format="source", on_error="skip", **KEPT)
    assert "damaged" in str(report)
