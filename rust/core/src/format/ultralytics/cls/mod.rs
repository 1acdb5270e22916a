//! `Ultralytics YOLO Classification 1.0`: a folder per class; without pictures only the list of what is where.
//!
//! ```text
//! SUBSET/labels.json    {"FRAME":{"labels":["cat"],"path":"cat/FRAME.jpg"},…}; `default` is called `train`
//! ```
//!
//! Only tags are classes. Pictures of one name in one folder are told apart by `.0`, `.1`, …; the list holds the path of
//! a frame's last tag.

use crate::plan::{
    Chunk, Encoder, Format, Options, Output, Part, Profile, line_chunks, places, sections, single_chunk,
};
use std::collections::{HashMap, HashSet};

use crate::error::Result;
use crate::format::kit::class_folders::class_folders;
use crate::format::kit::frame_texts::{
    Frame, Repeats, Subset, groups, may_repeat, picture_parts, subset_of_timelines, subsets,
};
use crate::format::kit::ids::Ids;
use crate::format::kit::listing::{Picture, Pictures, tags};
use crate::format::kit::outcomes::tally_all;
use crate::format::kit::splits::Lists;
use crate::report::Outcome;
use crate::schema::ShapeKind;
use crate::text::json;
use crate::timeline::{FrameView, Scene, Timeline};

/// The format.
pub const FORMAT: Format = Format {
    name: "Ultralytics YOLO Classification 1.0",
    slug: "yolo-cls",
    summary: "JSON of the classes of each frame; tags only",
    takes_3d: false,
    repeats_numbers: false,
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
    let folders = class_folders(&scene.dataset.schema, options.profile, |label| label.parent.is_none())?;
    let (ids, repeats) = match (options.profile, sharing.contains(&Sharing::Frames)) {
        (Profile::Training, _) => (Ids::of_groups(scene, &groups(&subsets).collect::<Vec<_>>()), Repeats::default()),
        (Profile::Cvat, true) => (Ids::default(), Repeats::find(scene, &subsets, |_, _| Ok(true))?),
        (Profile::Cvat, false) => (Ids::default(), Repeats::default()),
    };
    let numbered = HashMap::new();
    let mut this = Classification { scene, subsets, subset_of, ids, repeats, folders, numbered, untagged };
    this.numbered = this.numbered(&sharing);
    Ok(Box::new(this))
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

struct Classification<'s> {
    scene: &'s Scene<'s>,
    subsets: Vec<Subset>,
    subset_of: Vec<usize>,
    /// Names of images of their own, for training.
    ids: Ids,
    repeats: Repeats,
    /// The folder of each label.
    folders: Vec<String>,
    /// The names, folder by folder, of the frames of which one gets a number because another in its folder has its name.
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

    fn reads(&self, _: u32, _: ShapeKind) -> bool {
        false
    }

    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        match Section::of(chunk)? {
            Section::Open => out.text("{"),
            Section::Frames => {
                let timeline = &self.scene.timelines[chunk.timeline];
                let mut pictures = Pictures::new(timeline, &[]);
                for view in timeline.tagged_frames(places(chunk)?) {
                    self.frame(chunk.timeline, &view, &mut pictures, out)?;
                }
                tally_all(timeline, places(chunk)?, |_| NO_TAG, &mut out.tally);
            }
            Section::Media => self.pictures(chunk, out)?,
            Section::Close => out.text("}"),
        }
        Ok(())
    }
}

impl Classification<'_> {
    /// The names of the frames of which one gets a number.
    fn numbered(&self, sharing: &[Sharing]) -> HashMap<Frame, Vec<String>> {
        let mut numbered = HashMap::new();
        for (subset, sharing) in self.subsets.iter().zip(sharing).filter(|(_, sharing)| **sharing != Sharing::Nothing) {
            let mut used = Used::default();
            for &place in &subset.timelines {
                let timeline = &self.scene.timelines[place];
                for view in timeline.tagged_frames(0..timeline.frames.len()) {
                    if *sharing == Sharing::Tags {
                        used.0.clear();
                        if view.tags.len() < 2 {
                            continue;
                        }
                    }
                    let this = (place, view.frame);
                    let mut id = String::new();
                    self.ids.write(self.scene, this, &mut id);
                    let base = base(&id);
                    let names: Vec<String> =
                        self.folders(timeline, view.tags).map(|folder| used.name(folder, base)).collect();
                    if names.iter().any(|name| name != base) {
                        numbered.insert(this, names);
                    }
                }
            }
        }
        numbered
    }

    /// Folders in which the image of a frame stands: one for each tag, or the one for frames without any, if there is one.
    fn folders<'t>(&'t self, timeline: &'t Timeline<'_>, tags: &'t [u32]) -> impl Iterator<Item = &'t str> {
        let label = &timeline.dataset.columns.tags.label;
        let own = tags.iter().map(|&row| self.folders[label[row as usize] as usize].as_str());
        own.chain(self.untagged.filter(|_| tags.is_empty()))
    }

    fn frame(&self, place: usize, view: &FrameView<'_>, pictures: &mut Pictures<'_>, out: &mut Output) -> Result<()> {
        let timeline = &self.scene.timelines[place];
        let this = (place, view.frame);
        let outcome = if self.repeats.overwritten.contains(&this) { OVERWRITTEN } else { Outcome::Written };
        for &row in view.tags {
            out.tally.tag(timeline.dataset.columns.tags.label[row as usize], outcome);
        }
        out.tally.frames += 1;
        if self.repeats.listed.contains(&this) {
            return Ok(());
        }
        self.ids.note(place, timeline, view.frame, &mut out.tally);
        if !self.is_first(place, view.place) {
            out.text(",");
        }
        // Of several pictures with one id the last counts, at the place of the first.
        match self.repeats.latest.get(&this) {
            None => self.entry(this, view.tags, pictures, out),
            Some(&latest) => {
                let other = &self.scene.timelines[latest.0];
                self.entry(latest, tags(other, latest.1), &mut Pictures::new(other, &[]), out)
            }
        }
    }

    /// A picture stands in the folders of all its tags.
    fn pictures(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        let timeline = &self.scene.timelines[chunk.timeline];
        let subset = &self.subsets[self.subset_of[chunk.timeline]].name;
        let mut pictures = Pictures::new(timeline, &[]);
        for frame in timeline.frames.slice(places(chunk)?) {
            let Picture { id, extension } = self.ids.read(chunk.timeline, frame, &mut pictures)?;
            let names = self.numbered.get(&(chunk.timeline, frame));
            for (nth, folder) in self.folders(timeline, tags(timeline, frame)).enumerate() {
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

    fn entry(&self, this: Frame, tags: &[u32], pictures: &mut Pictures<'_>, out: &mut Output) -> Result<()> {
        let timeline = &self.scene.timelines[this.0];
        let Picture { id, extension } = self.ids.read(this.0, this.1, pictures)?;
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
        if let Some(folder) = self.folders(timeline, tags).last() {
            [folder, "/", name, extension].into_iter().for_each(|part| json::escaped(&mut out.bytes, part));
        }
        out.text("\"}");
        Ok(())
    }
}

#[cfg(test)]
mod tests;
