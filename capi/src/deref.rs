//! Following pointers that C gave.

use crate::state::on_host;
use core::ffi::{CStr, c_char};
use ringzero_context::{Text, violation};
use ringzero_machine::{KBox, Place};
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// Reads the byte at `addr` and forgets it: if there is no memory, the fault comes here, in the context and at the call
/// that gave the address.
#[inline]
pub(crate) fn touch(addr: usize) {
    // SAFETY: reads one byte into a register that nobody looks at. If the address is bad, the processor faults, which is
    // what this is for; the compiler knows nothing of it, so it concludes nothing.
    unsafe {
        std::arch::asm!(
            "mov {byte}, byte ptr [{addr}]",
            addr = in(reg) addr,
            byte = out(reg_byte) _,
            options(nostack, readonly, preserves_flags)
        );
    }
}

/// The object at `p`, of which C says that it is a `T` and stays one as long as the call needs it. A bad pointer faults
/// here. Whether the object is alive is the machine's to say, at the next step on it.
#[inline]
pub(crate) fn deref<T>(p: *const T) -> &'static T {
    let addr = p.addr();
    touch(addr);
    touch(addr.wrapping_add(size_of::<T>().saturating_sub(1)));
    if !addr.is_multiple_of(align_of::<T>()) {
        misaligned(align_of::<T>());
    }
    // SAFETY: readable at both ends, since the reads came back, and aligned. The module's code is compiled with headers
    // in which this is the layout of what it passes; memory of a program is never unmapped while it runs; and all fields
    // are of types that are valid whatever their bits, or are looked at after a check of the words that say so.
    unsafe { &*p }
}

#[cold]
fn misaligned(align: usize) {
    let text = format_args!("this pointer is not aligned to {align} bytes");
    violation("page-fault", Place::caller(), None, text);
}

/// The text at `p`, up to its zero. Null is "(null)".
pub(crate) fn text(p: *const c_char) -> &'static str {
    if p.is_null() {
        return "(null)";
    }
    touch(p.addr());
    // SAFETY: C says that a text ends with a zero; it stays as long as the module, or is only read at once.
    unsafe { CStr::from_ptr(p) }.to_str().unwrap_or("(not text)")
}

/// A copy of the text at `p`, which is read now, cut off after 63 bytes; it lives as long as the execution: a name. The
/// zero at its end is there too.
pub(crate) fn name(p: *const c_char) -> &'static str {
    if !p.is_null() {
        touch(p.addr());
        crate::memory::text(p.cast());
    }
    let cut = Text::<63>::format(format_args!("{}", text(p)));
    if on_host() {
        return kept(cut.as_str());
    }
    let with_zero = Text::<64>::format(format_args!("{}\0", cut.as_str()));
    &KBox::new(with_zero).leak().as_str()[..cut.as_str().len()]
}

/// The same on the host, where nothing may be left behind by each call: once for each text, for as long as the process
/// lives.
fn kept(name: &str) -> &'static str {
    static KEPT: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = kept.get(name) {
        return known;
    }
    let with_zero: &'static str = Box::leak(format!("{name}\0").into_boxed_str());
    let new = &with_zero[..name.len()];
    kept.insert(new);
    new
}

/// The name that an initialising macro made of its argument: without the `&` before it. Lives as long as the module.
pub(crate) fn argument(p: *const c_char) -> Option<&'static str> {
    (!p.is_null()).then(|| text(p).trim_start_matches('&').trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_operators() {
        assert_eq!(argument(c"&dev->lock".as_ptr()), Some("dev->lock"));
        assert_eq!(argument(c"& (dev)->lock".as_ptr()), Some("(dev)->lock"));
        assert_eq!(argument(std::ptr::null()), None);
    }

    #[test]
    fn a_name_is_a_copy_with_a_zero() {
        let at = name(c"eth0".as_ptr());
        assert_eq!(at, "eth0");
        // SAFETY: `name` put a zero behind it.
        assert_eq!(unsafe { CStr::from_ptr(at.as_ptr().cast()) }, c"eth0");
    }

    #[test]
    fn what_can_be_read_is_read() {
        assert_eq!(*deref(&7), 7);
    }
}
