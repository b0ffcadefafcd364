//! `sscanf()`: values from text by a format.
//!
//! Unlike Linux: a set (`%[...]`) needs no width.

use crate::kstrtox::{blanks, prefix};
use crate::memory::{move_bytes, put, writes};
use crate::string::is_space;
use crate::va::VaList;
use std::ffi::{c_int, c_void};
use std::ptr;

/// Where one conversion puts its value, and how large it is.
struct Target {
    skip: bool,
    width: Option<usize>,
    size: usize,
}

impl Target {
    fn at(&self, args: &mut VaList) -> *mut c_void {
        if self.skip { ptr::null_mut() } else { ptr::with_exposed_provenance_mut(args.next() as usize) }
    }

    fn number(&self, args: &mut VaList, value: u64) {
        let at = self.at(args);
        match self.size {
            _ if self.skip => {}
            1 => put(at.cast(), value as u8),
            2 => put(at.cast(), value as u16),
            4 => put(at.cast(), value as u32),
            _ => put(at.cast(), value),
        }
    }

    fn bytes(&self, args: &mut VaList, bytes: &[u8], terminate: bool) {
        let at = self.at(args);
        if !self.skip {
            writes(at, bytes.len() + usize::from(terminate));
            move_bytes(at, bytes.as_ptr().cast(), bytes.len());
            if terminate {
                put(at.wrapping_byte_add(bytes.len()).cast(), 0_u8);
            }
        }
    }
}

/// The target that stands before a conversion's letter, and the rest of the format from that letter.
fn target(mut fmt: &[u8]) -> (Target, &[u8]) {
    let mut target = Target { skip: false, width: None, size: 4 };
    if let [b'*', rest @ ..] = fmt {
        (target.skip, fmt) = (true, rest);
    }
    while let [digit @ b'0'..=b'9', rest @ ..] = fmt {
        let width = target.width.unwrap_or(0).saturating_mul(10).saturating_add(usize::from(digit - b'0'));
        (target.width, fmt) = (Some(width), rest);
    }
    (target.size, fmt) = match fmt {
        [b'h', b'h', rest @ ..] => (1, rest),
        [b'h', rest @ ..] => (2, rest),
        [b'l', b'l', rest @ ..] | [b'l' | b'L' | b'z' | b'Z' | b'j' | b't', rest @ ..] => (8, rest),
        _ => (4, fmt),
    };
    (target, fmt)
}

/// The bytes of a set `[...]` (at whose head `fmt` stands, behind the bracket), and the rest of the format.
fn set(fmt: &[u8]) -> (impl Fn(u8) -> bool + use<>, &[u8]) {
    let (invert, body) = match fmt {
        [b'^', rest @ ..] => (true, rest),
        _ => (false, fmt),
    };
    // A bracket that comes first is one of the set.
    let end = body.iter().skip(1).position(|b| *b == b']').map_or(body.len(), |i| i + 1);
    let mut members = [false; 256];
    let mut at = 0;
    while at < end {
        let range = body[at + 1..end].first() == Some(&b'-') && at + 2 < end;
        let last = if range { body[at + 2] } else { body[at] };
        (body[at]..=last).for_each(|b| members[usize::from(b)] = true);
        at += if range { 3 } else { 1 };
    }
    (move |b| members[usize::from(b)] != invert, body.get(end + 1..).unwrap_or(&[]))
}

/// How many conversions were filled.
pub(crate) fn scan(text: &[u8], mut fmt: &[u8], args: &mut VaList) -> c_int {
    let (mut rest, mut filled) = (text, 0);
    while let [c, after @ ..] = fmt {
        fmt = after;
        if is_space(*c) {
            fmt = &fmt[blanks(fmt)..];
            rest = &rest[blanks(rest)..];
            continue;
        }
        if *c != b'%' || fmt.first() == Some(&b'%') {
            if *c == b'%' {
                fmt = &fmt[1..];
            }
            match rest {
                [first, next @ ..] if first == c => rest = next,
                _ => break,
            }
            continue;
        }
        let (to, at_letter) = target(fmt);
        let [letter, after @ ..] = at_letter else { break };
        fmt = after;
        if *letter == b'n' {
            to.number(args, (text.len() - rest.len()) as u64);
            continue;
        }
        if !matches!(letter, b'c' | b'[') {
            rest = &rest[blanks(rest)..];
        }
        if rest.is_empty() {
            break;
        }
        let room = to.width.unwrap_or(usize::MAX);
        let taken = match letter {
            b'd' | b'u' | b'i' | b'x' | b'X' | b'o' => {
                let base = match letter {
                    b'd' | b'u' => 10,
                    b'i' => 0,
                    b'o' => 8,
                    _ => 16,
                };
                let Some((value, len)) = prefix(rest, base, room) else { break };
                to.number(args, value);
                len
            }
            b'c' => {
                let len = to.width.unwrap_or(1).min(rest.len());
                to.bytes(args, &rest[..len], false);
                len
            }
            b's' => {
                let len = rest.iter().take(room).take_while(|b| !is_space(**b)).count();
                to.bytes(args, &rest[..len], true);
                len
            }
            b'[' => {
                let (member, after) = set(fmt);
                fmt = after;
                let len = rest.iter().take(room).take_while(|b| member(**b)).count();
                if len == 0 {
                    break;
                }
                to.bytes(args, &rest[..len], true);
                len
            }
            _ => break,
        };
        rest = &rest[taken..];
        filled += c_int::from(!to.skip);
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p<T>(to: &mut T) -> u64 {
        ptr::from_mut(to).expose_provenance() as u64
    }

    #[test]
    fn numbers_of_all_sizes() {
        let (mut a, mut b, mut c, mut d) = (0_i32, 0_u8, 0_u64, 0_i32);
        let args = [p(&mut a), p(&mut b), p(&mut c), p(&mut d)];
        let n = scan(b"-5, 0x1ff 18446744073709551615 rest", b"%d, %hhx %llu%n", &mut VaList::of(&args));
        assert_eq!((n, a, b, c, d), (3, -5, 0xff, u64::MAX, 30));
        let args = [p(&mut a), p(&mut d)];
        assert_eq!((scan(b"1234", b"%2d%i", &mut VaList::of(&args)), a, d), (2, 12, 34));
    }

    #[test]
    fn words_and_sets() {
        let (mut word, mut letters, mut c) = ([0xff_u8; 8], [0xff_u8; 8], 0_u8);
        let args = [p(&mut word), p(&mut letters), p(&mut c)];
        let n = scan(b" name=ab-9;", b"%5s%*c%[a-c-]%c", &mut VaList::of(&args));
        assert_eq!((n, &word[..6], &letters[..4], c), (3, b"name=\0".as_slice(), b"b-\0\xff".as_slice(), b'9'));
    }

    #[test]
    fn what_does_not_match_ends_it() {
        let (mut a, mut b) = (0_i32, 0_i32);
        let args = [p(&mut a), p(&mut b)];
        assert_eq!(scan(b"1;2", b"%d,%d", &mut VaList::of(&args)), 1);
        assert_eq!(scan(b"x", b"%d", &mut VaList::of(&args)), 0);
        assert_eq!(scan(b"", b"%d", &mut VaList::of(&args)), 0);
        assert_eq!(scan(b"7%8", b"%d%%%d", &mut VaList::of(&args)), 2);
    }
}
