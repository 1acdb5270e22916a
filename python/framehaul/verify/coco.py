"""COCO: instances and keypoints."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any

from framehaul.verify import masks
from framehaul.verify.check import Shape, are_numbers, is_number, is_whole, stem
from framehaul.verify.streams import parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from framehaul.verify.archive import Archive
    from framehaul.verify.check import Check

INSTANCES = r"annotations/instances_(.*)\.json"
KEYPOINTS = r"annotations/person_keypoints_(.*)\.json"
IMAGES = r"images/.*"


def instances(archive: Archive, check: Check) -> None:
    """Reads `COCO 1.0`."""
    _read(archive, check, INSTANCES)


def keypoints(archive: Archive, check: Check) -> None:
    """Reads `COCO Keypoints 1.0`."""
    _read(archive, check, KEYPOINTS)


def _read(archive: Archive, check: Check, pattern: str) -> None:
    names = archive.names(pattern)
    if not names:
        check.find("missing-member", None, "there is no annotations/*.json of the format")
    shared: dict[int, str] = {}
    for name in names:
        with check.member(name):
            _File(archive, check, name, shared).read()


class _File:
    """One file. Annotations are streamed; images and categories stay in memory."""

    def __init__(self, archive: Archive, check: Check, name: str, shared: dict[int, str]) -> None:
        self.archive, self.check, self.name = archive, check, name
        self.subset = name.rpartition("/")[2].removesuffix(".json").removeprefix("instances_")
        self.subset = self.subset.removeprefix("person_keypoints_")
        self.pose = "person_keypoints_" in name
        self.shared = shared  # the images of all files, by id
        self.images: dict[int, tuple[str, int, int]] = {}
        self.categories: dict[int, tuple[str, int | None]] = {}
        self.ids: set[int] = set()
        self.count = 0

    def read(self) -> None:
        """Reads the file; twice if annotations come before what they refer to."""
        seen: set[str] = set()
        waiting = False
        places = {"images": 0, "categories": 0}
        for key, elements, content in parts(self.archive, self.name):
            seen.add(key)
            if key in places or key == "annotations":
                if not elements:
                    self._bad(key, "is not an array")
                elif key == "annotations":
                    if {"images", "categories"} <= seen:
                        self._annotations(content)
                    else:
                        waiting = True
                else:
                    take = self._image if key == "images" else self._category
                    for place, each in enumerate(content, places[key]):
                        take(each, f"{key}[{place}]")
                    places[key] += len(content)
        for key in ("images", "annotations", "categories"):
            if key not in seen:
                self.check.find("missing-key", self.name, f"{key} is missing")
        if waiting:
            for key, elements, content in parts(self.archive, self.name):
                if key == "annotations" and elements:
                    self._annotations(content)

    def _bad(self, place: str, text: str, code: str = "bad-value") -> None:
        self.check.find(code, self.name, f"{place}: {text}")

    def _image(self, image: Any, place: str) -> None:  # noqa: ANN401 - it is JSON
        if type(image) is not dict or not is_whole(image.get("id")) or type(image.get("file_name")) is not str:
            self._bad(place, "is not an object with a whole id and a file_name")
            return
        number, name = image["id"], image["file_name"]
        sides: list[Any] = [image.get("width"), image.get("height")]
        if not all(is_whole(side) and side >= 0 for side in sides):
            self._bad(place, "width and height are not whole numbers from 0")
            sides = [0, 0]
        width, height = sides
        self.check.training |= "flickr_url" not in image  # CVAT writes it empty
        if number in self.images:
            self._bad(place, f"the id {number} is that of another image", "duplicate-id")
        elif self.shared.setdefault(number, f"{self.subset}/{name}") != f"{self.subset}/{name}":
            self._bad(place, f"the id {number} is that of an image of another subset", "shared-image-id")
        self.images[number] = (stem(name), width, height)
        self.check.image(stem(name), (width, height))
        self.check.files[posixpath.join("images", self.subset, name)] = (width, height)

    def _category(self, category: Any, place: str) -> None:  # noqa: ANN401 - it is JSON
        if type(category) is not dict or not is_whole(category.get("id")) or type(category.get("name")) is not str:
            self._bad(place, "is not an object with a whole id and a name")
            return
        number = category["id"]
        if number in self.categories:
            self._bad(place, f"the id {number} is that of another category", "duplicate-id")
        points = category.get("keypoints")
        count = len(points) if type(points) is list else None
        if self.pose and count is None:
            self._bad(place, "has no list of keypoints", "missing-key")
        edges = category.get("skeleton", [])
        if type(edges) is not list or not all(
            type(edge) is list and len(edge) == 2 and all(is_whole(end) and 1 <= end <= (count or 0) for end in edge)
            for edge in edges
        ):
            self._bad(place, "skeleton joins keypoints that are not there")
        parent = category.get("supercategory") or ""
        name = f"{parent}/{category['name']}" if parent and not self.pose else category["name"]
        self.categories[number] = (name, count)

    def _annotations(self, found: Sequence[Any]) -> None:
        for number, each in enumerate(found, self.count):
            self._annotation(each, f"annotations[{number}]")
        self.count += len(found)

    def _annotation(self, each: Any, place: str) -> None:  # noqa: ANN401 - it is JSON
        if type(each) is not dict or not is_whole(each.get("id")):
            self._bad(place, "is not an object with a whole id")
            return
        if each["id"] in self.ids:
            self._bad(place, f"the id {each['id']} is that of another annotation", "duplicate-id")
        self.ids.add(each["id"])
        image = self.images.get(each["image_id"]) if is_whole(each.get("image_id")) else None
        if image is None:
            self._bad(place, f"there is no image {each.get('image_id')}", "unknown-image")
            return
        label = self.categories.get(each["category_id"]) if is_whole(each.get("category_id")) else None
        if label is None:
            self._bad(place, f"there is no category {each.get('category_id')}", "unknown-class")
            return
        box: Any = each.get("bbox")
        if not are_numbers(box) or len(box) != 4:
            self._bad(place, "bbox is not four numbers")
            return
        if box[2] < 0 or box[3] < 0:
            self._bad(place, f"bbox has the size {box[2]} x {box[3]}", "bad-box")
        x, y, width, height = box
        name, full_width, full_height = image
        slack = 0.011  # of rounding
        if x < -slack or y < -slack or x + width > full_width + slack or y + height > full_height + slack:
            self._bad(place, "bbox reaches outside the image", "outside-image")
        area: Any = each.get("area")
        if not is_number(area) or (area < 0 and min(width, height) >= 0):
            self._bad(place, "area is not a number from 0")
        if each.get("iscrowd") not in (0, 1):
            self._bad(place, "iscrowd is neither 0 nor 1")
        shape = self._segmentation(each, place, Shape(name, label[0], "box", (x, y, x + width, y + height)), image)
        if self.pose and "keypoints" in each:
            self._keypoints(each, place, label[1])
            if shape.kind == "box" and are_numbers(each["keypoints"]) and not each.get("segmentation"):
                points = each["keypoints"]
                seen = [at for at in range(2, len(points), 3) if points[at]]
                values = sorted(points[at - 2] for at in seen) + sorted(points[at - 1] for at in seen)
                if _near(shape.values, shape._replace(kind="skeleton", values=values).box(), 0.021):
                    shape = shape._replace(kind="skeleton", values=values)
        self.check.shape(shape)

    def _segmentation(self, each: dict[str, Any], place: str, shape: Shape, image: tuple[str, int, int]) -> Shape:
        """Checks the segmentation, and gives the shape that it has."""
        found, area, box = each.get("segmentation", []), each.get("area"), each["bbox"]
        _, width, height = image
        if type(found) is dict:
            runs = masks.column_runs(found, width, height)
            if isinstance(runs, str):
                self._bad(place, runs, "bad-mask")
                return shape
            pixels, tight = masks.measure(runs, height)
            if is_number(area) and area != pixels:
                self._bad(place, f"area is {area}, the mask has {pixels} pixels", "wrong-area")
            if not _near(box, (tight[0], tight[1], tight[2] - tight[0], tight[3] - tight[1]), 0.011):
                shape = shape._replace(kind="other")  # parts of a group: the box is that of its boxes
            else:
                shape = shape._replace(kind="mask", values=(*tight, pixels))
            return shape
        if type(found) is not list:
            self._bad(place, "segmentation is neither a list of polygons nor run lengths")
            return shape
        for part in found:
            if not are_numbers(part) or len(part) < 6 or len(part) % 2:
                self._bad(place, "a polygon is not three or more pairs of numbers", "bad-polygon")
                return shape
        if each.get("iscrowd") == 1:
            self._bad(place, "a crowd without run lengths")
        if not found:
            if (
                is_number(area)
                and "keypoints" not in each
                and abs(area - box[2] * box[3]) > 0.03 * (1 + abs(box[2]) + abs(box[3]))
            ):
                self._bad(place, f"area is {area}, the box has {box[2] * box[3]}", "wrong-area")
            return shape
        xs = [x for part in found for x in part[::2]]
        ys = [y for part in found for y in part[1::2]]
        tight = (min(xs), min(ys), max(xs), max(ys))
        if len(found) == 1 and _near(shape.values, tight, 0.021):
            return shape._replace(kind="polygon", values=found[0])
        return shape._replace(kind="other")

    def _keypoints(self, each: dict[str, Any], place: str, count: int | None) -> None:
        values = each["keypoints"]
        if count == 0:
            self._bad(place, "the category has no keypoints", "foreign-keypoints")
        if not are_numbers(values) or len(values) % 3 or (count and len(values) != 3 * count):
            self._bad(place, f"keypoints are not {count} times x, y, v", "bad-columns")
            return
        if any(value not in (0, 1, 2) for value in values[2::3]):
            self._bad(place, "the visibility of a keypoint is not 0, 1 or 2")
        seen = sum(value != 0 for value in values[2::3])
        if each.get("num_keypoints") != seen:
            self._bad(place, f"num_keypoints is {each.get('num_keypoints')}, {seen} are in sight", "wrong-count")


def _near(one: Sequence[float], other: Sequence[float], slack: float) -> bool:
    return all(abs(a - b) <= slack for a, b in zip(one, other, strict=True))
