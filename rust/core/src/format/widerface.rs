//! `WiderFace 1.0`: boxes of faces (or of anything else) picture by picture.
//!
//! ```text
//! labels.txt                                   one label a line, sublabels too
//! wider_face_split/wider_face_SUBSET_bbx_gt.txt
//!     EVENT/PICTURE                            the event is the frame's first tag
//!     number of boxes                          only if there are any
//!     x y width height, six attributes, label  one line a box; no label if it is `face`
//! ```

use super::annotation::{Value, attributes, corners, located, python_str};
use super::listing::{LINE_BREAKS, Picture, check_labels, label_names};
use super::{Format, Options};
use crate::error::{Code, Error, Result};
use crate::plan::{Chunk, Encoder, Output, Part, Plan, frame_chunks, picture_chunks, places, single_chunk};
use crate::report::Outcome;
use crate::schema::ShapeKind;
use crate::text::number;
use crate::timeline::{FrameView, Item, Scene, Timeline};

/// The format.
pub const FORMAT: Format = Format {
    name: "WiderFace 1.0",
    slug: "widerface",
    summary: "boxes with six attributes, picture by picture; boxes and a tag a frame",
    page: include_str!("widerface.md"),
    plan,
};

const BOXES: u8 = 0;
const LABELS: u8 = 1;
const PICTURES: u8 = 2;

/// The attributes of a box, in the order of the columns.
const ATTRIBUTES: [&str; 6] = ["blur", "expression", "illumination", "occluded", "pose", "invalid"];

/// The label that goes without saying.
const FACE: &str = "face";

const NO_BOX: Outcome = Outcome::Dropped("WiderFace holds boxes only");
const TURNED: Outcome = Outcome::Converted("a box without its rotation");
const EVENT: Outcome = Outcome::Converted("the folder of the picture");
const LATER_TAG: Outcome = Outcome::Dropped("WiderFace holds one tag a picture");

fn plan<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Plan<'s>> {
    check_labels(&scene.dataset.schema, &LINE_BREAKS)?;
    let mut parts = vec![Part::Member { name: "labels.txt".into(), chunks: vec![single_chunk(LABELS, 0)] }];
    parts.extend(scene.subsets().into_iter().map(|(subset, timelines)| Part::Member {
        name: format!("wider_face_split/wider_face_{subset}_bbx_gt.txt"),
        chunks: frame_chunks(scene, timelines, BOXES),
    }));
    if options.save_images {
        parts.push(Part::Pictures(picture_chunks(scene, 0..scene.timelines.len(), PICTURES)));
    }
    Ok(Plan { parts, encoder: Box::new(WiderFace { scene }) })
}

struct WiderFace<'s> {
    scene: &'s Scene<'s>,
}

impl Encoder for WiderFace<'_> {
    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        if chunk.section == LABELS {
            out.text(&label_names(&self.scene.dataset.schema).join("\n"));
            return Ok(());
        }
        let timeline = &self.scene.timelines[chunk.timeline];
        let mut picture = Picture::default();
        let mut visit = std::mem::take(&mut out.scratch.visit);
        timeline.visit_frames(places(chunk)?, &mut visit, |view| {
            picture.read(timeline, view.frame, &LINE_BREAKS)?;
            if chunk.section == PICTURES {
                let path = path(timeline, view, &picture);
                out.picture(format!("WIDER_{}/images/{path}", timeline.subset), chunk.timeline, view.frame);
                return Ok(());
            }
            self.frame(timeline, view, &picture, out)
        })?;
        out.scratch.visit = visit;
        Ok(())
    }
}

/// The path of a picture: its folder is the event that its first tag names.
fn path(timeline: &Timeline<'_>, view: &FrameView<'_>, Picture { id, extension }: &Picture) -> String {
    let labels = &timeline.dataset.columns.tags.label;
    match view.tags.first().map(|&row| labels[row as usize]) {
        Some(label) => format!("{label}--{}/{id}{extension}", timeline.dataset.schema.label(label).name),
        None => format!("no_label/{id}{extension}"),
    }
}

impl<'s> WiderFace<'s> {
    fn frame(
        &self,
        timeline: &'s Timeline<'s>,
        view: &FrameView<'_>,
        picture: &Picture,
        out: &mut Output,
    ) -> Result<()> {
        let labels = &timeline.dataset.columns.tags.label;
        out.text(&path(timeline, view, picture));
        out.bytes.push(b'\n');
        let boxes = view.items.iter().filter(|item| item.kind == ShapeKind::Rectangle).count();
        if boxes > 0 {
            number::uint(&mut out.bytes, boxes as u64);
            out.bytes.push(b'\n');
        }
        for item in view.items {
            let outcome = self.shape(timeline, item, out)?;
            out.tally.shape(item, outcome);
        }
        for (place, &row) in view.tags.iter().enumerate() {
            out.tally.tag(labels[row as usize], if place == 0 { EVENT } else { LATER_TAG });
        }
        out.tally.frames += 1;
        Ok(())
    }

    fn shape(&self, timeline: &'s Timeline<'s>, item: &Item, out: &mut Output) -> Result<Outcome> {
        if item.kind != ShapeKind::Rectangle {
            return Ok(NO_BOX);
        }
        let Some([x0, y0, x1, y1]) = corners(timeline.points(item, &mut out.scratch.points)) else {
            return Err(located(Error::new(Code::BadShape, "a rectangle needs four coordinates"), timeline, item));
        };
        for value in [x0, y0, x1 - x0, y1 - y0] {
            number::repr(&mut out.bytes, value);
            out.bytes.push(b' ');
        }
        let mut values = Vec::new();
        attributes(timeline, item, &mut values)?;
        for name in ATTRIBUTES {
            match values.iter().find(|(known, _)| *known == name).map(|(_, value)| *value) {
                None => out.text("-"),
                Some(Value::Text(text)) if text.contains(LINE_BREAKS) => {
                    let message = format!("WiderFace cannot hold a line break in the attribute {name:?}");
                    return Err(located(Error::new(Code::BadAttributeValue, message), timeline, item));
                }
                Some(value) => python_str(&mut out.bytes, value),
            }
            out.bytes.push(b' ');
        }
        let label = &timeline.dataset.schema.label(item.label).name;
        if label != FACE {
            out.text(label);
        }
        out.bytes.push(b'\n');
        Ok(if timeline.rotation(item) == 0.0 { Outcome::Written } else { TURNED })
    }
}
