"""The compiled core. Not for use from outside: `framehaul` is the public face."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, TypedDict, final

import numpy as np
from numpy.typing import NDArray

from framehaul.exporter import ByteWriter

__version__: str

@final
class Dataset:
    """The columns of a dataset."""

    def inspect(self) -> dict[str, Any]:
        """What the dataset holds, as `framehaul.Inspection`."""

    def find_task(self, text: str) -> int:
        """The place of the task with this number or name."""

    def find_job(self, text: str) -> tuple[int, int]:
        """The places of the task and job with this name, and of the job in the task."""

    def save(self, path: Path, overwrite: bool) -> None:
        """Saves to a folder."""

    def inputs(self) -> list[tuple[str, Path]]:
        """What an output must stay apart from: what each is called in messages, and its path."""

    def table(self, name: str) -> Table:
        """The table with this name."""

@final
class Table:
    """A table of a dataset: a view that any Arrow library takes without a copy."""

    @property
    def column_names(self) -> list[str]:
        """The names of the columns."""

    @property
    def num_rows(self) -> int:
        """The number of rows."""

    def column(self, name: str) -> Column:
        """The column with this name; a KeyError if there is none."""

    def __len__(self) -> int: ...
    def __arrow_c_schema__(self) -> object:
        """The types of the columns, as Arrow's PyCapsule interface wants them."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rows, as Arrow's PyCapsule interface wants them."""

@final
class Column:
    """A column of a table, or a part of one: a view that any Arrow library takes without a copy.

    Columns of plain numbers are read-only NumPy arrays as well (`numpy.asarray(column)`); so are parts of the others.
    """

    @property
    def offsets(self) -> Column:
        """Of a column of lists: row `i` has the values from `offsets[i]` to `offsets[i + 1]`."""

    @property
    def values(self) -> Column:
        """Of a column of lists: all values, row after row."""

    @property
    def indices(self) -> Column:
        """Of a column of names: for each row the place of its name in `dictionary`."""

    @property
    def dictionary(self) -> Column:
        """Of a column of names: the names."""

    def field(self, name: str) -> Column:
        """Of a column of structs: the field with this name."""

    def __len__(self) -> int: ...
    def __arrow_c_schema__(self) -> object:
        """The type, as Arrow's PyCapsule interface wants it."""

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]:
        """The values, as Arrow's PyCapsule interface wants them."""

    @property
    def __array_interface__(self) -> dict[str, Any]:
        """The values, as NumPy wants them; a TypeError if they are no plain numbers."""

def open(
    path: Path,
    max_ratio: int | None = None,
    max_total: int | None = None,
    max_pixels: int | None = None,
    max_frames: int | None = None,
) -> Dataset:
    """Opens a backup, a folder of server answers or a saved dataset."""

def media_file(dataset: Dataset, task: int, media: Path | None = None) -> tuple[Path, str | None]:
    """Where the video of the task at this place is: the path of the file, or that of the archive and the member in it.

    `media` is where to look, if not in the source. A `framehaul.SourceError` with the code `missing-file` if it is not
    there.
    """

def frames(dataset: Dataset, task: int, wanted: Sequence[int], jobs: Sequence[str] = ...) -> list[dict[str, Any]]:
    """These frames of the task at this place, or of these jobs of it, and what they show, as `framehaul.Frame`."""

def frame_counts(dataset: Dataset, task: int, bars: int, jobs: Sequence[str] = ...) -> dict[str, Any]:
    """Counts what a task shows, or some of its jobs.

    `frames`, `empty` (frames that show nothing), `annotations` (those of tracks once per frame), `labels` (pairs of
    name and annotations), and `bars`: at most so many runs of consecutive frames, each with its `first` and `last`
    frame, and the `busiest` one with the number of annotations on it (`most`).
    """

def frame_numbers(dataset: Dataset, task: int) -> tuple[list[int], list[int]]:
    """The frames of a task that exports show, and those that are deleted."""

def picture_file(dataset: Dataset, task: int, frame: int, media: Path | None = None) -> bytes:
    """The file of a frame's picture, of a task with pictures. `media` is where to look, if not in the source."""

def formats() -> list[tuple[str, str, str, str]]:
    """Name, slug, summary and page of every format."""

def find_format(name: str) -> int:
    """The place in `formats` of the format with this name or alias."""

def pack(members: Sequence[tuple[str, bytes]], out: Path) -> int:
    """Writes an archive of these members, compressed as exports are: the floor in benchmarks. Returns its size."""

def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """Encodes height x width x (red, green, blue). Other threads run meanwhile."""

def full_range(plane: NDArray[np.uint8], chroma: bool, out: NDArray[np.uint8]) -> None:
    """Spreads a plane of a video, brightness or a colour difference, over the whole range of bytes, as JPEG has it.

    The result goes to an array of the same shape. Other threads run meanwhile.
    """

def shown(text: str, limit: int) -> str:
    """A text fit for a terminal: control characters are spelled out, and about `limit` characters are kept."""

def os_error(number: int) -> tuple[str, str]:
    """The code for an error of the operating system, by its number, and what it means."""

def error_codes() -> list[str]:
    """Every code that an error of the core can have."""

def check_apart(inputs: Sequence[tuple[str, Path]], outputs: Sequence[tuple[str, Path]]) -> None:
    """Raises `bad-option` if an output is, contains or lies inside an input or another output, links resolved.

    Each path comes with what it is called in messages.
    """

def check_file(path: Path, kind: Literal["zip", "report", "png", "html"], overwrite: bool) -> None:
    """Raises if no file of this kind can be written there, or if what lies there must not be replaced."""

def write_file(path: Path, kind: Literal["zip", "report", "png", "html"], overwrite: bool, content: bytes) -> None:
    """Writes a file, which appears under its name when it is whole."""

class ExportOptions(TypedDict):
    """What `framehaul.export` takes, in the words of the core: every key, none more."""

    tasks: Sequence[str]
    jobs: Sequence[str]
    threads: int | None
    compression: Literal["none", "fast", "best"]
    overwrite: bool
    strict: bool
    dumped: str | None
    """The time that CVAT XML prints; without one that of the source."""
    profile: Literal["cvat", "training"]
    save_images: bool
    image_format: Literal["png", "jpeg", "webp", "source"]
    """What the frames of videos are called after, and what `frames` gives."""
    media: Path | None
    on_error: Literal["stop", "skip"]
    name_template: str | None
    provenance: bool
    frames: str
    """Which frames are taken."""
    labels: Sequence[str]
    subsets: Sequence[str]
    negatives: str | None

def export(
    dataset: Dataset,
    outputs: Sequence[tuple[str, str | ByteWriter]],
    options: ExportOptions,
    *,
    frames: Callable[[Path, str | None, list[int]], Iterator[bytes | tuple[bytes, float | None]]] | None = None,
    progress: Callable[[int, int, int, int, int, int], object] | None = None,
) -> list[str | BaseException]:
    """Exports in each of these formats to the path beside it; a report as JSON for each, or what stopped it.

    An error of the code `dropped` has the report, as JSON, in `refused`. `progress` gets the fields of
    `framehaul.Progress`.

    `frames(path, member, numbers)` gives frames of a video as encoded files: the video is a file or the member of an
    archive, `numbers` are a few absolute frame numbers (decode order, from 0). Several threads use it, but calls come
    one at a time and in the order of the output: within a task and a format numbers ascend from call to call, and each
    format (and each export) starts again at the first frame. The call itself decodes, so that one decoder that goes
    forward serves all calls; the iterator that it returns encodes, and those of several calls are read at once. It
    yields one `bytes` for each number, in order, or a pair of them and the seconds from the beginning of the video.
    What it raises stops the export: a `framehaul.Error` keeps its code (`bad-picture` for a video that cannot be
    decoded), and is a line in the report with `on_error="skip"`.
    """

def plan(dataset: Dataset, format: str, options: ExportOptions) -> tuple[bytes, int]:
    """The plan of an export, and the number of its chunks. It is the same in every process."""

def make_shard(dataset: Dataset, format: str, options: ExportOptions, plan: bytes, chunks: tuple[int, int]) -> bytes:
    """Makes the chunks of a plan from the first number up to the second, which is not among them."""

def assemble(
    dataset: Dataset,
    format: str,
    options: ExportOptions,
    plan: bytes,
    shards: Sequence[bytes],
    out: str | ByteWriter,
) -> str:
    """Writes an archive of the shards of all chunks, in order. Returns the report as JSON."""
