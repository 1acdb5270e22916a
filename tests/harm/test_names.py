"""Tasks, jobs and formats go by the names that people see; what does not exist lists what does."""

from __future__ import annotations

import json
import zipfile

import pytest

import framehaul
from backups import Job, Task, label, project, shape
from program import one_line


def task(name: str, *starts: int) -> Task:
    """A task in jobs of two frames, with a box on the first frame of each."""
    jobs = [Job(start, start + 1, shapes=[shape("rectangle", "car", start, [1, 2, 3, 4])]) for start in starts]
    return Task(name=name, labels=[label("car")], jobs=jobs)


@pytest.fixture
def source(tmp_path):
    return project(tmp_path / "project.zip", task("day", 0, 2), task("night", 0, 2, 4))


@pytest.fixture
def frames(cli, source, tmp_path):
    """The number of frames that an export with these options has, and what it says of the selection."""

    def run(*options) -> tuple[int, str]:
        out, report = tmp_path / "out.zip", tmp_path / "report.json"
        done = cli("export", source, "-f", "coco", "-o", out, "--report", report, "--overwrite", *options)
        assert done.returncode == 0, done.stderr
        made = json.loads(report.read_text())
        assert made["annotations"] * 2 == made["frames"], "each job has two frames and a box"
        return made["frames"], made["selection"]

    return run


def test_inspect_prints_the_numbers_that_options_accept(cli, source, frames):
    printed = [line.split(":")[0].split() for line in cli("inspect", source).stdout.splitlines()]
    jobs = [words[1] for words in printed if words[:1] == ["job"]]
    assert jobs == ["0/0", "0/1", "1/0", "1/1", "1/2"]
    assert [words[1:] for words in printed if words[:1] == ["task"]] == [["0", "day"], ["1", "night"]]
    for job in jobs:
        assert frames("--job", job) == (2, f"jobs {job}")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--task", "night"], (6, "tasks night")),
        (["--task", 0], (4, "tasks 0")),
        (["--task", "day", "--task", 1], (10, "tasks day, 1")),
        (["--job", "night/0", "--job", "1/2"], (4, "jobs night/0, 1/2")),
        (["--job", "0/0", "--job", "1/2"], (4, "jobs 0/0, 1/2")),
        (["--task", "day", "--job", "1/2"], (6, "tasks day; jobs 1/2")),
    ],
)
def test_tasks_and_jobs_add_up(frames, options, expected):
    assert frames(*options) == expected


def test_one_task_of_a_project_is_exported_as_the_task_by_itself(source, tmp_path):
    alone = task("night", 0, 2, 4).backup(tmp_path / "night.zip")
    for name in ("coco", "yolo", "cvat-images", "datumaro"):
        framehaul.export(source, name, tmp_path / "a.zip", tasks="night", overwrite=True, dumped="source")
        framehaul.export(alone, name, tmp_path / "b.zip", overwrite=True, dumped="source")
        a, b = (zipfile.ZipFile(tmp_path / f"{letter}.zip") for letter in "ab")
        assert a.namelist() == b.namelist()
        for member in set(a.namelist()) - {"annotations.xml"}:
            assert a.read(member) == b.read(member), (name, member)


@pytest.mark.parametrize(
    ("options", "known"),
    [
        (["--task", "dusk"], '0 "day", 1 "night"'),
        (["--task", 2], '0 "day", 1 "night"'),
        (["--job", 0], "0/0, 0/1, 1/0, 1/1, 1/2"),
        (["--job", "night/3"], "1/0, 1/1, 1/2"),
        (["--job", "dusk/0"], '0 "day", 1 "night"'),
    ],
)
def test_what_does_not_exist_lists_what_does(cli, source, tmp_path, options, known):
    line = one_line(cli("export", source, "-f", "coco", "-o", tmp_path / "o.zip", *options), "not-found", 1)
    assert line.endswith(f"; it has these: {known}\n")
    assert not (tmp_path / "o.zip").exists()


def test_a_server_gives_its_own_numbers(cli, tmp_path):
    source = task("day", 0, 2).server(tmp_path / "server")
    found = json.loads(cli("inspect", source, "--json").stdout)["tasks"][0]
    last = found["jobs"][-1]
    assert last["name"] == str(last["id"])
    for options in (
        ["--job", last["id"]],
        ["--job", f"{found['number']}/{last['id']}"],
        ["--job", f"day/{last['id']}"],
    ):
        out = tmp_path / f"{options[1]}.zip".replace("/", "-")
        done = cli("export", source, "-f", "coco", "-o", out, *options)
        assert done.stdout.startswith("COCO 1.0: 2 frames, 1 annotations"), done.stderr


def test_python_takes_numbers_and_names_alone_or_in_a_list(source, tmp_path):
    def frames(**chosen) -> int:
        return framehaul.export(source, "coco", tmp_path / "o.zip", overwrite=True, **chosen).frames

    assert frames(tasks=1) == frames(tasks="night") == frames(tasks=["night"]) == 6
    assert frames(jobs="1/2") == 2
    assert frames(tasks=[0], jobs=("1/0", "1/2")) == 8
    dataset = framehaul.open(source)
    assert dataset.frame("night", 0) == dataset.frame(1, 0) == dataset.tasks[1].frame(0)


@pytest.mark.parametrize("options", [["--task", "night"], ["--job", "1/2"], ["--job", "night/0", "--job", "night/2"]])
def test_preview_takes_the_same_names(cli, source, tmp_path, options):
    done = cli("preview", source, "-o", tmp_path / "frame.png", *options)
    assert (done.returncode, done.stderr) == (0, "")
    one_line(cli("preview", source, "-o", tmp_path / "x.png", "--task", "dusk"), "not-found", 1)
    one_line(cli("preview", source, "-o", tmp_path / "x.png", "--job", "night/0", "--frame", 4), "not-found", 1)


def test_formats_separated_by_commas_are_several(cli, source, tmp_path):
    assert cli("export", source, "-f", "coco, MOT 1.0", "-o", tmp_path / "out").returncode == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["COCO 1.0.zip", "MOT 1.1.zip"]


@pytest.mark.parametrize(
    ("documented", "name"),
    [
        ("MOT 1.0", "MOT 1.1"),
        ("MOT", "MOT 1.1"),
        ("YOLO 1.0", "YOLO 1.1"),
        ("PASCAL VOC 1.0", "PASCAL VOC 1.1"),
        ("Pascal VOC", "PASCAL VOC 1.1"),
        ("Open Images 1.0", "Open Images V6 1.0"),
        ("Open Images", "Open Images V6 1.0"),
        ("Segmentation Mask 1.0", "Segmentation mask 1.1"),
        ("WIDER Face 1.0", "WiderFace 1.0"),
        ("ICDAR Detection 1.0", "ICDAR Localization 1.0"),
        ("YOLOv8 Segmentation 1.0", "Ultralytics YOLO Segmentation 1.0"),
        ("yolo11-pose", "Ultralytics YOLO Pose 1.0"),
        ("yolo26-obb", "Ultralytics YOLO Oriented Bounding Boxes 1.0"),
    ],
)
def test_names_from_the_documentation_of_cvat_and_of_ultralytics_are_accepted(source, tmp_path, documented, name):
    assert framehaul.export(source, documented, tmp_path / "o.zip").format == name


@pytest.mark.parametrize("name", ["YOLOv8", "yolo11", "yolo26"])
def test_a_name_that_several_formats_go_by_lists_them(cli, source, tmp_path, name):
    line = one_line(cli("export", source, "-f", name, "-o", tmp_path / "o.zip"), "unknown-format", 2)
    assert line.endswith("choose one of yolo-detect, yolo-track, yolo-seg, yolo-pose, yolo-obb, yolo-cls\n")
