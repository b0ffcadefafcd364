//! Tasklets: functions that run in softirq context, each on one CPU at a time.
//!
//! `tasklet_struct`'s two words decide everything: `state` ([`SCHED`], [`RUN`], [`PARKED`]) and `count`, which is not 0
//! while the tasklet is disabled. Scheduling, the begin and the end of a run, killing, disabling and enabling are steps on
//! them. Which CPU's list a tasklet is on follows from its CPU's word of pending softirqs (crate invariant 7).
//!
//! On the host `lock` makes one step of what looks at both words. Scheduling is a single instruction without it, so the
//! state changes by such instructions only. Who ends a run opens the lock as the last thing that touches the tasklet, and
//! who waits for the end takes it: then the tasklet may be freed.

mod cpu;

use core::ffi::c_ulong;
use core::fmt;
use core::mem::{offset_of, transmute};
use core::ptr;
use core::sync::atomic::{
    AtomicPtr, AtomicU32, AtomicU64, AtomicUsize,
    Ordering::{AcqRel, Acquire, Relaxed},
};
pub use cpu::leftover;
use cpu::{Node, forget, park, parks_at, queue, unpark};
pub(crate) use cpu::{hand_over, hand_over_all, own_words, run_taken, take_queued};
use ringzero_context::{self as context, Balance, violation, wait_asleep};
use ringzero_machine::{Cond, Mode, Op, Place, Step, StepLock, WaitKind, model, notify, step, wait};

/// Waits to run.
const SCHED: u64 = 1;
/// Runs.
const RUN: u64 = 2;
/// Waits to run, and its CPU has come to it while it was disabled or ran elsewhere: whoever ends that queues it again.
const PARKED: u64 = 4;

/// The kind of function that a tasklet calls. Zeroed memory is [`TaskletStyle::COld`].
///
/// ```
/// use ringzero::tasklet::TaskletStyle;
/// // What `DECLARE_TASKLET_OLD()` leaves in the word, and what zeroed memory has there.
/// assert_eq!(TaskletStyle::COld as u32, 0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum TaskletStyle {
    /// `void func(unsigned long data)`.
    COld = 0,
    /// `void callback(struct tasklet_struct *)`.
    CNew = 1,
    /// A Rust function of the tasklet.
    Rust = 2,
    /// A Rust function of the data word.
    RustData = 3,
}

/// A tasklet (`struct tasklet_struct`).
///
/// It is usually a field of the object that it belongs to; its function then finds the object with
/// [`from_tasklet!`](crate::from_tasklet). All zeroes is a tasklet without a function: running it panics with a message.
///
/// ```
/// use ringzero::{Machine, atomic::Atomic, context::in_serving_softirq, tasklet::Tasklet};
/// fn receive(_: &'static Tasklet) {
///     assert!(in_serving_softirq());
///     RECEIVED.inc();
/// }
/// ringzero::global! {
///     static RECEIVED: Atomic = Atomic::new(0);
///     static RECEIVE: Tasklet = Tasklet::new(receive);
/// }
/// Machine::host().boot(|| assert!(RECEIVE.schedule())).assert_clean();
/// assert_eq!(RECEIVED.read(), 1);
/// ```
#[doc(alias = "tasklet_struct")]
#[repr(C)]
pub struct Tasklet {
    /// In the place of `next`, with which C's oldest initialisers begin.
    lock: StepLock,
    _unused: AtomicU32,
    state: AtomicU64,
    count: AtomicU32,
    /// What it calls, of the kind that `style` says; null when it was not set up.
    func: AtomicPtr<()>,
    data: AtomicUsize,
    /// [`TaskletStyle`].
    style: AtomicU32,
    magic: AtomicU32,
    /// Where it was made. Means something only with `magic`.
    class: Option<Place>,
}

// SAFETY: all fields but `class` are atomics, and that is never written while others have the tasklet.
unsafe impl Sync for Tasklet {}
// SAFETY: as above; a scheduled tasklet cannot be moved, since only `&'static` ones are scheduled.
unsafe impl Send for Tasklet {}

fn is_unscheduled(state: u64, _: u64) -> bool {
    state & SCHED == 0
}

fn is_not_running(state: u64, _: u64) -> bool {
    state & RUN == 0
}

/// Making tasklets.
impl Tasklet {
    /// What a word says of a tasklet that was set up, but for C's oldest initialisers.
    pub const MAGIC: u32 = 0x525a_544c;

    /// The fields and where they lie: what the C header mirrors.
    pub const LAYOUT: [(&'static str, usize); 8] = [
        ("next", offset_of!(Self, lock)),
        ("state", offset_of!(Self, state)),
        ("count", offset_of!(Self, count)),
        ("func", offset_of!(Self, func)),
        ("data", offset_of!(Self, data)),
        ("use_callback", offset_of!(Self, style)),
        ("__rz_magic", offset_of!(Self, magic)),
        ("__rz_class", offset_of!(Self, class)),
    ];

    /// A tasklet that calls `f` with itself.
    #[doc(alias("tasklet_setup", "DECLARE_TASKLET"))]
    #[must_use]
    #[track_caller]
    pub const fn new(f: fn(&'static Tasklet)) -> Self {
        Self::make(f as *mut (), 0, TaskletStyle::Rust as u32)
    }

    /// A tasklet in the old style, that calls `f` with `data`.
    #[doc(alias("tasklet_init", "DECLARE_TASKLET_OLD"))]
    #[must_use]
    #[track_caller]
    pub const fn with_data(f: fn(usize), data: usize) -> Self {
        Self::make(f as *mut (), data, TaskletStyle::RustData as u32)
    }

    /// The same tasklet, disabled once.
    #[doc(alias("DECLARE_TASKLET_DISABLED", "DECLARE_TASKLET_DISABLED_OLD"))]
    #[must_use]
    pub const fn disabled(mut self) -> Self {
        self.count = AtomicU32::new(1);
        self
    }

    #[track_caller]
    const fn make(func: *mut (), data: usize, style: u32) -> Self {
        Self {
            lock: StepLock::new(),
            _unused: AtomicU32::new(0),
            state: AtomicU64::new(0),
            count: AtomicU32::new(0),
            func: AtomicPtr::new(func),
            data: AtomicUsize::new(data),
            style: AtomicU32::new(style),
            magic: AtomicU32::new(Self::MAGIC),
            class: Some(Place::here()),
        }
    }

    /// Sets up the tasklet at `at` for C code, whatever was there, in a step that writes it: not scheduled, enabled. Every
    /// context; does not sleep.
    ///
    /// # Safety
    /// `at` is valid for writes of a `Tasklet`, and nobody else uses it meanwhile. `func` is null or a function of the
    /// kind `style`, to be called as long as the tasklet is used.
    #[doc(alias("tasklet_init", "tasklet_setup"))]
    pub unsafe fn init_at(at: *mut Self, style: TaskletStyle, func: *const (), data: usize, class: Place) {
        let state = at.addr() + offset_of!(Self, state);
        step(&Step::new(Op::InitObject, Mode::Write, state, 8, class).named(Some("tasklet"), Some(class)));
        let made = Self { class: Some(class), ..Self::make(func.cast_mut(), data, style as u32) };
        // SAFETY: the caller's contract.
        unsafe { at.write(made) };
        if let Some(m) = model() {
            m.object_made(at.addr(), size_of::<Self>(), class, "tasklet");
        }
    }
}

/// Using them.
impl Tasklet {
    /// Has the tasklet run soon, on this CPU. It will run once after this, whether it runs just now or not; nothing
    /// happens if it is scheduled already. Whether it was not.
    ///
    /// Context: any but NMI. Never sleeps. Orders what comes before it before the run.
    #[doc(alias = "tasklet_schedule")]
    #[track_caller]
    pub fn schedule(&'static self) -> bool {
        self.schedule_at(false, Place::caller())
    }

    /// [`Tasklet::schedule`], to run before tasklets that were scheduled with that.
    #[doc(alias = "tasklet_hi_schedule")]
    #[track_caller]
    pub fn hi_schedule(&'static self) -> bool {
        self.schedule_at(true, Place::caller())
    }

    fn schedule_at(&'static self, high: bool, place: Place) -> bool {
        step(&self.on_state(Op::TaskletSchedule, place).ordered(true, true));
        if self.state.fetch_or(SCHED, AcqRel) & SCHED != 0 {
            return false;
        }
        queue(self, high, place);
        true
    }

    /// Keeps the tasklet from running, and waits until it does not run. Calls nest. A tasklet that is scheduled stays so.
    ///
    /// Context: any but the tasklet itself, while holding no lock that it takes. Spins, never sleeps, as in older
    /// kernels; today's `tasklet_disable()` may sleep, and `tasklet_disable_in_atomic()` is this.
    #[doc(alias("tasklet_disable", "tasklet_disable_in_atomic"))]
    #[track_caller]
    pub fn disable(&self) {
        let place = Place::caller();
        self.disable_at(place);
        self.unlock_wait_at(place);
    }

    /// Spins until the tasklet does not run.
    ///
    /// Context: as [`Tasklet::disable`].
    #[doc(alias = "tasklet_unlock_wait")]
    #[track_caller]
    pub fn unlock_wait(&self) {
        self.unlock_wait_at(Place::caller());
    }

    fn unlock_wait_at(&self, place: Place) {
        let announced = self.announcement(Op::TaskletDisable, Mode::Read, place).ordered(true, false);
        wait(&announced, self.cond(is_not_running), WaitKind::Spin);
        drop(self.lock.lock());
    }

    /// [`Tasklet::disable`] without waiting.
    ///
    /// Context: any. Never sleeps.
    #[doc(alias = "tasklet_disable_nosync")]
    #[track_caller]
    pub fn disable_nosync(&self) {
        self.disable_at(Place::caller());
    }

    fn disable_at(&self, place: Place) {
        let _in = self.lock.enter(&self.on_count(Op::TaskletDisable, place).ordered(true, true));
        self.count.fetch_add(1, AcqRel);
    }

    /// Undoes one [`Tasklet::disable`]. A tasklet that is scheduled runs then, on the CPU that scheduled it. Finding
    /// `unbalanced-context` if there is none to undo.
    ///
    /// Context: any but NMI. Never sleeps.
    #[doc(alias("tasklet_enable", "tasklet_hi_enable"))]
    #[track_caller]
    pub fn enable(&'static self) {
        let place = Place::caller();
        let announced = self.on_count(Op::TaskletEnable, place).also(self.address(), true).ordered(true, true);
        let enabled = self.lock.within(&announced, || {
            let before = self.count.fetch_update(AcqRel, Acquire, |n| n.checked_sub(1))?;
            let unparks = before == 1 && self.state.load(Relaxed) & (PARKED | RUN) == PARKED;
            if unparks {
                self.state.fetch_and(!PARKED, Relaxed);
            }
            Ok::<bool, u32>(unparks)
        });
        match enabled {
            Ok(true) => unpark(self, place),
            Ok(false) => {}
            Err(_) => {
                let text = format_args!("tasklet_enable() without a tasklet_disable() before it");
                violation("unbalanced-context", place, self.made_at(), text);
            }
        }
    }

    /// Waits until the tasklet is not scheduled, and does not run. Scheduling it meanwhile, also by itself, has no
    /// effect. A tasklet that is scheduled and disabled is waited for until somebody enables it. The caller sees to it
    /// that nobody schedules it afterwards.
    ///
    /// Context: task, sleeps: finding `sleep-in-atomic` elsewhere; holding no lock that the tasklet takes.
    #[doc(alias = "tasklet_kill")]
    #[track_caller]
    pub fn kill(&self) {
        let place = Place::caller();
        context::at::might_sleep("tasklet_kill()", place);
        let announced = self.on_state(Op::TaskletKill, place).ordered(true, true);
        let runs = loop {
            let begun = wait_asleep(&announced, self.cond(is_unscheduled), || self.begin_kill());
            if let Some(runs) = begun {
                break runs;
            }
        };
        if runs {
            wait_asleep(&announced, self.cond(is_not_running), || {
                let _in = self.lock.lock();
                self.state.fetch_and(!SCHED, Relaxed);
            });
            notify(self.address());
        }
    }

    /// Whether the tasklet runs; then it is kept from being scheduled. `None` if it is scheduled again.
    fn begin_kill(&self) -> Option<bool> {
        let _in = self.lock.lock();
        let state = self.state.load(Acquire);
        let runs = state & RUN != 0;
        let before = if runs { self.state.fetch_or(SCHED, Relaxed) } else { state };
        (before & SCHED == 0 || model().is_some()).then_some(runs)
    }

    /// The data word.
    #[must_use]
    pub fn data(&self) -> usize {
        self.data.load(Relaxed)
    }

    /// Begins, runs and ends it, on this CPU, whose list it was taken off. Or marks it as parked.
    pub(crate) fn run(&'static self, node: &'static Node) {
        let (place, home, word) = (node.class(), parks_at(), self.address());
        let begin = Step::new(Op::TaskletRun, Mode::Rmw, word, 8, place).named(Some("tasklet"), Some(place));
        {
            let announced = begin.also(self.count_address(), false).ordered(true, true);
            let _in = self.lock.enter(&announced);
            if self.state.load(Relaxed) & RUN != 0 || self.count.load(Relaxed) != 0 {
                self.state.fetch_or(PARKED, Relaxed);
                return park(home, node);
            }
            let _ = self.state.fetch_update(AcqRel, Relaxed, |state| Some(state & !SCHED | RUN));
        }
        notify(word);
        forget(node);
        if let Some(m) = model() {
            // Pairs with the release in `enable`.
            m.order(self.count_address(), true, false);
        }
        self.note_owner(true, place);
        let balance = Balance::enter();
        self.call();
        balance.check(place, "tasklet");
        // Its memory is touched once more (crate invariant 10).
        let end = Step { op: Op::TaskletDone, ..begin };
        step(&end.also(self.count_address(), false).ordered(true, true));
        self.note_owner(false, place);
        let unparks = {
            let _in = self.lock.lock();
            let before = self.state.fetch_and(!RUN, AcqRel);
            let unparks = before & PARKED != 0 && self.count.load(Relaxed) == 0;
            if unparks {
                self.state.fetch_and(!PARKED, Relaxed);
            }
            unparks
        };
        notify(word);
        if unparks {
            unpark(self, place);
        }
    }

    fn call(&'static self) {
        let func = self.func.load(Relaxed);
        assert!(!func.is_null(), "a tasklet without a function was scheduled");
        // SAFETY: the constructors store a function of the kind that they store with it, and who sets it otherwise
        // promises it.
        unsafe {
            match self.style.load(Relaxed) {
                0 => transmute::<*mut (), unsafe extern "C" fn(c_ulong)>(func)(self.data() as c_ulong),
                1 => {
                    let f = transmute::<*mut (), unsafe extern "C" fn(*mut Tasklet)>(func);
                    f(ptr::from_ref(self).cast_mut());
                }
                2 => transmute::<*mut (), fn(&'static Tasklet)>(func)(self),
                _ => transmute::<*mut (), fn(usize)>(func)(self.data()),
            }
        }
    }

    /// Tells the machine for whom those wait who wait for the end of the run.
    fn note_owner(&self, held: bool, place: Place) {
        if let Some(m) = model() {
            m.lock_owner(self.address(), held, place);
        }
    }

    fn address(&self) -> usize {
        ptr::from_ref(&self.state).addr()
    }

    fn count_address(&self) -> usize {
        ptr::from_ref(&self.count).addr()
    }

    /// Where it was made, if it was; of one that C code made statically, where its function is.
    fn class(&self) -> Place {
        self.made_at().unwrap_or_else(|| Place::of_code(self.func.load(Relaxed).addr()).unwrap_or(Place::caller()))
    }

    fn made_at(&self) -> Option<Place> {
        self.class.filter(|_| self.magic.load(Relaxed) == Self::MAGIC)
    }

    fn cond(&self, test: fn(u64, u64) -> bool) -> Cond {
        Cond::at(self.address(), 8, test, 0)
    }

    fn on_state(&self, op: Op, place: Place) -> Step {
        self.announcement(op, Mode::Rmw, place)
    }

    fn announcement(&self, op: Op, mode: Mode, place: Place) -> Step {
        Step::new(op, mode, self.address(), 8, place).named(Some("tasklet"), self.made_at())
    }

    fn on_count(&self, op: Op, place: Place) -> Step {
        Step::new(op, Mode::Rmw, self.count_address(), 4, place).named(Some("tasklet.count"), self.made_at())
    }
}

impl fmt::Debug for Tasklet {
    /// Shows the state without a step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tasklet(state {}, count {})", self.state.load(Relaxed), self.count.load(Relaxed))
    }
}

/// [`Tasklet::schedule`].
#[track_caller]
pub fn tasklet_schedule(tasklet: &'static Tasklet) {
    tasklet.schedule();
}

/// [`Tasklet::hi_schedule`].
#[track_caller]
pub fn tasklet_hi_schedule(tasklet: &'static Tasklet) {
    tasklet.hi_schedule();
}

/// [`Tasklet::disable`].
#[track_caller]
pub fn tasklet_disable(tasklet: &Tasklet) {
    tasklet.disable();
}

/// [`Tasklet::disable_nosync`].
#[track_caller]
pub fn tasklet_disable_nosync(tasklet: &Tasklet) {
    tasklet.disable_nosync();
}

/// [`Tasklet::enable`].
#[track_caller]
pub fn tasklet_enable(tasklet: &'static Tasklet) {
    tasklet.enable();
}

/// [`Tasklet::kill`].
#[track_caller]
pub fn tasklet_kill(tasklet: &Tasklet) {
    tasklet.kill();
}

/// The object that a tasklet is embedded in: `from_tasklet!(tasklet, Type, field)` is a `&'static Type`.
///
/// It must be called in an `unsafe` block: the tasklet has to be the field `field` of a `Type` that lives as long as the
/// execution (a static or an object from `kmalloc`).
///
/// ```
/// use ringzero::tasklet::{Tasklet, from_tasklet};
/// struct Port { number: u32, receive: Tasklet }
/// fn receive(tasklet: &'static Tasklet) {
///     // SAFETY: only `Port`s have this function.
///     let port: &'static Port = unsafe { from_tasklet!(tasklet, Port, receive) };
///     assert_eq!(port.number, 7);
/// }
/// ringzero::global! { static PORT: Port = Port { number: 7, receive: Tasklet::new(receive) }; }
/// ringzero::Machine::host().boot(|| assert!(PORT.receive.schedule())).assert_clean();
/// ```
#[macro_export]
macro_rules! from_tasklet {
    ($tasklet:expr, $type:ty, $field:ident) => {{
        let tasklet: &'static $crate::Tasklet = $tasklet;
        let at = ::core::ptr::from_ref(tasklet).expose_provenance() - ::core::mem::offset_of!($type, $field);
        &*::core::ptr::with_exposed_provenance::<$type>(at)
    }};
}
