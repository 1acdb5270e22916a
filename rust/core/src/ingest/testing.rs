//! Small sources for the tests.

use std::io::Write;
use std::path::PathBuf;

use rawzip::{CompressionMethod, ZipArchiveWriter};
use tempfile::TempDir;

use super::open;
use crate::dataset::Dataset;
use crate::error::Result;
use crate::limits::Limits;
use crate::media::sizes::unread;

/// An archive of these members.
pub fn zip(members: &[(&str, &[u8])], deflate: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut archive = ZipArchiveWriter::new(&mut bytes);
    let method = if deflate { CompressionMethod::DEFLATE } else { CompressionMethod::STORE };
    for (name, content) in members {
        // As they are: some of the names are to be refused.
        let path = rawzip::path::EntryPath::verbatim(name.as_bytes());
        let (mut entry, config) = archive.new_file(path).compression_method(method).start().unwrap();
        let descriptor = if deflate {
            let encoder = flate2::write::DeflateEncoder::new(&mut entry, flate2::Compression::default());
            let mut writer = config.wrap(encoder);
            writer.write_all(content).unwrap();
            let (encoder, descriptor) = writer.finish().unwrap();
            encoder.finish().unwrap();
            descriptor
        } else {
            let mut writer = config.wrap(&mut entry);
            writer.write_all(content).unwrap();
            writer.finish().unwrap().1
        };
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap();
    bytes
}

/// A file with these bytes.
pub fn file(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("source.zip");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

/// A folder with these files.
pub fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    folder
}

/// What is read from an archive of these members.
pub fn open_zip(members: &[(&str, &str)]) -> Result<Dataset> {
    let members: Vec<_> = members.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let (_folder, path) = file(&zip(&members, true));
    open(&path, &Limits::default(), &unread, &|_| true)
}

/// What is read from a folder with these files.
pub fn open_folder(files: &[(&str, &str)]) -> Result<Dataset> {
    open(folder(files).path(), &Limits::default(), &unread, &|_| true)
}
