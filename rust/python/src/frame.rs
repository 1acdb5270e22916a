//! Frames with what they show, as plain Python values. The types stand in `framehaul/frame.py`.

use std::path::PathBuf;

use framehaul_core::dataset;
use framehaul_core::error::{Code, Error, Result};
use framehaul_core::media::Files;
use framehaul_core::timeline::{FrameView, Item, PointScratch, Scene, Timeline, VisitScratch};
use framehaul_macros::guarded;
use pyo3::prelude::*;

use crate::dataset::Dataset;
use crate::error::to_py;

/// Adds the functions.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(frames, module)?)?;
    module.add_function(wrap_pyfunction!(frame_counts, module)?)?;
    module.add_function(wrap_pyfunction!(frame_numbers, module)?)?;
    module.add_function(wrap_pyfunction!(picture_file, module)?)
}

#[derive(IntoPyObject)]
struct Annotation {
    kind: &'static str,
    label: String,
    points: Vec<f64>,
    rotation: f64,
    track: Option<u32>,
    keyframe: bool,
    group: u32,
    z_order: i32,
    occluded: bool,
    outside: bool,
    source: String,
    attributes: Vec<(String, String)>,
    elements: Vec<Annotation>,
}

#[derive(IntoPyObject)]
struct Frame {
    frame: u32,
    number: u64,
    name: String,
    width: u32,
    height: u32,
    tags: Vec<(String, Vec<(String, String)>)>,
    annotations: Vec<Annotation>,
}

/// What a task shows, counted. Its size does not depend on the number of frames.
#[derive(IntoPyObject)]
struct Counts {
    frames: u64,
    empty: u64,
    annotations: u64,
    bars: Vec<Bar>,
    labels: Vec<(String, u64)>,
}

/// A run of consecutive frames.
#[derive(IntoPyObject)]
struct Bar {
    first: u32,
    last: u32,
    busiest: u32,
    most: u32,
}

/// Ctrl-C stops counting within a few milliseconds.
const FRAMES_BETWEEN_SIGNALS: u64 = 1 << 16;

impl Bar {
    fn add(&mut self, frame: u32, shown: u32) {
        self.last = frame;
        if shown > self.most {
            (self.busiest, self.most) = (frame, shown);
        }
    }
}

#[pyfunction]
#[pyo3(signature = (dataset, task, wanted, jobs = vec![]))]
#[guarded]
fn frames(py: Python<'_>, dataset: &Dataset, task: usize, wanted: Vec<u32>, jobs: Vec<String>) -> PyResult<Vec<Frame>> {
    let read = || {
        let scene = scene(&dataset.0, task, &jobs)?;
        let timeline = &scene.timelines[0];
        let mut scratch = VisitScratch::default();
        let mut frames = Vec::with_capacity(wanted.len());
        for frame in wanted {
            if !timeline.frames.contains(frame) {
                let message = format!("the task has no such frame among its {}, or it is deleted", timeline.task.size);
                return Err(Error::new(Code::NotFound, message).at_frame(frame).in_task(&timeline.task.name));
            }
            let place = timeline.frames.rank(frame);
            timeline.visit_frames(place..place + 1, &mut scratch, |view| {
                frames.push(frame_of(timeline, view));
                Ok(())
            })?;
        }
        Ok(frames)
    };
    py.detach(read).map_err(to_py)
}

/// The frames of a task that exports show, and those that are deleted.
#[pyfunction]
#[guarded]
fn frame_numbers(py: Python<'_>, dataset: &Dataset, task: usize) -> PyResult<(Vec<u32>, Vec<u32>)> {
    let read = || {
        let scene = scene(&dataset.0, task, &[])?;
        Ok((scene.timelines[0].frames.iter().collect(), dataset.0.tasks[task].deleted.clone()))
    };
    py.detach(read).map_err(to_py)
}

#[pyfunction]
#[pyo3(signature = (dataset, task, bars, jobs = vec![]))]
#[guarded]
fn frame_counts(py: Python<'_>, dataset: &Dataset, task: usize, bars: usize, jobs: Vec<String>) -> PyResult<Counts> {
    let count = || {
        let scene = scene(&dataset.0, task, &jobs)?;
        let timeline = &scene.timelines[0];
        let total = timeline.frames.len();
        let mut labels = vec![0; dataset.0.schema.len()];
        let mut counts = Counts { frames: 0, empty: 0, annotations: 0, bars: Vec::new(), labels: Vec::new() };
        let step = u64::from(total).div_ceil(bars.max(1) as u64);
        timeline.visit_frames(0..total, &mut VisitScratch::default(), |view| {
            let shown = (view.items.len() + view.tags.len()) as u32;
            match counts.bars.last_mut() {
                Some(bar) if !counts.frames.is_multiple_of(step) => bar.add(view.frame, shown),
                _ => counts.bars.push(Bar { first: view.frame, last: view.frame, busiest: view.frame, most: shown }),
            }
            counts.frames += 1;
            counts.empty += u64::from(shown == 0);
            counts.annotations += u64::from(shown);
            let tags = view.tags.iter().map(|&row| dataset.0.columns.tags.label[row as usize]);
            view.items.iter().map(|item| item.label).chain(tags).for_each(|label| labels[label as usize] += 1);
            if counts.frames.is_multiple_of(FRAMES_BETWEEN_SIGNALS) {
                Python::attach(|py| py.check_signals())
                    .map_err(|_| Error::new(Code::Interrupted, "stopped on request"))?;
            }
            Ok(())
        })?;
        let names = (0..labels.len() as u32).map(|label| dataset.0.schema.path(label));
        counts.labels = names.zip(labels).filter(|(_, count)| *count > 0).collect();
        Ok(counts)
    };
    py.detach(count).map_err(to_py)
}

#[pyfunction]
#[pyo3(signature = (dataset, task, frame, media = None))]
#[guarded]
fn picture_file(dataset: &Dataset, task: usize, frame: u32, media: Option<PathBuf>) -> PyResult<Vec<u8>> {
    let read = || {
        let known = dataset.0.tasks.get(task).filter(|task| frame < task.size).ok_or_else(|| no_task(&dataset.0))?;
        let dataset::Media::Images { rows } = &known.media else {
            return Err(Error::new(Code::NotFound, "the task has no pictures but a video").in_task(&known.name));
        };
        let name = dataset.0.columns.images.name.value((rows.start + frame) as usize);
        Ok(Files::find(&dataset.0, media.as_deref())?.read(known, name)?.bytes)
    };
    read().map_err(to_py)
}

/// A scene with one timeline: of the task at a place, or of jobs of it.
fn scene<'d>(dataset: &'d dataset::Dataset, task: usize, jobs: &[String]) -> Result<Scene<'d>> {
    match dataset.tasks.get(task) {
        None => Err(no_task(dataset)),
        Some(_) if jobs.is_empty() => Scene::with_task(dataset, task),
        Some(_) => Scene::chosen(dataset, &[], jobs),
    }
}

fn no_task(dataset: &dataset::Dataset) -> Error {
    let message = format!("the source has no such task; tasks are counted from 0, and it has {}", dataset.tasks.len());
    Error::new(Code::NotFound, message)
}

fn frame_of(timeline: &Timeline<'_>, view: &FrameView<'_>) -> Frame {
    let (schema, columns) = (&timeline.dataset.schema, &timeline.dataset.columns);
    let (width, height) = timeline.size(view.frame);
    let mut name = String::new();
    timeline.write_name(view.frame, &mut name);
    let tag = |&row: &u32| {
        let values = columns.tags.attributes.get(row);
        let values =
            values.map(|(number, text)| (schema.attribute(number).name.clone(), columns.text(text).to_owned()));
        (schema.path(columns.tags.label[row as usize]), values.collect())
    };
    Frame {
        frame: view.frame,
        number: timeline.number(view.frame),
        name,
        width,
        height,
        tags: view.tags.iter().map(tag).collect(),
        annotations: view.items.iter().map(|item| annotation(timeline, item)).collect(),
    }
}

fn annotation(timeline: &Timeline<'_>, item: &Item) -> Annotation {
    let (schema, columns) = (&timeline.dataset.schema, &timeline.dataset.columns);
    let mut attributes = Vec::new();
    timeline.for_each_value(item, |number, text| {
        attributes.push((schema.attribute(number).name.clone(), text.to_owned()));
    });
    // An element is no skeleton, so that this ends one level below.
    let mut elements = Vec::new();
    if item.kind == framehaul_core::schema::ShapeKind::Skeleton {
        timeline.push_elements(item, &mut elements);
    }
    Annotation {
        kind: item.kind.as_str(),
        label: schema.path(item.label),
        points: timeline.points(item, &mut PointScratch::default()).to_vec(),
        rotation: timeline.rotation(item),
        track: item.track_id(),
        keyframe: item.is_keyframe(),
        group: item.group,
        z_order: item.z_order,
        occluded: item.occluded,
        outside: item.outside,
        source: columns.text(item.source).to_owned(),
        attributes,
        elements: elements.iter().map(|element| annotation(timeline, element)).collect(),
    }
}
