//! Backups as CVAT makes them of a task or a project.

use serde::Deserialize;

use super::annotations::{self, Target};
use super::labels::{RawLabel, labels};
use super::media;
use super::store::Store;
use super::vocabulary::Vocabulary;
use super::watch::Watch;
use super::words::{self, AUDIO_CHUNKS, CHUNK_TYPES, JOB_STATUSES, SORTING_METHODS, Tasks};
use crate::dataset::{Builder, Dataset, Job, JobKind, Media, Project, Provenance, Task, ValidationMode};
use crate::error::{Code, Error, Place, Result};
use crate::schema::Schema;

#[derive(Deserialize)]
struct RawProject {
    name: String,
    bug_tracker: Option<String>,
    labels: Vec<RawLabel>,
    version: Option<String>,
}

#[derive(Deserialize)]
struct RawTask {
    name: String,
    bug_tracker: Option<String>,
    subset: Option<String>,
    #[serde(default)]
    labels: Vec<RawLabel>,
    version: Option<String>,
    data: Option<RawData>,
    #[serde(default)]
    jobs: Vec<RawJob>,
}

#[derive(Deserialize)]
pub(super) struct RawData {
    pub(super) start_frame: Option<u64>,
    pub(super) stop_frame: Option<u64>,
    #[serde(default)]
    pub(super) frame_filter: String,
    pub(super) sorting_method: Option<String>,
    chunk_type: Option<String>,
    #[serde(default)]
    deleted_frames: Vec<u32>,
    validation_layout: Option<RawLayout>,
}

#[derive(Deserialize)]
struct RawLayout {
    mode: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct RawJob {
    #[serde(rename = "type")]
    kind: Option<JobKind>,
    /// The stage of the work under its old name: all that a backup tells of it.
    status: Option<String>,
    pub(super) start_frame: i64,
    pub(super) stop_frame: i64,
    frames: Option<Vec<u32>>,
    pub(super) files: Option<Vec<String>>,
}

impl RawJob {
    /// Very old backups do not say.
    fn kind(&self) -> JobKind {
        self.kind.clone().unwrap_or(JobKind::Annotation)
    }
}

/// What all tasks of a backup share.
struct Backup<'a> {
    store: &'a Store,
    watch: &'a Watch<'a>,
    schema: &'a Schema,
    vocabulary: &'a Vocabulary,
}

/// Reads the backup of a task.
pub fn open_task(store: &Store, watch: &Watch<'_>) -> Result<Dataset> {
    let mut raw: RawTask = store.whole("task.json", watch)?;
    let mut builder = Builder::default();
    let labels = labels(std::mem::take(&mut raw.labels), &mut builder).map_err(|error| error.in_file("task.json"))?;
    let vocabulary = Vocabulary::new(&labels);
    let backup = Backup { store, watch, schema: &labels.schema, vocabulary: &vocabulary };
    let name = raw.name.clone();
    let task = backup
        .task("", raw, &mut builder)?
        .ok_or_else(|| Error::new(Code::BadMetadata, "the task has no data").in_file("task.json").in_task(name))?;
    Ok(builder.finish(labels.schema, None, vec![task]))
}

/// Reads the backup of a project. Tasks without data are left out, as CVAT's own exports leave them out, and so are
/// those of kinds that cannot be read.
pub fn open_project(store: &Store, watch: &Watch<'_>) -> Result<Dataset> {
    let raw: RawProject = store.whole("project.json", watch)?;
    check_version(raw.version.as_deref(), "project.json")?;
    let mut builder = Builder::default();
    let labels = labels(raw.labels, &mut builder).map_err(|error| error.in_file("project.json"))?;
    let vocabulary = Vocabulary::new(&labels);
    let backup = Backup { store, watch, schema: &labels.schema, vocabulary: &vocabulary };
    let mut tasks = Tasks::new();
    for number in store.numbered("", "task_") {
        let folder = format!("task_{number}/");
        let raw: RawTask = store.whole(&format!("{folder}task.json"), watch)?;
        let name = raw.name.clone();
        tasks.add(backup.task(&folder, raw, &mut builder), &name, &mut builder)?;
    }
    let provenance = Provenance { bug_tracker: raw.bug_tracker.unwrap_or_default(), ..Provenance::default() };
    let project = Project { name: raw.name, provenance };
    Ok(builder.finish(labels.schema, Some(project), tasks.finish()?))
}

impl Backup<'_> {
    /// Reads a task from `folder`, which is empty or ends in `/`. `None` if it has no data.
    fn task(&self, folder: &str, raw: RawTask, builder: &mut Builder) -> Result<Option<Task>> {
        check_version(raw.version.as_deref(), &format!("{folder}task.json"))?;
        let Some(data) = &raw.data else { return Ok(None) };
        self.task_with_data(folder, &raw, data, builder).map(Some).map_err(|error| error.in_task(raw.name.clone()))
    }

    fn task_with_data(&self, folder: &str, raw: &RawTask, data: &RawData, builder: &mut Builder) -> Result<Task> {
        let task_json = format!("{folder}task.json");
        let chunk_type = data.chunk_type.as_deref().unwrap_or_default();
        if chunk_type == AUDIO_CHUNKS {
            return Err(words::audio().in_file(task_json));
        }
        let place = Place { task: Some(raw.name.clone()), ..Place::default() };
        let sorting = data.sorting_method.as_deref().unwrap_or_default();
        words::expect(builder, "chunk type", chunk_type, CHUNK_TYPES, "it is ignored", &place);
        words::expect(builder, "sorting method", sorting, SORTING_METHODS, "it is ignored", &place);
        let has_intervals = self.schema.labels().iter().any(|label| label.kind == "interval");
        let frames = media::read(self.store, self.watch, folder, data, &raw.jobs, has_intervals, builder)?;
        let jobs = jobs(&raw.jobs, frames.size, builder, &place).map_err(|error| error.in_file(task_json.as_str()))?;
        let validation = validation(data, &jobs, builder, &place);
        let is_video = matches!(frames.media, Media::Video { .. });
        let mut task = Task {
            name: raw.name.clone(),
            provenance: Provenance {
                bug_tracker: raw.bug_tracker.clone().unwrap_or_default(),
                ..Provenance::default()
            },
            subset: raw.subset.clone().unwrap_or_default(),
            is_3d: frames.is_3d,
            size: frames.size,
            start_frame: frames.start,
            stop_frame: frames.stop,
            step: frames.step,
            frame_filter: frames.filter.clone(),
            media: frames.media,
            media_folder: Some(format!("{folder}data/")),
            deleted: frame_list(&data.deleted_frames, frames.size).map_err(|error| error.in_file(task_json))?,
            disabled: Vec::new(),
            validation,
            overlap: overlap(&raw.jobs, frames.size, is_video),
            jobs,
        };
        self.read_annotations(&format!("{folder}annotations.json"), &mut task, builder)?;
        Ok(task)
    }

    /// Reads `annotations.json`: an array with an object for each job of the task.
    fn read_annotations(&self, name: &str, task: &mut Task, builder: &mut Builder) -> Result<()> {
        let mut reader = self.store.reader(name, self.watch)?;
        let at = Place { task: Some(task.name.clone()), ..Place::default() };
        let mut target =
            Target { builder, schema: self.schema, vocabulary: self.vocabulary, size: task.size, place: at };
        let mut read = || -> Result<()> {
            let mut place = 0;
            reader.begin_array()?;
            while reader.next_item()? {
                let count = task.jobs.len();
                let job = task.jobs.get_mut(place).ok_or_else(|| miscounted(count))?;
                target.place.job = Some(place as u64);
                annotations::read(&mut reader, &mut target, job).map_err(|error| error.in_job(place as u64))?;
                place += 1;
            }
            if place < task.jobs.len() {
                return Err(miscounted(task.jobs.len()));
            }
            reader.finish()
        };
        let result = read();
        result.map_err(|error| reader.explain(error).in_file(name))
    }
}

fn check_version(version: Option<&str>, file: &str) -> Result<()> {
    match version {
        None | Some("1.0") => Ok(()),
        Some(other) => Err(Error::new(Code::BadMetadata, format!("a backup of version {other}; only 1.0 is known"))
            .in_file(file)
            .advise("is there a newer framehaul?")),
    }
}

fn miscounted(jobs: usize) -> Error {
    Error::new(Code::BadMetadata, format!("the annotations are not those of {jobs} jobs, as many as the task has"))
}

fn jobs(raw: &[RawJob], size: u32, builder: &mut Builder, at: &Place) -> Result<Vec<Job>> {
    let mut job = |place: u64, job: &RawJob| {
        let (start, stop) = job_range(job.start_frame, job.stop_frame, size)?;
        let frames = job.frames.as_deref().map(|frames| frame_list(frames, size)).transpose()?;
        let status = job.status.as_deref().unwrap_or_default();
        let at = Place { job: Some(place), ..at.clone() };
        words::expect(builder, "job status", status, JOB_STATUSES, "the job counts as not completed", &at);
        Ok(Job {
            id: None,
            kind: job.kind(),
            start,
            stop,
            frames,
            updated: None,
            assignee: None,
            completed: status == "completed",
            tags: 0..0,
            shapes: 0..0,
            tracks: 0..0,
        })
    };
    (0_u64..).zip(raw).map(|(place, raw)| job(place, raw).map_err(|error: Error| error.in_job(place))).collect()
}

/// First and last frame of a job. Old tasks have jobs whose last frame lies behind the end of the video.
pub(super) fn job_range(start: i64, stop: i64, size: u32) -> Result<(u32, u32)> {
    let last = i64::from(size) - 1;
    match (u32::try_from(start), u32::try_from(stop.min(last))) {
        (Ok(start), Ok(stop)) if start <= stop => Ok((start, stop)),
        _ => {
            Err(Error::new(Code::BadMetadata, format!("a job from frame {start} to {stop} of a task of {size} frames")))
        }
    }
}

/// Frames in ascending order, each once; they must be frames of the task.
pub(super) fn frame_list(frames: &[u32], size: u32) -> Result<Vec<u32>> {
    let mut frames = frames.to_vec();
    frames.sort_unstable();
    frames.dedup();
    match frames.last() {
        Some(&last) if last >= size => {
            Err(Error::new(Code::BadMetadata, format!("frame {last} is listed, of a task of {size} frames")))
        }
        _ => Ok(frames),
    }
}

fn validation(data: &RawData, jobs: &[Job], builder: &mut Builder, place: &Place) -> Option<ValidationMode> {
    let has_ground_truth = jobs.iter().any(|job| job.kind == JobKind::GroundTruth);
    let mode = data.validation_layout.as_ref().and_then(|layout| layout.mode.as_deref()).unwrap_or_default();
    words::validation_mode(builder, mode, place).or(has_ground_truth.then_some(ValidationMode::Gt))
}

/// Frames that neighbouring jobs share: what the first two annotation jobs do, unless jobs have files of their own.
///
/// A single job shares none, but the task has an overlap all the same, and the order of the tracks depends on it. It is
/// taken to be the one that CVAT gives by default: 5 in videos, 0 among pictures, at most half a job.
fn overlap(jobs: &[RawJob], size: u32, is_video: bool) -> u32 {
    let mut annotation = jobs.iter().filter(|job| job.kind() == JobKind::Annotation && job.files.is_none());
    // No job goes on behind the last frame, whatever it claims.
    let end = |job: &RawJob| job.stop_frame.saturating_add(1).min(size.into());
    let shared = match (annotation.next(), annotation.next()) {
        (Some(first), Some(second)) => end(first).saturating_sub(second.start_frame),
        (Some(only), None) if is_video => (end(only).saturating_sub(only.start_frame) / 2).min(5),
        _ => 0,
    };
    u32::try_from(shared).unwrap_or(0).min(size)
}
