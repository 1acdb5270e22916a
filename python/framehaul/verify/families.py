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
    "imagenet": Family("lists.imagenet", r".*/.*", r"[^/]+\.txt"),
    "lfw": Family("lists.lfw", r"[^/]+/images/.*", r"[^/]+/annotations/(?:pairs|people|landmarks)\.txt"),
    "market1501": Family("lists.market", r"(?:bounding_box_[^/]+|query)/.*", r"images_[^/]+\.txt"),
    "vggface2": Family(
        "lists.vggface", r"(?!bb_landmark/)[^/]+/.*", r"labels\.txt|bb_landmark/loose_(?:bb|landmark)_.*\.csv"
    ),
    "widerface": Family(
        "lists.widerface", r"WIDER_[^/]+/images/.*", r"labels\.txt|wider_face_split/wider_face_.*_bbx_gt\.txt"
    ),
    "icdar-recognition": Family("lists.recognition", r"[^/]+/(?!gt\.txt).*", r"[^/]+/gt\.txt"),
    "icdar-localization": Family("lists.localization", r"[^/]+/images/.*", r"[^/]+/(?:.*/)?gt_[^/]*\.txt"),
    "icdar-segmentation": Family("lists.characters", r"[^/]+/images/.*", r"[^/]+/.*_GT\.(?:txt|bmp)"),
    "camvid": Family("labelmaps.camvid", r"(?![^/]+annot/)[^/]+/.*", r"[^/]+\.txt|[^/]+annot/.*\.png"),
    "cityscapes": Family(
        "labelmaps.cityscapes",
        r"(?:imgsFine/)?leftImg8bit/.*",
        r"label_colors\.txt|classes\.csv|gtFine/.*_gtFine_(?:color|labelIds|instanceIds|labelTrainIds)\.png",
    ),
    "kitti": Family(
        "labelmaps.kitti",
        r"[^/]+/image_2/.*",
        r"label_colors\.txt|[^/]+/label_2/.*\.txt|[^/]+/(?:semantic_rgb|semantic|instance)/.*\.png",
    ),
    "mots": Family("labelmaps.mots", r"[^/]+/images/.*", r"[^/]+/instances/(?:labels\.txt|.*\.png)"),
    "open-images": Family("openimages.tables", r"images/.*", r"annotations/.*\.(?:csv|json|meta)|masks/.*\.png"),
    "datumaro": Family("datumaro.items", r"images/.*", r"annotations/.*\.json"),
    "voc": Family(
        "voc.pascal",
        r"JPEGImages/.*",
        r"labelmap\.txt|Annotations/.*\.xml|ImageSets/(?:Main|Segmentation|Layout|Action)/.*\.txt"
        r"|Segmentation(?:Class|Object)/.*\.png",
    ),
    "segmentation-mask": Family(
        "voc.masks",
        r"JPEGImages/.*",
        r"labelmap\.txt|ImageSets/Segmentation/.*\.txt|Segmentation(?:Class|Object)/.*\.png",
    ),
    "labelme": Family(
        "labelme.objects",
        r"Images/.*|(?!Annotations/|Masks/)[^/]+/(?!Masks/).*(?<!\.xml)",
        r"[^/]+/.*\.xml|(?:[^/]+/)?Masks/.*\.png",
    ),
}
SIDECARS = r"provenance\.jsonl|frames\.csv|videos/.*|\.framehaul"
"""Members that any format may get."""
