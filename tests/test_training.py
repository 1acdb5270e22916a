"""`--profile training` is read back by the formats' own tools, or by their rules where those tools need PyTorch."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

import framehaul
from backups import Job, Task, keyframe, label, shape, track, triangle

# Warnings of the tools are not ours.
pytestmark = pytest.mark.filterwarnings("ignore")

FORMATS = Path(__file__).parents[1] / "rust" / "core" / "src" / "format"


@pytest.fixture
def unpacked(tmp_path):
    """Exports a source for training and unpacks the archive."""

    def run(source: Path, name: str) -> Path:
        folder = tmp_path / "unpacked" / name
        framehaul.export(source, name, tmp_path / "training.zip", profile="training", overwrite=True)
        with zipfile.ZipFile(tmp_path / "training.zip") as archive:
            archive.extractall(folder)
        return folder

    return run


def project(path: Path, *tasks: Task) -> Path:
    """A backup of a project."""
    with zipfile.ZipFile(path, "w") as archive:
        labels = list(tasks[0].labels)
        archive.writestr("project.json", json.dumps({"name": "p", "labels": labels, "version": "1.0"}))
        for place, task in enumerate(tasks):
            for name, content in task.members().items():
                archive.writestr(f"task_{place}/{name}", content)
    return path


def paint(pictures: dict[Path, tuple[int, int]]) -> None:
    """Writes black pictures of these sizes."""
    image = pytest.importorskip("PIL.Image")
    for path, size in pictures.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        image.new("RGB", size).save(path)


# Ultralytics


def ultralytics(folder: Path, split: str) -> dict[Path, list[list[float]]]:
    """The pictures of a split and the rows of their label files, by the rules of Ultralytics (its `data/utils.py` and
    `data/base.py`): lists stand beside `data.yaml`, pictures beside their list, and labels where `labels` is put for
    the last folder `images`.
    """
    data = pytest.importorskip("yaml").safe_load((folder / "data.yaml").read_text(encoding="utf-8"))
    assert {"train", "val", "names"} <= data.keys()
    assert list(data["names"]) == list(range(len(data["names"])))
    found = folder / data.get("path", "") / data[split]
    rows = {}
    for line in found.read_text(encoding="utf-8").splitlines():
        assert line.startswith("./")
        picture = found.parent / line[2:]
        before, _, after = str(picture).rpartition("/images/")
        labels = Path(f"{before}/labels/{after}").with_suffix(".txt")
        lines = labels.read_text().splitlines() if labels.exists() else []
        rows[picture.relative_to(folder)] = [[float(word) for word in row.split()] for row in lines]
    return rows


def is_loaded(rows: list[list[float]], *, columns: int, keypoints: int = 0) -> bool:
    """Whether Ultralytics keeps a picture with these rows (coordinates between 0 and 1, as older releases want)."""
    if any(len(row) > 6 for row in rows) and not keypoints:
        rows = [[row[0], *around(row[1:])] for row in rows]
    table = np.array(rows).reshape(-1, columns)
    points = table[:, 5:].reshape(len(table), keypoints, 3)[..., :2] if keypoints else table[:, 1:]
    return bool((points <= 1).all() and (table >= 0).all())


def around(points: list[float]) -> list[float]:
    """Centre and size of the box around points."""
    ring = np.array(points).reshape(-1, 2)
    low, high = ring.min(axis=0), ring.max(axis=0)
    return [*(low + high) / 2, *(high - low)]


BONES = [shape("points", "a", 0, [10, 10]), shape("points", "b", 0, [-900, 20], outside=True)]
STREET = Task(
    labels=[triangle("pose"), label("car"), label("person")],
    images=[("images/a.jpg", 100, 80), ("b.png", 200, 50)],
    jobs=[
        Job(
            0,
            1,
            shapes=[
                shape("rectangle", "car", 0, [-20, 10, 40, 60]),
                shape("rectangle", "car", 0, [-20, 10, -1, 60]),
                shape("rectangle", "person", 0, [-60, 10, 20, 20], rotation=30.0),
                shape("polygon", "person", 0, [80, 60, 120, 60, 120, 100, 80, 100]),
                shape("polygon", "person", 0, [101, 0, 120, 0, 120, 20]),
                shape("skeleton", "pose", 0, elements=[*BONES, shape("points", "c", 0, [200, 40], occluded=True)]),
                shape("skeleton", "pose", 0, elements=[shape("points", "c", 0, [-1, 40])]),
            ],
            tracks=[track("person", keyframe("rectangle", 1, [0, 0, 50, 20]))],
        )
    ],
)


@pytest.mark.parametrize(
    ("name", "columns", "rows"),
    [
        # The part in the picture; the box beside it is gone, and the turned one is no box for detection.
        ("yolo-detect", 5, [[1, 0.2, 0.4375, 0.4, 0.625]]),
        ("yolo-track", 5, [[1, 0.2, 0.4375, 0.4, 0.625]]),
        ("yolo-seg", 5, [[2, 0.8, 0.75, 1, 0.75, 1, 1, 0.8, 1]]),
    ],
)
def test_ultralytics_keeps_every_picture(written, unpacked, name, columns, rows):
    loaded = ultralytics(unpacked(written(STREET), name), "train")
    assert loaded[Path("images/train/images/a.jpg")] == rows
    assert set(loaded) == {Path("images/train/images/a.jpg"), Path("images/train/b.png")}
    assert all(is_loaded(rows, columns=columns) for rows in loaded.values())


def test_ultralytics_keeps_turned_boxes_whose_middle_is_in_the_picture(written, unpacked):
    loaded = ultralytics(unpacked(written(STREET), "yolo-obb"), "val")
    rows = loaded[Path("images/train/images/a.jpg")]
    assert [row[:3] for row in rows] == [[1, -0.2, 0.125]]
    assert is_loaded(rows, columns=5)


def test_ultralytics_takes_points_out_of_sight_for_absent(written, unpacked):
    folder = unpacked(written(STREET), "yolo-pose")
    loaded = ultralytics(folder, "train")
    # One point is left: it is the box.
    assert loaded[Path("images/train/images/a.jpg")] == [[0, 0.1, 0.125, 0, 0, 0.1, 0.125, 2, 0, 0, 0, 0, 0, 0]]
    assert all(is_loaded(rows, columns=14, keypoints=3) for rows in loaded.values())


def test_ultralytics_finds_what_is_for_training_and_what_is_for_validation(tmp_path, unpacked):
    tasks = [
        Task(labels=[label("car")], images=[(f"{subset}.png", 9, 9)], jobs=[Job(0, 0)], subset=subset)
        for subset in ("Train", "Validation", "archive")
    ]
    folder = unpacked(project(tmp_path / "project.zip", *tasks), "yolo-detect")
    assert list(ultralytics(folder, "train")) == [Path("images/Train/Train.png")]
    assert list(ultralytics(folder, "val")) == [Path("images/Validation/Validation.png")]
    assert sorted(path.name for path in folder.glob("*.txt")) == ["archive.txt", "train.txt", "val.txt"]


def test_the_report_says_where_training_and_validation_are_the_same(written, tmp_path):
    for name, times in (("yolo-detect", 1), ("yolo", 1), ("mot", 0)):
        report = framehaul.export(written(STREET), name, tmp_path / f"{name}.zip", profile="training")
        assert sum("validation" in note.message for note in report.notes) == times
        assert framehaul.export(written(STREET), name, tmp_path / f"{name}-cvat.zip").notes == ()


def test_supervision_loads_the_boxes_of_ultralytics(written, unpacked):
    supervision = pytest.importorskip("supervision")
    folder = unpacked(written(STREET), "yolo-detect")
    paint({folder / "images/train/images/a.jpg": (100, 80)})
    dataset = supervision.DetectionDataset.from_yolo(
        str(folder / "images/train/images"), str(folder / "images/train/labels"), str(folder / "data.yaml")
    )
    assert dataset.classes == ["pose", "car", "person"]
    [(_, _, boxes)] = dataset
    assert boxes.xyxy.tolist() == [pytest.approx([0, 10, 40, 60], abs=1e-3)]
    assert boxes.class_id.tolist() == [1]


# Darknet


def test_darknet_finds_its_lists_its_names_and_its_numbers(tmp_path, unpacked):
    tasks = [
        Task(
            labels=STREET.labels,
            images=[(f"{subset}.png", 100, 80)],
            jobs=[Job(0, 0, shapes=[shape("rectangle", "person", 0, [-10, 20, 30, 60])])],
            subset=subset,
        )
        for subset in ("training", "valid")
    ]
    folder = unpacked(project(tmp_path / "project.zip", *tasks), "yolo")
    options = dict(line.split(" = ") for line in (folder / "obj.data").read_text().splitlines())
    assert options.keys() >= {"train", "valid", "names", "backup", "classes"}
    names = (folder / options["names"]).read_text().splitlines()
    assert (names, options["classes"]) == (["pose", "car", "person"], "3")
    for split, subset in (("train", "training"), ("valid", "valid")):
        [picture] = (folder / options[split]).read_text().splitlines()
        assert picture == f"obj_{subset}_data/{subset}.png"
        [row] = (folder / picture).with_suffix(".txt").read_text().splitlines()
        number, *box = row.split()
        assert names[int(number)] == "person"
        assert [float(share) for share in box] == [0.15, 0.5, 0.3, 0.5]


# MOTChallenge


def sequence(name: str, subset: str = "") -> Task:
    """A task with two boxes without a track on a frame, a track, and pictures whose names are numbers."""
    return Task(
        labels=[label("person"), label("car")],
        images=[(f"{number}.jpg", 100, 80) for number in (0, 7, 7000)],
        jobs=[
            Job(
                0,
                2,
                shapes=[shape("rectangle", "person", 0, [0, 0, 9, 9]), shape("rectangle", "car", 0, [20, 20, 30, 40])],
                tracks=[track("person", keyframe("rectangle", 1, [50, 50, 60, 70]))],
            )
        ],
        name=name,
        subset=subset,
    )


def test_trackeval_takes_every_task_for_a_sequence(tmp_path, unpacked):
    trackeval = pytest.importorskip("trackeval")
    source = project(tmp_path / "project.zip", sequence("a/b, 50%", "train"), sequence("", "train"))
    folder = unpacked(source, "mot")
    results = tmp_path / "results" / "same" / "data"
    results.mkdir(parents=True)
    names = (folder / "seqmaps" / "train.txt").read_text().splitlines()[1:]
    for name in names:
        rows = (folder / "train" / name / "gt" / "gt.txt").read_text().splitlines()
        # A tracker that finds every person; results have no class.
        found = [row.split(",")[:7] for row in rows if row.split(",")[7] == "1"]
        (results / f"{name}.txt").write_text("".join(",".join(row) + "\n" for row in found))
    data = trackeval.datasets.MotChallenge2DBox(
        {
            "GT_FOLDER": str(folder / "train"),
            "SEQMAP_FILE": str(folder / "seqmaps" / "train.txt"),
            "TRACKERS_FOLDER": str(tmp_path / "results"),
            "SKIP_SPLIT_FOL": True,
            "PRINT_CONFIG": False,
        }
    )
    assert (data.seq_list, list(data.seq_lengths.values())) == (names, [3, 3])
    for name in names:
        read = data.get_preprocessed_seq_data(data.get_raw_seq_data("same", name), "pedestrian")
        score = trackeval.metrics.CLEAR({"PRINT_CONFIG": False}).eval_sequence(read)
        assert (score["MOTA"], read["num_gt_dets"]) == (1.0, 3), name


def test_motmetrics_finds_no_number_in_two_sequences(tmp_path, unpacked):
    motmetrics = pytest.importorskip("motmetrics")
    folder = unpacked(project(tmp_path / "project.zip", sequence("one"), sequence("one")), "mot")
    assert (folder / "default/one/seqinfo.ini").read_text().splitlines() == [
        "[Sequence]",
        "name=one",
        "imDir=img1",
        "frameRate=30",
        "seqLength=3",
        "imWidth=100",
        "imHeight=80",
        "imExt=.jpg",
    ]
    numbers = []
    for name in ("one", "one_2"):
        table = motmetrics.io.loadtxt(folder / "default" / name / "gt" / "gt.txt", fmt="mot16")
        assert not table.index.has_duplicates
        assert sorted(set(table.index.get_level_values("FrameId"))) == [1, 2, 3]
        numbers.append(set(table.index.get_level_values("Id")))
    assert [len(each) for each in numbers] == [3, 3]
    assert not numbers[0] & numbers[1]


@pytest.mark.parametrize("page", ["yolo", "yolo_detect", "yolo_track", "yolo_seg", "yolo_obb", "yolo_pose", "mot"])
def test_the_page_of_a_format_says_what_differs(page):
    assert "\n## `--profile training`\n" in (FORMATS / f"{page}.md").read_text(encoding="utf-8")
