//! Waiting in all forms, and what ends it: conditions, times, signals, wake functions, bits, variables, futures.

use crate::reach;
use ringzero::atomic::{Atomic, BitWord, clear_bit_unlock, set_bit, test_bit};
use ringzero::completion::Completion;
use ringzero::context::preempt_disable;
use ringzero::delay::msleep_interruptible;
use ringzero::irq::{IrqFlags, IrqReturn, request_irq, set_arrivals};
use ringzero::kthread::{kthread_run_on_cpu, kthread_stop};
use ringzero::sched::{
    MAX_SCHEDULE_TIMEOUT, TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_UNINTERRUPTIBLE, Task, TaskOptions, current,
    schedule, schedule_timeout_idle, set_current_state, spawn, wake_up_process,
};
use ringzero::signal::{
    SIGKILL, allow_signal, disallow_signal, fatal_signal_pending, flush_signals, force_sig, kernel_dequeue_signal,
    send_sig, signal_pending, signal_pending_state,
};
use ringzero::slab::{GFP_KERNEL, KPtr, kmalloc_obj};
use ringzero::swait::{
    SwaitQueueHead, swait_event_exclusive, swait_event_interruptible_exclusive, swait_event_timeout_exclusive,
    swake_up_all, swake_up_one,
};
use ringzero::sync::{RawSpinLock, SpinLock};
use ringzero::timer::{Timer, del_timer_sync, jiffies, mod_timer};
use ringzero::wait::*;
use std::future::Future;
use std::pin::pin;

const SIGUSR1: u32 = 10;

ringzero::global! {
    static QUEUE: WaitQueueHead = WaitQueueHead::new();
    static SIMPLE: SwaitQueueHead = SwaitQueueHead::new();
    static READY: Atomic = Atomic::new(0);
    static COUNT: Atomic = Atomic::new(0);
    static DONE: Completion = Completion::new();
    static BITS: [BitWord; 1] = [BitWord::new(0)];
    static HELD: SpinLock<u32> = SpinLock::new(0);
}

/// A task that accepts signals, as a program's does.
fn user_task(cpu: u32, f: impl FnOnce() + Send + 'static) -> &'static Task {
    spawn(TaskOptions { allowed: 1 << cpu, ..TaskOptions::new("user") }, f)
}

fn make_ready() {
    READY.set(1);
    wake_up(&QUEUE);
}

fn ready() -> bool {
    READY.read() == 1
}

pub fn a_signal_ends_a_wait() {
    let task = user_task(1, || match wait_event_interruptible(&QUEUE, ready) {
        Ok(()) => reach("event before the signal"),
        Err(interrupted) => {
            assert!(signal_pending(current()) && interrupted.to_errno() == -512);
            reach("signal before the event");
        }
    });
    send_sig(SIGUSR1, task);
    make_ready();
}

/// The signal comes at any time, and `schedule()` alone has to notice.
pub fn a_signal_is_not_lost_on_the_way_to_sleep() {
    let task = user_task(1, || {
        set_current_state(TASK_INTERRUPTIBLE);
        schedule();
        assert!(signal_pending(current()));
        reach("noticed by schedule");
    });
    send_sig(SIGUSR1, task);
}

pub fn only_a_fatal_signal_kills() {
    let task = user_task(1, || {
        assert_eq!(wait_event_killable(&QUEUE, || false), Err(Interrupted));
        assert!(fatal_signal_pending(current()));
        reach("killed by a signal");
    });
    send_sig(SIGUSR1, task);
    send_sig(SIGKILL, task);
}

pub fn an_interrupt_sends_a_signal() {
    let task: &'static Task = current();
    set_arrivals(3, 1);
    request_irq(3, IrqFlags::NONE, "killer", move |_| {
        send_sig(SIGUSR1, task);
        IrqReturn::Handled
    })
    .expect("line 3 is free");
    assert_eq!(DONE.wait_for_completion_interruptible(), Err(Interrupted));
    reach("signal of an irq");
}

pub fn a_kthread_hears_what_it_allows() {
    let task = kthread_run_on_cpu(
        || {
            DONE.wait_for_completion_killable().expect("a kthread is not killed");
            assert!(!signal_pending(current()));
            allow_signal(SIGUSR1);
            DONE.complete();
            assert_eq!(wait_event_interruptible(&QUEUE, || false), Err(Interrupted));
            assert!(signal_pending_state(TASK_INTERRUPTIBLE, current()));
            assert!(!signal_pending_state(TASK_KILLABLE, current()));
            assert_eq!((kernel_dequeue_signal(), kernel_dequeue_signal()), (Some(SIGUSR1), None));
            disallow_signal(SIGUSR1);
            READY.set(2);
        },
        1,
        "listener",
    );
    send_sig(SIGKILL, task);
    DONE.complete();
    ringzero::on_exit(move || {
        DONE.wait_for_completion();
        send_sig(SIGUSR1, task);
        kthread_stop(task);
        assert_eq!(READY.read(), 2);
        reach("heard what it allows");
    });
}

pub fn signals_are_forced_and_flushed() {
    assert_eq!((send_sig(65, current()), send_sig(0, current())), (-22, 0));
    assert!(!signal_pending(current()));
    force_sig(SIGUSR1);
    assert!(signal_pending(current()) && !fatal_signal_pending(current()));
    assert_eq!(DONE.wait_for_completion_interruptible(), Err(Interrupted));
    assert_eq!(DONE.wait_for_completion_interruptible_timeout(0), Err(Interrupted));
    assert_eq!(DONE.wait_for_completion_killable_timeout(0), Ok(0));
    force_sig(SIGKILL);
    assert_eq!(DONE.wait_for_completion_killable(), Err(Interrupted));
    assert_eq!(kernel_dequeue_signal(), Some(SIGKILL));
    assert!(!fatal_signal_pending(current()) && signal_pending(current()));
    assert!(msleep_interruptible(20) >= 10);
    DONE.complete();
    assert_eq!(DONE.wait_for_completion_interruptible(), Ok(()), "what is done comes first");
    flush_signals(current());
    assert!(!signal_pending(current()) && msleep_interruptible(10) == 0);
    reach("forced and flushed");
}

/// A wait that a signal ends takes nothing.
pub fn a_signal_ends_a_wait_for_a_completion() {
    let task = user_task(1, || match DONE.wait_for_completion_interruptible() {
        Ok(()) => reach("done before the signal"),
        Err(Interrupted) => {
            COUNT.inc();
            reach("signal before it was done");
        }
    });
    send_sig(SIGUSR1, task);
    DONE.complete();
    ringzero::on_exit(|| assert_eq!(DONE.try_wait_for_completion(), COUNT.read() == 1));
}

/// Whoever sent the signal does not touch the completion after the wait for it has ended.
pub fn a_completion_may_end_after_its_wait() {
    let task = user_task(1, || {
        let done: KPtr<Completion> = kmalloc_obj(Completion::new(), GFP_KERNEL).expect("memory");
        // The time may be over while the signal is on its way.
        let _ = done.with(|done| done.wait_for_completion_interruptible_timeout(1));
        done.kfree();
        reach("freed after the wait");
    });
    send_sig(SIGUSR1, task);
}

pub fn what_comes_first_ends_the_wait() {
    let task = user_task(1, || match DONE.wait_for_completion_interruptible_timeout(1) {
        Ok(0) => reach("time first"),
        Ok(1) => reach("done first"),
        other => {
            assert_eq!(other, Err(Interrupted));
            reach("signal first");
        }
    });
    send_sig(SIGUSR1, task);
    DONE.complete();
}

ringzero::global! {
    static KILLER: Timer = Timer::new(kill);
    static VICTIM: SpinLock<Option<&'static Task>> = SpinLock::new(None);
}

fn kill(_: &'static Timer) {
    let victim = *VICTIM.lock_irqsave();
    send_sig(SIGUSR1, victim.expect("it has said who it is"));
}

/// Has a timer of this CPU send a signal to the running task at the end of this jiffy, when the wait that follows is over, too.
fn signal_soon() {
    flush_signals(current());
    *VICTIM.lock_irqsave() = Some(current());
    mod_timer(&KILLER, jiffies() + 1);
}

pub fn a_time_that_is_over_comes_before_a_signal() {
    user_task(1, || {
        force_sig(SIGUSR1);
        assert_eq!(wait_event_interruptible_timeout(&QUEUE, || false, 0), Ok(0));
        assert_eq!(wait_event_interruptible_timeout(&QUEUE, || false, 1), Err(Interrupted));
        signal_soon();
        if DONE.wait_for_completion_interruptible_timeout(1) == Ok(0) && signal_pending(current()) {
            reach("both, and not done");
        }
        del_timer_sync(&KILLER);
        signal_soon();
        if wait_event_interruptible_timeout(&QUEUE, || false, 1) == Ok(0) && signal_pending(current()) {
            reach("both, and no event");
        }
        del_timer_sync(&KILLER);
        *VICTIM.lock_irqsave() = None;
    });
}

/// Of two exclusive waiters one may leave for a signal: the wake-up goes to the other one then.
pub fn a_signal_uses_up_no_wake_up() {
    let wait = || {
        let result = wait_event_interruptible_exclusive(&QUEUE, ready);
        if result.is_ok() {
            // Passes it on.
            wake_up(&QUEUE);
        } else {
            reach("left without the wake-up");
        }
    };
    let first = user_task(0, wait);
    user_task(1, wait);
    send_sig(SIGUSR1, first);
    make_ready();
    ringzero::on_exit(|| reach("all have left"));
}

pub fn all_forms_see_a_condition_that_holds() {
    READY.set(1);
    wait_event(&QUEUE, ready);
    wait_event_exclusive(&QUEUE, ready);
    wait_event_idle(&QUEUE, ready);
    wait_event_idle_exclusive(&QUEUE, ready);
    wait_event_cmd(&QUEUE, ready, || (), || ());
    wait_event_exclusive_cmd(&QUEUE, ready, || (), || ());
    assert_eq!(wait_event_interruptible(&QUEUE, ready), Ok(()));
    assert_eq!(wait_event_interruptible_exclusive(&QUEUE, ready), Ok(()));
    assert_eq!(wait_event_killable(&QUEUE, ready), Ok(()));
    assert_eq!(wait_event_killable_exclusive(&QUEUE, ready), Ok(()));
    assert_eq!(wait_event_killable_timeout(&QUEUE, ready, 3), Ok(3));
    assert_eq!(wait_event_idle_timeout(&QUEUE, ready, 0), 1);
    assert_eq!(wait_event_idle_exclusive_timeout(&QUEUE, ready, 2), 2);
    assert_eq!(wait_event_hrtimeout(&QUEUE, ready, 1), 0);
    assert_eq!(wait_event_interruptible_hrtimeout(&QUEUE, ready, 1), 0);
    reach("all forms, true");
}

pub fn all_forms_time_out() {
    let never = || false;
    assert_eq!(wait_event_timeout(&QUEUE, never, 1), 0);
    assert_eq!(wait_event_idle_timeout(&QUEUE, never, 1), 0);
    assert_eq!(wait_event_killable_timeout(&QUEUE, never, 1), Ok(0));
    assert_eq!(wait_event_interruptible_timeout(&QUEUE, never, 1), Ok(0));
    assert_eq!(wait_event_hrtimeout(&QUEUE, never, 1), -62);
    assert_eq!(wait_event_interruptible_hrtimeout(&QUEUE, never, 1), -62);
    assert_eq!(wait_var_event_timeout(&READY, never, 1), 0);
    assert_eq!(swait_event_timeout_exclusive(&SIMPLE, never, 1), 0);
    assert_eq!(schedule_timeout_idle(1), 0);
    let mut held = HELD.lock_irq();
    assert_eq!(wait_event_lock_irq_timeout(&QUEUE, &mut held, |_| false, 1), 0);
    assert_eq!(wait_event_interruptible_lock_irq_timeout(&QUEUE, &mut held, |_| false, 1), Ok(0));
    held.unlock();
    set_bit(0, &BITS[..]);
    assert_eq!(wait_on_bit_timeout(0, &BITS[..], TASK_UNINTERRUPTIBLE, 1), Err(WaitError::TimedOut));
    reach("all forms, timed out");
}

pub fn a_condition_under_a_lock() {
    kthread_run_on_cpu(
        || {
            *HELD.lock_irq() += 1;
            wake_up(&QUEUE);
        },
        1,
        "adder",
    );
    let mut held = HELD.lock_irq();
    wait_event_lock_irq(&QUEUE, &mut held, |n| *n == 1);
    assert_eq!(*held, 1);
    assert_eq!(wait_event_interruptible_lock_irq(&QUEUE, &mut held, |n| *n == 1), Ok(()));
    held.unlock();
    reach("under a lock");
}

fn with_the_queues_lock(irq: bool, f: impl FnOnce()) {
    // SAFETY: the context that takes it releases it here.
    let lock = unsafe { QUEUE.lock() };
    if irq {
        lock.lock_irq()
    } else {
        lock.lock()
    }
    f();
    assert!(lock.is_held());
    if irq { lock.unlock_irq() } else { lock.unlock() }
}

pub fn a_condition_under_the_queues_lock() {
    kthread_run_on_cpu(
        || {
            with_the_queues_lock(true, || {
                READY.set(1);
                // SAFETY: the lock is held.
                unsafe { wake_up_locked(&QUEUE) };
            });
        },
        1,
        "waker",
    );
    with_the_queues_lock(true, || {
        // SAFETY: the lock is held, taken with `lock_irq()`, and nothing else is.
        let waited = unsafe { wait_event_interruptible_exclusive_locked_irq(&QUEUE, ready) };
        assert!(waited == Ok(()) && ready() && !waitqueue_active(&QUEUE));
    });
    reach("under the queue's lock");
}

pub fn two_wait_under_the_queues_lock() {
    for exclusive in [false, true] {
        kthread_run_on_cpu(
            move || {
                with_the_queues_lock(false, || {
                    // SAFETY: the lock is held, taken with `lock()`, and nothing else is.
                    let waited = unsafe {
                        if exclusive {
                            wait_event_interruptible_exclusive_locked(&QUEUE, ready)
                        } else {
                            wait_event_interruptible_locked(&QUEUE, ready)
                        }
                    };
                    assert!(waited == Ok(()));
                    COUNT.inc();
                });
            },
            u32::from(exclusive),
            "waiter",
        );
    }
    with_the_queues_lock(false, || {
        READY.set(1);
        // SAFETY: the lock is held.
        unsafe { wake_up_locked_nr(&QUEUE, 0) };
    });
    reach("all woken with the lock held");
}

pub fn a_signal_ends_a_wait_under_the_queues_lock() {
    let waiter = user_task(1, || {
        with_the_queues_lock(true, || {
            // SAFETY: the lock is held, taken with `lock_irq()`, and nothing else is.
            let waited = unsafe { wait_event_interruptible_locked_irq(&QUEUE, ready) };
            assert!(waited == Err(Interrupted) && !waitqueue_active(&QUEUE));
        });
    });
    assert_eq!(send_sig(SIGUSR1, waiter), 0);
    reach("signalled under the queue's lock");
}

/// The commands drop a lock that is held when it begins: only the sleep has to be allowed.
pub fn commands_may_drop_a_lock() {
    ringzero::global! {
        static LOCK: RawSpinLock = RawSpinLock::new();
    }
    let waker = || {
        LOCK.lock_irq();
        READY.set(1);
        LOCK.unlock_irq();
        wake_up(&QUEUE);
    };
    kthread_run_on_cpu(waker, 1, "waker");
    LOCK.lock_irq();
    wait_event_cmd(&QUEUE, ready, || LOCK.unlock_irq(), || LOCK.lock_irq());
    assert!(ready());
    LOCK.unlock_irq();
    // Nor is there anything to wait for here.
    LOCK.lock();
    swait_event_exclusive(&SIMPLE, ready);
    LOCK.unlock();
    reach("commands with a lock");
}

pub fn commands_surround_the_sleep() {
    kthread_run_on_cpu(make_ready, 1, "waker");
    wait_event_cmd(&QUEUE, ready, || COUNT.inc(), || COUNT.dec());
    assert_eq!(COUNT.read(), 0);
    reach("commands");
}

/// Wakes nobody the first time, and then does what others do.
fn at_the_second_time(woken: &Woken<'_>) -> Result<bool, EndWakeUp> {
    assert_eq!((woken.private(), woken.key().addr()), (7, 5));
    Ok(COUNT.inc_return() == 2 && woken.wake_and_remove())
}

pub fn an_entry_has_its_own_function() {
    kthread_run_on_cpu(
        || {
            DONE.wait_for_completion();
            wake_up_poll(&QUEUE, 5);
            wake_up_poll(&QUEUE, 5);
        },
        1,
        "waker",
    );
    let entry = pin!(WaitQueueEntry::with_function(at_the_second_time, 7));
    prepare_to_wait(&QUEUE, entry.as_ref(), TASK_UNINTERRUPTIBLE);
    DONE.complete();
    schedule();
    assert_eq!(COUNT.read(), 2);
    finish_wait(&QUEUE, entry.as_ref());
    reach("own function");
}

pub fn a_function_may_end_the_wake_up() {
    fn end(_: &Woken<'_>) -> Result<bool, EndWakeUp> {
        COUNT.inc();
        Err(EndWakeUp)
    }
    let entries = [
        pin!(WaitQueueEntry::with_function(end, 0)),
        pin!(WaitQueueEntry::with_function(end, 0)),
        pin!(WaitQueueEntry::with_function(end, 0)),
    ];
    add_wait_queue(&QUEUE, entries[0].as_ref());
    add_wait_queue_exclusive(&QUEUE, entries[1].as_ref());
    add_wait_queue_priority(&QUEUE, entries[2].as_ref());
    wake_up_all(&QUEUE);
    assert_eq!(COUNT.read(), 1);
    for entry in &entries {
        remove_wait_queue(&QUEUE, entry.as_ref());
    }
    wake_up_all(&QUEUE);
    assert_eq!(COUNT.read(), 1);
    reach("ended by the first");
}

/// The condition is tested while the task runs, and may sleep.
pub fn woken_tasks_look_again() {
    kthread_run_on_cpu(make_ready, 1, "waker");
    let entry = pin!(WaitQueueEntry::with_function(woken_wake_function, 0));
    add_wait_queue(&QUEUE, entry.as_ref());
    while !ready() {
        wait_woken(entry.as_ref(), TASK_INTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT);
    }
    remove_wait_queue(&QUEUE, entry.as_ref());
    reach("woken again");
}

pub fn a_bit_is_waited_for() {
    set_bit(3, &BITS[..]);
    kthread_run_on_cpu(|| clear_and_wake_up_bit(3, &BITS[..]), 1, "clearer");
    assert_eq!(wait_on_bit(3, &BITS[..], TASK_UNINTERRUPTIBLE), Ok(()));
    assert!(!test_bit(3, &BITS[..]));
    reach("bit cleared");
}

pub fn a_bit_is_a_lock() {
    let section = || {
        wait_on_bit_lock(0, &BITS[..], TASK_UNINTERRUPTIBLE).expect("no signal ends it");
        COUNT.set(COUNT.read() + 1);
        clear_bit_unlock(0, &BITS[..]);
        wake_up_bit(0, &BITS[..]);
    };
    kthread_run_on_cpu(section, 1, "other");
    section();
    ringzero::on_exit(|| {
        assert_eq!(COUNT.read(), 2);
        reach("locked by bit");
    });
}

pub fn a_signal_ends_a_wait_for_a_bit() {
    set_bit(3, &BITS[..]);
    let task = user_task(1, || {
        assert_eq!(wait_on_bit(3, &BITS[..], TASK_INTERRUPTIBLE), Err(WaitError::Interrupted));
        assert_eq!(wait_on_bit_lock(3, &BITS[..], TASK_INTERRUPTIBLE), Err(WaitError::Interrupted));
        let action = |_| Err(WaitError::TimedOut);
        assert_eq!(wait_on_bit_action(3, &BITS[..], action, TASK_UNINTERRUPTIBLE), Err(WaitError::TimedOut));
        reach("bit not waited for");
    });
    send_sig(SIGUSR1, task);
}

pub fn a_variable_is_waited_for() {
    kthread_run_on_cpu(
        || {
            READY.set(1);
            wake_up_var(&READY);
        },
        1,
        "setter",
    );
    wait_var_event(&READY, ready);
    assert_eq!(wait_var_event_interruptible(&READY, ready), Ok(()));
    assert_eq!(wait_var_event_killable(&READY, ready), Ok(()));
    reach("variable");
}

pub fn simple_queues_wake_one_by_one() {
    let wait = || {
        swait_event_exclusive(&SIMPLE, ready);
        swake_up_one(&SIMPLE);
    };
    kthread_run_on_cpu(wait, 1, "first");
    READY.set(1);
    swake_up_all(&SIMPLE);
    assert_eq!(swait_event_interruptible_exclusive(&SIMPLE, ready), Ok(()));
    ringzero::on_exit(|| reach("simple"));
}

pub fn a_future_is_woken() {
    kthread_run_on_cpu(make_ready, 1, "waker");
    block_on(event(&QUEUE, ready));
    reach("future ready");
}

pub fn a_future_waits_for_a_completion() {
    let wait = || {
        block_on(DONE.wait_async());
        COUNT.inc();
    };
    kthread_run_on_cpu(wait, 1, "first");
    kthread_run_on_cpu(|| DONE.complete(), 0, "completer");
    ringzero::on_exit(|| {
        assert!(COUNT.read() == 1 && !DONE.completion_done());
        DONE.complete();
        block_on(DONE.wait_async());
        DONE.complete_all();
        block_on(DONE.wait_async());
        DONE.reinit();
        assert!(!DONE.completion_done());
        reach("future completed");
    });
}

/// One that was polled, and is dropped while it is on the queue and others are woken.
pub fn a_future_may_be_dropped() {
    kthread_run_on_cpu(
        || {
            make_ready();
            DONE.complete();
        },
        1,
        "waker",
    );
    block_on(async {
        let (mut never, mut completed) = (pin!(event(&QUEUE, || false)), pin!(DONE.wait_async()));
        let both = std::future::poll_fn(|cx| {
            assert!(never.as_mut().poll(cx).is_pending());
            completed.as_mut().poll(cx)
        });
        both.await;
    });
    assert!(ready());
    reach("future dropped");
}

/// The condition is tested, and only then the state is set.
pub fn state_set_too_late() {
    let task = kthread_run_on_cpu(
        || {
            if READY.read() == 0 {
                set_current_state(TASK_UNINTERRUPTIBLE);
                schedule();
            }
        },
        1,
        "sleeper",
    );
    READY.set(1);
    wake_up_process(task);
}

pub fn killable_in_an_atomic_section() {
    READY.set(1);
    preempt_disable();
    let _ = wait_event_killable(&QUEUE, ready);
}

pub fn a_bit_without_a_wake_up() {
    set_bit(3, &BITS[..]);
    kthread_run_on_cpu(|| clear_bit_unlock(3, &BITS[..]), 1, "clearer");
    let _ = wait_on_bit(3, &BITS[..], TASK_UNINTERRUPTIBLE);
}

/// Completed by one who does not know that its waiter has given up, and freed it.
pub fn completed_after_its_end() {
    let done: KPtr<Completion> = kmalloc_obj(Completion::new(), GFP_KERNEL).expect("memory");
    kthread_run_on_cpu(move || done.get().complete(), 1, "completer");
    done.get().wait_for_completion_timeout(1);
    done.kfree();
}
