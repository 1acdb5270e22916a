"""Frames of videos: told by what they show, whatever way the decoder takes to them; and videos that are broken."""

from __future__ import annotations

import io
import weakref
import zipfile
from contextlib import ExitStack, suppress
from fractions import Fraction
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from PIL import Image

import framehaul

pytest.importorskip("av")

import av

from films import HEIGHT, WIDTH, code_of, damaged, drawn, film, shown
from framehaul.media import files
from framehaul.media.encode import encoder, pixels
from framehaul.media.frames import Frames
from framehaul.media.video import Video

if TYPE_CHECKING:
    from pathlib import Path


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
    says = "cannot be decoded after frame" if whole else "damaged at frame"
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
    assert code_of(raised) == ("bad-picture", "the video has only 20 frames, but frame 24 is needed")
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
