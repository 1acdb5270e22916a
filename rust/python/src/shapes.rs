//! Lists of coordinates that the pixel functions take, one or a batch.

use std::cell::RefCell;
use std::sync::mpsc;

use framehaul_core::error::Result;
use framehaul_core::raster::Scratch;
use numpy::{PyArrayDyn, PyArrayMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};

use crate::error::to_py;
use crate::rle::{Batch, MIN_ITEMS_PER_THREAD, SCRATCH, in_order, run};

/// When this many numbers have been read, work on them begins.
const MOST_NUMBERS: usize = 8192;

/// How many memories for numbers are kept: a few megabytes.
const MOST_SPARE: usize = 64;

thread_local! {
    /// Memory for the numbers of a batch. Taken fresh from the system it took longer than to read them.
    static SPARE: RefCell<Vec<Numbers>> = RefCell::default();
}

/// What a two-dimensional array means where coordinates are asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// One shape, a row for each point.
    Points,
    /// A batch, a row for each shape.
    Shapes,
}

/// The numbers of one shape, a flat list or an array; nothing if it is a sequence of those.
pub fn read_shape(shape: &Bound<'_, PyAny>, layout: Layout) -> PyResult<Option<Vec<f64>>> {
    let is_one = match shape.cast::<PyUntypedArray>() {
        Ok(array) => array.ndim() == 1 || layout == Layout::Points,
        Err(_) => shape.len()? > 0 && shape.get_item(0)?.extract::<f64>().is_ok(),
    };
    let mut numbers = Numbers::default();
    if is_one {
        numbers.push(shape)?;
    }
    Ok(is_one.then_some(numbers.values))
}

/// Does `work` for one shape, a flat list of numbers or an array, or for each of a sequence of those. Reading numbers takes
/// the GIL and about as long as the work, so other threads do that for the first shapes while later ones are read.
pub fn map_shapes<R: Send>(
    shapes: &Bound<'_, PyAny>,
    layout: Layout,
    work: impl Fn(&[f64], &mut Scratch) -> Result<R> + Sync,
) -> PyResult<Batch<R>> {
    if let Some(shape) = read_shape(shapes, layout)? {
        return run(shapes.py(), |scratch| work(&shape, scratch)).map(Batch::One);
    }
    let work = |place: usize, mut numbers: Numbers| {
        let results = SCRATCH.with_borrow_mut(|scratch| numbers.shapes().map(|shape| work(shape, scratch)).collect());
        numbers.clear();
        Part { place, results, numbers }
    };
    let (sender, receiver) = mpsc::channel();
    let mut spare = SPARE.take();
    let mut parts: Vec<Part<R>> = rayon::in_place_scope(|scope| {
        let (work, mut place, mut numbers) = (&work, 0, spare.pop().unwrap_or_default());
        for shape in shapes.try_iter()? {
            numbers.push(&shape?)?;
            if numbers.ends.len() == MIN_ITEMS_PER_THREAD || numbers.values.len() > MOST_NUMBERS {
                let (full, sender) = (std::mem::replace(&mut numbers, spare.pop().unwrap_or_default()), sender.clone());
                // Nobody waits for the results if a later shape cannot be read.
                scope.spawn(move |_| drop(sender.send(work(place, full))));
                place += 1;
            }
        }
        drop(sender);
        let last = || std::iter::once_with(|| work(place, numbers));
        PyResult::Ok(shapes.py().detach(|| last().chain(receiver).collect()))
    })?;
    parts.sort_unstable_by_key(|part| part.place);
    let mut results = Vec::new();
    for part in parts {
        results.extend(part.results);
        spare.push(part.numbers);
    }
    spare.retain(|numbers| numbers.values.capacity() <= 4 * MOST_NUMBERS);
    spare.truncate(MOST_SPARE);
    SPARE.set(spare);
    in_order(results).map(Batch::Many).map_err(to_py)
}

/// What was done for some shapes of a batch.
struct Part<R> {
    place: usize,
    results: Vec<Result<R>>,
    /// The memory that held their numbers.
    numbers: Numbers,
}

/// Lists of numbers in one allocation.
#[derive(Default)]
struct Numbers {
    values: Vec<f64>,
    ends: Vec<usize>,
}

impl Numbers {
    fn clear(&mut self) {
        self.values.clear();
        self.ends.clear();
    }

    /// The numbers of each shape.
    fn shapes(&self) -> impl Iterator<Item = &[f64]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.values[start..end])
    }

    fn push(&mut self, shape: &Bound<'_, PyAny>) -> PyResult<()> {
        let expected = || PyTypeError::new_err("expected a flat sequence of numbers or an array");
        if shape.is_instance_of::<PyString>() {
            return Err(expected());
        }
        if let Ok(array) = shape.cast::<PyUntypedArray>() {
            let as_it_is = shape.cast::<PyArrayDyn<f64>>().ok().filter(|array| array.is_c_contiguous()).cloned();
            let array = match as_it_is {
                Some(array) => array,
                None => array.call_method1("astype", ("float64", "C"))?.cast_into()?,
            };
            self.values.extend_from_slice(array.readonly().as_slice()?);
        } else if let Ok(list) = shape.cast::<PyList>() {
            self.push_list(list).map_err(|_| expected())?;
        } else {
            for value in shape.try_iter()? {
                self.values.push(value?.extract().map_err(|_| expected())?);
            }
        }
        self.ends.push(self.values.len());
        Ok(())
    }

    /// Reads the numbers of a list. PyO3's own way counts a reference up and down and makes a `Result` for each, which
    /// takes three times as long; reading took more time than filling the polygons.
    #[allow(unsafe_code)]
    fn push_list(&mut self, list: &Bound<'_, PyList>) -> PyResult<()> {
        self.values.reserve(list.len());
        for i in 0..list.len() {
            // SAFETY: `list` is a list and we are attached. The call checks the index, and gives a borrowed reference or
            // null. The item lives until the list lets go of it, which nobody can make it do before we have read its type
            // and, of an exact float (a type whose conversion calls nothing else), its value: other threads wait for the
            // GIL, which the stable ABI has in all builds that it supports.
            let float = unsafe {
                let item = ffi::PyList_GetItem(list.as_ptr(), i as ffi::Py_ssize_t);
                (!item.is_null() && ffi::PyFloat_CheckExact(item) != 0).then(|| ffi::PyFloat_AsDouble(item))
            };
            match float {
                Some(float) => self.values.push(float),
                None => self.values.push(list.get_item(i)?.extract()?),
            }
        }
        Ok(())
    }
}
