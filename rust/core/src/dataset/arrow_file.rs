//! One record batch in one Arrow IPC file: read into memory in one piece, its columns used where they lie in it.
//!
//! A file is untrusted: the readers of `arrow-ipc` slice by the numbers in it and would panic, so that all of these are
//! checked before.
//!
//! The file is read, not mapped. A mapping would save memory that the system can take back anyway, but another program
//! that shortens the file would kill this process (SIGBUS), and one that changes it would change columns that were
//! checked already. Every column is read once for that check in any case, so that reading costs little: 724 MB in the
//! page cache take 0.2 s more than a mapping, with the same resident memory.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Read};
use std::ops::Range;
use std::path::Path;

use arrow_array::RecordBatch;
use arrow_buffer::{Buffer, MutableBuffer};
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
    // 64 bytes, the most that Arrow recommends: wide loads of a column do not cross cache lines.
    let options = IpcWriteOptions::try_new(64, false, MetadataVersion::V5).map_err(failed)?;
    let mut writer = FileWriter::try_new_with_options(file, &batch.schema(), options).map_err(failed)?;
    writer.write(batch).and_then(|()| writer.finish()).map_err(failed)
}

/// Reads a file of one record batch.
///
/// `seen` is its schema as other tools see it, `numbers` the same with numbers in place of dictionaries, as the batch
/// comes back: a dictionary's numbers lie in the file exactly like a column of them.
pub fn read(path: &Path, seen: &Schema, numbers: SchemaRef) -> Result<RecordBatch> {
    let read = || {
        let buffer = read_file(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::new(Code::MissingFile, "a saved dataset must have this file"),
            io::ErrorKind::OutOfMemory => Error::new(Code::TooLarge, "the file is larger than the memory"),
            _ => Error::io(path, &error),
        })?;
        decode(&buffer, seen, numbers)
    };
    read().map_err(|error| error.in_file(path.display().to_string()))
}

/// Bytes that are read at once: they are still in the cache when they are copied.
const PIECE: usize = 256 * 1024;

/// The bytes of a file, at a multiple of 64 bytes.
fn read_file(path: &Path) -> io::Result<Buffer> {
    // Opening a pipe would wait for somebody to write to it.
    let size = std::fs::metadata(path)?;
    if !size.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let mut file = File::open(path)?;
    // A sparse file may claim any length. `MutableBuffer` aborts where `Vec` says that there is no memory.
    let size = usize::try_from(size.len()).map_err(|_| io::ErrorKind::OutOfMemory)?;
    Vec::<u8>::new().try_reserve_exact(size).map_err(|_| io::ErrorKind::OutOfMemory)?;
    let mut bytes = MutableBuffer::with_capacity(size);
    let mut piece = vec![0; PIECE.min(size + 1)];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(bytes.into()),
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
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
    ensure(batch.compression().is_none(), "the file is compressed")?;
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
