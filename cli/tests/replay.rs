//! `ringzero replay`: a good trace gives its report, everything else a message and exit code 3.

mod common;

use common::{Said, check, folder, ringzero};
use std::fs;
use std::path::{Path, PathBuf};

/// A trace of a program, in a folder of its own.
fn trace_of(program: &str) -> (PathBuf, String) {
    let said = check(&[program, "--json"]).exits(1);
    let path = said.objects()[0]["trace"].as_str().expect("a path").to_owned();
    let text = fs::read_to_string(&path).expect("the trace is there");
    (path.into(), text)
}

fn replay(path: &Path) -> Said {
    ringzero(&["replay", path.to_str().expect("UTF-8")])
}

/// Replays what is no good trace; the message names the file.
#[track_caller]
fn refused(bytes: impl AsRef<[u8]>) -> String {
    let path = folder("refused").join("some.trace");
    fs::write(&path, bytes).expect("it can be written");
    let said = replay(&path).exits(3);
    assert_eq!(said.out, "");
    assert!(said.err.contains("some.trace"), "{}", said.err);
    ringzero(&["replay", path.to_str().expect("UTF-8"), "--json"]).exits(3);
    said.err
}

/// FNV-1a, as the trace's last line has it.
fn sealed(body: &str) -> String {
    let sum = body.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    format!("{body}end {sum:016x}\n")
}

fn body(trace: &str) -> &str {
    let end = trace.rfind("end ").expect("a last line");
    &trace[..end]
}

#[test]
fn a_good_trace_gives_the_same_report_each_time() {
    for program in ["hardirq-lock-buggy", "lost-wakeup-buggy", "plain-counter-buggy", "racing-timers-buggy"] {
        let (path, text) = trace_of(program);
        let first = replay(&path).exits(1);
        assert_eq!(replay(&path).exits(1).out, first.out);
        let said = check(&[program]).exits(1);
        let report = said.out.split("replay: ").next().expect("a report");
        assert!(first.out.starts_with(report), "{program}:\n{}\nis not\n{report}", first.out);
        let json = ["replay", path.to_str().expect("UTF-8"), "--json"];
        let a = ringzero(&json).exits(1);
        assert_eq!(a.objects().len(), 1);
        assert_eq!(a.out, ringzero(&json).exits(1).out);
        assert_eq!(fs::read_to_string(&path).expect("still there"), text, "replaying changed the trace");
        assert_eq!(sealed(body(&text)), text, "this test seals traces otherwise than the writer");
    }
}

#[test]
fn damage_is_noticed_wherever_it_is() {
    let (_, text) = trace_of("hardirq-lock-buggy");
    let bytes = text.as_bytes();
    for n in 0..16 {
        let at = n * (bytes.len() - 1) / 15;
        let mut bent = bytes.to_vec();
        bent[at] ^= 1;
        refused(&bent);
        refused(&bytes[..at]);
    }
    let why = refused(text.replace("irq-deadlock", "irq-deadlick"));
    assert!(why.contains("damaged"), "{why}");
    let why = refused(body(&text));
    assert!(why.contains("cut off"), "{why}");
    refused(format!("{text}{text}"));
    refused(format!("{text}more\n"));
}

#[test]
fn what_is_no_trace_is_refused() {
    assert!(refused("").contains("not a trace"));
    refused("\n");
    refused("end 0000000000000000\n");
    refused([0_u8, 159, 146, 150, 255, 0, 10]);
    refused((0..=255).cycle().take(100_000).collect::<Vec<u8>>());
    refused(sealed("ringzero-trace 1\n"));
    let (_, text) = trace_of("hardirq-lock-buggy");
    let newer = body(&text).replacen("ringzero-trace 1", "ringzero-trace 2", 1);
    let why = refused(sealed(&newer));
    assert!(why.contains("version 2") && why.contains("version 1"), "{why}");
}

/// Whoever edits a trace and mends its checksum gets a message, too.
#[test]
fn a_trace_of_something_else_is_refused() {
    let (_, text) = trace_of("hardirq-lock-buggy");
    let with = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        refused(sealed(&body(&text).replacen(from, to, 1)))
    };
    let why = with("program: hardirq-lock-buggy", "program: no-such-program");
    assert!(why.contains("no-such-program"), "{why}");
    let why = with("program: hardirq-lock-buggy", "program: nmi-lock-buggy");
    assert!(why.contains("not the one that this trace was made of"), "{why}");
    let why = with("in-test: false", "in-test: true");
    assert!(why.contains("RINGZERO_REPLAY"), "{why}");
    with("cpus: 2", "cpus: 0");
    with("cpus: 2", "cpus: 4000000000");
    with("choices:\n", "choices:\n0.0*4000000000 ");
    with("choices:\n", "choices:\n9999.0 ");
}

/// A version of Ringzero that is not this one.
#[test]
fn another_versions_trace_is_refused() {
    let (_, text) = trace_of("hardirq-lock-buggy");
    let own = format!("version: {}", env!("CARGO_PKG_VERSION"));
    assert!(text.contains(&own));
    let why = refused(sealed(&body(&text).replacen(&own, "version: 9.9.9", 1)));
    assert!(why.contains("9.9.9"), "{why}");
}

#[test]
fn folders_and_missing_files_are_refused() {
    let dir = folder("none");
    let said = replay(&dir).exits(3);
    assert!(said.err.contains("cannot read the trace"), "{}", said.err);
    let said = replay(&dir.join("missing.trace")).exits(3);
    assert!(said.err.contains("missing.trace") && said.err.contains("cannot read"), "{}", said.err);
}

/// A lock-up and a program that never ends cost time, but replay like others.
#[test]
fn a_livelock_replays() {
    let (path, _) = trace_of("seqcount-retry-buggy");
    let first = replay(&path).exits(1);
    assert_eq!(replay(&path).exits(1).out, first.out);
    let (path, _) = trace_of("leftover-state-buggy");
    replay(&path).exits(1);
}

#[test]
fn a_lock_up_replays() {
    let (path, _) = trace_of("busy-poll-buggy");
    let first = replay(&path).exits(1);
    for _ in 0..3 {
        assert_eq!(replay(&path).exits(1).out, first.out);
    }
}
