//! What the gallery knows of a program, and the list of all.

use ringzero::program::Settings;
use std::fmt;
use std::sync::LazyLock;

/// What a program is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// One half of a pair: a known bug, or its fixed twin.
    Bug,
    /// Its classes are known and counted.
    Count,
    /// Its executions are known and counted, and the speed of the search is measured with it.
    Explore,
}

impl Group {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Group::Bug => "bug",
            Group::Count => "count",
            Group::Explore => "explore",
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The verdict that a complete search gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// No rule is violated.
    Holds,
    /// The rule of this finding code is.
    Violated(&'static str),
}

impl Expect {
    /// The code of the finding, if one is expected.
    #[must_use]
    pub const fn code(self) -> Option<&'static str> {
        match self {
            Expect::Holds => None,
            Expect::Violated(code) => Some(code),
        }
    }
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expect::Holds => f.write_str("holds"),
            Expect::Violated(code) => write!(f, "violated {code}"),
        }
    }
}

/// A program.
#[derive(Clone, Copy)]
pub struct Entry {
    /// Its name, unique.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// What it is for.
    pub group: Group,
    /// The module's init function.
    pub init: fn(),
    /// The verdict that is expected of it.
    pub expect: Expect,
    /// The file it is in, from the root of the workspace.
    pub source: &'static str,
    /// Sets what the program needs other than the defaults.
    pub tune: fn(&mut Settings),
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entry({}, {}, {})", self.name, self.group, self.expect)
    }
}

/// The default settings are right.
pub(crate) fn untuned(_: &mut Settings) {}

/// All programs: the pairs, then what is counted, then what is measured.
#[must_use]
pub fn all() -> &'static [Entry] {
    static ALL: LazyLock<Vec<Entry>> =
        LazyLock::new(|| [crate::bugs::ENTRIES, crate::count::ENTRIES, crate::explore::ENTRIES].concat());
    &ALL
}

/// The program of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Entry> {
    all().iter().find(|entry| entry.name == name)
}

/// Declares the entries of a pair whose init functions are `buggy` and `fixed`.
macro_rules! pair {
    ($name:literal, $code:literal, $buggy:literal, $fixed:literal) => {
        crate::entry::pair!($name, $code, $buggy, $fixed, crate::entry::untuned);
    };
    ($name:literal, $code:literal, $buggy:literal, $fixed:literal, $tune:expr) => {
        pub(crate) const BUGGY: crate::Entry = crate::Entry {
            name: concat!($name, "-buggy"),
            about: $buggy,
            group: crate::Group::Bug,
            init: buggy,
            expect: crate::Expect::Violated($code),
            source: file!(),
            tune: $tune,
        };
        pub(crate) const FIXED: crate::Entry = crate::Entry {
            name: concat!($name, "-fixed"),
            about: $fixed,
            init: fixed,
            expect: crate::Expect::Holds,
            ..BUGGY
        };
    };
}
pub(crate) use pair;
