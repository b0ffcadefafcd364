//! Wound/wait mutexes: mutexes of which many are taken in any order.
//!
//! # Theory
//! Who takes several mutexes of a *class* does so under an *acquire context* ([`RawWwAcquireCtx`]). Its *stamp* says how old
//! it is: less is older. When two contexts want each other's mutexes, the younger one backs off: it is told so by
//! [`WwError::Deadlock`], unlocks all that it holds, and begins again, with the mutex that it could not get first.
//!
//! A class is one of two. *Wait/die* ([`WwClass::new_wd`]): a context that holds mutexes does not wait for an older one, but
//! *dies* (backs off). *Wound/wait* ([`WwClass::new_ww`]): an older context *wounds* the holder that it has to wait for; a
//! wounded context backs off when it would have to wait itself.
//!
//! **Invariants** (`W` for wound).
//! - W1. The word is 0 when the mutex is free, and 1 when it is held. With it change who holds it, under which context, and
//!   that one's stamp.
//! - W2. Whoever takes a mutex under a context pokes all who wait for it: they look whether they still may. So at any time, a
//!   waiting context that holds mutexes is older than the holder (wait/die), or the holder is older than the waiting one, or
//!   wounded (wound/wait). A circle of waiting contexts would need one that breaks this.
//! - W3. A context without mutexes is never told to back off. What wounded it before is forgotten when it takes its first one.
//! - W4. A context that may be wounded while it waits says so, and for which mutex; who wounds it pokes that mutex. The wait
//!   does not end before the poke is done, and a holder's context lives as long as it holds anything: nobody touches memory
//!   whose owner has gone.
//! - W5. Stamps come from a counter of the kernel instance; a context has one for its life. So each gets through in the end:
//!   there are only so many older ones.
//! - W6. Locking is an acquire, unlocking a release: they pair on the word.
//! - W7. Only the task of a context uses it, from its beginning to its end, and only with mutexes of its class.
//!
//! **Granularities.** Locking a free mutex is one step, unlocking is one step. Locking a held one is one more to wait, and one
//! each to wound, to poke who was wounded, and, under wound/wait with mutexes held, to say that it waits, and no more. All of it
//! is the same in the fine granularity: on threads each of these lies within the mutex's
//! [`StepLock`], within which that of a context may be taken.
//!
//! **Differences from Linux.** Who waits is not sorted: every order is explored, and rule W2 does not need one. On threads locking
//! takes a lock beside the word, also without contention. `CONFIG_DEBUG_WW_MUTEX_SLOWPATH` (backing off without a need) is not
//! there.

use core::fmt;
use core::mem::offset_of;
use core::ops::Deref;
use core::ptr;
use core::sync::atomic::{
    AtomicPtr, AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, SeqCst},
};
use ringzero_context::{violation, wait_asleep};
use ringzero_machine::{Cond, KBox, Mode, Op, Place, Step, StepLock, machine_local, model, step};
use ringzero_sched::{EALREADY, EDEADLK, EINTR};

use crate::common::{place_of, running};
use crate::ww_raw::RawWwMutex;

/// Of this kernel instance: what contexts share.
pub(crate) struct Shared {
    stamp: AtomicU64,
    /// How many are about to poke whom they have wounded. As an object: whether contexts are wounded, and wait.
    poking: AtomicU32,
}

machine_local! {
    pub(crate) static SHARED: Shared = Shared { stamp: AtomicU64::new(0), poking: AtomicU32::new(0) };
}

impl Shared {
    /// The address of the object that steps name that look at, or change, whether contexts are wounded.
    pub(crate) fn wounds(&self) -> usize {
        ptr::from_ref(&self.poking).addr()
    }
}

/// A class of wound/wait mutexes (`struct ww_class`).
///
/// ```
/// use ringzero::ww_mutex::{WwClass, WwMutex};
/// static BUFFERS: WwClass = WwClass::new_ww("buffers");
/// static FRONT: WwMutex<u32> = WwMutex::new(0, &BUFFERS);
/// *FRONT.lock_alone() += 1;
/// ```
#[doc(alias = "ww_class")]
#[repr(C)]
#[derive(Debug)]
pub struct WwClass {
    wait_die: u32,
    magic: u32,
    name: Option<&'static str>,
}

impl WwClass {
    /// What `magic` says of one that was initialised.
    pub const MAGIC: u32 = 0x525a_5743;

    /// The fields and where they lie: what the C header mirrors.
    pub const LAYOUT: [(&'static str, usize); 4] = [
        ("is_wait_die", offset_of!(Self, wait_die)),
        ("magic", offset_of!(Self, magic)),
        ("name", offset_of!(Self, name)),
        ("name_len", offset_of!(Self, name) + size_of::<usize>()),
    ];

    /// A class in which the older context wounds the younger one.
    #[doc(alias = "DEFINE_WW_CLASS")]
    #[must_use]
    pub const fn new_ww(name: &'static str) -> Self {
        Self { wait_die: 0, magic: Self::MAGIC, name: Some(name) }
    }

    /// A class in which the younger context dies rather than wait for the older one.
    #[doc(alias = "DEFINE_WD_CLASS")]
    #[must_use]
    pub const fn new_wd(name: &'static str) -> Self {
        Self { wait_die: 1, ..Self::new_ww(name) }
    }

    /// Whether it was initialised.
    #[must_use]
    pub const fn is_initialised(&self) -> bool {
        self.magic == Self::MAGIC
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        self.name.filter(|_| self.is_initialised())
    }
}

/// Why a wound/wait mutex was not locked.
///
/// ```
/// use ringzero::ww_mutex::{WwAcquireCtx, WwClass, WwError, WwMutex};
/// static BUFFERS: WwClass = WwClass::new_ww("buffers");
/// static FRONT: WwMutex<u32> = WwMutex::new(0, &BUFFERS);
/// static BACK: WwMutex<u32> = WwMutex::new(0, &BUFFERS);
/// let ctx = WwAcquireCtx::new(&BUFFERS);
/// let (front, back) = (FRONT.lock(&ctx), BACK.lock(&ctx));
/// assert!(front.is_ok() && back.is_ok());
/// assert_eq!(FRONT.lock(&ctx).err(), Some(WwError::Already));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WwError {
    /// The context has to back off: unlock all, then lock this one with `lock_slow`.
    Deadlock,
    /// The context holds it already.
    Already,
    /// A signal came first.
    Interrupted,
}

impl WwError {
    /// The error number that Linux's functions return.
    #[must_use]
    pub const fn to_errno(self) -> i32 {
        match self {
            Self::Deadlock => -EDEADLK,
            Self::Already => -EALREADY,
            Self::Interrupted => -EINTR,
        }
    }
}

/// An older context wants what this one holds.
pub(crate) const WOUNDED: u32 = 1;

/// An acquire context: what C puts on its stack (`struct ww_acquire_ctx`). In Rust, [`WwAcquireCtx`], which derefs to it.
///
/// ```
/// use ringzero::ww_mutex::{RawWwAcquireCtx, WwAcquireCtx, WwClass, WwMutex};
/// static BUFFERS: WwClass = WwClass::new_ww("buffers");
/// static FRONT: WwMutex<u32> = WwMutex::new(0, &BUFFERS);
/// let ctx = WwAcquireCtx::new(&BUFFERS);
/// let _front = FRONT.lock(&ctx).unwrap();
/// let raw: &RawWwAcquireCtx = &ctx;
/// assert_eq!(raw.acquired(), 1);
/// ```
#[doc(alias = "ww_acquire_ctx")]
#[repr(C)]
pub struct RawWwAcquireCtx {
    /// Age: less is older.
    stamp: u64,
    task: AtomicPtr<()>,
    class: AtomicPtr<WwClass>,
    /// What it waits for, if it may be wounded meanwhile.
    waits_for: AtomicPtr<RawWwMutex>,
    /// Because of which mutex it has to back off.
    contending: AtomicPtr<RawWwMutex>,
    began_at: AtomicPtr<()>,
    /// [`WOUNDED`].
    state: AtomicU32,
    /// How many mutexes are held under it.
    acquired: AtomicU32,
    /// It takes no more.
    done: AtomicU32,
    magic: AtomicU32,
    /// On threads: what others change of it.
    lock: StepLock,
    wait_die: u32,
}

// SAFETY: everything inside is atomic, a lock, or never written after construction.
unsafe impl Sync for RawWwAcquireCtx {}

impl RawWwAcquireCtx {
    /// What `magic` says of one in use.
    pub const MAGIC: u32 = 0x525a_5741;

    /// The fields and where they lie: what the C header mirrors.
    pub const LAYOUT: [(&'static str, usize); 12] = [
        ("stamp", offset_of!(Self, stamp)),
        ("task", offset_of!(Self, task)),
        ("ww_class", offset_of!(Self, class)),
        ("waits_for", offset_of!(Self, waits_for)),
        ("contending_lock", offset_of!(Self, contending)),
        ("began_at", offset_of!(Self, began_at)),
        ("state", offset_of!(Self, state)),
        ("acquired", offset_of!(Self, acquired)),
        ("done_acquire", offset_of!(Self, done)),
        ("magic", offset_of!(Self, magic)),
        ("step_lock", offset_of!(Self, lock)),
        ("is_wait_die", offset_of!(Self, wait_die)),
    ];

    /// Begins one for mutexes of `class`: takes a stamp, in a step.
    #[doc(alias = "ww_acquire_init")]
    #[must_use]
    pub fn begin(class: &'static WwClass, place: Place) -> Self {
        let counter = &SHARED.get().stamp;
        step(
            &Step::new(Op::WwAcquireInit, Mode::Rmw, ptr::from_ref(counter).addr(), 8, place).named(class.name(), None),
        );
        Self {
            stamp: counter.fetch_add(1, Relaxed) + 1,
            task: AtomicPtr::new(running()),
            class: AtomicPtr::new(ptr::from_ref(class).cast_mut()),
            waits_for: AtomicPtr::new(ptr::null_mut()),
            contending: AtomicPtr::new(ptr::null_mut()),
            began_at: AtomicPtr::new(place.as_ptr()),
            state: AtomicU32::new(0),
            acquired: AtomicU32::new(0),
            done: AtomicU32::new(0),
            magic: AtomicU32::new(Self::MAGIC),
            lock: StepLock::new(),
            wait_die: class.wait_die,
        }
    }

    /// Says that it takes no more mutexes. Finding `warn` if it does.
    #[doc(alias = "ww_acquire_done")]
    #[track_caller]
    pub fn done(&self) {
        let place = Place::caller();
        self.assert_usable(place);
        if self.done.swap(1, Relaxed) != 0 {
            self.warn(place, format_args!("ww_acquire_done() again"));
        }
    }

    /// Ends it. Finding `warn` if mutexes are still held under it.
    #[doc(alias = "ww_acquire_fini")]
    #[track_caller]
    pub fn end(&self) {
        let place = Place::caller();
        self.assert_usable(place);
        let held = self.acquired();
        if held != 0 {
            self.warn(place, format_args!("ww_acquire_fini() while mutexes are held under the context: {held}"));
        }
        self.magic.store(0, Relaxed);
    }

    fn warn(&self, place: Place, text: fmt::Arguments<'_>) {
        violation("warn", place, place_of(&self.began_at), text);
    }

    fn assert_usable(&self, place: Place) {
        if self.magic.load(Relaxed) != Self::MAGIC {
            // What is there may be anything.
            let text = format_args!("an acquire context is used before ww_acquire_init() or after ww_acquire_fini()");
            violation("warn", place, None, text);
        } else if self.task.load(Relaxed) != running() {
            self.warn(place, format_args!("an acquire context is used by another task than the one that began it"));
        }
    }

    /// Findings of using it for `mutex`, and what is due before it takes its first one.
    pub(crate) fn prepare(&self, mutex: &RawWwMutex, class: *const WwClass, slow: bool, place: Place) {
        self.assert_usable(place);
        let (held, name) = (self.acquired(), mutex.called());
        let contending = self.contending.load(Relaxed);
        if !ptr::eq(self.class.load(Relaxed), class) {
            self.warn(place, format_args!("`{name}` is of another class than the acquire context"));
        } else if self.done.load(Relaxed) != 0 {
            self.warn(place, format_args!("`{name}` is taken after ww_acquire_done()"));
        } else if slow && held != 0 {
            self.warn(place, format_args!("ww_mutex_lock_slow() of `{name}` while mutexes are held: {held}"));
        } else if !contending.is_null() && held != 0 {
            self.warn(place, format_args!("`{name}` is taken after -EDEADLK, before all mutexes were unlocked"));
        } else if slow && !contending.is_null() && !ptr::eq(contending, mutex) {
            self.warn(
                place,
                format_args!("ww_mutex_lock_slow() of `{name}`, which was not the one that was contended"),
            );
        }
        if held == 0 {
            // Nobody wounds a context that holds nothing.
            self.state.store(0, Relaxed);
        }
    }

    pub(crate) const fn stamp(&self) -> u64 {
        self.stamp
    }

    pub(crate) const fn is_wait_die(&self) -> bool {
        self.wait_die != 0
    }

    /// How many mutexes are held under it.
    #[must_use]
    pub fn acquired(&self) -> u32 {
        self.acquired.load(Relaxed)
    }

    /// Whether it is wounded. Within a step that names [`Shared::wounds`].
    pub(crate) fn is_wounded(&self) -> bool {
        self.state.load(SeqCst) & WOUNDED != 0
    }

    /// Whether others may wound it to an effect.
    pub(crate) fn is_vulnerable(&self) -> bool {
        self.wait_die == 0 && self.acquired() != 0
    }

    /// Notes one more mutex, or one less.
    pub(crate) fn count(&self, n: u32) {
        self.acquired.store(self.acquired().wrapping_add(n), Relaxed);
        if n == 1 {
            self.contending.store(ptr::null_mut(), Relaxed);
        }
    }

    pub(crate) fn backs_off(&self, mutex: &RawWwMutex) {
        self.contending.store(ptr::from_ref(mutex).cast_mut(), Relaxed);
    }

    fn wound_step(&self, mode: Mode, place: Place) -> Step {
        Step::new(Op::WwWait, mode, SHARED.get().wounds(), 4, place).named(Some("wounds"), place_of(&self.began_at))
    }

    /// Says for which mutex it waits from now on, unless it is wounded; whether it is not.
    pub(crate) fn waits_for(&self, mutex: &RawWwMutex, place: Place) -> bool {
        let _in = self.lock.enter(&self.wound_step(Mode::Read, place));
        if self.is_wounded() {
            return false;
        }
        self.waits_for.store(ptr::from_ref(mutex).cast_mut(), Relaxed);
        true
    }

    /// It waits no more, and nobody is about to poke what it has waited for.
    pub(crate) fn waits_no_more(&self, place: Place) {
        let announced = self.wound_step(Mode::Read, place);
        if model().is_none() {
            let _in = self.lock.lock();
            return self.waits_for.store(ptr::null_mut(), Relaxed);
        }
        let nobody_pokes = Cond::on(&SHARED.get().poking, |pokes, _| pokes == 0, 0);
        wait_asleep(&announced, nobody_pokes, || self.waits_for.store(ptr::null_mut(), Relaxed));
    }

    /// Wounds it, within a step that names [`Shared::wounds`], while it holds a mutex; what is to be poked then, by
    /// [`poke_wounded`].
    pub(crate) fn wound(&self) -> *const RawWwMutex {
        let _in = self.lock.lock();
        self.state.fetch_or(WOUNDED, SeqCst);
        let mutex = self.waits_for.load(Acquire);
        if mutex.is_null() {
            return mutex;
        }
        if model().is_some() {
            SHARED.get().poking.fetch_add(1, Relaxed);
            return mutex;
        }
        // SAFETY: the context waits for it, and does not stop that while its lock is held.
        unsafe { &*mutex }.poked();
        ptr::null()
    }
}

/// Pokes those who wait for `mutex`, which [`RawWwAcquireCtx::wound`] has returned. On the model.
pub(crate) fn poke_wounded(mutex: *const RawWwMutex, place: Place) {
    // SAFETY: who waits for it was wounded, and its wait does not end while somebody is about to poke.
    unsafe { &*mutex }.poke(place);
    let poking = &SHARED.get().poking;
    step(&Step::new(Op::WwWound, Mode::Rmw, ptr::from_ref(poking).addr(), 4, place).named(Some("wounds"), None));
    poking.fetch_sub(1, Relaxed);
}

impl fmt::Debug for RawWwAcquireCtx {
    /// Shows the state without a step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawWwAcquireCtx(stamp {}, {} held)", self.stamp, self.acquired())
    }
}

/// An acquire context (`struct ww_acquire_ctx`). Ends when dropped: finding `warn` if mutexes are held under it then.
///
/// ```
/// use ringzero::ww_mutex::{WwAcquireCtx, WwClass, WwError, WwMutex};
/// use ringzero::Machine;
/// static ACCOUNTS: WwClass = WwClass::new_ww("accounts");
/// static A: WwMutex<i32> = WwMutex::new(10, &ACCOUNTS);
/// static B: WwMutex<i32> = WwMutex::new(10, &ACCOUNTS);
/// fn transfer(from: &'static WwMutex<i32>, to: &'static WwMutex<i32>) {
///     let ctx = WwAcquireCtx::new(&ACCOUNTS);
///     let mut first = from.lock(&ctx).expect("the first one never fails");
///     match to.lock(&ctx) {
///         Ok(mut second) => (*first -= 1, *second += 1),
///         Err(error) => {
///             assert_eq!(error, WwError::Deadlock);
///             drop(first); // back off, and begin with the other one
///             let mut second = to.lock_slow(&ctx);
///             let mut first = from.lock(&ctx).expect("nobody is older in this program");
///             (*first -= 1, *second += 1)
///         }
///     };
/// }
/// Machine::host().cpus(2).boot(|| transfer(&A, &B)).assert_clean();
/// assert_eq!((*A.lock_alone(), *B.lock_alone()), (9, 11));
/// ```
#[doc(alias = "ww_acquire_ctx")]
#[derive(Debug)]
pub struct WwAcquireCtx {
    /// Where mutexes find it until they are unlocked.
    raw: &'static RawWwAcquireCtx,
    /// Neither `Send` nor `Sync`: it belongs to its task.
    owned: core::marker::PhantomData<*mut ()>,
}

impl WwAcquireCtx {
    /// Begins one for mutexes of `class`. Task context; does not sleep.
    #[doc(alias = "ww_acquire_init")]
    #[must_use]
    #[track_caller]
    pub fn new(class: &'static WwClass) -> Self {
        let raw = KBox::new(RawWwAcquireCtx::begin(class, Place::caller())).leak();
        Self { raw, owned: core::marker::PhantomData }
    }

    /// Says that it takes no more mutexes. Finding `warn` if it does.
    #[doc(alias = "ww_acquire_done")]
    #[track_caller]
    pub fn done(&self) {
        self.raw.done();
    }
}

impl Deref for WwAcquireCtx {
    type Target = RawWwAcquireCtx;
    fn deref(&self) -> &RawWwAcquireCtx {
        self.raw
    }
}

impl Drop for WwAcquireCtx {
    #[track_caller]
    fn drop(&mut self) {
        self.raw.end();
        // A guard that was forgotten leaves a mutex that names the context: then it stays.
        if self.raw.acquired() == 0 {
            // SAFETY: from `KBox::leak`; no mutex names it any more, and this was the only owner.
            unsafe { KBox::dispose(self.raw) };
        }
    }
}
