//! Interpolation of polygons and polylines: which point of one keyframe becomes which point of the other.
//!
//! The algorithm is CVAT's, and so is every rounding of it. Each point is known by its offset, the length of the curve
//! up to it over the whole length. Every point of either curve is matched to the point of the other with the nearest
//! offset, and each matched pair moves on a straight line. Since that makes more points than either curve has, runs of
//! pairs that share a point are thinned: of points nearer to each other than half the mean spacing only one stays.

use super::square::square;

type Point = [f64; 2];

/// The matching of two keyframes of a polygon or polyline, shared by all frames between them.
#[derive(Clone, Debug)]
pub struct Matching {
    closed: bool,
    /// A matched pair each: the left point, and the way from it to the right one.
    motions: Vec<(Point, Point)>,
    runs: Vec<Run>,
}

/// Consecutive motions that are thinned together.
#[derive(Clone, Copy, Debug)]
struct Run {
    first: usize,
    last: usize,
    /// Points nearer than this to the point kept before are dropped.
    threshold: f64,
}

impl Matching {
    /// Matches the curves `left` and `right` (`x, y, …`), closed for polygons. `None` if either has no points or half a
    /// point; the left keyframe then holds.
    pub fn new(left: &[f64], right: &[f64], closed: bool) -> Option<Matching> {
        let (left, right) = (curve(left, closed)?, curve(right, closed)?);
        let pairs = matched_pairs(&offsets(&left), &offsets(&right));
        let runs = runs(&left, &right, &pairs);
        let motion = |&(i, j): &(usize, usize)| {
            let (from, to): (Point, Point) = (left[i], right[j]);
            (from, [to[0] - from[0], to[1] - from[1]])
        };
        Some(Matching { closed, motions: pairs.iter().map(motion).collect(), runs })
    }

    /// Number of matched pairs of points.
    pub fn pairs(&self) -> usize {
        self.motions.len()
    }

    /// Appends to `out` the curve at offset `o`, from 0 (left keyframe) to 1 (right keyframe).
    ///
    /// A polygon may come out with fewer than three points, even with none, when its points coincide. `scratch` is
    /// working space; what it holds does not matter.
    pub fn at(&self, o: f64, out: &mut Vec<f64>, scratch: &mut Vec<[f64; 2]>) {
        let start = out.len();
        scratch.clear();
        scratch.extend(self.motions.iter().map(|([x, y], [dx, dy])| [x + dx * o, y + dy * o]));
        for run in &self.runs {
            thin(run, scratch, out);
        }
        if self.closed {
            // The first point was repeated to close the ring.
            out.truncate(out.len().saturating_sub(2).max(start));
        }
    }
}

/// The points of a curve; a closed one ends where it begins.
fn curve(coordinates: &[f64], closed: bool) -> Option<Vec<Point>> {
    let (points, rest) = coordinates.as_chunks::<2>();
    let first = points.first().filter(|_| rest.is_empty())?;
    Some(points.iter().chain(closed.then_some(first)).copied().collect())
}

fn distance(from: Point, to: Point) -> f64 {
    let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
    (square(dx) + square(dy)).sqrt()
}

/// Whether two points are nearer than `threshold`. The rounded products tell it, unless it hangs by the last bits.
fn is_nearer(from: Point, to: Point, threshold: f64) -> bool {
    let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
    let about = (dx * dx + dy * dy).sqrt();
    let clear = (about - threshold).abs() > 1e-12 * threshold;
    if clear { about < threshold } else { distance(from, to) < threshold }
}

fn length(points: &[Point]) -> f64 {
    points.windows(2).fold(0.0, |sum, pair| sum + distance(pair[0], pair[1]))
}

/// Length up to each point over the whole length: 0 first, never falling. Of a curve without length, or with one beyond
/// the floating-point range, the offsets from some point after the first to the end are NaN.
fn offsets(points: &[Point]) -> Vec<f64> {
    let whole = length(points);
    let mut so_far = 0.0;
    let rest = points.windows(2).map(|pair| {
        so_far += distance(pair[0], pair[1]);
        so_far / whole
    });
    std::iter::once(0.0).chain(rest).collect()
}

/// Place of the first of `sorted` (the offsets of a curve up to the first NaN) that is nearest to `value`.
///
/// The rounded difference never falls with the true one, so that the nearest lies beside the place of `value`. Rounding
/// and repeated points make ties, of which the first wins; hence the second search.
fn nearest(value: f64, sorted: &[f64]) -> usize {
    let above = sorted.partition_point(|&offset| offset < value);
    let Some(below) = above.checked_sub(1) else { return 0 };
    let gap = value - sorted[below];
    if sorted.get(above).is_some_and(|&offset| offset - value < gap) {
        return above;
    }
    sorted[..below].partition_point(|&offset| value - offset > gap)
}

/// The matched pairs (left, right) in their order. Each point of either curve occurs at least once.
fn matched_pairs(left: &[f64], right: &[f64]) -> Vec<(usize, usize)> {
    // A NaN is never the nearest, since the first offset is 0; as the value sought it finds the first.
    let numbers = |offsets: &[f64]| offsets.iter().position(|o| o.is_nan()).unwrap_or(offsets.len());
    let (left_numbers, right_numbers) = (&left[..numbers(left)], &right[..numbers(right)]);

    let mut pairs: Vec<_> = left.iter().enumerate().map(|(i, &o)| (i, nearest(o, right_numbers))).collect();
    let mut matched = vec![false; right.len()];
    for &(_, j) in &pairs {
        matched[j] = true;
    }
    let unmatched = right.iter().enumerate().filter(|&(j, _)| !matched[j]);
    pairs.extend(unmatched.map(|(j, &o)| (nearest(o, left_numbers), j)));
    pairs.sort_unstable();
    pairs
}

/// Cuts the pairs into runs. A left point with several right ones is a run of its own; consecutive left points with the
/// same single right one share a run.
fn runs(left: &[Point], right: &[Point], pairs: &[(usize, usize)]) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut start = 0;
    while let Some(&(i, j)) = pairs.get(start) {
        let several = pairs.get(start + 1).is_some_and(|next| next.0 == i);
        let end = if several {
            start + pairs[start..].partition_point(|pair| pair.0 == i)
        } else {
            start + single_partners(&pairs[start..], j)
        };
        let last = end - 1;
        let piece = if several { &right[j..=pairs[last].1] } else { &left[i..=pairs[last].0] };
        runs.push(Run { first: start, last, threshold: length(piece) / (2 * piece.len()) as f64 });
        start = end;
    }
    runs
}

/// How many pairs at the beginning join the right point `j` to a left point that has no other.
fn single_partners(pairs: &[(usize, usize)], j: usize) -> usize {
    let single = |at: usize| pairs.get(at + 1).is_none_or(|next| next.0 != pairs[at].0);
    (0..pairs.len()).take_while(|&at| pairs[at].1 == j && single(at)).count()
}

/// Appends those points of a run that stay. The ends always do, unless they are all that is left and too near to each
/// other: then their mean replaces them.
fn thin(run: &Run, points: &[Point], out: &mut Vec<f64>) {
    let (first, last) = (points[run.first], points[run.last]);
    out.extend(first);
    if run.first == run.last {
        return;
    }
    let only_first = out.len();
    let mut kept = first;
    for &point in &points[run.first + 1..run.last] {
        if !is_nearer(kept, point, run.threshold) {
            out.extend(point);
            kept = point;
        }
    }
    if out.len() == only_first && is_nearer(first, last, run.threshold) {
        out.truncate(only_first - 2);
        // Begun at zero like the sum of the reference, which makes a mean of negative zeros positive.
        out.extend([0, 1].map(|axis| (0.0 + first[axis] + last[axis]) / 2.0));
    } else {
        out.extend(last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(left: &[f64], right: &[f64], closed: bool, o: f64) -> Vec<f64> {
        let mut out = Vec::new();
        Matching::new(left, right, closed).unwrap().at(o, &mut out, &mut Vec::new());
        out
    }

    const SQUARE: [f64; 8] = [0.0, 0.0, 10.0, 0.0, 10.0, 10.0, 0.0, 10.0];
    const PENTAGON: [f64; 10] = [0.0, 0.0, 20.0, 0.0, 20.0, 20.0, 10.0, 25.0, 0.0, 20.0];

    #[test]
    fn a_square_becomes_a_pentagon_and_back() {
        let half = [0.0, 0.0, 15.0, 0.0, 15.0, 15.0, 10.0, 17.5, 0.0, 15.0];
        assert_eq!(between(&SQUARE, &PENTAGON, true, 0.5), half);
        assert_eq!(between(&PENTAGON, &SQUARE, true, 0.5), half);
    }

    #[test]
    fn a_polyline_gains_a_point() {
        let half = between(&[0.0, 0.0, 10.0, 0.0], &[0.0, 10.0, 5.0, 15.0, 10.0, 10.0], false, 0.5);
        assert_eq!(half, [0.0, 5.0, 2.5, 7.5, 10.0, 5.0]);
    }

    #[test]
    fn equal_curves_stay_as_they_are_and_what_was_in_the_output_stays_too() {
        let mut out = vec![7.0];
        let matching = Matching::new(&SQUARE, &SQUARE, true).unwrap();
        matching.at(0.25, &mut out, &mut vec![[9.0, 9.0]; 20]);
        assert_eq!(out[0], 7.0);
        assert_eq!(out[1..], SQUARE);
    }

    #[test]
    fn points_nearer_than_half_the_mean_spacing_become_one() {
        // The left points 1 and 2 (offsets .5 and .55) both go to the right point 1, 2 and 1 apart at half the way; the
        // spacing of the run is 1/(2*2).
        let left = [0.0, 0.0, 10.0, 0.0, 11.0, 0.0, 20.0, 0.0];
        assert_eq!(
            between(&left, &[0.0, 0.0, 10.0, 0.0, 20.0, 0.0], false, 0.5),
            [0.0, 0.0, 10.0, 0.0, 10.5, 0.0, 20.0, 0.0]
        );
        assert_eq!(between(&left, &[0.0, 0.0, 10.0, 0.0, 20.0, 0.0], false, 0.9), [0.0, 0.0, 10.05, 0.0, 20.0, 0.0]);
    }

    #[test]
    fn ties_in_regular_shapes_fall_as_in_the_reference() {
        // CVAT's result for this octagon has six points there; with rounded products it has seven.
        let octagon = [
            [1194.8899999999999, 500.0],
            [991.36, 991.4],
            [500.0, 1194.8899999999999],
            [8.64, 991.3614311787201],
            [-194.89, 500.0],
            [8.64, 8.638568821280046],
            [500.0, -194.9],
            [991.4, 8.638568821279875],
        ];
        let triangle = [1083.8, 500.0, 208.12, 1005.5596499672417, 208.11, -5.6];
        assert_eq!(between(octagon.as_flattened(), &triangle, true, 0.75).len(), 12);
    }

    #[test]
    fn curves_without_length_have_no_offsets_and_still_match() {
        // Every offset but the first is NaN, so that all points go to the first one of the other curve: pairs 0-0, 0-1
        // and 1-0. No distance is below the threshold, which is zero too.
        assert_eq!(between(&[1.0, 2.0, 1.0, 2.0], &[3.0, 3.0, 3.0, 3.0], false, 0.5), [2.0, 2.5, 2.0, 2.5, 2.0, 2.5]);
        assert_eq!(between(&[1.0, 1.0], &[3.0, 3.0], false, 0.5), [2.0, 2.0]);
        assert!(between(&[f64::NAN; 6], &SQUARE, true, 0.5).len() <= 22);
        assert!(between(&[1e308, 1.0, -1e308, 1.0, 0.0, 0.0], &SQUARE, true, 0.5).len() <= 16);
    }

    #[test]
    fn the_nearest_of_sorted_offsets_is_the_one_a_full_scan_finds() {
        let full_scan = |value: f64, all: &[f64]| {
            let mut best = 0;
            for (i, offset) in all.iter().enumerate() {
                if (value - offset).abs() < (value - all[best]).abs() {
                    best = i;
                }
            }
            best
        };
        // Differences to 1e-17 and 2e-17 round to the same number, and 0.5 lies between equal neighbours.
        let sorted = [0.0, 1e-17, 2e-17, 0.25, 0.25, 0.75, 0.75, 1.0, 1.0];
        for value in [0.0, 1e-17, 0.1, 0.125, 0.24, 0.25, 0.3, 0.5, 0.51, 0.75, 0.9, 1.0, f64::NAN] {
            assert_eq!(nearest(value, &sorted), full_scan(value, &sorted), "{value}");
        }
    }
}
