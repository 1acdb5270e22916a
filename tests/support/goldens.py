"""The sources of the golden archives in `tests/golden`: a project of images, a video, and an album of faces.

The frames are tiny, so that a mask can be read as a grid of characters. Every attribute has a value, as in CVAT, which
fills in the defaults itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from backups import Job, Task, attribute, keyframe, label, project, project_answers, shape, tag, track

if TYPE_CHECKING:
    from pathlib import Path

# The circles are not in the order of the sublabels. The edges are in the order in which CVAT prints them.
_POSE = (
    '<line x1="10" y1="10" x2="90" y2="10" data-type="edge" data-node-from="2" data-node-to="3"></line>'
    '<line x1="50" y1="90" x2="10" y2="10" data-type="edge" data-node-from="1" data-node-to="2"></line>'
) + "".join(
    f'<circle r="0.75" cx="{x}" cy="{y}" data-type="element node" data-element-id="{node}" data-node-id="{node}"'
    f' data-label-name="{name}"></circle>'
    for node, (x, y, name) in enumerate([(50, 90, "hand"), (10, 10, "head"), (90, 10, "foot")], 1)
)

POSE = label(
    "pose",
    attribute("mood", "select", "calm", ["calm", "wild"], mutable=True),
    color="#ff00ff",
    kind="skeleton",
    sublabels=[
        label("head", color="#000040", kind="points"),
        label("hand", color="#000080", kind="points"),
        label("foot", color="#0000c0", kind="points"),
    ],
    svg=_POSE,
)

STREET_LABELS = [
    label(
        "car",
        attribute("colour", "select", "red", ["red", "blue"]),
        attribute("parked", "checkbox", "false", ["false"]),
        attribute("seats", "number", "4", ["0", "9", "1"]),
        attribute("side", "radio", "left", ["left", "right"]),
        attribute("plate"),
        color="#fa3253",
    ),
    POSE,
    label("street sign", attribute("text"), color="#e0e020"),
    label("Straße", color="#808080"),
    label("night", color="#204080", kind="tag"),
]

CAR = {"colour": "red", "parked": "false", "seats": "4", "side": "left", "plate": ""}
BLUE_CAR = {"colour": "blue", "parked": "true", "seats": "2", "side": "right", "plate": 'A&B, "1"=1'}


def _point(name: str, frame: int, x: float, y: float, **flags: bool):
    return shape("points", name, frame, [x, y], **flags)


DAY = Task(
    name="day & dusk",
    subset="train",
    labels=STREET_LABELS,
    images=[("city centre/größe_1.JPG", 24, 16), ("b.png", 20, 12), ("deleted.png", 8, 8), ("empty.png", 8, 8)],
    deleted=[2],
    jobs=[
        Job(
            0,
            3,
            tags=[tag("night", 1), tag("car", 2, **CAR)],
            shapes=[
                shape("rectangle", "car", 0, [2.675, 1.125, 9.1, 6.3], group=2, z_order=1, occluded=True, **BLUE_CAR),
                shape("polygon", "Straße", 0, [0, 9.5, 24, 7.25, 24, 16, 0, 16], z_order=-1),
                shape("ellipse", "car", 0, [6, 5, 10, 2], group=2, **CAR),
                shape("rectangle", "street sign", 0, [14, 3, 20, 7], rotation=30.0, text='50 "km/h", <&>'),
                shape("polyline", "Straße", 1, [0, 0, 5.5, 3.005, 19, 11]),
                shape("points", "street sign", 1, [1, 1, 2.5, 2.5], text=""),
                shape("mask", "car", 1, [1, 3, 2, 3, 1, 2, 10, 4, 13, 6], **CAR),
                shape("cuboid", "car", 1, [2, 2, 2, 8, 6, 2, 6, 8, 8, 1, 8, 7, 4, 1, 4, 7], **CAR),
                shape(
                    "skeleton",
                    "pose",
                    1,
                    elements=[
                        _point("head", 1, 15.125, 2),
                        _point("hand", 1, 13, 5.5, occluded=True),
                        _point("foot", 1, 17, 10, outside=True),
                    ],
                    mood="wild",
                ),
                shape("rectangle", "car", 2, [1, 1, 4, 4], **CAR),
            ],
        )
    ],
)

# A task of another subset between two tasks of one subset: an export orders tasks by their subsets first.
NIGHT = Task(
    name="night",
    subset="val",
    labels=STREET_LABELS,
    images=[("lamp.jpeg", 16, 12)],
    jobs=[
        Job(
            0,
            0,
            tags=[tag("night", 0)],
            shapes=[
                shape("polygon", "street sign", 0, [1.5, 1.5, 6.5, 1.5, 6.5, 5.5, 1.5, 5.5], text="Ende"),
                shape("rectangle", "car", 0, [8, 2, 15, 10], group=5, **CAR),
                shape(
                    "skeleton",
                    "pose",
                    0,
                    group=5,
                    elements=[
                        _point("head", 0, 9, 3),
                        _point("hand", 0, 12.5, 4.25),
                        _point("foot", 0, 14, 9.75),
                    ],
                    mood="calm",
                ),
            ],
        )
    ],
)

# Its image has the name of an image of the same subset.
DAWN = Task(
    name="dawn",
    subset="train",
    labels=STREET_LABELS,
    images=[("b.png", 12, 8)],
    jobs=[
        Job(
            0,
            0,
            shapes=[
                shape("mask", "Straße", 0, [0, 2, 2, 5, 1, 2, 1, 5, 4, 7], group=3),
                shape("polygon", "Straße", 0, [3, 1, 8, 1, 8, 5.2], group=3),
                shape("rectangle", "street sign", 0, [7.9, 4.1, 10.2, 7.5], z_order=2, source="auto", text="Halt"),
            ],
        )
    ],
)

FILM = Task(
    name="film",
    video=(20, 12),
    start=5,
    step=2,
    deleted=[7],
    labels=[
        label(
            "ball",
            attribute("state", "select", "still", ["still", "flying"], mutable=True),
            attribute("number", "number", "1", ["0", "99", "1"]),
            color="#c0c000",
        ),
        label("player one", color="#00a000"),
        POSE,
        label("goal", color="#ffffff"),
    ],
    jobs=[
        # What is visible at the end of a job ends with the job.
        Job(
            0,
            4,
            tags=[tag("goal", 1)],
            shapes=[shape("rectangle", "player one", 2, [12, 7, 16, 11])],
            tracks=[
                # Leaves at frame 3 and is back at frame 4.
                track(
                    "ball",
                    keyframe("rectangle", 0, [0, 0, 3, 3], state="still"),
                    keyframe("rectangle", 2, [4, 1, 7.5, 4.1], occluded=True, state="flying"),
                    keyframe("rectangle", 3, [4, 1, 7.5, 4.1], outside=True, state="flying"),
                    keyframe("rectangle", 4, [6, 2, 9, 5], z_order=1, state="still"),
                    number="7",
                ),
                # Turns past 0 degrees.
                track(
                    "player one",
                    keyframe("rectangle", 0, [10, 2, 14, 8], rotation=350.0),
                    keyframe("rectangle", 4, [12, 2, 16, 8], rotation=10.0),
                ),
                track(
                    "player one",
                    keyframe("polygon", 0, [0, 6, 4, 6, 4, 10, 0, 10]),
                    keyframe("polygon", 2, [0, 6, 8, 6, 8, 10, 4, 11, 0, 10]),
                    keyframe("polygon", 4, [0, 6, 8, 6, 8, 10, 4, 11, 0, 10], outside=True),
                    group=1,
                ),
                track(
                    "pose",
                    keyframe("skeleton", 1, [], mood="calm"),
                    keyframe("skeleton", 4, [], mood="wild", outside=True),
                    elements=[
                        track("head", keyframe("points", 1, [1, 1]), keyframe("points", 4, [2.5, 4], outside=True)),
                        track("hand", keyframe("points", 1, [5, 5]), keyframe("points", 2, [6, 5], outside=True)),
                        track(
                            "foot",
                            keyframe("points", 1, [3, 9], occluded=True),
                            keyframe("points", 4, [3, 9], outside=True),
                        ),
                    ],
                ),
            ],
        ),
        Job(
            5,
            8,
            shapes=[shape("rectangle", "ball", 8, [1, 8, 3.3, 10.1], group=4, state="flying", number="2")],
            tracks=[
                # Its last keyframe is on the deleted frame and does not count.
                track(
                    "ball",
                    keyframe("ellipse", 5, [15, 5, 18, 3], state="still"),
                    keyframe("ellipse", 7, [15, 5, 18, 3], outside=True, state="still"),
                    number="8",
                ),
                track("player one", keyframe("mask", 6, [1, 2, 1, 4, 9, 4, 12, 5])),
                track("player one", keyframe("polyline", 5, [0, 0, 3, 3]), keyframe("polyline", 8, [0, 3, 6, 3])),
                track("ball", keyframe("rectangle", 6, [8, 8, 11, 11], state="still"), number="7"),
                track("goal", keyframe("points", 8, [1.25, 1.375])),
            ],
        ),
    ],
)

FACE = {"blur": "1", "expression": "smile", "pose": "left up", "invalid": "false", "text": "A"}

ALBUM = Task(
    name="album",
    labels=[
        label(
            "face",
            attribute("blur", "number", "0", ["0", "2", "1"]),
            attribute("expression", "select", "none", ["none", "smile"]),
            attribute("pose"),
            attribute("invalid", "checkbox", "false", ["false"]),
            attribute("text"),
            color="#ff8000",
        ),
        label("Zoë B", color="#0080ff"),
        label("2020-01-01", color="#00ff80", kind="tag"),
        label(
            "market-1501",
            attribute("query", "checkbox", "false", ["false"]),
            attribute("person_id"),
            attribute("camera_id", "number", "0", ["0", "9", "1"]),
            color="#8000ff",
            kind="tag",
        ),
    ],
    images=[("Zoë B/1.png", 30, 20), ("a,b.JPG", 30, 20), ("dir/c.png", 30, 20), ("d.png", 30, 20)],
    jobs=[
        Job(
            0,
            3,
            tags=[
                tag("Zoë B", 0),
                tag("2020-01-01", 0),
                tag("2020-01-01", 2),
                tag("market-1501", 2, query="true", person_id="0012", camera_id="2"),
            ],
            shapes=[
                shape("rectangle", "face", 0, [1.1, 2.2, 11.4, 12.675], occluded=True, **FACE),
                shape("points", "Zoë B", 0, [3, 5, 8, 5.125, 5.5, 7, 4, 9.99, 7, 10]),
                shape("rectangle", "Zoë B", 1, [0, 0, 30, 20], rotation=90.0),
                shape("points", "face", 3, [1, 1, 2, 2], **FACE),
                shape("polygon", "face", 3, [0, 0, 5, 0, 5, 5], **FACE),
            ],
        )
    ],
)

PAGE = Task(
    name="page",
    subset="test",
    labels=[
        label("letter", attribute("index", "number", "0", ["0", "99", "1"]), attribute("text"), color="#000000"),
        label(
            "mark",
            attribute("index", "number", "0", ["0", "99", "1"]),
            attribute("text"),
            attribute("color"),
            attribute("center"),
            color="#ff0000",
        ),
    ],
    images=[("scans/p 1.tif", 20, 10), ("scans/blank.tif", 6, 4)],
    jobs=[
        Job(
            0,
            1,
            shapes=[
                shape("mask", "mark", 0, [0, 4, 15, 7, 16, 8], index="2", text=" ", color="10 20 30", center="15 7"),
                shape("rectangle", "letter", 0, [1, 1, 4.5, 6], group=1, index="0", text="H"),
                shape("polygon", "letter", 0, [4, 2, 8, 2, 6, 7], group=1, index="0", text="H"),
                shape("ellipse", "letter", 0, [12, 4, 16, 2], rotation=45.0, index="1", text='"i"'),
            ],
        )
    ],
)

SOURCES = {"street": (DAY, NIGHT, DAWN), "film": (FILM,), "album": (ALBUM,), "page": (PAGE,)}


def written(name: str, source: str, folder: Path) -> Path:
    """Writes a source, as a backup or as server answers, and returns where it is."""
    task, *others = SOURCES[name]
    if source == "backup":
        path = folder / "backup.zip"
        return project(path, task, *others) if others else task.backup(path)
    path = folder / "server"
    return project_answers(path, task, *others) if others else task.server(path)
