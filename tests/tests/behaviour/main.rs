//! How kernel code behaves, whatever machine it runs on.
//!
//! A **body** is the init function of a module that asserts what it sees. Bodies know nothing of the machine but what
//! kernel code may know. A **runner** runs them: so far the model, where each must hold in every execution. A host
//! runner goes beside `model.rs` and gets the same [`BODIES`].
//!
//! An assertion that is never reached shows nothing, so each body names the places that must be reached ([`reach`]) in
//! one execution at least.

mod atomics;
mod context;
mod lines;
mod locks;
mod memory;
mod model;
mod softirqs;
mod tasks;
mod timers;

use std::collections::BTreeSet;
use std::sync::Mutex;

/// A body, and the places in it that must be reached.
struct Body {
    name: &'static str,
    init: fn(),
    reaches: &'static [&'static str],
}

static REACHED: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// Notes that a place was reached. No step: nothing depends on it.
fn reach(place: &'static str) {
    REACHED.lock().expect("nobody panics with it").insert(place);
}

/// Places of a body that no execution has reached so far.
fn unreached(body: &Body) -> Vec<&'static str> {
    let reached = REACHED.lock().expect("nobody panics with it");
    body.reaches.iter().copied().filter(|p| !reached.contains(p)).collect()
}

macro_rules! bodies {
    ($($module:ident { $($name:ident: $($place:literal)*;)* })*) => {
        /// All bodies.
        const BODIES: &[Body] = &[$($(Body {
            name: concat!(stringify!($module), "::", stringify!($name)),
            init: $module::$name,
            reaches: &[$($place),*],
        },)*)*];

        /// Each body on the model, a test each.
        mod on_model {
            $(mod $module {
                $(#[test]
                fn $name() {
                    crate::model::holds(concat!(stringify!($module), "::", stringify!($name)));
                })*
            })*
        }
    };
}

bodies! {
    context {
        a_task: "task";
        preemption_nests: "preemption nests";
        a_hardirq: "hardirq";
        an_nmi: "nmi" "nmi with interrupts off";
        a_hardirq_upon_a_softirq: "softirq" "hardirq upon softirq";
        flags_are_restored: "flags restored";
        counted_disables: "counted";
        nothing_enters_with_interrupts_off: "before" "after";
        might_sleep_in_a_task: "might sleep";
    }
    softirqs {
        bh_enable_runs_what_was_raised: "bh enabled";
        the_last_bh_enable_counts: "last enable";
        a_raised_softirq_runs_after_all: "ksoftirqd";
        a_softirq_of_a_hardirq_runs_at_its_end: "irq exit";
        the_lowest_vector_is_first: "in order";
        a_softirq_runs_where_it_was_raised: "softirq cpu 0" "softirq cpu 1";
    }
    locks {
        trylock: "trylock fails" "trylock succeeds";
        is_locked: "seen locked" "seen free";
        unlock_wait: "unlocked";
        irqsave_restores: "irqsave";
        lock_irq_enables: "lock_irq";
        lock_bh: "lock_bh";
        sections_exclude_each_other: "both counted";
        guards_release: "released";
    }
    tasks {
        a_created_kthread_waits_to_be_woken: "woken";
        a_running_task_is_not_woken: "not woken";
        a_kthread_that_is_stopped: "told to stop" "stopped";
        a_kthread_stopped_before_its_start: "never ran";
        a_bound_kthread_stays: "bound to 1";
        what_a_kthread_returns: "exit code";
        schedule_waits_for_a_wake_up: "slept";
        wait_event_sees_the_condition: "event";
        wake_up_wakes_one_exclusive_waiter: "all woken";
    }
    timers {
        arming_and_deleting: "armed and deleted";
        a_timer_expires_in_a_softirq: "expired";
        a_timer_knows_its_data: "data";
        a_timer_rearms_itself: "twice";
        a_pending_timer_is_modified: "modified";
        a_deleted_timer_does_not_run: "deleted in time" "too late";
        adding_on_another_cpu: "timer on cpu 1";
    }
    lines {
        a_line_is_requested_once: "busy";
        a_handler_gets_its_line: "line 9";
        a_disabled_line_stays_out: "disabled";
        disables_nest: "nested";
        what_comes_meanwhile_is_latched: "latched";
        handlers_share_a_line: "shared";
        synchronize_waits_for_the_handler: "synchronized";
        a_freed_line_is_silent: "freed";
        calls_to_other_cpus: "called" "waited";
        calls_without_wait: "not waited";
        calls_to_the_own_cpu: "own cpu";
    }
    memory {
        zeroed_memory: "zeroed";
        sizes_that_are_no_sizes: "no size";
        objects: "object";
        an_object_goes_from_one_to_another: "handed over";
    }
    atomics {
        arithmetic_returns: "returns";
        conditional_operations: "conditional";
        bits: "bits";
        marked_words: "marked";
        one_of_two_wins: "won" "lost";
    }
}
