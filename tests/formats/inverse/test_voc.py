"""LabelMe and PASCAL VOC, read back with ElementTree and OpenCV."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import cv2
import numpy as np
import pytest

import archives
import framehaul
from backups import Job, Task, attribute, keyframe, label, shape, tag, track

# A 3x2 crop at column 10, row 20: 0 1 1 / 1 1 0.
MASK = [1, 4, 1, 10, 20, 12, 21]
TASK = Task(
    labels=[
        label("cär & <é>", attribute("plate"), attribute("speed", "number", "1"), attribute("truncated", "checkbox")),
        label("road"),
    ],
    images=[("day/a_1.JPG", 40, 30), ("b.png", 60, 40)],
    jobs=[
        Job(
            0,
            1,
            tags=[tag("road", 0)],
            shapes=[
                shape(
                    "rectangle",
                    "cär & <é>",
                    0,
                    [1.125, 2, 10.3, 20],
                    plate='a=b, "1"',
                    truncated="true",
                    rotation=30.0,
                ),
                shape("rectangle", "cär & <é>", 0, [1, 2, 3, 4], plate="12", occluded=True, group=3),
                shape("polygon", "road", 0, [0, 0, 20, 0, 20, 10], group=3),
                shape("mask", "road", 0, MASK),
                shape("points", "road", 0, [1, 1]),
            ],
            tracks=[track("road", keyframe("ellipse", 0, [10, 10, 15, 7]), keyframe("ellipse", 1, [10, 10, 12, 9]))],
        )
    ],
)


@pytest.fixture
def members(exported):
    def read(name: str, task: Task = TASK) -> dict[str, bytes]:
        return archives.members(exported(name, task))

    return read


def picture(content: bytes) -> np.ndarray:
    decoded = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert decoded is not None
    return decoded


def texts(element: ET.Element, path: str) -> list[str]:
    return [each.text or "" for each in element.iterfind(path)]


def test_labelme_has_an_object_for_each_box_polygon_and_mask(members):
    read = members("LabelMe 3.0")
    assert set(read) == {
        "default/day/a_1.xml",
        "default/b.xml",
        "default/Masks/day/a_1_mask_3.png",
        "default/Masks/day/a_1_mask_4.png",
        "default/Masks/b_mask_0.png",
    }
    root = ET.fromstring(read["default/day/a_1.xml"])
    assert [texts(root, path) for path in ("filename", "folder", "imagesize/nrows", "imagesize/ncols")] == [
        ["a_1.jpg"],
        ["day"],
        ["30"],
        ["40"],
    ]
    objects = root.findall("object")
    assert texts(root, "object/name") == ["cär & <é>", "cär & <é>", "road", "road", "road"]
    assert texts(root, "object/attributes") == [
        'plate=a\\=b\\, \\"1\\", speed=1.0, truncated=True, rotation=30.0',
        'plate="12", speed=1.0, truncated=False, rotation=0.0',
        "",
        "",
        "rotation=0.0, track_id=0, keyframe=True",
    ]
    assert texts(root, "object/occluded") == ["no", "yes", "no", "no", "no"]
    assert [(texts(each, "parts/hasparts"), texts(each, "parts/ispartof")) for each in objects[1:3]] == [
        (["2"], [""]),
        ([""], ["1"]),
    ]
    corners = [(float(each[0].text or ""), float(each[1].text or "")) for each in objects[0].iterfind("polygon/pt")]
    assert corners == [(1.12, 2.0), (10.3, 2.0), (10.3, 20.0), (1.12, 20.0)]
    assert texts(objects[3], "segm/box/*") == ["10.00", "20.00", "13.00", "22.00"]


def test_labelme_masks_have_the_pixels_that_were_painted(members):
    read = members("LabelMe 3.0")
    expected = np.zeros((30, 40), np.uint8)
    expected[20, 11:13] = expected[21, 10:12] = 1
    mask = picture(read["default/Masks/day/a_1_mask_3.png"])
    assert np.array_equal(mask[..., 3] > 0, expected > 0)
    # OpenCV has blue first.
    assert np.unique(mask.reshape(-1, 4), axis=0).tolist() == [[0, 0, 0, 0], [255, 203, 0, 153]]
    ellipse = cv2.ellipse(np.zeros((30, 40), np.uint8), (10, 10), (5, 3), 0, 0, 360, 1, -1)
    assert np.array_equal(picture(read["default/Masks/day/a_1_mask_4.png"])[..., 3] > 0, ellipse > 0)


def test_voc_has_an_object_for_each_box(members):
    read = members("PASCAL VOC 1.1")
    root = ET.fromstring(read["Annotations/day/a_1.xml"])
    found = [texts(root, path) for path in ("folder", "filename", "size/width", "size/height", "segmented")]
    assert found == [["day/a"], ["day/a_1.jpg"], ["40"], ["30"], ["1"]]
    first, second = root.findall("object")
    assert [float(value) for value in texts(first, "bndbox/*")] == [1.12, 2.0, 10.3, 20.0]
    flags = ("name", "truncated", "occluded", "difficult")
    assert [first.findtext(flag) for flag in flags] == ["cär & <é>", "1", "0", "0"]
    assert [second.findtext(flag) for flag in flags] == ["cär & <é>", "0", "1", "0"]
    values = dict(zip(texts(first, "attributes/*/name"), texts(first, "attributes/*/value"), strict=True))
    assert values == {"plate": 'a=b, "1"', "speed": "1.0", "rotation": "30.0"}


def test_voc_lists_what_is_on_each_picture(members):
    read = members("PASCAL VOC 1.1")
    lists = {name: content.decode().splitlines() for name, content in read.items() if name.startswith("ImageSets/")}
    assert lists == {
        "ImageSets/Main/default.txt": ["day/a_1", "b"],
        "ImageSets/Main/background_default.txt": ["day/a_1 -1"],
        "ImageSets/Main/cär & <é>_default.txt": ["day/a_1 -1"],
        "ImageSets/Main/road_default.txt": ["day/a_1  1"],
        "ImageSets/Segmentation/default.txt": ["day/a_1", "b"],
    }
    assert read["labelmap.txt"].decode().splitlines()[1:] == [
        "background:0,0,0::",
        "cär & <é>:128,0,0::",
        "road:0,128,0::",
    ]


def test_voc_images_have_a_colour_for_each_label_and_each_object(members):
    read = members("PASCAL VOC 1.1")
    mask = np.zeros((30, 40), bool)
    mask[20, 11:13] = mask[21, 10:12] = True
    ellipse = cv2.ellipse(np.zeros((30, 40), np.uint8), (10, 10), (5, 3), 0, 0, 360, 1, -1) > 0
    classes, objects = (picture(read[f"Segmentation{kind}/day/a_1.png"])[..., ::-1] for kind in ("Class", "Object"))
    expected = np.zeros((30, 40, 3), np.uint8)
    expected[mask | ellipse] = (0, 128, 0)
    assert np.array_equal(classes, expected)
    expected[mask], expected[ellipse] = (128, 0, 0), (0, 128, 0)
    assert np.array_equal(objects, expected)


@pytest.mark.parametrize("kind", ["a/b", "a\\b"])
def test_voc_refuses_tags_whose_label_no_file_can_be_called_by(written, tmp_path, kind):
    broken = Task(labels=[label(kind)], jobs=[Job(0, 0, tags=[tag(kind, 0)])])
    with pytest.raises(framehaul.Error) as caught:
        framehaul.export(written(broken), "voc", tmp_path / "out.zip")
    assert (caught.value.code, caught.value.place.label) == ("unsupported", kind)


def test_two_pictures_with_one_stem_are_numbered(members):
    twins = Task(labels=TASK.labels, images=[("a.jpg", 9, 9), ("a.png", 9, 9)], jobs=[Job(0, 1)])
    assert {"Annotations/a.xml", "Annotations/a_1.xml"} <= set(members("voc", twins))
    assert set(members("labelme", twins)) == {"default/a.xml", "default/a_1.xml"}


@pytest.mark.parametrize("name", ["labelme", "voc"])
def test_every_annotation_is_in_the_report(written, tmp_path, name):
    report = framehaul.export(written(TASK), name, tmp_path / "out.zip")
    assert (sum(row.annotations for row in report.rows), report.frames) == (1 + 5 + 2, 2)


@pytest.mark.parametrize("name", ["labelme", "voc"])
def test_a_control_character_is_refused_and_its_place_named(written, tmp_path, name):
    broken = TASK.with_job(shapes=[shape("rectangle", "cär & <é>", 1, [0, 0, 1, 1], plate="a\x1b")])
    with pytest.raises(framehaul.Error) as caught:
        framehaul.export(written(broken), name, tmp_path / "out.zip")
    assert caught.value.code == "unsupported"
    assert (caught.value.place.frame, caught.value.place.label) == (1, "cär & <é>")


@pytest.mark.parametrize(
    ("name", "label_name"),
    [
        *((name, label) for name in ("labelme", "voc") for label in ("", "a", 'a"b\\', "ü, 😀 ]]>", "a/b")),
        ("labelme", "two\nlines"),
    ],
)
def test_xml_holds_labels_of_any_name(members, name, label_name):
    box = shape("rectangle", label_name, 0, [0, 0, 1, 1])
    read = members(name, Task(labels=[label(label_name)], jobs=[Job(0, 0, shapes=[box])]))
    [xml] = [content for member, content in read.items() if member.endswith(".xml")]
    assert ET.fromstring(xml).findtext("object/name") == label_name
