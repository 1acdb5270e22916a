"""Looking at a dataset: frames with their annotations drawn on, contact sheets, and a page about all of it.

    import framehaul
    from framehaul import preview

    dataset = framehaul.open("task.zip")
    preview.draw(dataset, 120).save("frame.png")

Needs Pillow, and for the frames of videos PyAV: `pip install 'framehaul[images]'`. Where a source has no pictures, the
annotations are drawn on grey.
"""

from __future__ import annotations

import io
import random
from pathlib import Path
from typing import TYPE_CHECKING

from framehaul import _core
from framehaul.errors import OutputExistsError, UnsupportedError, UsageError, from_core

if TYPE_CHECKING:
    import os

    from PIL.Image import Image

    from framehaul.dataset import Dataset

__all__ = ["draw", "page", "save", "sheet"]

TILES = 12
"""Frames on a contact sheet."""


def draw(
    dataset: Dataset, frame: int | None = None, *, task: int = 0, media: str | os.PathLike[str] | None = None
) -> Image:
    """Draws a frame with its annotations.

    Args:
        dataset: Where the frame is.
        frame: Its number, relative to the task; by default the one that shows most.
        task: Place of the task, from 0.
        media: The folder (or archive) with the pictures, for a source that has none.
    """
    _require_pillow()
    if frame is None:
        frame = _busiest(_counts(dataset, task))
    return _drawn(dataset, task, [frame], media)[0]


def sheet(dataset: Dataset, *, task: int = 0, media: str | os.PathLike[str] | None = None) -> Image:
    """Draws a contact sheet: the first frame, the one that shows most, and others at random, always the same."""
    _require_pillow()
    from framehaul.preview.pages import TILE, contact_sheet

    counts = _counts(dataset, task)
    chosen = [counts["frames"][0], _busiest(counts)]
    annotated = [frame for frame, count in zip(counts["frames"], counts["annotations"], strict=True) if count]
    others = sorted(set(annotated or counts["frames"]) - set(chosen))
    some = random.Random(0).sample(others, min(TILES - 2, len(others)))  # noqa: S311 - the same frames every time
    frames = [*dict.fromkeys(chosen), *sorted(some)]
    return contact_sheet(_drawn(dataset, task, frames, media, TILE))


def page(dataset: Dataset, *, task: int = 0, media: str | os.PathLike[str] | None = None) -> str:
    """Writes one HTML file that needs no other: the counts of labels, annotations over time, and a contact sheet."""
    _require_pillow()
    from framehaul.preview.pages import html

    counts = _counts(dataset, task)
    return html(dataset.inspect(), task, counts, sheet(dataset, task=task, media=media))


def save(
    dataset: Dataset,
    out: str | os.PathLike[str],
    frame: int | None = None,
    *,
    as_sheet: bool = False,
    task: int = 0,
    media: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
) -> None:
    """Writes what `draw` (with `as_sheet` what `sheet`) draws to a `.png`, or the `page` to a `.html`.

    Raises:
        Error: With the code `output-exists` if the file is there and `overwrite` is not set.
    """
    path = Path(out)
    if path.suffix not in (".png", ".html"):
        raise UsageError(f'"{path}" is neither a picture (ends in .png) nor a page (ends in .html)', code="bad-option")
    if path.exists() and not overwrite:
        raise OutputExistsError(f'"{path}" exists; choose another name or allow overwriting', code="output-exists")
    if path.suffix == ".html":
        content = page(dataset, task=task, media=media).encode()
    else:
        picture = sheet(dataset, task=task, media=media) if as_sheet else draw(dataset, frame, task=task, media=media)
        buffer = io.BytesIO()
        picture.save(buffer, "png")
        content = buffer.getvalue()
    whole = path.with_name(f".{path.name}.part")
    try:
        whole.write_bytes(content)
        whole.replace(path)
    except OSError as error:
        whole.unlink(missing_ok=True)
        raise from_core("not-writable", f'"{path}" cannot be written: {error.strerror}') from error


def _require_pillow() -> None:
    try:
        import PIL.Image  # noqa: F401 - the rest of the package imports it at the top
    except ImportError as error:
        text = "previews need Pillow, which is not installed; pip install 'framehaul[images]'"
        raise UnsupportedError(text, code="missing-package") from error


def _counts(dataset: Dataset, task: int) -> dict[str, list]:  # type: ignore[type-arg]
    counts = _core.frame_counts(dataset._core, task)  # noqa: SLF001 - the halves of one package
    if not counts["frames"]:
        raise UnsupportedError("all frames of the task are deleted; there is nothing to see", code="unsupported")
    return counts


def _busiest(counts: dict[str, list]) -> int:  # type: ignore[type-arg]
    most = max(counts["annotations"])
    return int(counts["frames"][counts["annotations"].index(most)])


def _drawn(
    dataset: Dataset,
    task: int,
    frames: list[int],
    media: str | os.PathLike[str] | None,
    room: tuple[int, int] | None = None,
) -> list[Image]:
    from framehaul.preview.backdrop import Backdrop
    from framehaul.preview.drawing import Palette

    shown = dataset.frames(task, frames)  # also says whether the task is there
    found = dataset.inspect()
    if found["tasks"][task]["dimension"] == "3d":
        raise UnsupportedError("point clouds cannot be drawn", code="unsupported")
    palette = Palette(found["labels"])
    with Backdrop(dataset, task, None if media is None else Path(media)) as backdrop:
        # Videos are read forward.
        drawn = {each.frame: palette.draw(each, *backdrop.of(each), room) for each in sorted(shown)}
    return [drawn[frame] for frame in frames]
