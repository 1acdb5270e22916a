"""What framehaul writes is valid, and is what its source holds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import framehaul
from framehaul.verify.families import FAMILIES
from framehaul.verify.holds import HOLDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FORMATS = [info.slug for info in framehaul.formats()]


@pytest.fixture(scope="module")
def dataset() -> framehaul.Dataset:
    return framehaul.open("sample")


@pytest.mark.parametrize("profile", ["cvat", "training"])
@pytest.mark.parametrize("slug", FORMATS)
def test_the_export_of_the_sample_is_valid_and_agrees_with_it(
    slug: str, profile: str, dataset: framehaul.Dataset, tmp_path: Path
) -> None:
    framehaul.export(dataset, slug, tmp_path / "out.zip", profile=profile)
    found = framehaul.verify(tmp_path / "out.zip", format=slug, against=dataset)
    assert found.ok, str(found)
    assert "unexpected-member" not in found.totals, str(found)
    assert "no-rules" not in found.totals
    if slug in HOLDS and (profile == "cvat" or HOLDS[slug].training):
        assert found.differences is not None
        assert all(each.source == each.archive == each.matched for each in found.differences), str(found)


@pytest.mark.parametrize("slug", sorted(FAMILIES.keys() - {"imagenet"}))
def test_the_format_is_told_by_the_members(slug: str, dataset: framehaul.Dataset, tmp_path: Path) -> None:
    framehaul.export(dataset, slug, tmp_path / "out.zip")
    assert framehaul.verify(tmp_path / "out.zip").format == next(
        info.name for info in framehaul.formats() if info.slug == slug
    )


def test_a_folder_is_verified_like_an_archive(dataset: framehaul.Dataset, tmp_path: Path) -> None:
    framehaul.export(dataset, "coco", f"{tmp_path}/out/")
    found = framehaul.verify(tmp_path / "out", against=dataset)
    assert found.ok
    assert found.counts["annotations"] == 45


def test_the_command_prints_what_it_found_and_ends_with_0(cli: Callable, tmp_path: Path) -> None:
    framehaul.export(framehaul.open("sample"), "yolo", tmp_path / "out.zip")
    ran = cli("verify", tmp_path / "out.zip", "--against", "sample")
    assert ran.returncode == 0
    assert "warning[foreign-path]: train.txt: " in ran.stdout
    assert "YOLO 1.1, valid: 32 members" in ran.stdout
    assert ran.stderr == ""


def test_the_command_ends_with_1_and_prints_json(cli: Callable, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "obj.data").write_text("classes = 1\n")
    ran = cli("verify", tmp_path / "out", "--json")
    assert ran.returncode == 1
    printed = json.loads(ran.stdout)
    assert printed["format"] == "YOLO 1.1"
    assert printed["ok"] is False
    assert printed["findings"][0]["code"] == "missing-member"
    assert printed["findings"][0]["member"] == "obj.names"


def test_a_missing_archive_is_an_error_of_one_line(cli: Callable, tmp_path: Path) -> None:
    ran = cli("verify", tmp_path / "none.zip")
    assert ran.returncode == 1
    assert ran.stderr == f'error[not-found]: there is no file or folder "{tmp_path}/none.zip"\n'


def test_the_rules_are_listed(cli: Callable) -> None:
    assert "| `bad-crc` | error | " in cli("verify", "--rules").stdout


def test_a_source_with_other_annotations_differs(dataset: framehaul.Dataset, tmp_path: Path) -> None:
    framehaul.export(dataset, "mot", tmp_path / "out.zip", labels=["car"])
    found = framehaul.verify(tmp_path / "out.zip", against=dataset)
    assert not found.ok
    assert found.totals["missing-annotation"] + found.totals["missing-frame"] > 0
    person = next(each for each in found.differences or () if each.label == "person")
    assert (person.source, person.archive, person.matched) == (17, 0, 0)
