//! Exports whose chunks are made elsewhere: [`plan`] says what there is to make, [`make_shard`] makes a run of chunks in
//! any process that has the dataset, and [`assemble`] puts them in order. The bytes are those of [`super::export`].

use std::ops::Range;

use super::{Failure, Options, Scenes, conclude};
use crate::dataset::Dataset;
use crate::error::{Code, Error, Result};
use crate::execute::{Event, Job, Progress, Shard, Writer};
use crate::naming::collisions;
use crate::plan::{Format, Output, Plan};
use crate::report::Report;
use crate::sink::{Packer, Packing, Target};

/// The plan of an export. It is the same in every process for the same dataset, format and options.
pub fn plan(dataset: &Dataset, format: &Format, options: &Options) -> Result<Plan> {
    refuse_images(options)?;
    let scenes = Scenes::new(dataset, options)?;
    let shown = scenes.of(format);
    let encoder = shown.encoder(format, options)?;
    Plan::new(format, encoder.as_ref(), &options.format)
}

/// Makes these chunks of a plan for an archive.
pub fn make_shard(
    dataset: &Dataset,
    format: &Format,
    options: &Options,
    plan: &Plan,
    chunks: Range<usize>,
) -> Result<Vec<Shard>> {
    refuse_images(options)?;
    let scenes = Scenes::new(dataset, options)?;
    let shown = scenes.of(format);
    let encoder = shown.encoder(format, options)?;
    let job = Job { plan, encoder: encoder.as_ref(), images: None };
    let mut output = Output::default();
    let mut packer = Packer::new(Packing::Zip(options.compression));
    chunks.map(|place| job.encode(place, &mut output, &mut packer)).collect()
}

/// Writes an archive of the shards of all chunks, in order.
pub fn assemble(
    dataset: &Dataset,
    (format, target): (&Format, &mut Target<'_>),
    options: &Options,
    plan: &Plan,
    shards: &mut dyn Iterator<Item = Result<Shard>>,
) -> std::result::Result<Report, Failure> {
    refuse_images(options)?;
    let scenes = Scenes::new(dataset, options)?;
    let shown = scenes.of(format);
    let encoder = shown.encoder(format, options)?;
    let encoder = encoder.as_ref();
    let job = Job { plan, encoder, images: None };
    let mut sink = target.open(options.compression, options.overwrite)?;
    let (mut progress, mut go_on) = (Progress::default(), |_: &Progress| true);
    let mut writer = Writer::new(&job, sink.as_mut(), &mut progress, &mut go_on);
    let mut made = 0;
    for shard in shards {
        writer.receive(Event::Done(Box::new(shard?)))?;
        made += 1;
    }
    let (tally, names) = writer.finish()?;
    let chunks = plan.chunks().count();
    if made != chunks {
        return Err(Error::new(Code::Internal, format!("{made} chunks were made of {chunks}")).into());
    }
    collisions::refuse(shown.scene, (plan, encoder), Some(names))?;
    conclude(shown, format, options, tally, sink)
}

/// Images are opened in order by one process.
fn refuse_images(options: &Options) -> Result<()> {
    match options.format.save_images {
        true => Err(Error::new(Code::Unsupported, "images cannot be written in shards yet")),
        false => Ok(()),
    }
}
