//! Filling polygons and boxes by COCO's reference rule (`rleFrPoly` of the COCO API), to the pixel.
//!
//! The rule takes the outline on a grid five times as fine, walks every edge point by point with rounding toward zero,
//! and keeps the steps between the fine columns `5x + 2` and `5x + 3`: each is a change between clear and set in column
//! `x`, at the first pixel whose centre is not above it. A pixel is set if an odd number of changes comes before it in
//! column-major order. Here the edges are not walked: the place where each crosses a column is computed from the same
//! floating-point expressions, so that an edge costs the columns that it crosses inside the image.

use std::ops::Range;

use crate::error::{Code, Error, Result};

use super::{Rle, Scratch, crossings::Crossings, rle::pixels};

/// Fine positions per pixel.
const FINE: i64 = 5;
/// The fine position within a pixel after which an edge has passed the pixel's centre.
const CENTRE: i64 = 2;
/// Fine coordinates are kept within this, so that their differences cannot overflow. No image comes near.
const FARTHEST: i64 = 1 << 60;
/// Fine rows are counted in 32 bits.
const LOWEST: i64 = u32::MAX as i64;
const MOST_ROWS: u32 = u32::MAX / FINE as u32;
/// Fine lengths below which a crossing that lies further than `MARGIN` from a whole step is computed without a search:
/// the errors of slope, product and sum are below 2^-11 steps then.
const NEAR: i64 = 1 << 20;
const MARGIN: f64 = 1.0 / 1024.0;

/// An edge that crosses at least one column of the image, oriented so that its longer axis grows.
#[derive(Clone, Debug)]
pub(super) struct Edge {
    columns: Range<u32>,
    x: i64,
    y: i64,
    /// Length along the longer axis.
    length: i64,
    /// Change along the shorter axis.
    change: i64,
    steep: bool,
}

impl Edge {
    /// The edge between two fine points, unless it crosses no column of an image of `width` columns.
    #[inline]
    fn new(a: (i64, i64), b: (i64, i64), width: u32) -> Option<Self> {
        let first = (a.0.min(b.0) + CENTRE).div_euclid(FINE).max(0);
        let end = ((a.0.max(b.0) - CENTRE - 1).div_euclid(FINE) + 1).min(i64::from(width));
        if first >= end {
            return None;
        }
        let (dx, dy) = (b.0 - a.0, b.1 - a.1);
        let steep = dx.abs() < dy.abs();
        let (length, change) = if steep { (dy, dx) } else { (dx, dy) };
        let (start, sign) = if length < 0 { (b, -1) } else { (a, 1) };
        let columns = first as u32..end as u32;
        Some(Self { columns, x: start.0, y: start.1, length: length * sign, change: change * sign, steep })
    }

    #[inline]
    fn slope(&self) -> f64 {
        self.change as f64 / self.length as f64
    }

    /// Calls `visit` with each column that the edge crosses and the row, `0..=height`, at which that column changes.
    #[inline]
    fn each_crossing(&self, height: u32, mut visit: impl FnMut(u32, u32)) {
        // The pixel at or below the upper end of the step between the fine columns. Everything above the image is as good
        // as its top.
        let row = |fine: u32| ((u64::from(fine) + CENTRE as u64) / FINE as u64).min(u64::from(height)) as u32;
        let mut before = i64::from(self.columns.start) * FINE + CENTRE;
        if self.steep {
            let is_near = self.x.abs() < NEAR && self.length < NEAR;
            let margin = if is_near { MARGIN } else { 1.0 };
            let per_column = self.length as f64 / self.change as f64;
            for x in self.columns.clone() {
                let exact = ((before - self.x) as f64 + 0.5) * per_column;
                let whole = exact as u32;
                let rest = exact - f64::from(whole);
                let is_sure = rest > margin && rest < 1.0 - margin;
                let past = if is_sure { i64::from(whole) + 1 } else { self.first_step_past(before, exact as i64) };
                visit(x, row((self.y + past - 1).clamp(0, LOWEST) as u32));
                before += FINE;
            }
        } else {
            before += i64::from(self.change < 0);
            let (y, slope) = (self.y as f64, self.slope());
            let mut steps = (before - self.x) as f64;
            for x in self.columns.clone() {
                // Numbers below 0 become 0.
                visit(x, row((y + slope * steps + 0.5) as u32));
                steps += FINE as f64;
            }
        }
    }

    /// For a steep edge: the first step, about `guess`, after which the rounded walk is on the other side of the crossing
    /// behind fine column `before` than at its start.
    #[cold]
    fn first_step_past(&self, before: i64, guess: i64) -> i64 {
        let (target, rising) = ((before + 1) as f64, self.change > 0);
        let (x, slope) = (self.x as f64, self.slope());
        let past = |steps: i64| (x + slope * steps as f64 + 0.5 >= target) == rising;
        let guess = guess.clamp(1, self.length);
        let (mut not_past, mut is_past) = match (past(guess - 1), past(guess)) {
            (false, true) => return guess,
            (true, _) => (0, guess - 1),
            (false, false) if past(guess + 1) => return guess + 1,
            (false, false) => (guess + 1, self.length),
        };
        while is_past - not_past > 1 {
            let middle = not_past + (is_past - not_past) / 2;
            *(if past(middle) { &mut is_past } else { &mut not_past }) = middle;
        }
        is_past
    }
}

/// Fills a polygon, given as x, y, x, y, ..., in pixels (a pixel's centre has whole numbers), closed by itself.
/// Where it overlaps itself the even-odd rule holds. Fewer than three points fill nothing.
///
/// [`Code::BadShape`] for an odd number of coordinates, [`Code::NotFinite`] for one that is not finite,
/// [`Code::TooLarge`] for an image of more than 2^32 - 1 pixels or 2^32 / 5 rows.
pub fn fill(points: &[f64], height: u32, width: u32, scratch: &mut Scratch) -> Result<Rle> {
    let pixels = cross(points, height, width, scratch)?;
    Ok(Rle::from_columns(height, width, pixels, &mut scratch.crossings))
}

/// The number of pixels that [`fill`] would set, without making the runs.
pub fn area(points: &[f64], height: u32, width: u32, scratch: &mut Scratch) -> Result<u64> {
    let pixels = cross(points, height, width, scratch)?;
    let (mut area, mut start) = (0, None);
    scratch.crossings.each(|place| match start.take() {
        None => start = Some(place),
        Some(start) => area += u64::from(place - start),
    });
    Ok(area + start.map_or(0, |start| u64::from(pixels - start)))
}

/// Fills a box, given by its left, top, width and height, as the polygon of its four corners.
pub fn fill_box(x_y_w_h: [f64; 4], height: u32, width: u32, scratch: &mut Scratch) -> Result<Rle> {
    fill(&box_corners(x_y_w_h), height, width, scratch)
}

/// The corners of a box, clockwise on the screen from the left top one.
pub fn box_corners([x, y, w, h]: [f64; 4]) -> [f64; 8] {
    [x, y, x + w, y, x + w, y + h, x, y + h]
}

/// Sorts the polygon's changes into `scratch.crossings` and returns the number of the image's pixels.
fn cross(points: &[f64], height: u32, width: u32, scratch: &mut Scratch) -> Result<u32> {
    let pixels = pixels(height, width)?;
    if !points.len().is_multiple_of(2) {
        return Err(Error::new(Code::BadShape, format!("a polygon of {} coordinates, an odd number", points.len())));
    }
    if let Some(bad) = points.iter().find(|v| !v.is_finite()) {
        return Err(Error::new(Code::NotFinite, format!("a polygon with the coordinate {bad}")));
    }
    if height > MOST_ROWS {
        return Err(Error::new(Code::TooLarge, format!("an image of {height} rows is too high to fill polygons in")));
    }
    let Scratch { edges, crossings, .. } = scratch;
    find_edges(points, if height == 0 { 0 } else { width }, edges);
    find_crossings(edges, height, crossings);
    Ok(pixels)
}

fn fine(coordinate: f64) -> i64 {
    ((FINE as f64 * coordinate + 0.5) as i64).clamp(-FARTHEST, FARTHEST)
}

fn find_edges(points: &[f64], width: u32, edges: &mut Vec<Edge>) {
    edges.clear();
    let mut ring = points.chunks_exact(2).map(|point| (fine(point[0]), fine(point[1])));
    let Some(first) = ring.next() else { return };
    let mut from = first;
    for to in ring.chain([first]) {
        edges.extend(Edge::new(from, to, width));
        from = to;
    }
}

fn find_crossings(edges: &[Edge], height: u32, crossings: &mut Crossings) {
    let first = edges.iter().map(|e| e.columns.start).min().unwrap_or(0);
    let end = edges.iter().map(|e| e.columns.end).max().unwrap_or(0);
    crossings.begin(first..end, height);
    for edge in edges {
        crossings.cover(edge.columns.clone());
    }
    crossings.settle();
    for edge in edges {
        edge.each_crossing(height, |x, row| crossings.put(x, row));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(points: &[f64], height: u32, width: u32) -> Vec<u32> {
        let mut scratch = Scratch::new();
        let rle = fill(points, height, width, &mut scratch).unwrap();
        assert_eq!(area(points, height, width, &mut scratch).unwrap(), rle.area());
        assert_eq!(Rle::new(height, width, rle.counts.clone()).unwrap(), rle);
        rle.counts
    }

    #[test]
    fn fills_are_those_of_pycocotools() {
        // (points, height, width, pycocotools' counts)
        let cases: [(&[f64], u32, u32, &[u32]); 11] = [
            (&[1.0, 1.0, 4.0, 1.0, 4.0, 3.0, 1.0, 3.0], 6, 8, &[7, 2, 4, 2, 4, 2, 27]),
            (&[0.49, 0.49, 2.51, 0.49, 2.51, 2.51, 0.49, 2.51], 5, 5, &[0, 3, 2, 3, 2, 3, 12]),
            // A bow tie: even-odd.
            (&[0.0, 0.0, 6.0, 6.0, 6.0, 0.0, 0.0, 6.0], 7, 7, &[0, 5, 3, 3, 5, 1, 6, 1, 5, 3, 3, 5, 9]),
            // Corners on all sides outside the image; runs pass the columns' ends.
            (&[-3.0, -2.0, 4.0, -2.0, 9.0, 9.0, -3.0, 4.5], 5, 6, &[0, 25, 1, 4]),
            // Too thin to meet a pixel's centre, and no area at all.
            (&[1.0, 1.0, 5.0, 1.0, 5.0, 1.1, 1.0, 1.1], 4, 7, &[28]),
            (&[2.3, 0.7, 2.3, 0.7, 2.3, 0.7], 4, 4, &[16]),
            (&[0.0, 0.0, 0.0, 8.0, 8.0, 8.0, 8.0, 0.0], 8, 8, &[0, 64]),
            // Steep edges, rising and falling, that cross each other.
            (&[0.5, 7.9, 3.3, -1.2, 6.1, 8.4, 1.7, 3.3, 5.9, 2.8], 8, 7, &[13, 2, 3, 1, 1, 2, 2, 3, 9, 2, 8, 2, 8]),
            (&[10.0, 2.0, 1.0, 9.5, 8.2, 0.1], 10, 10, &[36, 1, 8, 2, 7, 2, 6, 3, 6, 3, 6, 3, 8, 1, 8]),
            // Far away corners.
            (&[-1e5, 3.0, 1e5, 3.0, 1e5, 5.0, -1e5, 5.0], 8, 6, &[3, 2, 6, 2, 6, 2, 6, 2, 6, 2, 6, 2, 3]),
            (&[-20000.5, -30000.0, 20000.25, 30001.0, 0.0, 30001.0], 6, 9, &[1, 5, 3, 3, 4, 2, 36]),
        ];
        for (points, height, width, expected) in cases {
            assert_eq!(counts(points, height, width), expected, "{points:?}");
        }
    }

    #[test]
    fn huge_coordinates_end_soon_and_fill_what_they_cover() {
        for far in [1e6, 1e9, 1e12, 1e18, 1e300, f64::MAX] {
            let around = [-far, -far, far, -far, far, far, -far, far];
            assert_eq!(counts(&around, 7, 9), [0, 63], "{far}");
            assert_eq!(counts(&[-far, 2.0, far, 2.0, far, 4.0, -far, 4.0], 7, 2), [2, 2, 5, 2, 3], "{far}");
            assert_eq!(counts(&[far, far, far, -far, far / 2.0, 0.0], 7, 9), [63], "{far}");
            // The diagonal itself is only as exact as a number of that size can be.
            let below_diagonal = counts(&[-far, -far, far, far, -far, far], 3, 3);
            assert!(far > 1e12 || below_diagonal == [0, 3, 1, 2, 2, 1], "{far}");
        }
    }

    #[test]
    fn a_polygon_that_crosses_itself_over_and_over_needs_no_more_memory_than_the_image() {
        let strokes = |n: i32| (0..n).flat_map(|i| if i % 2 == 0 { [-1.0, 2.0] } else { [20.0, 6.0] });
        // To and fro over one line an even number of times is nothing; once more it is one side of a triangle.
        assert_eq!(counts(&strokes(999).collect::<Vec<_>>(), 8, 10), [80]);
        let triangle: Vec<f64> = strokes(998).chain([20.0, 2.0]).collect();
        assert_eq!(counts(&triangle, 8, 10), counts(&[-1.0, 2.0, 20.0, 6.0, 20.0, 2.0], 8, 10));
    }

    #[test]
    fn a_box_is_the_polygon_of_its_corners() {
        let mut scratch = Scratch::new();
        let rle = fill_box([1.0, 1.0, 3.0, 2.0], 6, 8, &mut scratch).unwrap();
        assert_eq!(rle.counts, [7, 2, 4, 2, 4, 2, 27]);
        assert_eq!(fill_box([-5.0, -5.0, 100.0, 100.0], 6, 8, &mut scratch).unwrap().counts, [0, 48]);
    }

    #[test]
    fn images_without_pixels_and_shapes_without_points_give_empty_masks() {
        assert_eq!(counts(&[0.0, 0.0, 9.0, 0.0, 9.0, 9.0], 0, 5), [0]);
        assert_eq!(counts(&[0.0, 0.0, 9.0, 0.0, 9.0, 9.0], 5, 0), [0]);
        assert_eq!(counts(&[], 5, 5), [25]);
        assert_eq!(counts(&[1.0, 1.0], 5, 5), [25]);
        assert_eq!(counts(&[1.0, 1.0, 4.0, 4.0], 5, 5), [25]);
    }

    #[test]
    fn odd_and_infinite_coordinates_are_errors() {
        let code = |points: &[f64], side| fill(points, side, side, &mut Scratch::new()).unwrap_err().code();
        assert_eq!(code(&[1.0, 2.0, 3.0], 9), Code::BadShape);
        assert_eq!(code(&[1.0, f64::NAN, 3.0, 4.0, 5.0, 6.0], 9), Code::NotFinite);
        assert_eq!(code(&[1.0, f64::INFINITY, 3.0, 4.0, 5.0, 6.0], 9), Code::NotFinite);
        assert_eq!(code(&[1.0, 1.0, 3.0, 4.0, 5.0, 6.0], 70_000), Code::TooLarge);
    }
}
