//! A shard: a finished chunk as bytes and counts. It belongs to no thread and no process. It can be written down and read
//! back, and whoever puts the shards of a plan in order has the export.

use std::cell::RefCell;
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use crate::error::{Code, Error, Result};
use crate::plan::{Chunk, Encoder, Flush, Output, Part, Plan};
use crate::report::Tally;
use crate::sidecar::{Images, Notes, Stored, Turns};
use crate::sink::{Packed, Packer};
use crate::timeline::hash;

/// What the chunks of an export are made of.
pub struct Job<'j> {
    /// The members and their chunks.
    pub plan: &'j Plan,
    /// Encodes the chunks.
    pub encoder: &'j dyn Encoder,
    /// Stores images, if they are written.
    pub images: Option<&'j Images<'j>>,
}

/// A finished chunk.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Shard {
    /// What the sink is to do, in order.
    pub steps: Vec<Step>,
    /// What became of the annotations.
    pub tally: Tally,
    /// Bytes before compression.
    pub bytes: u64,
    /// What the sidecars say about it.
    pub notes: Notes,
}

/// A call to a sink.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub enum Step {
    /// Begins a streamed member.
    Begin(String),
    /// Writes a part of it, or whole members; with the hashes of their names.
    Write(Packed, Vec<u64>),
    /// Ends the streamed member.
    End,
}

impl Job<'_> {
    /// Makes the chunk at a place of the plan. The bytes do not depend on who makes it, nor on what was made before.
    pub fn encode(&self, place: usize, output: &mut Output, packer: &mut Packer) -> Result<Shard> {
        let (chunk, part) = self.plan.chunk(place).ok_or_else(|| Error::new(Code::Internal, "no such chunk"))?;
        // What is too large to keep goes into the shard all the same: another process has to send all of it.
        let begun = Rc::new(RefCell::new(Vec::new()));
        let (to, packing) = (begun.clone(), packer.packing());
        let flush: Flush = Box::new(move |output, goes_on| {
            to.borrow_mut().extend(file_steps(output, goes_on, &mut Packer::new(packing))?);
            Ok(())
        });
        output.clear();
        output.flush = matches!(part, Part::Files(_)).then_some(flush);
        let shard = self.encode_rest(place, (chunk, part), output, packer, &Alone);
        output.flush = None;
        let mut shard = shard?;
        let mut steps = begun.take();
        steps.append(&mut shard.steps);
        Ok(Shard { steps, ..shard })
    }

    /// Makes a chunk whose beginning `output.flush` may have taken.
    pub(super) fn encode_rest(
        &self,
        place: usize,
        (chunk, part): (&Chunk, &Part),
        output: &mut Output,
        packer: &mut Packer,
        turns: &dyn Turns,
    ) -> Result<Shard> {
        if !matches!(part, Part::Media(_)) {
            // It opens no video, so later chunks need not wait for it.
            turns.pass(place);
        }
        self.encoder.encode(chunk, output)?;
        let mut bytes = output.finish()?;
        let mut notes = Notes::default();
        let mut names = Vec::new();
        let packed = match (part, self.images) {
            (Part::Member { .. }, _) => packer.part(&output.bytes)?,
            (Part::Files(_), _) => {
                output.files().try_for_each(|(name, content)| packer.file(name, content))?;
                names.extend(output.files().map(|(name, _)| hash(name)));
                packer.take()
            }
            (Part::Media(_), Some(images)) => {
                let mut to = Stored { packer, tally: &mut output.tally, notes: &mut notes, names: &mut names };
                bytes = images.store(place, &output.images, turns, &mut to)?;
                packer.take()
            }
            (Part::Media(_), None) => return Err(Error::new(Code::Internal, "images without a source of them")),
            (Part::Sidecar { .. }, _) => return Err(Error::new(Code::Internal, "a sidecar has no chunks")),
        };
        let steps = vec![Step::Write(packed, names)];
        Ok(Shard { steps, tally: std::mem::take(&mut output.tally), bytes, notes })
    }
}

/// One chunk by itself: nobody opens a video before it.
struct Alone;

impl Turns for Alone {
    fn wait_for_turn(&self, _: usize) -> bool {
        true
    }

    fn pass(&self, _: usize) {}
}

/// More of the file that went on, whole files, and the beginning of the one that goes on.
pub(super) fn file_steps(output: &Output, goes_on: bool, packer: &mut Packer) -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    let mut files: Vec<(&str, &[u8])> = output.files().collect();
    if let Some(more) = output.continued() {
        steps.push(Step::Write(packer.part(more)?, Vec::new()));
        if !goes_on || !files.is_empty() {
            steps.push(Step::End);
        }
    }
    let last = if goes_on { files.pop() } else { None };
    if !files.is_empty() {
        files.iter().try_for_each(|(name, content)| packer.file(name, content))?;
        steps.push(Step::Write(packer.take(), files.iter().map(|(name, _)| hash(name)).collect()));
    }
    if let Some((name, beginning)) = last {
        steps.push(Step::Begin(name.to_owned()));
        steps.push(Step::Write(packer.part(beginning)?, Vec::new()));
    }
    Ok(steps)
}
