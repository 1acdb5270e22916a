//! `LabelMe 3.0`: the XML of MIT's LabelMe, a file per frame, and an image per mask.
//!
//! ```text
//! SUBSET/NAME.xml                 objects: boxes, polygons, masks
//! SUBSET/Masks/NAME_mask_ID.png   pixels of a mask
//! SUBSET/NAME.EXTENSION           with pictures
//! ```
//!
//! Ellipses become masks. The objects of a group are parts of the first of them. For training these files lie below
//! `Annotations/`, `Masks/` and `Images/`, each in `SUBSET/FOLDER`.

use crate::error::Result;
use crate::format::kit::annotation::{
    Value, Values, attributes, located, python_float, python_int, required_corners, text_of,
};
use crate::format::kit::ids::Ids;
use crate::format::kit::inside::{OUTSIDE, covers_area, fit_box, fit_polygon, image};
use crate::format::kit::instance;
use crate::format::kit::listing::{LINE_BREAKS, Picture, Pictures, at_frame};
use crate::geometry::rotated_box_to_polygon;
use crate::label_png::{self, Pixels};
use crate::plan::{Chunk, Encoder, Format, Options, Output, Part, Scratch, image_chunks, media_part, places, sections};
use crate::raster::{Canvas, Rle};
use crate::report::{Outcome, Tally};
use crate::schema::ShapeKind;
use crate::text::number::{fixed2, repr, round2_numpy, uint};
use crate::text::xml::Pretty;
use crate::timeline::{FrameView, Item, Scene, Timeline};

/// The format.
pub const FORMAT: Format = Format {
    name: "LabelMe 3.0",
    slug: "labelme",
    summary: "MIT's XML by frame with an image per mask; upright boxes, polygons, ellipses and masks",
    takes_3d: false,
    repeats_numbers: false,
    page: include_str!("page.md"),
    encoder,
};

/// Opaque and clear pixels of a mask: CVAT's translucent blue.
const MASK_COLOURS: [[u8; 4]; 2] = [[0; 4], [0, 203, 255, 153]];

sections! { Objects, Media }

const NO_SHAPE: Outcome = Outcome::Dropped("LabelMe holds boxes, polygons and masks only");
const TURNED: Outcome = Outcome::Converted("a box without its rotation, which is an attribute");
const CORNERS: Outcome = Outcome::Converted("a polygon of its corners");
const DRAWN: Outcome = Outcome::Converted("a mask");

/// What the profiles differ in.
struct Layout {
    /// Where annotations, masks and pictures lie.
    annotations: fn(&Timeline<'_>) -> String,
    masks: fn(&Timeline<'_>) -> String,
    pictures: fn(&Timeline<'_>) -> String,
    /// Whether folders of an image begin with the subset, and masks are named without them: LabelMe puts the folder
    /// below that of the kind and the name below both.
    has_root_folders: bool,
    /// Whether a turned box is a polygon of its corners.
    keeps_turns: bool,
    /// Whether the corners of boxes are put in order, and nothing of a shape is outside the image.
    is_inside: bool,
}

const CVAT: Layout = Layout {
    annotations: |timeline| timeline.subset.clone(),
    masks: |timeline| format!("{}/Masks", timeline.subset),
    pictures: |timeline| timeline.subset.clone(),
    has_root_folders: false,
    keeps_turns: false,
    is_inside: false,
};
const TRAINING: Layout = Layout {
    annotations: |timeline| format!("Annotations/{}", timeline.subset),
    masks: |timeline| format!("Masks/{}", timeline.subset),
    pictures: |timeline| format!("Images/{}", timeline.subset),
    has_root_folders: true,
    keeps_turns: true,
    is_inside: true,
};

fn encoder<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Box<dyn Encoder + 's>> {
    Ok(Box::new(LabelMe { scene, layout: options.profile.choose(&CVAT, &TRAINING), ids: Ids::new(scene) }))
}

struct LabelMe<'s> {
    scene: &'s Scene<'s>,
    layout: &'static Layout,
    ids: Ids,
}

impl Encoder for LabelMe<'_> {
    fn parts(&self, options: &Options) -> Result<Vec<Part>> {
        let scene = self.scene;
        let all = 0..scene.timelines.len();
        let mut parts = vec![Part::Files(image_chunks(scene, all.clone(), Section::Objects))];
        parts.extend(media_part(scene, all, Section::Media, options));
        Ok(parts)
    }

    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        if Section::of(chunk)? == Section::Media {
            return self.ids.request(self.scene, chunk, out, |timeline, picture| {
                format!("{}/{}{}", (self.layout.pictures)(timeline), picture.id, picture.extension)
            });
        }
        let timeline = &self.scene.timelines[chunk.timeline];
        let (mut pictures, mut canvas) = (Pictures::new(timeline, &LINE_BREAKS), Canvas::new());
        let mut visit = std::mem::take(&mut out.scratch.visit);
        timeline.visit_frames(places(chunk)?, &mut visit, |view| {
            let picture = self.ids.read(chunk.timeline, view.frame, &mut pictures)?;
            self.ids.note(chunk.timeline, timeline, view.frame, &mut out.tally);
            out.begin_file(&format!("{}/{}.xml", (self.layout.annotations)(timeline), picture.id));
            let masks = self.frame(timeline, view, picture, out)?;
            for (id, mask) in masks {
                let mut painter = canvas.begin(mask.height, mask.width)?;
                painter.paint(&mask, 1)?;
                painter.finish();
                out.begin_file(&format!("{}/{}", (self.layout.masks)(timeline), mask_name(picture, id)));
                label_png::encode(&canvas, &Pixels::Rgba8(&MASK_COLOURS), &mut out.bytes)?;
            }
            Ok(())
        })?;
        out.scratch.visit = visit;
        Ok(())
    }
}

/// Where the image of a mask lies below the folder of masks.
fn mask_name(picture: Picture<'_>, id: usize) -> String {
    format!("{}_mask_{id}.png", picture.id)
}

impl LabelMe<'_> {
    /// Writes the XML of a frame; returns its masks with the ids of their objects.
    fn frame(
        &self,
        timeline: &Timeline<'_>,
        view: &FrameView<'_>,
        picture: Picture<'_>,
        out: &mut Output,
    ) -> Result<Vec<(usize, Rle)>> {
        for &row in view.tags {
            out.tally.tag(timeline.dataset.columns.tags.label[row as usize], NO_SHAPE);
        }
        let mut objects = Vec::with_capacity(view.items.len());
        for item in view.items {
            if !instance::is_usable(item.kind) {
                out.tally.shape(item, NO_SHAPE);
            } else if self.layout.is_inside
                && !covers_area(timeline, item, &mut out.scratch).map_err(|error| located(error, timeline, item))?
            {
                out.tally.shape(item, OUTSIDE);
            } else {
                objects.push(item);
            }
        }
        let parts = Parts::of(&objects);
        let (mut masks, mut values) = (Vec::new(), Values::new());
        let Output { bytes, scratch, tally, .. } = out;
        let mut xml = Pretty::new(bytes);
        xml.begin("annotation");
        let head = self.head(&mut xml, timeline, view.frame, picture);
        head.map_err(|error| at_frame(error, timeline, view.frame))?;
        for (id, item) in objects.into_iter().enumerate() {
            let shape = self.shape(timeline, item, scratch, tally).map_err(|error| located(error, timeline, item))?;
            let (shape, fate) =
                if self.layout.is_inside { shape.fit(image(timeline, item)) } else { (shape, Outcome::Written) };
            let object = Object { timeline, item, id, layout: self.layout, parts: &parts, shape: &shape };
            object.write(&mut xml, picture, &mut values).map_err(|error| located(error, timeline, item))?;
            tally.shape(item, self.outcome(timeline, item, fate));
            if let Shape::Mask(mask) = shape {
                masks.push((id, mask));
            }
        }
        xml.end("annotation");
        tally.frames += 1;
        Ok(masks)
    }

    /// What became of a shape that was fitted into the image already.
    fn outcome(&self, timeline: &Timeline<'_>, item: &Item, fitted: Outcome) -> Outcome {
        let is_turned = item.kind == ShapeKind::Rectangle && timeline.rotation(item) != 0.0;
        match item.kind {
            ShapeKind::Ellipse => DRAWN,
            _ if is_turned => {
                if self.layout.keeps_turns {
                    CORNERS
                } else {
                    TURNED
                }
            }
            _ => fitted,
        }
    }

    fn head(&self, xml: &mut Pretty<'_>, timeline: &Timeline<'_>, frame: u32, picture: Picture<'_>) -> Result<()> {
        let (folder, name) = picture.id.rsplit_once('/').unwrap_or(("", picture.id));
        xml.text("filename", &format!("{name}{}", picture.extension))?;
        let subset = if self.layout.has_root_folders { timeline.subset.as_str() } else { "" };
        let slash = if subset.is_empty() || folder.is_empty() { "" } else { "/" };
        xml.text("folder", &format!("{subset}{slash}{folder}"))?;
        xml.begin("source");
        xml.text("sourceImage", "")?;
        xml.text("sourceAnnotation", "Datumaro")?;
        xml.end("source");
        xml.begin("imagesize");
        let (width, height) = timeline.size(frame);
        xml.value("nrows", |out| uint(out, u64::from(height)));
        xml.value("ncols", |out| uint(out, u64::from(width)));
        xml.end("imagesize");
        Ok(())
    }

    fn shape(&self, timeline: &Timeline<'_>, item: &Item, scratch: &mut Scratch, tally: &mut Tally) -> Result<Shape> {
        let (width, height) = timeline.size(item.frame);
        let points = timeline.points(item, &mut scratch.points);
        let rotation = timeline.rotation(item);
        Ok(match item.kind {
            ShapeKind::Mask => Shape::Mask(instance::mask(timeline, item, points, &mut scratch.raster, tally)?),
            ShapeKind::Ellipse => Shape::Mask(instance::ellipse(points, rotation, height, width, &mut scratch.raster)?),
            ShapeKind::Polygon => Shape::Polygon(points.iter().copied().map(round2_numpy).collect()),
            _ => {
                let corners = required_corners(points)?;
                if self.layout.keeps_turns && rotation != 0.0 {
                    Shape::Polygon(rotated_box_to_polygon(&corners, rotation).to_vec())
                } else {
                    Shape::Box(corners)
                }
            }
        })
    }
}

/// Groups: each object's leader, the first object of its group.
struct Parts(Vec<usize>);

impl Parts {
    fn of(objects: &[&Item]) -> Self {
        let leader = |(id, item): (usize, &&Item)| match item.group {
            0 => id,
            group => objects.iter().position(|other| other.group == group).unwrap_or(id),
        };
        Self(objects.iter().enumerate().map(leader).collect())
    }

    /// Ids of the other objects of the group that an object leads, with commas.
    fn followers(&self, id: usize) -> String {
        let followers = self.0.iter().enumerate().filter(|(other, leader)| **leader == id && *other != id);
        followers.map(|(other, _)| other.to_string()).collect::<Vec<_>>().join(",")
    }

    /// Id of the leader of an object that does not lead.
    fn leader(&self, id: usize) -> Option<usize> {
        Some(self.0[id]).filter(|leader| *leader != id)
    }
}

/// What an object is.
enum Shape {
    Box([f64; 4]),
    Polygon(Vec<f64>),
    Mask(Rle),
}

impl Shape {
    /// What of it lies inside the image. A mask does already, and of the others an area does.
    fn fit(self, image: [f64; 2]) -> (Self, Outcome) {
        let fitted = match &self {
            Self::Box(corners) => fit_box(*corners, image).map(|(corners, outcome)| (Self::Box(corners), outcome)),
            Self::Polygon(points) => {
                fit_polygon(points.clone(), image).map(|(points, outcome)| (Self::Polygon(points), outcome))
            }
            Self::Mask(_) => None,
        };
        fitted.unwrap_or((self, Outcome::Written))
    }
}

/// An object that is about to be written.
struct Object<'o, 't> {
    timeline: &'o Timeline<'t>,
    item: &'o Item,
    id: usize,
    layout: &'o Layout,
    parts: &'o Parts,
    shape: &'o Shape,
}

impl<'t> Object<'_, 't> {
    fn write(&self, xml: &mut Pretty<'_>, picture: Picture<'_>, values: &mut Values<'t>) -> Result<()> {
        attributes(self.timeline, self.item, values)?;
        xml.begin("object");
        xml.text("name", &self.timeline.dataset.schema.label(self.item.label).name)?;
        xml.text("deleted", "0")?;
        xml.text("verified", "0")?;
        xml.text("occluded", if self.item.occluded { "yes" } else { "no" })?;
        xml.text("date", "")?;
        xml.value("id", |out| uint(out, self.id as u64));
        xml.begin("parts");
        xml.text("hasparts", &self.parts.followers(self.id))?;
        xml.text("ispartof", &self.parts.leader(self.id).map(|leader| leader.to_string()).unwrap_or_default())?;
        xml.end("parts");
        let user = values.iter().find(|(name, _)| *name == "username").map(|(_, value)| *value);
        self.shape(xml, picture, &user.map(text_of).unwrap_or_default())?;
        let mut attributes = String::new();
        for (name, value) in values.iter().filter(|(name, _)| !matches!(*name, "username" | "occluded")) {
            attributes.push_str(if attributes.is_empty() { "" } else { ", " });
            push_escaped(name, &mut attributes);
            attributes.push('=');
            push_value(*value, &mut attributes);
        }
        xml.text("attributes", &attributes)?;
        xml.end("object");
        Ok(())
    }

    fn shape(&self, xml: &mut Pretty<'_>, picture: Picture<'_>, user: &str) -> Result<()> {
        match self.shape {
            Shape::Box([x0, y0, x1, y1]) => {
                xml.text("type", "bounding_box")?;
                polygon(xml, &[*x0, *y0, *x1, *y0, *x1, *y1, *x0, *y1], user)
            }
            Shape::Polygon(points) => polygon(xml, points, user),
            Shape::Mask(mask) => {
                xml.begin("segm");
                let name = mask_name(picture, self.id);
                let base = name.rsplit('/').next().filter(|_| self.layout.has_root_folders);
                xml.text("mask", base.unwrap_or(&name))?;
                xml.begin("box");
                let [x, y, width, height] = mask.bbox();
                for (name, edge) in [("xmin", x), ("ymin", y), ("xmax", x + width), ("ymax", y + height)] {
                    xml.value(name, |out| fixed2(out, f64::from(edge)));
                }
                xml.end("box");
                xml.text("username", user)?;
                xml.end("segm");
                Ok(())
            }
        }
    }
}

fn polygon(xml: &mut Pretty<'_>, points: &[f64], user: &str) -> Result<()> {
    xml.begin("polygon");
    for point in points.chunks_exact(2) {
        xml.begin("pt");
        for (name, value) in ["x", "y"].into_iter().zip(point) {
            xml.value(name, |out| fixed2(out, *value));
        }
        xml.end("pt");
    }
    xml.text("username", user)?;
    xml.end("polygon");
    Ok(())
}

/// Appends a value to the list of attributes. A text that a reader would take for a number has quotes.
fn push_value(value: Value<'_>, list: &mut String) {
    match value {
        Value::Text(text) if is_number(text) => ["\"", text, "\""].into_iter().for_each(|part| list.push_str(part)),
        Value::Text(text) => push_escaped(text, list),
        Value::Flag(flag) => list.push_str(if flag { "True" } else { "False" }),
        other => list.push_str(&text_of(other)),
    }
}

/// Whether a text is how Python prints a number.
fn is_number(text: &str) -> bool {
    let mut printed = Vec::new();
    python_float(text).into_iter().for_each(|number| repr(&mut printed, number));
    (!text.is_empty() && printed == text.as_bytes()) || python_int(text).as_deref() == Some(text)
}

fn push_escaped(text: &str, list: &mut String) {
    for part in text.split_inclusive(['\\', '=', '"', ',']) {
        let clean = part.trim_end_matches(['\\', '=', '"', ',']);
        list.push_str(clean);
        if clean.len() < part.len() {
            list.push('\\');
            list.push_str(&part[clean.len()..]);
        }
    }
}

#[cfg(test)]
mod tests;
