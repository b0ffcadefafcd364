//! A machine with one CPU that records what is announced, and runs tasks when they are joined.

use ringzero_machine::{
    Cond, Cpu, Finding, Limits, LineSpec, Machine, Mode, Place, PreemptModel, Step, TaskSpec, WaitKind, install,
    local_template, percpu_template, set_local_bases,
};
use std::alloc::{Layout, alloc_zeroed};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ptr;

/// What the rest of the world does when the only context waits.
type Other = Box<dyn FnOnce()>;

/// See the module.
#[derive(Default)]
pub struct Recorder {
    log: RefCell<Vec<String>>,
    tasks: RefCell<Vec<Option<TaskSpec>>>,
    others: RefCell<VecDeque<Other>>,
    fine: Cell<bool>,
    model: Cell<PreemptModel>,
    cpu: Option<&'static Cpu>,
}

fn copy_of((start, len): (*const u8, usize)) -> isize {
    let layout = Layout::from_size_align(len + 64, 64).unwrap();
    // SAFETY: the layout is not empty; the template is readable, and the copy has its alignment up to 64.
    unsafe {
        let copy = alloc_zeroed(layout).add(start as usize % 64);
        ptr::copy_nonoverlapping(start, copy, len);
        (copy as isize).wrapping_sub(start as isize)
    }
}

/// Boots a machine of this thread's own, with the hooks installed.
pub fn boot() -> &'static Recorder {
    let cpu: &'static Cpu = Box::leak(Box::new(Cpu::new(0)));
    let recorder: &'static Recorder = Box::leak(Box::new(Recorder { cpu: Some(cpu), ..Recorder::default() }));
    // SAFETY: everything is leaked, and used by this thread only.
    unsafe {
        let percpu = copy_of(percpu_template());
        set_local_bases(copy_of(local_template()), percpu, 0);
        cpu.percpu.set(percpu);
        install(Some(cpu), Some(recorder));
    }
    ringzero_softirq::init();
    ringzero_sched::init();
    recorder
}

impl Recorder {
    /// What was announced since the last call: `op mode`, with `+` if a second object was touched, `*` if it waited.
    pub fn log(&self) -> Vec<String> {
        self.log.take()
    }

    /// Sets the granularity.
    pub fn set_fine(&self, fine: bool) {
        self.fine.set(fine);
    }

    /// Sets the preemption model.
    pub fn set_model(&self, model: PreemptModel) {
        self.model.set(model);
    }

    /// At the next wait whose condition does not hold, `other` happens.
    pub fn meanwhile(&self, other: impl FnOnce() + 'static) {
        self.others.borrow_mut().push_back(Box::new(other));
    }

    /// The task that was created as number `number`.
    pub fn spec(&self, number: u32) -> TaskSpec {
        self.tasks.borrow()[number as usize].expect("a task that has not run yet")
    }

    /// Makes `task` the running one.
    pub fn become_task(&self, task: *const ()) {
        self.cpu.unwrap().current.set(task);
    }

    /// Runs a created task to its end, as another context would.
    pub fn run(&self, number: u32) {
        let Some(spec) = self.tasks.borrow_mut()[number as usize].take() else { return };
        let cpu = self.cpu.unwrap();
        let (before, count) = (cpu.current.replace(spec.data), cpu.preempt_count.replace(0));
        let irq = cpu.irq.take();
        // SAFETY: the spec is from `Task::spec`, and is run once.
        unsafe { (spec.entry)(spec.data) };
        cpu.current.set(before);
        cpu.preempt_count.set(count);
        cpu.irq.set(irq);
    }

    fn note(&self, step: &Step, mark: &str) {
        let also = if step.also != 0 { "+" } else { "" };
        let mode = match step.mode {
            Mode::None => "gate",
            Mode::Read => "r",
            Mode::Write => "w",
            Mode::Rmw => "rw",
        };
        self.log.borrow_mut().push(format!("{} {mode}{also}{mark}", step.op.name()));
    }
}

impl Machine for Recorder {
    fn step(&self, step: &Step) {
        self.note(step, "");
    }
    fn wait(&self, step: &Step, cond: Cond, _: WaitKind) {
        self.note(step, if cond.holds() { "" } else { "*" });
        while !cond.holds() {
            let other = self.others.borrow_mut().pop_front();
            other.unwrap_or_else(|| panic!("{} waits for ever", step.op.name()))();
        }
    }
    fn report(&self, finding: &Finding<'_>) -> ! {
        panic!("{}: {}", finding.code, finding.message)
    }
    fn fine(&self) -> bool {
        self.fine.get()
    }
    fn preempt_model(&self) -> PreemptModel {
        self.model.get()
    }
    fn nr_cpus(&self) -> u32 {
        4
    }
    fn spawn(&self, spec: &TaskSpec) -> u32 {
        self.tasks.borrow_mut().push(Some(*spec));
        self.tasks.borrow().len() as u32 - 1
    }
    fn join(&self, number: u32, _: Place) {
        self.run(number);
    }
    fn irq_edge(&self, off: bool) {
        self.log.borrow_mut().push(if off { "(off)" } else { "(on)" }.into());
    }
    fn alloc(&self, size: usize, align: usize) -> *mut u8 {
        // SAFETY: kernel code never asks for nothing.
        unsafe { alloc_zeroed(Layout::from_size_align(size.max(1), align).unwrap()) }
    }
    fn lock_owner(&self, _: usize, _: bool, _: Place) {}
    fn log(&self, _: &str) {}
    fn relax(&self, _: Place) {}
    fn choose(&self, _: &Step, _: u32) -> u32 {
        0
    }
    fn limits(&self) -> Limits {
        Limits { expiries: 0, failures: 0 }
    }
    fn line_add(&self, _: &LineSpec) {}
    fn line_remove(&self, _: u32) {}
    fn line_raise(&self, _: u32) {}
    fn line_running_here(&self, _: u32) -> bool {
        false
    }
    fn clock_event(&self, _: u32, _: Option<u64>, _: fn(u32), _: usize) {}
    fn now_ns(&self) -> u64 {
        0
    }
    fn send_ipi(&self, _: u32, _: fn(u32)) {}
    fn object_born(&self, _: usize, _: usize, _: Place, _: &'static str) {}
    fn object_dies(&self, _: usize, _: Place) {}
    fn on_exit(&self, _: unsafe fn(*mut ()), _: *mut ()) {}
}
