//! Nothing that is pushed gets lost, comes twice or out of order; the first one in an empty inbox is told.

use crate::{broken, holds, interrupt, on_cpu};
use ringzero::slab::{GFP_ATOMIC, KPtr, kmalloc_obj};
use ringzero_machine::{Cond, Mode, Op, Place, Step, WaitKind, wait};
use ringzero_protocol::{Inbox, Link, Linked, Word};
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

struct Item {
    link: Link<Item>,
    number: u32,
}

// SAFETY: always this link; only inboxes touch it.
unsafe impl Linked for Item {
    fn link(&self) -> &Link<Self> {
        &self.link
    }
}

/// An inbox or one of its broken twins.
trait Hands: Sync + 'static {
    fn push(&self, item: KPtr<Item>) -> bool;
    /// Calls `f` for each.
    fn take(&self, f: &mut dyn FnMut(KPtr<Item>));
}

fn at(item: KPtr<Item>) -> NonNull<Item> {
    NonNull::new(item.as_ptr()).expect("never null")
}

fn handle(item: NonNull<Item>) -> KPtr<Item> {
    // SAFETY: it was made by `item` below; that it is alive is what is checked.
    KPtr::from_ref(unsafe { item.as_ref() })
}

impl Hands for Inbox<Item> {
    fn push(&self, item: KPtr<Item>) -> bool {
        // SAFETY: it was just made or taken, and whoever takes it frees it.
        unsafe { Inbox::push(self, at(item)) }
    }

    fn take(&self, f: &mut dyn FnMut(KPtr<Item>)) {
        self.take_all().for_each(|item| f(handle(item)));
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Flaw {
    /// Empties the inbox by a read and a write.
    TakesInTwo,
    /// Pushes by a read and a write.
    PushesInTwo,
    /// Reads an item's link after it was handed out.
    LinkAfter,
    /// Hands out the newest first.
    NewestFirst,
}

struct Flawed {
    newest: Link<Item>,
    flaw: Flaw,
}

impl Hands for Flawed {
    fn push(&self, item: KPtr<Item>) -> bool {
        let mut newest = self.newest.load(Relaxed);
        loop {
            item.get().link.store(newest, Relaxed);
            if self.flaw == Flaw::PushesInTwo {
                self.newest.store(item.as_ptr(), Release);
                return newest.is_null();
            }
            match self.newest.exchange(newest, item.as_ptr(), Release) {
                Ok(_) => return newest.is_null(),
                Err(now) => newest = now,
            }
        }
    }

    fn take(&self, f: &mut dyn FnMut(KPtr<Item>)) {
        let mut from = if self.flaw == Flaw::TakesInTwo {
            let newest = self.newest.load(Acquire);
            self.newest.store(null_mut(), Relaxed);
            newest
        } else {
            self.newest.swap(null_mut(), AcqRel)
        };
        let mut oldest = null_mut();
        while let Some(item) = NonNull::new(from).filter(|_| self.flaw != Flaw::NewestFirst) {
            let link = &handle(item).get().link;
            from = link.load(Relaxed);
            link.store(oldest, Relaxed);
            oldest = item.as_ptr();
        }
        let mut next = if self.flaw == Flaw::NewestFirst { from } else { oldest };
        while let Some(item) = NonNull::new(next) {
            if self.flaw == Flaw::LinkAfter {
                f(handle(item));
            }
            next = handle(item).get().link.load(Relaxed);
            if self.flaw != Flaw::LinkAfter {
                f(handle(item));
            }
        }
    }
}

const fn flawed(flaw: Flaw) -> Flawed {
    Flawed { newest: Link::new(), flaw }
}

ringzero::global! {
    static INBOX: Inbox<Item> = Inbox::new();
    static TAKES_IN_TWO: Flawed = flawed(Flaw::TakesInTwo);
    static PUSHES_IN_TWO: Flawed = flawed(Flaw::PushesInTwo);
    static LINK_AFTER: Flawed = flawed(Flaw::LinkAfter);
    static NEWEST_FIRST: Flawed = flawed(Flaw::NewestFirst);
    /// How often somebody found the inbox empty and rang.
    static BELL: Word = Word::new(0);
}

fn item(number: u32) -> KPtr<Item> {
    kmalloc_obj(Item { link: Link::new(), number }, GFP_ATOMIC).expect("no allocation fails here")
}

fn send(inbox: &impl Hands, number: u32) {
    if inbox.push(item(number)) {
        BELL.add(1, AcqRel);
    }
}

/// Sleeps until it has rung again; how often it has rung.
fn until_it_rings(heard: u32) -> u32 {
    let ring = Step::new(Op::Schedule, Mode::Read, BELL.addr(), 4, Place::here());
    wait(&ring, Cond::on(BELL.raw(), |rung, heard| rung != heard, u64::from(heard)), WaitKind::Sleep);
    BELL.raw().load(Relaxed)
}

/// Takes `n` items, each once, those of a sender in their order, and frees them.
fn receive(inbox: &impl Hands, n: usize) {
    let (mut heard, mut got) = (0, Vec::new());
    while got.len() < n {
        heard = until_it_rings(heard);
        inbox.take(&mut |item| {
            got.push(item.get().number);
            item.kfree();
        });
    }
    assert!(got.len() == n && (0..n as u32).all(|number| got.contains(&number)), "received {got:?}");
    assert!(got.iter().filter(|number| **number < 2).is_sorted(), "out of order: {got:?}");
}

/// CPU 1 sends two, and is interrupted by a handler that sends a third; CPU 0 takes them as the bell rings.
fn two_and_an_interrupt(inbox: &'static impl Hands) {
    on_cpu(0, || receive(inbox, 3));
    on_cpu(1, || {
        interrupt(1, || send(inbox, 2));
        send(inbox, 0);
        send(inbox, 1);
    });
}

/// The same, but the handler interrupts the CPU that takes.
fn interrupted_taker(inbox: &'static impl Hands) {
    on_cpu(0, || {
        interrupt(0, || send(inbox, 2));
        receive(inbox, 3);
    });
    on_cpu(1, || (0..2).for_each(|number| send(inbox, number)));
}

/// CPU 0 pushes each item again as soon as it gets it for the first time, while CPU 1 pushes.
fn pushed_again(inbox: &'static impl Hands) {
    on_cpu(0, || {
        let (mut heard, mut seen, mut again) = (0, Vec::new(), 0);
        while again < 2 {
            heard = until_it_rings(heard);
            inbox.take(&mut |item| {
                let number = item.get().number;
                if seen.contains(&number) {
                    again += 1;
                    item.kfree();
                } else {
                    seen.push(number);
                    if inbox.push(item) {
                        BELL.add(1, AcqRel);
                    }
                }
            });
        }
    });
    on_cpu(1, || (0..2).for_each(|number| send(inbox, number)));
}

#[test]
fn nothing_is_lost() {
    holds(|| two_and_an_interrupt(&*INBOX));
}

#[test]
fn nothing_is_lost_if_the_taker_is_interrupted() {
    holds(|| interrupted_taker(&*INBOX));
}

#[test]
fn what_was_taken_may_be_pushed_again() {
    holds(|| pushed_again(&*INBOX));
}

#[test]
fn without_an_exchange_something_is_lost() {
    broken("hang", || interrupted_taker(&*TAKES_IN_TWO));
    broken("hang", || two_and_an_interrupt(&*PUSHES_IN_TWO));
}

#[test]
fn a_link_is_not_read_after_its_item_was_handed_out() {
    broken("use-after-free", || interrupted_taker(&*LINK_AFTER));
}

#[test]
fn the_newest_is_not_the_first() {
    broken("panic", || interrupted_taker(&*NEWEST_FIRST));
}
