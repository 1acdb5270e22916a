//! Datasets for tests, written as they read: labels, tasks, jobs, shapes and tracks as plain values.

use std::ops::Range;

use proptest::prelude::*;

use super::{Item, PointScratch, Timeline, VisitScratch};
use crate::dataset::{
    Builder, Common, Dataset, Drawn, Job, JobKind, Media, Project, Provenance, Task, ValidationMode, Value,
};
use crate::schema::{Attribute, InputType, Label, Schema, ShapeKind};

/// Attributes by their numbers in the schema, and their values.
pub(crate) type Values = Vec<(u32, &'static str)>;

/// A shape, an element of one, or a keyframe.
#[derive(Clone, Debug)]
pub(crate) struct ShapeSketch {
    pub kind: ShapeKind,
    pub label: u32,
    pub frame: u32,
    pub group: u32,
    pub source: &'static str,
    pub occluded: bool,
    pub outside: bool,
    pub z_order: i32,
    pub rotation: f64,
    pub points: Vec<f64>,
    pub values: Values,
    pub elements: Vec<ShapeSketch>,
}

pub(crate) fn shape(kind: ShapeKind, label: u32, frame: u32, points: &[f64]) -> ShapeSketch {
    ShapeSketch {
        kind,
        label,
        frame,
        group: 0,
        source: "manual",
        occluded: false,
        outside: false,
        z_order: 0,
        rotation: 0.0,
        points: points.to_vec(),
        values: Values::new(),
        elements: Vec::new(),
    }
}

pub(crate) fn rectangle(label: u32, frame: u32, points: [f64; 4]) -> ShapeSketch {
    shape(ShapeKind::Rectangle, label, frame, &points)
}

/// A keyframe; the kind and label are its track's.
pub(crate) fn key(frame: u32, points: &[f64]) -> ShapeSketch {
    shape(ShapeKind::Skeleton, 0, frame, points)
}

/// A keyframe from which on the object is out of sight.
pub(crate) fn gone(frame: u32, points: &[f64]) -> ShapeSketch {
    ShapeSketch { outside: true, ..key(frame, points) }
}

/// A track.
#[derive(Clone, Debug)]
pub(crate) struct TrackSketch {
    pub kind: ShapeKind,
    pub label: u32,
    pub frame: u32,
    pub group: u32,
    pub keyframes: Vec<ShapeSketch>,
    pub values: Values,
    pub elements: Vec<TrackSketch>,
}

/// A track from its first keyframe on.
pub(crate) fn track(kind: ShapeKind, label: u32, keyframes: Vec<ShapeSketch>) -> TrackSketch {
    let frame = keyframes.first().map_or(0, |first| first.frame);
    TrackSketch { kind, label, frame, group: 0, keyframes, values: Values::new(), elements: Vec::new() }
}

/// A job.
#[derive(Clone, Debug)]
pub(crate) struct JobSketch {
    pub id: Option<u64>,
    pub kind: JobKind,
    pub start: u32,
    pub stop: u32,
    pub frames: Option<Vec<u32>>,
    pub completed: bool,
    /// Frame and label.
    pub tags: Vec<(u32, u32)>,
    pub shapes: Vec<ShapeSketch>,
    pub tracks: Vec<TrackSketch>,
}

/// An empty job from its first to its last frame.
pub(crate) fn job(start: u32, stop: u32) -> JobSketch {
    JobSketch {
        id: None,
        kind: JobKind::Annotation,
        start,
        stop,
        frames: None,
        completed: false,
        tags: Vec::new(),
        shapes: Vec::new(),
        tracks: Vec::new(),
    }
}

/// A task; with pictures, or a video if it has none.
#[derive(Clone, Debug)]
pub(crate) struct TaskSketch {
    pub name: &'static str,
    pub id: Option<u64>,
    pub subset: &'static str,
    pub size: u32,
    pub pictures: Vec<&'static str>,
    pub width: u32,
    pub height: u32,
    pub start_frame: u64,
    pub step: u64,
    pub is_3d: bool,
    pub deleted: Vec<u32>,
    pub disabled: Vec<u32>,
    pub validation: Option<ValidationMode>,
    pub overlap: u32,
    pub jobs: Vec<JobSketch>,
}

/// A video of some frames of 8 by 6 pixels.
pub(crate) fn video(size: u32, jobs: Vec<JobSketch>) -> TaskSketch {
    TaskSketch {
        name: "drive",
        id: None,
        subset: "",
        size,
        pictures: Vec::new(),
        width: 8,
        height: 6,
        start_frame: 0,
        step: 1,
        is_3d: false,
        deleted: Vec::new(),
        disabled: Vec::new(),
        validation: None,
        overlap: 0,
        jobs,
    }
}

/// Pictures of 8 by 6 pixels.
pub(crate) fn pictures(names: &[&'static str], jobs: Vec<JobSketch>) -> TaskSketch {
    TaskSketch { pictures: names.to_vec(), ..video(names.len() as u32, jobs) }
}

/// A label without attributes.
pub(crate) fn label(name: &str) -> Label {
    Label {
        name: name.to_owned(),
        color: "#00ff00".to_owned(),
        kind: "any".to_owned(),
        attributes: Vec::new(),
        parent: None,
        svg: None,
    }
}

/// A label with attributes: name, input type, default value. One called `speed` is mutable.
pub(crate) fn label_with(name: &str, attributes: &[(&str, InputType, &str)]) -> Label {
    let attribute = |&(name, input_type, default_value): &(&str, InputType, &str)| Attribute {
        name: name.to_owned(),
        mutable: name == "speed",
        input_type,
        default_value: default_value.to_owned(),
        values: Vec::new(),
    };
    Label { attributes: attributes.iter().map(attribute).collect(), ..label(name) }
}

/// A label of a skeleton's point.
pub(crate) fn sublabel(name: &str, parent: usize) -> Label {
    Label { parent: Some(parent), ..label(name) }
}

/// The dataset of a single task.
pub(crate) fn task(labels: Vec<Label>, task: TaskSketch) -> Dataset {
    dataset(labels, None, vec![task])
}

/// The dataset of a project.
pub(crate) fn project(labels: Vec<Label>, tasks: Vec<TaskSketch>) -> Dataset {
    dataset(labels, Some(Project { name: "roads".to_owned(), provenance: Provenance::default() }), tasks)
}

fn dataset(labels: Vec<Label>, project: Option<Project>, tasks: Vec<TaskSketch>) -> Dataset {
    let dataset = unchecked(labels, project, tasks);
    crate::dataset::check(&dataset).unwrap();
    dataset
}

/// A dataset that need not make sense.
pub(crate) fn unchecked(labels: Vec<Label>, project: Option<Project>, tasks: Vec<TaskSketch>) -> Dataset {
    let mut builder = Builder::default();
    let tasks = tasks.into_iter().map(|task| add_task(&mut builder, task)).collect();
    builder.finish(Schema::from(labels), project, tasks)
}

fn add_task(builder: &mut Builder, sketch: TaskSketch) -> Task {
    let first_picture = builder.image_count();
    for name in &sketch.pictures {
        builder.image(name, sketch.width, sketch.height).unwrap();
    }
    let media = if sketch.pictures.is_empty() {
        Media::Video { name: "clips/drive.mp4".to_owned(), width: sketch.width, height: sketch.height }
    } else {
        Media::Images { rows: first_picture..builder.image_count() }
    };
    Task {
        name: sketch.name.to_owned(),
        provenance: Provenance { id: sketch.id, ..Provenance::default() },
        subset: sketch.subset.to_owned(),
        is_3d: sketch.is_3d,
        size: sketch.size,
        start_frame: sketch.start_frame,
        stop_frame: sketch.start_frame + sketch.step * u64::from(sketch.size.saturating_sub(1)),
        step: sketch.step,
        frame_filter: String::new(),
        media,
        media_folder: None,
        deleted: sketch.deleted,
        disabled: sketch.disabled,
        validation: sketch.validation,
        overlap: sketch.overlap,
        jobs: sketch.jobs.into_iter().map(|job| add_job(builder, job)).collect(),
    }
}

fn add_job(builder: &mut Builder, sketch: JobSketch) -> Job {
    let manual = builder.text("manual").unwrap();
    let (tag, shape, track) = (builder.tag_count(), builder.shape_count(), builder.track_count());
    for (frame, label) in sketch.tags {
        builder.tag(Common { frame, label, group: 0, source: manual }, &[]).unwrap();
    }
    sketch.shapes.iter().for_each(|shape| add_shape(builder, shape));
    sketch.tracks.iter().for_each(|track| add_track(builder, track));
    Job {
        id: sketch.id,
        kind: sketch.kind,
        start: sketch.start,
        stop: sketch.stop,
        frames: sketch.frames,
        updated: None,
        assignee: None,
        completed: sketch.completed,
        tags: tag..builder.tag_count(),
        shapes: shape..builder.shape_count(),
        tracks: track..builder.track_count(),
    }
}

fn values(builder: &mut Builder, values: &Values) -> Vec<Value> {
    values.iter().map(|&(attribute, text)| (attribute, builder.text(text).unwrap())).collect()
}

fn drawn(sketch: &ShapeSketch) -> Drawn<'_> {
    let &ShapeSketch { occluded, outside, z_order, rotation, ref points, .. } = sketch;
    Drawn { occluded, outside, z_order, rotation, points }
}

fn add_shape(builder: &mut Builder, sketch: &ShapeSketch) {
    sketch.elements.iter().for_each(|element| add_shape(builder, element));
    let source = builder.text(sketch.source).unwrap();
    let common = Common { frame: sketch.frame, label: sketch.label, group: sketch.group, source };
    let values = values(builder, &sketch.values);
    builder.shape(sketch.kind, common, drawn(sketch), &values, sketch.elements.len() as u32).unwrap();
}

fn add_track(builder: &mut Builder, sketch: &TrackSketch) {
    sketch.elements.iter().for_each(|element| add_track(builder, element));
    let first = builder.keyframe_count();
    for keyframe in &sketch.keyframes {
        let values = values(builder, &keyframe.values);
        builder.keyframe(keyframe.frame, drawn(keyframe), &values).unwrap();
    }
    let rows = first..builder.keyframe_count();
    let source = builder.text("manual").unwrap();
    let common = Common { frame: sketch.frame, label: sketch.label, group: sketch.group, source };
    let values = values(builder, &sketch.values);
    builder.track(sketch.kind, common, rows, &values, sketch.elements.len() as u32).unwrap();
}

/// A task of one job with tracks labelled `car`.
pub(crate) fn of_tracks(size: u32, tracks: Vec<TrackSketch>) -> TaskSketch {
    video(size, vec![JobSketch { tracks, ..job(0, size - 1) }])
}

/// A skeleton track of the label `person` with the elements `a` and `b`.
pub(crate) fn skeleton(keyframes: Vec<ShapeSketch>, a: Vec<ShapeSketch>, b: Vec<ShapeSketch>) -> TrackSketch {
    let elements = [(1, a), (2, b)].into_iter().filter(|(_, keyframes)| !keyframes.is_empty());
    let elements = elements.map(|(label, keyframes)| track(ShapeKind::Points, label, keyframes)).collect();
    TrackSketch { elements, ..track(ShapeKind::Skeleton, 0, keyframes) }
}

prop_compose! {
    fn any_key(kind: ShapeKind)(
        gap in 0_u32..4, points in prop::collection::vec(-9_i32..99, 4), outside in prop::bool::weighted(0.3), z in -1..2,
    ) -> (u32, ShapeSketch) {
        let mut points: Vec<f64> = points.into_iter().map(f64::from).collect();
        match kind {
            ShapeKind::Polygon => points.extend([50.0, 50.0]),
            ShapeKind::Points => points.truncate(2),
            ShapeKind::Skeleton => points.clear(),
            _ => {}
        }
        (gap, ShapeSketch { outside, z_order: z, ..key(0, &points) })
    }
}

/// Keyframes of a kind, some of them outside.
pub(crate) fn any_keys(kind: ShapeKind) -> impl Strategy<Value = Vec<ShapeSketch>> {
    (0_u32..20, prop::collection::vec(any_key(kind), 1..5)).prop_map(|(mut frame, keys)| {
        let place = |(gap, sketch): (u32, ShapeSketch)| {
            frame += gap + 1;
            ShapeSketch { frame, ..sketch }
        };
        keys.into_iter().map(place).collect()
    })
}

/// A track of rectangles, polygons (label 0) or skeletons (label 0 with the elements 1 and 2).
pub(crate) fn any_track() -> impl Strategy<Value = TrackSketch> {
    let plain = prop::sample::select(vec![ShapeKind::Rectangle, ShapeKind::Polygon])
        .prop_flat_map(|kind| any_keys(kind).prop_map(move |keyframes| track(kind, 0, keyframes)));
    let skeletons = (any_keys(ShapeKind::Skeleton), any_keys(ShapeKind::Points), any_keys(ShapeKind::Points))
        .prop_map(|(own, a, b)| skeleton(own, a, b));
    prop_oneof![3 => plain, 1 => skeletons]
}

/// An item in a line: `car`, its coordinates and what is special about it; elements in brackets.
pub(crate) fn line(timeline: &Timeline<'_>, item: &Item) -> String {
    let mut scratch = PointScratch::default();
    let mut text = timeline.dataset.schema.label(item.label).name.clone();
    for value in timeline.points(item, &mut scratch) {
        text += &format!(" {value}");
    }
    let rotation = timeline.rotation(item);
    let flags = [
        (item.track_id().is_some(), format!(" #{}", item.track_id().unwrap_or_default())),
        (item.is_keyframe(), " key".to_owned()),
        (item.outside, " outside".to_owned()),
        (item.occluded, " occluded".to_owned()),
        (item.z_order != 0, format!(" z{}", item.z_order)),
        (rotation != 0.0, format!(" turned {rotation}")),
    ];
    for (_, flag) in flags.iter().filter(|(is_set, _)| *is_set) {
        text += flag;
    }
    timeline.for_each_value(item, |attribute, value| text += &format!(" {attribute}={value}"));
    text
}

/// What the frames at these places show: `frame: item, item [element, element]`, tags as `<car>`.
pub(crate) fn shown_at(timeline: &Timeline<'_>, places: Range<u32>) -> Vec<String> {
    let mut lines = Vec::new();
    let visited = timeline.visit_frames(places, &mut VisitScratch::default(), |view| {
        let tags = view.tags.iter().map(|&row| timeline.dataset.columns.tags.label[row as usize]);
        let mut words: Vec<String> =
            tags.map(|label| format!("<{}>", timeline.dataset.schema.label(label).name)).collect();
        for item in view.items {
            let mut elements = Vec::new();
            timeline.push_elements(item, &mut elements);
            words.push(with_elements(timeline, item, &elements));
        }
        lines.push(format!("{}: {}", view.frame, words.join(", ")));
        Ok(())
    });
    visited.unwrap();
    lines
}

/// What all frames show, without those that show nothing.
pub(crate) fn shown(timeline: &Timeline<'_>) -> Vec<String> {
    let mut lines = shown_at(timeline, 0..timeline.frames.len());
    lines.retain(|line| !line.ends_with(": "));
    lines
}

/// What `CVAT for video` prints of a track in these frames.
pub(crate) fn printed_in(timeline: &Timeline<'_>, track: u32, frames: Range<u32>) -> Vec<String> {
    let mut lines = Vec::new();
    let visited = timeline.visit_track(track, frames, &mut Vec::new(), |view| {
        lines.push(format!("{}: {}", view.item.frame, with_elements(timeline, &view.item, view.elements)));
        Ok(())
    });
    visited.unwrap();
    lines
}

/// All that `CVAT for video` prints of a track.
pub(crate) fn printed(timeline: &Timeline<'_>, track: u32) -> Vec<String> {
    printed_in(timeline, track, timeline.track_frames(&timeline.tracks.tracks[track as usize]))
}

fn with_elements(timeline: &Timeline<'_>, item: &Item, elements: &[Item]) -> String {
    let elements: Vec<String> = elements.iter().map(|element| line(timeline, element)).collect();
    match elements.as_slice() {
        [] => line(timeline, item),
        elements => format!("{} [{}]", line(timeline, item), elements.join(", ")),
    }
}
