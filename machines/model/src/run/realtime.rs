//! Real-time priorities: who may have a CPU, once a task of the program has one.
//!
//! # Theory
//! A task's *rank* is its real-time priority, less being more urgent; ordinary tasks have all the same, the last. A ready
//! task that is off its CPU *wants* CPUs: those of its affinity that are idle; if there are none, of those whose task has
//! a worse rank and could be switched away, the ones with the worst.
//!
//! **Invariants.**
//! 1. A task does not step on a CPU that a better one wants, unless that one could as well go to an idle one.
//! 2. A task comes to no CPU whose task has a better rank, and to one whose task has the same real-time rank only when
//!    that one yields or is a `SCHED_RR` one that can be switched away.
//! 3. A task that was switched away for a better one comes before others of its rank. Among those that wait, any may be
//!    next.
//! 4. A real-time task that yields comes after the others of its rank that want its CPU.
//! 5. While no task has had a real-time priority nothing of this counts.
//!
//! What a step may do now depends on all tasks that are ready, so steps that commute by their objects do not any more: such
//! a program is searched in another way ([`Outcome::plain`](crate::Outcome::plain)).

use super::*;
use crate::config::Found;

impl Inner {
    /// Whether the task on top of `cpu` could be switched away for a better one.
    fn open_for_better(&self, cpu: usize) -> bool {
        let yields = |top| self.at_yield(cpu) || self.only_tries(top, cpu);
        self.top(cpu)
            .is_none_or(|top| self.nothing_keeps(cpu) && (self.cfg.preempt == PreemptModel::Full || yields(top)))
    }

    /// The rank of what is on top of `cpu`, if it is a task.
    fn rank_on(&self, cpu: usize) -> Option<i32> {
        self.top(cpu).map(|top| &self.ctxs[top]).filter(|c| c.is_task()).map(Ctx::rank)
    }

    /// The CPUs that a ready task off its CPU wants, and whether they are idle.
    fn wanted_by(&self, i: usize) -> (Vec<usize>, bool) {
        let c = &self.ctxs[i];
        let idle: Vec<usize> =
            (0..self.cfg.cpus).filter(|&cpu| self.stacks[cpu].is_empty() && c.may_run_on(cpu)).collect();
        if !idle.is_empty() {
            return (idle, true);
        }
        let worse = |&cpu: &usize| {
            c.may_run_on(cpu) && self.open_for_better(cpu) && self.rank_on(cpu).is_some_and(|rank| rank > c.rank())
        };
        let worst = (0..self.cfg.cpus).filter(worse).filter_map(|cpu| self.rank_on(cpu)).max();
        ((0..self.cfg.cpus).filter(worse).filter(|&cpu| self.rank_on(cpu) == worst).collect(), false)
    }

    /// Whether a better task wants `cpu`, so that task `i` does not step there (invariant 1).
    pub(super) fn is_held_back(&self, i: usize, cpu: usize) -> bool {
        self.live.iter().any(|&t| {
            let c = &self.ctxs[t];
            let wants = t != i && self.wants_a_cpu(t) && c.comes_before(&self.ctxs[i]) && c.may_run_on(cpu);
            if !wants {
                return false;
            }
            let (wanted, idle) = self.wanted_by(t);
            wanted.contains(&cpu) && (!idle || wanted.len() == 1)
        })
    }

    /// Whether task `i`, which yields on `cpu`, has not done so yet, and another one of its rank wants the CPU.
    pub(super) fn gives_way(&self, i: usize, cpu: usize) -> bool {
        let c = &self.ctxs[i];
        let equal = |&t: &usize| {
            let other = &self.ctxs[t];
            t != i
                && self.wants_a_cpu(t)
                && other.rank() == c.rank()
                && self.wanted_by(t).0.is_empty()
                && other.may_run_on(cpu)
        };
        c.pend.op == Op::Yield && !c.gave_way && c.rank() != Priority::LAST && self.live.iter().any(equal)
    }

    /// Whether a task is ready and off its CPU.
    pub(super) fn wants_a_cpu(&self, i: usize) -> bool {
        let c = &self.ctxs[i];
        !c.done && c.is_task() && c.cpu.is_none() && c.ready(&self.ctxs) && !(c.is_exit() && c.idx == 0)
    }

    /// Where task `i`, off its CPU and ready, may be placed (invariants 1 and 2).
    pub(super) fn placements_by_rank(&self, i: usize) -> Vec<usize> {
        let (mut all, idle) = self.wanted_by(i);
        if !idle {
            let rank = self.ctxs[i].rank();
            let turn = |cpu: &usize| self.rank_on(*cpu) == Some(rank) && self.takes_turns(*cpu, rank);
            all.extend((0..self.cfg.cpus).filter(|&cpu| self.ctxs[i].may_run_on(cpu)).filter(turn));
        }
        all.retain(|&cpu| !self.is_held_back(i, cpu));
        all
    }

    /// Whether the task on top of `cpu` lets another one of its own rank run.
    fn takes_turns(&self, cpu: usize, rank: i32) -> bool {
        let Some(top) = self.top(cpu) else { return true };
        let c = &self.ctxs[top];
        if rank == Priority::LAST {
            let bounded = self.cfg.preemptions.is_some_and(|b| self.preempted >= b);
            return self.only_tries(top, cpu) || (self.task_open(cpu) && (!bounded || self.at_yield(cpu)));
        }
        let yields = c.pend.op == Op::Yield;
        self.open_for_better(cpu) && (yields || c.in_turns())
    }

    /// Whether task `t` could come to `cpu`, where task `i` is that may be switched away.
    pub(super) fn may_follow(&self, t: usize, i: usize) -> bool {
        let (mine, other) = (self.ctxs[i].rank(), self.ctxs[t].rank());
        !self.realtime || other < mine || (other == mine && (mine == Priority::LAST || self.ctxs[i].in_turns()))
    }

    /// Tells whether the last step changed who is ready, where, or how urgent.
    pub(super) fn tell_moves(&mut self, scheduler: &mut dyn Scheduler) {
        if !(self.realtime || self.moved) {
            return;
        }
        let now = self.standing();
        scheduler.moved(std::mem::replace(&mut self.standing, now) != now);
    }

    /// Which tasks are ready, where, and how urgent, and what is on its way to a CPU, as a number. What a handler keeps away
    /// is of its own CPU, where the two are stacked.
    fn standing(&self) -> u64 {
        let tasks = || self.live.iter().map(|&i| (i, &self.ctxs[i])).filter(|(_, c)| c.is_task());
        let mut h = 0;
        for (i, c) in tasks() {
            let ready = c.ready(&self.ctxs) || self.leaves_relax(i);
            let flags = u64::from(ready) | u64::from(c.first) << 1 | u64::from(c.gave_way) << 2;
            // Ordinary tasks of one CPU that can be switched away take turns at every step.
            let anyone = c.rank() == Priority::LAST && c.only_cpu().is_some();
            let place = c.cpu.filter(|&cpu| !(anyone && self.open_for_better(cpu))).map_or(0, |cpu| cpu as u64 + 1);
            // Affinity changes in no step.
            h = mix(mix(h, c.affinity()), (i as u64) << 8 | place);
            h = mix(h, (c.rank() as u64) << 8 | u64::from(c.in_turns()) << 3 | flags);
        }
        // Which CPUs a task wants that may go to several depends on what is there.
        if tasks().any(|(i, c)| self.wants_a_cpu(i) && c.only_cpu().is_none()) {
            for cpu in 0..self.cfg.cpus {
                let rank = self.top(cpu).map_or(0, |_| self.rank_on(cpu).map_or(1, |rank| rank as u64 + 2));
                h = mix(h, rank << 1 | u64::from(self.open_for_better(cpu)));
            }
        }
        h = self.ipis.iter().fold(h, |h, on_way| mix(h, on_way.len() as u64));
        self.lines.iter().fold(h, |h, line| mix(h, u64::from(line.raised)))
    }

    /// A task that is ready, and that tasks with better priorities keep off its CPUs for ever.
    pub(crate) fn starved(&self) -> Option<Found> {
        if !self.realtime {
            return None;
        }
        let low = self.live.iter().copied().find(|&t| self.wants_a_cpu(t))?;
        let cpu = (0..self.cfg.cpus).find(|&cpu| self.ctxs[low].may_run_on(cpu) && self.rank_on(cpu).is_some())?;
        let medium = self.top(cpu)?;
        // Who waits for a lock in a circle, or for somebody who could go on without this one, is told of as that.
        let waits_for_others = self.depends_on(medium, medium)
            || (!self.holders_before(medium).is_empty() && !self.depends_on(medium, low));
        if self.ctxs[medium].rank() >= self.ctxs[low].rank() || waits_for_others {
            return None;
        }
        let ranked = |i: usize| match self.ctxs[i].rank() {
            Priority::LAST => format!("{} (no real-time priority)", self.describe(i)),
            rank => format!("{} (priority {rank})", self.describe(i)),
        };
        let waits_for_low = |&h: &usize| {
            let c = &self.ctxs[h];
            c.rank() < self.ctxs[medium].rank() && !c.done && !c.ready(&self.ctxs) && self.depends_on(h, low)
        };
        let spin = &self.ctxs[medium];
        let spins_at = spin.relax_place.filter(|_| spin.relaxing).or(spin.pend.place);
        let Some(high) = self.live.iter().copied().find(waits_for_low) else {
            return Some(Found {
                code: "hang",
                message: format!("{} spins for ever in {}", ranked(medium), spin.pend.op.name()),
                place: spins_at,
                other: None,
                notes: vec![format!("it keeps CPU {cpu}, and {} is ready, but has a worse priority", ranked(low))],
            });
        };
        let waits = &self.ctxs[high];
        let object = self.object_name(waits.pend.acc[0].slot);
        let taken = self.owners.iter().rev().find(|o| (o.0, o.1) == (waits.pend_addr, low)).map(|o| o.2);
        Some(Found {
            code: "priority-inversion",
            message: format!(
                "{} waits for {object}, {} {}, which {} keeps off CPU {cpu}",
                ranked(high),
                if taken.is_some() { "held by" } else { "which depends on" },
                ranked(low),
                ranked(medium)
            ),
            place: waits.pend.place,
            other: taken,
            notes: spins_at
                .map(|at| format!("{} is at {}:{}", self.describe(medium), at.file(), at.line()))
                .into_iter()
                .collect(),
        })
    }
}
