//! The machine's state, and how an execution begins and ends.

use crate::arena::Arena;
use crate::config::{Config, Found, Outcome};
use crate::ctx::{Co, Ctx};
use crate::plain::{OnStack, Touches};
use crate::procs::{ProcName, Procs, SharedProcs};
use crate::record::Recording;
use crate::slots::Slots;
use crate::watchdog::Pulse;
use corosensei::stack::DefaultStack;
use ringzero_machine::{CodeMap, Cpu, Left, LineSpec, Machine, Op, Place, Section};
use ringzero_trace::{End, Event, Scheduler};
use std::cell::UnsafeCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::atomic::AtomicU64;

const STACK: usize = 256 << 10;

/// The program's parts, as the model runs them.
pub type ProgramFns<'a> = &'a dyn Fn();

/// The program's exit function, and what it gets.
pub(crate) type ExitFn = (unsafe fn(*mut ()), *mut ());

/// An interrupt line.
pub(crate) struct Line {
    pub spec: LineSpec,
    pub removed: bool,
    pub active: bool,
    pub raised: u32,
    pub raised_base: u32,
}

/// An interrupt from another CPU.
#[derive(Clone, Copy)]
pub(crate) struct Ipi {
    pub entry: fn(u32),
    pub base: u32,
}

/// A CPU's clock event.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    pub deadline_ns: u64,
    pub entry: fn(u32),
    pub base: u32,
    pub word: usize,
}

/// A memory object with liveness.
#[derive(Clone, Copy)]
pub(crate) struct Object {
    pub size: usize,
    pub born: Place,
    pub died: Option<Place>,
    pub name: &'static str,
}

/// A change of what may interrupt, for the data-race detector.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    pub at: u32,
    pub ctx: usize,
    pub cpu: usize,
    pub kind: EdgeKind,
    /// How many touches came before it.
    pub touches: usize,
}

/// What such a change is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EdgeKind {
    /// Interrupts go off.
    Mask,
    /// Interrupts go on.
    Unmask,
    /// A fence.
    Fence { acquire: bool, release: bool },
    /// A section begins or ends.
    Section { kind: Section, begins: bool },
    /// The context creates a task.
    Spawn { child: usize },
    /// The context's last step also ordered memory through this object.
    Order { slot: u32, acquire: bool, release: bool },
}

pub(crate) struct Inner {
    pub cfg: Config,
    /// Never grows, so the blocks stay where they are.
    pub cpus: Vec<Cpu>,
    pub arena: Arena,
    pub procs: Procs,
    pub ctxs: Vec<Ctx>,
    pub live: Vec<usize>,
    pub stacks: Vec<Vec<usize>>,
    pub pool: Vec<DefaultStack>,
    pub running: Option<usize>,
    pub slots: Slots,
    pub events: Vec<Event>,
    pub picks: u32,
    pub lines: Vec<Line>,
    pub line_arrivals: Vec<u32>,
    pub ipis: Vec<Vec<Ipi>>,
    pub ipi_count: Vec<u32>,
    pub clocks: Vec<Option<Clock>>,
    pub tick_count: Vec<u32>,
    /// The event after which each CPU's clock was first programmed since its last tick.
    pub clock_bases: Vec<Option<u32>>,
    pub now_ns: u64,
    pub objects: BTreeMap<usize, Object>,
    pub plain_seen: bool,
    pub edges: Vec<Edge>,
    pub owners: Vec<(usize, usize, Place, bool)>,
    pub found: Option<Found>,
    pub silent: bool,
    pub exit: Option<ExitFn>,
    pub exit_ctx: Option<usize>,
    pub exit_done: bool,
    pub failures: u32,
    pub preempted: u32,
    /// A task has, or has had, a real-time priority.
    pub realtime: bool,
    /// A task that polls was made to give its CPU to another one.
    pub made_fair: bool,
    /// A task was sent to other CPUs.
    pub moved: bool,
    /// Who was ready, where, and how urgent, after the last step.
    pub standing: u64,
    pub enabled: Vec<Event>,
    pub enabled_ctx: Vec<usize>,
    pub arrivals: Vec<Event>,
    pub arrival_src: Vec<Source>,
    pub abandoned: u32,
    pub record: Option<Recording>,
    pub pulse: Pulse,
    pub anywhere: AtomicU64,
    pub first_task: bool,
    /// Something but the init task was created: a task, a line, a clock event.
    pub others: bool,
    pub touches: Touches,
    /// Objects on stacks whose frames are gone.
    pub fallen: Vec<OnStack>,
    /// A frame of C code has gone since it was last looked what was in it.
    pub frames_fell: bool,
    /// Places whose unmarked accesses raced although they were no steps.
    pub raced: Vec<usize>,
    /// Looks at what is left behind.
    pub looks: Vec<fn() -> Option<Left>>,
    /// What the loaded C module knows of its code and data.
    pub map: Option<Rc<dyn CodeMap>>,
    /// For each code offset the one that stands for its line.
    pub one_places: HashMap<usize, usize>,
    /// Its static data.
    pub statics: std::ops::Range<usize>,
    /// Clock events that come when nothing else can.
    pub forced: Vec<Option<Clock>>,
}

/// Where a candidate entry comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source {
    Line(usize),
    Ipi(usize),
    Tick(usize),
    Forced(usize),
}

/// A model machine. It runs one execution after another, all on the thread that made it.
pub struct Model {
    pub(crate) inner: UnsafeCell<Inner>,
}

impl Model {
    /// A machine at rest.
    ///
    /// # Panics
    /// With no or more than 16 CPUs, or when address space runs out.
    #[must_use]
    pub fn new(cfg: Config) -> Box<Self> {
        Self::with_procs(cfg, Procs::default())
    }

    /// A machine whose contexts have the same numbers as those of others with the same `shared`.
    ///
    /// # Panics
    /// As [`Model::new`].
    #[must_use]
    pub fn sharing(cfg: Config, shared: &SharedProcs) -> Box<Self> {
        Self::with_procs(cfg, Procs::of_shared(shared))
    }

    fn with_procs(cfg: Config, procs: Procs) -> Box<Self> {
        assert!((1..=16).contains(&cfg.cpus), "a model machine has 1 to 16 CPUs, not {}", cfg.cpus);
        crate::machine::install_panic_hook();
        let n = cfg.cpus;
        Box::new(Self {
            inner: UnsafeCell::new(Inner {
                cpus: (0..n).map(|i| Cpu::new(i as u32)).collect(),
                arena: Arena::new(n),
                procs,
                ctxs: Vec::new(),
                live: Vec::new(),
                stacks: vec![Vec::new(); n],
                pool: Vec::new(),
                running: None,
                slots: Slots::new(),
                events: Vec::new(),
                picks: 0,
                lines: Vec::new(),
                line_arrivals: Vec::new(),
                ipis: vec![Vec::new(); n],
                ipi_count: vec![0; n],
                clocks: vec![None; n],
                tick_count: vec![0; n],
                clock_bases: vec![None; n],
                now_ns: 0,
                objects: BTreeMap::new(),
                plain_seen: false,
                edges: Vec::new(),
                owners: Vec::new(),
                found: None,
                silent: false,
                exit: None,
                exit_ctx: None,
                exit_done: false,
                failures: 0,
                preempted: 0,
                realtime: false,
                made_fair: false,
                moved: false,
                standing: 0,
                enabled: Vec::new(),
                enabled_ctx: Vec::new(),
                arrivals: Vec::new(),
                arrival_src: Vec::new(),
                abandoned: 0,
                record: None,
                pulse: Pulse::new(cfg.lockup),
                anywhere: AtomicU64::new(u64::MAX),
                first_task: true,
                others: false,
                touches: Touches::new(),
                fallen: Vec::new(),
                frames_fell: false,
                raced: Vec::new(),
                looks: Vec::new(),
                forced: vec![None; n],
                map: None,
                one_places: HashMap::new(),
                statics: 0..0,
                cfg,
            }),
        })
    }

    /// Runs one execution: `boot` sets up the kernel instance and creates the init task, then `scheduler` decides.
    /// With `record`, the execution is described row by row.
    pub fn execute(
        &self,
        scheduler: &mut dyn Scheduler,
        boot: ProgramFns<'_>,
        record: bool,
    ) -> (Outcome, Option<Recording>) {
        // SAFETY: no context runs between executions, so nothing else refers to the state.
        let inner = unsafe { &mut *self.inner.get() };
        inner.reset(record);
        // SAFETY: the machine outlives the installation, which ends below; the arena's copies were just made.
        unsafe {
            // The lifetime is widened for the thread-local; it is taken away before this call returns.
            let machine: &'static dyn Machine = std::mem::transmute::<&dyn Machine, &'static dyn Machine>(self);
            ringzero_machine::install(Some(&raw const inner.cpus[0]), Some(machine));
            let (local, percpu, stride) = inner.arena.deltas();
            ringzero_machine::set_local_bases(local, percpu, stride);
            for (cpu, block) in inner.cpus.iter().enumerate() {
                block.percpu.set(percpu + stride * cpu as isize);
            }
        }
        boot();
        if inner.cfg.c {
            inner.map = ringzero_machine::code_map();
            inner.statics = inner.map.as_ref().map_or(0..0, |m| m.statics());
        }
        scheduler.begin();
        let end = self.run(scheduler);
        // SAFETY: as above; all contexts are suspended for good.
        let inner = unsafe { &mut *self.inner.get() };
        let pending = inner.pending();
        let end = inner.add_race(end);
        scheduler.finish(end, &inner.events, &pending);
        inner.abandon_contexts();
        // SAFETY: nothing of the execution runs any more.
        unsafe {
            ringzero_machine::install(None, None);
            ringzero_machine::set_local_bases(0, 0, 0);
        }
        let outcome = Outcome {
            end,
            found: inner.found.take(),
            steps: inner.events.len() as u32,
            visible: inner.cfg.c || inner.events.iter().any(|e| !matches!(e.op, Op::TaskStart | Op::ModuleExit)),
            abandoned: inner.abandoned,
            racing: std::mem::take(&mut inner.raced),
            plain: inner.realtime || inner.made_fair || inner.moved,
            made_fair: inner.made_fair,
        };
        (outcome, inner.record.take())
    }

    /// The machine's configuration.
    pub fn config(&self) -> Config {
        // SAFETY: called between executions, on the machine's thread (`Model` is not `Sync`).
        unsafe { (*self.inner.get()).cfg.clone() }
    }
}

impl Inner {
    fn reset(&mut self, record: bool) {
        self.arena.reset();
        for c in &self.cpus {
            c.reset();
        }
        self.slots.reset();
        self.events.clear();
        self.picks = 0;
        self.lines.clear();
        self.line_arrivals.clear();
        for q in &mut self.ipis {
            q.clear();
        }
        self.ipi_count.fill(0);
        self.clocks.fill(None);
        self.tick_count.fill(0);
        self.clock_bases.fill(None);
        self.now_ns = 0;
        self.objects.clear();
        self.plain_seen = false;
        self.edges.clear();
        self.owners.clear();
        self.found = None;
        self.silent = false;
        self.exit = None;
        self.exit_ctx = None;
        self.exit_done = false;
        self.failures = 0;
        self.preempted = 0;
        self.realtime = false;
        self.made_fair = false;
        self.moved = false;
        self.standing = 0;
        self.abandoned = 0;
        self.first_task = true;
        self.others = false;
        self.touches.reset();
        self.fallen.clear();
        self.frames_fell = false;
        self.raced.clear();
        self.looks.clear();
        self.forced.fill(None);
        self.record = record.then(Recording::default);
    }

    /// The next steps of all unfinished contexts that are not the system's own; one that has not started has step 0.
    fn pending(&mut self) -> Vec<Event> {
        let ipis: Vec<Event> = (0..self.cfg.cpus).filter_map(|cpu| self.ipi_event(cpu)).collect();
        let live = self.live.iter().map(|&i| &self.ctxs[i]);
        live.filter(|c| !c.done && !c.is_system() && (c.idx > 0 || !c.is_exit()))
            .map(|c| {
                let mut e = c.pend;
                let former = self.events.get(c.last_event as usize).map_or(0, |e| usize::from(e.cpu));
                let cpu = c.cpu.or_else(|| c.only_cpu()).unwrap_or(former);
                e.cpu = cpu as u8;
                e.label.variant = e.cpu;
                e.old = c.pend_value();
                e
            })
            .chain(ipis)
            .collect()
    }

    /// A data race on the way comes before whatever else the execution ended with.
    fn add_race(&mut self, end: End) -> End {
        let Some((at, found)) = self.data_race() else { return end };
        self.found = Some(found);
        if let Some(rec) = &mut self.record {
            rec.rows.truncate(at + 1);
        }
        End::Violated { stuck: false }
    }

    fn abandon_contexts(&mut self) {
        for i in 0..self.ctxs.len() {
            if let Some(co) = self.ctxs[i].co.take() {
                if !co.done() && co.started() {
                    self.abandoned += 1;
                }
                self.recycle(co);
            }
        }
        self.ctxs.clear();
        self.live.clear();
        for s in &mut self.stacks {
            s.clear();
        }
        self.running = None;
    }

    /// Takes a coroutine's stack back; what is on it is forgotten, not dropped.
    pub fn recycle(&mut self, mut co: Co) {
        if !co.done() {
            // SAFETY: an abandoned execution's frames are never returned to; leaving their values undropped is
            // what "switching away" means (crate invariant 5).
            unsafe { co.force_reset() };
        }
        if self.pool.len() < 64 {
            self.pool.push(co.into_stack());
        }
    }

    pub fn stack(&mut self) -> DefaultStack {
        self.pool.pop().unwrap_or_else(|| DefaultStack::new(STACK).expect("memory for a context's stack"))
    }

    /// The task name of the next child of the running context.
    pub fn child_name(&mut self) -> ProcName {
        match self.running {
            Some(i) => {
                let c = &mut self.ctxs[i];
                let n = c.children;
                c.children += 1;
                ProcName::Task { parent: c.proc, n }
            }
            None if self.first_task => {
                self.first_task = false;
                ProcName::Init
            }
            None => ProcName::Task { parent: u16::MAX, n: self.ctxs.len() as u32 },
        }
    }
}
