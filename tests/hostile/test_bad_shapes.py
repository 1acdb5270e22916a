"""One mask or polygon that is not sound does not keep the rest of a backup from being read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

import framehaul
from archives import members
from backups import Job, Task, keyframe, label, shape, track, triangle
from framehaul import errors

if TYPE_CHECKING:
    from pathlib import Path

GOOD = shape("rectangle", "car", 0, [1, 1, 5, 5])
BAD = {
    # Runs of 16 pixels in a box of 4 by 3.
    "mask": (shape("mask", "car", 1, [2, 3, 11, 0, 0, 3, 2]), "bad-mask"),
    "short-mask": (shape("mask", "car", 1, [1, 0]), "bad-mask"),
    "polygon": (shape("polygon", "car", 1, [0, 0, 4, 4]), "bad-shape"),
    "rectangle": (shape("rectangle", "car", 1, [0, 0, 4]), "bad-shape"),
    "cuboid": (shape("cuboid", "car", 1, [0, 0, 4]), "bad-shape"),
    "empty": (shape("points", "car", 1, []), "bad-shape"),
    "skeleton": (shape("skeleton", "pose", 1, elements=[shape("points", "a", 1, [1, 2, 3])]), "bad-shape"),
    "element": (shape("skeleton", "pose", 1, elements=[shape("rectangle", "a", 1, [1, 2, 3, 4])]), "bad-shape"),
}
ALL = [info.slug for info in framehaul.formats()]
XML = ["cvat-images", "cvat-video"]


def task(bad, *, tracks=()):
    shapes = [GOOD, *([bad] if bad else []), shape("polygon", "car", 1, [1, 1, 5, 1, 5, 5])]
    return Task(
        labels=[label("car"), triangle("pose"), label("other")],
        images=[("a.png", 10, 10), ("b.png", 10, 10)],
        jobs=[Job(0, 1, shapes=shapes, tracks=tracks)],
    )


@pytest.mark.parametrize("name", BAD)
def test_the_default_names_the_shape_and_stops(tmp_path, written, name):
    bad, code = BAD[name]
    with pytest.raises(errors.SourceError, match="--on-error skip") as caught:
        framehaul.export(written(task(bad)), "datumaro", tmp_path / "out.zip")
    place = caught.value.place
    assert (caught.value.code, place.task, place.frame, place.shape) == (code, "task", 1, 1)
    assert place.label == bad["label"]
    assert not (tmp_path / "out.zip").exists()


@pytest.mark.parametrize("profile", ["cvat", "training"])
@pytest.mark.parametrize("name", [name for name in BAD if name != "element"])  # COCO lists categories by what there is
def test_every_format_leaves_out_the_one_shape_and_lists_it(tmp_path, name, profile):
    bad, _ = BAD[name]
    whole = task(bad).backup(tmp_path / "bad.zip")
    clean = task(None).backup(tmp_path / "clean.zip")
    formats = [slug for slug in ALL if slug not in XML]
    options = {"overwrite": True, "profile": profile, "on_error": "skip"}
    left = framehaul.export(whole, formats, f"{tmp_path}/left/", **options)
    kept = framehaul.export(clean, formats, f"{tmp_path}/kept/", **options)
    found = {name: archives(tmp_path / name) for name in ("left", "kept")}
    assert len(found["left"]) == len(formats)
    assert found["left"] == found["kept"]
    for display, report in left.items():
        assert report.dropped == kept[display].dropped + 1, display
        [out] = report.left_out
        assert (out.task, out.frame) == ("task", 1)
        assert "shape 1" in out.why


def archives(folder: Path) -> dict[str, dict[str, bytes]]:
    return {path.name: members(path) for path in sorted(folder.iterdir())}


def test_cvat_xml_has_the_numbers_as_they_are(tmp_path, written):
    source = written(task(BAD["polygon"][0]))
    report = framehaul.export(source, "cvat-images", tmp_path / "out.zip")
    assert (report.dropped, report.left_out) == (0, ())
    xml = members(tmp_path / "out.zip")["annotations.xml"].decode()
    assert re.findall(r'<polygon .*?points="(.*?)"', xml) == ["0.00,0.00;4.00,4.00", "1.00,1.00;5.00,1.00;5.00,5.00"]


def test_cvat_xml_has_the_runs_of_a_mask_as_they_are(tmp_path, written):
    source = written(task(BAD["mask"][0]))
    framehaul.export(source, "cvat-images", tmp_path / "out.zip")
    xml = members(tmp_path / "out.zip")["annotations.xml"].decode()
    assert re.findall(r'<mask .*?rle="(.*?)" left="0" top="0" width="4" height="3"', xml) == ["2, 3, 11"]


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("slug", XML)
def test_cvat_xml_never_fails_for_such_a_shape_or_leaves_it_out_with_the_rest(tmp_path, name, slug):
    source = task(BAD[name][0]).backup(tmp_path / "task.zip")
    framehaul.export(source, slug, tmp_path / "out.zip")
    assert b"polygon" in members(tmp_path / "out.zip")["annotations.xml"]


def test_a_format_that_does_not_hold_such_shapes_needs_no_option(tmp_path, written):
    source = written(task(BAD["mask"][0]))
    report = framehaul.export(source, "yolo", tmp_path / "out.zip")
    assert (report.written, report.dropped, len(report.left_out)) == (1, 2, 1)


def test_what_is_not_selected_is_not_asked_for(tmp_path, written):
    source = written(task(BAD["mask"][0]))
    report = framehaul.export(source, "datumaro", tmp_path / "out.zip", labels=["other"])
    assert (report.written, report.left_out) == (0, ())


def test_a_track_with_such_a_shape_is_left_out_with_all_its_frames(tmp_path, written):
    bad = track("car", keyframe("polygon", 0, [0, 0, 4, 0, 4, 4]), keyframe("polygon", 1, [0, 0, 4, 4]))
    good = track("car", keyframe("rectangle", 0, [0, 0, 4, 4]))
    source = written(task(None, tracks=[bad, good]))
    with pytest.raises(errors.SourceError) as caught:
        framehaul.export(source, "datumaro", tmp_path / "out.zip")
    assert (caught.value.place.track, caught.value.place.shape, caught.value.place.frame) == (0, 1, 1)
    report = framehaul.export(source, "datumaro", tmp_path / "out.zip", on_error="skip")
    assert [(row.shape, row.annotations) for row in report.rows if row.outcome == "dropped"] == [("polygon", 2)]
    assert len(report.left_out) == 1


@pytest.mark.parametrize("name", BAD)
def test_the_source_opens_is_saved_and_shows_its_other_frames(tmp_path, written, name):
    dataset = framehaul.open(written(task(BAD[name][0])))
    dataset.save(tmp_path / "saved")
    again = framehaul.open(tmp_path / "saved")
    assert again.inspect() == dataset.inspect()
    assert [each.kind for each in again.frame("task", 0).annotations] == ["rectangle"]
    assert len(again.frame("task", 1).annotations) == 2
    with pytest.raises(errors.SourceError):
        framehaul.export(again, "datumaro", tmp_path / "out.zip")


def test_the_command_line_says_how_to_go_on(tmp_path, cli):
    source = task(BAD["mask"][0]).backup(tmp_path / "task.zip")
    stopped = cli("export", source, "-f", "coco", "-o", tmp_path / "out.zip")
    assert stopped.returncode == 1
    assert stopped.stderr.startswith("error[bad-mask]: the runs of a mask cover 16 pixels, its box has 4 by 3")
    skipped = cli("export", source, "-f", "coco", "-o", tmp_path / "out.zip", "--on-error", "skip")
    assert skipped.returncode == 0
    assert "left out" in skipped.stdout + skipped.stderr
