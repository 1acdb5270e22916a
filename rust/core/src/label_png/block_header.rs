//! The description of the codes that a block of deflate brings along (RFC 1951, 3.2.7).

use super::{
    bits::Bits,
    huffman::{self, Symbol},
};

/// The order in which the lengths of the codes for code lengths are written.
const LENGTH_ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// The description, with the number of codes for literals and for distances.
pub(super) struct Header {
    literals: usize,
    distances: usize,
    /// Symbols of the code lengths, with their extra bits.
    symbols: Vec<(usize, Symbol)>,
    codes: Vec<Symbol>,
    /// How many codes for code lengths are written.
    count: usize,
}

impl Header {
    /// Describes the codes of literals and distances by their lengths.
    pub fn new([literals, distances]: &[Vec<u8>; 2]) -> Self {
        let used = literals.iter().rposition(|&length| length > 0).map_or(257, |last| last.max(256) + 1);
        let all: Vec<u8> = literals[..used].iter().chain(distances).copied().collect();
        let mut symbols = Vec::new();
        for same in all.chunk_by(|a, b| a == b) {
            describe(same[0], same.len(), &mut symbols);
        }
        let mut frequencies = [0; 19];
        symbols.iter().for_each(|&(symbol, _)| frequencies[symbol] += 1);
        let codes = huffman::codes(&huffman::lengths(&frequencies, 7));
        let count = LENGTH_ORDER.iter().rposition(|&symbol| codes[symbol].length > 0).map_or(4, |last| last.max(3) + 1);
        Self { literals: used, distances: distances.len(), symbols, codes, count }
    }

    /// Its number of bits.
    pub fn size(&self) -> u64 {
        let symbols = self.symbols.iter().map(|&(symbol, extra)| u64::from(self.codes[symbol].length + extra.length));
        14 + 3 * self.count as u64 + symbols.sum::<u64>()
    }

    /// Writes it.
    pub fn write(&self, bits: &mut Bits) {
        let counts = [(self.literals - 257, 5), (self.distances - 1, 5), (self.count - 4, 4)];
        let lengths = LENGTH_ORDER[..self.count].iter().map(|&symbol| (usize::from(self.codes[symbol].length), 3));
        for (number, length) in counts.into_iter().chain(lengths) {
            bits.put(Symbol { bits: number as u64, length });
        }
        for &(symbol, extra) in &self.symbols {
            bits.put(self.codes[symbol].then(extra));
        }
    }
}

/// Describes `count` codes of one length.
fn describe(length: u8, mut count: usize, symbols: &mut Vec<(usize, Symbol)>) {
    let plain = (usize::from(length), Symbol::default());
    if length > 0 {
        symbols.push(plain);
        count -= 1;
    }
    while count >= 3 {
        let (symbol, least, most, bits) = match (length, count) {
            (1.., _) => (16, 3, 6, 2),
            (0, ..11) => (17, 3, 10, 3),
            (0, _) => (18, 11, 138, 7),
        };
        let now = count.min(most);
        symbols.push((symbol, Symbol { bits: (now - least) as u64, length: bits }));
        count -= now;
    }
    symbols.extend(std::iter::repeat_n(plain, count));
}
