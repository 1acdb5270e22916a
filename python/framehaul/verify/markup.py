"""XML, in a stream or whole.

Entities are not resolved, nothing is loaded from elsewhere, and a document type is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from framehaul.verify.archive import DamageError
from framehaul.verify.result import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element

    from framehaul.verify.archive import Archive

MAX_LINE = 65_535
"""libxml2 counts no further."""


def stream(archive: Archive, name: str) -> Iterator[tuple[str, _Element]]:
    """The elements below the root as they begin and end: pairs of `start` or `end` and the element.

    Whoever takes an element that has ended calls `done` with it, so that memory does not grow.
    """
    from lxml import etree

    with archive.open(name) as file:
        events = etree.iterparse(
            file,
            events=("start", "end"),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            remove_comments=True,
            remove_pis=True,
        )
        first = True
        try:
            for event, element in events:
                if first:
                    _refuse(element, name)
                    first = False
                yield event, element
        except etree.XMLSyntaxError as error:
            raise _bad(name, error) from None


def whole(archive: Archive, name: str) -> _Element:
    """The root of a small member."""
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(archive.read(name), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _bad(name, error) from None
    _refuse(root, name)
    return root


def done(element: _Element) -> None:
    """Frees an element that has been read, and what stands before it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def line(element: _Element) -> int | None:
    """The line where an element begins, if libxml2 knows it."""
    found: Any = element.sourceline  # its type is not declared
    return found if found is not None and found < MAX_LINE else None


def _refuse(root: _Element, name: str) -> None:
    facts: Any = root.getroottree().docinfo  # its types do not say that there may be none
    if facts.internalDTD is not None:
        raise DamageError("xml-doctype", name, "has a document type, and is not read")


def _bad(name: str, error: Exception) -> DamageError:
    number = getattr(error, "lineno", None)
    return DamageError("bad-xml", name, f"is not well-formed: {plain(getattr(error, 'msg', error))}", number)
