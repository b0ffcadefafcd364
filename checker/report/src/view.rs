//! Which rows of a trace are numbered, involved and shown.

use ringzero_findings::Code;
use ringzero_trace::{FilePlace, FileRow, FileRowKind, Proc, TraceFile};
use std::collections::HashSet;

/// At most so many rows are shown: the first [`HEAD`] and the last of them.
const MOST_ROWS: usize = 48;
/// How many of them are the first ones.
const HEAD: usize = 16;
/// The gate that says nothing of the context.
const TASK_START: &str = "task start";
/// Operations that give up the CPU and come back.
const SLEEPS: [&str; 7] = [
    "schedule",
    "schedule_timeout",
    "kthread_stop (wait)",
    "wait_for_completion",
    "flush_work",
    "cancel_work_sync",
    "tasklet_kill",
];

/// A trace with what the report says of each row.
pub struct View<'a> {
    pub trace: &'a TraceFile,
    pub code: Option<Code>,
    /// Each row's number, if it has one.
    pub numbers: Vec<Option<usize>>,
    /// Whether each row is shown.
    pub shown: Vec<bool>,
    /// The row at the finding's earlier place.
    pub first: Option<usize>,
    /// The row at the finding's place.
    pub second: Option<usize>,
}

impl<'a> View<'a> {
    pub fn new(trace: &'a TraceFile) -> Self {
        let code = Code::parse(&trace.code);
        let gates = code.is_some_and(Code::is_about_context);
        let mut count = 0;
        let numbers: Vec<Option<usize>> = trace
            .rows
            .iter()
            .map(|r| {
                (r.kind != FileRowKind::Gate || (gates && r.op != TASK_START)).then(|| {
                    count += 1;
                    count
                })
            })
            .collect();
        let mut view = View { trace, code, numbers, shown: Vec::new(), first: None, second: None };
        view.second = view.last_at(trace.place.as_ref(), trace.rows.len(), None);
        let end = view.second.unwrap_or(trace.rows.len());
        let holder = view.second.and_then(|i| view.holder(i)).filter(|&j| trace.rows[j].place == trace.other);
        view.first = holder.or_else(|| view.last_at(trace.other.as_ref(), end, view.second));
        view.shown = view.choose_rows();
        view
    }

    /// The last numbered row before `end` at `place`; a row on the object of `like` is preferred.
    fn last_at(&self, place: Option<&FilePlace>, end: usize, like: Option<usize>) -> Option<usize> {
        let place = place?;
        let rows = &self.trace.rows;
        let here = |&i: &usize| self.numbers[i].is_some() && rows[i].place.as_ref() == Some(place);
        let slot = like.and_then(|i| rows[i].slot);
        let same = |&i: &usize| slot.is_some() && rows[i].slot == slot;
        let all = || (0..end).rev().filter(here);
        all().find(same).or_else(|| all().find(|&i| rows[i].kind != FileRowKind::Gate)).or_else(|| all().next())
    }

    /// What to use instead, in the form that fits what was done at the earlier place.
    pub fn help(&self, code: Code, at: Option<&str>) -> String {
        let rows = &self.trace.rows;
        let waits = self.second.map_or("", |i| &rows[i].context);
        let Some(first) = self.first.map(|i| &rows[i]) else { return code.help_against(at, &[], waits) };
        // A seqlock is a lock and a sequence of one name; it is the lock that is taken in another form.
        let lock = rows.iter().rev().find(|r| {
            r.op == "spin_lock"
                && first.op == "write_seqcount_begin"
                && r.object == first.object
                && r.context == first.context
        });
        let Some(lock) = lock else { return code.help_against(at, &[&first.op], waits) };
        let line = lock.place.as_ref().map(|p| self.line_name(p));
        code.help_against(line.as_deref().or(at), &[&lock.op, &first.op], waits)
    }

    /// The row that took what row `i` waits for, if that is a lock and still held.
    pub fn holder(&self, i: usize) -> Option<usize> {
        let rows = &self.trace.rows;
        let slot = rows[i].slot.filter(|_| rows[i].kind == FileRowKind::Waits)?;
        self.holder_of(slot, i)
    }

    /// The row before row `i` that took the lock `slot`, if it is held there.
    fn holder_of(&self, slot: u32, i: usize) -> Option<usize> {
        let rows = &self.trace.rows;
        rows[..i].iter().enumerate().filter(|(_, r)| r.slot == Some(slot)).fold(None, |held, (j, r)| match r {
            r if takes(r) => Some(j),
            r if r.kind == FileRowKind::Step && ["spin_unlock", "mutex_unlock"].contains(&r.op.as_str()) => None,
            _ => held,
        })
    }

    /// The number of rows that have one.
    pub fn count(&self) -> usize {
        self.numbers.iter().flatten().count()
    }

    /// The finding itself as a row after the last one, where it is not one of the rows: its number.
    pub fn extra(&self) -> Option<usize> {
        let at_the_end = matches!(
            self.code,
            Some(
                Code::SleepInAtomic
                    | Code::UnbalancedContext
                    | Code::UnlockByOther
                    | Code::UninitialisedLock
                    | Code::UseAfterFree
                    | Code::DoubleFree
                    | Code::OutOfBounds
                    | Code::UseAfterReturn
                    | Code::Refcount
                    | Code::PageFault
                    | Code::DivideError
                    | Code::StackOverflow
                    | Code::Warn
                    | Code::Bug
                    | Code::Kunit
                    | Code::Panic
            )
        );
        (at_the_end && self.second.is_none() && self.trace.place.is_some()).then(|| self.count() + 1)
    }

    /// Rows that wait at the end.
    pub fn waits(&self) -> impl Iterator<Item = (usize, &'a FileRow)> {
        self.trace.rows.iter().enumerate().filter(|(_, r)| r.kind == FileRowKind::Waits)
    }

    /// Entries of interrupts.
    pub fn interrupts(&self) -> usize {
        self.trace.rows.iter().filter(|r| r.kind == FileRowKind::Enter).count()
    }

    /// Tasks that were taken off their CPU although they did not sleep there, and went on later.
    pub fn preemptions(&self) -> usize {
        let rows = &self.trace.rows;
        let is_task = |r: &FileRow| r.context.starts_with("task ") && r.kind != FileRowKind::Waits;
        // A mutex that was held when the CPU went to another task was slept for.
        let slept = |i: usize, l: &FileRow| {
            SLEEPS.contains(&l.op.as_str())
                || (l.kind, l.cpu) == (FileRowKind::Waits, None)
                || (l.op == "mutex_lock" && l.slot.is_some_and(|slot| self.holder_of(slot, i + 1).is_some()))
        };
        let switched = |&(i, r): &(usize, &FileRow)| {
            let next = rows[i + 1..].iter().find(|n| n.cpu == r.cpu && is_task(n));
            let later = rows[i + 1..].iter().find(|n| n.label.proc == r.label.proc);
            next.is_some_and(|n| n.label.proc != r.label.proc) && later.is_some_and(|l| !slept(i, l))
        };
        rows.iter().enumerate().filter(|(_, r)| is_task(r) && r.cpu.is_some()).filter(switched).count()
    }

    fn choose_rows(&self) -> Vec<bool> {
        let rows = &self.trace.rows;
        let mut ends: HashSet<usize> = self.waits().map(|(i, _)| i).collect();
        ends.extend(self.first.iter().chain(&self.second));
        if ends.is_empty() || self.extra().is_some() {
            ends.extend((0..rows.len()).rev().find(|&i| self.numbers[i].is_some()));
        }
        let procs: HashSet<Proc> = ends.iter().map(|&i| rows[i].label.proc).collect();
        let slots: HashSet<u32> =
            rows.iter().filter(|r| procs.contains(&r.label.proc)).filter_map(|r| r.slot).collect();
        let involved = |r: &FileRow| {
            procs.contains(&r.label.proc)
                || r.kind == FileRowKind::Enter
                || r.slot.is_some_and(|slot| slots.contains(&slot))
        };
        let mut shown: Vec<bool> =
            rows.iter().zip(&self.numbers).map(|(r, number)| number.is_some() && involved(r)).collect();
        let all: Vec<usize> = (0..rows.len()).filter(|&i| shown[i]).collect();
        if all.len() > MOST_ROWS {
            for &i in &all[HEAD..all.len() - (MOST_ROWS - HEAD)] {
                shown[i] = ends.contains(&i);
            }
        }
        shown
    }

    /// The file that most places of the finding are in: its lines are named by their numbers alone.
    pub fn main_file(&self) -> &'a str {
        let t = self.trace;
        let fallback = || t.rows.iter().find_map(|r| r.place.as_ref());
        t.place.as_ref().or(t.other.as_ref()).or_else(fallback).map_or("", |p| p.file.as_str())
    }

    /// A line of a file in words.
    pub fn line_name(&self, place: &FilePlace) -> String {
        if place.file == self.main_file() {
            format!("line {}", place.line)
        } else {
            format!("{}:{}", place.file, place.line)
        }
    }
}

/// Whether the row takes a lock.
pub fn takes(r: &FileRow) -> bool {
    r.kind == FileRowKind::Step
        && match r.op.as_str() {
            "spin_lock" | "mutex_lock" => true,
            "spin_trylock" | "mutex_trylock" => r.old == 0,
            _ => false,
        }
}

/// The trace with texts that can be printed.
pub fn cleaned(trace: &TraceFile, ascii: bool) -> TraceFile {
    let mut t = trace.clone();
    let place = |p: &mut FilePlace| p.file = clean(&p.file, ascii);
    for text in [&mut t.program, &mut t.version, &mut t.code, &mut t.message, &mut t.strategy] {
        *text = clean(text, ascii);
    }
    for text in t.notes.iter_mut().chain(t.log.iter_mut().map(|l| &mut l.text)) {
        *text = clean(text, ascii);
    }
    t.place.iter_mut().chain(&mut t.other).for_each(place);
    for row in &mut t.rows {
        row.place.iter_mut().for_each(place);
        for text in [&mut row.flags, &mut row.op, &mut row.object, &mut row.context] {
            *text = clean(text, ascii);
        }
    }
    for line in &mut t.sources {
        line.file = clean(&line.file, ascii);
        line.text = clean(&line.text, ascii);
    }
    t
}

/// `text` without control characters, and without what is not ASCII if that is asked for. A tab is four spaces.
pub fn clean(text: &str, ascii: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => out.push_str("    "),
            '\n' | '\r' => out.push(' '),
            c if c.is_control() || (ascii && !c.is_ascii()) => out.push('?'),
            c => out.push(c),
        }
    }
    out
}
