//! The classes of labels: CVAT's, by name, or those of Cityscapes.

use crate::error::Result;
use crate::format::kit::listing::write_field;
use crate::format::kit::palette::{Colour, Palette, colour_of};
use crate::plan::Output;
use crate::schema::Schema;

/// What the images have for a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// In the image of colours.
    pub colour: Colour,
    /// In that of instances, alone or times 1000.
    pub number: usize,
    /// What a byte has of the number, in the image of classes.
    pub byte: u8,
    /// In the image for training.
    pub for_training: u8,
    /// Whether each of its masks is an object.
    pub has_instances: bool,
    /// What the report says about its masks.
    pub note: Option<&'static str>,
}

/// The classes of all labels.
pub struct Classes {
    /// Names and colours by number.
    pub listed: Vec<(String, Colour)>,
    /// The class of pixels without a mask.
    pub none: Class,
    of_label: Vec<Option<Class>>,
}

/// What the report says about masks without a class.
pub const NOT_DRAWN: &str = "license plates are not drawn, as in Cityscapes: what lies below them shows";
const OWN: &str =
    "Cityscapes does not have the label: it has a number of its own, which the official scripts do not know";

/// What models are not trained on.
const IGNORED: u8 = u8::MAX;

/// Name, number for training (none: not trained on), whether each is an object, and colour of the classes of
/// Cityscapes, by number (`helpers/labels.py` of cityscapesScripts).
#[rustfmt::skip]
const OFFICIAL: [(&str, Option<u8>, bool, Colour); 34] = [
    ("unlabeled", None, false, [0, 0, 0]),
    ("ego vehicle", None, false, [0, 0, 0]),
    ("rectification border", None, false, [0, 0, 0]),
    ("out of roi", None, false, [0, 0, 0]),
    ("static", None, false, [0, 0, 0]),
    ("dynamic", None, false, [111, 74, 0]),
    ("ground", None, false, [81, 0, 81]),
    ("road", Some(0), false, [128, 64, 128]),
    ("sidewalk", Some(1), false, [244, 35, 232]),
    ("parking", None, false, [250, 170, 160]),
    ("rail track", None, false, [230, 150, 140]),
    ("building", Some(2), false, [70, 70, 70]),
    ("wall", Some(3), false, [102, 102, 156]),
    ("fence", Some(4), false, [190, 153, 153]),
    ("guard rail", None, false, [180, 165, 180]),
    ("bridge", None, false, [150, 100, 100]),
    ("tunnel", None, false, [150, 120, 90]),
    ("pole", Some(5), false, [153, 153, 153]),
    ("polegroup", None, false, [153, 153, 153]),
    ("traffic light", Some(6), false, [250, 170, 30]),
    ("traffic sign", Some(7), false, [220, 220, 0]),
    ("vegetation", Some(8), false, [107, 142, 35]),
    ("terrain", Some(9), false, [152, 251, 152]),
    ("sky", Some(10), false, [70, 130, 180]),
    ("person", Some(11), true, [220, 20, 60]),
    ("rider", Some(12), true, [255, 0, 0]),
    ("car", Some(13), true, [0, 0, 142]),
    ("truck", Some(14), true, [0, 0, 70]),
    ("bus", Some(15), true, [0, 60, 100]),
    ("caravan", None, true, [0, 0, 90]),
    ("trailer", None, true, [0, 0, 110]),
    ("train", Some(16), true, [0, 80, 100]),
    ("motorcycle", Some(17), true, [0, 0, 230]),
    ("bicycle", Some(18), true, [119, 11, 32]),
];

/// Classes that models are trained on.
const TRAINED: usize = 19;

impl Classes {
    /// Labels sorted by name behind the background, as CVAT numbers them.
    pub fn by_name(schema: &Schema) -> Result<Self> {
        let palette = Palette::by_name(schema)?.with_background_first();
        let class = |number: usize| Class {
            colour: palette.colour(number),
            number,
            // CVAT keeps a byte.
            byte: (number & 255) as u8,
            for_training: IGNORED,
            has_instances: number != palette.background,
            note: None,
        };
        let of_label = (0..schema.len() as u32).map(|label| Some(class(palette.class(label)))).collect();
        let none = class(palette.background);
        Ok(Self { none, of_label, listed: palette.classes })
    }

    /// The classes of Cityscapes; labels that it does not have follow by name.
    pub fn official(schema: &Schema) -> Result<Self> {
        let mut listed: Vec<_> = OFFICIAL.iter().map(|(name, _, _, colour)| ((*name).to_owned(), *colour)).collect();
        let is_own = |name: &str| !matches!(meaning(name), Meaning::Class { .. } | Meaning::LicensePlate);
        let mut own: Vec<(String, Colour)> = Vec::new();
        for (place, label) in (0..).zip(schema.labels()) {
            if label.is_alone() && is_own(&label.name) {
                own.push((label.name.clone(), colour_of(schema, place)?));
            }
        }
        own.sort_by(|a, b| a.0.cmp(&b.0));
        own.dedup_by(|next, kept| next.0 == kept.0);
        listed.extend(own);
        let of_label = schema.labels().iter().map(|label| class_of(&label.name, &listed)).collect();
        Ok(Self { none: official(0, false), of_label, listed })
    }

    /// Writes all of them with their numbers.
    pub fn write_table(&self, out: &mut Output) {
        out.text("id,trainId,name,red,green,blue\n");
        for (number, (name, [red, green, blue])) in self.listed.iter().enumerate() {
            out.text(&format!("{number},{},", for_training(number)));
            write_field(name, &mut out.bytes);
            out.text(&format!(",{red},{green},{blue}\n"));
        }
    }

    /// The class of a label; none if it is not drawn.
    pub fn of(&self, label: u32) -> Option<&Class> {
        self.of_label[label as usize].as_ref()
    }
}

/// What the name of a label says to Cityscapes.
#[derive(Debug, PartialEq, Eq)]
enum Meaning {
    /// One of its classes, or a group of such that cannot be told apart.
    Class {
        number: usize,
        is_group: bool,
    },
    /// It is a part of the table without a number.
    LicensePlate,
    Unknown,
}

/// Letter case does not matter, nor how words are parted. Groups are called as in the files of Cityscapes: `cargroup`.
fn meaning(name: &str) -> Meaning {
    let name = name.to_lowercase().replace(['_', '-'], " ");
    let number = |name: &str| match name.trim() {
        "background" => Some(0),
        name => OFFICIAL.iter().position(|(known, ..)| *known == name),
    };
    if let Some(number) = number(&name) {
        return Meaning::Class { number, is_group: false };
    }
    match name.trim().strip_suffix("group").and_then(number) {
        Some(number) => Meaning::Class { number, is_group: true },
        None if name.trim() == "license plate" => Meaning::LicensePlate,
        None => Meaning::Unknown,
    }
}

fn for_training(number: usize) -> u8 {
    match OFFICIAL.get(number) {
        Some((_, for_training, ..)) => for_training.unwrap_or(IGNORED),
        None => u8::try_from(number - OFFICIAL.len() + TRAINED).unwrap_or(IGNORED),
    }
}

fn official(number: usize, is_group: bool) -> Class {
    let (_, _, has_instances, colour) = OFFICIAL[number];
    Class {
        colour,
        number,
        byte: number as u8,
        for_training: for_training(number),
        has_instances: has_instances && !is_group,
        note: None,
    }
}

fn class_of(name: &str, listed: &[(String, Colour)]) -> Option<Class> {
    match meaning(name) {
        Meaning::Class { number, is_group } => return Some(official(number, is_group)),
        Meaning::LicensePlate => return None,
        Meaning::Unknown => {}
    }
    // Sublabels are not listed, for nothing of them is a mask.
    let own = listed[OFFICIAL.len()..].iter().position(|(known, _)| known == name).unwrap_or_default();
    let number = OFFICIAL.len() + own;
    Some(Class {
        colour: listed.get(number).map_or([0; 3], |(_, colour)| *colour),
        number,
        byte: u8::try_from(number).unwrap_or(IGNORED),
        for_training: for_training(number),
        has_instances: true,
        note: Some(OWN),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::testing::{label, sublabel};

    #[test]
    fn letter_case_and_what_parts_words_do_not_matter() {
        let class = |number, is_group| Meaning::Class { number, is_group };
        for (name, expected) in [
            ("road", class(7, false)),
            ("Traffic_Light", class(19, false)),
            ("rail-track ", class(10, false)),
            ("background", class(0, false)),
            ("cargroup", class(26, true)),
            ("Car Group", class(26, true)),
            ("polegroup", class(18, false)),
            ("License plate", Meaning::LicensePlate),
            ("zebra", Meaning::Unknown),
            ("group", Meaning::Unknown),
            ("", Meaning::Unknown),
        ] {
            assert_eq!(meaning(name), expected, "{name:?}");
        }
    }

    #[test]
    fn labels_that_cityscapes_does_not_have_follow_its_own_by_name() {
        let skeleton = crate::schema::Label { kind: "skeleton".into(), ..label("body") };
        let labels = vec![label("zebra"), label("Car"), label("ant"), skeleton, sublabel("head", 3)];
        let classes = Classes::official(&Schema::from(labels)).unwrap();
        let numbers = [0, 1, 2].map(|label| classes.of(label).map(|it| (it.number, it.byte, it.for_training)));
        assert_eq!(numbers, [Some((35, 35, 20)), Some((26, 26, 13)), Some((34, 34, 19))]);
        let names: Vec<&str> = classes.listed.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!((names.len(), &names[33..]), (36, ["bicycle", "ant", "zebra"].as_slice()));
    }
}
