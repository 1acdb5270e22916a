//! The checksum of zlib streams, found from runs.

const MODULUS: u64 = 65521;
/// Rows of more pixels have sums that need more than 64 bits, unless they are reduced.
const WIDE: u32 = 1 << 20;

/// The checksum Adler-32 (RFC 1950) of rows of pixels, each behind a byte that names its filter.
#[derive(Debug)]
pub(super) struct Adler {
    width: u32,
    /// The number of bytes of a row, modulo 65521.
    row_bytes: u64,
    a: u64,
    b: u64,
}

impl Adler {
    /// The checksum of no rows, of `width` pixels of `size` bytes.
    pub fn new(width: u32, size: usize) -> Self {
        Self { width, row_bytes: (size as u64 * u64::from(width) + 1) % MODULUS, a: 1, b: 0 }
    }

    /// Adds a row with its runs, each the number of its pixels and their bytes. Each byte is added to `a`, and then `a`
    /// to `b`; so a byte counts in `b` as often as there are bytes from it on, which makes an arithmetic series of a run.
    #[inline]
    pub fn row<const N: usize>(&mut self, filter: u8, runs: impl IntoIterator<Item = (u32, [u8; N])>) {
        let filter = u64::from(filter);
        let (mut a, mut b) = (filter, filter * self.row_bytes);
        let mut behind = u64::from(self.width);
        for (count, pixel) in runs {
            let (size, count) = (N as u64, u64::from(count));
            let sum: u64 = pixel.iter().map(|&byte| u64::from(byte)).sum();
            let weighted: u64 =
                pixel.iter().zip((1..=size).rev()).map(|(&byte, weight)| weight * u64::from(byte)).sum();
            behind -= count;
            // How many pixels are behind those of the run, in sum: less than half the square of the width.
            let mut series = count * (2 * behind + count - 1) / 2;
            if self.width > WIDE {
                series %= MODULUS;
            }
            a += count * sum;
            b += count * weighted + series * size * sum;
        }
        self.b = (self.b + self.row_bytes * self.a + b) % MODULUS;
        self.a = (self.a + a) % MODULUS;
    }

    /// The checksum.
    pub fn value(&self) -> u32 {
        (self.b << 16 | self.a) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(bytes: impl IntoIterator<Item = u8>) -> u32 {
        let (a, b) = bytes.into_iter().fold((1, 0), |(a, b), byte| {
            let a = (a + u32::from(byte)) % 65521;
            (a, (a + b) % 65521)
        });
        b << 16 | a
    }

    /// A row: its filter and its runs.
    type Row<'a, const N: usize> = (u8, &'a [(u32, [u8; N])]);

    fn assert_checksum<const N: usize>(width: u32, rows: &[Row<'_, N>]) {
        let mut adler = Adler::new(width, N);
        let mut bytes = Vec::new();
        for &(filter, runs) in rows {
            adler.row(filter, runs.iter().copied());
            bytes.push(filter);
            runs.iter().for_each(|(count, pixel)| bytes.extend(pixel.repeat(*count as usize)));
        }
        assert_eq!(adler.value(), plain(bytes));
    }

    #[test]
    fn the_checksum_of_runs_is_that_of_their_bytes() {
        assert_checksum(7, &[(0, &[(3, [250]), (4, [1])]), (2, &[(7, [0])]), (0, &[(1, [9]), (6, [255])])]);
        assert_checksum(300, &[(0, &[(1, [1, 2, 3]), (299, [255, 254, 253])]), (0, &[(300, [0, 0, 9])])]);
        assert_checksum(70_000, &[(0, &[(1, [255, 255, 255, 255]), (69_999, [255, 255, 255, 254])])]);
        assert_checksum(2_000_000, &[(0, &[(1_999_999, [255, 255]), (1, [1, 0])]), (2, &[(2_000_000, [255, 255])])]);
    }

    #[test]
    fn the_checksum_is_the_well_known_one_of_a_well_known_word() {
        // The filter's byte is the first of "Wikipedia".
        let mut adler = Adler::new(8, 1);
        adler.row(b'W', b"ikipedia".map(|byte| (1, [byte])));
        assert_eq!(adler.value(), 0x11E6_0398);
    }

    #[test]
    fn the_widest_rows_do_not_overflow() {
        let width = u32::MAX;
        let mut one = Adler::new(width, 4);
        one.row(0, [(width, [255; 4])]);
        let mut parts = Adler::new(width, 4);
        parts.row(0, [(width / 2, [255; 4]), (width - width / 2, [255; 4])]);
        assert_eq!(one.value(), parts.value());
    }
}
