//! `CamVid 1.0`: an image of classes per frame.
//!
//! ```text
//! label_colors.txt        red green blue name of each class
//! SUBSETannot/NAME.png    colours of classes
//! SUBSET/NAME.EXTENSION   with pictures
//! SUBSET.txt              paths of the picture and of its image of classes
//! ```

use super::ids::Ids;
use super::label_images::{Frame, Painting, class_colours, drop_all, visit, write_colours};
use super::listing::{LINE_BREAKS, Picture, check_labels, is_blank};
use super::masks::ALL_SHAPES;
use super::palette::{BACKGROUND, Palette};
use super::{Format, Options};
use crate::error::Result;
use crate::plan::{
    Chunk, Encoder, Output, Part, Plan, frame_chunks, image_chunks, picture_chunks, places, single_chunk,
};
use crate::raster::png::Pixels;
use crate::report::Outcome;
use crate::timeline::{Scene, Timeline};

/// The format.
pub const FORMAT: Format = Format {
    name: "CamVid 1.0",
    slug: "camvid",
    summary: "an image of classes per frame; boxes, polygons, ellipses and masks",
    page: include_str!("camvid.md"),
    plan,
};

const IMAGES: u8 = 0;
const LIST: u8 = 1;
const LABELS: u8 = 2;
const PICTURES: u8 = 3;

const NO_MASK: Outcome = Outcome::Dropped("CamVid holds boxes, polygons, ellipses and masks only");

fn plan<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Plan<'s>> {
    check_labels(&scene.dataset.schema, &LINE_BREAKS)?;
    let palette = Palette::by_name(&scene.dataset.schema)?.with_background_first();
    let mut parts = vec![Part::Files(image_chunks(scene, 0..scene.timelines.len(), IMAGES))];
    for (subset, timelines) in scene.subsets() {
        let chunks = frame_chunks(scene, timelines, LIST);
        if !chunks.is_empty() {
            parts.push(Part::Member { name: format!("{subset}.txt"), chunks });
        }
    }
    if options.save_images {
        parts.push(Part::Pictures(picture_chunks(scene, 0..scene.timelines.len(), PICTURES)));
    }
    parts.push(Part::Member { name: "label_colors.txt".to_owned(), chunks: vec![single_chunk(LABELS, 0)] });
    Ok(Plan { parts, encoder: Box::new(CamVid { scene, ids: Ids::new(scene), palette }) })
}

struct CamVid<'s> {
    scene: &'s Scene<'s>,
    ids: Ids,
    palette: Palette,
}

impl Encoder for CamVid<'_> {
    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        match chunk.section {
            IMAGES => {
                let mut painting = Painting::default();
                visit(self.scene, &self.ids, ALL_SHAPES, chunk, out, |frame, out| self.image(frame, &mut painting, out))
            }
            LIST => self.list(chunk, out),
            PICTURES => self.ids.request(self.scene, chunk, out, picture_path),
            _ => {
                self.labels(out);
                Ok(())
            }
        }
    }
}

impl CamVid<'_> {
    fn image(&self, frame: &Frame<'_>, painting: &mut Painting, out: &mut Output) -> Result<()> {
        drop_all(frame.timeline, frame.view, &frame.rest, NO_MASK, &mut out.tally);
        if frame.masks.is_empty() {
            return Ok(());
        }
        painting.paint(frame.timeline, frame.view.frame, &frame.masks)?;
        let classes = class_colours(painting, &self.palette, &frame.masks);
        painting.write(image_path(frame.timeline, frame.picture), &Pixels::Rgb8(&classes), out)
    }

    fn list(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        let timeline = &self.scene.timelines[chunk.timeline];
        let mut picture = Picture::default();
        let mut visit = std::mem::take(&mut out.scratch.visit);
        timeline.visit_frames(places(chunk)?, &mut visit, |view| {
            self.ids.read(chunk.timeline, timeline, view.frame, &mut picture)?;
            let has_image = view.items.iter().any(|item| ALL_SHAPES.applies(timeline, item));
            let image = if has_image { image_path(timeline, &picture) } else { String::new() };
            out.text(&line(&format!("/{}", picture_path(timeline, &picture)), &image));
            Ok(())
        })?;
        out.scratch.visit = visit;
        Ok(())
    }

    /// CVAT leaves out the background that it added, unless the labels share names.
    fn labels(&self, out: &mut Output) {
        let is_extra = self.palette.classes.len() > self.scene.dataset.schema.len();
        let listed = self.palette.classes.iter().filter(|(name, _)| !(is_extra && name == BACKGROUND));
        write_colours(listed, out);
    }
}

fn picture_path(timeline: &Timeline<'_>, picture: &Picture) -> String {
    format!("{}/{}{}", timeline.subset, picture.id, picture.extension)
}

fn image_path(timeline: &Timeline<'_>, picture: &Picture) -> String {
    format!("{}annot/{}.png", timeline.subset, picture.id)
}

/// The paths of a picture and its image, both in quotes if either has a blank.
fn line(picture: &str, image: &str) -> String {
    let quote = if picture.contains(is_blank) || image.contains(is_blank) { "\"" } else { "" };
    format!("{quote}{picture}{quote} {quote}{image}{quote}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_with_blanks_have_quotes_around_both() {
        assert_eq!(line("/default/a.jpg", "defaultannot/a.png"), "/default/a.jpg defaultannot/a.png\n");
        assert_eq!(line("/default/a.jpg", ""), "/default/a.jpg \n");
        assert_eq!(line("/default/a b.jpg", "defaultannot/a b.png"), "\"/default/a b.jpg\" \"defaultannot/a b.png\"\n");
        assert_eq!(line("/default/a\u{1f}b.jpg", ""), "\"/default/a\u{1f}b.jpg\" \"\"\n");
    }
}
