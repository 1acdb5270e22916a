"""What the readers of all families share: a place for findings and annotations, and the reading of text and numbers."""

from __future__ import annotations

import csv
import math
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from framehaul.verify.archive import DamageError
from framehaul.verify.result import MAX_FINDINGS, Finding, plain
from framehaul.verify.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from framehaul.verify.archive import Archive
    from framehaul.verify.maps import Shown

MAX_NUMBER = 1e300
"""Beyond it differences and areas would be infinite."""
_NUMBERS = frozenset({int, float})

Kind = Literal["box", "turned", "polygon", "polyline", "points", "mask", "skeleton", "tag", "other"]


class Shape(NamedTuple):
    """An annotation as an archive states it, whatever the format."""

    image: str
    """Name of the image without its extension."""
    label: str
    kind: Kind
    values: Sequence[float] = ()
    """Of a box left, top, right, bottom; of a mask the same of its pixels and their number; of others x, y, x, y, …;
    of a skeleton all x of its points in sight in order of size, then all y; of a tag nothing. In pixels, or in shares
    of the image, as the format has it."""

    def box(self) -> tuple[float, float, float, float]:
        """The box around it."""
        values = self.values
        if self.kind in ("box", "turned", "mask", "other") or not values:
            left, top, right, bottom = (*values, 0.0, 0.0, 0.0, 0.0)[:4]
            return left, top, right, bottom
        half = len(values) // 2
        xs, ys = (values[:half], values[half:]) if self.kind == "skeleton" else (values[::2], values[1::2])
        return min(xs), min(ys), max(xs), max(ys)


class Check:
    """The state of a verification."""

    def __init__(self, *, keep: bool, media: bool) -> None:
        self.findings: list[Finding] = []
        self.totals: Counter[str] = Counter()
        self.labels: Counter[str] = Counter()
        self.annotations = 0
        self.images: dict[str, tuple[int, int] | None] = {}
        """The images that the archive names, without extension, with their stated sizes."""
        self.files: dict[str, tuple[int, int] | None] = {}
        """The members with images that the archive must have if it has any, with their stated sizes."""
        self.classes: list[str] = []
        """The labels by class number, in formats that number them."""
        self.training = False
        """Whether the archive is in the training profile, where that can be seen."""
        self.media = media
        self.maps: dict[str, Callable[[], Shown]] = {}
        """The label images by image, if there is a source to compare with."""
        self.shapes: dict[str, list[Shape]] | None = {} if keep else None
        """The annotations by image, if there is a source to compare with."""

    def find(self, code: str, member: str | None, message: str, line: int | None = None) -> None:
        """Reports that a rule is broken."""
        self.totals[code] += 1
        if self.totals[code] <= MAX_FINDINGS:
            self.findings.append(Finding(code, RULES[code].severity, member, line, plain(message)))

    def shape(self, shape: Shape) -> None:
        """Takes an annotation."""
        self.annotations += 1
        self.labels[shape.label] += 1
        if self.shapes is not None:
            self.shapes.setdefault(shape.image, []).append(shape)

    def map(self, name: str, load: Callable[[], Shown]) -> None:
        """Takes a label image, to be decoded again when it is compared."""
        if self.shapes is not None:
            self.maps[name] = load

    def image(self, name: str, size: tuple[int, int] | None = None) -> None:
        """Takes an image, by its name without extension."""
        if size is not None or name not in self.images:
            self.images[name] = size

    def nothing(self, archive: Archive, pattern: str, message: str) -> None:
        """Reports that no list of a subset is there: a warning if nothing else is there either."""
        self.find("missing-member" if archive.names(pattern) else "empty-archive", None, message)

    @contextmanager
    def member(self, name: str) -> Iterator[None]:
        """Turns damage to this member into a finding; what follows is not read."""
        try:
            yield
        except DamageError as damage:
            self.find(damage.code, damage.member or name, str(damage), damage.line)
        except RecursionError:
            self.find("bad-value", name, "is nested too deeply")

    def text(self, archive: Archive, name: str) -> str:
        """A small member as text; what is not UTF-8 is reported and replaced."""
        data = archive.read(name)
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            self.find("bad-utf8", name, "bytes that are not UTF-8", data.count(b"\n", 0, error.start) + 1)
            return data.decode(errors="replace")

    def lines(self, archive: Archive, name: str) -> Iterator[tuple[int, str]]:
        """The lines of a member with their numbers, in a stream."""
        for number, line in enumerate(archive.lines(name), 1):
            try:
                yield number, line.removesuffix(b"\r").decode()
            except UnicodeDecodeError:
                self.find("bad-utf8", name, "bytes that are not UTF-8", number)
                yield number, line.decode(errors="replace")

    def rows(self, archive: Archive, name: str) -> Iterator[tuple[int, list[str]]]:
        """The rows of a member of CSV with the numbers of their lines, in a stream."""
        reader = csv.reader((f"{line}\n" for _, line in self.lines(archive, name)), strict=True)
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                self.find("bad-columns", name, f"is not CSV: {error}", reader.line_num)
                return
            yield reader.line_num, row

    def names(self, archive: Archive, name: str) -> list[str]:
        """The labels of a member with a label on each line."""
        if name not in archive:
            self.find("missing-member", name, "is missing: it lists the labels")
            return []
        found = self.text(archive, name).split("\n")
        labels = [label.removesuffix("\r") for label in (found[:-1] if found[-1] == "" else found)]
        seen: set[str] = set()
        for number, label in enumerate(labels, 1):
            if label in seen:
                self.find("duplicate-label", name, f'"{plain(label)}" is listed twice', number)
            seen.add(label)
        return labels

    def numbers(self, words: Sequence[str], member: str, line: int) -> list[float] | None:
        """The finite numbers that these words are; None after a finding."""
        try:
            values = list(map(float, words))
        except ValueError:
            bad = next(word for word in words if not _is_number(word))
            self.find("bad-number", member, f'"{plain(bad)}" is not a number', line)
            return None
        if not all(map(math.isfinite, values)) or any("_" in word for word in words):
            self.find("bad-number", member, "a number is not finite, or has an underscore", line)
            return None
        return values


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def stem(name: str) -> str:
    """A name without its extension."""
    head, dot, end = name.rpartition(".")
    return head if dot and head and "/" not in end and not head.endswith("/") else name


def is_number(value: Any) -> bool:  # noqa: ANN401 - it asks about any value
    """Whether a value of JSON is a finite number."""
    return type(value) in _NUMBERS and -MAX_NUMBER < value < MAX_NUMBER


def is_whole(value: Any) -> bool:  # noqa: ANN401 - it asks about any value
    """Whether a value of JSON is a whole number, of a size that an id or a side can have."""
    return type(value) is int and -(1 << 53) <= value <= 1 << 53


def are_numbers(values: Any) -> bool:  # noqa: ANN401 - it asks about any value
    """Whether a value of JSON is a list of finite numbers."""
    if type(values) is not list or not _NUMBERS.issuperset(map(type, values)):
        return False
    return not values or (min(values) > -MAX_NUMBER and max(values) < MAX_NUMBER)
