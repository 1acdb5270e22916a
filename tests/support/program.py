"""Where the installed command line is."""

from __future__ import annotations

import sysconfig
from pathlib import Path

PROGRAM = Path(sysconfig.get_path("scripts")) / "framehaul"
