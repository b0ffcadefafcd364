//! Who waits for a word is woken when it changes, and its place in the lot is not touched any more once it is off.

use crate::os::Thread;
use crate::{broken, holds, interrupt, on_cpu};
use ringzero::slab::{GFP_ATOMIC, KPtr, kmalloc_obj};
use ringzero_machine::{Cond, Mode, Op, Place, Step, WaitKind, step, wait};
use ringzero_protocol::{Link, Lot, Waiter, Word};
use std::cell::Cell;
use std::pin::Pin;
use std::ptr::null;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

/// A lot or one of its broken twins.
trait Parks: Sync + 'static {
    type Waiter: 'static;
    fn waiter(&self) -> Self::Waiter;
    fn enqueue(&self, w: KPtr<Self::Waiter>, cond: &Cond, who: *const ()) -> bool;
    fn dequeue(&self, w: KPtr<Self::Waiter>) -> bool;
    fn wake(&self, addr: usize, wake: &mut dyn FnMut(*const ()));
}

/// The object, by the context that made it.
fn at<T>(w: KPtr<T>) -> &'static T {
    // SAFETY: its maker frees it when it has done with it; that nobody else uses it then is what is checked.
    unsafe { &*w.as_ptr() }
}

impl<const N: usize> Parks for Lot<N> {
    type Waiter = Waiter;
    fn waiter(&self) -> Waiter {
        Waiter::new()
    }
    fn enqueue(&self, w: KPtr<Waiter>, cond: &Cond, who: *const ()) -> bool {
        // SAFETY: `park` and `give_up` dequeue it before they free it; the words are globals.
        unsafe { Lot::enqueue(self, &Thread(0), Pin::static_ref(at(w)), cond, who) }
    }
    fn dequeue(&self, w: KPtr<Waiter>) -> bool {
        Lot::dequeue(self, Pin::static_ref(at(w)))
    }
    fn wake(&self, addr: usize, wake: &mut dyn FnMut(*const ())) {
        Lot::wake(self, addr, wake);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Flaw {
    /// None: what is found in the others is theirs.
    None,
    /// Looks at the condition before the lock is taken and the count raised.
    LooksFirst,
    /// Raises the count after it has looked.
    CountsLate,
    /// Raises the word of sleepers after it has looked.
    SleepersLate,
    /// Reads a waiter's link after it was marked.
    TouchesAfter,
    /// Takes off one only, whatever it waits for.
    OneOnly,
    /// The lock is held with interrupts on.
    IrqsOn,
    /// A waiter that goes away does not look whether it is still on the list: it goes.
    JustGoes,
}

/// A lot of one bucket, of the same parts.
struct Flawed {
    flaw: Flaw,
    held: Word,
    count: Word,
    first: Link<Node>,
}

struct Node {
    on: Word,
    next: Link<Node>,
    cond: Cell<Option<Cond>>,
    who: Cell<*const ()>,
}

fn look(cond: &Cond) -> bool {
    step(&Step::new(Op::AtomicRead, Mode::Read, cond.addr, cond.size, Place::here()));
    cond.holds()
}

fn sleepers(cond: &Cond) -> Option<&Word> {
    // SAFETY: null, or a global.
    unsafe { cond.sleepers.as_ref() }.map(Word::of)
}

impl Flawed {
    const fn new(flaw: Flaw) -> Self {
        Self { flaw, held: Word::new(0), count: Word::new(0), first: Link::new() }
    }

    fn within<R>(&self, f: impl FnOnce() -> R) -> R {
        let masked = (self.flaw != Flaw::IrqsOn).then(ringzero::context::local_irq_save);
        let lock = Step::new(Op::SpinLock, Mode::Rmw, self.held.addr(), 4, Place::here());
        wait(&lock, Cond::on(self.held.raw(), |held, _| held == 0, 0), WaitKind::Spin);
        self.held.raw().store(1, Relaxed);
        let machine = ringzero_machine::machine().expect("on the model");
        machine.lock_owner(self.held.addr(), true, Place::here());
        let result = f();
        self.held.store(0, Release);
        machine.lock_owner(self.held.addr(), false, Place::here());
        if let Some(flags) = masked {
            ringzero::context::local_irq_restore(flags);
        }
        result
    }

    /// Takes `node` out of the list, if it is there.
    fn remove(&self, node: &Node) {
        let mut link = &self.first;
        // SAFETY: what is on the list is alive; that it is, is what is checked.
        while let Some(at) = unsafe { link.load(Relaxed).as_ref() } {
            if std::ptr::eq(at, node) {
                link.store(at.next.load(Relaxed), Relaxed);
                self.count.sub(1, Relaxed);
                return;
            }
            link = &at.next;
        }
    }
}

impl Parks for Flawed {
    type Waiter = Node;
    fn waiter(&self) -> Node {
        Node { on: Word::new(0), next: Link::new(), cond: Cell::new(None), who: Cell::new(null()) }
    }

    fn enqueue(&self, w: KPtr<Node>, cond: &Cond, who: *const ()) -> bool {
        let late = self.flaw == Flaw::SleepersLate;
        let early = (late || self.flaw == Flaw::LooksFirst) && look(cond);
        if let Some(sleepers) = sleepers(cond) {
            sleepers.add(1, Relaxed);
        }
        let node = at(w);
        node.cond.set(Some(*cond));
        node.who.set(who);
        let put = self.within(|| {
            if self.flaw != Flaw::CountsLate {
                self.count.add(1, Relaxed);
            }
            let put = !if late || self.flaw == Flaw::LooksFirst { early } else { look(cond) };
            if self.flaw == Flaw::CountsLate {
                self.count.add(1, Relaxed);
            }
            if put {
                node.next.store(self.first.load(Relaxed), Relaxed);
                self.first.store(w.as_ptr(), Relaxed);
                node.on.store(1, Relaxed);
            } else {
                self.count.sub(1, Relaxed);
            }
            put
        });
        if !put && let Some(sleepers) = sleepers(cond) {
            sleepers.sub(1, Relaxed);
        }
        put
    }

    fn dequeue(&self, w: KPtr<Node>) -> bool {
        let node = at(w);
        let stays = node.on.load(Acquire) == 1 && self.flaw != Flaw::JustGoes;
        let still = stays
            && self.within(|| {
                let still = node.on.load(Relaxed) == 1;
                if still {
                    self.remove(node);
                }
                still
            });
        if let Some(sleepers) = node.cond.take().as_ref().and_then(sleepers) {
            sleepers.sub(1, Relaxed);
        }
        still
    }

    fn wake(&self, addr: usize, wake: &mut dyn FnMut(*const ())) {
        if self.count.load(Relaxed) == 0 {
            return;
        }
        let mut woken = Vec::new();
        self.within(|| {
            let (mut at, mut one) = (self.first.load(Relaxed), false);
            // SAFETY: as in `remove`.
            while let Some(node) = unsafe { at.as_ref() } {
                at = node.next.load(Relaxed);
                let cond = node.cond.get().expect("it is on the list");
                let exclusive = self.flaw == Flaw::OneOnly || !cond.sleepers.is_null();
                if cond.addr == addr && !(one && exclusive) && look(&cond) {
                    self.remove(node);
                    woken.push(node.who.get());
                    node.on.store(0, Release);
                    one |= exclusive;
                    if self.flaw == Flaw::TouchesAfter {
                        at = node.next.load(Relaxed);
                    }
                }
            }
        });
        woken.into_iter().for_each(wake);
    }
}

ringzero::global! {
    static LOT: Lot<1> = Lot::new();
    static SOUND: Flawed = Flawed::new(Flaw::None);
    static LOOKS_FIRST: Flawed = Flawed::new(Flaw::LooksFirst);
    static COUNTS_LATE: Flawed = Flawed::new(Flaw::CountsLate);
    static SLEEPERS_LATE: Flawed = Flawed::new(Flaw::SleepersLate);
    static TOUCHES_AFTER: Flawed = Flawed::new(Flaw::TouchesAfter);
    static ONE_ONLY: Flawed = Flawed::new(Flaw::OneOnly);
    static IRQS_ON: Flawed = Flawed::new(Flaw::IrqsOn);
    static JUST_GOES: Flawed = Flawed::new(Flaw::JustGoes);
    /// Contexts: whether each was woken. Such words outlive all wakers.
    static WOKEN: [Word; 3] = [const { Word::new(0) }; 3];
    static FLAG: Word = Word::new(0);
    static OTHER: Word = Word::new(0);
    static LOCK: Word = Word::new(0);
    static SLEEPERS: Word = Word::new(0);
    static INSIDE: Word = Word::new(0);
}

fn who(me: usize) -> *const () {
    std::ptr::from_ref(&WOKEN[me]).cast()
}

/// Wakes a context: perhaps late, when it goes on already.
fn rouse(who: *const ()) {
    // SAFETY: made by `who`, of a global.
    unsafe { &*who.cast::<Word>() }.store(1, Release);
}

/// Sleeps until it is woken, or finds that it was.
fn doze(me: usize) {
    let word = &WOKEN[me];
    let woken = Step::new(Op::Schedule, Mode::Rmw, word.addr(), 4, Place::here());
    wait(&woken, Cond::on(word.raw(), |woken, _| woken != 0, 0), WaitKind::Sleep);
    word.raw().store(0, Relaxed);
}

/// Sleeps until `cond` holds, or may hold. Its waiter is an object of its own, dead afterwards.
fn park(lot: &impl Parks, me: usize, cond: &Cond) {
    let w = kmalloc_obj(lot.waiter(), GFP_ATOMIC).expect("no allocation fails here");
    if lot.enqueue(w, cond, who(me)) {
        doze(me);
        lot.dequeue(w);
    }
    w.kfree();
}

/// As [`park`], for a time that is over at once. Whether it was chosen meanwhile.
fn give_up(lot: &impl Parks, me: usize, cond: &Cond) -> bool {
    let w = kmalloc_obj(lot.waiter(), GFP_ATOMIC).expect("no allocation fails here");
    let chosen = lot.enqueue(w, cond, who(me)) && !lot.dequeue(w);
    w.kfree();
    chosen
}

fn set(word: &Word) -> Cond {
    Cond::on(word.raw(), |value, _| value != 0, 0)
}

fn until_set(lot: &impl Parks, me: usize, word: &Word) {
    while word.load(Acquire) == 0 {
        park(lot, me, &set(word));
    }
}

fn set_and_wake(lot: &impl Parks, word: &Word) {
    word.store(1, Release);
    lot.wake(word.addr(), &mut rouse);
}

/// That the lock is free, whose sleepers are counted.
fn free() -> Cond {
    Cond::on(LOCK.raw(), |held, _| held == 0, 0).counted_in(SLEEPERS.raw())
}

fn lock(lot: &impl Parks, me: usize) {
    while LOCK.exchange(0, 1, Acquire).is_err() {
        park(lot, me, &free());
    }
}

fn unlock(lot: &impl Parks) {
    LOCK.store(0, Release);
    if SLEEPERS.load(Relaxed) != 0 {
        lot.wake(LOCK.addr(), &mut rouse);
    }
}

fn critical_section(lot: &impl Parks, me: usize) {
    lock(lot, me);
    assert_eq!(INSIDE.add(1, AcqRel), 0, "two hold the lock");
    INSIDE.sub(1, AcqRel);
    unlock(lot);
}

fn one_waits(lot: &'static impl Parks) {
    on_cpu(0, || until_set(lot, 0, &FLAG));
    on_cpu(1, || set_and_wake(lot, &FLAG));
}

/// Two wait for one word, on two CPUs; an interrupt sets it.
fn two_wait(lot: &'static impl Parks) {
    on_cpu(0, || {
        interrupt(0, || set_and_wake(lot, &FLAG));
        until_set(lot, 0, &FLAG);
    });
    on_cpu(1, || until_set(lot, 1, &FLAG));
}

/// Two wait for different words in one bucket.
fn two_words(lot: &'static impl Parks) {
    on_cpu(0, || {
        until_set(lot, 0, &FLAG);
        set_and_wake(lot, &OTHER);
    });
    on_cpu(1, || {
        set_and_wake(lot, &FLAG);
        until_set(lot, 1, &OTHER);
    });
}

/// One gives up as it is woken; another one waits behind it.
fn one_gives_up(lot: &'static impl Parks) {
    on_cpu(0, || {
        interrupt(0, || set_and_wake(lot, &FLAG));
        let _ = give_up(lot, 0, &set(&FLAG));
    });
    on_cpu(1, || until_set(lot, 1, &FLAG));
}

/// One gives up as it is woken from the other CPU.
fn gives_up(lot: &'static impl Parks) {
    on_cpu(0, || {
        let _ = give_up(lot, 0, &set(&FLAG));
    });
    on_cpu(1, || set_and_wake(lot, &FLAG));
}

fn a_lock_of_two(lot: &'static impl Parks) {
    for cpu in 0..2 {
        on_cpu(cpu, move || critical_section(lot, cpu as usize));
    }
}

fn a_lock_of_three(lot: &'static impl Parks) {
    for me in 0..3 {
        on_cpu(me.min(1), move || {
            lock(lot, me as usize);
            unlock(lot);
        });
    }
}

/// CPU 0 holds the lock and releases it. Of the two that wait for it, one gives up; if it was chosen meanwhile, it may
/// pass that on.
fn one_gives_up_a_lock(pass_on: bool) {
    LOCK.store(1, Relaxed);
    on_cpu(0, || unlock(&*LOT));
    on_cpu(1, move || {
        if give_up(&*LOT, 1, &free()) && pass_on {
            LOT.wake(LOCK.addr(), rouse);
        }
    });
    on_cpu(1, || critical_section(&*LOT, 2));
}

#[test]
fn who_waits_is_woken() {
    holds(|| one_waits(&*LOT));
    holds(|| one_waits(&*SOUND));
}

#[test]
fn all_who_wait_are_woken() {
    holds(|| two_wait(&*LOT));
    holds(|| two_wait(&*SOUND));
}

#[test]
fn those_of_other_words_wait_on() {
    holds(|| two_words(&*LOT));
}

#[test]
fn who_gives_up_is_gone() {
    holds(|| gives_up(&*LOT));
    holds(|| one_gives_up(&*LOT));
    holds(|| one_gives_up(&*SOUND));
}

#[test]
fn a_lock_is_handed_on() {
    holds(|| {
        a_lock_of_two(&*LOT);
        ringzero::on_exit(|| assert_eq!(SLEEPERS.load(Relaxed), 0, "nobody sleeps, but is counted"));
    });
    holds(|| a_lock_of_two(&*SOUND));
}

#[test]
fn a_lock_is_handed_on_among_three() {
    holds(|| a_lock_of_three(&*LOT));
}

#[test]
fn who_is_chosen_and_gives_up_passes_it_on() {
    holds(|| one_gives_up_a_lock(true));
    broken("hang", || one_gives_up_a_lock(false));
}

#[test]
fn who_looks_before_it_counts_sleeps_on() {
    broken("hang", || one_waits(&*LOOKS_FIRST));
    broken("hang", || one_waits(&*COUNTS_LATE));
    broken("hang", || a_lock_of_two(&*SLEEPERS_LATE));
}

#[test]
fn who_is_off_is_not_touched() {
    broken("use-after-free", || gives_up(&*TOUCHES_AFTER));
    broken("use-after-free", || gives_up(&*JUST_GOES));
}

#[test]
fn one_for_all_leaves_one_asleep() {
    broken("hang", || two_wait(&*ONE_ONLY));
}

#[test]
fn an_interrupt_does_not_meet_the_lock() {
    broken("irq-deadlock", || two_wait(&*IRQS_ON));
}

#[test]
fn who_unlocks_reads_the_sleepers_afterwards() {
    broken("hang", || {
        let unlock_wrongly = || {
            let nobody = SLEEPERS.load(Relaxed) == 0;
            LOCK.store(0, Release);
            if !nobody {
                LOT.wake(LOCK.addr(), rouse);
            }
        };
        for cpu in 0..2 {
            on_cpu(cpu, move || {
                lock(&*LOT, cpu as usize);
                unlock_wrongly();
            });
        }
    });
}

#[test]
fn who_wakes_before_it_sets_wakes_nobody() {
    broken("hang", || {
        on_cpu(0, || until_set(&*LOT, 0, &FLAG));
        on_cpu(1, || {
            LOT.wake(FLAG.addr(), rouse);
            FLAG.store(1, Release);
        });
    });
}
