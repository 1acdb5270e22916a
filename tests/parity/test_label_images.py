"""Label maps and label PNGs: painted as pixel by pixel, and read back by Pillow and OpenCV."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

import framehaul
from framehaul import _core, mask, raster

# A busy machine is slow, not wrong.
settings.register_profile("parity", deadline=None)
settings.load_profile("parity")

SIDES = st.integers(1, 40)
COORDINATES = st.one_of(st.integers(-10, 60).map(float), st.floats(-2000, 2000, allow_nan=False))
POLYGON = st.lists(st.tuples(COORDINATES, COORDINATES), min_size=3, max_size=12).map(
    lambda points: [value for point in points for value in point]
)
PALETTE = np.random.default_rng(5).integers(0, 256, (256, 3), np.uint8)


def opened(file):
    """The image as Pillow and OpenCV read it, which must agree; and the file's bit depth and colour type."""
    with Image.open(io.BytesIO(file)) as image:
        pillow = np.asarray(image)
    read = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED)
    if image.mode == "P":
        palette = np.array(image.getpalette(), np.uint8).reshape(-1, 3)
        np.testing.assert_array_equal(palette[pillow], read[:, :, ::-1])
    else:
        np.testing.assert_array_equal(pillow, read)
    return pillow, (file[24], file[25])


def label_maps(dtype):
    """Noise, whose runs are short, or the same stretched, whose rows repeat."""
    noise = arrays.arrays(dtype, st.tuples(SIDES, SIDES))
    return st.builds(lambda image, *times: np.kron(image, np.ones(times, dtype)), noise, *[st.integers(1, 20)] * 2)


@given(label_maps(np.uint8))
@example(np.zeros((1, 1), np.uint8))
@example(np.full((1, 300), 255, np.uint8))
@example(np.full((300, 1), 7, np.uint8))
@example(np.eye(65, dtype=np.uint8))
def test_a_label_map_of_bytes_becomes_a_grey_or_palette_png(labels):
    pixels, kind = opened(raster.label_png(labels))
    assert kind == (8, 0)
    np.testing.assert_array_equal(pixels, labels)
    pixels, kind = opened(raster.label_png(labels, palette=PALETTE))
    assert kind == (8, 3)
    np.testing.assert_array_equal(pixels, labels)


@given(label_maps(np.uint16))
@example(np.full((3, 500), 0x0101, np.uint16))
@example(np.arange(65536, dtype=np.uint16).reshape(256, 256))
def test_a_label_map_of_16_bits_becomes_a_grey_png_of_16_bits(labels):
    pixels, kind = opened(raster.label_png(labels))
    assert kind == (16, 0)
    np.testing.assert_array_equal(pixels, labels)
    for form in (np.asfortranarray(labels), labels.astype(np.int64), np.repeat(labels, 2, axis=1)[:, ::2]):
        assert raster.label_png(form) == raster.label_png(labels)


@given(st.lists(st.tuples(POLYGON, st.integers(0, 70_000)), max_size=8), SIDES, SIDES)
@example([([0.0, 0.0, 6.0, 6.0, 6.0, 0.0, 0.0, 6.0], 3)], 7, 7)  # crosses itself
@example([([2.3, 0.7] * 3, 1)], 4, 4)  # no area
@example([([-50.0, -50.0, -20.0, -50.0, -20.0, -20.0], 1)], 4, 4)  # outside
@example([([-1.0, -1.0, 9.0, -1.0, 9.0, 9.0, -1.0, 9.0], 300)], 1, 1)
@example([([0.0, 0.0, 9.0, 0.0, 9.0, 9.0, 0.0, 9.0], 1), ([3.0, 0.0, 6.0, 0.0, 6.0, 9.0, 3.0, 9.0], 0)], 9, 9)
def test_masks_are_painted_over_each_other_in_their_order(objects, height, width):
    size = {"height": height, "width": width}
    rles = [mask.from_polygons(polygon, **size) for polygon, _ in objects]
    values = [value for _, value in objects]
    expected = np.zeros((height, width), np.uint32)
    for rle, value in zip(rles, values, strict=True):
        expected[mask.decode(rle) != 0] = value
    painted = raster.label_map(rles, values, **size)
    assert painted.dtype == np.min_scalar_type(max(values, default=0))
    np.testing.assert_array_equal(painted, expected)
    if painted.max() > 65_535:
        assert_code("bad-mask", lambda: raster.masks_png(rles, values, **size))
    elif painted.dtype != np.uint32:
        assert raster.masks_png(rles, values, **size) == raster.label_png(painted)


def assert_code(code, call):
    with pytest.raises(framehaul.Error) as raised:
        call()
    assert raised.value.code == code


def test_ten_thousand_objects_in_an_image_of_16384_columns_keep_their_numbers():
    # 200 squares of 40 pixels in each of 50 rows.
    size = {"height": 4096, "width": 16_384}
    corners = [(i % 200 * 80, i // 200 * 80) for i in range(10_000)]
    rles = mask.from_boxes([[x, y, 40, 40] for x, y in corners], **size)
    pixels, kind = opened(raster.masks_png(rles, **size))
    assert kind == (16, 0)
    assert pixels[20::80, 20::80][:50, :200].ravel().tolist() == list(range(1, 10_001))
    assert np.count_nonzero(pixels) == mask.area(rles).sum()


@pytest.mark.parametrize("shape", [(16_384, 1), (1, 16_384), (16_384, 3), (3, 16_384)])
def test_narrow_images_of_16384_pixels_are_read_back(shape):
    labels = (np.arange(shape[0] * shape[1]) // 37 % 300).astype(np.uint16).reshape(shape)
    np.testing.assert_array_equal(opened(raster.label_png(labels))[0], labels)


@pytest.mark.parametrize(("number", "radius"), [(20, 90), (200, 60), (2000, 18)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_label_png_is_hardly_larger_than_zlib_makes_it(number, radius, dtype):
    chance = np.random.default_rng(number)
    labels = np.zeros((1080, 1920), np.uint16)
    for value in range(1, number + 1):
        center, radii = chance.integers(0, (1920, 1080)).tolist(), chance.integers(radius // 3, radius, 2).tolist()
        cv2.ellipse(labels, center, radii, int(chance.integers(360)), 0, 360, value, -1)
    labels = (labels % 256).astype(np.uint8) if dtype == np.uint8 else labels
    samples = labels.astype(labels.dtype.newbyteorder(">")).view(np.uint8)
    rows = np.pad(samples, ((0, 0), (1, 0)))
    assert len(raster.label_png(labels)) < 1.3 * len(zlib.compress(rows.tobytes(), 6))


def assert_valid(file):
    """Asserts that pngcheck finds nothing wrong."""
    if shutil.which("pngcheck") is None:
        pytest.skip("pngcheck is not installed")
    checked = subprocess.run(["pngcheck", "-v"], input=file, capture_output=True, check=False)
    assert checked.returncode == 0, checked.stdout.decode()
    assert b"No errors detected" in checked.stdout


def sizes(*dtypes):
    shapes = [(1, 1), (1, 300), (300, 1), (2, 16_384), (16_384, 2), (70, 90)]
    return pytest.mark.parametrize(("shape", "dtype"), [(shape, dtype) for shape in shapes for dtype in dtypes])


@sizes(np.uint8, np.uint16)
def test_pngcheck_finds_no_fault_with_label_pngs(shape, dtype):
    # Slanting stripes, and nothing at all.
    labels = (np.add.outer(np.arange(shape[0]), np.arange(shape[1])) // 23 % 250).astype(dtype)
    for image in (labels, np.zeros_like(labels), np.tile(labels[:1], (shape[0], 1))):
        assert_valid(raster.label_png(image))
    if dtype == np.uint8:
        assert_valid(raster.label_png(labels, palette=PALETTE))


@sizes(np.uint8)
def test_pngcheck_finds_no_fault_with_pictures(shape, dtype):
    noise = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype)
    for picture in (noise, np.zeros_like(noise), noise // 64 + 100):
        assert_valid(_core.encode_png(picture))


@pytest.mark.parametrize("name", ["Segmentation mask 1.1", "KITTI 1.0", "LabelMe 3.0"])
def test_pngcheck_finds_no_fault_with_the_images_of_exports(tmp_path, name):
    framehaul.export("sample", name, tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        images = [archive.read(member) for member in archive.namelist() if member.endswith(".png")]
    assert images
    for image in images:
        assert_valid(image)


def test_a_batch_of_label_maps_is_its_items_one_by_one():
    maps = [np.full((side, 2 * side), side, np.uint16 if side % 2 else np.uint8) for side in range(1, 100)]
    assert raster.label_png(maps) == [raster.label_png(labels) for labels in maps]
    assert raster.label_png([]) == []


def test_what_a_label_png_cannot_hold_is_an_error():
    empty = {"size": [3, 4], "counts": [12]}
    assert_code("bad-mask", lambda: raster.label_png(np.array([[70_000]])))
    assert_code("bad-mask", lambda: raster.label_png(np.array([[-1]])))
    assert_code("bad-mask", lambda: raster.label_png(np.array([[2]], np.uint8), palette=[[0, 0, 0], [1, 2, 3]]))
    assert_code("bad-mask", lambda: raster.label_png(np.array([[0]]), palette=[[0, 0, 0]] * 257))
    assert_code("bad-mask", lambda: raster.label_png(np.array([[0]]), palette=[]))
    assert_code("bad-shape", lambda: raster.label_png(np.zeros((0, 4), np.uint8)))
    assert_code("bad-mask", lambda: raster.label_map([empty], height=4, width=3))
    assert_code("too-large", lambda: raster.masks_png([], height=100_000, width=100_000))
    with pytest.raises(ValueError, match="2 dimensions"):
        raster.label_png(np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(ValueError, match="2 values for 1 masks"):
        raster.label_map([empty], [1, 2], height=3, width=4)
    with pytest.raises(TypeError, match="integers"):
        raster.label_png(np.zeros((2, 2)))


def test_the_place_of_a_damaged_mask_is_reported():
    good, bad = {"size": [3, 4], "counts": [12]}, {"size": [3, 4], "counts": [13]}
    with pytest.raises(framehaul.Error) as raised:
        raster.label_map([good, bad], height=3, width=4)
    assert (raised.value.code, raised.value.place.shape) == ("bad-mask", 1)
