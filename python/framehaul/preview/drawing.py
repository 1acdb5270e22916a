"""Drawing annotations over a picture."""

from __future__ import annotations

import math
import unicodedata
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFont

from framehaul import mask, raster
from framehaul.errors import Error

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from framehaul.dataset import LabelInspection
    from framehaul.frame import Annotation, Frame, Tag

    Colour = tuple[int, int, int]
    Point = tuple[float, float]
    Box = tuple[float, float, float, float]

# Smaller pictures are enlarged, so that lines and words are not larger than what they are about.
SMALLEST_SIDE = 480
CAPTION = 16
"""Height of the line below a picture."""
AREA, MASK = 56, 128  # how opaque areas are, of 255; masks have no border that would show them otherwise
# Corners of CVAT's cuboids: top and bottom in turn, around the box.
CUBOID_EDGES = [(0, 1), (2, 3), (4, 5), (6, 7), (0, 2), (2, 4), (4, 6), (6, 0), (1, 3), (3, 5), (5, 7), (7, 1)]


class Palette:
    """Draws frames in the colours of a dataset's labels."""

    def __init__(self, labels: Sequence[LabelInspection]) -> None:
        self._colours = {label["name"]: _colour(label["color"]) for label in labels}
        self._edges = {label["name"]: label["edges"] for label in labels}

    def draw(
        self, frame: Frame, picture: Image.Image, note: str = "", room: tuple[int, int] | None = None
    ) -> Image.Image:
        """The picture with everything that the frame shows, and a line below it that names the frame.

        Where the room is given, lines and words are as large as ever, and the picture is as large as it can be.
        """
        canvas = _Canvas(picture, _scale(picture.size, room))
        for annotation in frame.annotations:
            self._shape(canvas, annotation)
        for line, tag in enumerate(frame.tags):
            canvas.write((2, 2 + 14 * line), _tag_text(tag), self._colours[tag.label])
        # Where they crowd, the large ones have their names; those of small ones would hide them.
        for annotation in sorted(frame.annotations, key=lambda it: _area(_bounds(it)), reverse=True):
            self._name(canvas, annotation)
        count = len(frame.annotations) + len(frame.tags)
        shown = "1 annotation" if count == 1 else f"{count} annotations"
        return canvas.captioned("  ".join(filter(None, [f"frame {frame.frame}", frame.name, shown, note])))

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
    """A picture, enlarged, and an overlay; takes coordinates of the picture."""

    def __init__(self, picture: Image.Image, scale: float) -> None:
        self._size = picture.size
        self._scale = scale
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        how = Image.Resampling.NEAREST if scale >= 1 else Image.Resampling.BOX
        self._image = picture.resize(size, how).convert("RGBA")
        self._font = ImageFont.load_default()
        self._written: list[Box] = []  # where words stand

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
        filled = raster.fill_ellipse(
            (round(x), round(y)),
            (round(radii[0]), round(radii[1])),
            angle_degrees=round(rotation),
            height=height,
            width=width,
        )
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
            return  # it has no pixel in the picture; exports say so
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
            room = self._room(corner, text)
            if not any(_meet(room, other) for other in self._written):
                self.write(corner, text, colour)
                return

    def write(self, corner: Point, text: str, colour: Colour) -> None:
        """Words on a ground of the colour, inside the picture."""
        room = self._room(corner, text)
        self._written.append(room)
        draw = ImageDraw.Draw(self._image)
        draw.rectangle(room, fill=colour)
        draw.text((room[0] + 2, room[1]), _plain(text), fill=_readable_on(colour), font=self._font)

    def _room(self, corner: Point, text: str) -> Box:
        """The room of words, moved into the picture."""
        width = ImageDraw.Draw(self._image).textlength(_plain(text), font=self._font) + 4
        x = min(max(corner[0], 0), max(self._image.width - width, 0))
        y = min(max(corner[1], 0), self._image.height - 13)
        return x, y, x + width, y + 12

    def captioned(self, text: str) -> Image.Image:
        """The picture with a line of text below."""
        whole = Image.new("RGB", (self._image.width, self._image.height + CAPTION), "black")
        whole.paste(self._image.convert("RGB"))
        ImageDraw.Draw(whole).text((4, self._image.height + 1), _plain(text), fill="white", font=self._font)
        return whole

    def _placed(self, points: Sequence[Point]) -> list[Point]:
        return [(x * self._scale, y * self._scale) for x, y in points]

    def _tint(self, pixels: np.ndarray, colour: Colour, opacity: int) -> None:
        """Colours the pixels that are set, half transparent."""
        alpha = Image.fromarray(np.ascontiguousarray(pixels) * np.uint8(opacity)).resize(
            self._image.size, Image.Resampling.NEAREST
        )
        overlay = Image.new("RGBA", self._image.size, (*colour, 0))
        overlay.putalpha(alpha)
        self._image.alpha_composite(overlay)


def _scale(size: tuple[int, int], room: tuple[int, int] | None) -> float:
    """How many times larger than it is a picture of this size is drawn."""
    if room:
        return min(room[0] / size[0], (room[1] - CAPTION) / size[1])
    return math.ceil(SMALLEST_SIDE / min(size)) if min(size) < SMALLEST_SIDE / 2 else 1


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


def _colour(text: str) -> Colour:
    try:
        red, green, blue, *_ = ImageColor.getrgb(text)
    except ValueError:
        return 255, 255, 0
    return red, green, blue


def _readable_on(colour: Colour) -> Colour:
    red, green, blue = colour
    is_light = 299 * red + 587 * green + 114 * blue > 128_000  # noqa: PLR2004 - half of the brightness of white
    return (0, 0, 0) if is_light else (255, 255, 255)


def _plain(text: str) -> str:
    """What Pillow's own font can write: letters without their accents, and `?` for other scripts."""
    letters = [letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter)]
    return "".join(letters).encode("ascii", "replace").decode("ascii")
