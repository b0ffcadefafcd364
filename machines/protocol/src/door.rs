//! A CPU that may go away, against those who post to it.

use crate::os::Os;
use crate::word::Word;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// The door is open.
const OPEN: u32 = 1 << 31;

/// The door to a CPU: who is inside finds it there.
#[derive(Debug)]
pub struct Door {
    /// [`OPEN`], and how many are inside or have just tried the handle.
    state: Word,
}

impl Door {
    /// A closed one.
    #[must_use]
    pub const fn new() -> Self {
        Self { state: Word::new(0) }
    }

    /// Opens it: the CPU is there.
    pub fn open(&self) {
        // Release: who enters sees what was made ready before.
        self.state.or(OPEN, Release);
    }

    /// Enters, if it is open: the CPU does not go while the result lives.
    #[inline]
    pub fn enter(&self) -> Option<Posting<'_>> {
        // Who may not enter leaves at once. In the meantime a closer waits for it as for the others.
        let inside = Posting { door: self };
        (self.state.add(1, Acquire) & OPEN != 0).then_some(inside)
    }

    /// Closes it and waits until nobody is inside. Not from inside.
    pub fn close(&self, os: &impl Os) {
        self.state.and(!OPEN, Relaxed);
        let mut round = 0;
        // Acquire: what those did who were inside comes before.
        while self.state.load(Acquire) != 0 {
            os.pause(round);
            round = round.saturating_add(1);
        }
    }
}

impl Default for Door {
    fn default() -> Self {
        Self::new()
    }
}

/// Somebody inside a [`Door`]; it leaves when this is dropped.
#[derive(Debug)]
#[must_use = "who is not inside may find nobody"]
pub struct Posting<'a> {
    door: &'a Door,
}

impl Drop for Posting<'_> {
    #[inline]
    fn drop(&mut self) {
        self.door.state.sub(1, Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Word;

    struct Never;

    impl Os for Never {
        fn futex_wait(&self, _: &Word, _: u32, _: Option<u64>) {}
        fn futex_wake(&self, _: &Word, _: u32) {}
        fn heavy_fence(&self) {}
        fn pause(&self, _: u32) {
            panic!("nobody is inside");
        }
    }

    #[test]
    fn it_is_closed_at_first_and_opens_again() {
        let door = Door::new();
        assert!(door.enter().is_none());
        for _ in 0..2 {
            door.open();
            assert!(door.enter().is_some());
            door.close(&Never);
            assert!(door.enter().is_none());
        }
    }

    #[test]
    #[should_panic(expected = "nobody is inside")]
    fn who_is_inside_is_waited_for() {
        let door = Door::new();
        door.open();
        let _inside = door.enter();
        door.close(&Never);
    }
}
