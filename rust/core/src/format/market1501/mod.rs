//! `Market-1501 1.0`: a list of pictures per subset, under the names that the data set gives them.
//!
//! ```text
//! images_SUBSET.txt    bounding_box_SUBSET/PERSON_cCAMERAsSEQUENCE_FRAME_BOX.EXT, or query/...
//! ```
//!
//! Only the tag `market-1501` and its attributes count.

use crate::plan::{Chunk, Encoder, Format, Options, Output, Part, line_chunks, media_part, places, sections};
use std::fmt::Write as _;

use crate::error::{Code, Error, Result};
use crate::format::kit::annotation::{Value, decimal_digit, int_of, tag_located, tag_value};
use crate::format::kit::listing::{LINE_BREAKS, Picture, Pictures};
use crate::format::kit::outcomes::tally_all;
use crate::format::kit::splits::{Group, groups, names_of_timelines};
use crate::report::Outcome;
use crate::text::number;
use crate::timeline::{FrameView, Scene, Timeline};

/// The format.
pub const FORMAT: Format = Format {
    name: "Market-1501 1.0",
    slug: "market1501",
    summary: "a list of pictures named by person and camera; the tag market-1501 only",
    takes_3d: false,
    repeats_numbers: false,
    page: include_str!("page.md"),
    encoder,
};

sections! { List, Media }

/// The label whose tag tells what a picture shows.
const LABEL: &str = "market-1501";

/// What the profiles differ in.
struct Layout {
    /// A person as the name shows it; none if the value names nobody.
    person: fn(Value<'_>) -> std::result::Result<Option<String>, ()>,
    /// Whether pictures lie beside each other, and only those of persons are listed: the tools want a person in each name.
    persons_only: bool,
    /// Whether a frame without `frame_id` has the number of its place, so that no two pictures have one name.
    counts_frames: bool,
}

const CVAT: Layout = Layout { person: |value| Ok(person(value)), persons_only: false, counts_frames: false };

const TRAINING: Layout = Layout { person: numbered_person, persons_only: true, counts_frames: true };

const NO_PERSON: Outcome = Outcome::Dropped("Market-1501 wants a person_id");
const NO_TAG: Outcome = Outcome::Dropped("Market-1501 holds the tag market-1501 only");
const TWO_TAGS: Outcome = Outcome::Dropped("two tags market-1501 on a frame contradict each other");

fn encoder<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Box<dyn Encoder + 's>> {
    let layout = options.profile.choose(&CVAT, &TRAINING);
    let groups = groups(scene, options.profile);
    let subset_of = names_of_timelines(&groups, scene.timelines.len());
    let mut first_frame = Vec::new();
    let mut frames = 0;
    for timeline in &scene.timelines {
        first_frame.push(frames);
        frames += i64::from(timeline.frames.len());
    }
    let label = scene.dataset.schema.find(None, LABEL);
    Ok(Box::new(Market { scene, layout, groups, subset_of, first_frame, label }))
}

struct Market<'s> {
    scene: &'s Scene<'s>,
    layout: &'static Layout,
    /// The subsets, or splits.
    groups: Vec<Group>,
    /// The subset of each timeline.
    subset_of: Vec<String>,
    /// Frames before each timeline.
    first_frame: Vec<i64>,
    label: Option<u32>,
}

impl Encoder for Market<'_> {
    fn parts(&self, options: &Options) -> Result<Vec<Part>> {
        let scene = self.scene;
        // CVAT makes the list with its first line: a subset without frames has none.
        let has_frames =
            |(_, timelines): &&Group| timelines.iter().any(|&place| !scene.timelines[place].frames.is_empty());
        let member = |(subset, timelines): &Group| Part::Member {
            name: format!("images_{subset}.txt"),
            chunks: line_chunks(scene, timelines.iter().copied(), Section::List),
        };
        let mut parts: Vec<Part> = self.groups.iter().filter(has_frames).map(member).collect();
        parts.extend(media_part(scene, 0..scene.timelines.len(), Section::Media, options));
        Ok(parts)
    }

    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        let timeline = &self.scene.timelines[chunk.timeline];
        let (mut pictures, mut line) = (Pictures::new(timeline, &LINE_BREAKS), String::new());
        for view in timeline.tagged_frames(places(chunk)?) {
            let picture = pictures.read(view.frame)?;
            line.clear();
            let is_listed = self.write_path(chunk.timeline, &view, picture, &mut line)?;
            if Section::of(chunk)? == Section::Media {
                if is_listed {
                    out.picture(line.clone(), chunk.timeline, view.frame);
                }
                continue;
            }
            if is_listed {
                line.push('\n');
                out.text(&line);
            }
            self.tally_tags(timeline, &view, is_listed, out);
            out.tally.frames += 1;
        }
        if Section::of(chunk)? == Section::List {
            tally_all(timeline, places(chunk)?, |_| NO_TAG, &mut out.tally);
        }
        Ok(())
    }
}

impl<'s> Market<'s> {
    /// The row of the frame's tag, if it has one and no second.
    fn only_tag(&self, timeline: &Timeline<'_>, view: &FrameView<'_>) -> Option<u32> {
        let label = |row: u32| timeline.dataset.columns.tags.label[row as usize];
        let mut rows = view.tags.iter().copied().filter(|&row| Some(label(row)) == self.label);
        rows.next().filter(|_| rows.next().is_none())
    }

    fn tally_tags(&self, timeline: &Timeline<'_>, view: &FrameView<'_>, is_listed: bool, out: &mut Output) {
        let is_only = self.only_tag(timeline, view).is_some();
        for &row in view.tags {
            let label = timeline.dataset.columns.tags.label[row as usize];
            let outcome = match (Some(label) == self.label, is_only) {
                (true, true) if is_listed => Outcome::Written,
                (true, true) => NO_PERSON,
                (true, false) => TWO_TAGS,
                (false, _) => NO_TAG,
            };
            out.tally.tag(label, outcome);
        }
    }

    /// Writes the path of a picture; false if it is not listed.
    fn write_path(&self, place: usize, view: &FrameView<'_>, picture: Picture<'_>, line: &mut String) -> Result<bool> {
        let timeline = &self.scene.timelines[place];
        let tag = self.only_tag(timeline, view);
        let value = |name| tag.map_or(Ok(None), |row| tag_value(timeline, row, name));
        let unreadable = |name: &str, value: Value<'_>| {
            let message = format!("Market-1501 cannot read the attribute {name:?}: its value is {value:?}");
            let error = Error::new(Code::BadAttributeValue, message).advise("correct the value in CVAT");
            tag.map_or(error.clone(), |row| tag_located(error, timeline, row))
        };
        let is_query = match value("query")? {
            Some(query) => truth(query).ok_or_else(|| unreadable("query", query))?,
            None => false,
        };
        match is_query {
            true => line.push_str("query/"),
            false => line.extend(["bounding_box_", &self.subset_of[place], "/"]),
        }
        let base = picture.id.bytes().rposition(|byte| byte == b'/').map_or(0, |slash| slash + 1);
        let id = if self.layout.persons_only { &picture.id[base..] } else { picture.id };
        let person = match value("person_id")? {
            Some(value) if !is_market_name(id) => {
                (self.layout.person)(value).map_err(|()| unreadable("person_id", value))?
            }
            _ => None,
        };
        match person {
            None if self.layout.persons_only && !is_market_name(id) => return Ok(false),
            None => line.push_str(id),
            Some(person) if person.contains(LINE_BREAKS) => {
                return Err(unreadable("person_id", Value::Text(&person)));
            }
            Some(person) => {
                let int = |name, default| match value(name)? {
                    Some(value) => int_of(value).ok_or_else(|| unreadable(name, value)),
                    None => Ok(default),
                };
                let folder = if self.layout.persons_only { "" } else { &picture.id[..base] };
                let position = self.first_frame[place] + i64::from(view.place) + 1;
                let place_of_frame = if self.layout.counts_frames { position } else { 0 };
                let camera = int("camera_id", 0)?.saturating_add(1);
                let (sequence, frame, bbox) =
                    (int("track_id", 1)?, int("frame_id", place_of_frame)?, int("bbox_id", 0)?);
                // Writing to a string cannot fail.
                let _ = write!(line, "{folder}{person}_c{camera}s{sequence}_{frame:06}_{bbox:02}");
            }
        }
        line.push_str(picture.extension);
        Ok(true)
    }
}

/// Whether a value means yes; none for a text that means neither.
fn truth(value: Value<'_>) -> Option<bool> {
    match value {
        Value::Text(text) => match text.to_lowercase().as_str() {
            "true" | "1" | "yes" | "y" | "t" | "on" => Some(true),
            "false" | "0" | "no" | "n" | "f" | "off" => Some(false),
            _ => None,
        },
        Value::Number(number) => Some(number != 0.0),
        Value::Flag(flag) => Some(flag),
        Value::Count(count) => Some(count != 0),
    }
}

/// A person as the name shows it; none for an empty text, zero and a flag that is off.
fn person(value: Value<'_>) -> Option<String> {
    match value {
        Value::Text(text) => (!text.is_empty()).then(|| text.to_owned()),
        Value::Number(number) => (number != 0.0).then(|| {
            let mut digits = Vec::new();
            number::repr(&mut digits, number);
            String::from_utf8_lossy(&digits).into_owned()
        }),
        Value::Flag(flag) => flag.then(|| "True".to_owned()),
        Value::Count(count) => (count != 0).then(|| count.to_string()),
    }
}

/// A person by the number that the tools read, in four digits. It is an error if the value is no whole number.
fn numbered_person(value: Value<'_>) -> std::result::Result<Option<String>, ()> {
    if value == Value::Text("") {
        return Ok(None);
    }
    let number = int_of(value).ok_or(())?;
    Ok(Some(if number < 0 { number.to_string() } else { format!("{number:04}") }))
}

/// Whether an id has the form of the data set's names, `0002_c1s1_000451_03`; anything may follow.
fn is_market_name(id: &str) -> bool {
    let mut rest = id.strip_prefix('-').unwrap_or(id);
    for separator in ["_c", "s", "_", "_", ""] {
        let after = rest.trim_start_matches(|symbol| decimal_digit(symbol).is_some());
        match after.strip_prefix(separator) {
            Some(next) if after.len() < rest.len() => rest = next,
            _ => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests;
