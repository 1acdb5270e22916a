use super::*;
use crate::dataset::Dataset;
use crate::format::testing::{Export, export, export_all};
use crate::schema::InputType;
use crate::timeline::Selection;
use crate::timeline::testing::*;

const BOX: [f64; 4] = [0.0, 0.0, 10.0, 10.0];

fn body(export: &Export) -> String {
    let (_, body) = export.text("annotations.xml").split_once("\n  </meta>\n").unwrap();
    body.strip_suffix("</annotations>\n").unwrap().to_owned()
}

fn body_of(dataset: &Dataset) -> String {
    body(&export_all(&FORMAT, dataset).unwrap())
}

#[test]
fn tracks_come_first_and_single_shapes_are_tracks_that_end_on_the_next_frame() {
    let with_polygon_on = |frame| {
        let keys = vec![ShapeSketch { values: vec![(0, "red")], ..key(0, &BOX) }, gone(2, &BOX)];
        let polygon = shape(ShapeKind::Polygon, 0, frame, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let jobs = vec![JobSketch {
            tracks: vec![track(ShapeKind::Rectangle, 0, keys)],
            shapes: vec![polygon],
            tags: vec![(0, 0)],
            ..job(0, 3)
        }];
        task(vec![label_with("car", &[("col", InputType::Text, "")])], video(4, jobs))
    };
    let track = r#"  <track id="0" label="car" source="manual">
    <box frame="0" keyframe="1" outside="0" occluded="0" xtl="0.00" ytl="0.00" xbr="10.00" ybr="10.00" z_order="0">
      <attribute name="col">red</attribute>
    </box>
    <box frame="1" keyframe="0" outside="0" occluded="0" xtl="0.00" ytl="0.00" xbr="10.00" ybr="10.00" z_order="0">
      <attribute name="col">red</attribute>
    </box>
    <box frame="2" keyframe="1" outside="1" occluded="0" xtl="0.00" ytl="0.00" xbr="10.00" ybr="10.00" z_order="0">
      <attribute name="col">red</attribute>
    </box>
  </track>
  <track id="1" label="car" source="manual">
"#;
    let polygon = |frame: u32, outside: u32| {
        format!(
            "    <polygon frame=\"{frame}\" keyframe=\"1\" outside=\"{outside}\" occluded=\"0\" \
             points=\"1.00,2.00;3.00,4.00;5.00,6.00\" z_order=\"0\">\n    </polygon>\n"
        )
    };
    let closed = format!("{track}{}{}  </track>\n", polygon(1, 0), polygon(2, 1));
    assert_eq!(body_of(&with_polygon_on(1)), closed);
    // CVAT compares with the last frame in a way that the last but one frame is not closed either.
    let open = format!("{track}{}  </track>\n", polygon(2, 0));
    assert_eq!(body_of(&with_polygon_on(2)), open);
    let report = export_all(&FORMAT, &with_polygon_on(1)).unwrap();
    // Two frames in sight; the keyframe where it is gone is not counted.
    assert_eq!(report.rows(), ["car rectangle written 2", "car polygon converted 1", "car tag dropped 1"]);
}

#[test]
fn a_job_closes_shapes_by_its_own_last_frame_and_steps_by_the_tasks_step() {
    let shapes = vec![rectangle(0, 1, BOX), rectangle(0, 2, BOX)];
    let jobs = vec![JobSketch { shapes, ..job(0, 3) }, job(4, 7)];
    let dataset = task(vec![label("car")], TaskSketch { start_frame: 10, step: 3, ..video(8, jobs) });
    let frames = |text: &str| -> Vec<String> {
        text.split(" frame=\"").skip(1).filter_map(|it| it.split('"').next().map(str::to_owned)).collect()
    };
    // The task ends on 10 + 7 * 3 = 31, the job on 19.
    assert_eq!(frames(&body_of(&dataset)), ["13", "16", "16", "19"]);
    let of_job = export(&FORMAT, &Scene::of_job(&dataset, 0, 0).unwrap()).unwrap();
    assert_eq!(frames(&body(&of_job)), ["13", "16", "16"]);
}

#[test]
fn a_skeleton_prints_its_elements_without_frame_layer_source_and_group() {
    let labels = vec![label_with("person", &[("sex", InputType::Text, "")]), sublabel("a", 0), sublabel("b", 0)];
    let a = track(ShapeKind::Points, 1, vec![key(0, &[1.0, 1.0])]);
    let b = track(ShapeKind::Points, 2, vec![key(0, &[2.0, 2.0]), gone(1, &[3.0, 3.0])]);
    let person = TrackSketch {
        group: 4,
        values: vec![(0, "f")],
        elements: vec![a, b],
        ..track(ShapeKind::Skeleton, 0, vec![key(0, &[])])
    };
    let nose = ShapeSketch { outside: true, occluded: true, ..shape(ShapeKind::Points, 1, 0, &[7.0, 7.0]) };
    let single = ShapeSketch { elements: vec![nose], ..shape(ShapeKind::Skeleton, 0, 0, &[]) };
    let jobs = vec![JobSketch { tracks: vec![person], shapes: vec![single], ..job(0, 2) }];
    assert_eq!(
        body_of(&task(labels, video(3, jobs))),
        r#"  <track id="0" label="person" source="manual" group_id="4">
    <skeleton frame="0" keyframe="1" z_order="0">
      <points label="a" keyframe="1" outside="0" occluded="0" points="1.00,1.00">
      </points>
      <points label="b" keyframe="1" outside="0" occluded="0" points="2.00,2.00">
      </points>
      <attribute name="sex">f</attribute>
    </skeleton>
    <skeleton frame="1" keyframe="0" z_order="0">
      <points label="a" keyframe="0" outside="0" occluded="0" points="1.00,1.00">
      </points>
      <points label="b" keyframe="1" outside="1" occluded="0" points="3.00,3.00">
      </points>
      <attribute name="sex">f</attribute>
    </skeleton>
    <skeleton frame="2" keyframe="0" z_order="0">
      <points label="a" keyframe="0" outside="0" occluded="0" points="1.00,1.00">
      </points>
      <attribute name="sex">f</attribute>
    </skeleton>
  </track>
  <track id="1" label="person" source="manual">
    <skeleton frame="0" keyframe="1" z_order="0">
      <points label="a" keyframe="1" outside="1" occluded="1" points="7.00,7.00">
      </points>
    </skeleton>
    <skeleton frame="1" keyframe="1" z_order="0">
      <points label="a" keyframe="1" outside="1" occluded="1" points="7.00,7.00">
      </points>
    </skeleton>
  </track>
"#
    );
}

#[test]
fn ids_of_a_project_run_through_the_tracks_of_all_tasks_and_then_the_shapes() {
    let of = |id, subset| {
        let tracks = vec![track(ShapeKind::Rectangle, 0, vec![key(0, &BOX)]); 2];
        let jobs = vec![JobSketch { tracks, shapes: vec![rectangle(0, 0, BOX)], ..job(0, 0) }];
        TaskSketch { id: Some(id), subset, ..video(1, jobs) }
    };
    let text = body_of(&project(vec![label("car")], vec![of(8, "x"), of(9, "")]));
    let tracks: Vec<&str> = text.lines().filter(|line| line.starts_with("  <track")).collect();
    assert_eq!(
        tracks,
        [
            r#"  <track id="0" label="car" source="manual" task_id="9" subset="default">"#,
            r#"  <track id="1" label="car" source="manual" task_id="9" subset="default">"#,
            r#"  <track id="2" label="car" source="manual" task_id="8" subset="x">"#,
            r#"  <track id="3" label="car" source="manual" task_id="8" subset="x">"#,
            r#"  <track id="4" label="car" source="manual" task_id="9" subset="default">"#,
            r#"  <track id="5" label="car" source="manual" task_id="8" subset="x">"#,
        ]
    );
}

#[test]
fn tracks_that_print_nothing_and_tracks_longer_than_a_chunk_are_printed_once() {
    let size = 10_000;
    let hidden = track(ShapeKind::Rectangle, 0, vec![key(1, &BOX)]);
    let long = track(ShapeKind::Rectangle, 0, vec![key(0, &BOX)]);
    let jobs = vec![JobSketch { tracks: vec![hidden.clone(), long, hidden], ..job(0, size - 1) }];
    // The second track begins in the middle of what is left after the first.
    let dataset = task(vec![label("car")], TaskSketch { deleted: (1..size).collect(), ..video(size, jobs.clone()) });
    let text = body_of(&dataset);
    assert_eq!(text.matches("<track ").count(), 3);
    assert_eq!(text.matches("</track>").count(), 3);
    assert_eq!(text.matches("<box ").count(), 1);
    let text = body_of(&task(vec![label("car")], video(size, jobs)));
    assert_eq!(text.matches("<track ").count(), 3);
    let frames: Vec<&str> = text.split(" frame=\"").skip(1).filter_map(|it| it.split('"').next()).collect();
    let frames: Vec<u32> = frames.into_iter().filter_map(|frame| frame.parse().ok()).collect();
    let expected: Vec<u32> = (1..size).chain(0..size).chain(1..size).collect();
    assert_eq!(frames, expected);
}

#[test]
fn shapes_on_deleted_frames_are_left_out() {
    let jobs = vec![JobSketch { shapes: vec![rectangle(0, 0, BOX), rectangle(0, 1, BOX)], ..job(0, 1) }];
    let dataset = task(vec![label("car")], TaskSketch { deleted: vec![0], ..video(2, jobs) });
    let text = body_of(&dataset);
    assert_eq!(text.matches("<track id=\"0\"").count(), 1);
    assert!(text.contains("<box frame=\"1\"") && !text.contains("<box frame=\"0\""));
}

#[test]
fn tracks_that_are_left_out_are_not_printed_and_the_others_keep_their_ids() {
    let tracks = [0, 1, 0].map(|label| track(ShapeKind::Rectangle, label, vec![key(0, &BOX)]));
    let dataset =
        task(vec![label("car"), label("person")], video(2, vec![JobSketch { tracks: tracks.to_vec(), ..job(0, 1) }]));
    let mut scene = Scene::new(&dataset).unwrap();
    scene.select(&Selection { labels: vec!["person".into()], ..Selection::default() }).unwrap();
    let body = body(&export(&FORMAT, &scene).unwrap());
    let tracks: Vec<_> = body.lines().filter(|line| line.contains("track")).collect();
    assert_eq!(tracks, [r#"  <track id="1" label="person" source="manual">"#, "  </track>"]);
    assert_eq!(body.lines().filter(|line| line.contains("<box")).count(), 2);
}
