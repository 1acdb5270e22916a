//! Merging of jobs into their task (spec: CVAT's annotation manager).
//!
//! Neighbouring jobs of a task share `overlap` frames that were annotated twice. Shapes and tags of the later job that
//! an earlier one has too are dropped, tracks are joined; a track that finds no partner ends where its job ends.

use std::borrow::Cow;
use std::ops::Range;

use super::assignment;
use super::moment::{Moment, PointScratch};
use super::rows::{Rows, by_frame};
use super::similarity::{Sample, TrackError};
use super::tracks::{Keyframe, LooseTrack};
use crate::dataset::{Columns, Dataset, Job, Task};
use crate::geometry;
use crate::schema::ShapeKind;
use crate::threads::{self, IndexedParallelIterator, ParallelIterator};

/// The highest cost (1 - similarity) at which two shapes or tags are one: an overlap of 0.75.
const SHAPE_COST: f64 = 0.25;
/// The highest cost at which two tracks are one.
const TRACK_COST: f64 = 0.5;

/// Costs that are worth a task of their own for another thread.
const CELLS_PER_TASK: usize = 512;

/// The annotations of one or several jobs as one.
#[derive(Debug, Default)]
pub struct Merged {
    /// Rows of tags by frame.
    pub tags: Vec<u32>,
    /// Rows of shapes (no elements) by frame.
    pub shapes: Rows<'static>,
    /// Tracks in the order of their ids.
    pub tracks: Vec<LooseTrack>,
    /// What was lost.
    pub losses: Vec<Loss>,
}

/// Annotations that merging has dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Label of the annotation.
    pub label: u32,
    /// Kind of the shape; `None` for tags.
    pub kind: Option<ShapeKind>,
    /// First frame that was lost, relative to the task.
    pub frame: u32,
    /// Why.
    pub reason: &'static str,
    /// How many shapes, tags or keyframes.
    pub count: u64,
}

/// The annotations of a single job, as they are.
pub fn single(dataset: &Dataset, job: &Job) -> Merged {
    let columns = &dataset.columns;
    Merged {
        tags: by_frame(job.tags.clone().collect(), &columns.tags.frame),
        shapes: Rows::by_frame(dataset, job.shapes.clone()),
        tracks: LooseTrack::of_rows(columns, job.tracks.clone()),
        losses: Vec::new(),
    }
}

/// The annotations of several jobs of a task, merged in this order.
pub fn jobs(dataset: &Dataset, task: &Task, jobs: &[&Job]) -> Merged {
    let mut merged = Merged::default();
    let (mut tags, mut shapes) = (Vec::new(), Vec::new());
    let mut reach = 0;
    for job in jobs {
        let part = single(dataset, job);
        tags.push(Rows::from(part.tags));
        shapes.push(part.shapes);
        // A job that begins behind all earlier ones shares no frame with them: the jobs between were not chosen.
        let shared = if reach < job.start { 0 } else { task.overlap };
        let window = job.start..job.start.saturating_add(shared);
        reach = job.stop.max(reach);
        merge_tracks(dataset, task, &mut merged, part.tracks, window);
    }
    merge_tags(dataset, task, jobs, tags, &mut merged);
    merge_shapes(dataset, task, shapes, &mut merged);
    merged
}

/// Pairs new annotations with old ones so that the sum of the costs is smallest; pairs above `limit` do not count.
fn pairs(new: usize, old: usize, limit: f64, cost: impl Fn(usize, usize) -> f64 + Sync) -> Vec<Option<usize>> {
    if new == 0 || old == 0 {
        return vec![None; new];
    }
    let costs: Vec<f64> = threads::over(0..new * old, |cells| {
        cells.with_min_len(CELLS_PER_TASK).map(|cell| cost(cell / old, cell % old)).collect()
    });
    let mut pairs = assignment::solve(&costs, new, old);
    for (row, pair) in pairs.iter_mut().enumerate() {
        *pair = pair.filter(|&column| costs[row * old + column] <= limit);
    }
    pairs
}

/// Tags of the frames that a job may share with earlier ones: one that an earlier job has too is dropped.
fn merge_tags(dataset: &Dataset, task: &Task, jobs: &[&Job], rows: Vec<Rows<'static>>, merged: &mut Merged) {
    let (frame, label) = (&dataset.columns.tags.frame, &dataset.columns.tags.label);
    let is_shared = |job: usize, frame: u32| frame < jobs[job].start.saturating_add(task.overlap);
    let cost = |new: u32, old: u32| if label[new as usize] == label[old as usize] { 0.0 } else { 1.0 };
    let lost = |row: u32| Loss {
        label: label[row as usize],
        kind: None,
        frame: frame[row as usize],
        reason: "an earlier job has the same tag on the frame",
        count: 1,
    };
    let (kept, dropped) = unite_rows(rows, frame, is_shared, cost);
    merged.tags = kept.into_list();
    merged.losses.extend(dropped.into_iter().map(lost));
}

/// Shapes of all frames: one that an earlier job has too is dropped.
fn merge_shapes(dataset: &Dataset, task: &Task, rows: Vec<Rows<'static>>, merged: &mut Merged) {
    let shapes = &dataset.columns.shapes;
    let cost = |new: u32, old: u32| 1.0 - shape_similarity(dataset, task, new, old);
    let lost = |row: u32| Loss {
        label: shapes.label[row as usize],
        kind: Some(shapes.kind(row)),
        frame: shapes.frame[row as usize],
        reason: "an earlier job has the same shape on the frame",
        count: 1,
    };
    let (kept, dropped) = unite_rows(rows, &shapes.frame, |_, _| true, cost);
    merged.shapes = kept;
    merged.losses.extend(dropped.into_iter().map(lost));
}

/// The rows of several jobs frame by frame, job after job, without those that an earlier job has too; and these.
/// `is_shared` tells of a job and a frame whether to look for such.
fn unite_rows(
    mut jobs: Vec<Rows<'static>>,
    frames: &[u32],
    is_shared: impl Fn(usize, u32) -> bool,
    cost: impl Fn(u32, u32) -> f64 + Sync,
) -> (Rows<'static>, Vec<u32>) {
    if let [only] = &mut jobs[..] {
        return (std::mem::take(only), Vec::new());
    }
    let frame = |row: u32| frames[row as usize];
    let span = |rows: &Rows<'_>| Some((frame(rows.iter().next()?), frame(rows.iter().next_back()?)));
    let spans: Vec<(u32, u32)> = jobs.iter().filter_map(span).collect();
    if spans.windows(2).all(|pair| pair[0].1 < pair[1].0) {
        return (Rows::concat(&jobs), Vec::new());
    }
    let of_job = |(job, rows): (usize, &Rows<'_>)| rows.iter().map(|row| (row, job)).collect::<Vec<_>>();
    let mut all: Vec<(u32, usize)> = jobs.iter().enumerate().flat_map(of_job).collect();
    all.sort_by_key(|&(row, _)| frame(row));
    let (mut kept, mut dropped) = (Vec::with_capacity(all.len()), Vec::new());
    for on_frame in all.chunk_by(|a, b| frame(a.0) == frame(b.0)) {
        let first = kept.len();
        for new in on_frame.chunk_by(|a, b| a.1 == b.1) {
            let (row, job) = new[0];
            let old = if is_shared(job, frame(row)) { kept[first..].to_vec() } else { Vec::new() };
            let pairs = pairs(new.len(), old.len(), SHAPE_COST, |i, j| cost(new[i].0, old[j]));
            for (&(row, _), pair) in new.iter().zip(pairs) {
                pair.map_or(&mut kept, |_| &mut dropped).push(row);
            }
        }
    }
    (kept.into(), dropped)
}

fn shape_similarity(dataset: &Dataset, task: &Task, a: u32, b: u32) -> f64 {
    let shapes = &dataset.columns.shapes;
    let kind = shapes.kind(a);
    if kind != shapes.kind(b) || shapes.label[a as usize] != shapes.label[b as usize] {
        return 0.0;
    }
    geometry::similarity(kind, shapes.points.get(a), shapes.points.get(b), task.is_3d)
}

fn merge_tracks(dataset: &Dataset, task: &Task, merged: &mut Merged, new: Vec<LooseTrack>, window: Range<u32>) {
    let columns = &dataset.columns;
    let old: Vec<usize> = (0..merged.tracks.len())
        .filter(|&i| merged.tracks[i].keyframes.last().is_some_and(|last| last.frame >= window.start || !last.outside))
        .collect();
    let (window_tracks, later): (Vec<LooseTrack>, Vec<LooseTrack>) =
        new.into_iter().partition(|track| track.frame < window.end);
    merged.tracks.extend(later);
    let pairs = if old.is_empty() || window_tracks.is_empty() {
        vec![None; window_tracks.len()]
    } else {
        let sampled = |track| Sampled::new(columns, track, window.end);
        let new: Vec<_> = window_tracks.iter().map(sampled).collect();
        let old: Vec<_> = old.iter().map(|&i| sampled(&merged.tracks[i])).collect();
        let similarities = similarities(&new, &old, &window, task.is_3d);
        pairs(new.len(), old.len(), TRACK_COST, |i, j| 1.0 - similarities[i * old.len() + j])
    };
    let mut united = vec![false; old.len()];
    for (track, pair) in window_tracks.into_iter().zip(pairs) {
        match pair {
            None => merged.tracks.push(track),
            Some(j) => {
                united[j] = true;
                let loss = unite(columns, &mut merged.tracks[old[j]], track);
                merged.losses.extend(loss);
            }
        }
    }
    for (&i, united) in old.iter().zip(united) {
        if !united {
            merged.tracks[i].end_at(window.end);
        }
    }
}

/// Joins a track of the later job into the earlier one's; returns the keyframes that are lost.
///
/// Where both have a keyframe on a frame the old one stays. As in CVAT, a new track that starts before the old one is
/// dropped whole: the joined track is made there too, but nobody keeps it.
fn unite(columns: &Columns, old: &mut LooseTrack, new: LooseTrack) -> Option<Loss> {
    let (label, kind) = (columns.tracks.label[old.row as usize], columns.tracks.kind(old.row));
    let loss = |frame: u32, reason, count: usize| Loss { label, kind: Some(kind), frame, reason, count: count as u64 };
    if new.frame < old.frame {
        let reason = "CVAT drops a later job's track that starts before the earlier job's one it is joined to";
        return Some(loss(new.frame, reason, new.keyframes.len()));
    }
    old.keyframes.sort_by_key(|keyframe| keyframe.frame);
    let has = |frame: u32| old.keyframes.binary_search_by_key(&frame, |keyframe| keyframe.frame).is_ok();
    let (lost, kept): (Vec<_>, Vec<_>) = new.keyframes.into_iter().partition(|keyframe| has(keyframe.frame));
    old.keyframes.extend(kept);
    old.keyframes.sort_by_key(|keyframe| keyframe.frame);
    let first = lost.first()?;
    Some(loss(first.frame, "the earlier job's track has a keyframe on the same frame", lost.len()))
}

/// Frames that are compared in one go, so that memory does not follow the window, whose length the source claims.
const FRAMES_PER_BLOCK: usize = 1024;

/// The similarity of each new track to each old one over a window, new track by new track.
fn similarities(new: &[Sampled<'_>], old: &[Sampled<'_>], window: &Range<u32>, three_d: bool) -> Vec<f64> {
    let mut errors = vec![TrackError::default(); new.len() * old.len()];
    for start in window.clone().step_by(FRAMES_PER_BLOCK) {
        let block = start..window.end.min(start.saturating_add(FRAMES_PER_BLOCK as u32));
        // Each track is interpolated once, not once for each pair.
        let new_samples: Vec<_> = new.iter().map(|track| Samples::new(track, block.clone())).collect();
        let old_samples: Vec<_> = old.iter().map(|track| Samples::new(track, block.clone())).collect();
        let new_frames: Vec<_> = new_samples.iter().map(Samples::frames).collect();
        let old_frames: Vec<_> = old_samples.iter().map(Samples::frames).collect();
        let compare = |(cell, error): (usize, &mut TrackError)| {
            let (i, j) = (cell / old.len(), cell % old.len());
            if new[i].may_match(&old[j]) {
                error.add(&new_frames[i], &old_frames[j], three_d);
            }
        };
        threads::over(&mut errors, |errors| errors.with_min_len(CELLS_PER_TASK).enumerate().for_each(compare));
    }
    let similarity = |(cell, error): (usize, TrackError)| {
        if new[cell / old.len()].may_match(&old[cell % old.len()]) { error.similarity() } else { 0.0 }
    };
    errors.into_iter().enumerate().map(similarity).collect()
}

/// A track that is compared with others.
struct Sampled<'a> {
    columns: &'a Columns,
    label: u32,
    kind: ShapeKind,
    frame: u32,
    keyframes: Cow<'a, [Keyframe]>,
    /// Whether the track shows anything before the end of the window.
    shows: bool,
}

impl<'a> Sampled<'a> {
    fn new(columns: &'a Columns, track: &'a LooseTrack, end: u32) -> Self {
        Self {
            columns,
            label: columns.tracks.label[track.row as usize],
            kind: columns.tracks.kind(track.row),
            frame: track.frame,
            keyframes: track.by_frame(),
            shows: track.keyframes.iter().any(|keyframe| keyframe.frame < end),
        }
    }

    /// Whether the tracks can be one at all: the same label, and neither without any shape before the window's end.
    fn may_match(&self, other: &Sampled<'_>) -> bool {
        self.label == other.label && self.shows && other.shows
    }
}

/// What a track shows on some frames.
struct Samples {
    kind: ShapeKind,
    points: Vec<f64>,
    /// Range of the points and whether the object is outside.
    frames: Vec<Option<(Range<usize>, bool)>>,
}

impl Samples {
    fn new(track: &Sampled<'_>, frames: Range<u32>) -> Self {
        let mut this = Self { kind: track.kind, points: Vec::new(), frames: Vec::with_capacity(frames.len()) };
        let mut scratch = PointScratch::default();
        for frame in frames {
            let moment = Moment::at(&track.keyframes, frame)
                .filter(|moment| (moment.is_keyframe || !moment.left.outside) && frame >= track.frame);
            this.frames.push(moment.map(|moment| {
                let start = this.points.len();
                this.points.extend_from_slice(moment.points(track.columns, track.kind, frame, &mut scratch));
                (start..this.points.len(), moment.left.outside)
            }));
        }
        this
    }

    fn frames(&self) -> Vec<Option<Sample<'_>>> {
        let sample =
            |(range, outside): &(Range<usize>, bool)| Sample::new(self.kind, &self.points[range.clone()], *outside);
        self.frames.iter().map(|frame| frame.as_ref().map(sample)).collect()
    }
}

#[cfg(test)]
mod tests;
