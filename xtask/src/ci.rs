//! `cargo xtask ci`: every stage in order, stops at the first failure.
//!
//! Twenty minutes on two cores are the limit for the whole; the closing line says when it was passed.

use crate::{cargo, linux_tests, tidy};
use anyhow::{Context, Result, bail, ensure};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// How long the whole may take on two cores.
const LIMIT: Duration = Duration::from_secs(20 * 60);

/// Tools without which nothing can be said, and how to install them.
const REQUIRED: [(&str, &str); 2] =
    [("fmt", "rustup component add rustfmt"), ("clippy", "rustup component add clippy")];

/// The contract and the kernel must compile as they are without an operating system: without `std`.
#[rustfmt::skip]
const BARE: &[&str] = &[
    "check", "--locked", "--target-dir", "target/bare", "--package", "ringzero-machine",
    "--package", "ringzero-atomic", "--package", "ringzero-context", "--package", "ringzero-spinning",
    "--package", "ringzero-softirq", "--package", "ringzero-time", "--package", "ringzero-mm",
    "--package", "ringzero-sched", "--package", "ringzero-irq", "--package", "ringzero-sleeping",
    "--package", "ringzero-workqueue", "--package", "ringzero-smp",
];

/// A stage: its name and what it runs.
struct Stage {
    name: &'static str,
    work: Work,
}

/// What a stage runs.
enum Work {
    /// cargo with these arguments and environment variables.
    Cargo(&'static [&'static str], &'static [(&'static str, &'static str)]),
    /// The rules of `tidy`, in this process.
    Tidy,
    /// Linux's own test modules, if their package can be had.
    LinuxTests,
}

/// Runs all stages.
pub fn run(root: &Path) -> Result<()> {
    for (tool, install) in REQUIRED {
        ensure!(has(root, tool), "ci: `cargo {tool}` is not installed; install it with: {install}");
    }
    let nextest = has(root, "nextest");
    if !nextest {
        println!(
            "ci: SKIPPED cargo-nextest: it is not installed (cargo install --locked cargo-nextest); the tests run under cargo test"
        );
    }
    let stages = stages(nextest);
    let start = Instant::now();
    for (index, stage) in stages.iter().enumerate() {
        let place = format!("[{}/{}] {}", index + 1, stages.len(), stage.name);
        println!("ci: {place} ...");
        let stage_start = Instant::now();
        perform(root, &stage.work).with_context(|| format!("ci: {place} FAILED"))?;
        println!("ci: {place} passed in {:.1}s", stage_start.elapsed().as_secs_f64());
    }
    println!("{}", closing_line(stages.len(), start.elapsed()));
    Ok(())
}

/// The stages in their order: the cheap ones first.
fn stages(nextest: bool) -> Vec<Stage> {
    let tests: &[&str] = if nextest {
        &["nextest", "run", "--workspace", "--release", "--locked"]
    } else {
        // Without the doc tests, which are the next stage.
        &["test", "--workspace", "--release", "--locked", "--lib", "--bins", "--tests", "--examples"]
    };
    let stage = |name, arguments| Stage { name, work: Work::Cargo(arguments, &[]) };
    vec![
        stage("format", &["fmt", "--all", "--check"]),
        stage("clippy", &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]),
        Stage { name: "tidy", work: Work::Tidy },
        Stage {
            name: "documentation",
            work: Work::Cargo(
                &["doc", "--workspace", "--no-deps", "--document-private-items", "--locked"],
                &[("RUSTDOCFLAGS", "-D warnings -D rustdoc::broken_intra_doc_links")],
            ),
        },
        Stage { name: "tests", work: Work::Cargo(tests, &[]) },
        // Alone: other packages ask for the feature `model`, which it is about not to have.
        stage("instruction counts", &["test", "--package", "ringzero-asm", "--release", "--locked"]),
        Stage { name: "without an operating system", work: Work::Cargo(BARE, &[("RUSTFLAGS", "--cfg ringzero_bare")]) },
        stage("documentation tests", &["test", "--workspace", "--doc", "--release", "--locked"]),
        stage("soak", &["run", "--release", "--locked", "--package", "ringzero-soak", "--", "--seconds", "5"]),
        stage("gallery", &["run", "--release", "--locked", "--", "check", "--gallery"]),
        Stage { name: "linux-tests", work: Work::LinuxTests },
    ]
}

fn perform(root: &Path, work: &Work) -> Result<()> {
    match work {
        Work::Tidy => tidy::run(root),
        Work::LinuxTests => linux_tests::run(root, true),
        Work::Cargo(arguments, variables) => {
            let status = cargo(root).args(*arguments).envs(variables.iter().copied()).status()?;
            if status.success() {
                return Ok(());
            }
            let variables: String = variables.iter().map(|(name, value)| format!("{name}=\"{value}\" ")).collect();
            bail!("`{variables}cargo {}`: {status}", arguments.join(" "))
        }
    }
}

/// Whether `cargo TOOL` exists.
fn has(root: &Path, tool: &str) -> bool {
    let quiet = cargo(root).args([tool, "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    quiet.is_ok_and(|status| status.success())
}

fn closing_line(stages: usize, taken: Duration) -> String {
    let slow = if taken > LIMIT { format!(" (over the limit of {}s)", LIMIT.as_secs()) } else { String::new() };
    format!("ci: all {stages} stages passed in {}s{slow}", taken.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_line_says_when_it_took_too_long() {
        assert_eq!(closing_line(7, Duration::from_secs(61)), "ci: all 7 stages passed in 61s");
        assert!(closing_line(7, Duration::from_secs(1201)).ends_with("(over the limit of 1200s)"));
    }

    #[test]
    fn doc_tests_run_once_with_and_without_nextest() {
        for nextest in [true, false] {
            let names: Vec<_> = stages(nextest).iter().map(|stage| stage.name).collect();
            assert_eq!(names.len(), 11, "{names:?}");
            let plain = |stage: &&Stage| matches!(stage.work, Work::Cargo(["test", "--workspace", rest @ ..], _) if !rest.contains(&"--doc"));
            assert_eq!(stages(nextest).iter().filter(plain).count(), usize::from(!nextest));
        }
    }

    #[test]
    fn each_kernel_crate_is_checked_without_an_operating_system() {
        for folder in std::fs::read_dir(crate::workspace_root().join("kernel")).unwrap() {
            let name = format!("ringzero-{}", folder.unwrap().file_name().to_string_lossy());
            assert!(BARE.contains(&&*name), "{name}");
        }
    }

    #[test]
    fn a_failing_command_is_named() {
        let failing = Work::Cargo(&["no-such-command"], &[("NAME", "value")]);
        let error = perform(Path::new("."), &failing).unwrap_err();
        assert!(error.to_string().starts_with("`NAME=\"value\" cargo no-such-command`"), "{error}");
    }
}
