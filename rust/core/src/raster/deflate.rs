//! A zlib stream (RFC 1950, 1951) from runs. What repeats is known, so nothing is searched for, and no bytes are read
//! to find the checksum.

use super::huffman::{self, Symbol};

/// The longest match, and the shortest.
const LONGEST: u64 = 258;
const SHORTEST: u64 = 3;
const END_OF_BLOCK: usize = 256;
/// Symbols of literals and lengths, and of the distances that are used: 1 to 4, whose symbols have no extra bits.
const LITERALS: usize = 286;
const DISTANCES: usize = 4;
/// The order in which the lengths of the codes for code lengths are written.
const LENGTH_ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// A piece of the stream: a byte, or a repetition of the last `distance` bytes of any length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Literal(u8),
    Repeat { distance: u8, length: u64 },
}

/// Collects runs of pixels and writes them as a zlib stream.
#[derive(Debug, Default)]
pub(super) struct Deflater {
    tokens: Vec<Token>,
    last: Option<u8>,
    adler: Adler,
}

impl Deflater {
    /// Adds `count` pixels of the same one to four bytes.
    #[inline]
    pub fn run<const N: usize>(&mut self, pixel: [u8; N], count: u32) {
        let length = u64::from(count) * N as u64;
        self.adler.add(pixel, u64::from(count));
        let first = pixel[0];
        if pixel != [first; N] {
            self.tokens.extend(pixel.map(Token::Literal));
            self.repeat(&pixel, N as u8, length - N as u64);
        } else if self.last == Some(first) {
            self.repeat(&[first], 1, length);
        } else {
            self.tokens.push(Token::Literal(first));
            self.repeat(&[first], 1, length - 1);
        }
        self.last = Some(pixel[N - 1]);
    }

    /// Adds `length` bytes that repeat `pixel`, which has just been added.
    fn repeat(&mut self, pixel: &[u8], distance: u8, length: u64) {
        match self.tokens.last_mut() {
            // With more bytes to a pixel a filter's byte lies between.
            Some(Token::Repeat { distance: 1, length: before }) if distance == 1 => *before += length,
            _ if length >= SHORTEST => self.tokens.push(Token::Repeat { distance, length }),
            _ => self.tokens.extend((0..length).map(|i| Token::Literal(pixel[i as usize % pixel.len()]))),
        }
    }

    /// Writes the stream.
    pub fn finish(&self, out: &mut Vec<u8>) {
        // A window of 32 KiB, no preset dictionary.
        out.extend([0x78, 0x01]);
        let mut bits = Bits { out, pending: 0, count: 0 };
        let codes = self.best_codes(&mut bits);
        for &token in &self.tokens {
            match token {
                Token::Literal(byte) => bits.put(codes.literals[usize::from(byte)]),
                Token::Repeat { distance, length } => codes.repeat(&mut bits, distance, length),
            }
        }
        bits.put(codes.literals[END_OF_BLOCK]);
        bits.finish();
        out.extend(self.adler.value().to_be_bytes());
    }

    /// Chooses between the fixed codes and those made for this stream, and writes the block's head.
    fn best_codes(&self, bits: &mut Bits) -> Codes {
        let (literals, distances) = self.frequencies();
        let own = [huffman::lengths(&literals, 15), huffman::lengths(&distances, 15)];
        let fixed = [fixed_lengths(), vec![5; DISTANCES]];
        let size = |[l, d]: &[Vec<u8>; 2]| {
            let size = |frequencies: &[u64], lengths: &[u8]| {
                frequencies.iter().zip(lengths).map(|(frequency, &length)| frequency * u64::from(length)).sum::<u64>()
            };
            size(&literals, l) + size(&distances, d)
        };
        let head = Head::new(&own);
        let lengths = if size(&own) + head.size() < size(&fixed) {
            bits.put(Symbol { bits: 0b101, length: 3 });
            head.write(bits);
            own
        } else {
            bits.put(Symbol { bits: 0b011, length: 3 });
            fixed
        };
        Codes::new(&lengths)
    }

    /// How often each symbol of both alphabets is used.
    fn frequencies(&self) -> ([u64; LITERALS], [u64; DISTANCES]) {
        let (mut literals, mut distances) = ([0; LITERALS], [0; DISTANCES]);
        let mut lengths = [0; LONGEST as usize + 1];
        for &token in &self.tokens {
            match token {
                Token::Literal(byte) => literals[usize::from(byte)] += 1,
                Token::Repeat { distance, length } => each_match(length, |length, times| {
                    lengths[length as usize] += times;
                    distances[usize::from(distance) - 1] += times;
                }),
            }
        }
        (SHORTEST..=LONGEST).for_each(|length| literals[length_symbol(length).0] += lengths[length as usize]);
        literals[END_OF_BLOCK] = 1;
        (literals, distances)
    }
}

/// The codes of a block.
struct Codes {
    literals: Vec<Symbol>,
    /// The code of each length of a match, with its extra bits.
    lengths: Vec<Symbol>,
    distances: Vec<Symbol>,
}

impl Codes {
    fn new([literals, distances]: &[Vec<u8>; 2]) -> Self {
        let literals = huffman::codes(literals);
        let length = |length| {
            let (symbol, extra) = length_symbol(length);
            literals[symbol].then(extra)
        };
        let none = std::iter::repeat_n(Symbol::default(), SHORTEST as usize);
        let lengths = none.chain((SHORTEST..=LONGEST).map(length)).collect();
        Self { literals, lengths, distances: huffman::codes(distances) }
    }

    #[inline]
    fn repeat(&self, bits: &mut Bits, distance: u8, length: u64) {
        let distance = self.distances[usize::from(distance) - 1];
        each_match(length, |length, times| {
            let whole = self.lengths[length as usize].then(distance);
            if times == 1 {
                return bits.put(whole);
            }
            // As many at once as fit: these are nearly all of a sparse image.
            let at_once = u64::from(32 / whole.length).min(times);
            let many = (0..at_once).fold(Symbol::default(), |many, _| many.then(whole));
            (0..times / at_once).for_each(|_| bits.put(many));
            (0..times % at_once).for_each(|_| bits.put(whole));
        });
    }
}

/// Calls `visit` with the lengths of the matches that `length` bytes are cut into, and how many there are of each.
#[inline]
fn each_match(length: u64, mut visit: impl FnMut(u64, u64)) {
    if length <= LONGEST {
        return visit(length, 1);
    }
    let (full, rest) = (length / LONGEST, length % LONGEST);
    match (full, rest) {
        (_, 0) => visit(LONGEST, full),
        // The rest is too short for a match and takes from the last full one.
        (_, 1 | 2) => {
            if full > 1 {
                visit(LONGEST, full - 1);
            }
            visit(LONGEST + rest - SHORTEST, 1);
            visit(SHORTEST, 1);
        }
        _ => {
            visit(LONGEST, full);
            visit(rest, 1);
        }
    }
}

/// The symbol of a match length and its extra bits (RFC 1951, 3.2.5).
fn length_symbol(length: u64) -> (usize, Symbol) {
    match length {
        LONGEST => (285, Symbol::default()),
        3..11 => (254 + length as usize, Symbol::default()),
        _ => {
            // Four symbols share a number of extra bits, and each four reach twice as far as those before.
            let above = (length - SHORTEST) as u32;
            let extra = above.ilog2() - 2;
            let symbol = 261 + 4 * extra + (above >> extra & 3);
            (symbol as usize, Symbol { bits: above & ((1 << extra) - 1), length: extra as u8 })
        }
    }
}

/// The lengths of the fixed codes (RFC 1951, 3.2.6), with the two symbols that are never used but take room.
fn fixed_lengths() -> Vec<u8> {
    [(8, 144), (9, 112), (7, 24), (8, 8)].into_iter().flat_map(|(length, n)| std::iter::repeat_n(length, n)).collect()
}

/// The description of a block's own codes.
struct Head {
    literals: usize,
    /// Symbols of the code lengths, with their extra bits.
    symbols: Vec<(usize, Symbol)>,
    codes: Vec<Symbol>,
    /// How many codes for code lengths are written.
    count: usize,
}

impl Head {
    fn new([literals, distances]: &[Vec<u8>; 2]) -> Self {
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
        Self { literals: used, symbols, codes, count }
    }

    /// Its number of bits.
    fn size(&self) -> u64 {
        let symbols = self.symbols.iter().map(|&(symbol, extra)| u64::from(self.codes[symbol].length + extra.length));
        14 + 3 * self.count as u64 + symbols.sum::<u64>()
    }

    fn write(&self, bits: &mut Bits) {
        let counts = [(self.literals - 257, 5), (DISTANCES - 1, 5), (self.count - 4, 4)];
        let lengths = LENGTH_ORDER[..self.count].iter().map(|&symbol| (usize::from(self.codes[symbol].length), 3));
        for (number, length) in counts.into_iter().chain(lengths) {
            bits.put(Symbol { bits: number as u32, length });
        }
        for &(symbol, extra) in &self.symbols {
            bits.put(self.codes[symbol].then(extra));
        }
    }
}

/// Describes `count` codes of one length (RFC 1951, 3.2.7).
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
        symbols.push((symbol, Symbol { bits: (now - least) as u32, length: bits }));
        count -= now;
    }
    symbols.extend(std::iter::repeat_n(plain, count));
}

impl Symbol {
    /// This one with another behind it; 32 bits at most.
    fn then(self, next: Self) -> Self {
        Self {
            bits: self.bits | next.bits.checked_shl(u32::from(self.length)).unwrap_or(0),
            length: self.length + next.length,
        }
    }
}

/// Writes bits, the lowest first.
struct Bits<'a> {
    out: &'a mut Vec<u8>,
    pending: u64,
    count: u32,
}

impl Bits<'_> {
    #[inline]
    fn put(&mut self, symbol: Symbol) {
        self.pending |= u64::from(symbol.bits) << self.count;
        self.count += u32::from(symbol.length);
        // All bytes are written and the unfinished ones taken back: no branch that could be mispredicted.
        let whole = self.out.len() + (self.count / 8) as usize;
        self.out.extend_from_slice(&self.pending.to_le_bytes());
        self.out.truncate(whole);
        self.pending >>= self.count & !7;
        self.count &= 7;
    }

    fn finish(self) {
        let bytes = self.pending.to_le_bytes();
        self.out.extend_from_slice(&bytes[..self.count.div_ceil(8) as usize]);
    }
}

/// The checksum Adler-32, found from runs.
#[derive(Debug)]
struct Adler {
    a: u64,
    b: u64,
}

impl Default for Adler {
    fn default() -> Self {
        Self { a: 1, b: 0 }
    }
}

impl Adler {
    const MODULUS: u64 = 65521;

    /// Adds `count` times the bytes of `pixel`. Each byte is added to `a`, and then `a` to `b`; over many equal pixels
    /// the sums are arithmetic series.
    #[inline]
    fn add<const N: usize>(&mut self, pixel: [u8; N], count: u64) {
        let size = N as u64;
        let sum: u64 = pixel.iter().map(|&byte| u64::from(byte)).sum();
        let weighted: u64 = pixel.iter().zip((1..=size).rev()).map(|(&byte, weight)| weight * u64::from(byte)).sum();
        // Both stay small enough for all that follows in 64 bits; divisions are dear here.
        let pairs = if sum == 0 { 0 } else { count * count.saturating_sub(1) / 2 % Self::MODULUS };
        let count = if count < Self::MODULUS { count } else { count % Self::MODULUS };
        self.b = (self.b + count * (size * self.a + weighted) + pairs * (size * sum)) % Self::MODULUS;
        self.a += count * sum;
        if self.a >= Self::MODULUS {
            self.a %= Self::MODULUS;
        }
    }

    fn value(&self) -> u32 {
        (self.b << 16 | self.a) as u32
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn inflated(runs: &[(&[u8], u32)]) -> (Vec<u8>, usize) {
        let (mut deflater, mut stream, mut bytes) = (Deflater::default(), Vec::new(), Vec::new());
        for &(pixel, count) in runs {
            match *pixel {
                [a] => deflater.run([a], count),
                [a, b] => deflater.run([a, b], count),
                [a, b, c] => deflater.run([a, b, c], count),
                [a, b, c, d] => deflater.run([a, b, c, d], count),
                _ => unreachable!(),
            }
        }
        deflater.finish(&mut stream);
        // Also checks the checksum.
        flate2::read::ZlibDecoder::new(stream.as_slice()).read_to_end(&mut bytes).unwrap();
        (bytes, stream.len())
    }

    #[test]
    fn streams_inflate_to_the_runs_they_were_made_of() {
        for count in (1..600).chain([65_521, 65_522, 1_000_000]) {
            let runs: [(&[u8], u32); 6] =
                [(&[0], 1), (&[0], count), (&[7], count), (&[1, 2, 3], count), (&[9, 9], 2), (&[1, 0, 0, 255], count)];
            let expected: Vec<u8> = runs.iter().flat_map(|(pixel, count)| pixel.repeat(*count as usize)).collect();
            assert_eq!(inflated(&runs).0, expected, "{count}");
        }
    }

    #[test]
    fn many_different_bytes_inflate_too() {
        let mut state = 1u32;
        let pixels: Vec<[u8; 3]> = (0..5000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                [(state >> 24) as u8, (state >> 16 & 7) as u8, 0]
            })
            .collect();
        let runs: Vec<(&[u8], u32)> =
            pixels.iter().zip(1..).map(|(pixel, n)| (pixel.as_slice(), n % 300 + 1)).collect();
        let expected: Vec<u8> = runs.iter().flat_map(|(pixel, count)| pixel.repeat(*count as usize)).collect();
        assert_eq!(inflated(&runs).0, expected);
    }

    #[test]
    fn a_blank_stream_is_as_small_as_deflate_can_make_it() {
        // A match of 258 bytes takes two bits at the least.
        let (bytes, size) = inflated(&[(&[0], 258_000_000)]);
        assert_eq!(bytes.len(), 258_000_000);
        assert!(size < 1_000_000 / 4 + 100, "{size}");
    }
}
