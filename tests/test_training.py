"""`--profile training` is read back by the formats' own tools, or by their rules where those tools need PyTorch."""

from __future__ import annotations

import csv
import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

import framehaul
from backups import Job, Task, attribute, keyframe, label, shape, tag, track, triangle

# Warnings of the tools are not ours.
pytestmark = pytest.mark.filterwarnings("ignore")


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


def test_ultralytics_takes_folders_for_classes(tmp_path, unpacked):
    tasks = [
        Task(
            labels=[label("cat")],
            images=[("a.png", 9, 9), ("b.png", 9, 9)],
            jobs=[Job(0, 1, tags=[tag("cat", 0)])],
            subset=subset,
        )
        for subset in ("", "Valid")
    ]
    folder = unpacked(project(tmp_path / "project.zip", *tasks), "yolo-cls")
    for split in ("train", "val"):
        listed = json.loads((folder / split / "labels.json").read_text())
        assert {name: each["path"] for name, each in listed.items()} == {"a": "cat/a.png", "b": ""}


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


# WiderFace


def test_widerface_is_read_by_whole_numbers_alone(written, unpacked):
    blur = attribute("blur", "number", "0")
    labels = [
        label("face", blur, attribute("invalid", "checkbox", "false"), attribute("pose", "text", "")),
        label("car"),
    ]
    shapes = [
        shape("rectangle", "face", 1, [1.4, 2, 5.6, 8], blur="2", invalid="true", pose="1", occluded=True),
        shape("rectangle", "car", 1, [0, 0, 9, 9]),
        shape("rectangle", "face", 2, [-0.4, 0, 9, 9]),
    ]
    task = Task(
        labels=labels,
        images=[(f"{name}.jpg", 100, 80) for name in "abc"],
        jobs=[Job(0, 2, tags=[tag("car", 1)], shapes=shapes)],
    )
    lines = iter((unpacked(written(task), "widerface") / "wider_face_split/wider_face_train_bbx_gt.txt").open())
    read = {}
    for line in lines:
        # The count is followed by a line even if it is 0: so torchvision reads it.
        count = int(next(lines))
        rows = [[int(word) for word in next(lines).split()] for _ in range(max(count, 1))]
        assert all(len(row) == 10 for row in rows)
        read[line.rstrip()] = rows if count else []
    assert read == {
        "no_label/a.jpg": [],
        "1--car/b.jpg": [[1, 2, 5, 6, 2, 0, 0, 1, 1, 1]],
        "no_label/c.jpg": [[0, 0, 9, 9, 0, 0, 0, 0, 0, 0]],
    }


# VGGFace2


def test_vggface2_has_a_whole_row_for_every_face(written, unpacked):
    five = [1, 2, 3.5, 4, 5, 6, 7, 8, 9, 10.25]
    shapes = [
        shape("rectangle", "n1", 0, [1.2, 2, 4.3, 6]),
        shape("rectangle", "n1", 0, [10, 10, 20, 20]),
        shape("points", "n1", 0, five),
        shape("points", "n2", 0, five[:4]),
    ]
    task = Task(
        labels=[label("n1"), label("n2")],
        images=[("a.jpg", 100, 80), ("b.jpg", 100, 80)],
        jobs=[Job(0, 1, tags=[tag("n2", 0)], shapes=shapes)],
        subset="test",
    )
    folder = unpacked(written(task), "vggface2") / "bb_landmark"
    with (folder / "loose_bb_test.csv").open(newline="") as file:
        boxes = {row.pop("NAME_ID"): [int(value) for value in row.values()] for row in csv.DictReader(file)}
    assert boxes == {"n1/a": [1, 2, 3, 4], "n1/a_2": [10, 10, 10, 10]}
    with (folder / "loose_landmark_test.csv").open(newline="") as file:
        points = {row.pop("NAME_ID"): [float(value) for value in row.values()] for row in csv.DictReader(file)}
    assert points == {"n1/a": five}


# Market-1501


def test_torchreid_finds_person_and_camera_in_every_name(tmp_path, unpacked):
    market = label(
        "market-1501",
        attribute("person_id", "number"),
        attribute("camera_id", "number"),
        attribute("query", "checkbox"),
    )
    tasks = [
        Task(
            labels=[market],
            images=[(f"{subset}/{name}.jpg", 64, 128) for name in "abc"],
            jobs=[
                Job(
                    0,
                    2,
                    tags=[
                        tag("market-1501", 0, person_id="12", camera_id="2", query="false"),
                        tag("market-1501", 1, person_id="12", camera_id="2", query=query),
                    ],
                )
            ],
            subset=subset,
        )
        for subset, query in (("Train", "false"), ("test", "true"))
    ]
    folder = unpacked(project(tmp_path / "project.zip", *tasks), "market1501")
    names = [name for path in sorted(folder.glob("images_*.txt")) for name in path.read_text().splitlines()]
    assert len(set(names)) == len(names) == 4
    assert [name.split("/")[0] for name in names] == ["bounding_box_test", "query", *["bounding_box_train"] * 2]
    for name in names:
        # torchreid's data/datasets/image/market1501.py searches for this.
        person, camera = re.search(r"([-\d]+)_c(\d)", name).groups()
        assert (int(person), int(camera)) == (12, 3)
        assert re.fullmatch(r"\w+/0012_c3s1_\d{6}_00\.jpg", name)


# LFW


def test_scikit_learn_reads_the_pairs_of_lfw(written, unpacked, tmp_path):
    lfw = pytest.importorskip("sklearn.datasets._lfw")
    pairs = [attribute("positive_pairs"), attribute("negative_pairs")]
    task = Task(
        labels=[label("Ann_B", *pairs), label("Carl", *pairs), label("nobody")],
        images=[(f"{name}.jpg", 50, 50) for name in ("Ann_B_0001", "Ann_B_0002", "Carl_0001")],
        jobs=[
            Job(
                0,
                2,
                tags=[
                    tag("Ann_B", 0, positive_pairs="Ann_B_0002", negative_pairs="Carl_0001, Dan"),
                    tag("Ann_B", 1, positive_pairs="", negative_pairs=""),
                    tag("Carl", 2, positive_pairs="", negative_pairs="Ann_B_0002"),
                ],
            )
        ],
    )
    source = written(task)
    folder = unpacked(source, "lfw") / "train"
    for name in ("Ann_B_0001", "Ann_B_0002", "Carl_0001"):
        paint({folder / "images" / name[:-5] / f"{name}.jpg": (250, 250)})
    read, same, _ = lfw._fetch_lfw_pairs(str(folder / "annotations/pairs.txt"), str(folder / "images"))
    assert (len(read), same.tolist()) == (3, [1, 0, 0])
    assert (folder / "annotations/pairs.txt").read_text().splitlines() == [
        "1",
        "Ann_B\t1\t2",
        "Ann_B\t1\tCarl\t1",
        "Carl\t1\tAnn_B\t2",
    ]
    assert (folder / "annotations/people.txt").read_text() == "2\nAnn_B\t2\nCarl\t1\n"
    report = framehaul.export(source, "lfw", tmp_path / "lfw.zip", profile="training")
    assert [note.times for note in report.notes] == [1]


# Label images


@pytest.fixture
def painted(tmp_path):
    """A video with a polygon, a mask and a box on its first frame, and a track that begins on its second."""
    labels = [label("car", color="#ff0000"), label("traffic light", color="#00ff00")]
    shapes = [
        shape("polygon", "car", 0, [2, 2, 12, 2, 12, 12, 2, 12]),
        shape("polygon", "car", 0, [20, 2, 30, 2, 30, 12, 20, 12]),
        shape("mask", "traffic light", 0, [0, 9, 4, 20, 6, 22]),
        shape("rectangle", "traffic light", 0, [1, 20, 9, 28]),
    ]
    tracks = [track("car", keyframe("rectangle", 1, [4, 4, 8, 8]))]
    task = Task(labels=labels, jobs=[Job(0, 1, shapes=shapes, tracks=tracks)], video=(40, 30))
    return task.backup(tmp_path / "painted.zip")


def test_the_numbers_of_classes_and_objects_of_voc_stand_behind_its_palette(painted, unpacked):
    image = pytest.importorskip("PIL.Image")
    folder = unpacked(painted, "Segmentation mask 1.1")
    names = [line.split(":")[0] for line in (folder / "labelmap.txt").read_text().splitlines()[1:]]
    with image.open(folder / "SegmentationClass" / "frame_000000.png") as classes:
        assert classes.mode == "P"
        numbers = np.array(classes)
        palette = classes.getpalette()
    assert names[numbers[5, 5]] == "car"
    assert names[numbers[21, 5]] == "traffic light"
    assert names[numbers[0, 0]] == "background"
    assert palette[3 * numbers[5, 5] :][:3] == [255, 0, 0]
    with image.open(folder / "SegmentationObject" / "frame_000000.png") as objects:
        assert np.array(objects)[[5, 5, 0], [5, 25, 0]].tolist() == [1, 2, 0]
        assert objects.getpalette()[:9] == [0, 0, 0, 128, 0, 0, 0, 128, 0]


def test_kitti_tells_instances_apart_and_every_picture_has_rows_of_fifteen_columns(painted, unpacked):
    image = pytest.importorskip("PIL.Image")
    folder = unpacked(painted, "KITTI 1.0") / "default"
    names = [line.split(" ", 3)[3] for line in (folder.parent / "label_colors.txt").read_text().splitlines()]
    with image.open(folder / "instance" / "frame_000000.png") as instances:
        values = np.array(instances)
    car = names.index("car")
    assert values[[5, 5, 0], [5, 25, 0]].tolist() == [256 * car + 1, 256 * car + 2, 0]
    with image.open(folder / "semantic" / "frame_000000.png") as semantic:
        assert semantic.mode == "L"
        assert np.array(semantic)[5, 5] == car
    rows = [line.split() for line in (folder / "label_2" / "frame_000000.txt").read_text().splitlines()]
    assert [(row[0], len(row)) for row in rows] == [("traffic_light", 15)]
    empty = Task(labels=[label("car")], jobs=[Job(0, 0)]).backup(painted.with_name("empty.zip"))
    assert (unpacked(empty, "kitti") / "default" / "label_2" / "frame_000000.txt").read_text() == ""


def test_mots_has_an_image_for_every_frame_of_a_sequence_and_tracks_from_1(painted, unpacked):
    image = pytest.importorskip("PIL.Image")
    folder = unpacked(painted, "MOTS PNG 1.0") / "default" / "instances"
    # As mots_tools reads a folder of results: sequences of four digits, the stem of a file is the frame.
    found = {}
    for path in sorted((folder / "0000").glob("*.png")):
        with image.open(path) as opened:
            found[int(path.stem)] = np.array(opened)
    assert sorted(found) == [0, 1]
    assert not found[0].any()
    assert np.unique(found[1]).tolist() == [0, 1001]
    assert divmod(int(found[1][5, 5]), 1000) == (1, 1)


def test_masks_of_open_images_are_black_and_white(painted, unpacked):
    image = pytest.importorskip("PIL.Image")
    paths = sorted((unpacked(painted, "Open Images V6 1.0") / "masks").rglob("*.png"))
    assert len(paths) == 3
    for path in paths:
        with image.open(path) as mask:
            assert np.unique(np.array(mask)).tolist() == [0, 255]


# Pages

SECTION = "\n## `--profile training`\n"
DIFFERS = ["yolo", "yolo-detect", "yolo-track", "yolo-seg", "yolo-obb", "yolo-pose", "yolo-cls", "mot"]
DIFFERS += ["widerface", "vggface2", "market1501", "lfw", "kitti", "mots", "voc", "segmentation-mask", "open-images"]


@pytest.mark.parametrize("info", framehaul.formats(), ids=lambda info: info.slug)
def test_the_page_of_a_format_says_what_differs(info, tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")

    def members(profile: str) -> dict[str, bytes]:
        path = tmp_path / f"{profile}.zip"
        framehaul.export("sample", info.name, path, profile=profile)
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    if info.slug in DIFFERS or members("training") != members("cvat"):
        assert SECTION in info.page
