//! Annotations of a job, from JSON into columns, as they stream by. Backups and servers differ in how they name labels
//! and attributes only: see [`Vocabulary`].

mod draft;
mod shapes;
mod tracks;

use std::ops::Range;

use draft::Key;

use super::json::Reader;
use super::vocabulary::Vocabulary;
use super::words::quoted;
use crate::dataset::{Builder, Job, JobKind};
use crate::error::{Place, Result};
use crate::schema::Schema;

/// Where annotations go to, and what they are checked against.
pub struct Target<'a> {
    /// The columns.
    pub builder: &'a mut Builder,
    /// The labels of the source.
    pub schema: &'a Schema,
    /// The words of the source for them.
    pub vocabulary: &'a Vocabulary,
    /// Number of frames of the task.
    pub size: u32,
    /// The task and job, for notes.
    pub place: Place,
}

impl Target<'_> {
    /// Notes that annotations of a kind that is not known are left out.
    fn leave_out(&mut self, what: &str, word: &str, frame: Option<i64>, count: u64) {
        let place = Place { frame, ..self.place.clone() };
        self.builder.note(
            format!("{what} of the type {}, which is not known, are left out", quoted(word)),
            &place,
            count,
        );
    }
}

/// Which rows are the annotations of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows {
    /// Its tags.
    pub tags: Range<u32>,
    /// Its shapes, elements included.
    pub shapes: Range<u32>,
    /// Its tracks, elements included.
    pub tracks: Range<u32>,
}

impl Rows {
    /// No rows, at the end of what there is.
    pub fn none(builder: &Builder) -> Self {
        let (tags, shapes, tracks) = (builder.tag_count(), builder.shape_count(), builder.track_count());
        Self { tags: tags..tags, shapes: shapes..shapes, tracks: tracks..tracks }
    }
}

/// Reads the annotations of a job: `{"version", "tags", "shapes", "tracks", "intervals"}`. Those of a job of unknown type
/// are counted and left out, since nobody knows what they mean.
pub fn read(reader: &mut Reader<'_>, target: &mut Target<'_>, job: &mut Job) -> Result<()> {
    let start = Rows::none(target.builder);
    let (mut skipped, mut intervals) = (0, 0);
    reader.begin_object()?;
    while let Some(key) = reader.next_key(Key::of)? {
        match (key, &job.kind) {
            (Key::Tags | Key::Shapes | Key::Tracks | Key::Intervals, JobKind::Other(_)) => skipped += count(reader)?,
            (Key::Tags, _) => shapes::read_tags(reader, target)?,
            (Key::Shapes, _) => shapes::read_shapes(reader, target)?,
            (Key::Tracks, _) => tracks::read_tracks(reader, target)?,
            (Key::Intervals, _) => intervals += count(reader)?,
            _ => reader.skip()?,
        }
    }
    if let JobKind::Other(word) = &job.kind {
        let message = format!("a job of the type {}, which is not known, is left out", quoted(word));
        target.builder.note(message, &target.place, skipped);
    }
    if intervals > 0 {
        let message = "intervals are left out: the task has frames, not sound".to_owned();
        target.builder.note(message, &target.place, intervals);
    }
    let end = Rows::none(target.builder);
    job.tags = start.tags.start..end.tags.end;
    job.shapes = start.shapes.start..end.shapes.end;
    job.tracks = start.tracks.start..end.tracks.end;
    Ok(())
}

/// Skips a list and counts it.
fn count(reader: &mut Reader<'_>) -> Result<u64> {
    let mut count = 0;
    if reader.null()? {
        return Ok(count);
    }
    reader.begin_array()?;
    while reader.next_item()? {
        reader.skip()?;
        count += 1;
    }
    Ok(count)
}

#[cfg(test)]
mod tests;
