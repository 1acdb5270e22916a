"""The commands. They only translate between the terminal and the API."""

from __future__ import annotations

import re
import sys
import time
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

import framehaul
from framehaul import _core, errors, exporter, registry
from framehaul.cli import show
from framehaul.cli.stop import Stop
from framehaul.cli.verify import verify
from framehaul.report import indented

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

# Rich takes longer to import than most exports take; it is loaded only when there is a bar or a page to draw.
app = typer.Typer(
    name="framehaul",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="A CVAT backup (.zip), a folder with the server's JSON answers, a saved dataset, or `sample` (built in).",
    ),
]
Media = Annotated[Path | None, typer.Option(metavar="DIR", help="Where the pictures are, for a source that has none.")]
MaxRatio = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="How many times larger than packed a member of a backup may be.")
]
MaxPixels = Annotated[int | None, typer.Option(min=1, metavar="N", help="How many pixels an image may have.")]
MaxFrames = Annotated[int | None, typer.Option(min=1, metavar="N", help="How many frames a source may have.")]
Task = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME|NUMBER", help="Only this task, as `framehaul inspect` shows it; may be repeated."),
]
Job = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TASK/JOB|ID",
        help="Only this job, as `framehaul inspect` shows it, such as night/2; may be repeated.",
    ),
]
MaxTotal = Annotated[str | None, typer.Option(metavar="SIZE", help="How much a backup may unpack to, such as 20G.")]


@app.callback(invoke_without_command=True)
def about(*, version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False) -> None:
    """Turns CVAT annotation projects into training data."""
    if version:
        print(f"framehaul {framehaul.__version__}")
        raise typer.Exit


@app.command()
def export(
    source: Source,
    formats: Annotated[
        list[str],
        typer.Option(
            "--format",
            "-f",
            metavar="FORMAT",
            help="Name or slug of a format, or several separated by commas; may be repeated.",
        ),
    ],
    out: Annotated[
        str,
        typer.Option(
            "--out",
            "-o",
            metavar="OUT",
            help="The archive to write (.zip), a folder (exists, or ends in /), or - for standard output. With several"
            " formats a folder that receives FORMAT.zip for each.",
        ),
    ],
    *,
    save_images: Annotated[bool, typer.Option("--save-images", help="Write the pictures too.")] = False,
    image_format: Annotated[
        Literal["png", "jpeg", "webp", "source"],
        typer.Option(help="What frames of videos are encoded as; source: the videos themselves, and frames.csv."),
    ] = "png",
    quality: Annotated[int, typer.Option(min=1, max=100, metavar="N", help="Of JPEG and WebP, 1 to 100.")] = 90,
    media: Media = None,
    on_error: Annotated[
        Literal["stop", "skip"],
        typer.Option(
            help="What to do about an image that is missing, or a shape whose coordinates are not those of its kind."
        ),
    ] = "stop",
    provenance: Annotated[
        bool, typer.Option("--provenance", help="Write where each picture comes from: provenance.jsonl.")
    ] = False,
    name_template: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="What frames are called, such as {task}/{stem}; also task_id, project, job, subset, ext, frame.",
        ),
    ] = None,
    task: Task = None,
    job: Job = None,
    threads: Annotated[int | None, typer.Option(min=1, metavar="N", help="Default: one per core.")] = None,
    compression: Annotated[Literal["none", "fast", "best"], typer.Option(help="Of the archive.")] = "fast",
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Replace a ZIP archive, or a folder that holds only what framehaul wrote."),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Write what was written, converted and dropped.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Make dropped annotations an error.")] = False,
    profile: Annotated[
        Literal["cvat", "training"],
        typer.Option(help="Write what CVAT writes, or what the format's own tools load where the two differ."),
    ] = "cvat",
    dumped: Annotated[
        Literal["source", "now"],
        typer.Option(
            help="The <dumped> of CVAT XML: when the source was last changed (or SOURCE_DATE_EPOCH), or the time now."
        ),
    ] = "source",
    frames: Annotated[
        str,
        typer.Option(
            metavar="WHICH",
            help="all, annotated (show something, carry a tag or are negatives), keyframes (somebody placed something"
            " there) or every:N.",
        ),
    ] = "all",
    labels: Annotated[
        list[str] | None, typer.Option(metavar="A,B", help="Only annotations of these labels; may be repeated.")
    ] = None,
    subset: Annotated[
        list[str] | None, typer.Option(metavar="A,B", help="Only tasks of these subsets; may be repeated.")
    ] = None,
    negatives: Annotated[
        str | None,
        typer.Option(
            metavar="keep|drop|SHARE",
            help="What becomes of frames of completed jobs that show nothing, such as 0.1 to keep a tenth."
            " Default: keep, with --frames keyframes drop.",
        ),
    ] = None,
    max_ratio: MaxRatio = None,
    max_total: MaxTotal = None,
    max_pixels: MaxPixels = None,
    max_frames: MaxFrames = None,
) -> None:
    """Export SOURCE in one or more formats."""
    started = time.monotonic()
    names = _names(formats)
    wanted = names[0] if len(names) == 1 else names
    # Before a large source is read.
    target = _standard_output() if out == "-" else out
    infos = exporter.check(wanted, target)
    exporter.check_apart(source, exporter.outputs(infos, wanted, target), media=media, report=report)
    if report is not None:
        _core.check_file(report, "report", overwrite)
    dataset = framehaul.open(
        source, max_ratio=max_ratio, max_total=_size(max_total), max_pixels=max_pixels, max_frames=max_frames
    )
    options: exporter.Options = {
        "tasks": task or (),
        "jobs": job or (),
        "threads": threads,
        "compression": compression,
        "overwrite": overwrite,
        "strict": strict,
        "profile": profile,
        "dumped": dumped,
        "save_images": save_images,
        "image_format": image_format,
        "quality": quality,
        "media": media,
        "on_error": on_error,
        "name_template": name_template,
        "provenance": provenance,
        "frames": frames,
        "labels": _names(labels),
        "subset": _names(subset),
        "negatives": negatives,
    }
    stop = Stop()
    with show.progress(wanted=not quiet) as draw:

        def progress(now: framehaul.Progress) -> None:
            stop.check()
            if draw:
                draw(now)

        options["progress"] = progress
        reports, refused, failed = _outcome(lambda: framehaul.export(dataset, wanted, target, **options))
    shown = [*reports, *refused]
    if report is not None and shown:
        # One format's report stands alone, several are a list.
        content = [each.to_dict() for each in shown]
        written = indented(content[0] if isinstance(wanted, str) else content)
        _core.write_file(report, "report", overwrite, written)
    if not quiet:
        # Standard output belongs to the archive where that goes there.
        with redirect_stdout(sys.stderr) if out == "-" else nullcontext():
            for each in shown:
                show.report(each)
            if reports:
                show.written(out, reports, time.monotonic() - started)
    if failed:
        raise failed


def _standard_output() -> BinaryIO:
    if sys.stdout.isatty():
        text = "standard output is a terminal; send it to a file or a program, as in `-o - | ssh host tee out.zip`"
        raise errors.UsageError(text, code="bad-option")
    return sys.stdout.buffer


@app.command()
def formats(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Name or slug of a format.")] = None,
) -> None:
    """List the formats, or show the page of one."""
    if name is None:
        show.formats(framehaul.formats())
    else:
        show.page(registry.find(name).page)


@app.command()
def inspect(
    source: Source,
    *,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    max_ratio: MaxRatio = None,
    max_total: MaxTotal = None,
    max_pixels: MaxPixels = None,
    max_frames: MaxFrames = None,
) -> None:
    """Show what SOURCE holds: tasks, jobs, labels, counts."""
    found = framehaul.open(
        source, max_ratio=max_ratio, max_total=_size(max_total), max_pixels=max_pixels, max_frames=max_frames
    ).inspect()
    if json:
        sys.stdout.buffer.write(indented(found))
    else:
        show.inspection(found)


app.command()(verify)


@app.command()
def preview(
    source: Source,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="OUT", help="A picture (.png), or a page about all of it (.html).")
    ],
    *,
    frame: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Number of the frame in the task. Default: the busiest.")
    ] = None,
    sheet: Annotated[
        bool, typer.Option("--sheet", help="A contact sheet: the first frame, the busiest, and some others.")
    ] = False,
    task: Task = None,
    job: Job = None,
    media: Media = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
    max_ratio: MaxRatio = None,
    max_total: MaxTotal = None,
    max_pixels: MaxPixels = None,
    max_frames: MaxFrames = None,
) -> None:
    """Draw a frame of SOURCE with its annotations, a contact sheet, or a page (needs Pillow)."""
    from framehaul import preview as previews

    if frame is not None and (sheet or out.suffix == ".html"):
        text = "--frame chooses the frame of a picture; a contact sheet and a page choose their own"
        raise errors.UsageError(text, code="bad-option")
    dataset = framehaul.open(
        source, max_ratio=max_ratio, max_total=_size(max_total), max_pixels=max_pixels, max_frames=max_frames
    )
    previews.save(
        dataset, out, frame, as_sheet=sheet, task=task or None, jobs=job or (), media=media, overwrite=overwrite
    )


def _outcome(
    export: Callable[[], framehaul.Report | dict[str, framehaul.Report]],
) -> tuple[list[framehaul.Report], list[framehaul.Report], errors.Error | None]:
    """The reports of what was written and of what `--strict` refuses to write, and what went wrong."""
    failed: errors.Error | None = None
    stopped: list[errors.Error] = []
    try:
        made = export()
        reports = [made] if isinstance(made, framehaul.Report) else list(made.values())
    except errors.PartialExportError as some:
        failed, reports, stopped = some, list(some.reports.values()), list(some.errors.values())
    except errors.DroppedError as dropped:
        failed, reports, stopped = dropped, [], [dropped]
    refused = [each.report for each in stopped if isinstance(each, errors.DroppedError) and each.report]
    return reports, refused, failed


def _names(lists: list[str] | None) -> list[str]:
    """The names in lists that are separated by commas."""
    return [name.strip() for names in lists or () for name in names.split(",")]


def _size(text: str | None) -> int | None:
    """Bytes in a size such as 20G; the letters count in powers of 1024."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d+)([KMGT]?)(?:i?B)?", text.strip(), re.IGNORECASE | re.ASCII)
    if found is None:
        raise errors.UsageError(f'"{text}" is no size; write 500M or 20G', code="bad-option")
    return int(found[1]) << 10 * " KMGT".index(found[2].upper() or " ")
