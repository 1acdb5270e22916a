//! Skeletons as the formats of training tools see them: a list of keypoints in the order of the label's drawing.

use super::joints;
use crate::schema::{Schema, Skeleton};
use crate::text::number::round2_numpy;
use crate::timeline::{Item, PointScratch, Timeline};

/// The drawing of a label: its points in order, and what joins them. Of a label that is no skeleton both are empty.
#[derive(Default)]
pub struct Drawing {
    /// Names of the points.
    pub names: Vec<String>,
    /// Sublabel of each point; none where the drawing names one that is not there.
    labels: Vec<Option<u32>>,
    /// Edges between points, counted from 1, in the order in which CVAT writes them.
    pub joints: Vec<(i64, i64)>,
}

/// The drawings of all labels.
pub fn drawings(schema: &Schema) -> Vec<Drawing> {
    (0..schema.len() as u32).map(|label| drawing(schema, label)).collect()
}

/// Whether a label stands for skeletons.
fn is_skeleton(schema: &Schema, label: u32) -> bool {
    schema.label(label).kind == "skeleton"
}

fn drawing(schema: &Schema, label: u32) -> Drawing {
    if !is_skeleton(schema, label) {
        return Drawing::default();
    }
    let Skeleton { points, edges } = Skeleton::of(schema.label(label));
    let labels = points.iter().map(|name| schema.find(Some(label as usize), name)).collect();
    Drawing { names: points, labels, joints: joints::in_set_order(&edges) }
}

/// A point of a skeleton on a frame.
pub struct Keypoint {
    /// Its place in pixels, rounded to two digits.
    pub at: [f64; 2],
    /// 0 out of sight, 1 occluded, 2 visible.
    pub visibility: u8,
}

/// The elements of a skeleton in the order of its drawing; `None` for those it lacks. Of two elements with one label the
/// later counts. `elements` receives all elements.
pub fn ordered(timeline: &Timeline<'_>, item: &Item, drawing: &Drawing, elements: &mut Vec<Item>) -> Vec<Option<Item>> {
    elements.clear();
    timeline.push_elements(item, elements);
    let element = |label: &Option<u32>| elements.iter().rev().find(|element| Some(element.label) == *label).copied();
    drawing.labels.iter().map(element).collect()
}

/// The point that an element is.
pub fn keypoint(timeline: &Timeline<'_>, element: &Item, scratch: &mut PointScratch) -> Option<Keypoint> {
    let &[x, y, ..] = timeline.points(element, scratch) else { return None };
    let visibility = match element {
        Item { outside: true, .. } => 0,
        Item { occluded: true, .. } => 1,
        _ => 2,
    };
    Some(Keypoint { at: [x, y].map(round2_numpy), visibility })
}

/// The points of a skeleton in the order of its drawing; `None` for those it lacks. `elements` receives all elements.
pub fn keypoints(
    timeline: &Timeline<'_>,
    item: &Item,
    drawing: &Drawing,
    elements: &mut Vec<Item>,
    scratch: &mut PointScratch,
) -> Vec<Option<Keypoint>> {
    let points = ordered(timeline, item, drawing, elements).into_iter();
    points.map(|element| keypoint(timeline, &element?, scratch)).collect()
}
