"""Open Images: tables of images, tags, boxes and masks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from framehaul.verify import images
from framehaul.verify.check import Shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from framehaul.verify.archive import Archive
    from framehaul.verify.check import Check

SIDES = ("XMin", "XMax", "YMin", "YMax")
_ROW = {
    "images-with-rotation": "ImageID Subset OriginalURL OriginalLandingURL License AuthorProfileURL Author Title"
    " OriginalSize OriginalMD5 Thumbnail300KURL Rotation",
    "annotations-human-imagelabels": "ImageID Source LabelName Confidence",
    "annotations-bbox": "ImageID Source LabelName Confidence XMin XMax YMin YMax IsOccluded IsTruncated IsGroupOf"
    " IsDepiction IsInside",
    "annotations-object-segmentation": "MaskPath ImageID LabelName BoxID BoxXMin BoxXMax BoxYMin BoxYMax PredictedIoU"
    " Clicks",
}
COLUMNS = {kind: columns.split() for kind, columns in _ROW.items()}


def tables(archive: Archive, check: Check) -> None:
    """Reads `Open Images V6 1.0`."""
    member = "annotations/class-descriptions.csv"
    labels: set[str] = set()
    if member not in archive:
        check.find("missing-member", member, "is missing: it lists the labels")
    else:
        for number, pair in check.rows(archive, member):
            if len(pair) != 2:
                check.find("bad-columns", member, f"has {len(pair)} columns, not 2", number)
                continue
            if pair[0] in labels:
                check.find("duplicate-label", member, f'"{pair[0]}" is listed twice', number)
            labels.add(pair[0])
    _hierarchy(archive, check)
    end = "-images-with-rotation.csv"
    subsets = [name.removeprefix("annotations/").removesuffix(end) for name in archive.names(f"annotations/.*{end}")]
    if not subsets:
        check.nothing(
            archive, "(?:masks|images)/.*|annotations/.*-annotations-.*", f"there is no annotations/SUBSET{end}"
        )
    splits: dict[str, str] = {}
    readable = images.usable(check)
    masks: set[str] = set()
    for subset in subsets:
        listed: set[str] = set()
        for number, row in _rows(archive, check, subset, "images-with-rotation"):
            name = row["ImageID"]
            if name in listed:
                check.find("duplicate-image", f"annotations/{subset}{end}", f'"{name}" is listed twice', number)
            if splits.setdefault(name, subset) != subset:
                check.find(
                    "shared-image", f"annotations/{subset}{end}", f'"{name}" stands in {splits[name]} too', number
                )
            listed.add(name)
            check.image(name)
        for kind in list(COLUMNS)[1:]:
            _annotations(archive, check, subset, kind, labels, listed, masks, readable=readable)
    for name in archive.names(r"masks/.*\.png"):
        if name not in masks:
            check.find("unlisted-file", name, "belongs to no row")


def _annotations(
    archive: Archive,
    check: Check,
    subset: str,
    kind: str,
    labels: set[str],
    listed: set[str],
    masks: set[str],
    *,
    readable: bool,
) -> None:
    member = f"annotations/{subset}-{kind}.csv"
    for number, row in _rows(archive, check, subset, kind):
        name, label = row["ImageID"], row["LabelName"]
        if name not in listed:
            check.find("unknown-image", member, f'there is no image "{name}"', number)
            continue
        if label not in labels:
            check.find("unknown-class", member, f'the label "{label}" is not listed', number)
            continue
        if kind == "annotations-human-imagelabels":
            check.numbers([row["Confidence"]], member, number)
            check.shape(Shape(name, label, "tag"))
        elif kind == "annotations-bbox":
            values = check.numbers([row[side] for side in SIDES], member, number)
            if values is None:
                continue
            x0, x1, y0, y1 = values
            if x1 < x0 or y1 < y0:
                check.find("bad-box", member, "the box has a negative size", number)
            if min(values) < -1e-6 or max(values) > 1 + 1e-6:
                check.find("outside-image", member, "the box reaches outside the image", number)
            for flag in ("IsOccluded", "IsTruncated", "IsGroupOf", "IsDepiction", "IsInside"):
                if not row[flag].lstrip("-").isdecimal():
                    check.find("bad-value", member, f"{flag} is not a whole number", number)
            check.shape(Shape(name, label, "box", (x0, y0, x1, y1)))
        else:
            path = f"masks/{subset}/{row['MaskPath']}"
            if path not in archive:
                check.find("missing-member", member, f'the mask "{path}" is missing', number)
                continue
            if path in masks:
                check.find("shared-mask", member, f'"{path}" is the mask of another row too', number)
            masks.add(path)
            shape = Shape(name, label, "other")
            if readable:
                with check.member(path):
                    present = images.values(images.decode(archive, path)).keys()
                    if not present <= {0, 1, 255}:
                        check.find("bad-value", path, "has other values than 0 and 1, or 0 and 255")
            check.shape(shape)


def _rows(archive: Archive, check: Check, subset: str, kind: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a table that is there, each with the number of its line."""
    member = f"annotations/{subset}-{kind}.csv"
    if member not in archive:
        return
    rows = check.rows(archive, member)
    header = next(rows, (1, []))[1]
    if header != COLUMNS[kind]:
        check.find("bad-columns", member, "does not begin with the names of its columns", 1)
        return
    for number, row in rows:
        if len(row) != len(header):
            check.find("bad-columns", member, f"has {len(row)} columns, not {len(header)}", number)
        else:
            yield number, dict(zip(header, row, strict=True))


def _hierarchy(archive: Archive, check: Check) -> None:
    member = "annotations/bbox_labels_600_hierarchy.json"
    if member not in archive:
        check.find("missing-member", member, "is missing")
        return
    with check.member(member):
        try:
            found = orjson.loads(archive.read(member))
        except orjson.JSONDecodeError as error:
            check.find("bad-json", member, f"is not well-formed: {error}")
            return
        if type(found) is not dict or type(found.get("LabelName")) is not str:
            check.find("missing-key", member, "has no LabelName")
