"""Text in every script, with the fonts of this system: framehaul ships none."""

from __future__ import annotations

import os
import sys
import unicodedata
from functools import cache, cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Iterator

    Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

SIZE = 10
MAX_FONTS = 1000
# Fonts that cover many scripts are tried first; stems of file names.
BROAD = (
    "dejavusans",
    "notosans-regular",
    "notosanscjk",
    "arialuni",
    "arial unicode",
    "msyh",
    "meiryo",
    "malgun",
    "wqy",
)
# Letters without a glyph of their own: they stay in the font of the letter before them.
INVISIBLE = {"Cc", "Cf", "Mn", "Me", "Zs"}


class Fonts:
    """Measures and writes one line of text: in the first font that has all of it, else letter by letter."""

    def __init__(self) -> None:
        self._default = ImageFont.load_default()
        self._of: dict[str, Font | None] = {}

    def width(self, text: str) -> float:
        """Width in pixels."""
        return sum(font.getlength(part) for font, part in self._runs(text))

    def write(self, draw: ImageDraw.ImageDraw, x: float, y: float, text: str, fill: str | tuple[int, int, int]) -> None:
        """Writes into a line that is 12 pixels high; x and y are its upper left corner."""
        for font, part in self._runs(text):
            if isinstance(font, ImageFont.FreeTypeFont):
                draw.text((x, y + SIZE), part, fill=fill, font=font, anchor="ls")
            else:
                draw.text((x, y), part, fill=fill, font=font)
            x += font.getlength(part)

    def _runs(self, text: str) -> Iterator[tuple[Font, str]]:
        whole = self._font("".join(letter for letter in text if unicodedata.category(letter) not in INVISIBLE))
        if whole is not None:
            yield whole, text
            return
        font, run = self._default, ""
        for letter in text:
            own: Font | None = font
            shown = letter
            if unicodedata.category(letter) not in INVISIBLE:
                own = self._font(letter)
            if own is None:  # no font of this system has it
                own, shown = self._default, "?"
            if own is not font and run:
                yield font, run
                run = ""
            font = own
            run += shown
        yield font, run

    def _font(self, letters: str) -> Font | None:
        """The first font that has all of these letters."""
        if letters not in self._of:
            fonts = (self._default, *self._system) if max(letters, default="") > "~" else (self._default,)
            found = (font for font in fonts if all(_has(font, letter) for letter in letters))
            self._of[letters] = next(found, None)
        return self._of[letters]

    @cached_property
    def _system(self) -> list[Font]:
        return [font for font in map(_opened, islice(_files(), MAX_FONTS)) if font]


@cache
def fonts() -> Fonts:
    """The fonts, found once per process."""
    return Fonts()


def _opened(path: Path) -> Font | None:
    try:
        return ImageFont.truetype(str(path), SIZE)
    except OSError:  # damaged, or bitmaps of other sizes
        return None


def _has(font: Font, letter: str) -> bool:
    """Whether a font has a letter: what it lacks it draws like any code that is not a character."""
    if not isinstance(font, ImageFont.FreeTypeFont):
        return letter <= "~"
    return _drawn(font, letter) != _drawn(font, "\uffff")


@cache
def _drawn(font: ImageFont.FreeTypeFont, letter: str) -> bytes:
    image = Image.new("L", (3 * SIZE, 3 * SIZE))
    ImageDraw.Draw(image).text((SIZE, 2 * SIZE), letter, fill=255, font=font, anchor="ls")
    return image.tobytes()


def _files() -> Iterator[Path]:
    """Font files of the system, broad ones first, in the same order every time."""
    found = [
        Path(folder) / name
        for top in _folders()
        for folder, _, names in os.walk(top)
        for name in names
        if name.lower().endswith((".ttf", ".otf", ".ttc"))
    ]
    rank = {stem: place for place, stem in enumerate(BROAD)}

    def order(path: Path) -> tuple[int, int, str]:
        name = path.stem.lower()
        place = min((place for stem, place in rank.items() if name.startswith(stem)), default=len(rank))
        return place, len(name), str(path)  # the plain face of a family has the shortest name

    yield from sorted(found, key=order)


def _folders() -> list[Path]:
    home = Path.home()
    if sys.platform == "win32":
        return [Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts", home / "AppData/Local/Microsoft/Windows/Fonts"]
    if sys.platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts"]
    shared = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    return [*(Path(folder) / "fonts" for folder in shared.split(":")), home / ".local/share/fonts", home / ".fonts"]
