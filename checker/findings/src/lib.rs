//! The codes of findings.
//!
//! A **finding** is a violated rule of kernel code; its **code** is a stable word that traces, reports, tests and
//! scripts rely on. Everything that can be said of a code without an execution at hand is said here: the rule, the
//! general advice, how the kernel's own checkers put it, and the page `docs/explain/CODE.md`.
//!
//! **Invariants.** 1. A code never changes its meaning; a new rule gets a new code. 2. Each code has its page, and no
//! page is without a code. 3. What a report says of the places of a finding fits [`Code::first_note`] (the earlier
//! place, `Found::other`) and [`Code::second_note`] (the place itself).
#![forbid(unsafe_code)]

mod words;

use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// A violated rule.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Every code, in the order in which they are listed.
            pub const ALL: &'static [Code] = &[$(Code::$name),*];
        }
    };
}

codes! {
    /// A context waits for what it holds itself.
    SelfDeadlock,
    /// Contexts wait for each other in a circle.
    Deadlock,
    /// A hardirq or NMI waits for what the code it interrupted holds.
    IrqDeadlock,
    /// A softirq waits for what the code it interrupted holds.
    SoftirqDeadlock,
    /// Something waits for ever, and nobody is left to end that.
    Hang,
    /// A task of a better priority waits for one that a task between them keeps off its CPU.
    PriorityInversion,
    /// What may sleep was called where nothing may.
    SleepInAtomic,
    /// A context or call leaves counts or masks in a state that does not fit.
    UnbalancedContext,
    /// A lock is released by a context that does not hold it.
    UnlockByOther,
    /// A lock is used that was never initialised.
    UninitialisedLock,
    /// Freed memory is touched.
    UseAfterFree,
    /// Memory is freed twice, or was never allocated.
    DoubleFree,
    /// Something touches memory beside the allocation that it was meant for.
    OutOfBounds,
    /// An object on a stack is used after its function has returned.
    UseAfterReturn,
    /// A reference count is used as it must not be.
    Refcount,
    /// Memory is still allocated, or something is still armed, requested, queued or held when the program has ended.
    Leak,
    /// Two accesses to plain data are not ordered.
    DataRace,
    /// An execution did not end within the bound on steps.
    Livelock,
    /// Code blocks or loops without coming to a step.
    SoftLockup,
    /// An address where there is no memory is used.
    PageFault,
    /// A division by zero.
    DivideError,
    /// A context has used up its stack.
    StackOverflow,
    /// The condition of a `WARN_ON()` came true.
    Warn,
    /// The condition of a `BUG_ON()` came true, or an invalid instruction was met.
    Bug,
    /// An expectation or assertion of a KUnit case failed.
    Kunit,
    /// The program's own check failed.
    Panic,
    /// The program did something else than in an execution with the same choices.
    NondeterministicProgram,
}

impl Code {
    /// The stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Code::SelfDeadlock => "self-deadlock",
            Code::Deadlock => "deadlock",
            Code::IrqDeadlock => "irq-deadlock",
            Code::SoftirqDeadlock => "softirq-deadlock",
            Code::Hang => "hang",
            Code::PriorityInversion => "priority-inversion",
            Code::SleepInAtomic => "sleep-in-atomic",
            Code::UnbalancedContext => "unbalanced-context",
            Code::UnlockByOther => "unlock-by-other",
            Code::UninitialisedLock => "uninitialised-lock",
            Code::UseAfterFree => "use-after-free",
            Code::DoubleFree => "double-free",
            Code::OutOfBounds => "out-of-bounds",
            Code::UseAfterReturn => "use-after-return",
            Code::Refcount => "refcount",
            Code::Leak => "leak",
            Code::DataRace => "data-race",
            Code::Livelock => "livelock",
            Code::SoftLockup => "soft-lockup",
            Code::PageFault => "page-fault",
            Code::DivideError => "divide-error",
            Code::StackOverflow => "stack-overflow",
            Code::Warn => "warn",
            Code::Bug => "bug",
            Code::Kunit => "kunit",
            Code::Panic => "panic",
            Code::NondeterministicProgram => "nondeterministic-program",
        }
    }

    /// The code with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Code> {
        Code::ALL.iter().copied().find(|c| c.as_str() == word)
    }

    /// Whether contexts wait in a circle.
    #[must_use]
    pub const fn is_deadlock(self) -> bool {
        matches!(self, Code::SelfDeadlock | Code::Deadlock | Code::IrqDeadlock | Code::SoftirqDeadlock)
    }

    /// Whether changes of the context (interrupts, bottom halves or preemption going off) are what it is about.
    #[must_use]
    pub const fn is_about_context(self) -> bool {
        matches!(self, Code::SleepInAtomic | Code::UnbalancedContext)
    }

    /// Its page: why it is a bug, how it is found, a program that has it and the fixed one. Markdown.
    #[must_use]
    pub const fn explain(self) -> &'static str {
        match self {
            Code::SelfDeadlock => include_str!("../../../docs/explain/self-deadlock.md"),
            Code::Deadlock => include_str!("../../../docs/explain/deadlock.md"),
            Code::IrqDeadlock => include_str!("../../../docs/explain/irq-deadlock.md"),
            Code::SoftirqDeadlock => include_str!("../../../docs/explain/softirq-deadlock.md"),
            Code::Hang => include_str!("../../../docs/explain/hang.md"),
            Code::PriorityInversion => include_str!("../../../docs/explain/priority-inversion.md"),
            Code::SleepInAtomic => include_str!("../../../docs/explain/sleep-in-atomic.md"),
            Code::UnbalancedContext => include_str!("../../../docs/explain/unbalanced-context.md"),
            Code::UnlockByOther => include_str!("../../../docs/explain/unlock-by-other.md"),
            Code::UninitialisedLock => include_str!("../../../docs/explain/uninitialised-lock.md"),
            Code::UseAfterFree => include_str!("../../../docs/explain/use-after-free.md"),
            Code::DoubleFree => include_str!("../../../docs/explain/double-free.md"),
            Code::OutOfBounds => include_str!("../../../docs/explain/out-of-bounds.md"),
            Code::UseAfterReturn => include_str!("../../../docs/explain/use-after-return.md"),
            Code::Refcount => include_str!("../../../docs/explain/refcount.md"),
            Code::Leak => include_str!("../../../docs/explain/leak.md"),
            Code::DataRace => include_str!("../../../docs/explain/data-race.md"),
            Code::Livelock => include_str!("../../../docs/explain/livelock.md"),
            Code::SoftLockup => include_str!("../../../docs/explain/soft-lockup.md"),
            Code::PageFault => include_str!("../../../docs/explain/page-fault.md"),
            Code::DivideError => include_str!("../../../docs/explain/divide-error.md"),
            Code::StackOverflow => include_str!("../../../docs/explain/stack-overflow.md"),
            Code::Warn => include_str!("../../../docs/explain/warn.md"),
            Code::Bug => include_str!("../../../docs/explain/bug.md"),
            Code::Kunit => include_str!("../../../docs/explain/kunit.md"),
            Code::Panic => include_str!("../../../docs/explain/panic.md"),
            Code::NondeterministicProgram => include_str!("../../../docs/explain/nondeterministic-program.md"),
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Code;
    use std::collections::HashSet;

    #[test]
    fn words_lead_back_to_their_codes() {
        let words: HashSet<_> = Code::ALL.iter().map(|c| c.as_str()).collect();
        assert_eq!((words.len(), Code::ALL.len()), (27, 27));
        for &code in Code::ALL {
            assert_eq!(Code::parse(code.as_str()), Some(code));
            assert_eq!(code.to_string(), code.as_str());
        }
        assert_eq!(Code::parse("Deadlock"), None);
        assert_eq!(Code::parse(""), None);
    }

    #[test]
    fn every_page_is_about_its_code_and_has_its_two_programs() {
        for &code in Code::ALL {
            let page = code.explain();
            assert!(page.starts_with(&format!("# {code}\n")), "{code}");
            let blocks = |language: &str, which: &str| page.matches(&format!("\n```{language},{which}\n")).count();
            let counts = ["rust", "c"].map(|l| (blocks(l, "buggy"), blocks(l, "fixed")));
            assert!(matches!(counts, [(1, 1), (0, 0)] | [(0, 0), (1, 1)]), "{code}: {counts:?}");
            assert_eq!(page.matches("\n```").count(), 4, "{code}: other blocks");
            assert!(
                page.contains("\n**How Ringzero finds it.** ") && page.contains("\n**What it cannot see.** "),
                "{code}"
            );
            let lines = page.lines().count();
            assert!((25..=60).contains(&lines), "{code}: {lines} lines");
        }
    }
}
