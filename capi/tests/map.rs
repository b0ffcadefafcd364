//! The map (`docs/linux-map.md`) against headers and tests: a name that C can use is declared, and of locks, waits, atomics
//! and tasks each row names the header that declares it and the tests that use it.

mod common;

use common::{INCLUDE, compiler, compilers, scratch, text};
use std::collections::{BTreeSet, HashMap, HashSet};
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

/// Sections of the map whose rows name the headers and the tests of what works.
const TESTED: &[&str] = &[
    "Wait queues and completions",
    "Atomics, bit operations, barriers, reference counts",
    "Spinning locks",
    "Sleeping locks",
    "Tasks and kernel threads",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package is in the workspace").to_owned()
}

/// A row of the map.
struct Row {
    section: String,
    facility: String,
    /// The names of Linux that it has.
    names: Vec<String>,
    works: bool,
    from: String,
    /// Headers and tests, in the sections that have these columns.
    proof: Option<[Vec<String>; 2]>,
}

impl Row {
    fn for_c(&self) -> bool {
        self.works && matches!(&*self.from, "C" | "both")
    }

    fn for_rust(&self) -> bool {
        self.works && matches!(&*self.from, "Rust" | "both")
    }

    /// The names that a header has to declare.
    fn declared(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str).filter(|n| self.for_c() && !excused(n))
    }
}

fn excused(name: &str) -> bool {
    NOT_DECLARED.iter().any(|(n, _)| *n == name)
}

fn rows() -> Vec<Row> {
    let map = fs::read_to_string(root().join("docs/linux-map.md")).expect("the map");
    let mut rows = Vec::new();
    let mut section = String::new();
    for line in map.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            title.clone_into(&mut section);
        }
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [facility, linux, _, _, model, _, _, from, _, ref proof @ ..] = cells[..] else { continue };
        if facility == "Facility" || facility.starts_with("---") {
            continue;
        }
        let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
        rows.push(Row {
            section: section.clone(),
            facility: facility.to_owned(),
            names: quoted(linux).iter().filter_map(|q| name(q)).map(str::to_owned).collect(),
            works: model == "works",
            from: from.to_owned(),
            proof: <[&str; 2]>::try_from(proof).ok().map(|cells| cells.map(quoted)),
        });
    }
    rows
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
    let rows = rows();
    let names: Vec<&String> = rows.iter().filter(|row| row.for_c()).flat_map(|row| &row.names).collect();
    assert!(names.len() > 700, "only {} names", names.len());
    for cc in compilers() {
        let mut told = String::new();
        for how in ["-E", "-dM"] {
            told += &text(&compiler(cc).args(["-E", how]).arg(&file).output().expect("a compiler"));
        }
        let declared: HashSet<&str> = words(&told).collect();
        assert!(declared.contains("spin_lock") && declared.contains("atomic_inc_return"), "{cc}: {told}");
        let wrong: Vec<_> = names.iter().filter(|n| declared.contains(n.as_str()) == excused(n)).collect();
        assert!(wrong.is_empty(), "{cc}: these are declared and should not, or the other way round: {wrong:?}");
    }
}

/// What each header has itself, without the headers that it includes, as this compiler sees it.
fn owns(cc: &str) -> HashMap<String, HashSet<String>> {
    let mut all = BTreeSet::new();
    headers(Path::new(INCLUDE), &mut all);
    let file = scratch(&format!("owned-{cc}.c"));
    fs::write(&file, all.iter().map(|h| format!("#include <{h}>\n")).collect::<String>()).expect("a scratch file");
    let told = text(&compiler(cc).args(["-E", "-dD"]).arg(&file).output().expect("a compiler"));
    let mut owned: HashMap<String, HashSet<String>> = HashMap::new();
    let mut header = String::new();
    for line in told.lines() {
        if let Some(marker) = line.strip_prefix("# ") {
            let path = marker.split('"').nth(1).unwrap_or_default();
            path.strip_prefix(INCLUDE).unwrap_or_default().trim_start_matches('/').clone_into(&mut header);
        } else {
            owned.entry(header.clone()).or_default().extend(words(line).map(str::to_owned));
        }
    }
    owned
}

/// A file without its comments; nothing if there is none.
fn code(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let (mut code, mut rest) = (String::new(), text.as_str());
    while let Some((before, comment)) = rest.split_once("/*") {
        code += before;
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    code += rest;
    Some(code.lines().map(|l| l.split_once("// ").map_or(l, |(before, _)| before)).collect::<Vec<_>>().join("\n"))
}

/// The Rust names that have a name of Linux as alias in their documentation.
fn aliases(folder: &Path, out: &mut HashMap<String, HashSet<String>>) {
    for entry in fs::read_dir(folder).expect("a folder of crates") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            aliases(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let mut waiting: Vec<String> = Vec::new();
            for line in fs::read_to_string(&path).expect("a file").lines().map(str::trim) {
                if line.starts_with("#[doc(alias") {
                    waiting.extend(line.split('"').skip(1).step_by(2).map(str::to_owned));
                } else if !waiting.is_empty() && !line.starts_with("#[") && !line.starts_with("//") {
                    let kinds = ["fn", "struct", "enum", "trait", "const", "type", "static", "macro_rules"];
                    let mut parts = words(line).filter(|w| !w.is_empty()).skip_while(|w| !kinds.contains(w));
                    // Of `const fn NAME` the last.
                    if let Some(own) = parts.find(|w| !kinds.contains(w)) {
                        for alias in waiting.drain(..) {
                            out.entry(alias).or_default().insert(own.to_owned());
                        }
                    }
                    waiting.clear();
                }
            }
        }
    }
}

#[test]
fn every_row_of_these_sections_names_its_header() {
    for cc in compilers() {
        let owned = owns(cc);
        assert!(
            owned["linux/mutex.h"].contains("mutex_lock") && !owned["linux/mutex.h"].contains("spin_lock_init"),
            "{cc}"
        );
        let mut wrong = Vec::new();
        for row in rows().iter().filter(|row| TESTED.contains(&&*row.section)) {
            let Some([headers, _]) = &row.proof else {
                wrong.push(format!("{}: no columns for header and tests", row.facility));
                continue;
            };
            let unknown = headers.iter().filter(|h| !owned.contains_key(*h));
            wrong.extend(unknown.map(|h| format!("{}: there is no {h}", row.facility)));
            let has = |name: &str| headers.iter().any(|h| owned.get(h).is_some_and(|words| words.contains(name)));
            wrong.extend(row.declared().filter(|n| !has(n)).map(|n| format!("{}: not there: {n}", row.facility)));
        }
        assert!(wrong.is_empty(), "{cc}:\n{}", wrong.join("\n"));
    }
}

#[test]
fn every_row_of_these_sections_names_its_tests() {
    let mut rust = HashMap::new();
    aliases(&root().join("kernel"), &mut rust);
    assert!(rust["mutex_lock"].contains("lock") && rust["down_read"].contains("read"), "{:?}", rust["down_read"]);
    let mut read: HashMap<String, HashSet<String>> = HashMap::new();
    let mut wrong = Vec::new();
    let rows = rows();
    for section in TESTED {
        assert!(rows.iter().any(|row| row.section == *section), "there is no section {section}");
    }
    for row in rows.iter().filter(|row| row.works && TESTED.contains(&&*row.section)) {
        let Some([_, tests]) = &row.proof else { continue };
        for test in tests.iter().filter(|t| !t.contains("/tests/") && !t.contains("/src/")) {
            wrong.push(format!("{}: {test} is no test", row.facility));
        }
        for test in tests {
            match code(&root().join(test)) {
                Some(text) => drop(read.insert(test.clone(), words(&text).map(str::to_owned).collect())),
                None => wrong.push(format!("{}: there is no {test}", row.facility)),
            }
        }
        // In a file of C or one of `tests/tests/c_*.rs`, which have C in their text, or not.
        let used = |c: bool, name: &str| {
            let of_c =
                |test: &str| test.ends_with(".c") || test.rsplit('/').next().is_some_and(|f| f.starts_with("c_"));
            tests.iter().any(|t| (c || !of_c(t)) && read.get(t).is_some_and(|words| words.contains(name)))
        };
        let missing = row.declared().filter(|n| !used(true, n));
        wrong.extend(missing.map(|n| format!("{}: no test that it names has {n}", row.facility)));
        let own = |n: &String| rust.get(n).is_some_and(|own| own.iter().any(|n| used(false, n))) || used(false, n);
        if tests.is_empty() || row.for_rust() && !row.names.is_empty() && !row.names.iter().any(own) {
            wrong.push(format!("{}: no test of it in Rust", row.facility));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
