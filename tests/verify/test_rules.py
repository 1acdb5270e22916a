"""For each rule an archive that breaks just this rule, and the code that it gets.

A case is a format, a member of the sample's export, a text in it and what is put in its place; without a text the
member is replaced as a whole, and without a new one it is taken away.
"""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from PIL import Image

import framehaul
from damage import pack, replaced, sample
from framehaul.verify.rules import RULES

COCO, POSE = "annotations/instances_default.json", "annotations/person_keypoints_default.json"
XML, DATUMARO = "annotations.xml", "annotations/default.json"
YOLO, TRACK = "obj_train_data/frame_000000.txt", "labels/train/frame_000000.txt"
LOCAL = "default/gt_frame_000000.txt"
OPEN = "annotations/default-annotations-bbox.csv"
CITY = "gtFine/default/frame_000000_gtFine"
WIDER = "wider_face_split/wider_face_default_bbx_gt.txt"
KITTI = "default/label_2/frame_000000.txt"


def png(size: tuple[int, int] = (640, 360), mode: str = "RGB", colour: object = (1, 2, 3)) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, colour).save(buffer, "PNG")
    return buffer.getvalue()


CASES: list[tuple[str, str, str, str | None, str | bytes | None]] = [
    # CVAT's XML.
    ("missing-member", "cvat-images", XML, None, None),
    ("bad-xml", "cvat-images", XML, "</annotations>", ""),
    ("bad-value", "cvat-images", XML, "<version>1.1<", "<version>1.0<"),
    ("missing-key", "cvat-images", XML, ' width="640"', ""),
    ("missing-key", "cvat-images", XML, ' xtl="20.50"', ""),
    ("bad-number", "cvat-images", XML, 'xtl="20.50"', 'xtl="nan"'),
    ("bad-number", "cvat-images", XML, 'xtl="20.50"', 'xtl=""'),
    ("bad-value", "cvat-images", XML, 'width="640"', 'width="-640"'),
    ("bad-value", "cvat-images", XML, 'occluded="0"', 'occluded="2"'),
    ("bad-value", "cvat-images", XML, '<image id="1"', '<image id="30"'),
    ("duplicate-id", "cvat-images", XML, '<image id="1"', '<image id="0"'),
    ("duplicate-image", "cvat-images", XML, 'name="frame_000001"', 'name="frame_000000"'),
    ("unknown-class", "cvat-images", XML, '<box label="car"', '<box label="lorry"'),
    ("unknown-class", "cvat-images", XML, '<attribute name="plate">', '<attribute name="board">'),
    ("unknown-class", "cvat-images", XML, '<points label="a"', '<points label="d"'),
    ("bad-box", "cvat-images", XML, 'xtl="20.50"', 'xtl="120.80"'),
    ("bad-polygon", "cvat-images", XML, 'points="0.00,220.00;', 'points="0.00;'),
    ("bad-mask", "cvat-images", XML, 'rle="2, 3', 'rle="3, 3'),
    ("bad-mask", "cvat-images", XML, 'rle="2, 3', 'rle="-2, 7'),
    ("bad-mask", "cvat-images", XML, 'rle="2, 3', 'rle="99999999999999999999, 3'),
    ("outside-image", "cvat-images", XML, "640.00,220.00", "641.00,220.00"),
    ("duplicate-label", "cvat-images", XML, "<name>person<", "<name>car<"),
    ("duplicate-id", "cvat-video", XML, '<track id="1"', '<track id="0"'),
    ("wrong-order", "cvat-video", XML, '<box frame="1"', '<box frame="0"'),
    ("bad-value", "cvat-video", XML, '<box frame="0"', '<box frame="30"'),
    # COCO.
    ("missing-member", "coco", COCO, None, None),
    ("bad-json", "coco", COCO, '"images"', "images"),
    ("missing-key", "coco", COCO, '"categories":', '"kinds":'),
    ("bad-value", "coco", COCO, '"images":[', '"images":{},"a":['),
    ("bad-value", "coco", COCO, '"width":640', '"width":"640"'),
    ("bad-value", "coco", COCO, '"id":1,"width"', '"id":1.5,"width"'),
    ("bad-value", "coco", COCO, '"iscrowd":0', '"iscrowd":2'),
    ("bad-value", "coco", COCO, '"bbox":[20.5,', '"bbox":['),
    ("duplicate-id", "coco", COCO, '"id":2,"width"', '"id":1,"width"'),
    ("duplicate-id", "coco", COCO, '{"id":2,"image_id"', '{"id":1,"image_id"'),
    ("duplicate-id", "coco", COCO, '{"id":2,"name"', '{"id":1,"name"'),
    ("unknown-image", "coco", COCO, '"image_id":1,', '"image_id":99,'),
    ("unknown-class", "coco", COCO, '"category_id":1,', '"category_id":99,'),
    ("bad-box", "coco", COCO, '"bbox":[20.5,200.25,100.25,', '"bbox":[20.5,200.25,-100.25,'),
    ("bad-polygon", "coco", COCO, '"segmentation":[[0.0,', '"segmentation":[['),
    ("bad-mask", "coco", COCO, '"size":[360,640]', '"size":[640,360]'),
    ("bad-mask", "coco", COCO, '"counts":[', '"counts":[1,'),
    ("bad-mask", "coco", COCO, '"counts":[', '"counts":[-1,1,'),
    ("wrong-area", "coco", COCO, '"area":37.0', '"area":38.0'),
    ("outside-image", "coco", COCO, '"bbox":[20.5,200.25,100.25,', '"bbox":[20.5,200.25,700.25,'),
    ("missing-member", "coco-keypoints", POSE, None, None),
    ("missing-key", "coco-keypoints", POSE, '"keypoints":["a","b","c"],', ""),
    ("bad-columns", "coco-keypoints", POSE, '"keypoints":[50.0,', '"keypoints":['),
    ("bad-value", "coco-keypoints", POSE, '"skeleton":[[', '"skeleton":[[9,1],['),
    ("wrong-count", "coco-keypoints", POSE, '"num_keypoints":3', '"num_keypoints":2'),
    ("foreign-keypoints", "coco-keypoints", POSE, '"category_id":6', '"category_id":1'),
    # YOLO.
    ("missing-member", "yolo", "obj.data", None, None),
    ("missing-member", "yolo", "obj.names", None, None),
    ("missing-member", "yolo", "train.txt", None, None),
    ("wrong-count", "yolo", "obj.data", "classes = 9", "classes = 8"),
    ("duplicate-label", "yolo", "obj.names", "person", "car"),
    ("missing-label-file", "yolo", YOLO, None, None),
    ("unlisted-file", "yolo", "train.txt", "data/obj_train_data/frame_000000.png\n", ""),
    ("duplicate-image", "yolo", "train.txt", "frame_000001", "frame_000000"),
    ("bad-columns", "yolo", "train.txt", "data/obj_train_data/frame_000001.png\n", "\n"),
    ("bad-value", "yolo", "train.txt", "data/obj_train_data/frame_000001.png", "../frame_000001.png"),
    ("bad-columns", "yolo", YOLO, " 0.222778", ""),
    ("bad-number", "yolo", YOLO, "0.222778", "wide"),
    ("bad-number", "yolo", YOLO, "0.222778", "nan"),
    ("bad-number", "yolo", YOLO, "0.222778", "0_222778"),
    ("unknown-class", "yolo", YOLO, "1 0.4", "9 0.4"),
    ("unknown-class", "yolo", YOLO, "1 0.4", "-1 0.4"),
    ("bad-box", "yolo", YOLO, "0.222778", "-0.222778"),
    ("outside-image", "yolo", YOLO, "0.222778", "1.222778"),
    ("bad-utf8", "yolo", "obj.names", None, b"car\nperson\n\xff\nlane\nweather\npose\na\nb\nc\n"),
    ("missing-member", "yolo-detect", "data.yaml", None, None),
    ("bad-yaml", "yolo-detect", "data.yaml", "path: .", "path: [.\n - x"),
    ("missing-key", "yolo-detect", "data.yaml", "names:", "labels:"),
    ("bad-value", "yolo-detect", "data.yaml", "  1: person\n", ""),
    ("bad-columns", "yolo-detect", TRACK, "0.222778", "0.222778 1"),
    ("bad-columns", "yolo-track", TRACK, "0.222778", "0.222778 1 1"),
    ("bad-columns", "yolo-obb", TRACK, "0.468750 ", ""),
    ("bad-columns", "yolo-seg", TRACK, "0.489063 ", ""),
    ("bad-columns", "yolo-pose", TRACK, " 1\n", "\n"),
    ("bad-value", "yolo-pose", TRACK, " 1\n", " 3\n"),
    ("bad-value", "yolo-pose", "data.yaml", "- 3\n- 3\n", "- 3\n"),
    ("unlisted-file", "yolo-detect", "labels/train/other.txt", None, b""),
    ("missing-member", "yolo-cls", "train/labels.json", None, None),
    ("bad-value", "yolo-cls", "train/labels.json", '"labels":["weather"]', '"labels":"weather"'),
    ("bad-value", "yolo-cls", "train/labels.json", '"path":"weather/', '"path":"car/'),
    # MOT.
    ("missing-member", "mot", "gt/gt.txt", None, None),
    ("missing-member", "mot", "gt/labels.txt", None, None),
    ("bad-columns", "mot", "gt/gt.txt", ",1,1,1.0", ",1,1"),
    ("bad-number", "mot", "gt/gt.txt", "1,-1,", "x,-1,"),
    ("bad-number", "mot", "gt/gt.txt", "100.25", "wide"),
    ("bad-value", "mot", "gt/gt.txt", ",1,1,1.0", ",2,1,1.0"),
    ("unknown-class", "mot", "gt/gt.txt", ",1,1,1.0", ",1,0,1.0"),
    ("unknown-class", "mot", "gt/gt.txt", ",1,1,1.0", ",1,10,1.0"),
    ("unknown-image", "mot", "gt/gt.txt", "1,-1,", "-1,-1,"),
    ("shared-track", "mot", "gt/gt.txt", "2,1,", "1,1,"),
    ("bad-box", "mot", "gt/gt.txt", "100.25", "-100.25"),
    # PASCAL VOC and its masks.
    ("missing-member", "voc", "labelmap.txt", None, None),
    ("bad-columns", "voc", "labelmap.txt", "car:128,0,0::", "car"),
    ("bad-columns", "voc", "labelmap.txt", "car:128,0,0::", "car:128,0,256::"),
    ("missing-label-file", "voc", "Annotations/frame_000000.xml", None, None),
    ("unlisted-file", "voc", "Annotations/other.xml", None, b"<annotation><filename>other.png</filename></annotation>"),
    ("bad-value", "voc", "Annotations/frame_000000.xml", "<width>640<", "<width>wide<"),
    ("bad-value", "voc", "Annotations/frame_000000.xml", "<filename>frame_000000", "<filename>other"),
    ("unknown-class", "voc", "Annotations/frame_000000.xml", "<name>car<", "<name>lorry<"),
    ("bad-number", "voc", "Annotations/frame_000000.xml", "<xmin>20.5<", "<xmin>left<"),
    ("missing-key", "voc", "Annotations/frame_000000.xml", "<xmin>20.5</xmin>", ""),
    ("bad-box", "voc", "Annotations/frame_000000.xml", "<xmin>20.5<", "<xmin>200.5<"),
    ("outside-image", "voc", "Annotations/frame_000000.xml", "<xmin>20.5<", "<xmin>-20.5<"),
    ("unknown-image", "voc", "ImageSets/Segmentation/default.txt", "frame_000000", "frame_0000"),
    ("unknown-image", "voc", "ImageSets/Main/weather_default.txt", "frame_000000", "frame_0000"),
    ("bad-columns", "voc", "ImageSets/Main/weather_default.txt", "frame_000000  1", "frame_000000  2"),
    ("missing-member", "voc", "SegmentationObject/frame_000000.png", None, None),
    ("missing-member", "segmentation-mask", "SegmentationClass/frame_000000.png", None, None),
    ("bad-image", "voc", "SegmentationClass/frame_000000.png", None, b"\x89PNG"),
    ("bad-colour", "voc", "SegmentationClass/frame_000000.png", None, png()),
    ("image-size", "voc", "SegmentationClass/frame_000000.png", None, png((64, 36))),
    ("image-size", "segmentation-mask", "SegmentationObject/frame_000000.png", None, png((64, 36))),
    ("unlisted-file", "segmentation-mask", "ImageSets/Segmentation/default.txt", "frame_000000\n", ""),
    # Label images.
    ("missing-label-file", "camvid", "defaultannot/frame_000000.png", None, None),
    ("missing-member", "camvid", "label_colors.txt", None, None),
    ("bad-columns", "camvid", "label_colors.txt", "32 128 192 car", "32 128 car"),
    ("bad-columns", "camvid", "default.txt", "/default/frame_000000.png ", "/default/frame_000000.png"),
    ("unlisted-file", "camvid", "default.txt", " defaultannot/frame_000000.png", " "),
    ("bad-colour", "camvid", "defaultannot/frame_000000.png", None, png()),
    ("missing-member", "cityscapes", f"{CITY}_labelIds.png", None, None),
    ("bad-colour", "cityscapes", f"{CITY}_color.png", None, png()),
    ("unknown-class", "cityscapes", f"{CITY}_labelIds.png", None, png(mode="L", colour=77)),
    ("image-size", "cityscapes", f"{CITY}_labelIds.png", None, png((64, 36), "L", 0)),
    ("unknown-class", "cityscapes", f"{CITY}_instanceIds.png", None, png(mode="I;16", colour=1)),
    ("missing-member", "kitti", "default/instance/frame_000000.png", None, None),
    ("unknown-class", "kitti", "default/instance/frame_000000.png", None, png(mode="I;16", colour=256)),
    ("bad-columns", "kitti", KITTI, " -1 -1 -1 -1 -1 -1 -1 1.0", ""),
    ("bad-number", "kitti", KITTI, "300.0", "left"),
    ("unknown-class", "kitti", KITTI, "person", "rider"),
    ("bad-box", "kitti", KITTI, "300.0", "600.0"),
    ("missing-member", "mots", "default/instances/labels.txt", None, None),
    ("unknown-class", "mots", "default/instances/frame_000000.png", None, png(mode="I;16", colour=10_001)),
    ("bad-value", "mots", "default/instances/frame_000000.png", None, png()),
    # LabelMe.
    ("bad-value", "labelme", "default/frame_000000.xml", "<ncols>640<", "<ncols>wide<"),
    ("missing-key", "labelme", "default/frame_000000.xml", "<name>car</name>", "<name></name>"),
    ("duplicate-id", "labelme", "default/frame_000000.xml", "<id>1<", "<id>0<"),
    ("unknown-class", "labelme", "default/frame_000000.xml", "<ispartof></ispartof>", "<ispartof>9</ispartof>"),
    ("bad-number", "labelme", "default/frame_000000.xml", "<x>20.50<", "<x>left<"),
    ("bad-polygon", "labelme", "default/frame_000000.xml", "<pt>", "<pt><x>1.0</x><y>1.0</y></pt><pt>"),
    ("missing-member", "labelme", "default/Masks/frame_000000_mask_2.png", None, None),
    ("image-size", "labelme", "default/Masks/frame_000000_mask_2.png", None, png((64, 36), "RGBA", (0, 0, 0, 0))),
    ("bad-value", "labelme", "default/Masks/frame_000000_mask_2.png", None, png()),
    ("unlisted-file", "labelme", "default/Masks/frame_000000_mask_9.png", None, png()),
    # Datumaro.
    ("missing-member", "datumaro", DATUMARO, None, None),
    ("missing-key", "datumaro", DATUMARO, '"categories"', '"kinds"'),
    ("duplicate-id", "datumaro", DATUMARO, '"id": "frame_000001"', '"id": "frame_000000"'),
    ("duplicate-label", "datumaro", DATUMARO, '"name": "person"', '"name": "car"'),
    ("unknown-class", "datumaro", DATUMARO, '"label_id": 0,', '"label_id": 99,'),
    ("bad-value", "datumaro", DATUMARO, '"type": "bbox"', '"type": "box"'),
    ("bad-value", "datumaro", DATUMARO, '"size": [360, 640]', '"size": [360]'),
    ("bad-box", "datumaro", DATUMARO, '"bbox": [20.5, 200.25, 100.25', '"bbox": [20.5, 200.25, -100.25'),
    ("bad-polygon", "datumaro", DATUMARO, '"points": [0.0, 220.0, ', '"points": [220.0, '),
    ("bad-columns", "datumaro", DATUMARO, '"points": [50.0, 300.0, 2, ', '"points": ['),
    ("bad-mask", "datumaro", DATUMARO, '"counts": "', '"counts": "1'),
    ("bad-mask", "datumaro", DATUMARO, '"counts": "', '"counts": "~'),
    ("outside-image", "datumaro", DATUMARO, '"bbox": [20.5, 200.25, 100.25', '"bbox": [20.5, 200.25, 700.25'),
    # Open Images.
    ("missing-member", "open-images", "annotations/class-descriptions.csv", None, None),
    ("missing-member", "open-images", "annotations/bbox_labels_600_hierarchy.json", None, None),
    ("missing-member", "open-images", "annotations/default-images-with-rotation.csv", None, None),
    ("missing-member", "open-images", "masks/default/frame_000000_car_00000000.png", None, None),
    ("unlisted-file", "open-images", "masks/default/other.png", None, png()),
    ("bad-json", "open-images", "annotations/bbox_labels_600_hierarchy.json", None, b"{"),
    ("bad-columns", "open-images", OPEN, "ImageID,Source", "ImageID"),
    ("bad-columns", "open-images", OPEN, "frame_000000,", '"frame_000000,'),
    ("unknown-image", "open-images", OPEN, "frame_000000,", "other,"),
    ("unknown-class", "open-images", OPEN, ",person,", ",rider,"),
    ("bad-number", "open-images", OPEN, "0.46875", "left"),
    ("bad-box", "open-images", OPEN, "0.46875", "0.96875"),
    ("outside-image", "open-images", OPEN, "0.46875", "-0.46875"),
    ("bad-value", "open-images", OPEN, ",-1,-1,-1,-1", ",x,-1,-1,-1"),
    ("bad-value", "open-images", "masks/default/frame_000000_car_00000000.png", None, png(mode="L", colour=7)),
    ("duplicate-image", "open-images", "annotations/default-images-with-rotation.csv", "frame_000001", "frame_000000"),
    # Lists.
    ("bad-columns", "imagenet", "default.txt", "frame_000000.png 4", "frame_000000.png"),
    ("unknown-class", "imagenet", "default.txt", "frame_000000.png 4", "frame_000000.png 9"),
    ("missing-member", "imagenet", "synsets.txt", None, None),
    ("missing-member", "lfw", "default/annotations/pairs.txt", None, None),
    ("bad-columns", "lfw", "default/annotations/people.txt", "car\t0", "car 0"),
    ("bad-columns", "lfw", "default/annotations/landmarks.txt", "\t10.0", ""),
    ("bad-number", "lfw", "default/annotations/landmarks.txt", "\t10.0", "\tleft"),
    ("missing-member", "market1501", "images_default.txt", None, None),
    ("bad-value", "market1501", "images_default.txt", "bounding_box_default/", "bounding_box_train/"),
    ("duplicate-image", "market1501", "images_default.txt", "frame_000001", "frame_000000"),
    ("missing-member", "vggface2", "labels.txt", None, None),
    ("bad-columns", "vggface2", "bb_landmark/loose_bb_default.csv", "NAME_ID,X", "NAME_ID"),
    ("unknown-class", "vggface2", "bb_landmark/loose_bb_default.csv", "car/", "lorry/"),
    ("bad-number", "vggface2", "bb_landmark/loose_bb_default.csv", ",20.5,", ",left,"),
    ("bad-box", "vggface2", "bb_landmark/loose_bb_default.csv", ",100.25,", ",-100.25,"),
    ("bad-columns", "widerface", WIDER, "4--weather/", "4--weather"),
    ("bad-columns", "widerface", WIDER, "59.75 - - - False - - car", "59.75 car"),
    ("unknown-class", "widerface", WIDER, "59.75 - - - False - - car", "59.75 - - - False - - lorry"),
    ("unknown-class", "widerface", WIDER, "4--weather/", "9--weather/"),
    ("bad-number", "widerface", WIDER, "20.5 200.25", "left 200.25"),
    ("bad-box", "widerface", WIDER, " 59.75", " -59.75"),
    ("missing-member", "icdar-recognition", "default/gt.txt", None, None),
    ("bad-columns", "icdar-recognition", "default/gt.txt", ', "dry"', ', "dry'),
    ("bad-columns", "icdar-localization", LOCAL, "20.5 200.25", "20.5"),
    ("bad-box", "icdar-localization", LOCAL, "20.5 200.25", "220.5 200.25"),
    ("bad-columns", "icdar-segmentation", "default/frame_000000_GT.txt", '280.0 260.0 ""', "280.0 260.0"),
    ("missing-member", "icdar-segmentation", "default/frame_000000_GT.bmp", None, None),
    ("colour-skew", "icdar-segmentation", "default/frame_000000_GT.txt", "128 0 0", "129 0 0"),
    ("unlisted-file", "icdar-segmentation", "default/other_GT.bmp", None, b""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "slug", "member", "old", "new"), CASES, ids=[f"{case[1]}-{case[0]}" for case in CASES]
)
def test_a_broken_rule_is_found(
    code: str, slug: str, member: str, old: str | None, new: str | bytes | None, tmp_path: Path
) -> None:
    members = sample(slug)
    assert code not in framehaul.verify(pack(tmp_path / "whole.zip", members), format=slug).totals
    if old is not None:
        broken = replaced(members, member, old, str(new))
    elif isinstance(new, bytes):
        broken = {**members, member: new}
    else:
        broken = {name: content for name, content in members.items() if name != member}
    found = framehaul.verify(pack(tmp_path / "broken.zip", broken or {"other": b""}), format=slug)
    assert code in found.totals, str(found)
    assert all(finding.severity == RULES[finding.code].severity for finding in found.findings)
    assert found.ok == (not any(RULES[each].severity == "error" for each in found.totals))


def test_two_subsets_that_share_an_image_are_found(tmp_path: Path) -> None:
    members = sample("coco")
    members = {**members, "annotations/instances_val.json": members[COCO].replace(b"frame_", b"other_")}
    assert "shared-image-id" in framehaul.verify(pack(tmp_path / "coco.zip", members)).totals
    members = sample("yolo")
    members = replaced(members, "obj.data", "names =", "valid = data/val.txt\nnames =") | {
        "val.txt": members["train.txt"]
    }
    assert "shared-image" in framehaul.verify(pack(tmp_path / "yolo.zip", members)).totals


def test_paths_and_splits_that_tools_do_not_find_are_warnings(tmp_path: Path) -> None:
    found = framehaul.verify(pack(tmp_path / "yolo.zip", sample("yolo")))
    assert found.ok
    assert set(found.totals) == {"foreign-path", "missing-split"}
    assert framehaul.verify(pack(tmp_path / "training.zip", sample("yolo", "training"))).totals == {}


def test_images_are_compared_with_what_is_stated(tmp_path: Path) -> None:
    members = {**sample("coco"), **{f"images/default/frame_{n:06}.png": png() for n in range(30) if n != 13}}
    path = pack(tmp_path / "whole.zip", members)
    assert framehaul.verify(path, media=True).totals == {}
    members["images/default/frame_000000.png"] = png((64, 36))
    members["images/default/frame_000001.png"] = b"PNG"
    del members["images/default/frame_000002.png"]
    path = pack(tmp_path / "broken.zip", members)
    assert framehaul.verify(path, media=True).totals == {"missing-image": 1, "image-size": 1, "bad-image": 1}
    assert framehaul.verify(path).totals == {"missing-image": 1}


AGAINST = [
    ("missing-annotation", "coco", COCO, '"bbox":[20.5,', '"bbox":[21.5,'),
    ("extra-annotation", "coco", COCO, '"bbox":[20.5,', '"bbox":[21.5,'),
    ("missing-annotation", "yolo", YOLO, "1 0.492266", "0 0.492266"),
    ("missing-annotation", "mot", "gt/gt.txt", "1,-1,20.5,", "2,-1,20.5,"),
    ("extra-frame", "cvat-images", XML, 'name="frame_000000"', 'name="frame_000013"'),
    ("missing-frame", "cvat-images", XML, 'name="frame_000000"', 'name="frame_000013"'),
    ("missing-annotation", "cvat-video", XML, 'xtl="200.00"', 'xtl="200.02"'),
    ("missing-annotation", "datumaro", DATUMARO, '"points": [50.0, 300.0, 2', '"points": [51.0, 300.0, 2'),
    ("missing-annotation", "labelme", "default/frame_000000.xml", "<x>20.50<", "<x>20.60<"),
    ("missing-annotation", "voc", "Annotations/frame_000000.xml", "<xmin>20.5<", "<xmin>20.6<"),
    ("missing-annotation", "open-images", OPEN, "0.46875", "0.46975"),
    ("missing-annotation", "widerface", WIDER, "20.5 200.25", "20.6 200.25"),
    ("missing-annotation", "imagenet", "default.txt", "frame_000000.png 4", "frame_000000.png "),
    ("missing-annotation", "kitti", KITTI, "300.0", "300.1"),
]


@pytest.mark.parametrize(("code", "slug", "member", "old", "new"), AGAINST)
def test_what_differs_from_the_source_is_found(
    code: str, slug: str, member: str, old: str, new: str, tmp_path: Path
) -> None:
    path = pack(tmp_path / "broken.zip", replaced(sample(slug), member, old, new))
    found = framehaul.verify(path, format=slug, against="sample")
    assert code in found.totals, str(found)
    assert not found.ok


@pytest.mark.parametrize(
    ("slug", "member"),
    [
        ("voc", "SegmentationClass/frame_000000.png"),
        ("segmentation-mask", "SegmentationClass/frame_000000.png"),
        ("camvid", "defaultannot/frame_000000.png"),
    ],
)
def test_pixels_of_another_label_are_found(slug: str, member: str, tmp_path: Path) -> None:
    path = pack(tmp_path / "broken.zip", {**sample(slug), member: png(colour=(0, 0, 0))})
    found = framehaul.verify(path, format=slug, against="sample")
    assert "wrong-pixels" in found.totals, str(found)


def test_a_format_that_cannot_be_compared_says_so(tmp_path: Path) -> None:
    found = framehaul.verify(pack(tmp_path / "out.zip", sample("market1501")), against="sample")
    assert found.totals == {"not-compared": 1}
    assert found.differences is None


def test_every_rule_has_a_test() -> None:
    tested = {case[0] for case in (*CASES, *AGAINST)}
    here = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    tested |= set(re.findall(r'"([a-z0-9]+(?:-[a-z0-9]+)+)"', here))
    # These need a source or a machine that the sample is not.
    assert RULES.keys() - tested <= {"hidden-annotation", "unread-images", "shared-mask"}
