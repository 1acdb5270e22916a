"""Whatever names a source holds, what is printed is one line a thing, short, and does nothing to a terminal."""

from __future__ import annotations

import json
import unicodedata
import zipfile
from dataclasses import replace

import pytest

import framehaul
from backups import Job, Task, attribute, label, project, shape, tag

EVIL = "a\x1b[2J\x07\r\n\x85\u2028\u202e\x1b]0;b"
LONG = "x" * 70_000
NAMES = pytest.mark.parametrize("name", [EVIL, LONG], ids=["controls", "long"])
MAX_LINE = 1200


def is_plain(text: str) -> bool:
    """Whether a terminal prints every character as it is."""
    obeyed = ("Cc", "Zl", "Zp")
    return not any(unicodedata.category(each) in obeyed or each == "\u202e" for each in text.replace("\n", ""))


def check(done) -> None:
    for printed in (done.stdout, done.stderr):
        assert is_plain(printed), printed[:500]
        assert all(len(line) <= MAX_LINE for line in printed.splitlines()), max(map(len, printed.splitlines()))
        assert printed.count("\n") == len(printed.splitlines())
    assert "Traceback" not in done.stderr


def box(name: str, **more):
    return shape("rectangle", name, 0, [1, 2, 3, 4], **more)


def edited(path, member: str, change) -> None:
    """Changes a JSON member of a backup."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, change(content) if name == member else content)


def unknown_label(name):
    return Task(labels=[label("car")], jobs=[Job(0, 1, shapes=[box(name)])])


def unknown_kind(name):
    return Task(labels=[label("car")], jobs=[Job(0, 1, shapes=[{**box("car"), "type": name}])])


def unknown_attribute(name):
    made = {**box("car"), "attributes": [{"name": name, "value": "1"}]}
    return Task(labels=[label("car")], jobs=[Job(0, 1, shapes=[made])])


def bad_value(name):
    made = {**box("car"), "attributes": [{"name": "n", "value": name}]}
    number = attribute("n", "number", "0", ("0", "9", "1"))
    return Task(labels=[label("car", number)], jobs=[Job(0, 1, shapes=[made])])


def two_labels(name):
    return Task(labels=[label(name), label(name)], jobs=[Job(0, 1)])


def frame_that_is_not_there(name):
    return Task(labels=[label(name)], name=name, jobs=[Job(0, 1, tags=[tag(name, 9)])])


def no_points(name):
    return Task(labels=[label(name)], name=name, jobs=[Job(0, 1, shapes=[{**box(name), "points": [1.0]}])])


def bad_kind_of_label(name):
    return Task(labels=[label("car", kind=name)], jobs=[Job(0, 1)])


def bad_input_type(name):
    return Task(labels=[label("car", attribute("n", name))], jobs=[Job(0, 1)])


BROKEN = [
    unknown_label,
    unknown_kind,
    unknown_attribute,
    bad_value,
    two_labels,
    frame_that_is_not_there,
    no_points,
    bad_kind_of_label,
    bad_input_type,
]


@NAMES
@pytest.mark.parametrize("broken", BROKEN)
def test_an_error_that_repeats_a_name_is_one_short_plain_line(cli, tmp_path, broken, name):
    source = broken(name).backup(tmp_path / "task.zip")
    done = cli("export", source, "-f", "coco", "-o", tmp_path / "o.zip")
    check(done)
    if done.returncode:
        assert done.stderr.count("\n") == 1
        try:
            framehaul.open(source)
        except framehaul.Error as error:
            assert is_plain(str(error))  # noqa: PT017 - some sources fail only when they are exported
            assert len(str(error)) <= MAX_LINE  # noqa: PT017


@NAMES
def test_reports_and_inspect_show_names_that_do_no_harm(cli, tmp_path, name):
    made = Task(
        labels=[label(name, attribute(name)), label("car")],
        name=name,
        subset=name if name == EVIL else "",  # a name of a file cannot be as long
        jobs=[Job(0, 1, tags=[tag(name, 0)], shapes=[box(name), shape("polyline", name, 1, [0, 0, 5, 5])])],
    )
    source = project(tmp_path / "project.zip", made, replace(made, name=name + "2"))
    edited(source, "project.json", lambda content: json.dumps({**json.loads(content), "name": name}).encode())
    for arguments in (
        ["inspect", source],
        ["export", source, "-f", "coco", "-o", tmp_path / "coco.zip", "--labels", "car"],
        ["export", source, "-f", "coco", "-o", tmp_path / "task.zip", "--task", 0],
    ):
        done = cli(*arguments)
        check(done)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
    for info in framehaul.formats():
        check(cli("export", source, "-f", info.slug, "-o", tmp_path / f"{info.slug}.zip"))


@NAMES
def test_what_does_not_exist_lists_names_that_do_no_harm(cli, tmp_path, name):
    many = [Task(labels=[label(name)], name=f"{name}{place}", jobs=[Job(0, 1)]) for place in range(20)]
    source = project(tmp_path / "project.zip", *many)
    for option in (["--task", "missing"], ["--job", "missing/1"], ["--labels", "missing"], ["--subset", "missing"]):
        done = cli("export", source, "-f", "coco", "-o", tmp_path / "o.zip", *option)
        assert done.returncode in (1, 2)
        check(done)


@pytest.mark.parametrize("option", ["-f", "--frames", "--negatives", "--name-template", "--compression", "--task"])
def test_what_the_user_wrote_is_repeated_in_the_same_way(cli, tmp_path, option):
    source = unknown_label("car").backup(tmp_path / "task.zip")
    done = cli("export", source, "-f", "coco", "-o", tmp_path / "o.zip", option, EVIL)
    assert done.returncode in (1, 2)
    check(done)


def test_names_of_members_do_no_harm(cli, tmp_path):
    source = tmp_path / "task.zip"
    unknown_label("car").backup(source)
    with zipfile.ZipFile(source, "a") as archive:
        archive.writestr(f"../{EVIL}.json", "{}")
    done = cli("export", source, "-f", "coco", "-o", tmp_path / "o.zip")
    assert done.returncode == 1
    check(done)
