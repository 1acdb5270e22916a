use super::super::testing::*;
use super::*;
use crate::dataset::Dataset;
use crate::schema::ShapeKind;

const BOX: [f64; 4] = [0.0, 0.0, 2.0, 2.0];

/// Twelve frames: a car from 2 until it is gone at 6 (keyframes 2, 4), a person on 8 (a shape), a tag on 9; the second
/// job, from 6, is completed.
fn dataset() -> Dataset {
    let car = track(ShapeKind::Rectangle, 0, vec![key(2, &BOX), key(4, &[4.0, 4.0, 6.0, 6.0]), gone(6, &BOX)]);
    let first = JobSketch { tracks: vec![car], ..job(0, 5) };
    let second = JobSketch { completed: true, shapes: vec![rectangle(1, 8, BOX)], tags: vec![(9, 2)], ..job(6, 11) };
    task(vec![label("car"), label("person"), label("night")], video(12, vec![first, second]))
}

fn selection(frames: &str, negatives: Option<&str>) -> Selection {
    let negatives = negatives.map(|negatives| negatives.parse().unwrap());
    Selection { frames: frames.parse().unwrap(), negatives, ..Selection::default() }
}

fn frames(dataset: &Dataset, selection: &Selection) -> Vec<u32> {
    let mut scene = Scene::new(dataset).unwrap();
    scene.select(selection).unwrap();
    scene.timelines[0].frames.iter().collect()
}

#[test]
fn annotated_frames_show_something_or_are_known_to_show_nothing() {
    let dataset = dataset();
    assert_eq!(frames(&dataset, &selection("annotated", None)), [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    assert_eq!(frames(&dataset, &selection("annotated", Some("drop"))), [2, 3, 4, 5, 8, 9]);
}

#[test]
fn keyframes_are_frames_where_somebody_placed_what_they_show() {
    let dataset = dataset();
    assert_eq!(frames(&dataset, &selection("keyframes", None)), [2, 4, 8, 9]);
    assert_eq!(frames(&dataset, &selection("keyframes", Some("keep"))), [2, 4, 6, 7, 8, 9, 10, 11]);
}

#[test]
fn every_nth_frame_counts_from_the_first_of_the_task_in_jobs_too() {
    let dataset = dataset();
    assert_eq!(frames(&dataset, &selection("every:5", None)), [0, 5, 10]);
    assert_eq!(frames(&dataset, &selection("every:5", Some("drop"))), [0, 5]);
    let mut scene = Scene::of_job(&dataset, 0, 1).unwrap();
    scene.select(&selection("every:4", None)).unwrap();
    assert_eq!(scene.timelines[0].frames.iter().collect::<Vec<_>>(), [8]);
}

#[test]
fn a_frame_of_an_open_job_is_no_negative_even_if_another_job_of_it_is_completed() {
    let jobs = vec![JobSketch { completed: true, ..job(0, 5) }, job(4, 9)];
    let dataset = task(vec![label("car")], TaskSketch { overlap: 2, ..video(10, jobs) });
    assert_eq!(frames(&dataset, &selection("annotated", None)), [0, 1, 2, 3]);
    assert_eq!(frames(&dataset, &selection("all", Some("drop"))), [4, 5, 6, 7, 8, 9]);
}

#[test]
fn a_greater_share_of_the_negatives_contains_a_smaller_one_and_is_about_as_large_as_asked_for() {
    let dataset = task(vec![label("car")], video(10_000, vec![JobSketch { completed: true, ..job(0, 9_999) }]));
    let some = frames(&dataset, &selection("annotated", Some("0.1")));
    let more = frames(&dataset, &selection("all", Some("0.3")));
    // Within five standard deviations: 5 * sqrt(10000 * 0.1 * 0.9) = 150.
    assert!((850..1150).contains(&some.len()), "{}", some.len());
    assert!((2770..3230).contains(&more.len()), "{}", more.len());
    assert!(some.iter().all(|frame| more.binary_search(frame).is_ok()));
    assert_eq!(frames(&dataset, &selection("all", Some("0.1"))), some);
}

#[test]
fn tracks_are_interpolated_between_keyframes_on_frames_that_are_left_out() {
    let dataset = dataset();
    let mut scene = Scene::new(&dataset).unwrap();
    scene.select(&selection("every:3", None)).unwrap();
    let timeline = &scene.timelines[0];
    assert_eq!(shown_at(timeline, 0..timeline.frames.len()), ["0: ", "3: car 2 2 4 4 #0", "6: ", "9: <night>"]);
}

#[test]
fn other_labels_go_and_the_tracks_of_those_that_stay_keep_their_ids() {
    let tracks = vec![
        track(ShapeKind::Rectangle, 0, vec![key(0, &BOX)]),
        track(ShapeKind::Rectangle, 1, vec![key(1, &BOX), gone(2, &BOX)]),
    ];
    let shapes = vec![rectangle(0, 2, BOX), rectangle(1, 2, BOX)];
    let job = JobSketch { tracks, shapes, tags: vec![(2, 0)], ..job(0, 2) };
    let dataset = task(vec![label("car"), label("person")], video(3, vec![job]));
    let mut scene = Scene::new(&dataset).unwrap();
    scene.select(&Selection { labels: vec!["person".into()], ..Selection::default() }).unwrap();
    let timeline = &scene.timelines[0];
    assert_eq!(shown_at(timeline, 0..3), ["0: ", "1: person 0 0 2 2 #1 key", "2: person 0 0 2 2"]);
    assert_eq!(timeline.first_places(|_| true), [1]);
    assert_eq!(timeline.tracks.tracks.iter().map(|track| track.is_left_out).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn a_skeleton_keeps_its_elements_and_is_placed_where_one_of_them_is() {
    let nose = track(ShapeKind::Points, 1, vec![key(0, &[1.0, 1.0]), key(2, &[3.0, 3.0])]);
    let pose = TrackSketch { elements: vec![nose], ..track(ShapeKind::Skeleton, 0, vec![key(0, &[])]) };
    let labels = vec![label("pose"), sublabel("nose", 0)];
    let dataset = task(labels, video(4, vec![JobSketch { tracks: vec![pose], ..job(0, 3) }]));
    let mut scene = Scene::new(&dataset).unwrap();
    scene.select(&Selection { labels: vec!["pose".into()], ..selection("keyframes", None) }).unwrap();
    let timeline = &scene.timelines[0];
    assert_eq!(timeline.frames.iter().collect::<Vec<_>>(), [0, 2]);
    assert_eq!(shown_at(timeline, 0..1), ["0: pose #0 key [nose 1 1 #0 key]"]);
}

#[test]
fn tasks_of_other_subsets_go_and_frames_keep_their_numbers() {
    let in_subset = |subset| TaskSketch { subset, ..video(3, vec![]) };
    let dataset = project(vec![label("car")], vec![in_subset("a"), in_subset(""), in_subset("")]);
    let mut scene = Scene::new(&dataset).unwrap();
    scene.select(&Selection { subsets: vec!["default".into()], ..selection("every:2", None) }).unwrap();
    assert_eq!(scene.subsets(), [("default", 0..2)]);
    let numbers = scene.timelines.iter().flat_map(|timeline| timeline.frames.iter().map(|it| timeline.number(it)));
    assert_eq!(numbers.collect::<Vec<_>>(), [0, 2, 3, 5]);
}

#[test]
fn what_is_not_there_is_an_error_that_lists_what_is() {
    let dataset = dataset();
    let refused = |selection| Scene::new(&dataset).unwrap().select(&selection).unwrap_err().to_string();
    let label = refused(Selection { labels: vec!["car".into(), "Car".into()], ..Selection::default() });
    assert!(label.contains("\"Car\"") && label.contains("car, person, night"), "{label}");
    let subset = refused(Selection { subsets: vec!["train".into()], ..Selection::default() });
    assert!(subset.contains("\"train\"") && subset.contains("default"), "{subset}");
}

#[test]
fn what_cannot_be_understood_is_a_bad_option() {
    for text in ["", "some", "every", "every:0", "every:-1", "every:1.5", "All"] {
        assert_eq!(text.parse::<Frames>().map_err(|error| error.code()), Err(Code::BadOption), "{text:?}");
    }
    for text in ["", "some", "-0.1", "1.5", "nan"] {
        assert_eq!(text.parse::<Negatives>().map_err(|error| error.code()), Err(Code::BadOption), "{text:?}");
    }
}

#[test]
fn a_selection_says_what_it_takes() {
    assert_eq!(Selection::default().to_string(), "");
    let selection = Selection { labels: vec!["car".into(), "night".into()], ..selection("every:7", Some("0.25")) };
    assert_eq!(selection.to_string(), "frames every:7; labels car, night; negatives 0.25");
}

#[test]
fn a_track_that_ends_on_a_frame_left_out_ends_on_the_next_one() {
    let dataset = dataset();
    let mut scene = Scene::new(&dataset).unwrap();
    scene.select(&selection("every:5", None)).unwrap();
    // Half of the way from 4 to the end at 6, and out of sight from then on, which is told once.
    assert_eq!(printed(&scene.timelines[0], 0), ["5: car 2 2 4 4 #0", "10: car 0 0 2 2 #0 outside"]);
}
