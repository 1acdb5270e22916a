"""Exports equal the golden archives in `tests/golden`: what CVAT writes for the sources in `tests/support/goldens.py`.

`tests/golden/README.md` says where the files come from and how they are stored. To look at the differences of a format,
write the output of framehaul over its golden files and let Git compare them:

    PYTHONPATH=tests/support python tests/formats/test_golden.py coco
    git diff --word-diff=color --word-diff-regex='[^,]+' tests/golden/coco
    git restore tests/golden/coco && git clean -fd tests/golden/coco
"""

from __future__ import annotations

import difflib
import io
import os
import re
import sys
import tempfile
import unicodedata
from pathlib import Path

import pytest
import yaml
from PIL import Image

import framehaul
import goldens
from archives import members

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = [(path.parent.name, path.name) for path in sorted(GOLDEN.glob("*/*")) if path.is_dir()]
PIXELS = {"RGB": "RGB 8-bit", "RGBA": "RGBA 8-bit", "L": "grey 8-bit", "I;16": "grey 16-bit", "I": "grey 16-bit"}
MAX_BYTES = 100_000


def test_every_format_has_a_golden_archive():
    assert {slug for slug, _ in CASES} == {info.slug for info in framehaul.formats()}


def test_the_golden_archives_are_small():
    assert sum(path.stat().st_size for path in GOLDEN.rglob("*") if path.is_file()) < MAX_BYTES


@pytest.mark.parametrize("source", ["backup", "server"])
@pytest.mark.parametrize(("slug", "name"), CASES)
def test_an_export_equals_its_golden_archive(slug, name, source, tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")  # CVAT XML prints it as <dumped>
    expected = golden(slug, name)
    actual = exported(slug, name, source, tmp_path, expected)
    if source == "backup":
        expected, actual = ({path: without_ids(text) for path, text in side.items()} for side in (expected, actual))
    differences = [
        line
        for path in sorted(expected.keys() | actual.keys())
        for line in compared(path, expected.get(path), actual.get(path))
    ]
    if differences:
        pytest.fail("\n".join([f"{slug} of {name}, from {source}:", *differences]), pytrace=False)


def golden(slug: str, name: str) -> dict[str, str]:
    """The golden files of an archive. Some file systems decompose letters in names."""
    folder = GOLDEN / slug / name
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    names = [unicodedata.normalize("NFC", path.relative_to(folder).as_posix()) for path in paths]
    return {name: path.read_bytes().decode() for name, path in zip(names, paths, strict=True)}


def exported(slug: str, name: str, source: str, folder: Path, like: dict[str, str]) -> dict[str, str]:
    """The members of an export as golden files; the characters of their images are those in `like`."""
    framehaul.export(goldens.written(name, source, folder), slug, folder / "out.zip")
    files = {}
    for member, content in members(folder / "out.zip").items():
        if member.endswith((".png", ".bmp")):
            files[f"{member}.txt"] = grid(content, like.get(f"{member}.txt", ""))
        elif member.endswith(".json"):
            files[member] = by_record(content.decode())
        else:
            files[member] = content.decode()
    return files


def by_record(json: str) -> str:
    """JSON with a line break before each record, which formats write on one line."""
    return re.sub(r'(?<=[\[,])(?= ?\{"(?:id|name|label_id)")', "\n", json)


def grid(content: bytes, like: str) -> str:
    """An image as text: the kind of its pixels, a line for each colour, and a character for each pixel."""
    image = Image.open(io.BytesIO(content))
    legend = [line.split(" ", 1) for line in like.partition("\n\n")[0].splitlines()[1:]]
    characters = {colour: character for character, colour in legend}
    unlisted = iter("!?$%&*+=@<>^ABDEFGHIJKLM")
    rows = []
    for y in range(image.height):
        colours = [_colour(image.getpixel((x, y))) for x in range(image.width)]
        for colour in colours:
            if colour not in characters:
                characters[colour] = next(unlisted)
        rows.append("".join(characters[colour] for colour in colours))
    used = set("".join(rows))
    listed = [f"{character} {colour}" for colour, character in characters.items() if character in used]
    return "\n".join([PIXELS[image.mode], *listed, "", *rows, ""])


def compared(path: str, expected: str | None, actual: str | None) -> list[str]:
    """What differs between two files, one of which may be missing."""
    if expected is None or actual is None:
        return [f"{path}: {'not in the golden archive' if expected is None else 'not in the export'}"]
    # framehaul quotes more texts than PyYAML does, and any reader of YAML takes both for the same.
    if expected == actual or (path.endswith(".yaml") and yaml.safe_load(expected) == yaml.safe_load(actual)):
        return []
    sides = [text.splitlines(keepends=True) for text in (expected, actual)]
    changed = difflib.unified_diff(*sides, f"golden {path}", f"export {path}", n=1)
    # A line end that is not LF is shown, and so is one that is missing.
    return [line[:-1] if line.endswith("\n") and not line.endswith("\r\n") else repr(line) for line in changed]


def without_ids(text: str) -> str:
    """CVAT XML without what a backup does not hold: ids, dates and users in <meta>, and the ids of tasks."""
    return re.sub(r' task_id="\d+"', "", re.sub(r"<meta>.*</meta>", "", text, flags=re.DOTALL))


def _colour(pixel: int | tuple[int, ...]) -> str:
    return " ".join(map(str, pixel)) if isinstance(pixel, tuple) else str(pixel)


def rewrite(slug: str, name: str) -> None:
    """Writes an export over its golden archive, so that Git shows the differences."""
    folder = GOLDEN / slug / name
    before = golden(slug, name)
    with tempfile.TemporaryDirectory() as scratch:
        now = exported(slug, name, "server", Path(scratch), before)
    for path in before.keys() - now.keys():
        (folder / path).unlink()
    for path, text in now.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text.encode())


if __name__ == "__main__":
    os.environ["SOURCE_DATE_EPOCH"] = "0"
    for slug, name in CASES:
        if slug in sys.argv[1:]:
            rewrite(slug, name)
