//! The trace file: one found execution, complete and self-contained.
//!
//! # The format, version 1
//! UTF-8 text, a line each; fields of a row are separated by tabs. In free text a backslash, a tab, a newline and a
//! carriage return are written `\\`, `\t`, `\n`, `\r`. A missing value is `-`.
//!
//! ```text
//! ringzero-trace 1
//! program: ...                 then the other headers, in the fixed order of `write.rs`; `note:` may repeat
//! module: build HASH data-race WORD lockup MS     for C modules: with `case:`, `source:`s, `param:`s, `racing:`
//! choices:                     labels `proc.variant`, `*n` for repetitions, `stop` last if nothing more arrived
//! 0.0*3 1.1 stop
//! rows:                        kind, label, cpu, depth, flags, op, object, slot, old, writes, place, context
//! log:                         after how many rows, text
//! sources:                     file:line, the line
//! end 0123456789abcdef         FNV-1a 64 of everything above
//! ```
//!
//! **Invariants.** 1. Writing is a function of the value: the same trace gives the same bytes. 2. `parse(to_text(t))`
//! is `t`. 3. A file that is damaged anywhere is refused, with the line: the checksum is compared before anything is
//! believed. 4. A later version has another first line; this code refuses it.

mod disk;
mod parse;
mod write;

use crate::Label;
use ringzero_machine::{Place, PreemptModel};
use std::fmt;

/// The first line's number.
pub const TRACE_VERSION: u32 = 1;

/// A place in a source file.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilePlace {
    /// The file, as the compiler was given it.
    pub file: String,
    /// Its line, from 1.
    pub line: u32,
    /// Its column, from 1.
    pub column: u32,
}

impl fmt::Display for FilePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

impl From<Place> for FilePlace {
    fn from(p: Place) -> Self {
        Self { file: p.file().to_owned(), line: p.line(), column: p.column() }
    }
}

/// What a row is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FileRowKind {
    /// A step.
    #[default]
    Step,
    /// A constraint that was set: interrupts, bottom halves or preemption going off, a task's start.
    Gate,
    /// An interrupt enters.
    Enter,
    /// The pending step of a context that waits when nothing can run any more.
    Waits,
}

/// One row of an execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRow {
    /// What it is.
    pub kind: FileRowKind,
    /// Which choice led to it.
    pub label: Label,
    /// The CPU, if the context has one.
    pub cpu: Option<u32>,
    /// Contexts beneath it on its CPU.
    pub depth: u32,
    /// Irqs-off, need-resched, context, preempt depth, before the step.
    pub flags: String,
    /// What is done.
    pub op: String,
    /// On what; empty for nothing.
    pub object: String,
    /// The object's number within the execution.
    pub slot: Option<u32>,
    /// The word's value before the step.
    pub old: u64,
    /// Whether it writes.
    pub writes: bool,
    /// Where.
    pub place: Option<FilePlace>,
    /// Who, in words.
    pub context: String,
}

impl Default for FileRow {
    fn default() -> Self {
        Self {
            kind: FileRowKind::Step,
            label: Label { proc: 0, variant: 0 },
            cpu: None,
            depth: 0,
            flags: "....".to_owned(),
            op: String::new(),
            object: String::new(),
            slot: None,
            old: 0,
            writes: false,
            place: None,
            context: String::new(),
        }
    }
}

/// A line that the program logged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileLog {
    /// After how many rows.
    pub after: usize,
    /// The text.
    pub text: String,
}

/// A line of source that the report quotes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceLine {
    /// The file.
    pub file: String,
    /// The line's number, from 1.
    pub line: u32,
    /// Its text.
    pub text: String,
}

/// The bounds of the search.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileBounds {
    /// Arrivals a line.
    pub interrupts: u32,
    /// Arrivals a non-maskable line.
    pub nmis: u32,
    /// Expirations a timer.
    pub expiries: u32,
    /// Failed allocations.
    pub failures: u32,
    /// Involuntary task switches, if bounded.
    pub preemptions: Option<u32>,
    /// Steps of one execution.
    pub steps: u32,
}

/// What a trace of a C module says of it.
///
/// ```
/// use ringzero::program::{FileModule, TraceFile};
/// let of_c = |trace: &TraceFile| trace.module.is_some();
/// let module = FileModule { sources: vec!["driver.c".into()], ..FileModule::default() };
/// assert!(of_c(&TraceFile { module: Some(module), ..TraceFile::default() }));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileModule {
    /// The files or the folder that it was made of; none for a program of the gallery.
    pub sources: Vec<String>,
    /// Parameters that were given, `name=value`.
    pub params: Vec<String>,
    /// The KUnit case that was run, `suite.case`.
    pub case: Option<String>,
    /// Which data races are findings: the option's word.
    pub data_race: String,
    /// How long code may run without coming to a step.
    pub lockup_ms: u64,
    /// A hash of the compiled code.
    pub build: u64,
    /// The code, as offsets in the module, whose unmarked accesses are steps because they race.
    pub racing: Vec<u64>,
}

/// One found execution: what is needed to replay it and to report it, without anything else.
///
/// ```
/// use ringzero::program::TraceFile;
/// let trace = TraceFile { program: "driver.c".into(), code: "hang".into(), ..TraceFile::default() };
/// assert_eq!(TraceFile::parse(&trace.to_text()), Ok(trace));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceFile {
    /// The program's name.
    pub program: String,
    /// Whether it is a closure of a cargo test, which is replayed by running that test.
    pub in_test: bool,
    /// The version of Ringzero that wrote it.
    pub version: String,
    /// The finding's code.
    pub code: String,
    /// One line that says what happened.
    pub message: String,
    /// Where.
    pub place: Option<FilePlace>,
    /// An earlier place that belongs to it.
    pub other: Option<FilePlace>,
    /// Further facts.
    pub notes: Vec<String>,
    /// Number of CPUs.
    pub cpus: u32,
    /// The preemption model.
    pub preempt: PreemptModel,
    /// The clock advances only when all is idle (`--time strict`).
    pub strict_time: bool,
    /// The primitives' own atomics are steps (`--granularity fine`).
    pub fine: bool,
    /// The bounds.
    pub bounds: FileBounds,
    /// The strategy that found it.
    pub strategy: String,
    /// Its seed.
    pub seed: u64,
    /// Executions until then.
    pub executions: u64,
    /// Milliseconds until then.
    pub millis: u64,
    /// The search went on to its end.
    pub complete: bool,
    /// Steps before minimisation, if it was minimised.
    pub minimised_from: Option<u32>,
    /// A hash of the program, so that another one is refused.
    pub fingerprint: u64,
    /// The contexts that the choices speak of, as hashes of their names: label `n.v` stands for `contexts[n]`.
    pub contexts: Vec<u64>,
    /// The choices: the replay token.
    pub choices: Vec<Label>,
    /// The C module, if the program is one.
    pub module: Option<FileModule>,
    /// The execution ended by choosing that nothing more arrives.
    pub stopped: bool,
    /// What happened, row by row.
    pub rows: Vec<FileRow>,
    /// What the program logged.
    pub log: Vec<FileLog>,
    /// Source lines.
    pub sources: Vec<SourceLine>,
}

impl TraceFile {
    /// The text of a source line, if it was recorded.
    #[must_use]
    pub fn source(&self, file: &str, line: u32) -> Option<&str> {
        self.sources.iter().find(|s| s.line == line && s.file == file).map(|s| s.text.as_str())
    }
}

/// Why a text is not a trace.
///
/// ```
/// use ringzero::program::{TraceError, TraceFile};
/// let wrong: TraceError = TraceFile::parse("a shopping list").unwrap_err();
/// assert!(wrong.to_string().starts_with("line 1: not a trace"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceError {
    /// The line, from 1; 0 if the file could not be read at all.
    pub line: usize,
    /// What is wrong with it.
    pub problem: TraceProblem,
}

/// What is wrong with a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TraceProblem {
    /// The file could not be read.
    Unreadable(String),
    /// The first line is not a trace's.
    NotATrace,
    /// It is a trace of another version of the format.
    Version(String),
    /// Its end is missing.
    Truncated,
    /// The checksum is not that of the text: expected, found.
    Checksum(u64, u64),
    /// A line is not what it should be.
    Field(String),
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        match &self.problem {
            TraceProblem::Unreadable(why) => write!(f, "cannot read the trace: {why}"),
            TraceProblem::NotATrace => write!(f, "not a trace: a trace begins with `ringzero-trace {TRACE_VERSION}`"),
            TraceProblem::Version(v) => {
                write!(f, "a trace of format version {v}, but this is a Ringzero that reads version {TRACE_VERSION}")
            }
            TraceProblem::Truncated => write!(f, "the trace is cut off: its last line `end CHECKSUM` is missing"),
            TraceProblem::Checksum(expected, found) => {
                write!(f, "the trace is damaged: its checksum is {found:016x}, but it says {expected:016x}")
            }
            TraceProblem::Field(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for TraceError {}

/// FNV-1a with 64 bits.
pub(crate) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, &b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3))
}

#[cfg(test)]
mod tests;
