"""However many threads an export is allowed, it starts no more than it has work for."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import framehaul


@pytest.mark.skipif(sys.platform != "linux", reason="counts the threads of the process as Linux lists them")
def test_a_hundred_thousand_threads_are_not_started(tmp_path: Path) -> None:
    def threads() -> int:
        return len(list(Path("/proc/self/task").iterdir()))

    before, most = threads(), 0
    chunks = 0

    def count(progress: framehaul.Progress) -> None:
        nonlocal most, chunks
        most, chunks = max(most, threads()), progress.total_chunks

    framehaul.export("sample", "MOT 1.1", tmp_path / "many.zip", threads=100_000, progress=count)
    framehaul.export("sample", "MOT 1.1", tmp_path / "one.zip", threads=1)
    # Besides a thread for each chunk there are those that read and count, one for each processor at most.
    assert 0 < most - before <= chunks + len(os.sched_getaffinity(0))
    assert (tmp_path / "many.zip").read_bytes() == (tmp_path / "one.zip").read_bytes()
