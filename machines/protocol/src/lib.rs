//! The protocols by which the CPUs of the machine of threads get on without locks: written once, run on the host, and
//! checked exhaustively on the model (`tests/tests/protocols`).
//!
//! # Vocabulary
//! A **word** ([`Word`], [`Word64`], [`Link`]) is an atomic whose operations are announced: steps on the model, the bare
//! instructions elsewhere. What the protocols need of the operating system is [`Os`]. A **CPU** is here whoever owns an
//! [`Idle`] or a [`Pending`]: one thread, with the signal handlers on top of it. A **waiter** is a context's place in the
//! parking lot.
//!
//! # Invariants
//! 1. *Inbox.* An item that was pushed is handed out once, items of one thread in their order. Who finds the inbox empty
//!    as he pushes is told; if he tells the taker, nothing stays behind.
//! 2. *Idle.* A CPU that has begun, and looked after that, sleeps only as long as nobody has kicked it since it began. One
//!    of those who kick the same sleep wakes.
//! 3. *Lot.* A waiter that is on the list while its condition holds is taken off by whoever made it hold, or was taken off
//!    before; of a counted condition one waiter is, and the others are the next one's business ([`Lot::wake`]). A waiter
//!    is not touched any more once its state word says that it is off.
//! 4. *Door.* Between [`Door::enter`] and the end of its [`Posting`] no [`Door::close`] returns, and after `close` nobody
//!    is inside until it is opened again.
//! 5. *Pending.* A bit that was posted is taken, or the CPU's attention is raised. So a CPU that looks at its attention
//!    each time it has opened its mask takes every bit, and none while the mask is closed.
//!
//! # What their users keep
//! - What others hold of a CPU or context for a moment longer (`who` of [`Lot::wake`], a CPU's [`Idle`], [`Door`] and
//!   [`Inbox`]) is never freed, at most used again. A wake-up that comes late is one for no reason, and who is woken
//!   looks again.
//! - A context can be told to run by two at once: by the lot, and by a timer, or by its own CPU, which has switched it
//!   away between [`Lot::enqueue`] and its sleep. Whoever makes it runnable sees to it that it is so once.
//! - A counted condition is one that its taker makes false for the others (an exclusive lock), whose word of sleepers is
//!   still there after the release. All else is not counted.
//!
//! # Memory orderings
//! Objects are handed over by a release and an acquire of one word: the inbox's link, the waiter's and the door's state,
//! the pending bits. Read-modify-write operations in between keep up the release sequence.
//!
//! Three protocols need more, since each side writes one word and then reads the other's (Dekker's pattern). *Idle*: the
//! CPU writes its state and reads what there is to do, who kicks writes that and reads the state; there is a full fence
//! between the two on each side. *Lot*: the waiter writes the count and reads the condition, the waker writes the
//! condition's word and reads the count; again a full fence on each side. *Counted sleepers*: who unlocks has no fence,
//! only program order; the waiter's [`Os::heavy_fence`] stands for both. Either who unlocks reads the sleepers after that
//! fence has come to his CPU, and sees the waiter; or he read them before, then his store came before as well, and the
//! waiter's look sees it.
//!
//! A signal handler of the CPU's own thread counts as another thread: the fences are more than it needs.
//!
//! The model is sequentially consistent: it checks the protocols' logic, and that nothing can come in between that breaks
//! them. That the fences are there and strong enough is this argument's business.
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
