use super::*;
use crate::format::testing::{Export, export_all};
use crate::schema::{InputType, Label};
use crate::timeline::testing::*;

const BOX: [f64; 4] = [0.0, 0.0, 2.0, 1.0];

fn two_labels() -> Vec<Label> {
    vec![label("car"), label("person"), sublabel("nose", 1)]
}

fn export_task(labels: Vec<Label>, sketch: TaskSketch) -> Export {
    export_all(&FORMAT, &task(labels, sketch)).unwrap()
}

fn boxes(keyframes: Vec<ShapeSketch>) -> TrackSketch {
    track(ShapeKind::Rectangle, 0, keyframes)
}

#[test]
fn rows_are_printed_as_python_prints_them_and_labels_end_without_a_line_feed() {
    let tracked = boxes(vec![key(0, &[100.1, 50.25, 110.3, 30.7])]);
    let single = ShapeSketch { occluded: true, z_order: 1, ..rectangle(1, 0, [1.0, 2.675, 11.0, 12.675]) };
    let jobs = vec![JobSketch { shapes: vec![single], tracks: vec![tracked], ..job(0, 0) }];
    let export = export_task(two_labels(), video(1, jobs));
    assert_eq!(export.names(), ["gt/gt.txt", "gt/labels.txt"]);
    assert_eq!(
        export.text("gt/gt.txt"),
        "1,1,100.1,50.25,10.200000000000003,-19.55,1,1,1.0\r\n1,-1,1.0,2.68,10.0,10.0,1,2,0.0\r\n"
    );
    assert_eq!(export.text("gt/labels.txt"), "car\nperson\nnose");
    let empty = export_task(vec![], video(1, vec![]));
    assert_eq!((empty.text("gt/gt.txt"), empty.text("gt/labels.txt")), ("", ""));
}

/// The first column of all rows.
fn frames(export: &Export) -> Vec<&str> {
    export.text("gt/gt.txt").lines().filter_map(|line| line.split(',').next()).collect()
}

#[test]
fn names_that_are_numbers_are_the_frames_and_all_others_their_places() {
    let names = ["000005.jpg", "x.jpg", "2024_01_05.jpg", "cam/000001.jpg", "-3.jpg"];
    let shapes = (0..5).map(|frame| rectangle(0, frame, BOX)).collect();
    let export = export_task(two_labels(), pictures(&names, vec![JobSketch { shapes, ..job(0, 4) }]));
    assert_eq!(frames(&export), ["5", "2", "20240105", "4", "-3"]);
    let tracks = vec![boxes(vec![key(0, &BOX)])];
    let sketch = TaskSketch { deleted: vec![1], start_frame: 70, ..video(4, vec![JobSketch { tracks, ..job(0, 3) }]) };
    assert_eq!(frames(&export_task(two_labels(), sketch)), ["1", "2", "3"]);
}

#[test]
fn tracks_are_numbered_in_the_order_in_which_they_appear() {
    let tracks = vec![boxes(vec![key(2, &BOX)]), boxes(vec![gone(0, &BOX)]), boxes(vec![key(1, &BOX), gone(2, &BOX)])];
    let jobs = vec![JobSketch { shapes: vec![rectangle(0, 0, BOX)], tracks, ..job(0, 2) }];
    let export = export_task(two_labels(), video(3, jobs));
    assert_eq!(
        export.text("gt/gt.txt"),
        "1,-1,0.0,0.0,2.0,1.0,1,1,1.0\r\n2,1,0.0,0.0,2.0,1.0,1,1,1.0\r\n3,2,0.0,0.0,2.0,1.0,1,1,1.0\r\n"
    );
}

#[test]
fn a_project_is_one_sequence_in_which_tracks_of_one_place_share_a_number() {
    let with = |tracks| video(2, vec![JobSketch { tracks, ..job(0, 1) }]);
    let other = boxes(vec![gone(0, &BOX)]);
    let tasks = vec![
        with(vec![boxes(vec![key(1, &BOX)])]),
        with(vec![other, boxes(vec![key(0, &BOX)])]),
        with(vec![boxes(vec![key(1, &BOX)])]),
    ];
    let export = export_all(&FORMAT, &project(two_labels(), tasks)).unwrap();
    let columns: Vec<&str> = export.text("gt/gt.txt").lines().map(|line| &line[..3]).collect();
    assert_eq!(columns, ["2,1", "3,2", "4,2", "6,1"]);
}

#[test]
fn some_attributes_have_a_meaning_of_their_own() {
    let labels = |visibility| {
        let attributes = [
            ("ignored", InputType::Checkbox, "false"),
            ("visibility", visibility, "0.5"),
            ("track_id", InputType::Text, "-1"),
        ];
        vec![label_with("car", &attributes)]
    };
    let valued = |values| ShapeSketch { occluded: true, values, ..rectangle(0, 0, BOX) };
    let shapes = vec![valued(vec![(0, "true"), (1, " 0.25 "), (2, "70")]), valued(vec![(2, "07")]), valued(vec![])];
    let tracks = vec![boxes(vec![key(0, &BOX)])];
    let jobs = vec![JobSketch { shapes, tracks, ..job(0, 0) }];
    let export = export_task(labels(InputType::Text), video(1, jobs.clone()));
    assert_eq!(
        export.text("gt/gt.txt"),
        concat!(
            "1,1,0.0,0.0,2.0,1.0,0,1,0.25\r\n",
            "1,2,0.0,0.0,2.0,1.0,1,1,0.5\r\n",
            "1,-1,0.0,0.0,2.0,1.0,1,1,0.5\r\n",
            "1,3,0.0,0.0,2.0,1.0,1,1,0.5\r\n",
        )
    );
    // A checkbox is 1 or 0.
    let export = export_task(labels(InputType::Checkbox), video(1, jobs));
    assert_eq!(export.text("gt/gt.txt").lines().map(|line| &line[line.len() - 3..]).collect::<Vec<_>>(), ["0.0"; 4]);
}

#[test]
fn a_value_without_a_meaning_is_an_error_with_its_place() {
    for (attribute, text) in [("visibility", "much"), ("track_id", "A7"), ("track_id", "")] {
        let labels = vec![label_with("car", &[(attribute, InputType::Text, "1")])];
        let shapes = vec![ShapeSketch { values: vec![(0, text)], ..rectangle(0, 1, BOX) }];
        let dataset = task(labels, video(2, vec![JobSketch { shapes, ..job(0, 1) }]));
        let error = export_all(&FORMAT, &dataset).map(|_| ()).unwrap_err();
        assert_eq!(error.code(), Code::BadAttributeValue, "{attribute} {text:?}");
        assert_eq!(error.place().to_string(), "task \"drive\", frame 1, label \"car\"");
    }
}

#[test]
fn everything_but_boxes_is_dropped_and_turned_boxes_lose_their_angle() {
    let shapes = vec![
        rectangle(0, 0, BOX),
        ShapeSketch { rotation: 30.0, ..rectangle(0, 0, BOX) },
        shape(ShapeKind::Polygon, 0, 0, &[0.0, 0.0, 4.0, 0.0, 4.0, 4.0]),
        shape(ShapeKind::Mask, 1, 0, &[0.0, 1.0, 0.0, 0.0, 0.0, 0.0]),
    ];
    let export = export_task(two_labels(), video(1, vec![JobSketch { shapes, tags: vec![(0, 1)], ..job(0, 0) }]));
    assert_eq!(
        export.rows(),
        [
            "car rectangle written 1",
            "car rectangle converted 1",
            "car polygon dropped 1",
            "person mask dropped 1",
            "person tag dropped 1",
        ]
    );
    assert_eq!(export.text("gt/gt.txt"), "1,-1,0.0,0.0,2.0,1.0,1,1,1.0\r\n".repeat(2));
}
