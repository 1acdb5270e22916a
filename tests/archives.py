"""Reading what an export wrote."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def members(path: Path) -> dict[str, bytes]:
    """The members of an archive, in order; their checksums are compared."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def texts(path: Path) -> dict[str, str]:
    """The members of an archive of UTF-8."""
    return {name: content.decode() for name, content in members(path).items()}
