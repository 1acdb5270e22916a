//! Arrays of bytes to runs. Any byte but 0 is a set pixel.
//!
//! Most pixels are like their neighbour, so blocks of 64 bytes without a change are skipped at the speed of memory, and
//! only in the others are the places of the changes computed, from one bit a pixel. An image that is not stored down its
//! columns is never turned: a run begins or ends where two neighbouring rows differ.

use crate::error::{Code, Error, Result};
use crate::threads::{self, ParallelIterator};

use super::{
    Rle, Scratch,
    block::{self, BLOCK},
    rle::{RunWriter, pixels},
};

/// Encodes an image by its columns: slices of `height` bytes, or of several columns that follow each other in memory.
///
/// [`Code::BadShape`] if there is not one byte for each pixel, [`Code::TooLarge`] for more than 2^32 - 1 pixels.
pub fn columns<'a>(columns: impl IntoIterator<Item = &'a [u8]>, height: u32, width: u32) -> Result<Rle> {
    let pixels = pixels(height, width)?;
    let mut scan = Scan { writer: RunWriter::with_capacity(16), set: false, pixels: 0 };
    let mut length = 0;
    for column in columns {
        length += column.len();
        require(length <= pixels as usize, length, height, width)?;
        scan.add(column);
    }
    require(length == pixels as usize, length, height, width)?;
    Ok(Rle { height, width, counts: scan.writer.finish(pixels) })
}

/// Encodes an image by its rows, from top to bottom, `width` bytes each. Errors like [`columns`].
pub fn rows(rows: &[&[u8]], width: u32, scratch: &mut Scratch) -> Result<Rle> {
    let (height, changes) = (check_rows(rows, width, 1)?, &mut scratch.changes);
    changes.clear();
    changes.resize(rows.len().div_ceil(BLOCK) * width as usize, 0);
    for (number, words) in changes.chunks_exact_mut(width.max(1) as usize).enumerate() {
        read_band(rows, number, width, 1, words);
    }
    let bands = changes.chunks_exact(width.max(1) as usize);
    read_changes(bands, height, width)
}

/// Images whose pixels alternate, being encoded: in each row the first pixels of all images, then the second ones, and so
/// on.
#[derive(Debug)]
pub struct Stack {
    height: u32,
    width: u32,
    images: usize,
    /// For each band of rows and each image one word a column.
    changes: Vec<u64>,
}

impl Stack {
    /// Reads all images in one pass, on all processors. `rows` have `width` pixels of each image. Errors like [`columns`].
    pub fn read(rows: &[&[u8]], width: u32, images: usize) -> Result<Self> {
        let height = check_rows(rows, width, images)?;
        let band = width as usize * images;
        let mut changes = vec![0; rows.len().div_ceil(BLOCK) * band];
        let bands: Vec<(usize, &mut [u64])> = changes.chunks_exact_mut(band.max(1)).enumerate().collect();
        let read = |(number, words): (usize, &mut [u64])| read_band(rows, number, width, images, words);
        threads::over(bands, |bands| bands.for_each(read));
        Ok(Self { height, width, images, changes })
    }

    /// The runs of image number `image`, which must be one of the stack.
    pub fn image(&self, image: usize) -> Result<Rle> {
        let bands = self.changes.chunks_exact(self.width.max(1) as usize).skip(image).step_by(self.images.max(1));
        read_changes(bands, self.height, self.width)
    }
}

/// The number of rows, if each has `width` pixels of every image.
fn check_rows(rows: &[&[u8]], width: u32, images: usize) -> Result<u32> {
    let height = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    pixels(height, width)?;
    match rows.iter().find(|row| Some(row.len()) != images.checked_mul(width as usize)) {
        Some(row) => {
            Err(Error::new(Code::BadShape, format!("a row of {} bytes is not one of {width} pixels", row.len())))
        }
        None => Ok(height),
    }
}

/// Finds where the rows of band `number`, [`BLOCK`] rows, differ from those above them: bit `y` of the word of a column
/// is row `y` of the band.
fn read_band(rows: &[&[u8]], number: usize, width: u32, images: usize, words: &mut [u64]) {
    let clear = vec![0; width as usize * images];
    let first = number * BLOCK;
    let mut above = if first == 0 { &clear } else { rows[first - 1] };
    for (y, row) in rows[first..].iter().take(BLOCK).enumerate() {
        each_difference(above, row, |place| {
            // Nearly always it is one image, and a division takes longer than all else here.
            let column = if images == 1 { place } else { place % images * width as usize + place / images };
            words[column] |= 1 << y;
        });
        above = row;
    }
}

/// The runs of an image from the changes in its columns, band by band.
fn read_changes<'a>(bands: impl Iterator<Item = &'a [u64]> + Clone, height: u32, width: u32) -> Result<Rle> {
    let pixels = pixels(height, width)?;
    if pixels == 0 {
        return Rle::empty(height, width);
    }
    // A column without a change is clear, as what lies above it.
    let mut all = vec![0; width as usize];
    for band in bands.clone() {
        all.iter_mut().zip(band).for_each(|(all, changes)| *all |= changes);
    }
    let mut writer = RunWriter::with_capacity(2 * width as usize);
    for (x, _) in all.iter().enumerate().filter(|&(_, &changes)| changes != 0) {
        let top = x as u32 * height;
        let mut set = false;
        for (first, band) in (top..).step_by(BLOCK).zip(bands.clone()) {
            block::ones(band[x]).for_each(|y| writer.change(first + y));
            set ^= band[x].count_ones() % 2 == 1;
        }
        if set {
            writer.change(top + height);
        }
    }
    Ok(Rle { height, width, counts: writer.finish(pixels) })
}

fn require(is_right: bool, length: usize, height: u32, width: u32) -> Result<()> {
    if is_right {
        return Ok(());
    }
    Err(Error::new(Code::BadShape, format!("{length} bytes are not an image of {height} x {width} pixels")))
}

/// Bytes being turned into runs, piece by piece.
struct Scan {
    writer: RunWriter,
    /// Whether the last pixel is set.
    set: bool,
    pixels: u32,
}

impl Scan {
    fn add(&mut self, bytes: &[u8]) {
        let (mut blocks, rest) = bytes.as_chunks();
        loop {
            let same = if self.set { block::leading::<true>(blocks) } else { block::leading::<false>(blocks) };
            self.pixels += (same * BLOCK) as u32;
            let Some((block, behind)) = blocks[same..].split_first() else { break };
            self.add_bits(block::set_bits(block));
            self.pixels += BLOCK as u32;
            blocks = behind;
        }
        if let Some(last) = rest.len().checked_sub(1) {
            let bits = block::set_bits(&block::padded(rest));
            // The padding continues the last pixel.
            let fill = if bits >> last & 1 == 1 { u64::MAX << last } else { 0 };
            self.add_bits(bits | fill);
            self.pixels += rest.len() as u32;
        }
    }

    #[inline]
    fn add_bits(&mut self, bits: u64) {
        let changes = bits ^ (bits << 1 | u64::from(self.set));
        block::ones(changes).for_each(|place| self.writer.change(self.pixels + place));
        self.set = bits >> (BLOCK - 1) == 1;
    }
}

/// Calls `visit` with each place at which one row has a set pixel and the other a clear one. The rows are of one length.
#[inline]
fn each_difference(a: &[u8], b: &[u8], mut visit: impl FnMut(usize)) {
    let ((blocks_a, rest_a), (blocks_b, rest_b)) = (a.as_chunks(), b.as_chunks());
    let mut compare = |start: usize, a: &[u8; BLOCK], b: &[u8; BLOCK]| {
        let difference = block::set_bits(a) ^ block::set_bits(b);
        block::ones(difference).for_each(|place| visit(start + place as usize));
    };
    for (number, (a, b)) in blocks_a.iter().zip(blocks_b).enumerate() {
        // `a != b` calls the C library, which takes longer for so few bytes.
        if a.iter().zip(b).fold(0, |other, (a, b)| other | (a ^ b)) != 0 {
            compare(number * BLOCK, a, b);
        }
    }
    if !rest_a.is_empty() {
        compare(a.len() - rest_a.len(), &block::padded(rest_a), &block::padded(rest_b));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The runs of an image that is stored along its rows, pixel by pixel.
    fn plain(image: &[u8], height: usize, width: usize) -> Vec<u32> {
        let (mut counts, mut set) = (vec![0], false);
        for (x, y) in (0..width).flat_map(|x| (0..height).map(move |y| (x, y))) {
            if (image[y * width + x] != 0) != set {
                counts.push(0);
                set = !set;
            }
            *counts.last_mut().unwrap() += 1;
        }
        counts
    }

    fn turned(image: &[u8], height: usize, width: usize) -> Vec<u8> {
        (0..width).flat_map(|x| (0..height).map(move |y| image[y * width + x])).collect()
    }

    fn by_rows(image: &[u8], height: u32, width: u32) -> Result<Vec<u32>> {
        let all: Vec<&[u8]> = (0..height as usize).map(|y| &image[y * width as usize..][..width as usize]).collect();
        rows(&all, width, &mut Scratch::new()).map(|rle| rle.counts)
    }

    fn by_columns(image: &[u8], height: u32, width: u32) -> Result<Vec<u32>> {
        columns([image], height, width).map(|rle| rle.counts)
    }

    /// Images of all kinds: noise, stripes, blobs and blank ones, of sizes around those of blocks.
    fn images() -> impl Iterator<Item = (Vec<u8>, u32, u32)> {
        let mut state = 1u32;
        let mut chance = move |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % below
        };
        let sides = [0, 1, 2, 63, 64, 65, 127, 128, 129, 200];
        let sizes = sides.into_iter().flat_map(move |height| sides.map(|width| (height, width)));
        sizes.flat_map(move |(height, width)| {
            let make = |kind: u32| {
                let (stop, value) = (chance(250), 1 + chance(255));
                let pixel = |i: u32| match kind {
                    0 => chance(2) * (1 + chance(255)),
                    1 => u32::from(i % 251 < stop) * value,
                    2 => u32::from(i % width > stop && i / width < stop) * value,
                    3 => u32::from(chance(200) == 0),
                    4 => 0,
                    _ => 1 + chance(255),
                };
                ((0..height * width).map(pixel).map(|value| value as u8).collect(), height, width)
            };
            (0..6).map(make).collect::<Vec<_>>()
        })
    }

    #[test]
    fn rows_and_columns_give_the_runs_that_are_counted_pixel_by_pixel() {
        for (image, height, width) in images() {
            let expected = plain(&image, height as usize, width as usize);
            assert_eq!(by_rows(&image, height, width).unwrap(), expected, "rows of {height} x {width}");
            let image = turned(&image, height as usize, width as usize);
            assert_eq!(by_columns(&image, height, width).unwrap(), expected, "columns of {height} x {width}");
            let apart = columns(image.chunks(height.max(1) as usize), height, width).unwrap();
            assert_eq!(apart.counts, expected, "columns of {height} x {width}, one by one");
        }
    }

    #[test]
    fn a_stack_gives_the_runs_of_each_image() {
        for (count, height, width) in
            [(0, 3, 5), (1, 200, 65), (2, 129, 3), (3, 64, 64), (64, 7, 13), (65, 70, 1), (2, 0, 3)]
        {
            let size = height * width;
            let images: Vec<Vec<u8>> =
                images().map(|(image, ..)| image).filter(|image| image.len() >= size).take(count).collect();
            let stack: Vec<u8> = (0..size).flat_map(|pixel| images.iter().map(move |image| image[pixel])).collect();
            let rows: Vec<&[u8]> = (0..height).map(|y| &stack[y * width * count..][..width * count]).collect();
            let read = Stack::read(&rows, width as u32, count).unwrap();
            for (number, image) in images.iter().enumerate() {
                let expected = plain(&image[..size], height, width);
                assert_eq!(read.image(number).unwrap().counts, expected, "image {number} of {count}");
            }
        }
    }

    #[test]
    fn runs_begin_and_end_where_they_are_seen() {
        // . # . .
        // # # . #
        // # . . #
        let image = [0, 1, 0, 0, 1, 7, 0, 255, 1, 0, 0, 1];
        assert_eq!(by_rows(&image, 3, 4).unwrap(), [1, 4, 5, 2]);
        assert_eq!(by_columns(&[0, 1, 1, 1, 9, 0, 0, 0, 0, 0, 1, 1], 3, 4).unwrap(), [1, 4, 5, 2]);
        assert_eq!(by_rows(&[1; 1000], 10, 100).unwrap(), [0, 1000]);
        assert_eq!(by_columns(&[1; 1000], 10, 100).unwrap(), [0, 1000]);
    }

    #[test]
    fn a_wrong_number_of_bytes_is_an_error() {
        for length in [0, 5, 7, 9] {
            let bytes = vec![0; length];
            assert_eq!(by_columns(&bytes, 2, 3).unwrap_err().code(), Code::BadShape, "{length}");
            let all = [&bytes[..length.min(3)], &bytes];
            assert_eq!(rows(&all, 3, &mut Scratch::new()).unwrap_err().code(), Code::BadShape, "{length}");
            assert_eq!(Stack::read(&[&bytes], 3, 2).unwrap_err().code(), Code::BadShape, "{length}");
        }
        assert_eq!(rows(&[], u32::MAX, &mut Scratch::new()).unwrap().counts, [0]);
        assert_eq!(by_columns(&[], u32::MAX, 2).unwrap_err().code(), Code::TooLarge);
    }
}
