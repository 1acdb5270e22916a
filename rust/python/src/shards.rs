//! Chunks that other processes make, as bytes.

use framehaul_core::error::{Code, Error};
use framehaul_core::execute::Shard;
use framehaul_core::format;
use framehaul_core::plan::Plan;
use framehaul_core::run;
use framehaul_macros::guarded;
use pyo3::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::dataset::Dataset;
use crate::error::to_py;
use crate::options::{ExportOptions, Output};

/// Adds the functions.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(plan, module)?)?;
    module.add_function(wrap_pyfunction!(make_shard, module)?)?;
    module.add_function(wrap_pyfunction!(assemble, module)?)
}

/// The plan of an export as bytes, and the number of its chunks.
#[pyfunction]
#[guarded]
fn plan(py: Python<'_>, dataset: &Dataset, format: &str, options: ExportOptions) -> PyResult<(Vec<u8>, usize)> {
    let made = || {
        let plan = run::plan(&dataset.0, format::find(format)?, &options.read()?)?;
        Ok((write(&plan)?, plan.chunks().count()))
    };
    py.detach(made).map_err(to_py)
}

/// Some chunks of a plan as bytes.
#[pyfunction]
#[guarded]
fn make_shard(
    py: Python<'_>,
    dataset: &Dataset,
    format: &str,
    options: ExportOptions,
    plan: &[u8],
    chunks: (usize, usize),
) -> PyResult<Vec<u8>> {
    let made = || {
        let plan: Plan = read(plan)?;
        write(&run::make_shard(&dataset.0, format::find(format)?, &options.read()?, &plan, chunks.0..chunks.1)?)
    };
    py.detach(made).map_err(to_py)
}

/// Writes an archive of all chunks, in order; returns the report as JSON.
#[pyfunction]
#[guarded]
fn assemble(
    py: Python<'_>,
    dataset: &Dataset,
    format: &str,
    options: ExportOptions,
    plan: &[u8],
    shards: Vec<Vec<u8>>,
    mut out: Output,
) -> PyResult<String> {
    let made = || {
        let (format, options, plan): (_, _, Plan) = (format::find(format)?, options.read()?, read(plan)?);
        let mut shards = shards.iter().flat_map(|bytes| match read::<Vec<Shard>>(bytes) {
            Ok(shards) => shards.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        });
        let report = run::assemble(&dataset.0, (format, &mut out.target()), &options, &plan, &mut shards);
        report.map(|report| report.to_json()).map_err(|failure| failure.error)
    };
    py.detach(made).map_err(to_py)
}

fn write(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    postcard::to_allocvec(value).map_err(|error| Error::new(Code::Internal, error.to_string()))
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    postcard::from_bytes(bytes).map_err(|error| Error::new(Code::Internal, format!("not a plan or shard: {error}")))
}
