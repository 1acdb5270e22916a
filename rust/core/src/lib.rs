//! The core of framehaul: everything between a CVAT source and the bytes of an export. No Python in it.
//!
//! A [`dataset::Dataset`] is read by `ingest`, seen frame by frame through [`timeline`], cut into members and chunks
//! by a [`format`] and a [`plan`], and written by the executor into a [`sink`].

pub mod dataset;
pub mod error;
pub mod execute;
pub mod format;
pub mod geometry;
pub mod ingest;
pub mod label_png;
pub mod limits;
pub mod media;
pub mod naming;
pub mod paths;
pub mod plan;
pub mod raster;
pub mod report;
pub mod run;
pub mod schema;
pub mod sidecar;
pub mod sink;
pub mod text;
pub mod threads;
pub mod timeline;
