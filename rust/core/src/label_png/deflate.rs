//! A zlib stream (RFC 1950, 1951) from runs. What repeats is known, so nothing is searched for, and no bytes are read
//! to find the checksum.

use super::{
    adler::Adler,
    bits::{Bits, MAX_BITS},
    block_header::Header,
    huffman::{self, Symbol},
};

/// The longest match, and the shortest.
const MAX_MATCH: u64 = 258;
const MIN_MATCH: u64 = 3;
const END_OF_BLOCK: usize = 256;
/// Symbols of literals and lengths, and of distances.
const LITERALS: usize = 286;
const DISTANCES: usize = 30;
/// How far back a repetition reaches.
pub(super) const WINDOW: u64 = 1 << 15;

/// A piece of the stream: a byte, or a repetition, of any length, of what was `distance` bytes before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Token {
    /// 0 for a byte.
    distance: u32,
    /// The length, or the byte.
    length: u32,
}

/// Collects bytes and repetitions and writes them as a zlib stream.
#[derive(Debug, Default)]
pub(super) struct Deflater {
    tokens: Vec<Token>,
}

impl Deflater {
    /// Adds a byte.
    #[inline]
    pub fn literal(&mut self, byte: u8) {
        self.tokens.push(Token { distance: 0, length: byte.into() });
    }

    /// Adds a repetition of what was `distance` bytes before, at most [`WINDOW`]: of three bytes or more, or of any
    /// number if the last piece [repeats](Self::repeats) this distance.
    #[inline]
    pub fn repeat(&mut self, distance: u32, mut length: u64) {
        if let Some(last) = self.tokens.last_mut()
            && last.distance == distance
        {
            length += u64::from(last.length);
            self.tokens.pop();
        }
        while let Some(rest) = length.checked_sub(MAX_REPEAT)
            && rest > 0
        {
            self.tokens.push(Token { distance, length: MAX_REPEAT as u32 });
            length = rest;
        }
        self.tokens.push(Token { distance, length: length as u32 });
    }

    /// Whether the last piece is a repetition of what was `distance` bytes before.
    #[inline]
    pub fn repeats(&self, distance: u32) -> bool {
        self.tokens.last().is_some_and(|last| last.distance == distance)
    }

    /// Adds `count` times a pixel behind a byte `before`.
    #[inline]
    pub fn pixels<const N: usize>(&mut self, pixel: [u8; N], before: u8, count: u32) {
        let length = N as u64 * u64::from(count);
        let first = pixel[0];
        if pixel != [first; N] {
            pixel.iter().for_each(|&byte| self.literal(byte));
            self.copies(pixel, N as u32, length - N as u64);
        } else if before == first {
            self.copies(pixel, 1, length);
        } else {
            self.literal(first);
            self.copies(pixel, 1, length - 1);
        }
    }

    /// Adds `count` more pixels like the last one.
    #[inline]
    pub fn more<const N: usize>(&mut self, pixel: [u8; N], count: u32) {
        let distance = if pixel == [pixel[0]; N] { 1 } else { N as u32 };
        self.copies(pixel, distance, N as u64 * u64::from(count));
    }

    /// Adds `length` bytes that repeat a pixel, of which all bytes are the same if the distance is 1.
    #[inline]
    fn copies<const N: usize>(&mut self, pixel: [u8; N], distance: u32, length: u64) {
        if length >= MIN_MATCH || length > 0 && self.repeats(distance) {
            self.repeat(distance, length);
        } else {
            pixel.iter().cycle().take(length as usize).for_each(|&byte| self.literal(byte));
        }
    }

    /// Writes the stream.
    pub fn finish(&self, adler: &Adler, out: &mut Vec<u8>) {
        // A window of 32 KiB, no preset dictionary.
        out.extend([0x78, 0x01]);
        let counts = self.count();
        let own = [huffman::lengths(&counts.literals, 15), huffman::lengths(&counts.distances, 15)];
        let fixed = [fixed_lengths(), vec![5; DISTANCES]];
        let header = Header::new(&own);
        let (size, size_fixed) = (header.size() + counts.size(&own), counts.size(&fixed));
        let mut bits = Bits::new(out, size.min(size_fixed));
        if size < size_fixed {
            bits.put(Symbol { bits: 0b101, length: 3 });
            header.write(&mut bits);
            self.write(&Codes::new(&own), &mut bits);
        } else {
            bits.put(Symbol { bits: 0b011, length: 3 });
            self.write(&Codes::new(&fixed), &mut bits);
        }
        bits.finish();
        out.extend(adler.value().to_be_bytes());
    }

    /// Writes the tokens and the block's end.
    fn write(&self, codes: &Codes, bits: &mut Bits) {
        for token in &self.tokens {
            let (symbol, extra) = distance_symbol(token.distance);
            let distance = codes.distances[symbol].then(extra);
            if token.length <= MAX_MATCH as u32 {
                bits.put(codes.pieces[token.piece()].then(distance));
            } else {
                each_match(token.length.into(), |length, times| match (token.distance, length) {
                    (1, MAX_MATCH) => codes.write_longest(times as usize, bits),
                    _ => (0..times).for_each(|_| bits.put(codes.pieces[match_piece(length)].then(distance))),
                });
            }
        }
        bits.put(codes.pieces[END_OF_BLOCK]);
    }

    /// Counts the symbols.
    fn count(&self) -> Counts {
        let (mut pieces, mut distances) = ([0; PIECES], [0; DISTANCES + 1]);
        for token in &self.tokens {
            let (symbol, _) = distance_symbol(token.distance);
            if token.length <= MAX_MATCH as u32 {
                pieces[token.piece()] += 1;
                distances[symbol] += 1;
            } else {
                each_match(token.length.into(), |length, times| {
                    pieces[match_piece(length)] += times;
                    distances[symbol] += times;
                });
            }
        }
        let mut counts = Counts { literals: [0; LITERALS], distances: [0; DISTANCES], extra: 0 };
        counts.literals[..END_OF_BLOCK].copy_from_slice(&pieces[..END_OF_BLOCK]);
        counts.literals[END_OF_BLOCK] = 1;
        for length in MIN_MATCH..=MAX_MATCH {
            let (symbol, extra) = length_symbol(length);
            counts.literals[symbol] += pieces[match_piece(length)];
            counts.extra += u64::from(extra.length) * pieces[match_piece(length)];
        }
        counts.distances.copy_from_slice(&distances[..DISTANCES]);
        // From the fifth on, two symbols each share a number of extra bits.
        counts.extra +=
            (0..).zip(&counts.distances).skip(4).map(|(symbol, count)| (symbol / 2 - 1) * count).sum::<u64>();
        counts
    }
}

/// How often each symbol of both alphabets is used, and the number of extra bits.
struct Counts {
    literals: [u64; LITERALS],
    distances: [u64; DISTANCES],
    extra: u64,
}

impl Counts {
    /// The number of bits with codes of these lengths.
    fn size(&self, [literals, distances]: &[Vec<u8>; 2]) -> u64 {
        let size = |counts: &[u64], lengths: &[u8]| {
            counts.iter().zip(lengths).map(|(count, &length)| count * u64::from(length)).sum::<u64>()
        };
        size(&self.literals, literals) + size(&self.distances, distances) + self.extra
    }
}

/// The longest repetition that a token holds.
const MAX_REPEAT: u64 = MAX_MATCH << 22;

/// Literals and matches are numbered by byte and by length: what takes one symbol or two.
const PIECES: usize = match_piece(MAX_MATCH) + 1;

const fn match_piece(length: u64) -> usize {
    END_OF_BLOCK + length as usize
}

impl Token {
    #[inline]
    fn piece(self) -> usize {
        self.length as usize + if self.distance > 0 { END_OF_BLOCK } else { 0 }
    }
}

/// The symbol of a distance and its extra bits (RFC 1951, 3.2.5). 0, which is none, has a symbol of its own.
#[inline]
fn distance_symbol(distance: u32) -> (usize, Symbol) {
    let before = distance.wrapping_sub(1);
    if before < 2 {
        return (before as usize, Symbol::default());
    }
    if distance == 0 {
        return (DISTANCES, Symbol::default());
    }
    let extra = before.ilog2() - 1;
    let symbol = 2 + 2 * extra + (before >> extra & 1);
    (symbol as usize, Symbol { bits: u64::from(before & ((1 << extra) - 1)), length: extra as u8 })
}

/// The codes of a block.
struct Codes {
    /// Those of the literals and of the block's end, and behind those of the lengths of matches, with their extra bits.
    pieces: [Symbol; PIECES],
    distances: [Symbol; DISTANCES + 1],
    /// No, one, two... of the longest matches of distance 1 behind each other, as many as fit at once: these are nearly
    /// all of a sparse image.
    longest: Vec<Symbol>,
}

impl Codes {
    fn new([literals, distances]: &[Vec<u8>; 2]) -> Self {
        let literals = huffman::codes(literals);
        let mut pieces = [Symbol::default(); PIECES];
        pieces[..=END_OF_BLOCK].copy_from_slice(&literals[..=END_OF_BLOCK]);
        for length in MIN_MATCH..=MAX_MATCH {
            let (symbol, extra) = length_symbol(length);
            pieces[match_piece(length)] = literals[symbol].then(extra);
        }
        let mut all = [Symbol::default(); DISTANCES + 1];
        all.iter_mut().zip(huffman::codes(distances)).for_each(|(to, code)| *to = code);
        let one = pieces[match_piece(MAX_MATCH)].then(all[0]);
        let more = |many: &Symbol| Some(many.then(one)).filter(|more| more.length <= MAX_BITS);
        let longest = std::iter::successors(Some(Symbol::default()), more).take(MAX_BITS.into()).collect();
        Self { pieces, distances: all, longest }
    }

    /// Writes many of the longest matches of distance 1.
    #[inline]
    fn write_longest(&self, mut times: usize, bits: &mut Bits) {
        while times > 0 {
            let now = times.min(self.longest.len() - 1);
            bits.put(self.longest[now]);
            times -= now;
        }
    }
}

/// Calls `visit` with the lengths of the matches that `length` bytes are cut into, and how many there are of each.
#[inline]
fn each_match(length: u64, mut visit: impl FnMut(u64, u64)) {
    if length <= MAX_MATCH {
        return visit(length, 1);
    }
    let (full, rest) = (length / MAX_MATCH, length % MAX_MATCH);
    match (full, rest) {
        (_, 0) => visit(MAX_MATCH, full),
        // The rest is too short for a match and takes from the last full one.
        (_, 1 | 2) => {
            if full > 1 {
                visit(MAX_MATCH, full - 1);
            }
            visit(MAX_MATCH + rest - MIN_MATCH, 1);
            visit(MIN_MATCH, 1);
        }
        _ => {
            visit(MAX_MATCH, full);
            visit(rest, 1);
        }
    }
}

/// The symbol of a match length and its extra bits (RFC 1951, 3.2.5).
fn length_symbol(length: u64) -> (usize, Symbol) {
    match length {
        MAX_MATCH => (285, Symbol::default()),
        3..11 => (254 + length as usize, Symbol::default()),
        _ => {
            // Four symbols share a number of extra bits, and each four reach twice as far as those before.
            let above = (length - MIN_MATCH) as u32;
            let extra = above.ilog2() - 2;
            let symbol = 261 + 4 * extra + (above >> extra & 3);
            (symbol as usize, Symbol { bits: u64::from(above & ((1 << extra) - 1)), length: extra as u8 })
        }
    }
}

/// The lengths of the fixed codes (RFC 1951, 3.2.6), with the two symbols that are never used but take room.
fn fixed_lengths() -> Vec<u8> {
    [(8, 144), (9, 112), (7, 24), (8, 8)].into_iter().flat_map(|(length, n)| std::iter::repeat_n(length, n)).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    /// A stream of one row behind a byte 0, inflated, which also checks the checksum; and its size.
    fn inflated(runs: &[(&[u8], u32)]) -> (Vec<u8>, usize) {
        let length = runs.iter().map(|(pixel, count)| pixel.len() as u32 * count).sum();
        let mut adler = Adler::new(length, 1);
        adler.row(
            0,
            runs.iter()
                .flat_map(|(pixel, count)| pixel.iter().cycle().take(pixel.len() * *count as usize))
                .map(|&byte| (1, [byte])),
        );
        let (mut deflater, mut stream, mut bytes) = (Deflater::default(), Vec::new(), Vec::new());
        deflater.literal(0);
        let mut before = 0;
        for &(pixel, count) in runs {
            match *pixel {
                [a] => deflater.pixels([a], before, count),
                [a, b] => deflater.pixels([a, b], before, count),
                [a, b, c] => deflater.pixels([a, b, c], before, count),
                [a, b, c, d] => deflater.pixels([a, b, c, d], before, count),
                _ => unreachable!(),
            }
            before = pixel[pixel.len() - 1];
        }
        deflater.finish(&adler, &mut stream);
        flate2::read::ZlibDecoder::new(stream.as_slice()).read_to_end(&mut bytes).unwrap();
        (bytes, stream.len())
    }

    fn assert_inflates(runs: &[(&[u8], u32)]) {
        let bytes = runs.iter().flat_map(|(pixel, count)| pixel.repeat(*count as usize));
        let expected: Vec<u8> = std::iter::once(0).chain(bytes).collect();
        assert!(inflated(runs).0 == expected, "{runs:?}");
    }

    #[test]
    fn streams_inflate_to_the_runs_they_were_made_of() {
        for count in (1..600).chain([65_521, 65_522, 1_000_000]) {
            assert_inflates(&[
                (&[0], 1),
                (&[0], count),
                (&[7], count),
                (&[1, 2, 3], count),
                (&[9, 9], 2),
                (&[1, 0, 0, 255], count),
            ]);
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
        assert_inflates(&runs);
    }

    #[test]
    fn repetitions_of_any_distance_and_length_inflate() {
        let mut expected: Vec<u8> = (0..WINDOW as u32).map(|i| (i.wrapping_mul(0x9E37_79B9) >> 24) as u8).collect();
        let (mut deflater, mut stream, mut bytes) = (Deflater::default(), Vec::new(), Vec::new());
        expected.iter().for_each(|&byte| deflater.literal(byte));
        // Every symbol of the distances at its first and last distance, with lengths of all symbols.
        let powers = (0..15).flat_map(|power| [1 << power, (3 << power) / 2]);
        for (distance, length) in
            powers.flat_map(|far| [far, far + 1]).chain([1 << 15]).zip((3..300).step_by(5).cycle())
        {
            deflater.repeat(distance, length);
            (0..length).for_each(|_| expected.push(expected[expected.len() - distance as usize]));
        }
        deflater.finish(&Adler::new(1, 1), &mut stream);
        // Without the checksum.
        let mut decoder = flate2::read::DeflateDecoder::new(&stream[2..]);
        decoder.read_to_end(&mut bytes).unwrap();
        assert!(bytes == expected);
    }

    #[test]
    fn a_blank_stream_is_as_small_as_deflate_can_make_it() {
        // A match of 258 bytes takes two bits at the least.
        let (bytes, size) = inflated(&[(&[0], 25_800_000)]);
        assert_eq!(bytes.len(), 25_800_001);
        assert!(size < 100_000 / 4 + 100, "{size}");
    }
}
