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

use std::collections::{BTreeMap, HashSet};

use super::annotation::corners;
use super::{Format, Options};
use crate::error::{Code, Error, Result};
use crate::plan::{Chunk, Encoder, Output, Part, Plan, frame_chunks, places, single_chunk};
use crate::report::Outcome;
use crate::schema::{Schema, ShapeKind};
use crate::text::number;
use crate::timeline::{FrameView, Item, Scene, Timeline};

/// The format.
pub const FORMAT: Format = Format {
    name: "YOLO 1.1",
    slug: "yolo",
    summary: "a text file per frame; upright boxes only",
    page: include_str!("yolo.md"),
    plan,
};

const LABELS: u8 = 0;
const LISTS: u8 = 1;
const DATA: u8 = 2;
const NAMES: u8 = 3;

const TURNED: Outcome = Outcome::Dropped("YOLO boxes cannot be turned");
const NO_BOX: Outcome = Outcome::Dropped("YOLO holds boxes only");

/// Subset names that are keys of `obj.data`.
const RESERVED: [&str; 3] = ["backup", "classes", "names"];

fn plan<'s>(scene: &'s Scene<'s>, _: &Options) -> Result<Plan<'s>> {
    let subsets = subsets(scene)?;
    let mut parts = Vec::new();
    for subset in &subsets {
        for &timeline in &subset.timelines {
            parts.push(Part::Files(frame_chunks(scene, timeline..timeline + 1, LABELS)));
        }
    }
    for subset in &subsets {
        let chunks = subset.timelines.iter().flat_map(|&timeline| frame_chunks(scene, timeline..timeline + 1, LISTS));
        parts.push(Part::Member { name: format!("{}.txt", subset.name), chunks: chunks.collect() });
    }
    for (section, name) in [(DATA, "obj.data"), (NAMES, "obj.names")] {
        parts.push(Part::Member { name: name.into(), chunks: vec![single_chunk(section, 0)] });
    }
    let mut subset_of = vec![0; scene.timelines.len()];
    for (place, subset) in subsets.iter().enumerate() {
        for &timeline in &subset.timelines {
            subset_of[timeline] = place;
        }
    }
    check_names(scene, &subsets)?;
    let classes = classes(&scene.dataset.schema);
    Ok(Plan { parts, encoder: Box::new(Yolo { scene, subsets, subset_of, classes }) })
}

/// A subset as Darknet sees it.
struct Subset {
    name: String,
    timelines: Vec<usize>,
}

/// The subsets in order. `default` is called `train`, or joins a subset that is called so already in any letter case.
fn subsets(scene: &Scene<'_>) -> Result<Vec<Subset>> {
    let mut subsets = Vec::new();
    let mut default = Vec::new();
    for (name, timelines) in scene.subsets() {
        if RESERVED.contains(&name) {
            return Err(Error::new(Code::ReservedName, format!("YOLO reserves the subset name {name:?}"))
                .advise("give the subset another name in CVAT"));
        }
        if name == "default" {
            default.extend(timelines);
        } else {
            subsets.push(Subset { name: name.to_owned(), timelines: timelines.collect() });
        }
    }
    if !default.is_empty() {
        match subsets.iter_mut().find(|subset: &&mut Subset| subset.name.eq_ignore_ascii_case("train")) {
            Some(train) => train.timelines.extend(default),
            None => subsets.push(Subset { name: "train".to_owned(), timelines: default }),
        }
    }
    Ok(subsets)
}

/// Two pictures whose names differ in their extension only would have one text file.
fn check_names(scene: &Scene<'_>, subsets: &[Subset]) -> Result<()> {
    for subset in subsets {
        let mut seen = HashSet::new();
        let pictures = subset.timelines.iter().map(|&place| &scene.timelines[place]);
        for timeline in pictures.filter(|timeline| timeline.may_repeat_names() || subset.timelines.len() > 1) {
            for frame in timeline.frames.iter() {
                let (mut id, mut extension) = (String::new(), String::new());
                timeline.write_id(frame, &mut id, &mut extension);
                if seen.contains(&id) {
                    return Err(Error::new(
                        Code::NameCollision,
                        format!("two pictures would both be labelled in obj_{}_data/{id}.txt", subset.name),
                    )
                    .in_task(&timeline.task.name)
                    .at_frame(frame)
                    .advise("rename one of the pictures; CVAT keeps the later one only"));
                }
                seen.insert(id);
            }
        }
    }
    Ok(())
}

/// The class of each label: its place among the labels that are no sublabels.
fn classes(schema: &Schema) -> Vec<u32> {
    let mut next = 0;
    let class = |label: &crate::schema::Label| {
        let class = next;
        next += u32::from(label.parent.is_none());
        class
    };
    schema.labels().iter().map(class).collect()
}

struct Yolo<'s> {
    scene: &'s Scene<'s>,
    subsets: Vec<Subset>,
    subset_of: Vec<usize>,
    classes: Vec<u32>,
}

impl Encoder for Yolo<'_> {
    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        let timeline = &self.scene.timelines[chunk.timeline];
        let subset = &self.subsets[self.subset_of[chunk.timeline]].name;
        match chunk.section {
            LABELS => {
                let mut visit = std::mem::take(&mut out.scratch.visit);
                timeline.visit_frames(places(chunk)?, &mut visit, |view| {
                    self.frame(timeline, subset, view, out);
                    Ok(())
                })?;
                out.scratch.visit = visit;
            }
            LISTS => {
                let (mut id, mut extension) = (String::new(), String::new());
                for frame in timeline.frames.slice(places(chunk)?) {
                    id.clear();
                    extension.clear();
                    timeline.write_id(frame, &mut id, &mut extension);
                    for text in ["data/obj_", subset, "_data/", &id, &extension, "\n"] {
                        out.text(text);
                    }
                }
            }
            DATA => self.data(out),
            _ => {
                for name in names(&self.scene.dataset.schema) {
                    out.text(name);
                    out.text("\n");
                }
            }
        }
        Ok(())
    }
}

impl Yolo<'_> {
    fn frame(&self, timeline: &Timeline<'_>, subset: &str, view: &FrameView<'_>, out: &mut Output) {
        let mut name = format!("obj_{subset}_data/");
        timeline.write_id(view.frame, &mut name, &mut String::new());
        name.push_str(".txt");
        out.begin_file(name);
        let (width, height) = timeline.size(view.frame);
        let size = [f64::from(width), f64::from(height)];
        for item in view.items {
            let outcome = self.shape(timeline, item, size, out);
            out.tally.shape(item, outcome);
        }
        for &row in view.tags {
            out.tally.tag(timeline.dataset.columns.tags.label[row as usize], NO_BOX);
        }
        out.tally.frames += 1;
    }

    fn shape(&self, timeline: &Timeline<'_>, item: &Item, [width, height]: [f64; 2], out: &mut Output) -> Outcome {
        if item.kind != ShapeKind::Rectangle {
            return NO_BOX;
        }
        // 0 and 360 are upright, 359.99999 is turned: the remainder is never negative.
        if timeline.rotation(item).rem_euclid(360.0) > 0.00001 {
            return TURNED;
        }
        let Some([x0, y0, x1, y1]) = corners(timeline.points(item, &mut out.scratch.points)) else {
            return NO_BOX;
        };
        number::uint(&mut out.bytes, u64::from(self.classes[item.label as usize]));
        for share in [(x0 + x1) / 2.0 / width, (y0 + y1) / 2.0 / height, (x1 - x0) / width, (y1 - y0) / height] {
            out.bytes.push(b' ');
            number::fixed6(&mut out.bytes, share);
        }
        out.bytes.push(b'\n');
        Outcome::Written
    }

    fn data(&self, out: &mut Output) {
        let count = names(&self.scene.dataset.schema).len();
        out.text(&format!("classes = {count}\n"));
        for Subset { name, .. } in &self.subsets {
            out.text(&format!("{name} = data/{name}.txt\n"));
        }
        out.text("names = data/obj.names\nbackup = backup/\n");
    }
}

/// The lines of `obj.names`: every label once, where its last namesake stands.
fn names(schema: &Schema) -> Vec<&str> {
    let last: BTreeMap<&str, usize> =
        schema.labels().iter().enumerate().map(|(place, label)| (label.name.as_str(), place)).collect();
    let names = schema.labels().iter().enumerate().map(|(place, label)| (place, label.name.as_str()));
    names.filter(|(place, name)| last.get(name) == Some(place)).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Label;

    fn schema() -> Schema {
        let label = |name: &str, parent| Label {
            name: name.into(),
            color: "#000000".into(),
            kind: "any".into(),
            attributes: Vec::new(),
            parent,
            svg: None,
        };
        Schema::from(vec![label("s", None), label("car", Some(0)), label("car", None), label("b", None)])
    }

    #[test]
    fn a_name_that_repeats_is_listed_where_it_stands_last() {
        assert_eq!(names(&schema()), ["s", "car", "b"]);
    }

    #[test]
    fn sublabels_have_no_class_of_their_own() {
        let classes = classes(&schema());
        assert_eq!([classes[0], classes[2], classes[3]], [0, 1, 2]);
    }
}
