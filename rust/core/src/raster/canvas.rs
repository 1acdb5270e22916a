//! A label map as runs along its rows.

use crate::error::Result;

use super::{
    painter::{Layers, Painter},
    rle::{pixels, require_length},
};

/// What an image that is read may consist of.
pub trait Pixel: Copy + Eq + From<u8> + Into<u32> {}

impl<T: Copy + Eq + From<u8> + Into<u32>> Pixel for T {}

/// From column `from` on, a row of a [`Canvas`] has `value`, up to the next change or the row's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// First column that has the value.
    pub from: u32,
    /// The value.
    pub value: u32,
}

/// A label map of `height` x `width` values, on which masks are painted over each other. Only the places where a row
/// changes its value are stored, so it costs the runs of what is painted, however large the image. Hold one per worker:
/// its memory is reused from image to image.
#[derive(Debug, Default)]
pub struct Canvas {
    height: u32,
    width: u32,
    /// The changes of all rows, and where those of each row begin; in the end where the last row's end.
    pub(super) changes: Vec<Change>,
    pub(super) starts: Vec<usize>,
    pub(super) layers: Layers,
}

impl Canvas {
    /// A canvas of no size; see [`begin`](Self::begin) and [`read`](Self::read).
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins a new image, 0 everywhere, on which masks can be painted.
    /// [`Code::TooLarge`](crate::error::Code::TooLarge) for more than 2^32 - 1 pixels.
    pub fn begin(&mut self, height: u32, width: u32) -> Result<Painter<'_>> {
        self.clear(height, width)?;
        self.starts.resize(height as usize + 1, 0);
        Ok(Painter::new(self))
    }

    /// Takes over an image that is stored along the rows. [`Code::BadShape`](crate::error::Code::BadShape) if `image`
    /// does not have one value for each pixel.
    pub fn read<T: Pixel>(&mut self, image: &[T], height: u32, width: u32) -> Result<()> {
        self.clear(height, width)?;
        require_length(image.len(), height, width)?;
        let mut above: &[T] = &[];
        let mut start = 0;
        for row in image.chunks_exact(width.max(1) as usize) {
            let end = self.changes.len();
            self.starts.push(end);
            if row == above {
                self.changes.extend_from_within(start..end);
            } else {
                find_changes(&mut self.changes, row);
                above = row;
            }
            start = end;
        }
        self.starts.resize(height as usize + 1, self.changes.len());
        Ok(())
    }

    fn clear(&mut self, height: u32, width: u32) -> Result<()> {
        pixels(height, width)?;
        (self.height, self.width) = (height, width);
        self.changes.clear();
        self.starts.clear();
        Ok(())
    }

    /// Rows of the image.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Columns of the image.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// The rows, from top to bottom, as the places where they change, from left to right. A row begins with 0, and each
    /// change brings another value than the one before, so equal rows have equal changes.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = &[Change]> {
        self.starts.windows(2).map(|ends| &self.changes[ends[0]..ends[1]])
    }

    /// The largest value.
    pub fn largest(&self) -> u32 {
        self.changes.iter().map(|change| change.value).max().unwrap_or(0)
    }

    /// Writes the values into an image that is stored along the rows. `value` gives the pixel of a value.
    /// [`Code::BadShape`](crate::error::Code::BadShape) if `image` does not have one value for each pixel.
    pub fn write<T: Copy>(&self, image: &mut [T], value: impl Fn(u32) -> T) -> Result<()> {
        require_length(image.len(), self.height, self.width)?;
        for (row, pixels) in self.rows().zip(image.chunks_exact_mut(self.width.max(1) as usize)) {
            each_run(row, self.width, |from, to, v| pixels[from as usize..to as usize].fill(value(v)));
        }
        Ok(())
    }
}

/// Calls `visit` with begin, end and value of every run of a row, the zeros included.
pub(crate) fn each_run(row: &[Change], width: u32, mut visit: impl FnMut(u32, u32, u32)) {
    let (mut from, mut value) = (0, 0);
    for change in row {
        if from < change.from {
            visit(from, change.from, value);
        }
        (from, value) = (change.from, change.value);
    }
    if from < width {
        visit(from, width, value);
    }
}

/// How many pixels are looked at in one go.
const MANY: usize = 64;

/// Finds where pixels differ from those before them, the first of all from 0.
fn find_changes<T: Pixel>(changes: &mut Vec<Change>, pixels: &[T]) {
    let Some((&first, after)) = pixels.split_first() else { return };
    let before = &pixels[..after.len()];
    if first != T::from(0) {
        changes.push(Change { from: 0, value: first.into() });
    }
    let mut put = |start: usize, mut places: u64| {
        while places != 0 {
            let place = start + places.trailing_zeros() as usize;
            changes.push(Change { from: place as u32 + 1, value: after[place].into() });
            places &= places - 1;
        }
    };
    let (pairs, rest) = (before.as_chunks().0.iter().zip(after.as_chunks().0), after.len() % MANY);
    for (start, (before, after)) in (0..).step_by(MANY).zip(pairs) {
        put(start, differing(before, after));
    }
    match (before.last_chunk(), after.last_chunk()) {
        // Some of these have been looked at before.
        (Some(before), Some(last)) if rest > 0 => {
            put(after.len() - MANY, differing(before, last) & u64::MAX << (MANY - rest));
        }
        (Some(_), Some(_)) => (),
        _ => (0..rest).filter(|&place| before[place] != after[place]).for_each(|place| put(place, 1)),
    }
}

/// The places, one bit each, where two times 64 values differ.
#[inline]
fn differing<T: Pixel>(before: &[T; MANY], after: &[T; MANY]) -> u64 {
    let pairs = before.iter().zip(after);
    // Comparing the arrays as such makes reading a label image take a fifth longer.
    if !pairs.clone().fold(false, |other, (a, b)| other | (a != b)) {
        return 0;
    }
    let mut differ = [0u8; MANY];
    differ.iter_mut().zip(pairs).for_each(|(differ, (a, b))| *differ = u8::from(a != b));
    // The product has the lowest bits of all eight bytes side by side at its top.
    let gather = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes).wrapping_mul(0x0102_0408_1020_4080) >> 56;
    differ.as_chunks().0.iter().rev().fold(0, |bits, bytes| bits << 8 | gather(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    fn change(from: u32, value: u32) -> Change {
        Change { from, value }
    }

    /// The image, which must be the same written as read.
    fn read_back<T: Pixel + std::fmt::Debug + TryFrom<u32>>(image: &[T], height: u32, width: u32) -> Vec<Vec<Change>> {
        let mut canvas = Canvas::new();
        canvas.read(image, height, width).unwrap();
        let mut written = vec![T::from(99); image.len()];
        canvas.write(&mut written, |value| T::try_from(value).unwrap_or(T::from(77))).unwrap();
        assert_eq!(written, image);
        canvas.rows().map(<[Change]>::to_vec).collect()
    }

    #[test]
    fn an_image_is_read_as_it_was_written() {
        let mut image = vec![0u16; 3 * 200];
        image[60..70].fill(5);
        image[199] = 400;
        image[399] = 400;
        image[400..600].fill(1);
        let rows = read_back(&image, 3, 200);
        let first = vec![change(60, 5), change(70, 0), change(199, 400)];
        assert_eq!(rows, [first, vec![change(199, 400)], vec![change(0, 1)]]);
    }

    #[test]
    fn a_change_is_found_at_every_place_of_a_row_of_any_width() {
        for width in (1..200).chain([1023, 1024, 1025]) {
            for place in 0..width {
                let mut row = vec![0u8; width];
                row[place..].fill(7);
                assert_eq!(read_back(&row, 1, width as u32), [[change(place as u32, 7)]], "{place} of {width}");
            }
        }
    }

    #[test]
    fn rows_of_noise_are_read_too() {
        for width in [1, 63, 64, 65, 130, 193] {
            let noise: Vec<u8> = (0..3 * width).map(|i: u32| (i.wrapping_mul(0x9E37_79B9) >> 28) as u8 / 5).collect();
            let rows = read_back(&noise, 3, width);
            assert!(rows.iter().flatten().count() as u32 > width / 2);
            let words: Vec<u32> = noise.iter().map(|&byte| u32::from(byte) << 20).collect();
            assert_eq!(read_back(&words, 3, width).concat().len(), rows.concat().len());
        }
    }

    #[test]
    fn a_new_image_has_nothing_of_the_last_one() {
        let mut canvas = Canvas::new();
        canvas.read(&[3u8; 6], 2, 3).unwrap();
        canvas.begin(3, 2).unwrap().finish();
        assert_eq!(canvas.rows().collect::<Vec<_>>(), [&[]; 3]);
        assert_eq!(canvas.largest(), 0);
    }

    #[test]
    fn an_image_of_another_size_or_too_large_is_an_error() {
        let mut canvas = Canvas::new();
        assert_eq!(canvas.begin(70_000, 70_000).unwrap_err().code(), Code::TooLarge);
        assert_eq!(canvas.read(&[0u8; 5], 2, 3).unwrap_err().code(), Code::BadShape);
        canvas.read(&[0u8; 6], 2, 3).unwrap();
        assert_eq!(canvas.write(&mut [0u8; 5], |_| 0).unwrap_err().code(), Code::BadShape);
    }
}
