//! Reports against the files in `tests/golden`. `RINGZERO_BLESS=1 cargo test -p ringzero-report` writes them anew.

mod traces;

use ringzero_report::{MIN_WIDTH, Style, json, text};
use ringzero_trace::TraceFile;
use std::path::PathBuf;

fn golden(name: &str, got: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("RINGZERO_BLESS").is_some() {
        std::fs::write(&path, got).expect("the golden file can be written");
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(got == wanted, "{name} differs (RINGZERO_BLESS=1 writes it anew). Now:\n{got}\nWanted:\n{wanted}");
}

const PATH: Style<'static> =
    Style { color: false, width: 100, ascii: true, path: Some("target/ringzero/7f3a12bc.trace") };

#[test]
fn reports_are_as_recorded() {
    for (name, trace) in traces::all() {
        golden(&format!("{name}.txt"), &text(&trace, PATH));
    }
}

#[test]
fn other_styles_are_as_recorded() {
    let trace = traces::irq_deadlock();
    golden("irq-deadlock.color.txt", &text(&trace, Style { color: true, ascii: false, ..PATH }));
    golden("irq-deadlock.narrow.txt", &text(&trace, Style { width: MIN_WIDTH, ..PATH }));
    golden("irq-deadlock.json.txt", &(json(&trace) + "\n"));
    let test = TraceFile { in_test: true, program: "tests::one".to_owned(), ..trace };
    assert!(
        text(&test, PATH)
            .contains("\nreplay:   RINGZERO_REPLAY=target/ringzero/7f3a12bc.trace cargo test tests::one\n")
    );
    assert!(!text(&test, Style::default()).contains("replay:"));
}

/// `text` without colours.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\x1b') {
        out.push_str(before);
        rest = after.split_once('m').map_or("", |(_, r)| r);
    }
    out + rest
}

#[test]
fn colour_carries_no_meaning() {
    for (name, trace) in traces::all() {
        let coloured = text(&trace, Style { color: true, ..PATH });
        assert_ne!(coloured, text(&trace, PATH), "{name}");
        let bare = |t: &str| t.lines().map(|l| l.trim_end().to_owned()).collect::<Vec<_>>();
        assert_eq!(bare(&plain(&coloured)), bare(&text(&trace, PATH)), "{name}");
    }
}

#[test]
fn no_line_is_too_wide_and_ascii_is_ascii() {
    for (name, mut trace) in traces::all() {
        trace.message = "caf\u{e9} \x1b[31m ".repeat(20);
        trace.notes.push("\u{4e2d}".repeat(300));
        for cpus in [2, 4, 16] {
            trace.cpus = cpus;
            for width in [0, MIN_WIDTH, 80, 100, 200] {
                let report = text(&trace, Style { width, path: None, ..PATH });
                assert!(report.is_ascii() && !report.contains('\x1b'), "{name}");
                for line in report.lines() {
                    assert!(line.len() <= width.max(MIN_WIDTH), "{name}, {width}, {cpus} CPUs: {line}");
                }
            }
        }
    }
}

#[test]
fn a_report_is_made_of_the_file_alone() {
    for (name, trace) in traces::all() {
        let again = TraceFile::parse(&trace.to_text()).expect("it was written just now");
        assert_eq!(text(&again, PATH), text(&trace, PATH), "{name}");
        assert_eq!(json(&again), json(&trace), "{name}");
    }
}

#[test]
fn odd_traces_make_reports_too() {
    let empty = text(&TraceFile::default(), Style::default());
    assert!(empty.starts_with("error[]:\n") && empty.contains("0 steps"), "{empty}");
    let mut trace = traces::four_cpus();
    trace.code = "something-new".to_owned();
    trace.sources.clear();
    assert!(text(&trace, PATH).contains("*** FINDING ***"));
    for row in &mut trace.rows {
        row.cpu = Some(77);
        row.depth = u32::MAX / 4;
    }
    let _ = json(&trace);
}

#[test]
fn a_long_trace_is_cut_in_the_middle() {
    let mut trace = traces::data_race();
    let row = trace.rows[1].clone();
    trace.rows.splice(1..1, std::iter::repeat_n(row, 5000));
    let report = text(&trace, PATH);
    assert!(report.lines().count() < 130 && report.contains("... (49"), "{report}");
}
