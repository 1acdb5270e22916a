"""What Ultralytics and Darknet load, and supervision of the same files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import framehaul
from backups import TRIANGLE, Job, Task, keyframe, label, paint, png, project, shape, tag, track, triangle

# Warnings of the tools are not ours.
pytestmark = pytest.mark.filterwarnings("ignore")


def ultralytics(folder: Path, split: str) -> dict[Path, list[list[float]]]:
    """The pictures of a split and the rows of their label files, by the rules of Ultralytics (its `data/utils.py` and
    `data/base.py`): lists stand beside `data.yaml`, pictures beside their list, and labels where `labels` is put for
    the last folder `images`.
    """
    data = pytest.importorskip("yaml").safe_load((folder / "data.yaml").read_text(encoding="utf-8"))
    assert {"train", "val", "names"} <= data.keys()
    assert list(data["names"]) == list(range(len(data["names"])))
    found = folder / data.get("path", "") / data[split]
    rows = {}
    for line in found.read_text(encoding="utf-8").splitlines():
        assert line.startswith("./")
        picture = found.parent / line[2:]
        before, _, after = str(picture).rpartition("/images/")
        labels = Path(f"{before}/labels/{after}").with_suffix(".txt")
        lines = labels.read_text().splitlines() if labels.exists() else []
        rows[picture.relative_to(folder)] = [[float(word) for word in row.split()] for row in lines]
    return rows


def is_loaded(rows: list[list[float]], *, columns: int, keypoints: int = 0) -> bool:
    """Whether Ultralytics keeps a picture with these rows (coordinates between 0 and 1, as older releases want)."""
    if any(len(row) > 6 for row in rows) and not keypoints:
        rows = [[row[0], *around(row[1:])] for row in rows]
    table = np.array(rows).reshape(-1, columns)
    points = table[:, 5:].reshape(len(table), keypoints, 3)[..., :2] if keypoints else table[:, 1:]
    return bool((points <= 1).all() and (table >= 0).all())


def around(points: list[float]) -> list[float]:
    """Centre and size of the box around points."""
    ring = np.array(points).reshape(-1, 2)
    low, high = ring.min(axis=0), ring.max(axis=0)
    return [*(low + high) / 2, *(high - low)]


BONES = [shape("points", "a", 0, [10, 10]), shape("points", "b", 0, [-900, 20], outside=True)]
STREET = Task(
    labels=[triangle("pose"), label("car"), label("person")],
    images=[("images/a.jpg", 100, 80), ("b.png", 200, 50)],
    jobs=[
        Job(
            0,
            1,
            shapes=[
                shape("rectangle", "car", 0, [-20, 10, 40, 60]),
                shape("rectangle", "car", 0, [-20, 10, -1, 60]),
                shape("rectangle", "person", 0, [-60, 10, 20, 20], rotation=30.0),
                shape("polygon", "person", 0, [80, 60, 120, 60, 120, 100, 80, 100]),
                shape("polygon", "person", 0, [101, 0, 120, 0, 120, 20]),
                shape("skeleton", "pose", 0, elements=[*BONES, shape("points", "c", 0, [200, 40], occluded=True)]),
                shape("skeleton", "pose", 0, elements=[shape("points", "c", 0, [-1, 40])]),
            ],
            tracks=[track("person", keyframe("rectangle", 1, [0, 0, 50, 20]))],
        )
    ],
)


@pytest.mark.parametrize(
    ("name", "columns", "rows"),
    [
        # The part in the picture; the box beside it is gone, and the turned one is no box for detection.
        ("yolo-detect", 5, [[1, 0.2, 0.4375, 0.4, 0.625]]),
        ("yolo-track", 5, [[1, 0.2, 0.4375, 0.4, 0.625]]),
        ("yolo-seg", 5, [[2, 0.8, 0.75, 1, 0.75, 1, 1, 0.8, 1]]),
    ],
)
def test_ultralytics_keeps_every_picture(written, unpacked, name, columns, rows):
    loaded = ultralytics(unpacked(written(STREET), name), "train")
    assert loaded[Path("images/train/images/a.jpg")] == rows
    assert set(loaded) == {Path("images/train/images/a.jpg"), Path("images/train/b.png")}
    assert all(is_loaded(rows, columns=columns) for rows in loaded.values())


def test_ultralytics_keeps_turned_boxes_whose_middle_is_in_the_picture(written, unpacked):
    loaded = ultralytics(unpacked(written(STREET), "yolo-obb"), "val")
    rows = loaded[Path("images/train/images/a.jpg")]
    assert [row[:3] for row in rows] == [[1, -0.2, 0.125]]
    assert is_loaded(rows, columns=5)


def test_ultralytics_takes_points_out_of_sight_for_absent(written, unpacked):
    folder = unpacked(written(STREET), "yolo-pose")
    loaded = ultralytics(folder, "train")
    # One point is left: it is the box.
    assert loaded[Path("images/train/images/a.jpg")] == [[0, 0.1, 0.125, 0, 0, 0.1, 0.125, 2, 0, 0, 0, 0, 0, 0]]
    assert all(is_loaded(rows, columns=14, keypoints=3) for rows in loaded.values())


@pytest.mark.parametrize(
    ("names", "flips"),
    [
        ("nose left_eye right_eye", [0, 2, 1]),
        ("Right-Ear LeftEar top", [1, 0, 2]),
        ("a b c", None),
        ("nose l r2", None),
    ],
)
def test_ultralytics_is_told_how_to_mirror_keypoints_if_their_names_tell_their_sides(written, unpacked, names, flips):
    parts = names.split()
    drawing = TRIANGLE
    for letter, part in zip("abc", parts, strict=True):
        drawing = drawing.replace(f'data-label-name="{letter}"', f'data-label-name="{part}"')
    points = [label(part, kind="points") for part in parts]
    pose = label("pose", kind="skeleton", sublabels=points, svg=drawing)
    task = Task(labels=[pose], images=[("a.jpg", 9, 9)], jobs=[Job(0, 0)])
    data = pytest.importorskip("yaml").safe_load((unpacked(written(task), "yolo-pose") / "data.yaml").read_text())
    assert (data["kpt_shape"], data.get("flip_idx")) == ([3, 3], flips)


def test_ultralytics_finds_what_is_for_training_and_what_is_for_validation(tmp_path, unpacked):
    tasks = [
        Task(labels=[label("car")], images=[(f"{subset}.png", 9, 9)], jobs=[Job(0, 0)], subset=subset)
        for subset in ("Train", "Validation", "archive")
    ]
    folder = unpacked(project(tmp_path / "project.zip", *tasks), "yolo-detect")
    assert list(ultralytics(folder, "train")) == [Path("images/Train/Train.png")]
    assert list(ultralytics(folder, "val")) == [Path("images/Validation/Validation.png")]
    assert sorted(path.name for path in folder.glob("*.txt")) == ["archive.txt", "train.txt", "val.txt"]


def test_the_report_says_where_training_and_validation_are_the_same(written, tmp_path):
    for name, times in (("yolo-detect", 1), ("yolo", 1), ("mot", 0)):
        report = framehaul.export(written(STREET), name, tmp_path / f"{name}.zip", profile="training")
        assert sum("validation" in note.message for note in report.notes) == times
        assert framehaul.export(written(STREET), name, tmp_path / f"{name}-cvat.zip").notes == ()


def test_supervision_loads_the_boxes_of_ultralytics(written, unpacked):
    supervision = pytest.importorskip("supervision")
    folder = unpacked(written(STREET), "yolo-detect")
    paint({folder / "images/train/images/a.jpg": (100, 80)})
    dataset = supervision.DetectionDataset.from_yolo(
        str(folder / "images/train/images"), str(folder / "images/train/labels"), str(folder / "data.yaml")
    )
    assert dataset.classes == ["pose", "car", "person"]
    [(_, _, boxes)] = dataset
    assert boxes.xyxy.tolist() == [pytest.approx([0, 10, 40, 60], abs=1e-3)]
    assert boxes.class_id.tolist() == [1]


def test_ultralytics_takes_folders_for_classes(tmp_path, unpacked):
    tasks = [
        Task(
            labels=[label("cat")],
            images=[("a.png", 9, 9), ("b.png", 9, 9)],
            jobs=[Job(0, 1, tags=[tag("cat", 0)])],
            subset=subset,
        )
        for subset in ("", "Valid")
    ]
    folder = unpacked(project(tmp_path / "project.zip", *tasks), "yolo-cls")
    for split in ("train", "val"):
        listed = json.loads((folder / split / "labels.json").read_text())
        assert {name: each["path"] for name, each in listed.items()} == {"a": "cat/a.png", "b": ""}


# Darknet


def test_darknet_finds_its_lists_its_names_and_its_numbers(tmp_path, unpacked):
    tasks = [
        Task(
            labels=STREET.labels,
            images=[(f"{subset}.png", 100, 80)],
            jobs=[Job(0, 0, shapes=[shape("rectangle", "person", 0, [-10, 20, 30, 60])])],
            subset=subset,
        )
        for subset in ("training", "valid")
    ]
    folder = unpacked(project(tmp_path / "project.zip", *tasks), "yolo")
    options = dict(line.split(" = ") for line in (folder / "obj.data").read_text().splitlines())
    assert options.keys() >= {"train", "valid", "names", "backup", "classes"}
    names = (folder / options["names"]).read_text().splitlines()
    assert (names, options["classes"]) == (["pose", "car", "person"], "3")
    for split, subset in (("train", "training"), ("valid", "valid")):
        [picture] = (folder / options[split]).read_text().splitlines()
        assert picture == f"obj_{subset}_data/{subset}.png"
        [row] = (folder / picture).with_suffix(".txt").read_text().splitlines()
        number, *box = row.split()
        assert names[int(number)] == "person"
        assert [float(share) for share in box] == [0.15, 0.5, 0.3, 0.5]


def test_darknet_finds_the_label_file_of_every_image(tmp_path, unpacked):
    names = ["images/a.jpg", "JPEGImages/a.png", "raw/a.jpg", "strawberry.png", "b.jpg.png", "Raw/a.jpg", "b.png"]
    boxes = [shape("rectangle", "car", frame, [0, 0, 10 + frame, 10]) for frame in range(len(names))]
    task = Task(
        labels=[label("car")],
        images=[(name, 100, 100) for name in names],
        jobs=[Job(0, len(names) - 1, shapes=boxes)],
        files={name: png(100, 100) for name in names},
        subset="raw images",
    )
    folder = unpacked(project(tmp_path / "project.zip", task), "yolo", save_images=True)
    images = (folder / "train.txt").read_text().splitlines()
    assert len(set(images)) == len(names)
    for find in (darknet_label, alexeyab_label):
        rows = [(folder / find(image)).read_text() for image in images]
        assert rows == [box_row(10 + frame) for frame in range(len(names))]
    assert all((folder / image).exists() for image in images)


def box_row(width: int) -> str:
    return f"0 {width / 200:.6f} 0.050000 {width / 100:.6f} 0.100000\n"


def darknet_label(image: str) -> str:
    """The label file of an image (`fill_truth_detection` in Darknet's `src/data.c`): each word is replaced once,
    wherever it stands.
    """
    for old, new in [("images", "labels"), ("JPEGImages", "labels"), ("raw", "labels")]:
        image = image.replace(old, new, 1)
    for old in (".jpg", ".png", ".JPG", ".JPEG"):
        image = image.replace(old, ".txt", 1)
    return image


def alexeyab_label(image: str) -> str:
    """The same in the fork of AlexeyAB (`replace_image_to_label` in `src/utils.c`)."""
    for old in ("/images/train2017/", "/images/val2017/", "/JPEGImages/", "/VOC2007/JPEGImages/"):
        image = image.replace(old, "/labels/", 1)
    return str(Path(image).with_suffix(".txt"))


# What all of them share


DETECTION = ["yolo", "yolo-detect", "yolo-track"]


@pytest.mark.parametrize("name", DETECTION)
def test_images_of_one_stem_have_label_files_of_their_own(tmp_path, unpacked, written, name):
    task = Task(
        labels=[label("car")],
        images=[("a.jpg", 100, 100), ("a.png", 100, 100), ("a_1.png", 100, 100)],
        jobs=[Job(0, 2, shapes=[shape("rectangle", "car", frame, [0, 0, 10 + frame, 10]) for frame in range(3)])],
    )
    folder = unpacked(written(task), name)
    texts = sorted(path for path in folder.rglob("*.txt") if path.name.startswith("a"))
    assert [path.name for path in texts] == ["a.txt", "a_1.txt", "a_2.txt"]
    assert [path.read_text() for path in texts] == [box_row(10), box_row(12), box_row(11)]
    images = (folder / "train.txt").read_text().splitlines()
    assert [Path(image).name for image in images] == ["a.jpg", "a_2.png", "a_1.png"]
    report = framehaul.export(written(task), name, tmp_path / "report.zip", profile="training")
    assert report.dropped == 0
    assert [note.message for note in report.notes if "numbered" in note.message]


def test_classes_keep_images_of_one_stem(written, unpacked):
    task = Task(
        labels=[label("cat"), label("dog")],
        images=[("a.jpg", 9, 9), ("a.png", 9, 9)],
        jobs=[Job(0, 1, tags=[tag("cat", 0), tag("dog", 1)])],
    )
    listed = json.loads((unpacked(written(task), "yolo-cls") / "train/labels.json").read_text())
    assert {name: (each["labels"], each["path"]) for name, each in listed.items()} == {
        "a": (["cat"], "cat/a.jpg"),
        "a_1": (["dog"], "dog/a_1.png"),
    }


@pytest.mark.parametrize(
    ("subsets", "train", "val", "test", "note"),
    [
        (["val", "test"], ["val"], ["val"], ["test"], "no subset is for training"),
        (["Test"], [], [], ["Test"], "the only subset is for testing"),
        (["train", "test"], ["train"], ["train"], ["test"], "no subset is called val"),
        (["train", "val", "test"], ["train"], ["val"], ["test"], None),
        (["a", "test"], ["a"], ["a"], ["test"], "no subset is called val"),
    ],
)
@pytest.mark.parametrize("name", ["yolo", "yolo-detect", "yolo-seg", "yolo-obb", "yolo-pose"])
def test_nobody_trains_on_the_test_set(tmp_path, unpacked, name, subsets, train, val, test, note):
    tasks = [
        Task(labels=[triangle("pose")], images=[(f"{subset}.png", 9, 9)], jobs=[Job(0, 0)], subset=subset)
        for subset in subsets
    ]
    source = project(tmp_path / "project.zip", *tasks)
    folder = unpacked(source, name)
    if name == "yolo":
        options = dict(line.split(" = ") for line in (folder / "obj.data").read_text().splitlines())
        splits = [options["train"], options["valid"], options.get("test")]
    else:
        data = pytest.importorskip("yaml").safe_load((folder / "data.yaml").read_text())
        splits = [data["train"], data["val"], data.get("test")]
    found = [[Path(line).stem for line in (folder / split).read_text().splitlines()] for split in splits]
    assert found == [train, val, test]
    report = framehaul.export(source, name, tmp_path / "report.zip", profile="training")
    told = [each.message for each in report.notes if "train" in each.message]
    assert [note in message for message in told] == ([True] if note else [])
