//! What one export shows: which tasks, which frames, which jobs, and the names of all of it.

use std::collections::{BTreeSet, HashSet};
use std::ops::Range;
use std::sync::OnceLock;

use super::chosen::merged_jobs;
use super::frames::{FrameNames, FrameSet, ImageFormat, NameMangler, push_frame_name, split_extension};
use super::merge::{self, Loss, Merged};
use super::rows::Rows;
use super::sight::Alive;
use super::tracks::Tracks;
use crate::dataset::{Dataset, JobKind, Media, Task, ValidationMode};
use crate::error::{Code, Error, Result};

/// What a scene was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SceneKind {
    /// All tasks of a project.
    Project,
    /// One task, its jobs merged.
    Task,
    /// One job: the place of its task and its own place there.
    Job {
        /// Place of the task in the dataset.
        task: usize,
        /// Place of the job in the task.
        job: usize,
    },
}

/// What one export shows.
#[derive(Debug)]
pub struct Scene<'d> {
    /// The data.
    pub dataset: &'d Dataset,
    /// What it was made of.
    pub kind: SceneKind,
    /// The tasks, those of one subset together, subsets in alphabetical order.
    pub timelines: Vec<Timeline<'d>>,
}

/// One task (or job) of a scene, frame by frame.
#[derive(Debug)]
pub struct Timeline<'d> {
    /// The data.
    pub dataset: &'d Dataset,
    /// The task.
    pub task: &'d Task,
    /// Places of the jobs in the task that it shows.
    pub jobs: Vec<usize>,
    /// Subset as exports name it: never empty.
    pub subset: String,
    /// Names of the frames.
    pub names: FrameNames,
    /// All frames from the first to behind the last, relative to the task.
    pub range: Range<u32>,
    /// The frames that an export shows.
    pub frames: FrameSet,
    /// The frames that are not deleted; more than `frames` where a job lacks some of its range.
    pub undeleted: FrameSet,
    /// Rows of tags by frame.
    pub tags: Vec<u32>,
    /// Rows of shapes (no elements) by frame.
    pub shapes: Rows<'static>,
    /// Tracks in the order of their ids.
    pub tracks: Tracks,
    /// What merging has dropped.
    pub losses: Vec<Loss>,
    pub(super) alive: Alive,
    /// Whether ids of frames are in order, once that was asked for.
    pub(super) ids_ascend: OnceLock<bool>,
}

impl<'d> Scene<'d> {
    /// The subsets in order, each with the places of its timelines.
    pub fn subsets(&self) -> Vec<(&str, Range<usize>)> {
        let mut subsets: Vec<(&str, Range<usize>)> = Vec::new();
        for (place, timeline) in self.timelines.iter().enumerate() {
            match subsets.last_mut() {
                Some((subset, range)) if *subset == timeline.subset => range.end = place + 1,
                _ => subsets.push((&timeline.subset, place..place + 1)),
            }
        }
        subsets
    }

    /// Names the frames of videos as pictures of this format.
    pub fn set_image_format(&mut self, format: ImageFormat) {
        self.timelines.iter_mut().for_each(|timeline| timeline.names.image_format = format);
    }

    /// Refuses tasks of point clouds, which no format of images holds.
    pub fn refuse_3d(&self) -> Result<()> {
        match self.timelines.iter().find(|timeline| timeline.task.is_3d) {
            None => Ok(()),
            Some(timeline) => {
                Err(Error::new(Code::Unsupported, "the task has point clouds, and the format holds images")
                    .in_task(timeline.task.name.as_str()))
            }
        }
    }

    /// When what is shown was last changed, as a server writes dates: what the source says of the project, task or job,
    /// else the newest date of its files.
    pub fn updated(&self) -> Option<&'d str> {
        let dataset = self.dataset;
        let of_task = |task: &'d Task| task.provenance.updated.as_deref();
        let known = match self.kind {
            SceneKind::Project => dataset.project.as_ref().and_then(|project| project.provenance.updated.as_deref()),
            SceneKind::Task => self.timelines.first().and_then(|timeline| of_task(timeline.task)),
            SceneKind::Job { task, job } => {
                let task = &dataset.tasks[task];
                task.jobs[job].updated.as_deref().or_else(|| of_task(task))
            }
        };
        known.or(dataset.dated.as_deref())
    }

    /// Number of frames shown.
    pub fn frame_count(&self) -> u64 {
        self.timelines.iter().map(|timeline| u64::from(timeline.frames.len())).sum()
    }
}

pub(super) fn default_subset(subset: &str) -> String {
    if subset.is_empty() { "default".to_owned() } else { subset.to_owned() }
}

/// `default`, or `default_1`, … if a task really has that subset.
pub(super) fn name_for_unset_subset(tasks: &[&Task]) -> String {
    let used: BTreeSet<&str> = tasks.iter().map(|task| task.subset.as_str()).collect();
    let numbered = (1..=used.len()).map(|number| format!("default_{number}"));
    std::iter::once("default".to_owned()).chain(numbered).find(|name| !used.contains(name.as_str())).unwrap_or_default()
}

/// Frame offsets and new names of pictures for the tasks of a project.
pub(super) fn project_names(dataset: &Dataset, tasks: &[&Task], subsets: &[String]) -> Vec<FrameNames> {
    let mut mangler = NameMangler::default();
    let mut offset = 0;
    let mut all = Vec::with_capacity(tasks.len());
    for (place, (task, subset)) in tasks.iter().zip(subsets).enumerate() {
        // Offsets follow the subset as it is set, not as it is named.
        if place == 0 || tasks[place - 1].subset != task.subset {
            offset = 0;
        }
        let mut names = FrameNames { offset, ..FrameNames::default() };
        if let Media::Images { rows } = &task.media {
            let placeholders = placeholders(dataset, task);
            for frame in (0..task.size).filter(|frame| !placeholders.contains(frame)) {
                let name = dataset.columns.images.name.value((rows.start + frame) as usize);
                if let Some(new) = mangler.rename(subset, name) {
                    names.renamed.insert(frame, new);
                }
            }
        }
        offset += task.start_frame + task.step * u64::from(task.size);
        all.push(names);
    }
    all
}

/// Honeypots: frames outside the ground-truth job that show one of its pictures again.
fn placeholders(dataset: &Dataset, task: &Task) -> BTreeSet<u32> {
    let pool = task.jobs.iter().find(|job| job.kind == JobKind::GroundTruth);
    let (Some(ValidationMode::GtPool), Some(pool), Media::Images { rows }) = (task.validation, pool, &task.media)
    else {
        return BTreeSet::new();
    };
    let name = |frame: u32| dataset.columns.images.name.value((rows.start + frame) as usize);
    let pool = pool.start..pool.stop.saturating_add(1).min(task.size);
    let known: HashSet<&str> = pool.clone().map(name).collect();
    (0..task.size).filter(|frame| !pool.contains(frame) && known.contains(name(*frame))).collect()
}

impl<'d> Timeline<'d> {
    /// Jobs of a task. Where they are not all of it, the frames of others are left out.
    pub(super) fn of_task(
        dataset: &'d Dataset,
        task: &'d Task,
        subset: String,
        names: FrameNames,
        jobs: &[usize],
    ) -> Result<Self> {
        let merged = merge::jobs(dataset, task, &jobs.iter().map(|&place| &task.jobs[place]).collect::<Vec<_>>());
        let excluded = placeholders(dataset, task);
        let mut this = Self::new(dataset, task, subset, names, 0..task.size, excluded, jobs.to_vec(), merged)?;
        if jobs != merged_jobs(task) {
            let shown = this.job_frames();
            this.show(this.frames.iter().filter(|&frame| shown.of(frame).is_some()).collect());
        }
        Ok(this)
    }

    pub(super) fn of_job(dataset: &'d Dataset, task: &'d Task, place: usize) -> Result<Self> {
        let job = &task.jobs[place];
        let range = job.start..job.stop.saturating_add(1).min(task.size);
        let disabled = if job.kind == JobKind::GroundTruth { task.disabled.as_slice() } else { &[] };
        let mut this = Self::new(
            dataset,
            task,
            default_subset(&task.subset),
            FrameNames::default(),
            range,
            disabled.iter().copied().collect(),
            vec![place],
            merge::single(dataset, job),
        )?;
        if let Some(frames) = &job.frames {
            this.frames = frames.iter().copied().filter(|&frame| this.frames.contains(frame)).collect();
        }
        Ok(this)
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of a timeline")]
    fn new(
        dataset: &'d Dataset,
        task: &'d Task,
        subset: String,
        names: FrameNames,
        range: Range<u32>,
        excluded: BTreeSet<u32>,
        jobs: Vec<usize>,
        merged: Merged,
    ) -> Result<Self> {
        let undeleted = FrameSet::new(range.clone(), task.deleted.iter().copied());
        let mut gone = excluded;
        gone.extend(&task.deleted);
        let is_deleted = |frame: u32| task.deleted.binary_search(&frame).is_ok();
        let tracks = Tracks::new(dataset, merged.tracks, is_deleted)?;
        let alive = Alive::new(&tracks, range.end);
        Ok(Self {
            dataset,
            task,
            jobs,
            subset,
            names,
            frames: FrameSet::new(range.clone(), gone),
            undeleted,
            range,
            tags: merged.tags,
            shapes: merged.shapes,
            tracks,
            losses: merged.losses,
            alive,
            ids_ascend: OnceLock::new(),
        })
    }

    /// Number of a frame in exports: absolute, and in a project counted on from task to task.
    pub fn number(&self, frame: u32) -> u64 {
        self.task.absolute(frame) + self.names.offset
    }

    /// Width and height of a frame in pixels; 0 if the source does not tell.
    pub fn size(&self, frame: u32) -> (u32, u32) {
        match &self.task.media {
            Media::Video { width, height, .. } => (*width, *height),
            Media::Images { rows } => {
                let (images, row) = (&self.dataset.columns.images, (rows.start + frame) as usize);
                (images.width[row], images.height[row])
            }
        }
    }

    /// Name of the file that a frame is in, as the source has it.
    pub fn file_name(&self, frame: u32) -> &'d str {
        match &self.task.media {
            Media::Video { name, .. } => name,
            Media::Images { rows } => self.dataset.columns.images.name.value((rows.start + frame) as usize),
        }
    }

    /// Id of the task; a backup does not hold it, so that the place in the project stands in.
    pub fn task_id(&self) -> u64 {
        self.dataset.task_number(self.task_place())
    }

    /// Place of the task in the dataset.
    pub fn task_place(&self) -> usize {
        self.dataset.tasks.iter().position(|task| std::ptr::eq(task, self.task)).unwrap_or_default()
    }

    /// Whether the names of frames are paths with an extension; those of a video's frames are not.
    pub fn has_paths(&self) -> bool {
        matches!(self.task.media, Media::Images { .. }) || self.names.pattern.is_some()
    }

    /// Whether two frames may have one name but for the extension. Frames of a video and pictures of a project do not.
    pub fn may_repeat_names(&self) -> bool {
        self.has_paths()
    }

    /// Whether no frame has a control character or a backslash in its name. Templates are not looked at.
    pub fn has_plain_names(&self) -> bool {
        self.names.pattern.is_none() && (!self.has_paths() || self.dataset.has_plain_names())
    }

    /// Writes the name of a frame.
    pub fn write_name(&self, frame: u32, out: &mut String) {
        self.names.write(self.dataset, self.task, frame, out);
    }

    /// Writes the id of a frame: see [`Timeline::id`].
    pub fn write_stem(&self, frame: u32, id: &mut String) {
        if !self.has_paths() {
            return self.write_name(frame, id);
        }
        self.write_parts(frame, id, |_| ());
    }

    /// Writes the id of a frame whose name is a path, and hands over the extension as it is.
    fn write_parts(&self, frame: u32, id: &mut String, extension: impl FnOnce(&str)) {
        let mut made = String::new();
        let name = self.picture(frame).unwrap_or_else(|| {
            self.write_name(frame, &mut made);
            &made
        });
        let (stem, dot_extension) = split_extension(name);
        extension(dot_extension);
        if !self.has_plain_names() && has_backslash(stem) {
            return id.push_str(&stem.replace('\\', "/"));
        }
        id.push_str(stem);
    }

    /// The name of a frame that is a picture, unless the user has made it up.
    fn picture(&self, frame: u32) -> Option<&str> {
        match &self.task.media {
            Media::Images { rows } if self.names.pattern.is_none() => {
                Some(self.names.picture(self.dataset, rows, frame))
            }
            _ => None,
        }
    }

    /// The stem of a frame's id where it stands in the data as it is.
    pub(super) fn own_stem(&self, frame: u32) -> Option<&str> {
        self.picture(frame)
            .map(|name| split_extension(name).0)
            .filter(|stem| self.has_plain_names() || !has_backslash(stem))
    }

    /// The id of a frame in the formats of training tools, its name without extension and with `/` between folders, and the
    /// extension of its picture in lower case: mostly as they stand in the data, else written to `made`. There is one for
    /// each of millions of frames.
    pub fn id<'a>(&'a self, frame: u32, made: &'a mut MadeId) -> (&'a str, &'a str) {
        let is_lower = |extension: &str| extension.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
        let name = if self.has_plain_names() { self.picture(frame) } else { None };
        if let Some(own) = name.map(split_extension).filter(|(_, extension)| is_lower(extension)) {
            return own;
        }
        let MadeId { id, extension } = made;
        id.clear();
        if !self.has_paths() {
            push_frame_name(self.number(frame), id);
            return (id, self.names.image_format.extension());
        }
        extension.clear();
        self.write_parts(frame, id, |dot_extension| {
            if dot_extension.is_ascii() {
                extension.push_str(dot_extension);
                extension.make_ascii_lowercase();
            } else {
                extension.extend(dot_extension.chars().flat_map(char::to_lowercase));
            }
        });
        (id, extension)
    }
}

/// Memory for an id and an extension: [`Timeline::id`].
#[derive(Debug, Default)]
pub struct MadeId {
    id: String,
    extension: String,
}

fn has_backslash(text: &str) -> bool {
    text.as_bytes().contains(&b'\\')
}

#[cfg(test)]
mod tests;
