//! Images as NumPy arrays, encoded where they lie: in any order, with any strides, one or a stack.

use framehaul_core::error::{Code, Error, Result};
use framehaul_core::raster::encode::{Stack, columns, rows};
use framehaul_core::raster::{Rle, Scratch};
use framehaul_core::threads::{self, IndexedParallelIterator, ParallelIterator};
use numpy::ndarray::{ArrayView, ArrayView2, ArrayView3, Axis, Ix2, Ix3, RemoveAxis};
use numpy::{PyArrayDyn, PyArrayMethods, PyReadonlyArrayDyn, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::error::to_py;
use crate::rle::{Dicts, SCRATCH, Written, in_order, make_dict, run};

/// Fewer bytes than this are not worth waking another thread: they are read in some twenty microseconds.
const MIN_BYTES_PER_THREAD: usize = 1 << 19;

/// The runs of an array of two dimensions.
pub fn read_image(image: &Bound<'_, PyAny>) -> PyResult<Rle> {
    let bytes = bytes_of(image)?;
    let image = as_image(&bytes)?;
    run(bytes.py(), |scratch| encode_image(image, scratch))
}

/// The RLE dict of an array of two dimensions, or those of the images that lie behind one another in a third one.
pub fn encode<'py>(images: &Bound<'py, PyAny>, compressed: bool) -> PyResult<Bound<'py, PyAny>> {
    let py = images.py();
    let bytes = bytes_of(images)?;
    if bytes.ndim() != 3 {
        let image = as_image(&bytes)?;
        return make_dict(py, compressed, |scratch| encode_image(image, scratch));
    }
    let images = bytes.as_array().into_dimensionality::<Ix3>().map_err(|_| wrong_dimensions(&bytes))?;
    let mut dicts = Dicts::new(py);
    let encoded = py.detach(|| encode_stack(images, compressed)).map_err(to_py)?;
    let wrapped = encoded.into_iter().map(|(written, text)| dicts.wrap(written, &text));
    Ok(PyList::new(py, wrapped.collect::<PyResult<Vec<_>>>()?)?.into_any())
}

/// An array as bytes in which all but 0 are set: its own, or what a comparison with 0 gives.
fn bytes_of<'py>(array: &Bound<'py, PyAny>) -> PyResult<PyReadonlyArrayDyn<'py, u8>> {
    let py = array.py();
    let numpy = py.import(pyo3::intern!(py, "numpy"))?;
    let array = numpy.call_method1(pyo3::intern!(py, "asarray"), (array,))?;
    if let Ok(bytes) = array.cast::<PyArrayDyn<u8>>() {
        return Ok(bytes.try_readonly()?);
    }
    let set = match array.cast::<PyArrayDyn<bool>>() {
        Ok(_) => array,
        Err(_) => numpy.call_method1(pyo3::intern!(py, "not_equal"), (array, 0))?,
    };
    let bytes = set.call_method1(pyo3::intern!(py, "view"), (pyo3::intern!(py, "uint8"),))?;
    Ok(bytes.cast::<PyArrayDyn<u8>>()?.try_readonly()?)
}

fn as_image<'a>(bytes: &'a PyReadonlyArrayDyn<'_, u8>) -> PyResult<ArrayView2<'a, u8>> {
    bytes.as_array().into_dimensionality::<Ix2>().map_err(|_| wrong_dimensions(bytes))
}

fn wrong_dimensions(bytes: &PyReadonlyArrayDyn<'_, u8>) -> PyErr {
    PyValueError::new_err(format!("expected an array of 2 dimensions, got {}", bytes.ndim()))
}

fn side(length: usize) -> Result<u32> {
    u32::try_from(length).map_err(|_| Error::new(Code::TooLarge, format!("an image with a side of {length} pixels")))
}

/// The runs of an image. Its bytes are copied only if neither its columns nor its rows are contiguous.
fn encode_image(image: ArrayView2<'_, u8>, scratch: &mut Scratch) -> Result<Rle> {
    let (height, width) = (side(image.nrows())?, side(image.ncols())?);
    if let Some(bytes) = image.t().to_slice() {
        return columns([bytes], height, width);
    }
    if let Some(lines) = lines(image) {
        return rows(&lines, width, scratch);
    }
    if let Some(lines) = lines(image.reversed_axes()) {
        return columns(lines, height, width);
    }
    // Read in the order in which the bytes lie: otherwise each is fetched from memory on its own.
    if image.strides()[0].unsigned_abs() < image.strides()[1].unsigned_abs() {
        let bytes: Vec<u8> = image.t().iter().copied().collect();
        return columns([bytes.as_slice()], height, width);
    }
    let bytes: Vec<u8> = image.iter().copied().collect();
    let lines: Vec<&[u8]> = bytes.chunks_exact(image.ncols()).collect();
    rows(&lines, width, scratch)
}

/// The parts of an array along its first axis, if each is contiguous.
fn lines<'a, D: RemoveAxis>(array: ArrayView<'a, u8, D>) -> Option<Vec<&'a [u8]>>
where
    D::Smaller: RemoveAxis,
{
    array.into_outer_iter().map(|line| line.to_slice()).collect()
}

/// The masks of a stack, each with its compressed counts.
fn encode_stack(images: ArrayView3<'_, u8>, compressed: bool) -> Result<Vec<(Written, Vec<u8>)>> {
    let (height, width, count) = images.dim();
    let finish = |rle: Result<Rle>| {
        let mut text = Vec::new();
        Ok((Written::new(rle?, compressed, &mut text), text))
    };
    // Where pixels of many images alternate, reading them image by image would fetch everything for each of them.
    if count > 1
        && let Some(lines) = lines(images).filter(|lines| !lines.is_empty())
    {
        let stack = Stack::read(&lines, side(width)?, count)?;
        return in_order(each(count, height * width, |i, _| finish(stack.image(i))));
    }
    in_order(each(count, height * width, |i, scratch| finish(encode_image(images.index_axis(Axis(2), i), scratch))))
}

/// Does `work` for so many images of so many bytes each, by several threads if they are large enough.
fn each<R: Send>(count: usize, size: usize, work: impl Fn(usize, &mut Scratch) -> R + Sync) -> Vec<R> {
    let work = |i| SCRATCH.with_borrow_mut(|scratch| work(i, scratch));
    let together = MIN_BYTES_PER_THREAD.div_ceil(size.max(1));
    if count < 2 * together {
        return (0..count).map(work).collect();
    }
    threads::over(0..count, |numbers| numbers.with_min_len(together).map(work).collect())
}
