//! Sixty-four pixels at a time: the bytes of a block as one bit each.

/// Bytes of a block.
pub(super) const BLOCK: usize = u64::BITS as usize;

const HIGH: u64 = u64::from_le_bytes([0x80; 8]);

/// The bytes as words, the first byte lowest.
#[inline]
fn words(block: &[u8; BLOCK]) -> impl DoubleEndedIterator<Item = u64> {
    block.as_chunks::<8>().0.iter().copied().map(u64::from_le_bytes)
}

/// How many of the first blocks have set bytes alone, or clear ones alone.
#[inline]
pub(super) fn leading<const SET: bool>(blocks: &[[u8; BLOCK]]) -> usize {
    // Byte by byte the compiler reads a block in four steps; a comparison with a block of zeros takes half as long again.
    let is_all = |block: &[u8; BLOCK]| match SET {
        true => block.iter().fold(u8::MAX, |least, &byte| least.min(byte)) != 0,
        false => block.iter().fold(0, |bits, byte| bits | byte) == 0,
    };
    blocks.iter().position(|block| !is_all(block)).unwrap_or(blocks.len())
}

/// A bit for each byte, the first lowest: whether the byte is set.
#[inline]
pub(super) fn set_bits(block: &[u8; BLOCK]) -> u64 {
    // The product moves the high bit of byte `i` to bit `56 + i`; no two of its terms meet, so nothing is carried.
    const GATHER: u64 = u64::from_be_bytes([0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80]);
    words(block).rev().fold(0, |bits, word| {
        let high = (((word & !HIGH) + !HIGH) | word) & HIGH;
        bits << 8 | (high >> 7).wrapping_mul(GATHER) >> 56
    })
}

/// Up to [`BLOCK`] bytes, filled up with clear ones.
#[inline]
pub(super) fn padded(bytes: &[u8]) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block[..bytes.len()].copy_from_slice(bytes);
    block
}

/// The places of the bits that are 1, in ascending order.
#[inline]
pub(super) fn ones(mut bits: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let place = bits.trailing_zeros();
        bits &= bits.wrapping_sub(1);
        (place < u64::BITS).then_some(place)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_but_0_is_a_set_bit() {
        for place in 0..BLOCK {
            for value in 0..=u8::MAX {
                let mut block = [0; BLOCK];
                block[place] = value;
                assert_eq!(set_bits(&block), u64::from(value != 0) << place, "{value} at {place}");
                assert_eq!(leading::<false>(&[[0; BLOCK], block]), 1 + usize::from(value == 0));
                let mut block = [1; BLOCK];
                block[place] = value;
                assert_eq!(set_bits(&block), !(u64::from(value == 0) << place), "{value} at {place}");
                assert_eq!(leading::<true>(&[[9; BLOCK], block]), 1 + usize::from(value != 0));
            }
        }
    }

    #[test]
    fn places_of_bits_come_in_ascending_order() {
        assert_eq!(ones(0).count(), 0);
        assert!(ones(1 << 63 | 0b101).eq([0, 2, 63]));
        assert!(ones(u64::MAX).eq(0..64));
    }
}
