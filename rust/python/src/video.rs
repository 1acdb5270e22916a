//! Frames of videos from a Python callable, and where the file of a video is.

use std::path::PathBuf;

use framehaul_core::dataset::Media;
use framehaul_core::error::{Code, Error, Result};
use framehaul_core::media::{Files, Location, Picture, Stream, Videos};
use framehaul_core::timeline::Timeline;
use framehaul_macros::guarded;
use pyo3::exceptions::{PyIndexError, PyKeyboardInterrupt};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyIterator};

use crate::dataset::Dataset;
use crate::error::to_py;

/// Adds the function.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(media_file, module)?)
}

/// A callable `frames(path, member, numbers)`: see `_core.pyi`.
pub struct Frames(pub Py<PyAny>);

impl Videos for Frames {
    fn open<'a>(&'a self, timeline: &'a Timeline<'a>, video: Location, frames: &'a [u32]) -> Result<Stream<'a>> {
        let numbers: Vec<u64> = frames.iter().map(|&frame| timeline.task.absolute(frame)).collect();
        let (path, member) = video;
        let started = Python::attach(|py| -> PyResult<Py<PyIterator>> {
            Ok(self.0.bind(py).call1((path, member, numbers))?.try_iter()?.unbind())
        });
        let iterator = started.map_err(|error| from_py(&error).in_file(timeline.file_name(0)))?;
        let next = move || -> Option<Result<Picture>> {
            let next = Python::attach(|py| match iterator.bind(py).clone().next()? {
                Ok(item) => Some(picture(&item)),
                Err(error) => Some(Err(error)),
            })?;
            Some(next.map_err(|error| from_py(&error).in_file(timeline.file_name(0))))
        };
        Ok(Box::new(std::iter::from_fn(next)))
    }
}

/// A picture that a callable has made: its bytes, or a pair of them and the time.
fn picture(item: &Bound<'_, PyAny>) -> PyResult<Picture> {
    let (bytes, time) = match item.extract::<(Bound<'_, PyBytes>, Option<f64>)>() {
        Ok(pair) => pair,
        Err(_) => (item.cast::<PyBytes>()?.clone(), None),
    };
    Ok(Picture { bytes: bytes.as_bytes().to_vec(), checksum: None, time })
}

/// What a callable raised. An error of our own keeps its code; anything else is a defect of the callable.
fn from_py(error: &PyErr) -> Error {
    Python::attach(|py| {
        if error.is_instance_of::<PyKeyboardInterrupt>(py) {
            return Error::new(Code::Interrupted, "stopped on request");
        }
        let value = error.value(py);
        let code: Option<String> = value.getattr("code").and_then(|code| code.extract()).ok();
        let code = code.and_then(|code| Code::ALL.iter().copied().find(|known| known.as_str() == code));
        match code {
            Some(code) => Error::new(code, value.to_string()),
            None => Error::new(Code::Internal, format!("the decoder of videos failed: {error}")),
        }
    })
}

#[pyfunction]
#[pyo3(signature = (dataset, task, media = None))]
#[guarded]
fn media_file(dataset: &Dataset, task: usize, media: Option<PathBuf>) -> PyResult<Location> {
    let task = dataset.0.tasks.get(task).ok_or_else(|| PyIndexError::new_err("no such task"))?;
    let Media::Video { name, .. } = &task.media else {
        return Err(to_py(Error::new(Code::NotFound, "the task has no video").in_task(task.name.clone())));
    };
    let files = Files::find(&dataset.0, media.as_deref()).map_err(to_py)?;
    files.locate(task, name).map_err(|error| to_py(error.in_task(task.name.clone())))
}
