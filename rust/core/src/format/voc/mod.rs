//! `PASCAL VOC 1.1`: boxes in XML, tags in lists, masks in images.
//!
//! ```text
//! labelmap.txt                            name:red,green,blue:: a label
//! Annotations/NAME.xml                    boxes
//! ImageSets/Main/SUBSET.txt               names of the pictures
//! ImageSets/Main/LABEL_SUBSET.txt         which pictures with tags have this one; only if there are tags
//! ImageSets/Segmentation/SUBSET.txt       pictures with masks or without annotations
//! ImageSets/Layout|Action/SUBSET.txt      pictures without annotations
//! SegmentationClass|Object/NAME.png       colours of classes, a colour an object
//! JPEGImages/NAME.EXTENSION               with pictures
//! ```
//!
//! Ellipses become masks. All subsets share the folders.

use crate::plan::{
    Chunk, Encoder, Format, Options, Output, Part, Profile, Scratch, frame_chunks, image_chunks, media_part, number,
    places, sections, single_chunk,
};
use std::collections::HashSet;

use crate::error::{Code, Error, Result};
use crate::format::kit::annotation::{attributes, int_of, located, place, required_corners, text_of};
use crate::format::kit::ids::{Frame, Ids};
use crate::format::kit::inside::{OUTSIDE, fit_for};
use crate::format::kit::label_images::Painting;
use crate::format::kit::listing::{LINE_BREAKS, Picture, Pictures, at_frame, check_labels, is_blank};
use crate::format::kit::masks::ONLY_MASKS;
use crate::format::kit::palette::Palette;
use crate::format::kit::splits::Group;
use crate::format::kit::voc_layout::{is_bare, is_blank_listed, picture_path, subsets, write_images, write_labelmap};
use crate::report::{Outcome, Tally};
use crate::schema::ShapeKind;
use crate::text::number::{int, repr, uint};
use crate::text::xml::Pretty;
use crate::timeline::{FrameView, Item, Scene, Timeline};

/// The format.
pub const FORMAT: Format = Format {
    name: "PASCAL VOC 1.1",
    slug: "voc",
    summary: "XML by frame, lists and images of masks; upright boxes, ellipses, masks and tags",
    takes_3d: false,
    repeats_numbers: false,
    page: include_str!("page.md"),
    encoder,
};

sections! { Frames, Main, Segmentation, Layout, Action, Label, Labelmap, Media }

/// The lists of each subset.
const LISTS: [(Section, &str); 4] = [
    (Section::Main, "Main"),
    (Section::Segmentation, "Segmentation"),
    (Section::Layout, "Layout"),
    (Section::Action, "Action"),
];

/// What the XML of the profiles differs in.
struct Layout {
    profile: Profile,
    depth: &'static str,
    /// The pose of an object, made of its attribute of this name.
    pose: fn(Option<String>) -> Option<String>,
    /// Left, top, right and bottom, made of the corners of a box.
    bounds: fn([f64; 4]) -> [f64; 4],
    number: fn(&mut Vec<u8>, f64),
}

const CVAT: Layout = Layout {
    profile: Profile::Cvat,
    depth: "",
    pose: |pose| pose,
    // The far corner is made from the near one and the size.
    bounds: |[x0, y0, x1, y1]| [x0, y0, x0 + (x1 - x0), y0 + (y1 - y0)],
    number: repr,
};

/// What the development kit of VOC2012 reads: colour images, and whole pixels of which the first is 1.
const TRAINING: Layout = Layout {
    profile: Profile::Training,
    depth: "3",
    pose: |pose| Some(pose.filter(|pose| !pose.is_empty()).unwrap_or_else(|| "Unspecified".to_owned())),
    bounds: |[x0, y0, x1, y1]| [x0.floor() + 1.0, y0.floor() + 1.0, x1.ceil(), y1.ceil()],
    number: |out, value| int(out, value as i64),
};

const NO_SHAPE: Outcome = Outcome::Dropped("PASCAL VOC holds boxes, ellipses and masks only");
const TURNED: Outcome = Outcome::Converted("a box without its rotation, which is an attribute");
const OVERWRITTEN: Outcome = Outcome::Dropped("a picture of the same name in a later subset has its files");

fn encoder<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Box<dyn Encoder + 's>> {
    check_labels(&scene.dataset.schema, &LINE_BREAKS)?;
    let palette = Palette::in_order(&scene.dataset.schema);
    let (subsets, ids) = subsets(scene, options.profile);
    let later_xml = ids.overwritten(scene, |_, _, picture| Some(picture.id.to_owned()))?;
    let later_images =
        ids.overwritten(scene, |timeline, view, picture| has_masks(timeline, view).then(|| picture.id.to_owned()))?;
    let later_picture = ids.overwritten(scene, |_, _, picture| options.save_images.then(|| picture_path(picture)))?;
    let layout = options.profile.choose(&CVAT, &TRAINING);
    Ok(Box::new(Voc { scene, subsets, ids, palette, layout, later_xml, later_images, later_picture }))
}

fn list_of_label(label: &str, subset: &str) -> Result<String> {
    if label.contains(['/', '\\', '\0']) {
        let message = "PASCAL VOC calls a file by each label, and a file cannot be called so";
        return Err(Error::new(Code::Unsupported, message)
            .of_label(label)
            .advise("give the label a name without slash and backslash, or remove the tags"));
    }
    Ok(format!("ImageSets/Main/{label}_{subset}.txt"))
}

/// The list of a label may be called like that of a subset, or of another label in another subset.
fn refuse_equal_names(parts: &[Part]) -> Result<()> {
    let mut known = HashSet::new();
    for part in parts {
        if let Part::Member { name, .. } = part
            && !known.insert(name)
        {
            return Err(Error::new(Code::NameCollision, format!("two lists would be called {name:?}"))
                .advise("rename a label or a subset"));
        }
    }
    Ok(())
}

fn has_tags(timeline: &Timeline<'_>) -> bool {
    let frames = &timeline.dataset.columns.tags.frame;
    timeline.tags.iter().any(|&row| timeline.frames.contains(frames[row as usize]))
}

fn has_masks(timeline: &Timeline<'_>, view: &FrameView<'_>) -> bool {
    view.items.iter().any(|item| ONLY_MASKS.applies(timeline, item))
}

fn is_listed(section: Section, timeline: &Timeline<'_>, view: &FrameView<'_>) -> bool {
    match section {
        Section::Main => true,
        Section::Segmentation => is_bare(view) || has_masks(timeline, view),
        _ => is_bare(view),
    }
}

fn count_listed(scene: &Scene<'_>, section: Section, chunk: &Chunk, scratch: &mut Scratch) -> Result<u64> {
    let timeline = &scene.timelines[chunk.timeline];
    let mut count = 0;
    timeline.visit_frames(places(chunk)?, &mut scratch.visit, |view| {
        count += u64::from(is_listed(section, timeline, view));
        Ok(())
    })?;
    Ok(count)
}

struct Voc<'s> {
    scene: &'s Scene<'s>,
    subsets: Vec<Group>,
    ids: Ids,
    palette: Palette,
    layout: &'static Layout,
    /// Frames whose XML, images or picture another of the same name in a later subset has.
    later_xml: HashSet<Frame>,
    later_images: HashSet<Frame>,
    later_picture: HashSet<Frame>,
}

impl Encoder for Voc<'_> {
    fn parts(&self, options: &Options) -> Result<Vec<Part>> {
        let scene = self.scene;
        let all = 0..scene.timelines.len();
        let mut parts = vec![Part::Files(image_chunks(scene, all.clone(), Section::Frames))];
        for (subset, timelines) in &self.subsets {
            for (section, folder) in LISTS {
                let mut chunks = frame_chunks(scene, timelines.iter().copied(), section);
                if number(&mut chunks, 0, |chunk, scratch| count_listed(scene, section, chunk, scratch))? > 0 {
                    parts.push(Part::Member { name: format!("ImageSets/{folder}/{subset}.txt"), chunks });
                }
            }
            if timelines.iter().any(|&place| has_tags(&scene.timelines[place])) {
                for (class, (label, _)) in self.palette.classes.iter().enumerate() {
                    let chunk = |timeline| Chunk { first: class as u64, ..single_chunk(Section::Label, timeline) };
                    let chunks = timelines.iter().copied().map(chunk).collect();
                    parts.push(Part::Member { name: list_of_label(label, subset)?, chunks });
                }
            }
        }
        refuse_equal_names(&parts)?;
        parts.extend(media_part(scene, all, Section::Media, options));
        parts.push(Part::Member { name: "labelmap.txt".to_owned(), chunks: vec![single_chunk(Section::Labelmap, 0)] });
        Ok(parts)
    }

    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        match Section::of(chunk)? {
            Section::Frames => self.frames(chunk, out)?,
            Section::Label => self.tagged(chunk, out)?,
            Section::Labelmap => write_labelmap(&self.palette, out),
            Section::Media => {
                self.ids.request(self.scene, chunk, out, |_, picture| picture_path(picture))?;
                out.images.retain(|it| !self.later_picture.contains(&(it.timeline, it.frame)));
            }
            section @ (Section::Main | Section::Segmentation | Section::Layout | Section::Action) => {
                self.list(section, chunk, out)?;
            }
        }
        Ok(())
    }
}

impl Voc<'_> {
    fn frames(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        let timeline = &self.scene.timelines[chunk.timeline];
        let (mut pictures, mut painting) = (Pictures::new(timeline, &LINE_BREAKS), Painting::default());
        let mut visit = std::mem::take(&mut out.scratch.visit);
        timeline.visit_frames(places(chunk)?, &mut visit, |view| {
            let picture = self.ids.read(chunk.timeline, view.frame, &mut pictures)?;
            self.ids.note(chunk.timeline, timeline, view.frame, &mut out.tally);
            let labels = &timeline.dataset.columns.tags.label;
            view.tags.iter().for_each(|&row| out.tally.tag(labels[row as usize], Outcome::Written));
            out.tally.frames += 1;
            let (masks, others): (Vec<&Item>, Vec<&Item>) =
                view.items.iter().partition(|item| ONLY_MASKS.applies(timeline, item));
            let (boxes, others): (Vec<&Item>, Vec<&Item>) =
                others.into_iter().partition(|item| item.kind == ShapeKind::Rectangle);
            others.iter().for_each(|item| out.tally.shape(item, NO_SHAPE));
            let at = (chunk.timeline, view.frame);
            if self.later_xml.contains(&at) {
                boxes.iter().for_each(|item| out.tally.shape(item, OVERWRITTEN));
            } else {
                out.begin_file(&format!("Annotations/{}.xml", picture.id));
                annotation(timeline, view.frame, picture, &boxes, !masks.is_empty(), self.layout, out)?;
            }
            if self.later_images.contains(&at) {
                masks.iter().for_each(|item| out.tally.shape(item, OVERWRITTEN));
            } else if !masks.is_empty() || is_blank_listed(view, self.layout.profile) {
                let masks = ONLY_MASKS.convert(timeline, masks, &mut out.scratch, &mut out.tally)?.masks;
                let classes = (&self.palette, self.layout.profile);
                write_images(&mut painting, classes, (timeline, view.frame), picture.id, &masks, out)?;
            }
            Ok(())
        })?;
        out.scratch.visit = visit;
        Ok(())
    }

    /// A list of pictures.
    fn list(&self, section: Section, chunk: &Chunk, out: &mut Output) -> Result<()> {
        let timeline = &self.scene.timelines[chunk.timeline];
        let mut pictures = Pictures::new(timeline, &LINE_BREAKS);
        let mut visit = std::mem::take(&mut out.scratch.visit);
        timeline.visit_frames(places(chunk)?, &mut visit, |view| {
            if is_listed(section, timeline, view) {
                let picture = self.ids.read(chunk.timeline, view.frame, &mut pictures)?;
                let has_blanks = picture.id.trim_matches(is_blank).contains(is_blank);
                let quote = if section == Section::Layout && has_blanks { "\"" } else { "" };
                [quote, picture.id, quote, "\n"].into_iter().for_each(|part| out.text(part));
            }
            Ok(())
        })?;
        out.scratch.visit = visit;
        Ok(())
    }

    /// The pictures with tags, and whether one of the tags is the label of this list, the class `chunk.first`.
    fn tagged(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        let timeline = &self.scene.timelines[chunk.timeline];
        let columns = &timeline.dataset.columns.tags;
        let frame = |row: u32| columns.frame[row as usize];
        let mut pictures = Pictures::new(timeline, &LINE_BREAKS);
        for rows in timeline.tags.chunk_by(|a, b| frame(*a) == frame(*b)) {
            if !timeline.frames.contains(frame(rows[0])) {
                continue;
            }
            let picture = self.ids.read(chunk.timeline, frame(rows[0]), &mut pictures)?;
            let class = |row: &u32| self.palette.class(columns.label[*row as usize]) as u64;
            let has_label = rows.iter().any(|row| class(row) == chunk.first);
            out.text(picture.id);
            out.text(if has_label { "  1\n" } else { " -1\n" });
        }
        Ok(())
    }
}

/// Writes the XML of a frame with its boxes.
fn annotation(
    timeline: &Timeline<'_>,
    frame: u32,
    picture: Picture<'_>,
    boxes: &[&Item],
    is_segmented: bool,
    layout: &Layout,
    out: &mut Output,
) -> Result<()> {
    let Output { bytes, scratch, tally, .. } = out;
    let mut xml = Pretty::new(bytes);
    xml.begin("annotation");
    head(&mut xml, layout, timeline, frame, picture).map_err(|error| at_frame(error, timeline, frame))?;
    xml.value("segmented", |out| uint(out, u64::from(is_segmented)));
    for item in boxes {
        let points = timeline.points(item, &mut scratch.points);
        let corners = required_corners(points).map_err(|error| located(error, timeline, item))?;
        let Some((corners, outcome)) = fit_for(layout.profile, timeline, item, corners) else {
            tally.shape(item, OUTSIDE);
            continue;
        };
        object(&mut xml, layout, (timeline, item), corners, tally).map_err(|error| located(error, timeline, item))?;
        tally.shape(item, if timeline.rotation(item) == 0.0 { outcome } else { TURNED });
    }
    xml.end("annotation");
    Ok(())
}

fn head(
    xml: &mut Pretty<'_>,
    layout: &Layout,
    timeline: &Timeline<'_>,
    frame: u32,
    picture: Picture<'_>,
) -> Result<()> {
    // CVAT takes what stands in front of the first underscore for a folder.
    xml.text("folder", picture.id.split_once('_').map_or("", |(folder, _)| folder))?;
    xml.text("filename", &format!("{}{}", picture.id, picture.extension))?;
    xml.begin("source");
    for name in ["database", "annotation", "image"] {
        xml.text(name, "Unknown")?;
    }
    xml.end("source");
    let (width, height) = timeline.size(frame);
    xml.begin("size");
    xml.value("width", |out| uint(out, u64::from(width)));
    xml.value("height", |out| uint(out, u64::from(height)));
    xml.text("depth", layout.depth)?;
    xml.end("size");
    Ok(())
}

fn object(
    xml: &mut Pretty<'_>,
    layout: &Layout,
    (timeline, item): (&Timeline<'_>, &Item),
    corners: [f64; 4],
    tally: &mut Tally,
) -> Result<()> {
    let mut values = Vec::new();
    attributes(timeline, item, &mut values)?;
    let mut flag = |wanted: &str| {
        let Some((_, value)) = values.iter().find(|(name, _)| *name == wanted) else { return 0 };
        int_of(*value).unwrap_or_else(|| {
            tally.note("truncated or difficult is no number and counts as 0, as in CVAT", || place(timeline, item));
            0
        })
    };
    let (truncated, difficult) = (flag("truncated"), flag("difficult"));
    xml.begin("object");
    xml.text("name", &timeline.dataset.schema.label(item.label).name)?;
    let pose = values.iter().find(|(name, _)| *name == "pose").map(|(_, pose)| text_of(*pose));
    if let Some(pose) = (layout.pose)(pose) {
        xml.text("pose", &pose)?;
    }
    for (name, value) in [("truncated", truncated), ("occluded", i64::from(item.occluded)), ("difficult", difficult)] {
        xml.value(name, |out| int(out, value));
    }
    xml.begin("bndbox");
    for (name, value) in ["xmin", "ymin", "xmax", "ymax"].into_iter().zip((layout.bounds)(corners)) {
        xml.value(name, |out| (layout.number)(out, value));
    }
    xml.end("bndbox");
    values.retain(|(name, _)| !matches!(*name, "difficult" | "pose" | "truncated" | "occluded"));
    if !values.is_empty() {
        xml.begin("attributes");
        for (name, value) in &values {
            xml.begin("attribute");
            xml.text("name", name)?;
            xml.text("value", &text_of(*value))?;
            xml.end("attribute");
        }
        xml.end("attributes");
    }
    xml.end("object");
    Ok(())
}

#[cfg(test)]
mod tests;
