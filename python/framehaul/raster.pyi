"""Filling polygons and ellipses, label images, and tracing masks into polygons.

The pixels are those that CVAT's exports have: polygons by COCO's reference rule, ellipses by OpenCV's. For masks as
runs, which do not cost the image, see `framehaul.mask`.

    from framehaul import raster

    image = raster.fill_ellipse((50, 40), (30, 20), angle_degrees=15, height=100, width=100)
    raster.polygons(image)
    raster.label_png(image, palette=[[0, 0, 0], [220, 20, 60]])

Errors are those of `framehaul.mask`.
"""

from collections.abc import Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from framehaul.mask import Rle

def fill_polygon(points: Sequence[float] | NDArray[Any], *, height: int, width: int) -> NDArray[np.uint8]:
    """Fills a polygon by COCO's reference rule.

    Args:
        points: x, y, x, y, ... in pixels, or an array with a row for each point. Closed by itself; the even-odd rule
            holds where the polygon overlaps itself.
        height: Rows of the image.
        width: Columns of the image.

    Returns:
        An image of 0 and 1, height x width.
    """

def fill_ellipse(
    center: tuple[int, int], radii: tuple[int, int], *, angle_degrees: int = 0, height: int, width: int
) -> NDArray[np.uint8]:
    """Fills an ellipse by OpenCV's rule: `cv2.ellipse` of the whole ellipse with thickness -1.

    Args:
        center: x and y in pixels.
        radii: Half the axes, along x and y before turning.
        angle_degrees: Turn, clockwise on the screen.
        height: Rows of the image.
        width: Columns of the image.

    Returns:
        An image of 0 and 1, height x width.
    """

def label_map(
    masks: Rle | Sequence[Rle], values: Sequence[int] | None = None, *, height: int, width: int
) -> NDArray[np.unsignedinteger[Any]]:
    """Paints masks over each other, the later ones above.

    Args:
        masks: COCO RLE dicts.
        values: The value of each mask; 1, 2, 3, ... unless given. 0 erases.
        height: Rows of the image.
        width: Columns of the image.

    Returns:
        An image, height x width, of the first of `uint8`, `uint16` and `uint32` that holds all of `values`. Pixels of
        no mask are 0.
    """

@overload
def label_png(labels: NDArray[Any], *, palette: ArrayLike | None = None) -> bytes: ...
@overload
def label_png(labels: Sequence[NDArray[Any]], *, palette: ArrayLike | None = None) -> list[bytes]:
    """Writes a label map as a PNG file, many times faster than a general encoder.

    Args:
        labels: An array of integers, height x width, or a list of such, which all cores work on.
        palette: Red, green and blue from 0 to 255 for each value, up to 256 values.

    Returns:
        The file, for a list of label maps a list of files: with a palette if one is given; else grey, with 8 bits for
        arrays of `uint8` and `bool`, with 16 bits for all others.
    """

def masks_png(
    masks: Rle | Sequence[Rle],
    values: Sequence[int] | None = None,
    *,
    height: int,
    width: int,
    palette: ArrayLike | None = None,
) -> bytes:
    """Paints masks over each other and writes them as a PNG file, at the cost of their runs, however large the image.

    Args:
        masks: COCO RLE dicts.
        values: The value of each mask; 1, 2, 3, ... unless given. 0 erases.
        height: Rows of the image.
        width: Columns of the image.
        palette: Red, green and blue from 0 to 255 for each value, up to 256 values.

    Returns:
        The file: with a palette if one is given; else grey, with 8 bits if all of `values` fit, or 16 bits.
    """

def contours(mask: NDArray[Any] | Rle) -> tuple[list[NDArray[np.int32]], NDArray[np.int32]]:
    """Finds the borders of a mask and of its holes: `cv2.findContours` with RETR_TREE and CHAIN_APPROX_TC89_KCOS.

    Args:
        mask: An image in which all values but 0 are set, or a COCO RLE dict.

    Returns:
        For each contour an array with a row x, y for each point; and an array with a row for each contour: the places
        of the next and the previous contour of the same parent, of the first child and of the parent, -1 where there is
        none.
    """

def polygons(mask: NDArray[Any] | Rle) -> list[list[float]]:
    """Traces a mask into polygons, as CVAT's COCO export does.

    Holes are spliced into the outline around them; polygons that fill no pixel are left out.

    Args:
        mask: An image in which all values but 0 are set, or a COCO RLE dict.

    Returns:
        A closed ring x, y, x, y, ... for each connected group of pixels.
    """

__all__ = ["contours", "fill_ellipse", "fill_polygon", "label_map", "label_png", "masks_png", "polygons"]
