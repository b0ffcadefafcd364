//! Who may depend on whom (DESIGN section 2). Dev-dependencies are exempt.

use super::Problem;
use super::source::{Crate, Tree};

const RULE: &str = "layering";

/// The kernel crates, lowest first: each may use only those before it, and the machine's contract.
const KERNEL: [&str; 14] = [
    "atomic",
    "context",
    "lockdep",
    "spinning",
    "softirq",
    "time",
    "mm",
    "sched",
    "irq",
    "rcu",
    "sleeping",
    "workqueue",
    "smp",
    "collections",
];

/// The machine's contract, below everything.
const MACHINE: &str = "ringzero-machine";

/// What the machine of threads is built of, checked on the model: it knows neither.
const PROTOCOL: &str = "ringzero-protocol";

/// Dependencies from outside that only one package may have: the peers that it measures against.
const ONLY_IN: [(&str, &str); 2] = [("loom", "ringzero-benches"), ("shuttle", "ringzero-benches")];

/// Checks every package.
pub fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for package in &tree.crates {
        let path = format!("{}/Cargo.toml", package.folder);
        let mut report = |message| problems.push(Problem { path: path.clone(), line: 0, rule: RULE, message });
        let level = kernel_level(package);
        if let Some(Err(message)) = &level {
            report(message.clone());
        }
        for dependency in package.dependencies.iter().filter(|dependency| !dependency.dev) {
            if let Some((_, home)) =
                ONLY_IN.iter().find(|(name, home)| *name == dependency.name && *home != package.name)
            {
                report(format!("only {home} may depend on {}", dependency.name));
            }
            let Some(target) = tree.crates.iter().find(|one| one.name == dependency.name) else { continue };
            if package.name == MACHINE {
                report(format!("{MACHINE} depends on no package of the workspace, but on {}", target.name));
            }
            if package.name == PROTOCOL && target.name != MACHINE {
                report(format!("{PROTOCOL} may depend only on {MACHINE}, not on {}", target.name));
            }
            if let Some(Ok(level)) = level
                && target.name != MACHINE
                && !matches!(kernel_level(target), Some(Ok(other)) if other < level)
            {
                report(format!(
                    "{} may depend only on {MACHINE} and on the kernel crates below it ({}), not on {}",
                    package.name,
                    KERNEL[..level].join(", "),
                    target.name
                ));
            }
        }
    }
    problems
}

/// The place of a kernel crate in the order, or what is wrong with it; `None` for other packages.
fn kernel_level(package: &Crate) -> Option<Result<usize, String>> {
    let name = package.folder.strip_prefix("kernel/")?;
    Some(match KERNEL.iter().position(|known| *known == name) {
        None => {
            Err(format!("kernel/{name} has no place in the order of the kernel crates (xtask/src/tidy/layering.rs)"))
        }
        Some(_) if package.name != format!("ringzero-{name}") => {
            Err(format!("the package in kernel/{name} is called ringzero-{name}, not {}", package.name))
        }
        Some(level) => Ok(level),
    })
}

#[cfg(test)]
mod tests {
    use super::super::source::Dependency;
    use super::*;

    fn package(folder: &str, name: &str, dependencies: &[&str]) -> Crate {
        let dependencies = dependencies.iter().map(|one| Dependency { name: (*one).into(), dev: false }).collect();
        Crate { name: name.into(), folder: folder.into(), dependencies }
    }

    fn messages(crates: Vec<Crate>) -> Vec<String> {
        check(&Tree { crates, files: vec![] }).into_iter().map(|problem| problem.to_string()).collect()
    }

    fn base() -> Vec<Crate> {
        vec![
            package("machine", "ringzero-machine", &["libc"]),
            package("kernel/atomic", "ringzero-atomic", &["ringzero-machine"]),
            package("kernel/spinning", "ringzero-spinning", &["ringzero-machine", "ringzero-atomic"]),
            package("machines/model", "ringzero-model", &["ringzero-machine", "ringzero-spinning"]),
        ]
    }

    #[test]
    fn the_order_is_kept() {
        assert_eq!(messages(base()), [""; 0]);
    }

    #[test]
    fn a_lower_crate_may_not_use_a_higher_one_nor_a_machine() {
        let mut crates = base();
        crates[1] = package("kernel/atomic", "ringzero-atomic", &["ringzero-spinning", "ringzero-model"]);
        let messages = messages(crates);
        assert_eq!(messages.len(), 2, "{messages:?}");
        assert!(messages[0].starts_with("kernel/atomic/Cargo.toml: [layering] ringzero-atomic may depend only on"));
        assert!(messages[1].ends_with("not on ringzero-model"));
    }

    #[test]
    fn dev_dependencies_are_exempt() {
        let mut crates = base();
        crates[1].dependencies.push(Dependency { name: "ringzero-model".into(), dev: true });
        assert_eq!(messages(crates), [""; 0]);
    }

    #[test]
    fn the_machine_stands_alone() {
        let mut crates = base();
        crates[0] = package("machine", "ringzero-machine", &["ringzero-atomic"]);
        assert!(messages(crates)[0].contains("depends on no package of the workspace"));
    }

    #[test]
    fn the_protocols_know_the_contract_only() {
        let with = |dependencies: &[&str]| {
            let mut crates = base();
            crates.push(package("machines/protocol", PROTOCOL, dependencies));
            messages(crates)
        };
        assert_eq!(with(&[MACHINE]), [""; 0]);
        let problems = with(&[MACHINE, "ringzero-atomic"]);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].ends_with("ringzero-protocol may depend only on ringzero-machine, not on ringzero-atomic"));
    }

    #[test]
    fn an_unknown_kernel_crate_and_a_wrong_name_are_problems() {
        let messages = messages(vec![package("kernel/new", "ringzero-new", &[]), package("kernel/mm", "mm", &[])]);
        assert!(messages[0].contains("has no place in the order"));
        assert!(messages[1].contains("is called ringzero-mm, not mm"));
    }

    #[test]
    fn the_peers_stay_in_the_benches() {
        let messages =
            messages(vec![package("benches", "ringzero-benches", &["loom"]), package("cli", "cli", &["loom"])]);
        assert_eq!(messages, ["cli/Cargo.toml: [layering] only ringzero-benches may depend on loom"]);
    }
}
