"""Looking at a dataset: frames with their annotations drawn on, contact sheets, and a page about all of it.

    import framehaul
    from framehaul import preview

    dataset = framehaul.open("task.zip")
    preview.draw(dataset, 120).save("frame.png")

Needs Pillow, and for the frames of videos PyAV: `pip install 'framehaul[images]'`. Where a source has no images, the
annotations are drawn on grey. Names are written in the fonts of this system, and letters that none of them has become
`?`; on a page the browser writes them.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from framehaul import _core
from framehaul.errors import SourceError, UnsupportedError, UsageError
from framehaul.frame import frames as read_frames

if TYPE_CHECKING:
    import os
    from typing import Any, Literal

    from PIL.Image import Image

    from framehaul.dataset import Dataset
    from framehaul.exporter import Names
    from framehaul.frame import Frame
    from framehaul.preview.drawing import Drawing
    from framehaul.preview.pages import Section

__all__ = ["draw", "page", "save", "sheet"]

TILES = 12
"""Frames on a contact sheet."""
PAGE_TILES = 48
"""Frames on the page of a project, at least one for each task."""
BARS = 400
"""Parts of a task whose annotations are counted apart."""


def draw(
    dataset: Dataset,
    frame: int | None = None,
    *,
    task: Names | None = None,
    jobs: Names = (),
    media: str | os.PathLike[str] | None = None,
) -> Image:
    """Draws a frame with its annotations.

    Args:
        dataset: Where the frame is.
        frame: Its number, relative to the task; by default the one that shows most.
        task: Number or name of the task, as in `framehaul.export`; by default the first.
        jobs: Only these jobs of a task, as in `framehaul.export`.
        media: The folder (or archive) with the images, for a source that has none.

    Raises:
        Error: With the code `too-large` for an image of more than 89 million pixels.
    """
    _require_pillow()
    of = _only(dataset, task, jobs)
    if frame is None:
        frame = _busiest(_counts(of))
    return _drawn(of, [frame], media)[0].written()


def sheet(
    dataset: Dataset,
    *,
    task: Names | None = None,
    jobs: Names = (),
    media: str | os.PathLike[str] | None = None,
) -> Image:
    """Draws a contact sheet: the first frame, the one that shows most, and others from all parts of the task."""
    _require_pillow()
    from framehaul.preview.pages import TILE, contact_sheet

    of = _only(dataset, task, jobs)
    return contact_sheet(_drawn(of, _chosen(_counts(of), TILES), media, TILE))


def page(
    dataset: Dataset,
    *,
    task: Names | None = None,
    jobs: Names = (),
    media: str | os.PathLike[str] | None = None,
) -> str:
    """Writes one HTML file that needs no other: the counts of labels, annotations over time, and some frames.

    Args:
        dataset: What the page is about.
        task: Numbers or names of tasks, as in `framehaul.export`; by default all tasks.
        jobs: Only these jobs, as in `framehaul.export`.
        media: The folder (or archive) with the images, for a source that has none.
    """
    _require_pillow()
    from framehaul.preview.pages import html

    shown = _subjects(dataset, task, jobs)
    tiles = max(1, min(TILES, PAGE_TILES // max(1, len(shown))))
    sections = [_section(each, tiles, media, may_fail=len(shown) == 1) for each in shown]
    return html(dataset.inspect(), sections)


def save(
    dataset: Dataset,
    out: str | os.PathLike[str],
    frame: int | None = None,
    *,
    as_sheet: bool = False,
    task: Names | None = None,
    jobs: Names = (),
    media: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
) -> None:
    """Writes what `draw` (with `as_sheet` what `sheet`) draws to a `.png`, or the `page` to a `.html`.

    Without `task` and `jobs`, an image is of the first task, and a page of all.

    Raises:
        Error: With the code `output-exists` if the file is there and `overwrite` is not set.
    """
    path = Path(out)
    if path.suffix not in (".png", ".html"):
        raise UsageError(f'"{path}" is neither an image (ends in .png) nor a page (ends in .html)', code="bad-option")
    kind: Literal["png", "html"] = "png" if path.suffix == ".png" else "html"
    inputs = [*dataset._core.inputs(), *([("media folder", Path(media))] if media else [])]  # noqa: SLF001
    _core.check_apart(inputs, [("preview", path)])
    _core.check_file(path, kind, overwrite)
    if kind == "html":
        content = page(dataset, task=task, jobs=jobs, media=media).encode()
    else:
        if as_sheet:
            image = sheet(dataset, task=task, jobs=jobs, media=media)
        else:
            image = draw(dataset, frame, task=task, jobs=jobs, media=media)
        buffer = io.BytesIO()
        image.save(buffer, "png")
        content = buffer.getvalue()
    _core.write_file(path, kind, overwrite, content)


def _require_pillow() -> None:
    try:
        import PIL.Image  # noqa: F401 - the rest of the package imports it at the top
    except ImportError as error:
        text = "previews need Pillow, which is not installed; pip install 'framehaul[images]'"
        raise UnsupportedError(text, code="missing-package") from error


class _Subject(NamedTuple):
    """What a preview is of: the task at a place, or some of its jobs."""

    dataset: Dataset
    place: int
    jobs: list[str]

    @property
    def core(self) -> _core.Dataset:
        return self.dataset._core  # noqa: SLF001 - the halves of one package


def _subjects(dataset: Dataset, task: Names | None, jobs: Names) -> list[_Subject]:
    """The tasks that are chosen, each with its jobs if only some are; without a choice all tasks."""
    core = dataset._core  # noqa: SLF001 - the halves of one package
    chosen: dict[int, list[str]] = {}
    for job in [jobs] if isinstance(jobs, (str, int)) else jobs:
        chosen.setdefault(core.find_job(str(job))[0], []).append(str(job))
    for name in [task] if isinstance(task, (str, int)) else task or ():
        chosen[core.find_task(str(name))] = []
    places = sorted(chosen) or range(len(dataset.inspect()["tasks"]))
    return [_Subject(dataset, place, chosen.get(place, [])) for place in places]


def _only(dataset: Dataset, task: Names | None, jobs: Names) -> _Subject:
    """The task of an image: the one that is chosen, or the first."""
    subjects = _subjects(dataset, task, jobs)
    if len(subjects) > 1 and (task is not None or jobs not in ((), [])):
        raise UsageError("an image shows one task, and several are chosen; a page shows all", code="bad-option")
    return subjects[0]


def _counts(of: _Subject) -> dict[str, Any]:
    counts = _core.frame_counts(of.core, of.place, BARS, of.jobs)
    if not counts["frames"]:
        raise UnsupportedError("all frames of the task are deleted; there is nothing to see", code="unsupported")
    return counts


def _busiest(counts: dict[str, Any]) -> int:
    return int(max(counts["bars"], key=lambda bar: bar["most"])["busiest"])


def _chosen(counts: dict[str, Any], tiles: int) -> list[int]:
    """The frames to show: the same ones every time."""
    bars = counts["bars"]
    chosen = list(dict.fromkeys([bars[0]["first"], _busiest(counts)]))[-tiles:]
    annotated = [bar["busiest"] for bar in bars if bar["most"]] or [bar["first"] for bar in bars]
    others = sorted(set(annotated) - set(chosen))
    wanted = min(tiles - len(chosen), len(others))
    return [*chosen, *(others[place * len(others) // wanted] for place in range(wanted))]


def _section(of: _Subject, tiles: int, media: str | os.PathLike[str] | None, *, may_fail: bool) -> Section:
    """What a page says about a task. Unless it may fail, it says why there is nothing to see."""
    from framehaul.preview.pages import TILE, Section

    name = of.dataset.inspect()["tasks"][of.place]["name"]
    try:
        counts = _counts(of)
        return Section(name, counts, _drawn(of, _chosen(counts, tiles), media, TILE))
    except UnsupportedError as error:
        if may_fail:
            raise
        return Section(name, None, [], str(error))


def _drawn(
    of: _Subject,
    frames: list[int],
    media: str | os.PathLike[str] | None,
    room: tuple[int, int] | None = None,
) -> list[Drawing]:
    """The frames, drawn; with `room` also those that are too large: grey, and the caption says so."""
    from framehaul.preview.backdrop import Backdrop
    from framehaul.preview.drawing import Palette

    shown = read_frames(of.core, of.place, frames, of.jobs)
    found = of.dataset.inspect()
    if found["tasks"][of.place]["dimension"] == "3d":
        raise UnsupportedError("point clouds cannot be drawn", code="unsupported")
    palette = Palette(found["labels"])
    with Backdrop(of.dataset, of.place, None if media is None else Path(media)) as backdrop:

        def one(frame: Frame) -> Drawing:
            try:
                image, note = backdrop.of(frame)
            except SourceError as error:
                if room is None:
                    raise
                return palette.refuse(frame, f"no image ({error.code})", room)
            return palette.draw(frame, image, note, room)

        drawn = {each.frame: one(each) for each in sorted(shown)}  # videos are read forward
    return [drawn[frame] for frame in frames]
