//! Where a finding goes.
//!
//! The model ends the execution. Where a module runs on the host, the process is the machine, and C code is on the stack,
//! so nothing can unwind: what was found is said, and the process ends ([`set_end`]).

use crate::state::on_host;
use ringzero_machine::{Finding, report};
use std::sync::OnceLock;

static END: OnceLock<fn(&Finding<'_>) -> !> = OnceLock::new();

/// Says what ends the process when something is found on the host. The first one stays.
pub fn set_end(end: fn(&Finding<'_>) -> !) {
    let _ = END.set(end);
}

/// Whether the caller's machine is the process, with a module in it.
pub(crate) fn in_process() -> bool {
    on_host() && END.get().is_some()
}

/// Ends what runs.
pub(crate) fn found(finding: &Finding<'_>) -> ! {
    match END.get() {
        Some(end) if on_host() => end(finding),
        _ => report(finding),
    }
}
