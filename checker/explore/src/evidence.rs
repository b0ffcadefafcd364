//! From a found execution to a trace file, and back.

use crate::minimise::Small;
use crate::search::Caught;
use crate::{Program, Settings};
use ringzero_machine::Place;
use ringzero_model::{Config, DataRace, Found, Model, Recording, Row, RowKind, TimeModel, mix};
use ringzero_strategies::{Replay, ReplayMode};
use ringzero_trace::{
    Choice, FileBounds, FileLog, FileModule, FilePlace, FileRow, FileRowKind, Label, NO_SLOT, TraceError, TraceFile,
};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Why a trace could not be replayed.
///
/// ```
/// use ringzero::ReplayError;
/// let why = ReplayError::OtherProgram { trace: "driver.c".into(), here: "other.c".into() };
/// assert!(why.to_string().contains("driver.c"));
/// ```
#[derive(Debug)]
pub enum ReplayError {
    /// The file is damaged, or of another format.
    Trace(TraceError),
    /// It is of another program.
    OtherProgram {
        /// The trace's program.
        trace: String,
        /// The one that it was to be replayed on.
        here: String,
    },
    /// The program has changed since, or the trace is of another version of Ringzero.
    Changed {
        /// The version that wrote it.
        version: String,
    },
    /// It is of a C module that was compiled by another compiler, with other flags or headers, or has changed.
    Rebuilt,
    /// The choices led elsewhere: the program is not deterministic.
    Diverged {
        /// Which choice could not be followed.
        at: usize,
    },
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReplayError::Trace(e) => e.fmt(f),
            ReplayError::OtherProgram { trace, here } => {
                write!(f, "this is a trace of the program `{trace}`, not of `{here}`")
            }
            ReplayError::Changed { version } => write!(
                f,
                "the program is not the one that this trace was made of (it has changed, or the trace is of another \
                 version of Ringzero: {version}; this is {}); check it again",
                env!("CARGO_PKG_VERSION")
            ),
            ReplayError::Rebuilt => f.write_str(
                "the module's compiled code is not the one that this trace was made of: its source, the compiler or the \
                 headers have changed; check it again",
            ),
            ReplayError::Diverged { at } => write!(
                f,
                "the program did not behave as recorded at choice {at}: it depends on something outside the machine \
                 (time, addresses, hash order, other threads)"
            ),
        }
    }
}

impl std::error::Error for ReplayError {}

impl From<TraceError> for ReplayError {
    fn from(e: TraceError) -> Self {
        ReplayError::Trace(e)
    }
}

fn place(p: Place) -> FilePlace {
    FilePlace { file: p.file().to_owned(), line: p.line(), column: p.column() }
}

/// A number that changes when the program or Ringzero does: of the steps of its plainest execution.
#[must_use]
pub fn fingerprint(program: &Program<'_>, machine: &Config) -> u64 {
    let model = Model::new(machine.clone());
    let mut replay = Replay::new(Vec::new(), ReplayMode::Lenient);
    let (_, recording) = model.execute(&mut replay, program.boot, true);
    let text = |h: u64, s: &str| s.bytes().fold(h, |h, b| mix(h, u64::from(b)));
    let mut h = text(text(0x5eed, program.name), env!("CARGO_PKG_VERSION"));
    for row in recording.iter().flat_map(|r| &r.rows).take(2000) {
        h = text(mix(h, row.op as u64), &row.context);
        if let Some(p) = row.place {
            h = mix(text(h, p.file()), u64::from(p.line()));
        }
    }
    h
}

/// What the program logs in its plainest execution: without a switch or an arrival that is not needed.
#[must_use]
pub fn plainest_log(program: &Program<'_>, machine: &Config) -> Vec<String> {
    let model = Model::new(machine.clone());
    let mut replay = Replay::new(Vec::new(), ReplayMode::Lenient);
    let (_, recording) = model.execute(&mut replay, program.boot, true);
    recording.unwrap_or_default().log.into_iter().map(|l| l.text).collect()
}

fn record(program: &Program<'_>, machine: &Config, choices: &[Choice]) -> (Option<Found>, Recording, Option<usize>) {
    let model = Model::new(machine.clone());
    let mut replay = Replay::new(choices.to_vec(), ReplayMode::Exact);
    let (outcome, recording) = model.execute(&mut replay, program.boot, true);
    (outcome.found, recording.unwrap_or_default(), replay.lost)
}

/// The trace of a caught and minimised execution.
pub(crate) fn trace(program: &Program<'_>, settings: &Settings, caught: &Caught, small: Small) -> TraceFile {
    let (found, recording, lost) = record(program, &settings.machine, &small.choices);
    let same = found.as_ref().is_some_and(|f| crate::minimise::same(f, &caught.found));
    if lost.is_some() || !same {
        return nondeterministic(program, settings);
    }
    let found = found.unwrap_or(small.found);
    let mut t = header(program, settings, caught.strategy);
    t.minimised_from = (small.was != small.choices.len()).then_some(small.was as u32);
    fill(&mut t, program, &found, &recording, &small.choices);
    t
}

/// The trace of a program that behaves differently under the same choices.
pub(crate) fn nondeterministic(program: &Program<'_>, settings: &Settings) -> TraceFile {
    let mut t = header(program, settings, settings.strategy.as_str());
    t.code = "nondeterministic-program".to_owned();
    t.message = "the program behaved differently under the same choices".to_owned();
    t.notes = vec![
        "it depends on something outside the machine: time, addresses, hash order, other threads, or a static \
                    that survives executions (declare it in ringzero::global!)"
            .to_owned(),
    ];
    let model = Model::new(settings.machine.clone());
    let mut replay = Replay::new(Vec::new(), ReplayMode::Lenient);
    let (_, recording) = model.execute(&mut replay, program.boot, true);
    let recording = recording.unwrap_or_default();
    t.rows = recording.rows.iter().map(|r| row(r, &[])).collect();
    t.place = recording.rows.iter().rev().find_map(|r| r.place).map(place);
    sources(&mut t, program);
    t
}

fn header(program: &Program<'_>, settings: &Settings, strategy: &str) -> TraceFile {
    let m = &settings.machine;
    TraceFile {
        program: program.name.to_owned(),
        in_test: program.in_test,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        cpus: m.cpus as u32,
        preempt: m.preempt,
        strict_time: m.time == TimeModel::Strict,
        fine: m.fine,
        bounds: FileBounds {
            interrupts: m.interrupts,
            nmis: m.nmis,
            expiries: m.expiries,
            failures: m.failures,
            preemptions: m.preemptions,
            steps: m.steps,
        },
        strategy: strategy.to_owned(),
        seed: settings.seed,
        module: program.module.map(|of| FileModule {
            data_race: m.data_race.as_str().to_owned(),
            lockup_ms: m.lockup.as_millis() as u64,
            racing: m.racing.iter().map(|bits| (bits >> 1) as u64).collect(),
            ..of.clone()
        }),
        ..TraceFile::default()
    }
}

fn fill(t: &mut TraceFile, program: &Program<'_>, found: &Found, recording: &Recording, choices: &[Choice]) {
    t.code = found.code.to_owned();
    t.message.clone_from(&found.message);
    t.place = found.place.map(place);
    t.other = found.other.map(place);
    t.notes.clone_from(&found.notes);
    t.contexts.clear();
    let mut labels = Vec::with_capacity(choices.len());
    for c in choices {
        let n = t.contexts.iter().position(|w| *w == c.who).unwrap_or_else(|| {
            t.contexts.push(c.who);
            t.contexts.len() - 1
        });
        labels.push(Label { proc: n as u16, variant: c.variant });
    }
    t.rows = recording.rows.iter().map(|r| row(r, &t.contexts)).collect();
    t.choices = labels;
    t.stopped = false;
    t.log = recording.log.iter().map(|l| FileLog { after: l.after, text: l.text.clone() }).collect();
    sources(t, program);
}

fn row(r: &Row, contexts: &[u64]) -> FileRow {
    let proc = contexts.iter().position(|w| *w == r.who).map_or(u16::MAX, |n| n as u16);
    FileRow {
        kind: match r.kind {
            RowKind::Step => FileRowKind::Step,
            RowKind::Gate => FileRowKind::Gate,
            RowKind::Enter => FileRowKind::Enter,
            RowKind::Waits => FileRowKind::Waits,
        },
        label: Label { proc, variant: r.label.variant },
        cpu: r.cpu.map(|c| c as u32),
        depth: r.depth as u32,
        flags: r.flags.clone(),
        op: r.op.name().to_owned(),
        object: r.object.clone(),
        slot: (r.slot != NO_SLOT).then_some(r.slot),
        // What may be an address is left out: it differs between processes.
        old: if r.old > u64::from(u32::MAX) { u64::MAX } else { r.old },
        writes: r.writes,
        place: r.place.map(place),
        context: r.context.clone(),
    }
}

fn sources(t: &mut TraceFile, program: &Program<'_>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    t.collect_sources(&[Path::new("."), &root], program.texts);
}

/// The machine that a trace was made on.
fn machine_of(t: &TraceFile) -> Config {
    let module = t.module.as_ref();
    let racing = module.iter().flat_map(|m| &m.racing).map(|&offset| Place::code(offset as usize).bits());
    Config {
        cpus: t.cpus as usize,
        interrupts: t.bounds.interrupts,
        nmis: t.bounds.nmis,
        expiries: t.bounds.expiries,
        failures: t.bounds.failures,
        preemptions: t.bounds.preemptions,
        steps: t.bounds.steps,
        time: if t.strict_time { TimeModel::Strict } else { TimeModel::Free },
        preempt: t.preempt,
        fine: t.fine,
        c: t.module.is_some(),
        data_race: module.and_then(|m| DataRace::parse(&m.data_race)).unwrap_or_default(),
        racing: Arc::new(racing.collect()),
        lockup: module.map_or(Config::default().lockup, |m| Duration::from_millis(m.lockup_ms)),
    }
}

/// Replays a trace on a program. The result is the same trace, byte for byte.
///
/// # Errors
/// When the trace is of another program, another state of it, or another version; or when the program does not follow
/// it.
pub fn replay(program: &Program<'_>, trace: &TraceFile) -> Result<TraceFile, ReplayError> {
    if trace.program != program.name {
        return Err(ReplayError::OtherProgram { trace: trace.program.clone(), here: program.name.to_owned() });
    }
    if trace.module.as_ref().map(|m| m.build) != program.module.map(|m| m.build) {
        return Err(ReplayError::Rebuilt);
    }
    if trace.version != env!("CARGO_PKG_VERSION") {
        return Err(ReplayError::Changed { version: trace.version.clone() });
    }
    if trace.code == "nondeterministic-program" {
        return Ok(trace.clone());
    }
    let machine = machine_of(trace);
    if !(1..=16).contains(&machine.cpus) || trace.fingerprint != fingerprint(program, &machine) {
        return Err(ReplayError::Changed { version: trace.version.clone() });
    }
    let choice = |l: &Label| trace.contexts.get(usize::from(l.proc)).map(|&who| Choice { who, variant: l.variant });
    let Some(choices) = trace.choices.iter().map(choice).collect::<Option<Vec<_>>>() else {
        return Err(ReplayError::Diverged { at: 0 });
    };
    let (found, recording, lost) = record(program, &machine, &choices);
    let Some(found) = found.filter(|_| lost.is_none()) else {
        return Err(ReplayError::Diverged { at: lost.unwrap_or(choices.len()) });
    };
    let mut again = trace.clone();
    fill(&mut again, program, &found, &recording, &choices);
    if found.code == "soft-lockup" {
        // Where in its loop the watchdog met it is chance.
        again.notes.clone_from(&trace.notes);
    }
    Ok(again)
}
