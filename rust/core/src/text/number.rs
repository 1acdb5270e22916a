//! Numbers as text, digit for digit as the programs print them whose formats we write: C's `%.2f` and `%.6f`, Python's
//! `repr`, orjson; and the two roundings to hundredths that those programs apply before.
//!
//! A double is an integer of 53 bits times a power of two, so its rounding to a fixed number of decimals is integer
//! arithmetic, exact by construction: `mantissa * 100 >> shift`, and the bits shifted out against one half.

/// Appends an integer.
pub fn int(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends an unsigned integer.
pub fn uint(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends `value` as C and Python print it with `%.2f`: the exact double, rounded half to even on its binary value
/// (`0.125` becomes `0.12`, `2.675` becomes `2.67`), with the sign of zero (`-0.00`); `nan`, `inf`, `-inf`.
pub fn fixed2(out: &mut Vec<u8>, value: f64) {
    match hundredths(value) {
        Some(units) => decimal::<2>(out, value.is_sign_negative(), units, 0),
        None => large(out, value, 2),
    }
}

/// Appends `value` as C and Python print it with `%.6f`; the rules are those of [`fixed2`].
pub fn fixed6(out: &mut Vec<u8>, value: f64) {
    match millionths(value) {
        Some(units) => decimal::<6>(out, value.is_sign_negative(), units, 0),
        None => large(out, value, 6),
    }
}

/// Appends `value` as Python's `repr` prints it: the shortest digits that read back as the same double, `5.0`, `1e-05`,
/// `1e+16`, `-0.0`, `nan`, `inf`. Fixed notation from 1e-4 (inclusive) to 1e16 (exclusive).
pub fn repr(out: &mut Vec<u8>, value: f64) {
    if short(out, value) {
        return;
    }
    if !value.is_finite() {
        return not_finite(out, value);
    }
    let magnitude = value.abs();
    if (1e-4..1e16).contains(&magnitude) {
        return out.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes());
    }
    let exponent = scientific(out, value);
    out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
    if exponent.unsigned_abs() < 10 {
        out.push(b'0');
    }
    uint(out, u64::from(exponent.unsigned_abs()));
}

/// Appends `value` as JSON, in the style of orjson up to 3.11 (and of ryu): the shortest digits that read back as the
/// same double, always with `.0` or an exponent, `5.0`, `0.00001`, `1e-7`, `1e16`, `-0.0`; `null` when not finite. Fixed
/// notation from 1e-5 (inclusive) to 1e16 (exclusive).
pub fn json_float(out: &mut Vec<u8>, value: f64) {
    if short(out, value) {
        return;
    }
    if !value.is_finite() {
        return out.extend_from_slice(b"null");
    }
    let magnitude = value.abs();
    if (1e-5..1e16).contains(&magnitude) {
        return out.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes());
    }
    let exponent = scientific(out, value);
    out.push(b'e');
    int(out, i64::from(exponent));
}

/// `numpy.around(value, 2)`: scaled, rounded half to even, scaled back, with the errors of both multiplications.
pub fn round2_numpy(value: f64) -> f64 {
    round_ties_even(value * 100.0) / 100.0
}

/// Appends [`repr`] of [`round2_numpy`]. The hundredths are at hand before they become a double again: see `short` for why
/// they are its shortest digits.
pub fn repr_round2(out: &mut Vec<u8>, value: f64) {
    let units = round_ties_even(value * 100.0);
    if units.abs() < 9e14 {
        let magnitude = units.abs() as u64;
        return decimal::<2>(out, units.is_sign_negative(), magnitude, usize::from(magnitude.is_multiple_of(10)));
    }
    repr(out, units / 100.0);
}

/// The integer nearest to `value`, of two the even one. The same as [`f64::round_ties_even`], which without SSE 4.1 is a
/// call of a function: a sum as great as 2^52 has no room for fractions, and the processor rounds them as wanted.
fn round_ties_even(value: f64) -> f64 {
    const NO_FRACTIONS: f64 = (1u64 << FRACTION_BITS) as f64;
    let magnitude = value.abs();
    if magnitude >= NO_FRACTIONS {
        return value;
    }
    // NaN comes here too and stays what it is.
    (magnitude + NO_FRACTIONS - NO_FRACTIONS).copysign(value)
}

/// Python's `round(value, 2)`: the double nearest to the decimal that [`fixed2`] prints.
pub fn round2_python(value: f64) -> f64 {
    match hundredths(value) {
        // Both operands are integers below 2^53, so the division rounds once, correctly.
        Some(units) if units < 1 << 53 => (units as f64 / 100.0).copysign(value),
        // From 2^53 hundredths (9.0e13) on, doubles lie at least 1/64 apart and the decimal at most 1/200 away from
        // `value`: less than half a step, so the double nearest to it is `value`.
        _ => value,
    }
}

const FRACTION_BITS: u32 = f64::MANTISSA_DIGITS - 1;

/// The magnitude of a double as `mantissa * 2^-shift`; none for a `shift` below 0 (integers from 2^53 on), infinity, NaN.
fn parts(value: f64) -> Option<(u64, u32)> {
    let bits = value.to_bits();
    let fraction = bits & ((1 << FRACTION_BITS) - 1);
    let biased = (bits >> FRACTION_BITS) as u32 & 0x7ff;
    let mantissa = if biased == 0 { fraction } else { fraction | 1 << FRACTION_BITS };
    // 1023 is the bias of the exponent; a subnormal number has the exponent of the smallest normal one.
    let shift = (1023 + FRACTION_BITS).checked_sub(biased.max(1))?;
    Some((mantissa, shift))
}

/// The magnitude in hundredths, rounded half to even.
fn hundredths(value: f64) -> Option<u64> {
    let (mantissa, shift) = parts(value)?;
    let scaled = mantissa * 100; // below 2^60
    if shift > 60 {
        return Some(0); // below one half
    }
    let units = scaled >> shift;
    // Twice the bits shifted out, against one unit: below 2^61, no overflow.
    let twice_rest = (scaled - (units << shift)) << 1;
    let one = 1 << shift;
    Some(units + u64::from(twice_rest > one || (twice_rest == one && units & 1 == 1)))
}

/// The magnitude in millionths, rounded half to even; none from 2^43 on, where it would not fit.
///
/// Where the rounded product lies clearly nearer to one integer than to any other, so does the exact one: below 10^8 they
/// differ by less than 10^-8. That is 3 times as fast as the exact product, which decides what is left.
fn millionths(value: f64) -> Option<u64> {
    let about = value.abs() * 1e6;
    if about < 1e8 {
        let units = (about + 0.5) as i64;
        if (about - units as f64).abs() < 0.499_999 {
            return Some(units as u64);
        }
    }
    let (mantissa, shift) = parts(value)?;
    let scaled = u128::from(mantissa) * 1_000_000; // below 2^73
    if shift > 73 {
        return Some(0); // below one half
    }
    let units = u64::try_from(scaled >> shift).ok().filter(|&units| units < u64::MAX)?;
    let twice_rest = (scaled - (u128::from(units) << shift)) << 1;
    let one = 1 << shift;
    Some(units + u64::from(twice_rest > one || (twice_rest == one && units & 1 == 1)))
}

/// Eight decimal digits of a number below 10^8, one a byte, the first in the lowest byte. Each step splits all lanes at
/// once, 4 digits to 2 and 2 to 1, dividing by a multiplication that is exact for numbers that small.
fn digits8(value: u64) -> u64 {
    let (high, low) = (value / 10_000, value % 10_000);
    let fours = high | (low << 32);
    let hundreds = ((fours * 10_486) >> 20) & 0x7f_0000_007f;
    let pairs = hundreds | ((fours - 100 * hundreds) << 16);
    let tens = ((pairs * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | ((pairs - 10 * tens) << 8)
}

const ASCII_ZEROS: u64 = 0x3030_3030_3030_3030;

/// Appends `units / 10^DECIMALS` without its last `cut` digits.
///
/// Numbers of up to eight digits, which all coordinates are, are put together in one 16-byte word: no loop and no branch
/// on the number of digits, which a processor could not foresee, and a copy of constant length. Measured with random
/// coordinates: 12 ns, against 15 ns for pairs of digits from a table and 60 ns for `write!`.
fn decimal<const DECIMALS: u32>(out: &mut Vec<u8>, negative: bool, units: u64, cut: usize) {
    let point = 8 - DECIMALS;
    if units >= 100_000_000 {
        if negative {
            out.push(b'-');
        }
        uint(out, units / 10u64.pow(DECIMALS));
        out.push(b'.');
        let fraction = (digits8(units % 10u64.pow(DECIMALS)) | ASCII_ZEROS).to_le_bytes();
        return out.extend_from_slice(&fraction[point as usize..8 - cut]);
    }
    let digits = digits8(units);
    let skipped = (digits.trailing_zeros() / 8).min(point - 1);
    let digits = u128::from(digits | ASCII_ZEROS);
    let whole = digits & ((1 << (8 * point)) - 1);
    let fraction = digits >> (8 * point) << (8 * (point + 1));
    let unsigned = (whole | u128::from(b'.') << (8 * point) | fraction) >> (8 * skipped);
    let word = if negative { unsigned << 8 | u128::from(b'-') } else { unsigned };
    let end = out.len() + 9 - skipped as usize + usize::from(negative) - cut;
    out.extend_from_slice(&word.to_le_bytes());
    out.truncate(end);
}

/// The shortest digits of a number of few hundredths, if `value` is one: nearly every coordinate that a person drew and
/// a format rounded.
///
/// The proof: let k be `value * 100` rounded, with k < 10^15 and k/100 == `value`. The division of two exact integers
/// rounds correctly, so `value` is the double nearest to the decimal k/100. Decimals of up to 15 digits are told apart
/// by doubles, so no other decimal as short reads back as `value`; k without its trailing zeros is the shortest.
fn short(out: &mut Vec<u8>, value: f64) -> bool {
    let magnitude = value.abs();
    // Keeps k below 10^15. NaN becomes 0 units, and equals nothing.
    if magnitude >= 9e12 {
        return false;
    }
    let units = (magnitude * 100.0 + 0.5) as u64;
    if units as f64 / 100.0 != magnitude {
        return false;
    }
    decimal::<2>(out, value.is_sign_negative(), units, usize::from(units.is_multiple_of(10)));
    true
}

/// Numbers from 2^43 on, for which the standard library's exact printing is quick enough, and those that are not finite.
#[cold]
fn large(out: &mut Vec<u8>, value: f64, decimals: usize) {
    if !value.is_finite() {
        return not_finite(out, value);
    }
    // Writing to a Vec cannot fail.
    let _ = std::io::Write::write_fmt(out, format_args!("{value:.decimals$}"));
}

fn not_finite(out: &mut Vec<u8>, value: f64) {
    out.extend_from_slice(if value.is_nan() {
        b"nan"
    } else if value > 0.0 {
        b"inf"
    } else {
        b"-inf"
    });
}

/// Appends the sign and the shortest digits of a finite number, with a point after the first where more follow, and
/// returns the power of ten that belongs to them.
#[cold]
fn scientific(out: &mut Vec<u8>, value: f64) -> i32 {
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(value);
    if let Some((digits, exponent)) = text.split_once('e') {
        out.extend_from_slice(digits.as_bytes());
        return exponent.parse().unwrap_or(0);
    }
    // Only numbers below 1e-4 come here in fixed notation: `0.0000123`.
    let (sign, digits) = text.split_at(text.find('0').unwrap_or(0));
    let zeros = digits.find(|c| !matches!(c, '0' | '.')).unwrap_or(0);
    let (first, rest) = digits[zeros..].split_at(1);
    for part in [sign, first, if rest.is_empty() { "" } else { "." }, rest] {
        out.extend_from_slice(part.as_bytes());
    }
    1 - zeros as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(print: fn(&mut Vec<u8>, f64), value: f64) -> String {
        let mut out = Vec::new();
        print(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    // Expected values printed by Python 3.11: '%.2f' % v.
    #[test]
    fn two_decimals_round_the_exact_double_half_to_even() {
        for (value, expected) in [
            (0.0, "0.00"),
            (-0.0, "-0.00"),
            (-0.001, "-0.00"),
            (0.005, "0.01"),
            (0.125, "0.12"),
            (0.375, "0.38"),
            (2.675, "2.67"),
            (-1.005, "-1.00"),
            (99.995, "100.00"),
            (1234567.885, "1234567.89"),
            (5e-324, "0.00"),
            (4503599627370495.5, "4503599627370495.50"),
            (9007199254740993.0, "9007199254740992.00"),
            (1e22, "10000000000000000000000.00"),
            (1e23, "99999999999999991611392.00"),
            (f64::NAN, "nan"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(text(fixed2, value), expected);
        }
        assert_eq!(text(fixed2, f64::MAX).len(), 312);
    }

    // Expected values printed by Python 3.11: '%.6f' % v.
    #[test]
    fn six_decimals_round_the_exact_double_half_to_even() {
        for (value, expected) in [
            (0.0, "0.000000"),
            (-1e-9, "-0.000000"),
            (0.1, "0.100000"),
            (0.0000005, "0.000000"),
            (0.0000015, "0.000002"),
            (1.0 / 128.0, "0.007812"),
            (3.0 / 128.0, "0.023438"),
            (0.9999995, "1.000000"),
            (8796093022207.999, "8796093022207.999023"),
            (18446744073709.55, "18446744073709.550781"),
            (1e20, "100000000000000000000.000000"),
            (f64::NAN, "nan"),
        ] {
            assert_eq!(text(fixed6, value), expected);
        }
    }

    /// A double, as Python's repr prints it, and as orjson 3.10 does.
    const SHORTEST: [(f64, &str, &str); 22] = [
        (0.0, "0.0", "0.0"),
        (-0.0, "-0.0", "-0.0"),
        (5.0, "5.0", "5.0"),
        (-5.1, "-5.1", "-5.1"),
        (0.01, "0.01", "0.01"),
        (0.1 + 0.2, "0.30000000000000004", "0.30000000000000004"),
        (381.57000000000005, "381.57000000000005", "381.57000000000005"),
        (8999999999999.99, "8999999999999.99", "8999999999999.99"),
        (9999999999999.99, "9999999999999.99", "9999999999999.99"),
        (0.001, "0.001", "0.001"),
        (0.0001, "0.0001", "0.0001"),
        (0.00001, "1e-05", "0.00001"),
        (-0.00001234, "-1.234e-05", "-0.00001234"),
        (9.999e-6, "9.999e-06", "9.999e-6"),
        (1e-7, "1e-07", "1e-7"),
        (5e-324, "5e-324", "5e-324"),
        (1e15, "1000000000000000.0", "1000000000000000.0"),
        (9999999999999998.0, "9999999999999998.0", "9999999999999998.0"),
        (1e16, "1e+16", "1e16"),
        (-1.2345678901234568e17, "-1.2345678901234568e+17", "-1.2345678901234568e17"),
        (f64::MAX, "1.7976931348623157e+308", "1.7976931348623157e308"),
        (f64::NAN, "nan", "null"),
    ];

    #[test]
    fn the_shortest_digits_are_those_of_python_and_orjson() {
        for (value, python, orjson) in SHORTEST {
            assert_eq!(text(repr, value), python);
            assert_eq!(text(json_float, value), orjson);
        }
        assert_eq!(text(repr, f64::NEG_INFINITY), "-inf");
        assert_eq!(text(json_float, f64::INFINITY), "null");
    }

    #[test]
    fn integers_are_printed_to_their_limits() {
        let mut out = Vec::new();
        int(&mut out, i64::MIN);
        uint(&mut out, u64::MAX);
        assert_eq!(out, b"-922337203685477580818446744073709551615");
    }

    // Expected values printed by numpy 2.4 and Python 3.11. They differ at 2.675.
    #[test]
    fn the_two_roundings_are_numpys_and_pythons() {
        for (value, numpy, python) in [
            (2.675, 2.68, 2.67),
            (1.005, 1.0, 1.0),
            (0.285, 0.28, 0.28),
            (0.125, 0.12, 0.12),
            (-7.345, -7.34, -7.34),
            (1e300, 1e300, 1e300),
        ] {
            assert_eq!((round2_numpy(value), round2_python(value)), (numpy, python));
        }
        assert!(round2_python(-0.001).is_sign_negative());
        assert_eq!(round2_numpy(1e307), f64::INFINITY);
        assert_eq!(round2_python(f64::MAX), f64::MAX);
        assert!(round2_python(f64::NAN).is_nan());
    }

    // The multiplications in place of divisions work on each half alone, so all halves are all cases.
    #[test]
    fn eight_digits_are_right_for_every_half() {
        for half in 0..10_000u64 {
            let both = digits8(half * 10_001) | ASCII_ZEROS;
            assert_eq!(both.to_le_bytes(), format!("{half:04}{half:04}").as_bytes());
        }
    }

    /// Doubles of every size, and those that lie on or beside a tie.
    fn doubles() -> impl Strategy<Value = f64> {
        let near_ties = (any::<i32>(), -2i64..=2).prop_map(|(eighths, steps)| {
            f64::from_bits((f64::from(eighths) / 8.0).to_bits().saturating_add_signed(steps))
        });
        prop_oneof![
            any::<u64>().prop_map(f64::from_bits),
            near_ties,
            -1e4..1e4,
            any::<i32>().prop_map(|k| f64::from(k) / 100.0)
        ]
        .prop_filter("Rust prints NaN in its own way", |v| !v.is_nan())
    }

    proptest! {
        // Rust's own printing with a precision is exact, and a slow path of ours.
        #[test]
        fn fixed_decimals_agree_with_the_standard_library(value in doubles()) {
            prop_assert_eq!(text(fixed2, value), format!("{value:.2}"));
            prop_assert_eq!(text(fixed6, value), format!("{value:.6}"));
        }

        #[test]
        fn shortest_digits_read_back_and_agree_with_the_standard_library(value in doubles()) {
            prop_assume!(value.is_finite());
            let digits = |text: &str| text.split('e').next().map(|t| t.replace(['.', '-'], "").trim_matches('0').to_owned());
            for text in [text(repr, value), text(json_float, value)] {
                prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), value.to_bits());
                prop_assert_eq!(digits(&text), digits(&format!("{value:e}")));
            }
        }

        #[test]
        fn rounding_and_printing_at_once_is_the_same_as_one_after_the_other(value in doubles(), hundredths in -1_000_000_000..1_000_000_000i64) {
            for value in [value, hundredths as f64 / 1e4, -0.0] {
                prop_assert_eq!(text(repr_round2, value), text(repr, round2_numpy(value)));
            }
        }

        #[test]
        fn shares_near_the_middle_of_two_millionths_agree_with_the_standard_library(units in 0..100_000_000u64, ulps in -3..=3i64) {
            let middle = (units as f64 + 0.5) / 1e6;
            let value = f64::from_bits(middle.to_bits().wrapping_add_signed(ulps));
            prop_assert_eq!(text(fixed6, value), format!("{value:.6}"));
        }

        #[test]
        fn rounding_to_even_agrees_with_the_standard_library(value in doubles(), half in -1_000_000..1_000_000i32) {
            for value in [value, f64::from(half) / 2.0] {
                prop_assert_eq!(round_ties_even(value).to_bits(), value.round_ties_even().to_bits());
            }
        }

        #[test]
        fn rounding_as_python_is_reading_back_two_decimals(value in doubles()) {
            prop_assert_eq!(round2_python(value).to_bits(), text(fixed2, value).parse::<f64>().unwrap().to_bits());
        }
    }
}
