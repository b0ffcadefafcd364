//! `ringzero run`: modules at full speed on the machine of threads.

#[expect(dead_code, reason = "some of it is for other tests")]
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

/// Patient enough for a busy machine, unless the arguments say how patient.
#[track_caller]
fn run_in(dir: PathBuf, args: &[&str]) -> Said {
    let patience: &[&str] = if args.contains(&"--patience") { &[] } else { &["--patience", "60"] };
    let mut c = command(&[&["run"], patience, args].concat());
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
    assert_eq!(run(&text, &["--log", "off"]).exits(0).out.lines().count(), 3);
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
    let said = run(&module("void no_such_function(void);", "no_such_function();", ""), &[]).exits(3);
    assert!(said.err.contains("no_such_function at m.c:14: not in docs/linux-map.md"), "{}", said.err);
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
    let said = run(&module(statics, init, "pr_info(\"%d %d\\n\", expired, worked);"), &["--json"]).exits(0);
    assert!(said.err.starts_with("5 2\n"), "{}", said.err);
    let object = &said.objects()[0];
    // The five, the delayed item's, and two sleeps; those expire in the timer softirq, and there is the tasklet's.
    assert_eq!((&object["timers"], &object["work_items"]), (&8.into(), &2.into()), "{object}");
    assert!(object["softirqs"].as_u64() >= Some(7), "{object}");
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
    let endless = "for (volatile int i = 0; ; i = 1 - i) ;";
    let said = run(&module("", endless, ""), &["--patience", "0.2"]).exits(5);
    assert_eq!(said.out.matches("still there: ").count(), 1, "{}", said.out);
    assert!(said.out.contains("still there: the init function"), "{}", said.out);
    let said = run(&module("", "", endless), &["--patience", "0.2"]).exits(5);
    assert!(said.out.ends_with("  still there: the exit function\n"), "{}", said.out);
    // It waits for a device that there is not.
    let said = run_in(folder("run"), &["c/completion-reinit-fixed", "--patience", "0.2"]).exits(5);
    assert!(said.out.ends_with("  no device raises its line: --devices\n"), "{}", said.out);
}

#[test]
fn a_module_without_exit_stays() {
    if !compiler() {
        return;
    }
    let text = format!(
        "{HEAD}
static void f(struct timer_list *t) {{ mod_timer(t, jiffies + 1000); }}
static DEFINE_TIMER(timer, f);
static int __init m_init(void) {{ mod_timer(&timer, jiffies + 1000); return 0; }}
module_init(m_init);
"
    );
    let said = run(&text, &["--seconds", "0.01"]).exits(0);
    assert!(said.out.starts_with("m.c: ran, and stays, since it has no exit function, "), "{}", said.out);
    assert!(said.out.contains("  still there: a timer that is still armed"), "{}", said.out);
}

#[test]
fn what_is_found_ends_the_run() {
    let said = run_in(folder("run"), &["sleeping-allocation-buggy"]).exits(1);
    assert!(said.err.starts_with("error[sleep-in-atomic]: kmalloc(GFP_KERNEL) may sleep"), "{}", said.err);
    assert_eq!(said.out, "sleeping-allocation-buggy: violated sleep-in-atomic\n");
    if !compiler() {
        return;
    }
    let text = module("static DEFINE_SPINLOCK(l);", "spin_lock(&l);\n spin_lock(&l);", "");
    let said = run(&text, &["--json"]).exits(1);
    let (object, trouble) = (&said.objects()[0], &said.objects()[0]["troubles"][0]);
    assert_eq!((&object["ended"], &object["exit"]), (&"violated self-deadlock".into(), &1.into()));
    assert_eq!((&trouble["code"], &trouble["place"]), (&"self-deadlock".into(), &"m.c:15".into()), "{object}");
}

/// It ends only if a timer's interrupt comes in the middle of the loop.
#[test]
fn a_loop_is_interrupted_anywhere_if_that_is_asked_for() {
    if !compiler() {
        return;
    }
    let statics = "
static int stop;
static void timer_fn(struct timer_list *t) { WRITE_ONCE(stop, 1); }
static DEFINE_TIMER(timer, timer_fn);
";
    let init = "mod_timer(&timer, jiffies + 5); while (!READ_ONCE(stop)) ;";
    let text = module(statics, init, "pr_info(\"%d\\n\", stop);");
    let said = run(&text, &["--async-irqs"]).exits(0);
    assert!(said.out.starts_with("1\n"), "{}", said.out);
    run(&text, &["--patience", "0.3"]).exits(5);
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

/// The driver's own numbers, which it logs in the end: received, read, dropped, left.
fn samples(log: &str) -> Vec<u64> {
    let line = log.lines().find(|line| line.starts_with("ringdev: ")).expect("the driver's last line");
    line.split(' ').filter_map(|word| word.parse().ok()).collect()
}

#[test]
fn the_driver_gets_the_interrupts_of_simulated_devices() {
    if !compiler() {
        return;
    }
    let drivers = [&["--param", "ring_size=16", "--cpus", "4"][..], &["--param", "ring_size=1", "--async-irqs"]];
    for more in drivers {
        let args = ["c/ringdev-fixed", "--devices", "200us", "--seconds", "0.3", "--json"];
        let said = run_in(folder("run"), &[&args[..], more].concat()).exits(0);
        let object = &said.objects()[0];
        let line = &object["lines"][0];
        assert_eq!(line["line"].as_u64(), Some(4), "{object}");
        // An entry may find that the line was just freed.
        let samples = samples(&said.err);
        assert!(samples[0] > 20 && line["interrupts"].as_u64() >= Some(samples[0]), "{object}{}", said.err);
        assert_eq!(samples[0], samples[1..].iter().sum::<u64>(), "{}", said.err);
    }
}

#[test]
fn a_module_with_nothing_but_a_handler_runs_for_its_time() {
    if !compiler() {
        return;
    }
    let statics = "
static int came;
static irqreturn_t handler(int irq, void *dev) { came++; return IRQ_HANDLED; }
";
    let init = "if (request_irq(4, handler, 0, \"device\", &came)) return -EBUSY;";
    let exit = "free_irq(4, &came); pr_info(\"%d came\\n\", came);";
    let said = run(&module(statics, init, exit), &["--devices", "1ms", "--seconds", "0.5", "--json"]).exits(0);
    let object = &said.objects()[0];
    assert!(object["seconds"].as_f64().is_some_and(|s| s >= 0.5), "{object}");
    let came = said.err.split(' ').next().and_then(|n| n.parse::<u64>().ok());
    assert!(came > Some(5) && object["interrupts"].as_u64() >= came, "{object}{}", said.err);
}

#[test]
fn a_program_in_rust_runs_too() {
    let said = run_in(folder("run"), &["recursive-lock-fixed", "--cpus", "2"]).exits(0);
    assert!(said.out.starts_with("recursive-lock-fixed: ran, "), "{}", said.out);
}
