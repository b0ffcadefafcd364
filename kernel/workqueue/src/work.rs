//! The work item.

use crate::cancel;
use crate::pool;
use crate::queue::{queue_on, this_cpu};
use core::fmt;
use core::mem::{offset_of, transmute};
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering::Relaxed};
use ringzero_context::{at, violation};
use ringzero_machine::{Mode, Op, Place, Step, Within, machine, model, step};

/// The item waits for a worker, or for its timer.
pub(crate) const PENDING: u32 = 1;
/// The item waits for its timer, or is on the way between that and its pool.
pub(crate) const DELAYED: u32 = 2;
/// Somebody waits for the item's end and keeps it from being queued; `PENDING` is set, too.
pub(crate) const CANCELING: u32 = 4;

/// Bit of [`Work::busy`]: it is pending.
pub const WORK_BUSY_PENDING: u32 = 1;
/// Bit of [`Work::busy`]: its function runs.
pub const WORK_BUSY_RUNNING: u32 = 2;

/// The kind of function that a work item calls. Zeroed memory is [`WorkStyle::C`].
///
/// ```
/// use ringzero::workqueue::WorkStyle;
/// // What `INIT_WORK()` leaves in the word, and what zeroed memory has there.
/// assert_eq!(WorkStyle::C as u32, 0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum WorkStyle {
    /// `void func(struct work_struct *)`.
    C = 0,
    /// A Rust function of the item.
    Rust = 1,
}

/// A work item (`struct work_struct`).
///
/// It is usually a field of the object that it belongs to; its function then finds the object with
/// [`from_work!`](crate::from_work). All zeroes is an item that was not initialised.
///
/// ```
/// use ringzero::context::might_sleep;
/// use ringzero::{Machine, atomic::Atomic, workqueue::Work};
/// fn update(_: &'static Work) {
///     might_sleep(); // a worker may
///     UPDATES.inc();
/// }
/// ringzero::global! {
///     static UPDATES: Atomic = Atomic::new(0);
///     static UPDATE: Work = Work::new(update);
/// }
/// Machine::host().boot(|| assert!(UPDATE.schedule())).assert_clean();
/// assert_eq!(UPDATES.read(), 1);
/// ```
#[doc(alias = "work_struct")]
#[repr(C)]
pub struct Work {
    /// [`PENDING`], [`DELAYED`], [`CANCELING`]. The item's object in steps. That it is on a pool, the pool knows.
    state: AtomicU32,
    magic: AtomicU32,
    func: AtomicPtr<()>,
    /// [`WorkStyle`].
    style: AtomicU32,
    /// One more than the CPU whose pool it was on last; 0: none.
    cpu: AtomicU32,
    /// Where it was made. Means something only with `magic`.
    class: Option<Place>,
}

// SAFETY: all fields but `class` are atomics, and that is never written while others have the item.
unsafe impl Sync for Work {}
// SAFETY: as above; a pending item cannot be moved, since only `&'static` ones are queued.
unsafe impl Send for Work {}

/// What a worker calls.
#[derive(Clone, Copy)]
pub(crate) enum Function {
    C(unsafe extern "C" fn(*mut Work)),
    Rust(fn(&'static Work)),
}

impl Function {
    pub(crate) fn call(self, work: &'static Work) {
        match self {
            // SAFETY: `Work::function` made it of what somebody promised to be such a function; the item lives when it
            // is called.
            Self::C(f) => unsafe { f(ptr::from_ref(work).cast_mut()) },
            Self::Rust(f) => f(work),
        }
    }
}

/// Making items.
impl Work {
    /// What the word beside the item's own says of one that was initialised.
    pub const MAGIC: u32 = 0x525a_574b;

    /// The fields and where they lie: what the C header mirrors.
    pub const LAYOUT: [(&'static str, usize); 6] = [
        ("__rz_state", offset_of!(Self, state)),
        ("__rz_magic", offset_of!(Self, magic)),
        ("func", offset_of!(Self, func)),
        ("__rz_style", offset_of!(Self, style)),
        ("__rz_cpu", offset_of!(Self, cpu)),
        ("__rz_class", offset_of!(Self, class)),
    ];

    /// An item that calls `f` with itself.
    #[doc(alias("INIT_WORK", "INIT_WORK_ONSTACK", "DECLARE_WORK"))]
    #[must_use]
    #[track_caller]
    pub const fn new(f: fn(&'static Work)) -> Self {
        Self::make(f as *mut (), WorkStyle::Rust)
    }

    #[track_caller]
    const fn make(func: *mut (), style: WorkStyle) -> Self {
        Self {
            state: AtomicU32::new(0),
            magic: AtomicU32::new(Self::MAGIC),
            func: AtomicPtr::new(func),
            style: AtomicU32::new(style as u32),
            cpu: AtomicU32::new(0),
            class: Some(Place::here()),
        }
    }

    /// Initialises the item at `at` for C code, whatever was there, in a step that writes it. Finding `warn` if it is
    /// pending. Every context; does not sleep.
    ///
    /// # Safety
    /// `at` is valid for writes of a `Work`, and nobody else uses it meanwhile. `func` is null or a function of C of the
    /// kind [`WorkStyle::C`], to be called as long as the item is used.
    #[doc(alias("INIT_WORK", "INIT_WORK_ONSTACK"))]
    pub unsafe fn init_at(at: *mut Self, func: *const (), class: Place) {
        // The state is the first field.
        step(&Step::new(Op::InitObject, Mode::Write, at.addr(), 4, class).named(Some("work"), Some(class)));
        let is_queued = {
            let _in = pool::lock();
            pool::queued(at).is_some()
        };
        if is_queued {
            violation("warn", class, None, format_args!("a work item is initialised while it is pending"));
        }
        let made = Self { class: Some(class), ..Self::make(func.cast_mut(), WorkStyle::C) };
        // SAFETY: the caller's contract.
        unsafe { at.write(made) };
        if let Some(m) = model() {
            m.object_made(at.addr(), size_of::<Self>(), class, "a work item");
        }
    }

    /// Whether it was initialised.
    #[must_use]
    pub fn is_initialised(&self) -> bool {
        self.magic.load(Relaxed) == Self::MAGIC
    }

    /// Where it was made, if it was.
    pub(crate) fn made_at(&self) -> Option<Place> {
        self.class.filter(|_| self.is_initialised())
    }
}

/// Using them.
impl Work {
    /// Queues the item on this CPU; whether it was not pending. It will be executed once after this either way.
    ///
    /// Context: any but NMI. Never sleeps. What comes before comes before the function.
    #[doc(alias = "schedule_work")]
    #[track_caller]
    pub fn schedule(&'static self) -> bool {
        queue_on(self, this_cpu, Place::caller())
    }

    /// [`Work::schedule`] on CPU `cpu`.
    ///
    /// # Panics
    /// When there is no such CPU.
    #[doc(alias = "schedule_work_on")]
    #[track_caller]
    pub fn schedule_on(&'static self, cpu: u32) -> bool {
        let place = Place::caller();
        pool::assert_cpu(cpu);
        queue_on(self, move || cpu, place)
    }

    /// Takes the item back if it is pending; whether it was. Does not wait for its function, which may be running.
    ///
    /// Context: any but NMI. Never sleeps.
    #[doc(alias = "cancel_work")]
    #[track_caller]
    pub fn cancel(&'static self) -> bool {
        cancel::cancel(self, Place::caller())
    }

    /// Takes the item back if it is pending, and waits until its function does not run; whether it was pending. Queueing
    /// it meanwhile has no effect, also by itself.
    ///
    /// Context: task, sleeps: finding `sleep-in-atomic` elsewhere; not the item's own function, and holding nothing that
    /// the function waits for.
    #[doc(alias = "cancel_work_sync")]
    #[track_caller]
    pub fn cancel_sync(&'static self) -> bool {
        let place = Place::caller();
        at::might_sleep("cancel_work_sync()", place);
        cancel::cancel_sync(self, place)
    }

    /// Waits until the last queueing of the item has been executed; whether there was anything to wait for.
    ///
    /// Context: as [`Work::cancel_sync`].
    #[doc(alias = "flush_work")]
    #[track_caller]
    pub fn flush(&'static self) -> bool {
        let place = Place::caller();
        at::might_sleep("flush_work()", place);
        cancel::flush(self, place)
    }

    /// Whether the item is pending: a look, without any synchronisation. Every context.
    #[doc(alias = "work_pending")]
    #[must_use]
    #[track_caller]
    pub fn is_pending(&self) -> bool {
        self.look(Place::caller());
        self.state() & PENDING != 0
    }

    /// Whether the item is pending or executed, in bits ([`WORK_BUSY_PENDING`], [`WORK_BUSY_RUNNING`]): a look, without any
    /// synchronisation. Every context.
    #[doc(alias = "work_busy")]
    #[must_use]
    #[track_caller]
    pub fn busy(&self) -> u32 {
        self.look(Place::caller());
        let _in = pool::lock();
        let pending = if self.state() & PENDING != 0 { WORK_BUSY_PENDING } else { 0 };
        pending | if pool::executing(self).is_some() { WORK_BUSY_RUNNING } else { 0 }
    }

    fn look(&self, place: Place) {
        step(&self.on_state(Op::WorkPending, Mode::Read, place).also(pool::conflicts(), false));
    }

    /// Announces an operation that changes the item, and checks that there is one. It lasts until the result is dropped.
    pub(crate) fn enter(&self, op: Op, place: Place) -> Within<'static> {
        if model().is_some() {
            let orders = self.on_state(op, Mode::Rmw, place).ordered(true, true);
            step(&orders.also(pool::conflicts(), true));
        }
        if !self.is_initialised() {
            let text = format_args!("a work item is used that was never initialised (INIT_WORK())");
            violation("uninitialised-lock", place, None, text);
        }
        pool::lock()
    }

    pub(crate) fn on_state(&self, op: Op, mode: Mode, place: Place) -> Step {
        let at = ptr::from_ref(&self.state).addr();
        Step::new(op, mode, at, 4, place).named(Some("work"), self.made_at())
    }

    /// The state word itself, for a wait.
    pub(crate) const fn state_word(&self) -> &AtomicU32 {
        &self.state
    }

    /// The state, within a step that covers it.
    pub(crate) fn state(&self) -> u32 {
        self.state.load(Relaxed)
    }

    pub(crate) fn set_state(&self, state: u32) {
        self.state.store(state, Relaxed);
    }

    /// The function as a word: half of what an item is (crate invariant 3).
    pub(crate) fn function_word(&self) -> usize {
        self.func.load(Relaxed).addr()
    }

    /// The address of a word of the item at `work` that is never written while it is pending.
    pub(crate) fn function_address(work: *const Self) -> usize {
        work.addr() + offset_of!(Self, func)
    }

    /// The CPU whose pool it was on last.
    pub(crate) fn last_cpu(&self) -> Option<u32> {
        let online = machine().map_or(1, |m| m.nr_cpus());
        self.cpu.load(Relaxed).checked_sub(1).filter(|&cpu| cpu < online)
    }

    pub(crate) fn set_last_cpu(&self, cpu: u32) {
        self.cpu.store(cpu + 1, Relaxed);
    }

    pub(crate) fn function(&self) -> Function {
        let func = self.func.load(Relaxed);
        assert!(!func.is_null(), "a work item without a function was queued");
        // SAFETY: `new` stores a Rust function with its style, and who initialises it otherwise promises a C function.
        unsafe {
            match self.style.load(Relaxed) {
                0 => Function::C(transmute::<*mut (), unsafe extern "C" fn(*mut Work)>(func)),
                _ => Function::Rust(transmute::<*mut (), fn(&'static Work)>(func)),
            }
        }
    }
}

impl fmt::Debug for Work {
    /// Shows the state without a step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Work({})", if self.state() & PENDING != 0 { "pending" } else { "idle" })
    }
}

/// [`Work::cancel`].
#[track_caller]
pub fn cancel_work(work: &'static Work) -> bool {
    work.cancel()
}

/// [`Work::cancel_sync`].
#[track_caller]
pub fn cancel_work_sync(work: &'static Work) -> bool {
    work.cancel_sync()
}

/// [`Work::flush`].
#[track_caller]
pub fn flush_work(work: &'static Work) -> bool {
    work.flush()
}

/// [`Work::is_pending`].
#[must_use]
#[track_caller]
pub fn work_pending(work: &Work) -> bool {
    work.is_pending()
}

/// [`Work::busy`].
#[must_use]
#[track_caller]
pub fn work_busy(work: &Work) -> u32 {
    work.busy()
}

/// The object that a work item is embedded in: `from_work!(work, Type, field)` is a `&'static Type`.
///
/// It must be called in an `unsafe` block: the item has to be the field `field` of a `Type` that lives as long as the
/// execution (a static or an object from `kmalloc`).
///
/// ```
/// use ringzero::workqueue::{Work, from_work};
/// struct Port { number: u32, reset: Work }
/// fn reset(work: &'static Work) {
///     // SAFETY: only `Port`s have this function.
///     let port: &'static Port = unsafe { from_work!(work, Port, reset) };
///     assert_eq!(port.number, 7);
/// }
/// ringzero::global! { static PORT: Port = Port { number: 7, reset: Work::new(reset) }; }
/// ringzero::Machine::host().boot(|| assert!(PORT.reset.schedule())).assert_clean();
/// ```
#[macro_export]
macro_rules! from_work {
    ($work:expr, $type:ty, $field:ident) => {{
        let work: &'static $crate::Work = $work;
        let at = ::core::ptr::from_ref(work).expose_provenance() - ::core::mem::offset_of!($type, $field);
        &*::core::ptr::with_exposed_provenance::<$type>(at)
    }};
}
