//! What exports take from Python: options, and where the output goes.

use std::io::{self, Write};
use std::path::PathBuf;

use framehaul_core::error::Error;
use framehaul_core::plan;
use framehaul_core::run::Options;
use framehaul_core::sidecar;
use framehaul_core::sink::Target;
use framehaul_core::timeline::Selection;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// The options of an export, each once: the keys of the dict that the Python half passes.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct ExportOptions {
    tasks: Vec<String>,
    jobs: Vec<String>,
    threads: Option<usize>,
    compression: String,
    overwrite: bool,
    strict: bool,
    dumped: Option<String>,
    profile: String,
    save_images: bool,
    image_format: String,
    media: Option<PathBuf>,
    on_error: String,
    name_template: Option<String>,
    provenance: bool,
    frames: String,
    labels: Vec<String>,
    subsets: Vec<String>,
    negatives: Option<String>,
}

impl ExportOptions {
    /// The options of the core. Errors: `bad-option`.
    pub fn read(self) -> Result<Options, Error> {
        let selection = Selection {
            tasks: self.tasks,
            jobs: self.jobs,
            frames: self.frames.parse()?,
            labels: self.labels,
            subsets: self.subsets,
            negatives: self.negatives.as_deref().map(str::parse).transpose()?,
        };
        Ok(Options {
            selection,
            threads: self.threads,
            compression: self.compression.parse()?,
            overwrite: self.overwrite,
            strict: self.strict,
            media: self.media,
            images: sidecar::Options {
                image_format: self.image_format.parse()?,
                on_error: self.on_error.parse()?,
                provenance: self.provenance,
            },
            name_template: self.name_template.as_deref().map(str::parse).transpose()?,
            format: plan::Options {
                dumped: self.dumped,
                profile: self.profile.parse()?,
                save_images: self.save_images,
            },
        })
    }
}

/// Where an export goes.
#[derive(FromPyObject)]
pub enum Output {
    /// An archive, or a folder if it ends in a separator.
    Path(PathBuf),
    /// An archive into an object.
    Object(Writer),
}

impl Output {
    /// The same for the core.
    pub fn target(&mut self) -> Target<'_> {
        match self {
            Self::Path(path) => Target::Path(path),
            Self::Object(writer) => Target::Stream(writer),
        }
    }
}

/// An object of Python with a method `write` for bytes.
#[derive(FromPyObject)]
#[pyo3(transparent)]
pub struct Writer(Py<PyAny>);

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Python::attach(|py| {
            let written = self.0.call_method1(py, "write", (PyBytes::new(py, bytes),))?;
            // An unbuffered file may take fewer bytes; most others return their number, or nothing.
            Ok(written.extract::<Option<usize>>(py).ok().flatten().unwrap_or(bytes.len()))
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Python::attach(|py| match self.0.bind(py).hasattr("flush")? {
            true => self.0.call_method0(py, "flush").map(drop).map_err(io::Error::from),
            false => Ok(()),
        })
    }
}
