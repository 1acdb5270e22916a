//! CVAT's own XML, by frame and by track.

pub mod images;
pub mod video;
mod xml;
