use super::super::Scene;
use super::super::testing::*;
use super::*;
use crate::dataset::{JobKind, ValidationMode};
use crate::schema::Label;

const BOX: [f64; 4] = [0.0, 0.0, 10.0, 10.0];
const FAR: [f64; 4] = [50.0, 50.0, 60.0, 60.0];
const SQUARE: [f64; 8] = [0.0, 0.0, 10.0, 0.0, 10.0, 10.0, 0.0, 10.0];

fn labels() -> Vec<Label> {
    vec![label("car"), label("van"), label("person"), sublabel("nose", 2)]
}

fn boxes(keyframes: Vec<ShapeSketch>) -> TrackSketch {
    track(ShapeKind::Rectangle, 0, keyframes)
}

/// Two jobs over frames 0 to 5 and 3 to 9 with these tracks.
fn overlapping(first: Vec<TrackSketch>, second: Vec<TrackSketch>) -> Dataset {
    let jobs = vec![JobSketch { tracks: first, ..job(0, 5) }, JobSketch { tracks: second, ..job(3, 9) }];
    task(labels(), TaskSketch { overlap: 3, ..video(10, jobs) })
}

/// Frames of the keyframes of each track; `!` where the object is out of sight.
fn keyframes(dataset: &Dataset) -> Vec<String> {
    let scene = Scene::new(dataset).unwrap();
    let timeline = &scene.timelines[0];
    let frames = |track| {
        let frames = timeline.keyframes(track).iter();
        frames.map(|it| format!("{}{}", it.frame, if it.outside { "!" } else { "" })).collect::<Vec<_>>().join(" ")
    };
    timeline.tracks.tracks.iter().map(frames).collect()
}

fn losses(dataset: &Dataset) -> Vec<(Option<ShapeKind>, u32, u64)> {
    let scene = Scene::new(dataset).unwrap();
    scene.timelines[0].losses.iter().map(|loss| (loss.kind, loss.frame, loss.count)).collect()
}

#[test]
fn a_track_ends_on_the_first_frame_of_the_next_job_and_the_last_jobs_run_on() {
    let jobs = vec![
        JobSketch { tracks: vec![boxes(vec![key(1, &BOX)])], ..job(0, 4) },
        JobSketch { tracks: vec![boxes(vec![key(6, &FAR)])], ..job(5, 7) },
    ];
    let dataset = task(labels(), video(8, jobs));
    let scene = Scene::new(&dataset).unwrap();
    let timeline = &scene.timelines[0];
    assert_eq!(
        printed(timeline, 0),
        [
            "1: car 0 0 10 10 #0 key",
            "2: car 0 0 10 10 #0",
            "3: car 0 0 10 10 #0",
            "4: car 0 0 10 10 #0",
            "5: car 0 0 10 10 #0 key outside",
        ]
    );
    assert_eq!(printed(timeline, 1), ["6: car 50 50 60 60 #1 key", "7: car 50 50 60 60 #1"]);
    assert_eq!(timeline.losses, []);
}

#[test]
fn a_track_that_has_ended_is_not_ended_again_by_later_jobs() {
    let with = |start, stop| JobSketch { tracks: vec![boxes(vec![key(start, &BOX)])], ..job(start, stop) };
    let dataset = task(labels(), video(9, vec![with(0, 2), with(3, 5), with(6, 8)]));
    assert_eq!(keyframes(&dataset), ["0 3!", "3 6!", "6"]);
    let hidden = boxes(vec![key(0, &BOX), gone(2, &BOX)]);
    let dataset = task(labels(), video(6, vec![JobSketch { tracks: vec![hidden], ..job(0, 2) }, job(3, 5)]));
    assert_eq!(keyframes(&dataset), ["0 2!"]);
}

#[test]
fn the_elements_of_a_skeleton_end_with_it() {
    let skeleton = |own: Vec<ShapeSketch>| TrackSketch {
        elements: vec![track(ShapeKind::Points, 3, vec![key(0, &[1.0, 1.0])])],
        ..track(ShapeKind::Skeleton, 2, own)
    };
    let of = |own| task(labels(), video(4, vec![JobSketch { tracks: vec![skeleton(own)], ..job(0, 1) }, job(2, 3)]));
    let dataset = of(vec![key(0, &[])]);
    let scene = Scene::new(&dataset).unwrap();
    assert_eq!(
        printed(&scene.timelines[0], 0),
        [
            "0: person #0 key [nose 1 1 #0 key]",
            "1: person #0 [nose 1 1 #0]",
            "2: person #0 key outside [nose 1 1 #0 key outside]",
        ]
    );
    // CVAT looks at the elements only where it ends the skeleton itself.
    let dataset = of(vec![key(0, &[]), gone(1, &[])]);
    let scene = Scene::new(&dataset).unwrap();
    let timeline = &scene.timelines[0];
    assert_eq!(timeline.keyframes(&timeline.tracks.elements[0]).len(), 1);
}

#[test]
fn a_keyframe_beyond_the_job_follows_the_end_of_its_track() {
    let jobs = vec![JobSketch { tracks: vec![boxes(vec![key(0, &BOX), key(4, &FAR)])], ..job(0, 1) }, job(2, 5)];
    let dataset = task(labels(), video(6, jobs));
    assert_eq!(keyframes(&dataset), ["0 2! 4"]);
    let scene = Scene::new(&dataset).unwrap();
    assert_eq!(
        shown(&scene.timelines[0]),
        ["0: car 0 0 10 10 #0 key", "1: car 25 25 35 35 #0", "4: car 50 50 60 60 #0 key", "5: car 50 50 60 60 #0",]
    );
}

#[test]
fn tracks_that_are_alike_in_the_window_are_joined_and_the_earlier_jobs_keyframe_wins() {
    let old = boxes(vec![key(1, &BOX), key(4, &BOX)]);
    let new = boxes(vec![key(3, &BOX), key(4, &[0.0, 0.0, 10.0, 9.0]), key(8, &FAR)]);
    let dataset = overlapping(vec![old], vec![new]);
    assert_eq!(keyframes(&dataset), ["1 3 4 8"]);
    let scene = Scene::new(&dataset).unwrap();
    assert_eq!(shown_at(&scene.timelines[0], 4..5), ["4: car 0 0 10 10 #0 key"]);
    assert_eq!(losses(&dataset), [(Some(ShapeKind::Rectangle), 4, 1)]);
}

#[test]
fn a_track_that_starts_before_its_partner_of_the_earlier_job_is_lost() {
    let dataset =
        overlapping(vec![boxes(vec![key(4, &BOX)])], vec![boxes(vec![key(3, &BOX), key(9, &[0.0, 0.0, 10.0, 10.0])])]);
    assert_eq!(keyframes(&dataset), ["4"]);
    let scene = Scene::new(&dataset).unwrap();
    assert_eq!(shown(&scene.timelines[0]).len(), 6, "from frame 4 to the end of the task");
    assert_eq!(losses(&dataset), [(Some(ShapeKind::Rectangle), 3, 2)]);
}

#[test]
fn a_mean_overlap_of_half_joins_and_less_does_not() {
    let at = |bottom: f64| {
        overlapping(vec![boxes(vec![key(0, &BOX)])], vec![boxes(vec![key(3, &[0.0, 0.0, 10.0, bottom])])])
    };
    // All three frames of the window show the boxes with this overlap.
    assert_eq!(keyframes(&at(5.0)), ["0 3"]);
    assert_eq!(keyframes(&at(4.75)), ["0 6!", "3"]);
    // One of two frames with the second track, but both with the first: errors 0, 0 and 1.
    let late = overlapping(vec![boxes(vec![key(0, &BOX)])], vec![boxes(vec![key(4, &BOX)])]);
    assert_eq!(keyframes(&late), ["0 4"]);
    let later = overlapping(vec![boxes(vec![key(0, &BOX)])], vec![boxes(vec![key(5, &BOX)])]);
    assert_eq!(keyframes(&later), ["0 6!", "5"]);
}

#[test]
fn only_boxes_and_polygons_of_one_label_can_be_joined() {
    let both = |kind, label, points: &[f64]| {
        let of = |label, frame| vec![track(kind, label, vec![key(frame, points)])];
        keyframes(&overlapping(of(0, 0), of(label, 3)))
    };
    assert_eq!(both(ShapeKind::Rectangle, 0, &BOX), ["0 3"]);
    assert_eq!(both(ShapeKind::Rectangle, 1, &BOX), ["0 6!", "3"]);
    assert_eq!(both(ShapeKind::Polygon, 0, &SQUARE), ["0 3"]);
    assert_eq!(both(ShapeKind::Polyline, 0, &SQUARE), ["0 6!", "3"]);
    assert_eq!(both(ShapeKind::Points, 0, &[1.0, 1.0]), ["0 6!", "3"]);
    assert_eq!(both(ShapeKind::Ellipse, 0, &BOX), ["0 6!", "3"]);
    assert_eq!(both(ShapeKind::Cuboid, 0, &[1.0; 16]), ["0 6!", "3"]);
}

#[test]
fn of_one_job_the_tracks_behind_the_window_come_first() {
    let at = |frame| boxes(vec![key(frame, &FAR)]);
    let dataset = overlapping(vec![boxes(vec![key(0, &BOX)])], vec![at(3), at(7), at(4)]);
    assert_eq!(keyframes(&dataset), ["0 6!", "7", "3", "4"]);
    // The first job has a window too, although there is nothing to compare it with.
    let dataset = overlapping(vec![at(1), at(3), at(2)], vec![]);
    assert_eq!(keyframes(&dataset), ["3 6!", "1 6!", "2 6!"]);
}

/// What the jobs 0 to 4 and 3 to 7 show with these shapes.
fn shapes_of(first: Vec<ShapeSketch>, second: Vec<ShapeSketch>) -> Dataset {
    let jobs = vec![JobSketch { shapes: first, ..job(0, 4) }, JobSketch { shapes: second, ..job(3, 7) }];
    task(labels(), TaskSketch { overlap: 2, ..video(8, jobs) })
}

fn all_shapes(dataset: &Dataset) -> Vec<String> {
    let scene = Scene::new(dataset).unwrap();
    shown(&scene.timelines[0])
}

#[test]
fn a_shape_that_an_earlier_job_has_too_is_dropped_and_others_follow_job_by_job() {
    let first = vec![rectangle(0, 3, BOX), rectangle(0, 4, BOX)];
    let second =
        vec![rectangle(0, 4, [1.0, 0.0, 11.0, 10.0]), rectangle(0, 4, FAR), rectangle(0, 6, [0.0, 0.0, 1.0, 1.0])];
    let dataset = shapes_of(first, second);
    assert_eq!(all_shapes(&dataset), ["3: car 0 0 10 10", "4: car 0 0 10 10, car 50 50 60 60", "6: car 0 0 1 1"]);
    assert_eq!(losses(&dataset), [(Some(ShapeKind::Rectangle), 4, 1)]);
}

#[test]
fn three_quarters_in_common_are_one_shape_and_less_are_two() {
    let with = |right: f64| {
        shapes_of(vec![rectangle(0, 4, [0.0, 0.0, 4.0, 4.0])], vec![rectangle(0, 4, [0.0, 0.0, right, 4.0])])
    };
    assert_eq!(all_shapes(&with(3.0)).len(), 1);
    assert!(all_shapes(&with(3.0))[0].ends_with("4: car 0 0 4 4"));
    assert_eq!(all_shapes(&with(2.99)), ["4: car 0 0 4 4, car 0 0 2.99 4"]);
}

#[test]
fn equal_shapes_of_another_kind_or_label_both_stay() {
    let twice = |one: ShapeSketch, other: ShapeSketch| losses(&shapes_of(vec![one], vec![other])).len();
    let mask = || shape(ShapeKind::Mask, 0, 3, &[0.0, 4.0, 0.0, 0.0, 1.0, 1.0]);
    let line = || shape(ShapeKind::Polyline, 0, 3, &SQUARE);
    let polygon = |label| shape(ShapeKind::Polygon, label, 3, &SQUARE);
    assert_eq!(twice(mask(), mask()), 0);
    assert_eq!(twice(line(), line()), 0);
    assert_eq!(twice(polygon(0), polygon(0)), 1);
    assert_eq!(twice(polygon(0), polygon(1)), 0);
    assert_eq!(twice(rectangle(0, 3, BOX), polygon(0)), 0);
    // Within a job nothing is compared.
    assert_eq!(losses(&shapes_of(vec![polygon(0), polygon(0)], vec![])), []);
}

#[test]
fn tags_are_paired_one_to_one_by_label_and_come_by_frame() {
    let jobs = vec![
        JobSketch { tags: vec![(0, 0), (3, 0), (3, 1), (4, 0)], ..job(0, 4) },
        JobSketch { tags: vec![(3, 0), (3, 0), (4, 1), (5, 0)], ..job(3, 7) },
    ];
    let dataset = task(labels(), TaskSketch { overlap: 2, ..video(8, jobs) });
    assert_eq!(all_shapes(&dataset), ["0: <car>", "3: <car>, <van>, <car>", "4: <car>, <van>", "5: <car>"]);
    assert_eq!(losses(&dataset), [(None, 3, 1)]);
}

#[test]
fn ground_truth_counts_with_honeypots_only_and_replicas_never() {
    let shapes = |x: f64| vec![rectangle(0, 0, [x, 0.0, x + 1.0, 1.0])];
    let with = |validation| {
        let jobs = vec![
            JobSketch { shapes: shapes(1.0), ..job(0, 0) },
            JobSketch { shapes: shapes(20.0), kind: JobKind::Replica, ..job(0, 0) },
            JobSketch { shapes: shapes(30.0), kind: JobKind::GroundTruth, ..job(0, 0) },
        ];
        all_shapes(&task(labels(), TaskSketch { validation, ..video(1, jobs) }))
    };
    assert_eq!(with(None), ["0: car 1 0 2 1"]);
    assert_eq!(with(Some(ValidationMode::Gt)), ["0: car 1 0 2 1"]);
    assert_eq!(with(Some(ValidationMode::GtPool)), ["0: car 1 0 2 1, car 30 0 31 1"]);
}

#[test]
fn tracks_without_keyframes_do_not_count() {
    let dataset = overlapping(vec![boxes(vec![]), boxes(vec![key(0, &BOX)])], vec![boxes(vec![])]);
    assert_eq!(keyframes(&dataset), ["0 6!"]);
}
