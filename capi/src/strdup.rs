//! Copies of strings and memory from `kmalloc`. May sleep as the flags say; NULL when there is no memory.

use crate::memory::{copy, put, text, text_max};
use ringzero_mm::{Gfp, kfree as free, kmalloc};
use std::ffi::{c_char, c_void};
use std::ptr;

/// A copy of the first `len` bytes, with a 0 behind them.
fn string(s: *const c_char, len: usize, gfp: u32) -> *mut c_char {
    let to = kmalloc(len + 1, Gfp::from_bits(gfp)).cast::<c_char>();
    if !to.is_null() {
        copy(to.cast(), s.cast(), len);
        put(to.wrapping_add(len), 0);
    }
    to
}

crate::exports! {
    /// A copy of a string; NULL of NULL.
    fn kstrdup(s: *const c_char, gfp: u32) -> *mut c_char {
        if s.is_null() { ptr::null_mut() } else { string(s, text(s.cast()).len(), gfp) }
    }

    /// The same: nothing here is known to live for ever.
    fn kstrdup_const(s: *const c_char, gfp: u32) -> *const c_char {
        kstrdup(s, gfp)
    }

    /// A copy of at most `max` bytes of a string, with a 0.
    fn kstrndup(s: *const c_char, max: usize, gfp: u32) -> *mut c_char {
        if s.is_null() { ptr::null_mut() } else { string(s, text_max(s.cast(), max).len(), gfp) }
    }

    /// A copy of memory.
    fn kmemdup(src: *const c_void, len: usize, gfp: u32) -> *mut c_void {
        let to = kmalloc(len, Gfp::from_bits(gfp)).cast::<c_void>();
        if !to.is_null() {
            copy(to, src, len);
        }
        to
    }

    /// A copy of `len` bytes, with a 0 behind them.
    fn kmemdup_nul(s: *const c_char, len: usize, gfp: u32) -> *mut c_char {
        if s.is_null() { ptr::null_mut() } else { string(s, len, gfp) }
    }

    /// Frees what `kstrdup_const` gave.
    fn kfree_const(p: *const c_void) {
        free(p.cast());
    }
}
