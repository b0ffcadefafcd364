//! The programs on the pages of `docs/explain` are what the pages say: the first has the finding, the second holds.

use ringzero::program::Settings;
use ringzero::program::report::{self, Style};
use ringzero::{Check, Verdict};
use ringzero_front::{BuildError, Module};

/// A program of a page: a body in Rust, or the text of a C module.
#[derive(Clone, Copy)]
enum Program {
    Rust(fn()),
    C(&'static str),
}

struct Page {
    code: &'static str,
    buggy: Program,
    fixed: Program,
}

include!(concat!(env!("OUT_DIR"), "/explain.rs"));

/// What came of a program: the verdict and the finding's code, and the report.
struct Said {
    verdict: Verdict,
    code: Option<String>,
    report: String,
}

/// Checks a C module; `None` without a C compiler.
fn check_c(name: &str, text: &str) -> Option<Said> {
    let module = match Module::from_text(name, &format!("{name}.c"), text) {
        Ok(module) => module,
        Err(BuildError::NoCompiler(_)) => return None,
        Err(e) => panic!("{name}: {e}"),
    };
    let mut settings = Settings::default();
    module.tune(&mut settings);
    let mut said = None;
    // The cases of a suite are programs of their own: the first that violates something speaks for the page.
    for part in module.parts() {
        let answer = module.check(&part, &settings, &mut |_| {});
        let report = match &answer.finding {
            Some(trace) => report::text(trace, Style::default()),
            None => format!("{name}: {} {:?}", answer.verdict.as_str(), answer.why),
        };
        let code = answer.finding.as_ref().map(|f| f.code.clone());
        let bad = answer.verdict != Verdict::Holds;
        said = Some(Said { verdict: answer.verdict, code, report });
        if bad {
            break;
        }
    }
    said
}

fn check_rust(name: &str, init: fn()) -> Said {
    let report = Check::new().named(name).trace_dir(env!("CARGO_TARGET_TMPDIR")).run(init);
    Said { verdict: report.verdict(), code: report.finding().map(str::to_owned), report: report.to_string() }
}

fn check(name: &str, program: Program) -> Option<Said> {
    match program {
        Program::Rust(init) => Some(check_rust(name, init)),
        Program::C(text) => check_c(name, text),
    }
}

/// What is wrong with a page's programs.
fn wrong(page: &Page) -> Vec<String> {
    let buggy = ("buggy", page.buggy, (Verdict::Violated, Some(page.code)));
    let fixed = ("fixed", page.fixed, (Verdict::Holds, None));
    let mut wrong = Vec::new();
    for (which, program, expected) in [buggy, fixed] {
        let name = format!("{}-{which}", page.code);
        let Some(said) = check(&name, program) else {
            println!("{name}: SKIPPED, C modules cannot be checked here");
            continue;
        };
        if (said.verdict, said.code.as_deref()) != expected {
            wrong.push(format!("{}: the {which} program gives\n{}", page.code, said.report));
        }
    }
    wrong
}

fn is_slow(page: &Page) -> bool {
    matches!(page.code, "soft-lockup" | "livelock")
}

fn is_c(page: &Page) -> bool {
    matches!(page.buggy, Program::C(_))
}

fn run(wanted: impl Fn(&Page) -> bool) {
    let wrong: Vec<String> = PAGES.iter().filter(|p| wanted(p)).flat_map(wrong).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn the_programs_are_what_the_pages_say() {
    run(|p| !is_c(p) && !is_slow(p));
}

/// These take seconds, so they have a test (and a thread) of their own.
#[test]
fn the_programs_that_never_end_are_what_the_pages_say() {
    run(|p| !is_c(p) && is_slow(p));
}

#[test]
fn the_c_modules_are_what_the_pages_say() {
    run(is_c);
}

#[test]
fn every_page_has_programs() {
    assert_eq!((PAGES.len(), PAGES.iter().filter(|p| is_c(p)).count()), (27, 10));
    for page in PAGES {
        let path = format!("{}/../docs/explain/{}.md", env!("CARGO_MANIFEST_DIR"), page.code);
        assert!(std::path::Path::new(&path).is_file(), "{path}");
    }
}

#[test]
fn the_c_modules_are_whole() {
    for page in PAGES {
        for program in [page.buggy, page.fixed] {
            let Program::C(text) = program else { continue };
            assert!(text.contains("MODULE_LICENSE(\"GPL\");\n"), "{}", page.code);
            assert!(text.contains("\nmodule_init(") || text.contains("\nkunit_test_suite("), "{}", page.code);
        }
    }
}
