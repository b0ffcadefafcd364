//! KUnit results as the kernel prints them: KTAP, version 1.

use crate::out::say;
use crate::programs::Item;
use ringzero::Verdict;
use ringzero::program::Answer;

/// The output of one module so far.
#[derive(Default)]
pub struct Tap {
    /// Suite and case of each part that is to come.
    plan: Vec<(String, String)>,
    next: usize,
    suites: usize,
    case: usize,
    failed: usize,
    skipped: usize,
}

/// A part's suite and case.
fn split(item: &Item) -> (String, String) {
    let case = if let Item::C(_, part) = item { part.case() } else { None };
    match case.and_then(|c| c.split_once('.')) {
        Some((suite, case)) => (suite.to_owned(), case.to_owned()),
        None => (item.name(), "module".to_owned()),
    }
}

impl Tap {
    /// The results of these are to come.
    pub fn begin(&mut self, items: &[Item]) {
        *self = Self { plan: items.iter().map(split).collect(), ..Self::default() };
        let suites = self.plan.chunk_by(|a, b| a.0 == b.0).count();
        say!("KTAP version 1");
        say!("1..{suites}");
    }

    /// One result; `skipped` is why the case did not run.
    pub fn case(&mut self, answer: &Answer, skipped: Option<String>) {
        let Some((suite, case)) = self.plan.get(self.next).cloned() else { return };
        if self.case == 0 {
            let cases = self.plan[self.next..].iter().take_while(|p| p.0 == suite).count();
            say!("    KTAP version 1");
            say!("    # Subtest: {suite}");
            say!("    1..{cases}");
        }
        self.next += 1;
        self.case += 1;
        if let Some(found) = &answer.finding {
            self.failed += 1;
            let place = found.place.as_ref().map(|p| format!(" at {}:{}", p.file, p.line)).unwrap_or_default();
            say!("    # {case}: {}{place}: {}", found.code, found.message.replace('\n', "\n    # "));
            for line in found.log.iter().flat_map(|l| l.text.lines()) {
                // KUnit's own lines are marked already.
                say!("    # {}", line.strip_prefix("    # ").unwrap_or(line));
            }
        }
        if answer.verdict == Verdict::NotFound {
            say!("    # {case}: not all executions were explored: {}", answer.why.as_deref().unwrap_or("not found"));
        }
        let word = if answer.verdict == Verdict::Violated { "not ok" } else { "ok" };
        let skipped = skipped.filter(|_| answer.verdict != Verdict::Violated);
        self.skipped += usize::from(skipped.is_some());
        let why = skipped.map(|why| format!(" # SKIP {why}")).unwrap_or_default();
        say!("    {word} {} {case}{why}", self.case);
        if self.plan.get(self.next).is_none_or(|p| p.0 != suite) {
            self.end_of_suite(&suite);
        }
    }

    fn end_of_suite(&mut self, suite: &str) {
        self.suites += 1;
        let (total, failed, skipped) = (self.case, self.failed, self.skipped);
        let counts = format!("pass:{} fail:{failed} skip:{skipped} total:{total}", total - failed - skipped);
        say!("# {suite}: {counts}");
        say!("# Totals: {counts}");
        say!("{} {} {suite}", if failed > 0 { "not ok" } else { "ok" }, self.suites);
        (self.case, self.failed, self.skipped) = (0, 0, 0);
    }
}
