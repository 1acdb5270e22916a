//! `YOLO 1.1` (Darknet): a text file per frame, and lists of frames per subset.
//!
//! ```text
//! obj.data                     number of classes, lists of the subsets
//! obj.names                    one label a line, sublabels too
//! SUBSET.txt                   paths of the subset's pictures; `default` is called `train`
//! obj_SUBSET_data/FRAME.txt    class, centre and size of each box as shares of the picture
//! ```
//!
//! Only boxes that are not turned are written; everything else is dropped.

use crate::plan::{Chunk, Encoder, Format, Options, Output, Part, places, sections, single_chunk};
use std::collections::BTreeMap;

use crate::error::{Code, Error, Result};
use crate::format::kit::annotation::{corners, located};
use crate::format::kit::frame_texts::{
    Repeats, Subset, classes, drop_frames, groups, picture_parts, subset_of_timelines, subset_parts, subsets,
};
use crate::format::kit::ids::{Cleaning, Ids};
use crate::format::kit::inside::{OUTSIDE, fit_box};
use crate::format::kit::listing::{LINE_BREAKS, Pictures, check_labels};
use crate::format::kit::outcomes::StaticOutcomes;
use crate::format::kit::splits::Lists;
use crate::report::Outcome;
use crate::schema::{Schema, ShapeKind};
use crate::text::number;
use crate::timeline::{FrameView, Item, Scene, Timeline};

/// The format.
pub const FORMAT: Format = Format {
    name: "YOLO 1.1",
    slug: "yolo",
    summary: "a text file per frame; upright boxes only",
    takes_3d: false,
    repeats_numbers: false,
    page: include_str!("page.md"),
    encoder,
};

sections! { Labels, Lists, Media, Data, Names }

const TURNED: Outcome = Outcome::Dropped("YOLO boxes cannot be turned");
const NO_BOX: Outcome = Outcome::Dropped("YOLO holds boxes only");
/// What is noted of boxes that are overwritten.
const SHARED: &str = "two pictures share a label file: the later one's boxes stand in it";

/// Subset names that are keys of `obj.data`.
const RESERVED: [&str; 3] = ["backup", "classes", "names"];

/// What the profiles differ in.
struct Layout {
    /// Where the paths in the lists and in `obj.data` begin.
    above: &'static str,
    /// The key of the list to validate on.
    validation: &'static str,
    /// The lines of `obj.names`.
    names: fn(&Schema) -> Vec<&str>,
    /// Whether boxes end at the edges of their picture: Darknet skips those whose centre lies outside.
    clips: bool,
    /// What paths may not have in them; without it images of one name share a label file.
    cleaning: Option<Cleaning>,
}

const CVAT: Layout = Layout { above: "data/", validation: "val", names: all_names, clips: false, cleaning: None };

/// Darknet takes paths from where it runs: the folder of the unpacked archive. It knows the keys `train` and `valid`.
const TRAINING: Layout =
    Layout { above: "", validation: "valid", names: class_names, clips: true, cleaning: Some(DARKNET) };

const DARKNET: Cleaning = Cleaning {
    clean: clean_path,
    why: "Darknet replaces images, JPEGImages, raw and extensions in paths: here they have other letter cases",
};

/// What Darknet replaces, wherever it stands in the path of an image, to find its label file (`fill_truth_detection` in
/// `src/data.c`; the fork of AlexeyAB has the first two as folders only). In another letter case it stays as it is.
const REPLACED: [(&str, &str); 7] = [
    ("images", "Images"),
    ("JPEGImages", "JpegImages"),
    ("raw", "Raw"),
    (".jpg", ".Jpg"),
    (".png", ".Png"),
    (".JPG", ".Jpg"),
    (".JPEG", ".Jpeg"),
];

/// A path, without the extension at its end, that Darknet leaves alone; `None` if it is one.
fn clean_path(path: &str) -> Option<String> {
    let is_replaced = REPLACED.iter().any(|(word, _)| path.contains(word));
    is_replaced.then(|| REPLACED.iter().fold(path.to_owned(), |path, (word, other)| path.replace(word, other)))
}

fn encoder<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Box<dyn Encoder + 's>> {
    check_labels(&scene.dataset.schema, &LINE_BREAKS)?;
    let layout = options.profile.choose(&CVAT, &TRAINING);
    let subsets = subsets(scene, &RESERVED)?;
    let lists = Lists::new(groups(&subsets), options.profile);
    let outcomes = StaticOutcomes::new(scene.dataset, |_, kind| (kind != ShapeKind::Rectangle).then_some(NO_BOX));
    let subset_of = subset_of_timelines(scene, &subsets);
    let (ids, repeats) = match &layout.cleaning {
        None => (Ids::default(), Repeats::find(scene, &subsets, |_, _| Ok(true))?),
        Some(cleaning) => (Ids::cleaned(scene, &groups(&subsets).collect::<Vec<_>>(), cleaning), Repeats::default()),
    };
    let clean = |name: &str| layout.cleaning.as_ref().and_then(|cleaning| (cleaning.clean)(name));
    let folder = |Subset { name, .. }: &Subset| format!("obj_{}_data/", clean(name).as_ref().unwrap_or(name));
    let folders = subsets.iter().map(folder).collect();
    let classes = classes(&scene.dataset.schema);
    Ok(Box::new(Yolo { scene, layout, subsets, subset_of, folders, lists, classes, outcomes, ids, repeats }))
}

struct Yolo<'s> {
    scene: &'s Scene<'s>,
    layout: &'static Layout,
    subsets: Vec<Subset>,
    subset_of: Vec<usize>,
    /// The folder of each subset.
    folders: Vec<String>,
    /// The lists of images, and the keys by which `obj.data` names them.
    lists: Lists,
    classes: Vec<u32>,
    /// Of all that is no box.
    outcomes: StaticOutcomes,
    /// Names of images of their own, for training.
    ids: Ids,
    repeats: Repeats,
}

impl Encoder for Yolo<'_> {
    fn parts(&self, options: &Options) -> Result<Vec<Part>> {
        let sections = (Section::Labels.into(), Section::Lists.into());
        let mut parts = subset_parts(self.scene, &self.outcomes, &self.subsets, &self.lists.named(), sections);
        parts.extend(picture_parts(self.scene, &self.subsets, options, Section::Media.into()));
        for (section, name) in [(Section::Data, "obj.data"), (Section::Names, "obj.names")] {
            parts.push(Part::Member { name: name.into(), chunks: vec![single_chunk(section, 0)] });
        }
        Ok(parts)
    }

    fn reads(&self, label: u32, kind: ShapeKind) -> bool {
        self.outcomes.is_open(label, kind)
    }

    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        match Section::of(chunk)? {
            Section::Labels => {
                let timeline = &self.scene.timelines[chunk.timeline];
                for (is_overwritten, places) in self.repeats.pieces(self.scene, chunk.timeline, places(chunk)?) {
                    if is_overwritten {
                        drop_frames(timeline, places, NO_BOX, SHARED, out)?;
                    } else {
                        let frame = |view: &FrameView<'_>, out: &mut Output| self.frame(chunk.timeline, view, out);
                        self.outcomes.visit(timeline, places, out, frame)?;
                    }
                }
            }
            Section::Lists => {
                let timeline = &self.scene.timelines[chunk.timeline];
                let mut pictures = Pictures::new(timeline, &LINE_BREAKS);
                for frame in timeline.frames.slice(places(chunk)?) {
                    if self.repeats.listed.contains(&(chunk.timeline, frame)) {
                        continue;
                    }
                    let picture = self.ids.read(chunk.timeline, frame, &mut pictures)?;
                    for text in [self.layout.above, self.folder(chunk.timeline), picture.id, picture.extension, "\n"] {
                        out.text(text);
                    }
                    self.ids.note(chunk.timeline, timeline, frame, &mut out.tally);
                }
            }
            Section::Media => self.ids.request(self.scene, chunk, out, |_, picture| {
                format!("{}{}{}", self.folder(chunk.timeline), picture.id, picture.extension)
            })?,
            Section::Data => self.data(out),
            Section::Names => {
                for name in (self.layout.names)(&self.scene.dataset.schema) {
                    out.text(name);
                    out.text("\n");
                }
            }
        }
        Ok(())
    }
}

impl Yolo<'_> {
    /// The folder of a timeline's files.
    fn folder(&self, timeline: usize) -> &str {
        &self.folders[self.subset_of[timeline]]
    }

    fn frame(&self, place: usize, view: &FrameView<'_>, out: &mut Output) -> Result<()> {
        let timeline = &self.scene.timelines[place];
        let mut name = std::mem::take(&mut out.scratch.name);
        name.clear();
        name.push_str(self.folder(place));
        self.ids.write(self.scene, (place, view.frame), &mut name);
        name.push_str(".txt");
        out.begin_file(&name);
        out.scratch.name = name;
        let (width, height) = timeline.size(view.frame);
        let size = [f64::from(width), f64::from(height)];
        for item in view.items {
            let outcome = self.shape(timeline, item, size, out)?;
            out.tally.shape(item, outcome);
        }
        for &row in view.tags {
            out.tally.tag(timeline.dataset.columns.tags.label[row as usize], NO_BOX);
        }
        out.tally.frames += 1;
        Ok(())
    }

    fn shape(
        &self,
        timeline: &Timeline<'_>,
        item: &Item,
        [width, height]: [f64; 2],
        out: &mut Output,
    ) -> Result<Outcome> {
        // 0 and 360 are upright, 359.99999 is turned: the remainder is never negative.
        if timeline.rotation(item).rem_euclid(360.0) > 0.00001 {
            return Ok(TURNED);
        }
        if width == 0.0 || height == 0.0 {
            let message = "the source does not tell the size of the picture, and YOLO boxes are shares of it";
            return Err(located(Error::new(Code::BadMetadata, message), timeline, item));
        }
        let Some(corners) = corners(timeline.points(item, &mut out.scratch.points)) else {
            return Ok(NO_BOX);
        };
        let clipped =
            if self.layout.clips { fit_box(corners, [width, height]) } else { Some((corners, Outcome::Written)) };
        let Some(([x0, y0, x1, y1], outcome)) = clipped else { return Ok(OUTSIDE) };
        number::uint(&mut out.bytes, u64::from(self.classes[item.label as usize]));
        for share in [(x0 + x1) / 2.0 / width, (y0 + y1) / 2.0 / height, (x1 - x0) / width, (y1 - y0) / height] {
            out.bytes.push(b' ');
            number::fixed6(&mut out.bytes, share);
        }
        out.bytes.push(b'\n');
        Ok(outcome)
    }

    fn data(&self, out: &mut Output) {
        let Layout { above, validation, names, .. } = self.layout;
        out.text(&format!("classes = {}\n", names(&self.scene.dataset.schema).len()));
        for (key, list) in &self.lists.keys {
            let key = if key == "val" { validation } else { key.as_str() };
            out.text(&format!("{key} = {above}{list}.txt\n"));
        }
        out.text(&format!("names = {above}obj.names\nbackup = backup/\n"));
        self.lists.note(&mut out.tally);
    }
}

/// Every label once, where its last namesake stands.
fn all_names(schema: &Schema) -> Vec<&str> {
    let last: BTreeMap<&str, usize> =
        schema.labels().iter().enumerate().map(|(place, label)| (label.name.as_str(), place)).collect();
    let names = schema.labels().iter().enumerate().map(|(place, label)| (place, label.name.as_str()));
    names.filter(|(place, name)| last.get(name) == Some(place)).map(|(_, name)| name).collect()
}

/// The labels that have a class number, in the order of the numbers.
fn class_names(schema: &Schema) -> Vec<&str> {
    schema.labels().iter().filter(|label| label.parent.is_none()).map(|label| label.name.as_str()).collect()
}

#[cfg(test)]
mod tests;
