//! `ICDAR Localization 1.0`: where the texts of each picture are.
//!
//! ```text
//! SUBSET/FOLDER/gt_NAME.txt       a line an annotation, for every frame
//! SUBSET/images/NAME.EXTENSION    with pictures
//! ```
//!
//! Boxes and polygons with their attribute `text`. Every other annotation is an empty line.

use super::annotation::{attributes, corners, located};
use super::icdar::{transcription, write_quoted};
use super::yolo_layout::{OVERWRITTEN, Repeats, Subset};
use super::{Format, Options};
use crate::error::{Code, Error, Result};
use crate::plan::{Chunk, Encoder, Output, Part, Plan, frame_chunks, picture_chunks, places, request_pictures};
use crate::report::Outcome;
use crate::schema::ShapeKind;
use crate::text::number::{repr, round2_numpy};
use crate::timeline::{FrameView, Item, Scene, Timeline};

/// The format.
pub const FORMAT: Format = Format {
    name: "ICDAR Localization 1.0",
    slug: "icdar-localization",
    summary: "a text file per frame with places and texts; upright boxes and polygons",
    page: include_str!("icdar_localization.md"),
    plan,
};

const LINES: u8 = 0;
const PICTURES: u8 = 1;

const TURNED: Outcome = Outcome::Converted("a box without its rotation");
const NO_SHAPE: Outcome = Outcome::Dropped("ICDAR Localization holds boxes and polygons only");

fn plan<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Plan<'s>> {
    let subset = |(name, timelines): (&str, std::ops::Range<usize>)| Subset {
        name: name.to_owned(),
        timelines: timelines.collect(),
    };
    let subsets: Vec<Subset> = scene.subsets().into_iter().map(subset).collect();
    let repeats = Repeats::find(scene, &subsets, |_, _| Ok(true))?;
    let all = 0..scene.timelines.len();
    let mut parts = vec![Part::Files(frame_chunks(scene, all.clone(), LINES))];
    if options.save_images {
        parts.push(Part::Pictures(picture_chunks(scene, all, PICTURES)));
    }
    Ok(Plan { parts, encoder: Box::new(Localization { scene, repeats }) })
}

struct Localization<'s> {
    scene: &'s Scene<'s>,
    repeats: Repeats,
}

impl Encoder for Localization<'_> {
    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        if chunk.section == PICTURES {
            return request_pictures(self.scene, chunk, out, |timeline| format!("{}/images/", timeline.subset));
        }
        let timeline = &self.scene.timelines[chunk.timeline];
        let mut visit = std::mem::take(&mut out.scratch.visit);
        timeline.visit_frames(places(chunk)?, &mut visit, |view| {
            out.tally.frames += 1;
            if self.repeats.overwritten.contains(&(chunk.timeline, view.frame)) {
                view.tags
                    .iter()
                    .for_each(|&row| out.tally.tag(timeline.dataset.columns.tags.label[row as usize], NO_SHAPE));
                view.items.iter().for_each(|item| out.tally.shape(item, OVERWRITTEN));
                return Ok(());
            }
            out.begin_file(file_name(timeline, view.frame));
            frame(timeline, view, out)
        })?;
        out.scratch.visit = visit;
        Ok(())
    }
}

fn file_name(timeline: &Timeline<'_>, frame: u32) -> String {
    let mut name = format!("{}/", timeline.subset);
    timeline.write_id(frame, &mut name, &mut String::new());
    let base = name.rfind('/').map_or(0, |slash| slash + 1);
    name.insert_str(base, "gt_");
    name.push_str(".txt");
    name
}

fn frame(timeline: &Timeline<'_>, view: &FrameView<'_>, out: &mut Output) -> Result<()> {
    for &row in view.tags {
        out.text("\n");
        out.tally.tag(timeline.dataset.columns.tags.label[row as usize], NO_SHAPE);
    }
    let mut values = Vec::new();
    for item in view.items {
        let Some(separator) = separator(item.kind) else {
            // CVAT has no annotation for a cuboid, so that not even a line stands for it.
            out.text(if item.kind == ShapeKind::Cuboid { "" } else { "\n" });
            out.tally.shape(item, NO_SHAPE);
            continue;
        };
        attributes(timeline, item, &mut values)?;
        let text = transcription(&values).map_err(|error| located(error, timeline, item))?;
        write_coordinates(timeline, item, separator, out)?;
        if let Some(text) = text {
            out.bytes.push(separator);
            write_quoted(&mut out.bytes, text);
        }
        out.text("\n");
        let is_turned = item.kind == ShapeKind::Rectangle && timeline.rotation(item) != 0.0;
        out.tally.shape(item, if is_turned { TURNED } else { Outcome::Written });
    }
    Ok(())
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
    let points = timeline.points(item, &mut out.scratch.points);
    let mut write = |values: &mut dyn Iterator<Item = f64>| {
        for (place, value) in values.enumerate() {
            out.bytes.extend((place > 0).then_some(separator));
            repr(&mut out.bytes, value);
        }
    };
    if item.kind == ShapeKind::Polygon {
        write(&mut points.iter().copied().map(round2_numpy));
        return Ok(());
    }
    let bad = || located(Error::new(Code::BadShape, "a rectangle needs four coordinates"), timeline, item);
    write(&mut corners(points).ok_or_else(bad)?.into_iter());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::export_all;
    use super::*;
    use crate::schema::InputType;
    use crate::timeline::testing::*;

    #[test]
    fn boxes_stand_between_blanks_polygons_between_commas_and_the_rest_is_an_empty_line() {
        let labels = vec![label_with("word", &[("text", InputType::Text, "")]), label("mark")];
        let shapes = vec![
            ShapeSketch { values: vec![(0, "he\"l,o")], ..rectangle(0, 0, [10.1, 1.125, 20.2, 3.3]) },
            shape(ShapeKind::Polygon, 0, 0, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
            shape(ShapeKind::Points, 0, 0, &[1.0, 2.0]),
            shape(ShapeKind::Cuboid, 1, 0, &[0.0; 16]),
            ShapeSketch { rotation: 30.0, ..rectangle(1, 0, [0.0, 0.0, 1.0, 1.0]) },
        ];
        let jobs = vec![JobSketch { shapes, tags: vec![(0, 1)], ..job(0, 1) }];
        let made = export_all(&FORMAT, &task(labels, pictures(&["a/b.c.JPG", "d.png"], jobs))).unwrap();
        assert_eq!(made.names(), ["default/a/gt_b.c.txt", "default/gt_d.txt"]);
        assert_eq!(
            made.text("default/a/gt_b.c.txt"),
            "\n10.1 1.12 20.2 3.3 \"he\"l,o\"\n1.0,2.0,3.0,4.0,5.0,6.0,\"\"\n\n0.0 0.0 1.0 1.0\n"
        );
        assert_eq!(made.text("default/gt_d.txt"), "");
        assert_eq!(
            made.rows(),
            [
                "word rectangle written 1",
                "word polygon written 1",
                "word points dropped 1",
                "mark rectangle converted 1",
                "mark cuboid dropped 1",
                "mark tag dropped 1"
            ]
        );
    }

    #[test]
    fn the_later_of_two_pictures_with_one_stem_has_the_file() {
        let shapes = vec![rectangle(0, 0, [0.0, 0.0, 1.0, 1.0]), rectangle(0, 1, [2.0, 2.0, 3.0, 3.0])];
        let jobs = vec![JobSketch { shapes, tags: vec![(0, 0)], ..job(0, 1) }];
        let made = export_all(&FORMAT, &task(vec![label("word")], pictures(&["a.jpg", "a.png"], jobs))).unwrap();
        assert_eq!(made.names(), ["default/gt_a.txt"]);
        assert_eq!(made.text("default/gt_a.txt"), "2.0 2.0 3.0 3.0\n");
        assert_eq!(made.rows(), ["word rectangle written 1", "word rectangle dropped 1", "word tag dropped 1"]);
    }
}
