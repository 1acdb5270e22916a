//! Where outputs go: how the paths of one run relate to each other, what may be replaced, and how something whole gets
//! its final name.

mod file;
mod place;
mod swap;

pub use file::{check_file, write_file};
pub use place::{Kind, Place, synced, unwritable};
pub use swap::{exchange, fill, sync_folder};

use std::path::{Path, PathBuf};

use crate::error::{Code, Error, Result};

/// What a run reads or writes: what it is called in messages, and where it is.
pub type Named<'a> = (&'a str, &'a Path);

/// Checks that no output is, contains or lies inside an input or another output. Errors: `bad-option`.
///
/// Symbolic and hard links are resolved. Nothing is opened, and no path need exist.
pub fn check_apart(inputs: &[Named<'_>], outputs: &[Named<'_>]) -> Result<()> {
    for (place, (what, path)) in outputs.iter().enumerate() {
        let output = Location::of(path);
        for (other, other_path) in inputs.iter().chain(&outputs[..place]) {
            let Some(relation) = output.relation(&Location::of(other_path)) else { continue };
            let message = format!("the {what} {relation} the {other} {other_path:?}");
            return Err(Error::new(Code::BadOption, message)
                .in_file(path.display().to_string())
                .advise(format!("choose another path for the {what}")));
        }
    }
    Ok(())
}

/// The absolute path of a file or folder without links. What does not exist yet keeps its name.
pub fn resolved(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    whole
        .ancestors()
        .find_map(|existing| {
            let rest = whole.strip_prefix(existing).ok()?;
            let found = existing.canonicalize().ok()?;
            // Joining an empty path would add a separator.
            Some(if rest.as_os_str().is_empty() { found } else { found.join(rest) })
        })
        .unwrap_or(whole)
}

struct Location {
    path: PathBuf,
    /// What identifies the file system's entry, whatever it is called; `None` if there is none.
    id: Option<(u64, u64)>,
    /// The same for all folders above it.
    folders: Vec<(u64, u64)>,
}

impl Location {
    fn of(path: &Path) -> Self {
        let path = resolved(path);
        let folders = path.ancestors().skip(1).filter_map(id).collect();
        Self { id: id(&path), folders, path }
    }

    fn relation(&self, other: &Self) -> Option<&'static str> {
        if self.path == other.path || (self.id.is_some() && self.id == other.id) {
            Some("is")
        } else if self.is_inside(other) {
            Some("lies inside")
        } else if other.is_inside(self) {
            Some("contains")
        } else {
            None
        }
    }

    fn is_inside(&self, other: &Self) -> bool {
        self.path.starts_with(&other.path) || other.id.is_some_and(|id| self.folders.contains(&id))
    }
}

/// Device and inode, which hard links, bind mounts and other spellings of a name share.
#[cfg(unix)]
fn id(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    path.metadata().ok().map(|found| (found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn id(_: &Path) -> Option<(u64, u64)> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// What is said about an output `a` beside a source `b`.
    fn relation(a: &Path, b: &Path) -> Option<String> {
        let error = check_apart(&[("source", b)], &[("output", a)]).err()?;
        assert_eq!(error.code(), Code::BadOption);
        error.message().split(' ').nth(2).map(str::to_owned)
    }

    #[test]
    fn paths_are_the_same_or_lie_in_one_another_or_are_apart() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        fs::create_dir_all(at("folder/below")).unwrap();
        fs::write(at("file.zip"), "").unwrap();
        for (a, b, expected) in [
            ("file.zip", "file.zip", Some("is")),
            ("folder/../file.zip", "file.zip", Some("is")),
            ("new", "new", Some("is")),
            ("new", "./new/", Some("is")),
            ("folder/new/deep", "folder", Some("lies")),
            ("folder", "folder/below", Some("contains")),
            ("new", "new/deep", Some("contains")),
            ("file.zip", "new.zip", None),
            ("folder-2", "folder", None),
            ("folder/new", "folder/below", None),
        ] {
            assert_eq!(relation(&at(a), &at(b)).as_deref(), expected, "{a} {b}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_are_resolved() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        fs::create_dir(at("folder")).unwrap();
        fs::write(at("file"), "").unwrap();
        fs::hard_link(at("file"), at("hard")).unwrap();
        std::os::unix::fs::symlink(at("file"), at("soft")).unwrap();
        std::os::unix::fs::symlink(at("folder"), at("linked")).unwrap();
        for (a, b, expected) in [
            ("hard", "file", Some("is")),
            ("soft", "file", Some("is")),
            ("file", "soft", Some("is")),
            ("linked/new", "folder", Some("lies")),
            ("folder", "linked/new", Some("contains")),
        ] {
            assert_eq!(relation(&at(a), &at(b)).as_deref(), expected, "{a} {b}");
        }
    }

    #[test]
    fn outputs_are_compared_with_each_other() {
        let (a, b) = (Path::new("a"), Path::new("a/report.json"));
        let error = check_apart(&[], &[("output", a), ("report", b)]).unwrap_err();
        assert_eq!(error.message(), "the report lies inside the output \"a\"");
    }
}
