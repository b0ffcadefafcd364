//! Claims about held locks: who holds which lock, and what is said of a false claim.

use crate::reach;
use ringzero::completion::Completion;
use ringzero::define_per_cpu;
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::local_lock::LocalLock;
use ringzero::lockdep::*;
use ringzero::mutex::{Mutex, RawMutex};
use ringzero::rwsem::{PercpuRwSemaphore, RwSemaphore};
use ringzero::sync::{RawSpinLock, RwLock, SeqCountLocked, SpinLock};
use ringzero::ww_mutex::{WwClass, WwMutex};

static CLASS: WwClass = WwClass::new_ww("buffers");

ringzero::global! {
    static SPIN: SpinLock<u32> = SpinLock::new(0).named("spin");
    static RW: RwLock<u32> = RwLock::new(0).named("rw");
    static MUTEX: Mutex<u32> = Mutex::new(0).named("mutex");
    static RWSEM: RwSemaphore<u32> = RwSemaphore::new(0).named("rwsem");
    static PERCPU: PercpuRwSemaphore<u32> = PercpuRwSemaphore::new(0).named("percpu");
    static WW: WwMutex<u32> = WwMutex::new(0, &CLASS).named("ww");
    static TAKEN: Completion = Completion::new();
    static OVER: Completion = Completion::new();
    static RAW_MUTEX: RawMutex = RawMutex::new().named("writers");
}

define_per_cpu! {
    static LOCAL: LocalLock<u32> = LocalLock::new(0).named("local");
}

/// What a writer may claim, and that others may not.
fn of_a_writer(lock: &dyn HeldLock) {
    lockdep_assert_held(lock);
    lockdep_assert_held_write(lock);
    assert!(lockdep_is_held(lock) && lock.held() == Held::Write && !Claim::Read.is_true_of(lock.held()));
}

fn of_a_reader(lock: &dyn HeldLock) {
    lockdep_assert_held(lock);
    lockdep_assert_held_read(lock);
    assert!(lockdep_is_held(lock) && !Claim::Write.is_true_of(lock.held()));
}

fn of_nobody(lock: &dyn HeldLock) {
    lockdep_assert_not_held(lock);
    assert!(!lockdep_is_held(lock) && lock.held() == Held::No);
}

fn all() -> [&'static dyn HeldLock; 6] {
    [&*SPIN, &*RW, &*MUTEX, &*RWSEM, &*PERCPU, &*WW]
}

pub fn who_holds_may_claim_it() {
    all().into_iter().for_each(of_nobody);
    let held = (SPIN.lock(), RW.write());
    of_a_writer(&*SPIN);
    of_a_writer(&*RW);
    drop(held);
    let held = (MUTEX.lock(), RWSEM.write(), PERCPU.write(), WW.lock_alone());
    [&*MUTEX as &dyn HeldLock, &*RWSEM, &*PERCPU, &*WW].into_iter().for_each(of_a_writer);
    drop(held);
    let held = (RWSEM.read(), PERCPU.read());
    of_a_reader(&*RWSEM);
    of_a_reader(&*PERCPU);
    drop(held);
    let held = RW.read();
    of_a_reader(&*RW);
    drop(held);
    let held = LocalLock::lock(&LOCAL);
    of_a_writer(LOCAL.this());
    drop(held);
    all().into_iter().for_each(of_nobody);
    reach("all kinds");
}

/// Another task holds all of them meanwhile.
fn while_another_holds(claims: fn()) {
    kthread_run_on_cpu(
        || {
            let held = (MUTEX.lock(), RWSEM.write(), PERCPU.write(), WW.lock_alone(), RW.write(), SPIN.lock());
            let (mutex, rwsem, percpu, ww, rw, spin) = held;
            // These let nobody sleep.
            drop(spin);
            drop(rw);
            TAKEN.complete();
            OVER.wait_for_completion();
            drop((mutex, rwsem, percpu, ww));
        },
        1,
        "holder",
    );
    /// Lets the other task end, also where a false claim is a panic.
    struct Over;
    impl Drop for Over {
        fn drop(&mut self) {
            OVER.complete();
        }
    }
    TAKEN.wait_for_completion();
    let _over = Over;
    claims();
}

pub fn anothers_locks_are_not_ours() {
    while_another_holds(|| {
        all().into_iter().for_each(of_nobody);
        reach("held by another");
    });
}

pub fn a_counter_whose_writers_hold_a_mutex() {
    let count = SeqCountLocked::new(&*RAW_MUTEX);
    RAW_MUTEX.lock();
    count.write_begin();
    count.write_end();
    RAW_MUTEX.unlock();
    assert_eq!(count.read_begin(), 2);
    reach("written with the mutex");
}

macro_rules! false_claims {
    ($($name:ident: $body:block)*) => {$(pub fn $name() $body)*};
}
false_claims! {
    a_spinlock_is_free: { lockdep_assert_held(&*SPIN) }
    an_rwlock_is_free: { lockdep_assert_held(&*RW) }
    an_rwlock_is_read_only: {
        let _held = RW.read();
        lockdep_assert_held_write(&*RW);
    }
    an_rwlock_is_written: {
        let _held = RW.write();
        lockdep_assert_held_read(&*RW);
    }
    a_mutex_is_free: { lockdep_assert_held(&*MUTEX) }
    a_mutex_is_held: {
        let _held = MUTEX.lock();
        lockdep_assert_not_held(&*MUTEX);
    }
    a_mutex_is_anothers: { while_another_holds(|| lockdep_assert_held(&*MUTEX)) }
    an_rwsem_is_free: { lockdep_assert_held_read(&*RWSEM) }
    an_rwsem_is_read_only: {
        let _held = RWSEM.read();
        lockdep_assert_held_write(&*RWSEM);
    }
    an_rwsem_is_anothers: { while_another_holds(|| lockdep_assert_held_write(&*RWSEM)) }
    a_percpu_rwsem_is_free: { lockdep_assert_held(&*PERCPU) }
    a_percpu_rwsem_is_anothers: { while_another_holds(|| lockdep_assert_held_write(&*PERCPU)) }
    a_ww_mutex_is_anothers: { while_another_holds(|| lockdep_assert_held(&*WW)) }
    a_local_lock_is_free: {
        let _other = SPIN.lock();
        lockdep_assert_held(LOCAL.this());
    }
    a_counter_without_its_mutex: {
        SeqCountLocked::new(&*RAW_MUTEX).write_begin();
    }
    a_counter_with_anothers_mutex: {
        kthread_run_on_cpu(|| {
            RAW_MUTEX.lock();
            TAKEN.complete();
            OVER.wait_for_completion();
            RAW_MUTEX.unlock();
        }, 1, "holder");
        TAKEN.wait_for_completion();
        OVER.complete();
        let raw = RawSpinLock::new();
        raw.lock();
        SeqCountLocked::new(&*RAW_MUTEX).write_begin();
    }
}
/// Only the model knows who reads.
pub fn a_reader_is_another() {
    kthread_run_on_cpu(
        || {
            let held = RWSEM.read();
            TAKEN.complete();
            OVER.wait_for_completion();
            drop(held);
        },
        1,
        "reader",
    );
    TAKEN.wait_for_completion();
    OVER.complete();
    lockdep_assert_held_read(&*RWSEM);
}
