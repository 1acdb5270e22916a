//! `CamVid 1.0`: an image of classes per frame.
//!
//! ```text
//! label_colors.txt        red green blue name of each class
//! SUBSETannot/NAME.png    colours of classes
//! SUBSET/NAME.EXTENSION   with pictures
//! SUBSET.txt              paths of the picture and of its image of classes
//! ```
//!
//! For training images have numbers of classes, and every frame has one.

use crate::error::Result;
use crate::format::kit::ids::Ids;
use crate::format::kit::label_images::{Frame, Painting, class_colours, drop_all, visit, write_colours};
use crate::format::kit::listing::{LINE_BREAKS, Picture, Pictures, check_labels, frame_place, is_blank};
use crate::format::kit::masks::ALL_SHAPES;
use crate::format::kit::palette::{BACKGROUND, Palette};
use crate::format::kit::splits::{Group, groups, names_of_timelines};
use crate::label_png::Pixels;
use crate::plan::{
    Chunk, Encoder, Format, Options, Output, Part, frame_chunks, image_chunks, media_part, places, sections,
    single_chunk,
};
use crate::report::Outcome;
use crate::timeline::Scene;

/// The format.
pub const FORMAT: Format = Format {
    name: "CamVid 1.0",
    slug: "camvid",
    summary: "an image of classes per frame; boxes, polygons, ellipses and masks",
    takes_3d: false,
    repeats_numbers: false,
    page: include_str!("page.md"),
    encoder,
};

sections! { Images, List, Labels, Media }

const NO_MASK: Outcome = Outcome::Dropped("CamVid holds boxes, polygons, ellipses and masks only");

/// What the profiles differ in.
struct Layout {
    /// What the lists have in front of the paths of pictures and of images.
    above: [&'static str; 2],
    /// Whether every frame has an image, with the numbers of classes instead of their colours, and all of these are
    /// listed: the place in the list is the number.
    is_numbered: bool,
}

const CVAT: Layout = Layout { above: ["/", ""], is_numbered: false };
/// Where SegNet's own lists have the data set: readers take this away.
const TRAINING: Layout = Layout { above: ["/SegNet/CamVid/"; 2], is_numbered: true };

fn encoder<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Box<dyn Encoder + 's>> {
    check_labels(&scene.dataset.schema, &LINE_BREAKS)?;
    let layout = options.profile.choose(&CVAT, &TRAINING);
    let palette = Palette::by_name(&scene.dataset.schema)?.with_background_first();
    let groups = groups(scene, options.profile);
    let ids = Ids::of_groups(scene, &groups);
    let subset_of = names_of_timelines(&groups, scene.timelines.len());
    Ok(Box::new(CamVid { scene, layout, ids, groups, subset_of, palette }))
}

struct CamVid<'s> {
    scene: &'s Scene<'s>,
    layout: &'static Layout,
    ids: Ids,
    /// The subsets, or splits.
    groups: Vec<Group>,
    /// The subset, or split, of each timeline.
    subset_of: Vec<String>,
    palette: Palette,
}

impl Encoder for CamVid<'_> {
    fn parts(&self, options: &Options) -> Result<Vec<Part>> {
        let scene = self.scene;
        let mut parts = vec![Part::Files(image_chunks(scene, 0..scene.timelines.len(), Section::Images))];
        for (subset, timelines) in &self.groups {
            let chunks = frame_chunks(scene, timelines.iter().copied(), Section::List);
            if !chunks.is_empty() {
                parts.push(Part::Member { name: format!("{subset}.txt"), chunks });
            }
        }
        parts.extend(media_part(scene, 0..scene.timelines.len(), Section::Media, options));
        parts
            .push(Part::Member { name: "label_colors.txt".to_owned(), chunks: vec![single_chunk(Section::Labels, 0)] });
        Ok(parts)
    }

    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        // A scene may have no timeline, but it has labels.
        let subset = self.subset_of.get(chunk.timeline).map_or("", String::as_str);
        match Section::of(chunk)? {
            Section::Images => {
                let mut painting = Painting::default();
                visit(self.scene, &self.ids, ALL_SHAPES, chunk, out, |frame, out| {
                    self.image(frame, subset, &mut painting, out)
                })
            }
            Section::List => self.list(chunk, subset, out),
            Section::Media => self.ids.request(self.scene, chunk, out, |_, picture| picture_path(subset, picture)),
            Section::Labels => {
                self.labels(out);
                Ok(())
            }
        }
    }
}

impl CamVid<'_> {
    fn image(&self, frame: &Frame<'_>, subset: &str, painting: &mut Painting, out: &mut Output) -> Result<()> {
        drop_all(frame.timeline, frame.view, &frame.rest, NO_MASK, &mut out.tally);
        if frame.masks.is_empty() && !self.layout.is_numbered {
            return Ok(());
        }
        painting.paint(frame.timeline, frame.view.frame, &frame.masks)?;
        let path = image_path(subset, frame.picture);
        if !self.layout.is_numbered {
            let colours = class_colours(painting, &self.palette, &frame.masks);
            return painting.write(path, &Pixels::Rgb8(&colours), out);
        }
        let class = |place: usize| (self.palette.class(frame.masks[place].leader.label) & 255) as u8;
        painting.write(path, &Pixels::Grey8(&painting.values(0, class)), out)
    }

    fn list(&self, chunk: &Chunk, subset: &str, out: &mut Output) -> Result<()> {
        let timeline = &self.scene.timelines[chunk.timeline];
        let [above_pictures, above_images] = self.layout.above;
        let mut pictures = Pictures::new(timeline, &LINE_BREAKS);
        let mut visit = std::mem::take(&mut out.scratch.visit);
        timeline.visit_frames(places(chunk)?, &mut visit, |view| {
            let picture = self.ids.read(chunk.timeline, view.frame, &mut pictures)?;
            let has_image = self.layout.is_numbered || view.items.iter().any(|item| ALL_SHAPES.applies(timeline, item));
            let image =
                if has_image { format!("{above_images}{}", image_path(subset, picture)) } else { String::new() };
            let line = line(&format!("{above_pictures}{}", picture_path(subset, picture)), &image);
            out.text(&line);
            if self.layout.is_numbered && line.starts_with('"') {
                let message = "a path has a blank in it, at which readers of the lists part their lines";
                out.tally.note(message, || frame_place(timeline, view.frame));
            }
            Ok(())
        })?;
        out.scratch.visit = visit;
        Ok(())
    }

    /// CVAT leaves out the background that it added, unless the labels share names.
    fn labels(&self, out: &mut Output) {
        let is_extra = !self.layout.is_numbered && self.palette.classes.len() > self.scene.dataset.schema.len();
        let listed = self.palette.classes.iter().filter(|(name, _)| !(is_extra && name == BACKGROUND));
        write_colours(listed, out);
    }
}

fn picture_path(subset: &str, picture: Picture<'_>) -> String {
    format!("{subset}/{}{}", picture.id, picture.extension)
}

fn image_path(subset: &str, picture: Picture<'_>) -> String {
    format!("{subset}annot/{}.png", picture.id)
}

/// The paths of a picture and its image, both in quotes if either has a blank.
fn line(picture: &str, image: &str) -> String {
    let quote = if picture.contains(is_blank) || image.contains(is_blank) { "\"" } else { "" };
    format!("{quote}{picture}{quote} {quote}{image}{quote}\n")
}

#[cfg(test)]
mod tests;
