//! Modules that were once judged wrongly: each with the verdict that is right, and why.

#[path = "c/mod.rs"]
mod c;

use c::{check_with, open, told, verdict};

macro_rules! modules {
    ($($name:literal: $verdict:literal, $why:literal;)*) => {
        const MODULES: &[(&str, &str, &str, &str)] =
            &[$(($name, include_str!(concat!("c/once/", $name, ".c")), $verdict, $why)),*];
    };
}

modules! {
    "diagnostic-read": "holds", "a race with an access in data_race() is meant";
    "exit-beside-callback": "use-after-free", "the exit function may run on another CPU than the timer";
    "poll-under-lock": "not-found", "a schedule that starves the setter is no livelock";
    "rearming-delayed-work": "holds", "rounds of two steps are not cut";
    "poll-with-timeout": "holds", "the clock goes on while a loop polls it";
    "poll-two-words": "holds", "rounds of two reads are not cut";
    "waker-of-a-frame": "use-after-return", "whether a lock in a frame that is gone is free is chance";
    "reader-of-a-frame": "use-after-return", "so is what a read of it returns that was announced before";
    "poller-of-a-frame": "use-after-return", "and whether it changes while a loop waits for that";
    "spinner-before-helper": "hang", "a spinner keeps init from making the helper";
    "spinner-of-two-words": "hang", "the same, with rounds of two reads";
    "spinner-beside-helper": "holds", "each has its own CPU, and init is done with its own before";
    "write-after-fence": "data-race", "what comes after a fence is another touch than what came before";
    "write-after-section": "data-race", "what comes after a section is another touch than what was in it";
}

#[test]
fn they_are_judged_rightly_now() {
    let mut wrong = Vec::new();
    for (name, text, expected, why) in MODULES {
        let Some(module) = open(name, text) else { return };
        let answer = check_with(&module, &module.parts()[0], |s| {
            s.executions = if *expected == "not-found" { 200 } else { 20_000 };
        });
        if verdict(&answer) != *expected {
            wrong.push(format!("{name} ({why}): expected {expected}, got {}", told(&answer)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
