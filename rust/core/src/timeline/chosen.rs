//! How a scene is made: of a whole dataset, or of some of its tasks and jobs.

use std::collections::BTreeMap;

use super::frames::FrameNames;
use super::scene::{Scene, SceneKind, Timeline, default_subset, name_for_unset_subset, project_names};
use crate::dataset::{Dataset, Job, JobKind, Task, ValidationMode};
use crate::error::{Code, Error, Result};

/// Places of tasks, and of the jobs that are shown of each.
type Chosen = BTreeMap<usize, Vec<usize>>;

impl<'d> Scene<'d> {
    /// The whole dataset: its project, or its only task.
    pub fn new(dataset: &'d Dataset) -> Result<Self> {
        let whole: Chosen = dataset.tasks.iter().map(merged_jobs).enumerate().collect();
        if dataset.project.is_some() { Self::of_project(dataset, &whole) } else { Self::of_task(dataset, &whole) }
    }

    /// A task as the whole dataset shows it.
    pub fn with_task(dataset: &'d Dataset, place: usize) -> Result<Self> {
        let only = Chosen::from([(place, merged_jobs(&dataset.tasks[place]))]);
        if dataset.project.is_some() { Self::of_project(dataset, &only) } else { Self::of_task(dataset, &only) }
    }

    /// One task, as if nothing else were there.
    fn of_task(dataset: &'d Dataset, chosen: &Chosen) -> Result<Self> {
        let (&place, jobs) =
            chosen.first_key_value().ok_or_else(|| Error::new(Code::NotFound, "the source holds no task"))?;
        let task = &dataset.tasks[place];
        let timeline = Timeline::of_task(dataset, task, default_subset(&task.subset), FrameNames::default(), jobs)
            .map_err(|error| if dataset.project.is_some() { error.in_task(&task.name) } else { error })?;
        Ok(Self { dataset, kind: SceneKind::Task, timelines: vec![timeline] })
    }

    /// Tasks of a project. Frames are named and numbered as in the whole project.
    fn of_project(dataset: &'d Dataset, chosen: &Chosen) -> Result<Self> {
        let mut order: Vec<(usize, &Task)> = dataset.tasks.iter().enumerate().collect();
        order.sort_by_key(|(_, task)| &task.subset);
        let tasks: Vec<&Task> = order.iter().map(|(_, task)| *task).collect();
        let unset = name_for_unset_subset(&tasks);
        let subset = |task: &&Task| if task.subset.is_empty() { unset.clone() } else { task.subset.clone() };
        let subsets: Vec<String> = tasks.iter().map(subset).collect();
        let names = project_names(dataset, &tasks, &subsets);
        let timelines =
            order.iter().zip(subsets.into_iter().zip(names)).filter_map(|((place, task), (subset, names))| {
                let timeline = Timeline::of_task(dataset, task, subset, names, chosen.get(place)?);
                Some(timeline.map_err(|error| error.in_task(&task.name)))
            });
        Ok(Self { dataset, kind: SceneKind::Project, timelines: timelines.collect::<Result<_>>()? })
    }

    /// One job: its place in the task at a place.
    pub fn of_job(dataset: &'d Dataset, task: usize, job: usize) -> Result<Self> {
        let known = &dataset.tasks[task];
        let timeline = Timeline::of_job(dataset, known, job)
            .map_err(|error| error.in_task(&known.name).in_job(known.jobs[job].number(job)))?;
        Ok(Self { dataset, kind: SceneKind::Job { task, job }, timelines: vec![timeline] })
    }

    /// What these names of tasks and jobs stand for, together; without any the whole dataset.
    ///
    /// A single task or job is shown as CVAT exports it by itself; several tasks as a project of them, in which frames
    /// keep the names and numbers that they have in the whole project.
    pub fn chosen(dataset: &'d Dataset, tasks: &[String], jobs: &[String]) -> Result<Self> {
        let mut chosen = Chosen::new();
        for name in jobs {
            let (task, job) = dataset.find_job(name)?;
            if let JobKind::Other(word) = &dataset.tasks[task].jobs[job].kind {
                let message = format!("the type of the job is {word:?}, which is not known");
                return Err(Error::new(Code::Unsupported, message)
                    .in_task(dataset.tasks[task].name.as_str())
                    .in_job(dataset.tasks[task].jobs[job].number(job))
                    .advise("is there a newer framehaul?"));
            }
            chosen.entry(task).or_default().push(job);
        }
        for places in chosen.values_mut() {
            // Merging goes by the order of jobs, whatever the order of the names.
            places.sort_unstable();
            places.dedup();
        }
        for name in tasks {
            let task = dataset.find_task(name)?;
            chosen.insert(task, merged_jobs(&dataset.tasks[task]));
        }
        let only = chosen.first_key_value().filter(|_| chosen.len() == 1);
        match only.map(|(&task, jobs)| (task, &jobs[..])) {
            _ if chosen.is_empty() => Self::new(dataset),
            Some((task, &[job])) if tasks.is_empty() => Self::of_job(dataset, task, job),
            Some(_) => Self::of_task(dataset, &chosen),
            None => Self::of_project(dataset, &chosen),
        }
    }
}

/// The places of the jobs that together are the task.
pub(super) fn merged_jobs(task: &Task) -> Vec<usize> {
    (0..task.jobs.len()).filter(|&place| is_merged(task, &task.jobs[place])).collect()
}

/// Whether a job is a part of its task.
fn is_merged(task: &Task, job: &Job) -> bool {
    match job.kind {
        JobKind::Annotation => true,
        JobKind::GroundTruth => task.validation == Some(ValidationMode::GtPool),
        JobKind::Replica | JobKind::Other(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::SceneKind;
    use super::super::testing::*;
    use super::*;
    use crate::schema::ShapeKind;

    fn chosen<'d>(dataset: &'d Dataset, tasks: &[&str], jobs: &[&str]) -> Scene<'d> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        Scene::chosen(dataset, &owned(tasks), &owned(jobs)).unwrap()
    }

    fn frames(scene: &Scene<'_>) -> Vec<Vec<u32>> {
        scene.timelines.iter().map(|timeline| timeline.frames.iter().collect()).collect()
    }

    /// A project of two tasks of nine frames in three jobs.
    fn two() -> Dataset {
        let sketch = || video(9, vec![job(0, 2), job(3, 5), job(6, 8)]);
        project(vec![label("car")], vec![sketch(), sketch()])
    }

    #[test]
    fn a_single_task_or_job_stands_by_itself_and_several_tasks_are_a_project() {
        let dataset = two();
        let kind = |tasks: &[&str], jobs: &[&str]| chosen(&dataset, tasks, jobs).kind;
        assert_eq!(kind(&[], &[]), SceneKind::Project);
        assert_eq!(kind(&["1"], &[]), SceneKind::Task);
        assert_eq!(kind(&["0", "1", "1"], &[]), SceneKind::Project);
        assert_eq!(kind(&[], &["1/2"]), SceneKind::Job { task: 1, job: 2 });
        assert_eq!(kind(&[], &["1/2", "1/2"]), SceneKind::Job { task: 1, job: 2 });
        assert_eq!(kind(&[], &["1/2", "1/0"]), SceneKind::Task);
        assert_eq!(kind(&[], &["1/2", "0/0"]), SceneKind::Project);
        assert_eq!(kind(&["1"], &["1/2"]), SceneKind::Task);
    }

    #[test]
    fn several_jobs_show_the_frames_of_all_of_them_and_no_others() {
        let dataset = two();
        assert_eq!(frames(&chosen(&dataset, &[], &["1/2", "1/0"])), [[0, 1, 2, 6, 7, 8]]);
        let scene = chosen(&dataset, &["1"], &["0/1", "1/0"]);
        assert_eq!(frames(&scene), [vec![3, 4, 5], (0..9).collect()]);
        assert_eq!(scene.timelines[1].number(0), 9, "as in the whole project");
        assert_eq!(chosen(&dataset, &["1"], &[]).timelines[0].number(0), 0, "as an export of the task");
    }

    #[test]
    fn a_track_does_not_reach_into_a_job_that_is_not_next_to_its_own() {
        let box_at = |frame| track(ShapeKind::Rectangle, 0, vec![key(frame, &[0.0, 0.0, 1.0, 1.0])]);
        let with = |frame, start, stop| JobSketch { tracks: vec![box_at(frame)], ..job(start, stop) };
        let jobs = vec![with(0, 0, 3), job(2, 5), with(7, 6, 8)];
        let dataset = task(vec![label("car")], TaskSketch { overlap: 2, ..video(9, jobs) });
        let scene = chosen(&dataset, &[], &["0", "2"]);
        let on = |frame: u32| {
            shown(&scene.timelines[0]).into_iter().filter(move |line| line.starts_with(&format!("{frame}:"))).count()
        };
        assert_eq!((0..9).map(on).collect::<Vec<_>>(), [1, 1, 1, 1, 0, 0, 0, 1, 1]);
    }

    #[test]
    fn replicas_and_the_reference_can_be_chosen() {
        let replica = JobSketch { kind: crate::dataset::JobKind::Replica, ..job(4, 4) };
        let dataset = task(vec![label("car")], video(6, vec![job(0, 2), replica]));
        assert_eq!(frames(&chosen(&dataset, &[], &["0", "1"])), [[0, 1, 2, 4]]);
    }
}
