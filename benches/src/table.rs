//! A row of the result and its two forms: one JSON object a line, and an aligned table.

use serde_json::{Value, json};

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// More is better: the goal is a lower bound.
    Higher,
    /// Less is better: the goal is an upper bound.
    Lower,
}

/// What a goal bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bounds {
    /// Ours divided by theirs.
    Ratio,
    /// Our value itself: there is nothing to compare with, and `theirs` is null.
    Ours,
}

/// One comparison. `ratio` is always ours divided by theirs.
#[derive(Clone, Debug)]
pub struct Row {
    /// The program and what is done with it.
    pub work: String,
    /// Who is compared with.
    pub peer: &'static str,
    /// Our value, unless it could not be measured.
    pub ours: Option<f64>,
    /// The peer's value, unless there is none.
    pub theirs: Option<f64>,
    /// The bound to keep.
    pub goal: f64,
    /// What it bounds.
    pub bounds: Bounds,
    /// Which side of the goal is the good one.
    pub better: Better,
    /// What `ours` and `theirs` count.
    pub unit: &'static str,
}

impl Row {
    /// Ours divided by theirs, if both are known and finite.
    pub fn ratio(&self) -> Option<f64> {
        let ratio = self.ours? / self.theirs?;
        ratio.is_finite().then_some(ratio)
    }

    /// Whether the goal is met; `None` if that was not measured.
    pub fn met(&self) -> Option<bool> {
        let value = match self.bounds {
            Bounds::Ratio => self.ratio()?,
            Bounds::Ours => self.ours.filter(|ours| ours.is_finite())?,
        };
        Some(match self.better {
            Better::Higher => value >= self.goal,
            Better::Lower => value <= self.goal,
        })
    }

    fn better(&self) -> &'static str {
        match self.better {
            Better::Higher => "higher",
            Better::Lower => "lower",
        }
    }

    /// The row as one JSON object on a line, in the published order of keys; what was not measured is null.
    pub fn json(&self) -> String {
        let fields: [(&str, Value); 8] = [
            ("work", json!(self.work)),
            ("peer", json!(self.peer)),
            ("ours", json!(self.ours)),
            ("theirs", json!(self.theirs)),
            ("ratio", json!(self.ratio())),
            ("goal", json!(self.goal)),
            ("better", json!(self.better())),
            ("unit", json!(self.unit)),
        ];
        let fields = fields.map(|(key, value)| format!("{}:{value}", json!(key)));
        format!("{{{}}}", fields.join(","))
    }
}

/// The rows as an aligned table with a heading.
pub fn aligned(rows: &[Row]) -> String {
    const HEADING: [&str; 8] = ["work", "peer", "ours", "theirs", "ratio", "goal", "met", "unit"];
    let mut cells = vec![HEADING.map(str::to_owned)];
    cells.extend(rows.iter().map(|row| {
        let side = if row.better == Better::Higher { ">=" } else { "<=" };
        let of = if row.bounds == Bounds::Ratio { "" } else { " (ours)" };
        let met = row.met().map_or("-", |met| if met { "yes" } else { "NO" });
        [
            row.work.clone(),
            row.peer.to_owned(),
            number(row.ours),
            number(row.theirs),
            number(row.ratio()),
            format!("{side} {}{of}", number(Some(row.goal))),
            met.to_owned(),
            row.unit.to_owned(),
        ]
    }));
    let width = |column: usize| cells.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: [usize; 8] = std::array::from_fn(width);
    let mut text = String::new();
    for row in &cells {
        let padded: Vec<String> = row
            .iter()
            .zip(widths)
            .enumerate()
            .map(
                |(column, (cell, width))| {
                    if (2..=4).contains(&column) { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
                },
            )
            .collect();
        text += padded.join("  ").trim_end();
        text.push('\n');
    }
    text
}

/// A value with about four digits, `-` if there is none.
fn number(value: Option<f64>) -> String {
    match value {
        None => "-".to_owned(),
        Some(value) if value.fract() == 0.0 || value.abs() >= 1000.0 => format!("{value:.0}"),
        Some(value) if value.abs() >= 1.0 => format!("{value:.2}"),
        Some(value) => format!("{value:.4}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(ours: Option<f64>, theirs: Option<f64>, goal: f64, better: Better) -> Row {
        let bounds = if better == Better::Lower { Bounds::Ours } else { Bounds::Ratio };
        Row { work: "w".into(), peer: "p", ours, theirs, goal, bounds, better, unit: "u" }
    }

    #[test]
    fn the_goal_bounds_the_ratio_or_else_ours() {
        assert_eq!(row(Some(3.0), Some(2.0), 1.0, Better::Higher).met(), Some(true));
        assert_eq!(row(Some(1.0), Some(2.0), 1.0, Better::Higher).met(), Some(false));
        assert_eq!(row(Some(0.4), None, 0.5, Better::Lower).met(), Some(true));
        assert_eq!(row(Some(0.6), None, 0.5, Better::Lower).met(), Some(false));
    }

    #[test]
    fn a_goal_without_its_values_is_neither_met_nor_missed() {
        assert_eq!(row(None, Some(2.0), 1.0, Better::Higher).met(), None);
        assert_eq!(row(Some(9.0), None, 1.0, Better::Higher).met(), None);
        assert_eq!(row(Some(f64::INFINITY), None, 0.5, Better::Lower).met(), None);
    }

    #[test]
    fn json_has_the_published_keys_and_null_for_the_unmeasured() {
        let text = row(None, Some(2.0), 1.0, Better::Higher).json();
        assert_eq!(
            text,
            r#"{"work":"w","peer":"p","ours":null,"theirs":2.0,"ratio":null,"goal":1.0,"better":"higher","unit":"u"}"#
        );
    }

    #[test]
    fn columns_are_aligned() {
        let table = aligned(&[row(Some(1234.5), Some(2.0), 1.0, Better::Higher), row(None, None, 0.5, Better::Lower)]);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[1], "w     p     1234       2  617.25  >= 1              yes  u");
        assert_eq!(lines[2].find("<= 0.5000 (ours)"), lines[1].find(">= 1"));
    }
}
