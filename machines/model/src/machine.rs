//! The contract's implementation: what kernel code calls from inside a context.

use crate::boot::{Clock, Edge, EdgeKind, Inner, Ipi, Line, Model, Object};
use crate::config::Found;
use crate::ctx::{Ctx, Kind, Outcome, Watch};
use crate::procs::ProcName;
use corosensei::stack::Stack as _;
use ringzero_machine::{
    Cond, Cpu, Finding, Left, Limits, LineSpec, Machine, Mode, Op, Place, PreemptModel, Section, Step, TaskSpec,
    WaitKind,
};
use ringzero_trace::{Access, Event, Label, Level, NO_EVENT, NO_SLOT, Slot, Sync};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    static PANICKED: Cell<Option<*mut Inner>> = const { Cell::new(None) };
}

/// Hooks panics once: inside a context they become a finding and are not printed; elsewhere the former hook runs.
pub(crate) fn install_panic_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let former = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let Some(inner) = PANICKED.get() else { return former(info) };
            // SAFETY: set only while a context of this machine runs, on this thread.
            let inner = unsafe { &mut *inner };
            if inner.running.is_none() {
                return former(info);
            }
            inner.silent = true;
            if inner.found.is_none() {
                let message = info.payload_as_str().unwrap_or("a panic without a message").to_owned();
                let at = info.location().map(|l| format!("{}:{}:{}", l.file(), l.line(), l.column()));
                inner.found = Some(Found {
                    code: "panic",
                    message,
                    place: called_from_c().or(info.location().map(crate::record::leak_place)),
                    other: None,
                    notes: at.into_iter().map(|a| format!("panicked at {a}")).collect(),
                });
            }
        }));
    });
}

/// The place in C whose call into Ringzero runs, if one does.
fn called_from_c() -> Option<Place> {
    (ringzero_machine::cpu().caller.get() != 0).then(Place::caller)
}

impl Model {
    fn state(&self) -> *mut Inner {
        self.inner.get()
    }

    /// Notes what orders memory without being a step.
    fn edge(&self, kind: EdgeKind) {
        let Some((inner, ctx)) = self.stepping() else { return };
        let cpu = inner.ctxs[ctx].cpu.unwrap_or(0);
        let at = inner.events.len() as u32;
        let touches = inner.touches.log.len();
        inner.edges.push(Edge { at, ctx, cpu, kind, touches });
    }

    /// Gives control back to the machine's loop until this context is chosen again.
    fn park(&self, ctx: usize) {
        // SAFETY: the context runs right now, so its yielder is alive; the loop does not touch this frame.
        unsafe {
            let yielder = (&(*self.state()).ctxs)[ctx].yielder;
            let caller = ringzero_machine::cpu().caller.get();
            (*yielder).suspend(());
            // It may be another CPU now, and others have run on this one.
            ringzero_machine::cpu().caller.set(caller);
        }
    }

    /// The execution is over for this context.
    fn end_of(&self, ctx: usize) -> ! {
        loop {
            self.park(ctx);
        }
    }

    /// The running context, if a step it takes matters: not at boot, not while unwinding.
    #[expect(
        clippy::mut_from_ref,
        reason = "the state sits in an `UnsafeCell`; one context or the loop runs at a time"
    )]
    fn stepping(&self) -> Option<(&mut Inner, usize)> {
        // SAFETY: only one context or the loop runs at a time, and no reference is kept across a park.
        let inner = unsafe { &mut *self.state() };
        if inner.silent {
            return None;
        }
        let ctx = inner.running?;
        Some((inner, ctx))
    }
}

impl Machine for Model {
    fn step(&self, step: &Step) {
        let Some((inner, ctx)) = self.stepping() else { return };
        if inner.cfg.c && is_memory(step.op) {
            // A dead object is told of when the step is taken, so that it has its row.
            let missed = inner.misses(ctx, step.addr, usize::from(step.size), step.mode != Mode::Read, step.place);
            if let Some(found) = missed.filter(|f| f.code != "use-after-free") {
                inner.found.get_or_insert(found);
                self.end_of(ctx);
            }
            if inner.alone() {
                return;
            }
        }
        inner.announce(ctx, step, None, false);
        self.park(ctx);
    }

    fn wait(&self, step: &Step, cond: Cond, kind: WaitKind) {
        let Some((inner, ctx)) = self.stepping() else { return };
        inner.announce(ctx, step, Some(cond), kind == WaitKind::Sleep);
        self.park(ctx);
    }

    fn relax(&self, place: Place) {
        let Some((inner, ctx)) = self.stepping() else { return };
        let place = inner.one_place(place);
        let c = &mut inner.ctxs[ctx];
        c.relaxing = true;
        c.relax_again = c.relax_place == Some(place);
        let read = c.round.last().map_or(0, |w| w.event.idx + 1);
        c.offered = c.offers.take().is_some_and(|at| c.relax_again || at >= read);
        c.relax_place = Some(place);
        self.park(ctx);
    }

    fn cond_resched(&self) {
        let Some((inner, ctx)) = self.stepping() else { return };
        let c = &mut inner.ctxs[ctx];
        c.offers = Some(c.idx);
        let reads = std::mem::take(&mut c.reads);
        c.polls = if reads != 0 && reads == c.last_reads { c.polls + 1 } else { 0 };
        c.last_reads = reads;
    }

    fn report(&self, finding: &Finding<'_>) -> ! {
        let Some((inner, ctx)) = self.stepping() else {
            // Unwinding already: a second finding cannot be told; the first one stands.
            std::panic::resume_unwind(Box::new("a finding while unwinding"));
        };
        inner.found.get_or_insert_with(|| Found {
            code: finding.code,
            message: finding.message.to_owned(),
            place: Some(finding.place),
            other: finding.other,
            notes: Vec::new(),
        });
        self.end_of(ctx)
    }

    fn choose(&self, step: &Step, n: u32) -> u32 {
        let Some((inner, ctx)) = self.stepping() else { return 0 };
        if n < 2 || inner.failures >= inner.cfg.failures {
            return 0;
        }
        inner.announce(ctx, step, None, false);
        inner.ctxs[ctx].pend.ways = n.min(16) as u8;
        self.park(ctx);
        // SAFETY: as in `stepping`.
        let inner = unsafe { &mut *self.state() };
        let way = u32::from(inner.ctxs[ctx].way);
        inner.failures += u32::from(way != 0);
        way
    }

    fn fine(&self) -> bool {
        // SAFETY: as in `stepping`.
        unsafe { (*self.state()).cfg.fine }
    }

    fn preempt_model(&self) -> PreemptModel {
        // SAFETY: as in `stepping`.
        unsafe { (*self.state()).cfg.preempt }
    }

    fn limits(&self) -> Limits {
        // SAFETY: as in `stepping`.
        let cfg = unsafe { &(*self.state()).cfg };
        Limits { expiries: cfg.expiries, failures: cfg.failures }
    }

    fn nr_cpus(&self) -> u32 {
        // SAFETY: as in `stepping`.
        unsafe { (*self.state()).cfg.cpus as u32 }
    }

    fn spawn(&self, spec: &TaskSpec) -> u32 {
        // SAFETY: as in `stepping`.
        let inner = unsafe { &mut *self.state() };
        let name = inner.child_name();
        inner.others |= inner.running.is_some();
        let kind =
            Kind::Task { data: spec.data, allowed: spec.allowed, prio: spec.prio, system: spec.system, exit: false };
        let (entry, data) = (spec.entry, spec.data);
        let number = inner.new_task(name, kind, spec.name, Some(spec.place), entry, data);
        // SAFETY: the state word belongs to the task object, which lives as long as the execution.
        let word = unsafe { &*spec.state };
        // A past value may be that of a longer word, of which this is the first half.
        let awake = Cond::on(word, |v, _| v as u32 == 0, 0);
        inner.ctxs[number].cond = Some(awake);
        inner.ctxs[number].sleeps = true;
        self.edge(EdgeKind::Spawn { child: number });
        if !awake.holds() {
            // Its start reads what the wake-up writes: the one is ordered after the other.
            let slot = inner.slots.of(awake.addr);
            let pend = &mut inner.ctxs[number].pend;
            pend.acc[0] = Access { slot, write: false };
            pend.cond = Some((awake.test, awake.arg));
            pend.sync.acquire = true;
        }
        number as u32
    }

    fn priority_changed(&self, _: u32, realtime: bool) {
        // SAFETY: as in `stepping`.
        unsafe { (*self.state()).realtime |= realtime };
    }

    fn affinity_changed(&self) {
        // SAFETY: as in `stepping`.
        unsafe { (*self.state()).moved = true };
    }

    fn join(&self, number: u32, place: Place) {
        let Some((inner, ctx)) = self.stepping() else { return };
        inner.announce(ctx, &Step::gate(Op::KthreadJoin, place), None, true);
        let target = number as usize;
        inner.ctxs[ctx].joins = Some(target);
        inner.ctxs[ctx].pend.joins = Some(inner.ctxs[target].proc);
        self.park(ctx);
    }

    fn line_add(&self, line: &LineSpec) {
        // SAFETY: as in `stepping`.
        let inner = unsafe { &mut *self.state() };
        inner.others = true;
        inner.lines.push(Line { spec: *line, removed: false, active: false, raised: 0, raised_base: NO_EVENT });
        let need = line.irq as usize + 1;
        if inner.line_arrivals.len() < need {
            inner.line_arrivals.resize(need, 0);
        }
    }

    fn line_remove(&self, irq: u32) {
        // SAFETY: as in `stepping`.
        let inner = unsafe { &mut *self.state() };
        for l in inner.lines.iter_mut().filter(|l| l.spec.irq == irq) {
            l.removed = true;
        }
    }

    fn line_raise(&self, irq: u32) {
        // SAFETY: as in `stepping`.
        let inner = unsafe { &mut *self.state() };
        let base = inner.last_event();
        if let Some(l) = inner.lines.iter_mut().find(|l| l.spec.irq == irq && !l.removed) {
            // A line latches one arrival, however often it is raised before that is delivered.
            l.raised = 1;
            l.raised_base = base;
        }
    }

    fn line_running_here(&self, irq: u32) -> bool {
        // SAFETY: as in `stepping`.
        let inner = unsafe { &mut *self.state() };
        let Some(cpu) = inner.running.and_then(|c| inner.ctxs[c].cpu) else { return false };
        inner.stacks[cpu].iter().any(|&c| match inner.ctxs[c].kind {
            Kind::Line { line } => inner.lines[line].spec.irq == irq,
            _ => false,
        })
    }

    fn clock_event(&self, cpu: u32, deadline_ns: Option<u64>, entry: fn(u32), word: usize) {
        // SAFETY: as in `stepping`.
        let inner = unsafe { &mut *self.state() };
        inner.others |= deadline_ns.is_some();
        // Its interrupt has been possible since it was first programmed, also if it was stopped in between.
        let now = inner.last_event();
        let base = *inner.clock_bases[cpu as usize].get_or_insert(now);
        inner.clocks[cpu as usize] = deadline_ns.map(|deadline_ns| Clock { deadline_ns, entry, base, word });
    }

    fn now_ns(&self) -> u64 {
        // SAFETY: as in `stepping`.
        unsafe { (*self.state()).now_ns }
    }

    fn send_ipi(&self, cpu: u32, entry: fn(u32)) {
        // SAFETY: as in `stepping`.
        let inner = unsafe { &mut *self.state() };
        let base = inner.last_event();
        // One interrupt stands for all that is sent before it is delivered.
        inner.others = true;
        let queue = &mut inner.ipis[cpu as usize];
        if !queue.iter().any(|i| std::ptr::fn_addr_eq(i.entry, entry)) {
            queue.push(Ipi { entry, base });
        }
    }

    fn alloc(&self, size: usize, align: usize) -> *mut u8 {
        // SAFETY: as in `stepping`.
        let inner = unsafe { &mut *self.state() };
        let proc = inner.running.map_or(1023, |c| usize::from(inner.ctxs[c].proc));
        let at = inner.arena.alloc(proc, size, align);
        assert!(!at.is_null(), "the model machine's memory for this context is used up ({size} bytes wanted)");
        at
    }

    fn object_born(&self, addr: usize, size: usize, place: Place, name: &'static str) {
        // SAFETY: as in `stepping`.
        let inner = unsafe { &mut *self.state() };
        inner.objects.insert(addr, Object { size, born: place, died: None, name });
    }

    fn object_size(&self, addr: usize) -> Option<usize> {
        // SAFETY: as in `stepping`.
        let inner = unsafe { &mut *self.state() };
        inner.objects.get(&addr).filter(|o| o.died.is_none()).map(|o| o.size)
    }

    fn object_dies(&self, addr: usize, place: Place) {
        // SAFETY: as in `stepping`.
        let inner = unsafe { &mut *self.state() };
        if let Some((message, taken)) = inner.held_in(addr) {
            self.report(&Finding { code: "warn", message: &message, place, other: Some(taken) });
        }
        let (code, message, other) = match inner.objects.get_mut(&addr) {
            Some(o) if o.died.is_none() => {
                o.died = Some(place);
                return;
            }
            Some(o) => ("double-free", format!("kfree() of {} that was freed before", o.name), o.died),
            None => ("double-free", "kfree() of an address that kmalloc() never returned".to_owned(), None),
        };
        self.report(&Finding { code, message: &message, place, other });
    }

    fn on_exit(&self, entry: unsafe fn(*mut ()), data: *mut ()) {
        // SAFETY: as in `stepping`.
        let inner = unsafe { &mut *self.state() };
        inner.exit = Some((entry, data));
    }

    fn log(&self, text: &str) {
        // SAFETY: as in `stepping`.
        let inner = unsafe { &mut *self.state() };
        inner.record_log(text);
    }

    fn plain(&self, addr: usize, size: usize, write: bool, place: Place) {
        let Some((inner, ctx)) = self.stepping() else { return };
        crate::watchdog::set_busy(true);
        let goes_on = !inner.touch(ctx, addr, size, write, place);
        crate::watchdog::set_busy(false);
        if crate::watchdog::is_due() {
            inner.locked_up_at(ctx, place);
        } else if goes_on {
            return;
        }
        if inner.found.is_some() {
            self.end_of(ctx);
        }
        let marked = inner.ctxs[ctx].may_race();
        inner.ctxs[ctx].in_parts = size > 8;
        for s in crate::plain::steps_of(addr, size, write, marked, place) {
            // SAFETY: as in `stepping`; the reference from before the last park is not used any more.
            unsafe { (*self.state()).announce(ctx, &s, None, false) };
            self.park(ctx);
        }
        // SAFETY: as above.
        unsafe { (&mut (*self.state()).ctxs)[ctx].in_parts = false };
    }

    fn object_made(&self, addr: usize, size: usize, place: Place, name: &'static str) {
        let Some((inner, ctx)) = self.stepping() else { return };
        inner.object_made(ctx, addr, size, place, name);
    }

    fn frame_begins(&self, sp: usize, place: Place) {
        let Some((inner, ctx)) = self.stepping() else { return };
        if inner.stack_is_short(ctx, sp, place) {
            self.end_of(ctx);
        }
        inner.ctxs[ctx].frames.push(sp);
    }

    fn frame_ends(&self) {
        let Some((inner, ctx)) = self.stepping() else { return };
        inner.frame_ends(ctx);
    }

    fn data_race(&self, begins: bool) {
        let Some((inner, ctx)) = self.stepping() else { return };
        let n = &mut inner.ctxs[ctx].marked;
        *n = if begins { *n + 1 } else { n.saturating_sub(1) };
    }

    fn abandon(&self) -> ! {
        // SAFETY: as in `stepping`; a panic has silenced the machine.
        let inner = unsafe { &mut *self.state() };
        let ctx = inner.running.expect("only a running context is abandoned");
        inner.ctxs[ctx].quits = inner.found.is_none();
        self.end_of(ctx)
    }

    fn alive(&self, addr: usize) -> bool {
        // SAFETY: as in `stepping`.
        let inner = unsafe { &*self.state() };
        inner.object_at(addr).is_none_or(|(_, o)| o.died.is_none())
            && !inner.fallen.iter().any(|f| (f.addr..f.addr + f.size).contains(&addr))
    }

    fn at_end(&self, look: fn() -> Option<Left>) {
        // SAFETY: as in `stepping`.
        let inner = unsafe { &mut *self.state() };
        inner.looks.push(look);
    }

    fn settled_address(&self, addr: usize) -> u64 {
        // SAFETY: as in `stepping`.
        let inner = unsafe { &*self.state() };
        inner.settled_address(addr).unwrap_or(addr as u64)
    }

    fn section_edge(&self, kind: Section, begins: bool) {
        self.edge(EdgeKind::Section { kind, begins });
    }

    fn irq_edge(&self, off: bool) {
        self.edge(if off { EdgeKind::Mask } else { EdgeKind::Unmask });
    }

    fn fence(&self, acquire: bool, release: bool) {
        self.edge(EdgeKind::Fence { acquire, release });
    }

    fn order(&self, addr: usize, acquire: bool, release: bool) {
        let Some((inner, _)) = self.stepping() else { return };
        let slot = inner.slots.of(addr);
        self.edge(EdgeKind::Order { slot, acquire, release });
    }

    fn clock_forced(&self, cpu: u32, deadline_ns: Option<u64>, entry: fn(u32), word: usize) {
        // SAFETY: as in `stepping`.
        let inner = unsafe { &mut *self.state() };
        let base = inner.forced[cpu as usize].map_or(inner.last_event(), |c| c.base);
        inner.forced[cpu as usize] = deadline_ns.map(|deadline_ns| Clock { deadline_ns, entry, base, word });
    }

    fn serves_program(&self, on: bool) {
        let Some((inner, ctx)) = self.stepping() else { return };
        if let Kind::Task { system, .. } = &mut inner.ctxs[ctx].kind {
            *system = !on;
        }
    }

    fn lock_owner(&self, addr: usize, held: bool, place: Place) {
        let Some((inner, ctx)) = self.stepping() else { return };
        if held {
            // What runs is noted so, too: it is no lock.
            let runs =
                matches!(inner.ctxs[ctx].pend.op, Op::TaskletRun | Op::TaskletDisable | Op::TaskletKill | Op::WorkRun);
            inner.owners.push((addr, ctx, place, !runs));
        } else if let Some(n) = inner.owners.iter().rposition(|o| (o.0, o.1) == (addr, ctx)) {
            inner.owners.remove(n);
        } else if let Some(n) = inner.owners.iter().rposition(|o| o.0 == addr) {
            // Another's, which of several does not matter to the lock.
            inner.owners.remove(n);
        }
    }

    fn lock_held(&self, addr: usize) -> Option<bool> {
        let (inner, ctx) = self.stepping()?;
        Some(inner.owners.iter().any(|o| (o.0, o.1) == (addr, ctx)))
    }

    fn lock_holder(&self, addr: usize) -> Option<Place> {
        let (inner, _) = self.stepping()?;
        inner.owners.iter().rev().find(|o| o.0 == addr).map(|o| o.2)
    }

    fn task_returns(&self, place: Place) {
        let Some((inner, ctx)) = self.stepping() else { return };
        let Some(&(addr, _, taken, _)) = inner.owners.iter().rev().find(|o| o.1 == ctx && o.3) else { return };
        let slot = inner.slots.of(addr);
        let message = format!("{} ends while it holds {}", inner.describe(ctx), inner.lock_name(slot));
        self.report(&Finding { code: "unbalanced-context", message: &message, place, other: Some(taken) });
    }

    fn mortal(&self, addr: usize) -> bool {
        // SAFETY: as in `stepping`.
        let inner = unsafe { &*self.state() };
        inner.object_at(addr).is_some()
    }

    fn seq_section(&self, addr: usize, begins: bool) {
        let Some((inner, ctx)) = self.stepping() else { return };
        let sections = &mut inner.ctxs[ctx].seq_sections;
        sections.retain(|s| *s != addr);
        if begins {
            sections.push(addr);
        }
    }
}

/// Whether a step is an access to plain memory, marked or not: what a C compiler makes of an expression.
pub(crate) fn is_memory(op: Op) -> bool {
    use Op::{AtomicRead, AtomicRmw, AtomicSet, Cmpxchg, PlainRead, PlainWrite, ReadOnce, WriteOnce};
    matches!(op, AtomicRead | AtomicSet | AtomicRmw | Cmpxchg | PlainRead | PlainWrite | ReadOnce | WriteOnce)
}

/// Whether an address lies in the executable's own writable data.
fn in_image(addr: usize) -> bool {
    unsafe extern "C" {
        static __data_start: u8;
        static _end: u8;
    }
    let (start, end) = (&raw const __data_start as usize, &raw const _end as usize);
    (start..end).contains(&addr)
}

/// An event with nothing filled in but who and what.
pub(crate) fn blank(proc: u16, op: Op) -> Event {
    Event {
        label: Label { proc, variant: 0 },
        who: 0,
        idx: 0,
        cpu: 0,
        level: Level::Task,
        op,
        acc: [Access::NONE; 3],
        cond: None,
        old: 0,
        history: 0,
        base: NO_EVENT,
        joins: None,
        after_all: false,
        atomic: false,
        irq_open: false,
        task_open: false,
        open_after: false,
        fails: false,
        spins_after: false,
        sync: Sync::default(),
        ways: 1,
        rmw: false,
        enters: false,
        place: None,
    }
}

impl Inner {
    pub fn last_event(&self) -> u32 {
        (self.events.len() as u32).checked_sub(1).unwrap_or(NO_EVENT)
    }

    /// The memory object that an address lies in.
    /// A lock in the memory object that begins at `addr`, if it is alive and somebody holds the lock: that in words, and since
    /// where.
    fn held_in(&mut self, addr: usize) -> Option<(String, Place)> {
        let object = self.objects.get(&addr).copied().filter(|o| o.died.is_none())?;
        let running = self.running?;
        // What another one holds there is found when that one uses it.
        let mut locks = self.owners.iter().rev().filter(|o| o.3 && o.1 == running);
        let &(at, ctx, place, _) = locks.find(|o| (addr..addr + object.size).contains(&o.0))?;
        let slot = self.slots.of(at);
        let lock = self.lock_name(slot);
        Some((format!("kfree() of {} while {} holds {lock} in it", object.name, self.describe(ctx)), place))
    }

    fn lock_name(&self, slot: Slot) -> String {
        let named = self.record.as_ref().map(|r| r.object(slot)).unwrap_or_default();
        if named.is_empty() { "a lock".to_owned() } else { named }
    }

    pub fn object_at(&self, addr: usize) -> Option<(usize, Object)> {
        if self.objects.is_empty() {
            return None;
        }
        let (start, o) = self.objects.range(..=addr).next_back()?;
        (addr < start + o.size.max(1)).then_some((*start, *o))
    }

    fn announce(&mut self, ctx: usize, step: &Step, cond: Option<Cond>, sleeps: bool) {
        if in_image(step.addr) && self.found.is_none() {
            self.found = Some(Found {
                code: "panic",
                message: format!(
                    "{} touches a plain static, which would survive executions; declare it in ringzero::global!",
                    step.op.name()
                ),
                place: Some(step.place),
                other: step.class,
                notes: Vec::new(),
            });
        }
        let access = |slots: &mut crate::slots::Slots, addr: usize, write: bool| match addr {
            0 => Access::NONE,
            _ => Access { slot: slots.of(addr), write },
        };
        let writes = matches!(step.mode, Mode::Write | Mode::Rmw);
        let first = match step.mode {
            Mode::None => Access::NONE,
            _ => access(&mut self.slots, step.addr, writes),
        };
        let second = access(&mut self.slots, step.also, step.also_write);
        let (first, second) = match (self.cfg.c && is_memory(step.op)).then(|| self.words(step, writes)) {
            Some(words) if step.also == 0 => words,
            // One word of memory, and another object.
            Some((first, _)) => (first, second),
            None => (first, second),
        };
        let third = match self.object_at(step.addr) {
            Some((start, _)) => Access { slot: self.slots.liveness(start), write: step.op == Op::Kfree },
            None => Access::NONE,
        };
        if !self.fallen.is_empty()
            && let Some(found) = self.dead_on_stack(step.addr, usize::from(step.size), step.place)
        {
            self.found.get_or_insert(found);
        }
        if let Some(mut rec) = self.record.take() {
            rec.name_object(first.slot, step, || self.symbol(step));
            self.record = Some(rec);
        }
        let model = self.cfg.preempt;
        let place = if is_memory(step.op) { self.one_place(step.place) } else { step.place };
        let c = &mut self.ctxs[ctx];
        let block = &self.cpus[c.cpu.unwrap_or(0)];
        let closed = block.preempt_count.get() != 0 || block.irq.get().masked;
        let closes = matches!(step.op, Op::PreemptDisable | Op::LocalIrqDisable | Op::LocalBhDisable);
        let yields = crate::run::yields(step.op) || sleeps;
        let atomic = c.is_task() && (closed || closes || (model != PreemptModel::Full && !yields));
        c.pend = Event {
            acc: [first, second, third],
            cond: cond.map(|c| (c.test, c.arg)),
            history: c.history,
            idx: c.idx,
            atomic,
            rmw: step.mode == Mode::Rmw,
            level: c.pend.level,
            who: c.pend.who,
            sync: Sync { plain: step.plain, acquire: step.acquire, release: step.release },
            place: Some(place),
            ..blank(c.proc, step.op)
        };
        self.plain_seen |= step.plain;
        c.pend_addr = if step.mode == Mode::None { 0 } else { step.addr };
        c.pend_size = step.size;
        c.pend_reads = !matches!(step.mode, Mode::Write | Mode::None);
        c.cond = cond;
        c.sleeps = sleeps;
        c.joins = None;
    }

    /// One place for all copies that the compiler made of a line: the search knows a loop by its place.
    fn one_place(&mut self, place: Place) -> Place {
        let Some((map, offset)) = self.map.as_ref().zip(place.offset()) else { return place };
        let one = *self.one_places.entry(offset).or_insert_with(|| map.one_of(offset));
        Place::code(one)
    }

    /// The accesses of a step of C code to memory: its words of four bytes, so that accesses of different sizes meet.
    fn words(&mut self, step: &Step, write: bool) -> (Access, Access) {
        if step.mode == Mode::None {
            return (Access::NONE, Access::NONE);
        }
        let word = step.addr & !3;
        let first = Access { slot: self.slots.of(word), write };
        let longer = step.addr + usize::from(step.size) > word + 4;
        let second = if longer { Access { slot: self.slots.of(word + 4), write } } else { Access::NONE };
        (first, second)
    }

    /// Creates a context; its first step is its start.
    pub fn new_ctx(&mut self, name: ProcName, kind: Kind, text: &'static str, created: Option<Place>) -> usize {
        let proc = self.procs.number(name);
        let mut pend = blank(proc, Op::TaskStart);
        pend.place = created;
        pend.who = self.procs.stable_hash(proc);
        pend.atomic = self.cfg.preempt != PreemptModel::Full;
        let index = self.ctxs.len();
        self.ctxs.push(Ctx::new(proc, kind, text, pend));
        self.live.push(index);
        index
    }

    /// Creates a task's context and its coroutine.
    pub fn new_task(
        &mut self,
        name: ProcName,
        kind: Kind,
        text: &'static str,
        created: Option<Place>,
        entry: unsafe fn(*mut ()),
        data: *mut (),
    ) -> usize {
        let index = self.new_ctx(name, kind, text, created);
        let base = self.last_event();
        let c = &mut self.ctxs[index];
        c.base = base;
        c.pend.base = base;
        // SAFETY: who spawned the task promises that `entry` may be called once with `data`.
        self.start(index, move || unsafe { entry(data) });
        index
    }

    /// Gives a context its coroutine, which runs `body`.
    pub fn start(&mut self, index: usize, body: impl FnOnce() + 'static) {
        let stack = self.stack();
        self.ctxs[index].stack = (stack.limit().get(), stack.base().get());
        let inner: *mut Inner = self;
        self.ctxs[index].co = Some(crate::ctx::Co::with_stack(stack, move |yielder, ()| {
            // SAFETY: the machine's state outlives its coroutines; only this context runs now.
            unsafe { (&mut (*inner).ctxs)[index].yielder = yielder };
            match catch_unwind(AssertUnwindSafe(body)) {
                Ok(()) => Outcome::Returned,
                Err(_) => Outcome::Panicked,
            }
        }));
    }

    /// Runs a context until it announces its next step, relaxes or ends.
    pub fn resume(&mut self, index: usize) -> Option<Outcome> {
        let cpu = self.ctxs[index].cpu.unwrap_or(0);
        let mut co = self.ctxs[index].co.take().expect("a context that runs has its coroutine");
        self.running = Some(index);
        PANICKED.set(Some(self));
        let block: *const Cpu = &raw const self.cpus[cpu];
        // SAFETY: the block outlives the installation; the machine stays the same one.
        unsafe { ringzero_machine::install(Some(block), ringzero_machine::machine()) };
        self.cpus[cpu].caller.set(0);
        self.pulse.enter(&co);
        let result = co.resume(());
        self.pulse.leave();
        PANICKED.set(None);
        self.running = None;
        self.ctxs[index].co = Some(co);
        match result {
            // What is on its stack is forgotten.
            corosensei::CoroutineResult::Yield(()) => self.ctxs[index].quits.then_some(Outcome::Returned),
            corosensei::CoroutineResult::Return(o) => Some(o),
        }
    }

    /// Notes what a read of a wait loop's round saw.
    pub fn note_round(&mut self, index: usize, event: &Event) {
        let c = &mut self.ctxs[index];
        if event.acc[0].slot == NO_SLOT {
            return;
        }
        if (event.acc[0].write && !event.rmw) || event.cond.is_some() {
            c.round.clear();
            c.round_stays = false;
            c.relax_place = None;
            return;
        }
        if event.op == Op::TimerArm {
            // A loop that polls with a time-out lets time pass: that has happened, but nothing is waited for there.
            c.round_stays = true;
            return;
        }
        let (addr, size) = (c.pend_addr, c.pend_size);
        // Not the event's: that says what a pointer points into.
        let value = c.pend_value();
        c.round.push(Watch { addr, size, value, event: *event });
    }
}
