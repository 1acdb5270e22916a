"""Frames: what a dataset shows, frame by frame, as exports see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from framehaul import _core

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


class Tag(NamedTuple):
    """A label on a whole frame."""

    label: str
    attributes: dict[str, str]


class Annotation(NamedTuple):
    """A shape on a frame; that of a track where it is in sight, interpolated between its keyframes."""

    kind: str
    """`rectangle`, `polygon`, `polyline`, `points`, `ellipse`, `cuboid`, `mask` or `skeleton`."""
    label: str
    """Name of the label; a sublabel has its skeleton's name in front (`person/nose`)."""
    points: list[float]
    """Coordinates as CVAT lays them out for this kind: x, y, x, y, …; of a mask see `framehaul.mask.from_cvat`."""
    rotation: float
    """Degrees, clockwise on the screen, about the centre."""
    track: int | None
    """Number of the track, as exports have it; None of a shape that stands on this frame alone."""
    keyframe: bool
    """Whether somebody placed the track's shape on this very frame."""
    group: int
    """0 for none."""
    z_order: int
    """Layer: higher ones are in front."""
    occluded: bool
    outside: bool
    """Whether it is out of sight; elements of skeletons only."""
    source: str
    """`manual`, `auto`, …"""
    attributes: dict[str, str]
    elements: tuple[Annotation, ...]
    """The points of a skeleton."""


class Frame(NamedTuple):
    """A frame and what it shows."""

    frame: int
    """Number, relative to the task."""
    number: int
    """Number in exports."""
    name: str
    """Name in exports: the path of its picture, or `frame_000123` for a video."""
    width: int
    """In pixels; 0 where the source does not tell."""
    height: int
    tags: tuple[Tag, ...]
    annotations: tuple[Annotation, ...]
    """From the lowest layer to the highest."""


def frames(core: _core.Dataset, task: int, wanted: Sequence[int], jobs: Sequence[str] = ()) -> list[Frame]:
    """These frames of the task at a place, or of some of its jobs."""
    return [_frame(each) for each in _core.frames(core, task, wanted, jobs)]


def _frame(content: dict[str, Any]) -> Frame:
    content["tags"] = tuple(Tag(label, dict(attributes)) for label, attributes in content["tags"])
    content["annotations"] = tuple(map(_annotation, content["annotations"]))
    return Frame(**content)


def _annotation(content: dict[str, Any]) -> Annotation:
    content["attributes"] = dict(content["attributes"])
    content["elements"] = tuple(map(_annotation, content["elements"]))
    return Annotation(**content)
