//! Numbers, to the last bit.

use super::Reader;
use crate::error::{Code, Error, Result};

/// The digits of a number, taken apart.
struct Scanned {
    negative: bool,
    /// The digits without the point, if `short`.
    mantissa: u64,
    /// The power of ten that the mantissa is multiplied by.
    exponent: i64,
    /// Whether the mantissa has all digits.
    short: bool,
    /// Whether there is neither a point nor an exponent.
    integer: bool,
    length: usize,
}

/// More digits than these may not fit in the mantissa.
const MAX_DIGITS: usize = 19;

/// Powers of ten that a double holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

impl Reader<'_> {
    /// Reads a number, rounded to the nearest double as IEEE 754 asks. `NaN` and `Infinity`, which Python writes, and
    /// numbers that no double can hold are errors of their own.
    pub fn f64(&mut self) -> Result<f64> {
        let scanned = self.scan_number()?;
        self.take_f64(&scanned)
    }

    /// Reads a whole number.
    pub fn i64(&mut self) -> Result<i64> {
        let scanned = self.scan_number()?;
        let magnitude = i64::try_from(scanned.mantissa);
        match magnitude {
            Ok(magnitude) if scanned.integer && scanned.short => {
                self.at += scanned.length;
                Ok(if scanned.negative { -magnitude } else { magnitude })
            }
            _ => Err(self.malformed("expected a whole number")),
        }
    }

    /// Reads an array of numbers; they replace what `numbers` held.
    pub fn numbers(&mut self, numbers: &mut Vec<f64>) -> Result<()> {
        numbers.clear();
        self.begin_array()?;
        while self.next_item()? {
            let scanned = self.scan_number()?;
            numbers.push(self.take_f64(&scanned)?);
        }
        Ok(())
    }

    #[inline]
    fn take_f64(&mut self, scanned: &Scanned) -> Result<f64> {
        // Mantissa and power are exact, so that one multiplication or division rounds once, as it must (Clinger 1990).
        let magnitude = if scanned.short && scanned.mantissa < 1 << 53 && scanned.exponent.unsigned_abs() <= 22 {
            let power = POWERS[scanned.exponent.unsigned_abs() as usize];
            let mantissa = scanned.mantissa as f64;
            if scanned.exponent < 0 { mantissa / power } else { mantissa * power }
        } else {
            self.take_long_f64(scanned)?
        };
        self.at += scanned.length;
        Ok(if scanned.negative { -magnitude } else { magnitude })
    }

    #[cold]
    fn take_long_f64(&self, scanned: &Scanned) -> Result<f64> {
        let bytes = &self.buffer[self.at + usize::from(scanned.negative)..self.at + scanned.length];
        match std::str::from_utf8(bytes).ok().and_then(|text| text.parse::<f64>().ok()) {
            Some(number) if number.is_finite() => Ok(number),
            _ => Err(self.not_finite("a number beyond all doubles")),
        }
    }

    /// Takes the number at the next token apart; it stays to be read.
    #[inline]
    fn scan_number(&mut self) -> Result<Scanned> {
        self.token()?;
        loop {
            let scanned = scan(&self.buffer[self.at..self.end]);
            // A number that touches the end of the buffer may go on behind it.
            let touches = self.at + scanned.as_ref().map_or_else(|&bad| bad, |number| number.length) == self.end;
            if touches && self.refill()? {
                continue;
            }
            return scanned.map_err(|bad| self.bad_number(bad));
        }
    }

    #[cold]
    fn bad_number(&mut self, bad: usize) -> Error {
        while self.end - self.at < b"-Infinity".len() {
            match self.refill() {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => return error,
            }
        }
        let here = &self.buffer[self.at..self.end];
        match [&b"NaN"[..], b"Infinity", b"-Infinity"].into_iter().find(|word| here.starts_with(word)) {
            Some(word) => self.not_finite(&String::from_utf8_lossy(word)),
            None => {
                self.at += bad;
                self.unexpected(if bad == 0 { "a number" } else { "a digit" })
            }
        }
    }

    fn not_finite(&self, what: &str) -> Error {
        Error::new(Code::NotFinite, format!("{what} at byte {} is not a finite number", self.offset()))
    }
}

/// Takes a number apart, or says at which byte it stops to be one.
#[inline]
fn scan(bytes: &[u8]) -> std::result::Result<Scanned, usize> {
    let negative = bytes.first() == Some(&b'-');
    let first = usize::from(negative);
    let mut at = first;
    let mut mantissa = 0_u64;
    let mut digits = |at: &mut usize| {
        let from = *at;
        while let Some(digit) = bytes.get(*at).map(|byte| byte.wrapping_sub(b'0')).filter(|&digit| digit < 10) {
            mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
            *at += 1;
        }
        *at - from
    };
    let whole = digits(&mut at);
    if whole == 0 || (whole > 1 && bytes[first] == b'0') {
        return Err(if whole == 0 { first } else { first + 1 });
    }
    let mut integer = true;
    let mut fraction = 0;
    if bytes.get(at) == Some(&b'.') {
        integer = false;
        at += 1;
        fraction = digits(&mut at);
        if fraction == 0 {
            return Err(at);
        }
    }
    let mut exponent = 0_i64;
    if let Some(b'e' | b'E') = bytes.get(at) {
        integer = false;
        at += 1;
        let sign = bytes.get(at).copied();
        at += usize::from(matches!(sign, Some(b'+' | b'-')));
        let from = at;
        while let Some(digit) = bytes.get(at).filter(|byte| byte.is_ascii_digit()) {
            exponent = exponent.saturating_mul(10).saturating_add(i64::from(digit - b'0'));
            at += 1;
        }
        if at == from {
            return Err(at);
        }
        if sign == Some(b'-') {
            exponent = -exponent;
        }
    }
    Ok(Scanned {
        negative,
        mantissa,
        exponent: exponent.saturating_sub(fraction as i64),
        short: whole + fraction <= MAX_DIGITS,
        integer,
        length: at,
    })
}
