"""`framehaul.mask` gives what pycocotools gives, for anything that pycocotools takes."""

from __future__ import annotations

import itertools
import threading

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pycocotools import mask as coco

import framehaul
from framehaul import mask

# A busy machine is slow, not wrong.
settings.register_profile("parity", deadline=None)
settings.load_profile("parity")

# pycocotools' own arrays are not ready for NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SIDES = st.integers(1, 40)
LONG_SIDES = st.one_of(SIDES, st.sampled_from([63, 64, 65, 127, 128, 129, 200]))
IMAGES = arrays.arrays(np.uint8, st.tuples(SIDES, SIDES), elements=st.integers(0, 1))
FINITE = {"allow_nan": False, "allow_infinity": False}
COORDINATES = st.one_of(
    st.integers(-10, 60).map(float),
    st.integers(-20, 120).map(lambda half: half / 2),
    st.integers(-100, 600).map(lambda tenth: tenth / 10),
    st.floats(-20, 70, **FINITE),
    st.floats(-5000, 5000, **FINITE),
)
# Four numbers would be a box to pycocotools.
POLYGONS = st.lists(st.tuples(COORDINATES, COORDINATES), min_size=3, max_size=30).map(
    lambda ps: [v for p in ps for v in p]
)


@st.composite
def stacks(draw, *, smallest=1):
    """A few images of one size."""
    shape = draw(st.tuples(SIDES, SIDES))
    images = arrays.arrays(np.uint8, shape, elements=st.integers(0, 1))
    return draw(st.lists(images, min_size=smallest, max_size=5))


def theirs(images):
    # To pycocotools a change between two values that are not 0 ends a run.
    return [coco.encode(np.asfortranarray(image != 0).view(np.uint8)) for image in images]


def runs(rle):
    """The plain run lengths of a mask."""
    return mask.merge([rle], compressed=False)["counts"]


@st.composite
def pixels(draw):
    """An image of noise and shapes, or blank, up to some blocks of 64 pixels wide or high, whose set pixels vary."""
    height, width = draw(st.tuples(LONG_SIDES, LONG_SIDES))
    values = draw(st.sampled_from([[1], [255], [1, 2, 128, 255]]))
    chance = np.random.default_rng(draw(st.integers(0, 2**32)))
    density = draw(st.sampled_from([0, 0.01, 0.5, 0.99, 1]))
    image = chance.random((height, width)) < density
    for _ in range(draw(st.integers(0, 3))):
        top, left = chance.integers(0, height), chance.integers(0, width)
        image[top : top + chance.integers(1, height + 1), left : left + chance.integers(1, width + 1)] ^= True
    return image * chance.choice(np.array(values, np.uint8), (height, width))


def layouts(stack):
    """A stack of images in every order in which it may lie in memory, and with gaps, and turned round."""
    for order in itertools.permutations(range(3)):
        yield np.ascontiguousarray(stack.transpose(order)).transpose(np.argsort(order))
    for axis in range(3):
        one = lambda part, axis=axis: tuple(part if i == axis else slice(None) for i in range(3))  # noqa: E731
        twice = np.repeat(stack, 2, axis)
        yield twice[one(slice(None, None, 2))]
        yield np.asfortranarray(twice)[one(slice(None, None, 2))]
        yield np.flip(np.flip(stack, axis).copy(), axis)
        yield np.pad(stack, [(3, 5) if i == axis else (0, 0) for i in range(3)], constant_values=1)[one(slice(3, -5))]


@given(pixels())
@example(np.zeros((1, 1), np.uint8))
@example(np.ones((1, 1), np.uint8))
@example(np.ones((70, 3), np.uint8))
@example(np.eye(65, dtype=np.uint8))
def test_encode_gives_the_same_text_in_any_order_and_type(image):
    [expected] = theirs([image])
    for laid in layouts(image[:, :, None]):
        assert mask.encode(laid[:, :, 0]) == expected, laid.strides
    assert mask.encode(image.astype(bool)) == expected
    assert mask.encode(np.asfortranarray(image.astype(bool))[:, ::-1][:, ::-1]) == expected
    assert mask.encode(image.astype(np.int8)) == expected
    assert mask.encode(image.astype(np.float32) * 0.5) == expected
    assert mask.encode(image.tolist()) == expected


@given(pixels(), st.integers(0, 5), st.randoms(use_true_random=False))
def test_encode_takes_stacks_that_lie_in_any_order(image, number, chance):
    turned = [np.roll(image, chance.randrange(1000)) for _ in range(number)]
    stack = np.stack([*turned, image], axis=-1)[:, :, :number]
    expected = theirs(turned)
    for laid in layouts(stack):
        assert mask.encode(laid) == expected, laid.strides
        assert mask.encode(laid != 0) == expected, laid.strides
    assert [mask.merge([rle]) for rle in mask.encode(stack, compressed=False)] == expected


@pytest.mark.parametrize("shape", [(0, 0, 3), (0, 4, 2), (4, 0, 2), (4, 5, 0), (0, 0, 0)])
def test_a_stack_without_pixels_has_a_mask_for_each_image(shape):
    for laid in layouts(np.zeros(shape, np.uint8)):
        assert (
            mask.encode(laid, compressed=False) == [{"size": [*shape[:2]], "counts": [shape[0] * shape[1]]}] * shape[2]
        )


def test_a_large_stack_is_encoded_as_its_images_are():
    y, x = np.mgrid[:1500, :700]
    stack = np.stack([(x - 50 * i) ** 2 + (y - 100 * i) ** 2 < 200**2 for i in range(9)], axis=-1)
    expected = theirs([stack[:, :, i] for i in range(9)])
    for order in itertools.permutations(range(3)):
        assert mask.encode(np.ascontiguousarray(stack.transpose(order)).transpose(np.argsort(order))) == expected


@pytest.mark.parametrize("shape", [(), (4,), (2, 3, 4, 5)])
def test_what_is_neither_an_image_nor_a_stack_is_an_error(shape):
    with pytest.raises(ValueError, match=f"expected an array of 2 dimensions, got {len(shape)}"):
        mask.encode(np.zeros(shape, np.uint8))


@given(stacks())
def test_encode_and_decode_take_stacks_as_pycocotools_does(images):
    stack = np.asfortranarray(np.dstack(images))
    rles = coco.encode(stack)
    assert mask.encode(stack) == rles
    decoded = mask.decode(rles)
    assert decoded.flags.f_contiguous
    np.testing.assert_array_equal(decoded, coco.decode(rles))
    np.testing.assert_array_equal(mask.decode(rles[0]), coco.decode(rles[0]))


@given(IMAGES)
def test_all_three_kinds_of_counts_are_one_mask(image):
    rle = mask.encode(image)
    plain = mask.encode(image, compressed=False)
    assert coco.frPyObjects(plain, *image.shape) == rle
    text = {"size": rle["size"], "counts": rle["counts"].decode()}
    for form in (rle, plain, text):
        np.testing.assert_array_equal(mask.decode(form), image)


@given(POLYGONS, SIDES, SIDES)
@example([1.0, 1.0, 4.0, 1.0, 4.0, 3.0, 1.0, 3.0], 6, 8)
@example([0.0, 0.0, 6.0, 6.0, 6.0, 0.0, 0.0, 6.0], 7, 7)  # crosses itself
@example([2.3, 0.7] * 3, 4, 4)  # no area
@example([-3.0, -2.0, 4.0, -2.0, 9.0, 9.0, -3.0, 4.5], 5, 6)  # corners outside on all sides
@example([0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0], 1, 1)
@example([0.0, -0.5, 30.5, 0.5, 12.25, 0.1], 1, 30)
@example([0.5, 3.0, -1.0, 30.0, 2.0, 12.0], 30, 1)
@example([-1e5, 3.0, 1e5, 3.0, 1e5, 5.0, -1e5, 5.0], 8, 6)
@example([v for i in range(500) for v in ((-1.0, 2.0) if i % 2 else (20.0, 6.0))] + [20.0, 1.0], 8, 10)
def test_polygons_fill_the_same_pixels(points, height, width):
    [expected] = coco.frPyObjects([points], height, width)
    assert mask.from_polygons(points, height=height, width=width) == expected
    assert mask.from_polygons(np.reshape(points, (-1, 2)), height=height, width=width) == expected


@pytest.mark.parametrize(("height", "width"), [(16384, 40), (40, 16384), (1, 16384), (16384, 1)])
def test_polygons_fill_the_same_pixels_of_large_images(height, width):
    points = [-5.5, 3.25, width * 0.7, -20.5, width + 30.1, height * 0.4, width * 0.5, height + 11.7, 2.2, height * 0.9]
    assert mask.from_polygons([points], height=height, width=width) == coco.frPyObjects([points], height, width)


@given(st.lists(POLYGONS, max_size=60), SIDES, SIDES)
def test_a_batch_is_its_items_one_by_one(polygons, height, width):
    batch = mask.from_polygons(polygons, height=height, width=width)
    assert batch == [mask.from_polygons(points, height=height, width=width) for points in polygons]
    assert mask.area(batch).tolist() == [mask.area(rle) for rle in batch]
    assert mask.bbox(batch).tolist() == [mask.bbox(rle).tolist() for rle in batch]
    assert mask.to_cvat(batch) == [mask.to_cvat(rle) for rle in batch]


@given(st.lists(st.tuples(COORDINATES, COORDINATES, COORDINATES, COORDINATES), min_size=1, max_size=5), SIDES, SIDES)
def test_boxes_fill_the_same_pixels(boxes, height, width):
    expected = coco.frPyObjects(np.array(boxes), height, width)
    assert mask.from_boxes(boxes, height=height, width=width) == expected
    assert mask.from_boxes(np.array(boxes), height=height, width=width) == expected
    assert mask.from_boxes(boxes[0], height=height, width=width) == expected[0]


@given(stacks())
def test_area_and_box_are_the_same(images):
    rles = theirs(images)
    assert mask.area(rles).tolist() == coco.area(rles).tolist()
    np.testing.assert_array_equal(mask.bbox(rles), coco.toBbox(rles))
    assert mask.area(rles[0]) == coco.area(rles[0])
    assert mask.bbox(rles[0]).tolist() == coco.toBbox(rles[0]).tolist()


@given(stacks())
def test_union_and_intersection_are_the_same(images):
    rles = theirs(images)
    assert mask.merge(rles) == coco.merge(rles)
    assert mask.merge(rles, intersect=True) == coco.merge(rles, intersect=True)


@given(stacks(smallest=2), st.data())
def test_overlaps_are_the_same(images, data):
    rles = theirs(images)
    cut = data.draw(st.integers(1, len(rles) - 1))
    found, truth = rles[:cut], rles[cut:]
    crowd = data.draw(st.lists(st.integers(0, 1), min_size=len(truth), max_size=len(truth)))
    np.testing.assert_array_equal(mask.iou(found, truth, crowd=crowd), coco.iou(found, truth, crowd))
    np.testing.assert_array_equal(mask.iou(found, truth), coco.iou(found, truth, [0] * len(truth)))


@given(st.lists(POLYGONS, min_size=2, max_size=8), SIDES, SIDES)
def test_overlaps_of_polygons_are_the_same(polygons, height, width):
    rles = coco.frPyObjects(polygons, height, width)
    np.testing.assert_array_equal(mask.iou(rles, rles), coco.iou(rles, rles, [0] * len(rles)))


@given(IMAGES, st.integers(-45, 45), st.integers(-45, 45), SIDES, SIDES)
@example(np.ones((2, 3), np.uint8), 0, 0, 2, 3)
@example(np.ones((2, 3), np.uint8), 4, 0, 2, 5)
def test_cvat_masks_are_pasted_and_cut_at_the_image(crop, left, top, height, width):
    edges = np.flatnonzero(np.diff(crop.ravel(), prepend=0))
    counts = np.diff(np.concatenate([[0], edges, [crop.size]]))
    points = [*counts.tolist(), left, top, left + crop.shape[1] - 1, top + crop.shape[0] - 1]

    room = np.zeros((height + 200, width + 200), np.uint8)
    room[100 + top :, 100 + left :][: crop.shape[0], : crop.shape[1]] = crop
    image = room[100 : 100 + height, 100 : 100 + width]
    expected = coco.encode(np.asfortranarray(image))

    assert mask.from_cvat(points, height=height, width=width, clip=True) == expected
    inside = left >= 0 and top >= 0 and left + crop.shape[1] <= width and top + crop.shape[0] <= height
    if inside:
        assert mask.from_cvat(points, height=height, width=width) == expected
    else:
        with pytest.raises(framehaul.Error, match="leaves the image"):
            mask.from_cvat(points, height=height, width=width)
    if image.any():
        rows, columns = np.nonzero(image)
        back = mask.to_cvat(expected)
        assert back[-4:] == [columns.min(), rows.min(), columns.max(), rows.max()]
        assert mask.from_cvat(back, height=height, width=width) == expected
    else:
        assert mask.to_cvat(expected) == []


def test_the_example_of_the_format_page_holds():
    # Rows 1-3 of columns 1-4 in an image of 6 x 8.
    rle = mask.from_cvat([0, 12, 1, 1, 4, 3], height=6, width=8)
    assert rle == {"size": [6, 8], "counts": b"73300000a0"}
    assert runs(rle) == [7, 3, 3, 3, 3, 3, 3, 3, 20]


@pytest.mark.parametrize(
    ("rle", "code"),
    [
        ({"size": [3, 3], "counts": [3]}, "bad-mask"),
        ({"size": [3, 3], "counts": [3, 7]}, "bad-mask"),
        ({"size": [3, 3], "counts": [-1, 10]}, "bad-mask"),
        ({"size": [3, 3], "counts": [4.5, 4.5]}, "bad-mask"),
        ({"size": [3, 3], "counts": b"zzz"}, "bad-mask"),
        ({"size": [3, 3], "counts": b"9\xff"}, "bad-mask"),
        ({"size": [3, 3], "counts": "o" * 50}, "bad-mask"),
        ({"size": [3, 3], "counts": None}, "bad-mask"),
        ({"size": [-3, 3], "counts": [9]}, "bad-mask"),
        ({"size": [3], "counts": [3]}, "bad-mask"),
        ({"counts": [3]}, "bad-mask"),
        ({}, "bad-mask"),
        ({"size": [100_000, 100_000], "counts": [1]}, "too-large"),
    ],
)
@pytest.mark.parametrize("function", [mask.area, mask.bbox, mask.decode, mask.to_cvat])
def test_damaged_masks_are_errors_with_their_place(function, rle, code):
    with pytest.raises(framehaul.Error) as raised:
        function(rle)
    assert raised.value.code == code
    with pytest.raises(framehaul.Error) as raised:
        function([{"size": [3, 3], "counts": [9]}, rle, rle])
    assert (raised.value.code, raised.value.place.shape) == (code, 1)


@pytest.mark.parametrize(
    ("points", "code"),
    [
        ([1.0, 2.0, 3.0, 4.0, 5.0], "bad-shape"),
        ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], "bad-shape"),
        ([1.0, 2.0, 3.0, 4.0, 5.0, float("nan")], "not-finite"),
        ([1.0, 2.0, 3.0, 4.0, 5.0, float("-inf")], "not-finite"),
    ],
)
def test_damaged_polygons_are_errors(points, code):
    with pytest.raises(framehaul.Error) as raised:
        mask.from_polygons(points, height=9, width=9)
    assert raised.value.code == code


@pytest.mark.parametrize("far", [1e7, 1e10, 1e19, 1e300, 1.7e308])
def test_far_coordinates_fill_what_they_cover_at_once(far):
    around = [-far, -far, far, -far, far, far, -far, far]
    assert runs(mask.from_polygons(around, height=20, width=30)) == [0, 600]


def test_masks_of_different_sizes_do_not_mix():
    rles = [{"size": [3, 3], "counts": [9]}, {"size": [1, 9], "counts": [9]}]
    for function in (mask.merge, mask.decode, lambda rles: mask.iou(rles[:1], rles[1:])):
        with pytest.raises(framehaul.Error, match=r"sizes|joined"):
            function(rles)


def test_nothing_gives_nothing():
    assert mask.merge([]) == coco.merge([])
    assert mask.from_polygons([], height=3, width=3) == []
    assert mask.area([]).shape == (0,)
    assert mask.bbox([]).shape == (0, 4)
    assert mask.iou([], []).shape == (0, 0)


def test_what_is_no_mask_or_shape_is_a_type_error():
    for call in (lambda: mask.area(3), lambda: mask.area([3]), lambda: mask.from_polygons("123456", height=3, width=3)):
        with pytest.raises(TypeError):
            call()


def test_many_threads_at_once_get_their_own_results():
    polygons = [[x, 1.0, x + 9.5, 2.0, x + 4.0, 30.5] for x in range(100)]
    expected = coco.frPyObjects(polygons, 40, 120)
    results = {}

    def work(thread):
        results[thread] = [mask.from_polygons(polygons, height=40, width=120) for _ in range(20)]

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(result == expected for repeats in results.values() for result in repeats)
    assert len(results) == 4
