"""Contact sheets and the HTML page."""

from __future__ import annotations

import base64
import io
from html import escape
from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Sequence

    from framehaul.dataset import Inspection

COLUMNS, TILE, GAP = 3, (420, 340), 6
BARS, BAR_HEIGHT = 400, 80

STYLE = """
body { font: 15px system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem; color: #222 }
td, th { padding: .15rem .8rem .15rem 0; text-align: left } td:last-child, th:last-child { text-align: right }
i { display: inline-block; width: .8em; height: .8em; border: 1px solid #0004 }
svg { width: 100%; height: 6rem; background: #f2f2f2 } img { max-width: 100% }
"""


def contact_sheet(pictures: Sequence[Image.Image]) -> Image.Image:
    """The pictures, none larger than a tile, side by side."""
    tiles = list(pictures)
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


def html(found: Inspection, task: int, counts: dict[str, Any], sheet: Image.Image) -> str:
    """The page about a task."""
    about = found["tasks"][task]
    colours = {label["name"]: label["color"] for label in found["labels"]}
    rows = "".join(
        f'<tr><td><i style="background:{escape(colours[label])}"></i> {escape(label)}</td><td>{count:,}</td></tr>\n'
        for label, count in counts["labels"]
    )
    empty = sum(not count for count in counts["annotations"])
    name = escape(about["name"])
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{name}</title><style>{STYLE}</style>'
        f"</head>\n<body><h1>{name}</h1>\n"
        f"<p>{len(counts['frames']):,} frames, {empty:,} of them without annotations;"
        f" {sum(counts['annotations']):,} annotations, those of tracks once per frame.</p>\n"
        f"<h2>Labels</h2>\n<table><tr><th>label</th><th>annotations</th></tr>\n{rows}</table>\n"
        f"<h2>Annotations per frame, up to {max(counts['annotations'])}</h2>\n"
        f"{_timeline(counts['frames'], counts['annotations'])}\n"
        f'<h2>Frames</h2>\n<img alt="contact sheet" src="data:image/png;base64,{_base64(sheet)}">\n</body></html>\n'
    )


def _timeline(frames: Sequence[int], annotations: Sequence[int]) -> str:
    """Bars of the greatest number of annotations in each part of the task; pointing at one tells which."""
    step = -(-len(frames) // BARS)
    most = max(annotations) or 1
    bars = []
    for bar, start in enumerate(range(0, len(frames), step)):
        part = range(start, min(start + step, len(frames)))
        top = max(annotations[at] for at in part)
        height = BAR_HEIGHT * top / most
        first, last = frames[part[0]], frames[part[-1]]
        which = f"frame {first}" if first == last else f"frames {first} to {last}"
        bars.append(
            f'<rect x="{bar}" y="{BAR_HEIGHT - height:.1f}" width="0.9" height="{height:.1f}" fill="#2080c0">'
            f"<title>{which}: {'' if first == last else 'up to '}{top}</title></rect>"
        )
    return f'<svg viewBox="0 0 {len(bars)} {BAR_HEIGHT}" preserveAspectRatio="none">{"".join(bars)}</svg>'


def _base64(picture: Image.Image) -> str:
    out = io.BytesIO()
    picture.save(out, "png")
    return base64.b64encode(out.getvalue()).decode()
