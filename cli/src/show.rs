//! `ringzero replay`, `explain` and `list`.

use crate::exit::Exit;
use crate::out::say;
use crate::programs::refuse;
use ringzero::program::report::{self, Style};
use ringzero::program::{Program, ReplayError, TraceFile, boot, replay as again};
use ringzero_findings::Code;
use ringzero_front::Module;
use ringzero_gallery::{Expect, all, all_c, find, find_c};
use serde_json::json;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

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
    let replayed = match replay_any(&trace) {
        Ok(replayed) => replayed,
        Err(why) => return refuse(&format!("{}: {why}", path.display())),
    };
    match replayed {
        Ok(t) if t == trace || logs_otherwise(&t, &trace) => {
            if t != trace {
                eprintln!(
                    "ringzero: {}: warning: the program logs something else each time, an address as a number perhaps",
                    path.display()
                );
            }
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

/// Whether two traces differ in nothing but what the program logged.
fn logs_otherwise(a: &TraceFile, b: &TraceFile) -> bool {
    let silent = |t: &TraceFile| TraceFile { log: Vec::new(), ..t.clone() };
    silent(a) == silent(b)
}

/// Replays a trace of whatever program; the outer error says that there is no such program any more.
fn replay_any(trace: &TraceFile) -> Result<Result<TraceFile, ReplayError>, String> {
    if let Some(m) = &trace.module {
        let mut module = if m.sources.is_empty() {
            let Some(p) = find_c(&trace.program) else { return Err(missing(trace)) };
            Module::from_text(p.name, p.path, p.text)
        } else {
            Module::open(&m.sources.iter().map(PathBuf::from).collect::<Vec<_>>())
        }
        .map_err(|e| e.to_string())?;
        for given in &m.params {
            module.set_param(given)?;
        }
        return Ok(module.replay(trace));
    }
    let Some(entry) = find(&trace.program) else { return Err(missing(trace)) };
    let init = entry.init;
    let start = || boot(&init);
    Ok(again(&Program::of(entry.name, false, &start), trace))
}

fn missing(trace: &TraceFile) -> String {
    format!("there is no program `{}`", trace.program)
}

pub fn headers() -> Exit {
    match ringzero_front::headers() {
        Ok(dir) => {
            say!("{}", dir.display());
            Exit::Clean
        }
        Err(e) => refuse(&e.to_string()),
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
            say!("{:42} {expected:30} {}", e.name, e.about);
        }
    }
    for p in all_c() {
        let (name, about, source, expected) = (p.name, p.about(), p.path, p.expects());
        if as_json {
            let group = p.group().as_str();
            say!(
                "{}",
                json!({"program": name, "about": about, "group": group, "expected": expected, "source": source})
            );
        } else {
            say!("{name:42} {expected:30} {about}");
        }
    }
    Exit::Clean
}
