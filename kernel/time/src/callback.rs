//! What a timer calls, and the flags word that says of which kind it is.

use crate::timer::Timer;
use core::ffi::c_ulong;
use core::mem::transmute;
use ringzero_context::Balance;
use ringzero_machine::Place;

/// The timer may be late rather than wake a sleeping CPU. Kept, and without a meaning here.
pub const TIMER_DEFERRABLE: u32 = 0x0008_0000;
/// The timer stays on its CPU. All do here.
pub const TIMER_PINNED: u32 = 0x0010_0000;
/// The callback runs with interrupts off, from the expiry on: so it can be deleted and waited for with interrupts off.
pub const TIMER_IRQSAFE: u32 = 0x0020_0000;

/// The flags that whoever sets a timer up may give.
pub(crate) const GIVEN: u32 = TIMER_DEFERRABLE | TIMER_PINNED | TIMER_IRQSAFE;
/// The timer ends a task's sleep.
pub(crate) const SLEEP: u32 = 8;
/// What the upper byte says of a timer that was set up. Memory that was never written has other bytes.
pub(crate) const INITIALISED: u32 = 0xc300_0000;
pub(crate) const INITIALISED_MASK: u32 = 0xff00_0000;
const STYLE_MASK: u32 = 3;

/// The kind of function that a timer calls. The word is the timer's flags, lowest two bits, so zeroed memory is
/// [`TimerStyle::COld`].
///
/// ```
/// use ringzero::timer::TimerStyle;
/// // What `setup_timer()` leaves in the flags, and what zeroed memory has there.
/// assert_eq!(TimerStyle::COld as u32, 0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum TimerStyle {
    /// `void function(unsigned long data)`, as `init_timer()` and `setup_timer()` have it.
    COld = 0,
    /// `void function(struct timer_list *)`, as `timer_setup()` has it.
    CNew = 1,
    /// A Rust function of the timer.
    Rust = 2,
    /// A Rust function of the data word.
    RustData = 3,
}

/// What an expired timer calls.
#[derive(Clone, Copy)]
pub(crate) enum Callback {
    COld(unsafe extern "C" fn(c_ulong), usize),
    CNew(unsafe extern "C" fn(*mut Timer)),
    Rust(fn(&'static Timer)),
    RustData(fn(usize), usize),
}

impl Callback {
    /// The callback of a timer whose flags, function word and data word these are.
    ///
    /// # Safety
    /// `function` is not null, and a function of the kind that `flags` say.
    pub(crate) unsafe fn of(flags: u32, function: *mut (), data: usize) -> Self {
        // SAFETY: the caller's contract, for each kind.
        unsafe {
            match flags & STYLE_MASK {
                0 => Self::COld(transmute::<*mut (), unsafe extern "C" fn(c_ulong)>(function), data),
                1 => Self::CNew(transmute::<*mut (), unsafe extern "C" fn(*mut Timer)>(function)),
                2 => Self::Rust(transmute::<*mut (), fn(&'static Timer)>(function)),
                _ => Self::RustData(transmute::<*mut (), fn(usize)>(function), data),
            }
        }
    }

    /// Calls it for `timer`, which may be gone afterwards, and checks that it leaves the context as it found it.
    pub(crate) fn call(self, timer: &'static Timer, place: Place) {
        let balance = Balance::enter();
        match self {
            // SAFETY: `of`'s caller promised that it is such a function, and the timer lives when it is called.
            Self::COld(f, data) => unsafe { f(data as c_ulong) },
            // SAFETY: as above.
            Self::CNew(f) => unsafe { f(core::ptr::from_ref(timer).cast_mut()) },
            Self::Rust(f) => f(timer),
            Self::RustData(f, data) => f(data),
        }
        balance.check(place, "timer callback");
    }
}
