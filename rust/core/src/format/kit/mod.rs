//! What several families of formats share. Nothing here is a format.

pub mod annotation;
pub mod class_folders;
pub mod frame_texts;
pub mod ids;
pub mod inside;
pub mod instance;
pub mod joints;
pub mod label_images;
pub mod listing;
pub mod masks;
pub mod outcomes;
pub mod palette;
pub mod skeleton;
pub mod splits;
pub mod voc_layout;
