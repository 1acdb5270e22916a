//! Folders that are classes: readers take the name of a folder for that of its class.

use std::collections::HashMap;

use crate::error::{Code, Error, Result};
use crate::plan::Profile;
use crate::schema::{Label, Schema};

/// The folder of each label: its name, as CVAT has it. For training it is one folder on every system, and two classes in
/// one folder are an error; `is_class` says which labels are classes.
pub fn class_folders(schema: &Schema, profile: Profile, is_class: impl Fn(&Label) -> bool) -> Result<Vec<String>> {
    let labels = schema.labels();
    if profile == Profile::Cvat {
        return Ok(labels.iter().map(|label| label.name.clone()).collect());
    }
    let folders: Vec<String> = labels.iter().map(|label| clean(&label.name)).collect();
    let mut label_of = HashMap::new();
    for (label, folder) in labels.iter().zip(&folders).filter(|(label, _)| is_class(label)) {
        let other = label_of.insert(folder, &label.name).filter(|other| **other != label.name);
        if let Some(other) = other {
            let message = format!("the images of {other:?} and {:?} would be in one folder {folder:?}", label.name);
            return Err(Error::new(Code::NameCollision, message)
                .of_label(label.name.as_str())
                .advise("rename one of them, or leave it out (--labels)"));
        }
    }
    Ok(folders)
}

/// The name of one folder that every system can have: a folder in a folder would be of the upper one's class, Windows
/// refuses some characters and drops dots and blanks at the end, and a dot at the beginning hides a folder.
fn clean(name: &str) -> String {
    let is_bad = |symbol: char| symbol.is_control() || "/\\:*?\"<>|".contains(symbol);
    let mut clean: String = name.chars().map(|symbol| if is_bad(symbol) { '_' } else { symbol }).collect();
    if clean.starts_with(['.', ' ']) {
        clean.replace_range(..1, "_");
    }
    if clean.ends_with(['.', ' ']) {
        clean.replace_range(clean.len() - 1.., "_");
    }
    if clean.is_empty() { "_".to_owned() } else { clean }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::testing::{label, sublabel};

    fn folders(labels: Vec<Label>, profile: Profile) -> Result<Vec<String>> {
        class_folders(&Schema::from(labels), profile, |label| label.parent.is_none())
    }

    #[test]
    fn for_training_the_name_of_a_class_is_that_of_one_folder() {
        for (name, folder) in [
            ("big cat", "big cat"),
            ("cat/black\\1", "cat_black_1"),
            ("..", "__"),
            (".", "_"),
            ("", "_"),
            ("a: \"b\"?", "a_ _b__"),
            ("cat. ", "cat._"),
            ("a\tb", "a_b"),
            ("猫", "猫"),
        ] {
            assert_eq!(folders(vec![label(name)], Profile::Training), Ok(vec![folder.to_owned()]), "{name:?}");
            assert_eq!(folders(vec![label(name)], Profile::Cvat), Ok(vec![name.to_owned()]));
        }
    }

    #[test]
    fn two_classes_are_never_in_one_folder() {
        let refused = folders(vec![label("a/b"), label("c"), label("a_b")], Profile::Training);
        assert_eq!(refused.map_err(|error| error.code()), Err(Code::NameCollision));
        assert!(folders(vec![label("a/b"), label("s"), sublabel("a_b", 1)], Profile::Training).is_ok());
        assert!(folders(vec![label("a/b"), label("a_b")], Profile::Cvat).is_ok());
    }
}
