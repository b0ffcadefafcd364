//! Reports of findings: pure functions of a [`TraceFile`].
//!
//! # How a report is made
//! **Vocabulary.** A *row* is a row of the trace. A row is *numbered* if it is a step, an entry or a wait; gates are
//! numbered only in findings about contexts, else they are left out. A *mark* is a numbered row whose source line is
//! quoted with a note. A numbered row is *involved* if its context is one of the finding's (it has a mark or waits at the end), if it
//! touches an object that a row of such a context touches, or if it is an entry; what is not involved is *folded*
//! into a line that counts it. Of very long traces only the beginning and the end are shown.
//!
//! **Invariants.** 1. A report depends on the trace and the style only: no clock, no environment, no file. 2. No line
//! is wider than the style's width (at least [`MIN_WIDTH`]); what does not fit is wrapped, or cut with `~`. 3. With
//! `ascii`, all of it is ASCII; control characters of the program never get through. 4. Colour carries no meaning of
//! its own: without it the text is the same.
//!
//! In the table an object without a name is called by what it is and where it was made: `lock@31` is the lock made in
//! line 31 of the file that the line numbers are of, `lock@a.rs:31` one of another file.
//!
//! The tests compare with the files in `tests/golden`.
#![forbid(unsafe_code)]

mod foot;
mod json;
mod marks;
mod paint;
mod snippet;
mod table;
mod view;

pub use json::json;

use paint::{Ink, Paint};
use ringzero_trace::TraceFile;

/// Narrower than this no report is made.
pub const MIN_WIDTH: usize = 60;

/// What a report looks like.
///
/// ```
/// use ringzero::program::report::{Style, text};
/// use ringzero::{Check, sync::SpinLock};
/// ringzero::global! { static LOCK: SpinLock<u32> = SpinLock::new(0).named("dev.lock"); }
/// # let dir = std::env::temp_dir().join("ringzero-doc");
/// let report = Check::new()
/// #   .trace_dir(dir)
///     .run(|| {
///         let _held = LOCK.lock();
///         let _twice = LOCK.lock();
///     });
/// let narrow = Style { width: 72, ..Style::default() };
/// assert!(text(report.trace_file().unwrap(), narrow).contains("error[self-deadlock]"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style<'a> {
    /// With colours (the caller honours `NO_COLOR`).
    pub color: bool,
    /// Columns.
    pub width: usize,
    /// ASCII only: for what is not a terminal.
    pub ascii: bool,
    /// Where the trace file is, for the line that says how to replay it.
    pub path: Option<&'a str>,
}

impl Default for Style<'_> {
    /// Plain ASCII, 100 columns.
    fn default() -> Self {
        Self { color: false, width: 100, ascii: true, path: None }
    }
}

/// The report as text, a newline at its end.
#[must_use]
pub fn text(trace: &TraceFile, style: Style<'_>) -> String {
    let trace = view::cleaned(trace, style.ascii);
    let path = style.path.map(|p| view::clean(p, style.ascii));
    let paint = Paint { color: style.color, ascii: style.ascii, width: style.width.max(MIN_WIDTH) };
    let view = view::View::new(&trace);
    let marks = marks::marks(&view);
    let mut out = Vec::new();
    headline(&mut out, &trace, paint);
    snippet::snippet(&mut out, &view, &marks, paint);
    out.push(String::new());
    table::table(&mut out, &view, &marks, paint);
    foot::foot(&mut out, &view, &marks, path.as_deref(), paint);
    let mut text = String::new();
    for line in out {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn headline(out: &mut Vec<String>, trace: &TraceFile, paint: Paint) {
    let code = format!("error[{}]", trace.code);
    let whole = format!("{code}: {}", trace.message);
    for (i, line) in paint::wrap(&whole, paint.width, 2).into_iter().enumerate() {
        match line.strip_prefix(&code).filter(|_| i == 0) {
            Some(rest) => out.push(paint.ink(Ink::Bad, &code) + &paint.ink(Ink::Strong, rest)),
            None => out.push(paint.ink(Ink::Strong, &line)),
        }
    }
}
