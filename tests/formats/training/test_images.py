"""What the tools of data sets of label images load."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest

import framehaul
from backups import Job, Task, attribute, keyframe, label, png, project, shape, track

# Warnings of the tools are not ours.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def painted(tmp_path):
    """A video with a polygon, a mask and a box on its first frame, and a track that begins on its second."""
    labels = [label("car", color="#ff0000"), label("traffic light", color="#00ff00")]
    shapes = [
        shape("polygon", "car", 0, [2, 2, 12, 2, 12, 12, 2, 12]),
        shape("polygon", "car", 0, [20, 2, 30, 2, 30, 12, 20, 12]),
        shape("mask", "traffic light", 0, [0, 9, 4, 20, 6, 22]),
        shape("rectangle", "traffic light", 0, [1, 20, 9, 28]),
    ]
    tracks = [track("car", keyframe("rectangle", 1, [4, 4, 8, 8]))]
    task = Task(labels=labels, jobs=[Job(0, 1, shapes=shapes, tracks=tracks)], video=(40, 30))
    return task.backup(tmp_path / "painted.zip")


def test_the_numbers_of_classes_and_objects_of_voc_stand_behind_its_palette(painted, unpacked):
    image = pytest.importorskip("PIL.Image")
    folder = unpacked(painted, "Segmentation mask 1.1")
    names = [line.split(":")[0] for line in (folder / "labelmap.txt").read_text().splitlines()[1:]]
    with image.open(folder / "SegmentationClass" / "frame_000000.png") as classes:
        assert classes.mode == "P"
        numbers = np.array(classes)
        palette = classes.getpalette()
    assert names[numbers[5, 5]] == "car"
    assert names[numbers[21, 5]] == "traffic light"
    assert names[numbers[0, 0]] == "background"
    assert palette[3 * numbers[5, 5] :][:3] == [255, 0, 0]
    with image.open(folder / "SegmentationObject" / "frame_000000.png") as objects:
        assert np.array(objects)[[5, 5, 0], [5, 25, 0]].tolist() == [1, 2, 0]
        assert objects.getpalette()[:9] == [0, 0, 0, 128, 0, 0, 0, 128, 0]


@pytest.mark.parametrize("name", ["voc", "segmentation-mask"])
def test_every_name_in_the_lists_of_segmentation_has_a_picture_and_its_images(tmp_path, unpacked, name):
    image = pytest.importorskip("PIL.Image")
    names = ["a/x.png", "y.png", "points.png"]
    shapes = [shape("mask", "car", 0, [0, 9, 2, 2, 4, 4]), shape("points", "car", 2, [1, 1])]
    task = Task(
        labels=[label("car")],
        images=[(name, 20, 10) for name in names],
        files={name: png(20, 10) for name in names},
        jobs=[Job(0, 2, shapes=shapes)],
    )
    source = project(tmp_path / "project.zip", *[replace(task, subset=subset) for subset in ("Train", "validation")])
    folder = unpacked(source, name, save_images=True)
    read = {}
    for split in ("train", "val"):
        # As VOCSegmentation of torchvision reads them.
        for stem in (folder / "ImageSets" / "Segmentation" / f"{split}.txt").read_text().split():
            assert (folder / "JPEGImages" / f"{stem}.png").is_file()
            with image.open(folder / "SegmentationClass" / f"{stem}.png") as opened:
                read[split, stem] = np.unique(np.array(opened)).tolist()
    assert read == {
        ("train", "a/x"): [0, 1],
        ("train", "y"): [0],
        ("val", "a/x_1"): [0, 1],
        ("val", "y_1"): [0],
    }


def test_kitti_tells_instances_apart_and_every_picture_has_rows_of_fifteen_columns(painted, unpacked):
    image = pytest.importorskip("PIL.Image")
    folder = unpacked(painted, "KITTI 1.0") / "default"
    names = [line.split(" ", 3)[3] for line in (folder.parent / "label_colors.txt").read_text().splitlines()]
    with image.open(folder / "instance" / "frame_000000.png") as instances:
        values = np.array(instances)
    car = names.index("car")
    assert values[[5, 5, 0], [5, 25, 0]].tolist() == [256 * car + 1, 256 * car + 2, 0]
    with image.open(folder / "semantic" / "frame_000000.png") as semantic:
        assert semantic.mode == "L"
        assert np.array(semantic)[5, 5] == car
    rows = [line.split() for line in (folder / "label_2" / "frame_000000.txt").read_text().splitlines()]
    assert [(row[0], len(row)) for row in rows] == [("traffic_light", 15)]
    empty = Task(labels=[label("car")], jobs=[Job(0, 0)]).backup(painted.with_name("empty.zip"))
    assert (unpacked(empty, "kitti") / "default" / "label_2" / "frame_000000.txt").read_text() == ""


def test_mots_has_an_image_for_every_frame_of_a_sequence_and_tracks_from_1(painted, unpacked):
    image = pytest.importorskip("PIL.Image")
    folder = unpacked(painted, "MOTS PNG 1.0") / "default" / "instances"
    # As mots_tools reads a folder of results: sequences of four digits, the stem of a file is the frame.
    found = {}
    for path in sorted((folder / "0000").glob("*.png")):
        with image.open(path) as opened:
            found[int(path.stem)] = np.array(opened)
    assert sorted(found) == [0, 1]
    assert not found[0].any()
    assert np.unique(found[1]).tolist() == [0, 1001]
    assert divmod(int(found[1][5, 5]), 1000) == (1, 1)


def test_the_lists_of_camvid_lead_to_a_picture_and_to_an_image_of_numbers(tmp_path, unpacked):
    image = pytest.importorskip("PIL.Image")
    names = ["a/x.png", "a/x.PNG", "y z.png"]
    task = Task(
        labels=[label("zoo", color="#0000ff"), label("ant", color="#ff0000")],
        images=[(name, 20, 10) for name in names],
        files={name: png(20, 10) for name in names},
        jobs=[
            Job(0, 2, shapes=[shape("rectangle", "zoo", 0, [0, 0, 4, 4]), shape("rectangle", "ant", 1, [0, 0, 4, 4])])
        ],
    )
    source = project(tmp_path / "project.zip", *[replace(task, subset=name) for name in ("one", "two", "Valid")])
    folder = unpacked(source, "camvid", save_images=True)
    classes = [line.split()[3] for line in (folder / "label_colors.txt").read_text().splitlines()]
    read = {}
    for split in ("train", "val"):
        lines = (folder / f"{split}.txt").read_text().splitlines()
        # ChainerCV splits at blanks and takes SegNet's own folder away.
        for line in (line for line in lines if '"' not in line):
            picture, numbers = (folder / path.replace("/SegNet/CamVid/", "") for path in line.split())
            with image.open(picture) as opened:
                size = opened.size
            with image.open(numbers) as opened:
                assert (opened.size, opened.mode) == (size, "L")
                pixels = np.array(opened)
            read[str(picture.relative_to(folder))] = [classes[pixels[at]] for at in ((1, 1), (8, 8))]
    zoo, ant = (["zoo", "background"], ["ant", "background"])
    assert read == {
        "train/a/x.png": zoo,
        "train/a/x_1.png": ant,
        "train/a/x_2.png": zoo,
        "train/a/x_1_1.png": ant,
        "val/a/x.png": zoo,
        "val/a/x_1.png": ant,
    }
    # Readers that list the folders find as many images as pictures.
    assert len(list((folder / "train").rglob("*.png"))) == len(list((folder / "trainannot").rglob("*.png"))) == 6
    report = framehaul.export(source, "camvid", tmp_path / "out.zip", profile="training")
    assert [note.times for note in report.notes if "blank" in note.message] == [3]


def test_masks_of_open_images_are_black_and_white(painted, unpacked):
    image = pytest.importorskip("PIL.Image")
    paths = sorted((unpacked(painted, "Open Images V6 1.0") / "masks").rglob("*.png"))
    assert len(paths) == 3
    for path in paths:
        with image.open(path) as mask:
            assert np.unique(np.array(mask)).tolist() == [0, 255]


def test_no_two_masks_of_open_images_have_one_file(tmp_path, unpacked):
    image = pytest.importorskip("PIL.Image")
    names = ["a/b.jpg", "ab.jpg", "a b.png", "A-B.jpg", "дом.jpg", "дом.png"]
    labels = [label("/m/01g317"), label("X 1"), label("x1"), label("дом"), label("b_c", attribute("box_id"))]
    shapes = []
    for frame in range(len(names)):
        # Each mask has a width of its own, so that files cannot be taken for each other.
        for place, each in enumerate(labels):
            box_id = {"box_id": "../00000000"} if each["name"] == "b_c" and frame else {}
            width = 1 + frame * len(labels) + place
            ring = [0, 0, width, 0, width, 2, 0, 2]
            shapes.append(shape("polygon", each["name"], frame, ring, group=7 * (place < 2), **box_id))
    task = Task(labels=labels, images=[(name, 90, 4) for name in names], jobs=[Job(0, 5, shapes=shapes)])
    source = project(tmp_path / "project.zip", *[replace(task, subset=name) for name in ("t", "v")])
    folder = unpacked(source, "open-images")
    found = {}
    for subset in ("t", "v"):
        table = folder / "annotations" / f"{subset}-annotations-object-segmentation.csv"
        with table.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                with image.open(folder / "masks" / subset / row["MaskPath"]) as mask:
                    width = np.array(mask)[0].tolist().count(255)
                assert width not in found.get((subset, row["ImageID"]), {})
                assert len(row["MaskPath"].encode()) < 200
                found.setdefault((subset, row["ImageID"]), {})[width] = row["LabelName"]
    # The masks of a group are one, of its largest: five shapes, four masks. The second picture of a name is numbered.
    assert [len(masks) for masks in found.values()] == [4] * 12
    assert found["v", "a/b_1"] == {2: "X 1", 3: "x1", 4: "дом", 5: "b_c"}
    files = [path.name for path in (folder / "masks").rglob("*.png")]
    assert len(files) == len({name.lower() for name in files}) == 48
    assert "a-b_X-1_00000003.png" in files
