//! State of a kernel instance: `machine_local!`, `define_per_cpu!` and `global!`.
//!
//! Each static is a template in a linker section. An instance is a copy of the section (one more a CPU for per-CPU
//! state), so an address is the template's own plus a delta: Linux's per-CPU scheme. Outside a machine the template
//! itself is used (delta 0).

use core::cell::Cell;
use core::ptr;

std::thread_local! {
    static LOCAL_DELTA: Cell<isize> = const { Cell::new(0) };
    static PERCPU_BASE: Cell<(isize, isize)> = const { Cell::new((0, 0)) };
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
        let at = ptr::from_ref(&self.0).cast::<u8>().wrapping_offset(LOCAL_DELTA.get()).cast::<T>();
        // SAFETY: `set_local_bases` promises that the delta leads into a live, initialised copy of the section.
        unsafe { &*at }
    }
}

impl<T> core::ops::Deref for MachineLocal<T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        let at = ptr::from_ref(&self.0).cast::<u8>().wrapping_offset(LOCAL_DELTA.get()).cast::<T>();
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
        let (delta, stride) = PERCPU_BASE.get();
        let at = ptr::from_ref(&self.0).cast::<u8>().wrapping_offset(delta + stride * cpu as isize).cast::<T>();
        // SAFETY: `set_local_bases` promises a live copy for each CPU of the machine.
        unsafe { &*at }
    }

    /// The copy of the CPU the caller runs on (`this_cpu_ptr`).
    #[inline]
    #[must_use]
    pub fn this(&'static self) -> &'static T {
        self.on(crate::cpu().id.get())
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

/// Points this thread's machine-local and per-CPU state at an instance's copies: byte distances from the templates.
/// Zero distances mean the templates themselves. Returns the former distances.
///
/// # Safety
/// Each distance must lead from the template section to a live, aligned, initialised copy that only this thread uses.
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
#[macro_export]
macro_rules! define_per_cpu {
    ($($(#[$m:meta])* $v:vis static $name:ident : $t:ty = $init:expr;)*) => {$(
        $(#[$m])*
        #[unsafe(link_section = "ringzero_percpu")]
        $v static $name: $crate::PerCpu<$t> = $crate::PerCpu::new($init);
    )*};
}
