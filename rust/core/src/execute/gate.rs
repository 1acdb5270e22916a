//! Keeps workers together: how far they may run ahead of the writer, and whose turn it is to open a video.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Lets workers run ahead of the writer by a number of chunks and no further, and forms a queue where order matters.
pub struct Gate {
    window: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Chunks written.
    written: usize,
    /// The first chunk that has not passed the queue, and later ones that have.
    next: usize,
    passed: BTreeSet<usize>,
    ended: bool,
    /// Workers that wait: mostly none, and waking nobody takes a call of the system all the same.
    waiting: usize,
}

impl Gate {
    /// A gate for workers that may be `window` chunks ahead.
    pub fn new(window: usize) -> Self {
        Self { window, state: Mutex::default(), changed: Condvar::new() }
    }

    /// Waits until a chunk may be encoded; `false` if the run has ended.
    pub fn wait(&self, chunk: usize) -> bool {
        self.wait_until(|state| chunk < state.written + self.window)
    }

    /// Waits until all chunks before this one have passed the queue; `false` if the run has ended.
    ///
    /// Chunks are taken in order, so that someone works on each of those before, and the first of them waits for nobody.
    pub fn wait_for_turn(&self, chunk: usize) -> bool {
        self.wait_until(|state| state.next >= chunk)
    }

    /// Waits until all chunks before this one are written; `false` if the run has ended.
    pub fn wait_to_write(&self, chunk: usize) -> bool {
        self.wait_until(|state| state.written == chunk)
    }

    /// Lets the chunks behind this one into the queue.
    pub fn pass(&self, chunk: usize) {
        self.change(|state| {
            state.passed.insert(chunk);
            while let Some(first) = state.passed.first().copied().filter(|first| *first == state.next) {
                state.passed.remove(&first);
                state.next += 1;
            }
        });
    }

    /// One more chunk is written.
    pub fn advance(&self) {
        self.change(|state| state.written += 1);
    }

    fn end(&self) {
        self.change(|state| state.ended = true);
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        let is_awaited = state.waiting > 0;
        drop(state);
        if is_awaited {
            self.changed.notify_all();
        }
    }

    fn wait_until(&self, may: impl Fn(&State) -> bool) -> bool {
        let mut state = self.lock();
        state.waiting += 1;
        let waited = self.changed.wait_while(state, |state| !state.ended && !may(state));
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        !state.ended
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the run when the writer leaves, in whatever way.
pub struct OpenGate<'a>(pub &'a Gate);

impl Drop for OpenGate<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_has_its_turn_when_all_before_it_have_passed_in_whatever_order() {
        let gate = Gate::new(1);
        gate.pass(2);
        gate.pass(1);
        assert_eq!(gate.lock().next, 0);
        gate.pass(0);
        assert_eq!(gate.lock().next, 3);
        assert!(gate.lock().passed.is_empty());
        assert!(gate.wait_for_turn(3));
    }

    #[test]
    fn nobody_waits_for_a_turn_after_the_end() {
        let gate = Gate::new(1);
        drop(OpenGate(&gate));
        assert!(!gate.wait_for_turn(5));
        assert!(!gate.wait(5));
    }
}
