//! The report as JSON.

use crate::marks::marks;
use crate::view::View;
use ringzero_findings::Code;
use ringzero_trace::{FileLog, FilePlace, FileRow, TraceFile};
use std::fmt::Write;

/// The finding as one JSON object on one line, without a newline: everything that the trace says, the row numbers that
/// the text uses, the marks, and the words of the code.
#[must_use]
pub fn json(trace: &TraceFile) -> String {
    let view = View::new(trace);
    let t = trace;
    let code = view.code;
    let b = &t.bounds;
    let bounds = Object::new()
        .raw("interrupts", b.interrupts)
        .raw("nmis", b.nmis)
        .raw("expiries", b.expiries)
        .raw("failures", b.failures)
        .raw("preemptions", or_null(b.preemptions))
        .raw("steps", b.steps)
        .end();
    let choices: Vec<String> = t.choices.iter().map(|l| format!("\"{}.{}\"", l.proc, l.variant)).collect();
    let rows = t.rows.iter().enumerate().map(|(i, r)| row(&view, i, r));
    let marks = marks(&view).into_iter().map(|m| {
        Object::new().raw("row", or_null(m.number)).raw("place", place(Some(&m.place))).text("note", &m.note).end()
    });
    let sources =
        t.sources.iter().map(|s| Object::new().text("file", &s.file).raw("line", s.line).text("text", &s.text).end());
    Object::new()
        .text("program", &t.program)
        .raw("in_test", t.in_test)
        .text("version", &t.version)
        .text("finding", &t.code)
        .text("message", &t.message)
        .raw("rule", code.map_or_else(null, |c| quoted(c.rule())))
        .raw(
            "help",
            code.map_or_else(null, |c| quoted(&view.help(c, t.other.as_ref().map(|p| view.line_name(p)).as_deref()))),
        )
        .raw("stated_as", code.and_then(Code::stated_as).map_or_else(null, |(_, words)| quoted(words)))
        .raw("place", place(t.place.as_ref()))
        .raw("other", place(t.other.as_ref()))
        .raw("notes", array(t.notes.iter().map(|n| quoted(n))))
        .raw("marks", array(marks))
        .raw("steps", view.count())
        .raw("interrupts", view.interrupts())
        .raw("preemptions", view.preemptions())
        .raw("minimised_from", or_null(t.minimised_from))
        .raw("cpus", t.cpus)
        .text("preempt", t.preempt_word())
        .text("time", t.time_word())
        .text("granularity", t.granularity_word())
        .raw("bounds", bounds)
        .text("strategy", &t.strategy)
        .raw("seed", t.seed)
        .raw("executions", t.executions)
        .raw("ms", t.millis)
        .raw("complete", t.complete)
        .text("fingerprint", &format!("{:016x}", t.fingerprint))
        .raw("choices", array(choices.into_iter()))
        .raw("contexts", array(t.contexts.iter().map(|c| quoted(&format!("{c:016x}")))))
        .raw("stopped", t.stopped)
        .raw("rows", array(rows))
        .raw("log", array(t.log.iter().map(log)))
        .raw("sources", array(sources))
        .end()
}

fn row(view: &View<'_>, i: usize, r: &FileRow) -> String {
    Object::new()
        .raw("number", or_null(view.numbers[i]))
        .text("kind", r.kind.as_str())
        .text("label", &format!("{}.{}", r.label.proc, r.label.variant))
        .text("context", &r.context)
        .raw("cpu", or_null(r.cpu))
        .raw("depth", r.depth)
        .text("flags", &r.flags)
        .text("op", &r.op)
        .text("object", &r.object)
        .raw("slot", or_null(r.slot))
        .raw("old", r.old)
        .raw("writes", r.writes)
        .raw("place", place(r.place.as_ref()))
        .raw("involved", view.shown[i])
        .end()
}

fn log(line: &FileLog) -> String {
    Object::new().raw("after", line.after).text("text", &line.text).end()
}

fn place(p: Option<&FilePlace>) -> String {
    p.map_or_else(null, |p| Object::new().text("file", &p.file).raw("line", p.line).raw("column", p.column).end())
}

fn null() -> String {
    "null".to_owned()
}

fn or_null<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(null, |v| v.to_string())
}

fn array(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if (c as u32) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// An object that is being written.
struct Object(String);

impl Object {
    fn new() -> Self {
        Self(String::from("{"))
    }

    /// A field whose value is JSON already.
    fn raw(mut self, key: &str, value: impl std::fmt::Display) -> Self {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        let _ = write!(self.0, "\"{key}\":{value}");
        self
    }

    fn text(self, key: &str, value: &str) -> Self {
        let value = quoted(value);
        self.raw(key, value)
    }

    fn end(self) -> String {
        self.0 + "}"
    }
}

#[cfg(test)]
mod tests {
    use super::{TraceFile, json, quoted};

    #[test]
    fn text_is_quoted() {
        assert_eq!(quoted("a\"b\\c\nd\te\u{1}\u{e9}"), "\"a\\\"b\\\\c\\nd\\te\\u0001\u{e9}\"");
    }

    #[test]
    fn an_empty_trace_is_an_object() {
        let text = json(&TraceFile::default());
        assert!(text.starts_with("{\"program\":\"\",") && text.ends_with("\"sources\":[]}") && !text.contains('\n'));
    }
}
