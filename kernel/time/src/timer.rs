//! `struct timer_list` and what can be done with it.

use crate::base::{TimerBase, conflicts};
use crate::callback::{Callback, GIVEN, INITIALISED, INITIALISED_MASK, SLEEP, TIMER_IRQSAFE, TimerStyle};
use crate::jiffies::time_before;
use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use ringzero_context as context;
use ringzero_machine::{Cond, Machine, Mode, Op, Place, Step, WaitKind, cpu, machine, step, wait};

const PENDING: u32 = 1;
const SHUT_DOWN: u32 = 2;

/// A timer (`struct timer_list`).
///
/// It is usually a field of the object that it belongs to; its callback then finds the object with
/// [`from_timer!`](crate::from_timer), or it is an [`ObjectTimer`](crate::ObjectTimer). All zeroes is a timer without a callback: arming it panics with a message.
/// C code may set `expires`, `function` and `data` itself, before it arms the timer.
///
/// ```
/// use ringzero_time::Timer;
/// fn poll(timer: &'static Timer) {
///     timer.mod_timer(ringzero_time::jiffies() + 2);
/// }
/// static POLL: Timer = Timer::new(poll);
/// assert!(!POLL.timer_pending());
/// ```
#[doc(alias = "timer_list")]
#[repr(C)]
pub struct Timer {
    /// The timer's object in steps: [`PENDING`] and [`SHUT_DOWN`].
    state: AtomicU32,
    /// The CPU whose base it is or was last on.
    cpu: AtomicU32,
    /// The next pending timer of the base.
    pub(crate) next: Cell<Option<&'static Timer>>,
    /// When it is due: `expires`, but not before its base's next turn. The key of the list.
    pub(crate) due: Cell<u64>,
    expires: AtomicU64,
    /// What it calls, of the kind that `flags` say; null when it was not set up.
    function: AtomicPtr<()>,
    data: AtomicUsize,
    /// [`TimerStyle`], what the user gave, [`SLEEP`], [`INITIALISED`].
    flags: AtomicU32,
    /// How often it expired in this execution.
    fired: AtomicU32,
    /// Where it was made: its class.
    class: Option<Place>,
}

// SAFETY: all fields but `next`, `due` and `class` are atomics, `class` is never written; `next` and `due` are touched
// only when the timer goes on a list, is there or leaves it, on the thread of that list's machine (crate invariants 1
// and 2).
unsafe impl Sync for Timer {}
// SAFETY: as above; a timer on a list cannot be moved, since only `&'static` ones get there.
unsafe impl Send for Timer {}

/// Making timers.
impl Timer {
    /// A timer that calls `f` with itself.
    #[doc(alias("timer_setup", "DEFINE_TIMER"))]
    #[must_use]
    #[track_caller]
    pub const fn new(f: fn(&'static Timer)) -> Self {
        Self::make(f as *mut (), 0, TimerStyle::Rust as u32)
    }

    /// [`Timer::new`] with flags: [`TIMER_IRQSAFE`] has its callback run with interrupts off.
    #[doc(alias = "timer_setup")]
    #[must_use]
    #[track_caller]
    pub const fn with_flags(f: fn(&'static Timer), flags: u32) -> Self {
        Self::make(f as *mut (), 0, TimerStyle::Rust as u32 | (flags & GIVEN))
    }

    /// A timer in the old style, that calls `f` with `data`.
    #[doc(alias("setup_timer", "init_timer"))]
    #[must_use]
    #[track_caller]
    pub const fn with_data(f: fn(usize), data: usize) -> Self {
        Self::make(f as *mut (), data, TimerStyle::RustData as u32)
    }

    /// A timer that ends a task's sleep: past its bound it expires all the same when nothing else can run (crate
    /// invariant 8), and left pending it is not [`leftover`](crate::leftover).
    #[must_use]
    #[track_caller]
    pub const fn for_sleep(f: fn(&'static Timer)) -> Self {
        Self::make(f as *mut (), 0, TimerStyle::Rust as u32 | SLEEP)
    }

    #[track_caller]
    const fn make(function: *mut (), data: usize, flags: u32) -> Self {
        Self {
            state: AtomicU32::new(0),
            cpu: AtomicU32::new(0),
            next: Cell::new(None),
            due: Cell::new(0),
            expires: AtomicU64::new(0),
            function: AtomicPtr::new(function),
            data: AtomicUsize::new(data),
            flags: AtomicU32::new(INITIALISED | flags),
            fired: AtomicU32::new(0),
            class: Some(Place::here()),
        }
    }

    /// Initialises the timer at `at` for C code: whatever was there, but for what the code sets itself (`expires`,
    /// `function`, `data`). No step: nobody else can know of it. Finding `warn` if it is pending.
    ///
    /// # Safety
    /// `at` is valid for writes of a `Timer`, and nobody else uses it meanwhile. When the timer is armed, `function` is
    /// a function of the kind `style`.
    #[doc(alias("init_timer", "timer_setup", "setup_timer"))]
    pub unsafe fn init_at(at: *mut Timer, style: TimerStyle, flags: u32, class: Place) {
        // SAFETY: the caller's contract; each word is readable as an integer, whatever it holds.
        let known = unsafe { (*at).flags.load(Ordering::Relaxed) } & INITIALISED_MASK == INITIALISED;
        if known && TimerBase::anywhere(at) {
            context::violation("warn", class, None, format_args!("a timer is initialised while it is pending"));
        }
        // SAFETY: as above.
        unsafe {
            (&raw mut (*at).state).write(AtomicU32::new(0));
            (&raw mut (*at).cpu).write(AtomicU32::new(0));
            (&raw mut (*at).next).write(Cell::new(None));
            (&raw mut (*at).due).write(Cell::new(0));
            (&raw mut (*at).flags).write(AtomicU32::new(INITIALISED | style as u32 | (flags & GIVEN)));
            if !known {
                // Initialising it once more is no way around its bound.
                (&raw mut (*at).fired).write(AtomicU32::new(0));
            }
            (&raw mut (*at).class).write(Some(class));
        }
        if let Some(m) = machine() {
            m.object_made(at.addr(), size_of::<Timer>(), class, "timer");
        }
    }

    /// Sets what it calls. No step: to be done before the timer is armed.
    ///
    /// # Safety
    /// `function` is a function of the kind that the timer was initialised for, or null.
    pub unsafe fn set_function(&self, function: *const ()) {
        self.function.store(function.cast_mut(), Ordering::Relaxed);
    }
}

/// Using them.
impl Timer {
    /// The data word, of use to the callback as it likes.
    #[must_use]
    pub fn data(&self) -> usize {
        self.data.load(Ordering::Relaxed)
    }

    /// Sets the data word. No step: to be done before the timer is armed.
    pub fn set_data(&self, data: usize) {
        self.data.store(data, Ordering::Relaxed);
    }

    /// When it expires or expired. A step that reads the timer.
    #[must_use]
    #[track_caller]
    pub fn expires(&self) -> u64 {
        step(&self.step(Op::ReadOnce, Mode::Read, Place::caller()));
        self.expires_now()
    }

    /// Sets when it expires, for [`Timer::add_timer`]. A step that writes the timer; it must not be pending.
    #[track_caller]
    pub fn set_expires(&self, expires: u64) {
        step(&self.step(Op::WriteOnce, Mode::Write, Place::caller()));
        assert!(!self.is_pending(), "the expiry of a pending timer is changed by mod_timer()");
        self.expires.store(expires, Ordering::Relaxed);
    }

    /// Arms the timer for the time in `expires`, on this CPU.
    ///
    /// Context: any but NMI. Never sleeps.
    ///
    /// # Panics
    /// When it is pending already (a BUG in Linux), has no callback, or outside a machine.
    #[track_caller]
    pub fn add_timer(&'static self) {
        let place = Place::caller();
        let m = self.enter(Op::TimerArm, place);
        assert!(!self.is_pending(), "add_timer(): the timer is pending already");
        self.arm(m, self.expires_now(), None, place);
    }

    /// Arms the timer for the time in `expires`, on CPU `cpu`.
    ///
    /// Context: any but NMI, but not the timer's own callback. Never sleeps.
    ///
    /// # Panics
    /// As [`Timer::add_timer`], and when there is no such CPU.
    #[track_caller]
    pub fn add_timer_on(&'static self, cpu: u32) {
        let place = Place::caller();
        let m = self.enter(Op::TimerArm, place);
        assert!(cpu < m.nr_cpus(), "add_timer_on(): there is no CPU {cpu}");
        assert!(!self.is_pending(), "add_timer_on(): the timer is pending already");
        self.arm(m, self.expires_now(), Some(cpu), place);
    }

    /// Arms the timer for `expires`, whether it is pending or not. Returns whether it was. The only safe way to arm
    /// a timer that several contexts use at once.
    ///
    /// Context: any but NMI. Never sleeps. A timer that was shut down stays as it is.
    ///
    /// # Panics
    /// When it has no callback, or outside a machine.
    #[doc(alias = "mod_timer_pinned")]
    #[track_caller]
    pub fn mod_timer(&'static self, expires: u64) -> bool {
        self.modify(expires, Place::caller(), true)
    }

    /// Changes the expiry of a pending timer; leaves an idle one alone. Returns whether it was pending.
    ///
    /// Context and panics: as [`Timer::mod_timer`].
    #[track_caller]
    pub fn mod_timer_pending(&'static self, expires: u64) -> bool {
        self.modify(expires, Place::caller(), false)
    }

    /// Deletes the timer. Returns whether it was pending. It may be running still (or be about to, if it was not
    /// pending): see [`Timer::del_timer_sync`].
    ///
    /// Context: any but NMI. Never sleeps.
    ///
    /// # Panics
    /// Outside a machine.
    #[doc(alias = "timer_delete")]
    #[track_caller]
    pub fn del_timer(&'static self) -> bool {
        let m = self.enter(Op::TimerDelete, Place::caller());
        let was = self.detach(m);
        if was {
            self.base().order(m);
        }
        was
    }

    /// Deletes the timer if it is not running: `Some(whether it was pending)`; `None` (Linux: -1) while it runs.
    ///
    /// Context: any but NMI. Never sleeps.
    ///
    /// # Panics
    /// Outside a machine.
    #[track_caller]
    pub fn try_to_del_timer_sync(&'static self) -> Option<bool> {
        let m = self.enter(Op::TimerDelete, Place::caller());
        self.base().order(m);
        (!self.base().runs(self)).then(|| self.detach(m))
    }

    /// Deletes the timer and waits until its callback does not run any more; again, if the callback armed it
    /// meanwhile. Returns how often it was pending, so not 0 exactly if it was.
    ///
    /// Context: task or softirq, spinning, never sleeping; not the timer's own callback (it would wait for itself).
    /// The caller holds no lock that the callback takes, nor any that is ever taken in interrupt context (see the
    /// crate's diagram), and nobody else arms the timer meanwhile.
    ///
    /// # Panics
    /// Outside a machine.
    #[doc(alias = "timer_delete_sync")]
    #[track_caller]
    pub fn del_timer_sync(&'static self) -> u32 {
        self.stop(Place::caller(), 0)
    }

    /// Today's form of [`Timer::del_timer_sync`]: returns whether it was pending.
    #[track_caller]
    pub fn timer_delete_sync(&'static self) -> bool {
        self.stop(Place::caller(), 0) != 0
    }

    /// Deletes the timer for good: arming it has no effect from now on. Returns whether it was pending. Does not
    /// wait for the callback.
    ///
    /// Context and panics: as [`Timer::del_timer`].
    #[track_caller]
    pub fn timer_shutdown(&'static self) -> bool {
        let m = self.enter(Op::TimerDelete, Place::caller());
        self.set(SHUT_DOWN);
        self.base().order(m);
        self.detach(m)
    }

    /// [`Timer::timer_shutdown`] and [`Timer::timer_delete_sync`] in one.
    ///
    /// Context and panics: as [`Timer::del_timer_sync`].
    #[track_caller]
    pub fn timer_shutdown_sync(&'static self) -> bool {
        self.stop(Place::caller(), SHUT_DOWN) != 0
    }

    /// Whether the timer is pending: a look, without any synchronisation.
    ///
    /// Context: any. Never sleeps.
    #[track_caller]
    pub fn timer_pending(&self) -> bool {
        step(&self.step(Op::TimerPending, Mode::Read, Place::caller()).also(conflicts(), false));
        self.is_pending()
    }

    fn modify(&'static self, expires: u64, place: Place, idle_too: bool) -> bool {
        let m = self.enter(Op::TimerArm, place);
        let from = self.cpu.load(Ordering::Relaxed);
        self.base().order(m);
        let was = self.unlink();
        if was || idle_too {
            self.arm(m, expires, None, place);
        }
        if was {
            TimerBase::of(from).program(m, from);
        }
        was
    }

    pub(crate) fn stop(&'static self, place: Place, also_set: u32) -> u32 {
        let mut deleted = 0;
        loop {
            let m = self.enter(Op::TimerDelete, place);
            self.set(also_set);
            let base = self.base();
            base.order(m);
            deleted += u32::from(self.detach(m));
            if !base.runs(self) {
                return deleted;
            }
            // Pairs with the release of the step after the callback: what the callback did is visible then.
            let at = ptr::from_ref(&base.running).addr();
            let s = Step::new(Op::TimerWait, Mode::Read, at, 4, place).ordered(true, false);
            let other = Cond::on(&base.running, |now, mine| now != mine, u64::from(self.tag()));
            wait(&s.named(Some("running timer"), self.class), other, WaitKind::Spin);
            if !other.holds() {
                // Only while a failed execution unwinds: waiting is over, whatever runs.
                return deleted;
            }
        }
    }

    /// Announces an operation that changes the timer, and gives the machine.
    pub(crate) fn enter(&self, op: Op, place: Place) -> &'static dyn Machine {
        let Some(m) = machine() else { panic!("{} at {place} is not on a machine: no clock", op.name()) };
        step(&self.step(op, Mode::Rmw, place).also(conflicts(), true));
        m
    }

    fn step(&self, op: Op, mode: Mode, place: Place) -> Step {
        Step::new(op, mode, ptr::from_ref(&self.state).addr(), 4, place).named(Some("timer"), self.class)
    }

    /// Takes the timer off its base's list, if it is there; returns whether it was.
    fn unlink(&'static self) -> bool {
        let was = self.is_pending();
        if was {
            self.clear(PENDING);
            self.base().remove(self);
        }
        was
    }

    /// [`Timer::unlink`], with what follows for the clock event.
    fn detach(&'static self, m: &dyn Machine) -> bool {
        let was = self.unlink();
        if was {
            self.base().program(m, self.cpu.load(Ordering::Relaxed));
        }
        was
    }

    /// Puts the timer, which is on no list, on the list of `on`, or where crate invariant 3 says.
    pub(crate) fn arm(&'static self, m: &dyn Machine, expires: u64, on: Option<u32>, place: Place) {
        assert!(self.has_callback(), "this timer was never set up: it has no callback");
        if self.flags() & INITIALISED_MASK != INITIALISED {
            let text = format_args!("a timer is armed that was never initialised (timer_setup(), init_timer())");
            context::violation("uninitialised-lock", place, None, text);
        }
        if self.state.load(Ordering::Relaxed) & SHUT_DOWN != 0 {
            return;
        }
        let target = if self.base().runs(self) { self.cpu.load(Ordering::Relaxed) } else { cpu().id.get() };
        let target = on.unwrap_or(target);
        self.expires.store(expires, Ordering::Relaxed);
        self.cpu.store(target, Ordering::Relaxed);
        self.set(PENDING);
        let base = self.base();
        base.order(m);
        let floor = base.floor.get();
        self.due.set(if time_before(expires, floor) { floor } else { expires });
        base.insert(self);
        base.program(m, target);
    }

    /// The timer is taken off its list because its time has come.
    pub(crate) fn expired(&self) {
        self.clear(PENDING);
        self.fired.fetch_add(1, Ordering::Relaxed);
    }

    fn base(&self) -> &'static TimerBase {
        TimerBase::of(self.cpu.load(Ordering::Relaxed))
    }

    fn is_pending(&self) -> bool {
        self.state.load(Ordering::Relaxed) & PENDING != 0
    }

    fn set(&self, bits: u32) {
        self.state.fetch_or(bits, Ordering::Relaxed);
    }

    fn clear(&self, bits: u32) {
        self.state.fetch_and(!bits, Ordering::Relaxed);
    }

    fn has_callback(&self) -> bool {
        !self.function.load(Ordering::Relaxed).is_null()
    }

    fn flags(&self) -> u32 {
        self.flags.load(Ordering::Relaxed)
    }

    /// Whether it ends a task's sleep.
    pub(crate) fn ends_sleep(&self) -> bool {
        self.flags() & SLEEP != 0
    }

    /// Whether its callback runs with interrupts off.
    pub(crate) fn is_irqsafe(&self) -> bool {
        self.flags() & TIMER_IRQSAFE != 0
    }

    /// Whether it calls `f`. No step.
    #[must_use]
    pub fn calls(&self, f: fn(&'static Timer)) -> bool {
        self.function.load(Ordering::Relaxed) == f as *mut ()
    }

    /// `expires`, within a step that covers it.
    pub(crate) fn expires_now(&self) -> u64 {
        self.expires.load(Ordering::Relaxed)
    }

    /// How often it expired in this execution.
    pub(crate) fn fired(&self) -> u32 {
        self.fired.load(Ordering::Relaxed)
    }

    /// What stands for the timer in its base's running word: not 0, and different for timers that live at once
    /// within the same 32 GB.
    pub(crate) fn tag(&self) -> u32 {
        ((ptr::from_ref(self).addr() >> 3) as u32).max(1)
    }

    /// Where the timer was made.
    pub(crate) fn class(&self) -> Place {
        self.class.unwrap_or(Place::caller())
    }

    /// The address of a word of the timer that is never written while it can expire.
    pub(crate) fn function_address(&self) -> usize {
        ptr::from_ref(&self.function).addr()
    }

    pub(crate) fn callback(&self) -> Callback {
        let function = self.function.load(Ordering::Relaxed);
        assert!(!function.is_null(), "only a timer with a callback can be armed");
        // SAFETY: not null; the constructors store it with the style of its type, and who sets it otherwise promises it.
        unsafe { Callback::of(self.flags(), function, self.data()) }
    }
}
