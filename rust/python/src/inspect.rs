//! What a dataset holds, in plain Python values. The types stand in `framehaul/dataset.py`.

use framehaul_core::dataset::{Dataset, Job, Media, Note, top_level};
use framehaul_core::schema::{Label, ShapeKind, Skeleton};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Tags count as a kind after those of shapes.
const KINDS: usize = ShapeKind::ALL.len() + 1;
const TAG: usize = ShapeKind::ALL.len();

/// Tasks, jobs, labels, and counts by label and kind.
pub fn inspect<'py>(py: Python<'py>, dataset: &Dataset) -> PyResult<Bound<'py, PyDict>> {
    let tasks = (0..dataset.tasks.len()).map(|place| task_dict(py, dataset, place)).collect::<PyResult<Vec<_>>>()?;
    let labels = dataset.schema.labels().iter().enumerate();
    let labels = labels
        .map(|(index, label)| label_dict(py, dataset.schema.path(index as u32), label))
        .collect::<PyResult<Vec<_>>>()?;
    let counts = py.detach(|| counts(dataset));
    let counts = counts.iter().enumerate().filter(|(_, count)| **count != Count::default());
    let counts = counts.map(|(slot, count)| count_dict(py, dataset, slot, *count)).collect::<PyResult<Vec<_>>>()?;
    let found = PyDict::new(py);
    found.set_item("project", dataset.project.as_ref().map(|project| &project.name))?;
    found.set_item("tasks", tasks)?;
    found.set_item("labels", labels)?;
    found.set_item("counts", counts)?;
    found.set_item("notes", dataset.notes.iter().map(|note| note_dict(py, note)).collect::<PyResult<Vec<_>>>()?)?;
    Ok(found)
}

fn task_dict<'py>(py: Python<'py>, dataset: &Dataset, place: usize) -> PyResult<Bound<'py, PyDict>> {
    let task = &dataset.tasks[place];
    let job = |(at, job): (usize, &Job)| job_dict(py, dataset.job_name(place, at), job);
    let dict = PyDict::new(py);
    dict.set_item("number", dataset.task_number(place))?;
    dict.set_item("name", &task.name)?;
    dict.set_item("subset", &task.subset)?;
    dict.set_item("media", if matches!(task.media, Media::Video { .. }) { "video" } else { "images" })?;
    dict.set_item("dimension", if task.is_3d { "3d" } else { "2d" })?;
    dict.set_item("frames", task.size)?;
    dict.set_item("deleted_frames", task.deleted.len())?;
    dict.set_item("start_frame", task.start_frame)?;
    dict.set_item("step", task.step)?;
    dict.set_item("jobs", task.jobs.iter().enumerate().map(job).collect::<PyResult<Vec<_>>>()?)?;
    Ok(dict)
}

fn job_dict<'py>(py: Python<'py>, name: String, job: &Job) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("name", name)?;
    dict.set_item("id", job.id)?;
    dict.set_item("type", job.kind.as_str())?;
    dict.set_item("start_frame", job.start)?;
    dict.set_item("stop_frame", job.stop)?;
    dict.set_item("completed", job.completed)?;
    Ok(dict)
}

fn label_dict<'py>(py: Python<'py>, path: String, label: &Label) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("name", path)?;
    dict.set_item("type", &label.kind)?;
    dict.set_item("color", &label.color)?;
    let skeleton = Skeleton::of(label);
    let point = |node: i64| skeleton.points.get(usize::try_from(node - 1).ok()?);
    let edges = skeleton.edges.iter().filter_map(|&(from, to)| Some((point(from)?, point(to)?)));
    dict.set_item("edges", edges.collect::<Vec<_>>())?;
    dict.set_item("attributes", label.attributes.iter().map(|attribute| &attribute.name).collect::<Vec<_>>())?;
    Ok(dict)
}

fn count_dict<'py>(py: Python<'py>, dataset: &Dataset, slot: usize, count: Count) -> PyResult<Bound<'py, PyDict>> {
    let (label, kind) = (slot / KINDS, slot % KINDS);
    let dict = PyDict::new(py);
    dict.set_item("label", dataset.schema.path(label as u32))?;
    dict.set_item("kind", ShapeKind::from_number(kind as u8).map_or("tag", ShapeKind::as_str))?;
    dict.set_item("shapes", count.shapes)?;
    dict.set_item("tracks", count.tracks)?;
    dict.set_item("keyframes", count.keyframes)?;
    Ok(dict)
}

fn note_dict<'py>(py: Python<'py>, note: &Note) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("message", &note.message)?;
    dict.set_item("place", &note.place)?;
    dict.set_item("times", note.count)?;
    dict.set_item("left_out", note.left_out)?;
    Ok(dict)
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Count {
    shapes: u64,
    tracks: u64,
    keyframes: u64,
}

/// A count for each label and kind, label after label. Elements of skeletons are part of them and not counted.
fn counts(dataset: &Dataset) -> Vec<Count> {
    let mut counts = vec![Count::default(); dataset.schema.len() * KINDS];
    let (tags, shapes, tracks) = (&dataset.columns.tags, &dataset.columns.shapes, &dataset.columns.tracks);
    let slot = |label: u32, kind: usize| label as usize * KINDS + kind;
    for job in dataset.tasks.iter().flat_map(|task| &task.jobs) {
        for row in job.tags.clone() {
            counts[slot(tags.label[row as usize], TAG)].shapes += 1;
        }
        for row in top_level(&shapes.elements, job.shapes.clone()) {
            counts[slot(shapes.label[row as usize], shapes.kind(row) as usize)].shapes += 1;
        }
        for row in top_level(&tracks.elements, job.tracks.clone()) {
            let count = &mut counts[slot(tracks.label[row as usize], tracks.kind(row) as usize)];
            count.tracks += 1;
            count.keyframes += u64::from(tracks.keyframe_count[row as usize]);
        }
    }
    counts
}
