//! What follows from keyframes alone, without walking from frame to frame: which tracks a range of frames shows, and on how
//! many of them.

use std::ops::Range;

use super::rows::Rows;
use super::scene::Timeline;
use super::tracks::{Track, Tracks};
use crate::schema::ShapeKind;

/// Which tracks show something in a range of frames, without looking at all of them: tracks by their first frame, with
/// the greatest last frame of each subtree of the implicit search tree over them.
#[derive(Debug, Default)]
pub(super) struct Alive {
    /// First and last frame (exclusive) and place of each track, by first frame.
    spans: Vec<(u32, u32, u32)>,
    /// Greatest end in the subtree whose root stands at this place.
    greatest_end: Vec<u32>,
}

impl Alive {
    pub(super) fn new(tracks: &Tracks, end: u32) -> Self {
        let span = |(place, track): (usize, &Track)| {
            let keyframes = &tracks.keyframes[track.keyframes.start as usize..track.keyframes.end as usize];
            let (first, last) = (keyframes.first()?, keyframes.last()?);
            let end = if last.outside { last.frame.min(end) } else { end };
            let start = first.frame.max(track.frame);
            (start < end).then_some((start, end, place as u32))
        };
        let mut spans: Vec<_> = tracks.tracks.iter().enumerate().filter_map(span).collect();
        spans.sort_unstable();
        let mut greatest_end = vec![0; spans.len()];
        fn fill(spans: &[(u32, u32, u32)], ends: &mut [u32]) -> u32 {
            if spans.is_empty() {
                return 0;
            }
            let middle = spans.len() / 2;
            let (left, right) = ends.split_at_mut(middle);
            let below = fill(&spans[..middle], left).max(fill(&spans[middle + 1..], &mut right[1..]));
            right[0] = spans[middle].1.max(below);
            right[0]
        }
        fill(&spans, &mut greatest_end);
        Self { spans, greatest_end }
    }

    /// Calls `found` with the place of each track that shows something in `frames`, by first frame.
    pub(super) fn query(&self, frames: &Range<u32>, found: &mut impl FnMut(u32)) {
        fn walk(spans: &[(u32, u32, u32)], ends: &[u32], frames: &Range<u32>, found: &mut impl FnMut(u32)) {
            let middle = spans.len() / 2;
            if spans.is_empty() || ends[middle] <= frames.start {
                return;
            }
            walk(&spans[..middle], &ends[..middle], frames, found);
            let (start, end, place) = spans[middle];
            if start >= frames.end {
                return;
            }
            if end > frames.start {
                found(place);
            }
            walk(&spans[middle + 1..], &ends[middle + 1..], frames, found);
        }
        walk(&self.spans, &self.greatest_end, frames, found);
    }

    fn end_of_sight(&self) -> u64 {
        self.spans.iter().map(|&(start, end, _)| u64::from(end - start)).sum()
    }
}

const KINDS: usize = ShapeKind::ALL.len();

impl<'d> Timeline<'d> {
    /// About how many shapes all frames together show; to cut work into equal parts.
    pub fn estimated_items(&self) -> u64 {
        self.shapes.len() as u64 + self.alive.end_of_sight()
    }

    /// The places of the frames on which these tracks are in sight for the first time, ascending.
    pub fn first_places(&self, is_wanted: impl Fn(&Track) -> bool) -> Vec<u32> {
        let tracks = self.tracks.tracks.iter().filter(|track| is_wanted(track));
        let mut places: Vec<u32> = tracks.filter_map(|track| self.first_place(track)).collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    fn first_place(&self, track: &Track) -> Option<u32> {
        let mut pieces = self.pieces_in_sight(track, 0..self.range.end);
        pieces.find(|piece| self.shown_in(piece) > 0).map(|piece| self.frames.rank(piece.start))
    }

    /// Calls `each` with a label, a kind and how many shapes of both these frames show, counted among the frames shown;
    /// the same as visiting them tells, for as much work as there are keyframes and shapes of single frames.
    pub fn count_shapes(
        &self,
        places: Range<u32>,
        is_wanted: impl Fn(u32, ShapeKind) -> bool,
        mut each: impl FnMut(u32, ShapeKind, u64),
    ) {
        let frames = self.frames_at(&places);
        let columns = &self.dataset.columns;
        let has_holes = frames.len() > places.len();
        let mut counts = vec![0; self.dataset.schema.len() * KINDS];
        let mut count = |label: u32, kind| counts[label as usize * KINDS + kind as usize] += 1;
        let shapes = &columns.shapes;
        match self.shapes_in(&frames) {
            // One behind another, half as long as one by one: there may be millions.
            Rows::Range(rows) if !has_holes => {
                let at = rows.start as usize..rows.end as usize;
                shapes.label[at.clone()].iter().zip(shapes.kinds(at)).for_each(|(&label, kind)| count(label, kind));
            }
            rows => {
                let is_shown = |row: &u32| self.frames.contains(shapes.frame[*row as usize]);
                rows.iter().filter(is_shown).for_each(|row| count(shapes.label[row as usize], shapes.kind(row)));
            }
        }
        self.alive.query(&frames, &mut |place| {
            let track = &self.tracks.tracks[place as usize];
            let label = columns.tracks.label[track.row as usize];
            if is_wanted(label, track.kind) {
                let count = &mut counts[label as usize * KINDS + track.kind as usize];
                self.in_sight(track, &frames, |piece| *count += self.shown_in(&piece));
            }
        });
        for (label, counts) in (0..).zip(counts.chunks(KINDS)) {
            let counts = ShapeKind::ALL.into_iter().zip(counts);
            let counts = counts.filter(|&(kind, &count)| count > 0 && is_wanted(label, kind));
            counts.for_each(|(kind, &count)| each(label, kind, count));
        }
    }

    /// Of each of these frames, counted among the frames shown, whether it shows a shape of one of these labels and kinds.
    pub fn have_shapes(&self, places: Range<u32>, is_wanted: impl Fn(u32, ShapeKind) -> bool) -> Vec<bool> {
        let frames = self.frames_at(&places);
        let columns = &self.dataset.columns;
        let mut have = vec![false; places.len()];
        let place = |frame: u32| (self.frames.rank(frame) - places.start) as usize;
        for row in self.shapes_in(&frames).iter() {
            let at = row as usize;
            let frame = columns.shapes.frame[at];
            if is_wanted(columns.shapes.label[at], columns.shapes.kind(row)) && self.frames.contains(frame) {
                have[place(frame)] = true;
            }
        }
        self.alive.query(&frames, &mut |at| {
            let track = &self.tracks.tracks[at as usize];
            if is_wanted(columns.tracks.label[track.row as usize], track.kind) {
                self.in_sight(track, &frames, |piece| have[place(piece.start)..place(piece.end)].fill(true));
            }
        });
        have
    }

    /// Calls `each` with the pieces of these frames in which a track is in sight.
    fn in_sight(&self, track: &Track, frames: &Range<u32>, mut each: impl FnMut(Range<u32>)) {
        let pieces = self.pieces_in_sight(track, frames.clone());
        if track.kind != ShapeKind::Skeleton {
            return pieces.for_each(each);
        }
        let mut turns = Vec::new();
        for piece in pieces {
            // Between these frames no element comes into sight or goes out of it.
            turns.clear();
            turns.extend([piece.start, piece.end]);
            for element in self.elements_of(track) {
                let keyframes = self.keyframes(element);
                let after = |frame: u32| keyframes.partition_point(|keyframe| keyframe.frame < frame);
                turns.extend(keyframes[after(piece.start)..after(piece.end)].iter().map(|keyframe| keyframe.frame));
                turns.extend(Some(element.frame).filter(|frame| piece.contains(frame)));
            }
            turns.sort_unstable();
            let seen = turns.windows(2).filter(|turn| turn[0] < turn[1] && !self.is_out_of_sight(track, turn[0]));
            seen.for_each(|turn| each(turn[0]..turn[1]));
        }
    }

    /// The pieces of a range of frames, from keyframe to keyframe, in which a track is not outside.
    fn pieces_in_sight(&self, track: &Track, frames: Range<u32>) -> impl Iterator<Item = Range<u32>> {
        let keyframes = self.keyframes(track);
        let first = keyframes.partition_point(|keyframe| keyframe.frame <= frames.start).saturating_sub(1);
        let ends = keyframes.iter().skip(first + 1).map(|next| next.frame).chain([frames.end]);
        let begin = frames.start.max(track.frame);
        let pieces = keyframes[first..].iter().zip(ends).take_while(move |(keyframe, _)| keyframe.frame < frames.end);
        let pieces = pieces.filter(|(keyframe, _)| !keyframe.outside);
        pieces.map(move |(keyframe, end)| keyframe.frame.max(begin)..end.min(frames.end)).filter(|it| !it.is_empty())
    }

    /// How many frames of a range are shown.
    fn shown_in(&self, frames: &Range<u32>) -> u64 {
        u64::from(self.frames.rank(frames.end) - self.frames.rank(frames.start))
    }

    /// From the first of these frames, counted among the frames shown, to behind the last; empty if there are none.
    pub(super) fn frames_at(&self, places: &Range<u32>) -> Range<u32> {
        match self.frames.slice(places.clone()).next() {
            Some(first) => first..self.frames.slice(places.end - 1..places.end).next().unwrap_or(first) + 1,
            None => 0..0,
        }
    }

    /// Rows of the shapes of single frames in a range, those on frames that are not shown too.
    pub(super) fn shapes_in(&self, frames: &Range<u32>) -> Rows<'_> {
        let shape_frame = &self.dataset.columns.shapes.frame;
        let from = |frame: u32| self.shapes.partition_point(|row| shape_frame[row as usize] < frame);
        self.shapes.slice(from(frames.start)..from(frames.end))
    }
}

#[cfg(test)]
mod tests;
