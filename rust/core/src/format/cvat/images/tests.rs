use super::*;
use crate::dataset::Dataset;
use crate::format::testing::{export, export_all};
use crate::schema::InputType;
use crate::timeline::testing::*;

/// What stands behind the meta block.
fn body(dataset: &Dataset) -> String {
    let export = export_all(&FORMAT, dataset).unwrap();
    assert_eq!(export.names(), ["annotations.xml"]);
    let (_, body) = export.text("annotations.xml").split_once("\n  </meta>\n").unwrap();
    body.to_owned()
}

#[test]
fn a_frame_has_its_shapes_by_layer_and_then_its_tags() {
    let labels = vec![label_with("car", &[("colour", InputType::Text, "")]), label("a\"b")];
    let shapes = vec![
        ShapeSketch {
            z_order: 1,
            group: 7,
            values: vec![(0, "<röd> \"&\n")],
            ..rectangle(0, 0, [0.125, 1.0, 2.675, -0.001])
        },
        ShapeSketch { occluded: true, rotation: 12.5, ..shape(ShapeKind::Ellipse, 1, 0, &[10.0, 20.0, 15.0, 12.0]) },
        ShapeSketch { source: "auto", ..shape(ShapeKind::Polygon, 0, 0, &[1.0, 2.0, 3.5, 4.0, 5.0, 6.0]) },
        shape(ShapeKind::Mask, 0, 0, &[1.0, 4.0, 1.0, 10.0, 20.0, 12.0, 21.0]),
    ];
    let tracks = vec![TrackSketch {
        group: 3,
        ..track(ShapeKind::Points, 1, vec![key(0, &[1.0, 2.0, 3.0, 4.0]), gone(1, &[0.0; 4])])
    }];
    let jobs = vec![JobSketch { shapes, tracks, tags: vec![(1, 0)], ..job(0, 1) }];
    assert_eq!(
        body(&task(labels, pictures(&["d/1.png", "<2>.png"], jobs))),
        r#"  <image id="0" name="d/1.png" width="8" height="6">
    <ellipse label='a"b' source="manual" occluded="1" cx="10.00" cy="20.00" rx="5.00" ry="8.00" rotation="12.50" z_order="0">
    </ellipse>
    <polygon label="car" source="auto" occluded="0" points="1.00,2.00;3.50,4.00;5.00,6.00" z_order="0">
    </polygon>
    <mask label="car" source="manual" occluded="0" rle="1, 4, 1" left="10" top="20" width="3" height="2" z_order="0">
    </mask>
    <points label='a"b' source="manual" occluded="0" points="1.00,2.00;3.00,4.00" z_order="0" group_id="3">
    </points>
    <box label="car" source="manual" occluded="0" xtl="0.12" ytl="1.00" xbr="2.67" ybr="-0.00" z_order="1" group_id="7">
      <attribute name="colour">&lt;röd&gt; "&amp;
</attribute>
    </box>
  </image>
  <image id="1" name="&lt;2&gt;.png" width="8" height="6">
    <tag label="car" source="manual">
    </tag>
  </image>
</annotations>
"#
    );
}

#[test]
fn a_skeleton_holds_its_elements_and_then_its_attributes() {
    let mut labels = vec![label_with("person", &[("sex", InputType::Text, "")]), sublabel("nose", 0)];
    labels[1].attributes = label_with("", &[("side", InputType::Text, "")]).attributes;
    let nose = ShapeSketch {
        outside: true,
        group: 2,
        values: vec![(1, "left")],
        ..shape(ShapeKind::Points, 1, 0, &[1.0, 2.0])
    };
    let person = ShapeSketch { values: vec![(0, "f")], elements: vec![nose], ..shape(ShapeKind::Skeleton, 0, 0, &[]) };
    assert_eq!(
        body(&task(labels, video(1, vec![JobSketch { shapes: vec![person], ..job(0, 0) }]))),
        r#"  <image id="0" name="frame_000000" width="8" height="6">
    <skeleton label="person" source="manual" z_order="0">
      <points label="nose" source="manual" outside="1" occluded="0" points="1.00,2.00" group_id="2">
        <attribute name="side">left</attribute>
      </points>
      <attribute name="sex">f</attribute>
    </skeleton>
  </image>
</annotations>
"#
    );
}

#[test]
fn frames_of_a_project_name_their_subset_and_task_and_deleted_ones_leave_no_trace() {
    let of = |id, subset| TaskSketch { id: Some(id), subset, start_frame: 2, deleted: vec![0], ..video(2, vec![]) };
    assert_eq!(
        body(&project(vec![], vec![of(8, "x&y"), of(9, ""), of(10, "")])),
        r#"  <image id="3" name="frame_000003" subset="default" task_id="9" width="8" height="6">
  </image>
  <image id="7" name="frame_000007" subset="default" task_id="10" width="8" height="6">
  </image>
  <image id="3" name="frame_000003" subset="x&amp;y" task_id="8" width="8" height="6">
  </image>
</annotations>
"#
    );
}

#[test]
fn the_meta_block_of_a_video_task_is_complete() {
    let mut labels = vec![label_with("person", &[("speed", InputType::Number, "0")]), sublabel("nose", 0)];
    labels[0].attributes[0].values = vec!["0".to_owned(), "9".to_owned(), "1".to_owned()];
    labels[0].svg = Some("<circle data-label-name=\"nose\">".to_owned());
    let jobs = vec![JobSketch { id: Some(70), ..job(0, 1) }, JobSketch { id: Some(71), ..job(1, 2) }];
    let mut dataset = task(labels, TaskSketch { id: Some(5), overlap: 1, start_frame: 4, step: 2, ..video(3, jobs) });
    let task = &mut dataset.tasks[0];
    task.frame_filter = "step=2".to_owned();
    task.provenance.created = Some("2024-03-21T20:50:05.694000Z".to_owned());
    task.provenance.server = Some("http://localhost:8080".to_owned());
    task.provenance.owner =
        Some(crate::dataset::User { username: "ann".to_owned(), email: "ann@example.com".to_owned() });
    let export = export_all(&FORMAT, &dataset).unwrap();
    let (head, _) = export.text("annotations.xml").split_once("\n  <image").unwrap();
    assert_eq!(
        head,
        r##"<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta>
    <task>
      <id>5</id>
      <name>drive</name>
      <size>3</size>
      <mode>interpolation</mode>
      <overlap>1</overlap>
      <bugtracker></bugtracker>
      <created>2024-03-21 20:50:05.694000+00:00</created>
      <updated></updated>
      <subset>default</subset>
      <start_frame>4</start_frame>
      <stop_frame>8</stop_frame>
      <frame_filter>step=2</frame_filter>
      <segments>
        <segment>
          <id>70</id>
          <start>0</start>
          <stop>1</stop>
          <url>http://localhost:8080/api/jobs/70</url>
        </segment>
        <segment>
          <id>71</id>
          <start>1</start>
          <stop>2</stop>
          <url>http://localhost:8080/api/jobs/71</url>
        </segment>
      </segments>
      <owner>
        <username>ann</username>
        <email>ann@example.com</email>
      </owner>
      <assignee></assignee>
      <labels>
        <label>
          <name>person</name>
          <color>#00ff00</color>
          <type>any</type>
          <attributes>
            <attribute>
              <name>speed</name>
              <mutable>True</mutable>
              <input_type>number</input_type>
              <default_value>0</default_value>
              <values>0
9
1</values>
            </attribute>
          </attributes>
          <svg>&lt;circle data-label-name="nose"&gt;</svg>
        </label>
        <label>
          <name>nose</name>
          <color>#00ff00</color>
          <type>any</type>
          <attributes>
          </attributes>
          <parent>person</parent>
        </label>
      </labels>
      <original_size>
        <width>8</width>
        <height>6</height>
      </original_size>
      <source>drive.mp4</source>
    </task>
    <dumped>2024-05-01 10:00:00+00:00</dumped>
  </meta>"##
    );
}

#[test]
fn the_meta_block_of_a_job_is_about_its_own_frames() {
    let jobs = vec![JobSketch { id: Some(70), ..job(0, 1) }, JobSketch { id: Some(71), ..job(1, 2) }];
    let dataset =
        task(vec![], TaskSketch { id: Some(5), overlap: 1, subset: "val", start_frame: 4, step: 2, ..video(3, jobs) });
    let export = export(&FORMAT, &Scene::of_job(&dataset, 0, 1).unwrap()).unwrap();
    let (_, head) = export.text("annotations.xml").split_once("  <meta>\n").unwrap();
    let (head, _) = head.split_once("\n  <image").unwrap();
    assert_eq!(
        head,
        r#"    <job>
      <id>71</id>
      <size>2</size>
      <mode>interpolation</mode>
      <overlap>1</overlap>
      <bugtracker></bugtracker>
      <created></created>
      <updated></updated>
      <subset>val</subset>
      <start_frame>6</start_frame>
      <stop_frame>8</stop_frame>
      <frame_filter></frame_filter>
      <segments>
        <segment>
          <id>71</id>
          <start>1</start>
          <stop>2</stop>
          <url></url>
        </segment>
      </segments>
      <owner></owner>
      <assignee></assignee>
      <labels>
      </labels>
    </job>
    <dumped>2024-05-01 10:00:00+00:00</dumped>
    <original_size>
      <width>8</width>
      <height>6</height>
    </original_size>
  </meta>"#
    );
}

#[test]
fn the_report_counts_tracks_as_converted_and_everything_else_as_written() {
    let tracks = vec![track(ShapeKind::Rectangle, 0, vec![key(0, &[0.0; 4])])];
    let shapes = vec![shape(ShapeKind::Cuboid, 0, 0, &[1.0; 16])];
    let jobs = vec![JobSketch { shapes, tracks, tags: vec![(0, 0)], ..job(0, 1) }];
    let export = export_all(&FORMAT, &task(vec![label("car")], video(2, jobs))).unwrap();
    assert_eq!(export.rows(), ["car rectangle converted 2", "car cuboid written 1", "car tag written 1"]);
    assert_eq!((export.report.frames, export.report.dropped), (2, 0));
}
