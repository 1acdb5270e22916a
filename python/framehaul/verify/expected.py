"""What a format holds of a frame. Each function here is the column "becomes" of a format's page, written once more."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from framehaul.verify.geometry import DRAWN, areas, bounds, clip, corners, drawn, mask, skeleton, upright

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from framehaul.frame import Annotation, Frame
    from framehaul.verify.check import Kind
    from framehaul.verify.masks import Box

HUNDREDTH = 0.0101
"""Pixels that a coordinate of two digits may be off, computed from others that are rounded too."""


class Expected(NamedTuple):
    """An annotation that an archive should have."""

    labels: tuple[str, ...]
    """Its label; several for a group, where the largest shape decides."""
    kind: Kind | None
    """None: only the box around it is compared."""
    values: Sequence[float]
    """As `Shape` has them; with the kind None the box."""
    slack: float
    """How far a value may be off."""
    many: bool = False
    """Whether it may be any number of annotations in this box, or none: the traced parts of a mask."""


def cvat_images(frame: Frame, training: bool) -> Iterator[Expected]:
    """Everything."""
    for tag in frame.tags:
        yield Expected((tag.label,), "tag", (), 0)
    yield from cvat_video(frame, training, empty=True)


def cvat_video(frame: Frame, _training: bool, *, empty: bool = False) -> Iterator[Expected]:
    """Every shape."""
    kinds: dict[str, Kind] = {"polygon": "polygon", "polyline": "polyline", "points": "points", "cuboid": "other"}
    for each in frame.annotations:
        label = (each.label,)
        turn = [each.rotation % 360] if each.rotation else []
        if each.kind == "rectangle":
            yield Expected(label, "turned" if turn else "box", [*each.points, *turn], HUNDREDTH)
        elif each.kind == "ellipse":
            x, y, right, top = each.points
            yield Expected(label, "other", [x, y, right - x, y - top, *turn], HUNDREDTH)
        elif each.kind == "mask":
            yield Expected(label, "mask", mask(each), 0)
        elif each.kind == "skeleton":
            values = skeleton(each)
            if values or empty:
                yield Expected(label, "skeleton", values, HUNDREDTH)
        else:
            yield Expected(label, kinds[each.kind], each.points, HUNDREDTH)


def cut(parts: Sequence[Annotation], labels: tuple[str, ...], frame: Frame) -> Expected:
    """The box around shapes that end at the edges of their image, and are dropped if nothing of them lies in it."""
    exact = True
    boxes: list[Box] = []
    for each in parts:
        turned = each.kind == "rectangle" and each.rotation % 360 > 0
        points = corners(each) if turned else []
        box = (min(points[::2]), min(points[1::2]), max(points[::2]), max(points[1::2])) if turned else bounds(each)
        cut = clip(box, frame)
        # What an edge cuts may have a smaller box than the shape, and thin shapes may be dropped.
        exact &= cut == box or (each.kind == "rectangle" and not turned)
        exact &= (cut[2] - cut[0]) * (cut[3] - cut[1]) > 1
        boxes.append(cut)
    box = (min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes))
    traced = all(each.kind in ("rectangle", "polygon", "mask") for each in parts)
    return Expected(labels, None, box, 2 * HUNDREDTH if traced else drawn(parts), many=not exact)


def _largest(shapes: Sequence[Annotation]) -> tuple[str, ...]:
    """The labels that the largest of some shapes may have: drawn areas are off by the outline."""
    least = max(areas(each)[0] for each in shapes)
    return tuple(dict.fromkeys(each.label for each in shapes if areas(each)[1] >= 0.9 * least - 20))


def coco(frame: Frame, training: bool) -> Iterator[Expected]:
    """Boxes, polygons and masks; those of a group are one."""
    for group, members in _groups(frame):
        shapes = [each for each in members if each.kind in AREAS]
        if training:
            for parts in [shapes] if group else [[each] for each in shapes]:
                if parts:
                    framed = [each for each in parts if each.kind == "rectangle"] or parts
                    yield cut(framed, _largest(parts), frame)
            continue
        if group:
            yield from _instance(shapes, frame)
            continue
        for each in shapes:
            yield _single(each, frame)


AREAS = ("rectangle", "polygon", "mask", "ellipse")


def coco_keypoints(frame: Frame, training: bool) -> Iterator[Expected]:
    """Skeletons; and groups with a skeleton, whose shapes are one."""

    def inside(x: float, y: float) -> bool:
        return 0 <= x <= frame.width and 0 <= y <= frame.height

    for group, members in _groups(frame):
        shapes = [each for each in members if each.kind in AREAS]
        bones = [each for each in members if each.kind == "skeleton"]
        if training:
            for each in bones:
                yield from _labelled(each, skeleton(each, inside), shapes if group else [], frame)
            continue
        if not group or not shapes:
            for each in bones:
                yield Expected((each.label,), "skeleton", skeleton(each), HUNDREDTH)
        elif bones:
            yield from _instance(shapes, frame)


def _labelled(each: Annotation, values: list[float], shapes: Sequence[Annotation], frame: Frame) -> Iterator[Expected]:
    """A skeleton with the box around its points in sight, or that of the shapes of its group."""
    if not values:
        return
    half = len(values) // 2
    box = (values[0], values[half], values[half - 1], values[-1])
    yield Expected((each.label,), None, box, 1.02, many=bool(shapes))
    if shapes:
        framed = [shape for shape in shapes if shape.kind == "rectangle"] or shapes
        yield cut(framed, (each.label,), frame)._replace(many=True)


def _groups(frame: Frame) -> list[tuple[int, list[Annotation]]]:
    ordered = sorted(frame.annotations, key=lambda each: each.group)
    return [(group, list(members)) for group, members in groupby(ordered, key=lambda each: each.group)]


def _instance(shapes: Sequence[Annotation], frame: Frame) -> Iterator[Expected]:
    """The one annotation that the shapes of a group become."""
    if not shapes:
        return
    parts = [each for each in shapes if each.kind == "rectangle"] or list(shapes)
    boxes = [clip(bounds(each), frame) if each.kind in ("mask", "ellipse") else bounds(each) for each in parts]
    box = (min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes))
    exact = all(each.kind != "ellipse" for each in parts)
    yield Expected(_largest(shapes), None, box, HUNDREDTH if exact else drawn(parts))


def _single(each: Annotation, frame: Frame) -> Expected:
    label = (each.label,)
    if each.kind == "rectangle":
        return Expected(label, "box", each.points, HUNDREDTH)
    crowd = each.attributes.get("is_crowd")
    if each.kind == "polygon":
        return Expected(
            label,
            "polygon" if crowd is None else None,
            each.points if crowd is None else bounds(each),
            DRAWN if crowd else HUNDREDTH,
        )
    if each.kind == "ellipse" or crowd is not None:
        return Expected(label, None, clip(bounds(each), frame), drawn([each]))
    return Expected(label, "mask", mask(each), 0)


def shares(values: Sequence[float], frame: Frame) -> list[float]:
    """Coordinates as shares of the image."""
    return [value / (frame.height if place % 2 else frame.width) for place, value in enumerate(values)]


def share_slack(frame: Frame) -> float:
    """How far a share may be off: two digits of a pixel, and six of the share."""
    return HUNDREDTH / min(frame.width, frame.height) + 2e-6


def yolo(frame: Frame, training: bool) -> Iterator[Expected]:
    """Upright boxes in shares; for training they end at the edges."""
    for each in frame.annotations:
        if not upright(each):
            continue
        values: Sequence[float] = each.points
        if training:
            values = clip(bounds(each), frame)
            if values[2] <= values[0] or values[3] <= values[1]:
                continue
        yield Expected((each.label,), "box", shares(values, frame), share_slack(frame))


def yolo_obb(frame: Frame, training: bool) -> Iterator[Expected]:
    """The corners of boxes in shares."""
    for each in frame.annotations:
        if each.kind != "rectangle":
            continue
        values = shares(corners(each), frame)
        if training and (each.points[0] > each.points[2] or each.points[1] > each.points[3]):
            yield cut([each], (each.label,), frame)._replace(values=shares(bounds(each), frame), many=True)
            continue
        if training:
            x0, y0, x1, y1 = min(values[::2]), min(values[1::2]), max(values[::2]), max(values[1::2])
            if not (0 <= (x0 + x1) / 2 <= 1 and 0 <= (y0 + y1) / 2 <= 1 and x1 - x0 <= 1 and y1 - y0 <= 1):
                yield Expected((each.label,), None, (x0, y0, x1, y1), share_slack(frame), many=True)
                continue
        yield Expected((each.label,), "polygon", values, 2 * share_slack(frame))


def yolo_seg(frame: Frame, training: bool) -> Iterator[Expected]:
    """Polygons in shares; masks and ellipses are traced, which gives any number of parts."""
    for each in frame.annotations:
        if each.kind == "polygon":
            values = shares(each.points, frame)
            if training and (min(values) < 0 or max(values) > 1):
                yield Expected((each.label,), None, shares(bounds(each), frame), share_slack(frame), many=True)
            else:
                yield Expected((each.label,), "polygon", values, share_slack(frame))
        elif each.kind in ("mask", "ellipse"):
            slack = (drawn([each]) + 1) / min(frame.width, frame.height)
            yield Expected((each.label,), None, shares(bounds(each), frame), slack, many=True)


def yolo_pose(frame: Frame, training: bool) -> Iterator[Expected]:
    """Skeletons in shares; for training without the points outside."""

    def inside(x: float, y: float) -> bool:
        return 0 <= x <= frame.width and 0 <= y <= frame.height

    for each in frame.annotations:
        if each.kind != "skeleton":
            continue
        values = skeleton(each, inside) if training else skeleton(each)
        if training and not values:
            continue
        half = len(values) // 2
        shares = [x / frame.width for x in values[:half]] + [y / frame.height for y in values[half:]]
        yield Expected((each.label,), "skeleton", shares, share_slack(frame))


def tags(frame: Frame, _training: bool) -> Iterator[Expected]:
    """Tags."""
    for tag in frame.tags:
        yield Expected((tag.label,), "tag", (), 0)


def boxes(frame: Frame, _training: bool) -> Iterator[Expected]:
    """Boxes, turned ones without their rotation."""
    for each in frame.annotations:
        if each.kind == "rectangle":
            yield Expected((each.label,), "box", each.points, 2 * HUNDREDTH)


def pixels(each: Annotation, frame: Frame) -> Expected:
    """A mask; one that reaches outside its image is cut, so that only its box is known."""
    values = mask(each)
    if frame.width and (min(values[:2]) < 0 or values[2] > frame.width or values[3] > frame.height):
        return Expected((each.label,), None, clip(values[:4], frame), max(values[2] - values[0], values[3] - values[1]))
    return Expected((each.label,), "mask", values, 0)


def datumaro(frame: Frame, training: bool) -> Iterator[Expected]:
    """Everything but cuboids."""
    yield from tags(frame, training)
    kinds: dict[str, Kind] = {"polygon": "polygon", "polyline": "polyline", "points": "points"}
    for each in frame.annotations:
        label = (each.label,)
        if each.kind == "rectangle":
            yield Expected(label, "box", each.points, 2 * HUNDREDTH)
        elif each.kind == "ellipse":
            x, y, right, top = each.points
            yield Expected(label, "other", (2 * x - right, top, right, 2 * y - top), 2 * HUNDREDTH)
        elif each.kind == "mask":
            yield pixels(each, frame)
        elif each.kind == "skeleton":
            yield Expected(label, "skeleton", skeleton(each), HUNDREDTH)
        elif each.kind in kinds:
            yield Expected(label, kinds[each.kind], each.points, HUNDREDTH)
