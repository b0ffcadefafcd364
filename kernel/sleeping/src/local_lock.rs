//! Local locks: a name for a section that keeps others off this CPU's data.
//!
//! As in a kernel that is not real-time, nobody waits for one: what keeps others away is that preemption is off, or interrupts.
//! The lock says which data that is for, and notices when it was not enough.

use crate::common::{class_of, no_second_guard, place_of, running, tell};
use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::{ManuallyDrop, offset_of};
use core::ops::{Deref, DerefMut};
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering::Relaxed};
use ringzero_context::violation;
use ringzero_machine::{LockEvent, Mode, Op, PerCpu, Place, Step, cpu, step};
use ringzero_spinning::{Irq, IrqSave, Kind, Plain};

/// One CPU's lock without data: what C embeds (`local_lock_t`). All zeroes is a free one. Who takes it says himself what keeps
/// others away.
///
/// ```
/// use ringzero::{context::{preempt_disable, preempt_enable}, local_lock::RawLocalLock, machine::Place};
/// let lock = RawLocalLock::new();
/// preempt_disable();
/// lock.take(Place::here());
/// lock.release(Place::here());
/// preempt_enable();
/// assert!(lock.is_initialised());
/// ```
#[doc(alias = "local_lock_t")]
#[repr(C)]
pub struct RawLocalLock {
    /// 1 while it is held. This CPU alone touches it, as all of these.
    held: AtomicU32,
    /// What was stacked upon the task when it was taken.
    level: AtomicU32,
    owner: AtomicPtr<()>,
    held_at: AtomicPtr<()>,
    class: AtomicPtr<()>,
    name: Option<&'static str>,
    magic: AtomicU32,
}

impl RawLocalLock {
    /// What `magic` says of one that was initialised.
    pub const MAGIC: u32 = 0x525a_4c4c;

    /// The fields and where they lie: what the C header mirrors.
    pub const LAYOUT: [(&'static str, usize); 8] = [
        ("held", offset_of!(Self, held)),
        ("level", offset_of!(Self, level)),
        ("owner", offset_of!(Self, owner)),
        ("held_at", offset_of!(Self, held_at)),
        ("class", offset_of!(Self, class)),
        ("name", offset_of!(Self, name)),
        ("name_len", offset_of!(Self, name) + size_of::<usize>()),
        ("magic", offset_of!(Self, magic)),
    ];

    /// A free one whose class is the caller's place.
    #[must_use]
    #[track_caller]
    pub const fn new() -> Self {
        Self {
            held: AtomicU32::new(0),
            level: AtomicU32::new(0),
            owner: AtomicPtr::new(ptr::null_mut()),
            held_at: AtomicPtr::new(ptr::null_mut()),
            class: AtomicPtr::new(Place::here().as_ptr()),
            name: None,
            magic: AtomicU32::new(Self::MAGIC),
        }
    }

    /// Makes the memory at `at` a free one whose class is `place`. Every context; does not sleep.
    ///
    /// # Safety
    /// `at` must be valid for writes and aligned.
    pub unsafe fn init_at(at: *mut Self, name: Option<&'static str>, place: Place) {
        let lock = Self { class: AtomicPtr::new(place.as_ptr()), name, ..Self::new() };
        // SAFETY: the caller's contract.
        unsafe { at.write(lock) };
    }

    /// Whether it was initialised. Rust may use a zeroed one all the same.
    #[must_use]
    pub fn is_initialised(&self) -> bool {
        self.magic.load(Relaxed) == Self::MAGIC
    }

    pub(crate) fn called(&self) -> &'static str {
        self.name.unwrap_or("a local lock")
    }

    pub(crate) fn class(&self) -> Option<Place> {
        class_of(&self.class)
    }

    fn address(&self) -> usize {
        ptr::from_ref(self).addr()
    }

    /// A step, where what is not kept away may come in between.
    fn announce(&self, op: Op, place: Place) {
        step(&Step::new(op, Mode::Rmw, self.address(), 4, place).named(self.name, self.class()));
    }

    /// Takes this CPU's; what keeps others away is there already. Finding `self-deadlock` or `irq-deadlock` if it is held: in a
    /// real-time kernel the CPU would wait, in another one the data is not protected.
    pub fn take(&self, place: Place) {
        tell(|| LockEvent::acquire(self.address(), self.class(), self.name, place));
        self.announce(Op::LocalLock, place);
        if self.held.load(Relaxed) != 0 {
            self.is_taken(place);
        }
        self.held.store(1, Relaxed);
        self.level.store(cpu().irq_nesting.get(), Relaxed);
        self.owner.store(running(), Relaxed);
        self.held_at.store(place.as_ptr(), Relaxed);
    }

    /// Whether the running context holds it. No step.
    pub(crate) fn is_ours(&self) -> bool {
        self.held.load(Relaxed) != 0
            && (self.owner.load(Relaxed), self.level.load(Relaxed)) == (running(), cpu().irq_nesting.get())
    }

    #[cold]
    fn is_taken(&self, place: Place) {
        let name = self.called();
        let same = (self.owner.load(Relaxed), self.level.load(Relaxed)) == (running(), cpu().irq_nesting.get());
        let (code, who) = if same {
            ("self-deadlock", "the caller holds already")
        } else {
            ("irq-deadlock", "what it interrupted on this CPU holds")
        };
        violation(code, place, place_of(&self.held_at), format_args!("local_lock() of `{name}`, which {who}"));
        no_second_guard("local_lock()", name);
    }

    /// Releases it, while that is still there. Finding `unlock-by-other` if the caller does not hold it.
    pub fn release(&self, place: Place) {
        tell(|| LockEvent::release(self.address(), self.class(), self.name, place));
        self.announce(Op::LocalUnlock, place);
        if !self.is_ours() {
            let name = self.called();
            let text = format_args!("local_unlock() of `{name}`, which the caller does not hold on this CPU");
            return violation("unlock-by-other", place, self.class(), text);
        }
        self.held.store(0, Relaxed);
    }
}

/// A lock around data of which each CPU has its own, in a variable of `define_per_cpu!`. Holding it keeps others off this CPU:
/// tasks with [`LocalLock::lock`], interrupts too with [`LocalLock::lock_irq`] and [`LocalLock::lock_irqsave`]. Never sleeps,
/// and who holds it does not.
///
/// Finding `irq-deadlock` if an interrupt takes what the task holds that it interrupted, `self-deadlock` if a holder takes it
/// again.
///
/// ```
/// use ringzero::{context::preemptible, define_per_cpu, local_lock::LocalLock};
/// define_per_cpu! {
///     static BATCH: LocalLock<u32> = LocalLock::new(0).named("batch");
/// }
/// let mut batch = LocalLock::lock(&BATCH);
/// *batch += 1;
/// assert!(!preemptible());
/// drop(batch);
/// assert_eq!(*LocalLock::lock_irqsave(&BATCH), 1);
/// ```
#[doc(alias = "local_lock_t")]
#[repr(C)]
pub struct LocalLock<T> {
    raw: RawLocalLock,
    data: UnsafeCell<T>,
}

macro_rules! forms {
    ($($lock:ident: $kind:ident, $alias:literal, $what:literal;)*) => {$(
        #[doc = concat!("Takes this CPU's, with ", $what, ".")]
        #[doc(alias = $alias)]
        #[track_caller]
        #[inline]
        pub fn $lock(of: &'static PerCpu<Self>) -> LocalGuard<T, $kind> {
            Self::lock_kind(of, Place::caller())
        }
    )*};
}

impl<T> LocalLock<T> {
    /// A free one around `value`. Its class is the caller's place.
    #[doc(alias("INIT_LOCAL_LOCK", "local_lock_init"))]
    #[must_use]
    #[track_caller]
    pub const fn new(value: T) -> Self {
        Self { raw: RawLocalLock::new(), data: UnsafeCell::new(value) }
    }

    /// The same with a name for reports.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.raw.name = Some(name);
        self
    }
}

impl<T> LocalLock<T> {
    /// The lock without the data, to be looked at.
    pub(crate) const fn as_raw(&self) -> &RawLocalLock {
        &self.raw
    }
}

impl<T: Send> LocalLock<T> {
    forms! {
        lock: Plain, "local_lock", "preemption off. Task or softirq, whichever alone uses it";
        lock_irq: Irq, "local_lock_irq", "interrupts off; dropping the guard switches them on, whatever they were";
        lock_irqsave: IrqSave, "local_lock_irqsave", "interrupts off, counted. Every context but an NMI";
    }

    fn lock_kind<K: Kind>(of: &'static PerCpu<Self>, place: Place) -> LocalGuard<T, K> {
        K::enter(place);
        // From here on the CPU stays the same.
        let lock = of.this();
        lock.raw.take(place);
        LocalGuard { lock, kind: PhantomData }
    }
}

impl<T> fmt::Debug for LocalLock<T> {
    /// Shows the lock, not the data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.raw.held.load(Relaxed) == 0 { "free" } else { "held" };
        write!(f, "LocalLock({}, {state})", self.raw.name.unwrap_or("unnamed"))
    }
}

/// This CPU's [`LocalLock`], held: gives the data, and releases it when dropped. Stays on its CPU, so it is not `Send`.
///
/// ```
/// use ringzero::{context::irqs_disabled, define_per_cpu, local_lock::{LocalGuard, LocalLock}, sync::Irq};
/// define_per_cpu! {
///     static QUEUE: LocalLock<u32> = LocalLock::new(0);
/// }
/// let held: LocalGuard<u32, Irq> = LocalLock::lock_irq(&QUEUE);
/// assert!(irqs_disabled() && *held == 0);
/// held.unlock();
/// assert!(!irqs_disabled());
/// ```
#[must_use = "the lock is released when the guard is dropped"]
pub struct LocalGuard<T: 'static, K: Kind> {
    lock: &'static LocalLock<T>,
    /// Neither `Send` nor `Sync`: it says something of this CPU.
    kind: PhantomData<*mut K>,
}

impl<T, K: Kind> LocalGuard<T, K> {
    /// Releases it here, where the report can say so.
    #[doc(alias("local_unlock", "local_unlock_irq", "local_unlock_irqrestore"))]
    #[track_caller]
    #[inline]
    pub fn unlock(self) {
        ManuallyDrop::new(self).release(Place::caller());
    }

    fn release(&self, place: Place) {
        self.lock.raw.release(place);
        K::leave(place);
    }
}

impl<T, K: Kind> Drop for LocalGuard<T, K> {
    /// The place is this one; the report finds the caller's from the stack.
    fn drop(&mut self) {
        self.release(Place::caller());
    }
}

impl<T, K: Kind> Deref for LocalGuard<T, K> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: the guard is on the CPU whose data it is, and nobody else there has one.
        unsafe { &*self.lock.data.get() }
    }
}

impl<T, K: Kind> DerefMut for LocalGuard<T, K> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`; the guard is borrowed alone.
        unsafe { &mut *self.lock.data.get() }
    }
}

impl<T: fmt::Debug, K: Kind> fmt::Debug for LocalGuard<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl Default for RawLocalLock {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RawLocalLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawLocalLock({})", self.called())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringzero_context::{irq_enter, irqs_disabled, preemptible};
    use ringzero_machine::define_per_cpu;

    define_per_cpu! {
        // Without a machine all threads are one CPU, so each test has its own.
        static COUNT: LocalLock<u32> = LocalLock::new(0).named("count");
        static TWICE: LocalLock<u32> = LocalLock::new(0).named("count");
        static IN_IRQ: LocalLock<u32> = LocalLock::new(0).named("count");
    }

    #[test]
    fn each_form_keeps_its_others_off() {
        let mut count = LocalLock::lock(&COUNT);
        *count += 1;
        assert!(!preemptible() && !irqs_disabled());
        count.unlock();
        let count = LocalLock::lock_irq(&COUNT);
        assert!(irqs_disabled());
        drop(count);
        assert!(preemptible());
        drop(LocalLock::lock_irqsave(&COUNT));
        assert_eq!(std::format!("{:?}", COUNT.this()), "LocalLock(count, free)");
    }

    #[test]
    #[should_panic(expected = "self-deadlock: local_lock() of `count`, which the caller holds already")]
    fn it_is_not_taken_twice() {
        let _one = LocalLock::lock(&TWICE);
        let _other = LocalLock::lock(&TWICE);
    }

    #[test]
    #[should_panic(expected = "irq-deadlock: local_lock() of `count`, which what it interrupted on this CPU holds")]
    fn an_interrupt_does_not_take_a_tasks() {
        let _one = LocalLock::lock(&IN_IRQ);
        cpu().irq_nesting.set(1);
        irq_enter();
        let _other = LocalLock::lock(&IN_IRQ);
    }

    #[test]
    #[should_panic(expected = "unlock-by-other: local_unlock() of `l`, which the caller does not hold on this CPU")]
    fn what_is_free_is_not_released() {
        let mut lock = RawLocalLock::new();
        lock.name = Some("l");
        lock.release(Place::here());
    }
}
