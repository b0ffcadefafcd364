//! C modules as a whole: their life, parameters, files, per-CPU variables, KUnit suites, and that each execution begins
//! anew. What they do wrong is in `c_race.rs`, `c_order.rs` and `c_fault.rs`.

mod c;

use c::{check_with, open, settings, told, verdict};
use ringzero::Verdict;
use ringzero::program::Answer;
use ringzero_front::{BuildError, Module, Part};
use std::fs;
use std::path::{Path, PathBuf};

/// Checks the module's life.
fn check(module: &Module) -> Answer {
    check_with(module, &module.parts()[0], |_| {})
}

const KTHREADS: &str = "\
#include <linux/atomic.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/slab.h>
";

fn one(name: &str, text: &str) -> Option<Answer> {
    open(name, &format!("{KTHREADS}{text}")).map(|m| check(&m))
}

#[track_caller]
fn is(name: &str, text: &str, expected: &str) {
    let Some(a) = one(name, text) else { return };
    assert_eq!(verdict(&a), expected, "{}", told(&a));
}

/// Without an exit function, a module stays: what it has is its own.
#[test]
fn a_module_without_an_exit_function_stays() {
    let text = "\
static void *p;
static int __init stay_init(void) { p = kmalloc(8, GFP_KERNEL); return 0; }
module_init(stay_init);
";
    is("stays", text, "holds");
    is("goes", &format!("{text}static void __exit stay_exit(void) {{ }}\nmodule_exit(stay_exit);\n"), "leak");
}

#[test]
fn exit_runs_when_all_else_is_over_and_only_after_an_init_that_succeeded() {
    let text = |code: &str| {
        format!(
            "\
static atomic_t steps = ATOMIC_INIT(0);
static int thread(void *unused) {{ atomic_inc(&steps); return 0; }}
static int __init life_init(void)
{{
	kthread_run(thread, NULL, \"t\");
	atomic_inc(&steps);
	return {code};
}}
static void __exit life_exit(void) {{ BUG_ON(atomic_read(&steps) == 2); }}
module_init(life_init);
module_exit(life_exit);
"
        )
    };
    is("succeeds", &text("0"), "bug");
    let Some(failing) = open("fails", &format!("{KTHREADS}{}", text("-ENODEV"))) else { return };
    let a = check(&failing);
    assert_eq!((verdict(&a), failing.init_failed()), ("holds", Some(-19)), "{}", told(&a));
    assert!(failing.log(&failing.parts()[0], &settings(&failing)).iter().any(|l| l.contains("ENODEV")));
}

/// A counter that is one more in each execution would be so in the second one already.
#[test]
fn variables_begin_anew_with_each_execution() {
    let text = "\
static int loads;
static char large[2 << 20];
static int filled[3] = { 1, 2, 3 };
static atomic_t x = ATOMIC_INIT(0);
static DEFINE_PER_CPU(int, here) = 7;
static LIST_HEAD(list);
static struct item { struct list_head node; } item;
static int thread(void *unused) { atomic_inc(&x); return 0; }
static int __init anew_init(void)
{
	BUG_ON(loads++ != 0);
	BUG_ON(large[0] || large[1 << 20] || large[sizeof(large) - 1]);
	large[0] = large[1 << 20] = large[sizeof(large) - 1] = 1;
	BUG_ON(filled[1] != 2);
	filled[1] = 0;
	BUG_ON(per_cpu(here, 1) != 7);
	per_cpu(here, 1) = 8;
	BUG_ON(!list_empty(&list));
	list_add(&item.node, &list);
	kthread_run_on_cpu(thread, NULL, 0, \"t/%u\");
	kthread_run_on_cpu(thread, NULL, 1, \"t/%u\");
	return 0;
}
module_init(anew_init);
";
    let Some(a) = one("anew", text) else { return };
    assert_eq!((verdict(&a), a.executions), ("holds", 2), "{}", told(&a));
}

#[test]
fn per_cpu_variables_are_one_for_each_cpu() {
    let text = "\
static DEFINE_PER_CPU(long, count) = 10;
static int thread(void *unused) { this_cpu_add(count, 1 + raw_smp_processor_id()); return 0; }
static int __init percpu_init(void)
{
	kthread_run_on_cpu(thread, NULL, 0, \"t/%u\");
	kthread_run_on_cpu(thread, NULL, 1, \"t/%u\");
	return 0;
}
static void __exit percpu_exit(void)
{
	BUG_ON(per_cpu(count, 0) != 11 || per_cpu(count, 1) != 12);
}
module_init(percpu_init);
module_exit(percpu_exit);
";
    is("per-cpu", text, "holds");
    is("per-cpu", &text.replace("!= 12", "!= 11"), "bug");
}

const PARAMS: &str = r#"
static int number = 3;
module_param(number, int, 0644);
static bool flag;
module_param(flag, bool, 0);
static char *word = "none";
module_param(word, charp, 0);
static unsigned char small;
module_param(small, byte, 0);
static int list[3];
static unsigned int list_len;
module_param_array(list, int, &list_len, 0);
static char text[8];
module_param_string(text, text, sizeof(text), 0);
static int __init params_init(void)
{
	pr_info("%d %d %s %u %u:%d,%d %s\n", number, flag, word, small, list_len, list[0], list[1], text);
	number++;
	return 0;
}
module_init(params_init);
"#;

#[test]
fn parameters_are_set_for_each_execution() {
    let Some(mut m) = open("params", &format!("{KTHREADS}#include <linux/moduleparam.h>\n{PARAMS}")) else { return };
    let part = &m.parts()[0];
    let log = |m: &Module| m.log(part, &settings(m)).join("\n");
    assert!(log(&m).contains("3 0 none 0 0:0,0 "), "{}", log(&m));
    for given in ["number=0x10", "flag=y", "word=a b", "small=255", "list=4,5", "text=seven77"] {
        m.set_param(given).unwrap_or_else(|e| panic!("{given}: {e}"));
    }
    for _ in 0..2 {
        assert!(log(&m).contains("16 1 a b 255 2:4,5 seven77"), "{}", log(&m));
    }
    for wrong in [
        "number=many",
        "number=99999999999",
        "small=256",
        "flag=maybe",
        "list=1,2,3,4",
        "text=eight888",
        "other=1",
        "=1",
        "",
        "number",
    ] {
        let why = m.set_param(wrong).expect_err(wrong);
        assert!(!why.is_empty() && !why.contains("panicked"), "{wrong}: {why}");
    }
    assert!(log(&m).contains("16 1 a b 255 2:4,5 seven77"), "{}", log(&m));
}

fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("c-module-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).expect("the folder for temporary files");
    for (file, text) in files {
        fs::write(dir.join(file), text).expect("it can be written");
    }
    dir
}

const MAIN: &str = "\
#include <linux/bug.h>
#include <linux/module.h>
static int state = 1;
static int step(void) { return state++; }
int other(void);
static int __init two_init(void)
{
	BUG_ON(step() != 1 || other() != 10 || step() != 2 || other() != 11);
	return 0;
}
module_init(two_init);
";
const OTHER: &str = "\
#include <linux/module.h>
int other(void);
static int state = 10;
static int step(void) { return state++; }
int other(void) { return step(); }
";

fn opened(paths: &[PathBuf]) -> Option<Module> {
    match Module::open(paths) {
        Ok(m) => Some(m),
        Err(BuildError::NoCompiler(_)) => None,
        Err(e) => panic!("{e}"),
    }
}

/// Statics of the same name are each file's own.
#[test]
fn several_files_are_one_module() {
    let dir = folder("two", &[("main.c", MAIN), ("other.c", OTHER)]);
    let Some(m) = opened(&[dir.join("main.c"), dir.join("other.c")]) else { return };
    let a = check(&m);
    assert_eq!(verdict(&a), "holds", "{}", told(&a));
    let alone = Module::open(&[dir.join("main.c")]).err().map(|e| e.to_string()).unwrap_or_default();
    assert!(alone.contains("other"), "{alone}");
}

#[test]
fn a_folder_with_a_kbuild_file_is_a_module() {
    let kbuild = "obj-m += two.o\ntwo-y := main.o other.o\nccflags-y += -DWANTED=11\n";
    let main = MAIN.replace("!= 11", "!= WANTED");
    let dir = folder("kbuild", &[("main.c", &main), ("other.c", OTHER), ("Kbuild", kbuild)]);
    let Some(m) = opened(std::slice::from_ref(&dir)) else { return };
    let a = check(&m);
    assert_eq!(verdict(&a), "holds", "{}", told(&a));
    fs::write(dir.join("Kbuild"), kbuild.replace("=11", "=12")).expect("it can be written");
    let Some(m) = opened(&[dir]) else { return };
    let a = check(&m);
    assert_eq!(verdict(&a), "bug", "{}", told(&a));
    let place = a.finding.as_ref().and_then(|f| f.place.as_ref()).map(|p| p.file.clone()).unwrap_or_default();
    assert!(place.ends_with("main.c"), "{place}");
}

const SUITES: &str = r#"
#include <kunit/test.h>
#include <linux/module.h>

static void passes(struct kunit *test) { KUNIT_EXPECT_EQ(test, 1 + 1, 2); }
static void fails(struct kunit *test) { KUNIT_EXPECT_EQ_MSG(test, 1 + 1, 3, "sums"); }
static void asserts(struct kunit *test)
{
	KUNIT_ASSERT_NOT_NULL(test, test->priv);
	KUNIT_FAIL(test, "not reached");
}
static void crashes(struct kunit *test) { *(volatile int *)test->priv = 1; }
static void skips(struct kunit *test) { kunit_skip(test, "no such device"); }
static void leaks_nothing(struct kunit *test) { KUNIT_ASSERT_NOT_NULL(test, kunit_kzalloc(test, 8, GFP_KERNEL)); }

static struct kunit_case first_cases[] = {
	KUNIT_CASE(passes), KUNIT_CASE(fails), KUNIT_CASE(asserts), KUNIT_CASE(crashes), KUNIT_CASE(skips),
	KUNIT_CASE(leaks_nothing), {}
};
static struct kunit_suite first = { .name = "first", .test_cases = first_cases };

static int refuses(struct kunit_suite *suite) { return -ENODEV; }
static struct kunit_case second_cases[] = { KUNIT_CASE(passes), {} };
static struct kunit_suite second = { .name = "second", .suite_init = refuses, .test_cases = second_cases };

static int prepare(struct kunit *test) { return -ENOMEM; }
static struct kunit_suite third = { .name = "third", .init = prepare, .test_cases = second_cases };

kunit_test_suites(&first, &second, &third);
"#;

#[test]
fn each_kunit_case_has_its_own_verdict() {
    let Some(m) = open("suites", SUITES) else { return };
    let parts = m.parts();
    let verdicts: Vec<(String, String)> = parts
        .iter()
        .map(|part: &Part| {
            let a = check_with(&m, part, |_| {});
            (part.case().unwrap_or("life").to_owned(), verdict(&a).to_owned())
        })
        .collect();
    let expected = [
        ("first.passes", "holds"),
        ("first.fails", "kunit"),
        ("first.asserts", "kunit"),
        ("first.crashes", "page-fault"),
        ("first.skips", "holds"),
        ("first.leaks_nothing", "holds"),
        ("second.passes", "kunit"),
        ("third.passes", "kunit"),
    ];
    let expected: Vec<_> = expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    assert_eq!(verdicts, expected);
}

#[test]
fn a_kunit_failure_is_told_with_its_values_and_its_line() {
    let Some(m) = open("suites", SUITES) else { return };
    let message = |case: &str| {
        let part = m.parts().into_iter().find(|p| p.case() == Some(case)).expect("a case");
        let a = check_with(&m, &part, |_| {});
        assert_eq!(a.verdict, Verdict::Violated, "{case}");
        let f = a.finding.expect("a finding");
        let log: String = f.log.iter().map(|l| format!("\n{}", l.text)).collect();
        (f.message + &log, f.place.map(|p| p.line).unwrap_or_default())
    };
    let line = |text: &str| SUITES.lines().position(|l| l.contains(text)).map_or(0, |n| n as u32 + 1);
    let (fails, at) = message("first.fails");
    assert!(fails.contains("1 + 1") && fails.contains('3') && fails.contains("sums"), "{fails}");
    assert_eq!(at, line("void fails"));
    let (asserts, at) = message("first.asserts");
    assert!(asserts.contains("test->priv") && !asserts.contains("not reached"), "{asserts}");
    assert_eq!(at, line("KUNIT_ASSERT_NOT_NULL(test, test->priv)"));
    assert_eq!(message("first.crashes").1, line("void crashes"));
    assert!(message("second.passes").0.contains("ENODEV") || message("second.passes").0.contains("-19"));
}
