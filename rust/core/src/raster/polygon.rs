//! Filling polygons and boxes by COCO's reference rule (`rleFrPoly` of the COCO API), to the pixel.
//!
//! The rule takes the outline on a grid five times as fine, walks every edge point by point with rounding toward zero,
//! and keeps the steps between the fine columns `5x + 2` and `5x + 3`: each is a change between clear and set in column
//! `x`, at the first pixel whose centre is not above it. A pixel is set if an odd number of changes comes before it in
//! column-major order. Here the edges are not walked: the place where each crosses a column is computed, to the same
//! rounding, so that an edge costs the columns that it crosses inside the image.

use std::ops::Range;

use crate::error::{Code, Error, Result};

use super::{Rle, Scratch, crossings::Crossings, rle::pixels};

/// Fine positions per pixel.
const FINE: f64 = 5.0;
/// The fine position within a pixel after which an edge has passed the pixel's centre.
const CENTRE: f64 = 2.0;
/// Fine coordinates are kept within this, and whole numbers of that size are not exact. No image comes near.
const FARTHEST: f64 = (1u64 << 60) as f64;
/// Fine rows are counted in 32 bits.
const MOST_ROWS: u32 = u32::MAX / FINE as u32 - 1;
/// Edges whose fine coordinates are all below this have their crossings computed in closed form.
const NEAR: f64 = (1 << 18) as f64;
/// Less than any distance that a near edge's crossing can have from a whole step without being one, which is half a step
/// in `NEAR`, and far more than the error of the computation.
const NUDGE: f64 = 0.125 / NEAR;

/// For flat edges that fall and rise, then steep ones that fall and rise: how far behind a fine column the walk passes the
/// fine row that counts, and what is added before that row's fraction is cut off.
static WALKS: [(f64, f64); 4] = [(0.0, 0.5), (1.0, 0.5), (0.5, -NUDGE), (0.5, NUDGE)];

/// A point in fine coordinates, which are whole.
type Point = [f64; 2];

/// An edge of a ring that crosses at least one column of the image: the columns, and its left and right end.
#[derive(Clone, Debug, Default)]
pub(super) struct Edge {
    columns: Range<u32>,
    left: u32,
    right: u32,
}

/// Calls `visit` with each of the columns that the edge between two fine points crosses and the fine row at which it does.
///
/// The rule walks a flat edge fine column by fine column; of the two ends of the step that crosses, the upper one is
/// behind if the edge rises. It walks a steep edge fine row by fine row; the upper end of the step that crosses is
/// the last row before the exact crossing. Where that is a whole row, the walk is exactly halfway between two fine
/// columns there, and at the right one for the rule (the error of its product is lost in the sum, if the edge is not
/// that near to the left margin).
#[inline]
fn each_crossing(left: &Point, right: &Point, columns: Range<u32>, is_near: bool, mut visit: impl FnMut(u32, u32)) {
    let before = f64::from(columns.start) * FINE + CENTRE;
    let (dx, dy) = (right[0] - left[0], right[1] - left[1]);
    let is_steep = dx < dy.abs();
    if is_steep & !(is_near & (before >= 4.0 * dx)) {
        return search_crossings(left, right, columns, visit);
    }
    let (shift, round) = WALKS[usize::from(is_steep) * 2 + usize::from(dy < 0.0)];
    let slope = dy / dx;
    let mut steps = (before - left[0]) + shift;
    for x in columns {
        // Numbers below 0 become 0: everything above the image is as good as its top.
        visit(x, (left[1] + slope * steps + round) as u32);
        steps += FINE;
    }
}

/// The same for a steep edge whose crossings are to be searched for among the steps of the walk.
#[cold]
fn search_crossings(left: &Point, right: &Point, columns: Range<u32>, mut visit: impl FnMut(u32, u32)) {
    let falls = left[1] < right[1];
    let (top, bottom) = if falls { (left, right) } else { (right, left) };
    let length = bottom[1] - top[1];
    let slope = (bottom[0] - top[0]) / length;
    for x in columns {
        let target = f64::from(x) * FINE + CENTRE + 1.0;
        let (mut before, mut past) = (0, length as u64);
        while past - before > 1 {
            let middle = before + (past - before) / 2;
            let is_right = top[0] + slope * middle as f64 + 0.5 >= target;
            *(if is_right == falls { &mut past } else { &mut before }) = middle;
        }
        visit(x, (top[1] + before as f64) as u32);
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
    if height > MOST_ROWS {
        return Err(Error::new(Code::TooLarge, format!("an image of {height} rows is too high to fill polygons in")));
    }
    let Scratch { ring, edges, crossings, .. } = scratch;
    let points = points.as_chunks().0;
    // Without a way out in between: `all` makes polygons of 200 points take a tenth longer.
    let is_near = points.as_flattened().iter().fold(true, |near, v| near & (v.abs() < NEAR / FINE - 1.0));
    ring.clear();
    if is_near {
        ring.extend(points.iter().map(|point| point.map(|v| cut(FINE * v + 0.5))));
    } else if let Some(bad) = points.as_flattened().iter().find(|v| !v.is_finite()) {
        return Err(Error::new(Code::NotFinite, format!("a polygon with the coordinate {bad}")));
    } else {
        ring.extend(points.iter().map(|point| point.map(|v| (FINE * v + 0.5).trunc().clamp(-FARTHEST, FARTHEST))));
    }
    ring.extend(ring.first().copied());
    let edges = find_edges(ring, if height == 0 { 0 } else { width }, edges);
    find_crossings(ring, edges, height, is_near, crossings);
    Ok(pixels)
}

/// Cuts off the fraction of a near coordinate. Two such numbers become integers at once, which a check for numbers that fit
/// none prevents: with `as i32` polygons of 200 points take 17 % longer, with `trunc` 40 %.
#[expect(unsafe_code, reason = "checked conversion keeps two at a time from becoming integers")]
fn cut(fine: f64) -> f64 {
    debug_assert!(fine.abs() < NEAR);
    // SAFETY: the caller has checked that all coordinates are nearer than `NEAR`, so they are finite and fit.
    f64::from(unsafe { fine.to_int_unchecked::<i32>() })
}

/// Lists the edges of a closed ring that cross a column of the image.
fn find_edges<'a>(ring: &[Point], width: u32, edges: &'a mut Vec<Edge>) -> &'a [Edge] {
    // An edge crosses the columns from one end's to before the other's. Half a position off, no rounding of the product
    // reaches a whole number.
    let column = |point: &Point| (((point[0] + CENTRE + 0.5) * (1.0 / FINE)) as u32).min(width);
    let Some((first, rest)) = ring.split_first() else { return &[] };
    if edges.len() < rest.len() {
        edges.resize(rest.len(), Edge::default());
    }
    let (mut from_x, mut from, mut count) = (first[0], column(first), 0);
    for (i, point) in (0..).zip(rest) {
        let to = column(point);
        let turned = u32::from(point[0] < from_x);
        edges[count] = Edge { columns: from.min(to)..from.max(to), left: i + turned, right: i + 1 - turned };
        // Most edges of a fine outline cross no column, and which do the processor cannot guess: the others are not
        // skipped but written over.
        count += usize::from(from != to);
        (from_x, from) = (point[0], to);
    }
    &edges[..count]
}

fn find_crossings(ring: &[Point], edges: &[Edge], height: u32, is_near: bool, crossings: &mut Crossings) {
    let first = edges.iter().map(|e| e.columns.start).min().unwrap_or(0);
    let end = edges.iter().map(|e| e.columns.end).max().unwrap_or(0);
    crossings.begin(first..end, height);
    for edge in edges {
        crossings.cover(edge.columns.clone());
    }
    crossings.settle();
    for edge in edges {
        let (left, right) = (&ring[edge.left as usize], &ring[edge.right as usize]);
        each_crossing(left, right, edge.columns.clone(), is_near, |x, fine| {
            // The pixel at or below.
            let row = (u64::from(fine) + CENTRE as u64) / FINE as u64;
            crossings.put(x, (row as u32).min(height));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::{super::encode, *};

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

    /// The rule by the letter: every edge point by point.
    fn walked(points: &[f64], height: u32, width: u32) -> Vec<u32> {
        let corners: Vec<_> = points.chunks(2).map(|p| [p[0], p[1]].map(|v| (5.0 * v + 0.5) as i64)).collect();
        let mut walk = Vec::new();
        for (a, b) in corners.iter().zip(corners.iter().cycle().skip(1)) {
            let [dx, dy] = [0, 1].map(|axis| (b[axis] - a[axis]).abs());
            let (long, short) = if dx >= dy { (0, 1) } else { (1, 0) };
            let (from, to) = if a[long] > b[long] { (b, a) } else { (a, b) };
            let slope = (to[short] - from[short]) as f64 / (to[long] - from[long]) as f64;
            let mut steps: Vec<[i64; 2]> = (0..=to[long] - from[long])
                .map(|step| {
                    let mut point = [step + from[long]; 2];
                    point[short] = (from[short] as f64 + slope * step as f64 + 0.5) as i64;
                    point
                })
                .collect();
            if from != a {
                steps.reverse();
            }
            walk.extend(steps);
        }
        let mut bytes = vec![0; (height * width) as usize];
        for step in walk.windows(2).filter(|step| step[0][0] != step[1][0]) {
            let (x, y) = (step[0][0].min(step[1][0]), step[0][1].min(step[1][1]));
            if (x - 2).rem_euclid(5) == 0 && (2..5 * i64::from(width)).contains(&x) {
                let row = (y + 2).div_euclid(5).clamp(0, height.into());
                let place = x / 5 * i64::from(height) + row;
                bytes[place as usize..].iter_mut().for_each(|byte| *byte ^= 1);
            }
        }
        encode::columns([bytes.as_slice()], height, width).unwrap().counts
    }

    #[test]
    fn at_the_left_margin_a_tie_is_decided_by_the_walks_own_rounding() {
        // 29 / 50 * 25 - 12 + 0.5 is 3, but not quite in floating point.
        let points = [-2.5, 0.6, 3.4, 10.6, -2.5, 12.6];
        assert_eq!(counts(&points, 14, 5), walked(&points, 14, 5));
    }

    #[test]
    fn crossings_are_computed_where_the_walk_makes_them() {
        let mut state = 1u64;
        let mut random = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for _ in 0..3000 {
            // Steep and flat ones; corners on the fine grid make ties, most of them at the left margin.
            let (height, width) = (1 + random(60) as u32, 1 + random(30) as u32);
            let (left, across, down) = (random(20) as f64 - 10.0, 1 + random(90), 1 + random(400));
            let points: Vec<f64> = (0..3 + random(4))
                .flat_map(|_| [left + random(across) as f64 / 5.0, random(down) as f64 / 5.0 - 10.0])
                .collect();
            assert_eq!(
                counts(&points, height, width),
                walked(&points, height, width),
                "{height} x {width}: {points:?}"
            );
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
    fn the_widest_image_is_filled_to_its_end() {
        let x = f64::from(u32::MAX) - 2.0;
        assert_eq!(counts(&[x - 1.0, -1.0, x, -1.0, x, 1.0, x - 1.0, 1.0], 1, u32::MAX), [u32::MAX - 3, 1, 2]);
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
