"""What a pull request is measured by, and when it fails."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import compare
import framehaul

TOP = Path(__file__).parents[2]


def result(path: Path, seconds: float, **more: float) -> Path:
    each = {"fullname": "benches/test_gate.py::test_export[coco]", "stats": {"min": seconds}, "extra_info": more}
    path.write_text(json.dumps({"benchmarks": [each]}))
    return path


@pytest.mark.parametrize(
    ("old", "new", "over"),
    [
        ({"seconds": 0.1}, {"seconds": 0.1}, []),
        ({"seconds": 0.1}, {"seconds": 0.109}, []),
        ({"seconds": 0.1}, {"seconds": 0.12}, ["CPU ms"]),
        ({"seconds": 0.1, "wall ms": 50}, {"seconds": 0.1, "wall ms": 90}, ["wall ms"]),
        ({"seconds": 0.1, "peak MiB": 34}, {"seconds": 0.9, "peak MiB": 40}, ["peak MiB"]),
    ],
)
def test_a_figure_over_its_limit_is_found(tmp_path, old, new, over):
    before = compare.figures(result(tmp_path / "old.json", **old))
    after = compare.figures(result(tmp_path / "new.json", **new))
    found = compare.slower(before, after)
    assert [figure for _, figure in found] == over
    text = compare.summary(before, after, found)
    assert text.startswith(f"## Benchmarks: {len(over) or 'nothing is'} slower or larger than allowed\n")
    assert all(f"| {figure} |" in text for figure in over)


def test_the_export_of_every_format_is_measured():
    command = [
        sys.executable,
        "-m",
        "pytest",
        "benches",
        "-m",
        "gate",
        "--collect-only",
        "-q",
        "-p",
        "no:cacheprovider",
    ]
    listed = subprocess.run(command, cwd=TOP, capture_output=True, text=True, timeout=120, check=True).stdout
    measured = {
        line.split("[", 1)[1].split("-", 1)[1].rstrip("]") for line in listed.splitlines() if "test_export[" in line
    }
    assert measured == {info.slug for info in framehaul.formats()}
    assert "test_memory" in listed
    assert "test_all_cores" in listed


def test_a_version_that_does_not_run_ends_the_comparison(tmp_path):
    with pytest.raises(SystemExit, match="the benchmarks of new do not run"):
        compare.Side("new", Path(shutil.which("false")), tmp_path).turn([])


def test_a_figure_that_still_falls_is_measured_again(tmp_path, monkeypatch):
    found = iter([0.2, 0.1, 0.099])

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        out = next(each.split("=", 1)[1] for each in command[1:] if each.startswith("--benchmark-json="))
        result(Path(out), next(found))
        return subprocess.CompletedProcess(command, 0, b"", b"")

    monkeypatch.setattr("subprocess.run", run)
    side = compare.Side("new", Path(sys.executable), tmp_path)
    assert [len(side.turn([])) for _ in range(3)] == [1, 1, 0]
    assert list(side.best.values()) == [pytest.approx(99)]
