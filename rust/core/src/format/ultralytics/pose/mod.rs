//! `Ultralytics YOLO Pose 1.0`: a line per skeleton, the box around it and then `x y visibility` of each keypoint.

mod flips;

use self::flips::mirrored;
use crate::error::Result;
use crate::format::ultralytics::{self, Content, Keypoints, Lines, Shape, write_box, write_shares};
use crate::geometry;
use crate::plan::{Encoder, Format, Options, Output};
use crate::report::Outcome;
use crate::schema::{Schema, ShapeKind, Skeleton};
use crate::text::number::round2_numpy;
use crate::timeline::{Item, Scene};

/// The format.
pub const FORMAT: Format = Format {
    name: "Ultralytics YOLO Pose 1.0",
    slug: "yolo-pose",
    summary: "a text file per frame with keypoints; skeletons only",
    takes_3d: false,
    repeats_numbers: false,
    page: include_str!("page.md"),
    encoder,
};

const NO_SKELETON: Outcome = Outcome::Dropped("YOLO poses are made of skeletons only");
const PARTLY_OUTSIDE: Outcome = Outcome::Converted("its points inside the picture");
const OUTSIDE: Outcome = Outcome::Dropped("no point of it is in sight inside the picture");

fn encoder<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Box<dyn Encoder + 's>> {
    let schema = &scene.dataset.schema;
    let is_skeleton = |label: &u32| schema.label(*label).kind == "skeleton";
    let classes: Vec<u32> = (0..schema.len() as u32).filter(is_skeleton).collect();
    let mut place_of = vec![None; schema.len()];
    let mut names = Vec::new();
    for &label in &classes {
        let order = keypoint_order(schema, label);
        for (place, &sublabel) in order.iter().enumerate() {
            place_of[sublabel as usize] = Some(place);
        }
        names.push(order.iter().map(|&sublabel| schema.label(sublabel).name.as_str()).collect());
    }
    let keypoints = names.iter().map(Vec::len).max().unwrap_or_default();
    let lines = Box::new(Poses { place_of, keypoints });
    let keypoints = Some(Keypoints { count: keypoints, mirrored: mirrored(&names, keypoints) });
    let kinds = &[ShapeKind::Skeleton];
    ultralytics::encoder(scene, options, Content { classes, keypoints, kinds, other: NO_SKELETON, lines })
}

/// The sublabels of a skeleton in the order of its drawing; those that the drawing lacks (where CVAT fails) follow.
fn keypoint_order(schema: &Schema, label: u32) -> Vec<u32> {
    let mut order = Vec::new();
    for sublabel in Skeleton::of(schema.label(label)).labels(schema, label).into_iter().chain(schema.sublabels(label)) {
        if !order.contains(&sublabel) {
            order.push(sublabel);
        }
    }
    order
}

struct Poses {
    /// Place of each sublabel among the keypoints of its skeleton.
    place_of: Vec<Option<usize>>,
    /// Keypoints in a line.
    keypoints: usize,
}

/// Ultralytics' visibility.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Visibility {
    Absent = 0,
    Hidden = 1,
    Visible = 2,
}

type Keypoint = ([f64; 2], Visibility);

impl Visibility {
    fn of(element: &Item) -> Self {
        match (element.outside, element.occluded) {
            (true, _) => Visibility::Absent,
            (false, true) => Visibility::Hidden,
            (false, false) => Visibility::Visible,
        }
    }
}

impl Lines for Poses {
    fn write(&self, shape: &Shape<'_>, out: &mut Output) -> Result<Outcome> {
        let picture = shape.picture()?;
        let mut keypoints = self.keypoints_of(shape, out);
        let outcome = if shape.layout.is_inside { leave_inside(&mut keypoints, picture) } else { Outcome::Written };
        if outcome == OUTSIDE {
            return Ok(OUTSIDE);
        }
        let in_sight = keypoints.iter().flatten().filter(|(_, visibility)| *visibility != Visibility::Absent);
        let coordinates: Vec<f64> = in_sight.flat_map(|(point, _)| *point).collect();
        let [left, top, right, bottom] = geometry::bounds(&coordinates).unwrap_or_default();
        shape.begin(&mut out.bytes);
        // The far corner is made from the near one and the size, as CVAT does.
        write_box(&mut out.bytes, [left, top, left + (right - left), top + (bottom - top)], picture);
        for keypoint in keypoints {
            match keypoint {
                Some((point, visibility)) => {
                    write_shares(&mut out.bytes, point, picture);
                    out.bytes.extend_from_slice(&[b' ', b'0' + visibility as u8]);
                }
                // Another skeleton has more points, or the element is missing.
                None => out.text(" 0.0 0.0 0"),
            }
        }
        out.text("\n");
        Ok(outcome)
    }
}

/// Takes away the points that are not in sight or not in the picture.
fn leave_inside(keypoints: &mut [Option<Keypoint>], picture: [f64; 2]) -> Outcome {
    let is_inside = |point: [f64; 2]| point.iter().zip(picture).all(|(value, extent)| (0.0..=extent).contains(value));
    let mut outcome = Outcome::Written;
    for keypoint in keypoints.iter_mut() {
        keypoint.take_if(|(_, visibility)| *visibility == Visibility::Absent);
        if keypoint.take_if(|(point, _)| !is_inside(*point)).is_some() {
            outcome = PARTLY_OUTSIDE;
        }
    }
    if keypoints.iter().all(Option::is_none) { OUTSIDE } else { outcome }
}

impl Poses {
    fn keypoints_of(&self, shape: &Shape<'_>, out: &mut Output) -> Vec<Option<Keypoint>> {
        let mut keypoints = vec![None; self.keypoints];
        let elements = &mut out.scratch.elements;
        elements.clear();
        shape.timeline.push_elements(shape.item, elements);
        for element in elements.iter() {
            let slot = self.place_of[element.label as usize].and_then(|place| keypoints.get_mut(place));
            let point = shape.timeline.points(element, &mut out.scratch.points);
            if let (Some(slot), Some(&[x, y])) = (slot, point.first_chunk()) {
                *slot = Some(([x, y].map(round2_numpy), Visibility::of(element)));
            }
        }
        keypoints
    }
}
