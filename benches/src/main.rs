//! `explore`: Ringzero's explorer measured against loom 0.7 and shuttle 0.9, on the same programs and in one run.
//!
//! `cargo xtask bench explore [--json]` builds and runs it. It takes one to two minutes. Ratios are ours divided by
//! theirs; progress and what could not be measured go to standard error, and then the exit status is 1. A missed goal
//! is shown, not an error: the machine may be busy.
#![forbid(unsafe_code)]

mod measure;
mod ours;
mod peers;
mod plan;
mod programs;
mod table;

use clap::Parser;
use std::process::ExitCode;

/// Measure the explorer against its peers.
#[derive(Parser)]
struct Arguments {
    /// Print one JSON object a line instead of a table.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = plan::measure_all(&mut |next| eprintln!("explore: {next}"));
    if arguments.json {
        outcome.rows.iter().for_each(|row| println!("{}", row.json()));
    } else {
        print!("{}", table::aligned(&outcome.rows));
    }
    outcome.missing.iter().for_each(|reason| eprintln!("explore: no value: {reason}"));
    ExitCode::from(u8::from(!outcome.missing.is_empty()))
}
