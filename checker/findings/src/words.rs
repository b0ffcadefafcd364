//! What is said of a code, whatever the execution.

use crate::Code;

impl Code {
    /// The rule that is broken, in one line.
    #[must_use]
    pub const fn rule(self) -> &'static str {
        match self {
            Code::SelfDeadlock => "a context must not wait for what only it can give back: locks do not nest",
            Code::Deadlock => {
                "locks are taken in one order everywhere, and nobody waits while holding what ends the wait"
            }
            Code::IrqDeadlock => "a lock that an interrupt handler takes is held with interrupts off everywhere else",
            Code::SoftirqDeadlock => "a lock that a softirq takes is held with bottom halves off in tasks",
            Code::Hang => "whoever waits is woken: each wait has a wake-up that comes after it",
            Code::SleepInAtomic => {
                "nothing may sleep in an interrupt, with interrupts or preemption off, or under a spinlock"
            }
            Code::UnbalancedContext => {
                "each disable has its enable, in the same context, and neither undoes somebody else's"
            }
            Code::UnlockByOther => "a spinlock is released by the context that took it",
            Code::UseAfterFree => "nothing touches an object after kfree(); who keeps a pointer keeps a reference",
            Code::DoubleFree => "what kmalloc() returned is given to kfree() exactly once",
            Code::Leak => "what kmalloc() returned is given to kfree() before the module is gone",
            Code::DataRace => {
                "plain shared data is only touched under one lock, or in an order that something guarantees"
            }
            Code::Livelock => "code that tries again makes progress, whatever the others do",
            Code::SoftLockup => "kernel code does not loop or block where nothing else can run",
            Code::Panic => "what the program asserts holds in every execution",
            Code::NondeterministicProgram => "a program under check depends on nothing but its own steps",
        }
    }

    /// What to use instead. `at` says where the earlier place of the finding is, as in `line 41`.
    #[must_use]
    pub fn help(self, at: Option<&str>) -> String {
        let at = at.map_or_else(String::new, |at| format!(" at {at}"));
        match self {
            Code::SelfDeadlock => format!(
                "release it{at} before, or call a variant that expects it to be held; in a handler of the line, \
                 disable_irq_nosync() does not wait"
            ),
            Code::Deadlock => format!("take them in the same order everywhere, or give up what is held{at} before waiting"),
            Code::IrqDeadlock if at.is_empty() => "take it with spin_lock_irqsave() where the task takes it".to_owned(),
            Code::IrqDeadlock => format!("take it with spin_lock_irqsave(){at}"),
            Code::SoftirqDeadlock if at.is_empty() => "take it with spin_lock_bh() where the task takes it".to_owned(),
            Code::SoftirqDeadlock => format!("take it with spin_lock_bh(){at}"),
            Code::Hang => "make the condition true before wake_up(), and test it after prepare_to_wait(), as wait_event() does"
                .to_owned(),
            Code::SleepInAtomic => format!(
                "do it before the section that begins{at} or after it, use the form that does not sleep (GFP_ATOMIC), \
                 or protect with a mutex"
            ),
            Code::UnbalancedContext => {
                "use save and restore (spin_lock_irqsave()) where the state at entry is not known, and leave on every path"
                    .to_owned()
            }
            Code::UnlockByOther => {
                "release it where it was taken; to signal another context, use a completion or a semaphore".to_owned()
            }
            Code::UseAfterFree => format!(
                "take a reference while the lock that finds the object is held, and free it{at} when the last is dropped; \
                 timers: del_timer_sync() first"
            ),
            Code::DoubleFree => "let one owner free it: whoever's atomic_dec_and_test() or del_timer() says so".to_owned(),
            Code::Leak => "free it on every path, on errors and in the exit function too".to_owned(),
            Code::DataRace => "hold one lock around both, or mark both accesses (READ_ONCE(), WRITE_ONCE(), atomic_t)".to_owned(),
            Code::Livelock => "bound the retries, or wait for what is missing instead of asking again".to_owned(),
            Code::SoftLockup => {
                "wait with cpu_relax() in the loop, or sleep; do not block in the host's operating system".to_owned()
            }
            Code::Panic => "read the steps from the end: the last write to what was asserted is where it went wrong".to_owned(),
            Code::NondeterministicProgram => {
                "no wall clock, no real randomness, no addresses, no hash order; shared state in ringzero::global!".to_owned()
            }
        }
    }

    /// How a checker of the kernel puts it: the checker and its words.
    #[must_use]
    pub const fn stated_as(self) -> Option<(&'static str, &'static str)> {
        match self {
            Code::SelfDeadlock => Some(("lockdep", "possible recursive locking detected")),
            Code::Deadlock => Some(("lockdep", "possible circular locking dependency detected")),
            Code::IrqDeadlock => Some(("lockdep", "{HARDIRQ-ON-W} -> {IN-HARDIRQ-W}")),
            Code::SoftirqDeadlock => Some(("lockdep", "{SOFTIRQ-ON-W} -> {IN-SOFTIRQ-W}")),
            Code::Hang => Some(("the hung task detector", "INFO: task blocked for more than 120 seconds")),
            Code::SleepInAtomic => Some(("might_sleep()", "BUG: sleeping function called from invalid context")),
            Code::UnlockByOther => Some(("spinlock debugging", "BUG: spinlock wrong owner")),
            Code::UseAfterFree => Some(("KASAN", "BUG: KASAN: slab-use-after-free")),
            Code::DoubleFree => Some(("KASAN", "BUG: KASAN: double-free")),
            Code::Leak => Some(("kmemleak", "unreferenced object")),
            Code::DataRace => Some(("KCSAN", "BUG: KCSAN: data-race")),
            Code::SoftLockup => Some(("the watchdog", "BUG: soft lockup - CPU stuck")),
            Code::UnbalancedContext | Code::Livelock | Code::Panic | Code::NondeterministicProgram => None,
        }
    }

    /// How lockdep puts it, if lockdep finds such things.
    #[must_use]
    pub const fn lockdep_note(self) -> Option<&'static str> {
        match self {
            Code::SelfDeadlock | Code::Deadlock | Code::IrqDeadlock | Code::SoftirqDeadlock => match self.stated_as() {
                Some((_, words)) => Some(words),
                None => None,
            },
            _ => None,
        }
    }

    /// The headline at the end of a report's table.
    #[must_use]
    pub const fn banner(self) -> &'static str {
        match self {
            Code::SelfDeadlock | Code::Deadlock | Code::IrqDeadlock | Code::SoftirqDeadlock => "DEADLOCK",
            Code::Hang => "HANG",
            Code::SleepInAtomic => "SLEEP IN ATOMIC",
            Code::UnbalancedContext => "UNBALANCED CONTEXT",
            Code::UnlockByOther => "UNLOCK BY OTHER",
            Code::UseAfterFree => "USE AFTER FREE",
            Code::DoubleFree => "DOUBLE FREE",
            Code::Leak => "LEAK",
            Code::DataRace => "DATA RACE",
            Code::Livelock => "LIVELOCK",
            Code::SoftLockup => "SOFT LOCKUP",
            Code::Panic => "PANIC",
            Code::NondeterministicProgram => "NONDETERMINISTIC PROGRAM",
        }
    }

    /// What happened at the earlier place of a finding.
    #[must_use]
    pub const fn first_note(self) -> &'static str {
        match self {
            Code::SelfDeadlock | Code::Deadlock | Code::UnlockByOther => "taken here",
            Code::IrqDeadlock => "taken with interrupts on",
            Code::SoftirqDeadlock => "taken with bottom halves on",
            Code::SleepInAtomic => "the section begins here",
            Code::UnbalancedContext => "changed here",
            Code::UseAfterFree => "freed here",
            Code::DoubleFree => "freed here first",
            Code::DataRace => "one access",
            Code::Hang
            | Code::Leak
            | Code::Livelock
            | Code::SoftLockup
            | Code::Panic
            | Code::NondeterministicProgram => "earlier here",
        }
    }

    /// What happened at the place of a finding.
    #[must_use]
    pub const fn second_note(self) -> &'static str {
        match self {
            Code::SelfDeadlock => "waits for itself here",
            Code::Deadlock => "waits here for ever",
            Code::IrqDeadlock => "the handler waits here for ever",
            Code::SoftirqDeadlock => "the softirq waits here for ever",
            Code::Hang => "waits here, and nobody ends it",
            Code::SleepInAtomic => "may sleep here",
            Code::UnbalancedContext => "found out of balance here",
            Code::UnlockByOther => "released here by another",
            Code::UseAfterFree => "touched here",
            Code::DoubleFree => "freed here again",
            Code::Leak => "allocated here, never freed",
            Code::DataRace => "the other, with no order between",
            Code::Livelock => "still at work here",
            Code::SoftLockup => "last step before it got stuck",
            Code::Panic => "fails here",
            Code::NondeterministicProgram => "differs here",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn every_code_has_its_words_on_one_line() {
        for &code in Code::ALL {
            for text in [code.rule(), code.banner(), code.first_note(), code.second_note()] {
                assert!(!text.is_empty() && text.is_ascii() && !text.contains('\n'), "{code}: {text}");
            }
            for help in [code.help(None), code.help(Some("line 41"))] {
                assert!(!help.is_empty() && help.is_ascii() && !help.contains('\n') && !help.contains("  "), "{help}");
            }
        }
    }

    #[test]
    fn irq_deadlock_says_what_the_house_style_shows() {
        assert_eq!(Code::IrqDeadlock.help(Some("line 41")), "take it with spin_lock_irqsave() at line 41");
        assert_eq!(Code::IrqDeadlock.lockdep_note(), Some("{HARDIRQ-ON-W} -> {IN-HARDIRQ-W}"));
        assert_eq!(Code::DataRace.lockdep_note(), None);
    }
}
