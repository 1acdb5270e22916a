//! What a source holds that was not taken as it stands. Reports and `inspect` show it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::Place;

/// Something that was left out or taken as something plainer, with how often and where first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// What was done.
    pub message: String,
    /// How often.
    pub count: u64,
    /// Where it was done first.
    pub place: String,
    /// Annotations that are left out by it.
    pub left_out: u64,
}

/// Notes as they are taken, one for each message.
#[derive(Debug, Default)]
pub struct Notes(BTreeMap<String, Note>);

impl Notes {
    /// Notes that something was done, and how many annotations that leaves out.
    pub fn add(&mut self, message: String, place: &Place, left_out: u64) {
        let note = self.0.entry(message).or_insert_with_key(|message| Note {
            message: message.clone(),
            count: 0,
            place: place.to_string(),
            left_out: 0,
        });
        note.count += 1;
        note.left_out += left_out;
    }

    /// All of them, by message.
    pub fn finish(self) -> Vec<Note> {
        self.0.into_values().collect()
    }
}
