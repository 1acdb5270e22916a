//! What is found out of a dataset when it is first asked for, by looking at all of a column, and kept.

use std::sync::OnceLock;

use super::Dataset;
use super::faults::{self, Fault};
use crate::schema::ShapeKind;

#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    /// By label and kind, whether there is such a shape or track.
    present: OnceLock<Vec<[bool; ShapeKind::ALL.len()]>>,
    has_elements: OnceLock<bool>,
    has_plain_names: OnceLock<bool>,
    faults: OnceLock<Vec<Fault>>,
}

impl Dataset {
    /// Whether there is a shape or a track of a label and kind, be it in sight or not.
    pub fn has_shapes(&self, label: u32, kind: ShapeKind) -> bool {
        let present = self.facts.present.get_or_init(|| {
            let mut present = vec![[false; ShapeKind::ALL.len()]; self.schema.len()];
            let (shapes, tracks) = (&self.columns.shapes, &self.columns.tracks);
            for (row, &label) in (0..).zip(shapes.label.iter()) {
                present[label as usize][shapes.kind(row) as usize] = true;
            }
            for (row, &label) in (0..).zip(tracks.label.iter()) {
                present[label as usize][tracks.kind(row) as usize] = true;
            }
            present
        });
        present[label as usize][kind as usize]
    }

    /// The same of any label.
    pub fn has_kind(&self, kind: ShapeKind) -> bool {
        (0..self.schema.len() as u32).any(|label| self.has_shapes(label, kind))
    }

    /// The shapes and tracks whose coordinates are not those of their kind, in order.
    pub fn faults(&self) -> &[Fault] {
        self.facts.faults.get_or_init(|| faults::find(self))
    }

    /// Whether a shape of a single frame has elements. Tracks are few enough to be asked each.
    pub fn has_elements(&self) -> bool {
        let elements = &self.columns.shapes.elements;
        *self.facts.has_elements.get_or_init(|| elements.iter().fold(0, |any, &count| any | count) > 0)
    }

    /// Whether no picture has a control character or a backslash in its name, as nearly always: nobody need look for them
    /// in each of millions of names then, which takes longer than all of them together.
    pub fn has_plain_names(&self) -> bool {
        let is_odd = |byte: u8| (byte < b' ') | (byte == b'\\');
        *self.facts.has_plain_names.get_or_init(|| {
            !self.columns.images.name.value_data().iter().fold(false, |found, &byte| found | is_odd(byte))
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::timeline::testing::*;

    #[test]
    fn names_with_a_backslash_or_a_control_character_are_not_plain() {
        for (name, expected) in
            [("b/\u{e9} \"x\".jpg", true), ("b\\x.jpg", false), ("x\n.jpg", false), ("\u{1f}", false)]
        {
            let dataset = task(vec![label("car")], pictures(&["a.jpg", name], vec![job(0, 1)]));
            assert_eq!(dataset.has_plain_names(), expected, "{name:?}");
        }
    }
}
