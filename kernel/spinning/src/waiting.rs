//! Waiting on the machine of threads: spinning first, and finding out that it will never end.

use crate::owner::{Context, Owner};
use core::hint::spin_loop;
use ringzero_context::{panicking, violation};
use ringzero_machine::{Cond, Place, Step, WaitKind, host, model, wait};

/// Whether a wait goes on without what it waits for: when an execution of the model unwinds, whose waits are silent and whose
/// holders may belong to one that is over. Counts the rounds in `failed`. On threads nobody ever does: what is waited for
/// guards memory that others use.
#[cold]
pub(crate) fn is_over(failed: &mut u32) -> bool {
    *failed += 1;
    *failed > 10_000 && model().is_some() && panicking()
}

/// How often a waiter looks before the machine is asked to wait: each time it pauses first, twice as long as the last time.
const SPIN_ROUNDS: u32 = 5;
/// Instructions of the first pause.
const FIRST_PAUSE: u32 = 32;
/// After how long a waiter says that what it waits for is beneath it.
const TOLD_AFTER_NS: u64 = 1_000_000_000;

/// Looks whether `done` for about as long as most sections last. Whether it is. Not on the model.
#[inline]
pub(crate) fn spin_until(mut done: impl FnMut() -> bool) -> bool {
    if model().is_some() {
        return false;
    }
    done()
        || (0..SPIN_ROUNDS).any(|round| {
            (0..FIRST_PAUSE << round).for_each(|_| spin_loop());
            done()
        })
}

/// What a waiter waits for, in words.
#[derive(Clone, Copy)]
pub(crate) struct Waited<'a> {
    pub name: &'static str,
    /// Who has it; or, while nobody has it, had it last.
    pub owner: &'a Owner,
    /// What that one does with it: "held", "being written".
    pub held: &'static str,
}

impl Waited<'_> {
    /// Waits with `step` until `cond` holds, or nothing is certain any more while a panic unwinds. On the host says so if
    /// whoever has it is the running context or what that one interrupted.
    pub(crate) fn wait(&self, step: &Step, cond: Cond) {
        let mut failed = 0;
        loop {
            if spin_until(|| cond.holds()) {
                return;
            }
            self.look_for_owner_here(&cond, step.place);
            wait(step, cond, WaitKind::Spin);
            if cond.holds() || is_over(&mut failed) {
                return;
            }
        }
    }

    /// Finding `self-deadlock` or `irq-deadlock` if the owner is what this context interrupted, or is this context itself. On
    /// the host only, where nobody else sees it; after a second, since the words of an owner come after the lock's own.
    fn look_for_owner_here(&self, cond: &Cond, place: Place) {
        if model().is_some() {
            return;
        }
        let (now, Some(m)) = (Context::now(), host()) else { return };
        let start = m.now_ns();
        while !cond.holds() && self.owner.context().cpu() == now.cpu() && !panicking() {
            if m.now_ns() - start > TOLD_AFTER_NS {
                return self.tell(now, place);
            }
            m.relax(place);
        }
    }

    #[cold]
    fn tell(&self, now: Context, place: Place) {
        let Self { name, owner, held } = *self;
        let holder = owner.context();
        let code = if holder.is(now) { "self-deadlock" } else { "irq-deadlock" };
        let text = format_args!("{now} waits for `{name}`, {held} by {holder}, and keeps it from going on");
        violation(code, place, owner.held_at(), text);
    }
}
