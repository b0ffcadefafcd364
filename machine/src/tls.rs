//! Thread-locals that a bare machine can have too.

/// A thread-local of `Cell`s with a constant beginning. Without an operating system there is one of each so far: the
/// metal machine will keep them in a CPU's own area.
macro_rules! thread_cell {
    ($($(#[$m:meta])* static $name:ident : $t:ty = $init:expr;)*) => {$(
        #[cfg(not(any(target_os = "none", ringzero_bare)))]
        std::thread_local! {
            $(#[$m])*
            static $name: $t = const { $init };
        }
        #[cfg(any(target_os = "none", ringzero_bare))]
        $(#[$m])*
        static $name: crate::tls::One<$t> = crate::tls::One($init);
    )*};
}
pub(crate) use thread_cell;

/// The only one of a thread-local.
#[cfg(any(target_os = "none", ringzero_bare))]
pub(crate) struct One<T>(pub T);

// SAFETY: there is one CPU until the metal machine has its own storage.
#[cfg(any(target_os = "none", ringzero_bare))]
unsafe impl<T> Sync for One<T> {}

#[cfg(any(target_os = "none", ringzero_bare))]
impl<T> One<core::cell::Cell<T>> {
    pub(crate) fn get(&self) -> T
    where
        T: Copy,
    {
        self.0.get()
    }
    pub(crate) fn set(&self, value: T) {
        self.0.set(value);
    }
}

#[cfg(any(target_os = "none", ringzero_bare))]
impl<T> One<T> {
    pub(crate) fn with<R>(&'static self, f: impl FnOnce(&'static T) -> R) -> R {
        f(&self.0)
    }
}
