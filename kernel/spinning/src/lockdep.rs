//! Claims about held locks.
//!
//! There is no validator that keeps a list of them yet, so it is the lock that is asked. Who writes is written down in it. Who
//! reads knows the model only; on threads a claim about a reader is wrong for certain when nobody reads.

use crate::kind::Kind;
use crate::lock::Lock;
use crate::raw::RawSpinLock;
use crate::rwlock::RwLockOf;
use crate::rwlock_raw::RawRwLock;
use ringzero_context::violation;
use ringzero_machine::{Place, model};

/// How the running context holds a lock.
///
/// ```
/// use ringzero::lockdep::{Held, HeldLock};
/// let lock = ringzero::sync::RawRwLock::new();
/// assert_eq!(lock.held(), Held::No);
/// lock.write_lock();
/// assert_eq!(lock.held(), Held::Write);
/// lock.write_unlock();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// Not at all.
    No,
    /// By itself alone.
    Write,
    /// With other readers.
    Read,
    /// Somebody reads, and it is not known who.
    SomebodyReads,
}

/// A lock that knows who holds it.
///
/// ```
/// use ringzero::{lockdep::{Held, HeldLock}, mutex::Mutex};
/// let lock = Mutex::new(0).named("dev.lock");
/// let guard = lock.lock();
/// assert_eq!((lock.held(), lock.called()), (Held::Write, "dev.lock"));
/// guard.unlock();
/// assert_eq!(lock.held(), Held::No);
/// ```
pub trait HeldLock {
    /// How the running context holds it. No step.
    fn held(&self) -> Held;
    /// Its name for reports.
    fn called(&self) -> &'static str;
    /// Where it was made, if that is known.
    fn made_at(&self) -> Option<Place>;
}

/// What is claimed of a lock.
///
/// ```
/// use ringzero::lockdep::{Claim, Held};
/// assert!(Claim::Read.is_true_of(Held::Read) && !Claim::Read.is_true_of(Held::Write));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The running context holds it, in whichever way.
    Held,
    /// It does so alone.
    Write,
    /// It does so with other readers.
    Read,
    /// It does not hold it.
    NotHeld,
}

impl Claim {
    /// Whether it may be true of a lock that is held so.
    #[must_use]
    pub const fn is_true_of(self, held: Held) -> bool {
        match self {
            Self::Held => !matches!(held, Held::No),
            Self::Write => matches!(held, Held::Write),
            Self::Read => matches!(held, Held::Read | Held::SomebodyReads),
            Self::NotHeld => matches!(held, Held::No | Held::SomebodyReads),
        }
    }

    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Held => ("lockdep_assert_held()", "is not held by the caller"),
            Self::Write => ("lockdep_assert_held_write()", "is not held by the caller for writing"),
            Self::Read => ("lockdep_assert_held_read()", "is not held by the caller for reading"),
            Self::NotHeld => ("lockdep_assert_not_held()", "is held by the caller"),
        }
    }
}

/// Finding `warn` if the claim about `lock` is false. Every context; no step.
pub fn claim<L: HeldLock + ?Sized>(lock: &L, claim: Claim, place: Place) {
    if !claim.is_true_of(lock.held()) {
        let (call, what) = claim.words();
        violation("warn", place, lock.made_at(), format_args!("{call}: `{}` {what}", lock.called()));
    }
}

macro_rules! claims {
    ($($(#[$meta:meta])* $name:ident: $claim:ident;)*) => {$(
        $(#[$meta])*
        #[track_caller]
        #[inline]
        pub fn $name<L: HeldLock + ?Sized>(lock: &L) {
            claim(lock, Claim::$claim, Place::caller());
        }
    )*};
}
claims! {
    /// Finding `warn` if the running context does not hold `lock`. Every context; no step.
    ///
    /// ```
    /// use ringzero::{lockdep::{lockdep_assert_held, lockdep_assert_not_held, lockdep_is_held}, sync::SpinLock};
    /// let lock = SpinLock::new(0);
    /// lockdep_assert_not_held(&lock);
    /// let held = lock.lock();
    /// lockdep_assert_held(&lock);
    /// assert!(lockdep_is_held(&lock));
    /// drop(held);
    /// ```
    #[doc(alias = "lockdep_assert_held_once")]
    lockdep_assert_held: Held;
    /// Finding `warn` if the running context does not hold `lock` alone, as a writer. Every context; no step.
    lockdep_assert_held_write: Write;
    /// Finding `warn` if the running context does not hold `lock` as a reader. Every context; no step.
    lockdep_assert_held_read: Read;
    /// Finding `warn` if the running context holds `lock`. Every context; no step.
    lockdep_assert_not_held: NotHeld;
}

/// Whether the running context holds `lock`; also if somebody reads, and it is not known who. Every context; no step.
#[must_use]
pub fn lockdep_is_held<L: HeldLock + ?Sized>(lock: &L) -> bool {
    Claim::Held.is_true_of(lock.held())
}

/// How the running context holds the lock that the machine knows by `addr`: `writes` says whether it is the writer, `read`
/// whether anybody reads.
#[must_use]
pub fn held_as(addr: usize, writes: bool, read: bool) -> Held {
    if writes {
        return Held::Write;
    }
    match model().and_then(|m| m.lock_held(addr)) {
        _ if !read => Held::No,
        Some(true) => Held::Read,
        Some(false) => Held::No,
        None => Held::SomebodyReads,
    }
}

impl HeldLock for RawSpinLock {
    fn held(&self) -> Held {
        if self.is_held() { Held::Write } else { Held::No }
    }
    fn called(&self) -> &'static str {
        self.name().unwrap_or("a spinlock")
    }
    fn made_at(&self) -> Option<Place> {
        self.class()
    }
}

impl HeldLock for RawRwLock {
    fn held(&self) -> Held {
        held_as(self.address(), self.is_write_held(), self.is_read())
    }
    fn called(&self) -> &'static str {
        self.name().unwrap_or("an rwlock")
    }
    fn made_at(&self) -> Option<Place> {
        self.class()
    }
}

macro_rules! of_raw {
    ($($lock:ident)*) => {$(
        impl<T: ?Sized, K: Kind> HeldLock for $lock<T, K> {
            fn held(&self) -> Held {
                self.as_raw().held()
            }
            fn called(&self) -> &'static str {
                self.as_raw().called()
            }
            fn made_at(&self) -> Option<Place> {
                self.as_raw().made_at()
            }
        }
    )*};
}
of_raw!(Lock RwLockOf);
