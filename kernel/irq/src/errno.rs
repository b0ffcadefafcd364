//! Error numbers.

use core::fmt;

/// A Linux error number, positive.
///
/// ```
/// use ringzero::irq::{Errno, IrqFlags, IrqReturn, request_irq};
/// let refused = request_irq(1000, IrqFlags::NONE, "dev", |_irq| IrqReturn::Handled);
/// assert_eq!(refused, Err(Errno::EINVAL));
/// assert_eq!((Errno::EINVAL.to_kernel(), Errno::EINVAL.name()), (-22, Some("EINVAL")));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Errno(i32);

macro_rules! errnos {
    ($($name:ident = $n:literal, $text:literal;)*) => {
        impl Errno {
            $(#[doc = $text] pub const $name: Errno = Errno($n);)*

            /// The error's Linux name, if it has one here.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($n => Some(stringify!($name)),)*
                    _ => None,
                }
            }
        }
    };
}

errnos! {
    EINTR = 4, "Interrupted by a signal.";
    ENXIO = 6, "No such device or address.";
    EAGAIN = 11, "Try again.";
    ENOMEM = 12, "Out of memory.";
    EBUSY = 16, "Device or resource busy.";
    EINVAL = 22, "Invalid argument.";
}

impl Errno {
    /// The error as kernel functions in C return it: negative.
    #[must_use]
    pub const fn to_kernel(self) -> i32 {
        -self.0
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "Errno({})", self.0),
        }
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl core::error::Error for Errno {}
