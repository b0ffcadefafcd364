//! The timer functions in their C spelling. Contexts, panics: see the methods of [`Timer`].

use crate::timer::Timer;

/// The object that a timer is embedded in: `from_timer!(timer, Type, field)` is a `&'static Type`.
///
/// It must be called in an `unsafe` block: the timer has to be the field `field` of a `Type` that lives as long as the
/// execution (a static or an object from `kmalloc`).
///
/// ```
/// use ringzero::timer::{Timer, from_timer, jiffies};
/// struct Port { number: u32, timeout: Timer }
/// fn expire(timer: &'static Timer) {
///     // SAFETY: only `Port`s have this callback.
///     let port: &'static Port = unsafe { from_timer!(timer, Port, timeout) };
///     assert_eq!(port.number, 7);
/// }
/// ringzero::global! { static PORT: Port = Port { number: 7, timeout: Timer::new(expire) }; }
/// ringzero::Machine::host().boot(|| assert!(!PORT.timeout.mod_timer(jiffies() + 1))).assert_clean();
/// ```
#[doc(alias = "timer_container_of")]
#[macro_export]
macro_rules! from_timer {
    ($timer:expr, $type:ty, $field:ident) => {{
        let timer: &'static $crate::Timer = $timer;
        let at = ::core::ptr::from_ref(timer).expose_provenance() - ::core::mem::offset_of!($type, $field);
        &*::core::ptr::with_exposed_provenance::<$type>(at)
    }};
}

/// [`Timer::add_timer`].
///
/// # Panics
/// As the method.
#[track_caller]
pub fn add_timer(timer: &'static Timer) {
    timer.add_timer();
}

/// [`Timer::add_timer_on`].
///
/// # Panics
/// As the method.
#[track_caller]
pub fn add_timer_on(timer: &'static Timer, cpu: u32) {
    timer.add_timer_on(cpu);
}

/// [`Timer::mod_timer`].
///
/// # Panics
/// As the method.
#[track_caller]
pub fn mod_timer(timer: &'static Timer, expires: u64) -> bool {
    timer.mod_timer(expires)
}

/// [`Timer::mod_timer_pending`].
///
/// # Panics
/// As the method.
#[track_caller]
pub fn mod_timer_pending(timer: &'static Timer, expires: u64) -> bool {
    timer.mod_timer_pending(expires)
}

/// [`Timer::del_timer`].
///
/// # Panics
/// As the method.
#[track_caller]
pub fn del_timer(timer: &'static Timer) -> bool {
    timer.del_timer()
}

/// [`Timer::del_timer_sync`].
///
/// # Panics
/// As the method.
#[track_caller]
pub fn del_timer_sync(timer: &'static Timer) -> u32 {
    timer.del_timer_sync()
}

/// [`Timer::try_to_del_timer_sync`] as Linux returns it: -1 while the timer runs, else whether it was pending.
///
/// # Panics
/// As the method.
#[track_caller]
pub fn try_to_del_timer_sync(timer: &'static Timer) -> i32 {
    timer.try_to_del_timer_sync().map_or(-1, i32::from)
}

/// [`Timer::timer_pending`].
#[track_caller]
pub fn timer_pending(timer: &Timer) -> bool {
    timer.timer_pending()
}
