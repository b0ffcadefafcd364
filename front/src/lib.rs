//! The C front door: from C files to programs that can be checked.
//!
//! # Vocabulary
//! A **module** is what `module_init` and `module_exit` belong to: one C file, several, or a folder. It has one or more
//! **parts**, each a program of its own: its life (init, everything that it started, exit), and each case of its KUnit
//! suites. An **instance** is a loaded copy; each explorer has one for itself, in a thread-local, since its statics are
//! part of the execution.
//!
//! # Invariants
//! 1. An execution begins with the instance's writable data put back, the parameters set, and a fresh kernel instance;
//!    then the init task runs the part.
//! 2. When `module_init` fails, `module_exit` does not run; what is left behind is a finding all the same.
//!    A module without `module_exit` stays, as in Linux: what it has at the end is its own.
//! 3. Nothing of C is left on a stack that is used again: an execution that ends early is abandoned by switching away
//!    before the instance is put back.
//! 4. Places and names that leave this crate are offsets or text, never addresses.
//!
//! A **native** module ([`Native`]) is for the machine of threads: compiled without the checker's hooks, loaded once, and
//! never put back or unloaded. It is the process's: what goes wrong in it ends the process. Without the feature `model`
//! there is nothing else here.
//!
//! # Differences from Linux
//! One module at a time; no `modprobe`, no dependencies between modules, no built-in order of initcalls.

mod compile;
mod entries;
#[cfg(feature = "model")]
mod expected;
mod fault;
mod files;
#[cfg(feature = "model")]
mod instance;
mod map;
#[cfg(feature = "model")]
mod module;
mod native;
#[cfg(feature = "model")]
mod part;
mod plan;
mod tune;

#[cfg(feature = "model")]
pub use expected::Expected;
pub use fault::{Violation, end_process_with};
#[cfg(feature = "model")]
pub use module::Module;
pub use native::{Ended, Native};
#[cfg(feature = "model")]
pub use part::Part;
pub use plan::plan;
pub use ringzero_capi::errno_name;
pub use ringzero_module::{BuildError, Warning};

/// The headers for editors and Makefiles: unpacked into the cache, and where.
///
/// # Errors
/// When they cannot be written.
pub fn headers() -> Result<std::path::PathBuf, BuildError> {
    let include = ringzero_module::Include::unpack(&files::headers())?;
    let dir = include.dir().to_owned();
    // Where there is no cache, they lie in a temporary folder: that stays, since it was asked for.
    std::mem::forget(include);
    Ok(dir)
}
