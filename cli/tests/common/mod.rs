//! Running the command line.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

/// The command, with these arguments.
pub fn command(args: &[&str]) -> Command {
    let mut c = Command::new(env!("CARGO_BIN_EXE_ringzero"));
    c.args(args).env_remove("NO_COLOR").env("RUST_BACKTRACE", "0");
    c
}

/// What a run said and how it ended.
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl From<Output> for Said {
    fn from(o: Output) -> Self {
        let text = |b: Vec<u8>| String::from_utf8(b).expect("output is UTF-8");
        Self { code: o.status.code(), out: text(o.stdout), err: text(o.stderr) }
    }
}

impl Said {
    /// Checks the exit code, and that nothing panicked.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        let all = format!("stdout:\n{}\nstderr:\n{}", self.out, self.err);
        assert_eq!(self.code, Some(code), "{all}");
        assert!(!self.err.contains("panicked"), "{all}");
        self
    }

    /// The lines of stdout as JSON objects.
    #[track_caller]
    pub fn objects(&self) -> Vec<Value> {
        let parse = |l: &str| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}"));
        self.out.lines().map(parse).collect()
    }
}

/// Runs the command.
pub fn ringzero(args: &[&str]) -> Said {
    command(args).output().expect("the command runs").into()
}

/// `check` with these arguments and a folder for traces.
pub fn check(args: &[&str]) -> Said {
    let dir = folder("traces");
    let mut all = vec!["check", "--trace-dir", dir.to_str().expect("a path in UTF-8")];
    all.extend(args);
    ringzero(&all)
}

/// A folder that no other test uses.
pub fn folder(name: &str) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("cli-{name}-{}-{n}", std::process::id());
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&dir).expect("the folder for temporary files");
    dir
}
