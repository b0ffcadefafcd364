//! What a loaded copy has, and what may be left of it.

use ringzero_capi::percpu;
use ringzero_machine::{Left, machine};
use ringzero_module::Loaded;
use std::ops::Range;

/// What a module may leave behind.
pub(crate) const LOOKS: [fn() -> Option<Left>; 4] =
    [ringzero_workqueue::leftover, ringzero_softirq::leftover, ringzero_time::leftover, ringzero_irq::leftover];

/// The addresses that an execution needs.
#[derive(Clone, Copy)]
pub(crate) struct Entries {
    pub(crate) init: Option<extern "C" fn() -> i32>,
    pub(crate) exit: Option<extern "C" fn()>,
}

/// A function pointer that the module keeps in a word of this name.
fn pointer(loaded: &Loaded, name: &str) -> Option<usize> {
    let at = loaded.symbol(name)?;
    // SAFETY: the headers define these names as words with a function's address.
    Some(unsafe { *(at as *const usize) }).filter(|&p| p != 0)
}

impl Entries {
    pub(crate) fn of(loaded: &Loaded) -> Self {
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

/// Makes the CPUs' copies of the module's per-CPU variables, in the machine's memory.
pub(crate) fn percpu_copies(template: Range<usize>) -> percpu::Area {
    /// The section's alignment is not above this.
    const ALIGN: usize = 4096;
    let Some(m) = machine() else { return percpu::Area::default() };
    let stride = (template.len() + 64).next_multiple_of(ALIGN);
    let copies = m.alloc(stride * m.nr_cpus() as usize, ALIGN);
    for cpu in 0..m.nr_cpus() as usize {
        // SAFETY: the template is the section as it was just put back; the copy lies within what was just allocated.
        unsafe { std::ptr::copy_nonoverlapping(template.start as *const u8, copies.add(cpu * stride), template.len()) };
    }
    percpu::Area { template: template.start, len: template.len(), copies: copies as usize, stride }
}
