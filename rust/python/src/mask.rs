//! `framehaul.mask`: COCO RLE masks over NumPy arrays and dicts.

use framehaul_core::error::{Code, Error};
use framehaul_core::raster::{Compared, Measured, Rle, cvat, merge as joiner, polygon};
use framehaul_core::threads::{self, ParallelIterator};
use framehaul_macros::guarded;
use numpy::{IntoPyArray, PyArray1, PyArrayDyn, PyArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::batch::shapes_to_rles;
use crate::error::to_py;
use crate::pixels;
use crate::rle::{Batch, RleDict, make_dict, map, run};
use crate::shapes::Layout;

/// Fewer pairs of masks than this are compared sooner than another thread wakes: most pairs do not meet.
const MIN_PAIRS: usize = 1 << 15;

/// Adds the module `_mask` to the compiled package.
pub fn register(parent: &Bound<'_, PyModule>) -> PyResult<()> {
    let module = PyModule::new(parent.py(), "framehaul.mask")?;
    module.add_function(wrap_pyfunction!(encode, &module)?)?;
    module.add_function(wrap_pyfunction!(decode, &module)?)?;
    module.add_function(wrap_pyfunction!(merge, &module)?)?;
    module.add_function(wrap_pyfunction!(area, &module)?)?;
    module.add_function(wrap_pyfunction!(bbox, &module)?)?;
    module.add_function(wrap_pyfunction!(iou, &module)?)?;
    module.add_function(wrap_pyfunction!(from_polygons, &module)?)?;
    module.add_function(wrap_pyfunction!(from_boxes, &module)?)?;
    module.add_function(wrap_pyfunction!(from_cvat, &module)?)?;
    module.add_function(wrap_pyfunction!(to_cvat, &module)?)?;
    parent.add("_mask", module)
}

#[pyfunction]
#[pyo3(signature = (masks, *, compressed = true))]
#[guarded]
fn encode<'py>(masks: &Bound<'py, PyAny>, compressed: bool) -> PyResult<Bound<'py, PyAny>> {
    pixels::encode(masks, compressed)
}

#[pyfunction]
#[guarded]
fn decode<'py>(rles: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = rles.py();
    let dicts = RleDict::batch(rles)?;
    let rles = map(py, dicts.as_slice(), |dict, _| dict.read())?;
    let size = |rle: &Rle| (rle.height, rle.width);
    let (height, width) = rles.first().map_or((0, 0), size);
    if rles.iter().any(|rle| size(rle) != (height, width)) {
        return Err(to_py(Error::new(Code::BadMask, "masks of different sizes cannot be decoded into one array")));
    }
    let options = PyDict::new(py);
    options.set_item("order", "F")?;
    let shape = match &dicts {
        Batch::One(_) => vec![height as usize, width as usize],
        Batch::Many(_) => vec![height as usize, width as usize, rles.len()],
    };
    // NumPy's own zeros come from the system untouched, and too large an array is a MemoryError.
    let image = py.import("numpy")?.call_method("zeros", (shape, "uint8"), Some(&options))?;
    let array = image.cast::<PyArrayDyn<u8>>()?;
    let mut bytes = array.readwrite();
    let bytes = bytes.as_slice_mut()?;
    let pixels = (height as usize * width as usize).max(1);
    let images: Vec<(&mut [u8], &Rle)> = bytes.chunks_mut(pixels).zip(&rles).collect();
    let paint = |(image, rle): (&mut [u8], &Rle)| rle.paint(image, 1);
    run(py, |_| threads::over(images, |images| images.try_for_each(paint)))?;
    Ok(image)
}

#[pyfunction]
#[pyo3(signature = (rles, *, intersect = false, compressed = true))]
#[guarded]
fn merge<'py>(rles: &Bound<'py, PyAny>, intersect: bool, compressed: bool) -> PyResult<Bound<'py, PyAny>> {
    let py = rles.py();
    let dicts = RleDict::batch(rles)?;
    let rles = map(py, dicts.as_slice(), |dict, _| dict.read())?;
    let join = if intersect { joiner::intersection } else { joiner::union };
    make_dict(py, compressed, |_| join(&rles))
}

#[pyfunction]
#[guarded]
fn area<'py>(rles: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = rles.py();
    let dicts = RleDict::batch(rles)?;
    let areas = map(py, dicts.as_slice(), |dict, _| Ok(dict.read()?.area()))?;
    match dicts {
        Batch::One(_) => Ok(areas.into_iter().sum::<u64>().into_pyobject(py)?.into_any()),
        Batch::Many(_) => Ok(areas.into_pyarray(py).into_any()),
    }
}

#[pyfunction]
#[guarded]
fn bbox<'py>(rles: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = rles.py();
    let dicts = RleDict::batch(rles)?;
    let boxes = map(py, dicts.as_slice(), |dict, _| Ok(dict.read()?.bbox().map(f64::from)))?;
    let count = boxes.len();
    let values = PyArray1::from_vec(py, boxes.into_iter().flatten().collect::<Vec<f64>>());
    match dicts {
        Batch::One(_) => Ok(values.into_any()),
        Batch::Many(_) => Ok(values.reshape([count, 4])?.into_any()),
    }
}

#[pyfunction]
#[pyo3(signature = (found, truth, *, crowd = None))]
#[guarded]
fn iou<'py>(
    found: &Bound<'py, PyAny>,
    truth: &Bound<'py, PyAny>,
    crowd: Option<Vec<Bound<'py, PyAny>>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = found.py();
    let (rows, columns) = (RleDict::batch(found)?, RleDict::batch(truth)?);
    let (rows, columns) = (rows.as_slice(), columns.as_slice());
    let crowd = match crowd {
        // COCO files hold 0 and 1.
        Some(crowd) => crowd.iter().map(|value| value.is_truthy()).collect::<PyResult<_>>()?,
        None => vec![false; columns.len()],
    };
    if crowd.len() != columns.len() {
        let message = format!("crowd has {} values for {} masks", crowd.len(), columns.len());
        return Err(PyValueError::new_err(message));
    }
    let truth = map(py, columns, |dict, _| Ok(Measured::new(dict.read()?)))?;
    let truth = Compared::new(truth, crowd).map_err(to_py)?;
    let found = map(py, rows, |dict, _| Ok(Measured::new(dict.read()?)))?;
    let table = py
        .import(pyo3::intern!(py, "numpy"))?
        .call_method1(pyo3::intern!(py, "zeros"), ((rows.len(), columns.len()),))?;
    let mut values = table.cast::<PyArrayDyn<f64>>()?.readwrite();
    let slice = values.as_slice_mut()?;
    let rows: Vec<(&Measured, &mut [f64])> = found.iter().zip(slice.chunks_mut(truth.count().max(1))).collect();
    let compare = |(found, values): (&Measured, &mut [f64])| truth.iou(found, values);
    run(py, |_| match found.len() * truth.count() {
        ..MIN_PAIRS => rows.into_iter().try_for_each(compare),
        _ => threads::over(rows, |rows| rows.try_for_each(compare)),
    })?;
    drop(values);
    Ok(table)
}

#[pyfunction]
#[pyo3(signature = (polygons, *, height, width, compressed = true))]
#[guarded]
fn from_polygons<'py>(
    polygons: &Bound<'py, PyAny>,
    height: u32,
    width: u32,
    compressed: bool,
) -> PyResult<Bound<'py, PyAny>> {
    shapes_to_rles(polygons, Layout::Points, compressed, |points, scratch| {
        if points.len() < 6 {
            let message = format!("a polygon of {} coordinates; it needs three points", points.len());
            return Err(Error::new(Code::BadShape, message));
        }
        polygon::fill(points, height, width, scratch)
    })
}

#[pyfunction]
#[pyo3(signature = (boxes, *, height, width, compressed = true))]
#[guarded]
fn from_boxes<'py>(
    boxes: &Bound<'py, PyAny>,
    height: u32,
    width: u32,
    compressed: bool,
) -> PyResult<Bound<'py, PyAny>> {
    shapes_to_rles(boxes, Layout::Shapes, compressed, |numbers, scratch| {
        let &[x, y, w, h] = numbers else {
            let message = format!("a box of {} numbers; it needs x, y, width and height", numbers.len());
            return Err(Error::new(Code::BadShape, message));
        };
        polygon::fill_box([x, y, w, h], height, width, scratch)
    })
}

#[pyfunction]
#[pyo3(signature = (points, *, height, width, clip = false, compressed = true))]
#[guarded]
fn from_cvat<'py>(
    points: &Bound<'py, PyAny>,
    height: u32,
    width: u32,
    clip: bool,
    compressed: bool,
) -> PyResult<Bound<'py, PyAny>> {
    shapes_to_rles(points, Layout::Shapes, compressed, |points, scratch| {
        let converted = cvat::to_rle(points, height, width, scratch)?;
        if converted.clipped && !clip {
            let message = format!("a mask whose box leaves the image of {height} x {width} pixels");
            return Err(Error::new(Code::BadMask, message).advise("pass clip=True to cut it"));
        }
        Ok(converted.rle)
    })
}

#[pyfunction]
#[guarded]
fn to_cvat<'py>(rles: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = rles.py();
    let dicts = RleDict::batch(rles)?;
    let points = map(py, dicts.as_slice(), |dict, scratch| {
        let points = cvat::from_rle(&dict.read()?, scratch).unwrap_or_default();
        Ok(points.into_iter().map(|v| v as u32).collect::<Vec<_>>())
    })?;
    let lists = points.into_iter().map(|list| list.into_pyobject(py)).collect::<PyResult<_>>()?;
    dicts.wrap(py, lists)
}
