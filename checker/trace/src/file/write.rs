//! Writing a trace.

use super::{FilePlace, FileRow, FileRowKind, TRACE_VERSION, TraceFile, fnv1a};
use crate::Label;
use ringzero_machine::PreemptModel;
use std::fmt::Write;

/// Labels on one line of `choices:`.
const CHOICES_A_LINE: usize = 20;

impl TraceFile {
    /// The trace as text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = self.body();
        let sum = fnv1a(out.as_bytes());
        let _ = writeln!(out, "end {sum:016x}");
        out
    }

    /// The checksum that the text ends with.
    #[must_use]
    pub fn checksum(&self) -> u64 {
        fnv1a(self.body().as_bytes())
    }

    /// The option's word of its preemption model.
    #[must_use]
    pub const fn preempt_word(&self) -> &'static str {
        preempt_word(self.preempt)
    }

    /// The option's word of how it takes time.
    #[must_use]
    pub const fn time_word(&self) -> &'static str {
        if self.strict_time { "strict" } else { "free" }
    }

    /// The option's word of its granularity.
    #[must_use]
    pub const fn granularity_word(&self) -> &'static str {
        if self.fine { "fine" } else { "coarse" }
    }

    fn body(&self) -> String {
        let mut out = format!("ringzero-trace {TRACE_VERSION}\n");
        for (key, value) in self.headers() {
            let _ = writeln!(out, "{key}: {value}");
        }
        out.push_str("choices:\n");
        write_choices(&mut out, &self.choices, self.stopped);
        out.push_str("rows:\n");
        for row in &self.rows {
            write_row(&mut out, row);
        }
        out.push_str("log:\n");
        for line in &self.log {
            let _ = writeln!(out, "{}\t{}", line.after, escape(&line.text));
        }
        out.push_str("sources:\n");
        for s in &self.sources {
            let _ = writeln!(out, "{}:{}\t{}", escape(&s.file), s.line, escape(&s.text));
        }
        out
    }

    fn headers(&self) -> Vec<(&'static str, String)> {
        let b = &self.bounds;
        let bounds = format!(
            "interrupts {} nmis {} expiries {} failures {} preemptions {} steps {}",
            b.interrupts,
            b.nmis,
            b.expiries,
            b.failures,
            or_dash(b.preemptions),
            b.steps
        );
        let mut all = vec![
            ("program", escape(&self.program)),
            ("in-test", self.in_test.to_string()),
            ("version", escape(&self.version)),
            ("code", escape(&self.code)),
            ("message", escape(&self.message)),
            ("place", place(self.place.as_ref())),
            ("other", place(self.other.as_ref())),
        ];
        all.extend(self.notes.iter().map(|n| ("note", escape(n))));
        all.extend([
            ("cpus", self.cpus.to_string()),
            ("preempt", self.preempt_word().to_owned()),
            ("time", self.time_word().to_owned()),
            ("granularity", self.granularity_word().to_owned()),
            ("bounds", bounds),
            ("strategy", escape(&self.strategy)),
            ("seed", self.seed.to_string()),
            ("searched", format!("{} executions {} ms", self.executions, self.millis)),
            ("complete", self.complete.to_string()),
            ("minimised-from", or_dash(self.minimised_from)),
            ("fingerprint", format!("{:016x}", self.fingerprint)),
            ("contexts", self.contexts.iter().map(|c| format!("{c:016x}")).collect::<Vec<_>>().join(" ")),
        ]);
        if let Some(m) = &self.module {
            let word = escape(&m.data_race);
            all.push(("module", format!("build {:016x} data-race {word} lockup {}", m.build, m.lockup_ms)));
            all.extend(m.case.iter().map(|c| ("case", escape(c))));
            all.extend(m.sources.iter().map(|s| ("source", escape(s))));
            all.extend(m.params.iter().map(|p| ("param", escape(p))));
            all.push(("racing", m.racing.iter().map(|r| format!("{r:x}")).collect::<Vec<_>>().join(" ")));
        }
        all
    }
}

/// The option's word of a preemption model.
pub(crate) const fn preempt_word(model: PreemptModel) -> &'static str {
    match model {
        PreemptModel::None => "none",
        PreemptModel::Voluntary => "voluntary",
        PreemptModel::Full => "full",
    }
}

impl FileRowKind {
    /// Every kind.
    pub const ALL: [FileRowKind; 4] = [FileRowKind::Step, FileRowKind::Gate, FileRowKind::Enter, FileRowKind::Waits];

    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            FileRowKind::Step => "step",
            FileRowKind::Gate => "gate",
            FileRowKind::Enter => "enter",
            FileRowKind::Waits => "waits",
        }
    }
}

fn or_dash<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |v| v.to_string())
}

fn place(p: Option<&FilePlace>) -> String {
    p.map_or_else(|| "-".to_owned(), |p| escape(&p.to_string()))
}

/// Free text on one line, without tabs.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            c => out.push(c),
        }
    }
    out
}

fn write_choices(out: &mut String, choices: &[Label], stopped: bool) {
    let mut words: Vec<String> = choices
        .chunk_by(|a, b| a == b)
        .map(|run| {
            let Label { proc, variant } = run[0];
            if run.len() == 1 { format!("{proc}.{variant}") } else { format!("{proc}.{variant}*{}", run.len()) }
        })
        .collect();
    if stopped {
        words.push("stop".to_owned());
    }
    for line in words.chunks(CHOICES_A_LINE) {
        let _ = writeln!(out, "{}", line.join(" "));
    }
}

fn write_row(out: &mut String, r: &FileRow) {
    let _ = writeln!(
        out,
        "{}\t{}.{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
        r.kind.as_str(),
        r.label.proc,
        r.label.variant,
        or_dash(r.cpu),
        r.depth,
        escape(&r.flags),
        escape(&r.op),
        escape(&r.object),
        or_dash(r.slot),
        r.old,
        u8::from(r.writes),
        place(r.place.as_ref()),
        escape(&r.context),
    );
}
