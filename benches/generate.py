"""Makes CVAT task backups, or folders of server answers, of any size in seconds; the same arguments, the same bytes.

    python benches/generate.py task.zip --frames 100000 --tracks 10 --every 10
    python benches/generate.py polygons.zip --images --frames 100000 --polygons 10 --vertices 12
    python benches/generate.py mixed.zip --images --frames 100000 --boxes 5 --polygons 4 --tags 1
    python benches/generate.py jobs.zip --images --frames 200000 --boxes 1 --tags 1 --jobs 2000
    python benches/generate.py server/ --frames 1000 --tracks 10 --masks 1

The annotations are written as they are made, so that a task need not fit in memory.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import random
import shutil
import zipfile
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

DATE = "2026-01-01T00:00:00Z"
COLOURS = ("red", "green", "blue")
# Number, name and colour of each label; a car has both attributes, the others have none.
CAR, PERSON, ROAD = (1, "car", "#2080c0"), (2, "person", "#c06060"), (3, "road", "#20e0e0")
ATTRIBUTES = (
    {"name": "color", "mutable": True, "input_type": "select", "default_value": "red", "values": list(COLOURS)},
    {"name": "parked", "mutable": True, "input_type": "checkbox", "default_value": "false", "values": [""]},
)


@dataclass(frozen=True)
class Task:
    """What a task holds: a video, or pictures."""

    frames: int
    tracks: int = 0  # rectangles that live through all frames
    every: int = 10  # frames from one keyframe to the next
    tags: int = 0  # per frame
    boxes: int = 0  # per frame
    polygons: int = 0  # per frame
    vertices: int = 12  # of a polygon
    masks: int = 0  # per frame
    images: bool = False
    jobs: int = 1
    width: int = 1280
    height: int = 720
    seed: int = 1

    def frames_of_jobs(self) -> list[range]:
        starts = [self.frames * job // self.jobs for job in range(self.jobs + 1)]
        return [range(start, end) for start, end in itertools.pairwise(starts)]


def backup(task: Task, path: Path) -> Path:
    """Writes a task backup as CVAT makes it, without the media."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:

        def member(name: str, parts: Iterator[bytes]) -> None:
            with archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as file:
                for part in parts:
                    file.write(part)

        member("task.json", iter([_compact(_backup_task(task))]))
        member("annotations.json", _jobs(task))
        member("data/manifest.jsonl", _manifest(task))
    return path


def server(task: Task, folder: Path) -> Path:
    """Writes the answers of a CVAT server for the task with the id 1 and its job with the id 1."""
    if task.jobs != 1:
        raise ValueError("server answers are made of one job")
    job = folder / "job_1"
    job.mkdir(parents=True)
    with (job / "annotations.json").open("wb") as file:
        file.writelines(_job(task, range(task.frames), server=True))
    shutil.copyfile(job / "annotations.json", folder / "annotations.json")
    meta = _data_meta(task)
    the_job = _server_job(task)
    for path, content in (
        (folder / "task.json", _server_task(task)),
        (folder / "labels.json", _page([_server_label(*label) for label in (CAR, PERSON, ROAD)])),
        (folder / "jobs.json", _page([the_job])),
        (folder / "data_meta.json", meta),
        (job / "data_meta.json", meta),
        (job / "job.json", the_job),
    ):
        path.write_bytes(_compact(content))
    return folder


def _jobs(task: Task) -> Iterator[bytes]:
    before = b"["
    for frames in task.frames_of_jobs():
        yield before
        yield from _job(task, frames, server=False)
        before = b","
    yield b"]"


def _job(task: Task, frames: range, *, server: bool) -> Iterator[bytes]:
    yield b'{"version":0,"tags":['
    yield from _separated(_tags(task, frames, server=server))
    yield b'],"shapes":['
    yield from _separated(_shapes(task, frames, server=server))
    yield b'],"tracks":['
    yield from _separated(_tracks(task, frames, server=server))
    yield b"]}"


def _separated(parts: Iterator[bytes]) -> Iterator[bytes]:
    comma = b""
    for part in parts:
        yield comma + part
        comma = b","


def _tags(task: Task, frames: range, *, server: bool) -> Iterator[bytes]:
    end = f'"group":0,"source":"manual","attributes":[],{_label(PERSON, server=server)}}}'
    for number in range(frames.start * task.tags, frames.stop * task.tags):
        start = f'{{"id":{number + 1},' if server else "{"
        yield f'{start}"frame":{number // task.tags},{end}'.encode()


def _shapes(task: Task, frames: range, *, server: bool) -> Iterator[bytes]:
    rng = random.Random(task.seed + frames.start)
    end = f'"group":0,"source":"manual","attributes":[],"elements":[],{_label(ROAD, server=server)}}}'
    kinds = (
        [("rectangle", _box)] * task.boxes + [("polygon", _polygon)] * task.polygons + [("mask", _mask)] * task.masks
    )
    number = frames.start * len(kinds)
    for frame in frames:
        for z_order, (kind, points) in enumerate(kinds):
            number += 1
            start = f'{{"id":{number},' if server else "{"
            yield (
                f'{start}"type":"{kind}","occluded":false,"outside":false,"z_order":{z_order},"rotation":0.0,'
                f'"points":{points(task, rng)},"frame":{frame},{end}'
            ).encode()


def _box(task: Task, rng: random.Random) -> str:
    width, height = 10 + 110 * rng.random(), 10 + 80 * rng.random()
    x, y = (task.width - width) * rng.random(), (task.height - height) * rng.random()
    return f"[{x:.2f},{y:.2f},{x + width:.2f},{y + height:.2f}]"


def _polygon(task: Task, rng: random.Random) -> str:
    radius = 10 + 50 * rng.random()
    x = radius + (task.width - 2 * radius) * rng.random()
    y = radius + (task.height - 2 * radius) * rng.random()
    turn = 2 * math.pi / task.vertices
    corners = []
    for corner in range(task.vertices):
        length = radius * (0.6 + 0.4 * rng.random())
        corners += [round(x + length * math.cos(corner * turn), 2), round(y + length * math.sin(corner * turn), 2)]
    return json.dumps(corners, separators=(",", ":"))


def _mask(task: Task, rng: random.Random) -> str:
    """Runs of a disc in its box, row by row, from zeros on; then the box."""
    radius = rng.randrange(10, 40)
    size = 2 * radius + 1
    runs, gap = [], 0
    for row in range(size):
        half = math.isqrt(radius * radius - (row - radius) ** 2)
        runs += [gap + radius - half, 2 * half + 1]
        gap = radius - half
    runs.append(gap)
    left, top = rng.randrange(task.width - size), rng.randrange(task.height - size)
    numbers = [*runs, left, top, left + size - 1, top + size - 1]
    return "[" + ",".join(f"{number}.0" for number in numbers) + "]"


def _tracks(task: Task, frames: range, *, server: bool) -> Iterator[bytes]:
    number = 0
    for track in range(task.tracks):
        rng = random.Random(task.seed * 1_000_003 + frames.start * task.tracks + track)
        label = (CAR, PERSON)[track % 2]
        keyframes = []
        width, height = 40 + 80 * rng.random(), 30 + 60 * rng.random()
        x, y = (task.width - width) * rng.random(), (task.height - height) * rng.random()
        for frame in frames[:: task.every]:
            number += 1
            x = min(max(x + 20 * rng.random() - 10, 0), task.width - width)
            y = min(max(y + 20 * rng.random() - 10, 0), task.height - height)
            points = f"{round(x, 2)},{round(y, 2)},{round(x + width, 2)},{round(y + height, 2)}"
            start = f'{{"id":{number},' if server else "{"
            hidden = "true" if rng.random() < 0.1 else "false"
            values = _values(rng, server=server) if label is CAR else ""
            keyframes.append(
                f'{start}"type":"rectangle","occluded":{hidden},"outside":false,"z_order":0,"rotation":0.0,'
                f'"points":[{points}],"frame":{frame},"attributes":[{values}]}}'
            )
        start = f'{{"id":{track + 1},' if server else "{"
        yield (
            f'{start}"frame":{frames.start},"group":0,"source":"manual","shapes":[{",".join(keyframes)}],'
            f'"attributes":[],"elements":[],{_label(label, server=server)}}}'
        ).encode()


def _values(rng: random.Random, *, server: bool) -> str:
    texts = (COLOURS[rng.randrange(3)], ("false", "true")[rng.randrange(2)])
    return ",".join(
        f'{{"value":"{text}",' + (f'"spec_id":{place + 1}}}' if server else f'"name":"{attribute["name"]}"}}')
        for place, (text, attribute) in enumerate(zip(texts, ATTRIBUTES, strict=True))
    )


def _label(label: tuple[int, str, str], *, server: bool) -> str:
    return f'"label_id":{label[0]}' if server else f'"label":"{label[1]}"'


def _name(task: Task) -> str:
    return f"{'images' if task.images else 'video'}_{task.frames}"


def _picture(frame: int) -> str:
    return f"set_{frame // 1000:03}/picture_{frame:07}"


def _manifest(task: Task) -> Iterator[bytes]:
    yield b'{"version":"1.1"}\n'
    if not task.images:
        video = {"name": "video.mp4", "resolution": [task.width, task.height], "length": task.frames, "chapters": []}
        yield b'{"type":"video"}\n' + _compact({"properties": video}) + b'\n{"number":0,"pts":0,"checksum":""}\n'
        return
    yield b'{"type":"images"}\n'
    for frame in range(task.frames):
        picture = {"name": _picture(frame), "extension": ".jpg", "width": task.width, "height": task.height}
        yield _compact(picture) + b"\n"


def _backup_task(task: Task) -> dict[str, object]:
    labels = [
        {
            "name": name,
            "color": color,
            "attributes": ATTRIBUTES if name == "car" else [],
            "type": "any",
            "sublabels": [],
        }
        for _, name, color in (CAR, PERSON, ROAD)
    ]
    data = {
        "chunk_size": 36,
        "image_quality": 75,
        "start_frame": 0,
        "stop_frame": task.frames - 1,
        "storage_method": "cache",
        "storage": "local",
        "sorting_method": "lexicographical",
        "chunk_type": "imageset" if task.images else "video",
        "deleted_frames": [],
    }
    jobs = [
        {"status": "annotation", "type": "annotation", "start_frame": frames.start, "stop_frame": frames.stop - 1}
        for frames in task.frames_of_jobs()
    ]
    head = {"name": _name(task), "bug_tracker": "", "status": "annotation", "subset": ""}
    return {**head, "labels": labels, "version": "1.0", "data": data, "jobs": jobs}


def _server_label(number: int, name: str, color: str) -> dict[str, object]:
    attributes = [{"id": place + 1, **attribute} for place, attribute in enumerate(ATTRIBUTES)] if name == "car" else []
    family = {"type": "any", "sublabels": [], "task_id": 1, "parent_id": None, "has_parent": False}
    return {"id": number, "name": name, "color": color, "attributes": attributes, **family}


def _server_task(task: Task) -> dict[str, object]:
    return {
        "url": "http://localhost/api/tasks/1",
        "id": 1,
        "name": _name(task),
        "project_id": None,
        "mode": "annotation" if task.images else "interpolation",
        "owner": {
            "url": "http://localhost/api/users/1",
            "id": 1,
            "username": "admin",
            "first_name": "",
            "last_name": "",
        },
        "assignee": None,
        "bug_tracker": "",
        "created_date": DATE,
        "updated_date": DATE,
        "overlap": 0,
        "segment_size": task.frames,
        "status": "annotation",
        "size": task.frames,
        "dimension": "2d",
        "subset": "",
        "validation_mode": None,
        "consensus_enabled": False,
    }


def _server_job(task: Task) -> dict[str, object]:
    return {
        "url": "http://localhost/api/jobs/1",
        "id": 1,
        "task_id": 1,
        "assignee": None,
        "dimension": "2d",
        "status": "annotation",
        "stage": "annotation",
        "state": "new",
        "mode": "annotation" if task.images else "interpolation",
        "frame_count": task.frames,
        "start_frame": 0,
        "stop_frame": task.frames - 1,
        "created_date": DATE,
        "updated_date": DATE,
        "type": "annotation",
        "parent_job_id": None,
    }


def _data_meta(task: Task) -> dict[str, object]:
    size = {"width": task.width, "height": task.height, "related_files": 0, "has_related_context": False}
    names = [f"{_picture(frame)}.jpg" for frame in range(task.frames)] if task.images else ["video.mp4"]
    return {
        "chunk_size": 36,
        "size": task.frames,
        "image_quality": 75,
        "start_frame": 0,
        "stop_frame": task.frames - 1,
        "frame_filter": "",
        "frames": [{"name": name, **size} for name in names],
        "deleted_frames": [],
        "included_frames": None,
        "storage": "local",
    }


def _page(results: list[dict[str, object]]) -> dict[str, object]:
    return {"count": len(results), "next": None, "previous": None, "results": results}


def _compact(content: object) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", help="backup to write, or folder of server answers (ends in /)")
    parser.add_argument("--images", action="store_true", help="pictures in place of a video")
    for field in (field.name for field in fields(Task) if field.name != "images"):
        default = 1000 if field == "frames" else getattr(Task, field)
        parser.add_argument(f"--{field}", type=int, default=default, help=f"default {default}")
    arguments = vars(parser.parse_args())
    out = arguments.pop("out")
    (server if out.endswith("/") else backup)(Task(**arguments), Path(out))


if __name__ == "__main__":
    main()
