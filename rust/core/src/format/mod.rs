//! The formats: the list of all, and a folder for each. A folder holds the code, its page and its tests; formats that
//! share a layout are a family and lie in one folder.
//!
//! To add a format, write its folder and add a line to [`ALL`]. What several families need lies in `kit`; no family
//! imports another.

mod camvid;
mod cityscapes;
mod coco;
mod cvat;
mod darknet;
mod datumaro;
mod icdar;
mod imagenet;
mod kit;
mod kitti;
mod labelme;
mod lfw;
mod market1501;
mod mot;
mod mots;
mod names;
mod open_images;
#[cfg(test)]
mod robustness;
mod segmentation_mask;
#[cfg(test)]
pub(crate) mod testing;
mod ultralytics;
mod vggface2;
mod voc;
mod widerface;

pub(crate) use kit::listing::write_field;
pub use names::find;

use crate::plan::Format;

/// Every format, in the order in which they are listed.
pub const ALL: &[Format] = &[
    cvat::video::FORMAT,
    cvat::images::FORMAT,
    coco::instances::FORMAT,
    coco::keypoints::FORMAT,
    darknet::FORMAT,
    mot::FORMAT,
    ultralytics::detect::FORMAT,
    ultralytics::track::FORMAT,
    ultralytics::seg::FORMAT,
    ultralytics::pose::FORMAT,
    ultralytics::obb::FORMAT,
    ultralytics::cls::FORMAT,
    imagenet::FORMAT,
    lfw::FORMAT,
    market1501::FORMAT,
    vggface2::FORMAT,
    widerface::FORMAT,
    datumaro::FORMAT,
    icdar::recognition::FORMAT,
    icdar::localization::FORMAT,
    labelme::FORMAT,
    voc::FORMAT,
    segmentation_mask::FORMAT,
    camvid::FORMAT,
    icdar::segmentation::FORMAT,
    cityscapes::FORMAT,
    kitti::FORMAT,
    mots::FORMAT,
    open_images::FORMAT,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_says_what_becomes_of_every_shape() {
        for format in ALL {
            assert!(format.page.starts_with(&format!("# {}\n", format.name)), "{}", format.name);
            for kind in crate::schema::ShapeKind::ALL {
                assert!(format.page.contains(kind.as_str()), "{}: {}", format.name, kind.as_str());
            }
            assert!(format.page.contains("tag"), "{}", format.name);
        }
    }
}
