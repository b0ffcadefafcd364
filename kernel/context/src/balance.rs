//! A context ends as it began (invariant 5).

use crate::count::{
    HARDIRQ_MASK, HARDIRQ_SHIFT, NMI_MASK, PREEMPT_ACTIVE, PREEMPT_MASK, SOFTIRQ_MASK, SOFTIRQ_OFFSET, SOFTIRQ_SHIFT,
};
use crate::hooks::{counted_since, masked_since};
use crate::violation::violation;
use core::fmt;
use ringzero_machine::{Place, cpu};

/// A preempt count in words: `preempt_count 0x201: preemption disabled 1, bottom halves disabled 1`.
///
/// ```
/// use ringzero::context::{CountWords, local_bh_disable, local_bh_enable, preempt_count};
/// local_bh_disable();
/// let inside = CountWords(preempt_count()).to_string();
/// local_bh_enable();
/// assert_eq!(inside, "preempt_count 0x200: bottom halves disabled 1");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct CountWords(pub u32);

impl fmt::Display for CountWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0;
        write!(f, "preempt_count {count:#x}")?;
        let mut lead = ": ";
        let mut part = |f: &mut fmt::Formatter<'_>, n: u32, what: &str| {
            if n == 0 {
                return Ok(());
            }
            write!(f, "{}{what} {n}", core::mem::replace(&mut lead, ", "))
        };
        part(f, count & PREEMPT_MASK, "preemption disabled")?;
        part(f, (count & SOFTIRQ_MASK) >> (SOFTIRQ_SHIFT + 1), "bottom halves disabled")?;
        part(f, (count & SOFTIRQ_OFFSET) >> SOFTIRQ_SHIFT, "in softirq")?;
        part(f, (count & HARDIRQ_MASK) >> HARDIRQ_SHIFT, "in hardirq")?;
        part(f, u32::from(count & NMI_MASK != 0), "in NMI")?;
        part(f, u32::from(count & PREEMPT_ACTIVE != 0), "rescheduling")
    }
}

/// What a context began with.
///
/// ```
/// # use ringzero::machine::Place;
/// use ringzero::context::{Balance, preempt_disable, preempt_enable};
/// let balance = Balance::enter();
/// preempt_disable();
/// preempt_enable();
/// balance.check(Place::caller(), "this example");
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "a balance that is not checked finds nothing"]
pub struct Balance {
    count: u32,
    masked: bool,
    depth: u32,
}

impl Balance {
    /// Notes the counts and the mask.
    pub fn enter() -> Self {
        let cpu = cpu();
        let irq = cpu.irq.get();
        Self { count: cpu.preempt_count.get(), masked: irq.masked, depth: irq.depth }
    }

    /// Compares them with what they are now: finding `unbalanced-context`, which says that `what` left them changed.
    /// While unwinding it puts them back instead.
    pub fn check(self, place: Place, what: &str) {
        let now = Self::enter();
        if now.count == self.count && now.masked == self.masked && now.depth == self.depth {
            return;
        }
        self.found(now, place, what);
        let cpu = cpu();
        cpu.preempt_count.set(self.count);
        let mut irq = cpu.irq.get();
        (irq.masked, irq.depth) = (self.masked, self.depth);
        cpu.irq.set(irq);
    }

    #[cold]
    fn found(self, now: Self, place: Place, what: &str) {
        let code = "unbalanced-context";
        if now.count != self.count {
            let (was, is) = (CountWords(self.count), CountWords(now.count));
            let since = (self.count == 0).then(counted_since).flatten();
            violation(code, place, since, format_args!("{what} was entered with {was}, left with {is}"));
        } else {
            let words = |b: Self| if b.masked { "off" } else { "on" };
            let (was, is) = (words(self), words(now));
            let text = format_args!(
                "{what} was entered with interrupts {was} (depth {}), left with interrupts {is} (depth {})",
                self.depth, now.depth
            );
            violation(code, place, masked_since().filter(|_| now.masked), text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{local_bh_disable, local_irq_disable, preempt_disable, preempt_enable};
    use std::string::ToString;

    #[test]
    fn counts_are_told_in_words() {
        assert_eq!(CountWords(0).to_string(), "preempt_count 0x0");
        assert_eq!(
            CountWords(0x0401_0301).to_string(),
            "preempt_count 0x4010301: preemption disabled 1, bottom halves disabled 1, in softirq 1, in hardirq 1, \
             in NMI 1"
        );
    }

    #[test]
    fn balanced_sections_pass() {
        let balance = Balance::enter();
        preempt_disable();
        preempt_enable();
        balance.check(Place::caller(), "the test");
    }

    #[test]
    #[should_panic(
        expected = "unbalanced-context: task `t` was entered with preempt_count 0x0, left with preempt_count 0x200: \
                    bottom halves disabled 1"
    )]
    fn a_left_over_count_is_found() {
        let balance = Balance::enter();
        local_bh_disable();
        balance.check(Place::caller(), "task `t`");
    }

    #[test]
    #[should_panic(expected = "entered with interrupts on (depth 0), left with interrupts off (depth 0)")]
    fn a_left_over_mask_is_found() {
        let balance = Balance::enter();
        local_irq_disable();
        balance.check(Place::caller(), "task `t`");
    }
}
