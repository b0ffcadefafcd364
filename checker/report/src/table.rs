//! The table: time goes down, one row a step, one column a CPU.

use crate::marks::Mark;
use crate::paint::{Ink, Paint, cut, fit, len};
use crate::view::View;
use ringzero_trace::{FilePlace, FileRow, FileRowKind};

/// A column that is as wide as this is not made wider for other reasons than its content.
const USUAL: usize = 36;
/// Narrower than this, CPUs without rows have no column.
const NARROW: usize = 24;
/// The column of places takes at most this part of the width.
const PLACES: usize = 8;
const FLAGS: &str = "irqs-off / need-resched / context / preempt depth, before the step";
/// Operations whose value is what they read.
const READS: [&str; 5] = ["atomic_read", "plain read", "READ_ONCE", "spin_is_locked", "mutex_is_locked"];
/// Operations of which the value they overwrite says something.
const WRITES: [&str; 5] = ["atomic_set", "plain write", "WRITE_ONCE", "atomic_rmw", "cmpxchg"];

/// What is in a CPU's column.
struct Cell {
    left: String,
    right: String,
    ink: Option<Ink>,
}

struct Layout {
    cpus: Vec<u32>,
    number: usize,
    place: usize,
    column: usize,
    paint: Paint,
}

/// Writes the summary, the table and its last line.
pub fn table(out: &mut Vec<String>, view: &View<'_>, marks: &[Mark], paint: Paint) {
    let t = view.trace;
    out.push(summary(view));
    let cells: Vec<Option<Cell>> =
        t.rows.iter().zip(&view.shown).map(|(row, &shown)| shown.then(|| cell(view, row))).collect();
    let layout = Layout::new(view, &cells, paint);
    let caption = format!("{}{FLAGS}", " ".repeat(layout.gutter() + 2));
    out.push(cut(&caption, paint.width));
    out.push(layout.header(view));
    let mut runs: Vec<Option<&str>> = layout.cpus.iter().map(|&cpu| first_task(view, cpu)).collect();
    let mut folded: Vec<&FileRow> = Vec::new();
    let mut log = t.log.iter().peekable();
    for (i, row) in t.rows.iter().enumerate() {
        while let Some(line) = log.next_if(|l| l.after <= i) {
            layout.fold(out, &mut folded);
            out.push(layout.note("log", &line.text));
        }
        let Some(cell) = &cells[i] else {
            folded.extend(view.numbers[i].map(|_| row));
            continue;
        };
        layout.fold(out, &mut folded);
        let column = layout.column_of(view, i);
        if let (Some(name), Some(runs)) = (row.context.strip_prefix("task "), runs.get_mut(column))
            && *runs != Some(name)
        {
            out.push(layout.row(
                None,
                None,
                column,
                &Cell { left: format!("-- {name} --"), right: String::new(), ink: None },
            ));
            *runs = Some(name);
        }
        out.push(layout.row(view.numbers[i], place_name(view, row.place.as_ref()), column, cell));
    }
    layout.fold(out, &mut folded);
    for line in log {
        out.push(layout.note("log", &line.text));
    }
    if let Some(number) = view.extra() {
        let column = (0..t.rows.len()).last().map_or(0, |i| layout.column_of(view, i));
        let cell = Cell { left: format!("      <-- {}", t.code), right: String::new(), ink: Some(Ink::Bad) };
        out.push(layout.row(Some(number), place_name(view, t.place.as_ref()), column, &cell));
    }
    crate::foot::banner(out, view, marks, paint);
}

fn summary(view: &View<'_>) -> String {
    let many = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let minimised = view.trace.minimised_from.map_or_else(String::new, |n| format!(" (minimised from {n})"));
    let steps = view.count();
    let (irqs, preempted) = (view.interrupts(), view.preemptions());
    format!(" {}, {}, {}{minimised}", many(steps, "step"), many(irqs, "interrupt"), many(preempted, "preemption"))
}

/// The first task that has a row on `cpu`, shown ones preferred.
fn first_task<'a>(view: &View<'a>, cpu: u32) -> Option<&'a str> {
    let tasks = || view.trace.rows.iter().zip(&view.shown).filter(|(r, _)| r.cpu == Some(cpu));
    let name = |r: &'a FileRow| r.context.strip_prefix("task ");
    tasks().filter(|(_, shown)| **shown).find_map(|(r, _)| name(r)).or_else(|| tasks().find_map(|(r, _)| name(r)))
}

fn place_name(view: &View<'_>, place: Option<&FilePlace>) -> Option<String> {
    let place = place?;
    if place.file == view.main_file() {
        return Some(place.line.to_string());
    }
    let file = place.file.rsplit('/').next().unwrap_or_default();
    Some(format!("{file}:{}", place.line))
}

/// A row in words.
fn cell(view: &View<'_>, row: &FileRow) -> Cell {
    if row.kind == FileRowKind::Enter {
        let indent = " ".repeat(2 * (row.depth as usize).saturating_sub(1));
        return Cell {
            left: format!("{}  {indent}<{}>", row.flags, entry(&row.context)),
            right: String::new(),
            ink: None,
        };
    }
    let indent = " ".repeat(2 * row.depth as usize);
    let object = short_object(view, &row.object);
    let what = match (object.as_str(), row.op.ends_with(')')) {
        ("", _) => row.op.clone(),
        (object, true) => format!("{}: {object}", row.op),
        (object, false) => format!("{}({object})", row.op),
    };
    let waits = row.kind == FileRowKind::Waits;
    Cell { left: format!("{}  {indent}{what}", row.flags), right: result(row), ink: waits.then_some(Ink::Bad) }
}

/// `lock made at main.rs:31` as `lock@main.rs:31`, or as `lock@31` if that is the report's own file.
fn short_object(view: &View<'_>, object: &str) -> String {
    let parts = object.split_once(" made at ").or_else(|| object.split_once(" at "));
    let Some((what, place)) = parts else { return object.to_owned() };
    let own = view.main_file().rsplit('/').next().unwrap_or_default();
    let line = place.strip_prefix(own).and_then(|p| p.strip_prefix(':'));
    format!("{what}@{}", line.unwrap_or(place))
}

/// `hardirq 4 (serial)` as `hardirq 4: serial`.
fn entry(context: &str) -> String {
    let bare = context.strip_prefix("the ").unwrap_or(context);
    match bare.strip_suffix(')').and_then(|b| b.split_once(" (")) {
        Some((line, name)) => format!("{line}: {name}"),
        None => bare.to_owned(),
    }
}

/// How it went, as far as the trace says.
fn result(row: &FileRow) -> String {
    let op = row.op.as_str();
    match row.kind {
        FileRowKind::Waits => if row.cpu.is_some() { "spins" } else { "waits" }.to_owned(),
        FileRowKind::Step if op == "spin_lock" || op == "mutex_lock" => "ok".to_owned(),
        FileRowKind::Step if op == "spin_trylock" || op == "mutex_trylock" => {
            if row.old == 0 { "ok" } else { "busy" }.to_owned()
        }
        FileRowKind::Step if READS.contains(&op) => value(row.old).map_or_else(String::new, |v| format!("= {v}")),
        FileRowKind::Step if WRITES.contains(&op) => value(row.old).map_or_else(String::new, |v| format!("was {v}")),
        _ => String::new(),
    }
}

/// A word as a number; nothing if it may be an address.
fn value(word: u64) -> Option<i64> {
    let low = u32::try_from(word).ok()?;
    Some(if low > 0xffff_0000 { i64::from(low.cast_signed()) } else { i64::from(low) })
}

impl Layout {
    fn new(view: &View<'_>, cells: &[Option<Cell>], paint: Paint) -> Self {
        let t = view.trace;
        let number = (view.count() + 1).to_string().len().max(2);
        let places = t.rows.iter().zip(&view.shown).filter(|(_, shown)| **shown).map(|(r, _)| r.place.as_ref());
        let names = places.chain([t.place.as_ref()]).filter_map(|p| place_name(view, p));
        let place = names.map(|n| len(&n)).max().unwrap_or(0).clamp(5, paint.width / PLACES);
        let mut layout = Layout { cpus: (0..t.cpus.max(1)).collect(), number, place, column: 0, paint };
        if layout.room() < NARROW {
            let used = |cpu: &u32| t.rows.iter().any(|r| r.cpu == Some(*cpu));
            layout.cpus.retain(used);
            if layout.cpus.is_empty() {
                layout.cpus.push(0);
            }
        }
        let wanted = cells.iter().flatten().map(|c| len(&c.left) + 2 + len(&c.right)).max().unwrap_or(0);
        layout.column = wanted.max(USUAL).min(layout.room());
        layout
    }

    /// Columns before the first CPU's.
    fn gutter(&self) -> usize {
        1 + self.number + 1 + self.place + 3
    }

    /// What each CPU can have.
    fn room(&self) -> usize {
        let bars = 3 * (self.cpus.len() - 1);
        (self.paint.width.saturating_sub(self.gutter() + bars) / self.cpus.len()).max(6)
    }

    fn lead(&self, number: &str, place: &str) -> String {
        let (n, p) = (self.number, self.place);
        let place = cut(place, p);
        format!(" {} {} ", self.paint.ink(Ink::Dim, &format!("{number:>n$} {place:>p$}")), self.paint.bar())
    }

    fn header(&self, view: &View<'_>) -> String {
        let heads: Vec<String> = self
            .cpus
            .iter()
            .map(|&cpu| {
                let name = first_task(view, cpu).unwrap_or("idle");
                self.paint.ink(Ink::Strong, &fit(&format!("cpu{cpu}  {name}"), self.column))
            })
            .collect();
        self.lead("#", "line") + &heads.join(&format!(" {} ", self.paint.bar()))
    }

    /// The column of row `i`: its CPU's, or the one where its context was last.
    fn column_of(&self, view: &View<'_>, i: usize) -> usize {
        let rows = &view.trace.rows;
        let proc = rows[i].label.proc;
        let cpu = rows[..=i].iter().rev().filter(|r| r.label.proc == proc).find_map(|r| r.cpu);
        self.cpus.iter().position(|&c| Some(c) == cpu).unwrap_or(0)
    }

    fn row(&self, number: Option<usize>, place: Option<String>, column: usize, cell: &Cell) -> String {
        let number = number.map_or_else(String::new, |n| n.to_string());
        // In a narrow column the name of the object is worth more than how it went, unless that is the point.
        let crowded = self.column < NARROW && len(&cell.left) + 1 + len(&cell.right) > self.column;
        let right = if crowded && cell.ink.is_none() { String::new() } else { cut(&cell.right, self.column) };
        let left = match len(&right) {
            0 => fit(&cell.left, self.column),
            n => fit(&cell.left, self.column.saturating_sub(n + 1)) + " " + &right,
        };
        let text = cell.ink.map_or_else(|| left.clone(), |ink| self.paint.ink(ink, &left));
        let blank = " ".repeat(self.column);
        let cells: Vec<&str> = (0..self.cpus.len()).map(|c| if c == column { text.as_str() } else { &blank }).collect();
        self.lead(&number, &place.unwrap_or_default()) + &cells.join(&format!(" {} ", self.paint.bar()))
    }

    /// A line of text across all columns.
    fn note(&self, head: &str, text: &str) -> String {
        let room = self.paint.width.saturating_sub(self.gutter());
        self.lead("", head) + &cut(text, room)
    }

    /// Writes the line that stands for the folded rows.
    fn fold(&self, out: &mut Vec<String>, folded: &mut Vec<&FileRow>) {
        if folded.is_empty() {
            return;
        }
        let mut who: Vec<&str> = Vec::new();
        for row in folded.iter() {
            if !who.contains(&row.context.as_str()) {
                who.push(&row.context);
            }
        }
        let s = if folded.len() == 1 { "" } else { "s" };
        let text = format!("... ({} step{s} of {})", folded.len(), who.join(", "));
        let room = self.paint.width.saturating_sub(self.gutter());
        out.push(self.lead("", "") + &self.paint.ink(Ink::Dim, &cut(&text, room)));
        folded.clear();
    }
}
