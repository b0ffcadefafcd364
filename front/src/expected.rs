//! What a C file expects of itself: `// expect: VERDICT [CODE]`.

use crate::tune::wrong;
use ringzero_findings::Code;
use ringzero_module::{BuildError, Source};
use std::fmt;

/// The verdict that a file expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// No rule is violated.
    Holds,
    /// Nothing is found within the budget.
    NotFound,
    /// The rule of this finding code is violated.
    Violated(String),
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expected::Holds => f.write_str("holds"),
            Expected::NotFound => f.write_str("not-found"),
            Expected::Violated(code) => write!(f, "violated {code}"),
        }
    }
}

/// What the file expects of itself.
pub(crate) fn expected(source: &Source) -> Result<Option<Expected>, BuildError> {
    let Some(s) = source.expect() else { return Ok(None) };
    let words: Vec<&str> = s.words.iter().map(String::as_str).collect();
    match words[..] {
        ["holds"] => Ok(Some(Expected::Holds)),
        ["not-found"] => Ok(Some(Expected::NotFound)),
        ["violated", code] if Code::parse(code).is_none() => {
            Err(wrong(&s, format!("there is no finding `{code}`; `ringzero explain` knows those there are")))
        }
        ["violated", code] => Ok(Some(Expected::Violated(code.to_owned()))),
        _ => Err(wrong(&s, "`expect:` is followed by `holds`, `not-found` or `violated CODE`".to_owned())),
    }
}
