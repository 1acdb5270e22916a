"""Time and peak memory of exports as the task grows: memory follows the keyframes, not the frames.

    python benches/scale.py
    python benches/scale.py --formats yolo-detect yolo icdar-localization labelme voc --frames 1000000 --every 10
    python benches/scale.py --formats camvid --frames 1 --tracks 0 --polygons 10000 --width 16384 --height 16384

The second command writes a million files into one archive, in formats that have a file for each frame, the third the
images of one very large picture. Without --frames three tasks are measured: the second has ten times the frames and
keyframes of the first, the third ten times its frames alone.

The source is opened from a saved dataset (mapped) and from the backup. Each run is a process of its own; its memory is
what the operating system says was resident at the most. Mapped columns count there too, though the system can take them
back at any time: the column `own` is without them.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import framehaul
from generate import Task, backup

# Frames, and frames from keyframe to keyframe.
TASKS = [Task(frames, 10, every) for frames, every in ((100_000, 10), (1_000_000, 10), (1_000_000, 100))]

RUN = """
import re, sys
import framehaul
name, source, out = sys.argv[1:]
dataset = framehaul.open(source)  # kept to the end: what is mapped then is subtracted
report = framehaul.export(dataset, name, out)
# Not what getrusage says: that begins with the memory of the process that started this one.
status = dict(re.findall(r"^(\\w+):\\s+(\\d+) kB", open("/proc/self/status").read(), re.M))
print(status["VmHWM"], status["RssFile"], report.annotations, report.members)
"""


class Run(NamedTuple):
    """What an export took, and what it wrote."""

    seconds: float
    peak: float
    """MiB that were resident at the most."""
    mapped: float
    """MiB of files that are mapped at the end."""
    annotations: int
    members: int


def run(name: str, source: Path, out: Path) -> Run:
    """Exports in a process of its own."""
    started = time.perf_counter()
    command = [sys.executable, "-c", RUN, name, str(source), str(out)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds = time.perf_counter() - started
    peak, mapped, annotations, members = map(int, printed.split())
    out.unlink()
    return Run(seconds, peak / 1024, mapped / 1024, annotations, members)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--formats", nargs="+", default=["coco"], help="default coco")
    parser.add_argument("--frames", type=int, help="of one task that is measured in place of the three")
    for field in ("tracks", "every", "polygons", "masks", "width", "height"):
        default = 10 if field == "tracks" else getattr(Task, field)
        parser.add_argument(f"--{field}", type=int, default=default, help=f"of that task, default {default}")
    arguments = vars(parser.parse_args())
    formats = arguments.pop("formats")
    tasks = TASKS if arguments["frames"] is None else [Task(**arguments)]
    row = "{:<22}{:>10}{:>11}  {:<8}{:>9}{:>10}{:>10}{:>14}{:>11}"
    print(
        row.format(
            "format", "frames", "keyframes", "source", "seconds", "peak MiB", "own MiB", "annotations", "members"
        )
    )
    with tempfile.TemporaryDirectory() as folder:
        for place, task in enumerate(tasks):
            source = backup(task, Path(folder) / f"{place}.zip")
            saved = Path(folder) / f"{place}"
            framehaul.open(source).save(saved)
            for name in formats:
                for kind, path in (("backup", source), ("saved", saved)):
                    ran = run(name, path, Path(folder) / "out.zip")
                    keyframes = f"{task.tracks * task.frames // task.every:,}"
                    numbers = (
                        f"{ran.seconds:.2f}",
                        f"{ran.peak:.0f}",
                        f"{ran.peak - ran.mapped:.0f}",
                        f"{ran.annotations:,}",
                        f"{ran.members:,}",
                    )
                    print(row.format(name, f"{task.frames:,}", keyframes, kind, *numbers), flush=True)


if __name__ == "__main__":
    main()
