//! `linux/kstrtox.h`: numbers from text. Any context; nothing sleeps.

use crate::memory::{put, text};
use crate::string::is_space;
use std::ffi::{c_char, c_int};

const EINVAL: c_int = 22;
const ERANGE: c_int = 34;

/// The base that the text asks for, and the text without its prefix.
fn radix(text: &[u8], base: u32) -> (&[u8], u32) {
    let hex = matches!(text, [b'0', b'x' | b'X', digit, ..] if digit.is_ascii_hexdigit());
    match base {
        0 if hex => (&text[2..], 16),
        0 if text.first() == Some(&b'0') => (text, 8),
        0 => (text, 10),
        16 if hex => (&text[2..], 16),
        _ => (text, base),
    }
}

/// The digits at the head: their value (wrapped), how many there are, and whether the value was too large.
fn digits(text: &[u8], base: u32) -> (u64, usize, bool) {
    let (mut value, mut count, mut over) = (0_u64, 0, false);
    for digit in text.iter().map_while(|b| char::from(*b).to_digit(base.clamp(2, 36))) {
        let (scaled, o1) = value.overflowing_mul(u64::from(base));
        let (next, o2) = scaled.overflowing_add(u64::from(digit));
        (value, over, count) = (next, over | o1 | o2, count + 1);
    }
    (value, count, over)
}

/// A whole string as a number without a sign.
fn magnitude(text: &[u8], base: u32) -> Result<u64, c_int> {
    let (text, base) = radix(text, base);
    let (value, count, over) = digits(text, base);
    match text.get(count..) {
        Some(b"" | b"\n") if count > 0 => {}
        _ => return Err(-EINVAL),
    }
    if over { Err(-ERANGE) } else { Ok(value) }
}

/// A whole string as a number of a type without a sign.
pub(crate) fn unsigned<T: TryFrom<u64>>(text: &[u8], base: u32) -> Result<T, c_int> {
    let value = magnitude(text.strip_prefix(b"+").unwrap_or(text), base)?;
    T::try_from(value).map_err(|_| -ERANGE)
}

/// A whole string as a number of a type with a sign.
pub(crate) fn signed<T: TryFrom<i64>>(text: &[u8], base: u32) -> Result<T, c_int> {
    let value = match text.strip_prefix(b"-") {
        Some(rest) => 0_i64.checked_sub_unsigned(magnitude(rest, base)?).ok_or(-ERANGE)?,
        None => unsigned::<i64>(text, base)?,
    };
    T::try_from(value).map_err(|_| -ERANGE)
}

/// What the first letters mean.
pub(crate) fn boolean(text: &[u8]) -> Result<bool, c_int> {
    match text {
        [b'y' | b'Y' | b't' | b'T' | b'1', ..] | [b'o' | b'O', b'n' | b'N', ..] => Ok(true),
        [b'n' | b'N' | b'f' | b'F' | b'0', ..] | [b'o' | b'O', b'f' | b'F', ..] => Ok(false),
        _ => Err(-EINVAL),
    }
}

fn store<T: Copy>(value: Result<T, c_int>, res: *mut T) -> c_int {
    match value {
        Ok(value) => {
            put(res, value);
            0
        }
        Err(error) => error,
    }
}

/// The number at the head of the text, wrapped; `*endp` goes behind it.
fn simple(cp: *const c_char, endp: *mut *mut c_char, base: u32) -> u64 {
    let whole = text(cp.cast());
    let (rest, base) = radix(whole, base);
    let (value, count, _) = digits(rest, base);
    if !endp.is_null() {
        put(endp, cp.wrapping_add(whole.len() - rest.len() + count).cast_mut());
    }
    value
}

fn simple_signed(cp: *const c_char, endp: *mut *mut c_char, base: u32) -> u64 {
    if text(cp.cast()).first() == Some(&b'-') {
        return simple(cp.wrapping_add(1), endp, base).wrapping_neg();
    }
    simple(cp, endp, base)
}

crate::exports! {
    /// `unsigned long long`.
    fn kstrtoull(s: *const c_char, base: u32, res: *mut u64) -> c_int {
        store(unsigned(text(s.cast()), base), res)
    }

    /// `long long`.
    fn kstrtoll(s: *const c_char, base: u32, res: *mut i64) -> c_int {
        store(signed(text(s.cast()), base), res)
    }

    /// `unsigned int`.
    fn kstrtouint(s: *const c_char, base: u32, res: *mut u32) -> c_int {
        store(unsigned(text(s.cast()), base), res)
    }

    /// `int`.
    fn kstrtoint(s: *const c_char, base: u32, res: *mut i32) -> c_int {
        store(signed(text(s.cast()), base), res)
    }

    /// `u16`.
    fn kstrtou16(s: *const c_char, base: u32, res: *mut u16) -> c_int {
        store(unsigned(text(s.cast()), base), res)
    }

    /// `s16`.
    fn kstrtos16(s: *const c_char, base: u32, res: *mut i16) -> c_int {
        store(signed(text(s.cast()), base), res)
    }

    /// `u8`.
    fn kstrtou8(s: *const c_char, base: u32, res: *mut u8) -> c_int {
        store(unsigned(text(s.cast()), base), res)
    }

    /// `s8`.
    fn kstrtos8(s: *const c_char, base: u32, res: *mut i8) -> c_int {
        store(signed(text(s.cast()), base), res)
    }

    /// `bool`, by the first letters.
    fn kstrtobool(s: *const c_char, res: *mut bool) -> c_int {
        if s.is_null() { -EINVAL } else { store(boolean(text(s.cast())), res) }
    }

    /// The number at the head of the text.
    fn simple_strtoul(cp: *const c_char, endp: *mut *mut c_char, base: u32) -> u64 {
        simple(cp, endp, base)
    }

    /// The number at the head of the text.
    fn simple_strtoull(cp: *const c_char, endp: *mut *mut c_char, base: u32) -> u64 {
        simple(cp, endp, base)
    }

    /// The number at the head of the text, with a sign.
    fn simple_strtol(cp: *const c_char, endp: *mut *mut c_char, base: u32) -> i64 {
        simple_signed(cp, endp, base) as i64
    }

    /// The number at the head of the text, with a sign.
    fn simple_strtoll(cp: *const c_char, endp: *mut *mut c_char, base: u32) -> i64 {
        simple_signed(cp, endp, base) as i64
    }

    /// `vsscanf()`: how many conversions of the format were filled.
    fn vsscanf(buf: *const c_char, fmt: *const c_char, args: *const crate::va::VaList) -> c_int {
        crate::scan::scan(text(buf.cast()), text(fmt.cast()), &mut crate::va::VaList::at(args))
    }
}

/// The blanks at the head.
pub(crate) fn blanks(text: &[u8]) -> usize {
    text.iter().take_while(|b| is_space(**b)).count()
}

/// The number at the head of at most `width` bytes: its value and its length with sign and prefix; `None` if there is
/// none.
pub(crate) fn prefix(text: &[u8], base: u32, width: usize) -> Option<(u64, usize)> {
    let text = &text[..text.len().min(width)];
    let (sign, rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let (number, base) = radix(rest, base);
    let (value, count, _) = digits(number, base);
    let value = if sign { value.wrapping_neg() } else { value };
    (count > 0).then_some((value, text.len() - number.len() + count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_the_string_is_a_number() {
        assert_eq!((unsigned::<u64>(b"42", 10), unsigned(b"42\n", 0), unsigned(b"+7", 10)), (Ok(42), Ok(42), Ok(7)));
        assert_eq!((unsigned::<u32>(b"0x1F", 0), unsigned(b"017", 0), unsigned(b"0", 0)), (Ok(31), Ok(15), Ok(0)));
        assert_eq!((unsigned::<u32>(b"0xff", 16), unsigned(b"ff", 16), unsigned(b"101", 2)), (Ok(255), Ok(255), Ok(5)));
        for bad in [b"".as_slice(), b"\n", b"+", b"4 2", b"42\n\n", b" 42", b"0x", b"8x", b"-1", b"+-1", b"--1"] {
            assert_eq!(unsigned::<u64>(bad, 0), Err(-EINVAL), "{bad:?}");
        }
        assert_eq!(signed::<i32>(b"--1", 0), Err(-EINVAL));
        assert_eq!(unsigned::<u32>(b"08", 0), Err(-EINVAL));
    }

    #[test]
    fn a_number_that_does_not_fit_is_out_of_range() {
        assert_eq!(unsigned::<u64>(b"18446744073709551615", 10), Ok(u64::MAX));
        assert_eq!(unsigned::<u64>(b"18446744073709551616", 10), Err(-ERANGE));
        assert_eq!(
            (signed::<i64>(b"-9223372036854775808", 10), signed::<i64>(b"9223372036854775808", 10)),
            (Ok(i64::MIN), Err(-ERANGE))
        );
        assert_eq!(
            (signed::<i8>(b"-128", 10), signed::<i8>(b"128", 10), unsigned::<u8>(b"256", 10)),
            (Ok(-128), Err(-ERANGE), Err(-ERANGE))
        );
        let mut res = 7_u32;
        assert_eq!((kstrtouint(c"4294967296".as_ptr(), 10, &raw mut res), res), (-ERANGE, 7));
        assert_eq!((kstrtouint(c"5".as_ptr(), 10, &raw mut res), res), (0, 5));
    }

    #[test]
    fn yes_and_no() {
        for yes in [b"y".as_slice(), b"Yes", b"1", b"on", b"ON\n", b"true"] {
            assert_eq!(boolean(yes), Ok(true));
        }
        for no in [b"n".as_slice(), b"0", b"off", b"oFx", b"False"] {
            assert_eq!(boolean(no), Ok(false));
        }
        assert_eq!((boolean(b""), boolean(b"o"), boolean(b"2")), (Err(-EINVAL), Err(-EINVAL), Err(-EINVAL)));
    }

    #[test]
    fn the_simple_ones_stop_where_the_number_does() {
        let s = c"0x1fg";
        let mut end = std::ptr::null_mut();
        assert_eq!((simple_strtoul(s.as_ptr(), &raw mut end, 0), end.addr() - s.as_ptr().addr()), (31, 4));
        assert_eq!(simple_strtol(c"-12x".as_ptr(), &raw mut end, 10), -12);
        assert_eq!(simple_strtoul(c"x".as_ptr(), std::ptr::null_mut(), 10), 0);
    }
}
