//! `MOTS PNG 1.0`: an image of the tracked objects per frame.
//!
//! ```text
//! SUBSET/instances/NAME.png         1000 times the label's number from 1, plus the track's from 0
//! SUBSET/instances/labels.txt       one label a line, sublabels too
//! SUBSET/images/NAME.EXTENSION      with pictures
//! ```
//!
//! For training `NAME` is `TASK/FRAME`, both counted from 0, and tracks from 1.

use crate::error::{Code, Error, Result};
use crate::format::kit::annotation::{TRACK_ID, attributes, int_of, located, place};
use crate::format::kit::ids::Ids;
use crate::format::kit::label_images::{Frame, Painting, drop_all, visit};
use crate::format::kit::listing::{LINE_BREAKS, Picture, Pictures, check_labels, label_names};
use crate::format::kit::masks::TRACKED_SHAPES;
use crate::label_png::Pixels;
use crate::plan::{
    Chunk, Encoder, Format, Options, Output, Part, image_chunks, media_part, places, sections, single_chunk,
};
use crate::report::Outcome;
use crate::timeline::{Item, Scene, Timeline};

/// The format.
pub const FORMAT: Format = Format {
    name: "MOTS PNG 1.0",
    slug: "mots",
    summary: "an image of tracked objects per frame; tracks of boxes, polygons, ellipses and masks",
    takes_3d: false,
    repeats_numbers: false,
    page: include_str!("page.md"),
    encoder,
};

sections! { Images, Media, Labels }

const NO_TRACK: Outcome = Outcome::Dropped("MOTS holds tracks of boxes, polygons, ellipses and masks only");

/// What the profiles differ in.
struct Layout {
    /// Number of the first track: the official tools take 0 for a pixel without an object of its class.
    first_track: i64,
    /// Whether every frame has an image, and the frames of a task a folder and numbers for names, as the official tools want.
    is_sequence: bool,
}

const CVAT: Layout = Layout { first_track: 0, is_sequence: false };
const TRAINING: Layout = Layout { first_track: 1, is_sequence: true };

impl Layout {
    /// What stands for a frame in paths: its id, or the numbers of its task and of the frame.
    fn name(&self, timeline: usize, place: u32, picture: Picture<'_>) -> String {
        if self.is_sequence { format!("{timeline:04}/{place:06}") } else { picture.id.to_owned() }
    }
}

/// Numbers of tracks of one label, in what a pixel can hold.
const TRACKS_OF_A_LABEL: i64 = 1000;

fn encoder<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Box<dyn Encoder + 's>> {
    check_labels(&scene.dataset.schema, &LINE_BREAKS)?;
    let layout = options.profile.choose(&CVAT, &TRAINING);
    Ok(Box::new(Mots { scene, layout, ids: Ids::new(scene) }))
}

struct Mots<'s> {
    scene: &'s Scene<'s>,
    layout: &'static Layout,
    ids: Ids,
}

impl Encoder for Mots<'_> {
    fn parts(&self, options: &Options) -> Result<Vec<Part>> {
        let scene = self.scene;
        let mut parts = Vec::new();
        for (subset, timelines) in scene.subsets() {
            let images = image_chunks(scene, timelines.clone(), Section::Images);
            if images.is_empty() {
                continue;
            }
            parts.push(Part::Files(images));
            let name = format!("{subset}/instances/labels.txt");
            parts.push(Part::Member { name, chunks: vec![single_chunk(Section::Labels, timelines.start)] });
            parts.extend(media_part(scene, timelines, Section::Media, options));
        }
        Ok(parts)
    }

    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        match Section::of(chunk)? {
            Section::Images => {
                let mut painting = Painting::default();
                visit(self.scene, &self.ids, TRACKED_SHAPES, chunk, out, |frame, out| {
                    let name = self.layout.name(chunk.timeline, frame.view.place, frame.picture);
                    image(frame, &name, self.layout, &mut painting, out)
                })
            }
            Section::Media => self.pictures(chunk, out),
            Section::Labels => {
                out.text(&label_names(&self.scene.dataset.schema).join("\n"));
                Ok(())
            }
        }
    }
}

impl Mots<'_> {
    fn pictures(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        let timeline = &self.scene.timelines[chunk.timeline];
        let mut pictures = Pictures::new(timeline, &LINE_BREAKS);
        for (place, frame) in places(chunk)?.zip(timeline.frames.slice(places(chunk)?)) {
            let picture = self.ids.read(chunk.timeline, frame, &mut pictures)?;
            let name = self.layout.name(chunk.timeline, place, picture);
            out.picture(format!("{}/images/{name}{}", timeline.subset, picture.extension), chunk.timeline, frame);
        }
        Ok(())
    }
}

fn image(frame: &Frame<'_>, name: &str, layout: &Layout, painting: &mut Painting, out: &mut Output) -> Result<()> {
    drop_all(frame.timeline, frame.view, &frame.rest, NO_TRACK, &mut out.tally);
    if frame.masks.is_empty() && !layout.is_sequence {
        return Ok(());
    }
    painting.paint(frame.timeline, frame.view.frame, &frame.masks)?;
    let mut values = Vec::with_capacity(frame.masks.len());
    for mask in &frame.masks {
        values.push(value(frame.timeline, &mask.leader, layout, out)?);
    }
    let name = format!("{}/instances/{name}.png", frame.timeline.subset);
    painting.write(name, &Pixels::Grey16(&painting.values(0, |place| values[place])), out)
}

/// What the pixels of a mask hold. CVAT keeps 16 bits of it.
fn value(timeline: &Timeline<'_>, item: &Item, layout: &Layout, out: &mut Output) -> Result<u16> {
    let track = track_number(timeline, item)?.saturating_add(layout.first_track);
    if !(0..TRACKS_OF_A_LABEL).contains(&track) {
        let message = "a track's number above 999 reads as that of another label";
        out.tally.note(message, || place(timeline, item));
    }
    let value = TRACKS_OF_A_LABEL.wrapping_mul(1 + i64::from(item.label)).wrapping_add(track);
    if u16::try_from(value).is_err() {
        let message = "a pixel cannot hold the numbers of label and track, and wraps around at 65536";
        out.tally.note(message, || place(timeline, item));
    }
    Ok(value as u16)
}

/// The number of a track, or the attribute `track_id` of another shape.
fn track_number(timeline: &Timeline<'_>, item: &Item) -> Result<i64> {
    let mut values = Vec::new();
    attributes(timeline, item, &mut values)?;
    let number = values.iter().find(|(name, _)| *name == TRACK_ID).and_then(|(_, value)| int_of(*value));
    number.ok_or_else(|| {
        let error = Error::new(Code::BadAttributeValue, "the attribute \"track_id\" of a shape is not a whole number");
        located(error.advise("correct the value in CVAT"), timeline, item)
    })
}
