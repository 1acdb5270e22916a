"""The formats of label images, read back by Pillow and compared with masks that pycocotools draws."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest
from pycocotools import mask as coco

import archives
import framehaul
from backups import Job, Task, attribute, keyframe, label, shape, tag, track

Image = pytest.importorskip("PIL.Image")

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

WIDTH, HEIGHT = 40, 30
LOW = [1, 1, 30, 1, 30.5, 20.25, 1, 20]
HIGH = [10.5, 5, 35, 8, 20, 28]
BOX = [5, 15, 25, 27]
TURNED = [20, 2, 30, 8]

TASK = Task(
    labels=[label("road", color="#804080"), label("car", color="#0000ff"), label("Sky", color="#010203")],
    images=[("day/a.JPG", WIDTH, HEIGHT), ("b.png", WIDTH, HEIGHT), ("c.png", WIDTH, HEIGHT)],
    jobs=[
        Job(
            0,
            2,
            tags=[tag("car", 2)],
            shapes=[
                shape("polygon", "car", 0, HIGH, z_order=2),
                shape("polygon", "road", 0, LOW),
                shape("rectangle", "Sky", 0, BOX, z_order=1),
                shape("rectangle", "road", 0, TURNED, rotation=90.0),
            ],
            tracks=[track("car", keyframe("polygon", 1, LOW), keyframe("polygon", 2, LOW, outside=True))],
        )
    ],
)


def drawn(points: list[float]) -> np.ndarray:
    """The pixels of a polygon as pycocotools fills it."""
    return coco.decode(coco.frPyObjects([points], HEIGHT, WIDTH))[:, :, 0].astype(bool)


def box(x0: float, y0: float, x1: float, y1: float) -> list[float]:
    return [x0, y0, x1, y0, x1, y1, x0, y1]


# 10 by 6 about (25, 5), turned by a right angle: 6 by 10.
UPRIGHT = [28, 0, 28, 10, 22, 10, 22, 0]
# From the lowest to the highest.
LAYERS = [("road", LOW), ("road", UPRIGHT), ("Sky", box(*BOX)), ("car", HIGH)]


def test_the_boxes_of_icdar_are_those_of_the_drawn_masks():
    assert coco.toBbox(coco.frPyObjects([LOW, HIGH], HEIGHT, WIDTH)).tolist() == [[1, 1, 30, 19], [11, 5, 24, 22]]


def painted(values: list) -> np.ndarray:
    """The layers with these values, over 0."""
    image = np.zeros((HEIGHT, WIDTH, *np.shape(values[0])), int)
    for (_, points), value in zip(LAYERS, values, strict=True):
        image[drawn(points)] = value
    return image


def by_label(values: dict[str, object]) -> np.ndarray:
    return painted([values[name] for name, _ in LAYERS])


COLOURS = {"road": (128, 64, 128), "car": (0, 0, 255), "Sky": (1, 2, 3)}


@pytest.fixture
def export(exported):
    def run(slug: str, task: Task = TASK) -> dict[str, bytes]:
        return archives.members(exported(slug, task))

    return run


def pixels(content: bytes, mode: str) -> np.ndarray:
    image = Image.open(io.BytesIO(content))
    assert image.mode.startswith(mode)
    return np.asarray(image).astype(int)


def test_segmentation_mask_has_colours_of_classes_and_a_number_an_object(export):
    members = export("segmentation-mask")
    assert members["labelmap.txt"].decode().splitlines() == [
        "# label:color_rgb:parts:actions",
        "Sky:1,2,3::",
        "background:0,0,0::",
        "car:0,0,255::",
        "road:128,64,128::",
    ]
    assert (pixels(members["SegmentationClass/day/a.png"], "RGB") == by_label(COLOURS)).all()
    voc = [(128, 0, 0), (0, 128, 0), (128, 128, 0), (0, 0, 128)]
    assert (pixels(members["SegmentationObject/day/a.png"], "RGB") == painted(voc)).all()
    # The last frame has a tag, which is no mask.
    assert members["ImageSets/Segmentation/default.txt"] == b"day/a\nb\n"
    assert "SegmentationClass/c.png" not in members


def test_camvid_has_colours_of_classes_and_a_line_a_frame(export):
    members = export("camvid")
    assert members["label_colors.txt"] == b"1 2 3 Sky\n0 0 255 car\n128 64 128 road\n"
    assert members["default.txt"].decode().splitlines() == [
        "/default/day/a.jpg defaultannot/day/a.png",
        "/default/b.png defaultannot/b.png",
        "/default/c.png ",
    ]
    assert (pixels(members["defaultannot/day/a.png"], "RGB") == by_label(COLOURS)).all()


def test_cityscapes_numbers_classes_by_name_and_instances_in_order(export):
    members = export("cityscapes")
    assert members["label_colors.txt"].decode().splitlines()[0] == "0 0 0 background"
    classes = {"Sky": 1, "car": 2, "road": 3}
    path = "gtFine/default/day/a_gtFine_{}.png".format
    assert (pixels(members[path("color")], "RGB") == by_label(COLOURS)).all()
    assert (pixels(members[path("labelIds")], "L") == by_label(classes)).all()
    # Numbers follow the list of shapes by layers; the turned box stands behind all.
    assert (pixels(members[path("instanceIds")], "I") == painted([3001, 3004, 1002, 2003])).all()
    assert not [name for name in members if "/c_" in name]


def test_a_crowd_of_cityscapes_has_no_number(export):
    crowd = attribute("is_crowd", "checkbox", "false", ["false"])
    task = Task(
        labels=[label("car", crowd)],
        images=TASK.images,
        jobs=[Job(0, 2, shapes=[shape("polygon", "car", 0, LOW, is_crowd="true")])],
    )
    image = pixels(export("cityscapes", task)["gtFine/default/day/a_gtFine_instanceIds.png"], "I")
    assert (image == drawn(LOW)).all()


def test_kitti_has_boxes_in_text_and_the_rest_in_images(export):
    members = export("kitti")
    assert members["default/label_2/day/a.txt"] == b"Sky 0.0 0 -1 5.0 15.0 25.0 27.0 -1 -1 -1 -1 -1 -1 -1 1.0\n"
    classes = np.zeros((HEIGHT, WIDTH), int)
    for value, points in ((3, LOW), (3, UPRIGHT), (2, HIGH)):
        classes[drawn(points)] = value
    assert (pixels(members["default/semantic/day/a.png"], "I") == classes).all()
    assert (pixels(members["default/instance/day/a.png"], "I") == classes * 256).all()
    assert "default/label_2/b.txt" not in members


def test_mots_holds_tracks_only(export):
    members = export("mots")
    assert members["default/instances/labels.txt"] == b"road\ncar\nSky"
    assert sorted(members) == ["default/instances/b.png", "default/instances/labels.txt"]
    # The second label and the first track.
    assert (pixels(members["default/instances/b.png"], "I") == 2000 * drawn(LOW)).all()


def test_icdar_segmentation_without_index_keeps_masks_in_order(export):
    members = export("icdar-segmentation")
    assert members["default/day/a_GT.txt"].decode().splitlines() == [
        '128 0 0 - - 1.0 1.0 31.0 20.0 ""',
        '0 128 0 - - 5.0 15.0 25.0 27.0 ""',
        '128 128 0 - - 11.0 5.0 35.0 27.0 ""',
        '0 0 128 - - 22.0 0.0 28.0 10.0 ""',
    ]
    image = np.full((HEIGHT, WIDTH, 3), 255)
    for (_, points), colour in zip(LAYERS, [(128, 0, 0), (0, 0, 128), (0, 128, 0), (128, 128, 0)], strict=True):
        image[drawn(points)] = colour
    assert (pixels(members["default/day/a_GT.bmp"], "RGB") == image).all()
    assert members["default/c_GT.txt"] == b""


def test_icdar_segmentation_orders_masks_by_index_and_words_by_group(export):
    attributes = [attribute("index", "number", "0", ["0", "9", "1"]), attribute("text"), attribute("color")]
    shapes = [
        shape("polygon", "char", 0, LOW, index="1", text="b", color="10 20 30"),
        shape("polygon", "char", 0, HIGH, index="0", text=" ", group=4),
    ]
    task = Task(labels=[label("char", *attributes)], images=TASK.images, jobs=[Job(0, 2, shapes=shapes)])
    members = export("icdar-segmentation", task)
    assert members["default/day/a_GT.txt"].decode() == (
        '#128 0 0 - - 11.0 5.0 35.0 27.0 " "\n\n10 20 30 - - 1.0 1.0 31.0 20.0 "b"\n'
    )
    image = np.full((HEIGHT, WIDTH, 3), 255)
    image[drawn(HIGH)] = (128, 0, 0)
    image[drawn(LOW)] = (10, 20, 30)
    assert (pixels(members["default/day/a_GT.bmp"], "RGB") == image).all()


@pytest.mark.parametrize("slug", ["segmentation-mask", "camvid", "cityscapes", "kitti", "icdar-segmentation"])
def test_pictures_of_one_stem_have_images_of_their_own(export, slug):
    shapes = [shape("polygon", "car", frame, LOW) for frame in range(2)]
    images = [("a.jpg", WIDTH, HEIGHT), ("a.png", WIDTH, HEIGHT)]
    members = export(slug, Task(labels=TASK.labels, images=images, jobs=[Job(0, 1, shapes=shapes)]))
    assert [name for name in members if "a_1" in name]


def test_a_mask_outside_its_picture_is_cut_and_noted(tmp_path):
    # Two rows of four pixels that begin two columns to the left of the picture.
    shapes = [shape("mask", "car", 0, [0, 8, -2, 3, 1, 4])]
    task = Task(labels=TASK.labels, images=TASK.images, jobs=[Job(0, 2, shapes=shapes)])
    report = framehaul.export(task.backup(tmp_path / "task.zip"), "kitti", tmp_path / "out.zip")
    assert ["cut" in note.message for note in report.notes] == [True]
    image = pixels(archives.members(tmp_path / "out.zip")["default/semantic/day/a.png"], "I")
    assert np.argwhere(image).tolist() == [[3, 0], [3, 1], [4, 0], [4, 1]]


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def test_open_images_has_a_row_for_each_tag_box_and_mask_and_an_image_for_each_mask(export):
    members = export("open-images")
    assert members["annotations/class-descriptions.csv"] == b"road,road\r\ncar,car\r\nSky,Sky\r\n"
    hierarchy = json.loads(members["annotations/bbox_labels_600_hierarchy.json"])
    assert hierarchy == {"LabelName": "/m/0", "Subcategory": []}
    images = rows(members["annotations/default-images-with-rotation.csv"])
    assert [row["ImageID"] for row in images] == ["day/a", "b", "c"]
    [of_tag] = rows(members["annotations/default-annotations-human-imagelabels.csv"])
    assert of_tag == {"ImageID": "c", "Source": "", "LabelName": "car", "Confidence": "1"}
    [of_box] = rows(members["annotations/default-annotations-bbox.csv"])
    assert [float(of_box[side]) for side in ("XMin", "XMax", "YMin", "YMax")] == [5 / 40, 25 / 40, 15 / 30, 27 / 30]
    assert (of_box["IsOccluded"], of_box["IsTruncated"]) == ("0", "-1")
    assert members["annotations/images.meta"] == b"# <image name> <height> <width>\n\nday/a 30 40\n"
    masks = rows(members["annotations/default-annotations-object-segmentation.csv"])
    assert [(row["MaskPath"], row["BoxID"]) for row in masks] == [
        ("daya_road_00000000.png", "00000000"),
        ("daya_car_00000001.png", "00000001"),
        ("daya_road_00000002.png", "00000002"),
        ("b_car_00000000.png", "00000000"),
    ]
    for row, points in zip(masks, (LOW, HIGH, UPRIGHT, LOW), strict=True):
        assert (pixels(members[f"masks/default/{row['MaskPath']}"], "L") == drawn(points)).all()


def test_a_mask_of_open_images_has_the_box_of_its_group_and_its_own_id(export):
    attributes = [attribute("box_id"), attribute("predicted_iou", "number", "0.5", ["0", "1", "0.1"])]
    shapes = [
        shape("rectangle", "caf\u00e9, \u0434\u043e\u043c", 0, BOX, group=3),
        shape("polygon", "caf\u00e9, \u0434\u043e\u043c", 0, LOW, group=3, box_id="00000000"),
        shape("polygon", "caf\u00e9, \u0434\u043e\u043c", 0, HIGH),
    ]
    task = Task(
        labels=[label("caf\u00e9, \u0434\u043e\u043c", *attributes)],
        images=TASK.images,
        jobs=[Job(0, 2, shapes=shapes)],
    )
    members = export("open-images", task)
    free, own = rows(members["annotations/default-annotations-object-segmentation.csv"])
    assert (free["MaskPath"], free["BoxXMin"]) == ("daya_cafe_00000001.png", "")
    assert (own["MaskPath"], own["BoxXMin"], own["PredictedIoU"]) == ("daya_cafe_00000000.png", "0.125", "0.5")
    assert own["LabelName"] == "caf\u00e9, \u0434\u043e\u043c"


def test_of_masks_with_one_file_name_the_last_is_kept_and_the_others_are_noted(tmp_path):
    shapes = [shape("polygon", "car", 0, LOW), shape("polygon", "car", 1, HIGH)]
    images = [("a/b.png", WIDTH, HEIGHT), ("ab.png", WIDTH, HEIGHT)]
    task = Task(labels=TASK.labels, images=images, jobs=[Job(0, 1, shapes=shapes)])
    report = framehaul.export(task.backup(tmp_path / "task.zip"), "open-images", tmp_path / "out.zip")
    [note] = report.notes
    assert "overwrites" in note.message
    image = archives.members(tmp_path / "out.zip")["masks/default/ab_car_00000000.png"]
    assert (pixels(image, "L") == drawn(HIGH)).all()
