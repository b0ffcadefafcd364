//! The lock-free protocols of the machine of threads.
#![no_std]

mod door;
mod idle;
mod inbox;
mod latch;
mod lot;
mod os;
mod pending;
mod word;

pub use door::{Door, Posting};
pub use idle::Idle;
pub use inbox::{Chain, Inbox, Linked};
pub use lot::{Lot, Waiter};
pub use os::Os;
pub use pending::Pending;
pub use word::{Link, Word, Word64};
