//! What became of every annotation: written, converted (to what) or dropped (why), counted by the pass that writes.
//!
//! The unit is an annotation on a frame: a track that is in sight on 100 frames counts 100 times, in every format alike,
//! so that reports of different formats can be compared.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::dataset::{self, Dataset};
use crate::error::Place;
use crate::schema::ShapeKind;
use crate::timeline::Item;

/// What became of an annotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Written as it is.
    Written,
    /// Written as something else: what.
    Converted(&'static str),
    /// Not written: why.
    Dropped(&'static str),
}

/// An outcome without its text, in the order of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// Written as it is.
    Written,
    /// Written as something else.
    Converted,
    /// Not written.
    Dropped,
}

impl Fate {
    /// Its name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Fate::Written => "written",
            Fate::Converted => "converted",
            Fate::Dropped => "dropped",
        }
    }
}

/// Annotations with one outcome. The text is owned where the count comes from another process.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Count {
    fate: Fate,
    /// To what the annotations were converted, or why they were dropped.
    detail: Cow<'static, str>,
    annotations: u64,
}

impl Outcome {
    fn parts(self) -> (Fate, &'static str) {
        match self {
            Outcome::Written => (Fate::Written, ""),
            Outcome::Converted(detail) => (Fate::Converted, detail),
            Outcome::Dropped(detail) => (Fate::Dropped, detail),
        }
    }
}

/// Kinds of annotations: the shapes, then tags.
const KINDS: usize = ShapeKind::ALL.len() + 1;
const TAG: usize = ShapeKind::ALL.len();

/// Something that the user should know, with how often it happened and where first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// What happened.
    pub message: String,
    /// How often.
    pub count: u64,
    /// Where it happened first.
    pub place: String,
}

/// An image that is not in the output, though the texts have its frame; or a shape that is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Name of the task.
    pub task: String,
    /// The frame, relative to the task.
    pub frame: u32,
    /// The file that was to give the image; empty for a shape.
    pub file: String,
    /// What is wrong with that.
    pub why: String,
}

/// Counts of one chunk. Adding up the tallies of all chunks, in order, gives the report. It can be written down, so that
/// another process may have made the chunk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Counts by label and kind: few per slot, so that they are searched one by one.
    slots: Vec<Vec<Count>>,
    notes: BTreeMap<Cow<'static, str>, (u64, Place)>,
    /// Frames that were written.
    pub frames: u64,
    /// Images that are missing in the output.
    pub left_out: Vec<LeftOut>,
}

impl Tally {
    /// Counts a shape. Elements are part of their skeleton and not counted.
    pub fn shape(&mut self, item: &Item, outcome: Outcome) {
        self.add(item.label, item.kind as usize, outcome, 1);
    }

    /// Counts a tag.
    pub fn tag(&mut self, label: u32, outcome: Outcome) {
        self.add(label, TAG, outcome, 1);
    }

    /// Counts several annotations at once; without a kind they are tags.
    pub fn several(&mut self, label: u32, kind: Option<ShapeKind>, outcome: Outcome, count: u64) {
        self.add(label, kind.map_or(TAG, |kind| kind as usize), outcome, count);
    }

    fn add(&mut self, label: u32, kind: usize, outcome: Outcome, annotations: u64) {
        let (fate, detail) = outcome.parts();
        self.count(label as usize * KINDS + kind, Count { fate, detail: Cow::Borrowed(detail), annotations });
    }

    fn count(&mut self, slot: usize, new: Count) {
        if slot >= self.slots.len() {
            self.slots.resize_with(slot + 1, Vec::new);
        }
        // Most texts are one and the same constant, for which the comparison of addresses is enough.
        let is_same = |known: &&mut Count| {
            known.fate == new.fate && (std::ptr::eq(&*known.detail, &*new.detail) || known.detail == new.detail)
        };
        let slot = &mut self.slots[slot];
        match slot.iter_mut().find(is_same) {
            Some(known) => known.annotations += new.annotations,
            None => slot.push(new),
        }
    }

    /// Notes that something happened. The place of the first time is kept.
    pub fn note(&mut self, message: &'static str, place: impl FnOnce() -> Place) {
        self.notes.entry(Cow::Borrowed(message)).or_insert_with(|| (0, place())).0 += 1;
    }

    /// Adds the tally of the chunk that follows.
    pub fn merge(&mut self, next: Tally) {
        self.frames += next.frames;
        self.left_out.extend(next.left_out);
        for (slot, counts) in next.slots.into_iter().enumerate() {
            counts.into_iter().for_each(|count| self.count(slot, count));
        }
        for (message, (count, place)) in next.notes {
            self.notes.entry(message).or_insert((0, place)).0 += count;
        }
    }

    /// Annotations that were written or converted.
    pub fn annotations(&self) -> u64 {
        self.total(|fate| fate != Fate::Dropped)
    }

    /// Annotations that were dropped.
    pub fn dropped(&self) -> u64 {
        self.total(|fate| fate == Fate::Dropped)
    }

    fn total(&self, counts: impl Fn(Fate) -> bool) -> u64 {
        self.slots.iter().flatten().filter(|count| counts(count.fate)).map(|count| count.annotations).sum()
    }
}

/// A line of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Label, with its skeleton's in front where it has one.
    pub label: String,
    /// Shape kind, or `tag`.
    pub shape: &'static str,
    /// Written, converted or dropped.
    pub outcome: Fate,
    /// To what it was converted, or why it was dropped.
    pub detail: String,
    /// Annotations.
    pub count: u64,
}

/// What an export wrote and what it could not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Name of the format.
    pub format: &'static str,
    /// Whose reader it is meant for: `cvat` or `training`.
    pub profile: &'static str,
    /// What was taken of the source, in words; empty for all of it.
    pub selection: String,
    /// Frames written.
    pub frames: u64,
    /// Annotations written or converted.
    pub annotations: u64,
    /// Annotations dropped.
    pub dropped: u64,
    /// Files in the archive or folder.
    pub members: u64,
    /// Size of the archive, or of all files of the folder, in bytes.
    pub bytes: u64,
    /// Counts by label, shape and outcome.
    pub rows: Vec<Row>,
    /// What else the user should know.
    pub notes: Vec<Note>,
    /// Pictures that are not in the output, though the texts have their frames.
    pub left_out: Vec<LeftOut>,
}

impl Report {
    /// The report of a format over everything that was tallied, and what was noted when the source was read.
    pub fn new(
        format: &'static str,
        profile: &'static str,
        selection: String,
        dataset: &Dataset,
        tally: &Tally,
        members: u64,
        bytes: u64,
    ) -> Self {
        let mut rows = Vec::new();
        for (slot, counts) in tally.slots.iter().enumerate() {
            let mut counts = counts.clone();
            counts.sort_unstable();
            rows.extend(counts.into_iter().map(|count| Row {
                label: dataset.schema.path((slot / KINDS) as u32),
                shape: ShapeKind::from_number((slot % KINDS) as u8).map_or("tag", ShapeKind::as_str),
                outcome: count.fate,
                detail: count.detail.into_owned(),
                count: count.annotations,
            }));
        }
        let note = |(message, (count, place)): (&Cow<'static, str>, &(u64, Place))| Note {
            message: message.to_string(),
            count: *count,
            place: place.to_string(),
        };
        let source_note =
            |note: &dataset::Note| Note { message: note.message.clone(), count: note.count, place: note.place.clone() };
        Self {
            format,
            profile,
            selection,
            frames: tally.frames,
            annotations: tally.annotations(),
            dropped: tally.dropped(),
            members,
            bytes,
            rows,
            notes: dataset.notes.iter().map(source_note).chain(tally.notes.iter().map(note)).collect(),
            left_out: tally.left_out.clone(),
        }
    }

    /// The report as JSON.
    pub fn to_json(&self) -> String {
        // Strings and numbers only: this cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::testing::{job, label, task, video};

    #[test]
    fn tallies_add_up_even_from_another_process_and_the_first_place_of_a_note_stays() {
        let at = |frame| Place { frame: Some(frame), ..Place::default() };
        let (mut first, mut second) = (Tally::default(), Tally::default());
        first.several(1, Some(ShapeKind::Polygon), Outcome::Written, 2);
        first.note("clipped", || at(3));
        second.several(1, Some(ShapeKind::Polygon), Outcome::Written, 5);
        second.tag(0, Outcome::Dropped("no tags here"));
        second.note("clipped", || at(9));
        first.merge(serde_json::from_str(&serde_json::to_string(&second).unwrap()).unwrap());
        let mut dataset = task(vec![label("car"), label("road")], video(1, vec![job(0, 0)]));
        let (message, place) = ("left out".to_owned(), "job 3".to_owned());
        dataset.notes.push(dataset::Note { message, count: 4, place, left_out: 9 });
        let report = Report::new("X 1.0", "cvat", String::new(), &dataset, &first, 1, 10);
        let lines: Vec<_> = report
            .rows
            .iter()
            .map(|row| (row.label.as_str(), row.shape, row.outcome, row.detail.as_str(), row.count))
            .collect();
        assert_eq!(
            lines,
            [("car", "tag", Fate::Dropped, "no tags here", 1), ("road", "polygon", Fate::Written, "", 7)]
        );
        assert_eq!((report.annotations, report.dropped), (7, 1));
        let note = |message: &str, count, place: &str| Note { message: message.into(), count, place: place.into() };
        assert_eq!(report.notes, [note("left out", 4, "job 3"), note("clipped", 2, "frame 3")]);
    }
}
