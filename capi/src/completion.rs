//! `linux/completion.h`.
//!
//! Differences from Linux: a completion that was never initialised is a finding (`uninitialised-lock`). `DECLARE_COMPLETION_ONSTACK` has the machine watch that nobody uses the object after its function.

use crate::deref::{argument, deref};
use crate::mutex::interrupted;
use crate::spinlock::uninitialised;
use core::ffi::{c_char, c_int, c_long, c_ulong};
use ringzero_machine::Place;
use ringzero_sched::{Completion, Interrupted};

/// The completion at `p`. Finding `uninitialised-lock` if it was never initialised.
fn completion(p: *const Completion) -> &'static Completion {
    let completion = deref(p);
    if !completion.is_initialised() {
        uninitialised(p.addr(), "completion");
    }
    completion
}

/// What is left of a time, or a signal's error.
fn left(result: Result<u64, Interrupted>) -> c_long {
    result.map_or_else(|i| i.to_errno().into(), u64::cast_signed)
}

crate::exports! {
    /// `init_completion`: not done. Any context.
    fn __rz_init_completion(p: *mut Completion, name: *const c_char) {
        deref(p.cast_const());
        // SAFETY: readable and aligned, since `deref` came back; the module says that it is a completion of its own.
        unsafe { Completion::init_at(p, argument(name), Place::caller()) };
    }

    /// `reinit_completion`. Any context.
    fn reinit_completion(p: *const Completion) {
        completion(p).reinit();
    }

    /// `wait_for_completion`. Task context, sleeps, as all of these.
    fn wait_for_completion(p: *const Completion) {
        completion(p).wait_for_completion();
    }

    /// `wait_for_completion_interruptible`.
    fn wait_for_completion_interruptible(p: *const Completion) -> c_int {
        interrupted(completion(p).wait_for_completion_interruptible())
    }

    /// `wait_for_completion_killable`.
    fn wait_for_completion_killable(p: *const Completion) -> c_int {
        interrupted(completion(p).wait_for_completion_killable())
    }

    /// `wait_for_completion_timeout`: the jiffies left, 0 when they were over.
    fn wait_for_completion_timeout(p: *const Completion, timeout: c_ulong) -> c_ulong {
        completion(p).wait_for_completion_timeout(timeout)
    }

    /// `wait_for_completion_interruptible_timeout`.
    fn wait_for_completion_interruptible_timeout(p: *const Completion, timeout: c_ulong) -> c_long {
        left(completion(p).wait_for_completion_interruptible_timeout(timeout))
    }

    /// `wait_for_completion_killable_timeout`.
    fn wait_for_completion_killable_timeout(p: *const Completion, timeout: c_ulong) -> c_long {
        left(completion(p).wait_for_completion_killable_timeout(timeout))
    }

    /// `try_wait_for_completion`. Any context but an NMI.
    fn try_wait_for_completion(p: *const Completion) -> bool {
        completion(p).try_wait_for_completion()
    }

    /// `completion_done`. Any context.
    fn completion_done(p: *const Completion) -> bool {
        completion(p).completion_done()
    }

    /// `complete`. Any context but an NMI.
    fn complete(p: *const Completion) {
        completion(p).complete();
    }

    /// `complete_all`. Any context but an NMI.
    fn complete_all(p: *const Completion) {
        completion(p).complete_all();
    }
}
