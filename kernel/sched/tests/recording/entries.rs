//! Entries of wait queues that are used wrongly, on a recording machine: each is a finding, and no memory is harmed.

use crate::recorder::boot;
use ringzero_sched::{
    EndWakeUp, TASK_INTERRUPTIBLE, Task, TaskOptions, WaitQueueEntry, WaitQueueHead, Woken, add_wait_queue,
    add_wait_queue_priority, current, finish_wait, force_sig, prepare_to_wait, prepare_to_wait_event,
    remove_wait_queue, waitqueue_active, wake_up, wake_up_all, wq_has_single_sleeper,
};
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

const HERE: &str = "is put on a wait queue that it is on already";
const NOT_THERE: &str = "is taken off a wait queue, but was never put on it, or was taken off before";
const ELSEWHERE: &str = "is on another wait queue than this one";

/// Boots, as a task.
fn boot_task() {
    let machine = boot();
    machine.become_task(std::ptr::from_ref(Task::new(TaskOptions::new("init"), || ())).cast());
}

/// `what` is the finding `warn` that says `of` the entry.
fn found(of: &str, what: impl FnOnce()) {
    let panic = catch_unwind(AssertUnwindSafe(what)).expect_err("it is a finding");
    let text = panic.downcast_ref::<String>().expect("a finding is a text");
    assert_eq!(*text, format!("warn: list corruption: this wait queue entry {of}"));
}

fn forbidden(_: &Woken<'_>) -> Result<bool, EndWakeUp> {
    panic!("the entry is gone");
}

#[test]
fn an_entry_of_another_queue_comes_off_it() {
    boot_task();
    let (one, other) = (WaitQueueHead::new(), WaitQueueHead::new());
    for how in 0..5 {
        {
            let entry = pin!(WaitQueueEntry::with_function(forbidden, 0));
            let entry = entry.as_ref();
            add_wait_queue(&one, entry);
            found(ELSEWHERE, || match how {
                0 => remove_wait_queue(&other, entry),
                1 => finish_wait(&other, entry),
                2 => add_wait_queue(&other, entry),
                3 => prepare_to_wait(&other, entry, TASK_INTERRUPTIBLE),
                _ => {
                    force_sig(10);
                    let _ = prepare_to_wait_event(&other, entry, TASK_INTERRUPTIBLE);
                }
            });
            assert!(!waitqueue_active(&one) && !waitqueue_active(&other), "{how}");
        }
        wake_up(&one);
        wake_up(&other);
    }
}

#[test]
fn an_entry_is_put_once_and_taken_off_once() {
    boot_task();
    let wq = WaitQueueHead::new();
    let entry = pin!(WaitQueueEntry::new());
    let entry = entry.as_ref();
    found(NOT_THERE, || remove_wait_queue(&wq, entry));
    add_wait_queue(&wq, entry);
    found(HERE, || add_wait_queue(&wq, entry));
    // It is still there, once.
    assert!(wq_has_single_sleeper(&wq));
    remove_wait_queue(&wq, entry);
    assert!(!waitqueue_active(&wq));
    found(NOT_THERE, || remove_wait_queue(&wq, entry));
    // What may be repeated.
    prepare_to_wait(&wq, entry, TASK_INTERRUPTIBLE);
    prepare_to_wait(&wq, entry, TASK_INTERRUPTIBLE);
    assert!(wq_has_single_sleeper(&wq));
    finish_wait(&wq, entry);
    finish_wait(&wq, entry);
    // A wake-up has taken it off: it may be told so.
    prepare_to_wait(&wq, entry, TASK_INTERRUPTIBLE);
    wake_up_all(&wq);
    assert!(!waitqueue_active(&wq));
    remove_wait_queue(&wq, entry);
}

/// Its own function takes it off the queue that it is woken on, and leaves alone what lies where that was.
#[test]
fn a_leaked_entry_moves_with_its_queue() {
    fn remove(woken: &Woken<'_>) -> Result<bool, EndWakeUp> {
        woken.remove();
        Ok(true)
    }
    boot_task();
    // The second place of the two is where the queue is moved to.
    let mut places = [ManuallyDrop::new(WaitQueueHead::new()), ManuallyDrop::new(WaitQueueHead::new())];
    let entry = Box::pin(WaitQueueEntry::with_function(remove, 0));
    add_wait_queue(&places[0], entry.as_ref());
    std::mem::forget(entry);
    let last = Box::pin(WaitQueueEntry::new());
    add_wait_queue(&places[0], last.as_ref());
    std::mem::forget(last);
    let [first, second] = &mut places;
    std::mem::swap(first, second);
    assert!(!waitqueue_active(&places[0]));
    wake_up(&places[1]);
    assert!(!waitqueue_active(&places[0]), "what is there now is another queue");
    assert!(wq_has_single_sleeper(&places[1]), "one has left");
}

#[test]
fn entries_with_priority_come_in_their_order() {
    ringzero_machine::machine_local! {
        static SEEN: AtomicUsize = AtomicUsize::new(0);
    }
    fn note(woken: &Woken<'_>) -> Result<bool, EndWakeUp> {
        SEEN.get().store(SEEN.get().load(Relaxed) * 10 + woken.private(), Relaxed);
        Ok(false)
    }
    boot_task();
    let wq = WaitQueueHead::new();
    let [a, b, c, d] = [4, 1, 2, 3].map(|n| Box::pin(WaitQueueEntry::with_function(note, n)));
    add_wait_queue(&wq, a.as_ref());
    for entry in [&b, &c] {
        add_wait_queue_priority(&wq, entry.as_ref());
    }
    // Others come in front, behind those with priority.
    add_wait_queue(&wq, d.as_ref());
    wake_up_all(&wq);
    assert_eq!(SEEN.get().load(Relaxed), 1234);
    assert!(waitqueue_active(&wq) && !wq_has_single_sleeper(&wq) && !current().works());
}
