//! `linux/bug.h`: what must not be.
//!
//! On the host a `WARN` is a message and counted ([`warnings`]), as in Linux; the process goes on.

use crate::fatal::{found, in_process};
use crate::memory::view_text;
use crate::printk;
use ringzero_machine::{Finding, Place};
use std::cell::Cell;
use std::ffi::c_char;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

std::thread_local! {
    static WARN_IS_FINDING: Cell<bool> = const { Cell::new(true) };
}

static WARNINGS: AtomicU64 = AtomicU64::new(0);

/// How many warnings there were on the host.
pub fn warnings() -> u64 {
    WARNINGS.load(Relaxed)
}

/// Says whether a `WARN` on this thread's machine is a finding (the default) or only a message. Returns what it was.
pub fn set_warn_is_finding(on: bool) -> bool {
    WARN_IS_FINDING.replace(on)
}

/// A text that the runtime itself keeps, or the module's constant.
fn words(text: *const c_char) -> String {
    String::from_utf8_lossy(view_text(text.cast(), 4096)).trim_end().to_owned()
}

fn find(code: &'static str, text: &str) -> ! {
    found(&Finding { code, message: text, place: Place::caller(), other: None });
}

fn warn(text: *const c_char) {
    let text = words(text);
    if in_process() {
        WARNINGS.fetch_add(1, Relaxed);
    } else if WARN_IS_FINDING.get() {
        find("warn", &text);
    }
    let place = Place::caller();
    printk::print(format!("WARNING: {}:{}: {text}\n", place.file(), place.line()).as_bytes());
}

crate::exports! {
    /// The finding `bug`. Never returns.
    fn __rz_bug(text: *const c_char) {
        find("bug", &words(text));
    }

    /// The finding `warn`; returns only if warnings are no findings.
    fn __rz_warn(text: *const c_char) {
        warn(text);
    }

    /// The same, once for each byte `done`.
    fn __rz_warn_once(text: *const c_char, done: *mut u8) {
        if printk::first_time(done) {
            warn(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::printk::tests::taken;
    use std::panic::catch_unwind;

    #[test]
    fn a_warning_is_a_finding_or_a_message() {
        let found = catch_unwind(|| __rz_warn(c"WARN_ON(x)".as_ptr())).unwrap_err();
        assert!(found.downcast_ref::<String>().unwrap().starts_with("warn: WARN_ON(x) (at "));
        assert!(set_warn_is_finding(false));
        let mut done = 0;
        __rz_warn_once(c"odd\n".as_ptr(), &raw mut done);
        __rz_warn_once(c"odd\n".as_ptr(), &raw mut done);
        let said = taken();
        assert!(said.len() == 1 && said[0].starts_with("WARNING: ") && said[0].ends_with(": odd"));
        set_warn_is_finding(true);
    }

    #[test]
    fn a_bug_is_a_finding() {
        let found = catch_unwind(|| __rz_bug(c"BUG_ON(n > 3)".as_ptr())).unwrap_err();
        assert!(found.downcast_ref::<String>().unwrap().starts_with("bug: BUG_ON(n > 3)"));
    }
}
