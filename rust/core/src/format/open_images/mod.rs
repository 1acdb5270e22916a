//! `Open Images V6 1.0`: tables of tags, boxes and masks, and an image per mask.
//!
//! ```text
//! annotations/class-descriptions.csv                          each label twice
//! annotations/bbox_labels_600_hierarchy.json                  skeletons and their points
//! annotations/SUBSET-images-with-rotation.csv                 a line a picture
//! annotations/SUBSET-annotations-human-imagelabels.csv        a line a tag
//! annotations/SUBSET-annotations-bbox.csv                     a line an upright box
//! annotations/SUBSET-annotations-object-segmentation.csv      a line a mask
//! annotations/images.meta                                     sizes of pictures with boxes
//! masks/SUBSET/NAME_LABEL_BOX.png                             a mask
//! images/SUBSET/NAME.EXTENSION                                with pictures
//! ```

mod mask_files;
mod rows;

use crate::plan::{
    Chunk, Encoder, Format, Options, Output, Part, Profile, Scratch, frame_chunks, image_chunks, media_part, number,
    places, sections, single_chunk,
};
use std::collections::HashSet;

use crate::error::Result;
use crate::format::kit::ids::{Frame as FramePlace, Ids};
use crate::format::kit::inside::OUTSIDE;
use crate::format::kit::label_images::{Frame, Painting, visit};
use crate::format::kit::listing::{LINE_BREAKS, Pictures, check_labels};
use crate::format::kit::masks::NO_UPRIGHT_BOXES;
use crate::label_png::Pixels;
use crate::report::Outcome;
use crate::schema::ShapeKind;
use crate::text::json;
use crate::timeline::{FrameView, Item, PointScratch, Scene, Timeline};
use mask_files::Naming;

/// The format.
pub const FORMAT: Format = Format {
    name: "Open Images V6 1.0",
    slug: "open-images",
    summary: "CSV of tags, boxes and masks, and an image per mask; tags, boxes, polygons, ellipses and masks",
    takes_3d: false,
    repeats_numbers: false,
    page: include_str!("page.md"),
    encoder,
};

sections! { Masks, Images, Tags, Boxes, Segments, Sizes, Classes, Hierarchy, Media }

const NO_PLACE: Outcome = Outcome::Dropped("Open Images holds tags, boxes, polygons, ellipses and masks only");

/// The tables of a subset: section, end of the name, columns.
#[rustfmt::skip]
const TABLES: [(Section, &str, &str); 4] = [
    (Section::Images, "images-with-rotation", "ImageID,Subset,OriginalURL,OriginalLandingURL,License,AuthorProfileURL,Author,Title,OriginalSize,OriginalMD5,Thumbnail300KURL,Rotation"),
    (Section::Tags, "annotations-human-imagelabels", "ImageID,Source,LabelName,Confidence"),
    (Section::Boxes, "annotations-bbox", "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside"),
    (Section::Segments, "annotations-object-segmentation", "MaskPath,ImageID,LabelName,BoxID,BoxXMin,BoxXMax,BoxYMin,BoxYMax,PredictedIoU,Clicks"),
];

fn encoder<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Box<dyn Encoder + 's>> {
    check_labels(&scene.dataset.schema, &LINE_BREAKS)?;
    let (ids, naming) = match options.profile {
        Profile::Cvat => {
            let ids = Ids::new(scene);
            let naming = Naming::slugs(scene, &ids)?;
            (ids, naming)
        }
        // An id stands for one image, whatever its subset.
        Profile::Training => {
            let all = (String::new(), (0..scene.timelines.len()).collect());
            (Ids::of_groups(scene, &[all]), Naming::Numbers)
        }
    };
    let sized_later = ids.overwritten(scene, |timeline, view, picture| {
        has_boxes(options.profile, timeline, view).then(|| picture.id.to_owned())
    })?;
    // Those of Open Images are black and white; CVAT's look black.
    let shade = options.profile.choose(1, u8::MAX);
    Ok(Box::new(OpenImages { scene, profile: options.profile, ids, naming, shade, sized_later }))
}

/// Number of rows that frames have in a table.
fn count(profile: Profile, scene: &Scene<'_>, chunk: &Chunk, section: Section, scratch: &mut Scratch) -> Result<u64> {
    let timeline = &scene.timelines[chunk.timeline];
    let mut count = 0;
    timeline.visit_frames(places(chunk)?, &mut scratch.visit, |view| {
        count += match section {
            Section::Images => 1,
            Section::Tags => view.tags.len(),
            Section::Boxes => boxes(profile, timeline, view).len(),
            _ => count_masks(timeline, view),
        };
        Ok(())
    })?;
    Ok(count as u64)
}

/// How many shapes of a frame are masks, those of a group each by itself.
fn count_masks(timeline: &Timeline<'_>, view: &FrameView<'_>) -> usize {
    view.items.iter().filter(|item| NO_UPRIGHT_BOXES.applies(timeline, item)).count()
}

fn has_boxes(profile: Profile, timeline: &Timeline<'_>, view: &FrameView<'_>) -> bool {
    !boxes(profile, timeline, view).is_empty()
}

/// The upright boxes of a frame with their corners, those without a group first, then by group. For training those
/// outside the image are none.
fn boxes(profile: Profile, timeline: &Timeline<'_>, view: &FrameView<'_>) -> Vec<(Item, [f64; 4])> {
    let is_box = |item: &&Item| item.kind == ShapeKind::Rectangle && !NO_UPRIGHT_BOXES.applies(timeline, item);
    let mut scratch = PointScratch::default();
    let mut boxes = Vec::new();
    for item in view.items.iter().filter(is_box) {
        boxes.extend(rows::fitted(profile, timeline, item, &mut scratch).map(|(corners, _)| (*item, corners)));
    }
    boxes.sort_by_key(|(item, _)| item.group);
    boxes
}

struct OpenImages<'s> {
    scene: &'s Scene<'s>,
    profile: Profile,
    ids: Ids,
    naming: Naming,
    /// The shade of a mask's pixels.
    shade: u8,
    /// Frames whose size stands under the same name in a later subset: the table of sizes has all subsets in one.
    sized_later: HashSet<FramePlace>,
}

impl Encoder for OpenImages<'_> {
    fn parts(&self, options: &Options) -> Result<Vec<Part>> {
        let scene = self.scene;
        let all = 0..scene.timelines.len();
        let member = |name: &str, chunks| Part::Member { name: format!("annotations/{name}"), chunks };
        let mut masks = image_chunks(scene, all.clone(), Section::Masks);
        number(&mut masks, 0, |chunk, scratch| count(self.profile, scene, chunk, Section::Segments, scratch))?;
        let mut parts = vec![Part::Files(masks)];
        // Rows are numbered through all subsets, and so masks as in the chunks of their images.
        let mut rows = [0; TABLES.len()];
        for (subset, timelines) in scene.subsets() {
            for ((section, name, _), rows) in TABLES.iter().zip(&mut rows) {
                let mut chunks = frame_chunks(scene, timelines.clone(), *section);
                let first = *rows;
                *rows =
                    number(&mut chunks, first, |chunk, scratch| count(self.profile, scene, chunk, *section, scratch))?;
                if *rows > first {
                    // The first line names the columns.
                    chunks.insert(0, single_chunk(*section, timelines.start));
                    parts.push(member(&format!("{subset}-{name}.csv"), chunks));
                }
            }
        }
        let mut sizes = frame_chunks(scene, all.clone(), Section::Sizes);
        if number(&mut sizes, 0, |chunk, scratch| count(self.profile, scene, chunk, Section::Boxes, scratch))? > 0 {
            sizes.insert(0, single_chunk(Section::Sizes, 0));
            parts.push(member("images.meta", sizes));
        }
        parts.push(member("class-descriptions.csv", vec![single_chunk(Section::Classes, 0)]));
        parts.push(member("bbox_labels_600_hierarchy.json", vec![single_chunk(Section::Hierarchy, 0)]));
        parts.extend(media_part(scene, all, Section::Media, options));
        Ok(parts)
    }

    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        let is_head = chunk.range.is_empty();
        match Section::of(chunk)? {
            Section::Masks => {
                let mut painting = Painting::default();
                let mut first = chunk.first;
                visit(self.scene, &self.ids, NO_UPRIGHT_BOXES, chunk, out, |frame, out| {
                    tally(self.profile, frame, out);
                    self.masks(chunk.timeline, frame, first, &mut painting, out)?;
                    first += count_masks(frame.timeline, frame.view) as u64;
                    Ok(())
                })
            }
            Section::Classes => {
                for label in self.scene.dataset.schema.labels() {
                    rows::write(&[&label.name, &label.name], &mut out.bytes);
                }
                Ok(())
            }
            Section::Hierarchy => {
                self.hierarchy(&mut out.bytes);
                Ok(())
            }
            Section::Media => self.ids.request(self.scene, chunk, out, |timeline, picture| {
                format!("images/{}/{}{}", timeline.subset, picture.id, picture.extension)
            }),
            Section::Sizes if is_head => {
                out.text("# <image name> <height> <width>\n\n");
                Ok(())
            }
            section @ (Section::Images | Section::Tags | Section::Boxes | Section::Segments) if is_head => {
                let columns = TABLES.iter().filter(|(of, ..)| *of == section).map(|(.., columns)| *columns);
                columns.for_each(|columns| out.text(&format!("{columns}\r\n")));
                Ok(())
            }
            section @ (Section::Images | Section::Tags | Section::Boxes | Section::Segments | Section::Sizes) => {
                self.rows(section, chunk, out)
            }
        }
    }
}

/// Counts tags and boxes as written, and what is neither these nor a mask as dropped.
fn tally(profile: Profile, frame: &Frame<'_>, out: &mut Output) {
    let Output { tally, scratch, .. } = out;
    let labels = &frame.timeline.dataset.columns.tags.label;
    frame.view.tags.iter().for_each(|&row| tally.tag(labels[row as usize], Outcome::Written));
    for item in &frame.rest {
        let mut fitted = || rows::fitted(profile, frame.timeline, item, &mut scratch.points);
        let outcome = match item.kind {
            ShapeKind::Rectangle => fitted().map_or(OUTSIDE, |(_, outcome)| outcome),
            _ => NO_PLACE,
        };
        tally.shape(item, outcome);
    }
}

impl OpenImages<'_> {
    /// Writes each mask of a frame as an image of 0 and its shade.
    fn masks(
        &self,
        place: usize,
        frame: &Frame<'_>,
        first: u64,
        painting: &mut Painting,
        out: &mut Output,
    ) -> Result<()> {
        let leaders: Vec<Item> = frame.masks.iter().map(|mask| mask.leader).collect();
        let names = self.naming.names(frame.timeline, frame.picture.id, &leaders, first, &mut out.tally)?;
        for (at, (mask, name)) in frame.masks.iter().zip(&names).enumerate() {
            let is_last = !names[at + 1..].iter().any(|later| later.file == name.file);
            if is_last && self.naming.is_owner(&frame.timeline.subset, &name.file, (place, frame.view.frame)) {
                painting.paint(frame.timeline, frame.view.frame, [mask])?;
                let path = format!("masks/{}/{}", frame.timeline.subset, name.file);
                painting.write(path, &Pixels::Grey8(&[0, self.shade]), out)?;
            } else {
                let message = "a mask has the file name of a later one, which overwrites it, as in CVAT";
                out.tally.note(message, || crate::format::kit::annotation::place(frame.timeline, &mask.leader));
            }
        }
        Ok(())
    }

    fn rows(&self, section: Section, chunk: &Chunk, out: &mut Output) -> Result<()> {
        let timeline = &self.scene.timelines[chunk.timeline];
        let mut pictures = Pictures::new(timeline, &LINE_BREAKS);
        let mut first = chunk.first;
        let mut visit = std::mem::take(&mut out.scratch.visit);
        timeline.visit_frames(places(chunk)?, &mut visit, |view| {
            let picture = self.ids.read(chunk.timeline, view.frame, &mut pictures)?;
            match section {
                Section::Images => {
                    let empty = [""; 10];
                    rows::write(&[&[picture.id, &timeline.subset], empty.as_slice()].concat(), &mut out.bytes);
                }
                Section::Tags => rows::tags(timeline, view, picture.id, out)?,
                Section::Boxes => rows::boxes(timeline, &boxes(self.profile, timeline, view), picture.id, out)?,
                Section::Segments => {
                    rows::segments(self.profile, timeline, view.items, picture.id, (&self.naming, first), out)?;
                    first += count_masks(timeline, view) as u64;
                }
                _ if !has_boxes(self.profile, timeline, view)
                    || self.sized_later.contains(&(chunk.timeline, view.frame)) => {}
                _ => rows::size(timeline, view.frame, picture.id, out),
            }
            Ok(())
        })?;
        out.scratch.visit = visit;
        Ok(())
    }

    /// Labels that have parts, as Python's `json` indents them.
    fn hierarchy(&self, bytes: &mut Vec<u8>) {
        let schema = &self.scene.dataset.schema;
        let is_free = |name: &String| !schema.labels().iter().any(|label| label.name == *name);
        let root = (0..).map(|number| format!("/m/{number}")).find(is_free).unwrap_or_default();
        bytes.extend_from_slice(b"{\n    \"LabelName\": ");
        json::string(bytes, &root);
        bytes.extend_from_slice(b",\n    \"Subcategory\": [");
        let mut before: &[u8] = b"\n";
        for label in 0..schema.len() as u32 {
            let parts: Vec<u32> = schema.sublabels(label).collect();
            if parts.is_empty() {
                continue;
            }
            bytes.extend_from_slice(before);
            before = b",\n";
            bytes.extend_from_slice(b"        {\n            \"LabelName\": ");
            json::string(bytes, &schema.label(label).name);
            bytes.extend_from_slice(b",\n            \"Subcategory\": [\n");
            for (at, part) in parts.iter().enumerate() {
                bytes.extend_from_slice(if at == 0 { b"" } else { b",\n" });
                bytes.extend_from_slice(b"                {\n                    \"LabelName\": ");
                json::string(bytes, &schema.label(*part).name);
                bytes.extend_from_slice(b"\n                }");
            }
            bytes.extend_from_slice(b"\n            ]\n        }");
        }
        bytes.extend_from_slice(if before == b"\n" { b"]\n}\n" } else { b"\n    ]\n}\n" });
    }
}
