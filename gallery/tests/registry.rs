//! The list of programs is what the gallery promises.

use ringzero_gallery::{CProgram, Entry, Expect, Group, all, all_c, find, find_c};
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package is in the workspace")
}

fn source(entry: &Entry) -> PathBuf {
    root().join(entry.source)
}

/// The name of the pair that `entry` belongs to.
fn pair_of(entry: &Entry) -> Option<&'static str> {
    entry.name.strip_suffix("-buggy").or_else(|| entry.name.strip_suffix("-fixed"))
}

fn pairs() -> Vec<(&'static str, &'static Entry, &'static Entry)> {
    let names = all().iter().filter_map(|e| e.name.strip_suffix("-buggy"));
    names
        .map(|name| {
            let twin =
                |which: &str| find(&format!("{name}-{which}")).unwrap_or_else(|| panic!("there is no {name}-{which}"));
            (name, twin("buggy"), twin("fixed"))
        })
        .collect()
}

#[test]
fn names_are_unique_and_lead_back() {
    let mut seen = HashSet::new();
    for entry in all() {
        assert!(seen.insert(entry.name), "{} is there twice", entry.name);
        assert_eq!(find(entry.name).map(|e| e.name), Some(entry.name));
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(entry.name.chars().all(plain), "{}", entry.name);
        assert!(!entry.about.is_empty() && !entry.about.contains('\n'), "{}", entry.name);
    }
    assert!(find("no-such-program").is_none());
}

#[test]
fn every_pair_is_complete() {
    let pairs = pairs();
    let bugs = all().iter().filter(|e| e.group == Group::Bug).count();
    assert_eq!(bugs, 2 * pairs.len());
    for entry in all() {
        assert_eq!(entry.group == Group::Bug, pair_of(entry).is_some(), "{}", entry.name);
    }
    for (name, buggy, fixed) in pairs {
        assert!(matches!(buggy.expect, Expect::Violated(_)), "{name}");
        assert_eq!(fixed.expect, Expect::Holds, "{name}");
        assert_eq!((buggy.group, buggy.source), (fixed.group, fixed.source), "{name}");
        assert_ne!(buggy.about, fixed.about, "{name}");
    }
}

#[test]
fn every_source_file_exists_and_says_what_it_is() {
    for entry in all() {
        assert!(source(entry).is_file(), "{}: there is no {}", entry.name, entry.source);
    }
    for (name, buggy, _) in pairs() {
        assert!(buggy.source.ends_with(&format!("bugs/{}.rs", name.replace('-', "_"))), "{name}: {}", buggy.source);
        let text = fs::read_to_string(source(buggy)).expect("the source can be read");
        let header: Vec<_> = text.lines().take_while(|line| line.starts_with("//!")).collect();
        assert!(header.iter().any(|line| line.starts_with("//! Source: ")), "{name} does not say where it is from");
        let expected = format!("//! Expected: `{name}-buggy` {}, `{name}-fixed` holds.", buggy.expect);
        assert!(header.contains(&expected.as_str()), "{name}: the header should say\n{expected}");
    }
}

#[test]
fn no_file_of_a_pair_is_left_out() {
    let listed: HashSet<_> = pairs().iter().map(|(_, buggy, _)| source(buggy)).collect();
    for file in fs::read_dir(root().join("gallery/src/bugs")).expect("the folder of the pairs") {
        let path = file.expect("a file").path();
        assert!(path.ends_with("mod.rs") || listed.contains(&path), "{} has no entries", path.display());
    }
}

/// The codes that there are: each has its page.
fn codes() -> HashSet<String> {
    let stem = |path: PathBuf| path.file_stem().and_then(|stem| stem.to_str()).expect("a code").to_owned();
    let pages = fs::read_dir(root().join("docs/explain")).expect("the findings' pages");
    pages.map(|page| stem(page.expect("a file").path())).collect()
}

#[test]
fn every_finding_has_a_pair_in_rust_or_in_c() {
    let rust = pairs().into_iter().filter_map(|(_, buggy, _)| buggy.expect.code());
    let c = bugs_in_c().filter_map(violates);
    let found: HashSet<_> = rust.chain(c).map(str::to_owned).collect();
    let missing: Vec<_> = codes().difference(&found).cloned().collect();
    assert!(missing.is_empty(), "no pair has these findings: {missing:?}");
    let unknown: Vec<_> = found.difference(&codes()).cloned().collect();
    assert!(unknown.is_empty(), "these findings have no page: {unknown:?}");
}

fn bugs_in_c() -> impl Iterator<Item = &'static CProgram> {
    all_c().iter().filter(|p| p.group() == Group::Bug)
}

/// The code of the finding that a C program is expected to have.
fn violates(p: &CProgram) -> Option<&'static str> {
    p.expects().strip_prefix("violated ")
}

#[test]
fn names_in_c_are_unique_and_lead_back() {
    let mut seen: HashSet<&str> = all().iter().map(|e| e.name).collect();
    for p in all_c() {
        assert!(seen.insert(p.name), "{} is there twice", p.name);
        assert_eq!(find_c(p.name).map(|found| found.path), Some(p.path));
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '/';
        assert!(p.name.starts_with("c/") && p.name.chars().all(plain), "{}", p.name);
        assert_eq!(p.path, format!("gallery/{}.c", p.name));
        let text = fs::read_to_string(root().join(p.path)).expect("the source can be read");
        assert_eq!(p.text, text, "{} is not what was compiled in", p.path);
    }
    assert!(find_c("c/no-such-program").is_none());
    for folder in ["gallery/c", "gallery/c/count", "gallery/c/bench"] {
        let files = fs::read_dir(root().join(folder)).expect("the folder of the C programs");
        let files = files.map(|f| f.expect("a file").path()).filter(|f| f.extension().is_some_and(|e| e == "c"));
        for file in files {
            assert!(all_c().iter().any(|p| root().join(p.path) == file), "{} is left out", file.display());
        }
    }
}

#[test]
fn every_file_in_c_says_what_it_is_and_what_is_expected() {
    let codes = codes();
    for p in all_c() {
        let mut lines = p.text.lines();
        let first = lines.next().unwrap_or_default();
        let expected = first.strip_prefix("// expect: ").unwrap_or_else(|| panic!("{}: {first}", p.name));
        assert!(expected == "holds" || violates(p).is_some_and(|code| codes.contains(code)), "{}: {first}", p.name);
        assert_eq!(p.expects(), expected);
        assert_eq!(lines.next(), Some("// SPDX-License-Identifier: MIT OR Apache-2.0"), "{}", p.name);
        let about = p.about();
        assert!(
            about.len() > 10 && about.ends_with(|c: char| c.is_alphanumeric() || ".,;:)".contains(c)),
            "{}",
            p.name
        );
        let verdict = format!(" * Verdict: {}.", expected.replacen("violated ", "violated, ", 1));
        assert!(p.text.lines().any(|l| l == verdict), "{} does not say:{verdict}", p.name);
        for part in ["MODULE_LICENSE(\"Dual MIT/GPL\");", "MODULE_DESCRIPTION("] {
            assert!(p.text.contains(part), "{}: no {part}", p.name);
        }
    }
}

/// The buggy forms of `ringdev` have one fixed twin together.
fn twin(name: &str) -> String {
    if name.starts_with("c/ringdev-") { "c/ringdev".to_owned() } else { name.to_owned() }
}

#[test]
fn every_pair_in_c_is_complete() {
    let mut pairs = 0;
    for p in bugs_in_c() {
        if let Some(name) = p.name.strip_suffix("-buggy") {
            assert!(violates(p).is_some(), "{}", p.name);
            let fixed = find_c(&format!("{}-fixed", twin(name))).unwrap_or_else(|| panic!("there is no {name}-fixed"));
            assert_eq!(fixed.expects(), "holds", "{name}");
            assert_ne!(fixed.text.split_once('\n').map(|t| t.1), p.text.split_once('\n').map(|t| t.1), "{name}");
            pairs += 1;
        } else if let Some(name) = p.name.strip_suffix("-unseen") {
            assert_eq!(p.expects(), "holds", "{name}");
            assert!(p.text.contains("NOT FOUND: "), "{name} does not say that its bug is not found");
            assert!(find_c(&format!("{name}-fixed")).is_some(), "there is no {name}-fixed");
        } else {
            let name = p.name.strip_suffix("-fixed").unwrap_or_else(|| panic!("{} is neither", p.name));
            let bug = |q: &CProgram| q.name.strip_suffix("-buggy").or_else(|| q.name.strip_suffix("-unseen"));
            let buggy = |q: &CProgram| bug(q).is_some_and(|n| twin(n) == name);
            assert!(bugs_in_c().any(buggy), "there is no {name}-buggy");
        }
    }
    assert!(pairs >= 60, "only {pairs} pairs");
}

/// Every concept of the gallery in Rust is there as a plain module, and what is counted and measured as well.
#[test]
fn what_is_there_in_rust_is_there_in_c() {
    for entry in all() {
        let name = match entry.group {
            Group::Bug => format!("c/{}", entry.name),
            Group::Count => format!("c/count/{}", entry.name),
            Group::Explore => format!("c/bench/{}", entry.name),
        };
        let p = find_c(&name).unwrap_or_else(|| panic!("there is no {name}"));
        assert_eq!(p.group(), entry.group, "{name}");
        // C tells with BUG_ON() and the like; each access of C is seen, so also one before the second kfree().
        let told = |code: &'static str| {
            let both = (entry.expect.code().unwrap_or_default(), code);
            matches!(both, ("panic", "bug" | "warn" | "kunit") | ("double-free", "use-after-free"))
        };
        let same = entry.expect.to_string() == p.expects() || violates(p).is_some_and(told);
        assert!(same, "{name}: {} in C, {} in Rust", p.expects(), entry.expect);
    }
}

#[test]
fn settings_are_those_of_the_name() {
    for entry in all() {
        let mut settings = ringzero::program::Settings::default();
        (entry.tune)(&mut settings);
        let tasks = match entry.group {
            Group::Explore => entry.name.rsplit('-').next().and_then(|size| size.split('x').next()),
            _ => None,
        };
        assert_eq!(settings.machine.cpus, tasks.map_or(2, |t| t.parse().expect("a number")), "{}", entry.name);
    }
}
