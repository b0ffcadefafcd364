//! C modules from texts, for the tests of the front door.

use ringzero::program::{Answer, Settings};
use ringzero_front::{BuildError, Module, Part};

/// The module of this text; `None`, said so, without a C compiler.
pub fn open(name: &str, text: &str) -> Option<Module> {
    match Module::from_text(name, &format!("drivers/{name}.c"), text) {
        Ok(module) => Some(module),
        Err(BuildError::NoCompiler(why)) => {
            println!("SKIPPED: {why}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// The settings of a module.
pub fn settings(module: &Module) -> Settings {
    let mut s = Settings { time: std::time::Duration::from_secs(10), ..Settings::default() };
    module.tune(&mut s);
    s
}

/// Checks one part with changed settings.
pub fn check_with(module: &Module, part: &Part, change: impl FnOnce(&mut Settings)) -> Answer {
    let mut s = settings(module);
    change(&mut s);
    module.check(part, &s, &mut |_| {})
}

/// The verdict, as the tables have it.
pub fn verdict(a: &Answer) -> &str {
    match (&a.finding, a.verdict) {
        (Some(f), _) => &f.code,
        (None, verdict) => verdict.as_str(),
    }
}

/// Where and why, for the message of a test that fails.
pub fn told(a: &Answer) -> String {
    let place = |p: &Option<ringzero_trace::FilePlace>| p.as_ref().map(|p| p.line).unwrap_or_default();
    let found = a.finding.as_ref().map(|f| format!("{} at {} and {}", f.message, place(&f.place), place(&f.other)));
    format!("{} ({:?}, {:?}, {} executions)", verdict(a), found, a.why, a.executions)
}
