"""The comparison of label images with a source: what each pixel should show, drawn once more and on its own.

Rules of rasters differ at outlines, and so does the order of shapes of one layer. Pixels are compared where neither
matters: away from outlines, and where at most one label comes into question.
"""

from __future__ import annotations

import math
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from framehaul.verify import geometry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from framehaul.frame import Annotation, Frame

    Map = NDArray[np.int32]
    Pixels = NDArray[np.bool_]

OUTLINE = 2
"""Pixels to either side of an outline that are not compared."""
TURN = 0.01
"""The same for ellipses, per pixel of their radius: they are drawn with whole degrees."""


class Shown(NamedTuple):
    """What a label image shows."""

    pixels: Map
    """The value of each pixel, height x width."""
    numbers: dict[str, int]
    """The value of each label."""
    background: int
    """The value of pixels without a label."""


def differing(frame: Frame, shown: Shown, kinds: frozenset[str], *, tracked: bool = False) -> int:
    """How many pixels show something else than the frame's annotations, where that is certain.

    Args:
        frame: The frame of the source.
        shown: What the archive has.
        kinds: The kinds of shapes that the format draws. `turned` stands for boxes that are turned.
        tracked: Whether the format draws shapes of tracks only.
    """
    height, width = shown.pixels.shape
    wanted = np.full((height, width), shown.background, np.int32)
    unsure = np.zeros((height, width), bool)
    hidden = np.zeros((height, width), bool)  # where groups may lie in another layer or have another label
    groups = _mixed(frame)
    shapes = [each for each in frame.annotations if _kind(each) in kinds and not (tracked and each.track is None)]
    for _, layer in groupby(shapes, key=lambda each: each.z_order):
        cover = np.zeros((height, width), bool)
        edge = np.zeros((height, width), bool)
        values = wanted.copy()
        for each in layer:
            drawn = _draw(each, width, height)
            if drawn is None:
                continue
            place, area, outline = drawn
            number = shown.numbers.get(each.label)
            if number is None or each.group in groups:
                hidden[place] |= area | outline
                continue
            edge[place] |= outline | (area & cover[place] & (values[place] != number))
            cover[place] |= area
            values[place][area] = number
        wanted[cover] = values[cover]
        unsure = (unsure & ~cover) | edge
    return int(((shown.pixels != wanted) & ~unsure & ~hidden).sum())


def _kind(each: Annotation) -> str:
    return "turned" if each.kind == "rectangle" and each.rotation else each.kind


def _mixed(frame: Frame) -> set[int]:
    """The groups of several labels or layers: which one their shapes get depends on their areas."""
    found: dict[int, set[tuple[str, int]]] = {}
    for each in frame.annotations:
        if each.group:
            found.setdefault(each.group, set()).add((each.label, each.z_order))
    return {group for group, members in found.items() if len(members) > 1}


def _draw(each: Annotation, width: int, height: int) -> tuple[tuple[slice, slice], Pixels, Pixels] | None:
    """The pixels of a shape and those near its outline, in the part of the image where it lies; None outside of it."""
    if each.kind == "mask":
        return _mask(each, width, height)
    points = geometry.corners(each) if each.kind == "rectangle" else each.points
    if each.kind == "ellipse":
        points = _round(each)
    size = OUTLINE
    if each.kind == "ellipse":
        size += 1 + int(TURN * min(max(points) - min(points), 10_000))
    # What lies further outside than outlines are wide does not matter.
    reach = size + 2
    left, top = (max(-reach, math.floor(min(points[axis::2])) - reach) for axis in (0, 1))
    right = min(width + reach, math.ceil(max(points[0::2])) + reach)
    bottom = min(height + reach, math.ceil(max(points[1::2])) + reach)
    if right <= 0 or bottom <= 0 or left >= width or top >= height or left >= right or top >= bottom:
        return None
    area = _fill(points, left, top, right, bottom)
    outline = _outline(area, size)
    # Pillow and the rules of the formats draw thin shapes differently, down to nothing.
    if not area.any():
        outline[:] = True
    inner = (slice(max(0, -top), min(bottom, height) - top), slice(max(0, -left), min(right, width) - left))
    place = (slice(max(0, top), min(bottom, height)), slice(max(0, left), min(right, width)))
    return place, area[inner], outline[inner]


def _fill(points: Sequence[float], left: int, top: int, right: int, bottom: int) -> Pixels:
    from PIL import Image, ImageDraw

    image = Image.new("1", (right - left, bottom - top))
    pairs = [(x - 0.5 - left, y - 0.5 - top) for x, y in zip(points[::2], points[1::2], strict=True)]
    if len(pairs) > 1:
        ImageDraw.Draw(image).polygon(pairs, fill=1)
    return np.array(image, bool)


def _round(each: Annotation) -> list[float]:
    x, y, right, top = each.points
    cos, sin = math.cos(math.radians(each.rotation)), math.sin(math.radians(each.rotation))
    points: list[float] = []
    for step in range(72):
        dx, dy = (right - x) * math.cos(step * math.pi / 36), (y - top) * math.sin(step * math.pi / 36)
        points += [x + cos * dx - sin * dy + 0.5, y + sin * dx + cos * dy + 0.5]
    return points


def _mask(each: Annotation, width: int, height: int) -> tuple[tuple[slice, slice], Pixels, Pixels] | None:
    *runs, left, top, right, bottom = map(int, each.points)
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(right + 1, width), min(bottom + 1, height)
    if x0 >= x1 or y0 >= y1:
        return None
    across, down = right - left + 1, bottom - top + 1
    pixels = np.repeat(np.arange(len(runs)) % 2 == 1, runs)[: across * down]
    own = np.zeros(across * down, bool)
    own[: len(pixels)] = pixels
    area = own.reshape(down, across)[y0 - top : y1 - top, x0 - left : x1 - left]
    return (slice(y0, y1), slice(x0, x1)), area, np.zeros_like(area)


def _outline(area: Pixels, size: int) -> Pixels:
    """The pixels near the outline of an area."""
    grown, shrunk = area, area
    for _ in range(size):
        grown, shrunk = _spread(grown), ~_spread(~shrunk)
    return grown & ~shrunk


def _spread(area: Pixels) -> Pixels:
    """An area and the pixels next to it, corners included."""
    wide = area.copy()
    wide[:, 1:] |= area[:, :-1]
    wide[:, :-1] |= area[:, 1:]
    tall = wide.copy()
    tall[1:] |= wide[:-1]
    tall[:-1] |= wide[1:]
    return tall
