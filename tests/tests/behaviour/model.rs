//! The runner for the model machine.

use crate::{BODIES, Body, reach, unreached};
use ringzero::{Check, PreemptModel, Report, Strategy, Verdict};

fn run(body: &Body, preempt: PreemptModel) -> Report {
    let check = Check::new().named(body.name).preempt(preempt).trace_dir(env!("CARGO_TARGET_TMPDIR"));
    check.strategy(Strategy::Exhaustive).run(body.init)
}

/// Checks that a body holds in every execution, and that all of it was reached.
pub fn holds(name: &str) {
    let body = BODIES.iter().find(|b| b.name == name).expect("a body");
    for preempt in [PreemptModel::Full, PreemptModel::None] {
        let report = run(body, preempt);
        assert_eq!(report.verdict(), Verdict::Holds, "{preempt:?}: {report}");
        assert!(report.executions() < 20_000, "{name} is too large: {report}");
    }
    assert_eq!(unreached(body), [""; 0], "{name} does not reach all that it is about");
}

/// Checks that a misuse is found, and as what.
pub fn finds(name: &'static str, init: fn(), code: &str) {
    let body = Body { name, init, reaches: &[] };
    let report = run(&body, PreemptModel::Full);
    assert_eq!(report.finding(), Some(code), "{report}");
}

#[test]
fn a_body_whose_assertion_fails_is_noticed() {
    fn wrong() {
        ringzero::context::preempt_disable();
        assert!(ringzero::context::preemptible());
        ringzero::context::preempt_enable();
    }
    let body = Body { name: "wrong", init: wrong, reaches: &[] };
    assert_eq!(run(&body, PreemptModel::Full).finding(), Some("panic"));
}

#[test]
fn a_place_that_is_not_reached_is_noticed() {
    let body = Body { name: "short", init: || reach("here"), reaches: &["here", "there"] };
    run(&body, PreemptModel::Full);
    assert_eq!(unreached(&body), ["there"]);
}

#[test]
fn names_are_unique() {
    let names: std::collections::BTreeSet<_> = BODIES.iter().map(|b| b.name).collect();
    assert_eq!(names.len(), BODIES.len());
    let places: Vec<_> = BODIES.iter().flat_map(|b| b.reaches).collect();
    assert_eq!(places.iter().collect::<std::collections::BTreeSet<_>>().len(), places.len());
}

/// Bodies of which the exhaustive search misses a class.
const INCOMPLETE: &[&str] = &["lines::a_disabled_line_stays_out", "lines::disables_nest"];

/// Compares the reduction with a plain search of those bodies that are small enough; how many were.
fn no_class_is_missed_in(bodies: impl Iterator<Item = &'static Body>) -> usize {
    let mut compared = 0;
    let mut wrong = Vec::new();
    for body in bodies {
        let check =
            || Check::new().named(body.name).executions(20_000).all_classes(true).strategy(Strategy::Exhaustive);
        let plain = check().preemptions(1000).run(body.init);
        if plain.verdict() == Verdict::NotFound {
            continue;
        }
        compared += 1;
        let reduced = check().run(body.init);
        if reduced.executions() != plain.executions() {
            wrong.push(format!("{}: {} of {}", body.name, reduced.executions(), plain.executions()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    compared
}

#[test]
fn no_class_is_missed() {
    let compared = no_class_is_missed_in(BODIES.iter().filter(|b| !INCOMPLETE.contains(&b.name)));
    assert!(compared > 40, "only {compared} were small enough");
}

#[test]
fn no_class_of_these_is_missed() {
    no_class_is_missed_in(BODIES.iter().filter(|b| INCOMPLETE.contains(&b.name)));
}
