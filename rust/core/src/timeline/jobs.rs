//! Which job each frame of a task belongs to.

use super::frames::FrameSet;
use super::scene::{Scene, SceneKind, Timeline};
use crate::dataset::{Job, Task};

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
    /// The jobs at these places of a task.
    pub(super) fn new(task: &Task, places: &[usize]) -> Self {
        let mut reach = 0;
        let span = |&place: &usize| {
            let job: &Job = &task.jobs[place];
            let frames = match &job.frames {
                Some(frames) => frames.iter().copied().collect(),
                None => FrameSet::new(job.start..job.stop.saturating_add(1), []),
            };
            reach = job.stop.max(reach);
            Span { number: job.number(place), frames, reach }
        };
        Self(places.iter().map(span).collect())
    }

    /// The number of the job that a frame belongs to; where jobs overlap that of the first.
    pub fn of(&self, frame: u32) -> Option<u64> {
        let first = self.0.partition_point(|span| span.reach < frame);
        self.0[first..].iter().find(|span| span.frames.contains(frame)).map(|span| span.number)
    }
}

impl Timeline<'_> {
    /// The jobs that it shows.
    pub(super) fn job_frames(&self) -> Jobs {
        Jobs::new(self.task, &self.jobs)
    }
}

impl Scene<'_> {
    /// The jobs of each timeline: those that were merged into it, or the one that it is.
    pub fn jobs(&self) -> Vec<Jobs> {
        self.timelines.iter().map(Timeline::job_frames).collect()
    }

    /// The number of the job, if the scene is of one.
    pub fn only_job(&self) -> Option<u64> {
        match self.kind {
            SceneKind::Job { task, job } => Some(self.dataset.tasks[task].jobs[job].number(job)),
            SceneKind::Task | SceneKind::Project => None,
        }
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
        let scene = Scene::of_job(&dataset, 0, 1).unwrap();
        assert_eq!(numbers(&scene, 1..5), [None, Some(1), Some(1), Some(1)]);
    }

    #[test]
    fn replicas_have_no_frames_of_a_task() {
        let replica = JobSketch { kind: JobKind::Replica, ..job(0, 3) };
        let dataset = task(vec![label("car")], video(9, vec![replica, job(0, 3)]));
        assert_eq!(numbers(&Scene::new(&dataset).unwrap(), 3..5), [Some(1), None]);
    }
}
