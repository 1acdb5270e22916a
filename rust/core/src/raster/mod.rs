//! Masks as runs: filling, tracing, merging and measuring them without ever making a frame of bytes.
//!
//! A mask is an [`Rle`]: COCO's column-major run lengths. Everything that makes one works on runs too, so the cost of
//! a mask follows its outline, not the size of its image:
//!
//! | from | to | module | rule |
//! |---|---|---|---|
//! | polygon, box | runs | [`polygon`] | COCO's reference rule (`rleFrPoly`), to the pixel |
//! | ellipse | runs | [`ellipse`] | OpenCV's integer rule (`cv2.ellipse`, filled), to the pixel |
//! | CVAT mask points | runs, and back | [`cvat`] | row-major inside a box to column-major over the image |
//! | array of bytes | runs, and back | [`encode`], [`Rle::decode`] | any non-zero byte is set |
//! | runs | polygons | [`contours`] | OpenCV's `findContours` (tree, Teh-Chin), holes spliced into their outlines |
//! | masks, array of labels | label map, and back | [`Canvas`] | later masks lie above earlier ones |
//! | runs | runs, numbers | [`Rle`], [`merge`](mod@merge) | union, intersection, area, box, IoU, COCO's compressed text |
//!
//! The functions that need working memory take a [`Scratch`]; one per worker, reused from mask to mask.

mod block;
mod canvas;
pub mod contours;
mod crossings;
pub mod cvat;
pub mod ellipse;
pub mod encode;
pub mod merge;
mod overlap;
mod painter;
pub mod polygon;
mod rle;
mod rle_text;
mod scratch;
mod strips;

pub(crate) use canvas::each_run;
pub use canvas::{Canvas, Change, Pixel};
pub use overlap::{Compared, Measured};
pub use painter::Painter;
pub use rle::Rle;
pub use scratch::Scratch;
