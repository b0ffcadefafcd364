//! Waiting from C: modules that use the forms, each with the verdict that is right.

#[path = "c/mod.rs"]
mod c;

use c::{check_with, open, told, verdict};

macro_rules! modules {
    ($($name:literal: $verdict:literal;)*) => {
        const MODULES: &[(&str, &str, &str)] =
            &[$(($name, include_str!(concat!("c/waits/", $name, ".c")), $verdict)),*];
    };
}

modules! {
    "signal": "holds";
    "freed-completion": "holds";
    "wake-function": "holds";
    "wait-woken": "holds";
    "bit": "holds";
    "variable": "holds";
    "bit-not-woken": "hang";
}

#[test]
fn each_is_judged_rightly() {
    let mut wrong = Vec::new();
    for (name, text, expected) in MODULES {
        let Some(module) = open(name, text) else { return };
        let answer = check_with(&module, &module.parts()[0], |s| s.executions = 20_000);
        if verdict(&answer) != *expected {
            wrong.push(format!("{name}: expected {expected}, got {}", told(&answer)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
