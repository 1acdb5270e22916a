use super::*;
use crate::error::Code;
use crate::format::testing::export_all;
use crate::schema::InputType;
use crate::timeline::testing::*;

#[test]
fn the_texts_of_a_picture_follow_each_other_tags_first() {
    let labels = vec![label_with("word", &[("text", InputType::Text, "?")]), label("mark")];
    let shapes = vec![
        ShapeSketch { values: vec![(0, "b, \"c")], ..rectangle(0, 0, [0.0; 4]) },
        rectangle(1, 0, [0.0; 4]),
        shape(ShapeKind::Cuboid, 0, 0, &[0.0; 16]),
    ];
    let jobs = vec![JobSketch { shapes, tags: vec![(0, 0)], ..job(0, 1) }];
    let made = export_all(&FORMAT, &task(labels, video(2, jobs))).unwrap();
    assert_eq!(made.text("default/gt.txt"), "frame_000000.png, \"?\"\"b, \"c\"\nframe_000001.png, \n");
    assert_eq!(
        made.rows(),
        ["word rectangle converted 1", "word cuboid dropped 1", "word tag converted 1", "mark rectangle dropped 1"]
    );
}

#[test]
fn a_text_of_two_lines_is_refused_with_its_place() {
    let labels = vec![label_with("word", &[("text", InputType::Text, "")])];
    let shapes = vec![ShapeSketch { values: vec![(0, "a\nb")], ..rectangle(0, 1, [0.0; 4]) }];
    let made = export_all(&FORMAT, &task(labels, video(2, vec![JobSketch { shapes, ..job(0, 1) }])));
    let error = made.map(|_| ()).unwrap_err();
    assert_eq!((error.code(), error.place().frame), (Code::BadAttributeValue, Some(1)));
    assert_eq!(error.place().label.as_deref(), Some("word"));
}
