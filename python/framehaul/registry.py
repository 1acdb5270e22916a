"""The formats, as the core lists them."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from framehaul import _core


class FormatInfo(NamedTuple):
    """An export format."""

    name: str
    """CVAT's display name with its version, such as `COCO 1.0`."""
    slug: str
    """The short name for the command line, such as `coco`."""
    summary: str
    """What the format keeps, in a line."""
    page: str
    """The whole page in Markdown: the layout, what becomes of each shape, where framehaul differs from CVAT."""


@cache
def formats() -> tuple[FormatInfo, ...]:
    """All formats that this version writes, in the order of their names."""
    return tuple(FormatInfo(*parts) for parts in _core.formats())


def find(name: str | FormatInfo) -> FormatInfo:
    """The format with this name: its display name with or without the version, its slug, or another name it goes by."""
    return name if isinstance(name, FormatInfo) else formats()[_core.find_format(name)]
