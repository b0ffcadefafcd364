//! Round trips, and each kind of damage.

use super::*;
use std::path::Path;

fn place(file: &str, line: u32) -> Option<FilePlace> {
    Some(FilePlace { file: file.to_owned(), line, column: 5 })
}

fn sample() -> TraceFile {
    let row = FileRow {
        label: Label { proc: 3, variant: 1 },
        cpu: Some(1),
        depth: 2,
        flags: "d.h1".to_owned(),
        op: "spin_lock".to_owned(),
        object: "odd\tname\\with\r\nall".to_owned(),
        slot: Some(7),
        old: u64::MAX,
        writes: true,
        place: place("C:\\src\\a b.rs", 58),
        context: "hardirq 4 (serial)".to_owned(),
        ..FileRow::default()
    };
    TraceFile {
        program: "gallery: one".to_owned(),
        in_test: true,
        version: "0.1.0".to_owned(),
        code: "irq-deadlock".to_owned(),
        message: "a\nb".to_owned(),
        place: place("a.rs", 1),
        other: None,
        notes: vec!["one".to_owned(), String::new(), "three: 3".to_owned()],
        cpus: 2,
        preempt: PreemptModel::Voluntary,
        strict_time: true,
        fine: true,
        bounds: FileBounds { interrupts: 1, nmis: 2, expiries: 3, failures: 4, preemptions: Some(5), steps: 6 },
        strategy: "exhaustive".to_owned(),
        seed: u64::MAX,
        executions: 212,
        millis: 3,
        complete: true,
        minimised_from: Some(37),
        fingerprint: 0xabc,
        contexts: vec![1, u64::MAX],
        choices: (0..100_u16).flat_map(|p| vec![Label { proc: p % 3, variant: 200 }; usize::from(p % 4)]).collect(),
        module: Some(FileModule {
            sources: vec!["my driver.c".to_owned(), "b\t.c".to_owned()],
            params: vec!["n=1".to_owned()],
            case: Some("suite.case".to_owned()),
            data_race: "kcsan".to_owned(),
            lockup_ms: 500,
            build: 0xb01d,
            racing: vec![0x10, 0xfff0],
        }),
        stopped: true,
        rows: vec![row, FileRow { kind: FileRowKind::Waits, ..FileRow::default() }],
        log: vec![FileLog { after: 1, text: "hello\tworld".to_owned() }, FileLog { after: 2, text: String::new() }],
        sources: vec![SourceLine { file: "C:\\a.rs".to_owned(), line: 9, text: "\tx();".to_owned() }],
    }
}

/// `text` with its last line made true again.
fn resealed(text: &str) -> String {
    let body = &text[..=text.trim_end().rfind('\n').expect("a last line")];
    format!("{body}end {:016x}\n", fnv1a(body.as_bytes()))
}

fn problem(text: &str) -> TraceError {
    TraceFile::parse(text).expect_err("it is damaged")
}

#[test]
fn round_trips() {
    for t in [sample(), TraceFile::default()] {
        let text = t.to_text();
        assert_eq!(TraceFile::parse(&text), Ok(t.clone()));
        assert_eq!(TraceFile::parse(&text).map(|t| t.to_text()), Ok(text));
    }
}

#[test]
fn the_format_is_fixed() {
    let t = TraceFile {
        choices: vec![Label { proc: 0, variant: 0 }; 3].into_iter().chain([Label { proc: 1, variant: 1 }]).collect(),
        rows: vec![FileRow { op: "spin_lock".to_owned(), place: place("a.rs", 4), ..FileRow::default() }],
        ..TraceFile::default()
    };
    let text = t.to_text();
    assert!(text.starts_with("ringzero-trace 1\nprogram: \nin-test: false\n"), "{text}");
    assert!(
        text.contains("\nchoices:\n0.0*3 1.1\nrows:\nstep\t0.0\t-\t0\t....\tspin_lock\t\t-\t0\t0\ta.rs:4:5\t\nlog:\n")
    );
    assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
}

#[test]
fn a_wrong_beginning_is_refused() {
    for text in ["", "hello\n", "ringzero-tracer 1\n"] {
        assert_eq!(problem(text), TraceError { line: 1, problem: TraceProblem::NotATrace });
    }
    let other = resealed(&sample().to_text().replacen("trace 1", "trace 2", 1));
    let error = problem(&other);
    assert_eq!(error, TraceError { line: 1, problem: TraceProblem::Version("2".to_owned()) });
    assert!(error.to_string().contains("format version 2"));
}

#[test]
fn every_cut_is_noticed() {
    let text = sample().to_text();
    for at in (0..text.len()).filter(|&at| text.is_char_boundary(at)) {
        let error = problem(&text[..at]);
        assert!(error.line > 0);
        if at > "ringzero-trace 1".len() && !text[..at].contains("\nend ") {
            assert_eq!(error.problem, TraceProblem::Truncated, "at {at}");
        }
    }
}

#[test]
fn every_changed_byte_is_noticed() {
    let text = sample().to_text();
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        if let Ok(changed) = String::from_utf8(bytes) {
            assert!(TraceFile::parse(&changed).is_err(), "byte {at}");
        }
    }
    let error = problem(&text.replacen("a\\nb", "a\\nc", 1));
    assert!(matches!(error.problem, TraceProblem::Checksum(..)) && error.line == text.lines().count());
    assert!(problem(&format!("{text}more\n")).to_string().contains("cut off"));
}

#[test]
fn bad_fields_are_named_with_their_line() {
    let text = sample().to_text();
    for (from, to, says) in [
        ("cpus: 2", "cpus: two", "`two` is not a value of `cpus:`"),
        ("cpus: 2\n", "", "`cpus:` is missing"),
        ("preempt: voluntary", "preempt: some", "`some` is not a value of `preempt:`"),
        ("time: strict", "time: ", "`` is not a value of `time:`"),
        ("nmis 2", "nmis", "is not a value of `bounds:`"),
        ("message: a\\n", "message: a\\x", "is not a value of `message:`"),
        ("place: a.rs:1:5", "place: a.rs", "`a.rs` is not a value of `place:`"),
        ("fingerprint: 0000", "fingerprint: ", "is not a value of `fingerprint:`"),
        (" stop\n", " stop 1.1\n", "`1.1` comes after `stop`"),
        (" stop\n", " stop 1.1*9 stop\n", "comes after `stop`"),
        ("\n1.200", "\n1-200", "`1-200` is not a choice"),
        ("\n1.200", "\n1.200*99999999999", "`1.200*99999999999` stands for"),
        ("rows:\n", "row:\n", "`row:` comes after `stop`"),
        ("step\t3.1", "stop\t3.1", "`stop` is not a row's kind"),
        ("step\t3.1\t1", "step\t3.1\tx", "`x` is not a row's cpu"),
        ("step\t3.1\t1", "step\t3.1", "a row has 12 fields, not 11"),
        ("\n1\thello", "\nhello", "is not a line of the log"),
        (".rs:9\t", ".rs\t", "is not a source line"),
        ("sources:\n", "", "is not a line of the log"),
    ] {
        let damaged = text.replacen(from, to, 1);
        assert_ne!(damaged, text, "{from}");
        let error = problem(&resealed(&damaged));
        assert!(error.to_string().contains(says), "{from}: {error}");
        assert!(error.line > 1 && error.to_string().starts_with(&format!("line {}: ", error.line)), "{error}");
    }
    let line = text.lines().position(|l| l == "cpus: 2").map(|n| n + 1);
    assert_eq!(Some(problem(&resealed(&text.replacen("cpus: 2", "cpus: x", 1))).line), line);
}

#[test]
fn files_are_named_by_their_checksum() {
    let dir = std::env::temp_dir().join(format!("ringzero-trace-{}", std::process::id()));
    let t = sample();
    let path = t.write(&dir.join("deep")).expect("a file");
    assert_eq!(path.file_name().and_then(|n| n.to_str()), Some(t.file_name().as_str()));
    assert!(t.to_text().ends_with(&format!("end {:016x}\n", t.checksum())) && t.file_name().len() == 14);
    assert_eq!(t.write(&dir.join("deep")).expect("again"), path);
    assert_eq!(std::fs::read_dir(dir.join("deep")).expect("a folder").count(), 1);
    assert_eq!(TraceFile::load(&path), Ok(t));
    std::fs::write(&path, b"ringzero-trace 1\n\xff\n").expect("a file");
    let error = TraceFile::load(&path).expect_err("not text");
    assert_eq!((error.line, error.to_string().as_str()), (2, "line 2: cannot read the trace: it is not text"));
    std::fs::remove_dir_all(&dir).expect("it was there");
    assert_eq!(TraceFile::load(&path).expect_err("gone").line, 0);
    assert!(t_is_a_file(&dir));
}

fn t_is_a_file(dir: &Path) -> bool {
    std::fs::write(dir, "").is_ok() && sample().write(dir).is_err() && std::fs::remove_file(dir).is_ok()
}

#[test]
fn sources_are_collected_from_the_roots() {
    let root = std::env::temp_dir().join(format!("ringzero-sources-{}", std::process::id()));
    std::fs::create_dir_all(root.join("src")).expect("a folder");
    std::fs::write(root.join("src/a.c"), "one\n\ttwo\nthree\n").expect("a file");
    let row = |line| FileRow { place: place("src/a.c", line), ..FileRow::default() };
    let mut t = TraceFile {
        place: place("src/a.c", 2),
        other: place("src/missing.c", 1),
        rows: vec![row(3), row(2), row(9)],
        ..TraceFile::default()
    };
    t.collect_sources(&[Path::new("/nowhere"), &root], &[]);
    assert_eq!(t.sources.len(), 2);
    assert_eq!((t.source("src/a.c", 2), t.source("src/a.c", 3)), (Some("\ttwo"), Some("three")));
    assert_eq!((t.source("src/a.c", 1), t.source("src/missing.c", 1)), (None, None));
    std::fs::remove_dir_all(&root).expect("it was there");
}
