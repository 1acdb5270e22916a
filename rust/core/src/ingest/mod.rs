//! Reads a source into columns: CVAT backups and folders with the answers of a CVAT server.
//!
//! Everything streams. What is held in memory is the columns that come out, one buffer of text and the few small files
//! that describe a task; never the text of the annotations.

mod annotations;
pub(crate) mod archive;
mod backup;
mod json;
mod labels;
mod manifest;
mod media;
mod server;
mod server_meta;
mod store;
#[cfg(test)]
mod testing;
mod vocabulary;
mod watch;
mod words;

use std::fs::File;
use std::io::Read;
use std::path::Path;

pub use watch::Progress;

use crate::dataset::Dataset;
use crate::error::{Code, Error, Result};
use crate::limits::Limits;
use crate::media::sizes::{self, ReadSize};
use store::Store;
use watch::Watch;

/// Reads a source, whatever it is: the backup of a task or project (`.zip`), or a folder with the JSON answers of a
/// server about a task or project.
///
/// `read_size` is asked for sizes that the source does not state, of images whose type is not known here. `go_on` is told how far the reading is, many times a second; when it answers `false`, reading ends with
/// [`Code::Interrupted`].
pub fn open(
    path: &Path,
    limits: &Limits,
    read_size: &ReadSize<'_>,
    go_on: &dyn Fn(Progress) -> bool,
) -> Result<Dataset> {
    if path.is_file() && !is_zip(path)? {
        return Err(unknown("a file that is no ZIP archive"));
    }
    let store = Store::open(path)?;
    let watch = Watch::new(limits, go_on, store.size());
    let has = |name| store.has(name);
    let mut dataset = match (has("project.json"), has("task.json")) {
        (true, _) if has("tasks.json") => server::open_project(&store, &watch),
        (true, _) => backup::open_project(&store, &watch),
        (_, true) if has("jobs.json") || has("labels.json") => server::open_task(&store, &watch),
        (_, true) => backup::open_task(&store, &watch),
        _ => Err(unknown("neither project.json nor task.json is in it")),
    }?;
    // Absolute, since the current folder may be another one when pictures are asked for.
    dataset.source = std::path::absolute(path).ok();
    dataset.opened.clone_from(&dataset.source);
    dataset.limits = *limits;
    sizes::measure(&mut dataset, None, read_size, &|| watch.read(0))?;
    limits.check(&dataset)?;
    dataset.dated = store.newest();
    Ok(dataset)
}

/// Whether a file begins as ZIP archives do, be they empty.
fn is_zip(path: &Path) -> Result<bool> {
    let mut start = [0; 4];
    let failed = |error: std::io::Error| Error::io(path, &error);
    let mut file = File::open(path).map_err(failed)?;
    match file.read_exact(&mut start) {
        Ok(()) => Ok(matches!(&start, b"PK\x03\x04" | b"PK\x05\x06")),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(failed(error)),
    }
}

fn unknown(what: &str) -> Error {
    Error::new(Code::UnknownSource, format!("not a source that can be read: {what}"))
        .advise("give the backup of a task or project (.zip), or a folder with the server's JSON answers about one")
}

#[cfg(test)]
mod tests;
