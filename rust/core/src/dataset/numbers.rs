//! The numbers and names of tasks and jobs: one numbering, which `inspect` prints and every option accepts.
//!
//! A task or job has the number that the server gave it. A backup holds no such numbers; there it is the place, from 0:
//! of a task in its project, of a job in its task.

use super::{Dataset, Job};
use crate::error::{Code, Error, Result, listed};

impl Job {
    /// The number of a job, given its place in its task.
    pub fn number(&self, place: usize) -> u64 {
        self.id.unwrap_or(place as u64)
    }
}

impl Dataset {
    /// The number of the task at a place.
    pub fn task_number(&self, place: usize) -> u64 {
        self.tasks.get(place).and_then(|task| task.provenance.id).unwrap_or(place as u64)
    }

    /// The shortest name of a job that no other job of the dataset shares: its id, else `TASK/JOB`; in a single task its
    /// place alone.
    pub fn job_name(&self, task: usize, job: usize) -> String {
        match self.tasks[task].jobs[job].id {
            Some(id) => id.to_string(),
            None if self.tasks.len() == 1 => job.to_string(),
            None => format!("{}/{job}", self.task_number(task)),
        }
    }

    /// The place of the task with this number or name. A number goes before a name.
    pub fn find_task(&self, text: &str) -> Result<usize> {
        let number = text.parse().ok();
        if let Some(place) = (0..self.tasks.len()).find(|&place| Some(self.task_number(place)) == number) {
            return Ok(place);
        }
        let named: Vec<usize> = (0..self.tasks.len()).filter(|&place| self.tasks[place].name == text).collect();
        let show = |place: &usize| format!("{} {:?}", self.task_number(*place), self.tasks[*place].name);
        match named[..] {
            [place] => Ok(place),
            [] => {
                let known = listed(&(0..self.tasks.len()).collect::<Vec<_>>(), show);
                let error = Error::new(Code::NotFound, format!("the source has no task {text:?}"));
                Err(error.advise(format!("it has these: {known}")))
            }
            _ => {
                let error = Error::new(Code::BadOption, format!("several tasks are called {text:?}"));
                Err(error.advise(format!("give the number of one: {}", listed(&named, show))))
            }
        }
    }

    /// The places of a task and of a job in it, given `TASK/JOB`, or the job alone where that is clear: the server's id,
    /// or the place in a single task.
    pub fn find_job(&self, text: &str) -> Result<(usize, usize)> {
        // The name of a task may hold slashes, a job's number does not.
        let (task, job) = match text.rsplit_once('/') {
            Some((task, job)) => (Some(self.find_task(task)?), job),
            None if self.tasks.len() == 1 => (Some(0), text),
            None => (None, text),
        };
        let number = job.parse().ok();
        let is_it = |&(at, place): &(usize, usize)| {
            let job = &self.tasks[at].jobs[place];
            match task {
                Some(task) => at == task && Some(job.number(place)) == number,
                None => job.id.is_some() && job.id == number,
            }
        };
        self.job_places().into_iter().find(is_it).ok_or_else(|| {
            let mut known = self.job_places();
            known.retain(|&(at, _)| task.is_none_or(|task| at == task));
            let known = listed(&known, |&(task, job)| self.job_name(task, job));
            let error = Error::new(Code::NotFound, format!("the source has no job {text:?}"));
            error.advise(if known.is_empty() { "it has no jobs".to_owned() } else { format!("it has these: {known}") })
        })
    }

    fn job_places(&self) -> Vec<(usize, usize)> {
        let tasks = self.tasks.iter().enumerate();
        tasks.flat_map(|(task, it)| (0..it.jobs.len()).map(move |job| (task, job))).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::dataset::Dataset;
    use crate::timeline::testing::*;

    fn named(names: &[&str], jobs: usize) -> Dataset {
        let sketch = |_: &&str| video(20, (0..jobs as u32).map(|at| job(at, at)).collect());
        let mut dataset = project(vec![label("car")], names.iter().map(sketch).collect());
        dataset.tasks.iter_mut().zip(names).for_each(|(task, name)| task.name = (*name).to_owned());
        dataset
    }

    fn failure<T: std::fmt::Debug>(result: crate::error::Result<T>) -> (&'static str, String) {
        let error = result.unwrap_err();
        (error.code().as_str(), error.to_string())
    }

    #[test]
    fn a_task_is_found_by_its_number_before_its_name() {
        let dataset = named(&["day", "0", "night/1"], 1);
        for (text, place) in [("day", 0), ("0", 0), ("1", 1), ("2", 2), ("night/1", 2)] {
            assert_eq!(dataset.find_task(text), Ok(place), "{text}");
        }
    }

    #[test]
    fn the_servers_ids_go_before_places() {
        let mut dataset = named(&["day", "night"], 2);
        for (task, id) in [(0, 41), (1, 1)] {
            dataset.tasks[task].provenance.id = Some(id);
            dataset.tasks[task].jobs.iter_mut().zip(70 + 10 * id..).for_each(|(job, id)| job.id = Some(id));
        }
        assert_eq!(dataset.find_task("1"), Ok(1));
        assert_eq!(dataset.find_job("81"), Ok((1, 1)));
        assert_eq!(dataset.find_job("1/81"), Ok((1, 1)));
        assert_eq!(dataset.find_job("night/81"), Ok((1, 1)));
        let message = "the source has no job \"41/81\"; it has these: 480, 481";
        assert_eq!(failure(dataset.find_job("41/81")), ("not-found", message.to_owned()));
        let message = "the source has no task \"0\"; it has these: 41 \"day\", 1 \"night\"";
        assert_eq!(failure(dataset.find_task("0")), ("not-found", message.to_owned()));
    }

    #[test]
    fn a_job_of_a_project_without_ids_is_named_with_its_task() {
        let dataset = named(&["day", "a/b"], 2);
        for (text, places) in [("0/1", (0, 1)), ("day/0", (0, 0)), ("a/b/1", (1, 1))] {
            assert_eq!(dataset.find_job(text), Ok(places), "{text}");
        }
        for text in ["0", "1", "3", "", "x"] {
            let message = format!("the source has no job {text:?}; it has these: 0/0, 0/1, 1/0, 1/1");
            assert_eq!(failure(dataset.find_job(text)), ("not-found", message));
        }
    }

    #[test]
    fn in_a_single_task_the_place_of_a_job_is_enough() {
        let dataset = task(vec![label("car")], video(20, (0..20).map(|at| job(at, at)).collect()));
        assert_eq!(dataset.find_job("19"), Ok((0, 19)));
        assert_eq!(dataset.find_job("0/19"), Ok((0, 19)));
        let message = "the source has no job \"20\"; it has these: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …";
        assert_eq!(failure(dataset.find_job("20")), ("not-found", message.to_owned()));
    }

    #[test]
    fn a_name_that_several_tasks_share_is_refused() {
        let message = "several tasks are called \"day\"; give the number of one: 0 \"day\", 2 \"day\"";
        assert_eq!(failure(named(&["day", "night", "day"], 1).find_task("day")), ("bad-option", message.to_owned()));
    }
}
