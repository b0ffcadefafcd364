//! `cargo xtask linux-tests`: Linux's own test modules, unmodified, under the checker.
//!
//! They come from Debian's `linux-source-6.1`, are unpacked into `target/linux-tests`, and are never committed: they are
//! Linux's, under the GPL. Of each we know how many programs it has, what its init function returns (that is no
//! verdict: several return -EAGAIN when all is well), and what it prints. For each there is a fault that, planted in
//! our headers or our C library, makes it fail: so these tests can fail.

use crate::cargo;
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The package, and what it installs.
const PACKAGE: &str = "linux-source-6.1";
const ARCHIVE: &str = "/usr/src/linux-source-6.1.tar.xz";

/// One of Linux's test files.
struct Test {
    /// In Linux's tree.
    file: &'static str,
    /// How many programs it has: its KUnit cases, or 1.
    programs: usize,
    /// What init returns, if not 0.
    init: Option<i64>,
    /// Patterns that the log has, in this order. `#` stands for a number.
    log: &'static [&'static str],
    /// A fault in our code: the file in `capi/`, what is there, and what is put in its place.
    fault: (&'static str, &'static str, &'static str),
}

const TESTS: &[Test] = &[
    Test {
        file: "lib/list-test.c",
        programs: 57,
        init: None,
        log: &[],
        fault: ("include/linux/list.h", "return entry->prev == head;", "return entry->next == head;"),
    },
    Test {
        file: "lib/rbtree_test.c",
        programs: 1,
        init: Some(-11),
        log: &[
            "rbtree testing",
            " -> test 1 (latency of nnodes insert+delete): # cycles",
            " -> test 2 (latency of nnodes cached insert+delete): # cycles",
            " -> test 3 (latency of inorder traversal): # cycles",
            " -> test 4 (latency to fetch first node)",
            "        non-cached: # cycles",
            "        cached: # cycles",
            "augmented rbtree testing",
            " -> test 1 (latency of nnodes insert+delete): # cycles",
            " -> test 2 (latency of nnodes cached insert+delete): # cycles",
        ],
        fault: ("lib/rbtree.c", "\t\t\tset_color(uncle, RB_BLACK);\n", ""),
    },
    Test {
        file: "lib/interval_tree_test.c",
        programs: 1,
        init: Some(-11),
        log: &["interval tree insert/remove", " -> # cycles", "interval tree search", " -> # cycles (2464 results)"],
        fault: ("include/linux/interval_tree_generic.h", "rb = rb->rb_right;", "rb = rb->rb_left;"),
    },
    Test {
        file: "lib/test_list_sort.c",
        programs: 1,
        init: None,
        log: &[],
        fault: ("lib/list_sort.c", "if (cmp(priv, older, newer) <= 0) {", "if (cmp(priv, older, newer) < 0) {"),
    },
    Test {
        file: "lib/test_sort.c",
        programs: 1,
        init: None,
        log: &[],
        fault: (
            "lib/sort.c",
            "while (at != top && compare(job, top, at) >= 0)",
            "while (at != top && compare(job, top, at) < 0)",
        ),
    },
    Test {
        file: "lib/test_min_heap.c",
        programs: 1,
        init: None,
        log: &["min_heap_test: test passed"],
        fault: ("include/linux/min_heap.h", "if (func->less(child, smallest)) {", "if (func->less(smallest, child)) {"),
    },
    Test {
        file: "lib/atomic64_test.c",
        programs: 1,
        init: None,
        log: &["atomic64_test: passed"],
        fault: (
            "include/linux/atomic.h",
            "return __atomic_fetch_and(&v->counter, ~i, order);",
            "return __atomic_fetch_and(&v->counter, i, order);",
        ),
    },
];

/// Runs all of them. Without the package: a message, and success only if `lenient`.
pub fn run(root: &Path, lenient: bool) -> Result<()> {
    let work = root.join("target/linux-tests");
    let Some(sources) = sources(&work)? else {
        let how = format!("install it with: apt-get install {PACKAGE}");
        ensure!(lenient, "linux-tests: Debian's package {PACKAGE} is not installed; {how}");
        println!(
            "linux-tests: SKIPPED: Debian's package {PACKAGE} is not installed and cannot be installed here; {how}"
        );
        return Ok(());
    };
    let built = cargo(root).args(["build", "--release", "--locked", "--quiet", "-p", "ringzero-cli"]).status()?;
    ensure!(built.success(), "building the command line: {built}");
    let ringzero = root.join("target/release/ringzero");
    for test in TESTS {
        let path = sources.join(test.file);
        let programs = check(&ringzero, &path, None).with_context(|| test.file.to_owned())?;
        expect(test, &programs).with_context(|| test.file.to_owned())?;
        let planted = plant(root, &work, test).with_context(|| test.file.to_owned())?;
        let faulty = check(&ringzero, &path, Some(&planted)).with_context(|| format!("{} with a fault", test.file))?;
        ensure!(expect(test, &faulty).is_err(), "{}: passes although {} has a fault", test.file, test.fault.0);
        println!(
            "linux-tests: {}: {} of {} hold; fails with a fault in {}",
            test.file,
            programs.len(),
            test.programs,
            test.fault.0
        );
    }
    println!("linux-tests: all {} files as expected", TESTS.len());
    Ok(())
}

/// The unpacked files; `None` if the package is not there and cannot be had.
fn sources(work: &Path) -> Result<Option<PathBuf>> {
    let root = work.join("linux-source-6.1");
    if TESTS.iter().all(|t| root.join(t.file).is_file()) {
        return Ok(Some(root));
    }
    if !Path::new(ARCHIVE).is_file() {
        println!("linux-tests: installing {PACKAGE} ...");
        let quiet = |arguments: &[&str]| {
            Command::new("apt-get")
                .args(arguments)
                .env("DEBIAN_FRONTEND", "noninteractive")
                .output()
                .is_ok_and(|o| o.status.success())
        };
        let install = ["install", "-y", "--no-install-recommends", PACKAGE];
        if !(quiet(&install) || quiet(&["update"]) && quiet(&install)) || !Path::new(ARCHIVE).is_file() {
            return Ok(None);
        }
    }
    fs::create_dir_all(work)?;
    let members = TESTS.iter().map(|t| format!("linux-source-6.1/{}", t.file));
    let status = Command::new("tar").arg("-xJf").arg(ARCHIVE).arg("-C").arg(work).args(members).status()?;
    ensure!(status.success(), "unpacking {ARCHIVE}: {status}");
    Ok(Some(root))
}

/// A copy of our headers and our C library with the test's fault; where it lies.
fn plant(root: &Path, work: &Path, test: &Test) -> Result<PathBuf> {
    let to = work.join("planted").join(Path::new(test.file).file_stem().unwrap_or_default());
    if to.exists() {
        fs::remove_dir_all(&to)?;
    }
    for part in ["include", "lib"] {
        copy(&root.join("capi").join(part), &to.join(part))?;
    }
    let (file, old, new) = test.fault;
    let path = to.join(file);
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    ensure!(
        text.contains(old),
        "capi/{file} has no `{}` any more: the planted fault has to be written anew",
        old.trim()
    );
    fs::write(&path, text.replacen(old, new, 1))?;
    Ok(to)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let (from, to) = (entry?.path(), to);
        let to = to.join(from.file_name().unwrap_or_default());
        if from.is_dir() {
            copy(&from, &to)?;
        } else {
            fs::copy(&from, &to)?;
        }
    }
    Ok(())
}

/// Checks a file: an object for each of its programs.
fn check(ringzero: &Path, file: &Path, capi: Option<&Path>) -> Result<Vec<Value>> {
    let mut command = Command::new(ringzero);
    command.arg("check").arg(file).args(["--json", "--log", "--lockup", "30", "--seconds", "60", "--steps", "1000000"]);
    command.env("RINGZERO_CAPI", capi.map_or_else(Default::default, |c| c.as_os_str().to_owned()));
    let output = command.output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !matches!(output.status.code(), Some(0 | 1)) {
        bail!("{}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    text.lines().map(|line| serde_json::from_str(line).with_context(|| line.to_owned())).collect()
}

/// Whether the answers are those that the test expects.
fn expect(test: &Test, programs: &[Value]) -> Result<()> {
    ensure!(programs.len() == test.programs, "{} programs, not {}", programs.len(), test.programs);
    for p in programs {
        ensure!(p["verdict"] == "holds", "{}: {} {}", p["program"], p["verdict"], p["finding"]);
        ensure!(p["init"].as_i64() == test.init, "{}: init returned {}, not {:?}", p["program"], p["init"], test.init);
        let log: Vec<&str> = p["log"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let mut lines = log.iter();
        for pattern in test.log {
            ensure!(lines.any(|l| fits(pattern, l)), "`{pattern}` is not in the log: {log:#?}");
        }
    }
    Ok(())
}

/// Whether a line fits a pattern in which `#` stands for a number above 0, or for a word.
fn fits(pattern: &str, line: &str) -> bool {
    let parts: Vec<&str> = pattern.split('#').collect();
    let Some(mut rest) = line.strip_prefix(parts[0]) else { return false };
    for part in &parts[1..] {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        if end == 0 || &rest[..end] == "0" {
            return false;
        }
        let Some(after) = rest[end..].strip_prefix(part) else { return false };
        rest = after;
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_number_stands_for_any_but_zero() {
        assert!(fits(" -> # cycles (# results)", " -> 12 cycles (3 results)"));
        assert!(!fits(" -> # cycles", " -> 0 cycles"));
        assert!(!fits(" -> # cycles", " -> 12 cycles and more"));
        assert!(!fits(" -> # cycles", " ->  cycles"));
        assert!(fits("plain", "plain"));
    }
}
