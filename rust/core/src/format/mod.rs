//! The formats: each says which members it has, how a chunk is encoded, and what it cannot hold.
//!
//! Adding a format is one file with its page beside it, and one line in [`ALL`].

mod annotation;
mod camvid;
mod cityscapes;
mod coco;
mod coco_keypoints;
mod cvat_images;
mod cvat_video;
mod cvat_xml;
mod datumaro;
mod icdar;
mod icdar_localization;
mod icdar_recognition;
mod icdar_segmentation;
mod ids;
mod imagenet;
mod instance;
mod joints;
mod kitti;
mod label_images;
mod labelme;
mod lfw;
pub(crate) mod listing;
mod market1501;
mod masks;
mod mot;
mod mots;
mod open_images;
mod palette;
#[cfg(test)]
mod robustness;
mod segmentation_mask;
mod skeleton;
mod splits;
#[cfg(test)]
pub(crate) mod testing;
mod ultralytics;
mod verdicts;
mod vggface2;
mod voc;
mod voc_layout;
mod widerface;
mod yolo;
mod yolo_cls;
mod yolo_detect;
mod yolo_flips;
mod yolo_layout;
mod yolo_obb;
mod yolo_pose;
mod yolo_seg;
mod yolo_track;

use std::str::FromStr;

use crate::error::{Code, Error, Result};
use crate::plan::Plan;
use crate::timeline::Scene;

/// Every format, in the order in which they are listed.
pub const ALL: &[Format] = &[
    cvat_video::FORMAT,
    cvat_images::FORMAT,
    coco::FORMAT,
    coco_keypoints::FORMAT,
    yolo::FORMAT,
    mot::FORMAT,
    yolo_detect::FORMAT,
    yolo_track::FORMAT,
    yolo_seg::FORMAT,
    yolo_pose::FORMAT,
    yolo_obb::FORMAT,
    yolo_cls::FORMAT,
    imagenet::FORMAT,
    lfw::FORMAT,
    market1501::FORMAT,
    vggface2::FORMAT,
    widerface::FORMAT,
    datumaro::FORMAT,
    icdar_recognition::FORMAT,
    icdar_localization::FORMAT,
    labelme::FORMAT,
    voc::FORMAT,
    segmentation_mask::FORMAT,
    camvid::FORMAT,
    icdar_segmentation::FORMAT,
    cityscapes::FORMAT,
    kitti::FORMAT,
    mots::FORMAT,
    open_images::FORMAT,
];

/// A format that exports can be written in.
#[derive(Clone, Copy)]
pub struct Format {
    /// CVAT's display name with the version, such as `COCO 1.0`.
    pub name: &'static str,
    /// Short name for the command line, such as `coco`.
    pub slug: &'static str,
    /// What it holds, in a few words.
    pub summary: &'static str,
    /// The page about it, in Markdown.
    pub page: &'static str,
    /// Lists its members over a scene.
    pub plan: for<'s> fn(&'s Scene<'s>, &Options) -> Result<Plan<'s>>,
}

/// Whose reader the output is meant for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// Means what CVAT's own output means, faults included.
    #[default]
    Cvat,
    /// What the format's own tools load; each format's page says what differs.
    Training,
}

impl Profile {
    /// What belongs to this profile.
    pub fn choose<T>(self, cvat: T, training: T) -> T {
        match self {
            Self::Cvat => cvat,
            Self::Training => training,
        }
    }

    /// Its name in options and reports.
    pub fn as_str(self) -> &'static str {
        self.choose("cvat", "training")
    }
}

impl FromStr for Profile {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "cvat" => Ok(Self::Cvat),
            "training" => Ok(Self::Training),
            _ => Err(Error::new(Code::BadOption, format!("profile {text:?} is none of cvat, training"))),
        }
    }
}

/// What an export may vary in.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The time that CVAT XML prints as `<dumped>`.
    pub dumped: String,
    /// Whose reader the output is meant for.
    pub profile: Profile,
    /// Whether pictures are written too.
    pub save_images: bool,
}

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
