//! A track at one frame: which keyframes hold there, and what lies between them.

use std::collections::HashMap;
use std::rc::Rc;

use super::curve::Matching;
use super::interpolate;
use super::tracks::Keyframe;
use crate::dataset::Columns;
use crate::schema::ShapeKind;

/// Where a frame stands among a track's keyframes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The keyframe at the frame or the last one before it; all but coordinates and rotation is taken from it.
    pub left: Keyframe,
    /// The next keyframe, if the frame lies between two.
    pub right: Option<Keyframe>,
    /// Whether the frame is that of `left`.
    pub is_keyframe: bool,
}

impl Moment {
    /// The moment at `frame`, with `after` of the keyframes at or before it; `None` before the first.
    pub fn new(keyframes: &[Keyframe], after: usize, frame: u32) -> Option<Moment> {
        let left = *keyframes.get(after.checked_sub(1)?)?;
        let is_keyframe = left.frame == frame;
        let right = if is_keyframe { None } else { keyframes.get(after).copied() };
        Some(Moment { left, right, is_keyframe })
    }

    /// The moment at `frame`; `None` before the first keyframe.
    pub fn at(keyframes: &[Keyframe], frame: u32) -> Option<Moment> {
        Self::new(keyframes, keyframes.partition_point(|keyframe| keyframe.frame <= frame), frame)
    }

    /// How far `frame` is from the left keyframe to the right one, from 0 to 1.
    fn offset(&self, right: Keyframe, frame: u32) -> f64 {
        f64::from(frame - self.left.frame) / f64::from(right.frame - self.left.frame)
    }

    /// The rotation at `frame`, in degrees.
    pub fn rotation(&self, columns: &Columns, kind: ShapeKind, frame: u32) -> f64 {
        let rows = &columns.keyframes;
        let left = rows.rotation[self.left.row as usize];
        match self.right {
            // Few shapes are turned, and the remainders are slow.
            Some(right) if left == 0.0 && rows.rotation[right.row as usize] == 0.0 => 0.0,
            Some(right) if interpolate::rotates(kind, rows.points.get(self.left.row), rows.points.get(right.row)) => {
                interpolate::rotation(left, rows.rotation[right.row as usize], self.offset(right, frame))
            }
            _ => left,
        }
    }

    /// The coordinates at `frame`, written to `scratch` where they lie between keyframes.
    pub fn points<'a>(
        &self,
        columns: &'a Columns,
        kind: ShapeKind,
        frame: u32,
        scratch: &'a mut PointScratch,
    ) -> &'a [f64] {
        let left = columns.keyframes.points.get(self.left.row);
        let Some(right) = self.right else {
            return left;
        };
        let offset = self.offset(right, frame);
        let right_points = columns.keyframes.points.get(right.row);
        scratch.points.clear();
        match kind {
            ShapeKind::Polygon | ShapeKind::Polyline => {
                let closed = kind == ShapeKind::Polygon;
                match scratch.matching((self.left.row, right.row), || Matching::new(left, right_points, closed)) {
                    Some(matching) => matching.at(offset, &mut scratch.points, &mut scratch.curve),
                    None => scratch.points.extend_from_slice(left),
                }
            }
            _ => interpolate::points(kind, left, right_points, offset, &mut scratch.points),
        }
        &scratch.points
    }
}

/// Memory for coordinates between keyframes, reused from shape to shape.
#[derive(Default)]
pub struct PointScratch {
    points: Vec<f64>,
    curve: Vec<[f64; 2]>,
    /// Matchings of the curves in sight, by the rows of their keyframes. Frames are visited in order, so that each is
    /// used again for the next frame; what is not comes to an end with the next clearing.
    matchings: HashMap<(u32, u32), Option<Rc<Matching>>>,
    /// Matched pairs of points that they hold together.
    held: usize,
}

/// Matched pairs that are held before the matchings are cleared (some 40 MB): a bound on memory, above what a frame
/// shows.
const MOST_HELD: usize = 1 << 20;

impl PointScratch {
    fn matching(&mut self, rows: (u32, u32), make: impl FnOnce() -> Option<Matching>) -> Option<Rc<Matching>> {
        if let Some(known) = self.matchings.get(&rows) {
            return known.clone();
        }
        if self.held >= MOST_HELD {
            self.matchings.clear();
            self.held = 0;
        }
        let made = make().map(Rc::new);
        self.held += made.as_ref().map_or(1, |matching| matching.pairs());
        self.matchings.insert(rows, made.clone());
        made
    }
}
