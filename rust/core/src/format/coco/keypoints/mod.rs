//! `COCO Keypoints 1.0`: skeletons, a JSON file per subset, laid out like `COCO 1.0`.
//!
//! ```text
//! annotations/person_keypoints_SUBSET.json    licenses, info, categories, images, annotations
//! ```
//!
//! A skeleton is an annotation of its own, unless its group has boxes, polygons or masks: then their instance gets its
//! points. Shapes without a skeleton in their group are dropped.

use crate::error::Result;
use crate::format::coco::{self, Content, Writer, drop_tags, list};
use crate::format::kit::annotation::skeleton_attributes;
use crate::format::kit::instance::{self, Instance, Segmentation};
use crate::format::kit::outcomes::StaticOutcomes;
use crate::format::kit::skeleton::{Drawing, Keypoint, drawings, keypoints};
use crate::plan::{Encoder, Format, Options, Scratch};
use crate::report::{Outcome, Tally};
use crate::schema::{Label, ShapeKind};
use crate::text::json;
use crate::text::number::{int, json_float, uint};
use crate::timeline::{FrameView, Item, Scene, Timeline};

/// The format.
pub const FORMAT: Format = Format {
    name: "COCO Keypoints 1.0",
    slug: "coco-keypoints",
    summary: "JSON of skeletons, with the shapes of their groups",
    takes_3d: false,
    page: include_str!("page.md"),
    encoder,
};

const NO_SKELETON: Outcome = Outcome::Dropped("COCO Keypoints holds shapes only with a skeleton of their group");
const LENT: Outcome = Outcome::Converted("the keypoints of the instance of its group");
const SECOND: Outcome = Outcome::Dropped("the instance of its group has the keypoints of another skeleton");

fn encoder<'s>(scene: &'s Scene<'s>, _: &Options) -> Result<Box<dyn Encoder + 's>> {
    let lends = scene.dataset.has_kind(ShapeKind::Skeleton) && has_grouped_skeletons(scene);
    let is_open = |kind| kind == ShapeKind::Skeleton || (lends && instance::is_usable(kind));
    let outcomes = StaticOutcomes::new(scene.dataset, |_, kind| (!is_open(kind)).then_some(NO_SKELETON));
    Ok(coco::encoder_of(scene, Keypoints { drawings: drawings(&scene.dataset.schema) }, outcomes))
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

struct Keypoints {
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
    fn of(view: &'v FrameView<'_>) -> Self {
        let mut skeletons: Vec<&Item> = view.items.iter().filter(|item| item.kind == ShapeKind::Skeleton).collect();
        if skeletons.is_empty() {
            return Self::default();
        }
        let mut occupied: Vec<u32> =
            view.items.iter().filter(|item| instance::is_usable(item.kind)).map(|item| item.group).collect();
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

impl Content for Keypoints {
    const FILE: &'static str = "person_keypoints";

    fn is_category(&self, label: &Label) -> bool {
        label.parent.is_none()
    }

    fn category(&self, out: &mut Vec<u8>, label: u32) {
        let drawing = &self.drawings[label as usize];
        out.extend_from_slice(b",\"keypoints\":");
        list(out, drawing.names.iter(), |out, name| json::string(out, name));
        out.extend_from_slice(b",\"skeleton\":");
        list(out, drawing.joints.iter(), |out, &(from, to)| list(out, [from, to].into_iter(), int));
    }

    fn count(&self, view: &FrameView<'_>, groups: &mut Vec<u32>) -> u64 {
        let skeletons = Skeletons::of(view);
        groups.clear();
        groups.extend(skeletons.lending.iter().map(|item| item.group));
        groups.dedup();
        (skeletons.solitary.len() + groups.len()) as u64
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
        let skeletons = Skeletons::of(view);
        for item in &skeletons.solitary {
            self.solitary(timeline, item, writer, scratch)?;
            tally.shape(item, Outcome::Written);
        }
        for group in skeletons.lending.chunk_by(|a, b| a.group == b.group) {
            for (place, item) in group.iter().enumerate() {
                tally.shape(item, if place == 0 { LENT } else { SECOND });
            }
        }
        let mut usable = Vec::new();
        for item in view.items.iter().filter(|item| item.kind != ShapeKind::Skeleton) {
            if instance::is_usable(item.kind) && skeletons.of_group(item.group).is_some() {
                usable.push(item);
            } else {
                tally.shape(item, NO_SKELETON);
            }
        }
        let mut points = self.points_by_group(timeline, &skeletons, scratch).into_iter();
        instance::visit(timeline, usable, scratch, tally, |instance| {
            // Instances come by group too, one for each group that lends.
            let points = points.next().unwrap_or_default();
            writer.write(instance, |out| write_points(out, &points));
        })
    }
}

impl Keypoints {
    fn solitary<'t>(
        &self,
        timeline: &'t Timeline<'t>,
        item: &Item,
        writer: &mut Writer<'_>,
        scratch: &mut Scratch,
    ) -> Result<()> {
        let points = self.points(timeline, item, scratch);
        let mut attributes = Vec::new();
        skeleton_attributes(timeline, item, &scratch.elements, &mut attributes)?;
        let bbox = bounds(&points);
        let instance = Instance {
            label: item.label,
            bbox,
            area: bbox[2] * bbox[3],
            segmentation: Segmentation::Polygons(&[]),
            attributes: &attributes,
        };
        writer.write(&instance, |out| write_points(out, &points));
        Ok(())
    }

    fn points(&self, timeline: &Timeline<'_>, item: &Item, scratch: &mut Scratch) -> Vec<Option<Keypoint>> {
        let drawing = &self.drawings[item.label as usize];
        keypoints(timeline, item, drawing, &mut scratch.elements, &mut scratch.points)
    }

    /// The points of the first lending skeleton of each group.
    fn points_by_group(
        &self,
        timeline: &Timeline<'_>,
        skeletons: &Skeletons<'_>,
        scratch: &mut Scratch,
    ) -> Vec<Vec<Option<Keypoint>>> {
        let groups = skeletons.lending.chunk_by(|a, b| a.group == b.group);
        groups.map(|group| self.points(timeline, group[0], scratch)).collect()
    }
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
