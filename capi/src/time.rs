//! `linux/jiffies.h`, `linux/timekeeping.h`; and the passing of time in loops that poll.
//!
//! Time is virtual and advances with the clock events of timers. A loop that waits for a word, and gives up when the clock
//! says so, arms no timer: so a round of it that has read the clock and ends in `cpu_relax()` arms one on its behalf, which
//! does nothing but advance the clock. Each further round waits twice as long, so that the end of a long time-out comes
//! after few of them. The host's clock goes on by itself, and nothing of this is needed there.
//!
//! Differences from Linux: one clock, on the model to the tick. Only where interrupts are off on every CPU, or on the only
//! one, does it stand still, as it does there.

use core::cell::Cell;
use core::ffi::c_ulong;
use ringzero_machine::{Place, cpu, machine, machine_local, model};
use ringzero_time::{TICK_NSEC, Timer, jiffies};

/// Contexts that can poll at once; further ones wait without a timer of their own.
const POLLS: usize = 32;
/// The longest time between two rounds, as a power of two of jiffies.
const MOST: u32 = 16;

/// What a context that polls has done since its last `cpu_relax()`.
struct Poll {
    /// Which context; 0: the slot is free.
    who: Cell<usize>,
    /// It has read the clock.
    read: Cell<bool>,
    /// How many rounds with a look at the clock came one after the other.
    rounds: Cell<u32>,
    timer: Timer,
}

fn nothing(_: &'static Timer) {}

machine_local! {
    static POLLING: [Poll; POLLS] = [const {
        Poll { who: Cell::new(0), read: Cell::new(false), rounds: Cell::new(0), timer: Timer::for_sleep(nothing) }
    }; POLLS];
}

/// The running context's slot. A task keeps its own wherever it runs; what runs above tasks has one for each CPU.
fn poll() -> Option<&'static Poll> {
    let cpu = cpu();
    let above = cpu.irq_nesting.get() as usize;
    let who = if above == 0 { cpu.current.get().addr() } else { (cpu.id.get() as usize) << 8 | above << 1 | 1 };
    let slots = POLLING.get();
    let mine = slots.iter().find(|p| p.who.get() == who || p.who.get() == 0)?;
    mine.who.set(who);
    Some(mine)
}

/// The running context looks at the clock.
fn look() -> u64 {
    let now = jiffies();
    if model().is_some()
        && let Some(p) = poll()
    {
        p.read.set(true);
    }
    now
}

/// The running context ends a round of a loop: if the clock was a part of it, the clock goes on.
pub(crate) fn round_ends() {
    let Some(m) = model() else { return };
    let Some(p) = POLLING.get().iter().any(|p| p.read.get()).then(poll).flatten() else { return };
    if !p.read.replace(false) {
        p.rounds.set(0);
        return;
    }
    let rounds = p.rounds.get();
    p.rounds.set((rounds + 1).min(MOST));
    // The clock event comes to this CPU; where it cannot, to another.
    let (here, masked) = (cpu().id.get(), cpu().irq.get().masked);
    let other = if masked { (here + 1) % m.nr_cpus() } else { here };
    p.timer.arm_in_on(1 << rounds, other, Place::caller());
}

crate::exports! {
    /// `jiffies`. Any context; a step.
    fn __rz_jiffies() -> c_ulong {
        look() as c_ulong
    }

    /// `ktime_get` and all its forms: nanoseconds since boot. Any context; a step.
    fn ktime_get() -> i64 {
        if let Some(now) = machine().and_then(|m| m.free_running_ns()) {
            return now.cast_signed();
        }
        look().wrapping_mul(TICK_NSEC).cast_signed()
    }
}
