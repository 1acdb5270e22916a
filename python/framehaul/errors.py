"""The exception tree. Every error has a code that scripts can test and the place in the data where it was found."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from framehaul import _core

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framehaul.report import Report


_MAX_TEXT = 2000
"""Characters of an error that are shown. The core shortens messages and names further."""


class Place(NamedTuple):
    """Where in the data something was found; what does not apply is None."""

    file: str | None = None
    """File, or member of an archive."""
    task: str | None = None
    """Name of the task."""
    job: int | None = None
    """Place of the job in its task, from 0, or the server's job id."""
    frame: int | None = None
    """Frame number, relative to the task."""
    track: int | None = None
    """Place of the track among the tracks of its job, from 0."""
    shape: int | None = None
    """Place of the shape (of a track: the keyframe) in its list, from 0."""
    label: str | None = None
    """Name of the label."""


class Error(Exception):
    """The base of all errors. Its text is one line: what was found, where, and what to do about it."""

    code: str
    """What went wrong, as a stable word such as `bad-zip`."""
    place: Place
    """Where in the data."""

    def __init__(self, text: str, code: str, place: Place | None = None) -> None:
        super().__init__(_core.shown(text, _MAX_TEXT))
        self.code = code
        self.place = place or Place()

    def __reduce__(self) -> tuple[object, ...]:
        # What cannot be pickled makes a pool of worker processes hang instead of fail.
        return type(self), (str(self), self.code, self.place)

    def __str__(self) -> str:
        # OSError's own __str__ knows nothing of our one line.
        return str(self.args[0])


class UsageError(Error, ValueError):
    """An option or a format's name that cannot be."""


class SourceError(Error, ValueError):
    """The data cannot be read: damaged, incomplete, contradictory or unsafe."""


class SourceNotFoundError(SourceError, FileNotFoundError):
    """The source, or a job in it, is not there."""


class UnsupportedError(Error, ValueError):
    """The format cannot hold this source, or this version cannot do it."""


class DroppedError(Error, ValueError):
    """Annotations would be dropped, and `strict` forbids that."""

    report: Report | None = None
    """What would have become of the annotations."""

    def __reduce__(self) -> tuple[object, ...]:
        return (*super().__reduce__(), {"report": self.report})


class OutputError(Error, OSError):
    """The output cannot be written."""


class OutputExistsError(OutputError, FileExistsError):
    """The output exists, and overwriting was not asked for."""


class OutputPermissionError(OutputError, PermissionError):
    """The place may not be written, or a file may not be read."""


class InternalError(Error, RuntimeError):
    """A defect of framehaul itself."""


class PartialExportError(Error):
    """Some of several formats failed; the others were written."""

    reports: Mapping[str, Report]
    """The reports of the formats that were written."""
    errors: Mapping[str, Error]
    """What stopped the others."""

    def __init__(self, reports: Mapping[str, Report], errors: Mapping[str, Error]) -> None:
        first = next(iter(errors.values()))
        super().__init__("; ".join(f"{name}: {error}" for name, error in errors.items()), code=first.code)
        self.reports = reports
        self.errors = errors

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.reports, self.errors)


# Codes that are not named here are about the data.
_CLASSES: dict[str, type[Error]] = {
    "not-found": SourceNotFoundError,
    "unknown-format": UsageError,
    "bad-option": UsageError,
    "unsupported": UnsupportedError,
    "name-collision": UnsupportedError,
    "reserved-name": UnsupportedError,
    "dropped": DroppedError,
    "output-exists": OutputExistsError,
    "not-writable": OutputPermissionError,
    "disk-full": OutputError,
    "io": OutputError,
    "internal": InternalError,
}


def from_os(error: OSError, code: str | None = None) -> BaseException:
    """The exception for an error of the operating system, in our words; its code, unless one is given."""
    known, words = _core.os_error(error.errno) if error.errno is not None else ("io", str(error))
    file = None if error.filename is None else os.fsdecode(error.filename)
    return from_core(code or known, words if file is None else f'{words} (file "{file}")', (file,))


def from_core(code: str, text: str, place: tuple[object, ...] = ()) -> BaseException:
    """The exception for an error of the compiled core, which calls this."""
    if code == "interrupted":
        return KeyboardInterrupt(text)
    return _CLASSES.get(code, SourceError)(text, code=code, place=Place(*place))  # type: ignore[arg-type]
