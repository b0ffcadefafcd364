//! `cargo xtask bench`: builds and runs a benchmark of the `benches` package in release.

use anyhow::{Result, ensure};
use clap::Subcommand;
use std::path::Path;

/// The benchmarks.
#[derive(Subcommand)]
pub enum Bench {
    /// The explorer against loom and shuttle: executions a second, executions and CPU time to exhaust.
    Explore {
        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
    },
}

/// Builds and runs `which`.
pub fn run(root: &Path, which: &Bench) -> Result<()> {
    let Bench::Explore { json } = which;
    let mut command = crate::cargo(root);
    // A package's own build, not `--workspace`: the measured graph holds only the features that it asks for.
    command.args([
        "run",
        "--quiet",
        "--release",
        "--locked",
        "--package",
        "ringzero-benches",
        "--bin",
        "explore",
        "--",
    ]);
    if *json {
        command.arg("--json");
    }
    let status = command.status()?;
    ensure!(status.success(), "bench explore: {status}");
    Ok(())
}
