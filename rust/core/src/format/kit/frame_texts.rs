//! What the formats of the YOLO family share: subsets as they name them, frames with one id, classes.

use crate::plan::{Options, Output, Part, line_chunks, picture_chunks};
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::annotation::place;
use super::outcomes::StaticOutcomes;
use super::splits::Group;
use crate::error::{Code, Error, Result};
use crate::report::Outcome;
use crate::schema::Schema;
use crate::timeline::{Scene, Timeline};

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

/// The subsets as groups of timelines.
pub fn groups(subsets: &[Subset]) -> impl Iterator<Item = Group> + '_ {
    subsets.iter().map(|subset| (subset.name.clone(), subset.timelines.clone()))
}

/// The text files of all subsets, then the lists; `sections` are those of the files and of the lists.
pub fn subset_parts(
    scene: &Scene<'_>,
    outcomes: &StaticOutcomes,
    subsets: &[Subset],
    lists: &[Group],
    (labels, list): (u8, u8),
) -> Vec<Part> {
    let texts =
        subsets.iter().map(|subset| Part::Files(outcomes.chunks(scene, subset.timelines.iter().copied(), labels)));
    let member = |(name, timelines): &Group| Part::Member {
        name: format!("{name}.txt"),
        chunks: line_chunks(scene, timelines.iter().copied(), list),
    };
    let lists = lists.iter().map(member);
    texts.chain(lists).collect()
}

/// The pictures of all subsets, if they are wanted.
pub fn picture_parts(scene: &Scene<'_>, subsets: &[Subset], options: &Options, section: u8) -> Vec<Part> {
    let chunks = |subset: &Subset| {
        let places = subset.timelines.iter();
        places.flat_map(|&place| picture_chunks(scene, place..place + 1, section)).collect()
    };
    subsets.iter().filter(|_| options.save_images).map(|subset| Part::Media(chunks(subset))).collect()
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
            if !may_repeat(scene, subset) || !scene.may_share_ids(&subset.timelines) {
                continue;
            }
            for &place in &subset.timelines {
                let timeline = &scene.timelines[place];
                for frame in timeline.frames.iter() {
                    let this = (place, frame);
                    let mut id = String::new();
                    timeline.write_stem(frame, &mut id);
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

    /// Parts these frames of a timeline, counted among the frames shown, where whether they are overwritten changes.
    pub fn pieces(&self, scene: &Scene<'_>, timeline: usize, places: Range<u32>) -> Vec<(bool, Range<u32>)> {
        if self.overwritten.is_empty() {
            return vec![(false, places)];
        }
        let frames = scene.timelines[timeline].frames.slice(places.clone());
        let mut pieces: Vec<(bool, Range<u32>)> = Vec::new();
        for (place, frame) in places.zip(frames) {
            let is_overwritten = self.overwritten.contains(&(timeline, frame));
            match pieces.last_mut().filter(|(before, _)| *before == is_overwritten) {
                Some((_, piece)) => piece.end = place + 1,
                None => pieces.push((is_overwritten, place..place + 1)),
            }
        }
        pieces
    }
}

/// Tallies frames whose text file a later picture has: what CVAT loses without a word stands in the report at least.
pub fn drop_frames(
    timeline: &Timeline<'_>,
    places: Range<u32>,
    tags: Outcome,
    message: &'static str,
    out: &mut Output,
) -> Result<()> {
    let Output { tally, scratch, .. } = out;
    timeline.visit_frames(places, &mut scratch.visit, |view| {
        tally.frames += 1;
        view.tags.iter().for_each(|&row| tally.tag(timeline.dataset.columns.tags.label[row as usize], tags));
        for item in view.items {
            tally.shape(item, OVERWRITTEN);
            tally.note(message, || place(timeline, item));
        }
        Ok(())
    })
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
    use crate::timeline::testing::{TaskSketch, job, label, task, video};

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

    #[test]
    fn frames_are_parted_where_their_files_begin_or_cease_to_be_overwritten() {
        let data = task(vec![label("car")], TaskSketch { deleted: vec![1], ..video(7, vec![job(0, 6)]) });
        let scene = Scene::new(&data).unwrap();
        let mut repeats = Repeats::default();
        assert_eq!(repeats.pieces(&scene, 0, 1..5), [(false, 1..5)]);
        // The frames shown are 0, 2, 3, 4, 5 and 6.
        repeats.overwritten = HashSet::from([(0, 3), (0, 4), (0, 6), (1, 2)]);
        assert_eq!(repeats.pieces(&scene, 0, 0..6), [(false, 0..2), (true, 2..4), (false, 4..5), (true, 5..6)]);
        assert_eq!(repeats.pieces(&scene, 0, 3..4), [(true, 3..4)]);
    }
}
