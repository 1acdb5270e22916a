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
    // CVAT keeps a byte of either number.
    let classes = painting.values(palette.background as u8, |place| class(place) as u8);
    let mut number = 0_u8;
    let objects = painting.values(0, |place| {
        number = number.wrapping_add(1);
        if class(place) == palette.background { 0 } else { number }
    });
    if let Some(mask) = masks.get(BYTES - 1) {
        let message = "an image of objects tells 255 of them apart: from the 256th on numbers repeat";
        out.tally.note(message, || place(timeline, &mask.leader));
    }
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
