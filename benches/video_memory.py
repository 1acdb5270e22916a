"""Peak memory of exports with the frames of a video, as the video grows: it must not.

    python benches/video_memory.py [--image-formats png jpeg webp source]

Each run is a process of its own; its memory is what the operating system says was resident at the most. A frame costs
80 bytes, as a piece of work and by its name (names are compared before anything is written): 2.4 MB for 30 000 frames.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import av
import numpy as np

# Width, height, and numbers of frames.
VIDEOS = [(320, 240, (300, 30_000)), (1920, 1080, (300, 3_000))]

RUN = """
import re, sys
import framehaul
image_format, source, out = sys.argv[1:]
framehaul.export(source, "YOLO 1.1", out, save_images=True, image_format=image_format)
# Not what getrusage says: that begins with the memory of the process that started this one.
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""


def film(path: Path, width: int, height: int, frames: int) -> Path:
    """A grey slope that moves, with the noise of a sensor: a second of it, again and again."""
    random = np.random.default_rng(0)
    slope = np.add.outer(np.arange(height), np.arange(width))
    second = [slope + 5 * number + random.normal(0, 3, (height, width)) for number in range(25)]
    pictures = [np.repeat((picture % 256).astype(np.uint8)[..., None], 3, 2) for picture in second]
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(frames):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(pictures[number % 25], format="rgb24")))
        out.mux(stream.encode())
    return path


def task(path: Path, video: Path, width: int, height: int, frames: int) -> Path:
    """The backup of a task of this video, without annotations."""
    data = {"start_frame": 0, "stop_frame": frames - 1, "frame_filter": "", "chunk_type": "video"}
    job = {"type": "annotation", "start_frame": 0, "stop_frame": frames - 1}
    content = {"name": "video", "subset": "", "labels": [], "version": "1.0", "data": data, "jobs": [job]}
    properties = {"name": video.name, "resolution": [width, height], "length": frames}
    manifest = [{"version": "1.1"}, {"type": "video"}, {"properties": properties}]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("task.json", json.dumps(content))
        archive.writestr("annotations.json", json.dumps([{"version": 0, "tags": [], "shapes": [], "tracks": []}]))
        archive.writestr("data/manifest.jsonl", "\n".join(map(json.dumps, manifest)))
        archive.write(video, f"data/{video.name}")
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image-formats", nargs="+", default=["png", "jpeg", "webp", "source"])
    arguments = parser.parse_args()
    row = "{:<12}{:>8}  {:<8}{:>9}{:>10}"
    print(row.format("size", "frames", "format", "seconds", "peak MiB"))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for width, height, counts in VIDEOS:
            for frames in counts:
                video = film(folder / "video.mp4", width, height, frames)
                source = task(folder / "task.zip", video, width, height, frames)
                for image_format in arguments.image_formats:
                    started = time.perf_counter()
                    command = [sys.executable, "-c", RUN, image_format, str(source), str(folder / "out.zip")]
                    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                    seconds = time.perf_counter() - started
                    (folder / "out.zip").unlink()
                    size = f"{width}x{height}"
                    print(row.format(size, frames, image_format, f"{seconds:.1f}", int(printed) // 1024), flush=True)


if __name__ == "__main__":
    main()
