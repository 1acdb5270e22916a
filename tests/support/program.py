"""Where the installed command line is, and what its errors look like."""

from __future__ import annotations

import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess

PROGRAM = Path(sysconfig.get_path("scripts")) / "framehaul"


def one_line(done: subprocess.CompletedProcess[str], code: str, exit_code: int) -> str:
    """The one line that an error prints."""
    assert done.returncode == exit_code, done
    assert done.stderr.startswith(f"error[{code}]: "), done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr
