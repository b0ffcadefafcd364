//! Error numbers of what sleeps.

/// Error number: interrupted before it began.
pub const EINTR: i32 = 4;
/// Error number: invalid argument.
pub const EINVAL: i32 = 22;
/// Error number: waiting would be a deadlock.
pub const EDEADLK: i32 = 35;
/// Error number: the time is over.
pub const ETIME: i32 = 62;
/// Error number: the time was over first.
pub const ETIMEDOUT: i32 = 110;
/// Error number: it is so already.
pub const EALREADY: i32 = 114;
/// Error number: a sleep was interrupted.
pub const ERESTARTSYS: i32 = 512;
