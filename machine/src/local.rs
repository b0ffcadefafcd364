//! State of a kernel instance: `machine_local!`, `define_per_cpu!` and `global!`.
//!
//! Each static is a template in a linker section. An instance is a copy of the section (one more a CPU for per-CPU
//! state), so an address is the template's own plus a delta: Linux's per-CPU scheme. Outside a machine the template
//! itself is used (delta 0).

use core::ptr;
use core::sync::atomic::{
    AtomicIsize, AtomicPtr,
    Ordering::{Acquire, Relaxed},
};

#[cfg(feature = "model")]
use core::cell::Cell;

#[cfg(feature = "model")]
crate::tls::thread_cell! {
    static LOCAL_DELTA: Cell<isize> = Cell::new(0);
    static PERCPU_BASE: Cell<(isize, isize)> = Cell::new((0, 0));
}

/// Where the host's per-CPU copies are: the distance of CPU 0's from the templates, and from one CPU's to the next one's.
static HOST_BASE: [AtomicIsize; 2] = [AtomicIsize::new(0), AtomicIsize::new(0)];

/// How far this thread's machine-local state is from the templates. The host uses the templates themselves.
#[inline(always)]
fn local_delta() -> isize {
    #[cfg(feature = "model")]
    return LOCAL_DELTA.get();
    #[cfg(not(feature = "model"))]
    0
}

/// How far CPU `cpu`'s state is from the templates.
#[inline]
fn percpu_delta(cpu: u32) -> isize {
    #[cfg(feature = "model")]
    if crate::model().is_some() {
        let (delta, stride) = PERCPU_BASE.get();
        return delta + stride * cpu as isize;
    }
    HOST_BASE[0].load(Relaxed) + HOST_BASE[1].load(Relaxed) * cpu as isize
}

/// State that each kernel instance has for itself. Made by [`machine_local!`](crate::machine_local).
#[repr(transparent)]
pub struct MachineLocal<T>(T);

// SAFETY: an instance's copy is used only by the thread that runs the machine; the template is only copied while a
// machine is in use, and used directly only by types that are themselves shareable.
unsafe impl<T> Sync for MachineLocal<T> {}

impl<T> MachineLocal<T> {
    /// A template.
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// This instance's copy.
    #[inline]
    #[must_use]
    pub fn get(&'static self) -> &'static T {
        let at = ptr::from_ref(&self.0).cast::<u8>().wrapping_offset(local_delta()).cast::<T>();
        // SAFETY: `set_local_bases` promises that the delta leads into a live, initialised copy of the section.
        unsafe { &*at }
    }
}

impl<T> core::ops::Deref for MachineLocal<T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        let at = ptr::from_ref(&self.0).cast::<u8>().wrapping_offset(local_delta()).cast::<T>();
        // SAFETY: as in `get`: a `MachineLocal` exists only as a static in the section.
        unsafe { &*at }
    }
}

/// A static of a checked program: as [`MachineLocal`], but nothing of it hides a method of what it holds. Made by
/// `ringzero::global!`.
#[repr(transparent)]
pub struct Global<T>(MachineLocal<T>);

impl<T> Global<T> {
    /// A template.
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self(MachineLocal::new(value))
    }
}

impl<T: 'static> core::ops::Deref for Global<T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

/// State that each CPU of an instance has for itself. Made by [`define_per_cpu!`](crate::define_per_cpu).
#[repr(transparent)]
pub struct PerCpu<T>(T);

// SAFETY: as for `MachineLocal`.
unsafe impl<T> Sync for PerCpu<T> {}

impl<T> PerCpu<T> {
    /// A template.
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// CPU `cpu`'s copy (`per_cpu(var, cpu)`).
    #[inline]
    #[must_use]
    pub fn on(&'static self, cpu: u32) -> &'static T {
        let at = ptr::from_ref(&self.0).cast::<u8>().wrapping_offset(percpu_delta(cpu)).cast::<T>();
        // SAFETY: the machine promises a live copy for each of its CPUs.
        unsafe { &*at }
    }

    /// The copy of the CPU the caller runs on (`this_cpu_ptr`): it is another one's as soon as the caller may be migrated.
    #[inline]
    #[must_use]
    pub fn this(&'static self) -> &'static T {
        let at = ptr::from_ref(&self.0).cast::<u8>().wrapping_offset(crate::cpu().percpu.get()).cast::<T>();
        // SAFETY: the machine promises a live copy for each of its CPUs, at this distance.
        unsafe { &*at }
    }
}

macro_rules! section {
    ($name:ident, $start:ident, $stop:ident, $anchor:ident, $sect:literal) => {
        // Keeps the section present, so that its boundary symbols exist.
        #[used]
        #[unsafe(link_section = $sect)]
        static $anchor: core::sync::atomic::AtomicU64 = core::sync::atomic::AtomicU64::new(0);
        unsafe extern "C" {
            static $start: u8;
            static $stop: u8;
        }
        /// The section of templates: its start and its length in bytes.
        #[must_use]
        pub fn $name() -> (*const u8, usize) {
            let start = &raw const $start;
            let stop = &raw const $stop;
            (start, stop as usize - start as usize)
        }
    };
}
section!(local_template, __start_ringzero_local, __stop_ringzero_local, ANCHOR_LOCAL, "ringzero_local");
section!(percpu_template, __start_ringzero_percpu, __stop_ringzero_percpu, ANCHOR_PERCPU, "ringzero_percpu");

/// Copies of the templates as they were before anybody used them in place: of the machine-local and the per-CPU section.
static KEPT: [AtomicPtr<u8>; 2] = [AtomicPtr::new(ptr::null_mut()), AtomicPtr::new(ptr::null_mut())];

/// Keeps the templates as they are now, since the host machine will use the machine-local ones in place. To be called
/// once, before any other code of Ringzero runs.
#[cfg(not(any(target_os = "none", ringzero_bare)))]
pub fn keep_templates() {
    for (kept, (start, len)) in KEPT.iter().zip([local_template(), percpu_template()]) {
        // SAFETY: the section is readable, and nobody writes to it yet.
        let copy = unsafe { core::slice::from_raw_parts(start, len) }.to_vec();
        kept.store(std::boxed::Box::leak(copy.into_boxed_slice()).as_mut_ptr(), core::sync::atomic::Ordering::Release);
    }
}

/// Where to copy a new instance's state from: machine-local and per-CPU. What was kept, else the templates.
#[must_use]
pub fn pristine() -> [*const u8; 2] {
    let kept = [0, 1].map(|i| KEPT[i].load(Acquire).cast_const());
    let [local, percpu] = [local_template().0, percpu_template().0];
    [if kept[0].is_null() { local } else { kept[0] }, if kept[1].is_null() { percpu } else { kept[1] }]
}

/// Says where the host's per-CPU copies are.
///
/// # Safety
/// There must be a live, aligned, initialised copy of the section for each CPU before it is asked for.
pub unsafe fn set_host_percpu(delta: isize, stride: isize) {
    HOST_BASE[0].store(delta, Relaxed);
    HOST_BASE[1].store(stride, Relaxed);
}

/// Points this thread's machine-local and per-CPU state at an instance's copies: byte distances from the templates.
/// Zero distances mean the templates themselves. Returns the former distances.
///
/// # Safety
/// Each distance must lead from the template section to a live, aligned, initialised copy that only this thread uses.
#[cfg(feature = "model")]
pub unsafe fn set_local_bases(local: isize, percpu: isize, percpu_stride: isize) {
    LOCAL_DELTA.set(local);
    PERCPU_BASE.set((percpu, percpu_stride));
}

/// Declares state of which every kernel instance has its own copy, set back for every execution.
///
/// ```
/// use core::cell::Cell;
/// ringzero_machine::machine_local! { static COUNT: Cell<u32> = Cell::new(7); }
/// assert_eq!(COUNT.get().get(), 7);
/// ```
#[macro_export]
macro_rules! machine_local {
    ($($(#[$m:meta])* $v:vis static $name:ident : $t:ty = $init:expr;)*) => {$(
        $(#[$m])*
        #[unsafe(link_section = "ringzero_local")]
        $v static $name: $crate::MachineLocal<$t> = $crate::MachineLocal::new($init);
    )*};
}

/// Declares state of which every CPU of every instance has its own copy (`DEFINE_PER_CPU`).
///
/// ```
/// use std::cell::Cell;
/// ringzero::define_per_cpu! {
///     /// What this CPU has received.
///     static RECEIVED: Cell<u64> = Cell::new(0);
/// }
/// RECEIVED.inc(); // one instruction: `this_cpu_inc()`
/// RECEIVED.add(2);
/// assert_eq!(RECEIVED.this().get(), 3);
/// ```
#[macro_export]
macro_rules! define_per_cpu {
    ($($(#[$m:meta])* $v:vis static $name:ident : $t:ty = $init:expr;)*) => {$(
        $(#[$m])*
        #[unsafe(link_section = "ringzero_percpu")]
        $v static $name: $crate::PerCpu<$t> = $crate::PerCpu::new($init);
    )*};
}
