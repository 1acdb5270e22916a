//! What the pixel functions take and give: COCO's RLE dicts, lists of coordinates, and batches of both.

use std::cell::RefCell;

use framehaul_core::error::{Code, Error, Result};
use framehaul_core::raster::{Rle, Scratch};
use numpy::{PyArrayDyn, PyArrayMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use pyo3::types::{PyBytes, PyDict, PyList, PyString};
use rayon::prelude::*;

use crate::error::to_py;

/// Fewer items than this are not worth waking another thread.
const MIN_ITEMS_PER_THREAD: usize = 64;

thread_local! {
    /// Working memory of each thread, kept from call to call.
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// A single item, or a batch in order.
pub enum Batch<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> Batch<T> {
    /// The items.
    pub fn as_slice(&self) -> &[T] {
        match self {
            Self::One(item) => std::slice::from_ref(item),
            Self::Many(items) => items,
        }
    }

    /// Gives back a single result for a single item, a list for a batch.
    pub fn wrap<'py>(&self, py: Python<'py>, results: Vec<Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Self::Many(_) => Ok(PyList::new(py, results)?.into_any()),
            Self::One(_) => results.into_iter().next().ok_or_else(|| PyTypeError::new_err("no result")),
        }
    }
}

/// Does `work` without the GIL.
pub fn run<R: Send>(py: Python<'_>, work: impl FnOnce(&mut Scratch) -> Result<R> + Send) -> PyResult<R> {
    py.detach(|| SCRATCH.with_borrow_mut(work)).map_err(to_py)
}

/// Does `work` for every item, without the GIL and in parallel if there are many; the results are in order, and of
/// several errors the first item's is reported, with its place.
pub fn map<T: Sync, R: Send>(
    py: Python<'_>,
    items: &[T],
    work: impl Fn(&T, &mut Scratch) -> Result<R> + Sync,
) -> PyResult<Vec<R>> {
    let work = |item| SCRATCH.with_borrow_mut(|scratch| work(item, scratch));
    let results: Vec<Result<R>> = py.detach(|| {
        if items.len() < 2 * MIN_ITEMS_PER_THREAD {
            items.iter().map(work).collect()
        } else {
            items.par_iter().with_min_len(MIN_ITEMS_PER_THREAD).map(work).collect()
        }
    });
    let many = items.len() > 1;
    let place = |(i, result): (usize, Result<R>)| result.map_err(|e| if many { e.at_shape(i as u64) } else { e });
    results.into_iter().enumerate().map(place).collect::<Result<_>>().map_err(to_py)
}

/// An RLE dict taken apart but not yet read, which needs no GIL.
pub struct RleDict {
    height: u32,
    width: u32,
    counts: Counts,
}

enum Counts {
    Bytes(PyBackedBytes),
    Text(PyBackedStr),
    Runs(Vec<u32>),
}

impl RleDict {
    /// Takes a dict with `size` and `counts` apart.
    fn from_py(dict: &Bound<'_, PyDict>) -> Result<Self> {
        let py = dict.py();
        let value = |name| dict.get_item(name).ok().flatten();
        let size = value(pyo3::intern!(py, "size")).and_then(|size| size.extract::<[u32; 2]>().ok());
        let counts = value(pyo3::intern!(py, "counts")).and_then(|counts| {
            let bytes = counts.extract().map(Counts::Bytes);
            bytes.or_else(|_| counts.extract().map(Counts::Text)).or_else(|_| counts.extract().map(Counts::Runs)).ok()
        });
        let bad = |what| Error::new(Code::BadMask, what);
        let [height, width] = size.ok_or_else(|| bad("an RLE needs \"size\": [height, width]"))?;
        let counts = counts.ok_or_else(|| bad("an RLE needs \"counts\": bytes, str or a list of run lengths"))?;
        Ok(Self { height, width, counts })
    }

    /// Takes one RLE dict or a sequence of them apart.
    pub fn batch(rles: &Bound<'_, PyAny>) -> PyResult<Batch<Self>> {
        if let Ok(dict) = rles.cast::<PyDict>() {
            return Ok(Batch::One(Self::from_py(dict).map_err(to_py)?));
        }
        let mut dicts = Vec::new();
        for (i, item) in rles.try_iter()?.enumerate() {
            let item = item?;
            let dict = item.cast::<PyDict>();
            let dict = dict.map_err(|_| PyTypeError::new_err("expected an RLE dict or a sequence of them"))?;
            dicts.push(Self::from_py(dict).map_err(|error| to_py(error.at_shape(i as u64)))?);
        }
        Ok(Batch::Many(dicts))
    }

    /// Reads and checks the runs.
    pub fn read(&self) -> Result<Rle> {
        match &self.counts {
            Counts::Bytes(text) => Rle::from_compressed(text, self.height, self.width),
            Counts::Text(text) => Rle::from_compressed(text.as_bytes(), self.height, self.width),
            Counts::Runs(runs) => Rle::new(self.height, self.width, runs.clone()),
        }
    }
}

/// A mask on its way to an RLE dict.
pub enum Written {
    /// With the compressed counts.
    Text(u32, u32, String),
    /// With the plain run lengths.
    Runs(Rle),
}

impl Written {
    /// Prepares a mask, which needs no GIL.
    pub fn new(rle: Rle, compressed: bool) -> Self {
        if compressed { Self::Text(rle.height, rle.width, rle.to_compressed()) } else { Self::Runs(rle) }
    }

    /// The RLE dict.
    pub fn into_py(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        let (height, width, counts) = match self {
            Self::Text(height, width, text) => (height, width, PyBytes::new(py, text.as_bytes()).into_any()),
            Self::Runs(rle) => (rle.height, rle.width, PyList::new(py, rle.counts)?.into_any()),
        };
        let dict = PyDict::new(py);
        dict.set_item(pyo3::intern!(py, "size"), PyList::new(py, [height, width])?)?;
        dict.set_item(pyo3::intern!(py, "counts"), counts)?;
        Ok(dict.into_any())
    }
}

/// What a two-dimensional array means where coordinates are asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// One shape, a row for each point.
    Points,
    /// A batch, a row for each shape.
    Shapes,
}

/// Lists of numbers, as one allocation for all of a batch.
#[derive(Default)]
pub struct Numbers {
    values: Vec<f64>,
    ends: Vec<usize>,
}

impl Numbers {
    /// Reads a flat list of numbers or an array as one shape, a sequence of those as a batch.
    pub fn batch<'a>(shapes: &Bound<'_, PyAny>, layout: Layout, numbers: &'a mut Self) -> PyResult<Batch<&'a [f64]>> {
        let is_one = match shapes.cast::<PyUntypedArray>() {
            Ok(array) => array.ndim() == 1 || layout == Layout::Points,
            Err(_) => shapes.len()? > 0 && shapes.get_item(0)?.extract::<f64>().is_ok(),
        };
        if is_one {
            numbers.push(shapes)?;
            return Ok(Batch::One(&numbers.values));
        }
        if !numbers.push_lists(shapes)? {
            for shape in shapes.try_iter()? {
                numbers.push(&shape?)?;
            }
        }
        let starts = std::iter::once(0).chain(numbers.ends.iter().copied());
        Ok(Batch::Many(starts.zip(&numbers.ends).map(|(start, &end)| &numbers.values[start..end]).collect()))
    }

    /// Reads a list of lists of numbers, the usual batch, several times as fast as one by one: `struct.pack` takes all
    /// numbers in one call. False, and nothing read, if the batch is something else.
    fn push_lists(&mut self, shapes: &Bound<'_, PyAny>) -> PyResult<bool> {
        let py = shapes.py();
        let Ok(shapes) = shapes.cast::<PyList>() else { return Ok(false) };
        if !shapes.iter().all(|shape| shape.is_exact_instance_of::<PyList>()) {
            return Ok(false);
        }
        let chain = py.import("itertools")?.getattr("chain")?.call_method1("from_iterable", (shapes,))?;
        let numbers = PyList::empty(py);
        numbers.call_method1("extend", (chain,))?;
        let pack = py.import("struct")?.call_method1("Struct", (format!("{}d", numbers.len()),))?.getattr("pack")?;
        let Ok(packed) = pack.call1(numbers.to_tuple()) else { return Ok(false) };
        let (bytes, _) = packed.cast::<PyBytes>()?.as_bytes().as_chunks();
        self.values.extend(bytes.iter().map(|&bytes| f64::from_ne_bytes(bytes)));
        for shape in shapes {
            self.ends.push(self.ends.last().copied().unwrap_or(0) + shape.len()?);
        }
        Ok(true)
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
            // The usual case: no iterator object, and floats are read without asking what they are first.
            for value in list {
                self.values.push(value.extract().map_err(|_| expected())?);
            }
        } else {
            for value in shape.try_iter()? {
                self.values.push(value?.extract().map_err(|_| expected())?);
            }
        }
        self.ends.push(self.values.len());
        Ok(())
    }
}
