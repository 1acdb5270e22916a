//! `Ultralytics YOLO Oriented Bounding Boxes 1.0`: a line per box, `class` and its four corners.

use crate::error::Result;
use crate::format::kit::annotation::corners;
use crate::format::ultralytics::{self, Content, Lines, Shape, top_labels, write_shares};
use crate::geometry;
use crate::plan::{Encoder, Format, Options, Output};
use crate::report::Outcome;
use crate::schema::ShapeKind;
use crate::timeline::Scene;

/// The format.
pub const FORMAT: Format = Format {
    name: "Ultralytics YOLO Oriented Bounding Boxes 1.0",
    slug: "yolo-obb",
    summary: "a text file per frame with the corners of boxes; boxes only, turned ones too",
    takes_3d: false,
    repeats_numbers: false,
    page: include_str!("page.md"),
    encoder,
};

const NO_BOX: Outcome = Outcome::Dropped("YOLO oriented boxes are made of boxes only");
const TOO_FAR: Outcome =
    Outcome::Dropped("too much of it lies outside the picture: Ultralytics would leave out the picture");

fn encoder<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Box<dyn Encoder + 's>> {
    let classes = top_labels(&scene.dataset.schema);
    let kinds = &[ShapeKind::Rectangle];
    ultralytics::encoder(
        scene,
        options,
        Content { classes, keypoints: None, kinds, other: NO_BOX, lines: Box::new(TurnedBoxes) },
    )
}

struct TurnedBoxes;

impl Lines for TurnedBoxes {
    fn write(&self, shape: &Shape<'_>, out: &mut Output) -> Result<Outcome> {
        let picture = shape.picture()?;
        let Some(corners) = corners(shape.timeline.points(shape.item, &mut out.scratch.points)) else {
            return Ok(NO_BOX);
        };
        let ring = ring(corners, shape.timeline.rotation(shape.item));
        if shape.layout.is_inside && !is_loaded(&ring, picture) {
            return Ok(TOO_FAR);
        }
        shape.begin(&mut out.bytes);
        write_shares(&mut out.bytes, ring, picture);
        out.bytes.push(b'\n');
        Ok(Outcome::Written)
    }
}

/// Whether Ultralytics takes a turned box: it wants the centre of the upright box around it in the picture, and that box
/// no larger than the picture.
fn is_loaded(ring: &[f64; 8], [width, height]: [f64; 2]) -> bool {
    let Some([left, top, right, bottom]) = geometry::bounds(ring) else { return false };
    let fits =
        |low: f64, high: f64, extent: f64| (0.0..=extent).contains(&((low + high) / 2.0)) && high - low <= extent;
    fits(left, right, width) && fits(top, bottom, height)
}

/// The corners of a box in clockwise order from what was top left before it was turned.
fn ring([x0, y0, x1, y1]: [f64; 4], degrees: f64) -> [f64; 8] {
    let (width, height) = (x1 - x0, y1 - y0);
    let corners = [(x0, y0), (x0 + width, y0), (x0 + width, y0 + height), (x0, y0 + height)];
    let turned = if degrees == 0.0 {
        corners.map(|(x, y)| [x, y])
    } else {
        let (cx, cy) = (x0 + width / 2.0, y0 + height / 2.0);
        let (sin, cos) = degrees.to_radians().sin_cos();
        corners.map(|(x, y)| [cx + cos * (x - cx) - sin * (y - cy), cy + sin * (x - cx) + cos * (y - cy)])
    };
    let [[a, b], [c, d], [e, f], [g, h]] = turned;
    [a, b, c, d, e, f, g, h]
}

#[cfg(test)]
mod tests;
