//! Masks: what the formats of label images make of the shapes of a frame.
//!
//! CVAT converts in this order, each step in place unless it says otherwise:
//!
//! | step | [`ALL_SHAPES`] | [`NO_UPRIGHT_BOXES`] | [`ONLY_MASKS`] |
//! |---|---|---|---|
//! | turned boxes become polygons, behind all other shapes | yes | yes | |
//! | polygons become masks | yes | yes | |
//! | upright boxes become masks | yes | | |
//! | ellipses become masks | yes | yes | yes |
//! | the masks of a group become one, behind those without a group | yes | yes | |
//!
//! [`TRACKED_SHAPES`] are as the first, but for what comes from no track.
//!
//! A mask keeps the label, layer, group and attributes of its shape; that of a group those of its largest.

use super::annotation::{TRACK_ID, corners, located};
use super::instance;
use crate::error::{Code, Error, Result};
use crate::geometry::rotated_box_to_polygon;
use crate::plan::Scratch;
use crate::raster::{self, Rle};
use crate::report::{Outcome, Tally};
use crate::schema::ShapeKind;
use crate::text::number::round2_numpy;
use crate::timeline::{Item, Timeline};

/// Which shapes become masks. Ellipses and masks always do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conversion {
    /// Whether polygons and turned boxes do, and the masks of a group become one.
    polygons: bool,
    /// Whether upright boxes do.
    boxes: bool,
    /// Whether only shapes of tracks do.
    tracked: bool,
}

/// For formats of nothing but masks.
pub const ALL_SHAPES: Conversion = Conversion { polygons: true, boxes: true, tracked: false };
/// The same for the shapes of tracks alone.
pub const TRACKED_SHAPES: Conversion = Conversion { tracked: true, ..ALL_SHAPES };
/// For formats that hold boxes beside masks.
pub const NO_UPRIGHT_BOXES: Conversion = Conversion { polygons: true, boxes: false, tracked: false };
/// For formats that hold polygons and boxes of any rotation beside masks.
pub const ONLY_MASKS: Conversion = Conversion { polygons: false, boxes: false, tracked: false };

const MERGED: Outcome = Outcome::Converted("a part of the one mask of its group");
const CONVERTED: Outcome = Outcome::Converted("a mask");

/// A mask.
#[derive(Debug)]
pub struct Mask {
    /// Its pixels.
    pub pixels: Rle,
    /// The shape that it is, or the largest of those it was made of.
    pub leader: Item,
}

/// The shapes of a frame after the conversion.
#[derive(Debug, Default)]
pub struct Converted {
    /// The masks.
    pub masks: Vec<Mask>,
    /// The shapes that are no masks, in order.
    pub rest: Vec<Item>,
}

impl Conversion {
    /// Whether a shape becomes a mask; works without coordinates.
    pub fn applies(self, timeline: &Timeline<'_>, item: &Item) -> bool {
        if self.tracked && !is_tracked(timeline, item) {
            return false;
        }
        match item.kind {
            ShapeKind::Mask | ShapeKind::Ellipse => true,
            ShapeKind::Polygon => self.polygons,
            ShapeKind::Rectangle => self.boxes || self.polygons && is_turned(timeline, item),
            _ => false,
        }
    }

    /// Converts shapes of a frame, and tallies those that become masks.
    pub fn convert<'i>(
        self,
        timeline: &Timeline<'_>,
        items: impl IntoIterator<Item = &'i Item>,
        scratch: &mut Scratch,
        tally: &mut Tally,
    ) -> Result<Converted> {
        let (shapes, rest) = self.split(timeline, items);
        let mut masks = Vec::with_capacity(shapes.len());
        for leader in shapes {
            let pixels = rasterise(timeline, &leader, scratch, tally).map_err(|e| located(e, timeline, &leader))?;
            masks.push(Mask { pixels, leader });
        }
        if self.polygons {
            masks = merge_groups(masks, tally)?;
        } else {
            masks.iter().for_each(|mask| tally.shape(&mask.leader, outcome(&mask.leader)));
        }
        Ok(Converted { masks, rest })
    }

    /// The leaders of the masks that [`Conversion::convert`] makes, in order, and the shapes that are no masks. Only what
    /// decides which shape leads a group is painted.
    pub fn leaders<'i>(
        self,
        timeline: &Timeline<'_>,
        items: impl IntoIterator<Item = &'i Item>,
        scratch: &mut Scratch,
    ) -> Result<(Vec<Item>, Vec<Item>)> {
        let (mut shapes, rest) = self.split(timeline, items);
        if self.polygons {
            shapes.sort_by_key(|item| item.group);
        }
        let is_one_mask = |a: &Item, b: &Item| self.polygons && a.group != 0 && a.group == b.group;
        let mut leaders = Vec::with_capacity(shapes.len());
        for members in shapes.chunk_by(is_one_mask) {
            if let [leader] = members {
                leaders.push(*leader);
                continue;
            }
            let mut areas = Vec::with_capacity(members.len());
            for item in members {
                let pixels = rasterise(timeline, item, scratch, &mut Tally::default());
                areas.push((pixels.map_err(|e| located(e, timeline, item))?.area(), *item));
            }
            leaders.extend(largest(areas));
        }
        Ok((leaders, rest))
    }

    /// The shapes that become masks, in the order of their masks, and the others.
    fn split<'i>(self, timeline: &Timeline<'_>, items: impl IntoIterator<Item = &'i Item>) -> (Vec<Item>, Vec<Item>) {
        let (mut shapes, rest): (Vec<Item>, Vec<Item>) =
            items.into_iter().partition(|item| self.applies(timeline, item));
        if self.polygons {
            shapes.sort_by_key(|item| item.kind == ShapeKind::Rectangle && is_turned(timeline, item));
        }
        (shapes, rest)
    }
}

fn is_turned(timeline: &Timeline<'_>, item: &Item) -> bool {
    timeline.rotation(item) != 0.0
}

/// To CVAT whatever has an attribute `track_id` is of a track.
fn is_tracked(timeline: &Timeline<'_>, item: &Item) -> bool {
    item.track_id().is_some() || timeline.dataset.schema.find_attribute(item.label, TRACK_ID).is_some()
}

fn outcome(item: &Item) -> Outcome {
    if item.kind == ShapeKind::Mask { Outcome::Written } else { CONVERTED }
}

fn rasterise(timeline: &Timeline<'_>, item: &Item, scratch: &mut Scratch, tally: &mut Tally) -> Result<Rle> {
    let (width, height) = timeline.size(item.frame);
    if width == 0 || height == 0 {
        return Err(Error::new(Code::BadMetadata, "the source does not tell how large the picture is")
            .advise("masks need the width and height of their picture"));
    }
    let rotation = timeline.rotation(item);
    let points = timeline.points(item, &mut scratch.points);
    match item.kind {
        ShapeKind::Mask => instance::mask(timeline, item, points, &mut scratch.raster, tally),
        ShapeKind::Ellipse => instance::ellipse(points, rotation, height, width, &mut scratch.raster),
        ShapeKind::Rectangle => {
            let [x0, y0, x1, y1] = corners(points).unwrap_or_default();
            let ring = match rotation {
                0.0 => raster::polygon::box_corners([x0, y0, x1 - x0, y1 - y0]),
                _ => rotated_box_to_polygon(&[x0, y0, x1, y1], rotation).map(round2_numpy),
            };
            raster::polygon::fill(&ring, height, width, &mut scratch.raster)
        }
        _ => {
            let ring: Vec<f64> = points.iter().copied().map(round2_numpy).collect();
            raster::polygon::fill(&ring, height, width, &mut scratch.raster)
        }
    }
}

/// Masks without a group in order, then one for each group by number.
fn merge_groups(mut masks: Vec<Mask>, tally: &mut Tally) -> Result<Vec<Mask>> {
    masks.sort_by_key(|mask| mask.leader.group);
    let mut merged = Vec::with_capacity(masks.len());
    let mut rest = masks.into_iter().peekable();
    while let Some(first) = rest.next() {
        let group = first.leader.group;
        let mut members = vec![first];
        while let Some(member) = rest.next_if(|mask| group != 0 && mask.leader.group == group) {
            members.push(member);
        }
        let is_alone = members.len() == 1;
        for Mask { leader, .. } in &members {
            tally.shape(leader, if is_alone { outcome(leader) } else { MERGED });
        }
        merged.extend(unite(members)?);
    }
    Ok(merged)
}

/// One mask of all; the largest leads, of equals the first.
fn unite(mut members: Vec<Mask>) -> Result<Option<Mask>> {
    if members.len() < 2 {
        return Ok(members.pop());
    }
    let leader = largest(members.iter().map(|member| (member.pixels.area(), member.leader)));
    let all: Vec<Rle> = members.into_iter().map(|member| member.pixels).collect();
    let pixels = raster::merge::union(&all)?;
    Ok(leader.map(|leader| Mask { pixels, leader }))
}

/// Of equals the first.
fn largest(areas: impl IntoIterator<Item = (u64, Item)>) -> Option<Item> {
    areas.into_iter().reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, item)| item)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::Scene;
    use crate::timeline::testing::*;

    /// The masks of the first frame as `label: area`, and the labels of what remains.
    fn converted(conversion: Conversion, shapes: Vec<ShapeSketch>) -> (Vec<String>, Vec<String>) {
        let labels = vec![label("a"), label("b"), label("c")];
        let data = task(labels, video(1, vec![JobSketch { shapes, ..job(0, 0) }]));
        let scene = Scene::new(&data).unwrap();
        let timeline = &scene.timelines[0];
        let name = |item: &Item| data.schema.label(item.label).name.clone();
        let mut result = Converted::default();
        timeline
            .visit_frames(0..1, &mut Default::default(), |view| {
                result = conversion.convert(timeline, view.items, &mut Scratch::default(), &mut Tally::default())?;
                // What is found without painting is the same.
                let (leaders, rest) = conversion.leaders(timeline, view.items, &mut Scratch::default())?;
                assert_eq!(leaders, result.masks.iter().map(|mask| mask.leader).collect::<Vec<_>>());
                assert_eq!(rest, result.rest);
                Ok(())
            })
            .unwrap();
        let masks = result.masks.iter().map(|mask| format!("{}: {}", name(&mask.leader), mask.pixels.area()));
        (masks.collect(), result.rest.iter().map(name).collect())
    }

    fn turned(label: u32, points: [f64; 4]) -> ShapeSketch {
        ShapeSketch { rotation: 90.0, ..rectangle(label, 0, points) }
    }

    fn square(label: u32) -> ShapeSketch {
        shape(ShapeKind::Polygon, label, 0, &[0.0, 0.0, 2.0, 0.0, 2.0, 2.0, 0.0, 2.0])
    }

    fn ellipse(label: u32) -> ShapeSketch {
        shape(ShapeKind::Ellipse, label, 0, &[3.0, 3.0, 5.0, 1.0])
    }

    #[test]
    fn turned_boxes_stand_behind_all_other_shapes_of_any_layer() {
        let above = ShapeSketch { z_order: 5, ..square(1) };
        let shapes = vec![turned(0, [1.0, 1.0, 4.0, 4.0]), above, rectangle(2, 0, [0.0, 0.0, 3.0, 3.0])];
        let (masks, rest) = converted(ALL_SHAPES, shapes.clone());
        assert_eq!((masks, rest.len()), (vec!["c: 9".into(), "b: 4".into(), "a: 9".into()], 0));
        let (masks, rest) = converted(NO_UPRIGHT_BOXES, shapes.clone());
        assert_eq!((masks, rest), (vec!["b: 4".into(), "a: 9".into()], vec!["c".into()]));
        let (masks, rest) = converted(ONLY_MASKS, shapes);
        assert_eq!((masks.len(), rest), (0, vec!["a".into(), "c".into(), "b".into()]));
    }

    #[test]
    fn ellipses_are_masks_for_every_format() {
        for conversion in [ALL_SHAPES, NO_UPRIGHT_BOXES, ONLY_MASKS] {
            // A circle of radius 2 as OpenCV draws it: rows of 1, 3, 5, 3 and 1 pixels.
            assert_eq!(converted(conversion, vec![ellipse(1)]).0, ["b: 13"]);
        }
    }

    #[test]
    fn a_group_is_one_mask_led_by_its_largest_behind_those_without_a_group() {
        let grouped = |group, shape| ShapeSketch { group, ..shape };
        let shapes = vec![
            grouped(7, square(0)),
            grouped(7, rectangle(1, 0, [1.0, 1.0, 4.0, 4.0])),
            grouped(3, square(2)),
            square(0),
        ];
        // The box and the polygon share one pixel.
        assert_eq!(converted(ALL_SHAPES, shapes.clone()).0, ["a: 4", "c: 4", "b: 12"]);
        // The upright box is no mask here and does not join.
        assert_eq!(converted(NO_UPRIGHT_BOXES, shapes).0, ["a: 4", "c: 4", "a: 4"]);
        let equal = vec![grouped(1, square(2)), grouped(1, square(0))];
        assert_eq!(converted(ALL_SHAPES, equal).0, ["c: 4"]);
    }
}
