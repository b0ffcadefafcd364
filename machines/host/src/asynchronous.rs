//! Interrupts by a signal: what the CPUs have to do with it.

use crate::cpu::HostCpu;
use std::time::Duration;

/// The CPU is to be told by signals from now on, and to have a tick.
pub(crate) fn want(cpu: &'static HostCpu, tick: Duration) {
    let _ = (cpu, tick);
}

/// Interrupts what runs on the CPU.
pub(crate) fn kick(cpu: &HostCpu) {
    let _ = cpu;
}

/// The CPU's thread ends.
pub(crate) fn leave(cpu: &'static HostCpu) {
    let _ = cpu;
}
