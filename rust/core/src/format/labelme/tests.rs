use super::*;
use crate::error::Code;
use crate::format::testing::export_all;
use crate::schema::InputType;
use crate::timeline::testing::*;

#[test]
fn values_that_look_like_numbers_have_quotes_and_separators_a_backslash() {
    for (value, expected) in [
        (Value::Text("1"), "\"1\""),
        (Value::Text("1.0"), "\"1.0\""),
        (Value::Text("nan"), "\"nan\""),
        (Value::Text("-3"), "\"-3\""),
        (Value::Text("01"), "01"),
        (Value::Text("1e5"), "1e5"),
        (Value::Text("a=b,\"c\"\\"), "a\\=b\\,\\\"c\\\"\\\\"),
        (Value::Text(""), ""),
        (Value::Number(1.0), "1.0"),
        (Value::Flag(true), "True"),
        (Value::Count(3), "3"),
    ] {
        let mut list = String::new();
        push_value(value, &mut list);
        assert_eq!(list, expected);
    }
}

#[test]
fn the_objects_of_a_group_are_parts_of_the_first_and_ids_count_what_is_written() {
    let labels = vec![label_with("car", &[("username", InputType::Text, "ann"), ("n", InputType::Number, "2")])];
    let in_group = |group, sketch| ShapeSketch { group, ..sketch };
    let shapes = vec![
        shape(ShapeKind::Points, 0, 0, &[1.0, 2.0]),
        in_group(5, rectangle(0, 0, [0.125, 1.0, 4.0, 5.0])),
        in_group(9, shape(ShapeKind::Polygon, 0, 0, &[0.0, 0.0, 1.0, 0.0, 1.0, 1.0])),
        in_group(5, shape(ShapeKind::Mask, 0, 0, &[0.0, 4.0, 1.0, 2.0, 2.0, 3.0])),
    ];
    let dataset = task(labels, pictures(&["a/b_1.JPG"], vec![JobSketch { shapes, ..job(0, 0) }]));
    let made = export_all(&FORMAT, &dataset).unwrap();
    assert_eq!(made.names(), ["default/Masks/a/b_1_mask_2.png", "default/a/b_1.xml"]);
    let xml = made.text("default/a/b_1.xml");
    assert!(xml.starts_with("<annotation>\n  <filename>b_1.jpg</filename>\n  <folder>a</folder>\n"), "{xml}");
    let all = |name: &str| {
        let tag = format!("<{name}>");
        let pieces = xml.split(&tag).skip(1);
        pieces.map(|rest: &str| rest.split_once("</").unwrap().0).collect::<Vec<_>>()
    };
    assert_eq!(all("id"), ["0", "1", "2"]);
    assert_eq!(all("hasparts"), ["2", "", ""]);
    assert_eq!(all("ispartof"), ["", "", "0"]);
    assert_eq!(all("type"), ["bounding_box"]);
    assert_eq!(all("username"), ["ann"; 3]);
    assert_eq!(all("attributes"), ["n=2.0, rotation=0.0", "n=2.0", "n=2.0"]);
    assert_eq!(all("mask"), ["a/b_1_mask_2.png"]);
    assert_eq!([all("xmin"), all("ymin"), all("xmax"), all("ymax")].concat(), ["1.00", "2.00", "3.00", "4.00"]);
    assert_eq!(all("x")[..4], ["0.12", "4.00", "4.00", "0.12"]);
    assert_eq!(
        made.rows(),
        ["car rectangle written 1", "car polygon written 1", "car points dropped 1", "car mask written 1"]
    );
}

#[test]
fn a_name_with_a_control_character_is_refused_with_its_place() {
    let shapes = vec![rectangle(0, 0, [0.0, 0.0, 1.0, 1.0])];
    let dataset = task(vec![label("a\u{1b}")], video(1, vec![JobSketch { shapes, ..job(0, 0) }]));
    let error = export_all(&FORMAT, &dataset).map(|_| ()).unwrap_err();
    assert_eq!((error.code(), error.place().frame), (Code::Unsupported, Some(0)));
}
