use super::*;
use crate::format::testing::export_all;
use crate::schema::InputType;
use crate::timeline::testing::*;

#[test]
fn boxes_stand_between_blanks_polygons_between_commas_and_the_rest_is_an_empty_line() {
    let labels = vec![label_with("word", &[("text", InputType::Text, "")]), label("mark")];
    let shapes = vec![
        ShapeSketch { values: vec![(0, "he\"l,o")], ..rectangle(0, 0, [10.1, 1.125, 20.2, 3.3]) },
        shape(ShapeKind::Polygon, 0, 0, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        shape(ShapeKind::Points, 0, 0, &[1.0, 2.0]),
        shape(ShapeKind::Cuboid, 1, 0, &[0.0; 16]),
        ShapeSketch { rotation: 30.0, ..rectangle(1, 0, [0.0, 0.0, 1.0, 1.0]) },
    ];
    let jobs = vec![JobSketch { shapes, tags: vec![(0, 1)], ..job(0, 1) }];
    let made = export_all(&FORMAT, &task(labels, pictures(&["a/b.c.JPG", "d.png"], jobs))).unwrap();
    assert_eq!(made.names(), ["default/a/gt_b.c.txt", "default/gt_d.txt"]);
    assert_eq!(
        made.text("default/a/gt_b.c.txt"),
        "\n10.1 1.12 20.2 3.3 \"he\"l,o\"\n1.0,2.0,3.0,4.0,5.0,6.0,\"\"\n\n0.0 0.0 1.0 1.0\n"
    );
    assert_eq!(made.text("default/gt_d.txt"), "");
    assert_eq!(
        made.rows(),
        [
            "word rectangle written 1",
            "word polygon written 1",
            "word points dropped 1",
            "mark rectangle converted 1",
            "mark cuboid dropped 1",
            "mark tag dropped 1"
        ]
    );
}

#[test]
fn the_later_of_two_pictures_with_one_stem_has_the_file() {
    let shapes = vec![rectangle(0, 0, [0.0, 0.0, 1.0, 1.0]), rectangle(0, 1, [2.0, 2.0, 3.0, 3.0])];
    let jobs = vec![JobSketch { shapes, tags: vec![(0, 0)], ..job(0, 1) }];
    let made = export_all(&FORMAT, &task(vec![label("word")], pictures(&["a.jpg", "a.png"], jobs))).unwrap();
    assert_eq!(made.names(), ["default/gt_a.txt"]);
    assert_eq!(made.text("default/gt_a.txt"), "2.0 2.0 3.0 3.0\n");
    assert_eq!(made.rows(), ["word rectangle written 1", "word rectangle dropped 1", "word tag dropped 1"]);
}
