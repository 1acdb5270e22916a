//! What an export consists of: members (files of the output), and chunks that encode them.
//!
//! A chunk is a pure function of the scene and a range: it can be encoded on any thread, in any order, and gives the same
//! bytes. Numbers that run through a whole file are counted beforehand and handed to the chunk ([`number`]).

mod contract;
mod section;

pub use contract::{Format, Options, Profile};
pub(crate) use section::sections;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::dataset::Media;
use crate::error::{Code, Error, Result};
use crate::raster;
use crate::report::Tally;
use crate::schema::ShapeKind;
use crate::threads::{self, ParallelIterator};
use crate::timeline::{Item, MadeId, PointScratch, Scene, Timeline, VisitScratch};

/// A piece of work. What `section` and `range` mean is up to the format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// Which part of the files it encodes: a number of the format's [`sections`].
    pub section: u8,
    /// Place of the timeline in the scene.
    pub timeline: usize,
    /// The frames, tracks or shapes it covers.
    pub range: Range<u64>,
    /// The first of the numbers that run through the whole file.
    pub first: u64,
}

/// A part of an export, in the order in which parts are written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// One member that all chunks write together.
    Member {
        /// Path in the archive.
        name: String,
        /// Its chunks, in order.
        chunks: Vec<Chunk>,
    },
    /// Chunks that each write members of their own, one after another: [`Output::begin_file`].
    Files(Vec<Chunk>),
    /// Chunks that each ask for pictures, [`Output::picture`], and write nothing: [`picture_chunks`]. They are encoded
    /// once before anything is written, so that names can be compared.
    Media(Vec<Chunk>),
    /// A member that stands behind all chunks and is made of what they note: see [`crate::sidecar`].
    Sidecar {
        /// Path in the archive.
        name: String,
    },
}

impl Part {
    /// Its chunks, in order.
    pub fn chunks(&self) -> &[Chunk] {
        match self {
            Self::Member { chunks, .. } | Self::Files(chunks) | Self::Media(chunks) => chunks,
            Self::Sidecar { .. } => &[],
        }
    }
}

/// Lists and encodes the members of one export.
pub trait Encoder: Send + Sync {
    /// The members, in order, cut into chunks. `options` are those that the encoder was made with.
    fn parts(&self, options: &Options) -> Result<Vec<Part>>;

    /// Whether it looks at the coordinates of such shapes. Those that are not sound are an error then.
    fn reads(&self, _label: u32, _kind: ShapeKind) -> bool {
        true
    }

    /// Appends the bytes of a chunk to the output and counts what became of its annotations.
    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()>;
}

/// An export as data: its members, in order, and the chunks that make them. It borrows nothing, can be written down and
/// read back, and is the same in every process for the same dataset, format and options.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Slug of the format.
    pub format: String,
    /// The parts, in order.
    pub parts: Vec<Part>,
}

impl Plan {
    /// The plan of an export that the encoder makes. Counts what the numbers in the files depend on.
    pub fn new(format: &Format, encoder: &dyn Encoder, options: &Options) -> Result<Self> {
        Ok(Self { format: format.slug.to_owned(), parts: encoder.parts(options)? })
    }

    /// The chunk at a place, with its part.
    pub fn chunk(&self, mut place: usize) -> Option<(&Chunk, &Part)> {
        // Part by part: a shard asks for each of its chunks, and there may be a million before them.
        self.parts.iter().find_map(|part| {
            let found = part.chunks().get(place);
            place = place.saturating_sub(part.chunks().len());
            found.map(|chunk| (chunk, part))
        })
    }

    /// All chunks, in order, each with its part.
    pub fn chunks(&self) -> impl Iterator<Item = (&Chunk, &Part)> {
        self.parts.iter().flat_map(|part| part.chunks().iter().map(move |chunk| (chunk, part)))
    }
}

/// Where a chunk's bytes go, and the memory that a worker reuses from chunk to chunk.
#[derive(Default)]
pub struct Output {
    /// The bytes: of a member's piece, or of all files one behind another.
    pub bytes: Vec<u8>,
    /// The files.
    files: Vec<FileStart>,
    /// Their names, one behind another.
    names: String,
    /// The pictures asked for.
    pub images: Vec<Request>,
    /// What became of the annotations.
    pub tally: Tally,
    /// Memory for intermediate results.
    pub scratch: Scratch,
    /// Takes files when there are many bytes of them, as of the masks of a huge picture. Without one they stay.
    pub flush: Option<Flush>,
    flushed: Flushed,
}

/// Writes files of a chunk that is not finished; says whether the last of them goes on.
pub type Flush = Box<dyn FnMut(&Output, bool) -> Result<()>>;

/// What was handed on before the end of a chunk.
#[derive(Default)]
struct Flushed {
    bytes: u64,
    /// Whether the last file was not whole.
    goes_on: bool,
    /// The first error.
    error: Option<Error>,
}

/// More than this is not kept of a chunk that writes files. Normal ones have a megabyte.
const MOST_BYTES: usize = 16 << 20;

/// Where a file's bytes and name begin.
#[derive(Clone, Copy)]
struct FileStart {
    bytes: usize,
    name: usize,
}

/// A picture that is to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Path in the archive, with extension.
    pub name: String,
    /// Place of the timeline in the scene.
    pub timeline: usize,
    /// The frame, relative to the task.
    pub frame: u32,
}

/// Memory that encoders reuse.
#[derive(Default)]
pub struct Scratch {
    /// For visiting frames.
    pub visit: VisitScratch,
    /// For coordinates between keyframes.
    pub points: PointScratch,
    /// For the elements of a skeleton.
    pub elements: Vec<Item>,
    /// For masks.
    pub raster: raster::Scratch,
    /// For names of files.
    pub name: String,
}

impl Output {
    /// Forgets the chunk before, but keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.files.clear();
        self.names.clear();
        self.images.clear();
        self.tally = Tally::default();
        self.flushed = Flushed::default();
    }

    /// Hands on what there is; whether the last file goes on.
    fn hand_on(&mut self, goes_on: bool) {
        let Some(mut flush) = self.flush.take() else { return };
        let result = flush(self, goes_on);
        self.flush = Some(flush);
        self.flushed.bytes += self.bytes.len() as u64;
        self.flushed.goes_on = goes_on;
        self.flushed.error = self.flushed.error.take().or(result.err());
        self.bytes.clear();
        self.files.clear();
        self.names.clear();
    }

    /// To be called between the pieces of a file that may be long.
    pub fn flow(&mut self) {
        if self.bytes.len() >= MOST_BYTES {
            self.hand_on(true);
        }
    }

    /// What there is more of the file of which the beginning was handed on.
    pub fn continued(&self) -> Option<&[u8]> {
        let end = self.files.first().map_or(self.bytes.len(), |file| file.bytes);
        self.flushed.goes_on.then(|| &self.bytes[..end])
    }

    /// The number of all bytes of the chunk, or the error of what was handed on before its end.
    pub fn finish(&mut self) -> Result<u64> {
        if self.flushed.goes_on {
            self.hand_on(false);
        }
        let Flushed { bytes, error, .. } = std::mem::take(&mut self.flushed);
        error.map_or(Ok(bytes + self.bytes.len() as u64), Err)
    }

    /// Starts a file; what is appended from here on is its content.
    pub fn begin_file(&mut self, name: &str) {
        if self.bytes.len() >= MOST_BYTES {
            self.hand_on(false);
        }
        self.file_from(self.bytes.len(), name);
    }

    /// Makes a file of what was appended from this length of `bytes` on.
    pub fn file_from(&mut self, start: usize, name: &str) {
        self.files.push(FileStart { bytes: start, name: self.names.len() });
        self.names.push_str(name);
    }

    /// Whether there are files.
    pub fn has_files(&self) -> bool {
        !self.files.is_empty()
    }

    /// Names and contents of the files.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let end = FileStart { bytes: self.bytes.len(), name: self.names.len() };
        let ends = self.files.iter().skip(1).copied().chain([end]);
        self.files
            .iter()
            .zip(ends)
            .map(|(file, end)| (&self.names[file.name..end.name], &self.bytes[file.bytes..end.bytes]))
    }

    /// Asks for the picture of a frame under this name; in chunks of [`Part::Media`] only.
    pub fn picture(&mut self, name: String, timeline: usize, frame: u32) {
        self.images.push(Request { name, timeline, frame });
    }

    /// Appends text.
    pub fn text(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
    }
}

/// Annotations in a chunk: enough that threads are worth it and the compressor finds repeats, few enough that the
/// window of chunks in memory stays small (about 1 MB of text each).
const ITEMS_PER_CHUNK: u64 = 4096;
/// Frames in a chunk that shows little: formats with a file per frame pay for each.
const FRAMES_PER_CHUNK: u64 = 4096;

/// Frames in a chunk that writes images of each: a few kilobytes a frame and image, more for noise.
const IMAGES_PER_CHUNK: u64 = 64;

/// Cuts the frames of these timelines into chunks of about equal work. Chunks do not depend on the number of threads.
pub fn frame_chunks(
    scene: &Scene<'_>,
    timelines: impl IntoIterator<Item = usize>,
    section: impl Into<u8>,
) -> Vec<Chunk> {
    row_chunks(scene, timelines, section, |timeline| timeline.estimated_items())
}

/// The same where not every shape is written, but `rows` of a timeline.
pub fn row_chunks(
    scene: &Scene<'_>,
    timelines: impl IntoIterator<Item = usize>,
    section: impl Into<u8>,
    rows: impl Fn(&Timeline<'_>) -> u64,
) -> Vec<Chunk> {
    frame_chunks_up_to(FRAMES_PER_CHUNK, scene, timelines, section, rows)
}

/// As [`frame_chunks`], for chunks that write images.
pub fn image_chunks(scene: &Scene<'_>, timelines: Range<usize>, section: impl Into<u8>) -> Vec<Chunk> {
    frame_chunks_up_to(IMAGES_PER_CHUNK, scene, timelines, section, |timeline| timeline.estimated_items())
}

/// The same for chunks that write a line for each frame, whatever it shows.
pub fn line_chunks(
    scene: &Scene<'_>,
    timelines: impl IntoIterator<Item = usize>,
    section: impl Into<u8>,
) -> Vec<Chunk> {
    let section = section.into();
    let chunks = |timeline: usize| {
        let frames = u64::from(scene.timelines[timeline].frames.len());
        cut(0..frames, FRAMES_PER_CHUNK).map(move |range| Chunk { section, timeline, range, first: 0 })
    };
    timelines.into_iter().flat_map(chunks).collect()
}

fn frame_chunks_up_to(
    most: u64,
    scene: &Scene<'_>,
    timelines: impl IntoIterator<Item = usize>,
    section: impl Into<u8>,
    items: impl Fn(&Timeline<'_>) -> u64,
) -> Vec<Chunk> {
    let section = section.into();
    let mut chunks = Vec::new();
    for place in timelines {
        let timeline = &scene.timelines[place];
        let frames = u64::from(timeline.frames.len());
        let items = items(timeline).max(1);
        let step = (frames * ITEMS_PER_CHUNK / items).clamp(1, most);
        chunks.extend(cut(0..frames, step).map(|range| Chunk { section, timeline: place, range, first: 0 }));
    }
    chunks
}

/// Pictures in a chunk: what a worker holds, times the window of chunks, must stay small even for large pictures.
const PICTURES_PER_CHUNK: u64 = 4;
/// Frames of a video in one: larger than files, and so long in the making that chunks cost nothing.
const VIDEO_FRAMES_PER_CHUNK: u64 = 1;

/// Cuts the frames of these timelines into chunks for [`Part::Media`], or for files that are as large.
pub fn picture_chunks(scene: &Scene<'_>, timelines: Range<usize>, section: impl Into<u8>) -> Vec<Chunk> {
    let section = section.into();
    let chunks = |timeline: usize| {
        let frames = u64::from(scene.timelines[timeline].frames.len());
        let step = match scene.timelines[timeline].task.media {
            Media::Video { .. } => VIDEO_FRAMES_PER_CHUNK,
            Media::Images { .. } => PICTURES_PER_CHUNK,
        };
        cut(0..frames, step).map(move |range| Chunk { section, timeline, range, first: 0 })
    };
    timelines.flat_map(chunks).collect()
}

/// Asks for the pictures of a chunk under their ids and extensions, in the folder (empty, or ending in `/`) that is theirs.
pub fn request_pictures(
    scene: &Scene<'_>,
    chunk: &Chunk,
    out: &mut Output,
    folder: impl Fn(&Timeline<'_>) -> String,
) -> Result<()> {
    let timeline = &scene.timelines[chunk.timeline];
    let mut made = MadeId::default();
    for frame in timeline.frames.slice(places(chunk)?) {
        let (id, extension) = timeline.id(frame, &mut made);
        out.picture(folder(timeline) + id + extension, chunk.timeline, frame);
    }
    Ok(())
}

/// The part with the images of these timelines, if they are wanted.
pub fn media_part(
    scene: &Scene<'_>,
    timelines: Range<usize>,
    section: impl Into<u8>,
    options: &Options,
) -> Option<Part> {
    options.save_images.then(|| Part::Media(picture_chunks(scene, timelines, section)))
}

/// Cuts a range of positions (of a track on a frame, of a shape) into chunks.
pub fn position_chunks(timeline: usize, positions: u64, section: impl Into<u8>) -> Vec<Chunk> {
    let section = section.into();
    cut(0..positions, ITEMS_PER_CHUNK).map(|range| Chunk { section, timeline, range, first: 0 }).collect()
}

/// The error for a chunk whose section the format does not have.
pub(crate) fn unknown_section() -> Error {
    Error::new(Code::Internal, "a chunk of another format")
}

/// A chunk that stands for something written once.
pub fn single_chunk(section: impl Into<u8>, timeline: usize) -> Chunk {
    Chunk { section: section.into(), timeline, range: 0..0, first: 0 }
}

fn cut(range: Range<u64>, step: u64) -> impl Iterator<Item = Range<u64>> {
    let end = range.end;
    range.step_by(step.max(1) as usize).map(move |start| start..end.min(start + step.max(1)))
}

/// Counts the chunks in parallel and gives each the number that its first entry has; returns the number after the last.
pub fn number(
    chunks: &mut [Chunk],
    start: u64,
    count: impl Fn(&Chunk, &mut Scratch) -> Result<u64> + Sync,
) -> Result<u64> {
    let count = |scratch: &mut Scratch, chunk: &Chunk| count(chunk, scratch);
    let counts: Vec<u64> =
        threads::over(&*chunks, |chunks| chunks.map_init(Scratch::default, count).collect::<Result<_>>())?;
    let mut next = start;
    for (chunk, count) in chunks.iter_mut().zip(counts) {
        chunk.first = next;
        next += count;
    }
    Ok(next)
}

/// The frames of a chunk as places among those that its timeline shows.
pub fn places(chunk: &Chunk) -> Result<Range<u32>> {
    let place = |number: u64| u32::try_from(number).map_err(|_| Error::new(Code::Internal, "a chunk out of range"));
    Ok(place(chunk.range.start)?..place(chunk.range.end)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_cover_their_range_without_gap_or_overlap() {
        let ranges: Vec<_> = position_chunks(3, 2 * ITEMS_PER_CHUNK + 1, 7).into_iter().map(|it| it.range).collect();
        assert_eq!(
            ranges,
            [0..ITEMS_PER_CHUNK, ITEMS_PER_CHUNK..2 * ITEMS_PER_CHUNK, 2 * ITEMS_PER_CHUNK..2 * ITEMS_PER_CHUNK + 1]
        );
        assert!(position_chunks(0, 0, 0).is_empty());
    }

    #[test]
    fn each_chunk_is_given_the_number_behind_the_chunk_before() {
        let mut chunks = position_chunks(0, 3 * ITEMS_PER_CHUNK, 0);
        let next = number(&mut chunks, 1, |chunk, _| Ok(chunk.range.start / ITEMS_PER_CHUNK + 10));
        assert_eq!(next, Ok(1 + 10 + 11 + 12));
        assert_eq!(chunks.iter().map(|chunk| chunk.first).collect::<Vec<_>>(), [1, 11, 22]);
    }

    #[test]
    fn the_chunk_at_a_place_is_that_of_the_list() {
        let member = |name: &str, chunks| Part::Member { name: name.to_owned(), chunks };
        let parts = vec![
            member("a", position_chunks(0, 2 * ITEMS_PER_CHUNK, 0)),
            member("b", Vec::new()),
            Part::Files(position_chunks(1, 3 * ITEMS_PER_CHUNK, 1)),
        ];
        let plan = Plan { format: String::new(), parts };
        let listed: Vec<_> = plan.chunks().map(Some).collect();
        assert_eq!((0..5).map(|place| plan.chunk(place)).collect::<Vec<_>>(), listed);
        assert_eq!(plan.chunk(5), None);
    }

    #[test]
    fn a_chunk_that_cannot_be_counted_is_an_error() {
        let mut chunks = position_chunks(0, 1, 0);
        let failed = number(&mut chunks, 1, |_, _| Err(Error::new(Code::BadMask, "no")));
        assert_eq!(failed.map_err(|error| error.code()), Err(Code::BadMask));
    }
}
