//! `Cityscapes 1.0`: images of colours, classes and instances per frame.
//!
//! ```text
//! label_colors.txt                                           red green blue name of each class, by number
//! gtFine/SUBSET/NAME_gtFine_color.png                        colours of classes
//! gtFine/SUBSET/NAME_gtFine_labelIds.png                     numbers of classes
//! gtFine/SUBSET/NAME_gtFine_instanceIds.png                  class times 1000 plus number of the instance
//! imgsFine/leftImg8bit/SUBSET/NAME_leftImg8bit.EXTENSION     with pictures
//! ```

use super::annotation::{Value, attributes};
use super::ids::Ids;
use super::label_images::{Frame, Painting, class_colours, drop_all, saturated, visit, write_colours};
use super::listing::{LINE_BREAKS, Picture, check_labels};
use super::masks::{ALL_SHAPES, Mask};
use super::palette::Palette;
use super::{Format, Options};
use crate::error::Result;
use crate::plan::{Chunk, Encoder, Output, Part, Plan, image_chunks, picture_chunks, single_chunk};
use crate::raster::png::Pixels;
use crate::report::Outcome;
use crate::timeline::{Scene, Timeline};

/// The format.
pub const FORMAT: Format = Format {
    name: "Cityscapes 1.0",
    slug: "cityscapes",
    summary: "images of colours, classes and instances per frame; boxes, polygons, ellipses and masks",
    page: include_str!("cityscapes.md"),
    plan,
};

const IMAGES: u8 = 0;
const PICTURES: u8 = 1;
const LABELS: u8 = 2;

const NO_MASK: Outcome = Outcome::Dropped("Cityscapes holds boxes, polygons, ellipses and masks only");

/// Numbers of instances begin anew with every class at this distance.
const INSTANCES_OF_A_CLASS: usize = 1000;

fn plan<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Plan<'s>> {
    check_labels(&scene.dataset.schema, &LINE_BREAKS)?;
    let palette = Palette::by_name(&scene.dataset.schema)?.with_background_first();
    let mut parts = vec![Part::Files(image_chunks(scene, 0..scene.timelines.len(), IMAGES))];
    if options.save_images {
        parts.push(Part::Pictures(picture_chunks(scene, 0..scene.timelines.len(), PICTURES)));
    }
    parts.push(Part::Member { name: "label_colors.txt".to_owned(), chunks: vec![single_chunk(LABELS, 0)] });
    Ok(Plan { parts, encoder: Box::new(Cityscapes { scene, ids: Ids::new(scene), palette }) })
}

struct Cityscapes<'s> {
    scene: &'s Scene<'s>,
    ids: Ids,
    palette: Palette,
}

impl Encoder for Cityscapes<'_> {
    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        match chunk.section {
            IMAGES => {
                let mut painting = Painting::default();
                visit(self.scene, &self.ids, ALL_SHAPES, chunk, out, |frame, out| {
                    self.images(frame, &mut painting, out)
                })
            }
            PICTURES => self.ids.request(self.scene, chunk, out, picture_path),
            _ => {
                write_colours(&self.palette.classes, out);
                Ok(())
            }
        }
    }
}

impl Cityscapes<'_> {
    fn images(&self, frame: &Frame<'_>, painting: &mut Painting, out: &mut Output) -> Result<()> {
        drop_all(frame.timeline, frame.view, &frame.rest, NO_MASK, &mut out.tally);
        if frame.masks.is_empty() {
            return Ok(());
        }
        let path = |kind: &str| format!("gtFine/{}/{}_gtFine_{kind}.png", frame.timeline.subset, frame.picture.id);
        painting.paint(frame.timeline, frame.view.frame, &frame.masks)?;
        let colours = class_colours(painting, &self.palette, &frame.masks);
        painting.write(path("color"), &Pixels::Rgb8(&colours), out)?;
        let classes: Vec<usize> = frame.masks.iter().map(|mask| self.palette.class(mask.leader.label)).collect();
        // CVAT keeps a byte.
        let numbers = painting.values(0, |place| (classes[place] & 255) as u8);
        painting.write(path("labelIds"), &Pixels::Grey8(&numbers), out)?;
        let mut instances = Vec::with_capacity(classes.len());
        for (mask, (class, number)) in frame.masks.iter().zip(classes.into_iter().zip(1..)) {
            let is_single = class != 0 && !is_crowd(frame.timeline, mask)?;
            let value = if is_single { class * INSTANCES_OF_A_CLASS + number } else { class };
            instances.push(saturated(value, frame.timeline, &mask.leader, &mut out.tally));
        }
        painting.write(path("instanceIds"), &Pixels::Grey16(&painting.values(0, |place| instances[place])), out)
    }
}

/// Whether the attribute `is_crowd` is true to Python: any text but the empty one is.
fn is_crowd(timeline: &Timeline<'_>, mask: &Mask) -> Result<bool> {
    let mut values = Vec::new();
    attributes(timeline, &mask.leader, &mut values)?;
    Ok(values.iter().any(|(name, value)| {
        *name == "is_crowd"
            && match *value {
                Value::Text(text) => !text.is_empty(),
                Value::Number(number) => number != 0.0,
                Value::Flag(flag) => flag,
                Value::Count(count) => count != 0,
            }
    }))
}

fn picture_path(timeline: &Timeline<'_>, picture: &Picture) -> String {
    format!("imgsFine/leftImg8bit/{}/{}_leftImg8bit{}", timeline.subset, picture.id, picture.extension)
}
