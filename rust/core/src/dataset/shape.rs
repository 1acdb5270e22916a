//! What the coordinates of a shape of each kind must be. A source may hold others: such shapes are faults of the dataset.

use crate::error::{Code, Error, Result};
use crate::schema::ShapeKind;

/// Checks the coordinates of a shape.
pub fn check(kind: ShapeKind, points: &[f64]) -> Result<()> {
    let wrong = |must: &str| {
        let count = points.len();
        Err(Error::new(Code::BadShape, format!("a {} of {count} numbers; it must have {must}", kind.as_str())))
    };
    let count = points.len();
    match kind {
        ShapeKind::Rectangle | ShapeKind::Ellipse if count != 4 => wrong("4"),
        ShapeKind::Polygon if count < 6 || !count.is_multiple_of(2) => wrong("two for each of at least three points"),
        ShapeKind::Polyline if count < 4 || !count.is_multiple_of(2) => wrong("two for each of at least two points"),
        ShapeKind::Points if count < 2 || !count.is_multiple_of(2) => wrong("two for each of at least one point"),
        ShapeKind::Cuboid if count != 16 => wrong("16"),
        ShapeKind::Mask => check_mask(points),
        _ => Ok(()),
    }
}

/// Checks an element of a skeleton: one point.
pub fn check_element(kind: ShapeKind, points: &[f64]) -> Result<()> {
    if kind == ShapeKind::Points && points.len() == 2 {
        return Ok(());
    }
    let what = format!("an element of a skeleton is one point, not {} of {} numbers", kind.as_str(), points.len());
    Err(Error::new(Code::BadShape, what))
}

/// Checks that the runs of a mask fill its box. Numbers count without their fractions, as CVAT counts them.
fn check_mask(points: &[f64]) -> Result<()> {
    let bad = |what: &str| Err(Error::new(Code::BadMask, what.to_owned()));
    let Some((runs, &[left, top, right, bottom])) = points.split_last_chunk::<4>() else {
        return bad("a mask of fewer than four numbers has no box");
    };
    let limit = f64::from(i32::MAX);
    if [left, top, right, bottom].iter().any(|edge| edge.abs() > limit) || runs.iter().any(|&run| run < 0.0) {
        return bad("a mask with a negative run or a box beyond all pictures");
    }
    let (width, height) = (right.trunc() - left.trunc() + 1.0, bottom.trunc() - top.trunc() + 1.0);
    // Doubles count exactly to 2^53; whatever overflows that does not fill a box of two 32-bit sides by chance.
    let filled: f64 = runs.iter().map(|run| run.trunc()).sum();
    if width < 1.0 || height < 1.0 || filled != width * height {
        return bad(&format!("the runs of a mask cover {filled} pixels, its box has {width} by {height}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_has_as_many_numbers_as_its_kind_asks_for() {
        let zeros = [0.0; 18];
        let allowed = |kind: ShapeKind| (0..=18).filter(|&n| check(kind, &zeros[..n]).is_ok()).collect::<Vec<_>>();
        assert_eq!(allowed(ShapeKind::Rectangle), [4]);
        assert_eq!(allowed(ShapeKind::Ellipse), [4]);
        assert_eq!(allowed(ShapeKind::Cuboid), [16]);
        assert_eq!(allowed(ShapeKind::Polygon), [6, 8, 10, 12, 14, 16, 18]);
        assert_eq!(allowed(ShapeKind::Polyline), [4, 6, 8, 10, 12, 14, 16, 18]);
        assert_eq!(allowed(ShapeKind::Points), [2, 4, 6, 8, 10, 12, 14, 16, 18]);
    }

    #[test]
    fn the_runs_of_a_mask_fill_its_box() {
        let mask = |points: &[f64]| check(ShapeKind::Mask, points).map_err(|error| error.code());
        assert_eq!(mask(&[1.0, 4.0, 1.0, 10.0, 20.0, 12.0, 21.0]), Ok(()));
        assert_eq!(mask(&[1.9, 4.2, 1.0, 10.7, 20.0, 12.1, 21.9]), Ok(()));
        for bad in [
            &[1.0, 4.0, 2.0, 10.0, 20.0, 12.0, 21.0][..],
            &[-1.0, 7.0, 10.0, 20.0, 12.0, 21.0],
            &[0.0, 12.0, 20.0, 10.0, 21.0],
            &[1.0, 0.0, 0.0, 1e300, 0.0],
            &[1.0, 2.0, 3.0],
            &[],
        ] {
            assert_eq!(mask(bad), Err(Code::BadMask), "{bad:?}");
        }
    }

    #[test]
    fn an_element_of_a_skeleton_is_one_point() {
        assert!(check_element(ShapeKind::Points, &[1.0, 2.0]).is_ok());
        assert!(check_element(ShapeKind::Points, &[1.0, 2.0, 3.0, 4.0]).is_err());
        assert!(check_element(ShapeKind::Rectangle, &[1.0, 2.0]).is_err());
    }
}
