//! Writing bits into bytes, as deflate has them.

use super::huffman::Symbol;

/// So many bits can be put at once, behind up to seven that are left.
pub(super) const MAX_BITS: u8 = 56;

/// Writes bits, the lowest first.
pub(super) struct Bits<'a> {
    out: &'a mut Vec<u8>,
    /// Where the next byte goes.
    next: usize,
    pending: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    /// Makes room for `size` bits.
    pub fn new(out: &'a mut Vec<u8>, size: u64) -> Self {
        let next = out.len();
        out.resize(next + (size / 8) as usize + 2 * size_of::<u64>(), 0);
        Self { out, next, pending: 0, count: 0 }
    }

    /// Puts a symbol of up to [`MAX_BITS`].
    #[inline]
    pub fn put(&mut self, symbol: Symbol) {
        self.pending |= symbol.bits << self.count;
        self.count += u32::from(symbol.length);
        // All bytes are written, and the unfinished ones once more: no branch that could be mispredicted.
        self.out[self.next..self.next + size_of::<u64>()].copy_from_slice(&self.pending.to_le_bytes());
        self.next += (self.count / 8) as usize;
        self.pending >>= self.count & !7;
        self.count &= 7;
    }

    pub fn finish(self) {
        self.out.truncate(self.next + self.count.div_ceil(8) as usize);
    }
}
