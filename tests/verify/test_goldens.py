"""The sources of the golden archives, whose exports are known to be CVAT's own: they are valid and agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import framehaul
import goldens

if TYPE_CHECKING:
    from pathlib import Path

FORMATS = [info.slug for info in framehaul.formats()]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, framehaul.Dataset]:
    folder = tmp_path_factory.mktemp("sources")
    for name in goldens.SOURCES:
        (folder / name).mkdir()
    return {name: framehaul.open(goldens.written(name, "backup", folder / name)) for name in goldens.SOURCES}


@pytest.mark.parametrize("profile", ["cvat", "training"])
@pytest.mark.parametrize("slug", FORMATS)
def test_exports_of_the_golden_sources_are_valid_and_agree(
    slug: str, profile: str, sources: dict[str, framehaul.Dataset], tmp_path: Path
) -> None:
    for name, dataset in sources.items():
        path = tmp_path / f"{name}.zip"
        try:
            framehaul.export(dataset, slug, path, profile=profile)
        except framehaul.Error:
            continue  # the training profile refuses some of them
        found = framehaul.verify(path, format=slug, against=dataset)
        assert found.ok, f"{name}: {found}"
