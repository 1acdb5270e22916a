"""Rules of the container, and archives that mean harm."""

from __future__ import annotations

import os
import struct
import time
import zipfile
from typing import TYPE_CHECKING

import pytest

import framehaul
from damage import pack, sample

if TYPE_CHECKING:
    from pathlib import Path


def codes(path: Path, **options) -> set[str]:
    found = framehaul.verify(path, **options)
    return set(found.totals)


def test_a_wrong_checksum_is_found(tmp_path: Path) -> None:
    path = tmp_path / "out.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in sample("yolo").items():
            archive.writestr(name, content)
    data = path.read_bytes()
    assert b"classes = 9" in data
    path.write_bytes(data.replace(b"classes = 9", b"classes = 8", 1))
    found = framehaul.verify(path, format="mot")  # also in a member that no reader reads
    assert ("bad-crc", "obj.data") in {(each.code, each.member) for each in found.findings}


def test_an_archive_that_is_cut_off_is_not_one(tmp_path: Path) -> None:
    path = pack(tmp_path / "out.zip", sample("coco"))
    path.write_bytes(path.read_bytes()[:-40])
    assert codes(path) == {"bad-archive"}


@pytest.mark.parametrize("size", [0, 1, 21, 22, 100])
def test_what_is_no_zip_file_is_a_finding(size: int, tmp_path: Path) -> None:
    (tmp_path / "out.zip").write_bytes(b"PK\x05\x06"[:size].ljust(size, b"\xff"))
    assert codes(tmp_path / "out.zip") == {"bad-archive"}


def test_a_member_that_does_not_unpack_is_found(tmp_path: Path) -> None:
    path = pack(tmp_path / "out.zip", sample("coco"))
    data = bytearray(path.read_bytes())
    data[60:80] = bytes(20)
    path.write_bytes(data)
    assert codes(path, format="coco") & {"bad-member", "bad-crc", "bad-json"}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_found(tmp_path: Path) -> None:
    path = pack(tmp_path / "out.zip", sample("coco"))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("annotations/instances_default.json", "{}")
    assert "duplicate-name" in codes(path)


@pytest.mark.parametrize("name", ["../x.txt", "/x.txt", "a/../../x.txt", "C:x.txt", "..\\x.txt", "a\nb.txt"])
def test_a_name_that_leaves_the_folder_is_found(name: str, tmp_path: Path) -> None:
    assert "unsafe-name" in codes(pack(tmp_path / "out.zip", {**sample("coco"), name: b""}))


def test_names_that_differ_in_case_only_are_found(tmp_path: Path) -> None:
    members = {**sample("coco"), "images/default/A.png": b"", "images/default/a.png": b""}
    found = framehaul.verify(pack(tmp_path / "out.zip", members))
    assert found.totals["case-collision"] == 1


def test_a_name_of_a_file_and_a_folder_is_found(tmp_path: Path) -> None:
    assert "name-clash" in codes(pack(tmp_path / "out.zip", {**sample("coco"), "images": b"", "images/a.png": b""}))


def test_links_are_not_read(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("obj.names")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "out.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert "unsafe-link" in codes(tmp_path / "out.zip")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "obj.names").symlink_to("/etc/passwd")
    assert "unsafe-link" in codes(folder)


def test_an_encrypted_member_is_found(tmp_path: Path) -> None:
    path = pack(tmp_path / "out.zip", {"obj.data": b"x"})
    data = path.read_bytes()
    directory = data.index(b"PK\x01\x02")
    path.write_bytes(data[: directory + 8] + b"\x01\x00" + data[directory + 10 :])
    assert "encrypted-member" in codes(path)


def test_members_that_no_format_has_are_found(tmp_path: Path) -> None:
    assert codes(pack(tmp_path / "out.zip", {"readme.md": b"x"})) == {"unknown-format"}
    assert codes(pack(tmp_path / "coco.zip", {**sample("coco"), "readme.md": b"x"})) == {"unexpected-member"}


def test_an_empty_archive_is_a_warning(tmp_path: Path) -> None:
    found = framehaul.verify(pack(tmp_path / "out.zip", {}), format="coco")
    assert found.ok
    assert set(found.totals) == {"empty-archive"}


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = pack(tmp_path / "out.zip", {"obj.names": bytes(2_000_000), "obj.data": b"classes = 1\n"})
    data = bytearray(path.read_bytes())
    directory = data.index(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = struct.pack("<I", 4_000_000_000)
    path.write_bytes(data)
    start = time.monotonic()
    assert "oversized-member" in codes(path)
    assert time.monotonic() - start < 5


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(12))


@pytest.mark.parametrize(
    ("slug", "member", "content", "code"),
    [
        ("cvat-images", "annotations.xml", f"<!DOCTYPE a [{LAUGHS}]><annotations>&l11;</annotations>", "xml-doctype"),
        ("cvat-images", "annotations.xml", f'<!DOCTYPE a [{LAUGHS}]><annotations x="&l11;"/>', "bad-xml"),
        (
            "cvat-video",
            "annotations.xml",
            '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><annotations>&x;</annotations>',
            "xml-doctype",
        ),
        ("cvat-images", "annotations.xml", "<annotations>" * 100_000, "bad-xml"),
        ("cvat-images", "annotations.xml", "<annotations><image", "bad-xml"),
        ("cvat-images", "annotations.xml", "", "bad-xml"),
        ("cvat-images", "annotations.xml", "<a/>", "bad-value"),
        ("coco", "annotations/instances_x.json", '{"images":' + "[" * 100_000, "bad-json"),
        ("coco", "annotations/instances_x.json", '{"info":' + "[" * 100_000 + "]" * 100_000 + "}", "bad-json"),
        ("coco", "annotations/instances_x.json", "[]", "bad-json"),
        ("coco", "annotations/instances_x.json", "", "bad-json"),
        ("coco", "annotations/instances_x.json", '{"images":[1,],"x":1}', "bad-json"),
        ("coco", "annotations/instances_x.json", '{"images":[1]"x":1}', "bad-json"),
        ("coco", "annotations/instances_x.json", '{"images":[1]}}', "bad-json"),
        ("coco", "annotations/instances_x.json", '{"images":[NaN]}', "bad-json"),
        ("coco", "annotations/instances_x.json", '{"images":[{"id":' + "9" * 400 + "}]}", "bad-json"),
        ("yolo", "obj.data", "\xff", "bad-utf8"),
        ("mot", "gt/gt.txt", f"1,1,1,1,1,1,1,{'9' * 5000},1\n", "unknown-class"),
        ("mot", "gt/gt.txt", f"{'9' * 5000},1,1,1,1,1,1,1,1\n", "bad-number"),
        ("mot", "gt/gt.txt", "1,1,1e999,1,1,1,1,1,1\n", "bad-number"),
        ("yolo-detect", "data.yaml", "names: &a [*a, *a]\n", "bad-yaml"),
        ("yolo-detect", "data.yaml", "names: !!python/object/apply:os.system [ls]\n", "bad-yaml"),
        ("open-images", "annotations/class-descriptions.csv", "car\rcar,car\n", "bad-columns"),
        ("open-images", "annotations/class-descriptions.csv", 'car,"car\n', "bad-columns"),
        ("yolo-pose", "labels/train/a.txt", "0\n", "bad-columns"),
    ],
    ids=range(25),
)
def test_hostile_content_is_a_finding(slug: str, member: str, content: str, code: str, tmp_path: Path) -> None:
    members = {"gt/labels.txt": b"a\n", "obj.names": b"a\n"} if slug in ("mot", "yolo") else {}
    if slug == "yolo-pose":
        members = {"data.yaml": b"names:\n  0: a\ntrain: train.txt\n", "train.txt": b"./images/train/a.png\n"}
    path = pack(tmp_path / "out.zip", {**members, member: content.encode("latin-1")})
    start = time.monotonic()
    assert code in codes(path, format=slug)
    assert time.monotonic() - start < 10


def test_a_broken_file_of_a_million_lines_is_a_page_of_findings(tmp_path: Path) -> None:
    path = pack(tmp_path / "out.zip", {"gt/labels.txt": b"a\n", "gt/gt.txt": b"x\n" * 1_000_000})
    found = framehaul.verify(path)
    assert found.totals["bad-columns"] == 1_000_000
    assert len(found.findings) == 20
    assert "error[bad-columns]: 999,980 more" in str(found)


def test_control_characters_of_names_are_not_printed(tmp_path: Path) -> None:
    path = pack(tmp_path / "out.zip", {**sample("coco"), "a\x1b[31m" + "b" * 5000: b""})
    printed = str(framehaul.verify(path))
    assert "\x1b" not in printed
    assert max(map(len, printed.splitlines())) < 700


def test_members_that_share_packed_bytes_are_not_all_unpacked(tmp_path: Path) -> None:
    path = pack(tmp_path / "out.zip", {"a.txt": bytes(5_000_000)})
    data = path.read_bytes()
    start, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    entries = [data[start:end].replace(b"a.txt", name.encode()) for name in (f"{n:05}" for n in range(10_000))]
    directory = b"".join(entries)
    tail = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 10_000, 10_000, len(directory), start, 0)
    path.write_bytes(data[:start] + directory + tail)
    begun = time.monotonic()
    assert "oversized-member" in codes(path)
    assert time.monotonic() - begun < 20


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(framehaul.SourceNotFoundError):
        framehaul.verify(tmp_path / "pipe")
    folder = tmp_path / "folder"
    folder.mkdir()
    os.mkfifo(folder / "obj.names")
    assert "unsafe-link" in codes(folder)
