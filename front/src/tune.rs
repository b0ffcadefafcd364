//! What a C file says of itself: `// expect: VERDICT [CODE]` and `// ringzero: KEY VALUE` lines.

use ringzero::program::{DataRace, Settings};
use ringzero::{PreemptModel, TimeModel};
use ringzero_findings::Code;
use ringzero_module::{BuildError, Setting, Source};
use std::fmt;
use std::time::Duration;

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

/// What the comments ask for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tuning {
    /// Lines that come exactly so often.
    pub arrivals: Vec<(u32, u32)>,
    changes: Vec<Change>,
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Cpus(usize),
    Interrupts(u32),
    Nmis(u32),
    Expiries(u32),
    Failures(u32),
    Steps(u32),
    Executions(u64),
    Lockup(Duration),
    Preempt(PreemptModel),
    Time(TimeModel),
    Race(DataRace),
}

/// The keys, as an error lists them.
const KEYS: &str = "arrivals IRQ N, cpus N, interrupts N, nmis N, expiries N, failures N, steps N, executions N, lockup SECONDS, \
                    preempt none|voluntary|full, time free|strict, data-race strict|kcsan|off";

fn wrong(s: &Setting, what: String) -> BuildError {
    BuildError::Input { path: s.file.clone(), line: Some(s.line), what }
}

fn number<T: std::str::FromStr>(s: &Setting, word: &str) -> Result<T, BuildError> {
    word.parse().map_err(|_| wrong(s, format!("`{word}` is not a number that fits here")))
}

fn one_of<T>(s: &Setting, word: &str, known: &[(&str, T)]) -> Result<T, BuildError>
where
    T: Copy,
{
    let found = known.iter().find(|k| k.0 == word).map(|k| k.1);
    let names = || known.iter().map(|k| k.0).collect::<Vec<_>>().join(", ");
    found.ok_or_else(|| wrong(s, format!("`{word}` is none of: {}", names())))
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

impl Tuning {
    pub fn of(source: &Source) -> Result<Self, BuildError> {
        let mut t = Self::default();
        for s in source.settings() {
            let words: Vec<&str> = s.words.iter().map(String::as_str).collect();
            let change = match words[..] {
                ["arrivals", irq, n] => {
                    let irq = number(&s, irq)?;
                    if irq >= ringzero_irq::NR_IRQS {
                        return Err(wrong(
                            &s,
                            format!("there is no line {irq}: lines are 0 to {}", ringzero_irq::NR_IRQS - 1),
                        ));
                    }
                    t.arrivals.push((irq, number(&s, n)?));
                    continue;
                }
                ["cpus", n] => match number(&s, n)? {
                    n @ 1..=16 => Change::Cpus(n),
                    n => return Err(wrong(&s, format!("a machine has 1 to 16 CPUs, not {n}"))),
                },
                ["interrupts", n] => Change::Interrupts(number(&s, n)?),
                ["nmis", n] => Change::Nmis(number(&s, n)?),
                ["expiries", n] => Change::Expiries(number(&s, n)?),
                ["failures", n] => Change::Failures(number(&s, n)?),
                ["executions", n] => Change::Executions(number(&s, n)?),
                ["steps", n] => Change::Steps(number(&s, n)?),
                ["lockup", n] => Change::Lockup(Duration::from_secs(number::<u32>(&s, n)?.into())),
                ["preempt", word] => {
                    use PreemptModel::{Full, None, Voluntary};
                    Change::Preempt(one_of(&s, word, &[("none", None), ("voluntary", Voluntary), ("full", Full)])?)
                }
                ["time", word] => {
                    Change::Time(one_of(&s, word, &[("free", TimeModel::Free), ("strict", TimeModel::Strict)])?)
                }
                ["data-race", word] => {
                    use DataRace::{Kcsan, Off, Strict};
                    Change::Race(one_of(&s, word, &[("strict", Strict), ("kcsan", Kcsan), ("off", Off)])?)
                }
                _ => return Err(wrong(&s, format!("`{}` is not understood; there are: {KEYS}", words.join(" ")))),
            };
            t.changes.push(change);
        }
        Ok(t)
    }

    /// How many CPUs it asks for.
    pub fn cpus(&self) -> Option<usize> {
        self.changes.iter().rev().find_map(|c| if let Change::Cpus(n) = c { Some(*n) } else { None })
    }

    /// Changes settings accordingly.
    pub fn apply(&self, s: &mut Settings) {
        let m = &mut s.machine;
        for change in &self.changes {
            match *change {
                Change::Cpus(n) => m.cpus = n,
                Change::Interrupts(n) => m.interrupts = n,
                Change::Nmis(n) => m.nmis = n,
                Change::Expiries(n) => m.expiries = n,
                Change::Failures(n) => m.failures = n,
                Change::Steps(n) => m.steps = n,
                Change::Executions(n) => s.executions = n,
                Change::Lockup(time) => m.lockup = time,
                Change::Preempt(model) => m.preempt = model,
                Change::Time(model) => m.time = model,
                Change::Race(which) => m.data_race = which,
            }
        }
    }
}
