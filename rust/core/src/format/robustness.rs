//! No annotation, however senseless, may make a format panic: it is written, reported or an error.

use proptest::prelude::*;

use super::ALL;
use super::testing::export_for;
use crate::dataset::{JobKind, Project, ValidationMode};
use crate::plan::Profile;
use crate::schema::{InputType, Label, ShapeKind};
use crate::timeline::Scene;
use crate::timeline::testing::*;

const SIZE: u32 = 6;
/// Frames and absolute frames may be as large as this in a dataset that can be opened.
const LAST_FRAME: u32 = i32::MAX as u32 - 1;
const LAST_ABSOLUTE: u64 = (1 << 48) - 1 - 1000;

fn labels() -> Vec<Label> {
    let attributes = [
        ("is_crowd", InputType::Checkbox, ""),
        ("score", InputType::Text, "inf"),
        ("track_id", InputType::Text, "1"),
        ("visibility", InputType::Number, "1e400"),
    ];
    vec![label_with("a", &attributes), label("skeleton"), sublabel("a", 1), label("\u{0}<\"'\n")]
}

fn number() -> impl Strategy<Value = f64> {
    let extremes =
        [0.0, -0.0, 0.005, 5e-324, 1e9, 4294967295.5, -2147483649.0, 9.3e18, -1e19, 1e153, f64::MAX, f64::MIN];
    prop_oneof![4 => (-900_i32..900).prop_map(|value| f64::from(value) / 100.0), 1 => prop::sample::select(extremes.to_vec())]
}

fn points(kind: ShapeKind) -> BoxedStrategy<Vec<f64>> {
    let any = prop::collection::vec(number(), 0..20);
    let fitting = match kind {
        ShapeKind::Rectangle | ShapeKind::Ellipse => 4..=4,
        ShapeKind::Cuboid => 16..=16,
        ShapeKind::Skeleton => 0..=0,
        _ => 6..=12,
    };
    let mask = (prop::collection::vec(0_u32..9, 1..6), -3_i32..9, -3_i32..9).prop_map(|(runs, left, top)| {
        // One row that the runs fill.
        let sum: u32 = runs.iter().sum();
        let mut points: Vec<f64> = runs.into_iter().map(f64::from).collect();
        let right = left + i32::try_from(sum).unwrap() - 1;
        points.extend([left, top, right, top].map(f64::from));
        points
    });
    let sensible = prop::collection::vec(number(), fitting);
    match kind {
        ShapeKind::Mask => prop_oneof![3 => mask, 1 => any].boxed(),
        _ => prop_oneof![3 => sensible, 1 => any].boxed(),
    }
}

fn kind() -> impl Strategy<Value = ShapeKind> {
    prop::sample::select(ShapeKind::ALL.to_vec())
}

fn label_number() -> impl Strategy<Value = u32> {
    prop::sample::select(vec![0, 1, 3])
}

/// Only the first label has attributes.
fn values(label: u32) -> impl Strategy<Value = Values> {
    let texts = vec!["", "true", "nan", "-inf", "1_0", "99999999999999999999", "1e308"];
    let value = (0_u32..4, prop::sample::select(texts));
    // Rarely, since most are errors that end an export.
    prop::option::weighted(0.03, value).prop_map(move |value| value.into_iter().filter(|_| label == 0).collect())
}

fn drawn(kind: ShapeKind, label: u32) -> impl Strategy<Value = ShapeSketch> {
    let place = (0..SIZE, prop::sample::select(vec![0, 1, 1, 2, u32::MAX]));
    let flags = (any::<bool>(), any::<bool>(), prop::sample::select(vec![0, 1, i32::MIN, i32::MAX]));
    (place, flags, number(), points(kind), values(label)).prop_map(
        move |((frame, group), (occluded, outside, z_order), rotation, points, values)| ShapeSketch {
            group,
            occluded,
            outside,
            z_order,
            rotation,
            values,
            ..shape(kind, label, frame, &points)
        },
    )
}

fn any_shape() -> impl Strategy<Value = ShapeSketch> {
    let shape = (kind(), label_number()).prop_flat_map(|(kind, label)| drawn(kind, label));
    let element = prop_oneof![4 => Just(ShapeKind::Points), 1 => kind()];
    let elements = prop::collection::vec(element.prop_flat_map(|kind| drawn(kind, 2)), 0..3);
    (shape, elements).prop_map(|(shape, elements)| ShapeSketch { elements, ..shape })
}

fn keyframes(kind: ShapeKind, label: u32) -> impl Strategy<Value = Vec<ShapeSketch>> {
    // Two keyframes on one frame are an error, so that they must be rare.
    let gap = prop_oneof![1 => Just(0), 60 => 1..4_u32, 4 => Just(LAST_FRAME / 4)];
    prop::collection::vec((gap, drawn(kind, label)), 0..5).prop_map(|keys| {
        let mut frame = 0;
        let place = |(gap, sketch): (u32, ShapeSketch)| {
            let placed = ShapeSketch { frame, ..sketch };
            frame += gap;
            placed
        };
        keys.into_iter().map(place).collect()
    })
}

fn any_track() -> impl Strategy<Value = TrackSketch> {
    let plain = (kind(), label_number())
        .prop_flat_map(|(kind, label)| keyframes(kind, label).prop_map(move |keys| track(kind, label, keys)));
    let element = prop_oneof![4 => Just(ShapeKind::Points), 1 => kind()];
    let element = element.prop_flat_map(|kind| keyframes(kind, 2).prop_map(move |keys| track(kind, 2, keys)));
    (plain, prop::collection::vec(element, 0..3), prop::option::weighted(0.2, 0..9_u32))
        .prop_map(|(track, elements, frame)| TrackSketch { elements, frame: frame.unwrap_or(track.frame), ..track })
}

fn any_job(start: u32, stop: u32) -> impl Strategy<Value = JobSketch> {
    let kinds = vec![JobKind::Annotation, JobKind::Annotation, JobKind::GroundTruth, JobKind::Replica];
    let tags = prop::collection::vec((0..SIZE, 0_u32..4), 0..3);
    let shapes = prop::collection::vec(any_shape(), 0..5);
    let tracks = prop::collection::vec(any_track(), 0..4);
    (prop::sample::select(kinds), tags, shapes, tracks).prop_map(move |(kind, tags, shapes, tracks)| JobSketch {
        kind,
        tags,
        shapes,
        tracks,
        ..job(start, stop)
    })
}

prop_compose! {
    fn any_task()(
        jobs in (any_job(0, 3), any_job(2, 5)),
        (width, height) in prop::sample::select(vec![(8, 6), (8, 6), (0, 0), (0, 5), (1, 70_000), (70_000, 1)]),
        has_pictures in any::<bool>(),
        is_3d in prop::bool::weighted(0.2),
        deleted in prop::collection::btree_set(0..SIZE, 0..3),
        (start_frame, step) in prop::sample::select(vec![(0, 1), (LAST_ABSOLUTE, 1), (7, 100)]),
        overlap in 0..SIZE,
        validation in prop::sample::select(vec![None, Some(ValidationMode::Gt), Some(ValidationMode::GtPool)]),
    ) -> TaskSketch {
        let names = vec!["", ".", "a.JPG", "a.png", "../b", "7"];
        TaskSketch {
            width,
            height,
            pictures: if has_pictures { names } else { Vec::new() },
            is_3d,
            deleted: deleted.into_iter().collect(),
            start_frame,
            step,
            overlap,
            validation,
            ..video(SIZE, vec![jobs.0, jobs.1])
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_annotation_makes_a_format_panic(tasks in prop::collection::vec(any_task(), 1..3), is_project: bool) {
        let dataset = unchecked(labels(), is_project.then(Project::default), tasks);
        let scenes = (0..2).map(|job| Scene::of_job(&dataset, 0, job)).chain([Scene::new(&dataset)]);
        for scene in scenes.flatten() {
            for format in ALL {
                // Errors are answers.
                let _ = export_for(Profile::Cvat, format, &scene);
                let _ = export_for(Profile::Training, format, &scene);
            }
        }
    }
}
