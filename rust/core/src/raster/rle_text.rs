//! COCO's compressed text of run lengths.

use crate::error::{Code, Error, Result};

use super::Rle;

/// The first of the 64 characters; each carries 5 bits and a flag.
const ZERO: u8 = b'0';
const MORE: u8 = 0x20;
/// Seven characters hold 35 bits, enough for any difference of two 32-bit counts.
const LONGEST: u32 = 7;

impl Rle {
    /// The runs as COCO's compressed text: each count (from the fourth on its difference to the one two before) in
    /// groups of 5 bits, least first, with a flag for "more" and sign extension, as characters from `0` to `o`.
    pub fn to_compressed(&self) -> String {
        let mut text = Vec::with_capacity(self.counts.len() * 2);
        for (i, &count) in self.counts.iter().enumerate() {
            let before = if i > 2 { self.counts[i - 2] } else { 0 };
            let mut rest = i64::from(count) - i64::from(before);
            // The last group is the one whose sign bit says what all bits above it are.
            while !(-16..16).contains(&rest) {
                text.push(ZERO + (rest & 0x1f) as u8 + MORE);
                rest >>= 5;
            }
            text.push(ZERO + (rest & 0x1f) as u8);
        }
        String::from_utf8(text).unwrap_or_default()
    }

    /// Reads COCO's compressed text. [`Code::BadMask`] for a character that is none of the format's, a text that ends
    /// within a number, a count out of range, or runs that do not fill the image.
    pub fn from_compressed(text: &[u8], height: u32, width: u32) -> Result<Self> {
        let mut counts: Vec<u32> = Vec::with_capacity(text.len());
        let (mut value, mut groups) = (0i64, 0u32);
        for (place, &byte) in text.iter().enumerate() {
            let group = byte.wrapping_sub(ZERO);
            if group > 0x3f || groups == LONGEST {
                let what = if group > 0x3f { "the byte is none of the format's" } else { "the number is too long" };
                return Err(bad(place, what));
            }
            value |= i64::from(group & 0x1f) << (5 * groups);
            groups += 1;
            if group & MORE != 0 {
                continue;
            }
            // Bits above the last group are all as its highest.
            let unused = i64::BITS - 5 * groups;
            let before = if counts.len() > 2 { counts[counts.len() - 2] } else { 0 };
            let count = (value << unused >> unused) + i64::from(before);
            counts.push(u32::try_from(count).map_err(|_| bad(place, "the number is no run length"))?);
            (value, groups) = (0, 0);
        }
        if groups > 0 {
            return Err(bad(text.len(), "the text ends within a number"));
        }
        Self::new(height, width, counts)
    }
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
        for counts in [vec![u32::MAX], vec![0, 1, 0, 0, 0, u32::MAX - 1], vec![0, 0, 0, u32::MAX, 0, 0]] {
            let rle = Rle::new(1, u32::MAX, counts).unwrap();
            assert_eq!(Rle::from_compressed(rle.to_compressed().as_bytes(), 1, u32::MAX).unwrap(), rle);
        }
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
