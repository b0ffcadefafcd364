//! `linux/wait.h`, `linux/wait_bit.h`: the queues. The `wait_event` family is made of these in C, where the condition is.
//!
//! Differences from Linux: an entry has no `entry` to unlink; a wake function calls `__remove_wait_queue()` or
//! `autoremove_wake_function()`.

use crate::deref::{argument, deref};
use crate::spinlock::uninitialised;
use crate::task::{left, timeout};
use core::ffi::{c_char, c_int, c_long, c_uint, c_void};
use ringzero_machine::Place;
use ringzero_sched::{ERESTARTSYS, EntryKind, RawWaitBitEntry, RawWaitQueueEntry, WaitQueueHead};

/// The queue at `p`. Finding `uninitialised-lock` if it was never initialised.
fn head(p: *const WaitQueueHead) -> &'static WaitQueueHead {
    let head = deref(p);
    // SAFETY: nothing is released through it.
    if !unsafe { head.lock() }.is_initialised() {
        uninitialised(p.addr(), "wait queue");
    }
    head
}

/// Puts the entry on the queue, and sets the state if there is one to set; whether the queue was empty.
fn put(wq: *const WaitQueueHead, entry: *const RawWaitQueueEntry, kind: EntryKind, state: Option<c_int>) -> bool {
    let state = state.map(c_int::cast_unsigned);
    deref(entry).put(head(wq), kind, state, Place::caller())
}

fn at_most(nr: c_int) -> u32 {
    u32::try_from(nr).unwrap_or(0)
}

crate::exports! {
    /// `init_waitqueue_head`: an empty queue, of the class of this place. Any context.
    fn __rz_init_waitqueue_head(p: *mut WaitQueueHead, name: *const c_char) {
        deref(p.cast_const());
        // SAFETY: readable and aligned, since `deref` came back; the module says that it is a queue of its own.
        unsafe { WaitQueueHead::init_at(p, argument(name), Place::caller()) };
    }

    /// `add_wait_queue`. Task context; does not sleep.
    fn add_wait_queue(wq: *const WaitQueueHead, entry: *const RawWaitQueueEntry) {
        put(wq, entry, EntryKind::Shared, None);
    }

    /// `add_wait_queue_exclusive`. Task context; does not sleep.
    fn add_wait_queue_exclusive(wq: *const WaitQueueHead, entry: *const RawWaitQueueEntry) {
        put(wq, entry, EntryKind::Exclusive, None);
    }

    /// `add_wait_queue_priority`: before all others but earlier ones of this kind, and exclusive. Task context; does not sleep.
    fn add_wait_queue_priority(wq: *const WaitQueueHead, entry: *const RawWaitQueueEntry) {
        put(wq, entry, EntryKind::Priority, None);
    }

    /// `remove_wait_queue`. Task context; does not sleep.
    fn remove_wait_queue(wq: *const WaitQueueHead, entry: *const RawWaitQueueEntry) {
        deref(entry).take(head(wq), false, Place::caller());
    }

    /// `__add_wait_queue`, by who holds the queue's lock.
    fn __add_wait_queue(wq: *const WaitQueueHead, entry: *const RawWaitQueueEntry) {
        deref(entry).put_locked(head(wq), EntryKind::Shared, false, Place::caller());
    }

    /// `__add_wait_queue_exclusive`, by who holds the queue's lock.
    fn __add_wait_queue_exclusive(wq: *const WaitQueueHead, entry: *const RawWaitQueueEntry) {
        deref(entry).put_locked(head(wq), EntryKind::Exclusive, false, Place::caller());
    }

    /// `__add_wait_queue_entry_tail`, by who holds the queue's lock.
    fn __add_wait_queue_entry_tail(wq: *const WaitQueueHead, entry: *const RawWaitQueueEntry) {
        deref(entry).put_locked(head(wq), EntryKind::Tail, false, Place::caller());
    }

    /// Of `wait_event_interruptible_locked` and its forms: the same unless it is there, by who holds the queue's lock.
    fn __rz_queue_locked(wq: *const WaitQueueHead, entry: *const RawWaitQueueEntry) {
        deref(entry).put_locked(head(wq), EntryKind::Tail, true, Place::caller());
    }

    /// `__remove_wait_queue`, by who holds the queue's lock.
    fn __remove_wait_queue(wq: *const WaitQueueHead, entry: *const RawWaitQueueEntry) {
        deref(entry).take_locked(head(wq), Place::caller());
    }

    /// `prepare_to_wait`: sets the state and queues. Then test, then `schedule()`. Task context; does not sleep.
    fn prepare_to_wait(wq: *const WaitQueueHead, entry: *const RawWaitQueueEntry, state: c_int) {
        put(wq, entry, EntryKind::Shared, Some(state));
    }

    /// `prepare_to_wait_exclusive`: whether the queue was empty. Task context; does not sleep.
    fn prepare_to_wait_exclusive(wq: *const WaitQueueHead, entry: *const RawWaitQueueEntry, state: c_int) -> bool {
        put(wq, entry, EntryKind::Exclusive, Some(state))
    }

    /// `prepare_to_wait_event`: 0, or `-ERESTARTSYS`, and the entry is off the queue, if a signal is pending that `state`
    /// lets end sleeps. Task context; does not sleep.
    fn prepare_to_wait_event(wq: *const WaitQueueHead, entry: *const RawWaitQueueEntry, state: c_int) -> c_long {
        let signalled = deref(entry).put_for_event(head(wq), state.cast_unsigned(), Place::caller());
        if signalled { -c_long::from(ERESTARTSYS) } else { 0 }
    }

    /// `finish_wait`: runs again, off the queue. Task context; does not sleep.
    fn finish_wait(wq: *const WaitQueueHead, entry: *const RawWaitQueueEntry) {
        deref(entry).take(head(wq), true, Place::caller());
    }

    /// `waitqueue_active`. Any context.
    fn waitqueue_active(wq: *const WaitQueueHead) -> c_int {
        c_int::from(ringzero_sched::waitqueue_active(head(wq)))
    }

    /// `wq_has_single_sleeper`. Any context.
    fn wq_has_single_sleeper(wq: *const WaitQueueHead) -> bool {
        ringzero_sched::wq_has_single_sleeper(head(wq))
    }

    /// `wake_up` and its forms: who sleeps in a state of `mode`, but at most `nr` exclusive ones (0: all), with flags and a
    /// key for wake functions. Any context but an NMI.
    fn __rz_wake_up(wq: *const WaitQueueHead, mode: c_uint, nr: c_int, flags: c_int, key: *const c_void) {
        ringzero_sched::wake_up_key(head(wq), mode, at_most(nr), flags, key.cast());
    }

    /// `wake_up_locked` and its forms, by who holds the queue's lock.
    fn __rz_wake_up_locked(wq: *const WaitQueueHead, mode: c_uint, nr: c_int, flags: c_int, key: *const c_void) {
        // SAFETY: the module says that it holds the lock.
        unsafe { ringzero_sched::wake_up_locked_key(head(wq), mode, at_most(nr), flags, key.cast()) };
    }

    /// `default_wake_function`: 1 if it woke the entry's task. By wake functions.
    fn default_wake_function(entry: *const RawWaitQueueEntry, mode: c_uint, _flags: c_int, _key: *const c_void) -> c_int {
        c_int::from(deref(entry).wake(mode, Place::caller()))
    }

    /// `autoremove_wake_function`: and takes the entry off. By wake functions.
    fn autoremove_wake_function(
        entry: *const RawWaitQueueEntry,
        mode: c_uint,
        _flags: c_int,
        _key: *const c_void,
    ) -> c_int {
        c_int::from(deref(entry).wake_and_remove(mode, Place::caller()))
    }

    /// `woken_wake_function`: for tasks in `wait_woken`. By wake functions.
    fn woken_wake_function(entry: *const RawWaitQueueEntry, mode: c_uint, _flags: c_int, _key: *const c_void) -> c_int {
        c_int::from(deref(entry).wake_in_wait_woken(mode, Place::caller()))
    }

    /// `wait_woken`: sleeps unless the entry was woken since the last time; the jiffies left. Task context, sleeps.
    fn wait_woken(entry: *const RawWaitQueueEntry, mode: c_uint, jiffies: c_long) -> c_long {
        left(deref(entry).wait_woken(mode, timeout(jiffies), Place::caller()))
    }

    /// `wake_bit_function`, `var_wake_function`: wakes who waits for what `key` says. By wake functions.
    fn wake_bit_function(entry: *const RawWaitQueueEntry, mode: c_uint, _flags: c_int, key: *const c_void) -> c_int {
        let entry = deref(entry.wrapping_byte_sub(RawWaitBitEntry::ENTRY).cast::<RawWaitBitEntry>());
        // SAFETY: the module, or `wake_up_bit`, gave a key.
        c_int::from(unsafe { entry.wake(mode, key.cast(), Place::caller()) })
    }

    /// `bit_waitqueue`: where one waits for a bit. Any context.
    fn bit_waitqueue(word: *const c_void, bit: c_int) -> *const WaitQueueHead {
        // SAFETY: the module says that it wakes the queue with such keys, or with none.
        unsafe { ringzero_sched::bit_waitqueue(word.addr(), bit) }
    }

    /// `__var_waitqueue`: where one waits for a variable. Any context.
    fn __var_waitqueue(var: *const c_void) -> *const WaitQueueHead {
        // SAFETY: as above.
        unsafe { ringzero_sched::var_waitqueue_at(var.addr()) }
    }

    /// `wake_up_bit`. Any context but an NMI.
    fn wake_up_bit(word: *const c_void, bit: c_int) {
        ringzero_sched::wake_up_bit_at(word.addr(), bit, Place::caller());
    }

    /// `wake_up_var`. Any context but an NMI.
    fn wake_up_var(var: *const c_void) {
        ringzero_sched::wake_up_var_at(var.addr(), Place::caller());
    }
}
