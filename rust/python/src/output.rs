//! Outputs that the Python half writes, under the rules of the core: what must stay apart, what may be replaced.

use std::path::{Path, PathBuf};

use framehaul_core::paths::{self, Kind, Named};
use framehaul_macros::guarded;
use pyo3::prelude::*;

use crate::error::to_py;

/// Adds the functions.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(check_apart, module)?)?;
    module.add_function(wrap_pyfunction!(check_file, module)?)?;
    module.add_function(wrap_pyfunction!(write_file, module)?)
}

#[pyfunction]
#[guarded]
fn check_apart(inputs: Vec<(String, PathBuf)>, outputs: Vec<(String, PathBuf)>) -> PyResult<()> {
    paths::check_apart(&named(&inputs), &named(&outputs)).map_err(to_py)
}

fn named(paths: &[(String, PathBuf)]) -> Vec<Named<'_>> {
    paths.iter().map(|(what, path)| (what.as_str(), path.as_path())).collect()
}

#[pyfunction]
#[guarded]
fn check_file(path: PathBuf, kind: &str, overwrite: bool) -> PyResult<()> {
    paths::check_file(&path, kind.parse::<Kind>().map_err(to_py)?, overwrite).map_err(to_py)
}

#[pyfunction]
#[guarded]
fn write_file(py: Python<'_>, path: PathBuf, kind: &str, overwrite: bool, content: &[u8]) -> PyResult<()> {
    let kind: Kind = kind.parse().map_err(to_py)?;
    let write = |path: &Path| paths::write_file(path, kind, overwrite, content);
    py.detach(|| write(&path)).map_err(to_py)
}
