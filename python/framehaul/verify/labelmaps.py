"""Images of classes and instances: CamVid, Cityscapes, KITTI, MOTS."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from framehaul.verify import images
from framehaul.verify.archive import DamageError
from framehaul.verify.check import Shape, stem
from framehaul.verify.images import Label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

    from framehaul.verify.archive import Archive
    from framehaul.verify.check import Check

BLACK = (0, 0, 0)
MAX_VALUE = 65_535
"""Where the numbers of 16 bits end; CVAT stops there."""
BYTE = 256
"""Numbers of classes in a byte; further ones repeat."""


def camvid(archive: Archive, check: Check) -> None:
    """Reads `CamVid 1.0`."""
    labels = images.label_colors(archive, check)
    colours = {label.colour: label.name for label in labels}
    colours.setdefault(BLACK, "background")  # CVAT does not list the one that it adds
    readable = images.usable(check)
    used: set[str] = set()
    splits: dict[str, str] = {}
    for member in archive.names(r"(?!label_colors\.txt)[^/]+\.txt"):
        for number, line in check.lines(archive, member):
            paths = _paths(line)
            if paths is None:
                check.find("bad-columns", member, "is not the path of an image and that of its label image", number)
                continue
            check.training |= paths[0].startswith("/SegNet/CamVid/")
            image, annotated = (path.removeprefix("/SegNet/CamVid").removeprefix("/") for path in paths)
            name = stem(image.partition("/")[2])
            check.image(name)
            check.files[image] = None
            if splits.setdefault(image, member) != member:
                check.find("shared-image", member, f'"{image}" stands in {splits[image]} too', number)
            if not annotated:
                continue
            if annotated not in archive:
                check.find("missing-label-file", member, f'"{annotated}" is missing', number)
                continue
            used.add(annotated)
            check.map(name, partial(images.shown, archive, annotated, labels, images.background(labels)))
            if readable:
                with check.member(annotated):
                    _classes(archive, check, annotated, name, labels, colours)
    for member in archive.names(r"[^/]+annot/.*\.png"):
        if member not in used:
            check.find("unlisted-file", member, "belongs to no listed image")


def _paths(line: str) -> tuple[str, str] | None:
    """The two paths of a line of a list: without quotes if there are no blanks in them."""
    quoted = re.fullmatch(r'"(.*)" "(.*)"', line)
    if quoted:
        return quoted.group(1), quoted.group(2)
    first, blank, second = line.partition(" ")
    # The training profile writes no quotes: there the second path begins like the first.
    if line.startswith("/SegNet/CamVid/"):
        head, mark, tail = line[1:].partition(" /SegNet/CamVid/")
        return (f"/{head}", f"{mark.strip()}{tail}") if mark else None
    return (first, second) if blank and first and " " not in second else None


def _classes(
    archive: Archive,
    check: Check,
    member: str,
    name: str,
    labels: Sequence[Label],
    colours: dict[images.Colour, str],
) -> None:
    """Checks an image of the colours of classes, or of their numbers."""
    image = images.decode(archive, member)
    if image.mode == "RGB":
        found = images.colours(image)
        present = [colours.get(colour) for colour in found] if found else [None]
    else:
        present = [labels[value].name if value < len(labels) else None for value in images.values(image)]
    if None in present:
        check.find("bad-colour", member, "has a colour or a number that belongs to no label")
    _record(check, name, [label for label in present if label is not None and label != "background"])


def _record(check: Check, name: str, present: Sequence[str]) -> None:
    for label in present:
        check.shape(Shape(name, label, "other"))


def cityscapes(archive: Archive, check: Check) -> None:
    """Reads `Cityscapes 1.0`."""
    check.training = "classes.csv" in archive
    labels = _table(archive, check) if check.training else dict(enumerate(images.label_colors(archive, check)))
    suffixes = ("color", "labelIds", "instanceIds")
    _sets(archive, check, labels, r"gtFine/[^/]+/(.*)_gtFine_(color|labelIds|instanceIds)\.png", suffixes, 1000)


def _table(archive: Archive, check: Check) -> dict[int, Label]:
    """The classes of the training profile: names, numbers and colours."""
    rows = check.rows(archive, "classes.csv")
    keys = next(rows, (1, []))[1]
    if not {"id", "name", "red", "green", "blue"} <= set(keys):
        check.find("missing-key", "classes.csv", "lacks a column", 1)
        return {}
    found: dict[int, Label] = {}
    for number, row in rows:
        fields = dict(zip(keys, row, strict=False))
        text = fields.get("id", "")
        shade = images.colour([fields.get(key, "") for key in ("red", "green", "blue")])
        if len(row) != len(keys) or not re.fullmatch("-?[0-9]{1,9}", text) or shade is None:
            check.find("bad-columns", "classes.csv", "is not the row of a class", number)
        else:
            found[int(text)] = Label(fields["name"], shade)
    return found


def kitti(archive: Archive, check: Check) -> None:
    """Reads `KITTI 1.0`."""
    labels = dict(enumerate(images.label_colors(archive, check)))
    names = {label.name for label in labels.values()}
    names |= {re.sub(r"\s+", "_", name) for name in names}  # the training profile has no blanks
    for member in archive.names(r"[^/]+/label_2/.*\.txt"):
        with check.member(member):
            _boxes(archive, check, member, names)
    kinds = ("semantic_rgb", "semantic", "instance")
    _sets(archive, check, labels, r"[^/]+/(semantic_rgb|semantic|instance)/(.*)\.png", kinds, 256)


def _boxes(archive: Archive, check: Check, member: str, names: set[str]) -> None:
    name = stem(member.partition("/label_2/")[2])
    check.image(name)
    for number, line in check.lines(archive, member):
        words = line.split(" ")
        # A label may have blanks in it, so that numbers are counted from the end.
        count = 15 if len(words) >= 16 and " ".join(words[:-15]) in names else 14
        label = " ".join(words[:-count])
        if len(words) <= count or label not in names:
            code = "bad-columns" if len(words) < 15 else "unknown-class"
            check.find(code, member, "is not a listed label with 14 or 15 numbers", number)
            continue
        values = check.numbers(words[-count:], member, number)
        if values is None:
            continue
        check.training |= count == 14  # CVAT always writes a score
        box = values[3:7]
        if box[2] < box[0] or box[3] < box[1]:
            check.find("bad-box", member, "the box has a negative size", number)
        check.shape(Shape(name, label, "box", box))


def _sets(
    archive: Archive, check: Check, labels: dict[int, Label], pattern: str, kinds: tuple[str, str, str], base: int
) -> None:
    """Checks images that come in threes: colours, numbers of classes, and these times `base` with instances."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for member in archive.names(pattern):
        matched = re.fullmatch(pattern, member, re.DOTALL)
        if matched:
            kind, name = sorted(matched.groups(), key=lambda group: group not in kinds)
            if matched.group(1) in kinds and matched.group(2) in kinds:  # an image called like a kind
                kind, name = (
                    (matched.group(1), matched.group(2)) if base == 256 else (matched.group(2), matched.group(1))
                )
            top = "/".join(member.split("/")[: 1 if base == 256 else 2])
            found.setdefault((top, name), {})[kind] = member
    readable = images.usable(check)
    for (top, name), members in sorted(found.items()):
        check.image(name)
        for kind in kinds:
            if kind not in members:
                check.find("missing-member", f"{top}/{name}", f"has no image {kind}")
        if kinds[1] in members:
            ordered = [labels.get(place, Label("", BLACK)) for place in range(max(labels, default=-1) + 1)]
            check.map(name, partial(images.shown, archive, members[kinds[1]], ordered, Label("", BLACK)))
        if readable and len(members) == 3:
            with check.member(members[kinds[1]]):
                _set(archive, check, name, [members[kind] for kind in kinds], labels, base)


def _set(
    archive: Archive, check: Check, name: str, members: Sequence[str], labels: dict[int, Label], base: int
) -> None:
    import numpy as np

    colour, classes, instances = (images.decode(archive, member) for member in members)
    if not colour.size == classes.size == instances.size:
        raise DamageError("image-size", members[1], "has another size than the two others of its frame")
    known = {label.colour for label in labels.values()}
    found = images.colours(colour)
    if found is None or not found.keys() <= known:
        check.find("bad-colour", members[0], "has a colour that belongs to no label")
    numbers = images.values(classes)
    if not numbers.keys() <= labels.keys() and not (numbers.keys() <= {*labels.keys(), 255} and check.training):
        check.find(
            "unknown-class", members[1], f"has the numbers {sorted(numbers.keys() - labels.keys())[:5]} of no class"
        )
    _record(check, name, [labels[number].name for number in numbers if number and number in labels])
    whole = np.asarray(instances).astype(np.int64)
    split = whole // base
    if base == 1000:  # a number alone is that of a class whose instances are not counted
        split = np.where(whole < base, whole, split)
    agree = (split % BYTE == np.asarray(_bytes(classes)).astype(np.int64) % BYTE) | (whole >= MAX_VALUE)
    if not agree.all():
        check.find(
            "unknown-class", members[2], f"{int((~agree).sum()):,} pixels have another class than in {members[1]}"
        )


def _bytes(image: Image) -> Image:
    return image if image.mode in ("L", "P") or image.mode.startswith("I") else image.convert("L")


def mots(archive: Archive, check: Check) -> None:
    """Reads `MOTS PNG 1.0`."""
    lists = archive.names(r"[^/]+/instances/labels\.txt")
    if not lists:
        check.find("missing-member", None, "there is no SUBSET/instances/labels.txt")
    readable = images.usable(check)
    for member in lists:
        subset = member.partition("/")[0]
        names = check.names(archive, member)
        check.classes = names
        prefix = f"{subset}/instances/"
        for png in archive.names(re.escape(prefix) + r".*\.png"):
            name = stem(png.removeprefix(prefix))
            check.training |= re.fullmatch(r"[0-9]{4}/[0-9]{6}", name) is not None
            check.image(name)
            counted = [Label("", BLACK), *(Label(each, BLACK) for each in names)]
            check.map(name, partial(images.shown, archive, png, counted, counted[0], 1000))
            if readable:
                with check.member(png):
                    _objects(archive, check, png, name, names)


def _objects(archive: Archive, check: Check, member: str, name: str, names: Sequence[str]) -> None:
    image = images.decode(archive, member)
    if not image.mode.startswith("I"):
        check.find("bad-value", member, f"is not an image of 16 bits, but {image.mode}")
        return
    for value in images.values(image):
        place = value // 1000
        if value and not 1 <= place <= len(names):
            check.find("unknown-class", member, f"the number {value} is of no class")
        elif value:
            check.shape(Shape(name, names[place - 1], "other"))
