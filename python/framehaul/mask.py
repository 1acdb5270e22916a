"""COCO RLE masks: encoding, decoding, joining, measuring and converting them. The stub documents every function."""

from framehaul._core import _mask

area = _mask.area
bbox = _mask.bbox
decode = _mask.decode
encode = _mask.encode
from_boxes = _mask.from_boxes
from_cvat = _mask.from_cvat
from_polygons = _mask.from_polygons
iou = _mask.iou
merge = _mask.merge
to_cvat = _mask.to_cvat

__all__ = [
    "area",
    "bbox",
    "decode",
    "encode",
    "from_boxes",
    "from_cvat",
    "from_polygons",
    "iou",
    "merge",
    "to_cvat",
]
