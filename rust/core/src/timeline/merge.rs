//! Merging of jobs into their task (spec: CVAT's annotation manager).
//!
//! Neighbouring jobs of a task share `overlap` frames that were annotated twice. Shapes and tags of the later job that
//! an earlier one has too are dropped, tracks are joined; a track that finds no partner ends where its job ends.

use std::collections::BTreeMap;
use std::ops::Range;

use rayon::prelude::*;

use super::assignment;
use super::moment::{Moment, PointScratch};
use super::similarity::{self, Sample};
use super::tracks::LooseTrack;
use crate::dataset::{Columns, Dataset, Job, Task, top_level};
use crate::geometry;
use crate::schema::ShapeKind;

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
    pub shapes: Vec<u32>,
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
    let shapes = top_level(&columns.shapes.elements, job.shapes.clone());
    Merged {
        tags: by_frame(job.tags.clone().collect(), &columns.tags.frame),
        shapes: if ascends(&columns.shapes.frame[job.shapes.start as usize..job.shapes.end as usize]) {
            shapes
        } else {
            by_frame(shapes, &columns.shapes.frame)
        },
        tracks: LooseTrack::of_rows(columns, job.tracks.clone()),
        losses: Vec::new(),
    }
}

/// The annotations of several jobs of a task, merged in this order.
pub fn jobs(dataset: &Dataset, task: &Task, jobs: &[&Job]) -> Merged {
    let mut merged = Merged::default();
    let parts: Vec<Merged> = jobs.iter().map(|job| single(dataset, job)).collect();
    let mut shapes = Vec::new();
    for (job, part) in jobs.iter().zip(parts) {
        let window = job.start..job.start.saturating_add(task.overlap);
        merge_tags(dataset, &mut merged, part.tags, window.end);
        shapes.push(part.shapes);
        merge_tracks(dataset, task, &mut merged, part.tracks, window);
    }
    merged.tags = by_frame(merged.tags, &dataset.columns.tags.frame);
    merge_shapes(dataset, task, &mut merged, shapes);
    merged
}

/// Whether these frames are in order, as those of a job mostly are. Without a branch for each: there may be millions.
fn ascends(frames: &[u32]) -> bool {
    frames.windows(2).fold(true, |ascends, pair| ascends & (pair[0] <= pair[1]))
}

fn by_frame(mut rows: Vec<u32>, frames: &[u32]) -> Vec<u32> {
    if !rows.is_sorted_by_key(|&row| frames[row as usize]) {
        rows.sort_by_key(|&row| frames[row as usize]);
    }
    rows
}

/// Pairs new annotations with old ones so that the sum of the costs is smallest; pairs above `limit` do not count.
fn pairs(new: usize, old: usize, limit: f64, cost: impl Fn(usize, usize) -> f64 + Sync) -> Vec<Option<usize>> {
    let cells = (0..new * old).into_par_iter().with_min_len(CELLS_PER_TASK);
    let costs: Vec<f64> = cells.map(|cell| cost(cell / old, cell % old)).collect();
    let mut pairs = assignment::solve(&costs, new, old);
    for (row, pair) in pairs.iter_mut().enumerate() {
        *pair = pair.filter(|&column| costs[row * old + column] <= limit);
    }
    pairs
}

fn merge_tags(dataset: &Dataset, merged: &mut Merged, new: Vec<u32>, window_end: u32) {
    let (frame, label) = (&dataset.columns.tags.frame, &dataset.columns.tags.label);
    let mut old_by_frame: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for &row in &merged.tags {
        old_by_frame.entry(frame[row as usize]).or_default().push(row);
    }
    let (window, later): (Vec<u32>, Vec<u32>) = new.into_iter().partition(|&row| frame[row as usize] < window_end);
    merged.tags.extend(later);
    for new in window.chunk_by(|&a, &b| frame[a as usize] == frame[b as usize]) {
        let old = old_by_frame.get(&frame[new[0] as usize]).map(Vec::as_slice).unwrap_or_default();
        let same = |i: usize, j: usize| label[new[i] as usize] == label[old[j] as usize];
        let pairs = pairs(new.len(), old.len(), SHAPE_COST, |i, j| if same(i, j) { 0.0 } else { 1.0 });
        for (&row, pair) in new.iter().zip(pairs) {
            match pair {
                None => merged.tags.push(row),
                Some(_) => merged.losses.push(Loss {
                    label: label[row as usize],
                    kind: None,
                    frame: frame[row as usize],
                    reason: "an earlier job has the same tag on the frame",
                    count: 1,
                }),
            }
        }
    }
}

/// Shapes frame by frame, job after job: on a frame of several jobs a shape that an earlier job has too is dropped.
fn merge_shapes(dataset: &Dataset, task: &Task, merged: &mut Merged, mut jobs: Vec<Vec<u32>>) {
    if let [only] = &mut jobs[..] {
        merged.shapes = std::mem::take(only);
        return;
    }
    let shapes = &dataset.columns.shapes;
    let mut next = vec![0; jobs.len()];
    let head = |job: usize, next: &[usize]| jobs[job].get(next[job]).map(|&row| shapes.frame[row as usize]);
    while let Some(frame) = (0..jobs.len()).filter_map(|job| head(job, &next)).min() {
        let first = merged.shapes.len();
        for (job, rows) in jobs.iter().enumerate() {
            let new = &rows[next[job]..];
            let new = &new[..new.iter().take_while(|&&row| shapes.frame[row as usize] == frame).count()];
            next[job] += new.len();
            let old = merged.shapes[first..].to_vec();
            if old.is_empty() {
                merged.shapes.extend_from_slice(new);
                continue;
            }
            let cost = |i: usize, j: usize| 1.0 - shape_similarity(dataset, task, new[i], old[j]);
            for (&row, pair) in new.iter().zip(pairs(new.len(), old.len(), SHAPE_COST, cost)) {
                match pair {
                    None => merged.shapes.push(row),
                    Some(_) => merged.losses.push(Loss {
                        label: shapes.label[row as usize],
                        kind: Some(shapes.kind(row)),
                        frame,
                        reason: "an earlier job has the same shape on the frame",
                        count: 1,
                    }),
                }
            }
        }
    }
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
        // Each track is interpolated once, not once for each pair.
        let new_samples: Vec<_> = window_tracks.iter().map(|track| Samples::new(columns, track, &window)).collect();
        let old_samples: Vec<_> = old.iter().map(|&i| Samples::new(columns, &merged.tracks[i], &window)).collect();
        let new_frames: Vec<_> = new_samples.iter().map(Samples::frames).collect();
        let old_frames: Vec<_> = old_samples.iter().map(Samples::frames).collect();
        pairs(window_tracks.len(), old.len(), TRACK_COST, |i, j| {
            let comparable = new_samples[i].may_match(&old_samples[j]);
            if comparable { 1.0 - similarity::tracks(&new_frames[i], &old_frames[j], task.is_3d) } else { 1.0 }
        })
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

/// What a track shows on each frame of a window.
struct Samples {
    label: u32,
    kind: ShapeKind,
    /// Whether the track shows anything before the end of the window.
    shows: bool,
    points: Vec<f64>,
    /// Range of the points and whether the object is outside.
    frames: Vec<Option<(Range<usize>, bool)>>,
}

impl Samples {
    fn new(columns: &Columns, track: &LooseTrack, window: &Range<u32>) -> Self {
        let kind = columns.tracks.kind(track.row);
        let mut this = Self {
            label: columns.tracks.label[track.row as usize],
            kind,
            shows: track.keyframes.iter().any(|keyframe| keyframe.frame < window.end),
            points: Vec::new(),
            frames: Vec::new(),
        };
        let mut scratch = PointScratch::default();
        let keyframes = track.by_frame();
        for frame in window.clone() {
            let moment = Moment::at(&keyframes, frame)
                .filter(|moment| (moment.is_keyframe || !moment.left.outside) && frame >= track.frame);
            this.frames.push(moment.map(|moment| {
                let start = this.points.len();
                this.points.extend_from_slice(moment.points(columns, kind, frame, &mut scratch));
                (start..this.points.len(), moment.left.outside)
            }));
        }
        this
    }

    /// Whether the tracks can be one at all: the same label, and neither without any shape before the window's end.
    fn may_match(&self, other: &Samples) -> bool {
        self.label == other.label && self.shows && other.shows
    }

    fn frames(&self) -> Vec<Option<Sample<'_>>> {
        let sample =
            |(range, outside): &(Range<usize>, bool)| Sample::new(self.kind, &self.points[range.clone()], *outside);
        self.frames.iter().map(|frame| frame.as_ref().map(sample)).collect()
    }
}

#[cfg(test)]
mod tests;
