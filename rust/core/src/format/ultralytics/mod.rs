//! The layout that the Ultralytics formats (but for classification) have in common.
//!
//! ```text
//! data.yaml                    names of the classes, lists of the subsets; for poses the number of keypoints
//! SUBSET.txt                   paths of the subset's pictures; `default` is called `train`
//! labels/SUBSET/FRAME.txt      lines of the frame; a frame without any has no file
//! ```
//!
//! A format says which labels are classes and which [`Lines`] a shape has; the profile chooses a [`Layout`].

pub mod cls;
pub mod detect;
pub mod obb;
pub mod pose;
pub mod seg;
pub mod track;

use crate::plan::{Chunk, Encoder, Options, Output, Part, places, sections, single_chunk};
use std::collections::BTreeMap;
use std::ops::Range;

use crate::error::{Code, Error, Result};
use crate::format::kit::annotation::located;
use crate::format::kit::frame_texts::{
    Repeats, Subset, drop_frames, groups, picture_parts, subset_of_timelines, subset_parts, subsets,
};
use crate::format::kit::ids::Ids;
use crate::format::kit::inside::{CLIPPED, fit_box};
use crate::format::kit::listing::{LINE_BREAKS, Picture, Pictures};
use crate::format::kit::outcomes::StaticOutcomes;
use crate::format::kit::splits::Lists;
use crate::geometry;
use crate::report::Outcome;
use crate::schema::{Schema, ShapeKind};
use crate::text::{number, yaml};
use crate::timeline::{FrameView, Item, Scene, Timeline};

sections! { Labels, Lists, Media, Data }

/// What is noted of annotations that are overwritten.
const SHARED: &str = "two pictures share a label file: the later one's annotations stand in it";

/// Subset names that are keys of `data.yaml`, or were in Darknet's file.
const RESERVED: [&str; 6] = ["backup", "classes", "names", "path", "kpt_shape", "flip_idx"];

/// What the profiles differ in.
pub struct Layout {
    /// The folder that the lists name in front of `images/`.
    above_pictures: &'static str,
    /// The lines of `data.yaml` that say where its paths begin.
    path: &'static str,
    /// Puts a label file where Ultralytics looks for it: `labels` in the place of the last folder `images`.
    follows_last_images: bool,
    /// Whether every coordinate must lie inside the picture: Ultralytics leaves out a whole picture for one that does not.
    pub is_inside: bool,
    /// Whether `data.yaml` says how to mirror keypoints.
    has_flips: bool,
    /// Whether every image has a label file of its own.
    has_own_files: bool,
}

const CVAT: Layout = Layout {
    above_pictures: "data/",
    path: "path: .\n",
    follows_last_images: false,
    is_inside: false,
    has_flips: false,
    has_own_files: false,
};

/// Ultralytics looks for a list beside `data.yaml` if there is no `path`, and for a picture beside its list if its line
/// begins with `./`.
const TRAINING: Layout = Layout {
    above_pictures: "./",
    path: "",
    follows_last_images: true,
    is_inside: true,
    has_flips: true,
    has_own_files: true,
};

/// What one format of the family holds.
pub struct Content<'s> {
    /// Indices of the labels that are classes, in order.
    pub classes: Vec<u32>,
    /// The keypoints of a line, in formats that have them.
    pub keypoints: Option<Keypoints>,
    /// The kinds of shapes that may have lines.
    pub kinds: &'static [ShapeKind],
    /// What becomes of tags, of shapes of other kinds and of those whose label is no class.
    pub other: Outcome,
    /// Writes the shapes.
    pub lines: Box<dyn Lines + 's>,
}

/// The keypoints of a line.
pub struct Keypoints {
    /// How many there are at most.
    pub count: usize,
    /// For each the one that it becomes in a mirror, where that is known.
    pub mirrored: Option<Vec<usize>>,
}

/// Writes the lines of shapes.
pub trait Lines: Send + Sync {
    /// Appends the lines of a shape, if it has any.
    fn write(&self, shape: &Shape<'_>, out: &mut Output) -> Result<Outcome>;
}

/// A shape that is to be written.
pub struct Shape<'a> {
    /// Its task.
    pub timeline: &'a Timeline<'a>,
    /// The shape.
    pub item: &'a Item,
    /// Number of its class.
    pub class: u32,
    /// Width and height of its picture in pixels.
    pub size: (u32, u32),
    /// What the profile wants.
    pub layout: &'static Layout,
}

impl Layout {
    /// A box as the profile wants it, and what became of it; none if nothing of it is left.
    pub fn fit_box(&self, corners: [f64; 4], picture: [f64; 2]) -> Option<([f64; 4], Outcome)> {
        if self.is_inside { fit_box(corners, picture) } else { Some((corners, Outcome::Written)) }
    }

    /// The same for a polygon.
    pub fn fit_polygon(&self, points: Vec<f64>, picture: [f64; 2]) -> Option<(Vec<f64>, Outcome)> {
        let is_inside = |(value, extent): (&f64, &f64)| (0.0..=*extent).contains(value);
        if !self.is_inside || points.iter().zip(picture.iter().cycle()).all(is_inside) {
            return Some((points, Outcome::Written));
        }
        let clipped = geometry::clip_polygon(&points, picture);
        (geometry::ring_area(&clipped) > 0.0).then_some((clipped, CLIPPED))
    }
}

impl Shape<'_> {
    /// Width and height of the picture. It is an error if the source does not tell them.
    pub fn picture(&self) -> Result<[f64; 2]> {
        let (width, height) = self.size;
        if width == 0 || height == 0 {
            let message = "the source does not tell the size of the picture, and YOLO coordinates are shares of it";
            return Err(located(Error::new(Code::BadMetadata, message), self.timeline, self.item));
        }
        Ok([width, height].map(f64::from))
    }

    /// Begins a line with the class.
    pub fn begin(&self, bytes: &mut Vec<u8>) {
        number::uint(bytes, u64::from(self.class));
    }
}

/// Appends x, y, x, y, … as shares of the picture.
pub fn write_shares(bytes: &mut Vec<u8>, coordinates: impl IntoIterator<Item = f64>, picture: [f64; 2]) {
    for (coordinate, extent) in coordinates.into_iter().zip(picture.into_iter().cycle()) {
        bytes.push(b' ');
        number::fixed6(bytes, coordinate / extent);
    }
}

/// Appends the centre and the size of a box as shares of the picture.
pub fn write_box(bytes: &mut Vec<u8>, [x0, y0, x1, y1]: [f64; 4], picture: [f64; 2]) {
    write_shares(bytes, [(x0 + x1) / 2.0, (y0 + y1) / 2.0, x1 - x0, y1 - y0], picture);
}

/// All labels that are no sublabels.
pub fn top_labels(schema: &Schema) -> Vec<u32> {
    (0..).zip(schema.labels()).filter(|(_, label)| label.parent.is_none()).map(|(index, _)| index).collect()
}

/// The encoder of one of the formats.
pub fn encoder<'s>(scene: &'s Scene<'s>, options: &Options, content: Content<'s>) -> Result<Box<dyn Encoder + 's>> {
    let layout = options.profile.choose(&CVAT, &TRAINING);
    let subsets = subsets(scene, &RESERVED)?;
    let lists = Lists::new(groups(&subsets), options.profile);
    let mut class_of = vec![None; scene.dataset.schema.len()];
    for (class, &label) in (0..).zip(&content.classes) {
        class_of[label as usize] = Some(class);
    }
    let outcomes = StaticOutcomes::new(scene.dataset, |label, kind| {
        (class_of[label as usize].is_none() || !content.kinds.contains(&kind)).then_some(content.other)
    });
    let subset_of = subset_of_timelines(scene, &subsets);
    let (ids, repeats) = (Ids::default(), Repeats::default());
    let mut encoder =
        Ultralytics { scene, layout, subsets, subset_of, lists, class_of, content, outcomes, ids, repeats };
    if layout.has_own_files {
        encoder.ids = Ids::of_groups(scene, &groups(&encoder.subsets).collect::<Vec<_>>());
        return Ok(Box::new(encoder));
    }
    let mut out = Output::default();
    encoder.repeats = Repeats::find(scene, &encoder.subsets, |timeline, frame| {
        out.clear();
        let place = scene.timelines[timeline].frames.rank(frame);
        encoder.labels(timeline, place..place + 1, &mut out)?;
        Ok(out.has_files())
    })?;
    Ok(Box::new(encoder))
}

struct Ultralytics<'s> {
    scene: &'s Scene<'s>,
    layout: &'static Layout,
    subsets: Vec<Subset>,
    subset_of: Vec<usize>,
    /// The lists of images, and the keys by which `data.yaml` names them.
    lists: Lists,
    /// Class of each label.
    class_of: Vec<Option<u32>>,
    content: Content<'s>,
    /// Of the shapes that have no lines.
    outcomes: StaticOutcomes,
    /// Names of images of their own, for training.
    ids: Ids,
    repeats: Repeats,
}

impl Encoder for Ultralytics<'_> {
    fn parts(&self, options: &Options) -> Result<Vec<Part>> {
        let sections = (Section::Labels.into(), Section::Lists.into());
        let mut parts = subset_parts(self.scene, &self.outcomes, &self.subsets, &self.lists.named(), sections);
        parts.extend(picture_parts(self.scene, &self.subsets, options, Section::Media.into()));
        parts.push(Part::Member { name: "data.yaml".into(), chunks: vec![single_chunk(Section::Data, 0)] });
        Ok(parts)
    }

    fn reads(&self, label: u32, kind: ShapeKind) -> bool {
        self.outcomes.is_open(label, kind)
    }

    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        match Section::of(chunk)? {
            Section::Labels => self.labels(chunk.timeline, places(chunk)?, out)?,
            Section::Lists => self.list(chunk, out)?,
            Section::Media => {
                let subset = &self.subsets[self.subset_of[chunk.timeline]].name;
                let path = |_: &Timeline<'_>, picture: Picture<'_>| {
                    format!("images/{subset}/{}{}", picture.id, picture.extension)
                };
                self.ids.request(self.scene, chunk, out, path)?;
            }
            Section::Data => self.data(out),
        }
        Ok(())
    }
}

impl Ultralytics<'_> {
    fn labels(&self, place: usize, places: Range<u32>, out: &mut Output) -> Result<()> {
        let timeline = &self.scene.timelines[place];
        for (is_overwritten, places) in self.repeats.pieces(self.scene, place, places) {
            if is_overwritten {
                drop_frames(timeline, places, self.content.other, SHARED, out)?;
            } else {
                self.outcomes.visit(timeline, places, out, |view, out| self.frame(place, view, out))?;
            }
        }
        Ok(())
    }

    fn frame(&self, place_of_timeline: usize, view: &FrameView<'_>, out: &mut Output) -> Result<()> {
        let timeline = &self.scene.timelines[place_of_timeline];
        out.tally.frames += 1;
        for &row in view.tags {
            out.tally.tag(timeline.dataset.columns.tags.label[row as usize], self.content.other);
        }
        let start = out.bytes.len();
        for item in view.items {
            let class = self.class_of[item.label as usize].unwrap_or_default();
            let shape = Shape { timeline, item, class, size: timeline.size(view.frame), layout: self.layout };
            let outcome = self.content.lines.write(&shape, out)?;
            out.tally.shape(item, outcome);
        }
        if out.bytes.len() > start {
            let mut name = std::mem::take(&mut out.scratch.name);
            self.label_file(place_of_timeline, view.frame, &mut name);
            out.file_from(start, &name);
            out.scratch.name = name;
        }
        Ok(())
    }

    /// Writes the name of a picture's label file.
    fn label_file(&self, timeline: usize, frame: u32, name: &mut String) {
        name.clear();
        for text in ["images/", &self.subsets[self.subset_of[timeline]].name, "/"] {
            name.push_str(text);
        }
        self.ids.write(self.scene, (timeline, frame), name);
        let last = if self.layout.follows_last_images { name.rfind("/images/") } else { None };
        let start = last.map_or(0, |slash| slash + 1);
        name.replace_range(start..start + "images".len(), "labels");
        name.push_str(".txt");
    }

    fn list(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        let timelines = &self.scene.timelines;
        let subset = &self.subsets[self.subset_of[chunk.timeline]].name;
        let mut pictures = Pictures::new(&timelines[chunk.timeline], &LINE_BREAKS);
        for frame in timelines[chunk.timeline].frames.slice(places(chunk)?) {
            let this = (chunk.timeline, frame);
            if self.repeats.listed.contains(&this) {
                continue;
            }
            // Of several pictures with one id the last counts, at the place of the first.
            let mut other;
            let Picture { id, extension } = match self.repeats.latest.get(&this) {
                None => self.ids.read(chunk.timeline, frame, &mut pictures)?,
                Some(&(place, frame)) => {
                    other = Pictures::new(&timelines[place], &LINE_BREAKS);
                    self.ids.read(place, frame, &mut other)?
                }
            };
            self.ids.note(chunk.timeline, &timelines[chunk.timeline], frame, &mut out.tally);
            for text in [self.layout.above_pictures, "images/", subset, "/", id, extension, "\n"] {
                out.text(text);
            }
        }
        Ok(())
    }

    fn data(&self, out: &mut Output) {
        let lists: BTreeMap<&str, String> =
            self.lists.keys.iter().map(|(key, list)| (key.as_str(), format!("{list}.txt"))).collect();
        // The names of lists and the fixed keys stand together in the order of their code points.
        let mut keys: Vec<&str> = lists.keys().copied().chain(["names", "path"]).collect();
        let keypoints = self.content.keypoints.as_ref();
        let mirrored = keypoints.and_then(|keypoints| keypoints.mirrored.as_ref()).filter(|_| self.layout.has_flips);
        keys.extend(keypoints.map(|_| "kpt_shape"));
        keys.extend(mirrored.map(|_| "flip_idx"));
        keys.sort_unstable();
        for key in keys {
            match (key, lists.get(key)) {
                (_, Some(list)) => yaml::entry(&mut out.bytes, key, list),
                ("names", _) => self.names(out),
                ("path", _) => out.text(self.layout.path),
                ("flip_idx", _) => numbers(key, mirrored.into_iter().flatten().copied(), out),
                _ => numbers(key, keypoints.into_iter().flat_map(|keypoints| [keypoints.count, 3]), out),
            }
        }
        self.lists.note(&mut out.tally);
    }

    fn names(&self, out: &mut Output) {
        if self.content.classes.is_empty() {
            return out.text("names: {}\n");
        }
        out.text("names:\n");
        for (class, &label) in (0..).zip(&self.content.classes) {
            yaml::numbered(&mut out.bytes, class, &self.scene.dataset.schema.label(label).name);
        }
    }
}

/// An entry that is a list of numbers.
fn numbers(key: &str, numbers: impl Iterator<Item = usize>, out: &mut Output) {
    out.text(&format!("{key}:\n"));
    numbers.for_each(|number| out.text(&format!("- {number}\n")));
}
