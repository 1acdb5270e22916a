//! `Ultralytics YOLO Segmentation 1.0`: a line per polygon, `class x y x y …`; masks and ellipses are traced.

use crate::error::Result;
use crate::format::kit::annotation::{located, place};
use crate::format::kit::inside::OUTSIDE;
use crate::format::kit::instance::ellipse;
use crate::format::ultralytics::{self, Content, Lines, Shape, top_labels, write_shares};
use crate::plan::{Encoder, Format, Options, Output};
use crate::raster::{self, Rle};
use crate::report::Outcome;
use crate::schema::ShapeKind;
use crate::text::number::round2_numpy;
use crate::timeline::Scene;

/// The format.
pub const FORMAT: Format = Format {
    name: "Ultralytics YOLO Segmentation 1.0",
    slug: "yolo-seg",
    summary: "a text file per frame with polygons; polygons, and outlines of masks and ellipses",
    takes_3d: false,
    repeats_numbers: false,
    page: include_str!("page.md"),
    encoder,
};

const NO_AREA: Outcome = Outcome::Dropped("YOLO segmentation holds polygons, masks and ellipses only");
const TRACED: Outcome = Outcome::Converted("polygons around it");
const TOO_THIN: Outcome = Outcome::Dropped("it is too thin to have an outline");

fn encoder<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Box<dyn Encoder + 's>> {
    let classes = top_labels(&scene.dataset.schema);
    let kinds = &[ShapeKind::Polygon, ShapeKind::Mask, ShapeKind::Ellipse];
    ultralytics::encoder(
        scene,
        options,
        Content { classes, keypoints: None, kinds, other: NO_AREA, lines: Box::new(Polygons) },
    )
}

struct Polygons;

impl Lines for Polygons {
    fn write(&self, shape: &Shape<'_>, out: &mut Output) -> Result<Outcome> {
        match shape.item.kind {
            ShapeKind::Polygon => {
                let points = shape.timeline.points(shape.item, &mut out.scratch.points);
                let points: Vec<f64> = points.iter().copied().map(round2_numpy).collect();
                let Some((points, outcome)) = shape.layout.fit_polygon(points, shape.picture()?) else {
                    return Ok(OUTSIDE);
                };
                write_polygon(shape, points.into_iter(), &mut out.bytes)?;
                Ok(outcome)
            }
            _ => write_outlines(shape, out).map_err(|error| located(error, shape.timeline, shape.item)),
        }
    }
}

fn write_polygon(shape: &Shape<'_>, points: impl Iterator<Item = f64>, bytes: &mut Vec<u8>) -> Result<()> {
    let picture = shape.picture()?;
    shape.begin(bytes);
    write_shares(bytes, points, picture);
    bytes.push(b'\n');
    Ok(())
}

fn write_outlines(shape: &Shape<'_>, out: &mut Output) -> Result<Outcome> {
    let mask = mask(shape, out)?;
    let polygons = raster::contours::trace(&mask, &mut out.scratch.raster)?;
    for polygon in &polygons {
        write_polygon(shape, polygon.iter().copied(), &mut out.bytes)?;
    }
    Ok(if polygons.is_empty() { TOO_THIN } else { TRACED })
}

/// The pixels of a mask or an ellipse.
fn mask(shape: &Shape<'_>, out: &mut Output) -> Result<Rle> {
    let (width, height) = shape.size;
    let points = shape.timeline.points(shape.item, &mut out.scratch.points);
    if shape.item.kind == ShapeKind::Ellipse {
        return ellipse(points, shape.timeline.rotation(shape.item), height, width, &mut out.scratch.raster);
    }
    let converted = raster::cvat::to_rle(points, height, width, &mut out.scratch.raster)?;
    if converted.clipped {
        let message = "a mask reaches outside its picture and was cut there (CVAT itself fails)";
        out.tally.note(message, || place(shape.timeline, shape.item));
    }
    Ok(converted.rle)
}
