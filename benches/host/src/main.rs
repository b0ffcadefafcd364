//! `host`: the host machine's primitives measured against their peers, in one process, interleaved.
//!
//! `cargo xtask bench host [--json] [--quick]` builds it twice (alone, and with the feature `model`) and runs both. It prints
//! one JSON object a line; a ratio is ours divided by theirs, times are nanoseconds, and figures are medians of the rounds.
//! Threads are pinned, thread n to processor n modulo two.
#![forbid(unsafe_code)]

mod atomics;
mod locks;
mod measure;
mod percpu;
mod row;
mod rw;
mod sleeping;
mod tasks;
mod threads;
mod wake;

use clap::Parser;
use measure::Effort;

/// Measure the host machine against its peers.
#[derive(Parser)]
struct Arguments {
    /// Fewer and shorter rounds.
    #[arg(long)]
    quick: bool,
    /// Only the works whose names contain this.
    #[arg(long, default_value = "")]
    only: String,
}

fn main() {
    let arguments = Arguments::parse();
    let effort = Effort::new(arguments.quick, arguments.only);
    // While this thread may run anywhere: what it starts inherits where it may.
    tasks::boot();
    threads::pin(0);
    locks::measure(&effort);
    rw::measure(&effort);
    percpu::measure(&effort);
    atomics::measure(&effort);
    tasks::measure(&effort);
    wake::measure(&effort);
    sleeping::measure(&effort);
}
