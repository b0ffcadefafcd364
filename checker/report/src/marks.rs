//! The rows whose source lines are quoted, each with a note.

use crate::view::{View, takes};
use ringzero_findings::Code;
use ringzero_trace::{FilePlace, FileRow};

/// A quoted place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The row's number, if the place is one of a row.
    pub number: Option<usize>,
    pub place: FilePlace,
    pub note: String,
}

/// The marks, by number; those without one first.
pub fn marks(view: &View<'_>) -> Vec<Mark> {
    let mut all = match view.code {
        Some(Code::Deadlock) => circle(view),
        _ => Vec::new(),
    };
    if all.len() < 3 {
        all = of_the_finding(view);
        if view.code == Some(Code::Hang) {
            let known: Vec<_> = all.iter().map(|m| m.number).collect();
            all.extend(waits(view).filter(|m| !known.contains(&m.number)));
        }
    }
    all.sort_by_key(|m| m.number);
    all
}

fn of_the_finding(view: &View<'_>) -> Vec<Mark> {
    let t = view.trace;
    let number = |row: Option<usize>| row.and_then(|i| view.numbers[i]);
    let mut marks = Vec::new();
    if let Some(place) = &t.other {
        let note = view.code.map_or("earlier here", |c| first_note(c, view.first.map(|i| &t.rows[i])));
        marks.push(Mark { number: number(view.first), place: place.clone(), note: note.to_owned() });
    }
    if let Some(place) = &t.place {
        let note = view.code.map_or("here", |c| second_note(c, view.second.map(|i| &t.rows[i])));
        let number = number(view.second).or(view.extra());
        marks.push(Mark { number, place: place.clone(), note: note.to_owned() });
    }
    marks
}

/// What happened at the earlier place; the row may show that the code's usual words are wrong.
fn first_note(code: Code, row: Option<&FileRow>) -> &'static str {
    match (code, row) {
        // An NMI does not care for the mask.
        (Code::IrqDeadlock, Some(r)) if r.flags.starts_with('d') => "taken here",
        (Code::IrqDeadlock | Code::SoftirqDeadlock, Some(r)) if !takes(r) => "the other side, which cannot go on",
        // Nobody holds it: the place is the lock's own.
        (Code::UnlockByOther, None) => "the lock is made here",
        (Code::DataRace, Some(r)) => {
            if r.writes {
                "one access, a write"
            } else {
                "one access, a read"
            }
        }
        (code, _) => code.first_note(),
    }
}

fn second_note(code: Code, row: Option<&FileRow>) -> &'static str {
    match (code, row) {
        (Code::DataRace, Some(r)) if r.writes => "the other, a write, with no order between",
        (Code::DataRace, Some(_)) => "the other, a read, with no order between",
        (code, _) => code.second_note(),
    }
}

fn waits(view: &View<'_>) -> impl Iterator<Item = Mark> {
    view.waits().filter_map(|(i, r)| {
        let note = format!("{} waits here", r.context);
        Some(Mark { number: view.numbers[i], place: r.place.clone()?, note })
    })
}

/// All that waits, and where what it waits for was taken.
fn circle(view: &View<'_>) -> Vec<Mark> {
    let rows = &view.trace.rows;
    let mut marks: Vec<Mark> = waits(view).map(|m| Mark { note: m.note + " for ever", ..m }).collect();
    for (i, _) in view.waits() {
        let Some(j) = view.holder(i) else { continue };
        if let Some(place) = rows[j].place.clone() {
            let mark =
                Mark { number: view.numbers[j], place, note: format!("{} takes {}", rows[j].context, rows[j].object) };
            if !marks.contains(&mark) {
                marks.push(mark);
            }
        }
    }
    marks
}
