//! `LFW 1.0` (Labeled Faces in the Wild): who is on which picture, and pairs of pictures.
//!
//! ```text
//! SUBSET/annotations/pairs.txt        pairs of one person, then of two, then pictures in no pair
//! SUBSET/annotations/people.txt       label, number of its pictures
//! SUBSET/annotations/landmarks.txt    picture, coordinates; only if there are points
//! ```
//!
//! A frame's first tag is its person. Points are landmarks. Fields stand between tabs.

mod face;

use crate::plan::{
    Chunk, Encoder, Format, Options, Output, Part, Scratch, frame_chunks, line_chunks, media_part, places, sections,
    single_chunk,
};
use std::collections::HashSet;
use std::ops::Range;

use face::{Face, Person};

use crate::error::Result;
use crate::format::kit::class_folders::class_folders;
use crate::format::kit::listing::{Picture, Pictures, check_labels, frame_place, label_names, refuse_repeats, shows};
use crate::format::kit::outcomes::tally_all;
use crate::format::kit::splits::{Group, groups, names_of_timelines};
use crate::report::{Outcome, Tally};
use crate::schema::ShapeKind;
use crate::text::number;
use crate::timeline::{FrameView, Scene, Timeline};

/// The format.
pub const FORMAT: Format = Format {
    name: "LFW 1.0",
    slug: "lfw",
    summary: "lists of persons, pairs and landmarks; a tag a frame, and points",
    takes_3d: false,
    repeats_numbers: false,
    page: include_str!("page.md"),
    encoder,
};

sections! { Positive, Negative, Neutral, People, Landmarks, Media, Header }

/// The attributes that name the other pictures of pairs.
const POSITIVE_PAIRS: &str = "positive_pairs";
const NEGATIVE_PAIRS: &str = "negative_pairs";

/// What ends a field or a line.
const BREAKS: [char; 3] = ['\t', '\n', '\r'];

/// What the profiles differ in.
struct Layout {
    /// Whether files begin with their number of entries and hold nothing but pairs and persons with pictures.
    is_official: bool,
    /// Writes the pairs of one person.
    positive: fn(&Face<'_>, &mut Output),
    /// Writes the pairs of two persons.
    negative: fn(&Face<'_>, &mut Output),
    /// What to say of a face.
    remarks: fn(&Face<'_>) -> [Option<&'static str>; 2],
}

const CVAT: Layout = Layout {
    is_official: false,
    positive: |face, out| face.write_positive(out),
    negative: |face, out| face.write_negative(out),
    remarks: |face| face.remarks(),
};

const TRAINING: Layout = Layout {
    is_official: true,
    positive: |face, out| face.official_pairs().0.iter().for_each(|pair| out.text(pair)),
    negative: |face, out| face.official_pairs().1.iter().for_each(|pair| out.text(pair)),
    remarks: |face| {
        [face.official_pairs().2.then_some("a pair without a picture called PERSON_NUMBER is left out"), None]
    },
};

const NO_FACE: Outcome = Outcome::Dropped("LFW holds points and tags only");
const LATER_TAG: Outcome = Outcome::Dropped("LFW holds one person a picture");

fn encoder<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Box<dyn Encoder + 's>> {
    check_labels(&scene.dataset.schema, &BREAKS)?;
    let layout = options.profile.choose(&CVAT, &TRAINING);
    let groups = groups(scene, options.profile);
    refuse_repeats(scene, &groups)?;
    let subset_of = names_of_timelines(&groups, scene.timelines.len());
    let folders = class_folders(&scene.dataset.schema, options.profile, |label| label.parent.is_none())?;
    let known = if layout.is_official { HashSet::new() } else { known(scene)? };
    Ok(Box::new(Lfw { scene, layout, groups, subset_of, folders, known }))
}

struct Lfw<'s> {
    scene: &'s Scene<'s>,
    layout: &'static Layout,
    /// The subsets, or splits.
    groups: Vec<Group>,
    /// The subset of each timeline.
    subset_of: Vec<String>,
    /// The folder of each label's pictures.
    folders: Vec<String>,
    /// Timeline and frame of pictures that are in no pair, but whose name an earlier line has.
    known: HashSet<(usize, u32)>,
}

/// Finds the pictures that an earlier line names already: CVAT lists them once.
///
/// It takes a pair that names it, or an id that begins as a label does. Frames of a video have none that is like another, so
/// that subsets of videos alone are not looked at.
fn known(scene: &Scene<'_>) -> Result<HashSet<(usize, u32)>> {
    let mut known = HashSet::new();
    let names = label_names(&scene.dataset.schema);
    let has_pairs = [POSITIVE_PAIRS, NEGATIVE_PAIRS].iter().any(|pairs| has_attribute(scene, pairs));
    let may_be_known = has_pairs || names.iter().any(|name| name.contains('/'));
    for (_, timelines) in scene.subsets() {
        let mut seen = HashSet::new();
        let may_repeat = scene.timelines[timelines.clone()].iter().any(Timeline::may_repeat_names)
            && (may_be_known || scene.has_beginning(&timelines.clone().collect::<Vec<_>>(), &names));
        for place in timelines.filter(|_| may_repeat) {
            let timeline = &scene.timelines[place];
            let mut pictures = Pictures::new(timeline, &BREAKS);
            for view in timeline.tagged_frames(0..timeline.frames.len()) {
                let picture = pictures.read(view.frame)?;
                let face = Face::new(Person::read(timeline, &view)?, picture.id);
                let mut name = String::new();
                face.write_name(&mut name);
                if !seen.insert(name) && face.is_neutral() {
                    known.insert((place, view.frame));
                }
                seen.extend(face.paired());
            }
        }
    }
    Ok(known)
}

/// Whether a label has an attribute of this name.
fn has_attribute(scene: &Scene<'_>, name: &str) -> bool {
    let schema = &scene.dataset.schema;
    (0..schema.len() as u32).any(|label| schema.find_attribute(label, name).is_some())
}

impl Encoder for Lfw<'_> {
    fn parts(&self, options: &Options) -> Result<Vec<Part>> {
        let scene = self.scene;
        let pairs = [(Section::Positive, POSITIVE_PAIRS), (Section::Negative, NEGATIVE_PAIRS)].into_iter();
        let blocks: Vec<Section> = pairs
            .filter(|(_, attribute)| has_attribute(scene, attribute))
            .map(|(block, _)| block)
            .chain([Section::Neutral])
            .collect();
        let mut parts = Vec::new();
        for (subset, timelines) in &self.groups {
            let timelines = || timelines.iter().copied();
            let mut member = |name: &str, chunks| {
                parts.push(Part::Member { name: format!("{subset}/annotations/{name}.txt"), chunks });
            };
            let mut pairs: Vec<Chunk> =
                blocks.iter().flat_map(|&block| line_chunks(scene, timelines(), block)).collect();
            pairs.splice(0..0, self.header(&pairs)?);
            member("pairs", pairs);
            if let (false, Some(first)) = (scene.dataset.schema.is_empty(), timelines().next()) {
                member("people", vec![single_chunk(Section::People, first)]);
            }
            if timelines().any(|place| shows(&scene.timelines[place], ShapeKind::Points)) {
                member("landmarks", frame_chunks(scene, timelines(), Section::Landmarks));
            }
        }
        parts.extend(media_part(scene, 0..scene.timelines.len(), Section::Media, options));
        Ok(parts)
    }

    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        let timeline = &self.scene.timelines[chunk.timeline];
        match Section::of(chunk)? {
            Section::Header => out.text(&format!("{}\n", chunk.first)),
            Section::People => self.people(&self.subset_of[chunk.timeline], out),
            Section::Positive => pairs(timeline, places(chunk)?, self.layout.positive, out)?,
            Section::Negative => pairs(timeline, places(chunk)?, self.layout.negative, out)?,
            Section::Landmarks => landmarks(timeline, places(chunk)?, out)?,
            Section::Media => {
                let mut pictures = Pictures::new(timeline, &BREAKS);
                for view in timeline.tagged_frames(places(chunk)?) {
                    let picture = pictures.read(view.frame)?;
                    out.picture(self.picture_name(chunk.timeline, &view, picture), chunk.timeline, view.frame);
                }
            }
            Section::Neutral => self.neutral(chunk, out)?,
        }
        Ok(())
    }
}

impl Lfw<'_> {
    /// Lists the pictures in no pair, and tallies everything.
    fn neutral(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        let timeline = &self.scene.timelines[chunk.timeline];
        let mut pictures = Pictures::new(timeline, &BREAKS);
        for view in timeline.tagged_frames(places(chunk)?) {
            let picture = pictures.read(view.frame)?;
            let face = Face::new(Person::read(timeline, &view)?, picture.id);
            let is_known = self.known.contains(&(chunk.timeline, view.frame));
            if face.is_neutral() && !is_known && !self.layout.is_official {
                face.write_neutral(out);
            }
            tally_tags(timeline, &view, &mut out.tally);
            for message in (self.layout.remarks)(&face).iter().flatten() {
                out.tally.note(message, || frame_place(timeline, view.frame));
            }
            out.tally.frames += 1;
        }
        let outcome = |kind| if kind == ShapeKind::Points { Outcome::Written } else { NO_FACE };
        tally_all(timeline, places(chunk)?, outcome, &mut out.tally);
        Ok(())
    }

    /// The official files begin with the number of pairs of one person.
    fn header(&self, chunks: &[Chunk]) -> Result<Option<Chunk>> {
        if !self.layout.is_official {
            return Ok(None);
        }
        let mut out = Output::default();
        for chunk in chunks.iter().filter(|chunk| chunk.section == u8::from(Section::Positive)) {
            self.encode(chunk, &mut out)?;
        }
        let pairs = out.bytes.iter().filter(|&&byte| byte == b'\n').count();
        Ok(Some(Chunk { first: pairs as u64, ..single_chunk(Section::Header, 0) }))
    }

    /// A picture stands in the folder of its person.
    fn picture_name(&self, place: usize, view: &FrameView<'_>, Picture { id, extension }: Picture<'_>) -> String {
        let dataset = self.scene.dataset;
        let label = |row: &u32| dataset.columns.tags.label[*row as usize];
        let person = view.tags.first().map(|row| &self.folders[label(row) as usize]);
        let folder = person.map(|name| format!("{name}/")).unwrap_or_default();
        let id = if self.layout.is_official { id.rsplit('/').next().unwrap_or(id) } else { id };
        format!("{}/images/{folder}{id}{extension}", self.subset_of[place])
    }

    /// Every label once, with the number of pictures whose person it is.
    fn people(&self, subset: &str, out: &mut Output) {
        let names: Vec<&str> = self.folders.iter().map(String::as_str).collect();
        // Labels of one name, of different skeletons, are one person.
        let first = |name: &&str| names.iter().position(|known| known == name).unwrap_or_default();
        let person_of: Vec<usize> = names.iter().map(first).collect();
        let mut counts = vec![0_u64; names.len()];
        let timelines = self.scene.timelines.iter().zip(&self.subset_of);
        for (timeline, _) in timelines.filter(|(_, its_subset)| *its_subset == subset) {
            let columns = &timeline.dataset.columns.tags;
            let mut last = None;
            for &row in &timeline.tags {
                let frame = columns.frame[row as usize];
                if last.replace(frame) != Some(frame) && timeline.frames.contains(frame) {
                    counts[person_of[columns.label[row as usize] as usize]] += 1;
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

/// Writes the pairs of the frames that have a person.
fn pairs(
    timeline: &Timeline<'_>,
    places: Range<u32>,
    write: fn(&Face<'_>, &mut Output),
    out: &mut Output,
) -> Result<()> {
    let mut pictures = Pictures::new(timeline, &BREAKS);
    for view in timeline.tagged_frames(places).filter(|view| !view.tags.is_empty()) {
        let picture = pictures.read(view.frame)?;
        write(&Face::new(Person::read(timeline, &view)?, picture.id), out);
    }
    Ok(())
}

fn landmarks(timeline: &Timeline<'_>, places: Range<u32>, out: &mut Output) -> Result<()> {
    let mut pictures = Pictures::new(timeline, &BREAKS);
    let Output { bytes, scratch: Scratch { visit, points, .. }, .. } = out;
    timeline.visit_some(
        places,
        |_, kind| kind == ShapeKind::Points,
        visit,
        |view| {
            for item in view.items {
                let picture = pictures.read(view.frame)?;
                bytes.extend_from_slice(picture.id.as_bytes());
                bytes.extend_from_slice(b".jpg");
                for &value in timeline.points(item, points) {
                    bytes.push(b'\t');
                    number::repr_round2(bytes, value);
                }
                bytes.push(b'\n');
            }
            Ok(())
        },
    )
}

fn tally_tags(timeline: &Timeline<'_>, view: &FrameView<'_>, tally: &mut Tally) {
    for (place, &row) in view.tags.iter().enumerate() {
        let label = timeline.dataset.columns.tags.label[row as usize];
        tally.tag(label, if place == 0 { Outcome::Written } else { LATER_TAG });
    }
}
