"""COCO RLE masks: encoding, decoding, joining, measuring and converting them.

A mask is a dict as pycocotools makes and takes it: `{"size": [height, width], "counts": ...}`, where the counts are
COCO's compressed text (bytes or str) or the plain list of run lengths down the columns, beginning with clear pixels.
All pixels, areas, boxes and overlaps are exactly those of pycocotools.

    from framehaul import mask

    rle = mask.from_polygons([10, 10, 50, 10, 50, 40], height=1080, width=1920)
    mask.area(rle), mask.bbox(rle)

What takes a mask or shape also takes a batch of them and then gives a list (or an array with one row for each). Batches
are worked on by all cores, without the GIL. Unless `compressed=False`, masks are returned with compressed counts as
bytes.

Damaged masks and shapes raise `framehaul.Error` with the code `bad-mask`, `bad-shape`, `not-finite` or (more than
2^32 - 1 pixels) `too-large`; in a batch `error.place.shape` is the place of the culprit.
"""

from collections.abc import Sequence
from typing import Any, TypedDict, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

class Rle(TypedDict):
    """A COCO mask. Not importable at run time."""

    size: Sequence[int]
    """Height and width of the image."""
    counts: bytes | str | Sequence[int]
    """Compressed text, or plain run lengths."""

def encode(masks: NDArray[Any], *, compressed: bool = True) -> Any:  # noqa: ANN401 - depends on the dimensions
    """Encodes an image, or the images of a stack.

    Args:
        masks: An array of height x width, or of height x width x number as pycocotools takes it. Any type and memory
            order; all values but 0 are set pixels. Arrays of `uint8` or `bool` whose rows, columns or images are
            contiguous are read without a copy.
        compressed: Whether to return compressed text instead of lists of run lengths.

    Returns:
        A mask, or for three dimensions a list of masks.
    """

@overload
def decode(rles: Rle) -> NDArray[np.uint8]: ...
@overload
def decode(rles: Sequence[Rle]) -> NDArray[np.uint8]:
    """Decodes a mask, or a batch of masks of one size.

    Returns:
        An array of 0 and 1 in Fortran order: height x width, for a batch height x width x number.
    """

def merge(rles: Sequence[Rle], *, intersect: bool = False, compressed: bool = True) -> Rle:
    """Joins masks of one size.

    Args:
        rles: The masks. None at all gives a mask of 0 x 0 pixels.
        intersect: Whether to keep the pixels that all masks set, instead of those that any sets.
        compressed: Whether to return compressed text instead of a list of run lengths.
    """

@overload
def area(rles: Rle) -> int: ...
@overload
def area(rles: Sequence[Rle]) -> NDArray[np.uint64]:
    """Counts the set pixels of a mask, or of each mask of a batch."""

def bbox(rles: Rle | Sequence[Rle]) -> NDArray[np.float64]:
    """The tight box of the set pixels: x, y, width, height; all 0 where no pixel is set.

    Returns:
        An array of 4 numbers, for a batch of number x 4.
    """

def iou(
    found: Rle | Sequence[Rle], truth: Rle | Sequence[Rle], *, crowd: Sequence[bool | int] | None = None
) -> NDArray[np.float64]:
    """Intersection over union of every mask in `found` with every mask in `truth`, all of one size.

    Args:
        found: The masks of the rows.
        truth: The masks of the columns.
        crowd: For each mask in `truth`, whether it is a crowd region: then the divisor is the area of the mask in
            `found`.

    Returns:
        An array of len(found) x len(truth) numbers from 0 to 1.
    """

@overload
def from_polygons(polygons: Sequence[float], *, height: int, width: int, compressed: bool = True) -> Rle: ...
@overload
def from_polygons(polygons: NDArray[Any], *, height: int, width: int, compressed: bool = True) -> Rle: ...
@overload
def from_polygons(
    polygons: Sequence[Sequence[float] | NDArray[Any]], *, height: int, width: int, compressed: bool = True
) -> list[Rle]:
    """Fills polygons by COCO's reference rule.

    Args:
        polygons: A polygon, or a batch: each x, y, x, y, ... in pixels as a flat sequence, or an array with a row for
            each point. Three points or more, closed by themselves; the even-odd rule holds where a polygon overlaps
            itself. An array of float64 is read at once, a list number by number: polygons of many points take about
            twice as long as lists.
        height: Rows of the image.
        width: Columns of the image.
        compressed: Whether to return compressed text instead of lists of run lengths.

    Returns:
        A mask for each polygon. `merge` joins the parts of one object.
    """

def from_boxes(boxes: ArrayLike, *, height: int, width: int, compressed: bool = True) -> Any:  # noqa: ANN401 - see below
    """Fills boxes by COCO's reference rule.

    Args:
        boxes: x, y, width, height in pixels, or a batch: a sequence of such, or an array of number x 4.
        height: Rows of the image.
        width: Columns of the image.
        compressed: Whether to return compressed text instead of lists of run lengths.

    Returns:
        A mask, or a list of masks for a batch.
    """

def from_cvat(
    points: ArrayLike | Sequence[ArrayLike], *, height: int, width: int, clip: bool = False, compressed: bool = True
) -> Any:  # noqa: ANN401 - see below
    """Converts CVAT's masks. The cost is that of the runs, however large the image.

    Args:
        points: CVAT's numbers, or a batch of them: counts of clear and set pixels in turn along the rows of a box, then
            its left, top, right and bottom, the last two included.
        height: Rows of the image.
        width: Columns of the image.
        clip: Whether to cut a mask whose box leaves the image, instead of raising an error.
        compressed: Whether to return compressed text instead of lists of run lengths.

    Returns:
        A mask, or a list of masks for a batch.
    """

@overload
def to_cvat(rles: Rle) -> list[int]: ...
@overload
def to_cvat(rles: Sequence[Rle]) -> list[list[int]]:
    """Converts masks to CVAT's numbers over their tight boxes; see `from_cvat`.

    A mask without a set pixel, which CVAT cannot hold, gives an empty list.
    """

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
