//! `cargo xtask tidy`: the rules about this code base that neither the compiler nor clippy knows.
//!
//! A rule is a function from the [`Tree`] (crates and text files) to [`Problem`]s; each has a test that shows it fail.
//! Exceptions are in one table, [`ALLOWED`], with a reason each; an exception that excuses nothing is itself a problem.

mod banned;
mod codes;
mod examples;
mod layering;
mod length;
mod manifests;
mod source;
mod statics;
mod words;

use anyhow::{Result, bail};
use source::Tree;
use std::fmt;
use std::path::Path;

/// A broken rule at a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, relative to the workspace.
    path: String,
    /// The line, 0 if it is about the whole file.
    line: usize,
    /// The rule's name, as the table of exceptions uses it.
    rule: &'static str,
    /// What is wrong and what to do instead.
    message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: [{}] {}", self.path, self.rule, self.message),
            line => write!(f, "{}:{line}: [{}] {}", self.path, self.rule, self.message),
        }
    }
}

/// An exception: problems of `rule` in the file `path` (or below it, if it ends in a slash) whose message contains
/// `what` are excused.
struct Allowed {
    rule: &'static str,
    path: &'static str,
    what: &'static str,
    /// Why: to be read, and never empty.
    reason: &'static str,
}

/// All exceptions.
const ALLOWED: &[Allowed] = &[
    Allowed {
        path: "machines/model/src/watchdog.rs",
        rule: "banned-call",
        what: "std::time",
        reason: "the watchdog looks at contexts from outside the machine; nothing on the machine sees its clock",
    },
    Allowed {
        path: "machines/model/src/watchdog.rs",
        rule: "banned-call",
        what: "thread::Builder",
        reason: "the watchdog's thread runs no code of a machine",
    },
    Allowed {
        path: "machines/model/src/watchdog.rs",
        rule: "banned-call",
        what: "thread::sleep",
        reason: "the watchdog's thread runs no code of a machine",
    },
    Allowed {
        path: "kernel/softirq/tests/processing.rs",
        rule: "raw-static",
        what: "Cell",
        reason: "a recorder of the test, outside any machine",
    },
    Allowed {
        path: "kernel/spinning/tests/forms.rs",
        rule: "raw-static",
        what: "SpinLock",
        reason: "the test is about locks that are plain statics, outside any machine",
    },
];

/// The rules.
const RULES: [fn(&Tree) -> Vec<Problem>; 8] = [
    layering::check,
    manifests::check,
    length::check,
    banned::check,
    statics::check,
    codes::check,
    words::check,
    examples::check,
];

/// Checks the workspace at `root`; the problems go to standard error.
pub fn run(root: &Path) -> Result<()> {
    let tree = Tree::read(root)?;
    let found = RULES.iter().flat_map(|rule| rule(&tree)).collect();
    let problems = excuse(found, ALLOWED);
    for problem in &problems {
        eprintln!("tidy: {problem}");
    }
    match problems.len() {
        0 => {
            println!("tidy: {} crates and {} files, no problem", tree.crates.len(), tree.files.len());
            Ok(())
        }
        count => bail!("tidy: {count} problem(s)"),
    }
}

/// Leaves out what `allowed` excuses, and adds the exceptions that excuse nothing or give no reason.
fn excuse(found: Vec<Problem>, allowed: &[Allowed]) -> Vec<Problem> {
    let excuses = |entry: &Allowed, problem: &Problem| {
        let place =
            if entry.path.ends_with('/') { problem.path.starts_with(entry.path) } else { problem.path == entry.path };
        place && problem.rule == entry.rule && problem.message.contains(entry.what)
    };
    let complain = |entry: &Allowed, complaint: &str| Problem {
        path: "xtask/src/tidy.rs".into(),
        line: 0,
        rule: "exceptions",
        message: format!("the exception `{}` for {} ({}) {complaint}", entry.rule, entry.path, entry.what),
    };
    let mut left: Vec<Problem> = Vec::new();
    for entry in allowed {
        if !found.iter().any(|problem| excuses(entry, problem)) {
            left.push(complain(entry, "excuses nothing: remove it"));
        }
        if entry.reason.is_empty() {
            left.push(complain(entry, "gives no reason"));
        }
    }
    left.extend(found.into_iter().filter(|problem| !allowed.iter().any(|entry| excuses(entry, problem))));
    left.sort();
    left.dedup();
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(path: &str) -> Problem {
        Problem { path: path.into(), line: 3, rule: "banned-call", message: "`thread::spawn`: not here".into() }
    }

    const ENTRY: Allowed =
        Allowed { rule: "banned-call", path: "machines/model/src/", what: "thread::spawn", reason: "the watchdog" };

    #[test]
    fn an_exception_excuses_only_what_it_names() {
        let found = vec![problem("machines/model/src/watchdog.rs"), problem("kernel/irq/src/lib.rs")];
        assert_eq!(excuse(found, &[ENTRY]), [problem("kernel/irq/src/lib.rs")]);
    }

    #[test]
    fn an_exception_for_nothing_or_without_a_reason_is_a_problem() {
        assert!(excuse(vec![], &[ENTRY])[0].message.ends_with("excuses nothing: remove it"));
        let silent = Allowed { reason: "", ..ENTRY };
        assert!(excuse(vec![problem("machines/model/src/a.rs")], &[silent])[0].message.ends_with("gives no reason"));
    }

    #[test]
    fn this_workspace_is_read() {
        let tree = Tree::read(&crate::workspace_root()).unwrap();
        assert!(tree.crates.iter().any(|one| one.name == "xtask"));
        assert!(tree.files.iter().any(|file| file.path == "xtask/src/tidy.rs"));
    }
}
