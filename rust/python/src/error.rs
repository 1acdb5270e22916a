//! Errors of the core as Python exceptions. The classes are Python's own: `framehaul/errors.py`.

use std::path::Path;

use framehaul_core::error::{Code, Error, catch_panic};
use pyo3::prelude::*;

/// Adds what `framehaul.errors` is tested against.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(error_codes, module)?)?;
    module.add_function(wrap_pyfunction!(os_error, module)?)?;
    module.add_function(wrap_pyfunction!(shown, module)?)
}

#[pyfunction]
fn os_error(number: i32) -> (&'static str, String) {
    let error = Error::io(Path::new(""), &std::io::Error::from_raw_os_error(number));
    (error.code().as_str(), error.message().to_owned())
}

#[pyfunction]
fn shown(text: &str, limit: usize) -> String {
    framehaul_core::text::shown(text, limit).into_owned()
}

#[pyfunction]
fn error_codes() -> Vec<&'static str> {
    Code::ALL.iter().map(|code| code.as_str()).collect()
}

/// The result of `work`, or an error of the code `internal` if it panics. `#[guarded]` puts it around functions.
pub fn guard<R, E: From<PyErr>>(work: impl FnOnce() -> Result<R, E>) -> Result<R, E> {
    catch_panic(work).unwrap_or_else(|error| Err(to_py(error).into()))
}

/// The exception for an error of the core.
pub fn to_py(error: Error) -> PyErr {
    Python::attach(|py| build(py, &error).unwrap_or_else(|failed| failed))
}

fn build(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
    let place = error.place();
    let parts = (&place.file, &place.task, place.job, place.frame, place.track, place.shape, &place.label);
    let from_core = py.import("framehaul.errors")?.getattr("from_core")?;
    Ok(PyErr::from_value(from_core.call1((error.code().as_str(), error.to_string(), parts))?))
}
