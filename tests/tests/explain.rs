//! The programs on the pages of `docs/explain` are what the pages say: the first has the finding, the second holds.

use ringzero::{Check, Report, Verdict};

struct Page {
    code: &'static str,
    buggy: fn(),
    fixed: fn(),
}

include!(concat!(env!("OUT_DIR"), "/explain.rs"));

fn check(code: &str, which: &str, init: fn()) -> Report {
    Check::new().named(&format!("{code}-{which}")).trace_dir(env!("CARGO_TARGET_TMPDIR")).run(init)
}

/// What is wrong with a page's programs.
fn wrong(page: &Page) -> Vec<String> {
    let mut wrong = Vec::new();
    let buggy = check(page.code, "buggy", page.buggy);
    if (buggy.verdict(), buggy.finding()) != (Verdict::Violated, Some(page.code)) {
        wrong.push(format!("{}: the buggy program gives\n{buggy}", page.code));
    }
    let fixed = check(page.code, "fixed", page.fixed);
    if (fixed.verdict(), fixed.finding()) != (Verdict::Holds, None) {
        wrong.push(format!("{}: the fixed program gives\n{fixed}", page.code));
    }
    wrong
}

fn run(slow: bool) {
    let is_slow = |p: &&Page| matches!(p.code, "soft-lockup" | "livelock") == slow;
    let wrong: Vec<String> = PAGES.iter().filter(is_slow).flat_map(wrong).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn the_programs_are_what_the_pages_say() {
    run(false);
}

/// These take seconds, so they have a test (and a thread) of their own.
#[test]
fn the_programs_that_never_end_are_what_the_pages_say() {
    run(true);
}

#[test]
fn every_page_has_programs() {
    assert_eq!(PAGES.len(), 16);
    for page in PAGES {
        let path = format!("{}/../docs/explain/{}.md", env!("CARGO_MANIFEST_DIR"), page.code);
        assert!(std::path::Path::new(&path).is_file(), "{path}");
    }
}
