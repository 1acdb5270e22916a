"""Lists of coordinates: read directly where the interpreter is known, and through its API, to the same numbers."""

from __future__ import annotations

import gc
import math
import sys
import threading
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from pycocotools import mask as coco

import framehaul
from framehaul import mask
from framehaul._core import _mask

SIZE = {"height": 40, "width": 120}
TRIANGLE = [1.0, 2.0, 30.5, 2.0, 4.0, 30.5]
BOTH_WAYS = pytest.mark.parametrize("directly", [True, False], ids=["directly", "through the API"])


class Sub(float):
    """A float whose conversion would tell if it were asked for."""

    def __float__(self):
        return 7.0


class Meddler:
    """A number that does something to the list when it is read."""

    def __init__(self, deed):
        self.deed = deed

    def __float__(self):
        self.deed()
        gc.collect()
        return 5.0


def test_released_interpreters_are_known():
    if sys.implementation.name == "cpython" and sys.version_info < (3, 16) and "free-threading" not in sys.version:
        assert _mask.read_list([1.5], directly=True) == [1.5]


@BOTH_WAYS
@pytest.mark.parametrize(
    "numbers",
    [
        [],
        [0.1],
        [0.0, -0.0, 1e-320, 1.7e308, math.inf, -math.inf],
        [1, 2, 2**60],
        [True, False, 1.5],
        [np.float64(1.5), np.float32(2.5), np.int16(-3), np.uint8(4)],
        [Decimal("1.25"), Fraction(1, 4)],
        [float(number) for number in range(10_000)],
        [1.5, 2, 2.5, 3, 3, 3.5, Sub(4), 4.5],
    ],
    ids=["none", "one", "extremes", "ints", "bools", "NumPy's", "other numbers", "many", "mixed"],
)
def test_numbers_come_back_as_they_are(numbers, directly):
    read = _mask.read_list(numbers, directly=directly)
    assert read == [float.__float__(v) if isinstance(v, float) else float(v) for v in numbers]
    assert [math.copysign(1, value) for value in read] == [math.copysign(1, value) for value in numbers]


@BOTH_WAYS
def test_nan_comes_back(directly):
    assert [math.isnan(value) for value in _mask.read_list([math.nan, 1.0, -math.nan], directly)] == [True, False, True]


@BOTH_WAYS
def test_a_list_of_a_derived_class_is_read_like_a_list(directly):
    assert _mask.read_list(type("Listed", (list,), {"extra": 1})([1.5, 2.5]), directly) == [1.5, 2.5]


@BOTH_WAYS
@pytest.mark.parametrize("other", ["1.5", None, [1.5], {}, 1j, b"1", object(), 10**400], ids=lambda v: type(v).__name__)
@pytest.mark.parametrize("place", [0, 3, 6])
def test_what_is_no_number_is_an_error_wherever_it_stands(other, place, directly):
    numbers = [*TRIANGLE[:place], other, *TRIANGLE[place:]]
    with pytest.raises((TypeError, OverflowError)):
        _mask.read_list(numbers, directly=directly)
    if place:  # what begins otherwise is taken for a batch
        with pytest.raises(TypeError, match="flat sequence of numbers"):
            mask.from_polygons(numbers, **SIZE)
    with pytest.raises(TypeError, match="flat sequence of numbers"):
        mask.from_polygons([TRIANGLE, numbers], **SIZE)


@BOTH_WAYS
@pytest.mark.parametrize(
    ("deed", "expected"),
    [
        (list.clear, [1.0, 5.0]),
        (lambda numbers: numbers.append(9.0), [1.0, 5.0, 2.0, 3.0, 9.0]),
        (lambda numbers: numbers.extend([8.0] * 1000), [1.0, 5.0, 2.0, 3.0, *[8.0] * 1000]),
        (list.pop, [1.0, 5.0, 2.0]),
        (lambda numbers: numbers.insert(0, 0.5), [1.0, 5.0, 5.0, 2.0, 3.0]),
        (lambda numbers: numbers.__setitem__(slice(2, 4), [6, 7.0]), [1.0, 5.0, 6.0, 7.0]),
    ],
    ids=["cleared", "longer", "moved", "shorter", "shifted", "replaced"],
)
def test_a_list_may_change_while_it_is_read(deed, expected, directly):
    calls = []

    def once():
        if not calls:
            calls.append(1)
            deed(numbers)

    numbers = [1.0, Meddler(once), 2.0, 3.0]
    assert _mask.read_list(numbers, directly=directly) == expected


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
