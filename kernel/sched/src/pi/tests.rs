//! The rules of inheritance, by tasks that take turns on one thread.

use super::*;
extern crate std;
use crate::{SCHED_FIFO, SCHED_NORMAL, sched_setscheduler, set_user_nice};
use ringzero_machine::{Mode, Op, Place};

/// A task with a real-time priority, or none for 0.
fn task(rt_priority: u32) -> &'static Task {
    let task = Task::adopt("task");
    task.set_number(7);
    if rt_priority != 0 {
        assert_eq!(sched_setscheduler(task, SCHED_FIFO, rt_priority), 0);
    }
    task
}

fn on(lock: &RtMutexBase) -> Step {
    lock.word().announcement(Op::RtMutexBoost, Mode::Rmw, Place::here())
}

/// Does `f` as `task`.
fn by<R>(task: &'static Task, f: impl FnOnce() -> R) -> R {
    let before = cpu().current.replace(ptr::from_ref(task).cast());
    let result = f();
    cpu().current.set(before);
    result
}

fn take(task: &'static Task, lock: &RtMutexBase) -> bool {
    by(task, || lock.take())
}

#[track_caller]
fn wait(task: &'static Task, lock: &RtMutexBase) -> u32 {
    // SAFETY: it stays where it is.
    match by(task, || unsafe { lock.join(&on(lock), true) }) {
        RtWait::Waits(ticket) => ticket,
        came => panic!("{came:?}"),
    }
}

fn unlock(task: &'static Task, lock: &RtMutexBase) {
    by(task, || {
        assert!(lock.is_ours());
        if !lock.release() {
            assert!(lock.hand_over(&on(lock)));
        }
    });
}

fn settle(task: &'static Task, lock: &RtMutexBase) -> bool {
    by(task, || lock.settle(&on(lock)))
}

fn leave(task: &'static Task, lock: &RtMutexBase) -> bool {
    by(task, || lock.leave(&on(lock)))
}

fn granted(lock: &RtMutexBase, ticket: u32) -> bool {
    Granted::holds(lock.word().word().load(Relaxed), ticket)
}

#[test]
fn waiters_are_served_by_priority() {
    let lock = RtMutexBase::new();
    let [owner, a, b, c, d] = [0, 0, 10, 20, 10].map(task);
    set_user_nice(a, -20);
    assert!(take(owner, &lock) && lock.is_locked() && !lock.has_waiters());
    let tickets = [b, a, c, d].map(|task| wait(task, &lock));
    let order = [(c, tickets[2]), (b, tickets[0]), (d, tickets[3]), (a, tickets[1])];
    let mut holder = owner;
    for (next, ticket) in order {
        assert!(!granted(&lock, ticket) && !settle(next, &lock));
        unlock(holder, &lock);
        assert!(granted(&lock, ticket) && !lock.is_locked());
        assert!(settle(next, &lock) && !granted(&lock, ticket));
        holder = next;
    }
    assert!(ptr::eq(lock.owner().unwrap(), a) && !lock.has_waiters());
    unlock(a, &lock);
    assert!(!lock.is_locked() && take(owner, &lock));
}

#[test]
fn the_owner_has_the_best_priority() {
    let lock = RtMutexBase::new();
    let [owner, a, b] = [5, 10, 20].map(task);
    take(owner, &lock);
    wait(a, &lock);
    assert_eq!((owner.prio(), owner.normal_prio()), (89, 94));
    wait(b, &lock);
    assert_eq!(owner.prio(), 79);
    assert!(!leave(b, &lock));
    assert_eq!(owner.prio(), 89);
    // The better of both.
    sched_setscheduler(owner, SCHED_FIFO, 50);
    assert_eq!(owner.prio(), 49);
    sched_setscheduler(owner, SCHED_NORMAL, 0);
    assert_eq!((owner.prio(), owner.normal_prio()), (89, 120));
    // A waiter's is passed on.
    sched_setscheduler(a, SCHED_FIFO, 99);
    assert_eq!(owner.prio(), 0);
    unlock(owner, &lock);
    assert_eq!(owner.prio(), 120);
    assert!(settle(a, &lock) && !lock.has_waiters());
}

#[test]
fn all_that_are_not_of_real_time_are_equals() {
    let lock = RtMutexBase::new();
    let [owner, a, b] = [0; 3].map(task);
    set_user_nice(owner, 19);
    take(owner, &lock);
    let first = wait(a, &lock);
    set_user_nice(b, -20);
    wait(b, &lock);
    assert_eq!(owner.prio(), 120, "that of the top waiter");
    set_user_nice(a, -5);
    assert_eq!(owner.prio(), 115);
    unlock(owner, &lock);
    assert!(granted(&lock, first) && owner.prio() == 139);
    assert!(!by(b, || lock.is_ours()));
    assert!(!by(owner, || lock.steal(&on(&lock))), "nor does one steal from another");
}

#[test]
fn it_goes_on_along_a_chain() {
    let locks = [const { RtMutexBase::new() }; 3];
    let [a, b, c, top, other] = [1, 2, 3, 50, 40].map(task);
    for (task, lock) in [a, b, c].into_iter().zip(&locks) {
        assert!(take(task, lock));
    }
    // c waits for b, which waits for a.
    wait(b, &locks[0]);
    wait(c, &locks[1]);
    assert_eq!([a, b, c].map(Task::prio), [96; 3]);
    wait(other, &locks[1]);
    assert_eq!([a, b, c].map(Task::prio), [59, 59, 96]);
    let ticket = wait(top, &locks[2]);
    assert_eq!([a, b, c].map(Task::prio), [49; 3]);
    // And back.
    assert!(!leave(top, &locks[2]) && !granted(&locks[2], ticket));
    assert_eq!([a, b, c].map(Task::prio), [59, 59, 96]);
    assert!(!leave(other, &locks[1]));
    assert_eq!([a, b, c].map(Task::prio), [96; 3]);
    unlock(a, &locks[0]);
    assert_eq!([a, b, c].map(Task::prio), [98, 96, 96]);
    assert!(settle(b, &locks[0]));
}

#[test]
fn a_boosted_waiter_comes_first() {
    let (lock, owned) = (RtMutexBase::new(), RtMutexBase::new());
    let [owner, a, b, c] = [0, 10, 20, 30].map(task);
    take(owner, &lock);
    take(a, &owned);
    let tickets = [a, b].map(|task| wait(task, &lock));
    unlock(owner, &lock);
    assert!(granted(&lock, tickets[1]));
    // The grant moves.
    wait(c, &owned);
    assert!(granted(&lock, tickets[0]) && !settle(b, &lock));
    assert!(!leave(c, &owned));
    assert!(granted(&lock, tickets[1]) && settle(b, &lock));
    assert_eq!((a.prio(), b.prio()), (89, 79));
}

#[test]
fn a_better_one_steals() {
    let lock = RtMutexBase::new();
    let [owner, a, equal, better] = [0, 10, 10, 11].map(task);
    take(owner, &lock);
    let ticket = wait(a, &lock);
    assert!(!by(better, || lock.steal(&on(&lock))), "not from an owner");
    unlock(owner, &lock);
    assert!(!by(equal, || lock.steal(&on(&lock))) && !take(better, &lock));
    // SAFETY: as above.
    assert_eq!(by(better, || unsafe { lock.join(&on(&lock), true) }), RtWait::Taken);
    assert!(!granted(&lock, ticket) && !settle(a, &lock) && lock.has_waiters());
    sched_setscheduler(better, SCHED_NORMAL, 0);
    assert_eq!(better.prio(), 89, "it inherits, although nobody came since");
    unlock(better, &lock);
    assert!(granted(&lock, ticket) && better.prio() == 120);
    // Who leaves has it, if it was granted.
    assert!(leave(a, &lock) && by(a, || lock.is_ours()) && !lock.has_waiters());
}

#[test]
fn who_leaves_passes_the_grant_on() {
    let lock = RtMutexBase::new();
    let [owner, a, b] = [0, 10, 20].map(task);
    take(owner, &lock);
    let tickets = [a, b].map(|task| wait(task, &lock));
    unlock(owner, &lock);
    assert!(granted(&lock, tickets[1]) && !leave(a, &lock) && granted(&lock, tickets[1]));
    assert!(settle(b, &lock) && by(b, || lock.release()));
    assert!(!lock.is_locked() && !lock.has_waiters());
}

#[test]
fn without_waiters_it_is_as_before() {
    let lock = RtMutexBase::new();
    let [owner, a] = [0, 10].map(task);
    take(owner, &lock);
    wait(a, &lock);
    assert!(lock.has_waiters() && !by(owner, || lock.release()));
    assert!(!leave(a, &lock) && !lock.has_waiters());
    assert!(by(owner, || lock.release()), "in one exchange");
    assert_eq!(std::format!("{lock:?}"), "RtMutexBase(free)");
}

#[test]
fn circles_are_found() {
    let locks = [const { RtMutexBase::new() }; 3];
    let tasks = [0; 3].map(task);
    for (task, lock) in tasks.into_iter().zip(&locks) {
        assert!(take(task, lock));
    }
    // SAFETY: as above.
    let detect = |task, n: usize| by(task, || unsafe { locks[n].join(&on(&locks[n]), true) });
    assert_eq!(detect(tasks[0], 0), RtWait::Deadlock);
    assert!(!locks[0].has_waiters());
    wait(tasks[0], &locks[1]);
    wait(tasks[1], &locks[2]);
    assert_eq!(detect(tasks[2], 0), RtWait::Deadlock);
    // Who does not ask waits, and walks come to an end.
    // SAFETY: as above.
    assert!(matches!(by(tasks[2], || unsafe { locks[0].join(&on(&locks[0]), false) }), RtWait::Waits(_)));
    for (rt_priority, prio) in [(10, 89), (20, 79)] {
        sched_setscheduler(tasks[1], SCHED_FIFO, rt_priority);
        assert_eq!(tasks.map(Task::prio), [prio; 3]);
    }
    assert!(!leave(tasks[1], &locks[2]));
    assert_eq!(tasks.map(Task::prio), [120, 79, 120]);
}

#[test]
fn a_long_chain_is_walked_to_its_end() {
    const LENGTH: usize = 5 * NOTED;
    let locks = [const { RtMutexBase::new() }; LENGTH];
    let tasks = [0; LENGTH].map(task);
    for (n, task) in tasks.into_iter().enumerate() {
        assert!(take(task, &locks[n]));
        if n > 0 {
            wait(task, &locks[n - 1]);
        }
    }
    let top = task(99);
    wait(top, &locks[LENGTH - 1]);
    assert_eq!(tasks.map(Task::prio), [0; LENGTH]);
    sched_setscheduler(top, SCHED_FIFO, 1);
    assert_eq!(tasks.map(Task::prio), [98; LENGTH]);
    assert!(!leave(top, &locks[LENGTH - 1]));
    assert_eq!(tasks.map(Task::prio), [120; LENGTH]);
}
