//! Reading a trace.

use super::write::preempt_word;
use super::{
    FileBounds, FileLog, FileModule, FilePlace, FileRow, FileRowKind, SourceLine, TRACE_VERSION, TraceError, TraceFile,
    TraceProblem, fnv1a,
};
use crate::Label;
use ringzero_machine::PreemptModel;
use std::str::FromStr;

type Result<T> = std::result::Result<T, TraceError>;

/// The most choices that a trace may have: what a run-length may expand to.
const MAX_CHOICES: usize = 1 << 24;

impl TraceFile {
    /// The trace that a text describes.
    ///
    /// # Errors
    /// The first thing that is wrong: the version, then the end, then the checksum, then the fields, in this order.
    pub fn parse(text: &str) -> Result<TraceFile> {
        let mut lines = Lines { lines: undamaged(text)?, at: 1 };
        let mut t = TraceFile::default();
        lines.headers(&mut t)?;
        lines.exactly("choices:")?;
        while let Some(line) = lines.until("rows:") {
            choices(line, &mut t).map_err(|what| lines.wrong(what))?;
        }
        lines.exactly("rows:")?;
        while let Some(line) = lines.until("log:") {
            t.rows.push(row(line).map_err(|what| lines.wrong(what))?);
        }
        lines.exactly("log:")?;
        while let Some(line) = lines.until("sources:") {
            t.log.push(log(line).map_err(|what| lines.wrong(what))?);
        }
        lines.exactly("sources:")?;
        while let Some(line) = lines.next() {
            t.sources.push(source(line).map_err(|what| lines.wrong(what))?);
        }
        Ok(t)
    }
}

/// The lines above the last one of a text that is a whole trace of this version (invariant 3).
fn undamaged(text: &str) -> Result<Vec<&str>> {
    let fail = |line, problem| Err(TraceError { line, problem });
    let first = text.lines().next().unwrap_or_default();
    match first.strip_prefix("ringzero-trace ") {
        None => return fail(1, TraceProblem::NotATrace),
        Some(v) if v != TRACE_VERSION.to_string() => return fail(1, TraceProblem::Version(v.to_owned())),
        Some(_) => {}
    }
    let count = text.lines().count();
    let Some(whole) = text.strip_suffix('\n') else { return fail(count, TraceProblem::Truncated) };
    let (body, last) = whole.rsplit_once('\n').map_or(("", whole), |(b, l)| (&text[..=b.len()], l));
    let Some(sum) = last.strip_prefix("end ") else { return fail(count, TraceProblem::Truncated) };
    let Some(expected) = hex(sum) else {
        return fail(count, TraceProblem::Field(format!("`{sum}` is not a checksum")));
    };
    let found = fnv1a(body.as_bytes());
    if found != expected {
        return fail(count, TraceProblem::Checksum(expected, found));
    }
    Ok(body.split_terminator('\n').collect())
}

struct Lines<'a> {
    lines: Vec<&'a str>,
    /// The next one, so the number of the last one that was read.
    at: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let line = self.lines.get(self.at).copied()?;
        self.at += 1;
        Some(line)
    }

    /// The next line, unless it is `stop`.
    fn until(&mut self, stop: &str) -> Option<&'a str> {
        if self.lines.get(self.at) == Some(&stop) { None } else { self.next() }
    }

    fn exactly(&mut self, expected: &str) -> Result<()> {
        match self.next() {
            Some(line) if line == expected => Ok(()),
            Some(_) => Err(self.wrong(format!("`{expected}` is expected here"))),
            None => Err(TraceError { line: self.at + 1, problem: TraceProblem::Field(missing(expected)) }),
        }
    }

    /// An error in the line that was read last.
    fn wrong(&self, what: String) -> TraceError {
        TraceError { line: self.at, problem: TraceProblem::Field(what) }
    }

    fn raw(&mut self, key: &str) -> Result<&'a str> {
        let line = self.lines.get(self.at).copied().unwrap_or_default();
        let value = line.strip_prefix(key).and_then(|rest| rest.strip_prefix(": "));
        self.at += 1;
        value.ok_or_else(|| self.wrong(missing(&format!("{key}:"))))
    }

    /// The value of the header `key`, which comes next, as `read` understands it.
    fn header<T>(&mut self, key: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T> {
        let value = self.raw(key)?;
        read(value).ok_or_else(|| self.wrong(format!("`{value}` is not a value of `{key}:`")))
    }

    fn headers(&mut self, t: &mut TraceFile) -> Result<()> {
        t.program = self.header("program", unescape)?;
        t.in_test = self.header("in-test", number)?;
        t.version = self.header("version", unescape)?;
        t.code = self.header("code", unescape)?;
        t.message = self.header("message", unescape)?;
        t.place = self.header("place", place)?;
        t.other = self.header("other", place)?;
        while self.lines.get(self.at).is_some_and(|l| l.starts_with("note: ")) {
            t.notes.push(self.header("note", unescape)?);
        }
        t.cpus = self.header("cpus", number)?;
        t.preempt = self.header("preempt", |v| {
            [PreemptModel::None, PreemptModel::Voluntary, PreemptModel::Full]
                .into_iter()
                .find(|&m| preempt_word(m) == v)
        })?;
        t.strict_time = self.header("time", |v| one_of(v, "free", "strict"))?;
        t.fine = self.header("granularity", |v| one_of(v, "coarse", "fine"))?;
        t.bounds = self.header("bounds", bounds)?;
        t.strategy = self.header("strategy", unescape)?;
        t.seed = self.header("seed", number)?;
        (t.executions, t.millis) = self.header("searched", |v| {
            let (executions, millis) = v.strip_suffix(" ms")?.split_once(" executions ")?;
            Some((number(executions)?, number(millis)?))
        })?;
        t.complete = self.header("complete", number)?;
        t.minimised_from = self.header("minimised-from", or_dash)?;
        t.fingerprint = self.header("fingerprint", hex)?;
        t.contexts = self.header("contexts", |v| v.split_whitespace().map(hex).collect())?;
        if self.comes("module") {
            t.module = Some(self.module()?);
        }
        Ok(())
    }

    /// Whether the next line is the header `key`.
    fn comes(&self, key: &str) -> bool {
        self.lines.get(self.at).is_some_and(|l| l.strip_prefix(key).is_some_and(|rest| rest.starts_with(": ")))
    }

    fn module(&mut self) -> Result<FileModule> {
        let mut m = self.header("module", |v| {
            let words: Vec<&str> = v.split(' ').collect();
            let ["build", build, "data-race", word, "lockup", ms] = words[..] else { return None };
            let (build, data_race, lockup_ms) = (hex(build)?, unescape(word)?, number(ms)?);
            Some(FileModule { build, data_race, lockup_ms, ..FileModule::default() })
        })?;
        if self.comes("case") {
            m.case = Some(self.header("case", unescape)?);
        }
        while self.comes("source") {
            m.sources.push(self.header("source", unescape)?);
        }
        while self.comes("param") {
            m.params.push(self.header("param", unescape)?);
        }
        let offset = |w: &str| u64::from_str_radix(w, 16).ok();
        m.racing = self.header("racing", |v| v.split_whitespace().map(offset).collect())?;
        Ok(m)
    }
}

fn missing(expected: &str) -> String {
    format!("`{expected}` is missing")
}

fn number<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

fn hex(text: &str) -> Option<u64> {
    (text.len() == 16).then(|| u64::from_str_radix(text, 16).ok()).flatten()
}

fn or_dash<T: FromStr>(text: &str) -> Option<Option<T>> {
    if text == "-" { Some(None) } else { number(text).map(Some) }
}

/// Whether it is `yes`; `None` if it is neither.
fn one_of(text: &str, no: &str, yes: &str) -> Option<bool> {
    (text == yes || text == no).then_some(text == yes)
}

fn unescape(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '\\' => match chars.next()? {
                '\\' => '\\',
                't' => '\t',
                'n' => '\n',
                'r' => '\r',
                _ => return None,
            },
            c => c,
        });
    }
    Some(out)
}

fn place(text: &str) -> Option<Option<FilePlace>> {
    if text == "-" {
        return Some(None);
    }
    let (rest, column) = text.rsplit_once(':')?;
    let (file, line) = rest.rsplit_once(':')?;
    Some(Some(FilePlace { file: unescape(file)?, line: number(line)?, column: number(column)? }))
}

fn bounds(text: &str) -> Option<FileBounds> {
    let words: Vec<&str> = text.split(' ').collect();
    let [i, interrupts, n, nmis, e, expiries, f, failures, p, preemptions, s, steps] = words[..] else { return None };
    let keys = ["interrupts", "nmis", "expiries", "failures", "preemptions", "steps"];
    ([i, n, e, f, p, s] == keys).then_some(())?;
    Some(FileBounds {
        interrupts: number(interrupts)?,
        nmis: number(nmis)?,
        expiries: number(expiries)?,
        failures: number(failures)?,
        preemptions: or_dash(preemptions)?,
        steps: number(steps)?,
    })
}

fn label(text: &str) -> Option<Label> {
    let (proc, variant) = text.split_once('.')?;
    Some(Label { proc: number(proc)?, variant: number(variant)? })
}

fn choices(line: &str, t: &mut TraceFile) -> std::result::Result<(), String> {
    for word in line.split(' ') {
        if t.stopped {
            return Err(format!("`{word}` comes after `stop`"));
        }
        if word == "stop" {
            t.stopped = true;
            continue;
        }
        let (one, times) = word.split_once('*').unwrap_or((word, "1"));
        let (Some(one), Some(times)) = (label(one), number::<usize>(times)) else {
            return Err(format!("`{word}` is not a choice"));
        };
        if times == 0 || times > MAX_CHOICES - t.choices.len().min(MAX_CHOICES) {
            return Err(format!("`{word}` stands for {times} choices"));
        }
        t.choices.extend(std::iter::repeat_n(one, times));
    }
    Ok(())
}

fn row(line: &str) -> std::result::Result<FileRow, String> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [kind, who, cpu, depth, flags, op, object, slot, old, writes, at, context] = fields[..] else {
        return Err(format!("a row has 12 fields, not {}", fields.len()));
    };
    let bad = |name: &str, value: &str| format!("`{value}` is not a row's {name}");
    let text = |name: &str, value: &str| unescape(value).ok_or_else(|| bad(name, value));
    Ok(FileRow {
        kind: FileRowKind::ALL.into_iter().find(|k| k.as_str() == kind).ok_or_else(|| bad("kind", kind))?,
        label: label(who).ok_or_else(|| bad("label", who))?,
        cpu: or_dash(cpu).ok_or_else(|| bad("cpu", cpu))?,
        depth: number(depth).ok_or_else(|| bad("depth", depth))?,
        flags: text("flags", flags)?,
        op: text("op", op)?,
        object: text("object", object)?,
        slot: or_dash(slot).ok_or_else(|| bad("slot", slot))?,
        old: number(old).ok_or_else(|| bad("old value", old))?,
        writes: one_of(writes, "0", "1").ok_or_else(|| bad("writes", writes))?,
        place: place(at).ok_or_else(|| bad("place", at))?,
        context: text("context", context)?,
    })
}

fn log(line: &str) -> std::result::Result<FileLog, String> {
    let parsed = line.split_once('\t').and_then(|(after, text)| {
        let text = unescape(text)?;
        Some(FileLog { after: number(after)?, text })
    });
    parsed.ok_or_else(|| format!("`{line}` is not a line of the log"))
}

fn source(line: &str) -> std::result::Result<SourceLine, String> {
    let parsed = line.split_once('\t').and_then(|(at, text)| {
        let (file, line) = at.rsplit_once(':')?;
        Some(SourceLine { file: unescape(file)?, line: number(line)?, text: unescape(text)? })
    });
    parsed.ok_or_else(|| format!("`{line}` is not a source line"))
}
