//! `ringzero replay`, `explain` and `list`.

use crate::exit::Exit;
use crate::out::say;
use ringzero::program::report::{self, Style};
use ringzero::program::{Program, TraceFile, boot, replay as again};
use ringzero_findings::Code;
use ringzero_gallery::{Expect, all, find};
use serde_json::json;
use std::io::IsTerminal;
use std::path::Path;

/// The style of what is printed on stdout.
pub fn style(path: Option<&str>) -> Style<'_> {
    let terminal = std::io::stdout().is_terminal();
    let plain = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    Style { color: terminal && !plain, ascii: !terminal, path, ..Style::default() }
}

pub fn replay(path: &Path, as_json: bool) -> Exit {
    let trace = match TraceFile::load(path) {
        Ok(t) => t,
        Err(e) => {
            eprintln!("ringzero: {}: {e}", path.display());
            return Exit::NotLoaded;
        }
    };
    if trace.in_test {
        eprintln!(
            "ringzero: {}: this is a trace of a closure in a cargo test; replay it with RINGZERO_REPLAY={} cargo test {}",
            path.display(),
            path.display(),
            trace.program
        );
        return Exit::NotLoaded;
    }
    let Some(entry) = find(&trace.program) else {
        eprintln!("ringzero: {}: there is no program `{}`", path.display(), trace.program);
        return Exit::NotLoaded;
    };
    let init = entry.init;
    let start = || boot(&init);
    let program = Program::of(entry.name, false, &start);
    match again(&program, &trace) {
        Ok(t) if t == trace => {
            if as_json {
                say!("{}", report::json(&t));
            } else {
                say!("{}", report::text(&t, style(path.to_str())).trim_end());
            }
            Exit::Violated
        }
        Ok(_) => {
            eprintln!("ringzero: {}: the replay went differently although every choice was followed", path.display());
            Exit::OwnBug
        }
        Err(e) => {
            eprintln!("ringzero: {}: {e}", path.display());
            Exit::NotLoaded
        }
    }
}

pub fn explain(code: &str) -> Exit {
    match Code::parse(code) {
        Some(c) => {
            say!("{}", c.explain());
            Exit::Clean
        }
        None => {
            let known: Vec<&str> = Code::ALL.iter().map(|c| c.as_str()).collect();
            eprintln!("ringzero: there is no finding `{code}`; there are: {}", known.join(", "));
            Exit::NotLoaded
        }
    }
}

pub fn list(as_json: bool) -> Exit {
    for e in all() {
        let expected = match e.expect {
            Expect::Holds => "holds".to_owned(),
            Expect::Violated(code) => format!("violated {code}"),
        };
        if as_json {
            let group = format!("{:?}", e.group).to_lowercase();
            let (name, about, source) = (e.name, e.about, e.source);
            say!(
                "{}",
                json!({"program": name, "about": about, "group": group, "expected": expected, "source": source})
            );
        } else {
            say!("{:34} {expected:30} {}", e.name, e.about);
        }
    }
    Exit::Clean
}
