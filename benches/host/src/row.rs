//! A comparison, printed as one JSON object a line.

use serde_json::{Value, json};

/// Which way is better.
#[derive(Clone, Copy)]
pub enum Better {
    /// More is better: the goal is a lower bound of the ratio.
    Higher,
    /// Less is better: the goal is an upper bound of the ratio.
    Lower,
}

/// One comparison.
pub struct Row<'a> {
    /// What is done.
    pub work: &'a str,
    /// Who is compared with.
    pub peer: &'a str,
    /// Our value.
    pub ours: f64,
    /// The peer's.
    pub theirs: f64,
    /// The bound of the ratio, if there is one.
    pub goal: Option<f64>,
    /// Which side of it is the good one.
    pub better: Better,
    /// What is counted.
    pub unit: &'a str,
}

impl Row<'_> {
    /// Prints it.
    pub fn print(&self) {
        let better = match self.better {
            Better::Higher => "higher",
            Better::Lower => "lower",
        };
        let work = if cfg!(feature = "model") { format!("{}, model compiled in", self.work) } else { self.work.into() };
        // A goal is one of the form that goes without the model.
        let goal = self.goal.filter(|_| cfg!(not(feature = "model")));
        let fields: [(&str, Value); 8] = [
            ("work", json!(work)),
            ("peer", json!(self.peer)),
            ("ours", json!(self.ours)),
            ("theirs", json!(self.theirs)),
            ("ratio", json!(self.ours / self.theirs)),
            ("goal", json!(goal)),
            ("better", json!(better)),
            ("unit", json!(self.unit)),
        ];
        let fields = fields.map(|(key, value)| format!("{}:{value}", json!(key)));
        println!("{{{}}}", fields.join(","));
    }
}
