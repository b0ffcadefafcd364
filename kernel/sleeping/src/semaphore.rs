//! The counting semaphore.
//!
//! Its word is how many may still come in; nobody owns what he has taken.

use crate::common::{How, Interrupted, SPINS, class_of, is_over, untimed, update};
use core::fmt;
use core::mem::offset_of;
use core::sync::atomic::{
    AtomicPtr, AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};
use ringzero_context::violation;
use ringzero_machine::{Mode, Op, Place, Step, cpu, fine, model, notify_sleepers, sleepers_at, step};
use ringzero_sched::{Awaited, Wait, WaitError, WaitWord};

/// A semaphore (`struct semaphore`): as many tasks as it counts are past [`Semaphore::down`] at once. All zeroes is one that
/// lets nobody in.
///
/// [`Semaphore::up`] is for every context, and for tasks that did not take it.
///
/// ```
/// use ringzero::{Machine, delay::msleep, kthread::kthread_run, semaphore::Semaphore};
/// ringzero::global! { static CHANNELS: Semaphore = Semaphore::new(2).named("dev.channels"); }
/// let transfer = || {
///     CHANNELS.down();
///     msleep(1);
///     CHANNELS.up();
/// };
/// let init = move || (0..4).for_each(|_| { kthread_run(transfer, "transfer"); });
/// Machine::host().cpus(2).boot(init).assert_clean();
/// assert!(CHANNELS.down_trylock() && CHANNELS.down_trylock() && !CHANNELS.down_trylock());
/// ```
#[doc(alias = "semaphore")]
#[repr(C, align(8))]
pub struct Semaphore {
    word: WaitWord,
    magic: AtomicU32,
    class: AtomicPtr<()>,
    name: Option<&'static str>,
}

// SAFETY: everything inside is atomic or never written after construction.
unsafe impl Sync for Semaphore {}
// SAFETY: as above; the pointers in it are only compared, or lead to constants.
unsafe impl Send for Semaphore {}

/// What is waited for: that it lets one more in.
struct Open;

impl Awaited for Open {
    fn holds(count: u32, _: u32) -> bool {
        count != 0
    }
}

/// Making semaphores.
impl Semaphore {
    /// What `magic` says of one that was initialised.
    pub const MAGIC: u32 = 0x525a_5345;

    /// The fields and where they lie: what the C header mirrors.
    pub const LAYOUT: [(&'static str, usize); 6] = [
        ("count", offset_of!(Self, word)),
        ("pokes", offset_of!(Self, word) + size_of::<u32>()),
        ("magic", offset_of!(Self, magic)),
        ("class", offset_of!(Self, class)),
        ("name", offset_of!(Self, name)),
        ("name_len", offset_of!(Self, name) + size_of::<usize>()),
    ];

    /// One that lets `count` in. Its class is the caller's place.
    #[doc(alias(
        "sema_init",
        "DEFINE_SEMAPHORE",
        "DECLARE_SEMAPHORE_GENERIC",
        "DECLARE_MUTEX",
        "init_MUTEX",
        "init_MUTEX_LOCKED"
    ))]
    #[must_use]
    #[track_caller]
    pub const fn new(count: u32) -> Self {
        Self {
            word: WaitWord::new(count),
            magic: AtomicU32::new(Self::MAGIC),
            class: AtomicPtr::new(Place::here().as_ptr()),
            name: None,
        }
    }

    /// The same with a name for reports.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }

    /// Makes the memory at `at` a semaphore that lets `count` in, whose class is `place`, in a step that writes it:
    /// `sema_init()` of C. Every context; does not sleep.
    ///
    /// # Safety
    /// `at` must be valid for writes and aligned. What it held is forgotten.
    pub unsafe fn init_at(at: *mut Self, count: u32, name: Option<&'static str>, place: Place) {
        // The word is the first field.
        crate::common::announce_init(at.addr(), 8, name, "a semaphore", place);
        let semaphore = Self { class: AtomicPtr::new(place.as_ptr()), name, ..Self::new(count) };
        // SAFETY: the caller's contract.
        unsafe { at.write(semaphore) };
        crate::common::made(at.addr(), size_of::<Self>(), name, "a semaphore", place);
    }

    /// Whether it was initialised: made by [`Semaphore::new`], or in C by `sema_init()` or a static form.
    #[must_use]
    pub fn is_initialised(&self) -> bool {
        self.magic.load(Relaxed) == Self::MAGIC
    }

    /// Where it was made, if it was.
    #[must_use]
    pub fn class(&self) -> Option<Place> {
        self.is_initialised().then(|| class_of(&self.class))?
    }

    /// Its name, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        // Memory that was not initialised may hold anything.
        self.name.filter(|_| self.is_initialised())
    }
}

/// Using them.
impl Semaphore {
    #[inline(always)]
    const fn count(&self) -> &AtomicU32 {
        self.word.word()
    }

    fn announcement(&self, op: Op, mode: Mode, place: Place) -> Step {
        self.word.announcement(op, mode, place).named(self.name(), self.class())
    }

    /// The step that has succeeded is an acquire; one that fails orders nothing.
    #[inline]
    fn acquired(&self) {
        if let Some(m) = model() {
            m.order(self.word.address(), true, false);
        }
    }

    /// Takes one, within a step; whether there was one.
    #[inline(always)]
    fn take(&self) -> bool {
        // Pairs with the release in `up_at`.
        update(self.count(), Acquire, |count| count.checked_sub(1))
    }

    /// Sleeps until the semaphore lets one more in, and takes that.
    ///
    /// Context: task, sleeps: finding `sleep-in-atomic` elsewhere, even if it would not have slept.
    #[track_caller]
    #[inline]
    pub fn down(&self) {
        // No signal and no time, so no error.
        let _ = self.down_at(How::call("down()"), None, Place::caller());
    }

    /// [`Semaphore::down`] that a signal ends too.
    ///
    /// # Errors
    /// [`Interrupted`] if a signal came first; nothing is taken then.
    #[track_caller]
    #[inline]
    pub fn down_interruptible(&self) -> Result<(), Interrupted> {
        untimed(self.down_at(How::call("down_interruptible()").interruptible(), None, Place::caller()))
    }

    /// [`Semaphore::down`] that a fatal signal ends too.
    ///
    /// # Errors
    /// [`Interrupted`] if a fatal signal came first; nothing is taken then.
    #[track_caller]
    #[inline]
    pub fn down_killable(&self) -> Result<(), Interrupted> {
        untimed(self.down_at(How::call("down_killable()").killable(), None, Place::caller()))
    }

    /// [`Semaphore::down`] for `timeout` jiffies at most. What is left of them, at least 1.
    ///
    /// # Errors
    /// [`WaitError::TimedOut`] if they were over first; nothing is taken then.
    #[track_caller]
    #[inline]
    pub fn down_timeout(&self, timeout: u64) -> Result<u64, WaitError> {
        self.down_at(How::call("down_timeout()"), Some(timeout), Place::caller())
    }

    /// Takes one if that is possible at once, and whether it was. C's function of this name returns the opposite.
    ///
    /// Context: any but NMI. Never sleeps.
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn down_trylock(&self) -> bool {
        let place = Place::caller();
        if model().is_some() {
            if fine() {
                return self.take_finely(place);
            }
            step(&self.announcement(Op::DownTrylock, Mode::Rmw, place));
        }
        let taken = self.take();
        if taken {
            self.acquired();
        }
        taken
    }

    /// [`Semaphore::down`]; what it returns gives it back when dropped.
    #[track_caller]
    #[inline]
    pub fn acquire(&self) -> Permit<'_> {
        let _ = self.down_at(How::call("down()"), None, Place::caller());
        Permit { semaphore: self }
    }

    /// [`Semaphore::down_trylock`]; what it returns gives it back when dropped.
    #[track_caller]
    #[inline]
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        self.down_trylock().then(|| Permit { semaphore: self })
    }

    #[inline]
    fn down_at(&self, how: How, timeout: Option<u64>, place: Place) -> Result<u64, WaitError> {
        how.may_sleep(place);
        if model().is_none() && self.take() {
            return Ok(timeout.unwrap_or(1).max(1));
        }
        self.down_slowly(how, timeout, place)
    }

    #[inline(never)]
    fn down_slowly(&self, how: How, timeout: Option<u64>, place: Place) -> Result<u64, WaitError> {
        let wait = |op, mode| {
            let announced = self.announcement(op, mode, place);
            let wait = Wait::new(announced).interruption(how.interruption).counted_in(sleepers_at(self.word.address()));
            timeout.map_or(wait, |timeout| wait.timeout(timeout))
        };
        if !fine() {
            if self.take_spinning() {
                return Ok(timeout.unwrap_or(1).max(1));
            }
            return self.word.wait::<Open>(&wait(Op::Down, Mode::Rmw), || self.take());
        }
        let mut failed = 0;
        loop {
            if self.take_finely(place) {
                return Ok(timeout.unwrap_or(1).max(1));
            }
            // What is left of the time is not told finely.
            self.word.wait::<Open>(&wait(Op::AtomicRead, Mode::Read), || self.count().load(Relaxed) != 0)?;
            if is_over(&mut failed) {
                return Ok(1);
            }
        }
    }

    /// Looks for a while whether somebody gives one back. On the host only.
    fn take_spinning(&self) -> bool {
        let cpu = cpu();
        model().is_none()
            && (0..SPINS).take_while(|_| cpu.attention.load(Relaxed) == 0).any(|_| {
                core::hint::spin_loop();
                self.count().load(Relaxed) != 0 && self.take()
            })
    }

    /// [`Semaphore::take`] whose read and exchange are steps.
    fn take_finely(&self, place: Place) -> bool {
        loop {
            step(&self.announcement(Op::AtomicRead, Mode::Read, place));
            let count = self.count().load(Relaxed);
            if count == 0 {
                return false;
            }
            step(&self.announcement(Op::Cmpxchg, Mode::Rmw, place));
            if self.count().compare_exchange(count, count - 1, Acquire, Relaxed).is_ok() {
                self.acquired();
                return true;
            }
        }
    }

    /// Gives one back, or lets one more in: who waits may go on.
    ///
    /// Context: any but NMI. Never sleeps.
    #[track_caller]
    #[inline]
    pub fn up(&self) {
        self.up_at(Place::caller());
    }

    #[inline]
    fn up_at(&self, place: Place) {
        if model().is_some() {
            let op = if fine() { Op::AtomicRmw } else { Op::Up };
            step(&self.announcement(op, Mode::Rmw, place).ordered(false, true));
        }
        let address = self.word.address();
        // Pairs with the acquire in `take`. From here on whoever came in may free it.
        if self.count().fetch_add(1, Release) == u32::MAX {
            self.overflows(place);
        }
        notify_sleepers(address, sleepers_at(address));
    }

    #[cold]
    fn overflows(&self, place: Place) {
        let name = self.name().unwrap_or("a semaphore");
        violation("warn", place, self.class(), format_args!("`{name}` counts more than it can: up() without down()"));
    }
}

impl Default for Semaphore {
    /// One that lets nobody in.
    #[track_caller]
    fn default() -> Self {
        Self::new(0)
    }
}

impl fmt::Debug for Semaphore {
    /// Shows the count without a step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Semaphore({}, {})", self.name().unwrap_or("unnamed"), self.count().load(Relaxed))
    }
}

/// What was taken from a semaphore; given back when dropped. It may go to another task.
///
/// ```
/// use ringzero::semaphore::{Permit, Semaphore};
/// let slots = Semaphore::new(1);
/// let slot: Permit<'_> = slots.acquire();
/// assert!(slots.try_acquire().is_none());
/// drop(slot);
/// assert!(slots.try_acquire().is_some());
/// ```
#[must_use = "it is given back when this is dropped"]
#[derive(Debug)]
pub struct Permit<'a> {
    semaphore: &'a Semaphore,
}

impl Drop for Permit<'_> {
    /// The place is this one; the report finds the caller's from the stack.
    #[inline]
    fn drop(&mut self) {
        self.semaphore.up_at(Place::caller());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringzero_context::{irq_enter, irq_exit, preempt_disable};

    #[test]
    fn it_lets_in_as_many_as_it_counts() {
        let semaphore = Semaphore::new(2).named("s");
        semaphore.down();
        assert_eq!((semaphore.down_interruptible(), semaphore.down_trylock()), (Ok(()), false));
        semaphore.up();
        assert_eq!(semaphore.down_timeout(7), Ok(7));
        semaphore.up();
        assert_eq!(std::format!("{semaphore:?}"), "Semaphore(s, 1)");
        assert_eq!((semaphore.down_killable(), semaphore.down_trylock()), (Ok(()), false));
        assert_eq!(semaphore.down_timeout(0), Err(WaitError::TimedOut));
    }

    #[test]
    fn an_interrupt_may_try_and_give() {
        let semaphore = Semaphore::new(1);
        irq_enter();
        assert!(semaphore.down_trylock());
        semaphore.up();
        irq_exit();
    }

    #[test]
    fn permits_are_given_back() {
        let semaphore = Semaphore::new(1);
        let permit = semaphore.acquire();
        assert!(semaphore.try_acquire().is_none() && semaphore.try_acquire().is_none());
        drop(permit);
        let permit = semaphore.try_acquire();
        assert!(permit.is_some() && !semaphore.down_trylock());
    }

    #[test]
    #[should_panic(expected = "sleep-in-atomic: down() may sleep, but was called with preemption disabled")]
    fn taking_needs_a_context_that_may_sleep() {
        preempt_disable();
        Semaphore::new(1).down();
    }

    #[test]
    #[should_panic(expected = "warn: `s` counts more than it can")]
    fn it_does_not_overflow_silently() {
        Semaphore::new(u32::MAX).named("s").up();
    }
}
