//! The search loop.

use crate::evidence::{self, fingerprint};
use crate::jobs;
use crate::settings::{Answer, Progress, Settings, Strategy, Verdict};
use crate::{Program, minimise};
use ringzero_model::{Found, Model, Outcome};
use ringzero_strategies::{Brute, Classes, Exhaustive, Observe, Pct, Plain, Pos, Random, Sample};
use ringzero_trace::{Choice, End, Event, Scheduler, TraceFile};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Runs one execution; the choices are those of one that ended in a finding, else empty.
pub(crate) fn run_once(model: &Model, program: &Program<'_>, scheduler: &mut dyn Scheduler) -> (Outcome, Vec<Choice>) {
    let mut choices = Vec::new();
    let keep = |end, events: &[Event], _: &[Event]| {
        if matches!(end, End::Violated { .. } | End::StepBound) {
            choices.extend(events.iter().map(Event::choice));
        }
    };
    let (outcome, _) = model.execute(&mut Observe::new(scheduler, keep), program.boot, false);
    (outcome, choices)
}

/// A violation as it was first seen.
pub(crate) struct Caught {
    pub found: Found,
    pub choices: Vec<Choice>,
    pub strategy: &'static str,
}

/// Counters of a search, and its first violation.
#[derive(Default)]
pub(crate) struct Tally {
    pub executions: u64,
    pub violations: u64,
    pub redundant: u64,
    pub idle: u64,
    pub steps: u64,
    pub abandoned: u64,
    pub cut: bool,
    pub visible: bool,
    pub exhausted: bool,
    pub caught: Option<Caught>,
    /// Places whose accesses raced without being steps: the search has to begin anew.
    pub racing: Vec<usize>,
    /// What could be done next did not depend on objects only.
    pub plain: bool,
    /// A task that polled was made to give way.
    pub made_fair: bool,
}

impl Tally {
    /// Counts a run; `new` tells whether it counts as an execution.
    pub fn count(&mut self, outcome: Outcome, new: bool, choices: &[Choice], strategy: &'static str) {
        self.steps += u64::from(outcome.steps);
        self.abandoned += u64::from(outcome.abandoned);
        self.cut |= outcome.end == End::StepBound;
        self.visible |= outcome.visible;
        self.executions += u64::from(new);
        self.redundant += u64::from(!new);
        self.idle += u64::from(new && outcome.end == End::IdleAtBound);
        self.racing.extend(outcome.racing);
        self.plain |= outcome.plain;
        self.made_fair |= outcome.made_fair;
        let Some(found) = outcome.found else { return };
        self.violations += u64::from(new);
        self.caught.get_or_insert_with(|| Caught { found, choices: choices.to_vec(), strategy });
    }

    /// Adds another search's counts.
    pub fn add(&mut self, other: Tally) {
        self.executions += other.executions;
        self.violations += other.violations;
        self.redundant += other.redundant;
        self.idle += other.idle;
        self.steps += other.steps;
        self.abandoned += other.abandoned;
        self.cut |= other.cut;
        self.visible |= other.visible;
        self.racing.extend(other.racing);
        self.plain |= other.plain;
        self.made_fair |= other.made_fair;
        if self.caught.is_none() {
            self.caught = other.caught;
        }
    }
}

/// What bounds a search.
#[derive(Clone, Copy)]
pub(crate) struct Budget {
    pub executions: u64,
    pub until: Instant,
    pub all_classes: bool,
    /// The search leaves out what commutes.
    pub reduced: bool,
}

impl Budget {
    /// Whether a search with these counts was made with wrong assumptions.
    pub fn begins_anew(&self, t: &Tally) -> bool {
        !t.racing.is_empty() || (self.reduced && t.plain)
    }

    /// Whether a search with these counts is to end.
    pub fn spent(&self, t: &Tally) -> bool {
        self.begins_anew(t) || self.spent_by(t.executions + t.redundant, t.caught.is_some())
    }

    /// Whether a search with so many runs, and a violation or none, is to end.
    pub fn spent_by(&self, runs: u64, caught: bool) -> bool {
        runs >= self.executions
            || (caught && !self.all_classes)
            || (runs.is_multiple_of(64) && Instant::now() >= self.until)
    }
}

/// What a long search tells while it runs.
pub(crate) type Tell<'a> = &'a mut dyn FnMut(Progress);

fn tell(told: &mut Instant, start: Instant, t: &Tally, depth: u32, to: Tell<'_>) {
    let now = Instant::now();
    if now.duration_since(*told) > Duration::from_millis(500) {
        *told = now;
        let seconds = now.duration_since(start).as_secs_f64();
        to(Progress { executions: t.executions, rate: t.executions as f64 / seconds.max(1e-9), depth });
    }
}

/// One search on one thread: its name, when it is at its end, and whether its last run counts as an execution.
struct Kind<S> {
    name: &'static str,
    done: fn(&S) -> bool,
    new: fn(&S) -> bool,
}

/// Runs a search until it is done or the budget is spent.
fn drive<S: Scheduler>(
    program: &Program<'_>,
    model: &Model,
    search: &mut S,
    kind: &Kind<S>,
    budget: Budget,
    to: Tell<'_>,
) -> Tally {
    let (mut tally, start) = (Tally::default(), Instant::now());
    let mut told = start;
    while !(kind.done)(search) && !budget.spent(&tally) {
        let (outcome, choices) = run_once(model, program, search);
        let depth = outcome.steps;
        tally.count(outcome, (kind.new)(search), &choices, kind.name);
        if (tally.executions + tally.redundant).is_multiple_of(4096) {
            tell(&mut told, start, &tally, depth, to);
        }
    }
    tally
}

pub(crate) fn exhaust(program: &Program<'_>, settings: &Settings, budget: Budget, to: Tell<'_>) -> (Tally, bool) {
    let model = Model::new(settings.machine.clone());
    let mut search = Exhaustive::new();
    let kind = Kind { name: "exhaustive", done: |s: &Exhaustive| s.exhausted || s.diverged, new: |s| s.last_new };
    let mut tally = drive(program, &model, &mut search, &kind, budget, to);
    tally.exhausted = search.exhausted;
    if search.exhausted && search.worth_a_check() && (tally.caught.is_none() || budget.all_classes) {
        cross_check(program, &model, settings, budget, &mut search, &mut tally);
    }
    (tally, search.diverged)
}

/// Samples a program whose search is done, for classes that the search may have missed. A new one counts as an
/// execution, a known one as redundant.
pub(crate) fn cross_check(
    program: &Program<'_>,
    model: &Model,
    settings: &Settings,
    budget: Budget,
    search: &mut Exhaustive,
    tally: &mut Tally,
) {
    let mut sample = Sample::new(settings.seed);
    let mut classes = Classes::default();
    let runs = (4 * tally.executions + 4000).min(20_000);
    for _ in 0..runs {
        if budget.spent(tally) {
            return;
        }
        let mut class = None;
        let classify = |end, events: &[Event], pending: &[Event]| {
            class = (end != End::Abandoned).then(|| classes.of(end, events, pending));
        };
        let (outcome, choices) = run_once(model, program, &mut Observe::new(&mut sample, classify));
        let new = class.is_some_and(|c| search.note_class(c));
        tally.count(outcome, new, &choices, "sample");
    }
}

/// With a bound on preemptions, which the reduction cannot respect: every schedule.
fn bounded(program: &Program<'_>, settings: &Settings, budget: Budget, to: Tell<'_>) -> (Tally, bool) {
    let model = Model::new(settings.machine.clone());
    let mut search = Brute::default();
    let done = |s: &Brute| s.exhausted || s.diverged();
    let kind = Kind { name: "bounded", done, new: Brute::last_new };
    let mut tally = drive(program, &model, &mut search, &kind, budget, to);
    tally.exhausted = search.exhausted;
    (tally, search.diverged())
}

/// Where a step may depend on whoever is ready ([`Outcome::plain`]).
fn plain(program: &Program<'_>, settings: &Settings, budget: Budget, to: Tell<'_>) -> (Tally, bool) {
    let model = Model::new(settings.machine.clone());
    let mut search = Plain::default();
    let done = |s: &Plain| s.exhausted || s.diverged();
    let kind = Kind { name: "plain", done, new: Plain::last_new };
    let mut tally = drive(program, &model, &mut search, &kind, budget, to);
    tally.exhausted = search.exhausted;
    (tally, search.diverged())
}

fn sampler(strategy: Strategy, seed: u64) -> Box<dyn Scheduler> {
    match strategy {
        Strategy::Random => Box::new(Random::new(seed)),
        Strategy::Pct => Box::new(Pct::new(seed)),
        Strategy::Pos => Box::new(Pos::new(seed)),
        _ => Box::new(Sample::new(seed)),
    }
}

fn sample(program: &Program<'_>, settings: &Settings, which: Strategy, budget: Budget, to: Tell<'_>) -> Tally {
    let model = Model::new(settings.machine.clone());
    let mut scheduler = sampler(which, settings.seed);
    let name = if which == Strategy::Default { "sample" } else { which.as_str() };
    let kind = Kind { name, done: |_| false, new: |_| true };
    drive(program, &model, &mut &mut *scheduler, &kind, budget, to)
}

/// Checks a program. `to` hears of the progress now and then.
///
/// When unmarked accesses of C code are found to race, they become steps, and the search begins anew; so do the
/// settings that the answer's trace speaks of.
pub fn check(program: &Program<'_>, settings: &Settings, to: &mut dyn FnMut(Progress)) -> Answer {
    let start = Instant::now();
    let mut settings = settings.clone();
    let (mut before, mut plainly) = (0, false);
    let mut team = None;
    loop {
        match attempt(program, &settings, Known { start, before, plainly }, to) {
            // Which races the threads of a team meet first is chance, so their finding is looked for alone.
            Ok(answer) if settings.jobs > 1 && answer.verdict == Verdict::Violated && before > 0 => {
                settings.jobs = 1;
                settings.machine.racing = Arc::default();
                team = Some(answer);
            }
            Ok(answer) => return if answer.verdict == Verdict::Violated { answer } else { team.unwrap_or(answer) },
            Err(again) => {
                before = again.runs;
                plainly |= again.plainly;
                let mut all = (*settings.machine.racing).clone();
                all.extend(again.racing);
                settings.machine.racing = Arc::new(all);
            }
        }
    }
}

/// Why a search has to begin anew: places that race, steps that depend on whoever is ready; and how many runs it took so far.
struct Again {
    racing: Vec<usize>,
    plainly: bool,
    runs: u64,
}

/// What is known before a search: when the first one began, how many runs were spent on earlier ones, whether it has
/// to do without reduction.
struct Known {
    start: Instant,
    before: u64,
    plainly: bool,
}

/// One search.
fn attempt(program: &Program<'_>, settings: &Settings, known: Known, to: Tell<'_>) -> Result<Answer, Again> {
    let Known { start, before, plainly } = known;
    let end = start + settings.time;
    let complete = matches!(settings.strategy, Strategy::Default | Strategy::Exhaustive);
    let reduced = complete && settings.machine.preemptions.is_none() && !plainly;
    let mut tally = Tally::default();
    // The plainest execution twice: what differs there already would be called anything else later.
    // (Not if it takes long, as with a lock-up: then once has to do.)
    let print = fingerprint(program, &settings.machine);
    let quick = start.elapsed() < Duration::from_millis(100);
    let mut diverged = quick && print != fingerprint(program, &settings.machine);
    if complete && !diverged {
        let half = settings.strategy == Strategy::Default;
        let share = |n: u64| if half { n.div_ceil(2) } else { n };
        let until = if half { start + settings.time / 2 } else { end };
        let executions = share(settings.executions.saturating_sub(before));
        let budget = Budget { executions, until, all_classes: settings.all_classes, reduced };
        (tally, diverged) = if settings.machine.preemptions.is_some() {
            bounded(program, settings, budget, to)
        } else if plainly {
            plain(program, settings, budget, to)
        } else if settings.jobs > 1 {
            jobs::exhaust(program, settings, budget)
        } else {
            exhaust(program, settings, budget, to)
        };
    }
    again(&mut tally, before, reduced)?;
    let exhausted = tally.exhausted;
    let go_on = !exhausted && !diverged && (tally.caught.is_none() || settings.all_classes);
    if go_on && settings.strategy != Strategy::Exhaustive {
        let runs = tally.executions + tally.redundant + before;
        let left = settings.executions.saturating_sub(runs);
        let budget = Budget { executions: left, until: end, all_classes: settings.all_classes, reduced: false };
        if left > 0 && Instant::now() < end {
            let mut more = sample(program, settings, settings.strategy, budget, to);
            again(&mut more, runs, false)?;
            tally.add(more);
        }
    }
    tally.redundant += before;
    Ok(conclude(program, settings, tally, diverged, start, print))
}

/// Whether a search has met something that it has to begin anew for.
fn again(tally: &mut Tally, before: u64, reduced: bool) -> Result<(), Again> {
    let plainly = reduced && tally.plain;
    if tally.racing.is_empty() && !plainly {
        return Ok(());
    }
    Err(Again { racing: std::mem::take(&mut tally.racing), plainly, runs: before + tally.executions + tally.redundant })
}

fn conclude(
    program: &Program<'_>,
    settings: &Settings,
    tally: Tally,
    diverged: bool,
    start: Instant,
    print: u64,
) -> Answer {
    let mut why = None;
    let mut finding: Option<TraceFile> = None;
    if diverged {
        finding = Some(evidence::nondeterministic(program, settings));
    } else if let Some(caught) = &tally.caught {
        let small = minimise::minimise(program, settings, caught);
        finding = Some(evidence::trace(program, settings, caught, small));
    }
    let verdict = match &finding {
        Some(_) => Verdict::Violated,
        None if !tally.exhausted => {
            why = Some("the budget is spent".to_owned());
            Verdict::NotFound
        }
        None if tally.cut => {
            why = Some("an execution was cut by the step bound".to_owned());
            Verdict::NotFound
        }
        None if !tally.visible => {
            why = Some("the program took no step: nothing was explored".to_owned());
            Verdict::NotFound
        }
        None => {
            let fair = "a task that polls in vain gives way after 8 rounds";
            why = tally.made_fair.then(|| fair.to_owned());
            Verdict::Holds
        }
    };
    let seconds = start.elapsed().as_secs_f64();
    if let Some(f) = &mut finding {
        // No times: the same search gives the same trace, byte for byte.
        f.fingerprint = print;
        f.executions = tally.executions;
        f.complete = tally.exhausted;
    }
    Answer {
        verdict,
        finding,
        executions: tally.executions,
        violations: tally.violations.max(u64::from(verdict == Verdict::Violated)),
        redundant: tally.redundant,
        idle: tally.idle,
        steps: tally.steps,
        seconds,
        why,
        abandoned: tally.abandoned,
    }
}
