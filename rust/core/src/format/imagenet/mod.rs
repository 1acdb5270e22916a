//! `ImageNet 1.0`: a list of pictures per subset, each with the numbers of its tags; or the pictures, in folders.
//!
//! ```text
//! SUBSET.txt       name of the picture, numbers of its labels
//! synsets.txt      one label a line, sublabels too
//!
//! LABEL/PICTURE    with pictures, and nothing else: each for all its tags, or in no_label/
//! ```
//!
//! Tags only. For training there are lists and pictures both, and these in `SPLIT/LABEL/PICTURE`.

use std::collections::BTreeSet;

use crate::error::{Code, Error, Result};
use crate::format::kit::class_folders::class_folders;
use crate::format::kit::listing::{LINE_BREAKS, Picture, Pictures, check_labels, frame_place, is_blank, label_names};
use crate::format::kit::outcomes::tally_all;
use crate::format::kit::splits::{Group, groups, names_of_timelines};
use crate::plan::{
    Chunk, Encoder, Format, Options, Output, Part, Profile, line_chunks, media_part, places, sections, single_chunk,
};
use crate::report::{Outcome, Tally};
use crate::schema::{Label, Schema, ShapeKind};
use crate::text::number;
use crate::timeline::{FrameView, Scene, Timeline};

/// The format.
pub const FORMAT: Format = Format {
    name: "ImageNet 1.0",
    slug: "imagenet",
    summary: "a list of pictures with the numbers of their tags; tags only",
    takes_3d: false,
    repeats_numbers: false,
    page: include_str!("page.md"),
    encoder,
};

sections! { List, Labels, Media }

/// Folder of the pictures without a tag.
const NO_LABEL: &str = "no_label";

/// The subset whose list would be the list of labels.
const RESERVED: &str = "synsets";

const NO_TAG: Outcome = Outcome::Dropped("ImageNet holds tags only");
const NO_CLASS: Outcome = Outcome::Dropped("a skeleton and its parts are no classes");
const REPEATED: Outcome = Outcome::Dropped("the frame has this tag already");

fn encoder<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Box<dyn Encoder + 's>> {
    check_labels(&scene.dataset.schema, &LINE_BREAKS)?;
    let classes = match options.profile {
        Profile::Cvat => None,
        Profile::Training => Some(Classes::new(&scene.dataset.schema)?),
    };
    let groups = groups(scene, options.profile);
    let split_of = names_of_timelines(&groups, scene.timelines.len());
    Ok(Box::new(ImageNet { scene, classes, groups, split_of, has_pictures: options.save_images }))
}

struct ImageNet<'s> {
    scene: &'s Scene<'s>,
    /// The classes of training.
    classes: Option<Classes>,
    /// The splits.
    groups: Vec<Group>,
    /// The split of each timeline.
    split_of: Vec<String>,
    has_pictures: bool,
}

impl Encoder for ImageNet<'_> {
    fn parts(&self, options: &Options) -> Result<Vec<Part>> {
        let scene = self.scene;
        let mut parts = Vec::new();
        // CVAT's two layouts have nothing in common: images lie in folders, which say what the lists do.
        if self.classes.is_some() || !self.has_pictures {
            for (name, timelines) in &self.groups {
                if name == RESERVED {
                    return Err(Error::new(Code::ReservedName, format!("ImageNet reserves the subset name {name:?}"))
                        .advise("give the subset another name in CVAT"));
                }
                let chunks = line_chunks(scene, timelines.iter().copied(), Section::List);
                parts.push(Part::Member { name: format!("{name}.txt"), chunks });
            }
            parts
                .push(Part::Member { name: format!("{RESERVED}.txt"), chunks: vec![single_chunk(Section::Labels, 0)] });
        }
        parts.extend(media_part(scene, 0..scene.timelines.len(), Section::Media, options));
        Ok(parts)
    }

    fn reads(&self, _: u32, _: ShapeKind) -> bool {
        false
    }

    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        if Section::of(chunk)? == Section::Labels {
            let names = label_names(&self.scene.dataset.schema);
            let folders = self.classes.as_ref().map(|classes| classes.folders.iter().map(String::as_str).collect());
            for name in folders.unwrap_or(names) {
                out.text(name);
                out.bytes.push(b'\n');
            }
            return Ok(());
        }
        let timeline = &self.scene.timelines[chunk.timeline];
        let (mut pictures, mut labels) = (Pictures::new(timeline, &LINE_BREAKS), Vec::new());
        for view in timeline.tagged_frames(places(chunk)?) {
            let picture = pictures.read(view.frame)?;
            if let Some(classes) = &self.classes {
                self.sample(chunk, classes, &view, picture, out)?;
                continue;
            }
            tally_tags(timeline, &view, |_| true, &mut labels, &mut out.tally);
            if Section::of(chunk)? == Section::Media {
                for folder in folders(timeline, &labels) {
                    out.picture(format!("{folder}/{}{}", picture.id, picture.extension), chunk.timeline, view.frame);
                }
                continue;
            }
            write_name(picture, &mut out.bytes);
            write_numbers(&labels, &mut out.bytes);
        }
        tally_all(timeline, places(chunk)?, |_| NO_TAG, &mut out.tally);
        if self.classes.is_some() && Section::of(chunk)? == Section::Media {
            // The lists count all of this.
            out.tally = Tally::default();
        }
        Ok(())
    }
}

impl ImageNet<'_> {
    /// The lines or the pictures of a frame for training: one for each class.
    fn sample(
        &self,
        chunk: &Chunk,
        classes: &Classes,
        view: &FrameView<'_>,
        picture: Picture<'_>,
        out: &mut Output,
    ) -> Result<()> {
        let timeline = &self.scene.timelines[chunk.timeline];
        let is_class = |label: u32| classes.of_label[label as usize].is_some();
        let mut labels = Vec::new();
        tally_tags(timeline, view, is_class, &mut labels, &mut out.tally);
        if labels.len() > 1 {
            let message = "a picture with several tags is a sample of each of their classes";
            out.tally.note(message, || frame_place(timeline, view.frame));
        }
        let Picture { id, extension } = picture;
        for class in labels.into_iter().filter_map(|label| classes.of_label[label as usize]) {
            let folder = &classes.folders[class];
            if Section::of(chunk)? == Section::Media {
                let split = &self.split_of[chunk.timeline];
                out.picture(format!("{split}/{folder}/{id}{extension}"), chunk.timeline, view.frame);
            } else if self.has_pictures {
                out.text(&format!("{folder}/{id}{extension} {class}\n"));
            } else {
                out.text(&format!("{id}{extension} {class}\n"));
            }
        }
        Ok(())
    }
}

/// The classes that training tools find: the folders of pictures, sorted by name, which is how they number them.
struct Classes {
    folders: Vec<String>,
    /// The place of a label's folder; none for the parts of skeletons, which nobody tags.
    of_label: Vec<Option<usize>>,
}

impl Classes {
    fn new(schema: &Schema) -> Result<Self> {
        let folder_of = class_folders(schema, Profile::Training, Label::is_alone)?;
        let labels = || schema.labels().iter().zip(&folder_of);
        let named = labels().filter(|(label, _)| label.is_alone()).map(|(_, folder)| folder.clone());
        let folders: Vec<String> = named.collect::<BTreeSet<_>>().into_iter().collect();
        let class =
            |(label, folder): (&Label, &String)| folders.binary_search(folder).ok().filter(|_| label.is_alone());
        let of_label = labels().map(class).collect();
        Ok(Self { folders, of_label })
    }
}

/// Collects the different labels of a frame's tags, in order, that are classes; counts what becomes of the tags.
fn tally_tags(
    timeline: &Timeline<'_>,
    view: &FrameView<'_>,
    is_class: impl Fn(u32) -> bool,
    labels: &mut Vec<u32>,
    tally: &mut Tally,
) {
    labels.clear();
    for &row in view.tags {
        let label = timeline.dataset.columns.tags.label[row as usize];
        let is_new = !labels.contains(&label);
        tally.tag(
            label,
            match is_class(label) {
                false => NO_CLASS,
                true if is_new => Outcome::Written,
                true => REPEATED,
            },
        );
        if is_new && is_class(label) {
            labels.push(label);
        }
    }
    tally.frames += 1;
}

/// The folders that a picture with these labels stands in.
fn folders<'t>(timeline: &Timeline<'t>, labels: &[u32]) -> Vec<&'t str> {
    let dataset = timeline.dataset;
    match labels {
        [] => vec![NO_LABEL],
        labels => labels.iter().map(|&label| dataset.schema.label(label).name.as_str()).collect(),
    }
}

/// The numbers of a frame's tags, and the end of its line.
fn write_numbers(labels: &[u32], bytes: &mut Vec<u8>) {
    let mut write = |label: u32| {
        bytes.push(b' ');
        number::uint(bytes, u64::from(label));
    };
    match labels {
        [] => bytes.push(b' '),
        [only] => write(*only),
        labels => in_set_order(labels).into_iter().for_each(write),
    }
    bytes.push(b'\n');
}

/// A name with blanks inside has quotes, in front of its extension.
fn write_name(picture: Picture<'_>, bytes: &mut Vec<u8>) {
    // Blanks are rare and slow to find.
    let may_have_blanks = picture.id.bytes().fold(false, |found, byte| found | (byte <= b' ') | !byte.is_ascii());
    let has_blanks = may_have_blanks && picture.id.trim_matches(is_blank).contains(is_blank);
    if has_blanks {
        bytes.push(b'"');
    }
    bytes.extend_from_slice(picture.id.as_bytes());
    if has_blanks {
        bytes.push(b'"');
    }
    bytes.extend_from_slice(picture.extension.as_bytes());
}

/// Different numbers in the order in which a Python set of them is read, which CVAT's list has.
///
/// The set is a table with open addressing (CPython's `Objects/setobject.c`): a number stands at its own value modulo
/// the size, or where the probing leads from there.
fn in_set_order(numbers: &[u32]) -> Vec<u32> {
    let mut table = vec![None; 8];
    for (place, &number) in numbers.iter().enumerate() {
        insert(&mut table, number);
        let (filled, mask) = (place + 1, table.len() - 1);
        if filled * 5 >= mask * 3 {
            let wanted = if filled > 50_000 { filled * 2 } else { filled * 4 };
            let mut larger = vec![None; (wanted + 1).next_power_of_two().max(8)];
            table.iter().flatten().for_each(|&number| insert(&mut larger, number));
            table = larger;
        }
    }
    table.into_iter().flatten().collect()
}

/// Slots that are tried one behind another before the next jump.
const LINEAR_PROBES: usize = 9;

fn insert(table: &mut [Option<u32>], number: u32) {
    let mask = table.len() - 1;
    let (mut slot, mut perturbation) = (number as usize & mask, number as usize);
    loop {
        let last = if slot + LINEAR_PROBES <= mask { slot + LINEAR_PROBES } else { slot };
        if let Some(free) = (slot..=last).find(|&slot| table[slot].is_none()) {
            table[free] = Some(number);
            return;
        }
        perturbation >>= 5;
        slot = (slot * 5 + 1 + perturbation) & mask;
    }
}

#[cfg(test)]
mod tests;
