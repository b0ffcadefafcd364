//! Searching on several threads.

use crate::search::{Budget, Tally, cross_check, exhaust as alone, run_once};
use crate::{Program, Settings};
use ringzero_model::{Model, SharedProcs};
use ringzero_strategies::{Common, Exhaustive};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What the threads share besides the tree.
struct Team {
    common: Arc<Common>,
    procs: SharedProcs,
    runs: AtomicU64,
    cut: AtomicBool,
    diverged: AtomicBool,
    worth_a_check: AtomicBool,
}

/// Searches exhaustively on `settings.jobs` threads.
///
/// Which thread comes to a violation first depends on the machine's mood. So a search that finds one is done again on
/// one thread, up to the first violation in its order: the verdict and the finding are those of one job.
pub(crate) fn exhaust(program: &Program<'_>, settings: &Settings, budget: Budget) -> (Tally, bool) {
    let team = Team {
        common: Arc::new(Common::default()),
        procs: SharedProcs::default(),
        runs: AtomicU64::new(0),
        cut: AtomicBool::new(false),
        diverged: AtomicBool::new(false),
        worth_a_check: AtomicBool::new(false),
    };
    team.common.begin();
    let mut total = Tally::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..settings.jobs)
            .map(|n| {
                let team = &team;
                scope.spawn(move || work(team, n == 0, program, settings, budget))
            })
            .collect();
        for w in workers {
            match w.join() {
                Ok(t) => total.add(t),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    if budget.begins_anew(&total) {
        return (total, false);
    }
    total.exhausted = !team.common.stopped() && !team.cut.load(Ordering::Relaxed);
    let diverged = team.diverged.load(Ordering::Relaxed);
    let check = total.exhausted && team.worth_a_check.load(Ordering::Relaxed);
    if check && (total.caught.is_none() || settings.all_classes) {
        let model = Model::new(settings.machine.clone());
        let mut search = Exhaustive::another_of(&team.common);
        cross_check(program, &model, settings, budget, &mut search, &mut total);
        if !settings.all_classes && total.caught.is_some() {
            return (total, diverged);
        }
    }
    if total.caught.is_some() && !settings.all_classes && !diverged {
        let again = alone(program, settings, budget, &mut |_| {});
        // Out of time, the finding that there is stands.
        return if again.0.caught.is_some() { again } else { (total, diverged) };
    }
    if total.caught.is_some() && !diverged {
        let once = Budget { all_classes: false, ..budget };
        total.caught = alone(program, settings, once, &mut |_| {}).0.caught;
    }
    (total, diverged)
}

fn work(team: &Team, is_first: bool, program: &Program<'_>, settings: &Settings, budget: Budget) -> Tally {
    let model = Model::sharing(settings.machine.clone(), &team.procs);
    let mut search = if is_first { Exhaustive::first_of(&team.common) } else { Exhaustive::another_of(&team.common) };
    let mut tally = Tally::default();
    loop {
        while !search.exhausted && !team.common.stopped() {
            let (outcome, choices) = run_once(&model, program, &mut search);
            tally.count(outcome, search.last_new, &choices, "exhaustive");
            let runs = team.runs.fetch_add(1, Ordering::Relaxed) + 1;
            if search.diverged {
                team.diverged.store(true, Ordering::Relaxed);
                team.common.stop();
            } else if budget.begins_anew(&tally) || budget.spent_by(runs, tally.caught.is_some()) {
                team.cut.store(true, Ordering::Relaxed);
                team.common.stop();
            }
        }
        if search.worth_a_check() {
            team.worth_a_check.store(true, Ordering::Relaxed);
        }
        if !search.next_share() {
            return tally;
        }
    }
}
