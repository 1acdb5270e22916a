//! Planes of videos in the range that JPEG wants.

/// What a plane holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plane {
    /// Brightness: from 16 to 235 in a video.
    Luma,
    /// A colour difference: from 16 to 240 in a video, 128 being none.
    Chroma,
}

impl Plane {
    /// Spreads the values of a row over the whole range, from 0 to 255.
    #[inline]
    pub fn spread(self, row: &[u8], out: &mut [u8]) {
        match self {
            Self::Luma => row.iter().zip(out).for_each(|(&value, out)| *out = luma(value)),
            Self::Chroma => row.iter().zip(out).for_each(|(&value, out)| *out = chroma(value)),
        }
    }
}

// Sixteen bits, the upper half of a product of sixteen bits each, and no branch: compilers make vectors of that.

/// `(value - 16) * 255 / 219`, rounded.
#[inline]
fn luma(value: u8) -> u8 {
    ((scaled(value.saturating_sub(16), 38_155) + 64) >> 7).min(255) as u8
}

/// `(value - 128) * 255 / 224 + 128`, rounded.
#[inline]
fn chroma(value: u8) -> u8 {
    (scaled(value, 37_303).saturating_sub(2_203) >> 7).min(255) as u8
}

/// `value * 128 * factor / 32768`, rounded down.
#[inline]
fn scaled(value: u8, factor: u16) -> u16 {
    ((u32::from(u16::from(value) << 8) * u32::from(factor)) >> 16) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(plane: Plane) -> Vec<u8> {
        let mut out = vec![0; 256];
        plane.spread(&(0..=255).collect::<Vec<u8>>(), &mut out);
        out
    }

    #[test]
    fn every_value_is_spread_to_the_nearest() {
        let exact = |base: f64, span: f64, zero: f64| {
            (0..=255)
                .map(move |value| ((f64::from(value) - base) * 255.0 / span + zero).clamp(0.0, 255.0).round() as u8)
        };
        assert_eq!(spread(Plane::Luma), exact(16.0, 219.0, 0.0).collect::<Vec<u8>>());
        assert_eq!(spread(Plane::Chroma), exact(128.0, 224.0, 128.0).collect::<Vec<u8>>());
    }
}
