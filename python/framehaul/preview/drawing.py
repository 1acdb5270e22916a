"""Drawing annotations over an image."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from framehaul import mask, raster
from framehaul.errors import Error
from framehaul.preview.fonts import fonts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from framehaul.dataset import LabelInspection
    from framehaul.frame import Annotation, Frame, Tag

    Colour = tuple[int, int, int]
    Point = tuple[float, float]
    Box = tuple[float, float, float, float]

# Smaller images are enlarged, so that lines and words are not larger than what they are about.
SMALLEST_SIDE = 480
# Larger ones are drawn smaller: 7680 x 4320 pixels, and a side that image viewers open.
MAX_DRAWN, MAX_SIDE = 33_177_600, 16_384
# Coordinates are clamped this far outside the image: Pillow walks along every pixel of a line, be it in sight or not.
MARGIN = 20_000
CAPTION = 16
"""Height of the line below an image."""
MAX_LETTERS = 80
"""Longer names are cut off."""
AREA, MASK = 56, 128  # how opaque areas are, of 255; masks have no border that would show them otherwise
UNKNOWN_COLOUR = (160, 160, 160)
# Corners of CVAT's cuboids: top and bottom in turn, around the box.
CUBOID_EDGES = [(0, 1), (2, 3), (4, 5), (6, 7), (0, 2), (2, 4), (4, 6), (6, 0), (1, 3), (3, 5), (5, 7), (7, 1)]


class Word(NamedTuple):
    """A name on a ground of its label's colour."""

    room: Box
    text: str
    colour: Colour


class Drawing(NamedTuple):
    """An image with the shapes of a frame, and the words that belong on it: a page leaves them to the browser."""

    image: Image.Image
    words: Sequence[Word]
    caption: str
    """The line below the image."""

    def written(self) -> Image.Image:
        """The image with all words, and the caption below."""
        whole = Image.new("RGB", (self.image.width, self.image.height + CAPTION), "black")
        whole.paste(self.image)
        draw = ImageDraw.Draw(whole)
        for word in self.words:
            draw.rectangle(word.room, fill=word.colour)
            fonts().write(draw, word.room[0] + 2, word.room[1], word.text, readable_on(word.colour))
        fonts().write(draw, 4, self.image.height + 1, self.caption, "white")
        return whole


class Palette:
    """Draws frames in the colours of a dataset's labels."""

    def __init__(self, labels: Sequence[LabelInspection]) -> None:
        self._colours = {label["name"]: colour_of(label["color"]) for label in labels}
        self._edges = {label["name"]: label["edges"] for label in labels}

    def draw(self, frame: Frame, image: Image.Image, note: str = "", room: tuple[int, int] | None = None) -> Drawing:
        """The image with everything that the frame shows, and a caption that names the frame.

        With `room`, lines and words keep their size, and the image becomes as large as fits.
        """
        canvas = _Canvas(image, _scale(image.size, room))
        for annotation in frame.annotations:
            self._shape(canvas, annotation)
        for line, tag in enumerate(frame.tags):
            canvas.write((2, 2 + 14 * line), _tag_text(tag), self._colours[tag.label])
        # Where names crowd, the large shapes have theirs; those of small ones would hide them.
        for annotation in sorted(frame.annotations, key=lambda it: _area(_bounds(it)), reverse=True):
            self._name(canvas, annotation)
        return canvas.drawing(_caption(frame, note))

    @staticmethod
    def refuse(frame: Frame, note: str, room: tuple[int, int]) -> Drawing:
        """A grey image in place of one that cannot be drawn."""
        return Drawing(Image.new("RGB", (room[0], room[1] - CAPTION), "grey"), [], _caption(frame, note))

    def _shape(self, canvas: _Canvas, it: Annotation) -> None:
        colour = self._colours[it.label]
        points = list(zip(it.points[::2], it.points[1::2], strict=False))
        draw: dict[str, Callable[[], None]] = {
            "rectangle": lambda: canvas.area(_corners(it.points, it.rotation), colour),
            "polygon": lambda: canvas.area(points, colour),
            "polyline": lambda: canvas.line(points, colour),
            "points": lambda: canvas.dots(points, colour, hollow=it.occluded),
            "ellipse": lambda: canvas.ellipse(it.points, it.rotation, colour),
            "cuboid": lambda: canvas.lines([(points[start], points[end]) for start, end in CUBOID_EDGES], colour),
            "mask": lambda: canvas.mask(it.points, colour),
            "skeleton": lambda: self._skeleton(canvas, it, colour),
        }
        draw[it.kind]()

    def _skeleton(self, canvas: _Canvas, it: Annotation, colour: Colour) -> None:
        places = {each.label.rsplit("/", 1)[-1]: each for each in it.elements if not each.outside}
        edges = [edge for edge in self._edges[it.label] if places.keys() >= set(edge)]
        canvas.lines([(_point(places[start]), _point(places[end])) for start, end in edges], colour)
        for each in places.values():
            canvas.dots([_point(each)], self._colours[each.label], hollow=each.occluded)

    def _name(self, canvas: _Canvas, it: Annotation) -> None:
        text = it.label if it.track is None else f"{it.label} #{it.track}"
        canvas.name(_bounds(it), text, self._colours[it.label])


class _Canvas:
    """An image, scaled, and what is drawn on it; takes coordinates of the original image."""

    def __init__(self, image: Image.Image, scale: float) -> None:
        self._size = image.size
        self._scale = scale
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        how = Image.Resampling.NEAREST if scale >= 1 else Image.Resampling.BOX
        self._image = image.resize(size, how).convert("RGBA")
        self._words: list[Word] = []

    def area(self, points: Sequence[Point], colour: Colour) -> None:
        """A polygon: lightly filled, with a border."""
        if len(points) > 2:  # noqa: PLR2004 - a line fills nothing
            overlay = Image.new("RGBA", self._image.size)
            ImageDraw.Draw(overlay).polygon(self._placed(points), fill=(*colour, AREA))
            self._image.alpha_composite(overlay)
        self.line([*points, points[0]], colour)

    def ellipse(self, points: Sequence[float], rotation: float, colour: Colour) -> None:
        """An ellipse, filled by the pixels that exports give it."""
        x, y, right, top = points
        radii = (abs(right - x), abs(y - top))
        width, height = self._size
        try:
            filled = raster.fill_ellipse(
                (round(x), round(y)),
                (round(radii[0]), round(radii[1])),
                angle_degrees=round(rotation),
                height=height,
                width=width,
            )
        except (Error, OverflowError):
            pass  # larger than exports fill; its border says where it is
        else:
            self._tint(filled, colour, AREA)
        turns = [2 * math.pi * step / 72 for step in range(73)]
        border = [(x + radii[0] * math.cos(turn), y + radii[1] * math.sin(turn)) for turn in turns]
        self.line(_turned(border, (x, y), rotation), colour)

    def mask(self, points: Sequence[float], colour: Colour) -> None:
        """A mask, by its pixels."""
        width, height = self._size
        try:
            rle = mask.from_cvat([int(point) for point in points], height=height, width=width, clip=True)
        except Error:
            return  # it has no pixel in the image; exports say so
        self._tint(mask.decode(rle), colour, MASK)

    def line(self, points: Sequence[Point], colour: Colour) -> None:
        """A line through points."""
        ImageDraw.Draw(self._image).line(self._placed(points), fill=colour, width=2, joint="curve")

    def lines(self, edges: Sequence[tuple[Point, Point]], colour: Colour) -> None:
        """Lines from point to point."""
        for edge in edges:
            self.line(edge, colour)

    def dots(self, points: Sequence[Point], colour: Colour, *, hollow: bool) -> None:
        """Points; hollow ones for what is hidden."""
        draw = ImageDraw.Draw(self._image)
        for x, y in self._placed(points):
            draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=None if hollow else colour, outline=colour, width=2)

    def name(self, bounds: Box, text: str, colour: Colour) -> None:
        """Words above, below, inside or beside a box, wherever no others stand; nowhere if they stand everywhere."""
        (left, top), (right, bottom) = self._placed([bounds[:2], bounds[2:]])
        for corner in [(left, top - 18), (left, bottom + 5), (left + 3, top + 3), (right + 5, top)]:
            room = self._room(corner, _line(text))
            if not any(_meet(room, word.room) for word in self._words):
                self.write(corner, text, colour)
                return

    def write(self, corner: Point, text: str, colour: Colour) -> None:
        """Words on a ground of the colour, inside the image."""
        text = _line(text)
        self._words.append(Word(self._room(corner, text), text, colour))

    def _room(self, corner: Point, text: str) -> Box:
        """The room of words, moved into the image."""
        width = fonts().width(text) + 4
        x = min(max(corner[0], 0), max(self._image.width - width, 0))
        y = min(max(corner[1], 0), self._image.height - 13)
        return x, y, x + width, y + 12

    def drawing(self, caption: str) -> Drawing:
        """What was drawn."""
        return Drawing(self._image.convert("RGB"), self._words, caption)

    def _placed(self, points: Sequence[Point]) -> list[Point]:
        width, height = self._image.size
        return [
            (
                min(max(x * self._scale, -MARGIN), width + MARGIN),
                min(max(y * self._scale, -MARGIN), height + MARGIN),
            )
            for x, y in points
        ]

    def _tint(self, pixels: np.ndarray, colour: Colour, opacity: int) -> None:
        """Colours the pixels that are set, half transparent."""
        alpha = Image.fromarray(np.ascontiguousarray(pixels) * np.uint8(opacity)).resize(
            self._image.size, Image.Resampling.NEAREST
        )
        overlay = Image.new("RGBA", self._image.size, (*colour, 0))
        overlay.putalpha(alpha)
        self._image.alpha_composite(overlay)


def _scale(size: tuple[int, int], room: tuple[int, int] | None) -> float:
    """How many times larger than it is an image of this size is drawn."""
    if room:
        return min(room[0] / size[0], (room[1] - CAPTION) / size[1])
    wanted = math.ceil(SMALLEST_SIDE / min(size)) if min(size) < SMALLEST_SIDE / 2 else 1
    return min(wanted, math.sqrt(MAX_DRAWN / (size[0] * size[1])), MAX_SIDE / max(size))


def _point(element: Annotation) -> Point:
    return element.points[0], element.points[1]


def _corners(box: Sequence[float], rotation: float) -> list[Point]:
    left, top, right, bottom = box
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    return _turned(corners, ((left + right) / 2, (top + bottom) / 2), rotation)


def _turned(points: Sequence[Point], centre: Point, degrees: float) -> list[Point]:
    """Points turned clockwise on the screen."""
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    offsets = [(x - centre[0], y - centre[1]) for x, y in points]
    return [(centre[0] + x * cosine - y * sine, centre[1] + x * sine + y * cosine) for x, y in offsets]


def _bounds(it: Annotation) -> Box:
    """The box around an annotation."""
    if it.kind == "mask":
        left, top, right, bottom = it.points[-4:]
        return left, top, right, bottom
    if it.kind == "ellipse":
        x, y, right, top = it.points
        across, down = abs(right - x), abs(y - top)
        return x - across, y - down, x + across, y + down
    points = list(it.points)
    if it.kind == "skeleton":
        points = [value for each in it.elements if not each.outside for value in each.points[:2]] or [0.0, 0.0]
    return min(points[::2]), min(points[1::2]), max(points[::2]), max(points[1::2])


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _meet(one: Box, other: Box) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


def _tag_text(tag: Tag) -> str:
    return ", ".join([tag.label, *(f"{name}={value}" for name, value in tag.attributes.items())])


def _caption(frame: Frame, note: str) -> str:
    count = len(frame.annotations) + len(frame.tags)
    shown = "1 annotation" if count == 1 else f"{count} annotations"
    return "  ".join(filter(None, [f"frame {frame.frame}", _line(frame.name), shown, note]))


def _line(text: str) -> str:
    """One line, whatever a name holds, and of a length that can be drawn."""
    text = " ".join(text.split())
    return text if len(text) <= MAX_LETTERS else f"{text[: MAX_LETTERS - 3]}..."


def colour_of(text: str) -> Colour:
    """The colour of a label; grey if it is not written as #rrggbb, for a source may hold anything."""
    if not re.fullmatch("#[0-9a-fA-F]{6}", text):
        return UNKNOWN_COLOUR
    red, green, blue = bytes.fromhex(text[1:])
    return red, green, blue


def readable_on(colour: Colour) -> Colour:
    """Black or white, whichever is easier to read on a colour."""
    red, green, blue = colour
    is_light = 299 * red + 587 * green + 114 * blue > 128_000  # noqa: PLR2004 - half of the brightness of white
    return (0, 0, 0) if is_light else (255, 255, 255)
