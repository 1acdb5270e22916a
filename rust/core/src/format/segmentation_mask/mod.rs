//! `Segmentation mask 1.1`: PASCAL VOC's images of classes and objects.
//!
//! ```text
//! labelmap.txt                          name:red,green,blue:: a class
//! SegmentationClass/NAME.png            colours of classes
//! SegmentationObject/NAME.png           a colour an object
//! JPEGImages/NAME.EXTENSION             with pictures
//! ImageSets/Segmentation/SUBSET.txt     names of the pictures
//! ```
//!
//! All subsets share the folders.

use crate::plan::{
    Chunk, Encoder, Format, Options, Output, Part, Profile, Scratch, frame_chunks, image_chunks, media_part, number,
    places, sections, single_chunk,
};
use std::collections::HashSet;

use crate::error::Result;
use crate::format::kit::ids::{Frame as FramePlace, Ids};
use crate::format::kit::label_images::{Frame, Painting, drop_all, visit};
use crate::format::kit::listing::{LINE_BREAKS, Pictures, check_labels};
use crate::format::kit::masks::ALL_SHAPES;
use crate::format::kit::palette::Palette;
use crate::format::kit::splits::Group;
use crate::format::kit::voc_layout::{is_bare, is_blank_listed, picture_path, subsets, write_images, write_labelmap};
use crate::report::Outcome;
use crate::timeline::{FrameView, Scene, Timeline};

/// The format.
pub const FORMAT: Format = Format {
    name: "Segmentation mask 1.1",
    slug: "segmentation-mask",
    summary: "two images per frame, of classes and of objects; boxes, polygons, ellipses and masks",
    takes_3d: false,
    repeats_numbers: false,
    page: include_str!("page.md"),
    encoder,
};

sections! { Images, List, Labels, Media }

const NO_MASK: Outcome = Outcome::Dropped("Segmentation mask holds boxes, polygons, ellipses and masks only");

fn encoder<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Box<dyn Encoder + 's>> {
    check_labels(&scene.dataset.schema, &LINE_BREAKS)?;
    let palette = Palette::by_name(&scene.dataset.schema)?;
    let (subsets, mut ids) = subsets(scene, options.profile);
    ids.without_images =
        ids.overwritten(scene, |timeline, view, picture| has_masks(timeline, view).then(|| picture.id.to_owned()))?;
    let overwritten_pictures =
        ids.overwritten(scene, |_, _, picture| options.save_images.then(|| picture_path(picture)))?;
    Ok(Box::new(SegmentationMask { scene, subsets, ids, palette, profile: options.profile, overwritten_pictures }))
}

fn has_masks(timeline: &Timeline<'_>, view: &FrameView<'_>) -> bool {
    view.items.iter().any(|item| ALL_SHAPES.applies(timeline, item))
}

/// Pictures with masks, and those without any annotation, but not those with annotations of other kinds only.
fn is_listed(timeline: &Timeline<'_>, view: &FrameView<'_>) -> bool {
    has_masks(timeline, view) || is_bare(view)
}

fn count_listed(scene: &Scene<'_>, chunk: &Chunk, scratch: &mut Scratch) -> Result<u64> {
    let timeline = &scene.timelines[chunk.timeline];
    let mut count = 0;
    timeline.visit_frames(places(chunk)?, &mut scratch.visit, |view| {
        count += u64::from(is_listed(timeline, view));
        Ok(())
    })?;
    Ok(count)
}

struct SegmentationMask<'s> {
    scene: &'s Scene<'s>,
    subsets: Vec<Group>,
    ids: Ids,
    palette: Palette,
    profile: Profile,
    /// Frames whose picture a later subset has.
    overwritten_pictures: HashSet<FramePlace>,
}

impl Encoder for SegmentationMask<'_> {
    fn parts(&self, options: &Options) -> Result<Vec<Part>> {
        let scene = self.scene;
        let mut parts = vec![Part::Files(image_chunks(scene, 0..scene.timelines.len(), Section::Images))];
        for (subset, timelines) in &self.subsets {
            let mut chunks = frame_chunks(scene, timelines.iter().copied(), Section::List);
            let count = |chunk: &Chunk, scratch: &mut Scratch| count_listed(scene, chunk, scratch);
            if number(&mut chunks, 0, count)? > 0 {
                parts.push(Part::Member { name: format!("ImageSets/Segmentation/{subset}.txt"), chunks });
            }
        }
        parts.extend(media_part(scene, 0..scene.timelines.len(), Section::Media, options));
        parts.push(Part::Member { name: "labelmap.txt".to_owned(), chunks: vec![single_chunk(Section::Labels, 0)] });
        Ok(parts)
    }

    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        match Section::of(chunk)? {
            Section::Images => {
                let mut painting = Painting::default();
                visit(self.scene, &self.ids, ALL_SHAPES, chunk, out, |frame, out| {
                    self.images(frame, &mut painting, out)
                })
            }
            Section::List => self.list(chunk, out),
            Section::Media => {
                self.ids.request(self.scene, chunk, out, |_, picture| picture_path(picture))?;
                out.images.retain(|it| !self.overwritten_pictures.contains(&(it.timeline, it.frame)));
                Ok(())
            }
            Section::Labels => {
                write_labelmap(&self.palette, out);
                Ok(())
            }
        }
    }
}

impl SegmentationMask<'_> {
    fn images(&self, frame: &Frame<'_>, painting: &mut Painting, out: &mut Output) -> Result<()> {
        drop_all(frame.timeline, frame.view, &frame.rest, NO_MASK, &mut out.tally);
        if frame.masks.is_empty() && !is_blank_listed(frame.view, self.profile) {
            return Ok(());
        }
        let at = (frame.timeline, frame.view.frame);
        write_images(painting, (&self.palette, self.profile), at, frame.picture.id, &frame.masks, out)
    }

    fn list(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        let timeline = &self.scene.timelines[chunk.timeline];
        let mut pictures = Pictures::new(timeline, &LINE_BREAKS);
        let mut visit = std::mem::take(&mut out.scratch.visit);
        timeline.visit_frames(places(chunk)?, &mut visit, |view| {
            if is_listed(timeline, view) {
                let picture = self.ids.read(chunk.timeline, view.frame, &mut pictures)?;
                out.text(picture.id);
                out.bytes.push(b'\n');
            }
            Ok(())
        })?;
        out.scratch.visit = visit;
        Ok(())
    }
}
