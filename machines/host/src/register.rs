//! Threads of the program that become CPUs, and leave.

use crate::cpu::{HostCpu, give_back, make_thread};
use crate::host::hooks;
use crate::task::HostTask;
use ringzero_machine::set_home;
use std::collections::HashMap;
use std::ptr;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, OnceLock, PoisonError};

/// What a thread's CPU keeps, whatever thread has it: its task, and the kernel's own object for it.
static TASKS: Mutex<Option<HashMap<u32, (&'static HostTask, usize)>>> = Mutex::new(None);

/// Makes the calling thread a CPU.
///
/// # Panics
/// When too many threads are.
pub(crate) fn register() {
    let cpu = make_thread();
    cpu.block.reset();
    cpu.tid.store(crate::os::tid(), Relaxed);
    // SAFETY: it is this thread's from now on, until `unregister`.
    unsafe { set_home(Some(&raw const cpu.block)) };
    at_thread_exit(cpu);
    let known = TASKS.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default().get(&cpu.id()).copied();
    if let (Some((_, object)), Some(hooks)) = (known, hooks()) {
        (hooks.adopt_again)(ptr::with_exposed_provenance(object));
    }
    let (task, object) = known.unwrap_or_else(|| {
        let task = HostTask::of_thread();
        let object = hooks().map_or(0, |h| (h.adopt)(task.number()).expose_provenance());
        let mut tasks = TASKS.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.get_or_insert_default().insert(cpu.id(), (task, object));
        (task, object)
    });
    cpu.running.set(task);
    cpu.block.current.set(ptr::with_exposed_provenance(object));
}

/// Has `unregister` called when the thread ends, after its thread-locals are gone: these may still call in.
fn at_thread_exit(cpu: &'static HostCpu) {
    static KEY: OnceLock<libc::pthread_key_t> = OnceLock::new();
    let key = *KEY.get_or_init(|| {
        let mut key = 0;
        // SAFETY: a valid place for the key; the function takes what `pthread_setspecific` was given.
        let failed = unsafe { libc::pthread_key_create(&raw mut key, Some(unregister)) };
        assert!(failed == 0, "no key for thread-specific data is left");
        key
    });
    // SAFETY: the key is valid; the value is only handed back.
    unsafe { libc::pthread_setspecific(key, ptr::from_ref(cpu).cast()) };
}

/// The thread of the CPU at `cpu` ends.
unsafe extern "C" fn unregister(cpu: *mut libc::c_void) {
    // SAFETY: set by `at_thread_exit`; CPUs are never freed.
    let cpu = unsafe { &*cpu.cast::<HostCpu>() };
    // SAFETY: takes it away.
    unsafe { set_home(None) };
    if !cpu.booted {
        give_back(cpu);
    }
}
