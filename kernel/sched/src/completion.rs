//! Completions: waiting until something is done.
//!
//! `done` counts the calls of `complete()` that nobody has waited for yet; [`ALL`] means that every wait passes. A wait is
//! possible while it is not 0, and takes one. What else may end it: see [`WaitWord`].

use crate::event::Interrupted;
use crate::sleep::MAX_SCHEDULE_TIMEOUT;
use crate::wait_bit::wake_up_var_at;
use crate::word::{Awaited, Interruption, Wait, WaitError, WaitWord};
use core::fmt;
use core::mem::offset_of;
use core::sync::atomic::{
    AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};
use ringzero_context::at;
use ringzero_machine::{Mode, Op, Place, Step, model, step};

/// `done` after `complete_all()`.
const ALL: u32 = u32::MAX >> 1;
/// Set in the word once a future has asked to be woken: whoever completes then wakes the futures, after the completion's
/// life may have ended, by its address.
const ASKED: u32 = 1 << 31;

/// A completion (`struct completion`): some wait until others say that it is done. Zeroed memory works in Rust and is
/// told apart by [`Completion::is_initialised`].
///
/// ```
/// use ringzero::{Machine, atomic::Atomic, completion::Completion, kthread::kthread_run};
/// ringzero::global! {
///     static VERSION: Atomic = Atomic::new(0);
///     static PROBED: Completion = Completion::new();
/// }
/// let init = || {
///     kthread_run(|| { VERSION.set(3); PROBED.complete(); }, "probe");
///     PROBED.wait_for_completion();
///     assert_eq!(VERSION.read(), 3);
/// };
/// Machine::host().cpus(2).boot(init).assert_clean();
/// ```
#[doc(alias = "completion")]
#[repr(C, align(8))]
pub struct Completion {
    /// `done`.
    word: WaitWord,
    magic: AtomicU32,
    class: Option<Place>,
    name: Option<&'static str>,
}

// SAFETY: everything inside is atomic or never written after construction.
unsafe impl Sync for Completion {}
// SAFETY: as above.
unsafe impl Send for Completion {}

/// What a wait is for.
struct Done;

impl Awaited for Done {
    fn holds(done: u32, _: u32) -> bool {
        done & ALL != 0
    }
}

impl Completion {
    /// What `magic` says of a completion that was initialised.
    pub const MAGIC: u32 = 0x525a_434d;

    /// One that is not done. Its class is the caller's place.
    #[doc(alias("init_completion", "DECLARE_COMPLETION", "DECLARE_COMPLETION_ONSTACK"))]
    #[must_use]
    #[track_caller]
    pub const fn new() -> Self {
        Self { word: WaitWord::new(0), magic: AtomicU32::new(Self::MAGIC), class: Some(Place::here()), name: None }
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
        // The word is the first field.
        step(&Step::new(Op::InitObject, Mode::Write, at.addr(), 8, place).named(name, Some(place)));
        // SAFETY: the caller's contract.
        unsafe { at.write(Self { class: Some(place), name, ..Self::new() }) };
        if let Some(m) = model() {
            m.object_made(at.addr(), size_of::<Self>(), place, name.unwrap_or("a completion"));
        }
    }

    /// The fields and where they lie: what the C header mirrors.
    pub const LAYOUT: [(&'static str, usize); 6] = [
        ("done", offset_of!(Self, word)),
        ("__rz_pokes", offset_of!(Self, word) + size_of::<u32>()),
        ("__rz_magic", offset_of!(Self, magic)),
        ("__rz_class", offset_of!(Self, class)),
        ("__rz_name", offset_of!(Self, name)),
        ("__rz_name_len", offset_of!(Self, name) + size_of::<usize>()),
    ];

    fn announcement(&self, op: Op, mode: Mode, place: Place) -> Step {
        self.word.announcement(op, mode, place).named(self.name(), self.made_at())
    }

    #[inline]
    fn done(&self) -> &AtomicU32 {
        self.word.word()
    }

    pub(crate) fn word_address(&self) -> usize {
        self.word.address()
    }

    /// Takes one, within a step. Whether there was one.
    #[inline]
    fn take(&self) -> bool {
        let mut now = self.done().load(Acquire);
        while now & ALL != 0 && now & ALL != ALL {
            match self.done().compare_exchange_weak(now, now - 1, Acquire, Acquire) {
                Ok(_) => return true,
                Err(found) => now = found,
            }
        }
        now & ALL == ALL
    }

    /// Takes one, in a step; if there is none, and `ask`, the futures are to be woken from now on. Whether there was one.
    pub(crate) fn take_or_ask(&self, ask: bool, place: Place) -> bool {
        step(&self.announcement(Op::TryWaitForCompletion, Mode::Rmw, place));
        let taken = self.take() || ask && self.done().fetch_or(ASKED, Acquire) & ALL != 0 && self.take();
        self.acquired(taken)
    }

    /// Adds to `done`, which was announced; then lets those who wait see it, by the address alone.
    #[inline]
    fn add(&self, n: u32, place: Place) {
        let at: *const WaitWord = &raw const self.word;
        let mut now = self.done().load(Relaxed);
        loop {
            let new = now & ASKED | (now & ALL).saturating_add(n).min(ALL);
            match self.done().compare_exchange_weak(now, new, Release, Relaxed) {
                Ok(_) => break,
                Err(found) => now = found,
            }
        }
        WaitWord::told(at);
        if now & ASKED != 0 {
            wake_up_var_at(at.addr(), place);
        }
    }

    /// Says that it is done, once: one of those who wait, or will wait, goes on. A release: it pairs with that one's
    /// wait.
    ///
    /// Context: any but NMI. Never sleeps.
    #[doc(alias = "complete_on_current_cpu")]
    #[track_caller]
    pub fn complete(&self) {
        let place = Place::caller();
        step(&self.announcement(Op::Complete, Mode::Rmw, place).ordered(false, true));
        self.add(1, place);
    }

    /// Says that it is done: all who wait, or will wait, go on, until [`Completion::reinit`]. A release.
    ///
    /// Context: any but NMI. Never sleeps.
    #[track_caller]
    pub fn complete_all(&self) {
        let place = Place::caller();
        step(&self.announcement(Op::CompleteAll, Mode::Rmw, place).ordered(false, true));
        self.add(ALL, place);
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
        self.done().store(0, Relaxed);
    }

    /// Whether a wait would pass now: so nobody waits. An acquire if so.
    ///
    /// Context: any. Never sleeps.
    #[must_use]
    #[track_caller]
    pub fn completion_done(&self) -> bool {
        step(&self.announcement(Op::CompletionDone, Mode::Read, Place::caller()));
        let done = self.done().load(Acquire) & ALL != 0;
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
            m.order(self.word.address(), true, false);
        }
        success
    }

    /// Sleeps until it is done, and takes one. An acquire.
    ///
    /// Context: task, sleeps: finding `sleep-in-atomic` elsewhere, even if it is done already.
    #[doc(alias = "wait_for_completion_io")]
    #[track_caller]
    pub fn wait_for_completion(&self) {
        let how = How { call: "wait_for_completion()", ..How::default() };
        // Only a wait that is cut off with its execution gets an error here.
        let _ = self.wait(how, Place::caller());
    }

    /// [`Completion::wait_for_completion`] that a signal ends too.
    ///
    /// # Errors
    /// [`Interrupted`] if a signal came first.
    #[track_caller]
    pub fn wait_for_completion_interruptible(&self) -> Result<(), Interrupted> {
        let how =
            How { call: "wait_for_completion_interruptible()", by: Interruption::Interruptible, ..How::default() };
        self.wait(how, Place::caller()).map(drop)
    }

    /// [`Completion::wait_for_completion`] that a fatal signal ends too.
    ///
    /// # Errors
    /// [`Interrupted`] if a fatal signal came first.
    #[doc(alias = "wait_for_completion_state")]
    #[track_caller]
    pub fn wait_for_completion_killable(&self) -> Result<(), Interrupted> {
        let how = How { call: "wait_for_completion_killable()", by: Interruption::Killable, ..How::default() };
        self.wait(how, Place::caller()).map(drop)
    }

    /// [`Completion::wait_for_completion`] for `timeout` jiffies at most: 0 if they were over before it was done, else
    /// what is left of them, at least 1.
    ///
    /// Context: as there.
    #[doc(alias = "wait_for_completion_io_timeout")]
    #[track_caller]
    pub fn wait_for_completion_timeout(&self, timeout: u64) -> u64 {
        let how = How { call: "wait_for_completion_timeout()", timeout, ..How::default() };
        self.wait(how, Place::caller()).unwrap_or(0)
    }

    /// [`Completion::wait_for_completion_timeout`] that a signal ends too.
    ///
    /// # Errors
    /// [`Interrupted`] if a signal came first.
    #[track_caller]
    pub fn wait_for_completion_interruptible_timeout(&self, timeout: u64) -> Result<u64, Interrupted> {
        let how = How { call: "wait_for_completion_interruptible_timeout()", by: Interruption::Interruptible, timeout };
        self.wait(how, Place::caller())
    }

    /// [`Completion::wait_for_completion_timeout`] that a fatal signal ends too.
    ///
    /// # Errors
    /// [`Interrupted`] if a fatal signal came first.
    #[track_caller]
    pub fn wait_for_completion_killable_timeout(&self, timeout: u64) -> Result<u64, Interrupted> {
        let how = How { call: "wait_for_completion_killable_timeout()", by: Interruption::Killable, timeout };
        self.wait(how, Place::caller())
    }

    /// What is left of the time, 0 when it was over.
    fn wait(&self, how: How, place: Place) -> Result<u64, Interrupted> {
        at::might_sleep(how.call, place);
        let announced = self.announcement(Op::WaitForCompletion, Mode::Rmw, place);
        let wait = Wait::new(announced).interruption(how.by).timeout(how.timeout);
        match self.word.wait::<Done>(&wait, || self.take()) {
            Ok(left) => Ok(left),
            Err(WaitError::TimedOut) => Ok(0),
            Err(WaitError::Interrupted) => Err(Interrupted),
        }
    }
}

/// How to wait.
struct How {
    call: &'static str,
    by: Interruption,
    timeout: u64,
}

impl Default for How {
    fn default() -> Self {
        Self { call: "", by: Interruption::Uninterruptible, timeout: MAX_SCHEDULE_TIMEOUT }
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
        write!(f, "Completion({}, {})", self.name().unwrap_or("unnamed"), self.done().load(Relaxed))
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
