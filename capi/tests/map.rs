//! The map (`docs/linux-map.md`) against the headers: a name that C can use is declared, and used by a test.

mod common;

use common::{INCLUDE, compiler, compilers, scratch, text};
use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Names on rows for C that are no declarations, and what they are.
const NOT_DECLARED: &[(&str, &str)] = &[
    ("CONFIG_PREEMPT", "an option of the checker"),
    ("CONFIG_PREEMPT_NONE", "an option of the checker"),
    ("CONFIG_PREEMPT_VOLUNTARY", "an option of the checker"),
    ("CONFIG_DEBUG_KMEMLEAK", "an option of the kernel"),
    ("SLAB_FAILSLAB", "a fault that the checker injects"),
    ("irq_exit", "what Linux does at the end of a handler"),
    ("ksoftirqd", "a thread"),
    ("sdp_conn_lock", "here `struct owner_lock`"),
    ("SDP_CONN_LOCK", "here `owner_lock()`"),
    ("SDP_CONN_LOCK_BH", "here `owner_lock_enter()`"),
    ("SDP_CONN_UNLOCK", "here `owner_unlock()`"),
    ("SDP_CONN_RELOCK", "here `owner_lock()` again"),
    ("lock_sock", "of `struct sock` only: here `owner_lock()`"),
    ("bh_lock_sock", "of `struct sock` only: here `owner_lock_enter()`"),
    ("sock_owned_by_user", "of `struct sock` only: here `owner_lock_is_owned()`"),
    ("SDP_CONN_F_SEND_CQ_PEND", "here an item of the backlog"),
    ("SDP_CONN_F_RECV_CQ_PEND", "here an item of the backlog"),
    ("sk_add_backlog", "of `struct sock` only: here `owner_lock_add_backlog()`"),
    ("release_sock", "of `struct sock` only: here `owner_unlock()`"),
];

/// Sections of the map all of whose names in C are called by a test. Add a section once that is so.
const TESTED: &[&str] = &["Atomics, bit operations, barriers, reference counts"];

/// The folders with C code that is run or compiled by tests, from the root of the workspace.
const TESTS: &[&str] = &["gallery/c", "capi/tests/c", "tests/tests", "front/tests"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package is in the workspace").to_owned()
}

/// Section and name of everything that works from C.
fn names_for_c() -> Vec<(String, String)> {
    let map = fs::read_to_string(root().join("docs/linux-map.md")).expect("the map");
    let mut names = Vec::new();
    let mut section = String::new();
    for line in map.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            title.clone_into(&mut section);
        }
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [_, linux, _, _, model, _, _, from, _] = cells[..] else { continue };
        if model == "works" && matches!(from, "C" | "both") {
            let quoted = linux.split('`').skip(1).step_by(2);
            names.extend(quoted.filter_map(name).map(|n| (section.clone(), n.to_owned())));
        }
    }
    names
}

/// The name in `struct NAME`, `NAME()` or `NAME`; nothing in what is no name.
fn name(quoted: &str) -> Option<&str> {
    let tag = ["struct ", "union ", "enum "].into_iter().find_map(|t| quoted.strip_prefix(t)).unwrap_or(quoted);
    let name = tag.strip_suffix("()").unwrap_or(tag);
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_').then_some(name)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
}

/// Every header below a folder, as it is included.
fn headers(folder: &Path, out: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder of headers") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            headers(&path, out);
        } else if path.extension().is_some_and(|e| e == "h") {
            out.insert(path.strip_prefix(INCLUDE).expect("below it").display().to_string());
        }
    }
}

#[test]
fn every_name_of_the_map_is_declared() {
    let mut all = BTreeSet::new();
    headers(Path::new(INCLUDE), &mut all);
    let file = scratch("all-headers.c");
    let includes: String = all.iter().map(|h| format!("#include <{h}>\n")).collect();
    fs::write(&file, includes).expect("a scratch file");
    let names = names_for_c();
    assert!(names.len() > 700, "only {} names", names.len());
    for cc in compilers() {
        let mut told = String::new();
        for how in ["-E", "-dM"] {
            told += &text(&compiler(cc).args(["-E", how]).arg(&file).output().expect("a compiler"));
        }
        let declared: HashSet<&str> = words(&told).collect();
        assert!(declared.contains("spin_lock") && declared.contains("atomic_inc_return"), "{cc}: {told}");
        let excused = |n: &str| NOT_DECLARED.iter().any(|(name, _)| *name == n);
        let wrong: Vec<_> = names.iter().filter(|(_, n)| declared.contains(&**n) == excused(n)).collect();
        assert!(wrong.is_empty(), "{cc}: these are declared and should not, or the other way round: {wrong:?}");
    }
}

/// The C code of the tests, without its comments.
fn tests(folder: &Path, out: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder of tests") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            tests(&path, out);
        } else if path.extension().is_some_and(|e| e == "c" || e == "rs") {
            let text = fs::read_to_string(&path).expect("a file");
            let mut rest = text.as_str();
            while let Some((code, comment)) = rest.split_once("/*") {
                *out += code;
                rest = comment.split_once("*/").map_or("", |(_, after)| after);
            }
            *out += rest;
        }
    }
}

#[test]
fn every_name_of_these_sections_has_a_test() {
    let mut text = String::new();
    TESTS.iter().for_each(|folder| tests(&root().join(folder), &mut text));
    let used: HashSet<&str> = words(&text).collect();
    let names = names_for_c();
    for section in TESTED {
        let missing: Vec<_> = names.iter().filter(|(s, n)| s == section && !used.contains(&**n)).collect();
        assert!(names.iter().any(|(s, _)| s == section), "there is no section {section}");
        assert!(missing.is_empty(), "no test uses these: {missing:?}");
    }
}
