//! Compiling C with the headers of this package.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The headers.
pub const INCLUDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/include");

/// A file for output of the tests, in a folder of its own.
pub fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("capi");
    std::fs::create_dir_all(&folder).unwrap();
    folder.join(name)
}

/// Whether a program can be started; says so if not.
pub fn there_is(program: &str) -> bool {
    let there = Command::new(program).arg("--version").output().is_ok();
    if !there {
        println!("SKIPPED: {program} is not installed");
    }
    there
}

/// The C compilers of this machine.
pub fn compilers() -> Vec<&'static str> {
    ["gcc", "clang"].into_iter().filter(|cc| there_is(cc)).collect()
}

/// A compiler with the flags that modules are compiled with, and warnings.
pub fn compiler(cc: &str) -> Command {
    let mut command = Command::new(cc);
    command
        .args(["-std=gnu11", "-nostdinc", "-ffreestanding", "-fno-builtin", "-O2", "-g", "-fPIC", "-fno-common"])
        .args(["-fno-strict-aliasing", "-fno-stack-protector", "-Wall", "-Wextra", "-Wno-unused-parameter"])
        .args(["-Wno-sign-compare", "-D__KERNEL__", "-DMODULE", "-DKBUILD_MODNAME=\"test\""])
        .arg("-I")
        .arg(INCLUDE);
    command
}

/// What a finished program printed.
pub fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
