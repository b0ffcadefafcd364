//! Mutexes.

use crate::{reach, released_by_another_task};
use ringzero::atomic::{Atomic, PlainCell};
use ringzero::completion::Completion;
use ringzero::context::{in_atomic, local_bh_disable, local_bh_enable, preempt_count};
use ringzero::kref::{Kref, kref_put_mutex};
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::machine::Place;
use ringzero::mutex::{Interrupted, Mutex, RawMutex, atomic_dec_and_mutex_lock};
use ringzero::sched::{TaskOptions, spawn};
use ringzero::signal::{SIGKILL, send_sig};
use ringzero::tasklet::{Tasklet, tasklet_schedule};

ringzero::global! {
    static RAW: RawMutex = RawMutex::new().named("raw");
    static OTHER: RawMutex = RawMutex::new().named("other");
    static MUTEX: Mutex<u32> = Mutex::new(5);
    static PLAIN: PlainCell<u32> = PlainCell::new(0);
    static USERS: Atomic = Atomic::new(2);
    static KREF: Kref = Kref::new();
    static DONE: Completion = Completion::new();
    static SOFTIRQ: Tasklet = Tasklet::new(|_| {
        let _ = RAW.trylock();
    });
}

pub fn sections_exclude_each_other() {
    let section = || {
        RAW.lock();
        PLAIN.update(|n| n + 1);
        RAW.unlock();
        *MUTEX.lock_nested(1) += 1;
    };
    kthread_run_on_cpu(section, 1, "other");
    section();
    ringzero::on_exit(|| {
        assert_eq!((PLAIN.get(), *MUTEX.lock()), (2, 7));
        reach("mutex counted both");
    });
}

pub fn trying_takes_a_free_one_only() {
    kthread_run_on_cpu(
        || {
            RAW.lock();
            RAW.unlock();
        },
        1,
        "other",
    );
    local_bh_disable();
    if RAW.trylock() {
        assert!(RAW.is_locked());
        RAW.unlock();
        reach("mutex was free");
    } else {
        reach("mutex was held");
    }
    local_bh_enable();
}

pub fn a_holder_may_sleep() {
    kthread_run_on_cpu(
        || {
            RAW.lock();
            let waited = PLAIN.get() == 1;
            RAW.unlock();
            reach(if waited { "waited for a sleeper" } else { "came before" });
        },
        0,
        "waiter",
    );
    RAW.lock();
    kthread_run_on_cpu(|| DONE.complete(), 0, "completer");
    DONE.wait_for_completion();
    PLAIN.set(1);
    RAW.unlock();
}

pub fn guards_unlock() {
    let mut guard = MUTEX.lock();
    *guard += 1;
    assert!(MUTEX.is_locked() && !in_atomic() && MUTEX.try_lock().is_none());
    guard.unlock();
    assert_eq!(MUTEX.lock_interruptible().as_deref(), Ok(&6));
    assert_eq!(MUTEX.lock_killable().as_deref(), Ok(&6));
    assert!(!MUTEX.is_locked() && preempt_count() == 0);
    reach("guards unlock");
}

pub fn the_last_user_holds_the_mutex() {
    let put = || {
        if let Some(guard) = atomic_dec_and_mutex_lock(&USERS, &MUTEX) {
            assert!(MUTEX.is_locked() && USERS.read() == 0);
            guard.unlock();
            reach("last user");
        }
    };
    kthread_run_on_cpu(put, 1, "other");
    put();
}

pub fn the_last_reference_takes_the_mutex() {
    let put = || {
        let released = kref_put_mutex(
            &KREF,
            || {
                assert!(RAW.is_locked());
                PLAIN.set(PLAIN.get() + 1);
                RAW.unlock();
            },
            &RAW,
        );
        if released {
            reach("last reference");
        }
    };
    KREF.get();
    kthread_run_on_cpu(put, 1, "other");
    put();
    ringzero::on_exit(|| assert_eq!(PLAIN.get(), 1));
}

pub fn locked_twice() {
    RAW.lock();
    RAW.lock();
}

pub fn in_opposite_order() {
    kthread_run_on_cpu(
        || {
            OTHER.lock();
            RAW.lock();
            RAW.unlock();
            OTHER.unlock();
        },
        1,
        "other",
    );
    RAW.lock();
    OTHER.lock();
    OTHER.unlock();
    RAW.unlock();
}

pub fn unlocked_by_another_task() {
    released_by_another_task(|| RAW.lock(), || RAW.unlock());
}

pub fn tried_in_a_softirq() {
    tasklet_schedule(&SOFTIRQ);
}

pub fn locked_with_bottom_halves_off() {
    local_bh_disable();
    RAW.lock();
}

/// Not a data race: each waits for the other's unlock.
pub fn held_while_waiting_for_its_taker() {
    RAW.lock();
    kthread_run_on_cpu(
        || {
            RAW.lock();
            RAW.unlock();
            DONE.complete();
        },
        1,
        "completer",
    );
    DONE.wait_for_completion();
    RAW.unlock();
}

pub fn held_at_the_tasks_end() {
    kthread_run_on_cpu(|| RAW.lock(), 1, "forgetful");
}

pub fn destroyed_while_it_is_held() {
    RAW.lock();
    RAW.destroy();
}

pub fn initialised_while_it_is_held() {
    let at = std::ptr::from_ref(&*RAW).cast_mut();
    RAW.lock();
    // SAFETY: nobody else uses it; what it held is what this is about.
    unsafe { RawMutex::init_at(at, Some("raw"), Place::here()) };
}

pub fn a_waiter_is_killed() {
    let lock = || match MUTEX.lock_killable() {
        Ok(mut guard) => {
            *guard += 1;
            reach("locked before the kill");
        }
        Err(interrupted @ Interrupted) => {
            assert_eq!(interrupted.to_errno(), -4, "EINTR: no system call is begun again");
            reach("killed while it waited");
        }
    };
    let guard = MUTEX.lock();
    let victim = spawn(TaskOptions { allowed: 1 << 1, ..TaskOptions::new("victim") }, lock);
    send_sig(SIGKILL, victim);
    guard.unlock();
}
