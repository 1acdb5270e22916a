"""Our writers beside those that a Python program would use, on the same content.

    pytest benches/test_writers.py --benchmark-enable

The others get their content ready made in memory and only write it. Ours start from the dataset: they interpolate and
merge too. All write to a file, and what they wrote is compared before it counts.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET
from xml.sax.saxutils import XMLGenerator

import orjson
import pytest
from lxml import etree

import framehaul
from framehaul import _core
from generate import Task, backup

if TYPE_CHECKING:
    from pathlib import Path

XML, JSON, ZIP = "XML of 50,000 boxes", "JSON of 50,000 boxes", "archive of 5,000 text files"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> framehaul.Dataset:
    """5 000 frames with 10 boxes each."""
    return framehaul.open(backup(Task(frames=5_000, tracks=10), tmp_path_factory.mktemp("writers") / "task.zip"))


def exported(dataset: framehaul.Dataset, name: str, out: Path) -> list[tuple[str, bytes]]:
    framehaul.export(dataset, name, out, compression="none", overwrite=True)
    with zipfile.ZipFile(out) as archive:
        return [(each, archive.read(each)) for each in archive.namelist()]


@pytest.fixture
def xml(dataset, tmp_path) -> bytes:
    return exported(dataset, "CVAT for images 1.1", tmp_path / "content.zip")[0][1]


def images_of(content: bytes) -> list:
    """Attributes of each image, and tag, attributes and attribute values of each of its shapes."""
    return [
        (
            dict(image.attrib),
            [(shape.tag, dict(shape.attrib), [(a.get("name"), a.text) for a in shape]) for shape in image],
        )
        for image in ET.fromstring(content).iter("image")
    ]


@pytest.mark.parametrize("threads", [1, None])
def test_framehaul_xml(benchmark, dataset, tmp_path, threads):
    benchmark.group = XML
    benchmark(
        framehaul.export,
        dataset,
        "CVAT for images 1.1",
        tmp_path / "out.zip",
        compression="none",
        overwrite=True,
        threads=threads,
    )


def test_lxml(benchmark, xml, tmp_path):
    benchmark.group = XML
    content, out = images_of(xml), tmp_path / "out.xml"

    def write() -> None:
        with out.open("wb") as file, etree.xmlfile(file, encoding="utf-8") as writer, writer.element("annotations"):
            for image, shapes in content:
                with writer.element("image", image):
                    for tag, attributes, values in shapes:
                        with writer.element(tag, attributes):
                            for name, text in values:
                                with writer.element("attribute", name=name):
                                    writer.write(text)

    benchmark(write)
    assert images_of(out.read_bytes()) == content


def test_standard_library_xml(benchmark, xml, tmp_path):
    """XMLGenerator is what CVAT itself writes with."""
    benchmark.group = XML
    content, out = images_of(xml), tmp_path / "out.xml"

    def write() -> None:
        with out.open("w", encoding="utf-8") as file:
            writer = XMLGenerator(file, "utf-8")
            writer.startElement("annotations", {})
            for image, shapes in content:
                writer.startElement("image", image)
                for tag, attributes, values in shapes:
                    writer.startElement(tag, attributes)
                    for name, text in values:
                        writer.startElement("attribute", {"name": name})
                        writer.characters(text)
                        writer.endElement("attribute")
                    writer.endElement(tag)
                writer.endElement("image")
            writer.endElement("annotations")

    benchmark(write)
    assert images_of(out.read_bytes()) == content


@pytest.mark.parametrize("threads", [1, None])
def test_framehaul_json(benchmark, dataset, tmp_path, threads):
    benchmark.group = JSON
    benchmark(
        framehaul.export, dataset, "COCO 1.0", tmp_path / "out.zip", compression="none", overwrite=True, threads=threads
    )


@pytest.mark.parametrize(
    "dumps", [orjson.dumps, lambda content: json.dumps(content).encode()], ids=["orjson", "standard library"]
)
def test_json(benchmark, dataset, tmp_path, dumps):
    benchmark.group = JSON
    content = orjson.loads(exported(dataset, "COCO 1.0", tmp_path / "content.zip")[0][1])
    out = tmp_path / "out.json"
    benchmark(lambda: out.write_bytes(dumps(content)))
    assert json.loads(out.read_bytes()) == content


@pytest.fixture
def files(dataset, tmp_path) -> list[tuple[str, bytes]]:
    return exported(dataset, "YOLO 1.1", tmp_path / "content.zip")


def same(out: Path, files: list[tuple[str, bytes]]) -> bool:
    with zipfile.ZipFile(out) as archive:
        return {name: archive.read(name) for name in archive.namelist()} == dict(files)


def test_framehaul_archive(benchmark, files, tmp_path):
    benchmark.group = ZIP
    out = tmp_path / "out.zip"
    benchmark(_core.pack, files, out)
    assert same(out, files)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED], ids=["stored", "deflated"])
def test_zipfile(benchmark, files, tmp_path, method):
    benchmark.group = ZIP
    out = tmp_path / "out.zip"

    def write() -> None:
        with zipfile.ZipFile(out, "w", method, compresslevel=zlib.Z_BEST_SPEED) as archive:
            for name, content in files:
                archive.writestr(name, content)

    benchmark(write)
    assert same(out, files)
