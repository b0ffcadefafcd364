//! Arming and deleting, as a part of the step that the caller has announced.

use crate::base::TimerBase;
use crate::callback::{SLEEP, TIMER_IRQSAFE};
use crate::node::{self, Bucket, ENDS_SLEEP, Held, IRQSAFE, Node};
use crate::timer::{PENDING, Timer};
use core::sync::atomic::Ordering;
use ringzero_context as context;
use ringzero_machine::{Machine, Place, model};

/// How a timer is armed.
#[derive(Clone, Copy)]
pub(crate) struct Arming {
    /// On which CPU; `None`: on this one.
    pub(crate) on: Option<u32>,
    /// Also if it is not pending.
    pub(crate) idle_too: bool,
    pub(crate) place: Place,
}

/// When a timer is deleted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// If it is pending: otherwise nothing is looked at, and nothing ordered.
    Pending,
    /// If its callback does not run.
    NotRunning,
    Always,
}

/// What the deletion of a timer has found.
pub(crate) struct Found {
    /// It was pending, and was deleted.
    pub(crate) deleted: bool,
    /// What the running word of its base is while its callback runs, which it does.
    pub(crate) run: Option<u32>,
    /// The CPU of that base.
    pub(crate) cpu: u32,
}

impl Timer {
    /// Deletes the timer, and sets these bits of its state; `None` if nothing is known of it.
    pub(crate) fn take_off(&'static self, m: &dyn Machine, also_set: u32, when: When) -> Option<Found> {
        let held = Bucket::hold(self);
        if also_set != 0 {
            self.set(also_set);
        }
        let node = held.known(self)?;
        let (cpu, base) = (node.cpu(), node.base());
        let in_base = base.hold();
        if when != When::Pending || node.is(node::PENDING) {
            base.order();
        }
        let run = base.runs(node).then(|| base.running.load(Ordering::Relaxed));
        let deleted = (when != When::NotRunning || run.is_none()) && base.remove(node);
        if deleted {
            self.clear(PENDING);
            base.program(m, cpu);
        }
        let idle = run.is_none() && !node.is(node::PENDING);
        drop(in_base);
        held.settle(node, idle);
        Some(Found { deleted, run, cpu })
    }

    /// Arms the timer for what `expires` says, which runs in this step and takes no lock. Whether it was pending.
    pub(crate) fn arm_held(&'static self, m: &dyn Machine, how: Arming, expires: impl FnOnce() -> u64) -> bool {
        let here = m.service_cpu();
        let held = Bucket::hold_to_arm(self);
        let known = held.known(self);
        let expires = expires();
        if let Some(node) = known {
            return self.move_held(m, &held, node, how, here, expires);
        }
        if how.idle_too && self.may_be_armed(how.place) {
            let node = held.make(self);
            let cpu = how.on.unwrap_or(here);
            node.set_cpu(cpu);
            let base = TimerBase::of(cpu);
            let _in = base.hold();
            self.put_on(m, base, node, expires);
        }
        false
    }

    /// [`Timer::arm_held`] for a timer that is known, which `_held` is the bucket of.
    fn move_held(
        &'static self,
        m: &dyn Machine,
        _held: &Held,
        node: &'static Node,
        how: Arming,
        here: u32,
        expires: u64,
    ) -> bool {
        let (from, base) = (node.cpu(), node.base());
        let in_base = base.hold();
        let was = node.is(node::PENDING);
        if !was && !how.idle_too {
            return false;
        }
        base.order();
        base.remove(node);
        if !self.may_be_armed(how.place) {
            return was;
        }
        // Crate invariant 3.
        let stays = base.runs(node) && (how.on.is_none() || model().is_none());
        let cpu = if stays { from } else { how.on.unwrap_or(here) };
        if cpu == from {
            self.put_on(m, base, node, expires);
            return was;
        }
        if was {
            base.program(m, from);
        }
        drop(in_base);
        node.set_cpu(cpu);
        let base = TimerBase::of(cpu);
        let _in = base.hold();
        self.put_on(m, base, node, expires);
        was
    }

    /// Whether it can be armed: it was set up, and was not shut down.
    fn may_be_armed(&self, place: Place) -> bool {
        assert!(self.has_callback(), "this timer was never set up: it has no callback");
        if !self.is_initialised() {
            let text = format_args!("a timer is armed that was never initialised (timer_setup(), init_timer())");
            context::violation("uninitialised-lock", place, None, text);
        }
        !self.is_shut_down()
    }

    /// Puts the timer, which is on no base, on `base`, which is its node's and is held.
    fn put_on(&'static self, m: &dyn Machine, base: &TimerBase, node: &'static Node, expires: u64) {
        self.is_armed(expires);
        base.order();
        node.put(ENDS_SLEEP, self.flags() & SLEEP != 0);
        node.put(IRQSAFE, self.flags() & TIMER_IRQSAFE != 0);
        node.class.set(self.class());
        base.insert(node, expires);
        base.program(m, node.cpu());
    }
}
