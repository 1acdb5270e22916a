//! The compiled half of the Python package: a table of contents. Each noun has a file.

mod batch;
mod dataset;
mod error;
mod export;
mod formats;
mod frame;
mod inspect;
mod mask;
mod options;
mod output;
mod pack;
mod picture;
mod pixels;
mod raster;
mod rle;
mod shapes;
mod shards;
mod table;
mod video;

use pyo3::exceptions::PyRuntimeWarning;
use pyo3::prelude::*;

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    if cfg!(debug_assertions) {
        let message = c"this framehaul was built without optimisation and is many times slower than a release build";
        PyErr::warn(module.py(), &module.py().get_type::<PyRuntimeWarning>(), message, 1)?;
    }
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    dataset::register(module)?;
    error::register(module)?;
    export::register(module)?;
    formats::register(module)?;
    frame::register(module)?;
    mask::register(module)?;
    output::register(module)?;
    pack::register(module)?;
    picture::register(module)?;
    raster::register(module)?;
    shards::register(module)?;
    table::register(module)?;
    video::register(module)
}
