//! `cargo xtask`: the project's own commands.
//!
//! - `ci`: everything that must pass, in one command;
//! - `tidy`: the rules about the code that no compiler and no linter checks;
//! - `linux-tests`: Linux's own test modules, unmodified, under the checker;
//! - `soak`: everything at once on real threads, with counts that must balance;
//! - `bench explore`, `bench host`: the explorer, and the host machine, against their peers.
#![forbid(unsafe_code)]

mod bench;
mod ci;
mod linux_tests;
mod tidy;

use clap::{Parser, Subcommand};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// The project's own commands.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

/// What to do.
#[derive(Subcommand)]
enum Task {
    /// Run everything that must pass: format, clippy, tidy, documentation, tests, the gallery.
    Ci,
    /// Check the project's own rules: layering, lengths, banned calls, statics, finding pages, words.
    Tidy,
    /// Check Linux's own test modules, unmodified, from Debian's source package.
    LinuxTests,
    /// Run everything at once on real threads, with counts that must balance.
    Soak {
        /// How long, in seconds.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
    /// Measure against the peers.
    Bench {
        #[command(subcommand)]
        which: bench::Bench,
    },
}

fn main() -> ExitCode {
    let root = workspace_root();
    let result = match Arguments::parse().task {
        Task::Ci => ci::run(&root),
        Task::Tidy => tidy::run(&root),
        Task::LinuxTests => linux_tests::run(&root, false),
        Task::Soak { seconds } => soak(&root, seconds),
        Task::Bench { which } => bench::run(&root, &which),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Builds the soak and runs it.
fn soak(root: &Path, seconds: u64) -> anyhow::Result<()> {
    let mut command = cargo(root);
    command.args(["run", "--release", "--locked", "--package", "ringzero-soak", "--"]);
    let status = command.args(["--seconds", &seconds.to_string()]).status()?;
    anyhow::ensure!(status.success(), "the soak failed: {status}");
    Ok(())
}

/// The workspace that this program was built from.
fn workspace_root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_owned()
}

/// The cargo that runs this program (or the one on the path), in the workspace.
fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}
