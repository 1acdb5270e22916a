//! An output that is one file and made in memory: a report, a preview.

use std::io::Write;
use std::path::Path;

use super::place::{Kind, Place};
use crate::error::Result;

/// Checks that a file can be written, before the work that makes it. Errors: `output-exists`, `not-writable`.
pub fn check_file(path: &Path, kind: Kind, overwrite: bool) -> Result<()> {
    // A hidden file is made and vanishes again: no look at permissions says as much.
    Place::of_file(path, kind, overwrite)?.file().map(drop)
}

/// Writes a file under a hidden name and puts it in place when it is whole. Errors: as above, and what writing gives.
pub fn write_file(path: &Path, kind: Kind, overwrite: bool, content: &[u8]) -> Result<()> {
    let place = Place::of_file(path, kind, overwrite)?;
    let (mut file, hidden) = place.file()?;
    file.write_all(content).map_err(|error| place.error(&error))?;
    place.put(file, hidden, kind)
}
