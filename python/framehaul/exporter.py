"""Exporting: one format to one place, or several formats side by side."""

from __future__ import annotations

import os
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, overload

from framehaul import _core, registry
from framehaul.dataset import Dataset, open, source_path  # noqa: A004 - reads as framehaul.open
from framehaul.errors import DroppedError, Error, PartialExportError, UnsupportedError, UsageError, from_core
from framehaul.registry import FormatInfo
from framehaul.report import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from typing import Literal, Protocol, TypedDict

    from typing_extensions import Unpack

    from framehaul.media.frames import Frames, Times

    class ByteWriter(Protocol):
        """Anything that takes bytes: a binary file, a pipe, an `io.BytesIO`, an upload."""

        def write(self, data: bytes, /) -> object:
            """Takes bytes; returns how many, or nothing for all of them."""

    Out = str | os.PathLike[str] | ByteWriter
    """Where an export goes."""
    Names = str | int | Sequence[str | int]
    """The numbers or names of one or several tasks or jobs."""
    Formats = list[str | FormatInfo] | list[str] | list[FormatInfo] | tuple[str | FormatInfo, ...]
    """Several formats."""

    class Options(TypedDict, total=False):
        """The options of `export`."""

        folder: bool
        tasks: Names
        jobs: Names
        threads: int | None
        compression: Literal["none", "fast", "best"]
        overwrite: bool
        strict: bool
        profile: Literal["cvat", "training"]
        dumped: Literal["source", "now"]
        save_images: bool
        image_format: Literal["png", "jpeg", "webp", "source"]
        quality: int
        media: str | os.PathLike[str] | None
        on_error: Literal["stop", "skip"]
        name_template: str | None
        provenance: bool
        frames: str
        labels: Sequence[str]
        subset: Sequence[str]
        negatives: str | float | None
        progress: Callable[[Progress], object] | None


class Progress(NamedTuple):
    """How far an export has come."""

    chunks: int
    """Pieces of work that are finished; all take about the same time."""
    total_chunks: int
    """Pieces of work there are."""
    frames: int
    """Frames that are finished. A format that goes by tracks is done with frames long before it is done."""
    total_frames: int
    """Frames there are."""
    annotations: int
    """Annotations that are finished, those of tracks once per frame."""
    bytes: int
    """Bytes made, before compression."""


@overload
def export(  # type: ignore[overload-overlap] # a FormatInfo is a tuple of strings, but never taken for a list of names
    source: Dataset | str | os.PathLike[str],
    format: str | FormatInfo,
    out: Out,
    **options: Unpack[Options],
) -> Report: ...
@overload
def export(
    source: Dataset | str | os.PathLike[str],
    format: Formats,
    out: Out,
    **options: Unpack[Options],
) -> dict[str, Report]: ...
def export(
    source: Dataset | str | os.PathLike[str],
    format: str | FormatInfo | Formats,  # noqa: A002 - the word a user looks for
    out: Out,
    *,
    folder: bool = False,
    tasks: Names = (),
    jobs: Names = (),
    threads: int | None = None,
    compression: Literal["none", "fast", "best"] = "fast",
    overwrite: bool = False,
    strict: bool = False,
    profile: Literal["cvat", "training"] = "cvat",
    dumped: Literal["source", "now"] = "source",
    save_images: bool = False,
    image_format: Literal["png", "jpeg", "webp", "source"] = "png",
    quality: int = 90,
    media: str | os.PathLike[str] | None = None,
    on_error: Literal["stop", "skip"] = "stop",
    name_template: str | None = None,
    provenance: bool = False,
    frames: str = "all",
    labels: Sequence[str] = (),
    subset: Sequence[str] = (),
    negatives: str | float | None = None,
    progress: Callable[[Progress], object] | None = None,
) -> Report | dict[str, Report]:
    """Exports a dataset.

    Args:
        source: A dataset, or what `framehaul.open` takes.
        format: A format's name, slug or `FormatInfo`, or several.
        out: For one format the archive to write (`.zip`), or a folder: one that exists, or a path that ends in `/`. For
            several formats a folder that receives `FORMAT.zip` for each. An object with a method `write` for bytes
            (a binary file, an `io.BytesIO`) receives the archive as it is made; it is not closed, and a failed export
            leaves in it what was written.
        folder: Whether `out` is a folder, whatever its name and whether it exists or not.
        tasks: Only these tasks, by number or name. Numbers are those that `Dataset.inspect` shows: the server's ids, or
            in a backup the places from 0. One task is exported as CVAT exports it by itself, several as a project.
        jobs: Only these jobs, by the server's id or as `"TASK/JOB"`, such as `"0/2"` or `"night/2"`; in a single task
            the number of the job is enough. With `tasks`, both are taken.
        threads: How many threads work; as many as there are cores by default. The bytes do not depend on it.
        compression: `none` stores, `fast` and `best` deflate. Pictures are always stored.
        overwrite: Whether what is there may be replaced: a ZIP archive, or a folder in which framehaul wrote every file
            (`.framehaul` in it lists them). Anything else is left alone, and is an error.
        strict: Whether annotations that the format cannot hold are an error.
        profile: `cvat` writes what CVAT's own export means, `training` what the format's own tools load where the two
            differ; the page of the format says in what.
        dumped: The time that CVAT XML gives as `<dumped>`. `source` is when the source was last changed, or what the
            environment variable `SOURCE_DATE_EPOCH` says, so that the same source gives the same bytes; `now` is the
            time of the export.
        save_images: Whether the pictures are written too: byte for byte as they are, frames of videos as the video has
            them. That needs the extra `images` for videos.
        image_format: What frames of videos are encoded as, and called after. `source` writes no pictures of them, but
            each video once as it is, `videos/TASK/FILE`, and `frames.csv`: name of the frame, task, video, number of
            the frame in it, and time in seconds. Names are those of `png`.
        quality: Of JPEG and WebP, from 1 to 100.
        media: The folder (or archive) with the pictures, for a source that has none. A task's pictures lie in it under
            their own names, in a folder of the task's name, or in `data`.
        on_error: Whether an image that is missing, or is not the image it should be, stops the export or is left out,
            and so a shape whose coordinates are not those of its kind, such as a polygon of two points. The report
            lists both (`report.left_out`). The frame of an image that is left out stays in the texts, with all
            annotations. CVAT XML only repeats coordinates: it has such shapes as they are.
        name_template: What frames are called, in every format: `"{task}/{stem}"`. The fields are `{task}`, `{task_id}`,
            `{project}`, `{job}` (as `job` knows it; of overlapping jobs the first), `{subset}`, `{stem}` (the name
            without extension, with its folders), `{ext}` (without its dot; added at the end if it is not named) and
            `{frame}` (absolute, six digits). Two frames of one name are an error.
        provenance: Whether `provenance.jsonl` is written too: for each picture its name in the output, and the project,
            task, job, file, frame and time that it comes from, its size and CRC-32.
        frames: `annotated` takes the frames that show something or carry a tag, and negatives; `keyframes` those on
            which somebody placed a track's shape, a single shape or a tag; `every:N` each N-th, counted from the task's
            first. Frames keep their names, and tracks are interpolated as ever; formats that number the pictures number
            those taken.
        labels: Only annotations of these labels; a skeleton's elements go with it. The list of labels in the output and
            the ids of tracks stay what they are.
        subset: Only the tasks of these subsets; tasks without one belong to `default`.
        negatives: What becomes of the frames of completed jobs that show nothing: `keep`, `drop`, or the share to keep,
            such as 0.1. The same frame has the same fate in every export. By default they are kept, but not with
            `frames="keyframes"`.
        progress: Is called about twenty times a second; what it raises stops the export.

    Returns:
        The report; for several formats a dict from display name to report.

    Raises:
        Error: With its code and place. A failed export leaves nothing behind.
        DroppedError: With `strict`, annotations would be dropped; its `report` lists them.
        PartialExportError: Some of several formats failed. The others were written.
        KeyboardInterrupt: At Ctrl-C. Nothing is left behind, unless the output was whole when it came.
    """
    infos = check(format, out, folder=folder)
    one = isinstance(format, (str, FormatInfo))
    dataset = source if isinstance(source, Dataset) else open(source)
    with (
        _folder(Path(out)) if not one and isinstance(out, (str, os.PathLike)) else nullcontext(),
        _frames(dataset, image_format, quality) if save_images else nullcontext() as decoded,
    ):
        made = _core.export(
            dataset._core,  # noqa: SLF001 - the two halves of one package
            [(info.name, path) for info, path in zip(infos, outputs(infos, format, out, folder=folder), strict=True)],
            {
                "tasks": _names(tasks),
                "jobs": _names(jobs),
                "threads": threads,
                "compression": compression,
                "overwrite": overwrite,
                "strict": strict,
                "dumped": _dumped(dumped),
                "profile": profile,
                "save_images": save_images,
                "image_format": image_format,
                "media": None if media is None else Path(media),
                "on_error": on_error,
                "name_template": name_template,
                "provenance": provenance,
                "frames": frames,
                "labels": _names(labels),
                "subsets": _names(subset),
                "negatives": None if negatives is None else str(negatives),
            },
            frames=decoded,
            progress=progress and (lambda *parts: progress(Progress(*parts))),
        )
    reports = {
        info.name: Report.from_json(each) for info, each in zip(infos, made, strict=True) if isinstance(each, str)
    }
    errors = {info.name: each for info, each in zip(infos, made, strict=True) if isinstance(each, Error)}
    for error in errors.values():
        if isinstance(error, DroppedError):
            error.report = Report.from_json(vars(error).pop("refused"))
    if not one and errors:
        raise PartialExportError(reports, errors)
    for error in errors.values():
        raise error
    return reports[infos[0].name] if one else reports


def _names(names: Names) -> list[str]:
    """The names, or numbers as text; a single one may stand alone."""
    return [str(name) for name in ([names] if isinstance(names, (str, int)) else names)]


def _place(out: Out, *, folder: bool) -> str | ByteWriter:
    """The path of an output, which ends in a separator for a folder; or what takes its bytes."""
    if not isinstance(out, (str, os.PathLike)):
        return out
    path = os.fspath(out)
    is_folder = folder or path.endswith(("/", os.sep)) or (not path.endswith(".zip") and Path(path).is_dir())
    return os.path.join(path, "") if is_folder else path  # noqa: PTH118 - a Path cannot end in a separator


@contextmanager
def _folder(path: Path) -> Iterator[None]:
    """Makes the folder that receives several formats; if none arrived, what was made is taken away again."""
    new = [each for each in (path, *path.parents) if not each.exists()]
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        text = f'several formats need a folder, and "{path}" is a file or lies below one; name a folder'
        raise from_core("not-writable", text) from error
    except OSError as error:
        text = f'the folder "{path}" cannot be created; choose a place that you may write to'
        raise from_core("not-writable", text) from error
    try:
        yield
    finally:
        with suppress(OSError):  # which is how a folder says that something is in it
            for each in new:
                each.rmdir()


def _frames(
    dataset: Dataset, image_format: Literal["png", "jpeg", "webp", "source"], quality: int
) -> AbstractContextManager[Frames | Times | None]:
    """What gives the core the frames of videos, if there are any."""
    if quality not in range(1, 101):
        raise UsageError(f"the quality is {quality}, not a number from 1 to 100", code="bad-option")
    if all(task["media"] != "video" for task in dataset.inspect()["tasks"]):
        return nullcontext()
    try:
        from framehaul.media.frames import Frames, Times

        if image_format == "source":
            return Times()
        from framehaul.media.encode import encoder

        return Frames(encoder(image_format, quality))
    except ImportError as error:
        text = f"the pictures of a video need more packages ({error.name} is missing); pip install 'framehaul[images]'"
        raise UnsupportedError(text, code="missing-package") from error


def check(
    format: str | FormatInfo | Formats,  # noqa: A002
    out: Out,
    *,
    folder: bool = False,
) -> list[FormatInfo]:
    """The formats, each once; raises if there is none of a name, or if OUT does not say what it is to be."""
    place = _place(out, folder=folder)
    if isinstance(format, (str, FormatInfo)):
        if isinstance(place, str) and not place.endswith((".zip", "/", os.sep)):
            text = f'"{place}" is neither an archive (ends in .zip) nor a folder (exists, or ends in /)'
            raise UsageError(text, code="bad-option")
        if not isinstance(place, str) and not callable(getattr(place, "write", None)):
            text = f"the output is neither a path nor an object with a method write: {type(place).__name__}"
            raise UsageError(text, code="bad-option")
        return [registry.find(format)]
    if not format:
        raise UsageError("no format was given; `framehaul formats` lists them", code="bad-option")
    if not isinstance(place, str) or place.endswith(".zip"):
        what = f'"{place}" is the name of an archive' if isinstance(place, str) else "the output takes one archive"
        raise UsageError(f"several formats need a folder, and {what}; name a folder", code="bad-option")
    return list(dict.fromkeys(registry.find(name) for name in format))


def outputs(
    infos: Sequence[registry.FormatInfo],
    format: str | FormatInfo | Formats,  # noqa: A002
    out: Out,
    *,
    folder: bool = False,
) -> list[str | ByteWriter]:
    """Where the export in each format goes."""
    if isinstance(format, (str, FormatInfo)) or not isinstance(out, (str, os.PathLike)):
        return [_place(out, folder=folder)]
    return [str(Path(out) / f"{info.name}.zip") for info in infos]


def check_apart(
    source: str,
    out: Sequence[str | ByteWriter],
    *,
    media: Path | None = None,
    report: Path | None = None,
) -> None:
    """Raises if two of these paths are the same, or if one lies inside another: none may harm another."""
    inputs = [("source", source_path(source))] + ([("media folder", media)] if media else [])
    written = [("output", Path(path)) for path in out if isinstance(path, str)] + (
        [("report", report)] if report else []
    )
    _core.check_apart(inputs, written)


def _dumped(dumped: Literal["source", "now"]) -> str | None:
    """The time that CVAT XML prints, as CVAT prints it; None for that of the source."""
    from datetime import datetime, timezone

    if dumped not in ("source", "now"):
        raise UsageError(f'invalid value "{dumped}" for dumped: expected source or now', code="bad-option")
    if dumped == "now":
        return str(datetime.now(timezone.utc))
    fixed = os.environ.get("SOURCE_DATE_EPOCH")
    if not fixed:
        return None
    try:
        return str(datetime.fromtimestamp(int(fixed), timezone.utc))
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(f'SOURCE_DATE_EPOCH is "{fixed}", not a number of seconds', code="bad-option") from error
