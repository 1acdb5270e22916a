//! What the formats of label images share: a pass over frames and their masks, and images painted from them.

use super::annotation::place;
use super::ids::Ids;
use super::listing::{LINE_BREAKS, Picture, Pictures};
use super::masks::{Conversion, Converted, Mask};
use super::palette::{Colour, Palette};
use crate::error::Result;
use crate::label_png::{self, Pixels};
use crate::plan::{Chunk, Output, places};
use crate::raster::Canvas;
use crate::report::{Outcome, Tally};
use crate::timeline::{FrameView, Item, Scene, Timeline};

const OVERWRITTEN: Outcome = Outcome::Dropped("a picture of the same name in a later subset has its images");

/// A frame and the masks on it.
pub struct Frame<'a> {
    /// Its timeline.
    pub timeline: &'a Timeline<'a>,
    /// The frame and its annotations.
    pub view: &'a FrameView<'a>,
    /// Its id.
    pub picture: Picture<'a>,
    /// The masks.
    pub masks: Vec<Mask>,
    /// The shapes that are no masks.
    pub rest: Vec<Item>,
}

/// Calls `each` with the frames of a chunk, and tallies these and the shapes that become masks.
pub fn visit(
    scene: &Scene<'_>,
    ids: &Ids,
    conversion: Conversion,
    chunk: &Chunk,
    out: &mut Output,
    mut each: impl FnMut(&Frame<'_>, &mut Output) -> Result<()>,
) -> Result<()> {
    let timeline = &scene.timelines[chunk.timeline];
    let mut pictures = Pictures::new(timeline, &LINE_BREAKS);
    let mut visit = std::mem::take(&mut out.scratch.visit);
    timeline.visit_frames(places(chunk)?, &mut visit, |view| {
        out.tally.frames += 1;
        if ids.without_images.contains(&(chunk.timeline, view.frame)) {
            drop_all(timeline, view, view.items, OVERWRITTEN, &mut out.tally);
            return Ok(());
        }
        let picture = ids.read(chunk.timeline, view.frame, &mut pictures)?;
        ids.note(chunk.timeline, timeline, view.frame, &mut out.tally);
        let Converted { masks, rest } = conversion.convert(timeline, view.items, &mut out.scratch, &mut out.tally)?;
        each(&Frame { timeline, view, picture, masks, rest }, out)
    })?;
    out.scratch.visit = visit;
    Ok(())
}

/// Tallies tags and shapes that a format cannot hold.
pub fn drop_all(timeline: &Timeline<'_>, view: &FrameView<'_>, shapes: &[Item], why: Outcome, tally: &mut Tally) {
    view.tags.iter().for_each(|&row| tally.tag(timeline.dataset.columns.tags.label[row as usize], why));
    shapes.iter().for_each(|item| tally.shape(item, why));
}

/// The masks of a frame as a map of numbers: 0 where there is none, else the place of the uppermost by layers, from 1.
#[derive(Default)]
pub struct Painting {
    canvas: Canvas,
    /// Places of the masks in the order of their numbers.
    order: Vec<usize>,
}

impl Painting {
    /// Paints the masks of a frame: those of higher layers over others, of one layer later ones over earlier ones.
    pub fn paint<'m>(
        &mut self,
        timeline: &Timeline<'_>,
        frame: u32,
        masks: impl IntoIterator<Item = &'m Mask>,
    ) -> Result<()> {
        let (width, height) = timeline.size(frame);
        let mut painter = self.canvas.begin(height, width)?;
        let mut layers: Vec<(usize, &Mask)> = masks.into_iter().enumerate().collect();
        layers.sort_by_key(|(_, mask)| mask.leader.z_order);
        for (number, (_, mask)) in (1..).zip(&layers) {
            painter.paint(&mask.pixels, number)?;
        }
        painter.finish();
        self.order.clear();
        self.order.extend(layers.into_iter().map(|(place, _)| place));
        Ok(())
    }

    /// The map.
    pub fn canvas(&self) -> &Canvas {
        &self.canvas
    }

    /// The values of all numbers: that of 0, and one for each mask, made of its place among the masks.
    pub fn values<T>(&self, none: T, value: impl FnMut(usize) -> T) -> Vec<T> {
        std::iter::once(none).chain(self.order.iter().copied().map(value)).collect()
    }

    /// Begins a file and writes the image with these pixels for the numbers.
    pub fn write(&self, name: String, pixels: &Pixels<'_>, out: &mut Output) -> Result<()> {
        out.begin_file(&name);
        label_png::encode(&self.canvas, pixels, &mut out.bytes)
    }
}

/// The colours of the classes of a frame's masks, by number.
pub fn class_colours(painting: &Painting, palette: &Palette, masks: &[Mask]) -> Vec<Colour> {
    let colour = |place: usize| palette.colour(palette.class(masks[place].leader.label));
    painting.values(palette.colour(palette.background), colour)
}

/// A line for each class: `red green blue name`.
pub fn write_colours<'a>(classes: impl IntoIterator<Item = &'a (String, Colour)>, out: &mut Output) {
    for (name, [red, green, blue]) in classes {
        out.text(&format!("{red} {green} {blue} {name}\n"));
    }
}

/// What a pixel of 16 bits holds of a value that belongs to a shape.
pub fn saturated(value: usize, timeline: &Timeline<'_>, item: &Item, tally: &mut Tally) -> u16 {
    u16::try_from(value).unwrap_or_else(|_| {
        let message = "a pixel cannot hold the number of a mask and has 65535 instead";
        tally.note(message, || place(timeline, item));
        u16::MAX
    })
}
