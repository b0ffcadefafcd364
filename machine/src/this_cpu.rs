//! Counters a CPU in one instruction: no interrupt of this CPU, and no handler of a signal, comes in between.

use crate::local::PerCpu;
use core::cell::Cell;

macro_rules! this_cpu {
    ($($type:ty, $width:literal, $register:literal;)*) => {$(
        impl PerCpu<Cell<$type>> {
            /// Adds `value` to this CPU's copy; wraps. One instruction, so it needs neither interrupts nor preemption off.
            /// Nothing is announced: other CPUs only read it, and what they find may be old.
            #[doc(alias("this_cpu_add", "__this_cpu_add"))]
            #[inline(always)]
            pub fn add(&'static self, value: $type) {
                #[cfg(target_arch = "x86_64")]
                // SAFETY: the copy is this CPU's and alive; whatever comes in between on this CPU does so before or after.
                unsafe {
                    core::arch::asm!(
                        concat!("add ", $width, " ptr [{}], {", $register, "}"),
                        in(reg) self.this().as_ptr(),
                        in(reg) value,
                        options(nostack),
                    );
                }
                #[cfg(not(target_arch = "x86_64"))]
                self.this().set(self.this().get().wrapping_add(value));
            }

            /// Adds one: see [`PerCpu::add`](PerCpu::<Cell<u64>>::add).
            #[doc(alias = "this_cpu_inc")]
            #[inline(always)]
            pub fn inc(&'static self) {
                self.add(1);
            }

            /// This CPU's value.
            #[doc(alias = "this_cpu_read")]
            #[must_use]
            #[inline(always)]
            pub fn read(&'static self) -> $type {
                self.this().get()
            }
        }
    )*};
}
this_cpu! {
    u32, "dword", "1:e";
    u64, "qword", "1:r";
}
