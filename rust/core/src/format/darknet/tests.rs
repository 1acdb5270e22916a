use super::*;
use crate::format::testing::{Export, export_all};
use crate::schema::Label;
use crate::timeline::testing::*;

fn cars() -> Vec<Label> {
    vec![label("car"), label("person"), label("skel"), sublabel("p1", 2), sublabel("p2", 2), label("face")]
}

fn with_shapes(shapes: Vec<ShapeSketch>, size: u32) -> Vec<JobSketch> {
    vec![JobSketch { shapes, ..job(0, size - 1) }]
}

fn export_task(task: TaskSketch) -> Export {
    export_all(&FORMAT, &crate::timeline::testing::task(cars(), task)).unwrap()
}

#[test]
fn a_task_has_a_label_file_for_every_frame_a_list_and_the_names() {
    let face = rectangle(5, 0, [1.0, 1.5, 3.0, 4.5]);
    let export = export_task(video(2, with_shapes(vec![face], 2)));
    assert_eq!(
        export.names(),
        ["obj.data", "obj.names", "obj_train_data/frame_000000.txt", "obj_train_data/frame_000001.txt", "train.txt",]
    );
    // In a picture of 8 by 6 pixels. Sublabels have lines among the names but no class.
    assert_eq!(export.text("obj_train_data/frame_000000.txt"), "3 0.250000 0.500000 0.250000 0.500000\n");
    assert_eq!(export.text("obj_train_data/frame_000001.txt"), "");
    assert_eq!(export.text("obj.names"), "car\nperson\nskel\np1\np2\nface\n");
    assert_eq!(
        export.text("train.txt"),
        "data/obj_train_data/frame_000000.png\ndata/obj_train_data/frame_000001.png\n"
    );
    assert_eq!(
        export.text("obj.data"),
        "classes = 6\ntrain = data/train.txt\nnames = data/obj.names\nbackup = backup/\n"
    );
}

#[test]
fn only_upright_boxes_are_written_and_their_coordinates_are_not_clipped() {
    let turned = |rotation| ShapeSketch { rotation, ..rectangle(0, 0, [-8.0, 0.0, 8.0, 12.0]) };
    let shapes = vec![
        turned(0.0),
        turned(360.0),
        turned(0.000_001),
        turned(359.999_99),
        turned(45.0),
        shape(ShapeKind::Polygon, 0, 0, &[0.0, 0.0, 4.0, 0.0, 4.0, 4.0]),
    ];
    let jobs = vec![JobSketch { shapes, tags: vec![(0, 1)], ..job(0, 0) }];
    let export = export_task(video(1, jobs));
    let line = "0 0.000000 1.000000 2.000000 2.000000\n";
    assert_eq!(export.text("obj_train_data/frame_000000.txt"), line.repeat(3));
    assert_eq!(
        export.rows(),
        ["car rectangle written 3", "car rectangle dropped 2", "car polygon dropped 1", "person tag dropped 1"]
    );
}

#[test]
fn corners_are_rounded_to_hundredths_before_they_become_shares() {
    // 0.125 is rounded to 0.12 and 2.675 to 2.68: centre 1.4 / 8, width 2.56 / 8.
    let export = export_task(video(1, with_shapes(vec![rectangle(0, 0, [0.125, 0.0, 2.675, 6.0])], 1)));
    assert_eq!(export.text("obj_train_data/frame_000000.txt"), "0 0.175000 0.500000 0.320000 1.000000\n");
}

#[test]
fn the_default_subset_is_train_and_joins_one_of_that_name_in_any_letter_case() {
    let of = |subset, name: &'static str| TaskSketch { subset, ..pictures(&[name], with_shapes(vec![], 1)) };
    let tasks = vec![of("", "d.JPG"), of("Train", "sub dir/t.png"), of("val", "v.png")];
    let export = export_all(&FORMAT, &project(cars(), tasks)).unwrap();
    assert_eq!(export.text("Train.txt"), "data/obj_Train_data/sub dir/t.png\ndata/obj_Train_data/d.jpg\n");
    assert_eq!(export.text("val.txt"), "data/obj_val_data/v.png\n");
    assert_eq!(
        export.text("obj.data"),
        "classes = 6\nTrain = data/Train.txt\nval = data/val.txt\nnames = data/obj.names\nbackup = backup/\n"
    );
    assert_eq!(
        export.names(),
        [
            "Train.txt",
            "obj.data",
            "obj.names",
            "obj_Train_data/d.txt",
            "obj_Train_data/sub dir/t.txt",
            "obj_val_data/v.txt",
            "val.txt",
        ]
    );
}

#[test]
fn words_of_the_data_file_cannot_be_subsets() {
    for subset in ["backup", "classes", "names"] {
        let dataset = task(cars(), TaskSketch { subset, ..video(1, vec![]) });
        let error = export_all(&FORMAT, &dataset).map(|_| ()).unwrap_err();
        assert_eq!(error.code(), Code::ReservedName, "{subset}");
    }
    assert!(export_all(&FORMAT, &task(cars(), TaskSketch { subset: "Names", ..video(1, vec![]) })).is_ok());
}

#[test]
fn of_two_pictures_that_differ_in_their_extension_the_later_ones_boxes_stay() {
    let shapes = vec![rectangle(0, 0, [0.0, 0.0, 8.0, 6.0]), rectangle(1, 1, [0.0, 0.0, 8.0, 6.0])];
    let export = export_task(pictures(&["a.jpg", "a.png"], with_shapes(shapes, 2)));
    assert_eq!(export.text("obj_train_data/a.txt"), "1 0.500000 0.500000 1.000000 1.000000\n");
    assert_eq!(export.text("train.txt"), "data/obj_train_data/a.jpg\n");
    assert_eq!(export.rows(), ["car rectangle dropped 1", "person rectangle written 1"]);
    assert_eq!(export.report.notes.len(), 1);
}

#[test]
fn a_box_in_a_picture_of_unknown_size_is_an_error_and_an_empty_picture_is_not() {
    let of = |shapes| {
        let sketch = TaskSketch { width: 0, height: 0, ..video(1, with_shapes(shapes, 1)) };
        export_all(&FORMAT, &task(cars(), sketch)).map(|_| ()).map_err(|error| error.code())
    };
    assert_eq!(of(vec![]), Ok(()));
    assert_eq!(of(vec![rectangle(0, 0, [0.0; 4])]), Err(Code::BadMetadata));
}

/// A skeleton whose point has the name of a label.
fn schema() -> Schema {
    Schema::from(vec![label("s"), sublabel("car", 0), label("car"), label("b")])
}

#[test]
fn a_name_that_repeats_is_listed_where_it_stands_last() {
    assert_eq!(all_names(&schema()), ["s", "car", "b"]);
}

#[test]
fn sublabels_have_no_class_of_their_own() {
    let classes = classes(&schema());
    assert_eq!([classes[0], classes[2], classes[3]], [0, 1, 2]);
}
