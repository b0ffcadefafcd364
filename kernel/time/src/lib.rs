//! Jiffies and kernel timers.
//!
//! # Vocabulary
//! A **jiffy** is one period of the tick, `1 / HZ` seconds of the machine's virtual time. A **timer**
//! ([`Timer`], `struct timer_list`) calls its **callback** once, in softirq context, at or after the jiffy `expires`;
//! a callback that arms its own timer again makes it *self-rearming*. A timer is **pending** from its arming until it
//! expires or is deleted, and **running** while its callback runs: it can be both, and it can be neither. Each CPU
//! has a **base**: the timers pending there. The **tick** is the CPU's clock interrupt.
//!
//! ```text
//!            add_timer, mod_timer                    the softirq takes it
//!   idle ----------------------------> pending ----------------------------> running
//!    ^  <----------------------------                                       |   |
//!    |      del_timer (returns true)    ^------- mod_timer by the callback --+   |
//!    +----------------------- the callback returns -----------------------------+
//! ```
//!
//! # Invariants
//! 1. *One operation, one step.* Arming, deleting and expiring are one announced step each, and all of them touch one
//!    object, the machine's timer bases, besides the timer. So the explorer tries every order of them. What an operation
//!    decides, it decides after its step, from what that step covers. On the host a step holds the lock of the timer's
//!    **bucket** (what is known of the timer, and on which base it is), and within it the lock of one base at a time
//!    (what is pending there, what runs, what is programmed); expiry and the tick hold the base's alone. While a timer
//!    goes from one base to another it is on none, but its bucket is held: nobody can tell.
//! 2. *A pending timer is on exactly one base*, ordered by `expires`, equal ones by arming.
//! 3. *A timer runs on one CPU at a time.* Arming a timer while its callback runs puts it on the base where it runs;
//!    otherwise on the base of the CPU that arms it, or of `Machine::service_cpu` if that is a thread of the program's own.
//! 4. *The running word of a base stands for the running timer*: for the timer on the model, for this run of it on the
//!    host; from the expiry step to the step after the callback, else it is 0. It is the base's own word, for the callback
//!    may free its timer; nothing of the timer is touched after the callback has been called.
//! 5. *The clock event of a CPU is programmed for the first timer of its base* that has expirations left
//!    ([`Limits::expiries`](ringzero_machine::Limits)). From the tick until the timer softirq has found nothing more
//!    to do, it is not programmed: the softirq does that at its end. A tick that comes late, or for a deadline that was
//!    changed meanwhile, does no harm: what is due is decided by the time.
//! 6. *Jiffies advance in the tick*, to the deadline that the tick was programmed for, and never backwards. Reading
//!    them ([`jiffies()`]) is a step. On the host the clock goes on by itself, and jiffies are read off it.
//! 7. *Expiry reads the timer.* After the expiry step the softirq reads the callback from the timer's memory, as a
//!    step of its own: if the memory was freed while the timer was pending or is freed just then, that is the
//!    `use-after-free`.
//! 8. *A sleep that somebody waits for ends.* Timers that end a task's sleep ([`Timer::for_sleep`]) expire past their
//!    bound, too, when nothing else can run: the second clock event of a CPU is programmed for the first of them
//!    (`Machine::clock_forced`), and its tick takes whatever of them is due.
//! 9. *A base orders memory as its lock does in Linux*, though on the model no lock is taken: an operation on a timer
//!    passes through the base that the timer is on or goes to, an expiry and the end of a callback through their own. So
//!    arming comes before the callback, and the callback before whoever finds it ended (`del_timer_sync`). Deleting a
//!    timer that is not pending orders nothing, as in Linux.
//! 10. *A timer with [`TIMER_IRQSAFE`] expires with interrupts off*, from the expiry step to the end of its callback.
//! 11. *On the host nothing is kept of a timer that is neither pending nor running.* Whoever makes it so, in the step that
//!     does, forgets it.
//!
//! # Callbacks in C
//! `function` is one word for every kind of callback, and the flags say which kind it is ([`TimerStyle`]). The fields
//! `expires`, `function` and `data` are plain words in C, which a module may set itself before it arms the timer.
//!
//! # Why `del_timer_sync` must not wait under a lock that an interrupt takes
//! It waits until the running word changes (invariant 4), that is until the callback's CPU gets on. Seed 001 shows how
//! the two can wait for each other, although the lock has nothing to do with the timer:
//!
//! ```text
//!   CPU 0                                      CPU 1
//!                                              softirq: running word = timer; callback begins
//!   spin_lock_irq(l)
//!                                              hardirq on top of the callback: spin_lock(l) waits for CPU 0
//!   del_timer_sync(timer) waits for CPU 1
//! ```
//! CPU 1 cannot finish its callback before the interrupt above it has the lock; CPU 0 does not release the lock before
//! the callback has finished. Hence the rule: whoever calls `del_timer_sync` holds no lock that is ever taken in
//! interrupt context, and none that the callback takes.
//!
//! # How it differs from Linux
//! - A heap instead of a wheel: timers expire in the order of `expires`, at the exact jiffy.
//! - One object stands for all bases in the explorer's eyes (invariant 1), so operations on unrelated timers are
//!   tried in both orders. Linux takes one lock a base; which base a timer is on would have to be read in a step
//!   before, as Linux does in a retry loop.
//! - A bound on expirations: a timer that has used it up stays pending and does not expire any more (but see 8).
//! - Deleting the first timer withdraws the clock event; Linux lets the tick come in vain.
//! - `del_timer_sync` in hardirq context is not refused; where it can deadlock, the explorer shows it. On the host, a
//!   wait for the callback on top of it is the finding `self-deadlock`.
//! - On the host, arming a running timer for another CPU (`add_timer_on`) leaves it on the one where it runs (invariant 3).
//! - No deferrable timers, no migration between CPUs, no hrtimers yet.
//!
//! Source: seed 001 (timers, time), seed 002 (racing timers).
#![no_std]

mod arm;
mod base;
mod callback;
mod delay;
mod heap;
mod jiffies;
mod linux;
mod node;
mod object;
mod run;
mod sleep;
mod timer;

pub use base::{leftover, pending_timer};
pub use callback::{TIMER_DEFERRABLE, TIMER_IRQSAFE, TIMER_PINNED, TimerStyle};
pub use delay::{mdelay, ndelay, udelay};
pub use jiffies::*;
pub use linux::*;
pub use object::ObjectTimer;
pub use run::init;
pub use timer::Timer;
