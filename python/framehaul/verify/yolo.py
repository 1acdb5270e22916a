"""Darknet's YOLO and the formats of Ultralytics: a text file per image, a line per object."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from framehaul.verify import yaml
from framehaul.verify.check import Shape, stem
from framehaul.verify.streams import parts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from framehaul.verify.archive import Archive
    from framehaul.verify.check import Check, Kind

DARKNET_IMAGES = r"obj_[^/]*_data/.*"
IMAGES = r"images/.*"
SLACK = 1.01
"""How far in shares a coordinate may lie: what Ultralytics itself grants."""


class Row(NamedTuple):
    """What stands on a line of a format."""

    kind: Kind
    check: Callable[[int], str | None]
    """What is wrong with this number of columns, the class included; None if nothing is."""


def darknet(archive: Archive, check: Check) -> None:
    """Reads `YOLO 1.1`."""
    names = check.names(archive, "obj.names")
    check.classes = names
    if "obj.data" not in archive:
        check.find("missing-member", "obj.data", "is missing")
        return
    settings: dict[str, str] = {}
    for number, line in check.lines(archive, "obj.data"):
        key, equals, value = line.partition("=")
        if not equals and line.strip():
            check.find("bad-columns", "obj.data", "is not `key = value`", number)
        elif equals:
            settings[key.strip()] = value.strip()
    if settings.get("classes") != str(len(names)):
        check.find("wrong-count", "obj.data", f"classes is {settings.get('classes')}, obj.names has {len(names)} lines")
    lists = {key: value for key, value in settings.items() if key not in ("classes", "names", "backup")}
    if not {"train", "valid"} <= lists.keys():
        check.find("missing-split", "obj.data", "Darknet wants `train` and `valid`")
    check.training = not any(value.startswith("data/") for value in settings.values())
    listed = _Lists(archive, check, prefix="" if check.training else "data/")
    for key, value in lists.items():
        listed.read(key, value, "obj.data")
    row = Row("box", lambda count: None if count == 5 else "has not five columns")
    for path, image in listed.images.items():
        label = f"{stem(path)}.txt"
        check.files[path] = None
        if label not in archive:
            check.find("missing-label-file", label, f"is missing; {image} is listed")
        else:
            _labels(archive, check, label, image, names, row)
            listed.used.add(label)
    listed.unlisted(r"obj_[^/]*_data/.*\.txt")


def ultralytics(archive: Archive, check: Check, *, row: Row, pose: bool = False) -> None:
    """Reads a format of Ultralytics with `data.yaml`."""
    if "data.yaml" not in archive:
        check.find("missing-member", "data.yaml", "is missing")
        return
    try:
        settings = yaml.load(check.text(archive, "data.yaml"))
    except ValueError as error:
        check.find("bad-yaml", "data.yaml", str(error))
        return
    names = _names(check, settings.pop("names", None))
    check.classes = names
    if pose:
        row = _pose(check, settings.pop("kpt_shape", None)) or row
    settings.pop("flip_idx", None)
    check.training = "path" not in settings
    settings.pop("path", None)
    if not {"train", "val"} <= settings.keys():
        check.find("missing-split", "data.yaml", "Ultralytics wants `train` and `val`")
    listed = _Lists(archive, check, prefix="./" if check.training else "data/")
    for key, value in settings.items():
        if isinstance(value, str):
            listed.read(key, value, "data.yaml")
        else:
            check.find("bad-value", "data.yaml", f'"{key}" is not the name of a list')
    for path, image in listed.images.items():
        check.files[path] = None
        head, _, tail = path.rpartition("images/") if check.training else path.partition("images/")
        label = f"{head}labels/{stem(tail)}.txt"
        if label in archive and label not in listed.used:
            listed.used.add(label)
            _labels(archive, check, label, image, names, row)
    listed.unlisted(r"labels/.*\.txt")


def _exactly(count: int) -> Callable[[int], str | None]:
    return lambda found: None if found == count else f"has {found} columns, not {count}"


def _outline(count: int) -> str | None:
    if count >= 7 and count % 2:
        return None
    return f"has {count} columns, not a class and three or more points"


def _pointed(count: int) -> str | None:
    return None if count >= 5 and (count - 5) % 3 == 0 else f"has {count} columns, not a box and points"


def _tracked(count: int) -> str | None:
    return None if count in (5, 6) else f"has {count} columns, not 5 or 6"


detect = partial(ultralytics, row=Row("box", _exactly(5)))
track = partial(ultralytics, row=Row("box", _tracked))
turned = partial(ultralytics, row=Row("polygon", _exactly(9)))
segments = partial(ultralytics, row=Row("polygon", _outline))
poses = partial(ultralytics, row=Row("skeleton", _pointed), pose=True)


def _names(check: Check, found: yaml.Value | None) -> list[str]:
    if isinstance(found, dict):
        if list(found) != list(map(str, range(len(found)))):
            check.find("bad-value", "data.yaml", "the numbers of names do not count from 0 without gaps")
        names = list(found.values())
    elif isinstance(found, list):
        names = found
    else:
        check.find("missing-key", "data.yaml", "has no names of classes")
        return []
    for name in sorted({name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else ()):
        check.find("duplicate-label", "data.yaml", f'"{name}" is listed twice')
    return names


def _pose(check: Check, shape: yaml.Value | None) -> Row | None:
    if not isinstance(shape, list) or len(shape) != 2 or not all(each.isdecimal() for each in shape):
        check.find("bad-value", "data.yaml", "kpt_shape is not two numbers")
        return None
    count, size = int(shape[0][:6]), int(shape[1][:6])
    if size != 3:
        check.find("bad-value", "data.yaml", "a keypoint of kpt_shape is not x, y and visibility")
        return None
    return Row("skeleton", _exactly(5 + size * count))


class _Lists:
    """The lists of images."""

    def __init__(self, archive: Archive, check: Check, prefix: str) -> None:
        self.archive, self.check, self.prefix = archive, check, prefix
        self.images: dict[str, str] = {}  # members of images, with their names
        self.used: set[str] = set()  # label files
        self.splits: dict[str, str] = {}

    def read(self, split: str, path: str, member: str) -> None:
        """Reads the list of a split."""
        name = path.removeprefix("data/")
        if name in self.used:
            return  # train and val may be one list
        self.used.add(name)
        if name not in self.archive:
            self.check.find("missing-member", member, f'the list "{path}" of {split} is missing')
            return
        foreign = False
        seen: set[str] = set()
        for number, line in self.check.lines(self.archive, name):
            if not line:
                self.check.find("bad-columns", name, "an empty line", number)
                continue
            foreign |= line.startswith("data/")
            image = line.removeprefix(self.prefix)
            parts_of = image.split("/", 2 if image.startswith("images/") else 1)
            if ".." in parts_of or len(parts_of) < 2:
                self.check.find("bad-value", name, f'"{line}" is not a path of the format', number)
                continue
            if image in seen:
                self.check.find("duplicate-image", name, f'"{line}" is listed twice', number)
            seen.add(image)
            if self.splits.setdefault(image, split) != split:
                self.check.find("shared-image", name, f'"{line}" stands in {self.splits[image]} too', number)
            self.images[image] = stem(parts_of[-1])
            self.check.image(stem(parts_of[-1]))
        if foreign:
            self.check.find(
                "foreign-path", name, "paths begin with data/: unpack the archive into a folder of that name"
            )

    def unlisted(self, pattern: str) -> None:
        """Reports label files that belong to no listed image."""
        for name in self.archive.names(pattern):
            if name not in self.used:
                self.check.find("unlisted-file", name, "belongs to no listed image")


def _labels(archive: Archive, check: Check, name: str, image: str, names: Sequence[str], row: Row) -> None:
    with check.member(name):
        for number, line in enumerate(check.text(archive, name).split("\n"), 1):
            words = line.split()
            if not words:
                continue
            wrong = row.check(len(words))
            if wrong:
                check.find("bad-columns", name, wrong, number)
                continue
            values = check.numbers(words[1:], name, number)
            if values is None:
                continue
            place = int(words[0]) if words[0].isdecimal() and len(words[0]) < 9 else len(names)
            if place >= len(names):
                check.find("unknown-class", name, f"there is no class {words[0]}", number)
                continue
            check.shape(_shape(check, name, number, Shape(image, names[place], row.kind, values)))


def _shape(check: Check, name: str, number: int, shape: Shape) -> Shape:
    values = shape.values
    if shape.kind == "polygon":
        if min(values) < 1 - SLACK or max(values) > SLACK:
            check.find("outside-image", name, "coordinates outside the image", number)
        return shape
    x, y, width, height = values[:4]
    if width < 0 or height < 0:
        check.find("bad-box", name, f"the size is {width} x {height}", number)
    if min(x, y) < 1 - SLACK or max(x, y, width, height) > SLACK:
        check.find("outside-image", name, "coordinates outside the image", number)
    if shape.kind == "skeleton":
        points = [values[place : place + 3] for place in range(4, len(values), 3)]
        if any(point[2] not in (0, 1, 2) for point in points):
            check.find("bad-value", name, "the visibility of a keypoint is not 0, 1 or 2", number)
        seen = [point for point in points if point[2]]
        return shape._replace(values=sorted(point[0] for point in seen) + sorted(point[1] for point in seen))
    return shape._replace(values=(x - width / 2, y - height / 2, x + width / 2, y + height / 2))


def classes(archive: Archive, check: Check) -> None:
    """Reads `Ultralytics YOLO Classification 1.0`."""
    members = archive.names(r"[^/]+/labels\.json")
    if not members:
        check.find("missing-member", None, "there is no SUBSET/labels.json")
    for name in members:
        subset = name.partition("/")[0]
        with check.member(name):
            for key, elements, content in parts(archive, name):
                if elements or type(content) is not dict or type(content.get("labels")) is not list:
                    check.find("bad-value", name, f'"{key}" has no list of labels')
                    continue
                labels, path = content["labels"], content.get("path")
                if not all(type(label) is str for label in labels) or type(path) is not str:
                    check.find("bad-value", name, f'"{key}" has a label or a path that is not text')
                    continue
                folders = labels or ["no_label"]
                safe = [label.replace("/", "_").replace("\\", "_") for label in folders]
                if path and not path.startswith(tuple(f"{folder}/" for folder in folders + safe)):
                    check.find("bad-value", name, f'the path of "{key}" is in no folder of its labels')
                check.image(key)
                if path:
                    check.files[f"{subset}/{path}"] = None
                for label in labels:
                    check.shape(Shape(key, label, "tag"))
