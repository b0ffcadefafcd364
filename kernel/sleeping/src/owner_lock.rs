//! The owner lock: tasks own it while they sleep, and an interrupt that finds it owned leaves a note.
//!
//! # Theory
//! For data that a task works on for long, and that an interrupt works on too, such as a connection: a spinlock would keep the
//! task from sleeping, a mutex is not for interrupts. So the lock is a *spinlock* around a word, *users*, that says whether a
//! task owns the data. A task holds the spinlock only to become the owner and to stop being it. An interrupt holds the spinlock
//! for as long as it works; if it finds an owner, it touches the *backlog* only. The owner works off the backlog before it lets
//! go.
//!
//! **Invariants** (`O` for owner).
//! - O1. Users, the backlog, and whether there is something in it are touched under the spinlock only; but a task that waits
//!   looks at users without it.
//! - O2. The data is the owner's while users is 1, and else that of who holds the spinlock.
//! - O3. Users becomes 0 only while the backlog is empty. So what an interrupt has left is worked off before anybody else has the
//!   data.
//! - O4. An interrupt never waits but for the spinlock, which is held for some instructions, or for another interrupt's work.
//!
//! **Differences from Linux.** In Linux it is a socket's alone (`lock_sock()`, `bh_lock_sock()`, `sock_owned_by_user()`,
//! `release_sock()`). Who waits is not served first come, first served.
//!
//! Source: seed 003.

use crate::common::{How, count_held, is_over, place_of, running, tell};
use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::{self, ManuallyDrop};
use core::ops::{Deref, DerefMut};
use core::ptr;
use core::sync::atomic::{
    AtomicPtr, AtomicU32,
    Ordering::{Relaxed, Release},
};
use ringzero_context::violation;
use ringzero_machine::{LockEvent, Mode, Op, Place, Step, model, notify_sleepers, step};
use ringzero_sched::{Awaited, Wait, WaitWord};
use ringzero_spinning::{Bh, IrqSave, Kind, RawSpinLock};

struct Nobody;

impl Awaited for Nobody {
    fn holds(users: u32, _: u32) -> bool {
        users == 0
    }
}

/// The lock without data.
#[repr(C)]
struct Raw {
    users: WaitWord,
    sleepers: AtomicU32,
    /// The backlog is not empty.
    noted: AtomicU32,
    owner: AtomicPtr<()>,
    held_at: AtomicPtr<()>,
    spinlock: RawSpinLock,
}

/// Data `T` that tasks own, and a backlog `B` for interrupts that find it owned. `K` is what keeps the interrupts off that use
/// it: hardirqs ([`IrqSave`]), or only bottom halves ([`Bh`], [`SocketLock`]).
///
/// ```
/// use ringzero::owner_lock::{Entered, OwnerLock};
/// // A connection that has handled so many events; while it is owned, they are only counted.
/// let connection: OwnerLock<u32> = OwnerLock::new(0, |handled, events: u32| *handled += events);
/// let event = || match connection.enter() {
///     Entered::Free(mut handled) => *handled += 1,
///     Entered::Owned(mut events) => *events += 1,
/// };
/// event();
/// let owning = connection.lock();
/// event();
/// assert_eq!(*owning, 1, "the other one is in the backlog");
/// owning.unlock();
/// assert_eq!(*connection.lock(), 2);
/// ```
#[doc(alias("SDP_CONN_LOCK", "sdp_conn_lock", "socket_lock_t"))]
pub struct OwnerLock<T, B: Default = u32, K: Kind = IrqSave> {
    raw: Raw,
    drain: fn(&mut T, B),
    backlog: UnsafeCell<B>,
    data: UnsafeCell<T>,
    kind: PhantomData<fn() -> K>,
}

/// An [`OwnerLock`] whose other side are softirqs: a socket's.
///
/// ```
/// use ringzero::owner_lock::{Entered, SocketLock};
/// let socket: SocketLock<u32, Vec<u32>> = SocketLock::new(0, |bytes, packets| *bytes += packets.iter().sum::<u32>());
/// let owning = socket.lock();
/// if let Entered::Owned(mut backlog) = socket.enter() {
///     backlog.push(1500);
/// }
/// owning.unlock();
/// assert_eq!(*socket.lock(), 1500);
/// ```
pub type SocketLock<T, B = u32> = OwnerLock<T, B, Bh>;

// SAFETY: one context at a time has `&mut T` (invariant O2), one has `&mut B` (invariant O1).
unsafe impl<T: Send, B: Default + Send, K: Kind> Sync for OwnerLock<T, B, K> {}

impl<T, B: Default, K: Kind> OwnerLock<T, B, K> {
    /// A free one around `value`, with an empty backlog; `drain` works off what was left there. Its class is the caller's
    /// place.
    #[must_use]
    #[track_caller]
    pub const fn with_backlog(value: T, backlog: B, drain: fn(&mut T, B)) -> Self {
        Self {
            raw: Raw {
                users: WaitWord::new(0),
                sleepers: AtomicU32::new(0),
                noted: AtomicU32::new(0),
                owner: AtomicPtr::new(ptr::null_mut()),
                held_at: AtomicPtr::new(ptr::null_mut()),
                spinlock: RawSpinLock::new(),
            },
            drain,
            backlog: UnsafeCell::new(backlog),
            data: UnsafeCell::new(value),
            kind: PhantomData,
        }
    }

    /// [`OwnerLock::with_backlog`], with the default one.
    #[doc(alias("SDP_CONN_LOCK_INIT", "sock_lock_init"))]
    #[must_use]
    #[track_caller]
    pub fn new(value: T, drain: fn(&mut T, B)) -> Self {
        Self::with_backlog(value, B::default(), drain)
    }

    /// The same with a name for reports.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.raw.spinlock = self.raw.spinlock.named(name);
        self
    }

    fn step(&self, op: Op, mode: Mode, place: Place) -> Step {
        let lock = &self.raw.spinlock;
        self.raw.users.announcement(op, mode, place).named(lock.name(), lock.class())
    }

    fn is_owned(&self) -> bool {
        self.raw.users.word().load(Relaxed) != 0
    }

    /// Sleeps until nobody owns the data, and owns it.
    ///
    /// Context: task, sleeps: finding `sleep-in-atomic` elsewhere.
    #[doc(alias("SDP_CONN_LOCK", "lock_sock"))]
    #[track_caller]
    pub fn lock(&self) -> Owning<'_, T, B, K> {
        let place = Place::caller();
        Self::may_sleep(place);
        self.own(place);
        Owning { lock: self, owned: PhantomData }
    }

    /// The event of owning the data.
    fn owns(&self, acquire: bool, place: Place) -> LockEvent {
        let (made, lock) = (if acquire { LockEvent::acquire } else { LockEvent::release }, &self.raw.spinlock);
        made(self.raw.users.address(), lock.class(), lock.name(), place)
    }

    /// The event of an interrupt that is in: of a subclass of its own, since it is another lock that it holds.
    fn enters(&self, acquire: bool, place: Place) -> LockEvent {
        let (made, lock) = (if acquire { LockEvent::acquire } else { LockEvent::release }, &self.raw.spinlock);
        made(lock.address(), lock.class(), lock.name(), place).nested(1, 0)
    }

    /// Ends what [`OwnerLock::enter`] began.
    fn leave(&self, place: Place) {
        tell(|| self.enters(false, place));
        self.raw.spinlock.unlock_kind::<K>(place);
    }

    fn may_sleep(place: Place) {
        How::call("lock of an owner lock").may_sleep(place);
    }

    /// Owns the data. The caller may sleep.
    fn own(&self, place: Place) {
        tell(|| self.owns(true, place));
        let raw = &self.raw;
        let mut failed = 0;
        loop {
            raw.spinlock.lock_kind::<K>(place);
            let free = !self.is_owned();
            if free {
                step(&self.step(Op::OwnerLock, Mode::Rmw, place).ordered(true, false));
                raw.users.word().store(1, Relaxed);
                raw.owner.store(running(), Relaxed);
                raw.held_at.store(place.as_ptr(), Relaxed);
                count_held(1);
                self.told(true, place);
            }
            raw.spinlock.unlock_kind::<K>(place);
            if free {
                return;
            }
            self.is_not_ours(place);
            let read = self.step(Op::OwnerLock, Mode::Read, place);
            let wait = Wait::new(read).counted_in(&raw.sleepers);
            // No signal and no time, so no error.
            let _ = raw.users.wait::<Nobody>(&wait, || !self.is_owned());
            if is_over(&mut failed) {
                return;
            }
        }
    }

    /// On the host: finding `self-deadlock` if the running task owns it.
    fn is_not_ours(&self, place: Place) {
        // Only a task itself makes itself the owner, and clears that when it lets go.
        if model().is_none() && !running().is_null() && self.raw.owner.load(Relaxed) == running() {
            let name = self.raw.spinlock.name().unwrap_or("an owner lock");
            let text = format_args!("the task locks `{name}`, which it owns already");
            violation("self-deadlock", place, place_of(&self.raw.held_at), text);
        }
    }

    fn told(&self, held: bool, place: Place) {
        if let Some(m) = model() {
            m.lock_owner(self.raw.users.address(), held, place);
        }
    }

    /// Lets go, when all of the backlog is worked off. Not what the running task does not own: of a guard that has let go and
    /// did not come back to own it.
    fn let_go(&self, place: Place) {
        let raw = &self.raw;
        if !self.is_owned() || raw.owner.load(Relaxed) != running() {
            let name = raw.spinlock.name().unwrap_or("an owner lock");
            let text = format_args!("`{name}` is let go by a task that does not own it");
            return violation("unlock-by-other", place, place_of(&raw.held_at), text);
        }
        loop {
            raw.spinlock.lock_kind::<K>(place);
            if raw.noted.load(Relaxed) == 0 {
                break;
            }
            raw.noted.store(0, Relaxed);
            // SAFETY: the spinlock is held (invariant O1).
            let notes = mem::take(unsafe { &mut *self.backlog.get() });
            raw.spinlock.unlock_kind::<K>(place);
            // SAFETY: the running task owns the data (invariant O2), and its guard is about to go.
            (self.drain)(unsafe { &mut *self.data.get() }, notes);
        }
        tell(|| self.owns(false, place));
        step(&self.step(Op::OwnerUnlock, Mode::Write, place).ordered(false, true));
        raw.owner.store(ptr::null_mut(), Relaxed);
        count_held(u32::MAX);
        self.told(false, place);
        raw.users.word().store(0, Release);
        notify_sleepers(raw.users.address(), &raw.sleepers);
        raw.spinlock.unlock_kind::<K>(place);
    }

    /// What an interrupt does: it has the data if no task owns it, else the backlog. Whoever owns the data works off the backlog
    /// after that.
    ///
    /// Context: what `K` keeps off, and tasks. Never sleeps. Nobody waits for long in there: a spinlock is held.
    #[doc(alias("SDP_CONN_LOCK_BH", "bh_lock_sock", "sock_owned_by_user", "sk_add_backlog"))]
    #[track_caller]
    pub fn enter(&self) -> Entered<'_, T, B, K> {
        let place = Place::caller();
        K::enter(place);
        tell(|| self.enters(true, place));
        self.raw.spinlock.acquire(place);
        if !self.is_owned() {
            return Entered::Free(Interrupting { lock: self, owned: PhantomData });
        }
        self.raw.noted.store(1, Relaxed);
        Entered::Owned(Noting { lock: self, owned: PhantomData })
    }
}

impl<T, B: Default, K: Kind> fmt::Debug for OwnerLock<T, B, K> {
    /// Shows the lock, not the data, and without a step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.is_owned() { "owned" } else { "free" };
        write!(f, "OwnerLock({}, {state})", self.raw.spinlock.name().unwrap_or("unnamed"))
    }
}

/// What an interrupt finds.
///
/// ```
/// use ringzero::owner_lock::{Entered, OwnerLock};
/// let lock: OwnerLock<u32> = OwnerLock::new(1, |_, _: u32| ());
/// assert!(matches!(lock.enter(), Entered::Free(data) if *data == 1));
/// ```
#[must_use = "the spinlock is released when this is dropped"]
#[derive(Debug)]
pub enum Entered<'a, T, B: Default, K: Kind> {
    /// Nobody owns the data.
    Free(Interrupting<'a, T, B, K>),
    /// A task does.
    Owned(Noting<'a, T, B, K>),
}

macro_rules! guards {
    ($($(#[$meta:meta])* $guard:ident $cell:ident: $target:ident, $why:literal, |$this:ident| $drop:expr;)*) => {$(
        $(#[$meta])*
        #[must_use = "it ends when this is dropped"]
        pub struct $guard<'a, T, B: Default, K: Kind> {
            lock: &'a OwnerLock<T, B, K>,
            /// Neither `Send` nor `Sync`: it says something of this context.
            owned: PhantomData<*mut K>,
        }

        impl<T, B: Default, K: Kind> Drop for $guard<'_, T, B, K> {
            /// The place is this one; the report finds the caller's from the stack.
            fn drop(&mut self) {
                let $this = self;
                $drop
            }
        }

        impl<T, B: Default, K: Kind> Deref for $guard<'_, T, B, K> {
            type Target = $target;
            fn deref(&self) -> &$target {
                // SAFETY: no other context has it (the invariant that is named for the guard).
                unsafe { &*self.lock.$cell.get() }
            }
        }

        impl<T, B: Default, K: Kind> DerefMut for $guard<'_, T, B, K> {
            fn deref_mut(&mut self) -> &mut $target {
                // SAFETY: as in `deref`; the guard is borrowed alone.
                unsafe { &mut *self.lock.$cell.get() }
            }
        }

        impl<T, B: Default, K: Kind> fmt::Debug for $guard<'_, T, B, K> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($why)
            }
        }
    )*};
}
guards! {
    /// A task owns the data (invariant O2). When this is dropped, the backlog is worked off first.
    ///
    /// ```
    /// use ringzero::owner_lock::{OwnerLock, Owning};
    /// # use ringzero::sync::IrqSave;
    /// let lock: OwnerLock<u32> = OwnerLock::new(1, |data, notes: u32| *data += notes);
    /// let mut owning: Owning<'_, u32, u32, IrqSave> = lock.lock();
    /// *owning += 1;
    /// owning.relock();
    /// assert_eq!(*owning, 2);
    /// owning.unlock();
    /// ```
    Owning data: T, "Owning", |this| this.lock.let_go(Place::caller());
    /// The data of a lock that no task owns (invariant O2). The spinlock is held.
    ///
    /// ```
    /// use ringzero::owner_lock::{Entered, Interrupting, OwnerLock};
    /// # use ringzero::sync::IrqSave;
    /// let lock: OwnerLock<u32> = OwnerLock::new(1, |_, _: u32| ());
    /// let Entered::Free(data) = lock.enter() else { unreachable!() };
    /// let mut data: Interrupting<'_, u32, u32, IrqSave> = data;
    /// *data += 1;
    /// ```
    Interrupting data: T, "Interrupting", |this| this.lock.leave(Place::caller());
    /// The backlog of a lock that a task owns (invariant O1). The spinlock is held.
    ///
    /// ```
    /// use ringzero::owner_lock::{Entered, Noting, OwnerLock};
    /// # use ringzero::sync::IrqSave;
    /// let lock: OwnerLock<u32> = OwnerLock::new(1, |data, notes: u32| *data += notes);
    /// let owning = lock.lock();
    /// let Entered::Owned(backlog) = lock.enter() else { unreachable!() };
    /// let mut backlog: Noting<'_, u32, u32, IrqSave> = backlog;
    /// *backlog += 5;
    /// drop(backlog);
    /// drop(owning);
    /// assert_eq!(*lock.lock(), 6);
    /// ```
    Noting backlog: B, "Noting", |this| this.lock.leave(Place::caller());
}

impl<T, B: Default, K: Kind> Owning<'_, T, B, K> {
    /// Lets go here, where the report can say so. The backlog is worked off first.
    #[doc(alias("SDP_CONN_UNLOCK", "release_sock"))]
    #[track_caller]
    pub fn unlock(self) {
        ManuallyDrop::new(self).lock.let_go(Place::caller());
    }

    /// Works off the backlog, lets others have the data, and owns it again.
    #[doc(alias = "SDP_CONN_RELOCK")]
    #[track_caller]
    pub fn relock(&mut self) {
        let place = Place::caller();
        // Where it may not sleep, it keeps the data.
        OwnerLock::<T, B, K>::may_sleep(place);
        self.lock.let_go(place);
        self.lock.own(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringzero_context::{irqs_disabled, preempt_disable, preemptible};
    use std::vec::Vec;

    fn packets() -> OwnerLock<Vec<u32>, Vec<u32>> {
        OwnerLock::new(Vec::new(), |data: &mut Vec<u32>, notes| data.extend(notes)).named("l")
    }

    fn receive(lock: &OwnerLock<Vec<u32>, Vec<u32>>, packet: u32) -> bool {
        match lock.enter() {
            Entered::Free(mut data) => {
                assert!(irqs_disabled());
                data.push(packet);
                true
            }
            Entered::Owned(mut backlog) => {
                backlog.push(packet);
                false
            }
        }
    }

    #[test]
    fn the_backlog_is_worked_off_by_the_owner() {
        let lock = packets();
        assert!(receive(&lock, 1));
        let mut owning = lock.lock();
        assert!(preemptible() && !receive(&lock, 2) && !receive(&lock, 3));
        assert_eq!(*owning, [1]);
        assert_eq!(std::format!("{lock:?}"), "OwnerLock(l, owned)");
        owning.relock();
        assert_eq!(*owning, [1, 2, 3]);
        assert!(!receive(&lock, 4));
        owning.unlock();
        assert!(receive(&lock, 5));
        assert_eq!(*lock.lock(), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn what_comes_while_it_is_drained_is_drained() {
        ringzero_machine::machine_local! {
            static LOCK: OwnerLock<u32> = OwnerLock::with_backlog(0, 0, |data, notes| {
                *data += 1;
                if notes > 1
                    && let Entered::Owned(mut more) = LOCK.enter()
                {
                    *more = notes - 1;
                }
            });
        }
        let owning = LOCK.lock();
        if let Entered::Owned(mut notes) = LOCK.enter() {
            *notes = 3;
        }
        drop(owning);
        assert_eq!(*LOCK.lock(), 3);
    }

    #[test]
    #[should_panic(expected = "sleep-in-atomic: lock of an owner lock may sleep")]
    fn owning_needs_a_context_that_may_sleep() {
        let lock = packets();
        preempt_disable();
        let _ = lock.lock();
    }
}
