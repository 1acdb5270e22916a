"""Frames as Python values, and the pictures that `preview` makes of them."""

from __future__ import annotations

import re

import pytest
from PIL import Image

import framehaul
from backups import Job, Task, attribute, keyframe, label, shape, tag, track, triangle
from framehaul import preview

# A disc of radius 1 in its 3x3 box: runs row by row, from zeros on; then the box.
PLUS = [1, 1, 1, 3, 1, 1, 1, 300, 200, 302, 202]
BONES = [
    shape("points", "a", 2, [100, 300]),
    shape("points", "b", 2, [200, 300]),
    shape("points", "c", 2, [150, 400], outside=True),
]
CAR = track(
    "car",
    keyframe("rectangle", 0, [10, 50, 110, 150], colour="red"),
    keyframe("rectangle", 4, [50, 50, 150, 150], colour="blue", outside=True),
    plate="FH 1",
)
TASK = Task(
    labels=[
        label("car", attribute("colour", mutable=True), attribute("plate"), color="#0000ff"),
        label("road", color="#ffff00"),
        label("<night>", attribute("rain"), color="#00ff00", kind="tag"),
        triangle("pose"),
    ],
    jobs=[
        Job(
            0,
            5,
            tags=[tag("<night>", 2, rain="yes")],
            shapes=[shape("skeleton", "pose", 2, elements=BONES, group=3), shape("mask", "road", 2, PLUS, z_order=-1)],
            tracks=[CAR],
        )
    ],
    deleted=[1],
    start=100,
    step=2,
)
GREY = (96, 96, 96)


@pytest.fixture
def dataset(tmp_path):
    return framehaul.open(TASK.backup(tmp_path / "task.zip"))


def test_a_frame_shows_what_exports_show(written):
    frame = framehaul.open(written(TASK)).tasks[0].frame(2)
    assert (frame.frame, frame.number, frame.name) == (2, 104, "frame_000104")
    assert (frame.width, frame.height) == (640, 480)
    assert frame.tags == (("<night>", {"rain": "yes"}),)
    mask, pose, car = frame.annotations  # the mask lies on the lowest layer
    assert (mask.kind, mask.points, mask.z_order, mask.track) == ("mask", PLUS, -1, None)
    assert (pose.kind, pose.points, pose.group) == ("skeleton", [], 3)
    assert [(each.label, each.points, each.outside) for each in pose.elements] == [
        ("pose/a", [100, 300], False),
        ("pose/b", [200, 300], False),
        ("pose/c", [150, 400], True),
    ]
    assert (car.label, car.points, car.track, car.keyframe) == ("car", [30, 50, 130, 150], 0, False)
    assert car.attributes == {"colour": "red", "plate": "FH 1"}


def test_frames_come_in_the_order_in_which_they_are_asked_for(dataset):
    assert [frame.frame for frame in dataset.tasks[0].frames([4, 0, 4])] == [4, 0, 4]
    assert dataset.tasks[0].frame(0).annotations[0].keyframe
    assert dataset.tasks[0].frame(5).annotations == ()


@pytest.mark.parametrize(("task", "frame"), [(0, 1), (0, 6), (1, 0)])
def test_a_frame_that_is_deleted_or_not_there_is_not_found(dataset, task, frame):
    with pytest.raises(framehaul.Error) as caught:
        dataset.frame(task, frame)
    assert caught.value.code == "not-found"


def test_inspect_tells_the_edges_of_skeletons(dataset):
    edges = {each["name"]: each["edges"] for each in dataset.inspect()["labels"]}
    assert edges["pose"] == [("a", "b"), ("b", "c")]
    assert edges["car"] == []


def test_what_a_frame_shows_is_drawn_in_the_colours_of_its_labels(dataset):
    drawn = preview.draw(dataset, 2)
    assert drawn.size == (640, 480 + 16)  # a line of text below
    # The borders of the box from 30 to 130, and its area: 56 parts in 255 of blue on grey.
    for place in [(30, 100), (130, 100), (80, 50), (80, 150)]:
        assert drawn.getpixel(place) == (0, 0, 255), place
    assert drawn.getpixel((80, 100)) == pytest.approx((75, 75, 131), abs=1)
    # The edge from a to b, and none to c, which is out of sight.
    assert drawn.getpixel((150, 300)) == (255, 0, 0)
    assert drawn.getpixel((175, 350)) == GREY
    # The mask is half transparent, and exact to the pixel.
    half = pytest.approx((176, 176, 48), abs=1)
    assert [drawn.getpixel((301, y)) for y in (199, 200, 201, 202, 203)] == [GREY, half, half, half, GREY]
    assert (drawn.getpixel((300, 200)), drawn.getpixel((300, 201))) == (GREY, half)
    assert drawn.getpixel((600, 400)) == GREY


@pytest.mark.parametrize(
    ("kind", "points", "inside", "outside"),
    [
        ("polygon", [100, 100, 200, 100, 100, 200], [(120, 120)], [(190, 190)]),
        ("rectangle", [100, 100, 200, 140], [(150, 75), (150, 165)], [(110, 120)]),  # turned upright
        ("ellipse", [150, 120, 200, 100], [(150, 80), (150, 160)], [(110, 120)]),
        ("polyline", [100, 100, 200, 100], [(150, 100)], [(150, 110)]),
        ("points", [100, 100, 200, 100], [(100, 100), (200, 100)], [(150, 100)]),
        (
            "cuboid",
            [100, 100, 100, 200, 200, 100, 200, 200, 220, 90, 220, 190, 120, 90, 120, 190],
            [(100, 150), (200, 150), (150, 100), (170, 90)],
            [(160, 150)],
        ),
    ],
)
def test_every_kind_of_shape_is_drawn_where_it_is(tmp_path, kind, points, inside, outside):
    turned = 90 if kind in ("rectangle", "ellipse") else 0
    shapes = [shape(kind, "car", 0, points, rotation=turned)]
    source = Task(labels=[label("car", color="#0000ff")], jobs=[Job(0, 0, shapes=shapes)]).backup(tmp_path / "t.zip")
    drawn = preview.draw(framehaul.open(source), 0)
    assert all(drawn.getpixel(place) != GREY for place in inside)
    assert all(drawn.getpixel(place) == GREY for place in outside)


def test_names_stand_where_no_other_name_does_and_those_of_small_shapes_give_way(tmp_path):
    labels = [label(f"label {number}", color=f"#{number:02}ff00") for number in range(6)]
    boxes = [shape("rectangle", f"label {number}", 0, [100 + number, 100, 300, 200]) for number in range(6)]
    source = Task(labels=labels, jobs=[Job(0, 0, shapes=boxes[::-1])]).backup(tmp_path / "t.zip")
    drawn = preview.draw(framehaul.open(source), 0)
    # Above, below, inside and beside the box; nowhere for the two smallest.
    grounds = [drawn.getpixel(place) for place in [(101, 83), (102, 206), (106, 104), (309, 101)]]
    assert grounds == [(0, 255, 0), (1, 255, 0), (2, 255, 0), (3, 255, 0)]
    shown = {colour for _, colour in drawn.crop((306, 80, 400, 220)).getcolors()}
    assert not shown & {(4, 255, 0), (5, 255, 0)}


def test_the_picture_stands_behind_the_annotations(tmp_path):
    Image.new("RGB", (64, 48), (10, 200, 30)).save(tmp_path / "a.png")
    box = shape("rectangle", "car", 0, [1, 1, 9, 9])
    task = Task(labels=[label("car")], jobs=[Job(0, 0, shapes=[box])], images=[("a.png", 64, 48)])
    drawn = preview.draw(framehaul.open(task.backup(tmp_path / "task.zip")), 0, media=tmp_path)
    # Small pictures are enlarged, here ten times.
    assert drawn.size == (640, 480 + 16)
    assert drawn.getpixel((630, 470)) == (10, 200, 30)
    assert drawn.getpixel((10, 50)) == (255, 0, 0)


def test_the_frame_that_shows_most_is_drawn_if_none_is_named(dataset):
    assert preview.draw(dataset).tobytes() == preview.draw(dataset, 2).tobytes()


@pytest.mark.parametrize("size", [(4200, 2500), (84, 50)])
def test_words_and_lines_on_a_contact_sheet_are_as_large_as_ever_whatever_the_size_of_the_picture(tmp_path, size):
    box = shape("rectangle", "car", 0, [size[0] / 2, 0, size[0], size[1]])
    task = Task(labels=[label("car")], jobs=[Job(0, 0, shapes=[box])], images=[("a.png", *size)])
    sheet = preview.sheet(framehaul.open(task.backup(tmp_path / "task.zip")))
    assert sheet.size == (420, 250 + 16)
    reds = [x for x in range(420) if sheet.getpixel((x, 200)) == (255, 0, 0)]
    assert reds[:2] in ([209, 210], [210, 211])
    assert sheet.getpixel((415, 260)) == (0, 0, 0)
    assert max(sheet.getpixel((x, 257))[0] for x in range(60)) > 200


def test_the_command_draws_a_frame_a_sheet_and_a_page(cli, tmp_path):
    source = TASK.backup(tmp_path / "task.zip")
    assert cli("preview", source, "--frame", 0, "-o", tmp_path / "frame.png").returncode == 0
    assert cli("preview", source, "--sheet", "-o", tmp_path / "sheet.png").returncode == 0
    assert cli("preview", source, "-o", tmp_path / "page.html").returncode == 0
    with Image.open(tmp_path / "frame.png") as frame, Image.open(tmp_path / "sheet.png") as sheet:
        assert (frame.size, sheet.width) == ((640, 496), 3 * 420 + 2 * 6)
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert set(re.findall(r'(?:src|href)="([^:]+:[^,]+),', text)) == {"data:image/png;base64"}
    assert not re.search(r"https?:", text)
    # The car on the frames 0, 2 and 3; the names of labels are no tags.
    counts = dict(re.findall(r"</i> ([^<]+)</td><td>(\d+)</td>", text))
    assert counts == {"car": "3", "road": "1", "&lt;night&gt;": "1", "pose": "1"}
    assert "5 frames, 2 of them without annotations; 6 annotations" in text
    assert "up to 4" in text


def test_the_same_source_gives_the_same_page(dataset):
    assert preview.page(dataset) == preview.page(dataset)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["-o", "page.txt"], 2, "ends in .png"),
        (["--frame", "1", "-o", "new.png"], 1, "no such frame"),
        (["--frame", "2", "--sheet", "-o", "new.png"], 2, "--frame"),
        (["--task", "4", "-o", "new.png"], 1, "the source has no task"),
        (["-o", "there.png"], 1, "exists"),
        (["-o", "no/such/folder.png"], 1, "does not exist"),
    ],
)
def test_what_cannot_be_drawn_is_told_in_one_line(cli, tmp_path, arguments, code, says):
    TASK.backup(tmp_path / "task.zip")
    (tmp_path / "there.png").touch()
    ran = cli("preview", "task.zip", *arguments, cwd=tmp_path)
    assert (ran.returncode, ran.stderr.count("\n")) == (code, 1)
    assert says in ran.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["task.zip", "there.png"]
