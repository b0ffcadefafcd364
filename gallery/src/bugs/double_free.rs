//! An object that two contexts find before either has taken it off its list.
//!
//! Finding it and taking it off are two sections under the lock. Two tasks can both be between them, and both free the
//! object. In one section, whoever takes it off owns it.
//!
//! Source: seed 002 (racing timers: "which has already been freed!"); Linux `Documentation/dev-tools/kasan.rst`.
//! Expected: `double-free-buggy` violated double-free, `double-free-fixed` holds.

use crate::entry::pair;
use ringzero::atomic::Atomic;
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::slab::{GFP_KERNEL, KPtr, kmalloc_obj};
use ringzero::sync::SpinLock;

pair!(
    "double-free",
    "double-free",
    "an object found in one section under the lock and taken off in the next, by two tasks",
    "an object found and taken off in one section under the lock, by two tasks"
);

ringzero::global! {
    static SESSION: SpinLock<Option<KPtr<Atomic>>> = SpinLock::new(None).named("session.lock");
}

fn open() {
    let session = kmalloc_obj(Atomic::new(0), GFP_KERNEL);
    let mut slot = SESSION.lock();
    *slot = session;
    slot.unlock();
}

fn close_buggy() {
    let slot = SESSION.lock();
    let found = *slot;
    slot.unlock();
    if let Some(session) = found {
        let mut slot = SESSION.lock();
        *slot = None;
        slot.unlock();
        session.kfree();
    }
}

fn close_fixed() {
    let mut slot = SESSION.lock();
    let found = slot.take();
    slot.unlock();
    if let Some(session) = found {
        session.kfree();
    }
}

fn buggy() {
    open();
    kthread_run_on_cpu(close_buggy, 0, "close");
    kthread_run_on_cpu(close_buggy, 1, "timeout");
}

fn fixed() {
    open();
    kthread_run_on_cpu(close_fixed, 0, "close");
    kthread_run_on_cpu(close_fixed, 1, "timeout");
}
