//! What runs on a model asks nothing of the machine of threads that the process has, too: such a machine would start its
//! CPUs, and what it makes for them would be a part of the program under check.

use ringzero_machine::{
    Cond, Finding, Limits, LineSpec, Machine, Place, PreemptModel, Priority, Step, TaskSpec, WaitKind, machine,
    machine_local, set_host,
};
use ringzero_model::{Config, Model};
use ringzero_softirq::{Tasklet, do_softirq};
use ringzero_strategies::{Replay, ReplayMode};
use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};

/// A machine that is never to be asked for anything.
struct Untouched;
static HOST: &(dyn Machine + Sync) = &Untouched;
static ASKED: AtomicBool = AtomicBool::new(false);

#[rustfmt::skip]
impl Machine for Untouched {
    fn service_cpu(&self) -> u32 { ASKED.store(true, Relaxed); 0 }

    fn step(&self, _: &Step) { unreachable!() }
    fn wait(&self, _: &Step, _: Cond, _: WaitKind) { unreachable!() }
    fn relax(&self, _: Place) { unreachable!() }
    fn report(&self, _: &Finding<'_>) -> ! { unreachable!() }
    fn choose(&self, _: &Step, _: u32) -> u32 { unreachable!() }
    fn fine(&self) -> bool { unreachable!() }
    fn preempt_model(&self) -> PreemptModel { unreachable!() }
    fn limits(&self) -> Limits { unreachable!() }
    fn nr_cpus(&self) -> u32 { unreachable!() }
    fn spawn(&self, _: &TaskSpec) -> u32 { unreachable!() }
    fn join(&self, _: u32, _: Place) { unreachable!() }
    fn line_add(&self, _: &LineSpec) { unreachable!() }
    fn line_remove(&self, _: u32) { unreachable!() }
    fn line_raise(&self, _: u32) { unreachable!() }
    fn line_running_here(&self, _: u32) -> bool { unreachable!() }
    fn clock_event(&self, _: u32, _: Option<u64>, _: fn(u32), _: usize) { unreachable!() }
    fn now_ns(&self) -> u64 { unreachable!() }
    fn send_ipi(&self, _: u32, _: fn(u32)) { unreachable!() }
    fn alloc(&self, _: usize, _: usize) -> *mut u8 { unreachable!() }
    fn object_born(&self, _: usize, _: usize, _: Place, _: &'static str) { unreachable!() }
    fn object_dies(&self, _: usize, _: Place) { unreachable!() }
    fn on_exit(&self, _: unsafe fn(*mut ()), _: *mut ()) { unreachable!() }
    fn log(&self, _: &str) { unreachable!() }
    fn irq_edge(&self, _: bool) { unreachable!() }
    fn lock_owner(&self, _: usize, _: bool, _: Place) { unreachable!() }
}

machine_local! {
    static RUNS: Cell<u32> = Cell::new(0);
    static TASKLET: Tasklet = Tasklet::new(|_| RUNS.set(RUNS.get().get() + 1));
    static STATE: AtomicU32 = AtomicU32::new(0);
    static ALLOWED: AtomicU64 = AtomicU64::new(1);
}

fn task(_: *mut ()) {
    TASKLET.get().schedule();
    do_softirq();
    assert_eq!(RUNS.get().get(), 1);
}

fn boot() {
    ringzero_softirq::init();
    let (allowed, state) = (ptr::from_ref(ALLOWED.get()), ptr::from_ref(STATE.get()));
    let place = Place::caller();
    let (data, prio) = (ptr::null_mut(), Priority::ORDINARY);
    let spec = TaskSpec { entry: task, data, allowed, state, prio, system: false, name: "init", place };
    machine().expect("the model").spawn(&spec);
}

#[test]
fn a_tasklet_on_the_model_asks_nothing_of_the_host() {
    set_host(&HOST);
    let mut least = Replay::new(Vec::new(), ReplayMode::Lenient);
    let (outcome, _) = Model::new(Config::default()).execute(&mut least, &boot, false);
    assert!(outcome.found.is_none() && outcome.steps > 3, "{outcome:?}");
    assert!(!ASKED.load(Relaxed), "the host was asked for a CPU");
}
