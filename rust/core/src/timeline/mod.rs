//! A dataset seen frame by frame: tracks interpolated, jobs merged, deleted frames left out, in CVAT's order.
//!
//! A [`Scene`] is what one export shows: a project, a task or a job. It has a [`Timeline`] per task. Any range of frames
//! of a timeline can be visited without walking there from the first frame; that makes the chunks of an export
//! independent.

pub mod assignment;
mod chosen;
mod curve;
mod frames;
pub mod interpolate;
mod jobs;
mod merge;
mod moment;
mod repeats;
mod rows;
mod scene;
mod selection;
mod sight;
mod similarity;
mod square;
mod square_tables;
mod template;
#[cfg(test)]
pub(crate) mod testing;
mod tracks;
mod visit;

pub use frames::{FrameNames, FrameSet, ImageFormat, split_extension};
pub use jobs::Jobs;
pub use merge::Loss;
pub use moment::{Moment, PointScratch};
pub(crate) use repeats::hash;
pub use rows::Rows;
pub use scene::{MadeId, Scene, SceneKind, Timeline};
pub use selection::{Frames, Negatives, Selection};
pub use template::{Pattern, Template, folder_name};
pub use tracks::{Keyframe, Track, Tracks};
pub use visit::{FrameView, Item, Origin, TrackView, VisitScratch};
