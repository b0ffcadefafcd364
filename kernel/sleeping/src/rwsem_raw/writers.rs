//! What writers do with it.

use super::*;

/// Writers.
impl RawRwSemaphore {
    /// Sleeps until nobody holds it, and writes.
    ///
    /// Context: task, sleeps.
    #[track_caller]
    #[inline]
    pub fn down_write(&self) {
        let _ = self.write_at(How::call("down_write()"), &OPS, Place::caller());
    }

    /// [`RawRwSemaphore::down_write`] that a fatal signal ends too.
    ///
    /// # Errors
    /// [`Interrupted`] if a fatal signal came first.
    #[track_caller]
    #[inline]
    pub fn down_write_killable(&self) -> Result<(), Interrupted> {
        self.write_at(How::call("down_write_killable()").killable(), &OPS, Place::caller())
    }

    /// [`RawRwSemaphore::down_write_killable`]; `subclass` tells the validator that one of the same class may be held.
    ///
    /// # Errors
    /// [`Interrupted`] if a fatal signal came first.
    #[track_caller]
    #[inline]
    pub fn down_write_killable_nested(&self, subclass: u32) -> Result<(), Interrupted> {
        let how = How::call("down_write_killable_nested()").killable().nested(subclass);
        self.write_at(how, &OPS, Place::caller())
    }

    /// [`RawRwSemaphore::down_write`]; `subclass` tells the validator that one of the same class may be held.
    #[track_caller]
    #[inline]
    pub fn down_write_nested(&self, subclass: u32) {
        let _ = self.write_at(How::call("down_write_nested()").nested(subclass), &OPS, Place::caller());
    }

    /// [`RawRwSemaphore::down_write`], told to the validator as one of many of its class that are taken while the lock at the
    /// address `nest_lock` is held.
    #[track_caller]
    #[inline]
    pub fn down_write_nest_lock(&self, nest_lock: usize) {
        let how = How::call("down_write_nest_lock()").nest_lock(nest_lock);
        let _ = self.write_at(how, &OPS, Place::caller());
    }

    /// Writes if nobody holds it or waits; whether it does now.
    ///
    /// Context: task; does not sleep.
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn down_write_trylock(&self) -> bool {
        self.try_write_at(Place::caller())
    }

    /// Writes no more. The running task must be the writer. Never sleeps.
    #[track_caller]
    #[inline]
    pub fn up_write(&self) {
        self.end_write_at("up_write()", &OPS, Place::caller());
    }

    /// The writer becomes a reader: other readers may come, and no writer was in between. Never sleeps.
    #[doc(alias = "downgrade_writer")]
    #[track_caller]
    #[inline]
    pub fn downgrade_write(&self) {
        self.downgrade_at(Place::caller());
    }

    #[inline(always)]
    pub(crate) fn write_at(&self, how: How, ops: &Ops, place: Place) -> Result<(), Interrupted> {
        how.may_sleep(place);
        tell(|| how.event(self.event(true, LockUse::Write, place)));
        if model().is_some() || self.word().compare_exchange(0, WRITER, Acquire, Relaxed).is_err() {
            self.write_slowly(how, ops, place)?;
        }
        self.owns(place);
        Ok(())
    }

    #[inline(always)]
    pub(super) fn owns(&self, place: Place) {
        // Often it was the same one last time, and a load costs less than one more store for the next exchange to wait for.
        let me = running();
        if self.owner.load(Relaxed) != me {
            self.owner.store(me, Relaxed);
        }
        if self.held_at.load(Relaxed) != place.as_ptr() {
            self.held_at.store(place.as_ptr(), Relaxed);
        }
    }

    /// Whether the running task writes, or wrote last and the next one has not written itself down yet.
    pub(super) fn is_ours(&self) -> bool {
        self.owner.load(Relaxed) == running() && self.word().load(Relaxed) & WRITER != 0
    }

    #[inline(never)]
    pub(super) fn write_slowly(&self, how: How, ops: &Ops, place: Place) -> Result<(), Interrupted> {
        let taken = if model().is_none() {
            self.write_on_host(how, place)
        } else if fine() {
            self.write_finely(how, place)
        } else {
            self.write_coarsely(how, ops, place)
        };
        match taken {
            Ok(()) => self.told(true, place),
            Err(_) => tell(|| self.event(false, LockUse::Write, place)),
        }
        taken
    }

    pub(super) fn write_coarsely(&self, how: How, ops: &Ops, place: Place) -> Result<(), Interrupted> {
        step(&self.coarse_step(ops.write, place));
        if update(self.word(), Acquire, the_writer) {
            self.orders(true, false);
            if ops.apart {
                self.orders_apart(true, false);
            }
            return Ok(());
        }
        self.word().fetch_add(WAITING, Relaxed);
        self.queue.word().fetch_add(1, Relaxed);
        let waits = self.coarse_step(ops.wait_to_write, place);
        let wait = self.wait(waits, how).arg(WRITER | READERS);
        let taken = self.word.wait::<Without>(&wait, || {
            update(self.word(), Acquire, |word| the_writer(word).map(|next| next - WAITING))
        });
        if taken.is_err() {
            step(&self.coarse_step(ops.write, place));
            self.word().fetch_sub(WAITING, Relaxed);
        } else if ops.apart {
            self.orders_apart(true, false);
        }
        self.queue.word().fetch_sub(1, Relaxed);
        untimed(taken)
    }

    pub(super) fn write_finely(&self, how: How, place: Place) -> Result<(), Interrupted> {
        step(&self.announcement(Op::Cmpxchg, Mode::Rmw, place));
        if self.word().compare_exchange(0, WRITER, Acquire, Relaxed).is_ok() {
            self.orders(true, false);
            return Ok(());
        }
        self.take_in_queue(how, WRITER | READERS, the_writer, place)
    }

    pub(super) fn write_on_host(&self, how: How, place: Place) -> Result<(), Interrupted> {
        if self.take_spinning(the_writer) {
            return Ok(());
        }
        self.look_for_owner_here(place);
        self.take_in_queue(how, WRITER | READERS, the_writer, place)
    }

    /// Finding `self-deadlock` if the running task writes already. After a while: the next writer writes itself down only when
    /// it holds the word.
    pub(super) fn look_for_owner_here(&self, place: Place) {
        let Some(m) = host() else { return };
        let start = m.now_ns();
        while self.is_ours() && !panicking() {
            if m.now_ns() - start > TOLD_AFTER_NS {
                let text = format_args!("the task writes `{}`, which it writes already", self.called());
                return violation("self-deadlock", place, place_of(&self.held_at), text);
            }
            m.relax(place);
        }
    }

    #[inline]
    pub(super) fn try_write_at(&self, place: Place) -> bool {
        assert_task("down_write_trylock()", "writers of rwsems", place);
        if model().is_some() {
            let op = if fine() { Op::Cmpxchg } else { Op::DownWriteTrylock };
            step(&self.announcement(op, Mode::Rmw, place));
        }
        let taken = self.word().compare_exchange(0, WRITER, Acquire, Relaxed).is_ok();
        if taken {
            self.owns(place);
            self.tried(LockUse::Write, place);
        }
        taken
    }

    #[inline(always)]
    pub(crate) fn end_write_at(&self, call: &str, ops: &Ops, place: Place) {
        tell(|| self.event(false, LockUse::Write, place));
        if model().is_some() {
            self.announce(ops.end_write, false, place);
        }
        if self.owner.load(Relaxed) != running() {
            return self.not_writing(call, place);
        }
        if model().is_some() && self.is_ours() {
            self.told(false, place);
        }
        let before = self.word().fetch_sub(WRITER, Release);
        if before & (WRITER | ALL_WAITING) != WRITER {
            self.written_beside(before, WRITER, call, place);
        }
        self.returns(ops.write_returns, place);
    }

    #[inline(always)]
    pub(super) fn downgrade_at(&self, place: Place) {
        // To a validator it is a reader from now on.
        tell(|| self.event(false, LockUse::Write, place));
        tell(|| self.event(true, LockUse::Read, place).tried());
        if model().is_some() {
            self.announce(Op::DowngradeWrite, false, place);
        }
        if self.owner.load(Relaxed) != running() {
            return self.not_writing("downgrade_write()", place);
        }
        // Pairs with readers and writers alike.
        let before = self.word().fetch_add(READER - WRITER, Release);
        if before & (WRITER | ALL_WAITING) != WRITER {
            self.written_beside(before, WRITER.wrapping_sub(READER), "downgrade_write()", place);
        }
    }

    /// What to do behind a release that was not of a writer alone: `taken` is what it took from the word.
    #[cold]
    #[inline(never)]
    pub(super) fn written_beside(&self, before: u32, taken: u32, call: &str, place: Place) {
        if before & WRITER != 0 {
            return self.notify();
        }
        self.word().fetch_add(taken, Relaxed);
        self.not_writing(call, place);
    }

    #[cold]
    #[inline(never)]
    pub(super) fn not_writing(&self, call: &str, place: Place) {
        let (code, name) = ("unlock-by-other", self.called());
        if self.word().load(Relaxed) & WRITER == 0 {
            violation(code, place, self.class(), format_args!("{call} of `{name}`, but nobody writes"));
        } else {
            let by = try_current().map_or("nobody", |task| task.name());
            let text = format_args!("{call} of `{name}` by task {by}, but another one took it");
            violation(code, place, place_of(&self.held_at), text);
        }
    }
}
