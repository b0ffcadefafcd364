//! The machine's loop: what may happen, what does, and what follows.

mod conclusion;
mod realtime;
mod rounds;

use crate::boot::{Inner, Model, Source};
use crate::config::{Found, TimeModel};
use crate::ctx::{Ctx, Kind, Outcome, Watch};
use crate::machine::blank;
use crate::procs::{ProcName, mix};
use ringzero_machine::{ArrivalSource, IrqState, Op, Place, PreemptModel, Priority};
use ringzero_trace::{Access, End, Event, Label, Level, NO_EVENT, Pick, Scheduler, View};

impl Model {
    pub(crate) fn run(&self, scheduler: &mut dyn Scheduler) -> End {
        let state = self.inner.get();
        loop {
            // SAFETY: no context runs while the loop decides.
            let inner = unsafe { &mut *state };
            if inner.found.is_some() {
                return End::Violated { stuck: false };
            }
            if inner.picks >= inner.cfg.steps {
                return inner.at_step_bound();
            }
            inner.picks += 1;
            if std::mem::take(&mut inner.frames_fell) {
                inner.find_gone();
            }
            inner.let_rounds_begin();
            if inner.found.is_some() {
                continue;
            }
            inner.collect();
            if inner.enabled.is_empty() && inner.arrivals.is_empty() {
                return inner.conclude();
            }
            let pick = scheduler.pick(&View { enabled: &inner.enabled, arrivals: &inner.arrivals });
            match pick {
                Pick::Abandon => return End::Abandoned,
                Pick::Stop => return inner.conclude(),
                Pick::Step(i) => {
                    let event = inner.enabled[i];
                    let ctx = inner.enabled_ctx[i];
                    inner.take(scheduler, ctx, event);
                }
                Pick::Arrival(i) => {
                    let event = inner.arrivals[i];
                    let ctx = inner.enter(inner.arrival_src[i], event);
                    inner.take(scheduler, ctx, event);
                }
            }
        }
    }
}

/// Whether tasks change at a step although nothing forces them to.
pub(crate) fn yields(op: Op) -> bool {
    matches!(op, Op::CondResched | Op::Schedule | Op::Yield)
}

impl Inner {
    fn at_step_bound(&mut self) -> End {
        if self.makes_progress() || self.somebody_starves() {
            return End::StepBound;
        }
        let spinning = self.live.iter().filter(|&&i| !self.ctxs[i].done).count();
        self.found = Some(Found {
            code: "livelock",
            message: format!("the execution did not end within {} steps", self.cfg.steps),
            place: self.events.last().and_then(|e| e.place),
            other: None,
            notes: vec![format!("contexts still at work: {spinning}")],
        });
        End::StepBound
    }

    /// Whether somebody who could go on was never chosen in the second half, though his next step has to do with what
    /// went round there: that is an unfair schedule, no livelock.
    fn somebody_starves(&self) -> bool {
        let (_, second) = self.events.split_at(self.events.len() / 2);
        let chosen: std::collections::HashSet<u16> = second.iter().map(|e| e.label.proc).collect();
        // A loop that asks whether it shall stop goes on until exit says so, and exit waits until nothing goes on.
        let exit_waits = self.exit.is_some() && second.iter().any(|e| e.op == Op::KthreadShouldStop);
        // Where a step says nothing of what comes after it, it may be what is waited for.
        let matters = |e: &Event| !e.in_class() || second.iter().any(|x| x.conflicts(e));
        exit_waits || self.enabled.iter().any(|e| !chosen.contains(&e.label.proc) && matters(e))
    }

    /// Whether an execution that the step bound cut still got somewhere: its second half brought a context to a new
    /// place, or no context was at one place so often that it looks like a loop without an end.
    fn makes_progress(&self) -> bool {
        const OFTEN: u32 = 64;
        let key = |e: &Event| (e.who, e.place.map_or(0, |p| p.bits()));
        let (first, second) = self.events.split_at(self.events.len() / 2);
        let seen: std::collections::HashSet<_> = first.iter().map(key).collect();
        let mut times: std::collections::HashMap<_, u32> = std::collections::HashMap::new();
        for e in second {
            *times.entry(key(e)).or_insert(0) += 1;
        }
        times.keys().any(|k| !seen.contains(k)) || times.values().all(|&n| n < OFTEN)
    }

    /// Contexts in `cpu_relax()` whose words changed go on to their next announcement: no step, nobody sees it.
    fn let_rounds_begin(&mut self) {
        for k in 0..self.live.len() {
            let i = self.live[k];
            if !self.leaves_relax(i) {
                continue;
            }
            match self.ctxs[i].cpu {
                Some(cpu) if self.stacks[cpu].last() == Some(&i) => self.begin_round(i, cpu),
                None => self.begin_round_off_cpu(i),
                Some(_) => {}
            }
        }
    }

    /// Whether a context sits in `cpu_relax()`, and a word that its failed round has read has changed, or has gone.
    fn leaves_relax(&self, i: usize) -> bool {
        let c = &self.ctxs[i];
        let gone = |w: &Watch| self.gone(i, w.event.op, w.addr, w.size, Place::here()).is_some();
        c.relaxing && (c.may_leave_relax() || c.watch.iter().any(gone))
    }

    fn begin_round(&mut self, i: usize, cpu: usize) {
        let c = &mut self.ctxs[i];
        c.relaxing = false;
        c.keeps_cpu = false;
        c.round.clear();
        let ended = self.resume(i);
        self.after_resume(i, cpu, ended);
    }

    /// The same for a task that was switched away from in `cpu_relax()`: what it does until its next announcement it
    /// has done, as it were, before that.
    fn begin_round_off_cpu(&mut self, i: usize) {
        let cpu = self.ctxs[i].last_cpu;
        let block = &self.cpus[cpu];
        let was = (block.preempt_count.get(), block.irq.get(), block.irq_nesting.get(), block.current.get());
        let c = &mut self.ctxs[i];
        block.preempt_count.set(c.saved.0);
        block.irq.set(c.saved.1);
        block.irq_nesting.set(0);
        if let Kind::Task { data, .. } = c.kind {
            block.current.set(data);
        }
        c.cpu = Some(cpu);
        self.stacks[cpu].push(i);
        self.begin_round(i, cpu);
        if self.ctxs[i].cpu.is_some() {
            self.give_up(i, cpu);
        }
        let block = &self.cpus[cpu];
        block.preempt_count.set(was.0);
        block.irq.set(was.1);
        block.irq_nesting.set(was.2);
        block.current.set(was.3);
    }

    fn top(&self, cpu: usize) -> Option<usize> {
        self.stacks[cpu].last().copied()
    }

    fn irq_open(&self, cpu: usize) -> bool {
        !self.cpus[cpu].irq.get().masked && !self.in_nmi(cpu)
    }

    fn in_nmi(&self, cpu: usize) -> bool {
        self.stacks[cpu].iter().any(|&c| self.ctxs[c].pend.level == Level::Nmi)
    }

    /// Whether the task that holds `cpu` could be switched away from now.
    fn task_open(&self, cpu: usize) -> bool {
        let Some(top) = self.top(cpu) else { return true };
        let c = &self.ctxs[top];
        if !c.is_task() || c.relaxing {
            return false;
        }
        self.may_switch(cpu)
    }

    /// Whether the task on top of `cpu` could be switched away from, if it is not in `cpu_relax()`.
    fn may_switch(&self, cpu: usize) -> bool {
        let Some(top) = self.top(cpu) else { return true };
        let c = &self.ctxs[top];
        let block = &self.cpus[cpu];
        if block.preempt_count.get() != 0 || block.irq.get().masked {
            return false;
        }
        let spins = c.cond.is_some() && !c.sleeps && !c.ready(&self.ctxs);
        let at_yield = yields(c.pend.op);
        !spins && (self.cfg.preempt == PreemptModel::Full || at_yield)
    }

    /// Where a task off its CPU may be placed.
    fn placements(&self, i: usize) -> impl Iterator<Item = usize> + use<> {
        let Kind::Task { allowed, .. } = self.ctxs[i].kind else { return Vec::new().into_iter() };
        if self.realtime {
            return self.placements_by_rank(i).into_iter();
        }
        // SAFETY: the mask belongs to the task object, which lives as long as the execution.
        let allowed = unsafe { (*allowed).load(std::sync::atomic::Ordering::Relaxed) };
        let n = self.cfg.cpus;
        let may = |c: usize| allowed >> c & 1 == 1;
        let sources = !self.lines.is_empty() || self.clocks.iter().any(Option::is_some);
        let idle: Vec<usize> = (0..n).filter(|&c| may(c) && self.stacks[c].is_empty()).collect();
        let live_tasks =
            self.live.iter().filter(|&&t| self.ctxs[t].is_task() && self.ctxs[t].ready(&self.ctxs)).count();
        if !sources && !idle.is_empty() && live_tasks <= n {
            return idle.into_iter();
        }
        let bounded = self.cfg.preemptions.is_some_and(|b| self.preempted >= b);
        let busy = (0..n)
            .filter(|&c| may(c) && !self.stacks[c].is_empty() && self.task_open(c) && (!bounded || self.at_yield(c)));
        let mut all = idle;
        all.extend(busy);
        if all.is_empty() {
            // A failed round that was taken back keeps nobody away.
            all.extend((0..n).filter(|&c| may(c) && self.top(c).is_some_and(|t| self.only_tries(t, c))));
        }
        all.into_iter()
    }

    /// Whether the context on top of `cpu` sits in `cpu_relax()` after a round that was taken back, and could have been
    /// switched away from before.
    fn only_tries(&self, i: usize, cpu: usize) -> bool {
        let c = &self.ctxs[i];
        c.relaxing && !c.keeps_cpu && self.nothing_keeps(cpu) && (c.offered || self.may_switch(cpu))
    }

    /// Whether a task has `cpu`, with preemption and interrupts on.
    pub(crate) fn nothing_keeps(&self, cpu: usize) -> bool {
        let block = &self.cpus[cpu];
        self.top(cpu).is_some_and(|top| self.ctxs[top].is_task())
            && block.preempt_count.get() == 0
            && !block.irq.get().masked
    }

    /// Whether another task wants `cpu`, where this one is.
    fn is_wanted(&self, i: usize, cpu: usize) -> bool {
        let wants = |&t: &usize| t != i && self.wants_a_cpu(t) && self.ctxs[t].may_run_on(cpu) && self.may_follow(t, i);
        self.live.iter().any(wants)
    }

    fn at_yield(&self, cpu: usize) -> bool {
        self.top(cpu).is_some_and(|t| yields(self.ctxs[t].pend.op))
    }

    /// Collects what may happen now.
    fn collect(&mut self) {
        self.enabled.clear();
        self.enabled_ctx.clear();
        self.arrivals.clear();
        self.arrival_src.clear();
        for k in 0..self.live.len() {
            let i = self.live[k];
            let c = &self.ctxs[i];
            if c.done || !c.ready(&self.ctxs) || (c.is_exit() && c.idx == 0) {
                continue;
            }
            match c.cpu {
                Some(cpu) if self.top(cpu) == Some(i) => {
                    let kept = self.realtime && c.is_task() && (self.is_held_back(i, cpu) || self.gives_way(i, cpu));
                    if !kept && !self.polls_in_vain(i, cpu) {
                        self.offer(i, cpu);
                    }
                }
                Some(_) => {}
                None => {
                    for cpu in self.placements(i) {
                        self.offer(i, cpu);
                    }
                }
            }
        }
        if self.ipis.iter().any(|q| !q.is_empty()) {
            self.collect_ipis();
        }
        self.collect_lines();
        if self.enabled.is_empty() {
            self.offer_exit();
        }
        let forced = if self.enabled.is_empty() { self.offer_forced() } else { None };
        self.collect_ticks(forced);
    }

    fn offer(&mut self, i: usize, cpu: usize) {
        let (irq_open, task_open) = (self.irq_open(cpu), self.ctxs[i].cpu.is_none() || self.task_open(cpu));
        let c = &self.ctxs[i];
        let (old, ways) = (self.settled_value(c), c.pend.ways);
        for way in 0..ways {
            self.enabled.push(c.pend);
            self.enabled_ctx.push(i);
            let Some(e) = self.enabled.last_mut() else { continue };
            e.cpu = cpu as u8;
            e.irq_open = irq_open;
            e.task_open = task_open;
            e.old = old;
            e.label.variant = cpu as u8 | way << 4;
            if matches!(e.op, Op::SpinTrylock | Op::MutexTrylock) && old != 0 {
                // It will fail: then it only reads the lock word.
                e.acc[0].write = false;
                e.rmw = false;
            }
        }
    }

    /// The value of a context's pending word. A pointer of a C program is told by what it points into, since addresses
    /// differ between explorers.
    fn settled_value(&self, c: &crate::ctx::Ctx) -> u64 {
        // What lies where a frame has been, or where nothing was written yet, is chance.
        let gone = |f: &crate::plain::OnStack| (f.addr..f.addr + f.size).contains(&c.pend_addr);
        let on_stack = |c: &crate::ctx::Ctx| (c.stack.0..c.stack.1).contains(&c.pend_addr);
        if self.fallen.iter().any(gone) || (!c.pend_reads && on_stack(c)) {
            return 0;
        }
        let value = c.pend_value();
        if !self.cfg.c || value <= u64::from(u32::MAX) || c.cond.is_some() {
            return value;
        }
        self.settled_address(value as usize).unwrap_or(value)
    }

    /// An address of a program in C, told by what it points into: the same in every explorer and process.
    pub(crate) fn settled_address(&self, addr: usize) -> Option<u64> {
        if self.arena.holds(addr) {
            return Some(0xa000_0000_0000_0000 | self.arena.offset(addr) as u64);
        }
        if let Some(c) = self.ctxs.iter().find(|c| (c.stack.0..c.stack.1).contains(&addr)) {
            return Some(0xc000_0000_0000_0000 | u64::from(c.proc) << 32 | (c.stack.1 - addr) as u64);
        }
        let map = self.map.as_ref()?;
        let offset = map.data_offset(addr).or_else(|| map.code_offset(addr))?;
        Some(0xb000_0000_0000_0000 | offset as u64)
    }

    /// The exit function starts when nothing else can run.
    fn offer_exit(&mut self) {
        let init_done = self.live.iter().all(|&i| self.ctxs[i].pend.label.proc != 0 || self.ctxs[i].done);
        let handlers = self.live.iter().any(|&i| !self.ctxs[i].done && !self.ctxs[i].is_task());
        if !init_done || handlers {
            return;
        }
        // A module is removed by whoever calls rmmod, wherever that runs; where nothing can interrupt, it is the same.
        let sources = !self.lines.is_empty() || self.clocks.iter().any(Option::is_some);
        let cpus = if self.cfg.c && sources { self.cfg.cpus } else { 1 };
        let free: Vec<usize> = (0..cpus).filter(|&c| self.stacks[c].is_empty()).collect();
        if free.is_empty() {
            return;
        }
        if self.exit_ctx.is_none() {
            let Some((entry, data)) = self.exit.take() else { return };
            let (allowed, prio) = (&raw const self.anywhere, Priority::ORDINARY);
            let kind = Kind::Task { data, allowed, prio, system: false, exit: true };
            let i = self.new_task(ProcName::Exit, kind, "exit", None, entry, data);
            self.ctxs[i].pend.after_all = true;
            self.ctxs[i].pend.op = Op::ModuleExit;
            self.exit_ctx = Some(i);
        }
        if let Some(i) = self.exit_ctx.filter(|&i| self.ctxs[i].idx == 0) {
            for cpu in free {
                self.offer(i, cpu);
            }
        }
    }

    fn entry_event(&mut self, name: ProcName, op: Op, cpu: usize, level: Level) -> Event {
        let proc = self.procs.number(name);
        let mut e = blank(proc, op);
        e.label = Label { proc, variant: cpu as u8 };
        e.who = self.procs.stable_hash(proc);
        e.cpu = cpu as u8;
        e.level = level;
        e.enters = true;
        e.irq_open = true;
        e.task_open = self.task_open(cpu);
        e.atomic = true;
        e
    }

    fn collect_ipis(&mut self) {
        for cpu in 0..self.cfg.cpus {
            if !self.irq_open(cpu) {
                continue;
            }
            let Some(e) = self.ipi_event(cpu) else { continue };
            self.enabled.push(e);
            // Entered when taken; the marker tells `take` that there is no context yet.
            self.enabled_ctx.push(usize::MAX - cpu);
        }
    }

    /// The entry of the IPI that waits for a CPU, if one does.
    pub(crate) fn ipi_event(&mut self, cpu: usize) -> Option<Event> {
        let base = self.ipis[cpu].first()?.base;
        let name = ProcName::Ipi { cpu: cpu as u32, k: self.ipi_count[cpu] };
        let mut e = self.entry_event(name, Op::IpiEnter, cpu, Level::Hardirq);
        e.base = base;
        Some(e)
    }

    /// How often a line may still arrive on its own.
    fn left(&self, line: usize) -> u32 {
        let l = &self.lines[line];
        let came = self.line_arrivals[l.spec.irq as usize];
        let bound = if l.spec.nmi { self.cfg.nmis } else { self.cfg.interrupts };
        match l.spec.source {
            ArrivalSource::Device => bound.saturating_sub(came),
            ArrivalSource::Finite(n) => n.min(bound.max(n)).saturating_sub(came),
            ArrivalSource::Raised => 0,
        }
    }

    fn line_on(&self, line: usize) -> bool {
        let l = &self.lines[line];
        // SAFETY: the words belong to the line's descriptor in instance state.
        !l.removed && !l.active && unsafe { (*l.spec.state).load(std::sync::atomic::Ordering::Relaxed) } == 1
    }

    fn collect_lines(&mut self) {
        for line in 0..self.lines.len() {
            let raised = self.lines[line].raised > 0;
            if !self.line_on(line) || (!raised && self.left(line) == 0) {
                continue;
            }
            let spec = self.lines[line].spec;
            // SAFETY: as in `line_on`.
            let affinity = unsafe { (*spec.affinity).load(std::sync::atomic::Ordering::Relaxed) };
            for cpu in (0..self.cfg.cpus).filter(|c| affinity >> c & 1 == 1) {
                let open = if spec.nmi { !self.in_nmi(cpu) } else { self.irq_open(cpu) };
                if !open {
                    continue;
                }
                let k = self.line_arrivals[spec.irq as usize];
                let level = if spec.nmi { Level::Nmi } else { Level::Hardirq };
                let mut e = self.entry_event(ProcName::Line { irq: spec.irq, k }, Op::HardirqEnter, cpu, level);
                let on = self.slots.of(spec.state as usize);
                let busy = self.slots.of(spec.inprogress as usize);
                e.acc = [Access { slot: on, write: false }, Access { slot: busy, write: true }, Access::NONE];
                e.old = 1;
                e.cond = Some((|v, _| v == 1, 0));
                e.sync.acquire = true;
                if raised {
                    e.base = self.lines[line].raised_base;
                    self.enabled.push(e);
                    self.enabled_ctx.push(usize::MAX - 64 - line);
                } else {
                    self.arrivals.push(e);
                    self.arrival_src.push(Source::Line(line));
                }
            }
        }
    }

    /// When nothing can run, and init or exit is not done, the time of the task that sleeps shortest comes.
    fn offer_forced(&mut self) -> Option<usize> {
        let init = self.live.iter().any(|&i| self.ctxs[i].pend.label.proc == 0 && !self.ctxs[i].done);
        let exit = self.exit_ctx.is_some() && !self.exit_done;
        if !init && !exit {
            return None;
        }
        let open = |c: &usize| self.irq_open(*c) && self.forced[*c].is_some();
        let cpu = (0..self.cfg.cpus).filter(open).min_by_key(|&c| self.forced[c].map(|f| f.deadline_ns))?;
        let clock = self.forced[cpu]?;
        let name = ProcName::Tick { cpu: cpu as u32, k: self.tick_count[cpu] };
        let mut e = self.entry_event(name, Op::TickEnter, cpu, Level::Hardirq);
        e.base = clock.base;
        e.acc[0] = Access { slot: self.slots.of(clock.word), write: false };
        self.enabled.push(e);
        self.enabled_ctx.push(usize::MAX - 1024 - cpu);
        Some(cpu)
    }

    fn collect_ticks(&mut self, forced: Option<usize>) {
        if self.cfg.time == TimeModel::Strict && !self.enabled.is_empty() {
            return;
        }
        let first = self.clocks.iter().flatten().map(|c| c.deadline_ns).min();
        for cpu in 0..self.cfg.cpus {
            let Some(clock) = self.clocks[cpu] else { continue };
            let early = self.cfg.time == TimeModel::Strict && Some(clock.deadline_ns) != first;
            // The end of time: armed, but past its bound.
            if early || clock.deadline_ns == u64::MAX || forced == Some(cpu) || !self.irq_open(cpu) {
                continue;
            }
            let name = ProcName::Tick { cpu: cpu as u32, k: self.tick_count[cpu] };
            let mut e = self.entry_event(name, Op::TickEnter, cpu, Level::Hardirq);
            e.base = clock.base;
            e.acc[0] = Access { slot: self.slots.of(clock.word), write: false };
            self.arrivals.push(e);
            self.arrival_src.push(Source::Tick(cpu));
        }
    }

    /// Pushes an arriving interrupt's context.
    fn enter(&mut self, source: Source, event: Event) -> usize {
        let cpu = usize::from(event.cpu);
        let (kind, name, entry, arg, text): (Kind, ProcName, fn(u32), u32, &'static str) = match source {
            Source::Line(line) => {
                let spec = self.lines[line].spec;
                let k = self.line_arrivals[spec.irq as usize];
                self.line_arrivals[spec.irq as usize] += 1;
                self.lines[line].active = true;
                self.lines[line].raised = 0;
                (Kind::Line { line }, ProcName::Line { irq: spec.irq, k }, spec.entry, spec.irq, spec.name)
            }
            Source::Ipi(cpu) => {
                let ipi = self.ipis[cpu].remove(0);
                let k = self.ipi_count[cpu];
                self.ipi_count[cpu] += 1;
                (Kind::Ipi, ProcName::Ipi { cpu: cpu as u32, k }, ipi.entry, cpu as u32, "IPI")
            }
            Source::Tick(cpu) | Source::Forced(cpu) => {
                self.clock_bases[cpu] = None;
                let regular = self.clocks[cpu].take();
                let forced = self.forced[cpu].take();
                let clock = match source {
                    Source::Forced(_) => forced,
                    _ => regular,
                }
                .expect("a programmed clock event");
                self.now_ns = self.now_ns.max(clock.deadline_ns);
                let k = self.tick_count[cpu];
                self.tick_count[cpu] += 1;
                (Kind::Tick, ProcName::Tick { cpu: cpu as u32, k }, clock.entry, cpu as u32, "timer interrupt")
            }
        };
        let i = self.new_ctx(name, kind, text, None);
        let block = &self.cpus[cpu];
        self.ctxs[i].saved = (block.preempt_count.get(), block.irq.get());
        block.irq.set(IrqState { masked: true, depth: 0, saved: true });
        block.irq_nesting.set(block.irq_nesting.get() + 1);
        self.ctxs[i].cpu = Some(cpu);
        self.ctxs[i].pend = event;
        self.stacks[cpu].push(i);
        self.start(i, move || entry(arg));
        i
    }

    /// Puts a task on a CPU, taking off who is there.
    fn dispatch(&mut self, i: usize, cpu: usize) {
        let rank = if self.realtime { self.ctxs[i].rank() } else { Priority::LAST };
        let block = &self.cpus[cpu];
        if let Some(old) = self.stacks[cpu].pop() {
            debug_assert!(self.stacks[cpu].is_empty(), "only a task without handlers above it is switched away");
            let c = &mut self.ctxs[old];
            let yields = c.relaxing || yields(c.pend.op);
            let better = self.realtime && rank < c.rank();
            c.first = better && c.pend.op != Op::Yield;
            if !yields && !better {
                self.preempted += 1;
            }
            c.last_cpu = cpu;
            c.saved = (block.preempt_count.get(), block.irq.get());
            c.cpu = None;
        }
        let c = &mut self.ctxs[i];
        c.first = false;
        (c.polls, c.reads, c.last_reads) = (0, 0, 0);
        c.gave_way = c.pend.op == Op::Yield;
        block.preempt_count.set(c.saved.0);
        block.irq.set(c.saved.1);
        if let Kind::Task { data, .. } = c.kind {
            block.current.set(data);
        }
        c.cpu = Some(cpu);
        self.stacks[cpu].push(i);
    }

    /// Takes a step: makes it an event, lets its context perform it and go on to its next announcement.
    fn take(&mut self, scheduler: &mut dyn Scheduler, ctx: usize, event: Event) {
        let ctx = match usize::MAX - ctx {
            cpu @ 0..=63 => self.enter(Source::Ipi(cpu), event),
            line @ 64..=1023 => self.enter(Source::Line(line - 64), event),
            cpu @ 1024..=1087 => self.enter(Source::Forced(cpu - 1024), event),
            _ => ctx,
        };
        let cpu = usize::from(event.cpu);
        if self.ctxs[ctx].cpu.is_none() {
            self.dispatch(ctx, cpu);
        }
        let at = self.events.len() as u32;
        self.record_step(ctx, &event);
        self.events.push(event);
        if self.cfg.c {
            self.note_step(ctx, at);
        }
        let c = &mut self.ctxs[ctx];
        c.idx += 1;
        c.last_event = at;
        c.way = event.label.variant >> 4;
        if yields(event.op) {
            c.offers = Some(c.idx);
            c.gave_way = false;
        }
        if c.offers.is_some() {
            c.note_poll(&event);
        }
        if !event.enters {
            c.history = mix(c.history, if c.pend_reads { event.old } else { 0x57e9 });
        }
        if event.ways > 1 {
            c.history = mix(c.history, u64::from(c.way) + 1);
        }
        self.note_round(ctx, &event);
        self.note_writes(ctx, &event);
        scheduler.executed(&event);
        if self.check_alive(ctx, &event) {
            let c = &mut self.ctxs[ctx];
            c.cond = None;
            c.joins = None;
            c.sleeps = false;
            let ended = self.resume(ctx);
            self.after_resume(ctx, cpu, ended);
        }
        self.leave_blocked_cpus();
        let open = self.irq_open(cpu);
        if let Some(e) = self.events.last_mut() {
            e.open_after = open;
        }
        scheduler.settled(open);
        if self.ctxs[ctx].relaxing {
            self.failed_round(scheduler, ctx);
        }
        self.tell_moves(scheduler);
    }

    /// A task that sleeps leaves its CPU, also when what it waits for is taken from it after it came there.
    fn leave_blocked_cpus(&mut self) {
        for cpu in 0..self.cfg.cpus {
            let Some(top) = self.top(cpu) else { continue };
            let c = &self.ctxs[top];
            if c.is_task() && c.sleeps && !c.done && !c.ready(&self.ctxs) {
                self.give_up(top, cpu);
            }
        }
    }

    /// Takes a task off its CPU.
    fn give_up(&mut self, i: usize, cpu: usize) {
        self.stacks[cpu].pop();
        let block = &self.cpus[cpu];
        let c = &mut self.ctxs[i];
        c.saved = (block.preempt_count.get(), block.irq.get());
        c.cpu = None;
        c.last_cpu = cpu;
        block.preempt_count.set(0);
        block.irq.set(IrqState::default());
        block.current.set(std::ptr::null());
    }

    fn note_writes(&mut self, ctx: usize, event: &Event) {
        for a in event.acc.iter().filter(|a| a.write) {
            if let Some(info) = self.slots.info.get_mut(a.slot as usize) {
                info.last_writer = Some(ctx);
            }
        }
    }

    /// Reports a step on a dead object; the step is not performed.
    fn check_alive(&mut self, ctx: usize, event: &Event) -> bool {
        let (addr, size) = (self.ctxs[ctx].pend_addr, usize::from(self.ctxs[ctx].pend_size));
        if !self.fallen.is_empty()
            && let Some(place) = event.place
            && let Some(found) = self.dead_on_stack(addr, size, place)
        {
            self.found.get_or_insert(found);
            return false;
        }
        if event.acc[2].slot == ringzero_trace::NO_SLOT || event.op == Op::Kfree {
            return true;
        }
        let addr = self.ctxs[ctx].pend_addr;
        let Some((_, object)) = self.object_at(addr) else { return true };
        let Some(died) = object.died else { return true };
        self.found.get_or_insert(Found {
            code: "use-after-free",
            message: format!("{} touches {} after it was freed", event.op.name(), object.name),
            place: event.place,
            other: Some(died),
            notes: vec![format!("allocated at {}:{}", object.born.file(), object.born.line())],
        });
        false
    }

    /// What a context's return to the loop means for its CPU.
    pub(crate) fn after_resume(&mut self, i: usize, cpu: usize, ended: Option<Outcome>) {
        if ended == Some(Outcome::Trapped) {
            self.thrown_out(i);
        }
        if self.found.is_some() && ended != Some(Outcome::Returned) {
            return;
        }
        if ended.is_some() {
            let c = &mut self.ctxs[i];
            c.done = true;
            c.cpu = None;
            if !c.on_stack.is_empty() {
                self.fall(i, usize::MAX);
            }
            self.stacks[cpu].pop();
            self.live.retain(|&x| x != i);
            if self.exit_ctx == Some(i) {
                self.exit_done = true;
                // What is on its way now would run in a program that is gone.
                let left = self.looks.iter().find_map(|look| look());
                self.found = self.found.take().or_else(|| left.map(|l| Self::tell_left(&l)));
            }
            if let Some(co) = self.ctxs[i].co.take() {
                self.recycle(co);
            }
            let c = &self.ctxs[i];
            let block = &self.cpus[cpu];
            if c.is_task() {
                block.preempt_count.set(0);
                block.irq.set(IrqState::default());
                block.current.set(std::ptr::null());
            } else {
                block.preempt_count.set(c.saved.0);
                block.irq.set(c.saved.1);
                block.irq_nesting.set(block.irq_nesting.get() - 1);
                if let Kind::Line { line } = c.kind {
                    self.lines[line].active = false;
                }
            }
            return;
        }
        let c = &self.ctxs[i];
        let gives_up = c.sleeps && (!c.ready(&self.ctxs) || !c.may_run_on(cpu));
        if gives_up {
            self.give_up(i, cpu);
        }
    }

    /// The context loops, and is at `place`, at an access to memory.
    pub(crate) fn locked_up_at(&mut self, i: usize, place: ringzero_machine::Place) {
        let who = self.describe(i);
        self.found.get_or_insert(Found {
            code: "soft-lockup",
            message: format!("{who} blocks or loops without coming to a step"),
            place: self.ctxs[i].pend.place,
            other: None,
            notes: vec![
                "the watchdog stopped it; what it did since its last step is lost".to_owned(),
                format!("it was at {}:{}", place.file(), place.line()),
            ],
        });
    }

    /// The watchdog threw a context out, or the processor did.
    fn thrown_out(&mut self, i: usize) {
        let Some(caught) = crate::watchdog::caught() else { return };
        if let Some(fault) = caught.fault {
            self.faulted(i, fault, &caught.frames);
            return;
        }
        let lines = crate::watchdog::source_lines(&caught.frames);
        let mut notes = vec!["the watchdog stopped it; what it did since its last step is lost".to_owned()];
        notes.extend(
            lines.iter().enumerate().map(|(n, l)| format!("{} {l}", if n == 0 { "it was at" } else { "called at" })),
        );
        let who = self.describe(i);
        self.found.get_or_insert(Found {
            code: "soft-lockup",
            message: format!("{who} blocks or loops without coming to a step"),
            place: self.ctxs[i].pend.place,
            other: None,
            notes,
        });
    }
}
