"""Datasets: opening, saving, looking into them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, TypedDict, cast

from framehaul import _core, frame

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

    from framehaul.frame import Frame

SAMPLE = "sample"
"""The source that is built in: a small task with every kind of annotation."""


class JobInspection(TypedDict):
    """A job as `Dataset.inspect` shows it."""

    name: str
    """What `jobs=` and `--job` take: the server's id, else `TASK/JOB`, or in a single task the place, from 0."""
    id: int | None
    """The server's id; a backup has none."""
    type: str
    """`annotation`, `ground_truth` or `replica`; another word if a newer CVAT made it, and then it is not exported."""
    start_frame: int
    """First frame, relative to the task."""
    stop_frame: int
    """Last frame, relative to the task, inclusive."""
    completed: bool
    """Whether its work is done; frames of it without annotations are then known to show nothing."""


class TaskInspection(TypedDict):
    """A task as `Dataset.inspect` shows it."""

    number: int
    """What `tasks=` and `--task` take: the server's id; in a backup the place of the task, from 0."""
    name: str
    subset: str
    media: Literal["images", "video"]
    dimension: Literal["2d", "3d"]
    frames: int
    """Number of frames, deleted ones included."""
    deleted_frames: int
    start_frame: int
    """Number of the first frame in the media."""
    step: int
    """Frames of the media per frame of the task."""
    jobs: list[JobInspection]


class LabelInspection(TypedDict):
    """A label as `Dataset.inspect` shows it."""

    name: str
    """Name; a sublabel has its skeleton's name in front (`person/nose`)."""
    type: str
    color: str
    edges: list[tuple[str, str]]
    """Of a skeleton: the points that it joins by lines, by the names of their labels."""
    attributes: list[str]


class CountInspection(TypedDict):
    """How many annotations of one label and kind there are, in all jobs; elements of skeletons are not counted."""

    label: str
    kind: str
    """`tag` or the kind of the shape."""
    shapes: int
    """Tags, or shapes on single frames."""
    tracks: int
    keyframes: int


class NoteInspection(TypedDict):
    """What the source holds that was not taken as it stands."""

    message: str
    place: str
    """Where it was first done."""
    times: int
    left_out: int
    """Annotations that are left out by it."""


class Inspection(TypedDict):
    """What a dataset holds."""

    project: str | None
    """Name of the project; None if the source was a single task."""
    tasks: list[TaskInspection]
    labels: list[LabelInspection]
    counts: list[CountInspection]
    notes: list[NoteInspection]


class Tables:
    """The tables of a dataset: views, nothing is copied but for the column `task`.

    Each is an Arrow table for any Arrow library (`pyarrow.table(tables.shapes)`, `polars.DataFrame(tables.shapes)`).
    `table.column(name)` is one column, for NumPy too (`numpy.asarray(tables.shapes.column("frame"))`). The column
    `task` has the name of the task that a row belongs to; its `indices` are the places of the tasks in `Dataset.tasks`.
    """

    __slots__ = ("_core",)

    def __init__(self, core: _core.Dataset) -> None:
        self._core = core

    @property
    def images(self) -> _core.Table:
        """The images of image tasks; video tasks have none."""
        return self._core.table("images")

    @property
    def tags(self) -> _core.Table:
        """Labels on whole frames."""
        return self._core.table("tags")

    @property
    def shapes(self) -> _core.Table:
        """Shapes on single frames."""
        return self._core.table("shapes")

    @property
    def tracks(self) -> _core.Table:
        """Objects that are followed through frames."""
        return self._core.table("tracks")

    @property
    def keyframes(self) -> _core.Table:
        """The frames where a track's shape was placed."""
        return self._core.table("keyframes")

    def __repr__(self) -> str:
        names = ("images", "tags", "shapes", "tracks", "keyframes")
        return f"<framehaul.Tables: {', '.join(f'{name} ({len(self._core.table(name)):,} rows)' for name in names)}>"


class Job(NamedTuple):
    """A job of a task."""

    name: str
    """What `jobs=` takes: the server's id, else `TASK/JOB`, or in a single task the place, from 0."""
    id: int | None
    """The server's id; a backup has none."""
    type: str
    """`annotation`, `ground_truth`, `replica`, or a word that this version does not know."""
    start_frame: int
    """First frame, relative to the task."""
    stop_frame: int
    """Last frame, relative to the task, inclusive."""
    completed: bool
    """Whether its work is done; frames of it without annotations are then known to show nothing."""


class Task:
    """A task of a dataset. Iterating over it yields its frames, deleted ones left out."""

    __slots__ = ("_core", "_found", "_place")

    def __init__(self, core: _core.Dataset, place: int, found: TaskInspection) -> None:
        self._core = core
        self._place = place
        self._found = found

    @property
    def number(self) -> int:
        """What `tasks=` takes: the server's id; in a backup the place of the task, from 0."""
        return self._found["number"]

    @property
    def name(self) -> str:
        """The name; tasks may share one."""
        return self._found["name"]

    @property
    def subset(self) -> str:
        """The subset as set in CVAT; empty if unset."""
        return self._found["subset"]

    @property
    def media(self) -> Literal["images", "video"]:
        """What the frames come from."""
        return self._found["media"]

    @property
    def dimension(self) -> Literal["2d", "3d"]:
        """Whether frames are images or point clouds."""
        return self._found["dimension"]

    @property
    def size(self) -> int:
        """Number of frames, deleted ones included."""
        return self._found["frames"]

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The jobs, in the order of their ids (in a backup: of the file)."""
        return tuple(Job(**job) for job in self._found["jobs"])

    @property
    def deleted_frames(self) -> list[int]:
        """The frames that are deleted, relative to the task, ascending."""
        return _core.frame_numbers(self._core, self._place)[1]

    @property
    def frame_numbers(self) -> list[int]:
        """The frames that exports show, relative to the task, ascending.

        Those that are deleted are left out, and the copies of frames that a task has as honeypots.
        """
        return _core.frame_numbers(self._core, self._place)[0]

    def frame(self, number: int) -> Frame:
        """A frame with its annotations.

        Args:
            number: Of the frame, relative to the task.

        Raises:
            SourceNotFoundError: There is no such frame, or it is deleted.
        """
        return frame.frames(self._core, self._place, [number])[0]

    def frames(self, numbers: Sequence[int] | None = None) -> Iterator[Frame]:
        """Frames with their annotations; by default all of `frame_numbers`. Few are in memory at a time."""
        wanted = self.frame_numbers if numbers is None else numbers
        for start in range(0, len(wanted), _FRAMES_AT_ONCE):
            yield from frame.frames(self._core, self._place, wanted[start : start + _FRAMES_AT_ONCE])

    def __iter__(self) -> Iterator[Frame]:
        return self.frames()

    def __repr__(self) -> str:
        return f"<framehaul.Task {self.number} {self.name!r}: {self.size:,} frames, {len(self.jobs)} jobs>"


_FRAMES_AT_ONCE = 4096
"""Each call of the core lays out the tracks of the task anew, so that few frames at a time would be slow."""


class Dataset:
    """A project or task with everything annotated in it; immutable. `framehaul.open` makes one."""

    __slots__ = ("_core",)

    def __init__(self, core: _core.Dataset) -> None:
        self._core = core

    @property
    def tables(self) -> Tables:
        """The annotations as Arrow tables, without a copy."""
        return Tables(self._core)

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks, in the order of their ids (in a backup: of their numbers)."""
        return tuple(Task(self._core, place, found) for place, found in enumerate(self._core.inspect()["tasks"]))

    def inspect(self) -> Inspection:
        """What the dataset holds: tasks, jobs, labels, and how many annotations of each label and kind."""
        return cast("Inspection", self._core.inspect())

    def frame(self, task: int | str, frame: int) -> Frame:
        """A frame with its annotations.

        Args:
            task: Number or name of the task, as `inspect` shows them.
            frame: Number of the frame, relative to the task.

        Raises:
            Error: With the code `not-found` if there is no such frame, or if it is deleted.
        """
        return self.frames(task, [frame])[0]

    def frames(self, task: int | str, frames: Sequence[int]) -> list[Frame]:
        """Some frames with their annotations; much faster than one after another. `tasks` iterates over all.

        Args:
            task: Number or name of the task, as `inspect` shows them.
            frames: Numbers of the frames, relative to the task; such as `range(100, 200)`.
        """
        return frame.frames(self._core, self._core.find_task(str(task)), frames)

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Saves to a folder that `framehaul.open` reads much faster than the source.

        Args:
            path: The folder to make.
            overwrite: Whether a saved dataset that is there is replaced. Nothing else ever is.
        """
        self._core.save(Path(path), overwrite)

    def __repr__(self) -> str:
        found = self.inspect()
        frames = sum(task["frames"] for task in found["tasks"])
        return f"<framehaul.Dataset: {len(found['tasks'])} tasks, {frames:,} frames, {len(found['labels'])} labels>"


def open(  # noqa: A001 - reads as framehaul.open
    source: str | os.PathLike[str],
    *,
    max_ratio: int | None = None,
    max_total: int | None = None,
    max_pixels: int | None = None,
    max_frames: int | None = None,
) -> Dataset:
    """Opens a source.

    Sizes of images that the source does not state are read from its image files.

    Args:
        source: A CVAT task or project backup (.zip), a folder with the server's JSON answers, a saved dataset, or
            `"sample"`, which is built in.
        max_ratio: How many times larger than its compressed size a member of a backup may be.
        max_total: How many bytes a backup may unpack to.
        max_pixels: How many pixels an image may have; 4 294 967 295 by default.
        max_frames: How many frames all tasks together may have; 100 000 000 by default.
    """
    return Dataset(_core.open(source_path(source), max_ratio, max_total, max_pixels, max_frames))


def source_path(source: str | os.PathLike[str]) -> Path:
    """Where a source lies."""
    return Path(__file__).with_name("sample.zip") if source == SAMPLE else Path(source)
