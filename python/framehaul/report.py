"""What became of the annotations in an export."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Literal, NamedTuple

from framehaul._core import shown

if TYPE_CHECKING:
    from typing import Any

MAX_NAME = 60
"""Characters of a name that tables show."""
MAX_PLACE = 400
"""Characters of a place or selection that a report shows."""

Outcome = Literal["written", "converted", "dropped"]


class Row(NamedTuple):
    """One fate of one kind of annotation."""

    label: str
    """Name of the label; a sublabel has its skeleton's name in front (`person/nose`)."""
    shape: str
    """`tag` or the kind of the shape."""
    outcome: Outcome
    """Written as it is, converted to something else, or dropped."""
    detail: str
    """To what it was converted, or why it was dropped."""
    annotations: int
    """How many; those of tracks count once per frame."""


class Note(NamedTuple):
    """Something worth knowing that lost no annotation."""

    message: str
    """What was done."""
    place: str
    """Where it was first done."""
    times: int
    """How often."""


class LeftOut(NamedTuple):
    """An image that is not in the output, though its frame and annotations are in the texts; or a shape that is not."""

    task: str
    """Name of the task."""
    frame: int
    """The frame, counted from the task's first."""
    file: str
    """The file that was to give the image; empty for a shape."""
    why: str
    """What is wrong with it; of a shape also its place."""


class Report:
    """What was written, converted and dropped, per label and shape; printing it gives a table."""

    __slots__ = ("_data", "left_out", "notes", "rows")

    rows: tuple[Row, ...]
    """What became of each label's annotations."""
    notes: tuple[Note, ...]
    """What else is worth knowing."""
    left_out: tuple[LeftOut, ...]
    """The images and shapes that are not in the output (with `on_error="skip"`)."""

    def __init__(self, data: dict[str, Any]) -> None:
        self._data = data
        self.rows = tuple(
            Row(row["label"], row["shape"], row["outcome"], row["detail"], row["count"]) for row in data["rows"]
        )
        self.notes = tuple(Note(note["message"], note["place"], note["count"]) for note in data["notes"])
        self.left_out = tuple(LeftOut(**each) for each in data["left_out"])

    @classmethod
    def from_json(cls, text: str | bytes) -> Report:
        """The report that `to_json` wrote."""
        _prepare_orjson()
        import orjson

        return cls(orjson.loads(text))

    @property
    def format(self) -> str:
        """Display name of the format."""
        return str(self._data["format"])

    @property
    def profile(self) -> Literal["cvat", "training"]:
        """Whose reader the output is meant for: CVAT's own, or the format's tools."""
        return "training" if self._data["profile"] == "training" else "cvat"

    @property
    def selection(self) -> str:
        """What was taken of the source, such as `frames annotated; labels car`; empty if all of it was."""
        return str(self._data["selection"])

    @property
    def frames(self) -> int:
        """Number of exported frames."""
        return int(self._data["frames"])

    @property
    def annotations(self) -> int:
        """Number of annotations in the output, those of tracks once per frame."""
        return int(self._data["annotations"])

    @property
    def size(self) -> int:
        """Size of the output in bytes."""
        return int(self._data["bytes"])

    @property
    def members(self) -> int:
        """Number of files in the output."""
        return int(self._data["members"])

    @property
    def written(self) -> int:
        """Number of annotations that were written as they are."""
        return self._total("written")

    @property
    def converted(self) -> int:
        """Number of annotations that were written as something else."""
        return self._total("converted")

    @property
    def dropped(self) -> int:
        """Number of annotations that the output lacks."""
        return self._total("dropped")

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values."""
        return self._data

    def to_json(self) -> bytes:
        """The report as JSON, indented, with a newline at its end."""
        return indented(self._data)

    def text(self, *, colour: bool = False) -> str:
        """The table that printing shows; `colour` paints what was converted or dropped for a terminal."""
        name = self.format if self.profile == "cvat" else f"{self.format} (for training)"
        head = f"{name}: {self.frames:,} frames, {self.written:,} annotations written"
        head += f", {self.converted:,} converted, {self.dropped:,} dropped"
        lines = [_paint(head, "1") if colour else head]
        lines += [f"selection: {shown(self.selection, MAX_PLACE)}"] if self.selection else []
        lines += _table(self.rows, colour=colour)
        lines += [_line(note) for note in self.notes]
        return "\n".join(lines)

    def _total(self, outcome: Outcome) -> int:
        return sum(row.annotations for row in self.rows if row.outcome == outcome)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        counts = f"written={self.written}, converted={self.converted}, dropped={self.dropped}"
        return f"Report(format={self.format!r}, frames={self.frames}, {counts})"


def indented(content: object) -> bytes:
    """JSON for people to read, with a newline at its end."""
    _prepare_orjson()
    import orjson

    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _prepare_orjson() -> None:
    """Imports what orjson imports while it is imported itself.

    It does not look whether that failed, and crashes if Ctrl-C comes in between (ijl/orjson#310).
    """
    for name in ("dataclasses", "datetime", "enum", "json", "uuid"):
        import_module(name)


_COLOURS = {"written": "", "converted": "33", "dropped": "31"}


def _table(rows: tuple[Row, ...], *, colour: bool) -> list[str]:
    cells = [(shown(row.label, MAX_NAME), row.shape, f"{row.annotations:,}", row.outcome, row.detail) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for label, shape, count, outcome, detail in cells:
        line = f"  {label:<{widths[0]}}  {shape:<{widths[1]}}  {count:>{widths[2]}}  {outcome:<{widths[3]}}  {detail}"
        paint = _COLOURS[outcome] if colour else ""
        lines.append(_paint(line.rstrip(), paint) if paint else line.rstrip())
    return lines


def _paint(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m"


def _line(note: Note) -> str:
    times = "once" if note.times == 1 else f"{note.times:,} times"
    place = shown(note.place, MAX_PLACE)
    return f"note: {note.message} ({times}, first at {place})" if place else f"note: {note.message} ({times})"
