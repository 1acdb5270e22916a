use super::*;
use crate::dataset::Dataset;
use crate::error::Code;
use crate::format::testing::export_all;
use crate::schema::{InputType, Label, ShapeKind};
use crate::timeline::testing::*;

const INSTANCES: &str = "annotations/instances_default.json";
const DOG: [f64; 8] = [1.0, 1.0, 5.0, 1.0, 5.0, 4.0, 1.0, 4.0];
const MASK: [f64; 6] = [0.0, 12.0, 1.0, 1.0, 4.0, 3.0];

fn pets() -> Vec<Label> {
    vec![label("cat"), label("dog")]
}

/// One frame of 8 by 6 pixels with these shapes.
fn of_shapes(labels: Vec<Label>, shapes: Vec<ShapeSketch>) -> Dataset {
    task(labels, video(1, vec![JobSketch { shapes, ..job(0, 0) }]))
}

/// What stands in the list of annotations.
fn annotations(dataset: &Dataset) -> String {
    let export = export_all(&FORMAT, dataset).unwrap();
    let (_, annotations) = export.text(INSTANCES).split_once("\"annotations\":[").unwrap();
    annotations.strip_suffix("]}").unwrap().to_owned()
}

#[test]
fn a_file_has_its_five_lists_on_one_line() {
    let mut labels = pets();
    labels.push(sublabel("nose", 1));
    let dataset = of_shapes(labels, vec![shape(ShapeKind::Polygon, 1, 0, &DOG)]);
    let export = export_all(&FORMAT, &dataset).unwrap();
    assert_eq!(export.names(), [INSTANCES]);
    assert_eq!(
        export.text(INSTANCES),
        concat!(
            r#"{"licenses":[{"name":"","id":0,"url":""}],"#,
            r#""info":{"contributor":"","date_created":"","description":"","url":"","version":"","year":""},"#,
            r#""categories":[{"id":1,"name":"cat","supercategory":""},{"id":2,"name":"dog","supercategory":""},"#,
            r#"{"id":3,"name":"nose","supercategory":"dog"}],"#,
            r#""images":[{"id":1,"width":8,"height":6,"file_name":"frame_000000.png","license":0,"flickr_url":"","#,
            r#""coco_url":"","date_captured":0}],"#,
            r#""annotations":[{"id":1,"image_id":1,"category_id":2,"#,
            r#""segmentation":[[1.0,1.0,5.0,1.0,5.0,4.0,1.0,4.0]],"area":12.0,"bbox":[1.0,1.0,4.0,3.0],"iscrowd":0,"#,
            r#""attributes":{"occluded":false}}]}"#
        )
    );
}

#[test]
fn a_file_without_annotations_or_images_has_empty_lists() {
    let dataset = task(vec![], TaskSketch { deleted: vec![0], ..video(1, vec![]) });
    let export = export_all(&FORMAT, &dataset).unwrap();
    assert!(export.text(INSTANCES).ends_with(r#""categories":[],"images":[],"annotations":[]}"#));
}

#[test]
fn a_mask_is_a_crowd_of_column_runs() {
    let dataset = of_shapes(pets(), vec![shape(ShapeKind::Mask, 1, 0, &MASK)]);
    assert_eq!(
        annotations(&dataset),
        concat!(
            r#"{"id":1,"image_id":1,"category_id":2,"segmentation":{"counts":[7,3,3,3,3,3,3,3,20],"size":[6,8]},"#,
            r#""area":12.0,"bbox":[1.0,1.0,4.0,3.0],"iscrowd":1,"attributes":{"occluded":false}}"#
        )
    );
}

#[test]
fn a_box_has_rounded_corners_no_segmentation_and_an_area_that_is_not_rounded() {
    let turned = ShapeSketch { rotation: 12.5, occluded: true, ..rectangle(0, 0, [0.125, 0.375, 10.3, 5.0]) };
    // Python: (10.3 - 0.12) * (5 - 0.38)
    assert_eq!(
        annotations(&of_shapes(pets(), vec![turned])),
        concat!(
            r#"{"id":1,"image_id":1,"category_id":1,"segmentation":[],"area":47.031600000000005,"#,
            r#""bbox":[0.12,0.38,10.18,4.62],"iscrowd":0,"attributes":{"occluded":true,"rotation":12.5}}"#
        )
    );
}

#[test]
fn a_tracks_annotations_name_it_and_its_keyframes() {
    let keys = vec![key(0, &[0.0, 0.0, 2.0, 2.0]), gone(2, &[0.0, 0.0, 2.0, 2.0])];
    let tracks = vec![track(ShapeKind::Rectangle, 0, keys)];
    let dataset = task(pets(), video(3, vec![JobSketch { tracks, ..job(0, 2) }]));
    let each = |id: u32, keyframe: bool| {
        format!(
            "{{\"id\":{id},\"image_id\":{id},\"category_id\":1,\"segmentation\":[],\"area\":4.0,\
             \"bbox\":[0.0,0.0,2.0,2.0],\"iscrowd\":0,\"attributes\":{{\"occluded\":false,\"rotation\":0.0,\
             \"track_id\":0,\"keyframe\":{keyframe}}}}}"
        )
    };
    assert_eq!(annotations(&dataset), [each(1, true), each(2, false)].join(","));
}

#[test]
fn the_shapes_of_a_group_are_one_instance_led_by_the_largest_behind_those_without_a_group() {
    let grouped = |group, shape: ShapeSketch| ShapeSketch { group, ..shape };
    let shapes = vec![
        grouped(2, shape(ShapeKind::Polygon, 1, 0, &DOG)),
        grouped(2, rectangle(0, 0, [0.0, 0.0, 3.0, 3.0])),
        grouped(1, rectangle(0, 0, [0.0, 0.0, 4.0, 4.0])),
        grouped(1, shape(ShapeKind::Polygon, 1, 0, &DOG)),
        rectangle(1, 0, [5.0, 5.0, 6.0, 6.0]),
    ];
    assert_eq!(
        annotations(&of_shapes(pets(), shapes)),
        concat!(
            r#"{"id":1,"image_id":1,"category_id":2,"segmentation":[],"area":1.0,"bbox":[5.0,5.0,1.0,1.0],"#,
            r#""iscrowd":0,"attributes":{"occluded":false,"rotation":0.0}},"#,
            // Group 1: the box of 16 pixels leads the polygon of 12.
            r#"{"id":2,"image_id":1,"category_id":1,"segmentation":[[1.0,1.0,5.0,1.0,5.0,4.0,1.0,4.0]],"#,
            r#""area":12.0,"bbox":[0.0,0.0,4.0,4.0],"iscrowd":0,"attributes":{"occluded":false,"rotation":0.0}},"#,
            // Group 2: the polygon leads, but the box bounds.
            r#"{"id":3,"image_id":1,"category_id":2,"segmentation":[[1.0,1.0,5.0,1.0,5.0,4.0,1.0,4.0]],"#,
            r#""area":12.0,"bbox":[0.0,0.0,3.0,3.0],"iscrowd":0,"attributes":{"occluded":false}}"#
        )
    );
}

#[test]
fn a_group_with_a_mask_of_the_leaders_label_is_a_mask_and_else_polygons() {
    let with_mask = |label| {
        let polygon =
            ShapeSketch { group: 1, ..shape(ShapeKind::Polygon, 1, 0, &[0.0, 0.0, 8.0, 0.0, 8.0, 4.0, 0.0, 4.0]) };
        let mask = ShapeSketch { group: 1, ..shape(ShapeKind::Mask, label, 0, &[0.0, 2.0, 0.0, 5.0, 1.0, 5.0]) };
        annotations(&of_shapes(pets(), vec![polygon, mask]))
    };
    // The polygon covers rows 0 to 3, the mask row 5 of the first two columns.
    let mask = concat!(
        r#""segmentation":{"counts":[0,4,1,5,1,5,2,4,2,4,2,4,2,4,2,4,2],"size":[6,8]},"#,
        r#""area":34.0,"bbox":[0.0,0.0,8.0,6.0],"iscrowd":1"#
    );
    assert!(with_mask(1).contains(mask), "{}", with_mask(1));
    assert!(with_mask(0).contains("\"iscrowd\":0"), "{}", with_mask(0));
}

#[test]
fn is_crowd_decides_between_mask_and_polygons_and_score_stands_by_itself() {
    let labels = || {
        let attributes = [
            ("is_crowd", InputType::Checkbox, "false"),
            ("score", InputType::Text, ""),
            ("kind", InputType::Select, "big"),
        ];
        vec![label_with("dog", &attributes)]
    };
    let valued = |kind, points: &[f64], values| ShapeSketch { values, ..shape(kind, 0, 0, points) };
    let crowd = valued(ShapeKind::Polygon, &DOG, vec![(0, "True"), (1, "0.5")]);
    assert_eq!(
        annotations(&of_shapes(labels(), vec![crowd])),
        concat!(
            r#"{"id":1,"image_id":1,"category_id":1,"segmentation":{"counts":[7,3,3,3,3,3,3,3,20],"size":[6,8]},"#,
            r#""area":12.0,"bbox":[1.0,1.0,4.0,3.0],"iscrowd":1,"score":0.5,"attributes":{"kind":"big","occluded":false}}"#
        )
    );
    // The mask is traced: OpenCV gives these corners, and COCO counts 6 pixels between them. A score that is no number
    // is left out.
    let traced = valued(ShapeKind::Mask, &MASK, vec![(1, "high"), (2, "small")]);
    assert_eq!(
        annotations(&of_shapes(labels(), vec![traced])),
        concat!(
            r#"{"id":1,"image_id":1,"category_id":1,"#,
            r#""segmentation":[[1.0,1.0,1.0,3.0,4.0,3.0,4.0,1.0,1.0,1.0]],"#,
            r#""area":6.0,"bbox":[1.0,1.0,4.0,3.0],"iscrowd":0,"attributes":{"kind":"small","occluded":false}}"#
        )
    );
    // A box that is a crowd still has nothing to draw.
    let boxed = valued(ShapeKind::Rectangle, &[0.0, 0.0, 2.0, 2.0], vec![(0, "true")]);
    let text = annotations(&of_shapes(labels(), vec![boxed]));
    assert!(text.contains(r#""segmentation":[],"area":4.0,"bbox":[0.0,0.0,2.0,2.0],"iscrowd":0"#), "{text}");
}

#[test]
fn attributes_are_typed_have_defaults_and_give_way_to_cvats_own() {
    let labels = || {
        let attributes = [
            ("occluded", InputType::Text, "user's"),
            ("age", InputType::Number, "3"),
            ("tame", InputType::Checkbox, "TRUE"),
            ("name", InputType::Text, "a\"b"),
        ];
        vec![label_with("cat", &attributes)]
    };
    let text = annotations(&of_shapes(labels(), vec![ShapeSketch { occluded: true, ..rectangle(0, 0, [0.0; 4]) }]));
    let expected = r#""attributes":{"occluded":true,"age":3.0,"tame":true,"name":"a\"b","rotation":0.0}}"#;
    assert!(text.ends_with(expected), "{text}");
    let bad = of_shapes(labels(), vec![ShapeSketch { values: vec![(1, "old")], ..rectangle(0, 0, [0.0; 4]) }]);
    let error = export_all(&FORMAT, &bad).map(|_| ()).unwrap_err();
    assert_eq!(error.code(), Code::BadAttributeValue);
    assert_eq!(error.place().to_string(), "task \"drive\", frame 0, label \"cat\"");
}

#[test]
fn image_ids_count_through_all_subsets_but_one_name_has_one_id() {
    let of = |subset, names: &[&'static str]| {
        let shapes = vec![rectangle(0, 0, [0.0, 0.0, 1.0, 1.0])];
        TaskSketch { subset, ..pictures(names, vec![JobSketch { shapes, ..job(0, 0) }]) }
    };
    let dataset = project(pets(), vec![of("b", &["x.png", "img.png"]), of("a", &["img.jpg", "Y.PNG"])]);
    let export = export_all(&FORMAT, &dataset).unwrap();
    let images = |subset: &str| {
        let text = export.text(&format!("annotations/instances_{subset}.json"));
        let json: serde_json::Value = serde_json::from_str(text).unwrap();
        let image = |image: &serde_json::Value| format!("{}={}", image["file_name"].as_str().unwrap(), image["id"]);
        let images: Vec<String> = json["images"].as_array().unwrap().iter().map(image).collect();
        (images.join(" "), json["annotations"][0]["id"].to_string(), json["annotations"][0]["image_id"].to_string())
    };
    let expected = |images: &str, image: &str| (images.to_owned(), "1".to_owned(), image.to_owned());
    assert_eq!(images("a"), expected("img.jpg=1 Y.png=2", "1"));
    assert_eq!(images("b"), expected("x.png=3 img.png=1", "3"));
}

#[test]
fn numbers_run_on_from_chunk_to_chunk() {
    // More frames than one chunk takes; the first chunks show nothing.
    let size = 20_000;
    let tracks = vec![track(ShapeKind::Rectangle, 0, vec![key(size - 3, &[0.0, 0.0, 2.0, 2.0])])];
    let dataset = task(pets(), video(size, vec![JobSketch { tracks, ..job(0, size - 1) }]));
    let export = export_all(&FORMAT, &dataset).unwrap();
    let json: serde_json::Value = serde_json::from_str(export.text(INSTANCES)).unwrap();
    let ids = |list: &str, key: &str| -> Vec<u64> {
        json[list].as_array().unwrap().iter().map(|entry| entry[key].as_u64().unwrap()).collect()
    };
    assert_eq!(ids("images", "id"), (1..=u64::from(size)).collect::<Vec<_>>());
    assert_eq!(ids("annotations", "id"), [1, 2, 3]);
    assert_eq!(ids("annotations", "image_id"), [19_998, 19_999, 20_000]);
}

#[test]
fn the_report_says_what_became_of_every_shape() {
    let ellipse = shape(ShapeKind::Ellipse, 0, 0, &[4.0, 3.0, 6.0, 2.0]);
    let shapes = vec![
        rectangle(0, 0, [0.0, 0.0, 2.0, 2.0]),
        shape(ShapeKind::Mask, 0, 0, &[0.0, 12.0, 6.0, 1.0, 9.0, 3.0]),
        ellipse,
        shape(ShapeKind::Polyline, 0, 0, &DOG),
        shape(ShapeKind::Points, 0, 0, &DOG),
        shape(ShapeKind::Cuboid, 0, 0, &[1.0; 16]),
        ShapeSketch {
            elements: vec![shape(ShapeKind::Points, 2, 0, &[1.0, 1.0])],
            ..shape(ShapeKind::Skeleton, 1, 0, &[])
        },
    ];
    let mut labels = pets();
    labels.push(sublabel("nose", 1));
    let dataset = task(labels, video(1, vec![JobSketch { shapes, tags: vec![(0, 0)], ..job(0, 0) }]));
    let export = export_all(&FORMAT, &dataset).unwrap();
    assert_eq!(
        export.rows(),
        [
            "cat rectangle written 1",
            "cat polyline dropped 1",
            "cat points dropped 1",
            "cat ellipse converted 1",
            "cat cuboid dropped 1",
            "cat mask written 1",
            "cat tag dropped 1",
            "dog skeleton dropped 1",
        ]
    );
    assert_eq!((export.report.annotations, export.report.dropped, export.report.frames), (3, 5, 1));
    // The mask reaches two columns beyond the picture.
    let notes: Vec<_> = export.report.notes.iter().map(|note| (note.count, note.place.as_str())).collect();
    assert_eq!(notes, [(1, "task \"drive\", frame 0, label \"cat\"")]);
}
