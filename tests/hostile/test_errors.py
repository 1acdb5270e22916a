"""Damaged and malicious sources, and outputs that cannot be written: a code, a place, nothing left behind."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import zipfile
import zlib

import pytest

import framehaul
from backups import Job, Task, attribute, keyframe, label, shape, tag, track
from program import PROGRAM

TASK = Task(
    labels=[label("car", attribute("speed", "number", "0"))],
    jobs=[Job(0, 9, shapes=[shape("rectangle", "car", 3, [1, 2, 30, 40], speed="5")])],
)


def exported(source, tmp_path, name="Datumaro 1.0", **options):
    """Exports in a format that holds every kind of annotation, and looks that a failure leaves nothing."""
    before = set(os.listdir(tmp_path))
    try:
        return framehaul.export(source, name, tmp_path / "out.zip", **options)
    finally:
        left = set(os.listdir(tmp_path)) - before
        assert left <= {"out.zip"}, "temporary files were left behind"


def refused(source, tmp_path, **options) -> framehaul.Error:
    with pytest.raises(framehaul.Error) as caught:
        exported(source, tmp_path, **options)
    assert not (tmp_path / "out.zip").exists()
    assert "\n" not in str(caught.value)
    return caught.value


# What is wrong with the one shape of the task, the code, and where it is found.
WRONG_SHAPES = {
    "a label that is not in the schema": (shape("rectangle", "tram", 3, [1, 2, 3, 4]), "unknown-label"),
    "an attribute that the label lacks": (shape("rectangle", "car", 3, [1, 2, 3, 4], wheels="4"), "unknown-attribute"),
    "a frame after the last one": (shape("rectangle", "car", 10, [1, 2, 3, 4]), "frame-out-of-range"),
    "a frame before the first one": (shape("rectangle", "car", -1, [1, 2, 3, 4]), "frame-out-of-range"),
    "an infinite coordinate": (shape("rectangle", "car", 3, [1, 2, 3, float("inf")]), "not-finite"),
    "a coordinate that is no number": (shape("rectangle", "car", 3, [1, 2, 3, float("nan")]), "not-finite"),
    "a rectangle of three numbers": (shape("rectangle", "car", 3, [1, 2, 3]), "bad-shape"),
    "a polygon of two points": (shape("polygon", "car", 3, [1, 2, 3, 4]), "bad-shape"),
    "half a point": (shape("polygon", "car", 3, [1, 2, 3, 4, 5, 6, 7]), "bad-shape"),
    "a polyline of one point": (shape("polyline", "car", 3, [1, 2]), "bad-shape"),
    "points without a point": (shape("points", "car", 3, []), "bad-shape"),
    "an ellipse of two numbers": (shape("ellipse", "car", 3, [1, 2]), "bad-shape"),
    "a cuboid of eight numbers": (shape("cuboid", "car", 3, [1] * 8), "bad-shape"),
    "mask runs that are too few for their box": (shape("mask", "car", 3, [3, 2, 10, 10, 12, 12]), "bad-mask"),
    "mask runs that are too many for their box": (shape("mask", "car", 3, [5, 5, 10, 10, 12, 12]), "bad-mask"),
    "a negative mask run": (shape("mask", "car", 3, [-3, 12, 10, 10, 12, 12]), "bad-mask"),
    "a mask box that is turned round": (shape("mask", "car", 3, [4, 12, 12, 10, 10]), "bad-mask"),
    "a mask without a box": (shape("mask", "car", 3, [4]), "bad-mask"),
}


@pytest.mark.parametrize("case", WRONG_SHAPES)
def test_a_wrong_shape_is_refused_with_its_place(written, tmp_path, case):
    wrong, code = WRONG_SHAPES[case]
    right = shape("rectangle", "car", 0, [1, 2, 3, 4])
    error = refused(written(TASK.with_job(shapes=[right, wrong])), tmp_path)
    assert error.code == code, error
    assert error.place.shape == 1, error
    assert "shape 1" in str(error)


WRONG_TRACKS = {
    "two different keyframes on one frame": (
        [keyframe("rectangle", 2, [1, 2, 3, 4]), keyframe("rectangle", 2, [5, 6, 7, 8])],
        "bad-track",
    ),
    "a keyframe with too few points": (
        [keyframe("rectangle", 0, [1, 2, 3, 4]), keyframe("rectangle", 5, [1, 2])],
        "bad-shape",
    ),
    "keyframes of different kinds": (
        [keyframe("rectangle", 0, [1, 2, 3, 4]), keyframe("polygon", 5, [1, 2, 3, 4, 5, 6])],
        "bad-track",
    ),
}


@pytest.mark.parametrize("case", WRONG_TRACKS)
def test_a_wrong_track_is_refused_with_its_place(written, tmp_path, case):
    keyframes, code = WRONG_TRACKS[case]
    right = track("car", keyframe("rectangle", 0, [1, 2, 3, 4]))
    error = refused(written(TASK.with_job(tracks=[right, track("car", *keyframes)])), tmp_path)
    assert (error.code, error.place.track) == (code, 1), error


def test_a_number_attribute_with_other_text_is_refused_where_the_format_needs_the_number(written, tmp_path):
    source = written(TASK.with_job(shapes=[shape("rectangle", "car", 3, [1, 2, 3, 4], speed="fast")]))
    with pytest.raises(framehaul.Error) as caught:
        framehaul.export(source, "COCO 1.0", tmp_path / "out.zip")
    assert caught.value.code == "bad-attribute-value"
    assert '"fast"' in str(caught.value)
    assert (caught.value.place.frame, caught.value.place.label) == (3, "car")


def test_a_tag_with_an_unknown_label_is_refused(written, tmp_path):
    assert refused(written(TASK.with_job(tags=[tag("tram", 0)])), tmp_path).code == "unknown-label"


BROKEN_FILES = {
    "no annotations": ({"annotations": None}, "missing-file"),
    "no task": ({"task": None}, "unknown-source"),
    "annotations that end in the middle": (
        {"annotations": b'[{"version":0,"tags":[],"shapes":[{"ty'},
        "truncated-json",
    ),
    "empty annotations": ({"annotations": b""}, "truncated-json"),
    "annotations that are no JSON": ({"annotations": b"<annotations/>"}, "malformed-json"),
    "annotations that go on after their end": ({"annotations": b'[{"version":0}]]'}, "malformed-json"),
    "shapes that are no list": ({"annotations": b'[{"version":0,"shapes":7}]'}, "malformed-json"),
    "text where points belong": (
        {"annotations": b'[{"shapes":[{"type":"rectangle","points":["a"],"frame":0,"label":"car"}]}]'},
        "malformed-json",
    ),
    "a task that is no JSON": ({"task": b"nonsense"}, "malformed-json"),
    "fewer annotations than jobs": ({"annotations": b"[]"}, "bad-metadata"),
    "deep nesting": ({"annotations": b"[" * 100_000}, "malformed-json"),
}


@pytest.mark.parametrize("case", BROKEN_FILES)
def test_a_broken_member_is_refused(tmp_path, case):
    changed, code = BROKEN_FILES[case]
    assert refused(TASK.backup(tmp_path / "task.zip", **changed), tmp_path).code == code


def test_invalid_utf8_is_malformed(tmp_path):
    members = TASK.members()
    source = TASK.backup(tmp_path / "task.zip", task=members["task.json"].replace(b'"task"', b'"t\xffsk"'))
    assert refused(source, tmp_path).code == "malformed-json"


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"no archive at all, but some text" * 10, b"PK\x05\x06" + b"\xff" * 18]
)
def test_what_is_no_archive_is_refused(tmp_path, content):
    source = tmp_path / "task.zip"
    source.write_bytes(content)
    error = refused(source, tmp_path)
    assert error.code in ("bad-zip", "unknown-source")
    assert "task.zip" in str(error)


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.9, 0.99])
def test_an_archive_that_ends_early_is_refused(tmp_path, kept):
    content = TASK.backup(tmp_path / "whole.zip").read_bytes()
    source = tmp_path / "task.zip"
    source.write_bytes(content[: int(len(content) * kept)])
    assert refused(source, tmp_path).code in ("bad-zip", "unknown-source")


def test_a_changed_byte_is_noticed_by_its_checksum(tmp_path):
    source = TASK.backup(tmp_path / "task.zip")
    content = bytearray(source.read_bytes())
    place = content.index(b'"points":[1,2,30,40]') + len('"points":[')
    content[place : place + 1] = b"7"
    source.write_bytes(content)
    assert refused(source, tmp_path).code == "bad-zip"


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    bomb = b'[{"version":0,"tags":[],"shapes":[' + b" " * 50_000_000 + b'],"tracks":[]}]'
    source = tmp_path / "task.zip"
    with zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (TASK.members() | {"annotations.json": bomb}).items():
            archive.writestr(name, content)
    assert refused(source, tmp_path).code == "zip-bomb"
    dataset = framehaul.open(source, max_ratio=10_000)
    assert dataset.inspect()["counts"] == []
    with pytest.raises(framehaul.Error, match="20") as caught:
        framehaul.open(source, max_ratio=10_000, max_total=20_000_000)
    assert caught.value.code == "zip-bomb"


def test_a_member_that_lies_about_its_size_is_refused(tmp_path):
    source = tmp_path / "task.zip"
    with zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in TASK.members().items():
            archive.writestr(name, content)
    content = bytearray(source.read_bytes())
    size = len(TASK.members()["annotations.json"])
    truth, lie = size.to_bytes(4, "little"), (size - 50).to_bytes(4, "little")
    assert content.count(truth) == 2
    source.write_bytes(content.replace(truth, lie))
    assert refused(source, tmp_path).code in ("bad-zip", "zip-bomb")


@pytest.mark.parametrize("name", ["../up.jpg", "/etc/passwd.jpg", "a/../../up.jpg", "..\\up.jpg"])
@pytest.mark.parametrize("out", ["out.zip", "out/"])
def test_no_file_leaves_the_output_whatever_pictures_are_called(written, tmp_path, name, out):
    source = written(Task(labels=TASK.labels, jobs=[Job(0, 0)], images=[(name, 10, 10)]))
    before = os.listdir(tmp_path)
    with pytest.raises(framehaul.Error) as caught:
        framehaul.export(source, "YOLO 1.1", f"{tmp_path}/{out}")
    assert caught.value.code == "unsafe-name"
    assert os.listdir(tmp_path) == before


@pytest.mark.parametrize("name", ["../evil.txt", "/etc/passwd", "data/../../evil.txt"])
def test_an_archive_with_names_that_climb_is_refused(tmp_path, name):
    source = TASK.backup(tmp_path / "task.zip")
    with zipfile.ZipFile(source, "a") as archive:
        archive.writestr(name, "")
    assert refused(source, tmp_path).code == "unsafe-name"


def test_no_annotation_is_lost_in_silence_when_two_pictures_share_a_label_file(written, tmp_path):
    boxes = [shape("rectangle", "car", frame, [1, 2, 3, 4]) for frame in (0, 1)]
    images = [("a.jpg", 10, 10), ("a.png", 10, 10)]
    source = written(Task(labels=TASK.labels, jobs=[Job(0, 1, shapes=boxes)], images=images))
    try:
        report = framehaul.export(source, "YOLO 1.1", tmp_path / "out.zip")
    except framehaul.Error as error:
        assert error.code == "name-collision"  # noqa: PT017
        return
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert len(set(archive.namelist())) == len(archive.namelist())
        lines = archive.read("obj_train_data/a.txt").splitlines()
    assert len(lines) == report.written
    assert report.written + report.dropped == 2


def test_a_folder_that_is_no_source_is_refused(tmp_path):
    (tmp_path / "some").mkdir()
    assert refused(tmp_path / "some", tmp_path).code == "unknown-source"


def test_server_answers_without_annotations_are_refused(tmp_path):
    source = TASK.server(tmp_path / "server")
    shutil.rmtree(source / "job_1")
    (source / "annotations.json").unlink()
    assert refused(source, tmp_path).code == "missing-file"


def test_a_damaged_saved_dataset_is_refused(tmp_path):
    framehaul.open(TASK.backup(tmp_path / "task.zip")).save(tmp_path / "saved")
    for path in sorted((tmp_path / "saved").iterdir()):
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        assert refused(tmp_path / "saved", tmp_path).code in ("bad-dataset", "missing-file"), path
        path.write_bytes(whole)
    assert exported(tmp_path / "saved", tmp_path).frames == 10


def test_an_output_whose_folder_is_missing_is_refused(tmp_path):
    source = TASK.backup(tmp_path / "task.zip")
    with pytest.raises(framehaul.Error) as caught:
        framehaul.export(source, "coco", tmp_path / "none" / "out.zip")
    assert caught.value.code in ("not-found", "not-writable")
    assert os.listdir(tmp_path) == ["task.zip"]


def test_an_output_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    for out in ("file", "file/below"):
        with pytest.raises(framehaul.Error) as caught:
            framehaul.export(TASK.backup(tmp_path / "task.zip"), ["coco", "yolo"], tmp_path / out)
        assert caught.value.code == "not-writable"


def many_frames(tmp_path):
    moving = track("car", keyframe("rectangle", 0, [1, 2, 3, 4]))
    return Task(labels=TASK.labels, jobs=[Job(0, 99_999, tracks=[moving])]).backup(tmp_path / "large.zip")


def test_a_limit_on_file_sizes_is_an_error_and_leaves_nothing(tmp_path):
    source = many_frames(tmp_path)

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    command = [PROGRAM, "export", source, "-f", "cvat-images", "-o", tmp_path / "out.zip", "--compression", "none"]
    done = subprocess.run(command, preexec_fn=limit, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done
    assert done.stderr.startswith("error["), done.stderr
    assert done.stderr.count("\n") == 1
    assert os.listdir(tmp_path) == ["large.zip"]


@pytest.fixture
def tiny_disk(tmp_path):
    """A disk of 256 KiB, where the machine lets us mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", place], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no right to mount a small disk")
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.mark.parametrize("out", ["out.zip", "out/"])
def test_a_full_disk_is_an_error_and_leaves_nothing(tiny_disk, tmp_path, out):
    with pytest.raises(framehaul.Error) as caught:
        framehaul.export(many_frames(tmp_path), "cvat-images", f"{tiny_disk}/{out}", compression="none")
    assert caught.value.code == "disk-full"
    assert isinstance(caught.value, OSError)
    assert os.listdir(tiny_disk) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_an_error(tmp_path):
    source = TASK.backup(tmp_path / "task.zip")
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    with pytest.raises(PermissionError) as caught:
        framehaul.export(source, "coco", locked / "out.zip")
    assert caught.value.code == "not-writable"


def test_random_damage_never_crashes(tmp_path):
    """Bytes of a backup are changed one after the other: the result is an export or a clear error, never a panic."""
    whole = TASK.backup(tmp_path / "whole.zip").read_bytes()
    source = tmp_path / "task.zip"
    for place in range(0, len(whole), 7):
        changed = bytearray(whole)
        changed[place] ^= 1 << (place % 8)
        source.write_bytes(changed)
        try:
            framehaul.export(source, "coco", tmp_path / "out.zip", overwrite=True)
        except framehaul.Error as error:
            assert error.code != "internal", error  # noqa: PT017


def test_random_damage_to_json_never_crashes(tmp_path):
    """As above, but with correct checksums, so that the damage reaches the parser."""
    whole = TASK.members()["annotations.json"]
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] = zlib.crc32(bytes([place % 256])) % 128
        try:
            framehaul.export(
                TASK.backup(tmp_path / "task.zip", annotations=bytes(changed)),
                "coco",
                tmp_path / "o.zip",
                overwrite=True,
            )
        except framehaul.Error as error:
            assert error.code != "internal", error  # noqa: PT017


def test_huge_numbers_are_no_panic(written, tmp_path):
    huge = shape("rectangle", "car", 3, [-1e308, -1e308, 1e308, 1e308], z_order=2**31 - 1, rotation=1e300)
    source = written(TASK.with_job(shapes=[huge]))
    for info in framehaul.formats():
        try:
            framehaul.export(source, info.name, tmp_path / f"{info.slug}.zip")
        except framehaul.Error as error:
            assert error.code != "internal", error  # noqa: PT017


def test_every_error_of_the_core_has_a_class():
    from framehaul import _core, errors

    for code in _core.error_codes():
        made = errors.from_core(code, "text", (None,) * 7)
        assert str(made) == "text"
        assert isinstance(made, KeyboardInterrupt if code == "interrupted" else framehaul.Error)
    assert set(errors._CLASSES) <= set(_core.error_codes())
    assert json.dumps(_core.error_codes())
