//! A canvas as a PNG (PNG specification, third edition). The pixels are compressed run by run, so a label image costs
//! its runs; nothing but the compressed bytes is ever written.

use crate::error::{Code, Error, Result};
use crate::raster::Canvas;

use super::rows::deflate;

/// What a canvas' values look like: the pixel of value `v` is the one at place `v`. The samples are those of the file.
#[derive(Clone, Copy, Debug)]
pub enum Pixels<'a> {
    /// Shades of 8 bits.
    Grey8(&'a [u8]),
    /// Shades of 16 bits.
    Grey16(&'a [u16]),
    /// Red, green, blue.
    Rgb8(&'a [[u8; 3]]),
    /// Red, green, blue, opacity.
    Rgba8(&'a [[u8; 4]]),
    /// Places in a palette.
    Palette8 {
        /// The place in `colours` of each value.
        index: &'a [u8],
        /// Up to 256 colours: red, green, blue.
        colours: &'a [[u8; 3]],
    },
}

impl Pixels<'_> {
    /// Bit depth and colour type.
    fn kind(&self) -> [u8; 2] {
        match self {
            Self::Grey8(_) => [8, 0],
            Self::Grey16(_) => [16, 0],
            Self::Rgb8(_) => [8, 2],
            Self::Rgba8(_) => [8, 6],
            Self::Palette8 { .. } => [8, 3],
        }
    }

    /// How many values have a pixel.
    fn count(&self) -> usize {
        match self {
            Self::Grey8(pixels) | Self::Palette8 { index: pixels, .. } => pixels.len(),
            Self::Grey16(pixels) => pixels.len(),
            Self::Rgb8(pixels) => pixels.len(),
            Self::Rgba8(pixels) => pixels.len(),
        }
    }

    /// Whether the canvas can be written with these, else [`Code::BadMask`].
    fn check(&self, canvas: &Canvas) -> Result<()> {
        let bad = |message: String| Err(Error::new(Code::BadMask, message));
        let largest = canvas.largest();
        if largest as usize >= self.count() {
            return bad(format!("the label image has the value {largest}, with {} to be written", self.count()));
        }
        let Self::Palette8 { index, colours } = self else { return Ok(()) };
        if !(1..=256).contains(&colours.len()) {
            return bad(format!("a PNG cannot have a palette of {} colours", colours.len()));
        }
        let used = &index[..=largest as usize];
        match used.iter().find(|&&place| usize::from(place) >= colours.len()) {
            Some(place) => bad(format!("the label image has colour {place} of a palette of {}", colours.len())),
            None => Ok(()),
        }
    }
}

/// Appends the canvas as a PNG file to `out`.
///
/// [`Code::BadShape`] for an image without pixels, which PNG does not have; [`Code::BadMask`] for a value without a
/// pixel or a palette of no or more than 256 colours; [`Code::TooLarge`] for more compressed bytes than a chunk holds.
pub fn encode(canvas: &Canvas, pixels: &Pixels<'_>, out: &mut Vec<u8>) -> Result<()> {
    let (height, width) = (canvas.height(), canvas.width());
    if height == 0 || width == 0 {
        return Err(Error::new(Code::BadShape, format!("a PNG of {height} x {width} pixels")));
    }
    pixels.check(canvas)?;
    out.extend(b"\x89PNG\r\n\x1a\n");
    chunk(out, b"IHDR", |out| {
        out.extend([width.to_be_bytes(), height.to_be_bytes()].concat());
        out.extend(pixels.kind());
        out.extend([0; 3]);
    })?;
    if let Pixels::Palette8 { colours, .. } = pixels {
        chunk(out, b"PLTE", |out| out.extend(colours.as_flattened()))?;
    }
    let (deflater, adler) = match *pixels {
        Pixels::Grey8(pixels) | Pixels::Palette8 { index: pixels, .. } => deflate(canvas, |v| [pixels[v]]),
        Pixels::Grey16(pixels) => deflate(canvas, |v| pixels[v].to_be_bytes()),
        Pixels::Rgb8(pixels) => deflate(canvas, |v| pixels[v]),
        Pixels::Rgba8(pixels) => deflate(canvas, |v| pixels[v]),
    };
    chunk(out, b"IDAT", |out| deflater.finish(&adler, out))?;
    chunk(out, b"IEND", |_| ())
}

/// Appends a chunk with the body that `write` appends.
fn chunk(out: &mut Vec<u8>, kind: &[u8; 4], write: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
    let start = out.len();
    out.extend([0; 4]);
    out.extend(kind);
    write(out);
    let length = out.len() - start - 8;
    let Some(length) = u32::try_from(length).ok().filter(|&length| length <= i32::MAX as u32) else {
        return Err(Error::new(Code::TooLarge, format!("a PNG of {length} compressed bytes")));
    };
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
    let checksum = crc32fast::hash(&out[start + 4..]);
    out.extend(checksum.to_be_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    /// The bodies of the chunks of a PNG, whose lengths and checksums are asserted.
    fn chunks(png: &[u8]) -> Vec<(String, Vec<u8>)> {
        let (signature, mut rest) = png.split_at(8);
        assert_eq!(signature, [137, 80, 78, 71, 13, 10, 26, 10]);
        let mut chunks = Vec::new();
        while let Some((length, tail)) = rest.split_first_chunk::<4>() {
            let (named, tail) = tail.split_at(u32::from_be_bytes(*length) as usize + 4);
            let (checksum, tail) = tail.split_first_chunk::<4>().unwrap();
            assert_eq!(crc32fast::hash(named), u32::from_be_bytes(*checksum));
            chunks.push((String::from_utf8(named[..4].to_vec()).unwrap(), named[4..].to_vec()));
            rest = tail;
        }
        chunks
    }

    /// The rows of bytes of a PNG, filters undone.
    fn rows(png: &[u8], row_bytes: usize) -> Vec<Vec<u8>> {
        let mut bytes = Vec::new();
        let (_, body) = chunks(png).into_iter().find(|(kind, _)| kind == "IDAT").unwrap();
        flate2::read::ZlibDecoder::new(body.as_slice()).read_to_end(&mut bytes).unwrap();
        let mut rows = vec![vec![0; row_bytes]];
        for filtered in bytes.chunks(row_bytes + 1) {
            let above = if filtered[0] == 2 { rows.last().unwrap().clone() } else { vec![0; row_bytes] };
            rows.push(filtered[1..].iter().zip(above).map(|(a, b)| a.wrapping_add(b)).collect());
        }
        rows.split_off(1)
    }

    fn canvas() -> Canvas {
        let mut canvas = Canvas::new();
        canvas.read(&[0u8, 1, 1, 2, 0, 1, 1, 2, 0, 0, 0, 0], 3, 4).unwrap();
        canvas
    }

    fn encoded(pixels: &Pixels<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        encode(&canvas(), pixels, &mut out).unwrap();
        out
    }

    #[test]
    fn every_kind_of_pixel_is_written_sample_by_sample() {
        let grey = rows(&encoded(&Pixels::Grey8(&[0, 5, 255])), 4);
        assert_eq!(grey, [[0, 5, 5, 255], [0, 5, 5, 255], [0; 4]]);
        let deep = rows(&encoded(&Pixels::Grey16(&[1, 2001, 65535])), 8);
        assert_eq!(deep[1..], [[0, 1, 7, 209, 7, 209, 255, 255], [0, 1, 0, 1, 0, 1, 0, 1]]);
        let rgb = rows(&encoded(&Pixels::Rgb8(&[[9, 9, 9], [1, 2, 3], [0, 0, 4]])), 12);
        assert_eq!(rgb[1], [9, 9, 9, 1, 2, 3, 1, 2, 3, 0, 0, 4]);
        let rgba = rows(&encoded(&Pixels::Rgba8(&[[0; 4], [1, 2, 3, 4], [5, 6, 7, 8]])), 16);
        assert_eq!(rgba[0], [0, 0, 0, 0, 1, 2, 3, 4, 1, 2, 3, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn the_header_and_the_palette_say_what_the_samples_are() {
        let pixels = Pixels::Palette8 { index: &[1, 0, 0], colours: &[[1, 2, 3], [4, 5, 6]] };
        let chunks = chunks(&encoded(&pixels));
        assert_eq!(chunks[0], ("IHDR".into(), vec![0, 0, 0, 4, 0, 0, 0, 3, 8, 3, 0, 0, 0]));
        assert_eq!(chunks[1], ("PLTE".into(), vec![1, 2, 3, 4, 5, 6]));
        assert_eq!(chunks.iter().map(|(kind, _)| kind.as_str()).collect::<Vec<_>>(), ["IHDR", "PLTE", "IDAT", "IEND"]);
        assert_eq!(rows(&encoded(&pixels), 4)[0], [1, 0, 0, 0]);
        assert_eq!(self::chunks(&encoded(&Pixels::Grey16(&[0; 3])))[0].1[8..], [16, 0, 0, 0, 0]);
    }

    #[test]
    fn what_a_png_cannot_hold_is_an_error() {
        let error = |canvas: &Canvas, pixels: &Pixels<'_>| encode(canvas, pixels, &mut Vec::new()).unwrap_err().code();
        assert_eq!(error(&Canvas::new(), &Pixels::Grey8(&[0])), Code::BadShape);
        assert_eq!(error(&canvas(), &Pixels::Grey8(&[0, 1])), Code::BadMask);
        let colours = vec![[0; 3]; 257];
        assert_eq!(error(&canvas(), &Pixels::Palette8 { index: &[0; 3], colours: &colours }), Code::BadMask);
        assert_eq!(error(&canvas(), &Pixels::Palette8 { index: &[0, 0, 1], colours: &[[0; 3]] }), Code::BadMask);
    }
}
