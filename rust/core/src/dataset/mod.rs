//! What a source held: immutable, columnar, the same whether it was read from a source or from a saved dataset.

mod arrow_file;
mod builder;
mod check;
mod columns;
mod facts;
mod faults;
mod notes;
mod numbers;
mod saved;
mod shape;
mod tables;
#[cfg(test)]
pub(crate) mod testing;

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use builder::{Builder, Common, Drawn, Value};
pub use check::{ABSOLUTE_LIMIT, FRAME_LIMIT, check};
pub use columns::{AttributeValues, Columns, Coordinates, Images, Keyframes, Shapes, Tags, Tracks, top_level};
pub use faults::{Fault, FaultRow};
pub use notes::{Note, Notes};
pub use saved::{is_saved, open_saved, save};
pub use tables::{ColumnKind, Table};

use crate::limits::Limits;
use crate::paths::Named;
use crate::schema::Schema;
use facts::Facts;

/// A project, or a task on its own, with everything annotated in it.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// The labels of all tasks.
    pub schema: Schema,
    /// The project; `None` if the source was a single task.
    pub project: Option<Project>,
    /// Tasks in the order of their ids (a backup: of their numbers).
    pub tasks: Vec<Task>,
    /// All annotations and pictures.
    pub columns: Columns,
    /// The archive or folder that it was read from, where the files of its tasks may be.
    pub source: Option<PathBuf>,
    /// What was opened: the same, or the folder of the saved dataset. No output may touch either.
    pub opened: Option<PathBuf>,
    /// What the source holds that was not taken as it stands.
    pub notes: Vec<Note>,
    /// What is refused when the files of images are read.
    pub limits: Limits,
    /// The newest date of the files that it was read from, as a server writes dates.
    pub dated: Option<String>,
    facts: Facts,
}

impl Dataset {
    /// What an output must stay apart from, `media` being where the images were said to be.
    pub fn inputs<'a>(&'a self, media: Option<&'a Path>) -> Vec<Named<'a>> {
        let sources = [&self.opened, &self.source].into_iter().flatten().map(|path| ("source", path.as_path()));
        sources.chain(media.map(|path| ("media folder", path))).collect()
    }
}

/// A person as CVAT names them in its XML.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Login name.
    pub username: String,
    /// Address; servers do not tell it along with a task.
    #[serde(default)]
    pub email: String,
}

/// What CVAT XML prints of a project or task besides its content; a backup knows little of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The server's id.
    pub id: Option<u64>,
    /// Link to the bug tracker.
    #[serde(default)]
    pub bug_tracker: String,
    /// When it was made, as the server writes dates.
    pub created: Option<String>,
    /// When it was last changed.
    pub updated: Option<String>,
    /// Who owns it.
    pub owner: Option<User>,
    /// Who works on it.
    pub assignee: Option<User>,
    /// Address of the server, without a path.
    pub server: Option<String>,
}

/// A project.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Name.
    pub name: String,
    /// Id, dates, people.
    pub provenance: Provenance,
}

/// Where a task's frames come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Media {
    /// One video; all frames have its size.
    Video {
        /// File name.
        name: String,
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// Pictures, one per frame.
    Images {
        /// Rows among the dataset's pictures, in frame order.
        rows: Range<u32>,
    },
}

/// How a task is checked against ground truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValidationMode {
    /// A ground-truth job on some frames.
    Gt,
    /// Honeypots: copies of ground-truth frames are mixed into the jobs.
    GtPool,
}

/// A task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Name.
    pub name: String,
    /// Id, dates, people.
    pub provenance: Provenance,
    /// Subset as set on the server; empty if unset.
    pub subset: String,
    /// Whether frames are point clouds.
    pub is_3d: bool,
    /// Number of frames, deleted ones included.
    pub size: u32,
    /// Absolute number of the first frame.
    pub start_frame: u64,
    /// Absolute number of the last frame, as the source states it (it need not lie on a step).
    pub stop_frame: u64,
    /// Frames of the media per frame of the task.
    pub step: u64,
    /// The filter that `step` was read from.
    pub frame_filter: String,
    /// Where the frames come from.
    pub media: Media,
    /// Where in the source the files of the frames are, such as `task_3/data/`; `None` if it has none.
    #[serde(default)]
    pub media_folder: Option<String>,
    /// Deleted frames, relative to the task, ascending.
    pub deleted: Vec<u32>,
    /// Frames that the validation layout has switched off, relative to the task, ascending.
    #[serde(default)]
    pub disabled: Vec<u32>,
    /// How the task is checked.
    pub validation: Option<ValidationMode>,
    /// Frames that two neighbouring jobs share.
    pub overlap: u32,
    /// Jobs in the order of their ids (a backup: of the file).
    pub jobs: Vec<Job>,
}

/// What a job is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Ordinary work.
    Annotation,
    /// The reference to check against.
    GroundTruth,
    /// One of several people's takes of another job; the longer word is that of CVAT before 2.80.
    #[serde(alias = "consensus_replica")]
    Replica,
    /// Something that a newer CVAT has. It is not exported.
    #[serde(untagged)]
    Other(String),
}

/// A job, and which rows are its annotations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The server's id; `None` in a backup.
    pub id: Option<u64>,
    /// What it is for.
    pub kind: JobKind,
    /// First frame, relative to the task.
    pub start: u32,
    /// Last frame, relative to the task, inclusive.
    pub stop: u32,
    /// The frames it has if it has not all from start to stop, relative to the task, ascending.
    pub frames: Option<Vec<u32>>,
    /// When it was last changed, as the server writes dates.
    pub updated: Option<String>,
    /// Who works on it.
    pub assignee: Option<User>,
    /// Whether its work is done, so that a frame without annotations is known to show nothing.
    #[serde(default)]
    pub completed: bool,
    /// Rows of its tags.
    pub tags: Range<u32>,
    /// Rows of its shapes, elements included.
    pub shapes: Range<u32>,
    /// Rows of its tracks, elements included.
    pub tracks: Range<u32>,
}

impl JobKind {
    /// CVAT's name of it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Annotation => "annotation",
            Self::GroundTruth => "ground_truth",
            Self::Replica => "replica",
            Self::Other(word) => word,
        }
    }
}

impl Task {
    /// Absolute number of a frame: its place in the video, or among the pictures as they were uploaded.
    pub fn absolute(&self, frame: u32) -> u64 {
        self.start_frame + u64::from(frame) * self.step
    }
}

/// Reads the step of a frame filter such as `step=5`; anything else means every frame.
pub fn step_of_filter(filter: &str) -> u64 {
    // CVAT searches `step\s*=\s*([1-9]\d*)` anywhere in the text.
    filter
        .match_indices("step")
        .find_map(|(at, word)| {
            let digits = filter[at + word.len()..].trim_start().strip_prefix('=')?.trim_start();
            let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
            digits[..end].parse().ok().filter(|&step| step > 0 && !digits.starts_with('0'))
        })
        .unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_without_a_step_takes_every_frame() {
        for (filter, step) in
            [("step=5", 5), ("", 1), ("step = 12;x", 12), ("step=0", 1), ("step=05", 1), ("steps=3 step=2", 2)]
        {
            assert_eq!(step_of_filter(filter), step, "{filter:?}");
        }
    }

    #[test]
    fn elements_stand_before_the_row_that_counts_them() {
        assert_eq!(top_level(&[0, 0, 0, 2, 0], 0..5), [0, 3, 4]);
        assert_eq!(top_level(&[0, 0, 0, 2, 0], 1..4), [3]);
        assert!(top_level(&[], 0..0).is_empty());
    }
}
