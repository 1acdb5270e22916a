//! `provenance.jsonl`: for each picture of the output, where it comes from.

use std::io::{BufWriter, Read, Seek, Write};

use serde::Serialize;
use tempfile::SpooledTempFile;

use crate::error::{Code, Error, Result};
use crate::sink::{Packer, Sink};

/// Name of the file.
const NAME: &str = "provenance.jsonl";

/// A line of the file.
#[derive(Serialize)]
pub struct Line<'a> {
    /// Name in the output.
    pub name: &'a str,
    /// Name of the project, if it is one.
    pub project: Option<&'a str>,
    /// Name of the task.
    pub task: &'a str,
    /// The server's id of the task; a backup has none.
    pub task_id: Option<u64>,
    /// Number of the job, if the export is of one.
    pub job: Option<u64>,
    /// Name of the file in the task.
    pub file: &'a str,
    /// The frame, relative to the task.
    pub frame: u32,
    /// The frame, counted as the media count it.
    pub number: u64,
    /// Seconds from the beginning of the video.
    pub time: Option<f64>,
    /// Number of bytes.
    pub size: u64,
    /// CRC-32 of the bytes, in hexadecimal digits.
    pub crc32: String,
}

impl Line<'_> {
    /// Appends the line.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<()> {
        serde_json::to_writer(&mut *out, self).map_err(|error| Error::new(Code::Internal, error.to_string()))?;
        out.push(b'\n');
        Ok(())
    }
}

/// Lines up to this many bytes need no file: those of some thousand pictures.
const IN_MEMORY: usize = 1 << 20;

/// Keeps the lines until all pictures are written, outside of the memory if they are many.
pub struct Ledger(BufWriter<SpooledTempFile>);

impl Ledger {
    /// An empty one.
    pub fn new() -> Self {
        Self(BufWriter::new(SpooledTempFile::new(IN_MEMORY)))
    }

    /// Adds lines.
    pub fn add(&mut self, lines: &[u8]) -> Result<()> {
        self.0.write_all(lines).map_err(|error| failed(&error))
    }

    /// Writes the file.
    pub fn write(self, sink: &mut dyn Sink) -> Result<()> {
        let mut lines = self.0.into_inner().map_err(|error| failed(error.error()))?;
        lines.rewind().map_err(|error| failed(&error))?;
        let mut packer = Packer::new(sink.packing());
        sink.begin(NAME)?;
        loop {
            let mut piece = Vec::new();
            (&mut lines).take(IN_MEMORY as u64).read_to_end(&mut piece).map_err(|error| failed(&error))?;
            if piece.is_empty() {
                return sink.end();
            }
            sink.write(packer.part(&piece)?)?;
        }
    }
}

fn failed(error: &std::io::Error) -> Error {
    Error::io(&std::env::temp_dir(), error)
}
