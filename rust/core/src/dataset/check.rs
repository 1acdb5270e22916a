//! What must hold in a dataset so that nobody has to check it again: every number leads to a row, every range lies in
//! its table, every coordinate is finite.
//!
//! A saved dataset comes from a file that anybody may have changed, so all of it is read through once when it is
//! opened. What is wrong with single shapes is left to [`Dataset::faults`].

use std::ops::Range;

use arrow_array::Array;

use super::columns::{AttributeValues, Columns};
use super::{Dataset, Job, Media, Task};
use crate::error::{Code, Error, Result};
use crate::schema::{Schema, ShapeKind};
use crate::threads::{self, IndexedParallelIterator, ParallelIterator};

/// Frames, sizes and counts of frames stay below this, so that adding two of them or stepping over one cannot overflow.
pub const FRAME_LIMIT: u32 = i32::MAX as u32;
/// Absolute frame numbers stay below this: thousands of tasks of a project can be laid end to end in 64 bits.
pub const ABSOLUTE_LIMIT: u64 = 1 << 48;

/// Checks everything; [`Code::BadDataset`] names the first fault and its place.
pub fn check(dataset: &Dataset) -> Result<()> {
    schema(&dataset.schema)?;
    let columns = &dataset.columns;
    numbers(dataset, "tags", &columns.tags.attributes)?;
    numbers(dataset, "shapes", &columns.shapes.attributes)?;
    numbers(dataset, "tracks", &columns.tracks.attributes)?;
    numbers(dataset, "keyframes", &columns.keyframes.attributes)?;
    tags(dataset)?;
    shapes(dataset)?;
    tracks(dataset)?;
    let jobs = || dataset.tasks.iter().flat_map(|task| &task.jobs);
    within("tags", jobs().map(|job| &job.tags), columns.tags.len())?;
    within("shapes", jobs().map(|job| &job.shapes), columns.shapes.len())?;
    within("tracks", jobs().map(|job| &job.tracks), columns.tracks.len())?;
    let pictures = dataset.tasks.iter().filter_map(|task| match &task.media {
        Media::Images { rows } => Some(rows),
        Media::Video { .. } => None,
    });
    within("images", pictures, columns.images.len())?;
    dataset.tasks.iter().try_for_each(|task| {
        let in_task = |error: Error| error.in_task(task.name.as_str());
        frames(task).map_err(in_task)?;
        task.jobs.iter().enumerate().try_for_each(|(place, job)| {
            annotations(columns, task, job).map_err(|error| in_task(error.in_job(place as u64)))
        })
    })
}

fn fault(message: impl Into<String>) -> Error {
    Error::new(Code::BadDataset, message)
}

fn ensure(holds: bool, message: impl FnOnce() -> String) -> Result<()> {
    if holds { Ok(()) } else { Err(fault(message())) }
}

fn schema(schema: &Schema) -> Result<()> {
    for (index, label) in schema.labels().iter().enumerate() {
        let top = |parent: usize| schema.labels().get(parent).is_some_and(|skeleton| skeleton.parent.is_none());
        let fits = label.parent.is_none_or(|parent| parent != index && top(parent));
        ensure(fits, || "a sublabel stands below another sublabel or below nothing".to_owned())
            .map_err(|error| error.of_label(label.name.as_str()))?;
    }
    Ok(())
}

/// Finds the first row that does not fit; rows are looked at by all threads.
fn each_row(table: &str, rows: usize, fits: impl Fn(usize) -> Result<()> + Sync) -> Result<()> {
    // The first fault and not just any, so that the message is the same every time.
    let fault_of = |row: usize| fits(row).err().map(|error| (row, error));
    match threads::over(0..rows, |rows| rows.with_min_len(4096).find_map_first(fault_of)) {
        Some((row, error)) => Err(fault(format!("row {row} of {table}: {}", error.message()))),
        None => Ok(()),
    }
}

/// Checks that attributes and their values are there, also those that no row has.
fn numbers(dataset: &Dataset, table: &str, values: &AttributeValues) -> Result<()> {
    let below =
        |numbers: &[u32], end: usize| threads::over(numbers, |numbers| numbers.all(|&number| (number as usize) < end));
    let known = below(&values.attribute, dataset.schema.attribute_count() as usize)
        && below(&values.value, dataset.columns.strings.len());
    ensure(known, || format!("the table {table:?} has an attribute or a value that there is not"))
}

/// Checks what all annotations have: label, source and attributes.
fn common(dataset: &Dataset, label: u32, source: u32, values: &AttributeValues, row: usize) -> Result<()> {
    ensure((label as usize) < dataset.schema.len(), || format!("there is no label {label}"))?;
    ensure((source as usize) < dataset.columns.strings.len(), || format!("there is no source {source}"))?;
    attributes(&dataset.schema, label, values, row)
}

fn attributes(schema: &Schema, label: u32, values: &AttributeValues, row: usize) -> Result<()> {
    let first = schema.first_attribute(label);
    let own = first..first + schema.label(label).attributes.len() as u32;
    let stray = values.get(row as u32).find(|(attribute, _)| !own.contains(attribute));
    stray.map_or(Ok(()), |(attribute, _)| Err(fault(format!("attribute {attribute} is not one of its label"))))
}

/// Checks that coordinates are numbers. Whether they are those of a kind is not asked: see [`Dataset::faults`].
fn geometry(rotation: f64, points: &[f64]) -> Result<()> {
    ensure(rotation.is_finite() && points.iter().all(|value| value.is_finite()), || {
        "a coordinate or angle is not finite".to_owned()
    })
}

fn kind(number: u8) -> Result<ShapeKind> {
    ShapeKind::from_number(number).ok_or_else(|| fault(format!("there is no kind of shape {number}")))
}

/// Checks that the elements before a row are there and have none themselves.
fn elements(column: &[u32], row: usize) -> Result<()> {
    let count = column[row] as usize;
    let fits = count <= row && column[row - count..row].iter().all(|&nested| nested == 0);
    ensure(fits, || format!("it cannot have {count} elements"))
}

fn tags(dataset: &Dataset) -> Result<()> {
    let rows = &dataset.columns.tags;
    each_row("tags", rows.len(), |row| common(dataset, rows.label[row], rows.source[row], &rows.attributes, row))
}

fn shapes(dataset: &Dataset) -> Result<()> {
    let rows = &dataset.columns.shapes;
    each_row("shapes", rows.len(), |row| {
        common(dataset, rows.label[row], rows.source[row], &rows.attributes, row)?;
        kind(rows.kind[row])?;
        geometry(rows.rotation[row], rows.points.get(row as u32))?;
        elements(&rows.elements, row)
    })
}

fn tracks(dataset: &Dataset) -> Result<()> {
    let (rows, keyframes) = (&dataset.columns.tracks, &dataset.columns.keyframes);
    // With shared keyframes a small file could ask for endless work.
    let sum: u64 = rows.keyframe_count.iter().map(|&count| u64::from(count)).sum();
    ensure(sum <= keyframes.len() as u64, || "tracks have more keyframes than there are".to_owned())?;
    each_row("tracks", rows.len(), |row| {
        common(dataset, rows.label[row], rows.source[row], &rows.attributes, row)?;
        elements(&rows.elements, row)?;
        ensure(rows.frame[row] < FRAME_LIMIT, || format!("there is no frame {}", rows.frame[row]))?;
        let (first, count) = (rows.first_keyframe[row] as usize, rows.keyframe_count[row] as usize);
        ensure(first + count <= keyframes.len(), || "its keyframes are not there".to_owned())?;
        let frames = &keyframes.frame[first..first + count];
        ensure(frames.is_sorted(), || "its keyframes are not in the order of their frames".to_owned())?;
        ensure(frames.last().is_none_or(|&last| last < FRAME_LIMIT), || "a keyframe is too far".to_owned())?;
        kind(rows.kind[row])?;
        (first..first + count).try_for_each(|keyframe| {
            attributes(&dataset.schema, rows.label[row], &keyframes.attributes, keyframe)?;
            geometry(keyframes.rotation[keyframe], keyframes.points.get(keyframe as u32))
        })
    })
}

/// Checks that ranges of rows lie in their table and no row is in two of them.
fn within<'a>(table: &str, ranges: impl Iterator<Item = &'a Range<u32>>, rows: usize) -> Result<()> {
    let mut sum = 0_u64;
    for range in ranges {
        let fits = range.start <= range.end && range.end as usize <= rows;
        ensure(fits, || format!("rows {} to {} are not in the table {table:?}", range.start, range.end))?;
        sum += u64::from(range.end - range.start);
    }
    ensure(sum <= rows as u64, || format!("rows of the table {table:?} are in use twice"))
}

fn frames(task: &Task) -> Result<()> {
    ensure(task.size < FRAME_LIMIT, || format!("{} frames are too many", task.size))?;
    let end = task.step.checked_mul(u64::from(task.size)).and_then(|length| length.checked_add(task.start_frame));
    let sane = task.step >= 1 && end.is_some_and(|end| end.max(task.stop_frame) < ABSOLUTE_LIMIT);
    ensure(sane, || format!("frames from {} with step {} are impossible", task.start_frame, task.step))?;
    let ascending = task.deleted.is_sorted() && task.disabled.is_sorted();
    ensure(ascending, || "deleted or disabled frames are not in order".to_owned())?;
    ensure(task.overlap <= task.size, || format!("an overlap of {} frames is more than all", task.overlap))?;
    if let Media::Images { rows } = &task.media {
        let enough = rows.end - rows.start >= task.size;
        ensure(enough, || format!("{} frames have {} pictures", task.size, rows.end - rows.start))?;
    }
    task.jobs.iter().enumerate().try_for_each(|(place, job)| {
        let frames = job.frames.as_deref().unwrap_or_default();
        let fits = frames.is_sorted() && frames.last().is_none_or(|&last| last < task.size);
        ensure(fits && job.start <= job.stop && job.stop < task.size, || {
            format!("frames {} to {} are impossible", job.start, job.stop)
        })
        .map_err(|error| error.in_job(place as u64))
    })
}

/// Checks that a job's annotations lie on frames of the task, and its elements among its own rows.
fn annotations(columns: &Columns, task: &Task, job: &Job) -> Result<()> {
    let on_task = |table: &str, frames: &[u32], rows: &Range<u32>| {
        let rows = rows.start as usize..rows.end as usize;
        let beyond = frames[rows.clone()].iter().position(|&frame| frame >= task.size);
        beyond.map_or(Ok(()), |at| {
            let row = rows.start + at;
            Err(fault(format!("row {row} of {table} lies behind the last frame")).at_frame(i64::from(frames[row])))
        })
    };
    on_task("tags", &columns.tags.frame, &job.tags)?;
    on_task("shapes", &columns.shapes.frame, &job.shapes)?;
    own_elements("shapes", &columns.shapes.elements, &job.shapes)?;
    own_elements("tracks", &columns.tracks.elements, &job.tracks)
}

/// Elements of a job's first rows may not belong to the job before; that all others are there has been checked.
fn own_elements(table: &str, elements: &[u32], rows: &Range<u32>) -> Result<()> {
    let stray = rows.clone().find(|&row| elements[row as usize] > row - rows.start);
    stray.map_or(Ok(()), |row| Err(fault(format!("row {row} of {table} has elements in another job"))))
}

#[cfg(test)]
mod tests {
    use arrow_array::LargeStringArray;
    use arrow_buffer::ScalarBuffer;

    use super::super::testing;
    use super::*;

    fn set<T: arrow_buffer::ArrowNativeType>(column: &mut ScalarBuffer<T>, row: usize, value: T) {
        let mut values = column.to_vec();
        values[row] = value;
        *column = values.into();
    }

    #[test]
    fn a_sound_dataset_passes() {
        check(&testing::dataset()).unwrap();
        check(&testing::empty()).unwrap();
    }

    #[test]
    fn a_number_that_leads_nowhere_is_found() {
        type Damage = fn(&mut Columns);
        let faults: &[(Damage, &str)] = &[
            (|c| set(&mut c.tags.label, 0, 3), "row 0 of tags: there is no label 3"),
            (|c| set(&mut c.tags.source, 0, 5), "row 0 of tags: there is no source 5"),
            (|c| set(&mut c.tags.frame, 0, 3), "row 0 of tags lies behind the last frame"),
            (|c| set(&mut c.tags.attributes.attribute, 0, 0), "row 0 of tags: attribute 0 is not one of its label"),
            (|c| set(&mut c.shapes.attributes.attribute, 1, 3), "the table \"shapes\" has an attribute or a value"),
            (|c| set(&mut c.keyframes.attributes.value, 0, 5), "the table \"keyframes\" has an attribute or a value"),
            (|c| set(&mut c.shapes.kind, 2, 8), "row 2 of shapes: there is no kind of shape 8"),
            (|c| set(&mut c.shapes.rotation, 2, f64::NAN), "row 2 of shapes: a coordinate or angle is not finite"),
            (|c| set(&mut c.shapes.points.values, 3, f64::INFINITY), "row 2 of shapes: a coordinate or angle"),
            (|c| set(&mut c.shapes.elements, 1, 2), "row 1 of shapes: it cannot have 2 elements"),
            (|c| set(&mut c.shapes.elements, 2, 1), "row 2 of shapes: it cannot have 1 elements"),
            (|c| set(&mut c.tracks.elements, 1, 1), "row 2 of tracks: it cannot have 1 elements"),
            (|c| set(&mut c.tracks.first_keyframe, 1, 4), "row 1 of tracks: its keyframes are not there"),
            (|c| set(&mut c.tracks.first_keyframe, 1, u32::MAX), "row 1 of tracks: its keyframes are not there"),
            (|c| set(&mut c.tracks.keyframe_count, 1, 2), "tracks have more keyframes than there are"),
            (|c| set(&mut c.tracks.frame, 0, u32::MAX), "row 0 of tracks: there is no frame 4294967295"),
            (|c| set(&mut c.keyframes.frame, 0, 6), "row 0 of tracks: its keyframes are not in the order"),
            (|c| set(&mut c.keyframes.frame, 3, u32::MAX), "row 2 of tracks: a keyframe is too far"),
            (|c| c.strings = LargeStringArray::from(vec!["manual"]), "the table \"tags\" has an attribute or a value"),
        ];
        for (damage, message) in faults {
            let mut dataset = testing::dataset();
            damage(&mut dataset.columns);
            let error = check(&dataset).unwrap_err();
            assert_eq!(error.code(), Code::BadDataset);
            assert!(error.message().starts_with(message), "{message}: {error}");
        }
    }
}
