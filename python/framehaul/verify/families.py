"""The formats: which reader each has, and which members belong to it. A reader is imported when it is used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from framehaul.verify.archive import Archive
    from framehaul.verify.check import Check


class Family(NamedTuple):
    """How a format is read."""

    reader: str
    """The function that reads it, as `module.function`; empty if there are no rules yet."""
    images: str
    """A pattern for the members that are images of frames."""
    members: str
    """A pattern for all other members of the format."""

    def read(self, archive: Archive, check: Check) -> None:
        """Reads an archive: checks the rules, and hands every annotation to `check`."""
        module, _, function = self.reader.partition(".")
        reader: Callable[[Archive, Check], None] = getattr(import_module(f"framehaul.verify.{module}"), function)
        reader(archive, check)


_ULTRALYTICS = Family("", r"images/.*", r"data\.yaml|[^/]+\.txt|labels/.*\.txt")

FAMILIES: dict[str, Family] = {
    "cvat-video": Family("cvat.video", r"images/.*", r"annotations\.xml"),
    "cvat-images": Family("cvat.images", r"images/.*", r"annotations\.xml"),
    "coco": Family("coco.instances", r"images/.*", r"annotations/instances_.*\.json"),
    "coco-keypoints": Family("coco.keypoints", r"images/.*", r"annotations/person_keypoints_.*\.json"),
    "yolo": Family(
        "yolo.darknet", r"obj_[^/]*_data/.*(?<!\.txt)", r"obj\.data|obj\.names|[^/]+\.txt|obj_[^/]*_data/.*\.txt"
    ),
    "yolo-detect": _ULTRALYTICS._replace(reader="yolo.detect"),
    "yolo-track": _ULTRALYTICS._replace(reader="yolo.track"),
    "yolo-obb": _ULTRALYTICS._replace(reader="yolo.turned"),
    "yolo-seg": _ULTRALYTICS._replace(reader="yolo.segments"),
    "yolo-pose": _ULTRALYTICS._replace(reader="yolo.poses"),
    "yolo-cls": Family("yolo.classes", r"[^/]+/.*(?<!labels\.json)", r"[^/]+/labels\.json"),
    "mot": Family(
        "mot.boxes",
        r"(?:[^/]+/[^/]+/)?img1/.*",
        r"(?:[^/]+/[^/]+/)?(?:gt/gt\.txt|gt/labels\.txt|seqinfo\.ini)|seqmaps/[^/]+\.txt",
    ),
}
SIDECARS = r"provenance\.jsonl|frames\.csv|videos/.*|\.framehaul"
"""Members that any format may get."""
