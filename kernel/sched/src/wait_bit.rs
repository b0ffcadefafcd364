//! Waiting for a bit, or for a variable, without a queue of one's own.
//!
//! There are some queues for all, found by the address. An entry says what it waits for, and a wake-up whom it is for: its
//! key. So several things may share a queue.

use crate::RawWaitQueueEntry;
use crate::event::{How, Interrupted, wait_with};
use crate::queue::{EndWakeUp, WQ_FLAG_EXCLUSIVE, WaitQueueEntry, WaitQueueHead, Woken, finish_wait_at};
use crate::schedule::{schedule_in_loop, unwinds};
use crate::signal::signal_pending_state_at;
use crate::sleep::{MAX_SCHEDULE_TIMEOUT, schedule_timeout_at};
use crate::task::{TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_NORMAL, TASK_UNINTERRUPTIBLE, current};
use crate::wake::{Whom, wake};
use crate::word::WaitError;
use core::mem::offset_of;
use core::pin::{Pin, pin};
use core::ptr;
use ringzero_atomic::{BitWord, clear_bit_unlock, test_and_set_bit_lock, test_bit_acquire};
use ringzero_context::at;
use ringzero_machine::{Place, machine, machine_local};

/// The number of queues, a power of 2.
const QUEUES: usize = 16;

machine_local! {
    static TABLE: [WaitQueueHead; QUEUES] = [const { WaitQueueHead::new().named("bit_waitqueue") }; QUEUES];
}

/// The `bit_nr` of what waits for a variable.
const VARIABLE: i32 = -1;

/// What is waited for: a bit, or a variable (`struct wait_bit_key`).
///
/// ```
/// use ringzero::sched::{RawWaitBitEntry, WaitBitKey};
/// // `struct wait_bit_queue_entry` begins with its key.
/// assert_eq!((RawWaitBitEntry::LAYOUT[0], RawWaitBitEntry::ENTRY), (("key.flags", 0), size_of::<WaitBitKey>()));
/// ```
#[doc(alias = "wait_bit_key")]
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WaitBitKey {
    flags: *const (),
    bit_nr: i32,
    /// For C code's own use.
    timeout: u64,
}

impl WaitBitKey {
    const fn new(at: usize, bit_nr: i32) -> Self {
        Self { flags: ptr::without_provenance(at), bit_nr, timeout: 0 }
    }

    /// Whether the key of a wake-up says the same.
    ///
    /// # Safety
    /// `key` is null, or a live `WaitBitKey`.
    pub(crate) unsafe fn is(&self, key: *const ()) -> bool {
        // SAFETY: the caller's contract.
        let key = unsafe { key.cast::<Self>().as_ref() };
        key.is_some_and(|key| key.flags.addr() == self.flags.addr() && key.bit_nr == self.bit_nr)
    }
}

/// C's `struct wait_bit_queue_entry`.
///
/// ```
/// use ringzero::sched::RawWaitBitEntry;
/// assert_eq!(RawWaitBitEntry::LAYOUT[3], ("wq_entry", RawWaitBitEntry::ENTRY));
/// ```
#[doc(alias = "wait_bit_queue_entry")]
#[repr(C)]
#[derive(Debug)]
pub struct RawWaitBitEntry {
    key: WaitBitKey,
    wq_entry: RawWaitQueueEntry,
}

impl RawWaitBitEntry {
    /// The fields and where they lie: what the C header mirrors.
    pub const LAYOUT: [(&'static str, usize); 4] = [
        ("key.flags", offset_of!(WaitBitKey, flags)),
        ("key.bit_nr", offset_of!(WaitBitKey, bit_nr)),
        ("key.timeout", offset_of!(WaitBitKey, timeout)),
        ("wq_entry", offset_of!(Self, wq_entry)),
    ];

    /// Where its entry lies in it.
    pub const ENTRY: usize = offset_of!(Self, wq_entry);

    /// What a waker does with it that brings `key`: `wake_bit_function()`, `var_wake_function()`. Whether it woke the task.
    /// The queue's lock is held.
    ///
    /// # Safety
    /// `key` is null, or a live [`WaitBitKey`].
    #[doc(alias("wake_bit_function", "var_wake_function"))]
    pub unsafe fn wake(&self, mode: u32, key: *const (), place: Place) -> bool {
        // SAFETY: the caller's contract.
        unsafe { self.key.is(key) && self.wq_entry.wake_and_remove(mode, place) }
    }
}

/// The queue for what lies at `at`.
fn queue_of(at: usize, nr: i32) -> &'static WaitQueueHead {
    // Which one must not depend on where a process has its memory.
    let settled = machine().map_or(at as u64, |m| m.settled_address(at));
    let hash = (settled << 6).wrapping_add(i64::from(nr).cast_unsigned()).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    &TABLE.get()[(hash >> (64 - QUEUES.trailing_zeros())) as usize]
}

/// The queue on which one waits for bit `nr` of the words at `at`.
///
/// # Safety
/// Who wakes it with a key that is not null brings a live [`WaitBitKey`]: the entries there look into it.
#[must_use]
pub unsafe fn bit_waitqueue(at: usize, nr: i32) -> &'static WaitQueueHead {
    queue_of(at, nr)
}

/// The queue on which one waits for the variable at `at`.
///
/// # Safety
/// As [`bit_waitqueue`].
#[doc(alias = "__var_waitqueue")]
#[must_use]
pub unsafe fn var_waitqueue_at(at: usize) -> &'static WaitQueueHead {
    queue_of(at, VARIABLE)
}

/// The queue on which one waits for the variable at `at`, and the key.
pub(crate) fn var_waitqueue(at: usize) -> (&'static WaitQueueHead, WaitBitKey) {
    (queue_of(at, VARIABLE), WaitBitKey::new(at, VARIABLE))
}

/// What wakers do with an entry that has a [`WaitBitKey`]: `wake_bit_function()`, `var_wake_function()`.
fn wake_key_function(woken: &Woken<'_>) -> Result<bool, EndWakeUp> {
    // SAFETY: an entry with this function is made with the address of a `WaitBitKey` that outlives it (`entry_for`); whoever wakes
    // one of these queues brings a `WaitBitKey`, or nothing.
    let ours = unsafe { (*ptr::with_exposed_provenance::<WaitBitKey>(woken.private())).is(woken.key()) };
    Ok(ours && woken.wake_and_remove())
}

/// An entry for `key`, which outlives it.
fn entry_for<'q>(key: &'q WaitBitKey) -> WaitQueueEntry<'q> {
    WaitQueueEntry::with_function(wake_key_function, ptr::from_ref(key).expose_provenance())
}

/// What a wait for a bit does while the bit is set.
type Action<'a> = &'a mut dyn FnMut(u32) -> Result<(), WaitError>;

/// Sleeps once in the state that was set.
fn sleep_once(mode: u32, place: Place) -> Result<(), WaitError> {
    schedule_in_loop(place);
    if signal_pending_state_at(mode, current(), place) { Err(WaitError::Interrupted) } else { Ok(()) }
}

fn wait_for_bit(nr: usize, map: &[BitWord], mode: u32, place: Place, action: Action<'_>) -> Result<(), WaitError> {
    at::might_sleep("wait_on_bit()", place);
    if !test_bit_acquire(nr, map) {
        return Ok(());
    }
    let key = WaitBitKey::new(map.as_ptr().addr(), nr as i32);
    let wq = queue_of(map.as_ptr().addr(), nr as i32);
    let entry = pin!(entry_for(&key));
    let mut result = Ok(());
    loop {
        put(wq, entry.as_ref(), 0, mode, place);
        if !test_bit_acquire(nr, map) || unwinds() {
            break;
        }
        result = action(mode);
        if result.is_err() || !test_bit_acquire(nr, map) {
            break;
        }
    }
    finish_wait_at(wq, entry.as_ref(), place);
    result
}

fn put<'q>(wq: &'q WaitQueueHead, entry: Pin<&WaitQueueEntry<'q>>, flags: u32, mode: u32, place: Place) {
    entry.get_ref().put(wq, flags, Some(mode), place);
}

/// Sleeps in state `mode` until bit `nr` of `map` is clear. Whoever clears it must call [`wake_up_bit`] after that, or use
/// [`clear_and_wake_up_bit`]. An acquire: it pairs with these.
///
/// Context: task, sleeps: finding `sleep-in-atomic` elsewhere, even if the bit is clear.
///
/// # Errors
/// [`WaitError::Interrupted`] if a signal came first that `mode` lets end sleeps (`-EINTR` in C).
#[doc(alias = "wait_on_bit_io")]
#[track_caller]
pub fn wait_on_bit(nr: usize, map: &[BitWord], mode: u32) -> Result<(), WaitError> {
    let place = Place::caller();
    wait_for_bit(nr, map, mode, place, &mut |mode| sleep_once(mode, place))
}

/// [`wait_on_bit`] for `timeout` jiffies at most.
///
/// # Errors
/// As there, and [`WaitError::TimedOut`] if the time was over first (`-EAGAIN` in C).
#[track_caller]
pub fn wait_on_bit_timeout(nr: usize, map: &[BitWord], mode: u32, timeout: u64) -> Result<(), WaitError> {
    let place = Place::caller();
    let mut left = timeout.min(MAX_SCHEDULE_TIMEOUT);
    wait_for_bit(nr, map, mode, place, &mut |mode| {
        if left == 0 {
            return Err(WaitError::TimedOut);
        }
        left = schedule_timeout_at(left, place);
        if signal_pending_state_at(mode, current(), place) { Err(WaitError::Interrupted) } else { Ok(()) }
    })
}

/// [`wait_on_bit`] that calls `action` with `mode` in order to sleep: it comes back when the task was woken, in state
/// `TASK_RUNNING`, or with an error that ends the wait.
///
/// # Errors
/// What `action` returned.
#[track_caller]
pub fn wait_on_bit_action(
    nr: usize,
    map: &[BitWord],
    mut action: impl FnMut(u32) -> Result<(), WaitError>,
    mode: u32,
) -> Result<(), WaitError> {
    wait_for_bit(nr, map, mode, Place::caller(), &mut action)
}

fn lock_bit(nr: usize, map: &[BitWord], mode: u32, place: Place, action: Action<'_>) -> Result<(), WaitError> {
    at::might_sleep("wait_on_bit_lock()", place);
    if !test_and_set_bit_lock(nr, map) {
        return Ok(());
    }
    let key = WaitBitKey::new(map.as_ptr().addr(), nr as i32);
    let wq = queue_of(map.as_ptr().addr(), nr as i32);
    let entry = pin!(entry_for(&key));
    let mut result = Ok(());
    loop {
        put(wq, entry.as_ref(), WQ_FLAG_EXCLUSIVE, mode, place);
        if test_bit_acquire(nr, map) && !unwinds() {
            result = action(mode);
            if result.is_err() {
                // Off the queue first: then no wake-up is used up for nothing.
                finish_wait_at(wq, entry.as_ref(), place);
            }
        }
        if !test_and_set_bit_lock(nr, map) {
            if result.is_ok() {
                finish_wait_at(wq, entry.as_ref(), place);
            }
            return Ok(());
        }
        if result.is_err() || unwinds() {
            return result;
        }
    }
}

/// Sleeps in state `mode` until bit `nr` of `map` is clear, and sets it: a lock of one bit, which
/// [`clear_and_wake_up_bit`] releases. One of those who wait so is woken at a time. An acquire.
///
/// Context: as [`wait_on_bit`].
///
/// # Errors
/// As there; the bit is another's then.
#[doc(alias = "wait_on_bit_lock_io")]
#[track_caller]
pub fn wait_on_bit_lock(nr: usize, map: &[BitWord], mode: u32) -> Result<(), WaitError> {
    let place = Place::caller();
    lock_bit(nr, map, mode, place, &mut |mode| sleep_once(mode, place))
}

/// [`wait_on_bit_lock`] that calls `action` in order to sleep, as [`wait_on_bit_action`] does.
///
/// # Errors
/// What `action` returned; the bit is another's then.
#[track_caller]
pub fn wait_on_bit_lock_action(
    nr: usize,
    map: &[BitWord],
    mut action: impl FnMut(u32) -> Result<(), WaitError>,
    mode: u32,
) -> Result<(), WaitError> {
    lock_bit(nr, map, mode, Place::caller(), &mut action)
}

/// Wakes those who wait for bit `nr` of `map`, one of the exclusive ones at most. Clear the bit before.
///
/// Context: any but NMI. Never sleeps.
#[track_caller]
pub fn wake_up_bit(nr: usize, map: &[BitWord]) {
    wake_up_bit_at(map.as_ptr().addr(), nr as i32, Place::caller());
}

/// [`wake_up_bit`] by address, which need not be alive any more.
pub fn wake_up_bit_at(at: usize, nr: i32, place: Place) {
    wake_key(queue_of(at, nr), &WaitBitKey::new(at, nr), 1, place);
}

fn wake_key(wq: &WaitQueueHead, key: &WaitBitKey, nr: u32, place: Place) {
    wake(wq, Whom { key: ptr::from_ref(key).cast(), ..Whom::new(TASK_NORMAL, nr) }, place);
}

/// Clears bit `nr` of `map`, as a release, and wakes those who wait for it.
///
/// Context: any but NMI. Never sleeps.
#[track_caller]
pub fn clear_and_wake_up_bit(nr: usize, map: &[BitWord]) {
    clear_bit_unlock(nr, map);
    wake_up_bit(nr, map);
}

/// [`wait_event`](crate::wait_event) without a queue: whoever makes `condition` true calls [`wake_up_var`] with the same
/// variable after that.
///
/// Context: as there.
#[track_caller]
pub fn wait_var_event<T: ?Sized>(var: &T, condition: impl FnMut() -> bool) {
    // No signal ends it.
    let _ = wait_var(address(var), How::new(TASK_UNINTERRUPTIBLE, "wait_var_event()"), Place::caller(), condition);
}

/// [`wait_var_event`] for `timeout` jiffies at most: 0 if they were over and the condition did not hold, else what is left
/// of them, at least 1.
#[track_caller]
pub fn wait_var_event_timeout<T: ?Sized>(var: &T, condition: impl FnMut() -> bool, timeout: u64) -> u64 {
    let how = How::new(TASK_UNINTERRUPTIBLE, "wait_var_event_timeout()").timeout(timeout);
    wait_var(address(var), how, Place::caller(), condition).unwrap_or(0)
}

/// [`wait_var_event`] that a signal ends too.
///
/// # Errors
/// [`Interrupted`] if a signal came first.
#[track_caller]
pub fn wait_var_event_interruptible<T: ?Sized>(var: &T, condition: impl FnMut() -> bool) -> Result<(), Interrupted> {
    let how = How::new(TASK_INTERRUPTIBLE, "wait_var_event_interruptible()");
    wait_var(address(var), how, Place::caller(), condition).map(drop)
}

/// [`wait_var_event`] that a fatal signal ends too.
///
/// # Errors
/// [`Interrupted`] if a fatal signal came first.
#[track_caller]
pub fn wait_var_event_killable<T: ?Sized>(var: &T, condition: impl FnMut() -> bool) -> Result<(), Interrupted> {
    let how = How::new(TASK_KILLABLE, "wait_var_event_killable()");
    wait_var(address(var), how, Place::caller(), condition).map(drop)
}

fn wait_var(at: usize, how: How, place: Place, mut condition: impl FnMut() -> bool) -> Result<u64, Interrupted> {
    let (wq, key) = var_waitqueue(at);
    let entry = pin!(entry_for(&key));
    wait_with(wq, entry.as_ref(), how, place, &mut (), |()| condition(), |(), sleep| sleep())
}

/// Wakes all who wait for the variable `var`.
///
/// Context: any but NMI. Never sleeps.
#[track_caller]
pub fn wake_up_var<T: ?Sized>(var: &T) {
    wake_up_var_at(address(var), Place::caller());
}

/// [`wake_up_var`] by address, which need not be alive any more.
pub fn wake_up_var_at(at: usize, place: Place) {
    let (wq, key) = var_waitqueue(at);
    wake_key(wq, &key, 0, place);
}

fn address<T: ?Sized>(var: &T) -> usize {
    ptr::from_ref(var).cast::<()>().addr()
}
