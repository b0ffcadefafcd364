//! The list of programs is what the gallery promises.

use ringzero_gallery::{Entry, Expect, Group, all, find};
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

#[test]
fn every_finding_has_a_pair() {
    let found: HashSet<_> = pairs().iter().filter_map(|(_, buggy, _)| buggy.expect.code()).collect();
    for page in fs::read_dir(root().join("docs/explain")).expect("the findings' pages") {
        let path = page.expect("a file").path();
        let code = path.file_stem().and_then(|stem| stem.to_str()).expect("a code");
        assert!(found.contains(code), "no pair has the finding {code}");
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
