//! Which CPUs there are, and which one this is.

use core::ops::Range;
use ringzero_context as context;
use ringzero_machine::{Place, cpu, machine};

/// Number of CPUs; all are online. 1 outside a machine.
///
/// Context: any.
#[doc(alias = "num_possible_cpus")]
#[must_use]
pub fn num_online_cpus() -> u32 {
    machine().map_or(1, |m| m.nr_cpus())
}

/// One more than the highest CPU number.
///
/// Context: any.
#[must_use]
pub fn nr_cpu_ids() -> u32 {
    num_online_cpus()
}

/// Whether CPU `cpu` is online.
///
/// Context: any.
#[must_use]
pub fn cpu_online(cpu: u32) -> bool {
    cpu < num_online_cpus()
}

/// The CPUs that are online, one bit each.
///
/// Context: any.
#[must_use]
pub fn cpu_online_mask() -> u64 {
    u64::MAX >> (64 - num_online_cpus().clamp(1, 64))
}

/// The numbers of the CPUs that are online.
///
/// Context: any.
#[doc(alias = "for_each_possible_cpu")]
#[must_use]
pub fn for_each_online_cpu() -> Range<u32> {
    0..num_online_cpus()
}

/// The number of the CPU that the caller runs on. A preemptible task may run on another one as soon as it has the
/// answer: see [`get_cpu`]. On the host, a thread of the program's own is a CPU beyond those that are online.
///
/// Context: any; meaningful only where the caller cannot be migrated.
#[must_use]
pub fn smp_processor_id() -> u32 {
    cpu().id.get()
}

/// [`smp_processor_id`] where a stale answer does no harm.
///
/// Context: any.
#[must_use]
pub fn raw_smp_processor_id() -> u32 {
    cpu().id.get()
}

/// Disables preemption, so that the caller stays where it is, and returns its CPU. Undone by [`put_cpu`].
///
/// Context: any. Never sleeps.
#[track_caller]
pub fn get_cpu() -> u32 {
    context::at::preempt_disable(Place::caller());
    smp_processor_id()
}

/// Undoes [`get_cpu`].
///
/// Context: any. Never sleeps.
#[track_caller]
pub fn put_cpu() {
    context::at::preempt_enable(Place::caller());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_a_machine_there_is_one_cpu() {
        assert_eq!(num_online_cpus(), 1);
        assert_eq!(cpu_online_mask(), 1);
        assert!(cpu_online(0) && !cpu_online(1));
        assert_eq!(for_each_online_cpu().count(), 1);
        assert_eq!(get_cpu(), 0);
        put_cpu();
    }
}
