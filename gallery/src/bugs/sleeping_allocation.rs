//! `kmalloc(GFP_KERNEL)` under a spinlock.
//!
//! The allocator may sleep to free memory. Under a spinlock that would leave the other CPUs spinning for a holder that
//! does not run. Allocate before taking the lock, or with `GFP_ATOMIC` and an answer to its failure.
//!
//! Source: seed 002 ("Things Which Sleep"), seed 001 (memory allocation).
//! Expected: `sleeping-allocation-buggy` violated sleep-in-atomic, `sleeping-allocation-fixed` holds.

use crate::entry::pair;
use ringzero::atomic::Atomic;
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::slab::{GFP_KERNEL, KPtr, kmalloc_obj};
use ringzero::sync::SpinLock;

pair!(
    "sleeping-allocation",
    "sleep-in-atomic",
    "an allocation that may sleep under a spinlock",
    "an allocation that may sleep before the spinlock is taken"
);

ringzero::global! {
    static LIST: SpinLock<Option<KPtr<Atomic>>> = SpinLock::new(None).named("list_lock");
}

/// Frees what is on the list.
fn clear() {
    let mut list = LIST.lock();
    let object = list.take();
    list.unlock();
    if let Some(object) = object {
        object.kfree();
    }
}

fn buggy() {
    kthread_run_on_cpu(
        || {
            let mut list = LIST.lock();
            if list.is_none() {
                *list = kmalloc_obj(Atomic::new(0), GFP_KERNEL);
            }
            list.unlock();
        },
        1,
        "adder",
    );
    ringzero::on_exit(clear);
}

fn fixed() {
    kthread_run_on_cpu(
        || {
            let mut object = kmalloc_obj(Atomic::new(0), GFP_KERNEL);
            let mut list = LIST.lock();
            if list.is_none() {
                *list = object.take();
            }
            list.unlock();
            if let Some(unused) = object {
                unused.kfree();
            }
        },
        1,
        "adder",
    );
    ringzero::on_exit(clear);
}
