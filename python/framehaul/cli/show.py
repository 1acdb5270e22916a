"""What the commands print. Plain text wherever the output is no terminal, or NO_COLOR asks for it."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from framehaul._core import shown
from framehaul.report import MAX_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TextIO

    import framehaul


def report(made: framehaul.Report) -> None:
    """Prints a report."""
    print(made.text(colour=_colours(sys.stdout)))


def written(out: str, reports: Sequence[framehaul.Report], seconds: float) -> None:
    """Prints where the output is, how large it is and how long it took."""
    files = sum(report.members for report in reports)
    size = _size(sum(report.size for report in reports))
    archives = f"{len(reports)} archives, " if len(reports) > 1 else ""
    print(
        f"wrote {shown(out, 1000)} ({archives}{size}, {files:,} {'file' if files == 1 else 'files'}, {seconds:.2f} s)"
    )


def formats(infos: Sequence[framehaul.FormatInfo]) -> None:
    """Prints the list of formats."""
    _columns([("FORMAT", "SLUG", "KEEPS"), *((info.name, info.slug, info.summary) for info in infos)])


def page(markdown: str) -> None:
    """Prints a format's page: drawn on a terminal, the Markdown itself elsewhere."""
    if _colours(sys.stdout):
        from rich.console import Console
        from rich.markdown import Markdown

        Console().print(Markdown(markdown))
    else:
        print(markdown.rstrip("\n"))


def inspection(found: framehaul.Inspection) -> None:
    """Prints what a dataset holds."""
    if found["project"] is not None:
        print(f"project {_name(found['project'])}")
    for task in found["tasks"]:
        subset = f", subset {_name(task['subset'])}" if task["subset"] else ""
        deleted = f", {task['deleted_frames']:,} of them deleted" if task["deleted_frames"] else ""
        kind = f"{task['media']}, {task['dimension']}{subset}"
        print(f"task {task['number']} {_name(task['name'])}: {task['frames']:,} frames{deleted} ({kind})")
        for job in task["jobs"]:
            print(f"  job {job['name']}: frames {job['start_frame']} to {job['stop_frame']}, {job['type']}")
    print()
    rows: list[tuple[str, ...]] = [("LABEL", "KIND", "SHAPES", "TRACKS", "KEYFRAMES")]
    for count in found["counts"]:
        numbers = (count["shapes"], count["tracks"], count["keyframes"])
        rows.append((_name(count["label"]), count["kind"], *(f"{number:,}" for number in numbers)))
    _columns(rows)
    for note in found["notes"]:
        print(f"note: {note['message']} ({note['times']:,} times, first at {note['place']})")


@contextmanager
def progress(*, wanted: bool) -> Iterator[Callable[[framehaul.Progress], None] | None]:
    """A progress bar on standard error, if that is a terminal; None elsewhere."""
    if not (wanted and sys.stderr.isatty()):
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    text = TextColumn("{task.fields[done]}")
    with Progress(BarColumn(), text, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, done="")
        started = time.monotonic()
        before = 0

        def update(now: framehaul.Progress) -> None:
            nonlocal started, before
            if now.chunks < before:  # the next of several formats
                bar.reset(task)
                started = time.monotonic()
            before = now.chunks
            speed = now.bytes / 1e6 / max(time.monotonic() - started, 1e-3)
            done = f"{now.frames:,} frames  {now.annotations:,} annotations  {speed:.0f} MB/s"
            bar.update(task, total=now.total_chunks, completed=now.chunks, done=done)

        yield update


def _colours(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR")


def _name(name: str) -> str:
    """A name of the source, fit for a terminal."""
    return shown(name, MAX_NAME)


def _size(count: int) -> str:
    """A number of bytes in the largest unit that fits."""
    size = float(count)
    for unit in ("bytes", "KB", "MB", "GB"):
        if size < 1000:  # noqa: PLR2004 - the units count by thousands
            return f"{count} bytes" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def _columns(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
