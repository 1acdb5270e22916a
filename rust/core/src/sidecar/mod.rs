//! Members that any format may get beside its own: the images of the frames, whole videos, and the files about both,
//! `frames.csv` and `provenance.jsonl`.

mod images;
mod notes;
mod videos;

pub use images::{Images, OnError, Options, Stored};
pub use notes::{Notes, Sidecars};

use crate::error::Result;
use crate::report::Tally;
use crate::sink::{Packed, Packing};

/// The order in which chunks open videos: a decoder goes forward only.
pub trait Turns {
    /// Waits until all chunks before this one have passed; `false` if the run has ended.
    fn wait_for_turn(&self, chunk: usize) -> bool;

    /// Lets the chunks after this one open videos.
    fn pass(&self, chunk: usize);
}

/// Where the members that stand behind all chunks go.
pub trait Append {
    /// How bytes must be packed.
    fn packing(&self) -> Packing;

    /// Begins a member; `is_stored` if it would not become smaller.
    fn begin(&mut self, name: &str, is_stored: bool) -> Result<()>;

    /// Writes the next part of a member that has `bytes` before compression.
    fn write(&mut self, packed: Packed, bytes: usize) -> Result<()>;

    /// Ends the member.
    fn end(&mut self) -> Result<()>;

    /// What became of the annotations.
    fn tally(&mut self) -> &mut Tally;
}
