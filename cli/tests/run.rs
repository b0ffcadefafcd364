//! `ringzero run`: modules at full speed on the machine of threads.

mod common;

use common::{Said, command, folder};
use std::fs;
use std::path::PathBuf;

/// Runs `run` on a module of this text.
#[track_caller]
fn run(text: &str, args: &[&str]) -> Said {
    let dir = folder("run");
    fs::write(dir.join("m.c"), text).expect("it can be written");
    run_in(dir, &[&["m.c"], args].concat())
}

#[track_caller]
fn run_in(dir: PathBuf, args: &[&str]) -> Said {
    let mut c = command(&[&["run", "--patience", "20"], args].concat());
    c.current_dir(dir).output().expect("the command runs").into()
}

/// The head of a module, with what the tests use.
const HEAD: &str = "\
#include <linux/module.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
";

/// A module with these functions' bodies.
fn module(statics: &str, init: &str, exit: &str) -> String {
    format!(
        "{HEAD}{statics}
static int __init m_init(void) {{ {init}\n return 0; }}
static void __exit m_exit(void) {{ {exit} }}
module_init(m_init);
module_exit(m_exit);
MODULE_LICENSE(\"GPL\");
"
    )
}

/// Without a compiler there is nothing to test here; CI has one.
fn compiler() -> bool {
    let there =
        ["gcc", "clang", "cc"].iter().any(|cc| std::process::Command::new(cc).arg("--version").output().is_ok());
    if !there {
        println!("SKIPPED: no C compiler");
    }
    there
}

#[test]
fn a_module_runs_and_its_log_comes_line_by_line() {
    if !compiler() {
        return;
    }
    let text = module(
        "static int number = 3; module_param(number, int, 0644);",
        "pr_info(\"number %d,\", number); pr_cont(\" on %u CPUs\\n\", num_online_cpus());",
        "pr_info(\"bye\\n\");",
    );
    let said = run(&text, &["--cpus", "3"]).exits(0);
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines[..2], ["number 3, on 3 CPUs", "bye"]);
    assert!(lines[2].starts_with("m.c: ran, "), "{}", said.out);
    let said = run(&text, &["--param", "number=5", "--json"]).exits(0);
    assert!(said.err.starts_with("number 5, on "), "{}", said.err);
    let object = &said.objects()[0];
    assert_eq!((object["ended"].as_str(), object["exit"].as_u64()), (Some("ran"), Some(0)));
    let said = run(&text, &["--log", "time"]).exits(0);
    assert!(said.out.starts_with("[    0."), "{}", said.out);
    assert_eq!(run(&text, &["--log", "off"]).exits(0).out.lines().count(), 2);
}

#[test]
fn an_init_that_fails_is_told_and_exit_does_not_run() {
    if !compiler() {
        return;
    }
    let text = module("", "if (jiffies + 1) return -ENODEV;", "pr_info(\"exit runs\\n\");");
    let said = run(&text, &["--seconds", "30"]).exits(4);
    assert!(said.out.contains("m.c: init returned -19 (ENODEV)"), "{}", said.out);
    assert!(said.out.contains("m.c: init failed: -ENODEV") && !said.out.contains("exit runs"), "{}", said.out);
}

#[test]
fn what_cannot_be_loaded_is_refused_as_by_check() {
    if !compiler() {
        return;
    }
    let refused = |args: &[&str], part: &str| {
        let said = run_in(folder("run"), args).exits(3);
        assert!(said.err.contains(part) && said.out.is_empty(), "{}{}", said.out, said.err);
    };
    refused(&["no-such-program"], "there is no program and no file `no-such-program`");
    refused(&["recursive-lock-fixed", "--param", "x=1"], "a program in Rust has no parameters");
    refused(&["recursive-lock-fixed", "recursive-lock-buggy"], "one program at a time");
    let said = run("int x = y;\n", &[]).exits(3);
    assert!(said.err.contains("m.c:1"), "{}", said.err);
    let said = run(&module("void nobody(void);", "nobody();", ""), &[]).exits(3);
    assert!(said.err.contains("nobody at m.c:14: not in docs/linux-map.md"), "{}", said.err);
    let text = module("static int n; module_param(n, int, 0);", "", "");
    let said = run(&text, &["--param", "n=many"]).exits(3);
    assert!(said.err.contains("parameter `n` (int) cannot be `many`"), "{}", said.err);
    run(&text, &["--devices", "often"]).exits(2);
}

/// Several threads on each CPU, with a counter under each kind of protection: none of them loses anything.
const CONTENTION: &str = "
static DEFINE_MUTEX(mutex);
static DEFINE_SPINLOCK(lock);
static DEFINE_PER_CPU(long, here);
static long under_mutex, under_lock, rounds[6];
static atomic_long_t atomically;
static struct task_struct *threads[6];
static int turn(void *data)
{
	long *round = data;
	while (!kthread_should_stop()) {
		mutex_lock(&mutex);
		under_mutex++;
		mutex_unlock(&mutex);
		spin_lock(&lock);
		under_lock++;
		spin_unlock(&lock);
		this_cpu_inc(here);
		atomic_long_inc(&atomically);
		kfree(kzalloc(64, GFP_KERNEL));
		++*round;
		cond_resched();
	}
	return 7;
}
static void __init start(void)
{
	int i;
	for (i = 0; i < 6; i++)
		threads[i] = kthread_run(turn, &rounds[i], \"turn%d\", i);
}
static void stop(void)
{
	long all = 0, per_cpu_sum = 0;
	int i, cpu, ended = 0, ran = 0;
	for (i = 0; i < 6; i++) {
		ended += kthread_stop(threads[i]) == 7;
		ran += rounds[i] > 0;
		all += rounds[i];
	}
	for_each_possible_cpu(cpu)
		per_cpu_sum += per_cpu(here, cpu);
	pr_info(\"%d ran, %d ended\\n\", ran, ended);
	pr_info(\"lost %ld %ld %ld %ld\\n\", all - under_mutex, all - under_lock, all - per_cpu_sum,
		all - atomic_long_read(&atomically));
}
";

#[test]
fn threads_loop_until_they_are_stopped_and_no_count_is_lost() {
    if !compiler() {
        return;
    }
    for args in [&["--cpus", "2"][..], &["--cpus", "4", "--async-irqs"]] {
        let said = run(&module(CONTENTION, "start();", "stop();"), &[&["--seconds", "0.3"], args].concat()).exits(0);
        assert!(said.out.starts_with("6 ran, 6 ended\nlost 0 0 0 0\n"), "{}", said.out);
    }
}

#[test]
fn timers_expire_and_work_is_executed() {
    if !compiler() {
        return;
    }
    let statics = "
static int expired, worked;
static struct timer_list timer;
static void work_fn(struct work_struct *work);
static DECLARE_WORK(work, work_fn);
static DECLARE_DELAYED_WORK(delayed, work_fn);
static void tasklet_fn(struct tasklet_struct *t) { schedule_work(&work); }
static DECLARE_TASKLET(tasklet, tasklet_fn);
static void timer_fn(struct timer_list *t)
{
	if (++expired < 5)
		mod_timer(t, jiffies + 1);
	else
		tasklet_schedule(&tasklet);
}
static void work_fn(struct work_struct *work) { msleep(1); worked++; }
";
    let init = "timer_setup(&timer, timer_fn, 0); mod_timer(&timer, jiffies + 2);
        schedule_delayed_work(&delayed, 3);";
    // Nothing is said of how long it runs: until nothing is left to happen.
    let said = run(&module(statics, init, "pr_info(\"%d %d\\n\", expired, worked);"), &[]).exits(0);
    assert!(said.out.starts_with("5 2\n"), "{}", said.out);
}

#[test]
fn a_bad_access_ends_the_process_with_its_place() {
    if !compiler() {
        return;
    }
    let cases = [
        ("*(volatile int *)0 = 1;", "error[page-fault]: task init writes through a null pointer"),
        ("memset((void *)64, 0, 8);", "error[page-fault]: task init reads at 0x40, that far behind a null pointer"),
        ("volatile int zero = 0; return 5 / zero;", "error[divide-error]: task init divides by zero"),
        ("void (*volatile f)(void) = NULL; f();", "error[page-fault]: task init calls a null pointer"),
        ("BUG_ON(current);", "error[bug]: BUG_ON(current)"),
        ("static DEFINE_SPINLOCK(l); spin_unlock(&l);", "error[unlock-by-other]: `l` is released"),
        ("cpumask_of(99);", "error[panic]: cpumask_of(): there is no CPU 99"),
    ];
    for (line, message) in cases {
        let said = run(&module("", line, ""), &[]).exits(1);
        assert!(said.err.starts_with(message), "{line}: {}", said.err);
        assert!(said.err.contains("\n  --> m.c:14\n"), "{line}: {}", said.err);
    }
    let deep =
        "static int deep(volatile char *p) { volatile char b[1000]; b[0] = p[0]; return deep(b) + b[0] + p[1]; }";
    let said = run(&module(deep, "volatile char c[2] = { 1 }; return deep(c);", ""), &[]).exits(1);
    assert!(said.err.starts_with("error[stack-overflow]: task init"), "{}", said.err);
    let timer = "static struct timer_list t; static int *volatile p; static void f(struct timer_list *x) { *p = 1; }";
    let said = run(&module(timer, "timer_setup(&t, f, 0); mod_timer(&t, jiffies + 1);", ""), &[]).exits(1);
    assert!(said.err.starts_with("error[page-fault]: an interrupt on CPU 0 writes"), "{}", said.err);
}

#[test]
fn a_warning_goes_on_and_is_remembered() {
    if !compiler() {
        return;
    }
    let said = run(&module("", "if (WARN_ON(current)) pr_info(\"goes on\\n\");", ""), &[]).exits(1);
    assert!(said.out.starts_with("WARNING: m.c:14: WARN_ON(current)\ngoes on\nm.c: 1 warnings, "), "{}", said.out);
}

#[test]
fn what_does_not_end_is_named() {
    if !compiler() {
        return;
    }
    let statics = "static int sleeper(void *x) { set_current_state(TASK_UNINTERRUPTIBLE); schedule(); return 0; }";
    let text = module(statics, "kthread_run(sleeper, NULL, \"sleeper\");", "");
    let said = run(&text, &["--patience", "0.2"]).exits(5);
    assert!(said.out.contains("m.c: not gone") && said.out.contains("task `sleeper`"), "{}", said.out);
}

#[test]
fn kunit_cases_run_one_after_the_other() {
    if !compiler() {
        return;
    }
    let text = "\
#include <linux/module.h>
#include <kunit/test.h>
static void adds(struct kunit *test) { KUNIT_EXPECT_EQ(test, 1 + 1, 2); }
static void carries(struct kunit *test) { int n = 9; KUNIT_ASSERT_EQ(test, n, 0); }
static void skips(struct kunit *test) { kunit_skip(test, \"no device\"); }
static void last(struct kunit *test) { KUNIT_EXPECT_TRUE(test, true); }
static struct kunit_case cases[] =
	{ KUNIT_CASE(adds), KUNIT_CASE(carries), KUNIT_CASE(skips), KUNIT_CASE(last), {} };
static struct kunit_suite suite = { .name = \"sums\", .test_cases = cases };
kunit_test_suite(suite);
";
    let said = run(text, &[]).exits(1);
    let told: Vec<&str> = said.out.lines().filter(|l| l.starts_with("sums.")).collect();
    assert_eq!(told.len(), 4, "{}", said.out);
    assert_eq!((told[0], told[2], told[3]), ("sums.adds: ok", "sums.skips: ok # SKIP no device", "sums.last: ok"));
    assert!(told[1].starts_with("sums.carries: not ok: m.c:4: carries: Expected n == 0, but"), "{}", said.out);
}

#[test]
fn the_driver_gets_the_interrupts_of_simulated_devices() {
    if !compiler() {
        return;
    }
    for more in [&[][..], &["--async-irqs"]] {
        let args = ["c/ringdev-fixed", "--param", "ring_size=16", "--devices", "500us", "--seconds", "0.3", "--json"];
        let said = run_in(folder("run"), &[&args[..], more].concat()).exits(0);
        let object = &said.objects()[0];
        let line = &object["lines"][0];
        assert_eq!(line["line"].as_u64(), Some(4), "{object}");
        assert!(line["interrupts"].as_u64().is_some_and(|n| n > 20), "{object}");
    }
}

#[test]
fn a_program_in_rust_runs_too() {
    let said = run_in(folder("run"), &["recursive-lock-fixed", "--cpus", "2"]).exits(0);
    assert!(said.out.starts_with("recursive-lock-fixed: ran, "), "{}", said.out);
    let said = run_in(folder("run"), &["sleeping-allocation-buggy"]).code;
    assert_eq!(said, Some(1));
}
