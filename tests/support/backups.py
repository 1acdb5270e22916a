"""Builds small tasks by hand, as a CVAT backup or as a folder of server answers, so that each test states its data."""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Json = dict[str, Any]

TRIANGLE = (
    '<line x1="10" y1="10" x2="90" y2="10" data-type="edge" data-node-from="1" data-node-to="2"></line>'
    '<line x1="90" y1="10" x2="50" y2="90" data-type="edge" data-node-from="2" data-node-to="3"></line>'
    + "".join(
        f'<circle r="0.75" cx="{x}" cy="{y}" data-type="element node" data-element-id="{node}" data-node-id="{node}"'
        f' data-label-name="{name}"></circle>'
        for node, (x, y, name) in enumerate([(10, 10, "a"), (90, 10, "b"), (50, 90, "c")], 1)
    )
)


def png(width: int, height: int, grey: int = 0) -> bytes:
    """A picture of one shade."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress((b"\0" + bytes([grey]) * width) * height)
    chunks = [(b"IHDR", header), (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def paint(pictures: Mapping[Path, tuple[int, int]]) -> None:
    """Writes black pictures of these sizes."""
    from PIL import Image

    for path, size in pictures.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size).save(path)


def project(path: Path, *tasks: Task) -> Path:
    """Writes a backup of a project."""
    with zipfile.ZipFile(path, "w") as archive:
        labels = list(tasks[0].labels)
        archive.writestr("project.json", json.dumps({"name": "p", "labels": labels, "version": "1.0"}))
        for place, task in enumerate(tasks):
            for name, content in task.members().items():
                archive.writestr(f"task_{place}/{name}", content)
    return path


def project_answers(folder: Path, *tasks: Task) -> Path:
    """Writes the answers of a server about a project: the tasks 1, 2, …; the ids of their jobs run on."""
    ids = _Ids(tasks[0].labels)
    about = {
        "url": "http://localhost/api/projects/1",
        "id": 1,
        "name": "p",
        "bug_tracker": "",
        "created_date": "2026-01-01T00:00:00Z",
        "updated_date": "2026-01-01T00:00:00Z",
        "owner": {"url": "http://localhost/api/users/1", "id": 1, "username": "admin"},
        "assignee": None,
    }
    answers: dict[str, object] = {"project.json": about, "labels.json": _page(ids.labels)}
    job = 1
    for number, task in enumerate(tasks, 1):
        for name, content in task._answers(ids, number, job).items():
            answers[f"task_{number}/{name}"] = content
        job += len(task.jobs)
    answers["tasks.json"] = _page([answers[f"task_{number}/task.json"] for number in range(1, len(tasks) + 1)])
    return _write(folder, answers)


def attribute(name: str, input_type: str = "text", default: str = "", values: Sequence[str] = ("",), *, mutable=False):
    return {
        "name": name,
        "mutable": mutable,
        "input_type": input_type,
        "default_value": default,
        "values": list(values),
    }


def label(name: str, *attributes: Json, color="#ff0000", kind="any", sublabels: Sequence[Json] = (), svg: str = ""):
    made = {"name": name, "color": color, "attributes": list(attributes), "type": kind, "sublabels": list(sublabels)}
    return {**made, "svg": svg} if svg else made


def triangle(name: str, *attributes: Json) -> Json:
    """A skeleton label with the points a, b, c."""
    return label(
        name, *attributes, kind="skeleton", sublabels=[label(part, kind="points") for part in "abc"], svg=TRIANGLE
    )


def tag(name: str, frame: int, *, group=0, **values: str) -> Json:
    return {"frame": frame, "group": group, "source": "manual", "attributes": _values(values), "label": name}


def shape(
    kind: str, name: str, frame: int, points: Sequence[float] = (), *, elements: Sequence[Json] = (), **more
) -> Json:
    """A shape; `more` may name its flags, everything else in it is an attribute."""
    values = {key: value for key, value in more.items() if key not in DRAWN and key not in ("group", "source")}
    return {
        **_drawn(kind, points, more),
        "frame": frame,
        "group": more.get("group", 0),
        "source": more.get("source", "manual"),
        "attributes": _values(values),
        "elements": list(elements),
        "label": name,
    }


def keyframe(kind: str, frame: int, points: Sequence[float], **more) -> Json:
    values = {key: value for key, value in more.items() if key not in DRAWN}
    return {**_drawn(kind, points, more), "frame": frame, "attributes": _values(values)}


def track(name: str, *keyframes: Json, group=0, elements: Sequence[Json] = (), **values: str) -> Json:
    frame = min((each["frame"] for each in keyframes), default=0)
    return {
        "frame": frame,
        "group": group,
        "source": "manual",
        "shapes": list(keyframes),
        "attributes": _values(values),
        "elements": list(elements),
        "label": name,
    }


DRAWN = ("occluded", "outside", "z_order", "rotation")


def _drawn(kind: str, points: Sequence[float], more: Mapping[str, Any]) -> Json:
    flags = {
        "occluded": more.get("occluded", False),
        "outside": more.get("outside", False),
        "z_order": more.get("z_order", 0),
        "rotation": more.get("rotation", 0.0),
    }
    return {"type": kind, **flags, "points": list(points)}


def _values(values: Mapping[str, str]) -> list[Json]:
    return [{"value": value, "name": name} for name, value in values.items()]


@dataclass(frozen=True)
class Job:
    start: int
    stop: int
    tags: Sequence[Json] = ()
    shapes: Sequence[Json] = ()
    tracks: Sequence[Json] = ()
    completed: bool = False

    @property
    def progress(self) -> dict[str, str]:
        """How far its work is, as a server tells it: the first of these is all that a backup holds."""
        if self.completed:
            return {"status": "completed", "stage": "acceptance", "state": "completed"}
        return {"status": "annotation", "stage": "annotation", "state": "new"}

    def annotations(self) -> Json:
        return {"version": 0, "tags": list(self.tags), "shapes": list(self.shapes), "tracks": list(self.tracks)}


@dataclass(frozen=True)
class Task:
    labels: Sequence[Json]
    jobs: Sequence[Job]
    images: Sequence[tuple[str, int, int]] | None = None  # name, width, height; a video if there are none
    video: tuple[int, int] = (640, 480)
    name: str = "task"
    subset: str = ""
    start: int = 0
    step: int = 1
    deleted: Sequence[int] = field(default=())
    files: Mapping[str, bytes] = field(default_factory=dict)  # the media themselves, which most tests can do without

    @property
    def size(self) -> int:
        return max(job.stop for job in self.jobs) + 1

    @property
    def stop(self) -> int:
        return self.start + (self.size - 1) * self.step

    def with_job(self, **changes: Any) -> Task:
        """The task with other annotations in its first job."""
        return replace(self, jobs=[replace(self.jobs[0], **changes), *self.jobs[1:]])

    def members(self) -> dict[str, bytes]:
        """What a backup has inside."""
        return {
            "task.json": _bytes(self._backup_task()),
            "annotations.json": _bytes([job.annotations() for job in self.jobs]),
            "data/manifest.jsonl": b"".join(_bytes(line) + b"\n" for line in self._manifest()),
            **{f"data/{name}": content for name, content in self.files.items()},
        }

    def backup(self, path: Path, **changed: bytes | None) -> Path:
        """Writes a backup. `changed` replaces members by the stem of their name; None leaves one out."""
        with zipfile.ZipFile(path, "w") as archive:
            for name, original in self.members().items():
                content = changed.get(name.rsplit("/", 1)[-1].split(".")[0], original)
                if content is not None:
                    archive.writestr(zipfile.ZipInfo(name), content)
        return path

    def server(self, folder: Path) -> Path:
        """Writes the answers of a server, where everything has an id: the task 1, its jobs 1, 2, …"""
        ids = _Ids(self.labels)
        return _write(folder, {"labels.json": _page(ids.labels), **self._answers(ids, 1, 1)})

    def _answers(self, ids: _Ids, number: int, first_job: int) -> dict[str, object]:
        """What a server answers about this task but for its labels; its own id and that of its first job are given."""
        jobs = [self._server_job(number, first_job + place, job) for place, job in enumerate(self.jobs)]
        answers: dict[str, object] = {
            "task.json": self._server_task(number),
            "jobs.json": _page(jobs),
            "data_meta.json": self._data_meta(),
            "annotations.json": ids.annotations(self._all()),
        }
        for about, job in zip(jobs, self.jobs, strict=True):
            folder = f"job_{about['id']}"
            answers[f"{folder}/job.json"] = about
            answers[f"{folder}/data_meta.json"] = self._data_meta()
            answers[f"{folder}/annotations.json"] = ids.annotations(job.annotations())
        return answers

    def _all(self) -> Json:
        kinds = ("tags", "shapes", "tracks")
        return {"version": 0} | {kind: [each for job in self.jobs for each in getattr(job, kind)] for kind in kinds}

    def _frames(self) -> Json:
        filter_ = {"frame_filter": f"step={self.step}"} if self.step > 1 else {}
        return {"start_frame": self.start, "stop_frame": self.stop, "deleted_frames": list(self.deleted), **filter_}

    def _backup_task(self) -> Json:
        data = {
            "chunk_size": 36,
            "image_quality": 75,
            **self._frames(),
            "storage_method": "cache",
            "storage": "local",
            "sorting_method": "lexicographical",
            "chunk_type": "imageset" if self.images else "video",
        }
        jobs = [
            {
                "status": job.progress["status"],
                "type": "annotation",
                "start_frame": job.start,
                "stop_frame": job.stop,
            }
            for job in self.jobs
        ]
        head = {"name": self.name, "bug_tracker": "", "status": "annotation", "subset": self.subset}
        return {**head, "labels": list(self.labels), "version": "1.0", "data": data, "jobs": jobs}

    def _manifest(self) -> list[Json]:
        if not self.images:
            video = {"name": "video.mp4", "resolution": list(self.video), "length": self.stop + 1}
            return [{"version": "1.1"}, {"type": "video"}, {"properties": video}, {"number": 0, "pts": 0}]
        lines: list[Json] = [{"version": "1.1"}, {"type": "images"}]
        for name, width, height in self.images:
            stem, dot, extension = name.rpartition(".")
            lines.append({"name": stem, "extension": dot + extension, "width": width, "height": height})
        return lines

    def _server_task(self, number: int) -> Json:
        overlap = self.jobs[0].stop - self.jobs[1].start + 1 if len(self.jobs) > 1 else 0
        return {
            "url": f"http://localhost/api/tasks/{number}",
            "id": number,
            "name": self.name,
            "project_id": None,
            "mode": "annotation" if self.images else "interpolation",
            "owner": {"url": "http://localhost/api/users/1", "id": 1, "username": "admin"},
            "assignee": None,
            "bug_tracker": "",
            "created_date": "2026-01-01T00:00:00Z",
            "updated_date": "2026-01-01T00:00:00Z",
            "overlap": overlap,
            "segment_size": self.jobs[0].stop - self.jobs[0].start + 1,
            "status": "annotation",
            "size": self.size,
            "dimension": "2d",
            "subset": self.subset,
            "validation_mode": None,
            "consensus_enabled": False,
        }

    def _server_job(self, task: int, number: int, job: Job) -> Json:
        return {
            "url": f"http://localhost/api/jobs/{number}",
            "id": number,
            "task_id": task,
            "assignee": None,
            "dimension": "2d",
            **job.progress,
            "mode": "annotation" if self.images else "interpolation",
            "frame_count": job.stop - job.start + 1,
            "start_frame": job.start,
            "stop_frame": job.stop,
            "created_date": "2026-01-01T00:00:00Z",
            "updated_date": "2026-01-01T00:00:00Z",
            "type": "annotation",
            "parent_job_id": None,
        }

    def _data_meta(self) -> Json:
        images = self.images or [("video.mp4", *self.video)]
        frames = [
            {"name": name, "width": width, "height": height, "related_files": 0, "has_related_context": False}
            for name, width, height in images
        ]
        return {"chunk_size": 36, "size": self.size, "frame_filter": "", **self._frames(), "frames": frames} | {
            "included_frames": None
        }


class _Ids:
    """The ids that a server gives: labels in order, each before its sublabels; attributes through all labels."""

    def __init__(self, labels: Sequence[Json]) -> None:
        self._next = {"label": 1, "spec": 1, "annotation": 1}
        self._label: dict[tuple[str, ...], int] = {}
        self._spec: dict[tuple[tuple[str, ...], str], int] = {}
        self.labels = [self._number(each, ()) for each in labels]

    def _new(self, kind: str) -> int:
        self._next[kind] += 1
        return self._next[kind] - 1

    def _number(self, made: Json, parent: tuple[str, ...]) -> Json:
        path = (*parent, made["name"])
        self._label[path] = number = self._new("label")
        specs = []
        for spec in made["attributes"]:
            self._spec[path, spec["name"]] = self._new("spec")
            specs.append({"id": self._spec[path, spec["name"]], **spec})
        sublabels = [self._number(each, path) for each in made["sublabels"]]
        svg = made.get("svg", "")
        for each in sublabels:
            svg = svg.replace(f'data-label-name="{each["name"]}"', f'data-label-id="{each["id"]}"')
        family = {"parent_id": self._label[parent] if parent else None, "has_parent": bool(parent), "task_id": 1}
        return {"id": number, **made, **family, "attributes": specs, "sublabels": sublabels} | (
            {"svg": svg} if svg else {}
        )

    def annotations(self, content: Json) -> Json:
        numbered = {
            kind: [self._annotation(each, ()) for each in content[kind]] for kind in ("tags", "shapes", "tracks")
        }
        return {"version": content["version"], **numbered}

    def _annotation(self, made: Json, parent: tuple[str, ...]) -> Json:
        path = (*parent, made["label"])
        answer = {"id": self._new("annotation"), "label_id": self._label.get(path, 999)}
        for key, value in made.items():
            if key == "attributes":
                answer[key] = self._values(value, path)
            elif key == "elements":
                answer[key] = [self._annotation(each, path) for each in value]
            elif key == "shapes":
                answer[key] = [
                    {"id": self._new("annotation"), **each, "attributes": self._values(each["attributes"], path)}
                    for each in value
                ]
            elif key != "label":
                answer[key] = value
        return answer

    def _values(self, values: Sequence[Json], path: tuple[str, ...]) -> list[Json]:
        return [{"spec_id": self._spec.get((path, each["name"]), 999), "value": each["value"]} for each in values]


def _write(folder: Path, answers: Mapping[str, object]) -> Path:
    for name, content in answers.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_bytes(content))
    return folder


def _page(results: list[Json]) -> Json:
    return {"count": len(results), "next": None, "previous": None, "results": results}


def _bytes(content: object) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()
