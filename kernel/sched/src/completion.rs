//! Completions: waiting until something is done.
//!
//! `done` counts the calls of `complete()` that nobody has waited for yet; [`ALL`] means that every wait passes. A wait is
//! possible while it is not 0, and takes one. A wait with a timeout is also possible once the other half of the word,
//! which counts timeouts, is not what it was when the wait began (crate invariant 12).

use crate::event::Interrupted;
use crate::schedule::unwinds;
use crate::sleep::MAX_SCHEDULE_TIMEOUT;
use crate::task::current;
use core::fmt;
use core::mem::offset_of;
use core::ptr;
use core::sync::atomic::{
    AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};
use ringzero_context::{at, wait_asleep};
use ringzero_machine::{Cond, Mode, Op, Place, Step, model, notify, step};

/// `done` after `complete_all()`.
const ALL: u32 = u32::MAX;

/// A completion (`struct completion`): some wait until others say that it is done. Zeroed memory works in Rust and is
/// told apart by [`Completion::is_initialised`].
#[doc(alias = "completion")]
#[repr(C, align(8))]
pub struct Completion {
    done: AtomicU32,
    /// How often a wait's time was over.
    timeouts: AtomicU32,
    magic: AtomicU32,
    class: Option<Place>,
    name: Option<&'static str>,
}

// SAFETY: everything inside is atomic or never written after construction.
unsafe impl Sync for Completion {}
// SAFETY: as above.
unsafe impl Send for Completion {}

fn is_done(word: u64, _: u64) -> bool {
    word as u32 != 0
}

fn is_done_or_late(word: u64, timeouts: u64) -> bool {
    word as u32 != 0 || word >> 32 != timeouts
}

impl Completion {
    /// What `magic` says of a completion that was initialised.
    pub const MAGIC: u32 = 0x525a_434d;

    /// One that is not done. Its class is the caller's place.
    #[doc(alias("init_completion", "DECLARE_COMPLETION", "DECLARE_COMPLETION_ONSTACK"))]
    #[must_use]
    #[track_caller]
    pub const fn new() -> Self {
        Self {
            done: AtomicU32::new(0),
            timeouts: AtomicU32::new(0),
            magic: AtomicU32::new(Self::MAGIC),
            class: Some(Place::here()),
            name: None,
        }
    }

    /// The same with a name for reports.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }

    /// Whether it was initialised: made by [`Completion::new`], or in C by `init_completion()` or its static forms.
    #[must_use]
    pub fn is_initialised(&self) -> bool {
        self.magic.load(Relaxed) == Self::MAGIC
    }

    /// Its name, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        // Memory that was not initialised may hold anything.
        self.name.filter(|_| self.is_initialised())
    }

    fn made_at(&self) -> Option<Place> {
        self.class.filter(|_| self.is_initialised())
    }

    /// Initialises the completion at `at` for C code, whatever was there, in a step that writes it. Every context; does
    /// not sleep.
    ///
    /// # Safety
    /// `at` is valid for writes of a `Completion`.
    #[doc(alias = "init_completion")]
    pub unsafe fn init_at(at: *mut Self, name: Option<&'static str>, place: Place) {
        // Both halves are the first fields.
        step(&Step::new(Op::InitObject, Mode::Write, at.addr(), 8, place).named(name, Some(place)));
        // SAFETY: the caller's contract.
        unsafe { at.write(Self { class: Some(place), name, ..Self::new() }) };
        if let Some(m) = model() {
            m.object_made(at.addr(), size_of::<Self>(), place, name.unwrap_or("a completion"));
        }
    }

    /// The fields and where they lie: what the C header mirrors.
    pub const LAYOUT: [(&'static str, usize); 6] = [
        ("done", offset_of!(Self, done)),
        ("__rz_timeouts", offset_of!(Self, timeouts)),
        ("__rz_magic", offset_of!(Self, magic)),
        ("__rz_class", offset_of!(Self, class)),
        ("__rz_name", offset_of!(Self, name)),
        ("__rz_name_len", offset_of!(Self, name) + size_of::<usize>()),
    ];

    /// A step on both halves: always both, so that a condition on them can be asked of past values.
    fn announcement(&self, op: Op, mode: Mode, place: Place) -> Step {
        Step::new(op, mode, ptr::from_ref(self).addr(), 8, place).named(self.name(), self.made_at())
    }

    /// Takes one, within a step. Whether there was one.
    #[inline]
    fn take(&self) -> bool {
        let mut now = self.done.load(Acquire);
        while now != 0 && now != ALL {
            match self.done.compare_exchange_weak(now, now - 1, Acquire, Acquire) {
                Ok(_) => return true,
                Err(found) => now = found,
            }
        }
        now == ALL
    }

    /// Lets those who wait see what has changed. Whoever was the only one of them may have ended the completion's life
    /// since then: only its address is of use.
    fn told(at: *const Self) {
        notify(at.addr());
    }

    /// Says that it is done, once: one of those who wait, or will wait, goes on. A release: it pairs with that one's
    /// wait.
    ///
    /// Context: any but NMI. Never sleeps.
    #[track_caller]
    pub fn complete(&self) {
        let place = Place::caller();
        step(&self.announcement(Op::Complete, Mode::Rmw, place).ordered(false, true));
        let mut now = self.done.load(Relaxed);
        while let Err(found) = self.done.compare_exchange_weak(now, now.saturating_add(1), Release, Relaxed) {
            now = found;
        }
        Self::told(self);
    }

    /// Says that it is done: all who wait, or will wait, go on, until [`Completion::reinit`]. A release.
    ///
    /// Context: any but NMI. Never sleeps.
    #[track_caller]
    pub fn complete_all(&self) {
        step(&self.announcement(Op::CompleteAll, Mode::Rmw, Place::caller()).ordered(false, true));
        self.done.store(ALL, Release);
        Self::told(self);
    }

    /// Sets it back to not done. Nobody may wait for it meanwhile.
    ///
    /// Context: any. Never sleeps.
    #[doc(alias("reinit_completion", "INIT_COMPLETION"))]
    #[track_caller]
    pub fn reinit(&self) {
        self.reinit_at(Place::caller());
    }

    fn reinit_at(&self, place: Place) {
        step(&self.announcement(Op::ReinitCompletion, Mode::Write, place));
        self.done.store(0, Relaxed);
    }

    /// Whether a wait would pass now: so nobody waits. An acquire if so.
    ///
    /// Context: any. Never sleeps.
    #[must_use]
    #[track_caller]
    pub fn completion_done(&self) -> bool {
        step(&self.announcement(Op::CompletionDone, Mode::Read, Place::caller()));
        let done = self.done.load(Acquire) != 0;
        self.acquired(done)
    }

    /// Takes one without waiting, and whether there was one. An acquire if so.
    ///
    /// Context: any but NMI. Never sleeps.
    #[must_use]
    #[track_caller]
    pub fn try_wait_for_completion(&self) -> bool {
        step(&self.announcement(Op::TryWaitForCompletion, Mode::Rmw, Place::caller()));
        let taken = self.take();
        self.acquired(taken)
    }

    /// An operation that orders only when it succeeds.
    fn acquired(&self, success: bool) -> bool {
        if success && let Some(m) = model() {
            m.order(ptr::from_ref(self).addr(), true, false);
        }
        success
    }

    /// Sleeps until it is done, and takes one. An acquire.
    ///
    /// Context: task, sleeps: finding `sleep-in-atomic` elsewhere, even if it is done already.
    #[doc(alias = "wait_for_completion_io")]
    #[track_caller]
    pub fn wait_for_completion(&self) {
        self.wait("wait_for_completion()", Place::caller());
    }

    /// [`Completion::wait_for_completion`] that a signal ends too.
    ///
    /// # Errors
    /// [`Interrupted`] if a signal came first (not yet).
    #[track_caller]
    pub fn wait_for_completion_interruptible(&self) -> Result<(), Interrupted> {
        self.wait("wait_for_completion_interruptible()", Place::caller());
        Ok(())
    }

    /// [`Completion::wait_for_completion`] that a fatal signal ends too.
    ///
    /// # Errors
    /// [`Interrupted`] if a fatal signal came first (not yet).
    #[track_caller]
    pub fn wait_for_completion_killable(&self) -> Result<(), Interrupted> {
        self.wait("wait_for_completion_killable()", Place::caller());
        Ok(())
    }

    /// [`Completion::wait_for_completion`] for `timeout` jiffies at most: 0 if they were over before it was done, else
    /// what is left of them, at least 1.
    ///
    /// Context: as there.
    #[doc(alias = "wait_for_completion_io_timeout")]
    #[track_caller]
    pub fn wait_for_completion_timeout(&'static self, timeout: u64) -> u64 {
        self.wait_timeout(timeout, "wait_for_completion_timeout()", Place::caller())
    }

    /// [`Completion::wait_for_completion_timeout`] that a signal ends too.
    ///
    /// # Errors
    /// [`Interrupted`] if a signal came first (not yet).
    #[track_caller]
    pub fn wait_for_completion_interruptible_timeout(&'static self, timeout: u64) -> Result<u64, Interrupted> {
        Ok(self.wait_timeout(timeout, "wait_for_completion_interruptible_timeout()", Place::caller()))
    }

    /// [`Completion::wait_for_completion_timeout`] that a fatal signal ends too.
    ///
    /// # Errors
    /// [`Interrupted`] if a fatal signal came first (not yet).
    #[track_caller]
    pub fn wait_for_completion_killable_timeout(&'static self, timeout: u64) -> Result<u64, Interrupted> {
        Ok(self.wait_timeout(timeout, "wait_for_completion_killable_timeout()", Place::caller()))
    }

    fn wait(&self, call: &str, place: Place) {
        at::might_sleep(call, place);
        let announced = self.announcement(Op::WaitForCompletion, Mode::Rmw, place).ordered(true, false);
        // It fails when another one was faster, which the host allows, and while an execution of the model unwinds.
        while !wait_asleep(&announced, self.cond(is_done, 0), || self.take()) && !unwinds() {}
    }

    fn wait_timeout(&'static self, timeout: u64, call: &str, place: Place) -> u64 {
        if timeout >= MAX_SCHEDULE_TIMEOUT {
            self.wait(call, place);
            return timeout;
        }
        at::might_sleep(call, place);
        let announced = self.announcement(Op::WaitForCompletion, Mode::Rmw, place);
        step(&announced);
        let (done, mut timeouts) = (self.take(), self.timeouts.load(Relaxed));
        if self.acquired(done) {
            return timeout.max(1);
        }
        if timeout == 0 {
            return 0;
        }
        let sleep = &current().sleep;
        let expires = sleep.begin(timeout, Some(self), place);
        loop {
            let cond = self.cond(is_done_or_late, u64::from(timeouts));
            let (done, over) = wait_asleep(&announced, cond, || {
                // Pairs with the release in `time_is_over`: when it has changed for this wait, that is seen too.
                timeouts = self.timeouts.load(Acquire);
                let done = self.take();
                (self.acquired(done), sleep.is_over())
            });
            if done {
                return sleep.end(expires, place).max(1);
            }
            if over {
                sleep.end(expires, place);
            }
            // Else it was another's time that was over, or a failed execution unwinds.
            if over || unwinds() {
                return 0;
            }
        }
    }

    fn cond(&self, test: fn(u64, u64) -> bool, arg: u64) -> Cond {
        Cond::at(ptr::from_ref(self).addr(), 8, test, arg)
    }

    /// The time of a wait is over: lets it see that, in a step of which `within` is a part.
    pub(crate) fn time_is_over(&self, within: impl FnOnce()) {
        let place = self.made_at().unwrap_or(Place::caller());
        step(&self.announcement(Op::WakeUpProcess, Mode::Rmw, place));
        within();
        self.timeouts.fetch_add(1, Release);
        Self::told(self);
    }
}

impl Default for Completion {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Completion {
    /// Shows the state without a step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Completion({}, {})", self.name().unwrap_or("unnamed"), self.done.load(Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::Completion;

    #[test]
    fn calls_are_counted_and_all_is_for_ever() {
        let done = Completion::new().named("done");
        done.complete();
        done.complete();
        done.wait_for_completion();
        assert!(done.completion_done() && done.try_wait_for_completion() && !done.try_wait_for_completion());
        done.complete_all();
        done.complete();
        assert!(done.try_wait_for_completion() && done.completion_done());
        done.reinit();
        assert!(!done.completion_done() && done.is_initialised());
        assert_eq!(done.name(), Some("done"));
    }

    #[test]
    #[should_panic(expected = "would wait for ever")]
    fn outside_a_machine_nobody_completes() {
        Completion::new().wait_for_completion();
    }
}
