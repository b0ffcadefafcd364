//! The table of what C code may call.

use std::fmt;

/// A function that C code may call, as the loader needs it: the stub of `name` jumps to `addr` with the return address
/// as one more argument behind its `args` own ones.
#[derive(Clone, Copy)]
pub struct Export {
    /// The symbol in C.
    pub name: &'static str,
    /// The function's address in this process.
    pub addr: *const (),
    /// How many arguments it has in C (at most 5).
    pub args: u8,
}

// SAFETY: `addr` is the address of a function; nothing is read or written through it.
unsafe impl Send for Export {}
// SAFETY: as above.
unsafe impl Sync for Export {}

impl fmt::Debug for Export {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.name, self.args)
    }
}

/// All exports, those of one module after those of the other, each name once.
pub fn exports() -> impl Iterator<Item = Export> {
    TABLES.iter().flat_map(|table| table.iter().copied()).chain(crate::tsan::exports())
}

/// The tables, one a module of this crate. A module with `exports!` has its line here.
const TABLES: &[&[Export]] = &[
    crate::atomic::EXPORTS,
    crate::bug::EXPORTS,
    crate::completion::EXPORTS,
    crate::context::EXPORTS,
    crate::delay::EXPORTS,
    crate::interrupt::EXPORTS,
    crate::kstrtox::EXPORTS,
    crate::kunit::EXPORTS,
    crate::lglock::EXPORTS,
    crate::local_lock::EXPORTS,
    crate::lockdep::EXPORTS,
    crate::mutex::EXPORTS,
    crate::percpu::EXPORTS,
    crate::printk::EXPORTS,
    crate::prio::EXPORTS,
    crate::random::EXPORTS,
    crate::refcount::EXPORTS,
    crate::rt_mutex::EXPORTS,
    crate::signal::EXPORTS,
    crate::rwlock::EXPORTS,
    crate::seqlock::EXPORTS,
    crate::rwsem::EXPORTS,
    crate::semaphore::EXPORTS,
    crate::slab::EXPORTS,
    crate::smp::EXPORTS,
    crate::spinlock::EXPORTS,
    crate::sprintf::EXPORTS,
    crate::strdup::EXPORTS,
    crate::string::EXPORTS,
    crate::task::EXPORTS,
    crate::tasklet::EXPORTS,
    crate::time::EXPORTS,
    crate::timer::EXPORTS,
    crate::uaccess::EXPORTS,
    crate::wait::EXPORTS,
    crate::workqueue::EXPORTS,
    crate::ww_mutex::EXPORTS,
];

/// Declares functions that C code may call, and the module's table of them.
///
/// ```ignore
/// exports! {
///     /// `get_answer()`: what it does, from which contexts, whether it may sleep, its errors.
///     fn get_answer(question: *const c_char) -> c_int {
///         42
///     }
/// }
/// ```
///
/// Each becomes a plain Rust function of that name, for Rust callers, and an `extern "C"` one that the table names: it
/// takes the C return address last, makes it the caller's place for the time of the call, and turns a panic into the
/// end of the execution. The table is `EXPORTS`; `exports.rs` lists the tables.
#[macro_export]
macro_rules! exports {
    ($(
        $(#[$meta:meta])*
        $vis:vis fn $name:ident($($arg:ident : $ty:ty),* $(,)?) $(-> $ret:ty)? $body:block
    )*) => {
        $(
            $(#[$meta])*
            $vis fn $name($($arg: $ty),*) $(-> $ret)? $body
        )*

        /// What this module exports to C.
        pub(crate) const EXPORTS: &[$crate::exports::Export] = &[$({
            extern "C" fn thunk($($arg: $ty,)* ra: usize) $(-> $ret)? {
                $crate::caller::call(ra, || $name($($arg),*))
            }
            const ARGS: u8 = 0 $(+ { let _ = stringify!($arg); 1 })*;
            const { assert!(ARGS <= 5, "an export has at most five arguments") };
            $crate::exports::Export { name: stringify!($name), addr: thunk as *const (), args: ARGS }
        }),*];
    };
}

#[cfg(test)]
mod tests {
    use super::exports;
    use std::collections::HashSet;

    #[test]
    fn no_name_is_exported_twice() {
        let mut seen = HashSet::new();
        for export in exports() {
            assert!(seen.insert(export.name), "{} is exported twice", export.name);
        }
    }
}
