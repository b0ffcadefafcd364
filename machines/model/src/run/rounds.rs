//! Rounds of wait loops that failed.

use super::*;

/// So often a task polls in vain, after the first time, before it gives its CPU to another one that wants it.
const POLLS: u32 = 7;

impl Inner {
    /// Whether a task has said `cond_resched()` often enough, having read the same each time and changed nothing, that it
    /// looks like a wait, which a fair scheduler ends by letting another one run. Then it does, and the search says so
    /// ([`Outcome::made_fair`](crate::Outcome::made_fair)), for the loop may have had an end of its own.
    pub(super) fn polls_in_vain(&mut self, i: usize, cpu: usize) -> bool {
        let vain = self.ctxs[i].polls >= POLLS && self.may_switch(cpu) && self.is_wanted(i, cpu);
        self.made_fair |= vain;
        vain
    }

    /// A round of a wait loop that failed did not happen: its reads, if nothing came between, are taken back.
    pub(super) fn failed_round(&mut self, scheduler: &mut dyn Scheduler, i: usize) {
        let c = &mut self.ctxs[i];
        // The same call of `cpu_relax()` may be another loop's, that a function makes of another word: a round begins as
        // the former one did.
        let same = |(a, b): (&Watch, &Watch)| a.addr == b.addr && a.event.place == b.event.place;
        let again =
            c.relax_again && c.watch.len() >= c.round.len() && c.watch.iter().rev().zip(c.round.iter().rev()).all(same);
        c.watch.clear();
        c.watch.extend_from_slice(&c.round);
        // Of the first round nobody knows where it begins: before the loop there may have been reads, too. And a loop
        // whose rounds take several steps must not be cut in the middle. So in C only rounds of one read are taken back;
        // others have happened, and the context waits all the same.
        let before = c.round.len().checked_sub(2).map(|n| c.round[n].event.op);
        let several = self.cfg.c && before.is_some_and(|op| op != Op::AtomicRmw || c.relax_again);
        let most = match again {
            _ if std::mem::take(&mut c.round_stays) || several => 0,
            true => c.round.len(),
            false => 1,
        };
        let proc = c.proc;
        let cpu = c.cpu;
        if let Some(cpu) = cpu.filter(|&cpu| self.only_tries(i, cpu)) {
            // Who offers its CPU in each round keeps nobody away.
            let wanted = !self.ctxs[i].offered && self.is_wanted(i, cpu);
            self.ctxs[i].keeps_cpu = wanted;
            if wanted || most == 0 {
                self.keep_round(scheduler, i, most);
                return;
            }
        }
        let mut taken = 0;
        while taken < most && self.events.last().is_some_and(|e| e.label.proc == proc && !self.ctxs[i].round.is_empty())
        {
            let Some(w) = self.ctxs[i].round.pop() else { break };
            let last = self.events[self.events.len() - 1];
            // An atomic that has changed its word is no failed try.
            let changed = w.event.rmw && w.now() != w.value;
            if last.idx != w.event.idx || changed {
                break;
            }
            self.events.pop();
            self.touches.forget_steps(self.events.len() as u32);
            self.unrecord_step();
            let c = &mut self.ctxs[i];
            c.idx -= 1;
            c.history = last.history;
            c.pend = last;
            c.last_event = self.events.iter().rposition(|e| e.label.proc == proc).map_or(NO_EVENT, |p| p as u32);
            scheduler.vanished();
            taken += 1;
        }
    }

    /// A failed round that is not taken back. If it could be (`most` reads of it), it is a constraint and not a part of
    /// the class; else its steps have happened.
    fn keep_round(&mut self, scheduler: &mut dyn Scheduler, i: usize, most: usize) {
        let proc = self.ctxs[i].proc;
        let c = &mut self.ctxs[i];
        let mut kept = 0;
        while kept < most {
            let Some(at) = self.events.len().checked_sub(kept + 1) else { break };
            let last = &mut self.events[at];
            let Some(w) = c.round.pop() else { break };
            if last.label.proc != proc || last.idx != w.event.idx || (w.event.rmw && w.now() != w.value) {
                break;
            }
            c.history = last.history;
            c.pend = Event { idx: c.idx, ..*last };
            last.fails = true;
            last.atomic = true;
            last.acc[0].write = false;
            last.rmw = false;
            last.sync = ringzero_trace::Sync::default();
            kept += 1;
        }
        if let Some(e) = self.events.last_mut().filter(|e| e.label.proc == proc) {
            e.spins_after = true;
        }
        if kept > 0 {
            self.touches.forget_steps((self.events.len() - kept) as u32);
            scheduler.kept(kept, true);
        } else {
            scheduler.kept(1, false);
        }
    }
}
