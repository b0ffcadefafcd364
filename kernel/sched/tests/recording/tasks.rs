//! Tasks, wake-ups and wait queues, on a recording machine.

use crate::recorder::{Recorder, boot};
use ringzero_atomic::Atomic;
use ringzero_context::local_bh_disable;
use ringzero_machine::cpu;
use ringzero_sched::{
    Completion, EINTR, EINVAL, MAX_SCHEDULE_TIMEOUT, TASK_INTERRUPTIBLE, TASK_RUNNING, TASK_UNINTERRUPTIBLE, Task,
    TaskOptions, WaitQueueEntry, WaitQueueHead, add_wait_queue, current, finish_wait, kthread_bind, kthread_create,
    kthread_create_on_cpu, kthread_run, kthread_should_stop, kthread_stop, prepare_to_wait, prepare_to_wait_exclusive,
    remove_wait_queue, schedule, schedule_timeout, schedule_timeout_interruptible, set_cpus_allowed, set_current_state,
    spawn, task_name, wait_event, wait_event_interruptible, waitqueue_active, wake_up, wake_up_all,
    wake_up_interruptible, wake_up_process, yield_now,
};
use ringzero_softirq::{HI_SOFTIRQ, raise_softirq};
use ringzero_spinning::SpinLock;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

fn state_of(task: &'static Task) -> u32 {
    // SAFETY: tasks live as long as their machine, which is leaked.
    unsafe { (*task.spec().state).load(Relaxed) }
}

/// Boots, as a task named `init`.
fn boot_task() -> (&'static Recorder, &'static Task) {
    let machine = boot();
    let task = Task::new(TaskOptions::new("init"), || ());
    machine.become_task(std::ptr::from_ref(task).cast());
    (machine, task)
}

#[test]
fn a_kthread_sleeps_until_it_is_woken() {
    let (machine, _) = boot_task();
    let task = kthread_create_on_cpu(|| 7, 3, "worker");
    assert_eq!((state_of(task), task.name(), current().name()), (TASK_UNINTERRUPTIBLE, "worker", "init"));
    let spec = machine.spec(task.number());
    // SAFETY: as in `state_of`.
    assert_eq!((unsafe { (*spec.allowed).load(Relaxed) }, spec.system), (1 << 3, false));
    kthread_bind(task, 0);
    assert!(wake_up_process(task) && !wake_up_process(task));
    machine.log();
    machine.run(task.number());
    assert_eq!(machine.log(), ["kthread_should_stop r"]);
    assert_eq!((task.exit_code(), kthread_stop(task)), (Some(7), 7));
}

#[test]
fn a_kthread_that_is_stopped_first_never_runs() {
    let (machine, _) = boot_task();
    let ran: &'static Atomic = Box::leak(Box::new(Atomic::new(0)));
    let task = kthread_create(move || ran.inc(), "worker");
    machine.log();
    assert_eq!((kthread_stop(task), ran.read()), (-EINTR, 0));
    assert_eq!(machine.log()[..3], ["kthread_stop w", "wake_up_process rw", "kthread_should_stop r"]);
    let task = kthread_run(|| ran.inc(), "worker");
    assert_eq!(state_of(task), TASK_RUNNING);
    machine.run(task.number());
    assert_eq!((kthread_stop(task), ran.read()), (0, 1));
}

#[test]
fn a_kthread_sees_that_it_should_stop() {
    let (machine, _) = boot_task();
    let task = kthread_run(
        || {
            set_current_state(TASK_INTERRUPTIBLE);
            while !kthread_should_stop() {
                schedule();
                set_current_state(TASK_INTERRUPTIBLE);
            }
            set_current_state(TASK_RUNNING);
            42
        },
        "worker",
    );
    machine.meanwhile(move || assert_eq!(kthread_stop(task), -EINTR, "the recorder cannot join what runs"));
    machine.run(task.number());
    assert_eq!(task.exit_code(), Some(42));
}

#[test]
#[should_panic(expected = "unbalanced-context: task `worker` was entered with preempt_count 0x0, left with")]
fn a_task_that_ends_with_a_count_is_found() {
    let (machine, _) = boot_task();
    let task = kthread_run(local_bh_disable, "worker");
    machine.run(task.number());
}

#[test]
#[should_panic(expected = "sleep-in-atomic: scheduling while atomic: schedule() may sleep, but was called with preem")]
fn scheduling_under_a_spinlock_is_found() {
    boot_task();
    let lock = SpinLock::new(());
    let _guard = lock.lock();
    schedule();
}

#[test]
#[should_panic(expected = "sleep-in-atomic: wait_event() may sleep, but was called with interrupts off")]
fn waiting_with_interrupts_off_is_found_even_if_the_condition_holds() {
    boot_task();
    let lock = SpinLock::new(());
    let _guard = lock.lock_irqsave();
    wait_event(&WaitQueueHead::new(), || true);
}

#[test]
fn schedule_sleeps_by_the_state() {
    let (machine, task) = boot_task();
    schedule();
    yield_now();
    set_current_state(TASK_INTERRUPTIBLE);
    yield_now();
    machine.meanwhile(move || assert!(wake_up_process(task)));
    schedule();
    assert_eq!(state_of(task), TASK_RUNNING);
    assert_eq!(
        machine.log(),
        ["schedule r", "yield r", "set_current_state rw", "yield r", "schedule r*", "wake_up_process rw"]
    );
}

#[test]
fn an_affinity_without_a_cpu_is_refused() {
    let (machine, task) = boot_task();
    assert_eq!((set_cpus_allowed(task, 0), set_cpus_allowed(task, 0b1_0000)), (-EINVAL, -EINVAL));
    assert_eq!((set_cpus_allowed(task, 0b1_1111), machine.log().len()), (0, 0));
}

#[test]
fn wait_event_queues_before_it_tests() {
    let (machine, task) = boot_task();
    let wq: &'static WaitQueueHead = Box::leak(Box::new(WaitQueueHead::new().named("dev.wait")));
    let ready: &'static AtomicU32 = Box::leak(Box::new(AtomicU32::new(0)));
    machine.meanwhile(|| {
        ready.store(1, Relaxed);
        wake_up(wq);
    });
    wait_event(wq, || ready.load(Relaxed) != 0);
    assert_eq!((state_of(task), waitqueue_active(wq)), (TASK_RUNNING, false));
    let mut expected = vec!["set_current_state w", "prepare_to_wait rw", "schedule r*"];
    expected.extend(["local_irq_disable gate", "(off)", "wake_up rw", "wake_up_process rw+", "spin_unlock w", "(on)"]);
    // Queued again before it tests again.
    expected.extend(["set_current_state w", "prepare_to_wait rw"]);
    expected.extend(["set_current_state w", "finish_wait rw", "READ_ONCE r+"]);
    assert_eq!(machine.log(), expected);
    assert_eq!(wait_event_interruptible(wq, || true), Ok(()));
    assert_eq!(machine.log(), [""; 0]);
}

#[test]
fn a_fine_queue_takes_its_lock() {
    let (machine, task) = boot_task();
    machine.set_fine(true);
    let wq = WaitQueueHead::new();
    let entry = pin!(WaitQueueEntry::new());
    prepare_to_wait(&wq, entry.as_ref(), TASK_INTERRUPTIBLE);
    let section = |inner: &[&'static str]| {
        let mut log = vec!["local_irq_disable gate", "(off)", "cmpxchg rw"];
        log.extend(inner);
        log.extend(["atomic_set w", "(on)"]);
        log
    };
    let mut expected = vec!["set_current_state rw"];
    expected.extend(section(&[]));
    assert_eq!(machine.log(), expected);
    wake_up(&wq);
    assert_eq!(
        (machine.log(), state_of(task)),
        (section(&["wake_up_process rw+"]).into_iter().map(String::from).collect(), 0)
    );
    finish_wait(&wq, entry.as_ref());
}

/// Queues `entry` for a task of its own, asleep.
fn queue<'q>(
    machine: &Recorder,
    wq: &'q WaitQueueHead,
    entry: Pin<&WaitQueueEntry<'q>>,
    exclusive: bool,
) -> &'static Task {
    let task = Task::new(TaskOptions::new(task_name(format_args!("waiter/{exclusive}"))), || ());
    let before = cpu().current.get();
    machine.become_task(std::ptr::from_ref(task).cast());
    let put = if exclusive { prepare_to_wait_exclusive } else { prepare_to_wait };
    put(wq, entry, TASK_UNINTERRUPTIBLE);
    machine.become_task(before);
    task
}

#[test]
fn one_exclusive_waiter_is_woken_at_a_time() {
    let (machine, _) = boot_task();
    let wq = WaitQueueHead::new();
    let entries = [const { WaitQueueEntry::new() }; 4];
    let entries = pin!(entries);
    let entries: [Pin<&WaitQueueEntry<'_>>; 4] = [0, 1, 2, 3].map(|n| {
        // SAFETY: an element of a pinned array stays where it is.
        unsafe { entries.as_ref().map_unchecked(|all| &all[n]) }
    });
    let kinds = [true, true, false, true];
    let tasks: Vec<_> = entries.iter().zip(kinds).map(|(entry, kind)| queue(machine, &wq, *entry, kind)).collect();
    let asleep = || tasks.iter().map(|task| u8::from(state_of(task) != TASK_RUNNING)).collect::<Vec<_>>();
    wake_up_interruptible(&wq);
    assert_eq!(asleep(), [1, 1, 1, 1]);
    machine.log();
    wake_up(&wq);
    assert_eq!(asleep(), [0, 1, 0, 1]);
    assert_eq!(machine.log()[2..6], ["wake_up rw", "wake_up_process rw+", "wake_up_process rw+", "spin_unlock w"]);
    // A wake-up that finds its task awake goes on to the next.
    assert!(wake_up_process(tasks[1]));
    wake_up(&wq);
    assert_eq!(asleep(), [0, 0, 0, 0]);
    assert!(waitqueue_active(&wq));
    for entry in entries {
        finish_wait(&wq, entry);
    }
    assert!(!waitqueue_active(&wq));
}

#[test]
fn an_entry_that_was_added_by_hand_stays_until_it_is_removed() {
    let (machine, task) = boot_task();
    let wq = WaitQueueHead::new();
    let entry = pin!(WaitQueueEntry::new());
    add_wait_queue(&wq, entry.as_ref());
    set_current_state(TASK_INTERRUPTIBLE);
    wake_up_all(&wq);
    assert!(waitqueue_active(&wq) && state_of(task) == TASK_RUNNING);
    remove_wait_queue(&wq, entry.as_ref());
    assert!(!waitqueue_active(&wq));
    machine.log();
}

#[test]
fn dropping_an_entry_takes_it_off() {
    let (machine, task) = boot_task();
    let wq = WaitQueueHead::new();
    {
        let entry = pin!(WaitQueueEntry::new());
        prepare_to_wait(&wq, entry.as_ref(), TASK_UNINTERRUPTIBLE);
    }
    assert!(!waitqueue_active(&wq) && state_of(task) == TASK_RUNNING);
    assert_eq!(
        machine.log(),
        ["set_current_state w", "prepare_to_wait rw", "set_current_state w", "finish_wait rw", "READ_ONCE r+"]
    );
    let unwound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        wait_event(&wq, || {
            assert!(!waitqueue_active(&wq), "the program's own");
            false
        });
    }));
    assert!(unwound.is_err() && !waitqueue_active(&wq));
}

#[test]
fn raising_in_a_task_wakes_ksoftirqd() {
    let (machine, _) = boot_task();
    raise_softirq(HI_SOFTIRQ);
    raise_softirq(HI_SOFTIRQ);
    assert_eq!(machine.log(), ["softirq rw", "wake_up_process rw", "softirq rw", "wake_up_process rw"]);
    let spec = machine.spec(0);
    // SAFETY: as in `state_of`.
    let (allowed, state) = unsafe { ((*spec.allowed).load(Relaxed), (*spec.state).load(Relaxed)) };
    assert_eq!((spec.name, spec.system, allowed, state), ("ksoftirqd/0", true, 1, TASK_RUNNING));
    let other = spawn(TaskOptions::new("other"), || ());
    assert_eq!(other.number(), 1);
}

#[test]
#[should_panic(expected = "schedule waits for ever")]
fn ksoftirqd_sleeps_when_nothing_is_pending() {
    let (machine, _) = boot_task();
    ringzero_softirq::open_softirq(HI_SOFTIRQ, |_| ());
    raise_softirq(HI_SOFTIRQ);
    machine.run(0);
}

#[test]
fn a_sleep_that_is_ended_early_deletes_its_timer() {
    let (machine, task) = boot_task();
    machine.meanwhile(move || assert!(wake_up_process(task)));
    assert_eq!(schedule_timeout_interruptible(5), 5);
    let expected =
        ["set_current_state rw", "schedule_timeout rw+", "schedule r*", "wake_up_process rw", "del_timer rw+"];
    assert_eq!(machine.log(), expected);
    set_current_state(TASK_INTERRUPTIBLE);
    machine.meanwhile(move || assert!(wake_up_process(task)));
    assert_eq!(schedule_timeout(MAX_SCHEDULE_TIMEOUT), MAX_SCHEDULE_TIMEOUT);
    assert_eq!(machine.log(), ["set_current_state rw", "schedule r*", "wake_up_process rw"], "no timer");
}

#[test]
fn a_completion_that_is_done_needs_no_timer() {
    let (machine, _) = boot_task();
    let done: &'static Completion = Box::leak(Box::new(Completion::new()));
    done.complete();
    assert_eq!((done.wait_for_completion_timeout(7), done.wait_for_completion_timeout(0)), (7, 0));
    machine.meanwhile(|| done.complete());
    done.wait_for_completion();
    machine.meanwhile(|| done.complete());
    assert_eq!(done.wait_for_completion_timeout(7), 7);
    let mut expected = vec!["complete rw", "wait_for_completion rw", "wait_for_completion rw"];
    expected.extend(["wait_for_completion rw*", "complete rw"]);
    expected.extend(["wait_for_completion rw", "schedule_timeout rw+", "wait_for_completion rw*", "complete rw"]);
    expected.push("del_timer rw+");
    assert_eq!(machine.log(), expected);
}
