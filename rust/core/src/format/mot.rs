//! `MOT 1.1` (MOTChallenge): one line a box, with the id of its track.
//!
//! ```text
//! gt/gt.txt        frame, track, x, y, width, height, flag, class, visibility; lines end in CR LF
//! gt/labels.txt    one label a line, sublabels too
//! ```
//!
//! Rectangles only, without their rotation. Boxes that belong to no track have the id -1.

use std::collections::HashMap;

use super::annotation::{Value, attributes, corners, int_of, located, python_float, python_int};
use super::{Format, Options};
use crate::error::{Code, Error, Result};
use crate::plan::{Chunk, Encoder, Output, Part, Plan, frame_chunks, places, single_chunk};
use crate::report::Outcome;
use crate::schema::ShapeKind;
use crate::text::number;
use crate::timeline::{FrameView, Item, Scene, Timeline, VisitScratch};

/// The format.
pub const FORMAT: Format = Format {
    name: "MOT 1.1",
    slug: "mot",
    summary: "one line a box with its track's id; boxes only",
    page: include_str!("mot.md"),
    plan,
};

const BOXES: u8 = 0;
const LABELS: u8 = 1;

const NO_BOX: Outcome = Outcome::Dropped("MOT holds boxes only");
const TURNED: Outcome = Outcome::Converted("a box without its rotation");

/// Attributes that mean something in the format.
const TRACK_ID: &str = "track_id";
const VISIBILITY: &str = "visibility";
const IGNORED: &str = "ignored";

fn plan<'s>(scene: &'s Scene<'s>, _: &Options) -> Result<Plan<'s>> {
    let mut chunks = Vec::new();
    let mut first_frame = Vec::new();
    let mut position = 0;
    for (place, timeline) in scene.timelines.iter().enumerate() {
        chunks.extend(frame_chunks(scene, place..place + 1, BOXES));
        first_frame.push(position);
        position += u64::from(timeline.frames.len());
    }
    let special = |name: &str| matches!(name, TRACK_ID | VISIBILITY | IGNORED);
    let labels = scene.dataset.schema.labels().iter();
    let has_special = labels.map(|label| label.attributes.iter().any(|spec| special(&spec.name))).collect();
    let mut mot = Mot { scene, first_frame, has_special, track_numbers: HashMap::new() };
    mot.number_tracks()?;
    let member = |name: &str, chunks| Part::Member { name: name.into(), chunks };
    Ok(Plan {
        parts: vec![member("gt/gt.txt", chunks), member("gt/labels.txt", vec![single_chunk(LABELS, 0)])],
        encoder: Box::new(mot),
    })
}

struct Mot<'s> {
    scene: &'s Scene<'s>,
    /// Frames shown before each timeline.
    first_frame: Vec<u64>,
    /// Whether a label has an attribute that means something in the format.
    has_special: Vec<bool>,
    /// The number in the file of each track id, in the order of appearance, from 1.
    track_numbers: HashMap<i64, u64>,
}

impl Encoder for Mot<'_> {
    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        if chunk.section == LABELS {
            let names: Vec<&str> = self.scene.dataset.schema.labels().iter().map(|label| label.name.as_str()).collect();
            out.text(&names.join("\n"));
            return Ok(());
        }
        let timeline = &self.scene.timelines[chunk.timeline];
        let mut visit = std::mem::take(&mut out.scratch.visit);
        timeline.visit_frames(places(chunk)?, &mut visit, |view| self.frame(chunk.timeline, timeline, view, out))?;
        out.scratch.visit = visit;
        Ok(())
    }
}

impl<'s> Mot<'s> {
    fn frame(&self, place: usize, timeline: &'s Timeline<'s>, view: &FrameView<'_>, out: &mut Output) -> Result<()> {
        let (mut id, mut extension) = (String::new(), String::new());
        timeline.write_id(view.frame, &mut id, &mut extension);
        let position = self.first_frame[place] + u64::from(view.place) + 1;
        let frame = python_int(&id).unwrap_or_else(|| position.to_string());
        for item in view.items {
            if item.kind != ShapeKind::Rectangle {
                out.tally.shape(item, NO_BOX);
                continue;
            }
            let special = self.special(timeline, item)?;
            let Some([x0, y0, x1, y1]) = corners(timeline.points(item, &mut out.scratch.points)) else {
                continue;
            };
            let bytes = &mut out.bytes;
            bytes.extend_from_slice(frame.as_bytes());
            bytes.push(b',');
            match special.track.and_then(|track| self.track_numbers.get(&track)) {
                Some(&track) => number::uint(bytes, track),
                None => bytes.extend_from_slice(b"-1"),
            }
            for value in [x0, y0, x1 - x0, y1 - y0] {
                bytes.push(b',');
                number::repr(bytes, value);
            }
            bytes.extend_from_slice(if special.ignored { b",0," } else { b",1," });
            number::uint(bytes, u64::from(item.label) + 1);
            bytes.push(b',');
            number::repr(bytes, special.visibility);
            bytes.extend_from_slice(b"\r\n");
            out.tally.shape(item, if timeline.rotation(item) == 0.0 { Outcome::Written } else { TURNED });
        }
        for &row in view.tags {
            out.tally.tag(timeline.dataset.columns.tags.label[row as usize], NO_BOX);
        }
        out.tally.frames += 1;
        Ok(())
    }

    /// What the format takes from the attributes of a box.
    fn special(&self, timeline: &'s Timeline<'s>, item: &Item) -> Result<Special> {
        let mut special = Special {
            track: item.track_id().map(i64::from),
            visibility: if item.occluded { 0.0 } else { 1.0 },
            ignored: false,
        };
        if !self.has_special[item.label as usize] {
            return Ok(special);
        }
        let mut values = Vec::new();
        attributes(timeline, item, &mut values)?;
        for (name, value) in values {
            let unreadable = || {
                let message = format!("MOT needs a number in the attribute {name:?}, but its value is {value:?}");
                located(Error::new(Code::BadAttributeValue, message), timeline, item)
            };
            match name {
                TRACK_ID => special.track = Some(int_of(value).ok_or_else(unreadable)?),
                VISIBILITY => special.visibility = float_of(value).ok_or_else(unreadable)?,
                IGNORED => special.ignored = value == Value::Flag(true),
                _ => {}
            }
        }
        Ok(special)
    }

    /// Numbers the tracks in the order in which the file shows them. Only frames on which a track may appear for the
    /// first time are looked at, unless boxes without a track bring ids of their own.
    fn number_tracks(&mut self) -> Result<()> {
        let mut visit = VisitScratch::default();
        for timeline in &self.scene.timelines {
            let labels = self.scene.dataset.schema.labels();
            let own_ids = labels.iter().any(|label| label.attributes.iter().any(|spec| spec.name == TRACK_ID));
            let places = if own_ids {
                (0..timeline.frames.len()).collect()
            } else {
                timeline.first_places(|track| track.kind == ShapeKind::Rectangle)
            };
            for place in places {
                let mut appeared = Vec::new();
                timeline.visit_frames(place..place + 1, &mut visit, |view| {
                    for item in view.items.iter().filter(|item| item.kind == ShapeKind::Rectangle) {
                        appeared.extend(self.special(timeline, item)?.track.filter(|&track| track != -1));
                    }
                    Ok(())
                })?;
                for track in appeared {
                    let next = self.track_numbers.len() as u64 + 1;
                    self.track_numbers.entry(track).or_insert(next);
                }
            }
        }
        Ok(())
    }
}

struct Special {
    track: Option<i64>,
    visibility: f64,
    ignored: bool,
}

fn float_of(value: Value<'_>) -> Option<f64> {
    match value {
        Value::Text(text) => python_float(text),
        Value::Number(number) => Some(number),
        Value::Flag(flag) => Some(f64::from(u8::from(flag))),
        Value::Count(count) => Some(f64::from(count)),
    }
}

#[cfg(test)]
mod tests;
