//! Runs a program on the model machine under a strategy until a budget is spent, and minimises what it finds.
#![forbid(unsafe_code)]

mod evidence;
mod jobs;
mod minimise;
mod search;
mod settings;

pub use evidence::{ReplayError, fingerprint, plainest_log, replay};
pub use ringzero_trace::FileModule;
pub use search::check;
pub use settings::{Answer, Progress, Settings, Strategy, Verdict};

/// A program under check: its name, and what boots it (sets up a kernel instance and creates the init task).
///
/// ```
/// use ringzero::program::{Program, Settings, boot, check};
/// use ringzero::{Verdict, atomic::Atomic};
/// ringzero::global! { static USERS: Atomic = Atomic::new(0); }
/// let program = Program::of("users", false, &|| boot(&|| USERS.inc()));
/// assert_eq!(check(&program, &Settings::default(), &mut |_| ()).verdict, Verdict::Holds);
/// ```
#[derive(Clone, Copy)]
pub struct Program<'a> {
    /// Its name.
    pub name: &'a str,
    /// It is a closure of a cargo test.
    pub in_test: bool,
    /// Boots it; called once an execution, on the machine.
    pub boot: &'a (dyn Fn() + Sync),
    /// What its traces say of the C module that it is, if it is one.
    pub module: Option<&'a FileModule>,
    /// Source files that are not in the file system: name and text.
    pub texts: &'a [(String, String)],
}

impl<'a> Program<'a> {
    /// A program in Rust.
    #[must_use]
    pub fn of(name: &'a str, in_test: bool, boot: &'a (dyn Fn() + Sync)) -> Self {
        Self { name, in_test, boot, module: None, texts: &[] }
    }
}
