use super::super::testing::*;
use super::*;
use crate::error::Code;
use crate::schema::ShapeKind;

fn car() -> Vec<crate::schema::Label> {
    vec![label("car")]
}

fn names(timeline: &Timeline<'_>) -> Vec<String> {
    let name = |frame| {
        let mut name = String::new();
        timeline.write_name(frame, &mut name);
        name
    };
    timeline.frames.iter().map(name).collect()
}

#[test]
fn a_task_without_a_subset_belongs_to_the_default_one() {
    for (subset, expected) in [("", "default"), ("Train", "Train"), ("default", "default")] {
        let dataset = task(car(), TaskSketch { subset, ..video(1, vec![job(0, 0)]) });
        assert_eq!(Scene::new(&dataset).unwrap().subsets(), [(expected, 0..1)]);
        assert_eq!(Scene::of_job(&dataset, 0, 0).unwrap().subsets(), [(expected, 0..1)]);
    }
}

#[test]
fn an_unset_subset_of_a_project_takes_the_first_name_that_no_task_has() {
    let subsets = |subsets: &[&'static str]| {
        let tasks = subsets.iter().map(|subset| TaskSketch { subset, ..video(1, vec![]) }).collect();
        let dataset = project(car(), tasks);
        let scene = Scene::new(&dataset).unwrap();
        scene.subsets().into_iter().map(|(name, places)| (name.to_owned(), places)).collect::<Vec<_>>()
    };
    let named = |name: &str, places| (name.to_owned(), places);
    assert_eq!(subsets(&["", "train", ""]), [named("default", 0..2), named("train", 2..3)]);
    assert_eq!(subsets(&["default", ""]), [named("default_1", 0..1), named("default", 1..2)]);
    assert_eq!(
        subsets(&["default_1", "", "default"]),
        [named("default_2", 0..1), named("default", 1..2), named("default_1", 2..3)]
    );
}

#[test]
fn tasks_of_a_project_come_by_subset_and_their_frames_are_counted_on_within_one() {
    let tasks = vec![
        TaskSketch { subset: "b", ..video(2, vec![]) },
        TaskSketch { name: "late", subset: "a", start_frame: 3, step: 5, ..video(4, vec![]) },
        TaskSketch { subset: "a", deleted: vec![0], ..video(2, vec![]) },
    ];
    let dataset = project(car(), tasks);
    let scene = Scene::new(&dataset).unwrap();
    // The offset grows by the start frame and step times size: 3 + 5 * 4.
    assert_eq!(names(&scene.timelines[0]), ["frame_000003", "frame_000008", "frame_000013", "frame_000018"]);
    assert_eq!(names(&scene.timelines[1]), ["frame_000024"]);
    assert_eq!(scene.timelines[1].number(1), 24);
    assert_eq!(names(&scene.timelines[2]), ["frame_000000", "frame_000001"]);
    assert_eq!(scene.frame_count(), 7);
    assert_eq!(scene.timelines[0].task.name, "late");
}

#[test]
fn pictures_of_a_project_get_names_of_their_own_within_a_subset() {
    let of = |subset, names: &[&'static str]| TaskSketch { subset, ..pictures(names, vec![]) };
    let tasks = vec![
        of("", &["1.jpg", "a/1.jpg"]),
        of("", &["1.jpg", "2.jpg"]),
        of("x", &["1.jpg"]),
        of("", &["1.png", "noext", "1_1.jpg"]),
    ];
    let dataset = project(car(), tasks);
    let scene = Scene::new(&dataset).unwrap();
    let all: Vec<_> = scene.timelines.iter().map(names).collect();
    assert_eq!(all[0], ["1.jpg", "a/1.jpg"]);
    assert_eq!(all[1], ["1_1.jpg", "2.jpg"]);
    // A name that was made is not remembered: the picture that has it by itself keeps it.
    assert_eq!(all[2], ["1_2.png", "noext", "1_1.jpg"]);
    assert_eq!(all[3], ["1.jpg"]);
    // On its own a task keeps its names.
    let dataset = task(car(), pictures(&["1.jpg", "1.jpg"], vec![]));
    assert_eq!(names(&Scene::new(&dataset).unwrap().timelines[0]), ["1.jpg", "1.jpg"]);
}

/// Honeypots on frames 1 and 3; the ground truth is on 4 and 5.
fn with_honeypots() -> TaskSketch {
    let shapes = |frame| vec![rectangle(0, frame, [f64::from(frame), 0.0, 9.0, 9.0])];
    TaskSketch {
        validation: Some(ValidationMode::GtPool),
        ..pictures(
            &["a.jpg", "v.jpg", "b.jpg", "w.jpg", "v.jpg", "w.jpg"],
            vec![
                JobSketch { shapes: [shapes(1), shapes(2)].concat(), ..job(0, 3) },
                JobSketch { kind: JobKind::GroundTruth, shapes: shapes(5), ..job(4, 5) },
            ],
        )
    }
}

#[test]
fn honeypots_are_shown_once_with_their_ground_truth() {
    let dataset = task(car(), with_honeypots());
    let scene = Scene::new(&dataset).unwrap();
    let timeline = &scene.timelines[0];
    assert_eq!(names(timeline), ["a.jpg", "b.jpg", "v.jpg", "w.jpg"]);
    assert_eq!(shown(timeline), ["2: car 2 0 9 9", "5: car 5 0 9 9"]);
    assert!(timeline.undeleted.contains(1), "CVAT for video prints them all the same");
    let plain = task(car(), TaskSketch { validation: Some(ValidationMode::Gt), ..with_honeypots() });
    assert_eq!(Scene::new(&plain).unwrap().frame_count(), 6);
}

#[test]
fn honeypots_take_no_part_in_the_naming_of_pictures() {
    let dataset = project(car(), vec![with_honeypots(), pictures(&["v.jpg"], vec![])]);
    let scene = Scene::new(&dataset).unwrap();
    assert_eq!(names(&scene.timelines[0]), ["a.jpg", "b.jpg", "v.jpg", "w.jpg"]);
    assert_eq!(names(&scene.timelines[1]), ["v_1.jpg"]);
}

#[test]
fn a_job_shows_its_own_frames_and_annotations_only() {
    let with = |frame, start, stop| JobSketch {
        tracks: vec![track(ShapeKind::Rectangle, 0, vec![key(frame, &[0.0, 0.0, 1.0, 1.0])])],
        ..job(start, stop)
    };
    let dataset = task(
        car(),
        TaskSketch {
            deleted: vec![4],
            overlap: 2,
            start_frame: 10,
            step: 2,
            ..video(8, vec![with(1, 0, 4), with(5, 3, 7)])
        },
    );
    let scene = Scene::of_job(&dataset, 0, 1).unwrap();
    let timeline = &scene.timelines[0];
    assert_eq!(names(timeline), ["frame_000016", "frame_000020", "frame_000022", "frame_000024"]);
    assert_eq!(shown(timeline), ["5: car 0 0 1 1 #0 key", "6: car 0 0 1 1 #0", "7: car 0 0 1 1 #0"]);
    assert_eq!(scene.kind, SceneKind::Job { task: 0, job: 1 });
}

#[test]
fn a_ground_truth_job_shows_its_frames_without_those_that_are_switched_off() {
    let truth = JobSketch {
        kind: JobKind::GroundTruth,
        frames: Some(vec![0, 2, 3, 5]),
        tracks: vec![track(ShapeKind::Rectangle, 0, vec![key(0, &[0.0, 0.0, 1.0, 1.0])])],
        ..job(0, 5)
    };
    let dataset = task(car(), TaskSketch { disabled: vec![3], deleted: vec![5], ..video(6, vec![job(0, 5), truth]) });
    let scene = Scene::of_job(&dataset, 0, 1).unwrap();
    assert_eq!(scene.timelines[0].frames.iter().collect::<Vec<_>>(), [0, 2]);
    assert_eq!(shown(&scene.timelines[0]), ["0: car 0 0 1 1 #0 key", "2: car 0 0 1 1 #0"]);
    // The other job is not concerned by what the validation has switched off.
    assert_eq!(Scene::of_job(&dataset, 0, 0).unwrap().frame_count(), 5);
}

#[test]
fn a_consensus_replica_can_be_shown_by_itself() {
    let shapes = vec![rectangle(0, 0, [0.0, 0.0, 1.0, 1.0])];
    let replica = JobSketch { kind: JobKind::Replica, shapes, ..job(0, 0) };
    let dataset = task(car(), video(1, vec![job(0, 0), replica]));
    assert_eq!(shown(&Scene::of_job(&dataset, 0, 1).unwrap().timelines[0]), ["0: car 0 0 1 1"]);
    assert!(shown(&Scene::new(&dataset).unwrap().timelines[0]).is_empty());
}

#[test]
fn a_source_without_any_task_is_an_error() {
    let error = Scene::new(&crate::dataset::testing::empty()).map(|_| ()).unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
}

#[test]
fn the_error_of_a_task_of_a_project_names_it() {
    let twice = vec![key(0, &[0.0, 0.0, 1.0, 1.0]), key(0, &[0.0, 0.0, 1.0, 2.0])];
    let tracks = vec![track(ShapeKind::Rectangle, 0, twice)];
    let dataset = project(car(), vec![video(1, vec![JobSketch { tracks, ..job(0, 0) }])]);
    let error = Scene::new(&dataset).map(|_| ()).unwrap_err();
    assert_eq!(error.place().to_string(), "task \"drive\", frame 0, track 0, label \"car\"");
    let error = Scene::of_job(&dataset, 0, 0).map(|_| ()).unwrap_err();
    assert_eq!(error.place().to_string(), "task \"drive\", job 0, frame 0, track 0, label \"car\"");
}

#[test]
fn ids_have_slashes_no_extension_and_the_extension_is_in_lower_case() {
    let dataset = task(car(), pictures(&["a/IMG.1.JPG", "b\\c.png", ".hidden", "noext"], vec![]));
    let scene = Scene::new(&dataset).unwrap();
    let id = |frame| {
        let (mut made, mut stem) = (MadeId::default(), String::from("images/"));
        let (id, extension) = scene.timelines[0].id(frame, &mut made);
        scene.timelines[0].write_stem(frame, &mut stem);
        assert_eq!(stem, format!("images/{id}"));
        (stem, extension.to_owned())
    };
    let pair = |id: &str, extension: &str| (id.to_owned(), extension.to_owned());
    assert_eq!(id(0), pair("images/a/IMG.1", ".jpg"));
    assert_eq!(id(1), pair("images/b/c", ".png"));
    assert_eq!(id(2), pair("images/.hidden", ""));
    assert_eq!(id(3), pair("images/noext", ""));
    let dataset = task(car(), video(1, vec![]));
    let scene = Scene::new(&dataset).unwrap();
    let mut made = MadeId::default();
    let (id, extension) = scene.timelines[0].id(0, &mut made);
    assert_eq!(pair(id, extension), pair("frame_000000", ".png"));
}
