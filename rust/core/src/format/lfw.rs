//! `LFW 1.0` (Labeled Faces in the Wild) without pictures: who is on which picture, and pairs of pictures.
//!
//! ```text
//! SUBSET/annotations/pairs.txt        pairs of one person, then of two, then pictures in no pair
//! SUBSET/annotations/people.txt       label, number of its pictures
//! SUBSET/annotations/landmarks.txt    picture, coordinates; only if there are points
//! ```
//!
//! A frame's first tag is its person. Points are landmarks. Fields stand between tabs.

use std::collections::HashSet;

use super::annotation::{Value, python_int, tag_located, tag_value};
use super::listing::{Picture, at_frame, check_labels, label_names, refuse_repeats, shows, tags};
use super::{Format, Options};
use crate::error::{Code, Error, Place, Result};
use crate::plan::{Chunk, Encoder, Output, Part, Plan, frame_chunks, picture_chunks, places, single_chunk};
use crate::report::Outcome;
use crate::schema::ShapeKind;
use crate::text::number::{self, round2_numpy};
use crate::timeline::{FrameView, Scene, Timeline};

/// The format.
pub const FORMAT: Format = Format {
    name: "LFW 1.0",
    slug: "lfw",
    summary: "lists of persons, pairs and landmarks; a tag a frame, and points",
    page: include_str!("lfw.md"),
    plan,
};

const POSITIVE: u8 = 0;
const NEGATIVE: u8 = 1;
const NEUTRAL: u8 = 2;
const PEOPLE: u8 = 3;
const LANDMARKS: u8 = 4;
const PICTURES: u8 = 5;

/// What ends a field or a line.
const BREAKS: [char; 3] = ['\t', '\n', '\r'];

const NO_FACE: Outcome = Outcome::Dropped("LFW holds points and tags only");
const LATER_TAG: Outcome = Outcome::Dropped("LFW holds one person a picture");

fn plan<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Plan<'s>> {
    check_labels(&scene.dataset.schema, &BREAKS)?;
    refuse_repeats(scene)?;
    let mut parts = Vec::new();
    for (subset, timelines) in scene.subsets() {
        let mut member = |name: &str, chunks| {
            parts.push(Part::Member { name: format!("{subset}/annotations/{name}.txt"), chunks });
        };
        let blocks = [POSITIVE, NEGATIVE, NEUTRAL];
        member("pairs", blocks.into_iter().flat_map(|it| frame_chunks(scene, timelines.clone(), it)).collect());
        if !scene.dataset.schema.is_empty() {
            member("people", vec![single_chunk(PEOPLE, timelines.start)]);
        }
        if scene.timelines[timelines.clone()].iter().any(|timeline| shows(timeline, ShapeKind::Points)) {
            member("landmarks", frame_chunks(scene, timelines.clone(), LANDMARKS));
        }
        if options.save_images {
            parts.push(Part::Pictures(picture_chunks(scene, timelines, PICTURES)));
        }
    }
    Ok(Plan { parts, encoder: Box::new(Lfw { scene, known: known(scene)? }) })
}

struct Lfw<'s> {
    scene: &'s Scene<'s>,
    /// Timeline and frame of pictures that are in no pair, but whose name an earlier line has.
    known: HashSet<(usize, u32)>,
}

/// Finds the pictures that an earlier line names already: CVAT lists them once.
///
/// It takes a name with a folder, or with leading zeros behind a label, to be like another: frames of a video have
/// neither, so that subsets of videos alone are not looked at.
fn known(scene: &Scene<'_>) -> Result<HashSet<(usize, u32)>> {
    let mut known = HashSet::new();
    for (_, timelines) in scene.subsets() {
        let mut seen = HashSet::new();
        if !scene.timelines[timelines.clone()].iter().any(Timeline::may_repeat_names) {
            continue;
        }
        for place in timelines {
            let timeline = &scene.timelines[place];
            let mut picture = Picture::default();
            for frame in timeline.frames.iter() {
                picture.read(timeline, frame, &BREAKS)?;
                let face = Face::read(timeline, frame, &picture.id, tags(timeline, frame))?;
                if face.is_neutral() {
                    if !seen.insert(face.name()) {
                        known.insert((place, frame));
                    }
                    continue;
                }
                seen.insert(face.name());
                let person = face.person.unwrap_or_default();
                seen.extend(
                    face.positive
                        .iter()
                        .flat_map(|text| text.chars())
                        .map(|it| format!("{person}/{}", other_picture(person, it))),
                );
                seen.extend(face.negative.iter().flat_map(|text| text.chars()).map(String::from));
            }
        }
    }
    Ok(known)
}

impl Encoder for Lfw<'_> {
    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        if chunk.section == PEOPLE {
            self.people(&self.scene.timelines[chunk.timeline].subset, out);
            return Ok(());
        }
        let timeline = &self.scene.timelines[chunk.timeline];
        let mut picture = Picture::default();
        let mut visit = std::mem::take(&mut out.scratch.visit);
        timeline.visit_frames(places(chunk)?, &mut visit, |view| {
            picture.read(timeline, view.frame, &BREAKS)?;
            if chunk.section == PICTURES {
                out.picture(picture_name(timeline, view, &picture), chunk.timeline, view.frame);
                return Ok(());
            }
            if chunk.section == LANDMARKS {
                landmarks(timeline, view, &picture.id, out);
                return Ok(());
            }
            let face = Face::read(timeline, view.frame, &picture.id, view.tags)?;
            match chunk.section {
                POSITIVE => face.write_positive(out),
                NEGATIVE => face.write_negative(out),
                _ => {
                    if face.is_neutral() && !self.known.contains(&(chunk.timeline, view.frame)) {
                        face.write_neutral(&picture.id, out);
                    }
                    tally(timeline, view, &face, out);
                }
            }
            Ok(())
        })?;
        out.scratch.visit = visit;
        Ok(())
    }
}

impl Lfw<'_> {
    /// Every label once, with the number of pictures whose person it is.
    fn people(&self, subset: &str, out: &mut Output) {
        let schema = &self.scene.dataset.schema;
        let names = label_names(schema);
        let mut counts = vec![0_u64; names.len()];
        for timeline in self.scene.timelines.iter().filter(|timeline| timeline.subset == subset) {
            let columns = &timeline.dataset.columns.tags;
            let mut last = None;
            for &row in &timeline.tags {
                let frame = columns.frame[row as usize];
                if last.replace(frame) != Some(frame) && timeline.frames.contains(frame) {
                    let name = names[columns.label[row as usize] as usize];
                    let first = names.iter().position(|known| *known == name);
                    first.into_iter().for_each(|first| counts[first] += 1);
                }
            }
        }
        let mut listed = HashSet::new();
        for (name, count) in names.iter().zip(counts).filter(|(name, _)| listed.insert(**name)) {
            out.text(name);
            out.bytes.push(b'\t');
            number::uint(&mut out.bytes, count);
            out.bytes.push(b'\n');
        }
    }
}

/// A picture stands in the folder of its person.
fn picture_name(timeline: &Timeline<'_>, view: &FrameView<'_>, Picture { id, extension }: &Picture) -> String {
    let label = |row: &u32| timeline.dataset.columns.tags.label[*row as usize];
    let person = view.tags.first().map(|row| &timeline.dataset.schema.label(label(row)).name);
    let folder = person.map(|name| format!("{name}/")).unwrap_or_default();
    format!("{}/images/{folder}{id}{extension}", timeline.subset)
}

fn landmarks(timeline: &Timeline<'_>, view: &FrameView<'_>, id: &str, out: &mut Output) {
    for item in view.items.iter().filter(|item| item.kind == ShapeKind::Points) {
        out.bytes.extend_from_slice(id.as_bytes());
        out.bytes.extend_from_slice(b".jpg");
        for &value in timeline.points(item, &mut out.scratch.points) {
            out.bytes.push(b'\t');
            number::repr(&mut out.bytes, round2_numpy(value));
        }
        out.bytes.push(b'\n');
    }
}

fn tally(timeline: &Timeline<'_>, view: &FrameView<'_>, face: &Face<'_>, out: &mut Output) {
    for item in view.items {
        out.tally.shape(item, if item.kind == ShapeKind::Points { Outcome::Written } else { NO_FACE });
    }
    for (place, &row) in view.tags.iter().enumerate() {
        let label = timeline.dataset.columns.tags.label[row as usize];
        out.tally.tag(label, if place == 0 { Outcome::Written } else { LATER_TAG });
    }
    let mut note = |message| {
        out.tally.note(message, || Place {
            task: Some(timeline.task.name.clone()),
            frame: Some(i64::from(view.frame)),
            ..Place::default()
        });
    };
    if [face.positive, face.negative].into_iter().flatten().any(|text| !text.is_empty()) {
        note("as in CVAT, each character of positive_pairs and negative_pairs stands for a picture of its own");
    }
    if face.is_unnumbered {
        note("a picture's name begins with its label, but no number follows: it keeps the whole name");
    }
    out.tally.frames += 1;
}

/// A frame as the format sees it.
#[derive(Debug, PartialEq, Eq)]
struct Face<'a> {
    /// Name of the label of its first tag.
    person: Option<&'a str>,
    /// What tells it from the other pictures of the person.
    number: String,
    /// Whether its name begins as numbered ones do, but has no number.
    is_unnumbered: bool,
    /// The pictures of the same person, and of others; none where the label has no such attribute.
    positive: Option<&'a str>,
    negative: Option<&'a str>,
}

impl<'a> Face<'a> {
    fn read(timeline: &'a Timeline<'a>, frame: u32, id: &str, tags: &[u32]) -> Result<Self> {
        let Some(&row) = tags.first() else {
            return Ok(Self::new(None, id, [None, None]));
        };
        let label = timeline.dataset.columns.tags.label[row as usize];
        let pairs = |name: &str| match tag_value(timeline, row, name)? {
            None => Ok(None),
            Some(Value::Text(text)) if !text.contains(BREAKS) => Ok(Some(text)),
            Some(value) => {
                let message = format!("LFW needs a text of one line in the attribute {name:?}, not {value:?}");
                let error = Error::new(Code::BadAttributeValue, message);
                Err(at_frame(tag_located(error, timeline, row), timeline, frame))
            }
        };
        let person = &timeline.dataset.schema.label(label).name;
        Ok(Self::new(Some(person), id, [pairs("positive_pairs")?, pairs("negative_pairs")?]))
    }

    fn new(person: Option<&'a str>, id: &str, [positive, negative]: [Option<&'a str>; 2]) -> Self {
        let numbered = person.filter(|person| id.starts_with(person)).map(|person| python_int(&without(id, person)));
        let is_unnumbered = numbered == Some(None);
        let number = numbered.flatten().unwrap_or_else(|| id.to_owned());
        Self { person, number, is_unnumbered, positive, negative }
    }

    fn is_neutral(&self) -> bool {
        self.positive.is_none() && self.negative.is_none()
    }

    fn name(&self) -> String {
        match self.person {
            Some(person) => format!("{person}/{}", self.number),
            None => self.number.clone(),
        }
    }

    fn write_positive(&self, out: &mut Output) {
        let person = self.person.unwrap_or_default();
        for other in self.positive.unwrap_or_default().chars() {
            out.text(&format!("{person}\t{}\t{}\n", self.number, other_picture(person, other)));
        }
    }

    fn write_negative(&self, out: &mut Output) {
        let person = self.person.unwrap_or_default();
        for other in self.negative.unwrap_or_default().chars() {
            out.text(&format!("{person}\t{}\t-\t{other}\n", self.number));
        }
    }

    fn write_neutral(&self, id: &str, out: &mut Output) {
        if let Some(person) = self.person {
            out.text(person);
            out.bytes.push(b'/');
        }
        out.text(id);
        out.bytes.push(b'\n');
    }
}

/// A picture of the same person, which one character stands for: nothing remains of the person's own name.
fn other_picture(person: &str, character: char) -> String {
    let text = character.to_string();
    if text.starts_with(person) { without(&text, person) } else { text }
}

/// What remains of a text that begins with a person, without the character that follows.
fn without(text: &str, person: &str) -> String {
    text.replace(person, "").chars().skip(1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(person: Option<&str>, id: &str, pairs: [Option<&str>; 2]) -> String {
        let face = Face::new(person, id, pairs);
        let mut out = Output::default();
        face.write_positive(&mut out);
        face.write_negative(&mut out);
        if face.is_neutral() {
            face.write_neutral(id, &mut out);
        }
        String::from_utf8(out.bytes).unwrap()
    }

    #[test]
    fn a_picture_in_no_pair_is_listed_under_its_person_and_its_name() {
        assert_eq!(lines(Some("car"), "car_0001", [None, None]), "car/car_0001\n");
        assert_eq!(lines(None, "a/b", [None, None]), "a/b\n");
    }

    #[test]
    fn pairs_are_written_by_character_and_numbers_lose_their_zeros() {
        assert_eq!(lines(Some("car"), "car_0001", [Some("c2"), None]), "car\t1\tc\ncar\t1\t2\n");
        assert_eq!(lines(Some("car"), "x", [Some(""), Some("b")]), "car\tx\t-\tb\n");
        assert_eq!(lines(Some("c"), "x", [Some("cb"), None]), "c\tx\t\nc\tx\tb\n");
    }

    #[test]
    fn a_name_without_a_number_behind_its_label_stays_whole() {
        for id in ["car_abc", "car1", "car_car_0001x", "car"] {
            let face = Face::new(Some("car"), id, [None, None]);
            assert_eq!((face.number.as_str(), face.is_unnumbered), (id, true));
        }
        let face = Face::new(Some("car"), "car_0012", [None, None]);
        assert_eq!((face.name().as_str(), face.is_unnumbered), ("car/12", false));
    }
}
