//! Coordinates as the pixel functions take them: flat lists of numbers and arrays.

use numpy::{PyArrayDyn, PyArrayMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyInt, PyList, PyString};

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
            for number in list {
                self.values.push(read_number(&number).map_err(|_| expected())?);
            }
        } else {
            for number in shape.try_iter()? {
                self.values.push(read_number(&number?).map_err(|_| expected())?);
            }
        }
        self.ends.push(self.values.len());
        Ok(())
    }
}

fn read_number(number: &Bound<'_, PyAny>) -> PyResult<f64> {
    // Asked for a float, CPython makes an object of a whole number first, and masks of CVAT are long lists of these.
    if number.is_exact_instance_of::<PyInt>()
        && let Ok(whole) = number.extract::<i64>()
    {
        return Ok(whole as f64);
    }
    number.extract()
}
