"""What the tools of MOTChallenge and of the data sets of faces and persons load."""

from __future__ import annotations

import csv
import re

import pytest

import framehaul
from backups import Job, Task, attribute, keyframe, label, paint, project, shape, tag, track

# Warnings of the tools are not ours.
pytestmark = pytest.mark.filterwarnings("ignore")


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
