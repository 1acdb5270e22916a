//! A frame as the format sees it: its person, and the other pictures of its pairs.

use super::{BREAKS, NEGATIVE_PAIRS, POSITIVE_PAIRS};
use crate::error::{Code, Error, Result};
use crate::format::kit::annotation::{Value, python_int, tag_located, tag_value};
use crate::format::kit::listing::at_frame;
use crate::plan::Output;
use crate::timeline::{FrameView, Timeline};

/// What the first tag of a frame tells.
#[derive(Default)]
pub struct Person<'a> {
    /// Name of its label.
    name: Option<&'a str>,
    /// The pictures of the same person, and of others; none where the label has no such attribute.
    pairs: [Option<&'a str>; 2],
}

impl<'a> Person<'a> {
    /// Reads the first tag of a frame.
    pub fn read(timeline: &'a Timeline<'_>, view: &FrameView<'_>) -> Result<Self> {
        let Some(&row) = view.tags.first() else { return Ok(Self::default()) };
        let label = timeline.dataset.schema.label(timeline.dataset.columns.tags.label[row as usize]);
        let name = Some(label.name.as_str());
        if label.attributes.is_empty() {
            return Ok(Self { name, ..Self::default() });
        }
        let pairs = |name: &str| match tag_value(timeline, row, name)? {
            None => Ok(None),
            Some(Value::Text(text)) if !text.contains(BREAKS) => Ok(Some(text)),
            Some(value) => {
                let message = format!("LFW needs a text of one line in the attribute {name:?}, not {value:?}");
                let error = Error::new(Code::BadAttributeValue, message);
                Err(at_frame(tag_located(error, timeline, row), timeline, view.frame))
            }
        };
        Ok(Self { name, pairs: [pairs(POSITIVE_PAIRS)?, pairs(NEGATIVE_PAIRS)?] })
    }
}

/// A frame as the format sees it.
#[derive(Debug, PartialEq, Eq)]
pub struct Face<'a> {
    /// The id of its picture.
    id: &'a str,
    /// Name of the label of its first tag.
    person: Option<&'a str>,
    /// What tells it from the other pictures of the person, if that is not its id.
    number: Option<String>,
    /// Whether its name begins as numbered ones do, but has no number.
    is_unnumbered: bool,
    /// The pictures of the same person, and of others; none where the label has no such attribute.
    positive: Option<&'a str>,
    negative: Option<&'a str>,
}

impl<'a> Face<'a> {
    /// The face on a picture with this id.
    pub fn new(Person { name: person, pairs: [positive, negative] }: Person<'a>, id: &'a str) -> Self {
        let numbered = person.filter(|person| id.starts_with(person)).map(|person| python_int(&without(id, person)));
        let is_unnumbered = numbered == Some(None);
        Self { id, person, number: numbered.flatten(), is_unnumbered, positive, negative }
    }

    fn number(&self) -> &str {
        self.number.as_deref().unwrap_or(self.id)
    }

    /// What to say of it where it is written as CVAT does.
    pub fn remarks(&self) -> [Option<&'static str>; 2] {
        let has_pairs = [self.positive, self.negative].into_iter().flatten().any(|text| !text.is_empty());
        [
            has_pairs.then_some(
                "as in CVAT, each character of positive_pairs and negative_pairs stands for a picture of its own",
            ),
            self.is_unnumbered
                .then_some("a picture's name begins with its label, but no number follows: it keeps the whole name"),
        ]
    }

    /// The lines of pairs as the data set has them, of one person and of two, and whether any had to be left out.
    pub fn official_pairs(&self) -> (Vec<String>, Vec<String>, bool) {
        let own = numbered(self.id).filter(|(person, _)| Some(*person) == self.person);
        let same = |name: &str| match (own, numbered(name)) {
            (Some((person, number)), Some((other, second))) if other == person => Some((person, number, second)),
            (Some((person, number)), None) => Some((person, number, name.parse().ok()?)),
            _ => None,
        };
        let same = |name| same(name).map(|(person, number, second)| format!("{person}\t{number}\t{second}\n"));
        let two = |name| {
            let ((person, number), (other, second)) = (own?, numbered(name)?);
            Some(format!("{person}\t{number}\t{other}\t{second}\n"))
        };
        let positive: Vec<_> = elements(self.positive).map(same).collect();
        let negative: Vec<_> = elements(self.negative).map(two).collect();
        let lacks = positive.iter().chain(&negative).any(Option::is_none);
        (positive.into_iter().flatten().collect(), negative.into_iter().flatten().collect(), lacks)
    }

    /// Whether its label knows no pairs.
    pub fn is_neutral(&self) -> bool {
        self.positive.is_none() && self.negative.is_none()
    }

    /// Writes the name that says whether a picture is listed already.
    pub fn write_name(&self, name: &mut String) {
        self.person.into_iter().for_each(|person| name.extend([person, "/"]));
        name.push_str(self.number());
    }

    /// The names of the pictures that it is paired with.
    pub fn paired(&self) -> impl Iterator<Item = String> {
        let person = self.person.unwrap_or_default();
        let positive = self.positive.unwrap_or_default().chars();
        let positive = positive.map(move |it| format!("{person}/{}", other_picture(person, it)));
        positive.chain(self.negative.unwrap_or_default().chars().map(String::from))
    }

    /// Writes its pairs of one person.
    pub fn write_positive(&self, out: &mut Output) {
        let person = self.person.unwrap_or_default();
        for other in self.positive.unwrap_or_default().chars() {
            out.text(&format!("{person}\t{}\t{}\n", self.number(), other_picture(person, other)));
        }
    }

    /// Writes its pairs of two persons.
    pub fn write_negative(&self, out: &mut Output) {
        let person = self.person.unwrap_or_default();
        for other in self.negative.unwrap_or_default().chars() {
            out.text(&format!("{person}\t{}\t-\t{other}\n", self.number()));
        }
    }

    /// Writes its line among the pictures in no pair.
    pub fn write_neutral(&self, out: &mut Output) {
        if let Some(person) = self.person {
            out.text(person);
            out.bytes.push(b'/');
        }
        out.text(self.id);
        out.bytes.push(b'\n');
    }
}

/// The names in an attribute.
fn elements(text: Option<&str>) -> impl Iterator<Item = &str> {
    let is_between = |symbol: char| symbol.is_whitespace() || matches!(symbol, ',' | ';');
    text.unwrap_or_default().split(is_between).filter(|name| !name.is_empty())
}

/// Person and number that a picture's name tells: `Aaron_Peirsol_0002`, with folders and extension or without.
fn numbered(name: &str) -> Option<(&str, u64)> {
    let base = name.rsplit('/').next()?;
    let is_extension = |text: &str| text.chars().all(char::is_alphabetic);
    let stem = base.rsplit_once('.').filter(|(_, extension)| is_extension(extension)).map_or(base, |(stem, _)| stem);
    let (person, number) = stem.rsplit_once('_')?;
    Some((person, number.parse().ok()?))
}

/// A picture of the same person, which one character stands for: nothing remains of the person's own name.
fn other_picture(person: &str, character: char) -> String {
    let text = character.to_string();
    if text.starts_with(person) { without(&text, person) } else { text }
}

/// What remains of a text that begins with a person, without the character that follows.
fn without(text: &str, person: &str) -> String {
    text.replace(person, "").chars().skip(1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(person: Option<&str>, id: &str, pairs: [Option<&str>; 2]) -> String {
        let face = Face::new(Person { name: person, pairs }, id);
        let mut out = Output::default();
        face.write_positive(&mut out);
        face.write_negative(&mut out);
        if face.is_neutral() {
            face.write_neutral(&mut out);
        }
        String::from_utf8(out.bytes).unwrap()
    }

    #[test]
    fn a_picture_in_no_pair_is_listed_under_its_person_and_its_name() {
        assert_eq!(lines(Some("car"), "car_0001", [None, None]), "car/car_0001\n");
        assert_eq!(lines(None, "a/b", [None, None]), "a/b\n");
    }

    #[test]
    fn pairs_are_written_by_character_and_numbers_lose_their_zeros() {
        assert_eq!(lines(Some("car"), "car_0001", [Some("c2"), None]), "car\t1\tc\ncar\t1\t2\n");
        assert_eq!(lines(Some("car"), "x", [Some(""), Some("b")]), "car\tx\t-\tb\n");
        assert_eq!(lines(Some("c"), "x", [Some("cb"), None]), "c\tx\t\nc\tx\tb\n");
    }

    #[test]
    fn official_pairs_are_told_by_names_and_numbers() {
        let face = Face::new(
            Person { name: Some("A_B"), pairs: [Some("A_B_0002.jpg, 3;C_0001 x"), Some("C_0004\nA_B 7")] },
            "x/A_B_0001",
        );
        let (same, two, lacks) = face.official_pairs();
        assert_eq!(same, ["A_B\t1\t2\n", "A_B\t1\t3\n"]);
        assert_eq!((two, lacks), (vec!["A_B\t1\tC\t4\n".to_owned()], true));
        let unnamed = Face::new(Person { name: Some("A"), pairs: [Some("A_2"), None] }, "frame_1");
        assert_eq!(unnamed.official_pairs(), (vec![], vec![], true));
    }

    #[test]
    fn a_name_without_a_number_behind_its_label_stays_whole() {
        for id in ["car_abc", "car1", "car_car_0001x", "car"] {
            let face = Face::new(Person { name: Some("car"), pairs: [None, None] }, id);
            assert_eq!((face.number(), face.is_unnumbered), (id, true));
        }
        let face = Face::new(Person { name: Some("car"), pairs: [None, None] }, "car_0012");
        let mut name = String::new();
        face.write_name(&mut name);
        assert_eq!((name.as_str(), face.is_unnumbered), ("car/12", false));
    }
}
