"""Archives that break one rule: the sample's export, with a member changed."""

from __future__ import annotations

import zipfile
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import framehaul

if TYPE_CHECKING:
    from collections.abc import Mapping

Content = bytes | None


@cache
def sample(slug: str, profile: str = "cvat") -> dict[str, bytes]:
    """The members of the sample's export."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "sample.zip"
        framehaul.export(framehaul.open("sample"), slug, path, profile=profile)
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}


def pack(path: Path, members: Mapping[str, bytes]) -> Path:
    """Writes an archive."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def replaced(members: Mapping[str, bytes], name: str, old: str, new: str) -> dict[str, bytes]:
    """The members, with the first such text of one replaced. The text must be there."""
    content = members[name].decode()
    assert old in content, (name, old)
    return {**members, name: content.replace(old, new, 1).encode()}
