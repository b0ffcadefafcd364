//! What each package says of itself: it takes the workspace's lints, and a kernel crate is `no_std`.

use super::Problem;
use super::source::Tree;

/// Checks every package's manifest, and the root of every kernel crate.
pub fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for package in &tree.crates {
        let find = |path: String| (tree.files.iter().find(|file| file.path == path), path);
        let (manifest, path) = find(format!("{}/Cargo.toml", package.folder));
        if !manifest.is_some_and(|file| takes_workspace_lints(&file.text)) {
            let message = "add `[lints]` with `workspace = true`".into();
            problems.push(Problem { path, line: 0, rule: "workspace-lints", message });
        }
        if package.folder.starts_with("kernel/") {
            let (root, path) = find(format!("{}/src/lib.rs", package.folder));
            if !root.is_some_and(|file| file.code.contains("#![no_std]")) {
                let message = "a kernel crate starts with `#![no_std]`".into();
                problems.push(Problem { path, line: 0, rule: "no-std", message });
            }
        }
    }
    problems
}

fn takes_workspace_lints(manifest: &str) -> bool {
    let mut section = String::new();
    manifest.lines().any(|line| {
        let line: String = line.split('#').next().unwrap_or_default().split_whitespace().collect();
        if line.starts_with('[') {
            section = line.clone();
        }
        (section == "[lints]" && line == "workspace=true") || (section.is_empty() && line == "lints.workspace=true")
    })
}

#[cfg(test)]
mod tests {
    use super::super::source::{Crate, SourceFile};
    use super::*;

    fn rules(manifest: &str, root: &str) -> Vec<&'static str> {
        let package = Crate { name: "ringzero-irq".into(), folder: "kernel/irq".into(), dependencies: vec![] };
        let files =
            vec![SourceFile::new("kernel/irq/Cargo.toml", manifest), SourceFile::new("kernel/irq/src/lib.rs", root)];
        check(&Tree { crates: vec![package], files }).iter().map(|problem| problem.rule).collect()
    }

    #[test]
    fn a_good_package() {
        assert_eq!(rules("[package]\n[lints]\nworkspace = true\n", "//! Doc.\n#![no_std]\n"), [""; 0]);
    }

    #[test]
    fn lints_of_its_own_are_a_problem() {
        let bad =
            "[package]\nversion.workspace = true\n[lints]\n# workspace = true\n[dependencies]\nworkspace = true\n";
        assert_eq!(rules(bad, "#![no_std]"), ["workspace-lints"]);
    }

    #[test]
    fn no_std_in_a_comment_does_not_count() {
        assert_eq!(rules("[lints]\nworkspace = true", "// #![no_std]\n"), ["no-std"]);
    }
}
