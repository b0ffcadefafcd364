//! Where a finding goes.
//!
//! The model ends the execution. The host is the process itself, and C code is on the stack, so nothing can unwind: what
//! was found is said, and the process ends.

use crate::state::on_host;
use ringzero_machine::{Finding, report};
use std::sync::OnceLock;

static END: OnceLock<fn(&Finding<'_>) -> !> = OnceLock::new();

/// Says what ends the process when something was found on the host. The first one stays. Without one the finding is
/// printed, and the exit status is 1.
pub fn set_end(end: fn(&Finding<'_>) -> !) {
    let _ = END.set(end);
}

/// Ends what runs.
pub(crate) fn found(finding: &Finding<'_>) -> ! {
    if !on_host() {
        report(finding);
    }
    match END.get() {
        Some(end) => end(finding),
        None => {
            eprintln!("{}: {} (at {})", finding.code, finding.message, finding.place);
            std::process::exit(1);
        }
    }
}
