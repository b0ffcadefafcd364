//! Boots a kernel instance.

use ringzero_machine::machine;
#[cfg(feature = "model")]
use ringzero_sched::spawn;
use ringzero_sched::{Task, TaskOptions};

#[cfg(feature = "model")]
struct Init(*const (dyn Fn() + Sync));

// SAFETY: the pointed-to closure may be called from any thread (`Sync`); it outlives the execution.
#[cfg(feature = "model")]
unsafe impl Send for Init {}

/// Fills the hooks of a kernel instance.
pub(crate) fn init_kernel() {
    ringzero_softirq::init();
    ringzero_time::init();
    ringzero_sched::init();
    ringzero_sleeping::init();
    ringzero_workqueue::init();
}

/// Sets up a kernel instance and creates the init task, which runs `program` in task context on CPU 0.
///
/// Called by a machine at the start of an execution; `program` must outlive it.
#[cfg(feature = "model")]
pub fn boot(program: &(dyn Fn() + Sync)) {
    init_kernel();
    // SAFETY: only the lifetime is widened; the machine ends the execution before `program` goes away.
    let init = Init(unsafe { std::mem::transmute::<*const (dyn Fn() + Sync + '_), *const (dyn Fn() + Sync)>(program) });
    let options = TaskOptions { allowed: 1, ..TaskOptions::new("init") };
    spawn(options, move || {
        let init = init;
        // SAFETY: as above.
        unsafe { (*init.0)() };
    });
}

/// Registers the module's exit function: it runs when nothing else can run, in task context on CPU 0.
///
/// Called from the init function. A second call replaces the first. Outside a machine it does nothing.
pub fn on_exit<F: FnOnce() + Send + 'static>(exit: F) {
    if let Some(m) = machine() {
        let options = TaskOptions { allowed: 1, ..TaskOptions::new("exit") };
        let spec = Task::new(options, exit).spec();
        m.on_exit(spec.entry, spec.data);
    }
}
