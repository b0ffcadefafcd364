//! `struct timer_list` and what can be done with it.

use crate::arm::{Arming, When};
use crate::base::TimerBase;
use crate::callback::{Callback, GIVEN, INITIALISED, INITIALISED_MASK, SLEEP, TimerStyle};
use crate::node::{conflicts, known_as_pending};
use core::mem::offset_of;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use ringzero_context as context;
use ringzero_machine::{Cond, Machine, Mode, Op, Place, Step, WaitKind, cpu, machine, model, step, wait};

pub(crate) const PENDING: u32 = 1;
pub(crate) const SHUT_DOWN: u32 = 2;

/// A timer (`struct timer_list`).
///
/// It is usually a field of the object that it belongs to; its callback then finds the object with
/// [`from_timer!`](crate::from_timer), or it is an [`ObjectTimer`](crate::ObjectTimer). All zeroes is a timer without a callback: arming it panics with a message.
/// C code may set `expires`, `function` and `data` itself, before it arms the timer.
///
/// ```
/// use ringzero::timer::{Timer, jiffies};
/// use ringzero::{Machine, atomic::Atomic};
/// fn poll(timer: &'static Timer) {
///     if POLLS.add_return(1) < 3 {
///         timer.mod_timer(jiffies() + 2);
///     }
/// }
/// ringzero::global! {
///     static POLLS: Atomic = Atomic::new(0);
///     static POLL: Timer = Timer::new(poll);
/// }
/// Machine::host().boot(|| assert!(!POLL.mod_timer(jiffies() + 2))).assert_clean();
/// assert_eq!(POLLS.read(), 3);
/// ```
#[doc(alias = "timer_list")]
#[repr(C)]
pub struct Timer {
    /// The timer's object in steps: [`PENDING`] and [`SHUT_DOWN`]. Pending is what the system knows
    /// ([`crate::node::PENDING`]); the bit says the same to whoever reads the word.
    state: AtomicU32,
    /// [`TimerStyle`], what the user gave, [`SLEEP`], [`INITIALISED`].
    flags: AtomicU32,
    expires: AtomicU64,
    /// What it calls, of the kind that `flags` say; null when it was not set up.
    function: AtomicPtr<()>,
    data: AtomicUsize,
    /// Where it was made: its class; null for nowhere. Means something only with [`INITIALISED`].
    class: AtomicPtr<()>,
}

// (Everything in it is atomic. A pending timer cannot be moved, since only `&'static` ones are armed.)

/// Making timers.
impl Timer {
    /// The fields and where they lie: what the C header mirrors.
    pub const LAYOUT: [(&'static str, usize); 6] = [
        ("__rz_state", offset_of!(Self, state)),
        ("flags", offset_of!(Self, flags)),
        ("expires", offset_of!(Self, expires)),
        ("function", offset_of!(Self, function)),
        ("data", offset_of!(Self, data)),
        ("__rz_class", offset_of!(Self, class)),
    ];

    /// What the upper byte of `flags` is in a timer that C code initialises statically.
    pub const INITIALISED: u32 = INITIALISED;

    /// A timer that calls `f` with itself.
    #[doc(alias("timer_setup", "DEFINE_TIMER"))]
    #[must_use]
    #[track_caller]
    pub const fn new(f: fn(&'static Timer)) -> Self {
        Self::make(f as *mut (), 0, TimerStyle::Rust as u32)
    }

    /// [`Timer::new`] with flags: [`TIMER_IRQSAFE`](crate::TIMER_IRQSAFE) has its callback run with interrupts off.
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
            flags: AtomicU32::new(INITIALISED | flags),
            expires: AtomicU64::new(0),
            function: AtomicPtr::new(function),
            data: AtomicUsize::new(data),
            class: AtomicPtr::new(Place::here().as_ptr()),
        }
    }

    /// Initialises the timer at `at` for C code, in a step that writes it: whatever was there, but for what the code sets
    /// itself (`expires`, `function`, `data`). Finding `warn` if it is pending. Every context; does not sleep.
    ///
    /// # Safety
    /// `at` is valid for writes of a `Timer`, and nobody else uses it meanwhile. When the timer is armed, `function` is
    /// a function of the kind `style`.
    #[doc(alias("init_timer", "timer_setup", "setup_timer"))]
    pub unsafe fn init_at(at: *mut Timer, style: TimerStyle, flags: u32, class: Place) {
        // The state is the first field.
        step(&Step::new(Op::InitObject, Mode::Write, at.addr(), 4, class).named(Some("timer"), Some(class)));
        if known_as_pending(at) {
            context::violation("warn", class, None, format_args!("a timer is initialised while it is pending"));
        }
        // SAFETY: the caller's contract.
        unsafe {
            (&raw mut (*at).state).write(AtomicU32::new(0));
            (&raw mut (*at).flags).write(AtomicU32::new(INITIALISED | style as u32 | (flags & GIVEN)));
            (&raw mut (*at).class).write(AtomicPtr::new(class.as_ptr()));
        }
        if let Some(m) = model() {
            m.object_made(at.addr(), size_of::<Timer>(), class, "timer");
        }
    }

    /// Makes a timer of one that was not initialised, for an object of the kernel that C code initialises statically. No
    /// step: nobody uses the timer before.
    pub fn adopt(&self, f: fn(&'static Timer), flags: u32, class: Option<Place>) {
        self.function.store(f as *mut (), Ordering::Relaxed);
        self.class.store(class.map_or(ptr::null_mut(), Place::as_ptr), Ordering::Relaxed);
        self.flags.store(INITIALISED | TimerStyle::Rust as u32 | (flags & GIVEN), Ordering::Relaxed);
    }

    /// Whether it calls `f`. No step.
    #[must_use]
    pub fn calls(&self, f: fn(&'static Timer)) -> bool {
        self.function.load(Ordering::Relaxed) == f as *mut ()
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
        self.arm_held(m, Arming { on: None, idle_too: true, place }, || {
            assert!(!self.is_pending(), "add_timer(): the timer is pending already");
            self.expires_now()
        });
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
        self.arm_held(m, Arming { on: Some(cpu), idle_too: true, place }, || {
            assert!(!self.is_pending(), "add_timer_on(): the timer is pending already");
            self.expires_now()
        });
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
        self.delete_at(Place::caller())
    }

    /// [`Timer::del_timer`] on behalf of `place`.
    pub fn delete_at(&'static self, place: Place) -> bool {
        let m = self.enter(Op::TimerDelete, place);
        self.take_off(m, 0, When::Pending).is_some_and(|found| found.deleted)
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
        match self.take_off(m, 0, When::NotRunning) {
            Some(found) => found.run.is_none().then_some(found.deleted),
            None => Some(false),
        }
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

    /// [`Timer::del_timer_sync`] on behalf of `place`.
    pub fn delete_sync_at(&'static self, place: Place) -> bool {
        self.stop(place, 0) != 0
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
        self.take_off(m, SHUT_DOWN, When::Always).is_some_and(|found| found.deleted)
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
        self.arm_held(m, Arming { on: None, idle_too, place }, || expires)
    }

    pub(crate) fn stop(&'static self, place: Place, also_set: u32) -> u32 {
        let mut deleted = 0;
        loop {
            let m = self.enter(Op::TimerDelete, place);
            let Some(found) = self.take_off(m, also_set, When::Always) else { return deleted };
            deleted += u32::from(found.deleted);
            let Some(run) = found.run else { return deleted };
            if model().is_none() && found.cpu == cpu().id.get() {
                let text = format_args!("del_timer_sync() waits for the callback that it interrupts or was called by");
                context::violation("self-deadlock", place, self.made_at(), text);
                return deleted;
            }
            // Pairs with the release of the step after the callback: what the callback did is visible then.
            let running = &TimerBase::of(found.cpu).running;
            let at = ptr::from_ref(running).addr();
            let s = Step::new(Op::TimerWait, Mode::Read, at, 4, place).ordered(true, false);
            let other = Cond::on(running, |now, mine| now != mine, u64::from(run));
            wait(&s.named(Some("running timer"), self.made_at()), other, WaitKind::Spin);
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
        Step::new(op, mode, ptr::from_ref(&self.state).addr(), 4, place).named(Some("timer"), self.made_at())
    }

    /// The timer was taken off its list because its time has come, and its memory is alive.
    pub(crate) fn expired(&self) {
        self.clear(PENDING);
    }

    /// On the host the word says it, as long as the timer's bucket is held, or at some time.
    fn is_pending(&self) -> bool {
        if model().is_some() { known_as_pending(self) } else { self.state.load(Ordering::Acquire) & PENDING != 0 }
    }

    pub(crate) fn set(&self, bits: u32) {
        self.state.fetch_or(bits, Ordering::Relaxed);
    }

    pub(crate) fn clear(&self, bits: u32) {
        self.state.fetch_and(!bits, Ordering::Relaxed);
    }

    pub(crate) fn has_callback(&self) -> bool {
        !self.function.load(Ordering::Relaxed).is_null()
    }

    pub(crate) fn flags(&self) -> u32 {
        self.flags.load(Ordering::Relaxed)
    }

    /// Whether it was initialised: made by [`Timer::new`], or in C by `timer_setup()` and the like.
    #[must_use]
    pub fn is_initialised(&self) -> bool {
        self.flags() & INITIALISED_MASK == INITIALISED
    }

    /// `expires`, within a step that covers it.
    pub(crate) fn expires_now(&self) -> u64 {
        self.expires.load(Ordering::Relaxed)
    }

    /// Notes `expires`, and that the timer is pending.
    pub(crate) fn is_armed(&self, expires: u64) {
        self.expires.store(expires, Ordering::Relaxed);
        self.set(PENDING);
    }

    pub(crate) fn is_shut_down(&self) -> bool {
        self.state.load(Ordering::Relaxed) & SHUT_DOWN != 0
    }

    /// Where it was made, if it was.
    fn made_at(&self) -> Option<Place> {
        // SAFETY: of an initialised timer it is null or comes from a `Place`.
        self.is_initialised().then(|| unsafe { Place::from_ptr(self.class.load(Ordering::Relaxed)) })?
    }

    /// Where the timer was made; of one that C code made statically, where its function is.
    pub(crate) fn class(&self) -> Place {
        self.made_at().unwrap_or_else(|| {
            let function = self.function.load(Ordering::Relaxed).addr();
            Place::of_code(function).unwrap_or(Place::caller())
        })
    }

    /// The address of a word of the timer at `timer` that is never written while it can expire.
    pub(crate) fn function_address(timer: *const Timer) -> usize {
        timer.addr() + offset_of!(Timer, function)
    }

    pub(crate) fn callback(&self) -> Callback {
        let function = self.function.load(Ordering::Relaxed);
        assert!(!function.is_null(), "only a timer with a callback can be armed");
        // SAFETY: not null; the constructors store it with the style of its type, and who sets it otherwise promises it.
        unsafe { Callback::of(self.flags(), function, self.data()) }
    }
}
