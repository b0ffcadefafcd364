//! Who is inside finds the CPU there; when it is closed nobody is.

use crate::os::Thread;
use crate::{broken, holds, interrupt, on_cpu};
use ringzero::slab::{GFP_ATOMIC, KPtr, KSlot, kmalloc_obj};
use ringzero_machine::{Place, relax};
use ringzero_protocol::{Door, Word};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// A door or one of its broken twins.
trait Closes: Sync + 'static {
    fn open(&self);
    /// Calls `inside` if it is open.
    fn visit(&self, inside: &mut dyn FnMut());
    fn close(&self);
}

impl Closes for Door {
    fn open(&self) {
        Door::open(self);
    }
    fn visit(&self, inside: &mut dyn FnMut()) {
        if let Some(_posting) = self.enter() {
            inside();
        }
    }
    fn close(&self) {
        Door::close(self, &Thread(0));
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Flaw {
    /// Looks whether it is open before it is counted.
    LooksFirst,
    /// Looks whether anybody is inside before it closes.
    ClosesLate,
    /// Does not wait.
    NoWait,
    /// Who finds it closed forgets to leave.
    StaysCounted,
}

struct Flawed {
    flaw: Flaw,
    open: Word,
    inside: Word,
}

impl Closes for Flawed {
    fn open(&self) {
        self.open.store(1, Release);
    }
    fn visit(&self, inside: &mut dyn FnMut()) {
        let mut open = self.open.load(Acquire) != 0;
        self.inside.add(1, Acquire);
        if self.flaw != Flaw::LooksFirst {
            open = self.open.load(Acquire) != 0;
        }
        if open {
            inside();
        }
        if open || self.flaw != Flaw::StaysCounted {
            self.inside.sub(1, Release);
        }
    }
    fn close(&self) {
        if self.flaw != Flaw::ClosesLate {
            self.open.store(0, Release);
        }
        while self.flaw != Flaw::NoWait && self.inside.load(Acquire) != 0 {
            relax(Place::here());
        }
        self.open.store(0, Release);
    }
}

const fn flawed(flaw: Flaw) -> Flawed {
    Flawed { flaw, open: Word::new(0), inside: Word::new(0) }
}

ringzero::global! {
    static DOOR: Door = Door::new();
    static LOOKS_FIRST: Flawed = flawed(Flaw::LooksFirst);
    static CLOSES_LATE: Flawed = flawed(Flaw::ClosesLate);
    static NO_WAIT: Flawed = flawed(Flaw::NoWait);
    static STAYS_COUNTED: Flawed = flawed(Flaw::StaysCounted);
    /// What is behind the door: alive while it is open.
    static BEHIND: KSlot<Word> = KSlot::new();
}

fn make() {
    BEHIND.write_once(kmalloc_obj(Word::new(0), GFP_ATOMIC));
}

fn behind() -> KPtr<Word> {
    BEHIND.read_once().expect("it was made before the door was opened")
}

/// Posts to what is behind the door, if it is open.
fn post(door: &impl Closes) {
    door.visit(&mut || {
        behind().get().add(1, Relaxed);
    });
}

/// Closes the door, and does away with what was behind it.
fn go(door: &impl Closes) {
    door.close();
    behind().kfree();
}

/// CPU 1 posts, and is interrupted by a handler that posts; CPU 0 opens and closes.
fn two_post(door: &'static impl Closes) {
    make();
    on_cpu(0, || {
        door.open();
        go(door);
    });
    on_cpu(1, || {
        interrupt(1, || post(door));
        post(door);
    });
}

/// A handler posts on the very CPU that goes.
fn a_handler_posts(door: &'static impl Closes) {
    make();
    door.open();
    on_cpu(0, || {
        interrupt(0, || post(door));
        go(door);
    });
    on_cpu(1, || post(door));
}

/// The door is opened again, with another CPU behind it.
fn opened_again(door: &'static impl Closes) {
    make();
    on_cpu(0, || {
        door.open();
        go(door);
        make();
        door.open();
        go(door);
    });
    on_cpu(1, || post(door));
}

#[test]
fn nobody_is_inside_when_it_is_closed() {
    holds(|| two_post(&*DOOR));
}

#[test]
fn a_handler_may_enter() {
    holds(|| a_handler_posts(&*DOOR));
}

#[test]
fn it_may_be_opened_again() {
    holds(|| opened_again(&*DOOR));
}

#[test]
fn who_looks_before_it_is_counted_finds_nobody() {
    broken("use-after-free", || two_post(&*LOOKS_FIRST));
}

#[test]
fn who_closes_waits_afterwards() {
    broken("use-after-free", || two_post(&*CLOSES_LATE));
    broken("use-after-free", || two_post(&*NO_WAIT));
}

#[test]
fn who_may_not_enter_leaves() {
    broken("hang", || two_post(&*STAYS_COUNTED));
}
