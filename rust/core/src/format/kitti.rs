//! `KITTI 1.0`: a text file of boxes and three images of masks per frame.
//!
//! ```text
//! label_colors.txt                  red green blue name of each class, by number
//! SUBSET/label_2/NAME.txt           a line a box
//! SUBSET/semantic_rgb/NAME.png      colours of classes
//! SUBSET/semantic/NAME.png          numbers of classes
//! SUBSET/instance/NAME.png          class times 256
//! SUBSET/image_2/NAME.EXTENSION     with pictures
//! ```

use super::annotation::{Value, attributes, corners, python_float};
use super::ids::Ids;
use super::label_images::{Frame, Painting, class_colours, drop_all, saturated, visit, write_colours};
use super::listing::{LINE_BREAKS, check_labels};
use super::masks::NO_UPRIGHT_BOXES;
use super::palette::Palette;
use super::{Format, Options};
use crate::error::Result;
use crate::plan::{Chunk, Encoder, Output, Part, Plan, image_chunks, picture_chunks, single_chunk};
use crate::raster::png::Pixels;
use crate::report::Outcome;
use crate::schema::ShapeKind;
use crate::text::number::repr;
use crate::timeline::{Item, Scene, Timeline};

/// The format.
pub const FORMAT: Format = Format {
    name: "KITTI 1.0",
    slug: "kitti",
    summary: "a text file of boxes and three images of masks per frame; boxes, polygons, ellipses and masks",
    page: include_str!("kitti.md"),
    plan,
};

const FILES: u8 = 0;
const PICTURES: u8 = 1;
const LABELS: u8 = 2;

const NO_MASK: Outcome = Outcome::Dropped("KITTI holds boxes, polygons, ellipses and masks only");

/// An instance image has the number of the class in the upper byte. CVAT leaves the lower one, of the instance, 0.
const INSTANCES_OF_A_CLASS: usize = 256;

fn plan<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Plan<'s>> {
    check_labels(&scene.dataset.schema, &LINE_BREAKS)?;
    let palette = Palette::by_name(&scene.dataset.schema)?.with_background_first();
    let mut parts = vec![Part::Files(image_chunks(scene, 0..scene.timelines.len(), FILES))];
    if options.save_images {
        parts.push(Part::Pictures(picture_chunks(scene, 0..scene.timelines.len(), PICTURES)));
    }
    parts.push(Part::Member { name: "label_colors.txt".to_owned(), chunks: vec![single_chunk(LABELS, 0)] });
    Ok(Plan { parts, encoder: Box::new(Kitti { scene, ids: Ids::new(scene), palette }) })
}

struct Kitti<'s> {
    scene: &'s Scene<'s>,
    ids: Ids,
    palette: Palette,
}

impl Encoder for Kitti<'_> {
    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        match chunk.section {
            FILES => {
                let mut painting = Painting::default();
                visit(self.scene, &self.ids, NO_UPRIGHT_BOXES, chunk, out, |frame, out| {
                    boxes(frame, out)?;
                    self.images(frame, &mut painting, out)
                })
            }
            PICTURES => self.ids.request(self.scene, chunk, out, |timeline, picture| {
                format!("{}/image_2/{}{}", timeline.subset, picture.id, picture.extension)
            }),
            _ => {
                write_colours(&self.palette.classes, out);
                Ok(())
            }
        }
    }
}

impl Kitti<'_> {
    fn images(&self, frame: &Frame<'_>, painting: &mut Painting, out: &mut Output) -> Result<()> {
        if frame.masks.is_empty() {
            return Ok(());
        }
        painting.paint(frame.timeline, frame.view.frame, &frame.masks)?;
        let colours = class_colours(painting, &self.palette, &frame.masks);
        painting.write(path(frame, "semantic_rgb", "png"), &Pixels::Rgb8(&colours), out)?;
        let mut values = |factor: usize| {
            let masks = frame.masks.iter();
            let value = |item: &Item| self.palette.class(item.label) * factor;
            let all = masks.map(|mask| saturated(value(&mask.leader), frame.timeline, &mask.leader, &mut out.tally));
            let all: Vec<u16> = all.collect();
            painting.values(0, |place| all[place])
        };
        let (classes, instances) = (values(1), values(INSTANCES_OF_A_CLASS));
        painting.write(path(frame, "semantic", "png"), &Pixels::Grey16(&classes), out)?;
        painting.write(path(frame, "instance", "png"), &Pixels::Grey16(&instances), out)
    }
}

fn path(frame: &Frame<'_>, folder: &str, extension: &str) -> String {
    format!("{}/{folder}/{}.{extension}", frame.timeline.subset, frame.picture.id)
}

/// Writes the upright boxes of a frame and tallies what is neither a box nor a mask.
fn boxes(frame: &Frame<'_>, out: &mut Output) -> Result<()> {
    let (boxes, others): (Vec<Item>, Vec<Item>) = frame.rest.iter().partition(|item| item.kind == ShapeKind::Rectangle);
    drop_all(frame.timeline, frame.view, &others, NO_MASK, &mut out.tally);
    if !boxes.is_empty() {
        out.begin_file(path(frame, "label_2", "txt"));
    }
    for item in &boxes {
        line(frame.timeline, item, out)?;
        out.tally.shape(item, Outcome::Written);
    }
    Ok(())
}

/// Type, truncated, occluded, alpha, box, dimensions, location, rotation and score, as CVAT fills them.
fn line(timeline: &Timeline<'_>, item: &Item, out: &mut Output) -> Result<()> {
    let mut values = Vec::new();
    attributes(timeline, item, &mut values)?;
    let [x0, y0, x1, y1] = corners(timeline.points(item, &mut out.scratch.points)).unwrap_or_default();
    out.text(&timeline.dataset.schema.label(item.label).name);
    out.bytes.push(b' ');
    repr(&mut out.bytes, number_of(&values, "truncated", 0.0));
    out.text(if item.occluded { " 1 -1" } else { " 0 -1" });
    // The far corner is made from the near one and the size again, which the last digits show.
    for value in [x0, y0, x0 + (x1 - x0), y0 + (y1 - y0)] {
        out.bytes.push(b' ');
        repr(&mut out.bytes, value);
    }
    out.text(&" -1".repeat(7));
    out.bytes.push(b' ');
    repr(&mut out.bytes, number_of(&values, "score", 1.0));
    out.bytes.push(b'\n');
    Ok(())
}

/// An attribute as Python's `float()` reads it, or the default.
fn number_of(values: &[(&str, Value<'_>)], name: &str, default: f64) -> f64 {
    let number = |value: Value<'_>| match value {
        Value::Text(text) => python_float(text),
        Value::Number(number) => Some(number),
        Value::Flag(flag) => Some(f64::from(u8::from(flag))),
        Value::Count(count) => Some(f64::from(count)),
    };
    values.iter().find(|(known, _)| *known == name).and_then(|(_, value)| number(*value)).unwrap_or(default)
}
