//! Real-time priorities on CPUs that are threads.
//!
//! Until a task has a real-time priority for the first time, queues of runnable tasks are first come, first served, and
//! nobody looks at priorities ([`wanted`]). From then on a CPU takes the best task of its queue, which it looks through; who
//! makes a task runnable that is better than the one that runs asks the CPU to switch ([`ATTENTION_RESCHED`]), which it
//! does at the next safe point. A task that was switched away for a better one is again the first of its rank.
//!
//! A rank is read when it is needed and kept nowhere: whoever changes one only has to ask the CPU to look.

use crate::cpu::{HostCpu, RESCHED, this};
use crate::task::HostTask;
use ringzero_machine::{ATTENTION_RESCHED, Priority};
use std::ptr;
use std::sync::atomic::{
    AtomicBool,
    Ordering::{AcqRel, Relaxed, SeqCst},
};

/// Some task has, or has had, a real-time priority.
static WANTED: AtomicBool = AtomicBool::new(false);

/// Whether priorities count.
#[inline(always)]
pub(crate) fn wanted() -> bool {
    WANTED.load(Relaxed)
}

/// The machine's `priority_changed`.
pub(crate) fn changed(number: u32, realtime: bool) {
    if realtime {
        WANTED.store(true, SeqCst);
    }
    if !wanted() {
        return;
    }
    // Of another task if that one has ended meanwhile: then a CPU looks for nothing.
    if let Some(cpu) = HostTask::cpu_of(number).filter(|cpu| cpu.booted) {
        ask(cpu);
    }
}

/// Asks a CPU to look for a better task than the one that runs.
fn ask(cpu: &'static HostCpu) {
    if !ptr::eq(cpu, this()) {
        return cpu.post(RESCHED);
    }
    cpu.block.attention.fetch_or(ATTENTION_RESCHED, AcqRel);
    crate::host::look_up();
}

/// `task` was made runnable on `cpu`, this one.
#[cold]
pub(crate) fn runnable_here(task: &HostTask, cpu: &HostCpu) {
    if cpu.task().is_some_and(|running| task.rank() < running.rank()) {
        cpu.block.attention.fetch_or(ATTENTION_RESCHED, AcqRel);
    }
}

/// A task of that rank was made runnable on `cpu`, another one.
#[cold]
pub(crate) fn runnable_there(rank: i32, cpu: &HostCpu) {
    if rank != Priority::LAST {
        cpu.post(RESCHED);
    }
}

/// Lets a better task of this CPU run, or one whose turn it is; whether it did. The running task may be switched away.
#[cold]
pub(crate) fn give_up_for_better(cpu: &'static HostCpu) -> bool {
    let Some(running) = cpu.task() else { return false };
    let within = &cpu.block.within;
    within.set(1);
    crate::run::take_over(cpu);
    let (mine, best) = (running.rank(), cpu.best_rank());
    if best.is_some_and(|best| best < mine) {
        // Among its equals it is still the first.
        if mine == Priority::LAST { running.go_last(cpu) } else { running.go_first(cpu) }
    } else if best == Some(mine) && (mine == Priority::LAST || running.in_turns()) {
        running.go_last(cpu);
    } else {
        within.set(0);
        return false;
    }
    true
}

impl HostCpu {
    /// The best rank of the runnable tasks. This CPU's thread, with `within` not 0.
    fn best_rank(&self) -> Option<i32> {
        self.runnable().map(HostTask::rank).min()
    }

    /// The runnable tasks. This CPU's thread, with `within` not 0.
    fn runnable(&self) -> impl Iterator<Item = &'static HostTask> {
        let mut next = self.first.get();
        std::iter::from_fn(move || {
            // SAFETY: tasks are never freed.
            let task = unsafe { next.as_ref() }?;
            next = task.next.get();
            Some(task)
        })
    }

    /// Takes the best of the runnable tasks, of several the first. This CPU's thread, with `within` not 0.
    #[cold]
    pub fn pop_best(&self) -> Option<&'static HostTask> {
        // The first of the least, as `min_by_key` gives it.
        let best = self.runnable().min_by_key(|task| task.rank())?;
        let before = self.runnable().find(|task| ptr::eq(task.next.get(), best));
        match before {
            Some(before) => before.next.set(best.next.get()),
            None => self.first.set(best.next.get()),
        }
        if best.next.get().is_null() {
            self.last.set(before.map_or(ptr::null(), ptr::from_ref));
        }
        Some(best)
    }
}
