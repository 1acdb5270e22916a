//! `Cityscapes 1.0`: images of colours, classes and instances per frame.
//!
//! ```text
//! label_colors.txt                                           red green blue name of each class, by number
//! gtFine/SUBSET/NAME_gtFine_color.png                        colours of classes
//! gtFine/SUBSET/NAME_gtFine_labelIds.png                     numbers of classes
//! gtFine/SUBSET/NAME_gtFine_instanceIds.png                  class times 1000 plus number of the instance
//! gtFine/SUBSET/NAME_gtFine_labelTrainIds.png                for training: numbers that models are trained on
//! imgsFine/leftImg8bit/SUBSET/NAME_leftImg8bit.EXTENSION     with pictures
//! ```
//!
//! For training `NAME` is `CITY/CITY_SEQUENCE_FRAME`, pictures lie in `leftImg8bit`, and `classes.csv` lists the classes.

mod classes;
mod names;

use crate::plan::{
    Chunk, Encoder, Format, Options, Output, Part, image_chunks, media_part, places, sections, single_chunk,
};
use std::collections::HashMap;

use crate::error::Result;
use crate::format::kit::annotation::{Value, attributes, place};
use crate::format::kit::label_images::{Frame, Painting, drop_all, saturated, visit, write_colours};
use crate::format::kit::listing::{LINE_BREAKS, Pictures, check_labels};
use crate::format::kit::masks::{ALL_SHAPES, Mask};
use crate::label_png::Pixels;
use crate::report::{Outcome, Tally};
use crate::schema::Schema;
use crate::timeline::{Scene, Timeline};
use classes::{Class, Classes};
use names::Names;

/// The format.
pub const FORMAT: Format = Format {
    name: "Cityscapes 1.0",
    slug: "cityscapes",
    summary: "images of colours, classes and instances per frame; boxes, polygons, ellipses and masks",
    takes_3d: false,
    repeats_numbers: false,
    page: include_str!("page.md"),
    encoder,
};

sections! { Images, Media, Labels }

const NO_MASK: Outcome = Outcome::Dropped("Cityscapes holds boxes, polygons, ellipses and masks only");

/// Numbers of instances begin anew with every class at this distance.
const INSTANCES_OF_A_CLASS: usize = 1000;

/// What the profiles differ in.
struct Layout {
    /// The folder of pictures.
    pictures: &'static str,
    /// Whether every frame has images, and one more for training: readers want them beside each picture.
    is_complete: bool,
    /// Whether instances are counted by class from 0, not through all masks from 1.
    counts_by_class: bool,
    /// The classes of labels, and the file that lists them.
    classes: fn(&Schema) -> Result<Classes>,
    list: (&'static str, fn(&Classes, &mut Output)),
}

const CVAT: Layout = Layout {
    pictures: "imgsFine/leftImg8bit",
    is_complete: false,
    counts_by_class: false,
    classes: Classes::by_name,
    list: ("label_colors.txt", |classes, out| write_colours(&classes.listed, out)),
};
const TRAINING: Layout = Layout {
    pictures: "leftImg8bit",
    is_complete: true,
    counts_by_class: true,
    classes: Classes::official,
    list: ("classes.csv", Classes::write_table),
};

fn encoder<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Box<dyn Encoder + 's>> {
    check_labels(&scene.dataset.schema, &LINE_BREAKS)?;
    let layout = options.profile.choose(&CVAT, &TRAINING);
    let classes = (layout.classes)(&scene.dataset.schema)?;
    Ok(Box::new(Cityscapes { scene, layout, classes, names: Names::new(scene, options.profile) }))
}

struct Cityscapes<'s> {
    scene: &'s Scene<'s>,
    layout: &'static Layout,
    classes: Classes,
    names: Names,
}

impl Encoder for Cityscapes<'_> {
    fn parts(&self, options: &Options) -> Result<Vec<Part>> {
        let scene = self.scene;
        let mut parts = vec![Part::Files(image_chunks(scene, 0..scene.timelines.len(), Section::Images))];
        parts.extend(media_part(scene, 0..scene.timelines.len(), Section::Media, options));
        let (list, _) = self.layout.list;
        parts.push(Part::Member { name: list.to_owned(), chunks: vec![single_chunk(Section::Labels, 0)] });
        Ok(parts)
    }

    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        match Section::of(chunk)? {
            Section::Images => {
                let mut painting = Painting::default();
                visit(self.scene, &self.names.ids, ALL_SHAPES, chunk, out, |frame, out| {
                    let name = self.names.of(chunk.timeline, frame.view.frame, frame.picture);
                    self.images(frame, &name, &mut painting, out)
                })
            }
            Section::Media => self.pictures(chunk, out),
            Section::Labels => {
                let (_, write) = self.layout.list;
                write(&self.classes, out);
                Ok(())
            }
        }
    }
}

impl Cityscapes<'_> {
    fn images(&self, frame: &Frame<'_>, name: &str, painting: &mut Painting, out: &mut Output) -> Result<()> {
        drop_all(frame.timeline, frame.view, &frame.rest, NO_MASK, &mut out.tally);
        if frame.masks.is_empty() && !self.layout.is_complete {
            return Ok(());
        }
        let path = |kind: &str| format!("gtFine/{name}_gtFine_{kind}.png");
        let drawn = self.drawn(frame, &mut out.tally);
        painting.paint(frame.timeline, frame.view.frame, drawn.iter().map(|(mask, _)| *mask))?;
        let none = &self.classes.none;
        let colours = painting.values(none.colour, |place| drawn[place].1.colour);
        painting.write(path("color"), &Pixels::Rgb8(&colours), out)?;
        let numbers = painting.values(none.byte, |place| drawn[place].1.byte);
        painting.write(path("labelIds"), &Pixels::Grey8(&numbers), out)?;
        if self.layout.is_complete {
            let numbers = painting.values(none.for_training, |place| drawn[place].1.for_training);
            painting.write(path("labelTrainIds"), &Pixels::Grey8(&numbers), out)?;
        }
        let instances = self.instances(frame.timeline, &drawn, &mut out.tally)?;
        painting.write(path("instanceIds"), &Pixels::Grey16(&painting.values(0, |place| instances[place])), out)
    }

    /// The masks of a frame that are drawn, with their classes.
    fn drawn<'m>(&self, frame: &'m Frame<'_>, tally: &mut Tally) -> Vec<(&'m Mask, &Class)> {
        let mut drawn = Vec::with_capacity(frame.masks.len());
        for mask in &frame.masks {
            let class = self.classes.of(mask.leader.label);
            if let Some(message) = class.map_or(Some(classes::NOT_DRAWN), |class| class.note) {
                tally.note(message, || place(frame.timeline, &mask.leader));
            }
            drawn.extend(class.map(|class| (mask, class)));
        }
        drawn
    }

    /// The number of each mask: of its class, and of itself if it is an object.
    fn instances(&self, timeline: &Timeline<'_>, drawn: &[(&Mask, &Class)], tally: &mut Tally) -> Result<Vec<u16>> {
        let mut counts: HashMap<usize, usize> = HashMap::new();
        let mut instances = Vec::with_capacity(drawn.len());
        for (place, (mask, class)) in drawn.iter().enumerate() {
            let mut value = class.number;
            if class.has_instances && !is_crowd(timeline, mask)? {
                let count = counts.entry(class.number).or_default();
                let number =
                    if self.layout.counts_by_class { (*count).min(INSTANCES_OF_A_CLASS - 1) } else { place + 1 };
                *count += 1;
                value = class.number * INSTANCES_OF_A_CLASS + number;
            }
            instances.push(saturated(value, timeline, &mask.leader, tally));
        }
        Ok(instances)
    }

    fn pictures(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        let timeline = &self.scene.timelines[chunk.timeline];
        let mut pictures = Pictures::new(timeline, &LINE_BREAKS);
        for frame in timeline.frames.slice(places(chunk)?) {
            let picture = self.names.ids.read(chunk.timeline, frame, &mut pictures)?;
            let name = self.names.of(chunk.timeline, frame, picture);
            let path = format!("{}/{name}_leftImg8bit{}", self.layout.pictures, picture.extension);
            out.picture(path, chunk.timeline, frame);
        }
        Ok(())
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
