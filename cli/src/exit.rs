//! Exit codes.

use std::process::ExitCode;

/// What the process's exit status says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// 0: nothing violated; with `--gallery`: every verdict as expected.
    Clean = 0,
    /// 1: something violated, or not as expected.
    Violated = 1,
    /// 2: the command line was not understood.
    Usage = 2,
    /// 3: a program or a trace could not be loaded.
    NotLoaded = 3,
    /// 4: the module's init function returned an error.
    InitFailed = 4,
    /// 5: something still runs, or is left behind, when the module is gone.
    StillThere = 5,
    /// 70: a bug of Ringzero itself.
    OwnBug = 70,
}

impl From<Exit> for ExitCode {
    fn from(e: Exit) -> Self {
        ExitCode::from(e as u8)
    }
}
