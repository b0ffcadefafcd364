//! The pairs, one a file.

mod busy_poll;
mod connection_lock;
mod cross_call;
mod del_timer_sync_lock;
mod disable_irq_in_handler;
mod double_free;
mod early_irq_enable;
mod error_path_leak;
mod flag_as_lock;
mod hardirq_lock;
mod leftover_state;
mod lock_order;
mod lost_wakeup;
mod marked_counter;
mod missing_unlock;
mod nmi_lock;
mod plain_counter;
mod racing_timers;
mod rearming_timer;
mod recursive_lock;
mod rwlock_recursion;
mod seqcount_retry;
mod seqlock_irq_reader;
mod sleeping_allocation;
mod softirq_lock;
mod unlock_by_other;
mod unreferenced_object;

use crate::Entry;

macro_rules! pairs {
    ($($module:ident)*) => {
        /// Both twins of every pair: what seeds tell first, then the findings that they leave.
        pub(crate) const ENTRIES: &[Entry] = &[$($module::BUGGY, $module::FIXED),*];
    };
}

pairs! {
    hardirq_lock softirq_lock lock_order recursive_lock early_irq_enable del_timer_sync_lock racing_timers
    rearming_timer unreferenced_object sleeping_allocation lost_wakeup connection_lock plain_counter marked_counter
    nmi_lock disable_irq_in_handler cross_call
    rwlock_recursion seqlock_irq_reader
    missing_unlock unlock_by_other double_free error_path_leak seqcount_retry busy_poll flag_as_lock leftover_state
}
