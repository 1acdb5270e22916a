//! `Ultralytics YOLO Detection Track 1.0`: the lines of detection, with the track's id at the end.

use crate::error::Result;
use crate::format::kit::annotation::{Value, attributes, python_int};
use crate::format::ultralytics::detect::{Boxes, NO_BOX, write_upright_box};
use crate::format::ultralytics::{self, Content, Lines, Shape, top_labels};
use crate::plan::{Encoder, Format, Options, Output, Profile};
use crate::report::Outcome;
use crate::schema::ShapeKind;
use crate::timeline::Scene;

/// The format.
pub const FORMAT: Format = Format {
    name: "Ultralytics YOLO Detection Track 1.0",
    slug: "yolo-track",
    summary: "a text file per frame with boxes and their tracks' ids; upright boxes only",
    takes_3d: false,
    repeats_numbers: false,
    page: include_str!("page.md"),
    encoder,
};

const NO_ID: Outcome = Outcome::Converted("a box without its track's id");

/// A label's own attribute of this name gives boxes without a track an id.
const TRACK_ID: &str = "track_id";

fn encoder<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Box<dyn Encoder + 's>> {
    let schema = &scene.dataset.schema;
    let has_id = (0..schema.len() as u32).map(|label| schema.find_attribute(label, TRACK_ID).is_some()).collect();
    let lines: Box<dyn Lines> = match options.profile {
        Profile::Cvat => Box::new(TrackedBoxes { has_id }),
        Profile::Training => Box::new(BoxesWithoutId),
    };
    let (classes, kinds) = (top_labels(schema), &[ShapeKind::Rectangle]);
    ultralytics::encoder(scene, options, Content { classes, keypoints: None, kinds, other: NO_BOX, lines })
}

/// Ultralytics leaves out a picture whose lines have a sixth column.
struct BoxesWithoutId;

impl Lines for BoxesWithoutId {
    fn write(&self, shape: &Shape<'_>, out: &mut Output) -> Result<Outcome> {
        let outcome = Boxes.write(shape, out)?;
        Ok(if outcome == Outcome::Written && shape.item.track_id().is_some() { NO_ID } else { outcome })
    }
}

struct TrackedBoxes {
    /// Whether a label has an attribute that gives ids.
    has_id: Vec<bool>,
}

impl Lines for TrackedBoxes {
    fn write(&self, shape: &Shape<'_>, out: &mut Output) -> Result<Outcome> {
        let outcome = write_upright_box(shape, out)?;
        if !matches!(outcome, Outcome::Dropped(_)) {
            if let Some(id) = self.id(shape)? {
                out.text(" ");
                out.text(&id);
            }
            out.text("\n");
        }
        Ok(outcome)
    }
}

impl TrackedBoxes {
    fn id(&self, shape: &Shape<'_>) -> Result<Option<String>> {
        if let Some(track) = shape.item.track_id() {
            return Ok(Some(track.to_string()));
        }
        if !self.has_id[shape.item.label as usize] {
            return Ok(None);
        }
        let mut values = Vec::new();
        attributes(shape.timeline, shape.item, &mut values)?;
        let own = values.into_iter().find(|(name, _)| *name == TRACK_ID);
        Ok(own.and_then(|(_, value)| whole_number(value)))
    }
}

/// A value as a whole number; none for a text that is no whole number, and for a number that is not finite.
fn whole_number(value: Value<'_>) -> Option<String> {
    match value {
        Value::Text(text) => python_int(text),
        // Zero is added because a negative fraction is cut to a zero with a sign.
        Value::Number(number) => number.is_finite().then(|| format!("{:.0}", number.trunc() + 0.0)),
        Value::Flag(flag) => Some(u8::from(flag).to_string()),
        Value::Count(count) => Some(count.to_string()),
    }
}

#[cfg(test)]
mod tests;
