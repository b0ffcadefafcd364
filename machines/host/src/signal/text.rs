//! Code whose instructions may be interrupted.

use std::fmt;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{
    AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
    fence,
};

/// How many ranges can be registered at once.
pub const RANGES: usize = 256;

/// A range of addresses; free if `end` is 0.
struct Entry {
    /// Counts the changes: odd during one.
    version: AtomicUsize,
    start: AtomicUsize,
    end: AtomicUsize,
}

impl Entry {
    const fn new() -> Self {
        Self { version: AtomicUsize::new(0), start: AtomicUsize::new(0), end: AtomicUsize::new(0) }
    }

    /// With [`CHANGE`] held.
    fn set(&self, start: usize, end: usize) {
        let version = self.version.load(Relaxed);
        self.version.store(version + 1, Relaxed);
        fence(Release);
        self.start.store(start, Relaxed);
        self.end.store(end, Relaxed);
        self.version.store(version + 2, Release);
    }

    /// Whether it contains `address`; not while it changes.
    fn contains(&self, address: usize) -> bool {
        let version = self.version.load(Acquire);
        let found = (self.start.load(Relaxed)..self.end.load(Relaxed)).contains(&address);
        fence(Acquire);
        found && version.is_multiple_of(2) && self.version.load(Relaxed) == version
    }
}

static TABLE: [Entry; RANGES] = [const { Entry::new() }; RANGES];
/// All entries from here on were never used.
static USED: AtomicUsize = AtomicUsize::new(0);
/// Held by who changes the table.
static CHANGE: Mutex<()> = Mutex::new(());

/// Why a range is not registered.
///
/// ```
/// use ringzero::host::text::{Refused, register};
/// assert_eq!(register(0..usize::MAX).unwrap_err(), Refused::NotYours);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// [`RANGES`] ranges are registered already.
    Full,
    /// It contains code of Ringzero or of the C library, which must not be interrupted: a whole executable, perhaps.
    NotYours,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => write!(f, "more than {RANGES} ranges of code registered at once"),
            Self::NotYours => f.write_str("the range contains code of Ringzero or of the C library"),
        }
    }
}

impl std::error::Error for Refused {}

/// While it lives, its range is registered.
///
/// ```
/// use ringzero::host::text::{Handle, contains, register, section};
/// #[unsafe(link_section = "rz_async_text")]
/// #[inline(never)]
/// fn crunch() {}
/// let registered: Handle = register(section()).unwrap();
/// assert!(contains(crunch as fn() as usize));
/// drop(registered);
/// assert!(!contains(crunch as fn() as usize));
/// ```
#[derive(Debug)]
#[must_use = "the range is registered as long as this lives"]
pub struct Handle {
    entry: usize,
}

/// Registers the code at `range`: from now on it may be interrupted at each instruction, and another task may run then
/// before it goes on. The code follows the rules of the [module above](super).
///
/// # Errors
/// The table is full, or the range is too wide.
pub fn register(range: Range<usize>) -> Result<Handle, Refused> {
    let not_yours = [
        super::trampoline::address(),
        ringzero_machine::attend as *const () as usize,
        libc::malloc as *const () as usize,
    ];
    if not_yours.iter().any(|address| range.contains(address)) {
        return Err(Refused::NotYours);
    }
    let _change = CHANGE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let entry = TABLE.iter().position(|e| e.end.load(Relaxed) == 0).ok_or(Refused::Full)?;
    TABLE[entry].set(range.start, range.end.max(1));
    USED.fetch_max(entry + 1, Release);
    Ok(Handle { entry })
}

impl Drop for Handle {
    /// What was interrupted in the range still goes back there: code is unloaded only when no task is in it.
    fn drop(&mut self) {
        let _change = CHANGE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        TABLE[self.entry].set(0, 0);
    }
}

/// Whether `address` lies in a registered range. Lock-free; every context, signal handlers too.
#[must_use]
pub fn contains(address: usize) -> bool {
    TABLE[..USED.load(Acquire)].iter().any(|e| e.contains(address))
}

// The linker gives the bounds of a section with such a name. Here so that there is one.
#[unsafe(link_section = "rz_async_text")]
#[inline(never)]
extern "C" fn in_section() {}

unsafe extern "C" {
    #[link_name = "__start_rz_async_text"]
    static SECTION_START: u8;
    #[link_name = "__stop_rz_async_text"]
    static SECTION_STOP: u8;
}

/// The functions of this executable that are marked `#[unsafe(link_section = "rz_async_text")]` and `#[inline(never)]`, for
/// [`register`].
#[must_use]
pub fn section() -> Range<usize> {
    std::hint::black_box(in_section as *const ());
    let (start, stop) = (&raw const SECTION_START, &raw const SECTION_STOP);
    start.addr()..stop.addr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_come_and_go() {
        let (a, b) = (register(100..110), register(50..60));
        assert!(a.is_ok() && contains(100) && contains(109) && contains(59));
        assert!(!contains(110) && !contains(99) && !contains(0));
        drop(a);
        assert!(!contains(105) && contains(55));
        let empty = register(70..70);
        assert!(!contains(70));
        drop((b, empty));
        assert!(!contains(55));
    }

    #[test]
    fn what_must_not_be_interrupted_is_refused() {
        let all = super::super::trampoline::address() - 4096..super::super::trampoline::address() + 4096;
        assert_eq!(register(all).map(drop), Err(Refused::NotYours));
        assert_eq!(register(libc::malloc as *const () as usize..usize::MAX).map(drop), Err(Refused::NotYours));
    }

    #[test]
    fn the_section_has_bounds() {
        assert!(section().contains(&(in_section as *const () as usize)));
        assert!(!section().contains(&(section as *const () as usize)));
    }
}
