//! `Ultralytics YOLO Classification 1.0`: a folder per class; without pictures only the list of what is where.
//!
//! ```text
//! SUBSET/labels.json    {"FRAME":{"labels":["cat"],"path":"cat/FRAME.jpg"},…}; `default` is called `train`
//! ```
//!
//! Only tags are classes. Pictures of one name in one folder are told apart by `.0`, `.1`, …; the list holds the path of
//! a frame's last tag.

use crate::plan::{Chunk, Encoder, Format, Options, Output, Part, line_chunks, places, sections, single_chunk};
use std::collections::{HashMap, HashSet};

use crate::error::Result;
use crate::format::kit::frame_texts::{
    Frame, Repeats, Subset, groups, may_repeat, picture_parts, subset_of_timelines, subsets,
};
use crate::format::kit::listing::tags;
use crate::format::kit::outcomes::tally_all;
use crate::format::kit::splits::Lists;
use crate::report::Outcome;
use crate::text::json;
use crate::timeline::{FrameView, MadeId, Scene, Timeline};

/// The format.
pub const FORMAT: Format = Format {
    name: "Ultralytics YOLO Classification 1.0",
    slug: "yolo-cls",
    summary: "JSON of the classes of each frame; tags only",
    takes_3d: false,
    page: include_str!("page.md"),
    encoder,
};

sections! { Open, Frames, Close, Media }

const NO_TAG: Outcome = Outcome::Dropped("YOLO classification holds tags only");
const OVERWRITTEN: Outcome = Outcome::Dropped("a later picture of the same name has its entry");

/// Folder of the frames without a tag.
const NO_LABEL: &str = "no_label";

fn encoder<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Box<dyn Encoder + 's>> {
    let untagged = options.profile.choose(Some(NO_LABEL), None);
    let splits = Lists::new(groups(&subsets(scene, &[])?), options.profile).files;
    let subsets: Vec<_> = splits.into_iter().map(|(name, timelines)| Subset { name, timelines }).collect();
    let subset_of = subset_of_timelines(scene, &subsets);
    // Images of different names have different ids, and numbers are given to those that share a name or a folder.
    let share = |subset: &Subset| {
        let has_twice = subset.timelines.iter().any(|&place| has_tag_twice(&scene.timelines[place]));
        match may_repeat(scene, subset) && (has_twice || scene.may_share(&subset.timelines, base)) {
            true => Sharing::Frames,
            false if has_twice => Sharing::Tags,
            false => Sharing::Nothing,
        }
    };
    let sharing: Vec<Sharing> = subsets.iter().map(share).collect();
    let repeats = match sharing.contains(&Sharing::Frames) {
        true => Repeats::find(scene, &subsets, |_, _| Ok(true))?,
        false => Repeats::default(),
    };
    let numbered = numbered(scene, &subsets, &sharing, untagged);
    Ok(Box::new(Classification { scene, subsets, subset_of, repeats, numbered, untagged }))
}

/// What may have one name in one folder.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sharing {
    Nothing,
    /// The picture of a frame that has a tag twice.
    Tags,
    /// Pictures of different frames too.
    Frames,
}

/// The names, folder by folder, of the frames of which one gets a number because another in its folder has its name.
fn numbered(
    scene: &Scene<'_>,
    subsets: &[Subset],
    sharing: &[Sharing],
    untagged: Option<&'static str>,
) -> HashMap<Frame, Vec<String>> {
    let mut numbered = HashMap::new();
    for (subset, sharing) in subsets.iter().zip(sharing).filter(|(_, sharing)| **sharing != Sharing::Nothing) {
        let mut used = Used::default();
        for &place in &subset.timelines {
            let timeline = &scene.timelines[place];
            for view in timeline.tagged_frames(0..timeline.frames.len()) {
                if *sharing == Sharing::Tags {
                    used.0.clear();
                    if view.tags.len() < 2 {
                        continue;
                    }
                }
                let frame = view.frame;
                let mut id = String::new();
                timeline.write_stem(frame, &mut id);
                let base = base(&id);
                let folders = folders(timeline, view.tags, untagged);
                let names: Vec<String> = folders.map(|folder| used.name(folder, base)).collect();
                if names.iter().any(|name| name != base) {
                    numbered.insert((place, frame), names);
                }
            }
        }
    }
    numbered
}

/// Whether a frame has two tags of one name: its picture stands twice in one folder.
fn has_tag_twice(timeline: &Timeline<'_>) -> bool {
    let frame = |row: &u32| timeline.dataset.columns.tags.frame[*row as usize];
    let mut frames = timeline.tags.chunk_by(|a, b| frame(a) == frame(b)).filter(|tags| tags.len() > 1);
    frames.any(|tags| {
        let mut known = HashSet::new();
        !names(timeline, tags).all(|name| known.insert(name))
    })
}

/// Names that are taken, with their folders.
#[derive(Default)]
struct Used<'s>(HashSet<(&'s str, String)>);

impl<'s> Used<'s> {
    /// The first free one of `base`, `base.0`, `base.1`, …, which is taken from now on.
    fn name(&mut self, folder: &'s str, base: &str) -> String {
        let mut name = base.to_owned();
        let mut number = 0u64;
        while !self.0.insert((folder, name.clone())) {
            name = format!("{base}.{number}");
            number += 1;
        }
        name
    }
}

fn base(id: &str) -> &str {
    // Bytes, for every frame has a name.
    id.bytes().rposition(|byte| byte == b'/').map_or(id, |slash| &id[slash + 1..])
}

/// Names of the labels of tags.
fn names<'t>(timeline: &Timeline<'t>, tags: &'t [u32]) -> impl Iterator<Item = &'t str> {
    let dataset = timeline.dataset;
    tags.iter().map(|&row| dataset.schema.label(dataset.columns.tags.label[row as usize]).name.as_str())
}

/// Folders in which the picture of a frame stands: one for each tag, or the one for frames without any, if there is such.
fn folders<'t>(
    timeline: &Timeline<'t>,
    tags: &'t [u32],
    untagged: Option<&'static str>,
) -> impl Iterator<Item = &'t str> {
    names(timeline, tags).chain(untagged.filter(|_| tags.is_empty()))
}

struct Classification<'s> {
    scene: &'s Scene<'s>,
    subsets: Vec<Subset>,
    subset_of: Vec<usize>,
    repeats: Repeats,
    numbered: HashMap<Frame, Vec<String>>,
    /// Folder of the frames without a tag.
    untagged: Option<&'static str>,
}

impl Encoder for Classification<'_> {
    fn parts(&self, options: &Options) -> Result<Vec<Part>> {
        let scene = self.scene;
        let mut parts = Vec::new();
        for subset in &self.subsets {
            let mut chunks = vec![single_chunk(Section::Open, 0)];
            chunks.extend(
                subset.timelines.iter().flat_map(|&place| line_chunks(scene, place..place + 1, Section::Frames)),
            );
            chunks.push(single_chunk(Section::Close, 0));
            parts.push(Part::Member { name: format!("{}/labels.json", subset.name), chunks });
        }
        parts.extend(picture_parts(scene, &self.subsets, options, Section::Media.into()));
        Ok(parts)
    }

    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        match Section::of(chunk)? {
            Section::Open => out.text("{"),
            Section::Frames => {
                let timeline = &self.scene.timelines[chunk.timeline];
                let mut made = MadeId::default();
                timeline
                    .tagged_frames(places(chunk)?)
                    .for_each(|view| self.frame(chunk.timeline, &view, &mut made, out));
                tally_all(timeline, places(chunk)?, |_| NO_TAG, &mut out.tally);
            }
            Section::Media => self.pictures(chunk, out)?,
            Section::Close => out.text("}"),
        }
        Ok(())
    }
}

impl Classification<'_> {
    fn frame(&self, place: usize, view: &FrameView<'_>, made: &mut MadeId, out: &mut Output) {
        let timeline = &self.scene.timelines[place];
        let this = (place, view.frame);
        let outcome = if self.repeats.overwritten.contains(&this) { OVERWRITTEN } else { Outcome::Written };
        for &row in view.tags {
            out.tally.tag(timeline.dataset.columns.tags.label[row as usize], outcome);
        }
        out.tally.frames += 1;
        if self.repeats.listed.contains(&this) {
            return;
        }
        if !self.is_first(place, view.place) {
            out.text(",");
        }
        // Of several pictures with one id the last counts, at the place of the first.
        match self.repeats.latest.get(&this) {
            None => self.entry(this, view.tags, made, out),
            Some(&latest) => self.entry(latest, tags(&self.scene.timelines[latest.0], latest.1), made, out),
        }
    }

    /// A picture stands in the folders of all its tags.
    fn pictures(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        let timeline = &self.scene.timelines[chunk.timeline];
        let subset = &self.subsets[self.subset_of[chunk.timeline]].name;
        let mut made = MadeId::default();
        for frame in timeline.frames.slice(places(chunk)?) {
            let (id, extension) = timeline.id(frame, &mut made);
            let names = self.numbered.get(&(chunk.timeline, frame));
            for (nth, folder) in folders(timeline, tags(timeline, frame), self.untagged).enumerate() {
                let name = names.map_or(base(id), |names| names[nth].as_str());
                out.picture(format!("{subset}/{folder}/{name}{extension}"), chunk.timeline, frame);
            }
        }
        Ok(())
    }

    /// Whether a frame is the first of its subset.
    fn is_first(&self, place: usize, place_of_frame: u32) -> bool {
        let mut timelines = self.subsets[self.subset_of[place]].timelines.iter();
        let first = timelines.find(|&&timeline| !self.scene.timelines[timeline].frames.is_empty());
        place_of_frame == 0 && first == Some(&place)
    }

    fn entry(&self, this: Frame, tags: &[u32], made: &mut MadeId, out: &mut Output) {
        let timeline = &self.scene.timelines[this.0];
        let (id, extension) = timeline.id(this.1, made);
        json::string(&mut out.bytes, id);
        out.text(":{\"labels\":[");
        for (number, name) in names(timeline, tags).enumerate() {
            if number > 0 {
                out.text(",");
            }
            json::string(&mut out.bytes, name);
        }
        out.text("],\"path\":\"");
        let names = self.numbered.get(&this);
        let name = names.and_then(|names| names.last()).map_or(base(id), String::as_str);
        if let Some(folder) = folders(timeline, tags, self.untagged).last() {
            [folder, "/", name, extension].into_iter().for_each(|part| json::escaped(&mut out.bytes, part));
        }
        out.text("\"}");
    }
}

#[cfg(test)]
mod tests;
