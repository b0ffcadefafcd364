//! Starting CPUs, running a program on them, and what is left of it in the end.

use crate::cpu::{HostCpu, NR_BOOTED, all_booted, booted, make_booted, now_booted};
use crate::host::{EXIT, LOOKS};
use crate::os::{Threads, now_ns, pin, tid};
use crate::task::{HostTask, alive, programs};
use crate::{asynchronous, lines};
use ringzero_machine::{Count, Finding, Place, Priority, TaskSpec, set_home};
use std::fmt;
use std::ptr;
use std::sync::atomic::{
    AtomicBool, AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The CPUs' threads.
static THREADS: Mutex<Vec<JoinHandle<()>>> = Mutex::new(Vec::new());
/// The machine is being shut down.
static OVER: AtomicBool = AtomicBool::new(false);
/// One program at a time.
static BOOTING: Mutex<()> = Mutex::new(());
/// What went wrong since the program began.
static FINDINGS: Mutex<Vec<Trouble>> = Mutex::new(Vec::new());
/// Told when the last task of the program has ended.
static ENDED: (Mutex<()>, Condvar) = (Mutex::new(()), Condvar::new());
static LOG: RwLock<fn(&str)> = RwLock::new(to_stdout);
static ON_FINDING: RwLock<Option<fn(&Finding<'_>)>> = RwLock::new(None);

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn to_stdout(line: &str) {
    println!("{line}");
}

/// Whether the CPUs are to stop.
pub(crate) fn is_over() -> bool {
    OVER.load(Acquire)
}

/// A line of the kernel's log.
pub(crate) fn log(text: &str) {
    let sink = *LOG.read().unwrap_or_else(PoisonError::into_inner);
    sink(text);
}

/// A violated rule, or a panic, in a program.
///
/// ```
/// use ringzero::{Machine, delay::msleep, host::Trouble, sync::SpinLock};
/// let init = || {
///     let lock = SpinLock::new(0);
///     let _held = lock.lock();
///     msleep(1);
/// };
/// let found: Trouble = Machine::host().boot(init).troubles.remove(0);
/// assert_eq!(found.code, "sleep-in-atomic");
/// assert!(found.message.starts_with("msleep() may sleep, but was called with preemption disabled"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The finding's code; `panic` for any other panic.
    pub code: String,
    /// What happened.
    pub message: String,
    /// Where.
    pub place: String,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} (at {})", self.code, self.message, self.place)
    }
}

/// A violated rule was found by kernel code: it is noted, then the running context panics.
pub(crate) fn found(finding: &Finding<'_>) -> ! {
    let hook = *ON_FINDING.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(hook) = hook {
        hook(finding);
    }
    let trouble = Trouble {
        code: finding.code.to_owned(),
        message: finding.message.to_owned(),
        place: finding.place.to_string(),
    };
    let text = trouble.to_string();
    locked(&FINDINGS).push(trouble);
    REPORTED.set(true);
    panic!("{text}")
}

std::thread_local! {
    /// The panic that goes on was reported as a finding.
    static REPORTED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// A task has ended by a panic.
pub(crate) fn task_panicked(spec: &TaskSpec) {
    if !REPORTED.replace(false) {
        let message = format!("task `{}` panicked", spec.name);
        locked(&FINDINGS).push(Trouble { code: "panic".into(), message, place: spec.place.to_string() });
    }
}

/// An interrupt that came asynchronously has panicked.
pub(crate) fn handler_panicked() {
    if !REPORTED.replace(false) {
        let message = "an interrupt handler panicked".to_owned();
        locked(&FINDINGS).push(Trouble { code: "panic".into(), message, place: String::new() });
    }
}

/// Has `hook` called with each violated rule, in the context that violated it, before that panics.
pub fn set_finding_hook(hook: Option<fn(&Finding<'_>)>) {
    *ON_FINDING.write().unwrap_or_else(PoisonError::into_inner) = hook;
}

/// The last task of the program may have ended.
pub(crate) fn something_ended() {
    let _held = locked(&ENDED.0);
    ENDED.1.notify_all();
}

/// Starts a CPU if there is none: for threads of the program that leave something to be done.
pub(crate) fn ensure_booted() {
    if booted() == 0 {
        start_cpus(1, false);
    }
}

/// Sees to it that at least `n` CPUs run.
fn start_cpus(n: u32, pinned: bool) {
    assert!((1..=NR_BOOTED as u32).contains(&n), "a machine has 1 to {NR_BOOTED} CPUs, not {n}");
    assert!(!is_over(), "the machine was shut down");
    let mut threads = locked(&THREADS);
    for id in booted()..n {
        let cpu = make_booted(id);
        let (up, is_up) = std::sync::mpsc::channel();
        let thread = std::thread::Builder::new().name(format!("ringzero-cpu{id}"));
        let body = move || {
            if pinned {
                pin(id as usize);
            }
            cpu.tid.store(tid(), Relaxed);
            // SAFETY: the block is this thread's for as long as it lives.
            unsafe { set_home(Some(&raw const cpu.block)) };
            let _ = up.send(());
            crate::run::run(cpu);
            asynchronous::leave(cpu);
        };
        threads.push(thread.spawn(body).expect("a thread for a CPU"));
        let _ = is_up.recv();
        now_booted(id);
        if let Some(hooks) = crate::host::hooks() {
            (hooks.booted)(id);
        }
    }
}

/// How a program is run on the machine of threads.
///
/// A booted CPU is a thread that runs many tasks; threads of the program that call in are CPUs too, and need no boot.
#[derive(Clone, Debug)]
pub struct Host {
    cpus: u32,
    pinned: bool,
    async_irqs: bool,
    tick: Duration,
    devices: Option<Duration>,
    run_for: Option<Duration>,
    patience: Option<Duration>,
}

impl Default for Host {
    fn default() -> Self {
        Self::new()
    }
}

impl Host {
    /// One CPU, interrupts at safe points.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            cpus: 1,
            pinned: false,
            async_irqs: false,
            tick: Duration::from_millis(10),
            devices: None,
            run_for: None,
            patience: None,
        }
    }

    /// How many CPUs there are to be at least, 1 to 64. They stay when the program has ended.
    #[must_use]
    pub const fn cpus(mut self, n: u32) -> Self {
        self.cpus = n;
        self
    }

    /// Binds each CPU that is started now to a processor.
    #[must_use]
    pub const fn pinned(mut self, on: bool) -> Self {
        self.pinned = on;
        self
    }

    /// Interrupts come by a signal, also where the code has no safe point, and a tick preempts tasks: see the crate's
    /// documentation for what a handler may do then.
    #[must_use]
    pub const fn async_irqs(mut self, on: bool) -> Self {
        self.async_irqs = on;
        self
    }

    /// The time from one tick to the next, with [`Host::async_irqs`]. 10 ms unless told.
    #[must_use]
    pub const fn tick(mut self, period: Duration) -> Self {
        self.tick = period;
        self
    }

    /// Simulates a device behind each line that was not said to be raised by software only: it raises the line at irregular
    /// times, `period` apart on the average; a device that was said to raise it n times does so n times, as soon as it can.
    #[must_use]
    pub const fn devices(mut self, period: Duration) -> Self {
        self.devices = Some(period);
        self
    }

    /// How long the program runs after its init function has returned, before its exit function is called. Unless told:
    /// until nothing is left that could happen by itself.
    #[must_use]
    pub const fn run_for(mut self, time: Duration) -> Self {
        self.run_for = Some(time);
        self
    }

    /// How long each of the program's phases (init, exit, the end of its tasks) may take before it is given up. Unless
    /// told: init and exit may take for ever, tasks 10 s after the exit function.
    #[must_use]
    pub const fn patience(mut self, time: Duration) -> Self {
        self.patience = Some(time);
        self
    }

    /// Where the kernel's log goes, line by line: the standard output unless told. For the whole process.
    #[must_use]
    pub fn log(self, sink: fn(&str)) -> Self {
        *LOG.write().unwrap_or_else(PoisonError::into_inner) = sink;
        self
    }

    /// Starts the CPUs and runs a program on them: `start` creates its init task and returns the task's number. Returns
    /// when the program is over; the CPUs go on, for others.
    ///
    /// # Panics
    /// If there are to be no CPUs or more than 64, or the machine was shut down.
    #[must_use = "it says what went wrong, and what still runs"]
    pub fn boot(self, start: impl FnOnce() -> u32) -> Summary {
        let _one = BOOTING.lock().unwrap_or_else(PoisonError::into_inner);
        start_cpus(self.cpus, self.pinned);
        if self.async_irqs {
            all_booted().for_each(|cpu| asynchronous::want(cpu, self.tick));
        }
        locked(&FINDINGS).clear();
        *locked(&EXIT) = None;
        let (began, before) = (Instant::now(), Totals::now());
        let devices = Devices::start(&self);
        let init = start();
        let mut still = Vec::new();
        let ended = HostTask::ended(init);
        let has_ended = || ended.is_none_or(|e| e.holds());
        let limit = |default: Option<Duration>| self.patience.or(default).map(|p| Instant::now() + p);
        if wait_until(limit(None), has_ended) {
            let end = self.run_for.map(|t| Instant::now() + t);
            let limit = end.or(limit(None));
            let done = || (end.is_none() || programs() == 0) && at_rest(&devices);
            wait_until(limit, done);
        } else {
            still.push("the init function".to_owned());
        }
        drop(devices);
        if still.is_empty() && !run_exit(limit(None)) {
            still.push("the exit function".to_owned());
        }
        wait_until(limit(Some(Duration::from_secs(10))), || programs() == 0);
        if programs() != 0 {
            let named = |(name, _, system): &(&str, Place, bool)| !system && (*name != "init" || still.is_empty());
            let alive: Vec<_> = alive().into_iter().filter(named).collect();
            still.extend(alive.iter().map(|(name, place, _)| format!("task `{name}`, made at {place}")));
        }
        let looks = locked(&LOOKS).clone();
        still.extend(looks.iter().filter_map(|look| look()).map(|left| {
            let name = left.name.map_or(String::new(), |n| format!(" `{n}`"));
            let place = left.place.map_or(String::new(), |p| format!(", made at {p}"));
            format!("{}{name}{place}", left.what)
        }));
        let troubles = std::mem::take(&mut *locked(&FINDINGS));
        let mut now = Totals::now();
        now.subtract(&before);
        Summary { elapsed: began.elapsed(), cpus: booted(), totals: now, troubles, still }
    }

    /// Stops the CPUs and waits until they have stopped. Tasks that have not ended stay where they are, for good.
    /// Afterwards nothing can be booted in this process; threads of the program go on.
    pub fn shut_down() {
        let _one = BOOTING.lock().unwrap_or_else(PoisonError::into_inner);
        OVER.store(true, Release);
        all_booted().for_each(|cpu| cpu.idle.kick(&Threads));
        for thread in locked(&THREADS).drain(..) {
            let _ = thread.join();
        }
    }
}

/// Runs the program's exit function, if it has one; whether it has come to its end.
fn run_exit(limit: Option<Instant>) -> bool {
    static ALLOWED: AtomicU64 = AtomicU64::new(1);
    static STATE: AtomicU32 = AtomicU32::new(0);
    let Some((entry, data)) = locked(&EXIT).take() else { return true };
    let number = HostTask::spawn(&TaskSpec {
        entry,
        data: ptr::with_exposed_provenance_mut(data),
        allowed: &raw const ALLOWED,
        state: &raw const STATE,
        prio: Priority::ORDINARY,
        // It is told of as the exit function.
        system: true,
        name: "exit",
        place: Place::here(),
    });
    let ended = HostTask::ended(number);
    wait_until(limit, || ended.is_none_or(|e| e.holds()))
}

/// Waits until `done`, but not after `limit`; whether it is so.
fn wait_until(limit: Option<Instant>, done: impl Fn() -> bool) -> bool {
    let mut pause = Duration::from_micros(20);
    loop {
        if done() {
            return true;
        }
        if limit.is_some_and(|l| Instant::now() >= l) {
            return false;
        }
        let held = locked(&ENDED.0);
        drop(ENDED.1.wait_timeout(held, pause));
        pause = (pause * 2).min(Duration::from_millis(2));
    }
}

/// Whether nothing can happen any more by itself: looked at twice, since a CPU may be between two of the looks.
fn at_rest(devices: &Devices) -> bool {
    let look = || devices.at_rest() && lines::at_rest() && all_booted().all(HostCpu::at_rest);
    let switches =
        || all_booted().map(|c| c.counts.switches.load(Relaxed) + c.counts.interrupts.load(Relaxed)).sum::<u64>();
    let before = switches();
    look() && {
        std::thread::sleep(Duration::from_micros(50));
        look() && before == switches()
    }
}

/// The thread that plays the devices.
struct Devices {
    stop: std::sync::Arc<AtomicBool>,
    /// The program runs for a given time, all of which a device without a number fills.
    timed: bool,
    thread: Option<JoinHandle<()>>,
}

impl Devices {
    fn start(host: &Host) -> Self {
        let (stop, timed) = (std::sync::Arc::new(AtomicBool::new(false)), host.run_for.is_some());
        let Some(period) = host.devices else { return Self { stop, timed, thread: None } };
        let asked = stop.clone();
        let body = move || {
            let mut seed = now_ns() | 1;
            let mut next = Instant::now();
            while !asked.load(Acquire) {
                let now = Instant::now();
                let due = now >= next;
                if due {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    next = now + period.mul_f64((seed >> 40) as f64 / (1 << 23) as f64);
                }
                lines::play_devices(due);
                let left = next.saturating_duration_since(Instant::now());
                std::thread::sleep(left.min(Duration::from_micros(200)));
            }
        };
        let thread = std::thread::Builder::new().name("ringzero-devices".into());
        Self { stop, timed, thread: Some(thread.spawn(body).expect("a thread for the devices")) }
    }

    /// Whether no device has a line to raise yet that is waited for.
    fn at_rest(&self) -> bool {
        self.thread.is_none() || !lines::more_to_raise(self.timed)
    }
}

impl Drop for Devices {
    fn drop(&mut self) {
        self.stop.store(true, Release);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What the CPUs have done.
///
/// ```
/// use ringzero::{Machine, smp::smp_call_function_single};
/// let init = || smp_call_function_single(1, || (), true).unwrap();
/// let summary = Machine::host().cpus(2).boot(init);
/// assert!(summary.totals.ipis >= 1);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Times that a CPU went to another task.
    pub switches: u64,
    /// Interrupts of lines.
    pub interrupts: u64,
    /// Interrupts from other CPUs.
    pub ipis: u64,
    /// Clock interrupts.
    pub clocks: u64,
    /// Times that a task was preempted.
    pub preempted: u64,
    /// Handlers of softirqs that were run.
    pub softirqs: u64,
    /// Timers that have expired, those of sleeps too.
    pub timers: u64,
    /// Work items that were executed.
    pub works: u64,
    /// Signals that told a CPU of an interrupt or were a tick.
    pub signals: u64,
    /// Those that interrupted the code where it was.
    pub redirected: u64,
    /// Ticks, with those that came too soon after another one.
    pub ticks: u64,
    /// The interrupts of each line: its number, the name of its first handler if it has one, how many.
    pub lines: Vec<(u32, &'static str, u64)>,
}

impl Totals {
    fn now() -> Self {
        let mut all = Self { lines: lines::delivered(), ..Self::default() };
        for c in all_booted().map(|cpu| &cpu.counts) {
            all.switches += c.switches.load(Relaxed);
            all.interrupts += c.interrupts.load(Relaxed);
            all.ipis += c.ipis.load(Relaxed);
            all.clocks += c.clocks.load(Relaxed);
            all.preempted += c.preempted.load(Relaxed);
        }
        for cpu in all_booted().map(|cpu| &cpu.block) {
            all.softirqs += cpu.counted(Count::Softirqs);
            all.timers += cpu.counted(Count::Timers);
            all.works += cpu.counted(Count::Works);
        }
        for c in all_booted().map(|cpu| cpu.signals.counts()) {
            all.signals += c.signals;
            all.redirected += c.redirected;
            all.ticks += c.ticks + c.overruns;
        }
        all
    }

    fn subtract(&mut self, before: &Self) {
        self.switches -= before.switches;
        self.interrupts -= before.interrupts;
        self.ipis -= before.ipis;
        self.clocks -= before.clocks;
        self.preempted -= before.preempted;
        self.softirqs -= before.softirqs;
        self.timers -= before.timers;
        self.works -= before.works;
        self.signals -= before.signals;
        self.redirected -= before.redirected;
        self.ticks -= before.ticks;
        for line in &mut self.lines {
            line.2 -= before.lines.iter().find(|l| l.0 == line.0).map_or(0, |l| l.2);
        }
        self.lines.retain(|l| l.2 > 0);
    }
}

/// How a program has ended.
///
/// ```
/// use ringzero::{Machine, host::Summary, kthread::kthread_run};
/// let init = || { kthread_run(|| (), "short"); };
/// let summary: Summary = Machine::host().cpus(2).boot(init);
/// assert!(summary.is_clean() && summary.cpus >= 2, "{summary}");
/// ```
#[derive(Clone, Debug)]
pub struct Summary {
    /// How long it took.
    pub elapsed: Duration,
    /// The CPUs it ran on.
    pub cpus: u32,
    /// What they did.
    pub totals: Totals,
    /// The rules that were violated, and panics, in the order in which they came.
    pub troubles: Vec<Trouble>,
    /// What was not over when it was given up, and what was left behind.
    pub still: Vec<String>,
}

impl Summary {
    /// Whether nothing went wrong, and nothing is left.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.troubles.is_empty() && self.still.is_empty()
    }

    /// Panics with what went wrong, if anything did: for tests.
    ///
    /// # Panics
    /// Unless it [`is_clean`](Summary::is_clean).
    #[track_caller]
    pub fn assert_clean(&self) {
        assert!(self.is_clean(), "{self}");
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let t = &self.totals;
        let ms = self.elapsed.as_secs_f64() * 1e3;
        writeln!(
            f,
            "{ms:.1} ms on {} CPUs: {} switches ({} preemptions), {} interrupts, {} IPIs, {} clock interrupts",
            self.cpus, t.switches, t.preempted, t.interrupts, t.ipis, t.clocks
        )?;
        writeln!(f, "{} softirqs, {} timers expired, {} work items executed", t.softirqs, t.timers, t.works)?;
        if t.signals > 0 {
            writeln!(f, "{} signals, {} of them delivered at once, {} ticks", t.signals, t.redirected, t.ticks)?;
        }
        t.lines.iter().try_for_each(|(irq, name, n)| writeln!(f, "line {irq} {name}: {n}"))?;
        self.troubles.iter().try_for_each(|t| writeln!(f, "{t}"))?;
        self.still.iter().try_for_each(|s| writeln!(f, "still there: {s}"))
    }
}
