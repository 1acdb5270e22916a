//! What lies between two keyframes of a track: coordinates and rotation, to the bit as CVAT computes them.
//!
//! Where a frame `f` lies between keyframes at `a` and `b`, its offset is `o = (f - a) / (b - a)`. The order of the
//! floating-point operations is part of the rule: exports print coordinates in full.

use crate::schema::ShapeKind;
use crate::timeline::curve::Matching;

/// Appends to `out` the coordinates of a shape of `kind` at offset `o` between the keyframes `left` and `right`.
///
/// Rectangles, ellipses, cuboids and single points move on straight lines, polygons and polylines by [`Matching`]. What
/// has no interpolation (masks, several points) or cannot have one (keyframes of different lengths) holds `left`. For
/// many frames between the same two polygons, make the [`Matching`] once instead of calling this for each.
pub fn points(kind: ShapeKind, left: &[f64], right: &[f64], o: f64, out: &mut Vec<f64>) {
    match kind {
        ShapeKind::Polygon | ShapeKind::Polyline => match Matching::new(left, right, kind == ShapeKind::Polygon) {
            Some(matching) => matching.at(o, out, &mut Vec::new()),
            None => out.extend_from_slice(left),
        },
        _ if rotates(kind, left, right) && left.len() == right.len() => {
            out.extend(left.iter().zip(right).map(|(l, r)| l + (r - l) * o));
        }
        _ => out.extend_from_slice(left),
    }
}

/// Whether the rotation of a shape changes between the keyframes `left` and `right`, so that [`rotation`] applies.
/// Shapes that do not move on straight lines keep the rotation of `left`.
pub fn rotates(kind: ShapeKind, left: &[f64], right: &[f64]) -> bool {
    match kind {
        ShapeKind::Rectangle | ShapeKind::Ellipse | ShapeKind::Cuboid | ShapeKind::Skeleton => true,
        ShapeKind::Points => left.len() == 2 && right.len() == 2,
        ShapeKind::Polygon | ShapeKind::Polyline | ShapeKind::Mask => false,
    }
}

/// The rotation in degrees at offset `o` between two keyframes, along the shorter arc.
///
/// Between exactly opposite rotations there is no shorter arc; CVAT then turns by one degree in all, and so does this.
pub fn rotation(left: f64, right: f64, o: f64) -> f64 {
    let turn = floored_remainder(right - left + 180.0) - 180.0;
    // The arms are CVAT's, an operator precedence gone wrong: the last is reached only where the remainder rounds up
    // to 360 itself.
    let turn = if turn.abs() < 180.0 || turn.is_nan() {
        turn
    } else if turn < 0.0 {
        1.0
    } else {
        360.0 + turn
    };
    floored_remainder(left + turn * o + 360.0)
}

/// The remainder by 360 as Python's `%` computes it: never negative, and 360 where a tiny negative angle rounds up.
fn floored_remainder(angle: f64) -> f64 {
    let remainder = angle % 360.0;
    if remainder < 0.0 { remainder + 360.0 } else { remainder.abs() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(kind: ShapeKind, left: &[f64], right: &[f64], o: f64) -> Vec<f64> {
        let mut out = vec![-1.0];
        points(kind, left, right, o, &mut out);
        assert_eq!(out.remove(0), -1.0, "what was there stays");
        out
    }

    #[test]
    fn a_rectangle_moves_on_straight_lines() {
        let half = between(ShapeKind::Rectangle, &[0.0, 0.0, 10.0, 10.0], &[6.0, 0.0, 16.0, 10.0], 0.5);
        assert_eq!(half, [3.0, 0.0, 13.0, 10.0]);
        // Python: 9.3 + (2.8 - 9.3) * (1 / 3); weighting both ends instead would end in 35.
        assert_eq!(between(ShapeKind::Ellipse, &[9.3], &[2.8], 1.0 / 3.0), [7.133333333333334]);
    }

    #[test]
    fn a_3d_cuboid_moves_all_its_sixteen_numbers_without_wrapping_angles() {
        let (mut left, mut right) = ([0.0; 16], [0.0; 16]);
        (left[5], right[5]) = (3.0, -3.0);
        let steps = [0.25, 0.5, 0.75].map(|o| between(ShapeKind::Cuboid, &left, &right, o)[5]);
        assert_eq!(steps, [1.5, 0.0, -1.5]);
    }

    #[test]
    fn one_point_moves_and_several_hold() {
        assert_eq!(between(ShapeKind::Points, &[0.0, 2.0], &[4.0, 4.0], 0.5), [2.0, 3.0]);
        assert_eq!(between(ShapeKind::Points, &[0.0, 2.0, 1.0, 1.0], &[4.0; 4], 0.5), [0.0, 2.0, 1.0, 1.0]);
        assert_eq!(between(ShapeKind::Points, &[0.0, 2.0], &[4.0; 4], 0.5), [0.0, 2.0]);
    }

    #[test]
    fn what_cannot_be_interpolated_holds_the_left_keyframe() {
        assert_eq!(between(ShapeKind::Mask, &[1.0, 2.0], &[3.0, 4.0], 0.5), [1.0, 2.0]);
        assert_eq!(between(ShapeKind::Rectangle, &[1.0, 2.0, 3.0, 4.0], &[3.0], 0.5), [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(between(ShapeKind::Polygon, &[1.0, 2.0], &[], 0.5), [1.0, 2.0]);
        assert_eq!(between(ShapeKind::Polyline, &[1.0, 2.0, 3.0], &[1.0, 2.0], 0.5), [1.0, 2.0, 3.0]);
        assert!(between(ShapeKind::Skeleton, &[], &[], 0.5).is_empty());
    }

    #[test]
    fn only_shapes_that_move_on_straight_lines_turn() {
        let turning: Vec<_> = ShapeKind::ALL.into_iter().filter(|&kind| rotates(kind, &[0.0; 4], &[0.0; 4])).collect();
        assert_eq!(turning, [ShapeKind::Rectangle, ShapeKind::Ellipse, ShapeKind::Cuboid, ShapeKind::Skeleton]);
        assert!(rotates(ShapeKind::Points, &[0.0; 2], &[0.0; 2]));
    }

    #[test]
    fn a_rotation_takes_the_shorter_arc() {
        let quarters = |left, right| [0.25, 0.5, 0.75].map(|o| rotation(left, right, o));
        assert_eq!(quarters(350.0, 10.0), [355.0, 0.0, 5.0]);
        assert_eq!(quarters(10.0, 350.0), [5.0, 0.0, 355.0]);
        assert_eq!(quarters(-90.0, 0.0), [292.5, 315.0, 337.5]);
    }

    #[test]
    fn opposite_rotations_turn_by_one_degree() {
        let quarters = |left, right| [0.25, 0.5, 0.75].map(|o| rotation(left, right, o));
        assert_eq!(quarters(0.0, 180.0), [0.25, 0.5, 0.75]);
        assert_eq!(quarters(180.0, 0.0), [180.25, 180.5, 180.75]);
    }

    #[test]
    fn a_difference_just_beyond_half_a_turn_follows_the_rounding_of_the_reference() {
        // Python: (-180.00000000000003 + 180) % 360 == 360.0, so the turn is 360 + 180 degrees.
        assert_eq!(rotation(0.0, -180.00000000000003, 0.5), 270.0);
        assert!(rotation(f64::NAN, 0.0, 0.5).is_nan());
    }
}
