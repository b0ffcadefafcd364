//! The module's memory, as exports touch it (rule 3 of the crate).
//!
//! What a pointer from C leads to is what the contract of the called function says: as many bytes as it may read or
//! write, up to the 0 for a string. These functions rely on that, as the function in C would.

use crate::deref::touch;
use ringzero_machine::{Place, model};
use std::ffi::c_void;
use std::slice;

/// Faults here, at the call, if either end of these bytes is no memory.
#[inline]
fn probe(addr: usize, len: usize) {
    if len > 0 {
        touch(addr);
        touch(addr.wrapping_add(len - 1));
    }
    assert!(isize::try_from(len).is_ok(), "{len} bytes are more than there can be");
}

/// Announces an access to `len` bytes. It may become a step, so that other contexts run before this returns.
#[inline]
fn announce(addr: usize, len: usize, write: bool) {
    probe(addr, len);
    if len > 0
        && let Some(m) = model()
    {
        m.plain(addr, len, write, Place::caller());
    }
}

/// Announces that `n` bytes are read.
pub(crate) fn reads(p: *const c_void, n: usize) {
    announce(p.addr(), n, false);
}

/// Announces that `n` bytes are written.
pub(crate) fn writes(p: *const c_void, n: usize) {
    announce(p.addr(), n, true);
}

/// `n` bytes to read, announced. They may change at the next announcement.
pub(crate) fn load<'a>(p: *const c_void, n: usize) -> &'a [u8] {
    reads(p, n);
    view(p, n)
}

/// `n` bytes, not announced: private to the runtime, or announced already.
pub(crate) fn view<'a>(p: *const c_void, n: usize) -> &'a [u8] {
    if n == 0 {
        return &[];
    }
    probe(p.addr(), n);
    // SAFETY: the C caller's contract (head of this module); nobody else runs before the next announcement.
    unsafe { slice::from_raw_parts(p.cast(), n) }
}

/// `n` bytes to write, announced.
pub(crate) fn store<'a>(p: *mut c_void, n: usize) -> &'a mut [u8] {
    writes(p, n);
    view_mut(p, n)
}

/// `n` bytes to write, announced already.
pub(crate) fn view_mut<'a>(p: *mut c_void, n: usize) -> &'a mut [u8] {
    if n == 0 {
        return &mut [];
    }
    probe(p.addr(), n);
    // SAFETY: as in `view`; the callers keep no other slice of the same bytes.
    unsafe { slice::from_raw_parts_mut(p.cast(), n) }
}

/// Copies `n` bytes from anywhere to anywhere, announced.
pub(crate) fn copy(to: *mut c_void, from: *const c_void, n: usize) {
    reads(from, n);
    writes(to, n);
    move_bytes(to, from, n);
}

/// Copies `n` bytes from anywhere to anywhere, announced already.
pub(crate) fn move_bytes(to: *mut c_void, from: *const c_void, n: usize) {
    probe(from.addr(), n);
    probe(to.addr(), n);
    // SAFETY: the C caller's contract; `copy_from` allows overlap.
    unsafe { to.cast::<u8>().copy_from(from.cast(), n) };
}

/// Writes one value of the module's, announced.
pub(crate) fn put<T: Copy>(p: *mut T, value: T) {
    writes(p.cast(), size_of::<T>());
    // SAFETY: the C caller's contract.
    unsafe { p.write_unaligned(value) };
}

/// Reads one value of the module's, announced.
pub(crate) fn get<T: Copy>(p: *const T) -> T {
    reads(p.cast(), size_of::<T>());
    peek(p)
}

/// Reads one value that is private to the runtime, or announced already.
pub(crate) fn peek<T: Copy>(p: *const T) -> T {
    probe(p.addr(), size_of::<T>());
    // SAFETY: the C caller's contract.
    unsafe { p.read_unaligned() }
}

/// The length of a string of at most `max` bytes, as it is now.
fn scan(s: *const u8, max: usize) -> usize {
    probe(s.addr(), max.min(1));
    // SAFETY: the C caller's contract: every byte up to the 0, or `max` bytes.
    (0..max).take_while(|i| unsafe { s.add(*i).read() } != 0).count()
}

/// A string without its 0, announced with it.
pub(crate) fn text<'a>(s: *const c_void) -> &'a [u8] {
    text_max(s, usize::MAX)
}

/// At most `max` bytes of a string, without its 0, announced as far as a reader goes.
pub(crate) fn text_max<'a>(s: *const c_void, max: usize) -> &'a [u8] {
    let n = scan(s.cast(), max);
    reads(s, if n < max { n + 1 } else { n });
    // The announcement may have let somebody in who changed it.
    view_text(s, max)
}

/// The same, not announced.
pub(crate) fn view_text<'a>(s: *const c_void, max: usize) -> &'a [u8] {
    view(s, scan(s.cast(), max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_ends_at_its_zero_or_at_the_limit() {
        let s = b"abc\0def";
        assert_eq!(text(s.as_ptr().cast()), b"abc");
        assert_eq!(text_max(s.as_ptr().cast(), 2), b"ab");
        assert_eq!(load(s.as_ptr().cast(), 0), b"");
        let mut word = [0_u8; 6];
        put(word.as_mut_ptr().wrapping_add(1).cast::<u32>(), 0x0403_0201);
        assert_eq!(word, [0, 1, 2, 3, 4, 0]);
        copy(word.as_mut_ptr().wrapping_add(2).cast(), word.as_ptr().wrapping_add(1).cast(), 4);
        assert_eq!((word, get(word.as_ptr().wrapping_add(2).cast::<u16>())), ([0, 1, 1, 2, 3, 4], 0x0201));
    }
}
