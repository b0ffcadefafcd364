//! Priority inheritance.
//!
//! # Theory
//! A lock with priority inheritance ([`RtMutexBase`]) has an *owner* and a list of *waiters*, the best priority first,
//! first come, first served among equals; all that are not of real time are equals. Its first waiter is its *top
//! waiter*. Who owns such locks has the best of its own normal priority and those of their top waiters (it is
//! *boosted*). A waiter may own locks, too, so a change goes on along the *chain*: from a waiter to the owner of what
//! it waits for, and so on.
//!
//! **Invariants** (`P` for priority).
//! - P1. The owner word is the owning task, or null; its lowest bit says that there are waiters. A lock without waiters
//!   is taken and released by one exchange on it. All else that is said here is read and changed within the [`PI`] lock
//!   only, in a step that names the [`PI`] object: one for a kernel instance, so that a chain does not change while it
//!   is walked.
//! - P2. A task waits for one lock at most, and is in its list exactly as long: its own fields are the links. A lock
//!   with an owner and waiters is in its owner's list of those. So whatever a walk touches is alive: who waits, what is
//!   waited for, and who owns that.
//! - P3. A lock that is free and has waiters is *granted* to the top waiter, which wakes and takes it; until then, a
//!   task whose priority is better than the top waiter's may take it (it *steals* it). The grant moves when the top
//!   waiter is another one. (A step on one lock moves the grant of another one only among tasks of real time; a search
//!   does not rely on what steps name where there are such.)
//! - P4. The effective priority of a task is the better one of its normal priority and of those that it inherits, after
//!   every step. The machine is told of a change when the step is over.
//! - P5. A task that would wait for itself along the chain is told so, before it waits, if it asks.
//!
//! **Differences from Linux.** A chain is walked in one step, not lock by lock. A change of the nice value of a waiter
//! is passed on at once, although no machine looks at it.

use crate::prio::{DEFAULT_PRIO, MAX_PRIO, rt_prio};
use crate::task::{Task, try_current};
use crate::word::{Awaited, WaitWord};
use core::cell::Cell;
use core::mem::offset_of;
use core::ptr;
use core::sync::atomic::{
    AtomicPtr,
    Ordering::{Acquire, Relaxed, Release},
};
use ringzero_machine::{Step, StepLock, cpu, machine, machine_local, model};

/// In the owner word: there are waiters.
const WAITERS: usize = 1;
/// In the owner word: the owner is no task. There is none outside a machine.
const NOBODY: usize = 2;
/// Beyond this many owners a chain is taken for a circle.
const MAX_DEPTH: u32 = 1024;
/// How many changes of priority are noted at once.
const NOTED: usize = 8;

/// Of a kernel instance: what makes a walk along a chain one step.
pub(crate) struct Inheritance {
    lock: StepLock,
    /// The last ticket.
    tickets: Cell<u32>,
}

machine_local! {
    pub(crate) static PI: Inheritance = Inheritance { lock: StepLock::new(), tickets: Cell::new(0) };
}

/// What a task has to do with it. Within [`PI`]'s lock (rule P1).
pub(crate) struct Links {
    /// What it waits for; null for nothing. The next three are of that list.
    waits_for: Cell<*const RtMutexBase>,
    /// Its place in the list: its priority then, or one for all that are not of real time.
    rank: Cell<i32>,
    /// By which the grant names it.
    ticket: Cell<u32>,
    /// The next waiter.
    next: Cell<*const Task>,
    /// The locks that it owns and that have waiters.
    owns: Cell<*const RtMutexBase>,
}

impl Links {
    pub(crate) const fn new() -> Self {
        Self {
            waits_for: Cell::new(ptr::null()),
            rank: Cell::new(0),
            ticket: Cell::new(0),
            next: Cell::new(ptr::null()),
            owns: Cell::new(ptr::null()),
        }
    }
}

/// Tasks whose priority has changed, for the machine.
struct Changed {
    /// The number that the machine knows, and whether the priority is one of real time now.
    tasks: [(u32, bool); NOTED],
    count: usize,
    /// There was no room for one more, and the chain not walked to its end.
    more: bool,
    /// The chain is walked again: also where nothing changes.
    again: bool,
}

impl Changed {
    const fn new(again: bool) -> Self {
        Self { tasks: [(0, false); NOTED], count: 0, more: false, again }
    }

    /// Makes sure that there is room for one more.
    const fn is_full(&mut self) -> bool {
        self.more |= self.count == NOTED;
        self.more
    }

    fn add(&mut self, task: &Task) {
        let number = task.number();
        if number != u32::MAX
            && let Some(to) = self.tasks.get_mut(self.count)
        {
            *to = (number, rt_prio(task.priorities.now()));
            self.count += 1;
        }
    }

    /// Tells the machine: after the step.
    fn tell(&self) {
        let Some(m) = machine().filter(|_| self.count != 0) else { return };
        for &(number, realtime) in self.tasks.iter().take(self.count) {
            m.priority_changed(number, realtime);
        }
    }
}

impl Inheritance {
    /// The address of the object that steps name which look at, or change, what tasks inherit.
    pub(crate) fn object(&self) -> usize {
        self.lock.address()
    }

    /// Announces `step`, which names the object, performs it, and tells the machine what has changed. `walk` walks
    /// along the chain that `perform` has begun to walk, from its beginning.
    fn within<R>(&self, step: &Step, perform: impl FnOnce(&mut Changed) -> R, walk: impl Fn(&mut Changed)) -> R {
        let mut changed = Changed::new(false);
        let result = {
            let _in = self.lock.enter(&step.also(self.object(), true));
            perform(&mut changed)
        };
        changed.tell();
        while changed.more {
            changed = Changed::new(true);
            {
                let _in = self.lock.lock();
                walk(&mut changed);
            }
            changed.tell();
        }
        result
    }

    /// Changes priorities of `task` by `change`, in the step `announced`, and what follows from that.
    pub(crate) fn change(&self, task: &Task, announced: &Step, change: impl FnOnce()) {
        let perform = |changed: &mut Changed| {
            change();
            changed.add(task);
            pass_on(task, changed);
        };
        self.within(announced, perform, |changed| pass_on(task, changed));
    }

    /// Changes priorities of a task by `change`, without a step: one that has just begun, or has ended.
    pub(crate) fn change_alone(&self, change: impl FnOnce()) {
        let _in = self.lock.lock();
        change();
    }
}

/// Whether the effective priority of `task` had to be changed (rule P4), or is to be walked over.
fn refresh(task: &Task, changed: &mut Changed) -> bool {
    if changed.is_full() {
        return false;
    }
    let mut inherited = MAX_PRIO;
    let mut lock = task.links.owns.get();
    // SAFETY: rule P2.
    while let Some(owned) = unsafe { lock.as_ref() } {
        inherited = owned.top().map_or(inherited, |top| inherited.min(top.priorities.now()));
        lock = owned.next_owned.get();
    }
    let differs = task.priorities.inherit(inherited);
    if differs {
        changed.add(task);
    }
    differs || changed.again
}

/// The waiters of `task` are others now, or their priorities: sees to rules P3 and P4 along the chain.
fn boost(task: &Task, changed: &mut Changed) {
    if refresh(task, changed) {
        pass_on(task, changed);
    }
}

/// The priority of `task` is another one: its place among waiters, and whoever owns what it waits for.
fn pass_on(task: &Task, changed: &mut Changed) {
    let mut task = task;
    for _ in 0..MAX_DEPTH {
        // SAFETY: rule P2.
        let Some(lock) = (unsafe { task.links.waits_for.get().as_ref() }) else { return };
        if task.links.rank.get() != rank(task) {
            lock.remove(task);
            lock.insert(task);
            lock.grant();
        }
        match lock.owner() {
            Some(owner) if refresh(owner, changed) => task = owner,
            _ => return,
        }
    }
}

/// The place of `task` among waiters: less is better.
fn rank(task: &Task) -> i32 {
    let prio = task.priorities.now();
    if rt_prio(prio) { prio } else { DEFAULT_PRIO }
}

/// How the running task came to a lock that it did not find free.
///
/// ```
/// use ringzero::sched::{RtMutexBase, RtWait};
/// /// Whether the lock is held now.
/// fn has(came: RtWait) -> bool {
///     matches!(came, RtWait::Taken)
/// }
/// assert!(has(RtWait::Taken) && !has(RtWait::Deadlock));
/// # let _ = RtMutexBase::new();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RtWait {
    /// It has the lock.
    Taken,
    /// It is among the waiters: it waits for [`RtMutexBase::word`], with this as the argument of [`Granted`].
    Waits(u32),
    /// It would wait for itself, and does not.
    Deadlock,
}

/// What waiters wait for: that the lock is granted to the ticket that is the argument.
///
/// ```
/// use ringzero::sched::{Awaited, Granted};
/// assert!(Granted::holds(6, 3) && !Granted::holds(1, 3));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Granted;

impl Awaited for Granted {
    fn holds(word: u32, ticket: u32) -> bool {
        word == ticket << 1
    }
}

/// A lock with priority inheritance, and nothing else (`struct rt_mutex_base`): what mutexes are made of that pass on
/// priorities. All zeroes is a free one. It says nothing of misuse.
///
/// ```
/// use ringzero::sched::RtMutexBase;
/// let lock = RtMutexBase::new();
/// assert!(lock.take() && !lock.take());
/// assert!(lock.release() && !lock.is_locked());
/// ```
#[doc(alias = "rt_mutex_base")]
#[repr(C, align(8))]
pub struct RtMutexBase {
    /// Twice the ticket of the waiter that it is granted to; 0 for none. On the model 1 while it is held.
    word: WaitWord,
    /// Rule P1.
    owner: AtomicPtr<()>,
    /// The top waiter.
    first: Cell<*const Task>,
    /// The next one of those that its owner owns.
    next_owned: Cell<*const RtMutexBase>,
}

// SAFETY: what is not atomic is touched within the one lock of `PI` only.
unsafe impl Sync for RtMutexBase {}
// SAFETY: as above; the pointers lead to tasks and locks that are alive as long as they are there (rule P2).
unsafe impl Send for RtMutexBase {}

impl RtMutexBase {
    /// The fields and where they lie: what the C header mirrors.
    pub const LAYOUT: [(&'static str, usize); 5] = [
        ("word", offset_of!(Self, word)),
        ("pokes", offset_of!(Self, word) + size_of::<u32>()),
        ("owner", offset_of!(Self, owner)),
        ("first", offset_of!(Self, first)),
        ("next_owned", offset_of!(Self, next_owned)),
    ];

    /// A free one.
    #[doc(alias("rt_mutex_base_init", "__RT_MUTEX_BASE_INITIALIZER"))]
    #[must_use]
    pub const fn new() -> Self {
        Self {
            word: WaitWord::new(0),
            owner: AtomicPtr::new(ptr::null_mut()),
            first: Cell::new(ptr::null()),
            next_owned: Cell::new(ptr::null()),
        }
    }

    /// The word that waiters wait for, whose address is the object of all steps on the lock.
    #[must_use]
    #[inline]
    pub const fn word(&self) -> &WaitWord {
        &self.word
    }

    /// Whether somebody owns it. No step.
    #[doc(alias = "rt_mutex_base_is_locked")]
    #[must_use]
    #[inline]
    pub fn is_locked(&self) -> bool {
        self.owner.load(Relaxed).addr() & !WAITERS != 0
    }

    /// Whether the running task owns it. No step.
    #[must_use]
    #[inline]
    pub fn is_ours(&self) -> bool {
        // Only a task itself makes itself the owner, and gives it up.
        self.owner.load(Relaxed).addr() & !WAITERS == me().addr()
    }

    /// Whether there are waiters. No step.
    #[must_use]
    #[inline]
    pub fn has_waiters(&self) -> bool {
        self.owner.load(Relaxed).addr() & WAITERS != 0
    }

    /// Whether the running task is of real time now, so that it lends its priority at once. No step.
    #[must_use]
    pub fn is_urgent() -> bool {
        try_current().is_some_and(|task| rt_prio(task.priorities.now()))
    }

    /// The task that owns it. No step; it may own it no more when this returns.
    #[must_use]
    pub fn owner(&self) -> Option<&'static Task> {
        let owner = self.owner.load(Acquire).map_addr(|at| at & !(WAITERS | NOBODY));
        // SAFETY: a task made itself the owner; the owner lives as long as it owns anything.
        unsafe { owner.cast::<Task>().as_ref() }
    }

    /// Takes it for the running task, within a step, if it is free and nobody waits; whether it was. One exchange; an
    /// acquire if it succeeds.
    #[must_use]
    #[inline]
    pub fn take(&self) -> bool {
        let taken = self.owner.compare_exchange(ptr::null_mut(), me(), Acquire, Relaxed).is_ok();
        if taken {
            self.show(1);
        }
        taken
    }

    /// Gives it up, within a step, if nobody waits; whether it is free now. The running task owns it. One exchange; a
    /// release.
    #[must_use]
    #[inline]
    pub fn release(&self) -> bool {
        let released = self.owner.compare_exchange(me(), ptr::null_mut(), Release, Relaxed).is_ok();
        if released {
            // Of no use, and perhaps of others, but on the model.
            self.show(0);
        }
        released
    }

    /// Takes it for the running task, or makes the task a waiter, in the step `announced` on the lock. With `detect` it
    /// does not begin to wait if it would wait for itself (rule P5).
    ///
    /// # Safety
    /// A lock that the task waits for stays where it is until the task has settled or left.
    #[must_use]
    pub unsafe fn join(&self, announced: &Step, detect: bool) -> RtWait {
        let Some(task) = try_current() else {
            // Outside a machine there is no task, and nobody else.
            return if self.take() { RtWait::Taken } else { RtWait::Deadlock };
        };
        PI.get().within(announced, |changed| self.join_within(task, detect, changed), |changed| pass_on(task, changed))
    }

    /// Takes it for the running task, which does not wait, in the step `announced` on the lock, if it is free, and no
    /// waiter is as good (rule P3). Whether it did.
    #[must_use]
    pub fn steal(&self, announced: &Step) -> bool {
        let Some(task) = try_current() else { return self.take() };
        PI.get().within(announced, |changed| self.steal_within(task, changed), |_| ())
    }

    /// Takes it for the running task, a waiter, in the step `announced` on the lock, if it is still granted to it.
    /// Whether it did; otherwise it still waits.
    #[must_use]
    pub fn settle(&self, announced: &Step) -> bool {
        let Some(task) = try_current() else { return false };
        PI.get().within(announced, |changed| self.settle_within(task, changed), |_| ())
    }

    /// Ends the wait of the running task, in the step `announced` on the lock: it takes the lock if it is granted to it
    /// just now. Whether it did.
    #[must_use]
    pub fn leave(&self, announced: &Step) -> bool {
        let Some(task) = try_current() else { return false };
        let chain = |changed: &mut Changed| {
            if let Some(owner) = self.owner() {
                boost(owner, changed);
            }
        };
        let perform = |changed: &mut Changed| {
            if self.settle_within(task, changed) {
                return true;
            }
            if !ptr::eq(task.links.waits_for.get(), self) {
                return false;
            }
            self.remove(task);
            task.links.waits_for.set(ptr::null());
            // It was granted to another one, or to nobody.
            if self.first.get().is_null() {
                self.no_waiters();
            }
            chain(changed);
            false
        };
        PI.get().within(announced, perform, chain)
    }

    /// Gives it up, in the step `announced` on the lock, and grants it to the top waiter. The running task owns it. Whether
    /// it did: otherwise the last waiter has left meanwhile, and [`RtMutexBase::release`] may do it.
    ///
    /// Whoever owns it next may end its life, but comes to own it only when this is over.
    #[must_use]
    pub fn hand_over(&self, announced: &Step) -> bool {
        let Some(task) = try_current() else { return true };
        let perform = |changed: &mut Changed| {
            if !self.is_ours() {
                return true;
            }
            if self.first.get().is_null() {
                // Whoever left has cleared the flag.
                debug_assert!(!self.has_waiters(), "a lock with waiters that has none");
                return false;
            }
            self.disown(task);
            self.owner.store(ptr::without_provenance_mut(WAITERS), Release);
            self.show(0);
            self.grant();
            // It waits for nothing: there is no chain.
            refresh(task, changed);
            true
        };
        PI.get().within(announced, perform, |_| ())
    }

    fn join_within(&self, task: &Task, detect: bool, changed: &mut Changed) -> RtWait {
        if !task.links.waits_for.get().is_null() {
            // It unwinds from a wait.
            return RtWait::Deadlock;
        }
        loop {
            if self.steal_within(task, changed) {
                return RtWait::Taken;
            }
            // From here on it is not released without this lock.
            let word = self.owner.load(Relaxed);
            let waiters = word.map_addr(|at| at | WAITERS);
            if !word.is_null() && self.owner.compare_exchange(word, waiters, Relaxed, Relaxed).is_ok() {
                break;
            }
        }
        if detect && self.leads_to(task) {
            if self.first.get().is_null() {
                self.no_waiters();
            }
            return RtWait::Deadlock;
        }
        let tickets = &PI.get().tickets;
        // Never 0, and half of a word of 32 bits.
        tickets.set(tickets.get() % (u32::MAX >> 1) + 1);
        task.links.ticket.set(tickets.get());
        task.links.waits_for.set(self);
        self.insert(task);
        self.grant();
        if let Some(owner) = self.owner() {
            self.own(owner);
            boost(owner, changed);
        }
        RtWait::Waits(tickets.get())
    }

    /// Takes it for `task`, if it is free, and no waiter is as good.
    fn steal_within(&self, task: &Task, changed: &mut Changed) -> bool {
        let better = self.top().is_none_or(|top| rank(task) < top.links.rank.get());
        let word = self.owner.load(Relaxed);
        // A free one has the flag exactly if it has waiters.
        let taken = better
            && word.addr() & !WAITERS == 0
            && self.owner.compare_exchange(word, me().map_addr(|at| at | word.addr()), Acquire, Relaxed).is_ok();
        if taken {
            self.taken(task, changed);
        }
        taken
    }

    fn settle_within(&self, task: &Task, changed: &mut Changed) -> bool {
        if self.is_locked() || !ptr::eq(self.first.get(), task) {
            return false;
        }
        self.remove(task);
        task.links.waits_for.set(ptr::null());
        let flag = if self.first.get().is_null() { 0 } else { WAITERS };
        // Only within the lock does a word with waiters change.
        self.owner.swap(me().map_addr(|at| at | flag), Acquire);
        self.taken(task, changed);
        true
    }

    /// The task is the owner now: it inherits.
    fn taken(&self, task: &Task, changed: &mut Changed) {
        self.set_word(u32::from(model().is_some()));
        if !self.first.get().is_null() {
            self.own(task);
            refresh(task, changed);
        }
    }

    /// Whether the owner waits for `task` along the chain, or is it.
    fn leads_to(&self, task: &Task) -> bool {
        let mut lock = self;
        for _ in 0..MAX_DEPTH {
            let Some(owner) = lock.owner() else { return false };
            if ptr::eq(owner, task) {
                return true;
            }
            // SAFETY: rule P2.
            match unsafe { owner.links.waits_for.get().as_ref() } {
                Some(next) => lock = next,
                None => return false,
            }
        }
        true
    }

    fn top(&self) -> Option<&Task> {
        // SAFETY: rule P2.
        unsafe { self.first.get().as_ref() }
    }

    /// Puts `task` behind all waiters that are as good or better.
    fn insert(&self, task: &Task) {
        let rank = rank(task);
        task.links.rank.set(rank);
        let mut link = &self.first;
        // SAFETY: rule P2.
        while let Some(waiter) = unsafe { link.get().as_ref() }.filter(|waiter| waiter.links.rank.get() <= rank) {
            link = &waiter.links.next;
        }
        task.links.next.set(link.get());
        link.set(task);
    }

    /// Takes `task` out of the waiters.
    fn remove(&self, task: &Task) {
        let mut link = &self.first;
        // SAFETY: rule P2.
        while let Some(waiter) = unsafe { link.get().as_ref() } {
            if ptr::eq(waiter, task) {
                link.set(task.links.next.get());
                return;
            }
            link = &waiter.links.next;
        }
    }

    /// The last waiter has gone.
    fn no_waiters(&self) {
        if let Some(owner) = self.owner() {
            self.disown(owner);
        }
        let owner = self.owner.load(Relaxed).map_addr(|at| at & !WAITERS);
        // Only within the lock does a word with waiters change.
        self.owner.store(owner, Release);
        if owner.is_null() {
            self.set_word(0);
        }
    }

    /// Puts it into the list of those that `task` owns and that have waiters, if it is not there yet.
    fn own(&self, task: &Task) {
        let mut lock = task.links.owns.get();
        // SAFETY: rule P2.
        while let Some(owned) = unsafe { lock.as_ref() } {
            if ptr::eq(owned, self) {
                return;
            }
            lock = owned.next_owned.get();
        }
        self.next_owned.set(task.links.owns.get());
        task.links.owns.set(self);
    }

    /// Takes it out of that list.
    fn disown(&self, task: &Task) {
        let mut link = &task.links.owns;
        // SAFETY: rule P2.
        while let Some(owned) = unsafe { link.get().as_ref() } {
            if ptr::eq(owned, self) {
                link.set(self.next_owned.get());
                return;
            }
            link = &owned.next_owned;
        }
    }

    /// Grants it to the top waiter if it is free (rule P3).
    fn grant(&self) {
        if self.is_locked() {
            return;
        }
        if let Some(top) = self.top() {
            self.set_word(top.links.ticket.get() << 1);
        }
    }

    fn set_word(&self, word: u32) {
        if self.word.word().swap(word, Release) != word && word > 1 {
            WaitWord::told(&raw const self.word);
        }
    }

    /// Makes a change of the owner word be seen in the one that steps name, on the model: who tries again and again
    /// watches it.
    #[inline(always)]
    fn show(&self, word: u32) {
        if model().is_some() {
            self.word.word().store(word, Relaxed);
        }
    }
}

impl Default for RtMutexBase {
    fn default() -> Self {
        Self::new()
    }
}

impl core::fmt::Debug for RtMutexBase {
    /// Shows the state without a step.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let state = if self.is_locked() { "held" } else { "free" };
        let waiters = if self.has_waiters() { ", with waiters" } else { "" };
        write!(f, "RtMutexBase({state}{waiters})")
    }
}

/// The running task, as an owner.
#[inline(always)]
fn me() -> *mut () {
    let task = cpu().current.get().cast_mut();
    if task.is_null() { ptr::without_provenance_mut(NOBODY) } else { task }
}

#[cfg(test)]
mod tests;
