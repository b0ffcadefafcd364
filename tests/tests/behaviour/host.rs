//! The runner for the machine of threads: each body several times, each time in a process of its own, since there is one
//! kernel instance a process.

use crate::{BODIES, Body, unreached};
use ringzero::Machine;
use ringzero::host::Summary;
use std::process::{Command, Output};
use std::time::Duration;

/// Says to a child that it is one: what it shall do is its test.
const CHILD: &str = "RINGZERO_BODY_ON_HOST";
/// Bodies whose places threads hardly ever reach: two CPUs have to meet within some instructions.
const RARE: &[&str] = &["locks::unlock_wait", "works::cancelling_one_that_queues_itself"];
/// Bodies that go on until they are told to stop.
const ENDLESS: &[&str] = &["completions::a_sleeping_kthread_is_stopped"];
/// How often each body runs at least; more with `RINGZERO_HOST_RUNS`.
const RUNS: usize = 8;
/// How often it runs until a place is reached.
const TRIES: usize = 400;

fn run(body: &Body) -> Summary {
    let host = Machine::host().cpus(2).devices(Duration::from_micros(300)).patience(Duration::from_secs(10));
    let host = if ENDLESS.contains(&body.name) { host.run_for(Duration::from_millis(60)) } else { host };
    host.boot(body.init)
}

/// This test again, as a child.
fn again(test: &str) -> Output {
    let exe = std::env::current_exe().expect("this test's own file");
    let mut child = Command::new(exe);
    child.args([test, "--exact", "--nocapture", "--test-threads=1"]).env(CHILD, "1");
    child.output().expect("a child process")
}

fn runs() -> usize {
    std::env::var("RINGZERO_HOST_RUNS").ok().and_then(|n| n.parse().ok()).unwrap_or(RUNS)
}

/// Checks that a body holds, whatever the threads do; and that something of it was reached.
pub fn holds(name: &str) {
    let body = BODIES.iter().find(|b| b.name == name).expect("a body");
    if std::env::var_os(CHILD).is_some() {
        run(body).assert_clean();
        let reached = body.reaches.len() - unreached(body).len();
        return println!("reached: {reached}");
    }
    let mut some = body.reaches.is_empty() || RARE.contains(&name);
    for n in 0.. {
        if n >= runs() && (some || n >= TRIES) {
            break;
        }
        let child = again(&format!("on_host::{name}"));
        let text = String::from_utf8_lossy(&child.stdout);
        assert!(child.status.success(), "run {n}: {text}{}", String::from_utf8_lossy(&child.stderr));
        some |= text.lines().any(|l| l.contains("reached: ") && !l.contains("reached: 0"));
    }
    assert!(some, "{name} reaches nothing of what it is about");
}

/// Checks that a misuse is found, and as what.
pub fn finds(name: &'static str, init: fn(), code: &str) {
    let body = Body { name, init, reaches: &[] };
    if std::env::var_os(CHILD).is_some() {
        let found = run(&body);
        return println!("found: {}", found.troubles.first().map_or("nothing", |t| &t.code));
    }
    let child = again(&format!("misused_on_host::{name}"));
    let text = String::from_utf8_lossy(&child.stdout);
    assert!(text.contains(&format!("found: {code}\n")), "{text}{}", String::from_utf8_lossy(&child.stderr));
}
