//! Instances: what COCO makes of the shapes of a frame.
//!
//! Boxes, polygons, masks and ellipses (as masks) count. A shape without a group is an instance of its own; the shapes of
//! a group are one, led by the largest of them. Ungrouped instances come first, then groups by number.

use super::annotation::{Value, attributes, corners, located, place};
use super::inside::{fit_box, fit_polygon, image, outline};
use crate::error::Result;
use crate::geometry;
use crate::plan::{Profile, Scratch};
use crate::raster::{self, Rle};
use crate::report::{Outcome, Tally};
use crate::schema::ShapeKind;
use crate::text::number::round2_numpy;
use crate::timeline::{Item, Timeline};

/// Shapes that are part of instances.
pub fn is_usable(kind: ShapeKind) -> bool {
    matches!(kind, ShapeKind::Rectangle | ShapeKind::Polygon | ShapeKind::Mask | ShapeKind::Ellipse)
}

/// Number of instances that shapes of a frame make; works without coordinates.
pub fn count<'i>(items: impl IntoIterator<Item = &'i Item>, groups: &mut Vec<u32>) -> u64 {
    groups.clear();
    let mut single = 0;
    for item in items.into_iter().filter(|item| is_usable(item.kind)) {
        match item.group {
            0 => single += 1,
            group => groups.push(group),
        }
    }
    groups.sort_unstable();
    groups.dedup();
    single + groups.len() as u64
}

/// One instance.
#[derive(Clone, Copy)]
pub struct Instance<'a> {
    /// Label of the leader.
    pub label: u32,
    /// Left, top, width and height in pixels, not rounded.
    pub bbox: [f64; 4],
    /// Pixels that it covers; of a box its width times its height.
    pub area: f64,
    /// Its outline.
    pub segmentation: Segmentation<'a>,
    /// Whether it stands for many objects, which evaluators ignore.
    pub is_crowd: bool,
    /// Attributes of the leader.
    pub attributes: &'a [(&'a str, Value<'a>)],
}

/// The outline of an instance.
#[derive(Clone, Copy)]
pub enum Segmentation<'a> {
    /// Polygons, `x, y, …` each. CVAT writes none for a box.
    Polygons(&'a [Vec<f64>]),
    /// A mask.
    Mask(&'a Rle),
}

const CORNERS: Outcome = Outcome::Converted("a polygon of its corners");

/// A shape as a part of an instance.
enum Part {
    Box([f64; 4]),
    Polygon(Vec<f64>),
    Mask(Rle),
}

/// Calls `each` with the instances that these shapes of a frame make, in order, and tallies what became of the shapes.
/// All of them are usable. For training they are fitted into the image, where each must cover an area.
pub fn visit<'t>(
    profile: Profile,
    timeline: &'t Timeline<'t>,
    mut items: Vec<&Item>,
    scratch: &mut Scratch,
    tally: &mut Tally,
    mut each: impl FnMut(&Instance<'_>),
) -> Result<()> {
    items.sort_by_key(|item| item.group);
    let mut values = Vec::new();
    for members in items.chunk_by(|a, b| a.group != 0 && a.group == b.group) {
        let mut builder = InstanceBuilder { profile, timeline, scratch, tally, size: timeline.size(members[0].frame) };
        builder.build(members, &mut values, &mut each)?;
    }
    Ok(())
}

struct InstanceBuilder<'b, 't> {
    profile: Profile,
    timeline: &'t Timeline<'t>,
    scratch: &'b mut Scratch,
    tally: &'b mut Tally,
    /// Width and height of the frame.
    size: (u32, u32),
}

impl<'t> InstanceBuilder<'_, 't> {
    fn build(
        &mut self,
        members: &[&Item],
        values: &mut Vec<(&'t str, Value<'t>)>,
        each: &mut impl FnMut(&Instance<'_>),
    ) -> Result<()> {
        let (mut parts, mut outcomes) = (Vec::with_capacity(members.len()), Vec::with_capacity(members.len()));
        for item in members {
            let (part, outcome) = self.part(item).map_err(|error| located(error, self.timeline, item))?;
            parts.push(part);
            outcomes.push(outcome);
        }
        let leader = members[leader(&parts)];
        attributes(self.timeline, leader, values)?;
        let is_crowd =
            values.iter().find(|(name, _)| *name == "is_crowd").map(|(_, value)| *value == Value::Flag(true));
        let labelled_mask = |(part, item): (&Part, &&Item)| matches!(part, Part::Mask(_)) && item.label == leader.label;
        let as_mask = is_crowd.unwrap_or_else(|| parts.iter().zip(members).any(labelled_mask));
        self.count(members, &parts, &outcomes, as_mask);
        let bbox = bounds(&parts);
        let is_one_box = matches!(parts[..], [Part::Box(_)]);
        if self.profile == Profile::Training {
            outline_boxes(&mut parts);
        }
        let mut polygons = Vec::new();
        let mask = if as_mask { self.mask(parts)? } else { self.polygons(parts, &mut polygons)? };
        let (segmentation, area) = match &mask {
            Some(mask) => (Segmentation::Mask(mask), mask.area() as f64),
            None if is_one_box => (Segmentation::Polygons(&polygons), bbox[2] * bbox[3]),
            None => (Segmentation::Polygons(&polygons), self.area(&polygons, bbox)?),
        };
        let is_crowd = self.profile.choose(mask.is_some(), is_crowd == Some(true));
        each(&Instance { label: leader.label, bbox, area, segmentation, is_crowd, attributes: values });
        Ok(())
    }

    /// A shape as a part, and what became of it on the way.
    fn part(&mut self, item: &Item) -> Result<(Part, Outcome)> {
        let (width, height) = self.size;
        let rotation = self.timeline.rotation(item);
        let points = self.timeline.points(item, &mut self.scratch.points);
        let part = match item.kind {
            ShapeKind::Polygon => Part::Polygon(points.iter().copied().map(round2_numpy).collect()),
            ShapeKind::Mask => Part::Mask(mask(self.timeline, item, points, &mut self.scratch.raster, self.tally)?),
            ShapeKind::Ellipse => Part::Mask(ellipse(points, rotation, height, width, &mut self.scratch.raster)?),
            _ => {
                let corners = corners(points).unwrap_or_default();
                let turned = self.profile.choose(0.0, rotation);
                outline(corners, turned).map_or_else(|| Part::of_corners(corners), Part::Polygon)
            }
        };
        Ok(match self.profile {
            Profile::Cvat => (part, Outcome::Written),
            Profile::Training => part.fit(image(self.timeline, item)),
        })
    }

    fn count(&mut self, members: &[&Item], parts: &[Part], outcomes: &[Outcome], as_mask: bool) {
        for ((item, part), outcome) in members.iter().zip(parts).zip(outcomes) {
            let outcome = match (part, item.kind) {
                _ if members.len() > 1 => Outcome::Converted("a part of the one instance of its group"),
                (Part::Mask(_), _) if !as_mask => Outcome::Converted("polygons, since is_crowd is off"),
                (Part::Polygon(_), _) if as_mask => Outcome::Converted("a mask, since is_crowd is on"),
                (_, ShapeKind::Ellipse) => Outcome::Converted("a mask"),
                (Part::Polygon(_), ShapeKind::Rectangle) => CORNERS,
                _ => *outcome,
            };
            self.tally.shape(item, outcome);
        }
    }

    /// The union of masks and polygons; `None` if there are only boxes.
    fn mask(&mut self, parts: Vec<Part>) -> Result<Option<Rle>> {
        let (width, height) = self.size;
        let mut masks = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Part::Box(_) => {}
                Part::Mask(mask) => masks.push(mask),
                Part::Polygon(points) => {
                    masks.push(raster::polygon::fill(&points, height, width, &mut self.scratch.raster)?);
                }
            }
        }
        Ok(match masks.len() {
            0 | 1 => masks.pop(),
            _ => Some(raster::merge::union(&masks)?),
        })
    }

    /// Collects the polygons, and those around the union of the masks; there is no mask then.
    fn polygons(&mut self, parts: Vec<Part>, polygons: &mut Vec<Vec<f64>>) -> Result<Option<Rle>> {
        let mut masks = Vec::new();
        for part in parts {
            match part {
                Part::Box(_) => {}
                Part::Polygon(points) => polygons.push(points),
                Part::Mask(mask) => masks.push(mask),
            }
        }
        if !masks.is_empty() {
            polygons.extend(raster::contours::trace(&raster::merge::union(&masks)?, &mut self.scratch.raster)?);
        }
        Ok(None)
    }

    /// Pixels that polygons cover together; without any the area of the box.
    fn area(&mut self, polygons: &[Vec<f64>], bbox: [f64; 4]) -> Result<f64> {
        let (width, height) = self.size;
        match polygons {
            [] => Ok(bbox[2] * bbox[3]),
            [points] => Ok(raster::polygon::area(points, height, width, &mut self.scratch.raster)? as f64),
            _ => {
                let masks = polygons
                    .iter()
                    .map(|points| raster::polygon::fill(points, height, width, &mut self.scratch.raster))
                    .collect::<Result<Vec<_>>>()?;
                Ok(raster::merge::union(&masks)?.area() as f64)
            }
        }
    }
}

impl Part {
    fn of_corners([x0, y0, x1, y1]: [f64; 4]) -> Self {
        Self::Box([x0, y0, x1 - x0, y1 - y0])
    }

    /// What of it lies inside the image. A mask does already.
    fn fit(self, image: [f64; 2]) -> (Self, Outcome) {
        match self {
            Self::Box([x, y, width, height]) => match fit_box([x, y, x + width, y + height], image) {
                Some((corners, outcome)) => (Self::of_corners(corners), outcome),
                None => (self, Outcome::Written),
            },
            Self::Polygon(points) => match fit_polygon(points, image) {
                Some((points, outcome)) => (Self::Polygon(points), outcome),
                None => (Self::Polygon(Vec::new()), Outcome::Written),
            },
            Self::Mask(_) => (self, Outcome::Written),
        }
    }
}

/// Makes boxes the polygons of their corners, unless other parts say what their instance covers.
fn outline_boxes(parts: &mut [Part]) {
    if parts.iter().all(|part| matches!(part, Part::Box(_))) {
        for part in parts {
            if let Part::Box(x_y_w_h) = part {
                *part = Part::Polygon(raster::polygon::box_corners(*x_y_w_h).map(round2_numpy).to_vec());
            }
        }
    }
}

/// Place of the largest part. Of equals a box comes before polygons, and these before masks.
fn leader(parts: &[Part]) -> usize {
    let rank_and_area = |part: &Part| match part {
        Part::Box([_, _, width, height]) => (0, width * height),
        Part::Polygon(points) => (1, geometry::ring_area(points)),
        Part::Mask(mask) => (2, mask.area() as f64),
    };
    if let [_] = parts {
        return 0;
    }
    let mut order: Vec<_> = parts.iter().map(rank_and_area).enumerate().collect();
    order.sort_by_key(|(_, (rank, _))| *rank);
    let largest = order.into_iter().reduce(|best, next| if next.1.1 > best.1.1 { next } else { best });
    largest.map_or(0, |(place, _)| place)
}

/// The box around the boxes, or around all else if there are none.
fn bounds(parts: &[Part]) -> [f64; 4] {
    let has_boxes = parts.iter().any(|part| matches!(part, Part::Box(_)));
    let edges = parts.iter().filter(|part| !has_boxes || matches!(part, Part::Box(_))).map(|part| match part {
        Part::Box([x, y, width, height]) => [*x, *y, x + width, y + height],
        Part::Polygon(points) => {
            // The box of a polygon is kept as corner and size, and its far corner made from them again.
            let [left, top, right, bottom] = geometry::bounds(points).unwrap_or_default();
            [left, top, left + (right - left), top + (bottom - top)]
        }
        Part::Mask(mask) => {
            let [x, y, width, height] = mask.bbox().map(f64::from);
            [x, y, x + width, y + height]
        }
    });
    let [left, top, right, bottom] =
        edges.reduce(|a, b| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]).unwrap_or_default();
    [left, top, right - left, bottom - top]
}

/// The mask of a CVAT mask over its whole picture. One that reaches outside is cut there, which is noted.
pub fn mask(
    timeline: &Timeline<'_>,
    item: &Item,
    points: &[f64],
    scratch: &mut raster::Scratch,
    tally: &mut Tally,
) -> Result<Rle> {
    let (width, height) = timeline.size(item.frame);
    let converted = raster::cvat::to_rle(points, height, width, scratch)?;
    if converted.clipped {
        let message = "a mask reaches outside its picture and was cut there (CVAT itself fails)";
        tally.note(message, || place(timeline, item));
    }
    Ok(converted.rle)
}

/// The box `x1, y1, x2, y2` around an ellipse without its rotation, each rounded to two digits.
pub fn ellipse_box(points: &[f64]) -> Option<[f64; 4]> {
    let &[cx, cy, right, top] = points else { return None };
    Some([cx - (right - cx), top, right, cy + (cy - top)].map(round2_numpy))
}

/// The mask of an ellipse: OpenCV draws it with whole pixels and whole degrees.
pub fn ellipse(points: &[f64], rotation: f64, height: u32, width: u32, scratch: &mut raster::Scratch) -> Result<Rle> {
    let Some([x1, y1, x2, y2]) = ellipse_box(points) else { return Rle::empty(height, width) };
    let centre = [(x1 + x2) / 2.0, (y1 + y2) / 2.0];
    let whole = |value: f64| value.round_ties_even() as i64;
    raster::ellipse::fill(
        (whole(centre[0]), whole(centre[1])),
        (whole(x2 - centre[0]), whole(centre[1] - y1)),
        whole(rotation),
        height,
        width,
        scratch,
    )
}
