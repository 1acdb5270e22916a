"""JSON in a stream: the elements of the arrays of a file's outermost object, whatever the size of the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import orjson

from framehaul.verify.archive import DamageError
from framehaul.verify.result import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from framehaul.verify.archive import Archive

MAX_VALUE = 64 << 20
"""Bytes of an element, or of a value that is not an array."""

_DEEPER = np.zeros(256, np.int8)  # how much deeper a character goes
_DEEPER[[ord("{"), ord("[")]] = 1
_DEEPER[[ord("}"), ord("]")]] = -1
_BLANK = b" \t\r\n"


class Part(NamedTuple):
    """A piece of the outermost object."""

    key: str
    elements: bool
    """Whether `content` is a list of the next elements of the array that is the value, or the value."""
    content: Any


def parts(archive: Archive, name: str) -> Iterator[Part]:
    """The values of the outermost object of a JSON member.

    Arrays come in pieces of about a block; the last piece may be empty.
    """
    reader = _Reader(name)
    for block in archive.blocks(name):
        yield from reader.feed(block)
    reader.end()


class _Reader:
    """Cuts JSON at the commas and brackets of its two outermost levels. orjson parses what lies between."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rest = b""
        self.depth = 0
        self.in_text = False
        self.escaped = False  # whether a backslash ended the last block
        self.key: str | None = None  # of the array that is being read
        self.cut = False  # whether elements of it have come already
        self.after_array = False
        self.finished = False

    def feed(self, block: bytes) -> Iterator[Part]:
        """Takes the next bytes."""
        places, depths = self._structure(block)
        offset = len(self.rest)
        data = self.rest + block
        start, comma = 0, -1
        for place, depth in zip(places, depths, strict=True):
            at = place + offset
            char = data[at : at + 1]
            if self.finished:
                raise self._bad("something follows the end of the object")
            if char == b"," and depth == 2:
                comma = at
            elif char == b",":
                yield from self._value(data[start:at], last=False)
                start = at + 1
            elif char in b"{[" and depth == 1:
                if data[start:at].strip(_BLANK) or char != b"{":
                    raise self._bad("is not an object")
                start = at + 1
            elif char == b"[":
                self.key, self.cut = self._key(data[start:at]), False
                start, comma = at + 1, -1
            elif char in b"}]" and depth == 1 and self.key is not None:
                yield self._elements(data[start:at], last=True, close=char)
                self.key, start, self.after_array = None, at + 1, True
            elif char in b"}]" and depth < 1:
                if char != b"}" or depth < 0:
                    raise self._bad("has a bracket too many")
                yield from self._value(data[start:at], last=True)
                start, self.finished = at + 1, True
        if self.key is not None and comma >= start:
            yield self._elements(data[start:comma], last=False)
            start = comma + 1
        self.rest = data[start:]
        if len(self.rest) > MAX_VALUE:
            raise DamageError("oversized-member", self.name, f"a value has more than {MAX_VALUE:,} bytes")

    def end(self) -> None:
        """Checks that the object is complete."""
        if not self.finished:
            raise self._bad("ends before its object does")
        if self.rest.strip(_BLANK):
            raise self._bad("something follows the end of the object")

    def _structure(self, block: bytes) -> tuple[list[int], list[int]]:
        """Where the brackets and commas of the two outer levels are, and the depth behind each."""
        chars: NDArray[np.uint8] = np.frombuffer(block, np.uint8)
        quotes = chars == ord('"')
        self._unescape(chars, quotes)
        within = np.logical_xor.accumulate(quotes) ^ self.in_text if len(chars) else quotes
        deeper = _DEEPER[chars]
        deeper[within] = 0
        depth = np.cumsum(deeper, dtype=np.int32) + self.depth
        outer = (deeper == 1) & (depth <= 2) | (deeper == -1) & (depth <= 1)
        outer |= (chars == ord(",")) & ~within & (depth <= 2)
        places = np.flatnonzero(outer)
        if len(chars):
            self.depth, self.in_text = int(depth[-1]), bool(within[-1])
        return places.tolist(), depth[places].tolist()

    def _unescape(self, chars: NDArray[np.uint8], quotes: NDArray[np.bool_]) -> None:
        """Takes away the quotes that a backslash stands before. In a run of backslashes every second is text itself."""
        slashes = np.flatnonzero(chars == ord("\\"))
        carried = self.escaped
        self.escaped = False
        if carried:
            quotes[0] = False
        if not len(slashes):
            return
        first = np.empty(len(slashes), bool)
        first[0] = True
        np.not_equal(np.diff(slashes), 1, out=first[1:])
        run = np.maximum.accumulate(np.where(first, slashes, 0))
        odd = (slashes - run) % 2
        if carried and slashes[0] == 0:
            odd[run == 0] ^= 1
        behind = slashes[odd == 0] + 1
        self.escaped = bool(len(behind)) and int(behind[-1]) == len(chars)
        quotes[behind[: len(behind) - self.escaped]] = False

    def _value(self, text: bytes, *, last: bool) -> Iterator[Part]:
        blank = not text.strip(_BLANK)
        if self.after_array:
            self.after_array = False
            if not blank:
                raise self._bad("a comma is missing behind an array")
        elif not (blank and last):
            for key, value in self._parse(b"{" + text + b"}").items() if not blank else ():
                yield Part(key, elements=False, content=value)
            if blank:
                raise self._bad("a value is missing before a comma")

    def _elements(self, text: bytes, *, last: bool, close: bytes = b"]") -> Part:
        if self.cut and not text.strip(_BLANK):
            raise self._bad(f"an element of {self.key} is missing")
        self.cut = not last
        return Part(self.key or "", elements=True, content=self._parse(b"[" + text + close))

    def _key(self, text: bytes) -> str:
        return str(next(iter(self._parse(b"{" + text + b"0}")), ""))

    def _parse(self, text: bytes) -> Any:  # noqa: ANN401 - it is JSON
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise self._bad(str(error).partition(":")[0]) from None

    def _bad(self, text: str) -> DamageError:
        return DamageError("bad-json", self.name, f"is not well-formed, or not an object: {plain(text)}")
