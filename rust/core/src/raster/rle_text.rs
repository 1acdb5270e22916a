//! COCO's compressed text of run lengths.

use crate::error::{Code, Error, Result};

use super::Rle;

/// The first of the 64 characters; each carries 5 bits and a flag.
const ZERO: u8 = b'0';
const MORE: u8 = 0x20;
/// Seven characters hold 35 bits, enough for any difference of two 32-bit counts.
const MAX_CHARACTERS: u32 = 7;

/// Counts that are written in one go if each takes one character, as nearly all do in the mask of an object: the runs of
/// neighbouring columns are about as long.
const FEW: usize = 8;

impl Rle {
    /// The runs as COCO's compressed text: each count (from the fourth on its difference to the one two before) in
    /// groups of 5 bits, least first, with a flag for "more" and sign extension, as characters from `0` to `o`.
    pub fn to_compressed(&self) -> String {
        let mut text = Vec::new();
        self.append_compressed(&mut text);
        String::from_utf8(text).unwrap_or_default()
    }

    /// Appends the compressed text, which is ASCII.
    pub fn append_compressed(&self, text: &mut Vec<u8>) {
        text.reserve(self.counts.len() * 2);
        let (first, rest) = self.counts.split_at(self.counts.len().min(3));
        first.iter().for_each(|&count| push(text, count.into()));
        let before = self.counts.get(1..).unwrap_or_default();
        for (counts, before) in rest.chunks(FEW).zip(before.chunks(FEW)) {
            let differences = counts.iter().zip(before).map(|(&count, &before)| i64::from(count) - i64::from(before));
            if let (Ok(counts), Ok(before)) = (<&[u32; FEW]>::try_from(counts), before.try_into())
                && let Some(characters) = short(counts, before)
            {
                text.extend_from_slice(&characters);
            } else {
                differences.for_each(|difference| push(text, difference));
            }
        }
    }

    /// Reads COCO's compressed text. [`Code::BadMask`] for a character that is none of the format's, a text that ends
    /// within a number, a count out of range, or runs that do not fill the image.
    pub fn from_compressed(text: &[u8], height: u32, width: u32) -> Result<Self> {
        let mut counts: Vec<u32> = Vec::with_capacity(text.len());
        let mut place = 0;
        while let Some(&byte) = text.get(place) {
            let group = byte.wrapping_sub(ZERO);
            let difference = if group < MORE {
                i64::from((group << 3).cast_signed() >> 3)
            } else {
                let number = read_long(text, place)?;
                place = number.last;
                number.value
            };
            let before = if counts.len() > 2 { counts[counts.len() - 2] } else { 0 };
            let count = u32::try_from(difference + i64::from(before));
            counts.push(count.map_err(|_| bad(place, "the number is no run length"))?);
            place += 1;
        }
        Self::new(height, width, counts)
    }
}

/// The characters of a few counts, if one is enough for each.
fn short(counts: &[u32; FEW], before: &[u32; FEW]) -> Option<[u8; FEW]> {
    let differences: [u32; FEW] = std::array::from_fn(|i| counts[i].wrapping_sub(before[i]));
    let are_short = differences.iter().all(|difference| difference.wrapping_add(16) < 32);
    // Otherwise a difference of nearly 2^32 would pass for a small one.
    let are_signed = counts.iter().chain(before).fold(0, |bits, count| bits | count) <= i32::MAX.cast_unsigned();
    (are_short && are_signed).then(|| differences.map(|difference| ZERO + (difference & 0x1f) as u8))
}

fn push(text: &mut Vec<u8>, mut rest: i64) {
    // The last group is the one whose sign bit says what all bits above it are.
    while !(-16..16).contains(&rest) {
        text.push(ZERO + (rest & 0x1f) as u8 + MORE);
        rest >>= 5;
    }
    text.push(ZERO + (rest & 0x1f) as u8);
}

struct Number {
    value: i64,
    /// Where its last character is.
    last: usize,
}

/// Reads a number of several characters.
fn read_long(text: &[u8], first: usize) -> Result<Number> {
    let (mut value, mut bits) = (0, 0);
    for (last, &byte) in text.iter().enumerate().skip(first) {
        let group = byte.wrapping_sub(ZERO);
        if group > 0x3f || bits == 5 * MAX_CHARACTERS {
            let what = if group > 0x3f { "the byte is none of the format's" } else { "the number is too long" };
            return Err(bad(last, what));
        }
        value |= i64::from(group & 0x1f) << bits;
        bits += 5;
        if group & MORE == 0 {
            // Bits above the last group are all as its highest.
            let unused = i64::BITS - bits;
            return Ok(Number { value: value << unused >> unused, last });
        }
    }
    Err(bad(text.len(), "the text ends within a number"))
}

fn bad(place: usize, what: &str) -> Error {
    Error::new(Code::BadMask, format!("compressed runs, at byte {place}: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_that_of_pycocotools() {
        // (counts, height, width, pycocotools' text)
        let cases: [(&[u32], u32, u32, &str); 4] = [
            (&[7, 3, 3, 3, 3, 3, 3, 3, 20], 6, 8, "73300000a0"),
            (&[0, 48], 6, 8, "0`1"),
            (&[48], 6, 8, "`1"),
            (&[100_000, 5, 7, 3, 2_073_600 - 100_015], 1080, 1920, "PeQ357NZZWl1"),
        ];
        for (counts, height, width, text) in cases {
            let rle = Rle::new(height, width, counts.to_vec()).unwrap();
            assert_eq!(rle.to_compressed(), text);
            assert_eq!(Rle::from_compressed(text.as_bytes(), height, width).unwrap(), rle);
        }
    }

    #[test]
    fn the_largest_counts_survive() {
        let with_zeros = |place: usize| (0..20).map(|i| if i == place { u32::MAX } else { 0 }).collect::<Vec<_>>();
        for counts in [vec![u32::MAX], vec![0, 1, 0, 0, 0, u32::MAX - 1], with_zeros(3), with_zeros(12), with_zeros(19)]
        {
            let rle = Rle::new(1, u32::MAX, counts).unwrap();
            assert_eq!(Rle::from_compressed(rle.to_compressed().as_bytes(), 1, u32::MAX).unwrap(), rle);
        }
    }

    #[test]
    fn counts_of_one_character_and_of_more_alternate() {
        // The differences from the fourth on: 0, -16, 15 fit one character, 16 and -17 do not. The text is pycocotools'.
        let differences =
            [5, 5, 5, 0, 0, 0, 0, 0, 0, 0, 0, 15, 0, 0, 0, 0, 0, 0, -16, 0, 16, 0, 0, 0, 0, 0, -17, 40, 0];
        let mut counts: Vec<u32> = vec![90, 90, 90];
        for difference in differences {
            counts.push(counts[counts.len() - 2].wrapping_add_signed(difference));
        }
        let rle = Rle::new(1, counts.iter().sum(), counts).unwrap();
        assert_eq!(rle.to_compressed(), "j2j2j255500000000?000000@0`000000_OX10");
        assert_eq!(Rle::from_compressed(rle.to_compressed().as_bytes(), rle.height, rle.width).unwrap(), rle);
    }

    #[test]
    fn hostile_text_is_an_error() {
        let hostile: [&[u8]; 8] = [
            b"7330000",
            b"7 3",
            b"\xff",
            b"o",
            b"oooooooooooooooo0",
            b"@",
            b"73300000a0\0",
            b"PPPPPPPPPPPPPPPPPPPPPPP",
        ];
        for text in hostile {
            assert_eq!(Rle::from_compressed(text, 6, 8).unwrap_err().code(), Code::BadMask, "{text:?}");
        }
    }
}
