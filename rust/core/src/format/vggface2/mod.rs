//! `VGGFace2 1.0`: a face per picture, its box and its five landmarks.
//!
//! ```text
//! labels.txt                               one label a line, behind a sublabel its skeleton's
//! bb_landmark/loose_landmark_SUBSET.csv    label/picture, five points; also rows of tags, without points
//! bb_landmark/loose_bb_SUBSET.csv          label/picture, x, y, width, height; only if there are boxes
//! ```

use crate::plan::{
    Chunk, Encoder, Format, Options, Output, Part, Profile, Scratch, media_part, places, row_chunks, sections,
    single_chunk,
};
use std::collections::{BTreeSet, HashSet};

use crate::error::{Code, Error, Result};
use crate::format::kit::annotation::corners;
use crate::format::kit::class_folders::class_folders;
use crate::format::kit::inside::{OUTSIDE, fit_for};
use crate::format::kit::listing::{LINE_BREAKS, Pictures, at_frame, check_labels, quote, refuse_repeats, shows};
use crate::format::kit::splits::{Group, groups, names_of_timelines};
use crate::report::Outcome;
use crate::schema::ShapeKind;
use crate::text::number;
use crate::timeline::{FrameView, Item, Scene, Timeline};

/// The format.
pub const FORMAT: Format = Format {
    name: "VGGFace2 1.0",
    slug: "vggface2",
    summary: "CSV of one box and five landmarks a picture and label; boxes, points and tags",
    takes_3d: false,
    repeats_numbers: false,
    page: include_str!("page.md"),
    encoder,
};

sections! { Labels, LandmarkHeader, Landmarks, BoxHeader, Boxes, Media }

const NO_LABEL: &str = "no_label";
/// Five points.
const COORDINATES: usize = 10;

/// What the profiles differ in.
struct Layout {
    profile: Profile,
    /// Whether all faces of one label have a row, under a name of its own, and nothing else has one.
    all_faces: bool,
    /// Writes the near corner and the size of a box.
    write_box: fn(&mut Vec<u8>, [f64; 4]),
}

impl Layout {
    /// How many rows there may be for shapes of a kind; for most timelines there are fewer.
    fn most_rows(&self, timeline: &Timeline<'_>, kind: ShapeKind) -> u64 {
        let of_labels = u64::from(timeline.frames.len()) * timeline.dataset.schema.len() as u64;
        match timeline.dataset.has_kind(kind) {
            false => 0,
            true if self.all_faces => timeline.estimated_items(),
            true => timeline.estimated_items().min(of_labels),
        }
    }
}

const CVAT: Layout = Layout { profile: Profile::Cvat, all_faces: false, write_box: write_exact };

const TRAINING: Layout = Layout { profile: Profile::Training, all_faces: true, write_box: write_whole };

const NO_FACE: Outcome = Outcome::Dropped("VGGFace2 holds boxes and points only");
const SECOND: Outcome = Outcome::Dropped("VGGFace2 holds one face of a label a picture");
const TURNED: Outcome = Outcome::Converted("a box without its rotation");
const NO_POINTS: Outcome = Outcome::Converted("a row without points: VGGFace2 has five");
const NOT_FIVE: Outcome = Outcome::Dropped("VGGFace2 has five points a face");
const LATER_TAG: Outcome = Outcome::Converted("a row of the first tag");

fn encoder<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Box<dyn Encoder + 's>> {
    check_labels(&scene.dataset.schema, &LINE_BREAKS)?;
    let layout = options.profile.choose(&CVAT, &TRAINING);
    let groups = groups(scene, options.profile);
    refuse_repeats(scene, &groups)?;
    let folders = class_folders(&scene.dataset.schema, options.profile, |label| label.parent.is_none())?;
    if layout.all_faces {
        refuse_shared_rows(scene, &groups, &folders)?;
    }
    let subset_of = names_of_timelines(&groups, scene.timelines.len());
    Ok(Box::new(VggFace2 { scene, layout, groups, subset_of, folders }))
}

struct VggFace2<'s> {
    scene: &'s Scene<'s>,
    layout: &'static Layout,
    /// The subsets, or splits.
    groups: Vec<Group>,
    /// The subset of each timeline.
    subset_of: Vec<String>,
    /// The folder of each label's pictures.
    folders: Vec<String>,
}

impl Encoder for VggFace2<'_> {
    fn parts(&self, options: &Options) -> Result<Vec<Part>> {
        let (scene, layout) = (self.scene, self.layout);
        let mut parts =
            vec![Part::Member { name: "labels.txt".into(), chunks: vec![single_chunk(Section::Labels, 0)] }];
        for (subset, timelines) in &self.groups {
            let timelines = || timelines.iter().copied();
            let mut table = |name: &str, header, section, kind| {
                let mut chunks = vec![single_chunk(header, 0)];
                chunks.extend(row_chunks(scene, timelines(), section, |timeline| layout.most_rows(timeline, kind)));
                parts.push(Part::Member { name: format!("bb_landmark/loose_{name}_{subset}.csv"), chunks });
            };
            table("landmark", Section::LandmarkHeader, Section::Landmarks, ShapeKind::Points);
            if timelines().any(|place| shows(&scene.timelines[place], ShapeKind::Rectangle)) {
                table("bb", Section::BoxHeader, Section::Boxes, ShapeKind::Rectangle);
            }
        }
        parts.extend(media_part(scene, 0..scene.timelines.len(), Section::Media, options));
        Ok(parts)
    }

    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        match Section::of(chunk)? {
            Section::Labels => self.labels(out),
            Section::LandmarkHeader => out.text("NAME_ID,P1X,P1Y,P2X,P2Y,P3X,P3Y,P4X,P4Y,P5X,P5Y\r\n"),
            Section::BoxHeader => out.text("NAME_ID,X,Y,W,H\r\n"),
            section @ (Section::Landmarks | Section::Boxes | Section::Media) => {
                let timeline = &self.scene.timelines[chunk.timeline];
                let places = places(chunk)?;
                let is_wanted = |_, kind| match section {
                    Section::Boxes => kind == ShapeKind::Rectangle,
                    Section::Landmarks => kind == ShapeKind::Points,
                    _ => true,
                };
                let has_box = match section {
                    Section::Landmarks => timeline.have_shapes(places.clone(), |_, kind| kind == ShapeKind::Rectangle),
                    _ => Vec::new(),
                };
                let mut pictures = Pictures::new(timeline, &[]);
                let mut rows = vec![0; self.scene.dataset.schema.len()];
                let mut visit = std::mem::take(&mut out.scratch.visit);
                timeline.visit_some(places.clone(), is_wanted, &mut visit, |view| {
                    let picture = pictures.read(view.frame)?;
                    let id = picture.id;
                    let folder = id.bytes().position(|byte| byte == b'/').map(|slash| &id[..slash]);
                    let frame = Frame { layout: self.layout, folders: &self.folders, timeline, view, id, folder };
                    match section {
                        Section::Boxes => frame.boxes(&mut rows, out),
                        Section::Landmarks => {
                            let has_box = has_box[(view.place - places.start) as usize];
                            frame.landmarks(has_box, &mut rows, out);
                        }
                        _ => {
                            for name in frame.pictures() {
                                let name = format!("{}/{name}{}", self.subset_of[chunk.timeline], picture.extension);
                                out.picture(name, chunk.timeline, view.frame);
                            }
                        }
                    }
                    Ok(())
                })?;
                out.scratch.visit = visit;
                if section == Section::Landmarks {
                    let drop = |label, kind, count| out.tally.several(label, Some(kind), NO_FACE, count);
                    timeline.count_shapes(places, |_, kind| !is_face(kind), drop);
                }
            }
        }
        Ok(())
    }
}

impl VggFace2<'_> {
    fn labels(&self, out: &mut Output) {
        let labels = self.scene.dataset.schema.labels();
        for label in labels {
            out.text(&label.name);
            if let Some(parent) = label.parent.and_then(|parent| labels.get(parent)) {
                out.bytes.push(b' ');
                out.text(&parent.name);
            }
            out.bytes.push(b'\n');
        }
    }
}

/// Refuses a picture `car/x` beside a picture `x`, if there is a label `car`: its faces are called `car/x` in both.
fn refuse_shared_rows(scene: &Scene<'_>, groups: &[Group], folders: &[String]) -> Result<()> {
    for (_, places) in groups {
        let (mut plain, mut below) = (HashSet::new(), Vec::new());
        for timeline in places.iter().map(|&place| &scene.timelines[place]).filter(|it| it.has_paths()) {
            for frame in timeline.frames.iter() {
                let mut id = String::new();
                timeline.write_stem(frame, &mut id);
                match id.split_once('/') {
                    Some((folder, rest)) if folders.iter().any(|own| own == folder) => {
                        below.push((rest.to_owned(), timeline, frame));
                        plain.insert(id);
                    }
                    _ => drop(plain.insert(id)),
                }
            }
        }
        if let Some((name, timeline, frame)) = below.into_iter().find(|(rest, ..)| plain.contains(rest)) {
            let message = format!("faces on this image and on {name:?} have one name, that of a label in front");
            return Err(at_frame(Error::new(Code::NameCollision, message), timeline, frame)
                .advise("give images other names with --name-template"));
        }
    }
    Ok(())
}

/// Whether shapes of a kind have rows.
fn is_face(kind: ShapeKind) -> bool {
    matches!(kind, ShapeKind::Rectangle | ShapeKind::Points)
}

/// A frame with the shapes that one file is about.
struct Frame<'a> {
    layout: &'static Layout,
    /// The folder of each label's pictures.
    folders: &'a [String],
    timeline: &'a Timeline<'a>,
    view: &'a FrameView<'a>,
    id: &'a str,
    /// The first folder in the id.
    folder: Option<&'a str>,
}

impl Frame<'_> {
    /// The rows of points and of tags. `rows` has a zero for each label, and is to have it again afterwards.
    fn landmarks(&self, has_box: bool, rows: &mut [usize], out: &mut Output) {
        for item in self.view.items {
            let outcome = self.row(item, rows).map_or(SECOND, |number| self.points(item, number, out));
            out.tally.shape(item, outcome);
        }
        self.view.items.iter().for_each(|item| rows[item.label as usize] = 0);
        let label = |row: u32| self.timeline.dataset.columns.tags.label[row as usize];
        let first = self.view.tags.first().map(|&row| label(row));
        for (place, &row) in self.view.tags.iter().enumerate() {
            if self.layout.all_faces {
                out.tally.tag(label(row), NO_FACE);
                continue;
            }
            self.empty_row(first, out);
            out.tally.tag(label(row), if place == 0 { Outcome::Written } else { LATER_TAG });
        }
        if !self.layout.all_faces && first.is_none() && !has_box && self.view.items.is_empty() {
            self.empty_row(None, out);
        }
        out.tally.frames += 1;
    }

    fn points(&self, item: &Item, number: usize, out: &mut Output) -> Outcome {
        let Output { bytes, scratch: Scratch { points, .. }, .. } = out;
        let points = self.timeline.points(item, points);
        if points.len() != COORDINATES {
            if self.layout.all_faces {
                return NOT_FIVE;
            }
            self.empty_row(Some(item.label), out);
            return NO_POINTS;
        }
        self.write_name(Some(item.label), number, bytes);
        for &value in points {
            bytes.push(b',');
            number::repr_round2(bytes, value);
        }
        out.text("\r\n");
        Outcome::Written
    }

    fn boxes(&self, rows: &mut [usize], out: &mut Output) {
        for item in self.view.items {
            let mut corners = || corners(self.timeline.points(item, &mut out.scratch.points));
            let Some(number) = self.row(item, rows) else { continue };
            let Some(corners) = corners() else {
                out.tally.shape(item, SECOND);
                continue;
            };
            let Some(([x0, y0, x1, y1], outcome)) = fit_for(self.layout.profile, self.timeline, item, corners) else {
                out.tally.shape(item, OUTSIDE);
                continue;
            };
            self.write_name(Some(item.label), number, &mut out.bytes);
            (self.layout.write_box)(&mut out.bytes, [x0, y0, x1 - x0, y1 - y0]);
            out.text("\r\n");
            out.tally.shape(item, if self.timeline.rotation(item) == 0.0 { outcome } else { TURNED });
        }
        for item in self.view.items {
            let faces = std::mem::take(&mut rows[item.label as usize]);
            if faces > 1 && !self.layout.all_faces {
                out.tally.several(item.label, Some(item.kind), SECOND, faces as u64 - 1);
            }
        }
    }

    /// The names of a picture without extension: one in the folder of each label on it, or one for each face.
    fn pictures(&self) -> BTreeSet<String> {
        if self.layout.all_faces {
            let faces = self.view.items.iter().filter(|item| is_face(item.kind));
            return faces.map(|item| self.face(item, self.number(item))).collect();
        }
        let tags = &self.timeline.dataset.columns.tags.label;
        let labels = self.view.tags.iter().map(|&row| tags[row as usize]);
        let labels: BTreeSet<u32> = labels.chain(self.view.items.iter().map(|item| item.label)).collect();
        let name = |label| self.name(label).concat();
        match labels.is_empty() {
            true => BTreeSet::from([name(None)]),
            false => labels.into_iter().map(|label| name(Some(label))).collect(),
        }
    }

    /// The number of a face that has a row: the first of its kind and label has one, or each. `rows` has how many faces of
    /// each label were before.
    fn row(&self, item: &Item, rows: &mut [usize]) -> Option<usize> {
        let number = &mut rows[item.label as usize];
        *number += 1;
        Some(*number).filter(|number| self.layout.all_faces || *number == 1)
    }

    /// The name of a face; a second one of its kind and label on the picture has a number behind it.
    fn face(&self, item: &Item, number: usize) -> String {
        let name = self.name(Some(item.label)).concat();
        if number > 1 { format!("{name}_{number}") } else { name }
    }

    /// Writes the name of a face of a label, or of a picture without one, as a field of the table.
    fn write_name(&self, label: Option<u32>, number: usize, bytes: &mut Vec<u8>) {
        let start = bytes.len();
        self.name(label).into_iter().for_each(|part| bytes.extend_from_slice(part.as_bytes()));
        if number > 1 {
            bytes.push(b'_');
            number::uint(bytes, number as u64);
        }
        quote(bytes, start);
    }

    /// The place of an item, from 1, among those of its kind and label on the frame.
    fn number(&self, item: &Item) -> usize {
        let before = self.view.items.iter().take_while(|other| !std::ptr::eq(*other, item));
        1 + before.filter(|other| other.kind == item.kind && other.label == item.label).count()
    }

    fn empty_row(&self, label: Option<u32>, out: &mut Output) {
        self.write_name(label, 1, &mut out.bytes);
        out.bytes.extend_from_slice(&[b','; COORDINATES]);
        out.text("\r\n");
    }

    /// The label and the picture; a picture that lies in a folder of the label's name is not put below it again.
    fn name(&self, label: Option<u32>) -> [&str; 3] {
        let label = label.map_or(NO_LABEL, |label| self.folders[label as usize].as_str());
        if self.folder == Some(label) { ["", "", self.id] } else { [label, "/", self.id] }
    }
}

/// Corners have two digits; their differences have all that a double has.
fn write_exact(bytes: &mut Vec<u8>, [x, y, width, height]: [f64; 4]) {
    for near in [x, y] {
        bytes.push(b',');
        number::repr_round2(bytes, near);
    }
    for size in [width, height] {
        bytes.push(b',');
        number::repr(bytes, size);
    }
}

fn write_whole(bytes: &mut Vec<u8>, numbers: [f64; 4]) {
    for value in numbers {
        // Zero is added because a small negative number is rounded to a zero with a sign.
        bytes.extend_from_slice(format!(",{:.0}", value.round() + 0.0).as_bytes());
    }
}
