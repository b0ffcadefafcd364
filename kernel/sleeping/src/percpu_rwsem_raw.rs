//! The per-CPU reader-writer semaphore without data: reading is adding to a word that only this CPU changes.
//!
//! # Theory
//! **Invariants** (`P` for per-CPU).
//! - P1. A reader adds one to its CPU's *count*, and looks whether a *writer* is there. If not, it reads; in the end it
//!   subtracts one from the count of whatever CPU it is on then, and looks again. The sum of all counts is how many read.
//! - P2. A writer holds the [`RawRwSemaphore`] inside for writing, says that it is there, makes a *heavy fence*
//!   ([`Machine::heavy_fence`](ringzero_machine::Machine::heavy_fence)), and waits until the sum is 0. Either a reader's look
//!   comes after that fence and sees the writer, or what the reader did before it is seen by the writer. So readers need
//!   neither fence nor atomic instruction.
//! - P3. A reader that sees a writer takes its one back, on the same CPU, and says so; then it goes through the semaphore inside:
//!   while it reads that, no writer is there, and it adds its one again. Who ends reading and sees a writer says so. A writer
//!   that waits looks at the sum again whenever somebody has said so.
//! - P4. Since a new reader adds and takes back on one CPU, a sum that is read count by count is 0 only if it was.
//! - P5. On the model, coarse, there are no counts: it is the semaphore inside. But a reader orders nothing for another one, as
//!   it touches its own CPU's count: what readers release, a writer acquires. Fine, each access of the above is a step; a heavy
//!   fence is none, since steps come one after the other.
//! - P6. Counts are made when a CPU first reads, and live until [`RawPercpuRwSemaphore::free`].
//! - P7. Any task may end what another one has begun to read: a count belongs to nobody. That nobody reads at all is found on the
//!   model, coarse.
//!
//! **Differences from Linux.** There is no grace period: the fence is the system's `membarrier`.

use crate::common::{How, assert_task, is_over, tell, untimed};
use crate::rwsem_raw::{Ops, RawRwSemaphore};
use core::fmt;
use core::mem::offset_of;
use core::ptr;
use core::sync::atomic::{
    AtomicPtr, AtomicU32,
    Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst},
    fence,
};
use ringzero_context::{at, violation};
use ringzero_machine::{KBox, LockUse, Mode, Op, Place, Step, cpu, fine, host, model, notify_sleepers, step};
use ringzero_sched::{Awaited, Wait, WaitWord};
use ringzero_spinning::lockdep::Held;

const OPS: Ops = Ops {
    read: Op::PercpuDownRead,
    wait_to_read: Op::PercpuDownReadWait,
    try_read: Op::PercpuDownReadTrylock,
    end_read: Op::PercpuUpRead,
    read_returns: Op::PercpuUpReadReturns,
    write: Op::PercpuDownWrite,
    wait_to_write: Op::PercpuDownWriteWait,
    end_write: Op::PercpuUpWrite,
    write_returns: Op::PercpuUpWriteReturns,
    apart: true,
};

/// A reader that is the n-th of its CPU, n a multiple of this, looks at the sum of all. So between two looks all CPUs together
/// do not count further than [`TOO_MANY`].
const LOOK_EACH: u32 = 1 << 20;
/// So many readers that some were forgotten. Their sum is not to come round to 0.
const TOO_MANY: u32 = LOOK_EACH * (CPUS * CHUNKS) as u32;
const _: () = assert!(TOO_MANY <= 1 << 30, "the sum comes to where it is found before it comes round");

/// How many CPUs have their counts in one piece of memory, and how many pieces there may be.
const CPUS: usize = 64;
const CHUNKS: usize = 16;

/// A CPU's count, in a cache line of its own.
#[repr(C, align(64))]
struct Count(AtomicU32);

struct Chunk([Count; CPUS]);

/// A per-CPU reader-writer semaphore without data (`struct percpu_rw_semaphore`): reading costs next to nothing, writing much.
/// All zeroes is a free one.
///
/// Taking it sleeps: finding `sleep-in-atomic` where that is not allowed.
///
/// ```
/// use ringzero::rwsem::RawPercpuRwSemaphore;
/// static HOTPLUG: RawPercpuRwSemaphore = RawPercpuRwSemaphore::new().named("cpu_hotplug");
/// HOTPLUG.down_read();
/// assert!(HOTPLUG.down_read_trylock());
/// HOTPLUG.up_read();
/// HOTPLUG.up_read();
/// HOTPLUG.down_write();
/// assert!(!HOTPLUG.down_read_trylock());
/// HOTPLUG.up_write();
/// // SAFETY: nobody uses it.
/// unsafe { HOTPLUG.free() };
/// ```
#[doc(alias = "percpu_rw_semaphore")]
#[repr(C, align(8))]
pub struct RawPercpuRwSemaphore {
    /// 1 while a writer is there or wants to come in.
    writer: AtomicU32,
    /// How many sleep for `told`, on the host.
    sleepers: AtomicU32,
    chunks: [AtomicPtr<Chunk>; CHUNKS],
    /// How often readers have said that they are gone.
    told: WaitWord,
    inside: RawRwSemaphore,
}

// SAFETY: everything inside is atomic or never written after construction; chunks are freed when nobody uses them.
unsafe impl Sync for RawPercpuRwSemaphore {}
// SAFETY: as above.
unsafe impl Send for RawPercpuRwSemaphore {}

/// What a writer waits for: that somebody has said something.
struct News;

impl Awaited for News {
    fn holds(now: u32, known: u32) -> bool {
        now != known
    }
}

/// Making them.
impl RawPercpuRwSemaphore {
    /// The fields and where they lie: what the C header mirrors.
    pub const LAYOUT: [(&'static str, usize); 6] = [
        ("writer", offset_of!(Self, writer)),
        ("sleepers", offset_of!(Self, sleepers)),
        ("chunks", offset_of!(Self, chunks)),
        ("told", offset_of!(Self, told)),
        ("told_pokes", offset_of!(Self, told) + size_of::<u32>()),
        ("inside", offset_of!(Self, inside)),
    ];

    /// A free one whose class is the caller's place.
    #[doc(alias("percpu_init_rwsem", "DEFINE_STATIC_PERCPU_RWSEM", "DEFINE_PERCPU_RWSEM"))]
    #[must_use]
    #[track_caller]
    pub const fn new() -> Self {
        Self {
            writer: AtomicU32::new(0),
            sleepers: AtomicU32::new(0),
            chunks: [const { AtomicPtr::new(ptr::null_mut()) }; CHUNKS],
            told: WaitWord::new(0),
            inside: RawRwSemaphore::new(),
        }
    }

    /// The same with a name for reports.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.inside.set_name(name);
        self
    }

    /// Gives it a name.
    pub(crate) const fn set_name(&mut self, name: &'static str) {
        self.inside.set_name(name);
    }

    /// Makes the memory at `at` a free one whose class is `place`, in a step that writes it: `percpu_init_rwsem()` of C. Every
    /// context; does not sleep.
    ///
    /// # Safety
    /// `at` must be valid for writes and aligned. What it held is forgotten.
    pub unsafe fn init_at(at: *mut Self, name: Option<&'static str>, place: Place) {
        // SAFETY: the caller's contract.
        unsafe {
            at.write(Self::new());
            RawRwSemaphore::init_at(&raw mut (*at).inside, name, place);
        }
    }

    /// Whether it was initialised: made by [`RawPercpuRwSemaphore::new`], or in C by `percpu_init_rwsem()` or its static form.
    #[must_use]
    pub fn is_initialised(&self) -> bool {
        self.inside.is_initialised()
    }

    /// [`RawPercpuRwSemaphore::free`], and it has to be initialised before it is used again.
    ///
    /// # Safety
    /// As of [`RawPercpuRwSemaphore::free`].
    pub unsafe fn destroy(&self) {
        // SAFETY: the caller's contract.
        unsafe { self.free() };
        self.inside.forget();
    }

    /// Gives the counts' memory back. Afterwards the semaphore is free.
    ///
    /// # Safety
    /// Nobody else uses the semaphore meanwhile, and nobody holds it.
    #[doc(alias = "percpu_free_rwsem")]
    pub unsafe fn free(&self) {
        for chunk in &self.chunks {
            let chunk = chunk.swap(ptr::null_mut(), AcqRel);
            if !chunk.is_null() {
                // SAFETY: made in `make_chunk`; nobody uses the semaphore (the caller's contract).
                unsafe { KBox::dispose(chunk.cast_const()) };
            }
        }
    }

    /// This CPU's count.
    #[inline(always)]
    fn count(&self) -> &AtomicU32 {
        let id = cpu().id.get() as usize;
        let chunk = self.chunks[id / CPUS % CHUNKS].load(Acquire);
        // SAFETY: null, or made in `make_chunk`, and it lives while the semaphore is used.
        match unsafe { chunk.as_ref() } {
            Some(chunk) => &chunk.0[id % CPUS].0,
            None => &self.make_chunk(id / CPUS % CHUNKS).0[id % CPUS].0,
        }
    }

    #[cold]
    #[inline(never)]
    fn make_chunk(&self, index: usize) -> &Chunk {
        let new = KBox::new(Chunk([const { Count(AtomicU32::new(0)) }; CPUS])).as_ptr();
        // Pairs with the loads: who finds it finds it filled.
        match self.chunks[index].compare_exchange(ptr::null_mut(), new, AcqRel, Acquire) {
            // SAFETY: just made.
            Ok(_) => unsafe { &*new },
            Err(there) => {
                // SAFETY: just made, and known to nobody; the other one as in `count`.
                unsafe {
                    KBox::dispose(new.cast_const());
                    &*there
                }
            }
        }
    }

    /// The sum of all counts.
    fn sum(&self, place: Place) -> u32 {
        let mut sum = 0_u32;
        for chunk in &self.chunks {
            // SAFETY: as in `count`.
            let Some(chunk) = (unsafe { chunk.load(Acquire).as_ref() }) else { continue };
            let cpus = model().map_or(CPUS, |m| m.nr_cpus() as usize);
            for count in &chunk.0[..cpus.min(CPUS)] {
                self.announce(&count.0, Op::AtomicRead, Mode::Read, place);
                sum = sum.wrapping_add(count.0.load(Acquire));
            }
        }
        sum
    }

    /// How the running task holds it. No step.
    pub(crate) fn held_by_us(&self) -> Held {
        match self.inside.held_by_us() {
            Held::No if fine() || (model().is_none() && self.sum(Place::here()) != 0) => Held::SomebodyReads,
            held => held,
        }
    }

    pub(crate) fn called(&self) -> &'static str {
        self.inside.name().unwrap_or("a percpu rwsem")
    }

    pub(crate) fn class(&self) -> Option<Place> {
        self.inside.class()
    }

    /// A step of the fine granularity.
    fn announce(&self, word: &AtomicU32, op: Op, mode: Mode, place: Place) {
        if model().is_some() {
            let announced = Step::new(op, mode, ptr::from_ref(word).addr(), 4, place);
            let (acquire, release) = (mode != Mode::Write, mode != Mode::Read);
            step(&announced.ordered(acquire, release).named(self.inside.name(), self.inside.class()));
        }
    }
}

/// Adds to a word that only this CPU changes, in one instruction: what interrupts the CPU does so before or after it. The
/// compiler moves nothing over it.
#[inline(always)]
fn add_here(count: &AtomicU32, n: u32) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the word is alive; other CPUs only read it, whole.
    unsafe {
        core::arch::asm!("add dword ptr [{}], {:e}", in(reg) count.as_ptr(), in(reg) n, options(nostack));
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let now = count.load(Relaxed).wrapping_add(n);
        count.store(now, Release);
        core::sync::atomic::compiler_fence(SeqCst);
    }
}

/// Readers.
impl RawPercpuRwSemaphore {
    /// Sleeps until no writer is there, and reads.
    ///
    /// Context: task, sleeps. Not again in the same section: a writer may have come in between.
    #[doc(alias = "percpu_down_read")]
    #[track_caller]
    #[inline]
    pub fn down_read(&self) {
        let (how, place) = (How::call("percpu_down_read()"), Place::caller());
        if model().is_some() && !fine() {
            let _ = self.inside.read_at(how, &OPS, place);
            return;
        }
        how.may_sleep(place);
        tell(|| self.inside.event(true, LockUse::Read, place));
        if !self.come(place) {
            self.come_through_inside(how, place);
        }
    }

    /// Reads if no writer is there; whether it does now.
    ///
    /// Context: task; does not sleep.
    #[doc(alias = "percpu_down_read_trylock")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn down_read_trylock(&self) -> bool {
        let place = Place::caller();
        assert_task("percpu_down_read_trylock()", "percpu rwsems", place);
        if model().is_some() && !fine() {
            return self.inside.try_read_at(&OPS, place);
        }
        let came = self.come(place);
        if came {
            tell(|| self.inside.event(true, LockUse::Read, place).tried());
        }
        came
    }

    /// Reads no more. Never sleeps.
    #[doc(alias = "percpu_up_read")]
    #[track_caller]
    #[inline]
    pub fn up_read(&self) {
        let place = Place::caller();
        if model().is_some() && !fine() {
            return self.inside.end_read_at("percpu_up_read()", &OPS, place);
        }
        tell(|| self.inside.event(false, LockUse::Read, place));
        self.go(place);
    }

    /// Adds this reader, unless a writer is there; whether it did.
    #[inline(always)]
    fn come(&self, place: Place) -> bool {
        if model().is_some() {
            at::preempt_disable(place);
        }
        let before = self.add(1, place);
        if before % LOOK_EACH == LOOK_EACH - 1 {
            self.assert_few(place);
        }
        let came = !self.is_written(place);
        if !came {
            self.go(place);
        }
        if model().is_some() {
            at::preempt_enable(place);
        }
        came
    }

    /// Takes a reader back.
    #[inline(always)]
    fn go(&self, place: Place) {
        self.add(u32::MAX, place);
        if self.is_written(place) {
            self.say(place);
        }
    }

    /// Adds to this CPU's count; what it was.
    #[inline(always)]
    fn add(&self, n: u32, place: Place) -> u32 {
        let count = self.count();
        self.announce(count, Op::AtomicRmw, Mode::Rmw, place);
        let before = count.load(Relaxed);
        add_here(count, n);
        before
    }

    /// Finding `bug` if there are more readers than can be counted, which is none of them then (P1).
    #[cold]
    #[inline(never)]
    fn assert_few(&self, place: Place) {
        let sum = self.sum(place);
        if (TOO_MANY..1 << 31).contains(&sum) {
            self.add(u32::MAX, place);
            let name = self.called();
            violation("bug", place, self.class(), format_args!("`{name}` has too many readers: guards were forgotten"));
            panic!("`{name}` has too many readers");
        }
    }

    #[inline(always)]
    fn is_written(&self, place: Place) -> bool {
        self.announce(&self.writer, Op::AtomicRead, Mode::Read, place);
        // Pairs with the release in `up_write`, and by the heavy fence with the store in `down_write` (P2).
        self.writer.load(Acquire) != 0
    }

    #[cold]
    #[inline(never)]
    fn say(&self, place: Place) {
        step(&self.told_step(Op::AtomicRmw, Mode::Rmw, place).ordered(false, true));
        self.told.word().fetch_add(1, Release);
        notify_sleepers(self.told.address(), &self.sleepers);
    }

    fn told_step(&self, op: Op, mode: Mode, place: Place) -> Step {
        self.told.announcement(op, mode, place).named(self.inside.name(), self.inside.class())
    }

    #[cold]
    #[inline(never)]
    fn come_through_inside(&self, how: How, place: Place) {
        let _ = self.inside.take_read(how, &OPS, place);
        self.add(1, place);
        self.inside.drop_reader("percpu_down_read()", &OPS, place);
    }
}

/// Writers.
impl RawPercpuRwSemaphore {
    /// Sleeps until nobody holds it, and writes.
    ///
    /// Context: task, sleeps.
    #[doc(alias = "percpu_down_write")]
    #[track_caller]
    pub fn down_write(&self) {
        let (how, place) = (How::call("percpu_down_write()"), Place::caller());
        let _ = self.inside.write_at(how, &OPS, place);
        if model().is_none() || fine() {
            self.keep_readers_out(place);
        }
    }

    fn keep_readers_out(&self, place: Place) {
        self.announce(&self.writer, Op::AtomicSet, Mode::Write, place);
        self.writer.store(1, SeqCst);
        match host() {
            Some(m) if model().is_none() => m.heavy_fence(),
            _ => fence(SeqCst),
        }
        let mut failed = 0;
        loop {
            step(&self.told_step(Op::AtomicRead, Mode::Read, place).ordered(true, false));
            let known = self.told.word().load(Acquire);
            if self.sum(place) == 0 || is_over(&mut failed) {
                return;
            }
            let read = self.told_step(Op::AtomicRead, Mode::Read, place);
            let wait = Wait::new(read).arg(known).counted_in(&self.sleepers);
            // No signal, so no error.
            let _ = untimed(self.told.wait::<News>(&wait, || self.told.word().load(Relaxed) != known));
        }
    }

    /// Writes no more. The running task must be the writer. Never sleeps.
    #[doc(alias = "percpu_up_write")]
    #[track_caller]
    pub fn up_write(&self) {
        let place = Place::caller();
        if model().is_none() || fine() {
            self.announce(&self.writer, Op::AtomicSet, Mode::Write, place);
            self.writer.store(0, Release);
        }
        self.inside.end_write_at("percpu_up_write()", &OPS, place);
    }

    /// The running task reads (or writes) no longer, but the semaphore stays held: another one says [`adopt`](Self::adopt). No
    /// step; only findings and the validator hear of it.
    #[doc(alias = "percpu_rwsem_release")]
    pub fn disown(&self, read: bool, place: Place) {
        tell(|| self.inside.event(false, if read { LockUse::Read } else { LockUse::Write }, place));
        self.inside.hand_over(false, read, place);
    }

    /// What another task has [disowned](Self::disown) is the running one's now.
    #[doc(alias = "percpu_rwsem_acquire")]
    pub fn adopt(&self, read: bool, place: Place) {
        tell(|| self.inside.event(true, if read { LockUse::Read } else { LockUse::Write }, place).tried());
        self.inside.hand_over(true, read, place);
    }

    /// Whether somebody writes or wants to. Orders nothing. Every context.
    #[doc(alias = "percpu_is_write_locked")]
    #[must_use]
    #[track_caller]
    pub fn is_write_locked(&self) -> bool {
        self.inside.is_written(Place::caller())
    }
}

impl Default for RawPercpuRwSemaphore {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RawPercpuRwSemaphore {
    /// Shows the state without a step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.writer.load(Relaxed) != 0 { "written" } else { "not written" };
        write!(f, "RawPercpuRwSemaphore({}, {state})", self.inside.name().unwrap_or("unnamed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_read_or_one_writes() {
        let sem = RawPercpuRwSemaphore::new().named("s");
        sem.down_read();
        assert!(sem.down_read_trylock());
        assert_eq!(sem.sum(Place::here()), 2);
        sem.up_read();
        sem.up_read();
        sem.down_write();
        assert!(!sem.down_read_trylock() && sem.is_write_locked());
        assert_eq!(std::format!("{sem:?}"), "RawPercpuRwSemaphore(s, written)");
        sem.up_write();
        assert!(sem.down_read_trylock() && !sem.is_write_locked());
        sem.up_read();
        // SAFETY: nobody uses it.
        unsafe { sem.free() };
        assert!(sem.down_read_trylock(), "counts are made again");
        sem.up_read();
        // SAFETY: as above.
        unsafe { sem.free() };
    }

    /// The test of the sum is only now and then, so the count is set to just before such a time.
    fn after_readers_that_were_forgotten(readers: u32) -> bool {
        let sem = RawPercpuRwSemaphore::new().named("s");
        sem.count().store(readers, Relaxed);
        sem.down_read_trylock()
    }

    #[test]
    fn many_readers_may_be_forgotten() {
        let many = [LOOK_EACH - 1, TOO_MANY - LOOK_EACH - 1, u32::MAX, 0_u32.wrapping_sub(LOOK_EACH + 1)];
        assert!(many.map(after_readers_that_were_forgotten).iter().all(|reads| *reads));
    }

    #[test]
    #[should_panic(expected = "bug: `s` has too many readers: guards were forgotten")]
    fn more_readers_than_are_counted_are_found() {
        after_readers_that_were_forgotten(TOO_MANY - 1);
    }

    #[test]
    #[should_panic(expected = "would wait for ever")]
    fn a_writer_waits_for_readers() {
        let sem = RawPercpuRwSemaphore::new();
        sem.down_read();
        sem.down_write();
    }
}
