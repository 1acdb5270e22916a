//! `CVAT for images 1.1`: one XML file, an `<image>` per frame.
//!
//! ```text
//! annotations.xml
//! ```
//!
//! Every shape is written as it is; tracks become shapes of single frames, so that their identity is lost. Tags stand
//! behind the shapes of their frame.

use crate::error::Result;
use crate::format::cvat::xml::{self as cvat, Texts};
use crate::plan::{
    Chunk, Encoder, Format, Options, Output, Part, Scratch, frame_chunks, media_part, places, sections, single_chunk,
};
use crate::report::Outcome;
use crate::schema::ShapeKind;
use crate::text::{number, xml};
use crate::timeline::{FrameView, Item, Scene, SceneKind, Timeline};

/// The format.
pub const FORMAT: Format = Format {
    name: "CVAT for images 1.1",
    slug: "cvat-images",
    summary: "XML by frame; every shape and tag, tracks as single shapes",
    takes_3d: true,
    repeats_numbers: true,
    page: include_str!("page.md"),
    encoder,
};

sections! { Head, Frames, Foot, Media }

const TRACKED: Outcome = Outcome::Converted("a shape of its own on each frame; the track is lost");

fn encoder<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Box<dyn Encoder + 's>> {
    let texts = Texts::new(&scene.dataset.schema);
    Ok(Box::new(CvatImages { scene, texts, head: cvat::head(scene, options.dumped.as_deref()) }))
}

struct CvatImages<'s> {
    scene: &'s Scene<'s>,
    texts: Texts,
    head: Vec<u8>,
}

impl Encoder for CvatImages<'_> {
    fn parts(&self, options: &Options) -> Result<Vec<Part>> {
        let scene = self.scene;
        let mut chunks = vec![single_chunk(Section::Head, 0)];
        chunks.extend(frame_chunks(scene, 0..scene.timelines.len(), Section::Frames));
        chunks.push(single_chunk(Section::Foot, 0));
        let mut parts = vec![Part::Member { name: "annotations.xml".into(), chunks }];
        parts.extend(media_part(scene, 0..scene.timelines.len(), Section::Media, options));
        Ok(parts)
    }

    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        match Section::of(chunk)? {
            Section::Head => out.bytes.extend_from_slice(&self.head),
            Section::Media => cvat::request_pictures(self.scene, chunk, out)?,
            Section::Foot => out.bytes.extend_from_slice(cvat::FOOT),
            Section::Frames => {
                let timeline = &self.scene.timelines[chunk.timeline];
                let mut visit = std::mem::take(&mut out.scratch.visit);
                let places = places(chunk)?;
                timeline.visit_frames(places, &mut visit, |view| {
                    self.image(timeline, view, out);
                    Ok(())
                })?;
                out.scratch.visit = visit;
            }
        }
        Ok(())
    }
}

impl CvatImages<'_> {
    fn image(&self, timeline: &Timeline<'_>, view: &FrameView<'_>, out: &mut Output) {
        let Output { bytes, tally, scratch, .. } = out;
        bytes.extend_from_slice(b"\n  <image id=\"");
        number::uint(bytes, timeline.number(view.frame));
        bytes.extend_from_slice(b"\" name=");
        let mut name = String::new();
        timeline.write_name(view.frame, &mut name);
        xml::attribute_value(bytes, &name);
        if self.scene.kind == SceneKind::Project {
            bytes.extend_from_slice(b" subset=");
            xml::attribute_value(bytes, &timeline.subset);
            bytes.extend_from_slice(b" task_id=\"");
            number::uint(bytes, timeline.task_id());
            bytes.push(b'"');
        }
        let (width, height) = timeline.size(view.frame);
        cvat::int(bytes, b"width", i64::from(width));
        cvat::int(bytes, b"height", i64::from(height));
        bytes.push(b'>');
        for item in view.items {
            self.shape(timeline, item, Role::Shape, bytes, scratch);
            tally.shape(item, if item.track_id().is_some() { TRACKED } else { Outcome::Written });
        }
        for &row in view.tags {
            self.tag(timeline, row, bytes);
            tally.tag(timeline.dataset.columns.tags.label[row as usize], Outcome::Written);
        }
        tally.frames += 1;
        cvat::end(bytes, 1, b"image");
    }

    fn shape(&self, timeline: &Timeline<'_>, item: &Item, role: Role, bytes: &mut Vec<u8>, scratch: &mut Scratch) {
        let level = role.level();
        let name = cvat::element_name(item.kind);
        cvat::line(bytes, level);
        bytes.push(b'<');
        bytes.extend_from_slice(name);
        bytes.push(b' ');
        bytes.extend_from_slice(&self.texts.labels[item.label as usize]);
        cvat::source(bytes, timeline, item.source);
        if item.kind != ShapeKind::Skeleton {
            if role == Role::Element {
                cvat::flag(bytes, b"outside", item.outside);
            }
            cvat::flag(bytes, b"occluded", item.occluded);
            cvat::geometry(bytes, item.kind, timeline.points(item, &mut scratch.points));
            cvat::rotation(bytes, timeline, item);
        }
        if role == Role::Shape {
            cvat::int(bytes, b"z_order", i64::from(item.z_order));
        }
        cvat::group(bytes, item.group);
        bytes.push(b'>');
        if item.kind == ShapeKind::Skeleton {
            let mut elements = std::mem::take(&mut scratch.elements);
            elements.clear();
            timeline.push_elements(item, &mut elements);
            for element in &elements {
                self.shape(timeline, element, Role::Element, bytes, scratch);
            }
            scratch.elements = elements;
        }
        timeline.for_each_value(item, |attribute, value| {
            cvat::value(bytes, &self.texts, level + 1, attribute, value);
        });
        cvat::end(bytes, level, name);
    }

    fn tag(&self, timeline: &Timeline<'_>, row: u32, bytes: &mut Vec<u8>) {
        let columns = &timeline.dataset.columns;
        let (tags, at) = (&columns.tags, row as usize);
        bytes.extend_from_slice(b"\n    <tag ");
        bytes.extend_from_slice(&self.texts.labels[tags.label[at] as usize]);
        cvat::source(bytes, timeline, tags.source[at]);
        cvat::group(bytes, tags.group[at]);
        bytes.push(b'>');
        for (attribute, value) in tags.attributes.get(row) {
            cvat::value(bytes, &self.texts, 3, attribute, columns.text(value));
        }
        cvat::end(bytes, 2, b"tag");
    }
}

/// Whether a shape stands in the image or in a skeleton.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Shape,
    Element,
}

impl Role {
    fn level(self) -> usize {
        match self {
            Role::Shape => 2,
            Role::Element => 3,
        }
    }
}

#[cfg(test)]
mod tests;
