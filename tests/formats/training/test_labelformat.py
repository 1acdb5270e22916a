"""What labelformat, which reads many formats into one model, loads of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backups import Job, Task, keyframe, label, png, project, shape, track

pytest.importorskip("labelformat")

from labelformat.formats.coco import COCOInstanceSegmentationInput, COCOObjectDetectionInput
from labelformat.formats.kitti import KittiObjectDetectionInput
from labelformat.formats.pascalvoc import PascalVOCObjectDetectionInput
from labelformat.formats.semantic_segmentation.pascalvoc import PascalVOCSemanticSegmentationInput
from labelformat.formats.yolov8 import YOLOv8InstanceSegmentationInput, YOLOv8ObjectDetectionInput

# Warnings of the tools are not ours.
pytestmark = pytest.mark.filterwarnings("ignore")

NAMES = ["s/a.png", "b.png", "empty.png"]
RING = [10.0, 10.0, 30.0, 10.0, 30.0, 25.0]
TASK = Task(
    labels=[label("car", color="#ff0000"), label("traffic light", color="#00ff00")],
    images=[(name, 40, 30) for name in NAMES],
    files={name: png(40, 30) for name in NAMES},
    jobs=[
        Job(
            0,
            2,
            shapes=[
                shape("rectangle", "car", 0, [1, 2, 11, 22]),
                shape("rectangle", "traffic light", 1, [4.5, 5.5, 9.25, 9.75]),
                shape("polygon", "car", 1, RING),
            ],
            tracks=[
                track(
                    "car",
                    keyframe("rectangle", 0, [20, 2, 30, 12]),
                    keyframe("rectangle", 1, [0, 0, 1, 1], outside=True),
                )
            ],
        )
    ],
)
BOXES = {
    "s/a.png": [("car", [1, 2, 11, 22]), ("car", [20, 2, 30, 12])],
    "b.png": [("traffic light", [4.5, 5.5, 9.25, 9.75])],
}


@pytest.fixture
def loaded(tmp_path, unpacked):
    """Two subsets with pictures of the same names, exported for training."""
    source = project(tmp_path / "project.zip", *[replace(TASK, subset=name) for name in ("train", "val")])
    return lambda name: unpacked(source, name, save_images=True)


def boxes(reader) -> dict[str, list[tuple[str, list[float]]]]:
    """What it read, by picture."""
    return {
        each.image.filename: [
            (one.category.name, pytest.approx([one.box.xmin, one.box.ymin, one.box.xmax, one.box.ymax], abs=1e-3))
            for one in each.objects
        ]
        for each in reader.get_labels()
    }


@pytest.mark.parametrize("split", ["train", "val"])
def test_boxes_of_coco(loaded, split):
    read = boxes(COCOObjectDetectionInput(loaded("coco") / f"annotations/instances_{split}.json"))
    polygon = ("car", [10, 10, 30, 25])
    assert read == {**BOXES, "b.png": [*BOXES["b.png"], polygon], "empty.png": []}


def test_polygons_of_coco(loaded):
    reader = COCOInstanceSegmentationInput(loaded("coco") / "annotations/instances_train.json")
    found = {each.image.filename: [one.segmentation.polygons for one in each.objects] for each in reader.get_labels()}
    corners = [(4.5, 5.5), (9.25, 5.5), (9.25, 9.75), (4.5, 9.75)]
    assert found["b.png"] == [[corners], [list(zip(RING[::2], RING[1::2], strict=True))]]


@pytest.mark.parametrize("split", ["train", "val"])
def test_boxes_of_ultralytics(loaded, split):
    folder = loaded("yolo-detect")
    # It wants the folder of the pictures where ours names their list.
    (folder / "folders.yaml").write_text(f"{split}: images/{split}\nnames: [car, traffic light]\n")
    assert boxes(YOLOv8ObjectDetectionInput(folder / "folders.yaml", split)) == BOXES


def test_polygons_of_ultralytics(loaded):
    folder = loaded("yolo-seg")
    (folder / "folders.yaml").write_text("train: images/train\nnames: [car, traffic light]\n")
    # It opens the label file of every picture.
    for name in ("s/a", "empty"):
        (folder / f"images/train/{name}.png").unlink()
    [read] = YOLOv8InstanceSegmentationInput(folder / "folders.yaml", "train").get_labels()
    [[points]] = [one.segmentation.polygons for one in read.objects]
    assert [value for point in points for value in point] == pytest.approx(RING, abs=1e-3)


def test_boxes_of_pascal_voc(loaded):
    folder = loaded("voc") / "Annotations"
    read = boxes(PascalVOCObjectDetectionInput(folder, "car,traffic light"))
    read |= boxes(PascalVOCObjectDetectionInput(folder / "s", "car,traffic light"))
    # It takes the numbers as they are: whole pixels, the first of which is 1.
    first = [("car", [2, 3, 11, 22]), ("car", [21, 3, 30, 12])]
    second = [("traffic light", [5, 6, 10, 10])]
    # All subsets share the folder.
    assert read == {
        "s/a.png": first,
        "b.png": second,
        "empty.png": [],
        "s/a_1.png": first,
        "b_1.png": second,
        "empty_1.png": [],
    }


@pytest.mark.parametrize("split", ["train", "val"])
def test_boxes_of_kitti(loaded, split):
    folder = loaded("kitti") / split
    read = boxes(KittiObjectDetectionInput(folder / "label_2", "car,traffic_light", "../image_2"))
    light = [("traffic_light", BOXES["b.png"][0][1])]
    assert read == {**BOXES, "b.png": light, "empty.png": []}


def test_classes_of_camvid(loaded):
    folder = loaded("camvid")
    names = [line.split(" ", 3)[3] for line in (folder / "label_colors.txt").read_text().splitlines()]
    reader = PascalVOCSemanticSegmentationInput.from_dirs(folder / "val", folder / "valannot", dict(enumerate(names)))
    found = {each.image.filename: [one.category.name for one in each.objects] for each in reader.get_labels()}
    assert found == {
        "s/a.png": ["background", "car"],
        "b.png": ["background", "car", "traffic light"],
        "empty.png": ["background"],
    }
