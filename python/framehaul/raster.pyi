"""Filling polygons and ellipses, and tracing masks into polygons.

The pixels are those that CVAT's exports have: polygons by COCO's reference rule, ellipses by OpenCV's. For masks as
runs, which do not cost the image, see `framehaul.mask`.

    from framehaul import raster

    image = raster.fill_ellipse((50, 40), (30, 20), angle_degrees=15, height=100, width=100)
    raster.polygons(image)

Errors are those of `framehaul.mask`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

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

__all__ = ["contours", "fill_ellipse", "fill_polygon", "polygons"]
