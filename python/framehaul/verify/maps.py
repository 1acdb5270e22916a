"""The comparison of label images with a source: what each pixel should show, drawn once more and on its own.

Rules of rasters differ at outlines, and so does the order of shapes of one layer. Pixels are compared where neither
matters: away from outlines, and where at most one label comes into question.
"""

from __future__ import annotations

import math
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from framehaul.verify import expected

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from framehaul.frame import Annotation, Frame
    from framehaul.verify.masks import Box

    Map = NDArray[np.int32]

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
    drawn = [each for each in frame.annotations if _kind(each) in kinds and not (tracked and each.track is None)]
    for _, layer in groupby(drawn, key=lambda each: each.z_order):
        cover = np.zeros((height, width), bool)
        edge = np.zeros((height, width), bool)
        values = wanted.copy()
        for each in layer:
            area = _draw(each, width, height)
            outline = _outline(area, each)
            number = shown.numbers.get(each.label)
            if number is None or each.group in groups:
                hidden |= area | outline
                continue
            edge |= outline | (area & cover & (values != number))
            cover |= area
            values[area] = number
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


def _draw(each: Annotation, width: int, height: int) -> NDArray[np.bool_]:
    """The pixels of a shape, to about a pixel."""
    from PIL import Image, ImageDraw

    if each.kind == "mask":
        return _mask(each, width, height)
    image = Image.new("1", (width, height))
    draw = ImageDraw.Draw(image)
    if each.kind == "rectangle":
        points = expected.corners(each)
    elif each.kind == "ellipse":
        points = _round(each)
    else:
        points = each.points
    pairs = [(x - 0.5, y - 0.5) for x, y in zip(points[::2], points[1::2], strict=True)]
    if len(pairs) > 1:
        draw.polygon(pairs, fill=1)
    return np.array(image, bool)


def _round(each: Annotation) -> list[float]:
    x, y, right, top = each.points
    cos, sin = math.cos(math.radians(each.rotation)), math.sin(math.radians(each.rotation))
    points: list[float] = []
    for step in range(72):
        dx, dy = (right - x) * math.cos(step * math.pi / 36), (y - top) * math.sin(step * math.pi / 36)
        points += [x + cos * dx - sin * dy + 0.5, y + sin * dx + cos * dy + 0.5]
    return points


def _mask(each: Annotation, width: int, height: int) -> NDArray[np.bool_]:
    *runs, left, top, right, bottom = map(int, each.points)
    across, down = right - left + 1, bottom - top + 1
    pixels = np.repeat(np.arange(len(runs)) % 2 == 1, runs)[: across * down]
    own = np.zeros(across * down, bool)
    own[: len(pixels)] = pixels
    area = np.zeros((height, width), bool)
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(right + 1, width), min(bottom + 1, height)
    if x0 < x1 and y0 < y1:
        area[y0:y1, x0:x1] = own.reshape(down, across)[y0 - top : y1 - top, x0 - left : x1 - left]
    return area


def _outline(area: NDArray[np.bool_], each: Annotation) -> NDArray[np.bool_]:
    """The pixels near an outline. That of a mask is exact."""
    if each.kind == "mask":
        return np.zeros_like(area)
    x0, y0, x1, y1 = expected.bounds(each)
    size = OUTLINE
    if each.kind == "ellipse":
        size += 1 + int(TURN * min(max(x1 - x0, y1 - y0), 10_000))
    grown, shrunk = area.copy(), area.copy()
    if not area.any():  # too small to be drawn here, but perhaps not elsewhere
        return _around(area, (x0, y0, x1, y1), size)
    for _ in range(size):
        grown, shrunk = _spread(grown), ~_spread(~shrunk)
    return grown & ~shrunk


def _around(area: NDArray[np.bool_], box: Box, size: int) -> NDArray[np.bool_]:
    height, width = area.shape
    near = np.zeros_like(area)
    left, top = (max(0, int(min(side, 1e9)) - size) for side in box[:2])
    right, bottom = (max(0, int(min(side, 1e9)) + size + 1) for side in box[2:])
    near[min(top, height) : min(bottom, height), min(left, width) : min(right, width)] = True
    return near


def _spread(area: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """An area and the pixels next to it, corners included."""
    wide = area.copy()
    wide[:, 1:] |= area[:, :-1]
    wide[:, :-1] |= area[:, 1:]
    tall = wide.copy()
    tall[1:] |= wide[:-1]
    tall[:-1] |= wide[1:]
    return tall
