//! Nothing can run any more, but contexts are unfinished: who waits for whom, and which rule that breaks.

use crate::boot::Inner;
use crate::config::Found;
use crate::ctx::Kind;
use ringzero_machine::Op;

const SOFTIRQ_MASK: u32 = 0xff00;
const HARDIRQ_NMI_MASK: u32 = 0x07ff_0000;

/// Why a context does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blocked {
    /// It waits for something that this context has.
    On(usize),
    /// This context runs on top of it, or holds the CPU it needs.
    Under(usize),
    /// Nobody that is known could end its wait.
    Nobody,
}

impl Inner {
    /// The finding of a stuck execution, if it is one.
    pub(crate) fn stuck(&mut self) -> Option<Found> {
        let unfinished: Vec<usize> = self.live.iter().copied().filter(|&i| !self.ctxs[i].done).collect();
        if let Some(found) = self.starved() {
            return Some(found);
        }
        let spins = unfinished.iter().copied().find(|&i| self.spins(i));
        if let Some(start) = spins {
            return Some(self.classify(start, &unfinished));
        }
        if let Some(found) = self.sleeping_circle(&unfinished) {
            return Some(found);
        }
        let sleeper = unfinished.iter().copied().find(|&i| {
            let c = &self.ctxs[i];
            !c.is_system() && c.is_task() && (c.idx > 0 || c.cond.is_none()) && !c.ready(&self.ctxs)
        })?;
        if self.may_still_arrive() {
            return None;
        }
        let c = &self.ctxs[sleeper];
        let what = match (c.pend.op, c.is_exit()) {
            (_, true) => "the exit function never returns",
            (Op::KthreadJoin, _) => "it waits for a task that never ends",
            _ => "it sleeps and nobody is left to wake it",
        };
        Some(Found {
            code: "hang",
            message: format!("{} waits for ever: {what}", self.describe(sleeper)),
            place: c.pend.place,
            other: None,
            notes: Vec::new(),
        })
    }

    /// Tasks that sleep for each other in a circle: nothing that may still arrive ends that.
    fn sleeping_circle(&self, unfinished: &[usize]) -> Option<Found> {
        let held = |i: usize| {
            let c = &self.ctxs[i];
            let has_owner = || self.owners.iter().any(|o| o.0 == c.pend_addr);
            !c.done && !c.ready(&self.ctxs) && c.idx > 0 && (c.joins.is_some() || has_owner())
        };
        for &from in unfinished.iter().filter(|&&i| held(i)) {
            let circle = self.cycle_from(from);
            if !circle.is_empty() && circle.iter().all(|&i| held(i)) {
                return Some(self.tell(&circle, circle[0]));
            }
        }
        None
    }

    fn spins(&self, i: usize) -> bool {
        let c = &self.ctxs[i];
        c.relaxing || (c.cpu.is_some() && !c.sleeps && !c.ready(&self.ctxs))
    }

    fn blocked(&self, i: usize) -> Blocked {
        let c = &self.ctxs[i];
        let Some(cpu) = c.cpu else {
            let holder = (0..self.cfg.cpus).find_map(|cpu| self.stacks[cpu].last().copied());
            return if c.ready(&self.ctxs) { holder.map_or(Blocked::Nobody, Blocked::Under) } else { self.waits_on(i) };
        };
        let place = self.stacks[cpu].iter().position(|&x| x == i);
        match place.and_then(|p| self.stacks[cpu].get(p + 1)) {
            Some(&above) => Blocked::Under(above),
            None => self.waits_on(i),
        }
    }

    /// Who holds what a context waits for: of several readers one that depends on the waiter itself, if there is one.
    fn owner_of(&self, i: usize) -> Option<usize> {
        let addr = self.ctxs[i].pend_addr;
        let mut owners = self.owners.iter().rev().filter(|o| o.0 == addr).map(|o| o.1);
        let last = owners.clone().next()?;
        owners.find(|&o| o == i || self.depends_on(o, i)).or(Some(last))
    }

    /// Whether `from` cannot go on before `to` does.
    pub(crate) fn depends_on(&self, from: usize, to: usize) -> bool {
        let (mut seen, mut left) = (vec![from], vec![from]);
        while let Some(at) = left.pop() {
            for next in self.holders_before(at) {
                if next == to {
                    return true;
                }
                if !seen.contains(&next) {
                    seen.push(next);
                    left.push(next);
                }
            }
        }
        false
    }

    /// The contexts on top of one on its CPU, or all that hold what it waits for.
    pub(crate) fn holders_before(&self, i: usize) -> Vec<usize> {
        let c = &self.ctxs[i];
        let stack = c.cpu.map_or(&[][..], |cpu| &self.stacks[cpu]);
        if let Some(above) = stack.iter().position(|&x| x == i).and_then(|p| stack.get(p + 1)) {
            return vec![*above];
        }
        if c.joins.is_some() || c.ready(&self.ctxs) {
            return c.joins.into_iter().collect();
        }
        self.owners.iter().filter(|o| o.0 == c.pend_addr).map(|o| o.1).collect()
    }

    fn waits_on(&self, i: usize) -> Blocked {
        let c = &self.ctxs[i];
        if let Some(j) = c.joins {
            return Blocked::On(j);
        }
        if let Some(o) = self.owner_of(i) {
            return Blocked::On(o);
        }
        if c.pend.op == Op::SynchronizeIrq {
            let busy = self.live.iter().copied().find(|&h| match self.ctxs[h].kind {
                Kind::Line { line } => self.lines[line].spec.inprogress as usize == c.pend_addr,
                _ => false,
            });
            return busy.map_or(Blocked::Nobody, Blocked::On);
        }
        if c.pend.op == Op::SmpCallWait {
            // The condition's argument is the CPU that was called.
            let target = c.pend.cond.map_or(usize::MAX, |(_, cpu)| cpu as usize);
            if let Some(&top) = self.stacks.get(target).and_then(|s| s.last()) {
                return Blocked::On(top);
            }
        }
        let slot = c.pend.acc[0].slot;
        let writer = self.slots.info.get(slot as usize).and_then(|s| s.last_writer);
        match writer {
            Some(w) if !self.ctxs[w].done => Blocked::On(w),
            _ => Blocked::Nobody,
        }
    }

    fn classify(&self, start: usize, unfinished: &[usize]) -> Found {
        let mut best: Option<(Vec<usize>, usize)> = None;
        for &from in unfinished.iter().filter(|&&i| self.spins(i)) {
            let cycle = self.cycle_from(from);
            if !cycle.is_empty() && best.as_ref().is_none_or(|(b, _)| cycle.len() < b.len()) {
                best = Some((cycle, from));
            }
        }
        let Some((cycle, from)) = best else {
            let c = &self.ctxs[start];
            return Found {
                code: "hang",
                message: format!("{} spins for ever in {}", self.describe(start), c.pend.op.name()),
                place: c.relax_place.filter(|_| c.relaxing).or(c.pend.place),
                other: None,
                notes: vec!["nothing that is left to run ends the wait".to_owned()],
            };
        };
        self.tell(&cycle, from)
    }

    /// The cycle of waits that `from` runs into.
    fn cycle_from(&self, from: usize) -> Vec<usize> {
        let mut path = vec![from];
        loop {
            let last = path[path.len() - 1];
            let next = match self.blocked(last) {
                Blocked::On(n) | Blocked::Under(n) => n,
                Blocked::Nobody => return Vec::new(),
            };
            if let Some(p) = path.iter().position(|&x| x == next) {
                return path.split_off(p);
            }
            path.push(next);
        }
    }

    fn tell(&self, cycle: &[usize], from: usize) -> Found {
        let waiter = cycle.iter().copied().find(|&i| self.spins(i)).unwrap_or(from);
        let owner = match self.blocked(waiter) {
            Blocked::On(o) | Blocked::Under(o) => o,
            Blocked::Nobody => waiter,
        };
        let c = &self.ctxs[waiter];
        let object = self.object_name(c.pend.acc[0].slot);
        let taken = self.owners.iter().rev().find(|o| (o.0, o.1) == (c.pend_addr, owner)).map(|o| o.2);
        let same_cpu = c.cpu.is_some() && c.cpu == self.ctxs[owner].cpu && waiter != owner;
        let (held, holds) =
            if c.pend.op == Op::SeqReadBegin { ("being written", "is writing") } else { ("held", "holds") };
        let (code, message) = if waiter == owner {
            ("self-deadlock", format!("{} waits for {object}, which it {holds} itself", self.describe(waiter)))
        } else if same_cpu && cycle.len() == 2 {
            let code = if self.in_hardirq(waiter) { "irq-deadlock" } else { "softirq-deadlock" };
            let who = if code == "irq-deadlock" {
                self.describe(waiter)
            } else {
                format!("softirq on {}", self.describe(waiter))
            };
            (code, format!("{who} waits for {object}, {held} by {}, which it interrupted", self.describe(owner)))
        } else {
            ("deadlock", format!("{} waits for {object}, {held} by {}", self.describe(waiter), self.describe(owner)))
        };
        let mut notes: Vec<String> = cycle.iter().map(|&i| self.tell_wait(i)).collect();
        notes.extend(self.writer_before(waiter));
        Found { code, message, place: c.pend.place, other: taken, notes }
    }

    /// Why a reader waits for a lock that readers hold.
    fn writer_before(&self, reader: usize) -> Option<String> {
        let c = &self.ctxs[reader];
        let waits = |op| matches!(op, Op::WriteLockWait | Op::DownWriteWait | Op::PercpuDownWriteWait);
        let ahead = |&i: &usize| waits(self.ctxs[i].pend.op) && self.ctxs[i].pend_addr == c.pend_addr;
        let writer = self.live.iter().copied().filter(|&i| !self.ctxs[i].done).find(ahead)?;
        let stands = matches!(c.pend.op, Op::ReadLock | Op::DownReadWait | Op::PercpuDownReadWait);
        stands.then(|| format!("{} waits to write it, and new readers wait behind that", self.describe(writer)))
    }

    fn tell_wait(&self, i: usize) -> String {
        let who = self.describe(i);
        match self.blocked(i) {
            Blocked::Under(o) => format!("{who} cannot go on under {}", self.describe(o)),
            Blocked::On(o) => {
                let what = self.object_name(self.ctxs[i].pend.acc[0].slot);
                format!(
                    "{who} waits in {} for {what}, which depends on {}",
                    self.ctxs[i].pend.op.name(),
                    self.describe(o)
                )
            }
            Blocked::Nobody => format!("{who} waits"),
        }
    }

    /// Whether a context is in the hardirq (or NMI) part of an interrupt, not in the softirqs that follow it.
    fn in_hardirq(&self, i: usize) -> bool {
        let c = &self.ctxs[i];
        let Some(cpu) = c.cpu else { return false };
        let count = self.cpus[cpu].preempt_count.get();
        !c.is_task() && (count & HARDIRQ_NMI_MASK != 0 || count & SOFTIRQ_MASK == 0)
    }

    /// A context in words.
    pub(crate) fn describe(&self, i: usize) -> String {
        let c = &self.ctxs[i];
        match c.kind {
            Kind::Task { .. } => format!("task {}", c.name),
            Kind::Line { line } => {
                let spec = &self.lines[line].spec;
                format!("{} {} ({})", if spec.nmi { "NMI" } else { "hardirq" }, spec.irq, c.name)
            }
            Kind::Ipi => "the IPI".to_owned(),
            Kind::Tick => "the timer interrupt".to_owned(),
        }
    }
}
