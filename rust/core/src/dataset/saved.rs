//! Saved datasets: a folder of Arrow files whose columns are used as they are, so that opening one costs little more
//! than reading its bytes.
//!
//! | file | content |
//! |---|---|
//! | `dataset.json` | version, schema, project, tasks with their jobs |
//! | `strings.arrow` | the texts that columns refer to by number, in one column `text` |
//! | `images.arrow` … `keyframes.arrow` | a table each, as [`Dataset::table`] shows it: other tools read them by themselves |
//!
//! Each Arrow file is in the IPC file format, uncompressed, with buffers at multiples of 64 bytes, and holds one record
//! batch however long it is: a column that is cut into several could not be used where it lies.
//!
//! Label names and texts stand in the table files as dictionaries for other tools; framehaul itself reads only the
//! numbers from there, and the names from `dataset.json` and `strings.arrow`.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{Array, LargeStringArray, RecordBatch};
use arrow_schema::{DataType, Field, Schema as ArrowSchema, SchemaRef};
use serde::{Deserialize, Serialize};

use super::facts::Facts;
use super::tables::Table;
use super::{Columns, Dataset, Note, Project, Task, arrow_file, check};
use crate::error::{Code, Error, Result};
use crate::limits::Limits;
use crate::paths::{Place, check_apart, exchange, sync_folder};
use crate::schema::Schema;

/// Changes with every change of the files that an older framehaul would misread.
const VERSION: u32 = 1;
const HEADER: &str = "dataset.json";
const STRINGS: &str = "strings";
/// What the header starts with, so that a folder is recognised by a few bytes.
const MARK: &[u8] = b"{\"framehaul_dataset\":";

/// The version alone: the rest may look different in another one.
#[derive(Deserialize)]
struct Version {
    framehaul_dataset: u32,
}

/// `dataset.json`. The version comes first, see [`MARK`].
#[derive(Serialize)]
struct Header<'a> {
    framehaul_dataset: u32,
    schema: &'a Schema,
    project: &'a Option<Project>,
    tasks: &'a [Task],
    source: Option<&'a str>,
    notes: &'a [Note],
    dated: Option<&'a str>,
}

#[derive(Deserialize)]
struct OwnedHeader {
    schema: Schema,
    project: Option<Project>,
    tasks: Vec<Task>,
    source: Option<PathBuf>,
    #[serde(default)]
    notes: Vec<Note>,
    #[serde(default)]
    dated: Option<String>,
}

/// Whether a path is the folder of a saved dataset, of whatever version.
pub fn is_saved(path: &Path) -> bool {
    let mut start = [0; MARK.len()];
    let header = path.join(HEADER);
    // Opening a pipe of that name would wait for somebody to write to it.
    header.is_file() && File::open(header).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == MARK
}

/// Writes a dataset as a folder that [`open_saved`] opens.
///
/// The folder is made under a hidden name beside `path` and renamed when it is whole; whatever fails, nothing is left
/// behind. What exists at `path` is an error ([`Code::OutputExists`]), unless `overwrite` is set and it is a saved
/// dataset and nothing else: only such a folder is ever replaced, also by the dataset that was opened from it. Whoever
/// has the old one open keeps it.
pub fn save(dataset: &Dataset, path: &Path, overwrite: bool) -> Result<()> {
    check(dataset)?;
    let place = Place::new(path, overwrite)?;
    let replaces = place.path.symlink_metadata().is_ok();
    if replaces {
        check_replaceable(&place)?;
    } else {
        check_apart(&dataset.inputs(None), &[("saved dataset", path)])?;
    }
    let hidden = place.folder_in(&place.folder)?;
    write(dataset, hidden.path(), path)?;
    sync_folder(hidden.path()).map_err(|error| place.error(&error))?;
    if replaces {
        check_replaceable(&place)?;
        return exchange(&place, &hidden);
    }
    fs::rename(hidden.path(), &place.path).map_err(|error| match error.kind() {
        // Somebody else may have made something there since the first look.
        io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotADirectory => place.taken(),
        _ => place.error(&error),
    })?;
    let _moved_away = hidden.keep();
    Ok(())
}

/// Checks that what exists at a place is a saved dataset and nothing else, and may be replaced.
fn check_replaceable(place: &Place) -> Result<()> {
    if !place.overwrite {
        return Err(place.taken());
    }
    let refused = |message| Error::new(Code::OutputExists, message).advise("choose another name or remove it yourself");
    if !is_saved(&place.path) {
        return Err(refused("what exists there is not a saved dataset").in_file(place.path.display().to_string()));
    }
    let files: Vec<String> = Table::ALL.iter().map(|table| file_name(table.as_str())).collect();
    for entry in fs::read_dir(&place.path).map_err(|error| place.error(&error))? {
        let name = entry.map_err(|error| place.error(&error))?.file_name();
        let is_ours =
            |name: &str| name == HEADER || name == file_name(STRINGS) || files.iter().any(|file| file == name);
        if !name.to_str().is_some_and(is_ours) {
            let path = place.path.join(name).display().to_string();
            return Err(refused("the saved dataset holds a file that framehaul did not write").in_file(path));
        }
    }
    Ok(())
}

/// Writes the files. Errors name `path`, where they will be, and not the hidden folder.
fn write(dataset: &Dataset, folder: &Path, path: &Path) -> Result<()> {
    let io = |error: io::Error| Error::io(path, &error);
    let header = Header {
        framehaul_dataset: VERSION,
        schema: &dataset.schema,
        project: &dataset.project,
        tasks: &dataset.tasks,
        source: dataset.source.as_deref().and_then(Path::to_str),
        notes: &dataset.notes,
        dated: dataset.dated.as_deref(),
    };
    let mut file = BufWriter::new(File::create(folder.join(HEADER)).map_err(io)?);
    serde_json::to_writer(&mut file, &header).map_err(|error| io(error.into()))?;
    file.flush().map_err(io)?;
    let texts: Arc<dyn Array> = Arc::new(dataset.columns.strings.clone());
    let strings = RecordBatch::try_new(strings_schema(), vec![texts]);
    let strings = strings.map_err(|error| Error::new(Code::Internal, error.to_string()))?;
    arrow_file::write(&folder.join(file_name(STRINGS)), &strings).map_err(io)?;
    Table::ALL.into_iter().try_for_each(|table| {
        arrow_file::write(&folder.join(file_name(table.as_str())), &dataset.table(table)?).map_err(io)
    })
}

fn strings_schema() -> SchemaRef {
    Arc::new(ArrowSchema::new(vec![Field::new("text", DataType::LargeUtf8, false)]))
}

fn file_name(table: &str) -> String {
    format!("{table}.arrow")
}

/// Opens a saved dataset by reading its files into memory.
///
/// All columns are checked once, so that a damaged or forged file is an error here ([`Code::BadDataset`],
/// [`Code::MissingFile`]) and does not panic later. What happens to the files afterwards does not matter.
pub fn open_saved(path: &Path, limits: &Limits) -> Result<Dataset> {
    let header = header(&path.join(HEADER))?;
    let read = |name: &str, seen: SchemaRef, numbers| arrow_file::read(&path.join(file_name(name)), &seen, numbers);
    let strings = read(STRINGS, strings_schema(), strings_schema())?;
    let strings = strings.column(0).as_any().downcast_ref::<LargeStringArray>().cloned();
    let strings = strings.ok_or_else(|| Error::new(Code::Internal, "texts are no texts"))?;
    let columns = Columns::from_numbers(strings, |table| read(table.as_str(), table.schema(), table.number_schema()))?;
    let OwnedHeader { schema, project, tasks, source, notes, dated } = header;
    // Absolute, since the current folder may be another one when something is written.
    let opened = std::path::absolute(path).ok();
    let facts = Facts::default();
    let dataset = Dataset { schema, project, tasks, columns, source, opened, dated, notes, limits: *limits, facts };
    check(&dataset).and_then(|()| limits.check(&dataset)).map_err(|error| error.in_file(path.display().to_string()))?;
    Ok(dataset)
}

fn header(path: &Path) -> Result<OwnedHeader> {
    let place = |error: Error| error.in_file(path.display().to_string());
    let io = |error: io::Error| Error::io(path, &error);
    let json = fs::read(path).map_err(io)?;
    let bad = |error: serde_json::Error| place(Error::new(Code::BadDataset, error.to_string()));
    let version: Version = serde_json::from_slice(&json).map_err(bad)?;
    if version.framehaul_dataset != VERSION {
        let message = format!("the dataset has version {}, this framehaul reads {VERSION}", version.framehaul_dataset);
        return Err(place(Error::new(Code::BadDataset, message).advise("save it again from its source")));
    }
    serde_json::from_slice(&json).map_err(bad)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{dataset, empty, equal};
    use super::*;

    fn open(path: &Path) -> Result<Dataset> {
        open_saved(path, &Limits::default())
    }

    fn saved(dataset: &Dataset) -> (tempfile::TempDir, std::path::PathBuf) {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("roads");
        save(dataset, &path, false).unwrap();
        (parent, path)
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_saved_opens_as_it_was() {
        for dataset in [dataset(), empty()] {
            let (parent, path) = saved(&dataset);
            assert!(is_saved(&path));
            assert!(!is_saved(parent.path()));
            assert!(equal(&open(&path).unwrap(), &dataset));
            assert_eq!(names(parent.path()), ["roads"]);
        }
    }

    #[test]
    fn a_folder_has_a_header_and_a_file_per_table() {
        let (_parent, path) = saved(&dataset());
        let tables = ["images", "keyframes", "shapes", "strings", "tags", "tracks"].map(file_name);
        assert_eq!(names(&path), [&["dataset.json".to_owned()], &tables[..]].concat());
    }

    #[test]
    fn columns_lie_in_the_file_at_multiples_of_64_bytes() {
        let (_parent, path) = saved(&dataset());
        let columns = open(&path).unwrap().columns;
        let starts = [
            columns.shapes.frame.inner().as_ptr(),
            columns.shapes.points.values.inner().as_ptr(),
            columns.keyframes.occluded.inner().as_ptr(),
            columns.images.name.values().as_ptr(),
        ];
        assert!(starts.iter().all(|start| start.addr() % 64 == 0), "{starts:?}");
        // Buffers of one file are parts of one piece of memory: a copy would have a start of its own.
        let spread = columns.shapes.points.values.inner().as_ptr().addr().abs_diff(starts[0].addr());
        assert!(spread < fs::metadata(path.join("shapes.arrow")).unwrap().len() as usize);
        assert_eq!(columns.shapes.frame.inner().ptr_offset() % 64, 0);
        assert!(columns.shapes.frame.inner().ptr_offset() > 0, "the buffer starts where the file does");
    }

    #[test]
    fn an_existing_folder_is_replaced_only_when_that_is_allowed() {
        let (parent, path) = saved(&empty());
        assert_eq!(save(&dataset(), &path, false).unwrap_err().code(), Code::OutputExists);
        let before = open(&path).unwrap();
        save(&dataset(), &path, true).unwrap();
        assert!(equal(&open(&path).unwrap(), &dataset()));
        assert!(equal(&before, &empty()), "what was replaced is still there");
        // Also over itself.
        save(&open(&path).unwrap(), &path, true).unwrap();
        assert!(equal(&open(&path).unwrap(), &dataset()));
        assert_eq!(names(parent.path()), ["roads"]);
    }

    #[test]
    fn what_is_no_saved_dataset_is_never_replaced() {
        let parent = tempfile::tempdir().unwrap();
        let (folder, file) = (parent.path().join("photos"), parent.path().join("file"));
        fs::create_dir(&folder).unwrap();
        fs::write(&file, "dear diary").unwrap();
        for path in [&folder, &file] {
            assert_eq!(save(&dataset(), path, true).unwrap_err().code(), Code::OutputExists);
        }
        assert_eq!(names(parent.path()), ["file", "photos"]);
        assert_eq!(fs::read(&file).unwrap(), b"dear diary");
    }

    #[test]
    fn a_saved_dataset_with_a_foreign_file_in_it_is_not_replaced() {
        let (_parent, path) = saved(&empty());
        fs::write(path.join("notes.txt"), "dear diary").unwrap();
        let error = save(&dataset(), &path, true).unwrap_err();
        assert_eq!(error.code(), Code::OutputExists);
        assert!(error.place().file.as_ref().unwrap().ends_with("notes.txt"));
        assert!(equal(&open(&path).unwrap(), &empty()));
    }

    #[test]
    fn a_dataset_is_not_saved_into_what_it_was_opened_from() {
        let (_parent, path) = saved(&dataset());
        let error = save(&open(&path).unwrap(), &path.join("copy"), false).unwrap_err();
        assert_eq!(error.code(), Code::BadOption);
    }

    #[test]
    fn a_save_that_fails_leaves_nothing_behind() {
        let parent = tempfile::tempdir().unwrap();
        let nowhere = parent.path().join("missing").join("roads");
        assert_eq!(save(&dataset(), &nowhere, false).unwrap_err().code(), Code::NotWritable);
        let mut broken = dataset();
        broken.tasks[0].step = 0;
        assert_eq!(save(&broken, &parent.path().join("roads"), false).unwrap_err().code(), Code::BadDataset);
        assert!(names(parent.path()).is_empty());
    }

    #[test]
    fn a_missing_file_is_named() {
        let (_parent, path) = saved(&dataset());
        for name in ["strings.arrow", "tracks.arrow"] {
            let away = path.join("away");
            fs::rename(path.join(name), &away).unwrap();
            let error = open(&path).unwrap_err();
            assert_eq!(error.code(), Code::MissingFile);
            assert!(error.place().file.as_ref().unwrap().ends_with(name));
            fs::rename(&away, path.join(name)).unwrap();
        }
        assert_eq!(open(&path.join("nowhere")).unwrap_err().code(), Code::NotFound);
    }

    /// Opens a dataset after its file has been replaced, and uses all of what opens.
    fn open_with(path: &Path, name: &str, bytes: &[u8]) -> Result<Dataset> {
        fs::write(path.join(name), bytes).unwrap();
        let dataset = open(path)?;
        assert!(equal(&dataset, &dataset));
        Ok(dataset)
    }

    #[test]
    fn a_truncated_file_is_an_error_at_every_length() {
        let (_parent, path) = saved(&dataset());
        for name in names(&path) {
            let whole = fs::read(path.join(&name)).unwrap();
            for length in (0..whole.len()).step_by(7).chain(whole.len() - 12..whole.len()) {
                let code = open_with(&path, &name, &whole[..length]).unwrap_err().code();
                assert_eq!(code, Code::BadDataset, "{name} cut to {length} bytes");
            }
            fs::write(path.join(&name), whole).unwrap();
        }
    }

    #[test]
    fn a_changed_byte_is_an_error_or_another_sound_dataset() {
        let (_parent, path) = saved(&dataset());
        for name in names(&path) {
            let whole = fs::read(path.join(&name)).unwrap();
            let mut refused = 0;
            // Every byte with every change takes minutes; 11 and 4 have no common factor, so that all changes occur.
            for at in (0..whole.len()).step_by(11) {
                let mut bytes = whole.clone();
                bytes[at] ^= [0x01, 0x80, 0xff, 0x10][at % 4];
                refused += usize::from(open_with(&path, &name, &bytes).is_err());
            }
            assert!(refused > whole.len() / 11 / 50, "{name}: only {refused} of {} changes were refused", whole.len());
            fs::write(path.join(&name), whole).unwrap();
        }
        assert!(equal(&open(&path).unwrap(), &dataset()));
    }

    #[test]
    fn a_header_of_another_version_or_with_impossible_numbers_is_refused() {
        let (_parent, path) = saved(&dataset());
        let header = fs::read_to_string(path.join(HEADER)).unwrap();
        for (found, replaced, message) in [
            ("_dataset\":1,", "_dataset\":2,", "version 2"),
            ("_dataset\":1,", "_dataset\":-1,", "invalid value"),
            ("\"step\":2", "\"step\":0", "step 0"),
            ("\"start_frame\":4", "\"start_frame\":18446744073709551615", "impossible"),
            ("\"size\":9", "\"size\":2", "frames 0 to 4"),
            ("\"size\":3", "\"size\":4", "4 frames have 3 pictures"),
            ("\"deleted\":[1]", "\"deleted\":[2,1]", "not in order"),
            ("\"overlap\":0", "\"overlap\":4000000000", "overlap"),
            ("\"shapes\":{\"start\":0,\"end\":4}", "\"shapes\":{\"start\":0,\"end\":5}", "not in the table"),
            ("\"shapes\":{\"start\":0,\"end\":4}", "\"shapes\":{\"start\":4,\"end\":0}", "not in the table"),
            ("\"shapes\":{\"start\":0,\"end\":4}", "\"shapes\":{\"start\":1,\"end\":4}", "another job"),
            ("\"tracks\":{\"start\":0,\"end\":1}", "\"tracks\":{\"start\":0,\"end\":2}", "twice"),
            ("\"rows\":{\"start\":0,\"end\":3}", "\"rows\":{\"start\":1,\"end\":4}", "not in the table"),
            ("\"frames\":[5,8]", "\"frames\":[5,9]", "frames 5 to 8"),
            ("\"parent\":0", "\"parent\":5", "sublabel"),
            ("\"parent\":0", "\"parent\":1", "sublabel"),
        ] {
            assert!(header.contains(found), "{found} is not in {header}");
            let error = open_with(&path, HEADER, header.replacen(found, replaced, 1).as_bytes()).unwrap_err();
            assert_eq!(error.code(), Code::BadDataset, "{error}");
            assert!(error.to_string().contains(message), "{replaced}: {error}");
        }
    }

    #[test]
    fn a_file_of_another_table_is_refused() {
        let (_parent, path) = saved(&dataset());
        fs::copy(path.join("tags.arrow"), path.join("shapes.arrow")).unwrap();
        let error = open(&path).unwrap_err();
        assert_eq!(error.code(), Code::BadDataset);
        assert!(error.to_string().contains("columns"), "{error}");
    }
}
