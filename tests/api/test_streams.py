"""Exports into objects and pipes: the archive is made front to back, without going back to what was written."""

from __future__ import annotations

import io
import subprocess
import zipfile

import pytest

import framehaul
from program import PROGRAM

FORMATS = [info.slug for info in framehaul.formats()]


class Pipe:
    """Takes bytes and can do nothing else."""

    def __init__(self) -> None:
        self.content = b""

    def write(self, data: bytes) -> None:
        self.content += data


def contents(archive) -> dict[str, bytes]:
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


@pytest.mark.parametrize("slug", FORMATS)
def test_an_object_receives_the_members_of_a_file(slug, tmp_path):
    pipe = Pipe()
    report = framehaul.export("sample", slug, pipe)
    to_file = framehaul.export("sample", slug, tmp_path / "out.zip")
    assert contents(io.BytesIO(pipe.content)) == contents(tmp_path / "out.zip")
    assert report.size == len(pipe.content)
    assert str(report) == str(to_file)


def test_a_buffer_in_memory_is_left_open():
    buffer = io.BytesIO()
    framehaul.export("sample", "COCO 1.0", buffer)
    assert not buffer.closed
    assert "annotations/instances_default.json" in contents(buffer)


def test_a_file_that_takes_fewer_bytes_than_offered_gets_all_of_them():
    class Slow(io.RawIOBase):
        content = b""

        def writable(self) -> bool:
            return True

        def write(self, data) -> int:
            self.content += bytes(data[:100])
            return min(len(data), 100)

    slow = Slow()
    framehaul.export("sample", "MOT 1.1", slow)
    assert "gt/gt.txt" in contents(io.BytesIO(slow.content))


def test_what_the_object_raises_ends_the_export():
    class Full:
        def write(self, _: bytes) -> int:
            raise OSError(28, "No space left on device")

    with pytest.raises(framehaul.Error, match="the output takes no more bytes"):
        framehaul.export("sample", "COCO 1.0", Full())


def test_several_formats_need_a_folder():
    with pytest.raises(framehaul.UsageError, match="several formats need a folder"):
        framehaul.export("sample", ["coco", "mot"], io.BytesIO())  # type: ignore[call-overload]


def test_an_object_without_write_is_refused():
    with pytest.raises(framehaul.UsageError, match="neither a path nor an object with a method write: int"):
        framehaul.export("sample", "coco", 3)  # type: ignore[call-overload]


def test_a_dash_writes_the_archive_to_standard_output_and_the_report_beside_it():
    command = [PROGRAM, "export", "sample", "-f", "coco", "-o", "-"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    assert "annotations/instances_default.json" in contents(io.BytesIO(done.stdout))
    assert done.stderr.startswith(b"COCO 1.0: 29 frames")


def test_a_reader_that_goes_away_ends_the_export_without_a_traceback():
    command = [PROGRAM, "export", "sample", "-f", "datumaro", "-o", "-", "--compression", "none", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        said = process.stderr.read().decode()
    assert "Traceback" not in said
    assert said.count("\n") <= 1


def test_several_formats_cannot_share_standard_output(cli):
    done = cli("export", "sample", "-f", "coco,mot", "-o", "-")
    assert done.returncode == 2
    assert (
        done.stderr
        == "error[bad-option]: several formats need a folder, and the output takes one archive; name a folder\n"
    )
