"""MOTChallenge: a line per box."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from framehaul.verify.check import Shape

if TYPE_CHECKING:
    from framehaul.verify.archive import Archive
    from framehaul.verify.check import Check

IMAGES = r"(?:[^/]+/[^/]+/)?img1/.*"
COLUMNS = 9
_WHOLE = re.compile(r"-?[0-9]{1,15}")


def boxes(archive: Archive, check: Check) -> None:
    """Reads `MOT 1.1`."""
    tables = archive.names(r"(?:[^/]+/[^/]+/)?gt/gt\.txt")
    if not tables:
        check.find("missing-member", "gt/gt.txt", "is missing")
    check.training = "gt/gt.txt" not in archive
    for name in tables:
        sequence = name.removesuffix("gt/gt.txt")
        lengths = _sequence(archive, check, sequence) if check.training else None
        with check.member(name):
            _table(archive, check, name, lengths)
    for name in archive.names(r"seqmaps/[^/]+\.txt"):
        subset = name.removeprefix("seqmaps/").removesuffix(".txt")
        for number, line in check.lines(archive, name):
            if number == 1:
                if line != "name":
                    check.find("bad-columns", name, "does not begin with the line `name`", number)
            elif line and f"{subset}/{line}/gt/gt.txt" not in archive:
                check.find("missing-member", name, f'there is no sequence "{line}"', number)


def _sequence(archive: Archive, check: Check, sequence: str) -> int | None:
    name = f"{sequence}seqinfo.ini"
    if name not in archive:
        check.find("missing-member", name, "is missing")
        return None
    found = dict(re.findall(r"^(\w+)=(.*?)\r?$", check.text(archive, name), re.MULTILINE))
    length: str = found.get("seqLength", "")
    if not length.isdecimal():
        check.find("bad-value", name, "seqLength is not a number")
        return None
    return int(length[:12])


def _table(archive: Archive, check: Check, name: str, length: int | None) -> None:
    labels = check.names(archive, name.removesuffix("gt.txt") + "labels.txt")
    check.classes = labels
    seen: set[tuple[int, int]] = set()
    for number, line in check.lines(archive, name):
        words = line.split(",")
        if len(words) != COLUMNS:
            check.find("bad-columns", name, f"has {len(words)} columns, not {COLUMNS}", number)
            continue
        values = check.numbers(words[2:6] + words[8:], name, number)
        if values is None:
            continue
        if not (_WHOLE.fullmatch(words[0]) and _WHOLE.fullmatch(words[1])):
            check.find("bad-number", name, "frame and track are not whole numbers", number)
            continue
        frame, track = int(words[0]), int(words[1])
        if frame < 0 or (length is not None and not 1 <= frame <= length):
            check.find("unknown-image", name, f"there is no frame {frame}", number)
        if track >= 0 and (frame, track) in seen:
            check.find("shared-track", name, f"track {track} has two boxes on frame {frame}", number)
        if track >= 0:
            seen.add((frame, track))
        if values[2] < 0 or values[3] < 0:
            check.find("bad-box", name, f"the size is {values[2]} x {values[3]}", number)
        if words[6] not in ("0", "1"):
            check.find("bad-value", name, "the flag is neither 0 nor 1", number)
        place = int(words[7]) if words[7].isdecimal() and len(words[7]) < 9 else 0
        if not 1 <= place <= len(labels):
            check.find("unknown-class", name, f"there is no class {words[7]}", number)
            continue
        x, y = values[:2]
        key = str(frame)
        check.image(key)
        check.shape(Shape(key, labels[place - 1], "box", (x, y, x + values[2], y + values[3])))
