//! The command line: arguments, output and exit codes.
#![forbid(unsafe_code)]

mod args;
mod check;
mod exit;
mod out;
mod programs;
mod run;
mod show;
mod tap;

use args::{Args, Command};
use clap::Parser;
use exit::Exit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = Args::parse();
    let run = || match args.command {
        Command::Check(c) => check::run(&c),
        Command::Run(r) => run::run(&r),
        Command::Replay { trace, json } => show::replay(&trace, json),
        Command::Explain { code } => show::explain(&code),
        Command::Headers => show::headers(),
        Command::List { json } => show::list(json),
    };
    let exit = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
        eprintln!("ringzero: this is a bug in Ringzero, not in your program; please report it with the message above");
        Exit::OwnBug
    });
    exit.into()
}
