//! What claims about held locks ask of these (see `ringzero_spinning::lockdep`).

use crate::local_lock::{LocalLock, RawLocalLock};
use crate::mutex::Mutex;
use crate::percpu_rwsem::PercpuRwSemaphore;
use crate::percpu_rwsem_raw::RawPercpuRwSemaphore;
use crate::raw::RawMutex;
use crate::rt_mutex::RtMutex;
use crate::rt_raw::RawRtMutex;
use crate::rwsem::RwSemaphore;
use crate::rwsem_raw::RawRwSemaphore;
use crate::ww_mutex::WwMutex;
use crate::ww_raw::RawWwMutex;
use ringzero_machine::Place;
use ringzero_spinning::WriterLock;
use ringzero_spinning::lockdep::{Held, HeldLock};

/// Of a lock that one alone holds.
fn alone(held: bool) -> Held {
    if held { Held::Write } else { Held::No }
}

macro_rules! locks {
    ($($lock:ident: |$this:ident| $held:expr;)*) => {$(
        impl HeldLock for $lock {
            fn held(&self) -> Held {
                let $this = self;
                $held
            }
            fn called(&self) -> &'static str {
                self.called()
            }
            fn made_at(&self) -> Option<Place> {
                self.class()
            }
        }
    )*};
}
locks! {
    RawMutex: |this| alone(this.is_ours());
    RawRwSemaphore: |this| this.held_by_us();
    RawPercpuRwSemaphore: |this| this.held_by_us();
    RawWwMutex: |this| alone(this.is_ours());
    RawRtMutex: |this| alone(this.is_ours());
    RawLocalLock: |this| alone(this.is_ours());
}

macro_rules! with_data {
    ($($lock:ident $(: $bound:ident)?;)*) => {$(
        impl<T $(: ?$bound)?> HeldLock for $lock<T> {
            fn held(&self) -> Held {
                self.as_raw().held()
            }
            fn called(&self) -> &'static str {
                self.as_raw().called()
            }
            fn made_at(&self) -> Option<Place> {
                self.as_raw().class()
            }
        }
    )*};
}
with_data! {
    Mutex: Sized;
    RwSemaphore: Sized;
    PercpuRwSemaphore: Sized;
    WwMutex: Sized;
    RtMutex: Sized;
    LocalLock;
}

impl WriterLock for RawMutex {
    const PREEMPTIBLE: bool = true;
    fn is_held_to_write(&self) -> bool {
        self.is_ours()
    }
}

impl<T: ?Sized> WriterLock for Mutex<T> {
    const PREEMPTIBLE: bool = true;
    fn is_held_to_write(&self) -> bool {
        self.as_raw().is_ours()
    }
}

impl WriterLock for RawWwMutex {
    const PREEMPTIBLE: bool = true;
    fn is_held_to_write(&self) -> bool {
        self.is_ours()
    }
}
