//! C programs in `tests/c`, compiled, loaded and run on the model: the library, formats, KUnit, parameters.

use ringzero::Verdict;
use ringzero::program::{Answer, Settings};
use ringzero_front::{BuildError, Module, Part};
use std::path::PathBuf;

/// The module of this name; `None`, said so, without a C compiler.
fn open(name: &str) -> Option<Module> {
    match Module::open(&[PathBuf::from(format!("{}/tests/c/{name}.c", env!("CARGO_MANIFEST_DIR")))]) {
        Ok(module) => Some(module),
        Err(BuildError::NoCompiler(why)) => {
            println!("SKIPPED: {why}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn check(module: &Module, part: &Part) -> Answer {
    let mut settings = Settings::default();
    module.tune(&mut settings);
    module.check(part, &settings, &mut |_| {})
}

/// The case of this name (`suite.case`) and its answer.
fn case(module: &Module, name: &str) -> (Part, Answer) {
    let part = module.parts().into_iter().find(|part| part.case() == Some(name)).unwrap_or_else(|| panic!("no {name}"));
    let answer = check(module, &part);
    (part, answer)
}

fn log(module: &Module, part: &Part) -> Vec<String> {
    let mut settings = Settings::default();
    module.tune(&mut settings);
    module.log(part, &settings)
}

/// All cases of a file hold, and there are so many.
fn all_hold(name: &str, count: usize) {
    let Some(module) = open(name) else { return };
    let parts = module.parts();
    assert_eq!(parts.len(), count);
    for part in &parts {
        let answer = check(&module, part);
        let found = answer.finding.map(|f| f.message);
        assert_eq!((answer.verdict, found), (Verdict::Holds, None), "{:?}", part.case());
    }
}

#[test]
fn the_library_agrees_with_the_plainest_way() {
    all_hold("structures", 12);
}

#[test]
fn texts_and_numbers_are_as_drivers_expect() {
    all_hold("text", 10);
}

#[test]
fn good_cases_hold_and_skipped_ones_say_why() {
    let Some(module) = open("kunit") else { return };
    for name in ["actions", "memory", "once", "with_params", "skips", "marks_skipped"] {
        let (part, answer) = case(&module, &format!("good.{name}"));
        assert_eq!((answer.verdict, answer.finding.map(|f| f.message)), (Verdict::Holds, None), "{name}");
        assert!(log(&module, &part)[0].contains(&format!("exit of {name}")), "{name}");
    }
    let (part, _) = case(&module, "good.with_params");
    let said: Vec<_> = log(&module, &part);
    assert_eq!((said.len(), said[2].contains("parameter 2: the square 9")), (3, true), "{said:?}");
}

#[test]
fn what_fails_is_found_at_its_line() {
    let Some(module) = open("kunit") else { return };
    let source = include_str!("c/kunit.c");
    let expected = [
        ("bad.expects", "kunit", "KUNIT_EXPECT_EQ(test, n, 5)", "expects: Expected n == 5, but\n    n == 4"),
        (
            "bad.asserts",
            "kunit",
            "KUNIT_ASSERT_STREQ_MSG",
            "asserts: Expected \"left\" == \"right\", but\nstrings of 1",
        ),
        (
            "bad.asserts_after_expecting",
            "kunit",
            "KUNIT_EXPECT_NOT_NULL(test, kunit",
            "asserts_after_expecting: Expected ",
        ),
        ("bad.fails", "kunit", "KUNIT_FAIL(test, \"because", "fails: because of this"),
        ("bad.bug", "bug", "BUG_ON(test != NULL)", "BUG_ON(test != NULL)"),
        ("bad.warns", "warn", "WARN(test != NULL", "odd: 42"),
        ("bad.leaks", "leak", "kmalloc(8, GFP_KERNEL)", ""),
        ("refused.never", "kunit", "", "never: init returned -EBUSY"),
    ];
    for (name, code, line, message) in expected {
        let (part, answer) = case(&module, name);
        let found = answer.finding.unwrap_or_else(|| panic!("{name} is not found"));
        assert_eq!(found.code, code, "{name}");
        assert!(found.message.starts_with(message), "{name}: {}", found.message);
        if !line.is_empty() {
            let at = found.place.as_ref().or(found.other.as_ref()).unwrap().line as usize;
            assert!(source.lines().nth(at - 1).unwrap().contains(line), "{name} is found at line {at}");
        }
        assert!(!log(&module, &part).iter().any(|said| said.contains("never reached")), "{name}");
    }
    let (part, _) = case(&module, "bad.expects");
    let said = log(&module, &part).join("\n");
    assert!(said.ends_with("Expected n == 6 to be true, but is false\n    second of 2\nwent on"), "{said}");
}

#[test]
fn parameters_arrive_before_init() {
    let Some(mut module) = open("params") else { return };
    let given = [
        "a_byte=200",
        "a_short=-300",
        "number=0x7f",
        "a_ulong=0xffffffffffffffff",
        "a_hexint=0xbeef",
        "a-bool",
        "an_invbool=1",
        "a_charp=some text",
        "numbers=1,2,-3",
        "words=uno",
        "text=longer",
        "level=2",
        "allocated=on the heap",
    ];
    for given in given {
        module.set_param(given).unwrap();
    }
    let part = module.parts().remove(0);
    let answer = check(&module, &part);
    let said = log(&module, &part);
    assert_eq!((answer.verdict, module.init_failed()), (Verdict::Holds, None), "{said:?}");
    assert_eq!(said, ["all set"]);
    assert!(module.set_param("numbers=1,2,3,4,5").unwrap_err().contains("holds 4 values, not 5"));
    assert!(module.set_param("colour=red").unwrap_err().starts_with("there is no parameter `colour`"));
}
