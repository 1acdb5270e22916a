//! What part of a scene an export takes: frames, labels, subsets. What is left out by choice does not count as dropped.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use super::frames::FrameSet;
use super::scene::{Scene, Timeline};
use super::sight::Alive;
use super::visit::{FrameView, VisitScratch};
use crate::dataset::{Fault, FaultRow, Job};
use crate::error::{Code, Error, Result, listed};
use crate::threads::{self, ParallelIterator};

/// Which frames to take, before the negatives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Frames {
    /// All of them.
    #[default]
    All,
    /// Those that show something or carry a tag, and negatives.
    Annotated,
    /// Those on which somebody placed what they show: keyframes of tracks in sight, shapes of single frames, tags.
    Keyframes,
    /// Every n-th, counted from the first frame of the task.
    Every(u32),
}

impl FromStr for Frames {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let every = |text: &str| text.strip_prefix("every:")?.parse().ok().filter(|&step| step > 0).map(Self::Every);
        match text {
            "all" => Ok(Self::All),
            "annotated" => Ok(Self::Annotated),
            "keyframes" => Ok(Self::Keyframes),
            _ => every(text).ok_or_else(|| {
                Error::new(Code::BadOption, format!("frames {text:?} is none of all, annotated, keyframes, every:N"))
            }),
        }
    }
}

impl fmt::Display for Frames {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => out.write_str("all"),
            Self::Annotated => out.write_str("annotated"),
            Self::Keyframes => out.write_str("keyframes"),
            Self::Every(step) => write!(out, "every:{step}"),
        }
    }
}

/// How many of the negatives to take: the frames of completed jobs that show nothing, from none (0) to all (1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Negatives(f64);

impl Negatives {
    const NONE: Self = Self(0.0);
    const ALL: Self = Self(1.0);

    /// Whether to take this one. The same frame has the same fate in every export, and what a small share takes a
    /// greater one takes too.
    fn take(self, timeline: &Timeline<'_>, frame: u32) -> bool {
        let name = timeline.task.name.bytes();
        let bytes = name.chain(timeline.task.absolute(frame).to_le_bytes());
        // FNV-1a, then the finalizer of SplitMix64: neighbouring frames must not be alike.
        let mut hash = bytes
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        hash ^= hash >> 31;
        // The upper 53 bits are a number from 0 to 1, exactly.
        ((hash >> 11) as f64) < self.0 * (1_u64 << 53) as f64
    }
}

impl FromStr for Negatives {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "keep" => Ok(Self::ALL),
            "drop" => Ok(Self::NONE),
            _ => match text.parse() {
                Ok(share) if (0.0..=1.0).contains(&share) => Ok(Self(share)),
                _ => {
                    let message = format!("negatives {text:?} is none of keep, drop, a share from 0 to 1");
                    Err(Error::new(Code::BadOption, message))
                }
            },
        }
    }
}

/// What to take of a scene; by default everything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// Tasks, by number or name.
    pub tasks: Vec<String>,
    /// Jobs, as `TASK/JOB` or by the server's id; together with `tasks`. Without both the whole source.
    pub jobs: Vec<String>,
    /// Which frames.
    pub frames: Frames,
    /// Annotations of these labels; empty for all.
    pub labels: Vec<String>,
    /// Tasks of these subsets, as exports name them; empty for all.
    pub subsets: Vec<String>,
    /// How many of the frames that are known to show nothing; without a word on it all, of keyframes none.
    pub negatives: Option<Negatives>,
}

impl fmt::Display for Selection {
    /// One line that says what is not the default; empty if nothing is.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let negatives = self.negatives.map(|Negatives(share)| match share {
            0.0 => "drop".to_owned(),
            1.0 => "keep".to_owned(),
            share => share.to_string(),
        });
        let parts = [
            ("tasks", (!self.tasks.is_empty()).then(|| self.tasks.join(", "))),
            ("jobs", (!self.jobs.is_empty()).then(|| self.jobs.join(", "))),
            ("frames", (self.frames != Frames::All).then(|| self.frames.to_string())),
            ("labels", (!self.labels.is_empty()).then(|| self.labels.join(", "))),
            ("subset", (!self.subsets.is_empty()).then(|| self.subsets.join(", "))),
            ("negatives", negatives),
        ];
        let said = parts.iter().filter_map(|(name, value)| Some(format!("{name} {}", value.as_ref()?)));
        out.write_str(&said.collect::<Vec<_>>().join("; "))
    }
}

impl Selection {
    fn negatives(&self) -> Negatives {
        self.negatives.unwrap_or(if self.frames == Frames::Keyframes { Negatives::NONE } else { Negatives::ALL })
    }

    /// Whether frames can only be chosen by looking at what they show.
    fn looks(&self) -> bool {
        matches!(self.frames, Frames::Annotated | Frames::Keyframes) || self.negatives() != Negatives::ALL
    }
}

impl<'d> Scene<'d> {
    /// The faults of the dataset that it shows.
    pub fn faults(&self) -> Vec<&'d Fault> {
        let rows: BTreeSet<FaultRow> = self.dataset.faults().iter().map(|fault| fault.row).collect();
        if rows.is_empty() {
            return Vec::new();
        }
        let shown: BTreeSet<FaultRow> =
            self.timelines.iter().flat_map(Timeline::rows).filter(|row| rows.contains(row)).collect();
        self.dataset.faults().iter().filter(|fault| shown.contains(&fault.row)).collect()
    }

    /// Leaves out these shapes and tracks. Numbers of tracks stay what they are.
    pub fn leave_out(&mut self, faults: &[&Fault]) {
        let rows = faults.iter().map(|fault| fault.row).collect();
        self.timelines.iter_mut().for_each(|timeline| timeline.leave_out(&rows));
    }
}

impl Scene<'_> {
    /// Leaves out what is not selected. Numbers of frames and tracks stay what they are.
    pub fn select(&mut self, selection: &Selection) -> Result<()> {
        self.select_subsets(&selection.subsets)?;
        self.select_labels(&selection.labels)?;
        for timeline in &mut self.timelines {
            if let Frames::Every(step) = selection.frames {
                timeline.show(timeline.frames.every(step));
            }
            if selection.looks() {
                let jobs = timeline.jobs.iter().map(|&place| &timeline.task.jobs[place]);
                let (done, open): (Vec<&Job>, Vec<&Job>) = jobs.partition(|job| job.completed);
                // A frame that two jobs share must be done in both.
                let (done, open) = (frames_of(done.into_iter()), frames_of(open.into_iter()));
                timeline.show(timeline.frames_where(|timeline, view| {
                    if view.items.is_empty() && view.tags.is_empty() {
                        if done.contains(view.frame) && !open.contains(view.frame) {
                            return selection.negatives().take(timeline, view.frame);
                        }
                        return matches!(selection.frames, Frames::All | Frames::Every(_));
                    }
                    selection.frames != Frames::Keyframes || timeline.is_placed(view)
                })?);
            }
        }
        Ok(())
    }

    fn select_subsets(&mut self, wanted: &[String]) -> Result<()> {
        let known: Vec<String> = self.subsets().into_iter().map(|(subset, _)| subset.to_owned()).collect();
        refuse_unknown("subset", wanted, &known)?;
        if !wanted.is_empty() {
            self.timelines.retain(|timeline| wanted.contains(&timeline.subset));
        }
        Ok(())
    }

    fn select_labels(&mut self, wanted: &[String]) -> Result<()> {
        let labels = self.dataset.schema.labels();
        let known: Vec<String> =
            labels.iter().filter(|label| label.parent.is_none()).map(|label| label.name.clone()).collect();
        refuse_unknown("label", wanted, &known)?;
        if !wanted.is_empty() {
            // Elements follow their skeleton.
            let taken: Vec<bool> =
                labels.iter().map(|label| label.parent.is_none() && wanted.contains(&label.name)).collect();
            self.timelines.iter_mut().for_each(|timeline| timeline.show_labels(&taken));
        }
        Ok(())
    }
}

fn refuse_unknown(what: &str, wanted: &[String], known: &[String]) -> Result<()> {
    match wanted.iter().find(|name| !known.contains(name)) {
        None => Ok(()),
        Some(name) => Err(Error::new(Code::BadOption, format!("the source has no {what} {name:?}"))
            .advise(format!("it has these: {}", listed(known, String::clone)))),
    }
}

/// The frames of these jobs.
fn frames_of<'j>(jobs: impl Iterator<Item = &'j Job>) -> FrameSet {
    let mut ranges: Vec<(u32, u32)> = jobs.map(|job| (job.start, job.stop.saturating_add(1))).collect();
    ranges.sort_unstable();
    let mut next = 0;
    let new = ranges.into_iter().flat_map(|(start, end)| {
        let range = start.max(next)..end;
        next = next.max(end);
        range
    });
    new.collect()
}

/// Frames that are looked at in one go.
const FRAMES_PER_LOOK: usize = 4096;

impl<'d> Timeline<'d> {
    /// Shows these frames only; they are ascending.
    pub(super) fn show(&mut self, frames: FrameSet) {
        let (shapes, tags) = (&self.dataset.columns.shapes.frame, &self.dataset.columns.tags.frame);
        self.shapes.retain(|row| frames.contains(shapes[row as usize]));
        self.tags.retain(|&row| frames.contains(tags[row as usize]));
        self.undeleted = frames.clone();
        self.frames = frames;
        self.ids_ascend = OnceLock::new();
    }

    /// Shows annotations of the labels that are `taken` only.
    /// The rows of the shapes and tracks that it shows.
    fn rows(&self) -> impl Iterator<Item = FaultRow> {
        let frames = &self.dataset.columns.shapes.frame;
        let shapes = self.shapes.iter().filter(|&row| self.frames.contains(frames[row as usize]));
        let tracks = self.tracks.tracks.iter().filter(|track| !track.is_left_out);
        shapes.map(FaultRow::Shape).chain(tracks.map(|track| FaultRow::Track(track.row)))
    }

    fn leave_out(&mut self, rows: &BTreeSet<FaultRow>) {
        self.shapes.retain(|row| !rows.contains(&FaultRow::Shape(row)));
        for track in self.tracks.tracks.iter_mut().filter(|track| rows.contains(&FaultRow::Track(track.row))) {
            track.is_left_out = true;
            track.keyframes.end = track.keyframes.start;
        }
        self.alive = Alive::new(&self.tracks, self.range.end);
    }

    fn show_labels(&mut self, taken: &[bool]) {
        let columns = &self.dataset.columns;
        let is_taken = |label: u32| taken[label as usize];
        self.shapes.retain(|row| is_taken(columns.shapes.label[row as usize]));
        self.tags.retain(|&row| is_taken(columns.tags.label[row as usize]));
        self.losses.retain(|loss| is_taken(loss.label));
        for track in &mut self.tracks.tracks {
            if !is_taken(columns.tracks.label[track.row as usize]) {
                track.is_left_out = true;
                track.keyframes.end = track.keyframes.start;
            }
        }
        self.alive = Alive::new(&self.tracks, self.range.end);
    }

    /// The frames that are wanted for what they show.
    fn frames_where(&self, is_wanted: impl Fn(&Self, &FrameView<'_>) -> bool + Sync) -> Result<FrameSet> {
        let starts: Vec<u32> = (0..self.frames.len()).step_by(FRAMES_PER_LOOK).collect();
        let look = |scratch: &mut VisitScratch, start: u32| {
            let mut wanted = Vec::new();
            let end = self.frames.len().min(start + FRAMES_PER_LOOK as u32);
            self.visit_frames(start..end, scratch, |view| {
                if is_wanted(self, view) {
                    wanted.push(view.frame);
                }
                Ok(())
            })?;
            Ok(wanted)
        };
        let wanted: Vec<Vec<u32>> =
            threads::over(starts, |starts| starts.map_init(VisitScratch::default, look).collect::<Result<_>>())?;
        Ok(wanted.into_iter().flatten().collect())
    }

    /// Whether somebody placed something on this very frame: a tag, a shape, a track or an element of a skeleton.
    fn is_placed(&self, view: &FrameView<'_>) -> bool {
        let mut elements = Vec::new();
        !view.tags.is_empty()
            || view.items.iter().any(|item| {
                elements.clear();
                self.push_elements(item, &mut elements);
                item.track_id().is_none() || item.is_keyframe() || elements.iter().any(super::Item::is_keyframe)
            })
    }
}

#[cfg(test)]
mod tests;
