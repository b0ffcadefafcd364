//! What a task runs: a closure in the machine's memory, behind a hand-made table of one function.

use ringzero_machine::KBox;

mod sealed {
    pub trait Sealed {}
    impl Sealed for () {}
    impl Sealed for i32 {}
}

/// What a task's closure may return.
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

/// A closure that runs once.
#[derive(Clone, Copy)]
pub(crate) struct Body {
    call: unsafe fn(*mut ()) -> i32,
    data: *mut (),
}

impl Body {
    /// Moves `f` into the machine's memory.
    pub(crate) fn new<F, R>(f: F) -> Self
    where
        F: FnOnce() -> R + Send + 'static,
        R: ExitCode,
    {
        Self { call: call::<F, R>, data: KBox::new(Some(f)).as_ptr().cast() }
    }

    /// Runs it; its exit code.
    ///
    /// # Safety
    /// No two contexts may run it at once.
    pub(crate) unsafe fn run(self) -> i32 {
        // SAFETY: `new` made `call` and `data` for each other; the caller runs alone.
        unsafe { (self.call)(self.data) }
    }
}

/// # Safety
/// `data` must come from `Body::new` of the same types, and nobody else may use it meanwhile.
unsafe fn call<F, R>(data: *mut ()) -> i32
where
    F: FnOnce() -> R,
    R: ExitCode,
{
    // SAFETY: the caller's contract; the box is never freed while its machine runs.
    let f = unsafe { (*data.cast::<Option<F>>()).take() };
    f.expect("a task runs once")().code()
}

#[cfg(test)]
mod tests {
    use super::Body;

    #[test]
    fn a_body_gives_its_code() {
        let text = [7_u8; 40];
        let body = Body::new(move || i32::from(text[39]));
        // SAFETY: nobody else runs it.
        assert_eq!(unsafe { body.run() }, 7);
        // SAFETY: as above.
        assert_eq!(unsafe { Body::new(|| ()).run() }, 0);
    }
}
