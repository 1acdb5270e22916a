//! What PASCAL VOC and Segmentation mask share: images of classes and objects, the map of labels, which pictures are
//! listed as segmented.

use super::annotation::place;
use super::ids::Ids;
use super::label_images::Painting;
use super::listing::Picture;
use super::masks::Mask;
use super::palette::{Colour, Palette, voc};
use super::splits::{Group, groups};
use crate::error::Result;
use crate::label_png::Pixels;
use crate::plan::{Output, Profile};
use crate::schema::ShapeKind;
use crate::timeline::{FrameView, Scene, Timeline};

/// The subsets and the ids of pictures as a profile wants them: all subsets share folders, so that for training an id
/// must differ from those of other subsets too.
pub fn subsets(scene: &Scene<'_>, profile: Profile) -> (Vec<Group>, Ids) {
    let groups = groups(scene, profile);
    let ids = match profile {
        Profile::Cvat => Ids::of_groups(scene, &groups),
        Profile::Training => Ids::of_groups(scene, &[(String::new(), (0..scene.timelines.len()).collect())]),
    };
    (groups, ids)
}

/// Whether a frame without masks has images all the same: the lists name those without annotations, and readers want
/// images of all that they name.
pub fn is_blank_listed(view: &FrameView<'_>, profile: Profile) -> bool {
    profile == Profile::Training && is_bare(view)
}

/// Where the picture of a frame lies.
pub fn picture_path(picture: Picture<'_>) -> String {
    format!("JPEGImages/{}{}", picture.id, picture.extension)
}

/// Whether a frame has no annotation at all. A cuboid in an image is no annotation to CVAT here.
pub fn is_bare(view: &FrameView<'_>) -> bool {
    view.tags.is_empty() && view.items.iter().all(|item| item.kind == ShapeKind::Cuboid)
}

/// Numbers in a byte.
const BYTES: usize = 256;
/// What the devkit of PASCAL VOC and its readers take for pixels that belong to nothing. CVAT does not know it.
const VOID: usize = 255;

/// What a profile makes of a number that a byte may not hold. CVAT keeps its lowest eight bits.
type Byte = fn(usize) -> u8;

/// The number of a class; those that a byte does not hold are void, so that no model learns them as another class.
fn up_to_void(number: usize) -> u8 {
    number.min(VOID) as u8
}

/// The number of an object, never void: all from the 254th on share one.
fn below_void(number: usize) -> u8 {
    number.min(VOID - 1) as u8
}

/// Notes masks that a byte cannot tell from others.
fn note_shared_numbers(profile: Profile, palette: &Palette, timeline: &Timeline<'_>, masks: &[Mask], out: &mut Output) {
    let (limit, message) = profile.choose(
        (BYTES - 1, "an image of objects tells 255 of them apart: from the 256th on numbers repeat"),
        (VOID - 1, "an image of objects tells 254 of them apart: those from the 254th on share its number"),
    );
    if let Some(mask) = masks.get(limit) {
        out.tally.note(message, || place(timeline, &mask.leader));
    }
    let has_no_number = |mask: &&Mask| palette.class(mask.leader.label) >= VOID;
    if profile == Profile::Training
        && let Some(mask) = masks.iter().find(has_no_number)
    {
        let message = "an image of classes holds 255 of them: the pixels of others are void";
        out.tally.note(message, || place(timeline, &mask.leader));
    }
}

/// Writes the two images of a frame: the classes, and a number for each object.
pub fn write_images(
    painting: &mut Painting,
    (palette, profile): (&Palette, Profile),
    (timeline, frame): (&Timeline<'_>, u32),
    id: &str,
    masks: &[Mask],
    out: &mut Output,
) -> Result<()> {
    painting.paint(timeline, frame, masks)?;
    let class = |place: usize| palette.class(masks[place].leader.label);
    let (class_byte, object_byte) =
        profile.choose::<(Byte, Byte)>((|number| number as u8, |number| number as u8), (up_to_void, below_void));
    let classes = painting.values(class_byte(palette.background), |place| class_byte(class(place)));
    let mut number = 0;
    let objects = painting.values(0, |place| {
        number += 1;
        if class(place) == palette.background { 0 } else { object_byte(number) }
    });
    note_shared_numbers(profile, palette, timeline, masks, out);
    let name = format!("SegmentationClass/{id}.png");
    write_numbers(painting, name, &classes, |class| palette.colour(class), profile, out)?;
    write_numbers(painting, format!("SegmentationObject/{id}.png"), &objects, voc, profile, out)
}

/// Writes an image of numbers: by their colours as CVAT does, or as places in a palette, which is how the devkit of PASCAL
/// VOC stores them and what its readers take for the numbers.
fn write_numbers(
    painting: &Painting,
    name: String,
    numbers: &[u8],
    colour: impl Fn(usize) -> Colour,
    profile: Profile,
    out: &mut Output,
) -> Result<()> {
    let colours: Vec<Colour> = (0..BYTES).map(colour).collect();
    match profile {
        Profile::Cvat => {
            let colours: Vec<Colour> = numbers.iter().map(|&number| colours[usize::from(number)]).collect();
            painting.write(name, &Pixels::Rgb8(&colours), out)
        }
        Profile::Training => painting.write(name, &Pixels::Palette8 { index: numbers, colours: &colours }, out),
    }
}

/// Writes `labelmap.txt`.
pub fn write_labelmap(palette: &Palette, out: &mut Output) {
    out.text("# label:color_rgb:parts:actions\n");
    for (name, [red, green, blue]) in &palette.classes {
        out.text(&format!("{name}:{red},{green},{blue}::\n"));
    }
}
