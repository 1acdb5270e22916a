//! Words of lists that grow from one version of CVAT to the next. A word that is not known never refuses a source: what
//! it stands for is left out, or taken as the plainest there is, and a note says so.

use crate::dataset::{Builder, ValidationMode};
use crate::error::{Code, Error, Place, Result};
use crate::schema::InputType;

/// States of a job on a server.
pub const JOB_STATES: &[&str] = &["new", "in progress", "rejected", "completed"];
/// What a backup says of a job instead.
pub const JOB_STATUSES: &[&str] = &["annotation", "validation", "completed"];
/// Types of labels.
pub const LABEL_TYPES: &[&str] =
    &["any", "cuboid", "ellipse", "interval", "mask", "points", "polygon", "polyline", "rectangle", "skeleton", "tag"];
/// What a backup calls the chunks of its media.
pub const CHUNK_TYPES: &[&str] = &["imageset", "list", "video", AUDIO_CHUNKS];
/// The chunks of an audio task.
pub const AUDIO_CHUNKS: &str = "audio_mp3";
/// Orders of uploaded images.
pub const SORTING_METHODS: &[&str] = &["lexicographical", "natural", "predefined", "random"];

/// The longest part of a word that a message repeats.
const MAX_SHOWN: usize = 40;

/// A word of the source as messages show it: quoted, on one line, not too long.
pub fn quoted(word: &str) -> String {
    match word.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{:?}…", &word[..end]),
        None => format!("{word:?}"),
    }
}

/// Notes a word that is not in a list; a missing one is not noted.
pub fn expect(builder: &mut Builder, what: &str, word: &str, known: &[&str], effect: &str, place: &Place) {
    if !word.is_empty() && !known.contains(&word) {
        builder.note(format!("the {what} {} is not known; {effect}", quoted(word)), place, 0);
    }
}

/// How a task is checked; unknown ways are none.
pub fn validation_mode(builder: &mut Builder, word: &str, place: &Place) -> Option<ValidationMode> {
    expect(builder, "validation mode", word, &["gt", "gt_pool"], "it is ignored", place);
    match word {
        "gt" => Some(ValidationMode::Gt),
        "gt_pool" => Some(ValidationMode::GtPool),
        _ => None,
    }
}

/// How an attribute is entered; `None` for a word that is not known.
pub fn input_type(word: &str) -> Option<InputType> {
    use InputType::{Checkbox, Number, Radio, Select, Text};
    [Select, Radio, Checkbox, Number, Text].into_iter().find(|input_type| input_type.as_str() == word)
}

/// The error of an audio task.
pub fn audio() -> Error {
    Error::new(Code::Unsupported, "this is an audio task: it has intervals of sound and no frames")
}

/// The error of a task of an unknown kind.
pub fn unknown_task(what: &str, word: &str) -> Error {
    Error::new(Code::Unsupported, format!("the {what} of the task is {}, which is not known", quoted(word)))
        .advise("is there a newer framehaul?")
}

/// Whether a task of a server is a video, by its `mode`, `dimension` and `media_type`; and whether it has point clouds.
/// Older servers do not send all of them.
pub fn media(mode: &str, dimension: &str, media_type: &str) -> Result<(bool, bool)> {
    let is_3d = match (dimension, media_type) {
        ("1d", _) | (_, "audio") => return Err(audio()),
        ("3d", "" | "image" | "point_cloud") | ("" | "2d", "point_cloud") => true,
        ("" | "2d", "" | "image") => false,
        ("" | "2d" | "3d", _) => return Err(unknown_task("media type", media_type)),
        _ => return Err(unknown_task("dimension", dimension)),
    };
    match mode {
        "interpolation" => Ok((true, is_3d)),
        "annotation" | "" => Ok((false, is_3d)),
        _ => Err(unknown_task("mode", mode)),
    }
}

/// The tasks of a project that can be read. Those of kinds that cannot are left out with a note, unless that leaves none.
#[derive(Default)]
pub struct Tasks<T> {
    /// Those that were read.
    pub read: Vec<T>,
    refused: Option<Error>,
}

impl<T> Tasks<T> {
    /// None yet.
    pub fn new() -> Self {
        Self { read: Vec::new(), refused: None }
    }

    /// Takes a task, or notes why there is none. `name` is the task's.
    pub fn add(&mut self, task: Result<Option<T>>, name: &str, builder: &mut Builder) -> Result<()> {
        let place = Place { task: Some(name.to_owned()), ..Place::default() };
        match task {
            Ok(Some(task)) => self.read.push(task),
            Ok(None) => builder.note("a task without data is left out".to_owned(), &place, 0),
            Err(error) if error.code() == Code::Unsupported => {
                builder.note(format!("a task is left out: {}", error.message()), &place, 0);
                self.refused.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// All of them; the first refusal if it left none.
    pub fn finish(self) -> Result<Vec<T>> {
        match self.refused {
            Some(error) if self.read.is_empty() => Err(error),
            _ => Ok(self.read),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_task_shows_follows_from_three_words() {
        let kind = |mode, dimension, media_type| media(mode, dimension, media_type).map_err(|error| error.code());
        for (mode, dimension, media_type, expected) in [
            ("annotation", "2d", "image", Ok((false, false))),
            ("interpolation", "2d", "image", Ok((true, false))),
            ("annotation", "3d", "point_cloud", Ok((false, true))),
            ("annotation", "3d", "", Ok((false, true))),
            ("", "", "", Ok((false, false))),
            ("interpolation", "1d", "audio", Err(Code::Unsupported)),
            ("interpolation", "", "audio", Err(Code::Unsupported)),
            ("annotation", "4d", "image", Err(Code::Unsupported)),
            ("annotation", "2d", "smell", Err(Code::Unsupported)),
            ("extrapolation", "2d", "image", Err(Code::Unsupported)),
        ] {
            assert_eq!(kind(mode, dimension, media_type), expected, "{mode} {dimension} {media_type}");
        }
    }

    #[test]
    fn a_long_word_is_cut_and_stays_on_one_line() {
        assert_eq!(quoted("a\n\u{1b}[31m"), r#""a\n\u{1b}[31m""#);
        assert_eq!(quoted(&"ü".repeat(50)), format!("\"{}\"…", "ü".repeat(40)));
    }
}
