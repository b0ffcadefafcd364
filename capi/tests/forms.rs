//! Every macro of the headers for contexts, locks, tasks, time, memory and deferred work compiles, without a warning, and
//! what it calls is exported.

mod common;

use common::{INCLUDE, compiler, compilers, scratch, text, there_is};
use std::collections::HashSet;
use std::process::Command;

const FORMS: [(&str, &str); 7] = [
    ("rw", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/c/forms_rw.c")),
    ("forms", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/c/forms.c")),
    ("semaphores", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/c/forms_semaphores.c")),
    ("sleeping", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/c/forms_sleeping.c")),
    ("priorities", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/c/forms_priorities.c")),
    ("rt", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/c/forms_rt.c")),
    ("waits", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/c/forms_waits.c")),
];

#[test]
fn every_form_compiles() {
    for cc in compilers() {
        for level in ["-O0", "-O2"] {
            for (name, file) in FORMS {
                let object = scratch(&format!("{name}-{cc}{level}.o"));
                let output = compiler(cc).args(["-c", level, "-o"]).arg(object).arg(file).output().unwrap();
                assert_eq!(text(&output), "", "{cc} {level} {name}");
            }
        }
    }
}

#[test]
fn sparse_takes_every_form() {
    if there_is("sparse") {
        for (name, file) in FORMS {
            let mut sparse = Command::new("sparse");
            sparse.args(["-std=gnu11", "-nostdinc", "-D__KERNEL__", "-DMODULE", "-Wcontext", "-I", INCLUDE, file]);
            assert_eq!(text(&sparse.output().unwrap()), "", "{name}");
        }
    }
}

#[test]
fn what_the_forms_call_is_exported() {
    let exported: HashSet<&str> = ringzero_capi::exports::exports().map(|e| e.name).collect();
    for (cc, (name, file)) in compilers().into_iter().flat_map(|cc| FORMS.map(|form| (cc, form))) {
        let object = scratch(&format!("{name}-calls-{cc}.o"));
        let output = compiler(cc).arg("-c").arg("-o").arg(&object).arg(file).output().unwrap();
        assert!(output.status.success(), "{cc}");
        let Ok(symbols) = Command::new("nm").args(["-u", "--format=just-symbols"]).arg(&object).output() else {
            println!("SKIPPED: nm is not installed");
            return;
        };
        let symbols = text(&symbols);
        let missing: Vec<&str> = symbols
            .lines()
            .map(str::trim)
            .filter(|s| !s.is_empty() && *s != "_GLOBAL_OFFSET_TABLE_" && !exported.contains(s))
            .collect();
        assert!(missing.is_empty(), "{cc}: {missing:?}");
    }
}
