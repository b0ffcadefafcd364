//! `linux/seqlock.h`.
//!
//! Differences from Linux: a counter that was never initialised is a finding (`uninitialised-lock`), also where all zeroes
//! would do.

use crate::deref::{argument, deref};
use crate::memory;
use crate::spinlock::{from_raw, to_raw, uninitialised};
use core::ffi::{c_char, c_int, c_uint, c_ulong};
use ringzero_context::violation;
use ringzero_machine::{Place, model};
use ringzero_spinning::{RawSeqLock, SeqCount, SeqLatch};

/// The counter at `p`. Finding `uninitialised-lock` if it was never initialised.
#[inline]
fn count(p: *const SeqCount) -> &'static SeqCount {
    let count = deref(p);
    if !count.is_initialised() {
        uninitialised(p.addr(), "sequence counter");
    }
    count
}

fn seqlock(p: *const RawSeqLock) -> &'static RawSeqLock {
    let lock = deref(p);
    if !lock.is_initialised() {
        uninitialised(p.addr(), "seqlock");
    }
    lock
}

/// What is read from here on is read again if it is written meanwhile; or not any more.
fn section(addr: usize, begins: bool) {
    if let Some(m) = model() {
        m.seq_section(addr, begins);
    }
}

fn held_to_write(count: &SeqCount, held: c_int) {
    if held == 0 {
        let name = count.name().unwrap_or("a sequence counter");
        let text = format_args!("`{name}` is written without the lock that it was made with");
        violation("warn", Place::caller(), None, text);
    }
}

crate::exports! {
    /// `seqcount_init`: a counter that nobody writes, of the class of this place. Any context.
    fn __rz_seqcount_init(p: *mut SeqCount, name: *const c_char) {
        deref(p.cast_const());
        // SAFETY: readable and aligned, since `deref` came back; the module says that it is a counter of its own.
        unsafe { SeqCount::init_at(p, argument(name), Place::caller()) };
    }

    /// `read_seqcount_begin`: the sequence, once nobody writes. Any context that does not interrupt a writer.
    fn __rz_seqcount_begin(p: *const SeqCount) -> c_uint {
        let start = count(p).read_begin();
        section(p.addr(), true);
        start
    }

    /// `raw_read_seqcount`: the sequence. Any context.
    fn __rz_seqcount_read(p: *const SeqCount) -> c_uint {
        let sequence = count(p).raw_read();
        section(p.addr(), true);
        sequence
    }

    /// `read_seqcount_retry`: whether the sequence is not `start`. Any context.
    fn __rz_seqcount_retry(p: *const SeqCount, start: c_uint) -> c_int {
        section(p.addr(), false);
        c_int::from(count(p).read_retry(start))
    }

    /// `read_seqbegin`: the sequence, once nobody writes. Any context that does not interrupt a writer.
    fn __rz_seqlock_begin(p: *const RawSeqLock) -> c_uint {
        let start = seqlock(p).read_begin();
        section(p.addr(), true);
        start
    }

    /// `write_seqcount_begin`. Finding `warn` if the writers' lock is known not to be held, if preemption is on, or if it
    /// is being written. Any context.
    fn __rz_seqcount_write_begin(p: *const SeqCount, held: c_int, subclass: c_int) {
        let count = count(p);
        held_to_write(count, held);
        count.write_begin_nested(subclass.cast_unsigned());
    }

    /// `raw_write_seqcount_begin`. Finding `warn` if it is being written. Any context.
    fn __rz_seqcount_raw_write_begin(p: *const SeqCount) {
        count(p).raw_write_begin();
    }

    /// `raw_write_seqcount_end`. Finding as `write_seqcount_end`. Any context.
    fn __rz_seqcount_raw_write_end(p: *const SeqCount) {
        count(p).raw_write_end();
    }

    /// `write_seqcount_end`. Finding `unlock-by-other` if the running context has not begun. Any context.
    fn __rz_seqcount_write_end(p: *const SeqCount) {
        count(p).write_end();
    }

    /// `write_seqcount_invalidate`, `raw_write_seqcount_barrier`. Finding `warn` as `write_seqcount_begin`. Any context.
    fn __rz_seqcount_invalidate(p: *const SeqCount, held: c_int) {
        let count = count(p);
        held_to_write(count, held);
        count.write_invalidate();
    }

    /// `seqcount_latch_init`. Any context.
    fn __rz_seqcount_latch_init(p: *mut SeqLatch) {
        memory::put(p.cast::<u32>(), 0);
    }

    /// `raw_write_seqcount_latch`: turns the readers to the other copy. Any context.
    fn __rz_seqcount_latch(p: *const SeqLatch) {
        deref(p).raw_write();
    }

    /// `raw_read_seqcount_latch`: the sequence. Any context.
    fn __rz_seqcount_latch_read(p: *const SeqLatch) -> c_uint {
        let sequence = deref(p).read();
        section(p.addr(), true);
        sequence
    }

    /// `raw_read_seqcount_latch_retry`: whether the sequence is not `start`. Any context.
    fn __rz_seqcount_latch_retry(p: *const SeqLatch, start: c_uint) -> c_int {
        section(p.addr(), false);
        c_int::from(deref(p).read_retry(start))
    }

    /// `read_seqbegin_or_lock`: begins a section if `*seq` is even, takes the lock if it is odd. Context as `spin_lock`.
    fn read_seqbegin_or_lock(p: *const RawSeqLock, seq: *mut c_int) {
        let (lock, tried) = (seqlock(p), begun_with(seq));
        if tried & 1 != 0 {
            return lock.read_lock_excl();
        }
        begin_at(seq, lock);
    }

    /// `need_seqretry`: whether a section without the lock has to be done again. Any context.
    fn need_seqretry(p: *const RawSeqLock, seq: c_int) -> c_int {
        if seq & 1 != 0 {
            return 0;
        }
        let lock = seqlock(p);
        section(lock.count().address(), false);
        c_int::from(lock.read_retry(seq.cast_unsigned()))
    }

    /// `done_seqretry`: releases the lock if it was taken. Context as `spin_unlock`.
    fn done_seqretry(p: *const RawSeqLock, seq: c_int) {
        if seq & 1 != 0 {
            seqlock(p).read_unlock_excl();
        }
    }

    /// `read_seqbegin_or_lock_irqsave`: the flags if it took the lock, with interrupts off. Context as
    /// `spin_lock_irqsave`.
    fn read_seqbegin_or_lock_irqsave(p: *const RawSeqLock, seq: *mut c_int) -> c_ulong {
        let (lock, tried) = (seqlock(p), begun_with(seq));
        if tried & 1 != 0 {
            return to_raw(lock.read_lock_excl_irqsave());
        }
        begin_at(seq, lock);
        0
    }

    /// `done_seqretry_irqrestore`: releases the lock if it was taken. Context as `spin_unlock_irqrestore`.
    fn done_seqretry_irqrestore(p: *const RawSeqLock, seq: c_int, flags: c_ulong) {
        if seq & 1 != 0 {
            seqlock(p).read_unlock_excl_irqrestore(from_raw(flags));
        }
    }
}

/// What the caller's variable says.
fn begun_with(seq: *const c_int) -> c_int {
    memory::get(seq)
}

/// Begins a section, and tells the caller's variable.
fn begin_at(seq: *mut c_int, lock: &RawSeqLock) {
    let start = lock.read_begin();
    section(lock.count().address(), true);
    memory::put(seq, start.cast_signed());
}
