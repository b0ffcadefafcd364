//! The counting programs, by name: what all three checkers run.
//!
//! A name is `KIND-TxN`: T threads that perform N operations each on shared memory, every access sequentially
//! consistent. The programs are small on purpose: their number of classes is known (see `check NAME --strategy
//! exhaustive`), so that executions can be compared and not only seconds.

use std::fmt;
use std::str::FromStr;

/// What each thread does N times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Load the counter, then store what was read plus one: two steps, so updates can be lost.
    Increment,
    /// Add one to the counter in one step.
    FetchAdd,
    /// Take a ticket, wait in an open-coded loop until it is served, serve the next one.
    Ticket,
    /// As `Increment`, and at the end the counter must not be 2: a bug that only a few deep schedules reach.
    Deep,
}

/// The kinds with the names they go by.
const KINDS: [(&str, Kind); 4] =
    [("increment", Kind::Increment), ("fetch-add", Kind::FetchAdd), ("ticket", Kind::Ticket), ("deep", Kind::Deep)];

/// One program: the kind, and how many threads do it how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Program {
    /// What a thread does.
    pub kind: Kind,
    /// How many threads there are, the one that starts them not counted.
    pub threads: usize,
    /// How often each thread does it.
    pub operations: usize,
}

/// The final value that a `deep` program must not reach.
pub const DEEP_FORBIDDEN: usize = 2;

impl FromStr for Program {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let parse = || {
            let (kind, size) = name.rsplit_once('-')?;
            let (_, kind) = KINDS.iter().find(|(known, _)| *known == kind)?;
            let (threads, operations) = size.split_once('x')?;
            let (threads, operations) = (threads.parse().ok()?, operations.parse().ok()?);
            Some(Program { kind: *kind, threads, operations })
        };
        parse().ok_or_else(|| format!("`{name}` is not of the form KIND-TxN, KIND one of {:?}", KINDS.map(|k| k.0)))
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = KINDS.iter().find(|(_, kind)| *kind == self.kind).map_or("?", |(name, _)| name);
        write!(f, "{kind}-{}x{}", self.threads, self.operations)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written_back() {
        for name in ["increment-2x4", "fetch-add-2x6", "ticket-6x1", "deep-2x10"] {
            assert_eq!(name.parse::<Program>().unwrap().to_string(), name);
        }
        for bad in ["increment", "increment-2", "unknown-2x2", "deep-axb"] {
            assert!(bad.parse::<Program>().is_err(), "{bad}");
        }
    }
}
