//! Working memory that is kept from one mask to the next.

use super::{contours::Bitmap, crossings::Crossings, ellipse::Rows, polygon::Edge, strips::Strips};

/// Working memory of the raster functions. It grows to what the largest mask needed and is reused, so that a mask
/// costs no allocation but its own runs. Hold one per worker; its contents mean nothing between calls.
#[derive(Debug, Default)]
pub struct Scratch {
    /// Where columns change, as [`encode`](super::encode) finds it.
    pub(super) changes: Vec<u64>,
    pub(super) crossings: Crossings,
    pub(super) strips: Strips,
    pub(super) ring: Vec<[f64; 2]>,
    pub(super) edges: Vec<Edge>,
    pub(super) rows: Rows,
    pub(super) bitmap: Bitmap,
}

impl Scratch {
    /// Empty working memory.
    pub fn new() -> Self {
        Self::default()
    }
}
