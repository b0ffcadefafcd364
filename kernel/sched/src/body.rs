//! What a task runs: a closure, behind a hand-made table of one function. It lies in the machine's memory, which is given
//! back when the closure begins to run; on the host a small one lies in the task itself.

use core::mem::MaybeUninit;
use ringzero_machine::{KBox, model};

mod sealed {
    pub trait Sealed {}
    impl Sealed for () {}
    impl Sealed for i32 {}
}

/// What a task's closure may return.
///
/// ```
/// use ringzero::sched::ExitCode;
/// fn ended_well<R: ExitCode>(body: impl FnOnce() -> R) -> bool {
///     body().code() == 0
/// }
/// assert!(ended_well(|| ()) && !ended_well(|| -5));
/// ```
pub trait ExitCode: sealed::Sealed + 'static {
    /// The code that [`kthread_stop`](crate::kthread_stop) returns.
    fn code(self) -> i32;
}

impl ExitCode for () {
    fn code(self) -> i32 {
        0
    }
}

impl ExitCode for i32 {
    fn code(self) -> i32 {
        self
    }
}

/// Room for a small closure.
type Room = [MaybeUninit<usize>; 3];

const EMPTY: Room = [MaybeUninit::uninit(); 3];

/// A closure that runs once.
#[derive(Clone, Copy)]
pub(crate) struct Body {
    /// Runs it, or only drops it.
    call: unsafe fn(Room, bool) -> i32,
    /// The closure, or in the first word a pointer to it.
    data: Room,
}

impl Body {
    /// Moves `f` into the machine's memory, or into the body.
    pub(crate) fn new<F, R>(f: F) -> Self
    where
        F: FnOnce() -> R + Send + 'static,
        R: ExitCode,
    {
        let mut data = EMPTY;
        let room = data.as_mut_ptr();
        if model().is_none() && size_of::<F>() <= size_of::<Room>() && align_of::<F>() <= align_of::<Room>() {
            // SAFETY: it has room there.
            unsafe { room.cast::<F>().write(f) };
            return Self { call: call_inside::<F, R>, data };
        }
        // SAFETY: a pointer has room in a word.
        unsafe { room.cast::<*mut Option<F>>().write(KBox::new(Some(f)).as_ptr()) };
        Self { call: call_outside::<F, R>, data }
    }

    /// Nothing to run.
    pub(crate) const fn none() -> Self {
        Self { call: nothing, data: EMPTY }
    }

    /// Runs it; its exit code.
    ///
    /// # Safety
    /// It is run or dropped once.
    pub(crate) unsafe fn run(self) -> i32 {
        // SAFETY: `new` and `none` made `call` and `data` for each other; the caller's contract.
        unsafe { (self.call)(self.data, true) }
    }

    /// Drops it, which is never to run.
    ///
    /// # Safety
    /// As [`Body::run`].
    pub(crate) unsafe fn never_run(self) {
        // SAFETY: as there.
        unsafe { (self.call)(self.data, false) };
    }
}

unsafe fn nothing(_: Room, _: bool) -> i32 {
    0
}

/// # Safety
/// `data` must come from `Body::new` of the same types, which put the closure inside, and this is the only call with it.
unsafe fn call_inside<F, R>(data: Room, run: bool) -> i32
where
    F: FnOnce() -> R,
    R: ExitCode,
{
    // SAFETY: the caller's contract.
    let f = unsafe { data.as_ptr().cast::<F>().read() };
    if run { f().code() } else { 0 }
}

/// # Safety
/// `data` must come from `Body::new` of the same types, which put a pointer inside, and this is the only call with it.
unsafe fn call_outside<F, R>(data: Room, run: bool) -> i32
where
    F: FnOnce() -> R + 'static,
    R: ExitCode,
{
    // SAFETY: the caller's contract: nobody else uses the box, which is not used any more after this.
    let f = unsafe {
        let at = data.as_ptr().cast::<*mut Option<F>>().read();
        let f = (*at).take();
        KBox::dispose(at);
        f
    };
    if run { f.expect("a task runs once")().code() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::Body;

    #[test]
    fn a_body_gives_its_code() {
        let text = [7_u8; 40];
        let body = Body::new(move || i32::from(text[39]));
        // SAFETY: it is run once.
        assert_eq!(unsafe { body.run() }, 7);
        // SAFETY: as above.
        assert_eq!(unsafe { Body::new(|| ()).run() }, 0);
        let small = [3_u64, 4];
        // SAFETY: as above.
        assert_eq!(unsafe { Body::new(move || small[1] as i32).run() }, 4);
    }
}
