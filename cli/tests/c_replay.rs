//! Traces of C programs: the same search gives the same bytes in any process, and they replay there. Addresses differ
//! between processes (address space layout randomisation is on): none may get into a trace.

mod common;

use common::{Said, check, command, folder};
use std::fs;
use std::path::{Path, PathBuf};

/// Without a compiler there is nothing to test here; CI has one.
fn compiler() -> bool {
    let there = ["gcc", "clang", "cc"].iter().any(|cc| has(cc));
    if !there {
        println!("SKIPPED: no C compiler");
    }
    there
}

fn has(cc: &str) -> bool {
    std::process::Command::new(cc).arg("--version").output().is_ok()
}

fn run(dir: &Path, args: &[&str]) -> Said {
    command(args).current_dir(dir).output().expect("the command runs").into()
}

/// The trace of a violated program: its path and its text.
#[track_caller]
fn trace(said: &Said, dir: &Path) -> (PathBuf, String) {
    let objects = said.objects();
    let found = objects.iter().find_map(|o| o["trace"].as_str()).unwrap_or_else(|| panic!("no trace in {}", said.out));
    let path = dir.join(found);
    let text = fs::read_to_string(&path).expect("the trace is there");
    (path, text)
}

/// Checks a file in a folder of its own.
#[track_caller]
fn traced(dir: &Path, args: &[&str]) -> (PathBuf, String) {
    let traces = folder("c-traces");
    let all = [&["check", "--json", "--trace-dir", traces.to_str().expect("UTF-8")], args].concat();
    trace(&run(dir, &all), dir)
}

#[track_caller]
fn replayed(dir: &Path, trace: &Path) -> Said {
    run(dir, &["replay", trace.to_str().expect("UTF-8")]).exits(1)
}

/// One of each kind: what blocks, what races, what is freed, what lies on a stack, what is counted and what is logged.
const PROGRAMS: &[&str] = &[
    "c/hardirq-lock-buggy",
    "c/plain-counter-buggy",
    "c/stale-pointer-buggy",
    "c/stack-request-buggy",
    "c/requeued-work-buggy",
    "c/racing-timers-buggy",
    "c/mutex-order-buggy",
    "c/error-path-leak-buggy",
    "c/kunit-counter-buggy",
    "c/parent-cycle-buggy",
    "c/ringdev-lost-wakeup-buggy",
];

#[test]
fn programs_of_the_gallery_replay_by_name_in_any_process() {
    if !compiler() {
        return;
    }
    let dir = folder("c-gallery");
    for program in PROGRAMS {
        let (path, text) = traced(&dir, &[program]);
        let (_, again) = traced(&dir, &[program]);
        assert!(text == again, "{program}: another process finds another trace:\n{text}\n{again}");
        let first = replayed(&dir, &path);
        assert_eq!(replayed(&dir, &path).out, first.out, "{program}");
        // Whatever folder one is in.
        assert_eq!(replayed(&folder("c-elsewhere"), &path).out, first.out, "{program}");
        let report = run(&dir, &["check", program]).out;
        let report = &report[report.find("error[").expect("a report")..];
        let report = report.split("replay: ").next().expect("a report");
        assert!(first.out.starts_with(report), "{program}:\n{}\nis not\n{report}", first.out);
        assert_eq!(fs::read_to_string(&path).expect("still there"), text, "replaying changed the trace");
    }
}

#[test]
fn two_jobs_find_what_one_finds() {
    if !compiler() {
        return;
    }
    let dir = folder("c-jobs");
    for program in PROGRAMS {
        let (_, one) = traced(&dir, &[program]);
        let (_, two) = traced(&dir, &[program, "--jobs", "2"]);
        assert!(one == two, "{program}:\n{one}\nwith two jobs:\n{two}");
    }
    let counts = |jobs: &str| {
        let said = check(&["c/count/two-irqs-one-cpu", "c/bench/increment-2x3", "--jobs", jobs, "--json"]).exits(0);
        said.objects().iter().map(|o| o["executions"].as_u64()).collect::<Vec<_>>()
    };
    assert_eq!(counts("1"), [Some(11), Some(328)]);
    assert_eq!(counts("2"), counts("1"));
}

/// Pointers are values of marked words, arguments of formats, keys of hashes, and differ from each other.
const POINTERS: &str = r#"#include <linux/hash.h>
#include <linux/jhash.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/timex.h>

static int here, there;
static int *slot = &here;
static void (*fn)(void);
static void *heap;

static void work(void)
{
	int on_stack = 0;
	void *p;

	pr_info("stack %p here %p %px %pK %pS\n", &on_stack, &here, &there, READ_ONCE(slot), work);
	pr_info("hash %u %u\n", hash_ptr(&here, 8), hash_ptr(&on_stack, 8));
	WRITE_ONCE(slot, &there);
	WRITE_ONCE(fn, work);
	p = kmalloc(16, GFP_KERNEL);
	pr_info("hash %u\n", hash_ptr(p, 8));
	pr_info("heap %p error %p null %p\n", p, ERR_PTR(-5), NULL);
	kfree(xchg(&heap, p));
	cmpxchg(&slot, &there, &here);
}

static int thread(void *unused)
{
	work();
	return 0;
}

static int __init pointers_init(void)
{
	kthread_run_on_cpu(thread, NULL, 0, "t/%u");
	kthread_run_on_cpu(thread, NULL, 1, "t/%u");
	return 0;
}

static void __exit pointers_exit(void)
{
	kfree(heap);
	BUG_ON(READ_ONCE(slot) == &here);
}

module_init(pointers_init);
module_exit(pointers_exit);
"#;

#[test]
fn no_address_gets_into_a_trace() {
    if !compiler() {
        return;
    }
    let dir = folder("c-pointers");
    fs::write(dir.join("pointers.c"), POINTERS).expect("it can be written");
    let (path, text) = traced(&dir, &["pointers.c"]);
    assert!(text.contains("code: bug"), "{text}");
    assert!(text.contains("(ptr ") && text.contains("heap "), "{text}");
    for _ in 0..3 {
        let (_, again) = traced(&dir, &["pointers.c"]);
        assert!(text == again, "another process, another trace:\n{text}\n{again}");
    }
    let first = replayed(&dir, &path).out;
    assert_eq!(replayed(&dir, &path).out, first);
    for report in [&text, &first] {
        assert!(!report.contains("0x7f"), "an address:\n{report}");
    }
}

/// A pointer as a number is the program's own doing: its trace replays, and says so.
#[test]
fn an_address_that_is_logged_as_a_number_is_told_of() {
    if !compiler() {
        return;
    }
    let dir = folder("c-number");
    let text = POINTERS.replace("pr_info(\"hash %u\\n\", hash_ptr(p, 8));", "pr_info(\"%lu\\n\", (unsigned long)p);");
    assert_ne!(text, POINTERS);
    fs::write(dir.join("number.c"), text).expect("it can be written");
    let (path, _) = traced(&dir, &["number.c"]);
    let said = replayed(&dir, &path);
    assert!(said.out.starts_with("error[bug]: ") && said.err.contains("logs something else"), "{}", said.err);
}

/// Random numbers, the time and the processor's counter are the program's own.
const SOURCES_OF_CHANCE: &str = r#"#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/random.h>

static int __init chance_init(void)
{
	u32 r[4];

	get_random_bytes(r, sizeof(r));
	pr_info("%u %u %u %u\n", r[0], r[1], r[2], r[3]);
	pr_info("%lu %lld\n", jiffies, ktime_get_ns());
	BUG();
	return 0;
}
module_init(chance_init);
"#;

#[test]
fn chance_and_time_are_the_same_in_any_process() {
    if !compiler() {
        return;
    }
    let dir = folder("c-chance");
    fs::write(dir.join("chance.c"), SOURCES_OF_CHANCE).expect("it can be written");
    let (path, text) = traced(&dir, &["chance.c"]);
    assert_eq!(traced(&dir, &["chance.c"]).1, text);
    replayed(&dir, &path);
}

const PARAMETER: &str = "\
#include <linux/module.h>
static int wrong;
module_param(wrong, int, 0);
static int __init wrong_init(void) { WARN_ON(wrong == 7); return 0; }
module_init(wrong_init);
";

#[test]
fn a_trace_keeps_the_parameters_and_the_case() {
    if !compiler() {
        return;
    }
    let dir = folder("c-parameter");
    fs::write(dir.join("p.c"), PARAMETER).expect("it can be written");
    run(&dir, &["check", "p.c"]).exits(0);
    let (path, _) = traced(&dir, &["p.c", "--param", "wrong=7"]);
    assert!(replayed(&dir, &path).out.starts_with("error[warn]: "));
    let (path, text) = traced(&dir, &["c/kunit-counter-buggy"]);
    assert!(text.contains("counts_two"), "{text}");
    assert!(replayed(&dir, &path).out.starts_with("error[kunit]: "));
}

#[test]
fn a_trace_of_other_code_is_refused() {
    if !compiler() {
        return;
    }
    let dir = folder("c-changed");
    let file = dir.join("p.c");
    fs::write(&file, PARAMETER).expect("it can be written");
    let (path, _) = traced(&dir, &["p.c", "--param", "wrong=7"]);
    let path = path.to_str().expect("UTF-8");
    let refused = |dir: &Path, part: &str| {
        let said = run(dir, &["replay", path]).exits(3);
        assert_eq!(said.out, "");
        assert!(said.err.contains(path) && said.err.contains(part), "no {part:?} in {}", said.err);
    };
    fs::write(&file, PARAMETER.replace("== 7", "!= 8")).expect("it can be written");
    refused(&dir, "changed");
    fs::write(&file, "no C").expect("it can be written");
    refused(&dir, "p.c:1:");
    fs::remove_file(&file).expect("it is there");
    refused(&dir, "p.c: no such file");
    refused(&folder("c-elsewhere"), "p.c: no such file");
    // As it was, it is welcome again.
    fs::write(&file, PARAMETER).expect("it can be written");
    replayed(&dir, Path::new(path));
    if has("clang") && has("gcc") {
        let mut other = command(&["replay", path]);
        let said: Said = other.current_dir(&dir).env("CC", "clang").output().expect("the command runs").into();
        assert!(said.exits(3).err.contains("changed"));
    }
}

/// Comments and blanks are not the program.
#[test]
fn a_comment_may_change() {
    if !compiler() {
        return;
    }
    let dir = folder("c-comment");
    fs::write(dir.join("p.c"), PARAMETER).expect("it can be written");
    let (path, _) = traced(&dir, &["p.c", "--param", "wrong=7"]);
    fs::write(dir.join("p.c"), format!("{PARAMETER}/* the end */\n")).expect("it can be written");
    let said = run(&dir, &["replay", path.to_str().expect("UTF-8")]);
    assert!(matches!(said.code, Some(1 | 3)) && !said.err.contains("panicked"), "{}{}", said.out, said.err);
}
