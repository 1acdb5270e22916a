//! The square as Python's `x ** 2` computes it on the machines that run CVAT, on every system.
//!
//! Python calls the C library's `pow`. That of glibc errs by up to 0.52 units in the last place, so that about one square
//! in a thousand is not the rounded product. In shapes as regular as an octagon many offsets along the outline are equal
//! but for that bit, and with `x * x` a few of them get other points than CVAT gives them. Other C libraries err
//! elsewhere. This is glibc's algorithm (from Arm's optimized routines), as it is compiled for processors with fused
//! multiply-add; which products are fused is read from the machine code of glibc 2.36 for x86-64.

use super::square_tables::{EXP, LOG};

/// The parts of ln 2, the first short enough that its multiples are exact.
const LN_2: [f64; 2] = [0.6931471805598903, 5.497923018708371e-14];
/// What the logarithm of `1 + r` adds to `r`, in powers of `r` with the factors that the evaluation needs.
const LOG_TERMS: [f64; 7] = [
    -0.5,
    -0.6666666666666679,
    0.5000000000000007,
    0.7999999995323976,
    -0.6666666663487739,
    -1.142909628459501,
    1.0000415263675542,
];
/// 128 / ln 2, and the parts of -ln 2 / 128.
const INVERSE: f64 = 184.6649652337873;
const STEP: [f64; 2] = [-0.005415212348111709, -1.2864023111638346e-14];
const EXP_TERMS: [f64; 4] = [0.49999999999996786, 0.16666666666665886, 0.0416666808410674, 0.008333335853059549];
/// Added to a number and subtracted again, it leaves the nearest integer; in between the low bits are that integer.
const SHIFT: f64 = 6755399441055744.0;
/// Bits of the number from which the first binade of the table of logarithms starts.
const FIRST: u64 = 0x3fe6_9555_0000_0000;
const EXPONENT: u64 = 0x7ff << 52;
/// Squares outside of this are the rounded product: no coordinates have them, and `pow` takes other ways there.
const USUAL: std::ops::Range<f64> = 1e-200..1e200;

/// The square of a number.
pub fn square(x: f64) -> f64 {
    let product = x * x;
    if !USUAL.contains(&product) {
        return product;
    }
    // Where the exact square is far enough from the middle between two numbers, `pow` cannot miss the nearest. Next to a
    // power of two they are not equally far apart.
    let unit = f64::from_bits(product.to_bits() & EXPONENT) * f64::EPSILON;
    let error = x.mul_add(x, -product);
    if error.abs() < 0.4 * unit && product.to_bits() & !EXPONENT != 0 {
        return product;
    }
    let (log, rest) = log(x.abs());
    exp(2.0 * log, 2.0 * rest)
}

/// The logarithm of a positive number, and what it lacks.
fn log(x: f64) -> (f64, f64) {
    let offset = x.to_bits().wrapping_sub(FIRST);
    let row = LOG[(offset >> 45) as usize % LOG.len()];
    let [inverse, log, log_rest] = row.map(f64::from_bits);
    let binade = (offset as i64 >> 52) as f64;
    let z = f64::from_bits(x.to_bits().wrapping_sub(offset & (0xfff << 52)));
    let [a0, a1, a2, a3, a4, a5, a6] = LOG_TERMS;

    let r = z.mul_add(inverse, -1.0);
    let t1 = binade.mul_add(LN_2[0], log);
    let t2 = t1 + r;
    let ar = a0 * r;
    let ar2 = r * ar;
    let high = t2 + ar2;
    let low = binade.mul_add(LN_2[1], log_rest) + (t1 - t2 + r) + ar.mul_add(r, -ar2) + (t2 - high + ar2);
    let terms = ar2.mul_add(ar2.mul_add(r.mul_add(a6, a5), r.mul_add(a4, a3)), r.mul_add(a2, a1));
    let low = (r * ar2).mul_add(terms, low);
    let sum = high + low;
    (sum, high - sum + low)
}

/// The exponential function of the sum of a number and a small one.
fn exp(x: f64, rest: f64) -> f64 {
    let shifted = x.mul_add(INVERSE, SHIFT);
    let steps = shifted - SHIFT;
    let number = shifted.to_bits();
    let [lacks, bits] = EXP[number as usize % EXP.len()];
    let scale = f64::from_bits(bits.wrapping_add(number << 45));
    let [c2, c3, c4, c5] = EXP_TERMS;

    let r = rest + steps.mul_add(STEP[1], steps.mul_add(STEP[0], x));
    let r2 = r * r;
    let sum = r.mul_add(c3, c2).mul_add(r2, r + f64::from_bits(lacks));
    let sum = r.mul_add(c5, c4).mul_add(r2 * r2, sum);
    sum.mul_add(scale, scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers as coordinates have them, and any: a generator of 64 bits (splitmix).
    fn numbers() -> impl Iterator<Item = f64> {
        let mut state = 0u64;
        let bits = std::iter::repeat_with(move || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ (mixed >> 31)
        });
        bits.map(|bits| match bits % 4 {
            0 => (bits >> 11) as f64 / 9007199254740992.0 * 4000.0 - 2000.0,
            1 => ((bits >> 40) as f64 / 100.0).round() / 100.0,
            2 => 1.0 + (bits >> 40) as f64 * 1e-12,
            _ => f64::from_bits((bits >> 2 & !EXPONENT) | (0x3ff - 300 + bits % 600) << 52),
        })
    }

    #[test]
    #[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
    fn millions_of_squares_are_those_of_the_reference_to_the_bit() {
        if !std::arch::is_x86_feature_detected!("fma") {
            return;
        }
        let two = std::hint::black_box(2.0);
        let mut not_rounded = 0;
        for x in numbers().take(4_000_000) {
            assert_eq!(square(x).to_bits(), x.powf(two).to_bits(), "{x:e}");
            not_rounded += u32::from(square(x) != x * x);
        }
        assert!(not_rounded > 1000, "the test must meet squares that are not the rounded product: {not_rounded}");
    }

    #[test]
    fn a_square_that_the_reference_rounds_the_other_way_is_that_on_every_system() {
        // Python 3.11 with glibc 2.36: `x ** 2`, which is not `x * x`.
        for (x, expected) in KNOWN {
            assert_eq!(square(x).to_bits(), expected.to_bits(), "{x:?}");
            assert_eq!(square(-x).to_bits(), expected.to_bits(), "{x:?}");
            assert_ne!(x * x, expected, "{x:?}");
        }
    }

    const KNOWN: [(f64, f64); 4] = [
        (412.85799999999995, 170451.72816399997),
        (373.289, 139344.677521),
        (591.9490000000001, 350403.6186010001),
        (496.3520000000001, 246365.30790400007),
    ];

    #[test]
    fn extremes_are_the_rounded_product() {
        for x in [0.0, -0.0, 1.0, 2.0, 1e-300, 1e300, f64::INFINITY, f64::MIN_POSITIVE] {
            assert_eq!(square(x), x * x);
        }
        assert!(square(f64::NAN).is_nan());
    }
}
