//! Axis-aligned boxes, rotated ones, and the boxes that a 3D cuboid shows from above and from the side.

/// Intersection over union of two axis-aligned boxes, each given by two opposite corners `x0, y0, x1, y1`; 0 if either
/// has no area or a coordinate that is not finite.
///
/// CVAT asks Shapely; this rounds as Shapely's areas of such boxes do.
pub fn iou_boxes(a: &[f64; 4], b: &[f64; 4]) -> f64 {
    let (Some(a), Some(b)) = (with_area(a), with_area(b)) else { return 0.0 };
    let width = a[2].min(b[2]) - a[0].max(b[0]);
    let height = a[3].min(b[3]) - a[1].max(b[1]);
    if !(width > 0.0 && height > 0.0) {
        return 0.0;
    }
    let overlap = width * height;
    overlap / (area(&a) + area(&b) - overlap)
}

/// The box with its corners in order, if it is finite and covers an area.
fn with_area(&[x0, y0, x1, y1]: &[f64; 4]) -> Option<[f64; 4]> {
    let ordered = [x0.min(x1), y0.min(y1), x0.max(x1), y0.max(y1)];
    let area = area(&ordered);
    ([x0, y0, x1, y1].iter().all(|v| v.is_finite()) && area.is_finite() && area > 0.0).then_some(ordered)
}

fn area(&[left, top, right, bottom]: &[f64; 4]) -> f64 {
    (right - left) * (bottom - top)
}

/// Similarity of two 3D cuboids (position, rotation and scale, three numbers each; more are ignored): the intersection
/// over union seen from above (x and y) times that seen from the side (x and z). Rotation does not count. 0 if either
/// has fewer than nine numbers.
pub fn iou_cuboids(a: &[f64], b: &[f64]) -> f64 {
    let view = |axis| match (cuboid_view(a, axis), cuboid_view(b, axis)) {
        (Some(a), Some(b)) => iou_boxes(&a, &b),
        _ => 0.0,
    };
    view(1) * view(2)
}

/// The box of a cuboid in the plane of x and another axis.
fn cuboid_view(cuboid: &[f64], axis: usize) -> Option<[f64; 4]> {
    let (position, scale) = (cuboid.get(..3)?, cuboid.get(6..9)?);
    let (x, y, half_x, half_y) = (position[0], position[axis], scale[0] / 2.0, scale[axis] / 2.0);
    Some([x - half_x, y - half_y, x + half_x, y + half_y])
}

/// The corners `x, y, …` of the box `left, top, right, bottom` turned clockwise on the screen about its centre by
/// `degrees`, beginning with what was the left top corner. Not rounded.
pub fn rotated_box_to_polygon(&[x0, y0, x1, y1]: &[f64; 4], degrees: f64) -> [f64; 8] {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (cx, cy) = (x0 + (x1 - x0) / 2.0, y0 + (y1 - y0) / 2.0);
    let turned = |x: f64, y: f64| {
        let (dx, dy) = (x - cx, y - cy);
        [cx + cos * dx - sin * dy, cy + sin * dx + cos * dy]
    };
    let corners = [turned(x0, y0), turned(x1, y0), turned(x1, y1), turned(x0, y1)];
    std::array::from_fn(|at| corners[at / 2][at % 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_share_their_overlap_of_their_union() {
        assert_eq!(iou_boxes(&[0.0, 0.0, 10.0, 10.0], &[0.0, 0.0, 10.0, 10.0]), 1.0);
        assert_eq!(iou_boxes(&[0.0, 0.0, 4.0, 1.0], &[1.0, 0.0, 4.0, 1.0]), 0.75);
        assert_eq!(iou_boxes(&[0.0, 0.0, 2.0, 2.0], &[1.0, 1.0, 3.0, 3.0]), 1.0 / 7.0);
        assert_eq!(iou_boxes(&[0.0, 0.0, 2.0, 2.0], &[2.0, 0.0, 4.0, 2.0]), 0.0);
    }

    #[test]
    fn corners_may_come_in_any_order() {
        assert_eq!(iou_boxes(&[4.0, 1.0, 0.0, 0.0], &[1.0, 1.0, 4.0, 0.0]), 0.75);
    }

    #[test]
    fn a_box_without_area_or_with_a_coordinate_that_is_no_number_is_like_none() {
        assert_eq!(iou_boxes(&[1.0, 1.0, 1.0, 5.0], &[1.0, 1.0, 1.0, 5.0]), 0.0);
        for wrong in [f64::NAN, f64::INFINITY, f64::MAX] {
            assert_eq!(iou_boxes(&[-wrong, -wrong, wrong, wrong], &[0.0, 0.0, 1.0, 1.0]), 0.0);
        }
    }

    #[test]
    fn cuboids_are_compared_from_above_and_from_the_side() {
        let a = [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 2.0, 2.0];
        let mut b = a;
        assert_eq!(iou_cuboids(&a, &b), 1.0);
        // Half a length along x shows in both views (1/3 each), along z only from the side.
        b[0] = 1.0;
        assert_eq!(iou_cuboids(&a, &b), 1.0 / 3.0 * (1.0 / 3.0));
        b = a;
        b[2] = 1.0;
        assert_eq!(iou_cuboids(&a, &b), 1.0 / 3.0);
        assert_eq!(iou_cuboids(&a[..8], &b), 0.0);
    }

    #[test]
    fn a_box_turns_about_its_centre() {
        let turned = rotated_box_to_polygon(&[0.0, 0.0, 4.0, 2.0], 90.0);
        // Clockwise with y down: the left top corner comes to the right top.
        let expected = [3.0, -1.0, 3.0, 3.0, 1.0, 3.0, 1.0, -1.0];
        assert!(turned.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15), "{turned:?}");
        // math.cos and math.sin of math.radians(30) in Python.
        let turned = rotated_box_to_polygon(&[10.0, 20.0, 30.5, 40.25], 30.0);
        assert_eq!(turned[..2], [16.435739611209502, 16.23149278668256]);
    }
}
