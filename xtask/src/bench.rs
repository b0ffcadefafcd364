//! `cargo xtask bench`: builds and runs a benchmark in release.
//!
//! Each is built with `--package`, not `--workspace`: the measured graph holds only the features that it asks for.

mod dependencies;
mod table;

use anyhow::{Result, ensure};
use clap::Subcommand;
use std::path::Path;
use std::process::{Command, Stdio};

/// The benchmarks.
#[derive(Subcommand)]
pub enum Bench {
    /// The explorer against loom and shuttle: executions a second, executions and CPU time to exhaust.
    Explore {
        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// What a program gets that depends on `ringzero` alone: packages, sizes, and the time to build them.
    Dependencies,
    /// The host machine against its peers: locks, atomics, per-CPU counters, tasks. Then the same primitives with the model
    /// machine compiled in.
    Host {
        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
        /// Fewer and shorter rounds.
        #[arg(long)]
        quick: bool,
        /// Only the works whose names contain this.
        #[arg(long, default_value = "")]
        only: String,
    },
}

/// Builds and runs `which`.
pub fn run(root: &Path, which: &Bench) -> Result<()> {
    match which {
        Bench::Explore { json } => {
            let mut command = package(root, "ringzero-benches", &["--bin", "explore"]);
            command.args(json.then_some("--json"));
            finish("explore", command.status()?)
        }
        Bench::Dependencies => dependencies::print(root),
        Bench::Host { json, quick, only } => {
            let mut rows = String::new();
            for features in [&[][..], &["--features", "model"]] {
                let mut command = package(root, "ringzero-bench-host", features);
                command.args(quick.then_some("--quick")).args(["--only", only]);
                let output = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).output()?;
                finish("host", output.status)?;
                rows += std::str::from_utf8(&output.stdout)?;
            }
            if *json {
                print!("{rows}");
            } else {
                print!("{}", table::aligned(&rows)?);
            }
            Ok(())
        }
    }
}

/// `cargo run` of a package alone, before its own arguments.
fn package(root: &Path, name: &str, options: &[&str]) -> Command {
    let mut command = crate::cargo(root);
    command.args(["run", "--quiet", "--release", "--locked", "--package", name]).args(options).arg("--");
    command
}

fn finish(name: &str, status: std::process::ExitStatus) -> Result<()> {
    ensure!(status.success(), "bench {name}: {status}");
    Ok(())
}
