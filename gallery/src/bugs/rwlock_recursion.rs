//! A reader of a rwlock that reads again while a writer waits.
//!
//! Each read lock looks harmless: readers do not exclude each other. But a writer that came in between waits for the first
//! one, and new readers wait behind a waiting writer, so that writers do not starve. So the second one waits for the
//! writer, and that for the task itself. The function that is called with the lock held must not take it.
//!
//! Source: seed 001 (reader-writer spinlocks: "not recursive"), seed 004; Linux `Documentation/locking/spinlocks.rst`.
//! Expected: `rwlock-recursion-buggy` violated self-deadlock, `rwlock-recursion-fixed` holds.

use crate::entry::pair;
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::sync::RwLock;

pair!(
    "rwlock-recursion",
    "self-deadlock",
    "a reader that takes the read lock again, behind a writer that waits",
    "a reader that hands what it reads to the function"
);

ringzero::global! {
    static ROUTES: RwLock<[u32; 2]> = RwLock::new([1, 2]).named("routes");
}

fn total(routes: &[u32; 2]) -> u32 {
    routes.iter().sum()
}

fn update() {
    ROUTES.write()[0] = 3;
}

fn buggy() {
    kthread_run_on_cpu(update, 1, "writer");
    let routes = ROUTES.read();
    let again = ROUTES.read();
    assert!(total(&again) >= routes[0]);
    again.unlock();
    routes.unlock();
}

fn fixed() {
    kthread_run_on_cpu(update, 1, "writer");
    let routes = ROUTES.read();
    assert!(total(&routes) >= routes[0]);
    routes.unlock();
}
