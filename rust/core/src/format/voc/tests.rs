use super::*;
use crate::format::testing::export_all;
use crate::schema::InputType;
use crate::timeline::testing::*;

fn boxed(values: Vec<(u32, &'static str)>) -> Vec<ShapeSketch> {
    vec![ShapeSketch { values, occluded: true, ..rectangle(0, 0, [10.1, 1.0, 30.3, 2.0]) }]
}

#[test]
fn a_box_is_an_object_with_the_flags_of_voc_as_elements() {
    let attributes = [
        ("pose", InputType::Text, "left"),
        ("truncated", InputType::Checkbox, "true"),
        ("difficult", InputType::Number, "0.7"),
        ("note", InputType::Text, "a & b"),
    ];
    let jobs = vec![JobSketch { shapes: boxed(vec![]), ..job(0, 0) }];
    let made =
        export_all(&FORMAT, &task(vec![label_with("car", &attributes)], pictures(&["d/x_1.JPG"], jobs))).unwrap();
    assert_eq!(
        made.text("Annotations/d/x_1.xml"),
        "<annotation>
  <folder>d/x</folder>
  <filename>d/x_1.jpg</filename>
  <source>
    <database>Unknown</database>
    <annotation>Unknown</annotation>
    <image>Unknown</image>
  </source>
  <size>
    <width>8</width>
    <height>6</height>
    <depth></depth>
  </size>
  <segmented>0</segmented>
  <object>
    <name>car</name>
    <pose>left</pose>
    <truncated>1</truncated>
    <occluded>1</occluded>
    <difficult>0</difficult>
    <bndbox>
      <xmin>10.1</xmin>
      <ymin>1.0</ymin>
      <xmax>30.300000000000004</xmax>
      <ymax>2.0</ymax>
    </bndbox>
    <attributes>
      <attribute>
        <name>note</name>
        <value>a &amp; b</value>
      </attribute>
      <attribute>
        <name>rotation</name>
        <value>0.0</value>
      </attribute>
    </attributes>
  </object>
</annotation>
"
    );
    assert_eq!(made.text("labelmap.txt"), "# label:color_rgb:parts:actions\nbackground:0,0,0::\ncar:128,0,0::\n");
    assert_eq!(made.text("ImageSets/Main/default.txt"), "d/x_1\n");
    assert_eq!(made.names().len(), 3);
}

#[test]
fn a_flag_that_is_no_number_counts_as_0_and_is_noted() {
    let labels = vec![label_with("car", &[("truncated", InputType::Text, "yes")])];
    let jobs = vec![JobSketch { shapes: boxed(vec![]), ..job(0, 0) }];
    let made = export_all(&FORMAT, &task(labels, pictures(&["a.png"], jobs))).unwrap();
    assert!(made.text("Annotations/a.xml").contains("<truncated>0</truncated>"));
    assert_eq!(made.report.notes.len(), 1);
}

#[test]
fn lists_name_pictures_by_what_is_on_them() {
    let mask = shape(ShapeKind::Mask, 0, 0, &[0.0, 4.0, 1.0, 2.0, 2.0, 3.0]);
    let shapes = vec![mask, rectangle(0, 1, [0.0, 0.0, 1.0, 1.0]), shape(ShapeKind::Cuboid, 0, 3, &[0.0; 16])];
    let jobs = vec![JobSketch { tags: vec![(1, 1), (2, 0)], shapes, ..job(0, 3) }];
    let names = ["m.png", "b.png", "t.png", "e e.png"];
    let made = export_all(&FORMAT, &task(vec![label("car"), label("sky")], pictures(&names, jobs))).unwrap();
    for (list, expected) in [
        ("Main/default", "m\nb\nt\ne e\n"),
        ("Main/background_default", "b -1\nt -1\n"),
        ("Main/car_default", "b -1\nt  1\n"),
        ("Main/sky_default", "b  1\nt -1\n"),
        ("Segmentation/default", "m\ne e\n"),
        ("Layout/default", "\"e e\"\n"),
        ("Action/default", "e e\n"),
    ] {
        assert_eq!(made.text(&format!("ImageSets/{list}.txt")), expected, "{list}");
    }
    assert!(made.text("Annotations/m.xml").contains("<segmented>1</segmented>"));
    assert!(
        made.members.contains_key("SegmentationClass/m.png") && made.members.contains_key("SegmentationObject/m.png")
    );
    assert_eq!(
        made.rows(),
        [
            "car rectangle written 1",
            "car cuboid dropped 1",
            "car mask written 1",
            "car tag written 1",
            "sky tag written 1"
        ]
    );
}

#[test]
fn a_label_that_no_file_can_be_called_by_is_refused_only_with_tags() {
    let made = |tags| {
        let jobs = vec![JobSketch { tags, ..job(0, 0) }];
        export_all(&FORMAT, &task(vec![label("a/b")], video(1, jobs))).map(|_| ())
    };
    assert_eq!(made(vec![]), Ok(()));
    let error = made(vec![(0, 0)]).unwrap_err();
    assert_eq!((error.code(), error.place().label.as_deref()), (Code::Unsupported, Some("a/b")));
}

#[test]
fn two_lists_of_one_name_are_refused() {
    let sketch = |subset| TaskSketch { subset, ..video(1, vec![JobSketch { tags: vec![(0, 0)], ..job(0, 0) }]) };
    let data = project(vec![label("a")], vec![sketch("x"), sketch("a_x")]);
    assert_eq!(export_all(&FORMAT, &data).map(|_| ()).map_err(|error| error.code()), Err(Code::NameCollision));
}

#[test]
fn of_frames_with_one_name_the_one_in_the_last_subset_keeps_its_files() {
    let mask = shape(ShapeKind::Mask, 0, 0, &[0.0, 4.0, 1.0, 2.0, 2.0, 3.0]);
    let box_ = |label| rectangle(label, 0, [0.0, 0.0, 1.0, 1.0]);
    let sketch =
        |subset, shapes| TaskSketch { subset, ..pictures(&["a.png"], vec![JobSketch { shapes, ..job(0, 0) }]) };
    let data = project(
        vec![label("car"), label("bus")],
        vec![sketch("train", vec![box_(0), mask]), sketch("val", vec![box_(1)])],
    );
    let made = export_all(&FORMAT, &data).unwrap();
    let xml = made.text("Annotations/a.xml");
    assert!(xml.contains("<name>bus</name>") && !xml.contains("<name>car</name>"), "{xml}");
    // The later frame has no mask, so that the images of the earlier one stay.
    assert!(made.members.contains_key("SegmentationClass/a.png"));
    assert_eq!(made.rows(), ["car rectangle dropped 1", "car mask written 1", "bus rectangle written 1"]);
}
