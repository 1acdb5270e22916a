//! `Datumaro 1.0`: everything but cuboids, a JSON file per subset, in the layout of 2025's releases.
//!
//! ```text
//! annotations/SUBSET.json       version, media type, categories, items (frames)
//! images/SUBSET/NAME.EXTENSION  with pictures; folders joined by `_`
//! ```
//!
//! Numbers and strings are written as Python's `json` module writes them.

use crate::plan::{
    Chunk, Encoder, Format, Options, Output, Part, Profile, frame_chunks, media_part, number, places, sections,
    single_chunk,
};
use std::collections::BTreeSet;

use crate::error::{Code, Error, Result};
use crate::format::kit::annotation::{
    Value, attributes, corners, element_attributes, located, skeleton_attributes, tag_attributes,
};
use crate::format::kit::inside::{OUTSIDE, fit_for};
use crate::format::kit::instance::{ellipse_box, mask};
use crate::format::kit::skeleton::{Drawing, drawings, keypoint, ordered};
use crate::report::Outcome;
use crate::schema::ShapeKind;
use crate::text::json;
use crate::text::number::{int, round2_numpy, uint};
use crate::timeline::{FrameView, Item, MadeId, Scene, Timeline};

/// The format.
pub const FORMAT: Format = Format {
    name: "Datumaro 1.0",
    slug: "datumaro",
    summary: "JSON by frame; every shape but cuboids, and tags",
    takes_3d: false,
    repeats_numbers: false,
    page: include_str!("page.md"),
    encoder,
};

sections! { Head, Items, Foot, Media }

const KEYPOINTS: Outcome = Outcome::Converted("points with their visibility");
const NO_CUBOID: Outcome = Outcome::Dropped("Datumaro 1.0 holds no cuboids of pictures");

fn encoder<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Box<dyn Encoder + 's>> {
    Ok(Box::new(Datumaro {
        scene,
        drawings: drawings(&scene.dataset.schema),
        has_pictures: options.save_images,
        profile: options.profile,
    }))
}

struct Datumaro<'s> {
    scene: &'s Scene<'s>,
    /// By label.
    drawings: Vec<Drawing>,
    /// Whether pictures are written too.
    has_pictures: bool,
    profile: Profile,
}

impl Encoder for Datumaro<'_> {
    fn parts(&self, options: &Options) -> Result<Vec<Part>> {
        let scene = self.scene;
        let mut parts = Vec::new();
        for (subset, timelines) in scene.subsets() {
            let mut items = frame_chunks(scene, timelines.clone(), Section::Items);
            number(&mut items, 0, |chunk, _| Ok(chunk.range.end - chunk.range.start))?;
            let mut chunks = vec![single_chunk(Section::Head, 0)];
            chunks.extend(items);
            chunks.push(single_chunk(Section::Foot, 0));
            parts.push(Part::Member { name: format!("annotations/{subset}.json"), chunks });
            parts.extend(media_part(scene, timelines, Section::Media, options));
        }
        Ok(parts)
    }

    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        match Section::of(chunk)? {
            Section::Head => self.head(&mut out.bytes),
            Section::Items => self.items(chunk, out)?,
            Section::Media => {
                let timeline = &self.scene.timelines[chunk.timeline];
                for frame in timeline.frames.slice(places(chunk)?) {
                    let name = format!("images/{}/{}", timeline.subset.replace('/', "_"), flat_path(timeline, frame));
                    out.picture(name, chunk.timeline, frame);
                }
            }
            Section::Foot => out.text("]}"),
        }
        Ok(())
    }
}

impl<'s> Datumaro<'s> {
    fn head(&self, out: &mut Vec<u8>) {
        let labels = self.scene.dataset.schema.labels();
        text(out, r#"{"dm_format_version": "1.0", "media_type": 2, "infos": {}, "categories": {"label": {"labels": "#);
        list(out, labels, |out, label| {
            text(out, "{\"name\": ");
            json::ascii(out, &label.name);
            text(out, ", \"parent\": ");
            json::ascii(out, label.parent.map_or("", |parent| &labels[parent].name));
            text(out, ", \"attributes\": []}");
        });
        text(out, ", \"label_groups\": [], \"attributes\": ");
        let mut names: BTreeSet<&str> =
            labels.iter().flat_map(|it| &it.attributes).map(|it| it.name.as_str()).collect();
        names.insert("occluded");
        list(out, names, json::ascii);
        text(out, "}, \"points\": {\"items\": ");
        list(out, (0..labels.len()).filter(|&label| labels[label].kind == "skeleton"), |out, label| {
            text(out, "{\"label_id\": ");
            uint(out, label as u64);
            text(out, ", \"labels\": ");
            list(out, &self.drawings[label].names, |out, name| json::ascii(out, name));
            text(out, ", \"joints\": ");
            list(out, &self.drawings[label].joints, |out, &(from, to)| list(out, [from, to], int));
            text(out, ", \"positions\": []}");
        });
        text(out, "}}, \"items\": [");
    }

    fn items(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        let timeline: &'s Timeline<'s> = &self.scene.timelines[chunk.timeline];
        let mut visit = std::mem::take(&mut out.scratch.visit);
        let mut is_first = chunk.first == 0;
        timeline.visit_frames(places(chunk)?, &mut visit, |view| {
            if !std::mem::take(&mut is_first) {
                out.text(", ");
            }
            self.item(timeline, view, out)
        })?;
        out.scratch.visit = visit;
        Ok(())
    }

    fn item(&self, timeline: &'s Timeline<'s>, view: &FrameView<'_>, out: &mut Output) -> Result<()> {
        let mut id = String::new();
        timeline.write_stem(view.frame, &mut id);
        out.text("{\"id\": ");
        json::ascii(&mut out.bytes, &id);
        out.text(", \"annotations\": [");
        let start = out.bytes.len();
        for &row in view.tags {
            self.tag(timeline, row, start, out)?;
        }
        for item in view.items {
            let outcome = self.shape(timeline, item, start, out).map_err(|error| located(error, timeline, item))?;
            out.tally.shape(item, outcome);
        }
        out.text("], \"attr\": {\"frame\": ");
        uint(&mut out.bytes, timeline.number(view.frame));
        out.text("}, \"image\": {\"path\": ");
        let path = if self.has_pictures { flat_path } else { path };
        json::ascii(&mut out.bytes, &path(timeline, view.frame));
        let (width, height) = timeline.size(view.frame);
        out.text(", \"size\": ");
        list(&mut out.bytes, [height, width], |out, size| uint(out, u64::from(size)));
        out.text("}}");
        out.tally.frames += 1;
        Ok(())
    }

    fn tag(&self, timeline: &'s Timeline<'s>, row: u32, start: usize, out: &mut Output) -> Result<()> {
        let columns = &timeline.dataset.columns.tags;
        let label = columns.label[row as usize];
        let mut values = Vec::new();
        tag_attributes(timeline, row, &mut values)?;
        begin(&mut out.bytes, start, "label", &values, columns.group[row as usize], label);
        out.text("}");
        out.tally.tag(label, Outcome::Written);
        Ok(())
    }

    /// Writes a shape; the annotations of its frame begin at `start`.
    fn shape(&self, timeline: &'s Timeline<'s>, item: &Item, start: usize, out: &mut Output) -> Result<Outcome> {
        let kind = match item.kind {
            ShapeKind::Rectangle => "bbox",
            ShapeKind::Cuboid => return Ok(NO_CUBOID),
            other => other.as_str(),
        };
        if item.kind == ShapeKind::Skeleton {
            // CVAT's Datumaro knows skeletons, others do not.
            return match self.profile {
                Profile::Cvat => self.skeleton(timeline, item, start, out),
                Profile::Training => self.keypoints(timeline, item, start, out),
            };
        }
        let mut values = Vec::new();
        attributes(timeline, item, &mut values)?;
        let Output { bytes, scratch, tally, .. } = out;
        let points = timeline.points(item, &mut scratch.points);
        let bad = || Error::new(Code::BadShape, "the shape needs four coordinates");
        let (corners, outcome) = match item.kind {
            ShapeKind::Rectangle => {
                let drawn = corners(points).ok_or_else(bad)?;
                let Some(fitted) = fit_for(self.profile, timeline, item, drawn) else { return Ok(OUTSIDE) };
                fitted
            }
            _ => ([0.0; 4], Outcome::Written),
        };
        begin(bytes, start, kind, &values, item.group, item.label);
        match item.kind {
            ShapeKind::Rectangle => {
                let [x0, y0, x1, y1] = corners;
                layer(bytes, item);
                text(bytes, ", \"bbox\": ");
                list(bytes, [x0, y0, x1 - x0, y1 - y0], json::python_float);
            }
            ShapeKind::Mask => {
                let mask = mask(timeline, item, points, &mut scratch.raster, tally)?;
                text(bytes, ", \"rle\": {\"counts\": ");
                json::ascii(bytes, &mask.to_compressed());
                text(bytes, ", \"size\": ");
                list(bytes, [mask.height, mask.width], |out, size| uint(out, u64::from(size)));
                text(bytes, "}");
                layer(bytes, item);
            }
            ShapeKind::Ellipse => {
                text(bytes, ", \"points\": ");
                list(bytes, ellipse_box(points).ok_or_else(bad)?, json::python_float);
                layer(bytes, item);
            }
            _ => {
                text(bytes, ", \"points\": ");
                list(bytes, points, |out, &value| json::python_float(out, round2_numpy(value)));
                layer(bytes, item);
                if item.kind == ShapeKind::Points {
                    text(bytes, ", \"visibility\": ");
                    list(bytes, points.chunks_exact(2), |out, _| out.push(b'2'));
                }
            }
        }
        text(bytes, "}");
        Ok(outcome)
    }

    /// What Datumaro itself, which has no skeletons, knows of them.
    fn keypoints(&self, timeline: &'s Timeline<'s>, item: &Item, start: usize, out: &mut Output) -> Result<Outcome> {
        let Output { bytes, scratch, .. } = out;
        let elements = ordered(timeline, item, &self.drawings[item.label as usize], &mut scratch.elements);
        let mut values = Vec::new();
        skeleton_attributes(timeline, item, &scratch.elements, &mut values)?;
        let points = elements.iter().map(|element| {
            let point = element.and_then(|element| keypoint(timeline, &element, &mut scratch.points));
            point.map_or(([0.0; 2], 0), |point| (point.at, point.visibility))
        });
        let (points, visibility): (Vec<[f64; 2]>, Vec<_>) = points.unzip();
        begin(bytes, start, "points", &values, item.group, item.label);
        text(bytes, ", \"points\": ");
        list(bytes, points.as_flattened(), |out, &value| json::python_float(out, value));
        layer(bytes, item);
        text(bytes, ", \"visibility\": ");
        list(bytes, visibility, |out, visibility| uint(out, u64::from(visibility)));
        text(bytes, "}");
        Ok(KEYPOINTS)
    }

    fn skeleton(&self, timeline: &'s Timeline<'s>, item: &Item, start: usize, out: &mut Output) -> Result<Outcome> {
        let Output { bytes, scratch, .. } = out;
        let elements = ordered(timeline, item, &self.drawings[item.label as usize], &mut scratch.elements);
        let mut values = Vec::new();
        skeleton_attributes(timeline, item, &scratch.elements, &mut values)?;
        begin(bytes, start, "skeleton", &values, item.group, item.label);
        text(bytes, ", \"points\": ");
        list(bytes, &elements, |bytes, element| {
            match element.and_then(|element| keypoint(timeline, &element, &mut scratch.points)) {
                None => text(bytes, "0.0, 0.0, 0"),
                Some(point) => {
                    for value in point.at {
                        json::python_float(bytes, value);
                        text(bytes, ", ");
                    }
                    uint(bytes, u64::from(point.visibility));
                }
            }
        });
        text(bytes, ", \"points_attributes\": [");
        for (place, element) in elements.iter().enumerate() {
            text(bytes, if place > 0 { ", " } else { "" });
            values.clear();
            if let Some(element) = element {
                element_attributes(timeline, element, &mut values)?;
            }
            dictionary(bytes, &values);
        }
        text(bytes, "]}");
        Ok(Outcome::Written)
    }
}

/// Where the picture of a frame lies in the task. A frame of a video has one only when it is written: as `.PNG` by CVAT.
fn path(timeline: &Timeline<'_>, frame: u32) -> String {
    let mut path = String::new();
    timeline.write_name(frame, &mut path);
    if !timeline.has_paths() {
        path += &timeline.id(frame, &mut MadeId::default()).1.to_uppercase();
    }
    path
}

/// Where the picture of a frame lies in the export.
fn flat_path(timeline: &Timeline<'_>, frame: u32) -> String {
    let mut made = MadeId::default();
    let (id, extension) = timeline.id(frame, &mut made);
    id.replace('/', "_") + extension
}

/// What all annotations begin with. The annotations of the frame begin at `start`.
fn begin(out: &mut Vec<u8>, start: usize, kind: &str, attributes: &[(&str, Value<'_>)], group: u32, label: u32) {
    text(out, if out.len() > start { ", {\"id\": 0, \"type\": \"" } else { "{\"id\": 0, \"type\": \"" });
    text(out, kind);
    text(out, "\", \"attributes\": ");
    dictionary(out, attributes);
    text(out, ", \"group\": ");
    uint(out, u64::from(group));
    text(out, ", \"label_id\": ");
    uint(out, u64::from(label));
}

fn layer(out: &mut Vec<u8>, item: &Item) {
    text(out, ", \"z_order\": ");
    int(out, i64::from(item.z_order));
}

fn dictionary(out: &mut Vec<u8>, attributes: &[(&str, Value<'_>)]) {
    out.push(b'{');
    for (place, (name, value)) in attributes.iter().enumerate() {
        text(out, if place > 0 { ", " } else { "" });
        json::ascii(out, name);
        text(out, ": ");
        match *value {
            Value::Text(value) => json::ascii(out, value),
            Value::Number(value) => json::python_float(out, value),
            Value::Flag(value) => text(out, if value { "true" } else { "false" }),
            Value::Count(value) => uint(out, u64::from(value)),
        }
    }
    out.push(b'}');
}

/// A list as Python's `json` module spaces it.
fn list<T>(out: &mut Vec<u8>, items: impl IntoIterator<Item = T>, mut write: impl FnMut(&mut Vec<u8>, T)) {
    out.push(b'[');
    for (place, item) in items.into_iter().enumerate() {
        text(out, if place > 0 { ", " } else { "" });
        write(out, item);
    }
    out.push(b']');
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests;
