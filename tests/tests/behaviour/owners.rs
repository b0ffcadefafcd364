//! Owner locks, local locks, and the big kernel lock.

use crate::reach;
use ringzero::atomic::{Atomic, PlainCell};
use ringzero::completion::Completion;
use ringzero::context::{in_atomic, preempt_disable};
use ringzero::define_per_cpu;
use ringzero::irq::{IrqFlags, IrqReturn, disable_irq, irq_set_affinity, request_irq};
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::legacy::{kernel_locked, lock_kernel, unlock_kernel};
use ringzero::local_lock::LocalLock;
use ringzero::mutex::RawMutex;
use ringzero::owner_lock::{Entered, OwnerLock, SocketLock};
use ringzero::sched::schedule;
use ringzero::smp::smp_processor_id;
use ringzero::tasklet::{Tasklet, tasklet_schedule};

fn add(data: &mut u32, notes: u32) {
    *data += notes;
}

ringzero::global! {
    static CONNECTION: OwnerLock<u32> = OwnerLock::with_backlog(0, 0, add).named("connection");
    static SOCKET: SocketLock<u32> = SocketLock::with_backlog(0, 0, add).named("socket");
    static CAME: Atomic = Atomic::new(0);
    static PLAIN: PlainCell<u32> = PlainCell::new(0);
    static DONE: Completion = Completion::new();
    static MUTEX: RawMutex = RawMutex::new().named("mutex");
    static RECEIVER: Tasklet = Tasklet::new(|_| match SOCKET.enter() {
        Entered::Free(mut data) => *data += 1,
        Entered::Owned(mut notes) => *notes += 1,
    });
}

define_per_cpu! {
    static BATCH: LocalLock<u32> = LocalLock::new(0).named("batch");
}

fn on_line(handler: fn()) {
    irq_set_affinity(4, 1 << 1).unwrap();
    let handler = move |_| {
        handler();
        IrqReturn::Handled
    };
    request_irq(4, IrqFlags::NONE, "line", handler).unwrap();
}

pub fn an_interrupt_leaves_a_note() {
    on_line(|| {
        CAME.inc();
        match CONNECTION.enter() {
            Entered::Free(mut data) => {
                *data += 1;
                reach("nobody owned it");
            }
            Entered::Owned(mut notes) => {
                *notes += 1;
                reach("noted");
            }
        }
    });
    kthread_run_on_cpu(
        || {
            let mut data = CONNECTION.lock();
            assert!(!in_atomic(), "the owner may sleep");
            let before = *data;
            *data += 100;
            assert_eq!(*data, before + 100);
            data.relock();
            data.unlock();
        },
        1,
        "owner",
    );
    ringzero::on_exit(|| {
        disable_irq(4);
        assert_eq!(*CONNECTION.lock(), 100 + CAME.read().cast_unsigned());
        reach("no note was lost");
    });
}

pub fn owners_exclude_each_other() {
    let own = || {
        let mut data = CONNECTION.lock();
        PLAIN.update(|n| n + 1);
        *data += 1;
    };
    kthread_run_on_cpu(own, 1, "other");
    own();
    ringzero::on_exit(|| {
        assert_eq!((*CONNECTION.lock(), PLAIN.get()), (2, 2));
        reach("both owned it");
    });
}

pub fn a_socket_has_softirqs() {
    kthread_run_on_cpu(|| *SOCKET.lock() += 10, 0, "owner");
    tasklet_schedule(&RECEIVER);
    ringzero::on_exit(|| {
        assert_eq!(*SOCKET.lock(), 11);
        reach("received");
    });
}

pub fn a_local_lock_is_a_cpus_own() {
    let section = || {
        let mut batch = LocalLock::lock_irqsave(&BATCH);
        *batch += 1;
        if smp_processor_id() == 1 {
            reach("a batch on cpu 1");
        }
        batch.unlock();
        *LocalLock::lock(&BATCH) += 1;
    };
    kthread_run_on_cpu(section, 1, "other");
    section();
}

pub fn the_big_lock_nests() {
    let section = || {
        lock_kernel();
        lock_kernel();
        PLAIN.update(|n| n + 1);
        unlock_kernel();
        assert!(kernel_locked());
        unlock_kernel();
    };
    kthread_run_on_cpu(section, 1, "other");
    section();
    ringzero::on_exit(|| {
        assert!(PLAIN.get() == 2 && !kernel_locked());
        reach("big lock counted both");
    });
}

pub fn the_big_lock_is_dropped_by_who_sleeps() {
    kthread_run_on_cpu(
        || {
            lock_kernel();
            PLAIN.update(|n| n + 1);
            unlock_kernel();
            DONE.complete();
        },
        1,
        "other",
    );
    lock_kernel();
    lock_kernel();
    // The other one gets it only now.
    DONE.wait_for_completion();
    assert!(kernel_locked());
    assert_eq!(PLAIN.get(), 1);
    unlock_kernel();
    unlock_kernel();
    reach("dropped over a sleep");
}

pub fn schedule_drops_the_big_lock() {
    kthread_run_on_cpu(
        || {
            lock_kernel();
            PLAIN.set(1);
            unlock_kernel();
        },
        1,
        "other",
    );
    lock_kernel();
    let before = PLAIN.get();
    schedule();
    reach(if PLAIN.get() == before { "nobody came in" } else { "somebody came in" });
    unlock_kernel();
}

/// Two that take a mutex under the big lock, and the big lock under the mutex: no deadlock, since who waits has dropped it.
pub fn waiting_for_a_mutex_drops_the_big_lock() {
    kthread_run_on_cpu(
        || {
            MUTEX.lock();
            lock_kernel();
            unlock_kernel();
            MUTEX.unlock();
        },
        1,
        "other",
    );
    lock_kernel();
    MUTEX.lock();
    assert!(kernel_locked());
    MUTEX.unlock();
    unlock_kernel();
    reach("both orders");
}

pub fn owned_twice() {
    let _one = CONNECTION.lock();
    let _other = CONNECTION.lock();
}

pub fn owned_in_an_interrupt() {
    on_line(|| drop(CONNECTION.lock()));
}

pub fn a_local_lock_taken_in_an_interrupt() {
    on_line(|| *LocalLock::lock(&BATCH) += 1);
    kthread_run_on_cpu(|| *LocalLock::lock(&BATCH) += 1, 1, "task");
}

pub fn a_local_lock_taken_twice() {
    let _one = LocalLock::lock(&BATCH);
    let _other = LocalLock::lock(&BATCH);
}

pub fn the_big_lock_not_held() {
    unlock_kernel();
}

pub fn the_big_lock_where_nobody_may_sleep() {
    preempt_disable();
    lock_kernel();
}
