//! Bounds how far workers run ahead of the writer, and says whose turn it is to open a video.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::sidecar::Turns;

/// Lets workers run ahead of the writer by a number of chunks and no further, and forms a queue where order matters.
pub struct Window {
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
    /// Workers that wait. Usually none; checking it saves a futile call of the system.
    waiting: usize,
}

impl Window {
    /// A window for workers that may be `window` chunks ahead.
    pub fn new(window: usize) -> Self {
        Self { window, state: Mutex::default(), changed: Condvar::new() }
    }

    /// Waits until a chunk may be encoded; `false` if the run has ended.
    pub fn wait(&self, chunk: usize) -> bool {
        self.wait_until(|state| chunk < state.written + self.window)
    }

    /// Waits until all chunks before this one are written; `false` if the run has ended.
    pub fn wait_to_write(&self, chunk: usize) -> bool {
        self.wait_until(|state| state.written == chunk)
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

impl Turns for Window {
    // Chunks are taken in order, so someone works on each of those before, and the first of them waits for nobody.
    fn wait_for_turn(&self, chunk: usize) -> bool {
        self.wait_until(|state| state.next >= chunk)
    }

    fn pass(&self, chunk: usize) {
        self.change(|state| {
            state.passed.insert(chunk);
            while let Some(first) = state.passed.first().copied().filter(|first| *first == state.next) {
                state.passed.remove(&first);
                state.next += 1;
            }
        });
    }
}

/// Ends the run when the writer leaves, in whatever way.
pub struct OpenAtEnd<'a>(pub &'a Window);

impl Drop for OpenAtEnd<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_has_its_turn_when_all_before_it_have_passed_in_whatever_order() {
        let window = Window::new(1);
        window.pass(2);
        window.pass(1);
        assert_eq!(window.lock().next, 0);
        window.pass(0);
        assert_eq!(window.lock().next, 3);
        assert!(window.lock().passed.is_empty());
        assert!(window.wait_for_turn(3));
    }

    #[test]
    fn nobody_waits_for_a_turn_after_the_end() {
        let window = Window::new(1);
        drop(OpenAtEnd(&window));
        assert!(!window.wait_for_turn(5));
        assert!(!window.wait(5));
    }
}
