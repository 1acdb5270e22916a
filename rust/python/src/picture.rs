//! Pictures of frames: arrays in, files out.

use framehaul_core::error::{Code, Error};
use framehaul_core::media::png;
use framehaul_core::media::range::Plane;
use framehaul_core::media::sizes::Size;
use framehaul_macros::guarded;
use numpy::{PyReadonlyArray2, PyReadonlyArray3, PyReadwriteArray2, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::error::to_py;

/// Adds the function.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(encode_png, module)?)?;
    module.add_function(wrap_pyfunction!(full_range, module)?)
}

/// The size of an image of a type that the core does not know, as `framehaul.media.size` reads it.
pub fn read_size(bytes: &[u8]) -> Size {
    Python::attach(|py| {
        let read = py.import("framehaul.media.size")?.getattr("read_size")?;
        read.call1((PyBytes::new(py, bytes),))?.extract::<Option<(u32, u32)>>()
    })
    // Without Pillow nobody can tell.
    .map_or(Size::Unknown, |size| size.map_or(Size::NotAnImage, |(width, height)| Size::Pixels(width, height)))
}

#[pyfunction]
#[guarded]
fn encode_png<'py>(py: Python<'py>, pixels: PyReadonlyArray3<'py, u8>) -> PyResult<Bound<'py, PyBytes>> {
    let &[height, width, 3] = pixels.shape() else {
        return Err(PyValueError::new_err(format!("expected height x width x 3 bytes, got {:?}", pixels.shape())));
    };
    let too_large = |_| to_py(Error::new(Code::TooLarge, format!("a picture of {width} x {height} pixels")));
    let (width, height) = (u32::try_from(width).map_err(too_large)?, u32::try_from(height).map_err(too_large)?);
    let bytes = pixels.as_slice()?;
    let picture = py.detach(|| png::encode(bytes, width, height)).map_err(to_py)?;
    Ok(PyBytes::new(py, &picture))
}

#[pyfunction]
#[guarded]
fn full_range(
    py: Python<'_>,
    plane: PyReadonlyArray2<'_, u8>,
    chroma: bool,
    mut out: PyReadwriteArray2<'_, u8>,
) -> PyResult<()> {
    let (plane, mut out) = (plane.as_array(), out.as_array_mut());
    if plane.dim() != out.dim() {
        return Err(PyValueError::new_err("expected arrays of one shape"));
    }
    let kind = if chroma { Plane::Chroma } else { Plane::Luma };
    let spread = py.detach(|| {
        for (row, out) in plane.rows().into_iter().zip(out.rows_mut()) {
            kind.spread(row.to_slice()?, out.into_slice()?);
        }
        Some(())
    });
    spread.ok_or_else(|| PyValueError::new_err("expected rows without gaps"))
}
