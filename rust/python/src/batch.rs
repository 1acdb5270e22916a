//! Shapes to RLE dicts: a batch is read, filled and wrapped at the same time, on all processors.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::sync::mpsc::{self, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use framehaul_core::error::{Error, Result};
use framehaul_core::raster::{Rle, Scratch};
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::error::to_py;
use crate::rle::{Dicts, SCRATCH, Written, make_dict};
use crate::shapes::{Layout, Numbers, read_shape};

/// So many shapes or numbers make a part of a batch: some ten microseconds of work.
const MOST_SHAPES: usize = 32;
const MOST_NUMBERS: usize = 4096;

/// Others may have the interpreter as often as it is taken from Python code.
const SWITCH_INTERVAL: Duration = Duration::from_millis(5);

thread_local! {
    /// Memory for the parts of a batch. Taken fresh from the system it took longer than to read them.
    static SPARE: RefCell<Vec<Part>> = RefCell::default();
}

/// The RLE dict of one shape, a flat list of numbers or an array, or a list of those of each of a sequence of shapes.
///
/// Reading numbers and making dicts takes the GIL, so other threads fill the first shapes while later ones are read, and
/// this one wraps what they have done. If they cannot keep up it fills shapes, too: no more than a few parts ever wait.
pub fn shapes_to_rles<'py>(
    shapes: &Bound<'py, PyAny>,
    layout: Layout,
    compressed: bool,
    fill: impl Fn(&[f64], &mut Scratch) -> Result<Rle> + Sync,
) -> PyResult<Bound<'py, PyAny>> {
    let py = shapes.py();
    if let Some(shape) = read_shape(shapes, layout)? {
        return make_dict(py, compressed, |scratch| fill(&shape, scratch));
    }
    let work = |mut part: Part| {
        let Part { numbers, texts, results, .. } = &mut part;
        SCRATCH.with_borrow_mut(|scratch| {
            let rles = numbers.shapes().map(|shape| fill(shape, scratch));
            results.extend(rles.map(|rle| Ok(Written::new(rle?, compressed, texts))));
        });
        part
    };
    let queue = Queue::default();
    rayon::in_place_scope(|scope| {
        let (queue, work) = (&queue, &work);
        let (sender, receiver) = mpsc::channel();
        let mut done = Done::new(py);
        let mut part = done.new_part(0);
        let mut attached = Instant::now();
        for shape in shapes.try_iter()? {
            part.numbers.push(&shape?)?;
            if !part.is_full() {
                continue;
            }
            let next = done.new_part(part.place + 1);
            if queue.add(std::mem::replace(&mut part, next)) {
                let sender = sender.clone();
                scope.spawn(move |_| queue.help(work, &sender));
            }
            receiver.try_iter().try_for_each(|part| done.add(part))?;
            while let Some(part) = queue.take_above(2 * rayon::current_num_threads()) {
                let is_long = attached.elapsed() > SWITCH_INTERVAL;
                done.add(if is_long { py.detach(|| work(part)) } else { work(part) })?;
                attached = if is_long { Instant::now() } else { attached };
            }
        }
        drop(sender);
        let rest: Vec<Part> = py.detach(|| {
            let here = std::iter::once(part).chain(std::iter::from_fn(|| queue.take_above(0))).map(work);
            here.collect::<Vec<_>>().into_iter().chain(receiver).collect()
        });
        rest.into_iter().try_for_each(|part| done.add(part))?;
        done.into_list()
    })
}

/// Some shapes of a batch, and what was made of each.
#[derive(Default)]
struct Part {
    place: usize,
    numbers: Numbers,
    texts: Vec<u8>,
    results: Vec<Result<Written>>,
}

impl Part {
    /// Forgets all but the memory.
    fn clear(&mut self) {
        self.numbers.clear();
        self.texts.clear();
        self.results.clear();
    }

    fn is_small(&self) -> bool {
        self.numbers.capacity() <= 4 * MOST_NUMBERS && self.texts.capacity() <= 4 * MOST_NUMBERS
    }

    fn is_full(&self) -> bool {
        let (shapes, numbers) = self.numbers.len();
        shapes >= MOST_SHAPES || numbers >= MOST_NUMBERS
    }
}

/// The dicts of the first parts, and parts that were done before their turn.
struct Done<'py> {
    py: Python<'py>,
    dicts: Dicts<'py>,
    wrapped: Vec<Bound<'py, PyAny>>,
    early: BTreeMap<usize, Part>,
    next: usize,
    error: Option<Error>,
    spare: Vec<Part>,
}

impl<'py> Done<'py> {
    fn new(py: Python<'py>) -> Self {
        Self {
            py,
            dicts: Dicts::new(py),
            wrapped: Vec::new(),
            early: BTreeMap::new(),
            next: 0,
            error: None,
            spare: SPARE.take(),
        }
    }

    fn new_part(&mut self, place: usize) -> Part {
        Part { place, ..self.spare.pop().unwrap_or_default() }
    }

    /// Wraps a part, or keeps it until those before it are there. An error waits for the last shape to be read: one that
    /// cannot be read is reported first, whichever thread was faster.
    fn add(&mut self, part: Part) -> PyResult<()> {
        self.early.insert(part.place, part);
        while let Some(mut part) = self.early.remove(&self.next) {
            for result in part.results.drain(..) {
                match result {
                    _ if self.error.is_some() => {}
                    Ok(written) => self.wrapped.push(self.dicts.wrap(written, &part.texts)?),
                    Err(error) => self.error = Some(error.at_shape(self.wrapped.len() as u64)),
                }
            }
            part.clear();
            self.spare.push(part);
            self.next += 1;
        }
        Ok(())
    }

    fn into_list(mut self) -> PyResult<Bound<'py, PyAny>> {
        self.spare.retain(Part::is_small);
        SPARE.set(self.spare);
        match self.error {
            Some(error) => Err(to_py(error)),
            None => Ok(PyList::new(self.py, self.wrapped)?.into_any()),
        }
    }
}

/// The parts that nobody works on yet.
#[derive(Default)]
struct Queue(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    parts: VecDeque<Part>,
    /// How many other threads work on parts; each stops when it finds none.
    helpers: usize,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a part, and says whether one more thread is to help; the one that reads keeps a processor busy itself.
    fn add(&self, part: Part) -> bool {
        let mut waiting = self.lock();
        waiting.parts.push_back(part);
        let is_needed = waiting.helpers + 1 < rayon::current_num_threads();
        waiting.helpers += usize::from(is_needed);
        is_needed
    }

    /// Works as a helper until no part is left.
    fn help(&self, work: impl Fn(Part) -> Part, done: &Sender<Part>) {
        loop {
            let mut waiting = self.lock();
            let Some(part) = waiting.parts.pop_front() else {
                waiting.helpers -= 1;
                return;
            };
            drop(waiting);
            // Nobody waits for the results if a later shape cannot be read.
            let _ = done.send(work(part));
        }
    }

    /// The next part if more than `most` wait.
    fn take_above(&self, most: usize) -> Option<Part> {
        let parts = &mut self.lock().parts;
        if parts.len() > most { parts.pop_front() } else { None }
    }
}
