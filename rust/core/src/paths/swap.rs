//! Puts a folder that is whole in the place of another one.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::place::{Place, synced};
use crate::error::{Code, Error, Result};

/// Puts a folder from beside a place into it, and what was there where that came from, which then vanishes with it.
///
/// Where the system can exchange two folders in one step, there is always a whole one under the final name, even if the
/// process is killed.
pub fn exchange(place: &Place, hidden: &TempDir) -> Result<()> {
    let Err(error) = exchange_at_once(hidden.path(), &place.path) else { return Ok(()) };
    if !matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) {
        return Err(place.error(&error));
    }
    let aside = place.folder_in(&place.folder)?;
    let mut moves = Moves::default();
    let old = aside.path().join("old");
    let replaced = moves.rename(&place.path, &old).and_then(|()| moves.rename(hidden.path(), &place.path));
    replaced.map_err(|error| moves.undo(place, aside, &error))
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn exchange_at_once(a: &Path, b: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE).map_err(|error| match error {
        // Old kernels, and sandboxes that allow only the system calls that they know.
        rustix::io::Errno::NOSYS | rustix::io::Errno::PERM => io::ErrorKind::Unsupported.into(),
        error => error.into(),
    })
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn exchange_at_once(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Moves what a hidden folder inside a place holds up into it, in place of what that one held. If that fails,
/// everything is moved back.
pub fn fill(place: &Place, hidden: &Path) -> Result<()> {
    let old = place.folder_in(&place.path)?;
    let mut moves = Moves::default();
    let mut replace = || {
        if place.overwrite {
            // What other exports work under stays.
            moves.entries(&place.path, old.path(), |name| !place.is_hidden(name))?;
        }
        moves.entries(hidden, &place.path, |_| true)
    };
    replace().map_err(|error| moves.undo(place, old, &error))
}

/// The moves made so far, to go back on them.
#[derive(Default)]
struct Moves(Vec<(PathBuf, PathBuf)>);

impl Moves {
    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)?;
        self.0.push((from.to_owned(), to.to_owned()));
        Ok(())
    }

    /// Moves the entries of one folder into another.
    fn entries(&mut self, from: &Path, to: &Path, chosen: impl Fn(&std::ffi::OsStr) -> bool) -> io::Result<()> {
        // All are read before the first is moved: what a listing shows of a folder that changes is not defined.
        let entries = fs::read_dir(from)?.collect::<io::Result<Vec<_>>>()?;
        for entry in entries.iter().filter(|entry| chosen(&entry.file_name())) {
            let target = to.join(entry.file_name());
            if target.symlink_metadata().is_ok() {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            self.rename(&entry.path(), &target)?;
        }
        Ok(())
    }

    /// Moves everything back, and gives the error to report: the first one. What cannot go back stays in `aside`.
    fn undo(self, place: &Place, aside: TempDir, error: &io::Error) -> Error {
        let first = place.error(error);
        let all_back = self.0.iter().rev().fold(true, |so_far, (from, to)| fs::rename(to, from).is_ok() && so_far);
        if all_back {
            return first;
        }
        let kept = aside.keep();
        Error::new(Code::Io, format!("{}, and the old files could not be moved back", first.message()))
            .in_file(place.path.display().to_string())
            .advise(format!("they are in {kept:?}"))
    }
}

/// Waits until the files of a folder are on the disk. To sync a million small files one by one would take hours.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    synced(rustix::fs::syncfs(File::open(folder)?).map_err(io::Error::from))
}

/// Other systems can only sync one file, and the names in a folder.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { synced(File::open(folder)?.sync_all()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_cannot_be_moved_back_are_kept_and_the_error_says_where() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("out");
        fs::create_dir(&path).unwrap();
        for name in ["a", "b"] {
            fs::write(path.join(name), name).unwrap();
        }
        let place = Place::new(&path, true).unwrap();
        let aside = place.folder_in(&path).unwrap();
        let mut moves = Moves::default();
        moves.entries(&path, aside.path(), |name| !place.is_hidden(name)).unwrap();
        // Something in the way of one of them; a file cannot replace a folder.
        fs::create_dir(path.join("a")).unwrap();
        let kept = aside.path().to_owned();
        let error = moves.undo(&place, aside, &io::ErrorKind::StorageFull.into());
        assert!(error.to_string().contains(&format!("{kept:?}")), "{error}");
        assert_eq!(fs::read_to_string(path.join("b")).unwrap(), "b");
        assert_eq!(fs::read_to_string(kept.join("a")).unwrap(), "a");
    }

    #[test]
    fn folders_are_exchanged() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("out");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("old"), "").unwrap();
        let place = Place::new(&path, true).unwrap();
        let hidden = place.folder_in(root.path()).unwrap();
        fs::write(hidden.path().join("new"), "").unwrap();
        exchange(&place, &hidden).unwrap();
        assert!(path.join("new").exists() && !path.join("old").exists());
        assert!(hidden.path().join("old").exists());
    }
}
