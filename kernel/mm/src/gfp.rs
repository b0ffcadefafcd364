//! How an allocation may go about it: `gfp_t`.

use core::ops::{BitAnd, BitOr, BitOrAssign, Not};

/// The flags of an allocation (`gfp_t`). What matters here is whether it may sleep ([`Gfp::may_sleep`]) and whether
/// it may fail ([`Gfp::may_fail`]); the other bits are accepted and carry no meaning yet.
///
/// ```
/// use ringzero::slab::{__GFP_ZERO, GFP_ATOMIC, GFP_KERNEL};
/// assert!(GFP_KERNEL.may_sleep());
/// let in_a_handler = GFP_ATOMIC | __GFP_ZERO;
/// assert!(!in_a_handler.may_sleep() && in_a_handler.may_fail());
/// ```
#[doc(alias = "gfp_t")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Gfp(u32);

macro_rules! gfp_bits {
    ($($(#[$m:meta])* $name:ident = $bit:expr;)*) => {$(
        $(#[$m])*
        pub const $name: Gfp = Gfp(1 << $bit);
    )*};
}

gfp_bits! {
    /// From memory below 16 MB.
    __GFP_DMA = 0;
    /// From memory below 4 GB.
    __GFP_DMA32 = 1;
    /// From memory without a permanent kernel mapping.
    __GFP_HIGHMEM = 2;
    /// The pages may be moved.
    __GFP_MOVABLE = 3;
    /// The allocator may sleep (today: `__GFP_DIRECT_RECLAIM`).
    __GFP_WAIT = 4;
    /// High priority: the emergency pools may be used.
    __GFP_HIGH = 5;
    /// Block I/O may be started.
    __GFP_IO = 6;
    /// File systems may be called.
    __GFP_FS = 7;
    /// Cache-cold pages are wanted.
    __GFP_COLD = 8;
    /// A failure prints no warning.
    __GFP_NOWARN = 9;
    /// Try once more before failing.
    __GFP_REPEAT = 10;
    /// Never fail: try for ever.
    __GFP_NOFAIL = 11;
    /// Never try twice.
    __GFP_NORETRY = 12;
    /// The reserves may be used.
    __GFP_MEMALLOC = 13;
    /// Compound page metadata is wanted.
    __GFP_COMP = 14;
    /// The memory comes zeroed.
    __GFP_ZERO = 15;
    /// The reserves may not be used, whatever `__GFP_MEMALLOC` says.
    __GFP_NOMEMALLOC = 16;
    /// The cpuset's memory limits hold.
    __GFP_HARDWALL = 17;
    /// From this node only.
    __GFP_THISNODE = 18;
    /// The pages can be reclaimed.
    __GFP_RECLAIMABLE = 19;
    /// Accounted to a memory control group.
    __GFP_KMEMCG = 20;
    /// Not tracked by the memory checker.
    __GFP_NOTRACK = 21;
    /// The reclaim thread is not woken.
    __GFP_NO_KSWAPD = 22;
    /// On behalf of another node.
    __GFP_OTHER_NODE = 23;
    /// The page is about to be written.
    __GFP_WRITE = 24;
}

/// The usual flags in task context: may sleep, start I/O and call file systems.
pub const GFP_KERNEL: Gfp = Gfp(__GFP_WAIT.0 | __GFP_IO.0 | __GFP_FS.0);
/// For handlers, softirqs and sections under a spinlock: never sleeps, may fail, may use the emergency pools.
pub const GFP_ATOMIC: Gfp = __GFP_HIGH;
/// Like [`GFP_ATOMIC`] without the emergency pools.
pub const GFP_NOWAIT: Gfp = Gfp(GFP_ATOMIC.0 & !__GFP_HIGH.0);
/// May sleep, but starts no block I/O.
pub const GFP_NOIO: Gfp = __GFP_WAIT;
/// May sleep and start block I/O, but calls no file system.
pub const GFP_NOFS: Gfp = Gfp(__GFP_WAIT.0 | __GFP_IO.0);
/// For memory of user processes; may sleep.
pub const GFP_USER: Gfp = Gfp(GFP_KERNEL.0 | __GFP_HARDWALL.0);
/// [`GFP_USER`] from high memory.
pub const GFP_HIGHUSER: Gfp = Gfp(GFP_USER.0 | __GFP_HIGHMEM.0);
/// [`GFP_HIGHUSER`] that can be moved.
pub const GFP_HIGHUSER_MOVABLE: Gfp = Gfp(GFP_HIGHUSER.0 | __GFP_MOVABLE.0);
/// For pages that can be reclaimed soon; may sleep.
pub const GFP_TEMPORARY: Gfp = Gfp(GFP_KERNEL.0 | __GFP_RECLAIMABLE.0);
/// I/O and file systems.
pub const GFP_IOFS: Gfp = Gfp(__GFP_IO.0 | __GFP_FS.0);
/// From memory for DMA.
pub const GFP_DMA: Gfp = __GFP_DMA;
/// From memory for 32-bit DMA.
pub const GFP_DMA32: Gfp = __GFP_DMA32;

impl Gfp {
    /// The flags with these bits (what C code passes).
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether all of `other`'s flags are set.
    #[must_use]
    pub const fn contains(self, other: Gfp) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether the allocation may sleep, so that only a preemptible task may make it.
    #[doc(alias = "gfpflags_allow_blocking")]
    #[must_use]
    pub const fn may_sleep(self) -> bool {
        self.contains(__GFP_WAIT)
    }

    /// Whether a caller has to expect that it fails. In Linux a small allocation that may sleep does not.
    #[must_use]
    pub const fn may_fail(self) -> bool {
        !self.may_sleep() && !self.contains(__GFP_NOFAIL)
    }
}

impl BitOr for Gfp {
    type Output = Gfp;
    fn bitor(self, other: Gfp) -> Gfp {
        Gfp(self.0 | other.0)
    }
}

impl BitOrAssign for Gfp {
    fn bitor_assign(&mut self, other: Gfp) {
        self.0 |= other.0;
    }
}

impl BitAnd for Gfp {
    type Output = Gfp;
    fn bitand(self, other: Gfp) -> Gfp {
        Gfp(self.0 & other.0)
    }
}

impl Not for Gfp {
    type Output = Gfp;
    fn not(self) -> Gfp {
        Gfp(!self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn combinations_mean_what_seed_001_says() {
        assert_eq!(GFP_KERNEL, __GFP_WAIT | __GFP_IO | __GFP_FS);
        assert_eq!(GFP_NOWAIT, GFP_ATOMIC & !__GFP_HIGH);
        assert_eq!(GFP_NOFS, GFP_KERNEL & !__GFP_FS);
        assert_eq!(GFP_NOIO, GFP_NOFS & !__GFP_IO);
        assert_eq!(GFP_USER & !__GFP_HARDWALL, GFP_KERNEL);
        assert!(GFP_HIGHUSER_MOVABLE.contains(GFP_USER | __GFP_HIGHMEM | __GFP_MOVABLE));
    }

    #[test]
    fn only_those_that_cannot_sleep_may_fail() {
        for gfp in [GFP_KERNEL, GFP_NOIO, GFP_NOFS, GFP_USER, GFP_HIGHUSER, GFP_TEMPORARY] {
            assert!(gfp.may_sleep() && !gfp.may_fail());
        }
        for gfp in [GFP_ATOMIC, GFP_NOWAIT, GFP_ATOMIC | __GFP_ZERO] {
            assert!(!gfp.may_sleep() && gfp.may_fail());
        }
        assert!(!(GFP_ATOMIC | __GFP_NOFAIL).may_fail());
    }
}
