"""Which format an archive has, by its members, and where names do not tell by the first lines of some."""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from framehaul.verify.archive import DamageError

if TYPE_CHECKING:
    from framehaul.verify.archive import Archive

MAX_SAMPLE = 2_000
"""Label files that are looked at."""

# The first line whose pattern some member has decides.
_SIGNS: tuple[tuple[str, str], ...] = (
    (r"annotations\.xml", "cvat"),
    (r"annotations/person_keypoints_.*\.json", "coco-keypoints"),
    (r"annotations/instances_.*\.json", "coco"),
    (r"annotations/class-descriptions\.csv", "open-images"),
    (r"annotations/.*\.json", "datumaro"),
    (r"obj\.data", "yolo"),
    (r"data\.yaml", "ultralytics"),
    (r"(?:[^/]+/[^/]+/)?gt/gt\.txt", "mot"),
    (r"[^/]+/instances/.*labels\.txt", "mots"),
    (r"bb_landmark/.*", "vggface2"),
    (r"wider_face_split/.*", "widerface"),
    (r"[^/]+/annotations/p(?:airs|eople)\.txt", "lfw"),
    (r"[^/]+/labels\.json", "yolo-cls"),
    (r"synsets\.txt", "imagenet"),
    (r"images_[^/]+\.txt", "market1501"),
    (r"ImageSets/(?:Main|Layout|Action)/.*", "voc"),
    (r"ImageSets/Segmentation/.*", "segmentation-mask"),
    (r"labelmap\.txt", "segmentation-mask"),
    (r"gtFine/.*", "cityscapes"),
    (r"[^/]+/(?:label_2|semantic|semantic_rgb|instance)/.*", "kitti"),
    (r"label_colors\.txt", "camvid"),
    (r"[^/]+/.*_GT\.(?:txt|bmp)", "icdar-segmentation"),
    (r"[^/]+/gt\.txt", "icdar-recognition"),
    (r"[^/]+/(?:.*/)?gt_[^/]*\.txt", "icdar-localization"),
    (r"[^/]+/.*\.xml", "labelme"),
)


def detect(archive: Archive) -> str | None:
    """The slug of the format; None if no sign of one is there."""
    for pattern, slug in _SIGNS:
        names = archive.names(pattern)
        if not names:
            continue
        try:
            if slug == "cvat":
                return _cvat(archive, names[0])
            if slug == "ultralytics":
                return _ultralytics(archive)
        except DamageError:
            return {"cvat": "cvat-images", "ultralytics": "yolo-detect"}[slug]
        if slug == "camvid" and not archive.names(r"(?!label_colors)[^/]+\.txt"):
            return None
        return slug
    return None


def _cvat(archive: Archive, name: str) -> str:
    """By the first item; an image stands for every frame, so that a file without any is one of tracks."""
    tail = b""
    for block in archive.blocks(name):
        found = re.search(rb"<(image|track)\s", tail + block)
        if found:
            return "cvat-images" if found.group(1) == b"image" else "cvat-video"
        tail = block[-16:]
    return "cvat-video"


def _ultralytics(archive: Archive) -> str:
    """By the number of columns."""
    if re.search(rb"^kpt_shape", archive.read("data.yaml"), re.MULTILINE):
        return "yolo-pose"
    columns: Counter[int] = Counter()
    for name in islice(archive.names(r"labels/.*\.txt"), MAX_SAMPLE):
        columns.update(len(line.split()) for line in archive.read(name).splitlines() if line.strip())
    if not columns or columns.keys() <= {5}:
        return "yolo-detect"
    if columns.keys() <= {5, 6}:
        return "yolo-track"
    return "yolo-obb" if columns.keys() == {9} else "yolo-seg"
