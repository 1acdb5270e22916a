//! What PASCAL VOC and Segmentation mask share: images of classes and objects, the map of labels, which pictures are
//! listed as segmented.

use super::label_images::{Painting, class_colours};
use super::listing::Picture;
use super::masks::Mask;
use super::palette::{Palette, voc};
use crate::error::Result;
use crate::plan::Output;
use crate::raster::png::Pixels;
use crate::schema::ShapeKind;
use crate::timeline::{FrameView, Timeline};

/// Where the picture of a frame lies.
pub fn picture_path(picture: &Picture) -> String {
    format!("JPEGImages/{}{}", picture.id, picture.extension)
}

/// Whether a frame has no annotation at all. A cuboid in an image is no annotation to CVAT here.
pub fn is_bare(view: &FrameView<'_>) -> bool {
    view.tags.is_empty() && view.items.iter().all(|item| item.kind == ShapeKind::Cuboid)
}

/// Writes the two images of a frame: the colours of the classes, and a colour for each object.
pub fn write_images(
    painting: &mut Painting,
    palette: &Palette,
    (timeline, frame): (&Timeline<'_>, u32),
    id: &str,
    masks: &[Mask],
    out: &mut Output,
) -> Result<()> {
    painting.paint(timeline, frame, masks)?;
    let classes = class_colours(painting, palette, masks);
    painting.write(format!("SegmentationClass/{id}.png"), &Pixels::Rgb8(&classes), out)?;
    let mut number = 0;
    let objects = painting.values([0; 3], |place| {
        number += 1;
        let is_background = palette.class(masks[place].leader.label) == palette.background;
        // CVAT keeps a byte of the number.
        if is_background { [0; 3] } else { voc(number & 255) }
    });
    painting.write(format!("SegmentationObject/{id}.png"), &Pixels::Rgb8(&objects), out)
}

/// Writes `labelmap.txt`.
pub fn write_labelmap(palette: &Palette, out: &mut Output) {
    out.text("# label:color_rgb:parts:actions\n");
    for (name, [red, green, blue]) in &palette.classes {
        out.text(&format!("{name}:{red},{green},{blue}::\n"));
    }
}
