"""A verification from beginning to end: container, rules, images, source."""

from __future__ import annotations

import gc
import io
import re
from typing import TYPE_CHECKING

from framehaul import registry
from framehaul.errors import InternalError
from framehaul.verify.archive import Archive, DamageError
from framehaul.verify.check import Check
from framehaul.verify.detect import detect
from framehaul.verify.families import FAMILIES, SIDECARS
from framehaul.verify.result import Verification, plain

if TYPE_CHECKING:
    from pathlib import Path

    from framehaul.dataset import Dataset
    from framehaul.verify.families import Family
    from framehaul.verify.result import Difference

MAX_PIXELS = 1 << 28
"""Pixels of an image that is decoded."""


def run(path: Path, slug: str | None, source: Dataset | None, *, media: bool) -> Verification:
    """Verifies an archive; see `framehaul.verify`."""
    # Millions of values without a cycle among them: the collector would only look at them again and again.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _run(path, slug, source, media=media)
    finally:
        if collecting:
            gc.enable()


def _run(path: Path, slug: str | None, source: Dataset | None, *, media: bool) -> Verification:
    check = Check(keep=source is not None, media=media)
    differences: tuple[Difference, ...] | None = None
    members = size = 0
    try:
        with Archive(path, check.find) as archive:
            members, size = len(archive.members), sum(member.size for member in archive.members.values())
            slug = slug or detect(archive)
            if slug is None:
                if archive.members:
                    check.find("unknown-format", None, "no format has these members; name it with --format")
            elif slug not in FAMILIES:
                check.find("no-rules", None, "no rules for this format yet; only the container was checked")
            elif archive.members:
                _read(archive, check, FAMILIES[slug])
            archive.drain()
            if source is not None and slug is not None:
                from framehaul.verify import against

                differences = against.compare(check, slug, source)
    except DamageError as damage:
        check.find(damage.code, damage.member, str(damage))
    counts = {"members": members, "bytes": size, "images": len(check.images), "annotations": check.annotations}
    name = None if slug is None else registry.find(slug).name
    labels = dict(sorted(check.labels.items()))
    return Verification(str(path), name, tuple(check.findings), dict(check.totals), counts, labels, differences)


def _read(archive: Archive, check: Check, family: Family) -> None:
    try:
        family.read(archive, check)
    except DamageError as damage:  # of a member that the whole format depends on
        check.find(damage.code, damage.member, str(damage), damage.line)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        text = f"the archive cannot be verified: {type(error).__name__}: {plain(error)}; please report this"
        raise InternalError(text, code="internal") from error
    known = re.compile(f"(?:{family.members}|{family.images}|{SIDECARS})", re.DOTALL)
    for name in archive.members:
        if not known.fullmatch(name):
            check.find("unexpected-member", name, "is not a member of the format")
    images = set(archive.names(family.images))
    if images:
        for name in check.files:
            if name not in images:
                check.find("missing-image", name, "is missing; the archive has other images")
    if check.media:
        for name in sorted(images):
            with check.member(name):
                _image(archive, check, name)


def _image(archive: Archive, check: Check, name: str) -> None:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(archive.read(name))) as image:
            if image.width * image.height > MAX_PIXELS:
                check.find("bad-image", name, f"is {image.width} x {image.height}, too large to decode")
                return
            image.load()
            width, height = image.size
            if image.getexif().get(0x0112, 1) >= 5:
                width, height = height, width
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        check.find("bad-image", name, f"cannot be decoded: {plain(error)}")
        return
    stated = check.files.get(name)
    if stated is not None and stated not in ((0, 0), (width, height)):
        check.find("image-size", name, f"is {width} x {height}, the annotations state {stated[0]} x {stated[1]}")
