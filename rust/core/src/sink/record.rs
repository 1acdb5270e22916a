//! The record of what framehaul wrote into a folder, so that `--overwrite` removes nothing else.
//!
//! It is a file in the folder, `.framehaul`: a line that says what it is, then the name of each member as a JSON
//! string, in the order of writing. Only a folder in which every file is on that list is replaced.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::paths::Place;

/// The name of the record, which no member may have.
pub const RECORD: &str = ".framehaul";
const HEADER: &str = "{\"framehaul_folder\":1}";

/// Writes the record of a folder while its members are written.
pub struct Record(BufWriter<File>);

impl Record {
    /// Begins the record of a folder.
    pub fn create(folder: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).open(folder.join(RECORD))?;
        let mut record = BufWriter::new(file);
        writeln!(record, "{HEADER}")?;
        Ok(Self(record))
    }

    /// Adds a member.
    pub fn add(&mut self, name: &str) -> io::Result<()> {
        serde_json::to_writer(&mut self.0, name)?;
        self.0.write_all(b"\n")
    }

    /// Ends the record.
    pub fn finish(mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// What a folder holds.
#[derive(Debug, PartialEq, Eq)]
pub enum Content {
    /// Nothing, or only what exports that were killed left behind.
    Nothing,
    /// Only files that framehaul wrote.
    Ours,
    /// Also a file that framehaul did not write: this one, the first by name.
    Foreign(PathBuf),
}

/// Finds out what the folder at a place holds.
pub fn content(place: &Place) -> io::Result<Content> {
    let mut files = Vec::new();
    walk(&place.path, |file| {
        // What an export to this place works under does not count, neither one that goes on nor one that was killed.
        if !file.iter().next().is_some_and(|first| place.is_hidden(first)) {
            files.push(file);
        }
    })?;
    if files.is_empty() {
        return Ok(Content::Nothing);
    }
    let members = members(&place.path.join(RECORD))?;
    files.retain(|file| !file.to_str().is_some_and(|name| members.contains(name)));
    Ok(files.into_iter().min().map_or(Content::Ours, Content::Foreign))
}

/// The names on a record, and its own; none where there is no record.
fn members(record: &Path) -> io::Result<HashSet<String>> {
    // Opening a pipe of that name would wait for somebody to write to it.
    if !record.symlink_metadata().is_ok_and(|found| found.is_file()) {
        return Ok(HashSet::new());
    }
    let mut lines = BufReader::new(File::open(record)?).split(b'\n');
    if lines.next().transpose()?.is_none_or(|line| line != HEADER.as_bytes()) {
        return Ok(HashSet::new());
    }
    let mut names = HashSet::from([RECORD.to_owned()]);
    for line in lines {
        // A line that is not a name protects what it may have meant.
        if let Ok(name) = serde_json::from_slice::<String>(&line?) {
            names.insert(name.replace('/', std::path::MAIN_SEPARATOR_STR));
        }
    }
    Ok(names)
}

/// The number of files below a folder.
pub fn count(folder: &Path) -> io::Result<u64> {
    let mut count = 0;
    walk(folder, |_| count += 1)?;
    Ok(count)
}

/// Shows the paths of all files below a folder, relative to it. Links count as files and are not followed.
fn walk(root: &Path, mut show: impl FnMut(PathBuf)) -> io::Result<()> {
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            if entry.file_type()?.is_dir() { folders.push(path) } else { show(path) }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(members: &[&str], files: &[&str]) -> (tempfile::TempDir, Place) {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("out");
        fs::create_dir(&path).unwrap();
        let mut record = Record::create(&path).unwrap();
        members.iter().for_each(|name| record.add(name).unwrap());
        record.finish().unwrap();
        for name in files {
            fs::create_dir_all(path.join(name).parent().unwrap()).unwrap();
            fs::write(path.join(name), "").unwrap();
        }
        let place = Place::new(&path, true).unwrap();
        (root, place)
    }

    #[test]
    fn a_folder_is_ours_if_every_file_in_it_is_on_its_record() {
        let members = ["data.yaml", "labels/ä \"1\"\n.txt"];
        for (files, expected) in [
            (&members[..], Content::Ours),
            (&members[..1], Content::Ours),
            (&[], Content::Ours),
            (&[".out.x.part", "data.yaml"], Content::Ours),
            (&["data.yaml", "labels/z", "labels/b"], Content::Foreign("labels/b".into())),
            (&["labels/.out.x.part"], Content::Foreign("labels/.out.x.part".into())),
        ] {
            let (_root, place) = folder(&members, files);
            assert_eq!(content(&place).unwrap(), expected, "{files:?}");
        }
    }

    #[test]
    fn a_folder_without_a_record_that_can_be_read_is_foreign() {
        let (_root, place) = folder(&["a"], &["a"]);
        let path = place.path.join(RECORD);
        for damaged in ["", "{\"framehaul_folder\":2}\n\"a\"\n", "{\"framehaul_folder\":1}", "\u{0}"] {
            fs::write(&path, damaged).unwrap();
            assert!(matches!(content(&place).unwrap(), Content::Foreign(_)), "{damaged:?}");
        }
        fs::remove_file(&path).unwrap();
        assert_eq!(content(&place).unwrap(), Content::Foreign("a".into()));
        fs::remove_file(place.path.join("a")).unwrap();
        assert_eq!(content(&place).unwrap(), Content::Nothing);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_a_file_and_is_not_followed() {
        let (root, place) = folder(&["a"], &["a"]);
        std::os::unix::fs::symlink(root.path(), place.path.join("labels")).unwrap();
        assert_eq!(content(&place).unwrap(), Content::Foreign("labels".into()));
    }
}
