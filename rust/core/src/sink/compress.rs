//! Raw deflate, one independent piece at a time.
//!
//! Figures of zlib-rs 0.6 on one core (CVAT XML and COCO JSON of random boxes, pieces of 1 MiB): level 1 runs at 520 MB/s
//! and packs to 1/4.6, level 2 at 330 MB/s to 1/6.2, level 6 at 95 to 140 MB/s to 1/7, level 9 at 45 to 55 MB/s to 1/7.2.
//! libdeflate's level 1 does 440 MB/s and 1/6.5, but cannot flush, so its pieces cannot be joined.

use std::str::FromStr;

use flate2::{Compress, FlushCompress, Status};
use serde::{Deserialize, Serialize};

use crate::error::{Code, Error, Result};

/// How hard text is compressed. Members that are compressed by themselves, such as pictures, are stored in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Compression {
    /// Everything is stored.
    None,
    /// As fast as the disk.
    #[default]
    Fast,
    /// As small as deflate can make it, at a tenth of the speed.
    Best,
}

impl FromStr for Compression {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "none" => Ok(Self::None),
            "fast" => Ok(Self::Fast),
            "best" => Ok(Self::Best),
            _ => Err(Error::new(Code::BadOption, format!("compression {text:?} is none of none, fast, best"))),
        }
    }
}

/// Ends a deflate stream whose pieces [`Deflate::piece`] made: a last block with nothing in it.
pub const END_OF_STREAM: [u8; 2] = [3, 0];

/// The state of a compressor, half a megabyte that is worth keeping from piece to piece.
pub struct Deflate {
    state: Compress,
    min_len: usize,
    scratch: Vec<u8>,
}

impl Deflate {
    /// A compressor, or none if everything is to be stored.
    pub fn new(compression: Compression) -> Option<Self> {
        // Clearing the compressor's tables takes 2 us at level 1 and 4 us at the others, whatever the input. Label files
        // of 350 (1,000) bytes take 5 (8) us at level 1, which is 70 (125) MB/s, to save 26 (36) %: a million of them
        // would spend more time on that than on everything else. Below 100 bytes there is little to save at any level.
        let (level, min_len) = match compression {
            Compression::None => return None,
            Compression::Fast => (1, 1024),
            Compression::Best => (9, 100),
        };
        Some(Self { state: Compress::new(flate2::Compression::new(level), false), min_len, scratch: Vec::new() })
    }

    /// Appends one piece of a stream: blocks that refer to nothing before them and end on a byte, but not the stream.
    pub fn piece(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<()> {
        self.run(data, out, FlushCompress::Sync)
    }

    /// A complete stream of the data, or none where it would not be worth it.
    pub fn whole(&mut self, data: &[u8]) -> Result<Option<&[u8]>> {
        if data.len() < self.min_len {
            return Ok(None);
        }
        let mut out = std::mem::take(&mut self.scratch);
        out.clear();
        self.run(data, &mut out, FlushCompress::Finish)?;
        self.scratch = out;
        Ok(Some(&self.scratch[..]).filter(|stream| stream.len() < data.len()))
    }

    fn run(&mut self, data: &[u8], out: &mut Vec<u8>, flush: FlushCompress) -> Result<()> {
        self.state.reset();
        loop {
            // Text shrinks to less than a quarter nearly always.
            out.reserve(data.len() / 4 + 64);
            let rest = data.get(self.consumed()..).unwrap_or_default();
            let status = self
                .state
                .compress_vec(rest, out, flush)
                .map_err(|error| Error::new(Code::Internal, format!("deflate failed: {error}")))?;
            // An output that is filled to the brim may not be all of it.
            let flushed = flush == FlushCompress::Sync && self.consumed() == data.len() && out.len() < out.capacity();
            if flushed || status == Status::StreamEnd {
                return Ok(());
            }
        }
    }

    fn consumed(&self) -> usize {
        usize::try_from(self.state.total_in()).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Decompress, FlushDecompress};

    /// Bytes that no compressor can make smaller.
    fn noise(len: usize) -> Vec<u8> {
        let mut state = 1u64;
        let step = |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        };
        (0..len).map(step).collect()
    }

    fn inflate(packed: &[u8], len: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(len + 1);
        let mut state = Decompress::new(false);
        let status = state.decompress_vec(packed, &mut out, FlushDecompress::Finish).unwrap();
        assert_eq!((status, state.total_in()), (Status::StreamEnd, packed.len() as u64));
        out
    }

    #[test]
    fn pieces_joined_and_ended_are_one_stream() {
        for compression in [Compression::Fast, Compression::Best] {
            let pieces = [b"<box/>\n".repeat(50_000), Vec::new(), noise(300_000), b"<box/>".to_vec()];
            let mut packed = Vec::new();
            let mut deflate = Deflate::new(compression).unwrap();
            for piece in &pieces {
                deflate.piece(piece, &mut packed).unwrap();
            }
            packed.extend_from_slice(&END_OF_STREAM);
            assert!(packed.len() < 330_000, "{}", packed.len());
            assert_eq!(inflate(&packed, 700_000), pieces.concat());
        }
    }

    #[test]
    fn the_bytes_of_a_piece_depend_on_nothing_but_the_piece() {
        let mixed = [b"x=\"1.00\" ".repeat(9_000), noise(100_000), b"y=\"2.00\" ".repeat(9_000)].concat();
        let mut fresh = Vec::new();
        Deflate::new(Compression::Fast).unwrap().piece(&mixed, &mut fresh).unwrap();
        let mut used = Deflate::new(Compression::Fast).unwrap();
        used.piece(&noise(50_000), &mut Vec::new()).unwrap();
        for room in [0, 1, 1_000, 100_000, 1_000_000] {
            let mut out = Vec::with_capacity(room);
            used.piece(&mixed, &mut out).unwrap();
            assert!(out == fresh, "with room for {room} bytes");
        }
    }

    #[test]
    fn a_file_is_compressed_only_when_that_makes_it_smaller() {
        let mut deflate = Deflate::new(Compression::Fast).unwrap();
        assert_eq!(deflate.whole(&noise(5_000)).unwrap(), None);
        assert_eq!(deflate.whole(&[b' '; 1_023]).unwrap(), None);
        let stream = deflate.whole(&[b' '; 1_024]).unwrap().unwrap();
        assert!(stream.len() < 100);
        assert_eq!(inflate(stream, 1_024), [b' '; 1_024]);
        assert!(Deflate::new(Compression::None).is_none());
    }

    #[test]
    fn compressions_have_names() {
        assert_eq!("best".parse(), Ok(Compression::Best));
        assert_eq!("9".parse::<Compression>().unwrap_err().code(), Code::BadOption);
    }
}
