"""Encoding the frames of videos as files."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Literal

import numpy as np

from framehaul import _core

if TYPE_CHECKING:
    from collections.abc import Callable

    from av.video.frame import VideoFrame
    from numpy.typing import NDArray

    Encoder = Callable[[VideoFrame], bytes]

ImageFormat = Literal["png", "jpeg", "webp"]


def encoder(image_format: ImageFormat, quality: int) -> Encoder:
    """What turns frames into files of a format. Several threads may use it at once."""
    if image_format == "png":
        return _png
    from PIL import Image

    def encode(frame: VideoFrame) -> bytes:
        out = io.BytesIO()
        Image.fromarray(pixels(frame)).save(out, image_format, quality=quality)
        return out.getvalue()

    return encode


def pixels(frame: VideoFrame) -> NDArray[np.uint8]:
    """The pixels of a frame as they are shown: height x width x (red, green, blue)."""
    array = frame.to_ndarray(format="rgb24")
    # Telephones film lying and say how the picture is to be turned, counter-clockwise. So does CVAT.
    turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(array, turns))


def _png(frame: VideoFrame) -> bytes:
    return _core.encode_png(pixels(frame))
