//! Arrays of bytes to runs. Any byte but 0 is a set pixel.

use crate::error::{Code, Error, Result};

use super::{
    Rle, Scratch,
    rle::{RunWriter, pixels},
};

/// Bytes that are looked at in one go: two to four vector registers.
const CHUNK: usize = 64;

/// Encodes an image that is stored down the columns (Fortran order).
///
/// [`Code::BadShape`] if `bytes` does not have one byte for each pixel, [`Code::TooLarge`] for more than 2^32 - 1.
pub fn column_major(bytes: &[u8], height: u32, width: u32) -> Result<Rle> {
    let pixels = check(bytes, height, width)?;
    let mut writer = RunWriter::with_capacity(16);
    let mut set = false;
    for (start, chunk) in (0..).step_by(CHUNK).zip(bytes.chunks(CHUNK)) {
        let set_bytes = chunk.iter().filter(|&&byte| byte != 0).count();
        if set_bytes == if set { chunk.len() } else { 0 } {
            continue;
        }
        for (place, &byte) in (start..).zip(chunk) {
            if (byte != 0) != set {
                writer.change(place);
                set = !set;
            }
        }
    }
    Ok(Rle { height, width, counts: writer.finish(pixels) })
}

/// Encodes an image that is stored along the rows (C order), without turning it round first: only the pixels at which
/// two neighbouring rows differ begin or end a run. Errors like [`column_major`].
pub fn row_major(bytes: &[u8], height: u32, width: u32, scratch: &mut Scratch) -> Result<Rle> {
    let pixels = check(bytes, height, width)?;
    let Scratch { strips, crossings, .. } = scratch;
    strips.begin();
    if pixels > 0 {
        let clear = vec![0; width as usize];
        let mut above = clear.as_slice();
        for (y, row) in (0..).zip(bytes.chunks_exact(width as usize).chain([clear.as_slice()])) {
            compare(above, row, |from, to| strips.differ(y, from, to));
            above = row;
        }
    }
    strips.turn(crossings, height);
    Ok(Rle::from_columns(height, width, pixels, crossings))
}

fn check(bytes: &[u8], height: u32, width: u32) -> Result<u32> {
    let pixels = pixels(height, width)?;
    if bytes.len() as u64 == u64::from(pixels) {
        return Ok(pixels);
    }
    let message = format!("{} bytes are no image of {height} x {width} pixels", bytes.len());
    Err(Error::new(Code::BadShape, message))
}

/// Calls `differ` for each stretch of pixels in which two rows differ.
fn compare(a: &[u8], b: &[u8], mut differ: impl FnMut(u32, u32)) {
    let mut from = None;
    for (start, (a, b)) in (0..).step_by(CHUNK).zip(a.chunks(CHUNK).zip(b.chunks(CHUNK))) {
        if a == b && from.is_none() {
            continue;
        }
        for (place, (a, b)) in (start..).zip(a.iter().zip(b)) {
            if (*a != 0) != (*b != 0) {
                from.get_or_insert(place);
            } else if let Some(from) = from.take() {
                differ(from, place);
            }
        }
    }
    if let Some(from) = from {
        differ(from, a.len() as u32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_give_the_same_runs() {
        // . # . .
        // # # . #
        // # . . #
        let rows = [0, 1, 0, 0, 1, 7, 0, 255, 1, 0, 0, 1];
        let columns = [0, 1, 1, 1, 9, 0, 0, 0, 0, 0, 1, 1];
        let expected = [1, 4, 5, 2];
        assert_eq!(row_major(&rows, 3, 4, &mut Scratch::new()).unwrap().counts, expected);
        assert_eq!(column_major(&columns, 3, 4).unwrap().counts, expected);
    }

    #[test]
    fn runs_longer_than_a_chunk_are_one_run() {
        let mut bytes = vec![0; 1000];
        bytes[100..700].fill(1);
        assert_eq!(column_major(&bytes, 1000, 1).unwrap().counts, [100, 600, 300]);
        assert_eq!(row_major(&bytes, 1, 1000, &mut Scratch::new()).unwrap().counts, [100, 600, 300]);
        assert_eq!(row_major(&[1; 1000], 10, 100, &mut Scratch::new()).unwrap().counts, [0, 1000]);
    }

    #[test]
    fn an_image_of_no_pixels_has_one_empty_run() {
        for (height, width) in [(0, 0), (0, 5), (5, 0)] {
            assert_eq!(row_major(&[], height, width, &mut Scratch::new()).unwrap().counts, [0]);
            assert_eq!(column_major(&[], height, width).unwrap().counts, [0]);
        }
    }

    #[test]
    fn a_wrong_number_of_bytes_is_an_error() {
        assert_eq!(column_major(&[0; 5], 2, 3).unwrap_err().code(), Code::BadShape);
        assert_eq!(row_major(&[0; 7], 2, 3, &mut Scratch::new()).unwrap_err().code(), Code::BadShape);
    }
}
