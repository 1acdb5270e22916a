//! The names of the files of masks: `PICTURE_LABEL_BOX.png`, picture and label reduced to ASCII.

use std::collections::{HashMap, HashSet};

use unicode_normalization::UnicodeNormalization;

use super::rows::find;
use crate::error::Result;
use crate::format::annotation::{Value, attributes, place};
use crate::format::ids::{Frame as FramePlace, Ids};
use crate::format::label_images::{self, Frame};
use crate::format::listing::{Picture, is_blank};
use crate::format::masks::NO_UPRIGHT_BOXES;
use crate::plan::{Chunk, Output};
use crate::report::Tally;
use crate::timeline::{Scene, Timeline};

/// The name of a mask.
pub struct Name {
    /// Of its file.
    pub file: String,
    /// Its box id.
    pub box_id: String,
}

/// The names of the masks of a frame, in order: with their attribute `box_id`, or the next free number.
pub fn names(frame: &Frame<'_>, tally: &mut Tally) -> Result<Vec<Name>> {
    let mut given = Vec::with_capacity(frame.masks.len());
    for mask in &frame.masks {
        let mut values = Vec::new();
        attributes(frame.timeline, &mask.leader, &mut values)?;
        let value = find(&values, "box_id").filter(|value| *value != Value::Text(""));
        let id = match value {
            Some(Value::Text(text)) if text != "." && text != ".." && !text.contains(['/', '\\', '\0']) => Some(text),
            _ => None,
        };
        if value.is_some() && id.is_none() {
            let message = "the attribute box_id cannot be a part of a file name and is not used (CVAT itself fails)";
            tally.note(message, || place(frame.timeline, &mask.leader));
        }
        given.push(id.map(str::to_owned));
    }
    let taken: HashSet<String> = given.iter().flatten().cloned().collect();
    let mut free = (0..).map(|number: u32| format!("{number:08x}")).filter(|id| !taken.contains(id));
    let picture = slug(&frame.picture.id);
    let names = frame.masks.iter().zip(given).map(|(mask, id)| {
        let box_id = id.or_else(|| free.next()).unwrap_or_default();
        let label = slug(&frame.timeline.dataset.schema.label(mask.leader.label).name);
        Name { file: format!("{picture}_{label}_{box_id}.png"), box_id }
    });
    Ok(names.collect())
}

/// Which frame writes a file that masks of several pictures of a subset would have: the last, as in CVAT.
#[derive(Default)]
pub struct MaskFiles {
    owners: HashMap<(String, String), FramePlace>,
}

impl MaskFiles {
    /// Looks for pictures whose reduced names are the same. Those of a video's frames differ.
    pub fn new(scene: &Scene<'_>, ids: &Ids) -> Result<Self> {
        let mut files = Self::default();
        for (_, timelines) in scene.subsets() {
            if !scene.timelines[timelines.clone()].iter().any(Timeline::may_repeat_names) {
                continue;
            }
            let mut by_slug: HashMap<String, Vec<FramePlace>> = HashMap::new();
            let mut picture = Picture::default();
            for place in timelines {
                let timeline = &scene.timelines[place];
                for frame in timeline.frames.iter() {
                    ids.read(place, timeline, frame, &mut picture)?;
                    by_slug.entry(slug(&picture.id)).or_default().push((place, frame));
                }
            }
            let mut shared: Vec<FramePlace> = by_slug.into_values().filter(|all| all.len() > 1).flatten().collect();
            shared.sort_unstable();
            for at in shared {
                files.claim(scene, ids, at)?;
            }
        }
        Ok(files)
    }

    fn claim(&mut self, scene: &Scene<'_>, ids: &Ids, at: FramePlace) -> Result<()> {
        let timeline = &scene.timelines[at.0];
        let rank = u64::from(timeline.frames.rank(at.1));
        let chunk = Chunk { section: 0, timeline: at.0, range: rank..rank + 1, first: 0 };
        label_images::visit(scene, ids, NO_UPRIGHT_BOXES, &chunk, &mut Output::default(), |frame, out| {
            for name in names(frame, &mut out.tally)? {
                self.owners.insert((timeline.subset.clone(), name.file), at);
            }
            Ok(())
        })
    }

    /// Whether a frame writes the file of this name.
    pub fn is_owner(&self, subset: &str, file: &str, at: FramePlace) -> bool {
        self.owners.is_empty()
            || self.owners.get(&(subset.to_owned(), file.to_owned())).is_none_or(|owner| *owner == at)
    }
}

/// A name in lower case ASCII, blanks and hyphens as one hyphen, anything but letters, digits and `_` left out.
fn slug(name: &str) -> String {
    let ascii: String = name
        .nfkd()
        .filter(|symbol| {
            symbol.is_ascii() && (symbol.is_ascii_alphanumeric() || is_blank(*symbol) || "_-".contains(*symbol))
        })
        .collect();
    let mut slug = String::with_capacity(ascii.len());
    for symbol in ascii.trim_matches(is_blank).chars() {
        if !(is_blank(symbol) || symbol == '-') {
            slug.push(symbol.to_ascii_lowercase());
        } else if !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_reduced_to_ascii() {
        for (name, expected) in [
            ("a/b img", "ab-img"),
            (" Caf\u{e9} - No. 1 ", "cafe-no-1"),
            ("\u{434}\u{43e}\u{43c}", ""),
            ("traffic_light", "traffic_light"),
            ("-x-", "-x-"),
            ("\u{ff21}", "a"),
        ] {
            assert_eq!(slug(name), expected, "{name:?}");
        }
    }
}
