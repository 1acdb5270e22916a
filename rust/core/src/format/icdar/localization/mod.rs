//! `ICDAR Localization 1.0`: where the texts of each picture are.
//!
//! ```text
//! SUBSET/FOLDER/gt_NAME.txt       a line an annotation, for every frame
//! SUBSET/images/NAME.EXTENSION    with pictures
//! ```
//!
//! Boxes and polygons with their attribute `text`. Every other annotation is an empty line. For training every line is that
//! of ICDAR 2015: four corners clockwise in whole pixels, and the text without quotes.

use crate::error::Result;
use crate::format::icdar::{text_of_shape, write_quoted};
use crate::format::kit::annotation::{Value, Values, located, required_corners, text_of};
use crate::format::kit::frame_texts::{OVERWRITTEN, Repeats, Subset};
use crate::format::kit::ids::Ids;
use crate::format::kit::inside::{OUTSIDE, fit_box, image};
use crate::format::kit::listing::{LINE_BREAKS, Picture, Pictures};
use crate::geometry::{rotated_box_to_polygon, smallest_box};
use crate::plan::{
    Chunk, Encoder, Format, Options, Output, Part, Profile, frame_chunks, media_part, places, request_pictures,
    sections,
};
use crate::report::{Outcome, Tally};
use crate::schema::ShapeKind;
use crate::text::number::repr_round2;
use crate::timeline::{FrameView, Item, Scene, Timeline};

/// The format.
pub const FORMAT: Format = Format {
    name: "ICDAR Localization 1.0",
    slug: "icdar-localization",
    summary: "a text file per frame with places and texts; upright boxes and polygons",
    takes_3d: false,
    repeats_numbers: false,
    page: include_str!("page.md"),
    encoder,
};

sections! { Lines, Media }

const AROUND: Outcome = Outcome::Converted("the smallest turned box around it");
const FLAT: Outcome = Outcome::Dropped("it covers no whole pixel");
const TURNED: Outcome = Outcome::Converted("a box without its rotation");
const NO_SHAPE: Outcome = Outcome::Dropped("ICDAR Localization holds boxes and polygons only");

/// What the profiles differ in.
struct Layout {
    /// What stands for an annotation that is neither a box nor a polygon.
    other: &'static str,
    /// Writes the line of a box or polygon with its text.
    line: fn(&Timeline<'_>, &Item, Option<Value<'_>>, &mut Output) -> Result<Outcome>,
}

const CVAT: Layout = Layout { other: "\n", line: write_line };
const TRAINING: Layout = Layout { other: "", line: write_corners };

fn encoder<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Box<dyn Encoder + 's>> {
    let subset = |(name, timelines): (&str, std::ops::Range<usize>)| Subset {
        name: name.to_owned(),
        timelines: timelines.collect(),
    };
    let subsets: Vec<Subset> = scene.subsets().into_iter().map(subset).collect();
    let (layout, ids, repeats) = match options.profile {
        Profile::Cvat => (&CVAT, None, Repeats::find(scene, &subsets, |_, _| Ok(true))?),
        Profile::Training => (&TRAINING, Some(Ids::new(scene)), Repeats::default()),
    };
    Ok(Box::new(Localization { scene, layout, ids, repeats }))
}

struct Localization<'s> {
    scene: &'s Scene<'s>,
    layout: &'static Layout,
    /// Names of pictures of their own, where those that share one are told apart.
    ids: Option<Ids>,
    repeats: Repeats,
}

impl Encoder for Localization<'_> {
    fn parts(&self, options: &Options) -> Result<Vec<Part>> {
        let scene = self.scene;
        let all = 0..scene.timelines.len();
        let mut parts = vec![Part::Files(frame_chunks(scene, all.clone(), Section::Lines))];
        parts.extend(media_part(scene, all, Section::Media, options));
        Ok(parts)
    }

    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        if Section::of(chunk)? == Section::Media {
            return self.pictures(chunk, out);
        }
        let timeline = &self.scene.timelines[chunk.timeline];
        let mut visit = std::mem::take(&mut out.scratch.visit);
        let breaks: &[char] = if self.ids.is_some() { &LINE_BREAKS } else { &[] };
        let (mut pictures, mut values) = (Pictures::new(timeline, breaks), Values::new());
        timeline.visit_frames(places(chunk)?, &mut visit, |view| {
            out.tally.frames += 1;
            if self.repeats.overwritten.contains(&(chunk.timeline, view.frame)) {
                view.tags
                    .iter()
                    .for_each(|&row| out.tally.tag(timeline.dataset.columns.tags.label[row as usize], NO_SHAPE));
                view.items.iter().for_each(|item| out.tally.shape(item, OVERWRITTEN));
                return Ok(());
            }
            let picture = self.read(chunk.timeline, view.frame, &mut pictures, &mut out.tally)?;
            begin_file(&timeline.subset, picture.id, out);
            self.frame(timeline, view, &mut values, out)
        })?;
        out.scratch.visit = visit;
        Ok(())
    }
}

impl<'s> Localization<'s> {
    fn pictures(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        match &self.ids {
            None => request_pictures(self.scene, chunk, out, |timeline| format!("{}/images/", timeline.subset)),
            Some(ids) => ids.request(self.scene, chunk, out, |timeline, picture| {
                format!("{}/images/{}{}", timeline.subset, picture.id, picture.extension)
            }),
        }
    }

    fn read<'p>(
        &'p self,
        place: usize,
        frame: u32,
        pictures: &'p mut Pictures<'_>,
        tally: &mut Tally,
    ) -> Result<Picture<'p>> {
        let Some(ids) = &self.ids else { return pictures.read(frame) };
        ids.note(place, &self.scene.timelines[place], frame, tally);
        ids.read(place, frame, pictures)
    }

    fn frame(
        &self,
        timeline: &'s Timeline<'s>,
        view: &FrameView<'_>,
        values: &mut Values<'s>,
        out: &mut Output,
    ) -> Result<()> {
        for &row in view.tags {
            out.text(self.layout.other);
            out.tally.tag(timeline.dataset.columns.tags.label[row as usize], NO_SHAPE);
        }
        for item in view.items {
            if separator(item.kind).is_none() {
                // CVAT has no annotation for a cuboid, so that not even a line stands for it.
                out.text(if item.kind == ShapeKind::Cuboid { "" } else { self.layout.other });
                out.tally.shape(item, NO_SHAPE);
                continue;
            }
            let text = text_of_shape(timeline, item, values)?;
            let outcome = (self.layout.line)(timeline, item, text, out)?;
            out.tally.shape(item, outcome);
        }
        Ok(())
    }
}

fn begin_file(subset: &str, id: &str, out: &mut Output) {
    let (folder, base) = id.split_at(id.rfind('/').map_or(0, |slash| slash + 1));
    let mut name = std::mem::take(&mut out.scratch.name);
    name.clear();
    name.extend([subset, "/", folder, "gt_", base, ".txt"]);
    out.begin_file(&name);
    out.scratch.name = name;
}

fn write_line(timeline: &Timeline<'_>, item: &Item, text: Option<Value<'_>>, out: &mut Output) -> Result<Outcome> {
    let separator = separator(item.kind).unwrap_or(b' ');
    write_coordinates(timeline, item, separator, out)?;
    if let Some(text) = text {
        out.bytes.push(separator);
        write_quoted(&mut out.bytes, text);
    }
    out.text("\n");
    let is_turned = item.kind == ShapeKind::Rectangle && timeline.rotation(item) != 0.0;
    Ok(if is_turned { TURNED } else { Outcome::Written })
}

/// What ICDAR calls a text that nobody can read: it does not count.
const UNREADABLE: &str = "###";

fn write_corners(timeline: &Timeline<'_>, item: &Item, text: Option<Value<'_>>, out: &mut Output) -> Result<Outcome> {
    let points = timeline.points(item, &mut out.scratch.points);
    let (corners, outcome) = match item.kind {
        ShapeKind::Rectangle => {
            let corners = required_corners(points).map_err(|error| located(error, timeline, item))?;
            match timeline.rotation(item) {
                0.0 => {
                    let Some((corners, outcome)) = fit_box(corners, image(timeline, item)) else { return Ok(OUTSIDE) };
                    (Some(rotated_box_to_polygon(&corners, 0.0)), outcome)
                }
                rotation => (Some(rotated_box_to_polygon(&corners, rotation)), Outcome::Written),
            }
        }
        _ => match <[f64; 8]>::try_from(points).ok().filter(is_convex) {
            Some(corners) => (Some(corners), Outcome::Written),
            None => (smallest_box(points), AROUND),
        },
    };
    let pixels = corners.and_then(clockwise_pixels);
    let Some(pixels) = pixels else { return Ok(FLAT) };
    for pixel in pixels {
        out.text(&format!("{pixel},"));
    }
    let text = text.map(text_of).filter(|text| !text.is_empty());
    out.text(text.as_deref().unwrap_or(UNREADABLE));
    out.text("\n");
    Ok(outcome)
}

/// Whether a ring of four corners bends one way only.
fn is_convex(corners: &[f64; 8]) -> bool {
    let at = |place: usize| [corners[place * 2 % 8], corners[(place * 2 + 1) % 8]];
    let bend = |place: usize| {
        let ([ax, ay], [bx, by], [cx, cy]) = (at(place), at(place + 1), at(place + 2));
        (bx - ax) * (cy - by) - (by - ay) * (cx - bx)
    };
    let bends = [0, 1, 2, 3].map(bend);
    bends.iter().all(|bend| *bend > 0.0) || bends.iter().all(|bend| *bend < 0.0)
}

/// Whole pixels clockwise on the screen; none if they cover no area.
fn clockwise_pixels(corners: [f64; 8]) -> Option<[i64; 8]> {
    let [x0, y0, x1, y1, x2, y2, x3, y3] = corners.map(f64::round);
    // Twice the area, from the diagonals: positive if clockwise, for y points down.
    let area = (x2 - x0) * (y3 - y1) - (x3 - x1) * (y2 - y0);
    let ring = if area < 0.0 { [x0, y0, x3, y3, x2, y2, x1, y1] } else { [x0, y0, x1, y1, x2, y2, x3, y3] };
    (area != 0.0 && area.is_finite()).then_some(ring.map(|value| value as i64))
}

/// What stands between the fields of a line: boxes look like the ICDAR of 2013, polygons like that of 2015.
fn separator(kind: ShapeKind) -> Option<u8> {
    match kind {
        ShapeKind::Rectangle => Some(b' '),
        ShapeKind::Polygon => Some(b','),
        _ => None,
    }
}

fn write_coordinates(timeline: &Timeline<'_>, item: &Item, separator: u8, out: &mut Output) -> Result<()> {
    let Output { bytes, scratch, .. } = out;
    let points = timeline.points(item, &mut scratch.points);
    let corners;
    let points = match item.kind {
        ShapeKind::Polygon => points,
        _ => {
            corners = required_corners(points).map_err(|error| located(error, timeline, item))?;
            &corners
        }
    };
    for (place, &value) in points.iter().enumerate() {
        if place > 0 {
            bytes.push(separator);
        }
        repr_round2(bytes, value);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
