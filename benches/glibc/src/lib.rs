//! Peers that only glibc has: a counting semaphore, and a mutex whose owner inherits priorities.

use std::cell::UnsafeCell;

/// A semaphore (`sem_t`). It stays where it was made.
pub struct Semaphore(Box<UnsafeCell<libc::sem_t>>);

// SAFETY: what threads share is used by glibc's functions only, which are made for it.
unsafe impl Sync for Semaphore {}
// SAFETY: as above; it lies in a box, so it keeps its address.
unsafe impl Send for Semaphore {}

impl Semaphore {
    /// A semaphore with that count.
    ///
    /// # Panics
    /// When the count is greater than `SEM_VALUE_MAX`.
    #[must_use]
    pub fn new(count: u32) -> Self {
        // SAFETY: all zeroes is a valid value of these bytes.
        let sem = Box::new(UnsafeCell::new(unsafe { std::mem::zeroed() }));
        // SAFETY: memory for a semaphore, which nobody uses yet.
        assert_eq!(unsafe { libc::sem_init(sem.get(), 0, count) }, 0, "a semaphore");
        Self(sem)
    }

    /// `sem_wait`.
    pub fn wait(&self) {
        // SAFETY: initialised, alive. A signal ends the wait early.
        while unsafe { libc::sem_wait(self.0.get()) } != 0 {}
    }

    /// `sem_post`.
    pub fn post(&self) {
        // SAFETY: initialised, alive.
        unsafe { libc::sem_post(self.0.get()) };
    }
}

/// A `pthread_mutex_t` with `PTHREAD_PRIO_INHERIT`. It stays where it was made.
pub struct PiMutex(Box<UnsafeCell<libc::pthread_mutex_t>>);

// SAFETY: as for the semaphore.
unsafe impl Sync for PiMutex {}
// SAFETY: as above.
unsafe impl Send for PiMutex {}

impl Default for PiMutex {
    fn default() -> Self {
        Self::new()
    }
}

impl PiMutex {
    /// A free one.
    ///
    /// # Panics
    /// When the system has none with priority inheritance.
    #[must_use]
    pub fn new() -> Self {
        let mutex = Box::new(UnsafeCell::new(libc::PTHREAD_MUTEX_INITIALIZER));
        // SAFETY: all zeroes is a valid value of these bytes, and they are initialised before they are used.
        unsafe {
            let mut how = std::mem::zeroed();
            assert_eq!(libc::pthread_mutexattr_init(&raw mut how), 0, "attributes");
            let protocol = libc::pthread_mutexattr_setprotocol(&raw mut how, libc::PTHREAD_PRIO_INHERIT);
            assert_eq!(protocol, 0, "priority inheritance");
            assert_eq!(libc::pthread_mutex_init(mutex.get(), &raw const how), 0, "a mutex");
            libc::pthread_mutexattr_destroy(&raw mut how);
        }
        Self(mutex)
    }

    /// Runs `f` with it locked.
    ///
    /// # Panics
    /// When it cannot be locked: by a thread that has it.
    pub fn with<R>(&self, f: impl FnOnce() -> R) -> R {
        // SAFETY: initialised, alive.
        assert_eq!(unsafe { libc::pthread_mutex_lock(self.0.get()) }, 0, "locked");
        let result = f();
        // SAFETY: this thread has it.
        unsafe { libc::pthread_mutex_unlock(self.0.get()) };
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    #[test]
    fn sections_exclude_each_other() {
        let (sem, mutex, counts) = (Semaphore::new(1), PiMutex::new(), [const { AtomicU32::new(0) }; 2]);
        let add = |n: usize| counts[n].store(counts[n].load(Relaxed) + 1, Relaxed);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..10_000 {
                        sem.wait();
                        add(0);
                        sem.post();
                        mutex.with(|| add(1));
                    }
                });
            }
        });
        assert_eq!(counts.map(|c| c.into_inner()), [20_000; 2]);
    }
}
