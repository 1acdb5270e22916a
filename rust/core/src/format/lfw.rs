//! `LFW 1.0` (Labeled Faces in the Wild): who is on which picture, and pairs of pictures.
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
use super::splits::{groups, names_of_timelines};
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
const HEADER: u8 = 6;

/// What ends a field or a line.
const BREAKS: [char; 3] = ['\t', '\n', '\r'];

/// What the profiles differ in.
struct Layout {
    /// Whether files begin with their number of entries and hold nothing but pairs and persons with pictures.
    is_official: bool,
    /// Writes the pairs of one person.
    positive: fn(&Face<'_>, &str, &mut Output),
    /// Writes the pairs of two persons.
    negative: fn(&Face<'_>, &str, &mut Output),
    /// What to say of a face.
    remarks: fn(&Face<'_>, &str) -> [Option<&'static str>; 2],
}

const CVAT: Layout = Layout {
    is_official: false,
    positive: |face, _, out| face.write_positive(out),
    negative: |face, _, out| face.write_negative(out),
    remarks: |face, _| face.remarks(),
};

const TRAINING: Layout = Layout {
    is_official: true,
    positive: |face, id, out| face.official_pairs(id).0.iter().for_each(|pair| out.text(pair)),
    negative: |face, id, out| face.official_pairs(id).1.iter().for_each(|pair| out.text(pair)),
    remarks: |face, id| {
        [face.official_pairs(id).2.then_some("a pair without a picture called PERSON_NUMBER is left out"), None]
    },
};

const NO_FACE: Outcome = Outcome::Dropped("LFW holds points and tags only");
const LATER_TAG: Outcome = Outcome::Dropped("LFW holds one person a picture");

fn plan<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Plan<'s>> {
    check_labels(&scene.dataset.schema, &BREAKS)?;
    let layout = options.profile.choose(&CVAT, &TRAINING);
    let groups = groups(scene, options.profile);
    refuse_repeats(scene, &groups)?;
    let subset_of = names_of_timelines(&groups, scene.timelines.len());
    let known = if layout.is_official { HashSet::new() } else { known(scene)? };
    let lfw = Lfw { scene, layout, subset_of, known };
    let mut parts = Vec::new();
    for (subset, timelines) in &groups {
        let timelines = || timelines.iter().copied();
        let mut member = |name: &str, chunks| {
            parts.push(Part::Member { name: format!("{subset}/annotations/{name}.txt"), chunks });
        };
        let blocks = [POSITIVE, NEGATIVE, NEUTRAL];
        let mut pairs: Vec<Chunk> = blocks.into_iter().flat_map(|it| frame_chunks(scene, timelines(), it)).collect();
        pairs.splice(0..0, lfw.header(&pairs)?);
        member("pairs", pairs);
        if let (false, Some(first)) = (scene.dataset.schema.is_empty(), timelines().next()) {
            member("people", vec![single_chunk(PEOPLE, first)]);
        }
        if timelines().any(|place| shows(&scene.timelines[place], ShapeKind::Points)) {
            member("landmarks", frame_chunks(scene, timelines(), LANDMARKS));
        }
    }
    if options.save_images {
        parts.push(Part::Pictures(picture_chunks(scene, 0..scene.timelines.len(), PICTURES)));
    }
    Ok(Plan { parts, encoder: Box::new(lfw) })
}

struct Lfw<'s> {
    scene: &'s Scene<'s>,
    layout: &'static Layout,
    /// The subset of each timeline.
    subset_of: Vec<String>,
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
        match chunk.section {
            HEADER => {
                out.text(&format!("{}\n", chunk.first));
                return Ok(());
            }
            PEOPLE => {
                self.people(&self.subset_of[chunk.timeline], out);
                return Ok(());
            }
            _ => {}
        }
        let timeline = &self.scene.timelines[chunk.timeline];
        let mut picture = Picture::default();
        let mut visit = std::mem::take(&mut out.scratch.visit);
        timeline.visit_frames(places(chunk)?, &mut visit, |view| {
            picture.read(timeline, view.frame, &BREAKS)?;
            if chunk.section == PICTURES {
                out.picture(self.picture_name(chunk.timeline, view, &picture), chunk.timeline, view.frame);
                return Ok(());
            }
            if chunk.section == LANDMARKS {
                landmarks(timeline, view, &picture.id, out);
                return Ok(());
            }
            let face = Face::read(timeline, view.frame, &picture.id, view.tags)?;
            match chunk.section {
                POSITIVE => (self.layout.positive)(&face, &picture.id, out),
                NEGATIVE => (self.layout.negative)(&face, &picture.id, out),
                _ => {
                    let is_known = self.known.contains(&(chunk.timeline, view.frame));
                    if face.is_neutral() && !is_known && !self.layout.is_official {
                        face.write_neutral(&picture.id, out);
                    }
                    tally(timeline, view, (self.layout.remarks)(&face, &picture.id), out);
                }
            }
            Ok(())
        })?;
        out.scratch.visit = visit;
        Ok(())
    }
}

impl Lfw<'_> {
    /// The official files begin with the number of pairs of one person.
    fn header(&self, chunks: &[Chunk]) -> Result<Option<Chunk>> {
        if !self.layout.is_official {
            return Ok(None);
        }
        let mut out = Output::default();
        for chunk in chunks.iter().filter(|chunk| chunk.section == POSITIVE) {
            self.encode(chunk, &mut out)?;
        }
        let pairs = out.bytes.iter().filter(|&&byte| byte == b'\n').count();
        Ok(Some(Chunk { first: pairs as u64, ..single_chunk(HEADER, 0) }))
    }

    /// A picture stands in the folder of its person.
    fn picture_name(&self, place: usize, view: &FrameView<'_>, Picture { id, extension }: &Picture) -> String {
        let dataset = self.scene.dataset;
        let label = |row: &u32| dataset.columns.tags.label[*row as usize];
        let person = view.tags.first().map(|row| &dataset.schema.label(label(row)).name);
        let folder = person.map(|name| format!("{name}/")).unwrap_or_default();
        let id = if self.layout.is_official { id.rsplit('/').next().unwrap_or(id) } else { id };
        format!("{}/images/{folder}{id}{extension}", self.subset_of[place])
    }

    /// Every label once, with the number of pictures whose person it is.
    fn people(&self, subset: &str, out: &mut Output) {
        let schema = &self.scene.dataset.schema;
        let names = label_names(schema);
        let mut counts = vec![0_u64; names.len()];
        let timelines = self.scene.timelines.iter().zip(&self.subset_of);
        for (timeline, _) in timelines.filter(|(_, its_subset)| *its_subset == subset) {
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
        let mut people: Vec<(&&str, u64)> =
            names.iter().zip(counts).filter(|(name, _)| listed.insert(**name)).collect();
        if self.layout.is_official {
            people.retain(|(_, count)| *count > 0);
            out.text(&format!("{}\n", people.len()));
        }
        for (name, count) in people {
            out.text(name);
            out.bytes.push(b'\t');
            number::uint(&mut out.bytes, count);
            out.bytes.push(b'\n');
        }
    }
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

fn tally(timeline: &Timeline<'_>, view: &FrameView<'_>, remarks: [Option<&'static str>; 2], out: &mut Output) {
    for item in view.items {
        out.tally.shape(item, if item.kind == ShapeKind::Points { Outcome::Written } else { NO_FACE });
    }
    for (place, &row) in view.tags.iter().enumerate() {
        let label = timeline.dataset.columns.tags.label[row as usize];
        out.tally.tag(label, if place == 0 { Outcome::Written } else { LATER_TAG });
    }
    for message in remarks.into_iter().flatten() {
        out.tally.note(message, || Place {
            task: Some(timeline.task.name.clone()),
            frame: Some(i64::from(view.frame)),
            ..Place::default()
        });
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

    fn remarks(&self) -> [Option<&'static str>; 2] {
        let has_pairs = [self.positive, self.negative].into_iter().flatten().any(|text| !text.is_empty());
        [
            has_pairs.then_some(
                "as in CVAT, each character of positive_pairs and negative_pairs stands for a picture of its own",
            ),
            self.is_unnumbered
                .then_some("a picture's name begins with its label, but no number follows: it keeps the whole name"),
        ]
    }

    /// The lines of pairs as the data set has them, of one person and of two, and whether any had to be left out.
    fn official_pairs(&self, id: &str) -> (Vec<String>, Vec<String>, bool) {
        let own = numbered(id).filter(|(person, _)| Some(*person) == self.person);
        let same = |name: &str| match (own, numbered(name)) {
            (Some((person, number)), Some((other, second))) if other == person => Some((person, number, second)),
            (Some((person, number)), None) => Some((person, number, name.parse().ok()?)),
            _ => None,
        };
        let same = |name| same(name).map(|(person, number, second)| format!("{person}\t{number}\t{second}\n"));
        let two = |name| {
            let ((person, number), (other, second)) = (own?, numbered(name)?);
            Some(format!("{person}\t{number}\t{other}\t{second}\n"))
        };
        let positive: Vec<_> = elements(self.positive).map(same).collect();
        let negative: Vec<_> = elements(self.negative).map(two).collect();
        let lacks = positive.iter().chain(&negative).any(Option::is_none);
        (positive.into_iter().flatten().collect(), negative.into_iter().flatten().collect(), lacks)
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

/// The names in an attribute.
fn elements(text: Option<&str>) -> impl Iterator<Item = &str> {
    let is_between = |symbol: char| symbol.is_whitespace() || matches!(symbol, ',' | ';');
    text.unwrap_or_default().split(is_between).filter(|name| !name.is_empty())
}

/// Person and number that a picture's name tells: `Aaron_Peirsol_0002`, with folders and extension or without.
fn numbered(name: &str) -> Option<(&str, u64)> {
    let base = name.rsplit('/').next()?;
    let is_extension = |text: &str| text.chars().all(char::is_alphabetic);
    let stem = base.rsplit_once('.').filter(|(_, extension)| is_extension(extension)).map_or(base, |(stem, _)| stem);
    let (person, number) = stem.rsplit_once('_')?;
    Some((person, number.parse().ok()?))
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
    fn official_pairs_are_told_by_names_and_numbers() {
        let face = Face::new(Some("A_B"), "x/A_B_0001", [Some("A_B_0002.jpg, 3;C_0001 x"), Some("C_0004\nA_B 7")]);
        let (same, two, lacks) = face.official_pairs("x/A_B_0001");
        assert_eq!(same, ["A_B\t1\t2\n", "A_B\t1\t3\n"]);
        assert_eq!((two, lacks), (vec!["A_B\t1\tC\t4\n".to_owned()], true));
        let unnamed = Face::new(Some("A"), "frame_1", [Some("A_2"), None]);
        assert_eq!(unnamed.official_pairs("frame_1"), (vec![], vec![], true));
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
