//! What a C file asks for: `// ringzero: KEY VALUE` lines.

use ringzero_module::{BuildError, Setting, Source};
use std::time::Duration;

/// What the comments ask for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tuning {
    /// Lines that come exactly so often.
    pub arrivals: Vec<(u32, u32)>,
    changes: Vec<Change>,
}

/// What the checker is told. Words are numbers in the lists below.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "model"), expect(dead_code, reason = "most of it is for the checker alone"))]
enum Change {
    Cpus(usize),
    Interrupts(u32),
    Nmis(u32),
    Expiries(u32),
    Failures(u32),
    Steps(u32),
    Executions(u64),
    Lockup(Duration),
    Preempt(usize),
    Time(usize),
    Race(usize),
}

const PREEMPT: [&str; 3] = ["none", "voluntary", "full"];
const TIME: [&str; 2] = ["free", "strict"];
const RACE: [&str; 3] = ["strict", "kcsan", "off"];

/// The keys, as an error lists them.
const KEYS: &str = "arrivals IRQ N, cpus N, interrupts N, nmis N, expiries N, failures N, steps N, executions N, lockup SECONDS, \
                    preempt none|voluntary|full, time free|strict, data-race strict|kcsan|off";

pub(crate) fn wrong(s: &Setting, what: String) -> BuildError {
    BuildError::Input { path: s.file.clone(), line: Some(s.line), what }
}

fn number<T: std::str::FromStr>(s: &Setting, word: &str) -> Result<T, BuildError> {
    word.parse().map_err(|_| wrong(s, format!("`{word}` is not a number that fits here")))
}

/// Which of the words it is.
fn one_of(s: &Setting, word: &str, known: &[&str]) -> Result<usize, BuildError> {
    let found = known.iter().position(|k| *k == word);
    found.ok_or_else(|| wrong(s, format!("`{word}` is none of: {}", known.join(", "))))
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
                ["preempt", word] => Change::Preempt(one_of(&s, word, &PREEMPT)?),
                ["time", word] => Change::Time(one_of(&s, word, &TIME)?),
                ["data-race", word] => Change::Race(one_of(&s, word, &RACE)?),
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
    #[cfg(feature = "model")]
    pub fn apply(&self, s: &mut ringzero::program::Settings) {
        use ringzero::program::DataRace::{Kcsan, Off, Strict};
        use ringzero::{PreemptModel, TimeModel};
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
                Change::Preempt(n) => {
                    m.preempt = [PreemptModel::None, PreemptModel::Voluntary, PreemptModel::Full][n];
                }
                Change::Time(n) => m.time = [TimeModel::Free, TimeModel::Strict][n],
                Change::Race(n) => m.data_race = [Strict, Kcsan, Off][n],
            }
        }
    }
}
