"""CVAT for images 1.1 and CVAT for video 1.1, read back with the standard library's XML parser."""

from __future__ import annotations

import zipfile
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import framehaul
from backups import Job, Task, attribute, keyframe, label, shape, tag, track, triangle

MASK = [1, 4, 1, 10, 20, 12, 21]
BONES = [
    shape("points", "a", 1, [1, 2]),
    shape("points", "b", 1, [3, 4], occluded=True),
    shape("points", "c", 1, [5.125, 6], outside=True),
]
TASK = Task(
    labels=[
        label("car", attribute("colour", mutable=True), attribute("plate")),
        triangle("pose", attribute("action")),
        label("road"),
    ],
    jobs=[
        Job(
            0,
            5,
            tags=[tag("road", 2, group=4)],
            shapes=[
                shape(
                    "rectangle", "car", 0, [1, 2, 30.128, 40], rotation=12.345, z_order=3, colour="red", plate="A<1>&"
                ),
                shape("ellipse", "road", 0, [50, 60, 58, 55]),
                shape("polygon", "road", 1, [0, 0, 9.5, 0, 9.5, 9], source="auto", occluded=True, group=7),
                shape("skeleton", "pose", 1, elements=BONES, action="runs"),
                shape("mask", "road", 2, MASK),
                shape("cuboid", "car", 3, range(16), colour="red", plate=""),
            ],
            tracks=[
                track(
                    "car",
                    keyframe("rectangle", 1, [0, 0, 10, 10], colour="red"),
                    keyframe("rectangle", 3, [20, 10, 30, 40], colour="blue", occluded=True),
                    keyframe("rectangle", 5, [20, 10, 30, 40], colour="blue", outside=True),
                    plate="B",
                )
            ],
        )
    ],
)


def exported(source, tmp_path, name):
    framehaul.export(source, name, tmp_path / "out.zip", overwrite=True)
    archive = zipfile.ZipFile(tmp_path / "out.zip")
    assert archive.namelist() == ["annotations.xml"]
    return ET.fromstring(archive.read("annotations.xml"))


def values(element):
    return {each.get("name"): each.text or "" for each in element.findall("attribute")}


@pytest.fixture
def images(written, tmp_path):
    return exported(written(TASK), tmp_path, "CVAT for images 1.1").findall("image")


def test_every_frame_is_an_image_with_its_shapes_in_order(images):
    assert [(image.get("id"), image.get("name")) for image in images] == [(f"{i}", f"frame_{i:06}") for i in range(6)]
    assert [[child.tag for child in image] for image in images] == [
        ["ellipse", "box"],
        ["polygon", "skeleton", "box"],
        ["mask", "box", "tag"],
        ["cuboid", "box"],
        ["box"],
        [],
    ]


def test_images_hold_each_shape_as_it_was_drawn(images):
    box = images[0].find("box")
    assert box.attrib == {
        "label": "car",
        "source": "manual",
        "occluded": "0",
        "xtl": "1.00",
        "ytl": "2.00",
        "xbr": "30.13",
        "ybr": "40.00",
        "rotation": "12.35",  # 12.345 as a double lies above the tie
        "z_order": "3",
    }
    assert values(box) == {"colour": "red", "plate": "A<1>&"}
    ellipse = images[0].find("ellipse").attrib
    assert [ellipse[name] for name in ("cx", "cy", "rx", "ry")] == ["50.00", "60.00", "8.00", "5.00"]
    polygon = images[1].find("polygon").attrib
    assert polygon["points"] == "0.00,0.00;9.50,0.00;9.50,9.00"
    assert [polygon[name] for name in ("source", "occluded", "group_id")] == ["auto", "1", "7"]
    mask = images[2].find("mask").attrib
    assert [mask[name] for name in ("rle", "left", "top", "width", "height")] == ["1, 4, 1", "10", "20", "3", "2"]
    cuboid = images[3].find("cuboid").attrib
    assert [cuboid[name] for name in ("xtl1", "ytl1", "xbl1", "ybr2")] == ["0.00", "1.00", "2.00", "15.00"]
    assert images[2].find("tag").attrib == {"label": "road", "source": "manual", "group_id": "4"}


def test_skeletons_hold_their_elements(images):
    skeleton = images[1].find("skeleton")
    elements = [
        (each.get("label"), each.get("points"), each.get("outside"), each.get("occluded")) for each in skeleton[:3]
    ]
    assert elements == [
        ("a", "1.00,2.00", "0", "0"),
        ("b", "3.00,4.00", "0", "1"),
        ("c", "5.12,6.00", "1", "0"),  # a tie goes to the even digit
    ]
    assert values(skeleton) == {"action": "runs"}


def test_tracks_are_interpolated_between_keyframes(images):
    boxes = [image.findall("box")[-1] for image in images[1:5]]
    found = [[float(box.get(side)) for side in ("xtl", "ytl", "xbr", "ybr")] for box in boxes]
    assert found == [[0, 0, 10, 10], [10, 5, 20, 25], [20, 10, 30, 40], [20, 10, 30, 40]]
    assert [box.get("occluded") for box in boxes] == ["0", "0", "1", "1"]
    assert [values(box) for box in boxes] == [
        {"colour": colour, "plate": "B"} for colour in ("red", "red", "blue", "blue")
    ]


def test_video_holds_tracks_with_their_keyframes_and_shapes_as_tracks(written, tmp_path):
    tracks = exported(written(TASK), tmp_path, "CVAT for video 1.1").findall("track")
    assert [each.get("id") for each in tracks] == [f"{number}" for number in range(7)]
    assert [tracks[0].get("label"), tracks[0].get("source")] == ["car", "manual"]
    boxes = tracks[0].findall("box")
    assert [(box.get("frame"), box.get("keyframe"), box.get("outside")) for box in boxes] == [
        ("1", "1", "0"),
        ("2", "0", "0"),
        ("3", "1", "0"),
        ("4", "0", "0"),
        ("5", "1", "1"),
    ]
    assert values(boxes[2]) == {"colour": "blue", "plate": "B"}
    # A shape becomes a track that ends on the next frame, if that lies before the last one.
    ends = {each[0].tag: [(child.get("frame"), child.get("outside")) for child in each] for each in tracks[2:]}
    assert ends["polygon"] == [("1", "0"), ("2", "1")]
    assert ends["cuboid"] == [("3", "0"), ("4", "1")]


# XML 1.0 has no control characters but these three, and no surrogates.
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\t\n\"'<>&"), max_size=20)


@settings(max_examples=60, deadline=None)
@given(name=TEXT.filter(bool), value=TEXT)
def test_any_text_comes_back(tmp_path_factory, name, value):
    folder = tmp_path_factory.mktemp("text")
    box = shape("rectangle", name, 0, [1, 2, 3, 4], note=value)
    task = Task(labels=[label(name, attribute("note"))], jobs=[Job(0, 0, shapes=[box])])
    for number, source in enumerate((task.backup(folder / "task.zip"), task.server(folder / "server"))):
        (found,) = exported(source, folder, "CVAT for images 1.1").find("image")
        assert found.get("label") == name, number
        assert values(found) == {"note": value}, number
