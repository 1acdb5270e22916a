"""What readers of folders load: ImageFolder of torchvision by its rule, Caffe's lists, and the toolbox of LabelMe."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

import framehaul
from backups import Job, Task, label, png, project, shape, tag, triangle

if TYPE_CHECKING:
    from pathlib import Path

# ImageNet


def image_folder(root: Path) -> tuple[list[str], list[tuple[str, int]]]:
    """Classes and samples by the rule of torchvision (`datasets/folder.py`): the sorted folders are the classes, and
    all pictures at any depth below them the samples.
    """
    classes = sorted(entry.name for entry in os.scandir(root) if entry.is_dir())
    samples = [
        (str(path.relative_to(root)), number)
        for number, name in enumerate(classes)
        for path in sorted((root / name).rglob("*"))
        if path.suffix.lower() in (".png", ".jpg", ".jpeg")
    ]
    return classes, samples


NAMES = ["a b/x.png", "y.png", "z.png"]
PETS = Task(
    labels=[label("dog"), triangle("pose"), label("cat/black"), label("big cat")],
    images=[(name, 9, 9) for name in NAMES],
    files={name: png(9, 9) for name in NAMES},
    jobs=[
        Job(
            0,
            2,
            tags=[tag("dog", 0), tag("dog", 0), tag("cat/black", 1), tag("big cat", 1)],
            shapes=[shape("rectangle", "dog", 2, [0, 0, 1, 1])],
        )
    ],
)


def test_every_folder_of_imagenet_is_a_class_and_the_lists_number_them_alike(tmp_path, unpacked):
    tasks = [replace(PETS, subset="Train"), replace(PETS, subset="valid")]
    source = project(tmp_path / "project.zip", *tasks)
    folder = unpacked(source, "imagenet", save_images=True)
    synsets = (folder / "synsets.txt").read_text().splitlines()
    expected = [("big cat/y.png", 0), ("cat_black/y.png", 1), ("dog/a b/x.png", 2)]
    for split in ("train", "val"):
        assert image_folder(folder / split) == (synsets, expected)
        # Caffe's convert_imageset takes what follows the last blank for the number.
        lines = [line.rpartition(" ") for line in (folder / f"{split}.txt").read_text().splitlines()]
        assert sorted((name, int(number)) for name, _, number in lines) == expected
    report = framehaul.export(source, "imagenet", tmp_path / "out.zip", save_images=True, profile="training")
    assert {(row.label, row.outcome): row.annotations for row in report.rows if row.shape == "tag"} == {
        ("dog", "written"): 2,
        ("dog", "dropped"): 2,
        ("cat/black", "written"): 2,
        ("big cat", "written"): 2,
    }
    assert [note.times for note in report.notes] == [2]


def test_lists_of_imagenet_without_pictures_name_these_by_themselves(written, unpacked):
    folder = unpacked(written(PETS), "imagenet")
    assert (folder / "train.txt").read_text() == "a b/x.png 2\ny.png 1\ny.png 0\n"
    assert sorted(os.listdir(folder)) == ["synsets.txt", "train.txt"]


def test_two_labels_of_one_folder_are_refused(written, unpacked):
    source = written(replace(PETS, labels=[label("a/b"), label("a_b")], jobs=[Job(0, 2)]))
    with pytest.raises(framehaul.Error, match='one folder "a_b"'):
        unpacked(source, "imagenet")


# LabelMe


def test_the_toolbox_of_labelme_finds_pictures_and_masks_by_the_folder_of_their_xml(tmp_path, unpacked):
    task = Task(
        labels=[label("car")],
        images=[("s/x.png", 40, 30), ("y.png", 40, 30)],
        files={name: png(40, 30) for name in ("s/x.png", "y.png")},
        jobs=[
            Job(
                0,
                1,
                shapes=[
                    shape("rectangle", "car", 0, [10, 10, 20, 14], rotation=90.0),
                    shape("rectangle", "car", 0, [1, 1, 4, 4]),
                    shape("mask", "car", 0, [0, 9, 4, 20, 6, 22]),
                ],
            )
        ],
    )
    tasks = [replace(task, subset=name) for name in ("train", "val")]
    folder = unpacked(project(tmp_path / "project.zip", *tasks), "labelme", save_images=True)
    read = []
    for path in sorted((folder / "Annotations").rglob("*.xml")):
        root = ET.parse(path).getroot()
        where = root.findtext("folder")
        # LMimread joins these; the XML lies beside them in its own tree.
        assert (folder / "Images" / where / root.findtext("filename")).is_file()
        assert path.parent == folder / "Annotations" / where
        for each in root.iter("object"):
            if each.find("segm") is None:
                points = [[float(point.findtext(axis)) for axis in "xy"] for point in each.iter("pt")]
                read.append((each.findtext("type"), points))
                continue
            mask = cv2.imread(str(folder / "Masks" / where / each.findtext("segm/mask")), cv2.IMREAD_UNCHANGED)
            # What is opaque by more than a half.
            read.append(("mask", np.argwhere(mask[..., 3] > 127).min(axis=0).tolist()))
    turned = (None, [[17, 7], [17, 17], [13, 17], [13, 7]])
    assert read == [turned, ("bounding_box", [[1, 1], [4, 1], [4, 4], [1, 4]]), ("mask", [20, 4])] * 2
