//! Delayed work items: a timer that queues an item.
//!
//! The item is [`PENDING`] and [`DELAYED`] from its queueing until the timer's callback puts it on a pool. Arming and
//! deleting the timer are steps of their own, so there are moments when it is delayed and the timer is not pending: just
//! before it is armed, and between its expiry and the callback's step. Interrupts are off then on the CPU where that
//! happens, so whoever comes upon it runs on another CPU and may spin until it is over.

use crate::cancel::{Taken, finish, flush, grab, release_waiters, wait_for_other};
use crate::pool;
use crate::queue::{WorkQueue, give, this_cpu};
use crate::work::{DELAYED, PENDING, Work};
use core::mem::offset_of;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use ringzero_context::at;
use ringzero_machine::{Left, Op, Place, Within, model, relax};
use ringzero_time::{TIMER_IRQSAFE, Timer, from_timer, pending_timer};

/// The timer's CPU queues it.
const ANY_CPU: u32 = 0;

/// A delayed work item (`struct delayed_work`): a [`Work`] and the timer that queues it.
///
/// ```
/// use ringzero::workqueue::{DelayedWork, schedule_delayed_work};
/// use ringzero::{Machine, atomic::Atomic};
/// ringzero::global! {
///     static POLLS: Atomic = Atomic::new(0);
///     static POLL: DelayedWork = DelayedWork::new(|_| POLLS.inc());
/// }
/// // In two jiffies.
/// Machine::host().boot(|| assert!(schedule_delayed_work(&POLL, 2))).assert_clean();
/// assert_eq!(POLLS.read(), 1);
/// ```
#[doc(alias = "delayed_work")]
#[repr(C)]
pub struct DelayedWork {
    /// The item itself: a public field in C, too.
    pub work: Work,
    timer: Timer,
    /// One more than the CPU that it was queued on; [`ANY_CPU`]: the one where the timer expires.
    cpu: AtomicU32,
}

// The timer's callback knows the item by its place.
const _: () = assert!(offset_of!(DelayedWork, work) == 0);

impl DelayedWork {
    /// The fields and where they lie: what the C header mirrors.
    pub const LAYOUT: [(&'static str, usize); 3] =
        [("work", offset_of!(Self, work)), ("timer", offset_of!(Self, timer)), ("__rz_cpu", offset_of!(Self, cpu))];

    /// A delayed item that calls `f` with its [`Work`].
    #[doc(alias("INIT_DELAYED_WORK", "INIT_DELAYED_WORK_ONSTACK", "DECLARE_DELAYED_WORK"))]
    #[must_use]
    #[track_caller]
    pub const fn new(f: fn(&'static Work)) -> Self {
        Self { work: Work::new(f), timer: Timer::with_flags(expire, TIMER_IRQSAFE), cpu: AtomicU32::new(ANY_CPU) }
    }

    /// Initialises the item at `at` for C code, whatever was there. Every context; does not sleep.
    ///
    /// # Safety
    /// As [`Work::init_at`].
    #[doc(alias("INIT_DELAYED_WORK", "INIT_DELAYED_WORK_ONSTACK"))]
    pub unsafe fn init_at(at: *mut Self, func: *const (), class: Place) {
        // SAFETY: the caller's contract, for each part. A zeroed timer is one that was not initialised.
        unsafe {
            Work::init_at(&raw mut (*at).work, func, class);
            (&raw mut (*at).timer).write_bytes(0, 1);
            (&raw mut (*at).cpu).write(AtomicU32::new(ANY_CPU));
        }
        if let Some(m) = model() {
            m.object_made(at.addr(), size_of::<Self>(), class, "a delayed work item");
        }
    }

    /// Has the item queued on the system's workqueue in `delay` jiffies, on the CPU where the timer expires: this one;
    /// whether it was not pending. With a delay of 0 it is queued at once.
    ///
    /// Context: any but NMI. Never sleeps. What comes before comes before the function.
    #[doc(alias = "schedule_delayed_work")]
    #[track_caller]
    pub fn schedule(&'static self, delay: u64) -> bool {
        self.queue(None, delay, Place::caller())
    }

    /// [`DelayedWork::schedule`], to be queued on CPU `cpu`.
    ///
    /// # Panics
    /// When there is no such CPU.
    #[doc(alias = "schedule_delayed_work_on")]
    #[track_caller]
    pub fn schedule_on(&'static self, cpu: u32, delay: u64) -> bool {
        let place = Place::caller();
        pool::assert_cpu(cpu);
        self.queue(Some(cpu), delay, place)
    }

    /// Has the item queued in `delay` jiffies from now, whether it was pending or not; whether it was.
    ///
    /// Context: any but NMI. Never sleeps; spins while another CPU is queueing it.
    #[doc(alias("mod_delayed_work", "mod_delayed_work_on"))]
    #[track_caller]
    pub fn modify(&'static self, delay: u64) -> bool {
        self.modify_on(None, delay, Place::caller())
    }

    /// Takes the item back if it is pending, on its timer or on a pool; whether it was. Does not wait for its function,
    /// which may be running.
    ///
    /// Context: any but NMI. Never sleeps; spins while another CPU is queueing it.
    #[doc(alias = "cancel_delayed_work")]
    #[track_caller]
    pub fn cancel(&'static self) -> bool {
        let place = Place::caller();
        at::irq_disable_counted(place);
        let (held, taken) = self.grab(place);
        let was = match taken {
            Taken::Pending(instance) => {
                self.work.set_state(0);
                drop(held);
                release_waiters(instance, place);
                true
            }
            Taken::Idle | Taken::Canceling => {
                drop(held);
                false
            }
        };
        at::irq_enable_counted(place);
        was
    }

    /// Takes the item back if it is pending, and waits until its function does not run; whether it was pending. Queueing
    /// it meanwhile has no effect, also by itself.
    ///
    /// Context: task, sleeps: finding `sleep-in-atomic` elsewhere; not the item's own function, and holding nothing that
    /// the function waits for.
    #[doc(alias = "cancel_delayed_work_sync")]
    #[track_caller]
    pub fn cancel_sync(&'static self) -> bool {
        let place = Place::caller();
        at::might_sleep("cancel_delayed_work_sync()", place);
        loop {
            let (held, taken) = self.grab(place);
            let was = match taken {
                Taken::Canceling => {
                    drop(held);
                    wait_for_other(&self.work, place);
                    continue;
                }
                Taken::Pending(instance) => Some(instance),
                Taken::Idle => None,
            };
            return finish(held, &self.work, was, place);
        }
    }

    /// Has a delayed item queued at once, and waits until its last queueing has been executed; whether there was anything
    /// to wait for.
    ///
    /// Context: as [`DelayedWork::cancel_sync`].
    #[doc(alias = "flush_delayed_work")]
    #[track_caller]
    pub fn flush(&'static self) -> bool {
        let place = Place::caller();
        at::might_sleep("flush_delayed_work()", place);
        at::irq_disable_counted(place);
        if self.timer.delete_sync_at(place) {
            self.deliver(place);
        }
        at::irq_enable_counted(place);
        flush(&self.work, place)
    }

    /// Whether the item is pending, on its timer or on a pool.
    #[doc(alias = "delayed_work_pending")]
    #[must_use]
    #[track_caller]
    pub fn is_pending(&self) -> bool {
        self.work.is_pending()
    }

    fn queue(&'static self, cpu: Option<u32>, delay: u64, place: Place) -> bool {
        at::irq_disable_counted(place);
        let held = self.work.enter(Op::QueueWork, place);
        let idle = self.work.state() & PENDING == 0;
        if idle {
            self.begin(held, cpu, delay, place);
        } else {
            drop(held);
        }
        at::irq_enable_counted(place);
        idle
    }

    fn modify_on(&'static self, cpu: Option<u32>, delay: u64, place: Place) -> bool {
        at::irq_disable_counted(place);
        let was = loop {
            let held = self.work.enter(Op::QueueWork, place);
            if self.work.state() & DELAYED == 0 || unwinds() {
                break self.take_and_begin(held, cpu, delay, place);
            }
            drop(held);
            if self.timer.rearm_in(delay, place) {
                let _in = pool::lock();
                // On the host the timer may have expired since.
                if self.work.state() & DELAYED != 0 {
                    self.cpu.store(cpu.map_or(ANY_CPU, |cpu| cpu + 1), Relaxed);
                }
                break true;
            }
            // It is about to be armed, or its callback is on the way, on another CPU.
            relax(place);
        };
        at::irq_enable_counted(place);
        was
    }

    /// Lets an item begin anew that does not wait for its timer, as a part of a step on it; whether it was pending.
    fn take_and_begin(&'static self, held: Within<'_>, cpu: Option<u32>, delay: u64, place: Place) -> bool {
        let taken = grab(&self.work);
        if matches!(taken, Taken::Canceling) {
            drop(held);
        } else {
            self.begin(held, cpu, delay, place);
        }
        if let Taken::Pending(instance) = taken {
            // Those who wait for it would wait for what is never executed.
            release_waiters(instance, place);
        }
        !matches!(taken, Taken::Idle)
    }

    /// The item is the caller's, within a step on it, with interrupts off: lets it wait for its timer or a worker.
    fn begin(&'static self, held: Within<'_>, cpu: Option<u32>, delay: u64, place: Place) {
        if delay == 0 {
            self.work.set_state(PENDING);
            return give(held, &self.work, cpu.unwrap_or_else(this_cpu), place);
        }
        self.work.set_state(PENDING | DELAYED);
        self.cpu.store(cpu.map_or(ANY_CPU, |cpu| cpu + 1), Relaxed);
        if !self.timer.is_initialised() {
            // C's forms leave it zeroed.
            self.timer.adopt(expire, TIMER_IRQSAFE, self.work.made_at());
        }
        drop(held);
        self.timer.arm_in(delay, place);
    }

    /// Takes the item back from its timer, its pool, or nobody. Ends in a step on it; the state is the caller's to set.
    fn grab(&'static self, place: Place) -> (Within<'static>, Taken) {
        loop {
            let deleted = self.timer.delete_at(place);
            let held = self.work.enter(Op::CancelWork, place);
            let state = self.work.state();
            if deleted || state & DELAYED == 0 || unwinds() {
                return (held, grab(&self.work));
            }
            drop(held);
            // It is about to be armed, or its callback is on the way, on another CPU.
            relax(place);
        }
    }

    /// Puts a delayed item on a pool: the timer's time has come, or somebody has deleted it.
    fn deliver(&'static self, place: Place) {
        let held = self.work.enter(Op::QueueWork, place);
        if self.work.state() & DELAYED != 0 {
            self.work.set_state(PENDING);
            let cpu = self.cpu.load(Relaxed);
            give(held, &self.work, cpu.checked_sub(1).unwrap_or_else(this_cpu), place);
        }
    }
}

/// Whether an execution of the model is over, and its waits are too.
fn unwinds() -> bool {
    model().is_some() && ringzero_context::panicking()
}

/// The timer's callback.
///
/// Context: softirq, interrupts off.
fn expire(timer: &'static Timer) {
    // SAFETY: only the timers of delayed items have this callback.
    let delayed: &'static DelayedWork = unsafe { from_timer!(timer, DelayedWork, timer) };
    delayed.deliver(delayed.work.made_at().unwrap_or(Place::caller()));
}

/// A delayed item whose timer is armed.
pub(crate) fn leftover() -> Option<Left> {
    let is_ours = |at: usize| {
        // SAFETY: the address of a timer that was armed, and whose memory is alive.
        unsafe { (*core::ptr::with_exposed_provenance::<Timer>(at)).calls(expire) }
    };
    let (timer, place) = pending_timer(is_ours)?;
    let addr = timer - offset_of!(DelayedWork, timer);
    Some(Left { what: "a delayed work item that is still pending", name: None, addr, place: Some(place) })
}

macro_rules! calls {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $ty:ty),*) = |$work:ident| $call:expr;)*) => {$(
        $(#[$doc])*
        #[track_caller]
        pub fn $name($($arg: $ty,)* $work: &'static DelayedWork) -> bool {
            $call
        }
    )*};
}
calls! {
    /// [`DelayedWork::cancel`].
    cancel_delayed_work() = |work| work.cancel();
    /// [`DelayedWork::cancel_sync`].
    cancel_delayed_work_sync() = |work| work.cancel_sync();
    /// [`DelayedWork::flush`].
    flush_delayed_work() = |work| work.flush();
}

/// [`DelayedWork::schedule`].
#[track_caller]
pub fn schedule_delayed_work(work: &'static DelayedWork, delay: u64) -> bool {
    work.schedule(delay)
}

/// [`DelayedWork::schedule_on`].
///
/// # Panics
/// As the method.
#[track_caller]
pub fn schedule_delayed_work_on(cpu: u32, work: &'static DelayedWork, delay: u64) -> bool {
    work.schedule_on(cpu, delay)
}

/// [`DelayedWork::schedule`], on `wq`.
#[track_caller]
pub fn queue_delayed_work(wq: &WorkQueue, work: &'static DelayedWork, delay: u64) -> bool {
    let _ = wq;
    work.schedule(delay)
}

/// [`DelayedWork::schedule_on`], on `wq`.
///
/// # Panics
/// As the method.
#[track_caller]
pub fn queue_delayed_work_on(cpu: u32, wq: &WorkQueue, work: &'static DelayedWork, delay: u64) -> bool {
    let _ = wq;
    work.schedule_on(cpu, delay)
}

/// [`DelayedWork::modify`], on `wq`.
#[track_caller]
pub fn mod_delayed_work(wq: &WorkQueue, work: &'static DelayedWork, delay: u64) -> bool {
    let _ = wq;
    work.modify(delay)
}

/// [`mod_delayed_work`], to be queued on CPU `cpu`.
///
/// # Panics
/// When there is no such CPU.
#[track_caller]
pub fn mod_delayed_work_on(cpu: u32, wq: &WorkQueue, work: &'static DelayedWork, delay: u64) -> bool {
    let _ = wq;
    let place = Place::caller();
    pool::assert_cpu(cpu);
    work.modify_on(Some(cpu), delay, place)
}

/// The delayed item that a [`Work`] belongs to: `to_delayed_work!(work)` is a `&'static DelayedWork`.
///
/// It must be called in an `unsafe` block: the work has to be the one inside a `DelayedWork`.
///
/// ```
/// use ringzero::workqueue::{DelayedWork, Work, to_delayed_work};
/// fn poll(work: &'static Work) {
///     // SAFETY: only the item inside a `DelayedWork` has this function.
///     let poll: &'static DelayedWork = unsafe { to_delayed_work!(work) };
///     assert!(std::ptr::eq(poll, &*POLL));
/// }
/// ringzero::global! { static POLL: DelayedWork = DelayedWork::new(poll); }
/// ringzero::Machine::host().boot(|| assert!(POLL.schedule(1))).assert_clean();
/// ```
#[macro_export]
macro_rules! to_delayed_work {
    ($work:expr) => {
        $crate::from_work!($work, $crate::DelayedWork, work)
    };
}
