//! `MOT 1.1` (MOTChallenge): one line a box, with the id of its track.
//!
//! ```text
//! gt/gt.txt        frame, track, x, y, width, height, flag, class, visibility; lines end in CR LF
//! gt/labels.txt    one label a line, sublabels too
//! ```
//!
//! Rectangles only, without their rotation. Boxes that belong to no track have the id -1.
//!
//! For training each task is a sequence of its own: `SUBSET/SEQUENCE/gt/…`, with `SUBSET/SEQUENCE/seqinfo.ini`, and all
//! sequences of a subset are listed in `seqmaps/SUBSET.txt`.

use crate::plan::{
    Chunk, Encoder, Format, Options, Output, Part, Profile, frame_chunks, media_part, places, request_pictures,
    sections, single_chunk,
};
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::error::{Code, Error, Result};
use crate::format::kit::annotation::{Value, attributes, corners, int_of, located, python_float, python_int};
use crate::format::kit::inside::{OUTSIDE, fit_for};
use crate::format::kit::listing::folder_of_task;
use crate::report::Outcome;
use crate::schema::ShapeKind;
use crate::text::number;
use crate::timeline::{FrameView, Item, MadeId, Origin, Scene, Timeline, VisitScratch};

/// The format.
pub const FORMAT: Format = Format {
    name: "MOT 1.1",
    slug: "mot",
    summary: "one line a box with its track's id; boxes only",
    takes_3d: false,
    repeats_numbers: false,
    page: include_str!("page.md"),
    encoder,
};

sections! { Boxes, Labels, Sequence, Sequences, Media }

/// CVAT does not keep that of a video.
const FRAME_RATE: u32 = 30;

const NO_BOX: Outcome = Outcome::Dropped("MOT holds boxes only");
const TURNED: Outcome = Outcome::Converted("a box without its rotation");

/// Attributes that mean something in the format.
const TRACK_ID: &str = "track_id";
const VISIBILITY: &str = "visibility";
const IGNORED: &str = "ignored";

/// What the profiles differ in.
struct Layout {
    profile: Profile,
    /// Which tasks are one sequence.
    sequences: fn(&Scene<'_>) -> Vec<Sequence>,
    /// Whether a picture whose name is a number is the frame of that number.
    names_are_frames: bool,
    /// Whether a box without a track is a track of its own: the tools want no id twice on a frame.
    singles_are_tracks: bool,
    /// Whether the files that describe the sequences are written.
    describes: bool,
}

const CVAT: Layout = Layout {
    profile: Profile::Cvat,
    sequences: one_sequence,
    names_are_frames: true,
    singles_are_tracks: false,
    describes: false,
};

const TRAINING: Layout = Layout {
    profile: Profile::Training,
    sequences: sequence_of_each_task,
    names_are_frames: false,
    singles_are_tracks: true,
    describes: true,
};

/// Tasks whose frames are counted on from one to the next.
struct Sequence {
    /// Its name; empty if there is one sequence only.
    name: String,
    /// Its folder, empty or ending in `/`.
    folder: String,
    /// Places of its timelines.
    timelines: Range<usize>,
}

fn one_sequence(scene: &Scene<'_>) -> Vec<Sequence> {
    vec![Sequence { name: String::new(), folder: String::new(), timelines: 0..scene.timelines.len() }]
}

fn sequence_of_each_task(scene: &Scene<'_>) -> Vec<Sequence> {
    let mut taken = HashSet::new();
    let sequence = |(place, timeline): (usize, &Timeline<'_>)| {
        let name = folder_of_task(&timeline.task.name, '_', &mut taken);
        let folder = format!("{}/{name}/", timeline.subset);
        Sequence { name, folder, timelines: place..place + 1 }
    };
    scene.timelines.iter().enumerate().map(sequence).collect()
}

fn encoder<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Box<dyn Encoder + 's>> {
    let layout = options.profile.choose(&CVAT, &TRAINING);
    let sequences = (layout.sequences)(scene);
    let (mut sequence_of, mut first_frame) = (Vec::new(), Vec::new());
    for (number, sequence) in sequences.iter().enumerate() {
        let mut position = 0;
        for timeline in &scene.timelines[sequence.timelines.clone()] {
            sequence_of.push(number);
            first_frame.push(position);
            position += u64::from(timeline.frames.len());
        }
    }
    let special = |name: &str| matches!(name, TRACK_ID | VISIBILITY | IGNORED);
    let labels = scene.dataset.schema.labels().iter();
    let has_special = labels.map(|label| label.attributes.iter().any(|spec| special(&spec.name))).collect();
    let track_numbers = HashMap::new();
    let mut mot = Mot { scene, layout, sequences, sequence_of, first_frame, has_special, track_numbers };
    mot.number_tracks()?;
    Ok(Box::new(mot))
}

struct Mot<'s> {
    scene: &'s Scene<'s>,
    layout: &'static Layout,
    sequences: Vec<Sequence>,
    /// The sequence of each timeline.
    sequence_of: Vec<usize>,
    /// Frames of the sequence before each timeline.
    first_frame: Vec<u64>,
    /// Whether a label has an attribute that means something in the format.
    has_special: Vec<bool>,
    /// The number in the file of each track id of a sequence, in the order of appearance, from 1 over all sequences.
    track_numbers: HashMap<(usize, i64), u64>,
}

impl Encoder for Mot<'_> {
    fn parts(&self, options: &Options) -> Result<Vec<Part>> {
        let (scene, layout) = (self.scene, self.layout);
        let mut parts = Vec::new();
        for Sequence { folder, timelines, .. } in &self.sequences {
            let mut member = |name: &str, chunks| parts.push(Part::Member { name: format!("{folder}{name}"), chunks });
            member("gt/gt.txt", frame_chunks(scene, timelines.clone(), Section::Boxes));
            member("gt/labels.txt", vec![single_chunk(Section::Labels, 0)]);
            if layout.describes {
                member("seqinfo.ini", vec![single_chunk(Section::Sequence, timelines.start)]);
            }
        }
        for (subset, timelines) in scene.subsets().into_iter().filter(|_| layout.describes) {
            let chunks = vec![single_chunk(Section::Sequences, timelines.start)];
            parts.push(Part::Member { name: format!("seqmaps/{subset}.txt"), chunks });
        }
        parts.extend(media_part(scene, 0..scene.timelines.len(), Section::Media, options));
        Ok(parts)
    }

    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        match Section::of(chunk)? {
            Section::Boxes => {
                let timeline = &self.scene.timelines[chunk.timeline];
                let mut visit = std::mem::take(&mut out.scratch.visit);
                timeline
                    .visit_frames(places(chunk)?, &mut visit, |view| self.frame(chunk.timeline, timeline, view, out))?;
                out.scratch.visit = visit;
            }
            Section::Labels => {
                let labels = self.scene.dataset.schema.labels();
                let names: Vec<&str> = labels.iter().map(|label| label.name.as_str()).collect();
                out.text(&names.join("\n"));
            }
            Section::Media => self.pictures(chunk, out)?,
            Section::Sequence => self.describe(chunk.timeline, out),
            Section::Sequences => self.list_sequences(&self.scene.timelines[chunk.timeline].subset, out),
        }
        Ok(())
    }
}

impl<'s> Mot<'s> {
    fn frame(&self, place: usize, timeline: &'s Timeline<'s>, view: &FrameView<'_>, out: &mut Output) -> Result<()> {
        let position = self.first_frame[place] + u64::from(view.place) + 1;
        let mut id = String::new();
        timeline.write_stem(view.frame, &mut id);
        let number = python_int(&id).filter(|_| self.layout.names_are_frames);
        let frame = number.unwrap_or_else(|| position.to_string());
        for item in view.items {
            if item.kind != ShapeKind::Rectangle {
                out.tally.shape(item, NO_BOX);
                continue;
            }
            let special = self.special(timeline, item)?;
            let Some(corners) = corners(timeline.points(item, &mut out.scratch.points)) else {
                continue;
            };
            let Some(([x0, y0, x1, y1], outcome)) = fit_for(self.layout.profile, timeline, item, corners) else {
                out.tally.shape(item, OUTSIDE);
                continue;
            };
            let bytes = &mut out.bytes;
            bytes.extend_from_slice(frame.as_bytes());
            bytes.push(b',');
            match self.track_number(place, item, special.track) {
                Some(track) => number::uint(bytes, track),
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
            out.tally.shape(item, if timeline.rotation(item) == 0.0 { outcome } else { TURNED });
        }
        for &row in view.tags {
            out.tally.tag(timeline.dataset.columns.tags.label[row as usize], NO_BOX);
        }
        out.tally.frames += 1;
        Ok(())
    }

    /// Number of the track of a box.
    fn track_number(&self, place: usize, item: &Item, track: Option<i64>) -> Option<u64> {
        let known = track.and_then(|track| self.track_numbers.get(&(self.sequence_of[place], track)).copied());
        known.or(match item.origin {
            Origin::Shape(row) if self.layout.singles_are_tracks => {
                Some(self.track_numbers.len() as u64 + u64::from(row) + 1)
            }
            _ => None,
        })
    }

    /// Lists the sequences of a subset; the tools skip the first line.
    fn list_sequences(&self, subset: &str, out: &mut Output) {
        out.text("name\n");
        for (timeline, &sequence) in self.scene.timelines.iter().zip(&self.sequence_of) {
            if timeline.subset == subset {
                out.text(&self.sequences[sequence].name);
                out.text("\n");
            }
        }
    }

    /// Writes what MOTChallenge's tools want to know of a sequence.
    fn describe(&self, place: usize, out: &mut Output) {
        let timeline = &self.scene.timelines[place];
        let mut made = MadeId::default();
        let first = timeline.frames.iter().next();
        let (width, height) = first.map_or((0, 0), |frame| timeline.size(frame));
        let extension = first.map_or("", |frame| timeline.id(frame, &mut made).1);
        out.text(&format!(
            "[Sequence]\nname={}\nimDir=img1\nframeRate={FRAME_RATE}\nseqLength={}\nimWidth={width}\nimHeight={height}\nimExt={extension}\n",
            self.sequences[self.sequence_of[place]].name,
            timeline.frames.len(),
        ));
    }

    /// Where names are no frame numbers, pictures are called by their number, as MOTChallenge calls them.
    fn pictures(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        let folder = format!("{}img1/", self.sequences[self.sequence_of[chunk.timeline]].folder);
        if self.layout.names_are_frames {
            return request_pictures(self.scene, chunk, out, |_| folder.clone());
        }
        let (timeline, places) = (&self.scene.timelines[chunk.timeline], places(chunk)?);
        let mut made = MadeId::default();
        for (place, frame) in places.clone().zip(timeline.frames.slice(places)) {
            let (_, extension) = timeline.id(frame, &mut made);
            let number = self.first_frame[chunk.timeline] + u64::from(place) + 1;
            out.picture(format!("{folder}{number:06}{extension}"), chunk.timeline, frame);
        }
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
        for (timeline, &sequence) in self.scene.timelines.iter().zip(&self.sequence_of) {
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
                    self.track_numbers.entry((sequence, track)).or_insert(next);
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
