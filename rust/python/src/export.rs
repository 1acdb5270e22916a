//! Exports: options in, reports out, with the GIL released in between.

use std::path::{Path, PathBuf};

use framehaul_core::error::Error;
use framehaul_core::execute::{self, Failure, Options, Progress};
use framehaul_core::format;
use framehaul_core::media::Videos;
use framehaul_core::plan::{self, Format};
use framehaul_core::timeline::Selection;
use framehaul_macros::guarded;
use pyo3::prelude::*;

use crate::dataset::Dataset;
use crate::error::to_py;
use crate::picture::read_size;
use crate::video::Frames;

/// Adds the function.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(export, module)?)
}

#[pyfunction]
#[pyo3(signature = (
    dataset, outputs, *,
    tasks = vec![], jobs = vec![], threads = None, compression = "fast", overwrite = false, strict = false, dumped = None,
    profile = "cvat", save_images = false, image_format = "png", media = None, frames = None, on_error = "stop",
    name_template = None, provenance = false,
    select = "all", labels = vec![], subsets = vec![], negatives = None, progress = None
))]
#[expect(clippy::too_many_arguments, reason = "one for each option; Python names them")]
#[guarded]
fn export(
    py: Python<'_>,
    dataset: &Dataset,
    outputs: Vec<(String, PathBuf)>,
    tasks: Vec<String>,
    jobs: Vec<String>,
    threads: Option<usize>,
    compression: &str,
    overwrite: bool,
    strict: bool,
    dumped: Option<String>,
    profile: &str,
    save_images: bool,
    image_format: &str,
    media: Option<PathBuf>,
    frames: Option<Py<PyAny>>,
    on_error: &str,
    name_template: Option<&str>,
    provenance: bool,
    select: &str,
    labels: Vec<String>,
    subsets: Vec<String>,
    negatives: Option<&str>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Vec<Py<PyAny>>> {
    let outputs = outputs
        .iter()
        .map(|(name, path)| Ok((format::find(name)?, path.as_path())))
        .collect::<Result<Vec<(&Format, &Path)>, Error>>()
        .map_err(to_py)?;
    let selection = || -> Result<Selection, Error> {
        let (frames, negatives) = (select.parse()?, negatives.map(str::parse).transpose()?);
        Ok(Selection { tasks, jobs, frames, labels, subsets, negatives })
    };
    let options = Options {
        selection: selection().map_err(to_py)?,
        threads,
        compression: compression.parse().map_err(to_py)?,
        overwrite,
        strict,
        image_format: image_format.parse().map_err(to_py)?,
        media,
        on_error: on_error.parse().map_err(to_py)?,
        provenance,
        name_template: name_template.map(str::parse).transpose().map_err(to_py)?,
        format: plan::Options { dumped, profile: profile.parse().map_err(to_py)?, save_images },
    };
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
    let reports = py.detach(|| execute::export(&dataset.0, &outputs, &options, (videos, &read_size), &mut on_progress));
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
