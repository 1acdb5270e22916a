//! Makes the chunks of a plan and hands them over in order.
//!
//! [`Job::encode`] is the only unit of work: a chunk becomes a [`Shard`], on any thread, in any process, in any order. An
//! [`Executor`] decides where that happens; a [`Writer`] puts shards into a sink, reports progress, and stops everything
//! when asked to. What was written then disappears with the sink.

mod shard;
mod threads;
mod window;
mod writer;

pub use shard::{Job, Shard, Step};
pub use threads::Threads;
pub use window::Window;
pub use writer::Writer;

use crate::error::Result;

/// Where chunks are made.
pub trait Executor {
    /// Makes all chunks of a job and passes what comes of them to `receive`, in the order of the plan. An error that it
    /// returns ends the run.
    fn run(&self, receive: &mut dyn FnMut(Event) -> Result<()>) -> Result<()>;
}

/// What an executor reports.
pub enum Event {
    /// Nothing has come for a moment.
    Waiting,
    /// The beginning of the next chunk, which is too large to keep until its end.
    Begun(Vec<Step>),
    /// The rest of the next chunk, or all of it.
    Done(Box<Shard>),
}

/// How far an export is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Pieces of work done.
    pub chunks: u64,
    /// All pieces of work.
    pub all_chunks: u64,
    /// Frames written.
    pub frames: u64,
    /// All frames.
    pub all_frames: u64,
    /// Annotations written.
    pub annotations: u64,
    /// Bytes of content encoded, before compression.
    pub bytes: u64,
}

/// Told how far an export is, about twenty times a second; returns whether to go on.
pub type OnProgress<'a> = dyn FnMut(&Progress) -> bool + 'a;
