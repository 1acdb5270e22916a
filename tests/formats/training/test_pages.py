"""`--profile training`: what differs stands on the page. The other files beside this one read it back by the tools."""

from __future__ import annotations

import zipfile

import pytest

import framehaul

SAME = ["cvat-video", "cvat-images"]


@pytest.mark.parametrize("info", framehaul.formats(), ids=lambda info: info.slug)
def test_the_page_of_a_format_says_what_differs(info, tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")

    def members(profile: str) -> dict[str, bytes]:
        path = tmp_path / f"{profile}.zip"
        framehaul.export("sample", info.name, path, profile=profile)
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    _, _, section = info.page.partition("\n## `--profile training`\n\n")
    assert section
    assert section.startswith("Nothing differs") == (info.slug in SAME)
    if info.slug in SAME:
        assert members("training") == members("cvat")
