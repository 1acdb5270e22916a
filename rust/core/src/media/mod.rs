//! The pictures of frames: what an export asks for, and where they are found.
//!
//! Formats ask by [`Output::picture`](crate::plan::Output::picture) and know nothing more. A worker reads the pictures of
//! its chunk from a [`Pictures`] and stores them as they come, so that no more than a few are in memory at a time.

mod files;
pub mod png;
pub mod range;
pub mod sizes;

use std::path::PathBuf;

use crate::dataset::Media;
use crate::error::{Code, Error, Result};
use crate::timeline::Timeline;
use sizes::ReadSize;

pub use files::Files;

/// A picture as it is stored: an encoded file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Their CRC-32, where it is known already.
    pub checksum: Option<u32>,
    /// Of a frame of a video, the seconds from its beginning.
    pub time: Option<f64>,
}

/// The pictures of the frames of one request, in their order. A frame whose picture cannot be had is an error in its
/// place; the frames behind it may still follow.
pub type Stream<'a> = Box<dyn Iterator<Item = Result<Picture>> + 'a>;

/// Where pictures come from. Workers ask for those of a few frames at a time.
pub trait Pictures: Send + Sync {
    /// Begins to read the pictures of these frames (numbers relative to the task).
    fn open<'a>(&'a self, timeline: &'a Timeline<'a>, frames: &'a [u32]) -> Result<Stream<'a>>;
}

/// What decodes videos, and encodes their frames.
///
/// The executor calls [`Videos::open`] for the frames of videos in the order of the output, one call at a time: frames
/// of one task ascend from call to call (but for formats that store a picture twice), so that one decoder that goes
/// forward serves them all. The streams are read by several workers at once. So `open` decodes, and the stream encodes:
/// what `open` does stands in a queue, what the stream does runs on all cores.
pub trait Videos: Send + Sync {
    /// Begins to read these frames (numbers relative to the task) of the video that is there.
    fn open<'a>(&'a self, timeline: &'a Timeline<'a>, video: Location, frames: &'a [u32]) -> Result<Stream<'a>>;
}

/// Where a file is: its path, or that of the archive and the member in it.
pub type Location = (PathBuf, Option<String>);

/// Everything that an export may need: files as they are, and whatever gives the frames of videos.
pub struct Library<'a> {
    /// The files of all tasks.
    pub files: Files,
    /// What decodes the videos among them.
    pub videos: Option<&'a dyn Videos>,
    /// What measures images of types that are not known here.
    pub read_size: &'a ReadSize<'a>,
}

impl Pictures for Library<'_> {
    fn open<'a>(&'a self, timeline: &'a Timeline<'a>, frames: &'a [u32]) -> Result<Stream<'a>> {
        match (&timeline.task.media, self.videos) {
            (Media::Images { .. }, _) => self.files.open(timeline, frames),
            (Media::Video { name, .. }, Some(videos)) => {
                videos.open(timeline, self.files.locate(timeline.task, name)?, frames)
            }
            (Media::Video { .. }, None) => Err(no_decoder()),
        }
    }
}

/// The error of an export that wants frames of a video and has nothing that decodes them.
fn no_decoder() -> Error {
    Error::new(Code::Unsupported, "frames of a video cannot be decoded here").advise("run without --save-images")
}
