//! A label map as a PNG file, written from runs. The pixels are compressed run by run, so an image costs its runs, not its
//! pixels, and no row of bytes is ever made.
//!
//! | module | what it knows |
//! |---|---|
//! | `png` | chunks of a PNG file; what the pixel of a value looks like ([`Pixels`]) |
//! | `rows` | what repeats: runs of a pixel, and pieces of the row above; both follow from where the rows change |
//! | `deflate` | a zlib stream from bytes and repetitions, without a search for matches |
//! | `block_header`, `huffman`, `bits` | the codes of a block, their description, and bits in bytes |
//! | `adler` | the checksum of the stream, computed from runs |
//!
//! The input is a [`Canvas`](crate::raster::Canvas). Every file must decode to the canvas that it was made of and must
//! hardly be larger than zlib makes it; the tests in `rows` check both.

mod adler;
mod bits;
mod block_header;
mod deflate;
mod huffman;
mod png;
mod rows;

pub use png::{Pixels, encode};
