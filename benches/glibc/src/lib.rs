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

/// A `pthread_mutex_t` with `PTHREAD_PRIO_INHERIT`, around a value. It stays where it was made.
pub struct PiMutex<T>(Box<(UnsafeCell<libc::pthread_mutex_t>, UnsafeCell<T>)>);

// SAFETY: the mutex is used by glibc's functions only, which are made for threads; the value with it locked.
unsafe impl<T: Send> Sync for PiMutex<T> {}
// SAFETY: as above; both lie in a box, so they keep their addresses.
unsafe impl<T: Send> Send for PiMutex<T> {}

impl<T> PiMutex<T> {
    /// A free one.
    ///
    /// # Panics
    /// When the system has none with priority inheritance.
    #[must_use]
    pub fn new(value: T) -> Self {
        let both = Box::new((UnsafeCell::new(libc::PTHREAD_MUTEX_INITIALIZER), UnsafeCell::new(value)));
        // SAFETY: all zeroes is a valid value of these bytes, and they are initialised before they are used.
        unsafe {
            let mut how = std::mem::zeroed();
            assert_eq!(libc::pthread_mutexattr_init(&raw mut how), 0, "attributes");
            let protocol = libc::pthread_mutexattr_setprotocol(&raw mut how, libc::PTHREAD_PRIO_INHERIT);
            assert_eq!(protocol, 0, "priority inheritance");
            assert_eq!(libc::pthread_mutex_init(both.0.get(), &raw const how), 0, "a mutex");
            libc::pthread_mutexattr_destroy(&raw mut how);
        }
        Self(both)
    }

    /// Runs `f` with it locked.
    ///
    /// # Panics
    /// When it cannot be locked.
    pub fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: initialised, alive.
        assert_eq!(unsafe { libc::pthread_mutex_lock(self.0.0.get()) }, 0, "locked");
        // SAFETY: this thread has the mutex. One that locks it again waits for ever, and gets no second reference.
        let result = f(unsafe { &mut *self.0.1.get() });
        // SAFETY: as above.
        unsafe { libc::pthread_mutex_unlock(self.0.0.get()) };
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    #[test]
    fn sections_exclude_each_other() {
        let (sem, mutex, count) = (Semaphore::new(1), PiMutex::new(0), AtomicU32::new(0));
        let add = || count.store(count.load(Relaxed) + 1, Relaxed);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..10_000 {
                        sem.wait();
                        add();
                        sem.post();
                        mutex.with(|count| *count += 1);
                    }
                });
            }
        });
        assert_eq!((count.into_inner(), mutex.with(|count| *count)), (20_000, 20_000));
    }
}
