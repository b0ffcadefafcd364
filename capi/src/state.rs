//! What the exports of this crate remember during an execution.

use ringzero_machine::{define_per_cpu, host, in_machine, machine_local, model};
use std::cell::Cell;
use std::sync::atomic::AtomicUsize;

/// Text of a message that has no end of line yet.
pub(crate) const LINE: usize = 1024;
/// Addresses that can get a name of their own.
pub(crate) const NAMES: usize = 256;
/// Contexts that can have a stream of their own.
pub(crate) const STREAMS: usize = 64;

/// A message that has no end of line yet.
pub(crate) struct OpenLine {
    /// Its text, and how much of it there is.
    pub(crate) text: [Cell<u8>; LINE],
    pub(crate) len: Cell<usize>,
}

impl OpenLine {
    const fn new() -> Self {
        Self { text: [const { Cell::new(0) }; LINE], len: Cell::new(0) }
    }
}

/// All of it; zero at the start of each execution. On the host only what is atomic is used of it, since its CPUs are
/// threads.
pub(crate) struct State {
    /// The open line of [`crate::printk`].
    line: OpenLine,
    /// The addresses that [`crate::names`] has met, in this order.
    pub(crate) names: [Cell<usize>; NAMES],
    pub(crate) names_len: Cell<usize>,
    /// Key, numbers drawn and cycles passed of each stream of [`crate::stream`]; the first is everybody's.
    pub(crate) streams: [[Cell<u64>; 3]; STREAMS],
    pub(crate) streams_len: Cell<usize>,
    /// The running case of [`crate::kunit`].
    pub(crate) kunit: AtomicUsize,
}

impl State {
    const fn new() -> Self {
        Self {
            line: OpenLine::new(),
            names: [const { Cell::new(0) }; NAMES],
            names_len: Cell::new(0),
            streams: [const { [const { Cell::new(0) }; 3] }; STREAMS],
            streams_len: Cell::new(0),
            kunit: AtomicUsize::new(0),
        }
    }
}

machine_local! {
    static STATE: State = State::new();
}

define_per_cpu! {
    /// On the host: only this CPU uses it, and nothing comes in between while it does.
    static LINE_HERE: OpenLine = OpenLine::new();
    static STREAM_HERE: [Cell<u64>; 3] = [const { Cell::new(0) }; 3];
}

std::thread_local! {
    static OUTSIDE: &'static State = Box::leak(Box::new(State::new()));
}

/// This instance's; outside a machine the thread's own.
pub(crate) fn state() -> &'static State {
    if in_machine() { STATE.get() } else { OUTSIDE.with(|s| *s) }
}

/// Whether the caller runs on the machine of threads.
pub(crate) fn on_host() -> bool {
    model().is_none() && host().is_some()
}

/// The open line that the caller goes on with: on the host each CPU has its own.
pub(crate) fn open_line() -> &'static OpenLine {
    if on_host() { LINE_HERE.this() } else { &state().line }
}

/// The open line of CPU `cpu` of the host.
pub(crate) fn open_line_on(cpu: u32) -> &'static OpenLine {
    LINE_HERE.on(cpu)
}

/// The stream of the host's CPU that the caller runs on.
pub(crate) fn stream_here() -> &'static [Cell<u64>; 3] {
    STREAM_HERE.this()
}
