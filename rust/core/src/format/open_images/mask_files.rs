//! The names of the files of masks: `PICTURE_LABEL_BOX.png`, picture and label reduced to ASCII, or to what every file
//! system holds.

use std::collections::{HashMap, HashSet};

use unicode_normalization::UnicodeNormalization;

use super::rows::find;
use crate::error::Result;
use crate::format::kit::annotation::{Value, attributes, place};
use crate::format::kit::ids::{Frame as FramePlace, Ids};
use crate::format::kit::listing::{LINE_BREAKS, Pictures, is_blank};
use crate::format::kit::masks::NO_UPRIGHT_BOXES;
use crate::plan::Scratch;
use crate::report::Tally;
use crate::timeline::{Item, Scene, Timeline};

/// The name of a mask.
pub struct Name {
    /// Of its file.
    pub file: String,
    /// Its box id.
    pub box_id: String,
}

/// How the files of masks are called.
pub enum Naming {
    /// After picture, label and box id; masks of several pictures may have one name.
    Slugs(Owners),
    /// The same with a number that runs through all masks, so that no two have one name.
    Numbers,
}

/// Which frame writes a file that masks of several pictures of a subset would have: the last, as in CVAT.
pub type Owners = HashMap<(String, String), FramePlace>;

impl Naming {
    /// The names of the masks of a frame, in order. `first` is the number of the first mask.
    pub fn names(
        &self,
        timeline: &Timeline<'_>,
        picture: &str,
        leaders: &[Item],
        first: u64,
        tally: &mut Tally,
    ) -> Result<Vec<Name>> {
        let given = given_ids(timeline, leaders, tally)?;
        let taken: HashSet<String> = given.iter().flatten().cloned().collect();
        let mut free = (0..).map(|number: u32| format!("{number:08x}")).filter(|id| !taken.contains(id));
        let names = (first..).zip(leaders.iter().zip(given)).map(|(number, (leader, id))| {
            let label = &timeline.dataset.schema.label(leader.label).name;
            match self {
                Self::Slugs(_) => {
                    let box_id = id.or_else(|| free.next()).unwrap_or_default();
                    Name { file: format!("{}_{}_{box_id}.png", slug(picture), slug(label)), box_id }
                }
                Self::Numbers => {
                    let number = format!("{number:08x}");
                    let file = format!("{}_{}_{number}.png", readable(picture), readable(&label.replace('/', "")));
                    Name { file, box_id: id.unwrap_or(number) }
                }
            }
        });
        Ok(names.collect())
    }

    /// Names as CVAT gives them. Looks for pictures whose reduced names are the same; those of a video's frames differ.
    pub fn slugs(scene: &Scene<'_>, ids: &Ids) -> Result<Self> {
        let mut owners = Owners::new();
        for (_, timelines) in scene.subsets() {
            if !scene.timelines[timelines.clone()].iter().any(Timeline::may_repeat_names) {
                continue;
            }
            let mut by_slug: HashMap<String, Vec<FramePlace>> = HashMap::new();
            for place in timelines {
                let timeline = &scene.timelines[place];
                let mut pictures = Pictures::new(timeline, &LINE_BREAKS);
                for frame in timeline.frames.iter() {
                    let picture = ids.read(place, frame, &mut pictures)?;
                    by_slug.entry(slug(picture.id)).or_default().push((place, frame));
                }
            }
            let mut shared: Vec<FramePlace> = by_slug.into_values().filter(|all| all.len() > 1).flatten().collect();
            shared.sort_unstable();
            for at in shared {
                claim(scene, ids, at, &mut owners)?;
            }
        }
        Ok(Self::Slugs(owners))
    }

    /// Whether a frame writes the file of this name.
    pub fn is_owner(&self, subset: &str, file: &str, at: FramePlace) -> bool {
        match self {
            Self::Slugs(owners) if !owners.is_empty() => {
                owners.get(&(subset.to_owned(), file.to_owned())).is_none_or(|owner| *owner == at)
            }
            _ => true,
        }
    }
}

/// Makes a frame the owner of the files of its masks.
fn claim(scene: &Scene<'_>, ids: &Ids, at: FramePlace, owners: &mut Owners) -> Result<()> {
    let timeline = &scene.timelines[at.0];
    let rank = timeline.frames.rank(at.1);
    let mut pictures = Pictures::new(timeline, &LINE_BREAKS);
    let picture = ids.read(at.0, at.1, &mut pictures)?;
    let Scratch { mut visit, .. } = Scratch::default();
    timeline.visit_frames(rank..rank + 1, &mut visit, |view| {
        let (leaders, _) = NO_UPRIGHT_BOXES.leaders(timeline, view.items, &mut Scratch::default())?;
        let naming = Naming::Slugs(Owners::new());
        for name in naming.names(timeline, picture.id, &leaders, 0, &mut Tally::default())? {
            owners.insert((timeline.subset.clone(), name.file), at);
        }
        Ok(())
    })
}

/// The attribute `box_id` of each mask, where it has one that can be used.
fn given_ids(timeline: &Timeline<'_>, leaders: &[Item], tally: &mut Tally) -> Result<Vec<Option<String>>> {
    let mut given = Vec::with_capacity(leaders.len());
    for leader in leaders {
        let mut values = Vec::new();
        attributes(timeline, leader, &mut values)?;
        let value = find(&values, "box_id").filter(|value| *value != Value::Text(""));
        let id = match value {
            Some(Value::Text(text)) if text != "." && text != ".." && !text.contains(['/', '\\', '\0']) => Some(text),
            _ => None,
        };
        if value.is_some() && id.is_none() {
            let message = "the attribute box_id cannot be a part of a file name and is not used (CVAT itself fails)";
            tally.note(message, || place(timeline, leader));
        }
        given.push(id.map(str::to_owned));
    }
    Ok(given)
}

/// The beginning of a name, with hyphens for what not every file system holds.
fn readable(name: &str) -> String {
    // Two of these and a number fit into the 255 bytes that a file name may have, in most scripts.
    const LONGEST: usize = 40;
    let is_kept = |symbol: char| symbol.is_alphanumeric() || "._-".contains(symbol);
    name.chars().take(LONGEST).map(|symbol| if is_kept(symbol) { symbol } else { '-' }).collect()
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

    #[test]
    fn readable_names_keep_their_script_but_nothing_that_parts_paths() {
        assert_eq!(readable("a/b\\c: \u{434}\u{43e}\u{43c}_1.x"), "a-b-c--\u{434}\u{43e}\u{43c}_1.x");
        assert_eq!(readable(&"x".repeat(41)).len(), 40);
    }
}
