"""Run lengths: decoded and measured, without a frame of pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Runs = NDArray[np.int64]

Box = tuple[float, float, float, float]


def column_runs(found: dict[str, Any], width: int, height: int) -> Runs | str:
    """The run lengths of a COCO mask, column by column; or what is wrong with them.

    Args:
        found: The object with `size` and `counts`, as a list or as text in COCO's compressed form.
        width: Of the image, which the mask must fill; 0 if nothing is stated.
        height: Likewise.
    """
    size, counts = found.get("size"), found.get("counts")
    if type(size) is not list or len(size) != 2 or not all(type(side) is int and 0 <= side < 1 << 31 for side in size):
        return "size is not two whole numbers"
    if (width or height) and size != [height, width]:
        return f"the mask is {size[1]} x {size[0]}, the image {width} x {height}"
    if type(counts) is str:
        unpacked = unpack(counts)
        if unpacked is None:
            return "counts are not run lengths in COCO's compressed form"
        runs = unpacked
    elif type(counts) is list and all(type(count) is int and 0 <= count < 1 << 62 for count in counts):
        runs = np.array(counts, np.int64)
    else:
        return "counts are not a list of whole numbers from 0"
    return fill(runs, size[0] * size[1])


def fill(runs: Runs, pixels: int) -> Runs | str:
    """The runs if they fill so many pixels, or what is wrong with them."""
    if (runs < 0).any() or (runs > pixels).any() or int(runs.sum()) != pixels:
        return f"the run lengths do not fill {pixels:,} pixels"
    return runs


def unpack(text: str) -> Runs | None:
    """Run lengths from COCO's compressed form: base 32 with a continuation bit, differences from the last but one."""
    data = text.encode(errors="replace")
    runs: list[int] = []
    value = shift = 0
    for byte in data:
        low = byte - 48
        if not 0 <= low < 64 or shift > 60:
            return None
        value |= (low & 31) << shift
        shift += 5
        if not low & 32:
            if low & 16:
                value -= 1 << shift
            runs.append(value + runs[-2] if len(runs) > 2 else value)
            if not -(1 << 62) < runs[-1] < 1 << 62:
                return None
            value = shift = 0
    return None if shift else np.array(runs, np.int64)


def measure(runs: Runs, side: int) -> tuple[int, Box]:
    """Pixels of a mask, and the box around them: left, top, right and bottom, the last two behind the last pixel.

    Args:
        runs: Lengths that alternate between clear and set, beginning with clear.
        side: Pixels of a column, along which the runs go.
    """
    ends = np.cumsum(runs)
    starts, ends = (ends - runs)[1::2], ends[1::2]
    some = ends > starts
    starts, ends = starts[some], ends[some]
    if not len(starts) or not side:
        return 0, (0.0, 0.0, 0.0, 0.0)
    first, last = starts // side, (ends - 1) // side
    top, bottom = starts % side, (ends - 1) % side
    crossing = bool((first != last).any())
    upper = 0 if crossing else int(top.min())
    lower = side - 1 if crossing else int(bottom.max())
    return int((ends - starts).sum()), (float(first.min()), float(upper), float(last.max() + 1), float(lower + 1))


def transpose(box: Box) -> Box:
    """The box of a mask whose runs go along rows instead of columns."""
    return (box[1], box[0], box[3], box[2])
