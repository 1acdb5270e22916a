"""`--overwrite` replaces what framehaul wrote and nothing else, and no output touches what it is made from."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

import framehaul
from backups import Job, Task, label, shape
from framehaul import preview

if TYPE_CHECKING:
    from pathlib import Path

TASK = Task(labels=[label("car")], jobs=[Job(0, 2, shapes=[shape("rectangle", "car", 1, [1, 2, 30, 40])])])


def files(folder: Path) -> dict[str, bytes]:
    """All files below a folder, hidden ones too."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(done: subprocess.CompletedProcess[str], code: str, exit_code: int, *words: object) -> None:
    assert done.returncode == exit_code, done
    assert re.fullmatch(rf"error\[{code}\]: .*\n", done.stderr), done.stderr
    for word in words:
        assert str(word) in done.stderr, done.stderr


@pytest.fixture
def backup(tmp_path):
    return TASK.backup(tmp_path / "task.zip")


def test_a_folder_with_files_of_others_is_left_alone(cli, tmp_path):
    (tmp_path / "work").mkdir()
    (tmp_path / "work/thesis.txt").write_text("years of work")
    before = files(tmp_path)
    for options in [(), ("--overwrite",)]:
        done = cli("export", "sample", "-f", "coco", "-o", f"{tmp_path}/work/", *options)
        refused(done, "output-exists", 1, "work/thesis.txt" if options else "--overwrite")
        assert files(tmp_path) == before


def test_a_folder_of_an_earlier_export_is_replaced_whole(cli, tmp_path):
    out = f"{tmp_path}/out/"
    assert cli("export", "sample", "-f", "yolo", "-o", out).returncode == 0
    assert cli("export", "sample", "-f", "coco", "-o", out, "--overwrite").returncode == 0
    fresh = tmp_path / "fresh"
    assert cli("export", "sample", "-f", "coco", "-o", f"{fresh}/").returncode == 0
    assert files(tmp_path / "out") == files(fresh)
    assert sorted(os.listdir(tmp_path)) == ["fresh", "out"]


@pytest.mark.parametrize("name", ["mine.txt", "obj_train_data/mine.txt", "new/mine.txt", ".hidden", ".x.part"])
def test_one_file_of_others_in_an_earlier_export_protects_the_folder(cli, tmp_path, name):
    out = tmp_path / "out"
    assert cli("export", "sample", "-f", "yolo", "-o", f"{out}/").returncode == 0
    (out / name).parent.mkdir(exist_ok=True)
    (out / name).write_text("mine")
    before = files(tmp_path)
    refused(cli("export", "sample", "-f", "coco", "-o", f"{out}/", "--overwrite"), "output-exists", 1, name)
    assert files(tmp_path) == before


def test_a_folder_behind_a_link_is_protected_and_replaced_like_any_other(cli, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real/mine.txt").write_text("mine")
    arguments = ("export", "sample", "-f", "coco", "-o", f"{tmp_path}/link/", "--overwrite")
    refused(cli(*arguments), "output-exists", 1, "mine.txt")
    assert files(tmp_path / "real") == {"mine.txt": b"mine"}
    (tmp_path / "real/mine.txt").unlink()
    for _ in range(2):
        assert cli(*arguments).returncode == 0
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "real/annotations/instances_default.json").exists()


def test_an_earlier_export_in_the_current_folder_is_replaced(cli, tmp_path):
    for name in ("coco", "yolo"):
        assert cli("export", "sample", "-f", name, "-o", "./", "--overwrite", cwd=tmp_path).returncode == 0
    assert "obj.names" in files(tmp_path)
    assert not (tmp_path / "annotations").exists()


def test_the_record_in_a_folder_lists_its_files_and_is_the_same_every_time(cli, tmp_path):
    for name, threads in (("a", 1), ("b", 2)):
        assert cli("export", "sample", "-f", "yolo", "-o", f"{tmp_path}/{name}/", "--threads", threads).returncode == 0
    made = files(tmp_path / "a")
    assert made == files(tmp_path / "b")
    first, *names = made.pop(".framehaul").decode().splitlines()
    assert first == '{"framehaul_folder":1}'
    assert sorted(names) == sorted(f'"{name}"' for name in made)


def test_what_was_left_by_a_killed_export_is_no_reason_to_refuse_a_folder(cli, tmp_path):
    out = tmp_path / "out"
    (out / ".out.Ab12Cd.part").mkdir(parents=True)
    (out / ".out.Ab12Cd.part/half.json").write_text("[")
    assert cli("export", "sample", "-f", "coco", "-o", f"{out}/").returncode == 0
    (out / ".out.Ef34Gh.part").write_text("")
    assert cli("export", "sample", "-f", "yolo", "-o", f"{out}/", "--overwrite").returncode == 0
    assert (out / "obj.names").exists()
    assert not (out / "annotations").exists()


@pytest.mark.parametrize("content", [b"mine", b"\x89PNG\r\n\x1a\n", b"{}"])
def test_a_file_that_is_not_an_archive_is_left_alone(cli, tmp_path, content):
    out = tmp_path / "out.zip"
    out.write_bytes(content)
    refused(cli("export", "sample", "-f", "coco", "-o", out, "--overwrite"), "output-exists", 1, "out.zip")
    assert out.read_bytes() == content
    assert os.listdir(tmp_path) == ["out.zip"]


def test_an_archive_behind_a_link_is_replaced_and_the_link_stays(cli, tmp_path):
    real, link = tmp_path / "real.zip", tmp_path / "link.zip"
    assert cli("export", "sample", "-f", "yolo", "-o", real).returncode == 0
    link.symlink_to("real.zip")
    assert cli("export", "sample", "-f", "coco", "-o", link, "--overwrite").returncode == 0
    assert link.is_symlink()
    assert "annotations/instances_default.json" in zipfile.ZipFile(real).namelist()
    link.unlink()
    link.symlink_to("nowhere/out.zip")
    refused(cli("export", "sample", "-f", "coco", "-o", link, "--overwrite"), "not-writable", 1, "broken")


def test_of_several_formats_only_archives_are_replaced(cli, tmp_path):
    arguments = ("export", "sample", "-f", "coco", "-f", "yolo", "-o", tmp_path / "out", "--overwrite")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine.txt").write_text("mine")
    for _ in range(2):
        assert cli(*arguments).returncode == 0
    (tmp_path / "out/COCO 1.0.zip").write_text("mine too")
    refused(cli(*arguments), "output-exists", 1, "COCO 1.0")
    found = files(tmp_path / "out")
    assert (found["mine.txt"], found["COCO 1.0.zip"]) == (b"mine", b"mine too")
    assert zipfile.is_zipfile(tmp_path / "out/YOLO 1.1.zip")


# Source, media, output and report.


def outputs_that_touch(tmp_path, source, media):
    """Outputs and reports that are, contain, or lie inside the source or the media folder."""
    hard, soft, folder_link = tmp_path / "hard.zip", tmp_path / "soft.zip", tmp_path / "linked"
    if source.is_dir():
        folder_link.symlink_to(source)
        inside = [f"{source}/", f"{source}/new.zip", f"{source}/new/", f"{folder_link}/new.zip", f"{folder_link}/"]
    else:
        os.link(source, hard)
        soft.symlink_to(source)
        inside = [source, hard, soft]
    return [*inside, f"{tmp_path}/", f"{media}/", f"{media}/new.zip", f"{media}/../media/new/"]


@pytest.mark.parametrize("kind", ["backup", "server", "saved"])
def test_no_output_is_or_contains_or_lies_inside_source_or_media(cli, tmp_path, kind):
    media = tmp_path / "media"
    media.mkdir()
    (media / "video.mp4").write_text("the only copy")
    source = TASK.server(tmp_path / "server") if kind == "server" else TASK.backup(tmp_path / "task.zip")
    if kind == "saved":
        framehaul.open(source).save(tmp_path / "saved")
        source = tmp_path / "saved"
    places = outputs_that_touch(tmp_path, source, media)
    before = files(tmp_path)
    for out in places:
        arguments = ("export", source, "-f", "coco", "-o", out, "--media", media, "--save-images", "--overwrite")
        refused(cli(*arguments), "bad-option", 2, "output", "source" if str(media) not in str(out) else "media")
        with pytest.raises(framehaul.Error) as caught:
            framehaul.export(framehaul.open(source), "coco", out, media=media, overwrite=True)
        assert caught.value.code == "bad-option"
        report = str(out).rstrip("/")
        done = cli("export", source, "-f", "coco", "-o", tmp_path / "o.zip", "--report", report, "--overwrite",
                   "--media", media)  # fmt: skip
        refused(done, "bad-option", 2, "report")
    assert files(tmp_path) == before


def test_the_backup_that_a_saved_dataset_came_from_is_protected_too(backup, tmp_path):
    framehaul.open(backup).save(tmp_path / "saved")
    before = backup.read_bytes()
    with pytest.raises(framehaul.Error) as caught:
        framehaul.export(tmp_path / "saved", "coco", backup, overwrite=True)
    assert caught.value.code == "bad-option"
    assert backup.read_bytes() == before


def test_one_of_several_formats_cannot_be_the_source(cli, tmp_path):
    source = TASK.backup(tmp_path / "COCO 1.0.zip")
    before = files(tmp_path)
    refused(cli("export", source, "-f", "coco", "-f", "yolo", "-o", tmp_path, "--overwrite"), "bad-option", 2, "source")
    assert files(tmp_path) == before
    # Beside it there is room.
    assert cli("export", source, "-f", "mot", "-f", "yolo", "-o", tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("out", "report"), [("o.zip", "o.zip"), ("o/", "o"), ("o/", "o/report.json"), ("r/o.zip", "r")]
)
def test_the_report_is_not_the_output_and_neither_lies_inside_the_other(cli, tmp_path, out, report):
    done = cli("export", "sample", "-f", "coco", "-o", out, "--report", report, "--overwrite", cwd=tmp_path)
    refused(done, "bad-option", 2, "the report")
    assert os.listdir(tmp_path) == []


def test_a_dataset_is_not_saved_into_its_source(tmp_path):
    source = TASK.server(tmp_path / "server")
    before = files(tmp_path)
    with pytest.raises(framehaul.Error) as caught:
        framehaul.open(source).save(source / "saved")
    assert caught.value.code == "bad-option"
    with pytest.raises(FileExistsError):
        framehaul.open(source).save(source, overwrite=True)
    assert files(tmp_path) == before


def test_a_preview_replaces_only_previews_and_never_media(tmp_path, backup):
    pytest.importorskip("PIL")
    media, mine = tmp_path / "media", tmp_path / "mine.png"
    media.mkdir()
    mine.write_text("mine")
    dataset = framehaul.open(backup)
    with pytest.raises(FileExistsError):
        preview.save(dataset, mine, overwrite=True)
    with pytest.raises(framehaul.Error) as caught:
        preview.save(dataset, media / "new.png", media=media)
    assert caught.value.code == "bad-option"
    for _ in range(2):
        preview.save(dataset, tmp_path / "new.png", overwrite=True)
    assert (mine.read_text(), os.listdir(media)) == ("mine", [])


# Exports that fail, are interrupted, or meet each other.


@pytest.mark.parametrize("out", ["out.zip", "out/"])
def test_an_overwrite_that_fails_leaves_the_old_output_whole(tmp_path, out):
    framehaul.export("sample", "coco", f"{tmp_path}/{out}")
    before = files(tmp_path)

    def stop(_: framehaul.Progress) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        framehaul.export("sample", "yolo", f"{tmp_path}/{out}", overwrite=True, progress=stop)
    with pytest.raises(framehaul.Error):  # the sample has annotations that YOLO cannot hold
        framehaul.export("sample", "yolo", f"{tmp_path}/{out}", overwrite=True, strict=True)
    assert files(tmp_path) == before
    assert os.listdir(tmp_path) == [out.rstrip("/")]


HELD = """
import sys, framehaul
held = False
def hold(now):
    global held
    if not held:
        held = True
        print(flush=True)
        sys.stdin.readline()
framehaul.export("sample", "yolo", sys.argv[1], overwrite=True, progress=hold)
"""


def held_export(out: str) -> subprocess.Popen[str]:
    """Begins an export that waits, with its output begun, until its standard input is closed."""
    child = subprocess.Popen(
        [sys.executable, "-c", HELD, out],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout
    assert child.stdout.readline() == "\n"
    return child


@pytest.mark.parametrize("old", [False, True])
def test_two_exports_into_one_folder_end_whole_or_with_an_error(tmp_path, old):
    out, whole = tmp_path / "out", tmp_path / "whole"
    out.mkdir()
    if old:
        framehaul.export("sample", "mot", f"{out}/")
    first = held_export(f"{out}/")
    framehaul.export("sample", "coco", f"{out}/", overwrite=True)
    _, error = first.communicate()
    framehaul.export("sample", "coco" if first.returncode else "yolo", f"{whole}/")
    assert files(out) == files(whole), error
    assert sorted(os.listdir(tmp_path)) == ["out", "whole"]


@pytest.mark.parametrize("old", [False, True])
def test_an_export_whose_unfinished_output_is_removed_fails(tmp_path, old):
    out = tmp_path / "out"
    if old:
        framehaul.export("sample", "coco", f"{out}/")
    before = files(tmp_path)
    child = held_export(f"{out}/")
    (hidden,) = tmp_path.glob(".out.*.part")
    shutil.rmtree(hidden)
    _, error = child.communicate()
    assert child.returncode == 1
    assert "changed by something else while it was written" in error
    assert files(tmp_path) == before


def test_an_export_from_whose_unfinished_output_a_file_is_removed_fails(tmp_path):
    child = held_export(f"{tmp_path}/out/")
    (hidden,) = tmp_path.glob(".out.*.part")
    (hidden / ".framehaul").unlink()
    child.communicate()
    assert child.returncode == 1
    assert not (tmp_path / "out").exists()


HANG_UP = """
import os, signal, sys
from framehaul import _core
from framehaul.cli import main
whole = _core.export
def export(*arguments, **options):
    os.kill(os.getpid(), signal.SIGHUP)
    return whole(*arguments, **options)
_core.export = export
signal.signal(signal.SIGHUP, signal.{handler})
main(sys.argv[1:])
"""


def hung_up(handler: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs the command line, whose terminal closes when the export begins."""
    command = [sys.executable, "-c", HANG_UP.format(handler=handler), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="a signal of Unix")
@pytest.mark.parametrize("out", ["out.zip", "out/"])
def test_a_terminal_that_closes_stops_the_export_and_leaves_the_old_output(tmp_path, out):
    framehaul.export("sample", "coco", f"{tmp_path}/{out}")
    before = files(tmp_path)
    done = hung_up("SIG_DFL", "export", "sample", "-f", "yolo", "-o", f"{tmp_path}/{out}", "--overwrite")
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "error[interrupted]: stopped by the user; nothing half-written is left\n"
    assert files(tmp_path) == before


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="a signal of Unix")
def test_an_export_under_nohup_goes_on_when_the_terminal_closes(tmp_path):
    done = hung_up("SIG_IGN", "export", "sample", "-f", "coco", "-q", "-o", tmp_path / "out.zip")
    assert (done.returncode, done.stderr) == (0, "")
    assert zipfile.is_zipfile(tmp_path / "out.zip")
