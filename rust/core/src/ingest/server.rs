//! Folders with the JSON answers of a CVAT server: `task.json`, `labels.json`, `jobs.json`, `data_meta.json` and the
//! annotations of each job in `job_ID/`; for a project `project.json`, `labels.json`, `tasks.json` and `task_ID/` for
//! each task.

use serde::Deserialize;

use super::annotations::{self, Rows, Target};
use super::backup::{frame_list, job_range};
use super::labels::labels;
use super::media;
use super::server_meta;
use super::store::Store;
use super::vocabulary::Vocabulary;
use super::watch::Watch;
use super::words::{self, JOB_STATES, Tasks};
use crate::dataset::{Builder, Dataset, Job, JobKind, Project, Provenance, Task, User, ValidationMode, step_of_filter};
use crate::error::{Code, Error, Place, Result};
use crate::schema::Schema;

/// What projects and tasks say of themselves.
#[derive(Deserialize)]
struct RawAbout {
    id: u64,
    #[serde(default)]
    url: String,
    name: String,
    bug_tracker: Option<String>,
    created_date: Option<String>,
    updated_date: Option<String>,
    owner: Option<User>,
    assignee: Option<User>,
}

impl RawAbout {
    fn provenance(&self) -> Provenance {
        Provenance {
            id: Some(self.id),
            bug_tracker: self.bug_tracker.clone().unwrap_or_default(),
            created: self.created_date.clone(),
            updated: self.updated_date.clone(),
            owner: self.owner.clone(),
            assignee: self.assignee.clone(),
            server: self.url.split_once("/api/").map(|(server, _)| server.to_owned()),
        }
    }
}

#[derive(Deserialize)]
struct RawTask {
    #[serde(flatten)]
    about: RawAbout,
    mode: Option<String>,
    overlap: Option<u32>,
    /// Missing for a task without data.
    size: Option<u32>,
    dimension: Option<String>,
    media_type: Option<String>,
    subset: Option<String>,
    validation_mode: Option<String>,
}

#[derive(Deserialize)]
struct RawJob {
    id: u64,
    #[serde(rename = "type")]
    kind: Option<JobKind>,
    /// The job that this one is a replica of.
    parent_job_id: Option<u64>,
    start_frame: i64,
    stop_frame: i64,
    state: Option<String>,
    updated_date: Option<String>,
    assignee: Option<User>,
}

impl RawJob {
    /// A job with a parent is a replica whatever its type says.
    fn kind(&self) -> JobKind {
        match (&self.kind, self.parent_job_id) {
            (_, Some(_)) => JobKind::Replica,
            (kind, None) => kind.clone().unwrap_or(JobKind::Annotation),
        }
    }
}

/// What all tasks of a source share.
struct Server<'a> {
    store: &'a Store,
    watch: &'a Watch<'a>,
    schema: &'a Schema,
    vocabulary: &'a Vocabulary,
}

/// Reads the folder of a task.
pub fn open_task(store: &Store, watch: &Watch<'_>) -> Result<Dataset> {
    let raw: RawTask = store.whole("task.json", watch)?;
    let mut builder = Builder::default();
    let labels =
        labels(store.list("labels.json", watch)?, &mut builder).map_err(|error| error.in_file("labels.json"))?;
    let vocabulary = Vocabulary::new(&labels);
    let server = Server { store, watch, schema: &labels.schema, vocabulary: &vocabulary };
    let name = raw.about.name.clone();
    let task = server
        .task("", raw, &mut builder)?
        .ok_or_else(|| Error::new(Code::BadMetadata, "the task has no data").in_file("task.json").in_task(name))?;
    Ok(builder.finish(labels.schema, None, vec![task]))
}

/// Reads the folder of a project. Tasks without data are left out, as CVAT's own exports leave them out, and so are
/// those of kinds that cannot be read.
pub fn open_project(store: &Store, watch: &Watch<'_>) -> Result<Dataset> {
    let raw: RawAbout = store.whole("project.json", watch)?;
    let mut builder = Builder::default();
    let labels =
        labels(store.list("labels.json", watch)?, &mut builder).map_err(|error| error.in_file("labels.json"))?;
    let vocabulary = Vocabulary::new(&labels);
    let server = Server { store, watch, schema: &labels.schema, vocabulary: &vocabulary };
    let mut raw_tasks: Vec<RawTask> = store.list("tasks.json", watch)?;
    raw_tasks.sort_by_key(|task| task.about.id);
    let mut tasks = Tasks::new();
    for task in raw_tasks {
        let name = task.about.name.clone();
        tasks.add(server.task(&format!("task_{}/", task.about.id), task, &mut builder), &name, &mut builder)?;
    }
    let project = Project { provenance: raw.provenance(), name: raw.name };
    Ok(builder.finish(labels.schema, Some(project), tasks.finish()?))
}

impl Server<'_> {
    /// Reads a task from `folder`, which is empty or ends in `/`. `None` if it has no data.
    fn task(&self, folder: &str, raw: RawTask, builder: &mut Builder) -> Result<Option<Task>> {
        match raw.size {
            None | Some(0) => Ok(None),
            Some(size) => self
                .task_with_data(folder, &raw, size, builder)
                .map(Some)
                .map_err(|e| e.in_task(raw.about.name.clone())),
        }
    }

    fn task_with_data(&self, folder: &str, raw: &RawTask, size: u32, builder: &mut Builder) -> Result<Task> {
        let data_meta = format!("{folder}data_meta.json");
        let word = |word: &Option<String>| word.clone().unwrap_or_default();
        let (is_video, is_3d) = words::media(&word(&raw.mode), &word(&raw.dimension), &word(&raw.media_type))
            .map_err(|error| error.in_file(format!("{folder}task.json")))?;
        let place = Place { task: Some(raw.about.name.clone()), ..Place::default() };
        let validation = words::validation_mode(builder, &word(&raw.validation_mode), &place);
        let (meta, media) = server_meta::read_task(self.store, self.watch, &data_meta, is_video, size, builder)?;
        let step = step_of_filter(&meta.filter);
        let stated = media::size(meta.start, meta.stop, step).map_err(|error| error.in_file(data_meta.as_str()))?;
        if stated != size {
            let what = format!("{stated} frames from {} to {}, and the task has {size}", meta.start, meta.stop);
            return Err(Error::new(Code::BadMetadata, what).in_file(data_meta));
        }
        let deleted = frame_list(&meta.deleted, size).map_err(|error| error.in_file(data_meta))?;
        let mut task = Task {
            name: raw.about.name.clone(),
            provenance: raw.about.provenance(),
            subset: raw.subset.clone().unwrap_or_default(),
            is_3d,
            size,
            start_frame: meta.start,
            stop_frame: meta.stop,
            step,
            frame_filter: meta.filter.clone(),
            media,
            media_folder: None,
            deleted,
            disabled: Vec::new(),
            validation,
            overlap: raw.overlap.unwrap_or(0).min(size),
            jobs: Vec::new(),
        };
        self.read_jobs(folder, &mut task, builder)?;
        Ok(task)
    }

    fn read_jobs(&self, folder: &str, task: &mut Task, builder: &mut Builder) -> Result<()> {
        let jobs_json = format!("{folder}jobs.json");
        let mut raw: Vec<RawJob> = self.store.list(&jobs_json, self.watch)?;
        raw.sort_by_key(|job| job.id);
        for job in &raw {
            let (start, stop) = job_range(job.start_frame, job.stop_frame, task.size)
                .map_err(|error| error.in_job(job.id).in_file(jobs_json.as_str()))?;
            let state = job.state.as_deref().unwrap_or_default();
            let place = Place { task: Some(task.name.clone()), job: Some(job.id), ..Place::default() };
            words::expect(builder, "job state", state, JOB_STATES, "the job counts as not completed", &place);
            let Rows { tags, shapes, tracks } = Rows::none(builder);
            task.jobs.push(Job {
                id: Some(job.id),
                kind: job.kind(),
                start,
                stop,
                frames: None,
                updated: job.updated_date.clone(),
                assignee: job.assignee.clone(),
                completed: state == "completed",
                tags,
                shapes,
                tracks,
            });
        }
        if !raw.iter().any(|job| self.store.has(&format!("{folder}job_{}/annotations.json", job.id))) {
            return self.read_merged(folder, task, builder);
        }
        for (place, id) in raw.iter().map(|job| job.id).enumerate() {
            let folder = format!("{folder}job_{id}/");
            if task.jobs[place].kind == JobKind::GroundTruth {
                self.read_ground_truth(&folder, task, place).map_err(|error| error.in_job(id))?;
            }
            let at = Place { task: Some(task.name.clone()), job: Some(id), ..Place::default() };
            let (name, size) = (format!("{folder}annotations.json"), task.size);
            self.read_annotations(&name, size, at, builder, &mut task.jobs[place]).map_err(|error| error.in_job(id))?;
        }
        Ok(())
    }

    /// Reads which frames a ground-truth job has, and which of them are switched off.
    fn read_ground_truth(&self, folder: &str, task: &mut Task, place: usize) -> Result<()> {
        let name = format!("{folder}data_meta.json");
        let meta = server_meta::read_job(self.store, self.watch, &name)?;
        let relative = |absolute: u64| {
            let distance = absolute.checked_sub(task.start_frame).filter(|distance| distance.is_multiple_of(task.step));
            distance.and_then(|distance| u32::try_from(distance / task.step).ok()).ok_or_else(|| {
                Error::new(Code::BadMetadata, format!("included_frames has {absolute}, which is no frame of the task"))
            })
        };
        if let Some(absolute) = meta.included {
            let frames: Result<Vec<u32>> = absolute.into_iter().map(relative).collect();
            let frames = frames.and_then(|frames| frame_list(&frames, task.size));
            task.jobs[place].frames = Some(frames.map_err(|error| error.in_file(name.as_str()))?);
        }
        // The server counts switched off frames of such a job among its deleted ones.
        task.disabled.extend(meta.deleted.iter().filter(|frame| task.deleted.binary_search(frame).is_err()));
        task.disabled = frame_list(&task.disabled, task.size).map_err(|error| error.in_file(name))?;
        Ok(())
    }

    /// Reads the annotations of the whole task where there are none for each job. They belong to the one annotation job
    /// if there is but one. Else the server has merged its jobs already, and one job without an id, over all frames,
    /// takes their place, so that nothing is merged once more. Of the other jobs nothing is known but their frames; only
    /// those of honeypots matter then, so that the other jobs are left out rather than shown as empty.
    fn read_merged(&self, folder: &str, task: &mut Task, builder: &mut Builder) -> Result<()> {
        let (annotation, mut others): (Vec<Job>, Vec<Job>) =
            std::mem::take(&mut task.jobs).into_iter().partition(|job| job.kind == JobKind::Annotation);
        let only = <[Job; 1]>::try_from(annotation).map(|[job]| job);
        let mut job = only.unwrap_or_else(|_| whole_task(task.size));
        let at = Place { task: Some(task.name.clone()), ..Place::default() };
        self.read_annotations(&format!("{folder}annotations.json"), task.size, at, builder, &mut job)?;
        others.retain(|job| job.kind == JobKind::GroundTruth && task.validation == Some(ValidationMode::GtPool));
        task.jobs = std::iter::once(job).chain(others).collect();
        Ok(())
    }

    fn read_annotations(
        &self,
        name: &str,
        size: u32,
        place: Place,
        builder: &mut Builder,
        job: &mut Job,
    ) -> Result<()> {
        let mut reader = self.store.reader(name, self.watch)?;
        let mut target = Target { builder, schema: self.schema, vocabulary: self.vocabulary, size, place };
        let result = annotations::read(&mut reader, &mut target, job).and_then(|()| reader.finish());
        result.map_err(|error| reader.explain(error).in_file(name))
    }
}

fn whole_task(size: u32) -> Job {
    Job {
        id: None,
        kind: JobKind::Annotation,
        start: 0,
        stop: size.saturating_sub(1),
        frames: None,
        updated: None,
        assignee: None,
        completed: false,
        tags: 0..0,
        shapes: 0..0,
        tracks: 0..0,
    }
}
