//! What a task runs: a closure in the machine's memory, behind a hand-made table of one function. The memory is given back
//! when the closure begins to run.

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

    /// Nothing to run.
    pub(crate) const fn none() -> Self {
        Self { call: nothing, data: core::ptr::null_mut() }
    }

    /// Runs it; its exit code.
    ///
    /// # Safety
    /// It is run once.
    pub(crate) unsafe fn run(self) -> i32 {
        // SAFETY: `new` and `none` made `call` and `data` for each other; the caller's contract.
        unsafe { (self.call)(self.data) }
    }
}

unsafe fn nothing(_: *mut ()) -> i32 {
    0
}

/// # Safety
/// `data` must come from `Body::new` of the same types, and this is the only call with it.
unsafe fn call<F, R>(data: *mut ()) -> i32
where
    F: FnOnce() -> R + 'static,
    R: ExitCode,
{
    let data = data.cast::<Option<F>>();
    // SAFETY: the caller's contract: nobody else uses the box, which is not used any more after this.
    let f = unsafe {
        let f = (*data).take();
        KBox::dispose(data);
        f
    };
    f.expect("a task runs once")().code()
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
    }
}
