//! The programs in C: plain kernel modules, compiled in as text.
//!
//! Their first line is `// expect: VERDICT [CODE]`; a pair is two files, `NAME-buggy.c` and `NAME-fixed.c`.

use crate::Group;

/// A program in C.
#[derive(Clone, Copy, Debug)]
pub struct CProgram {
    /// Its name, unique: the path in the gallery without its ending, `c/hardirq-lock-buggy`.
    pub name: &'static str,
    /// Its file, from the root of the workspace.
    pub path: &'static str,
    /// Its text.
    pub text: &'static str,
}

const C_PROGRAMS: &[CProgram] = include!(concat!(env!("OUT_DIR"), "/c_programs.rs"));

/// All programs in C, by name.
#[must_use]
pub fn all_c() -> &'static [CProgram] {
    C_PROGRAMS
}

/// The program in C of that name.
#[must_use]
pub fn find_c(name: &str) -> Option<&'static CProgram> {
    C_PROGRAMS.iter().find(|p| p.name == name)
}

impl CProgram {
    /// What it is for.
    #[must_use]
    pub fn group(&self) -> Group {
        match self.name {
            n if n.starts_with("c/count/") => Group::Count,
            n if n.starts_with("c/bench/") => Group::Explore,
            _ => Group::Bug,
        }
    }

    /// What its first line expects.
    #[must_use]
    pub fn expects(&self) -> &'static str {
        self.text.lines().next().and_then(|l| l.strip_prefix("// expect:")).map_or("", str::trim)
    }

    /// What it is, in one line: the first line of its comment.
    #[must_use]
    pub fn about(&self) -> &'static str {
        let comment = self.text.split_once("/*").map_or("", |(_, rest)| rest);
        comment.lines().map(|l| l.trim_matches([' ', '*', '\t'])).find(|l| !l.is_empty()).unwrap_or_default()
    }
}
