//! `Ultralytics YOLO Detection 1.0`: a line per upright box, `class centre-x centre-y width height`.

use crate::error::Result;
use crate::format::kit::annotation::corners;
use crate::format::kit::inside::OUTSIDE;
use crate::format::ultralytics::{self, Content, Lines, Shape, top_labels, write_box};
use crate::plan::{Encoder, Format, Options, Output};
use crate::report::Outcome;
use crate::schema::ShapeKind;
use crate::timeline::Scene;

/// The format.
pub const FORMAT: Format = Format {
    name: "Ultralytics YOLO Detection 1.0",
    slug: "yolo-detect",
    summary: "a text file per frame with boxes; upright boxes only",
    takes_3d: false,
    repeats_numbers: false,
    page: include_str!("page.md"),
    encoder,
};

/// What becomes of all that is no box.
pub const NO_BOX: Outcome = Outcome::Dropped("YOLO detection holds boxes only");
const TURNED: Outcome = Outcome::Dropped("YOLO detection holds upright boxes only");

fn encoder<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Box<dyn Encoder + 's>> {
    let classes = top_labels(&scene.dataset.schema);
    let kinds = &[ShapeKind::Rectangle];
    ultralytics::encoder(
        scene,
        options,
        Content { classes, keypoints: None, kinds, other: NO_BOX, lines: Box::new(Boxes) },
    )
}

/// Writes upright boxes.
pub struct Boxes;

impl Lines for Boxes {
    fn write(&self, shape: &Shape<'_>, out: &mut Output) -> Result<Outcome> {
        let outcome = write_upright_box(shape, out)?;
        if !matches!(outcome, Outcome::Dropped(_)) {
            out.bytes.push(b'\n');
        }
        Ok(outcome)
    }
}

/// Appends the line of an upright box, but does not end it; appends nothing for other boxes.
pub fn write_upright_box(shape: &Shape<'_>, out: &mut Output) -> Result<Outcome> {
    // 0 and 360 are upright, 359.99999 is turned: the remainder is never negative.
    let rotation = shape.timeline.rotation(shape.item);
    if rotation != 0.0 && rotation.rem_euclid(360.0) > 0.00001 {
        return Ok(TURNED);
    }
    let picture = shape.picture()?;
    let Some(corners) = corners(shape.timeline.points(shape.item, &mut out.scratch.points)) else {
        return Ok(NO_BOX);
    };
    let Some((corners, outcome)) = shape.layout.fit_box(corners, picture) else { return Ok(OUTSIDE) };
    shape.begin(&mut out.bytes);
    write_box(&mut out.bytes, corners, picture);
    Ok(outcome)
}
