//! Makes a found execution small: no single burst, arrival or choice of it can be left out (of executions with more
//! than 400 steps, only the first 400 choices are tried singly; after 4,000 replays it is left as it is; lock-ups and
//! livelocks, whose replays take long, are not minimised).
//!
//! A candidate is the list of choices with something left out; it is replayed leniently (choices that cannot be
//! followed are skipped, and after the list the machine goes on without a switch or an arrival that is not needed).
//! It is taken if it gives the same code at the same places and costs less: fewer arrivals, then fewer switches, then
//! fewer steps.

use crate::search::{Caught, run_once};
use crate::{Program, Settings};
use ringzero_model::{Found, Model};
use ringzero_strategies::{Observe, Replay, ReplayMode};
use ringzero_trace::{Choice, Event};

/// Replays at most.
const TRIES: usize = 4000;

/// The result.
pub(crate) struct Small {
    pub choices: Vec<Choice>,
    pub found: Found,
    pub was: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Cost {
    arrivals: usize,
    switches: usize,
    steps: usize,
}

/// Whether two findings are the same one.
pub(crate) fn same(a: &Found, b: &Found) -> bool {
    let at = |f: &Found| f.place.map(|p| (p.file(), p.line()));
    let other = |f: &Found| f.other.map(|p| (p.file(), p.line()));
    a.code == b.code && at(a) == at(b) && other(a) == other(b)
}

fn attempt(
    model: &Model,
    program: &Program<'_>,
    choices: Vec<Choice>,
    want: &Found,
) -> Option<(Cost, Vec<Choice>, Found)> {
    let mut replay = Replay::new(choices, ReplayMode::Lenient);
    let mut cost = Cost { arrivals: 0, switches: 0, steps: 0 };
    let measure = |_, events: &[Event], _: &[Event]| {
        let switches = events.windows(2).filter(|w| w[0].label.proc != w[1].label.proc).count();
        let arrivals = events.iter().filter(|e| e.enters).count();
        cost = Cost { arrivals, switches, steps: events.len() };
    };
    let (outcome, taken) = run_once(model, program, &mut Observe::new(&mut replay, measure));
    let found = outcome.found.filter(|f| same(f, want))?;
    Some((cost, taken, found))
}

/// Minimises. A finding that costs time to reproduce (a lock-up, a livelock) is left as it is.
pub(crate) fn minimise(program: &Program<'_>, settings: &Settings, caught: &Caught) -> Small {
    let was = caught.choices.len();
    let as_is = || Small { choices: caught.choices.clone(), found: caught.found.clone(), was };
    if matches!(caught.found.code, "soft-lockup" | "livelock") {
        return as_is();
    }
    let model = Model::new(settings.machine.clone());
    let Some(mut best) = attempt(&model, program, caught.choices.clone(), &caught.found) else { return as_is() };
    let mut tries = 0;
    let mut again = true;
    while again && tries < TRIES {
        again = false;
        for candidate in candidates(&best.1) {
            tries += 1;
            if tries >= TRIES {
                break;
            }
            if let Some(better) = attempt(&model, program, candidate, &caught.found)
                && better.0 < best.0
            {
                best = better;
                again = true;
                break;
            }
        }
    }
    Small { choices: best.1, found: best.2, was }
}

/// Lists with something left out: nothing at all, the tail, one context's burst, one choice, two neighbouring bursts
/// exchanged.
fn candidates(choices: &[Choice]) -> impl Iterator<Item = Vec<Choice>> + use<> {
    let mut bursts: Vec<(usize, usize)> = Vec::new();
    for (n, l) in choices.iter().enumerate() {
        match bursts.last_mut() {
            Some(b) if choices[b.0].who == l.who => b.1 = n + 1,
            _ => bursts.push((n, n + 1)),
        }
    }
    let all: Vec<Choice> = choices.to_vec();
    let mut list: Vec<Vec<Choice>> = vec![Vec::new()];
    for b in &bursts {
        list.push(all[..b.0].to_vec());
        let mut without = all.clone();
        without.drain(b.0..b.1);
        list.push(without);
    }
    for w in bursts.windows(2) {
        let mut swapped = all[..w[0].0].to_vec();
        swapped.extend_from_slice(&all[w[1].0..w[1].1]);
        swapped.extend_from_slice(&all[w[0].0..w[0].1]);
        swapped.extend_from_slice(&all[w[1].1..]);
        list.push(swapped);
    }
    let singles = (0..all.len()).map(|n| {
        let mut without = all.clone();
        without.remove(n);
        without
    });
    list.extend(singles.take(400));
    list.into_iter()
}
