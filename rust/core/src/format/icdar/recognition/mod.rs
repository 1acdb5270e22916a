//! `ICDAR Recognition 1.0`: the texts of each picture.
//!
//! ```text
//! SUBSET/gt.txt                   picture, texts in quotes
//! SUBSET/images/NAME.EXTENSION    with pictures
//! ```
//!
//! The attribute `text` is all that it holds, of annotations of any kind and label. For training a picture is a word, and
//! lies beside `gt.txt`.

use crate::error::Result;
use crate::format::icdar::{is_read, text_of_shape, transcription, write_escaped, write_quoted};
use crate::format::kit::annotation::{Value, Values, tag_attributes, tag_located};
use crate::format::kit::listing::{LINE_BREAKS, Picture, Pictures, frame_place};
use crate::format::kit::outcomes::StaticOutcomes;
use crate::plan::{Chunk, Encoder, Format, Options, Output, Part, media_part, places, request_pictures, sections};
use crate::report::{Outcome, Tally};
use crate::schema::ShapeKind;
use crate::timeline::{FrameView, Item, Scene, Timeline};

/// The format.
pub const FORMAT: Format = Format {
    name: "ICDAR Recognition 1.0",
    slug: "icdar-recognition",
    summary: "a list of pictures with the texts in them; the attribute text only",
    takes_3d: false,
    repeats_numbers: false,
    page: include_str!("page.md"),
    encoder,
};

sections! { List, Media }

const TEXT_ONLY: Outcome = Outcome::Converted("its text");
const NO_TEXT: Outcome = Outcome::Dropped("the annotation has no attribute called text");
const NO_CUBOID: Outcome = Outcome::Dropped("CVAT leaves cuboids out");

const EMPTY: Outcome = Outcome::Dropped("its text is empty");
const SEVERAL: Outcome = Outcome::Dropped("a picture of ICDAR Recognition is one word, and several texts are on it");

/// What the profiles differ in.
struct Layout {
    /// The folder of pictures below that of the subset.
    pictures: &'static str,
    /// Whether a picture has one text or no line at all, and quotes in it are escaped.
    is_one_word: bool,
}

const CVAT: Layout = Layout { pictures: "images/", is_one_word: false };
const TRAINING: Layout = Layout { pictures: "", is_one_word: true };

fn encoder<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Box<dyn Encoder + 's>> {
    let layout = options.profile.choose(&CVAT, &TRAINING);
    let schema = &scene.dataset.schema;
    let outcomes = StaticOutcomes::new(scene.dataset, |label, kind| match kind {
        ShapeKind::Cuboid => Some(NO_CUBOID),
        _ => (!is_read(schema, label)).then_some(NO_TEXT),
    });
    Ok(Box::new(Recognition { scene, layout, outcomes }))
}

struct Recognition<'s> {
    scene: &'s Scene<'s>,
    layout: &'static Layout,
    /// Of cuboids, and of shapes without a text.
    outcomes: StaticOutcomes,
}

impl Encoder for Recognition<'_> {
    fn parts(&self, options: &Options) -> Result<Vec<Part>> {
        let scene = self.scene;
        let mut parts = Vec::new();
        for (subset, timelines) in scene.subsets() {
            // A subset of which all frames are deleted has no list.
            let chunks = self.outcomes.chunks(scene, timelines.clone(), Section::List);
            if !chunks.is_empty() {
                parts.push(Part::Member { name: format!("{subset}/gt.txt"), chunks });
            }
            parts.extend(media_part(scene, timelines, Section::Media, options));
        }
        Ok(parts)
    }

    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        if Section::of(chunk)? == Section::Media {
            let folder = |timeline: &Timeline<'_>| format!("{}/{}", timeline.subset, self.layout.pictures);
            return request_pictures(self.scene, chunk, out, folder);
        }
        let timeline = &self.scene.timelines[chunk.timeline];
        let mut pictures = Pictures::new(timeline, &LINE_BREAKS);
        let mut values = Values::new();
        self.outcomes.visit(timeline, places(chunk)?, out, |view, out| {
            let picture = pictures.read(view.frame)?;
            out.tally.frames += 1;
            if self.layout.is_one_word {
                let mut texts = Vec::new();
                for_each_text(timeline, view, &mut values, |bearer, text| texts.push((bearer, text)))?;
                word(timeline, view.frame, picture, &texts, out);
                return Ok(());
            }
            begin_line(picture, out);
            for_each_text(timeline, view, &mut values, |bearer, text| {
                text.into_iter().for_each(|text| write_quoted(&mut out.bytes, text));
                bearer.tally(if text.is_some() { TEXT_ONLY } else { NO_TEXT }, &mut out.tally);
            })?;
            out.text("\n");
            Ok(())
        })
    }
}

fn begin_line(picture: Picture<'_>, out: &mut Output) {
    for part in [picture.id, picture.extension, ", "] {
        out.text(part);
    }
}

/// What may bear a text.
enum Bearer<'i> {
    /// A tag, by its label.
    Tag(u32),
    Shape(&'i Item),
}

impl Bearer<'_> {
    fn tally(&self, outcome: Outcome, tally: &mut Tally) {
        match self {
            Self::Tag(label) => tally.tag(*label, outcome),
            Self::Shape(item) => tally.shape(item, outcome),
        }
    }
}

/// Calls `each` with the annotations of a frame and their texts, tags first.
fn for_each_text<'a, 'v>(
    timeline: &Timeline<'a>,
    view: &FrameView<'v>,
    values: &mut Values<'a>,
    mut each: impl FnMut(Bearer<'v>, Option<Value<'a>>),
) -> Result<()> {
    for &row in view.tags {
        tag_attributes(timeline, row, values)?;
        let text = transcription(values).map_err(|error| tag_located(error, timeline, row))?;
        each(Bearer::Tag(timeline.dataset.columns.tags.label[row as usize]), text);
    }
    for item in view.items {
        each(Bearer::Shape(item), text_of_shape(timeline, item, values)?);
    }
    Ok(())
}

/// Writes the line of a picture that is one word.
fn word(
    timeline: &Timeline<'_>,
    frame: u32,
    picture: Picture<'_>,
    texts: &[(Bearer<'_>, Option<Value<'_>>)],
    out: &mut Output,
) {
    let words: Vec<Value<'_>> =
        texts.iter().filter_map(|(_, text)| text.filter(|text| *text != Value::Text(""))).collect();
    if let [word] = words[..] {
        begin_line(picture, out);
        write_escaped(&mut out.bytes, word);
        out.text("\n");
        if picture.id.contains(',') || picture.extension.contains(',') {
            let message = "the name of a picture has a comma in it, at which readers part its line";
            out.tally.note(message, || frame_place(timeline, frame));
        }
    }
    for (bearer, text) in texts {
        let outcome = match text {
            None => NO_TEXT,
            Some(Value::Text("")) => EMPTY,
            Some(_) if words.len() > 1 => SEVERAL,
            Some(_) => TEXT_ONLY,
        };
        bearer.tally(outcome, &mut out.tally);
    }
}

#[cfg(test)]
mod tests;
