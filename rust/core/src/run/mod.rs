//! The wiring of an export: source, scene, plan, executor, sink, report. Nothing else knows all of them.

mod shards;
mod sound;

use sound::{Scenes, Shown};

pub use shards::{assemble, make_shard, plan};

use std::path::PathBuf;

use crate::dataset::Dataset;
use crate::error::{Code, Error, Place, Result, catch_panic};
use crate::execute::{Executor, Job, Threads, Writer};
pub use crate::execute::{OnProgress, Progress};
use crate::media::sizes::{self, ReadSize};
use crate::media::{Files, Library, Videos};
use crate::naming::collisions;
use crate::paths::{Named, check_apart};
use crate::plan::{self, Format, Plan};
use crate::report::{Outcome, Report, Tally};
use crate::sidecar::{self, Images};
use crate::sink::{Compression, Sink, Target};
use crate::threads::{self, Pool};
use crate::timeline::{Scene, Selection, Template};

/// How to run exports.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Number of threads that encode; without one as many as the machine has cores. The bytes do not depend on it.
    pub threads: Option<usize>,
    /// How hard the archive is compressed.
    pub compression: Compression,
    /// What to take of the source.
    pub selection: Selection,
    /// Whether an output that exists may be replaced: only what framehaul wrote, see [`crate::paths`].
    pub overwrite: bool,
    /// Whether dropped annotations are an error.
    pub strict: bool,
    /// What it wants of images.
    pub images: sidecar::Options,
    /// Where the files of pictures are, if not in the source.
    pub media: Option<PathBuf>,
    /// What frames are called, if not what CVAT calls them.
    pub name_template: Option<Template>,
    /// What formats may vary in.
    pub format: plan::Options,
}

/// Why a format was not written.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The error.
    pub error: Error,
    /// With `strict`, what would have become of the annotations.
    pub report: Option<Box<Report>>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, report: None }
    }
}

/// Exports a dataset in several formats, one after another. A format that fails does not stop the others, but
/// `interrupted` does. The outer error is one that concerns all of them.
///
/// `videos` decodes videos, and `read_size` measures images of types that are not known here.
pub fn export(
    dataset: &Dataset,
    outputs: &mut [(&Format, Target<'_>)],
    options: &Options,
    (videos, read_size): (Option<&dyn Videos>, &ReadSize<'_>),
    on_progress: &mut OnProgress<'_>,
) -> Result<Vec<std::result::Result<Report, Failure>>> {
    let named: Vec<Named<'_>> = outputs.iter().filter_map(|(_, target)| Some(("output", target.path()?))).collect();
    check_apart(&dataset.inputs(options.media.as_deref()), &named)?;
    let threads = match options.threads {
        Some(0) => return Err(Error::new(Code::BadOption, "the number of threads must be at least 1")),
        Some(threads) => threads,
        None => threads::processors(),
    };
    if options.images.provenance && !options.format.save_images {
        let error = Error::new(Code::BadOption, "provenance tells where pictures come from, and none are written");
        return Err(error.advise("add --save-images"));
    }
    // Merging jobs and counting are parallel too and keep to this number. They gain nothing from more threads than
    // there are processors, as reading images from a slow disk does.
    let pool = threads::of(threads.min(threads::processors()))?;
    let library = match options.format.save_images {
        true => Some(Library { files: Files::find(dataset, options.media.as_deref())?, videos, read_size }),
        false => None,
    };
    // With images and without, so that the labels are the same.
    let measured = options.media.as_deref().map(|media| pool.install(|| sizes::with_media(dataset, media, read_size)));
    let measured = measured.transpose()?.flatten();
    let dataset = measured.as_ref().unwrap_or(dataset);
    let scenes = pool.install(|| Scenes::new(dataset, options))?;
    let mut reports = Vec::with_capacity(outputs.len());
    for (format, target) in outputs {
        let export = || {
            export_scene(scenes.of(format), (format, target), (&pool, threads), options, library.as_ref(), on_progress)
        };
        let report = catch_panic(export).unwrap_or_else(|error| Err(error.into()));
        if let Err(Failure { error, .. }) = &report
            && error.code() == Code::Interrupted
        {
            return Err(error.clone());
        }
        reports.push(report);
    }
    Ok(reports)
}

fn export_scene(
    shown: Shown<'_, '_>,
    (format, target): (&Format, &mut Target<'_>),
    (pool, threads): (&Pool, usize),
    options: &Options,
    library: Option<&Library<'_>>,
    on_progress: &mut OnProgress<'_>,
) -> std::result::Result<Report, Failure> {
    let scene = shown.scene;
    if !format.takes_3d {
        scene.refuse_3d()?;
    }
    let is_stream = target.path().is_none();
    let mut sink = target.open(options.compression, options.overwrite)?;
    let encoder = pool.install(|| shown.encoder(format, options))?;
    let encoder = encoder.as_ref();
    let mut plan = pool.install(|| Plan::new(format, encoder, &options.format))?;
    // What went into a stream cannot be taken back.
    if is_stream || collisions::subsets_nest(scene) {
        pool.install(|| collisions::refuse(scene, (&plan, encoder), None))?;
    }
    let images = library
        .map(|library| pool.install(|| Images::new(scene, (&plan, encoder), library, options.images)))
        .transpose()?;
    plan.parts.extend(images.iter().flat_map(Images::parts));
    let job = Job { plan: &plan, encoder, images: images.as_ref() };
    let mut progress = Progress { all_frames: scene.frame_count(), ..Progress::default() };
    let workers = threads.min(plan.chunks().count());
    let larger = (workers > pool.len()).then(|| threads::of(workers)).transpose()?;
    let pool = larger.as_ref().unwrap_or(pool);
    let packing = sink.packing();
    let mut writer = Writer::new(&job, sink.as_mut(), &mut progress, on_progress);
    Threads { job: &job, pool, packing }.run(&mut |event| writer.receive(event))?;
    let (tally, names) = writer.finish()?;
    pool.install(|| collisions::refuse(scene, (&plan, encoder), Some(names)))?;
    conclude(shown, format, options, tally, sink)
}

/// Puts the output in its place, if the options allow what became of the annotations.
fn conclude(
    Shown { scene, sound }: Shown<'_, '_>,
    format: &Format,
    options: &Options,
    mut tally: Tally,
    sink: Box<dyn Sink + '_>,
) -> std::result::Result<Report, Failure> {
    count_losses(scene, &mut tally);
    if let Some(sound) = sound {
        sound.tally(&mut tally);
    }
    let profile = options.format.profile.as_str();
    let selection = options.selection.to_string();
    let report =
        |members, bytes| Report::new(format.name, profile, selection.clone(), scene.dataset, &tally, members, bytes);
    let left_out: u64 = scene.dataset.notes.iter().map(|note| note.left_out).sum();
    if options.strict {
        let refused = report(0, 0);
        let dropped = refused.dropped + left_out;
        if dropped > 0 {
            let message = format!("{} would drop {dropped} annotations", format.name);
            let error = Error::new(Code::Dropped, message).advise("the report lists them");
            return Err(Failure { error, report: Some(Box::new(refused)) });
        }
    }
    let written = sink.finish()?;
    Ok(report(written.members, written.bytes))
}

/// What the merging of jobs has dropped stands in the report of every format.
fn count_losses(scene: &Scene<'_>, tally: &mut Tally) {
    for timeline in &scene.timelines {
        for loss in &timeline.losses {
            tally.several(loss.label, loss.kind, Outcome::Dropped(loss.reason), loss.count);
            tally.note(loss.reason, || Place {
                task: Some(timeline.task.name.clone()),
                frame: Some(i64::from(loss.frame)),
                label: Some(scene.dataset.schema.path(loss.label)),
                ..Place::default()
            });
        }
    }
}
