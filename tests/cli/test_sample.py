"""The built-in sample has every kind of annotation, and the file in the package is what its script makes."""

from __future__ import annotations

import zipfile

import framehaul
from sample import PATH, SAMPLE


def test_the_sample_in_the_package_is_what_its_script_makes():
    with zipfile.ZipFile(PATH) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == SAMPLE.members()


def test_the_sample_has_every_kind_of_annotation():
    found = framehaul.open("sample").inspect()
    kinds = {"tag", "rectangle", "ellipse", "polygon", "polyline", "points", "mask", "cuboid", "skeleton"}
    assert {count["kind"] for count in found["counts"]} == kinds
    assert {count["kind"] for count in found["counts"] if count["tracks"]} == {
        "rectangle",
        "polygon",
        "polyline",
        "skeleton",
    }
    assert len(found["tasks"][0]["jobs"]) == 2


def test_the_sample_goes_into_every_format(tmp_path):
    reports = framehaul.export("sample", [info.name for info in framehaul.formats()], tmp_path)
    for name, report in reports.items():
        assert report.frames == 29, name
        # Each of the annotations is accounted for, in every format alike.
        assert report.written + report.converted + report.dropped == 67, name


def test_a_file_called_sample_is_reached_by_its_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    SAMPLE.with_job(tags=[], shapes=[], tracks=[]).backup(tmp_path / "sample")
    counts = [len(framehaul.open(source).inspect()["counts"]) for source in ("sample", "./sample")]
    assert counts[0] > counts[1]
