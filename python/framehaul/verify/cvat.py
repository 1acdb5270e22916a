"""CVAT's own XML: for images and for video."""

from __future__ import annotations

import math
import posixpath
from typing import TYPE_CHECKING

import numpy as np

from framehaul.verify import markup, masks
from framehaul.verify.check import Shape, stem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lxml.etree import _Element

    from framehaul.verify.archive import Archive
    from framehaul.verify.check import Check, Kind

NAME = "annotations.xml"
IMAGES = r"images/.*"
SHAPES = frozenset({"box", "polygon", "polyline", "points", "ellipse", "cuboid", "mask", "skeleton"})
MIN_POINTS = {"polygon": 3, "polyline": 1, "points": 1}  # CVAT itself lets a polyline have a single point
KINDS: dict[str, Kind] = {"polygon": "polygon", "polyline": "polyline", "points": "points"}
CORNERS = ("tl1", "bl1", "tr1", "br1", "tl2", "bl2", "tr2", "br2")
CUBOID = tuple(f"{axis}{corner}" for corner in CORNERS for axis in "xy")
MAX_FRAME = 1 << 40


def images(archive: Archive, check: Check) -> None:
    """Reads `CVAT for images 1.1`."""
    _read(archive, check, _Images)


def video(archive: Archive, check: Check) -> None:
    """Reads `CVAT for video 1.1`."""
    _read(archive, check, _Video)


def _read(archive: Archive, check: Check, kind: Callable[[Check], _Reader]) -> None:
    if NAME not in archive:
        check.find("missing-member", NAME, "is missing")
        return
    with check.member(NAME):
        kind(check).read(archive)


class _Reader:
    """What the two have in common: labels and shapes."""

    items: frozenset[str]

    def __init__(self, check: Check) -> None:
        self.check = check
        self.labels: dict[str, set[str]] = {}  # with the names of their attributes
        self.parts: dict[str, dict[str, set[str]]] = {}  # the same of the elements of each skeleton
        self.project = False
        self.start, self.stop = 0, MAX_FRAME
        self.deep = False  # 3D: coordinates are not pixels

    def read(self, archive: Archive) -> None:
        """Reads the file in a stream."""
        depth = 0
        met_meta = False
        for event, element in markup.stream(archive, NAME):
            if event == "start":
                depth += 1
                if depth == 1 and element.tag != "annotations":
                    self.bad(element, f"the root is <{element.tag}>, not <annotations>")
                    return
                continue
            depth -= 1
            if depth == 0:
                break
            if depth == 1:
                if element.tag == "meta":
                    met_meta = True
                    self.meta(element)
                elif element.tag == "version":
                    if element.text != "1.1":
                        self.bad(element, "the version is not 1.1")
                elif element.tag in self.items:
                    self.item(element)
                else:
                    self.bad(element, f"<{element.tag}> is not an element of the format")
                markup.done(element)
            elif depth == 2 and element.tag in SHAPES and self.begun(element):
                markup.done(element)
        if not met_meta:
            self.check.find("missing-key", NAME, "<meta> is missing")

    def begun(self, element: _Element) -> bool:
        """Takes a shape as soon as it has ended, so that long tracks need no memory. False: the item takes it."""
        del element
        return False

    def item(self, element: _Element) -> None:
        """Takes an image or a track that has ended."""
        raise NotImplementedError

    def meta(self, meta: _Element) -> None:
        """Takes the labels."""
        found = next((meta.find(kind) for kind in ("task", "job", "project") if meta.find(kind) is not None), None)
        if found is None:
            self.check.find("missing-key", NAME, "<meta> has no task, job or project", markup.line(meta))
            return
        self.project = found.tag == "project"
        for label in found.iterfind("labels/label"):
            name, parent = label.findtext("name") or "", label.findtext("parent")
            owner = self.parts.setdefault(parent, {}) if parent else self.labels
            if name in owner:
                self.check.find("duplicate-label", NAME, f'label "{name}" is listed twice', markup.line(label))
            owner[name] = {each.findtext("name") or "" for each in label.iterfind("attributes/attribute")}
        if not self.project:
            for key in ("start_frame", "stop_frame"):
                text = found.findtext(key) or ""
                if text.isdecimal() and int(text) < MAX_FRAME:
                    setattr(self, key.partition("_")[0], int(text))
                else:
                    self.check.find("bad-value", NAME, f"<{key}> is not a number", markup.line(found))

    def bad(self, element: _Element, text: str, code: str = "bad-value") -> None:
        """Reports what is wrong with an element."""
        self.check.find(code, NAME, f"{text}{self.where(element)}", markup.line(element))

    def where(self, element: _Element) -> str:
        """Where an element stands, for lines that libxml2 does not count."""
        place = element.get("frame") or element.get("id") or element.get("name")
        return "" if markup.line(element) or place is None else f" (<{element.tag}> {place})"

    def whole(self, element: _Element, key: str, default: int | None = None) -> int | None:
        """A whole number from 0; None after a finding."""
        text = element.get(key)
        if text is None and default is not None:
            return default
        if text is None or not text.isdecimal() or int(text[:20]) > MAX_FRAME:
            self.bad(element, f"<{element.tag}> has no whole {key}", "missing-key" if text is None else "bad-value")
            return None
        return int(text)

    def flag(self, element: _Element, key: str) -> bool:
        """A flag: 0 or 1."""
        text = element.get(key)
        if text not in ("0", "1"):
            self.bad(
                element, f"{key} of <{element.tag}> is neither 0 nor 1", "missing-key" if text is None else "bad-value"
            )
        return text == "1"

    def floats(self, element: _Element, keys: Sequence[str]) -> list[float] | None:
        """Some coordinates; None after a finding."""
        texts = [element.get(key) for key in keys]
        if None in texts:
            missing = keys[texts.index(None)]
            self.bad(element, f"<{element.tag}> has no {missing}", "missing-key")
            return None
        try:
            values = [float(text) for text in texts if text is not None]
        except ValueError:
            values = [math.nan]
        if not all(map(math.isfinite, values)):
            self.bad(element, f"a coordinate of <{element.tag}> is not a number", "bad-number")
            return None
        return values

    def label(self, element: _Element, owner: str | None = None) -> str | None:
        """The label of an element, checked; None after a finding."""
        name = element.get("label")
        known = self.labels if owner is None else self.parts.get(owner, {})
        if name is None or name not in known:
            self.bad(element, f'the label "{name}" is not listed', "unknown-class")
            return None
        return name

    def attributes(self, element: _Element, names: set[str]) -> None:
        """Checks that attributes belong to the label."""
        for each in element:
            if each.tag == "attribute" and each.get("name") not in names:
                self.bad(each, f'the label has no attribute "{each.get("name")}"', "unknown-class")

    def geometry(self, element: _Element, size: tuple[int, int] | None) -> tuple[Kind, list[float]] | None:
        """The geometry of a shape as a record has it; None after a finding."""
        tag = element.tag
        rotation = element.get("rotation")
        turn: list[float] = []
        if rotation is not None:
            turned = self.floats(element, ["rotation"])
            if turned is None:
                return None
            turn = [turned[0] % 360]
        if tag == "box":
            values = self.floats(element, ("xtl", "ytl", "xbr", "ybr"))
            if values is None:
                return None
            if values[2] < values[0] or values[3] < values[1]:
                self.bad(element, "a box has a negative size", "bad-box")
            if size and not turn:
                self.inside(element, values, size)
            return ("turned", values + turn) if turn else ("box", values)
        if tag == "ellipse":
            values = self.floats(element, ("cx", "cy", "rx", "ry"))
            if values is None:
                return None
            if values[2] < 0 or values[3] < 0:
                self.bad(element, "an ellipse has a negative radius", "bad-box")
            return "other", values + turn
        if tag == "cuboid":
            values = self.floats(element, CUBOID)
            return None if values is None else ("other", values)
        if tag == "mask":
            return self.mask(element, size)
        return self.points(element, size)

    def points(self, element: _Element, size: tuple[int, int] | None) -> tuple[Kind, list[float]] | None:
        """The geometry of a polygon, a polyline or points."""
        tag = element.tag
        values: list[float] = []
        try:
            for pair in (element.get("points") or "").split(";"):
                x, y = pair.split(",")
                values += (float(x), float(y))
        except ValueError:
            values = []
        if not all(map(math.isfinite, values)):
            values = []
        if len(values) < 2 * MIN_POINTS[tag]:
            self.bad(element, f"<{tag}> has no {MIN_POINTS[tag]} points x,y;x,y", "bad-polygon")
            return None
        if size:
            self.inside(element, (min(values[::2]), min(values[1::2]), max(values[::2]), max(values[1::2])), size)
        return KINDS[tag], values

    def mask(self, element: _Element, size: tuple[int, int] | None) -> tuple[Kind, list[float]] | None:
        """The geometry of a mask. Its runs go along the rows of its box."""
        box = [self.whole(element, key) for key in ("left", "top", "width", "height")]
        left, top, width, height = box
        if left is None or top is None or width is None or height is None:
            return None
        try:
            runs = np.array(list(map(int, (element.get("rle") or "").split(","))), np.int64)
        except (ValueError, OverflowError):
            self.bad(element, "rle is not a list of whole numbers", "bad-mask")
            return None
        wrong = masks.fill(runs, width * height)
        if isinstance(wrong, str):
            self.bad(element, wrong, "bad-mask")
            return None
        if size:
            self.inside(element, (left, top, left + width, top + height), size)
        pixels, tight = masks.measure(runs, width)
        x0, y0, x1, y1 = masks.transpose(tight)
        return "mask", [left + x0, top + y0, left + x1, top + y1, pixels]

    def inside(self, element: _Element, box: Sequence[float], size: tuple[int, int]) -> None:
        """Warns of what reaches outside the image."""
        if self.deep:
            return
        if box[0] < -0.01 or box[1] < -0.01 or box[2] > size[0] + 0.01 or box[3] > size[1] + 0.01:
            self.bad(element, f"<{element.tag}> reaches outside the image", "outside-image")

    def shape(self, element: _Element, image: str, label: str, size: tuple[int, int] | None, *, record: bool) -> None:
        """Takes a shape of an image, or of a track on a frame."""
        if element.tag == "skeleton":
            xs: list[float] = []
            ys: list[float] = []
            known = self.parts.get(label, {})
            for part in element:
                if part.tag == "attribute":
                    continue
                name = self.label(part, label)
                if part.tag not in SHAPES:
                    self.bad(part, f"<{part.tag}> is not a shape")
                    continue
                outside = self.flag(part, "outside")
                self.flag(part, "occluded")
                found = self.geometry(part, None)
                if name is not None:
                    self.attributes(part, known[name])
                if found is not None and not outside:
                    xs += found[1][::2]
                    ys += found[1][1::2]
            kind: Kind = "skeleton"
            values = sorted(xs) + sorted(ys)
        else:
            found = self.geometry(element, size)
            if found is None:
                return
            kind, values = found
        self.attributes(element, self.labels[label])
        if record:
            self.check.shape(Shape(image, label, kind, values))


class _Images(_Reader):
    items = frozenset({"image"})

    def __init__(self, check: Check) -> None:
        super().__init__(check)
        self.ids: set[tuple[str, int]] = set()
        self.seen: set[tuple[str, str]] = set()

    def item(self, element: _Element) -> None:
        number, name = self.whole(element, "id"), element.get("name")
        width, height = self.whole(element, "width"), self.whole(element, "height")
        if not name:
            self.bad(element, "<image> has no name", "missing-key")
        if not name or number is None or width is None or height is None:
            return
        subset = element.get("subset") or ""
        if (subset, number) in self.ids:
            self.bad(element, f"the id {number} is that of another image", "duplicate-id")
        if (subset, name) in self.seen:
            self.bad(element, f'"{name}" is the name of another image', "duplicate-image")
        self.ids.add((subset, number))
        self.seen.add((subset, name))
        if not self.start <= number <= self.stop:
            self.bad(element, f"frame {number} is not in the task", "bad-value")
        key = stem(name)
        self.check.image(key, (width, height))
        self.check.files[posixpath.join("images", subset, name)] = (width, height)
        for each in element:
            label = self.label(each)
            if label is None:
                continue
            if each.tag == "tag":
                self.attributes(each, self.labels[label])
                self.check.shape(Shape(key, label, "tag"))
            elif each.tag not in SHAPES:
                self.bad(each, f"<{each.tag}> is not a shape")
            else:
                if each.tag != "skeleton":
                    self.flag(each, "occluded")
                self.shape(each, key, label, (width, height), record=True)


class _Video(_Reader):
    items = frozenset({"track"})

    def __init__(self, check: Check) -> None:
        super().__init__(check)
        self.ids: set[int] = set()
        self.track: _Element | None = None
        self.last = -1
        self.keyframes = 0
        self.size: tuple[int, int] | None = None

    def meta(self, meta: _Element) -> None:
        super().meta(meta)
        sides = [meta.findtext(f".//original_size/{side}") or "" for side in ("width", "height")]
        if not self.project and all(side.isdecimal() and len(side) < 10 for side in sides):
            self.size = (int(sides[0]), int(sides[1]))

    def begun(self, element: _Element) -> bool:
        track = element.getparent()
        if track is None or track.tag != "track":
            return False
        if track is not self.track:
            self.track, self.last, self.keyframes = track, -1, 0
        label = self.label(track)
        frame = self.whole(element, "frame")
        if label is None or frame is None:
            return True
        if frame <= self.last:
            self.bad(element, f"frame {frame} follows frame {self.last}", "wrong-order")
        self.last = frame
        if not self.project and not self.start <= frame <= self.stop:
            self.bad(element, f"frame {frame} is not in the task", "bad-value")
        self.keyframes += self.flag(element, "keyframe")
        outside = element.tag != "skeleton" and self.flag(element, "outside")
        if element.tag == "skeleton":
            outside = all(part.get("outside") == "1" for part in element if part.tag != "attribute")
        else:
            self.flag(element, "occluded")
        key = str(frame)
        if not outside:
            self.check.image(key)
        self.shape(element, key, label, self.size if not outside else None, record=not outside)
        return True

    def item(self, element: _Element) -> None:
        number = self.whole(element, "id")
        if number is not None and number in self.ids:
            self.bad(element, f"the id {number} is that of another track", "duplicate-id")
        if number is not None:
            self.ids.add(number)
        self.label(element)
        if element is self.track and not self.keyframes:
            self.bad(element, "a track has no keyframe", "missing-key")
        self.track = None
