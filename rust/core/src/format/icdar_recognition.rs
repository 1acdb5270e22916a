//! `ICDAR Recognition 1.0`: the texts of each picture.
//!
//! ```text
//! SUBSET/gt.txt                   picture, texts in quotes
//! SUBSET/images/NAME.EXTENSION    with pictures
//! ```
//!
//! The attribute `text` is all that it holds, of annotations of any kind and label.

use super::annotation::{attributes, located, tag_attributes, tag_located};
use super::icdar::{transcription, write_quoted};
use super::listing::{LINE_BREAKS, Picture};
use super::{Format, Options};
use crate::error::Result;
use crate::plan::{Chunk, Encoder, Output, Part, Plan, frame_chunks, picture_chunks, places, request_pictures};
use crate::report::Outcome;
use crate::schema::ShapeKind;
use crate::timeline::{FrameView, Scene, Timeline};

/// The format.
pub const FORMAT: Format = Format {
    name: "ICDAR Recognition 1.0",
    slug: "icdar-recognition",
    summary: "a list of pictures with the texts in them; the attribute text only",
    page: include_str!("icdar_recognition.md"),
    plan,
};

const LIST: u8 = 0;
const PICTURES: u8 = 1;

const TEXT_ONLY: Outcome = Outcome::Converted("its text");
const NO_TEXT: Outcome = Outcome::Dropped("the annotation has no attribute called text");
const NO_CUBOID: Outcome = Outcome::Dropped("CVAT leaves cuboids out");

fn plan<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Plan<'s>> {
    let mut parts = Vec::new();
    for (subset, timelines) in scene.subsets() {
        // A subset of which all frames are deleted has no list.
        let chunks = frame_chunks(scene, timelines.clone(), LIST);
        if !chunks.is_empty() {
            parts.push(Part::Member { name: format!("{subset}/gt.txt"), chunks });
        }
        if options.save_images {
            parts.push(Part::Pictures(picture_chunks(scene, timelines, PICTURES)));
        }
    }
    Ok(Plan { parts, encoder: Box::new(Recognition { scene }) })
}

struct Recognition<'s> {
    scene: &'s Scene<'s>,
}

impl Encoder for Recognition<'_> {
    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        if chunk.section == PICTURES {
            return request_pictures(self.scene, chunk, out, |timeline| format!("{}/images/", timeline.subset));
        }
        let timeline = &self.scene.timelines[chunk.timeline];
        let mut picture = Picture::default();
        let mut visit = std::mem::take(&mut out.scratch.visit);
        timeline.visit_frames(places(chunk)?, &mut visit, |view| {
            picture.read(timeline, view.frame, &LINE_BREAKS)?;
            for part in [&picture.id, &picture.extension, ", "] {
                out.text(part);
            }
            texts(timeline, view, out)?;
            out.text("\n");
            out.tally.frames += 1;
            Ok(())
        })?;
        out.scratch.visit = visit;
        Ok(())
    }
}

/// The texts of a frame, in quotes, one behind another.
fn texts(timeline: &Timeline<'_>, view: &FrameView<'_>, out: &mut Output) -> Result<()> {
    let mut values = Vec::new();
    for &row in view.tags {
        tag_attributes(timeline, row, &mut values)?;
        let text = transcription(&values).map_err(|error| tag_located(error, timeline, row))?;
        text.into_iter().for_each(|text| write_quoted(&mut out.bytes, text));
        let label = timeline.dataset.columns.tags.label[row as usize];
        out.tally.tag(label, if text.is_some() { TEXT_ONLY } else { NO_TEXT });
    }
    for item in view.items {
        if item.kind == ShapeKind::Cuboid {
            out.tally.shape(item, NO_CUBOID);
            continue;
        }
        attributes(timeline, item, &mut values)?;
        let text = transcription(&values).map_err(|error| located(error, timeline, item))?;
        text.into_iter().for_each(|text| write_quoted(&mut out.bytes, text));
        out.tally.shape(item, if text.is_some() { TEXT_ONLY } else { NO_TEXT });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::export_all;
    use super::*;
    use crate::error::Code;
    use crate::schema::InputType;
    use crate::timeline::testing::*;

    #[test]
    fn the_texts_of_a_picture_follow_each_other_tags_first() {
        let labels = vec![label_with("word", &[("text", InputType::Text, "?")]), label("mark")];
        let shapes = vec![
            ShapeSketch { values: vec![(0, "b, \"c")], ..rectangle(0, 0, [0.0; 4]) },
            rectangle(1, 0, [0.0; 4]),
            shape(ShapeKind::Cuboid, 0, 0, &[0.0; 16]),
        ];
        let jobs = vec![JobSketch { shapes, tags: vec![(0, 0)], ..job(0, 1) }];
        let made = export_all(&FORMAT, &task(labels, video(2, jobs))).unwrap();
        assert_eq!(made.text("default/gt.txt"), "frame_000000.png, \"?\"\"b, \"c\"\nframe_000001.png, \n");
        assert_eq!(
            made.rows(),
            ["word rectangle converted 1", "word cuboid dropped 1", "word tag converted 1", "mark rectangle dropped 1"]
        );
    }

    #[test]
    fn a_text_of_two_lines_is_refused_with_its_place() {
        let labels = vec![label_with("word", &[("text", InputType::Text, "")])];
        let shapes = vec![ShapeSketch { values: vec![(0, "a\nb")], ..rectangle(0, 1, [0.0; 4]) }];
        let made = export_all(&FORMAT, &task(labels, video(2, vec![JobSketch { shapes, ..job(0, 1) }])));
        let error = made.map(|_| ()).unwrap_err();
        assert_eq!((error.code(), error.place().frame), (Code::BadAttributeValue, Some(1)));
        assert_eq!(error.place().label.as_deref(), Some("word"));
    }
}
