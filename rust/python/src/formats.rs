//! The list of formats.

use framehaul_core::format;
use pyo3::prelude::*;

/// Adds the function.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(formats, module)?)
}

#[pyfunction]
fn formats() -> Vec<(&'static str, &'static str, &'static str, &'static str)> {
    format::ALL.iter().map(|format| (format.name, format.slug, format.summary, format.page)).collect()
}
