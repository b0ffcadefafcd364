//! The protocols together, as a CPU uses them: a context goes to the lot, its CPU to sleep; who wakes it hands it over to
//! its CPU and kicks that.

use crate::os::Thread;
use crate::{broken, holds, holds_with, interrupt, on_cpu};
use ringzero_machine::Cond;
use ringzero_protocol::{Idle, Inbox, Link, Linked, Lot, Waiter, Word};
use std::pin::pin;
use std::ptr::{NonNull, from_ref};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

/// A task, at home on one CPU.
struct Task {
    link: Link<Task>,
    /// It lies in its CPU's inbox, or is about to.
    queued: Word,
    cpu: usize,
}

// SAFETY: always this link; only inboxes touch it.
unsafe impl Linked for Task {
    fn link(&self) -> &Link<Self> {
        &self.link
    }
}

struct Home {
    inbox: Inbox<Task>,
    idle: Idle,
}

const fn task(cpu: usize) -> Task {
    Task { link: Link::new(), queued: Word::new(0), cpu }
}

ringzero::global! {
    static LOT: Lot<1> = Lot::new();
    static HOMES: [Home; 2] = [const { Home { inbox: Inbox::new(), idle: Idle::new() } }; 2];
    static TASKS: [Task; 2] = [task(0), task(1)];
    static FLAG: Word = Word::new(0);
    static LOCK: Word = Word::new(0);
    static SLEEPERS: Word = Word::new(0);
    static INSIDE: Word = Word::new(0);
}

/// Hands a task over to its CPU, unless that has happened and it has not noticed yet.
fn hand_over(who: *const ()) {
    // SAFETY: `who` is one of `TASKS`.
    let task = unsafe { &*who.cast::<Task>() };
    if task.queued.swap(1, AcqRel) == 0 {
        let home = &HOMES[task.cpu];
        // SAFETY: it is a global, and in no inbox while `queued` was 0.
        unsafe { home.inbox.push(NonNull::from_ref(task)) };
        home.idle.kick(&Thread(task.cpu));
    }
}

/// The same, the wrong way round.
fn kick_first(who: *const ()) {
    // SAFETY: as above.
    let task = unsafe { &*who.cast::<Task>() };
    if task.queued.swap(1, AcqRel) == 0 {
        let home = &HOMES[task.cpu];
        home.idle.kick(&Thread(task.cpu));
        // SAFETY: as above.
        unsafe { home.inbox.push(NonNull::from_ref(task)) };
    }
}

/// What CPU `cpu` does until its task is handed over.
fn idle_loop(cpu: usize) {
    let Home { inbox, idle } = &HOMES[cpu];
    loop {
        if let Some(task) = inbox.take_all().next() {
            // SAFETY: a global. A read too: what happened before it was handed over in vain is seen by who runs now.
            unsafe { task.as_ref() }.queued.swap(0, AcqRel);
            return;
        }
        idle.begin();
        if inbox.is_empty() {
            idle.sleep(&Thread(cpu), None);
        } else {
            idle.end();
        }
    }
}

/// The task of CPU `me` sleeps until `cond` holds, or for no reason.
fn park(me: usize, cond: &Cond) {
    let w = pin!(Waiter::new());
    // SAFETY: it is dequeued below; the words are globals.
    if unsafe { LOT.enqueue(&Thread(me), w.as_ref(), cond, from_ref(&TASKS[me]).cast()) } {
        idle_loop(me);
        LOT.dequeue(w.as_ref());
    }
}

fn until_set(me: usize, word: &Word) {
    while word.load(Acquire) == 0 {
        park(me, &Cond::on(word.raw(), |value, _| value != 0, 0));
    }
}

fn set_and_wake(word: &Word, wake: fn(*const ())) {
    word.store(1, Release);
    LOT.wake(word.addr(), wake);
}

fn critical_section(me: usize) {
    while LOCK.exchange(0, 1, Acquire).is_err() {
        park(me, &Cond::on(LOCK.raw(), |held, _| held == 0, 0).counted_in(SLEEPERS.raw()));
    }
    assert_eq!(INSIDE.add(1, AcqRel), 0, "two hold the lock");
    INSIDE.sub(1, AcqRel);
    LOCK.store(0, Release);
    if SLEEPERS.load(Relaxed) != 0 {
        LOT.wake(LOCK.addr(), hand_over);
    }
}

/// CPU 0 waits for CPU 1, and its sleep may end by a timer before that.
fn a_timer_wakes_too(wake: fn(*const ())) {
    on_cpu(0, move || {
        interrupt(0, move || wake(from_ref(&TASKS[0]).cast()));
        until_set(0, &FLAG);
    });
    on_cpu(1, move || set_and_wake(&FLAG, wake));
}

#[test]
fn a_task_is_woken_across_cpus() {
    holds_with(1, || {
        on_cpu(0, || until_set(0, &FLAG));
        on_cpu(1, || set_and_wake(&FLAG, hand_over));
    });
}

#[test]
fn a_timer_may_come_first() {
    holds(|| a_timer_wakes_too(hand_over));
}

#[test]
fn a_lock_is_handed_on_across_cpus() {
    holds(|| (0..2).for_each(|cpu| on_cpu(cpu, move || critical_section(cpu as usize))));
}

#[test]
fn who_kicks_first_wakes_nobody() {
    broken("hang", || a_timer_wakes_too(kick_first));
}
