use super::*;
use crate::dataset::Dataset;
use crate::format::testing::export_all;
use crate::schema::InputType;
use crate::timeline::testing::*;

/// What stands behind the categories, item by item.
fn items(dataset: &Dataset) -> Vec<String> {
    let made = export_all(&FORMAT, dataset).unwrap();
    let (_, items) = made.text("annotations/default.json").split_once("]}}, \"items\": [").unwrap();
    items.strip_suffix("]}").unwrap().split(", {\"id\": \"").map(str::to_owned).collect()
}

fn annotations(dataset: &Dataset) -> String {
    let [item] = items(dataset).try_into().unwrap();
    let (_, rest) = item.split_once("\"annotations\": [").unwrap();
    rest.split_once("], \"attr\"").unwrap().0.to_owned()
}

#[test]
fn the_head_lists_labels_attributes_and_drawings() {
    let nose = sublabel("näse", 0);
    let mut pose = label_with("pose", &[("speed", InputType::Number, "0")]);
    pose.kind = "skeleton".into();
    pose.svg = Some(
        r#"<circle data-node-id="1" data-label-name="näse"></circle><line data-node-from="1" data-node-to="1"></line>"#
            .into(),
    );
    let made = export_all(&FORMAT, &task(vec![pose, nose], video(0, vec![]))).unwrap();
    assert_eq!(
        made.text("annotations/default.json"),
        concat!(
            r#"{"dm_format_version": "1.0", "media_type": 2, "infos": {}, "categories": {"label": {"labels": ["#,
            r#"{"name": "pose", "parent": "", "attributes": []}, "#,
            r#"{"name": "n\u00e4se", "parent": "pose", "attributes": []}], "#,
            r#""label_groups": [], "attributes": ["occluded", "speed"]}, "points": {"items": ["#,
            r#"{"label_id": 0, "labels": ["n\u00e4se"], "joints": [[1, 1]], "positions": []}]}}, "items": []}"#,
        )
    );
}

#[test]
fn an_item_names_its_frame_and_its_picture() {
    let sketch = |sketch| TaskSketch { start_frame: 10, step: 5, ..sketch };
    let jobs = || vec![job(0, 1)];
    assert_eq!(
        items(&task(vec![], sketch(pictures(&["a/b.JPG", "c"], jobs())))),
        [
            r#"{"id": "a/b", "annotations": [], "attr": {"frame": 10}, "image": {"path": "a/b.JPG", "size": [6, 8]}}"#,
            r#"c", "annotations": [], "attr": {"frame": 15}, "image": {"path": "c", "size": [6, 8]}}"#,
        ]
    );
    let video = items(&task(vec![], sketch(video(2, jobs()))));
    assert!(video[1].starts_with(r#"frame_000015", "#), "{}", video[1]);
    assert!(video[1].contains(r#""path": "frame_000015.PNG""#), "{}", video[1]);
}

#[test]
fn tags_stand_before_shapes_and_tracks_say_what_they_are() {
    let labels = vec![label_with("car", &[("parked", InputType::Checkbox, "true")])];
    let track = track(ShapeKind::Rectangle, 0, vec![key(0, &[0.1, 0.0, 10.3, 1.0])]);
    let shapes = vec![shape(ShapeKind::Cuboid, 0, 0, &[0.0; 16])];
    let jobs = vec![JobSketch { tags: vec![(0, 0)], shapes, tracks: vec![track], ..job(0, 0) }];
    let dataset = task(labels, video(1, jobs));
    assert_eq!(
        annotations(&dataset),
        concat!(
            r#"{"id": 0, "type": "label", "attributes": {"parked": true}, "group": 0, "label_id": 0}, "#,
            r#"{"id": 0, "type": "bbox", "attributes": {"parked": true, "occluded": false, "rotation": 0.0, "#,
            r#""track_id": 0, "keyframe": true}, "group": 0, "label_id": 0, "z_order": 0, "#,
            r#""bbox": [0.1, 0.0, 10.200000000000001, 1.0]}"#,
        )
    );
    let rows = export_all(&FORMAT, &dataset).unwrap().rows();
    assert_eq!(rows, ["car rectangle written 1", "car cuboid dropped 1", "car tag written 1"]);
}

#[test]
fn each_kind_of_shape_has_its_coordinates() {
    let last = |kind, points: &[f64]| {
        let shapes = vec![ShapeSketch { z_order: 3, group: 7, ..shape(kind, 0, 0, points) }];
        let jobs = vec![JobSketch { shapes, ..job(0, 0) }];
        let made = annotations(&task(vec![label("a")], pictures(&["a.png"], jobs)));
        made.split_once(r#""group": 7, "label_id": 0, "#).unwrap().1.to_owned()
    };
    assert_eq!(
        last(ShapeKind::Points, &[0.125, 2.0, 3.0, 4.0]),
        r#""points": [0.12, 2.0, 3.0, 4.0], "z_order": 3, "visibility": [2, 2]}"#
    );
    assert_eq!(last(ShapeKind::Polyline, &[0.0, 1.0, 2.0, 3.0]), r#""points": [0.0, 1.0, 2.0, 3.0], "z_order": 3}"#);
    assert_eq!(
        last(ShapeKind::Ellipse, &[10.0, 20.0, 15.0, 12.0]),
        r#""points": [5.0, 12.0, 15.0, 28.0], "z_order": 3}"#
    );
    // Text of the run lengths printed by pycocotools.
    assert_eq!(
        last(ShapeKind::Mask, &[0.0, 12.0, 1.0, 1.0, 4.0, 3.0]),
        r#""rle": {"counts": "73300000a0", "size": [6, 8]}, "z_order": 3}"#
    );
}
