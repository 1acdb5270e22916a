//! What a format promises, and what an export asks of it.

use std::str::FromStr;

use super::Encoder;
use crate::error::{Code, Error, Result};
use crate::timeline::Scene;

/// A format that exports can be written in.
#[derive(Clone, Copy)]
pub struct Format {
    /// CVAT's display name with the version, such as `COCO 1.0`.
    pub name: &'static str,
    /// Short name for the command line, such as `coco`.
    pub slug: &'static str,
    /// What it holds, in a few words.
    pub summary: &'static str,
    /// Whether it takes tasks of point clouds, as CVAT's does.
    pub takes_3d: bool,
    /// Whether it only repeats coordinates, also those that are not what their kind needs.
    pub repeats_numbers: bool,
    /// The page about it, in Markdown.
    pub page: &'static str,
    /// Makes what encodes it over a scene. This looks at labels and names, and at frames only where names repeat.
    pub encoder: for<'s> fn(&'s Scene<'s>, &Options) -> Result<Box<dyn Encoder + 's>>,
}

/// Whose reader the output is meant for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// Means what CVAT's own output means, faults included.
    #[default]
    Cvat,
    /// What the format's own tools load; each format's page says what differs.
    Training,
}

impl Profile {
    /// What belongs to this profile.
    pub fn choose<T>(self, cvat: T, training: T) -> T {
        match self {
            Self::Cvat => cvat,
            Self::Training => training,
        }
    }

    /// Its name in options and reports.
    pub fn as_str(self) -> &'static str {
        self.choose("cvat", "training")
    }
}

impl FromStr for Profile {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "cvat" => Ok(Self::Cvat),
            "training" => Ok(Self::Training),
            _ => Err(Error::new(Code::BadOption, format!("profile {text:?} is none of cvat, training"))),
        }
    }
}

/// What an export may vary in.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The time that CVAT XML prints as `<dumped>`; without one that of the source.
    pub dumped: Option<String>,
    /// Whose reader the output is meant for.
    pub profile: Profile,
    /// Whether pictures are written too.
    pub save_images: bool,
}
