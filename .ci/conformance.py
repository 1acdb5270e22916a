"""Runs the conformance kit on everything that a source can know: conformance.py KIT COMMAND FORMATS.

The server's answers are compared as they are. Two facts are not in a backup, so that no reader of it can reproduce what
the server exported; they are put there before the comparison, and everything else must be equal:

* the order of labels. CVAT lists labels by id in its exports, but in no order in its backups (whatever the database
  returns), and leaves the ids out. Backups of these cases get their labels in the order of the ids.
* the ids of tasks. In the exports of a project the expected `task_id` becomes the stand-in that framehaul prints, the
  task's place in the backup.

Exports with pictures are compared too, but for those that `excuse` tells.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from pathlib import Path


def ids_in_order(path: Path) -> list[int]:
    answers = json.loads(path.read_text(encoding="utf-8"))["results"]
    return sorted(answer["id"] for answer in answers)


def label_names(server: Path) -> list[str]:
    labels = json.loads((server / "labels.json").read_text(encoding="utf-8"))["results"]
    return [label["name"] for label in sorted(labels, key=lambda label: label["id"])]


def with_labels_in_order(backup: Path, names: list[str], target: Path) -> None:
    with zipfile.ZipFile(backup) as source, zipfile.ZipFile(target, "w") as out:
        for member in source.infolist():
            data = source.read(member)
            if member.filename.rsplit("/", 1)[-1] in {"task.json", "project.json"}:
                content = json.loads(data)
                content["labels"].sort(key=lambda label: names.index(label["name"]))
                data = json.dumps(content).encode()
            out.writestr(member, data)


def with_stand_ins(archive: Path, places: dict[int, int], target: Path) -> None:
    def stand_in(found: re.Match[str]) -> str:
        return f'task_id="{places[int(found[1])]}"'

    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(target, "w") as out:
        for member in source.infolist():
            data = source.read(member)
            if member.filename == "annotations.xml":
                data = re.sub(r'(?<= )task_id="(\d+)"', stand_in, data.decode()).encode()
            out.writestr(member, data)


def task_places(case: Path) -> dict[int, int]:
    """Place of each task among those that the backup holds, by id. A backup numbers all tasks of the project."""
    ids = ids_in_order(case / "server" / "tasks.json")
    with zipfile.ZipFile(case / "backup.zip") as backup:
        numbers = {
            int(name.split("/")[0].removeprefix("task_")) for name in backup.namelist() if name.startswith("task_")
        }
    return {ids[number]: place for place, number in enumerate(sorted(numbers))}


def prepare(case: Path, target: Path) -> None:
    target.mkdir()
    (target / "case.json").symlink_to(case / "case.json")
    backup = case / "backup.zip"
    if backup.exists():
        with_labels_in_order(backup, label_names(case / "server"), target / "backup.zip")
    if json.loads((case / "case.json").read_text(encoding="utf-8"))["kind"] != "project" or not backup.exists():
        (target / "expected").symlink_to(case / "expected")
        return
    (target / "expected").mkdir()
    places = task_places(case)
    for archive in (case / "expected").iterdir():
        if archive.name.startswith("CVAT for "):
            with_stand_ins(archive, places, target / "expected" / archive.name)
        else:
            (target / "expected" / archive.name).symlink_to(archive)


def pictures_in(archive: Path) -> int:
    with zipfile.ZipFile(archive) as opened:
        return len(json.loads(opened.read("MEDIA.json"))) if "MEDIA.json" in opened.namelist() else 0


def excuse(case: Path, archive: Path) -> str | None:
    """Why the pictures of an export cannot be what CVAT exports, if they cannot."""
    about = json.loads((case / "case.json").read_text(encoding="utf-8"))
    place = about.get("place_in_backup")
    backup = case / "backup.zip" if place is None else case.parent / about["case_of_task"] / "backup.zip"
    if not backup.exists():
        return "no backup"
    with zipfile.ZipFile(backup) as opened:
        names = opened.namelist()
        if any(name.endswith((".mp4", ".mkv", ".avi", ".mov")) for name in names):
            return "video: CVAT exports frames of a copy that it has compressed again"
        if any(name.endswith(".pcd") for name in names):
            return "point clouds"
        job = json.loads(opened.read("task.json"))["jobs"][place] if place is not None else {}
    if job.get("type") == "ground_truth" and archive.name.startswith("CVAT for "):
        return (
            "ground truth in CVAT XML: CVAT takes the frame's place in the job for its number, and finds others or none"
        )
    frames = next((case / "expected").glob("CVAT for images * (images).zip"))
    if pictures_in(archive) < pictures_in(frames):
        return "pictures of one name: in CVAT the last one is left, framehaul says which they are"
    return None


def keep_pictures(case: Path, target: Path) -> list[str]:
    """Leaves the exports with pictures that can be compared; returns the excuses of the others."""
    kept = {archive.name: archive.resolve() for archive in (target / "expected").glob("*(images).zip")}
    excuses = {name: why for name in kept if (why := excuse(case, case / "expected" / name))}
    if (target / "expected").is_symlink():
        (target / "expected").unlink()
        (target / "expected").mkdir()
        for name, archive in kept.items():
            (target / "expected" / name).symlink_to(archive)
    for name in excuses:
        (target / "expected" / name).unlink()
    return list(excuses.values())


def main(kit: Path, command: str, formats: str) -> int:
    check = [sys.executable, str(kit / "check.py"), "--cmd", command, "--formats", formats, "-v"]
    print("--- from the server's answers", flush=True)
    failed = subprocess.run([*check, "--from", "server"], check=False).returncode
    print("--- from backups", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        for case in sorted((kit / "cases").iterdir()):
            prepare(case, Path(temporary) / case.name)
        failed |= subprocess.run([*check, "--from", "backup", "--root", temporary], check=False).returncode
        print("--- with pictures", flush=True)
        excuses = Counter()
        for case in sorted((kit / "cases").iterdir()):
            excuses.update(keep_pictures(case, Path(temporary) / case.name))
        failed |= subprocess.run([*check, "--images", "--root", temporary], check=False).returncode
        for why, count in excuses.items():
            print(f"{count:>5} not compared: {why}")
    return failed


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), sys.argv[2], sys.argv[3]))
