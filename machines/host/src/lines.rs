//! The interrupt controller: lines, and who delivers them.
//!
//! A line that was raised is *latched* until a CPU takes it: one arrival, however often it was raised. A CPU that is told
//! to look takes every latched line that it may: enabled, not in progress. What it may not take stays latched;
//! `line_settled` has it looked at again.

use crate::cpu::{HostCpu, LINES, all_booted, count, this};
use ringzero_machine::{ArrivalSource, LineSpec, StepLock};
use std::cell::Cell;
use std::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{Acquire, SeqCst},
};

const NR_LINES: usize = 64;

struct Line {
    lock: StepLock,
    spec: Cell<Option<LineSpec>>,
    /// The name that it had last.
    name: Cell<&'static str>,
    /// How often a simulated device has raised it.
    raised: AtomicU32,
    delivered: AtomicU64,
}

// SAFETY: the cell is touched with the lock held.
unsafe impl Sync for Line {}

impl Line {
    const fn new() -> Self {
        Self {
            lock: StepLock::new(),
            spec: Cell::new(None),
            name: Cell::new(""),
            raised: AtomicU32::new(0),
            delivered: AtomicU64::new(0),
        }
    }

    fn name(&self) -> &'static str {
        let _in = self.lock.lock();
        self.name.get()
    }

    fn spec(&self) -> Option<LineSpec> {
        let _in = self.lock.lock();
        self.spec.get()
    }
}

static LINES_: [Line; NR_LINES] = [const { Line::new() }; NR_LINES];
/// The lines that were raised and not taken, and which of them cannot be masked.
static LATCHED: AtomicU64 = AtomicU64::new(0);
static NMIS: AtomicU64 = AtomicU64::new(0);

pub(crate) fn add(spec: &LineSpec) {
    let Some(line) = LINES_.get(spec.irq as usize) else { return };
    let bit = 1 << spec.irq;
    LATCHED.fetch_and(!bit, SeqCst);
    if spec.nmi {
        NMIS.fetch_or(bit, SeqCst)
    } else {
        NMIS.fetch_and(!bit, SeqCst)
    };
    line.raised.store(0, SeqCst);
    let _in = line.lock.lock();
    line.spec.set(Some(*spec));
    line.name.set(spec.name);
}

pub(crate) fn remove(irq: u32) {
    let Some(line) = LINES_.get(irq as usize) else { return };
    LATCHED.fetch_and(!(1 << irq), SeqCst);
    let _in = line.lock.lock();
    line.spec.set(None);
}

/// Latches an arrival of the line, and tells a CPU that may take it.
pub(crate) fn raise(irq: u32) {
    let Some(spec) = LINES_.get(irq as usize).and_then(Line::spec) else { return };
    LATCHED.fetch_or(1 << irq, SeqCst);
    tell(&spec);
}

/// The line may be deliverable again.
pub(crate) fn settled(irq: u32) {
    if LATCHED.load(SeqCst) >> irq & 1 != 0
        && let Some(spec) = LINES_.get(irq as usize).and_then(Line::spec)
    {
        tell(&spec);
    }
}

/// Tells a CPU that it may take the line: this one if it may, else one that has nothing to do, else the first.
fn tell(spec: &LineSpec) {
    // SAFETY: whoever added the line promises that its words live until it is removed.
    let mask = unsafe { (*spec.affinity).load(Acquire) };
    let allowed = |cpu: &&'static HostCpu| mask >> cpu.id() & 1 == 1;
    let here = this();
    if here.booted && mask >> here.id() & 1 == 1 {
        return here.post(LINES);
    }
    let resting = all_booted().filter(allowed).find(|cpu| cpu.resting.load(SeqCst));
    if let Some(cpu) = resting.or_else(|| all_booted().find(allowed)).or_else(|| all_booted().next()) {
        cpu.post(LINES);
    }
}

/// Whether the line may enter: enabled, and no handler of it runs.
fn deliverable(spec: &LineSpec) -> bool {
    // SAFETY: as in `tell`.
    unsafe { (*spec.state).load(SeqCst) == 1 && (*spec.inprogress).load(SeqCst) == 0 }
}

/// Has the line raised whenever `fd`, an eventfd or a timerfd, has something to read: it is read, and what came meanwhile is
/// one arrival. Until the result is dropped.
///
/// # Errors
/// The system has no room for it, or `fd` cannot be waited for.
pub fn bind(irq: u32, fd: std::os::fd::OwnedFd) -> std::io::Result<crate::signal::eventfd::Binding> {
    crate::signal::eventfd::bind(irq, fd, raise)
}

/// Takes every latched line that may enter here, but for those that no mask keeps out. In an interrupt, masked.
pub(crate) fn deliver(cpu: &'static HostCpu) {
    take(cpu, LATCHED.load(SeqCst) & !NMIS.load(SeqCst));
}

/// Delivers the lines that no mask keeps out, whatever is masked; one after the other, as a processor does: while one of
/// them is in progress on a CPU, the next waits.
pub(crate) fn attend_nmis(cpu: &'static HostCpu) {
    loop {
        let nmis = LATCHED.load(SeqCst) & NMIS.load(SeqCst);
        if nmis == 0 || !cpu.booted || cpu.in_nmi.get() {
            return;
        }
        let _nmi = InNmi::enter(cpu);
        let _interrupt = crate::run::Interrupt::enter(cpu);
        if !take(cpu, nmis) {
            return;
        }
    }
}

/// A line that no mask keeps out is in progress on a CPU, until it is dropped.
struct InNmi(&'static HostCpu);

impl InNmi {
    fn enter(cpu: &'static HostCpu) -> Self {
        cpu.in_nmi.set(true);
        Self(cpu)
    }
}

impl Drop for InNmi {
    fn drop(&mut self) {
        self.0.in_nmi.set(false);
    }
}

/// Takes those of `lines` that may enter here; whether there was one.
fn take(cpu: &'static HostCpu, mut lines: u64) -> bool {
    let mut some = false;
    while lines != 0 {
        let irq = lines.trailing_zeros();
        lines &= lines - 1;
        let Some((line, spec)) = LINES_.get(irq as usize).and_then(|l| Some((l, l.spec()?))) else { continue };
        // SAFETY: as in `tell`.
        let mine = unsafe { (*spec.affinity).load(Acquire) } >> cpu.id() & 1 == 1;
        // The entry looks again, with the line's own lock held, and raises it again if it may not.
        if mine && deliverable(&spec) && LATCHED.fetch_and(!(1 << irq), SeqCst) >> irq & 1 != 0 {
            count(&cpu.counts.interrupts);
            line.delivered.fetch_add(1, SeqCst);
            (spec.entry)(irq);
            some = true;
        }
    }
    some
}

/// How often each line's handlers were entered.
pub(crate) fn delivered() -> Vec<(u32, &'static str, u64)> {
    let line = |(irq, l): (usize, &Line)| {
        let n = l.delivered.load(SeqCst);
        (n > 0).then(|| (irq as u32, l.name(), n))
    };
    LINES_.iter().enumerate().filter_map(line).collect()
}

/// Whether nothing is latched that could be delivered.
pub(crate) fn at_rest() -> bool {
    let latched = LATCHED.load(SeqCst);
    LINES_.iter().enumerate().all(|(irq, l)| latched >> irq & 1 == 0 || !l.spec().is_some_and(|s| deliverable(&s)))
}

/// Raises, as the devices behind them would, every line with a device that is enabled: those of devices that raise them
/// without end only if it is time for it.
pub(crate) fn play_devices(is_time: bool) {
    for (irq, line) in LINES_.iter().enumerate() {
        let Some(spec) = line.spec() else { continue };
        let wants = match spec.source {
            ArrivalSource::Raised => false,
            ArrivalSource::Device => is_time,
            ArrivalSource::Finite(n) => line.raised.load(SeqCst) < n,
        };
        // A device that has raised its line waits until that was taken.
        let free = LATCHED.load(SeqCst) >> irq & 1 == 0;
        // SAFETY: as in `tell`.
        if wants && free && unsafe { (*spec.state).load(SeqCst) == 1 } {
            line.raised.fetch_add(1, SeqCst);
            raise(irq as u32);
        }
    }
}

/// Whether a device has to raise its line yet: one that does so a number of times, or, if those count, one that does so
/// without end.
pub(crate) fn more_to_raise(endless: bool) -> bool {
    LINES_.iter().any(|line| match line.spec().map(|spec| spec.source) {
        Some(ArrivalSource::Finite(n)) => line.raised.load(SeqCst) < n,
        Some(ArrivalSource::Device) => endless,
        Some(ArrivalSource::Raised) | None => false,
    })
}
