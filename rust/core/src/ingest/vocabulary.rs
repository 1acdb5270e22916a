//! How annotations name labels and attributes: backups by name, servers by id. Either is first read as a number, its
//! word; which label or attribute a word means is known only when the label of the annotation (and that of its
//! skeleton) has been read, and in a backup that comes last.

use std::collections::HashMap;

use super::labels::Labels;
use crate::error::{Code, Error, Result};
use crate::schema::Schema;

/// The number of a name or id.
pub type Word = u32;

/// The words of a schema.
pub struct Vocabulary {
    names: HashMap<Box<str>, Word>,
    label_ids: HashMap<u64, Word>,
    attribute_ids: HashMap<u64, Word>,
    /// What each word was, for messages.
    words: Vec<Box<str>>,
    labels: HashMap<(Option<u32>, Word), u32>,
    /// Words and attribute numbers of each label, by word.
    attributes: Vec<Vec<(Word, u32)>>,
}

impl Vocabulary {
    /// The words for the labels and attributes of a schema: their names, and their ids if there are any.
    pub fn new(labels: &Labels) -> Self {
        let mut this = Self {
            names: HashMap::new(),
            label_ids: HashMap::new(),
            attribute_ids: HashMap::new(),
            words: Vec::new(),
            labels: HashMap::new(),
            attributes: Vec::new(),
        };
        let schema = &labels.schema;
        for (index, label) in schema.labels().iter().enumerate() {
            let parent = label.parent.map(|parent| parent as u32);
            let name = this.name(&label.name);
            this.labels.entry((parent, name)).or_insert(index as u32);
            if let Some(id) = labels.label_ids[index] {
                let word = this.word(format!("{} (label_id {id})", label.name));
                this.label_ids.insert(id, word);
                this.labels.insert((parent, word), index as u32);
            }
            let first = schema.first_attribute(index as u32);
            let mut attributes = Vec::new();
            for (attribute, number) in label.attributes.iter().zip(first..) {
                attributes.push((this.name(&attribute.name), number));
                if let Some(id) = labels.attribute_ids[number as usize] {
                    let word = this.word(format!("{} (spec_id {id})", attribute.name));
                    this.attribute_ids.insert(id, word);
                    attributes.push((word, number));
                }
            }
            attributes.sort_unstable();
            this.attributes.push(attributes);
        }
        this
    }

    fn name(&mut self, name: &str) -> Word {
        if let Some(&word) = self.names.get(name) {
            return word;
        }
        let word = self.word(name.to_owned());
        self.names.insert(name.into(), word);
        word
    }

    fn word(&mut self, text: String) -> Word {
        self.words.push(text.into());
        self.words.len() as Word - 1
    }

    /// The word for the name of a label.
    pub fn label_name(&self, name: &str) -> Result<Word> {
        self.names.get(name).copied().ok_or_else(|| unknown_label(name))
    }

    /// The word for the id of a label.
    pub fn label_id(&self, id: i64) -> Result<Word> {
        let known = u64::try_from(id).ok().and_then(|id| self.label_ids.get(&id));
        known.copied().ok_or_else(|| unknown_label(&format!("label_id {id}")))
    }

    /// The word for the name of an attribute.
    pub fn attribute_name(&self, name: &str) -> Result<Word> {
        self.names.get(name).copied().ok_or_else(|| unknown_attribute(name))
    }

    /// The word for the id of an attribute.
    pub fn attribute_id(&self, id: i64) -> Result<Word> {
        let known = u64::try_from(id).ok().and_then(|id| self.attribute_ids.get(&id));
        known.copied().ok_or_else(|| unknown_attribute(&format!("spec_id {id}")))
    }

    /// The label that a word means at the top, or below a skeleton's label.
    pub fn label(&self, parent: Option<u32>, word: Word) -> Result<u32> {
        self.labels.get(&(parent, word)).copied().ok_or_else(|| unknown_label(&self.words[word as usize]))
    }

    /// The attribute that a word means in a label.
    pub fn attribute(&self, schema: &Schema, label: u32, word: Word) -> Result<u32> {
        let attributes = &self.attributes[label as usize];
        match attributes.binary_search_by_key(&word, |&(known, _)| known) {
            Ok(place) => Ok(attributes[place].1),
            Err(_) => Err(unknown_attribute(&self.words[word as usize]).of_label(schema.path(label))),
        }
    }
}

fn unknown_label(name: &str) -> Error {
    Error::new(Code::UnknownLabel, format!("the source declares no such label: {name}"))
}

fn unknown_attribute(name: &str) -> Error {
    Error::new(Code::UnknownAttribute, format!("the label declares no such attribute: {name}"))
}
