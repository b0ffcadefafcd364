//! Destroying a collection of objects each of which has a timer that destroys it.
//!
//! The one who destroys them all holds the list's lock and calls `del_timer()` and `kfree()` for each. But a timer can
//! have gone off just before: then `del_timer()` deletes nothing, the callback waits for the list's lock, and gets it
//! when its object has been freed already. What `del_timer()` returns tells: if it was not pending, its callback is on
//! the way, and the object is the callback's to free.
//!
//! Source: seed 002 ("Racing Timers: A Kernel Pastime"); Linux `Documentation/kernel-hacking/locking.rst`.
//! Expected: `racing-timers-buggy` violated double-free, `racing-timers-fixed` holds.

use crate::entry::pair;
use ringzero::atomic::{Atomic, cpu_relax};
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::slab::{GFP_KERNEL, KPtr, kmalloc_obj};
use ringzero::sync::SpinLock;
use ringzero::timer::{ObjectTimer, jiffies};

pair!(
    "racing-timers",
    "double-free",
    "objects are freed although del_timer() says that their timers have gone off",
    "objects are freed by whoever del_timer() says"
);

struct Foo {
    timer: ObjectTimer<Foo>,
}

type List = [Option<KPtr<Foo>>; OBJECTS];
const OBJECTS: usize = 2;

ringzero::global! {
    static LIST: SpinLock<List> = SpinLock::new([None; OBJECTS]).named("list_lock");
    /// How many are on the list; changed under its lock.
    static LISTED: Atomic = Atomic::new(0);
}

fn unlink(list: &mut List, object: KPtr<Foo>) {
    if let Some(link) = list.iter_mut().find(|link| **link == Some(object)) {
        *link = None;
        LISTED.dec();
    }
}

/// The timer's callback: the object has lived long enough.
fn expire(object: &'static Foo) {
    let object = KPtr::from_ref(object);
    let mut list = LIST.lock();
    unlink(&mut list, object);
    list.unlock();
    object.kfree();
}

fn create_all() {
    for n in 0..OBJECTS {
        let object =
            kmalloc_obj(Foo { timer: ObjectTimer::new(expire) }, GFP_KERNEL).expect("GFP_KERNEL does not fail");
        let mut list = LIST.lock_bh();
        list[n] = Some(object);
        LISTED.inc();
        list.unlock();
    }
    let list = LIST.lock_bh();
    let due = jiffies() + 1;
    for object in list.iter().flatten() {
        object.get().timer.mod_timer(object.get(), due);
    }
    list.unlock();
}

fn buggy() {
    create_all();
    kthread_run_on_cpu(
        || {
            let mut list = LIST.lock_bh();
            while let Some(object) = list.iter().flatten().next().copied() {
                object.get().timer.del_timer();
                unlink(&mut list, object);
                object.kfree();
            }
            list.unlock();
        },
        1,
        "rmmod",
    );
}

fn fixed() {
    create_all();
    kthread_run_on_cpu(
        || {
            let mut list = LIST.lock_bh();
            while let Some(object) = list.iter().flatten().next().copied() {
                if object.get().timer.del_timer() {
                    unlink(&mut list, object);
                    object.kfree();
                    continue;
                }
                // It has gone off: give it a chance to destroy the object itself.
                let listed = LISTED.read();
                list.unlock();
                while LISTED.read() == listed {
                    cpu_relax();
                }
                list = LIST.lock_bh();
            }
            list.unlock();
        },
        1,
        "rmmod",
    );
}
