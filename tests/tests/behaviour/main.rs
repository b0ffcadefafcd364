//! How kernel code behaves, whatever machine it runs on.
//!
//! A **body** is the init function of a module that asserts what it sees. Bodies know nothing of the machine but what
//! kernel code may know. A **runner** runs them: on the model, each must hold in every execution; on the machine of threads,
//! each runs several times, as the threads come.
//!
//! An assertion that is never reached shows nothing, so each body names the places that must be reached ([`reach`]) in
//! one execution at least.

mod atomics;
mod bits;
mod claims;
mod completions;
mod context;
mod host;
mod lines;
mod locks;
mod memory;
mod model;
mod mutexes;
mod owners;
mod priorities;
mod rt_mutexes;
mod rwlocks;
mod rwsems;
mod semaphores;
mod seqlocks;
mod softirqs;
mod tasklets;
mod tasks;
mod timers;
mod waits;
mod works;
mod ww_mutexes;

use ringzero::completion::Completion;
use ringzero::kthread::kthread_run_on_cpu;
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

/// Lets another task take a lock, and releases it here.
fn released_by_another_task(take: fn(), release: fn()) {
    ringzero::global! {
        static TAKEN: Completion = Completion::new();
        static OVER: Completion = Completion::new();
    }
    /// Lets the other task end, also where the misuse is a panic.
    struct Over;
    impl Drop for Over {
        fn drop(&mut self) {
            OVER.complete();
        }
    }
    let taker = move || {
        take();
        TAKEN.complete();
        OVER.wait_for_completion();
    };
    kthread_run_on_cpu(taker, 1, "taker");
    TAKEN.wait_for_completion();
    let _over = Over;
    release();
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

        /// Each body on the machine of threads, a test each.
        mod on_host {
            $(mod $module {
                $(#[test]
                fn $name() {
                    crate::host::holds(concat!(stringify!($module), "::", stringify!($name)));
                })*
            })*
        }
    };
}

bodies! {
    claims {
        who_holds_may_claim_it: "all kinds";
        anothers_locks_are_not_ours: "held by another";
        a_counter_whose_writers_hold_a_mutex: "written with the mutex";
    }
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
    rwlocks {
        forms_enter_and_leave: "rwlock forms";
        readers_read_together: "two readers" "read";
        writers_are_alone: "between writers" "after writers";
        who_tries_does_not_wait: "a writer is there" "tried to write";
        an_interrupt_reads_over_a_reader: "read in an interrupt";
        with_bottom_halves_off_a_reader_reads_again: "read again";
        local_sections_and_a_global_one: "one was first" "both were first";
    }
    seqlocks {
        forms_of_a_seqlock: "seqlock forms";
        forms_of_a_counter: "counter forms";
        readers_get_what_was_written: "read before" "read after";
        writers_add_up: "both wrote";
        an_interrupt_reads_the_clock: "clock read in an interrupt";
        a_counter_under_a_section: "read in vain" "read whole";
        a_latch_is_read_over_its_writer: "latch read";
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
        references_are_counted: "last reference dropped";
        a_value_is_waited_for: "waited for";
        barriers_are_full: "alone" "not alone";
        a_result_is_a_barrier: "behind a result";
        a_race_is_meant: "raced";
        the_last_reference_takes_the_lock: "released under the lock";
    }
    bits {
        plain_operations: "plain bits";
        bits_are_found: "bits found";
        a_bit_is_a_lock: "both had the bit";
        a_bit_is_unlocked_plainly: "both took the bit" "one took the bit";
    }
    mutexes {
        sections_exclude_each_other: "mutex counted both";
        trying_takes_a_free_one_only: "mutex was free" "mutex was held";
        a_holder_may_sleep: "waited for a sleeper";
        guards_unlock: "guards unlock";
        the_last_user_holds_the_mutex: "last user";
        the_last_reference_takes_the_mutex: "last reference";
        a_waiter_is_killed: "locked before the kill" "killed while it waited";
    }
    semaphores {
        one_is_inside_at_a_time: "semaphore counted all";
        two_are_inside_at_a_time: "one inside" "two inside";
        who_tries_does_not_wait: "semaphore was open" "semaphore was closed";
        an_interrupt_gives: "given by an irq";
        a_wait_for_one_may_time_out: "given in time" "given too late";
        a_waiter_is_killed: "given before the kill" "killed while waiting";
        one_of_two_waiters_is_killed: "the one was killed" "the other one got it";
        a_kthread_hears_no_signal: "not interrupted";
    }
    rwsems {
        writers_are_alone: "both wrote alone";
        readers_read_together: "two read";
        a_downgrade_keeps_writers_out: "downgraded first" "downgraded last";
        who_tries_does_not_wait: "tried to read" "somebody writes";
        another_task_ends_it: "ended elsewhere";
        a_writer_is_killed: "wrote before the kill" "killed before it wrote";
        per_cpu_ones: "both wrote rarely";
        per_cpu_ones_are_tried: "routes of old" "new routes" "routes are changing";
    }
    owners {
        an_interrupt_leaves_a_note: "nobody owned it" "noted" "no note was lost";
        owners_exclude_each_other: "both owned it";
        a_socket_has_softirqs: "received";
        a_local_lock_is_a_cpus_own: "a batch on cpu 1";
        the_big_lock_nests: "big lock counted both";
        the_big_lock_is_dropped_by_who_sleeps: "dropped over a sleep";
        schedule_drops_the_big_lock: "nobody came in" "somebody came in";
        waiting_for_a_mutex_drops_the_big_lock: "both orders";
    }
    priorities {
        a_better_task_comes_at_once: "came at once";
        it_waits_until_preemption_is_on: "came when preemption was on";
        the_best_is_first: "the best was first";
        an_equal_one_waits_for_a_yield: "an equal one came";
        a_worse_one_waits_for_a_sleep: "worse ones waited";
        who_becomes_worse_goes: "the other one was better";
        who_becomes_better_comes: "it became better";
        who_was_preempted_is_first_of_its_equals: "first again";
        equals_take_turns_if_they_shall: "took turns";
    }
    completions {
        a_waiter_sees_what_was_done: "completed";
        each_call_lets_one_pass: "two passed";
        calls_are_counted: "counted calls";
        all_may_pass: "all passed";
        an_interrupt_completes: "irq completed";
        a_wait_may_time_out: "wait timed out" "in time";
        a_wait_without_an_end_has_no_timer: "no timer";
        sleeping_takes_time: "slept for a time";
        a_sleep_is_ended_by_waking: "slept out" "woken early";
        a_running_task_does_not_sleep_for_a_time: "not asleep";
        a_sleeping_kthread_is_stopped: "stopped past its bound";
        waiting_for_an_event_may_time_out: "event timed out" "event in time";
    }
    tasklets {
        it_runs_once_for_each_scheduling: "tasklet ran";
        it_schedules_itself: "tasklet ran again";
        the_old_form_has_data: "tasklet's data";
        high_priority_ones_run_first: "high first";
        an_interrupt_schedules_it: "scheduled by an irq";
        it_runs_on_one_cpu_at_a_time: "tasklet once" "tasklet twice" "tasklet on cpu 1";
        a_disabled_one_waits: "tasklet enabled";
        it_is_enabled_from_another_cpu: "enabled elsewhere";
        disabling_waits_for_it: "disabled meanwhile";
        killing_waits_for_it: "killed";
    }
    works {
        it_is_executed_by_a_task: "executed";
        it_is_pending_once: "executed twice" "pending once";
        it_runs_where_it_was_queued: "work on cpu 1";
        it_queues_itself: "work again";
        it_is_executed_by_one_at_a_time: "work once" "work twice";
        an_interrupt_queues_it: "queued by an irq";
        cancelling_waits_for_it: "cancelled in time" "cancelled too late";
        cancelling_one_that_queues_itself: "cancelled for good";
        flushing_waits_for_it: "flushed";
        flushing_all_waits_for_all: "all flushed";
        a_sleeping_one_lets_the_next_go_on: "went on meanwhile";
        workers_exclude_each_other: "workers took turns";
        it_may_free_itself: "freed itself";
        a_delayed_one_waits: "delayed and cancelled" "delayed and executed";
        a_delayed_one_is_cancelled: "taken back" "not taken back";
        a_delayed_one_is_modified: "modified delay";
        a_delayed_one_is_flushed: "delayed and flushed";
    }
    waits {
        a_signal_ends_a_wait: "event before the signal" "signal before the event";
        a_signal_is_not_lost_on_the_way_to_sleep: "noticed by schedule";
        only_a_fatal_signal_kills: "killed by a signal";
        an_interrupt_sends_a_signal: "signal of an irq";
        a_kthread_hears_what_it_allows: "heard what it allows";
        signals_are_forced_and_flushed: "forced and flushed";
        a_signal_ends_a_wait_for_a_completion: "done before the signal" "signal before it was done";
        a_completion_may_end_after_its_wait: "freed after the wait";
        what_comes_first_ends_the_wait: "time first" "done first" "signal first";
        a_time_that_is_over_comes_before_a_signal: "both, and not done" "both, and no event";
        a_signal_uses_up_no_wake_up: "left without the wake-up" "all have left";
        all_forms_see_a_condition_that_holds: "all forms, true";
        all_forms_time_out: "all forms, timed out";
        a_condition_under_a_lock: "under a lock";
        a_condition_under_the_queues_lock: "under the queue's lock";
        two_wait_under_the_queues_lock: "all woken with the lock held";
        a_signal_ends_a_wait_under_the_queues_lock: "signalled under the queue's lock";
        commands_surround_the_sleep: "commands";
        commands_may_drop_a_lock: "commands with a lock";
        an_entry_has_its_own_function: "own function";
        a_function_may_end_the_wake_up: "ended by the first";
        woken_tasks_look_again: "woken again";
        a_bit_is_waited_for: "bit cleared";
        a_bit_is_a_lock: "locked by bit";
        a_signal_ends_a_wait_for_a_bit: "bit not waited for";
        a_variable_is_waited_for: "variable";
        simple_queues_wake_one_by_one: "simple";
        a_future_is_woken: "future ready";
        a_future_waits_for_a_completion: "future completed";
        a_future_may_be_dropped: "future dropped";
    }
    rt_mutexes {
        sections_exclude_each_other: "rt_mutex counted both";
        trying_takes_a_free_one_only: "rt_mutex was free" "rt_mutex was held";
        guards_unlock: "rt guards unlock";
        a_holder_inherits: "boosted";
        a_chain_inherits: "boosted along a chain";
        who_leaves_takes_it_back: "the boost was taken back" "locked before the signal";
        a_wait_may_time_out: "rt_mutex in time" "rt_mutex timed out";
        the_best_comes_first: "both waited" "by priority";
        deadlocks_are_told: "a deadlock" "no deadlock";
    }
    ww_mutexes {
        the_older_one_wounds: "wounded" "both have dined";
        the_younger_one_dies: "died" "both were paid";
        one_is_not_taken_twice: "not twice";
        tasks_have_priorities: "priorities";
    }
}

/// A misuse `everywhere` is one that the machine of threads finds, too, whenever it happens.
macro_rules! misuses {
    ($($module:ident { $($name:ident: $code:literal $($everywhere:ident)?;)* })*) => {
        /// Each misuse on the model, a test each.
        mod misused_on_model {
            $(mod $module {
                $(#[test]
                fn $name() {
                    let name = concat!(stringify!($module), "::", stringify!($name));
                    crate::model::finds(name, crate::$module::$name, $code);
                })*
            })*
        }

        /// Those that are found on the machine of threads, a test each.
        mod misused_on_host {
            $(mod $module {
                $($(#[test]
                fn $name() {
                    let $everywhere = crate::$module::$name;
                    let name = concat!(stringify!($module), "::", stringify!($name));
                    crate::host::finds(name, $everywhere, $code);
                })?)*
            })*
        }
    };
}

misuses! {
    atomics {
        a_reference_from_nothing: "refcount" everywhere;
        a_reference_too_few: "refcount" everywhere;
        failing_is_no_barrier: "data-race";
    }
    bits {
        found_while_they_change: "data-race";
        two_set_bits_plainly: "data-race";
    }
    mutexes {
        locked_twice: "self-deadlock" everywhere;
        in_opposite_order: "deadlock";
        unlocked_by_another_task: "unlock-by-other" everywhere;
        tried_in_a_softirq: "sleep-in-atomic" everywhere;
        locked_with_bottom_halves_off: "sleep-in-atomic" everywhere;
        held_while_waiting_for_its_taker: "hang";
        held_at_the_tasks_end: "unbalanced-context" everywhere;
        destroyed_while_it_is_held: "warn" everywhere;
        initialised_while_it_is_held: "warn";
    }
    semaphores {
        taken_in_an_interrupt: "sleep-in-atomic";
        taken_with_preemption_off: "sleep-in-atomic" everywhere;
        nobody_gives: "hang";
    }
    rwsems {
        written_twice: "self-deadlock" everywhere;
        in_opposite_order: "deadlock";
        read_again_behind_a_writer: "self-deadlock";
        read_again_on_this_cpu_behind_a_writer: "self-deadlock";
        written_by_another_task: "unlock-by-other" everywhere;
        read_by_another_task: "unlock-by-other";
        nobody_reads: "unlock-by-other" everywhere;
        a_reader_downgrades: "unlock-by-other" everywhere;
        read_with_bottom_halves_off: "sleep-in-atomic" everywhere;
    }
    owners {
        owned_twice: "self-deadlock" everywhere;
        owned_in_an_interrupt: "sleep-in-atomic";
        a_local_lock_taken_in_an_interrupt: "irq-deadlock";
        a_local_lock_taken_twice: "self-deadlock" everywhere;
        the_big_lock_not_held: "unlock-by-other" everywhere;
        the_big_lock_where_nobody_may_sleep: "sleep-in-atomic" everywhere;
    }
    rwlocks {
        read_again_behind_a_writer: "self-deadlock";
        written_while_read: "self-deadlock";
        ended_without_reading: "unlock-by-other" everywhere;
        ended_by_a_reader: "unlock-by-other" everywhere;
        ended_by_another_task: "unlock-by-other";
        read_over_its_writer: "irq-deadlock" everywhere;
    }
    seqlocks {
        read_over_its_writer: "irq-deadlock" everywhere;
        read_in_its_own_section: "self-deadlock" everywhere;
        written_with_preemption_on: "warn" everywhere;
        written_within_a_section: "warn" everywhere;
        ended_without_a_section: "unlock-by-other" everywhere;
        written_without_its_lock: "warn" everywhere;
    }
    completions {
        nobody_completes: "hang";
        waited_for_in_an_atomic_section: "sleep-in-atomic" everywhere;
        slept_in_an_atomic_section: "sleep-in-atomic" everywhere;
        one_too_few: "hang";
    }
    tasklets {
        killed_in_a_softirq: "sleep-in-atomic" everywhere;
        killed_while_disabled: "hang";
        waiting_for_itself: "self-deadlock";
        enabled_too_often: "unbalanced-context" everywhere;
        under_its_own_lock: "softirq-deadlock";
        freed_while_scheduled: "use-after-free";
    }
    works {
        cancelling_itself: "self-deadlock";
        flushing_from_within: "self-deadlock";
        cancelled_with_its_mutex_held: "deadlock";
        spinning_for_the_next_one: "hang";
        waiting_for_ever: "hang";
        freed_while_pending: "use-after-free";
        flushed_in_an_atomic_section: "sleep-in-atomic" everywhere;
        only_cancelled: "data-race";
    }
    claims {
        a_spinlock_is_free: "warn" everywhere;
        an_rwlock_is_free: "warn" everywhere;
        an_rwlock_is_read_only: "warn" everywhere;
        an_rwlock_is_written: "warn" everywhere;
        a_mutex_is_free: "warn" everywhere;
        a_mutex_is_held: "warn" everywhere;
        a_mutex_is_anothers: "warn" everywhere;
        an_rwsem_is_free: "warn" everywhere;
        an_rwsem_is_read_only: "warn" everywhere;
        an_rwsem_is_anothers: "warn" everywhere;
        a_percpu_rwsem_is_free: "warn" everywhere;
        a_percpu_rwsem_is_anothers: "warn" everywhere;
        a_ww_mutex_is_anothers: "warn" everywhere;
        a_local_lock_is_free: "warn" everywhere;
        a_counter_without_its_mutex: "warn" everywhere;
        a_counter_with_anothers_mutex: "warn";
        a_reader_is_another: "warn";
    }
    waits {
        state_set_too_late: "hang";
        killable_in_an_atomic_section: "sleep-in-atomic" everywhere;
        a_bit_without_a_wake_up: "hang";
        completed_after_its_end: "use-after-free";
    }
    rt_mutexes {
        locked_twice: "self-deadlock" everywhere;
        in_opposite_order: "deadlock";
        unlocked_by_another_task: "unlock-by-other" everywhere;
        unlocked_while_it_is_free: "unlock-by-other" everywhere;
        tried_in_a_softirq: "sleep-in-atomic" everywhere;
        locked_with_bottom_halves_off: "sleep-in-atomic" everywhere;
        held_at_the_tasks_end: "unbalanced-context" everywhere;
        destroyed_while_it_is_held: "warn" everywhere;
        initialised_while_it_is_held: "warn";
    }
    ww_mutexes {
        unlocked_by_another_task: "unlock-by-other" everywhere;
        without_a_context_in_opposite_order: "deadlock";
        taken_twice_without_a_context: "self-deadlock" everywhere;
        not_backed_off: "warn" everywhere;
        context_of_another_class: "warn" everywhere;
        held_at_the_contexts_end: "warn" everywhere;
    }
}
