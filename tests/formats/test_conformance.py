"""A few cases of the conformance kit, where it lies beside the project; `.ci/run conformance` runs all of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import framehaul
from program import PROGRAM

CHECK = Path(__file__).parents[3] / "shared" / "conformance" / "check.py"


@pytest.mark.skipif(not CHECK.exists(), reason="the conformance kit is not here")
@pytest.mark.parametrize(
    "cases", ["scene-a_video*", "scene-b_images*", "scene-e_jobs_overlap--task-4*", "scene-f_project*"]
)
def test_exports_mean_what_a_real_server_exported(cases):
    pytest.importorskip("PIL")
    formats = ",".join(info.name for info in framehaul.formats())
    command = [
        sys.executable,
        CHECK,
        "--cmd",
        PROGRAM,
        "--cases",
        cases,
        "--formats",
        formats,
        "--from",
        "server",
        "-v",
    ]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
