//! A small dataset with something of everything, for tests.

use super::{Builder, Common, Dataset, Drawn, Job, JobKind, Media, Project, Provenance, Table, Task};
use crate::schema::{Attribute, InputType, Label, Schema, ShapeKind};

fn label(name: &str, parent: Option<usize>, attributes: &[&str]) -> Label {
    let attribute = |name: &&str| Attribute {
        name: (*name).to_owned(),
        mutable: *name == "speed",
        input_type: InputType::Text,
        default_value: String::new(),
        values: Vec::new(),
    };
    Label {
        name: name.to_owned(),
        color: "#00ff00".to_owned(),
        kind: "any".to_owned(),
        attributes: attributes.iter().map(attribute).collect(),
        parent,
        svg: None,
    }
}

pub(crate) fn job(start: u32, stop: u32) -> Job {
    Job {
        id: Some(7),
        kind: JobKind::Annotation,
        start,
        stop,
        frames: None,
        updated: None,
        assignee: None,
        completed: false,
        tags: 0..0,
        shapes: 0..0,
        tracks: 0..0,
    }
}

fn task(name: &str, size: u32, media: Media, jobs: Vec<Job>) -> Task {
    Task {
        name: name.to_owned(),
        provenance: Provenance::default(),
        subset: String::new(),
        is_3d: false,
        size,
        start_frame: 4,
        stop_frame: 4 + 2 * u64::from(size),
        step: 2,
        frame_filter: "step=2".to_owned(),
        media,
        media_folder: Some("data/".to_owned()),
        deleted: vec![1],
        disabled: Vec::new(),
        validation: None,
        overlap: 0,
        jobs,
    }
}

/// Two tasks: three pictures with a tag, a skeleton, a rectangle and a mask; a video with a track and a skeleton track.
///
/// Attributes: 0 `sex` (person), 1 `colour` and 2 `speed` (car).
pub(crate) fn dataset() -> Dataset {
    let schema = Schema::from(vec![
        label("person", None, &["sex"]),
        label("nose", Some(0), &[]),
        label("car", None, &["colour", "speed"]),
    ]);
    let mut builder = Builder::default();
    let [manual, auto, red, female, fast] =
        ["manual", "auto", "röd", "f", "90"].map(|text| builder.text(text).unwrap());
    let common = |frame, label, source| Common { frame, label, group: frame * 10, source };
    let drawn = |points| Drawn { occluded: true, outside: false, z_order: -1, rotation: 7.5, points };
    for name in ["a/1.png", "a/2.png", "ü.png"] {
        builder.image(name, 640, 480).unwrap();
    }
    builder.tag(common(2, 2, manual), &[(1, red)]).unwrap();
    builder.shape(ShapeKind::Points, common(0, 1, manual), drawn(&[5.0, 6.5]), &[], 0).unwrap();
    builder.shape(ShapeKind::Skeleton, common(0, 0, manual), drawn(&[]), &[(0, female)], 1).unwrap();
    builder
        .shape(ShapeKind::Rectangle, common(1, 2, auto), drawn(&[1.0, 2.0, 3.0, 4.0]), &[(1, red), (2, fast)], 0)
        .unwrap();
    builder
        .shape(ShapeKind::Mask, common(2, 2, auto), drawn(&[1.0, 4.0, 1.0, 10.0, 20.0, 12.0, 21.0]), &[], 0)
        .unwrap();
    builder.keyframe(0, drawn(&[0.0, 0.0, 9.0, 9.0]), &[(2, fast)]).unwrap();
    builder.keyframe(5, Drawn { outside: true, ..drawn(&[1.0, 1.0, 10.0, 10.0]) }, &[]).unwrap();
    builder.track(ShapeKind::Rectangle, common(0, 2, manual), 0..2, &[(1, red)], 0).unwrap();
    builder.keyframe(3, drawn(&[2.0, 2.0]), &[]).unwrap();
    builder.track(ShapeKind::Points, common(3, 1, manual), 2..3, &[], 0).unwrap();
    builder.keyframe(3, drawn(&[]), &[]).unwrap();
    builder.track(ShapeKind::Skeleton, common(3, 0, manual), 3..4, &[(0, female)], 1).unwrap();
    let tasks = vec![
        task("night", 3, Media::Images { rows: 0..3 }, vec![Job { tags: 0..1, shapes: 0..4, ..job(0, 2) }]),
        task(
            "drive",
            9,
            Media::Video { name: "drive.mp4".to_owned(), width: 1920, height: 1080 },
            vec![Job { tracks: 0..1, ..job(0, 4) }, Job { tracks: 1..3, frames: Some(vec![5, 8]), ..job(5, 8) }],
        ),
    ];
    let project = Project { name: "roads".to_owned(), provenance: Provenance::default() };
    builder.finish(schema, Some(project), tasks)
}

/// A dataset without anything.
pub(crate) fn empty() -> Dataset {
    Builder::default().finish(Schema::default(), None, Vec::new())
}

/// Whether two datasets say the same.
pub(crate) fn equal(a: &Dataset, b: &Dataset) -> bool {
    a.schema == b.schema
        && a.project == b.project
        && a.tasks == b.tasks
        && a.columns.strings == b.columns.strings
        && Table::ALL.into_iter().all(|table| a.table(table).unwrap() == b.table(table).unwrap())
}
