"""Contact sheets and the HTML page."""

from __future__ import annotations

import base64
import io
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

from PIL import Image

from framehaul.preview.drawing import colour_of, readable_on

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from framehaul.dataset import Inspection
    from framehaul.preview.drawing import Colour, Drawing, Word

COLUMNS, TILE, GAP = 3, (420, 340), 6
BAR_HEIGHT = 80

# The page shows what it carries and loads nothing, whatever a name or a colour in the source holds.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
STYLE = """
body { font: 15px system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem; color: #222 }
td, th { padding: .15rem .8rem .15rem 0; text-align: left } td:last-child, th:last-child { text-align: right }
i { display: inline-block; width: .8em; height: .8em; border: 1px solid #0004 }
svg { width: 100%; height: 6rem; background: #f2f2f2 }
main { display: flex; flex-wrap: wrap; gap: 6px; align-items: flex-start }
figure { margin: 0; max-width: 100% } figure div { position: relative; overflow: hidden }
img { display: block; max-width: 100% } figcaption { font-size: 12px; overflow-wrap: anywhere }
span { position: absolute; padding: 0 2px; font-size: 10px; line-height: 12px; white-space: nowrap }
"""


class Section(NamedTuple):
    """What a page says about a task."""

    name: str
    counts: Mapping[str, Any] | None
    """None if it has nothing to show."""
    drawings: Sequence[Drawing]
    note: str = ""
    """Why it has nothing to show."""


def contact_sheet(drawings: Sequence[Drawing]) -> Image.Image:
    """The drawings, none larger than a tile, side by side."""
    tiles = [drawing.written() for drawing in drawings]
    columns = min(COLUMNS, len(tiles))
    rows = [tiles[start : start + columns] for start in range(0, len(tiles), columns)]
    height = sum(max(tile.height for tile in row) + GAP for row in rows) - GAP
    sheet = Image.new("RGB", (columns * (TILE[0] + GAP) - GAP, height), "white")
    y = 0
    for row in rows:
        for column, tile in enumerate(row):
            sheet.paste(tile, (column * (TILE[0] + GAP), y))
        y += max(tile.height for tile in row) + GAP
    return sheet


def html(found: Inspection, sections: Sequence[Section]) -> str:
    """The page about a task, or about all tasks of a project."""
    title = escape(sections[0].name if len(sections) == 1 else found["project"] or "")
    colours = {label["name"]: colour_of(label["color"]) for label in found["labels"]}
    body = "".join(
        (f"<h1>{escape(section.name)}</h1>\n" if len(sections) > 1 else "") + _section(section, colours)
        for section in sections
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{title}</title><style>{STYLE}</style></head>\n"
        f"<body><h1>{title}</h1>\n{body}</body></html>\n"
    )


def _section(section: Section, colours: Mapping[str, Colour]) -> str:
    counts = section.counts
    if counts is None:
        return f"<p>{escape(section.note)}</p>\n"
    rows = "".join(
        f'<tr><td><i style="background:{_css(colours[label])}"></i> {escape(label)}</td><td>{count:,}</td></tr>\n'
        for label, count in counts["labels"]
    )
    figures = "".join(map(_figure, section.drawings))
    return (
        f"<p>{counts['frames']:,} frames, {counts['empty']:,} of them without annotations;"
        f" {counts['annotations']:,} annotations, those of tracks once per frame.</p>\n"
        f"<h2>Labels</h2>\n<table><tr><th>label</th><th>annotations</th></tr>\n{rows}</table>\n"
        f"<h2>Annotations per frame, up to {max(bar['most'] for bar in counts['bars'])}</h2>\n"
        f"{_timeline(counts['bars'])}\n<h2>Frames</h2>\n<main>{figures}</main>\n"
    )


def _figure(drawing: Drawing) -> str:
    """An image with its words over it: the browser has fonts for every script."""
    words = "".join(_span(word, drawing.image.size) for word in drawing.words)
    return (
        f'<figure style="width:{drawing.image.width}px"><div>'
        f'<img alt="" src="data:image/png;base64,{_base64(drawing.image)}">{words}</div>'
        f"<figcaption>{escape(drawing.caption)}</figcaption></figure>\n"
    )


def _span(word: Word, size: tuple[int, int]) -> str:
    left, top = 100 * word.room[0] / size[0], 100 * word.room[1] / size[1]
    return (
        f'<span style="left:{left:.2f}%;top:{top:.2f}%;background:{_css(word.colour)};'
        f'color:{_css(readable_on(word.colour))}">{escape(word.text)}</span>'
    )


def _css(colour: Colour) -> str:
    return f"#{bytes(colour).hex()}"


def _timeline(bars: Sequence[Mapping[str, int]]) -> str:
    """Bars of the greatest number of annotations in each part of the task; pointing at one says which."""
    most = max(bar["most"] for bar in bars) or 1
    drawn = []
    for place, bar in enumerate(bars):
        height = BAR_HEIGHT * bar["most"] / most
        is_one = bar["first"] == bar["last"]
        which = f"frame {bar['first']}: " if is_one else f"frames {bar['first']} to {bar['last']}: up to "
        drawn.append(
            f'<rect x="{place}" y="{BAR_HEIGHT - height:.1f}" width="0.9" height="{height:.1f}" fill="#2080c0">'
            f"<title>{which}{bar['most']}</title></rect>"
        )
    return f'<svg viewBox="0 0 {len(bars)} {BAR_HEIGHT}" preserveAspectRatio="none">{"".join(drawn)}</svg>'


def _base64(image: Image.Image) -> str:
    out = io.BytesIO()
    image.save(out, "png")
    return base64.b64encode(out.getvalue()).decode()
