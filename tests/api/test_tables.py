"""The tables of a dataset in other libraries, without a copy."""

from __future__ import annotations

import gc

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

import framehaul
from backups import Job, Task, attribute, keyframe, label, shape, tag, track

TASK = Task(
    labels=[label("car", attribute("colour")), label("road")],
    images=[("a.jpg", 640, 480), ("b/c.png", 320, 240)],
    jobs=[
        Job(
            0,
            1,
            tags=[tag("road", 1, group=3)],
            shapes=[
                shape("rectangle", "car", 0, [1, 2, 3, 4.5], colour="red", occluded=True, z_order=-2, rotation=15.0),
                shape("polygon", "road", 1, [0, 0, 9, 0, 9, 9], source="auto"),
            ],
            tracks=[
                track(
                    "car", keyframe("rectangle", 0, [0, 0, 1, 1]), keyframe("rectangle", 1, [1, 1, 2, 2], outside=True)
                )
            ],
        )
    ],
)


@pytest.fixture
def tables(tmp_path):
    return framehaul.open(TASK.backup(tmp_path / "task.zip")).tables


def test_pyarrow_reads_every_table(tables):
    rows = {
        name: pa.table(getattr(tables, name)).num_rows for name in ("images", "tags", "shapes", "tracks", "keyframes")
    }
    assert rows == {"images": 2, "tags": 1, "shapes": 2, "tracks": 1, "keyframes": 2}
    for name, count in rows.items():
        assert len(getattr(tables, name)) == getattr(tables, name).num_rows == count


def test_a_table_holds_the_values_of_the_source(tables):
    shapes = pa.table(tables.shapes)
    assert shapes.column("frame").to_pylist() == [0, 1]
    assert shapes.column("points").to_pylist() == [[1, 2, 3, 4.5], [0, 0, 9, 0, 9, 9]]
    assert shapes.column("occluded").to_pylist() == [True, False]
    assert shapes.column("z_order").to_pylist() == [-2, 0]
    assert shapes.column("rotation").to_pylist() == [15.0, 0.0]
    assert pa.table(tables.images).column("name").to_pylist() == ["a.jpg", "b/c.png"]
    assert pa.table(tables.tags).column("group").to_pylist() == [3]
    assert pa.table(tables.keyframes).column("outside").to_pylist() == [False, True]


def test_numbers_of_names_show_the_names(tables):
    shapes = pa.table(tables.shapes)
    assert shapes.column("kind").to_pylist() == ["rectangle", "polygon"]
    assert shapes.column("label").to_pylist() == ["car", "road"]
    assert shapes.column("source").to_pylist() == ["manual", "auto"]
    assert shapes.column("attributes").to_pylist() == [[{"attribute": "colour", "value": "red"}], []]


def test_polars_reads_every_table(tables):
    frame = pl.DataFrame(tables.shapes)
    assert frame.height == 2
    assert frame["points"].to_list()[0] == [1, 2, 3, 4.5]
    assert frame["label"].cast(pl.String).to_list() == ["car", "road"]
    assert frame["attributes"].to_list() == [[{"attribute": "colour", "value": "red"}], []]
    assert pl.DataFrame(tables.images)["width"].to_list() == [640, 320]
    for name in ("tags", "tracks", "keyframes"):
        assert pl.DataFrame(getattr(tables, name)).columns == getattr(tables, name).column_names


def test_numpy_views_a_column_without_a_copy(tables):
    column = tables.shapes.column("frame")
    first, second = np.asarray(column), np.asarray(tables.shapes.column("frame"))
    assert first.dtype == np.uint32
    assert first.tolist() == [0, 1]
    assert first.ctypes.data == second.ctypes.data
    assert not first.flags.writeable
    assert first.ctypes.data == pa.array(column).buffers()[1].address


@pytest.mark.parametrize(
    ("table", "name", "dtype"),
    [
        ("images", "width", "u4"),
        ("shapes", "z_order", "i4"),
        ("shapes", "rotation", "f8"),
        ("tracks", "first_keyframe", "u4"),
    ],
)
def test_columns_of_numbers_have_their_own_type_in_numpy(tables, table, name, dtype):
    view = np.asarray(getattr(tables, table).column(name))
    assert view.dtype == np.dtype(dtype)
    assert view.tolist() == pa.table(getattr(tables, table)).column(name).to_pylist()


def test_numpy_reads_lists_and_names_by_their_parts_without_a_copy(tables):
    points = tables.shapes.column("points")
    offsets, values = np.asarray(points.offsets), np.asarray(points.values)
    assert values[offsets[1] : offsets[2]].tolist() == [0, 0, 9, 0, 9, 9]
    _, offsets_buffer, _, values_buffer = pa.array(points).buffers()
    assert (offsets.ctypes.data, values.ctypes.data) == (offsets_buffer.address, values_buffer.address)
    label = tables.shapes.column("label")
    assert np.asarray(label.indices).tolist() == [0, 1]
    assert pa.array(label.dictionary).to_pylist() == ["car", "road"]
    attributes = tables.shapes.column("attributes")
    assert np.asarray(attributes.offsets).tolist() == [0, 1, 1]
    assert pa.array(attributes.values.field("value")).to_pylist() == ["red"]
    assert np.asarray(attributes.values.field("attribute").indices).tolist() == [0]


def test_an_arrow_table_views_the_memory_that_numpy_views(tables):
    chunk = pa.table(tables.keyframes).column("points").chunk(0)
    assert chunk.buffers()[3].address == np.asarray(tables.keyframes.column("points").values).ctypes.data


def test_a_view_outlives_its_dataset(tmp_path):
    view = np.asarray(framehaul.open(TASK.backup(tmp_path / "task.zip")).tables.keyframes.column("frame"))
    gc.collect()
    assert view.tolist() == [0, 1]


def test_a_view_of_a_mapped_dataset_is_the_same(tmp_path, tables):
    framehaul.open(TASK.backup(tmp_path / "again.zip")).save(tmp_path / "saved")
    mapped = framehaul.open(tmp_path / "saved").tables
    for name in ("images", "tags", "shapes", "tracks", "keyframes"):
        assert pa.table(getattr(mapped, name)).equals(pa.table(getattr(tables, name)))


def test_other_tools_read_the_files_of_a_saved_dataset(tmp_path, tables):
    framehaul.open(TASK.backup(tmp_path / "again.zip")).save(tmp_path / "saved")
    for name in ("images", "tags", "shapes", "tracks", "keyframes"):
        with pa.memory_map(str(tmp_path / "saved" / f"{name}.arrow")) as source:
            assert pa.ipc.open_file(source).read_all().equals(pa.table(getattr(tables, name)).drop_columns("task"))
    assert pl.read_ipc(tmp_path / "saved" / "shapes.arrow")["frame"].to_list() == [0, 1]


def test_a_save_that_cannot_finish_leaves_nothing_behind(tmp_path):
    limits = pytest.importorskip("resource")
    dataset = framehaul.open(TASK.backup(tmp_path / "task.zip"))
    before = limits.getrlimit(limits.RLIMIT_FSIZE)
    limits.setrlimit(limits.RLIMIT_FSIZE, (1500, before[1]))  # the first files fit, a larger one does not
    try:
        with pytest.raises(framehaul.Error) as error:
            dataset.save(tmp_path / "saved")
    finally:
        limits.setrlimit(limits.RLIMIT_FSIZE, before)
    assert str(tmp_path / "saved") in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["task.zip"]


def test_columns_are_listed_and_unknown_ones_are_an_error(tables):
    assert tables.images.column_names == ["task", "name", "width", "height"]
    assert "points" in tables.shapes.column_names
    for name in tables.shapes.column_names:
        assert len(tables.shapes.column(name)) == 2
    with pytest.raises(KeyError, match="nonsense"):
        tables.shapes.column("nonsense")


@pytest.mark.parametrize(
    ("name", "advice"),
    [("points", r"\.offsets"), ("attributes", r"\.offsets"), ("label", r"\.indices"), ("occluded", "one bit")],
)
def test_what_numpy_cannot_view_says_how_to_read_it(tables, name, advice):
    column = tables.shapes.column(name)
    with pytest.raises(TypeError, match=advice):
        np.asarray(column)
    assert len(pa.array(column)) == 2


def test_a_column_has_only_the_parts_of_its_type(tables):
    frame = tables.shapes.column("frame")
    for part in ("offsets", "values", "indices", "dictionary"):
        assert not hasattr(frame, part)
    with pytest.raises(AttributeError, match="no struct"):
        frame.field("value")
