//! Labels as the classes of label images: sorted by name, each with a colour.

use crate::error::{Code, Error, Result};
use crate::schema::Schema;

/// A colour: red, green, blue.
pub type Colour = [u8; 3];

const BLACK: Colour = [0; 3];
/// The class that is added to labels without one of that name.
pub const BACKGROUND: &str = "background";

/// The classes that a schema makes. `background` is always one of them.
#[derive(Debug, PartialEq, Eq)]
pub struct Palette {
    /// Names and colours by class number.
    pub classes: Vec<(String, Colour)>,
    /// The class of pixels that no mask covers: the first black one, without any that called `background`. A mask of
    /// this class takes away what lies below it.
    pub background: usize,
    /// Class of each label.
    class_of: Vec<usize>,
    /// Whether no label is called `background`.
    pub is_background_added: bool,
}

impl Palette {
    /// Classes in the alphabetical order of their names. Of labels with one name the last one's colour counts.
    pub fn by_name(schema: &Schema) -> Result<Self> {
        let mut classes: Vec<(String, Colour)> = Vec::with_capacity(schema.len() + 1);
        for (place, label) in schema.labels().iter().enumerate() {
            classes.push((label.name.clone(), colour_of(schema, place as u32)?));
        }
        let is_background_added = !classes.iter().any(|(name, _)| name == BACKGROUND);
        if is_background_added {
            classes.push((BACKGROUND.to_owned(), BLACK));
        }
        // Stable, so that the last of one name is the last in order.
        classes.sort_by(|a, b| a.0.cmp(&b.0));
        classes.reverse();
        classes.dedup_by(|next, kept| next.0 == kept.0);
        classes.reverse();
        let class = |wanted: &str| classes.iter().position(|(name, _)| name == wanted).unwrap_or_default();
        let class_of = schema.labels().iter().map(|label| class(&label.name)).collect();
        let black = classes.iter().position(|(_, colour)| *colour == BLACK);
        let background = black.unwrap_or_else(|| class(BACKGROUND));
        Ok(Self { classes, background, class_of, is_background_added })
    }

    /// Classes in the order of the labels, in the colours of PASCAL VOC; a `background` that is added comes first.
    pub fn in_order(schema: &Schema) -> Self {
        let labels = schema.labels().iter().map(|label| label.name.as_str());
        let is_background_added = labels.clone().all(|name| name != BACKGROUND);
        let mut names: Vec<&str> = is_background_added.then_some(BACKGROUND).into_iter().collect();
        for name in labels.clone() {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let class = |wanted: &str| names.iter().position(|name| *name == wanted).unwrap_or_default();
        let (class_of, background) = (labels.map(class).collect(), class(BACKGROUND));
        let classes = names.iter().enumerate().map(|(place, name)| ((*name).to_owned(), voc(place))).collect();
        Self { classes, background, class_of, is_background_added }
    }

    /// The same with the background as class 0, and the others behind it in their order.
    pub fn with_background_first(mut self) -> Self {
        self.classes[..=self.background].rotate_right(1);
        for class in &mut self.class_of {
            *class = match (*class).cmp(&self.background) {
                std::cmp::Ordering::Less => *class + 1,
                std::cmp::Ordering::Equal => 0,
                std::cmp::Ordering::Greater => *class,
            };
        }
        self.background = 0;
        self
    }

    /// Class of a label.
    pub fn class(&self, label: u32) -> usize {
        self.class_of[label as usize]
    }

    /// The colour that a class has in an image. CVAT keeps a byte of the class, so that colours repeat after 256.
    pub fn colour(&self, class: usize) -> Colour {
        self.classes.get(class & 255).map_or(BLACK, |(_, colour)| *colour)
    }
}

/// The colour of a label.
pub fn colour_of(schema: &Schema, label: u32) -> Result<Colour> {
    parse(&schema.label(label).color).map_err(|error| error.of_label(schema.path(label)))
}

fn parse(text: &str) -> Result<Colour> {
    let digits =
        text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()));
    let value = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).ok_or_else(|| {
        Error::new(Code::BadMetadata, format!("the colour {text:?} of a label is not of the form #rrggbb"))
            .advise("give the label a colour in CVAT")
    })?;
    let [_, red, green, blue] = value.to_be_bytes();
    Ok([red, green, blue])
}

/// The colour that PASCAL VOC gives to a number: its bits in turn, from the highest of red, green and blue down.
pub fn voc(number: usize) -> Colour {
    let mut colour = BLACK;
    for (shift, bits) in (0..8).rev().zip((0..).step_by(3)).take_while(|(_, bits)| *bits < 24) {
        for (channel, value) in colour.iter_mut().enumerate() {
            *value |= ((number >> (bits + channel) & 1) as u8) << shift;
        }
    }
    colour
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Label;
    use crate::timeline::testing::{label, sublabel};

    fn coloured(name: &str, color: &str) -> Label {
        Label { color: color.to_owned(), ..label(name) }
    }

    fn palette(labels: Vec<Label>) -> Palette {
        Palette::by_name(&Schema::from(labels)).unwrap()
    }

    fn names(palette: &Palette) -> Vec<&str> {
        palette.classes.iter().map(|(name, _)| name.as_str()).collect()
    }

    #[test]
    fn classes_are_sorted_by_name_and_a_black_background_is_one_of_them() {
        let palette =
            palette(vec![coloured("road", "#804080"), coloured("Zoo", "#010203"), coloured("car", "#0000ff")]);
        assert_eq!(names(&palette), ["Zoo", "background", "car", "road"]);
        assert_eq!((palette.background, palette.is_background_added), (1, true));
        assert_eq!([0, 1, 2].map(|label| palette.class(label)), [3, 0, 2]);
        assert_eq!([0, 1, 3].map(|class| palette.colour(class)), [[1, 2, 3], BLACK, [128, 64, 128]]);
        let first = palette.with_background_first();
        assert_eq!(names(&first), ["background", "Zoo", "car", "road"]);
        assert_eq!([0, 1, 2].map(|label| first.class(label)), [3, 1, 2]);
    }

    #[test]
    fn the_first_black_label_is_the_background_and_without_one_the_label_of_that_name() {
        let black = palette(vec![coloured("zoo", "#ff0000"), coloured("ant", "#000000")]).with_background_first();
        assert_eq!((names(&black), black.class(1)), (vec!["ant", "background", "zoo"], 0));
        let green = palette(vec![coloured("ant", "#ff0000"), coloured("background", "#00ff00")]);
        assert_eq!((green.background, green.is_background_added), (1, false));
    }

    #[test]
    fn labels_of_one_name_are_one_class_in_the_last_ones_colour() {
        let twice = palette(vec![coloured("s", "#010101"), Label { color: "#020202".into(), ..sublabel("s", 0) }]);
        assert_eq!(names(&twice), ["background", "s"]);
        assert_eq!((twice.class(0), twice.class(1), twice.colour(1)), (1, 1, [2; 3]));
    }

    #[test]
    fn classes_in_order_have_the_colours_of_voc_and_an_added_background_is_the_first() {
        let added = Palette::in_order(&Schema::from(vec![coloured("road", "#804080"), label("car"), label("road")]));
        assert_eq!((names(&added), added.background), (vec!["background", "road", "car"], 0));
        assert_eq!([0, 1, 2].map(|label| added.class(label)), [1, 2, 1]);
        assert_eq!([0, 1, 2].map(|class| added.colour(class)), [[0, 0, 0], [128, 0, 0], [0, 128, 0]]);
        let own = Palette::in_order(&Schema::from(vec![label("car"), label("background")]));
        assert_eq!((names(&own), own.background), (vec!["car", "background"], 1));
    }

    #[test]
    fn a_label_without_a_colour_is_an_error_that_names_it() {
        for color in ["", "#12345", "#12345g", "red", "#+12345"] {
            let error = Palette::by_name(&Schema::from(vec![coloured("car", color)])).unwrap_err();
            assert_eq!((error.code(), error.place().label.as_deref()), (Code::BadMetadata, Some("car")));
        }
    }

    #[test]
    fn voc_colours_are_those_of_its_development_kit() {
        let expected = [[0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0], [0, 0, 128], [128, 0, 128]];
        assert_eq!([0, 1, 2, 3, 4, 5].map(voc), expected);
        assert_eq!([8, 20, 255].map(voc), [[64, 0, 0], [0, 64, 128], [224, 224, 192]]);
    }
}
