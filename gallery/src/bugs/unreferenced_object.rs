//! An object that is used after the lock of its collection was dropped, without a reference to it.
//!
//! The lock protects the list, so the object stays on it while the lock is held, and no longer. The reader still has
//! the pointer when the other CPU takes the object off the list and frees it. Whoever takes a pointer out of the locked
//! section takes a reference while the lock is held; the last one to drop his frees the object.
//!
//! Source: seed 002 (reference counts: `create_foo`, `get_foo`, `put_foo`, `destroy_foo`); Linux
//! `Documentation/kernel-hacking/locking.rst`.
//! Expected: `unreferenced-object-buggy` violated use-after-free, `unreferenced-object-fixed` holds.

use crate::entry::pair;
use ringzero::atomic::Atomic;
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::slab::{GFP_KERNEL, KPtr, kmalloc_obj};
use ringzero::sync::SpinLock;

pair!(
    "unreferenced-object",
    "use-after-free",
    "an object used after its lock is dropped, without a reference",
    "an object used after its lock is dropped, with a reference"
);

struct Foo {
    users: Atomic,
    hits: Atomic,
}

ringzero::global! {
    static LIST: SpinLock<Option<KPtr<Foo>>> = SpinLock::new(None).named("list_lock");
}

fn create_foo() {
    let object = kmalloc_obj(Foo { users: Atomic::new(1), hits: Atomic::new(0) }, GFP_KERNEL);
    let mut list = LIST.lock_bh();
    *list = object;
    list.unlock();
}

fn find_foo() -> Option<KPtr<Foo>> {
    let list = LIST.lock_bh();
    let object = *list;
    list.unlock();
    object
}

fn get_foo() -> Option<KPtr<Foo>> {
    let list = LIST.lock_bh();
    let object = *list;
    if let Some(object) = object {
        object.users.inc();
    }
    list.unlock();
    object
}

fn put_foo(object: KPtr<Foo>) {
    if object.users.dec_and_test() {
        object.kfree();
    }
}

fn remove_foo() -> Option<KPtr<Foo>> {
    let mut list = LIST.lock_bh();
    let object = list.take();
    list.unlock();
    object
}

fn buggy() {
    create_foo();
    kthread_run_on_cpu(
        || {
            if let Some(object) = find_foo() {
                object.hits.inc();
            }
        },
        0,
        "reader",
    );
    kthread_run_on_cpu(
        || {
            if let Some(object) = remove_foo() {
                object.kfree();
            }
        },
        1,
        "destroyer",
    );
}

fn fixed() {
    create_foo();
    kthread_run_on_cpu(
        || {
            if let Some(object) = get_foo() {
                object.hits.inc();
                put_foo(object);
            }
        },
        0,
        "reader",
    );
    kthread_run_on_cpu(
        || {
            if let Some(object) = remove_foo() {
                put_foo(object);
            }
        },
        1,
        "destroyer",
    );
}
