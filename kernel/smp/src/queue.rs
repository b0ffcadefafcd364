//! The per-CPU queues of calls, and the IPI that empties them.

use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};
use ringzero_context::{self as context, Balance};
use ringzero_machine::{
    Cond, KBox, Machine, Mode, Op, Place, Step, StepLock, WaitKind, define_per_cpu, model, notify, step, wait,
};
use ringzero_softirq as softirq;

/// A function for another CPU. On the host it goes when it has run, or its caller has heard of that (crate invariant 7).
pub(crate) struct Call {
    next: Cell<Option<&'static Call>>,
    /// Calls the function that `function` points to, and gives that back if it is of no more use.
    run: unsafe fn(*const ()),
    function: *const (),
    /// The CPU it is for.
    target: u32,
    /// Somebody waits for `done`.
    waits: bool,
    /// 1 once the function has returned (crate invariant 3).
    done: AtomicU32,
    /// Who called.
    place: Place,
}

impl Call {
    /// A call of `run(function)`. If somebody `waits`, [`Call::wait`] has to be called once.
    ///
    /// # Safety
    /// `run(function)` may be called once, on any CPU, at any time until the execution ends.
    pub(crate) unsafe fn new(
        target: u32,
        run: unsafe fn(*const ()),
        function: *const (),
        waits: bool,
        place: Place,
    ) -> &'static Self {
        KBox::new(Self { next: Cell::new(None), run, function, target, waits, done: AtomicU32::new(0), place }).leak()
    }

    /// Spins until the function has returned on its CPU.
    ///
    /// # Safety
    /// The call was made as one that somebody waits for, and is not used any more.
    pub(crate) unsafe fn wait(&'static self) {
        // Pairs with the release in `ipi_entry`.
        let at = ptr::from_ref(&self.done).addr();
        let s = Step::new(Op::SmpCallWait, Mode::Read, at, 4, self.place).ordered(true, false);
        // The condition's argument only tells whom the wait is for: a machine may name the CPU in a report.
        let done = Cond::on(&self.done, |v, _target| v == 1, u64::from(self.target));
        wait(&s.named(Some("call done"), Some(self.place)), done, WaitKind::Spin);
        if self.done.load(Ordering::Acquire) == 1 {
            // SAFETY: made by `new`; its CPU has done with it, and the caller too.
            unsafe { KBox::dispose(self) };
        }
    }
}

/// A CPU's calls. The links are touched only within a step on `len`, with `lock` held.
struct Queue {
    lock: StepLock,
    len: AtomicU32,
    first: Cell<Option<&'static Call>>,
    last: Cell<Option<&'static Call>>,
}

define_per_cpu! {
    static QUEUE: Queue =
        Queue { lock: StepLock::new(), len: AtomicU32::new(0), first: Cell::new(None), last: Cell::new(None) };
}

impl Queue {
    fn step(&self, op: Op, place: Place) -> Step {
        Step::new(op, Mode::Rmw, ptr::from_ref(&self.len).addr(), 4, place).named(Some("call queue"), None)
    }
}

/// Queues `call` on its CPU and sees to it that an IPI comes (crate invariant 1).
pub(crate) fn send(m: &dyn Machine, call: &'static Call) {
    // Once it is queued it may be gone.
    let target = call.target;
    let queue = QUEUE.on(target);
    let before = queue.lock.within(&queue.step(Op::SmpCall, call.place).ordered(false, true), || {
        match queue.last.replace(Some(call)) {
            Some(before) => before.next.set(Some(call)),
            None => queue.first.set(Some(call)),
        }
        queue.len.fetch_add(1, Ordering::Release)
    });
    if before == 0 {
        m.send_ipi(target, ipi_entry);
    }
}

/// The IPI's entry: runs what is queued on CPU `cpu` (crate invariant 2).
///
/// Context: hardirq, interrupts off.
fn ipi_entry(cpu: u32) {
    context::irq_enter();
    let queue = QUEUE.on(cpu);
    let place = model().and_then(|_| queue.first.get()).map_or(Place::caller(), |c| c.place);
    let mut next = queue.lock.within(&queue.step(Op::SmpCallRun, place).ordered(true, false), || {
        queue.len.store(0, Ordering::Relaxed);
        queue.last.set(None);
        queue.first.take()
    });
    while let Some(call) = next {
        next = call.next.get();
        let balance = Balance::enter();
        // SAFETY: `Call::new`'s caller allowed this one run, and each queued call is taken off its queue once.
        unsafe { (call.run)(call.function) };
        balance.check(call.place, "function of a cross-CPU call");
        if call.waits {
            let at = ptr::from_ref(&call.done).addr();
            let s = Step::new(Op::SmpCallRun, Mode::Write, at, 4, call.place).ordered(false, true);
            step(&s.named(Some("call done"), Some(call.place)));
            // The waiter gives the call back.
            call.done.store(1, Ordering::Release);
            notify(at);
        } else {
            // SAFETY: made by `new`, and nobody else has it any more.
            unsafe { KBox::dispose(call) };
        }
    }
    softirq::irq_exit();
}
