"""How each format is compared with a source, and what the smaller ones hold of a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from framehaul.verify import expected
from framehaul.verify.expected import HUNDREDTH, Expected
from framehaul.verify.geometry import bounds, clip, drawn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from framehaul.frame import Frame


class Holds(NamedTuple):
    """How a format is compared."""

    expect: Callable[[Frame, bool], Iterator[Expected]]
    """What the format holds of a frame, in the default profile or in that for training."""
    names: str = "name"
    """What images are called by: `name`; `number`, that of the frame; `place`, counted from 1 over the export."""
    training: bool = True
    """Whether the training profile can be compared too."""
    ignored: frozenset[str] = frozenset()
    """Kinds of annotations in the archive that are not compared."""
    drawn: frozenset[str] = frozenset()
    """Kinds of shapes that label images show; `turned` stands for boxes that are turned."""
    tracked: bool = False
    """Whether they show shapes of tracks only."""
    by_class: bool = False
    """Whether class numbers count labels that are not sublabels, whatever the list of names says."""


def voc(frame: Frame, training: bool) -> Iterator[Expected]:
    """Boxes and tags. Masks are in the label images. For training corners are whole pixels, of which the first is 1."""
    for each in expected.boxes(frame, training):
        if training:
            x0, y0, x1, y1 = each.values
            cut = clip((min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)), frame)
            thin = (cut[2] - cut[0]) * (cut[3] - cut[1]) < 1
            yield each._replace(
                kind=None, values=(cut[0] + 0.5, cut[1] + 0.5, cut[2] + 0.5, cut[3] + 0.5), slack=0.52, many=thin
            )
        else:
            yield each
    for label in dict.fromkeys(tag.label for tag in frame.tags):
        yield Expected((label,), "tag", (), 0)


def labelme(frame: Frame, training: bool) -> Iterator[Expected]:
    """Boxes, polygons, and the pixels of masks and ellipses; for training turned boxes are polygons."""
    for each in frame.annotations:
        label = (each.label,)
        if training and each.kind in ("rectangle", "polygon"):
            yield expected.cut([each], label, frame)
        elif each.kind == "rectangle":
            yield Expected(label, "box", each.points, 2 * HUNDREDTH)
        elif each.kind == "polygon":
            yield Expected(label, "polygon", each.points, HUNDREDTH)
        elif each.kind == "mask":
            yield expected.pixels(each, frame)
        elif each.kind == "ellipse":
            yield Expected(label, None, clip(bounds(each), frame), drawn([each]))


def open_images(frame: Frame, training: bool) -> Iterator[Expected]:
    """Tags, and upright boxes in shares. Masks are not compared."""
    yield from expected.tags(frame, training)
    for each in frame.annotations:
        if each.kind == "rectangle" and not each.rotation:
            yield Expected((each.label,), "box", expected.shares(each.points, frame), expected.share_slack(frame))


def kitti(frame: Frame, training: bool) -> Iterator[Expected]:
    """Upright boxes. Masks are in the label images."""
    for each in frame.annotations:
        if each.kind == "rectangle" and not each.rotation:
            label = "_".join(each.label.split()) if training else each.label
            yield Expected((label,), "box", each.points, 2 * HUNDREDTH)


def imagenet(frame: Frame, _training: bool) -> Iterator[Expected]:
    """The distinct tags of a frame."""
    for label in dict.fromkeys(tag.label for tag in frame.tags):
        yield Expected((label,), "tag", (), 0)


def lfw(frame: Frame, _training: bool) -> Iterator[Expected]:
    """Points; their labels are not written."""
    for each in frame.annotations:
        if each.kind == "points":
            yield Expected(("",), "points", each.points, HUNDREDTH)


def localization(frame: Frame, _training: bool) -> Iterator[Expected]:
    """Boxes and polygons; their labels are not written."""
    for each in frame.annotations:
        if each.kind == "rectangle":
            yield Expected(("",), "box", each.points, 2 * HUNDREDTH)
        elif each.kind == "polygon":
            yield Expected(("",), "polygon", each.points, HUNDREDTH)


def nothing(_frame: Frame, _training: bool) -> Iterator[Expected]:
    """Nothing but label images."""
    yield from ()


_AREAS = frozenset({"rectangle", "turned", "polygon", "ellipse", "mask"})
_MASKS = Holds(nothing, ignored=frozenset({"other"}), drawn=_AREAS)

HOLDS: dict[str, Holds] = {
    "cvat-images": Holds(expected.cvat_images),
    "cvat-video": Holds(expected.cvat_video, names="number"),
    "coco": Holds(expected.coco),
    "coco-keypoints": Holds(expected.coco_keypoints),
    "yolo": Holds(expected.yolo, by_class=True),
    "yolo-detect": Holds(expected.yolo),
    "yolo-track": Holds(expected.yolo),
    "yolo-obb": Holds(expected.yolo_obb),
    "yolo-seg": Holds(expected.yolo_seg),
    "yolo-pose": Holds(expected.yolo_pose),
    "yolo-cls": Holds(expected.tags),
    "mot": Holds(expected.boxes, names="place", training=False),
    "datumaro": Holds(expected.datumaro),
    "voc": Holds(voc, ignored=frozenset({"other"}), drawn=frozenset({"mask", "ellipse"})),
    "segmentation-mask": _MASKS,
    "camvid": _MASKS,
    "cityscapes": _MASKS._replace(training=False),
    "mots": _MASKS._replace(training=False, tracked=True),
    "labelme": Holds(labelme),
    "open-images": Holds(open_images, ignored=frozenset({"other"})),
    "kitti": Holds(kitti, ignored=frozenset({"other"}), drawn=_AREAS - {"rectangle"}),
    "imagenet": Holds(imagenet, training=False),
    "widerface": Holds(expected.boxes, training=False),
    "lfw": Holds(lfw, training=False),
    "icdar-localization": Holds(localization, training=False),
}
