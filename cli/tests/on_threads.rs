//! The gallery's fixed programs, at full speed: what holds on the model is clean on threads, too.

#[expect(dead_code, reason = "some of it is for other tests")]
mod common;

use common::ringzero;

/// The fixed programs whose name begins so, or does not.
fn fixed(in_c: bool) -> Vec<String> {
    let objects = ringzero(&["list", "--json"]).exits(0).objects();
    let names = objects.iter().filter_map(|o| o["program"].as_str().map(str::to_owned));
    names.filter(|name| name.ends_with("-fixed") && name.starts_with("c/") == in_c).collect()
}

/// Runs them with interrupts at any instruction and busy devices; each has to end by itself, and to leave nothing.
fn are_clean(names: &[String]) {
    for name in names {
        let busy = ["--async-irqs", "--devices", "500us", "--seconds", "0.05", "--patience", "60"];
        ringzero(&[&["run", name], &busy[..]].concat()).exits(0);
    }
}

#[test]
fn the_programs_in_rust() {
    let names = fixed(false);
    assert!(names.len() > 20, "{names:?}");
    are_clean(&names);
}

#[test]
fn the_modules_in_c() {
    if !["gcc", "clang", "cc"].iter().any(|cc| std::process::Command::new(cc).arg("--version").output().is_ok()) {
        return println!("SKIPPED: no C compiler");
    }
    let names = fixed(true);
    assert!(names.len() > 50, "{names:?}");
    are_clean(&names);
}
