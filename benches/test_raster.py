"""The pixel kernels beside OpenCV, Pillow, pycocotools and those who rewrote it.

    pytest benches/test_raster.py --benchmark-enable                # each function for itself
    python -W ignore benches/test_raster.py [WORD ...]              # COCO's kernels, all tools in turns

All tools do the same work on the same data; that they give the same result is asserted before any is timed.
vernier is not among them: it has no mask functions of its own that are public.
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import math
import random
import sys
import time
from functools import cache, partial

import cv2
import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco

from framehaul import mask, raster

# pycocotools' own arrays are not ready for NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

HEIGHT, WIDTH = 1080, 1920
SIZE = {"height": HEIGHT, "width": WIDTH}
BATCH = 1000


def installed(**modules):
    """What has the functions of pycocotools.mask, by name. Benchmarks of pull requests do without the extra `bench`."""
    return {
        name.replace("_", "-"): importlib.import_module(module)
        for name, module in modules.items()
        if importlib.util.find_spec(module.partition(".")[0])
    }


TOOLS = installed(
    pycocotools="pycocotools.mask",
    hotcoco="hotcoco.mask",
    faster_coco_eval="faster_coco_eval.core.mask",
    ultrafast_pycocotools="ultrafast_pycocotools.mask",
)


def outline(corners, radius=60, seed=0):
    """A polygon like those that annotators draw: a dented round shape, two decimals."""
    chance = random.Random(1000 * corners + seed)
    x, y = chance.uniform(radius, WIDTH - radius), chance.uniform(radius, HEIGHT - radius)
    waves = [(order, chance.uniform(0, 0.3 / order), chance.uniform(0, 7)) for order in (2, 3, 5, 8)]
    result = []
    for turn in (2 * math.pi * i / corners for i in range(corners)):
        r = radius * (0.7 + sum(size * math.sin(order * turn + phase) for order, size, phase in waves))
        result += [round(x + r * math.cos(turn), 2), round(y + r * math.sin(turn), 2)]
    return result


def disc(radii):
    return cv2.ellipse(np.zeros((HEIGHT, WIDTH), np.uint8), (900, 500), radii, 20, 0, 360, 1, -1)


def both(name, ours, theirs, same=lambda a, b: a == b):
    """The two parameters of a comparison: a function that is timed, and one that must give the same."""
    return [
        pytest.param((name, ours, theirs, same), id=f"{name}: framehaul", marks=pytest.mark.gate),
        pytest.param((name, theirs, ours, same), id=f"{name}: reference"),
    ]


def polygons(corners, kind=list):
    batch = [kind(outline(corners, seed=i)) for i in range(BATCH)]
    given = "" if kind is list else " as arrays"
    return (
        f"{BATCH} polygons of {corners} points{given} to RLE",
        lambda: mask.from_polygons(batch, **SIZE),
        lambda tool: tool.frPyObjects(batch, HEIGHT, WIDTH),
    )


def one_polygon(corners):
    polygon = outline(corners)
    return (
        f"one polygon of {corners} points to RLE",
        lambda: [mask.from_polygons(polygon, **SIZE)],
        lambda tool: tool.frPyObjects([polygon], HEIGHT, WIDTH),
    )


IMAGE = disc((300, 200))
NOISE = np.random.default_rng(0).integers(0, 2, (HEIGHT, WIDTH), np.uint8)
RLES = coco.frPyObjects([outline(60, seed=i) for i in range(BATCH)], HEIGHT, WIDTH)


def cvat_points():
    """A mask of 60 x 40 pixels in CVAT's numbers: an ellipse with a hole."""
    crop = cv2.ellipse(np.zeros((40, 60), np.uint8), (30, 20), (29, 19), 0, 0, 360, 1, -1)
    cv2.circle(crop, (25, 18), 6, 0, -1)
    edges = np.flatnonzero(np.diff(crop.ravel(), prepend=0, append=2))
    return [*np.diff(edges, prepend=0).tolist(), 700, 400, 759, 439]


def decode_paste_encode(points):
    """How CVAT makes a COCO mask: pixels of the box, pasted into a frame, encoded."""
    left, top, right, bottom = points[-4:]
    counts = points[:-4]
    crop = np.repeat(np.arange(len(counts)) % 2, counts).astype(np.uint8).reshape(bottom - top + 1, right - left + 1)
    frame = np.zeros((HEIGHT, WIDTH), np.uint8)
    frame[top : bottom + 1, left : right + 1] = crop
    return coco.encode(np.asfortranarray(frame))


POINTS = cvat_points()


def ellipses(radii):
    return both(
        f"ellipse of {radii[0]} x {radii[1]} to an image",
        lambda: raster.fill_ellipse((900, 500), radii, angle_degrees=20, **SIZE),
        lambda: disc(radii),
        np.array_equal,
    )


def same_contours(a, b):
    return all(np.array_equal(p.reshape(-1), q.reshape(-1)) for p, q in zip(a[0], b[0], strict=True))


def outlines(name, image):
    rle = mask.encode(image)
    find = (cv2.RETR_TREE, cv2.CHAIN_APPROX_TC89_KCOS)
    return [
        *both(
            f"contours of {name}, from an image",
            lambda: raster.contours(image),
            lambda: cv2.findContours(image, *find),
            same_contours,
        ),
        *both(
            f"contours of {name}, from RLE",
            lambda: raster.contours(rle),
            lambda: cv2.findContours(coco.decode(rle), *find),
            same_contours,
        ),
    ]


def sieve(rows, columns):
    """A plate with round holes in rows."""
    y, x = np.mgrid[-4:4, -4:4]
    return np.tile(x * x + y * y > 6, (rows, columns)).astype(np.uint8)


def one_polygon_of_holes(rows, columns):
    """Nobody else's splicing ends in sensible time, so it is timed beside the first half of the work."""
    image = sieve(rows, columns)
    rle = mask.encode(image)
    return both(
        f"{rows * columns} holes to one polygon, beside finding them",
        lambda: raster.polygons(rle),
        lambda: cv2.findContours(image, cv2.RETR_TREE, cv2.CHAIN_APPROX_TC89_KCOS),
        same_vertices,
    )


def same_vertices(a, b):
    """Whether the vertices of one polygon are those of contours, apart from the two more for each hole and the last."""
    [[polygon], [contours, _]] = sorted((a, b), key=len)
    vertices = {tuple(vertex) for contour in contours for vertex in contour[:, 0].tolist()}
    count = sum(len(contour) + 2 for contour in contours) - 1
    return len(polygon) == 2 * count and {*zip(polygon[::2], polygon[1::2], strict=True)} == vertices


def by_pillow(labels):
    file = io.BytesIO()
    Image.fromarray(labels).save(file, "PNG")
    return file.getvalue()


def by_opencv(labels):
    return cv2.imencode(".png", labels)[1]


def same_pixels(a, b):
    """Whether two PNGs, one or several each, are of the same pixels."""
    read = [[cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED) for file in files] for files in (a, b)]
    return all(p.dtype == q.dtype and np.array_equal(p, q) for p, q in zip(*read, strict=True))


def label_pngs(number):
    """PNGs of label maps: from the map itself, and from masks, which the others are given painted."""
    rles = RLES[:number]
    labels = raster.label_map(rles, **SIZE)
    tools = {"Pillow": by_pillow, "OpenCV": by_opencv}
    return [
        pair
        for tool, write in tools.items()
        for pair in (
            *both(
                f"label PNG of {number} objects, beside {tool}",
                lambda: [raster.label_png(labels)],
                lambda write=write: [write(labels)],
                same_pixels,
            ),
            *both(
                f"label PNG of {number} masks, beside {tool}",
                lambda: [raster.masks_png(rles, **SIZE)],
                lambda write=write: [write(labels)],
                same_pixels,
            ),
        )
    ]


def encoding(name, make):
    """An image in both orders, made when it is needed. hotcoco takes rows, too; the others get what they ask for."""
    image = cache(lambda: np.ascontiguousarray(make()))
    turned = cache(lambda: np.asfortranarray(make()))

    def by_rows(tool):
        return tool.encode(image() if tool is TOOLS.get("hotcoco") else np.asfortranarray(image()))

    return [
        (f"encode {name} stored by columns", lambda: mask.encode(turned()), lambda tool: tool.encode(turned())),
        (f"encode {name} stored by rows", lambda: mask.encode(image()), by_rows),
    ]


def stack_of_masks(number):
    """Masks of one size, from one seed, stacked along the last axis."""
    return coco.decode(coco.frPyObjects([outline(60, radius=120, seed=i) for i in range(number)], HEIGHT, WIDTH))


def same_numbers(a, b):
    return np.array_equal(np.asarray(a), np.asarray(b))


# The name of a kernel, what framehaul does, what another tool does, and whether both gave the same.
KERNELS = [
    *encoding("an image", lambda: IMAGE),
    *encoding("noise", lambda: NOISE),
    *encoding("a stack of 50", lambda: stack_of_masks(50)),
    ("decode a mask", lambda: mask.decode(RLES[0]), lambda tool: tool.decode(RLES[0]), np.array_equal),
    ("decode 50 masks", lambda: mask.decode(RLES[:50]), lambda tool: tool.decode(RLES[:50]), np.array_equal),
    # pycocotools cannot take the area of more than 255 masks.
    ("area of 200 masks", lambda: mask.area(RLES[:200]), lambda tool: tool.area(RLES[:200]), same_numbers),
    ("box of 1000 masks", lambda: mask.bbox(RLES), lambda tool: tool.toBbox(RLES), np.array_equal),
    ("union of 2 masks", lambda: mask.merge(RLES[:2]), lambda tool: tool.merge(RLES[:2])),
    ("union of 100 masks", lambda: mask.merge(RLES[:100]), lambda tool: tool.merge(RLES[:100])),
    (
        "intersection of 100 masks",
        lambda: mask.merge(RLES[:100], intersect=True),
        lambda tool: tool.merge(RLES[:100], True),  # noqa: FBT003
    ),
    *(
        (
            f"IoU of {number} x {number} masks",
            lambda n=number: mask.iou(RLES[:n], RLES[-n:]),
            lambda tool, n=number: tool.iou(RLES[:n], RLES[-n:], [0] * n),
            np.allclose,
        )
        for number in (1, 100, BATCH)
    ),
    *(polygons(corners) for corners in (12, 60, 200)),
    polygons(200, np.array),
    *(one_polygon(corners) for corners in (12, 60, 200)),
]

COMPARISONS = [
    *label_pngs(20),
    *label_pngs(200),
    *label_pngs(BATCH),
    *(pair for name, ours, theirs, *same in KERNELS for pair in both(name, ours, partial(theirs, coco), *same)),
    *both("CVAT mask of 60 x 40 to RLE", lambda: mask.from_cvat(POINTS, **SIZE), lambda: decode_paste_encode(POINTS)),
    *ellipses((20, 12)),
    *ellipses((300, 200)),
    *outlines("a small mask", disc((20, 12))),
    *outlines("a large mask", disc((300, 200))),
    *outlines("a mask with 20000 holes", sieve(100, 200)),
    *one_polygon_of_holes(25, 40),
    *one_polygon_of_holes(100, 200),
]


@pytest.mark.parametrize("comparison", COMPARISONS)
def test_pixels(benchmark, comparison):
    benchmark.group, timed, other, same = comparison
    assert same(timed(), other())
    benchmark(timed)


def in_turns(functions, seconds):
    """The shortest time of each function, called one after another again and again, in milliseconds."""
    shortest = [math.inf] * len(functions)
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or math.inf in shortest:
        for place, function in enumerate(functions):
            start = time.perf_counter()
            function()
            shortest[place] = min(shortest[place], 1000 * (time.perf_counter() - start))
    return shortest


def compare_tools(words, seconds=4):
    """Prints a line for each kernel: the time of framehaul and of all tools, and who is first."""
    print(f"{'milliseconds':44}", *(f"{name:>22}" for name in ("framehaul", *TOOLS)))
    for name, ours, theirs, *same in KERNELS:
        if words and not any(word in name for word in words):
            continue
        functions = [ours, *(partial(theirs, tool) for tool in TOOLS.values())]
        equal = same[0] if same else lambda a, b: a == b
        for tool, function in zip(TOOLS, functions[1:], strict=True):
            if not equal(ours(), function()):
                sys.exit(f"{tool} gives something else for: {name}")
        times = in_turns(functions, seconds)
        print(f"{name:44}", *(f"{time:21.4f}{'*' if time == min(times) else ' '}" for time in times), flush=True)


if __name__ == "__main__":
    compare_tools(sys.argv[1:])
