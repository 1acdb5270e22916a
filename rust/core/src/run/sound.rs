//! Exports of a scene without the shapes that are not sound, in formats that need their coordinates.

use std::collections::BTreeMap;

use super::Options;
use crate::dataset::{Dataset, Fault, FaultRow};
use crate::error::{Place, Result};
use crate::plan::{Encoder, Format};
use crate::report::{LeftOut, Outcome, Tally};
use crate::schema::ShapeKind;
use crate::sidecar::OnError;
use crate::timeline::Scene;

const UNSOUND: Outcome = Outcome::Dropped("its coordinates are not those of such a shape");

/// Annotations by label and kind.
type Counts = BTreeMap<(u32, ShapeKind), u64>;

/// What exports show of a dataset: everything, and the same without the shapes that are not sound, if there are any.
pub struct Scenes<'d> {
    all: Scene<'d>,
    sound: Option<Sound<'d>>,
}

/// What one format is to show.
#[derive(Clone, Copy)]
pub struct Shown<'s, 'd> {
    pub scene: &'s Scene<'d>,
    /// What the scene lacks, if it lacks something.
    pub sound: Option<&'s Sound<'d>>,
}

/// A scene without the shapes that are not sound.
pub struct Sound<'d> {
    scene: Scene<'d>,
    /// What it lacks.
    faults: Vec<&'d Fault>,
    /// How many annotations these are.
    losses: Counts,
}

impl<'d> Scenes<'d> {
    /// What the options select of a dataset.
    pub fn new(dataset: &'d Dataset, options: &Options) -> Result<Self> {
        let all = scene(dataset, options)?;
        let faults = all.faults();
        if faults.is_empty() {
            return Ok(Self { all, sound: None });
        }
        let mut sound = scene(dataset, options)?;
        sound.leave_out(&faults);
        let losses = losses(&all, &sound);
        Ok(Self { all, sound: Some(Sound { scene: sound, faults, losses }) })
    }

    /// What a format is to show of it.
    pub fn of(&self, format: &Format) -> Shown<'_, 'd> {
        match &self.sound {
            Some(sound) if !format.repeats_numbers => Shown { scene: &sound.scene, sound: Some(sound) },
            _ => Shown { scene: &self.all, sound: None },
        }
    }
}

/// What an export shows of a dataset.
fn scene<'d>(dataset: &'d Dataset, options: &Options) -> Result<Scene<'d>> {
    let mut scene = Scene::chosen(dataset, &options.selection.tasks, &options.selection.jobs)?;
    scene.set_image_format(options.images.image_format);
    scene.select(&options.selection)?;
    options.name_template.as_ref().map_or(Ok(()), |template| scene.rename(template))?;
    Ok(scene)
}

impl<'s> Shown<'s, '_> {
    /// The encoder of a format. A shape that is not sound is an error if the format reads its coordinates and the options
    /// do not leave it out.
    pub fn encoder(&self, format: &Format, options: &Options) -> Result<Box<dyn Encoder + 's>> {
        let encoder = (format.encoder)(self.scene, &options.format)?;
        self.sound.map_or(Ok(()), |sound| sound.refuse(encoder.as_ref(), options.images.on_error))?;
        Ok(encoder)
    }
}

impl Sound<'_> {
    fn refuse(&self, encoder: &dyn Encoder, on_error: OnError) -> Result<()> {
        let is_read = |fault: &&&Fault| {
            let (label, kind, _) = self.about(fault.row);
            encoder.reads(label, kind)
        };
        match self.faults.iter().find(is_read) {
            Some(fault) if on_error == OnError::Stop => Err(fault.error.clone()),
            _ => Ok(()),
        }
    }

    /// Tallies and lists what is left out.
    pub fn tally(&self, tally: &mut Tally) {
        for (&(label, kind), &count) in &self.losses {
            tally.several(label, Some(kind), UNSOUND, count);
        }
        for fault in &self.faults {
            let Place { task, frame, .. } = fault.error.place();
            tally.note("a shape whose coordinates are not those of its kind is left out", || {
                fault.error.place().clone()
            });
            tally.left_out.push(LeftOut {
                task: task.clone().unwrap_or_default(),
                frame: frame.and_then(|frame| u32::try_from(frame).ok()).unwrap_or_else(|| self.about(fault.row).2),
                file: String::new(),
                why: format!("{} ({})", fault.error.message(), fault.error.place()),
            });
        }
    }

    /// Label, kind and first frame of a row.
    fn about(&self, row: FaultRow) -> (u32, ShapeKind, u32) {
        let (shapes, tracks) = (&self.scene.dataset.columns.shapes, &self.scene.dataset.columns.tracks);
        match row {
            FaultRow::Shape(row) => (shapes.label[row as usize], shapes.kind(row), shapes.frame[row as usize]),
            FaultRow::Track(row) => (tracks.label[row as usize], tracks.kind(row), tracks.frame[row as usize]),
        }
    }
}

/// The annotations that one scene has more than the other.
fn losses(all: &Scene<'_>, sound: &Scene<'_>) -> Counts {
    let (mut losses, kept) = (counts(all), counts(sound));
    losses.iter_mut().for_each(|(key, count)| *count -= kept.get(key).copied().unwrap_or(0).min(*count));
    losses.retain(|_, count| *count > 0);
    losses
}

fn counts(scene: &Scene<'_>) -> Counts {
    let mut counts = Counts::new();
    for timeline in &scene.timelines {
        let count = |label, kind, count| *counts.entry((label, kind)).or_default() += count;
        timeline.count_shapes(0..timeline.frames.len(), |_, _| true, count);
    }
    counts
}
