//! Calls that are banned in places, with the replacement named: clocks, threads and randomness come only through the
//! machine, else an execution could not be repeated. Exceptions go to the table in `tidy.rs`.

use super::Problem;
use super::source::Tree;

const RULE: &str = "banned-call";

/// Code that runs on the model, or is the model.
const REPEATABLE: &[&str] = &["kernel/", "machine/", "machines/model/", "machines/protocol/"];
/// Code that must also run without an operating system.
const KERNEL: &[&str] = &["kernel/"];

/// One ban.
struct Ban {
    /// What must not appear.
    calls: &'static [&'static str],
    /// Below which folders.
    folders: &'static [&'static str],
    /// What to use.
    instead: &'static str,
}

/// The bans.
const BANS: [Ban; 4] = [
    Ban {
        calls: &["std::time", "Instant::now", "SystemTime::now", "SystemTime"],
        folders: REPEATABLE,
        instead: "take the time from the machine's clock (ktime_get, jiffies), Duration from core::time",
    },
    Ban {
        calls: &[
            "thread::spawn",
            "thread::scope",
            "thread::Builder",
            "thread::sleep",
            "thread::yield_now",
            "thread::park",
        ],
        folders: REPEATABLE,
        instead: "use the machine's CPUs and tasks (kthread_run, schedule, msleep, Machine's park and unpark)",
    },
    Ban {
        calls: &["rand::", "getrandom", "thread_rng", "RandomState"],
        folders: REPEATABLE,
        instead: "ask the machine for a choice, or use a seeded generator of a strategy",
    },
    Ban {
        calls: &["println!", "eprintln!", "print!", "eprint!", "dbg!"],
        folders: KERNEL,
        instead: "report a finding, or print through the machine (printk)",
    },
];

/// Checks the Rust files below the folders that each ban names.
pub fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for ban in &BANS {
        for file in ban.folders.iter().flat_map(|folder| tree.rust_below(folder)) {
            for call in ban.calls {
                let found = file.find_words(call);
                problems.extend(found.map(|at| file.problem(at, RULE, format!("`{call}`: {}", ban.instead))));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::super::source::SourceFile;
    use super::*;

    fn problems(path: &str, text: &str) -> Vec<String> {
        let files = vec![SourceFile::new(path, text)];
        check(&Tree { crates: vec![], files }).iter().map(Problem::to_string).collect()
    }

    #[test]
    fn each_ban_bites() {
        for ban in &BANS {
            for call in ban.calls {
                let text = format!("// {call}\nfn f() {{ {call}; }}\n");
                let found = problems("kernel/irq/src/lib.rs", &text);
                let expected = format!("kernel/irq/src/lib.rs:2: [banned-call] `{call}`: {}", ban.instead);
                assert!(found.contains(&expected), "{call}: {found:?}");
            }
        }
    }

    #[test]
    fn a_ban_holds_only_in_its_folders() {
        assert_eq!(problems("machines/model/src/lib.rs", "fn f() { println!(); }"), [""; 0]);
        assert_eq!(problems("checker/report/src/lib.rs", "fn f() { std::thread::spawn(g); }"), [""; 0]);
        assert_eq!(problems("machines/model/src/lib.rs", "fn f() { std::thread::spawn(g); }").len(), 1);
    }

    #[test]
    fn look_alikes_are_no_problem() {
        let text =
            "use kernel_time::Instant; std::thread_local!(); std::thread::panicking(); operand::x(); pr_println!();";
        assert_eq!(problems("kernel/irq/src/lib.rs", text), [""; 0]);
    }
}
