//! The list of formats.

use framehaul_core::format;
use framehaul_macros::guarded;
use pyo3::prelude::*;

use crate::error::to_py;

/// Adds the function.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(formats, module)?)?;
    module.add_function(wrap_pyfunction!(find_format, module)?)
}

#[pyfunction]
fn formats() -> Vec<(&'static str, &'static str, &'static str, &'static str)> {
    format::ALL.iter().map(|format| (format.name, format.slug, format.summary, format.page)).collect()
}

#[pyfunction]
#[guarded]
fn find_format(name: &str) -> PyResult<usize> {
    let found = format::find(name).map_err(to_py)?;
    Ok(format::ALL.iter().position(|format| format.slug == found.slug).unwrap_or_default())
}
