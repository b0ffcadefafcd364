//! Tasklets outside a machine. One test, since the lists are the instance's.

use ringzero_context::{in_serving_softirq, local_bh_disable, local_bh_enable};
use ringzero_machine::machine_local;
use ringzero_softirq::{Tasklet, init};
use std::cell::RefCell;

machine_local! {
    /// The instance's, as the lists are; only the first test uses it.
    static RAN: RefCell<Vec<usize>> = RefCell::new(Vec::new());
}

fn note(n: usize) {
    assert!(in_serving_softirq());
    RAN.get().borrow_mut().push(n);
}

fn again(tasklet: &'static Tasklet) {
    note(4);
    if RAN.get().borrow().iter().filter(|n| **n == 4).count() < 2 {
        assert!(tasklet.schedule() && !tasklet.schedule());
    }
}

static FIRST: Tasklet = Tasklet::with_data(note, 1);
static SECOND: Tasklet = Tasklet::with_data(note, 2);
static HIGH: Tasklet = Tasklet::with_data(note, 3);
static AGAIN: Tasklet = Tasklet::new(again);
static OFF: Tasklet = Tasklet::with_data(note, 5).disabled();

fn ran() -> Vec<usize> {
    RAN.get().take()
}

/// Schedules what `f` does with bottom halves off; what ran when they went on.
fn together(f: impl FnOnce()) -> Vec<usize> {
    local_bh_disable();
    f();
    assert_eq!(ran(), [0; 0]);
    local_bh_enable();
    ran()
}

#[test]
fn tasklets_run_in_order_once_each() {
    init();
    let order = together(|| {
        assert!(FIRST.schedule() && !FIRST.schedule() && SECOND.schedule() && HIGH.hi_schedule());
    });
    assert_eq!(order, [3, 1, 2]);
    assert_eq!(together(|| assert!(AGAIN.schedule())), [4, 4]);
    // A disabled one waits on its CPU, and whatever else happens meanwhile.
    assert_eq!(together(|| assert!(OFF.schedule() && FIRST.schedule())), [1]);
    assert_eq!(together(|| assert!(!OFF.schedule())), [0; 0]);
    assert_eq!(together(|| OFF.enable()), [5]);
    OFF.disable();
    OFF.kill();
}

#[test]
#[should_panic(expected = "unbalanced-context: tasklet_enable() without a tasklet_disable()")]
fn an_enable_too_many_is_found() {
    static ON: Tasklet = Tasklet::with_data(note, 0);
    ON.enable();
}

#[test]
#[should_panic(expected = "sleep-in-atomic: tasklet_kill() may sleep")]
fn killing_may_sleep() {
    static ON: Tasklet = Tasklet::with_data(note, 0);
    local_bh_disable();
    ON.kill();
}
