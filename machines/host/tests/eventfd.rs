//! Lines that file descriptors raise.

use ringzero_host::signal::eventfd::bind;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};

static RAISED: Mutex<Option<Sender<u32>>> = Mutex::new(None);
static ALONE: Mutex<()> = Mutex::new(());

fn raise(irq: u32) {
    let raised = RAISED.lock().unwrap();
    raised.as_ref().unwrap().send(irq).unwrap();
}

/// What is raised from here on; the tests of this file come one after the other.
fn start() -> (MutexGuard<'static, ()>, Receiver<u32>) {
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (to, from) = channel();
    *RAISED.lock().unwrap() = Some(to);
    (alone, from)
}

fn eventfd() -> (File, OwnedFd) {
    // SAFETY: no pointers; the result is ours.
    let fd = unsafe { OwnedFd::from_raw_fd(libc::eventfd(0, libc::EFD_CLOEXEC)) };
    (File::from(fd.try_clone().unwrap()), fd)
}

fn signal(mut fd: &File, n: u64) {
    fd.write_all(&n.to_ne_bytes()).unwrap();
}

/// How many threads serve file descriptors.
fn threads() -> usize {
    let names = std::fs::read_dir("/proc/self/task").unwrap().map(|t| t.unwrap().path().join("comm"));
    names.filter(|n| std::fs::read_to_string(n).is_ok_and(|n| n.trim() == "ringzero-eventf")).count()
}

#[test]
fn an_eventfd_raises_its_line() {
    let (_alone, raised) = start();
    let ((a, a_fd), (b, b_fd)) = (eventfd(), eventfd());
    let (bound_a, bound_b) = (bind(5, a_fd, raise).unwrap(), bind(6, b_fd, raise).unwrap());
    signal(&a, 1);
    assert_eq!(raised.recv(), Ok(5));
    signal(&b, 40);
    assert_eq!(raised.recv(), Ok(6));
    assert_eq!((bound_a.raised(), bound_a.coalesced(), bound_b.raised(), bound_b.coalesced()), (1, 0, 1, 39));
    assert_eq!(threads(), 1);
    drop(bound_a);
    // The thread has served what comes after, and found nothing in the first.
    signal(&a, 1);
    signal(&b, 1);
    assert_eq!(raised.recv(), Ok(6));
    drop(bound_b);
    assert_eq!(threads(), 0);
    assert!(raised.try_recv().is_err());
    let mut left = [0; 8];
    (&a).read_exact(&mut left).unwrap();
    assert_eq!(u64::from_ne_bytes(left), 1);
}

#[test]
fn a_timerfd_raises_its_line() {
    let (_alone, raised) = start();
    let period = libc::timespec { tv_sec: 0, tv_nsec: 1_000_000 };
    let spec = libc::itimerspec { it_interval: period, it_value: period };
    // SAFETY: a valid value; the result is ours.
    let fd = unsafe {
        let fd = OwnedFd::from_raw_fd(libc::timerfd_create(libc::CLOCK_MONOTONIC, libc::TFD_CLOEXEC));
        assert_eq!(libc::timerfd_settime(fd.as_raw_fd(), 0, &raw const spec, std::ptr::null_mut()), 0);
        fd
    };
    let bound = bind(9, fd, raise).unwrap();
    for _ in 0..3 {
        assert_eq!(raised.recv(), Ok(9));
    }
    assert!(bound.error().is_none() && bound.raised() >= 3);
}

#[test]
fn other_files_are_refused() {
    let (_alone, _raised) = start();
    let error = bind(1, File::open("/dev/null").unwrap().into(), raise).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(error.to_string(), "a line is raised by an eventfd or timerfd, not by /dev/null");
    assert_eq!(threads(), 0);
}

#[test]
fn bindings_come_and_go() {
    let (_alone, raised) = start();
    for irq in 0..200 {
        let (file, fd) = eventfd();
        let bound = bind(irq, fd, raise).unwrap();
        signal(&file, 1);
        assert_eq!(raised.recv(), Ok(irq));
        drop(bound);
    }
    assert_eq!(threads(), 0);
}
