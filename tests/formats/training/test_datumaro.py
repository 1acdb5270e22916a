"""What Datumaro loads. It needs older releases of what others use, and so an environment of its own (`.ci/run`)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from backups import Job, Task, attribute, label, png, project, shape, tag, triangle

datumaro = pytest.importorskip("datumaro")

# Warnings of the tool are not ours.
pytestmark = pytest.mark.filterwarnings("ignore")

NAMES = ["a.png", "empty.png"]
TASK = Task(
    labels=[label("car", attribute("text"), color="#00ff00"), label("road", color="#0000ff"), triangle("pose")],
    images=[(name, 40, 30) for name in NAMES],
    files={name: png(40, 30) for name in NAMES},
    jobs=[
        Job(
            0,
            1,
            tags=[tag("car", 0, text="")],
            shapes=[
                shape("rectangle", "car", 0, [2, 3, 12, 23], text="AB12"),
                shape("polygon", "road", 0, [20, 5, 30, 5, 30, 15, 20, 15]),
                shape("ellipse", "road", 0, [20, 25, 24, 22]),
                shape("points", "road", 0, [1, 1]),
                shape("mask", "road", 0, [0, 4, 34, 2, 35, 3]),
                shape("skeleton", "pose", 0, elements=[shape("points", name, 0, [9, 9]) for name in "abc"]),
            ],
        )
    ],
)
# Datumaro takes the corners of PASCAL VOC as they are: whole pixels, of which the first is 1.
VOC_CAR = (3, 4, 9, 19)
CAR, ROAD, MASK, OVAL, DRAWN_OVAL = (2, 3, 10, 20), (20, 5, 10, 10), (34, 2, 2, 2), (16, 22, 8, 6), (16, 22, 9, 7)

# The kinds of annotations and the boxes around them on the first picture.
DATUMARO = {
    # A box is also the polygon of its corners.
    "coco": ("coco", "bbox 4, mask 2, polygon 2", {CAR, ROAD, MASK, DRAWN_OVAL}),
    # The outline around points on one spot is a pixel: a polygon needs an area.
    "coco-keypoints": ("coco_person_keypoints", "bbox 1, points 1, polygon 1", {(9, 9, 0, 0), (8, 8, 1, 1)}),
    "datumaro": (
        "datumaro",
        "bbox 1, ellipse 1, label 1, mask 1, points 2, polygon 1",
        {CAR, ROAD, MASK, OVAL, (1, 1, 0, 0), (9, 9, 0, 0)},
    ),
    "voc": ("voc", "bbox 1, label 1, mask 2", {VOC_CAR, MASK, DRAWN_OVAL}),
    "segmentation-mask": ("voc_segmentation", "mask 4", {CAR, ROAD, MASK, DRAWN_OVAL}),
    "yolo": ("yolo", "bbox 1", {CAR}),
    "vggface2": ("vgg_face2", "bbox 1", {CAR}),
    "widerface": ("wider_face", "bbox 1, label 1", {CAR}),
    "icdar-localization": ("icdar_text_localization", "polygon 2", {CAR, ROAD}),
    "icdar-segmentation": ("icdar_text_segmentation", "mask 4", {CAR, ROAD, MASK, DRAWN_OVAL}),
    "labelme": ("label_me", "bbox 1, mask 2, polygon 1", {CAR, ROAD, MASK, DRAWN_OVAL}),
    # It takes 0 for nothing, which is the number of roads for training.
    "cityscapes": ("cityscapes", "mask 1", {CAR}),
    "open-images": ("open_images", "bbox 1, label 1, mask 3", {CAR, ROAD, MASK, DRAWN_OVAL}),
    "imagenet": ("imagenet_with_subset_dirs", "label 1", set()),
}


@pytest.mark.parametrize("slug", DATUMARO)
def test_datumaro_loads_both_splits_with_every_annotation(tmp_path, unpacked, slug):
    reader, kinds, boxes = DATUMARO[slug]
    # Pictures of two subsets have the same names.
    tasks = [replace(TASK, subset=subset, name=subset) for subset in ("train", "val")]
    folder = unpacked(project(tmp_path / "project.zip", *tasks), slug, save_images=True)
    by_split = {}
    for item in datumaro.Dataset.import_from(str(folder), reader):
        by_split.setdefault(item.subset, []).extend(item.annotations)
    assert len(by_split) == 2
    for found in by_split.values():
        counts = Counter(each.type.name for each in found)
        assert ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items())) == kinds
        read = [each.get_bbox() for each in found if each.type.name != "label"]
        assert {tuple(round(float(value)) for value in box) for box in read} == boxes
