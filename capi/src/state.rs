//! What the exports of this crate remember during an execution.

use ringzero_machine::{in_machine, machine_local};
use std::cell::Cell;

/// Text of a message that has no end of line yet.
pub(crate) const LINE: usize = 1024;
/// Addresses that can get a name of their own.
pub(crate) const NAMES: usize = 256;
/// Contexts that can have a stream of their own.
pub(crate) const STREAMS: usize = 64;

/// All of it; zero at the start of each execution.
pub(crate) struct State {
    /// The open line of [`crate::printk`], and how much of it there is.
    pub(crate) line: [Cell<u8>; LINE],
    pub(crate) line_len: Cell<usize>,
    /// The addresses that [`crate::names`] has met, in this order.
    pub(crate) names: [Cell<usize>; NAMES],
    pub(crate) names_len: Cell<usize>,
    /// Key, numbers drawn and cycles passed of each stream of [`crate::stream`]; the first is everybody's.
    pub(crate) streams: [[Cell<u64>; 3]; STREAMS],
    pub(crate) streams_len: Cell<usize>,
    /// The running case of [`crate::kunit`].
    pub(crate) kunit: Cell<usize>,
}

impl State {
    const fn new() -> Self {
        Self {
            line: [const { Cell::new(0) }; LINE],
            line_len: Cell::new(0),
            names: [const { Cell::new(0) }; NAMES],
            names_len: Cell::new(0),
            streams: [const { [const { Cell::new(0) }; 3] }; STREAMS],
            streams_len: Cell::new(0),
            kunit: Cell::new(0),
        }
    }
}

machine_local! {
    static STATE: State = State::new();
}

std::thread_local! {
    static OUTSIDE: &'static State = Box::leak(Box::new(State::new()));
}

/// This instance's; outside a machine the thread's own.
pub(crate) fn state() -> &'static State {
    if in_machine() { STATE.get() } else { OUTSIDE.with(|s| *s) }
}
