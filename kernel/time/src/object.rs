//! A timer that knows the object it belongs to.

use crate::from_timer;
use crate::timer::Timer;
use core::ops::Deref;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

/// A [`Timer`] whose callback gets the object that it was armed for: what [`from_timer!`](crate::from_timer) is for,
/// without `unsafe`. Everything but arming is [`Timer`]'s.
///
/// ```
/// use ringzero::timer::{ObjectTimer, jiffies};
/// struct Port { number: u32, timeout: ObjectTimer<Port> }
/// fn expire(port: &'static Port) {
///     assert_eq!(port.number, 7);
/// }
/// ringzero::global! { static PORT: Port = Port { number: 7, timeout: ObjectTimer::new(expire) }; }
/// ringzero::Machine::host().boot(|| assert!(!PORT.timeout.mod_timer(&PORT, jiffies() + 1))).assert_clean();
/// ```
#[repr(C)]
pub struct ObjectTimer<T: Sync + 'static> {
    timer: Timer,
    call: fn(&'static T),
    /// The object of the last arming; null before the first.
    object: AtomicPtr<T>,
}

impl<T: Sync + 'static> ObjectTimer<T> {
    /// A timer that calls `f` with the object it was armed for last.
    #[must_use]
    #[track_caller]
    pub const fn new(f: fn(&'static T)) -> Self {
        Self { timer: Timer::new(Self::expire), call: f, object: AtomicPtr::new(ptr::null_mut()) }
    }

    /// [`Timer::mod_timer`], for `object`; always the same one, as a rule the one whose field the timer is.
    ///
    /// Context and panics: as [`Timer::mod_timer`].
    #[track_caller]
    pub fn mod_timer(&'static self, object: &'static T, expires: u64) -> bool {
        self.object.store(ptr::from_ref(object).cast_mut(), Ordering::Relaxed);
        self.timer.mod_timer(expires)
    }

    fn expire(timer: &'static Timer) {
        // SAFETY: only the timers inside `ObjectTimer<T>`s have this callback, and the object of a `&'static Timer`
        // that was armed through `&'static self` lives as long.
        let this: &'static Self = unsafe { from_timer!(timer, Self, timer) };
        // SAFETY: null, or made of a `&'static T` in `mod_timer`.
        let object = unsafe { this.object.load(Ordering::Relaxed).as_ref() };
        let Some(object) = object else { panic!("an ObjectTimer is armed with ObjectTimer::mod_timer(object, ..)") };
        (this.call)(object);
    }
}

impl<T: Sync + 'static> Deref for ObjectTimer<T> {
    type Target = Timer;
    fn deref(&self) -> &Timer {
        &self.timer
    }
}
