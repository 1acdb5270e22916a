"""Datumaro: JSON by frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from framehaul.verify import masks
from framehaul.verify.check import Shape, are_numbers, is_number, is_whole
from framehaul.verify.streams import parts

if TYPE_CHECKING:
    from framehaul.verify.archive import Archive
    from framehaul.verify.check import Check, Kind

MEMBERS = r"annotations/.*\.json"


def items(archive: Archive, check: Check) -> None:
    """Reads `Datumaro 1.0`."""
    names = archive.names(MEMBERS)
    if not names:
        check.find("missing-member", None, "there is no annotations/SUBSET.json")
    splits: dict[str, str] = {}
    for name in names:
        with check.member(name):
            _File(check, name, splits).read(archive)


class _File:
    def __init__(self, check: Check, name: str, splits: dict[str, str]) -> None:
        self.check, self.name, self.splits = check, name, splits
        self.subset = name.removeprefix("annotations/").removesuffix(".json")
        self.labels: list[str] = []
        self.bones: dict[int, int] = {}  # points of each skeleton label
        self.ids: set[str] = set()
        self.count = 0

    def read(self, archive: Archive) -> None:
        """Reads the file; twice if the frames come before the labels."""
        seen: set[str] = set()
        waiting = False
        for key, elements, content in parts(archive, self.name):
            seen.add(key)
            if key == "categories":
                self._categories(content)
            elif key == "items" and not elements:
                self._bad("items", "is not an array")
            elif key == "items" and "categories" in seen:
                self._items(content)
            elif key == "items":
                waiting = True
        for key in ("categories", "items"):
            if key not in seen:
                self.check.find("missing-key", self.name, f"{key} is missing")
        if waiting:
            for key, elements, content in parts(archive, self.name):
                if key == "items" and elements:
                    self._items(content)

    def _bad(self, place: str, text: str, code: str = "bad-value") -> None:
        self.check.find(code, self.name, f"{place}: {text}")

    def _categories(self, found: Any) -> None:  # noqa: ANN401 - it is JSON
        listed = _at(found, "label", "labels")
        if type(listed) is not list or not all(type(_at(each, "name")) is str for each in listed):
            self._bad("categories", "has no list of labels with names", "missing-key")
            return
        for each in listed:
            parent = each.get("parent") or ""
            name = f"{parent}/{each['name']}" if parent else each["name"]
            if name in self.labels:
                self._bad("categories", f'the label "{name}" is listed twice', "duplicate-label")
            self.labels.append(name)
        for place, each in enumerate(_at(found, "points", "items") or ()):
            number, names = _at(each, "label_id"), _at(each, "labels")
            if not is_whole(number) or not 0 <= number < len(self.labels) or type(names) is not list:
                self._bad(f"categories.points.items[{place}]", "has no known label_id and labels", "unknown-class")
                continue
            self.bones[number] = len(names)
            for edge in _at(each, "joints") or ():
                if type(edge) is not list or not all(is_whole(end) and 1 <= end <= len(names) for end in edge):
                    self._bad(f"categories.points.items[{place}]", "joints join points that are not there")

    def _items(self, found: list[Any]) -> None:
        for number, each in enumerate(found, self.count):
            self._item(each, f"items[{number}]")
        self.count += len(found)

    def _item(self, each: Any, place: str) -> None:  # noqa: ANN401 - it is JSON
        name, annotations = _at(each, "id"), _at(each, "annotations")
        if type(name) is not str or type(annotations) is not list:
            self._bad(place, "is not an object with an id and annotations", "missing-key")
            return
        if name in self.ids:
            self._bad(place, f'the id "{name}" is that of another item', "duplicate-id")
        self.ids.add(name)
        if self.splits.setdefault(name, self.subset) != self.subset:
            self._bad(place, f'"{name}" stands in {self.splits[name]} too', "shared-image")
        size, path = _at(each, "image", "size"), _at(each, "image", "path")
        sides: tuple[int, int] | None = None
        if type(size) is not list or len(size) != 2 or not all(is_whole(side) and side >= 0 for side in size):
            self._bad(place, "image.size is not two whole numbers")
        else:
            sides = (size[1], size[0])
        self.check.image(name, sides)
        if type(path) is str and path:
            self.check.files[f"images/{self.subset}/{path}"] = sides
        for number, annotation in enumerate(annotations):
            self._annotation(annotation, f"{place}.annotations[{number}]", name, sides)

    def _annotation(self, each: Any, place: str, image: str, sides: tuple[int, int] | None) -> None:  # noqa: ANN401
        number, kind = _at(each, "label_id"), _at(each, "type")
        if not is_whole(number) or not 0 <= number < len(self.labels):
            self._bad(place, f"there is no label {number}", "unknown-class")
            return
        take = getattr(self, f"_{kind}", None) if type(kind) is str and kind in _KINDS else None
        if take is None:
            self._bad(place, f"there is no type {kind}")
            return
        found: tuple[Kind, list[float]] | None = take(each, place, sides)
        if found is not None:
            shape = Shape(image, self.labels[number], *found)
            self.check.shape(shape)
            if sides and shape.kind != "tag" and each.get("type") != "ellipse":
                x0, y0, x1, y1 = shape.box()
                if x0 < -0.01 or y0 < -0.01 or x1 > sides[0] + 0.01 or y1 > sides[1] + 0.01:
                    self._bad(place, "reaches outside the image", "outside-image")

    def _label(self, *_: object) -> tuple[Kind, list[float]]:
        return "tag", []

    def _bbox(self, each: Any, place: str, _: object) -> tuple[Kind, list[float]] | None:  # noqa: ANN401
        box = each.get("bbox")
        if not are_numbers(box) or len(box) != 4:
            self._bad(place, "bbox is not four numbers")
            return None
        x, y, width, height = box
        if width < 0 or height < 0:
            self._bad(place, f"bbox has the size {width} x {height}", "bad-box")
        return "box", [x, y, x + width, y + height]

    def _ellipse(self, each: Any, place: str, _: object) -> tuple[Kind, list[float]] | None:  # noqa: ANN401
        points = each.get("points")
        if not are_numbers(points) or len(points) != 4:
            self._bad(place, "points of an ellipse are not four numbers")
            return None
        return "other", points

    def _pairs(self, each: Any, place: str, least: int) -> list[float] | None:  # noqa: ANN401
        points = each.get("points")
        if not are_numbers(points) or len(points) % 2 or len(points) < 2 * least:
            self._bad(place, f"points are not {least} or more pairs of numbers", "bad-polygon")
            return None
        return list(points)

    def _polygon(self, each: Any, place: str, _: object) -> tuple[Kind, list[float]] | None:  # noqa: ANN401
        points = self._pairs(each, place, 3)
        return None if points is None else ("polygon", points)

    def _polyline(self, each: Any, place: str, _: object) -> tuple[Kind, list[float]] | None:  # noqa: ANN401
        points = self._pairs(each, place, 1)
        return None if points is None else ("polyline", points)

    def _points(self, each: Any, place: str, _: object) -> tuple[Kind, list[float]] | None:  # noqa: ANN401
        points = self._pairs(each, place, 1)
        seen = each.get("visibility")
        if points is None:
            return None
        if seen is not None and (type(seen) is not list or len(seen) != len(points) // 2 or not _visible(seen)):
            self._bad(place, "visibility is not 0, 1 or 2 for each point")
            return None
        if each["label_id"] in self.bones:  # a skeleton, in the profile for training
            if len(points) != 2 * self.bones[each["label_id"]]:
                self._bad(place, "has not the points of its label", "bad-columns")
            self.check.training = True
            kept = [at for at, sight in enumerate(seen or [2] * (len(points) // 2)) if sight]
            return "skeleton", sorted(points[2 * at] for at in kept) + sorted(points[2 * at + 1] for at in kept)
        return "points", points

    def _skeleton(self, each: Any, place: str, _: object) -> tuple[Kind, list[float]] | None:  # noqa: ANN401
        points = each.get("points")
        count = self.bones.get(each["label_id"])
        if count is None:
            self._bad(place, "the label is not that of a skeleton", "unknown-class")
            return None
        if not are_numbers(points) or len(points) != 3 * count or not _visible(points[2::3]):
            self._bad(place, f"points are not {count} times x, y and visibility", "bad-columns")
            return None
        kept = [at for at in range(2, len(points), 3) if points[at]]
        return "skeleton", sorted(points[at - 2] for at in kept) + sorted(points[at - 1] for at in kept)

    def _mask(self, each: Any, place: str, sides: tuple[int, int] | None) -> tuple[Kind, list[float]] | None:  # noqa: ANN401
        rle = each.get("rle")
        width, height = sides or (0, 0)
        runs = masks.column_runs(rle, width, height) if type(rle) is dict else "rle is missing"
        if isinstance(runs, str):
            self._bad(place, runs, "bad-mask")
            return None
        pixels, box = masks.measure(runs, rle["size"][0])
        return "mask", [*box, pixels]

    def _cuboid_3d(self, each: Any, place: str, _: object) -> tuple[Kind, list[float]] | None:  # noqa: ANN401
        parts_of = [each.get(key) for key in ("position", "rotation", "scale")]
        if not all(are_numbers(part) and len(part) == 3 for part in parts_of):
            self._bad(place, "position, rotation and scale are not three numbers each")
            return None
        return "other", [value for part in parts_of for value in part]


_KINDS = frozenset({"label", "bbox", "ellipse", "polygon", "polyline", "points", "skeleton", "mask", "cuboid_3d"})


def _at(found: Any, *keys: str) -> Any:  # noqa: ANN401 - it is JSON
    """A value inside of objects; None if it is not there."""
    for key in keys:
        found = found.get(key) if type(found) is dict else None
    return found


def _visible(values: list[Any]) -> bool:
    return all(is_number(value) and value in (0, 1, 2) for value in values)
