//! Coordinates as the pixel functions take them: flat lists of numbers and arrays.

use framehaul_macros::guarded;
use numpy::{PyArrayDyn, PyArrayMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyInt, PyList, PyString};

use crate::floats::KnownLayout;

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

/// The numbers of a list, read directly or through the ABI: for tests, which hold one way against the other.
#[pyfunction]
#[guarded]
pub fn read_list(list: &Bound<'_, PyList>, directly: bool) -> PyResult<Vec<f64>> {
    let layout = KnownLayout::of(list.py());
    if directly && layout.is_none() {
        return Err(PyValueError::new_err("how this interpreter keeps floats is not known"));
    }
    let mut numbers = Numbers::default();
    numbers.push_list(list, layout.filter(|_| directly))?;
    Ok(numbers.values)
}

/// Lists of numbers in one allocation.
#[derive(Default)]
pub struct Numbers {
    values: Vec<f64>,
    ends: Vec<usize>,
}

impl Numbers {
    /// How many shapes and numbers there are.
    pub fn len(&self) -> (usize, usize) {
        (self.ends.len(), self.values.len())
    }

    /// The numbers of each shape.
    pub fn shapes(&self) -> impl Iterator<Item = &[f64]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.values[start..end])
    }

    /// Adds the numbers of a shape.
    pub fn push(&mut self, shape: &Bound<'_, PyAny>) -> PyResult<()> {
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
            self.push_list(list, KnownLayout::of(shape.py())).map_err(|_| expected())?;
        } else {
            for value in shape.try_iter()? {
                self.values.push(value?.extract().map_err(|_| expected())?);
            }
        }
        self.ends.push(self.values.len());
        Ok(())
    }

    /// Reads the numbers of a list. PyO3's own way counts a reference up and down and makes a `Result` for each.
    fn push_list(&mut self, list: &Bound<'_, PyList>, layout: Option<KnownLayout>) -> PyResult<()> {
        let start = self.values.len();
        loop {
            // Only what follows an item that is not exactly a float: its conversion may have changed the list.
            if let Some(layout) = layout {
                layout.append_floats(list, self.values.len() - start, &mut self.values);
            }
            let next = self.values.len() - start;
            if next >= list.len() {
                return Ok(());
            }
            self.values.push(read_number(&list.get_item(next)?)?);
        }
    }
}

/// A number that is not exactly a float.
#[expect(unsafe_code, reason = "`extract` takes three times as long")]
fn read_number(number: &Bound<'_, PyAny>) -> PyResult<f64> {
    if !number.is_exact_instance_of::<PyInt>() {
        return number.extract();
    }
    // SAFETY: an object of Python, which is all that the call asks for. `extract` makes a float of it first, three times
    // as long, and masks of CVAT are long lists of integers.
    let value = unsafe { ffi::PyLong_AsDouble(number.as_ptr()) };
    // This value is that of an error, too.
    let error = if value == -1.0 { PyErr::take(number.py()) } else { None };
    error.map_or(Ok(value), Err)
}
