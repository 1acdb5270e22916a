//! `COCO Keypoints 1.0`: skeletons, a JSON file per subset, laid out like `COCO 1.0`.
//!
//! ```text
//! annotations/person_keypoints_SUBSET.json    licenses, info, categories, images, annotations
//! ```
//!
//! A skeleton is an annotation of its own, unless its group has boxes, polygons or masks: then their instance gets its
//! points. Shapes without a skeleton in their group are dropped.

use crate::dataset::Dataset;
use crate::error::Result;
use crate::format::coco::{self, Content, Writer, drop_tags, list};
use crate::format::kit::annotation::{place, skeleton_attributes};
use crate::format::kit::inside::image;
use crate::format::kit::instance::{self, Instance, Segmentation};
use crate::format::kit::outcomes::StaticOutcomes;
use crate::format::kit::skeleton::{Drawing, Keypoint, drawings, keypoints};
use crate::plan::{Encoder, Format, Options, Profile, Scratch};
use crate::raster::polygon::box_corners;
use crate::report::{Outcome, Tally};
use crate::schema::{Schema, ShapeKind};
use crate::text::json;
use crate::text::number::{int, json_float, round2_numpy, uint};
use crate::timeline::{FrameView, Item, Scene, Timeline};

/// The format.
pub const FORMAT: Format = Format {
    name: "COCO Keypoints 1.0",
    slug: "coco-keypoints",
    summary: "JSON of skeletons, with the shapes of their groups",
    takes_3d: false,
    repeats_numbers: false,
    page: include_str!("page.md"),
    encoder,
};

const NO_SKELETON: Outcome = Outcome::Dropped("COCO Keypoints holds shapes only with a skeleton of their group");
const LENT: Outcome = Outcome::Converted("the keypoints of the instance of its group");
const SECOND: Outcome = Outcome::Dropped("the instance of its group has the keypoints of another skeleton");
const NO_POINTS: Outcome = Outcome::Dropped("no point of it is in sight");

fn encoder<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Box<dyn Encoder + 's>> {
    let lends = scene.dataset.has_kind(ShapeKind::Skeleton) && has_grouped_skeletons(scene);
    let is_open = |kind| kind == ShapeKind::Skeleton || (lends && instance::is_usable(kind));
    let outcomes = StaticOutcomes::new(scene.dataset, |_, kind| (!is_open(kind)).then_some(NO_SKELETON));
    let (profile, dataset) = (options.profile, scene.dataset);
    let content = Keypoints { profile, dataset, drawings: drawings(&dataset.schema) };
    Ok(coco::encoder_of(scene, profile, content, outcomes))
}

/// Whether there are skeletons in groups: other shapes are written with these only.
fn has_grouped_skeletons(scene: &Scene<'_>) -> bool {
    let (shapes, tracks) = (&scene.dataset.columns.shapes, &scene.dataset.columns.tracks);
    let is_grouped = |groups: &[u32], row: u32| groups[row as usize] != 0;
    let mut rows = 0..shapes.group.len() as u32;
    rows.any(|row| is_grouped(&shapes.group, row) && shapes.kind(row) == ShapeKind::Skeleton)
        || (0..tracks.group.len() as u32)
            .any(|row| is_grouped(&tracks.group, row) && tracks.kind(row) == ShapeKind::Skeleton)
}

struct Keypoints<'s> {
    profile: Profile,
    dataset: &'s Dataset,
    /// By label.
    drawings: Vec<Drawing>,
}

/// The skeletons of a frame by what becomes of them.
#[derive(Default)]
struct Skeletons<'v> {
    /// Those that are annotations of their own, by group.
    solitary: Vec<&'v Item>,
    /// Those whose group has other shapes, by group; the first of a group gives its points to their instance.
    lending: Vec<&'v Item>,
}

impl<'v> Skeletons<'v> {
    fn of(items: &[&'v Item]) -> Self {
        let items = || items.iter().copied();
        let mut skeletons: Vec<&Item> = items().filter(|item| item.kind == ShapeKind::Skeleton).collect();
        if skeletons.is_empty() {
            return Self::default();
        }
        let mut occupied: Vec<u32> =
            items().filter(|item| instance::is_usable(item.kind)).map(|item| item.group).collect();
        occupied.sort_unstable();
        skeletons.sort_by_key(|item| item.group);
        let (lending, solitary) =
            skeletons.into_iter().partition(|item| item.group != 0 && occupied.binary_search(&item.group).is_ok());
        Self { solitary, lending }
    }

    /// The skeleton whose points the instance of a group gets.
    fn of_group(&self, group: u32) -> Option<&'v Item> {
        let first = self.lending.partition_point(|item| item.group < group);
        self.lending.get(first).copied().filter(|item| item.group == group)
    }
}

impl Content for Keypoints<'_> {
    const FILE: &'static str = "person_keypoints";

    /// For training the labels of skeletons alone.
    fn is_category(&self, schema: &Schema, number: u32) -> bool {
        let label = schema.label(number);
        let is_skeleton = || label.kind == "skeleton" || self.dataset.has_shapes(number, ShapeKind::Skeleton);
        label.parent.is_none() && (self.profile == Profile::Cvat || is_skeleton())
    }

    fn category(&self, out: &mut Vec<u8>, label: u32) {
        let drawing = &self.drawings[label as usize];
        out.extend_from_slice(b",\"keypoints\":");
        list(out, drawing.names.iter(), |out, name| json::string(out, name));
        out.extend_from_slice(b",\"skeleton\":");
        list(out, drawing.joints.iter(), |out, &(from, to)| list(out, [from, to].into_iter(), int));
    }

    fn count(
        &self,
        timeline: &Timeline<'_>,
        view: &FrameView<'_>,
        scratch: &mut Scratch,
        groups: &mut Vec<u32>,
    ) -> Result<u64> {
        let skeletons = Skeletons::of(&self.shown(timeline, view, scratch, &mut Tally::default())?);
        groups.clear();
        groups.extend(skeletons.lending.iter().map(|item| item.group));
        groups.dedup();
        Ok((skeletons.solitary.len() + groups.len()) as u64)
    }

    fn annotations<'t>(
        &self,
        timeline: &'t Timeline<'t>,
        view: &FrameView<'_>,
        writer: &mut Writer<'_>,
        scratch: &mut Scratch,
        tally: &mut Tally,
    ) -> Result<()> {
        drop_tags(timeline, view, tally);
        let shown = self.shown(timeline, view, scratch, tally)?;
        let skeletons = Skeletons::of(&shown);
        for item in &skeletons.solitary {
            self.solitary(timeline, item, writer, scratch, tally)?;
            tally.shape(item, Outcome::Written);
        }
        for group in skeletons.lending.chunk_by(|a, b| a.group == b.group) {
            for (place, item) in group.iter().enumerate() {
                tally.shape(item, if place == 0 { LENT } else { SECOND });
            }
        }
        let mut usable = Vec::new();
        for item in shown.into_iter().filter(|item| item.kind != ShapeKind::Skeleton) {
            if instance::is_usable(item.kind) && skeletons.of_group(item.group).is_some() {
                usable.push(item);
            } else {
                tally.shape(item, NO_SKELETON);
            }
        }
        let mut lent = self.lent_by_group(timeline, &skeletons, scratch, tally).into_iter();
        instance::visit(self.profile, timeline, usable, scratch, tally, |instance| {
            // Instances come by group too, one for each group that lends.
            let (label, points) = lent.next().unwrap_or_default();
            // The names of the points are those of the category: for training that is the skeleton's.
            let label = self.profile.choose(instance.label, label);
            writer.write(&Instance { label, ..*instance }, |out| write_points(out, &points));
        })
    }
}

impl Keypoints<'_> {
    /// The shapes of a frame that the profile writes. Tallies the others.
    fn shown<'v>(
        &self,
        timeline: &Timeline<'_>,
        view: &'v FrameView<'_>,
        scratch: &mut Scratch,
        tally: &mut Tally,
    ) -> Result<Vec<&'v Item>> {
        let mut shown = coco::shown(self.profile, timeline, view, scratch, tally)?;
        if self.profile == Profile::Training {
            shown.retain(|item| {
                let is_shown = item.kind != ShapeKind::Skeleton
                    || self.points(timeline, item, scratch, &mut Tally::default()).iter().any(Option::is_some);
                if !is_shown {
                    tally.shape(item, NO_POINTS);
                }
                is_shown
            });
        }
        Ok(shown)
    }

    fn solitary<'t>(
        &self,
        timeline: &'t Timeline<'t>,
        item: &Item,
        writer: &mut Writer<'_>,
        scratch: &mut Scratch,
        tally: &mut Tally,
    ) -> Result<()> {
        let points = self.points(timeline, item, scratch, tally);
        let mut attributes = Vec::new();
        skeleton_attributes(timeline, item, &scratch.elements, &mut attributes)?;
        let (mut bbox, mut polygons) = (bounds(&points), Vec::new());
        if self.profile == Profile::Training {
            bbox = at_least_a_pixel(bbox, image(timeline, item));
            polygons.push(box_corners(bbox).map(round2_numpy).to_vec());
        }
        let instance = Instance {
            label: item.label,
            bbox,
            area: bbox[2] * bbox[3],
            segmentation: Segmentation::Polygons(&polygons),
            is_crowd: false,
            attributes: &attributes,
        };
        writer.write(&instance, |out| write_points(out, &points));
        Ok(())
    }

    /// The points of a skeleton; for training only those that COCO calls labelled: in sight and on the image.
    fn points(
        &self,
        timeline: &Timeline<'_>,
        item: &Item,
        scratch: &mut Scratch,
        tally: &mut Tally,
    ) -> Vec<Option<Keypoint>> {
        let drawing = &self.drawings[item.label as usize];
        let mut points = keypoints(timeline, item, drawing, &mut scratch.elements, &mut scratch.points);
        if self.profile == Profile::Training {
            let [width, height] = image(timeline, item);
            for point in &mut points {
                let Some(Keypoint { at: [x, y], visibility }) = *point else { continue };
                let is_on_image = (0.0..=width).contains(&x) && (0.0..=height).contains(&y);
                if visibility > 0 && !is_on_image {
                    tally.note("a point outside the image counts as not labelled", || place(timeline, item));
                }
                if visibility == 0 || !is_on_image {
                    *point = None;
                }
            }
        }
        points
    }

    /// The label and the points of the first lending skeleton of each group.
    fn lent_by_group(
        &self,
        timeline: &Timeline<'_>,
        skeletons: &Skeletons<'_>,
        scratch: &mut Scratch,
        tally: &mut Tally,
    ) -> Vec<(u32, Vec<Option<Keypoint>>)> {
        let groups = skeletons.lending.chunk_by(|a, b| a.group == b.group);
        groups.map(|group| (group[0].label, self.points(timeline, group[0], scratch, tally))).collect()
    }
}

/// A box grown about its middle, so that a single point and points in a row have an area too.
fn at_least_a_pixel([x, y, width, height]: [f64; 4], [image_width, image_height]: [f64; 2]) -> [f64; 4] {
    let grow = |near: f64, size: f64, extent: f64| {
        if size >= 1.0 { (near, size) } else { ((near + size / 2.0 - 0.5).min(extent - 1.0).max(0.0), 1.0) }
    };
    let ((x, width), (y, height)) = (grow(x, width, image_width), grow(y, height, image_height));
    [x, y, width, height]
}

/// The box around the points in sight.
fn bounds(points: &[Option<Keypoint>]) -> [f64; 4] {
    let seen = points.iter().flatten().filter(|point| point.visibility > 0);
    let edges = seen.map(|point| [point.at[0], point.at[1], point.at[0], point.at[1]]);
    let around = |a: [f64; 4], b: [f64; 4]| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])];
    let [left, top, right, bottom] = edges.reduce(around).unwrap_or_default();
    [left, top, right - left, bottom - top]
}

fn write_points(out: &mut Vec<u8>, points: &[Option<Keypoint>]) {
    out.extend_from_slice(b",\"keypoints\":[");
    for (place, point) in points.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        match point {
            Some(Keypoint { at: [x, y], visibility, .. }) => {
                json_float(out, *x);
                out.push(b',');
                json_float(out, *y);
                out.push(b',');
                uint(out, u64::from(*visibility));
            }
            None => out.extend_from_slice(b"0,0,0"),
        }
    }
    out.extend_from_slice(b"],\"num_keypoints\":");
    uint(out, points.iter().flatten().filter(|point| point.visibility > 0).count() as u64);
}

#[cfg(test)]
mod tests;
