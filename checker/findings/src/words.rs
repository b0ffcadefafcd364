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
            Code::PriorityInversion => {
                "who waits for a lock lends its priority to who holds it, or no task between them runs without an end"
            }
            Code::SleepInAtomic => {
                "nothing may sleep in an interrupt, with interrupts or preemption off, or under a spinlock"
            }
            Code::UnbalancedContext => {
                "each disable has its enable, in the same context, and neither undoes somebody else's"
            }
            Code::UnlockByOther => "a spinlock or mutex is released by the context that took it",
            Code::UninitialisedLock => "a lock is initialised before its first use: all zeroes are no lock",
            Code::UseAfterFree => "nothing touches an object after kfree(); who keeps a pointer keeps a reference",
            Code::DoubleFree => "what kmalloc() returned is given to kfree() exactly once",
            Code::OutOfBounds => "code stays within the object that it was given, whose size is that of its allocation",
            Code::UseAfterReturn => "an object on a stack is out of everybody's reach when its function returns",
            Code::Refcount => "a reference is taken only where there is one already, and each is dropped exactly once",
            Code::Leak => {
                "what was allocated, armed, requested, queued or taken is given back before the module is gone"
            }
            Code::DataRace => {
                "plain shared data is only touched under one lock, or in an order that something guarantees"
            }
            Code::Livelock => "code that tries again makes progress, whatever the others do",
            Code::SoftLockup => "kernel code does not loop or block where nothing else can run",
            Code::PageFault => "a pointer that is followed points to memory: set before, tested if it may be NULL",
            Code::DivideError => "what is divided by is not zero, at the moment of the division",
            Code::StackOverflow => "a kernel stack is small: no recursion without a bound, no large objects on it",
            Code::Warn => "the condition of a WARN_ON() never comes true: it says what cannot be",
            Code::Bug => "the condition of a BUG_ON() never comes true: it says what cannot be",
            Code::Kunit => "what a KUnit case expects holds in every execution",
            Code::Panic => "what the program asserts holds in every execution",
            Code::NondeterministicProgram => "a program under check depends on nothing but its own steps",
        }
    }

    /// What to use instead. `at` says where the earlier place of the finding is, as in `line 41`.
    #[must_use]
    pub fn help(self, at: Option<&str>) -> String {
        self.help_against(at, &[], "")
    }

    /// [`help`](Self::help) that names the form of the lock: `taken_by` are the operations at the earlier place, `waits` is
    /// the context at the later one, as traces name it.
    #[must_use]
    pub fn help_against(self, at: Option<&str>, taken_by: &[&str], waits: &str) -> String {
        let form = match self {
            Code::IrqDeadlock if waits.starts_with("NMI") => {
                Some("an NMI comes whatever is switched off: let it use a trylock, or what it alone has")
            }
            Code::IrqDeadlock => form_against(taken_by, true),
            Code::SoftirqDeadlock => form_against(taken_by, false),
            _ => None,
        };
        let advice = form.unwrap_or_else(|| self.advice());
        match (self, at) {
            (Code::IrqDeadlock | Code::SoftirqDeadlock, None) => advice.replace('%', " where the task takes it"),
            (_, None) => advice.replace('%', ""),
            (_, Some(at)) => advice.replace('%', &format!(" at {at}")),
        }
    }

    /// The help; a `%` stands for where the earlier place is.
    const fn advice(self) -> &'static str {
        match self {
            Code::SelfDeadlock => {
                "release it% before, or call a variant that expects it to be held; in a handler of the line, \
                 disable_irq_nosync() does not wait"
            }
            Code::Deadlock => "take them in the same order everywhere, or give up what is held% before waiting",
            Code::IrqDeadlock => "take it with spin_lock_irqsave()%",
            Code::SoftirqDeadlock => "take it with spin_lock_bh()%",
            Code::Hang => {
                "make the condition true before wake_up(), and test it after prepare_to_wait(), as wait_event() does"
            }
            Code::PriorityInversion => {
                "use rt_mutex_lock()%, which lends the priority of who waits, or share nothing between these priorities"
            }
            Code::SleepInAtomic => {
                "do it before the section that begins% or after it, use the form that does not sleep (GFP_ATOMIC), \
                 or protect with a mutex"
            }
            Code::UnbalancedContext => {
                "use save and restore (spin_lock_irqsave()) where the state at entry is not known, and leave on every \
                 path"
            }
            Code::UnlockByOther => {
                "release it where it was taken; to signal another context, use a completion or a semaphore"
            }
            Code::UninitialisedLock => {
                "spin_lock_init() (mutex_init(), init_waitqueue_head(), ...) before anybody can reach it, or \
                 DEFINE_SPINLOCK() (DEFINE_MUTEX(), DECLARE_WAIT_QUEUE_HEAD(), ...)"
            }
            Code::UseAfterFree => {
                "take a reference while the lock that finds the object is held, and free it% when the last is dropped; \
                 first del_timer_sync(), cancel_work_sync(), tasklet_kill(), free_irq() of whatever comes to it"
            }
            Code::DoubleFree => "let one owner free it: whoever's atomic_dec_and_test() or del_timer() says so",
            Code::OutOfBounds => {
                "compare the index with the size allocated%, in the section that uses it; text needs strlen() + 1 bytes"
            }
            Code::UseAfterReturn => {
                "before the function returns, take it back from whoever has it: finish_wait(), del_timer_sync(), \
                 cancel_work_sync(), or wait for the completion itself"
            }
            Code::Refcount => {
                "take a reference while you hold one, or by refcount_inc_not_zero() under the lock that finds the \
                 object; drop each one once"
            }
            Code::Leak => {
                "give it back on every path, on errors and in the exit function too: kfree(), del_timer_sync(), \
                 free_irq(), cancel_work_sync(), tasklet_kill()"
            }
            Code::DataRace => "hold one lock around both, or mark both accesses (READ_ONCE(), WRITE_ONCE(), atomic_t)",
            Code::Livelock => "bound the retries, or wait for what is missing instead of asking again",
            Code::SoftLockup => {
                "read the word anew in each round (READ_ONCE()) and call cpu_relax(), or sleep; do not block in the \
                 host's operating system"
            }
            Code::PageFault => {
                "set the pointer before anybody can follow it (request_irq() comes last), and test what may be NULL or \
                 ERR_PTR()"
            }
            Code::DivideError => {
                "read the divisor once (READ_ONCE(), or under the lock), test that value, divide by it"
            }
            Code::StackOverflow => "make a loop of the recursion, or bound its depth; kmalloc() what is large",
            Code::Warn => {
                "test and act in one section or one atomic operation; what may happen after all is no case for WARN_ON()"
            }
            Code::Bug => {
                "test and act in one section or one atomic operation; where an error can be returned, return it"
            }
            Code::Kunit => "read the steps from the end: the last write to what is compared is where it went wrong",
            Code::Panic => "read the steps from the end: the last write to what was asserted is where it went wrong",
            Code::NondeterministicProgram => {
                "no wall clock or cycle counter, no real randomness, no addresses, no hash order; in Rust, shared \
                 state in ringzero::global!"
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
            Code::UninitialisedLock => Some(("spinlock debugging", "BUG: spinlock bad magic")),
            Code::UseAfterFree => Some(("KASAN", "BUG: KASAN: slab-use-after-free")),
            Code::DoubleFree => Some(("KASAN", "BUG: KASAN: double-free")),
            Code::OutOfBounds => Some(("KASAN", "BUG: KASAN: slab-out-of-bounds")),
            Code::UseAfterReturn => Some(("KASAN", "BUG: KASAN: stack-out-of-bounds")),
            Code::Refcount => {
                Some(("refcount_t", "refcount_t: addition on 0; use-after-free, or underflow, or saturated"))
            }
            Code::Leak => Some(("kmemleak", "unreferenced object")),
            Code::DataRace => Some(("KCSAN", "BUG: KCSAN: data-race")),
            Code::SoftLockup => Some(("the watchdog", "BUG: soft lockup - CPU stuck")),
            Code::PageFault => {
                Some(("an oops", "BUG: unable to handle page fault, or kernel NULL pointer dereference"))
            }
            Code::DivideError => Some(("an oops", "divide error: 0000")),
            Code::StackOverflow => Some(("an oops", "BUG: stack guard page was hit")),
            Code::Warn => Some(("the kernel's log", "WARNING: CPU: ... PID: ... at FILE:LINE")),
            Code::Bug => Some(("an oops", "kernel BUG at FILE:LINE!")),
            Code::Kunit => Some(("KUnit", "not ok")),
            Code::PriorityInversion
            | Code::UnbalancedContext
            | Code::Livelock
            | Code::Panic
            | Code::NondeterministicProgram => None,
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
            Code::PriorityInversion => "PRIORITY INVERSION",
            Code::SleepInAtomic => "SLEEP IN ATOMIC",
            Code::UnbalancedContext => "UNBALANCED CONTEXT",
            Code::UnlockByOther => "UNLOCK BY OTHER",
            Code::UninitialisedLock => "UNINITIALISED LOCK",
            Code::UseAfterFree => "USE AFTER FREE",
            Code::DoubleFree => "DOUBLE FREE",
            Code::OutOfBounds => "OUT OF BOUNDS",
            Code::UseAfterReturn => "USE AFTER RETURN",
            Code::Refcount => "REFCOUNT",
            Code::Leak => "LEAK",
            Code::DataRace => "DATA RACE",
            Code::Livelock => "LIVELOCK",
            Code::SoftLockup => "SOFT LOCKUP",
            Code::PageFault => "PAGE FAULT",
            Code::DivideError => "DIVIDE ERROR",
            Code::StackOverflow => "STACK OVERFLOW",
            Code::Warn => "WARNING",
            Code::Bug => "BUG",
            Code::Kunit => "KUNIT",
            Code::Panic => "PANIC",
            Code::NondeterministicProgram => "NONDETERMINISTIC PROGRAM",
        }
    }

    /// What happened at the earlier place of a finding.
    #[must_use]
    pub const fn first_note(self) -> &'static str {
        match self {
            Code::SelfDeadlock | Code::Deadlock | Code::PriorityInversion | Code::UnlockByOther => "taken here",
            Code::IrqDeadlock => "taken with interrupts on",
            Code::SoftirqDeadlock => "taken with bottom halves on",
            Code::SleepInAtomic => "the section begins here",
            Code::UnbalancedContext => "changed here",
            Code::UseAfterFree => "freed here",
            Code::DoubleFree => "freed here first",
            Code::OutOfBounds => "allocated here",
            Code::UseAfterReturn => "made here, on the stack",
            Code::DataRace => "one access",
            Code::Hang
            | Code::Leak
            | Code::Livelock
            | Code::SoftLockup
            | Code::UninitialisedLock
            | Code::Refcount
            | Code::PageFault
            | Code::DivideError
            | Code::StackOverflow
            | Code::Warn
            | Code::Bug
            | Code::Kunit
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
            Code::PriorityInversion => "waits here, for a task that never runs",
            Code::SleepInAtomic => "may sleep here",
            Code::UnbalancedContext => "found out of balance here",
            Code::UnlockByOther => "released here by another",
            Code::UseAfterFree => "touched here",
            Code::DoubleFree => "freed here again",
            Code::UninitialisedLock => "used here, never initialised",
            Code::OutOfBounds => "beside the object here",
            Code::UseAfterReturn => "used here, after its function returned",
            Code::Refcount => "misused here",
            Code::Leak => "made here, never given back",
            Code::DataRace => "the other, with no order between",
            Code::Livelock => "still at work here",
            Code::SoftLockup => "last step before it got stuck",
            Code::PageFault => "no memory at the address used here",
            Code::DivideError => "divides by zero here",
            Code::StackOverflow => "no room on the stack here",
            Code::Warn => "warns here",
            Code::Bug => "ends here",
            Code::Kunit | Code::Panic => "fails here",
            Code::NondeterministicProgram => "differs here",
        }
    }
}

/// The form that keeps hardirqs off, or softirqs, from whoever holds what `taken_by` took; none for spinlocks.
fn form_against(taken_by: &[&str], hardirqs: bool) -> Option<&'static str> {
    let by = |op| taken_by.contains(&op);
    Some(match (hardirqs, by("spin_lock") || by("spin_trylock")) {
        (true, true) if by("write_seqcount_begin") => "take it with write_seqlock_irqsave()%",
        (false, true) if by("write_seqcount_begin") => "take it with write_seqlock_bh()%",
        (true, false) if by("write_seqcount_begin") => "write it with interrupts off (local_irq_save())%",
        (false, false) if by("write_seqcount_begin") => "write it with bottom halves off (local_bh_disable())%",
        (true, _) if by("write_lock") => "take it with write_lock_irqsave()%",
        (false, _) if by("write_lock") => "take it with write_lock_bh()%",
        (true, _) if by("read_lock") => "take it with read_lock_irqsave()%",
        (false, _) if by("read_lock") => "take it with read_lock_bh()%",
        (true, _) if by("local_lock") => "take it with local_lock_irqsave()%",
        (false, _) if by("local_lock") => "take it with bottom halves off (local_bh_disable())%",
        _ => return None,
    })
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
                assert!(!help.contains('%'), "{help}");
            }
        }
    }

    #[test]
    fn the_form_fits_the_lock() {
        let help = |code: Code, ops: &[&str], waits| code.help_against(Some("line 41"), ops, waits);
        let irq = |ops: &[&str]| help(Code::IrqDeadlock, ops, "hardirq 4 (serial_irq)");
        assert_eq!(irq(&["spin_lock"]), "take it with spin_lock_irqsave() at line 41");
        assert_eq!(irq(&["spin_lock", "write_seqcount_begin"]), "take it with write_seqlock_irqsave() at line 41");
        assert_eq!(irq(&["write_seqcount_begin"]), "write it with interrupts off (local_irq_save()) at line 41");
        assert_eq!(irq(&["read_lock"]), "take it with read_lock_irqsave() at line 41");
        assert_eq!(irq(&["write_lock"]), "take it with write_lock_irqsave() at line 41");
        assert_eq!(irq(&["local_lock"]), "take it with local_lock_irqsave() at line 41");
        assert_eq!(help(Code::SoftirqDeadlock, &["write_lock"], ""), "take it with write_lock_bh() at line 41");
        assert!(help(Code::IrqDeadlock, &["spin_lock"], "NMI 1 (watchdog)").contains("trylock"));
        assert_eq!(help(Code::Leak, &["read_lock"], ""), Code::Leak.help(Some("line 41")));
    }

    #[test]
    fn irq_deadlock_says_what_the_house_style_shows() {
        assert_eq!(Code::IrqDeadlock.help(Some("line 41")), "take it with spin_lock_irqsave() at line 41");
        assert_eq!(Code::IrqDeadlock.lockdep_note(), Some("{HARDIRQ-ON-W} -> {IN-HARDIRQ-W}"));
        assert_eq!(Code::DataRace.lockdep_note(), None);
    }
}
