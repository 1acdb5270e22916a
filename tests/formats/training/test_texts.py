"""What the readers of the ICDAR data sets, by their rules, and OpenCV make of texts and the boxes around them."""

from __future__ import annotations

import re

import cv2
import numpy as np
from PIL import Image

import framehaul
from backups import Job, Task, attribute, label, png, project, shape, tag

TEXT = attribute("text")


def words(path) -> list[tuple[list[int], str]]:
    """The lines of a file by the rule of the evaluation of ICDAR 2015: eight whole numbers clockwise, then the text."""
    read = []
    for line in path.read_text(encoding="utf-8").splitlines():
        *numbers, text = re.fullmatch(8 * r"(-?\d+)," + "(.*)", line).groups()
        ring = [(int(x), int(y)) for x, y in zip(numbers[::2], numbers[1::2], strict=True)]
        after = [*ring[1:], ring[0]]
        assert sum((b[0] - a[0]) * (b[1] + a[1]) for a, b in zip(ring, after, strict=True)) < 0
        read.append(([int(number) for number in numbers], text))
    return read


def test_every_line_of_localization_is_four_corners_and_a_text(written, unpacked):
    shapes = [
        shape("rectangle", "word", 0, [10.4, 1.5, 20.2, 3.3], text='he"l,o'),
        shape("rectangle", "word", 0, [10, 10, 20, 14], rotation=90.0, text="up"),
        shape("polygon", "word", 0, [1, 1, 1, 9, 9, 9, 9, 1], text=""),
        shape("polygon", "mark", 0, [-3, 0, 4, 0, 4, 2, -3, 2]),
        shape("polygon", "mark", 0, [1, 1, 1.2, 1, 1.2, 1.2]),
        shape("points", "mark", 0, [1, 1]),
        shape("ellipse", "word", 0, [5, 5, 8, 2]),
        shape("cuboid", "word", 0, [1.0] * 16),
        shape("rectangle", "mark", 1, [0, 0, 5, 5]),
    ]
    task = Task(
        labels=[label("word", TEXT), label("mark")],
        images=[("a/b.jpg", 30, 30), ("a/b.png", 30, 30), ("c.png", 30, 30)],
        jobs=[Job(0, 2, tags=[tag("word", 0)], shapes=shapes)],
    )
    folder = unpacked(written(task), "icdar-localization") / "default"
    assert words(folder / "a/gt_b.txt") == [
        ([10, 2, 20, 2, 20, 3, 10, 3], 'he"l,o'),
        ([17, 7, 17, 17, 13, 17, 13, 7], "up"),
        # It ran the other way round, and begins where it began.
        ([1, 1, 9, 1, 9, 9, 1, 9], "###"),
        ([-3, 0, 4, 0, 4, 2, -3, 2], "###"),
    ]
    assert words(folder / "a/gt_b_1.txt") == [([0, 0, 5, 0, 5, 5, 0, 5], "###")]
    assert (folder / "gt_c.txt").read_bytes() == b""


def test_polygons_of_other_corners_have_the_smallest_box_that_opencv_finds(written, unpacked):
    random = np.random.default_rng(7)
    rings = [random.integers(0, 200, (corners, 2)).astype(float) for corners in (3, 5, 6, 7, 8, 12) * 5]
    rings += [np.array([[0, 0], [100, 0], [0, 100], [100, 100]])]  # crosses itself
    rings += [np.array([[0, 0], [100, 0], [10, 10], [0, 100]])]  # bends both ways
    shapes = [shape("polygon", "mark", 0, ring.ravel().tolist()) for ring in rings]
    task = Task(labels=[label("mark")], images=[("a.jpg", 200, 200)], jobs=[Job(0, 0, shapes=shapes)])
    read = words(unpacked(written(task), "icdar-localization") / "default/gt_a.txt")
    for (corners, _), ring in zip(read, rings, strict=True):
        box = np.array(corners, np.float32).reshape(4, 2)
        # Half a pixel of each corner is rounded.
        assert all(cv2.pointPolygonTest(box, point, measureDist=True) >= -1 for point in ring.tolist())
        (_, (width, height), _) = cv2.minAreaRect(ring.astype(np.float32))
        assert abs(cv2.contourArea(box) - width * height) <= 2 * (width + height)


def test_every_line_of_recognition_is_a_picture_and_its_one_text(tmp_path, unpacked):
    task = Task(
        labels=[label("word", TEXT), label("mark")],
        images=[(f"{name}.png", 9, 9) for name in ("word_1", "word_2", "a, b", "word_4", "word_5")],
        files={f"{name}.png": png(9, 9) for name in ("word_1", "word_2", "a, b", "word_4", "word_5")},
        jobs=[
            Job(
                0,
                4,
                tags=[tag("word", 0, text=r'a "b", \c'), tag("mark", 0), tag("word", 2, text="x")],
                shapes=[
                    shape("rectangle", "word", 0, [0, 0, 1, 1], text=""),
                    shape("rectangle", "word", 3, [0, 0, 1, 1], text="one"),
                    shape("rectangle", "word", 3, [0, 0, 1, 1], text="two"),
                ],
            )
        ],
    )
    source = project(tmp_path / "project.zip", task)
    folder = unpacked(source, "icdar-recognition", save_images=True) / "default"
    lines = (folder / "gt.txt").read_text(encoding="utf-8").splitlines()
    assert lines == [r'word_1.png, "a \"b\", \\c"', 'a, b.png, "x"']
    # The readers of the data set part a line at the first comma.
    name, text = lines[0].split(", ", 1)
    assert (folder / name).is_file()
    assert re.sub(r"\\(.)", r"\1", text[1:-1]) == r'a "b", \c'
    report = framehaul.export(source, "icdar-recognition", tmp_path / "out.zip", profile="training")
    assert [(note.message.split(":")[0], note.times) for note in report.notes] == [
        ("the name of a picture has a comma in it, at which readers part its line", 1)
    ]
    dropped = {row.detail: row.annotations for row in report.rows if row.outcome == "dropped"}
    assert sum(dropped.values()) == 4
    assert dropped["a picture of ICDAR Recognition is one word, and several texts are on it"] == 2


def test_characters_of_segmentation_have_the_colour_and_the_box_of_their_line(written, unpacked):
    character = label("character", TEXT, attribute("index", "number", "0"), attribute("center"))
    shapes = [
        shape("rectangle", "character", 0, [2, 2, 8, 6], index="7", text='"'),
        shape("rectangle", "character", 0, [20, 10, 30, 16], index="3", text="b"),
    ]
    task = Task(labels=[character], images=[("a.jpg", 40, 20)], jobs=[Job(0, 0, shapes=shapes)])
    folder = unpacked(written(task), "icdar-segmentation") / "default"
    with Image.open(folder / "a_GT.bmp") as opened:
        pixels = np.array(opened)
    lines = (folder / "a_GT.txt").read_text().splitlines()
    texts = []
    for line in lines:
        *numbers, text = re.fullmatch(9 * r"(\d+) " + '"(.*)"', line).groups()
        red, green, blue, x, y, left, top, right, bottom = map(int, numbers)
        assert pixels[top:bottom, left:right].reshape(-1, 3).tolist() == [[red, green, blue]] * (right - left) * (
            bottom - top
        )
        assert pixels[y, x].tolist() == [red, green, blue]
        texts.append(text)
    assert texts == ["b", r"\""]
