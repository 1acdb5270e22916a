"""Label images: decoded by Pillow, and the labels that their pixels stand for."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, NamedTuple

from framehaul.verify.archive import DamageError
from framehaul.verify.result import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

    from framehaul.verify.archive import Archive
    from framehaul.verify.check import Check
    from framehaul.verify.maps import Shown

MAX_PIXELS = 1 << 28
"""Pixels of an image that is decoded."""
MAX_COLOURS = 1 << 16

Colour = tuple[int, int, int]


class Label(NamedTuple):
    """A label with its colour."""

    name: str
    colour: Colour


def decode(archive: Archive, name: str) -> Image:
    """An image, decoded. What cannot be is a `DamageError`."""
    from PIL import Image

    try:
        image = Image.open(io.BytesIO(archive.read(name)))
        if image.width * image.height > MAX_PIXELS:
            raise DamageError("bad-image", name, f"is {image.width} x {image.height}, too large to decode")
        image.load()
    except (OSError, ValueError, SyntaxError, EOFError, OverflowError, Image.DecompressionBombError) as error:
        raise DamageError("bad-image", name, f"cannot be decoded: {plain(error)}") from None
    return image


def usable(check: Check) -> bool:
    """Whether label images can be checked."""
    try:
        import PIL.Image  # noqa: F401
    except ImportError:
        check.find("unread-images", None, "label images are not checked: that needs Pillow (framehaul[images])")
        return False
    return True


def colours(image: Image) -> dict[Colour, int] | None:
    """The colours of an image of colours, with their pixels; None if there are far too many for labels."""
    found = image.convert("RGB").getcolors(MAX_COLOURS)
    return None if found is None else {colour: count for count, colour in found}  # type: ignore[misc]


def values(image: Image) -> dict[int, int]:
    """The values of an image of numbers (8 bits with or without palette, or 16 bits), with their pixels."""
    import numpy as np

    if image.mode in ("L", "P", "1"):
        counts = image.convert("L").histogram() if image.mode == "1" else image.histogram()
        return {value: count for value, count in enumerate(counts) if count}
    found, numbers = np.unique(np.asarray(image), return_counts=True)
    return dict(zip(found.tolist(), numbers.tolist(), strict=True))


def shown(archive: Archive, member: str, labels: Sequence[Label], background: Label, base: int = 1) -> Shown:
    """What a label image shows: colours, or numbers of classes times `base`."""
    import numpy as np

    from framehaul.verify.maps import Shown

    image = decode(archive, member)
    if image.mode in ("L", "P") or image.mode.startswith("I"):
        pixels = np.asarray(image).astype(np.int32) // base
        numbers = {label.name: place for place, label in enumerate(labels)}
        return Shown(pixels, numbers, numbers.get(background.name, 0))
    bands = np.asarray(image.convert("RGB")).astype(np.int32)
    return Shown(
        (bands[..., 0] << 16) + (bands[..., 1] << 8) + bands[..., 2],
        {label.name: _packed(label.colour) for label in labels},
        _packed(background.colour),
    )


def _packed(shade: Colour) -> int:
    return (shade[0] << 16) + (shade[1] << 8) + shade[2]


def background(labels: Sequence[Label], *, black: bool = True) -> Label:
    """The label that pixels without a mask show: the first black one, else that called `background`, else black."""
    found = [label for label in labels if black and label.colour == (0, 0, 0)]
    found += [label for label in labels if label.name == "background"]
    return found[0] if found else Label("background", (0, 0, 0))


def colour(words: list[str]) -> Colour | None:
    """A colour of three numbers."""
    if len(words) != 3 or not all(word.isdecimal() and len(word) < 4 and int(word) < 256 for word in words):
        return None
    red, green, blue = map(int, words)
    return red, green, blue


def label_colors(archive: Archive, check: Check, name: str = "label_colors.txt") -> list[Label]:
    """The labels of a `label_colors.txt`: red, green, blue and name."""
    if name not in archive:
        check.find("missing-member", name, "is missing: it lists the labels")
        return []
    found: list[Label] = []
    for number, line in check.lines(archive, name):
        words = line.split(" ", 3)
        shade = colour(words[:3])
        if shade is None or len(words) < 4:
            check.find("bad-columns", name, "is not `red green blue name`", number)
        else:
            found.append(Label(words[3], shade))
    _twice(check, name, found)
    return found


def labelmap(archive: Archive, check: Check) -> list[Label]:
    """The labels of a `labelmap.txt`: name, colour, parts and actions between colons."""
    name = "labelmap.txt"
    if name not in archive:
        check.find("missing-member", name, "is missing: it lists the labels")
        return []
    found: list[Label] = []
    for number, line in check.lines(archive, name):
        if line.startswith("# label:") or not line:
            continue
        fields = line.rsplit(":", 3)
        shade = colour(fields[1].split(",")) if len(fields) == 4 else None
        if shade is None:
            check.find("bad-columns", name, "is not `name:red,green,blue:parts:actions`", number)
        else:
            found.append(Label(fields[0], shade))
    _twice(check, name, found)
    return found


def _twice(check: Check, name: str, found: list[Label]) -> None:
    seen: set[str] = set()
    for label in found:
        if label.name in seen:
            check.find("duplicate-label", name, f'"{plain(label.name)}" is listed twice')
        seen.add(label.name)
