//! One record batch in one Arrow IPC file: written so that it can be mapped, and read where it lies.
//!
//! A file is untrusted: the readers of `arrow-ipc` slice by the numbers in it and would panic, so that all of these are
//! checked before.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter};
use std::ops::Range;
use std::path::Path;

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::reader::{RecordBatchDecoder, read_footer_length};
use arrow_ipc::writer::{FileWriter, IpcWriteOptions};
use arrow_ipc::{self as ipc, Endianness, MetadataVersion, Precision, Type};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Schema, SchemaRef};

use crate::error::{Code, Error, Result};

const MAGIC: &[u8] = b"ARROW1";
/// Length of the footer and the magic.
const TRAILER: usize = 4 + MAGIC.len();
/// What a message starts with: a marker and its length.
const PREFIX: usize = 8;

/// Writes a record batch as a whole file.
pub fn write(path: &Path, batch: &RecordBatch) -> io::Result<()> {
    let failed = |error: ArrowError| match error {
        ArrowError::IoError(_, error) => error,
        other => io::Error::other(other),
    };
    let file = BufWriter::new(File::create(path)?);
    // 64 bytes, the most that Arrow recommends: wide loads of a mapped column cross no cache line.
    let options = IpcWriteOptions::try_new(64, false, MetadataVersion::V5).map_err(failed)?;
    let mut writer = FileWriter::try_new_with_options(file, &batch.schema(), options).map_err(failed)?;
    writer.write(batch).and_then(|()| writer.finish()).map_err(failed)
}

/// Maps a file of one record batch.
///
/// `seen` is its schema as other tools see it, `numbers` the same with numbers in place of dictionaries, as the batch
/// comes back: a dictionary's numbers lie in the file exactly like a column of them.
pub fn map(path: &Path, seen: &Schema, numbers: SchemaRef) -> Result<RecordBatch> {
    let read = || {
        let buffer = map_file(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::new(Code::MissingFile, "a saved dataset must have this file"),
            _ => Error::io(path, &error),
        })?;
        decode(&buffer, seen, numbers)
    };
    read().map_err(|error| error.in_file(path.display().to_string()))
}

/// The bytes of a file as memory, without reading them.
#[allow(unsafe_code)]
fn map_file(path: &Path) -> io::Result<Buffer> {
    // Opening a pipe would wait for somebody to write to it.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let file = File::open(path)?;
    // SAFETY: the mapping is private to reading, stays alive as long as any buffer made from it (the owner moves into
    // them), and Rust only ever reads it. What cannot be proved is that nobody else changes the file meanwhile. The
    // limits of that: `save` never writes into an existing file (it replaces the folder, and the old file lives on
    // while it is mapped), so it takes another program that writes into the folder. If that shortens a file, the
    // system kills the process at the next access (SIGBUS). If it changes numbers, results are wrong or an index is out
    // of bounds, which is a panic and no stray access, since rows are always read through checked indices. Only texts
    // are taken as UTF-8 without another check after opening; changing them breaks that promise.
    let map = unsafe { memmap2::Mmap::map(&file)? };
    Ok(Buffer::from(bytes::Bytes::from_owner(map)))
}

fn fault(message: impl Into<String>) -> Error {
    Error::new(Code::BadDataset, message)
}

fn ensure(holds: bool, message: &str) -> Result<()> {
    if holds { Ok(()) } else { Err(fault(message)) }
}

/// `start..start + length` if it lies within `0..end`.
fn span(start: i64, length: i64, end: usize) -> Result<Range<usize>> {
    let range = || {
        let (start, length) = (usize::try_from(start).ok()?, usize::try_from(length).ok()?);
        start.checked_add(length).filter(|&stop| stop <= end).map(|stop| start..stop)
    };
    range().ok_or_else(|| fault("the Arrow file is truncated or damaged"))
}

fn decode(file: &Buffer, seen: &Schema, numbers: SchemaRef) -> Result<RecordBatch> {
    let cut = || fault("the Arrow file is truncated or no Arrow file");
    let (body, trailer) = file.split_last_chunk::<TRAILER>().ok_or_else(cut)?;
    ensure(body.starts_with(MAGIC), "the file is no Arrow file")?;
    let footer_length = read_footer_length(*trailer).map_err(|_| cut())?;
    let footer_start = body.len().checked_sub(footer_length).ok_or_else(cut)?;
    let footer = ipc::root_as_footer(&body[footer_start..]).map_err(|error| fault(format!("bad footer: {error}")))?;
    let schema = footer.schema().filter(|schema| schema.endianness() == Endianness::Little);
    ensure(
        schema.is_some_and(|schema| same_fields(schema.fields(), seen.fields())),
        "the columns are not the table's",
    )?;
    let blocks: Vec<_> = footer.recordBatches().into_iter().flatten().collect();
    let [block] = blocks[..] else { return Err(fault("the table is not in one record batch")) };
    let head = span(block.offset(), block.metaDataLength().into(), footer_start)?;
    let data = span(head.end as i64, block.bodyLength(), footer_start)?;
    ensure(head.len() >= PREFIX && file[head.start..].starts_with(&[0xff; 4]), "the record batch is not there")?;
    let message = ipc::root_as_message(&file[head.start + PREFIX..head.end])
        .map_err(|error| fault(format!("bad record batch: {error}")))?;
    let batch = message.header_as_record_batch().ok_or_else(|| fault("there is no record batch"))?;
    check_batch(batch, &numbers, data.len())?;
    let data = file.slice_with_length(data.start, data.len());
    RecordBatchDecoder::try_new(&data, batch, numbers, &HashMap::new(), &message.version())
        // Otherwise a column that is not aligned would be copied in silence.
        .map(|decoder| decoder.with_require_alignment(true))
        .and_then(RecordBatchDecoder::read_record_batch)
        .map_err(|error| fault(format!("bad columns: {error}")))
}

/// Checks the numbers by which the decoder slices and casts.
fn check_batch(batch: ipc::RecordBatch<'_>, schema: &Schema, length: usize) -> Result<()> {
    ensure(batch.compression().is_none(), "the file is compressed and cannot be mapped")?;
    ensure(batch.variadicBufferCounts().is_none_or(|counts| counts.is_empty()), "the columns are not the table's")?;
    let widths: Vec<_> = schema.fields().iter().flat_map(|field| widths(field.data_type())).collect();
    let buffers: Vec<_> = batch.buffers().into_iter().flatten().collect();
    ensure(buffers.len() == widths.len(), "the columns are not the table's")?;
    for (buffer, width) in buffers.into_iter().zip(widths) {
        let span = span(buffer.offset(), buffer.length(), length)?;
        ensure(span.len().is_multiple_of(width), "a column ends within a number")?;
    }
    // No array has more rows than bits.
    let fits = |rows: i64| usize::try_from(rows).is_ok_and(|rows| rows / 8 <= length);
    let nodes = || batch.nodes().into_iter().flatten();
    ensure(fits(batch.length()) && nodes().all(|node| fits(node.length())), "a column is longer than the file")?;
    ensure(nodes().all(|node| node.null_count() == 0), "a value is null")
}

/// Widths in bytes of the numbers in the buffers of an array, in the order of the file: first the bits that say which
/// values are null, then offsets or values.
fn widths(data_type: &DataType) -> Vec<usize> {
    let (own, inner): (&[usize], Vec<usize>) = match data_type {
        DataType::LargeUtf8 => (&[1, 8, 1], Vec::new()),
        DataType::List(item) => (&[1, 4], widths(item.data_type())),
        DataType::LargeList(item) => (&[1, 8], widths(item.data_type())),
        DataType::Struct(fields) => (&[1], fields.iter().flat_map(|field| widths(field.data_type())).collect()),
        other => (&[1], vec![other.primitive_width().unwrap_or(1)]),
    };
    [own, &inner].concat()
}

fn same_fields<'a>(found: Option<impl IntoIterator<Item = ipc::Field<'a>>>, wanted: &[FieldRef]) -> bool {
    let found: Vec<_> = found.into_iter().flatten().collect();
    found.len() == wanted.len() && found.into_iter().zip(wanted).all(|(found, wanted)| same_field(found, wanted))
}

fn same_field(found: ipc::Field<'_>, wanted: &Field) -> bool {
    let (value, key) = match wanted.data_type() {
        DataType::Dictionary(key, value) => (value.as_ref(), Some(key.as_ref())),
        plain => (plain, None),
    };
    let found_key = found.dictionary().and_then(|dictionary| dictionary.indexType());
    found.name() == Some(wanted.name())
        && !found.nullable()
        && found.dictionary().is_some() == key.is_some()
        && key.is_none_or(|key| found_key.is_some_and(|found| same_integer(found, key)))
        && same_type(found, value)
}

fn same_integer(found: ipc::Int<'_>, wanted: &DataType) -> bool {
    let wanted = match wanted {
        DataType::UInt8 => (8, false),
        DataType::UInt32 => (32, false),
        DataType::Int32 => (32, true),
        _ => return false,
    };
    (found.bitWidth(), found.is_signed()) == wanted
}

fn same_type(found: ipc::Field<'_>, wanted: &DataType) -> bool {
    let is = |kind: Type| found.type_type() == kind;
    match wanted {
        DataType::Float64 => found.type_as_floating_point().is_some_and(|float| float.precision() == Precision::DOUBLE),
        DataType::Boolean => is(Type::Bool),
        DataType::Utf8 => is(Type::Utf8),
        DataType::LargeUtf8 => is(Type::LargeUtf8),
        DataType::List(item) => is(Type::List) && same_fields(found.children(), std::slice::from_ref(item)),
        DataType::LargeList(item) => is(Type::LargeList) && same_fields(found.children(), std::slice::from_ref(item)),
        DataType::Struct(fields) => is(Type::Struct_) && same_fields(found.children(), fields),
        integer => found.type_as_int().is_some_and(|found| same_integer(found, integer)),
    }
}
