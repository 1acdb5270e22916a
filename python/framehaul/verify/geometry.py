"""Boxes, corners and areas of annotations, as CVAT lays out their points."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from framehaul.verify import masks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from framehaul.frame import Annotation, Frame
    from framehaul.verify.masks import Box

DRAWN = 2.01
"""Pixels that the box around a drawn or traced area may be off: centre and radii are rounded."""
UPRIGHT = 1e-5
"""Degrees up to which a box counts as upright."""


def bounds(annotation: Annotation) -> Box:
    """The box around an annotation, without its rotation."""
    points = annotation.points
    if annotation.kind == "ellipse":
        x, y, right, top = points
        across, down = abs(right - x), abs(top - y)
        return (x - across, y - down, x + across, y + down)
    if annotation.kind == "mask":
        return mask(annotation)[:4]
    if annotation.kind == "skeleton":
        values = skeleton(annotation)
        half = len(values) // 2
        return (values[0], values[half], values[half - 1], values[-1]) if half else (0.0, 0.0, 0.0, 0.0)
    return (min(points[::2]), min(points[1::2]), max(points[::2]), max(points[1::2]))


def mask(annotation: Annotation) -> tuple[float, float, float, float, float]:
    """The box around the pixels of a mask, and their number. CVAT's runs go along the rows of the last four numbers."""
    *runs, left, top, right, bottom = map(int, annotation.points)
    del bottom
    pixels, tight = masks.measure(np.array(runs, np.int64), right - left + 1)
    if not pixels:
        return (0.0, 0.0, 0.0, 0.0, 0.0)
    x0, y0, x1, y1 = masks.transpose(tight)
    return (left + x0, top + y0, left + x1, top + y1, float(pixels))


def skeleton(annotation: Annotation, keep: Callable[[float, float], bool] = lambda *_: True) -> list[float]:
    """The points of a skeleton in sight: all x in order of size, then all y."""
    points = [part.points[:2] for part in annotation.elements if not part.outside and len(part.points) > 1]
    points = [point for point in points if keep(*point)]
    return sorted(x for x, _ in points) + sorted(y for _, y in points)


def corners(annotation: Annotation) -> list[float]:
    """The corners of a box that may be turned, from what was the top left one, clockwise."""
    x0, y0, x1, y1 = annotation.points
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    cos, sin = math.cos(math.radians(annotation.rotation)), math.sin(math.radians(annotation.rotation))
    found: list[float] = []
    for dx, dy in ((x0 - x, y0 - y), (x1 - x, y0 - y), (x1 - x, y1 - y), (x0 - x, y1 - y)):
        found += [x + cos * dx - sin * dy, y + sin * dx + cos * dy]
    return found


def areas(annotation: Annotation) -> tuple[float, float]:
    """The least and the greatest area that a shape may have in pixels: a polygon may cross itself."""
    if annotation.kind == "mask":
        return (mask(annotation)[4],) * 2
    x0, y0, x1, y1 = bounds(annotation)
    box = (x1 - x0) * (y1 - y0)
    if annotation.kind == "polygon":
        xs, ys = annotation.points[::2], annotation.points[1::2]
        return 0.3 * abs(sum(xs[i - 1] * ys[i] - xs[i] * ys[i - 1] for i in range(len(xs)))) / 2, box
    if annotation.kind == "ellipse":  # some of it may lie outside
        return 0, box
    return box, box


def upright(annotation: Annotation) -> bool:
    """Whether an annotation is a box that is not turned."""
    return annotation.kind == "rectangle" and annotation.rotation % 360 <= UPRIGHT


def drawn(parts: Sequence[Annotation]) -> float:
    """How far the box around drawn shapes may be off: a turned ellipse has another box than its own."""
    turned = [bounds(each) for each in parts if each.rotation % 180 > 0]
    return DRAWN + max((max(x1 - x0, y1 - y0) / 2 for x0, y0, x1, y1 in turned), default=0.0)


def clip(box: Box, frame: Frame) -> Box:
    """What of a box lies in the image; zeros if nothing does."""
    width, height = frame.width or math.inf, frame.height or math.inf
    x0, y0, x1, y1 = max(box[0], 0.0), max(box[1], 0.0), min(box[2], width), min(box[3], height)
    return (x0, y0, x1, y1) if x0 <= x1 and y0 <= y1 else (0.0, 0.0, 0.0, 0.0)
