"""The built-in sample: a street in every kind of annotation. `tests/support/sample.py` writes it into the package."""

from __future__ import annotations

from pathlib import Path

from backups import Job, Task, attribute, keyframe, label, shape, tag, track, triangle

PATH = Path(__file__).parents[2] / "python" / "framehaul" / "sample.zip"

# A disc of radius 3 in its 7x7 box: runs row by row, from zeros on; then the box.
DISC = [2, 3, 3, 5, 1, 21, 1, 5, 3, 3, 2, 300, 40, 306, 46]

CUBOID = [400, 200, 400, 260, 450, 200, 450, 260, 470, 190, 470, 245, 425, 190, 425, 245]


def _bones(frame: int, dx: float) -> list[dict]:
    return [
        shape("points", "a", frame, [100 + dx, 300]),
        shape("points", "b", frame, [120 + dx, 300], occluded=True),
        shape("points", "c", frame, [110 + dx, 330], outside=True),
    ]


SAMPLE = Task(
    name="sample street",
    video=(640, 360),
    labels=[
        label(
            "car",
            attribute("colour", "select", "red", ["red", "green", "blue"], mutable=True),
            attribute("parked", "checkbox", "false", mutable=True),
            attribute("plate"),
            color="#2080c0",
        ),
        label("person", attribute("age", "number", "30", ["0", "120", "1"]), color="#c06060"),
        label("road", color="#808080", kind="polygon"),
        label("lane", attribute("paint", "radio", "white", ["white", "yellow"]), color="#e0e020"),
        label("weather", attribute("text", default="dry"), color="#40c040", kind="tag"),
        triangle("pose", attribute("action", "select", "walks", ["walks", "stands"])),
    ],
    jobs=[
        Job(
            0,
            14,
            tags=[tag("weather", 0, text="dry"), tag("weather", 10, text="rain")],
            shapes=[
                shape("rectangle", "car", 0, [20.5, 200.25, 120.75, 260], rotation=12.5, colour="red", plate="FH 1"),
                shape("rectangle", "person", 0, [300, 180, 330.1, 260.2], occluded=True, group=1, age="41"),
                shape("ellipse", "person", 0, [315, 170, 325, 158], group=1, age="41"),
                shape("polygon", "road", 1, [0, 220, 640, 220, 640, 360, 0, 360], z_order=-1),
                shape("polyline", "lane", 1, [0, 300, 320, 290, 640, 300], paint="yellow"),
                shape("points", "lane", 2, [10, 310, 30, 309, 50, 308.5], paint="white"),
                shape("mask", "road", 3, DISC),
                shape("cuboid", "car", 4, CUBOID, colour="green", parked="true", plate=""),
                shape("skeleton", "pose", 5, elements=_bones(5, 0), action="stands"),
            ],
            tracks=[
                track(
                    "car",
                    keyframe("rectangle", 0, [200, 210, 280, 260], colour="blue", parked="false"),
                    keyframe("rectangle", 6, [230, 211.5, 310, 261.5], colour="blue", parked="true", occluded=True),
                    keyframe("rectangle", 12, [230, 211.5, 310, 261.5], colour="blue", parked="true", outside=True),
                    plate="FH 2",
                ),
                track(
                    "road",
                    keyframe("polygon", 2, [500, 230, 600, 230, 600, 300]),
                    keyframe("polygon", 10, [510, 235, 605, 230, 600, 310, 505, 305]),
                ),
                track(
                    "pose",
                    keyframe("skeleton", 0, []),
                    keyframe("skeleton", 8, [], outside=True),
                    action="walks",
                    elements=[
                        track("a", keyframe("points", 0, [50, 300]), keyframe("points", 8, [90, 300], outside=True)),
                        track("b", keyframe("points", 0, [70, 300]), keyframe("points", 8, [110, 302], outside=True)),
                        track(
                            "c",
                            keyframe("points", 0, [60, 330], occluded=True),
                            keyframe("points", 8, [100, 331], outside=True),
                        ),
                    ],
                ),
            ],
        ),
        Job(
            15,
            29,
            tags=[tag("weather", 20, text="rain")],
            shapes=[
                shape("rectangle", "person", 16, [350, 181, 381, 262], age="41"),
                shape("ellipse", "car", 17, [100, 240, 150, 220], rotation=30, colour="red", parked="false", plate=""),
            ],
            tracks=[
                track(
                    "person",
                    keyframe("rectangle", 15, [400, 180, 430, 260]),
                    keyframe("rectangle", 25, [460, 182, 491, 263], z_order=2),
                    age="7",
                ),
                track(
                    "lane",
                    keyframe("polyline", 18, [0, 320, 640, 320]),
                    keyframe("polyline", 24, [0, 322, 320, 318, 640, 326], outside=True),
                    paint="white",
                ),
            ],
        ),
    ],
    deleted=[13],
)

if __name__ == "__main__":
    SAMPLE.backup(PATH)
