//! Mini programs: contexts as lists of operations, straight on the machine's contract. The search is checked with
//! them against brute force, without any kernel code in between.

use ringzero_machine::{
    ArrivalSource, Cond, LineSpec, Mode, Op, Place, Priority, Step, TaskSpec, WaitKind, cpu, gate, machine,
    machine_local, step, wait,
};
use ringzero_model::{Config, Model};
use ringzero_strategies::{Brute, Exhaustive};
use ringzero_trace::{End, Scheduler};
use std::cell::Cell;
use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// One operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Do {
    /// Writes variable `n`.
    W(usize),
    /// Reads variable `n`.
    R(usize),
    /// Reads variable `n` and writes `m` only if it was not 0.
    IfW(usize, usize),
    /// Interrupts off.
    Off,
    /// Interrupts on.
    On,
    /// Preemption off.
    PreOff,
    /// Preemption on.
    PreOn,
    /// Takes lock `n` (preemption off).
    Lock(usize),
    /// Releases it.
    Unlock(usize),
    /// Waits, spinning, until variable `n` is not 0.
    Until(usize),
}

/// A context.
#[derive(Clone, Debug)]
pub struct Body {
    /// Its CPU.
    pub cpu: u32,
    /// Whether it is an interrupt handler.
    pub irq: bool,
    /// What it does.
    pub ops: Vec<Do>,
}

/// A task on a CPU.
#[must_use]
pub fn task(cpu: u32, ops: &[Do]) -> Body {
    Body { cpu, irq: false, ops: ops.to_vec() }
}

/// A handler on a CPU.
#[must_use]
pub fn irq(cpu: u32, ops: &[Do]) -> Body {
    Body { cpu, irq: true, ops: ops.to_vec() }
}

struct Words {
    vars: [AtomicU32; 8],
    locks: [AtomicU32; 8],
    states: [AtomicU32; 8],
    busy: [AtomicU32; 8],
    cpus: [AtomicU64; 16],
    program: Cell<*const Vec<Body>>,
}

machine_local! {
    static WORDS: Words = Words {
        vars: [const { AtomicU32::new(0) }; 8],
        locks: [const { AtomicU32::new(0) }; 8],
        states: [const { AtomicU32::new(1) }; 8],
        busy: [const { AtomicU32::new(0) }; 8],
        cpus: [const { AtomicU64::new(0) }; 16],
        program: Cell::new(std::ptr::null()),
    };
    static RUNNING: AtomicU32 = AtomicU32::new(0);
}

#[track_caller]
fn here() -> Place {
    Place::caller()
}

fn at(w: &AtomicU32) -> usize {
    std::ptr::from_ref(w) as usize
}

fn set_masked(masked: bool) {
    let mut s = cpu().irq.get();
    s.masked = masked;
    cpu().irq.set(s);
}

fn perform(d: Do) {
    let w = WORDS.get();
    match d {
        Do::W(n) => {
            step(&Step::new(Op::WriteOnce, Mode::Write, at(&w.vars[n]), 4, here()));
            w.vars[n].store(1, Ordering::Relaxed);
        }
        Do::R(n) => step(&Step::new(Op::ReadOnce, Mode::Read, at(&w.vars[n]), 4, here())),
        Do::IfW(n, m) => {
            step(&Step::new(Op::ReadOnce, Mode::Read, at(&w.vars[n]), 4, here()));
            if w.vars[n].load(Ordering::Relaxed) != 0 {
                perform(Do::W(m));
            }
        }
        Do::Off => {
            if !cpu().irq.get().masked {
                gate(Op::LocalIrqDisable, here());
                set_masked(true);
            }
        }
        Do::On => set_masked(false),
        Do::PreOff => {
            if cpu().preempt_count.get() == 0 {
                gate(Op::PreemptDisable, here());
            }
            cpu().preempt_count.set(cpu().preempt_count.get() + 1);
        }
        Do::PreOn => cpu().preempt_count.set(cpu().preempt_count.get() - 1),
        Do::Lock(n) => {
            perform(Do::PreOff);
            let s = Step::new(Op::SpinLock, Mode::Rmw, at(&w.locks[n]), 4, here());
            wait(&s, Cond::on(&w.locks[n], |v, _| v == 0, 0), WaitKind::Spin);
            w.locks[n].store(1, Ordering::Relaxed);
            machine().expect("on a machine").lock_owner(at(&w.locks[n]), true, here());
        }
        Do::Unlock(n) => {
            step(&Step::new(Op::SpinUnlock, Mode::Write, at(&w.locks[n]), 4, here()));
            w.locks[n].store(0, Ordering::Relaxed);
            machine().expect("on a machine").lock_owner(at(&w.locks[n]), false, here());
            perform(Do::PreOn);
        }
        Do::Until(n) => loop {
            step(&Step::new(Op::ReadOnce, Mode::Read, at(&w.vars[n]), 4, here()));
            if w.vars[n].load(Ordering::Relaxed) != 0 {
                break;
            }
            ringzero_machine::relax(here());
        },
    }
}

unsafe fn run_body(data: *mut ()) {
    // SAFETY: `boot` passes a pointer into the program, which outlives the execution.
    let body = unsafe { &*data.cast::<Body>() };
    for d in &body.ops {
        perform(*d);
    }
}

fn run_irq(line: u32) {
    let c = cpu();
    c.preempt_count.set(c.preempt_count.get() + 0x1_0000);
    // SAFETY: as in `run_body`; the line's number is the body's index.
    let body = unsafe { &(&*WORDS.get().program.get())[line as usize] };
    for d in &body.ops {
        perform(*d);
    }
    c.preempt_count.set(c.preempt_count.get() - 0x1_0000);
}

/// Boots a program.
pub fn boot(program: &Vec<Body>) {
    let w = WORDS.get();
    let m = machine().expect("boot runs on a machine");
    w.program.set(program);
    for (n, b) in program.iter().enumerate() {
        w.cpus[n].store(1 << b.cpu, Ordering::Relaxed);
        if b.irq {
            m.line_add(&LineSpec {
                irq: n as u32,
                state: &raw const w.states[n],
                inprogress: &raw const w.busy[n],
                affinity: &raw const w.cpus[n],
                nmi: false,
                source: ArrivalSource::Device,
                entry: run_irq,
                name: "handler",
            });
        } else {
            m.spawn(&TaskSpec {
                entry: run_body,
                data: std::ptr::from_ref(b).cast_mut().cast(),
                allowed: &raw const w.cpus[n],
                state: RUNNING.get(),
                prio: Priority::ORDINARY,
                system: false,
                name: "task",
                place: here(),
            });
        }
    }
}

/// What a search saw.
#[derive(Debug, Default)]
pub struct Seen {
    /// Classes, each with a text of one execution that has it.
    pub classes: BTreeMap<u64, String>,
    /// Classes that ended stuck.
    pub stuck: u64,
    /// Runs that repeated a class or were abandoned.
    pub redundant: u64,
    /// Runs.
    pub runs: u64,
}

struct Tap<'a, S: Scheduler> {
    inner: &'a mut S,
    text: String,
    classes: ringzero_strategies::Classes,
    last: Option<u64>,
    stuck: bool,
}

impl<S: Scheduler> Scheduler for Tap<'_, S> {
    fn begin(&mut self) {
        self.inner.begin();
    }
    fn pick(&mut self, view: &ringzero_trace::View<'_>) -> ringzero_trace::Pick {
        self.inner.pick(view)
    }
    fn executed(&mut self, event: &ringzero_trace::Event) {
        self.inner.executed(event);
    }
    fn settled(&mut self, open: bool) {
        self.inner.settled(open);
    }
    fn vanished(&mut self) {
        self.inner.vanished();
    }

    fn kept(&mut self, steps: usize, fails: bool) {
        self.inner.kept(steps, fails);
    }
    fn finish(&mut self, end: End, events: &[ringzero_trace::Event], pending: &[ringzero_trace::Event]) {
        self.last = None;
        self.text.clear();
        if end != End::Abandoned {
            self.last = Some(self.classes.of(end, events, pending));
            self.stuck = end == (End::Violated { stuck: true });
        }
        if end != End::Abandoned || std::env::var_os("RINGZERO_SHOW").is_some() {
            for e in events {
                self.text.push_str(&format!("{}.{}{:?} ", e.label.proc, if e.enters { ">" } else { "" }, e.op));
                self.text.push_str(&format!("{:?} ", e.acc[0].slot as i32));
            }
        }
        self.inner.finish(end, events, pending);
    }
}

fn drive<S: Scheduler>(
    program: &Vec<Body>,
    cfg: &Config,
    search: &mut S,
    done: impl Fn(&S) -> bool,
    limit: u64,
) -> Seen {
    let model = Model::new(cfg.clone());
    let mut seen = Seen::default();
    let mut tap = Tap {
        inner: search,
        text: String::new(),
        classes: ringzero_strategies::Classes::default(),
        last: None,
        stuck: false,
    };
    while !done(tap.inner) && seen.runs < limit {
        let _ = model.execute(&mut tap, &|| boot(program), false);
        seen.runs += 1;
        if std::env::var_os("RINGZERO_SHOW").is_some() {
            println!("run {}: {:?} {}", seen.runs, tap.last, tap.text);
        }
        match tap.last {
            Some(c) if !seen.classes.contains_key(&c) => {
                seen.classes.insert(c, tap.text.clone());
                seen.stuck += u64::from(tap.stuck);
            }
            _ => seen.redundant += 1,
        }
    }
    seen
}

/// All classes, by the reduced search.
#[must_use]
pub fn reduced(program: &Vec<Body>, cfg: &Config) -> Seen {
    let mut s = Exhaustive::new();
    let seen = drive(program, cfg, &mut s, |s| s.exhausted, 2_000_000);
    assert!(!s.diverged, "the search lost its way in {program:?}");
    assert!(s.exhausted, "the search did not end");
    seen
}

/// All classes, by brute force; `None` if there are more than `limit` schedules.
#[must_use]
pub fn brute(program: &Vec<Body>, cfg: &Config, limit: u64) -> Option<Seen> {
    let mut s = Brute::default();
    let seen = drive(program, cfg, &mut s, |s| s.exhausted, limit);
    assert!(!s.diverged(), "brute force lost its way in {program:?}");
    s.exhausted.then_some(seen)
}

/// Classes of `b` that `a` lacks, as texts.
#[must_use]
pub fn missing(a: &Seen, b: &Seen) -> Vec<String> {
    let have: HashSet<&u64> = a.classes.keys().collect();
    b.classes.iter().filter(|(k, _)| !have.contains(k)).map(|(_, t)| t.clone()).collect()
}
