//! A thread's loaded copy of a module, and an execution's way through it.

use crate::entries::{Entries, LOOKS, percpu_copies};
use crate::map::Map;
use crate::module::Module;
use crate::part::Part;
use ringzero::program;
use ringzero_capi::kunit::{self, Case, Outcome};
use ringzero_capi::params::{self, Call, Param};
use ringzero_capi::{caller, errno_name, percpu};
use ringzero_machine::{Left, code_map, machine, set_code_map};
use ringzero_module::Loaded;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

/// The end of an execution: a last line without an end is told, and why a KUnit case left. Nothing is left behind.
fn flush() -> Option<Left> {
    ringzero_capi::printk::flush();
    if let Some(why) = kunit::skipped() {
        INSTANCE.with(|cell| {
            if let Some(instance) = cell.borrow().as_ref() {
                *instance.skipped.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
            }
        });
    }
    None
}

struct Instance {
    module: u64,
    loaded: Loaded,
    cases: Vec<Case>,
    parameters: Vec<Param>,
    /// Parameters whose own functions the init task calls.
    calls: RefCell<Vec<Call>>,
    /// Where its module wants to know why a KUnit case was skipped.
    skipped: Arc<Mutex<Option<String>>>,
}

thread_local! {
    static INSTANCE: RefCell<Option<Instance>> = const { RefCell::new(None) };
}

/// Makes this thread's instance one of `module`, and its places the ones that are looked up. Whether that is new.
pub(crate) fn ensure(module: &Module) -> Result<(), ringzero_module::BuildError> {
    INSTANCE.with(|cell| {
        let mut slot = cell.borrow_mut();
        if slot.as_ref().is_some_and(|i| i.module == module.id) {
            return Ok(());
        }
        set_code_map(None);
        *slot = None;
        let loaded = Loaded::load(&module.build, &module.exports).map_err(|e| ringzero_module::BuildError::Io {
            doing: "loading".to_owned(),
            source: std::io::Error::other(e.to_string()),
        })?;
        set_code_map(Some(Rc::new(Map::of(&loaded, &module.debug, &module.first))));
        caller::set_module(Some(loaded.base()..loaded.text().end));
        let skipped = Arc::clone(&module.skipped);
        let section = |name| loaded.section(name).unwrap_or((0, 0));
        // SAFETY: the sections of the module that was just loaded, and stays so as long as the instance.
        let (cases, parameters) =
            unsafe { (kunit::cases(section(".rz.kunit")), params::parameters(section(".rz.params"))) };
        *slot = Some(Instance { module: module.id, loaded, cases, parameters, calls: RefCell::default(), skipped });
        Ok(())
    })
}

/// Forgets this thread's instance.
pub(crate) fn forget() {
    INSTANCE.with(|cell| {
        set_code_map(None);
        caller::set_module(None);
        *cell.borrow_mut() = None;
    });
}

/// The KUnit cases of this thread's instance.
pub(crate) fn cases<R>(look: impl FnOnce(&[Case]) -> R) -> R {
    INSTANCE.with(|cell| look(cell.borrow().as_ref().map_or(&[], |i| &i.cases)))
}

/// Sets a parameter of this thread's instance, to see whether it can be.
pub(crate) fn try_param(given: &str) -> Result<(), String> {
    INSTANCE.with(|cell| {
        let slot = cell.borrow();
        let Some(instance) = slot.as_ref() else { return Ok(()) };
        // SAFETY: the parameters are this instance's, and none of its code runs between executions.
        unsafe { params::set(&instance.parameters, given) }.map(drop).map_err(|e| e.to_string())
    })
}

/// Begins an execution: invariant 1. `init` is what the init task runs.
pub(crate) fn boot(module: &Module, init: &(dyn Fn() + Sync)) {
    ensure(module).unwrap_or_else(|e| panic!("{}: {e}", module.name()));
    INSTANCE.with(|cell| {
        let slot = cell.borrow();
        let Some(instance) = slot.as_ref() else { return };
        // SAFETY: between executions nothing of the module runs, and what an abandoned one left on its stacks is never
        // resumed (crate invariant 3).
        unsafe { instance.loaded.restore() };
        percpu::set_area(instance.loaded.percpu().map(percpu_copies).unwrap_or_default());
        let set = |given: &String| {
            // Refused ones were told of when they were given.
            // SAFETY: as above.
            unsafe { params::set(&instance.parameters, given) }.ok().flatten()
        };
        *instance.calls.borrow_mut() = module.params.iter().filter_map(set).collect();
    });
    program::boot(init);
    if let Some(m) = machine() {
        for look in LOOKS {
            m.at_end(look);
        }
        m.at_end(flush);
    }
}

/// What the init task does.
pub(crate) fn run(module: &Module, part: &Part) {
    debug_assert!(code_map().is_some(), "booted before");
    for &(irq, n) in &module.tuning.arrivals {
        ringzero_irq::set_arrivals(irq, n);
    }
    // Nothing of this may be owned by the stack, which may be abandoned; the instance stays where it is meanwhile.
    let instance: Option<*const Instance> = INSTANCE.with(|cell| cell.borrow().as_ref().map(std::ptr::from_ref));
    let Some(instance) = instance else { return };
    // SAFETY: this thread's instance is replaced between executions only.
    let instance = unsafe { &*instance };
    match part.case {
        Some(case) => {
            ringzero::on_exit(|| {});
            if let Some(case) = instance.cases.get(case) {
                // SAFETY: the module is loaded, and this is a task of the machine.
                if let Outcome::Skipped(why) = unsafe { kunit::run_case(case) } {
                    *module.skipped.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
                }
            }
        }
        None => live(module, instance),
    }
}

/// The module's life: init now, exit when nothing else can run.
fn live(module: &Module, instance: &Instance) {
    let entries = Entries::of(&instance.loaded);
    let Some(init) = entries.init else { return };
    let mut code = 0;
    for call in instance.calls.borrow().iter() {
        // SAFETY: a task of the machine, which runs the module's code.
        if let Err(refused) = unsafe { call.run() } {
            code = -22;
            if let Some(m) = machine() {
                m.log(&refused.to_string());
            }
        }
    }
    if code == 0 {
        code = init();
    }
    if code != 0 {
        module.init_code.store(code, Ordering::Relaxed);
        if let Some(m) = machine() {
            m.log(&format!(
                "{}: init returned {code}{}",
                module.name(),
                errno_name(-code).map(|n| format!(" ({n})")).unwrap_or_default()
            ));
        }
        // Invariant 2.
        ringzero::on_exit(|| {});
        return;
    }
    if let Some(exit) = entries.exit {
        ringzero::on_exit(move || exit());
    }
}
