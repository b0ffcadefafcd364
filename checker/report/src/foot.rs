//! What stands below the table: what it comes to, what to do instead, and how to go on.

use crate::marks::Mark;
use crate::paint::{Ink, Paint, wrap};
use crate::view::View;
use ringzero_findings::Code;
use ringzero_trace::TraceFile;

/// Writes the line `*** DEADLOCK ***  ...`.
pub fn banner(out: &mut Vec<String>, view: &View<'_>, marks: &[Mark], paint: Paint) {
    let stars = format!("*** {} ***", view.code.map_or("FINDING", Code::banner));
    let line = format!("  {stars}  {}", conclusion(view, marks));
    for (i, line) in wrap(&line, paint.width, 4).into_iter().enumerate() {
        match line.strip_prefix("  ").and_then(|l| l.strip_prefix(&stars)).filter(|_| i == 0) {
            Some(rest) => out.push(format!("  {}{rest}", paint.ink(Ink::Bad, &stars))),
            None => out.push(line),
        }
    }
}

/// What the steps come to, in one sentence.
fn conclusion(view: &View<'_>, marks: &[Mark]) -> String {
    let Some(code) = view.code else { return view.trace.message.clone() };
    let number = |row: Option<usize>| row.and_then(|i| view.numbers[i]);
    let first = number(view.first);
    let second = number(view.second).or(view.extra());
    let cpu = view.second.and_then(|i| view.trace.rows[i].cpu);
    let rule = || format!("the rule: {}", code.rule());
    match (code, first, second, cpu) {
        (Code::Deadlock, ..) => circle(view).unwrap_or_else(rule),
        (Code::SelfDeadlock, Some(a), ..) => format!("it waits for step {a}, which is its own"),
        (Code::IrqDeadlock, Some(a), _, Some(c)) => {
            format!("cpu{c} waits for step {a}, which its own hardirq interrupted")
        }
        (Code::SoftirqDeadlock, Some(a), _, Some(c)) => {
            format!("cpu{c} waits for step {a}, which its own softirq interrupted")
        }
        (Code::Hang, ..) => {
            let steps: Vec<usize> = marks.iter().filter_map(|m| m.number).collect();
            format!("{} for ever: nothing that is left to run ends it", said(&steps, "waits", "wait"))
        }
        (Code::SleepInAtomic, Some(a), Some(b), _) => format!("step {b} may sleep in the section that step {a} began"),
        (Code::UseAfterFree, Some(a), Some(b), _) => format!("step {b} touches what step {a} freed"),
        (Code::DoubleFree, Some(a), Some(b), _) => format!("step {b} frees what step {a} freed"),
        (Code::UnlockByOther, Some(a), Some(b), _) => format!("step {b} releases what step {a} took"),
        (Code::DataRace, Some(a), Some(b), _) => format!("nothing orders step {a} and step {b}"),
        (Code::UnbalancedContext, Some(a), Some(b), _) if a != b => {
            format!("step {b} does not find what step {a} left")
        }
        (Code::OutOfBounds, _, Some(b), _) => format!("step {b} touches what is not the object's"),
        (Code::UseAfterReturn, _, Some(b), _) => format!("step {b} uses what lay in a frame that is gone"),
        (Code::UninitialisedLock, _, Some(b), _) => format!("step {b} uses a lock that nobody has initialised"),
        (Code::Refcount, _, Some(b), _) => format!("after step {b} the count is not that of the references"),
        (Code::PageFault | Code::DivideError | Code::StackOverflow, _, Some(b), _) => {
            format!("step {b} is where Linux prints an oops")
        }
        (Code::Warn | Code::Bug, _, Some(b), _) => format!("step {b} meets what the program says cannot be"),
        (Code::Kunit, _, Some(b), _) => format!("step {b} is not what the case expects"),
        (Code::Panic, _, Some(b), _) => format!("step {b} fails a check of the program's own"),
        (Code::Leak, ..) => "nobody gave it back before the program was gone".to_owned(),
        (Code::Livelock, ..) => format!("still at work after {} steps", view.trace.bounds.steps),
        _ => rule(),
    }
}

fn said(steps: &[usize], one: &str, more: &str) -> String {
    let list: Vec<String> = steps.iter().map(usize::to_string).collect();
    match &list[..] {
        [] => format!("it {one}"),
        [n] => format!("step {n} {one}"),
        all => format!("steps {} {more}", all.join(", ")),
    }
}

/// Who waits for which step.
fn circle(view: &View<'_>) -> Option<String> {
    let rows = &view.trace.rows;
    let links: Vec<String> = view
        .waits()
        .filter_map(|(i, row)| {
            let n = view.numbers[view.holder(i)?]?;
            let who = row.cpu.map_or_else(|| row.context.clone(), |c| format!("cpu{c}"));
            Some(format!("{who} waits for step {n}"))
        })
        .collect();
    let more = links.len() < rows.iter().filter(|r| r.kind == ringzero_trace::FileRowKind::Waits).count();
    let tail = if more { ", and what it interrupted or holds is waited for" } else { "" };
    (!links.is_empty()).then(|| links.join(", ") + tail)
}

/// Writes the advice, the notes and how to go on.
pub fn foot(out: &mut Vec<String>, view: &View<'_>, marks: &[Mark], path: Option<&str>, paint: Paint) {
    let t = view.trace;
    out.push(String::new());
    for note in &t.notes {
        item(out, "note", note, Ink::Dim, paint);
    }
    if let Some(code) = view.code {
        item(out, "help", &view.help(code, advised(view, marks).as_deref()), Ink::Good, paint);
        if let Some((who, words)) = code.stated_as() {
            item(out, "note", &format!("{who} states it as {words}"), Ink::Dim, paint);
        }
    }
    let ms = t.millis;
    let s = if t.executions == 1 { "" } else { "s" };
    let ms = if ms > 0 { format!(", {ms} ms") } else { String::new() };
    out.push(format!("searched: {} execution{s}{ms}; holds is not claimed", t.executions));
    for line in wrap(&format!("bounds:   {}", bounds(t)), paint.width, 10) {
        out.push(line);
    }
    if let Some(path) = path {
        // Not wrapped: it is to be copied.
        out.push(if t.in_test {
            format!("replay:   RINGZERO_REPLAY={path} cargo test {}", t.program)
        } else {
            format!("replay:   ringzero replay {path}")
        });
    }
    if view.code.is_some() {
        out.push(format!("explain:  ringzero explain {}", t.code));
    }
}

/// Where the advice is to be followed: the earlier place.
fn advised(view: &View<'_>, marks: &[Mark]) -> Option<String> {
    let place = view.trace.other.as_ref()?;
    marks.iter().any(|m| &m.place == place).then(|| view.line_name(place))
}

fn item(out: &mut Vec<String>, head: &str, text: &str, ink: Ink, paint: Paint) {
    let lead = format!("  {head}:");
    for (i, line) in wrap(&format!("{lead} {text}"), paint.width, 8).into_iter().enumerate() {
        match line.strip_prefix(&lead).filter(|_| i == 0) {
            Some(rest) => out.push(paint.ink(ink, &lead) + rest),
            None => out.push(line),
        }
    }
}

fn bounds(t: &TraceFile) -> String {
    let b = &t.bounds;
    let preemptions = b.preemptions.map_or_else(|| "any".to_owned(), |n| n.to_string());
    format!(
        "cpus {}, interrupts {}, nmis {}, expiries {}, failures {}, preemptions {preemptions}, steps {}; preempt {}, \
         time {}; sequentially consistent, {}; {}, seed {}",
        t.cpus,
        b.interrupts,
        b.nmis,
        b.expiries,
        b.failures,
        b.steps,
        t.preempt_word(),
        t.time_word(),
        t.granularity_word(),
        t.strategy,
        t.seed,
    )
}
