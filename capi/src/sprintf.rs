//! `linux/sprintf.h`: text by a format into memory. Any context; only `kvasprintf` may sleep, as its flags say.

use crate::format::{self, Out, format};
use crate::memory::{text, view_mut, writes};
use crate::va::VaList;
use ringzero_mm::{Gfp, kmalloc};
use std::ffi::{c_char, c_int};
use std::ptr;

/// Writes at most `size` bytes with the 0; the length that the whole text has.
fn print(buf: *mut c_char, size: usize, fmt: *const c_char, args: *const VaList) -> usize {
    let fmt = text(fmt.cast());
    let mut measured = Out::measure();
    format(&mut measured, fmt, &mut VaList::at(args), 0);
    if size == 0 {
        return measured.len();
    }
    writes(buf.cast(), size.min(measured.len() + 1));
    let mut out = Out::into_c(buf.cast(), size.min(measured.len() + 1) - 1);
    format(&mut out, fmt, &mut VaList::at(args), 0);
    let end = out.len().min(size.min(measured.len() + 1) - 1);
    view_mut(buf.wrapping_add(end).cast(), 1)[0] = 0;
    out.len()
}

/// A copy of `text` with a 0 in memory that lives as long as the execution.
pub(crate) fn keep(text: &[u8]) -> *const c_char {
    let mut bytes = text.to_vec();
    bytes.push(0);
    match ringzero_machine::machine() {
        Some(m) => {
            let at = m.alloc(bytes.len(), 1);
            view_mut(at.cast(), bytes.len()).copy_from_slice(&bytes);
            at.cast()
        }
        None => bytes.leak().as_ptr().cast(),
    }
}

crate::exports! {
    /// Prints at most `size` bytes with the 0; the length that the whole text has.
    fn vsnprintf(buf: *mut c_char, size: usize, fmt: *const c_char, args: *const VaList) -> c_int {
        print(buf, size, fmt, args) as c_int
    }

    /// Prints at most `size` bytes with the 0; the length printed.
    fn vscnprintf(buf: *mut c_char, size: usize, fmt: *const c_char, args: *const VaList) -> c_int {
        print(buf, size, fmt, args).min(size.saturating_sub(1)) as c_int
    }

    /// Prints; the caller knows that there is room.
    fn vsprintf(buf: *mut c_char, fmt: *const c_char, args: *const VaList) -> c_int {
        print(buf, usize::MAX, fmt, args) as c_int
    }

    /// Prints into memory from `kmalloc`; NULL when there is none.
    fn kvasprintf(gfp: u32, fmt: *const c_char, args: *const VaList) -> *mut c_char {
        let mut measured = Out::measure();
        format(&mut measured, text(fmt.cast()), &mut VaList::at(args), 0);
        let buf = kmalloc(measured.len() + 1, Gfp::from_bits(gfp)).cast::<c_char>();
        if !buf.is_null() {
            print(buf, measured.len() + 1, fmt, args);
        }
        buf
    }

    /// The text of a `WARN`, a `BUG` or a test's message; NULL for no format.
    fn __rz_vtext(fmt: *const c_char, args: *const VaList) -> *const c_char {
        if fmt.is_null() {
            return ptr::null();
        }
        keep(&format::to_vec(fmt, args))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_cut_and_counted() {
        let args = [123_456_u64];
        let mut buf = [0xff_u8; 8];
        let mut print = |size| {
            buf.fill(0xff);
            let p = buf.as_mut_ptr().cast::<c_char>();
            let args = VaList::of(&args);
            (vsnprintf(p, size, c"<%d>".as_ptr(), &raw const args), buf)
        };
        assert_eq!(print(0), (8, [0xff; 8]));
        assert_eq!(print(1), (8, *b"\0\xff\xff\xff\xff\xff\xff\xff"));
        assert_eq!(print(4), (8, *b"<12\0\xff\xff\xff\xff"));
        assert_eq!(print(8), (8, *b"<123456\0"));
        let (p, args) = (buf.as_mut_ptr().cast(), VaList::of(&args));
        assert_eq!(vscnprintf(p, 4, c"<%d>".as_ptr(), &raw const args), 3);
        assert_eq!(vscnprintf(p, 0, c"<%d>".as_ptr(), &raw const args), 0);
        assert_eq!(vsprintf(p, c"%d".as_ptr(), &raw const args), 6);
        assert_eq!(&buf[..7], b"123456\0");
    }

    #[test]
    fn a_kept_text_ends_with_a_zero() {
        let args = VaList::of(&[5]);
        let kept = __rz_vtext(c"n = %d".as_ptr(), &raw const args);
        assert_eq!(crate::memory::view_text(kept.cast(), 99), b"n = 5");
        assert!(__rz_vtext(ptr::null(), &raw const args).is_null());
    }
}
