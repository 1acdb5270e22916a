//! Datasets: opening, saving, and the doors to what they hold.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use framehaul_core::dataset;
use framehaul_core::ingest;
use framehaul_core::limits::Limits;
use framehaul_macros::guarded;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::to_py;
use crate::inspect::inspect;
use crate::picture::read_size;
use crate::table::{Table, table_of};

/// How often a source that is being read looks for Ctrl-C.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Adds the class and what makes it.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Dataset>()?;
    module.add_function(wrap_pyfunction!(open, module)?)
}

/// The columns of a dataset, shared by all that look at them.
#[pyclass(frozen, module = "framehaul._core")]
pub struct Dataset(pub Arc<dataset::Dataset>);

#[pymethods]
impl Dataset {
    #[guarded]
    fn inspect<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        inspect(py, &self.0)
    }

    #[guarded]
    fn find_task(&self, text: &str) -> PyResult<usize> {
        self.0.find_task(text).map_err(to_py)
    }

    #[guarded]
    fn find_job(&self, text: &str) -> PyResult<(usize, usize)> {
        self.0.find_job(text).map_err(to_py)
    }

    #[guarded]
    fn save(&self, py: Python<'_>, path: PathBuf, overwrite: bool) -> PyResult<()> {
        py.detach(|| dataset::save(&self.0, &path, overwrite)).map_err(to_py)
    }

    fn inputs(&self) -> Vec<(String, PathBuf)> {
        self.0.inputs(None).into_iter().map(|(what, path)| (what.to_owned(), path.to_owned())).collect()
    }

    #[guarded]
    fn table(&self, name: &str) -> PyResult<Table> {
        table_of(&self.0, name)
    }
}

#[pyfunction]
#[pyo3(signature = (path, max_ratio = None, max_total = None, max_pixels = None, max_frames = None))]
#[guarded]
fn open(
    py: Python<'_>,
    path: PathBuf,
    max_ratio: Option<u64>,
    max_total: Option<u64>,
    max_pixels: Option<u64>,
    max_frames: Option<u64>,
) -> PyResult<Dataset> {
    let default = Limits::default();
    let limits = Limits {
        max_ratio: max_ratio.unwrap_or(default.max_ratio),
        max_total: max_total.unwrap_or(default.max_total),
        max_pixels: max_pixels.unwrap_or(default.max_pixels),
        max_frames: max_frames.unwrap_or(default.max_frames),
    };
    let read = py.detach(|| {
        if dataset::is_saved(&path) {
            return dataset::open_saved(&path, &limits).map_err(to_py);
        }
        let (looked, stopped) = (Cell::new(Instant::now()), RefCell::new(None));
        let go_on = |_| {
            if looked.get().elapsed() < LOOK_EVERY {
                return true;
            }
            looked.set(Instant::now());
            let signals = Python::attach(|py| py.check_signals());
            signals.map_err(|error| *stopped.borrow_mut() = Some(error)).is_ok()
        };
        // What a signal handler raised says more than that reading was interrupted.
        ingest::open(&path, &limits, &read_size, &go_on)
            .map_err(|error| stopped.take().unwrap_or_else(|| to_py(error.in_file(path.display().to_string()))))
    })?;
    Ok(Dataset(Arc::new(read)))
}
