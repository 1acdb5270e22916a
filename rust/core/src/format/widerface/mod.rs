//! `WiderFace 1.0`: boxes of faces (or of anything else) picture by picture.
//!
//! ```text
//! labels.txt                                   one label a line, sublabels too
//! wider_face_split/wider_face_SUBSET_bbx_gt.txt
//!     EVENT/PICTURE                            the event is the frame's first tag
//!     number of boxes                          only if there are any
//!     x y width height, six attributes, label  one line a box; no label if it is `face`
//! ```

use crate::error::{Code, Error, Result};
use crate::format::kit::annotation::{Value, Values, attributes, int_of, located, required_corners};
use crate::format::kit::class_folders::class_folders;
use crate::format::kit::ids::Ids;
use crate::format::kit::inside::{OUTSIDE, fit_for};
use crate::format::kit::listing::{LINE_BREAKS, Picture, Pictures, check_labels, has_any, label_names};
use crate::format::kit::outcomes::StaticOutcomes;
use crate::format::kit::splits::{Group, groups, names_of_timelines};
use crate::plan::{
    Chunk, Encoder, Format, Options, Output, Part, Profile, frame_chunks, media_part, places, sections, single_chunk,
};
use crate::report::Outcome;
use crate::schema::ShapeKind;
use crate::text::number;
use crate::timeline::{FrameView, Item, Scene, Timeline};

/// The format.
pub const FORMAT: Format = Format {
    name: "WiderFace 1.0",
    slug: "widerface",
    summary: "boxes with six attributes, picture by picture; boxes and a tag a frame",
    takes_3d: false,
    repeats_numbers: false,
    page: include_str!("page.md"),
    encoder,
};

sections! { Boxes, Labels, Media }

/// The attributes of a box, in the order of the columns.
const ATTRIBUTES: [&str; 6] = ["blur", "expression", "illumination", "occluded", "pose", "invalid"];

/// The label that goes without saying.
const FACE: &str = "face";

/// What the profiles differ in.
struct Layout {
    profile: Profile,
    /// The lines below a picture without boxes.
    without_boxes: &'static str,
    /// Whether boxes of other labels are left out where there is a label `face`.
    faces_only: bool,
    /// Writes the line of a box.
    line: for<'a> fn(&Timeline<'a>, &Item, [f64; 4], &mut Values<'a>, &mut Output) -> Result<()>,
}

const CVAT: Layout = Layout { profile: Profile::Cvat, without_boxes: "", faces_only: false, line: write_line };

const TRAINING: Layout = Layout {
    profile: Profile::Training,
    without_boxes: "0\n0 0 0 0 0 0 0 0 0 0\n",
    faces_only: true,
    line: write_official_line,
};

/// The columns of the data set behind the box, and the attributes that they are taken from: the first that there is.
const COLUMNS: [&[&str]; 6] =
    [&["blur"], &["expression"], &["illumination"], &["invalid"], &["occlusion", "occluded"], &["pose"]];

const NO_FACE: Outcome = Outcome::Dropped("WiderFace holds faces only");
const NO_BOX: Outcome = Outcome::Dropped("WiderFace holds boxes only");
const TURNED: Outcome = Outcome::Converted("a box without its rotation");
const EVENT: Outcome = Outcome::Converted("the folder of the picture");
const LATER_TAG: Outcome = Outcome::Dropped("WiderFace holds one tag a picture");

fn encoder<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Box<dyn Encoder + 's>> {
    check_labels(&scene.dataset.schema, &LINE_BREAKS)?;
    let layout = options.profile.choose(&CVAT, &TRAINING);
    let groups = groups(scene, options.profile);
    let subset_of = names_of_timelines(&groups, scene.timelines.len());
    let ids = match options.profile {
        Profile::Cvat => Ids::default(),
        Profile::Training => Ids::of_groups(scene, &groups),
    };
    let folders = class_folders(&scene.dataset.schema, options.profile, |label| label.parent.is_none())?;
    let events = folders.iter().enumerate().map(|(label, name)| format!("{label}--{name}")).collect();
    // The one label whose boxes are written; none if those of all labels are.
    let only = scene.dataset.schema.find(None, FACE).filter(|_| layout.faces_only);
    let outcomes = StaticOutcomes::new(scene.dataset, |label, kind| match kind {
        ShapeKind::Rectangle => only.filter(|only| *only != label).map(|_| NO_FACE),
        _ => Some(NO_BOX),
    });
    Ok(Box::new(WiderFace { scene, layout, groups, subset_of, ids, events, outcomes }))
}

struct WiderFace<'s> {
    scene: &'s Scene<'s>,
    layout: &'static Layout,
    /// The subsets, or splits.
    groups: Vec<Group>,
    /// The subset of each timeline.
    subset_of: Vec<String>,
    /// Names of pictures of their own where subsets that share a file have the same.
    ids: Ids,
    /// The folder that a tag of each label puts pictures in.
    events: Vec<String>,
    /// Of all that is no face.
    outcomes: StaticOutcomes,
}

impl Encoder for WiderFace<'_> {
    fn parts(&self, options: &Options) -> Result<Vec<Part>> {
        let scene = self.scene;
        let mut parts =
            vec![Part::Member { name: "labels.txt".into(), chunks: vec![single_chunk(Section::Labels, 0)] }];
        parts.extend(self.groups.iter().map(|(subset, timelines)| Part::Member {
            name: format!("wider_face_split/wider_face_{subset}_bbx_gt.txt"),
            chunks: frame_chunks(scene, timelines.iter().copied(), Section::Boxes),
        }));
        parts.extend(media_part(scene, 0..scene.timelines.len(), Section::Media, options));
        Ok(parts)
    }

    fn reads(&self, label: u32, kind: ShapeKind) -> bool {
        self.outcomes.is_open(label, kind)
    }

    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        if Section::of(chunk)? == Section::Labels {
            out.text(&label_names(&self.scene.dataset.schema).join("\n"));
            return Ok(());
        }
        let timeline = &self.scene.timelines[chunk.timeline];
        let mut pictures = Pictures::new(timeline, &LINE_BREAKS);
        if Section::of(chunk)? == Section::Media {
            for view in timeline.tagged_frames(places(chunk)?) {
                let picture = self.ids.read(chunk.timeline, view.frame, &mut pictures)?;
                let path = self.path(timeline, &view, picture).concat();
                out.picture(
                    format!("WIDER_{}/images/{path}", self.subset_of[chunk.timeline]),
                    chunk.timeline,
                    view.frame,
                );
            }
            return Ok(());
        }
        let mut values = Values::new();
        self.outcomes.visit(timeline, places(chunk)?, out, |view, out| {
            let picture = self.ids.read(chunk.timeline, view.frame, &mut pictures)?;
            self.ids.note(chunk.timeline, timeline, view.frame, &mut out.tally);
            self.frame(timeline, view, picture, &mut values, out)
        })
    }
}

impl<'s> WiderFace<'s> {
    /// The path of a picture: its folder is the event that its first tag names.
    fn path<'a>(&'a self, timeline: &Timeline<'_>, view: &FrameView<'_>, picture: Picture<'a>) -> [&'a str; 4] {
        let label = view.tags.first().map(|&row| timeline.dataset.columns.tags.label[row as usize]);
        let event = label.map_or("no_label", |label| self.events[label as usize].as_str());
        [event, "/", picture.id, picture.extension]
    }

    fn frame(
        &self,
        timeline: &'s Timeline<'s>,
        view: &FrameView<'_>,
        picture: Picture<'_>,
        values: &mut Values<'s>,
        out: &mut Output,
    ) -> Result<()> {
        let labels = &timeline.dataset.columns.tags.label;
        self.path(timeline, view, picture).into_iter().for_each(|part| out.text(part));
        out.bytes.push(b'\n');
        let mut boxes = Vec::with_capacity(view.items.len());
        for item in view.items {
            let corners = required_corners(timeline.points(item, &mut out.scratch.points))
                .map_err(|error| located(error, timeline, item))?;
            match fit_for(self.layout.profile, timeline, item, corners) {
                Some((corners, outcome)) => boxes.push((item, corners, outcome)),
                None => out.tally.shape(item, OUTSIDE),
            }
        }
        if boxes.is_empty() {
            out.text(self.layout.without_boxes);
        } else {
            number::uint(&mut out.bytes, boxes.len() as u64);
            out.bytes.push(b'\n');
        }
        for (item, corners, outcome) in boxes {
            (self.layout.line)(timeline, item, corners, values, out)?;
            out.tally.shape(item, if timeline.rotation(item) == 0.0 { outcome } else { TURNED });
        }
        for (place, &row) in view.tags.iter().enumerate() {
            out.tally.tag(labels[row as usize], if place == 0 { EVENT } else { LATER_TAG });
        }
        out.tally.frames += 1;
        Ok(())
    }
}

/// The line of a box as CVAT writes it.
fn write_line<'a>(
    timeline: &Timeline<'a>,
    item: &Item,
    [x0, y0, x1, y1]: [f64; 4],
    values: &mut Values<'a>,
    out: &mut Output,
) -> Result<()> {
    for value in [x0, y0, x1 - x0, y1 - y0] {
        number::repr(&mut out.bytes, value);
        out.bytes.push(b' ');
    }
    attributes(timeline, item, values)?;
    for name in ATTRIBUTES {
        match values.iter().find(|(known, _)| *known == name).map(|(_, value)| *value) {
            None => out.text("-"),
            Some(Value::Text(text)) if has_any(text, &LINE_BREAKS) => {
                let message = format!("WiderFace cannot hold a line break in the attribute {name:?}");
                return Err(located(Error::new(Code::BadAttributeValue, message), timeline, item));
            }
            Some(Value::Text(text)) => out.text(text),
            Some(Value::Number(number)) => number::repr(&mut out.bytes, number),
            Some(Value::Flag(flag)) => out.text(if flag { "True" } else { "False" }),
            Some(Value::Count(count)) => number::uint(&mut out.bytes, u64::from(count)),
        }
        out.bytes.push(b' ');
    }
    let label = &timeline.dataset.schema.label(item.label).name;
    if label != FACE {
        out.text(label);
    }
    out.bytes.push(b'\n');
    Ok(())
}

/// The line of a box as the data set's own tools read it: ten whole numbers.
fn write_official_line<'a>(
    timeline: &Timeline<'a>,
    item: &Item,
    corners: [f64; 4],
    values: &mut Values<'a>,
    out: &mut Output,
) -> Result<()> {
    let [x0, y0, x1, y1] = corners.map(f64::round);
    // Zero is added because a small negative number is rounded to a zero with a sign.
    out.text(&format!("{:.0} {:.0} {:.0} {:.0}", x0 + 0.0, y0 + 0.0, x1 - x0, y1 - y0));
    attributes(timeline, item, values)?;
    for names in COLUMNS {
        let of = |name: &&str| values.iter().find(|(known, _)| known == name);
        let number = match names.iter().find_map(of) {
            None | Some((_, Value::Text(""))) => 0,
            Some((name, value)) => int_of(*value).ok_or_else(|| {
                let message = format!("WiderFace needs a whole number in the attribute {name:?}, not {value:?}");
                located(Error::new(Code::BadAttributeValue, message), timeline, item)
            })?,
        };
        out.text(&format!(" {number}"));
    }
    out.bytes.push(b'\n');
    Ok(())
}

#[cfg(test)]
mod tests;
