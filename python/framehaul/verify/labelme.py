"""LabelMe of MIT: XML by frame, and an image per mask."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from framehaul.verify import images, markup
from framehaul.verify.check import Shape, stem
from framehaul.verify.rules import RULES

if TYPE_CHECKING:
    from lxml.etree import _Element

    from framehaul.verify.archive import Archive
    from framehaul.verify.check import Check


def objects(archive: Archive, check: Check) -> None:
    """Reads `LabelMe 3.0`."""
    check.training = bool(archive.names(r"Annotations/.*\.xml"))
    readable = images.usable(check)
    used: set[str] = set()
    members = archive.names(r"[^/]+/.*\.xml")
    if not members:
        check.find("missing-member", None, "there is no XML")
    for member in members:
        with check.member(member):
            _file(archive, check, member, markup.whole(archive, member), used, readable=readable)
    for member in archive.names(r"(?:[^/]+|Masks/.*)/Masks/.*\.png|Masks/.*\.png"):
        if member not in used:
            check.find("unlisted-file", member, "belongs to no object")


def _file(archive: Archive, check: Check, member: str, root: _Element, used: set[str], *, readable: bool) -> None:
    def bad(element: _Element, text: str, code: str = "bad-value") -> None:
        check.find(code, member, text, markup.line(element))

    if root.tag != "annotation":
        bad(root, f"the root is <{root.tag}>, not <annotation>")
        return
    filename, folder = root.findtext("filename") or "", root.findtext("folder") or ""
    sides = [root.findtext(f"imagesize/{side}") or "" for side in ("ncols", "nrows")]
    if not filename:
        bad(root, "the filename is missing", "missing-key")
        return
    if not all(side.isdecimal() and len(side) < 10 for side in sides):
        bad(root, "imagesize is not two whole numbers")
        return
    size = (int(sides[0]), int(sides[1]))
    subset = member.split("/")[1 if check.training else 0]
    if check.training:
        name = posixpath.join(folder.partition("/")[2], stem(filename)) if folder else stem(filename)
        image = posixpath.join("Images", folder, filename)
        masks = posixpath.join("Masks", folder)
    else:
        name = posixpath.join(folder, stem(filename))
        image, masks = posixpath.join(subset, folder, filename), f"{subset}/Masks"
    check.image(name, size)
    check.files[image] = size
    ids = _ids(check, member, root)
    for each in root.iterfind("object"):
        label = each.findtext("name")
        parts = ",".join(each.findtext(f"parts/{key}") or "" for key in ("hasparts", "ispartof"))
        for part in re.split(r"\s*,\s*", parts):
            if part and part not in ids:
                bad(each, f"there is no object {part} of which this is a part", "unknown-class")
        segment, outline = each.find("segm"), each.find("polygon")
        if not label:
            bad(each, "an object has no name", "missing-key")
        elif segment is not None:
            path = posixpath.join(masks, segment.findtext("mask") or "")
            used.add(path)
            if path not in archive:
                bad(each, f'the mask "{path}" is missing', "missing-member")
            elif readable:
                with check.member(path):
                    _mask(archive, check, path, Shape(name, label, "mask"), size)
        elif outline is not None:
            texts = [point.findtext(key) or "" for point in outline.iterfind("pt") for key in ("x", "y")]
            values = check.numbers(texts, member, markup.line(each) or 0)
            if values is not None:
                wrong = _outline(check, values, Shape(name, label, "polygon"), size, box=each.find("type") is not None)
                if wrong:
                    bad(each, RULES[wrong].text, wrong)
        else:
            bad(each, "an object has neither polygon nor mask", "missing-key")


def _ids(check: Check, member: str, root: _Element) -> set[str]:
    """The ids of the objects of a file."""
    ids: set[str] = set()
    for each in root.iterfind("object"):
        number = (each.findtext("id") or "").strip()
        if not number.isdecimal():
            check.find("bad-value", member, "the id of an object is not a number", markup.line(each))
        elif number in ids:
            check.find("duplicate-id", member, f"the id {number} is that of another object", markup.line(each))
        ids.add(number)
    return ids


def _outline(check: Check, values: list[float], shape: Shape, size: tuple[int, int], *, box: bool) -> str | None:
    """Takes a polygon, or a box of four corners; the rule that it breaks."""
    if len(values) < 6 or (box and len(values) != 8):
        return "bad-polygon"
    if box:
        check.shape(shape._replace(kind="box", values=(values[0], values[1], values[4], values[5])))
    else:
        check.shape(shape._replace(values=values))
    outside = min(values) < -0.01 or max(values[::2]) > size[0] + 0.01 or max(values[1::2]) > size[1] + 0.01
    return "outside-image" if outside else None


def _mask(archive: Archive, check: Check, path: str, shape: Shape, size: tuple[int, int]) -> None:
    image = images.decode(archive, path)
    if image.size != size:
        check.find("image-size", path, f"is {image.width} x {image.height}, the XML states {size[0]} x {size[1]}")
    if "A" not in image.getbands():
        check.find("bad-value", path, "has no transparency to tell what belongs to the mask")
        return
    alpha = image.getchannel("A")
    box = alpha.getbbox() or (0, 0, 0, 0)
    pixels = image.width * image.height - alpha.histogram()[0]
    check.shape(shape._replace(values=(*box, pixels)))
