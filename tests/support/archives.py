"""Reading what an export wrote."""

from __future__ import annotations

import contextlib
import io
import json
import zipfile
from typing import TYPE_CHECKING

from pycocotools.coco import COCO

if TYPE_CHECKING:
    from pathlib import Path


def members(path: Path) -> dict[str, bytes]:
    """The members of an archive, in order; their checksums are compared."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def texts(path: Path) -> dict[str, str]:
    """The members of an archive of UTF-8."""
    return {name: content.decode() for name, content in members(path).items()}


def coco(path: Path, name: str) -> COCO:
    """The only member of an archive, which must have this name, as pycocotools reads it."""
    [(member, content)] = members(path).items()
    assert member == name
    made = COCO()
    made.dataset = json.loads(content)
    with contextlib.redirect_stdout(io.StringIO()):
        made.createIndex()
    return made
