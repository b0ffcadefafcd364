//! Reader-writer semaphores, and the per-CPU ones.

use crate::{reach, released_by_another_task};
use ringzero::atomic::{Atomic, PlainCell};
use ringzero::context::local_bh_disable;
use ringzero::delay::msleep;
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::rwsem::{PercpuRwSemaphore, RawPercpuRwSemaphore, RawRwSemaphore, RwSemaphore};
use ringzero::sched::{TaskOptions, spawn};
use ringzero::signal::{SIGKILL, send_sig};

ringzero::global! {
    static RAW: RawRwSemaphore = RawRwSemaphore::new().named("raw");
    static OTHER: RawRwSemaphore = RawRwSemaphore::new().named("other");
    static TABLE: RwSemaphore<u32> = RwSemaphore::new(0);
    static PERCPU: RawPercpuRwSemaphore = RawPercpuRwSemaphore::new().named("percpu");
    static ROUTES: PercpuRwSemaphore<u32> = PercpuRwSemaphore::new(0).named("routes");
    static PLAIN: PlainCell<u32> = PlainCell::new(0);
    static INSIDE: Atomic = Atomic::new(0);
}

pub fn writers_are_alone() {
    let section = || {
        RAW.down_write();
        PLAIN.update(|n| n + 1);
        RAW.up_write();
        *TABLE.write() += 1;
    };
    kthread_run_on_cpu(section, 1, "other");
    section();
    ringzero::on_exit(|| {
        assert_eq!((PLAIN.get(), *TABLE.read()), (2, 2));
        reach("both wrote alone");
    });
}

pub fn readers_read_together() {
    let section = || {
        let table = TABLE.read();
        if INSIDE.inc_return() == 2 {
            reach("two read");
        }
        msleep(1);
        INSIDE.dec();
        table.unlock();
    };
    kthread_run_on_cpu(section, 1, "other");
    section();
}

pub fn a_downgrade_keeps_writers_out() {
    kthread_run_on_cpu(|| *TABLE.write() += 10, 1, "writer");
    let mut table = TABLE.write();
    *table += 1;
    let written = *table;
    let table = table.downgrade();
    assert_eq!(*table, written);
    reach(if written == 1 { "downgraded first" } else { "downgraded last" });
}

pub fn who_tries_does_not_wait() {
    kthread_run_on_cpu(
        || {
            RAW.down_write();
            RAW.downgrade_write();
            RAW.up_read();
        },
        1,
        "other",
    );
    if RAW.down_read_trylock() {
        reach("tried to read");
        RAW.up_read();
    } else {
        reach("somebody writes");
    }
    if RAW.down_write_trylock() {
        assert!(RAW.is_locked());
        RAW.up_write();
    }
}

pub fn another_task_ends_it() {
    RAW.down_read_non_owner();
    kthread_run_on_cpu(|| RAW.up_read_non_owner(), 1, "other");
    RAW.down_write();
    reach("ended elsewhere");
    RAW.up_write();
}

pub fn a_writer_is_killed() {
    let write = || {
        reach(if RAW.down_write_killable().is_ok() {
            RAW.up_write();
            "wrote before the kill"
        } else {
            "killed before it wrote"
        });
    };
    RAW.down_read();
    let victim = spawn(TaskOptions { allowed: 1 << 1, ..TaskOptions::new("victim") }, write);
    send_sig(SIGKILL, victim);
    // A reader that came behind the writer gets through, too.
    kthread_run_on_cpu(
        || {
            RAW.down_read();
            RAW.up_read();
        },
        0,
        "reader",
    );
    RAW.up_read();
}

pub fn per_cpu_ones() {
    let section = || {
        PERCPU.down_write();
        PLAIN.update(|n| n + 1);
        PERCPU.up_write();
        PERCPU.down_read();
        let seen = PLAIN.get();
        assert_eq!(PLAIN.get(), seen);
        PERCPU.up_read();
    };
    kthread_run_on_cpu(section, 1, "other");
    section();
    ringzero::on_exit(|| {
        assert_eq!(PLAIN.get(), 2);
        assert!(!PERCPU.is_write_locked());
        // SAFETY: both tasks are gone, and let go of it before.
        unsafe { PERCPU.free() };
        reach("both wrote rarely");
    });
}

pub fn per_cpu_ones_are_tried() {
    kthread_run_on_cpu(|| *ROUTES.write() = 1, 1, "writer");
    match ROUTES.try_read() {
        Some(routes) => {
            let seen = *routes;
            reach(if seen == 0 { "routes of old" } else { "new routes" });
        }
        None => reach("routes are changing"),
    }
}

pub fn written_twice() {
    RAW.down_write();
    RAW.down_write();
}

pub fn in_opposite_order() {
    kthread_run_on_cpu(
        || {
            OTHER.down_write();
            RAW.down_read();
            RAW.up_read();
            OTHER.up_write();
        },
        1,
        "other",
    );
    RAW.down_write();
    OTHER.down_read();
    OTHER.up_read();
    RAW.up_write();
}

pub fn read_again_behind_a_writer() {
    kthread_run_on_cpu(
        || {
            RAW.down_write();
            RAW.up_write();
        },
        1,
        "writer",
    );
    RAW.down_read();
    RAW.down_read();
    RAW.up_read();
    RAW.up_read();
}

pub fn read_again_on_this_cpu_behind_a_writer() {
    kthread_run_on_cpu(|| *ROUTES.write() = 1, 1, "writer");
    let _outer = ROUTES.read();
    let _inner = ROUTES.read();
}

pub fn written_by_another_task() {
    released_by_another_task(|| RAW.down_write(), || RAW.up_write());
}

pub fn read_by_another_task() {
    released_by_another_task(|| RAW.down_read(), || RAW.up_read());
}

pub fn nobody_reads() {
    RAW.up_read();
}

pub fn a_reader_downgrades() {
    RAW.down_read();
    RAW.downgrade_write();
}

pub fn read_with_bottom_halves_off() {
    local_bh_disable();
    RAW.down_read();
}
