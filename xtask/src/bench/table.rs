//! Rows that a benchmark has printed as JSON objects, one a line, as an aligned table.

use anyhow::{Context, Result};
use serde_json::Value;

/// The columns, and whether a column is of numbers.
const HEADING: [(&str, bool); 8] = [
    ("work", false),
    ("peer", false),
    ("ours", true),
    ("theirs", true),
    ("ratio", true),
    ("goal", false),
    ("met", false),
    ("unit", false),
];

/// The table of `rows`, with a heading.
pub fn aligned(rows: &str) -> Result<String> {
    let mut cells = vec![HEADING.map(|(name, _)| name.to_owned())];
    for line in rows.lines() {
        let row: Value = serde_json::from_str(line).with_context(|| format!("a row of the benchmark: {line}"))?;
        cells.push(cells_of(&row));
    }
    let width = |column: usize| cells.iter().map(|row: &[String; 8]| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 8] = std::array::from_fn(width);
    let mut text = String::new();
    for row in &cells {
        let padded = row.iter().zip(widths).zip(HEADING).map(|((cell, width), (_, number))| {
            if number { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        text += padded.collect::<Vec<_>>().join("  ").trim_end();
        text.push('\n');
    }
    Ok(text)
}

fn cells_of(row: &Value) -> [String; 8] {
    let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let value = |key: &str| row[key].as_f64();
    let higher = row["better"] == "higher";
    let met = value("goal").zip(value("ratio")).map(|(goal, ratio)| if higher { ratio >= goal } else { ratio <= goal });
    let goal = value("goal").map_or("-".into(), |goal| format!("{} {goal}", if higher { ">=" } else { "<=" }));
    [
        text("work"),
        text("peer"),
        number(value("ours")),
        number(value("theirs")),
        number(value("ratio")),
        goal,
        met.map_or("-", |met| if met { "yes" } else { "NO" }).to_owned(),
        text("unit"),
    ]
}

/// A value with three or four digits, `-` if there is none.
fn number(value: Option<f64>) -> String {
    match value {
        None => "-".to_owned(),
        Some(value) if value.abs() >= 100.0 => format!("{value:.0}"),
        Some(value) if value.abs() >= 10.0 => format!("{value:.1}"),
        Some(value) => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_whether_its_goal_is_met() {
        let rows = r#"{"work":"lock","peer":"p","ours":3.0,"theirs":2.0,"ratio":1.5,"goal":1.5,"better":"lower","unit":"ns"}
{"work":"share","peer":"p","ours":0.1,"theirs":null,"ratio":null,"goal":null,"better":"higher","unit":"u"}"#;
        let table = aligned(rows).unwrap();
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[0], "work   peer  ours  theirs  ratio  goal    met  unit");
        assert_eq!(lines[1], "lock   p     3.00    2.00   1.50  <= 1.5  yes  ns");
        assert_eq!(lines[2], "share  p     0.10       -      -  -       -    u");
    }

    #[test]
    fn what_is_no_row_is_an_error() {
        assert!(aligned("warming up\n").is_err());
    }
}
