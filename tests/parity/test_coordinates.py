"""Coordinates from lists: any numbers of Python and NumPy, in batches of any size, while the lists change."""

from __future__ import annotations

import gc
import math
import threading
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from pycocotools import mask as coco

import framehaul
from framehaul import mask

SIZE = {"height": 40, "width": 120}
TRIANGLE = [1.0, 2.0, 30.5, 2.0, 4.0, 30.5]


class Meddler:
    """A number that does something to the list when it is read."""

    def __init__(self, deed):
        self.deed = deed

    def __float__(self):
        self.deed()
        gc.collect()
        return 5.0


def filled(polygon):
    return mask.from_polygons(polygon, **SIZE)


@pytest.mark.parametrize(
    "numbers",
    [
        [1, 2, 30, 2, 4, 30],
        [True, False, 30.5, 2, 4, 30],
        [np.float64(1.5), np.float32(2.5), np.int16(30), np.uint8(4), np.float16(7.5), np.int64(35)],
        [Decimal("1.25"), Fraction(1, 4), Decimal(30), 2, 4, Fraction(61, 2)],
        [-(2**60), -(2**60), 2**60 + 1, -(2**60), 2**70, 2**70],
        [1e-320, -0.0, 1.7e308, 2.0, 4.0, 1e300],
        [float(number % 71) for number in range(10_000)],
    ],
    ids=["whole", "bools", "NumPy's", "other", "large", "extreme", "many"],
)
def test_any_numbers_are_read_as_the_floats_they_are_worth(numbers):
    expected = filled(np.array([float(number) for number in numbers]))
    assert filled(numbers) == filled(tuple(numbers)) == expected
    assert mask.from_polygons([numbers, numbers], **SIZE) == [expected] * 2


def test_a_list_of_a_derived_class_is_read_like_a_list():
    assert filled(type("Listed", (list,), {"extra": 1})(TRIANGLE)) == filled(TRIANGLE)


@pytest.mark.parametrize("other", ["1.5", None, [1.5], {}, 1j, b"1", object(), 10**400], ids=lambda v: type(v).__name__)
@pytest.mark.parametrize("place", [0, 3, 6])
def test_what_is_not_a_number_is_an_error_wherever_it_stands(other, place):
    numbers = [*TRIANGLE[:place], other, *TRIANGLE[place:]]
    if place:  # what begins otherwise is taken for a batch
        with pytest.raises(TypeError, match="flat sequence of numbers"):
            filled(numbers)
    with pytest.raises(TypeError, match="flat sequence of numbers"):
        mask.from_polygons([TRIANGLE, numbers], **SIZE)


@pytest.mark.parametrize(
    ("deed", "read"),
    [
        (list.clear, 3),
        (lambda numbers: numbers.append(9.0), 6),
        (lambda numbers: numbers.extend([8.0] * 100_000), 6),
        (list.pop, 5),
        (lambda numbers: numbers.__setitem__(slice(3, None), [2.0, 4.0, 30.5]), 6),
    ],
    ids=["cleared", "longer", "moved", "shorter", "replaced"],
)
def test_a_list_may_change_while_it_is_read(deed, read):
    numbers = [1.0, 2.0, Meddler(lambda: deed(numbers)), 2.0, 4.0, 30.5]
    if read == 6:
        assert mask.from_polygons([numbers], **SIZE) == [filled([1.0, 2.0, 5.0, 2.0, 4.0, 30.5])]
    else:
        with pytest.raises(framehaul.Error, match=f"a polygon of {read} coordinates"):
            mask.from_polygons([numbers], **SIZE)


def test_a_batch_may_change_while_it_is_read():
    batch = [TRIANGLE]
    batch += [[Meddler(batch.clear), *TRIANGLE[1:]], TRIANGLE]
    assert mask.from_polygons(batch, **SIZE) == coco.frPyObjects([TRIANGLE, [5.0, *TRIANGLE[1:]]], 40, 120)


@pytest.mark.parametrize("number", [2, 31, 32, 33, 500, 5000])
def test_results_are_in_order_whatever_the_size_of_the_batch(number):
    batch = [[x % 90, 1.0, x % 90 + 9.5, 2.0, x % 90 + 4, x % 37 + 3] for x in range(number)]
    expected = coco.frPyObjects(batch, 40, 120)
    assert mask.from_polygons(batch, **SIZE) == expected
    assert mask.from_polygons([np.array(polygon) for polygon in batch], **SIZE) == expected
    plain = mask.from_polygons(batch, **SIZE, compressed=False)
    assert [mask.merge([rle]) for rle in plain] == expected


def test_dicts_of_a_batch_share_nothing_that_can_change():
    first, second = mask.from_polygons([TRIANGLE, TRIANGLE], **SIZE)
    first["size"].append(1)
    first["more"] = 1
    assert second == coco.frPyObjects([TRIANGLE], 40, 120)[0]


@pytest.mark.parametrize("number", [3, 3000])
def test_the_first_bad_shape_is_reported_but_one_that_cannot_be_read_before_it(number):
    batch = [TRIANGLE] * number
    batch[number // 3], batch[number // 2 + 1] = [1.0, 2.0], [math.nan] * 6
    for _ in range(20):
        with pytest.raises(framehaul.Error) as raised:
            mask.from_polygons(batch, **SIZE)
        assert (raised.value.code, raised.value.place.shape) == ("bad-shape", number // 3)
    for _ in range(20):
        with pytest.raises(TypeError):
            mask.from_polygons([*batch, [1.0, "2"]], **SIZE)
    assert mask.from_polygons(batch[:1], **SIZE) == coco.frPyObjects(batch[:1], 40, 120)


def test_other_threads_run_while_a_large_batch_is_filled():
    batch, counted, stop = [TRIANGLE * 100] * 5000, [0], threading.Event()

    def count():
        while not stop.is_set():
            counted[0] += 1

    thread = threading.Thread(target=count)
    thread.start()
    try:
        before = counted[0]
        rles = mask.from_polygons(batch, **SIZE)
        assert counted[0] > before
    finally:
        stop.set()
        thread.join()
    assert rles == [mask.from_polygons(batch[0], **SIZE)] * 5000
