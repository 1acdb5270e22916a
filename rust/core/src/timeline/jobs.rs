//! Which job each frame of a task belongs to.

use super::frames::FrameSet;
use super::scene::{Scene, SceneKind, is_merged};
use crate::dataset::{Dataset, Job};

/// The jobs of a dataset: the number by which users know each (its id on the server; in a backup its place in the file,
/// from 0), the place of its task, and its place there.
pub(super) fn numbered(dataset: &Dataset) -> impl Iterator<Item = (u64, usize, usize)> {
    let tasks = dataset.tasks.iter().enumerate();
    let jobs = tasks.flat_map(|(task, it)| it.jobs.iter().enumerate().map(move |(job, it)| (it.id, task, job)));
    (0..).zip(jobs).map(|(place, (id, task, job))| (id.unwrap_or(place), task, job))
}

/// The jobs that a timeline shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Jobs(Vec<Span>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Span {
    number: u64,
    frames: FrameSet,
    /// How far this job and those before it reach: ascends, so that a frame's job is found without looking at all.
    reach: u32,
}

impl Jobs {
    fn new<'d>(jobs: impl Iterator<Item = (u64, &'d Job)>) -> Self {
        let mut reach = 0;
        let span = |(number, job): (u64, &Job)| {
            let frames = match &job.frames {
                Some(frames) => frames.iter().copied().collect(),
                None => FrameSet::new(job.start..job.stop.saturating_add(1), []),
            };
            reach = job.stop.max(reach);
            Span { number, frames, reach }
        };
        Self(jobs.map(span).collect())
    }

    /// The number of the job that a frame belongs to; where jobs overlap that of the first.
    pub fn of(&self, frame: u32) -> Option<u64> {
        let first = self.0.partition_point(|span| span.reach < frame);
        self.0[first..].iter().find(|span| span.frames.contains(frame)).map(|span| span.number)
    }
}

impl Scene<'_> {
    /// The jobs of each timeline: those that were merged into its task, or the one that it is.
    pub fn jobs(&self) -> Vec<Jobs> {
        let mut numbers = vec![Vec::new(); self.dataset.tasks.len()];
        for (number, task, _) in numbered(self.dataset) {
            numbers[task].push(number);
        }
        let jobs = self.timelines.iter().map(|timeline| {
            let jobs = numbers[timeline.task_place()].iter().copied().zip(&timeline.task.jobs).enumerate();
            let shown = jobs.filter(|(place, (_, job))| match self.kind {
                SceneKind::Job { job: shown, .. } => shown == *place,
                SceneKind::Task | SceneKind::Project => is_merged(timeline.task, job),
            });
            Jobs::new(shown.map(|(_, job)| job))
        });
        jobs.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::dataset::JobKind;

    fn numbers(scene: &Scene<'_>, frames: std::ops::Range<u32>) -> Vec<Option<u64>> {
        let jobs = scene.jobs();
        frames.map(|frame| jobs[0].of(frame)).collect()
    }

    #[test]
    fn a_frame_belongs_to_the_first_job_that_has_it() {
        let dataset = task(vec![label("car")], video(9, vec![job(0, 3), job(2, 6), job(4, 4)]));
        let scene = Scene::new(&dataset).unwrap();
        let expected = [Some(0), Some(0), Some(0), Some(0), Some(1), Some(1), Some(1), None];
        assert_eq!(numbers(&scene, 0..8), expected);
    }

    #[test]
    fn a_job_that_is_exported_alone_has_all_of_its_frames() {
        let dataset = task(vec![label("car")], video(9, vec![job(0, 3), job(2, 6)]));
        let scene = Scene::of_job(&dataset, 1).unwrap();
        assert_eq!(numbers(&scene, 1..5), [None, Some(1), Some(1), Some(1)]);
    }

    #[test]
    fn replicas_have_no_frames_of_a_task() {
        let replica = JobSketch { kind: JobKind::Replica, ..job(0, 3) };
        let dataset = task(vec![label("car")], video(9, vec![replica, job(0, 3)]));
        assert_eq!(numbers(&Scene::new(&dataset).unwrap(), 3..5), [Some(1), None]);
    }
}
