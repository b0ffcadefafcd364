//! Interrupt lines that file descriptors raise: an eventfd or timerfd that becomes readable.
//!
//! One thread serves all bindings of the process. It starts with the first and has ended when the last is dropped.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// What a binding has done.
#[derive(Debug, Default)]
struct Done {
    raised: AtomicU64,
    coalesced: AtomicU64,
    /// The error that ended it; 0 if none has.
    error: AtomicU64,
}

/// A file descriptor that raises a line.
struct Source {
    irq: u32,
    file: File,
    raise: fn(u32),
    done: Arc<Done>,
}

/// What the thread and the bindings share.
struct Shared {
    epoll: OwnedFd,
    /// Written when the thread is to end. It is number 0 in `epoll`.
    end: OwnedFd,
    /// The bindings by number. Held while a line is raised, so that none is once its binding is dropped.
    sources: Mutex<HashMap<u64, Source>>,
}

/// The thread.
struct Server {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
    next: u64,
}

static SERVER: Mutex<Option<Server>> = Mutex::new(None);

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn checked(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// While it lives, its file descriptor raises its line.
///
/// ```
/// use ringzero::host::{Binding, bind};
/// use ringzero::irq::{IrqFlags, IrqReturn, free_irq, request_irq, set_software_only};
/// use ringzero::{Machine, completion::Completion};
/// use std::{fs::File, io::Write, os::fd::{FromRawFd, OwnedFd}};
/// ringzero::global! { static RANG: Completion = Completion::new(); }
/// // SAFETY: a new file descriptor, which nobody else has.
/// let mut bell = unsafe { File::from_raw_fd(libc::eventfd(0, 0)) };
/// let fd = OwnedFd::from(bell.try_clone().unwrap());
/// let init = move || {
///     set_software_only(6);
///     request_irq(6, IrqFlags::NONE, "bell", |_irq| { RANG.complete(); IrqReturn::Handled }).unwrap();
///     let bound: Binding = bind(6, fd).unwrap();
///     bell.write_all(&1_u64.to_ne_bytes()).unwrap();
///     RANG.wait_for_completion();
///     drop(bound);
///     free_irq(6, 0);
/// };
/// Machine::host().boot(init).assert_clean();
/// ```
#[derive(Debug)]
#[must_use = "the line is bound as long as this lives"]
pub struct Binding {
    number: u64,
    done: Arc<Done>,
}

/// Lets `fd`, an eventfd or timerfd, raise line `irq` by `raise` whenever it has counted something, and resets its count.
/// Reading is made non-blocking, for all who share the file descriptor. `raise` is called by a thread of this module; it
/// neither binds nor unbinds.
///
/// # Errors
/// `fd` is something else, or the system refuses.
pub fn bind(irq: u32, fd: OwnedFd, raise: fn(u32)) -> io::Result<Binding> {
    check_kind(&fd)?;
    let raw = fd.as_raw_fd();
    // SAFETY: a live file descriptor, no pointers.
    unsafe {
        let flags = checked(libc::fcntl(raw, libc::F_GETFL))?;
        checked(libc::fcntl(raw, libc::F_SETFL, flags | libc::O_NONBLOCK))?;
    }
    let mut server = locked(&SERVER);
    let running = match &mut *server {
        Some(running) => running,
        none => none.insert(Server::start()?),
    };
    let number = running.next;
    running.next += 1;
    let done = Arc::new(Done::default());
    let source = Source { irq, file: File::from(fd), raise, done: done.clone() };
    let added = {
        let mut sources = locked(&running.shared.sources);
        // Known before it is waited for.
        sources.insert(number, source);
        watch(&running.shared.epoll, raw, number).inspect_err(|_| drop(sources.remove(&number)))
    };
    if let Err(error) = added {
        Server::end_if_idle(server);
        return Err(error);
    }
    Ok(Binding { number, done })
}

/// Refuses what is not an eventfd or timerfd, as far as the system can tell.
fn check_kind(fd: &OwnedFd) -> io::Result<()> {
    let Ok(name) = std::fs::read_link(format!("/proc/self/fd/{}", fd.as_raw_fd())) else { return Ok(()) };
    let name = name.to_string_lossy();
    if ["anon_inode:[eventfd]", "anon_inode:[timerfd]"].contains(&&*name) {
        return Ok(());
    }
    Err(io::Error::new(ErrorKind::InvalidInput, format!("a line is raised by an eventfd or timerfd, not by {name}")))
}

fn watch(epoll: &OwnedFd, fd: libc::c_int, number: u64) -> io::Result<()> {
    let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: number };
    // SAFETY: live file descriptors and a valid event.
    checked(unsafe { libc::epoll_ctl(epoll.as_raw_fd(), libc::EPOLL_CTL_ADD, fd, &raw mut event) }).map(drop)
}

fn unwatch(epoll: &OwnedFd, fd: libc::c_int) {
    // SAFETY: live file descriptors. That it is not watched any more is no error here.
    unsafe { libc::epoll_ctl(epoll.as_raw_fd(), libc::EPOLL_CTL_DEL, fd, std::ptr::null_mut()) };
}

impl Binding {
    /// How often it has raised its line.
    #[must_use]
    pub fn raised(&self) -> u64 {
        self.done.raised.load(Acquire)
    }

    /// How many further events came together with those.
    #[must_use]
    pub fn coalesced(&self) -> u64 {
        self.done.coalesced.load(Acquire)
    }

    /// The error of reading that has ended it, if one has.
    #[must_use]
    pub fn error(&self) -> Option<io::Error> {
        match self.done.error.load(Acquire) {
            0 => None,
            code => Some(io::Error::from_raw_os_error(code as i32)),
        }
    }
}

impl Drop for Binding {
    /// The line is not raised any more when this returns; nor does the thread run, if this was the last.
    fn drop(&mut self) {
        let server = locked(&SERVER);
        let Some(running) = server.as_ref() else { return };
        let mut sources = locked(&running.shared.sources);
        if let Some(source) = sources.remove(&self.number) {
            unwatch(&running.shared.epoll, source.file.as_raw_fd());
        }
        drop(sources);
        Server::end_if_idle(server);
    }
}

impl Server {
    fn start() -> io::Result<Self> {
        // SAFETY: no pointers; what they return is ours.
        let (epoll, end) = unsafe {
            let epoll = OwnedFd::from_raw_fd(checked(libc::epoll_create1(libc::EPOLL_CLOEXEC))?);
            (epoll, OwnedFd::from_raw_fd(checked(libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK))?))
        };
        watch(&epoll, end.as_raw_fd(), 0)?;
        let shared = Arc::new(Shared { epoll, end, sources: Mutex::default() });
        let its = shared.clone();
        let thread = std::thread::Builder::new().name("ringzero-eventfd".into()).spawn(move || serve(&its))?;
        Ok(Self { shared, thread, next: 1 })
    }

    /// Ends the thread and waits for it, if nothing is bound any more.
    fn end_if_idle(mut server: MutexGuard<'_, Option<Self>>) {
        let idle = server.as_ref().is_some_and(|s| locked(&s.shared.sources).is_empty());
        let Some(ended) = server.take_if(|_| idle) else { return };
        // Who binds from here on starts another.
        drop(server);
        let one = 1u64.to_ne_bytes();
        // SAFETY: a live eventfd, and eight bytes. It was 0, so this does not fail.
        unsafe { libc::write(ended.shared.end.as_raw_fd(), one.as_ptr().cast(), one.len()) };
        // A panic of the thread was told when it happened.
        let _ = ended.thread.join();
    }
}

/// The thread.
fn serve(shared: &Shared) {
    let mut events = [libc::epoll_event { events: 0, u64: 0 }; 32];
    loop {
        // SAFETY: room for as many events as it is told.
        let n =
            unsafe { libc::epoll_wait(shared.epoll.as_raw_fd(), events.as_mut_ptr(), events.len() as libc::c_int, -1) };
        // Negative: a signal came.
        for event in &events[..usize::try_from(n).unwrap_or(0)] {
            let number = event.u64;
            if number == 0 {
                return;
            }
            let mut sources = locked(&shared.sources);
            if let Some(source) = sources.get_mut(&number) {
                source.serve(&shared.epoll);
            }
        }
    }
}

impl Source {
    /// Takes what it has counted, and raises the line.
    fn serve(&mut self, epoll: &OwnedFd) {
        let mut counted = [0; 8];
        let error = match self.file.read(&mut counted) {
            Ok(8) => {
                let further = u64::from_ne_bytes(counted).saturating_sub(1);
                self.done.coalesced.fetch_add(further, Relaxed);
                self.done.raised.fetch_add(1, Release);
                return (self.raise)(self.irq);
            }
            // It was read by somebody else, or the clock that it counts on was set.
            Err(e) if [libc::EAGAIN, libc::EINTR, libc::ECANCELED].contains(&e.raw_os_error().unwrap_or(0)) => return,
            Err(e) => e.raw_os_error().unwrap_or(libc::EIO),
            Ok(_) => libc::EIO,
        };
        unwatch(epoll, self.file.as_raw_fd());
        self.done.error.store(error as u64, Release);
    }
}
