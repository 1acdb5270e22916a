//! How alike two tracks are over the frames that two jobs share: the measure by which CVAT joins tracks of
//! neighbouring jobs.

use crate::geometry::{self, Outline};
use crate::schema::ShapeKind;

/// What a track shows on one frame, interpolated or at a keyframe.
pub struct Sample<'a> {
    points: &'a [f64],
    outside: bool,
    kind: ShapeKind,
    /// The points again, if they are a polygon: it is compared with many.
    outline: Option<Outline<'a>>,
}

impl<'a> Sample<'a> {
    /// A shape with its coordinates as stored; `outside` says whether the object has left the picture.
    pub fn new(kind: ShapeKind, points: &'a [f64], outside: bool) -> Self {
        let outline = (kind == ShapeKind::Polygon).then(|| Outline::new(points));
        Self { points, outside, kind, outline }
    }
}

/// How far two tracks of the same label differ, frame by frame.
///
/// The error of a frame is 1 where only one track shows something or only one is outside, and else one less the
/// similarity of the shapes. Frames on which neither shows anything do not count (an outside keyframe does show).
#[derive(Clone, Copy, Debug, Default)]
pub struct TrackError {
    sum: f64,
    frames: u32,
}

impl TrackError {
    /// Adds the next frames, one entry a frame, `None` where a track shows nothing. `three_d` as in
    /// [`geometry::similarity`].
    pub fn add(&mut self, a: &[Option<Sample<'_>>], b: &[Option<Sample<'_>>], three_d: bool) {
        for pair in a.iter().zip(b) {
            self.sum += match pair {
                (None, None) => continue,
                (Some(a), Some(b)) if a.outside == b.outside => 1.0 - shapes(a, b, three_d),
                _ => 1.0,
            };
            self.frames += 1;
        }
    }

    /// The similarity of the tracks, from 0 to 1: one less the mean error. If neither shows anything it is 1, as in CVAT;
    /// that a track without any shape before the end of the window is like no other is for the caller to say.
    pub fn similarity(self) -> f64 {
        1.0 - self.sum / f64::from(self.frames.max(1))
    }
}

fn shapes(a: &Sample<'_>, b: &Sample<'_>, three_d: bool) -> f64 {
    match (&a.outline, &b.outline) {
        (Some(a), Some(b)) => a.iou(b),
        _ if a.kind == b.kind => geometry::similarity(a.kind, a.points, b.points, three_d),
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tracks(a: &[Option<Sample<'_>>], b: &[Option<Sample<'_>>], three_d: bool) -> f64 {
        let mut error = TrackError::default();
        error.add(a, b, three_d);
        error.similarity()
    }

    fn at(points: &[f64; 4], outside: bool) -> Option<Sample<'_>> {
        Some(Sample::new(ShapeKind::Rectangle, points, outside))
    }

    const BOX: [f64; 4] = [0.0, 0.0, 10.0, 10.0];
    const HALF: [f64; 4] = [0.0, 0.0, 10.0, 5.0];

    #[test]
    fn the_error_is_the_mean_over_the_frames_on_which_either_shows_something() {
        let a = [at(&BOX, false), at(&BOX, false), None, None];
        let b = [at(&BOX, false), at(&HALF, false), None, at(&BOX, false)];
        // Errors 0, 0.5 and 1 on three frames.
        assert_eq!(tracks(&a, &b, false), 0.5);
        assert_eq!(tracks(&b, &a, false), 0.5);
    }

    #[test]
    fn outside_on_one_side_only_is_a_full_error_and_on_both_sides_none() {
        assert_eq!(tracks(&[at(&BOX, true)], &[at(&BOX, false)], false), 0.0);
        assert_eq!(tracks(&[at(&BOX, true)], &[at(&BOX, true)], false), 1.0);
    }

    #[test]
    fn kinds_that_differ_or_have_no_measure_are_unlike() {
        let polygon = || Some(Sample::new(ShapeKind::Polygon, &BOX, false));
        assert_eq!(tracks(&[at(&BOX, false)], &[polygon()], false), 0.0);
        let ellipse = || Some(Sample::new(ShapeKind::Ellipse, &BOX, false));
        assert_eq!(tracks(&[ellipse()], &[ellipse()], false), 0.0);
    }

    #[test]
    fn tracks_that_both_show_nothing_are_alike_as_in_the_reference() {
        assert_eq!(tracks(&[None, None], &[None, None], false), 1.0);
        assert_eq!(tracks(&[], &[], false), 1.0);
    }
}
