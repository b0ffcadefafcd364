//! Text by a format: the engine of `printk` and `snprintf`.
//!
//! A format is gone through twice: first to announce what it reads and to learn the length, then, when nobody else can
//! run any more, to write. Conversions as in `linux/sprintf.h`; `%p` and its kinds are in [`crate::pointer`].
//!
//! Unlike Linux: addresses are printed as names ([`crate::names`]); a conversion that is not known is printed as it
//! stands and takes no argument, and the rest of the text goes on.

use crate::memory::{text_max, view_text};
use crate::pointer;
use crate::va::VaList;

/// Where text goes: all of it is counted, what fits is kept.
pub(crate) struct Out<'a> {
    to: Option<&'a mut Vec<u8>>,
    buf: *mut u8,
    room: usize,
    len: usize,
    /// The first pass: memory that is read is announced.
    pub(crate) announce: bool,
}

impl<'a> Out<'a> {
    /// Counts only, and announces what the text is made of.
    pub(crate) fn measure() -> Self {
        Out { to: None, buf: std::ptr::null_mut(), room: 0, len: 0, announce: true }
    }

    /// Writes at most `room` bytes to `buf`, which C owns.
    pub(crate) fn into_c(buf: *mut u8, room: usize) -> Self {
        Out { to: None, buf, room, len: 0, announce: false }
    }

    /// Appends all to `to`.
    pub(crate) fn into_vec(to: &'a mut Vec<u8>) -> Self {
        Out { to: Some(to), buf: std::ptr::null_mut(), room: 0, len: 0, announce: false }
    }

    /// How long the text is so far, cut or not.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn push(&mut self, byte: u8) {
        if let Some(to) = &mut self.to {
            to.push(byte);
        } else if self.len < self.room {
            // SAFETY: `into_c` was given `room` bytes of the caller's.
            unsafe { self.buf.add(self.len).write(byte) };
        }
        self.len += 1;
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|b| self.push(*b));
    }

    pub(crate) fn repeat(&mut self, byte: u8, n: usize) {
        (0..n).for_each(|_| self.push(byte));
    }

    /// A string of the module's: at most `max` bytes.
    pub(crate) fn c_string<'b>(&self, at: usize, max: usize) -> &'b [u8] {
        let at = std::ptr::with_exposed_provenance(at);
        if self.announce { text_max(at, max) } else { view_text(at, max) }
    }
}

/// The longest text that a width or a precision can ask for.
const MAX_FIELD: usize = 0x7fff;

/// How an argument is to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spec {
    pub(crate) left: bool,
    pub(crate) plus: bool,
    pub(crate) space: bool,
    pub(crate) alt: bool,
    pub(crate) zero: bool,
    /// 0: none.
    pub(crate) width: usize,
    pub(crate) precision: Option<usize>,
    /// How many bytes of the argument count.
    pub(crate) size: usize,
}

impl Spec {
    /// A word, padded to the width and cut to the precision.
    pub(crate) fn word(&self, out: &mut Out<'_>, word: &[u8]) {
        let word = &word[..word.len().min(self.precision.unwrap_or(usize::MAX))];
        let pad = self.width.saturating_sub(word.len());
        if !self.left {
            out.repeat(b' ', pad);
        }
        out.bytes(word);
        if self.left {
            out.repeat(b' ', pad);
        }
    }

    /// A number: sign or prefix, zeroes, digits.
    pub(crate) fn number(&self, out: &mut Out<'_>, prefix: &[u8], value: u64, base: u64, upper: bool) {
        let mut digits = [0_u8; 22];
        let mut first = digits.len();
        let mut rest = value;
        while rest != 0 || (first == digits.len() && self.precision != Some(0)) {
            let digit = (rest % base) as u8;
            first -= 1;
            digits[first] = match digit {
                0..10 => b'0' + digit,
                _ if upper => b'A' + digit - 10,
                _ => b'a' + digit - 10,
            };
            rest /= base;
        }
        let digits = &digits[first..];
        let mut zeroes = self.precision.unwrap_or(0).saturating_sub(digits.len());
        let used = prefix.len() + zeroes + digits.len();
        let mut pad = self.width.saturating_sub(used);
        if self.zero && !self.left && self.precision.is_none() {
            zeroes += pad;
            pad = 0;
        }
        if !self.left {
            out.repeat(b' ', pad);
        }
        out.bytes(prefix);
        out.repeat(b'0', zeroes);
        out.bytes(digits);
        if self.left {
            out.repeat(b' ', pad);
        }
    }

    fn signed(&self, out: &mut Out<'_>, value: i64) {
        let sign: &[u8] = match () {
            () if value < 0 => b"-",
            () if self.plus => b"+",
            () if self.space => b" ",
            () => b"",
        };
        self.number(out, sign, value.unsigned_abs(), 10, false);
    }

    fn unsigned(&self, out: &mut Out<'_>, value: u64, base: u64, upper: bool) {
        let prefix: &[u8] = match base {
            16 if self.alt && upper => b"0X",
            16 if self.alt => b"0x",
            8 if self.alt => b"0",
            _ => b"",
        };
        self.number(out, prefix, value, base, upper);
    }

    /// The argument as a signed number of the size that was said.
    fn cut_signed(&self, value: u64) -> i64 {
        let unused = 64 - 8 * self.size as u32;
        (value << unused) as i64 >> unused
    }

    fn cut(&self, value: u64) -> u64 {
        self.cut_signed(value) as u64 & (u64::MAX >> (64 - 8 * self.size as u32))
    }
}

/// Reads a format's bytes.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    fn take(&mut self, byte: u8) -> bool {
        let is = self.peek() == byte && self.at < self.bytes.len();
        self.at += usize::from(is);
        is
    }

    fn digits(&mut self) -> Option<usize> {
        let start = self.at;
        let mut n = 0_usize;
        while self.peek().is_ascii_digit() {
            n = (n * 10 + usize::from(self.peek() - b'0')).min(MAX_FIELD);
            self.at += 1;
        }
        (self.at > start).then_some(n)
    }

    /// The letters and digits that stand next: what `%p` goes on with.
    pub(crate) fn letters(&mut self) -> &[u8] {
        let start = self.at;
        while self.peek().is_ascii_alphanumeric() {
            self.at += 1;
        }
        &self.bytes[start..self.at]
    }

    /// Flags, width, precision and size, up to the letter of the conversion.
    fn spec(&mut self, args: &mut VaList) -> Spec {
        let mut spec = Spec { size: 4, ..Spec::default() };
        loop {
            match self.peek() {
                b'-' => spec.left = true,
                b'+' => spec.plus = true,
                b' ' => spec.space = true,
                b'#' => spec.alt = true,
                b'0' => spec.zero = true,
                _ => break,
            }
            self.at += 1;
        }
        if self.take(b'*') {
            let width = args.next_int();
            spec.left |= width < 0;
            spec.width = (width.unsigned_abs() as usize).min(MAX_FIELD);
        } else if let Some(width) = self.digits() {
            spec.width = width;
        }
        if self.take(b'.') {
            let precision = if self.take(b'*') { args.next_int() } else { self.digits().unwrap_or(0) as i32 };
            spec.precision = usize::try_from(precision).ok().map(|p| p.min(MAX_FIELD));
        }
        match self.peek() {
            b'h' => {
                self.at += 1;
                spec.size = if self.take(b'h') { 1 } else { 2 };
            }
            b'l' => {
                self.at += 1;
                self.take(b'l');
                spec.size = 8;
            }
            b'L' | b'q' | b'z' | b'Z' | b't' | b'j' => {
                self.at += 1;
                spec.size = 8;
            }
            _ => {}
        }
        spec
    }
}

/// The whole text of `fmt` with `args`. `depth`: how many `%pV` it lies in.
pub(crate) fn format(out: &mut Out<'_>, fmt: &[u8], args: &mut VaList, depth: usize) {
    let mut reader = Reader { bytes: fmt, at: 0 };
    while reader.at < fmt.len() {
        let start = reader.at;
        reader.at += 1;
        if fmt[start] != b'%' {
            out.push(fmt[start]);
            continue;
        }
        let spec = reader.spec(args);
        let letter = reader.peek();
        reader.at += 1;
        match letter {
            b'%' => out.push(b'%'),
            b'd' | b'i' => spec.signed(out, spec.cut_signed(args.next())),
            b'u' => spec.unsigned(out, spec.cut(args.next()), 10, false),
            b'x' => spec.unsigned(out, spec.cut(args.next()), 16, false),
            b'X' => spec.unsigned(out, spec.cut(args.next()), 16, true),
            b'o' => spec.unsigned(out, spec.cut(args.next()), 8, false),
            b'c' => spec.word(out, &[args.next() as u8]),
            b's' => string(out, &spec, args.next() as usize),
            b'p' => pointer::print(out, &spec, &mut reader, args.next() as usize, depth),
            _ => out.bytes(&fmt[start..reader.at.min(fmt.len())]),
        }
    }
}

/// `%s`. What cannot be a string is named.
fn string(out: &mut Out<'_>, spec: &Spec, at: usize) {
    match pointer::not_memory(at) {
        Some(word) => spec.word(out, word),
        None => {
            let text = out.c_string(at, spec.precision.unwrap_or(usize::MAX));
            spec.word(out, text);
        }
    }
}

/// The text in a vector of its own, everything announced.
pub(crate) fn to_vec(fmt: *const std::ffi::c_char, args: *const VaList) -> Vec<u8> {
    let fmt = text_max(fmt.cast(), usize::MAX);
    format(&mut Out::measure(), fmt, &mut VaList::at(args), 0);
    let mut text = Vec::new();
    format(&mut Out::into_vec(&mut text), fmt, &mut VaList::at(args), 0);
    text
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn text(fmt: &str, args: &[u64]) -> String {
        let fmt = std::ffi::CString::new(fmt).unwrap();
        String::from_utf8(to_vec(fmt.as_ptr(), &VaList::of(args))).unwrap()
    }

    fn s(text: &'static std::ffi::CStr) -> u64 {
        text.as_ptr().expose_provenance() as u64
    }

    #[test]
    fn numbers() {
        assert_eq!(text("%d %i %u", &[-5_i64 as u64, 7, 0xffff_ffff]), "-5 7 4294967295");
        assert_eq!(text("%x %X %o %#x %#o", &[0xbeef, 0xbeef, 8, 255, 8]), "beef BEEF 10 0xff 010");
        assert_eq!(
            text("[%5d] [%-5d] [%05d] [%+d] [% d]", &[42, 42, 42, 42, 42]),
            "[   42] [42   ] [00042] [+42] [ 42]"
        );
        assert_eq!(text("[%.3d] [%8.3d] [%08.3d] [%.0d]", &[7, 7, 7, 0]), "[007] [     007] [     007] []");
        assert_eq!(text("[%*d] [%*d] [%.*d]", &[4, 1, -4_i64 as u64, 1, 2, 3]), "[   1] [1   ] [03]");
        assert_eq!(text("[%06x] [%#010x] [%-#6x]", &[0xabc, 0xabc, 0xa]), "[000abc] [0x00000abc] [0xa   ]");
        assert_eq!(text("%05d", &[-42_i64 as u64]), "-0042");
    }

    #[test]
    fn sizes() {
        assert_eq!(text("%hhd %hd %d", &[0x1ff, 0x1_ffff, 0x1_ffff_ffff]), "-1 -1 -1");
        assert_eq!(text("%hhu %hu %u", &[0x1ff, 0x1_ffff, 0x1_ffff_ffff]), "255 65535 4294967295");
        let max = u64::MAX;
        assert_eq!(text("%ld %lld %lu %llu %zu %zd %Lx %jx %td", &[max; 9]), {
            let unsigned = "18446744073709551615";
            format!("-1 -1 {unsigned} {unsigned} {unsigned} -1 ffffffffffffffff ffffffffffffffff -1")
        });
        assert_eq!(text("%lld", &[i64::MIN as u64]), "-9223372036854775808");
    }

    #[test]
    fn words() {
        assert_eq!(
            text("[%s] [%6s] [%-6s] [%.2s]", &[s(c"abc"), s(c"abc"), s(c"abc"), s(c"abc")]),
            "[abc] [   abc] [abc   ] [ab]"
        );
        assert_eq!(text("%c%c [%3c] %%", &[65, 66, 67]), "AB [  C] %");
        assert_eq!(text("%s %s %s", &[0, 12, -5_i64 as u64]), "(null) (efault) (efault)");
    }

    #[test]
    fn what_is_not_known_stays() {
        assert_eq!(text("%y %d %", &[3]), "%y 3 %");
        assert_eq!(text("100%", &[]), "100%");
    }
}
