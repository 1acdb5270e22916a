//! Exports: options in, reports out, with the GIL released in between.

use framehaul_core::error::Error;
use framehaul_core::format;
use framehaul_core::media::Videos;
use framehaul_core::plan::Format;
use framehaul_core::run::{self, Failure, Progress};
use framehaul_core::sink::Target;
use framehaul_macros::guarded;
use pyo3::prelude::*;

use crate::dataset::Dataset;
use crate::error::to_py;
use crate::options::{ExportOptions, Output};
use crate::picture::read_size;
use crate::video::Frames;

/// Adds the function.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(export, module)?)
}

#[pyfunction]
#[pyo3(signature = (dataset, outputs, options, *, frames = None, progress = None))]
#[guarded]
fn export(
    py: Python<'_>,
    dataset: &Dataset,
    mut outputs: Vec<(String, Output)>,
    options: ExportOptions,
    frames: Option<Py<PyAny>>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Vec<Py<PyAny>>> {
    let mut targets = outputs
        .iter_mut()
        .map(|(name, output)| Ok((format::find(name)?, output.target())))
        .collect::<Result<Vec<(&Format, Target<'_>)>, Error>>()
        .map_err(to_py)?;
    let options = options.read().map_err(to_py)?;
    let mut stopped = None;
    let mut on_progress = |now: &Progress| {
        // The calling thread is the one that signals are handled on.
        let told = Python::attach(|py| {
            py.check_signals()?;
            let numbers = (now.chunks, now.all_chunks, now.frames, now.all_frames, now.annotations, now.bytes);
            progress.as_ref().map_or(Ok(()), |progress| progress.call1(py, numbers).map(drop))
        });
        told.map_err(|error| stopped = Some(error)).is_ok()
    };
    let videos = frames.map(Frames);
    let videos = videos.as_ref().map(|frames| frames as &dyn Videos);
    let reports = py.detach(|| run::export(&dataset.0, &mut targets, &options, (videos, &read_size), &mut on_progress));
    // What a signal handler or `progress` raised says more than that the export was interrupted.
    let reports = reports.map_err(|error| stopped.unwrap_or_else(|| to_py(error)))?;
    reports
        .into_iter()
        .map(|report| match report {
            Ok(report) => Ok(report.to_json().into_pyobject(py)?.into_any().unbind()),
            Err(Failure { error, report }) => {
                let raised = to_py(error).into_value(py).into_any();
                if let Some(report) = report {
                    raised.setattr(py, "refused", report.to_json())?;
                }
                Ok(raised)
            }
        })
        .collect()
}
