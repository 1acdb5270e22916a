"""The formats, as the core lists them."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from framehaul import _core
from framehaul.errors import UsageError


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


def find(name: str) -> FormatInfo:
    """The format with this name or slug, in upper or lower case."""
    wanted = name.strip().casefold()
    for info in formats():
        if wanted in (info.name.casefold(), info.slug.casefold()):
            return info
    raise UsageError(f'no format is called "{name}"; {_advice(wanted)}', code="unknown-format")


def _advice(wanted: str) -> str:
    import difflib

    # A name without its version is the most common slip, and a close match would rank it below shorter names.
    names = {text.casefold(): info.name for info in formats() for text in (info.slug, info.name)}
    close = [name for text, name in names.items() if text.startswith(wanted)] if wanted else []
    close += [names[text] for text in difflib.get_close_matches(wanted, names, n=1)]
    return f'did you mean "{close[0]}"?' if close else "`framehaul formats` lists them"
