//! Sets of frames, and the names of frames.

use std::collections::HashMap;
use std::ops::Range;
use std::str::FromStr;

use super::template::Pattern;
use crate::dataset::{Dataset, Media, Task};
use crate::error::{Code, Error, Result};

/// An ascending set of frames, held as ranges: a video of millions of frames with a few deleted ones costs a few words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrameSet {
    /// Range of frames and how many frames stand before it.
    ranges: Vec<(Range<u32>, u32)>,
}

impl FrameSet {
    /// The frames of `range` that are not in `without`, which is ascending.
    pub fn new(range: Range<u32>, without: impl IntoIterator<Item = u32>) -> Self {
        let mut set = Self::default();
        let mut start = range.start;
        for hole in without {
            if hole < start || hole >= range.end {
                continue;
            }
            set.push(start..hole);
            start = hole + 1;
        }
        set.push(start..range.end);
        set
    }

    fn push(&mut self, range: Range<u32>) {
        if range.start < range.end {
            let before = self.len();
            self.ranges.push((range, before));
        }
    }

    /// Number of frames.
    pub fn len(&self) -> u32 {
        self.ranges.last().map_or(0, |(range, before)| before + (range.end - range.start))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Whether it has this frame.
    pub fn contains(&self, frame: u32) -> bool {
        // Mostly there are no holes, and each of millions of annotations asks.
        if let [(only, _)] = &self.ranges[..] {
            return only.contains(&frame);
        }
        let after = self.ranges.partition_point(|(range, _)| range.start <= frame);
        after > 0 && self.ranges[after - 1].0.contains(&frame)
    }

    /// Number of frames before this one.
    pub fn rank(&self, frame: u32) -> u32 {
        let after = self.ranges.partition_point(|(range, _)| range.start <= frame);
        match after.checked_sub(1).map(|place| &self.ranges[place]) {
            Some((range, before)) => before + frame.min(range.end) - range.start,
            None => 0,
        }
    }

    /// The frames from the `places.start`-th up to the `places.end`-th, counted from 0.
    pub fn slice(&self, places: Range<u32>) -> impl Iterator<Item = u32> + '_ {
        let first = self.ranges.partition_point(|(_, before)| *before <= places.start).saturating_sub(1);
        self.ranges[first.min(self.ranges.len())..].iter().flat_map(move |(range, before)| {
            let at = |place: u32| range.start + place.saturating_sub(*before).min(range.end - range.start);
            at(places.start)..at(places.end)
        })
    }

    /// The frames whose numbers are multiples of `step`, without walking over the others.
    pub fn every(&self, step: u32) -> Self {
        let of_range = |(range, _): &(Range<u32>, u32)| {
            let first = range.start.checked_next_multiple_of(step).unwrap_or(u32::MAX).min(range.end);
            (first..range.end).step_by(step as usize)
        };
        self.ranges.iter().flat_map(of_range).collect()
    }

    /// All frames.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.slice(0..self.len())
    }
}

impl FromIterator<u32> for FrameSet {
    /// The set of these frames, which are ascending.
    fn from_iter<I: IntoIterator<Item = u32>>(frames: I) -> Self {
        let mut set = Self::default();
        for frame in frames {
            match set.ranges.last_mut() {
                Some((range, _)) if range.end == frame => range.end = frame + 1,
                _ => set.push(frame..frame + 1),
            }
        }
        set
    }
}

/// What the frames of videos are stored as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ImageFormat {
    /// Without loss, as CVAT does.
    #[default]
    Png,
    /// With loss, and a tenth of the size.
    Jpeg,
    /// With loss, smaller and slower than JPEG.
    Webp,
    /// Not at all: the video stays what it is, and a table tells which frame has which name and time.
    Source,
}

impl ImageFormat {
    /// What names of such files end in.
    pub fn extension(self) -> &'static str {
        match self {
            // The same names as without the option: they are those that whoever decodes the video later gives its frames.
            Self::Png | Self::Source => ".png",
            Self::Jpeg => ".jpg",
            Self::Webp => ".webp",
        }
    }
}

impl FromStr for ImageFormat {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "png" => Ok(Self::Png),
            "jpeg" => Ok(Self::Jpeg),
            "webp" => Ok(Self::Webp),
            "source" => Ok(Self::Source),
            _ => Err(Error::new(Code::BadOption, format!("image format {text:?} is none of png, jpeg, webp, source"))),
        }
    }
}

/// The names that frames of one task get in an export.
#[derive(Clone, Debug, Default)]
pub struct FrameNames {
    /// Added to absolute frame numbers; grows from task to task within a subset of a project.
    pub offset: u64,
    /// Pictures that got another name because an earlier task of the subset has theirs, by frame.
    pub renamed: HashMap<u32, String>,
    /// What the user wants them to be called, if anything.
    pub pattern: Option<Pattern>,
    /// What a frame of a video is named as.
    pub image_format: ImageFormat,
}

impl FrameNames {
    /// Writes a frame's name: the path of its picture, or `frame_000123` for a video; with an extension there too if the
    /// user has made it up.
    pub fn write(&self, dataset: &Dataset, task: &Task, frame: u32, out: &mut String) {
        let Some(pattern) = &self.pattern else { return self.write_own(dataset, task, frame, out) };
        let mut name = String::new();
        self.write_own(dataset, task, frame, &mut name);
        if matches!(task.media, Media::Video { .. }) {
            name.push_str(self.image_format.extension());
        }
        pattern.write(&name, frame, task.absolute(frame) + self.offset, out);
    }

    fn write_own(&self, dataset: &Dataset, task: &Task, frame: u32, out: &mut String) {
        match &task.media {
            Media::Video { .. } => push_frame_name(task.absolute(frame) + self.offset, out),
            Media::Images { rows } => out.push_str(self.picture(dataset, rows, frame)),
        }
    }

    /// The name of a picture that its task has in these rows, without what the user makes of it.
    pub fn picture<'a>(&'a self, dataset: &'a Dataset, rows: &Range<u32>, frame: u32) -> &'a str {
        let own = || dataset.columns.images.name.value((rows.start + frame) as usize);
        self.renamed.get(&frame).map_or_else(own, String::as_str)
    }
}

/// Writes the name of a video's frame: its number has at least six digits.
pub(super) fn push_frame_name(number: u64, out: &mut String) {
    let mut buffer = itoa::Buffer::new();
    out.push_str("frame_");
    out.push_str(match number {
        // A digit in front keeps the zeros.
        ..1_000_000 => &buffer.format(1_000_000 + number)[1..],
        _ => buffer.format(number),
    });
}

/// Splits a name as Python's `os.path.splitext` does: leading dots of the last part start no extension.
pub fn split_extension(name: &str) -> (&str, &str) {
    // Bytes, for every frame has a name.
    let bytes = name.as_bytes();
    let dot = bytes.iter().rposition(|byte| matches!(byte, b'.' | b'/')).filter(|&end| bytes[end] == b'.');
    let has_stem = |dot: &usize| bytes[..*dot].iter().rfind(|byte| **byte != b'.').is_some_and(|byte| *byte != b'/');
    dot.filter(has_stem).map_or((name, ""), |dot| name.split_at(dot))
}

/// Gives pictures of the same subset different names, as a CVAT project export does.
///
/// Names are split at their last dot; the extension takes no part in what counts as the same. The first picture keeps
/// its name, later ones get `_1`, `_2`, … A name made like this is not remembered, but one that an earlier picture has
/// by itself is not made.
#[derive(Default)]
pub struct NameMangler<'d> {
    used: HashMap<(&'d str, &'d str), u32>,
}

impl<'d> NameMangler<'d> {
    /// The name for a picture, or `None` if it keeps its own.
    pub fn rename(&mut self, subset: &'d str, name: &'d str) -> Option<String> {
        let (stem, dot_extension) = name.rfind('.').map_or((name, ""), |dot| name.split_at(dot));
        let count = self.used.entry((subset, stem)).or_default();
        *count += 1;
        if *count == 1 {
            return None;
        }
        let mut candidate = format!("{stem}_{}", *count - 1);
        let mut suffix = 1;
        let base = candidate.clone();
        while self.used.contains_key(&(subset, candidate.as_str())) {
            candidate = format!("{base}_{suffix}");
            suffix += 1;
        }
        Some(candidate + dot_extension)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_set_counts_and_finds_frames_across_its_holes() {
        let set = FrameSet::new(2..10, [0, 2, 5, 6, 9, 40]);
        assert_eq!(set.iter().collect::<Vec<_>>(), [3, 4, 7, 8]);
        assert_eq!(set.len(), 4);
        assert_eq!(set.slice(1..3).collect::<Vec<_>>(), [4, 7]);
        assert_eq!(set.slice(3..4).collect::<Vec<_>>(), [8]);
        assert_eq!([0, 3, 5, 7, 8, 50].map(|frame| set.rank(frame)), [0, 0, 2, 2, 3, 4]);
        assert!(set.contains(7) && !set.contains(5) && !set.contains(2) && !set.contains(10));
    }

    #[test]
    fn a_frame_set_of_single_frames_is_the_same_as_one_with_holes() {
        assert_eq!([3, 4, 7, 8].into_iter().collect::<FrameSet>(), FrameSet::new(2..9, [2, 5, 6]));
    }

    #[test]
    fn every_nth_frame_is_a_multiple_whatever_is_missing() {
        let set = FrameSet::new(2..30, [5, 6, 12, 29]);
        for step in [1, 3, 6, 100, u32::MAX] {
            let expected: Vec<u32> = set.iter().filter(|frame| frame % step == 0).collect();
            assert_eq!(set.every(step).iter().collect::<Vec<_>>(), expected, "{step}");
        }
    }

    #[test]
    fn a_frame_set_of_deleted_frames_only_is_empty() {
        let set = FrameSet::new(0..2, [0, 1]);
        assert!(set.is_empty());
        assert_eq!(set.iter().count(), 0);
        assert_eq!(set.slice(0..0).count(), 0);
    }

    #[test]
    fn names_of_frames_have_six_digits_or_more() {
        for (number, expected) in [
            (0, "frame_000000"),
            (1_203, "frame_001203"),
            (999_999, "frame_999999"),
            (1_000_000, "frame_1000000"),
            (u64::MAX, "frame_18446744073709551615"),
        ] {
            let mut name = String::new();
            push_frame_name(number, &mut name);
            assert_eq!(name, expected);
        }
    }

    #[test]
    fn extensions_split_as_python_splits_them() {
        for (name, expected) in [
            ("a/b.c.jpg", ("a/b.c", ".jpg")),
            ("a.b/c", ("a.b/c", "")),
            (".hidden", (".hidden", "")),
            ("x/..a.png", ("x/..a", ".png")),
            ("...", ("...", "")),
            ("a.", ("a", ".")),
            ("x/.a", ("x/.a", "")),
            ("a..b", ("a.", ".b")),
            ("", ("", "")),
            ("frame_000001", ("frame_000001", "")),
        ] {
            assert_eq!(split_extension(name), expected, "{name}");
        }
    }

    #[test]
    fn pictures_with_one_name_in_a_subset_are_numbered() {
        let mut names = NameMangler::default();
        let mut rename = |subset, name| names.rename(subset, name);
        assert_eq!(rename("train", "1.jpg"), None);
        assert_eq!(rename("train", "1.jpg").as_deref(), Some("1_1.jpg"));
        assert_eq!(rename("test", "1.jpg"), None);
        assert_eq!(rename("train", "1.png").as_deref(), Some("1_2.png"));
        assert_eq!(rename("train", "1_3.png"), None);
        assert_eq!(rename("train", "1.jpg").as_deref(), Some("1_3_1.jpg"));
    }
}
