//! What the pixel functions take and give: COCO's RLE dicts, and batches.

use std::cell::RefCell;
use std::ops::Range;

use framehaul_core::error::{Code, Error, Result};
use framehaul_core::raster::{Rle, Scratch};
use framehaul_core::threads::{self, IndexedParallelIterator, ParallelIterator};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use pyo3::types::{PyBytes, PyDict, PyInt, PyList};

use crate::error::to_py;

/// Fewer items than this are not worth waking another thread.
pub const MIN_ITEMS_PER_THREAD: usize = 64;

thread_local! {
    /// Working memory of each thread, kept from call to call.
    pub static SCRATCH: RefCell<Scratch> = RefCell::default();
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
            threads::over(items, |items| items.with_min_len(MIN_ITEMS_PER_THREAD).map(work).collect())
        }
    });
    if items.len() > 1 { in_order(results) } else { results.into_iter().collect() }.map_err(to_py)
}

/// The results of a batch, or the error of the first item that has one, with its place.
pub fn in_order<R>(results: impl IntoIterator<Item = Result<R>>) -> Result<Vec<R>> {
    results.into_iter().enumerate().map(|(i, result)| result.map_err(|error| error.at_shape(i as u64))).collect()
}

/// An RLE dict taken apart but not yet read, which needs no GIL.
pub struct RleDict {
    height: u32,
    width: u32,
    counts: Counts,
}

/// Height and width, from a list as everybody writes them or from another sequence.
fn read_size(size: &Bound<'_, PyAny>) -> PyResult<[u32; 2]> {
    match size.cast::<PyList>() {
        Ok(size) if size.len() == 2 => Ok([size.get_item(0)?.extract()?, size.get_item(1)?.extract()?]),
        _ => size.extract(),
    }
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
        let size = value(pyo3::intern!(py, "size")).and_then(|size| read_size(&size).ok());
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
    /// Height and width, and where its compressed counts are in the texts of a batch.
    Text([u32; 2], Range<usize>),
    /// With the plain run lengths.
    Runs(Rle),
}

impl Written {
    /// Prepares a mask, which needs no GIL.
    pub fn new(rle: Rle, compressed: bool, texts: &mut Vec<u8>) -> Self {
        if !compressed {
            return Self::Runs(rle);
        }
        let start = texts.len();
        rle.append_compressed(texts);
        Self::Text([rle.height, rle.width], start..texts.len())
    }
}

/// The RLE dict of the mask that `work` makes, without the GIL.
pub fn make_dict<'py>(
    py: Python<'py>,
    compressed: bool,
    work: impl FnOnce(&mut Scratch) -> Result<Rle> + Send,
) -> PyResult<Bound<'py, PyAny>> {
    let mut text = Vec::new();
    let written = run(py, |scratch| Ok(Written::new(work(scratch)?, compressed, &mut text)))?;
    Dicts::new(py).wrap(written, &text)
}

/// Makes RLE dicts. Those of a batch share the numbers of their sizes.
pub struct Dicts<'py> {
    size: [u32; 2],
    numbers: [Bound<'py, PyInt>; 2],
}

impl<'py> Dicts<'py> {
    pub fn new(py: Python<'py>) -> Self {
        Self { size: [0; 2], numbers: [0, 0].map(|number| PyInt::new(py, number)) }
    }

    /// The RLE dict of a mask.
    pub fn wrap(&mut self, mask: Written, texts: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        let py = self.numbers[0].py();
        let (size, counts) = match mask {
            Written::Text(size, range) => (size, PyBytes::new(py, &texts[range]).into_any()),
            Written::Runs(rle) => ([rle.height, rle.width], PyList::new(py, rle.counts)?.into_any()),
        };
        if size != self.size {
            (self.size, self.numbers) = (size, size.map(|number| PyInt::new(py, number)));
        }
        let dict = PyDict::new(py);
        dict.set_item(pyo3::intern!(py, "size"), PyList::new(py, &self.numbers)?)?;
        dict.set_item(pyo3::intern!(py, "counts"), counts)?;
        Ok(dict.into_any())
    }
}
