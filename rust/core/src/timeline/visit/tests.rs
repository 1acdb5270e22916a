use proptest::prelude::*;

use super::super::Scene;
use super::super::testing::*;
use super::*;
use crate::dataset::Dataset;
use crate::error::Code;
use crate::schema::{InputType, ShapeKind};

const BOX: [f64; 4] = [0.0, 0.0, 10.0, 10.0];

fn boxes(keyframes: Vec<ShapeSketch>) -> TrackSketch {
    track(ShapeKind::Rectangle, 0, keyframes)
}

fn cars(task: TaskSketch) -> Dataset {
    let text = InputType::Text;
    super::super::testing::task(
        vec![label_with("car", &[("speed", text, ""), ("lane", text, ""), ("maker", text, "")])],
        task,
    )
}

fn people(size: u32, tracks: Vec<TrackSketch>) -> Dataset {
    task(vec![label("person"), sublabel("a", 0), sublabel("b", 0)], of_tracks(size, tracks))
}

#[test]
fn a_track_moves_between_its_keyframes_and_is_gone_from_an_outside_one_to_the_next() {
    let keyframes = vec![key(1, &BOX), gone(3, &[6.0, 0.0, 16.0, 10.0]), key(5, &[8.0, 0.0, 18.0, 10.0])];
    let dataset = cars(of_tracks(8, vec![boxes(keyframes)]));
    let scene = Scene::new(&dataset).unwrap();
    let timeline = &scene.timelines[0];
    let seen = [
        "1: car 0 0 10 10 #0 key",
        "2: car 3 0 13 10 #0",
        "5: car 8 0 18 10 #0 key",
        "6: car 8 0 18 10 #0",
        "7: car 8 0 18 10 #0",
    ];
    assert_eq!(shown(timeline), seen);
    let mut with_end = seen.to_vec();
    with_end.insert(2, "3: car 6 0 16 10 #0 key outside");
    assert_eq!(printed(timeline, 0), with_end);
}

#[test]
fn a_keyframe_on_a_deleted_frame_does_not_exist() {
    let keyframes = vec![key(0, &BOX), key(2, &[20.0, 0.0, 30.0, 10.0]), key(4, &[4.0, 0.0, 14.0, 10.0])];
    let dataset = cars(TaskSketch { deleted: vec![2, 5], ..of_tracks(6, vec![boxes(keyframes)]) });
    let scene = Scene::new(&dataset).unwrap();
    let expected = ["0: car 0 0 10 10 #0 key", "1: car 1 0 11 10 #0", "3: car 3 0 13 10 #0", "4: car 4 0 14 10 #0 key"];
    assert_eq!(shown(&scene.timelines[0]), expected);
    assert_eq!(printed(&scene.timelines[0], 0), expected);
}

#[test]
fn flags_layers_and_mutable_attributes_hold_until_the_next_keyframe() {
    let first = ShapeSketch { occluded: true, z_order: 3, values: vec![(0, "90")], ..key(0, &BOX) };
    let second = ShapeSketch { values: vec![(0, "50")], ..key(2, &BOX) };
    let tracks = vec![TrackSketch { values: vec![(2, "ford")], ..boxes(vec![first, second]) }];
    let dataset = cars(of_tracks(3, tracks));
    let scene = Scene::new(&dataset).unwrap();
    assert_eq!(
        shown(&scene.timelines[0]),
        [
            "0: car 0 0 10 10 #0 key occluded z3 0=90 2=ford",
            "1: car 0 0 10 10 #0 occluded z3 0=90 2=ford",
            "2: car 0 0 10 10 #0 key 0=50 2=ford",
        ]
    );
}

#[test]
fn attributes_that_a_keyframe_lacks_are_carried_over_behind_its_own() {
    let keyframes = vec![
        ShapeSketch { values: vec![(0, "90"), (1, "left")], ..key(0, &BOX) },
        ShapeSketch { values: vec![(0, "lost")], ..key(1, &BOX) },
        ShapeSketch { values: vec![(1, "right")], ..key(2, &BOX) },
        key(3, &BOX),
    ];
    let dataset = cars(TaskSketch { deleted: vec![1], ..of_tracks(4, vec![boxes(keyframes)]) });
    let scene = Scene::new(&dataset).unwrap();
    let expected = [
        "0: car 0 0 10 10 #0 key 0=90 1=left",
        "2: car 0 0 10 10 #0 key 1=right 0=90",
        "3: car 0 0 10 10 #0 key 1=right 0=90",
    ];
    assert_eq!(shown(&scene.timelines[0]), expected);
}

#[test]
fn rotations_take_the_shorter_way_across_zero() {
    let turned = |frame, rotation| ShapeSketch { rotation, ..key(frame, &BOX) };
    let dataset = cars(of_tracks(5, vec![boxes(vec![turned(0, 350.0), turned(4, 10.0)])]));
    let scene = Scene::new(&dataset).unwrap();
    let timeline = &scene.timelines[0];
    let mut rotations = Vec::new();
    let visited = timeline.visit_frames(0..5, &mut VisitScratch::default(), |view| {
        rotations.extend(view.items.iter().map(|item| timeline.rotation(item)));
        Ok(())
    });
    assert_eq!(visited, Ok(()));
    assert_eq!(rotations, [350.0, 355.0, 0.0, 5.0, 10.0]);
}

#[test]
fn the_same_keyframe_twice_counts_once_and_two_different_ones_are_an_error_with_its_place() {
    let twice = |other: ShapeSketch| {
        let fine = boxes(vec![key(0, &BOX)]);
        cars(of_tracks(9, vec![fine, boxes(vec![key(2, &BOX), key(4, &BOX), other, key(6, &BOX)])]))
    };
    let same = twice(key(4, &BOX));
    let scene = Scene::new(&same).unwrap();
    assert_eq!(scene.timelines[0].keyframes(&scene.timelines[0].tracks.tracks[1]).len(), 3);
    let others = [
        key(4, &[0.0, 0.0, 10.0, 11.0]),
        gone(4, &BOX),
        ShapeSketch { occluded: true, ..key(4, &BOX) },
        ShapeSketch { z_order: 1, ..key(4, &BOX) },
        ShapeSketch { rotation: 1.0, ..key(4, &BOX) },
        ShapeSketch { values: vec![(0, "90")], ..key(4, &BOX) },
    ];
    for other in others {
        let dataset = twice(other);
        let error = Scene::new(&dataset).map(|_| ()).unwrap_err();
        assert_eq!(error.code(), Code::BadTrack);
        assert_eq!(error.place().to_string(), "frame 4, track 1, label \"car\"");
    }
    let gone_with_the_frame = cars(TaskSketch {
        deleted: vec![4],
        ..of_tracks(9, vec![boxes(vec![key(4, &BOX), gone(4, &BOX), key(6, &BOX)])])
    });
    assert!(Scene::new(&gone_with_the_frame).is_ok());
}

#[test]
fn a_job_interpolates_towards_keyframes_behind_its_end_and_shows_none_of_them() {
    let towards = boxes(vec![key(2, &BOX), key(6, &[8.0, 0.0, 18.0, 10.0])]);
    let behind = boxes(vec![key(5, &BOX)]);
    let dataset = cars(video(9, vec![JobSketch { tracks: vec![towards, behind], ..job(0, 4) }, job(5, 8)]));
    let scene = Scene::of_job(&dataset, 0, 0).unwrap();
    let timeline = &scene.timelines[0];
    let expected = ["2: car 0 0 10 10 #0 key", "3: car 2 0 12 10 #0", "4: car 4 0 14 10 #0"];
    assert_eq!(shown(timeline), expected);
    assert_eq!(printed(timeline, 0), expected);
    assert!(printed(timeline, 1).is_empty());
}

#[test]
fn a_track_shows_nothing_before_its_own_first_frame() {
    let keyframes = vec![key(0, &BOX), key(4, &[4.0, 0.0, 14.0, 10.0])];
    let dataset = cars(of_tracks(5, vec![TrackSketch { frame: 3, ..boxes(keyframes) }]));
    let scene = Scene::new(&dataset).unwrap();
    let expected = ["3: car 3 0 13 10 #0", "4: car 4 0 14 10 #0 key"];
    assert_eq!(shown(&scene.timelines[0]), expected);
    assert_eq!(printed(&scene.timelines[0], 0), expected);
}

#[test]
fn a_skeleton_shows_its_elements_even_out_of_sight_and_cvat_for_video_prints_their_end_only() {
    let a = vec![key(0, &[1.0, 1.0]), key(4, &[5.0, 5.0])];
    let b = vec![key(0, &[2.0, 2.0]), gone(2, &[4.0, 4.0])];
    let dataset = people(6, vec![skeleton(vec![key(0, &[])], a, b)]);
    let scene = Scene::new(&dataset).unwrap();
    assert_eq!(
        shown(&scene.timelines[0]),
        [
            "0: person #0 key [a 1 1 #0 key, b 2 2 #1 key]",
            "1: person #0 [a 2 2 #0, b 3 3 #1]",
            "2: person #0 [a 3 3 #0, b 4 4 #1 key outside]",
            "3: person #0 [a 4 4 #0, b 4 4 #1 outside]",
            "4: person #0 [a 5 5 #0 key, b 4 4 #1 outside]",
            "5: person #0 [a 5 5 #0, b 4 4 #1 outside]",
        ]
    );
    assert_eq!(
        printed(&scene.timelines[0], 0),
        [
            "0: person #0 key [a 1 1 #0 key, b 2 2 #1 key]",
            "1: person #0 [a 2 2 #0, b 3 3 #1]",
            "2: person #0 [a 3 3 #0, b 4 4 #1 key outside]",
            "3: person #0 [a 4 4 #0]",
            "4: person #0 [a 5 5 #0 key]",
            "5: person #0 [a 5 5 #0]",
        ]
    );
}

#[test]
fn an_element_that_starts_later_is_missing_until_then() {
    let dataset = people(3, vec![skeleton(vec![key(0, &[])], vec![key(0, &[1.0, 1.0])], vec![key(2, &[2.0, 2.0])])]);
    let scene = Scene::new(&dataset).unwrap();
    assert_eq!(
        shown(&scene.timelines[0]),
        ["0: person #0 key [a 1 1 #0 key]", "1: person #0 [a 1 1 #0]", "2: person #0 [a 1 1 #0, b 2 2 #1 key]",]
    );
}

#[test]
fn a_skeleton_without_any_element_in_sight_is_dropped_and_one_without_any_element_stays() {
    let hidden = skeleton(vec![key(0, &[])], vec![key(0, &[1.0, 1.0]), gone(1, &[1.0, 1.0])], vec![]);
    let bare = skeleton(vec![key(0, &[])], vec![], vec![]);
    let dataset = people(2, vec![hidden, bare]);
    let scene = Scene::new(&dataset).unwrap();
    let timeline = &scene.timelines[0];
    assert_eq!(shown(timeline), ["0: person #0 key [a 1 1 #0 key], person #1 key", "1: person #1"]);
    assert_eq!(printed(timeline, 0), ["0: person #0 key [a 1 1 #0 key]", "1: person #0 [a 1 1 #0 key outside]"]);
    assert!(printed(timeline, 1).is_empty());
}

#[test]
fn shapes_come_before_tracks_and_both_by_layer_without_changing_places_on_one() {
    let shape = |x, z_order| ShapeSketch { z_order, ..rectangle(0, 1, [x, 0.0, 1.0, 1.0]) };
    let on = |x: f64, z_order| boxes(vec![ShapeSketch { z_order, ..key(0, &[x, 0.0, 1.0, 1.0]) }]);
    let shapes = vec![shape(1.0, 2), shape(2.0, 0), shape(3.0, -1), shape(4.0, 0)];
    let tracks = vec![on(5.0, 0), on(6.0, -1), on(7.0, 2)];
    let dataset = cars(video(2, vec![JobSketch { shapes, tracks, ..job(0, 1) }]));
    let scene = Scene::new(&dataset).unwrap();
    let lines = shown_at(&scene.timelines[0], 1..2);
    let order: Vec<char> = lines[0].split("car ").skip(1).filter_map(|item| item.chars().next()).collect();
    assert_eq!(order, ['3', '6', '2', '4', '5', '1', '7']);
}

#[test]
fn a_single_shape_is_shown_even_if_it_says_it_is_out_of_sight() {
    let shapes = vec![ShapeSketch { outside: true, ..rectangle(0, 0, BOX) }];
    let dataset = cars(video(1, vec![JobSketch { shapes, tags: vec![(0, 0)], ..job(0, 0) }]));
    let scene = Scene::new(&dataset).unwrap();
    assert_eq!(shown(&scene.timelines[0]), ["0: <car>, car 0 0 10 10 outside"]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn frames_are_the_same_wherever_a_visit_starts(
        tracks in prop::collection::vec(any_track(), 0..8),
        deleted in prop::collection::btree_set(0_u32..30, 0..6),
        later in 0_u32..30,
        (from, to) in (0_usize..31, 0_usize..31),
    ) {
        let mut tracks = tracks;
        if let Some(track) = tracks.first_mut() {
            track.frame = later;
        }
        let sketch = TaskSketch { deleted: deleted.into_iter().collect(), ..of_tracks(30, tracks) };
        let dataset = task(vec![label("person"), sublabel("a", 0), sublabel("b", 0)], sketch);
        let scene = Scene::new(&dataset).unwrap();
        let timeline = &scene.timelines[0];
        let all = shown_at(timeline, 0..timeline.frames.len());
        prop_assert_eq!(all.len(), timeline.frames.len() as usize);
        let (from, to) = (from.min(all.len()), to.min(all.len()));
        if from <= to {
            prop_assert_eq!(&shown_at(timeline, from as u32..to as u32), &all[from..to]);
        }
        for (place, track) in timeline.tracks.tracks.iter().enumerate() {
            let frames = timeline.track_frames(track);
            let place = place as u32;
            let middle = frames.start + (frames.end - frames.start) / 2;
            let mut pieces = printed_in(timeline, place, frames.start..middle);
            pieces.extend(printed_in(timeline, place, middle..frames.end));
            prop_assert_eq!(pieces, printed(timeline, place));
        }
    }
}
