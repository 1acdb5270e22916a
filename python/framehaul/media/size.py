"""Sizes of images of types that the compiled core does not know, such as JPEG 2000, PCX, SGI and XBM."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, UnidentifiedImageError


def read_size(file: bytes) -> tuple[int, int] | None:
    """Width and height in pixels of the image in a file, of which the beginning is enough; None if it is not an image.

    No pixels are decoded.
    """
    try:
        with Image.open(BytesIO(file)) as image:
            return image.size
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        return None
