//! The part of a shape that lies inside a picture.

/// The part of a box inside a picture of this width and height; `None` if nothing of it is.
pub fn clip_box([x0, y0, x1, y1]: [f64; 4], [width, height]: [f64; 2]) -> Option<[f64; 4]> {
    let clipped = [x0.max(0.0), y0.max(0.0), x1.min(width), y1.min(height)];
    (clipped[0] < clipped[2] && clipped[1] < clipped[3]).then_some(clipped)
}

/// The part of a polygon `x, y, …` inside a picture of this width and height, by the algorithm of Sutherland and
/// Hodgman: several parts stay joined along the edge of the picture. Empty if nothing of it is inside.
pub fn clip_polygon(points: &[f64], [width, height]: [f64; 2]) -> Vec<f64> {
    let (points, _) = points.as_chunks::<2>();
    let mut ring = points.to_vec();
    for (axis, limit, side) in [(0, 0.0, 1.0), (1, 0.0, 1.0), (0, width, -1.0), (1, height, -1.0)] {
        let inside = |point: &[f64; 2]| (point[axis] - limit) * side >= 0.0;
        let ends = ring.iter().cycle().skip(1);
        let mut clipped = Vec::with_capacity(ring.len() + 4);
        for (from, to) in ring.iter().zip(ends) {
            if inside(from) {
                clipped.push(*from);
            }
            if inside(from) != inside(to) {
                let share = (limit - from[axis]) / (to[axis] - from[axis]);
                let mut crossing = [0, 1].map(|at: usize| from[at] + share * (to[at] - from[at]));
                crossing[axis] = limit;
                clipped.push(crossing);
            }
        }
        ring = clipped;
    }
    ring.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PICTURE: [f64; 2] = [10.0, 8.0];

    #[test]
    fn a_box_ends_at_the_edges_of_its_picture() {
        assert_eq!(clip_box([-5.0, 2.0, 4.0, 20.0], PICTURE), Some([0.0, 2.0, 4.0, 8.0]));
        assert_eq!(clip_box([1.0, 2.0, 3.0, 4.0], PICTURE), Some([1.0, 2.0, 3.0, 4.0]));
        for outside in [[-5.0, 0.0, 0.0, 5.0], [10.0, 0.0, 12.0, 5.0], [2.0, 2.0, 2.0, 5.0]] {
            assert_eq!(clip_box(outside, PICTURE), None);
        }
    }

    #[test]
    fn a_polygon_inside_stays_as_it_is() {
        let triangle = [1.0, 1.0, 9.0, 1.0, 5.0, 7.0];
        assert_eq!(clip_polygon(&triangle, PICTURE), triangle);
    }

    #[test]
    fn a_corner_of_the_picture_that_a_polygon_covers_belongs_to_the_part_inside() {
        // A square around the top left corner.
        assert_eq!(
            clip_polygon(&[-2.0, -2.0, 4.0, -2.0, 4.0, 4.0, -2.0, 4.0], PICTURE),
            [4.0, 0.0, 4.0, 4.0, 0.0, 4.0, 0.0, 0.0]
        );
        // A triangle whose long side cuts the corner of the picture: what lies beyond the corner is gone.
        assert_eq!(clip_polygon(&[6.0, 8.0, 6.0, 4.0, 14.0, 4.0], PICTURE), [6.0, 8.0, 6.0, 4.0, 10.0, 4.0, 10.0, 6.0]);
    }

    #[test]
    fn nothing_is_left_of_a_polygon_outside() {
        assert_eq!(clip_polygon(&[20.0, 0.0, 30.0, 0.0, 30.0, 5.0], PICTURE), Vec::<f64>::new());
        assert_eq!(clip_polygon(&[], PICTURE), Vec::<f64>::new());
    }
}
