"""`framehaul.raster` gives the pixels and points of pycocotools and OpenCV."""

from __future__ import annotations

import functools

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pycocotools import mask as coco

import framehaul
from framehaul import mask, raster

# A busy machine is slow, not wrong.
settings.register_profile("parity", deadline=None)
settings.load_profile("parity")

# pycocotools' own arrays are not ready for NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SIDES = st.integers(1, 50)
PLACES = st.integers(-80, 130)
COORDINATES = st.floats(-20, 70, allow_nan=False).map(lambda value: round(value, 2))
POINTS = st.lists(st.tuples(COORDINATES, COORDINATES), min_size=3, max_size=20)


@st.composite
def images(draw):
    """Noise of any density, or noise of blocks, whose borders are longer and have corners."""
    shape = draw(st.tuples(SIDES, SIDES))
    if draw(st.booleans()):
        return draw(arrays.arrays(np.uint8, shape, elements=st.integers(0, 1)))
    seed, density, block = draw(st.integers(0, 2**32 - 1)), draw(st.floats(0.05, 0.95)), draw(st.integers(2, 8))
    noise = np.random.default_rng(seed).random((shape[0] // block + 1, shape[1] // block + 1)) < density
    return np.kron(noise, np.ones((block, block)))[: shape[0], : shape[1]].astype(np.uint8)


@st.composite
def discs(draw):
    """Ellipses with elliptic holes: smooth borders in all directions."""
    height, width = draw(SIDES), draw(SIDES)
    image = np.zeros((height, width), np.uint8)
    for value in (1, 1, 0, 0, 1):
        center = draw(st.integers(0, width)), draw(st.integers(0, height))
        radii = draw(st.integers(0, width // 2)), draw(st.integers(0, height // 2))
        cv2.ellipse(image, center, radii, draw(st.integers(0, 359)), 0, 360, value, -1)
    return image


def drawing(*rows):
    return np.array([[pixel == "#" for pixel in row] for row in rows], np.uint8)


@given(POINTS, SIDES, SIDES)
@example([(0.0, 0.0), (6.0, 6.0), (6.0, 0.0), (0.0, 6.0)], 7, 7)
def test_polygons_fill_the_pixels_of_pycocotools(points, height, width):
    flat = [value for point in points for value in point]
    filled = raster.fill_polygon(flat, height=height, width=width)
    assert filled.flags.c_contiguous
    np.testing.assert_array_equal(filled, coco.decode(coco.frPyObjects([flat], height, width))[:, :, 0])
    np.testing.assert_array_equal(filled, raster.fill_polygon(np.array(points), height=height, width=width))


@given(
    st.tuples(PLACES, PLACES), st.tuples(st.integers(0, 90), st.integers(0, 90)), st.integers(-720, 720), SIDES, SIDES
)
@example((4, 3), (3, 2), 0, 7, 9)
@example((2, 2), (0, 0), 0, 5, 5)
@example((0, 0), (5, 3), 30, 6, 7)
@example((-3, 2), (5, 4), -90, 6, 6)
@example((8, 8), (7, 4), 400, 16, 16)
@example((3, 3), (20, 20), 0, 1, 1)
@example((25, 0), (60, 2), 360, 1, 50)
def test_ellipses_fill_the_pixels_of_opencv(center, radii, angle, height, width):
    expected = cv2.ellipse(np.zeros((height, width), np.uint8), center, radii, angle, 0, 360, 1, -1)
    filled = raster.fill_ellipse(center, radii, angle_degrees=angle, height=height, width=width)
    np.testing.assert_array_equal(filled, expected)


@pytest.mark.parametrize("center", [(0, 0), (9000, -7000), (8192, 20), (20_000, 60)])
@pytest.mark.parametrize("radii", [(16384, 40), (30_000, 29_000), (9000, 100)])
def test_ellipses_fill_the_pixels_of_opencv_in_large_images(center, radii):
    expected = cv2.ellipse(np.zeros((100, 16384), np.uint8), center, radii, 17, 0, 360, 1, -1)
    filled = raster.fill_ellipse(center, radii, angle_degrees=17, height=100, width=16384)
    np.testing.assert_array_equal(filled, expected)


def test_an_ellipse_beyond_all_bounds_ends_at_once():
    far = 2**62
    assert not raster.fill_ellipse((far, -far), (5, 5), height=20, width=30).any()
    assert raster.fill_ellipse((0, 0), (far, far), angle_degrees=far, height=20, width=30).all()


RINGS = drawing(
    "#########", "#.......#", "#.#####.#", "#.#...#.#", "#.#.#.#.#", "#.#...#.#", "#.#####.#", "#.......#", "#########"
)
BROTHERS = drawing(
    "........", ".##..##.", ".##..##.", "........", "..####..", ".######.", ".#.##.#.", ".######.", "..####.."
)


@given(st.one_of(images(), discs()))
@example(RINGS)
@example(BROTHERS)
@example(drawing("#"))
@example(drawing("."))
@example(drawing("#.##.###.####"))
@example(drawing("#.", ".#", "#.", ".#"))
def test_contours_are_those_of_opencv(image):
    expected, tree = cv2.findContours(image, cv2.RETR_TREE, cv2.CHAIN_APPROX_TC89_KCOS)
    for form in (image, mask.encode(image), image.astype(bool)):
        contours, links = raster.contours(form)
        assert [contour.tolist() for contour in contours] == [contour[:, 0].tolist() for contour in expected]
        assert links.tolist() == ([] if tree is None else tree[0].tolist())


def reference_polygons(image):
    """Outlines with their holes spliced in at the closest vertices, from OpenCV's contours, the plain way."""
    contours, tree = cv2.findContours(image, cv2.RETR_TREE, cv2.CHAIN_APPROX_TC89_KCOS)
    rings = [contour[:, 0].tolist() for contour in contours]
    parents = [] if tree is None else tree[0][:, 3].tolist()
    depth = []
    for parent in parents:
        depth.append(0 if parent < 0 else depth[parent] + 1)
    result = []
    for outline in (i for i, ring in enumerate(rings) if depth[i] % 2 == 0 and len(ring) > 2):
        holes = [ring for ring, parent in zip(rings, parents, strict=True) if parent == outline and len(ring) > 2]
        joined = functools.reduce(spliced, holes, rings[outline])
        closed = joined if joined[0] == joined[-1] else [*joined, joined[0]]
        polygon = [float(value) for point in closed for value in point]
        if coco.area(coco.frPyObjects([polygon], *image.shape))[0] >= 1:
            result.append(polygon)
    return result


def spliced(outline, hole):
    outline = outline if clockwise(outline) else outline[::-1]
    hole = hole[::-1] if clockwise(hole) else hole
    gaps = np.linalg.norm(np.array(outline)[:, None] - np.array(hole)[None], axis=2)
    i, j = np.unravel_index(gaps.argmin(), gaps.shape)
    return outline[: i + 1] + hole[j:] + hole[: j + 1] + outline[i:]


def clockwise(ring):
    return sum((b[0] - a[0]) * (b[1] + a[1]) for a, b in zip(ring, ring[1:] + ring[:1], strict=True)) < 0


@given(st.one_of(images(), discs()))
@example(RINGS)
@example(BROTHERS)
def test_holes_are_spliced_into_their_outlines(image):
    assert raster.polygons(image) == reference_polygons(image)
    assert raster.polygons(mask.encode(image, compressed=False)) == raster.polygons(image)


def test_hundreds_of_holes_are_spliced_each_into_the_closest_before_it():
    noise = np.random.default_rng(3).random((120, 160)) < 0.8
    for block in ((1, 1), (3, 3), (4, 1)):
        image = np.kron(noise, np.ones(block, np.uint8))[:150, :180].astype(np.uint8)
        assert raster.polygons(image) == reference_polygons(image)


def test_twenty_thousand_holes_are_spliced_into_one_outline():
    image = np.ones((6 * 100, 6 * 200), np.uint8)
    for y, x in ((1, 2), (2, 1), (2, 2), (2, 3), (3, 2)):
        image[y::6, x::6] = 0
    contours, tree = cv2.findContours(image, cv2.RETR_TREE, cv2.CHAIN_APPROX_TC89_KCOS)
    holes = [contour for contour, parent in zip(contours, tree[0][:, 3], strict=True) if parent >= 0]
    assert len(holes) == 20_000
    [polygon] = raster.polygons(image)
    # Each hole comes back to where it began and to where the outline was left.
    assert len(polygon) == 2 * (len(contours[0]) + sum(len(hole) + 2 for hole in holes) + 1)
    # A way there and back by the same vertices fills nothing: what is left are the outline and the holes.
    rings = [contour.ravel().astype(float).tolist() for contour in contours]
    outline, *inside = coco.frPyObjects(rings, *image.shape)
    expected = coco.decode(outline) - coco.decode(mask.merge(inside))
    filled = coco.decode(coco.frPyObjects([polygon], *image.shape))[:, :, 0]
    np.testing.assert_array_equal(filled, expected)


def test_a_mask_far_from_the_corner_is_traced_where_it_is():
    image = np.zeros((3000, 5000), np.uint8)
    image[2000:2009, 4000:4009] = RINGS
    assert raster.polygons(image) == [
        [value + (2000 if i % 2 else 4000) for i, value in enumerate(polygon)] for polygon in raster.polygons(RINGS)
    ]


def test_damaged_input_is_an_error():
    with pytest.raises(framehaul.Error, match="odd"):
        raster.fill_polygon([1.0, 2.0, 3.0], height=9, width=9)
    with pytest.raises(framehaul.Error, match="NaN"):
        raster.fill_polygon([1.0, float("nan")], height=9, width=9)
    with pytest.raises(framehaul.Error, match="cover"):
        raster.polygons({"size": [3, 3], "counts": [1]})
    with pytest.raises(ValueError, match="2 dimensions"):
        raster.contours(np.zeros((3, 3, 3), np.uint8))
    with pytest.raises(TypeError):
        raster.fill_polygon([[1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]], height=9, width=9)
