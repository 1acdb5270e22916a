//! Intersection over union of polygons with the rules of the OGC simple features, which CVAT takes from Shapely: a ring
//! that touches or crosses itself has no area that could be compared.

use super::bounds;
use geo::Coord;
use geo::algorithm::kernels::{Kernel, Orientation, RobustKernel};

/// Intersection over union of two polygons, each a ring `x, y, …` closed or not; 0 if either is no simple ring of at
/// least three points.
///
/// The area of the intersection is summed exactly up to rounding of the last digits (see [`overlap_area`]); the overlay
/// of `geo` snaps coordinates to a grid of about 30 bits, which shows where a result lies on a threshold.
pub fn iou_polygons(a: &[f64], b: &[f64]) -> f64 {
    if !bounds_overlap(a, b) {
        return 0.0;
    }
    let (Some(a), Some(b)) = (Ring::simple(a), Ring::simple(b)) else { return 0.0 };
    let (area_a, area_b) = (a.signed_area(), b.signed_area());
    // The overlap has the sign that the two orientations multiply to.
    let overlap = overlap_area(&a, &b) * area_a.signum() * area_b.signum();
    let iou = overlap / (area_a.abs() + area_b.abs() - overlap);
    if iou > 0.0 { iou } else { 0.0 }
}

/// Whether the interiors of the boxes around two polygons meet. It spares most pairs the rest.
fn bounds_overlap(a: &[f64], b: &[f64]) -> bool {
    match (bounds(a), bounds(b)) {
        (Some(a), Some(b)) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3],
        _ => false,
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
            let side = RobustKernel::orient2d(edge.start, edge.end, other.start);
            side != Orientation::Collinear && side == RobustKernel::orient2d(edge.start, edge.end, other.end)
        };
        !apart(self, other) && !apart(other, self)
    }

    /// Whether the edge `next`, which begins where this one ends, runs back on it.
    fn folds_onto(&self, next: &Edge) -> bool {
        let back = |from: f64, turn: f64, to: f64| (from < turn && to < turn) || (from > turn && to > turn);
        RobustKernel::orient2d(self.start, self.end, next.end) == Orientation::Collinear
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
        is_simple(&edges).then_some(Ring { points, edges })
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
        let beside = b.edges.iter().take_while(|other| other.left() < edge.right());
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
