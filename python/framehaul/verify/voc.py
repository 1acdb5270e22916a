"""PASCAL VOC, and the masks of its layout."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from framehaul.verify import images, markup
from framehaul.verify.archive import DamageError
from framehaul.verify.check import Shape, stem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml.etree import _Element

    from framehaul.verify.archive import Archive
    from framehaul.verify.check import Check
    from framehaul.verify.images import Label

FLAGS = ("truncated", "occluded", "difficult")


def pascal(archive: Archive, check: Check) -> None:
    """Reads `PASCAL VOC 1.1`."""
    labels = images.labelmap(archive, check)
    known = {label.name for label in labels}
    listed = _main(archive, check, known)
    for name in listed:
        member = f"Annotations/{name}.xml"
        check.image(name)
        if member not in archive:
            check.find("missing-label-file", member, "is missing; the image is listed")
    segmented: dict[str, bool] = {}
    for member in archive.names(r"Annotations/.*\.xml"):
        name = member.removeprefix("Annotations/").removesuffix(".xml")
        if name not in listed:
            check.find("unlisted-file", member, "belongs to no listed image")
        with check.member(member):
            segmented[name] = _annotation(check, member, name, markup.whole(archive, member), known)
    for kind in ("Segmentation", "Layout", "Action"):
        for member in archive.names(rf"ImageSets/{kind}/.*\.txt"):
            for number, line in check.lines(archive, member):
                name = line[1:-1] if kind == "Layout" and line.startswith('"') and line.endswith('"') else line
                if name not in listed and line not in listed:
                    check.find("unknown-image", member, f'"{line}" is not listed in ImageSets/Main', number)
    _pairs(archive, check, labels, set(listed), images.background(labels, black=False))
    for name, stated in segmented.items():
        if stated and f"SegmentationClass/{name}.png" not in archive:
            check.find(
                "missing-member", f"SegmentationClass/{name}.png", "is missing; the image is said to be segmented"
            )


def masks(archive: Archive, check: Check) -> None:
    """Reads `Segmentation mask 1.1`."""
    labels = images.labelmap(archive, check)
    listed: dict[str, str] = {}
    for member in archive.names(r"ImageSets/Segmentation/.*\.txt"):
        _list(archive, check, member, listed)
    for name in listed:
        check.image(name)
    _pairs(archive, check, labels, set(listed), images.background(labels))


def _main(archive: Archive, check: Check, known: set[str]) -> dict[str, str]:
    """The images of all subsets; and the tags, which are lists too: of a label and a subset."""
    members = {
        member.removeprefix("ImageSets/Main/").removesuffix(".txt"): member
        for member in archive.names(r"ImageSets/Main/.*\.txt")
    }
    listed: dict[str, str] = {}
    tags = {
        f"{label}_{subset}": label for label in known for subset in members if f"{label}_{subset}" in members
    }  # fmt: skip
    for subset, member in members.items():
        if subset not in tags:
            _list(archive, check, member, listed)
    for subset, label in tags.items():
        for number, line in check.lines(archive, members[subset]):
            name, _, value = line.rstrip(" ").rpartition(" ")
            if value not in ("1", "-1", "0"):
                check.find("bad-columns", members[subset], "is not the name of an image and 1, 0 or -1", number)
            elif name.rstrip(" ") not in listed:
                check.find("unknown-image", members[subset], f'"{name.rstrip(" ")}" is not listed', number)
            elif value == "1":
                check.shape(Shape(name.rstrip(" "), label, "tag"))
    return listed


def _list(archive: Archive, check: Check, member: str, listed: dict[str, str]) -> None:
    seen: set[str] = set()
    for number, line in check.lines(archive, member):
        if not line:
            check.find("bad-columns", member, "an empty line", number)
            continue
        if line in seen:
            check.find("duplicate-image", member, f'"{line}" is listed twice', number)
        seen.add(line)
        if listed.setdefault(line, member) != member:
            check.find("shared-image", member, f'"{line}" stands in {listed[line]} too', number)


def _annotation(check: Check, member: str, name: str, root: _Element, known: set[str]) -> bool:
    """Checks a file; whether it says that its image has masks."""

    def bad(element: _Element, text: str, code: str = "bad-value") -> None:
        check.find(code, member, text, markup.line(element))

    if root.tag != "annotation":
        bad(root, f"the root is <{root.tag}>, not <annotation>")
        return False
    filename = root.findtext("filename") or ""
    if stem(filename) != name:
        bad(root, f'the filename is "{filename}"')
    sides = [root.findtext(f"size/{side}") or "" for side in ("width", "height")]
    check.training |= root.findtext("size/depth") == "3"  # CVAT leaves it empty
    size: tuple[int, int] | None = None
    if not all(side.isdecimal() and len(side) < 10 for side in sides):
        bad(root, "the size is not two whole numbers")
    else:
        size = (int(sides[0]), int(sides[1]))
        check.image(name, size)
        check.files[f"JPEGImages/{filename}"] = size
    if root.findtext("segmented") not in ("0", "1"):
        bad(root, "segmented is neither 0 nor 1")
    for each in root.iterfind("object"):
        label = each.findtext("name") or ""
        if label not in known:
            bad(each, f'the label "{label}" is not listed', "unknown-class")
            continue
        for flag in FLAGS:
            if (each.findtext(flag) or "0").strip("-").isdecimal() is False:
                bad(each, f"{flag} is not a whole number")
        corners = [each.findtext(f"bndbox/{key}") for key in ("xmin", "ymin", "xmax", "ymax")]
        if None in corners:
            bad(each, "the box lacks a side", "missing-key")
            continue
        values = check.numbers([corner or "" for corner in corners], member, markup.line(each) or 0)
        if values is None:
            continue
        if values[2] < values[0] or values[3] < values[1]:
            bad(each, "the box has a negative size", "bad-box")
        if size and (min(values[:2]) < -0.01 or values[2] > size[0] + 0.01 or values[3] > size[1] + 0.01):
            bad(each, "the box reaches outside the image", "outside-image")
        check.shape(Shape(name, label, "box", values))
    return root.findtext("segmented") == "1"


def _pairs(archive: Archive, check: Check, labels: Sequence[Label], listed: set[str], background: Label) -> None:
    """Checks the images of classes and of objects, which come in pairs."""
    by_colour = {label.colour: label.name for label in labels}
    readable = images.usable(check)
    found = {
        kind: {member.removeprefix(f"{kind}/").removesuffix(".png") for member in archive.names(rf"{kind}/.*\.png")}
        for kind in ("SegmentationClass", "SegmentationObject")
    }
    for kind, other in (("SegmentationClass", "SegmentationObject"), ("SegmentationObject", "SegmentationClass")):
        for name in sorted(found[other] - found[kind]):
            check.find("missing-member", f"{kind}/{name}.png", f"is missing; {other} has one")
    for name in sorted(found["SegmentationClass"]):
        member = f"SegmentationClass/{name}.png"
        if name not in listed:
            check.find("unlisted-file", member, "belongs to no listed image")
        if not readable:
            continue
        check.map(name, partial(images.shown, archive, member, labels, background))
        with check.member(member):
            _pair(archive, check, name, labels, by_colour, paired=name in found["SegmentationObject"])


def _pair(
    archive: Archive,
    check: Check,
    name: str,
    labels: Sequence[Label],
    by_colour: dict[images.Colour, str],
    *,
    paired: bool,
) -> None:
    member = f"SegmentationClass/{name}.png"
    image = images.decode(archive, member)
    stated = check.images.get(name)
    if stated and stated != image.size:
        check.find("image-size", member, f"is {image.width} x {image.height}, the XML states {stated[0]} x {stated[1]}")
    if image.mode == "P":
        check.training = True
        # 255 is a class that a byte does not hold.
        numbers = [value for value in images.values(image) if value < len(labels) or value != 255]
        present = [labels[value].name if value < len(labels) else None for value in numbers]
    else:
        present = [by_colour.get(colour) for colour in images.colours(image) or {(-1, -1, -1): 0}]
    if None in present:
        check.find("bad-colour", member, "has a colour that belongs to no label")
    for label in present:
        if label is not None and label != labels[0].name and label != "background":
            check.shape(Shape(name, label, "other"))
    if paired:
        other = images.decode(archive, f"SegmentationObject/{name}.png")
        if other.size != image.size:
            raise DamageError(
                "image-size", f"SegmentationObject/{name}.png", "has another size than its SegmentationClass"
            )
