//! Boxes, polygons and cuboids as areas: how alike two shapes are, and what bounds them.

mod boxes;
mod clip;
mod hull;
mod polygons;

pub use boxes::{iou_boxes, iou_cuboids, rotated_box_to_polygon};
pub use clip::{clip_box, clip_polygon};
pub use hull::smallest_box;
pub use polygons::{Outline, iou_polygons};

use crate::schema::ShapeKind;

/// The similarity of two shapes of the same kind and label, from 0 to 1, by which CVAT recognises the same object in
/// two jobs.
///
/// It is the intersection over union of rectangles (without their rotation) and polygons, for cuboids that of
/// [`iou_cuboids`] if `three_d`; everything else, and coordinates that do not suit the kind, has similarity 0.
pub fn similarity(kind: ShapeKind, a: &[f64], b: &[f64], three_d: bool) -> f64 {
    match kind {
        ShapeKind::Rectangle => match (a.try_into(), b.try_into()) {
            (Ok(a), Ok(b)) => iou_boxes(a, b),
            _ => 0.0,
        },
        ShapeKind::Polygon => iou_polygons(a, b),
        ShapeKind::Cuboid if three_d => iou_cuboids(a, b),
        _ => 0.0,
    }
}

/// The smallest box `[left, top, right, bottom]` around the points `x, y, …`; `None` without points. A coordinate that
/// is NaN does not count, and neither does half a point at the end.
pub fn bounds(points: &[f64]) -> Option<[f64; 4]> {
    let (points, _) = points.as_chunks::<2>();
    let (&[x, y], rest) = points.split_first()?;
    Some(rest.iter().fold([x, y, x, y], |[left, top, right, bottom], &[x, y]| {
        [left.min(x), top.min(y), right.max(x), bottom.max(y)]
    }))
}

/// The area inside a ring `x, y, …` by the shoelace formula, in square pixels; parts that are run around twice count twice.
pub fn ring_area(points: &[f64]) -> f64 {
    let (points, _) = points.as_chunks::<2>();
    let next = points.iter().cycle().skip(1);
    let mut area = 0.0;
    for ([x, y], [next_x, next_y]) in points.iter().zip(next) {
        // Two steps: the order of the operations decides which of two equal shapes counts as the larger.
        area += x * next_y;
        area -= next_x * y;
    }
    area.abs() / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_of_a_ring_does_not_depend_on_its_direction() {
        assert_eq!(ring_area(&[0.0, 0.0, 4.0, 0.0, 4.0, 3.0, 0.0, 3.0]), 12.0);
        assert_eq!(ring_area(&[0.0, 3.0, 4.0, 3.0, 4.0, 0.0, 0.0, 0.0]), 12.0);
        assert_eq!(ring_area(&[1.0, 1.0]), 0.0);
        assert_eq!(ring_area(&[]), 0.0);
    }

    #[test]
    fn only_rectangles_polygons_and_3d_cuboids_have_a_similarity() {
        let square = [0.0, 0.0, 10.0, 0.0, 10.0, 10.0, 0.0, 10.0];
        let cuboid = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0];
        for kind in ShapeKind::ALL {
            let of = |points: &[f64], three_d| similarity(kind, points, points, three_d);
            let expected = |yes| if yes { 1.0 } else { 0.0 };
            assert_eq!(of(&[0.0, 0.0, 2.0, 2.0], false), expected(kind == ShapeKind::Rectangle), "{kind:?}");
            assert_eq!(of(&square, false), expected(kind == ShapeKind::Polygon), "{kind:?}");
            assert_eq!(of(&cuboid, true), expected(kind == ShapeKind::Cuboid), "{kind:?}");
            assert_eq!(of(&[], true), 0.0);
        }
        assert_eq!(similarity(ShapeKind::Cuboid, &[0.0; 16], &[0.0; 16], false), 0.0);
    }

    #[test]
    fn bounds_are_the_extremes_of_each_axis() {
        assert_eq!(bounds(&[3.0, -1.0, 0.5, 7.0, 2.0, 2.0]), Some([0.5, -1.0, 3.0, 7.0]));
        assert_eq!(bounds(&[3.0, 4.0, 9.0]), Some([3.0, 4.0, 3.0, 4.0]));
        assert_eq!(bounds(&[f64::NAN, 4.0, 9.0, 1.0]), Some([9.0, 1.0, 9.0, 4.0]));
        assert_eq!(bounds(&[]), None);
    }
}
