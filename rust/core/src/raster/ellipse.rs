//! Filled ellipses by OpenCV's integer rule (`cv2.ellipse` with whole-number arguments), to the pixel.
//!
//! OpenCV draws a polygon of up to 73 corners in 16.16 fixed point: its outline, line by line, and its inside, row by
//! row. Both round in their own ways, and the mask is the union. Only rows and lines inside the image are walked.

use std::sync::LazyLock;

use crate::error::Result;

use super::{
    Rle, Scratch,
    rle::{pixels, require_length},
};

/// Bits after the point.
const SHIFT: u32 = 16;
const ONE: i64 = 1 << SHIFT;
const HALF: i64 = ONE / 2;
/// Centres and radii are kept within this, OpenCV's own range.
const FARTHEST: i64 = i32::MAX as i64;

/// Sines of 0 to 450 whole degrees with the precision of OpenCV's table: seven decimals, single precision.
static SINES: LazyLock<[f32; 451]> =
    LazyLock::new(|| std::array::from_fn(|degree| ((degree as f64).to_radians().sin() * 1e7).round() as f32 / 1e7));

/// A point in fixed-point coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Point {
    x: i64,
    y: i64,
}

/// The corners of an ellipse and the pixels that it covers, row by row.
#[derive(Debug, Default)]
pub(super) struct Rows {
    ring: Vec<Point>,
    /// The first row that may be covered.
    top: i64,
    /// For each row from there the first column and the last + 1 of one stretch; empty where they are equal.
    stretches: Vec<(u32, u32)>,
    /// Row and columns of what did not touch its row's stretch when it came.
    apart: Vec<(u32, u32, u32)>,
}

impl Rows {
    /// Makes room for rows within an image of `height` rows.
    fn begin(&mut self, height: i64) {
        let rows = self.ring.iter().map(|corner| rounded(corner.y));
        let (first, last) = rows.fold((i64::MAX, i64::MIN), |(first, last), y| (first.min(y), last.max(y)));
        self.top = first.clamp(0, height);
        self.stretches.clear();
        // A line's rounding may leave the rows of its ends by one.
        self.stretches.resize((last.clamp(-2, height - 2) + 2 - self.top).max(0) as usize, (0, 0));
        self.apart.clear();
    }

    /// Covers the pixels `from..to` of a row.
    fn cover(&mut self, y: u32, from: u32, to: u32) {
        let row = usize::try_from(i64::from(y) - self.top).ok();
        match row.and_then(|row| self.stretches.get_mut(row)) {
            Some(stretch) if stretch.0 == stretch.1 => *stretch = (from, to),
            Some(stretch) if from <= stretch.1 && to >= stretch.0 => {
                *stretch = (stretch.0.min(from), stretch.1.max(to));
            }
            _ => self.apart.push((y, from, to)),
        }
    }

    /// Calls `visit` with the runs of every row in order.
    fn each_run(&mut self, mut visit: impl FnMut(u32, u32, u32)) {
        let stretches = (self.top as u32..).zip(&self.stretches).filter(|(_, (from, to))| from < to);
        let stretches = stretches.map(|(y, &(from, to))| (y, from, to));
        if self.apart.is_empty() {
            stretches.for_each(|(y, from, to)| visit(y, from, to));
            return;
        }
        self.apart.extend(stretches);
        self.apart.sort_unstable();
        let mut pieces = self.apart.iter().copied();
        let Some(mut run) = pieces.next() else { return };
        for piece in pieces {
            if piece.0 == run.0 && piece.1 <= run.2 {
                run.2 = run.2.max(piece.2);
            } else {
                visit(run.0, run.1, run.2);
                run = piece;
            }
        }
        visit(run.0, run.1, run.2);
    }
}

/// An ellipse around `center` (x, y) with `radii` (along its own x and y axis; a sign is ignored), turned clockwise on
/// the screen by whole degrees. Places and radii beyond 32 bits, which OpenCV refuses, count as the ends of that range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ellipse {
    /// Place of the centre, x and y.
    pub center: (i64, i64),
    /// Half the axes.
    pub radii: (i64, i64),
    /// Turn.
    pub angle_degrees: i64,
}

impl Ellipse {
    /// The filled ellipse as a mask. [`Code::TooLarge`](crate::error::Code::TooLarge) for an image of more than 2^32 - 1
    /// pixels.
    pub fn fill(&self, height: u32, width: u32, scratch: &mut Scratch) -> Result<Rle> {
        let pixels = pixels(height, width)?;
        let Scratch { rows, strips, crossings, .. } = scratch;
        strips.begin();
        self.draw(height, width, rows);
        rows.each_run(|y, from, to| strips.run(y, from, to));
        strips.turn(crossings, height);
        Ok(Rle::from_columns(height, width, pixels, crossings))
    }

    /// Sets the pixels of the filled ellipse in a row-major image. [`Code::BadShape`](crate::error::Code::BadShape) if
    /// `image` does not have one value for each pixel.
    pub fn paint<T: Copy>(
        &self,
        image: &mut [T],
        value: T,
        height: u32,
        width: u32,
        scratch: &mut Scratch,
    ) -> Result<()> {
        require_length(image.len(), height, width)?;
        self.draw(height, width, &mut scratch.rows);
        scratch.rows.each_run(|y, from, to| {
            let row = y as usize * width as usize;
            if let Some(run) = image.get_mut(row + from as usize..row + to as usize) {
                run.fill(value);
            }
        });
        Ok(())
    }

    /// Finds the runs of every row.
    fn draw(&self, height: u32, width: u32, rows: &mut Rows) {
        let limit = |(x, y): (i64, i64)| Point { x: x.clamp(-FARTHEST, FARTHEST), y: y.clamp(-FARTHEST, FARTHEST) };
        let (height, width) = (i64::from(height), i64::from(width));
        make_ring(limit(self.center), limit(self.radii), self.angle_degrees, &mut rows.ring);
        rows.begin(height);
        if height == 0 || width == 0 {
            return;
        }
        let ring = std::mem::take(&mut rows.ring);
        let mut canvas = Canvas { rows, height, width };
        // The inside first: then nearly every piece of the outline touches what its row has.
        canvas.inside(&ring);
        let mut from = ring.len() - 1;
        for to in 0..ring.len() {
            canvas.line(ring[from], ring[to]);
            from = to;
        }
        rows.ring = ring;
    }
}

/// Fills an ellipse; see [`Ellipse`].
pub fn fill(
    center: (i64, i64),
    radii: (i64, i64),
    angle_degrees: i64,
    height: u32,
    width: u32,
    scratch: &mut Scratch,
) -> Result<Rle> {
    Ellipse { center, radii, angle_degrees }.fill(height, width, scratch)
}

/// The corners of the polygon that stands for the ellipse; at least two.
fn make_ring(center: Point, radii: Point, angle_degrees: i64, ring: &mut Vec<Point>) {
    ring.clear();
    let radii = Point { x: radii.x.abs(), y: radii.y.abs() };
    let step = match radii.x.max(radii.y) {
        ..3 => 90,
        3..10 => 30,
        10..15 => 18,
        15.. => 5,
    };
    let sine = |degree: usize| f64::from(SINES[degree]);
    let angle = angle_degrees.rem_euclid(360) as usize;
    let (turn_cos, turn_sin) = (sine(450 - angle), sine(angle));
    let (center_x, center_y) = ((center.x * ONE) as f64, (center.y * ONE) as f64);
    let (radius_x, radius_y) = ((radii.x * ONE) as f64, (radii.y * ONE) as f64);
    for degree in (0..360 + step).step_by(step).map(|degree| degree.min(360)) {
        let (x, y) = (radius_x * sine(450 - degree), radius_y * sine(degree));
        let corner =
            Point { x: snap(center_x + x * turn_cos - y * turn_sin), y: snap(center_y + x * turn_sin + y * turn_cos) };
        if ring.last() != Some(&corner) {
            ring.push(corner);
        }
    }
    if ring.len() == 1 {
        ring.clear();
        ring.resize(2, Point { x: center.x * ONE, y: center.y * ONE });
    }
}

/// To fixed point as OpenCV rounds: the whole part first, then the rest.
fn snap(value: f64) -> i64 {
    let whole = (value / ONE as f64).round_ties_even() as i64 * ONE;
    whole + (value - whole as f64).round_ties_even() as i64
}

/// Fixed point to the nearest whole number.
fn rounded(value: i64) -> i64 {
    (value + HALF) >> SHIFT
}

/// Collects what is drawn inside an image.
struct Canvas<'a> {
    rows: &'a mut Rows,
    height: i64,
    width: i64,
}

impl Canvas<'_> {
    /// Sets the pixels `from..to` of row `y`, as far as they are in the image.
    fn piece(&mut self, y: i64, from: i64, to: i64) {
        let (from, to) = (from.max(0), to.min(self.width));
        if (0..self.height).contains(&y) && from < to {
            self.rows.cover(y as u32, from as u32, to as u32);
        }
    }

    /// Draws a line between two points, ends included, a pixel for each step along the longer axis.
    fn line(&mut self, a: Point, b: Point) {
        let Some((mut a, mut b)) = self.clip(a, b) else { return };
        let flat = (b.x - a.x).abs() > (b.y - a.y).abs();
        if if flat { b.x < a.x } else { b.y < a.y } {
            std::mem::swap(&mut a, &mut b);
        }
        self.piece(rounded(b.y), rounded(b.x), rounded(b.x) + 1);
        let (dx, dy) = (b.x - a.x, b.y - a.y);
        if flat {
            let step = (dy << SHIFT) / (dx | 1);
            let (first, last) = (rounded(a.x), rounded(a.x) + (dx >> SHIFT));
            let (mut start, mut y) = (first, a.y + HALF);
            for x in first..=last {
                let next = y + step;
                if x == last || next >> SHIFT != y >> SHIFT {
                    self.piece(y >> SHIFT, start, x + 1);
                    start = x + 1;
                }
                y = next;
            }
        } else {
            let step = (dx << SHIFT) / (dy | 1);
            let (first, last) = (rounded(a.y), rounded(a.y) + (dy >> SHIFT));
            let mut x = a.x + HALF;
            for y in first..=last {
                self.piece(y, x >> SHIFT, (x >> SHIFT) + 1);
                x += step;
            }
        }
    }

    /// Cuts a line to the image: both ends at the top and bottom first, then at the sides, each with the slope between
    /// the ends as they are by then, since the rounding of every cut shows in the next.
    fn clip(&self, mut a: Point, mut b: Point) -> Option<(Point, Point)> {
        let (right, bottom) = (self.width * ONE - 1, self.height * ONE - 1);
        let beside = |p: Point| i32::from(p.x > right) - i32::from(p.x < 0);
        let above = |p: Point| i32::from(p.y > bottom) - i32::from(p.y < 0);
        let apart = |a: i32, b: i32| a == 0 || a != b;
        if !apart(beside(a), beside(b)) || !apart(above(a), above(b)) {
            return None;
        }
        for end in 0..2 {
            let (p, other) = if end == 0 { (&mut a, b) } else { (&mut b, a) };
            let side = above(*p);
            if side != 0 {
                let bound = if side < 0 { 0 } else { bottom };
                p.x += cut(bound - p.y, other.x - p.x, other.y - p.y);
                p.y = bound;
            }
        }
        if !apart(beside(a), beside(b)) {
            return None;
        }
        for end in 0..2 {
            let (p, other) = if end == 0 { (&mut a, b) } else { (&mut b, a) };
            let side = beside(*p);
            if side != 0 {
                let bound = if side < 0 { 0 } else { right };
                p.y += cut(bound - p.x, other.y - p.y, other.x - p.x);
                p.x = bound;
            }
        }
        Some((a, b))
    }

    /// Fills the inside of a convex ring, row by row between two walkers that go down its two sides.
    fn inside(&mut self, ring: &[Point]) {
        let top = (0..ring.len()).min_by_key(|&i| ring[i].y).unwrap_or(0);
        let span = |part: fn(&Point) -> i64| {
            let ends = ring.iter().map(part).fold((i64::MAX, i64::MIN), |(lo, hi), v| (lo.min(v), hi.max(v)));
            (rounded(ends.0), rounded(ends.1))
        };
        let ((left, right), (first, last)) = (span(|p| p.x), span(|p| p.y));
        if ring.len() < 3 || right < 0 || last < 0 || left >= self.width || first >= self.height {
            return;
        }
        let last = last.min(self.height - 1);
        let mut walkers = [1, ring.len() - 1].map(|step| Walker { corner: top, step, x: -ONE, slope: 0, until: first });
        let mut corners_left = ring.len();
        let mut y = first;
        while y <= last {
            for walker in &mut walkers {
                if y >= walker.until && !walker.turn(ring, y, &mut corners_left) {
                    return;
                }
            }
            let (a, b) = (walkers[0].x, walkers[1].x);
            self.piece(y, rounded(a.min(b)), rounded(a.max(b)) + 1);
            // Rows above the image are passed in one step, up to the next corner.
            let next = walkers[0].until.min(walkers[1].until).min(0).max(y + 1);
            for walker in &mut walkers {
                walker.x += walker.slope * (next - y);
            }
            y = next;
        }
    }
}

/// `along` carried over to the other axis of a line with the given differences, cut toward zero.
fn cut(along: i64, across_difference: i64, along_difference: i64) -> i64 {
    (along as f64 * across_difference as f64 / along_difference as f64) as i64
}

/// Goes down one side of a ring.
struct Walker {
    corner: usize,
    /// To the next corner: 1, or one less than there are corners for the other way round.
    step: usize,
    x: i64,
    /// Change of `x` per row.
    slope: i64,
    /// Row at which the side has its next corner.
    until: i64,
}

impl Walker {
    /// Goes on to the side that leads below row `y`. Each corner passed is taken from `corners_left`, which both
    /// walkers share; false when none is left.
    fn turn(&mut self, ring: &[Point], y: i64, corners_left: &mut usize) -> bool {
        let mut from = self.corner;
        while *corners_left > 0 {
            *corners_left -= 1;
            let to = (from + self.step) % ring.len();
            let until = rounded(ring[to].y);
            if until > y {
                let rows = until - y;
                self.slope = ((ring[to].x - ring[from].x) * 2 + rows) / (2 * rows);
                (self.x, self.until, self.corner) = (ring[from].x, until, to);
                return true;
            }
            from = to;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(center: (i64, i64), radii: (i64, i64), angle: i64, height: u32, width: u32) -> Vec<u32> {
        let rle = fill(center, radii, angle, height, width, &mut Scratch::new()).unwrap();
        assert_eq!(Rle::new(height, width, rle.counts.clone()).unwrap(), rle);
        rle.counts
    }

    #[test]
    fn fills_are_those_of_opencv() {
        // Counts by cv2.ellipse of OpenCV 4.11 and pycocotools' encode.
        assert_eq!(counts((4, 3), (3, 2), 0, 7, 9), [9, 3, 3, 5, 2, 5, 2, 5, 2, 5, 2, 5, 3, 3, 9]);
        assert_eq!(counts((4, 3), (3, 1), 45, 7, 9), [15, 3, 4, 4, 3, 5, 3, 4, 4, 3, 15]);
        assert_eq!(counts((2, 2), (0, 0), 0, 5, 5), [12, 1, 12]);
        assert_eq!(counts((0, 0), (5, 3), 30, 6, 7), [0, 4, 2, 5, 1, 4, 2, 4, 2, 4, 3, 1, 10]);
        assert_eq!(counts((-3, 2), (5, 4), -90, 6, 6), [0, 11, 25]);
        assert_eq!(
            counts((8, 8), (7, 4), 400, 16, 16),
            [37, 3, 12, 5, 10, 7, 9, 9, 7, 10, 6, 10, 6, 11, 6, 10, 6, 10, 7, 9, 9, 7, 10, 6, 12, 2, 20]
        );
    }

    #[test]
    fn an_ellipse_around_the_image_fills_it_and_one_beside_it_nothing() {
        assert_eq!(counts((3, 3), (20, 20), 0, 6, 6), [0, 36]);
        assert_eq!(counts((100, 100), (3, 3), 0, 6, 6), [36]);
        assert_eq!(counts((1, 1), (1, 1), 0, 0, 6), [0]);
    }

    #[test]
    fn huge_values_end_soon() {
        let ends = [i64::MIN, -(1 << 40), -(1 << 31), 0, 1 << 31, 1 << 40, i64::MAX];
        for x in ends {
            for radius in ends {
                for angle in [i64::MIN, 45, i64::MAX] {
                    counts((x, 5), (radius, 9), angle, 30, 20);
                    counts((x, x), (radius, radius), angle, 30, 20);
                }
            }
        }
        assert_eq!(counts((10, 10), (1 << 30, 1 << 30), 0, 30, 20), [0, 600]);
    }
}
