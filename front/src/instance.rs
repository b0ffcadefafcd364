//! A thread's loaded copy of a module, and an execution's way through it.

use crate::map::Map;
use crate::module::Module;
use crate::part::Part;
use crate::shim::{self, kunit, params, percpu};
use ringzero::program;
use ringzero_capi::caller;
use ringzero_machine::{code_map, machine, set_code_map};
use ringzero_module::Loaded;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::Ordering;

struct Instance {
    module: u64,
    loaded: Loaded,
}

thread_local! {
    static INSTANCE: RefCell<Option<Instance>> = const { RefCell::new(None) };
}

/// The addresses that an execution needs.
#[derive(Clone, Copy)]
struct Entries {
    init: Option<extern "C" fn() -> i32>,
    exit: Option<extern "C" fn()>,
}

/// A function pointer that the module keeps in a word of this name.
fn pointer(loaded: &Loaded, name: &str) -> Option<usize> {
    let at = loaded.symbol(name)?;
    // SAFETY: the headers define these names as words with a function's address.
    Some(unsafe { *(at as *const usize) }).filter(|&p| p != 0)
}

impl Entries {
    fn of(loaded: &Loaded) -> Self {
        // SAFETY: `module_init()` and `module_exit()` put functions of these types there.
        unsafe {
            Self {
                init: pointer(loaded, "__rz_module_init")
                    .map(|p| std::mem::transmute::<usize, extern "C" fn() -> i32>(p)),
                exit: pointer(loaded, "__rz_module_exit").map(|p| std::mem::transmute::<usize, extern "C" fn()>(p)),
            }
        }
    }
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
        set_code_map(Some(Rc::new(Map::of(&loaded, &module.debug))));
        caller::set_module(Some(loaded.base()..loaded.text().end));
        *slot = Some(Instance { module: module.id, loaded });
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

/// The suites of this thread's instance: the words of the section that the headers put them in.
pub(crate) fn suites() -> Option<(usize, usize)> {
    INSTANCE.with(|cell| cell.borrow().as_ref().and_then(|i| i.loaded.section(".rz.kunit")))
}

/// The module's parameters in this thread's instance.
pub(crate) fn parameters() -> Option<(usize, usize)> {
    INSTANCE.with(|cell| cell.borrow().as_ref().and_then(|i| i.loaded.section(".rz.params")))
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
        if let Some(template) = instance.loaded.percpu() {
            percpu::begin(template);
        }
        for given in &module.params {
            // Refused ones were told of when they were given.
            let _ = params::set(parameters_of(&instance.loaded), given);
        }
    });
    program::boot(init);
    if let Some(m) = machine() {
        for look in shim::leftovers() {
            m.at_end(*look);
        }
    }
}

fn parameters_of(loaded: &Loaded) -> (usize, usize) {
    loaded.section(".rz.params").unwrap_or((0, 0))
}

/// What the init task does.
pub(crate) fn run(module: &Module, part: &Part) {
    debug_assert!(code_map().is_some(), "booted before");
    for &(irq, n) in &module.tuning.arrivals {
        ringzero_irq::set_arrivals(irq, n);
    }
    // Nothing of this may be owned by the stack: it may be abandoned.
    let entries = INSTANCE.with(|cell| cell.borrow().as_ref().map(|i| Entries::of(&i.loaded)));
    let Some(entries) = entries else { return };
    match part.case {
        Some((suite, case)) => {
            let section = suites().unwrap_or((0, 0));
            kunit::run_case(section, suite, case);
            ringzero::on_exit(|| {});
        }
        None => live(module, entries),
    }
}

/// The module's life: init now, exit when nothing else can run.
fn live(module: &Module, entries: Entries) {
    let Some(init) = entries.init else { return };
    let code = init();
    if code != 0 {
        module.init_code.store(code, Ordering::Relaxed);
        if let Some(m) = machine() {
            m.log(&format!(
                "{}: init returned {code}{}",
                module.name(),
                errno_name(code).map(|n| format!(" ({n})")).unwrap_or_default()
            ));
        }
        // Invariant 2.
        ringzero::on_exit(|| {});
        return;
    }
    match entries.exit {
        Some(exit) => ringzero::on_exit(move || exit()),
        None => ringzero::on_exit(|| {}),
    }
}

/// The name of a negative error number.
#[must_use]
pub fn errno_name(code: i32) -> Option<&'static str> {
    const NAMES: [(i32, &str); 33] = [
        (1, "EPERM"),
        (2, "ENOENT"),
        (3, "ESRCH"),
        (4, "EINTR"),
        (5, "EIO"),
        (6, "ENXIO"),
        (7, "E2BIG"),
        (9, "EBADF"),
        (11, "EAGAIN"),
        (12, "ENOMEM"),
        (13, "EACCES"),
        (14, "EFAULT"),
        (16, "EBUSY"),
        (17, "EEXIST"),
        (18, "EXDEV"),
        (19, "ENODEV"),
        (20, "ENOTDIR"),
        (21, "EISDIR"),
        (22, "EINVAL"),
        (25, "ENOTTY"),
        (27, "EFBIG"),
        (28, "ENOSPC"),
        (32, "EPIPE"),
        (33, "EDOM"),
        (34, "ERANGE"),
        (35, "EDEADLK"),
        (38, "ENOSYS"),
        (61, "ENODATA"),
        (62, "ETIME"),
        (71, "EPROTO"),
        (95, "EOPNOTSUPP"),
        (110, "ETIMEDOUT"),
        (512, "ERESTARTSYS"),
    ];
    NAMES.iter().find(|n| n.0 == -code).map(|n| n.1)
}
