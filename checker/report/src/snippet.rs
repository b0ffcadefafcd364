//! The quoted source lines.

use crate::marks::Mark;
use crate::paint::{Ink, Paint, cut, fit, len};
use crate::view::View;

/// Narrower than this no source line is cut.
const MIN_SOURCE: usize = 12;
/// Source lines keep this much of their indentation.
const INDENT: usize = 4;

/// Writes where it is, and the source lines of the marks, each with its notes.
pub fn snippet(out: &mut Vec<String>, view: &View<'_>, marks: &[Mark], paint: Paint) {
    let mut marks: Vec<&Mark> = marks.iter().collect();
    let main = view.main_file();
    marks.sort_by_key(|m| (m.place.file != main, m.place.file.as_str(), m.place.line, m.number));
    let gutter = marks.iter().map(|m| m.place.line.to_string().len()).max().unwrap_or(1).max(2);
    let texts = dedented(view, &marks);
    let note_len = marks.iter().map(|m| len(&note(m))).max().unwrap_or(0);
    let room = paint.width.saturating_sub(gutter + 3 + 4 + note_len).max(MIN_SOURCE);
    let source_width = texts.iter().map(|t| len(t)).max().unwrap_or(0).min(room);
    let mut former: Option<&Mark> = None;
    for (mark, text) in marks.iter().zip(&texts) {
        if former.is_none_or(|f| f.place.file != mark.place.file) {
            let arrow = if former.is_none() { "-->" } else { ":::" };
            let place = format!("{}:{}", mark.place.file, mark.place.line);
            out.push(format!("  {} {}", paint.ink(Ink::Dim, arrow), cut(&place, paint.width - 6)));
        }
        let again = former.is_some_and(|f| (&f.place.file, f.place.line) == (&mark.place.file, mark.place.line));
        let (line, text) = if again { (String::new(), "") } else { (mark.place.line.to_string(), text.as_str()) };
        let number = paint.ink(Ink::Dim, &format!("{line:>gutter$}"));
        let note_room = paint.width.saturating_sub(gutter + 3 + source_width + 4);
        let note = paint.ink(Ink::Bad, &cut(&note(mark), note_room));
        out.push(format!("{number} {} {}    {note}", paint.bar(), fit(text, source_width)));
        former = Some(mark);
    }
    if marks.is_empty() {
        out.push(format!("  {} {}", paint.ink(Ink::Dim, "-->"), cut(&view.trace.program, paint.width - 6)));
    }
}

fn note(mark: &Mark) -> String {
    match mark.number {
        Some(n) => format!("({n}) {}", mark.note),
        None => mark.note.clone(),
    }
}

/// The marks' source lines, all moved to the left by the same amount.
fn dedented(view: &View<'_>, marks: &[&Mark]) -> Vec<String> {
    let text = |m: &Mark| view.trace.source(&m.place.file, m.place.line).map(str::trim_end);
    let found: Vec<Option<&str>> = marks.iter().map(|m| text(m)).collect();
    let indent = |t: &str| t.len() - t.trim_start_matches(' ').len();
    let least = found.iter().flatten().filter(|t| !t.is_empty()).map(|t| indent(t)).min().unwrap_or(0);
    let pad = " ".repeat(INDENT);
    found
        .iter()
        .map(|t| t.map_or_else(|| format!("{pad}..."), |t| pad.clone() + t.get(least..).unwrap_or("")))
        .collect()
}
