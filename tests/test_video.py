"""Frames of videos: told by what they show, whatever way the decoder takes to them; and videos that are broken."""

from __future__ import annotations

import csv
import io
import json
import sys
import weakref
import zipfile
import zlib
from contextlib import ExitStack, suppress
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from PIL import Image

import framehaul
from backups import Job, Task, label, png, project

pytest.importorskip("av")

import av

from framehaul.media import files
from framehaul.media.encode import encoder, pixels
from framehaul.media.frames import Frames, Times
from framehaul.media.video import Video

if TYPE_CHECKING:
    from pathlib import Path

WIDTH, HEIGHT, BITS = 96, 48, 10


def drawn(number: int) -> np.ndarray:
    """A picture that shows its number: bits as white blocks in the upper half; below, something that moves."""
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for bit in range(BITS):
        picture[: HEIGHT // 2, 8 * bit : 8 * bit + 8] = 255 * (number >> bit & 1)
    picture[HEIGHT // 2 :, number % WIDTH :] = (200, 30, 90)
    return picture


def shown(picture: np.ndarray) -> int:
    return sum(int(picture[HEIGHT // 4, 8 * bit + 4].mean() > 127) << bit for bit in range(BITS))


def film(path: Path, frames: int, codec="libx264", **options: str) -> Path:
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=25, options={"g": "50", **options})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(frames):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(drawn(number), format="rgb24")))
        out.mux(stream.encode())
    return path


def code_of(raised: pytest.ExceptionInfo[framehaul.Error]) -> tuple[str, str]:
    return raised.value.code, str(raised.value)


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("b-frames.mp4", "libx264", {"bf": "3"}),
        ("open-gop.mkv", "libx264", {"x264-params": "open-gop=1:bframes=3"}),
        ("no-key-frames.mkv", "libx264", {"x264-params": "intra-refresh=1"}),
        ("imprecise.ts", "libx264", {}),
        ("no-times.avi", "mpeg4", {"bf": "2"}),
    ],
)
def test_frames_are_the_same_whether_they_are_jumped_to_or_come_one_after_another(tmp_path, name, codec, options):
    path = film(tmp_path / name, 700, codec, **options)
    with av.open(str(path)) as container:
        expected = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert [shown(picture) for picture in expected] == list(range(700))
    for wanted in [range(0, 700, 90), [0, 1, 520, 521, 699], [699, 3, 3, 650]]:
        video = Video(str(path))
        for number in wanted:
            np.testing.assert_array_equal(pixels(video.frame(number)), expected[number])
        video.close()


CODED = {
    "many-key-frames.mp4": {"g": "20", "bf": "2"},
    "open-gop.mkv": {"x264-params": "open-gop=1:bframes=3:keyint=24"},
    "no-key-frames.mkv": {"x264-params": "intra-refresh=1"},
}
"""Names of videos, and how they are made."""


@pytest.mark.parametrize(("every", "lie"), [(1, None), (37, None), (37, "flags"), (37, "times")])
@pytest.mark.parametrize("name", CODED)
def test_pictures_do_not_depend_on_threads_nor_on_what_the_container_says(tmp_path, monkeypatch, name, every, lie):
    path = film(tmp_path / name, 400, **CODED[name])
    with av.open(str(path)) as container:
        expected = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    if lie:
        path = remuxed(path, lie)
    for threads in (1, 2, 4, 8):
        monkeypatch.setattr("framehaul.media.video._THREADS", threads)
        video = Video(str(path))
        for number in range(0, 400, every):
            np.testing.assert_array_equal(pixels(video.frame(number)), expected[number])
        video.close()


def remuxed(path: Path, lie: str) -> Path:
    """The same frames, but every seventh is called a key frame, or the rate varies."""
    out_path = path.with_name(f"{lie}-{path.name}")
    with av.open(str(path)) as source, av.open(str(out_path), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for place, packet in enumerate(source.demux(video=0)):
            if not packet.size:
                continue
            if lie == "flags":
                packet.is_keyframe = place % 7 == 0
            else:
                packet.pts, packet.dts = (time and time + time // 200 * 200 for time in (packet.pts, packet.dts))
            packet.stream = stream
            out.mux(packet)
    return out_path


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


def damaged(path: Path, place: int, *, whole: bool = False) -> Path:
    """The second half of a packet is lost, or all of it."""
    with av.open(str(path)) as container:
        packet = [packet for packet in container.demux(video=0) if packet.size][place]
    data = bytearray(path.read_bytes())
    start, end = packet.pos + (0 if whole else packet.size // 2), packet.pos + packet.size
    data[start:end] = b"\xaa" * (end - start)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("threads", [1, 2, 8])
@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize(("before", "every"), [(0, 1), (0, 70), (600, 1), (600, 50), (900, 3)])
def test_damage_is_told_up_to_the_next_key_frame_and_what_follows_is_whole(
    tmp_path, monkeypatch, threads, whole, before, every
):
    monkeypatch.setattr("framehaul.media.video._THREADS", threads)
    path = film(tmp_path / "v.mp4", before + 120, g="30", bf="0", sc_threshold="0")
    for place in (47, 92):
        damaged(path, before + place, whole=whole)
    video = Video(str(path))
    says = "cannot be decoded behind its frame" if whole else "damaged at its frame"
    for number in range(0, before + 120, every):
        at = number - before
        if 47 <= at < 60 or at >= 92:
            with pytest.raises(framehaul.Error, match=says) as raised:
                video.frame(number)
            assert raised.value.code == "bad-picture"
        else:
            assert shown(pixels(video.frame(number))) == number


def test_where_the_packets_do_not_tell_which_frame_is_which_none_follows_what_cannot_be_decoded(tmp_path, monkeypatch):
    monkeypatch.setattr("framehaul.media.video._Index.of", lambda _: None)
    video = Video(str(damaged(film(tmp_path / "v.mp4", 90, g="30", bf="0", sc_threshold="0"), 47, whole=True)))
    assert [number for number in range(90) if frame_or_none(video, number)] == list(range(47))


def test_a_frame_in_front_of_a_key_frame_that_is_lost_is_not_mistaken_for_the_last_one_that_was_shown(tmp_path):
    path = film(tmp_path / "v.mp4", 90, g="30", bf="0", sc_threshold="0")
    for place in (47, 60):
        damaged(path, place, whole=True)
    video = Video(str(path))
    assert shown(pixels(video.frame(46))) == 46
    assert [frame_or_none(video, number) for number in (65, 59)] == [None, None]
    assert shown(pixels(video.frame(45))) == 45


def frame_or_none(video: Video, number: int) -> av.VideoFrame | None:
    with suppress(framehaul.Error):
        return video.frame(number)
    return None


def test_damage_names_the_frame_and_the_file_and_frames_that_it_touches_can_be_left_out(tmp_path):
    content = damaged(film(tmp_path / "v.mp4", 90, g="30", bf="0", sc_threshold="0"), 47).read_bytes()
    made = Task([label("car")], [Job(0, 89)], video=(WIDTH, HEIGHT), files={"video.mp4": content})
    source = made.backup(tmp_path / "task.zip")
    with pytest.raises(framehaul.Error, match="damaged at its frame 47") as raised:
        framehaul.export(source, "COCO 1.0", tmp_path / "out.zip", save_images=True)
    assert (raised.value.place.frame, raised.value.place.file) == (47, "video.mp4")
    assert not (tmp_path / "out.zip").exists()
    framehaul.export(source, "COCO 1.0", tmp_path / "out.zip", save_images=True, on_error="skip")
    assert list(pictures_of(tmp_path / "out.zip").values()) == [*range(47), *range(60, 90)]


def test_a_video_that_is_closed_leaves_nothing_for_the_collector_of_garbage(tmp_path):
    video = Video(str(film(tmp_path / "v.mp4", 9)))
    video.frame(3)
    seen = weakref.ref(video)
    video.close()
    del video
    assert seen() is None


def test_a_jump_saves_the_decoding_of_what_lies_between(tmp_path):
    video = Video(str(film(tmp_path / "v.mp4", 700)))
    decoded = []
    decode = video._decode
    video._decode = lambda: decoded.append(1) or decode()
    assert shown(pixels(video.frame(699))) == 699
    assert len(decoded) < 400


def test_a_video_whose_times_are_irregular_has_its_frames_in_the_order_of_time(tmp_path):
    path = tmp_path / "v.mkv"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"g": "20"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(400):
            frame = av.VideoFrame.from_ndarray(drawn(number), format="rgb24")
            frame.pts = number * 2 + number // 7 * 30
            frame.time_base = Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    video = Video(str(path))
    assert [shown(pixels(video.frame(number))) for number in (0, 5, 300, 399)] == [0, 5, 300, 399]


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_video_in_an_archive_is_read_where_it_is(tmp_path, compression):
    path = film(tmp_path / "v.mp4", 12)
    with zipfile.ZipFile(tmp_path / "task.zip", "w", compression) as archive:
        archive.writestr("task.json", "{}")
        archive.write(path, "data/v.mp4")
        archive.writestr("z", "z" * 999)
    with ExitStack() as stack:
        video = Video(files.url(tmp_path / "task.zip", "data/v.mp4", stack))
        assert [shown(pixels(video.frame(number))) for number in range(12)] == list(range(12))
        video.close()


@pytest.mark.parametrize(("image_format", "loss"), [("png", 0), ("jpeg", 12), ("webp", 12)])
def test_an_encoded_frame_shows_what_the_frame_shows(tmp_path, image_format, loss):
    frame = Video(str(film(tmp_path / "v.mp4", 6))).frame(5)
    data = encoder(image_format, 95)(frame)
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert np.abs(decoded.astype(int) - pixels(frame)).mean() <= loss
    assert shown(decoded) == 5


def decoded_jpeg(frame: av.VideoFrame) -> np.ndarray:
    data = encoder("jpeg", 95)(frame)
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


@pytest.mark.parametrize("colorspace", ["ITU709", "ITU601"])
@pytest.mark.parametrize("color_range", ["UNSPECIFIED", "MPEG", "JPEG"])
@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuvj420p", "yuv444p", "yuv420p10le", "gray"])
@pytest.mark.parametrize("size", [(64, 48), (53, 37)])
def test_jpeg_has_the_colours_of_the_frame_whatever_it_calls_them(pix_fmt, color_range, colorspace, size):
    width, height = size
    slope = np.linspace(0, 255, width)[None, :] + np.zeros((height, 1))
    picture = np.stack([slope, slope[:, ::-1], np.full_like(slope, 90)], 2).astype(np.uint8)
    frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=pix_fmt)
    frame.color_range = av.video.reformatter.ColorRange[color_range]
    frame.colorspace = av.video.reformatter.Colorspace[colorspace]
    assert np.abs(decoded_jpeg(frame).astype(int) - pixels(frame)).mean() < 3


def test_jpeg_of_a_video_is_nearer_to_it_than_over_red_green_and_blue(tmp_path):
    frame = Video(str(film(tmp_path / "v.mp4", 6))).frame(5)
    brightness = np.frombuffer(memoryview(frame.planes[0]), np.uint8).reshape(HEIGHT, -1)[:, :WIDTH]
    expected = (brightness.astype(float) - 16) * 255 / 219

    def distance(data: bytes) -> float:
        with Image.open(io.BytesIO(data)) as image:
            image.draft("YCbCr", None)
            return float(np.abs(np.asarray(image)[..., 0] - expected).mean())

    out = io.BytesIO()
    Image.fromarray(pixels(frame)).save(out, "jpeg", quality=95)
    assert distance(encoder("jpeg", 95)(frame)) < distance(out.getvalue())


def test_quality_makes_pictures_larger(tmp_path):
    frame = Video(str(film(tmp_path / "v.mp4", 6))).frame(5)
    assert len(encoder("jpeg", 30)(frame)) < len(encoder("jpeg", 95)(frame))


def test_a_video_that_was_filmed_lying_is_turned_upright(tmp_path):
    frame = Video(str(film(tmp_path / "v.mp4", 1))).frame(0)

    class Lying:
        rotation = -90  # a quarter turn clockwise makes it upright

        def to_ndarray(self, format):  # noqa: A002
            return frame.to_ndarray(format=format)

    np.testing.assert_array_equal(pixels(Lying()), np.rot90(pixels(frame), -1))


def test_a_video_with_fewer_frames_than_wanted_says_how_many_it_has(tmp_path):
    video = Video(str(film(tmp_path / "v.mp4", 20)))
    with pytest.raises(framehaul.Error) as raised:
        video.frame(24)
    assert code_of(raised) == ("bad-picture", "the video has only 20 frames; its frame 24 is wanted")
    assert shown(pixels(video.frame(3))) == 3


def test_a_video_that_was_cut_off_gives_its_frames_up_to_there_and_says_so(tmp_path):
    path = film(tmp_path / "v.mkv", 100)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    video = Video(str(path))
    assert shown(pixels(video.frame(10))) == 10
    with pytest.raises(framehaul.Error) as raised:
        video.frame(99)
    assert raised.value.code == "bad-picture"


@pytest.mark.parametrize("content", [b"", b"no video" * 100, b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n"])
def test_what_is_no_video_is_an_error_that_says_so(tmp_path, content):
    path = tmp_path / "v.mp4"
    path.write_bytes(content)
    with pytest.raises(framehaul.Error, match=r"cannot be opened|no video stream") as raised:
        Video(str(path)).frame(0)
    assert raised.value.code == "bad-picture"


def test_a_file_with_sound_only_has_no_video_stream(tmp_path):
    path = tmp_path / "v.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("aac", rate=44100, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44100
        out.mux(stream.encode(frame))
        out.mux(stream.encode())
    with pytest.raises(framehaul.Error, match="no video stream"):
        Video(str(path))


def test_frames_that_cannot_be_had_are_errors_in_their_place_and_the_others_follow(tmp_path):
    paths = [film(tmp_path / "a.mp4", 5), film(tmp_path / "b.mp4", 9)]
    (tmp_path / "c.mp4").write_bytes(b"")
    paths.append(tmp_path / "c.mp4")

    def following(pictures) -> int | str:
        try:
            return shown(np.asarray(cv2.imdecode(np.frombuffer(next(pictures)[0], np.uint8), cv2.IMREAD_COLOR)))
        except framehaul.Error as error:
            return error.code

    with Frames(encoder("png", 90)) as frames:
        assert [time for _, time in frames(paths[0], None, [0, 3])] == [0, 3 / 25]
        for place, wanted, expected in [
            (0, [3, 4, 5, 6], [3, 4, "bad-picture", "bad-picture"]),
            (1, [0, 8], [0, 8]),
            (2, [0, 1], ["bad-picture", "bad-picture"]),
            (0, [1], [1]),
        ]:
            pictures = frames(paths[place], None, wanted)
            assert [following(pictures) for _ in wanted] == expected


def backup(path: Path, video: bytes, **frames) -> Path:
    return Task([label("car")], [Job(0, 4)], video=(WIDTH, HEIGHT), files={"video.mp4": video}, **frames).backup(path)


def pictures_of(path: Path) -> dict[str, int]:
    with zipfile.ZipFile(path) as made:
        names = [name for name in made.namelist() if name.startswith("images/")]
        return {name: shown(cv2.imdecode(np.frombuffer(made.read(name), np.uint8), cv2.IMREAD_COLOR)) for name in names}


@pytest.mark.parametrize("threads", [1, 4])
def test_an_export_has_the_frames_of_the_task_that_are_not_deleted_as_png(tmp_path, threads):
    content = film(tmp_path / "v.mp4", 40).read_bytes()
    source = backup(tmp_path / "task.zip", content, start=3, step=7, deleted=[1])
    framehaul.export(source, "COCO 1.0", tmp_path / "out.zip", save_images=True, threads=threads)
    assert pictures_of(tmp_path / "out.zip") == {
        f"images/default/frame_{number:06}.png": number for number in (3, 17, 24, 31)
    }


def test_the_video_may_lie_in_a_folder_of_its_own(tmp_path):
    film(tmp_path / "video.mp4", 10)
    source = Task([label("car")], [Job(0, 4)]).server(tmp_path / "server")
    framehaul.export(source, "COCO 1.0", tmp_path / "out.zip", save_images=True, media=tmp_path)
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
