//! Searching on several threads.

use crate::search::{Budget, Tally, exhaust as alone};
use crate::{Program, Settings};

/// Searches exhaustively on `settings.jobs` threads.
pub(crate) fn exhaust(program: &Program<'_>, settings: &Settings, budget: Budget) -> (Tally, bool) {
    alone(program, settings, budget, &mut |_| {})
}
