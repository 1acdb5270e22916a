"""The contract of the command line: exit codes, one line per error, what is written where."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import zipfile

import pytest

import framehaul
from backups import Job, Task, label, shape, tag
from program import PROGRAM, one_line

BOX = shape("rectangle", "car", 0, [10, 20, 30, 60])
LINE = shape("polyline", "car", 1, [0, 0, 5, 5])
TASK = Task(labels=[label("car")], jobs=[Job(0, 2, tags=[tag("car", 2)], shapes=[BOX, LINE])])


@pytest.fixture
def task(tmp_path):
    return TASK.backup(tmp_path / "task.zip")


def test_an_export_writes_the_archive_and_prints_what_became_of_the_annotations(cli, task, tmp_path):
    done = cli("export", task, "-f", "COCO 1.0", "-o", tmp_path / "coco.zip")
    assert (done.returncode, done.stderr) == (0, "")
    assert zipfile.ZipFile(tmp_path / "coco.zip").namelist() == ["annotations/instances_default.json"]
    head, *rows, wrote = done.stdout.splitlines()
    assert wrote.startswith(f"wrote {tmp_path / 'coco.zip'} (")
    assert head == "COCO 1.0: 3 frames, 1 annotations written, 0 converted, 2 dropped"
    assert [row.split()[:4] for row in rows] == [
        ["car", "rectangle", "1", "written"],
        ["car", "polyline", "1", "dropped"],
        ["car", "tag", "1", "dropped"],
    ]


@pytest.mark.parametrize("name", ["coco", "COCO", "coco 1.0"])
def test_a_format_is_found_by_name_and_slug_in_any_letter_case(cli, task, tmp_path, name):
    assert cli("export", task, "-f", name, "-o", tmp_path / "out.zip").returncode == 0


def test_an_unknown_format_is_wrong_usage_and_a_close_one_is_suggested(cli, task, tmp_path):
    line = one_line(cli("export", task, "-f", "COCO", "-f", "coko 1.0", "-o", tmp_path / "out"), "unknown-format", 2)
    assert 'did you mean "COCO 1.0"?' in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["export"],
        ["export", "x.zip", "-f", "coco"],
        ["export", "x.zip", "-f", "coco", "-o", "o.zip", "--threads", "0"],
        ["export", "x.zip", "-f", "coco", "-o", "o.zip", "--compression", "most"],
        ["export", "x.zip", "-f", "coco", "-o", "o.zip", "--nonsense"],
        ["nonsense"],
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(cli, arguments):
    one_line(cli(*arguments), "usage", 2)


@pytest.mark.parametrize("out", ["out", "out.tar"])
def test_out_must_say_what_it_is_to_be(cli, task, tmp_path, out):
    one_line(cli("export", task, "-f", "coco", "-o", out, cwd=tmp_path), "bad-option", 2)


def test_a_source_that_is_not_there_is_an_error(cli, tmp_path):
    line = one_line(cli("export", tmp_path / "none.zip", "-f", "coco", "-o", tmp_path / "o.zip"), "not-found", 1)
    assert "none.zip" in line


def test_an_existing_archive_is_replaced_only_when_told_so(cli, task, tmp_path):
    out = tmp_path / "out.zip"
    assert cli("export", task, "-f", "yolo", "-o", out).returncode == 0
    before = out.read_bytes()
    one_line(cli("export", task, "-f", "coco", "-o", out), "output-exists", 1)
    assert out.read_bytes() == before
    assert cli("export", task, "-f", "coco", "-o", out, "--overwrite").returncode == 0
    assert zipfile.ZipFile(out).namelist() == ["annotations/instances_default.json"]


def test_a_folder_receives_the_same_files_as_the_archive(cli, task, tmp_path):
    assert cli("export", task, "-f", "yolo", "-o", f"{tmp_path}/folder/").returncode == 0
    assert cli("export", task, "-f", "yolo", "-o", tmp_path / "out.zip").returncode == 0
    archive = zipfile.ZipFile(tmp_path / "out.zip")
    files = {
        str(path.relative_to(tmp_path / "folder")): path.read_bytes()
        for path in (tmp_path / "folder").rglob("*")
        if path.is_file() and path.name != ".framehaul"  # the record of the folder
    }
    assert files == {name: archive.read(name) for name in archive.namelist()}
    assert "obj_train_data/frame_000000.txt" in files


def test_several_formats_go_into_a_folder_by_their_display_names(cli, task, tmp_path):
    done = cli("export", task, "-f", "coco", "-f", "MOT 1.1", "-f", "coco", "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["COCO 1.0.zip", "MOT 1.1.zip"]


def test_a_format_that_fails_does_not_stop_the_others(cli, task, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "COCO 1.0.zip").write_text("mine")
    done = cli("export", task, "-f", "coco", "-f", "yolo", "-o", out, "--report", tmp_path / "report.json")
    assert one_line(done, "output-exists", 1).startswith("error[output-exists]: COCO 1.0: ")
    assert (out / "COCO 1.0.zip").read_text() == "mine"
    assert zipfile.is_zipfile(out / "YOLO 1.1.zip")
    assert "YOLO 1.1: 3 frames" in done.stdout
    assert [each["format"] for each in json.loads((tmp_path / "report.json").read_text())] == ["YOLO 1.1"]


def test_quiet_prints_nothing(cli, task, tmp_path):
    done = cli("export", task, "-f", "coco", "-o", tmp_path / "out.zip", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_report_is_written_as_json(cli, task, tmp_path):
    report = tmp_path / "report.json"
    arguments = ["export", task, "-f", "mot", "-o", tmp_path / "out.zip", "--report", report]
    assert cli(*arguments).returncode == 0
    content = json.loads(report.read_text())
    assert (content["format"], content["frames"], content["annotations"]) == ("MOT 1.1", 3, 1)
    assert [(row["label"], row["shape"], row["outcome"], row["count"]) for row in content["rows"]] == [
        ("car", "rectangle", "written", 1),
        ("car", "polyline", "dropped", 1),
        ("car", "tag", "dropped", 1),
    ]
    assert all(row["detail"] for row in content["rows"] if row["outcome"] == "dropped")
    one_line(cli(*arguments), "output-exists", 1)


def test_strict_makes_dropped_annotations_an_error_and_writes_nothing(cli, task, tmp_path):
    line = one_line(cli("export", task, "-f", "coco", "-o", tmp_path / "o.zip", "--strict"), "dropped", 1)
    assert "2 annotations" in line
    assert os.listdir(tmp_path) == ["task.zip"]
    kept = TASK.with_job(tags=[], shapes=[BOX]).backup(tmp_path / "kept.zip")
    assert cli("export", kept, "-f", "coco", "-o", tmp_path / "o.zip", "--strict").returncode == 0


def test_a_job_is_exported_on_its_own(cli, tmp_path):
    jobs = [Job(0, 4, shapes=[BOX]), Job(5, 9, shapes=[shape("rectangle", "car", 7, [1, 2, 3, 4])])]
    task = Task(labels=[label("car")], jobs=jobs).backup(tmp_path / "task.zip")
    done = cli("export", task, "-f", "coco", "-o", tmp_path / "o.zip", "--job", 1)
    assert done.stdout.startswith("COCO 1.0: 5 frames, 1 annotations written")
    one_line(cli("export", task, "-f", "coco", "-o", tmp_path / "p.zip", "--job", 2), "not-found", 1)


def test_a_video_that_is_not_there_is_missed_in_a_clear_line(cli, task, tmp_path):
    done = cli("export", task, "-f", "coco", "-o", tmp_path / "out.zip", "--save-images")
    assert "--media" in one_line(done, "missing-file", 1)


def test_limits_guard_against_archives_that_unpack_to_too_much(cli, tmp_path):
    task = TASK.backup(tmp_path / "task.zip")
    one_line(cli("inspect", task, "--max-total", "1K"), "zip-bomb", 1)
    assert cli("inspect", task, "--max-total", "1M").returncode == 0
    one_line(cli("inspect", task, "--max-total", "much"), "bad-option", 2)


def test_the_clock_of_cvat_xml_follows_source_date_epoch(cli, task, tmp_path):
    out = tmp_path / "out.zip"
    done = cli("export", task, "-f", "cvat-images", "-o", out, env={"SOURCE_DATE_EPOCH": "86400"})
    assert done.returncode == 0, done.stderr
    assert b"<dumped>1970-01-02 00:00:00+00:00</dumped>" in zipfile.ZipFile(out).read("annotations.xml")
    wrong = cli("export", task, "-f", "cvat-images", "-o", tmp_path / "b.zip", env={"SOURCE_DATE_EPOCH": "today"})
    one_line(wrong, "bad-option", 2)


def test_formats_are_listed_and_each_shows_its_page(cli):
    listed = cli("formats").stdout.splitlines()[1:]
    for line, info in zip(listed, framehaul.formats(), strict=True):
        assert line.startswith(info.name)
        assert f" {info.slug} " in line
        assert line.endswith(info.summary)
    for info in framehaul.formats():
        assert cli("formats", info.slug).stdout == info.page.rstrip("\n") + "\n"
    one_line(cli("formats", "nonsense"), "unknown-format", 2)


def test_inspect_counts_annotations_by_label_and_kind(cli, task):
    found = json.loads(cli("inspect", task, "--json").stdout)
    assert [found["project"], found["tasks"][0]["name"], found["tasks"][0]["frames"]] == [None, "task", 3]
    assert found["counts"] == [
        {"label": "car", "kind": "rectangle", "shapes": 1, "tracks": 0, "keyframes": 0},
        {"label": "car", "kind": "polyline", "shapes": 1, "tracks": 0, "keyframes": 0},
        {"label": "car", "kind": "tag", "shapes": 1, "tracks": 0, "keyframes": 0},
    ]
    text = cli("inspect", task).stdout
    assert "task 0 task: 3 frames (video, 2d)" in text
    assert "job 0: frames 0 to 2, annotation" in text


def test_version_and_help_are_told(cli):
    assert cli("--version").stdout == f"framehaul {framehaul.__version__}\n"
    for arguments in (["--help"], ["export", "--help"], ["formats", "-h"], ["inspect", "-h"]):
        assert "Usage: framehaul" in cli(*arguments).stdout


def on_a_terminal(*arguments, **env):
    """What the command prints when standard output is a terminal."""
    leader, follower = pty.openpty()
    child = subprocess.Popen(
        [PROGRAM, *map(str, arguments)], stdout=follower, stderr=subprocess.PIPE, env={**os.environ, **env}
    )
    os.close(follower)
    printed = b""
    while True:
        try:
            piece = os.read(leader, 4096)
        except OSError:  # how Linux says that the other end is closed
            piece = b""
        if not piece:
            break
        printed += piece
    os.close(leader)
    assert child.communicate()[1] == b""
    assert child.returncode == 0
    return printed.decode()


def test_colours_are_for_terminals_and_no_color_is_honoured(cli, task, tmp_path):
    arguments = ["export", task, "-f", "coco", "--overwrite", "-o", tmp_path / "out.zip"]
    assert "\x1b[31m" in on_a_terminal(*arguments, NO_COLOR="")
    assert "\x1b" not in on_a_terminal(*arguments, NO_COLOR="1")
    assert "\x1b" not in cli(*arguments).stdout


def test_a_reader_that_goes_away_is_no_traceback(task, tmp_path):
    command = f"{PROGRAM} export {task} -f coco -o {tmp_path / 'out.zip'} | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""


def test_a_bar_on_a_terminal_goes_away_again(task, tmp_path):
    leader, follower = pty.openpty()
    command = [PROGRAM, "export", task, "-f", "coco", "-f", "yolo", "-o", tmp_path / "out"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=follower, check=True)
    os.close(follower)
    drawn = os.read(leader, 1 << 20).decode()
    os.close(leader)
    assert "3 frames" in drawn
    assert "\x1b[?25h" in drawn  # the cursor is back
    assert done.stdout.startswith(b"COCO 1.0: 3 frames")
