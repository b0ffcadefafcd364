//! Many small C modules in one file: compiled once, and told apart by a module parameter.
//!
//! A table is C text. A line `//# NAME: EXPECTED` begins a case; in it `$` stands for what makes a name the case's own.
//! `INIT {` and `EXIT {` at the beginning of a line are its init and exit functions, `A {` and `B {` what a thread of
//! CPU 0 and one of CPU 1 do. `EXPECTED` is `holds` or a finding's code; three words are for `--data-race` strict, kcsan
//! and off, `-` where it is the compiler's to say.

use crate::c::{check_with, open, told, verdict};
use ringzero::Verdict;
use ringzero::program::DataRace;

const PRELUDE: &str = "\
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/kref.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/refcount.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#define LINE 4

static int n;
module_param(n, int, 0);
static int error;
static struct task_struct *tasks[4];
static int nr_tasks;

static noinline void use(unsigned long value)
{
	asm volatile(\"\" : : \"r\" (value));
}

/* A value that the compiler does not know. */
static noinline long hide(long value)
{
	asm volatile(\"\" : \"+r\" (value));
	return value;
}

static void run(int (*fn)(void *), void *data, unsigned int cpu)
{
	struct task_struct *t = kthread_create(fn, data, \"t/%d\", nr_tasks);

	BUG_ON(IS_ERR(t));
	kthread_bind(t, cpu);
	get_task_struct(t);
	tasks[nr_tasks++] = t;
	wake_up_process(t);
}

static void stop_all(void)
{
	while (nr_tasks > 0) {
		struct task_struct *t = tasks[--nr_tasks];

		kthread_stop(t);
		put_task_struct(t);
	}
}

static int call(void *body)
{
	((void (*)(void))body)();
	return 0;
}

";

/// One case of a table.
struct Case {
    name: String,
    expected: Vec<String>,
    text: String,
}

fn cases(table: &str) -> Vec<Case> {
    let case = |(n, part): (usize, &str)| {
        let (head, body) = part.split_once('\n').expect("a case has a body");
        let (name, expected) = head.split_once(':').expect("a case has an expectation");
        let own = format!("_{n}");
        let text: String = body
            .split_inclusive('\n')
            .map(|line| match line.trim_end() {
                "INIT {" => format!("static void init{own}(void) {{\n"),
                "EXIT {" => format!("static void exit{own}(void) {{\n"),
                "A {" => format!("static void a{own}(void) {{\n"),
                "B {" => format!("static void b{own}(void) {{\n"),
                _ => line.replace('$', &own),
            })
            .collect();
        Case {
            name: name.trim().to_owned(),
            expected: expected.split_whitespace().map(str::to_owned).collect(),
            text: format!("/* {} */\n{text}", name.trim()),
        }
    };
    table.split("//# ").skip(1).enumerate().map(case).collect()
}

/// The text of the module that has all cases.
fn module(cases: &[Case]) -> String {
    let mut text = PRELUDE.to_owned();
    let (mut init, mut exit) = (String::new(), String::new());
    for (n, case) in cases.iter().enumerate() {
        text.push_str(&case.text);
        let has = |what: &str| case.text.contains(&format!("static void {what}_{n}(void) {{"));
        let mut begin = String::new();
        if has("init") {
            begin.push_str(&format!(" init_{n}();"));
        }
        for (cpu, body) in ["a", "b"].into_iter().enumerate().filter(|body| has(body.1)) {
            begin.push_str(&format!(" run(call, {body}_{n}, {cpu});"));
        }
        init.push_str(&format!("\tcase {n}:{begin} break;\n"));
        if has("exit") {
            exit.push_str(&format!("\tcase {n}: exit_{n}(); break;\n"));
        }
    }
    text.push_str(&format!(
        "static int __init table_init(void)\n{{\n\tswitch (n) {{\n{init}\t}}\n\treturn error;\n}}\n\n\
         static void __exit table_exit(void)\n{{\n\tswitch (n) {{\n{exit}\t}}\n\tstop_all();\n}}\n\n\
         module_init(table_init);\nmodule_exit(table_exit);\nMODULE_LICENSE(\"Dual MIT/GPL\");\n"
    ));
    text
}

/// Compares each case of a table with what it expects; all that differ are told at once.
pub fn meets(name: &str, table: &str) {
    let cases = cases(table);
    let text = module(&cases);
    let Some(mut module) = open(name, &text) else { return };
    if let Some(dir) = std::env::var_os("RINGZERO_KEEP") {
        std::fs::write(std::path::Path::new(&dir).join(format!("{name}.c")), &text).expect("it can be written");
    }
    let mut wrong = Vec::new();
    for (n, case) in cases.iter().enumerate() {
        println!("{}", case.name);
        module.set_param(&format!("n={n}")).expect("it is a parameter");
        for (expected, race) in case.expected.iter().zip([DataRace::Strict, DataRace::Kcsan, DataRace::Off]) {
            if expected == "-" {
                continue;
            }
            let a = check_with(&module, &module.parts()[0], |s| s.machine.data_race = race);
            if verdict(&a) != expected || (a.verdict == Verdict::Violated) != a.finding.is_some() {
                wrong.push(format!("{}, {}: {expected} is expected: {}", case.name, race.as_str(), told(&a)));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
