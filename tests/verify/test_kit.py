"""Archives that a real CVAT server wrote, where the conformance kit lies beside the project: none has an error."""

from __future__ import annotations

from pathlib import Path

import pytest

import framehaul

CASES = Path(__file__).parents[3] / "shared" / "conformance" / "cases"
SOME = ("scene-a_video*", "scene-b_images*", "scene-c2*--task-*", "scene-f_project*", "fuzz_02--task-*")
ARCHIVES = sorted(path for case in SOME for path in CASES.glob(f"{case}/expected/*.zip") if "(images)" not in path.name)


@pytest.mark.skipif(not CASES.exists(), reason="the conformance kit is not here")
def test_archives_of_a_real_server_have_no_errors() -> None:
    names = {info.name for info in framehaul.formats()}
    for path in ARCHIVES:
        if path.stem in names:
            found = framehaul.verify(path, format=path.stem)
            assert found.ok, str(found)
