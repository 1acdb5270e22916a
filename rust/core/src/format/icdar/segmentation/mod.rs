//! `ICDAR Segmentation 1.0`: an image of the characters of each picture, and a text file about them.
//!
//! ```text
//! SUBSET/NAME_GT.bmp             a colour a mask on white
//! SUBSET/NAME_GT.txt             a line a mask: colour, centre, box, text
//! SUBSET/images/NAME.EXTENSION   with pictures
//! ```

use crate::plan::{Chunk, Encoder, Format, Options, Output, Part, media_part, picture_chunks, sections};
use std::collections::HashSet;

use crate::error::{Code, Error, Result};
use crate::format::icdar::{transcription, write_escaped, write_quoted};
use crate::format::kit::annotation::{Value, attributes, int_of, located, place, python_int, python_str, text_of};
use crate::format::kit::ids::Ids;
use crate::format::kit::label_images::{Frame, Painting, drop_all, visit};
use crate::format::kit::masks::{ALL_SHAPES, Mask};
use crate::format::kit::palette::{Colour, voc};
use crate::raster::Canvas;
use crate::report::{Outcome, Tally};
use crate::text::number::repr;
use crate::timeline::{Scene, Timeline};

/// The format.
pub const FORMAT: Format = Format {
    name: "ICDAR Segmentation 1.0",
    slug: "icdar-segmentation",
    summary: "an image and a text file of characters per frame; boxes, polygons, ellipses and masks",
    takes_3d: false,
    repeats_numbers: false,
    page: include_str!("page.md"),
    encoder,
};

sections! { Files, Media }

const NO_MASK: Outcome = Outcome::Dropped("ICDAR Segmentation holds boxes, polygons, ellipses and masks only");

const WHITE: Colour = [255; 3];
const BLACK: Colour = [0; 3];

/// What the profiles differ in.
struct Layout {
    /// Whether a mask has the colour of its line, also where the numbers of masks have gaps.
    has_own_colours: bool,
    /// Writes the centre, if it is stated, the box and the text of a line.
    line: fn(Option<Value<'_>>, [u32; 4], Value<'_>, &mut Vec<u8>),
}

const CVAT: Layout = Layout { has_own_colours: false, line: write_line };
const TRAINING: Layout = Layout { has_own_colours: true, line: write_whole_numbers };

fn encoder<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Box<dyn Encoder + 's>> {
    let layout = options.profile.choose(&CVAT, &TRAINING);
    Ok(Box::new(Segmentation { scene, layout, ids: Ids::new(scene) }))
}

struct Segmentation<'s> {
    scene: &'s Scene<'s>,
    layout: &'static Layout,
    ids: Ids,
}

impl Encoder for Segmentation<'_> {
    fn parts(&self, options: &Options) -> Result<Vec<Part>> {
        let scene = self.scene;
        // Bitmaps have three bytes for each pixel, so a worker holds only as many as of encoded images.
        let mut parts = vec![Part::Files(picture_chunks(scene, 0..scene.timelines.len(), Section::Files))];
        parts.extend(media_part(scene, 0..scene.timelines.len(), Section::Media, options));
        Ok(parts)
    }

    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        if Section::of(chunk)? == Section::Media {
            return self.ids.request(self.scene, chunk, out, |timeline, picture| {
                format!("{}/images/{}{}", timeline.subset, picture.id, picture.extension)
            });
        }
        let mut painting = Painting::default();
        visit(self.scene, &self.ids, ALL_SHAPES, chunk, out, |frame, out| write(frame, self.layout, &mut painting, out))
    }
}

/// A mask as the text file has it.
struct Character<'a> {
    /// Its place among the masks of the frame.
    place: usize,
    /// Its number.
    index: i64,
    colour: Colour,
    text: Value<'a>,
    centre: Option<Value<'a>>,
}

fn write(frame: &Frame<'_>, layout: &Layout, painting: &mut Painting, out: &mut Output) -> Result<()> {
    drop_all(frame.timeline, frame.view, &frame.rest, NO_MASK, &mut out.tally);
    let characters = characters(frame.timeline, &frame.masks, &mut out.tally)?;
    let path = |extension: &str| format!("{}/{}_GT.{extension}", frame.timeline.subset, frame.picture.id);
    out.begin_file(&path("txt"));
    lines(&characters, layout, &frame.masks, &mut out.bytes);
    if characters.is_empty() {
        return Ok(());
    }
    // Of one layer those with higher numbers lie above, wherever they stand among the shapes.
    let masks = characters.iter().map(|character| &frame.masks[character.place]);
    painting.paint(frame.timeline, frame.view.frame, masks)?;
    let colours = painting.values(WHITE, |place| {
        if layout.has_own_colours {
            return characters[place].colour;
        }
        // CVAT takes the colour by the index, which is the character's own only where they count from 0 without gaps.
        let class = characters[place].index.wrapping_add(1) & 255;
        let at = usize::try_from(class).ok().and_then(|class| class.checked_sub(1));
        at.map_or(WHITE, |at| characters.get(at).map_or(BLACK, |character| character.colour))
    });
    out.begin_file(&path("bmp"));
    bitmap(painting.canvas(), &colours, out)
}

/// The masks in the order of their attribute `index`, each with its colour.
fn characters<'a>(timeline: &Timeline<'a>, masks: &[Mask], tally: &mut Tally) -> Result<Vec<Character<'a>>> {
    let mut read = Vec::with_capacity(masks.len());
    let mut indices = Vec::with_capacity(masks.len());
    for (at, mask) in masks.iter().enumerate() {
        let mut values = Vec::new();
        attributes(timeline, &mask.leader, &mut values)?;
        let value = |name: &str| values.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        let index = value("index").and_then(int_of);
        let own_colour = value("color").filter(|value| !matches!(value, Value::Text(text) if text.trim().is_empty()));
        let colour = own_colour.and_then(colour_of);
        if own_colour.is_some() && colour.is_none() {
            let message = "a mask whose attribute color is not three numbers has a colour of VOC (CVAT itself fails)";
            tally.note(message, || place(timeline, &mask.leader));
        }
        let text =
            transcription(&values).map_err(|error| located(error, timeline, &mask.leader))?.unwrap_or(Value::Text(""));
        let centre = value("center");
        indices.push(index);
        read.push((colour, Character { place: at, index: 0, colour: BLACK, text, centre }));
    }
    for ((_, character), index) in read.iter_mut().zip(numbered(&indices)) {
        character.index = index;
    }
    read.sort_by_key(|(_, character)| character.index);
    Ok(with_colours(read))
}

/// Masks without a number get those that are left, from 0.
fn numbered(indices: &[Option<i64>]) -> Vec<i64> {
    let taken: HashSet<i64> = indices.iter().flatten().copied().collect();
    let mut free = (0..).filter(|number| !taken.contains(number));
    indices.iter().map(|index| index.or_else(|| free.next()).unwrap_or_default()).collect()
}

/// Those without a colour of their own get the next one of VOC that is not used yet; white is the background's.
fn with_colours(read: Vec<(Option<Colour>, Character<'_>)>) -> Vec<Character<'_>> {
    let mut used = HashSet::from([WHITE]);
    let mut bank = 1;
    let mut characters = Vec::with_capacity(read.len());
    for (own, character) in read {
        // All 2^24 colours are there, so that one is left.
        let colour = own.unwrap_or_else(|| {
            while used.contains(&voc(bank)) {
                bank += 1;
            }
            voc(bank)
        });
        used.insert(colour);
        characters.push(Character { colour, ..character });
    }
    characters
}

fn colour_of(value: Value<'_>) -> Option<Colour> {
    let Value::Text(text) = value else { return None };
    let numbers: Option<Vec<u8>> = text.split_whitespace().map(|word| python_int(word)?.parse().ok()).collect();
    numbers?.try_into().ok()
}

/// A line for each mask; words, which are groups, have an empty line between them.
fn lines(characters: &[Character<'_>], layout: &Layout, masks: &[Mask], bytes: &mut Vec<u8>) {
    let group = |character: &Character<'_>| masks[character.place].leader.group;
    let Some(first) = characters.first().map(group) else { return };
    let mut previous = first;
    for character in characters {
        let group = group(character);
        if group != previous || group == 0 && first != 0 {
            bytes.push(b'\n');
        }
        previous = group;
        if character.text == Value::Text(" ") {
            bytes.push(b'#');
        }
        let [red, green, blue] = character.colour;
        bytes.extend_from_slice(format!("{red} {green} {blue} ").as_bytes());
        (layout.line)(character.centre, masks[character.place].pixels.bbox(), character.text, bytes);
        bytes.push(b'\n');
    }
}

fn write_line(centre: Option<Value<'_>>, [x, y, width, height]: [u32; 4], text: Value<'_>, bytes: &mut Vec<u8>) {
    python_str(bytes, centre.unwrap_or(Value::Text("- -")));
    for value in [x, y, x + width, y + height] {
        bytes.push(b' ');
        repr(bytes, f64::from(value));
    }
    bytes.push(b' ');
    write_quoted(bytes, text);
}

/// The centre that is not stated is that of the box.
fn write_whole_numbers(
    centre: Option<Value<'_>>,
    [x, y, width, height]: [u32; 4],
    text: Value<'_>,
    bytes: &mut Vec<u8>,
) {
    let centre = centre.map(text_of).filter(|centre| !centre.is_empty());
    let centre = centre.unwrap_or_else(|| format!("{} {}", x + width / 2, y + height / 2));
    bytes.extend_from_slice(format!("{centre} {x} {y} {} {} ", x + width, y + height).as_bytes());
    write_escaped(bytes, text);
}

/// Bytes in front of the pixels of a bitmap: the header of the file, 14, and that of the image, 40.
const HEADER: u32 = 54;

/// Appends a bitmap of 24 bits a pixel: rows from the bottom up, blue first, each filled up to four bytes.
fn bitmap(canvas: &Canvas, colours: &[Colour], out: &mut Output) -> Result<()> {
    let (width, height) = (canvas.width(), canvas.height());
    let row = (width as usize * 3).next_multiple_of(4);
    let too_large = || Error::new(Code::TooLarge, format!("a bitmap of {width} by {height} pixels is too large"));
    let size =
        (row as u64).checked_mul(u64::from(height)).and_then(|size| u32::try_from(size + u64::from(HEADER)).ok());
    let size = size.filter(|size| i32::try_from(*size).is_ok()).ok_or_else(too_large)?;
    let bytes = &mut out.bytes;
    bytes.extend_from_slice(b"BM");
    [size, 0, HEADER, 40, width, height].iter().for_each(|field| bytes.extend_from_slice(&field.to_le_bytes()));
    // One plane of 24 bits, not compressed; the rest may be 0.
    bytes.extend_from_slice(&[1, 0, 24, 0]);
    [0u32; 6].iter().for_each(|field| bytes.extend_from_slice(&field.to_le_bytes()));
    for changes in canvas.rows().rev() {
        out.flow();
        let bytes = &mut out.bytes;
        let start = bytes.len();
        let ends = changes.iter().skip(1).map(|change| change.from).chain([width]);
        let first = changes.first().map_or(width, |change| change.from);
        let runs = changes.iter().zip(ends).map(|(change, end)| (change.value, end - change.from));
        for (value, length) in std::iter::once((0, first)).chain(runs) {
            let [red, green, blue] = colours.get(value as usize).copied().unwrap_or(WHITE);
            bytes.extend([blue, green, red].repeat(length as usize));
        }
        bytes.resize(start + row, 0);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
