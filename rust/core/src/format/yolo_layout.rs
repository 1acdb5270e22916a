//! What the formats of the YOLO family share: subsets as they name them, frames with one id, classes.

use std::collections::{HashMap, HashSet};

use crate::error::{Code, Error, Result};
use crate::plan::{Part, frame_chunks};
use crate::report::Outcome;
use crate::schema::Schema;
use crate::timeline::Scene;

/// Section of the text files.
pub const LABELS: u8 = 0;
/// Section of the lists of pictures.
pub const LISTS: u8 = 1;

/// What becomes of the shapes of a picture whose text file a later one has.
pub const OVERWRITTEN: Outcome = Outcome::Dropped("a later picture of the same name has its label file");

/// A subset as the YOLO formats see it.
pub struct Subset {
    /// Its name in paths.
    pub name: String,
    /// Places of its timelines.
    pub timelines: Vec<usize>,
}

/// The subsets in order. `default` is called `train`, or joins a subset that is called so already in any letter case.
/// A subset with a reserved name is an error.
pub fn subsets(scene: &Scene<'_>, reserved: &[&str]) -> Result<Vec<Subset>> {
    let mut subsets = Vec::new();
    let mut default = Vec::new();
    for (name, timelines) in scene.subsets() {
        if reserved.contains(&name) {
            return Err(Error::new(Code::ReservedName, format!("YOLO reserves the subset name {name:?}"))
                .advise("give the subset another name in CVAT"));
        }
        if name == "default" {
            default.extend(timelines);
        } else {
            subsets.push(Subset { name: name.to_owned(), timelines: timelines.collect() });
        }
    }
    if !default.is_empty() {
        match subsets.iter_mut().find(|subset: &&mut Subset| subset.name.eq_ignore_ascii_case("train")) {
            Some(train) => train.timelines.extend(default),
            None => subsets.push(Subset { name: "train".to_owned(), timelines: default }),
        }
    }
    Ok(subsets)
}

/// The text files of all subsets, then their lists.
pub fn subset_parts(scene: &Scene<'_>, subsets: &[Subset]) -> Vec<Part> {
    let chunks = |subset: &Subset, section| {
        let places = subset.timelines.iter();
        places.flat_map(|&place| frame_chunks(scene, place..place + 1, section)).collect::<Vec<_>>()
    };
    let labels = subsets.iter().map(|subset| Part::Files(chunks(subset, LABELS)));
    let lists = subsets
        .iter()
        .map(|subset| Part::Member { name: format!("{}.txt", subset.name), chunks: chunks(subset, LISTS) });
    labels.chain(lists).collect()
}

/// Place of the subset of each timeline.
pub fn subset_of_timelines(scene: &Scene<'_>, subsets: &[Subset]) -> Vec<usize> {
    let mut subset_of = vec![0; scene.timelines.len()];
    for (place, subset) in subsets.iter().enumerate() {
        for &timeline in &subset.timelines {
            subset_of[timeline] = place;
        }
    }
    subset_of
}

/// Place of a timeline, and a frame of it.
pub type Frame = (usize, u32);

/// Frames whose id another frame of their subset has too: two pictures whose names differ in the extension only, a
/// picture that CVAT renamed to what another is called, or pictures of `default` and `train`. They share one text file
/// and one line of the list.
#[derive(Default)]
pub struct Repeats {
    /// Those that share an id with a later one that has a text file: the later one's annotations stand in it.
    pub overwritten: HashSet<Frame>,
    /// The first of an id, and the last of it.
    pub latest: HashMap<Frame, Frame>,
    /// Those that share an id with an earlier one: a list names the id once.
    pub listed: HashSet<Frame>,
}

impl Repeats {
    /// Finds them. `has_file` tells of a frame whether it has a text file.
    pub fn find(
        scene: &Scene<'_>,
        subsets: &[Subset],
        mut has_file: impl FnMut(usize, u32) -> Result<bool>,
    ) -> Result<Self> {
        let mut repeats = Self::default();
        for subset in subsets {
            // The first frame with an id, and the one whose text file stands.
            let mut known: HashMap<String, (Frame, Frame)> = HashMap::new();
            for &place in subset.timelines.iter().filter(|_| may_repeat(scene, subset)) {
                let timeline = &scene.timelines[place];
                for frame in timeline.frames.iter() {
                    let this = (place, frame);
                    let mut id = String::new();
                    timeline.write_id(frame, &mut id, &mut String::new());
                    let (first, standing) = known.entry(id).or_insert((this, this));
                    if *first == this {
                        continue;
                    }
                    repeats.listed.insert(this);
                    repeats.latest.insert(*first, this);
                    if has_file(place, frame)? {
                        repeats.overwritten.insert(*standing);
                        *standing = this;
                    }
                }
            }
        }
        Ok(repeats)
    }
}

/// Whether frames of a subset may have one name but for folder and extension; those of one video do not.
pub fn may_repeat(scene: &Scene<'_>, subset: &Subset) -> bool {
    subset.timelines.len() > 1 || subset.timelines.iter().any(|&place| scene.timelines[place].may_repeat_names())
}

/// The class of each label: its place among the labels that are no sublabels.
pub fn classes(schema: &Schema) -> Vec<u32> {
    let mut next = 0;
    let class = |label: &crate::schema::Label| {
        let class = next;
        next += u32::from(label.parent.is_none());
        class
    };
    schema.labels().iter().map(class).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Label;

    #[test]
    fn sublabels_have_no_class_of_their_own() {
        let label = |parent| Label {
            name: "a".into(),
            color: "#000000".into(),
            kind: "any".into(),
            attributes: Vec::new(),
            parent,
            svg: None,
        };
        let classes = classes(&Schema::from(vec![label(None), label(Some(0)), label(None), label(None)]));
        assert_eq!([classes[0], classes[2], classes[3]], [0, 1, 2]);
    }
}
