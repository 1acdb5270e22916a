//! `framehaul.raster`: filling shapes into NumPy arrays and tracing arrays into polygons.

use framehaul_core::error::Result;
use framehaul_core::raster::contours::{self as tracer, Contour};
use framehaul_core::raster::ellipse::Ellipse;
use framehaul_core::raster::{Rle, Scratch, polygon};
use numpy::{PyArray1, PyArrayDyn, PyArrayMethods};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::mask::read_image;
use crate::rle::{Batch, Layout, Numbers, RleDict, map, run};

/// Adds the module `_raster` to the compiled package.
pub fn register(parent: &Bound<'_, PyModule>) -> PyResult<()> {
    let module = PyModule::new(parent.py(), "framehaul.raster")?;
    module.add_function(wrap_pyfunction!(fill_polygon, &module)?)?;
    module.add_function(wrap_pyfunction!(fill_ellipse, &module)?)?;
    module.add_function(wrap_pyfunction!(contours, &module)?)?;
    module.add_function(wrap_pyfunction!(polygons, &module)?)?;
    parent.add("_raster", module)
}

#[pyfunction]
#[pyo3(signature = (points, *, height, width))]
fn fill_polygon<'py>(points: &Bound<'py, PyAny>, height: u32, width: u32) -> PyResult<Bound<'py, PyAny>> {
    let py = points.py();
    let mut numbers = Numbers::default();
    let Batch::One(points) = Numbers::batch(points, Layout::Points, &mut numbers)? else {
        return Err(PyTypeError::new_err("expected the coordinates of one polygon"));
    };
    image(py, height, width, |pixels, scratch| {
        polygon::fill(points, height, width, scratch)?.paint_rows(pixels, 1, scratch)
    })
}

#[pyfunction]
#[pyo3(signature = (center, radii, *, angle_degrees = 0, height, width))]
fn fill_ellipse(
    py: Python<'_>,
    center: (i64, i64),
    radii: (i64, i64),
    angle_degrees: i64,
    height: u32,
    width: u32,
) -> PyResult<Bound<'_, PyAny>> {
    let ellipse = Ellipse { center, radii, angle_degrees };
    image(py, height, width, |pixels, scratch| ellipse.paint(pixels, 1, height, width, scratch))
}

#[pyfunction]
fn contours<'py>(mask: &Bound<'py, PyAny>) -> PyResult<(Vec<Bound<'py, PyAny>>, Bound<'py, PyAny>)> {
    let py = mask.py();
    let rle = read_mask(mask)?;
    // The bitmap of a large mask is not worth keeping, unlike the rest of the working memory.
    let contours = run(py, |_| tracer::find_contours(&rle, &mut Scratch::new()))?;
    let place = |place: Option<usize>| place.map_or(-1, |place| place as i32);
    let links = contours.iter().flat_map(|c| [c.next, c.previous, c.first_child, c.parent].map(place));
    let tree = PyArray1::from_vec(py, links.collect::<Vec<i32>>()).reshape([contours.len(), 4])?.into_any();
    let points = |c: Contour| Ok(PyArray1::from_vec(py, c.points.concat()).reshape([c.points.len(), 2])?.into_any());
    Ok((contours.into_iter().map(points).collect::<PyResult<_>>()?, tree))
}

#[pyfunction]
fn polygons(mask: &Bound<'_, PyAny>) -> PyResult<Vec<Vec<f64>>> {
    let rle = read_mask(mask)?;
    run(mask.py(), |_| tracer::trace(&rle, &mut Scratch::new()))
}

/// An RLE dict or an image.
fn read_mask(mask: &Bound<'_, PyAny>) -> PyResult<Rle> {
    if !mask.is_instance_of::<PyDict>() {
        return read_image(mask);
    }
    let dict = RleDict::batch(mask)?;
    let rles = map(mask.py(), dict.as_slice(), |dict, _| dict.read())?;
    Ok(rles.into_iter().next().unwrap_or_default())
}

/// An image of zeros, stored along the rows, into which `paint` writes without the GIL.
fn image<'py>(
    py: Python<'py>,
    height: u32,
    width: u32,
    paint: impl FnOnce(&mut [u8], &mut Scratch) -> Result<()> + Send,
) -> PyResult<Bound<'py, PyAny>> {
    let numpy = py.import(pyo3::intern!(py, "numpy"))?;
    let image = numpy.call_method1(pyo3::intern!(py, "zeros"), ((height, width), pyo3::intern!(py, "uint8")))?;
    let mut pixels = image.cast::<PyArrayDyn<u8>>()?.readwrite();
    let slice = pixels.as_slice_mut()?;
    run(py, |scratch| paint(slice, scratch))?;
    drop(pixels);
    Ok(image)
}
