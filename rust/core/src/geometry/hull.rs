//! The smallest turned box around points.

/// The corners `x, y, …` of the turned box of the least area around the points `x, y, …`, clockwise on the screen from
/// the one that is nearest to the top left. `None` if the points lie on one line, or are not finite.
pub fn smallest_box(points: &[f64]) -> Option<[f64; 8]> {
    let hull = hull(points);
    if hull.len() < 3 {
        return None;
    }
    let ends = hull.iter().cycle().skip(1);
    let boxes = hull.iter().zip(ends).map(|(from, to)| along(*from, *to, &hull));
    let (_, corners) = boxes.reduce(|best, next| if next.0 < best.0 { next } else { best })?;
    let first = (0..4).reduce(|best, at| if sum(corners[at]) < sum(corners[best]) { at } else { best })?;
    Some(std::array::from_fn(|place| corners[(first + place / 2) % 4][place % 2]))
}

fn sum([x, y]: [f64; 2]) -> f64 {
    x + y
}

/// Area and corners of the box around points with a side along a line.
fn along(from: [f64; 2], to: [f64; 2], points: &[[f64; 2]]) -> (f64, [[f64; 2]; 4]) {
    let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
    let length = dx.hypot(dy);
    let axes = [[dx / length, dy / length], [-dy / length, dx / length]];
    let [(low, high), (near, far)] = axes.map(|axis| {
        let at = |point: &[f64; 2]| point[0] * axis[0] + point[1] * axis[1];
        points.iter().map(at).fold((f64::MAX, f64::MIN), |(low, high), at| (low.min(at), high.max(at)))
    });
    let corner = |(a, b): (f64, f64)| [0, 1].map(|place: usize| a * axes[0][place] + b * axes[1][place]);
    ((high - low) * (far - near), [(low, near), (high, near), (high, far), (low, far)].map(corner))
}

/// The corners of the convex hull, by the monotone chain of Andrew.
fn hull(points: &[f64]) -> Vec<[f64; 2]> {
    let (points, _) = points.as_chunks::<2>();
    let mut sorted = points.to_vec();
    if sorted.iter().flatten().any(|value| !value.is_finite()) {
        return Vec::new();
    }
    sorted.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    sorted.dedup();
    let mut hull = chain(sorted.iter());
    hull.pop();
    hull.extend(chain(sorted.iter().rev()));
    hull.pop();
    hull
}

/// One side of the hull.
fn chain<'p>(points: impl Iterator<Item = &'p [f64; 2]>) -> Vec<[f64; 2]> {
    let mut chain: Vec<[f64; 2]> = Vec::new();
    for &point in points {
        while let [.., a, b] = chain[..] {
            if (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0]) > 0.0 {
                break;
            }
            chain.pop();
        }
        chain.push(point);
    }
    chain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounded(points: &[f64]) -> Option<[f64; 8]> {
        smallest_box(points).map(|corners| corners.map(|value| (value * 1e6).round() / 1e6 + 0.0))
    }

    #[test]
    fn the_box_is_turned_as_the_points_are() {
        let upright = [0.0, 0.0, 4.0, 0.0, 4.0, 2.0, 0.0, 2.0];
        assert_eq!(rounded(&upright), Some(upright));
        // A corner cut off, and the order of the points, change nothing.
        assert_eq!(rounded(&[4.0, 2.0, 0.0, 2.0, 1.0, 1.0, 0.0, 0.0, 3.5, 0.0, 4.0, 0.5]), Some(upright));
        let turned = [3.0, 0.0, 7.0, 3.0, 5.5, 5.0, 1.5, 2.0];
        assert_eq!(rounded(&[5.5, 5.0, 4.0, 2.0, 1.5, 2.0, 7.0, 3.0, 3.0, 0.0]), Some(turned));
    }

    #[test]
    fn points_of_one_line_have_no_box() {
        for points in [&[][..], &[1.0, 1.0], &[1.0, 1.0, 1.0, 1.0], &[0.0, 0.0, 1.0, 1.0, 2.0, 2.0], &[f64::NAN; 8]] {
            assert_eq!(smallest_box(points), None, "{points:?}");
        }
    }
}
