//! The description of one execution, row by row: what the trace file and the report are made of.

use crate::boot::Inner;
use ringzero_machine::{Op, Place, Step};
use ringzero_trace::{Event, Label, NO_SLOT, Slot};
use std::collections::HashMap;

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// A step.
    Step,
    /// A constraint that was set (interrupts, bottom halves or preemption going off, a task's start).
    Gate,
    /// An interrupt enters.
    Enter,
    /// The pending step of a context that waits when nothing can run any more.
    Waits,
}

/// One row.
#[derive(Clone, Debug)]
pub struct Row {
    /// What it is.
    pub kind: RowKind,
    /// Which choice led to it.
    pub label: Label,
    /// The context, as a hash of its name.
    pub who: u64,
    /// The CPU, if the context has one.
    pub cpu: Option<usize>,
    /// The context, in words.
    pub context: String,
    /// Contexts beneath it on its CPU.
    pub depth: usize,
    /// Irqs-off, need-resched, context, preempt depth, before the step, as ftrace prints them.
    pub flags: String,
    /// What is done.
    pub op: Op,
    /// On what.
    pub object: String,
    /// Number of the object in this execution.
    pub slot: Slot,
    /// Where.
    pub place: Option<Place>,
    /// The word's value before the step.
    pub old: u64,
    /// Whether it writes.
    pub writes: bool,
}

/// A line that the program logged.
#[derive(Clone, Debug)]
pub struct LogLine {
    /// After how many rows.
    pub after: usize,
    /// The text.
    pub text: String,
}

/// A whole execution.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    /// Its rows.
    pub rows: Vec<Row>,
    /// Its log.
    pub log: Vec<LogLine>,
    names: HashMap<Slot, Name>,
}

#[derive(Clone, Debug)]
struct Name {
    /// What it is called in the program: a static of the module, or where it was allocated.
    symbol: Option<String>,
    name: Option<&'static str>,
    class: Option<Place>,
    first: Place,
    op: Op,
}

impl Recording {
    /// Remembers how an object is called.
    pub(crate) fn name_object(&mut self, slot: Slot, step: &Step, symbol: impl FnOnce() -> Option<String>) {
        if slot == NO_SLOT {
            return;
        }
        let first = |symbol| Name { symbol, name: None, class: None, first: step.place, op: step.op };
        let n = self.names.entry(slot).or_insert_with(|| first(symbol()));
        n.name = n.name.or(step.name);
        n.class = n.class.or(step.class);
    }

    pub(crate) fn object(&self, slot: Slot) -> String {
        match self.names.get(&slot) {
            Some(Name { symbol: Some(s), .. }) => s.clone(),
            Some(Name { name: Some(n), .. }) => (*n).to_owned(),
            Some(Name { class: Some(c), op, .. }) => format!("{} made at {}:{}", noun(*op), short(c.file()), c.line()),
            Some(Name { first, op, .. }) => format!("{} at {}:{}", noun(*op), short(first.file()), first.line()),
            None => String::new(),
        }
    }
}

fn noun(op: Op) -> &'static str {
    match op {
        Op::SpinLock | Op::SpinUnlock | Op::SpinTrylock | Op::SpinIsLocked | Op::SpinUnlockWait => "lock",
        Op::PlainRead | Op::PlainWrite => "plain data",
        Op::Schedule | Op::Yield | Op::WakeUpProcess | Op::SetCurrentState => "task state",
        Op::WaitqueueAdd | Op::WaitqueueRemove | Op::WakeUp => "wait queue",
        Op::TimerArm | Op::TimerDelete | Op::TimerExpire | Op::TimerDone | Op::TimerWait | Op::TimerPending => "timer",
        Op::Kmalloc | Op::Kfree => "memory",
        Op::RequestIrq | Op::FreeIrq | Op::DisableIrq | Op::EnableIrq | Op::SynchronizeIrq | Op::HardirqExit => {
            "irq line"
        }
        _ => "atomic",
    }
}

fn short(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Keeps a panic's location, which is static although its type does not say so.
pub(crate) fn leak_place(l: &std::panic::Location<'_>) -> Place {
    // SAFETY: `Location::caller` and the panic machinery only ever hand out locations in read-only statics.
    Place::of(unsafe { std::mem::transmute::<&std::panic::Location<'_>, &'static std::panic::Location<'static>>(l) })
}

impl Inner {
    /// What C code calls the object at an address, if it has a name there.
    pub(crate) fn symbol(&self, step: &Step) -> Option<String> {
        let symbol = ringzero_machine::code_map()?.object(step.addr);
        symbol.or_else(|| {
            // A lock or a timer has the name that it was initialised with.
            let (start, o) = self.object_at(step.addr).filter(|_| step.name.is_none() && step.class.is_none())?;
            let offset = match step.addr - start {
                0 => String::new(),
                n => format!("+{n:#x}"),
            };
            Some(format!("{} at {}:{}{offset}", o.name, short(o.born.file()), o.born.line()))
        })
    }

    /// An object in words.
    pub(crate) fn object_name(&self, slot: Slot) -> String {
        let named = self.record.as_ref().map(|r| r.object(slot)).unwrap_or_default();
        if named.is_empty() { "what it waits for".to_owned() } else { named }
    }

    /// As ftrace prints it: irqs-off, need-resched, context, preempt depth.
    fn flags(&self, ctx: usize, cpu: usize) -> String {
        let block = &self.cpus[cpu];
        let count = block.preempt_count.get();
        let irqs = if block.irq.get().masked { 'd' } else { '.' };
        let resched = if block.need_resched.get() { 'N' } else { '.' };
        let hard = count & 0x07ff_0000 != 0 || (!self.ctxs[ctx].is_task() && count & 0xff00 == 0);
        let context = match (hard, count & 0x0100 != 0) {
            (true, true) => 'H',
            (true, false) => 'h',
            (false, true) => 's',
            (false, false) if count & 0xfe00 != 0 => 'b',
            _ => '.',
        };
        let depth = match count & 0xff {
            0 => ".".to_owned(),
            n => n.to_string(),
        };
        format!("{irqs}{resched}{context}{depth}")
    }

    pub(crate) fn record_step(&mut self, ctx: usize, event: &Event) {
        if self.record.is_none() {
            return;
        }
        let cpu = usize::from(event.cpu);
        let kind = match (event.enters, event.in_class()) {
            (true, _) => RowKind::Enter,
            (_, true) => RowKind::Step,
            _ => RowKind::Gate,
        };
        let row = self.row(ctx, event, kind, Some(cpu));
        if let Some(rec) = &mut self.record {
            rec.rows.push(row);
        }
    }

    /// A step that will not be taken: what it is to do was found before.
    pub(crate) fn record_announced(&mut self, ctx: usize) {
        let row = self.record.is_some().then(|| self.row(ctx, &self.ctxs[ctx].pend, RowKind::Step, self.ctxs[ctx].cpu));
        if let Some(rec) = &mut self.record {
            rec.rows.extend(row);
        }
    }

    fn row(&self, ctx: usize, event: &Event, kind: RowKind, cpu: Option<usize>) -> Row {
        let depth = cpu.map_or(0, |c| self.stacks[c].iter().position(|&x| x == ctx).unwrap_or(0));
        let object = match (&self.record, event.acc[0].slot) {
            (Some(rec), slot) if slot != NO_SLOT && !event.enters => rec.object(slot),
            _ => String::new(),
        };
        Row {
            kind,
            label: event.label,
            who: event.who,
            cpu,
            context: self.describe(ctx),
            depth,
            flags: cpu.map_or_else(|| "....".to_owned(), |c| self.flags(ctx, c)),
            op: event.op,
            object,
            slot: event.acc[0].slot,
            place: event.place,
            old: event.old,
            writes: event.acc[0].write,
        }
    }

    pub(crate) fn unrecord_step(&mut self) {
        if let Some(rec) = &mut self.record {
            rec.rows.pop();
        }
    }

    pub(crate) fn record_log(&mut self, text: &str) {
        if let Some(rec) = &mut self.record {
            let after = rec.rows.len();
            rec.log.push(LogLine { after, text: text.to_owned() });
        }
    }

    /// Adds the pending steps of all that waits.
    pub(crate) fn record_waits(&mut self) {
        if self.record.is_none() {
            return;
        }
        let waiting: Vec<usize> = self
            .live
            .iter()
            .copied()
            .filter(|&i| {
                let c = &self.ctxs[i];
                !c.done && !c.is_system() && c.idx > 0 && (c.relaxing || !c.ready(&self.ctxs))
            })
            .collect();
        for i in waiting {
            let c = &self.ctxs[i];
            let mut pend = c.pend;
            if c.relaxing {
                pend.place = c.relax_place.or(pend.place);
            }
            let row = self.row(i, &pend, RowKind::Waits, c.cpu);
            if let Some(rec) = &mut self.record {
                rec.rows.push(row);
            }
        }
    }
}
