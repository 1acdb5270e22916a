//! The threads of this process.
//!
//! Workers take chunks one after another and may run ahead of the writer only by a window, so memory stays bounded
//! however slow the output is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, Sender};

use super::shard::file_steps;
use super::window::OpenAtEnd;
use super::{Event, Executor, Job, Shard, Step, Window};
use crate::error::{Code, Error, Result, catch_panic};
use crate::plan::{Chunk, Flush, Output, Part};
use crate::sink::{Packer, Packing};
use crate::threads::Pool;

/// How long the writer waits for a chunk before it looks around.
const MAX_WAIT: Duration = Duration::from_millis(50);

/// Makes the chunks of a job on the threads of a pool.
pub struct Threads<'a> {
    /// The job.
    pub job: &'a Job<'a>,
    /// The threads. They become the workers: others would share the processors for a while with those that counted.
    pub pool: &'a Pool,
    /// What the sink takes.
    pub packing: Packing,
}

/// What a worker sends about the chunk at a place.
enum Sent {
    /// What is to be written of it already, when all chunks before it are; and whom to tell when that is done.
    Begun(Vec<Step>, Sender<()>),
    /// The rest or all of it.
    Done(Result<Box<Shard>>),
}

impl Executor for Threads<'_> {
    fn run(&self, receive: &mut dyn FnMut(Event) -> Result<()>) -> Result<()> {
        let chunks: Vec<(&Chunk, &Part)> = self.job.plan.chunks().collect();
        let threads = self.pool.len().min(chunks.len());
        // Two chunks ahead for each worker keep all of them busy while one chunk is late.
        let window = Arc::new(Window::new(2 * threads + 2));
        let next = AtomicUsize::new(0);
        let (sender, receiver) = crossbeam_channel::unbounded();
        let worker = |sender: Sender<(usize, Sent)>| Worker {
            job: self.job,
            chunks: &chunks,
            next: &next,
            window: window.clone(),
            sender,
            packing: self.packing,
        };
        let workers: Vec<_> = (0..threads).map(|_| worker(sender.clone())).map(|it| move || it.work()).collect();
        drop(sender);
        self.pool.beside(workers, || {
            // Whatever happens here, the workers end, and this returns only after them.
            let _open = OpenAtEnd(&window);
            // Dropped with all that was sent when this ends: workers may wait for an answer.
            let receiver = receiver;
            let mut waiting: BTreeMap<usize, Result<Box<Shard>>> = BTreeMap::new();
            let mut place = 0;
            while place < chunks.len() {
                if let Some(shard) = waiting.remove(&place) {
                    receive(Event::Done(shard?))?;
                    place += 1;
                    window.advance();
                    continue;
                }
                match receiver.recv_timeout(MAX_WAIT) {
                    Ok((at, Sent::Done(shard))) => drop(waiting.insert(at, shard)),
                    Ok((_, Sent::Begun(steps, written))) => {
                        receive(Event::Begun(steps))?;
                        // The worker waits for this, if nothing has happened to it.
                        let _ = written.send(());
                    }
                    Err(RecvTimeoutError::Timeout) => receive(Event::Waiting)?,
                    Err(RecvTimeoutError::Disconnected) => {
                        return Err(Error::new(Code::Internal, "the workers ended before their work"));
                    }
                }
            }
            Ok(())
        })
    }
}

struct Worker<'a> {
    job: &'a Job<'a>,
    /// Each with its part.
    chunks: &'a [(&'a Chunk, &'a Part)],
    next: &'a AtomicUsize,
    window: Arc<Window>,
    sender: Sender<(usize, Sent)>,
    packing: Packing,
}

impl Worker<'_> {
    fn work(self) {
        let mut output = Output::default();
        let mut packer = Packer::new(self.packing);
        loop {
            let place = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(&(chunk, part)) = self.chunks.get(place) else { return };
            if !self.window.wait(place) {
                return;
            }
            output.clear();
            output.flush = matches!(part, Part::Files(_)).then(|| self.flush(place));
            let encode = || self.job.encode_rest(place, (chunk, part), &mut output, &mut packer, self.window.as_ref());
            let shard = catch_panic(encode).unwrap_or_else(Err).map(Box::new);
            let failed = shard.is_err();
            if self.sender.send((place, Sent::Done(shard))).is_err() || failed {
                return;
            }
        }
    }

    /// Has files of the chunk at a place written before its end, when it is its turn.
    fn flush(&self, place: usize) -> Flush {
        let (window, sender, packing) = (self.window.clone(), self.sender.clone(), self.packing);
        Box::new(move |output, goes_on| {
            let ended = || Error::new(Code::Interrupted, "the run has ended");
            if !window.wait_to_write(place) {
                return Err(ended());
            }
            let steps = file_steps(output, goes_on, &mut Packer::new(packing))?;
            let (written, wait) = crossbeam_channel::bounded(1);
            sender.send((place, Sent::Begun(steps, written))).map_err(|_| ended())?;
            wait.recv().map_err(|_| ended())
        })
    }
}
