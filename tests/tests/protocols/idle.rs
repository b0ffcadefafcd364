//! A CPU that is kicked after there is something to do does not sleep on.

use crate::os::{SLEEPS, Thread, WAKES};
use crate::{broken, holds, holds_with, interrupt, on_cpu};
use ringzero_protocol::{Idle, Os, Word};
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

/// An [`Idle`] or one of its broken twins.
trait Sleeps: Sync + 'static {
    fn begin(&self);
    fn end(&self);
    fn sleep(&self, os: &Thread);
    fn kick(&self, os: &Thread);
}

impl Sleeps for Idle {
    fn begin(&self) {
        Idle::begin(self);
    }
    fn end(&self) {
        Idle::end(self);
    }
    fn sleep(&self, os: &Thread) {
        Idle::sleep(self, os, None);
    }
    fn kick(&self, os: &Thread) {
        Idle::kick(self, os);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Flaw {
    /// Says that it sleeps only when it does: after the last look.
    SaysLate,
    /// Wakes, but leaves the word as it is.
    LeavesWord,
    /// Sleeps whatever the word is.
    SleepsAnyway,
    /// Everybody who kicks wakes.
    AllWake,
}

struct Flawed {
    drowsy: Word,
    flaw: Flaw,
}

impl Sleeps for Flawed {
    fn begin(&self) {
        if self.flaw != Flaw::SaysLate {
            self.drowsy.store(1, Relaxed);
        }
    }
    fn end(&self) {
        self.drowsy.store(0, Relaxed);
    }
    fn sleep(&self, os: &Thread) {
        if self.flaw == Flaw::SaysLate {
            self.drowsy.store(1, Relaxed);
        }
        let value = if self.flaw == Flaw::SleepsAnyway { self.drowsy.load(Acquire) } else { 1 };
        os.futex_wait(&self.drowsy, value, None);
        self.drowsy.store(0, Relaxed);
    }
    fn kick(&self, os: &Thread) {
        if self.drowsy.load(Relaxed) == 0 {
            return;
        }
        let woken = match self.flaw {
            Flaw::LeavesWord => true,
            Flaw::AllWake => self.drowsy.swap(0, AcqRel) <= 1,
            _ => self.drowsy.swap(0, AcqRel) == 1,
        };
        if woken {
            os.futex_wake(&self.drowsy, 1);
        }
    }
}

const fn flawed(flaw: Flaw) -> Flawed {
    Flawed { drowsy: Word::new(0), flaw }
}

ringzero::global! {
    static IDLE: Idle = Idle::new();
    static SAYS_LATE: Flawed = flawed(Flaw::SaysLate);
    static LEAVES_WORD: Flawed = flawed(Flaw::LeavesWord);
    static SLEEPS_ANYWAY: Flawed = flawed(Flaw::SleepsAnyway);
    static ALL_WAKE: Flawed = flawed(Flaw::AllWake);
    /// How much there was to do so far.
    static MADE: Word = Word::new(0);
    /// How often the CPU was about to sleep.
    static BEGUN: AtomicUsize = AtomicUsize::new(0);
}

/// What a CPU does until it has done `n` things.
fn cpu_loop(idle: &impl Sleeps, n: u32) {
    let mut done = 0;
    while done < n {
        let before = done;
        BEGUN.fetch_add(1, Relaxed);
        idle.begin();
        done = MADE.load(Acquire);
        if done > before {
            idle.end();
        } else {
            idle.sleep(&Thread(0));
            done = MADE.load(Acquire);
        }
    }
}

fn make(idle: &impl Sleeps, os: Thread) {
    MADE.add(1, AcqRel);
    idle.kick(&os);
}

/// CPU 1 makes two things to do.
fn two_from_afar(idle: &'static impl Sleeps) {
    on_cpu(0, || cpu_loop(idle, 2));
    on_cpu(1, || (0..2).for_each(|_| make(idle, Thread(1))));
    ringzero::on_exit(|| {
        let [begun, slept, woken] = [&*BEGUN, &*SLEEPS, &*WAKES].map(|count| count.load(Relaxed));
        assert!(slept <= begun && woken <= begun, "woken {woken} times from {begun} sleeps");
    });
}

/// CPU 1 makes one, an interrupt of CPU 0 another one.
fn one_from_a_handler(idle: &'static impl Sleeps) {
    on_cpu(0, || {
        interrupt(0, || make(idle, Thread(0)));
        cpu_loop(idle, 2);
    });
    on_cpu(1, || make(idle, Thread(1)));
}

/// An interrupt of the sleeper's own CPU only: nobody else is there to wake it.
fn only_a_handler(idle: &'static impl Sleeps) {
    on_cpu(0, || {
        interrupt(0, || make(idle, Thread(0)));
        cpu_loop(idle, 1);
    });
}

/// Two kick the same sleep.
fn two_kick_at_once(idle: &'static impl Sleeps) {
    on_cpu(0, || cpu_loop(idle, 2));
    on_cpu(1, || {
        interrupt(1, || make(idle, Thread(2)));
        make(idle, Thread(1));
    });
    ringzero::on_exit(|| {
        let [begun, woken] = [&*BEGUN, &*WAKES].map(|count| count.load(Relaxed));
        assert!(woken <= begun, "woken {woken} times from {begun} sleeps");
    });
}

#[test]
fn no_kick_is_lost() {
    holds(|| two_from_afar(&*IDLE));
}

#[test]
fn no_kick_is_lost_if_sleeps_end_early() {
    holds_with(2, || two_from_afar(&*IDLE));
}

#[test]
fn no_kick_of_a_handler_is_lost() {
    holds(|| only_a_handler(&*IDLE));
    holds_with(1, || one_from_a_handler(&*IDLE));
}

#[test]
fn one_of_two_who_kick_wakes() {
    holds_with(1, || two_kick_at_once(&*IDLE));
}

#[test]
fn who_looks_before_it_says_so_sleeps_on() {
    broken("hang", || two_from_afar(&*SAYS_LATE));
    broken("hang", || only_a_handler(&*SAYS_LATE));
}

#[test]
fn who_wakes_changes_the_word() {
    broken("hang", || two_from_afar(&*LEAVES_WORD));
    broken("hang", || only_a_handler(&*SLEEPS_ANYWAY));
}

#[test]
fn who_kicks_in_vain_is_counted() {
    broken("panic", || two_kick_at_once(&*ALL_WAKE));
}
