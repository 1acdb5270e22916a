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

use crate::plan::{Chunk, Encoder, Format, Options, Output, Part, places, request_pictures, sections, single_chunk};
use std::collections::BTreeMap;

use crate::error::{Code, Error, Result};
use crate::format::kit::annotation::{corners, located};
use crate::format::kit::frame_texts::{
    OUTSIDE, Repeats, Subset, classes, clip_box, drop_frames, groups, picture_parts, subset_of_timelines, subset_parts,
    subsets,
};
use crate::format::kit::listing::{LINE_BREAKS, Picture, check_labels};
use crate::format::kit::outcomes::StaticOutcomes;
use crate::format::kit::splits::{Lists, note_one_split};
use crate::report::Outcome;
use crate::schema::{Schema, ShapeKind};
use crate::text::number;
use crate::timeline::{FrameView, Item, MadeId, Scene, Timeline};

/// The format.
pub const FORMAT: Format = Format {
    name: "YOLO 1.1",
    slug: "yolo",
    summary: "a text file per frame; upright boxes only",
    takes_3d: false,
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
}

const CVAT: Layout = Layout { above: "data/", validation: "val", names: all_names, clips: false };

/// Darknet takes paths from where it runs: the folder of the unpacked archive. It knows the keys `train` and `valid`.
const TRAINING: Layout = Layout { above: "", validation: "valid", names: class_names, clips: true };

fn encoder<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Box<dyn Encoder + 's>> {
    check_labels(&scene.dataset.schema, &LINE_BREAKS)?;
    let layout = options.profile.choose(&CVAT, &TRAINING);
    let subsets = subsets(scene, &RESERVED)?;
    let lists = Lists::new(groups(&subsets), options.profile);
    let outcomes = StaticOutcomes::new(scene.dataset, |_, kind| (kind != ShapeKind::Rectangle).then_some(NO_BOX));
    let subset_of = subset_of_timelines(scene, &subsets);
    let repeats = Repeats::find(scene, &subsets, |_, _| Ok(true))?;
    let classes = classes(&scene.dataset.schema);
    Ok(Box::new(Yolo { scene, layout, subsets, subset_of, lists, classes, outcomes, repeats }))
}

struct Yolo<'s> {
    scene: &'s Scene<'s>,
    layout: &'static Layout,
    subsets: Vec<Subset>,
    subset_of: Vec<usize>,
    /// The lists of images, and the keys by which `obj.data` names them.
    lists: Lists,
    classes: Vec<u32>,
    /// Of all that is no box.
    outcomes: StaticOutcomes,
    repeats: Repeats,
}

impl Encoder for Yolo<'_> {
    fn parts(&self, options: &Options) -> Result<Vec<Part>> {
        let sections = (Section::Labels.into(), Section::Lists.into());
        let mut parts = subset_parts(self.scene, &self.outcomes, &self.subsets, &self.lists.files, sections);
        parts.extend(picture_parts(self.scene, &self.subsets, options, Section::Media.into()));
        for (section, name) in [(Section::Data, "obj.data"), (Section::Names, "obj.names")] {
            parts.push(Part::Member { name: name.into(), chunks: vec![single_chunk(section, 0)] });
        }
        Ok(parts)
    }

    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        match Section::of(chunk)? {
            Section::Labels => {
                let (timeline, subset) = self.timeline(chunk);
                for (is_overwritten, places) in self.repeats.pieces(self.scene, chunk.timeline, places(chunk)?) {
                    if is_overwritten {
                        drop_frames(timeline, places, NO_BOX, SHARED, out)?;
                    } else {
                        let frame = |view: &FrameView<'_>, out: &mut Output| self.frame(timeline, subset, view, out);
                        self.outcomes.visit(timeline, places, out, frame)?;
                    }
                }
            }
            Section::Lists => {
                let (timeline, subset) = self.timeline(chunk);
                let mut made = MadeId::default();
                for frame in timeline.frames.slice(places(chunk)?) {
                    if self.repeats.listed.contains(&(chunk.timeline, frame)) {
                        continue;
                    }
                    let (id, extension) = timeline.id(frame, &mut made);
                    Picture { id, extension }.check(timeline, frame, &LINE_BREAKS)?;
                    for text in [self.layout.above, "obj_", subset, "_data/", id, extension, "\n"] {
                        out.text(text);
                    }
                }
            }
            Section::Media => {
                request_pictures(self.scene, chunk, out, |_| format!("obj_{}_data/", self.timeline(chunk).1))?
            }
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
    fn timeline(&self, chunk: &Chunk) -> (&Timeline<'_>, &str) {
        (&self.scene.timelines[chunk.timeline], &self.subsets[self.subset_of[chunk.timeline]].name)
    }

    fn frame(&self, timeline: &Timeline<'_>, subset: &str, view: &FrameView<'_>, out: &mut Output) -> Result<()> {
        let mut name = std::mem::take(&mut out.scratch.name);
        name.clear();
        for text in ["obj_", subset, "_data/"] {
            name.push_str(text);
        }
        timeline.write_stem(view.frame, &mut name);
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
            if self.layout.clips { clip_box(corners, [width, height]) } else { Some((corners, Outcome::Written)) };
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
        note_one_split(&self.lists.keys, &mut out.tally);
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
