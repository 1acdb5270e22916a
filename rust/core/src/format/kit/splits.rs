//! The subsets of a scene as tools for training want them: for training, for validation and for testing.

use crate::error::Place;
use crate::plan::Profile;
use crate::report::Tally;
use crate::timeline::Scene;

/// A name, and the places of its timelines.
pub type Group = (String, Vec<usize>);

/// The lists of images, and the keys by which a file names them.
pub struct Lists {
    /// The lists.
    pub files: Vec<Group>,
    /// Keys, and the names of their lists.
    pub keys: Vec<(String, String)>,
}

/// The splits that training tools know, under every name that people give them, in lower case. A subset without a name
/// is for training.
const SPLITS: [(&str, &[&str]); 3] =
    [(TRAIN, &["train", "training", "default"]), (VAL, &["val", "valid", "validation"]), (TEST, &["test", "testing"])];

const TRAIN: &str = "train";
const VAL: &str = "val";
const TEST: &str = "test";

/// The subsets of a scene as a profile wants them.
pub fn groups(scene: &Scene<'_>, profile: Profile) -> Vec<Group> {
    let subsets = scene.subsets().into_iter();
    Lists::new(subsets.map(|(name, timelines)| (name.to_owned(), timelines.collect())), profile).files
}

/// The name of the group of each timeline.
pub fn names_of_timelines(groups: &[Group], timelines: usize) -> Vec<String> {
    let mut names = vec![String::new(); timelines];
    for (name, places) in groups {
        places.iter().for_each(|&place| names[place].clone_from(name));
    }
    names
}

impl Lists {
    /// The lists that a profile wants.
    pub fn new(subsets: impl Iterator<Item = Group>, profile: Profile) -> Self {
        match profile {
            Profile::Cvat => Self::of_subsets(subsets.collect()),
            Profile::Training => Self::of_splits(subsets.collect()),
        }
    }

    fn of_subsets(files: Vec<Group>) -> Self {
        let keys = files.iter().map(|(name, _)| (name.clone(), name.clone())).collect();
        Self { files, keys }
    }

    /// A list for each split. Without a subset for training, those that are no split are trained on. The tools want a list
    /// for training and one for validation: each stands in for the other, but a list for testing stands in for neither,
    /// since a model that has seen its test proves nothing. If there is only that one, the others are one empty list.
    fn of_splits(subsets: Vec<Group>) -> Self {
        let has_train = subsets.iter().any(|(name, _)| split(name) == Some(TRAIN));
        let mut files: Vec<Group> = Vec::new();
        for (subset, timelines) in subsets {
            let own = if has_train { subset.as_str() } else { TRAIN };
            let name = split(&subset).unwrap_or(own);
            match files.iter_mut().find(|(known, _)| known == name) {
                Some((_, known)) => known.extend(timelines),
                None => files.push((name.to_owned(), timelines)),
            }
        }
        let file = |name: &str| files.iter().map(|(known, _)| known.as_str()).find(|known| *known == name);
        let (train, val, test) = (file(TRAIN), file(VAL), file(TEST));
        let empty = test.map(|_| TRAIN);
        let lists = [train.or(val).or(empty), val.or(train).or(empty), test];
        let keys = SPLITS.iter().zip(lists).filter_map(|((key, _), list)| Some(((*key).to_owned(), list?.to_owned())));
        Self { keys: keys.collect(), files }
    }

    /// The lists that the keys name, and those that no key names. A list without images is among them.
    pub fn named(&self) -> Vec<Group> {
        let is_missing = |name: &str| self.files.iter().all(|(known, _)| known != name);
        let empty = self.keys.iter().find(|(_, list)| is_missing(list)).map(|(_, list)| (list.clone(), Vec::new()));
        self.files.iter().cloned().chain(empty).collect()
    }

    /// Notes it where a split has no images of its own.
    pub fn note(&self, tally: &mut Tally) {
        let has = |name: &str| self.files.iter().any(|(known, _)| known == name);
        let wanted = |name: &str| self.keys.iter().any(|(key, _)| key == name);
        let message = match (has(TRAIN), has(VAL)) {
            _ if !wanted(TRAIN) || !wanted(VAL) => return,
            (true, true) => return,
            (true, false) => "training and validation use the same images: no subset is called val",
            (false, true) => "training and validation use the same images: no subset is for training",
            (false, false) => "there are no images to train on: the only subset is for testing",
        };
        tally.note(message, Place::default);
    }
}

fn split(subset: &str) -> Option<&'static str> {
    let name = subset.to_lowercase();
    SPLITS.iter().find(|(_, names)| names.contains(&name.as_str())).map(|(split, _)| *split)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lists with the places of their subsets, and the keys.
    fn splits(names: &[&str]) -> (Vec<String>, Vec<String>) {
        let subset = |(place, name): (usize, &&str)| ((*name).to_owned(), vec![place]);
        let lists = Lists::new(names.iter().enumerate().map(subset), Profile::Training);
        let files = lists.named().into_iter().map(|(name, timelines)| format!("{name} {timelines:?}"));
        (files.collect(), lists.keys.into_iter().map(|(key, list)| format!("{key}: {list}")).collect())
    }

    #[test]
    fn a_tool_for_training_finds_a_list_to_train_on_and_one_to_validate_on() {
        for (subsets, files, keys) in [
            (&["default"][..], &["train [0]"][..], &["train: train", "val: train"][..]),
            (
                &["Test", "Train", "Validation"],
                &["test [0]", "train [1]", "val [2]"],
                &["train: train", "val: val", "test: test"],
            ),
            (&["a", "b", "val"], &["train [0, 1]", "val [2]"], &["train: train", "val: val"]),
            // A subset that is none of the three stays out of the training if there is one to train on.
            (&["a", "train", "Train"], &["a [0]", "train [1, 2]"], &["train: train", "val: train"]),
            (&["valid"], &["val [0]"], &["train: val", "val: val"]),
            // Nobody trains on a test, and nobody is validated on it.
            (&["test", "val"], &["test [0]", "val [1]"], &["train: val", "val: val", "test: test"]),
            (&["Test"], &["test [0]", "train []"], &["train: train", "val: train", "test: test"]),
            (&["test", "train"], &["test [0]", "train [1]"], &["train: train", "val: train", "test: test"]),
            (&[], &[], &[]),
        ] {
            let expected =
                (files.iter().map(ToString::to_string).collect(), keys.iter().map(ToString::to_string).collect());
            assert_eq!(splits(subsets), expected, "{subsets:?}");
        }
    }
}
