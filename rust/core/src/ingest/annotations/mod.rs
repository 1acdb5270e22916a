//! Annotations of a job, from JSON into columns, as they stream by. Backups and servers differ in how they name labels
//! and attributes only: see [`Vocabulary`].

mod draft;
mod shapes;
mod tracks;

use std::ops::Range;

use draft::Key;

use super::json::Reader;
use super::vocabulary::Vocabulary;
use crate::dataset::{Builder, Job};
use crate::error::Result;
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
    /// Makes them the rows of a job.
    pub fn give(self, job: &mut Job) {
        (job.tags, job.shapes, job.tracks) = (self.tags, self.shapes, self.tracks);
    }

    /// No rows, at the end of what there is.
    pub fn none(builder: &Builder) -> Self {
        let (tags, shapes, tracks) = (builder.tag_count(), builder.shape_count(), builder.track_count());
        Self { tags: tags..tags, shapes: shapes..shapes, tracks: tracks..tracks }
    }
}

/// Reads the annotations of one job: `{"version", "tags", "shapes", "tracks"}`.
pub fn read(reader: &mut Reader<'_>, target: &mut Target<'_>) -> Result<Rows> {
    let start = Rows::none(target.builder);
    reader.begin_object()?;
    while let Some(key) = reader.next_key(Key::of)? {
        match key {
            Key::Tags => shapes::read_tags(reader, target)?,
            Key::Shapes => shapes::read_shapes(reader, target)?,
            Key::Tracks => tracks::read_tracks(reader, target)?,
            _ => reader.skip()?,
        }
    }
    let end = Rows::none(target.builder);
    Ok(Rows {
        tags: start.tags.start..end.tags.end,
        shapes: start.shapes.start..end.shapes.end,
        tracks: start.tracks.start..end.tracks.end,
    })
}

#[cfg(test)]
mod tests;
