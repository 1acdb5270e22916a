//! Shapes as training tools take them: the corners of a box in order, and nothing outside the image.

use super::annotation::corners;
use super::instance::ellipse;
use crate::error::Result;
use crate::geometry;
use crate::plan::{Profile, Scratch};
use crate::raster;
use crate::report::Outcome;
use crate::schema::ShapeKind;
use crate::text::number::round2_numpy;
use crate::timeline::{Item, Timeline};

/// What becomes of a shape of which a part lies outside its image.
pub const CLIPPED: Outcome = Outcome::Converted("the part inside the image");
/// What becomes of a box that was drawn from another corner than the upper left one.
pub const ORDERED: Outcome = Outcome::Converted("a box with its corners in order");
/// What becomes of a shape that lies outside its image, or is a line or a point.
pub const OUTSIDE: Outcome = Outcome::Dropped("no area of it lies inside the image");

/// The part of a box inside its image, corners in order, and what became of the box; none if it covers no area there.
/// A image without a known size, which is 0, has no far edges.
pub fn fit_box([x0, y0, x1, y1]: [f64; 4], image: [f64; 2]) -> Option<([f64; 4], Outcome)> {
    let ordered = [x0.min(x1), y0.min(y1), x0.max(x1), y0.max(y1)];
    let fitted = geometry::clip_box(ordered, edges(image))?;
    let outcome = match fitted {
        _ if fitted != ordered => CLIPPED,
        _ if ordered != [x0, y0, x1, y1] => ORDERED,
        _ => Outcome::Written,
    };
    Some((fitted, outcome))
}

/// The part of a polygon inside its image, and what became of it; none if nothing is left.
pub fn fit_polygon(points: Vec<f64>, image: [f64; 2]) -> Option<(Vec<f64>, Outcome)> {
    let image = edges(image);
    if is_inside(geometry::bounds(&points)?, image) {
        return Some((points, Outcome::Written));
    }
    let clipped = geometry::clip_polygon(&points, image);
    has_extent(geometry::bounds(&clipped)?).then_some((clipped, CLIPPED))
}

/// The corners of an upright box as a profile wants them: as they are, or fitted into the image for training.
pub fn fit_for(
    profile: Profile,
    timeline: &Timeline<'_>,
    item: &Item,
    corners: [f64; 4],
) -> Option<([f64; 4], Outcome)> {
    match profile {
        Profile::Cvat => Some((corners, Outcome::Written)),
        Profile::Training => fit_box(corners, image(timeline, item)),
    }
}

/// Width and height of the image of a shape, without bound where they are not known.
pub fn image(timeline: &Timeline<'_>, item: &Item) -> [f64; 2] {
    let (width, height) = timeline.size(item.frame);
    edges([width, height].map(f64::from))
}

/// Whether any area of a box, polygon, mask or ellipse lies inside its image. Most shapes lie inside altogether, which
/// their bounds show.
pub fn covers_area(timeline: &Timeline<'_>, item: &Item, scratch: &mut Scratch) -> Result<bool> {
    let image = image(timeline, item);
    let (width, height) = timeline.size(item.frame);
    let rotation = timeline.rotation(item);
    let points = timeline.points(item, &mut scratch.points);
    Ok(match item.kind {
        // Most boxes are upright and lie well inside, which shows before anything is rounded.
        ShapeKind::Rectangle if rotation == 0.0 && is_well_inside(points, image) => true,
        ShapeKind::Rectangle => {
            let corners = corners(points).unwrap_or_default();
            match outline(corners, rotation) {
                None => fit_box(corners, image).is_some(),
                Some(ring) => fit_polygon(ring, image).is_some(),
            }
        }
        ShapeKind::Polygon => {
            geometry::bounds(points).is_some_and(|bounds| is_inside(bounds.map(round2_numpy), image))
                || fit_polygon(points.iter().copied().map(round2_numpy).collect(), image).is_some()
        }
        ShapeKind::Mask => {
            shows_all(points, image) || raster::cvat::to_rle(points, height, width, &mut scratch.raster)?.rle.area() > 0
        }
        ShapeKind::Ellipse => ellipse(points, rotation, height, width, &mut scratch.raster)?.area() > 0,
        _ => true,
    })
}

/// The corners of a turned box, `x, y, …`, rounded to two digits; none for an upright one.
pub fn outline([x0, y0, x1, y1]: [f64; 4], rotation: f64) -> Option<Vec<f64>> {
    let ordered = [x0.min(x1), y0.min(y1), x0.max(x1), y0.max(y1)];
    (rotation != 0.0).then(|| geometry::rotated_box_to_polygon(&ordered, rotation).map(round2_numpy).to_vec())
}

/// Whether the corners of an upright box are in order, inside the image and at least a pixel apart.
fn is_well_inside(points: &[f64], [width, height]: [f64; 2]) -> bool {
    let &[x0, y0, x1, y1] = points else { return false };
    x0 >= 0.0 && y0 >= 0.0 && x1 <= width && y1 <= height && x1 - x0 >= 1.0 && y1 - y0 >= 1.0
}

/// Whether a mask of CVAT has pixels, and none outside its image.
fn shows_all(points: &[f64], [width, height]: [f64; 2]) -> bool {
    let Some((runs, &[left, top, right, bottom])) = points.split_last_chunk::<4>() else { return false };
    let is_inside = left >= 0.0 && top >= 0.0 && right < width && bottom < height;
    is_inside && runs.iter().skip(1).step_by(2).any(|run| *run >= 1.0)
}

/// Whether bounds lie inside a image and are neither a line nor a point.
fn is_inside(bounds: [f64; 4], [width, height]: [f64; 2]) -> bool {
    let [left, top, right, bottom] = bounds;
    left >= 0.0 && top >= 0.0 && right <= width && bottom <= height && has_extent(bounds)
}

fn has_extent([left, top, right, bottom]: [f64; 4]) -> bool {
    left < right && top < bottom
}

fn edges(image: [f64; 2]) -> [f64; 2] {
    image.map(|extent| if extent > 0.0 { extent } else { f64::INFINITY })
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMAGE: [f64; 2] = [10.0, 8.0];

    #[test]
    fn the_corners_of_a_box_may_be_drawn_in_any_order() {
        let drawn = [[1.0, 2.0, 4.0, 6.0], [4.0, 6.0, 1.0, 2.0], [4.0, 2.0, 1.0, 6.0], [1.0, 6.0, 4.0, 2.0]];
        let fitted = drawn.map(|corners| fit_box(corners, IMAGE).unwrap());
        assert_eq!(fitted.map(|(corners, _)| corners), [[1.0, 2.0, 4.0, 6.0]; 4]);
        assert_eq!(fitted.map(|(_, outcome)| outcome), [Outcome::Written, ORDERED, ORDERED, ORDERED]);
    }

    #[test]
    fn a_box_is_cut_at_the_edges_of_its_image() {
        assert_eq!(fit_box([4.0, 20.0, -5.0, 2.0], IMAGE), Some(([0.0, 2.0, 4.0, 8.0], CLIPPED)));
        assert_eq!(fit_box([-1.0, 1.0, 99.0, 2.0], [0.0, 0.0]), Some(([0.0, 1.0, 99.0, 2.0], CLIPPED)));
        for nothing in [[11.0, 0.0, 12.0, 5.0], [3.0, 3.0, 3.0, 5.0], [5.0, 0.0, 2.0, -1.0]] {
            assert_eq!(fit_box(nothing, IMAGE), None);
        }
    }

    #[test]
    fn a_polygon_that_is_a_line_covers_nothing() {
        assert_eq!(fit_polygon(vec![1.0, 1.0, 5.0, 1.0, 3.0, 1.0], IMAGE), None);
        // It only touches the image.
        assert_eq!(fit_polygon(vec![10.0, 1.0, 12.0, 1.0, 10.0, 4.0], IMAGE), None);
        let triangle = vec![1.0, 1.0, 5.0, 1.0, 3.0, 4.0];
        assert_eq!(fit_polygon(triangle.clone(), IMAGE), Some((triangle, Outcome::Written)));
    }
}
