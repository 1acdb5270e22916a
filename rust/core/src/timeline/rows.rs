//! Rows of the shapes that a timeline shows, by frame.

use std::borrow::Cow;
use std::ops::Range;

use crate::dataset::{Dataset, top_level};
use crate::threads::{self, ParallelIterator};

/// Rows of a table in the order in which they are shown.
///
/// The shapes of most jobs stand in that order already: a list of their millions would take more time than anything else
/// that an export of few lines does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rows<'r> {
    /// As they stand in the table.
    Range(Range<u32>),
    /// In another order, or not all.
    List(Cow<'r, [u32]>),
}

/// Rows that one thread looks at.
const ROWS_PER_PIECE: usize = 1 << 16;

impl Rows<'_> {
    /// The shapes of a job by frame, without the elements of skeletons.
    pub(super) fn by_frame(dataset: &Dataset, rows: Range<u32>) -> Self {
        let shapes = &dataset.columns.shapes;
        let frames = &shapes.frame[rows.start as usize..rows.end as usize];
        if !dataset.has_elements() && !any_falls(frames) {
            return Self::Range(rows);
        }
        Self::from(by_frame(top_level(&shapes.elements, rows), &shapes.frame))
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Range(rows) => rows.len(),
            Self::List(rows) => rows.len(),
        }
    }

    /// The rows, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = u32> + '_ {
        let (range, list) = match self {
            Self::Range(rows) => (rows.clone(), [].as_slice()),
            Self::List(rows) => (0..0, rows.as_ref()),
        };
        range.chain(list.iter().copied())
    }

    /// All of these, one behind another.
    pub(super) fn concat(parts: &[Rows<'_>]) -> Rows<'static> {
        let mut range = 0..0;
        for part in parts.iter().filter(|part| part.len() > 0) {
            match part {
                Rows::Range(rows) if range.is_empty() || rows.start == range.end => {
                    range = if range.is_empty() { rows.clone() } else { range.start..rows.end };
                }
                _ => return Rows::from(parts.iter().flat_map(Rows::iter).collect::<Vec<_>>()),
            }
        }
        Rows::Range(range)
    }

    /// The rows in a list of their own.
    pub(super) fn into_list(self) -> Vec<u32> {
        match self {
            Self::Range(rows) => rows.collect(),
            Self::List(rows) => rows.into_owned(),
        }
    }

    /// Those at these places.
    pub(super) fn slice(&self, places: Range<usize>) -> Rows<'_> {
        match self {
            Self::Range(rows) => Rows::Range(rows.start + places.start as u32..rows.start + places.end as u32),
            Self::List(rows) => Rows::List(Cow::Borrowed(&rows[places])),
        }
    }

    /// How many come before the first for which this is not so.
    pub(super) fn partition_point(&self, is_before: impl Fn(u32) -> bool) -> usize {
        match self {
            Self::Range(rows) => (first_not(rows.clone(), is_before) - rows.start) as usize,
            Self::List(rows) => rows.partition_point(|&row| is_before(row)),
        }
    }

    /// Keeps only those of which this is so.
    pub(super) fn retain(&mut self, is_kept: impl Fn(u32) -> bool) {
        *self = Self::from(self.iter().filter(|&row| is_kept(row)).collect::<Vec<_>>());
    }
}

impl Default for Rows<'_> {
    fn default() -> Self {
        Self::Range(0..0)
    }
}

impl From<Vec<u32>> for Rows<'_> {
    fn from(rows: Vec<u32>) -> Self {
        Self::List(Cow::Owned(rows))
    }
}

/// The first number of a range of which this is not so, as [`slice::partition_point`] finds it; else its end.
pub(super) fn first_not(range: Range<u32>, is_before: impl Fn(u32) -> bool) -> u32 {
    let (mut low, mut high) = (range.start, range.end);
    while low < high {
        let middle = low + (high - low) / 2;
        if is_before(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

/// Rows sorted by frame; those of one frame stay in their order.
pub(super) fn by_frame(mut rows: Vec<u32>, frames: &[u32]) -> Vec<u32> {
    if !rows.is_sorted_by_key(|&row| frames[row as usize]) {
        rows.sort_by_key(|&row| frames[row as usize]);
    }
    rows
}

/// Whether any of these frames comes after a later one. Without a branch for each: there may be millions.
fn any_falls(frames: &[u32]) -> bool {
    let falls = |piece: usize| {
        let start = piece * ROWS_PER_PIECE;
        let end = frames.len().min(start + ROWS_PER_PIECE + 1);
        frames[start..end].windows(2).fold(false, |falls, pair| falls | (pair[0] > pair[1]))
    };
    threads::over(0..frames.len().div_ceil(ROWS_PER_PIECE), |pieces| pieces.any(falls))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::dataset::Dataset;
    use crate::schema::ShapeKind;

    /// A task whose only job has shapes on these frames.
    fn shapes_on(frames: &[u32]) -> Dataset {
        let shapes = frames.iter().map(|&frame| rectangle(0, frame, [0.0; 4])).collect();
        task(vec![label("car")], video(10, vec![JobSketch { shapes, ..job(0, 9) }]))
    }

    fn rows_of(dataset: &Dataset) -> Rows<'static> {
        Rows::by_frame(dataset, dataset.tasks[0].jobs[0].shapes.clone())
    }

    #[test]
    fn shapes_in_order_are_a_range_and_others_are_sorted_within_their_frames() {
        for (frames, expected) in [
            (&[0, 0, 1, 7][..], Rows::Range(0..4)),
            (&[], Rows::Range(0..0)),
            (&[3, 1, 3, 1], Rows::from(vec![1, 3, 0, 2])),
        ] {
            assert_eq!(rows_of(&shapes_on(frames)), expected, "{frames:?}");
        }
    }

    #[test]
    fn elements_of_skeletons_are_no_rows() {
        let parts = vec![rectangle(1, 0, [0.0; 4])];
        let skeleton = ShapeSketch { elements: parts, ..shape(ShapeKind::Skeleton, 0, 0, &[]) };
        let jobs = vec![JobSketch { shapes: vec![rectangle(0, 0, [0.0; 4]), skeleton], ..job(0, 9) }];
        assert_eq!(rows_of(&task(vec![label("car"), sublabel("wheel", 0)], video(10, jobs))), Rows::from(vec![0, 2]));
    }

    #[test]
    fn ranges_that_follow_each_other_are_one_and_others_become_a_list() {
        let (range, list) = (Rows::Range, |rows: &[u32]| Rows::from(rows.to_vec()));
        for (parts, expected) in [
            (vec![range(2..3), range(0..0), range(3..5)], range(2..5)),
            (vec![range(2..3), range(4..6)], list(&[2, 4, 5])),
            (vec![range(3..5), range(1..2)], list(&[3, 4, 1])),
            (vec![range(0..1), list(&[5, 2])], list(&[0, 5, 2])),
            (vec![], range(0..0)),
        ] {
            assert_eq!(Rows::concat(&parts), expected, "{parts:?}");
        }
    }

    #[test]
    fn neighbours_are_compared_across_the_borders_of_pieces_too() {
        let mut frames = vec![1; 2 * ROWS_PER_PIECE + 1];
        assert!(!any_falls(&frames));
        frames[ROWS_PER_PIECE] = 0;
        assert!(any_falls(&frames));
        assert!(!any_falls(&[]) && !any_falls(&[1]));
    }

    #[test]
    fn a_range_and_the_list_of_its_rows_answer_alike() {
        let (range, list) = (Rows::Range(3..8), Rows::from(vec![3, 4, 5, 6, 7]));
        for mut rows in [range, list] {
            assert_eq!((rows.len(), rows.iter().collect::<Vec<_>>()), (5, vec![3, 4, 5, 6, 7]));
            assert_eq!([0, 3, 5, 8, 9].map(|row| rows.partition_point(|it| it < row)), [0, 0, 2, 5, 5]);
            assert_eq!(rows.slice(1..3).iter().collect::<Vec<_>>(), [4, 5]);
            rows.retain(|row| row % 2 == 0);
            assert_eq!(rows, Rows::from(vec![4, 6]));
        }
    }
}
