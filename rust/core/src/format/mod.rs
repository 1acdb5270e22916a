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

use crate::error::{Code, Error, Result};
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

/// The format with this display name or slug; letter case does not matter.
pub fn find(name: &str) -> Result<&'static Format> {
    let wanted = name.trim();
    let is_it = |format: &&Format| format.name.eq_ignore_ascii_case(wanted) || format.slug.eq_ignore_ascii_case(wanted);
    ALL.iter().find(is_it).ok_or_else(|| {
        let names: Vec<_> = ALL.iter().map(|format| format.name).collect();
        Error::new(Code::UnknownFormat, format!("no format is called {name:?}"))
            .advise(format!("choose one of {}", names.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_found_by_its_name_and_its_slug_in_any_letter_case() {
        for format in ALL {
            assert_eq!(find(&format.name.to_uppercase()).map(|found| found.slug), Ok(format.slug));
            assert_eq!(find(format.slug).map(|found| found.name), Ok(format.name));
        }
        assert_eq!(find("COCO 9.9").map(|found| found.name).map_err(|error| error.code()), Err(Code::UnknownFormat));
    }

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
