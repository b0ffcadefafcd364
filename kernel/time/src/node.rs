//! What the system knows of timers, and how it finds it.
//!
//! A timer's memory may be gone without a word, so what is linked is the system's own note of it, a [`Node`], found by the
//! timer's address. On the model a node lasts as long as the execution. On the host it lasts as long as its timer is
//! pending or running, and the nodes are in a hash table, whose **buckets** have a lock each.

use crate::base::TimerBase;
use crate::timer::Timer;
use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};
use ringzero_machine::{KBox, Place, StepLock, Within, host, machine, machine_local, model};

pub(crate) type Link = Option<&'static Node>;

/// What the system knows of a timer. `timer`, `rest` and `cpu` change with the bucket's lock held, the others with the
/// base's (crate invariant 1).
pub(crate) struct Node {
    timer: Cell<*const Timer>,
    /// The next one of its bucket.
    rest: Cell<Link>,
    /// Where it is in its base's heap: the first of those below it, the next of those beside it, the one before it or
    /// above it.
    pub(crate) child: Cell<Link>,
    pub(crate) next: Cell<Link>,
    pub(crate) back: Cell<Link>,
    /// When it is due: `expires`, but not before its base's next turn. The key of the heap.
    pub(crate) due: Cell<u64>,
    /// Where the timer was made.
    pub(crate) class: Cell<Place>,
    /// Which one of its base's armings it was.
    pub(crate) armed: Cell<u32>,
    /// How often it expired in this execution of the model.
    pub(crate) fired: Cell<u16>,
    /// The CPU whose base it is or was last on.
    cpu: Cell<u8>,
    /// [`PENDING`], [`RUNNING`], [`ENDS_SLEEP`], [`IRQSAFE`].
    flags: Cell<u8>,
}

const _: () = assert!(size_of::<Node>() == 64, "a node fits a cache line, and the model's memory stays as it is");

/// In its base's heap.
pub(crate) const PENDING: u8 = 1;
/// Its callback runs on its base's CPU. Kept on the host only: the model asks the running word.
pub(crate) const RUNNING: u8 = 2;
pub(crate) const ENDS_SLEEP: u8 = 4;
pub(crate) const IRQSAFE: u8 = 8;

impl Node {
    pub(crate) const fn new(timer: *const Timer) -> Self {
        Self {
            timer: Cell::new(timer),
            rest: Cell::new(None),
            child: Cell::new(None),
            next: Cell::new(None),
            back: Cell::new(None),
            due: Cell::new(0),
            class: Cell::new(Place::here()),
            armed: Cell::new(0),
            fired: Cell::new(0),
            cpu: Cell::new(0),
            flags: Cell::new(0),
        }
    }

    /// What stands for the timer in its base's running word on the model: not 0, and different for timers that live at
    /// once within the same 32 GB.
    pub(crate) fn tag(&self) -> u32 {
        let addr = ptr::from_ref(self).addr();
        // It is read as a value, so it must not change from process to process.
        let settled = machine().map_or(addr as u64, |m| m.settled_address(addr));
        ((settled >> 3) as u32).max(1)
    }

    /// The timer, whose memory may be gone.
    pub(crate) const fn timer(&self) -> *const Timer {
        self.timer.get()
    }

    pub(crate) fn cpu(&self) -> u32 {
        self.cpu.get().into()
    }

    pub(crate) fn set_cpu(&self, cpu: u32) {
        self.cpu.set(u8::try_from(cpu).expect("timers are on CPUs that can be booted"));
    }

    pub(crate) fn base(&self) -> &'static TimerBase {
        TimerBase::of(self.cpu())
    }

    pub(crate) fn is(&self, flag: u8) -> bool {
        self.flags.get() & flag != 0
    }

    pub(crate) fn put(&self, flag: u8, on: bool) {
        let others = self.flags.get() & !flag;
        self.flags.set(if on { others | flag } else { others });
    }
}

/// How many buckets there are on the host.
const BUCKETS: usize = 1024;

/// Some timers' nodes.
pub(crate) struct Bucket {
    lock: StepLock,
    first: Cell<Link>,
    /// A node that nobody uses, kept for the next timer. Host only.
    spare: Cell<Link>,
}

machine_local! {
    /// The only bucket, while there is no table. Its lock stands for the heaps of all bases in the model's steps.
    static ALL: Bucket = Bucket::new();
    /// The table: null but on the host.
    static TABLE: AtomicPtr<[Bucket; BUCKETS]> = AtomicPtr::new(ptr::null_mut());
}

/// Makes the table, on the host. Before any timer is armed.
pub(crate) fn init() {
    if model().is_none() && host().is_some() && TABLE.load(Ordering::Relaxed).is_null() {
        let table = KBox::new([const { Bucket::new() }; BUCKETS]);
        TABLE.store(table.as_ptr(), Ordering::Release);
    }
}

/// The object that every operation on timers touches (crate invariant 1).
pub(crate) fn conflicts() -> usize {
    ALL.get().lock.address()
}

/// A bucket whose lock is held.
pub(crate) struct Held {
    bucket: &'static Bucket,
    _within: Within<'static>,
}

impl Bucket {
    const fn new() -> Self {
        Self { lock: StepLock::new(), first: Cell::new(None), spare: Cell::new(None) }
    }

    /// The bucket of the timer at this address.
    fn of(timer: *const Timer) -> &'static Self {
        if model().is_some() {
            return ALL.get();
        }
        // SAFETY: null, or the table, which is never freed.
        match unsafe { TABLE.load(Ordering::Acquire).as_ref() } {
            Some(table) => {
                let hash = (timer.addr() as u64 >> 3).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                &table[(hash >> 40) as usize % BUCKETS]
            }
            None => ALL.get(),
        }
    }

    /// The bucket of a timer, in the step that was announced last.
    pub(crate) fn hold(timer: *const Timer) -> Held {
        let bucket = Self::of(timer);
        Held { bucket, _within: bucket.lock.lock() }
    }

    /// [`Bucket::hold`], with a node for the timer should it have none.
    pub(crate) fn hold_to_arm(timer: *const Timer) -> Held {
        loop {
            let held = Self::hold(timer);
            if model().is_some() || held.bucket.spare.get().is_some() || held.known(timer).is_some() {
                return held;
            }
            // Memory is not asked for with a lock held.
            drop(held);
            let spare = KBox::new(Node::new(ptr::null())).leak();
            Self::hold(timer).keep(spare);
        }
    }
}

impl Held {
    /// What is known of the timer at this address: on the model if it was ever armed, on the host if it is pending or
    /// running.
    pub(crate) fn known(&self, timer: *const Timer) -> Link {
        core::iter::successors(self.bucket.first.get(), |n| n.rest.get()).find(|n| ptr::eq(n.timer.get(), timer))
    }

    /// A node for the timer, of which nothing is known; after [`Bucket::hold_to_arm`].
    pub(crate) fn make(&self, timer: *const Timer) -> &'static Node {
        let node = match self.bucket.spare.take() {
            Some(spare) => {
                spare.timer.set(timer);
                spare
            }
            None => KBox::new(Node::new(timer)).leak(),
        };
        node.rest.set(self.bucket.first.replace(Some(node)));
        node
    }

    /// Ends what was begun with [`Bucket::hold`]: a node that is `idle`, neither pending nor running, is forgotten. Not on
    /// the model, which counts how often a timer expires.
    pub(crate) fn settle(self, node: &'static Node, idle: bool) {
        if !idle || model().is_some() {
            return;
        }
        let mut link = &self.bucket.first;
        while let Some(n) = link.get() {
            if ptr::eq(n, node) {
                link.set(n.rest.take());
                node.timer.set(ptr::null());
                return self.keep(node);
            }
            link = &n.rest;
        }
    }

    /// Keeps a node for the bucket's next timer, or gives it back.
    fn keep(self, node: &'static Node) {
        if self.bucket.spare.get().is_none() {
            self.bucket.spare.set(Some(node));
            return;
        }
        drop(self);
        // SAFETY: made by `KBox`, and on no list any more.
        unsafe { KBox::dispose(node) };
    }
}

/// Whether the timer at this address is pending, as the system knows it.
pub(crate) fn known_as_pending(timer: *const Timer) -> bool {
    let held = Bucket::hold(timer);
    held.known(timer).is_some_and(|node| {
        let _in = node.base().hold();
        node.is(PENDING)
    })
}
