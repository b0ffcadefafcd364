//! Work items on the machine of threads: each queueing is executed once, and what is waited for is over.

use ringzero::Machine;
use ringzero::atomic::Atomic;
use ringzero::completion::Completion;
use ringzero::delay::msleep;
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::sched::yield_now;
use ringzero::workqueue::{
    DelayedWork, Work, cancel_delayed_work_sync, cancel_work, cancel_work_sync, flush_delayed_work,
    flush_scheduled_work, flush_work, mod_delayed_work, schedule_delayed_work, schedule_work, schedule_work_on,
    system_wq,
};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

/// Runs `init` on two CPUs, and nothing goes wrong.
fn boot(init: impl FnOnce() + Send + 'static) {
    Machine::host().cpus(2).patience(Duration::from_secs(60)).boot(init).assert_clean();
}

/// An item, and what became of it.
struct Item {
    work: Work,
    inside: Atomic,
    /// What only the function changes: it is not executed twice at once.
    plain: AtomicU64,
    queued: AtomicU64,
    cancelled: AtomicU64,
}

impl Item {
    const fn new() -> Self {
        Self {
            work: Work::new(run),
            inside: Atomic::new(0),
            plain: AtomicU64::new(0),
            queued: AtomicU64::new(0),
            cancelled: AtomicU64::new(0),
        }
    }

    fn queue(&'static self, on: Option<u32>) {
        if on.map_or_else(|| schedule_work(&self.work), |cpu| schedule_work_on(cpu, &self.work)) {
            self.queued.fetch_add(1, Relaxed);
        }
    }

    #[track_caller]
    fn check(&'static self) {
        flush_work(&self.work);
        let (queued, cancelled) = (self.queued.load(Relaxed), self.cancelled.load(Relaxed));
        assert_eq!(self.plain.load(Relaxed) + cancelled, queued);
        assert!(queued > 0);
    }
}

fn run(work: &'static Work) {
    // SAFETY: only the item inside an `Item` has this function.
    let item: &'static Item = unsafe { ringzero::workqueue::from_work!(work, Item, work) };
    assert_eq!(item.inside.inc_return(), 1, "an item is executed twice at once");
    let n = item.plain.load(Relaxed);
    for _ in 0..20 {
        std::hint::spin_loop();
    }
    item.plain.store(n + 1, Relaxed);
    item.inside.dec();
}

#[test]
fn each_queueing_is_executed_once() {
    static ITEMS: [Item; 3] = [const { Item::new() }; 3];
    boot(|| {
        for cpu in 0..4 {
            let queue = move || {
                for i in 0..4_000 {
                    ITEMS[i % 3].queue((i % 5 == 0).then_some((i as u32 / 5) % 2));
                    if i % 7 == 0 {
                        yield_now();
                    }
                }
            };
            kthread_run_on_cpu(queue, cpu % 2, "queues");
        }
    });
    ITEMS.iter().for_each(Item::check);
}

#[test]
fn threads_queue_too() {
    static ITEMS: [Item; 2] = [const { Item::new() }; 2];
    thread::scope(|s| {
        for _ in 0..3 {
            s.spawn(|| (0..20_000).for_each(|i| ITEMS[i % 2].queue(None)));
        }
    });
    ITEMS.iter().for_each(Item::check);
}

#[test]
fn what_is_cancelled_is_not_executed() {
    static ITEM: Item = Item::new();
    boot(|| {
        for cpu in 0..2 {
            kthread_run_on_cpu(|| (0..4_000).for_each(|_| ITEM.queue(None)), cpu, "queues");
            let cancel = move || {
                for i in 0..1_000 {
                    let was = if (i + cpu) % 2 == 0 { cancel_work_sync(&ITEM.work) } else { cancel_work(&ITEM.work) };
                    if was {
                        ITEM.cancelled.fetch_add(1, Relaxed);
                    }
                    if i % 3 == 0 {
                        yield_now();
                    }
                }
            };
            kthread_run_on_cpu(cancel, cpu, "cancels");
        }
    });
    ITEM.check();
}

#[test]
fn after_a_synchronous_cancel_nothing_runs() {
    static ITEM: Item = Item::new();
    for _ in 0..3_000 {
        ITEM.queue(None);
        if cancel_work_sync(&ITEM.work) {
            ITEM.cancelled.fetch_add(1, Relaxed);
        }
        assert_eq!(ITEM.inside.read(), 0);
        assert_eq!(ITEM.plain.load(Relaxed) + ITEM.cancelled.load(Relaxed), ITEM.queued.load(Relaxed));
    }
}

#[test]
fn a_flush_comes_after_what_was_queued() {
    static ITEMS: [Item; 4] = [const { Item::new() }; 4];
    thread::scope(|s| {
        for me in 0..2 {
            s.spawn(move || {
                for i in 0..2_000 {
                    let item = &ITEMS[2 * me + i % 2];
                    let before = item.queued.load(Relaxed);
                    item.queue(None);
                    if i % 2 == 0 {
                        flush_work(&item.work);
                    } else {
                        flush_scheduled_work();
                    }
                    assert!(item.plain.load(Relaxed) > before, "it was not executed");
                }
            });
        }
    });
}

#[test]
fn workers_that_sleep_let_others_go_on() {
    static GO: Completion = Completion::new();
    static ENDED: Atomic = Atomic::new(0);
    static WAITS: [Work; 8] = [const { Work::new(wait) }; 8];
    static LAST: Work = Work::new(go);
    fn wait(_: &'static Work) {
        GO.wait_for_completion();
        ENDED.inc();
    }
    fn go(_: &'static Work) {
        GO.complete_all();
    }
    boot(|| {
        for _ in 0..300 {
            GO.reinit();
            for (n, work) in WAITS.iter().enumerate() {
                schedule_work_on(n as u32 % 2, work);
            }
            schedule_work(&LAST);
            flush_scheduled_work();
        }
    });
    assert_eq!(ENDED.read(), 300 * 8);
}

#[test]
fn delayed_items_come_once() {
    static RAN: Atomic = Atomic::new(0);
    static QUEUED: Atomic = Atomic::new(0);
    static CANCELLED: Atomic = Atomic::new(0);
    static ITEM: DelayedWork = DelayedWork::new(count);
    fn count(_: &'static Work) {
        RAN.inc();
    }
    boot(|| {
        for cpu in 0..2 {
            let queue = move || {
                for i in 0..200_u64 {
                    if schedule_delayed_work(&ITEM, i % 3) {
                        QUEUED.inc();
                    }
                    match i % 8 {
                        0 => msleep(1),
                        1 => {
                            flush_delayed_work(&ITEM);
                        }
                        2 | 5 if cancel_delayed_work_sync(&ITEM) => CANCELLED.inc(),
                        3 if !mod_delayed_work(system_wq(), &ITEM, i % 2) => QUEUED.inc(),
                        _ => yield_now(),
                    }
                }
            };
            kthread_run_on_cpu(queue, cpu, "queues");
        }
    });
    flush_delayed_work(&ITEM);
    assert_eq!(RAN.read() + CANCELLED.read(), QUEUED.read());
}
