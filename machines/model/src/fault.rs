//! Faults of the processor in checked code.

use crate::boot::Inner;
use crate::config::Found;
use crate::watchdog::{Fault, source_lines};
use ringzero_machine::{Place, code_map};

/// What the checker itself may need of a stack, below C code, with the guard page.
const STACK_RESERVE: usize = 5 * 4096;
/// Room at a stack's end in which a fault means that the stack is used up: the guard page, and what one call may need.
const STACK_END: usize = 2 * 4096;
/// Addresses up to here belong to nobody: an access there followed a null pointer.
const NULL_END: usize = 64 << 10;

impl Inner {
    /// Whether C code has left too little of its stack; then that is found.
    pub(crate) fn stack_is_short(&mut self, i: usize, sp: usize, place: Place) -> bool {
        let short = sp < self.ctxs[i].stack.0 + STACK_RESERVE;
        if short {
            let message = used_up(&self.describe(i));
            self.found.get_or_insert(Found {
                code: "stack-overflow",
                message,
                place: Some(place),
                other: None,
                notes: Vec::new(),
            });
        }
        short
    }

    /// A fault threw context `i` out.
    pub(crate) fn faulted(&mut self, i: usize, fault: Fault, frames: &[usize]) {
        let map = code_map();
        let inside = |ip: usize| map.as_ref().and_then(|m| m.code_offset(ip));
        let cpu = self.ctxs[i].cpu.unwrap_or(0);
        // A call into Ringzero with a bad pointer faults in Ringzero.
        let called = self.cpus[cpu].caller.get();
        let called = (called & 1 == 1).then(|| Place::code(called >> 1));
        let outer = frames.iter().find_map(|&f| inside(f)).map(Place::code);
        let place = inside(fault.ip).map(Place::code).or(called).or(outer).or(self.ctxs[i].pend.place);
        let who = self.describe(i);
        let (low, _) = self.ctxs[i].stack;
        let at_end = |a: usize| (low..low + STACK_END).contains(&a);
        let (code, message) = match fault.signal {
            libc::SIGFPE => ("divide-error", format!("{who} divides by zero, or the quotient does not fit")),
            libc::SIGILL => ("bug", format!("{who} executes an invalid instruction")),
            _ if at_end(fault.addr) || at_end(fault.sp) => ("stack-overflow", used_up(&who)),
            _ => ("page-fault", format!("{who} {}", access(&fault))),
        };
        let mut notes = Vec::new();
        if place.is_none_or(|p| p.offset().is_none()) {
            let lines = source_lines(frames);
            notes.extend(
                lines
                    .iter()
                    .enumerate()
                    .map(|(n, l)| format!("{} {l}", if n == 0 { "it was at" } else { "called at" })),
            );
        }
        self.found.get_or_insert(Found { code, message, place, other: None, notes });
    }
}

fn used_up(who: &str) -> String {
    format!("{who} has used up its stack of 256 KiB")
}

/// What was touched. Addresses differ between processes, so only those that mean something are told.
fn access(fault: &Fault) -> String {
    let verb = if fault.write { "writes" } else { "reads" };
    match fault.addr {
        // A pointer that is no address at all also shows as a read of 0.
        0 if fault.write => "writes through a null pointer".to_owned(),
        0 => "uses a null pointer, or one that is no address".to_owned(),
        n if n < NULL_END => format!("{verb} at {n:#x}, that far behind a null pointer"),
        _ => format!("{verb} at an address where there is no memory"),
    }
}
