//! `KITTI 1.0`: a text file of boxes and three images of masks per frame.
//!
//! ```text
//! label_colors.txt                  red green blue name of each class, by number
//! SUBSET/label_2/NAME.txt           a line a box
//! SUBSET/semantic_rgb/NAME.png      colours of classes
//! SUBSET/semantic/NAME.png          numbers of classes
//! SUBSET/instance/NAME.png          class times 256, plus the number of the mask for training
//! SUBSET/image_2/NAME.EXTENSION     with pictures
//! ```

use crate::error::Result;
use crate::format::kit::annotation::{Value, attributes, corners, python_float};
use crate::format::kit::ids::Ids;
use crate::format::kit::inside::{OUTSIDE, fit_for};
use crate::format::kit::label_images::{Frame, Painting, class_colours, drop_all, saturated, visit, write_colours};
use crate::format::kit::listing::{LINE_BREAKS, check_labels};
use crate::format::kit::masks::{Mask, NO_UPRIGHT_BOXES};
use crate::format::kit::palette::Palette;
use crate::label_png::Pixels;
use crate::plan::{
    Chunk, Encoder, Format, Options, Output, Part, Profile, image_chunks, media_part, sections, single_chunk,
};
use crate::report::Outcome;
use crate::schema::ShapeKind;
use crate::text::number::repr;
use crate::timeline::{Item, Scene, Timeline};

/// The format.
pub const FORMAT: Format = Format {
    name: "KITTI 1.0",
    slug: "kitti",
    summary: "a text file of boxes and three images of masks per frame; boxes, polygons, ellipses and masks",
    takes_3d: false,
    repeats_numbers: false,
    page: include_str!("page.md"),
    encoder,
};

sections! { Files, Media, Labels }

const NO_MASK: Outcome = Outcome::Dropped("KITTI holds boxes, polygons, ellipses and masks only");

/// What the profiles differ in.
struct Layout {
    profile: Profile,
    /// Whether every frame has a file of boxes, be it empty: loaders want one for each picture.
    is_complete: bool,
    /// Whether white space in the name of a label, which ends a column, becomes `_`.
    joins_names: bool,
    /// Whether a line ends in a score: the devkit's ground truth has 15 columns.
    has_score: bool,
    /// Whether classes are in 8 bits, if those hold them all.
    is_narrow: bool,
    /// Whether masks of a class are numbered from 1.
    has_instances: bool,
}

const CVAT: Layout = Layout {
    profile: Profile::Cvat,
    is_complete: false,
    joins_names: false,
    has_score: true,
    is_narrow: false,
    has_instances: false,
};
const TRAINING: Layout = Layout {
    profile: Profile::Training,
    is_complete: true,
    joins_names: true,
    has_score: false,
    is_narrow: true,
    has_instances: true,
};

/// An instance image has the number of the class in the upper byte. CVAT leaves the lower one, of the instance, 0.
const INSTANCES_OF_A_CLASS: usize = 256;

fn encoder<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Box<dyn Encoder + 's>> {
    check_labels(&scene.dataset.schema, &LINE_BREAKS)?;
    let layout = options.profile.choose(&CVAT, &TRAINING);
    let palette = Palette::by_name(&scene.dataset.schema)?.with_background_first();
    Ok(Box::new(Kitti { scene, layout, ids: Ids::new(scene), palette }))
}

struct Kitti<'s> {
    scene: &'s Scene<'s>,
    layout: &'static Layout,
    ids: Ids,
    palette: Palette,
}

impl Encoder for Kitti<'_> {
    fn parts(&self, options: &Options) -> Result<Vec<Part>> {
        let scene = self.scene;
        let mut parts = vec![Part::Files(image_chunks(scene, 0..scene.timelines.len(), Section::Files))];
        parts.extend(media_part(scene, 0..scene.timelines.len(), Section::Media, options));
        parts
            .push(Part::Member { name: "label_colors.txt".to_owned(), chunks: vec![single_chunk(Section::Labels, 0)] });
        Ok(parts)
    }

    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        match Section::of(chunk)? {
            Section::Files => {
                let mut painting = Painting::default();
                visit(self.scene, &self.ids, NO_UPRIGHT_BOXES, chunk, out, |frame, out| {
                    boxes(frame, self.layout, out)?;
                    self.images(frame, &mut painting, out)
                })
            }
            Section::Media => self.ids.request(self.scene, chunk, out, |timeline, picture| {
                format!("{}/image_2/{}{}", timeline.subset, picture.id, picture.extension)
            }),
            Section::Labels => {
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
        let mut classes = Vec::with_capacity(frame.masks.len());
        let mut instances = Vec::with_capacity(frame.masks.len());
        for (mask, number) in frame.masks.iter().zip(self.numbers(&frame.masks)) {
            let class = self.palette.class(mask.leader.label);
            let mut fit = |value| saturated(value, frame.timeline, &mask.leader, &mut out.tally);
            classes.push(fit(class));
            instances.push(fit(class * INSTANCES_OF_A_CLASS + number));
        }
        let semantic = painting.values(0, |place| classes[place]);
        if self.layout.is_narrow && self.palette.classes.len() <= INSTANCES_OF_A_CLASS {
            let narrow: Vec<u8> = semantic.iter().map(|&class| class as u8).collect();
            painting.write(path(frame, "semantic", "png"), &Pixels::Grey8(&narrow), out)?;
        } else {
            painting.write(path(frame, "semantic", "png"), &Pixels::Grey16(&semantic), out)?;
        }
        let instances = painting.values(0, |place| instances[place]);
        painting.write(path(frame, "instance", "png"), &Pixels::Grey16(&instances), out)
    }

    /// The number of each mask among those of its class; 0 for the background, and where they are not numbered.
    fn numbers(&self, masks: &[Mask]) -> Vec<usize> {
        let mut counts = vec![0; self.palette.classes.len()];
        let mut number = |mask: &Mask| {
            let class = self.palette.class(mask.leader.label);
            // A byte holds 255; CVAT's own readers take 0 for a crowd.
            counts[class] = (counts[class] + 1).min(INSTANCES_OF_A_CLASS - 1);
            if class == self.palette.background { 0 } else { counts[class] }
        };
        masks.iter().map(|mask| if self.layout.has_instances { number(mask) } else { 0 }).collect()
    }
}

fn path(frame: &Frame<'_>, folder: &str, extension: &str) -> String {
    format!("{}/{folder}/{}.{extension}", frame.timeline.subset, frame.picture.id)
}

/// Writes the upright boxes of a frame and tallies what is neither a box nor a mask.
fn boxes(frame: &Frame<'_>, layout: &Layout, out: &mut Output) -> Result<()> {
    let (boxes, others): (Vec<Item>, Vec<Item>) = frame.rest.iter().partition(|item| item.kind == ShapeKind::Rectangle);
    drop_all(frame.timeline, frame.view, &others, NO_MASK, &mut out.tally);
    if !boxes.is_empty() || layout.is_complete {
        out.begin_file(&path(frame, "label_2", "txt"));
    }
    for item in &boxes {
        let outcome = line(frame.timeline, item, layout, out)?;
        out.tally.shape(item, outcome);
    }
    Ok(())
}

/// Type, truncated, occluded, alpha, box, dimensions, location, rotation and score, as CVAT fills them.
fn line(timeline: &Timeline<'_>, item: &Item, layout: &Layout, out: &mut Output) -> Result<Outcome> {
    let mut values = Vec::new();
    attributes(timeline, item, &mut values)?;
    let corners = corners(timeline.points(item, &mut out.scratch.points)).unwrap_or_default();
    let Some(([x0, y0, x1, y1], outcome)) = fit_for(layout.profile, timeline, item, corners) else {
        return Ok(OUTSIDE);
    };
    let name = &timeline.dataset.schema.label(item.label).name;
    if layout.joins_names {
        out.text(&name.replace(char::is_whitespace, "_"));
    } else {
        out.text(name);
    }
    out.bytes.push(b' ');
    repr(&mut out.bytes, number_of(&values, "truncated", 0.0));
    out.text(if item.occluded { " 1 -1" } else { " 0 -1" });
    // The far corner is made from the near one and the size again, which the last digits show.
    for value in [x0, y0, x0 + (x1 - x0), y0 + (y1 - y0)] {
        out.bytes.push(b' ');
        repr(&mut out.bytes, value);
    }
    out.text(&" -1".repeat(7));
    if layout.has_score {
        out.bytes.push(b' ');
        repr(&mut out.bytes, number_of(&values, "score", 1.0));
    }
    out.bytes.push(b'\n');
    Ok(outcome)
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
