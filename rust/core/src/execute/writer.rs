//! Puts shards, in order, into a sink.

use std::slice;
use std::time::{Duration, Instant};

use super::{Event, Job, OnProgress, Progress, Shard, Step};
use crate::error::{Code, Error, Result};
use crate::plan::Part;
use crate::report::Tally;
use crate::sidecar::{Append, Images, Sidecars};
use crate::sink::{Packed, Packing, Sink};
use crate::timeline::hash;

/// How often the caller hears how far the export is.
const REPORT_EVERY: Duration = Duration::from_millis(50);

/// Writes an export: begins and ends its members, adds up what became of its annotations, and reports progress.
pub struct Writer<'a, 'p> {
    /// The parts that are not begun.
    parts: slice::Iter<'a, Part>,
    /// Chunks of the part under way that have not come.
    left: usize,
    /// Whether the part under way is one member.
    is_member: bool,
    images: Option<&'a Images<'a>>,
    sidecars: Option<Sidecars>,
    output: Appender<'a, 'p>,
}

/// The sink, and what is counted on the way to it.
struct Appender<'a, 'p> {
    tally: Tally,
    progress: &'a mut Progress,
    on_progress: &'a mut OnProgress<'p>,
    reported: Instant,
    sink: &'a mut dyn Sink,
    /// Hashes of the names of the members so far.
    names: Vec<u64>,
}

impl<'a, 'p> Writer<'a, 'p> {
    /// A writer for the chunks of a job.
    pub fn new(
        job: &Job<'a>,
        sink: &'a mut dyn Sink,
        progress: &'a mut Progress,
        on_progress: &'a mut OnProgress<'p>,
    ) -> Self {
        progress.all_chunks = job.plan.chunks().count() as u64;
        let output = Appender {
            tally: Tally::default(),
            progress,
            on_progress,
            reported: Instant::now(),
            sink,
            names: Vec::new(),
        };
        let sidecars = job.images.map(Images::sidecars);
        Self { parts: job.plan.parts.iter(), left: 0, is_member: false, images: job.images, sidecars, output }
    }

    /// Takes what an executor reports.
    pub fn receive(&mut self, event: Event) -> Result<()> {
        self.output.report()?;
        match event {
            Event::Waiting => Ok(()),
            Event::Begun(steps) => {
                self.begin_parts()?;
                self.output.steps(steps)
            }
            Event::Done(shard) => {
                self.begin_parts()?;
                self.left = self.left.saturating_sub(1);
                self.output.shard(*shard, self.sidecars.as_mut())
            }
        }
    }

    /// Begins the part that the next chunk belongs to, and ends those before it.
    fn begin_parts(&mut self) -> Result<()> {
        while self.left == 0 {
            if std::mem::take(&mut self.is_member) {
                self.output.sink.end()?;
            }
            let Some(part) = self.parts.next() else { return Ok(()) };
            if let Part::Member { name, .. } = part {
                self.output.begin(name, false)?;
                self.is_member = true;
            }
            self.left = part.chunks().len();
        }
        Ok(())
    }

    /// Ends the members, and writes what stands behind them. Returns the counts, and the hashes of all names.
    pub fn finish(mut self) -> Result<(Tally, Vec<u64>)> {
        self.begin_parts()?;
        if let (Some(images), Some(sidecars)) = (self.images, self.sidecars) {
            images.close(sidecars, &mut self.output)?;
        }
        self.output.report_now()?;
        Ok((self.output.tally, self.output.names))
    }
}

impl Append for Appender<'_, '_> {
    fn packing(&self) -> Packing {
        self.sink.packing()
    }

    fn begin(&mut self, name: &str, is_stored: bool) -> Result<()> {
        self.names.push(hash(name));
        if is_stored { self.sink.begin_stored(name) } else { self.sink.begin(name) }
    }

    fn write(&mut self, packed: Packed, bytes: usize) -> Result<()> {
        self.sink.write(packed)?;
        self.progress.bytes += bytes as u64;
        self.report()
    }

    fn end(&mut self) -> Result<()> {
        self.sink.end()
    }

    fn tally(&mut self) -> &mut Tally {
        &mut self.tally
    }
}

impl Appender<'_, '_> {
    fn shard(&mut self, shard: Shard, sidecars: Option<&mut Sidecars>) -> Result<()> {
        self.steps(shard.steps)?;
        sidecars.map_or(Ok(()), |sidecars| sidecars.add(&shard.notes))?;
        self.progress.chunks += 1;
        self.progress.frames += shard.tally.frames;
        self.progress.annotations += shard.tally.annotations();
        self.progress.bytes += shard.bytes;
        self.tally.merge(shard.tally);
        Ok(())
    }

    fn steps(&mut self, steps: Vec<Step>) -> Result<()> {
        steps.into_iter().try_for_each(|step| match step {
            Step::Begin(name) => self.begin(&name, false),
            Step::Write(packed, names) => {
                self.names.extend(names);
                self.sink.write(packed)
            }
            Step::End => self.sink.end(),
        })
    }

    /// Reports progress, if it is time to; an error if the export is to stop.
    fn report(&mut self) -> Result<()> {
        if self.reported.elapsed() < REPORT_EVERY { Ok(()) } else { self.report_now() }
    }

    fn report_now(&mut self) -> Result<()> {
        self.reported = Instant::now();
        match (self.on_progress)(self.progress) {
            true => Ok(()),
            false => Err(Error::new(Code::Interrupted, "stopped on request; nothing was left behind")),
        }
    }
}
