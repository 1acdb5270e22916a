//! The only way to other threads.
//!
//! `fork` copies the memory of a process but only one of its threads. A pool of the parent is dead in the child: work
//! that is given to it waits forever, and so does everything that uses rayon's own global pool. The pools here belong to
//! a process by its id. A child starts a pool of its own at its first use and never touches, nor frees, the parent's.
//!
//! No lock is held anywhere on the way to a pool: another thread of the parent could hold it at the moment of the fork,
//! and nobody would release it in the child.
//!
//! `.clippy.toml` forbids the methods by which a parallel iterator is made, so that [`over`] is the only one.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

use std::cell::Cell;
use std::process;

use crossbeam_utils::atomic::AtomicCell;
pub use rayon::Scope;
use rayon::iter::IntoParallelIterator;
pub use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::{Code, Error, Result};

/// More threads than this never help: chunks wait for the writer, and each thread holds one in memory.
pub const MAX_THREADS: usize = 512;

/// Threads that work together.
pub struct Pool {
    threads: ThreadPool,
    process: u32,
}

/// The pool that this process shares. A pointer, so that it is read and written without a lock.
static GLOBAL: AtomicCell<Option<&'static Pool>> = AtomicCell::new(None);

thread_local! {
    /// The process in which this thread belongs to a pool; 0 if it never did. After a fork it is another than this one.
    static MEMBER_IN: Cell<u32> = const { Cell::new(0) };
}

/// A pool of a number of threads, at most [`MAX_THREADS`]. It ends when it is dropped.
pub fn of(threads: usize) -> Result<Pool> {
    Pool::start(threads.clamp(1, MAX_THREADS)).map_err(|error| {
        let message = format!("the system starts no more threads: {error}");
        Error::new(Code::Io, message).advise("pass a smaller number of threads")
    })
}

/// The number of processors that this process may use.
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The pool that this process shares, started at its first use; `None` if the system refuses to start threads.
fn global() -> Option<&'static Pool> {
    let known = || GLOBAL.load().filter(|pool| pool.process == process::id());
    if let Some(pool) = known() {
        return Some(pool);
    }
    // 0 is one thread for each processor, or what RAYON_NUM_THREADS says.
    let started = Pool::start(0).ok()?;
    // Another thread may have been faster: then this pool ends here.
    known().or_else(|| {
        let pool: &'static Pool = Box::leak(Box::new(started));
        GLOBAL.store(Some(pool));
        Some(pool)
    })
}

fn is_member() -> bool {
    MEMBER_IN.get() == process::id()
}

/// Runs `work` where parallel iterators find threads: those of the pool that this thread belongs to, else the shared ones.
fn run<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    if is_member() {
        return work();
    }
    match global() {
        Some(pool) => pool.install(work),
        None => alone(work),
    }
}

/// Runs `work` in a pool of this thread alone, which the system need not start. It is never freed.
fn alone<R>(work: impl FnOnce() -> R) -> R {
    if let Ok(pool) = ThreadPoolBuilder::new().num_threads(1).use_current_thread().build() {
        std::mem::forget(pool);
        MEMBER_IN.set(process::id());
    }
    work()
}

/// Gives `work` a parallel iterator over items and returns its result.
pub fn over<I, R>(items: I, work: impl FnOnce(I::Iter) -> R + Send) -> R
where
    I: IntoParallelIterator + Send,
    R: Send,
{
    run(move || work(items.into_par_iter()))
}

/// Sorts numbers in parallel.
pub fn sort<T: Ord + Send>(items: &mut [T]) {
    run(|| items.par_sort_unstable());
}

/// Does two things at once.
pub fn join<A: Send, B: Send>(one: impl FnOnce() -> A + Send, other: impl FnOnce() -> B + Send) -> (A, B) {
    run(|| rayon::join(one, other))
}

/// Runs `here` on this thread, beside what it spawns; returns when all of that has ended.
pub fn scope<'s, R>(here: impl FnOnce(&Scope<'s>) -> R) -> R {
    match is_member() {
        true => rayon::in_place_scope(here),
        false => match global() {
            Some(pool) => pool.threads.in_place_scope(here),
            None => alone(|| rayon::in_place_scope(here)),
        },
    }
}

impl Pool {
    fn start(threads: usize) -> std::result::Result<Self, rayon::ThreadPoolBuildError> {
        let threads = ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|number| format!("framehaul-{number}"))
            .start_handler(|_| MEMBER_IN.set(process::id()))
            .build()?;
        Ok(Self { threads, process: process::id() })
    }

    /// The number of threads.
    #[expect(clippy::len_without_is_empty, reason = "it has at least one")]
    pub fn len(&self) -> usize {
        self.threads.current_num_threads()
    }

    /// Runs `work` on a thread of the pool; what is parallel in it uses this pool.
    pub fn install<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        self.threads.install(work)
    }

    /// Starts each of the workers on a thread of the pool, runs `here` on this one meanwhile, and returns when all have
    /// ended.
    pub fn beside<R>(&self, workers: impl IntoIterator<Item: FnOnce() + Send>, here: impl FnOnce() -> R) -> R {
        self.threads.in_place_scope(|scope| {
            workers.into_iter().for_each(|worker| scope.spawn(|_| worker()));
            here()
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::thread;

    use super::*;

    fn names(pool: &Pool) -> HashSet<String> {
        let name = |_| thread::current().name().unwrap_or_default().to_owned();
        pool.install(|| over(0..1000, |numbers| numbers.map(name).collect()))
    }

    #[test]
    fn work_stays_on_the_threads_of_the_pool_that_it_was_given_to() {
        let pool = of(1).unwrap();
        assert_eq!(names(&pool), HashSet::from(["framehaul-0".to_owned()]));
    }

    #[test]
    fn results_are_in_the_order_of_the_items() {
        let squares: Vec<u64> = over(0..10_000u64, |numbers| numbers.map(|n| n * n).collect());
        assert!(squares.iter().zip(0..).all(|(square, n)| *square == n * n));
        let mut falling: Vec<u32> = (0..10_000).rev().collect();
        sort(&mut falling);
        assert!(falling.is_sorted());
    }

    #[test]
    fn more_threads_than_ever_help_are_not_started() {
        assert_eq!(of(0).unwrap().len(), 1);
        assert_eq!(of(100_000).unwrap().len(), MAX_THREADS);
    }

    #[test]
    fn a_pool_of_another_process_is_not_used() {
        let dead = Pool { process: 0, ..Pool::start(1).unwrap() };
        GLOBAL.store(Some(Box::leak(Box::new(dead))));
        assert!(global().is_some_and(|pool| pool.process == process::id()));
    }

    #[test]
    fn a_thread_alone_does_all_the_work() {
        let here = thread::current().id();
        let all_here = || over(0..1000, |numbers| numbers.all(|_| thread::current().id() == here));
        assert!(alone(all_here));
        assert!(alone(all_here), "the second time, too");
    }

    #[test]
    fn workers_and_the_one_that_waits_for_them_work_at_once() {
        let (to_here, from_worker) = crossbeam_channel::bounded(0);
        let worker = || to_here.send(1).unwrap_or_default();
        assert_eq!(of(1).unwrap().beside([worker], || from_worker.recv()), Ok(1));
    }
}
