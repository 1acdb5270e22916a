//! Intersection over union of polygons with the rules of the OGC simple features, which CVAT takes from Shapely: a ring
//! that touches or crosses itself has no area that could be compared.

use std::sync::OnceLock;

use super::bounds;
use robust::{Coord, orient2d};

/// Intersection over union of two polygons, each a ring `x, y, …` closed or not; 0 if either is no simple ring of at
/// least three points.
///
/// The result agrees with Shapely's but for the last digits. (The overlay of the `geo` crate snaps coordinates to a grid
/// and errs in the ninth digit, which would show where a result lies on a threshold.)
pub fn iou_polygons(a: &[f64], b: &[f64]) -> f64 {
    Outline::new(a).iou(&Outline::new(b))
}

/// A polygon that is compared with many others: what is known of it alone is worked out once, when first needed.
pub struct Outline<'a> {
    points: &'a [f64],
    bounds: Option<[f64; 4]>,
    ring: OnceLock<Option<Ring>>,
}

impl<'a> Outline<'a> {
    /// A ring `x, y, …`, closed or not.
    pub fn new(points: &'a [f64]) -> Self {
        Self { points, bounds: bounds(points), ring: OnceLock::new() }
    }

    /// Intersection over union, as [`iou_polygons`] has it.
    pub fn iou(&self, other: &Outline<'_>) -> f64 {
        if !self.meets_bounds_of(other) {
            return 0.0;
        }
        let (Some(a), Some(b)) = (self.ring(), other.ring()) else { return 0.0 };
        if self.points == other.points {
            // Not a matter of rounding: a copied track often lies just on the threshold.
            return if a.area.is_normal() { 1.0 } else { 0.0 };
        }
        // The overlap has the sign that the two orientations multiply to.
        let overlap = overlap_area(a, b) * a.area.signum() * b.area.signum();
        let iou = overlap / (a.area.abs() + b.area.abs() - overlap);
        if iou > 0.0 { iou } else { 0.0 }
    }

    /// Whether the interiors of the boxes around two polygons meet. It spares most pairs the rest.
    fn meets_bounds_of(&self, other: &Outline<'_>) -> bool {
        match (self.bounds, other.bounds) {
            (Some(a), Some(b)) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3],
            _ => false,
        }
    }

    fn ring(&self) -> Option<&Ring> {
        self.ring.get_or_init(|| Ring::simple(self.points)).as_ref()
    }
}

/// An edge of a ring, kept with its bounds.
#[derive(Clone, Copy)]
struct Edge {
    /// Place in the ring.
    index: usize,
    start: Coord<f64>,
    end: Coord<f64>,
}

impl Edge {
    fn left(&self) -> f64 {
        self.start.x.min(self.end.x)
    }

    fn right(&self) -> f64 {
        self.start.x.max(self.end.x)
    }

    fn rows_meet(&self, other: &Edge) -> bool {
        let (top, bottom) = (self.start.y.min(self.end.y), self.start.y.max(self.end.y));
        let (other_top, other_bottom) = (other.start.y.min(other.end.y), other.start.y.max(other.end.y));
        top <= other_bottom && other_top <= bottom
    }

    /// Whether two edges whose bounds meet have a point in common. The predicates are exact.
    fn meets(&self, other: &Edge) -> bool {
        let apart = |edge: &Edge, other: &Edge| {
            let side = orient2d(edge.start, edge.end, other.start);
            let far_side = orient2d(edge.start, edge.end, other.end);
            (side > 0.0 && far_side > 0.0) || (side < 0.0 && far_side < 0.0)
        };
        !apart(self, other) && !apart(other, self)
    }

    /// Whether the edge `next`, which begins where this one ends, runs back on it.
    fn folds_onto(&self, next: &Edge) -> bool {
        let back = |from: f64, turn: f64, to: f64| (from < turn && to < turn) || (from > turn && to > turn);
        orient2d(self.start, self.end, next.end) == 0.0
            && (back(self.start.x, self.end.x, next.end.x) || back(self.start.y, self.end.y, next.end.y))
    }

    /// Height of the edge at `x`, which must lie over it.
    fn at(&self, x: f64) -> f64 {
        if x == self.end.x {
            return self.end.y;
        }
        self.start.y + (self.end.y - self.start.y) * ((x - self.start.x) / (self.end.x - self.start.x))
    }
}

/// A simple ring.
struct Ring {
    points: Vec<Coord<f64>>,
    /// The edges in the order of their left ends.
    edges: Vec<Edge>,
    /// Extent of the widest edge along x.
    widest: f64,
    /// Positive or negative by orientation.
    area: f64,
}

impl Ring {
    /// The ring through the points, without repeated ones, if it neither touches nor crosses itself.
    fn simple(points: &[f64]) -> Option<Ring> {
        let (points, _) = points.as_chunks::<2>();
        let mut points: Vec<_> = points.iter().map(|&[x, y]| Coord { x, y }).collect();
        if points.iter().any(|p| !p.x.is_finite() || !p.y.is_finite()) {
            return None;
        }
        points.dedup();
        while points.len() > 1 && points.first() == points.last() {
            points.pop();
        }
        if points.len() < 3 {
            return None;
        }
        let ends = points.iter().cycle().skip(1);
        let edge = |(index, (&start, &end))| Edge { index, start, end };
        let mut edges: Vec<_> = points.iter().zip(ends).enumerate().map(edge).collect();
        edges.sort_by(|a, b| a.left().total_cmp(&b.left()));
        if !is_simple(&edges) {
            return None;
        }
        let widest = edges.iter().fold(0.0, |widest: f64, edge| widest.max(edge.right() - edge.left()));
        let mut ring = Ring { points, edges, widest, area: 0.0 };
        ring.area = ring.signed_area();
        Some(ring)
    }

    /// Area, positive or negative by orientation, in the order of operations of GEOS.
    fn signed_area(&self) -> f64 {
        let n = self.points.len();
        let x0 = self.points[0].x;
        let term = |i: usize| (self.points[i].x - x0) * (self.points[i - 1].y - self.points[(i + 1) % n].y);
        (1..n).map(term).fold(0.0, |sum, term| sum + term) / 2.0
    }
}

/// Whether no two edges of a ring meet, but for neighbours in their common point.
fn is_simple(edges: &[Edge]) -> bool {
    let n = edges.len();
    let clash = |a: &Edge, b: &Edge| {
        if (a.index + 1) % n == b.index {
            a.folds_onto(b)
        } else if (b.index + 1) % n == a.index {
            b.folds_onto(a)
        } else {
            a.rows_meet(b) && a.meets(b)
        }
    };
    edges.iter().enumerate().all(|(at, a)| {
        let beside = edges[at + 1..].iter().take_while(|b| b.left() <= a.right());
        beside.into_iter().all(|b| !clash(a, b))
    })
}

/// Area of the intersection of two rings, with the sign that their orientations multiply to.
///
/// A ring is the signed sum of the strips between its edges and a base line below both rings. So the intersection is
/// the signed sum of the intersections of a strip of one with a strip of the other. No case of touching or overlapping
/// edges is special, since every summand is continuous in the coordinates.
fn overlap_area(a: &Ring, b: &Ring) -> f64 {
    let lowest = |ring: &Ring| ring.points.iter().fold(f64::INFINITY, |low, p| low.min(p.y));
    let base = lowest(a).min(lowest(b));
    let mut sum = 0.0;
    for edge in &a.edges {
        // An edge further left than the widest is wide ends before this one begins.
        let first = b.edges.partition_point(|other| other.left() < edge.left() - b.widest);
        let beside = b.edges[first..].iter().take_while(|other| other.left() < edge.right());
        for other in beside.filter(|other| other.right() > edge.left()) {
            let same_way = (edge.start.x < edge.end.x) == (other.start.x < other.end.x);
            let strip = shared_strip(edge, other, base);
            sum += if same_way { strip } else { -strip };
        }
    }
    sum
}

/// Area over `base` and under both edges.
fn shared_strip(a: &Edge, b: &Edge, base: f64) -> f64 {
    let (left, right) = (a.left().max(b.left()), a.right().min(b.right()));
    let (a_left, a_right) = (a.at(left) - base, a.at(right) - base);
    // How far the first edge lies over the second; that part is not shared.
    let (over_left, over_right) = (a.at(left) - b.at(left), a.at(right) - b.at(right));
    let twice_over = match (over_left > 0.0, over_right > 0.0) {
        (true, true) => over_left + over_right,
        (true, false) => over_left * (over_left / (over_left - over_right)),
        (false, true) => over_right * (over_right / (over_right - over_left)),
        (false, false) => 0.0,
    };
    (right - left) * (a_left + a_right - twice_over) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQUARE: [f64; 8] = [0.0, 0.0, 4.0, 0.0, 4.0, 4.0, 0.0, 4.0];

    #[test]
    fn polygons_share_their_overlap_of_their_union() {
        assert_eq!(iou_polygons(&SQUARE, &SQUARE), 1.0);
        assert_eq!(iou_polygons(&SQUARE, &[1.0, 0.0, 4.0, 0.0, 4.0, 4.0, 1.0, 4.0]), 0.75);
        assert_eq!(iou_polygons(&SQUARE, &[2.0, 2.0, 6.0, 2.0, 6.0, 6.0, 2.0, 6.0]), 4.0 / 28.0);
        // Triangle on half of the square.
        assert_eq!(iou_polygons(&SQUARE, &[0.0, 0.0, 4.0, 0.0, 4.0, 4.0]), 0.5);
        assert_eq!(iou_polygons(&SQUARE, &[4.0, 0.0, 8.0, 0.0, 8.0, 4.0]), 0.0);
    }

    #[test]
    fn direction_start_closing_and_repeated_points_do_not_matter() {
        assert_eq!(iou_polygons(&SQUARE, &[0.0, 4.0, 4.0, 4.0, 4.0, 0.0, 0.0, 0.0]), 1.0);
        assert_eq!(iou_polygons(&SQUARE, &[4.0, 4.0, 0.0, 4.0, 0.0, 0.0, 4.0, 0.0, 4.0, 4.0]), 1.0);
        assert_eq!(iou_polygons(&SQUARE, &[0.0, 0.0, 0.0, 0.0, 4.0, 0.0, 4.0, 2.0, 4.0, 4.0, 4.0, 4.0, 0.0, 4.0]), 1.0);
    }

    #[test]
    fn an_overlap_in_several_parts_counts_as_a_whole() {
        // A comb with three teeth and a bar across them: 3 parts of 4, of 28 + 18.
        let comb = [
            [0.0, 0.0],
            [9.0, 0.0],
            [9.0, 6.0],
            [7.0, 6.0],
            [7.0, 2.0],
            [5.0, 2.0],
            [5.0, 6.0],
            [3.0, 6.0],
            [3.0, 2.0],
            [1.0, 2.0],
            [1.0, 6.0],
            [0.0, 6.0],
        ];
        let bar = [0.0, 3.0, 9.0, 3.0, 9.0, 5.0, 0.0, 5.0];
        assert_eq!(iou_polygons(comb.as_flattened(), &bar), 0.21739130434782608);
    }

    #[test]
    fn the_result_is_that_of_shapely() {
        let a = [12.31, 4.5, 88.02, 9.75, 70.4, 61.18, 41.93, 33.3, 15.06, 72.84];
        let b = [10.0, 8.25, 91.37, 3.31, 77.5, 66.6, 40.21, 36.12, 9.9, 70.07];
        assert!((iou_polygons(&a, &b) - 0.7605348898758972).abs() < 1e-15);
        assert!((iou_polygons(&b, &a) - 0.7605348898758972).abs() < 1e-15);
    }

    #[test]
    fn a_ring_that_crosses_touches_or_retraces_itself_is_like_none() {
        let invalid: [(&str, &[f64]); 7] = [
            ("crosses", &[0.0, 0.0, 4.0, 4.0, 4.0, 0.0, 0.0, 4.0]),
            ("touches itself in a point", &[0.0, 0.0, 4.0, 0.0, 2.0, 2.0, 4.0, 4.0, 0.0, 4.0, 2.0, 2.0]),
            ("spike", &[0.0, 0.0, 4.0, 0.0, 4.0, 4.0, 2.0, 4.0, 2.0, 6.0, 2.0, 4.0, 0.0, 4.0]),
            ("runs back on an edge", &[0.0, 0.0, 4.0, 0.0, 4.0, 4.0, 4.0, 1.0, 4.0, 5.0, 0.0, 4.0]),
            ("line", &[0.0, 0.0, 1.0, 1.0, 2.0, 2.0]),
            ("twice round", &[0.0, 0.0, 4.0, 0.0, 4.0, 4.0, 0.0, 4.0, 0.0, 0.0, 4.0, 0.0, 4.0, 4.0, 0.0, 4.0]),
            ("not finite", &[0.0, 0.0, 4.0, 0.0, f64::NAN, 4.0, 0.0, 4.0]),
        ];
        for (what, ring) in invalid {
            assert_eq!(iou_polygons(ring, &SQUARE), 0.0, "{what}");
            assert_eq!(iou_polygons(&SQUARE, ring), 0.0, "{what}");
        }
    }

    #[test]
    fn too_few_points_or_too_large_ones_do_not_panic() {
        for ring in [&[][..], &[1.0], &[1.0, 2.0, 3.0, 3.0], &[f64::MAX, 0.0, f64::MIN, 0.0, 0.0, f64::MAX]] {
            assert_eq!(iou_polygons(ring, &SQUARE), 0.0);
            assert_eq!(iou_polygons(ring, ring), 0.0);
        }
    }

    #[test]
    fn edges_that_almost_coincide_lose_no_area() {
        // Scaled about its first corner so that the areas are as 3 to 4; shared edges differ by rounding only, where
        // GEOS finds an empty intersection.
        let a: [f64; 6] = [
            94.12490502155771,
            53.46457580248608,
            3.090690193431822,
            54.55695312417986,
            53.599322195677246,
            93.77131618246113,
        ];
        let scaled: [f64; 6] = std::array::from_fn(|at| (a[at] - a[at % 2]) * 0.75_f64.sqrt() + a[at % 2]);
        assert!((iou_polygons(&a, &scaled) - 0.75).abs() < 1e-13);
    }
}
