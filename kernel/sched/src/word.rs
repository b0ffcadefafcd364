//! The word that an object is waited for on, with a time, a signal or anything else that may end the wait.
//!
//! A wait's condition is a function of one word. So whoever ends a wait otherwise changes that word, too: its upper half
//! counts the **pokes**. The wait knows how many there were when it began; once there are more, it looks why.

use crate::schedule::unwinds;
use crate::signal::{FATAL, PENDING};
use crate::sleep::MAX_SCHEDULE_TIMEOUT;
use crate::task::{Task, current};
use core::ptr;
use core::sync::atomic::{
    AtomicU32,
    Ordering::{Acquire, Release},
};
use ringzero_context::wait_asleep;
use ringzero_machine::{Cond, Mode, Op, Place, Step, model, notify, step};

/// A word of an object that is waited for, and how often those who wait were poked.
///
/// **Rules.** Every step on it is announced with its address and 8 bytes ([`WaitWord::announcement`]), so that a condition
/// on both halves can be asked of past values. Whoever changes the word towards a condition [`notify`]es its address.
///
/// ```
/// use ringzero::sched::WaitWord;
/// use std::sync::atomic::Ordering::Release;
/// // A gate: 1 is open.
/// let gate = WaitWord::new(0);
/// gate.word().store(1, Release);
/// WaitWord::told(&raw const gate);
/// ```
#[repr(C, align(8))]
#[derive(Debug)]
pub struct WaitWord {
    word: AtomicU32,
    pokes: AtomicU32,
}

/// What is waited for: a pure function of a [`WaitWord`]'s word, and an argument that the wait brings.
///
/// ```
/// use ringzero::sched::Awaited;
/// /// At least so many.
/// struct AtLeast;
/// impl Awaited for AtLeast {
///     fn holds(word: u32, arg: u32) -> bool {
///         word >= arg
///     }
/// }
/// assert!(AtLeast::holds(3, 2) && !AtLeast::holds(1, 2));
/// ```
pub trait Awaited {
    /// Whether `word` ends the wait.
    fn holds(word: u32, arg: u32) -> bool;
}

/// What else may end a wait.
///
/// ```
/// use ringzero::sched::{Interruption, TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_UNINTERRUPTIBLE};
/// /// The state in which such a wait sleeps in Linux.
/// fn state(by: Interruption) -> u32 {
///     match by {
///         Interruption::Uninterruptible => TASK_UNINTERRUPTIBLE,
///         Interruption::Interruptible => TASK_INTERRUPTIBLE,
///         Interruption::Killable => TASK_KILLABLE,
///     }
/// }
/// assert_eq!(state(Interruption::default()), TASK_UNINTERRUPTIBLE);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Interruption {
    /// No signal.
    #[default]
    Uninterruptible,
    /// Any signal.
    Interruptible,
    /// A fatal signal.
    Killable,
}

impl Interruption {
    /// The bits of a task's signal word that end such a wait.
    pub(crate) const fn mask(self) -> u32 {
        match self {
            Self::Uninterruptible => 0,
            Self::Interruptible => PENDING,
            Self::Killable => FATAL,
        }
    }
}

/// How a wait ended that did not get what it waited for.
///
/// ```
/// use ringzero::Machine;
/// use ringzero::atomic::{BitWord, set_bit};
/// use ringzero::sched::TASK_UNINTERRUPTIBLE;
/// use ringzero::wait::{WaitError, wait_on_bit_timeout};
/// ringzero::global! {
///     static FLAGS: [BitWord; 1] = [BitWord::new(0)];
/// }
/// let init = || {
///     set_bit(3, &FLAGS[..]);
///     let result = wait_on_bit_timeout(3, &FLAGS[..], TASK_UNINTERRUPTIBLE, 1);
///     assert_eq!(result, Err(WaitError::TimedOut));
/// };
/// Machine::host().boot(init).assert_clean();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitError {
    /// A signal came first.
    Interrupted,
    /// The time was over first.
    TimedOut,
}

/// How to wait.
///
/// ```
/// use ringzero::sched::{Interruption, Wait};
/// /// A wait as another one, but for ten jiffies at most, and killable.
/// fn limited<'a>(wait: Wait<'a>) -> Wait<'a> {
///     wait.interruption(Interruption::Killable).timeout(10)
/// }
/// # let _ = limited;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Wait<'a> {
    step: Step,
    interruption: Interruption,
    timeout: u64,
    arg: u32,
    pokable: bool,
    sleepers: Option<&'a AtomicU32>,
}

impl<'a> Wait<'a> {
    /// A wait whose step is `step` ([`WaitWord::announcement`]); only what is waited for ends it.
    #[must_use]
    #[inline]
    pub const fn new(step: Step) -> Self {
        Self {
            step,
            interruption: Interruption::Uninterruptible,
            timeout: MAX_SCHEDULE_TIMEOUT,
            arg: 0,
            pokable: false,
            sleepers: None,
        }
    }

    /// The same that signals end, too.
    #[must_use]
    #[inline]
    pub const fn interruption(self, interruption: Interruption) -> Self {
        Self { interruption, ..self }
    }

    /// The same for `timeout` jiffies at most.
    #[must_use]
    #[inline]
    pub const fn timeout(self, timeout: u64) -> Self {
        Self { timeout, ..self }
    }

    /// The same with an argument for [`Awaited::holds`].
    #[must_use]
    #[inline]
    pub const fn arg(self, arg: u32) -> Self {
        Self { arg, ..self }
    }

    /// The same that tries again at each [`WaitWord::poke`].
    #[must_use]
    #[inline]
    pub const fn pokable(self) -> Self {
        Self { pokable: true, ..self }
    }

    /// The same, whose sleepers are counted: see [`Cond::counted_in`].
    #[must_use]
    #[inline]
    pub const fn counted_in(self, sleepers: &'a AtomicU32) -> Self {
        Self { sleepers: Some(sleepers), ..self }
    }
}

fn holds<A: Awaited>(word: u64, arg: u64) -> bool {
    A::holds(word as u32, (arg >> 32) as u32)
}

fn holds_or_poked<A: Awaited>(word: u64, arg: u64) -> bool {
    holds::<A>(word, arg) || (word >> 32) as u32 != arg as u32
}

impl WaitWord {
    /// A word.
    #[must_use]
    pub const fn new(word: u32) -> Self {
        Self { word: AtomicU32::new(word), pokes: AtomicU32::new(0) }
    }

    /// The word itself. After a change towards what others wait for: [`WaitWord::told`].
    #[inline]
    #[must_use]
    pub const fn word(&self) -> &AtomicU32 {
        &self.word
    }

    /// Its address: the object of all steps on it.
    #[inline]
    #[must_use]
    pub fn address(&self) -> usize {
        ptr::from_ref(self).addr()
    }

    /// A step on it.
    #[inline]
    #[must_use]
    pub fn announcement(&self, op: Op, mode: Mode, place: Place) -> Step {
        Step::new(op, mode, self.address(), 8, place)
    }

    /// Lets those who wait see that the word at `at` has changed. Who waited may have ended its life since then: only its
    /// address is of use.
    #[inline]
    pub fn told(at: *const Self) {
        notify(at.addr());
    }

    /// Makes those who wait [pokably](Wait::pokable) try again, in the step `announced`.
    pub fn poke(&self, announced: &Step) {
        step(announced);
        self.poked();
    }

    /// How often it was poked so far.
    #[must_use]
    pub fn pokes(&self) -> u32 {
        self.pokes.load(Acquire)
    }

    /// The poke without its step: as a part of another one on this word.
    pub fn poked(&self) {
        self.pokes.fetch_add(1, Release);
        Self::told(self);
    }

    /// Sleeps until `perform` succeeds, which is tried when `A` says that it may; or until something else ends the wait.
    /// What is left of the time, at least 1. An acquire when it succeeds.
    ///
    /// `perform` is what the step does: an atomic operation on the word, or what else is one step. It may fail, and be
    /// called again; it takes no step. The caller has checked that it may sleep ([`ringzero_context::might_sleep`]).
    ///
    /// On the model it is a single step, unless the wait has a time, is pokable, or the task listens to signals: then it
    /// tries once in a step of its own before it sleeps.
    ///
    /// # Errors
    /// [`WaitError`], if `perform` did not succeed before.
    pub fn wait<A: Awaited>(&self, how: &Wait<'_>, mut perform: impl FnMut() -> bool) -> Result<u64, WaitError> {
        let mask = how.interruption.mask();
        let task = if mask != 0 { Some(current()).filter(|task| task.hears()) } else { None };
        if task.is_some() || how.timeout < MAX_SCHEDULE_TIMEOUT || how.pokable {
            return self.wait_pokable::<A>(how, task, mask, &mut perform);
        }
        let announced = how.step.ordered(true, false);
        let cond = self.cond(how, holds::<A>, 0);
        // It fails when another one was faster, which the host allows, and while an execution of the model unwinds.
        while !wait_asleep(&announced, cond, &mut perform) && !unwinds() {}
        Ok(how.timeout)
    }

    fn wait_pokable<A: Awaited>(
        &self,
        how: &Wait<'_>,
        listener: Option<&'static Task>,
        mask: u32,
        perform: &mut dyn FnMut() -> bool,
    ) -> Result<u64, WaitError> {
        let place = how.step.place;
        step(&how.step);
        let mut pokes = self.pokes.load(Acquire);
        if self.acquired(perform()) {
            return Ok(how.timeout.max(1));
        }
        let on = On { word: self, name: how.step.name, class: how.step.class };
        if let Some(task) = listener
            && !task.listen(on, mask, how.timeout != 0, place)
        {
            return Err(WaitError::Interrupted);
        }
        if how.timeout == 0 {
            return Err(WaitError::TimedOut);
        }
        let timer = (how.timeout < MAX_SCHEDULE_TIMEOUT).then(|| {
            let sleep = &current().sleep;
            (sleep, sleep.begin(how.timeout, Some(on), place))
        });
        let announced = listener.map_or(how.step, |task| how.step.also(task.word_address(), false));
        let end = loop {
            let known = pokes;
            let cond = self.cond(how, holds_or_poked::<A>, known);
            let (done, heard, over) = wait_asleep(&announced, cond, || {
                // Pairs with the release in `poked`: when it was for this wait, why is seen, too.
                pokes = self.pokes.load(Acquire);
                let done = self.acquired(perform());
                (done, listener.is_some_and(|t| t.heard(mask)), timer.is_some_and(|(sleep, _)| sleep.is_over()))
            });
            if how.sleepers.is_some() && pokes != known {
                // Of those whose sleep is counted only one is woken, and the poke may have been for the next.
                Self::told(self);
            }
            match (done, heard, over) {
                (true, ..) => break Ok(()),
                (.., true) => break Err(WaitError::TimedOut),
                (_, true, _) => break Err(WaitError::Interrupted),
                // Another's time, or a failed execution unwinds.
                _ if unwinds() => return Err(WaitError::TimedOut),
                _ => {}
            }
        };
        // Both as they were in that step: what comes in between changes neither.
        let poked = listener.filter(|task| task.listen_no_more());
        let left = timer.map_or(how.timeout, |(sleep, expires)| sleep.end(expires, place));
        let end = match end {
            // A time that is over comes first.
            Err(WaitError::Interrupted) if left == 0 => Err(WaitError::TimedOut),
            end => end,
        };
        if let Some(task) = poked {
            task.wait_for_poke(place);
        }
        end.map(|()| left.max(1))
    }

    /// An operation that orders only when it succeeds.
    fn acquired(&self, success: bool) -> bool {
        if success && let Some(m) = model() {
            m.order(self.address(), true, false);
        }
        success
    }

    fn cond(&self, how: &Wait<'_>, test: fn(u64, u64) -> bool, pokes: u32) -> Cond {
        let cond = Cond::at(self.address(), 8, test, u64::from(how.arg) << 32 | u64::from(pokes));
        how.sleepers.map_or(cond, |sleepers| cond.counted_in(sleepers))
    }
}

/// What a task waits on, for those who end its wait otherwise.
///
/// It is alive as long as they may find it: a task's wait ends when they have done (crate invariants 11 and 14).
#[derive(Clone, Copy)]
pub(crate) struct On {
    word: *const WaitWord,
    name: Option<&'static str>,
    class: Option<Place>,
}

impl On {
    /// Pokes whoever waits, in a step of which `within` is a part.
    pub(crate) fn poke(self, within: impl FnOnce()) {
        let place = self.class.unwrap_or(Place::caller());
        step(&Step::new(Op::WakeUpProcess, Mode::Rmw, self.word.addr(), 8, place).named(self.name, self.class));
        within();
        self.poked();
    }

    /// The poke without its step.
    pub(crate) fn poked(self) {
        // SAFETY: alive, as said above.
        unsafe { &*self.word }.poked();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::sync::atomic::Ordering::Relaxed;

    struct NotZero;
    impl Awaited for NotZero {
        fn holds(word: u32, arg: u32) -> bool {
            word.wrapping_sub(arg) != 0
        }
    }

    fn how(word: &WaitWord) -> Wait<'static> {
        Wait::new(word.announcement(Op::WaitForCompletion, Mode::Rmw, Place::here()))
    }

    fn take(word: &WaitWord) -> bool {
        word.word().fetch_update(Acquire, Relaxed, |n| n.checked_sub(1)).is_ok()
    }

    #[test]
    fn what_holds_already_is_taken_at_once() {
        let word = WaitWord::new(3);
        assert_eq!(word.wait::<NotZero>(&how(&word), || take(&word)), Ok(MAX_SCHEDULE_TIMEOUT));
        assert_eq!(word.wait::<NotZero>(&how(&word).timeout(5), || take(&word)), Ok(5));
        assert_eq!(word.wait::<NotZero>(&how(&word).timeout(0).pokable(), || take(&word)), Ok(1));
        assert_eq!(word.wait::<NotZero>(&how(&word).timeout(0), || take(&word)), Err(WaitError::TimedOut));
    }

    #[test]
    fn a_poke_is_seen_beside_the_word() {
        let word = WaitWord::new(0);
        let cond = word.cond(&how(&word).arg(7), holds_or_poked::<NotZero>, 0);
        assert!(cond.holds(), "0 is not 7");
        word.word().store(7, Relaxed);
        assert!(!cond.holds());
        word.poke(&word.announcement(Op::WakeUpProcess, Mode::Rmw, Place::here()));
        assert!(cond.holds() && word.word().load(Relaxed) == 7);
    }

    #[test]
    #[should_panic(expected = "would wait for ever")]
    fn nobody_changes_it_without_a_machine() {
        let word = WaitWord::new(0);
        let _ = word.wait::<NotZero>(&how(&word), || take(&word));
    }
}
