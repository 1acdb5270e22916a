use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::super::testing::*;
use super::super::{Frames, Item, Scene, Selection, VisitScratch};
use super::*;

const BOX: [f64; 4] = [0.0, 0.0, 10.0, 10.0];

fn boxes(keyframes: Vec<ShapeSketch>) -> TrackSketch {
    track(ShapeKind::Rectangle, 0, keyframes)
}

#[test]
fn the_frames_on_which_tracks_appear_are_counted_among_those_shown() {
    let appears = |frame| boxes(vec![gone(0, &BOX), key(frame, &BOX)]);
    // Its first keyframe is gone with its frame.
    let never = boxes(vec![key(2, &BOX), gone(3, &BOX)]);
    let tracks = vec![appears(1), boxes(vec![key(1, &BOX), gone(2, &BOX)]), never, appears(5)];
    let dataset = task(vec![label("car")], TaskSketch { deleted: vec![2], ..of_tracks(7, tracks) });
    let scene = Scene::new(&dataset).unwrap();
    // Frames 0, 1, 3, 4, 5 and 6 are shown.
    assert_eq!(scene.timelines[0].first_places(|_| true), [1, 4]);
    assert!(scene.timelines[0].first_places(|track| track.kind == ShapeKind::Polygon).is_empty());
}

type Counts = BTreeMap<(u32, ShapeKind), u64>;

fn counted(timeline: &Timeline<'_>, places: Range<u32>) -> Counts {
    let mut counts = Counts::new();
    timeline.count_shapes(
        places,
        |_, _| true,
        |label, kind, count| {
            counts.insert((label, kind), count);
        },
    );
    counts
}

#[test]
fn shapes_are_counted_by_label_and_kind_on_the_frames_that_are_shown() {
    let hidden = vec![key(0, &[1.0, 1.0]), gone(3, &[1.0, 1.0]), key(5, &[1.0, 1.0])];
    let tracks = vec![
        // On the frames 1, 5, 6 and 7: 2 is deleted, and from 3 on it is outside.
        boxes(vec![key(1, &BOX), gone(3, &BOX), key(5, &BOX)]),
        // On 0, 1, 5, 6 and 7: its only element is out of sight on 3 and 4.
        skeleton(vec![key(0, &[])], hidden, vec![]),
    ];
    let shapes = [0, 2, 2, 6].map(|frame| rectangle(3, frame, BOX)).to_vec();
    let sketch = video(8, vec![JobSketch { shapes, tracks, ..job(0, 7) }]);
    let labels = vec![label("person"), sublabel("a", 0), sublabel("b", 0), label("car")];
    let dataset = task(labels, TaskSketch { deleted: vec![2], ..sketch });
    let scene = Scene::new(&dataset).unwrap();
    let timeline = &scene.timelines[0];
    let (person, car) = (|kind| (0, kind), (3, ShapeKind::Rectangle));
    let all = [(person(ShapeKind::Rectangle), 4), (person(ShapeKind::Skeleton), 5), (car, 2)];
    assert_eq!(counted(timeline, 0..7), Counts::from(all));
    // The frames 1, 3 and 4.
    assert_eq!(
        counted(timeline, 1..4),
        Counts::from([(person(ShapeKind::Rectangle), 1), (person(ShapeKind::Skeleton), 1)])
    );
    assert_eq!(counted(timeline, 3..3), Counts::new());
    let mut wanted = Vec::new();
    timeline.count_shapes(0..7, |label, _| label == 3, |label, kind, count| wanted.push((label, kind, count)));
    assert_eq!(wanted, [(3, ShapeKind::Rectangle, 2)]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_first_places_are_those_where_a_track_has_not_been_seen_before(
        tracks in prop::collection::vec(any_keys(ShapeKind::Rectangle).prop_map(boxes), 0..8),
        deleted in prop::collection::btree_set(0_u32..30, 0..6),
    ) {
        let sketch = TaskSketch { deleted: deleted.into_iter().collect(), ..of_tracks(30, tracks) };
        let dataset = task(vec![label("car")], sketch);
        let scene = Scene::new(&dataset).unwrap();
        let timeline = &scene.timelines[0];
        let (mut seen, mut places) = (BTreeSet::new(), Vec::new());
        let visited = timeline.visit_frames(0..timeline.frames.len(), &mut VisitScratch::default(), |view| {
            let before = seen.len();
            seen.extend(view.items.iter().filter_map(Item::track_id));
            places.extend((seen.len() > before).then_some(view.place));
            Ok(())
        });
        prop_assert_eq!(visited, Ok(()));
        prop_assert_eq!(timeline.first_places(|_| true), places);
    }

    #[test]
    fn counting_tells_what_visiting_the_frames_does(
        tracks in prop::collection::vec(any_track(), 0..8),
        frames in prop::collection::vec(0_u32..30, 0..20),
        deleted in prop::collection::btree_set(0_u32..30, 0..6),
        later in 0_u32..30,
        selection in prop::sample::select(vec!["", "every:3", "annotated", "keyframes"]),
        is_of_job in any::<bool>(),
        (from, to) in (0_u32..31, 0_u32..31),
    ) {
        let mut tracks = tracks;
        if let Some(track) = tracks.first_mut() {
            track.frame = later;
            track.elements.iter_mut().for_each(|element| element.frame = later / 2);
        }
        let shapes = (0..).zip(frames).map(|(place, frame)| rectangle(place % 2 * 3, frame, BOX)).collect();
        let range = if is_of_job { job(0, 19) } else { job(0, 29) };
        let jobs = vec![JobSketch { shapes, tracks, ..range }];
        let sketch = TaskSketch { deleted: deleted.into_iter().collect(), ..video(30, jobs) };
        let labels = vec![label("person"), sublabel("a", 0), sublabel("b", 0), label("car")];
        let dataset = task(labels, sketch);
        let mut scene = if is_of_job { Scene::of_job(&dataset, 0, 0) } else { Scene::new(&dataset) }.unwrap();
        let frames = if selection.is_empty() { Frames::All } else { selection.parse().unwrap() };
        scene.select(&Selection { frames, ..Selection::default() }).unwrap();
        let timeline = &scene.timelines[0];
        let (from, to) = (from.min(timeline.frames.len()), to.min(timeline.frames.len()));
        let places = from.min(to)..to;
        let mut counts = Counts::new();
        let visited = timeline.visit_frames(places.clone(), &mut VisitScratch::default(), |view| {
            view.items.iter().for_each(|item| *counts.entry((item.label, item.kind)).or_default() += 1);
            Ok(())
        });
        prop_assert_eq!(visited, Ok(()));
        prop_assert_eq!(counted(timeline, places.clone()), counts);

        let is_wanted = |label: u32, kind: ShapeKind| label == 3 || kind == ShapeKind::Skeleton;
        let have = timeline.have_shapes(places.clone(), is_wanted);
        let (mut some, mut all) = (Vec::new(), Vec::new());
        let mut scratch = VisitScratch::default();
        timeline.visit_some(places.clone(), is_wanted, &mut scratch, |view| {
            some.push((view.frame, view.items.to_vec()));
            Ok(())
        }).unwrap();
        timeline.visit_frames(places, &mut scratch, |view| {
            let items = view.items.iter().copied().filter(|item| is_wanted(item.label, item.kind));
            all.push((view.frame, items.collect::<Vec<_>>()));
            Ok(())
        }).unwrap();
        prop_assert_eq!(have, all.iter().map(|(_, items)| !items.is_empty()).collect::<Vec<_>>());
        prop_assert_eq!(some, all);
    }
}
