//! The boundary: a call from C comes in, its place is noted, and no panic goes out.

use crate::fatal::found;
use ringzero_machine::{Finding, Place, code_map, cpu, model};
use std::any::Any;
use std::cell::Cell;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

std::thread_local! {
    static MODULE: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

/// The code of the process's module, for the host's threads.
static SHARED: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];

/// Tells all threads that were told nothing by [`set_module`] where the module's code lies.
pub fn set_shared_module(code: &Range<usize>) {
    SHARED[0].store(code.start, Relaxed);
    SHARED[1].store(code.end, Relaxed);
}

/// Tells this thread where its module's code lies, so that return addresses become places without a look-up. `None`
/// takes it away; then the thread's code map is asked.
pub fn set_module(code: Option<Range<usize>>) {
    MODULE.set(code.map_or((0, 0), |r| (r.start, r.end)));
}

/// The place of the call that returns to `ra`: one byte before, so that it lies in the call's own line.
pub(crate) fn place_of(ra: usize) -> Option<Place> {
    let (start, end) = MODULE.get();
    let call = ra.wrapping_sub(1);
    if (start..end).contains(&call) {
        return Some(Place::code(call - start));
    }
    let [start, end] = [&SHARED[0], &SHARED[1]].map(|word| word.load(Relaxed));
    if (start..end).contains(&call) {
        return Some(Place::code(call - start));
    }
    if end > 0 {
        return None;
    }
    code_map().and_then(|map| map.code_offset(call)).map(Place::code)
}

/// While it lives, `Place::caller()` is the line in C that made the call.
#[must_use]
pub struct FromC {
    before: usize,
}

impl FromC {
    /// A call from C that will return to `ra`. An address outside the module leaves the caller as it is.
    pub fn enter(ra: usize) -> Self {
        let cell = &cpu().caller;
        let before = cell.get();
        if let Some(place) = place_of(ra) {
            cell.set(place.bits());
        }
        Self { before }
    }
}

impl Drop for FromC {
    fn drop(&mut self) {
        // The context may have moved to another CPU: it is that one's caller now.
        cpu().caller.set(self.before);
    }
}

/// Runs the body of an export that was called from `ra`. A panic ends the execution here; it never reaches C.
pub fn call<R>(ra: usize, body: impl FnOnce() -> R) -> R {
    let from_c = FromC::enter(ra);
    // What the body has touched is not looked at after a panic: the execution is over.
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(value) => {
            drop(from_c);
            value
        }
        Err(payload) => panicked(&*payload),
    }
}

/// Ends an execution in which an export panicked.
fn panicked(payload: &(dyn Any + Send)) -> ! {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let message = text.unwrap_or("a panic without a message");
    if let Some(m) = model() {
        // The machine has noted the panic already.
        m.abandon();
    }
    found(&Finding { code: "panic", message, place: Place::caller(), other: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callers_place_is_that_of_the_call_and_ends_with_it() {
        set_module(Some(0x1000..0x2000));
        assert_eq!(call(0x1011, || Place::caller().offset()), Some(0x10));
        assert_eq!(call(0x3000, || Place::caller().offset()), None);
        let nested = call(0x1011, || (call(0x1021, || Place::caller().offset()), Place::caller().offset()));
        assert_eq!(nested, (Some(0x20), Some(0x10)));
        assert_eq!(Place::caller().offset(), None);
        set_module(None);
    }
}
