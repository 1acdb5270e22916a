"""Numbers that a source claims: they are clamped or refused in one line, and no memory is taken by them."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import framehaul
from backups import Job, Task, keyframe, label, shape, track
from program import PROGRAM

if TYPE_CHECKING:
    from pathlib import Path

BOX = [1.0, 1.0, 5.0, 4.0]
MEMORY = 2 << 30  # of addresses; the program itself needs a third of it

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs a limit of memory")


def limited(*arguments: object, seconds: int = 40) -> subprocess.CompletedProcess[str]:
    """Runs `framehaul` with little memory: an allocation by a claimed number ends in SIGABRT."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

    command = [str(PROGRAM), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False, preexec_fn=limit)


def one_line(done: subprocess.CompletedProcess[str], code: str, *parts: str) -> None:
    assert done.returncode == 1, done.stderr[:300]
    assert done.stderr.startswith(f"error[{code}]"), done.stderr[:300]
    assert done.stderr.count("\n") == 1
    assert all(part in done.stderr for part in parts), done.stderr


def video(size: int, *jobs: Job, **task: Any) -> Task:
    return Task([label("car")], jobs or [Job(0, size - 1)], **task)


def two_jobs(tmp_path: Path, stop: int) -> Path:
    """Twenty frames in two jobs, each with a track; the first job claims to end at `stop`."""
    one, other = (track("car", keyframe("rectangle", frame, BOX)) for frame in (0, 10))
    task = video(20, Job(0, 14, tracks=[one]), Job(10, 19, tracks=[other]))
    source = task.backup(tmp_path / "task.zip")
    content = json.loads(task.members()["task.json"])
    content["jobs"][0]["stop_frame"] = stop
    return task.backup(source, task=json.dumps(content).encode())


@pytest.mark.parametrize("stop", [100, 10**7, 1 << 31, (1 << 32) + 5, (1 << 63) - 1])
def test_a_job_that_ends_far_behind_its_task_ends_with_it(stop: int, tmp_path: Path) -> None:
    source = two_jobs(tmp_path, stop)
    done = limited("export", source, "-f", "coco", "-f", "cvat-video", "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    dataset = framehaul.open(source)
    dataset.save(tmp_path / "saved")
    assert framehaul.open(tmp_path / "saved").inspect() == dataset.inspect()
    assert [job["stop_frame"] for job in dataset.inspect()["tasks"][0]["jobs"]] == [19, 19]


def test_an_overlap_is_at_most_the_task(tmp_path: Path) -> None:
    one, other = (track("car", keyframe("rectangle", frame, BOX)) for frame in (0, 10))
    source = video(20, Job(0, 14, tracks=[one]), Job(10, 19, tracks=[other])).server(tmp_path / "server")
    content = json.loads((source / "task.json").read_bytes())
    content["overlap"] = (1 << 32) - 1
    (source / "task.json").write_text(json.dumps(content))
    assert limited("export", source, "-f", "coco", "-o", tmp_path / "out.zip").returncode == 0
    framehaul.open(source).save(tmp_path / "saved")
    framehaul.open(tmp_path / "saved")


def test_an_overlap_of_many_frames_takes_no_memory(tmp_path: Path) -> None:
    size = 20_000_000  # about 400 bytes a frame would be 8 GB
    one, other = (
        track("car", keyframe("rectangle", 0, BOX), keyframe("rectangle", 2, BOX, outside=True)) for _ in "ab"
    )
    source = video(size, Job(0, size - 1, tracks=[one]), Job(0, size - 1, tracks=[other])).backup(tmp_path / "task.zip")
    done = limited("export", source, "-f", "mot", "-o", tmp_path / "out.zip")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("size", [(4294967295, 1), (1, 100_000_000), (300_000_000, 1), (65_536, 65_536)])
@pytest.mark.parametrize("images", [True, False])
def test_a_huge_side_is_one_error_with_its_place(size: tuple[int, int], *, images: bool, tmp_path: Path) -> None:
    shapes = [shape("polygon", "car", 0, [0.0, 0.0, 9.0, 0.0, 9.0, 9.0])]
    media: dict[str, Any] = {"images": [("a.png", *size)]} if images else {"video": size}
    source = Task([label("car")], [Job(0, 0, shapes=shapes)], **media).backup(tmp_path / "task.zip")
    for name in ("camvid", "coco"):
        done = limited("export", source, "-f", name, "-o", tmp_path / "out.zip")
        one_line(done, "too-large", f"{size[0]} x {size[1]}", 'task "task"', "a.png" if images else "video.mp4")
    assert not (tmp_path / "out.zip").exists()


@pytest.mark.parametrize("name", ["camvid", "segmentation-mask", "icdar-segmentation", "cityscapes", "coco", "voc"])
@pytest.mark.parametrize("size", [(1 << 20, 1), (1, 1 << 20), (65_535, 65_535)])
def test_the_largest_allowed_image_takes_little_memory(name: str, size: tuple[int, int], tmp_path: Path) -> None:
    shapes = [shape("polygon", "car", 0, [0.0, 0.0, 9.0, 0.0, 9.0, 9.0])]
    source = Task([label("car")], [Job(0, 0, shapes=shapes)], images=[("a.png", *size)]).backup(tmp_path / "task.zip")
    done = limited("export", source, "-f", name, "-o", tmp_path / "out.zip")
    if name == "icdar-segmentation" and size == (65_535, 65_535):  # it writes bitmaps, which end at 4 GiB
        one_line(done, "too-large")
    else:
        assert done.returncode == 0, done.stderr[:300]


def test_pixels_are_limited_by_choice(cli: Any, tmp_path: Path) -> None:
    source = Task([label("car")], [Job(0, 0)], images=[("a.png", 100, 80)]).backup(tmp_path / "task.zip")
    one_line(cli("inspect", source, "--max-pixels", 7999), "too-large", "max_pixels")
    assert cli("inspect", source, "--max-pixels", 8000).returncode == 0
    framehaul.open(source).save(tmp_path / "saved")
    one_line(cli("inspect", tmp_path / "saved", "--max-pixels", 7999), "too-large", "max_pixels")


@pytest.mark.parametrize("size", [(1 << 32) - 1, (1 << 31) - 1, 1 << 31, 100_000_001])
def test_more_frames_than_any_real_task_has_are_one_error(size: int, tmp_path: Path) -> None:
    source = video(size, Job(0, size - 1, shapes=[shape("rectangle", "car", 0, BOX)])).backup(tmp_path / "task.zip")
    one_line(limited("export", source, "-f", "mot", "-o", tmp_path / "out.zip"), "too-large")


def test_frames_are_limited_by_choice(cli: Any, tmp_path: Path) -> None:
    source = video(20).backup(tmp_path / "task.zip")
    one_line(cli("inspect", source, "--max-frames", 19), "too-large", "max_frames")
    assert cli("inspect", source, "--max-frames", 20).returncode == 0


@pytest.mark.parametrize("frames", ["annotated", "every:1000000", "keyframes"])
def test_as_many_frames_as_are_allowed_are_selected_from_in_little_memory(frames: str, tmp_path: Path) -> None:
    size = 20_000_000
    source = video(size, Job(0, size - 1, shapes=[shape("rectangle", "car", 7, BOX)])).backup(tmp_path / "task.zip")
    done = limited("export", source, "-f", "mot", "-o", tmp_path / "out.zip", "--frames", frames)
    assert done.returncode == 0, done.stderr[:300]


@pytest.mark.parametrize(
    "data",
    [
        {"start_frame": (1 << 64) - 1, "stop_frame": (1 << 64) - 1},
        {"start_frame": 1 << 62, "stop_frame": (1 << 62) + 9},
        {"start_frame": 0, "stop_frame": 0, "frame_filter": f"step={(1 << 64) - 1}"},
        {"start_frame": 5, "stop_frame": 4},
        {"start_frame": 0, "stop_frame": (1 << 64) - 1, "frame_filter": "step=1"},
    ],
)
def test_frame_numbers_that_overflow_are_one_error(data: dict[str, Any], tmp_path: Path) -> None:
    task = video(1)
    content = json.loads(task.members()["task.json"])
    content["data"].update(data)
    source = task.backup(tmp_path / "task.zip", task=json.dumps(content).encode())
    done = limited("export", source, "-f", "coco", "-o", tmp_path / "out.zip")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr


def test_deleted_frames_and_frames_of_jobs_must_be_of_the_task(tmp_path: Path) -> None:
    source = video(20, deleted=[(1 << 32) - 1]).backup(tmp_path / "task.zip")
    one_line(limited("inspect", source), "bad-metadata", "4294967295")


@pytest.mark.parametrize("frame", [(1 << 31) - 1, (1 << 32) - 1, 1 << 40])
def test_a_keyframe_that_no_saved_dataset_could_hold_is_refused_at_once(frame: int, tmp_path: Path) -> None:
    far = track("car", keyframe("rectangle", 0, BOX), keyframe("rectangle", frame, BOX))
    one_line(limited("inspect", video(20, Job(0, 19, tracks=[far])).backup(tmp_path / "t.zip")), "frame-out-of-range")


def test_a_keyframe_far_behind_the_end_costs_nothing_and_is_saved(tmp_path: Path) -> None:
    far = track("car", keyframe("rectangle", 0, BOX), keyframe("rectangle", (1 << 31) - 2, BOX))
    source = video(20, Job(0, 19, tracks=[far])).backup(tmp_path / "task.zip")
    assert limited("export", source, "-f", "coco", "-o", tmp_path / "out.zip").returncode == 0
    framehaul.open(source).save(tmp_path / "saved")


@pytest.mark.parametrize("name", ["coco", "camvid", "mots", "datumaro", "open-images", "icdar-segmentation"])
@pytest.mark.parametrize("side", [(1 << 16) - 1, (1 << 31) - 2])
def test_a_mask_whose_box_is_larger_than_any_image_takes_no_memory(name: str, side: int, tmp_path: Path) -> None:
    mask = [1.0, float(side) * side - 1, 0.0, 0.0, side - 1.0, side - 1.0]
    shapes = [shape("mask", "car", 0, mask)]
    source = Task([label("car")], [Job(0, 0, shapes=shapes)], images=[("a.png", 100, 80)]).backup(tmp_path / "task.zip")
    done = limited("export", source, "-f", name, "-o", tmp_path / "out.zip")
    assert done.returncode in (0, 1), done.stderr[:300]
    assert done.stderr.count("\n") == done.returncode


def test_a_sublabel_with_a_lower_id_than_its_skeleton_is_saved_and_opened_again(tmp_path: Path) -> None:
    skeleton = label("person", kind="skeleton", sublabels=[label("nose", kind="points")])
    source = Task([skeleton], [Job(0, 0)]).server(tmp_path / "server")
    content = json.loads((source / "labels.json").read_bytes())
    content["results"][0]["id"], content["results"][0]["sublabels"][0]["id"] = 9, 3
    (source / "labels.json").write_text(json.dumps(content))
    dataset = framehaul.open(source)
    dataset.save(tmp_path / "saved")
    assert framehaul.open(tmp_path / "saved").inspect() == dataset.inspect()


@pytest.mark.parametrize("name", ["yolo", "yolo-detect", "yolo-seg", "yolo-pose", "yolo-obb", "yolo-track"])
@pytest.mark.parametrize("character", ["\n", "\r"])
def test_a_line_break_in_the_name_of_an_image_is_refused_by_formats_with_lists(
    name: str, character: str, tmp_path: Path
) -> None:
    images = [(f"a{character}/etc/x.png", 10, 10)]
    source = Task([label("car")], [Job(0, 0)], images=images).backup(tmp_path / "task.zip")
    with pytest.raises(framehaul.Error, match="lists cannot hold") as caught:
        framehaul.export(source, name, tmp_path / "out.zip")
    assert caught.value.code == "unsupported"
    assert not (tmp_path / "out.zip").exists()


@pytest.mark.parametrize("name", ["coco", "yolo", "cvat-images", "datumaro", "voc", "imagenet", "vggface2", "camvid"])
def test_time_is_not_quadratic_in_the_number_of_labels(name: str, tmp_path: Path) -> None:
    labels = [label(f"label {number}") for number in range(20_000)]
    shapes = [shape("rectangle", f"label {number * 40}", number % 50, BOX) for number in range(500)]
    source = Task(labels, [Job(0, 49, shapes=shapes)]).backup(tmp_path / "task.zip")
    done = limited("export", source, "-f", name, "-o", tmp_path / "out.zip", "-q", seconds=20)
    assert done.returncode == 0, done.stderr[:300]
