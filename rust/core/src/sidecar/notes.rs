//! What is noted about pictures while they are stored, and written behind them: `provenance.jsonl`, where each comes
//! from, and `frames.csv`, the frames of videos that are kept whole.

use std::collections::BTreeSet;
use std::io::{BufWriter, Read, Seek, Write};

use serde::{Deserialize, Serialize};
use tempfile::SpooledTempFile;

use super::Append;
use crate::error::{Code, Error, Result};
use crate::sink::Packer;

/// What one chunk notes.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notes {
    /// Lines of the provenance, if it is wanted.
    pub provenance: Vec<u8>,
    /// Rows of the table of frames.
    pub frames: Vec<u8>,
    /// Places of the timelines whose videos these frames are of.
    pub videos: BTreeSet<usize>,
}

/// What all chunks note: the files that stand behind the images.
pub struct Sidecars {
    /// The provenance, if it is wanted.
    pub provenance: Option<Spool>,
    /// The table of frames.
    pub frames: Spool,
    /// Places of the timelines whose videos are kept whole.
    pub videos: BTreeSet<usize>,
}

impl Sidecars {
    /// Empty ones.
    pub fn new(has_provenance: bool) -> Self {
        let provenance = has_provenance.then(|| Spool::new(PROVENANCE, b""));
        Self { provenance, frames: Spool::new(FRAMES, HEAD), videos: BTreeSet::new() }
    }

    /// Adds what a chunk has noted.
    pub fn add(&mut self, notes: &Notes) -> Result<()> {
        self.frames.add(&notes.frames)?;
        self.videos.extend(&notes.videos);
        self.provenance.as_mut().map_or(Ok(()), |spool| spool.add(&notes.provenance))
    }
}

/// A line of the provenance.
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
    /// Number of the job that the frame belongs to; of a video that is kept whole, if the export is of one job.
    pub job: Option<u64>,
    /// Name of the file in the task.
    pub file: &'a str,
    /// The frame, relative to the task; a video that is kept whole is none.
    pub frame: Option<u32>,
    /// The frame, counted as the media count it.
    pub number: Option<u64>,
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

/// Where each image comes from.
pub const PROVENANCE: &str = "provenance.jsonl";
/// Which frame of which video each name stands for.
pub const FRAMES: &str = "frames.csv";
/// The first row of the table of frames.
const HEAD: &[u8] = b"name,task,video,number,time\n";

/// Lines up to this many bytes need no file: those of some thousand pictures.
const IN_MEMORY: usize = 1 << 20;

/// Keeps the lines of a file until all pictures are written, outside of the memory if they are many.
pub struct Spool {
    name: &'static str,
    head: &'static [u8],
    lines: BufWriter<SpooledTempFile>,
}

impl Spool {
    /// An empty one for a file of this name.
    fn new(name: &'static str, head: &'static [u8]) -> Self {
        Self { name, head, lines: BufWriter::new(SpooledTempFile::new(IN_MEMORY)) }
    }

    /// Adds lines.
    pub fn add(&mut self, lines: &[u8]) -> Result<()> {
        self.lines.write_all(lines).map_err(|error| failed(&error))
    }

    /// Writes the file.
    pub fn write(self, to: &mut dyn Append) -> Result<()> {
        let mut lines = self.lines.into_inner().map_err(|error| failed(error.error()))?;
        lines.rewind().map_err(|error| failed(&error))?;
        let mut lines = self.head.chain(lines);
        let mut packer = Packer::new(to.packing());
        to.begin(self.name, false)?;
        loop {
            let mut piece = Vec::new();
            (&mut lines).take(IN_MEMORY as u64).read_to_end(&mut piece).map_err(|error| failed(&error))?;
            if piece.is_empty() {
                return to.end();
            }
            to.write(packer.part(&piece)?, 0)?;
        }
    }
}

fn failed(error: &std::io::Error) -> Error {
    Error::io(&std::env::temp_dir(), error)
}
